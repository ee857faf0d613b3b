/* SPDX-License-Identifier: Apache-2.0 */
/* What each type takes of a message, how sure it is, and what it leaves alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "value.h"

static const char file[] =
    "flows:\n"
    "  - id: a\n"
    "    start: {keywords: [x]}\n"
    "    done: x\n"
    "    slots:\n"
    "      - {name: name, type: name, ask: x}\n"
    "      - {name: email, type: email, ask: x}\n"
    "      - {name: phone, type: phone, ask: x}\n"
    "      - {name: tax_id, type: tax_id, ask: x}\n"
    "      - {name: date, type: date, ask: x, future: true}\n"
    "      - {name: guests, type: amount, ask: x, min: 10, max: 500, words: [personas, invitados]}\n"
    "      - name: kind\n"
    "        type: choice\n"
    "        ask: x\n"
    "        choices:\n"
    "          - {value: wedding, title: Boda, words: [casamiento]}\n"
    "          - {value: office, title: Oficina}\n"
    "      - {name: city, type: city, ask: x}\n"
    "      - {name: text, type: text, ask: x}\n"
    "      - {name: order, type: order_number, ask: x}\n";

static const struct {
    const char *slot, *text;
    lq_found found;
    const char *value;
} cases[] = {
    {"name", "Ana Torres", LQ_WEAK, "Ana Torres"},
    {"name", "soy Ana", LQ_STRONG, "Ana"},
    {"name", "soy ana", LQ_WEAK, "ana"},
    {"name", "me llamo María José Núñez, mucho gusto", LQ_STRONG, "María José Núñez"},
    {"name", "meu nome é João da Silva", LQ_STRONG, "João da Silva"},
    {"name", "my name is Mary Ann. I need help", LQ_STRONG, "Mary Ann"},
    {"name", "hola, soy Laura Gómez de Cali, quiero cotizar", LQ_STRONG, "Laura Gómez"},
    {"name", "oi, sou João da Silva, tudo bem?", LQ_NOTHING, NULL}, /* asked, it is no answer */
    {"name", "oi, sou João da Silva, preciso de um orçamento", LQ_STRONG, "João da Silva"},
    {"name", "I'm John Smith and I need a quote", LQ_STRONG, "John Smith"},
    {"name", "I'm Mexican, is that a problem for the invoice", LQ_NOTHING, NULL},
    {"name", "soy de Cali y quiero cotizar para una boda", LQ_NOTHING, NULL},
    {"name", "it's for Mary Jones", LQ_WEAK, "Mary Jones"},
    {"name", "a nombre de Ana", LQ_STRONG, "Ana"},
    {"name", "me dicen Beto", LQ_STRONG, "Beto"},
    {"name", "¿para qué lo necesitas?", LQ_NOTHING, NULL},
    {"name", "5512345678", LQ_NOTHING, NULL},
    {"name", "te digo después de hablarlo con mi jefe hoy", LQ_NOTHING, NULL},
    {"email", "es Ana@X.com.", LQ_STRONG, "ana@x.com"},
    {"email", "ana punto torres arroba x punto com punto mx", LQ_STRONG, "ana.torres@x.com.mx"},
    {"email", "my mail is ana at mail dot com thanks", LQ_STRONG, "ana@mail.com"},
    {"email", "ana @ gmail . com", LQ_STRONG, "ana@gmail.com"},
    {"email", "es ana.torres@gmail .com. Gracias", LQ_STRONG, "ana.torres@gmail.com"},
    {"email", "ana@ correo.com.mx gracias", LQ_STRONG, "ana@correo.com.mx"},
    {"email", "ana@gmail. com", LQ_STRONG, "ana@gmail.com"},
    {"email", "ana@gmail", LQ_NOTHING, NULL},
    {"email", "ana@gmail. Gracias", LQ_NOTHING, NULL},
    {"email", "@", LQ_NOTHING, NULL},
    {"email", "nos vemos @ las 5. Saludos", LQ_NOTHING, NULL},
    {"email", "nos vemos at noon", LQ_NOTHING, NULL},
    {"email", "una arroba de azúcar", LQ_NOTHING, NULL},
    {"phone", "al 55 1234 5678", LQ_STRONG, "+525512345678"},
    {"phone", "12345", LQ_NOTHING, NULL},
    {"tax_id", "GODE561231GR8", LQ_STRONG, "GODE561231GR8"},
    {"tax_id", "GODE561231GR9", LQ_NOTHING, NULL},
    {"date", "el 15/03", LQ_STRONG, "2026-03-15"},
    {"date", "15/03/2020", LQ_NOTHING, NULL}, /* it was */
    {"date", "el 6", LQ_WEAK, "2026-01-06"},
    {"date", "melhor dia 20", LQ_STRONG, "2026-01-20"},
    {"date", "el 31 de febrero", LQ_NOTHING, NULL},
    {"date", "somos 20 personas", LQ_NOTHING, NULL},
    {"guests", "mejor el día 20", LQ_NOTHING, NULL},
    {"guests", "veintidós", LQ_WEAK, "22"},
    {"guests", "80", LQ_WEAK, "80"},
    {"guests", "el 15 de marzo, 80 personas", LQ_STRONG, "80"},
    {"guests", "entre 80 y 100 invitados", LQ_STRONG, "80"},
    {"guests", "como cien", LQ_WEAK, "100"},
    {"guests", "12. boda\n13. 150 personas\n14. Querétaro", LQ_STRONG, "150"}, /* that which they count, not the number of the line */
    {"guests", "de 20 a 80 invitados", LQ_STRONG, "20"},
    {"guests", "20 o 80", LQ_WEAK, "20"},
    {"guests", "el 40 de enero", LQ_NOTHING, NULL}, /* no calendar has it, and nobody counts so */
    {"guests", "30 february, 80 personas", LQ_STRONG, "80"},
    {"guests", "5", LQ_NOTHING, NULL},
    {"guests", "600", LQ_NOTHING, NULL},
    {"guests", "el 15 de marzo", LQ_NOTHING, NULL},
    {"kind", "para una boda", LQ_STRONG, "wedding"},
    {"kind", "un casamineto", LQ_STRONG, "wedding"}, /* misspelt */
    {"kind", "la ofi", LQ_NOTHING, NULL},
    {"kind", "la ofic", LQ_WEAK, "office"},
    {"kind", "2", LQ_WEAK, "office"},
    {"kind", "la segunda", LQ_WEAK, "office"},
    {"kind", "3", LQ_NOTHING, NULL},
    {"kind", "una boda en la oficina", LQ_NOTHING, NULL},
    {"city", "en la ciudad de México", LQ_WEAK, "México"},
    {"city", "Ciudad de México", LQ_WEAK, "Ciudad de México"},
    {"city", "vivo en Ciudad Juárez", LQ_WEAK, "Ciudad Juárez"},
    {"city", "Ciudad: Puebla", LQ_WEAK, "Puebla"},
    {"city", "La Paz", LQ_WEAK, "La Paz"},
    {"city", "São Paulo, Brasil", LQ_WEAK, "São Paulo"},
    {"city", "umas 15", LQ_NOTHING, NULL},
    {"city", "Puebla 72000", LQ_WEAK, "Puebla"},
    {"city", "¿llegan a Mérida?", LQ_NOTHING, NULL},
    {"text", "  llegó roto ", LQ_WEAK, "llegó roto"},
    {"text", "👍", LQ_NOTHING, NULL},
    {"order", "48213", LQ_WEAK, "48213"},
    {"order", "AB-48213", LQ_WEAK, "AB-48213"},
    {"order", "mi pedido es el 48213", LQ_STRONG, "48213"},
    {"order", "12", LQ_NOTHING, NULL},
};

