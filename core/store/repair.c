/* SPDX-License-Identifier: Apache-2.0 */
/* The repair's statements; see repair.h. Must never change a lane that it has not fenced. */
#include "store/repair.h"

#include <stdio.h>

#include "store/pg.h"

/* Events that change no conversation: status, error, unknown unless it joined two, dead, what another lane decides. */
#define TOUCHING "(kind IN (0, 2, 3, 6, 7, 8, 10) OR kind = 5 AND was IS NOT NULL) AND type IS DISTINCT FROM 'forwarded'"
/* Versions of the time that was lost may still be in the memory of a process that slept: none may fit again.
 */
#define VERSION_JUMP "1000000"

static const char prepare[] =
    "PREPARE repair_look (int, text[]) AS "
    "SELECT l.lane IS NOT NULL, coalesce(l.seq, 0), coalesce(l.published, 0), coalesce(l.repair_from, -1), "
    "coalesce(l.lane_ms, 0), "
    "coalesce(l.next_offsets[array_position(l.topics, t.topic)], -1), coalesce(l.partitions, 0), "
    "coalesce(l.kafka_cluster, '') "
    "FROM unnest($2) WITH ORDINALITY AS t(topic, i) LEFT JOIN relevo.lane l ON l.lane = $1 ORDER BY t.i;"
    "PREPARE repair_last (int, bigint) AS "
    "SELECT coalesce(max(seq), 0) FROM relevo.history WHERE lane = $1 AND seq <= $2 AND kind <> 9;"
    "PREPARE repair_count (int, bigint, bigint) AS "
    "SELECT count(*) FROM relevo.history WHERE lane = $1 AND seq > $2 AND seq <= $3;"
    "PREPARE repair_unmark (int) AS UPDATE relevo.lane SET repair_from = NULL WHERE lane = $1;"
    "PREPARE repair_mark (int, bytea, bigint) AS "
    "UPDATE relevo.lane SET repair_from = $3 WHERE lane = $1 AND fence = $2 RETURNING 1;"
    "PREPARE repair_hold (int, bytea) AS "
    "SELECT repair_from FROM relevo.lane WHERE lane = $1 AND fence = $2 AND repair_from IS NOT NULL FOR "
    "UPDATE;"
    "PREPARE repair_move (int, bytea, text, bigint, bigint) AS "
    "UPDATE relevo.lane SET next_offsets[array_position(topics, $3)] = $5 "
    "WHERE lane = $1 AND fence = $2 AND next_offsets[array_position(topics, $3)] = $4 RETURNING 1";

/* Numbers only are put in: %1$d the lane, %2$lld the sequence before the first rebuilt event, %3$lld its end
 * in ms. */
