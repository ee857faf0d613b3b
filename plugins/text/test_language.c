/* SPDX-License-Identifier: Apache-2.0 */
/* Languages told apart from short messages, and not guessed without evidence. */
#include "test.h"

#include "text/words.h"

static void guesses(void **state)
{
    static const struct {
        const char *text;
        rlt_language language;
    } cases[] = {
        {"hola", RLT_ES},
        {"Hola, buenas tardes", RLT_ES},
        {"¿hacen envíos a Guadalajara?", RLT_ES},
        {"mi pedido 48213 llego roto y nadie me contesta!!", RLT_ES},
        {"quiero hablar con una persona", RLT_ES},
        {"a que hora abren", RLT_ES},
        {"oi", RLT_PT},
        {"boa tarde, vocês entregam no Rio?", RLT_PT},
        {"quero falar com uma pessoa", RLT_PT},
        {"meu pedido nao chegou", RLT_PT},
        {"qual o prazo do frete", RLT_PT},
        {"hi", RLT_EN},
        {"where is my order", RLT_EN},
        {"I want to talk to a human", RLT_EN},
        {"do you ship to Denver?", RLT_EN},
        {"gracias", RLT_ES},
        {"obrigada", RLT_PT},
        {"thanks!!", RLT_EN},
        {"48213", RLT_UNKNOWN},
        {"👍", RLT_UNKNOWN},
        {"ok", RLT_UNKNOWN},
        {"pedido", RLT_UNKNOWN},
        {"no entendi", RLT_UNKNOWN}, /* "entendí", or "não entendi" */
        {"no entendí", RLT_ES},
        {"não entendi", RLT_PT},
        {"somos 20", RLT_UNKNOWN},
        {"qué fecha será", RLT_UNKNOWN},
        {"o café", RLT_UNKNOWN},
        {"la segunda", RLT_UNKNOWN},
        {"laura@gmail.com", RLT_UNKNOWN},
        {"https://www.cafe.com/the/shipping", RLT_UNKNOWN},
        {"mi correo es the.works@shop.com", RLT_ES},
        {"my address: ana@correo.com.br", RLT_EN},
        {"", RLT_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rlt_doc doc = test_read(*state, cases[i].text);
        double confidence = -1;
        rlt_language found = rlt_language_guess(&doc, &confidence);
        if (found != cases[i].language)
            print_error("'%s'\n", cases[i].text);
        assert_int_equal(found, cases[i].language);
        if (found != RLT_UNKNOWN)
            assert_true(confidence > 0 && confidence < 1);
    }
}

/* Names are spelt in some language, and say little about the conversation's. */
static void names_are_hints(void **state)
{
    static const char *const names[] = {"Wendy Ching", "wendy ching", "Whitney Shaw", "Nuninho Teixeira"};
    double confidence;
    rlt_doc doc;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        doc = test_read(*state, names[i]);
        if (rlt_language_guess(&doc, &confidence) != RLT_UNKNOWN)
            assert_true(confidence < 0.4);
    }
    doc = test_read(*state, "my name is Wendy Ching");
    assert_int_equal(rlt_language_guess(&doc, &confidence), RLT_EN);
    assert_true(confidence > 0.7);
}

static void codes(void **state)
{
    (void)state;
    assert_int_equal(rlt_language_from(rlt_str("es")), RLT_ES);
    assert_int_equal(rlt_language_from(rlt_str("pt-BR")), RLT_PT);
    assert_int_equal(rlt_language_from(rlt_str("en_US")), RLT_EN);
    assert_int_equal(rlt_language_from(rlt_str("est")), RLT_UNKNOWN);
    assert_int_equal(rlt_language_from(rlt_str("fr")), RLT_UNKNOWN);
    assert_int_equal(rlt_language_from((relevo_str){NULL, 0}), RLT_UNKNOWN);
    assert_int_equal(rlt_language_shown(rlt_str("pt-BR")), RLT_PT);
    assert_int_equal(rlt_language_shown(rlt_str("fr")), RLT_ES);
    assert_text(rlt_language_code(RLT_PT), "pt");
    assert_int_equal(rlt_language_code(RLT_UNKNOWN).len, 0);
}

/* What was read comes before the words, and those before what was. */
static void of_a_message(void **state)
{
    (void)state;
    const relevo_str none = {NULL, 0}, en = RELEVO_STR("en"), pt = RELEVO_STR("pt");
    rlt_work *work = rlt_work_new();
    rlt_doc doc, number;
    assert_int_equal(rlt_read(work, rlt_str("¿a qué hora abren hoy?"), &doc), RLT_OK);
    assert_int_equal(rlt_read(work, rlt_str("48213"), &number), RLT_OK);
    assert_int_equal(rlt_language_of(en, &doc, pt), RLT_EN);
    assert_int_equal(rlt_language_of(none, &doc, pt), RLT_ES);
    assert_int_equal(rlt_language_of(none, &number, pt), RLT_PT);
    assert_int_equal(rlt_language_of(none, NULL, pt), RLT_PT);
    assert_int_equal(rlt_language_of(none, &number, none), RLT_UNKNOWN);
    rlt_work_free(work);
}

static void stop_words(void **state)
{
    (void)state;
    assert_true(rlt_is_stop(RLT_ES, rlt_str("para")));
    assert_false(rlt_is_stop(RLT_EN, rlt_str("para")));
    assert_false(rlt_is_stop(RLT_ES, rlt_str("pedido")));
    assert_false(rlt_is_stop(RLT_UNKNOWN, rlt_str("para")));
}

/* The search in the table is binary: it must be sorted, folded and without doubles. */
static void table_is_sorted(void **state)
{
    for (size_t i = 0; i < rlt_n_words; i++) {
        rlt_work_reset(*state);
        if (i > 0)
            assert_true(strcmp(rlt_words[i - 1].word, rlt_words[i].word) < 0);
        assert_text(test_read(*state, rlt_words[i].word).folded, rlt_words[i].word);
        assert_ptr_equal(rlt_word_find(rlt_str(rlt_words[i].word)), &rlt_words[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(guesses), TEST(names_are_hints), TEST(codes), TEST(of_a_message), TEST(stop_words), TEST(table_is_sorted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
