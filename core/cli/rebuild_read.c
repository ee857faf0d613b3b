/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lane's partitions of decisions, ownership, outbound, effects and dead letters, read side by side; see
 * rebuild.h. All are in the order of the lane's sequence, and an event's records carry the ids of its
 * decisions. Dead letters carry no sequence: they are the events that decisions leave out, in the order in
 * which they were published. The inputs are read beside them, as far as they are still there: they tell by what else a customer is known.
 */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "broker/broker.h"
#include "cli/kafka.h"
#include "cli/rebuild.h"
#include "registry/registry.h"
#include "store/store.h"

enum {
    OUTPUTS = 4,
    DEAD_MAX = 16,
    STALL_MS = 30000,
    MARGIN_MS = 60 * 60 * 1000,
    NEAR_MS = 60 * 1000,
    DECISIONS_MAX = 4096
};
enum {
    SCRATCH_MAX = 256 * 1024 * 1024
};

/* One partition, from some offset to where it ended when it was opened. */
struct cursor {
    rd_kafka_topic_t *rkt;
    const char *name;
    int64_t low, high, start;
    bool started, ended;
    rd_kafka_message_t *head; /* the next record; NULL: not looked yet, or ended */
    json_t *json;             /* of head, when it is one of ours */
};

struct rlv_rebuild {
    const rlv_config *config;
    const rlv_rebuild_range *range;
    rlv_wire *wire;
    rlv_arena *scratch;
    rd_kafka_t *rk;
    struct cursor outputs[OUTPUTS]; /* decisions, ownership, outbound, effects */
    struct cursor dead[DEAD_MAX];
    char dead_names[DEAD_MAX][260];
    size_t n_dead;
    struct cursor inputs[RLV_INPUTS_MAX]; /* as range.topics */
    rlv_registry *registry;               /* of their writers' schemas; NULL: none is configured */
    int64_t seq; /* the last one that was given */
    int64_t lane_ms;
    uint64_t config_hash;
    rlv_str wa_id, user_id; /* of the event at hand: decisions name only one of them */
};

static const enum rlv_topic output_kinds[OUTPUTS] = {RLV_TOPIC_DECISIONS, RLV_TOPIC_OWNERSHIP,
                                                     RLV_TOPIC_OUTBOUND, RLV_TOPIC_EFFECTS};

/* ---- cursors
 * --------------------------------------------------------------------------------------------------- */

static void drop_head(struct cursor *c)
{
    json_decref(c->json);
    c->json = NULL;
    if (c->head)
        rd_kafka_message_destroy(c->head);
    c->head = NULL;
}

static void cursor_stop(struct cursor *c, int32_t lane)
{
    drop_head(c);
    if (c->started)
        (void)rd_kafka_consume_stop(c->rkt, lane);
    c->started = c->ended = false;
}

static int cursor_start(struct cursor *c, int32_t lane, int64_t start, rlv_error *err)
{
    cursor_stop(c, lane);
    c->start = start < c->low ? c->low : start;
    c->ended = c->start >= c->high;
    if (c->ended)
        return RLV_OK;
    if (rd_kafka_consume_start(c->rkt, lane, c->start) != 0)
        return rlv_error_set(err, RLV_E_IO, "cannot read %s[%d]: %s", c->name, lane,
                             rd_kafka_err2str(rd_kafka_last_error()));
    c->started = true;
    return RLV_OK;
}

static int cursor_open(rlv_rebuild *r, struct cursor *c, const char *name, rlv_error *err)
{
    c->name = name;
    c->rkt = rd_kafka_topic_new(r->rk, name, NULL);
    rd_kafka_resp_err_t code;
    int64_t until_us = rlv_clock_mono_us() + (int64_t)RLV_CLI_WAIT_MS * 1000;
    do {
        code =
            rd_kafka_query_watermark_offsets(r->rk, name, r->range->lane, &c->low, &c->high, RLV_CLI_WAIT_MS);
    } while (rlv_cli_again(code, until_us));
    return code ? rlv_cli_kafka_error(err, code, r->config, name) : RLV_OK;
}

/* The first offset of a record as young as at_ms; the end when there is none. */
static int64_t offset_at(const rlv_rebuild *r, const struct cursor *c, int64_t at_ms)
{
    if (at_ms <= 0)
        return c->low;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, c->name, r->range->lane)->offset = at_ms;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(r->rk, list, RLV_CLI_WAIT_MS);
    int64_t offset = code || list->elems[0].err ? c->low : list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return offset < 0 ? c->high
                      : offset; /* a question that fails costs time only: it is read from the beginning */
}

