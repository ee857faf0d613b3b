/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every statement of the lane, prepared once a connection. Arrays are unnested in the order given, and joined by nested
 * loops only (the connection's settings), so rows are locked in that order: conversations by id.
 */
#include "store/pg.h"

/* Writes the conversations that a batch changed. set, arrays, names: further columns, the parameters that hold them,
   and what they are called: those of a handoff, which only some rows have. */
#define UPDATE(set, arrays, names)                                                                                              \
    "WITH u AS (SELECT * FROM unnest($2::uuid[], $3::bigint[], $4::smallint[], $5::bigint[], $6::bigint[], $7::text[], " \
    "$8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::bigint[], $14::bytea[]" arrays ") "           \
    "AS u(id, version, owner, epoch, since, agent, team, wa_id, name, language, opened, last_in, state" names    \
    ")), "                                                                                                               \
    "w AS (UPDATE relevo.conversation c SET version = c.version + 1, owner = u.owner, epoch = u.epoch, "                 \
    "owner_since = u.since, agent_id = u.agent, team = u.team, wa_id = u.wa_id, customer_name = u.name, "                \
    "language = u.language, opened_ms = u.opened, last_in_ms = u.last_in, state = u.state" set " "                       \
    "FROM u WHERE c.id = u.id AND c.version = u.version RETURNING 1) "                                                   \
    "SELECT relevo.expect((SELECT count(*) FROM w), $1, 'conversations', 'RV002')"

static const char *const statements[][2] = {
    {"check_fence", "SELECT fence = $2 FROM relevo.lane WHERE lane = $1"},
    {"hold_lane", "SELECT fence = $2 FROM relevo.lane WHERE lane = $1 FOR UPDATE"},
    {"hold", "SELECT id FROM relevo.conversation WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE"},
    {"ensure_months", "SELECT relevo.ensure_months($1)"},
    {"load",
     "SELECT c.id, c.lane, c.version, c.owner, c.epoch, c.owner_since, c.agent_id, c.team, c.state, c.forward, "
     "CASE WHEN EXISTS (SELECT FROM relevo.conversation WHERE tags IS NOT NULL) THEN " /* nothing is looked for where nobody tags */
     "(SELECT string_agg(DISTINCT t.tag, E'\\n' ORDER BY t.tag) FROM relevo.conversation f, unnest(f.tags) AS t(tag) "
     "WHERE f.tags IS NOT NULL AND (f.id = c.id OR f.forward = c.id)) END "
     "FROM relevo.conversation c WHERE c.id = ANY ($1::uuid[])"},
    {"commands",
     "SELECT k.id, k.conversation_id, k.kind, k.agent_id, k.agent_name, k.text, k.note, k.owner, k.epoch, k.version, "
     "k.at, c.phone_number_id, c.wa_id, c.customer_id, clock_timestamp(), k.owner_agent "
     "FROM relevo.command k JOIN relevo.conversation c ON c.id = k.conversation_id "
     "WHERE k.lane = $1 ORDER BY k.id LIMIT $2"},
    {"timers",
     "SELECT t.id, t.conversation_id, t.kind, t.due_ms, c.phone_number_id, c.wa_id, c.customer_id "
     "FROM relevo.timer t JOIN relevo.conversation c ON c.id = t.conversation_id "
     "WHERE t.lane = $1 AND t.due_ms <= $2 ORDER BY t.due_ms, t.id LIMIT $3"},
    {"unpublished",
     "SELECT seq, at, conversation_id, decided, trace FROM relevo.history "
     "WHERE lane = $1 AND seq > $2 ORDER BY seq LIMIT $3"},
    {"assign_waiting", "SELECT relevo.assign_waiting($1, NULL, $2)"},
    {"waiting",
     "SELECT count(*), coalesce(min(coalesce(waiting_ms, owner_since)), 0) FROM relevo.conversation "
     "WHERE lane = $1 AND owner = 2 AND forward IS NULL"},
    {"look_after", "SELECT relevo.look_after($1, $2) + relevo.tell_waiting($1, $2, $3, $4, $5, $6) + relevo.follow_up($1, $2)"},

    {"advance", "SELECT relevo.lane_advance($1, $2, $3, $4, $5, $6, $7, $8, $9)"},
    {"update", UPDATE("", "", "")},
    {"update_handed",
     UPDATE(", trigger = CASE WHEN u.priority IS NULL THEN c.trigger ELSE u.trigger END, "
            "reason = CASE WHEN u.priority IS NULL THEN c.reason ELSE u.reason END, "
            "priority = coalesce(u.priority, c.priority), rank = coalesce(u.rank, c.rank), "
            "need_language = CASE WHEN u.priority IS NULL THEN c.need_language ELSE u.need_language END, "
            "need_skills = CASE WHEN u.priority IS NULL THEN c.need_skills ELSE string_to_array(u.skills, E'\\n') END, "
            "prefer_agent = CASE WHEN u.priority IS NULL THEN c.prefer_agent ELSE u.prefer END, "
            "card = coalesce(u.card::json, c.card)",
            ", $15::text[], $16::text[], $17::smallint[], $18::smallint[], $19::text[], $20::text[], $21::text[], "
            "$22::text[]",
            ", trigger, reason, priority, rank, need_language, skills, prefer, card")},
    {"join", "SELECT relevo.join_conversations($1, $2, $3, $4, $5, $6, $7, $8)"},
    {"take_commands",
     "WITH w AS (DELETE FROM relevo.command WHERE lane = $1 AND id = ANY ($2::bigint[]) RETURNING 1) "
     "SELECT relevo.expect((SELECT count(*) FROM w), $3, 'commands', 'RV003')"},
    {"take_timers",
     "WITH w AS (DELETE FROM relevo.timer WHERE lane = $1 AND id = ANY ($2::bigint[]) RETURNING 1) "
     "SELECT relevo.expect((SELECT count(*) FROM w), $3, 'timers', 'RV003')"},
    {"tell_heir", "UPDATE relevo.lane SET unfinished = $3 WHERE lane = $1 AND fence = $2"},
    {"begin", "BEGIN"},
};
enum { N_STATEMENTS = sizeof(statements) / sizeof(*statements) };

/* The answers to all of them, up to the sync. */
static int read_prepared(rlv_store *store, rlv_error *err)
{
    int64_t deadline_us = rlv_pg_deadline(store);
    int outcome = RLV_OK;
    size_t at = 0;
    while (at <= N_STATEMENTS) {
        PGresult *r;
        int rc = rlv_pg_next(store, deadline_us, &r, err);
        if (rc != RLV_OK)
            return rc;
        ExecStatusType status = r ? PQresultStatus(r) : PGRES_EMPTY_QUERY;
        if (!r) {
            at++; /* the answer to one of them ended */
        } else if (status == PGRES_FATAL_ERROR && outcome == RLV_OK) {
            outcome = rlv_pg_error(store, r, err);
            (void)rlv_error_wrap(err, "preparing %s", at < N_STATEMENTS ? statements[at][0] : "a statement");
        }
        PQclear(r);
        if (status == PGRES_PIPELINE_SYNC || store->broken)
            return outcome;
    }
    return outcome != RLV_OK ? outcome : rlv_pg_lost(store, "the pipeline broke off", RLV_E_UNAVAILABLE, err);
}

/* In one go: one by one took longer than the time-out on a server 150 ms away, so that no lane could ever begin. */
int rlv_store_prepare(rlv_store *store, rlv_error *err)
{
    if (PQenterPipelineMode(store->conn) != 1)
        return rlv_pg_lost(store, "cannot begin a pipeline", RLV_E_UNAVAILABLE, err);
    for (size_t i = 0; i < N_STATEMENTS; i++)
        if (PQsendPrepare(store->conn, statements[i][0], statements[i][1], 0, NULL) != 1)
            return rlv_pg_lost(store, "cannot prepare", RLV_E_UNAVAILABLE, err);
    if (PQpipelineSync(store->conn) != 1)
        return rlv_pg_lost(store, "cannot send", RLV_E_UNAVAILABLE, err);
    int rc = read_prepared(store, err);
    if (rc != RLV_OK) {
        store->broken = true;
        return rc;
    }
    if (PQexitPipelineMode(store->conn) != 1)
        return rlv_pg_lost(store, "cannot end the pipeline", RLV_E_UNAVAILABLE, err);
    return RLV_OK;
}
