/* SPDX-License-Identifier: Apache-2.0 */
/* Reading dead letters and their marks; see dlq.h. Must never commit an offset. */
#include <stdlib.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/dlq.h"

enum { NEAR = 1000, POLL_MS = 200, SILENCE_US = 60000000, TOPIC_NAME_MAX = 256, LETTERS_MAX = 1000000 };

#define ERRORS "__connect.errors."
enum { LANE_HEADERS = 9 }; /* that a lane adds to each (lane/dead.c) */

/* ---- headers --------------------------------------------------------------------------------------------------- */

rlv_str rlv_dlq_header(const rd_kafka_message_t *message, const char *name)
{
    rd_kafka_headers_t *headers;
    const void *value;
    size_t len;
    if (rd_kafka_message_headers(message, &headers) || rd_kafka_header_get_last(headers, name, &value, &len) || !value)
        return (rlv_str){NULL, 0};
    return (rlv_str){value, len};
}

rd_kafka_headers_t *rlv_dlq_own_headers(const rd_kafka_message_t *message)
{
    rd_kafka_headers_t *headers, *own = NULL;
    const char *name;
    const void *value;
    size_t len, n = 0, added = 0;
    if (rd_kafka_message_headers(message, &headers))
        return NULL;
    while (!rd_kafka_header_get_all(headers, n, &name, &value, &len))
        n++;
    /* The lane's are the last ones; the record may have come with some of the same names. */
    while (added < n && added < LANE_HEADERS && !rd_kafka_header_get_all(headers, n - added - 1, &name, &value, &len) &&
           strncmp(name, ERRORS, strlen(ERRORS)) == 0)
        added++;
    for (size_t i = 0; i < n - added && !rd_kafka_header_get_all(headers, i, &name, &value, &len); i++) {
        if (!own)
            own = rd_kafka_headers_new(n);
        if (own)
            (void)rd_kafka_header_add(own, name, -1, value, value ? (ssize_t)len : 0);
    }
    return own;
}

/* ---- boxes ----------------------------------------------------------------------------------------------------- */

static int add_boxes(rlv_dlq *l, const struct rd_kafka_metadata *metadata, const char *input, rlv_error *err)
{
    const char *name = rlv_arena_printf(l->arena, "%s.dlq", input);
    const struct rd_kafka_metadata_topic *found = name ? rlv_cli_topic(metadata, name) : NULL;
    if (!name)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    if (!found || found->partition_cnt == 0)
        return rlv_error_set(err, RLV_E_CONFIG, "topic %s is missing: `relevo topics create` makes it", name);
    rlv_dlq_box *more = realloc(l->boxes, (l->n_boxes + (size_t)found->partition_cnt) * sizeof(*more));
    if (!more)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    l->boxes = more;
    for (int32_t p = 0; p < found->partition_cnt; p++)
        l->boxes[l->n_boxes++] = (rlv_dlq_box){.topic = name, .partition = p};
    return RLV_OK;
}

int rlv_dlq_open(rlv_dlq *l, rlv_error *err)
{
    static const char *const own[][2] = {{"group.id", "relevo-dlq"},
                                         {"enable.auto.commit", "false"},
                                         {"enable.partition.eof", "true"},
                                         {"auto.offset.reset", "earliest"},
                                         {"isolation.level", "read_committed"},
                                         {"allow.auto.create.topics", "false"},
                                         {"receive.message.max.bytes", "220000000"}}; /* one may have 100 MiB */
    const struct rd_kafka_metadata *metadata = NULL;
    int rc = rlv_cli_client(l->config, RD_KAFKA_CONSUMER, "dlq", own, sizeof(own) / sizeof(*own), &l->rk, err);
    if (rc == RLV_OK)
        rc = rlv_cli_metadata(l->rk, l->config, &metadata, err);
    for (size_t i = 0; rc == RLV_OK && i < l->config->topics.n_events; i++)
        rc = add_boxes(l, metadata, l->config->topics.events[i], err);
    if (rc == RLV_OK)
        rc = add_boxes(l, metadata, l->config->topics.results, err);
    if (metadata)
        rd_kafka_metadata_destroy(metadata);
    return rc;
}

