/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a lane: the fence, what is refused, and predecessors that hold on to the row. */
#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "shelf.h"

static const char *const topics[] = {"a", "b"};

static void test_a_new_lane(void **state)
{
    shelf *s = *state;
    assert_int_equal(s->row.lane, s->lane);
    assert_int_equal(s->row.seq, 0);
    assert_int_equal(s->row.published, 0);
    assert_int_equal(s->row.lane_ms, 0);
    assert_int_equal(s->row.n_topics, 2);
    assert_int_equal(s->row.next[0], -1); /* never read */
    assert_int_equal(s->row.next[1], -1);
    assert_true(rlv_str_is(s->row.topics[1], "b"));
}

static void test_the_fence_moves(void **state)
{
    shelf *s = *state;
    rlv_error err;
    rlv_lane_row before = s->row;
    assert_ok(rlv_store_check_fence(s->store, &before, &err), err);
    rlv_lane_row again = shelf_assign(s->store, s->lane);
    assert_memory_not_equal(before.fence, again.fence, RLV_FENCE_BYTES);
    assert_int_equal(rlv_store_check_fence(s->store, &before, &err), RLV_E_FENCED);
    assert_ok(rlv_store_check_fence(s->store, &again, &err), err);
    again.lane = 3999; /* no such lane */
    assert_int_equal(rlv_store_check_fence(s->store, &again, &err), RLV_E_FENCED);
}

static void test_what_was_committed_comes_back(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, "back", 3, 1700000000000);
    b->commit.published = 2;
    assert_ok(shelf_commit(s, b, &err), err);
    static const char *const others[] = {"b", "new", "a"};
    rlv_lane_row row;
    assert_ok(rlv_store_assign(s->store, s->lane, 12, "cluster", others, 3, NULL, &row, &err), err);
    assert_int_equal(row.seq, 3);
    assert_int_equal(row.published, 2);
    assert_int_equal(row.lane_ms, 1700000000000);
    assert_int_equal(row.next[0], 20); /* by name, whatever the order */
    assert_int_equal(row.next[1], -1);
    assert_int_equal(row.next[2], 13);
}

static void test_refusals(void **state)
{
    shelf *s = *state;
    rlv_error err;
    rlv_lane_row row = {.lane = 77};
    assert_int_equal(rlv_store_assign(s->store, s->lane, 6, "cluster", topics, 2, NULL, &row, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "have 6 partitions"));
    assert_non_null(strstr(err.message, "made with 12"));
    assert_int_equal(rlv_store_assign(s->store, s->lane, 12, "elsewhere", topics, 2, NULL, &row, &err),
                     RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "cluster elsewhere"));
    assert_non_null(strstr(err.message, "belong to cluster cluster"));
    assert_non_null(strstr(err.message, "bootstrap.servers"));
    const char *many[RLV_INPUTS_MAX + 1];
    for (size_t i = 0; i <= RLV_INPUTS_MAX; i++)
        many[i] = "t";
    assert_int_equal(rlv_store_assign(s->store, s->lane, 12, "cluster", many, RLV_INPUTS_MAX + 1, NULL, &row, &err),
                     RLV_E_CONFIG);
    assert_int_equal(row.lane, 77);                                 /* untouched */
    assert_ok(rlv_store_check_fence(s->store, &s->row, &err), err); /* a refused one takes nothing */
}

static void test_announcements(void **state)
{
    shelf *s = *state;
    assert_false(rlv_store_notified(s->store));
    shelf_run(s->sql, "NOTIFY relevo_lane_%d", s->lane + 1000);
    shelf_run(s->sql, "NOTIFY relevo_lane_%d", s->lane);
    bool seen = false;
    for (int i = 0; i < 100 && !seen; i++) {
        rlv_clock_sleep_ms(10);
        seen = rlv_store_notified(s->store);
    }
    assert_true(seen);
    assert_false(rlv_store_notified(s->store)); /* told once */
    rlv_clock_sleep_ms(50);
    assert_false(rlv_store_notified(s->store)); /* and not of another lane's */
    shelf_run(s->sql, "NOTIFY relevo_lane_%d", s->lane);
    rlv_clock_sleep_ms(50);
    rlv_error err;
    assert_ok(rlv_store_check_fence(s->store, &s->row, &err), err);
    assert_true(rlv_store_notified(s->store)); /* seen by a statement, told afterwards */
    assert_true(rlv_store_fd(s->store) >= 0);
}

