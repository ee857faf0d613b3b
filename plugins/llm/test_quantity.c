/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and their units, as business and model write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "quantity.h"

/* "3 day, 5 day": value and unit of each. */
static void reads(const char *text, const char *expected)
{
    llm_quantity list[16];
    char made[512] = "";
    size_t used = 0;
    rlt_work *work = rlt_work_new();
    rlt_doc doc;
    assert_int_equal(rlt_read(work, rlt_str(text), &doc), RLT_OK);
    size_t n = llm_quantities(&doc, list, 16);
    assert_true(n <= 16);
    for (size_t i = 0; i < n; i++) {
        used += (size_t)snprintf(made + used, sizeof made - used, "%s%g%s%s", i ? ", " : "", list[i].value, *list[i].unit ? " " : "", list[i].unit);
        assert_true(list[i].end <= doc.source.len && list[i].written.ptr >= text);
    }
    if (strcmp(made, expected) != 0)
        fail_msg("'%s': %s, not %s", text, made, expected);
    rlt_work_free(work);
}

static void test_money(void **state)
{
    (void)state;
    reads("cuesta $120, o 120 pesos, o US$ 5.50", "120 $, 120 $, 5.5 USD");
    reads("120 dólares, 99 reais, R$ 99,90, 20€, 1 peso", "120 USD, 99 BRL, 99.9 BRL, 20 EUR, 1 $");
    reads("MXN 1,500 o 1500 MXN", "1500 MXN, 1500 MXN");
    reads("dos mil pesos, mil pesos, un dólar, 2 millones de pesos, ciento veinte pesos", "2000 $, 1000 $, 1 USD, 2e+06 $, 120 $");
    reads("de $120 a 150 y *99* pesos", "120 $, 150 $, 99 $");
    reads("10 %, 10% y diez por ciento, 5 per cent", "10 %, 10 %, 10 %, 5 %");
}

static void test_times(void **state)
{
    (void)state;
    reads("de 8:00 a 20:30", "8 clock, 20.5 clock");
    reads("de 9 a 18 h, 9am, 6 p.m., a las 3, às 15h30", "9 h, 18 h, 9 clock, 18 clock, 3 clock, 15.5 clock");
    reads("a las 8 de la noche, 9 da manhã, 7 in the evening", "20 clock, 9 clock, 19 clock");
    reads("a las 18 horas, en 2 horas, 24 h", "18 clock, 2 hour, 24 h");
    reads("el 15/03, 15 de marzo, March 15, 3/15, 1º", "15 month 3, 15 month 3, 15 month 3, 15 month 3, 1 other");
    reads("en 3 a 5 días hábiles, 2 to 4 working days, una hora", "3 day, 5 day, 2 day, 4 day, 1 hour");
    reads("cada dos o cuatro semanas", "2 week, 4 week");
}

static void test_others(void **state)
{
    (void)state;
    reads("5kg, 340 g, 1.5 l y 30 personas", "5 kg, 340 g, 1.5 l, 30 person");
    reads("3 tazas por 90. Orizaba 87, colonia", "3 other, 90, 87");
    reads("pedido A48213 y -5 días", "48213, -5 day");
    reads("uno de ellos, sin número", "1");
    reads("", "");
}

/* A unit behind a place; and more numbers than there is room for. */
static void test_rest(void **state)
{
    (void)state;
    char unit[LLM_UNIT_MAX];
    llm_quantity list[2];
    rlt_work *work = rlt_work_new();
    rlt_doc doc;
    assert_int_equal(rlt_read(work, rlt_str("[NUMBER_1] pesos, 2, 3"), &doc), RLT_OK);
    llm_unit_behind(&doc, 10, unit);
    assert_string_equal(unit, "$");
    llm_unit_behind(&doc, 16, unit);
    assert_string_equal(unit, "");
    assert_int_equal(llm_quantities(&doc, list, 2), 3);
    assert_int_equal(llm_quantities(&doc, NULL, 0), 3);
    rlt_work_free(work);
    assert_true(llm_is_unit(rlt_str("pesos")) && llm_is_unit(rlt_str("dia")));
    assert_false(llm_is_unit(rlt_str("cafe")) || llm_is_unit(rlt_str("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_money), cmocka_unit_test(test_times), cmocka_unit_test(test_others),
                                       cmocka_unit_test(test_rest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
