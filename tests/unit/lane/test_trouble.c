/* SPDX-License-Identifier: Apache-2.0 */
/* What a lane says of its trouble, how often, and how long it waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lane/trouble.h"

enum { SECOND = 1000000 };

static rlv_error error_of(int code, const char *words)
{
    rlv_error err = {0};
    (void)rlv_error_set(&err, code, "%s", words);
    return err;
}

static void each_kind_is_said_once(void **state)
{
    (void)state;
    rlv_trouble t = {0};
    rlv_error lost = error_of(RLV_E_UNAVAILABLE, "Postgres: connection lost: by peer");
    rlv_error away = error_of(RLV_E_UNAVAILABLE, "Postgres: cannot connect: refused");
    rlv_error starting = error_of(RLV_E_UNAVAILABLE, "Postgres: cannot connect: it starts up");
    assert_true(rlv_trouble_news(&t, &lost, 5));
    assert_true(rlv_trouble_news(&t, &away, 10));
    for (int i = 0; i < 59; i++) { /* in turns */
        assert_false(rlv_trouble_news(&t, &lost, i * SECOND));
        assert_false(rlv_trouble_news(&t, &away, i * SECOND));
        assert_false(rlv_trouble_news(&t, &starting, i * SECOND));
    }
    assert_true(rlv_trouble_news(&t, &away, 61 * SECOND));
    assert_false(rlv_trouble_news(&t, &starting, 62 * SECOND));
    rlv_error timeout = error_of(RLV_E_TIMEOUT, "Postgres: cannot connect: refused");
    assert_true(rlv_trouble_news(&t, &timeout, 62 * SECOND)); /* another code, another trouble */
}

static void what_comes_and_goes_is_said_every_five_seconds(void **state)
{
    (void)state;
    rlv_trouble t = {0};
    rlv_error lost = error_of(RLV_E_UNAVAILABLE, "Postgres: connection lost");
    assert_false(rlv_trouble_over(&t)); /* nothing was said */
    assert_true(rlv_trouble_news(&t, &lost, SECOND));
    assert_true(rlv_trouble_over(&t));
    assert_false(rlv_trouble_over(&t));
    assert_false(rlv_trouble_news(&t, &lost, 3 * SECOND));
    assert_false(rlv_trouble_over(&t)); /* so "it works" is not said again either */
    assert_true(rlv_trouble_news(&t, &lost, 7 * SECOND));
    assert_false(rlv_trouble_news(&t, &lost, 13 * SECOND)); /* it was not over */
    assert_true(rlv_trouble_over(&t));
}

static void old_kinds_make_room(void **state)
{
    (void)state;
    rlv_trouble t = {0};
    const char *const words[] = {"one", "two", "three", "four", "five"};
    for (int i = 0; i < 5; i++) {
        rlv_error err = error_of(RLV_E_IO, words[i]);
        assert_true(rlv_trouble_news(&t, &err, (i + 1) * SECOND));
    }
    rlv_error first = error_of(RLV_E_IO, "one"), last = error_of(RLV_E_IO, "five");
    assert_false(rlv_trouble_news(&t, &last, 6 * SECOND));
    assert_true(rlv_trouble_news(&t, &first, 6 * SECOND));
}

static void waits_grow_until_work_was_done(void **state)
{
    (void)state;
    rlv_trouble t = {0};
    assert_int_equal(rlv_trouble_wait(&t, RLV_E_UNAVAILABLE), 100);
    assert_int_equal(rlv_trouble_wait(&t, RLV_E_UNAVAILABLE), 200);
    assert_int_equal(rlv_trouble_wait(&t, RLV_E_LIMIT), 100); /* the next batch is smaller */
    for (int i = 0; i < 10; i++)
        (void)rlv_trouble_wait(&t, RLV_E_IO);
    assert_int_equal(rlv_trouble_wait(&t, RLV_E_IO), 5000);
    (void)rlv_trouble_over(&t);
    assert_int_equal(rlv_trouble_wait(&t, RLV_E_REFUSED), 5000);
    assert_int_equal(rlv_trouble_wait(&t, RLV_E_FENCED), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_said_once),
        cmocka_unit_test(what_comes_and_goes_is_said_every_five_seconds),
        cmocka_unit_test(old_kinds_make_room),
        cmocka_unit_test(waits_grow_until_work_was_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
