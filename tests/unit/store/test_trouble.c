/* SPDX-License-Identifier: Apache-2.0 */
/* A server that keeps us waiting, and one that goes away in the middle of a commit. */
#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "proxy.h"

static const int64_t at = 1700000000123;

/* A conversation that exists, and somebody who has it locked. */
static PGconn *locked(shelf *s, shelf_batch *b)
{
    rlv_error err;
    char id[RLV_ID_TEXT + 1];
    assert_ok(shelf_commit(s, b, &err), err);
    shelf_follow(s, b);
    rlv_id_text(b->conversations[0].id, id);
    PGconn *held = shelf_connect(s, "psql");
    shelf_run(held, "BEGIN");
    shelf_run(held, "SELECT * FROM relevo.conversation WHERE id = '%s' FOR UPDATE", id);
    return held;
}

static void test_a_statement_that_takes_too_long(void **state)
{
    shelf *s = *state;
    rlv_error err;
    rlv_store_close(s->store);
    s->store = shelf_open(s, SHELF_IMPATIENT_MS);
    s->row = shelf_assign(s->store, s->lane);
    shelf_batch *b = shelf_batch_new(s, "slow", 2, at);
    PGconn *held = locked(s, b);
    int64_t begun_us = rlv_clock_mono_us();
    assert_int_equal(shelf_commit(s, b, &err), RLV_E_TIMEOUT);
    assert_true(rlv_clock_mono_us() - begun_us < (SHELF_IMPATIENT_MS + 1500) * 1000);
    shelf_run(held, "ROLLBACK");
    PQfinish(held);
    assert_ask(s, "2", "SELECT seq FROM relevo.lane WHERE lane = %d", s->lane);
    assert_ok(shelf_commit(s, b, &err),
              err); /* the server said so itself: nothing was done, the connection is fine */
    assert_ask(s, "4", "SELECT seq FROM relevo.lane WHERE lane = %d", s->lane);
}

/* What the plain connection is told when it changes a conversation without waiting: its SQLSTATE, or "". */
static const char *meddle(shelf *s, const char *id)
{
    static char state[8];
    char sql[200];
    (void)snprintf(sql, sizeof(sql), "SET lock_timeout = '50ms'; UPDATE relevo.conversation SET team = 'care' WHERE id = '%s'",
                   id);
    PGresult *r = PQexec(s->sql, sql);
    const char *said = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    (void)snprintf(state, sizeof(state), "%s", said ? said : "");
    PQclear(r);
    return state;
}

static void test_what_is_held_waits_for_the_commit(void **state)
{
    shelf *s = *state;
    rlv_error err;
    char id[RLV_ID_TEXT + 1];
    shelf_batch *b = shelf_batch_new(s, "held", 2, at);
    assert_ok(shelf_commit(s, b, &err), err);
    shelf_follow(s, b);
    rlv_id_text(b->conversations[1].id, id);
    const rlv_id ids[] = {b->conversations[1].id, b->conversations[0].id, b->conversations[1].id};

    assert_ok(rlv_store_hold(s->store, &s->row, ids, 3, &err), err);
    assert_string_equal(meddle(s, id), "55P03");
    rlv_store_release(s->store);
    assert_string_equal(meddle(s, id), "");
    rlv_store_release(s->store); /* nothing is held: nothing happens */

    assert_ok(rlv_store_hold(s->store, &s->row, ids, 3, &err), err);
    assert_string_equal(meddle(s, id), "55P03");
    assert_ok(shelf_commit(s, b, &err), err);
    assert_string_equal(meddle(s, id), "");
    assert_ask(s, "4", "SELECT seq FROM relevo.lane WHERE lane = %d", s->lane);

    /* The lane is another's: nothing is held then. */
    shelf_follow(s, b);
    rlv_store *successor = shelf_open(s, SHELF_TIMEOUT_MS);
    rlv_lane_row row = shelf_assign(successor, s->lane);
    assert_int_equal(rlv_store_hold(s->store, &s->row, ids, 3, &err), RLV_E_FENCED);
    assert_string_equal(meddle(s, id), "");
    assert_ok(rlv_store_check_fence(successor, &row, &err), err);
    rlv_store_close(successor);
}

struct killer {
    shelf *s;
    char sql[200];
};

static void *kill_soon(void *arg)
{
    struct killer *k = arg;
    rlv_clock_sleep_ms(300);
    PQclear(PQexec(k->s->sql, k->sql));
    return NULL;
}

