/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of messages on their way; see sends.h. Must never decide anything here: the functions of
 * 003_deliver.sql do. */
#include "store/sends.h"

#include "store/pg.h"

static void put_id(rlv_store *store, rlv_id id)
{
    rlv_pg_bytea(store, (rlv_str){(const char *)id.bytes, sizeof(id.bytes)});
}

/* Absent text travels as "", and is made NULL by the statement: nothing here is meaningfully empty. */
static void put_text(rlv_store *store, rlv_str s)
{
    rlv_pg_bytea(store, s);
}

static bool verdict_of(rlv_str word, enum rlv_claim *ret)
{
    static const char *const words[] = {"claimed", "done", "busy", "suppressed", "window", "gone", "broken"};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (rlv_str_is(word, words[i])) {
            *ret = (enum rlv_claim)i;
            return true;
        }
    return false;
}

int rlv_sends_claim(rlv_store *store, const rlv_send *send, rlv_id worker, int lease_ms, enum rlv_claim *ret,
                    int32_t *ret_attempt, rlv_error *err)
{
    rlv_pg_begin(store);
    put_id(store, send->id);
    rlv_pg_int4(store, send->part);
    put_id(store, send->conversation_id);
    rlv_pg_int4(store, send->lane);
    rlv_pg_int8(store, send->seq);
    rlv_pg_int8(store, send->epoch);
    rlv_pg_int4(store, send->author);
    put_text(store, send->agent_id);
    rlv_pg_int4(store, send->anytime);
    put_id(store, worker);
    rlv_pg_int4(store, lease_ms);
    PGresult *r = NULL;
    int rc = rlv_pg_ask(store,
                 "SELECT verdict, attempt FROM relevo.claim($1::uuid, $2::int::smallint, $3::uuid, $4::int, "
                 "$5::bigint, "
                 "$6::bigint, $7::int::smallint, nullif($8::text, ''), $9::int <> 0, $10::uuid, $11::int)",
                 &r, err);
    if (rc == RLV_E_CONFLICT) { /* or a deadlock: nothing was done either way */
        *ret = RLV_CLAIM_LOCKED;
        *ret_attempt = 0;
        return RLV_OK;
    }
    if (rc != RLV_OK)
        return rc;
    rlv_str word = {PQgetvalue(r, 0, 0), (size_t)PQgetlength(r, 0, 0)};
    if (verdict_of(word, ret))
        *ret_attempt = rlv_pg_is_null(r, 0, 1) ? 0 : (int32_t)rlv_pg_get_int(r, 0, 1);
    else
        rc = rlv_error_set(err, RLV_E_REFUSED,
                           "Postgres answered a claim with '%.*s': it has another build's schema",
                           RLV_STR_ARG(word));
    PQclear(r);
    return rc;
}

int rlv_sends_settle(rlv_store *store, const rlv_send *send, rlv_id worker, int32_t attempt,
                     const rlv_settlement *what, rlv_error *err)
{
    rlv_pg_begin(store);
    put_id(store, send->id);
    rlv_pg_int4(store, send->part);
    put_id(store, worker);
    rlv_pg_int4(store, attempt);
    rlv_pg_int4(store, what->state);
    put_text(store, what->message_id);
    rlv_pg_int4(store, what->error_code);
    put_text(store, what->error);
    PGresult *r = NULL;
    int rc = rlv_pg_ask(store,
                 "SELECT relevo.settle($1::uuid, $2::int::smallint, $3::uuid, $4::int, $5::int::smallint, "
                 "nullif($6::text, ''), nullif($7::int, 0), nullif($8::text, ''))",
                 &r, err);
    if (rc != RLV_OK)
        return rc;
    if (!PQgetvalue(r, 0, 0)[0])
        rc = rlv_error_set(err, RLV_E_CONFLICT, "the claim was given up as dead before its answer came");
    PQclear(r);
    return rc;
}

static int ask_count(rlv_store *store, const char *sql, int *ret, rlv_error *err)
{
    rlv_pg_begin(store);
    PGresult *r = NULL;
    int rc = rlv_pg_ask(store, sql, &r, err);
    if (rc == RLV_OK)
        *ret = (int)rlv_pg_get_int(r, 0, 0);
    PQclear(r);
    return rc;
}

int rlv_sends_sweep(rlv_store *store, rlv_sends_swept *ret, rlv_error *err)
{
    rlv_sends_swept swept = {0};
    int rc = ask_count(store, "SELECT relevo.sweep_sends(1000)", &swept.dead, err);
    if (rc == RLV_OK)
        rc = ask_count(store, "SELECT relevo.fail_sends(1000)", &swept.failed, err);
    if (rc == RLV_OK)
        rc = ask_count(store, "SELECT relevo.reconcile_sends()", &swept.explained, err);
    if (rc == RLV_OK)
        rc = ask_count(store, "SELECT relevo.tell_sends(2000)", &swept.told, err);
    if (rc == RLV_OK)
        *ret = swept;
    return rc;
}

