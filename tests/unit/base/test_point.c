/* SPDX-License-Identifier: Apache-2.0 */
/* Points: what RELEVO_POINT arms happens at that passing and at no other; without RELEVO_TEST_POINTS nothing
 * happens. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/point.h"
#include "test_base.h"

enum {
    PASSED_ALL = 7
};

/* What the armed process does: three passings of each of two points. */
static int child(void)
{
    for (int i = 0; i < 3; i++) {
        RLV_POINT("one");
        RLV_POINT_AFTER((void)!write(STDERR_FILENO, "prepared\n", 9), "two");
        RLV_POINT_ABOUT(RLV_STR("a word among others"), "about");
    }
    /* The configuration refuses variables that it does not know. */
    return getenv("RELEVO_POINT") ? 1 : PASSED_ALL;
}

/* Runs this program as the armed process. Returns its status as of waitpid; what it wrote to stderr is in
 * said. */
static int run(const char *armed, char *said, size_t size)
{
    int ends[2], status = -1;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)setenv("RELEVO_POINT", armed, 1);
        (void)alarm(strstr(armed, "loop=") ? 1 : 0);
        (void)execl("/proc/self/exe", "point", "child", (char *)NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
    if (WIFSTOPPED(status)) {
        assert_int_equal(kill(pid, SIGCONT), 0);
        int after;
        assert_int_equal(waitpid(pid, &after, 0), pid);
        assert_true(WIFEXITED(after) && WEXITSTATUS(after) == PASSED_ALL);
    }
    size_t len = 0;
    for (ssize_t n; len < size - 1 && (n = read(ends[0], said + len, size - 1 - len)) > 0;)
        len += (size_t)n;
    said[len] = '\0';
    (void)close(ends[0]);
    return status;
}

#ifdef RELEVO_TEST_POINTS

static void test_kill(void **state)
{
    (void)state;
    char said[256];
    int status = run("two:kill:2", said, sizeof(said));
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_string_equal(said, "prepared\nrelevo: at point two\n");
}

static void test_stop(void **state)
{
    (void)state;
    char said[256];
    int status = run("one:stop", said, sizeof(said));
    assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    assert_string_equal(said, "relevo: at point one\n");
}

static void test_several(void **state)
{
    (void)state;
    char said[256];
    int64_t begun_us = rlv_clock_mono_us();
    int status = run("one:sleep60:2,two:sleep1:3,other:kill", said, sizeof(said));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == PASSED_ALL);
    assert_string_equal(said, "relevo: at point one\nprepared\nrelevo: at point two\n");
    assert_true(rlv_clock_mono_us() - begun_us >= 60000);
}

static void test_every(void **state)
{
    (void)state;
    char said[256];
    int status = run("one:sleep1:/1,two:sleep1:/2", said, sizeof(said));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == PASSED_ALL);
    assert_string_equal(said, "relevo: at point one\nrelevo: at point one\nprepared\nrelevo: at point two\nrelevo: at point one\n");
}

static void test_about(void **state)
{
    (void)state;
    char said[256];
    int status = run("about:crash=among", said, sizeof(said));
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_string_equal(said, "relevo: at point about\n");
    status = run("about:loop=among", said, sizeof(said));
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
    assert_string_equal(said, "relevo: at point about\n");
    status = run("about:crash=nothing,one:crash=among", said, sizeof(said));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == PASSED_ALL);
    assert_string_equal(said, "");
    status = run("about:kill:3", said, sizeof(said)); /* it counts like any other, too */
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void test_never_reached(void **state)
{
    (void)state;
    char said[256];
    int status = run("one:kill:4", said, sizeof(said));
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == PASSED_ALL);
    assert_string_equal(said, "");
}

static void test_mistakes(void **state)
{
    (void)state;
    static const char *const wrong[] = {"one",
                                        "one:die",
                                        "one:sleep",
                                        "one:kill:0",
                                        "one:kill:x",
                                        "one:kill:/",
                                        "one:crash",
                                        "one:crash=",
                                        "one:loop=",
                                        ":kill",
                                        "a_name_that_is_longer_than_any_point:kill"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        char said[512];
        int status = run(wrong[i], said, sizeof(said));
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
        assert_non_null(strstr(said, "name:kill|stop|sleepN[:after]"));
    }
}

#else

static void test_nothing(void **state)
{
    (void)state;
    char said[256];
    int status = run("one:kill,two:kill", said, sizeof(said));
    assert_true(WIFEXITED(status) &&
                WEXITSTATUS(status) == 1); /* and the variable is left for others to refuse */
    assert_string_equal(said, "");
}

#endif

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "child") == 0)
        return child();
    const struct CMUnitTest tests[] = {
#ifdef RELEVO_TEST_POINTS
        cmocka_unit_test(test_kill),          cmocka_unit_test(test_stop),     cmocka_unit_test(test_several),
        cmocka_unit_test(test_every),         cmocka_unit_test(test_about),    cmocka_unit_test(test_never_reached), cmocka_unit_test(test_mistakes),
#else
        cmocka_unit_test(test_nothing),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
