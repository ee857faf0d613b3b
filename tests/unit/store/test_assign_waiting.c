/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets a waiting conversation: fit, capacity, order; and twenty assigners at once. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "shelf.h"

enum {
    ASSIGNERS = 20,
    LANES = 4,
    AGENTS = 10,
    CAPACITY = 7,
    WAITING = 100
};

static int setup(void **state)
{
    shelf_setup(state);
    shelf *s = *state;
    shelf_run(s->sql,
              "DELETE FROM relevo.agent; DELETE FROM relevo.conversation; DELETE FROM relevo.command");
    return 0;
}

/* n queued conversations of a lane, the first one waiting longest; what they need is set by `more`. */
static void wait_in(shelf *s, int32_t lane, int n, const char *more)
{
    shelf_run(
        s->sql,
        "INSERT INTO relevo.conversation (id, lane, version, owner, epoch, owner_since, phone_number_id, "
        "customer_id, opened_ms, last_in_ms, state) SELECT gen_random_uuid(), %d, 1, 2, 5, "
        "(extract(epoch FROM clock_timestamp()) * 1000)::bigint - 1000 + g, '555', 'c' || g, 0, 0, '' "
        "FROM generate_series(1, %d) g",
        lane, n);
    if (more)
        shelf_run(s->sql, "UPDATE relevo.conversation SET %s WHERE lane = %d", more, lane);
}

static void agent(shelf *s, const char *id, int capacity, const char *more)
{
    shelf_run(
        s->sql,
        "INSERT INTO relevo.agent (id, name, capacity, presence) VALUES ('%s', upper('%s'), %d, 'online')",
        id, id, capacity);
    if (more)
        shelf_run(s->sql, "UPDATE relevo.agent SET %s WHERE id = '%s'", more, id);
}

static int give(shelf *s, int limit)
{
    rlv_error err;
    int given = -1;
    assert_ok(rlv_store_assign_waiting(s->store, s->lane, limit, &given, &err), err);
    return given;
}

/* How many wait in a lane, and since when: over several agents, not of another lane, not what goes on elsewhere. */
static void test_waiting(void **state)
{
    shelf *s = *state;
    rlv_error err;
    int64_t n = -1, since_ms = -1;
    assert_ok(rlv_store_waiting(s->store, s->lane, &n, &since_ms, &err), err);
    assert_int_equal(n, 0);
    assert_int_equal(since_ms, 0);
    wait_in(s, s->lane, 3, "owner_since = 5000");
    wait_in(s, s->lane + 1000, 1, "owner_since = 1000");
    assert_ok(rlv_store_waiting(s->store, s->lane, &n, &since_ms, &err), err);
    assert_int_equal(n, 3);
    assert_int_equal(since_ms, 5000);
    shelf_run(s->sql, "UPDATE relevo.conversation SET waiting_ms = 3000 WHERE lane = %d AND customer_id = 'c2'", s->lane);
    shelf_run(s->sql, "UPDATE relevo.conversation SET owner = 3 WHERE lane = %d AND customer_id = 'c1'", s->lane);
    shelf_run(s->sql, "UPDATE relevo.conversation SET forward = gen_random_uuid(), waiting_ms = 1 WHERE lane = %d AND customer_id = 'c3'", s->lane);
    assert_ok(rlv_store_waiting(s->store, s->lane, &n, &since_ms, &err), err);
    assert_int_equal(n, 1);
    assert_int_equal(since_ms, 3000);
}

