/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Postgres as the lanes need it: take a lane, load conversations, commit a batch, read what is not yet published.
 * Postgres is the one commit point: what rlv_store_commit answered RLV_OK for has happened, and nothing else has. It
 * knows nothing of Kafka's client.
 *
 * A store is one connection, used by one thread. Every wait has a deadline; a connection that missed one is broken for
 * good, since the outcome of what was sent is unknown: close it, open another, assign again.
 */
#ifndef RLV_STORE_STORE_H
#define RLV_STORE_STORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "model/decision.h"

enum { RLV_INPUTS_MAX = 16, RLV_FENCE_BYTES = 16 };

typedef struct rlv_store rlv_store;

/* conninfo: keywords or URL. name: application_name, so that an operator sees who holds what. timeout_ms bounds every
   statement on the server and, a second longer, every wait here. RLV_E_UNAVAILABLE when no server answers. */
RLV_MUST_CHECK int rlv_store_open(const char *conninfo, const char *name, int timeout_ms, rlv_store **ret,
                                  rlv_error *err);
void rlv_store_close(rlv_store *store);
/* Gives back what large batches left in its buffers. Not within a transaction. */
void rlv_store_rest(rlv_store *store);

/* ---- schema ---------------------------------------------------------------------------------------------------- */

/* Applies the embedded migrations that are missing, each in its own transaction, under an advisory lock. Tells each one
   it applied to told (may be NULL). */
RLV_MUST_CHECK int rlv_store_migrate(rlv_store *store, void (*told)(const char *name), rlv_error *err);
/* RLV_E_REFUSED unless the embedded migrations are applied, and of a newer build none that takes something away
   (NNN_what.contract.sql): those that only add are lived with, so that two releases may run side by side. */
RLV_MUST_CHECK int rlv_store_check_schema(rlv_store *store, rlv_error *err);

/* ---- the lane's row -------------------------------------------------------------------------------------------- */

typedef struct rlv_lane_row {
    int32_t lane;
    uint8_t fence[RLV_FENCE_BYTES];
    int64_t seq, published, lane_ms;
    int64_t next[RLV_INPUTS_MAX]; /* of the topics given to assign; -1: never read */
    rlv_str topics[RLV_INPUTS_MAX];
    size_t n_topics;
    int32_t unfinished; /* holders before this one, in a row, that neither left in order nor worked off what they found */
} rlv_lane_row;

/* Takes the lane with a fresh fence. was: the row as this holder had it last, if it has begun since (rlv_store_tell_heir), may be ret; NULL: it has not. A zombie's connection that holds the row for longer than a second is
   terminated: its time-outs may not fire. RLV_E_REFUSED: the partition count or the Kafka cluster is not the one
   that the lane was made with. */
RLV_MUST_CHECK int rlv_store_assign(rlv_store *store, int32_t lane, int32_t partitions, const char *kafka_cluster,
                                    const char *const *topics, size_t n_topics, const rlv_lane_row *was,
                                    rlv_lane_row *ret, rlv_error *err);
/* Tells the next holder how many in a row did not leave in order: row->unfinished + 1: this one begins; 1: it worked off what it found, and goes on; 0: it
   leaves in order; row->unfinished: so it does, but has not worked off what it found. Nothing happens when the lane is somebody else's by now. */
RLV_MUST_CHECK int rlv_store_tell_heir(rlv_store *store, const rlv_lane_row *row, int32_t unfinished, rlv_error *err);
/* RLV_OK: the fence is still ours; RLV_E_FENCED: it is not. */
RLV_MUST_CHECK int rlv_store_check_fence(rlv_store *store, const rlv_lane_row *row, rlv_error *err);

/* ---- reading --------------------------------------------------------------------------------------------------- */

/* A conversation as it is stored. */
typedef struct rlv_stored {
    rlv_id id;
    int32_t lane;
    int64_t version, epoch, owner_since_ms;
    enum rlv_owner owner;
    rlv_id forward; /* none: it goes on here */
    rlv_str agent_id, team;
    rlv_str tags; /* a line each, also those of what was joined to it */
    rlv_str state; /* Avro ConversationState */
} rlv_stored;

/* What of a conversation is columns, and not in its state (wire). Texts are borrowed from stored. */
void rlv_stored_columns(const rlv_stored *stored, rlv_conversation *conv);
/* Those of the n ids that exist, in no particular order; texts in arena. What they forward to is not among them. */
RLV_MUST_CHECK int rlv_store_load(rlv_store *store, const rlv_id *ids, size_t n, rlv_arena *arena, rlv_stored **ret,
                                  size_t *ret_n, rlv_error *err);
/* Waiting commands of a lane, oldest first, as events (source, at_ms not set). *ret_age_ms: age of the oldest, 0
   when none waits. */
RLV_MUST_CHECK int rlv_store_commands(rlv_store *store, int32_t lane, int limit, rlv_arena *arena, rlv_event **ret,
                                      size_t *ret_n, int64_t *ret_age_ms, rlv_error *err);
/* Timers of a lane that are due at now_ms, earliest first, as events (at_ms: when it was due). */
RLV_MUST_CHECK int rlv_store_timers(rlv_store *store, int32_t lane, int64_t now_ms, int limit, rlv_arena *arena,
                                    rlv_event **ret, size_t *ret_n, rlv_error *err);
/* True when a command or an assignment was announced since the last call. Reads what arrived on the socket; never
   blocks. */
bool rlv_store_notified(rlv_store *store);
/* The socket, to wait on together with the feed. */
int rlv_store_fd(const rlv_store *store);

