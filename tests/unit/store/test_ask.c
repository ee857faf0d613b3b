/* SPDX-License-Identifier: Apache-2.0 */
/* One statement, texts in, one text out: answers, refusals, and connections that are lost. */
#include "store/ask.h"

#include <stdio.h>

#include "shelf.h"

static int ask(shelf *s, const char *sql, const rlv_str *args, size_t n, rlv_str *ret, char state[RLV_ASK_STATE], rlv_error *err)
{
    return rlv_ask(s->store, sql, args, n, s->arena, ret, state, err);
}

static void test_answers(void **state)
{
    shelf *s = *state;
    rlv_error err;
    rlv_str ret;
    char sqlstate[RLV_ASK_STATE];
    assert_ok(rlv_ask_begin(s->store, &err), err);
    const rlv_str args[] = {RLV_STR("a'b\"\\"), RLV_STR("7"), {NULL, 0}};
    /* Texts are never read as SQL; one that is not used does no harm; an absent one is "". */
    assert_ok(ask(s, "SELECT $1 || ($2::int + 1) || '[' || $3 || ']'", args, 3, &ret, sqlstate, &err), err);
    assert_true(rlv_str_is(ret, "a'b\"\\8[]"));
    assert_string_equal(sqlstate, "");
    assert_ok(ask(s, "SELECT 'x' WHERE $2 = '8'", args, 3, &ret, sqlstate, &err), err);
    assert_null(ret.ptr); /* no row */
    assert_ok(ask(s, "SELECT NULL::text", args, 0, &ret, sqlstate, &err), err);
    assert_null(ret.ptr);
    assert_ok(ask(s, "SELECT 'a' UNION ALL SELECT 'b'", args, 0, &ret, sqlstate, &err), err);
    assert_true(rlv_str_is(ret, "a"));
    assert_ok(ask(s, "SET LOCAL work_mem = '1MB'", args, 0, &ret, sqlstate, &err), err); /* no result at all */
}

static void test_refusals(void **state)
{
    shelf *s = *state;
    rlv_error err;
    rlv_str ret;
    char sqlstate[RLV_ASK_STATE];
    const rlv_str id[] = {RLV_STR("00000000-0000-8000-8000-000000000000")};
    assert_int_equal(ask(s, "SELECT (desk.take_over($1::uuid, 'ana')).why", id, 1, &ret, sqlstate, &err), RLV_E_INVALID);
    assert_string_equal(sqlstate, "RV010");
    assert_string_equal(err.message, "there is no conversation 00000000-0000-8000-8000-000000000000"); /* fit for people */
    assert_int_equal(ask(s, "SELECT 1/0::int", NULL, 0, &ret, sqlstate, &err), RLV_E_IO);
    assert_string_equal(sqlstate, "22012");
    assert_int_equal(ask(s, "SELECT nonsense", NULL, 0, &ret, sqlstate, &err), RLV_E_REFUSED);
    assert_string_equal(sqlstate, "42703");
    rlv_arena *small = rlv_arena_new(64);
    assert_int_equal(rlv_ask(s->store, "SELECT repeat('x', 100)", NULL, 0, small, &ret, sqlstate, &err), RLV_E_LIMIT);
    rlv_arena_free(small);
    /* The connection goes on after all of that. */
    assert_false(rlv_ask_broken(s->store));
    assert_false(rlv_ask_stale(s->store));
    assert_ok(ask(s, "SELECT 'y'", NULL, 0, &ret, sqlstate, &err), err);
    assert_true(rlv_str_is(ret, "y"));
}

static void test_lost(void **state)
{
    shelf *s = *state;
    rlv_error err;
    rlv_str ret;
    char sqlstate[RLV_ASK_STATE];
    assert_ok(ask(s, "SELECT pg_backend_pid()::text", NULL, 0, &ret, sqlstate, &err), err);
    shelf_run(s->sql, "SELECT pg_terminate_backend(%.*s)", RLV_STR_ARG(ret));
    for (int i = 0; i < 1000 && !rlv_ask_stale(s->store); i++)
        shelf_run(s->sql, "SELECT pg_sleep(0.01)");
    assert_true(rlv_ask_stale(s->store)); /* told before anybody is failed */
    assert_int_equal(ask(s, "SELECT 'z'", NULL, 0, &ret, sqlstate, &err), RLV_E_UNAVAILABLE);
    assert_true(rlv_ask_broken(s->store));
    assert_int_equal(ask(s, "SELECT 'z'", NULL, 0, &ret, sqlstate, &err), RLV_E_UNAVAILABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_answers, shelf_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_refusals, shelf_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_lost, shelf_setup, shelf_teardown),
    };
    return cmocka_run_group_tests(tests, shelf_group_setup, shelf_group_teardown);
}
