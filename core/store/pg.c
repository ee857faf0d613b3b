/* SPDX-License-Identifier: Apache-2.0 */
/* libpq with deadlines; see pg.h. Must never wait without one: a stopped server or a half-dead network sends
   nothing. */
#include "store/pg.h"

#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"

static const int64_t epoch_2000_us = 946684800000000; /* Postgres counts from 2000-01-01 */

int64_t rlv_pg_deadline(const rlv_store *store)
{
    /* A second past the server's own, so that the server speaks first when it can. */
    return rlv_clock_mono_us() + (int64_t)(store->timeout_ms + 1000) * 1000;
}

/* Made when a connection is first opened, so that the first failure is an increase. */
static rlv_metric *failures(void)
{
    return rlv_metric_counter("relevo_postgres_failures_total",
                              "Connections to Postgres that could not be opened, were lost, or got no answer in time.", "");
}

int rlv_pg_lost(rlv_store *store, const char *what, int code, rlv_error *err)
{
    store->broken = true;
    rlv_metric_add(failures(), 1);
    const char *why = PQerrorMessage(store->conn);
    size_t len = strcspn(why, "\n");
    return rlv_error_set(err, code, "Postgres: %s%s%.*s", what, len ? ": " : "", (int)len, why);
}

/* Waits for the socket; false past the deadline. */
static bool wait_socket(rlv_store *store, short events, int64_t deadline_us)
{
    struct pollfd pfd = {.fd = PQsocket(store->conn), .events = events};
    for (;;) {
        int64_t left_ms = (deadline_us - rlv_clock_mono_us()) / 1000;
        if (left_ms <= 0)
            return false;
        int n = poll(&pfd, 1, left_ms > 1000 ? 1000 : (int)left_ms);
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
    }
}

static int connect_within(rlv_store *store, int64_t deadline_us, rlv_error *err)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
        if (state == PGRES_POLLING_FAILED)
            return rlv_pg_lost(store, "cannot connect", RLV_E_UNAVAILABLE, err);
        if (!wait_socket(store, state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline_us))
            return rlv_pg_lost(store, "no answer while connecting", RLV_E_UNAVAILABLE, err);
        state = PQconnectPoll(store->conn);
    }
    return RLV_OK;
}

static void quiet(void *arg, const char *message)
{
    (void)arg;
    (void)message; /* NOTICEs of migrations; errors come as results */
}

int rlv_store_open(const char *conninfo, const char *name, int timeout_ms, rlv_store **ret, rlv_error *err)
{
    rlv_store *store = calloc(1, sizeof(*store));
    if (!store)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    for (int i = 0; i < RLV_PG_PARAMS_MAX; i++)
        store->params[i] = RLV_BUF_INIT((size_t)256 << 20);
    store->copy = RLV_BUF_INIT((size_t)256 << 20);
    (void)failures();
    store->timeout_ms = timeout_ms;
    store->listening = -1;
    store->conninfo = strdup(conninfo);
    /* Later keywords win over those within dbname, so these are ours. Plans are made once, on tables that may be empty
       then: a scan that was right for an empty table would be kept (load cost 31 us an event instead of 2). */
    char options[400];
    (void)snprintf(options, sizeof(options),
                   "-c statement_timeout=%d -c idle_in_transaction_session_timeout=%d -c synchronous_commit=on "
                   "-c plan_cache_mode=force_generic_plan -c enable_hashjoin=off -c enable_mergejoin=off "
                   "-c enable_seqscan=off -c jit=off "
                   "-c timezone=UTC -c client_min_messages=warning",
                   timeout_ms, timeout_ms);
    char user_timeout[16];
    (void)snprintf(user_timeout, sizeof(user_timeout), "%d", timeout_ms + 1000);
    const char *const keys[] = {"dbname", "application_name", "options", "tcp_user_timeout", "client_encoding", NULL};
    const char *const values[] = {conninfo, name, options, user_timeout, "UTF8", NULL};
    store->conn = PQconnectStartParams(keys, values, 1);
    int rc;
    if (!store->conn || !store->conninfo) {
        rc = rlv_error_set(err, RLV_E_LIMIT, "out of memory");
        goto fail;
    }
    rc = connect_within(store, rlv_pg_deadline(store), err);
    if (rc != RLV_OK)
        goto fail;
    (void)PQsetNoticeProcessor(store->conn, quiet, NULL);
    if (PQsetnonblocking(store->conn, 1) != 0) {
        rc = rlv_pg_lost(store, "cannot set non-blocking", RLV_E_UNAVAILABLE, err);
        goto fail;
    }
    *ret = store;
    return RLV_OK;
fail:
    rlv_store_close(store);
    return rc;
}

