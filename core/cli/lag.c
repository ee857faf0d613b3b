/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `relevo lag`: how far behind each partition is. Where a lane stands is what Postgres says: the group's
 * offsets in Kafka are for other tools, and late. It reads and changes nothing.
 */
#include <inttypes.h>
#include <jansson.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/kafka.h"

enum {
    ROWS_MAX = 65536,
    AGES_WAIT_MS = 5000,
    WATCH_MS = 2000
};

static const char help[] = "Usage: relevo lag [--watch] [--json] [--config FILE]\n\n"
                           "  --watch  again every two seconds, until it is interrupted, with what was decided in between\n"
                           "  --json   one line for machines; with --watch a line each time\n\n"
                           "For each input partition: the end in Kafka, the next offset that its lane reads "
                           "(as Postgres has it), how many\n"
                           "messages lie between, and how long ago the oldest of them arrived. A lane that "
                           "has not read anything yet shows '-'.\n";

/* One partition of one input topic. */
struct row {
    const char *topic;
    int32_t partition;
    int64_t low, end;
    int64_t next;   /* -1: the lane never read it */
    int64_t behind; /* messages */
    double pace;    /* decided a second since the look before; -1: not known */
    double seconds; /* 0: nothing waits; -1: not known */
};

struct table {
    const rlv_config *config;
    rd_kafka_t *rk;
    struct row *rows;
    size_t n;
    bool watched;
};

/* ---- Kafka
 * ---------------------------------------------------------------------------------------------------------
 */

static int add_topic(struct table *t, const struct rd_kafka_metadata *metadata, const char *name,
                     rlv_error *err)
{
    const struct rd_kafka_metadata_topic *found = rlv_cli_topic(metadata, name);
    if (!found || found->partition_cnt == 0)
        return rlv_error_set(err, RLV_E_CONFIG, "topic %s is missing: `relevo topics create` makes it", name);
    for (int32_t p = 0; p < found->partition_cnt && t->n < ROWS_MAX; p++) {
        struct row *row = &t->rows[t->n];
        *row = (struct row){.topic = name, .partition = p, .next = -1, .pace = -1};
        rd_kafka_resp_err_t code;
        int64_t until_us = rlv_clock_mono_us() + (int64_t)RLV_CLI_WAIT_MS * 1000;
        do {
            code = rd_kafka_query_watermark_offsets(t->rk, name, p, &row->low, &row->end, RLV_CLI_WAIT_MS);
        } while (rlv_cli_again(code, until_us));
        if (code)
            return rlv_cli_kafka_error(err, code, t->config, name);
        t->n++;
    }
    return RLV_OK;
}

static int read_ends(struct table *t, rlv_error *err)
{
    const struct rd_kafka_metadata *metadata;
    int rc = rlv_cli_metadata(t->rk, t->config, &metadata, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < t->config->topics.n_events && rc == RLV_OK; i++)
        rc = add_topic(t, metadata, t->config->topics.events[i], err);
    if (rc == RLV_OK)
        rc = add_topic(t, metadata, t->config->topics.results, err);
    rd_kafka_metadata_destroy(metadata);
    return rc;
}

/* ---- Postgres
 * ------------------------------------------------------------------------------------------------------ */

static void note_next(struct table *t, const char *topic, int64_t lane, int64_t next)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->rows[i].partition == lane && strcmp(t->rows[i].topic, topic) == 0)
            t->rows[i].next = next;
}

/* libpq's messages have several lines; the first says it. */
static int postgres_error(rlv_error *err, PGconn *conn, int code)
{
    const char *message = PQerrorMessage(conn);
    return rlv_error_set(err, code, "Postgres: %.*s", (int)strcspn(message, "\n"), message);
}

