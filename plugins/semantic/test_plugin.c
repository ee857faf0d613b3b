/* SPDX-License-Identifier: Apache-2.0 */
/* The semantic plugin through its .so: which messages it asks about, and what it makes of an embedding. */
#include "testkit/testkit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static char folder[64], articles[96], vectors[96];

static bool put(char path[96], const char *name, const char *text)
{
    (void)snprintf(path, 96, "%s%s", folder, name);
    FILE *file = fopen(path, "w");
    return file && fputs(text, file) >= 0 && fclose(file) == 0;
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/relevo-semantic-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    return put(articles, "/kb.yaml",
               "- id: envios\n  title: Envíos\n  language: es\n  questions: ['¿Hacen envíos?']\n  answer: Enviamos a todo el país.\n"
               "  buttons: [{title: Horario, article: horario}]\n"
               "- id: horario\n  title: Horario\n  language: es\n  questions: ['¿A qué hora abren?']\n  answer: De 9 a 18 h.\n"
               "- id: viejo\n  title: Oferta\n  language: es\n  until: 2020-01-01\n  questions: ['¿Hay oferta?']\n  answer: Sí.\n") &&
                   put(vectors, ".jsonl",
                       "{\"id\":\"envios\",\"embedding\":[1,0,0]}\n{\"id\":\"horario\",\"embedding\":[0,1,0]}\n"
                       "{\"id\":\"viejo\",\"embedding\":[0,0,1]}\n")
               ? 0
               : -1;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(articles) == 0 && unlink(vectors) == 0 && rmdir(folder) == 0 ? 0 : -1;
}

static tk *open_kit(void)
{
    return tk_open("semantic", "destination", "embed", "model", "e5", "kb", folder, "vectors", vectors, "prefix", "query: ", NULL);
}

static const relevo_answer_effect *asks(tk *kit, tk_view *view, uint32_t may_hold)
{
    view->view.may_hold = may_hold;
    return tk_effect(tk_run(kit, TK_RESPOND, &view, 1), 0);
}

static void test_asks_only_when_unsure(void **state)
{
    (void)state;
    tk *kit = open_kit();
    const relevo_answer_effect *e = asks(kit, tk_message(kit, "¿me lo llevan a casa?"), 1);
    assert_non_null(e);
    assert_string_equal(e->body.ptr, "{\"model\":\"e5\",\"input\":\"query: ¿me lo llevan a casa?\"}");
    assert_string_equal(e->path.ptr, "/v1/embeddings");
    assert_int_equal(e->hold_ms, 3000);
    assert_null(asks(kit, tk_message(kit, "¿me lo llevan a casa?"), 0));
    assert_null(asks(kit, tk_message(kit, "¿Hacen envíos?"), 1)); /* its words find it */
    assert_null(asks(kit, tk_message(kit, ""), 1));
    assert_null(asks(kit, tk_message(kit, "ok"), 1)); /* one word means nothing */
    tk_view *view = tk_message(kit, "me llamo Eva Luz"); /* what a flow asked for: nobody's business */
    view->digest.asked = 1;
    assert_non_null(asks(kit, view, 1));
    tk_slot(view, "lead.status", "open", "wamid.before");
    assert_null(asks(kit, view, 1));
    view = tk_message(kit, "¿me lo llevan a casa?");
    tk_read(view, "x", 1)->wants_person = 0.9;
    assert_null(asks(kit, view, 1));
    tk_close(kit);
}

