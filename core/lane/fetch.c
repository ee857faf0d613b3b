/* SPDX-License-Identifier: Apache-2.0 */
/* fetch and decode; see fetch.h. Must never drop a record: what cannot be decoded becomes a dead letter of the
   batch. */
#include "lane/fetch.h"

#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "lane/dead.h"
#include "base/point.h"
#include "base/rehearse.h"
#include "lane/wary.h"

enum {
    COMMANDS_MAX = 500,
    COMMANDS_ALL = 100000, /* after a conflict: the one that explains it must be among them */
    TIMERS_MAX = 500,
    WAKE_MS = 100, /* how late a timer is at most that this lane set: they are not known singly */
    IDLE_MS = 50,          /* longest wait for something to do: bounds how late a stop is seen */
    READ_BUDGET_US = 10000000,
    BATCH_BYTES = 8 << 20, /* of input in one batch, unless one record alone is more */
    EVENT_BYTES = 768 << 10 /* an event past it would make decisions that a topic's default limit of 1 MiB refuses */
};

int rlv_fetch_start(rlv_fetch *fetch, const rlv_lane_env *env, const rlv_stages *stages, const rlv_lane_row *row,
                    rlv_error *err)
{
    *fetch = (rlv_fetch){.env = env, .stages = stages, .batch_max = fetch->batch_max};
    fetch->writers = (rlv_writers){.registry = env->registry, .wire = stages->wire, .lane = row->lane};
    return rlv_feed_start(env->broker, row->lane, env->topics, row->next, env->n_topics, &fetch->feed, err);
}

void rlv_fetch_stop(rlv_fetch *fetch)
{
    if (fetch->holding)
        rlv_fetched_free(&fetch->held);
    fetch->holding = false;
    while (fetch->at_chunk < fetch->n_chunk)
        rlv_fetched_free(&fetch->chunk[fetch->at_chunk++]);
    fetch->writers.since_us = 0;
    fetch->writers.said = false;
    rlv_feed_stop(fetch->feed);
    fetch->feed = NULL;
}

void rlv_fetch_fear(rlv_fetch *fetch, const int64_t *ends, bool reading)
{
    fetch->wary = true;
    fetch->reading = reading;
    fetch->commands_seen = fetch->timers_seen = false;
    memcpy(fetch->ends, ends, sizeof(fetch->ends));
}

void rlv_fetch_bold(rlv_fetch *fetch)
{
    fetch->wary = fetch->reading = false;
}

bool rlv_fetch_fears(const rlv_fetch *fetch, const int64_t *from)
{
    for (size_t i = 0; fetch->wary && i < fetch->env->n_topics; i++)
        if (from[i] < fetch->ends[i])
            return true;
    return false;
}

bool rlv_fetch_all_seen(const rlv_fetch *fetch, const rlv_batch *last)
{
    return fetch->commands_seen && fetch->timers_seen && !rlv_fetch_fears(fetch, last->offsets);
}

bool rlv_fetch_stuck(const rlv_fetch *fetch)
{
    return rlv_writers_stuck(&fetch->writers) || rlv_standing_stuck(&fetch->standing);
}

int64_t rlv_fetch_lag(const rlv_fetch *fetch, size_t topic, const rlv_lane_row *row)
{
    return rlv_feed_lag(fetch->feed, topic, row->next[topic]);
}

void rlv_fetch_decided(rlv_fetch *fetch, const rlv_batch *batch)
{
    for (size_t i = 0; i < fetch->env->n_topics; i++)
        if (rlv_feed_lag(fetch->feed, i, batch->offsets[i]) == 0)
            fetch->append_ms[i] = 0; /* what comes after a quiet night has not waited since the evening */
        else if (batch->append_ms[i])
            fetch->append_ms[i] = batch->append_ms[i];
}

