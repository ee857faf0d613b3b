/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `relevo erase`, `relevo expire` and `relevo export`: what is kept of customers, and how it goes. Postgres's functions take what is
 * published; here Kafka is asked how far that is, and the compacted topic is told. Must never take what is not published.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/kafka.h"
#include "cli/rebuild.h"
#include "store/history.h"
#include "store/privacy.h"

enum {
    SQL_TIMEOUT_MS = 600000,
    FLUSH_MS = 30000,
    PATIENCE_S = 60, /* for lanes to publish */
    CONVERSATIONS_AT_ONCE = 500,
    SENDS_AT_ONCE = 10000,
    TRIES_MAX = 30
};
static const size_t ARENA_MAX = (size_t)256 << 20;

static const char erase_help[] =
    "Usage: relevo erase --customer ID --by WHO [--json] [--config FILE]\n"
    "       relevo erase --pending [--json] [--config FILE]\n\n"
    "  --customer ID  the customer's number or id: forgotten on all business numbers\n"
    "  --by WHO       who asked for it, for the audit\n"
    "  --pending      only goes on with what is left of those who were erased before, by a desktop too\n"
    "  --json         how much that was, for machines\n\n"
    "The conversations go, with cards, timers and what plugins remembered; of the history the events keep their numbers and nothing else;\n"
    "the ownership topic gets a tombstone. What is not published yet is waited for. Not erased is what Kafka's other topics hold until\n"
    "their retention ends, and backups: after a restore, erase again before anything else.\n";
static const char expire_help[] =
    "Usage: relevo expire [--json] [--config FILE]\n\n"
    "Drops what is older than retention.months (whole months, of UTC): months of history, conversations of which nothing was heard\n"
    "since, sends. What is not published stays until it is. Run it every night; it also goes on with `relevo erase --pending`.\n\n"
    "  --json   what was dropped, for machines\n";
static const char export_help[] =
    "Usage: relevo export --customer ID [--json] [--config FILE]\n\n"
    "  --customer ID  the customer's number or id\n"
    "  --json         for machines; it is JSON without, too\n\n"
    "All that is known of the customer, as JSON: conversations with card, everything said, sends, every decision.\n";

struct work {
    const rlv_config *config;
    rlv_store *store;
    rlv_broker *broker;
    rlv_wire *wire;
    rlv_arena *arena, *scratch;
    int32_t partitions;
    bool json; /* what was done is told so */
    size_t unwritten; /* tombstones that Kafka does not have */
};

static void close_work(struct work *w)
{
    rlv_store_close(w->store);
    rlv_broker_free(w->broker);
    rlv_wire_free(w->wire);
    rlv_arena_free(w->arena);
    rlv_arena_free(w->scratch);
}

static int open_work(struct work *w, const rlv_config *config, const char *name, bool kafka, rlv_error *err)
{
    char cluster[64];
    w->config = config;
    w->arena = rlv_arena_new(ARENA_MAX);
    w->scratch = rlv_arena_new(ARENA_MAX);
    int rc = w->arena && w->scratch ? RLV_OK : rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    if (rc == RLV_OK)
        rc = (w->wire = rlv_wire_new(err)) ? RLV_OK : err->code;
    if (rc == RLV_OK)
        rc = rlv_store_open(config->postgres, name, SQL_TIMEOUT_MS, &w->store, err);
    if (rc == RLV_OK)
        rc = rlv_store_check_schema(w->store, err);
    if (rc == RLV_OK && kafka)
        rc = rlv_broker_new(config, &w->broker, err);
    if (rc == RLV_OK && kafka)
        rc = rlv_broker_topics(w->broker, RLV_CLI_WAIT_MS, cluster, &w->partitions, err);
    return rc;
}

/* ---- what is pending --------------------------------------------------------------------------------------------- */

static void on_acked(void *context, void *user, const char *why)
{
    struct work *w = context;
    (void)user;
    w->unwritten += why != NULL;
}