/* What waits in vain moves on: an offer that nobody took, to the next; who overflows, to the team that helps out. */
static void test_looking_after(void **state)
{
    shelf *s = *state;
    rlv_error err;
    int changed = -1;
    const rlv_patience never = {0}, hour = {.tell_after_ms = 3600000};
    assert_ok(rlv_store_look_after(s->store, s->lane, 10, &never, &changed, &err), err);
    assert_int_equal(changed, 0);
    shelf_run(s->sql, "SELECT desk.put_team('sales'), desk.put_team('care', p_overflow_to => 'sales', p_overflow_after => '1 min')");
    wait_in(s, s->lane, 3, "team = 'care', owner_since = 1000");
    wait_in(s, s->lane + 1000, 1, "team = 'care', owner_since = 1000"); /* another lane's */
    assert_ok(rlv_store_look_after(s->store, s->lane, 2, &never, &changed, &err), err);
    assert_int_equal(changed, 2); /* at most */
    assert_ok(rlv_store_look_after(s->store, s->lane, 10, &never, &changed, &err), err);
    assert_int_equal(changed, 1);
    assert_ask(s, "3", "SELECT count(*) FROM relevo.conversation WHERE lane = %d AND team = 'sales'", s->lane);
    assert_ask(s, "care", "SELECT team FROM relevo.conversation WHERE lane = %d", s->lane + 1000);
    assert_ask(s, "3", "SELECT count(*) FROM relevo.command WHERE lane = %d AND kind = 'requeue'", s->lane);
    assert_ok(rlv_store_look_after(s->store, s->lane, 10, &never, &changed, &err), err);
    assert_int_equal(changed, 0); /* once */

    shelf_run(s->sql, "SELECT desk.put_team('sales', p_offline_after => '1 min')"); /* who is gone gives back what they had */
    agent(s, "ana", 5, "presence = 'online', expires_at = clock_timestamp() - interval '2 min'");
    agent(s, "bea", 5, NULL);
    shelf_run(s->sql, "UPDATE relevo.conversation SET owner = 3, agent_id = 'ana' WHERE lane = %d", s->lane);
    shelf_run(s->sql, "UPDATE relevo.conversation SET agent_id = 'bea' WHERE id = (SELECT id FROM relevo.conversation WHERE lane = %d LIMIT 1)",
              s->lane);
    assert_ok(rlv_store_look_after(s->store, s->lane, 10, &never, &changed, &err), err);
    assert_int_equal(changed, 2);
    assert_ask(s, "1", "SELECT count(*) FROM relevo.conversation WHERE lane = %d AND owner = 3 AND agent_id = 'bea'", s->lane);
    assert_ask(s, "offline", "SELECT presence FROM relevo.agent WHERE id = 'ana'");
    shelf_run(s->sql, "DELETE FROM relevo.team WHERE team IN ('care', 'sales')");

    shelf_run(s->sql, "UPDATE relevo.conversation SET owner = 2, agent_id = NULL, owner_since = 1000 WHERE lane = %d", s->lane);
    assert_ok(rlv_store_look_after(s->store, s->lane, 10, &hour, &changed, &err), err);
    assert_int_equal(changed, 3); /* they have waited long enough to be told */
    assert_ask(s, "position 1,position 2,position 3",
               "SELECT string_agg(note, ',' ORDER BY note) FROM relevo.command WHERE lane = %d AND kind = 'waiting'", s->lane);
    assert_ok(rlv_store_look_after(s->store, s->lane, 10, &hour, &changed, &err), err);
    assert_int_equal(changed, 0); /* once */
}

static void test_nobody_there(void **state)
{
    shelf *s = *state;
    agent(s, "ana", 5, NULL);
    assert_int_equal(give(s, 10), 0);
    wait_in(s, s->lane, 3, NULL);
    static const char *const away[] = {"busy", "away", "offline"};
    for (int i = 0; i < 3; i++) {
        shelf_run(s->sql, "UPDATE relevo.agent SET presence = '%s'", away[i]);
        assert_int_equal(give(s, 10), 0);
    }
}

static void test_what_an_assignment_leaves(void **state)
{
    shelf *s = *state;
    agent(s, "ana", 2, NULL);
    wait_in(s, s->lane, 3, NULL);
    wait_in(s, s->lane + 1000, 1, NULL); /* another lane's is not touched */
    assert_int_equal(give(s, 10), 2);
    assert_ask(
        s, "c1,c2",
        "SELECT string_agg(customer_id, ',' ORDER BY customer_id) FROM relevo.conversation WHERE owner = 3 "
        "AND agent_id = 'ana' AND epoch = 6 AND version = 2 AND owner_since > 1700000000000");
    assert_ask(
        s, "2",
        "SELECT count(*) FROM relevo.command k JOIN relevo.conversation c ON c.id = k.conversation_id WHERE "
        "k.lane = %d AND k.kind = 'assign' AND k.agent_id IS NULL AND k.agent_name = 'ANA' AND k.owner = 3 "
        "AND "
        "k.owner_agent = 'ana' AND k.epoch = 6 AND k.version = 2 AND c.owner = 3",
        s->lane);
    assert_true(rlv_store_notified(s->store));
    assert_int_equal(give(s, 10), 0); /* she is full */
}

static void test_limits_and_order(void **state)
{
    shelf *s = *state;
    agent(s, "ana", 50, NULL);
    wait_in(s, s->lane, 4, NULL);
    shelf_run(s->sql, "UPDATE relevo.conversation SET priority = 9 WHERE customer_id = 'c3'");
    assert_int_equal(give(s, 1), 1);
    assert_ask(s, "c3", "SELECT customer_id FROM relevo.conversation WHERE owner = 3"); /* priority first */
    assert_int_equal(give(s, 1), 1);
    assert_ask(
        s, "c1",
        "SELECT customer_id FROM relevo.conversation WHERE owner = 3 AND customer_id <> 'c3'"); /* then age */
}

/* The first in the queue, whom nobody here can take, must not hide those behind them. */
static void test_no_starving(void **state)
{
    shelf *s = *state;
    agent(s, "ana", 5, "teams = '{care}'");
    wait_in(s, s->lane, 6, "team = 'sales', priority = 9");
    shelf_run(s->sql, "UPDATE relevo.conversation SET team = 'care', priority = 1 WHERE customer_id = 'c6'");
    assert_int_equal(give(s, 1), 1);
    assert_ask(s, "c6", "SELECT customer_id FROM relevo.conversation WHERE owner = 3");
    assert_ask(s, "f", "SELECT desk.pull('ana')"); /* the rest is sales' */
}

