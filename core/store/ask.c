/* SPDX-License-Identifier: Apache-2.0 */
/* Questions of a desk; see ask.h. */
#include "store/ask.h"

#include <poll.h>
#include <stdio.h>

#include "store/pg.h"

int rlv_ask_begin(rlv_store *store, rlv_error *err)
{
    return rlv_pg_exec(store,
                       "SET plan_cache_mode = auto; SET enable_hashjoin = on; SET enable_mergejoin = on; SET enable_seqscan = on; "
                       "SET application_name = 'relevo desk'",
                       NULL, err);
}

/* An error as the server gave it; what people caused, without the server's name before it. */
static int refused(rlv_store *store, const PGresult *r, char ret_state[RLV_ASK_STATE], rlv_error *err)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    if (state)
        (void)snprintf(ret_state, RLV_ASK_STATE, "%s", state);
    if (state && text && strncmp(state, "RV01", 4) == 0)
        return rlv_error_set(err, RLV_E_INVALID, "%s", text);
    return rlv_pg_error(store, r, err);
}

/* All of them are said to be texts: a statement need not use every one. */
static int send_texts(rlv_store *store, const char *sql, const rlv_str *args, size_t n, rlv_error *err)
{
    const char *values[RLV_ASK_ARGS];
    int lengths[RLV_ASK_ARGS], binary[RLV_ASK_ARGS];
    Oid types[RLV_ASK_ARGS];
    if (store->broken)
        return rlv_error_set(err, RLV_E_UNAVAILABLE, "Postgres: the connection was lost");
    for (size_t i = 0; i < n && i < RLV_ASK_ARGS; i++) {
        values[i] = args[i].len ? args[i].ptr : "";
        lengths[i] = (int)args[i].len;
        binary[i] = 1;
        types[i] = RLV_PG_TEXT;
    }
    if (PQsendQueryParams(store->conn, sql, (int)n, types, values, lengths, binary, 1) != 1)
        return rlv_pg_lost(store, "cannot send", RLV_E_UNAVAILABLE, err);
    return RLV_OK;
}

int rlv_ask(rlv_store *store, const char *sql, const rlv_str *args, size_t n, rlv_arena *arena, rlv_str *ret,
            char ret_state[RLV_ASK_STATE], rlv_error *err)
{
    PGresult *r = NULL, *rest = NULL;
    ret_state[0] = '\0';
    *ret = (rlv_str){NULL, 0};
    int rc = send_texts(store, sql, args, n, err);
    int64_t deadline_us = rlv_pg_deadline(store);
    if (rc == RLV_OK)
        rc = rlv_pg_next(store, deadline_us, &r, err);
    while (rc == RLV_OK && (rc = rlv_pg_next(store, deadline_us, &rest, err)) == RLV_OK && rest)
        PQclear(rest);
    if (rc == RLV_OK && !r)
        rc = rlv_pg_lost(store, "no result", RLV_E_UNAVAILABLE, err);
    if (rc == RLV_OK && PQresultStatus(r) == PGRES_FATAL_ERROR)
        rc = refused(store, r, ret_state, err);
    if (rc == RLV_OK && PQntuples(r) > 0 && !PQgetisnull(r, 0, 0)) {
        *ret = rlv_pg_get_str(r, 0, 0, arena);
        if (!ret->ptr && PQgetlength(r, 0, 0) > 0)
            rc = rlv_error_set(err, RLV_E_LIMIT, "the answer is too large");
    }
    PQclear(r);
    return rc;
}

bool rlv_ask_stale(const rlv_store *store)
{
    struct pollfd pfd = {.fd = PQsocket(store->conn), .events = POLLIN};
    return store->broken || poll(&pfd, 1, 0) != 0; /* unasked, a server only says that it goes */
}

bool rlv_ask_broken(const rlv_store *store)
{
    return store->broken;
}
