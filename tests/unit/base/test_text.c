/* SPDX-License-Identifier: Apache-2.0 */
/* Texts, errors, identifiers. */
#include "test_base.h"

#include "base/error.h"
#include "base/id.h"

static void texts_compare(void **state)
{
    (void)state;
    assert_true(rlv_str_eq(RLV_STR("a"), rlv_str_from("a")));
    assert_false(rlv_str_eq(RLV_STR("a"), RLV_STR("ab")));
    assert_false(rlv_str_eq(RLV_STR("a"), RLV_STR("b")));
    assert_true(rlv_str_eq((rlv_str){NULL, 0}, RLV_STR("")));
    assert_true(rlv_str_is(RLV_STR("bot"), "bot"));
    assert_true(rlv_str_is(rlv_str_from(NULL), ""));
}

static void utf8_is_told_from_bytes(void **state)
{
    (void)state;
    static const char *const good[] = {"", "abc", "ñ", "€", "😀", "a\xEF\xBF\xBD", "\xF4\x8F\xBF\xBF", "\x7F"};
    static const char *const bad[] = {"\x80",
                                      "caf\xE9",
                                      "\xC3",
                                      "\xC0\x80",
                                      "\xE0\x80\x80",
                                      "\xED\xA0\x80",
                                      "\xF4\x90\x80\x80",
                                      "\xF8\x88\x80\x80\x80",
                                      "ok\xFF",
                                      "\xE2\x82"};
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        assert_true(rlv_str_utf8(rlv_str_from(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(rlv_str_utf8(rlv_str_from(bad[i])));
    assert_true(rlv_str_utf8((rlv_str){"a\0b", 3}));
}

static void cutting_keeps_characters_whole(void **state)
{
    (void)state;
    rlv_str s = RLV_STR("añ€😀");
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};
    for (size_t max = 0; max < sizeof(expected) / sizeof(*expected); max++) {
        assert_int_equal(rlv_str_cut(s, max).len, expected[max]);
        assert_true(rlv_str_utf8(rlv_str_cut(s, max)));
    }
}

static void integers_are_read_whole(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"0", 0},
                {"-0", 0},
                {"007", 7},
                {"-12", -12},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN}};
    static const char *const bad[] = {"",
                                      "-",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "0x1",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "99999999999999999999"};
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        int64_t v = 55;
        assert_true(rlv_str_int(rlv_str_from(good[i].text), &v));
        assert_true(v == good[i].value);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        int64_t v = 55;
        assert_false(rlv_str_int(rlv_str_from(bad[i]), &v));
        assert_true(v == 55);
    }
}

static void hexadecimal_digits(void **state)
{
    (void)state;
    static const char good[] = "0123456789abcdef", bad[] = "g`/:@G \xff";
    for (int i = 0; i < 16; i++)
        assert_int_equal(rlv_str_hex(good[i]), i);
    for (int i = 10; i < 16; i++)
        assert_int_equal(rlv_str_hex((char)(good[i] - 'a' + 'A')), i);
    for (size_t i = 0; i < sizeof(bad); i++) /* the NUL, too */
        assert_int_equal(rlv_str_hex(bad[i]), -1);
    char text[4] = "...";
    assert_ptr_equal(rlv_str_put_hex(text, (const uint8_t[]){0x0f}, 1), text + 2);
    assert_string_equal(text, "0f.");
}

static void hashes_are_fnv1a(void **state)
{
    (void)state;
    assert_true(rlv_str_hash(RLV_STR("")) == 0xcbf29ce484222325u); /* the vectors of the FNV authors */
    assert_true(rlv_str_hash(RLV_STR("a")) == 0xaf63dc4c8601ec8cu);
    assert_true(rlv_str_hash(RLV_STR("foobar")) == 0x85944171f73967e8u);
    assert_true(rlv_str_hash_on(rlv_str_hash_on(RLV_STR_HASH, RLV_STR("foo")), RLV_STR("bar")) == rlv_str_hash(RLV_STR("foobar")));
}

static void distances_count_edits(void **state)
{
    (void)state;
    assert_int_equal(rlv_str_distance(RLV_STR("kitten"), RLV_STR("sitting"), 5), 3);
    assert_int_equal(rlv_str_distance(RLV_STR("same"), RLV_STR("same"), 2), 0);
    assert_int_equal(rlv_str_distance(RLV_STR(""), RLV_STR("abc"), 5), 3);
    assert_int_equal(rlv_str_distance(RLV_STR("abcdef"), RLV_STR("uvwxyz"), 2), 3); /* beyond: max + 1 */
    char longer[80] = {0};
    assert_int_equal(rlv_str_distance((rlv_str){longer, 80}, RLV_STR("a"), 2), 3);
}

static void errors_carry_code_and_context(void **state)
{
    (void)state;
    rlv_error err = {0};
    assert_int_equal(rlv_error_set(&err, RLV_E_IO, "port %d", 5432), RLV_E_IO);
    assert_int_equal(err.code, RLV_E_IO);
    assert_int_equal(rlv_error_wrap(&err, "lane %d", 3), RLV_E_IO);
    assert_string_equal(err.message, "lane 3: port 5432");
    assert_int_equal(rlv_error_set(NULL, RLV_E_LIMIT, "%s", "nobody listens"), RLV_E_LIMIT);
}

