/* SPDX-License-Identifier: Apache-2.0 */
/* A vocabulary must find what comparing with every word of the list would: the index only spares comparisons. */
#include "test.h"

enum { WORDS = 400, ASKED = 4000 };

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 16;
}

/* Few letters and lengths, so that many words are near each other; some with a silent h, some with "ñ" unfolded. */
static relevo_str make_word(rlt_work *work, uint32_t *seed)
{
    static const char *const letters[] = {"h", "a", "b", "o", "l", "\xc3\xb1"};
    char *text = rlt_work_alloc(work, 32);
    relevo_str word = {text, 0};
    assert_non_null(text);
    for (uint32_t n = next(seed) % 8; n-- > 0;) {
        relevo_str letter = rlt_str(letters[next(seed) % 6]);
        memcpy(text + word.len, letter.ptr, letter.len);
        word.len += letter.len;
    }
    return word;
}

static uint32_t first_same(const relevo_str *words, relevo_str word)
{
    for (uint32_t i = 0; i < WORDS; i++)
        if (rlt_equal(words[i], word))
            return i;
    return RLT_NO_WORD;
}

static uint32_t first_near(const relevo_str *words, relevo_str word)
{
    for (uint32_t i = 0; i < WORDS; i++)
        if (rlt_near(words[i], word))
            return i;
    return RLT_NO_WORD;
}

static void finds_what_a_scan_finds(void **state)
{
    static relevo_str words[WORDS];
    uint32_t seed = 4711, found = 0, misspelt = 0;
    for (uint32_t i = 0; i < WORDS; i++)
        words[i] = make_word(*state, &seed);
    rlt_vocabulary *vocabulary = rlt_vocabulary_new(words, WORDS, 0);
    assert_non_null(vocabulary);
    for (uint32_t i = 0; i < ASKED; i++) {
        relevo_str word = make_word(*state, &seed);
        uint32_t same = rlt_vocabulary_find(vocabulary, word, rlt_hash(word));
        uint32_t near = rlt_vocabulary_near(vocabulary, word);
        assert_int_equal(same, first_same(words, word));
        assert_int_equal(near, first_near(words, word));
        found += same != RLT_NO_WORD;
        misspelt += same == RLT_NO_WORD && near != RLT_NO_WORD;
    }
    assert_true(found > 100 && misspelt > 100); /* else the words would show nothing */
    rlt_vocabulary_free(vocabulary);
}

static void short_words_are_exact(void **state)
{
    (void)state;
    static const relevo_str words[] = {RELEVO_STR("hogar"), RELEVO_STR("persona")};
    rlt_vocabulary *vocabulary = rlt_vocabulary_new(words, 2, 6);
    assert_non_null(vocabulary);
    assert_int_equal(rlt_vocabulary_near(vocabulary, rlt_str("hogan")), RLT_NO_WORD);
    assert_int_equal(rlt_vocabulary_find(vocabulary, words[0], rlt_hash(words[0])), 0);
    assert_int_equal(rlt_vocabulary_near(vocabulary, rlt_str("persna")), 1);
    assert_int_equal(rlt_vocabulary_near(vocabulary, (relevo_str){NULL, 0}), RLT_NO_WORD);
    rlt_vocabulary_free(vocabulary);
}

static void holds_nothing(void **state)
{
    (void)state;
    rlt_vocabulary *vocabulary = rlt_vocabulary_new(NULL, 0, 0);
    assert_non_null(vocabulary);
    assert_int_equal(rlt_vocabulary_near(vocabulary, rlt_str("persona")), RLT_NO_WORD);
    rlt_vocabulary_free(vocabulary);
    rlt_vocabulary_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(finds_what_a_scan_finds), cmocka_unit_test(short_words_are_exact),
                                       cmocka_unit_test(holds_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
