/* SPDX-License-Identifier: Apache-2.0 */
#include "text/test.h"

#include "text/digits.h"

static void test_rows(void **state)
{
    (void)state;
    relevo_str text = rlt_str("pedido 48213, hoy");
    relevo_str digits = rlt_digits_at(text, 7);
    assert_int_equal(digits.len, 5);
    assert_memory_equal(digits.ptr, "48213", 5);
    assert_int_equal(rlt_digits_at(text, 9).len, 3);
    assert_int_equal(rlt_digits_at(text, 0).len, 0);
    assert_int_equal(rlt_digits_at(text, text.len).len, 0);
    assert_true(rlt_is_digit('0') && rlt_is_digit('9'));
    assert_false(rlt_is_digit('/') || rlt_is_digit(':') || rlt_is_digit((char)0xB2));
}

static void test_whole_numbers(void **state)
{
    (void)state;
    assert_true(rlt_holds_digits(rlt_str("48213"), rlt_str("48213")));
    assert_true(rlt_holds_digits(rlt_str("el 48213."), rlt_str("48213")));
    assert_true(rlt_holds_digits(rlt_str("1482130 y 48213"), rlt_str("48213"))); /* the second one */
    assert_false(rlt_holds_digits(rlt_str("148213"), rlt_str("48213")));
    assert_false(rlt_holds_digits(rlt_str("482130"), rlt_str("48213")));
    assert_false(rlt_holds_digits(rlt_str("4821"), rlt_str("48213")));
    assert_false(rlt_holds_digits(rlt_str(""), rlt_str("1")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_whole_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