void rlv_dlq_close(rlv_dlq *l)
{
    if (l->rk)
        rd_kafka_destroy(l->rk);
    free(l->list);
    free(l->marks);
    free(l->boxes);
    *l = (rlv_dlq){.config = l->config, .arena = l->arena};
}

static rlv_dlq_box *box_of(rlv_dlq *l, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < l->n_boxes; i++)
        if (l->boxes[i].partition == partition && strcmp(l->boxes[i].topic, topic) == 0)
            return &l->boxes[i];
    return NULL;
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

static rlv_str kept(rlv_dlq *l, const rd_kafka_message_t *message, const char *name)
{
    rlv_str text = rlv_arena_copy(l->arena, rlv_dlq_header(message, name));
    if (text.len)
        rlv_cli_tame((char *)(uintptr_t)text.ptr, text.len, false);
    return text;
}

static rlv_dlq_letter *grow(rlv_dlq_letter **list, size_t n, size_t *cap, rlv_error *err)
{
    if (n == *cap) {
        size_t more = *cap ? *cap * 2 : 256;
        rlv_dlq_letter *bigger = more <= LETTERS_MAX ? realloc(*list, more * sizeof(**list)) : NULL;
        if (!bigger) {
            (void)rlv_error_set(err, RLV_E_LIMIT, "there are more than %zu dead letters, which is too many at once", n);
            return NULL;
        }
        *list = bigger;
        *cap = more;
    }
    return &(*list)[n];
}

/* Of a mark: the place of its letter, and what was done with it. */
static int keep_mark(rlv_dlq *l, const rlv_dlq_box *box, const rd_kafka_message_t *message, rlv_error *err)
{
    int64_t offset;
    if (!rlv_str_int(rlv_dlq_header(message, RLV_DLQ_OFFSET), &offset))
        return RLV_OK;
    rlv_dlq_letter *mark = grow(&l->marks, l->n_marks, &l->cap_marks, err);
    if (!mark)
        return err->code;
    *mark = (rlv_dlq_letter){.topic = box->topic,
                         .partition = box->partition,
                         .offset = offset,
                         .done = kept(l, message, RLV_DLQ_DONE),
                         .by = kept(l, message, RLV_DLQ_BY)};
    l->n_marks++;
    return RLV_OK;
}

static int keep(rlv_dlq *l, const rlv_dlq_box *box, const rd_kafka_message_t *message, rlv_error *err)
{
    rlv_dlq_letter *letter = grow(&l->list, l->n, &l->cap, err);
    if (!letter)
        return err->code;
    *letter = (rlv_dlq_letter){.topic = box->topic,
                           .partition = box->partition,
                           .offset = message->offset,
                           .at_ms = rd_kafka_message_timestamp(message, NULL),
                           .key = rlv_arena_copy(l->arena, (rlv_str){message->key, message->key_len}),
                           .bytes = message->len,
                           .reason = kept(l, message, ERRORS "exception.class.name"),
                           .message = kept(l, message, ERRORS "exception.message"),
                           .from_topic = kept(l, message, ERRORS "topic"),
                           .from_partition = kept(l, message, ERRORS "partition"),
                           .from_offset = kept(l, message, ERRORS "offset")};
    l->n++;
    return RLV_OK;
}

static int order(const void *a, const void *b)
{
    const rlv_dlq_letter *x = a, *y = b;
    int topics = strcmp(x->topic, y->topic);
    if (topics)
        return topics;
    if (x->partition != y->partition)
        return x->partition < y->partition ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int take(rlv_dlq *l, const rd_kafka_message_t *message, size_t *open, rlv_error *err)
{
    rlv_dlq_box *box = box_of(l, rd_kafka_topic_name(message->rkt), message->partition);
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        if (box && !box->ended)
            (*open)--;
        if (box)
            box->ended = true;
        return RLV_OK;
    }
    if (message->err || !box)
        return message->err ? rlv_cli_kafka_error(err, message->err, l->config, "reading dead letters") : RLV_OK;
    box->end = message->offset + 1;
    return rlv_dlq_header(message, RLV_DLQ_DONE).len ? keep_mark(l, box, message, err) : keep(l, box, message, err);
}

