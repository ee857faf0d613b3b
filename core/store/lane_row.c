/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lane's row: taking the fence, and asking whether it is still ours. Postgres decides who lives.
 */
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/pg.h"

enum { ZOMBIE_PATIENCE_MS = 1000 };

/* Whoever holds the lane's row while we wait is a predecessor stopped in mid-commit: its own time-outs fire only
   when it or its network moves. Only our own kind is terminated. */
static void end_zombies(rlv_store *store)
{
    rlv_store *other = NULL;
    rlv_error err;
    if (rlv_store_open(store->conninfo, "relevo zombie", store->timeout_ms, &other, &err) != RLV_OK) {
        rlv_log(RLV_LOG_WARN, "store", "cannot look for a zombie: %s", err.message);
        return;
    }
    char sql[400];
    (void)snprintf(sql, sizeof(sql),
                   "SELECT count(pg_terminate_backend(a.pid)) FROM pg_stat_activity a "
                   "WHERE a.pid = ANY (pg_blocking_pids(%d)) AND a.application_name LIKE 'relevo lane %%'",
                   PQbackendPID(store->conn));
    PGresult *r = NULL;
    if (rlv_pg_exec(other, sql, &r, &err) == RLV_OK) {
        if (PQgetvalue(r, 0, 0)[0] != '0')
            rlv_log(RLV_LOG_WARN, "store",
                    "ended the connection of a consumer that was stopped while it held the lane");
    } else {
        rlv_log(RLV_LOG_WARN, "store", "cannot end a zombie: %s", err.message);
    }
    PQclear(r);
    rlv_store_close(other);
}

/* As rlv_pg_run, but looks for zombies when the row is not to be had. */
static int run_patiently(rlv_store *store, const char *sql, PGresult **ret, rlv_error *err)
{
    int rc = rlv_pg_send_sql(store, sql, err);
    if (rc != RLV_OK)
        return rc;
    int64_t deadline_us = rlv_pg_deadline(store);
    int64_t patience_us = rlv_clock_mono_us() + ZOMBIE_PATIENCE_MS * 1000;
    (void)PQflush(store->conn);
    while (PQisBusy(store->conn) && rlv_clock_mono_us() < patience_us) {
        struct pollfd pfd = {.fd = PQsocket(store->conn), .events = POLLIN};
        (void)PQflush(store->conn);
        if (poll(&pfd, 1, 50) > 0 && PQconsumeInput(store->conn) != 1)
            return rlv_pg_lost(store, "connection lost", RLV_E_UNAVAILABLE, err);
    }
    if (PQisBusy(store->conn))
        end_zombies(store);
    return rlv_pg_collect(store, deadline_us, ret, err);
}

static int fence_lane(rlv_store *store, int32_t lane, int32_t partitions, const char *kafka_cluster,
                      const char *const *topics, size_t n_topics, const rlv_lane_row *was, rlv_lane_row *row, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_pg_int4(store, lane);
    rlv_pg_bytea(store, (rlv_str){(const char *)row->fence, sizeof(row->fence)});
    rlv_pg_int4(store, partitions);
    rlv_pg_text(store, kafka_cluster);
    rlv_buf *names = rlv_pg_array_begin(store);
    for (size_t i = 0; i < n_topics; i++)
        rlv_pg_put_text(names, rlv_str_from(topics[i]));
    rlv_pg_array_end(names, RLV_PG_TEXT, n_topics);
    rlv_pg_bytea(store, was ? (rlv_str){(const char *)was->fence, sizeof(was->fence)} : RLV_STR(""));
    PGresult *r = NULL;
    /* Topics that the lane has not read yet have no offset: -1. */
    int rc = run_patiently(store,
                           "SELECT l.seq, l.published, l.lane_ms, t.i, "
                           "coalesce(l.next_offsets[array_position(l.topics, t.topic)], -1), l.unfinished "
                           "FROM relevo.lane_assign($1::int, $2::bytea, $3::int, $4::text, $6::bytea) l, "
                           "unnest($5::text[]) WITH ORDINALITY AS t(topic, i) ORDER BY t.i",
                           &r, err);
    if (rc != RLV_OK)
        return rc;
    row->seq = rlv_pg_get_int(r, 0, 0);
    row->published = rlv_pg_get_int(r, 0, 1);
    row->lane_ms = rlv_pg_get_int(r, 0, 2);
    row->unfinished = (int32_t)rlv_pg_get_int(r, 0, 5);
    for (int i = 0; i < PQntuples(r) && i < RLV_INPUTS_MAX; i++)
        row->next[i] = rlv_pg_get_int(r, i, 4);
    PQclear(r);
    return RLV_OK;
}

static int listen(rlv_store *store, int32_t lane, rlv_error *err)
{
    char sql[128];
    /* The name is what end_zombies looks for, however the connection was opened. */
    (void)snprintf(sql, sizeof(sql), "SET application_name = 'relevo lane %d'; LISTEN relevo_lane_%d", lane, lane);
    int rc = rlv_pg_exec(store, sql, NULL, err);
    if (rc == RLV_OK)
        store->listening = lane;
    return rc;
}

int rlv_store_assign(rlv_store *store, int32_t lane, int32_t partitions, const char *kafka_cluster,
                     const char *const *topics, size_t n_topics, const rlv_lane_row *was, rlv_lane_row *ret,
                     rlv_error *err)
{
    if (n_topics > RLV_INPUTS_MAX)
        return rlv_error_set(err, RLV_E_CONFIG, "%zu input topics, at most %d", n_topics, RLV_INPUTS_MAX);
    rlv_lane_row row = {.lane = lane, .n_topics = n_topics};
    for (size_t i = 0; i < n_topics; i++)
        row.topics[i] = rlv_str_from(topics[i]);
    randombytes_buf(row.fence, sizeof(row.fence));
    int rc = fence_lane(store, lane, partitions, kafka_cluster, topics, n_topics, was, &row, err);
    if (rc == RLV_OK && store->listening != lane) {
        rc = listen(store, lane, err);
        if (rc == RLV_OK)
            rc = rlv_store_prepare(store, err);
    }
    if (rc == RLV_OK)
        *ret = row;
    return rc;
}

int rlv_store_check_fence(rlv_store *store, const rlv_lane_row *row, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_pg_int4(store, row->lane);
    rlv_pg_bytea(store, (rlv_str){(const char *)row->fence, sizeof(row->fence)});
    PGresult *r = NULL;
    int rc = rlv_pg_run(store, "check_fence", &r, err);
    if (rc != RLV_OK)
        return rc;
    bool mine = PQntuples(r) == 1 && PQgetvalue(r, 0, 0)[0] == 1;
    PQclear(r);
    return mine ? RLV_OK : rlv_error_set(err, RLV_E_FENCED, "lane %d belongs to somebody else now", row->lane);
}

int rlv_store_tell_heir(rlv_store *store, const rlv_lane_row *row, int32_t unfinished, rlv_error *err)
{
    rlv_pg_begin(store);
    rlv_pg_int4(store, row->lane);
    rlv_pg_bytea(store, (rlv_str){(const char *)row->fence, sizeof(row->fence)});
    rlv_pg_int4(store, unfinished);
    return rlv_pg_run(store, "tell_heir", NULL, err);
}
