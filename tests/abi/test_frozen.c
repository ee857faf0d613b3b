/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin built against the header of version 1.0 is called with today's views and understood. */
#include <stdlib.h>
#include <string.h>

#include "testkit/testkit.h"

static const char *path(void)
{
    const char *found = getenv("RELEVO_FROZEN_PLUGIN");
    assert_non_null(found);
    return found;
}

static tk_view *handed_off(tk *kit)
{
    tk_view *view = tk_message(kit, "qué frío hace");
    tk_turn(view, RELEVO_BY_CUSTOMER, "hola");
    tk_handoff(view, "frozen", 0.5, "frío", "Hace frío.")->priority = 4;
    return view;
}

static void reads_and_triggers(void **state)
{
    (void)state;
    tk *kit = tk_open(path(), "word", "frío", NULL);
    tk_view *views[] = {tk_message(kit, "qué frío hace"), tk_message(kit, "qué calor")};
    views[1]->view.memory = tk_text(kit, "4");
    const tk_answers *answers = tk_run(kit, TK_CLASSIFY, views, 2);
    assert_string_equal(tk_reading(answers, 1)->reading.intent.ptr, "frozen");
    tk_assert_near(tk_reading(answers, 1)->reading.sentiment, -0.5);
    assert_string_equal(tk_slot_value(answers, 0, "ice"), "thick");
    answers = tk_run(kit, TK_TRIGGER, views, 2);
    tk_assert_near(tk_trigger(answers, 0)->score, 0.5);
    assert_string_equal(tk_trigger(answers, 0)->evidence.ptr, "frío");
    assert_null(tk_trigger(answers, 1));
    assert_string_equal(tk_find(answers, 0, RELEVO_ANSWER_MEMORY, 0)->as.memory.bytes.ptr, "1");
    assert_string_equal(tk_find(answers, 1, RELEVO_ANSWER_MEMORY, 0)->as.memory.bytes.ptr, "5");
    tk_close(kit);
}

static void responds(void **state)
{
    (void)state;
    tk *kit = tk_open(path(), "word", "x", NULL);
    tk_view *views[] = {tk_message(kit, "hola"), tk_message(kit, "hola")};
    tk_slot(views[0], "ice", "thick", NULL);
    const tk_answers *answers = tk_run(kit, TK_RESPOND, views, 2);
    assert_string_equal(tk_reply(answers, 0)->text.ptr, "Brrr.");
    assert_string_equal(tk_abstain(answers, 1)->reason.ptr, "Too warm.");
    tk_close(kit);
}

static void hands_over(void **state)
{
    (void)state;
    tk *kit = tk_open(path(), "word", "x", "wait", "2s", NULL);
    tk_view *view = handed_off(kit);
    const relevo_answer_route *route = tk_route(tk_run(kit, TK_ROUTE, &view, 1), 0);
    assert_string_equal(route->team.ptr, "arctic");
    assert_int_equal(route->priority, 4);
    assert_int_equal(route->rank, RELEVO_RANK_LONGEST_IDLE);
    assert_string_equal(route->skills[1].ptr, "snow");
    assert_string_equal(tk_card(tk_run(kit, TK_SUMMARIZE, &view, 1), 0, "last", 0), "hola");
    const relevo_answer_effect *effect = tk_effect(tk_run(kit, TK_NOTIFY, &view, 1), 0);
    assert_string_equal(effect->body.ptr, "Hace frío.");
    assert_int_equal(effect->timeout_ms, 2000);
    tk_close(kit);
}

static void takes_results_and_commands(void **state)
{
    (void)state;
    tk *kit = tk_open(path(), "word", "x", NULL);
    const tk_answers *answers = tk_result(kit, tk_message(kit, NULL), 500, "v1", "");
    assert_string_equal(answers->logs[0].line, "the igloo is cold");
    const char *const argv[] = {"frozen", "melt"};
    assert_int_equal(kit->plugin->tool(2, argv), 0);
    tk_close(kit);
    char error[TK_ERROR_SIZE], word[80];
    memset(word, 'x', sizeof(word));
    word[sizeof(word) - 1] = '\0';
    tk_refused(error, path(), "word", word, NULL);
    assert_non_null(strstr(error, "`word` is longer"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_triggers),
        cmocka_unit_test(responds),
        cmocka_unit_test(hands_over),
        cmocka_unit_test(takes_results_and_commands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
