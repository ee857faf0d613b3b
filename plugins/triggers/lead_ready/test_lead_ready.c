/* SPDX-License-Identifier: Apache-2.0 */
/* The lead_ready trigger through its .so. */
#include "testkit/testkit.h"

#include <string.h>

/* A view with a lead; what is NULL is not filled. All but `now` was filled before this message. */
static tk_view *lead(tk *kit, const char *status, const char *score, const char *email, const char *now)
{
    tk_view *view = tk_message(kit, "ana@correo.mx");
    const char *const slots[][2] = {{"lead.flow", "catering"}, {"lead.status", status}, {"lead.score", score},
                                    {"lead.fit", "80"},        {"lead.interest", "70"}, {"email", email}};
    for (size_t i = 0; i < sizeof(slots) / sizeof(*slots); i++) {
        if (slots[i][1] != NULL) {
            tk_slot(view, slots[i][0], slots[i][1], strcmp(slots[i][0], now) == 0 ? "wamid.now" : "wamid.before");
        }
    }
    return view;
}

static const relevo_answer_trigger *fires(tk *kit, tk_view *view)
{
    return tk_trigger(tk_run(kit, TK_TRIGGER, &view, 1), 0);
}

static void fires_once_when_ready(void **state)
{
    (void)state;
    tk *kit = tk_open("lead_ready", "score", "70", "required", "[\"email\"]", NULL);
    tk_view *view = lead(kit, "complete", "75", "a@b.mx", "lead.status");
    view->view.language = tk_text(kit, "es");
    const relevo_answer_trigger *fired = fires(kit, view);
    assert_non_null(fired);
    tk_assert_near(fired->score, 0.75);
    assert_string_equal(fired->reason.ptr,
                        "Un cliente potencial está listo: catering, 75 de 100 (encaje 80, interés 70).");
    assert_string_equal(fired->evidence.ptr, "a@b.mx");
    assert_non_null(fires(kit, lead(kit, "complete", "75", "a@b.mx", "email"))); /* the last of what is required */
    assert_null(fires(kit, lead(kit, "complete", "75", "a@b.mx", "-")));         /* it was ready before */
    assert_null(fires(kit, lead(kit, "complete", "69", "a@b.mx", "lead.status")));
    assert_null(fires(kit, lead(kit, "complete", "many", "a@b.mx", "lead.status")));
    assert_null(fires(kit, lead(kit, "complete", "75", NULL, "lead.status")));
    assert_null(fires(kit, lead(kit, "open", "75", "a@b.mx", "lead.score")));
    assert_null(fires(kit, lead(kit, "cancelled", "75", "a@b.mx", "lead.status")));
    assert_null(fires(kit, lead(kit, NULL, "75", "a@b.mx", "lead.score")));
    view = tk_message(kit, NULL);
    assert_null(fires(kit, view));
    tk_close(kit);
}

/* "Ana Torres" completes a lead while it is answered: triggers see it with what comes next, and once. */
static void fires_one_message_later(void **state)
{
    (void)state;
    tk *kit = tk_open("lead_ready", NULL);
    tk_view *view = lead(kit, "open", "75", "a@b.mx", "-");
    view->message.id = tk_text(kit, "wamid.before");
    const tk_answer *memory = tk_find(tk_run(kit, TK_TRIGGER, &view, 1), 0, RELEVO_ANSWER_MEMORY, 0);
    assert_non_null(memory);
    assert_string_equal(memory->as.memory.bytes.ptr, "1 wamid.before");
    assert_null(fires(kit, view));
    view = lead(kit, "complete", "75", "a@b.mx", "-");
    view->view.memory = tk_text(kit, "1 wamid.before");
    assert_non_null(fires(kit, view));
    memory = tk_find(tk_run(kit, TK_TRIGGER, &view, 1), 0, RELEVO_ANSWER_MEMORY, 0);
    assert_non_null(memory);
    assert_int_equal(memory->as.memory.bytes.len, 0);
    view = lead(kit, "complete", "75", "a@b.mx", "-");
    view->view.memory = tk_text(kit, "1 wamid.another");
    assert_null(fires(kit, view));
    view = lead(kit, "complete", "75", "a@b.mx", "-"); /* nothing to remember */
    assert_null(tk_find(tk_run(kit, TK_TRIGGER, &view, 1), 0, RELEVO_ANSWER_MEMORY, 0));
    view = lead(kit, NULL, NULL, NULL, "-"); /* this one may complete it at once */
    memory = tk_find(tk_run(kit, TK_TRIGGER, &view, 1), 0, RELEVO_ANSWER_MEMORY, 0);
    assert_non_null(memory);
    assert_true(memory->as.memory.bytes.len > 2);
    tk_close(kit);
}

static void limits_and_languages(void **state)
{
    (void)state;
    tk *kit = tk_open("lead_ready", "complete", "false", "fit", "80", "interest", "70", NULL);
    tk_view *view = lead(kit, "open", "60", NULL, "lead.score");
    view->view.language = tk_text(kit, "en");
    const relevo_answer_trigger *fired = fires(kit, view);
    assert_non_null(fired);
    assert_non_null(strstr(fired->reason.ptr, "A lead is ready: catering, 60 of 100"));
    assert_int_equal(fired->evidence.len, 0);
    assert_null(fires(kit, lead(kit, "cancelled", "60", NULL, "lead.score")));
    tk_close(kit);
    kit = tk_open("lead_ready", "fit", "81", NULL);
    assert_null(fires(kit, lead(kit, "complete", "90", NULL, "lead.status")));
    tk_close(kit);
    kit = tk_open("lead_ready", "interest", "71", NULL);
    assert_null(fires(kit, lead(kit, "complete", "90", NULL, "lead.status")));
    tk_close(kit);
    kit = tk_open("lead_ready", "flows", "[\"wholesale\"]", NULL);
    assert_null(fires(kit, lead(kit, "complete", "90", NULL, "lead.status")));
    tk_close(kit);
    kit = tk_open("lead_ready", "flows", "[\"wholesale\", \"catering\"]", NULL);
    view = lead(kit, "complete", "90", NULL, "lead.status");
    assert_non_null(fires(kit, view));
    tk_run_threads(kit, TK_TRIGGER, &view, 1);
    tk_close(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fires_once_when_ready), cmocka_unit_test(fires_one_message_later), cmocka_unit_test(limits_and_languages)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
