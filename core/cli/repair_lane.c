/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lane of `relevo repair`: first everything is read, so that nothing is written for a lane that cannot be
 * mended; then it is written in chunks by the lane's own commit, so that rows are as the lane writes them.
 * See repair.h.
 */
#include "cli/repair.h"

#include <stdio.h>
#include <stdlib.h>
#include <uthash.h>

#include "cli/cli.h"
#include "conversation/step.h"

enum {
    CHUNK = 500,
    CONFLICTS_MOST = 20,
    RANGES_MAX = 5
};
static const size_t CHUNK_BYTES = (size_t)64 << 20;

static void note_next(const rlv_rebuild_range *range, const rlv_source *source, int64_t *next)
{
    for (size_t i = 0; source->kind == RLV_SOURCE_TOPIC && i < range->n_topics; i++)
        if (rlv_str_is(source->topic, range->topics[i]) && source->offset + 1 > next[i])
            next[i] = source->offset + 1;
}

/* ---- survey
 * ---------------------------------------------------------------------------------------------------- */

struct seen {
    rlv_id id;
    enum rlv_owner owner;
    int64_t epoch;
    UT_hash_handle hh;
};

static int note_conversation(struct seen **table, const rlv_outcome *o, rlv_error *err)
{
    const rlv_event *ev = o->event;
    if (!rlv_rebuild_touches(o))
        return RLV_OK;
    struct seen *s;
    HASH_FIND(hh, *table, ev->conversation_id.bytes, sizeof(ev->conversation_id.bytes), s);
    if (!s) {
        s = calloc(1, sizeof(*s));
        if (!s)
            return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
        s->id = ev->conversation_id;
        HASH_ADD(hh, *table, id, sizeof(s->id), s);
    }
    for (const rlv_decision *d = o->decisions.first; d; d = d->next)
        if (d->epoch >= s->epoch) {
            s->epoch = d->epoch;
            s->owner = d->owner;
        }
    return RLV_OK;
}

static void count_and_free(struct seen *table, rlv_repair_survey *survey)
{
    struct seen *s, *next;
    HASH_ITER(hh, table, s, next)
    {
        survey->conversations++;
        survey->people += s->owner == RLV_OWNER_BOT;
        HASH_DEL(table, s);
        free(s);
    }
}

/* "12 to 15, 20" of what is lost. */
static void note_lost(rlv_buf *ranges, int *n, int64_t first, int64_t count)
{
    if (*n < RANGES_MAX && count > 1)
        rlv_buf_printf(ranges, "%s%lld to %lld", *n ? ", " : "", (long long)first,
                       (long long)(first + count - 1));
    else if (*n < RANGES_MAX)
        rlv_buf_printf(ranges, "%s%lld", *n ? ", " : "", (long long)first);
    else if (*n == RANGES_MAX)
        rlv_buf_printf(ranges, " and more");
    (*n)++;
}

static int survey_all(rlv_repair *repair, rlv_rebuild *rebuild, const rlv_rebuild_range *range,
                      struct seen **table, rlv_repair_survey *survey, rlv_error *err)
{
    rlv_buf ranges = RLV_BUF_INIT(4096);
    int64_t lost_events = 0;
    int n_ranges = 0, rc = RLV_OK;
    for (;;) {
        rlv_outcome o;
        rlv_str blob;
        int64_t lost = 0;
        rlv_arena_reset(repair->arena);
        int came = rlv_rebuild_next(rebuild, repair->arena, &o, &blob, &lost, err);
        if (came < 0 && lost) {
            lost_events += lost;
            note_lost(&ranges, &n_ranges, o.seq, lost);
            continue;
        }
        rc = came < 0 ? -came : RLV_OK;
        if (came <= 0)
            break;
        survey->events++;
        note_next(range, &o.event->source, survey->next);
        rc = note_conversation(table, &o, err);
        if (rc != RLV_OK)
            break;
    }
    if (rc == RLV_OK && lost_events)
        rc = rlv_error_set(
            err, RLV_E_REFUSED,
            "Kafka has no decision any more about %lld events that Postgres lacks (numbers %s): restore a "
            "later backup of Postgres",
            (long long)lost_events, ranges.data ? ranges.data : "?");
    rlv_buf_free(&ranges);
    return rc;
}