/* Somebody who has the lane's row locked, and does not move any more. */
static PGconn *holder(shelf *s, const char *name)
{
    PGconn *held = shelf_connect(s, name);
    shelf_run(held, "BEGIN");
    shelf_run(held, "SELECT * FROM relevo.lane WHERE lane = %d FOR UPDATE", s->lane);
    return held;
}

static void test_a_zombie_is_ended(void **state)
{
    shelf *s = *state;
    char name[64];
    rlv_store *zombie =
        shelf_open(s, SHELF_TIMEOUT_MS); /* however it was opened, a lane's connection is known as one */
    (void)shelf_assign(zombie, s->lane);
    (void)snprintf(
        name, sizeof(name), "%s",
        shelf_ask(s,
                  "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() "
                  "AND application_name LIKE 'relevo lane %d'",
                  s->lane));
    rlv_store_close(zombie);
    PGconn *held = holder(s, name);
    int64_t begun_us = rlv_clock_mono_us();
    rlv_lane_row row = shelf_assign(s->store, s->lane);
    assert_true(rlv_clock_mono_us() - begun_us < 2000000);
    rlv_error err;
    assert_ok(rlv_store_check_fence(s->store, &row, &err), err);
    PQclear(PQexec(held, "COMMIT"));
    assert_int_equal(PQstatus(held), CONNECTION_BAD);
    PQfinish(held);
}

/* A person with psql, or another program: never ended; the lane waits and tries again later. */
static void test_a_stranger_is_not(void **state)
{
    shelf *s = *state;
    PGconn *held = holder(s, "psql");
    rlv_store *impatient = shelf_open(s, SHELF_IMPATIENT_MS);
    rlv_error err;
    rlv_lane_row row;
    int64_t begun_us = rlv_clock_mono_us();
    assert_int_equal(rlv_store_assign(impatient, s->lane, 12, "cluster", topics, 2, NULL, &row, &err),
                     RLV_E_TIMEOUT);
    assert_true(rlv_clock_mono_us() - begun_us < (SHELF_IMPATIENT_MS + 1500) * 1000);
    rlv_store_close(impatient);
    shelf_run(held, "COMMIT");
    PQfinish(held);
    s->row = shelf_assign(s->store, s->lane);
    assert_ok(rlv_store_check_fence(s->store, &s->row, &err), err);
}

static rlv_lane_row assign_after(shelf *s, const rlv_lane_row *was)
{
    rlv_lane_row row;
    rlv_error err;
    int rc = rlv_store_assign(s->store, s->lane, 12, "cluster", topics, 2, was, &row, &err);
    assert_ok(rc, err);
    return row;
}

static void tell_heir(shelf *s, const rlv_lane_row *row, int32_t unfinished)
{
    rlv_error err;
    assert_ok(rlv_store_tell_heir(s->store, row, unfinished, &err), err);
}

