/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is to blame for the end of a plugin's process: the call that was alone in it, but not if it ended for a reason of ours. With
 * rogue.so of tests/isolation, to which nothing is said here.
 */
#include "common.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "host/keeper.h"

static rlv_keeper *keeper_of(uint32_t offences)
{
    static const relevo_value values[2] = {{.size = sizeof(*values), .text = {"", 0}}, {.size = sizeof(*values), .text = {"", 0}}};
    static char folder[4096]; /* what a start leads to is borrowed for as long as the keeper lives */
    static const char *readable = folder;
    (void)snprintf(folder, sizeof(folder), "%s", built("tests/isolation"));
    const rlv_start start = {.unconfined = true, .path = built("tests/isolation/rogue.so"), .sha256 = "", .readable = &readable,
                             .n_readable = 1, .values = values, .n_values = 2};
    const rlv_keeper_settings settings = {
        .entry = "kept", .room = "plugin kept", .slots = 2, .start_us = 60000000, .offences = offences};
    rlv_keeper *keeper = NULL;
    rlv_error err;
    if (rlv_keeper_new(&settings, &start, &keeper, &err))
        fail_msg("%s", err.message);
    return keeper;
}

static rlv_held hold(rlv_keeper *keeper, bool alone)
{
    rlv_held held;
    rlv_error err;
    if (rlv_keeper_hold(keeper, alone, &held, &err))
        fail_msg("%s", err.message);
    return held;
}

/* How the death of the held process looks to a call. */
static bool disturbed(rlv_keeper *keeper, const rlv_held *held, const char *reason, const char *text)
{
    rlv_run_failure how;
    bool none_to_blame;
    rlv_keeper_await_death(keeper, held, &how, &none_to_blame);
    assert_string_equal(how.reason, reason);
    if (!strstr(how.text.message, text))
        fail_msg("it says `%s`", how.text.message);
    rlv_keeper_let_go(keeper, held);
    return none_to_blame;
}

static void test_who_is_to_blame(void **state)
{
    (void)state;
    rlv_keeper *keeper = keeper_of(1000);
    rlv_held held = hold(keeper, true), other;
    rlv_usage usage;
    assert_false(rlv_keeper_died(keeper, &held));
    assert_true(rlv_keeper_usage(keeper, &held, &usage));
    rlv_keeper_kill(keeper, &held, "hang", "gave no answer");
    rlv_keeper_renew(keeper, &held, "too late"); /* the first reason stands */
    assert_false(disturbed(keeper, &held, "hang", "gave no answer"));
    held = hold(keeper, false);
    assert_int_equal(kill(held.process->pid, SIGABRT), 0);
    assert_false(disturbed(keeper, &held, "crash", "signal 6"));
    held = hold(keeper, false);
    assert_int_equal(kill(held.process->pid, SIGKILL), 0); /* not ours: memory may have run out, and would again */
    assert_false(disturbed(keeper, &held, "crash", "signal 9"));
    held = hold(keeper, false);
    other = hold(keeper, false);
    assert_int_equal(kill(held.process->pid, SIGABRT), 0);
    rlv_run_failure how;
    bool none_to_blame;
    rlv_keeper_await_death(keeper, &other, &how, &none_to_blame);
    assert_true(none_to_blame);
    assert_true(disturbed(keeper, &held, "crash", "signal 6"));
    rlv_keeper_let_go(keeper, &other);
    rlv_keeper_free(keeper);
}

/* Alone in it: but it was another one who had it renewed, or blamed once too often. */
static void test_our_own_kills(void **state)
{
    (void)state;
    rlv_keeper *keeper = keeper_of(2);
    rlv_held held = hold(keeper, true);
    rlv_keeper_renew(keeper, &held, "failed at one event after the other");
    assert_true(disturbed(keeper, &held, "renewed", "failed at one event after the other"));
    held = hold(keeper, true);
    rlv_keeper_blame(keeper);
    assert_false(rlv_keeper_died(keeper, &held));
    assert_false(rlv_keeper_release(keeper));
    rlv_keeper_blame(keeper);
    assert_true(disturbed(keeper, &held, "quarantine", "was put in quarantine"));
    rlv_error err;
    assert_int_equal(rlv_keeper_hold(keeper, false, &held, &err), RLV_E_UNAVAILABLE);
    assert_string_equal(err.message, "is quarantined: it did not survive 2 events within 10 minutes");
    assert_true(rlv_keeper_release(keeper));
    held = hold(keeper, false);
    rlv_keeper_worked(keeper);
    rlv_keeper_kill(keeper, &held, "garbage", "wrote over it"); /* ours no longer */
    assert_false(disturbed(keeper, &held, "garbage", "wrote over it"));
    rlv_keeper_free(keeper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_is_to_blame),
        cmocka_unit_test(test_our_own_kills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
