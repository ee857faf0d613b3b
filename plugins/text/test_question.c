/* SPDX-License-Identifier: Apache-2.0 */
/* Questions are known by their words, and a message is taken apart where another one begins. */
#include "test.h"

#include <stdio.h>

static void begins(void **state)
{
    static const struct {
        const char *text;
        bool asks;
    } cases[] = {
        {"cuánto cuesta el envío", true}, {"a qué hora abren", true}, {"¿Querétaro?", true},   {"onde fica a loja", true},
        {"do you ship", true},            {"por qué no llega", true}, {"Ana Torres", false},   {"en la mañana", false},
        {"quiero un café", false},        {"cuánto", false},          {"para 80 personas", false}, {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rlt_doc doc = test_read(*state, cases[i].text);
        if (rlt_is_question(&doc) != cases[i].asks)
            fail_msg("'%s'", cases[i].text);
    }
}

static void leans(void **state)
{
    rlt_doc doc = test_read(*state, "¿Y los domingos?");
    assert_true(rlt_leans(&doc));
    doc = test_read(*state, "e para Recife?");
    assert_true(rlt_leans(&doc));
    doc = test_read(*state, "¿abren los domingos?");
    assert_false(rlt_leans(&doc));
    doc = test_read(*state, "y además quería saber si venden café en grano por kilo");
    assert_false(rlt_leans(&doc)); /* it says what it is about */
    doc = test_read(*state, "y");
    assert_false(rlt_leans(&doc));
}

static void instead(void **state)
{
    static const struct {
        const char *text, *wanted;
    } cases[] = {
        {"no quiero hablar con una persona, solo dime el horario", "dime el horario"},
        {"Não quero atendente, só me diz o horário.", "me diz o horário"},
        {"I don't want an agent, just tell me the hours", "tell me the hours"},
        {"quiero hablar con alguien, solo un minuto", NULL},
        {"no tengo prisa y solo quiero uno", NULL},
        {"no, solo", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        relevo_str wanted = {NULL, 0};
        rlt_doc doc = test_read(*state, cases[i].text);
        bool found = rlt_instead(&doc, &wanted);
        if (found != (cases[i].wanted != NULL) || (found && !rlt_equal(wanted, rlt_str(cases[i].wanted))))
            fail_msg("'%s' wants '%.*s'", cases[i].text, (int)wanted.len, wanted.ptr ? wanted.ptr : "");
    }
}

static void refuses(void **state)
{
    static const struct {
        const char *text;
        bool refuses;
    } cases[] = {{"no quiero cancelar mi pedido", true},  {"No necesito envío.", true},          {"não quero nota fiscal", true},
                 {"I don't want to cancel my order", true}, {"ya no quiero mi pedido", false},   {"quiero cancelar", false},
                 {"no quiero cancelar, ¿a qué hora abren?", false}, {"no quiero ese sino el otro", false}, {"no quiero", false},
                 {"¿no necesito factura?", false},        {"no quiero devolver nada, solo cambiar la molienda", false}, {"", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rlt_doc doc = test_read(*state, cases[i].text);
        if (rlt_refuses(&doc) != cases[i].refuses)
            fail_msg("'%s'", cases[i].text);
    }
}

static void sentences(void **state)
{
    static const struct {
        const char *text, *parts;
    } cases[] = {
        {"¿hacen envíos y cuánto tarda?", "hacen envíos |cuánto tarda?|"},
        {"Hola. ¿Hacen envíos? ¿A qué hora abren?", "Hola. |Hacen envíos? |A qué hora abren?|"},
        {"a qué hora abren, cuánto cuesta el kilo", "a qué hora abren|cuánto cuesta el kilo|"},
        {"do you ship and how long does it take", "do you ship |how long does it take|"},
        {"café y pan, por favor", "café y pan, por favor|"},
        {"cuesta 3.50", "cuesta 3.50|"},
        {"En 1998, ¿qué equipo ganó?", "En 1998, ¿qué equipo ganó?|"},
        {"quiero un café y como siempre azúcar", "quiero un café y como siempre azúcar|"},
        {"uno\ndos\ntres\ncuatro\ncinco", "uno|dos|tres|cuatro\ncinco|"},
        {"?!", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        relevo_str parts[4];
        char text[256] = "";
        rlt_doc doc = test_read(*state, cases[i].text);
        size_t n = rlt_sentences(&doc, parts, 4), used = 0;
        for (size_t k = 0; k < n; k++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%.*s|", (int)parts[k].len, parts[k].ptr);
        assert_string_equal(text, cases[i].parts);
    }
}

static void items(void **state)
{
    static const struct {
        const char *text, *parts;
    } cases[] = {
        {"horario y formas de pago porfa", "horario|formas de pago porfa|"},
        {"precio, horario, y ubicación?", "precio|horario|ubicación|"},
        {"hola, quiero saber el horario y la dirección", "hola, quiero saber el horario|la dirección|"},
        {"horário e endereço", "horário|endereço|"},
        {"hours and address", "hours|address|"},
        {"y los domingos", "los domingos|"},
        {"cuesta 1,500 por favor", "cuesta 1,500 por favor|"},
        {"a, b, c, d", "a, b, c, d|"}, /* too many commas to be a list */
        {"a y b y c y d", ""},
        {"?!", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        relevo_str parts[3];
        char text[256] = "";
        rlt_doc doc = test_read(*state, cases[i].text);
        size_t n = rlt_list_items(&doc, parts, 3), used = 0;
        for (size_t k = 0; k < n; k++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%.*s|", (int)parts[k].len, parts[k].ptr);
        assert_string_equal(text, cases[i].parts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(begins), TEST(leans), TEST(instead), TEST(refuses), TEST(sentences), TEST(items)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