static void test_answers(void **state)
{
    (void)state;
    tk *kit = open_kit();
    tk_view *view = tk_message(kit, "¿me lo llevan a casa?");
    const tk_answers *a = tk_result(kit, view, 200, "", "{\"data\":[{\"embedding\":[5,0.1,0]}]}");
    assert_string_equal(tk_reply(a, 0)->text.ptr, "Enviamos a todo el país.");
    assert_string_equal(tk_reply(a, 0)->source.ptr, "envios");
    assert_int_equal(tk_reply(a, 0)->n_choices, 1);
    assert_true(tk_reply(a, 0)->confidence > 0.99);
    static const struct {
        uint32_t status;
        const char *body, *why;
    } bad[] = {{200, "{\"data\":[{\"embedding\":[1,1,0]}]}", "no article means the same"},
               {200, "{\"data\":[{\"embedding\":[0,0,1]}]}", "no article means the same"}, /* that one is not valid any more */
               {200, "{\"data\":[{\"embedding\":[1,0]}]}", "another length"},
               {200, "<html>", "no answer of"},
               {500, "{}", "gave no embedding"},
               {0, "", "gave no embedding"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        a = tk_result(kit, view, bad[i].status, "", bad[i].body);
        assert_null(tk_reply(a, 0));
        assert_non_null(strstr(tk_abstain(a, 0)->reason.ptr, bad[i].why));
    }
    assert_int_equal(tk_result(kit, tk_message(kit, NULL), 200, "", "{\"data\":[{\"embedding\":[5,0,0]}]}")->n, 0);
    tk_close(kit);

    kit = tk_open("semantic", "destination", "embed", "model", "e5", "kb", folder, "vectors", vectors, "least", "0.5", "margin", "0.1", NULL);
    view = tk_message(kit, "¿me lo llevan a casa?");
    a = tk_result(kit, view, 200, "", "{\"data\":[{\"embedding\":[1,0.95,0]}]}");
    assert_non_null(strstr(tk_abstain(a, 0)->reason.ptr, "two articles"));
    tk_close(kit);
    char error[TK_ERROR_SIZE];
    tk_refused(error, "semantic", "destination", "embed", "model", "e5", "kb", folder, "vectors", articles, NULL);
    assert_non_null(strstr(error, ":1: no object of id"));
    char other[96];
    assert_true(put(other, ".other", "{\"id\":\"otra\",\"embedding\":[1,0,0]}\n"));
    tk_refused(error, "semantic", "destination", "embed", "model", "e5", "kb", folder, "vectors", other, NULL);
    assert_non_null(strstr(error, ".other: none of its articles is in `kb`"));
    assert_int_equal(unlink(other), 0);
}

/* Another model's embeddings are refused by its name: their length may be the same. */
static void test_model(void **state)
{
    (void)state;
    char other[96], error[TK_ERROR_SIZE];
    assert_true(put(other, ".other", "{\"id\":\"envios\",\"model\":\"query: e5\",\"embedding\":[1,0,0]}\n"
                                     "{\"id\":\"horario\",\"model\":\"bge\",\"embedding\":[0,1,0]}\n"));
    tk_refused(error, "semantic", "destination", "embed", "model", "e5", "kb", folder, "vectors", other, NULL);
    assert_non_null(strstr(error, ".other: 'bge' made it, and `model` is 'e5'; make it anew"));
    tk_close(tk_open("semantic", "destination", "embed", "model", "e5", "passages", "bge", "kb", folder, "vectors", other, NULL));
    assert_int_equal(unlink(other), 0);
}

/* How its tool ends where it cannot do what it was told. */
static void test_tool(void **state)
{
    (void)state;
    tk *kit = open_kit();
    const char *nothing[] = {"semantic", "find"}, *no_kb[] = {"semantic", "texts"}, *no_vectors[] = {"semantic", "ask", "--kb", folder};
    const char *limit[] = {"semantic", "ask", "--kb", folder, "--vectors", vectors, "--least", "2"};
    const char *absent[] = {"semantic", "texts", "--kb", "/tmp/relevo-no-such-folder"};
    const char *broken[] = {"semantic", "ask", "--kb", folder, "--vectors", articles};
    assert_int_equal(kit->plugin->tool(2, nothing), EX_USAGE);
    assert_int_equal(kit->plugin->tool(2, no_kb), EX_USAGE);
    assert_int_equal(kit->plugin->tool(4, no_vectors), EX_USAGE);
    assert_int_equal(kit->plugin->tool(8, limit), EX_USAGE);
    assert_int_equal(kit->plugin->tool(4, absent), EX_NOINPUT);
    assert_int_equal(kit->plugin->tool(6, broken), EX_DATAERR);
    tk_close(kit);
}

/* What is to be embedded, and what of it a file lacks. */
static void test_texts(void **state)
{
    (void)state;
    char shown[TK_SHOWN_SIZE], known[96];
    tk *kit = open_kit();
    const char *texts[] = {"semantic", "texts", "--kb", folder, "--missing", known};
    assert_int_equal(tk_on_terminal(kit, 4, texts, shown), 0);
    assert_non_null(strstr(shown, "{\"id\":\"envios\",\"language\":\"es\",\"text\":\"¿Hacen envíos?\"}"));
    assert_non_null(strstr(shown, "\"text\":\"Horario\""));
    assert_true(put(known, ".known", "{\"id\":\"envios\",\"text\":\"¿Hacen envíos?\",\"embedding\":[1]}\n"
                                     "{\"id\":\"viejo\",\"text\":\"Horario\",\"embedding\":[1]}\n"));
    assert_int_equal(tk_on_terminal(kit, 6, texts, shown), 0);
    assert_null(strstr(shown, "¿Hacen envíos?"));
    assert_non_null(strstr(shown, "\"text\":\"Envíos\""));
    assert_non_null(strstr(shown, "\"text\":\"Horario\"")); /* another article's */
    assert_true(put(known, ".known", "{\"id\":\"envios\",\"text\":\"x\",\"embedding\":[1]}\nwhat\n"));
    assert_int_equal(tk_on_terminal(kit, 6, texts, shown), EX_DATAERR);
    assert_non_null(strstr(shown, ".known:2: no object of id, text and embedding"));
    assert_int_equal(unlink(known), 0);
    assert_int_equal(tk_on_terminal(kit, 6, texts, shown), EX_NOINPUT);
    assert_non_null(strstr(shown, "No such file or directory"));
    tk_close(kit);
}

/* Who asks by a pipe is answered before the next question. */
static void test_by_pipe(void **state)
{
    (void)state;
    char shown[TK_SHOWN_SIZE];
    tk *kit = open_kit();
    const char *ask[] = {"semantic", "ask", "--kb", folder, "--vectors", vectors};
    assert_int_equal(tk_by_pipe(kit, 6, ask, "{\"text\": \"¿me lo llevan?\", \"embedding\": [1, 0, 0]}", shown), 0);
    assert_non_null(strstr(shown, "{\"article\": \"envios\", "));
    tk_close(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_asks_only_when_unsure), cmocka_unit_test(test_answers),
                                       cmocka_unit_test(test_model), cmocka_unit_test(test_tool), cmocka_unit_test(test_texts), cmocka_unit_test(test_by_pipe)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
