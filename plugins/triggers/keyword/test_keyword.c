/* SPDX-License-Identifier: Apache-2.0 */
/* The keyword trigger through its .so: phrases, patterns, evidence as written, and patterns that it refuses
   or survives. */
#include <string.h>
#include <time.h>

#include "testkit/testkit.h"

static const relevo_answer_trigger *judge(tk *kit, const char *text)
{
    tk_view *view = tk_message(kit, text);
    return tk_trigger(tk_run(kit, TK_TRIGGER, &view, 1), 0);
}

static const char *evidence(tk *kit, const char *text)
{
    const relevo_answer_trigger *fired = judge(kit, text);
    return fired != NULL ? fired->evidence.ptr : "";
}

static void finds_phrases_folded(void **state)
{
    (void)state;
    tk *kit = tk_open("keyword", "phrases", "[\"abogado\",\"defensa del consumidor\"]", "score", "0.9", NULL);
    const relevo_answer_trigger *fired = judge(kit, "Voy a llamar a mi ABOGÁDOOO");
    assert_non_null(fired);
    tk_assert_near(fired->score, 0.9);
    assert_string_equal(fired->evidence.ptr, "ABOGÁDOOO");
    assert_string_equal(fired->reason.ptr, "El mensaje contiene «ABOGÁDOOO».");
    assert_string_equal(evidence(kit, "iré a Defensa del  Consumidor ya"), "Defensa del  Consumidor");
    assert_string_equal(evidence(kit, "abogado, abogado, Defensa del consumidor"),
                        "abogado, Defensa del consumidor");
    assert_null(judge(kit, "abogados no"));
    assert_null(judge(kit, "del consumidor, la defensa"));
    assert_null(judge(kit, ""));
    tk_close(kit);
}

static void fuzzy_takes_a_typing_mistake(void **state)
{
    (void)state;
    tk *kit = tk_open("keyword", "phrases", "[\"abogado\"]", NULL);
    assert_null(judge(kit, "mi abogdo"));
    tk_close(kit);
    kit = tk_open("keyword", "phrases", "[\"abogado\"]", "fuzzy", "true", NULL);
    assert_string_equal(evidence(kit, "mi abogdo te escribe"), "abogdo");
    tk_close(kit);
}

static void finds_patterns(void **state)
{
    (void)state;
    tk *kit = tk_open("keyword", "patterns", "[\"\\\\bñandú\\\\w*\",\"pedido\\\\s+\\\\d{5}\"]", NULL);
    assert_string_equal(evidence(kit, "mi PEDIDO  48213 y los ÑANDÚES"), "ÑANDÚES, PEDIDO  48213");
    assert_null(judge(kit, "pedido 482"));
    tk_close(kit);
}

static void patterns_and_phrases_together(void **state)
{
    (void)state;
    tk *kit = tk_open("keyword", "phrases", "demanda", "patterns", "\\d+ pesos", NULL);
    assert_string_equal(evidence(kit, "una demanda por 500 pesos"), "demanda, 500 pesos");
    tk_close(kit);
}

/* A look-ahead finds no text of its own: the whole message is the evidence. */
static void a_match_without_text_shows_the_message(void **state)
{
    (void)state;
    tk *kit = tk_open("keyword", "patterns", "^(?=.*roto)(?=.*pedido)", NULL);
    assert_string_equal(evidence(kit, "pedido roto"), "pedido roto");
    assert_null(judge(kit, "pedido"));
    tk_close(kit);
}

static void long_evidence_is_cut_between_characters(void **state)
{
    (void)state;
    tk *kit = tk_open("keyword", "patterns", "añ+", NULL);
    char text[602] = "a";
    for (int i = 0; i < 300; i++) {
        memcpy(text + 1 + 2 * i, "ñ", 2);
    }
    const relevo_answer_trigger *fired = judge(kit, text);
    assert_non_null(fired);
    assert_int_equal(fired->evidence.len, 159);
    tk_close(kit);
}

/* A whole batch of messages made to backtrack: given up early (PCRE2's own limit would take a hundred times
   as long). */
static void a_costly_pattern_costs_little(void **state)
{
    (void)state;
    enum { N = 50 };
    tk *kit = tk_open("keyword", "phrases", "roto", "patterns", "(a+)+$", NULL);
    tk_view *views[N + 1];
    for (int i = 0; i < N; i++) {
        views[i] = tk_message(kit, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!");
    }
    views[N] = tk_message(kit, "llegó roto");
    clock_t before = clock();
    const tk_answers *answers = tk_run(kit, TK_TRIGGER, views, N + 1);
    assert_true(clock() - before < 2 * CLOCKS_PER_SEC);
    assert_int_equal(answers->n, 1);
    assert_non_null(tk_trigger(answers, N));
    assert_int_equal(answers->n_logs, 1);
    assert_int_equal(answers->logs[0].level, RELEVO_LOG_WARN);
    assert_null(strstr(answers->logs[0].line, "aaa")); /* what customers write is not logged */
    tk_close(kit);
}

static void refuses_bad_options(void **state)
{
    (void)state;
    char error[TK_ERROR_SIZE];
    tk_refused(error, "keyword", NULL);
    assert_non_null(strstr(error, "`phrases`, `patterns`"));
    tk_refused(error, "keyword", "patterns", "[\"fine\",\"pedido (\\\\d+\"]", NULL);
    assert_non_null(strstr(error, "`pedido (\\d+`"));
    assert_non_null(strstr(error, "missing closing parenthesis"));
    assert_non_null(strstr(error, "at byte 11"));
    tk_refused(error, "keyword", "patterns", "x*", NULL);
    assert_non_null(strstr(error, "finds every message"));
    tk_refused(error, "keyword", "phrases", "[\"abogado\",\"...\"]", NULL);
    assert_non_null(strstr(error, "entry 2"));
}

static void runs_in_threads(void **state)
{
    (void)state;
    tk *kit = tk_open("keyword", "phrases", "abogado", "fuzzy", "true", "patterns", "\\d+ pesos", NULL);
    tk_view *views[] = {tk_message(kit, "mi abogdo"), tk_message(kit, "nada"), tk_message(kit, "500 pesos")};
    tk_run_threads(kit, TK_TRIGGER, views, 3);
    tk_close(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_phrases_folded),
        cmocka_unit_test(fuzzy_takes_a_typing_mistake),
        cmocka_unit_test(finds_patterns),
        cmocka_unit_test(patterns_and_phrases_together),
        cmocka_unit_test(a_match_without_text_shows_the_message),
        cmocka_unit_test(long_evidence_is_cut_between_characters),
        cmocka_unit_test(a_costly_pattern_costs_little),
        cmocka_unit_test(refuses_bad_options),
        cmocka_unit_test(runs_in_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