static int read_next(struct table *t, rlv_error *err)
{
    const char *const keys[] = {"dbname", "application_name", "connect_timeout", NULL};
    const char *const values[] = {t->config->postgres, "relevo lag", "10", NULL};
    PGconn *conn = PQconnectdbParams(keys, values, 1);
    int rc = RLV_OK;
    PGresult *result = NULL;
    if (PQstatus(conn) != CONNECTION_OK) {
        rc = postgres_error(err, conn, RLV_E_UNAVAILABLE);
    } else {
        result = PQexec(conn, "SELECT lane, topic, next_offset FROM relevo.offsets");
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        if (state && strcmp(state, "42P01") == 0) /* no such table */
            rc = rlv_error_set(err, RLV_E_CONFIG, "this database has no Relevo schema: run `relevo migrate`");
        else if (PQresultStatus(result) != PGRES_TUPLES_OK)
            rc = postgres_error(err, conn, RLV_E_IO);
    }
    for (int i = 0; rc == RLV_OK && i < PQntuples(result); i++) {
        int64_t lane, next;
        if (rlv_str_int(rlv_str_from(PQgetvalue(result, i, 0)), &lane) &&
            rlv_str_int(rlv_str_from(PQgetvalue(result, i, 2)), &next))
            note_next(t, PQgetvalue(result, i, 1), lane, next);
    }
    PQclear(result);
    PQfinish(conn);
    return rc;
}

/* ---- how old
 * ------------------------------------------------------------------------------------------------------- */

static void compare(struct table *t)
{
    for (size_t i = 0; i < t->n; i++) {
        struct row *row = &t->rows[i];
        int64_t from = row->next < row->low ? row->low : row->next;
        row->behind = row->end > from ? row->end - from : 0;
        row->seconds = row->behind ? -1 : 0;
    }
}

static struct row *row_of(struct table *t, const rd_kafka_message_t *message)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->rows[i].partition == message->partition &&
            strcmp(t->rows[i].topic, rd_kafka_topic_name(message->rkt)) == 0)
            return &t->rows[i];
    return NULL;
}

/* The first waiting message of each partition tells since when it waits. Those that do not come in time stay
 * unknown. */
static int read_ages(struct table *t, rlv_error *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)t->n);
    size_t wanted = 0;
    for (size_t i = 0; i < t->n; i++) {
        struct row *row = &t->rows[i];
        if (!row->behind)
            continue;
        rd_kafka_topic_partition_list_add(list, row->topic, row->partition)->offset =
            row->next < row->low ? row->low : row->next;
        wanted++;
    }
    rd_kafka_resp_err_t code = wanted ? rd_kafka_assign(t->rk, list) : RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_topic_partition_list_destroy(list);
    if (code)
        return rlv_cli_kafka_error(err, code, t->config, "reading the oldest messages");
    int64_t until = rlv_clock_mono_us() + AGES_WAIT_MS * 1000;
    while (wanted > 0 && rlv_clock_mono_us() < until) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(t->rk, 100);
        if (!message)
            continue;
        struct row *row = message->err ? NULL : row_of(t, message);
        int64_t at = rd_kafka_message_timestamp(message, NULL);
        if (row && row->seconds < 0) {
            double age = (double)(rlv_clock_wall_ms() - at) / 1000;
            row->seconds = age > 0 ? age : 0;
            wanted--;
        }
        rd_kafka_message_destroy(message);
    }
    (void)rd_kafka_assign(t->rk, NULL);
    return RLV_OK;
}

/* ---- output
 * -------------------------------------------------------------------------------------------------------- */

static void print_pace(const struct table *t, double pace)
{
    if (!t->watched)
        (void)puts("");
    else if (pace < 0)
        (void)printf(" %9s\n", "?");
    else
        (void)printf(" %9.1f\n", pace);
}

static void print_table(const struct table *t)
{
    int64_t behind = 0;
    double oldest = 0, pace = -1;
    (void)printf("%-32s %9s %12s %12s %10s %9s%s\n", "TOPIC", "PARTITION", "END", "NEXT", "BEHIND", "SECONDS", t->watched ? "  DECIDED/S" : "");
    for (size_t i = 0; i < t->n; i++) {
        const struct row *row = &t->rows[i];
        char next[32] = "-", seconds[32] = "?";
        if (row->next >= 0)
            (void)snprintf(next, sizeof(next), "%" PRId64, row->next);
        if (row->seconds >= 0)
            (void)snprintf(seconds, sizeof(seconds), "%.1f", row->seconds);
        (void)printf("%-32s %9d %12" PRId64 " %12s %10" PRId64 " %9s", row->topic, row->partition, row->end,
                     next, row->behind, seconds);
        print_pace(t, row->pace);
        if (row->pace >= 0)
            pace = (pace < 0 ? 0 : pace) + row->pace;
        behind += row->behind;
        oldest = row->seconds > oldest ? row->seconds : oldest;
    }
    (void)printf("%-32s %9s %12s %12s %10" PRId64 " %9.1f", "all", "", "", "", behind, oldest);
    print_pace(t, pace);
}