static void test_a_connection_that_is_killed_in_mid_commit(void **state)
{
    shelf *s = *state;
    rlv_error err;
    pthread_t thread;
    shelf_batch *b = shelf_batch_new(s, "killed", 2, at);
    struct killer k = {.s = s};
    (void)snprintf(k.sql, sizeof(k.sql),
                   "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
                   "'relevo lane %d' AND datname = current_database()",
                   s->lane);
    PGconn *held = locked(s, b);
    assert_int_equal(pthread_create(&thread, NULL, kill_soon, &k), 0);
    int rc = shelf_commit(s, b, &err);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(rc == RLV_E_UNAVAILABLE || rc == RLV_E_TIMEOUT);
    assert_true(rlv_code_retriable(rc));
    shelf_run(held, "ROLLBACK");
    PQfinish(held);

    /* Nothing works on it any more, and nothing pretends to. */
    rlv_id id = b->conversations[0].id;
    rlv_stored *stored;
    size_t n;
    int64_t age;
    int given;
    rlv_event *events;
    rlv_unpublished *rows;
    static const char *const topics[] = {"a", "b"};
    rlv_lane_row row;
    assert_int_equal(rlv_store_check_fence(s->store, &s->row, &err), RLV_E_UNAVAILABLE);
    assert_int_equal(shelf_commit(s, b, &err), RLV_E_UNAVAILABLE);
    assert_int_equal(rlv_store_load(s->store, &id, 1, s->arena, &stored, &n, &err), RLV_E_UNAVAILABLE);
    assert_int_equal(rlv_store_commands(s->store, s->lane, 1, s->arena, &events, &n, &age, &err),
                     RLV_E_UNAVAILABLE);
    assert_int_equal(rlv_store_timers(s->store, s->lane, 1, 1, s->arena, &events, &n, &err),
                     RLV_E_UNAVAILABLE);
    assert_int_equal(rlv_store_unpublished(s->store, s->lane, 0, 1, s->arena, &rows, &n, &err),
                     RLV_E_UNAVAILABLE);
    assert_int_equal(rlv_store_assign_waiting(s->store, s->lane, 1, &given, &err), RLV_E_UNAVAILABLE);
    assert_int_equal(rlv_store_assign(s->store, s->lane, 12, "cluster", topics, 2, NULL, &row, &err),
                     RLV_E_UNAVAILABLE);
    assert_int_equal(rlv_store_check_schema(s->store, &err), RLV_E_UNAVAILABLE);
    assert_int_equal(rlv_store_migrate(s->store, NULL, &err), RLV_E_UNAVAILABLE);
    assert_int_equal(rlv_store_ensure_months(s->store, 0, &err), RLV_E_UNAVAILABLE);
    assert_false(rlv_store_notified(s->store));

    rlv_store_close(s->store); /* the cure: another connection, and the lane again */
    s->store = shelf_open(s, SHELF_TIMEOUT_MS);
    s->row = shelf_assign(s->store, s->lane);
    assert_int_equal(s->row.seq, 2); /* what it did not answer for has not happened */
    assert_ok(shelf_commit(s, b, &err), err);
}

/* The client's own deadline, when not even the server's comes: the network is dead and nobody was told. */
static void test_a_server_that_says_nothing(void **state)
{
    shelf *s = *state;
    rlv_error err;
    char conninfo[1200];
    proxy *wire = proxy_start(s);
    (void)snprintf(conninfo, sizeof(conninfo), "%s host=127.0.0.1 hostaddr=127.0.0.1 port=%d", s->conninfo,
                   proxy_port(wire));
    rlv_store_close(s->store);
    assert_ok(rlv_store_open(conninfo, "unit test", SHELF_IMPATIENT_MS, &s->store, &err), err);
    s->row = shelf_assign(s->store, s->lane);
    shelf_batch *b = shelf_batch_new(s, "silent", 1, at);
    assert_ok(shelf_commit(s, b, &err), err);
    shelf_follow(s, b);
    proxy_freeze(wire);
    int64_t begun_us = rlv_clock_mono_us();
    assert_int_equal(shelf_commit(s, b, &err), RLV_E_TIMEOUT);
    int64_t took_us = rlv_clock_mono_us() - begun_us;
    assert_in_range(took_us, SHELF_IMPATIENT_MS * 1000, (SHELF_IMPATIENT_MS + 1500) * 1000);
    begun_us = rlv_clock_mono_us(); /* nothing more is asked of it: the outcome is unknown for good */
    assert_int_equal(rlv_store_check_fence(s->store, &s->row, &err), RLV_E_UNAVAILABLE);
    assert_true(rlv_clock_mono_us() - begun_us < 200000);
    rlv_store_close(s->store);
    proxy_stop(wire);
    s->store = shelf_open(s, SHELF_TIMEOUT_MS);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, shelf_setup, shelf_teardown)
    const struct CMUnitTest tests[] = {TEST(test_a_statement_that_takes_too_long),
                                       TEST(test_a_connection_that_is_killed_in_mid_commit),
                                       TEST(test_a_server_that_says_nothing),
                                       TEST(test_what_is_held_waits_for_the_commit)};
    return cmocka_run_group_tests(tests, shelf_group_setup, shelf_group_teardown);
}
