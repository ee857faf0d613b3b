/* SPDX-License-Identifier: Apache-2.0 */
/* The polish plugin through its .so: what it tells the model, and what it believes. */
#include "testkit/testkit.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static tk *open_kit(void)
{
    return tk_open("polish", "destination", "llm", "model", "tiny", NULL);
}

static tk_view *view_of(tk *kit)
{
    static relevo_answer_card fields[4];
    static const relevo_answer_card *card[4];
    static const char *const lines[][2] = {{"why", "La clienta está enojada."},
                                           {"wants", "soy Marisol Peña, mi pedido 48213 llegó roto, escríbeme a ana@correo.mx"},
                                           {"customer", "phone: +5215512345678"},
                                           {"suggested", "danado: Pedido roto"}};
    tk_view *view = tk_message(kit, "mi pedido 48213 llegó roto");
    view->view.customer_name = tk_text(kit, "Marisol Peña");
    view->view.language = tk_text(kit, "es");
    tk_turn(view, RELEVO_BY_CUSTOMER, "soy Marisol, mi pedido 48213 llegó roto, escríbeme a ana@correo.mx");
    tk_slot(view, "order_number", "48213", "wamid.1");
    tk_handoff(view, "upset", 0.9, "roto", "La clienta está enojada.");
    for (size_t i = 0; i < 4; i++) {
        fields[i] = (relevo_answer_card){
            {sizeof(*fields), RELEVO_ANSWER_CARD}, tk_text(kit, lines[i][0]), tk_text(kit, lines[i][1]), {NULL, 0}};
        card[i] = &fields[i];
    }
    view->view.card = card;
    view->view.n_card = 4;
    return view;
}

static void tells_no_personal_data(void **state)
{
    (void)state;
    tk *kit = open_kit();
    tk_view *view = view_of(kit);
    const relevo_answer_effect *effect = tk_effect(tk_run(kit, TK_NOTIFY, &view, 1), 0);
    assert_non_null(effect);
    assert_string_equal(effect->destination.ptr, "llm");
    assert_int_equal(effect->hold_ms, 0);
    json_t *body = json_loads(effect->body.ptr, 0, NULL);
    const char *lines = json_string_value(json_object_get(json_array_get(json_object_get(body, "messages"), 1), "content"));
    assert_non_null(lines);
    assert_non_null(strstr(lines, "why: La clienta está enojada."));
    assert_non_null(strstr(lines, "48213"));
    static const char *const canaries[] = {"Marisol", "Peña", "ana@correo.mx", "5512345678", "danado"};
    for (size_t i = 0; i < sizeof canaries / sizeof *canaries; i++)
        assert_null(strstr(effect->body.ptr, canaries[i]));
    json_decref(body);
    view->view.amended = 1; /* a summary must not say what was put right */
    assert_non_null(tk_effect(tk_run(kit, TK_NOTIFY, &view, 1), 0));
    view->view.amended = 0;
    const relevo_ending ending = {.size = sizeof ending}; /* nobody reads a summary of what is over */
    view->view.ending = &ending;
    assert_null(tk_effect(tk_run(kit, TK_NOTIFY, &view, 1), 0));
    view->view.ending = NULL;
    view->view.handoff = NULL;
    assert_null(tk_effect(tk_run(kit, TK_NOTIFY, &view, 1), 0));
    tk_close(kit);
}

/* What is remembered of such an answer; NULL: nothing. */
static const char *believed(tk *kit, tk_view *view, const char *content, const char **ret_line)
{
    static char bytes[RELEVO_MEMORY_MAX + 1];
    json_t *body = json_pack("{s[{s{ss ss}}]}", "choices", "message", "role", "assistant", "content", content);
    char *text = json_dumps(body, 0);
    const tk_answers *answers = tk_result(kit, view, 200, "", text);
    free(text);
    json_decref(body);
    *ret_line = answers->n_logs ? answers->logs[0].line : "";
    for (uint32_t i = 0; i < answers->n; i++)
        if (answers->items[i].as.head.kind == RELEVO_ANSWER_MEMORY) {
            (void)snprintf(bytes, sizeof bytes, "%s", answers->items[i].as.memory.bytes.ptr);
            return bytes;
        }
    return NULL;
}

static void believes_what_was_said(void **state)
{
    (void)state;
    tk *kit = open_kit();
    tk_view *view = view_of(kit);
    const char *line;
    const char *memory = believed(kit, view, " [NAME_1] está molesta: su pedido 48213 llegó roto.\n", &line);
    assert_non_null(memory);
    view->view.memory = tk_text(kit, memory);
    assert_string_equal(tk_card(tk_run(kit, TK_SUMMARIZE, &view, 1), 0, "summary", 0), "Marisol está molesta: su pedido 48213 llegó roto.");
    /* Of an earlier time with people nothing is shown. */
    const relevo_past past = {.size = sizeof past, .ended_ms = view->view.at_ms + 1, .score = -1}, *list[] = {&past};
    view->view.past = list;
    view->view.n_past = 1;
    assert_null(tk_card(tk_run(kit, TK_SUMMARIZE, &view, 1), 0, "summary", 0));
    view->view.n_past = 0;
    view->view.memory = tk_text(kit, "2 broken");
    assert_null(tk_card(tk_run(kit, TK_SUMMARIZE, &view, 1), 0, "summary", 0));
    view->view.owner = RELEVO_OWNER_BOT; /* it was given back meanwhile */
    assert_null(believed(kit, view, "Todo bien.", &line));
    tk_close(kit);
}

static void believes_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *content, *why;
    } cases[] = {{"Su pedido 48214 llegó roto.", "number"},   {"Le debemos 4821 pesos.", "number"}, {"Escribir a otra@correo.mx.", "address"},
                 {"Ver https://malo.example", "address"},     {"Escribir a [EMAIL_1].", "no text"}, {"", "empty"},
                 {"Pide \x01 algo.", "control"},              {"[ ] ok", "left out"}};
    tk *kit = open_kit();
    tk_view *view = view_of(kit);
    const char *line;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (believed(kit, view, cases[i].content, &line) || !strstr(line, cases[i].why))
            fail_msg("'%s' is believed, or refused as '%s'", cases[i].content, line);
        assert_null(strstr(line, "pedido"));
    }
    char longer[900];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_null(believed(kit, view, longer, &line));
    static const char *const bodies[] = {"", "{", "[]", "{\"choices\":[]}", "{\"choices\":[{\"message\":{\"content\":7}}]}"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        assert_int_equal(tk_result(kit, view, 200, "", bodies[i])->n, 0);
    assert_int_equal(tk_result(kit, view, 503, "", "x")->n, 0);
    tk_close(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(tells_no_personal_data), cmocka_unit_test(believes_what_was_said),
                                       cmocka_unit_test(believes_nothing_else)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