static void long_errors_are_cut_on_a_character(void **state)
{
    (void)state;
    char long_text[1200];
    for (size_t i = 0; i + 1 < sizeof(long_text); i += 2)
        memcpy(long_text + i, "ñ", 2);
    long_text[sizeof(long_text) - 2] = '\0';
    for (int shift = 0; shift < 2; shift++) {
        rlv_error err;
        (void)rlv_error_set(&err, RLV_E_IO, "%s%s", shift ? "x" : "", long_text);
        assert_true(rlv_str_utf8(rlv_str_from(err.message)));
        assert_in_range(strlen(err.message), sizeof(err.message) - 3, sizeof(err.message) - 1);
        (void)rlv_error_wrap(&err, "%s", "context");
        assert_true(rlv_str_utf8(rlv_str_from(err.message)));
        assert_memory_equal(err.message, "context: ", 9);
    }
}

static void codes_have_words(void **state)
{
    (void)state;
    for (int code = RLV_OK; code <= RLV_E_DIED; code++)
        for (int other = RLV_OK; other < code; other++)
            assert_string_not_equal(rlv_code_name(code), rlv_code_name(other));
    assert_string_equal(rlv_code_name(RLV_E_TIMEOUT), "timeout");
    assert_string_equal(rlv_code_name(999), "unknown");
    assert_true(rlv_code_retriable(RLV_E_TIMEOUT) && rlv_code_retriable(RLV_E_UNAVAILABLE));
    assert_false(rlv_code_retriable(RLV_OK) || rlv_code_retriable(RLV_E_INVALID) ||
                 rlv_code_retriable(RLV_E_DECODE));
}

static const char *text_of(rlv_id id)
{
    static char text[RLV_ID_TEXT + 1];
    rlv_id_text(id, text);
    return text;
}

static void record_ids_are_uuid7_and_sort_by_time(void **state)
{
    (void)state;
    assert_string_equal(text_of(rlv_id_record(0x0123456789AB, 0xABC, 0, 0)),
                        "01234567-89ab-7abc-8000-000000000000");
    assert_string_equal(text_of(rlv_id_record(0, 0, 0x3FFFFFFFFFFFF, 0xFFF)),
                        "00000000-0000-7000-bfff-ffffffffffff");
    rlv_id a = rlv_id_record(1754000000000, 3, 41, 2);
    assert_true(rlv_id_eq(a, rlv_id_record(1754000000000, 3, 41, 2)));
    const rlv_id later[] = {rlv_id_record(1754000000001, 0, 0, 0), rlv_id_record(1754000000000, 3, 42, 0),
                            rlv_id_record(1754000000000, 3, 41, 3)};
    for (size_t i = 0; i < 3; i++)
        assert_true(memcmp(a.bytes, later[i].bytes, 16) < 0);
}

static void named_ids_depend_on_both_parts(void **state)
{
    (void)state;
    rlv_id a = rlv_id_named(RLV_STR("106"), RLV_STR("34600"));
    assert_true(rlv_id_eq(a, rlv_id_named(RLV_STR("106"), RLV_STR("34600"))));
    assert_false(rlv_id_eq(a, rlv_id_named(RLV_STR("1063"), RLV_STR("4600"))));
    assert_false(rlv_id_eq(a, rlv_id_named(RLV_STR("106"), RLV_STR("34601"))));
    assert_int_equal(a.bytes[6] >> 4, 8);
    assert_int_equal(a.bytes[8] >> 6, 2);
    /* Stored for ever: BLAKE2b-128 of "106\0" "34600" with the bits of UUIDv8. */
    assert_string_equal(text_of(a), "ecf17bcc-d793-82ae-8cb0-7a041f0dee80");
}

static void ids_are_read_back(void **state)
{
    (void)state;
    rlv_id id = rlv_id_record(1754000000000, 3, 41, 2), again;
    assert_true(rlv_id_parse(rlv_str_from(text_of(id)), &again));
    assert_true(rlv_id_eq(id, again));
    assert_true(rlv_id_parse(RLV_STR("01234567-89AB-7ABC-8000-00000000000F"), &again));
    assert_string_equal(text_of(again), "01234567-89ab-7abc-8000-00000000000f");
    static const char *const bad[] = {"",
                                      "01234567-89ab-7abc-8000-00000000000",
                                      "01234567-89ab-7abc-8000-0000000000000",
                                      "0123456789-ab-7abc-8000-000000000000",
                                      "01234567-89ab-7abc-8000-00000000000g",
                                      "{1234567-89ab-7abc-8000-000000000000"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(rlv_id_parse(rlv_str_from(bad[i]), &again));
    assert_string_equal(text_of(again), "01234567-89ab-7abc-8000-00000000000f");
    assert_true(rlv_id_none((rlv_id){{0}}));
    assert_false(rlv_id_none(id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_compare),
        cmocka_unit_test(utf8_is_told_from_bytes),
        cmocka_unit_test(cutting_keeps_characters_whole),
        cmocka_unit_test(integers_are_read_whole),
        cmocka_unit_test(hexadecimal_digits),
        cmocka_unit_test(hashes_are_fnv1a),
        cmocka_unit_test(distances_count_edits),
        cmocka_unit_test(errors_carry_code_and_context),
        cmocka_unit_test(long_errors_are_cut_on_a_character),
        cmocka_unit_test(codes_have_words),
        cmocka_unit_test(record_ids_are_uuid7_and_sort_by_time),
        cmocka_unit_test(named_ids_depend_on_both_parts),
        cmocka_unit_test(ids_are_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
