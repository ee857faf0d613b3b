/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a copy, and that this process stays as it was. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rehearse.h"
#include "test_base.h"

enum { BUDGET_US = 60000000, SHORT_US = 200000 };

static int mine;
static int *shared;
static volatile int *volatile nowhere;

static void well(void *context)
{
    mine = *(int *)context;
    *shared = mine;
}

static void crash(void *context)
{
    (void)context;
    *nowhere = 1;
}

static void abort_it(void *context)
{
    (void)context;
    abort();
}

static void leave(void *context)
{
    exit(*(int *)context);
}

static void leave_at_once(void *context)
{
    _exit(*(int *)context);
}

static void kill_it(void *context)
{
    (void)context;
    (void)raise(SIGKILL);
}

static void spin(void *context)
{
    for (;;)
        (*(volatile int *)context)++;
}

static void doze(void *context)
{
    for (;;)
        (void)sleep((unsigned)*(int *)context);
}

static void nested(void *context)
{
    rlv_error how;
    *shared = (int)rlv_rehearse(crash, context, BUDGET_US, &how);
}

static void look_at_descriptors(void *fds)
{
    struct stat st;
    const int *fd = fds;
    *shared = (fstat(fd[0], &st) == 0) + 2 * (fstat(fd[1], &st) == 0);
}

static int setup(void **state)
{
    (void)state;
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return shared == MAP_FAILED;
}

static void at_exit(void)
{
    *shared = -1; /* of this process, never of a copy */
}

static void test_well(void **state)
{
    (void)state;
    int value = 7;
    rlv_error how = {.message = "untouched"};
    assert_int_equal(rlv_rehearse(well, &value, BUDGET_US, &how), RLV_REHEARSED_WELL);
    assert_int_equal(mine, 0); /* what it wrote is lost, ... */
    assert_int_equal(*shared, 7); /* ... but for this */
    assert_string_equal(how.message, "untouched");
}

static void test_deaths(void **state)
{
    (void)state;
    static const struct {
        void (*play)(void *);
        enum rlv_rehearsed outcome;
        const char *text;
    } ways[] = {{crash, RLV_REHEARSED_DIED, "was killed by signal 11 (Segmentation fault)"},
                {abort_it, RLV_REHEARSED_DIED, "was killed by signal 6 (Aborted)"},
                {leave, RLV_REHEARSED_DIED, "ended the process"},
                {leave_at_once, RLV_REHEARSED_DIED, "ended the process"},
                {kill_it, RLV_REHEARSED_KILLED, "was killed by signal 9 (Killed)"}};
    assert_int_equal(atexit(at_exit), 0);
    for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
        int status = 0;
        rlv_error how;
        *shared = 0;
        assert_int_equal(rlv_rehearse(ways[i].play, &status, BUDGET_US, &how), ways[i].outcome);
#ifndef RELEVO_SANITIZED /* which ends the process in its own way */
        assert_string_equal(how.message, ways[i].text);
#endif
        assert_int_equal(*shared, 0);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left behind */
    }
}

/* Files are kept, connections and ports are not. */
static void test_descriptors(void **state)
{
    (void)state;
    rlv_error how;
    int fds[2] = {open("/dev/null", O_RDONLY | O_CLOEXEC), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_true(fds[0] >= 0 && fds[1] >= 0);
    assert_int_equal(rlv_rehearse(look_at_descriptors, fds, BUDGET_US, &how), RLV_REHEARSED_WELL);
    assert_int_equal(*shared, 1);
    look_at_descriptors(fds);
    assert_int_equal(*shared, 3); /* here both are open still */
    (void)close(fds[0]);
    (void)close(fds[1]);
}

static void test_hangs(void **state)
{
    (void)state;
    int count = 1;
    rlv_error how;
    assert_int_equal(rlv_rehearse(spin, &count, SHORT_US, &how), RLV_REHEARSED_HUNG);
    assert_string_equal(how.message, "did not end within 200 ms");
    int64_t began = rlv_clock_mono_us();
    assert_int_equal(rlv_rehearse(doze, &count, SHORT_US, &how), RLV_REHEARSED_STUCK);
    int64_t took = rlv_clock_mono_us() - began;
    assert_in_range(took, SHORT_US, 3 * SHORT_US - 1); /* who sleeps does not wait for the machine */
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void test_a_copy_makes_a_copy(void **state)
{
    (void)state;
    rlv_error how;
    assert_int_equal(rlv_rehearse(nested, NULL, BUDGET_US, &how), RLV_REHEARSED_WELL);
    assert_int_equal(*shared, RLV_REHEARSED_DIED);
}

static void *many(void *wrong)
{
    for (int i = 0; i < 50; i++) {
        rlv_error how;
        char *text = malloc(1000); /* a lock of malloc that another thread had would hang the copy */
        *(int *)wrong += rlv_rehearse(well, &i, BUDGET_US, &how) != RLV_REHEARSED_WELL;
        free(text);
    }
    return NULL;
}

static void test_several_at_once(void **state)
{
    (void)state;
    pthread_t threads[4];
    int wrong[4] = {0};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, many, &wrong[i]), 0);
    for (int i = 0; i < 4; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(wrong[i], 0);
    }
}