static const char finish[] =
    "CREATE TEMP TABLE relevo_touched ON COMMIT DROP AS SELECT DISTINCT conversation_id AS id FROM "
    "relevo.history "
    "WHERE lane = %1$d AND seq > %2$lld AND " TOUCHING ";"
    "ANALYZE relevo_touched;"
    "DELETE FROM relevo.timer t USING relevo_touched x WHERE t.conversation_id = x.id;"
    "UPDATE relevo.conversation c SET version = version + " VERSION_JUMP
    " FROM relevo_touched x WHERE c.id = x.id;"
    /* Of the backup, and decided since. A desktop that went on after the restore may have used the same id: its command is
       of another conversation, or later. */
    "CREATE TEMP TABLE relevo_gone ON COMMIT DROP AS "
    "WITH gone AS (DELETE FROM relevo.command k USING relevo.history h "
    "WHERE h.lane = %1$d AND h.seq > %2$lld AND h.source = 1 AND k.lane = h.lane AND k.id = h.source_offset "
    "AND k.conversation_id = h.conversation_id "
    "AND k.at <= to_timestamp(%3$lld / 1000.0) + interval '5 s' RETURNING k.id) SELECT id FROM gone;"
    /* Ids of the time that was lost must not come again; a little more, for desktops that are writing now. */
    "SELECT setval('relevo.command_id_seq', greatest(m.top, s.last_value) + 1000) FROM relevo.command_id_seq "
    "s, "
    "(SELECT max(source_offset) AS top FROM relevo.history WHERE lane = %1$d AND seq > %2$lld AND source = "
    "1) m "
    "WHERE m.top IS NOT NULL;"
    "SELECT setval('relevo.timer_id_seq', greatest(m.top, s.last_value) + 1000) FROM relevo.timer_id_seq s, "
    "(SELECT max(source_offset) AS top FROM relevo.history WHERE lane = %1$d AND seq > %2$lld AND source = "
    "2) m "
    "WHERE m.top IS NOT NULL;"
    /* What desktops wrote since, under an id that was used already, keeps its order under new ones. */
    "DO $$ DECLARE k bigint; BEGIN FOR k IN SELECT c.id FROM relevo.command c JOIN relevo.history h ON "
    "h.lane = c.lane "
    "AND h.source = 1 AND h.source_offset = c.id WHERE c.lane = %1$d AND h.seq > %2$lld ORDER BY c.id LOOP "
    "UPDATE relevo.command SET id = DEFAULT WHERE lane = %1$d AND id = k; END LOOP; END $$;"
    "CREATE TEMP TABLE relevo_people ON COMMIT DROP AS SELECT c.id FROM relevo.conversation c "
    "JOIN relevo_touched x ON x.id = c.id WHERE c.lane = %1$d AND (c.owner = 1 OR (c.owner = 3 "
    "AND c.agent_id <> 'business_phone' AND NOT EXISTS (SELECT FROM relevo.agent a WHERE a.id = "
    "c.agent_id)));"
    "UPDATE relevo.conversation c SET trigger = NULL, reason = 'restored from a backup: read the history', "
    "priority = greatest(c.priority, 5) FROM relevo_people p WHERE c.id = p.id;"
    "SELECT relevo.desk_write(c, 'requeue', 2::smallint, NULL, NULL, NULL, NULL) "
    "FROM relevo.conversation c JOIN relevo_people p ON p.id = c.id;"
    "UPDATE relevo.lane SET published = %4$lld WHERE lane = %1$d;"
    "SELECT (SELECT count(*) FROM relevo_people), (SELECT count(*) FROM relevo_gone)";

static int prepared(rlv_store *store, rlv_error *err)
{
    PGresult *r = NULL;
    int rc =
        rlv_pg_exec(store, "SELECT count(*) FROM pg_prepared_statements WHERE name = 'repair_look'", &r, err);
    if (rc != RLV_OK)
        return rc;
    bool done = PQgetvalue(r, 0, 0)[0] != '0';
    PQclear(r);
    return done ? RLV_OK : rlv_pg_exec(store, prepare, NULL, err);
}

static void put_topics(rlv_store *store, const char *const *topics, size_t n)
{
    rlv_buf *names = rlv_pg_array_begin(store);
    for (size_t i = 0; i < n; i++)
        rlv_pg_put_text(names, rlv_str_from(topics[i]));
    rlv_pg_array_end(names, RLV_PG_TEXT, n);
}

static rlv_str fence_of(const rlv_lane_row *row)
{
    return (rlv_str){(const char *)row->fence, sizeof(row->fence)};
}

int rlv_repair_look(rlv_store *store, int32_t lane, const char *const *topics, size_t n_topics,
                    rlv_repair_lane *ret, rlv_error *err)
{
    int rc = prepared(store, err);
    if (rc != RLV_OK)
        return rc;
    rlv_pg_begin(store);
    rlv_pg_int4(store, lane);
    put_topics(store, topics, n_topics);
    PGresult *r = NULL;
    rc = rlv_pg_run(store, "repair_look", &r, err);
    if (rc != RLV_OK)
        return rc;
    rlv_repair_lane l = {.exists = PQgetvalue(r, 0, 0)[0] == 1,
                         .seq = rlv_pg_get_int(r, 0, 1),
                         .published = rlv_pg_get_int(r, 0, 2),
                         .began = rlv_pg_get_int(r, 0, 3),
                         .lane_ms = rlv_pg_get_int(r, 0, 4),
                         .partitions = (int32_t)rlv_pg_get_int(r, 0, 6)};
    (void)snprintf(l.kafka_cluster, sizeof(l.kafka_cluster), "%.*s", PQgetlength(r, 0, 7),
                   PQgetvalue(r, 0, 7));
    for (int i = 0; i < PQntuples(r) && i < RLV_INPUTS_MAX; i++)
        l.next[i] = rlv_pg_get_int(r, i, 5);
    PQclear(r);
    *ret = l;
    return RLV_OK;
}

