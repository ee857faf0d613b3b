/* SPDX-License-Identifier: Apache-2.0 */
/* A message's words, and which texts are the same ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conversation/words.h"

static void test_read(void **state)
{
    (void)state;
    rlv_words w;
    rlv_words_read(RLV_STR("  ¿Mañana, A LAS 17:30?  o'clock \xff ﬁn"), &w);
    static const char *const wanted[] = {"manana", "a", "las", "17:30", "oclock", "fin"};
    assert_int_equal(w.n, 6);
    for (int i = 0; i < w.n; i++)
        assert_string_equal(w.word[i], wanted[i]);
    assert_true(w.asks);
    rlv_words_read(RLV_STR("sí"), &w); /* nothing is left of the last text */
    assert_int_equal(w.n, 1);
    assert_string_equal(w.word[0], "si");
    assert_false(w.asks);
}

static void test_no_more_than_fits(void **state)
{
    (void)state;
    rlv_words w;
    char text[4 * RLV_WORDS_READ_MAX];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = i % 2 ? ' ' : 'x';
    rlv_words_read((rlv_str){text, sizeof(text)}, &w);
    assert_int_equal(w.n, RLV_WORDS_MAX);
    memset(text, 'x', sizeof(text));
    rlv_words_read((rlv_str){text, sizeof(text)}, &w);
    assert_int_equal(w.n, 1);
    assert_true(strlen(w.word[0]) < RLV_WORDS_READ_MAX);
}

static void test_same(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool same;
    } cases[] = {
        {"Seguir con el bot", "Seguir con el bot.", true}, {"Seguir com o bot", "SEGUIR  COM O BOT!!", true}, {"¡Continúa!", "continua", true},
        {"Seguir con el bot", "Seguir con el", false},     {"Seguir con el bot", "Seguir con el bot no", false}, {"el bot", "elbot", false},
        {"", "", false},                                   {"🤖", "👍", false},                               {"...", "", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (rlv_words_same(rlv_str_from(cases[i].a), rlv_str_from(cases[i].b)) != cases[i].same)
            fail_msg("'%s' and '%s' are %sthe same", cases[i].a, cases[i].b, cases[i].same ? "not " : "");
}

static void test_question(void **state)
{
    (void)state;
    static const char *const same[] = {"¿Hacen envíos?", "HACEN ENVIOS", "hacen  envíos...", "Hacen envios 🙏"};
    static const char *const others[] = {"hacen envíos ya", "hac enenvíos", "envíos hacen", "envíos?", "¿Envío?"};
    static const char *const no_question[] = {"hola", "¡Gracias!", "ok", "", "???", "👍"};
    uint64_t question = rlv_words_question(rlv_str_from(same[0]));
    assert_true(question != 0);
    for (size_t i = 0; i < sizeof(same) / sizeof(*same); i++)
        assert_true(rlv_words_question(rlv_str_from(same[i])) == question);
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
        assert_true(rlv_words_question(rlv_str_from(others[i])) != 0 && rlv_words_question(rlv_str_from(others[i])) != question);
    for (size_t i = 0; i < sizeof(no_question) / sizeof(*no_question); i++)
        assert_true(rlv_words_question(rlv_str_from(no_question[i])) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_read), cmocka_unit_test(test_no_more_than_fits), cmocka_unit_test(test_same),
                                       cmocka_unit_test(test_question)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
