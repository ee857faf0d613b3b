/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays recorded transactions into Postgres as fast as one connection takes them: the calls between two COPYs are one
 * pipeline, and each is sent when the one before it was answered. `bare_postgres CONNINFO RECORDING [slices]` prints the seconds of it
 * all, of all but the first transaction, and of each statement; the last are right with `slices` only. The
 * parameters are in memory before the clock starts. Bench lane compares Relevo with it: it must never use
 * Relevo's code.
 *
 * The recording (replay.py), numbers as uint32 of this machine:
 *     statements: count, then name and SQL of each       transactions: count, then of each the count of its
 * calls a call: statement, count of parameters, then each  a text or parameter: length, bytes, a NUL
 */
#define _GNU_SOURCE
#include <libpq-fe.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    STATEMENTS_MAX = 32,
    PARAMETERS_MAX = 32
};

static const char *at, *end;
static const char *names[STATEMENTS_MAX];
static const char *texts[STATEMENTS_MAX]; /* of a COPY; else NULL */
static double spent[STATEMENTS_MAX];

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bare_postgres: %s: %s\n", what, why);
    exit(1);
}

static double seconds(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint32_t number(void)
{
    uint32_t n;
    if (end - at < (ptrdiff_t)sizeof(n))
        die("the recording", "it ends too soon");
    memcpy(&n, at, sizeof(n));
    at += sizeof(n);
    return n;
}

static const char *bytes(uint32_t *ret_len)
{
    uint32_t len = number();
    const char *p = at;
    if (end - at < (ptrdiff_t)len + 1)
        die("the recording", "it ends too soon");
    at += len + 1;
    if (ret_len)
        *ret_len = len;
    return p;
}

static char *slurp(const char *path, size_t *ret_len)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END) != 0)
        die(path, "cannot be read");
    long len = ftell(f);
    char *data = malloc((size_t)len + 1);
    rewind(f);
    if (!data || fread(data, 1, (size_t)len, f) != (size_t)len)
        die(path, "cannot be read");
    (void)fclose(f);
    *ret_len = (size_t)len;
    return data;
}

static void prepare(PGconn *conn)
{
    uint32_t n = number();
    if (n > STATEMENTS_MAX)
        die("the recording", "too many statements");
    for (uint32_t i = 0; i < n; i++) {
        names[i] = bytes(NULL);
        const char *text = bytes(NULL);
        if (strncmp(text, "COPY ", 5) == 0) {
            texts[i] = text;
            continue;
        }
        PGresult *r = PQprepare(conn, names[i], text, 0, NULL);
        if (PQresultStatus(r) != PGRES_COMMAND_OK)
            die(names[i], PQerrorMessage(conn));
        PQclear(r);
    }
}

static void send_call(PGconn *conn, uint32_t statement)
{
    const char *values[PARAMETERS_MAX];
    int lengths[PARAMETERS_MAX], formats[PARAMETERS_MAX];
    uint32_t n = number();
    if (statement >= STATEMENTS_MAX || !names[statement] || n > PARAMETERS_MAX)
        die("the recording", "a call of nothing");
    for (uint32_t i = 0; i < n; i++) {
        uint32_t len;
        values[i] = bytes(&len);
        lengths[i] = (int)len;
        formats[i] = 1;
    }
    if (PQsendQueryPrepared(conn, names[statement], (int)n, values, lengths, formats, 1) != 1)
        die(names[statement], PQerrorMessage(conn));
}

/* The results of n calls. Between them PQgetResult gives a NULL; the time until a call's result is that
 * call's. */
static void receive(PGconn *conn, const uint32_t *called, uint32_t n, double since)
{
    for (uint32_t i = 0; i < n; i++)
        for (PGresult *r; (r = PQgetResult(conn)); PQclear(r)) {
            ExecStatusType status = PQresultStatus(r);
            if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
                die(names[called[i]], PQresultErrorMessage(r));
            double now = seconds();
            spent[called[i]] += now - since;
            since = now;
        }
}

static void sync_pipeline(PGconn *conn, const uint32_t *called, uint32_t n, int slices, double since)
{
    if (PQpipelineSync(conn) != 1)
        die("pipeline", PQerrorMessage(conn));
    if (!slices)
        receive(conn, called, n, since);
    PGresult *r = PQgetResult(conn);
    if (PQresultStatus(r) != PGRES_PIPELINE_SYNC)
        die("pipeline", PQerrorMessage(conn));
    PQclear(r);
    if (PQexitPipelineMode(conn) != 1)
        die("pipeline", PQerrorMessage(conn));
}

/* Its one parameter is the stream. */
static void copy(PGconn *conn, uint32_t statement)
{
    double since = seconds();
    uint32_t len;
    if (number() != 1)
        die(names[statement], "a COPY has one parameter");
    const char *data = bytes(&len);
    PGresult *r = PQexec(conn, texts[statement]);
    if (PQresultStatus(r) != PGRES_COPY_IN)
        die(names[statement], PQerrorMessage(conn));
    PQclear(r);
    if (PQputCopyData(conn, data, (int)len) != 1 || PQputCopyEnd(conn, NULL) != 1)
        die(names[statement], PQerrorMessage(conn));
    receive(conn, &statement, 1, since);
}

/* One transaction. With slices, each call is answered before the next is sent: then the times tell what each
 * costs. */
static void play(PGconn *conn, int slices)
{
    uint32_t n = number(), called[STATEMENTS_MAX], open = 0;
    double since = seconds();
    for (uint32_t i = 0; i < n; i++) {
        uint32_t statement = number();
        if (statement >= STATEMENTS_MAX || open >= STATEMENTS_MAX)
            die("the recording", "a call of nothing");
        if (texts[statement]) {
            if (open)
                sync_pipeline(conn, called, open, slices, since);
            open = 0;
            copy(conn, statement);
            since = seconds();
            continue;
        }
        if (!open && PQenterPipelineMode(conn) != 1)
            die("pipeline", PQerrorMessage(conn));
        called[open++] = statement;
        send_call(conn, statement);
        if (slices) {
            if (PQsendFlushRequest(conn) != 1 || PQflush(conn) != 0)
                die("pipeline", PQerrorMessage(conn));
            receive(conn, &statement, 1, since);
            since = seconds();
        }
    }
    if (open)
        sync_pipeline(conn, called, open, slices, since);
}

int main(int argc, char **argv)
{
    if (argc < 3)
        die("usage", "bare_postgres CONNINFO RECORDING [slices]");
    size_t len;
    char *data = slurp(argv[2], &len);
    at = data;
    end = data + len;
    PGconn *conn = PQconnectdb(argv[1]);
    if (PQstatus(conn) != CONNECTION_OK)
        die("Postgres", PQerrorMessage(conn));
    prepare(conn);
    uint32_t n = number();
    double begun = seconds(), first = begun;
    for (uint32_t i = 0; i < n; i++) {
        play(conn, argc > 3);
        if (i == 0)
            first = seconds();
    }
    printf("total %.6f\nafter_first %.6f\n", seconds() - begun, seconds() - first);
    for (int i = 0; i < STATEMENTS_MAX && names[i]; i++)
        printf("%s %.6f\n", names[i], spent[i]);
    PQfinish(conn);
    free(data);
    return 0;
}