int rlv_repair_last_decided(rlv_store *store, int32_t lane, int64_t seq, int64_t *ret, rlv_error *err)
{
    int rc = prepared(store, err);
    if (rc != RLV_OK)
        return rc;
    rlv_pg_begin(store);
    rlv_pg_int4(store, lane);
    rlv_pg_int8(store, seq);
    PGresult *r = NULL;
    rc = rlv_pg_run(store, "repair_last", &r, err);
    if (rc == RLV_OK)
        *ret = rlv_pg_get_int(r, 0, 0);
    PQclear(r);
    return rc;
}

int rlv_repair_count(rlv_store *store, int32_t lane, int64_t after, int64_t until, int64_t *ret,
                     rlv_error *err)
{
    int rc = prepared(store, err);
    if (rc != RLV_OK)
        return rc;
    rlv_pg_begin(store);
    rlv_pg_int4(store, lane);
    rlv_pg_int8(store, after);
    rlv_pg_int8(store, until);
    PGresult *r = NULL;
    rc = rlv_pg_run(store, "repair_count", &r, err);
    if (rc == RLV_OK)
        *ret = rlv_pg_get_int(r, 0, 0);
    PQclear(r);
    return rc;
}

static int lost_fence(int32_t lane, rlv_error *err)
{
    return rlv_error_set(err, RLV_E_FENCED, "lane %d was taken by a consumer: stop all of them, then repair",
                         lane);
}

/* Runs a statement that returns a row when the fence is ours. *ret: its first column. */
static int run_fenced(rlv_store *store, const char *statement, int32_t lane, int64_t *ret, rlv_error *err)
{
    PGresult *r = NULL;
    int rc = rlv_pg_run(store, statement, &r, err);
    if (rc == RLV_OK && PQntuples(r) != 1)
        rc = lost_fence(lane, err);
    if (rc == RLV_OK)
        *ret = rlv_pg_get_int(r, 0, 0);
    PQclear(r);
    return rc;
}

int rlv_repair_begin(rlv_store *store, int32_t lane, int32_t partitions, const char *kafka_cluster,
                     const char *const *topics, size_t n_topics, int64_t from, rlv_lane_row *ret,
                     rlv_error *err)
{
    int rc = prepared(store, err);
    if (rc != RLV_OK)
        return rc;
    /* While it is not marked the lane is refused all the same: what Kafka has published is not what Postgres
     * knows. */
    rlv_pg_begin(store);
    rlv_pg_int4(store, lane);
    rc = rlv_pg_run(store, "repair_unmark", NULL, err);
    rlv_lane_row row;
    if (rc == RLV_OK)
        rc = rlv_store_assign(store, lane, partitions, kafka_cluster, topics, n_topics, NULL, &row, err);
    if (rc != RLV_OK)
        return rc;
    rlv_pg_begin(store);
    rlv_pg_int4(store, lane);
    rlv_pg_bytea(store, fence_of(&row));
    rlv_pg_int8(store, from);
    int64_t one;
    rc = run_fenced(store, "repair_mark", lane, &one, err);
    if (rc == RLV_OK)
        *ret = row;
    return rc;
}

int rlv_repair_erased(rlv_store *store, const rlv_id *ids, const int64_t *seqs, size_t n, bool *ret, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_buf *a = rlv_pg_array_begin(store);
    for (size_t i = 0; i < n; i++)
        rlv_pg_put_uuid(a, ids[i]);
    rlv_pg_array_end(a, RLV_PG_UUID, n);
    PGresult *r = NULL;
    int rc = rlv_pg_ask(store, "SELECT conversation_id, seq FROM relevo.erased WHERE conversation_id = ANY ($1::uuid[])", &r, err);
    if (rc != RLV_OK)
        return rc;
    memset(ret, 0, n * sizeof(*ret));
    for (int k = 0; k < PQntuples(r); k++) {
        rlv_id id = rlv_pg_get_uuid(r, k, 0);
        int64_t seq = rlv_pg_get_int(r, k, 1);
        for (size_t i = 0; i < n; i++)
            ret[i] |= rlv_id_eq(ids[i], id) && seqs[i] <= seq;
    }
    PQclear(r);
    return RLV_OK;
}

