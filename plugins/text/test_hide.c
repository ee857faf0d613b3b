/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves holds no personal data, and what comes back holds it again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "text/hide.h"

static rlt_hidden hidden;

static int setup(void **state)
{
    (void)state;
    hidden = (rlt_hidden){.finder = rlt_finder_new()};
    return hidden.finder ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    rlt_hidden_clear(&hidden);
    rlt_finder_free((rlt_finder *)(uintptr_t)hidden.finder);
    return 0;
}

static void hides(const char *text, const char *expected)
{
    char *made = NULL, *back = NULL;
    size_t size;
    FILE *out = open_memstream(&made, &size);
    assert_true(rlt_hide(&hidden, rlt_str(text), out));
    assert_int_equal(fclose(out), 0);
    assert_string_equal(made, expected);
    out = open_memstream(&back, &size);
    assert_true(rlt_unhide(&hidden, rlt_str(made), out));
    assert_int_equal(fclose(out), 0);
    assert_int_equal(strcasecmp(back, text), 0);
    free(made);
    free(back);
}

static void test_kinds(void **state)
{
    (void)state;
    hides("", "");
    hides("¿Hacen envíos a Cali?", "¿Hacen envíos a Cali?");
    hides("mi correo es eva.luz@correo.mx, gracias", "mi correo es [EMAIL_1], gracias");
    hides("tarjeta 4111 1111 1111 1111 vence 12/27", "tarjeta [CARD_1] vence 12/27");
    hides("CPF 529.982.247-25 ok", "CPF [TAX_1] ok");
    hides("son 3 cafés de 250 g", "son 3 cafés de 250 g");
    hides("EVA.LUZ@correo.mx otra vez", "[EMAIL_1] otra vez"); /* the same one, and its first form comes back */
    hides("cuenta 12345678901234567890123", "cuenta [NUMBER_1]");
}

/* The papers and accounts of any country, telephones without an area, and long order numbers, which come back. */
static void test_codes(void **state)
{
    (void)state;
    static const char *const codes[] = {"GODE561231HDFRRL09", "gode561231hdfrrl09", "GOÑE561231HDFRRL09", "AAB123456", "G12345678", "12345678Z",
                                        "X1234567L", "ES9121000418450200051332", "CAF-48213-B", "1234567", "456 7890", "456-7890", "4567890"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        char text[80], expected[80], *made = NULL, *back = NULL;
        size_t size;
        rlt_hidden_clear(&hidden);
        (void)snprintf(text, sizeof text, "es %s, sí", codes[i]);
        FILE *out = open_memstream(&made, &size);
        assert_true(rlt_hide(&hidden, rlt_str(text), out));
        assert_int_equal(fclose(out), 0);
        (void)snprintf(expected, sizeof expected, "es %s, sí", hidden.n == 1 ? hidden.items[0].placeholder : "");
        if (strcmp(made, expected) != 0)
            fail_msg("%s: %s", text, made);
        out = open_memstream(&back, &size);
        assert_true(rlt_unhide(&hidden, rlt_str(made), out));
        assert_int_equal(fclose(out), 0);
        assert_string_equal(back, text);
        free(made);
        free(back);
    }
    hides("pedido 48213 y 123456, 3 kg a 8:00 y CAF-482", "pedido 48213 y 123456, 3 kg a 8:00 y CAF-482");
    rlt_hidden_clear(&hidden);
    hides("A1234567 890 y más", "[NUMBER_1] y más"); /* a number that begins within a code is one with it */
}

static void test_telephones(void **state)
{
    (void)state;
    static const char *const numbers[] = {"+52 55 1234 5678", "(55) 1234-5678", "5512345678", "11 91234-5678"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[80], *made = NULL;
        size_t size;
        (void)snprintf(text, sizeof text, "llámame al %s por favor", numbers[i]);
        FILE *out = open_memstream(&made, &size);
        assert_true(rlt_hide(&hidden, rlt_str(text), out));
        assert_int_equal(fclose(out), 0);
        assert_null(strstr(made, "5678"));
        assert_non_null(strstr(made, " por favor"));
        free(made);
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_true(rlt_hide_name(&hidden, rlt_str("María de la O Núñez")));
    hides("soy María Núñez", "soy [NAME_1] [NAME_2]");
    hides("Marías no", "Marías no");
    char *made = NULL;
    size_t size;
    FILE *out = open_memstream(&made, &size);
    assert_true(rlt_hide(&hidden, rlt_str("soy MARÍA nunez, la de ayer"), out)); /* in whatever case, and without accents */
    assert_int_equal(fclose(out), 0);
    assert_string_equal(made, "soy [NAME_1] [NAME_2], la de ayer");
    free(made);
}

static void test_placeholders_that_nobody_gave(void **state)
{
    (void)state;
    static const char *const wrong[] = {"[EMAIL_1]", "Hola [NAME_9]", "[CARD_12] y [X_1]"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        FILE *out = fopen("/dev/null", "w");
        assert_false(rlt_unhide(&hidden, rlt_str(wrong[i]), out));
        (void)fclose(out);
    }
    hides("[esto] no es [nada] [1] [A_B]", "[esto] no es [nada] [1] [A_B]");
}

/* More than there is room for is left out, never let through. */
static void test_too_many(void **state)
{
    (void)state;
    for (int i = 0; i < 60; i++) {
        char text[40], *made = NULL;
        size_t size;
        (void)snprintf(text, sizeof text, "persona%d@correo.mx", i);
        FILE *out = open_memstream(&made, &size);
        assert_true(rlt_hide(&hidden, rlt_str(text), out));
        assert_int_equal(fclose(out), 0);
        assert_null(strchr(made, '@'));
        free(made);
    }
}

/* However many stand in one text. */
static void test_many_in_one(void **state)
{
    (void)state;
    char text[4096], *made = NULL;
    size_t size, used = 0;
    for (int i = 0; i < 40; i++) /* prices take up pieces too */
        used += (size_t)snprintf(text + used, sizeof text - used, "$%d ", i + 1);
    for (int i = 0; i < 80; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "persona%d@correo.mx 5512345%03d ", i, i);
    FILE *out = open_memstream(&made, &size);
    assert_true(rlt_hide(&hidden, rlt_str(text), out));
    assert_int_equal(fclose(out), 0);
    assert_null(strchr(made, '@'));
    assert_null(strstr(made, "5512345"));
    free(made);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(test_kinds), TEST(test_codes), TEST(test_telephones), TEST(test_names),
                                       TEST(test_placeholders_that_nobody_gave), TEST(test_too_many),
                                       TEST(test_many_in_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
