/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commit of a batch: one transaction. The lane's row goes first; then new conversations and timers, as streams
 * (rows.c); then what changes, in a pipeline; and last history, as a stream that COMMIT follows. Every check raises in
 * the server, so that nothing after it runs.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/point.h"
#include "store/rows.h"

static int compare_writes(const void *a, const void *b)
{
    const rlv_write *x = a, *y = b;
    return memcmp(x->conversation->id.bytes, y->conversation->id.bytes, sizeof(x->conversation->id.bytes));
}

/* ---- pipelines
 * ------------------------------------------------------------------------------------------------- */

/* Reads results up to the sync. */
static int read_results(rlv_store *store, rlv_error *err)
{
    int64_t deadline_us = rlv_pg_deadline(store);
    int outcome = RLV_OK;
    for (int empty = 0; empty < 2;) {
        PGresult *r;
        int rc = rlv_pg_next(store, deadline_us, &r, err);
        if (rc != RLV_OK)
            return rc;
        if (!r) {
            empty++; /* one between statements; two in a row: nothing is left */
            continue;
        }
        empty = 0;
        ExecStatusType status = PQresultStatus(r);
        if (status == PGRES_FATAL_ERROR && outcome == RLV_OK)
            outcome = rlv_pg_error(store, r, err);
        PQclear(r);
        if (status == PGRES_PIPELINE_SYNC || store->broken)
            return outcome;
    }
    return rlv_pg_lost(store, "the pipeline broke off", RLV_E_TIMEOUT, err);
}

/* What was sent up to here is carried out, and answered. sent: how the sending went. */
static int pipeline_end(rlv_store *store, int sent, rlv_error *err)
{
    if (sent != RLV_OK) {
        store->broken = true; /* half a pipeline may be on its way */
        return sent;
    }
    int rc = read_results(store, err);
    if (!store->broken && PQexitPipelineMode(store->conn) != 1)
        return rlv_pg_lost(store, "cannot end the pipeline", RLV_E_TIMEOUT, err);
    return rc;
}

static int send_sync(rlv_store *store, rlv_error *err)
{
    return PQpipelineSync(store->conn) == 1 ? RLV_OK
                                            : rlv_pg_lost(store, "cannot send", RLV_E_UNAVAILABLE, err);
}

/* A transaction that was refused leaves a connection that is good. */
static int roll_back(rlv_store *store, int rc)
{
    rlv_error ignored;
    if (!store->broken && PQtransactionStatus(store->conn) != PQTRANS_IDLE &&
        rlv_pg_exec(store, "ROLLBACK", NULL, &ignored) != RLV_OK)
        store->broken = true;
    return rc;
}

/* ---- the lane's row
 * -------------------------------------------------------------------------------------------- */

static int send_advance(rlv_store *store, const rlv_commit *c, rlv_error *err)
{
    const rlv_lane_row *row = c->row;
    rlv_pg_begin(store);
    rlv_pg_int4(store, row->lane);
    rlv_pg_bytea(store, (rlv_str){(const char *)row->fence, sizeof(row->fence)});
    rlv_pg_int8(store, row->seq);
    rlv_pg_int4(store, (int32_t)c->n);
    rlv_pg_int8(store, c->published);
    rlv_pg_int8(store, c->lane_ms);
    rlv_buf *a = rlv_pg_array_begin(store);
    for (size_t i = 0; i < row->n_topics; i++)
        rlv_pg_put_text(a, row->topics[i]);
    rlv_pg_array_end(a, RLV_PG_TEXT, row->n_topics);
    const int64_t *const offsets[] = {row->next, c->next};
    for (int k = 0; k < 2; k++) {
        a = rlv_pg_array_begin(store);
        for (size_t i = 0; i < row->n_topics; i++)
            rlv_pg_put_int8(a, offsets[k][i]);
        rlv_pg_array_end(a, RLV_PG_INT8, row->n_topics);
    }
    return rlv_pg_send(store, "advance", err);
}

static int advance(rlv_store *store, const rlv_commit *c, rlv_error *err)
{
    if (PQenterPipelineMode(store->conn) != 1)
        return rlv_pg_lost(store, "cannot begin a pipeline", RLV_E_UNAVAILABLE, err);
    rlv_pg_begin(store);
    int rc = rlv_pg_send(store, "begin", err);
    if (rc == RLV_OK)
        rc = send_advance(store, c, err);
    if (rc == RLV_OK)
        rc = send_sync(store, err);
    return pipeline_end(store, rc, err);
}