static void values(void **state)
{
    (void)state;
    lq_flows flows;
    lq_words words;
    rlt_error error;
    rlt_finder *finder = rlt_finder_new();
    rlt_work *work = rlt_work_new();
    assert_true(lq_flows_parse("x.yaml", rlt_str(file), &flows, &error) && lq_words_make(&words) && finder && work);
    lq_message in = {.words = &words, .finder = finder, .work = work, .country = "MX"};
    assert_true(rlt_day_of(2026, 1, 1, &in.today));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char value[LQ_VALUE_MAX + 1] = "untouched", *copy = strdup(cases[i].text);
        rlt_work_reset(work);
        assert_int_equal(rlt_read(work, rlt_str(copy), &in.doc), RLT_OK);
        const lq_slot *slot = lq_slot_find(&flows.flows[0], rlt_str(cases[i].slot));
        lq_found found = lq_value_read(&in, slot, value);
        if (found != cases[i].found || strcmp(value, cases[i].value ? cases[i].value : "untouched") != 0)
            fail_msg("%s of '%s' is %d '%s'", cases[i].slot, cases[i].text, (int)found, value);
        free(copy);
    }
    lq_flows_clear(&flows);
    lq_words_clear(&words);
    rlt_finder_free(finder);
    rlt_work_free(work);
}

/* A value is cut where a character ends. */
static void long_values(void **state)
{
    (void)state;
    lq_flows flows;
    lq_words words;
    rlt_error error;
    rlt_work *work = rlt_work_new();
    assert_true(lq_flows_parse("x.yaml", rlt_str(file), &flows, &error) && lq_words_make(&words) && work);
    lq_message in = {.words = &words, .work = work, .country = ""};
    char text[601] = "", value[LQ_VALUE_MAX + 1];
    for (int i = 0; i < 300; i++)
        memcpy(text + (size_t)2 * (size_t)i, "ñ", 3);
    text[0] = 'n';
    text[1] = 'n';
    assert_int_equal(rlt_read(work, rlt_str(text + 1), &in.doc), RLT_OK);
    assert_int_equal(lq_value_read(&in, lq_slot_find(&flows.flows[0], rlt_str("text")), value), LQ_WEAK);
    assert_int_equal(strlen(value), LQ_VALUE_MAX - 1);
    lq_flows_clear(&flows);
    lq_words_clear(&words);
    rlt_work_free(work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(values), cmocka_unit_test(long_values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
