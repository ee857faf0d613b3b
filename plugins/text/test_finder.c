/* SPDX-License-Identifier: Apache-2.0 */
/* What is picked out of customers' messages, and what is left alone. */
#include "test.h"

#include <stdio.h>

#include "text/data.h"

/* `expected` lists "name=value" with "; " between them, in the order found. */
static void finds(const rlt_finder *x, const char *text, const char *expected)
{
    rlt_piece found[8];
    char line[512] = "";
    size_t used = 0;
    size_t n = rlt_find_pieces(x, (relevo_str){text, strlen(text)}, found, 8);
    for (size_t i = 0; i < n; i++) {
        int wrote = snprintf(line + used, sizeof(line) - used, "%s%s=%.*s", i > 0 ? "; " : "", found[i].name,
                             (int)found[i].written.len, found[i].written.ptr);
        used += (size_t)wrote;
    }
    if (strcmp(line, expected) != 0) {
        fail_msg("in `%s` found `%s`, not `%s`", text, line, expected);
    }
}

static void finds_what_agents_need(void **state)
{
    (void)state;
    rlt_finder *x = rlt_finder_new();
    assert_non_null(x);
    finds(x, "mi pedido 48213 llegó roto", "order_number=48213");
    finds(x, "el número de pedido es: AB-48213.", "order_number=AB-48213");
    finds(x, "es el #48213", "order_number=48213");
    finds(x, "my order number is 48213", "order_number=48213");
    finds(x, "meu pedido nº 48213, por favor", "order_number=48213");
    finds(x, "escríbanme a lucía.ñandú+cafe@correo.com.mx gracias", "email=lucía.ñandú+cafe@correo.com.mx");
    finds(x, "pagué $1,250.50 y R$ 30", "amount=$1,250.50; amount=R$ 30");
    finds(x, "fueron 300 pesos", "amount=300 pesos");
    finds(x, "mi cel es +52 1 55 1234 5678", "phone=+52 1 55 1234 5678");
    finds(x, "(55) 1234-5678 99", "phone=(55) 1234-5678 99");
    finds(x, "llamen al 5512345678 por el pedido 5512345678", "order_number=5512345678; phone=5512345678");
    finds(x, "pedido 48213, a@b.co, 300 pesos, 5512345678",
          "email=a@b.co; amount=300 pesos; order_number=48213; phone=5512345678");
    rlt_finder_free(x);
}

static void leaves_other_numbers_alone(void **state)
{
    (void)state;
    rlt_finder *x = rlt_finder_new();
    assert_non_null(x);
    finds(x, "", "");
    finds(x, "mi pedido de 200 cajas", "");
    finds(x, "un pedido 2500 pesos", "amount=2500 pesos");
    finds(x, "tarjeta 4111 1111 1111 1111", "");
    finds(x, "el 2025-03-12 10:30 o 12-03-2025", "");
    finds(x, "CPF 123.456.789-09", "");
    finds(x, "código 123456", "");
    finds(x, "@usuario y usuario@", "");
    finds(x, "código ١٢٣٤٥٦, pedido ١٢٣٤٥", "order_number=١٢٣٤٥"); /* digits of other scripts */
    rlt_finder_free(x);
}

static void stops_at_the_ceiling(void **state)
{
    (void)state;
    rlt_finder *x = rlt_finder_new();
    assert_non_null(x);
    rlt_piece found[2];
    const char *text = "a@b.co c@d.co e@f.co pedido 48213";
    assert_int_equal(rlt_find_pieces(x, (relevo_str){text, strlen(text)}, found, 2), 2);
    char digits[16000];
    memset(digits, '1', sizeof(digits));
    assert_int_equal(rlt_find_pieces(x, (relevo_str){digits, sizeof(digits)}, found, 2), 0);
    rlt_finder_free(x);
    rlt_finder_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_agents_need),
        cmocka_unit_test(leaves_other_numbers_alone),
        cmocka_unit_test(stops_at_the_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