/* Fills head, unless the end is reached. */
static int peek(rlv_rebuild *r, struct cursor *c, rlv_error *err)
{
    int64_t until_us = rlv_clock_mono_us() + (int64_t)STALL_MS * 1000;
    while (!c->head && !c->ended) {
        rd_kafka_message_t *m = rd_kafka_consume(c->rkt, r->range->lane, 100);
        if (!m) {
            if (rlv_clock_mono_us() > until_us)
                return rlv_cli_kafka_error(err, RD_KAFKA_RESP_ERR__TIMED_OUT, r->config, c->name);
            continue;
        }
        if (!m->err) {
            c->head = m;
            return RLV_OK;
        }
        rd_kafka_resp_err_t code = m->err;
        c->ended = code == RD_KAFKA_RESP_ERR__PARTITION_EOF && m->offset >= c->high;
        rd_kafka_message_destroy(m);
        if (code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE || code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
            code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
            return rlv_cli_kafka_error(err, code, r->config, c->name);
    }
    return RLV_OK;
}

/* The same for records of ours: json is theirs. A record of another lane, or none of ours, is an error. */
static int peek_json(rlv_rebuild *r, struct cursor *c, rlv_error *err)
{
    int rc = peek(r, c, err);
    if (rc || !c->head || c->json)
        return rc;
    rlv_str text;
    rlv_arena_reset(r->scratch);
    rc = rlv_wire_to_json(r->wire, r->scratch, (rlv_str){c->head->payload, c->head->len}, &text, err);
    if (rc == RLV_OK)
        c->json = json_loadb(text.ptr, text.len, 0, NULL);
    if (rc == RLV_OK && !c->json)
        rc = rlv_error_set(err, RLV_E_DECODE, "not to be read as JSON");
    if (rc != RLV_OK) {
        err->code = RLV_E_REFUSED;
        return rlv_error_wrap(err, "%s[%d]@%lld", c->name, r->range->lane, (long long)c->head->offset);
    }
    return RLV_OK;
}

static int64_t seq_of(const struct cursor *c)
{
    return json_integer_value(json_object_get(c->json, "seq"));
}

/* Goes to the first record after a sequence. */
static int skip_to(rlv_rebuild *r, struct cursor *c, int64_t seq, rlv_error *err)
{
    for (;;) {
        int rc = peek_json(r, c, err);
        if (rc || !c->head || seq_of(c) > seq)
            return rc;
        drop_head(c);
    }
}

/* ---- opening
 * --------------------------------------------------------------------------------------------------- */

static int make_client(rlv_rebuild *r, rlv_error *err)
{
    static const char *const own[][2] = {
        {"enable.partition.eof", "true"},      {"isolation.level", "read_committed"},
        {"allow.auto.create.topics", "false"}, {"auto.offset.reset", "error"},
        {"fetch.wait.max.ms", "50"},           {"fetch.error.backoff.ms", "20"}};
    return rlv_cli_client(r->config, RD_KAFKA_CONSUMER, "repair", own, sizeof(own) / sizeof(*own), &r->rk,
                          err);
}

/* Decisions: by time first, and from the beginning when that is too late. */
static int open_decisions(rlv_rebuild *r, rlv_error *err)
{
    struct cursor *c = &r->outputs[0];
    const rlv_rebuild_range *range = r->range;
    int rc = cursor_open(r, c, r->config->topics.decisions, err);
    if (rc == RLV_OK)
        rc = cursor_start(c, range->lane, offset_at(r, c, range->since_ms - MARGIN_MS), err);
    if (rc == RLV_OK)
        rc = peek_json(r, c, err);
    bool late = !c->head || seq_of(c) > range->after + 1;
    if (rc == RLV_OK && late && c->start > c->low)
        rc = cursor_start(c, range->lane, c->low, err);
    return rc ? rc : skip_to(r, c, range->after, err);
}

static int open_others(rlv_rebuild *r, rlv_error *err)
{
    const rlv_config *config = r->config;
    const char *const names[OUTPUTS] = {NULL, config->topics.ownership, config->topics.outbound,
                                        config->topics.effects};
    const rlv_rebuild_range *range = r->range;
    const struct cursor *decisions = &r->outputs[0];
    rd_kafka_timestamp_type_t type;
    int64_t first_ms = decisions->head ? rd_kafka_message_timestamp(decisions->head, &type) - NEAR_MS : 0;
    int rc = RLV_OK;
    for (size_t i = 1; rc == RLV_OK && i < OUTPUTS; i++) {
        rc = cursor_open(r, &r->outputs[i], names[i], err);
        if (rc == RLV_OK)
            rc = cursor_start(&r->outputs[i], range->lane, offset_at(r, &r->outputs[i], first_ms), err);
    }
    for (size_t i = 0; rc == RLV_OK && i < range->n_topics && i < DEAD_MAX; i++) {
        struct cursor *c = &r->dead[r->n_dead];
        (void)snprintf(r->dead_names[i], sizeof(r->dead_names[i]), "%s.dlq", range->topics[i]);
        r->n_dead++;
        rc = cursor_open(r, c, r->dead_names[i], err);
        if (rc == RLV_OK)
            rc = cursor_start(c, range->lane, offset_at(r, c, range->since_ms - MARGIN_MS), err);
    }
    for (size_t i = 0; rc == RLV_OK && i < range->n_topics; i++) {
        rc = cursor_open(r, &r->inputs[i], range->topics[i], err);
        if (rc == RLV_OK)
            rc = cursor_start(&r->inputs[i], range->lane, range->next[i], err);
    }
    return rc;
}

static int open_registry(rlv_rebuild *r, rlv_error *err)
{
    const rlv_config *c = r->config;
    if (!c->registry.url)
        return RLV_OK;
    const rlv_registry_options options = {.url = c->registry.url,
                                          .user = c->registry.user,
                                          .password = c->registry.password,
                                          .token = c->registry.token,
                                          .ca_file = c->registry.ca_file,
                                          .timeout_ms = c->registry.timeout_ms};
    return rlv_registry_new(&options, &r->registry, err);
}

int rlv_rebuild_open(const rlv_config *config, rlv_wire *wire, const rlv_rebuild_range *range,
                     rlv_rebuild **ret, rlv_error *err)
{
    rlv_rebuild *r = calloc(1, sizeof(*r));
    if (r)
        r->scratch = rlv_arena_new(SCRATCH_MAX);
    if (!r || !r->scratch) {
        free(r);
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    }
    r->config = config;
    r->wire = wire;
    r->range = range;
    r->seq = range->after;
    int rc = make_client(r, err);
    if (rc == RLV_OK)
        rc = open_registry(r, err);
    if (rc == RLV_OK)
        rc = open_decisions(r, err);
    if (rc == RLV_OK)
        rc = open_others(r, err);
    if (rc != RLV_OK) {
        rlv_rebuild_close(r);
        return rc;
    }
    *ret = r;
    return RLV_OK;
}

static void cursor_close(struct cursor *c, int32_t lane)
{
    if (!c->rkt)
        return;
    cursor_stop(c, lane);
    rd_kafka_topic_destroy(c->rkt);
}

void rlv_rebuild_close(rlv_rebuild *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < OUTPUTS; i++)
        cursor_close(&r->outputs[i], r->range->lane);
    for (size_t i = 0; i < r->n_dead; i++)
        cursor_close(&r->dead[i], r->range->lane);
    for (size_t i = 0; i < r->range->n_topics; i++)
        cursor_close(&r->inputs[i], r->range->lane);
    rlv_registry_free(r->registry);
    if (r->rk)
        rd_kafka_destroy(r->rk);
    rlv_arena_free(r->scratch);
    free(r);
}

