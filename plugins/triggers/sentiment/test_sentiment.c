/* SPDX-License-Identifier: Apache-2.0 */
/* The sentiment trigger through its .so: each of its three tests, their limits, and the strongest of them. */
#include <string.h>

#include "testkit/testkit.h"

static const relevo_answer_trigger *judge(tk *kit, tk_view *view)
{
    return tk_trigger(tk_run(kit, TK_TRIGGER, &view, 1), 0);
}

static tk_view *message(tk *kit, double sentiment, double anger)
{
    tk_view *view = tk_message(kit, "mi pedido 48213 llegó roto y nadie me contesta!!");
    relevo_reading *reading = tk_read(view, "complaint", 0.8);
    reading->sentiment = sentiment;
    reading->anger = anger;
    return view;
}

static void fires_on_anger(void **state)
{
    (void)state;
    tk *kit = tk_open("sentiment", NULL);
    const relevo_answer_trigger *fired = judge(kit, message(kit, -0.5, 0.6));
    assert_non_null(fired);
    tk_assert_near(fired->score, 0.6);
    assert_string_equal(fired->evidence.ptr, "mi pedido 48213 llegó roto y nadie me contesta!!");
    assert_string_equal(fired->reason.ptr, "El cliente está enojado (enojo: 0.60).");
    assert_null(judge(kit, message(kit, -0.5, 0.59)));
    tk_close(kit);
}

static void fires_on_a_negative_message(void **state)
{
    (void)state;
    tk *kit = tk_open("sentiment", "anger", "0", NULL);
    const relevo_answer_trigger *fired = judge(kit, message(kit, -0.8, 1));
    assert_non_null(fired);
    tk_assert_near(fired->score, 0.8);
    assert_string_equal(fired->reason.ptr, "El mensaje es muy negativo (-0.80).");
    assert_null(judge(kit, message(kit, -0.59, 1)));
    assert_null(judge(kit, message(kit, 0.8, 1)));
    tk_close(kit);
}

/* Weights 1, 0.7, 0.49 from the newest back, as the README says. */
static void fires_on_a_trend(void **state)
{
    (void)state;
    tk *kit = tk_open("sentiment", "anger", "0", "negative", "0", "trend", "-0.4", "messages", "3", NULL);
    tk_view *view = message(kit, -0.5, 0);
    view->view.language = tk_text(kit, "en-US");
    tk_trend(view, 1); /* too old to count */
    tk_trend(view, -0.2);
    tk_trend(view, -0.4);
    const relevo_answer_trigger *fired = judge(kit, view);
    assert_non_null(fired);
    double mean = (0.5 + 0.7 * 0.4 + 0.49 * 0.2) / 2.19;
    tk_assert_near(fired->score, mean);
    assert_string_equal(fired->reason.ptr, "The customer stays unhappy (mean: -0.40).");
    view->digest.trend[2] = -0.3;
    assert_null(judge(kit, view));
    tk_close(kit);
}

static void few_messages_are_no_trend(void **state)
{
    (void)state;
    tk *kit = tk_open("sentiment", "anger", "0", "negative", "0", NULL);
    tk_view *view = message(kit, -1, 0);
    tk_trend(view, -1);
    assert_null(judge(kit, view));
    tk_trend(view, -1);
    tk_assert_near(judge(kit, view)->score, 1);
    tk_close(kit);
}

static void the_longest_trend_fits_the_digest(void **state)
{
    (void)state;
    tk *kit = tk_open("sentiment", "anger", "0", "negative", "0", "messages", "9", NULL);
    tk_view *view = message(kit, -0.9, 0);
    for (uint32_t i = 0; i < RELEVO_TREND_MAX; i++) {
        assert_null(judge(kit, view));
        tk_trend(view, -0.9);
    }
    tk_assert_near(judge(kit, view)->score, 0.9);
    tk_close(kit);
}

static void the_strongest_speaks(void **state)
{
    (void)state;
    tk *kit = tk_open("sentiment", NULL);
    tk_assert_near(judge(kit, message(kit, -0.7, 0.9))->score, 0.9);
    tk_assert_near(judge(kit, message(kit, -0.95, 0.9))->score, 0.95);
    tk_close(kit);
}

static void needs_a_reading(void **state)
{
    (void)state;
    tk *kit = tk_open("sentiment", NULL);
    tk_view *views[] = {tk_message(kit, "hola"), tk_message(kit, NULL)};
    assert_int_equal(tk_run(kit, TK_TRIGGER, views, 2)->n, 0);
    tk_close(kit);
}

static void refuses_what_would_never_fire(void **state)
{
    (void)state;
    char error[TK_ERROR_SIZE];
    tk_refused(error, "sentiment", "anger", "0", "negative", "0", "trend", "0", NULL);
    assert_non_null(strstr(error, "never fire"));
}

static void runs_in_threads(void **state)
{
    (void)state;
    tk *kit = tk_open("sentiment", NULL);
    tk_run_threads(kit, TK_TRIGGER, (tk_view *[]){message(kit, -1, 1), message(kit, 0, 0)}, 2);
    tk_close(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fires_on_anger),
        cmocka_unit_test(fires_on_a_negative_message),
        cmocka_unit_test(fires_on_a_trend),
        cmocka_unit_test(few_messages_are_no_trend),
        cmocka_unit_test(the_longest_trend_fits_the_digest),
        cmocka_unit_test(the_strongest_speaks),
        cmocka_unit_test(needs_a_reading),
        cmocka_unit_test(refuses_what_would_never_fire),
        cmocka_unit_test(runs_in_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
