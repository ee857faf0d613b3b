/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `relevo timeline`: the decisions topic as people read it. What is there comes in the order of time; what
 * comes while it follows, as it comes. It reads only what is committed, joins no group, and changes nothing.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/kafka.h"
#include "cli/timeline.h"
#include "config/value.h"
#include "wire/wire.h"

enum {
    ARENA_MAX = 16 * 1024 * 1024,
    SCREEN_MAX = 4 * 1024 * 1024,
    STALL_MS = 30000,
    LANES_MAX = 4096
};

static const char help[] = "Usage: relevo timeline [options]\n\n"
                           "  --conversation ID   only this conversation, or this customer's (its UUID, or "
                           "the customer's number or id)\n"
                           "  --since TIME        only what was decided in the last 10m, 2h, ...\n"
                           "  --follow TIME       goes on for so long (30s, 5m)\n"
                           "  --until-quiet TIME  goes on until nothing new came for so long\n"
                           "  --json              a decision a line, as it is in the topic\n"
                           "  --config FILE       the configuration\n\n"
                           "Prints what was said and decided: who wrote what, and below it how it was "
                           "classified, which trigger fired and why,\n"
                           "who owns the conversation now, what the agent is told. Colours only on a "
                           "terminal, and not with NO_COLOR.\n";

struct timeline {
    const rlv_config *config;
    const char *conversation;
    int64_t since_ms, follow_ms, quiet_ms; /* 0: not asked for */
    rd_kafka_t *rk;
    rlv_wire *wire;
    rlv_arena *arena;
    rlv_timeline screen;
    json_t **kept; /* until the end of what is there was reached */
    size_t n_kept, cap_kept;
    size_t unread;
    bool json;
    bool eof[LANES_MAX];
    int lanes, at_end;
};

/* ---- what is printed
 * ----------------------------------------------------------------------------------------------- */

static int print_one(struct timeline *t, const json_t *decision, rlv_error *err)
{
    if (t->json) {
        int failed = json_dumpf(decision, stdout, JSON_COMPACT) || putchar('\n') == EOF;
        return failed ? rlv_error_set(err, RLV_E_IO, "the timeline could not be written") : RLV_OK;
    }
    rlv_buf lines = RLV_BUF_INIT(SCREEN_MAX);
    rlv_timeline_render(&t->screen, decision, &lines);
    bool ok = !lines.failed && (lines.len == 0 || fwrite(lines.data, lines.len, 1, stdout) == 1);
    rlv_buf_free(&lines);
    return ok ? RLV_OK : rlv_error_set(err, RLV_E_IO, "the timeline could not be written");
}

static int compare_numbers(const json_t *a, const json_t *b, const char *key)
{
    json_int_t x = json_integer_value(json_object_get(a, key)),
               y = json_integer_value(json_object_get(b, key));
    return (x > y) - (x < y);
}

static int by_time(const void *a, const void *b)
{
    static const char *const keys[] = {"at", "lane", "seq", "ordinal"};
    const json_t *const *x = a, *const *y = b;
    int order = 0;
    for (size_t i = 0; i < 4 && order == 0; i++)
        order = compare_numbers(*x, *y, keys[i]);
    return order;
}

static int print_kept(struct timeline *t, rlv_error *err)
{
    int rc = RLV_OK;
    if (t->n_kept)
        qsort(t->kept, t->n_kept, sizeof(*t->kept), by_time);
    for (size_t i = 0; i < t->n_kept; i++)
        rlv_timeline_foresee(&t->screen, t->kept[i]);
    for (size_t i = 0; i < t->n_kept; i++) {
        if (rc == RLV_OK)
            rc = print_one(t, t->kept[i], err);
        json_decref(t->kept[i]);
    }
    t->n_kept = 0;
    (void)fflush(stdout);
    return rc;
}

static int keep(struct timeline *t, json_t *decision, rlv_error *err)
{
    if (t->n_kept == t->cap_kept) {
        size_t cap = t->cap_kept ? t->cap_kept * 2 : 1024;
        json_t **grown = realloc(t->kept, cap * sizeof(*grown));
        if (!grown) {
            json_decref(decision);
            return rlv_error_set(err, RLV_E_LIMIT,
                                 "no memory for so many decisions: ask for less with --since");
        }
        t->kept = grown;
        t->cap_kept = cap;
    }
    t->kept[t->n_kept++] = decision;
    return RLV_OK;
}