int64_t rlv_fetch_behind_ms(const rlv_fetch *fetch, size_t topic, int64_t lag)
{
    int64_t behind_ms = lag && fetch->append_ms[topic] ? rlv_clock_wall_ms() - fetch->append_ms[topic] : 0;
    return behind_ms > 0 ? behind_ms : 0; /* the broker's clock may be ahead of ours */
}

void rlv_fetch_wake(rlv_fetch *fetch, int64_t due_ms)
{
    if (!fetch->next_due_ms || due_ms < fetch->next_due_ms)
        fetch->next_due_ms = due_ms;
    if (due_ms > fetch->last_due_ms)
        fetch->last_due_ms = due_ms;
}

/* Lane time: never back, and the same for the same batch. */
static void stamp(rlv_batch *batch, int64_t lane_ms)
{
    batch->lane_ms = lane_ms;
    for (size_t i = 0; i < batch->n; i++) {
        rlv_batch_item *item = &batch->items[i];
        if (item->base_ms > batch->lane_ms)
            batch->lane_ms = item->base_ms;
        item->event.at_ms = batch->lane_ms;
    }
}

/* ---- commands and timers --------------------------------------------------------------------------------------- */

static int add_item(rlv_batch *batch, const rlv_batch_item *item, rlv_error *err)
{
    rlv_batch_item *next = rlv_batch_next(batch);
    if (!next)
        return rlv_error_set(err, RLV_E_LIMIT, "the batch does not fit in its memory");
    *next = *item;
    batch->n++;
    return RLV_OK;
}

static int add_items(rlv_batch *batch, const rlv_batch_item *items, size_t n, rlv_error *err)
{
    int rc = RLV_OK;
    for (size_t i = 0; rc == RLV_OK && i < n; i++)
        rc = add_item(batch, &items[i], err);
    return rc;
}

/* Begins the list of items anew, with the waiting commands. */
static int take_commands(rlv_fetch *fetch, rlv_store *store, rlv_batch *batch, int limit, rlv_error *err)
{
    rlv_event *events;
    size_t n;
    int rc = rlv_store_commands(store, fetch->stages->lane, limit, batch->arena, &events, &n,
                                &fetch->command_age_ms, err);
    if (rc != RLV_OK)
        return rc;
    batch->items = NULL;
    batch->n = batch->room = 0;
    for (size_t i = 0; rc == RLV_OK && i < n; i++) {
        const rlv_batch_item item = {.event = events[i], .base_ms = fetch->caught_up ? events[i].sent_ms : 0};
        rc = add_item(batch, &item, err);
    }
    batch->n_commands = batch->n;
    return rc;
}

static int take_timers(rlv_fetch *fetch, rlv_store *store, rlv_batch *batch, const rlv_lane_row *row, rlv_error *err)
{
    /* After downtime timers wait until the events that came before them were decided. */
    int64_t now_ms = row->lane_ms, wall_ms = rlv_clock_wall_ms();
    if (fetch->caught_up && wall_ms > now_ms)
        now_ms = wall_ms;
    rlv_event *events;
    size_t n;
    int rc = rlv_store_timers(store, fetch->stages->lane, now_ms, TIMERS_MAX, batch->arena, &events, &n, err);
    if (rc != RLV_OK)
        return rc;
    for (size_t i = 0; rc == RLV_OK && i < n; i++) {
        const rlv_batch_item item = {.event = events[i], .base_ms = events[i].at_ms};
        rc = add_item(batch, &item, err);
    }
    return rc;
}

/* A timer that this lane set is due. */
static bool rings(const rlv_fetch *fetch)
{
    return fetch->next_due_ms && fetch->caught_up && rlv_clock_wall_ms() >= fetch->next_due_ms;
}

/* Timers are looked for now, and commands even if none was announced. */
static bool poll_due(const rlv_fetch *fetch)
{
    return rlv_clock_mono_us() >= fetch->next_poll_us || rings(fetch) || (fetch->wary && fetch->caught_up && !fetch->timers_seen);
}

