/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fetch and decode: one batch of commands, due timers and events. Private to this room.
 */
#ifndef RLV_LANE_FETCH_H
#define RLV_LANE_FETCH_H

#include "lane/batch.h"
#include "lane/lane.h"
#include "lane/standing.h"
#include "lane/writers.h"

enum { RLV_FETCH_CHUNK = 64 };

typedef struct rlv_fetch {
    const rlv_lane_env *env;
    const rlv_stages *stages;
    rlv_feed *feed;
    rlv_fetched held; /* fetched, and did not fit in the batch before */
    bool holding;
    rlv_writers writers; /* whose schema may be what the held one waits for */
    rlv_standing standing;
    size_t batch_max;
    bool notified;          /* of commands, since they were looked for */
    int64_t next_poll_us;   /* of commands and timers, if nothing announces them */
    int64_t next_due_ms, last_due_ms; /* between these timers that this lane set are due; 0: none, but for what the poll finds */
    int64_t command_age_ms; /* of the oldest waiting command, at the last poll */
    int64_t append_ms[RLV_INPUTS_MAX]; /* of each input's last record decided while others wait; until one is, of the first that waits; 0: none does */
    bool caught_up;         /* nothing was left in Kafka: lane time may follow the clock */
    bool wary, reading;     /* what waited when the lane was taken is feared (reading: already when it is decoded): */
    int64_t ends[RLV_INPUTS_MAX];        /* events before these offsets, ... */
    bool commands_seen, timers_seen;     /* ... commands and timers, until these were all taken */
    rlv_fetched chunk[RLV_FETCH_CHUNK]; /* decoded in a copy of this process first, so many in one; those from at_chunk on are to come */
    size_t n_chunk, at_chunk, sound;    /* sound: up to there they were tried */
    bool untried;           /* the held one: its writer's schema was not at hand */
    bool dies;              /* the held one: how */
    rlv_error how;
} rlv_fetch;

/* Starts reading at row->next. fetch->batch_max is kept. */
RLV_MUST_CHECK int rlv_fetch_start(rlv_fetch *fetch, const rlv_lane_env *env, const rlv_stages *stages,
                                   const rlv_lane_row *row, rlv_error *err);
void rlv_fetch_stop(rlv_fetch *fetch);

/* Begins a batch behind `after` (next offsets) with what Kafka has sent already; never waits, never asks Postgres.
   RLV_E_REFUSED when Kafka cannot give the next event. */
RLV_MUST_CHECK int rlv_fetch_ahead(rlv_fetch *fetch, rlv_batch *batch, const int64_t *after, rlv_error *err);
/* Completes a batch that was begun as it is, if it may be decided so: it is full, more waits behind it, and nothing posted is to be looked for before it. If not, it
   is left to rlv_fetch_batch, which may also complete it again. lane_ms: of the batch before. Never waits, never asks Postgres. */
bool rlv_fetch_close(rlv_fetch *fetch, rlv_store *store, rlv_batch *batch, int64_t lane_ms);
/* Completes a batch that was begun: commands and due timers at its head, and up to batch_max events, waiting a little when
   there is nothing. It may be empty. Errors of Postgres, and RLV_E_REFUSED as above. */
RLV_MUST_CHECK int rlv_fetch_batch(rlv_fetch *fetch, rlv_store *store, rlv_batch *batch, const rlv_lane_row *row,
                                   rlv_error *err);
/* After a conflict: reads the commands again, in place of those at the batch's head; of the n held conversations only, unless
   held is NULL. The others' wait for the next batch. held: in the order of memcmp. */
RLV_MUST_CHECK int rlv_fetch_commands_again(rlv_fetch *fetch, rlv_store *store, rlv_batch *batch,
                                            const rlv_lane_row *row, const rlv_id *held, size_t n_held, rlv_error *err);
/* Until rlv_fetch_bold, what waits now is feared, events as far as ends (offsets): a batch that holds some of it is so marked; reading: and it is decoded
   in copies of this process first. Right behind rlv_fetch_start. */
void rlv_fetch_fear(rlv_fetch *fetch, const int64_t *ends, bool reading);
void rlv_fetch_bold(rlv_fetch *fetch);
/* Whether events from these offsets on are feared. */
bool rlv_fetch_fears(const rlv_fetch *fetch, const int64_t *from);
/* True when nothing is left that is feared, behind the batch that was fetched last. */
bool rlv_fetch_all_seen(const rlv_fetch *fetch, const rlv_batch *last);
/* The batch was committed, if only its offsets. */
void rlv_fetch_decided(rlv_fetch *fetch, const rlv_batch *batch);
/* A timer was committed that is due then: it is looked for without waiting for the poll. */
void rlv_fetch_wake(rlv_fetch *fetch, int64_t due_ms);
/* True when an input does not go on, and why was told: the schema registry is away, or a transaction there does not end. */
bool rlv_fetch_stuck(const rlv_fetch *fetch);
/* Messages behind the end of an input; -1: not known yet. */
int64_t rlv_fetch_lag(const rlv_fetch *fetch, size_t topic, const rlv_lane_row *row);
/* How old that input's last event decided is, by append_ms; 0 when its lag is nothing. */
int64_t rlv_fetch_behind_ms(const rlv_fetch *fetch, size_t topic, int64_t lag);

#endif
