/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of webhooks against the vectors of RFC 4231, and every way in which one can be wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>

#include "serve/signature.h"

static bool matches(const char *secret, const char *body, const char *header)
{
    const char *const secrets[] = {secret};
    return rlv_signature_matches(secrets, 1, rlv_str_from(body), rlv_str_from(header));
}

/* RFC 4231, test case 2. */
#define SECRET "Jefe"
#define BODY   "what do ya want for nothing?"
#define MADE   "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"

static void as_the_rfc_says(void **state)
{
    (void)state;
    char text[RLV_SIGNATURE_TEXT + 1];
    rlv_signature_make(RLV_STR(SECRET), RLV_STR(BODY), text);
    assert_string_equal(text, MADE);
    assert_true(matches(SECRET, BODY, MADE));
    char longest[132]; /* case 6: a key that is longer than a block */
    memset(longest, 0xaa, 131);
    rlv_signature_make((rlv_str){longest, 131},
                       RLV_STR("Test Using Larger Than Block-Size Key - Hash Key First"), text);
    assert_string_equal(text, "sha256=60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void anything_else_is_wrong(void **state)
{
    (void)state;
    char changed[] = MADE;
    for (size_t i = 0; i < sizeof(changed) - 1; i++) {
        char kept = changed[i];
        changed[i] = kept == '0' ? '1' : '0';
        assert_false(matches(SECRET, BODY, changed));
        changed[i] = kept;
    }
    assert_true(matches(SECRET, BODY, changed));
    assert_false(matches(SECRET, BODY " ", MADE));
    assert_false(matches(SECRET "x", BODY, MADE));
    assert_false(matches(SECRET, BODY, ""));
    assert_false(matches(SECRET, BODY, "sha256="));
    assert_false(matches(SECRET, BODY, MADE "00"));
    assert_false(matches(SECRET, BODY, "sha1=" MADE));
    assert_false(rlv_signature_matches(NULL, 0, RLV_STR(BODY), RLV_STR(MADE)));
    assert_false(rlv_signature_matches(NULL, 0, RLV_STR(BODY), (rlv_str){NULL, 0}));
}

static void several_secrets(void **state)
{
    (void)state;
    const char *const two[] = {"new", SECRET}, *const swapped[] = {SECRET, "new"},
                      *const none[] = {"new", "newer"};
    assert_true(rlv_signature_matches(two, 2, RLV_STR(BODY), RLV_STR(MADE)));
    assert_true(rlv_signature_matches(swapped, 2, RLV_STR(BODY), RLV_STR(MADE)));
    assert_false(rlv_signature_matches(none, 2, RLV_STR(BODY), RLV_STR(MADE)));
    char text[RLV_SIGNATURE_TEXT + 1];
    rlv_signature_make(RLV_STR(""), RLV_STR(BODY), text); /* anybody can */
    assert_false(matches("", BODY, text));
}

static void any_bytes(void **state)
{
    (void)state;
    const char *const secrets[] = {"s"};
    char text[RLV_SIGNATURE_TEXT + 1], body[300];
    for (size_t i = 0; i < sizeof(body); i++)
        body[i] = (char)(i * 7);
    for (size_t n = 0; n <= sizeof(body); n++) {
        rlv_signature_make(RLV_STR("s"), (rlv_str){body, n}, text);
        assert_true(rlv_signature_matches(secrets, 1, (rlv_str){body, n}, rlv_str_from(text)));
        if (n > 0)
            assert_false(rlv_signature_matches(secrets, 1, (rlv_str){body, n - 1}, rlv_str_from(text)));
    }
}

static void same(void **state)
{
    (void)state;
    assert_true(rlv_signature_same(RLV_STR("wort"), RLV_STR("wort")));
    assert_false(rlv_signature_same(RLV_STR("wort"), RLV_STR("worT")));
    assert_false(rlv_signature_same(RLV_STR("wort"), RLV_STR("wor")));
    assert_false(rlv_signature_same(RLV_STR(""), RLV_STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_the_rfc_says),
        cmocka_unit_test(anything_else_is_wrong),
        cmocka_unit_test(several_secrets),
        cmocka_unit_test(any_bytes),
        cmocka_unit_test(same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