/* ---- blobs
 * ----------------------------------------------------------------------------------------------------- */

static void put_u32(rlv_buf *out, size_t v)
{
    uint32_t le = htole32((uint32_t)v);
    rlv_buf_append(out, (const char *)&le, sizeof(le));
}

/* A frame of wire/pack.c. */
static void put_record(rlv_buf *out, enum rlv_topic topic, const rd_kafka_message_t *m)
{
    char kind = (char)topic;
    rlv_buf_append(out, &kind, 1);
    put_u32(out, m->len);
    rlv_buf_append(out, m->payload, m->len);
}

static void put_field(rlv_buf *out, const void *bytes, size_t len)
{
    put_u32(out, bytes ? len : UINT32_MAX); /* null is not empty */
    if (len)
        rlv_buf_append(out, bytes, len);
}

static int keep(rlv_buf *out, rlv_arena *arena, rlv_str *ret, rlv_error *err)
{
    rlv_str blob = out->failed ? (rlv_str){NULL, 0} : rlv_arena_copy(arena, rlv_buf_view(out));
    rlv_buf_free(out);
    if (!blob.len)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory for what was decided");
    *ret = blob;
    return RLV_OK;
}

/* ---- one event
 * ------------------------------------------------------------------------------------------------- */

static void note_identity(const struct cursor *c, const char *key, rlv_arena *arena, rlv_str *ret)
{
    const char *text = json_string_value(json_object_get(c->json, key));
    if (text && *text)
        *ret = rlv_arena_copy(arena, rlv_str_from(text));
}