/* What a successor is told of those before it. */
static void test_holders_that_do_not_leave(void **state)
{
    shelf *s = *state;
    assert_int_equal(s->row.unfinished, 0); /* nobody had it */
    rlv_lane_row first = assign_after(s, NULL);
    assert_int_equal(first.unfinished, 0); /* who did not begin cannot have died of anything in it */
    tell_heir(s, &first, 1);
    rlv_lane_row second = assign_after(s, NULL);
    assert_int_equal(second.unfinished, 1);
    tell_heir(s, &second, 2);
    second = assign_after(s, &second); /* the same one, which lost its servers for a while */
    assert_int_equal(second.unfinished, 1);
    tell_heir(s, &second, 2);
    rlv_lane_row third = assign_after(s, &first); /* somebody else had it meanwhile */
    assert_int_equal(third.unfinished, 2);
    assert_int_equal(assign_after(s, NULL).unfinished, 2); /* nor did that one begin */

    tell_heir(s, &second, 0); /* not its lane any more */
    third = assign_after(s, NULL);
    assert_int_equal(third.unfinished, 2);

    tell_heir(s, &third, 3);
    tell_heir(s, &third, 1); /* it did well, and then lost its servers, ... */
    third = assign_after(s, &third);
    assert_int_equal(third.unfinished, 0);
    tell_heir(s, &third, 1);
    rlv_lane_row last = assign_after(s, NULL); /* ... and then died */
    assert_int_equal(last.unfinished, 1);
    tell_heir(s, &last, 2);
    tell_heir(s, &last, 1); /* it left in order, before it had come to the end of what was feared */
    last = assign_after(s, NULL);
    assert_int_equal(last.unfinished, 1);
    tell_heir(s, &last, 0); /* and this one at its end */
    assert_int_equal(assign_after(s, NULL).unfinished, 0);
}

/* Deciding is not doing well: what comes next may be what it dies of. */
static void test_a_commit_finishes_nothing(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, "unfinished", 3, 1700000000000);
    tell_heir(s, &s->row, 1);
    assert_ok(shelf_commit(s, b, &err), err);
    assert_int_equal(assign_after(s, NULL).unfinished, 1);
}

struct racer {
    shelf *s;
    int32_t lane;
    bool ok;
    rlv_error err;
};

/* Ten lanes that begin a new month at the same moment, each making its partition of history. No assertions
   here: they are for the test's own thread. */
static void *race(void *arg)
{
    struct racer *r = arg;
    shelf own = *r->s;
    own.lane = r->lane;
    own.store = NULL;
    own.arena = rlv_arena_new((size_t)16 << 20);
    int rc = rlv_store_open(own.conninfo, "unit test", SHELF_TIMEOUT_MS, &own.store, &r->err);
    if (rc == RLV_OK)
        rc = rlv_store_assign(own.store, own.lane, 12, "cluster", topics, 2, NULL, &own.row, &r->err);
    for (int month = 0; month < 3 && rc == RLV_OK; month++) {
        shelf_batch *b = shelf_batch_new(&own,
                                         month == 0   ? "x"
                                         : month == 1 ? "y"
                                                      : "z",
                                         2, 1900000000000 + month * (int64_t)32 * 86400000);
        rc = shelf_commit(&own, b, &r->err);
        shelf_follow(&own, b);
    }
    r->ok = rc == RLV_OK;
    rlv_store_close(own.store);
    rlv_arena_free(own.arena);
    return NULL;
}

static void test_ten_lanes_at_once(void **state)
{
    shelf *s = *state;
    pthread_t threads[10];
    struct racer racers[10];
    for (int i = 0; i < 10; i++) {
        racers[i] = (struct racer){.s = s, .lane = 100 + i};
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < 10; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        if (!racers[i].ok)
            fail_msg("lane %d: %s", racers[i].lane, racers[i].err.message);
    }
    assert_ask(s, "60", "SELECT count(*) FROM relevo.history WHERE lane BETWEEN 100 AND 109");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, shelf_setup, shelf_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_new_lane),        TEST(test_the_fence_moves),   TEST(test_what_was_committed_comes_back),
        TEST(test_refusals),          TEST(test_announcements),     TEST(test_a_zombie_is_ended),
        TEST(test_a_stranger_is_not), TEST(test_holders_that_do_not_leave), TEST(test_a_commit_finishes_nothing),
        TEST(test_ten_lanes_at_once),
    };
    return cmocka_run_group_tests(tests, shelf_group_setup, shelf_group_teardown);
}
