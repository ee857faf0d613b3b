/* SPDX-License-Identifier: Apache-2.0 */
/* How values are written, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include "config/value.h"

#define S(z) rlv_str_from(z)

static void booleans(void **state)
{
    (void)state;
    bool v = false;
    assert_true(rlv_value_bool(S("true"), &v) && v);
    assert_true(rlv_value_bool(S("no"), &v) && !v);
    assert_true(rlv_value_bool(S("on"), &v) && v);
    assert_false(rlv_value_bool(S("True!"), &v));
    assert_false(rlv_value_bool(S(""), &v));
    assert_true(v);
}

static void reals(void **state)
{
    (void)state;
    double v = 7;
    assert_true(rlv_value_real(S("0.25"), &v) && v == 0.25);
    assert_true(rlv_value_real(S("-1e3"), &v) && v == -1000);
    static const char *const bad[] = {"", "inf", "nan", "0x10", "1,5", "1.2.3", "1e999", "e", "1 "};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(rlv_value_real(S(bad[i]), &v));
    assert_true(v == -1000);
}

static void durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"0", 0}, {"5ms", 5}, {"10s", 10000}, {"2m", 120000}, {"24h", 86400000}, {"7d", 604800000}};
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        int64_t v = -1;
        char text[32];
        assert_true(rlv_value_duration(S(good[i].text), &v));
        assert_int_equal(v, good[i].ms);
        rlv_value_duration_text(v, text);
        assert_true(rlv_value_duration(S(text), &v) && v == good[i].ms);
    }
    static const char *const bad[] = {
        "", "5", "s", "-5s", "1.5s", "5 s", "5sec", "99999999999999999999d", "9223372036854775807d"};
    int64_t v = 3;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(rlv_value_duration(S(bad[i]), &v));
    assert_int_equal(v, 3);
}

static void durations_as_text(void **state)
{
    (void)state;
    char text[32];
    rlv_value_duration_text(90000, text);
    assert_string_equal(text, "90s");
    rlv_value_duration_text(86400000, text);
    assert_string_equal(text, "1d");
    rlv_value_duration_text(1, text);
    assert_string_equal(text, "1ms");
}

static void sizes(void **state)
{
    (void)state;
    size_t v = 0;
    assert_true(rlv_value_size(S("32MiB"), &v) && v == 33554432);
    assert_true(rlv_value_size(S("512KiB"), &v) && v == 524288);
    assert_true(rlv_value_size(S("7"), &v) && v == 7);
    assert_false(rlv_value_size(S("32MB"), &v));
    assert_false(rlv_value_size(S("-1"), &v));
    assert_int_equal(v, 7);
}

static void addresses(void **state)
{
    (void)state;
    rlv_str host = {NULL, 0};
    uint16_t port = 0;
    assert_true(rlv_value_address(S("127.0.0.1:9464"), &host, &port));
    assert_true(rlv_str_is(host, "127.0.0.1") && port == 9464);
    assert_true(rlv_value_address(S("[::1]:0"), &host, &port));
    assert_true(rlv_str_is(host, "::1") && port == 0);
    static const char *const bad[] = {
        "", "9464", ":9464", "localhost", "localhost:", "h:65536", "h:-1", "::1:9464", "[]:1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(rlv_value_address(S(bad[i]), &host, &port));
    assert_true(rlv_str_is(host, "::1"));
}

static void networks(void **state)
{
    (void)state;
    unsigned char address[16] = {0};
    unsigned bits = 0;
    assert_true(rlv_value_network(S("10.1.2.3"), address, &bits));
    assert_memory_equal(address, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x01\x02\x03", 16);
    assert_int_equal(bits, 128);
    assert_true(rlv_value_network(S("::ffff:10.1.2.3"), address, &bits));
    assert_memory_equal(address, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x01\x02\x03", 16);
    assert_true(rlv_value_network(S("10.0.0.0/8"), address, &bits) && bits == 104);
    assert_true(rlv_value_network(S("0.0.0.0/0"), address, &bits) && bits == 96);
    assert_true(rlv_value_network(S("::/0"), address, &bits) && bits == 0);
    assert_true(rlv_value_network(S("fd00::1/64"), address, &bits) && bits == 64);
    assert_memory_equal(address, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
    static const char *const bad[] = {"", "/8", "10.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "::/129", "oauth2-proxy.svc",
                                      "10.0.0.7:80", "[::1]", "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111:1111"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(rlv_value_network(S(bad[i]), address, &bits));
    assert_int_equal(bits, 64);
}

static void nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"batch_max", "linger", "cache", "drain"};
    assert_string_equal(rlv_value_nearest(S("bach_max"), names, 4), "batch_max");
    assert_string_equal(rlv_value_nearest(S("cahe"), names, 4), "cache");
    assert_null(rlv_value_nearest(S("threshold"), names, 4));
    assert_null(rlv_value_nearest(S("x"), names, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(booleans),          cmocka_unit_test(reals),
        cmocka_unit_test(durations),         cmocka_unit_test(sizes),
        cmocka_unit_test(addresses),         cmocka_unit_test(nearest),
        cmocka_unit_test(durations_as_text), cmocka_unit_test(networks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