/* What is not known is null, never -1: a machine must not average it. */
static int print_json(const struct table *t)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < t->n; i++) {
        const struct row *row = &t->rows[i];
        json_t *next = row->next >= 0 ? json_integer(row->next) : json_null();
        json_t *seconds = row->seconds >= 0 ? json_real(row->seconds) : json_null();
        json_t *pace = row->pace >= 0 ? json_real(row->pace) : json_null();
        (void)json_array_append_new(rows, json_pack("{s:s, s:i, s:I, s:o, s:I, s:o, s:o}", "topic", row->topic,
                                                    "partition", row->partition, "end", (json_int_t)row->end,
                                                    "next", next, "behind", (json_int_t)row->behind,
                                                    "seconds", seconds, "decided_per_second", pace));
    }
    return rlv_cli_put_json(json_pack("{s:o}", "partitions", rows));
}

/* One look at everything, into t. */
static int look(struct table *t, rlv_error *err)
{
    t->n = 0;
    int rc = read_ends(t, err);
    if (rc == RLV_OK)
        rc = read_next(t, err);
    if (rc)
        return rc;
    compare(t);
    return read_ages(t, err);
}

/* How fast each went since the look before, which is kept in `was`. */
static void measure(struct table *t, struct row *was, size_t *n_was, int64_t *was_us)
{
    int64_t now_us = rlv_clock_mono_us();
    double seconds = (double)(now_us - *was_us) / 1e6;
    for (size_t i = 0; i < t->n; i++) {
        struct row *row = &t->rows[i];
        bool known = *n_was == t->n && row->next >= 0 && was[i].next >= 0 && seconds > 0;
        row->pace = known ? (double)(row->next - was[i].next) / seconds : -1;
    }
    memcpy(was, t->rows, t->n * sizeof(*was));
    *n_was = t->n;
    *was_us = now_us;
}

static int put(const struct table *t, bool json)
{
    if (t->watched && !json && isatty(STDOUT_FILENO))
        (void)fputs("\x1b[H\x1b[2J", stdout); /* a clear screen each time */
    if (json)
        return print_json(t);
    print_table(t);
    return EX_OK;
}

static int run(struct table *t, bool json)
{
    static const char *const own[][2] = {{"group.id", "relevo-lag"},
                                         {"enable.auto.commit", "false"},
                                         {"enable.partition.eof", "false"},
                                         {"auto.offset.reset", "earliest"},
                                         {"isolation.level", "read_committed"},
                                         {"queued.min.messages", "1"},
                                         {"allow.auto.create.topics", "false"}};
    rlv_error err;
    struct row *was = t->watched ? calloc(ROWS_MAX, sizeof(*was)) : NULL;
    size_t n_was = 0;
    int64_t was_us = 0;
    if (t->watched && !was)
        return EX_OSERR;
    int rc = rlv_cli_client(t->config, RD_KAFKA_CONSUMER, "lag", own, sizeof(own) / sizeof(*own), &t->rk, &err), code = EX_OK;
    for (bool first = true; rc == RLV_OK && code == EX_OK && (first || (t->watched && !ferror(stdout))); first = false) {
        if (!first)
            rlv_clock_sleep_ms(WATCH_MS);
        rc = look(t, &err);
        if (rc == RLV_OK && t->watched)
            measure(t, was, &n_was, &was_us);
        if (rc == RLV_OK)
            code = put(t, json);
        (void)fflush(stdout);
        if (t->watched && (rc == RLV_E_UNAVAILABLE || rc == RLV_E_TIMEOUT)) { /* it may come back: that is what one watches for */
            (void)rlv_cli_fail(&err);
            rc = RLV_OK;
        }
    }
    free(was);
    return rc ? rlv_cli_fail(&err) : code;
}

int rlv_cli_lag(int argc, char **argv)
{
    bool json = false, watched = false;
    const rlv_cli_flag flags[] = {{"json", NULL, &json}, {"watch", NULL, &watched}};
    rlv_config *config;
    int rc = rlv_cli_configured(argc, argv, help, flags, 2, &config);
    if (rc >= 0)
        return rc;
    struct table t = {.config = config, .rows = calloc(ROWS_MAX, sizeof(*t.rows)), .watched = watched};
    rc = t.rows ? run(&t, json) : EX_OSERR;
    if (t.rk)
        rd_kafka_destroy(t.rk);
    free(t.rows);
    rlv_config_free(config);
    return rc;
}