int rlv_repair_survey_lane(rlv_repair *repair, const rlv_rebuild_range *range, rlv_repair_survey *ret,
                           rlv_error *err)
{
    rlv_rebuild *rebuild;
    rlv_repair_survey survey = {0};
    struct seen *table = NULL;
    memcpy(survey.next, range->next, range->n_topics * sizeof(*survey.next));
    int rc = rlv_rebuild_open(repair->config, repair->wire, range, &rebuild, err);
    if (rc != RLV_OK)
        return rc;
    rc = survey_all(repair, rebuild, range, &table, &survey, err);
    count_and_free(table, &survey);
    rlv_rebuild_close(rebuild);
    if (rc == RLV_OK)
        *ret = survey;
    return rc;
}

/* ---- a chunk
 * --------------------------------------------------------------------------------------------------- */

struct chunk {
    rlv_outcome outcomes[CHUNK];
    rlv_str decided[CHUNK];
    size_t n;
    rlv_id ids[CHUNK]; /* of the conversations that it changes */
    size_t n_ids;
    int64_t next[RLV_INPUTS_MAX];
    int64_t lane_ms;
};

static size_t id_index(const struct chunk *c, rlv_id id)
{
    size_t i = 0;
    while (i < c->n_ids && !rlv_id_eq(c->ids[i], id))
        i++;
    return i;
}

static int read_chunk(rlv_repair *repair, rlv_rebuild *rebuild, const rlv_rebuild_range *range,
                      struct chunk *c, rlv_error *err)
{
    c->n = c->n_ids = 0;
    rlv_arena_reset(repair->arena);
    while (c->n < CHUNK && rlv_arena_used(repair->arena) < CHUNK_BYTES) {
        rlv_outcome *o = &c->outcomes[c->n];
        int64_t lost = 0;
        int came = rlv_rebuild_next(rebuild, repair->arena, o, &c->decided[c->n], &lost, err);
        if (came < 0)
            return -came;
        if (came == 0)
            break;
        c->n++;
        c->lane_ms = o->event->at_ms > c->lane_ms ? o->event->at_ms : c->lane_ms;
        note_next(range, &o->event->source, c->next);
        if (rlv_rebuild_touches(o) && id_index(c, o->event->conversation_id) == c->n_ids)
            c->ids[c->n_ids++] = o->event->conversation_id;
    }
    return RLV_OK;
}

/* Events of customers who were erased keep their number and nothing else. */
static int forget_erased(rlv_repair *repair, rlv_store *store, struct chunk *c, rlv_error *err)
{
    bool *erased = rlv_arena_zalloc(repair->arena, CHUNK, sizeof(*erased));
    rlv_id *ids = rlv_arena_zalloc(repair->arena, CHUNK, sizeof(*ids));
    int64_t *seqs = rlv_arena_zalloc(repair->arena, CHUNK, sizeof(*seqs));
    if (!erased || !ids || !seqs)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    for (size_t i = 0; i < c->n; i++) {
        ids[i] = c->outcomes[i].event->conversation_id;
        seqs[i] = c->outcomes[i].seq;
    }
    int rc = rlv_repair_erased(store, ids, seqs, c->n, erased, err);
    for (size_t i = 0; rc == RLV_OK && i < c->n; i++) {
        if (!erased[i])
            continue;
        rlv_event *bare = rlv_arena_zalloc(repair->arena, 1, sizeof(*bare));
        if (!bare)
            return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
        const rlv_event *ev = c->outcomes[i].event;
        *bare = (rlv_event){.kind = ev->kind, .source = ev->source, .at_ms = ev->at_ms};
        size_t at = id_index(c, ev->conversation_id);
        if (at < c->n_ids)
            c->ids[at] = c->ids[--c->n_ids];
        c->outcomes[i].event = bare;
        c->outcomes[i].decisions = (rlv_decisions){0};
        c->decided[i] = RLV_STR("\1"); /* no records */
    }
    return rc;
}

struct work {
    rlv_conversation *conversations; /* by chunk.ids */
    const rlv_decision **handoffs, **cards;
    int64_t *timers;
    bool *known, *changed;
};

static int thaw(rlv_repair *repair, const rlv_stored *s, rlv_conversation *conv, rlv_error *err)
{
    int rc = rlv_wire_decode_state(repair->wire, repair->arena, s->state, conv, err);
    rlv_stored_columns(s, conv);
    return rc;
}

