/* SPDX-License-Identifier: Apache-2.0 */
/* The intent trigger through its .so: what it fires on, what it leaves alone, what it says. */
#include <string.h>

#include "testkit/testkit.h"

static const relevo_answer_trigger *judge(tk *kit, tk_view *view)
{
    return tk_trigger(tk_run(kit, TK_TRIGGER, &view, 1), 0);
}

static void fires_on_a_listed_intent(void **state)
{
    (void)state;
    tk *kit = tk_open("intent", "intents", "[\"refund\",\"complaint\"]", "min_confidence", "0.7", NULL);
    tk_view *view = tk_message(kit, "quiero que me devuelvan mi dinero");
    tk_read(view, "refund", 0.83);
    const relevo_answer_trigger *fired = judge(kit, view);
    assert_non_null(fired);
    tk_assert_near(fired->score, 0.83);
    assert_int_equal(fired->asked, 0);
    assert_string_equal(fired->evidence.ptr, "quiero que me devuelvan mi dinero");
    assert_string_equal(fired->reason.ptr, "La intención del cliente es refund.");
    view->view.language = tk_text(kit, "pt");
    assert_string_equal(judge(kit, view)->reason.ptr, "A intenção do cliente é refund.");
    tk_close(kit);
}

static void leaves_others_alone(void **state)
{
    (void)state;
    tk *kit = tk_open("intent", "intents", "refund", NULL);
    tk_view *other = tk_message(kit, "¿a qué hora abren?");
    tk_read(other, "opening_hours", 0.99);
    tk_view *unsure = tk_message(kit, "dinero");
    tk_read(unsure, "refund", 0.59);
    tk_view *longer = tk_message(kit, "refunds");
    tk_read(longer, "refunds", 0.9);
    tk_view *unread = tk_message(kit, "hola");
    tk_view *takeover = tk_message(kit, NULL);
    tk_read(takeover, "refund", 0.9);
    tk_view *person = tk_message(kit, "quiero un humano");
    tk_read(person, NULL, 0)->wants_person = 1;
    tk_view *views[] = {other, unsure, longer, unread, takeover, person};
    assert_int_equal(tk_run(kit, TK_TRIGGER, views, 6)->n, 0);
    tk_close(kit);
}

static void fires_on_a_request_for_a_person(void **state)
{
    (void)state;
    tk *kit = tk_open("intent", "wants_person", "true", NULL);
    tk_view *view = tk_message(kit, "I want to talk to a human");
    view->view.language = tk_text(kit, "en");
    tk_read(view, "other", 0.2)->wants_person = 0.97;
    const relevo_answer_trigger *fired = judge(kit, view);
    assert_non_null(fired);
    tk_assert_near(fired->score, 0.97);
    assert_string_equal(fired->reason.ptr, "The customer asks for a person.");
    assert_int_equal(fired->asked, 1);
    view->reading.wants_person = 0.59;
    assert_null(judge(kit, view));
    tk_close(kit);
}

static void the_stronger_of_the_two_speaks(void **state)
{
    (void)state;
    tk *kit = tk_open("intent", "intents", "refund", "wants_person", "true", NULL);
    tk_view *view = tk_message(kit, "una persona que me devuelva el dinero");
    tk_read(view, "refund", 0.95)->wants_person = 0.7;
    tk_assert_near(judge(kit, view)->score, 0.95);
    assert_non_null(strstr(judge(kit, view)->reason.ptr, "refund"));
    view->reading.confidence = 0.65;
    tk_assert_near(judge(kit, view)->score, 0.7);
    assert_non_null(strstr(judge(kit, view)->reason.ptr, "persona"));
    tk_close(kit);
}

/* The kit refuses answers that are not UTF-8: cut at byte 120, this one would break an ñ. */
static void never_cuts_a_character(void **state)
{
    (void)state;
    tk *kit = tk_open("intent", "intents", "x", NULL);
    char text[302] = "a";
    for (int i = 0; i < 150; i++) {
        memcpy(text + 1 + 2 * i, "ñ", 2);
    }
    tk_view *view = tk_message(kit, text);
    tk_read(view, "x", 1);
    assert_int_equal(judge(kit, view)->evidence.len, 119);
    tk_close(kit);
}

static void refuses_what_would_never_fire(void **state)
{
    (void)state;
    char error[TK_ERROR_SIZE];
    tk_refused(error, "intent", NULL);
    assert_non_null(strstr(error, "list `intents`"));
    tk_refused(error, "intent", "intents", "[\"refund\",\"\"]", NULL);
    assert_non_null(strstr(error, "empty"));
}

static void tells_of_its_intents(void **state)
{
    (void)state;
    char told[TK_SHOWN_SIZE];
    tk *kit = tk_open("intent", "intents", "[\"refund\",\"complaint\"]", NULL);
    tk_intents(kit, told);
    assert_string_equal(told, "awaits refund\nawaits complaint\n");
    tk_close(kit);
}

static void runs_in_threads(void **state)
{
    (void)state;
    tk *kit = tk_open("intent", "intents", "refund", "wants_person", "true", NULL);
    tk_view *a = tk_message(kit, "reembolso"), *b = tk_message(kit, "hola");
    tk_read(a, "refund", 0.9);
    tk_read(b, "greeting", 0.9);
    tk_run_threads(kit, TK_TRIGGER, (tk_view *[]){a, b}, 2);
    tk_close(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fires_on_a_listed_intent),
        cmocka_unit_test(leaves_others_alone),
        cmocka_unit_test(fires_on_a_request_for_a_person),
        cmocka_unit_test(the_stronger_of_the_two_speaks),
        cmocka_unit_test(never_cuts_a_character),
        cmocka_unit_test(refuses_what_would_never_fire),
        cmocka_unit_test(tells_of_its_intents),
        cmocka_unit_test(runs_in_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