/* ---- new rows
 * -------------------------------------------------------------------------------------------------- */

/* The core sets a timer where there is none, and none is moved: a timer that fires too early is ignored, and
 * set anew. */
static bool sets_timer(const rlv_write *w)
{
    return w->conversation->idle_timer_ms != 0 && w->timer_was_ms == 0;
}

/* Of what is held one may be needed before another that waits: that one then finds nothing to do. */
static bool sets_held_timer(const rlv_write *w)
{
    int64_t due_ms = w->conversation->held_timer_ms;
    return due_ms != 0 && (w->held_timer_was_ms == 0 || due_ms < w->held_timer_was_ms);
}

struct counts {
    size_t fresh, handed, timers_set, commands, timers;
};

static struct counts count(const rlv_commit *c)
{
    struct counts n = {0};
    for (size_t i = 0; i < c->n_writes; i++) {
        const rlv_write *w = &c->writes[i];
        n.fresh += w->conversation->version == 0;
        n.handed += w->conversation->version != 0 && (w->handoff || w->card);
        n.timers_set += (size_t)sets_timer(w) + sets_held_timer(w);
    }
    for (size_t i = 0; !c->rebuilt && i < c->n; i++) {
        n.commands += c->outcomes[i].event->source.kind == RLV_SOURCE_COMMAND;
        n.timers += c->outcomes[i].event->source.kind == RLV_SOURCE_TIMER;
    }
    return n;
}

static int copy_conversations(rlv_store *store, const rlv_commit *c, rlv_error *err)
{
    int rc = rlv_pg_copy_begin(store, rlv_store_copy_conversation, err);
    if (rc != RLV_OK)
        return rc;
    for (size_t i = 0; i < c->n_writes; i++)
        if (c->writes[i].conversation->version == 0)
            rlv_store_put_conversation(store, c->row->lane, &c->writes[i]);
    rc = rlv_pg_copy_send(store, err);
    return rc == RLV_OK ? rlv_pg_copy_end(store, err) : rc;
}

static int copy_timers(rlv_store *store, const rlv_commit *c, rlv_error *err)
{
    int rc = rlv_pg_copy_begin(store, rlv_store_copy_timer, err);
    if (rc != RLV_OK)
        return rc;
    for (size_t i = 0; i < c->n_writes; i++) {
        const rlv_conversation *v = c->writes[i].conversation;
        if (sets_timer(&c->writes[i]))
            rlv_store_put_timer(store, c->row->lane, v->id, RLV_STR("idle"), v->idle_timer_ms);
        if (sets_held_timer(&c->writes[i]))
            rlv_store_put_timer(store, c->row->lane, v->id, RLV_STR("held"), v->held_timer_ms);
    }
    rc = rlv_pg_copy_send(store, err);
    return rc == RLV_OK ? rlv_pg_copy_end(store, err) : rc;
}

/* ---- what changes
 * ---------------------------------------------------------------------------------------------- */

/* One array parameter over the writes that are not new. d: the handoff, or nothing. */
#define COLUMN(type, put, value)                                                                             \
    do {                                                                                                     \
        rlv_buf *a_ = rlv_pg_array_begin(store);                                                             \
        for (size_t i = 0; i < c->n_writes; i++) {                                                           \
            const rlv_conversation *v = c->writes[i].conversation;                                           \
            if (v->version != 0)                                                                             \
                put(a_, value);                                                                              \
        }                                                                                                    \
        rlv_pg_array_end(a_, type, n);                                                                       \
    } while (0)

#define HANDED(type, put, value)                                                                             \
    do {                                                                                                     \
        rlv_buf *a_ = rlv_pg_array_begin(store);                                                             \
        for (size_t i = 0; i < c->n_writes; i++) {                                                           \
            const rlv_decision *d = c->writes[i].handoff;                                                    \
            if (c->writes[i].conversation->version == 0)                                                     \
                continue;                                                                                    \
            if (d)                                                                                           \
                put(a_, value);                                                                              \
            else                                                                                             \
                rlv_pg_put_null(a_);                                                                         \
        }                                                                                                    \
        rlv_pg_array_end(a_, type, n);                                                                       \
    } while (0)