/* Puts commands and due timers before the events that the batch holds. */
static int take_posted(rlv_fetch *fetch, rlv_store *store, rlv_batch *batch, const rlv_lane_row *row, rlv_error *err)
{
    int64_t now_us = rlv_clock_mono_us();
    int64_t wall_ms = rlv_clock_wall_ms();
    bool ringing = rings(fetch), due = poll_due(fetch);
    fetch->notified |= rlv_store_notified(store);
    if (!fetch->notified && !due)
        return RLV_OK;
    fetch->notified = false;
    const rlv_batch_item *events = batch->items;
    size_t n_events = batch->n, limit = fetch->batch_max < COMMANDS_MAX ? fetch->batch_max : COMMANDS_MAX;
    int rc = take_commands(fetch, store, batch, (int)limit, err);
    if (rc == RLV_OK && due)
        rc = take_timers(fetch, store, batch, row, err);
    size_t n_timers = batch->n - batch->n_commands;
    batch->feared |= fetch->wary && ((!fetch->commands_seen && batch->n_commands) || (!fetch->timers_seen && n_timers));
    if (rc == RLV_OK)
        rc = add_items(batch, events, n_events, err);
    if (rc != RLV_OK)
        return rc;
    fetch->commands_seen |= batch->n_commands < limit;
    fetch->timers_seen |= due && fetch->caught_up && n_timers < TIMERS_MAX; /* before, it asked for those of the lane's own time */
    if (due)
        fetch->next_poll_us = now_us + fetch->env->config->consume.command_poll_ms * 1000;
    if (ringing)
        fetch->next_due_ms = fetch->last_due_ms > wall_ms ? wall_ms + WAKE_MS : 0;
    if (batch->n_commands == limit)
        fetch->next_poll_us = 0; /* there are more */
    return RLV_OK;
}

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(rlv_id));
}

int rlv_fetch_commands_again(rlv_fetch *fetch, rlv_store *store, rlv_batch *batch, const rlv_lane_row *row,
                             const rlv_id *held, size_t n_held, rlv_error *err)
{
    rlv_batch_item *old = batch->items;
    size_t n_old = batch->n, n_skipped = batch->n_commands;
    int rc = take_commands(fetch, store, batch, COMMANDS_ALL, err);
    if (rc != RLV_OK)
        return rc;
    size_t kept = 0;
    for (size_t i = 0; i < batch->n; i++)
        if (!held || bsearch(&batch->items[i].event.conversation_id, held, n_held, sizeof(*held), compare_ids))
            batch->items[kept++] = batch->items[i];
    if (kept < batch->n)
        fetch->next_poll_us = 0; /* there are more */
    batch->n = batch->n_commands = kept;
    rc = add_items(batch, old + n_skipped, n_old - n_skipped, err);
    stamp(batch, row->lane_ms);
    return rc;
}

/* ---- Kafka ----------------------------------------------------------------------------------------------------- */

static void bury(rlv_batch_item *item, rlv_arena *arena, const char *class, const char *why)
{
    item->event = (rlv_event){.kind = RLV_EVENT_DEAD, .source = item->event.source, .trace = item->event.trace};
    item->dead = rlv_arena_printf(arena, "%s", why);
    item->dead_class = class;
}

static const char *class_of(int code)
{
    return code == RLV_E_DECODE      ? "undecodable"
           : code == RLV_E_NOT_FOUND ? "unknown_schema"
           : code == RLV_E_REFUSED   ? "unfit_schema"
           : code == RLV_E_DIED      ? "relevo_died"
                                     : "too_large";
}

/* A record on its way to an event. */
struct reading {
    const rlv_fetch *fetch;
    const rlv_batch *batch;
    const rlv_fetched *record;
};