void rlv_store_rest(rlv_store *store)
{
    for (int i = 0; i < RLV_PG_PARAMS_MAX; i++)
        rlv_buf_free(&store->params[i]);
    rlv_buf_free(&store->copy);
}

void rlv_store_close(rlv_store *store)
{
    if (!store)
        return;
    PQfinish(store->conn);
    rlv_store_rest(store);
    free(store->conninfo);
    free(store);
}

int rlv_store_fd(const rlv_store *store)
{
    return PQsocket(store->conn);
}

static void take_notifications(rlv_store *store)
{
    PGnotify *n;
    while ((n = PQnotifies(store->conn))) {
        store->notified = true;
        PQfreemem(n);
    }
}

bool rlv_store_notified(rlv_store *store)
{
    if (PQconsumeInput(store->conn) != 1)
        store->broken = true; /* the next statement says it */
    take_notifications(store);
    bool seen = store->notified;
    store->notified = false;
    return seen;
}

/* ---- parameters ------------------------------------------------------------------------------------------------ */

void rlv_pg_begin(rlv_store *store)
{
    store->n_params = 0;
}

static rlv_buf *next_param(rlv_store *store)
{
    rlv_buf *b = &store->params[store->n_params++];
    rlv_buf_reset(b);
    return b;
}

static void put_be32(rlv_buf *b, uint32_t v)
{
    v = htobe32(v);
    rlv_buf_append(b, &v, sizeof(v));
}

void rlv_pg_int4(rlv_store *store, int32_t v)
{
    put_be32(next_param(store), (uint32_t)v);
}

void rlv_pg_int8(rlv_store *store, int64_t v)
{
    uint64_t be = htobe64((uint64_t)v);
    rlv_buf_append(next_param(store), &be, sizeof(be));
}

void rlv_pg_bytea(rlv_store *store, rlv_str v)
{
    rlv_buf_str(next_param(store), v);
}

void rlv_pg_text(rlv_store *store, const char *v)
{
    rlv_buf_str(next_param(store), rlv_str_from(v));
}

rlv_buf *rlv_pg_array_begin(rlv_store *store)
{
    rlv_buf *b = next_param(store);
    static const char header[20];
    rlv_buf_append(b, header, sizeof(header)); /* filled by array_end */
    return b;
}

void rlv_pg_array_end(rlv_buf *a, enum rlv_pg_type type, size_t n)
{
    if (a->failed)
        return;
    uint32_t header[5] = {htobe32(n ? 1 : 0), htobe32(1 /* may hold NULLs */), htobe32((uint32_t)type),
                          htobe32((uint32_t)n), htobe32(1)};
    memcpy(a->data, header, sizeof(header));
    if (n == 0)
        a->len = 12; /* an array without dimensions */
}

void rlv_pg_put_null(rlv_buf *a)
{
    put_be32(a, UINT32_MAX);
}

void rlv_pg_put_int2(rlv_buf *a, int16_t v)
{
    uint16_t be = htobe16((uint16_t)v);
    put_be32(a, sizeof(be));
    rlv_buf_append(a, &be, sizeof(be));
}

void rlv_pg_put_int4(rlv_buf *a, int32_t v)
{
    put_be32(a, 4);
    put_be32(a, (uint32_t)v);
}

void rlv_pg_put_float4(rlv_buf *a, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof(bits));
    put_be32(a, 4);
    put_be32(a, bits);
}

void rlv_pg_put_int8(rlv_buf *a, int64_t v)
{
    uint64_t be = htobe64((uint64_t)v);
    put_be32(a, sizeof(be));
    rlv_buf_append(a, &be, sizeof(be));
}

void rlv_pg_put_uuid(rlv_buf *a, rlv_id id)
{
    put_be32(a, sizeof(id.bytes));
    rlv_buf_append(a, id.bytes, sizeof(id.bytes));
}

void rlv_pg_put_bytes(rlv_buf *a, rlv_str v)
{
    put_be32(a, (uint32_t)v.len);
    rlv_buf_str(a, v);
}

void rlv_pg_put_text(rlv_buf *a, rlv_str v)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    if (v.len == 0) {
        rlv_pg_put_null(a);
        return;
    }
    size_t nuls = 0;
    for (const char *p = memchr(v.ptr, 0, v.len); p; p = memchr(p + 1, 0, v.len - (size_t)(p + 1 - v.ptr)))
        nuls++;
    put_be32(a, (uint32_t)(v.len + 2 * nuls));
    if (nuls == 0) {
        rlv_buf_str(a, v);
        return;
    }
    for (size_t i = 0; i < v.len; i++)
        rlv_buf_append(a, v.ptr[i] ? &v.ptr[i] : replacement, v.ptr[i] ? 1 : 3);
}