static rlv_str join(const rlv_str *list, size_t n, rlv_buf *scratch)
{
    rlv_buf_reset(scratch);
    for (size_t i = 0; i < n; i++) {
        if (i)
            rlv_buf_append(scratch, "\n", 1);
        rlv_buf_str(scratch, list[i]);
    }
    return rlv_buf_view(scratch);
}

static void put_handed(rlv_store *store, const rlv_commit *c, size_t n)
{
    rlv_buf scratch = RLV_BUF_INIT(64 * 1024);
    HANDED(RLV_PG_TEXT, rlv_pg_put_text, d->as.change.trigger);
    HANDED(RLV_PG_TEXT, rlv_pg_put_text, d->as.change.reason);
    HANDED(RLV_PG_INT2, rlv_pg_put_int2, (int16_t)d->as.change.route.priority);
    HANDED(RLV_PG_INT2, rlv_pg_put_int2, (int16_t)d->as.change.route.rank);
    HANDED(RLV_PG_TEXT, rlv_pg_put_text, d->as.change.route.language);
    HANDED(RLV_PG_TEXT, rlv_pg_put_text,
           join(d->as.change.route.skills, d->as.change.route.n_skills, &scratch));
    HANDED(RLV_PG_TEXT, rlv_pg_put_text, d->as.change.route.agent);
    COLUMN(RLV_PG_TEXT, rlv_store_put_card, c->writes[i].card);
    rlv_buf_free(&scratch);
}

static int send_updates(rlv_store *store, const rlv_commit *c, size_t n, bool handed, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_pg_int8(store, (int64_t)n);
    COLUMN(RLV_PG_UUID, rlv_pg_put_uuid, v->id);
    COLUMN(RLV_PG_INT8, rlv_pg_put_int8, v->version);
    COLUMN(RLV_PG_INT2, rlv_pg_put_int2, (int16_t)v->owner);
    COLUMN(RLV_PG_INT8, rlv_pg_put_int8, v->epoch);
    COLUMN(RLV_PG_INT8, rlv_pg_put_int8, v->owner_since_ms);
    COLUMN(RLV_PG_TEXT, rlv_pg_put_text, v->agent_id);
    COLUMN(RLV_PG_TEXT, rlv_pg_put_text, v->team);
    COLUMN(RLV_PG_TEXT, rlv_pg_put_text, v->wa_id);
    COLUMN(RLV_PG_TEXT, rlv_pg_put_text, v->customer_name);
    COLUMN(RLV_PG_TEXT, rlv_pg_put_text, v->language);
    COLUMN(RLV_PG_INT8, rlv_pg_put_int8, v->opened_ms);
    COLUMN(RLV_PG_INT8, rlv_pg_put_int8, v->last_in_ms);
    COLUMN(RLV_PG_BYTEA, rlv_pg_put_bytes, c->writes[i].state);
    if (handed)
        put_handed(store, c, n);
    return rlv_pg_send(store, handed ? "update_handed" : "update", err);
}

static int send_taken(rlv_store *store, const rlv_commit *c, enum rlv_source_kind kind, size_t n,
                      rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_pg_int4(store, c->row->lane);
    rlv_buf *ids = rlv_pg_array_begin(store);
    for (size_t i = 0; i < c->n; i++)
        if (c->outcomes[i].event->source.kind == kind)
            rlv_pg_put_int8(ids, c->outcomes[i].event->source.offset);
    rlv_pg_array_end(ids, RLV_PG_INT8, n);
    rlv_pg_int8(store, (int64_t)n);
    return rlv_pg_send(store, kind == RLV_SOURCE_COMMAND ? "take_commands" : "take_timers", err);
}

/* In the order given: a later one may join what an earlier one was joined to. */
static int send_joins(rlv_store *store, const rlv_commit *c, rlv_error *err)
{
    int rc = RLV_OK;
    for (size_t i = 0; rc == RLV_OK && i < c->n_joins; i++) {
        rlv_pg_begin(store);
        const rlv_join *j = &c->joins[i];
        rlv_pg_bytea(store, (rlv_str){(const char *)j->loser.bytes, sizeof(j->loser.bytes)}); /* a uuid's binary form */
        rlv_pg_int8(store, j->version);
        rlv_pg_bytea(store, (rlv_str){(const char *)j->survivor.bytes, sizeof(j->survivor.bytes)});
        rlv_pg_bytea(store, j->take ? (rlv_str){"\1", 1} : (rlv_str){"\0", 1});
        rlv_pg_int4(store, (int32_t)j->owner);
        rlv_pg_int8(store, j->epoch);
        rlv_pg_int8(store, j->since_ms);
        rlv_pg_int8(store, j->at_ms);
        rc = rlv_pg_send(store, "join", err);
    }
    return rc;
}

