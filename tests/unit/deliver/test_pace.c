/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets, breaker and back-off, on a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "deliver/pace.h"

#define S 1000000LL

static int64_t take(rlv_pace *p, const char *name, int64_t now_us)
{
    return rlv_pace_take(p, rlv_str_from(name), 0.5, 3, now_us); /* WhatsApp's pair limit has this shape */
}

static void test_buckets(void **state)
{
    (void)state;
    rlv_pace *p = rlv_pace_new();
    assert_non_null(p);
    for (int i = 0; i < 3; i++)
        assert_int_equal(take(p, "a", 100 * S), 0);
    assert_int_equal(take(p, "a", 100 * S), 2 * S + 1); /* it is taken ahead of its time, ... */
    assert_int_equal(take(p, "b", 100 * S), 0);         /* another's */
    assert_int_equal(take(p, "a", 101 * S), 3 * S + 1); /* ... so who comes later goes later */
    assert_int_equal(take(p, "a", 104 * S), 2 * S + 1);
    rlv_pace_give_back(p, RLV_STR("a"));
    assert_int_equal(take(p, "a", 104 * S), 2 * S + 1);
    assert_int_equal(take(p, "a", 104 * S), 4 * S + 1); /* a clock that stands still gives nothing */
    rlv_pace_forgive(p);
    assert_int_equal(take(p, "a", 104 * S), 2 * S + 1);
    assert_int_equal(take(p, "b", 104 * S), 0);
    assert_int_equal(rlv_pace_buckets(p), 2);
    assert_int_equal(take(p, "a", 106 * S), 2 * S + 1);
    assert_int_equal(rlv_pace_buckets(p), 1); /* b is full again */

    /* A crowd that waits goes one by one, each when it was told. */
    for (int i = 0; i < 1000; i++)
        assert_int_equal(take(p, "crowd", 107 * S), i < 3 ? 0 : (i - 2) * 2 * S + 1);
    rlv_pace_forgive(p);

    char name[32];
    for (int i = 0; i < 10000; i++) {
        (void)snprintf(name, sizeof(name), "pair %d", i);
        assert_int_equal(take(p, name, 103 * S), 0);
    }
    for (int i = 0; i < 10000; i++) { /* each is still its own */
        (void)snprintf(name, sizeof(name), "pair %d", i);
        assert_int_equal(take(p, name, 103 * S), 0);
        assert_int_equal(take(p, name, 103 * S), 0);
        assert_true(take(p, name, 103 * S) > 0);
    }
    assert_int_equal(take(p, "last", 200 * S), 0);
    assert_int_equal(rlv_pace_buckets(p), 1); /* the others were forgotten */
    rlv_pace_free(p);
    rlv_pace_free(NULL);
}

static void test_the_breaker(void **state)
{
    (void)state;
    rlv_breaker b = {0};
    int64_t now = 1000 * S;
    for (int i = 0; i < 4; i++)
        assert_false(rlv_breaker_tell(&b, true, now));
    assert_false(rlv_breaker_tell(&b, false, now)); /* in a row, not in all */
    for (int i = 0; i < 4; i++)
        assert_false(rlv_breaker_tell(&b, true, now));
    assert_int_equal(rlv_breaker_ask(&b, now), 0);
    assert_true(rlv_breaker_tell(&b, true, now));
    assert_false(rlv_breaker_tell(&b, true, now)); /* one that was under way */
    assert_int_equal(rlv_breaker_ask(&b, now), 1 * S);
    now += 1 * S;
    assert_int_equal(rlv_breaker_ask(&b, now), 0); /* one tries */
    assert_true(rlv_breaker_ask(&b, now) > 0);     /* only one */
    assert_false(rlv_breaker_tell(&b, true, now));
    assert_int_equal(rlv_breaker_ask(&b, now), 2 * S);
    for (int i = 0; i < 10; i++) {
        now += rlv_breaker_ask(&b, now);
        assert_int_equal(rlv_breaker_ask(&b, now), 0);
        (void)rlv_breaker_tell(&b, true, now);
    }
    assert_int_equal(rlv_breaker_ask(&b, now), 60 * S);
    now += 60 * S;
    assert_int_equal(rlv_breaker_ask(&b, now), 0);
    rlv_breaker_give_back(&b, now); /* a takeover came before it: another tries at once */
    assert_int_equal(rlv_breaker_ask(&b, now), 0);
    assert_true(rlv_breaker_ask(&b, now) > 0);
    now += 30 * S; /* its outcome was never told */
    assert_int_equal(rlv_breaker_ask(&b, now), 0);
    (void)rlv_breaker_tell(&b, false, now);
    for (int i = 0; i < 5; i++)
        assert_int_equal(rlv_breaker_ask(&b, now), 0);
}

static void test_back_off(void **state)
{
    (void)state;
    int64_t least = INT64_MAX, most = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        int64_t ms = rlv_backoff_ms(3, seed);
        least = ms < least ? ms : least;
        most = ms > most ? ms : most;
        assert_in_range(rlv_backoff_ms(1, seed), 500, 1000);
        assert_in_range(rlv_backoff_ms(1000, seed), 150000, 300000);
    }
    assert_in_range(least, 2000, 2200); /* spread over the whole half */
    assert_in_range(most, 3800, 4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_the_breaker),
        cmocka_unit_test(test_back_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