/* Adds what was derived from a decision: records of the same id. Older ones are passed over. A message becomes "sent" in the decision, too. */
static int put_derived(rlv_rebuild *r, json_t *decision, int64_t seq, rlv_arena *arena, rlv_buf *out, rlv_error *err)
{
    const char *id = json_string_value(json_object_get(decision, "id"));
    for (size_t i = 1; i < OUTPUTS; i++) {
        struct cursor *c = &r->outputs[i];
        int rc = skip_to(r, c, seq - 1, err);
        if (rc)
            return rc;
        const char *its = c->head ? json_string_value(json_object_get(c->json, "id")) : NULL;
        if (!its || !id || strcmp(its, id) != 0)
            continue; /* none, or compacted away */
        if (output_kinds[i] == RLV_TOPIC_OUTBOUND && json_object_set(decision, "sent", c->json))
            return rlv_error_set(err, RLV_E_LIMIT, "out of memory for what was decided");
        put_record(out, output_kinds[i], c->head);
        note_identity(c, "wa_id", arena, &r->wa_id);
        note_identity(c, "user_id", arena, &r->user_id);
        drop_head(c);
    }
    return RLV_OK;
}

/* A record whose writer's schema the registry does not know was never decided; but a registry that is away knows nothing. */
static int learn_writer(rlv_rebuild *r, rlv_str record, rlv_error *err)
{
    uint32_t id;
    rlv_str schema;
    if (!r->registry || !rlv_wire_framed(record, &id) || rlv_wire_knows(r->wire, id))
        return RLV_OK;
    int rc = rlv_registry_get(r->registry, id, RLV_CLI_WAIT_MS, &schema, err);
    if (rc == RLV_OK && rlv_wire_learn_id(r->wire, id, schema, err) == RLV_E_LIMIT)
        return RLV_E_LIMIT;
    return rc == RLV_E_UNAVAILABLE ? rlv_error_wrap(err, "asking for schema %u", id) : RLV_OK;
}

/* Completes an event by the record that it was, where that is still there. */
static int take_record(rlv_rebuild *r, rlv_arena *arena, rlv_event *ev, rlv_error *err)
{
    size_t i = 0;
    while (i < r->range->n_topics && !(ev->source.kind == RLV_SOURCE_TOPIC && rlv_str_is(ev->source.topic, r->range->topics[i])))
        i++;
    if (i == r->range->n_topics)
        return RLV_OK;
    struct cursor *c = &r->inputs[i];
    int rc;
    while ((rc = peek(r, c, err)) == RLV_OK && c->head && c->head->offset < ev->source.offset)
        drop_head(c);
    if (rc != RLV_OK || !c->head || c->head->offset != ev->source.offset)
        return rc;
    rlv_event record;
    rlv_error unreadable;
    rlv_str bytes = {c->head->payload, c->head->len};
    bool results = i + 1 == r->range->n_topics;
    rc = learn_writer(r, bytes, err);
    if (rc == RLV_OK && (results ? rlv_wire_decode_result(r->wire, arena, bytes, &record, &unreadable)
                                 : rlv_wire_decode_event(r->wire, arena, bytes, &record, &unreadable)) == RLV_OK)
        rlv_rebuild_identities(ev, &record);
    return rc;
}

/* What an event came with, as its records tell; one that came without has its own row's, which is not kept. */
static rlv_trace came_with(const rlv_outcome *o, const rlv_trace *told)
{
    const rlv_trace none = {.flags = 0}, own = rlv_trace_of_row(&none, o->event->at_ms, o->lane, o->seq);
    return memcmp(told, &own, sizeof(own)) == 0 ? none : *told;
}