void rlv_pg_put_time(rlv_buf *a, int64_t ms)
{
    rlv_pg_put_int8(a, ms * 1000 - epoch_2000_us);
}

/* ---- statements ------------------------------------------------------------------------------------------------ */

static int flush(rlv_store *store, int64_t deadline_us, rlv_error *err)
{
    for (;;) {
        int rc = PQflush(store->conn);
        if (rc == 0)
            return RLV_OK;
        if (rc < 0)
            return rlv_pg_lost(store, "connection lost", RLV_E_UNAVAILABLE, err);
        /* The server may be blocked on sending to us: read while we write. */
        if (!wait_socket(store, POLLIN | POLLOUT, deadline_us))
            return rlv_pg_lost(store, "takes nothing", RLV_E_TIMEOUT, err);
        if (PQconsumeInput(store->conn) != 1)
            return rlv_pg_lost(store, "connection lost", RLV_E_UNAVAILABLE, err);
    }
}

int rlv_pg_flush(rlv_store *store, rlv_error *err)
{
    return flush(store, rlv_pg_deadline(store), err);
}

int rlv_pg_next(rlv_store *store, int64_t deadline_us, PGresult **ret, rlv_error *err)
{
    int rc = flush(store, deadline_us, err);
    if (rc != RLV_OK)
        return rc;
    while (PQisBusy(store->conn)) {
        if (!wait_socket(store, POLLIN, deadline_us))
            return rlv_pg_lost(store, "no answer in time", RLV_E_TIMEOUT, err);
        if (PQconsumeInput(store->conn) != 1)
            return rlv_pg_lost(store, "connection lost", RLV_E_UNAVAILABLE, err);
    }
    take_notifications(store);
    *ret = PQgetResult(store->conn);
    return RLV_OK;
}

/* The parameters begun, as libpq takes them. */
struct arguments {
    const char *values[RLV_PG_PARAMS_MAX];
    int lengths[RLV_PG_PARAMS_MAX], formats[RLV_PG_PARAMS_MAX];
};

static int take_arguments(const rlv_store *store, struct arguments *ret, rlv_error *err)
{
    if (store->broken)
        return rlv_error_set(err, RLV_E_UNAVAILABLE, "Postgres: the connection was lost");
    for (int i = 0; i < store->n_params; i++) {
        if (store->params[i].failed)
            return rlv_error_set(err, RLV_E_LIMIT, "a batch does not fit in memory: lower consume.batch_max");
        ret->values[i] = store->params[i].data ? store->params[i].data : "";
        ret->lengths[i] = (int)store->params[i].len;
        ret->formats[i] = 1;
    }
    return RLV_OK;
}

int rlv_pg_send(rlv_store *store, const char *statement, rlv_error *err)
{
    struct arguments a;
    int rc = take_arguments(store, &a, err);
    if (rc == RLV_OK && PQsendQueryPrepared(store->conn, statement, store->n_params, a.values, a.lengths, a.formats, 1) != 1)
        rc = rlv_pg_lost(store, "cannot send", RLV_E_UNAVAILABLE, err);
    return rc;
}

int rlv_pg_send_sql(rlv_store *store, const char *sql, rlv_error *err)
{
    struct arguments a;
    int rc = take_arguments(store, &a, err);
    if (rc == RLV_OK && PQsendQueryParams(store->conn, sql, store->n_params, NULL, a.values, a.lengths, a.formats, 1) != 1)
        rc = rlv_pg_lost(store, "cannot send", RLV_E_UNAVAILABLE, err);
    return rc;
}

int rlv_pg_error(rlv_store *store, const PGresult *result, rlv_error *err)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *table = PQresultErrorField(result, PG_DIAG_TABLE_NAME);
    int code = RLV_E_IO;
    if (!state) {
        return rlv_pg_lost(store, "connection lost", RLV_E_UNAVAILABLE, err);
    } else if (strcmp(state, "RV001") == 0) {
        code = RLV_E_FENCED;
    } else if (strcmp(state, "RV002") == 0 || strcmp(state, "RV003") == 0 || strcmp(state, "40P01") == 0 ||
               strcmp(state, "55P03") == 0 || (strcmp(state, "23505") == 0 && table && strcmp(table, "conversation") == 0)) {
        code = RLV_E_CONFLICT; /* somebody else was faster, or holds a row: nothing was done */
    } else if (strcmp(state, "RV004") == 0) {
        code = RLV_E_REFUSED;
    } else if (strncmp(state, "57P", 3) == 0 || strncmp(state, "08", 2) == 0 || strcmp(state, "53300") == 0) {
        store->broken = true;
        code = RLV_E_UNAVAILABLE;
    } else if (strcmp(state, "57014") == 0) {
        code = RLV_E_TIMEOUT;
    } else if (strcmp(state, "42501") == 0 || strcmp(state, "3F000") == 0 || strncmp(state, "42", 2) == 0) {
        code = RLV_E_REFUSED;
    }
    return rlv_error_set(err, code, "Postgres: %s (%s)", text ? text : "?", state);
}