/* Marks whose letters Kafka has deleted are of no use. */
static void settle(rlv_dlq *l)
{
    if (l->n)
        qsort(l->list, l->n, sizeof(*l->list), order);
    for (size_t i = 0; l->n && i < l->n_marks; i++) {
        rlv_dlq_letter *letter = bsearch(&l->marks[i], l->list, l->n, sizeof(*l->list), order);
        if (!letter)
            continue;
        letter->done = l->marks[i].done;
        letter->by = l->marks[i].by;
    }
}

int rlv_dlq_read(rlv_dlq *l, rlv_error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)l->n_boxes);
    l->n = l->n_marks = 0;
    for (size_t i = 0; i < l->n_boxes; i++) {
        l->boxes[i].ended = false;
        l->boxes[i].end = 0;
        rd_kafka_topic_partition_list_add(list, l->boxes[i].topic, l->boxes[i].partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(l->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code)
        return rlv_cli_kafka_error(err, code, l->config, "reading dead letters");
    int rc = RLV_OK;
    size_t open = l->n_boxes;
    int64_t until_us = rlv_clock_mono_us() + SILENCE_US;
    while (rc == RLV_OK && open > 0) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(l->rk, POLL_MS);
        if (!message && rlv_clock_mono_us() > until_us)
            return rlv_cli_kafka_error(err, RD_KAFKA_RESP_ERR__TIMED_OUT, l->config, "reading dead letters");
        if (!message)
            continue;
        until_us = rlv_clock_mono_us() + SILENCE_US;
        if (message->rkt)
            rc = take(l, message, &open, err);
        else if (message->err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && message->err != RD_KAFKA_RESP_ERR__TRANSPORT)
            rc = rlv_cli_kafka_error(err, message->err, l->config, "reading dead letters");
        rd_kafka_message_destroy(message);
    }
    (void)rd_kafka_assign(l->rk, NULL);
    l->at_topic = NULL;
    settle(l);
    return rc;
}

/* ---- one of them ------------------------------------------------------------------------------------------------ */

/* Reads on where it is when the letter lies a little further on, so that many in a row cost one request. */
static int move_to(rlv_dlq *l, const rlv_dlq_letter *letter, rlv_error *err)
{
    if (l->at_topic == letter->topic && l->at_partition == letter->partition && l->at_offset <= letter->offset &&
        letter->offset - l->at_offset < NEAR)
        return RLV_OK;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, letter->topic, letter->partition)->offset = letter->offset;
    rd_kafka_resp_err_t code = rd_kafka_assign(l->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code)
        return rlv_cli_kafka_error(err, code, l->config, letter->topic);
    l->at_topic = letter->topic;
    l->at_partition = letter->partition;
    l->at_offset = letter->offset;
    return RLV_OK;
}

int rlv_dlq_fetch(rlv_dlq *l, const rlv_dlq_letter *letter, rd_kafka_message_t **ret, rlv_error *err)
{
    int rc = move_to(l, letter, err);
    int64_t until_us = rlv_clock_mono_us() + SILENCE_US;
    while (rc == RLV_OK && rlv_clock_mono_us() < until_us) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(l->rk, POLL_MS);
        if (!message)
            continue;
        bool its = message->rkt && message->partition == letter->partition &&
                   strcmp(rd_kafka_topic_name(message->rkt), letter->topic) == 0;
        if (its && !message->err)
            l->at_offset = message->offset + 1;
        if (its && !message->err && message->offset == letter->offset) {
            *ret = message;
            return RLV_OK;
        }
        bool past = its && (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF || (!message->err && message->offset > letter->offset));
        rd_kafka_message_destroy(message);
        if (past)
            return rlv_error_set(err, RLV_E_NOT_FOUND, "there is no record %s:%d:%lld: Kafka has deleted it, or never had it",
                                 letter->topic, letter->partition, (long long)letter->offset);
    }
    return rc ? rc : rlv_cli_kafka_error(err, RD_KAFKA_RESP_ERR__TIMED_OUT, l->config, letter->topic);
}