static int send_changes(rlv_store *store, const rlv_commit *c, rlv_error *err)
{
    struct counts n = count(c);
    int rc = RLV_OK;
    if (n.fresh < c->n_writes)
        rc = send_updates(store, c, c->n_writes - n.fresh, n.handed > 0, err);
    if (rc == RLV_OK)
        rc = send_joins(store, c, err);
    if (rc == RLV_OK) /* flushed: the server carries out what it gets, sync or not */
        RLV_POINT_AFTER((void)PQflush(store->conn), "half_sent");
    if (rc == RLV_OK && n.timers)
        rc = send_taken(store, c, RLV_SOURCE_TIMER, n.timers, err);
    if (rc == RLV_OK && n.commands)
        rc = send_taken(store, c, RLV_SOURCE_COMMAND, n.commands, err);
    if (rc == RLV_OK)
        rc = send_sync(store, err);
    return rc == RLV_OK ? rlv_pg_flush(store, err) : rc;
}

/* ---- the end
 * --------------------------------------------------------------------------------------------------- */

static int send_history(rlv_store *store, const rlv_commit *c, rlv_error *err)
{
    int rc = rlv_pg_copy_begin(store, rlv_store_copy_history, err);
    if (rc != RLV_OK)
        return rc;
    for (size_t i = 0; i < c->n; i++)
        rlv_store_put_history(store, &c->outcomes[i], c->decided[i]);
    return rlv_pg_copy_send(store, err);
}

/* Without events the position alone moves on. */
static int send_end(rlv_store *store, const rlv_commit *c, rlv_error *err)
{
    if (c->n)
        return send_history(store, c, err);
    if (PQsendQuery(store->conn, "COMMIT") != 1)
        return rlv_pg_lost(store, "cannot send", RLV_E_UNAVAILABLE, err);
    return rlv_pg_flush(store, err);
}

/* ---- the transaction
 * ------------------------------------------------------------------------------------------- */

int rlv_store_commit_begin(rlv_store *store, const rlv_commit *commit, rlv_error *err)
{
    if (commit->n_writes > 1)
        qsort(commit->writes, commit->n_writes, sizeof(*commit->writes), compare_writes);
    int rc = RLV_OK;
    for (size_t i = 0; rc == RLV_OK && i < commit->n;
         i++) /* a lane that is behind may cross several in one batch */
        rc = rlv_store_ensure_months(store, commit->outcomes[i].event->at_ms, err);
    if (rc != RLV_OK)
        return rc;
    struct counts n = count(commit);
    rc = advance(store, commit, err);
    if (rc == RLV_OK)
        RLV_POINT("advanced");
    if (rc == RLV_OK && n.fresh)
        rc = copy_conversations(store, commit, err);
    if (rc == RLV_OK && n.timers_set)
        rc = copy_timers(store, commit, err);
    if (rc != RLV_OK)
        return roll_back(store, rc);
    if (PQenterPipelineMode(store->conn) != 1)
        return rlv_pg_lost(store, "cannot begin a pipeline", RLV_E_UNAVAILABLE, err);
    rc = send_changes(store, commit, err);
    if (rc != RLV_OK)
        store->broken = true; /* half a pipeline may be on its way */
    return rc;
}

int rlv_store_commit_changed(rlv_store *store, rlv_error *err)
{
    int rc = pipeline_end(store, RLV_OK, err);
    return rc == RLV_OK ? rc : roll_back(store, rc);
}

bool rlv_store_commit_stands(const rlv_store *store)
{
    return !store->broken && PQtransactionStatus(store->conn) == PQTRANS_INTRANS;
}

/* The batch is committed only if COMMIT itself answered "COMMIT". */
int rlv_store_commit_end(rlv_store *store, const rlv_commit *commit, rlv_error *err)
{
    PGresult *r;
    int rc = send_end(store, commit, err);
    if (rc == RLV_OK) {
        RLV_POINT("sent");
        rc = rlv_pg_collect(store, rlv_pg_deadline(store), &r, err);
    }
    if (rc != RLV_OK)
        return roll_back(store, rc);
    bool committed = strcmp(PQcmdStatus(r), "COMMIT") == 0;
    PQclear(r);
    return committed ? RLV_OK : rlv_pg_lost(store, "the transaction ended without a commit", RLV_E_TIMEOUT, err);
}