static int decode_record(const struct reading *r, rlv_event *ret, rlv_error *err)
{
    rlv_wire *wire = r->fetch->stages->wire;
    rlv_str value = r->record->value;
    RLV_POINT_ABOUT(value, "decoding");
    return r->record->topic == r->fetch->env->n_topics - 1
               ? rlv_wire_decode_result(wire, r->batch->arena, value, ret, err)
               : rlv_wire_decode_event(wire, r->batch->arena, value, ret, err);
}

static void rehearse_decoding(void *reading)
{
    rlv_event event;
    rlv_error err;
    (void)decode_record(reading, &event, &err);
}

/* The record as an event. RLV_E_UNAVAILABLE: its writer's schema is not here, wait_ms from now either. RLV_E_DIED: we would
   not survive it. */
static int read_event(rlv_fetch *fetch, const rlv_batch *batch, const rlv_fetched *f, int wait_ms, rlv_event *ret,
                      rlv_error *err)
{
    struct reading r = {fetch, batch, f};
    if (f->value.len > EVENT_BYTES)
        return rlv_error_set(err, RLV_E_INVALID, "%zu bytes: an event has at most %d", f->value.len, EVENT_BYTES);
    int rc = rlv_writers_ready(&fetch->writers, f->value, wait_ms, err);
    if (rc != RLV_OK)
        return rc;
    if (fetch->untried)
        fetch->dies = rlv_rehearsed_deadly(rlv_rehearse(rehearse_decoding, &r, READ_BUDGET_US, &fetch->how));
    fetch->untried = false;
    if (fetch->dies)
        return rlv_error_set(err, RLV_E_DIED, RLV_WARY_DIED, fetch->how.message);
    return decode_record(&r, ret, err);
}

static void rehearse_chunk(void *reading, size_t i)
{
    struct reading r = *(const struct reading *)reading;
    rlv_event event;
    rlv_error err;
    r.record = &r.fetch->chunk[r.fetch->at_chunk + i];
    rlv_arena_reset(r.batch->arena); /* the copy's own, in which nobody reads any more */
    if (r.record->value.len <= EVENT_BYTES)
        (void)decode_record(&r, &event, &err);
}

/* Only with its writer's schema at hand does a copy read what we shall read. */
static size_t known_ahead(const rlv_fetch *fetch)
{
    size_t at = fetch->at_chunk;
    while (at < fetch->n_chunk && rlv_writers_known(&fetch->writers, fetch->chunk[at].value))
        at++;
    return at - fetch->at_chunk;
}

/* The next record into `held`: 1; 0: none is at hand; less: the negative of an error. What is feared: of a chunk that was tried. */
static int next_record(rlv_fetch *fetch, const rlv_batch *batch, rlv_error *err)
{
    bool feared = fetch->reading && rlv_fetch_fears(fetch, batch->offsets);
    fetch->dies = fetch->untried = false;
    if (fetch->at_chunk == fetch->n_chunk && !feared)
        return rlv_feed_next(fetch->feed, &fetch->held, err);
    if (fetch->at_chunk == fetch->n_chunk) {
        fetch->at_chunk = fetch->n_chunk = fetch->sound = 0;
        int got = 1;
        while (fetch->n_chunk < RLV_FETCH_CHUNK && (got = rlv_feed_next(fetch->feed, &fetch->chunk[fetch->n_chunk], err)) == 1)
            fetch->n_chunk++;
        if (got < 0 || fetch->n_chunk == 0)
            return got;
    }
    if (feared && fetch->at_chunk == fetch->sound) {
        struct reading r = {.fetch = fetch, .batch = batch};
        size_t n = known_ahead(fetch), died = rlv_rehearse_each(rehearse_chunk, &r, n, READ_BUDGET_US, &fetch->how);
        fetch->untried = n == 0;
        fetch->dies = n > 0 && died == 0;
        fetch->sound += died ? died : 1;
    }
    fetch->held = fetch->chunk[fetch->at_chunk++];
    return 1;
}

