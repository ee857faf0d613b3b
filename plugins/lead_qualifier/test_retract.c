/* SPDX-License-Identifier: Apache-2.0 */
/* What a message means of itself, and what it takes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "retract.h"

static const struct {
    const char *text, *kept, *back; /* NULL: it takes nothing back, or all */
} cases[] = {
    {"no, el 5 no, el 6", "el 6", "el 5"},
    {"básico, perdón, premium", "premium", "básico, perdón"},
    {"básico perdón premium", "premium", "básico perdón"},
    {"dia 20, não, dia 21", "dia 21", "dia 20, não"},
    {"eran 50 no 40", "eran 50", "40"},
    {"premium, no básico", "premium", "básico"},
    {"premium, no básico, para 40", "premium, para 40", "básico"},
    {"não, melhor dia 20", "dia 20", "não, melhor"},
    {"oito, digo, nove", "nove", "oito, digo"},
    {"5, I mean 6", "6", "5, I mean"},
    {"bob@x.com, sorry, bobby@x.com", "bobby@x.com", "bob@x.com, sorry"},
    {"1,500 no 1,600", "1,500", "1,600"},
    {"me equivoqué, son 30", "son 30", "me equivoqué"},
    {"no, somos 40", NULL, NULL}, /* of what was said before: nothing of itself */
    {"no tengo correo", NULL, NULL},
    {"mejor no", NULL, NULL},
    {"no", NULL, NULL},
    {"somos 40", NULL, NULL},
    {"", NULL, NULL},
};

static void apart(void **state)
{
    (void)state;
    lq_words words;
    rlt_work *work = rlt_work_new();
    assert_true(lq_words_make(&words) && work);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lq_message in = {.words = &words, .work = work, .country = ""};
        rlt_doc kept, back;
        bool any = false;
        char *copy = strdup(cases[i].text);
        rlt_work_reset(work);
        assert_int_equal(rlt_read(work, rlt_str(copy), &in.doc), RLT_OK);
        assert_true(lq_retract(&in, &any, &kept, &back));
        if (any != (cases[i].kept != NULL))
            fail_msg("'%s' takes something back: %d", cases[i].text, any);
        if (any && (!rlt_equal(kept.source, rlt_str(cases[i].kept)) || !rlt_equal(back.source, rlt_str(cases[i].back))))
            fail_msg("'%s' means '%.*s', not '%.*s'", cases[i].text, (int)kept.source.len, kept.source.ptr, (int)back.source.len, back.source.ptr);
        assert_int_equal(lq_is_no(&in), strcmp(cases[i].text, "no") == 0);
        free(copy);
    }
    lq_words_clear(&words);
    rlt_work_free(work);
}

/* Whether it begins by putting something right; and what "no" means where Portuguese is spoken. */
static void corrects(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        rlt_language language;
        bool corrects, takes_back;
    } of[] = {{"no, el 20", RLT_ES, true, false},  {"perdón, Medellín", RLT_ES, true, true}, {"me equivoqué", RLT_ES, true, false},
              {"el 20", RLT_ES, false, false},     {"vivo lejos, no sé", RLT_ES, false, true}, {"no Recife", RLT_PT, false, false},
              {"é no dia 20", RLT_PT, false, false}, {"não, no dia 20", RLT_PT, true, false},    {"40 pessoas no sábado", RLT_PT, false, false},
              {"40 personas no 50", RLT_ES, false, true}};
    lq_words words;
    rlt_work *work = rlt_work_new();
    assert_true(lq_words_make(&words) && work);
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        lq_message in = {.words = &words, .work = work, .country = "", .language = of[i].language};
        rlt_doc kept, back;
        rlt_match match;
        bool any = false;
        rlt_work_reset(work);
        assert_int_equal(rlt_read(work, rlt_str(of[i].text), &in.doc), RLT_OK);
        assert_true(lq_retract(&in, &any, &kept, &back));
        if (lq_corrects(&in, &match) != of[i].corrects || any != of[i].takes_back)
            fail_msg("'%s' puts something right: %d, takes something back: %d", of[i].text, !of[i].corrects, any);
    }
    lq_words_clear(&words);
    rlt_work_free(work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(apart), cmocka_unit_test(corrects)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