int rlv_store_commit(rlv_store *store, const rlv_commit *commit, rlv_error *err)
{
    int rc = rlv_store_commit_begin(store, commit, err);
    if (rc == RLV_OK)
        rc = rlv_store_commit_changed(store, err);
    return rc == RLV_OK ? rlv_store_commit_end(store, commit, err) : rc;
}

int rlv_store_hold(rlv_store *store, const rlv_lane_row *row, const rlv_id *ids, size_t n, rlv_error *err)
{
    PGresult *r = NULL;
    rlv_pg_begin(store);
    int rc = rlv_pg_run(store, "begin", NULL, err); /* the commit's own BEGIN is then only warned of */
    if (rc != RLV_OK)
        return roll_back(store, rc);
    rlv_pg_begin(store);
    rlv_pg_int4(store, row->lane);
    rlv_pg_bytea(store, (rlv_str){(const char *)row->fence, sizeof(row->fence)});
    rc = rlv_pg_run(store, "hold_lane", &r, err);
    if (rc == RLV_OK && (PQntuples(r) != 1 || PQgetvalue(r, 0, 0)[0] != 1))
        rc = rlv_error_set(err, RLV_E_FENCED, "lane %d belongs to somebody else now", row->lane);
    PQclear(r);
    if (rc != RLV_OK)
        return roll_back(store, rc);
    rlv_pg_begin(store);
    rlv_buf *a = rlv_pg_array_begin(store);
    for (size_t i = 0; i < n; i++)
        rlv_pg_put_uuid(a, ids[i]);
    rlv_pg_array_end(a, RLV_PG_UUID, n);
    rc = rlv_pg_run(store, "hold", NULL, err);
    return rc == RLV_OK ? rc : roll_back(store, rc);
}

void rlv_store_release(rlv_store *store)
{
    (void)roll_back(store,
                    RLV_OK); /* a connection that cannot is marked broken, and says so when it is used */
}

/* A function that answers with a count. */
static int count_of(rlv_store *store, const char *statement, int *ret, rlv_error *err)
{
    PGresult *r = NULL;
    int rc = rlv_pg_run(store, statement, &r, err);
    if (rc != RLV_OK)
        return rc;
    *ret = (int)rlv_pg_get_int(r, 0, 0);
    PQclear(r);
    return RLV_OK;
}

int rlv_store_assign_waiting(rlv_store *store, int32_t lane, int limit, int *ret_given, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_pg_int4(store, lane);
    rlv_pg_int4(store, limit);
    return count_of(store, "assign_waiting", ret_given, err);
}

int rlv_store_look_after(rlv_store *store, int32_t lane, int limit, const rlv_patience *patience, int *ret_changed, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_pg_int4(store, lane);
    rlv_pg_int4(store, limit);
    rlv_pg_int8(store, patience->tell_after_ms);
    rlv_pg_int8(store, patience->tell_every_ms);
    rlv_pg_int8(store, patience->give_up_ms);
    rlv_pg_int8(store, patience->open_since_ms);
    return count_of(store, "look_after", ret_changed, err);
}

int rlv_store_waiting(rlv_store *store, int32_t lane, int64_t *ret_n, int64_t *ret_since_ms, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_pg_int4(store, lane);
    PGresult *r = NULL;
    int rc = rlv_pg_run(store, "waiting", &r, err);
    if (rc != RLV_OK)
        return rc;
    *ret_n = rlv_pg_get_int(r, 0, 0);
    *ret_since_ms = rlv_pg_get_int(r, 0, 1);
    PQclear(r);
    return RLV_OK;
}

int rlv_store_ensure_months(rlv_store *store, int64_t at_ms, rlv_error *err)
{
    /* A rough month is enough: the function makes the exact one and the next, and is asked a little too
     * often. */
    int64_t days = at_ms / 86400000, period = days / 10 + 1;
    if (period == store->month)
        return RLV_OK;
    rlv_pg_begin(store);
    rlv_pg_int8(store, at_ms);
    int rc = rlv_pg_run(store, "ensure_months", NULL, err);
    if (rc == RLV_OK)
        store->month = period;
    return rc;
}