static int take_event(rlv_rebuild *r, rlv_arena *arena, rlv_outcome *ret, rlv_str *ret_decided,
                      rlv_error *err)
{
    struct cursor *c = &r->outputs[0];
    json_t **list = rlv_arena_zalloc(arena, DECISIONS_MAX, sizeof(json_t *));
    rlv_buf blob = RLV_BUF_INIT((size_t)64 << 20);
    int64_t seq = seq_of(c);
    rlv_trace told = rlv_broker_trace(c->head);
    size_t n = 0;
    int rc = list ? RLV_OK : rlv_error_set(err, RLV_E_LIMIT, "out of memory for what was decided");
    rlv_buf_append(&blob, "\1", 1);
    r->wa_id = r->user_id = (rlv_str){NULL, 0};
    while (rc == RLV_OK && c->head && seq_of(c) == seq && n < DECISIONS_MAX) {
        put_record(&blob, RLV_TOPIC_DECISIONS, c->head);
        rc = put_derived(r, c->json, seq, arena, &blob, err);
        list[n++] = json_incref(c->json);
        drop_head(c);
        if (rc == RLV_OK)
            rc = peek_json(r, c, err);
    }
    if (rc == RLV_OK)
        rc = rlv_rebuild_outcome(list, n, r->wa_id, r->user_id, arena, ret, err);
    if (rc == RLV_OK) {
        rlv_event *event = (rlv_event *)(uintptr_t)ret->event;
        event->trace = came_with(ret, &told);
        rc = take_record(r, arena, event, err);
    }
    for (size_t i = 0; i < n; i++)
        json_decref(list[i]);
    if (rc == RLV_OK)
        return keep(&blob, arena, ret_decided, err);
    rlv_buf_free(&blob);
    return rc;
}

static bool header(const rd_kafka_message_t *m, const char *name, rlv_str *ret)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t len;
    char full[64];
    (void)snprintf(full, sizeof(full), "__connect.errors.%s", name);
    if (rd_kafka_message_headers(m, &headers) || rd_kafka_header_get_last(headers, full, &value, &len))
        return false;
    *ret = (rlv_str){value, len};
    return true;
}

/* Where a dead letter came from; false when it is none of this lane after the range's beginning. */
static bool dead_source(const rlv_rebuild *r, const rd_kafka_message_t *m, rlv_arena *arena, rlv_source *ret)
{
    rlv_str topic, partition, offset;
    int64_t number, at;
    if (!header(m, "topic", &topic) || !header(m, "partition", &partition) || !header(m, "offset", &offset) ||
        !rlv_str_int(partition, &number) || number != r->range->lane || !rlv_str_int(offset, &at))
        return false;
    for (size_t i = 0; i < r->range->n_topics; i++) {
        if (!rlv_str_is(topic, r->range->topics[i]) || at < r->range->next[i])
            continue;
        *ret = (rlv_source){RLV_SOURCE_TOPIC, rlv_arena_copy(arena, topic), (int32_t)number, at};
        return true;
    }
    return false;
}

/* The oldest dead letter that was not given yet; NULL: none is left. */
static int next_dead(rlv_rebuild *r, rlv_arena *arena, struct cursor **ret, rlv_source *ret_source,
                     rlv_error *err)
{
    int64_t oldest = INT64_MAX;
    *ret = NULL;
    for (size_t i = 0; i < r->n_dead; i++) {
        struct cursor *c = &r->dead[i];
        rlv_source source;
        int rc;
        while ((rc = peek(r, c, err)) == RLV_OK && c->head && !dead_source(r, c->head, arena, &source))
            drop_head(c);
        if (rc)
            return rc;
        rd_kafka_timestamp_type_t type;
        int64_t at_ms = c->head ? rd_kafka_message_timestamp(c->head, &type) : INT64_MAX;
        if (at_ms >= oldest)
            continue;
        oldest = at_ms;
        *ret = c;
        *ret_source = source;
    }
    return RLV_OK;
}

/* As lane/dead.c packs it. */
static void put_dead(rlv_buf *out, const char *topic, const rd_kafka_message_t *m)
{
    rlv_buf fields = RLV_BUF_INIT((size_t)128 << 20);
    put_field(&fields, topic, strlen(topic));
    put_field(&fields, m->key, m->key_len);
    put_field(&fields, m->payload, m->len);
    rd_kafka_headers_t *headers;
    const char *name;
    const void *value;
    size_t len;
    if (!rd_kafka_message_headers(m, &headers))
        for (size_t i = 0; !rd_kafka_header_get_all(headers, i, &name, &value, &len); i++) {
            put_field(&fields, name, strlen(name));
            put_field(&fields, value, len);
        }
    char head[2] = {1, (char)RLV_TOPIC_DEAD};
    rlv_buf_append(out, head, sizeof(head));
    put_u32(out, fields.len);
    rlv_buf_append(out, fields.data, fields.len);
    out->failed |= fields.failed;
    rlv_buf_free(&fields);
}