/* ---- what is read
 * -------------------------------------------------------------------------------------------------- */

static bool wanted(const struct timeline *t, const json_t *decision)
{
    if (!t->conversation)
        return true;
    const char *id = json_string_value(json_object_get(decision, "conversation_id"));
    const char *customer = json_string_value(json_object_get(decision, "customer_id"));
    return (id && strcmp(id, t->conversation) == 0) || (customer && strcmp(customer, t->conversation) == 0);
}

/* NULL: not for us, or not to be read (counted). */
static json_t *decode(struct timeline *t, const rd_kafka_message_t *message)
{
    rlv_str text;
    rlv_error why;
    rlv_arena_reset(t->arena);
    int rc = rlv_wire_to_json(t->wire, t->arena, (rlv_str){message->payload, message->len}, &text, &why);
    json_t *decision = rc == RLV_OK ? json_loadb(text.ptr, text.len, 0, NULL) : NULL;
    if (!decision)
        t->unread++;
    if (decision && wanted(t, decision))
        return decision;
    json_decref(decision);
    return NULL;
}

/* 1: a decision for us came; 0: none; below: -code. */
static int take(struct timeline *t, bool live, rlv_error *err)
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll(t->rk, 100);
    if (!message)
        return 0;
    int came = 0;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        if (message->partition < t->lanes && !t->eof[message->partition]) {
            t->eof[message->partition] = true;
            t->at_end++;
        }
    } else if (message->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) {
        came = -rlv_cli_kafka_error(err, message->err, t->config, t->config->topics.decisions);
    } else if (!message->err) {
        json_t *decision = decode(t, message);
        if (decision) {
            int rc = live ? print_one(t, decision, err) : keep(t, decision, err);
            if (live)
                json_decref(decision);
            came = rc ? -rc : 1;
        }
    }
    rd_kafka_message_destroy(message);
    return came;
}

static int read_present(struct timeline *t, rlv_error *err)
{
    int64_t moved = rlv_clock_mono_us();
    while (t->at_end < t->lanes) {
        int before = t->at_end, came = take(t, false, err);
        if (came < 0)
            return -came;
        if (came || t->at_end != before)
            moved = rlv_clock_mono_us();
        else if (rlv_clock_mono_us() - moved > STALL_MS * 1000LL)
            return rlv_cli_kafka_error(err, RD_KAFKA_RESP_ERR__TIMED_OUT, t->config, "reading decisions");
    }
    return print_kept(t, err);
}

static int read_live(struct timeline *t, rlv_error *err)
{
    int64_t start = rlv_clock_mono_us(), last = start;
    for (;;) {
        int64_t now = rlv_clock_mono_us();
        if (t->quiet_ms ? now - last > t->quiet_ms * 1000 : now - start > t->follow_ms * 1000)
            return RLV_OK;
        int came = take(t, true, err);
        if (came < 0)
            return -came;
        if (came) {
            (void)fflush(stdout);
            last = rlv_clock_mono_us();
        }
    }
}