int rlv_pg_collect(rlv_store *store, int64_t deadline_us, PGresult **ret, rlv_error *err)
{
    PGresult *last = NULL, *r;
    for (;;) {
        int rc = rlv_pg_next(store, deadline_us, &r, err);
        if (rc != RLV_OK) {
            PQclear(last);
            return rc;
        }
        if (!r)
            break;
        if (last && PQresultStatus(last) == PGRES_FATAL_ERROR) { /* the first error is the one that tells */
            PQclear(r);
            continue;
        }
        PQclear(last);
        last = r;
    }
    if (!last)
        return rlv_pg_lost(store, "no result", RLV_E_UNAVAILABLE, err);
    if (PQresultStatus(last) != PGRES_TUPLES_OK && PQresultStatus(last) != PGRES_COMMAND_OK) {
        int rc = rlv_pg_error(store, last, err);
        PQclear(last);
        return rc;
    }
    if (ret)
        *ret = last;
    else
        PQclear(last);
    return RLV_OK;
}

int rlv_pg_run(rlv_store *store, const char *statement, PGresult **ret, rlv_error *err)
{
    int rc = rlv_pg_send(store, statement, err);
    return rc == RLV_OK ? rlv_pg_collect(store, rlv_pg_deadline(store), ret, err) : rc;
}

int rlv_pg_ask(rlv_store *store, const char *sql, PGresult **ret, rlv_error *err)
{
    int rc = rlv_pg_send_sql(store, sql, err);
    return rc == RLV_OK ? rlv_pg_collect(store, rlv_pg_deadline(store), ret, err) : rc;
}

int rlv_pg_exec(rlv_store *store, const char *sql, PGresult **ret, rlv_error *err)
{
    if (store->broken)
        return rlv_error_set(err, RLV_E_UNAVAILABLE, "Postgres: the connection was lost");
    if (PQsendQuery(store->conn, sql) != 1)
        return rlv_pg_lost(store, "cannot send", RLV_E_UNAVAILABLE, err);
    return rlv_pg_collect(store, rlv_pg_deadline(store), ret, err);
}

/* ---- fields ---------------------------------------------------------------------------------------------------- */

bool rlv_pg_is_null(const PGresult *r, int row, int col)
{
    return PQgetisnull(r, row, col);
}

int64_t rlv_pg_get_int(const PGresult *r, int row, int col)
{
    const char *p = PQgetvalue(r, row, col);
    uint16_t v2;
    uint32_t v4;
    uint64_t v8;
    switch (PQgetlength(r, row, col)) {
    case 2:
        memcpy(&v2, p, 2);
        return (int16_t)be16toh(v2);
    case 4:
        memcpy(&v4, p, 4);
        return (int32_t)be32toh(v4);
    case 8:
        memcpy(&v8, p, 8);
        return (int64_t)be64toh(v8);
    default:
        return 0;
    }
}

rlv_id rlv_pg_get_uuid(const PGresult *r, int row, int col)
{
    rlv_id id = {{0}};
    if (PQgetlength(r, row, col) == (int)sizeof(id.bytes))
        memcpy(id.bytes, PQgetvalue(r, row, col), sizeof(id.bytes));
    return id;
}

rlv_trace rlv_pg_get_trace(const PGresult *r, int row, int col)
{
    rlv_trace trace = {.flags = 0};
    if (PQgetlength(r, row, col) == (int)sizeof(trace))
        memcpy(&trace, PQgetvalue(r, row, col), sizeof(trace));
    return trace;
}

rlv_str rlv_pg_get_str(const PGresult *r, int row, int col, rlv_arena *arena)
{
    return rlv_arena_copy(arena, (rlv_str){PQgetvalue(r, row, col), (size_t)PQgetlength(r, row, col)});
}

int64_t rlv_pg_get_time(const PGresult *r, int row, int col)
{
    return (rlv_pg_get_int(r, row, col) + epoch_2000_us) / 1000;
}
