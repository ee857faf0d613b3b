/* SPDX-License-Identifier: Apache-2.0 */
/* The cache of conversations: what it keeps, what it drops first, what it weighs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lane/cache.h"

static rlv_id id_of(unsigned n)
{
    rlv_id id = {{0}};
    memcpy(id.bytes, &n, sizeof(n));
    return id;
}

static rlv_stored stored(unsigned n, const char *state)
{
    return (rlv_stored){.id = id_of(n),
                        .lane = 3,
                        .version = n,
                        .epoch = 7,
                        .owner_since_ms = 9,
                        .owner = RLV_OWNER_HUMAN,
                        .agent_id = RLV_STR("ana"),
                        .team = RLV_STR("care"),
                        .state = rlv_str_from(state)};
}

static int setup(void **state)
{
    rlv_cache *cache = rlv_cache_new();
    assert_non_null(cache);
    rlv_cache_limit(cache, 1 << 20);
    *state = cache;
    return 0;
}

static int teardown(void **state)
{
    rlv_cache_free(*state);
    return 0;
}

static void put(rlv_cache *cache, unsigned n, const char *state)
{
    rlv_stored s = stored(n, state);
    rlv_cache_put(cache, &s);
}

static void test_a_copy_comes_back(void **state)
{
    char text[] = "state of one";
    put(*state, 1, text);
    memset(text, '?', sizeof(text)); /* the cache has its own */
    const rlv_stored *s = rlv_cache_get(*state, id_of(1));
    assert_non_null(s);
    assert_true(rlv_id_eq(s->id, id_of(1)));
    assert_int_equal(s->lane, 3);
    assert_int_equal(s->version, 1);
    assert_int_equal(s->epoch, 7);
    assert_int_equal(s->owner_since_ms, 9);
    assert_int_equal(s->owner, RLV_OWNER_HUMAN);
    assert_true(rlv_str_is(s->agent_id, "ana"));
    assert_true(rlv_str_is(s->team, "care"));
    assert_true(rlv_str_is(s->state, "state of one"));
    assert_null(rlv_cache_get(*state, id_of(2)));
}

static void test_replacing_and_dropping(void **state)
{
    rlv_cache *cache = *state;
    put(cache, 1, "old");
    size_t one = rlv_cache_bytes(cache);
    assert_true(one > sizeof(rlv_stored));
    put(cache, 1, "newer");
    assert_int_equal(rlv_cache_bytes(cache), one + 2);
    assert_true(rlv_str_is(rlv_cache_get(cache, id_of(1))->state, "newer"));
    rlv_cache_drop(cache, id_of(2)); /* not there: nothing happens */
    put(cache, 2, "x");
    rlv_cache_drop(cache, id_of(1));
    assert_null(rlv_cache_get(cache, id_of(1)));
    assert_non_null(rlv_cache_get(cache, id_of(2)));
    rlv_cache_drop(cache, id_of(2));
    assert_int_equal(rlv_cache_bytes(cache), 0);
}

static void test_the_least_recently_used_goes(void **state)
{
    rlv_cache *cache = *state;
    put(cache, 1, "x");
    size_t one = rlv_cache_bytes(cache);
    rlv_cache_limit(cache, 4 * one);
    for (unsigned n = 2; n <= 4; n++)
        put(cache, n, "x");
    assert_int_equal(rlv_cache_bytes(cache), 4 * one);
    assert_non_null(rlv_cache_get(cache, id_of(1))); /* used: now 2 is the oldest */
    put(cache, 3, "x");                              /* and so is what is put again */
    put(cache, 5, "x");
    put(cache, 6, "x");
    assert_null(rlv_cache_get(cache, id_of(2)));
    assert_null(rlv_cache_get(cache, id_of(4)));
    assert_non_null(rlv_cache_get(cache, id_of(1)));
    assert_non_null(rlv_cache_get(cache, id_of(3)));
    assert_int_equal(rlv_cache_bytes(cache), 4 * one);
    rlv_cache_limit(cache, 2 * one); /* 5 and 6 are the oldest by now */
    assert_null(rlv_cache_get(cache, id_of(5)));
    assert_null(rlv_cache_get(cache, id_of(6)));
    assert_non_null(rlv_cache_get(cache, id_of(3)));
    rlv_cache_limit(cache, 0);
    assert_int_equal(rlv_cache_bytes(cache), 0);
    put(cache, 1, "x"); /* nothing fits: it is simply not kept */
    assert_null(rlv_cache_get(cache, id_of(1)));
    assert_int_equal(rlv_cache_bytes(cache), 0);
}

/* Against a plain model: what is there is right, and the weight is the sum. */
static void test_many(void **state)
{
    enum {
        IDS = 300,
        STEPS = 50000
    };
    rlv_cache *cache = *state;
    static unsigned version[IDS];
    uint32_t seed = 1;
    rlv_cache_limit(cache, 100 * (sizeof(rlv_stored) + 120));
    for (int i = 0; i < STEPS; i++) {
        seed = seed * 1664525 + 1013904223;
        unsigned n = (seed >> 8) % IDS;
        if (seed >> 30 == 0) {
            rlv_cache_drop(cache, id_of(n));
            version[n] = 0;
        } else if (seed >> 30 == 1) {
            rlv_stored s = stored(n, "0123456789" + seed % 10);
            s.version = (int64_t)++version[n] + i;
            version[n] = (unsigned)s.version;
            rlv_cache_put(cache, &s);
        } else {
            const rlv_stored *s = rlv_cache_get(cache, id_of(n));
            if (s)
                assert_int_equal(s->version, version[n]);
        }
        assert_true(rlv_cache_bytes(cache) <= 100 * (sizeof(rlv_stored) + 120));
    }
    for (unsigned n = 0; n < IDS; n++)
        rlv_cache_drop(cache, id_of(n));
    assert_int_equal(rlv_cache_bytes(cache), 0);
    rlv_cache_free(NULL);
}

static void test_clearing(void **state)
{
    put(*state, 1, "one");
    put(*state, 2, "two");
    rlv_cache_clear(*state);
    assert_int_equal(rlv_cache_bytes(*state), 0);
    assert_null(rlv_cache_get(*state, id_of(1)));
    put(*state, 2, "two again"); /* its limit is as it was */
    assert_non_null(rlv_cache_get(*state, id_of(2)));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(test_a_copy_comes_back), TEST(test_replacing_and_dropping),
                                       TEST(test_the_least_recently_used_goes), TEST(test_many),
                                       TEST(test_clearing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