static int assign(struct timeline *t, rlv_error *err)
{
    const char *topic = t->config->topics.decisions;
    const struct rd_kafka_metadata *metadata;
    int rc = rlv_cli_metadata(t->rk, t->config, &metadata, err);
    if (rc)
        return rc;
    const struct rd_kafka_metadata_topic *found = rlv_cli_topic(metadata, topic);
    t->lanes = found ? found->partition_cnt : 0;
    rd_kafka_metadata_destroy(metadata);
    if (t->lanes < 1 || t->lanes > LANES_MAX)
        return rlv_error_set(err, RLV_E_CONFIG, "topic %s is missing: `relevo topics create` makes it",
                             topic);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(t->lanes);
    for (int p = 0; p < t->lanes; p++)
        rd_kafka_topic_partition_list_add(list, topic, p)->offset =
            t->since_ms ? rlv_clock_wall_ms() - t->since_ms : RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    int64_t until_us = rlv_clock_mono_us() + (int64_t)RLV_CLI_WAIT_MS * 1000;
    do {
        if (t->since_ms)
            code = rd_kafka_offsets_for_times(t->rk, list, RLV_CLI_WAIT_MS);
    } while (rlv_cli_again(code, until_us));
    if (!code)
        code = rd_kafka_assign(t->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? rlv_cli_kafka_error(err, code, t->config, topic) : RLV_OK;
}

static int run(struct timeline *t)
{
    static const char *const own[][2] = {{"group.id", "relevo-timeline"},
                                         {"enable.auto.commit", "false"},
                                         {"enable.partition.eof", "true"},
                                         {"auto.offset.reset", "earliest"},
                                         {"isolation.level", "read_committed"},
                                         {"allow.auto.create.topics", "false"},
                                         {"fetch.wait.max.ms", "50"}};
    rlv_error err;
    t->screen = (rlv_timeline){.colour = rlv_cli_colour(), .columns = rlv_cli_columns()};
    t->arena = rlv_arena_new(ARENA_MAX);
    if (!t->arena)
        return EX_OSERR;
    t->wire = rlv_wire_new(&err);
    int rc = t->wire ? RLV_OK : err.code;
    if (rc == RLV_OK)
        rc = rlv_cli_client(t->config, RD_KAFKA_CONSUMER, "timeline", own, sizeof(own) / sizeof(*own), &t->rk,
                            &err);
    if (rc == RLV_OK)
        rc = assign(t, &err);
    if (rc == RLV_OK)
        rc = read_present(t, &err);
    if (rc == RLV_OK && (t->follow_ms || t->quiet_ms))
        rc = read_live(t, &err);
    if (t->unread)
        (void)fprintf(stderr,
                      "relevo: %zu records of %s could not be read: they are no decisions of this version\n",
                      t->unread, t->config->topics.decisions);
    return rc ? rlv_cli_fail(&err) : EX_OK;
}

/* "30s", or "30" for seconds. */
static bool read_time(const char *text, int64_t *ret_ms)
{
    int64_t seconds;
    if (!text)
        return true;
    if (rlv_str_int(rlv_str_from(text), &seconds) && seconds > 0 && seconds < 1000000000) {
        *ret_ms = seconds * 1000;
        return true;
    }
    return rlv_value_duration(rlv_str_from(text), ret_ms) && *ret_ms > 0;
}

static void clean(struct timeline *t)
{
    for (size_t i = 0; i < t->n_kept; i++)
        json_decref(t->kept[i]);
    free(t->kept);
    rlv_timeline_end(&t->screen);
    if (t->rk)
        rd_kafka_destroy(t->rk);
    rlv_wire_free(t->wire);
    rlv_arena_free(t->arena);
    free(t);
}

int rlv_cli_timeline(int argc, char **argv)
{
    const char *path = NULL, *since = NULL, *follow = NULL, *quiet = NULL, *conversation = NULL;
    bool json = false;
    const rlv_cli_flag flags[] = {{"config", &path, NULL},
                                  {"conversation", &conversation, NULL},
                                  {"since", &since, NULL},
                                  {"follow", &follow, NULL},
                                  {"until-quiet", &quiet, NULL},
                                  {"json", NULL, &json}};
    int first, rc = rlv_cli_parse(argc, argv, help, flags, sizeof(flags) / sizeof(*flags), &first);
    if (rc >= 0)
        return rc;
    if (first != argc)
        return rlv_cli_usage("timeline", "unexpected '%s'", argv[first]);
    if (follow && quiet)
        return rlv_cli_usage("timeline", "--follow and --until-quiet exclude each other");
    struct timeline *t = calloc(1, sizeof(*t));
    if (!t)
        return EX_OSERR;
    t->conversation = conversation;
    t->json = json;
    rlv_config *config = NULL;
    if (!read_time(since, &t->since_ms) || !read_time(follow, &t->follow_ms) ||
        !read_time(quiet, &t->quiet_ms))
        rc = rlv_cli_usage("timeline", "a time is written 30s, 5m or 2h");
    else
        rc = rlv_cli_load(argv[0], path, &config);
    if (rc == EX_OK) {
        t->config = config;
        rc = run(t);
    }
    clean(t);
    rlv_config_free(config);
    return rc;
}
