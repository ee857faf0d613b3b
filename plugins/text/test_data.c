/* SPDX-License-Identifier: Apache-2.0 */
/* Values of data: what passes a check becomes one form, what does not is none. */
#include "test.h"

#include <math.h>
#include <stdio.h>

#include "text/data.h"

static void countries(void **state)
{
    (void)state;
    assert_string_equal(rlt_country_of_phone(rlt_str("5215512345678")), "MX");
    assert_string_equal(rlt_country_of_phone(rlt_str("+5491123456789")), "AR");
    assert_string_equal(rlt_country_of_phone(rlt_str("5511987654321")), "BR");
    assert_string_equal(rlt_country_of_phone(rlt_str("573001234567")), "CO");
    assert_string_equal(rlt_country_of_phone(rlt_str("34612345678")), "ES");
    assert_string_equal(rlt_country_of_phone(rlt_str("4915112345678")), "");
    assert_string_equal(rlt_country_from(rlt_str("mx")), "MX");
    assert_string_equal(rlt_country_from(rlt_str("DE")), "");
    assert_string_equal(rlt_country_currency("BR"), "BRL");
}

static void emails(void **state)
{
    (void)state;
    char value[RLT_VALUE_MAX] = "untouched";
    assert_true(rlt_email_value(rlt_str("Lucia.Vega+cafe@Correo.com.MX"), value));
    assert_string_equal(value, "lucia.vega+cafe@correo.com.mx");
    static const char *const bad[] = {"a@b",    "@correo.com", "a@@b.com", "a@b..com", "a.@b.com",
                                      "a@.com", "a b@c.com",   "a@b.c",    "a@b.com."};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(rlt_email_value(rlt_str(bad[i]), value));
    assert_string_equal(value, "lucia.vega+cafe@correo.com.mx");
}