typedef struct rlv_unpublished {
    int64_t seq, at_ms;
    rlv_id conversation_id;
    rlv_str decided;
    rlv_trace trace; /* of the records that it publishes */
} rlv_unpublished;

/* History rows of a lane after seq, in order, at most limit. */
RLV_MUST_CHECK int rlv_store_unpublished(rlv_store *store, int32_t lane, int64_t after_seq, int limit,
                                         rlv_arena *arena, rlv_unpublished **ret, size_t *ret_n, rlv_error *err);

/* ---- writing --------------------------------------------------------------------------------------------------- */

/* A conversation that the batch leaves changed. */
typedef struct rlv_write {
    const rlv_conversation *conversation; /* version: as it was loaded; 0: new */
    rlv_str state;
    const rlv_decision *handoff; /* the last of the batch that hands off; NULL: none */
    const rlv_decision *card;    /* the last SUMMARIZED; NULL: none */
    int64_t timer_was_ms;        /* idle timer as loaded; 0: none waits, or it fired in this batch */
    int64_t held_timer_was_ms;   /* the same of the timer of what is held */
} rlv_write;

/* A conversation that the batch joins to one of its own, after the writes. It may be another lane's: see 017_joining.sql. */
typedef struct rlv_join {
    rlv_id loser, survivor;
    int64_t version; /* of the loser, after the batch's writes */
    bool take;       /* the survivor's ownership is the loser's */
    enum rlv_owner owner;    /* whose the survivor was before, ... */
    int64_t epoch, since_ms; /* ... its generation then, and since when */
    int64_t at_ms;           /* lane time of the event that showed both */
} rlv_join;

typedef struct rlv_commit {
    const rlv_lane_row *row; /* as it is before this batch */
    int64_t published;       /* last sequence known to be published */
    int64_t lane_ms;
    const int64_t *next; /* after this batch, of row->topics */

    const rlv_outcome *outcomes; /* n, in order of seq: row->seq + 1 ... row->seq + n */
    const rlv_str *decided;      /* their packed records */
    size_t n;
    rlv_write *writes; /* sorted by this function, by id */
    size_t n_writes;
    const rlv_join *joins;
    size_t n_joins;
    bool rebuilt; /* by `relevo repair`, from Kafka: the rows of these commands and timers may be gone */
} rlv_commit;

/* One transaction. RLV_E_FENCED: the lane belongs to somebody else. RLV_E_CONFLICT: a conversation, command or
   timer changed since it was read: load again, step again. RLV_E_TIMEOUT, RLV_E_UNAVAILABLE: unknown outcome:
   assign again. On RLV_OK the versions in the database are each one higher than in writes. */
RLV_MUST_CHECK int rlv_store_commit(rlv_store *store, const rlv_commit *commit, rlv_error *err);
/* The same in its parts, for a caller who has something to do while Postgres works: begin sends all but history, changed waits
   until that is done, and end sends history and COMMIT and waits for the answer; it may be called by another thread than the others. Nothing else may be asked
   of the store in between, but to read between changed and end, within the transaction: it sees what the batch leaves. After a failure, the store's
   own or of what was read, the parts that follow are left out; rlv_store_release lets go. */
RLV_MUST_CHECK int rlv_store_commit_begin(rlv_store *store, const rlv_commit *commit, rlv_error *err);
RLV_MUST_CHECK int rlv_store_commit_changed(rlv_store *store, rlv_error *err);
RLV_MUST_CHECK int rlv_store_commit_end(rlv_store *store, const rlv_commit *commit, rlv_error *err);
/* Between changed and end: whether end may follow; a statement that the server refused ended the transaction. */
bool rlv_store_commit_stands(const rlv_store *store);

/* Begins the transaction ahead of its commit: the lane's row and those of the n conversations (duplicates allowed) are
   locked, so that nobody changes them until rlv_store_commit or rlv_store_release. For a lane that lost the race against
   desktops again and again. RLV_E_FENCED: the lane is somebody else's. RLV_E_CONFLICT: a row is not to be had. Nothing is held
   unless RLV_OK. */
RLV_MUST_CHECK int rlv_store_hold(rlv_store *store, const rlv_lane_row *row, const rlv_id *ids, size_t n, rlv_error *err);
/* Lets go of what is held, if anything is. */
void rlv_store_release(rlv_store *store);

/* Gives waiting conversations of the lane to agents who are free. *ret_given: how many; each left a command. */
RLV_MUST_CHECK int rlv_store_assign_waiting(rlv_store *store, int32_t lane, int limit, int *ret_given, rlv_error *err);
/* How long customers wait before they are told so. */
typedef struct rlv_patience {
    int64_t tell_after_ms, tell_every_ms, give_up_ms; /* as in rlv_policy.queue; 0: never, once, never */
    int64_t open_since_ms;                            /* since when people are at work: waiting before does not count */
} rlv_patience;

/* Looks after what the lane's conversations wait for: offers that nobody took, agents who are gone or silent, queues that overflow,
   customers who are to be told where they stand, follow-ups that are due. *ret_changed: how many; whatever the lane is to decide left a
   command. */
RLV_MUST_CHECK int rlv_store_look_after(rlv_store *store, int32_t lane, int limit, const rlv_patience *patience, int *ret_changed,
                                        rlv_error *err);
/* How many conversations of a lane wait for a person, and since when the first of them does (ms since 1970; 0: none waits). */
RLV_MUST_CHECK int rlv_store_waiting(rlv_store *store, int32_t lane, int64_t *ret_n, int64_t *ret_since_ms, rlv_error *err);
/* Makes the months of history around at_ms. */
RLV_MUST_CHECK int rlv_store_ensure_months(rlv_store *store, int64_t at_ms, rlv_error *err);

#endif