int rlv_repair_note(rlv_store *store, int32_t lane, const rlv_repair_identity *list, size_t n, rlv_error *err)
{
#define COLUMN(type, put)                                                                                    \
    do {                                                                                                     \
        rlv_buf *a = rlv_pg_array_begin(store);                                                              \
        for (size_t i = 0; i < n; i++)                                                                       \
            put;                                                                                             \
        rlv_pg_array_end(a, type, n);                                                                        \
    } while (0)
    rlv_pg_begin(store);
    rlv_pg_int4(store, lane);
    COLUMN(RLV_PG_UUID, rlv_pg_put_uuid(a, list[i].identity));
    COLUMN(RLV_PG_UUID, rlv_pg_put_uuid(a, list[i].leads_to));
    COLUMN(RLV_PG_INT8, rlv_pg_put_int8(a, list[i].at_ms));
    COLUMN(RLV_PG_INT8, rlv_pg_put_int8(a, list[i].joined ? list[i].at_ms : 0));
    COLUMN(RLV_PG_TEXT, rlv_pg_put_text(a, list[i].phone_number_id));
    COLUMN(RLV_PG_TEXT, rlv_pg_put_text(a, list[i].user_id.len ? list[i].user_id : list[i].wa_id));
    COLUMN(RLV_PG_TEXT, rlv_pg_put_text(a, list[i].wa_id));
    COLUMN(RLV_PG_BYTEA, list[i].state.len ? rlv_pg_put_bytes(a, list[i].state) : rlv_pg_put_null(a));
#undef COLUMN
    return rlv_pg_ask(store,
                      "INSERT INTO relevo.repair_identity AS r (lane, identity, leads_to, at_ms, joined_ms, phone_number_id, customer_id, "
                      "wa_id, state) "
                      "SELECT $1::integer, u.identity, u.leads_to, max(u.at), nullif(max(u.joined), 0), max(u.number), max(u.customer), "
                      "max(u.wa_id), (array_agg(u.state ORDER BY u.at DESC) FILTER (WHERE u.state IS NOT NULL))[1] "
                      "FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::bytea[]) "
                      "AS u(identity, leads_to, at, joined, number, customer, wa_id, state) GROUP BY 2, 3 "
                      "ON CONFLICT (identity, leads_to) DO UPDATE SET at_ms = greatest(r.at_ms, excluded.at_ms), "
                      "joined_ms = greatest(r.joined_ms, excluded.joined_ms), customer_id = coalesce(excluded.customer_id, r.customer_id), "
                      "wa_id = coalesce(excluded.wa_id, r.wa_id), state = coalesce(excluded.state, r.state)",
                      NULL, err);
}

/* Commits what went well so far (rc), and undoes what did not; returns how it went in the end. */
static int end_transaction(rlv_store *store, int rc, rlv_error *err)
{
    if (rc == RLV_OK)
        rc = rlv_pg_exec(store, "COMMIT", NULL, err);
    rlv_error ignored; /* the first error is the one that is told */
    if (rc != RLV_OK)
        (void)rlv_pg_exec(store, "ROLLBACK", NULL, &ignored);
    return rc;
}