struct row {
    size_t bad;            /* at which a copy does this; SIZE_MAX: at none */
    void (*what)(void *);
    size_t seen;   /* how many came before, in this copy */
};

static void one_of_many(void *context, size_t i)
{
    struct row *row = context;
    if (i != row->seen++)
        _exit(9); /* out of order: what comes later may need what came before */
    int ms = 1;
    if (i == row->bad)
        row->what(&ms);
    else
        (*shared)++;
}

static void take_a_while(void *ms, size_t i)
{
    (void)i;
    int64_t until = rlv_clock_mono_us() + *(int *)ms * 1000;
    while (rlv_clock_mono_us() < until)
        ;
}

/* The first of several that a copy dies of or runs in for ever is found, wherever it is. A copy that somebody killed, or that
   waits, may be nobody's fault: what stands there is not blamed. */
static void test_one_of_many(void **state)
{
    (void)state;
    rlv_error how = {0};
    enum { MANY = 9 };
    static const struct {
        void (*what)(void *);
        int64_t budget_us;
        bool deadly;
    } ways[] = {{crash, BUDGET_US, true}, {leave, BUDGET_US, true}, {spin, SHORT_US, true}, {kill_it, BUDGET_US, false}, {doze, SHORT_US, false}};
    for (size_t k = 0; k < sizeof(ways) / sizeof(*ways); k++)
        for (size_t i = 0; i < MANY; i += 4) {
            struct row row = {.bad = i, .what = ways[k].what};
            how.message[0] = '\0';
            *shared = 0;
            assert_int_equal(rlv_rehearse_each(one_of_many, &row, MANY, ways[k].budget_us, &how), ways[k].deadly ? i : MANY);
            assert_int_equal(how.message[0] != '\0', ways[k].deadly); /* a sanitizer ends it in its own way */
            assert_int_equal(row.seen, 0); /* nothing was done here */
            assert_int_equal(*shared, i); /* and each one once: a copy tells how far it came */
        }
    struct row none = {.bad = SIZE_MAX};
    assert_int_equal(rlv_rehearse_each(one_of_many, &none, MANY, BUDGET_US, &how), MANY);
    assert_int_equal(rlv_rehearse_each(one_of_many, &none, 0, BUDGET_US, &how), 0);
}

/* Each of several has the budget, not all of them together. */
static void test_each_has_its_time(void **state)
{
    (void)state;
    rlv_error how;
    int ms = 150;
    assert_int_equal(rlv_rehearse_each(take_a_while, &ms, 6, 400000, &how), 6);
}

static void test_whose_fault(void **state)
{
    (void)state;
    assert_true(rlv_rehearsed_deadly(RLV_REHEARSED_DIED));
    assert_true(rlv_rehearsed_deadly(RLV_REHEARSED_HUNG));
    assert_false(rlv_rehearsed_deadly(RLV_REHEARSED_WELL));
    assert_false(rlv_rehearsed_deadly(RLV_REHEARSED_STUCK));
    assert_false(rlv_rehearsed_deadly(RLV_REHEARSED_KILLED));
    assert_false(rlv_rehearsed_deadly(RLV_REHEARSED_NOT));
}

static enum rlv_rehearsed ways_seen[8];

/* Parts of which one is deadly, as code that a scout goes through does them. Returns how often this process was told to be careful. */
static int play_parts(rlv_scout *scout, int parts, int bad, void (*deadly)(void *), int *done, int64_t budget_us,
                      bool (*worth)(int))
{
    int careful = 0, ms = 1;
    for (int i = 0; i < parts; i++) {
        if (!rlv_scout_part(scout, budget_us, worth ? worth(i) : true))
            ways_seen[careful++] = scout->outcome; /* and it is left out */
        else if (i == bad)
            deadly(&ms);
        else
            done[i]++;
    }
    rlv_scout_stop(scout);
    return careful;
}