static void phones(void **state)
{
    (void)state;
    static const struct {
        const char *written, *country, *value;
    } cases[] = {
        {"55 1234 5678", "MX", "+525512345678"},      {"01 55 1234 5678", "MX", "+525512345678"},
        {"+52 1 55 1234 5678", "", "+5215512345678"}, {"525512345678", "MX", "+525512345678"},
        {"011 2345-6789", "AR", "+541123456789"},     {"(11) 98765-4321", "BR", "+5511987654321"},
        {"300 123 4567", "CO", "+573001234567"},      {"612 34 56 78", "ES", "+34612345678"},
        {"0034 612345678", "", "+34612345678"},       {"555-867-5309", "US", "+15558675309"},
        {"912 345 678", "PT", "+351912345678"},       {"12345", "MX", NULL},
        {"55 1234 5678", "", NULL},                   {"+1", "", NULL},
        {"0000000000", "MX", NULL},                   {"5512345678x", "MX", NULL},
        {"+0123456789", "", NULL},                    {"12345678901234567890", "MX", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char value[RLT_VALUE_MAX];
        bool found = rlt_phone_value(rlt_str(cases[i].written), cases[i].country, value);
        if (found != (cases[i].value != NULL) || (found && strcmp(value, cases[i].value) != 0))
            fail_msg("'%s' in '%s' is '%s'", cases[i].written, cases[i].country, found ? value : "none");
    }
}

static void amounts(void **state)
{
    (void)state;
    static const struct {
        const char *written, *country, *value;
    } cases[] = {
        {"$1,250.50", "MX", "1250.50 MXN"}, {"R$ 1.250,5", "BR", "1250.50 BRL"}, {"300 pesos", "CO", "300 COP"},
        {"1.500.000", "CO", "1500000"},     {"2.500 €", "ES", "2500 EUR"},       {"US$ 99.99", "MX", "99.99 USD"},
        {"$ 80", "", "80"},                 {"pesos", "MX", NULL},           {"0.125", "", "0.12"},
        {"1250.500 MXN", "MX", "1250.50 MXN"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char value[RLT_VALUE_MAX];
        bool found = rlt_amount_value(rlt_str(cases[i].written), cases[i].country, value);
        if (found != (cases[i].value != NULL) || (found && strcmp(value, cases[i].value) != 0))
            fail_msg("'%s' is '%s'", cases[i].written, found ? value : "none");
    }
}

static void leading_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool found;
        double number;
    } cases[] = {
        {"1250.50 MXN", true, 1250.5}, {"5,000 MXN", true, 5000},  {"1.250,50", true, 1250.5}, {"$5000", true, 5000},  {"1,234,567.8", true, 1234567.8},
        {"R$ 1.500", true, 1500},      {"mxn 80", true, 80},       {"€ 9,5", true, 9.5},       {"-300", true, -300},   {"$ -1.5", true, -1.5},
        {"-$80", true, -80},           {"0.125", true, 0.125}, {"1250.2999999999999545", true, 1250.3},     {"0,125", true, 0.125},     {"1250.500", true, 1250.5}, {"1.250", true, 1250},
        {"0", true, 0},                {"12 personas", true, 12},  {"Calle 5", false, 0},      {"muy caro", false, 0}, {"", false, 0},
        {"$", false, 0},               {"- MXN", false, 0},        {"n.º 5", false, 0},        {"1234567890123456", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double number = 0;
        bool found = rlt_leading_number(rlt_str(cases[i].value), &number);
        if (found != cases[i].found || fabs(number - cases[i].number) > 1e-9)
            fail_msg("'%s' is %g%s", cases[i].value, number, found ? "" : ", none");
    }
}

static void numbers(void **state)
{
    static const struct {
        const char *text, *written;
        double value;
    } cases[] = {
        {"somos 80 personas", "80", 80},
        {"unas ochenta", "ochenta", 80},
        {"2 mil", "2 mil", 2000},
        {"como 1.500 más o menos", "1.500", 1500},
        {"80pax", "80", 80},
        {"5k", "5", 5000},
        {"umas trinta pessoas", "trinta", 30},
        {"about fifty", "fifty", 50},
        {"el 15/03 somos 40", "40", 40},
        {"somos veintidós", "veintidós", 22},
        {"treinta y cinco personas", "treinta y cinco", 35},
        {"ciento veinte invitados", "ciento veinte", 120},
        {"cento e vinte e dois", "cento e vinte e dois", 122},
        {"cincuenta mil pesos", "cincuenta mil", 50000},
        {"dos mil quinientos", "dos mil quinientos", 2500},
        {"two hundred and fifty", "two hundred and fifty", 250},
        {"twenty-two", "twenty-two", 22},
        {"un millón y medio", "millón", 1e6},
        {"2 millones", "2 millones", 2e6},
        {"1.5 millones", "1.5 millones", 1.5e6},
        {"trescientos mil", "trescientos mil", 300000},
        {"mil", "mil", 1000},
        {"dos docenas", "dos docenas", 24},
        {"una docena", "docena", 12},
        {"cien", "cien", 100},
        {"mil gracias", NULL, 0},
        {"mil disculpas, aún no sé", NULL, 0},
        {"no sé", NULL, 0},
        {"a las 10:30", NULL, 0},
        {"12345678901234567890", NULL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rlt_doc doc = test_read(*state, cases[i].text);
        double value = 0;
        relevo_str written;
        uint32_t at = 0;
        bool found = rlt_find_number(&doc, &at, &value, &written);
        if (found != (cases[i].written != NULL))
            fail_msg("'%s': %s", cases[i].text, found ? "found" : "not found");
        if (!found)
            continue;
        assert_text(written, cases[i].written);
        assert_true(value > cases[i].value - 1e-9 && value < cases[i].value + 1e-9);
        assert_false(rlt_find_number(&doc, &at, &value, &written)); /* one each */
    }
    static const struct {
        const char *text;
        double first, second;
    } pairs[] = {{"entre dos y tres", 2, 3}, {"veinte o treinta", 20, 30}, {"veinte y treinta", 20, 30}, {"diez, veinte", 10, 20}, {"80 y 100", 80, 100},
                 {"cien, mil", 100, 1000}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        rlt_doc doc = test_read(*state, pairs[i].text);
        double first = 0, second = 0;
        relevo_str written;
        uint32_t at = 0;
        if (!rlt_find_number(&doc, &at, &first, &written) || !rlt_find_number(&doc, &at, &second, &written) || fabs(first - pairs[i].first) > 1e-9 ||
            fabs(second - pairs[i].second) > 1e-9)
            fail_msg("'%s' is %g and %g", pairs[i].text, first, second);
    }
}

static void places(void **state)
{
    static const struct {
        const char *text;
        int place; /* from 0; -1: none */
    } cases[] = {{"1", 0}, {"la segunda", 1}, {"the first one", 0}, {"o terceiro, por favor", 2}, {"el 3", 2}, {"4", -1}, {"0", -1}, {"la cuarta", -1}, {"dos", 1}, {"la dos", 1}, {"opción tres", 2}, {"a opção dois", 1}, {"option one", 0},
                 {"uno", -1}, {"las dos", -1}, {"quiero dos", -1}, {"la cinco", -1},
                 {"", -1}, {"quiero la segunda de las dos", -1}, {"48213", -1}, {"٢", -1}, {"envíos", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t place = 99;
        rlt_work_reset(*state);
        rlt_doc doc = test_read(*state, cases[i].text);
        bool found = rlt_find_place(&doc, 3, &place);
        if (found != (cases[i].place >= 0) || (found && place != (uint32_t)cases[i].place))
            fail_msg("'%s' is place %u", cases[i].text, found ? place : 99);
    }
}

static void tax_ids(void **state)
{
    (void)state;
    static const struct {
        const char *text, *country, *value, *kind;
    } cases[] = {
        {"mi RFC es GODE561231GR8", "MX", "GODE561231GR8", "rfc"},
        {"rfc gode-561231-gr8 por favor", "MX", "GODE561231GR8", "rfc"},
        {"XAXX010101000", "MX", "XAXX010101000", "rfc"},
        {"GODE561231GR9", "MX", NULL, NULL},
        {"GODE569931GR8", "MX", NULL, NULL},
        {"cpf 529.982.247-25", "BR", "52998224725", "cpf"},
        {"529.982.247-26", "BR", NULL, NULL},
        {"111.111.111-11", "BR", NULL, NULL},
        {"CNPJ 11.222.333/0001-81", "BR", "11222333000181", "cnpj"},
        {"12.ABC.345/01DE-35", "BR", "12ABC34501DE35", "cnpj"},
        {"mi cuit es 20-12345678-6", "AR", "20123456786", "cuit"},
        {"20-12345678-7", "AR", NULL, NULL},
        {"mi DNI: 12345678Z", "ES", "12345678Z", "nif"},
        {"X1234567L", "ES", "X1234567L", "nif"},
        {"12345678A", "ES", NULL, NULL},
        {"la empresa es B-12345674", "ES", "B12345674", "nif"},
        {"123456789", "PT", "123456789", "nif"},
        {"123456789", "", NULL, NULL},
        {"529.982.247-25", "", "52998224725", "cpf"},
        {"hola, quiero un café", "MX", NULL, NULL},
        {"", "MX", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char value[RLT_VALUE_MAX];
        const char *kind = NULL;
        relevo_str written;
        bool found = rlt_find_tax_id(rlt_str(cases[i].text), cases[i].country, value, &written, &kind);
        if (found != (cases[i].value != NULL) || (found && strcmp(value, cases[i].value) != 0))
            fail_msg("'%s' in '%s' is '%s'", cases[i].text, cases[i].country, found ? value : "none");
        if (found)
            assert_string_equal(kind, cases[i].kind);
    }
}

static void days_of_the_month(void **state)
{
    static const struct {
        const char *text, *value;
        bool named;
    } cases[] = {{"el 6", "2026-01-06", false}, {"1", "2026-01-01", false}, {"no, mejor el día 20", "2026-01-20", true}, {"dia 31, por favor", "2026-01-31", true},
                 {"the 20th please", "2026-01-20", false}, {"20 kilos", NULL, false}, {"opción 2", NULL, false}, {"el 15 en la mañana", "2026-01-15", false}, {"el 20 o el 21", NULL, false}, {"el 32", NULL, false},
                 {"0", NULL, false}, {"el 120", NULL, false}, {"mañana", NULL, false}, {"", NULL, false}};
    int64_t today;
    assert_true(rlt_day_of(2026, 1, 1, &today));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char value[RLT_VALUE_MAX];
        relevo_str written;
        bool named = false;
        rlt_work_reset(*state);
        rlt_doc doc = test_read(*state, cases[i].text);
        bool found = rlt_find_day(&doc, today, value, &written, &named);
        if (found != (cases[i].value != NULL) || (found && (strcmp(value, cases[i].value) != 0 || named != cases[i].named)))
            fail_msg("'%s' is '%s', named %d", cases[i].text, found ? value : "none", named);
    }
    char value[RLT_VALUE_MAX];
    relevo_str written;
    bool named;
    rlt_doc doc = test_read(*state, "el 31");
    assert_true(rlt_day_of(2026, 12, 31, &today) && rlt_find_day(&doc, today + 1, value, &written, &named));
    assert_string_equal(value, "2027-01-31");
    assert_true(rlt_day_of(2026, 4, 2, &today) && rlt_find_day(&doc, today, value, &written, &named)); /* April has none */
    assert_string_equal(value, "2026-05-31");
}

static void months(void **state)
{
    static const struct {
        const char *text;
        bool found;
    } cases[] = {
        {"40 de enero", true}, {"31 of February", true}, {"30 febrero", true}, {"31 de set", true}, {"40 set", false}, {"20 de estos", false}, {"20", false}, {"20 de", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rlt_work_reset(*state);
        rlt_doc doc = test_read(*state, cases[i].text);
        if (rlt_is_month(&doc, 1) != cases[i].found)
            fail_msg("'%s' is wrong", cases[i].text);
    }
}

static void dates(void **state)
{
    static const struct {
        const char *text, *country, *value;
    } cases[] = {
        /* today is Thursday, the first of January 2026 */
        {"el 15/03/2026", "MX", "2026-03-15"},
        {"15-3", "MX", "2026-03-15"},
        {"2026-03-15 10:30", "MX", "2026-03-15"},
        {"15.03.26", "ES", "2026-03-15"},
        {"3/15", "US", "2026-03-15"},
        {"3/4/2026", "US", "2026-03-04"},
        {"3/4/2026", "MX", "2026-04-03"},
        {"el viernes 15 de marzo", "MX", "2026-03-15"},
        {"15 de marzo de 2027", "MX", "2027-03-15"},
        {"15 de março", "BR", "2026-03-15"},
        {"lo compré ayer", "MX", "2025-12-31"},
        {"ayer pregunté, es para mañana", "MX", "2026-01-02"},
        {"en dos semanas", "MX", "2026-01-15"},
        {"dentro de 10 días", "MX", "2026-01-11"},
        {"daqui a uma semana", "BR", "2026-01-08"},
        {"in three days, please", "US", "2026-01-04"},
        {"en 20 minutos", "MX", NULL},
        {"en la semana", "MX", NULL},
        {"el último sábado de enero", "MX", "2026-01-31"},
        {"o primeiro domingo de fevereiro", "BR", "2026-02-01"},
        {"the second friday of may", "US", "2026-05-08"},
        {"na última sexta-feira de janeiro", "BR", "2026-01-30"},
        {"no dia 1º de maio", "BR", "2026-05-01"},
        {"March 15th, 2026", "US", "2026-03-15"},
        {"the 15th of march", "US", "2026-03-15"},
        {"29 de febrero", "MX", "2028-02-29"},
        {"hoy mismo", "MX", "2026-01-01"},
        {"mañana", "MX", "2026-01-02"},
        {"pasado mañana", "MX", "2026-01-03"},
        {"depois de amanhã", "BR", "2026-01-03"},
        {"tomorrow please", "US", "2026-01-02"},
        {"el viernes", "MX", "2026-01-02"},
        {"el jueves", "MX", "2026-01-08"},
        {"na segunda-feira", "BR", "2026-01-05"},
        {"next friday", "US", "2026-01-02"},
        {"por la mañana", "MX", NULL},
        {"31/02", "MX", NULL},
        {"30 de febrero de 2026", "MX", NULL},
        {"3.5", "MX", NULL},
        {"tengo 15 pedidos", "MX", NULL},
        {"la segunda", "MX", NULL},
        {"99/99/9999", "MX", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rlt_doc doc = test_read(*state, cases[i].text);
        char value[RLT_VALUE_MAX];
        relevo_str written;
        int64_t today;
        assert_true(rlt_day_of(2026, 1, 1, &today));
        bool found = rlt_find_date(&doc, today, cases[i].country, value, &written);
        if (found != (cases[i].value != NULL) || (found && strcmp(value, cases[i].value) != 0))
            fail_msg("'%s' in '%s' is '%s'", cases[i].text, cases[i].country, found ? value : "none");
    }
}

/* Every day of four centuries has one number, and the way back is the same day. */
static void days(void **state)
{
    int64_t before = 0, day;
    assert_true(rlt_day_of(1970, 1, 1, &day));
    assert_int_equal(day, 0);
    assert_false(rlt_day_of(2100, 2, 29, &day));
    assert_true(rlt_day_of(1999, 12, 31, &before));
    for (int year = 2000; year < 2101; year++)
        for (int month = 1; month <= 12; month++)
            for (int of_month = 1; of_month <= 31; of_month++) {
                if (!rlt_day_of(year, month, of_month, &day))
                    continue;
                assert_int_equal(day, ++before);
                if (of_month != 28)
                    continue;
                char text[32], value[RLT_VALUE_MAX];
                relevo_str written;
                rlt_work_reset(*state);
                (void)snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, of_month);
                rlt_doc doc = test_read(*state, text);
                assert_true(rlt_find_date(&doc, 0, "MX", value, &written));
                assert_string_equal(value, text);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(countries), TEST(emails),  TEST(phones), TEST(amounts), TEST(leading_numbers),
                                       TEST(numbers),   TEST(places),  TEST(tax_ids), TEST(dates),  TEST(days),
                                       TEST(days_of_the_month), TEST(months)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
