/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One batch on its way through the lane, and the stages that work on it. Everything in it lives in its arena; the
 * publisher borrows it after the commit and gives it back. Private to this room.
 */
#ifndef RLV_LANE_BATCH_H
#define RLV_LANE_BATCH_H

#include "conversation/step.h"
#include "host/host.h"
#include "lane/cache.h"
#include "wire/wire.h"

/* A conversation of the batch. */
typedef struct rlv_batch_entry {
    rlv_id id;
    rlv_conversation conversation; /* working copy */
    struct rlv_batch_entry *into;  /* where it goes on, from the event on that showed it; NULL: here */
    int64_t timer_was_ms, held_timer_was_ms;
    uint32_t events; /* of it in this batch, so far */
    bool known;      /* loaded, or begun by a message */
    bool changed;    /* by an event of its own */
    uint32_t joined; /* how often `into` became another in this batch */
    bool taken;      /* its ownership is now that of the one that it was joined to */
    const rlv_decision *handoff, *card;
} rlv_batch_entry;

/* One of these times. */
typedef struct rlv_batch_join {
    const rlv_batch_entry *loser, *into;
    uint32_t nth; /* of the loser's, from 0 */
    const struct rlv_batch_item *item; /* that showed both */
} rlv_batch_join;

/* An event of the batch. */
typedef struct rlv_batch_item {
    rlv_event event;
    int64_t base_ms;        /* its own time, from which lane time is made */
    rlv_id named;           /* the conversation that its identity names; event.conversation_id is the one that it became */
    rlv_batch_entry *entry; /* NULL: touches no conversation */
    rlv_batch_entry *joins[RLV_ALIASES_MAX]; /* the customer's other conversations, that it shows */
    int n_joins;
    enum rlv_owner owner_was;       /* its conversation's, before it was joined with these, ... */
    int64_t epoch_was, since_was_ms; /* ... the generation, and since when */
    bool elsewhere;         /* its conversation lives in another lane, ... */
    int32_t lane;           /* ... this one, to which it is forwarded */
    uint32_t round;         /* the how-manieth event of its conversation */
    const char *dead;       /* why it cannot be decided: a dead letter; NULL: it can */
    const char *dead_class; /* a stable word for the reason */
    const char *given_up;   /* why a command or timer is consumed without being decided; NULL: it is decided */
    bool untold;            /* then: not even the ownership that it made is */
    rlv_str key, value;     /* the record as it came, for a dead letter; ptr NULL: null, which is not empty */
    rlv_str headers;        /* likewise, packed by rlv_dead_headers */
    rlv_step step;
} rlv_batch_item;

typedef struct rlv_batch {
    rlv_arena *arena;
    struct rlv_batch *next; /* in the publisher's queue */

    rlv_batch_item *items;
    size_t room;          /* of items; it grows */
    size_t max;           /* events that it may take; the lane's own limit may move while it waits */
    size_t n, n_commands; /* commands come first, then timers, then what Kafka brought */
    int64_t lane_ms;      /* after the batch */
    int64_t offsets[RLV_INPUTS_MAX]; /* next offsets after the batch */
    int64_t append_ms[RLV_INPUTS_MAX]; /* of each input's last record in it; 0: it has none */
    size_t bytes;
    bool feared; /* a predecessor may have died of something in it */
    int64_t begun_us, fetch_us; /* when its first event was taken; how long fetching took so far */

    rlv_batch_entry **entries; /* distinct conversations */
    size_t n_entries;

    rlv_outcome *outcomes;
    rlv_str *decided;
    rlv_write *writes;
    size_t n_writes;
    rlv_batch_join *joined; /* in the order of the events */
    rlv_join *joins;
    size_t n_joins;
    int64_t first_seq;
    rlv_batch_item *died; /* our own code does not survive it */
    bool stepped; /* loaded and stepped: its answers are at hand */
    int64_t load_us, step_us, commit_us; /* how long that took */
} rlv_batch;

/* What the stages need of the lane. */
typedef struct rlv_stages {
    const rlv_config *config;
    const rlv_host *host;
    rlv_wire *wire;
    rlv_cache *cache;
    int32_t lane;
    unsigned has; /* phases that some plugin implements */
    rlv_host_caller caller; /* the lane's; its scout goes through a whole step */
} rlv_stages;

/* An empty batch. NULL when memory is short. */
rlv_batch *rlv_batch_new(size_t arena_ceiling);
void rlv_batch_free(rlv_batch *batch);
/* Forgets everything, its place in a list too, and gives its memory back. max: events that it may take from now on. */
void rlv_batch_reset(rlv_batch *batch, size_t max);
/* The place behind the last item, with anything in it: fill it, then count it in n. Items move when this makes room. NULL when the
   batch's memory is full. */
rlv_batch_item *rlv_batch_next(rlv_batch *batch);

/* Of what cannot be decided: a dead letter. class, why: as of the item. */
void rlv_batch_bury(rlv_batch_item *item, const char *class, const char *why);
/* load: gives every item its conversation, from the cache or in one query. RLV_E_CONFLICT: one was changed by a command
   that is not in the batch: read the commands again. */
RLV_MUST_CHECK int rlv_batch_load(rlv_batch *batch, const rlv_stages *s, rlv_store *store, rlv_error *err);
/* step: in rounds, phase by phase. Fills outcomes, decided and writes. seq: the first event's. RLV_E_LIMIT: the
   batch does not fit in its arena. RLV_E_DIED: batch->died; load it again without that. */
RLV_MUST_CHECK int rlv_batch_step(rlv_batch *batch, rlv_stages *s, int64_t first_seq, rlv_error *err);
/* Whether a batch that is loaded may be stepped before `before`, whose writes the store has sorted, is committed: what both touch is as
   that one leaves it, and nobody is joined in either. */
bool rlv_batch_follows(const rlv_batch *batch, const rlv_batch *before);
/* The cache learns what the batch writes: at the earliest when the batch is stepped, if who does it then forgets it when the commit fails. */
void rlv_batch_remember(const rlv_batch *batch, const rlv_stages *s);
/* It is not committed: the cache forgets what may be stale or was never so. It is to be loaded and stepped again. */
void rlv_batch_forget(rlv_batch *batch, const rlv_stages *s);

#endif