/* Tombstones for n conversations, surely written; then they are done. */
static int bury(struct work *w, const rlv_pending *gone, size_t n, rlv_error *err)
{
    rlv_outbox *outbox;
    w->unwritten = 0;
    int rc = rlv_outbox_new(w->config, "erase", on_acked, w, &outbox, err);
    if (rc != RLV_OK)
        return rc;
    for (size_t i = 0; rc == RLV_OK && i < n; i++) {
        char key[RLV_ID_TEXT + 1];
        rlv_id_text(gone[i].conversation_id, key);
        rlv_cli_bar("tombstones", i, n);
        int64_t until_us = rlv_clock_mono_us() + FLUSH_MS * 1000LL;
        do {
            rlv_outbox_poll(outbox);
            rc = rlv_outbox_put(outbox, w->config->topics.ownership, gone[i].lane, (rlv_str){key, RLV_ID_TEXT},
                                (rlv_str){NULL, 0}, NULL, NULL, err);
            if (rc == RLV_E_UNAVAILABLE)
                rlv_clock_sleep_ms(10);
        } while (rc == RLV_E_UNAVAILABLE && rlv_clock_mono_us() < until_us);
    }
    rlv_cli_bar("tombstones", n, n);
    rlv_outbox_free(outbox, FLUSH_MS);
    if (rc == RLV_OK && w->unwritten)
        rc = rlv_error_set(err, RLV_E_UNAVAILABLE, "%zu tombstones did not reach %s: run relevo erase --pending again",
                           w->unwritten, w->config->topics.ownership);
    return rc == RLV_OK ? rlv_privacy_done(w->store, gone, n, err) : rc;
}

/* One go at all that is pending. *ret_left: conversations that wait for their lane to publish. */
static int settle_once(struct work *w, size_t *ret_left, rlv_error *err)
{
    rlv_pending *all;
    size_t n, done = 0;
    rlv_arena_reset(w->arena);
    int rc = rlv_privacy_pending(w->store, w->arena, &all, &n, err);
    rlv_pending *gone = rc == RLV_OK ? rlv_arena_zalloc(w->arena, n + 1, sizeof(*gone)) : NULL;
    if (rc == RLV_OK && !gone)
        rc = rlv_error_set(err, RLV_E_LIMIT, "no memory for %zu conversations", n);
    for (size_t i = 0, end; rc == RLV_OK && i < n; i = end) {
        int64_t published, left = 0;
        for (end = i; end < n && all[end].lane == all[i].lane;)
            end++;
        rlv_cli_bar("conversations looked at", i, n);
        rc = rlv_cli_progress(w->broker, w->config, w->wire, all[i].lane, w->scratch, &published, err);
        if (rc == RLV_OK)
            rc = rlv_privacy_rest(w->store, all[i].lane, published, &left, err);
        for (size_t k = i; rc == RLV_OK && left == 0 && k < end; k++)
            if (all[k].seq <= published)
                gone[done++] = all[k];
    }
    rlv_cli_bar("conversations looked at", n, n);
    if (rc == RLV_OK && done)
        rc = bury(w, gone, done, err);
    if (rc == RLV_OK)
        *ret_left = n - done;
    return rc;
}

static int settle(struct work *w, rlv_error *err)
{
    size_t left = 0;
    int64_t until_us = rlv_clock_mono_us() + PATIENCE_S * 1000000LL;
    for (;;) {
        int rc = settle_once(w, &left, err);
        if (rc != RLV_OK || left == 0)
            return rc;
        if (rlv_clock_mono_us() >= until_us)
            return rlv_error_set(err, RLV_E_CONFLICT,
                                 "%zu conversations hold events that are not published yet: is `relevo consume` running? Run "
                                 "relevo erase --pending when it has caught up",
                                 left);
        rlv_clock_sleep_ms(500);
    }
}

/* ---- erase ------------------------------------------------------------------------------------------------------- */

static int erase(struct work *w, const char *customer, const char *by, rlv_error *err)
{
    int64_t conversations = 0, events = 0;
    int rc = customer ? rlv_privacy_erase(w->store, customer, by, &conversations, &events, err) : RLV_OK;
    if (rc == RLV_OK)
        rc = settle(w, err);
    if (rc != RLV_OK)
        return rc;
    if (w->json)
        return rlv_cli_put_json(json_pack("{s:I, s:I}", "conversations", (json_int_t)conversations, "events", (json_int_t)events))
                   ? rlv_error_set(err, RLV_E_LIMIT, "out of memory")
                   : RLV_OK;
    if (!customer)
        (void)puts("nothing is pending");
    else if (conversations)
        (void)printf("erased: %lld conversations, %lld events keep only their numbers\n", (long long)conversations,
                     (long long)events);
    else
        (void)puts("there is no such customer: nothing was erased");
    return RLV_OK;
}