/* Rows of lane and turn, in the order of lanes; those that are not there are 0. */
static int take_turns(rlv_store *store, const char *sql, const int32_t *lanes, size_t n, int64_t *ret, rlv_error *err)
{
    PGresult *r = NULL;
    int rc = rlv_pg_ask(store, sql, &r, err);
    for (size_t i = 0; rc == RLV_OK && i < n; i++) {
        ret[i] = 0;
        for (int row = 0; row < PQntuples(r); row++)
            if (rlv_pg_get_int(r, row, 0) == lanes[i])
                ret[i] = rlv_pg_get_int(r, row, 1);
    }
    PQclear(r);
    return rc;
}

static void put_lanes(rlv_store *store, const int32_t *lanes, size_t n)
{
    rlv_buf *a = rlv_pg_array_begin(store);
    for (size_t i = 0; i < n; i++)
        rlv_pg_put_int4(a, lanes[i]);
    rlv_pg_array_end(a, RLV_PG_INT4, n);
}

int rlv_sends_turns(rlv_store *store, const int32_t *lanes, size_t n, int64_t *ret, rlv_error *err)
{
    rlv_pg_begin(store);
    put_lanes(store, lanes, n);
    return take_turns(store, "SELECT lane, n FROM relevo.deliver_turn WHERE lane = ANY ($1::int[])", lanes, n, ret, err);
}

int rlv_sends_next_turns(rlv_store *store, const int32_t *lanes, const int64_t *known, size_t n, int64_t *ret, rlv_error *err)
{
    rlv_pg_begin(store);
    put_lanes(store, lanes, n);
    rlv_buf *a = rlv_pg_array_begin(store);
    for (size_t i = 0; i < n; i++)
        rlv_pg_put_int8(a, known[i]);
    rlv_pg_array_end(a, RLV_PG_INT8, n);
    return take_turns(store, "SELECT lane, n FROM relevo.deliver_turns($1::int[], $2::bigint[])", lanes, n, ret, err);
}

int rlv_sends_unreported(rlv_store *store, int patience_ms, int limit, rlv_arena *arena,
                         rlv_send_report **ret, size_t *ret_n, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_pg_int4(store, patience_ms);
    rlv_pg_int4(store, limit);
    PGresult *r = NULL;
    int rc = rlv_pg_ask(store, "SELECT u.*, h.trace, h.at, h.seq FROM relevo.unreported_sends($1::int, $2::int) u "
                        "LEFT JOIN relevo.send s ON s.id = u.id AND s.part = u.part "
                        "LEFT JOIN relevo.history h ON h.lane = s.lane AND h.seq = s.seq", &r, err);
    if (rc != RLV_OK)
        return rc;
    size_t n = (size_t)PQntuples(r);
    rlv_send_report *list = rlv_arena_zalloc(arena, n + 1, sizeof(*list));
    for (int i = 0; list && i < (int)n; i++) {
        list[i].send = (rlv_send){.id = rlv_pg_get_uuid(r, i, 0),
                                  .part = (int16_t)rlv_pg_get_int(r, i, 1),
                                  .conversation_id = rlv_pg_get_uuid(r, i, 2),
                                  .lane = (int32_t)rlv_pg_get_int(r, i, 3),
                                  .epoch = rlv_pg_get_int(r, i, 4),
                                  .author = (enum rlv_author)rlv_pg_get_int(r, i, 5),
                                  .agent_id = rlv_pg_get_str(r, i, 6, arena)};
        list[i].state = (enum rlv_send_state)rlv_pg_get_int(r, i, 7);
        list[i].error_code = rlv_pg_is_null(r, i, 8) ? 0 : (int32_t)rlv_pg_get_int(r, i, 8);
        list[i].error = rlv_pg_get_str(r, i, 9, arena);
        list[i].phone_number_id = rlv_pg_get_str(r, i, 10, arena);
        list[i].wa_id = rlv_pg_get_str(r, i, 11, arena);
        list[i].customer_id = rlv_pg_get_str(r, i, 12, arena);
        rlv_trace came = rlv_pg_get_trace(r, i, 13);
        if (!rlv_pg_is_null(r, i, 14)) /* else its month was dropped */
            list[i].trace = rlv_trace_of_row(&came, rlv_pg_get_time(r, i, 14), list[i].send.lane, rlv_pg_get_int(r, i, 15));
    }
    PQclear(r);
    if (!list || rlv_arena_overflowed(arena))
        return rlv_error_set(err, RLV_E_LIMIT, "the reports do not fit in their memory");
    *ret = list;
    *ret_n = n;
    return RLV_OK;
}

int rlv_sends_reported(rlv_store *store, const rlv_send_report *reports, size_t n, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_buf *ids = rlv_pg_array_begin(store);
    rlv_buf *parts = rlv_pg_array_begin(store);
    for (size_t i = 0; i < n; i++) {
        rlv_pg_put_uuid(ids, reports[i].send.id);
        rlv_pg_put_int2(parts, reports[i].send.part);
    }
    rlv_pg_array_end(ids, RLV_PG_UUID, n);
    rlv_pg_array_end(parts, RLV_PG_INT2, n);
    return rlv_pg_ask(
        store,
        "UPDATE relevo.send s SET reported = true "
        "FROM (SELECT v.id, v.part FROM relevo.send v JOIN unnest($1::uuid[], $2::smallint[]) AS u(id, part) "
        "ON v.id = u.id AND v.part = u.part FOR UPDATE OF v SKIP LOCKED) free "
        "WHERE s.id = free.id AND s.part = free.part",
        NULL, err);
}
