/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `relevo repair` needs of Postgres besides taking a lane, loading and committing (store.h). The lane's
 * row says that a repair is at work (repair_from) from the first write to the last: in between no consumer
 * takes the lane, and a repair that was cut goes on where it stopped.
 */
#ifndef RLV_STORE_REPAIR_H
#define RLV_STORE_REPAIR_H

#include "store/store.h"

/* A lane as it is stored; read without a lock. */
typedef struct rlv_repair_lane {
    bool exists; /* else what follows is what a new lane has */
    int64_t seq, published;
    int32_t partitions;           /* that it was made with; 0: not made yet */
    char kafka_cluster[64];       /* likewise */
    int64_t began;                /* a repair was begun at this sequence and not finished; -1: none */
    int64_t lane_ms;              /* lane time of the last event; 0: none */
    int64_t next[RLV_INPUTS_MAX]; /* of the topics asked for; -1: never read */
} rlv_repair_lane;

RLV_MUST_CHECK int rlv_repair_look(rlv_store *store, int32_t lane, const char *const *topics, size_t n_topics,
                                   rlv_repair_lane *ret, rlv_error *err);
/* The last sequence up to `seq` of whose event a decision was published, by the history: dead letters have
   none. 0: none. */
RLV_MUST_CHECK int rlv_repair_last_decided(rlv_store *store, int32_t lane, int64_t seq, int64_t *ret,
                                           rlv_error *err);

/* How many of the events after `after` up to `until` the history holds. */
RLV_MUST_CHECK int rlv_repair_count(rlv_store *store, int32_t lane, int64_t after, int64_t until,
                                    int64_t *ret, rlv_error *err);

/* Takes the lane as rlv_store_assign does, and marks that a repair is at work since sequence `from`. The
   topics of *ret must outlive it. */
RLV_MUST_CHECK int rlv_repair_begin(rlv_store *store, int32_t lane, int32_t partitions,
                                    const char *kafka_cluster, const char *const *topics, size_t n_topics,
                                    int64_t from, rlv_lane_row *ret, rlv_error *err);

/* Which of n events, seqs[i] about conversation ids[i], are of customers who were erased afterwards: nothing of them may come
   back. */
RLV_MUST_CHECK int rlv_repair_erased(rlv_store *store, const rlv_id *ids, const int64_t *seqs, size_t n, bool *ret,
                                     rlv_error *err);

/* What the topics tell of one of a customer's identities. */
typedef struct rlv_repair_identity {
    rlv_id identity; /* the conversation that it names */
    rlv_id leads_to; /* the conversation that it was seen to go on in */
    int64_t at_ms;
    bool joined;             /* then the conversation of that name became a part of the other */
    rlv_str phone_number_id; /* these of an identity that was seen, and may name no conversation */
    rlv_str wa_id, user_id;  /* one of them */
    rlv_str state;           /* absent: nothing but that it was joined is known */
} rlv_repair_identity;

/* Notes what a lane tells of identities, for rlv_repair_release. The same may be noted again. */
RLV_MUST_CHECK int rlv_repair_note(rlv_store *store, int32_t lane, const rlv_repair_identity *list, size_t n, rlv_error *err);

typedef struct rlv_repair_done {
    int64_t people;   /* conversations that were sent to people */
    int64_t commands; /* of desktops that had been decided before, taken away */
} rlv_repair_done;

/*
 * The end of one lane's repair, one transaction: commands and timers that were consumed go, conversations of the bot
 * that the repair changed go to people (with a command, so that the lane decides and publishes it), so do
 * those of agents who are not known any more, new rows get ids that were never used. The mark stays.
 * until_ms: when the last rebuilt event was published; a command written later is a new one. Wants the
 * owner's rights, for the sequences.
 */
RLV_MUST_CHECK int rlv_repair_finish(rlv_store *store, const rlv_lane_row *row, int64_t published,
                                     int64_t until_ms, rlv_repair_done *ret, rlv_error *err);

/*
 * The end of all: identities lead again where they led, what may have been sent is of unknown outcome when any of them was rebuilt, and the n
 * lanes, which are rebuilt or lacked nothing, are free. One transaction. all: there are no other lanes, or none that could be mended; else what
 * concerns those waits. *ret_changed: identities' rows that were changed or made. Wants the owner's rights.
 */
RLV_MUST_CHECK int rlv_repair_release(rlv_store *store, const int32_t *lanes, size_t n, bool all, int64_t *ret_changed, rlv_error *err);

/*
 * Whether delivers had done more with a lane's messages than Postgres knows: known is the highest turn that Kafka has of it. *ret: how many messages
 * under way, or to be tried again, are of unknown outcome for that reason, or would be (dry); -1: nothing is missing. Wants the owner's rights.
 */
RLV_MUST_CHECK int rlv_repair_turns(rlv_store *store, int32_t lane, int64_t known, bool dry, int64_t *ret, rlv_error *err);

/* Moves the position in one topic, under the fence. RLV_E_FENCED when the lane is not ours any more. */
RLV_MUST_CHECK int rlv_repair_move(rlv_store *store, const rlv_lane_row *row, const char *topic, int64_t was,
                                   int64_t next, rlv_error *err);

#endif