static void count_copies(int n)
{
    assert_int_equal(*shared, n);
    *shared = 0;
}

static void forked(void)
{
    ++*shared;
}

/* Work that nothing dies of costs one copy; else the part at which one ends is known, and what comes before and behind it is done. */
static void test_scouts(void **state)
{
    (void)state;
    enum { PARTS = 7 };
    static const struct {
        void (*deadly)(void *);
        enum rlv_rehearsed outcome;
        int64_t budget_us;
    } ways[] = {{crash, RLV_REHEARSED_DIED, BUDGET_US},
                {leave, RLV_REHEARSED_DIED, BUDGET_US},
                {kill_it, RLV_REHEARSED_KILLED, BUDGET_US},
                {spin, RLV_REHEARSED_HUNG, SHORT_US},
                {doze, RLV_REHEARSED_STUCK, SHORT_US}};
    assert_int_equal(pthread_atfork(forked, NULL, NULL), 0);
    for (size_t k = 0; k < sizeof(ways) / sizeof(*ways); k++)
        for (int bad = 0; bad <= PARTS; bad += 3) {
            rlv_scout scout = {.ahead = 0};
            int done[PARTS] = {0}, found = bad < PARTS;
            *shared = 0;
            assert_int_equal(play_parts(&scout, PARTS, bad, ways[k].deadly, done, ways[k].budget_us, NULL), found);
            for (int i = 0; i < PARTS; i++)
                assert_int_equal(done[i], i != bad); /* each of them once, and here */
            /* Up to the bad one, to see that it is bad at once, and behind it. */
            count_copies(!found ? 1 : (bad > 0) + 1 + (bad + 1 < PARTS));
            if (found) {
                assert_int_equal(ways_seen[0], ways[k].outcome);
                assert_int_not_equal(scout.how.message[0], '\0');
            }
        }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left behind */
}

/* What a copy cannot do ends it, and is done by nobody but us. */
static void test_a_scout_stops(void **state)
{
    (void)state;
    rlv_scout scout = {.ahead = 0};
    *shared = 0;
    for (int i = 0; i < 3; i++) {
        assert_true(rlv_scout_part(&scout, BUDGET_US, true));
        assert_true(rlv_scout_part(&scout, BUDGET_US, true));
        rlv_scout_stop(&scout);
        assert_null(scout.report); /* no copy comes here */
        assert_int_equal(scout.ahead, 0);
    }
    count_copies(3);
    assert_true(rlv_scout_part(NULL, BUDGET_US, true)); /* nothing is feared */
    rlv_scout_stop(NULL);
    count_copies(0);
}

static bool every_third(int i)
{
    return i % 3 == 1;
}

/* Parts for which no copy is made are told of by one that goes through them anyway. */
static void test_parts_on_the_way(void **state)
{
    (void)state;
    enum { PARTS = 7 };
    for (int bad = 1; bad < PARTS; bad++) {
        rlv_scout scout = {.ahead = 0};
        int done[PARTS] = {0};
        *shared = 0;
        assert_int_equal(play_parts(&scout, PARTS, bad, crash, done, BUDGET_US, every_third), 1);
        for (int i = 0; i < PARTS; i++)
            assert_int_equal(done[i], i != bad);
        /* None for what comes first; one to the bad one, if that is not the first of them; that one itself; and one behind it, if that is worth it. */
        count_copies((bad > 1) + 1 + (bad < 4));
    }
    rlv_scout all = {.all = true};
    int done[PARTS] = {0};
    assert_int_equal(play_parts(&all, PARTS, 0, crash, done, BUDGET_US, every_third), 1);
    count_copies(2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_well),
        cmocka_unit_test(test_deaths),
        cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_hangs),
        cmocka_unit_test(test_a_copy_makes_a_copy),
        cmocka_unit_test(test_several_at_once),
        cmocka_unit_test(test_one_of_many),
        cmocka_unit_test(test_each_has_its_time),
        cmocka_unit_test(test_whose_fault),
        cmocka_unit_test(test_scouts), /* from here on copies are counted */
        cmocka_unit_test(test_a_scout_stops),
        cmocka_unit_test(test_parts_on_the_way),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
