/* SPDX-License-Identifier: Apache-2.0 */
/* Features: the same for ever, each bucket once, both blocks of length 1. */
#include "test.h"

#include <math.h>

static uint32_t features(rlt_work *work, const char *text, const rlt_feature **ret)
{
    rlt_doc doc = test_read(work, text);
    uint32_t n = 0;
    assert_int_equal(rlt_features(work, &doc, ret, &n), RLT_OK);
    return n;
}

/* A stored model means what it meant: when this fails, raise RLT_FEATURES_VERSION and take the new numbers
   over. */
static void stable(void **state)
{
    const rlt_feature *got;
    uint32_t n = features(*state, "¿Cuánto cuesta el envío a São Paulo? 48213 👍", &got);
    uint32_t sum = 2166136261u;
    for (uint32_t i = 0; i < n; i++)
        sum = (sum ^ got[i].bucket) * 16777619u;
    assert_int_equal(RLT_FEATURES_VERSION, 1);
    assert_int_equal(n, 108);
    assert_int_equal(sum, 0x11fc6a05u);
}

static void each_bucket_once(void **state)
{
    const rlt_feature *got;
    char text[RLT_TEXT_MAX];
    memset(text, 0, sizeof text);
    for (size_t i = 0; i + 12 < sizeof text; i += 6) { /* more n-grams than buckets */
        uint32_t word = (uint32_t)i * 2654435761u;
        for (size_t j = 0; j < 5; j++, word >>= 5)
            text[i + j] = (char)('a' + word % 26);
        text[i + 5] = ' ';
    }
    uint32_t n = features(*state, text, &got);
    assert_true(n > 10000 && n <= RLT_BUCKETS);
    unsigned char *seen = calloc(RLT_BUCKETS, 1);
    assert_non_null(seen);
    for (uint32_t i = 0; i < n; i++) {
        assert_true(got[i].bucket < RLT_BUCKETS && got[i].value > 0);
        assert_int_equal(seen[got[i].bucket]++, 0);
    }
    free(seen);
}

static void lengths(void **state)
{
    const rlt_feature *got;
    uint32_t n = features(*state, "quiero devolver un pedido", &got);
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += (double)got[i].value * (double)got[i].value;
    assert_true(fabs(sum - 2) < 0.1); /* 2, but for buckets that both blocks use */
    assert_int_equal(features(*state, "", &got), 0);
    assert_int_equal(features(*state, "...", &got), 0);
}

static void what_does_not_matter(void **state)
{
    const rlt_feature *a, *b;
    uint32_t n = features(*state, "Mi PEDIDO 48213, llegó", &a);
    assert_int_equal(features(*state, "mi pedido 99102 llego!!!", &b), n);
    assert_memory_equal(a, b, n * sizeof *a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(stable), TEST(each_bucket_once), TEST(lengths),
                                       TEST(what_does_not_matter)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