/* A copy that tells empty from null. */
static rlv_str keep(rlv_arena *arena, rlv_str s)
{
    return s.ptr && !s.len ? RLV_STR("") : rlv_arena_copy(arena, s);
}

/* Kept of every record: load may find that its conversation is not to be had. One alone always fits: Kafka's own limit
   for a record is below the half of a batch's memory. */
static int keep_record(rlv_batch_item *item, const rlv_batch *batch, const rlv_fetched *f, rlv_error *err)
{
    item->key = keep(batch->arena, f->key);
    item->value = keep(batch->arena, f->value);
    if ((f->key.ptr && !item->key.ptr) || (f->value.ptr && !item->value.ptr))
        return rlv_error_set(err, RLV_E_LIMIT, "a record of %zu bytes does not fit in the batch's memory", f->value.len);
    return rlv_dead_headers(batch->arena, f->message, &item->headers, err);
}

/* Decodes one record into the batch. RLV_E_LIMIT: it does not fit behind the others. RLV_E_UNAVAILABLE: not yet. */
static int decode(rlv_fetch *fetch, rlv_batch *batch, const rlv_fetched *f, int wait_ms, rlv_error *err)
{
    const rlv_lane_env *env = fetch->env;
    rlv_batch_item *item = rlv_batch_next(batch);
    if (!item)
        return rlv_error_set(err, RLV_E_LIMIT, "the batch does not fit in its memory");
    *item = (rlv_batch_item){.base_ms = f->append_ms};
    int rc = read_event(fetch, batch, f, wait_ms, &item->event, err);
    item->event.trace = rlv_broker_trace(f->message);
    item->event.source = (rlv_source){.kind = RLV_SOURCE_TOPIC,
                                      .topic = rlv_str_from(env->topics[f->topic]),
                                      .partition = fetch->stages->lane,
                                      .offset = f->offset};
    if ((rc == RLV_E_LIMIT && batch->n > 0) || rc == RLV_E_UNAVAILABLE)
        return rc;
    if (rc != RLV_OK)
        bury(item, batch->arena, class_of(rc), err->message);
    rc = keep_record(item, batch, f, err);
    if (rc != RLV_OK)
        return rc;
    batch->n++;
    batch->bytes += f->value.len + f->key.len + item->headers.len;
    batch->offsets[f->topic] = f->offset + 1;
    batch->append_ms[f->topic] = f->append_ms;
    return RLV_OK;
}

/* Waits for the feed or, with nothing in hand, for a command too. */
static void wait_for(rlv_fetch *fetch, rlv_store *store, bool idle, int64_t wait_us)
{
    struct pollfd fds[2] = {{.fd = rlv_feed_fd(fetch->feed), .events = POLLIN},
                            {.fd = rlv_store_fd(store), .events = POLLIN}};
    (void)poll(fds, idle ? 2 : 1, (int)(wait_us / 1000) + 1);
}

static bool at_end(const rlv_fetch *fetch, const rlv_batch *batch)
{
    for (size_t i = 0; i < fetch->env->n_topics; i++)
        if (rlv_feed_lag(fetch->feed, i, batch->offsets[i]) != 0)
            return false;
    return true;
}

/* Waits for more, as long as the batch may; false: it is complete. *waited: an empty one waits once. */
static bool wait_more(rlv_fetch *fetch, rlv_store *store, const rlv_batch *batch, bool *waited)
{
    bool idle = batch->n == 0;
    int64_t linger_us = fetch->env->config->consume.linger_ms * 1000;
    int64_t left_us = IDLE_MS * 1000;
    if (!idle) /* the linger counts from the first event; commands and timers alone wait for nothing */
        left_us = batch->begun_us ? linger_us - (rlv_clock_mono_us() - batch->begun_us) : 0;
    if ((idle && *waited) || left_us <= 0)
        return false;
    wait_for(fetch, store, idle, left_us);
    *waited |= idle;
    return true;
}

