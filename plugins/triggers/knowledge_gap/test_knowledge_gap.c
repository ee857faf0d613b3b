/* SPDX-License-Identifier: Apache-2.0 */
/* The knowledge gap trigger through its .so: each of its three tests, their limits, and the strongest of
   them. */
#include <string.h>

#include "testkit/testkit.h"

static const relevo_answer_trigger *judge(tk *kit, tk_view *view)
{
    return tk_trigger(tk_run(kit, TK_TRIGGER, &view, 1), 0);
}

static void fires_on_misses(void **state)
{
    (void)state;
    tk *kit = tk_open("knowledge_gap", NULL);
    tk_view *view = tk_message(kit, "¿entonces?");
    view->digest.misses = 1;
    assert_null(judge(kit, view));
    view->digest.misses = 2;
    tk_assert_near(judge(kit, view)->score, 0.8);
    assert_string_equal(judge(kit, view)->evidence.ptr, "¿entonces?");
    view->digest.open_question = tk_text(kit, "¿cambian dólares?");
    assert_string_equal(judge(kit, view)->evidence.ptr, "¿cambian dólares?");
    assert_string_equal(judge(kit, view)->reason.ptr, "Mensajes seguidos sin respuesta del bot: 2.");
    view->digest.misses = 3;
    tk_assert_near(judge(kit, view)->score, 0.9);
    view->digest.misses = 4000000000u;
    tk_assert_near(judge(kit, view)->score, 1);
    tk_close(kit);
}

static void fires_out_of_scope(void **state)
{
    (void)state;
    tk *kit = tk_open("knowledge_gap", "out_of_scope", "0.7", NULL);
    tk_view *view = tk_message(kit, "¿quién ganó el partido?");
    view->view.language = tk_text(kit, "es-MX");
    tk_read(view, NULL, 0)->out_of_scope = 0.75;
    const relevo_answer_trigger *fired = judge(kit, view);
    assert_non_null(fired);
    tk_assert_near(fired->score, 0.75);
    assert_string_equal(fired->evidence.ptr, "¿quién ganó el partido?");
    assert_string_equal(fired->reason.ptr, "El bot no conoce este tema.");
    tk_assert_near(fired->unless_answered, 0.7); /* an article may know it */
    view->digest.misses = 2;                     /* what came before stands, whatever is answered now */
    tk_assert_near(judge(kit, view)->unless_answered, 0);
    view->digest.misses = 0;
    view->digest.repeats = 2;
    tk_assert_near(judge(kit, view)->unless_answered, 0);
    view->digest.repeats = 0;
    view->digest.asked = 1; /* "Ana Torres" to a question of the bot is no gap, */
    assert_null(judge(kit, view));
    view->digest.size = (uint32_t)offsetof(relevo_digest, asked); /* and a host of ABI 1.0 does not say so */
    assert_non_null(judge(kit, view));
    view->digest.size = sizeof(view->digest);
    view->digest.asked = 0;
    view->reading.out_of_scope = 0.69;
    assert_null(judge(kit, view));
    view->reading.out_of_scope = 0.95;
    assert_non_null(judge(kit, view));
    view->message.text = tk_text(kit, " obg\n"); /* a word alone is no subject */
    assert_null(judge(kit, view));
    tk_close(kit);
}

static void fires_on_repeats(void **state)
{
    (void)state;
    tk *kit = tk_open("knowledge_gap", "repeats", "3", NULL);
    tk_view *view = tk_message(kit, "where is my order");
    view->view.language = tk_text(kit, "en");
    view->digest.repeats = 2;
    assert_null(judge(kit, view));
    view->digest.repeats = 3;
    tk_assert_near(judge(kit, view)->score, 0.8);
    assert_string_equal(judge(kit, view)->reason.ptr, "The same is asked over and over (times: 3).");
    tk_close(kit);
}

static void zero_turns_a_test_off(void **state)
{
    (void)state;
    tk *kit = tk_open("knowledge_gap", "misses", "0", "repeats", "0", NULL);
    tk_view *view = tk_message(kit, "hola");
    view->digest.misses = 9;
    view->digest.repeats = 9;
    assert_null(judge(kit, view));
    tk_close(kit);
    kit = tk_open("knowledge_gap", "out_of_scope", "0", NULL);
    view = tk_message(kit, "hola");
    tk_read(view, NULL, 0)->out_of_scope = 1;
    assert_null(judge(kit, view));
    tk_close(kit);
    char error[TK_ERROR_SIZE];
    tk_refused(error, "knowledge_gap", "misses", "0", "repeats", "0", "out_of_scope", "0", NULL);
    assert_non_null(strstr(error, "never fire"));
}

static void the_strongest_speaks(void **state)
{
    (void)state;
    tk *kit = tk_open("knowledge_gap", NULL);
    tk_view *view = tk_message(kit, "qué es la vida");
    tk_read(view, NULL, 0)->out_of_scope = 0.95;
    view->digest.misses = 2;
    tk_assert_near(judge(kit, view)->score, 0.95);
    assert_string_equal(judge(kit, view)->reason.ptr, "El bot no conoce este tema.");
    view->digest.repeats = 4;
    tk_assert_near(judge(kit, view)->score, 1);
    assert_non_null(strstr(judge(kit, view)->reason.ptr, "veces: 4"));
    tk_run_threads(kit, TK_TRIGGER, &view, 1);
    tk_close(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fires_on_misses),      cmocka_unit_test(fires_out_of_scope),
        cmocka_unit_test(fires_on_repeats),     cmocka_unit_test(zero_turns_a_test_off),
        cmocka_unit_test(the_strongest_speaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