static void test_fit(void **state)
{
    shelf *s = *state;
    static const struct {
        const char *needs, *who; /* who: "" nobody */
    } cases[] = {
        {"team = 'sales'", "bea"},
        {"team = 'nobody'", ""},
        {"need_skills = '{refunds}'", "zoe"},
        {"need_skills = '{refunds,vip}'", ""},
        {"need_language = 'pt'", "bea"}, /* ana speaks es only; zoe too; bea has no list: any */
        {"need_language = 'es', team = 'care'", "ana"},
        {"prefer_agent = 'zoe'", "zoe"},
        {"prefer_agent = 'gone'", "ana"}, /* a wish, no need; then the one who has waited longest */
        {"rank = 2", "ana"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        shelf_run(s->sql, "DELETE FROM relevo.agent; DELETE FROM relevo.conversation");
        agent(s, "ana", 5, "teams = '{care}', languages = '{es}', idle_since = '2020-01-01'");
        agent(s, "bea", 5, "teams = '{sales}', idle_since = '2021-01-01'");
        agent(s, "zoe", 5, "languages = '{es}', skills = '{refunds}', idle_since = '2022-01-01'");
        wait_in(s, s->lane, 1, cases[i].needs);
        assert_int_equal(give(s, 5), cases[i].who[0] != '\0');
        assert_ask(s, cases[i].who, "SELECT agent_id FROM relevo.conversation WHERE owner = 3");
    }
}

static void test_the_least_loaded(void **state)
{
    shelf *s = *state;
    agent(s, "ana", 5, "idle_since = '2020-01-01'");
    agent(s, "bea", 5, "idle_since = '2021-01-01'");
    wait_in(s, s->lane, 3, "owner = 3, agent_id = 'ana'");
    shelf_run(s->sql, "UPDATE relevo.conversation SET owner = 2, agent_id = NULL WHERE customer_id = 'c3'");
    assert_int_equal(give(s, 5), 1);
    assert_ask(s, "bea", "SELECT agent_id FROM relevo.conversation WHERE customer_id = 'c3'");
    shelf_run(s->sql,
              "UPDATE relevo.conversation SET owner = 2, agent_id = NULL, rank = 2, last_agent = NULL WHERE customer_id = 'c3'");
    assert_int_equal(give(s, 5), 1);
    assert_ask(s, "ana",
               "SELECT agent_id FROM relevo.conversation WHERE customer_id = 'c3'"); /* longest idle */
}

struct assigner {
    shelf *s;
    int32_t lane;
    int given, rc;
    rlv_error err;
};

static void *assign_some(void *arg)
{
    struct assigner *a = arg;
    rlv_store *store = NULL;
    rlv_lane_row row;
    static const char *const topics[] = {"a", "b"};
    a->rc = rlv_store_open(a->s->conninfo, "unit test", SHELF_TIMEOUT_MS, &store, &a->err);
    if (a->rc == RLV_OK)
        a->rc = rlv_store_assign(store, a->lane + 2000, 12, "cluster", topics, 2, NULL, &row, &a->err);
    for (int i = 0; i < 15 && a->rc == RLV_OK; i++) {
        int given = 0;
        a->rc = rlv_store_assign_waiting(store, a->lane, 3, &given, &a->err);
        a->given += given;
    }
    rlv_store_close(store);
    return NULL;
}

static void test_twenty_at_once(void **state)
{
    shelf *s = *state;
    pthread_t threads[ASSIGNERS];
    struct assigner assigners[ASSIGNERS];
    for (int i = 0; i < AGENTS; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "agent%d", i);
        agent(s, id, CAPACITY, NULL);
    }
    for (int lane = 0; lane < LANES; lane++)
        wait_in(s, 500 + lane, WAITING, NULL);
    for (int i = 0; i < ASSIGNERS; i++) {
        assigners[i] = (struct assigner){.s = s, .lane = 500 + i % LANES};
        assert_int_equal(pthread_create(&threads[i], NULL, assign_some, &assigners[i]), 0);
    }
    int given = 0;
    for (int i = 0; i < ASSIGNERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_ok(assigners[i].rc, assigners[i].err);
        given += assigners[i].given;
    }
    assert_in_range(given, 1, AGENTS * CAPACITY);
    char text[16];
    (void)snprintf(text, sizeof(text), "%d", given);
    assert_ask(s, text, "SELECT count(*) FROM relevo.conversation WHERE owner = 3 AND epoch = 6");
    assert_ask(s, text, "SELECT count(DISTINCT conversation_id) FROM relevo.command");
    assert_ask(s, text, "SELECT count(*) FROM relevo.command"); /* nothing was given twice */
    assert_ask(
        s, "0",
        "SELECT count(*) FROM (SELECT agent_id FROM relevo.conversation WHERE owner = 3 GROUP BY agent_id "
        "HAVING count(*) > %d) full_agents",
        CAPACITY);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, shelf_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_nobody_there), TEST(test_waiting), TEST(test_looking_after), TEST(test_what_an_assignment_leaves), TEST(test_limits_and_order),
        TEST(test_no_starving),
        TEST(test_fit),          TEST(test_the_least_loaded),          TEST(test_twenty_at_once),
    };
    return cmocka_run_group_tests(tests, shelf_group_setup, shelf_group_teardown);
}
