/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a bad plugin in the testkit, which must fail the test and say why: argv names the shared object. */
#include "testkit/testkit.h"

static void triggers(void **state)
{
    tk *kit = tk_open(*state, NULL);
    tk_view *view = tk_message(kit, "hola");
    (void)tk_run(kit, TK_TRIGGER, &view, 1);
    tk_close(kit);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(triggers, argv[1])};
    return argc == 2 ? cmocka_run_group_tests(tests, NULL, NULL) : 2;
}