static int release_within(rlv_store *store, const int32_t *lanes, size_t n, bool all, int64_t *ret, rlv_error *err)
{
    static const char *const steps[] = {
        "SELECT relevo.repair_identities($1::integer[], $2::integer <> 0)",
        "SELECT relevo.repair_sends($1::integer[]) WHERE $2::integer IS NOT NULL",
        "UPDATE relevo.lane SET repair_from = NULL WHERE lane = ANY ($1::integer[]) AND $2::integer IS NOT NULL"};
    int rc = RLV_OK;
    for (size_t k = 0; rc == RLV_OK && k < sizeof(steps) / sizeof(*steps); k++) {
        PGresult *r = NULL;
        rlv_pg_begin(store);
        rlv_buf *a = rlv_pg_array_begin(store);
        for (size_t i = 0; i < n; i++)
            rlv_pg_put_int4(a, lanes[i]);
        rlv_pg_array_end(a, RLV_PG_INT4, n);
        rlv_pg_int4(store, all);
        rc = rlv_pg_ask(store, steps[k], &r, err);
        if (rc == RLV_OK && k == 0)
            *ret = rlv_pg_get_int(r, 0, 0);
        PQclear(r);
    }
    return rc;
}

int rlv_repair_release(rlv_store *store, const int32_t *lanes, size_t n, bool all, int64_t *ret_changed, rlv_error *err)
{
    int64_t changed = 0;
    int rc = rlv_pg_exec(store, "BEGIN", NULL, err);
    if (rc != RLV_OK)
        return rc;
    rc = release_within(store, lanes, n, all, &changed, err);
    rc = end_transaction(store, rc, err);
    if (rc == RLV_OK)
        *ret_changed = changed;
    return rc;
}

static int finish_within(rlv_store *store, const rlv_lane_row *row, int64_t published, int64_t until_ms,
                         rlv_repair_done *ret, rlv_error *err)
{
    int64_t from = 0;
    rlv_pg_begin(store);
    rlv_pg_int4(store, row->lane);
    rlv_pg_bytea(store, fence_of(row));
    int rc = run_fenced(store, "repair_hold", row->lane, &from, err);
    if (rc != RLV_OK)
        return rc;
    rlv_buf sql = RLV_BUF_INIT(65536);
    rlv_buf_printf(&sql, finish, row->lane, (long long)from, (long long)until_ms, (long long)published);
    PGresult *r = NULL;
    rc =
        sql.failed ? rlv_error_set(err, RLV_E_LIMIT, "out of memory") : rlv_pg_exec(store, sql.data, &r, err);
    rlv_buf_free(&sql);
    if (rc == RLV_OK) {
        (void)rlv_str_int(rlv_str_from(PQgetvalue(r, 0, 0)), &ret->people);
        (void)rlv_str_int(rlv_str_from(PQgetvalue(r, 0, 1)), &ret->commands);
    }
    PQclear(r);
    return rc;
}

int rlv_repair_finish(rlv_store *store, const rlv_lane_row *row, int64_t published, int64_t until_ms,
                      rlv_repair_done *ret, rlv_error *err)
{
    rlv_repair_done done = {0};
    int rc = rlv_pg_exec(store, "BEGIN", NULL, err);
    if (rc != RLV_OK)
        return rc;
    rc = finish_within(store, row, published, until_ms, &done, err);
    rc = end_transaction(store, rc, err);
    if (rc == RLV_OK)
        *ret = done;
    return rc;
}

int rlv_repair_move(rlv_store *store, const rlv_lane_row *row, const char *topic, int64_t was, int64_t next,
                    rlv_error *err)
{
    int rc = prepared(store, err);
    if (rc != RLV_OK)
        return rc;
    rlv_pg_begin(store);
    rlv_pg_int4(store, row->lane);
    rlv_pg_bytea(store, fence_of(row));
    rlv_pg_text(store, topic);
    rlv_pg_int8(store, was);
    rlv_pg_int8(store, next);
    int64_t one;
    return run_fenced(store, "repair_move", row->lane, &one, err);
}

int rlv_repair_turns(rlv_store *store, int32_t lane, int64_t known, bool dry, int64_t *ret, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_pg_int4(store, lane);
    rlv_pg_int8(store, known);
    rlv_pg_int4(store, dry);
    PGresult *r = NULL;
    int rc = rlv_pg_ask(store, "SELECT relevo.repair_turns($1::int, $2::bigint, $3::int <> 0)", &r, err);
    if (rc == RLV_OK)
        *ret = rlv_pg_is_null(r, 0, 0) ? -1 : rlv_pg_get_int(r, 0, 0);
    PQclear(r);
    return rc;
}
