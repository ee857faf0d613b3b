/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs, who sleeps and who waits for a processor are told apart. */
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/usage.h"
#include "test_base.h"

enum { RIVALS = 8, PATIENCE_US = 60000000 };

/* On processor 0, and nice. */
static pid_t child(int nice_by, bool sleeps)
{
    pid_t parent = getpid(), pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    (void)sched_setaffinity(0, sizeof(first), &first);
    (void)setpriority(PRIO_PROCESS, 0, nice_by);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == parent)
        if (sleeps)
            (void)pause();
    _exit(0);
}

static void end(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* What it was held up by in so much time. */
static int64_t held_up(pid_t pid, int64_t us, rlv_usage *ret_then, rlv_usage *ret_now, int64_t *ret_spent)
{
    assert_true(rlv_usage_of(pid, ret_then));
    int64_t began = rlv_clock_mono_us();
    rlv_clock_sleep_ms(us / 1000);
    assert_true(rlv_usage_of(pid, ret_now));
    *ret_spent = rlv_clock_mono_us() - began;
    return rlv_usage_held_up(ret_then, ret_now, *ret_spent);
}

static void test_who_sleeps(void **state)
{
    (void)state;
    rlv_usage then, now;
    int64_t spent;
    pid_t pid = child(0, true);
    for (int64_t until = rlv_clock_mono_us() + PATIENCE_US;;) { /* until it sleeps for good: on its way it may wait for this and that */
        assert_true(rlv_usage_of(pid, &then));
        rlv_clock_sleep_ms(100);
        assert_true(rlv_usage_of(pid, &now));
        if (then.asleep && now.asleep && then.ran_us == now.ran_us && now.ran_us > 0)
            break;
        assert_true(rlv_clock_mono_us() < until);
    }
    int64_t held = held_up(pid, 500000, &then, &now, &spent);
    assert_true(held < spent / 2); /* it had what it wanted, however busy the machine is */
    assert_true(now.ran_us - then.ran_us < spent / 2);
    end(pid);
}

static void test_who_waits(void **state)
{
    (void)state;
    pid_t rivals[RIVALS], pid = child(19, false);
    for (int i = 0; i < RIVALS; i++)
        rivals[i] = child(10, false);
    rlv_clock_sleep_ms(200);
    rlv_usage then, now;
    int64_t spent, held = held_up(pid, 1000000, &then, &now, &spent);
    assert_false(now.asleep);
    assert_true(now.ran_us - then.ran_us < spent / 4);
    assert_true(held > spent / 2);
    assert_true(held <= spent);
    for (int i = 0; i < RIVALS; i++)
        end(rivals[i]);
    end(pid);
}

static void test_who_runs(void **state)
{
    (void)state;
    rlv_usage then, now;
    assert_true(rlv_usage_of(getpid(), &then));
    while (now = then, rlv_usage_of(getpid(), &now), now.ran_us - then.ran_us < 100000)
        ;
    assert_false(now.asleep);
    assert_true(now.waited_us >= then.waited_us);
}

static void test_who_ended(void **state)
{
    (void)state;
    rlv_usage usage = {.ran_us = 7};
    pid_t pid = child(0, true);
    end(pid);
    assert_false(rlv_usage_of(pid, &usage));
    assert_int_equal(usage.ran_us, 7);
}

static void test_held_up(void **state)
{
    (void)state;
    static const struct {
        rlv_usage then, now;
        int64_t spent, held_up;
    } cases[] = {
        {{0, 0, false}, {1000, 0, false}, 1000, 0},          /* it ran */
        {{0, 0, false}, {500, 500, false}, 1000, 500},       /* it had half of what it wanted */
        {{0, 0, true}, {0, 0, true}, 1000, 0},               /* it slept */
        {{0, 0, true}, {0, 300, true}, 1000, 300},           /* and waited before */
        {{50, 70, false}, {60, 70, false}, 1000, 1000},      /* it still waits */
        {{0, 0, false}, {250, 0, false}, 1000, 0},
        {{0, 0, false}, {249, 0, false}, 1000, 1000},        /* it hardly ran */
        {{0, 0, false}, {1000, 5000, false}, 1000, 1000},    /* several threads waited */
        {{0, 900, false}, {1000, 0, false}, 1000, 0},        /* one that had waited has ended */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        assert_int_equal(rlv_usage_held_up(&cases[i].then, &cases[i].now, cases[i].spent), cases[i].held_up);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_sleeps), cmocka_unit_test(test_who_waits), cmocka_unit_test(test_who_runs),
        cmocka_unit_test(test_who_ended),  cmocka_unit_test(test_held_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