int rlv_cli_erase(int argc, char **argv)
{
    const char *customer = NULL, *by = NULL;
    bool pending = false, json = false;
    const rlv_cli_flag flags[] = {
        {"customer", &customer, NULL}, {"by", &by, NULL}, {"pending", NULL, &pending}, {"json", NULL, &json}};
    rlv_config *config;
    int rc = rlv_cli_configured(argc, argv, erase_help, flags, sizeof(flags) / sizeof(*flags), &config);
    if (rc >= 0)
        return rc;
    struct work w = {0};
    rlv_error err;
    if (pending == (customer != NULL) || (customer && !by)) {
        rc = rlv_cli_usage("erase", "give --customer and --by, or --pending alone");
    } else {
        rc = open_work(&w, config, "relevo erase", true, &err);
        w.json = json;
        if (rc == RLV_OK)
            rc = erase(&w, customer, by, &err);
        rc = rc ? rlv_cli_fail(&err) : EX_OK;
        close_work(&w);
    }
    rlv_config_free(config);
    return rc;
}

/* ---- expire ------------------------------------------------------------------------------------------------------ */

/* Beginning of the month (UTC) before which nothing is kept. */
static int64_t keep_from(int32_t months)
{
    time_t now = (time_t)(rlv_clock_wall_ms() / 1000);
    struct tm tm;
    if (!gmtime_r(&now, &tm))
        return 0;
    struct tm first = {.tm_year = tm.tm_year, .tm_mon = tm.tm_mon - months, .tm_mday = 1};
    return (int64_t)timegm(&first) * 1000;
}

static int expire_months(struct work *w, int64_t before_ms, rlv_str *ret, rlv_error *err)
{
    int64_t *published = calloc((size_t)w->partitions, sizeof(*published));
    int rc = published ? RLV_OK : rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    for (int32_t lane = 0; rc == RLV_OK && lane < w->partitions; lane++)
        rc = rlv_cli_progress(w->broker, w->config, w->wire, lane, w->scratch, &published[lane], err);
    for (int tries = 0; rc == RLV_OK; tries++) {
        rc = rlv_privacy_expire_months(w->store, before_ms, published, (size_t)w->partitions, w->arena, ret, err);
        if (rc != RLV_E_CONFLICT || tries >= TRIES_MAX)
            break;
        rlv_clock_sleep_ms(1000);
        rc = RLV_OK;
    }
    free(published);
    return rc;
}

static int tell_dropped(rlv_str months, int64_t conversations, int64_t sends, rlv_error *err)
{
    json_t *whole = json_pack("{s:s%, s:I, s:I}", "months", months.len ? months.ptr : "", months.len, "conversations",
                              (json_int_t)conversations, "sends", (json_int_t)sends);
    return rlv_cli_put_json(whole) ? rlv_error_set(err, RLV_E_LIMIT, "out of memory") : RLV_OK;
}

static int expire(struct work *w, rlv_error *err)
{
    int64_t before_ms = keep_from(w->config->retention.months), conversations = 0, sends = 0, n = 1;
    rlv_str months = {NULL, 0};
    int rc = expire_months(w, before_ms, &months, err);
    if (rc == RLV_OK && !w->json)
        (void)printf("months of history dropped: %.*s\n", RLV_STR_ARG(months.len ? months : RLV_STR("none")));
    while (rc == RLV_OK && n) {
        rc = rlv_privacy_expire_conversations(w->store, before_ms, CONVERSATIONS_AT_ONCE, &n, err);
        conversations += rc == RLV_OK ? n : 0;
        rlv_cli_bar("conversations dropped", (size_t)conversations, 0);
    }
    for (n = 1; rc == RLV_OK && n;) {
        rc = rlv_privacy_expire_sends(w->store, before_ms, SENDS_AT_ONCE, &n, err);
        sends += rc == RLV_OK ? n : 0;
        rlv_cli_bar("sends dropped", (size_t)sends, 0);
    }
    rlv_cli_bar("", 0, 0);
    if (rc == RLV_OK)
        rc = settle(w, err);
    if (rc == RLV_OK && w->json)
        return tell_dropped(months, conversations, sends, err);
    if (rc == RLV_OK)
        (void)printf("conversations: %lld, sends: %lld\n", (long long)conversations, (long long)sends);
    return rc;
}