static int take_dead(rlv_rebuild *r, struct cursor *c, const rlv_source *source, rlv_arena *arena,
                     rlv_outcome *ret, rlv_str *ret_decided, rlv_error *err)
{
    rlv_event *ev = rlv_arena_zalloc(arena, 1, sizeof(*ev));
    if (!ev)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory for a dead letter");
    *ev = (rlv_event){.kind = RLV_EVENT_DEAD, .source = *source, .at_ms = r->lane_ms, .trace = rlv_broker_trace(c->head)};
    rlv_buf blob = RLV_BUF_INIT((size_t)128 << 20);
    put_dead(&blob, c->name, c->head);
    drop_head(c);
    *ret = (rlv_outcome){.lane = r->range->lane, .seq = r->seq + 1, .config = r->config_hash, .event = ev};
    return keep(&blob, arena, ret_decided, err);
}

/* What decisions leave out: a dead letter, else it is lost. */
static int take_missing(rlv_rebuild *r, rlv_arena *arena, rlv_outcome *ret, rlv_str *ret_decided,
                        int64_t *ret_lost, rlv_error *err)
{
    struct cursor *c;
    rlv_source source = {0};
    int rc = next_dead(r, arena, &c, &source, err);
    if (rc == RLV_OK && c)
        rc = take_dead(r, c, &source, arena, ret, ret_decided, err);
    if (rc || c)
        return rc;
    int64_t first = r->seq + 1, last = r->outputs[0].head ? seq_of(&r->outputs[0]) - 1 : r->range->until;
    *ret = (rlv_outcome){.lane = r->range->lane, .seq = first};
    *ret_lost = last - first + 1;
    r->seq = last;
    return rlv_error_set(err, RLV_E_REFUSED,
                         "Kafka has no decision about events %lld to %lld of lane %d any more",
                         (long long)first, (long long)last, r->range->lane);
}

int rlv_rebuild_next(rlv_rebuild *r, rlv_arena *arena, rlv_outcome *ret, rlv_str *ret_decided,
                     int64_t *ret_lost, rlv_error *err)
{
    if (r->seq >= r->range->until)
        return 0;
    struct cursor *c = &r->outputs[0];
    int rc = skip_to(r, c, r->seq, err);
    if (rc)
        return -rc;
    *ret_lost = 0;
    bool there = c->head && seq_of(c) == r->seq + 1;
    if (there && r->lane_ms == 0)
        r->lane_ms = json_integer_value(json_object_get(c->json, "at"));
    rc = there ? take_event(r, arena, ret, ret_decided, err)
               : take_missing(r, arena, ret, ret_decided, ret_lost, err);
    if (rc)
        return -rc;
    r->seq = ret->seq;
    r->lane_ms = ret->event->at_ms;
    r->config_hash = ret->config;
    return 1;
}

/* ---- the end of decisions
 * -------------------------------------------------------------------------------------- */

int rlv_rebuild_last(const rlv_config *config, rlv_wire *wire, int32_t lane, int64_t *ret, int64_t *ret_at_ms,
                     rlv_error *err)
{
    const rlv_rebuild_range range = {.lane = lane};
    rlv_rebuild r = {.config = config, .wire = wire, .range = &range, .scratch = rlv_arena_new(SCRATCH_MAX)};
    struct cursor *c = &r.outputs[0];
    int64_t last = 0, at_ms = 0;
    rd_kafka_timestamp_type_t type;
    int rc = r.scratch ? make_client(&r, err) : rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    if (rc == RLV_OK)
        rc = cursor_open(&r, c, config->topics.decisions, err);
    /* Markers and aborted records follow the last committed one: look back further and further. */
    for (int64_t back = 64; rc == RLV_OK && last == 0; back *= 8) {
        rc = cursor_start(c, lane, c->high - back, err);
        bool whole = c->start == c->low;
        while (rc == RLV_OK && (rc = peek_json(&r, c, err)) == RLV_OK && c->head) {
            last = seq_of(c);
            at_ms = rd_kafka_message_timestamp(c->head, &type);
            drop_head(c);
        }
        if (whole)
            break;
    }
    cursor_close(c, lane);
    if (r.rk)
        rd_kafka_destroy(r.rk);
    rlv_arena_free(r.scratch);
    if (rc == RLV_OK) {
        *ret = last;
        *ret_at_ms = at_ms;
    }
    return rc;
}
