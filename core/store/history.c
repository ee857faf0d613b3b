/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the past; see history.h. Must never change anything. */
#include "store/history.h"

#include "store/pg.h"

static const char begin[] =
    "SET default_transaction_read_only = on; SET plan_cache_mode = auto; SET enable_hashjoin = on; SET enable_seqscan = on;"
    "PREPARE past_conversations (bigint, bigint, text) AS "
    "SELECT conversation_id FROM relevo.history WHERE kind = 0 AND at >= to_timestamp($1 / 1000.0) "
    "AND at < to_timestamp($2 / 1000.0) AND ($3 = '' OR conversation_id IN (SELECT c.id FROM relevo.conversation c "
    "WHERE $3 IN (c.id::text, c.customer_id, c.wa_id))) GROUP BY conversation_id ORDER BY min(at), conversation_id;"
    "PREPARE past_read (uuid[], bigint) AS "
    "SELECT conversation_id, decided FROM relevo.history WHERE conversation_id = ANY ($1) AND kind <> 1 "
    "AND at < to_timestamp($2 / 1000.0) ORDER BY conversation_id, at, lane, seq";

int rlv_history_begin(rlv_store *store, rlv_error *err)
{
    return rlv_pg_exec(store, begin, NULL, err);
}

int rlv_history_conversations(rlv_store *store, int64_t since_ms, int64_t until_ms, const char *customer,
                              rlv_arena *arena, rlv_id **ret, size_t *ret_n, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_pg_int8(store, since_ms);
    rlv_pg_int8(store, until_ms);
    rlv_pg_text(store, customer ? customer : "");
    PGresult *r = NULL;
    int rc = rlv_pg_run(store, "past_conversations", &r, err);
    if (rc != RLV_OK)
        return rc;
    int rows = PQntuples(r);
    rlv_id *ids = rlv_arena_zalloc(arena, (size_t)rows + 1, sizeof(*ids));
    for (int i = 0; ids && i < rows; i++)
        ids[i] = rlv_pg_get_uuid(r, i, 0);
    PQclear(r);
    if (!ids)
        return rlv_error_set(err, RLV_E_LIMIT, "no memory for %d conversations: ask for a shorter time", rows);
    *ret = ids;
    *ret_n = (size_t)rows;
    return RLV_OK;
}

int rlv_history_read(rlv_store *store, const rlv_id *ids, size_t n, int64_t until_ms, rlv_arena *arena, rlv_past **ret,
                     size_t *ret_n, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_buf *a = rlv_pg_array_begin(store);
    for (size_t i = 0; i < n; i++)
        rlv_pg_put_uuid(a, ids[i]);
    rlv_pg_array_end(a, RLV_PG_UUID, n);
    rlv_pg_int8(store, until_ms);
    PGresult *r = NULL;
    int rc = rlv_pg_run(store, "past_read", &r, err);
    if (rc != RLV_OK)
        return rc;
    int rows = PQntuples(r);
    rlv_past *list = rlv_arena_zalloc(arena, (size_t)rows + 1, sizeof(*list));
    for (int i = 0; list && i < rows; i++)
        list[i] = (rlv_past){rlv_pg_get_uuid(r, i, 0), rlv_pg_get_str(r, i, 1, arena)};
    PQclear(r);
    if (rlv_arena_overflowed(arena))
        return rlv_error_set(err, RLV_E_LIMIT, "no memory for %d events of %zu conversations", rows, n);
    *ret = list;
    *ret_n = (size_t)rows;
    return RLV_OK;
}

int rlv_history_table(rlv_store *store, const char *sql, rlv_arena *arena, rlv_table *ret, rlv_error *err)
{
    PGresult *r = NULL;
    int rc = rlv_pg_exec(store, sql, &r, err);
    if (rc != RLV_OK)
        return rc;
    size_t columns = (size_t)PQnfields(r), n = (size_t)PQntuples(r) * columns;
    const char **names = rlv_arena_zalloc(arena, columns + 1, sizeof(*names));
    const char **cells = rlv_arena_zalloc(arena, n + 1, sizeof(*cells));
    for (size_t i = 0; names && i < columns; i++)
        names[i] = rlv_arena_copy(arena, rlv_str_from(PQfname(r, (int)i))).ptr;
    for (size_t i = 0; cells && i < n; i++) {
        int row = (int)(i / columns), column = (int)(i % columns);
        if (PQgetisnull(r, row, column))
            continue;
        const char *copy = rlv_arena_copy(arena, (rlv_str){PQgetvalue(r, row, column), (size_t)PQgetlength(r, row, column)}).ptr;
        cells[i] = copy ? copy : "";
    }
    PQclear(r);
    if (rlv_arena_overflowed(arena))
        return rlv_error_set(err, RLV_E_LIMIT, "no memory for an answer of %zu cells", n);
    *ret = (rlv_table){.columns = columns, .rows = columns ? n / columns : 0, .names = names, .cells = cells};
    return RLV_OK;
}