int rlv_cli_expire(int argc, char **argv)
{
    bool json = false;
    const rlv_cli_flag flags[] = {{"json", NULL, &json}};
    rlv_config *config;
    int rc = rlv_cli_configured(argc, argv, expire_help, flags, 1, &config);
    if (rc >= 0)
        return rc;
    struct work w = {0};
    rlv_error err;
    rc = open_work(&w, config, "relevo expire", true, &err);
    w.json = json;
    if (rc == RLV_OK && config->retention.months)
        rc = expire(&w, &err);
    else if (rc == RLV_OK)
        rc = settle(&w, &err);
    if (rc == RLV_OK && !config->retention.months && json)
        rc = tell_dropped((rlv_str){NULL, 0}, 0, 0, &err);
    else if (rc == RLV_OK && !config->retention.months)
        (void)puts("retention.months is 0: everything is kept");
    rc = rc ? rlv_cli_fail(&err) : EX_OK;
    close_work(&w);
    rlv_config_free(config);
    return rc;
}

/* ---- export ------------------------------------------------------------------------------------------------------ */

/* Every decision about a conversation, into its object. */
static int add_decisions(struct work *w, json_t *conversation, rlv_error *err)
{
    rlv_id id;
    rlv_past *events;
    size_t n_events;
    json_t *all = json_array();
    json_t *list[RLV_REBUILD_DECISIONS_MAX];
    if (!rlv_id_parse(rlv_str_from(json_string_value(json_object_get(conversation, "conversation_id"))), &id))
        return rlv_error_set(err, RLV_E_DECODE, "a conversation without an id");
    rlv_arena_reset(w->scratch);
    int rc = rlv_history_read(w->store, &id, 1, 253402300800000 /* the year 10000 */, w->scratch, &events, &n_events, err);
    for (size_t i = 0; rc == RLV_OK && i < n_events; i++) {
        size_t n;
        rc = rlv_rebuild_decisions(w->wire, w->scratch, events[i].decided, list, &n, err);
        for (size_t k = 0; k < n; k++)
            (void)json_array_append_new(all, list[k]);
    }
    (void)json_object_set_new(conversation, "decisions", all);
    return rc;
}

static int export(struct work *w, const char *customer, rlv_error *err)
{
    rlv_str text;
    int rc = rlv_privacy_export(w->store, customer, w->arena, &text, err);
    json_t *whole = rc == RLV_OK ? json_loadb(text.ptr, text.len, 0, NULL) : NULL, *one;
    if (rc == RLV_OK && !whole)
        rc = rlv_error_set(err, RLV_E_LIMIT, "no memory for all that is known of them");
    if (rc == RLV_OK)
        rc = rlv_history_begin(w->store, err);
    size_t i;
    json_array_foreach(json_object_get(whole, "conversations"), i, one) {
        if (rc == RLV_OK)
            rc = add_decisions(w, one, err);
    }
    char *dumped = rc == RLV_OK ? json_dumps(whole, JSON_INDENT(2)) : NULL;
    if (rc == RLV_OK && (!dumped || puts(dumped) < 0 || fflush(stdout) != 0))
        rc = rlv_error_set(err, RLV_E_IO, "it could not be written");
    free(dumped);
    json_decref(whole);
    return rc;
}

int rlv_cli_export(int argc, char **argv)
{
    const char *customer = NULL;
    bool json = false; /* as with other commands; it prints nothing else */
    const rlv_cli_flag flags[] = {{"customer", &customer, NULL}, {"json", NULL, &json}};
    rlv_config *config;
    int rc = rlv_cli_configured(argc, argv, export_help, flags, sizeof(flags) / sizeof(*flags), &config);
    if (rc >= 0)
        return rc;
    struct work w = {0};
    rlv_error err;
    if (!customer) {
        rc = rlv_cli_usage("export", "whose? --customer");
    } else {
        rc = open_work(&w, config, "relevo export", false, &err);
        if (rc == RLV_OK)
            rc = export(&w, customer, &err);
        rc = rc ? rlv_cli_fail(&err) : EX_OK;
        close_work(&w);
    }
    rlv_config_free(config);
    return rc;
}
