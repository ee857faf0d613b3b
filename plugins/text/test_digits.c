/* SPDX-License-Identifier: Apache-2.0 */
#include "text/test.h"

#include "text/digits.h"

static void test_where_one_stands(void **state)
{
    (void)state;
    relevo_str text = rlt_str("pedido 48213, hoy");
    relevo_str number = rlt_number_at(text, 7);
    assert_int_equal(number.len, 5);
    assert_memory_equal(number.ptr, "48213", 5);
    assert_int_equal(rlt_number_at(text, 9).len, 3);
    assert_int_equal(rlt_number_at(text, 0).len, 0);
    assert_int_equal(rlt_number_at(text, text.len).len, 0);
    assert_int_equal(rlt_number_at(rlt_str("1,500.50."), 0).len, 8);
    assert_int_equal(rlt_number_at(rlt_str("9:30"), 0).len, 1);
    assert_int_equal(rlt_number_at(rlt_str(".5"), 0).len, 0);
    assert_true(rlt_is_digit('0') && rlt_is_digit('9'));
    assert_false(rlt_is_digit('/') || rlt_is_digit(':') || rlt_is_digit((char)0xB2));
}

static void test_whole_numbers(void **state)
{
    (void)state;
    assert_true(rlt_holds_number(rlt_str("48213"), rlt_str("48213")));
    assert_true(rlt_holds_number(rlt_str("el 48213."), rlt_str("48213")));
    assert_true(rlt_holds_number(rlt_str("1482130 y 48213"), rlt_str("48213"))); /* the second one */
    assert_false(rlt_holds_number(rlt_str("148213"), rlt_str("48213")));
    assert_false(rlt_holds_number(rlt_str("482130"), rlt_str("48213")));
    assert_false(rlt_holds_number(rlt_str("4821"), rlt_str("48213")));
    assert_false(rlt_holds_number(rlt_str(""), rlt_str("1")));
    assert_false(rlt_holds_number(rlt_str("12"), rlt_str("")));
}

/* The same number with other marks; and none that is made of the digits of two. */
static void test_marks(void **state)
{
    (void)state;
    assert_true(rlt_holds_number(rlt_str("cuesta $1,500."), rlt_str("1500")));
    assert_true(rlt_holds_number(rlt_str("cuesta 1500"), rlt_str("1.500")));
    assert_true(rlt_holds_number(rlt_str("R$ 12,50"), rlt_str("12.5")));
    assert_true(rlt_holds_number(rlt_str("el 15.03.2026"), rlt_str("15.03.2026")));
    assert_true(rlt_holds_number(rlt_str("12345678901234567890"), rlt_str("12345678901234567890")));
    assert_false(rlt_holds_number(rlt_str("de 3 a 5 días, 120 pesos"), rlt_str("5.120")));
    assert_false(rlt_holds_number(rlt_str("cuesta 99.50"), rlt_str("99")));
    assert_false(rlt_holds_number(rlt_str("cuesta 15"), rlt_str("1.5")));
    assert_true(rlt_holds_number(rlt_str("de 9:00 a 18:30"), rlt_str("9")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_where_one_stands), cmocka_unit_test(test_whole_numbers),
                                       cmocka_unit_test(test_marks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
