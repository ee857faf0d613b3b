/* SPDX-License-Identifier: Apache-2.0 */
/* The past, as tools read it: which conversations, all of each in its order, and nothing is changed. */
#include "store/history.h"

#include <stdio.h>

#include "shelf.h"

enum {
    LIMIT = 64
};
static const int64_t at = 1700000000000;

/* A store that only reads; the test's own wrote. */
static rlv_store *past(shelf *s)
{
    rlv_store *store = shelf_open(s, SHELF_TIMEOUT_MS);
    rlv_error err;
    assert_ok(rlv_history_begin(store, &err), err);
    return store;
}

/* Three conversations of two events each: the first two wrote, of the third a status came; a minute apart. */
static shelf_batch *written(shelf *s, const char *name)
{
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, name, 3, at);
    for (int i = 0; i < 2; i++) {
        b->events[2].kind = RLV_EVENT_STATUS;
        b->conversations[1].user_id = RLV_STR("ES.77");
        for (size_t k = 0; k < 3; k++) {
            b->events[k].at_ms = at + i * 60000 + (int64_t)k;
            b->decided[k] = rlv_str_from(rlv_arena_printf(s->arena, "%s %zu of %d", name, k, i));
        }
        b->commit.lane_ms = at + i * 60000 + 2;
        assert_ok(shelf_commit(s, b, &err), err);
        shelf_follow(s, b);
    }
    return b;
}

static size_t found(rlv_store *store, shelf *s, int64_t since, int64_t until, const char *customer, rlv_id **ret)
{
    size_t n = 77;
    rlv_error err;
    assert_ok(rlv_history_conversations(store, since, until, customer, s->arena, ret, &n, &err), err);
    return n;
}

static void test_whom(void **state)
{
    shelf *s = *state;
    shelf_batch *b = written(s, "whom");
    rlv_store *store = past(s);
    rlv_id *ids;
    char id[RLV_ID_TEXT + 1];
    assert_int_equal(found(store, s, at, at + 1, NULL, &ids), 1); /* of [since, until) */
    assert_true(rlv_id_eq(ids[0], b->conversations[0].id));
    assert_int_equal(found(store, s, at + 1, at + 60000, NULL, &ids), 1);
    assert_true(rlv_id_eq(ids[0], b->conversations[1].id));
    assert_int_equal(found(store, s, at, at + 120000, NULL, &ids), 2); /* once each, and none for a status */
    assert_true(rlv_id_eq(ids[0], b->conversations[0].id));            /* who came first */
    assert_int_equal(found(store, s, at + 120000, at + 180000, NULL, &ids), 0);

    rlv_id_text(b->conversations[0].id, id);
    const char *const names[][2] = {{id, "0"}, {"ES.77", "1"}};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(found(store, s, at, at + 120000, names[i][0], &ids), 1);
        assert_true(rlv_id_eq(ids[0], b->conversations[i].id));
    }
    char wa_id[LIMIT];
    (void)snprintf(wa_id, sizeof(wa_id), "%.*s", RLV_STR_ARG(b->conversations[0].wa_id));
    assert_int_equal(found(store, s, at, at + 120000, wa_id, &ids), 1);
    assert_int_equal(found(store, s, at, at + 120000, "' OR ''='", &ids), 0); /* a name, never a piece of the question */
    rlv_store_close(store);
}

static void test_what(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_batch *b = written(s, "what");
    rlv_store *store = past(s);
    rlv_past *list;
    size_t n;
    const rlv_id ids[] = {b->conversations[0].id, b->conversations[1].id, b->conversations[2].id};
    assert_ok(rlv_history_read(store, ids, 3, at + 120000, s->arena, &list, &n, &err), err);
    assert_int_equal(n, 4); /* statuses are not among them */
    for (size_t i = 0; i < n; i++) {
        bool first = rlv_id_eq(list[i].conversation_id, ids[0]);
        assert_true(first || rlv_id_eq(list[i].conversation_id, ids[1]));
        if (i % 2)
            assert_true(rlv_id_eq(list[i].conversation_id, list[i - 1].conversation_id)); /* one after the other */
        assert_true(rlv_str_is(list[i].decided, rlv_arena_printf(s->arena, "what %d of %zu", !first, i % 2)));
    }
    assert_ok(rlv_history_read(store, ids, 3, at + 1, s->arena, &list, &n, &err), err);
    assert_int_equal(n, 1);
    assert_ok(rlv_history_read(store, ids, 0, at + 120000, s->arena, &list, &n, &err), err);
    assert_int_equal(n, 0);

    n = 77;
    rlv_arena *small = rlv_arena_new(LIMIT);
    assert_int_equal(rlv_history_read(store, ids, 3, at + 120000, small, &list, &n, &err), RLV_E_LIMIT);
    assert_int_equal(n, 77); /* untouched */
    rlv_arena_free(small);
    rlv_store_close(store);
}

static void test_only_reads(void **state)
{
    shelf *s = *state;
    rlv_error err;
    rlv_store *store = past(s);
    rlv_lane_row row;
    static const char *const topics[] = {"a"};
    assert_int_not_equal(rlv_store_assign(store, s->lane, 12, "cluster", topics, 1, NULL, &row, &err), RLV_OK);
    assert_non_null(strstr(err.message, "read-only"));
    assert_ok(rlv_store_check_fence(s->store, &s->row, &err), err);
    rlv_store_close(store);
}

static void test_a_table(void **state)
{
    shelf *s = *state;
    rlv_error err;
    rlv_table t = {.columns = 77};
    rlv_store *store = past(s);
    assert_ok(rlv_history_table(store,
                                "SELECT i AS number, CASE i WHEN 1 THEN NULL WHEN 2 THEN '' ELSE 'ñ' END AS \"a word\" "
                                "FROM generate_series(1, 3) i ORDER BY i",
                                s->arena, &t, &err),
              err);
    assert_int_equal(t.columns, 2);
    assert_int_equal(t.rows, 3);
    assert_string_equal(t.names[0], "number");
    assert_string_equal(t.names[1], "a word");
    static const char *const cells[] = {"1", NULL, "2", "", "3", "ñ"};
    for (size_t i = 0; i < 6; i++)
        if (cells[i])
            assert_string_equal(t.cells[i], cells[i]);
        else
            assert_null(t.cells[i]); /* nothing is not an empty text */
    assert_ok(rlv_history_table(store, "SELECT 1 AS one WHERE false", s->arena, &t, &err), err);
    assert_int_equal(t.rows, 0);
    assert_int_equal(t.columns, 1);

    t.columns = 77;
    assert_int_equal(rlv_history_table(store, "SELECT 1 FROM relevo.nothing", s->arena, &t, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "relevo.nothing"));
    rlv_arena *small = rlv_arena_new(LIMIT);
    assert_int_equal(rlv_history_table(store, "SELECT repeat('x', 100)", small, &t, &err), RLV_E_LIMIT);
    assert_int_equal(t.columns, 77); /* untouched */
    rlv_arena_free(small);
    rlv_store_close(store);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, shelf_setup, shelf_teardown)
    const struct CMUnitTest tests[] = {TEST(test_whom), TEST(test_what), TEST(test_only_reads), TEST(test_a_table)};
    return cmocka_run_group_tests(tests, shelf_group_setup, shelf_group_teardown);
}
