/* SPDX-License-Identifier: Apache-2.0 */
/* Folding and tokens: what customers type, and bytes that no customer should be able to break anything with.
 */
#include "test.h"

static void folds(void **state)
{
    static const struct {
        const char *text, *folded;
    } cases[] = {
        {"¿HACEN Envíos a Bogotá?", "hacen envios a bogota"},
        {"São João, à noite", "sao joao a noite"},
        {"hooolaaa!!!", "hola"},
        {"llegó el perro", "llego el perro"},
        {"don't I'm d’água", "dont im dagua"},
        {"ﬁn ＡＢＣ straße", "fin abc strasse"},
        {"pedido#48213: 24hs, 1.500", "pedido 48213 24hs 1 500"},
        {"mal :( bien :) <3", "mal 🙁 bien 🙂 ❤"},
        {"gracias😊😊 ❤️ 👍🏽", "gracias 😊 😊 ❤ 👍"},
        {"http://x.co :default", "http x co default"},
        {"*negrita* _y_ ~eso~", "negrita y eso"},
        {"n\xcc\x83 e\xcc\x81l", "n el"},
        {"", ""},
        {" \n\t.,;", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_text(test_read(*state, cases[i].text).folded, cases[i].folded);
}

static void tokens_know_where_they_stand(void **state)
{
    rlt_doc doc = test_read(*state, "¡Ábreme YA la 2a tienda, holaaa 👍🏽 33!");
    assert_int_equal(doc.n_tokens, 8);
    assert_text(rlt_written(&doc, 0, 1), "Ábreme");
    assert_text(rlt_written(&doc, 1, 2), "YA la");
    assert_text(rlt_written(&doc, 5, 1), "holaaa");
    assert_text(rlt_written(&doc, 0, 8), "Ábreme YA la 2a tienda, holaaa 👍🏽 33");
    assert_int_equal(doc.tokens[0].flags, 0);
    assert_int_equal(doc.tokens[1].flags, RLT_UPPER);
    assert_int_equal(doc.tokens[5].flags, RLT_STRETCHED);
    assert_int_equal(doc.tokens[3].kind, RLT_WORD);
    assert_int_equal(doc.tokens[6].kind, RLT_EMOJI);
    assert_int_equal(doc.tokens[7].kind, RLT_NUMBER);
    assert_int_equal(doc.n_exclaims, 2);
    assert_int_equal(doc.n_upper, 3);
    assert_int_equal(doc.tokens[1].hash, rlt_hash(rlt_str("ya")));
}

/* Bytes that are not UTF-8, and NULs, separate words and break nothing. */
static void any_bytes(void **state)
{
    rlt_doc doc;
    relevo_str bad = RELEVO_STR("ho\xff\xfela \xc3");
    assert_int_equal(rlt_read(*state, bad, &doc), RLT_OK);
    assert_text(doc.folded, "ho la");
    relevo_str nul = RELEVO_STR("a\0b");
    assert_int_equal(rlt_read(*state, nul, &doc), RLT_OK);
    assert_text(doc.folded, "a b");
    relevo_str absent = {NULL, 0};
    assert_int_equal(rlt_read(*state, absent, &doc), RLT_OK);
    assert_int_equal(doc.n_tokens, 0);

    uint32_t seed = 1;
    char noise[300];
    for (int round = 0; round < 20000; round++) {
        rlt_work_reset(*state);
        size_t len = (seed >> 16) % sizeof noise;
        for (size_t i = 0; i < len; i++) {
            seed = seed * 1664525u + 1013904223u;
            noise[i] = (char)(seed >> 24);
        }
        assert_int_equal(rlt_read(*state, (relevo_str){noise, len}, &doc), RLT_OK);
        for (uint32_t i = 0; i < doc.n_tokens; i++) {
            assert_true(doc.tokens[i].text.len > 0);
            assert_true(doc.tokens[i].source_at + doc.tokens[i].source_len <= len);
        }
    }
}

/* The character that grows most when folded, as often as fits: the room set aside for it is enough. */
static void largest(void **state)
{
    size_t n = RLT_TEXT_MAX / 3 + 10;
    char *text = malloc(3 * n);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        memcpy(text + 3 * i, "\xef\xb7\xba", 3); /* U+FDFA */
    rlt_doc doc;
    assert_int_equal(rlt_read(*state, (relevo_str){text, 3 * n}, &doc), RLT_OK);
    assert_int_equal(doc.source.len, RLT_TEXT_MAX / 3 * 3);
    assert_true(doc.folded.len > RLT_TEXT_MAX);
    free(text);
}

static void cuts_between_characters(void **state)
{
    (void)state;
    assert_text(rlt_cut(rlt_str("café"), 5), "café");
    assert_text(rlt_cut(rlt_str("café"), 4), "caf");
    assert_text(rlt_cut(rlt_str("👍"), 3), "");
}

static void stems(void **state)
{
    assert_true(
        rlt_equal(rlt_stem(*state, RLT_ES, rlt_str("envios")), rlt_stem(*state, RLT_ES, rlt_str("envio"))));
    assert_true(rlt_equal(rlt_stem(*state, RLT_PT, rlt_str("entregas")),
                          rlt_stem(*state, RLT_PT, rlt_str("entrega"))));
    assert_true(rlt_equal(rlt_stem(*state, RLT_EN, rlt_str("refunds")),
                          rlt_stem(*state, RLT_EN, rlt_str("refunded"))));
    assert_text(rlt_stem(*state, RLT_UNKNOWN, rlt_str("refunds")), "refunds");
}

static void clauses_stand_apart(void **state)
{
    rlt_doc doc = test_read(*state, "no quiero, dame. Uno? dos\ntres 'y' (cuatro)");
    static const bool apart[] = {false, false, true, true, true, true, false, false};
    assert_int_equal(doc.n_tokens, 8);
    for (uint32_t i = 1; i < doc.n_tokens; i++)
        assert_int_equal(rlt_stands_apart(&doc, i), apart[i]);
}

static void work_is_reused(void **state)
{
    rlt_work *work = *state;
    void *first = rlt_work_alloc(work, 100);
    assert_non_null(rlt_work_alloc(work, 1u << 20));
    rlt_work_reset(work);
    assert_ptr_equal(rlt_work_alloc(work, 100), first);
    assert_null(rlt_work_alloc(work, SIZE_MAX - 4));
    assert_int_equal((uintptr_t)rlt_work_alloc(work, 1) % 16, 0);
    rlt_work_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(folds), TEST(tokens_know_where_they_stand), TEST(any_bytes),     TEST(largest),
        TEST(stems), TEST(cuts_between_characters),      TEST(work_is_reused), TEST(clauses_stand_apart)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