static int load(rlv_repair *repair, rlv_store *store, const struct chunk *c, struct work *w, rlv_error *err)
{
    rlv_arena *a = repair->arena;
    size_t n = c->n_ids + 1;
    *w = (struct work){
        rlv_arena_zalloc(a, n, sizeof(*w->conversations)), rlv_arena_zalloc(a, n, sizeof(*w->handoffs)),
        rlv_arena_zalloc(a, n, sizeof(*w->cards)),         rlv_arena_zalloc(a, n, sizeof(*w->timers)),
        rlv_arena_zalloc(a, n, sizeof(*w->known)),         rlv_arena_zalloc(a, n, sizeof(*w->changed))};
    if (rlv_arena_overflowed(a))
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory for %zu conversations", c->n_ids);
    rlv_stored *stored = NULL;
    size_t found = 0;
    int rc = c->n_ids ? rlv_store_load(store, c->ids, c->n_ids, a, &stored, &found, err) : RLV_OK;
    for (size_t i = 0; rc == RLV_OK && i < found; i++) {
        size_t at = id_index(c, stored[i].id);
        rc = thaw(repair, &stored[i], &w->conversations[at], err);
        w->known[at] = true;
    }
    return rc;
}

static void apply(struct chunk *c, struct work *w)
{
    for (size_t i = 0; i < c->n; i++) {
        rlv_outcome *o = &c->outcomes[i];
        size_t at = rlv_rebuild_touches(o) ? id_index(c, o->event->conversation_id) : c->n_ids;
        if (at == c->n_ids)
            continue;
        if (!w->known[at])
            rlv_conversation_begin(&w->conversations[at], o->event, o->lane);
        o->begins = !w->known[at];
        w->known[at] = true;
        w->changed[at] |= rlv_rebuild_apply(&w->conversations[at], o);
        for (const rlv_decision *d = o->decisions.first; d; d = d->next) {
            if (rlv_decision_hands_off(d))
                w->handoffs[at] = d;
            if (d->kind == RLV_DECIDED_SUMMARIZED)
                w->cards[at] = d;
        }
    }
}

static int commit(rlv_repair *repair, rlv_store *store, const struct chunk *c, const struct work *w,
                  const rlv_lane_row *row, rlv_error *err)
{
    rlv_write *writes = rlv_arena_zalloc(repair->arena, c->n_ids + 1, sizeof(*writes));
    if (!writes)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory for %zu conversations", c->n_ids);
    rlv_commit job = {.row = row,
                      .published =
                          row->published, /* moved at the end: a repair that is cut begins there again */
                      .lane_ms = c->lane_ms,
                      .next = c->next,
                      .outcomes = c->outcomes,
                      .decided = c->decided,
                      .n = c->n,
                      .writes = writes,
                      .rebuilt = true};
    for (size_t i = 0; i < c->n_ids; i++) {
        if (!w->changed[i])
            continue;
        rlv_write *one = &writes[job.n_writes++];
        *one =
            (rlv_write){.conversation = &w->conversations[i], .handoff = w->handoffs[i], .card = w->cards[i]};
        int rc = rlv_wire_encode_state(repair->wire, &w->conversations[i], repair->arena, &one->state, err);
        if (rc != RLV_OK)
            return rc;
    }
    return rlv_store_commit(store, &job, err);
}

/* ---- identities
 * ---------------------------------------------------------------------------------------------- */

enum {
    IDENTITIES_MOST = RLV_ALIASES_MAX + 1 /* of an event, besides those of conversations that it joined */
};

/* The row of an identity that names no conversation, as a lane begins it. */
static int begin_identity(rlv_repair *repair, int32_t lane, const rlv_event *ev, rlv_id id, rlv_str wa_id, rlv_str user_id,
                          rlv_repair_identity *ret, rlv_error *err)
{
    const rlv_event as = {.conversation_id = id,
                          .phone_number_id = ev->phone_number_id,
                          .wa_id = wa_id,
                          .user_id = user_id,
                          .at_ms = ev->at_ms};
    rlv_conversation conv;
    rlv_conversation_begin(&conv, &as, lane);
    conv.owner = conv.decided_owner = RLV_OWNER_CLOSED;
    *ret = (rlv_repair_identity){.identity = id,
                                 .leads_to = ev->conversation_id,
                                 .at_ms = ev->at_ms,
                                 .phone_number_id = ev->phone_number_id,
                                 .wa_id = wa_id,
                                 .user_id = user_id};
    return rlv_wire_encode_state(repair->wire, &conv, repair->arena, &ret->state, err);
}

/* What an event tells of its customer's identities: that which names it, those that it showed besides, and those whose conversations it
   joined. */
