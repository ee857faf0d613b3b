/* SPDX-License-Identifier: Apache-2.0 */
/* Erasing, expiring, exporting; see privacy.h. Must never decide what may go: the functions in Postgres do. */
#include "store/privacy.h"

#include "store/pg.h"

int rlv_privacy_erase(rlv_store *store, const char *customer, const char *by, int64_t *ret_conversations, int64_t *ret_events,
                      rlv_error *err)
{
    PGresult *r = NULL;
    rlv_pg_begin(store);
    rlv_pg_text(store, customer);
    rlv_pg_text(store, by);
    int rc = rlv_pg_ask(store, "SELECT events + waiting FROM desk.erase_customer($1::text, $2::text)", &r, err);
    if (rc != RLV_OK)
        return rc;
    *ret_conversations = PQntuples(r);
    *ret_events = 0;
    for (int i = 0; i < PQntuples(r); i++)
        *ret_events += rlv_pg_get_int(r, i, 0);
    PQclear(r);
    return RLV_OK;
}

int rlv_privacy_pending(rlv_store *store, rlv_arena *arena, rlv_pending **ret, size_t *ret_n, rlv_error *err)
{
    PGresult *r = NULL;
    rlv_pg_begin(store);
    int rc = rlv_pg_ask(store, "SELECT conversation_id, lane, seq FROM relevo.erased WHERE NOT done ORDER BY lane, conversation_id",
                        &r, err);
    if (rc != RLV_OK)
        return rc;
    size_t n = (size_t)PQntuples(r);
    rlv_pending *list = rlv_arena_zalloc(arena, n + 1, sizeof(*list));
    for (size_t i = 0; list && i < n; i++)
        list[i] = (rlv_pending){.conversation_id = rlv_pg_get_uuid(r, (int)i, 0),
                                .lane = (int32_t)rlv_pg_get_int(r, (int)i, 1),
                                .seq = rlv_pg_get_int(r, (int)i, 2)};
    PQclear(r);
    if (!list)
        return rlv_error_set(err, RLV_E_LIMIT, "no memory for %zu conversations", n);
    *ret = list;
    *ret_n = n;
    return RLV_OK;
}

/* Runs what was begun; *ret: the one number that it answers with. */
static int ask_number(rlv_store *store, const char *sql, int64_t *ret, rlv_error *err)
{
    PGresult *r = NULL;
    int rc = rlv_pg_ask(store, sql, &r, err);
    if (rc == RLV_OK && ret)
        *ret = rlv_pg_get_int(r, 0, 0);
    PQclear(r);
    return rc;
}

int rlv_privacy_rest(rlv_store *store, int32_t lane, int64_t published, int64_t *ret_left, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_pg_int4(store, lane);
    rlv_pg_int8(store, published);
    return ask_number(store, "SELECT relevo.erase_rest($1::int, $2::bigint)", ret_left, err);
}

int rlv_privacy_done(rlv_store *store, const rlv_pending *done, size_t n, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_buf *a = rlv_pg_array_begin(store);
    for (size_t i = 0; i < n; i++)
        rlv_pg_put_uuid(a, done[i].conversation_id);
    rlv_pg_array_end(a, RLV_PG_UUID, n);
    return rlv_pg_ask(store, "UPDATE relevo.erased SET done = true WHERE conversation_id = ANY ($1::uuid[])", NULL, err);
}

int rlv_privacy_expire_conversations(rlv_store *store, int64_t before_ms, int limit, int64_t *ret, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_pg_int8(store, before_ms);
    rlv_pg_int4(store, limit);
    return ask_number(store, "SELECT relevo.expire_conversations(to_timestamp($1::bigint / 1000.0), $2::int)", ret, err);
}

int rlv_privacy_expire_months(rlv_store *store, int64_t before_ms, const int64_t *published, size_t n_lanes, rlv_arena *arena,
                              rlv_str *ret, rlv_error *err)
{
    PGresult *r = NULL;
    rlv_pg_begin(store);
    rlv_pg_int8(store, before_ms);
    rlv_buf *lanes = rlv_pg_array_begin(store);
    for (size_t i = 0; i < n_lanes; i++)
        rlv_pg_put_int4(lanes, (int32_t)i);
    rlv_pg_array_end(lanes, RLV_PG_INT4, n_lanes);
    rlv_buf *known = rlv_pg_array_begin(store);
    for (size_t i = 0; i < n_lanes; i++)
        rlv_pg_put_int8(known, published[i]);
    rlv_pg_array_end(known, RLV_PG_INT8, n_lanes);
    int rc = rlv_pg_ask(store,
                        "SELECT array_to_string(relevo.expire_months(to_timestamp($1::bigint / 1000.0), $2::int[], "
                        "$3::bigint[]), ' ')",
                        &r, err);
    if (rc == RLV_OK)
        *ret = rlv_pg_get_str(r, 0, 0, arena);
    PQclear(r);
    return rc;
}

int rlv_privacy_expire_sends(rlv_store *store, int64_t before_ms, int limit, int64_t *ret, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_pg_int8(store, before_ms);
    rlv_pg_int4(store, limit);
    return ask_number(store, "SELECT relevo.expire_sends(to_timestamp($1::bigint / 1000.0), $2::int)", ret, err);
}

int rlv_privacy_export(rlv_store *store, const char *customer, rlv_arena *arena, rlv_str *ret, rlv_error *err)
{
    PGresult *r = NULL;
    rlv_pg_begin(store);
    rlv_pg_text(store, customer);
    int rc = rlv_pg_ask(store, "SELECT desk.export_customer($1::text)::text", &r, err);
    if (rc != RLV_OK)
        return rc;
    rlv_str json = rlv_pg_get_str(r, 0, 0, arena);
    PQclear(r);
    if (!json.len)
        return rlv_error_set(err, RLV_E_LIMIT, "no memory for all that is known of them");
    *ret = json;
    return RLV_OK;
}