/* At most room events. store NULL: only what is at hand. */
static int take_events(rlv_fetch *fetch, rlv_store *store, rlv_batch *batch, size_t room, rlv_error *err)
{
    size_t taken = 0;
    bool waited = false;
    while (taken < room && batch->bytes < BATCH_BYTES) {
        int got = 1;
        if (!fetch->holding)
            got = next_record(fetch, batch, err);
        if (got < 0)
            return -got;
        fetch->holding = got == 1;
        if (got == 0) {
            if (!store || !wait_more(fetch, store, batch, &waited))
                break;
            continue;
        }
        if (fetch->held.offset < batch->offsets[fetch->held.topic]) {
            rlv_fetched_free(&fetch->held); /* decided already */
            fetch->holding = false;
            continue;
        }
        RLV_POINT("fetched");
        if (!fetch->append_ms[fetch->held.topic]) /* seen to wait even if nothing is ever decided */
            fetch->append_ms[fetch->held.topic] = fetch->held.append_ms;
        if (!batch->begun_us)
            batch->begun_us = rlv_clock_mono_us();
        int rc = decode(fetch, batch, &fetch->held, store && !batch->n ? IDLE_MS : 0, err);
        if (rc == RLV_E_LIMIT && batch->n == 0)
            return rc; /* alone, and still too much: nobody would ever take it */
        if (rc != RLV_OK)
            break; /* held for the next batch */
        rlv_fetched_free(&fetch->held);
        fetch->holding = false;
        taken++;
    }
    return RLV_OK;
}

int rlv_fetch_ahead(rlv_fetch *fetch, rlv_batch *batch, const int64_t *after, rlv_error *err)
{
    int64_t begun_us = rlv_clock_mono_us();
    rlv_batch_reset(batch, fetch->batch_max);
    memcpy(batch->offsets, after, sizeof(batch->offsets));
    int rc = take_events(fetch, NULL, batch, fetch->batch_max, err);
    batch->fetch_us = rlv_clock_mono_us() - begun_us;
    return rc;
}

/* Moves the batch over the markers behind the last record. True when nothing is left behind it. */
static bool pass_markers(const rlv_fetch *fetch, rlv_batch *batch)
{
    if (fetch->holding || fetch->at_chunk < fetch->n_chunk)
        return false;
    for (size_t i = 0; i < fetch->env->n_topics; i++) {
        int64_t end = rlv_feed_end(fetch->feed, i);
        if (end > batch->offsets[i])
            batch->offsets[i] = end;
    }
    return at_end(fetch, batch);
}

bool rlv_fetch_close(rlv_fetch *fetch, rlv_store *store, rlv_batch *batch, int64_t lane_ms)
{
    fetch->notified |= rlv_store_notified(store);
    if ((batch->n < batch->max && batch->bytes < BATCH_BYTES) || fetch->notified || poll_due(fetch) || pass_markers(fetch, batch))
        return false;
    fetch->caught_up = false;
    stamp(batch, lane_ms);
    return true;
}

int rlv_fetch_batch(rlv_fetch *fetch, rlv_store *store, rlv_batch *batch, const rlv_lane_row *row, rlv_error *err)
{
    int64_t begun_us = rlv_clock_mono_us();
    size_t room = batch->max - batch->n;
    batch->feared = rlv_fetch_fears(fetch, row->next);
    int rc = take_posted(fetch, store, batch, row, err);
    if (rc == RLV_OK)
        rc = take_events(fetch, store, batch, room, err);
    if (rc != RLV_OK)
        return rc;
    fetch->caught_up = pass_markers(fetch, batch);
    rlv_standing_look(&fetch->standing, fetch->env, fetch->feed, row->lane, batch->offsets);
    stamp(batch, row->lane_ms);
    batch->fetch_us += rlv_clock_mono_us() - begun_us;
    return RLV_OK;
}