static int list_identities(rlv_repair *repair, const rlv_outcome *o, rlv_repair_identity *list, size_t *n, rlv_error *err)
{
    const rlv_event *ev = o->event;
    rlv_alias aliases[IDENTITIES_MOST];
    int seen = rlv_event_aliases(ev, aliases), rc = RLV_OK;
    rlv_str name = rlv_event_identity(ev);
    if (name.len)
        aliases[seen++] = (rlv_alias){.id = rlv_conversation_id(ev->phone_number_id, name), .wa_id = ev->wa_id, .user_id = ev->user_id};
    for (int i = 0; rc == RLV_OK && i < seen; i++)
        if (!rlv_id_eq(aliases[i].id, ev->conversation_id))
            rc = begin_identity(repair, o->lane, ev, aliases[i].id, aliases[i].wa_id, aliases[i].user_id, &list[(*n)++], err);
    for (const rlv_decision *d = o->decisions.first; d; d = d->next) {
        rlv_id other;
        if (d->kind != RLV_DECIDED_JOINED || !rlv_id_parse(d->as.change.other, &other))
            continue;
        list[(*n)++] = (rlv_repair_identity){.identity = other,
                                             .leads_to = ev->conversation_id,
                                             .at_ms = ev->at_ms,
                                             .joined = true,
                                             .phone_number_id = ev->phone_number_id};
    }
    return rc;
}

static int note_identities(rlv_repair *repair, rlv_store *store, const struct chunk *c, int32_t lane, rlv_error *err)
{
    rlv_repair_identity *list =
        rlv_arena_zalloc(repair->arena, c->n * (IDENTITIES_MOST + RLV_ALIASES_MAX) + 1, sizeof(*list));
    size_t n = 0;
    int rc = list ? RLV_OK : rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    for (size_t i = 0; rc == RLV_OK && i < c->n; i++) {
        const rlv_outcome *o = &c->outcomes[i];
        if (o->decisions.first && o->event->source.kind == RLV_SOURCE_TOPIC && rlv_rebuild_touches(o))
            rc = list_identities(repair, o, list, &n, err);
    }
    return rc == RLV_OK && n ? rlv_repair_note(store, lane, list, n, err) : rc;
}

/* A desktop may change a conversation in between: read again. */
static int write_chunk(rlv_repair *repair, rlv_store *store, struct chunk *c, const rlv_lane_row *row,
                       rlv_error *err)
{
    for (int tries = 0;; tries++) {
        struct work w;
        int rc = load(repair, store, c, &w, err);
        if (rc == RLV_OK) {
            apply(c, &w);
            rc = commit(repair, store, c, &w, row, err);
        }
        if (rc != RLV_E_CONFLICT || tries >= CONFLICTS_MOST)
            return rc;
    }
}

int rlv_repair_write_lane(rlv_repair *repair, rlv_store *store, const rlv_rebuild_range *range,
                          rlv_lane_row *row, rlv_error *err)
{
    rlv_rebuild *rebuild = NULL;
    struct chunk *c = calloc(1, sizeof(*c));
    if (!c)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    memcpy(c->next, row->next, sizeof(c->next));
    c->lane_ms = row->lane_ms;
    const int64_t from = row->seq;
    const size_t all = range->until > from ? (size_t)(range->until - from) : 0;
    int rc = rlv_rebuild_open(repair->config, repair->wire, range, &rebuild, err);
    while (rc == RLV_OK && row->seq < range->until) {
        rlv_cli_bar("events", (size_t)(row->seq - from), all);
        rc = read_chunk(repair, rebuild, range, c, err);
        if (rc == RLV_OK && c->n == 0)
            rc = rlv_error_set(err, RLV_E_REFUSED, "the decisions of lane %d end before event %lld",
                               row->lane, (long long)range->until);
        if (rc == RLV_OK)
            rc = forget_erased(repair, store, c, err);
        if (rc == RLV_OK)
            rc = note_identities(repair, store, c, row->lane, err); /* first: a repair that is cut notes them again */
        if (rc == RLV_OK)
            rc = write_chunk(repair, store, c, row, err);
        if (rc != RLV_OK)
            break;
        row->seq += (int64_t)c->n;
        row->lane_ms = c->lane_ms;
        memcpy(row->next, c->next, sizeof(row->next));
    }
    rlv_cli_bar("events", all, all);
    rlv_rebuild_close(rebuild);
    free(c);
    return rc;
}
