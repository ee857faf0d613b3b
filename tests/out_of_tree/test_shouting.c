/* SPDX-License-Identifier: Apache-2.0 */
/* The guide's example, built by its own Makefile against an installed header, does what the guide says. */
#include <stdlib.h>
#include <string.h>

#include "testkit/testkit.h"

static const char *path(void)
{
    const char *found = getenv("RELEVO_OUT_OF_TREE_PLUGIN");
    assert_non_null(found);
    return found;
}

static const relevo_answer_trigger *judge(tk *kit, const char *text)
{
    tk_view *view = tk_message(kit, text);
    return tk_trigger(tk_run(kit, TK_TRIGGER, &view, 1), 0);
}

static void fires_on_capitals(void **state)
{
    (void)state;
    tk *kit = tk_open(path(), NULL);
    const relevo_answer_trigger *fired = judge(kit, "¿DÓNDE ESTÁ MI PEDIDO?");
    assert_non_null(fired);
    tk_assert_near(fired->score, 1);
    assert_string_equal(fired->evidence.ptr, "¿DÓNDE ESTÁ MI PEDIDO?");
    assert_null(judge(kit, "¿Dónde está mi pedido?"));
    assert_null(judge(kit, "OK, SÍ"));
    assert_null(judge(kit, ""));
    tk_close(kit);
}

static void never_cuts_a_character(void **state)
{
    (void)state;
    tk *kit = tk_open(path(), "share", "0.5", NULL);
    char text[202] = "A";
    for (int i = 0; i < 100; i++) {
        memcpy(text + 1 + 2 * i, "Ñ", 2);
    }
    tk_view *view = tk_message(kit, text);
    assert_int_equal(judge(kit, text)->evidence.len, 119);
    tk_run_threads(kit, TK_TRIGGER, &view, 1);
    tk_close(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fires_on_capitals),
        cmocka_unit_test(never_cuts_a_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
