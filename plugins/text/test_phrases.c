/* SPDX-License-Identifier: Apache-2.0 */
/* Phrase search: whole tokens, the customer's own words back, near words only when asked for. */
#include "test.h"

static const relevo_str list[] = {RELEVO_STR("abogado"), RELEVO_STR("hablar con alguien"),
                                  RELEVO_STR("hablar"),  RELEVO_STR("Devolución"),
                                  RELEVO_STR("no"),      RELEVO_STR("👎")};

static rlt_phrases *compile(uint32_t flags)
{
    rlt_phrases *phrases = NULL;
    assert_int_equal(rlt_phrases_new(list, sizeof list / sizeof *list, flags, &phrases, NULL), RLT_OK);
    return phrases;
}

static void finds(void **state)
{
    rlt_phrases *phrases = compile(0);
    rlt_doc doc = test_read(*state, "¡Quiero HABLAR, con ALGUIÉN! o mi abogado 👎 devoluciones");
    rlt_match match;
    assert_true(rlt_text_find(phrases, &doc, 0, &match));
    assert_int_equal(match.phrase, 1); /* the longest */
    assert_text(match.written, "HABLAR, con ALGUIÉN");
    assert_true(rlt_text_find(phrases, &doc, match.token + match.n_tokens, &match));
    assert_text(match.written, "abogado");
    assert_true(rlt_text_find(phrases, &doc, match.token + match.n_tokens, &match));
    assert_int_equal(match.phrase, 5);
    assert_int_equal(match.fuzzy, 0);
    match.phrase = 99;
    assert_false(rlt_text_find(phrases, &doc, match.token + match.n_tokens, &match));
    assert_int_equal(match.phrase, 99);
    rlt_phrases_free(phrases);
}

static void near_words(void **state)
{
    rlt_phrases *exact = compile(0), *fuzzy = compile(RLT_FUZZY);
    rlt_match match;
    rlt_doc doc = test_read(*state, "ablar con algien de la debolucion, abogdao");
    assert_false(rlt_text_find(exact, &doc, 0, &match));
    assert_true(rlt_text_find(fuzzy, &doc, 0, &match));
    assert_int_equal(match.phrase, 1);
    assert_int_equal(match.fuzzy, 2);
    assert_true(rlt_text_find(fuzzy, &doc, 3, &match));
    assert_int_equal(match.phrase, 3);
    assert_true(rlt_text_find(fuzzy, &doc, 6, &match));
    assert_int_equal(match.phrase, 0);
    doc = test_read(*state, "na hablas"); /* short words must be exact; a change within a long one is near */
    assert_true(rlt_text_find(fuzzy, &doc, 0, &match));
    assert_int_equal(match.phrase, 2);
    assert_int_equal(match.token, 1);
    rlt_phrases_free(exact);
    rlt_phrases_free(fuzzy);
}

static void distances(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool near;
    } cases[] = {
        {"pedido", "pedido", true},
        {"si", "si", true},
        {"si", "so", false},
        {"pedido", "pedidos", true},
        {"pedido", "peddio", true},
        {"pedido", "pdido", true},
        {"pedido", "pedixo", true},
        {"pedido", "medido", false},
        {"hablar", "ablar", true},
        {"pedido", "pdid", false},
        {"pedido", "paxido", false},
        {"casas", "casa", false},
        {"pedido", "pediod", true},
        {"", "", true},
        {"", "a", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(rlt_near(rlt_str(cases[i].a), rlt_str(cases[i].b)), cases[i].near);
        assert_int_equal(rlt_near(rlt_str(cases[i].b), rlt_str(cases[i].a)), cases[i].near);
    }
}

static void refuses_empty(void **state)
{
    (void)state;
    relevo_str bad[] = {RELEVO_STR("bueno"), RELEVO_STR(" ... ")};
    rlt_phrases *phrases = NULL;
    uint64_t number = 0;
    assert_int_equal(rlt_phrases_new(bad, 2, 0, &phrases, &number), RLT_E_EMPTY);
    assert_int_equal(number, 1);
    assert_null(phrases);
    assert_int_equal(rlt_phrases_new(NULL, 0, 0, &phrases, NULL), RLT_OK);
    rlt_phrases_free(phrases);
    rlt_phrases_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(finds), TEST(near_words), TEST(distances), TEST(refuses_empty)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
