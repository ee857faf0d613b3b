/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugins that do what no plugin may, in processes of their own: rogue.so of tests/isolation, which answers
 * every message but the one that begins with "fail". Whatever it does there: the other events have their
 * answers, that one has a failure, another plugin is not disturbed, and this process lives.
 */
#include "common.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "confine/confine.h"

enum {
    EVENTS = 40,
    BAD = 23 /* which of them */
};

static unsigned enforced;           /* what this kernel does */
static const char *doing = "nothing"; /* what the rogue does, for messages */

/* A configuration with the rogue, and the well-behaved probe behind it. */
typedef struct rogue_config {
    test_config c;
    rlv_config_plugin *rogue;
} rogue_config;

static void rogue_open(rogue_config *r, const char *how, const char *where)
{
    char options[256];
    test_isolation = RLV_ISOLATION_PROCESS;
    (void)snprintf(options, sizeof(options), "{how: '%s', where: '%s'}", how, where);
    config_open(&r->c, "rogue", options, "probe", "{label: x}", NULL);
    r->rogue = &r->c.plugins[0];
    r->rogue->path = rlv_arena_printf(r->c.arena, "%s", built("tests/isolation/rogue.so"));
    r->rogue->memory = (size_t)64 << 20;
    /* Short for what hangs, which costs three of them; else as long as a busy machine may need. */
    bool hangs = strcmp(how, "loop") == 0 || strcmp(how, "sleep") == 0;
    r->rogue->event_ms = hangs ? 700 : 60000;
    r->rogue->batch_ms = hangs ? 1000 : 60000;
    r->c.config.consume.batch_max = EVENTS;
}

static rlv_host *host_of(rogue_config *r)
{
    rlv_host *host = NULL;
    rlv_error err;
    if (rlv_host_new(&r->c.config, &host, &err))
        fail_msg("%s", err.message);
    return host;
}

typedef struct many {
    test_subject s[EVENTS];
    rlv_subject subjects[EVENTS];
    char texts[EVENTS][32];
} many;

static void many_init(many *m, int bad)
{
    for (int i = 0; i < EVENTS; i++) {
        subject_init(&m->s[i]);
        (void)snprintf(m->texts[i], sizeof(m->texts[i]), i == bad ? "fail %d" : "say number %d", i);
        m->s[i].event.text = rlv_str_from(m->texts[i]);
        m->s[i].event.source = (rlv_source){.topic = RLV_STR("events"), .partition = 1, .offset = i};
        m->subjects[i] = subject_of(&m->s[i]);
    }
}

static const rlv_answer *answer_of(const test_subject *s, const char *plugin, enum rlv_answer_kind kind)
{
    for (const rlv_answer *a = s->answers.first; a; a = a->next)
        if (a->kind == kind && rlv_str_is(a->plugin, plugin))
            return a;
    return NULL;
}

/* Every event but the bad one has what the rogue says when it behaves; all have the other plugin's word. */
static void check_answers(many *m, int bad)
{
    for (int i = 0; i < EVENTS; i++) {
        const rlv_answer *reply = answer_of(&m->s[i], "rogue", RLV_ANSWER_REPLY);
        const rlv_answer *failure = answer_of(&m->s[i], "rogue", RLV_ANSWER_FAILURE);
        assert_non_null(answer_of(&m->s[i], "probe", RLV_ANSWER_REPLY));
        if (i == bad) {
            assert_non_null(failure);
            assert_null(reply);
            assert_int_equal(count_answers(&m->s[i].answers), 2);
            continue;
        }
        if (failure)
            fail_msg("%s: event %d was blamed: %.*s", doing, i, RLV_STR_ARG(failure->as.failure.reason));
        if (!reply)
            fail_msg("%s: event %d has no reply", doing, i);
        assert_str(reply->as.reply.text, m->texts[i] + 4);
        assert_int_equal(count_answers(&m->s[i].answers), 2);
    }
}

static void respond(const rlv_host *host, rlv_arena *arena, many *m)
{
    rlv_error err;
    if (rlv_host_call(host, RLV_PHASE_RESPOND, NULL, arena, m->subjects, EVENTS, &err))
        fail_msg("%s", err.message);
}

/* Memory of this process that is its own, in KiB. */
static long own_kib(void)
{
    char line[256];
    long kib = -1;
    FILE *file = fopen("/proc/self/status", "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file))
        (void)sscanf(line, "RssAnon: %ld", &kib);
    (void)fclose(file);
    return kib;
}

/* Runs the bad event with its neighbours, then a batch without it; returns the failure's text, in arena. */
static rlv_str misbehave(const char *how, const char *where, rlv_arena *arena)
{
    rogue_config r;
    many *m = calloc(1, sizeof(*m));
    assert_non_null(m);
    doing = how;
    rogue_open(&r, how, where);
    rlv_host *host = host_of(&r);
    many_init(m, -1);
    respond(host, arena, m);
    check_answers(m, -1);
    many_init(m, BAD);
    respond(host, arena, m);
    check_answers(m, BAD);
    rlv_str reason = answer_of(&m->s[BAD], "rogue", RLV_ANSWER_FAILURE)->as.failure.reason;
    many_init(m, -1);
    respond(host, arena, m);
    check_answers(m, -1);
    rlv_host_free(host);
    config_close(&r.c);
    free(m);
    return reason;
}

static double failures(const char *reason)
{
    char labels[100];
    (void)snprintf(labels, sizeof(labels), "plugin=\"rogue\",phase=\"respond\",reason=\"%s\"", reason);
    return rlv_metric_value(rlv_metric_counter("relevo_plugin_failures_total", "", labels));
}

/* What it does; the metric's word; a piece of what the decision says. */
static const struct {
    const char *how, *reason, *words;
} cases[] = {
    {"segfault", "crash", "signal 11"},
    {"abort", "crash", "signal 6"},
    {"exit", "crash", "status 0"},
    {"longjmp", "crash", "signal"},
    {"gobble", "crash", "signal 11"},
    {"loop", "hang", "gave no answer about 1 events"},
    {"sleep", "hang", "gave no answer about 1 events"},
    {"fork", "crash", "no plugin may make (clone)"},
    {"socket", "crash", "no plugin may make (socket)"},
    {"exec", "crash", "no plugin may make (execve)"},
    {"ptrace", "crash", "no plugin may make (ptrace)"},
    {"peek", "crash", "no plugin may make (process_vm_readv)"},
    {"kill", "crash", "no plugin may make (kill)"},
    {"kill_all", "crash", "no plugin may make (kill)"},
    {"scribble", "garbage", "wrote over what it shares"},
    {"outside", "garbage", "a length in it leads outside"},
    {"used", "garbage", "its length leads outside"},
    {"forged_view", "garbage", "it holds an answer about an event that was not asked about"},
    {"forged_huge", "garbage", "it holds an answer that had to be refused"},
    {"forged_state", "garbage", "its state is none that there is"},
    {"close", "error", "returned -6"},
    {"read", "error", "returned -6"},
    {"write", "error", "returned -6"},
    {"request", "error", "returned -6"},
    {"other_view", "error", "returned -6"},
    {"huge", "error", "returned -6"},
    {"flood", "error", "returned -6"},
    {"thread", "error", "returned -6"},
    {"handler", "error", "returned -6"},
    {"unlimit", "error", "returned -6"},
    {"code", "error", "returned -6"},
    {"mapping", "error", "returned -6"},
    {"error", "error", "returned -6"},
};

static void test_misbehaviour(void **state)
{
    (void)state;
    if (!(enforced & RLV_CONFINED_CALLS))
        skip(); /* then it would really fork, and kill this process */
    char secret[64];
    (void)snprintf(secret, sizeof(secret), "/tmp/relevo-test-%d", (int)getpid());
    FILE *file = fopen(secret, "we");
    assert_non_null(file);
    (void)fputs("a secret of the business", file);
    (void)fclose(file);
    rlv_arena *arena = rlv_arena_new(64 << 20);
    long before = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        rlv_arena_reset(arena);
        double counted = failures(cases[i].reason);
        bool writes = strcmp(cases[i].how, "write") == 0;
        rlv_str text = misbehave(cases[i].how, writes ? "/tmp/relevo-test-written" : secret, arena);
        if (!memmem(text.ptr, text.len, cases[i].words, strlen(cases[i].words)))
            fail_msg("%s: the reason is `%.*s`", cases[i].how, RLV_STR_ARG(text));
        assert_true(failures(cases[i].reason) - counted > 0.5);
        if (i == 2) /* what the first ones needed stays */
            before = own_kib();
    }
    if (own_kib() > before + 8192)
        fail_msg("the memory of this process grew from %ld to %ld KiB", before, own_kib());
    assert_int_equal(access("/tmp/relevo-test-written", F_OK), -1);
    (void)unlink(secret);
    rlv_arena_free(arena);
}

/* Who sleeps does not wait for a processor, however busy the machine is: its time is its budget, and nothing more. */
static void test_sleeper(void **state)
{
    (void)state;
    rlv_arena *arena = rlv_arena_new(64 << 20);
    rlv_str text = misbehave("sleep", "", arena);
    const char *within = memmem(text.ptr, text.len, "within ", 7);
    assert_non_null(within);
    long ms = strtol(within + 7, NULL, 10);
    if (ms < 700 || ms >= 1400)
        fail_msg("it had %ld ms, and 700 are its budget", ms);
    rlv_arena_free(arena);
}

/* The process grows until it may not, dies, and begins anew: no event is at fault. */
static void test_leak(void **state)
{
    (void)state;
    if (!(enforced & RLV_CONFINED_LIMITS) || !(enforced & RLV_CONFINED_CALLS))
        skip();
    rogue_config r;
    many *m = calloc(1, sizeof(*m));
    rlv_arena *arena = rlv_arena_new(64 << 20);
    rogue_open(&r, "leak", "");
    rlv_metric *restarts = rlv_metric_counter("relevo_plugin_restarts_total", "", "plugin=\"rogue\"");
    double before = rlv_metric_value(restarts);
    rlv_host *host = host_of(&r);
    for (int i = 0; i < 60; i++) { /* 10 MiB each */
        rlv_arena_reset(arena);
        many_init(m, -1);
        respond(host, arena, m);
        check_answers(m, -1);
    }
    assert_true(rlv_metric_value(restarts) - before > 0.5);
    rlv_host_free(host);
    config_close(&r.c);
    rlv_arena_free(arena);
    free(m);
}

static void is_refused(const char *so, const char *how, const char *words)
{
    rogue_config r;
    rlv_host *host = NULL;
    rlv_error err = {.message = ""};
    rogue_open(&r, how, "");
    r.rogue->path = rlv_arena_printf(r.c.arena, "%s", built(so));
    r.rogue->start_ms = 1500;
    assert_int_not_equal(rlv_host_new(&r.c.config, &host, &err), RLV_OK);
    assert_null(host);
    if (!strstr(err.message, words) || !strstr(err.message, "relevo.yaml:7: plugin 'rogue'"))
        fail_msg("%s, %s: the error is `%s`", so, how, err.message);
    config_close(&r.c);
}

static void test_refused_at_start(void **state)
{
    (void)state;
    if (!(enforced & RLV_CONFINED_CALLS))
        skip();
    is_refused("tests/isolation/rogue_at_load_segfault.so", "", "was killed by signal 11");
    is_refused("tests/isolation/rogue_at_load_exit.so", "", "ended its process with status 0");
    is_refused("tests/isolation/rogue_at_load_socket.so", "",
               "a system call that no plugin may make (socket)");
    is_refused("tests/isolation/rogue_at_load_sleep.so", "", "did not get ready in 1 s");
    is_refused("tests/isolation/rogue_at_load_spin.so", "", "did not get ready in 1 s");
    is_refused("tests/isolation/rogue.so", "create_segfault", "was killed by signal 11");
    is_refused("tests/isolation/rogue.so", "create_exit", "ended its process with status 0");
    is_refused("tests/isolation/rogue.so", "create_sleep", "did not get ready in 1 s");
    is_refused("tests/isolation/rogue.so", "create_fork", "no plugin may make (clone)");
}

static void test_reads_only_its_own(void **state)
{
    (void)state;
    if (!(enforced & RLV_CONFINED_FILES))
        skip();
    rogue_config r;
    rlv_host *host = NULL;
    rlv_error err;
    rogue_open(&r, "create_read", "/etc/passwd");
    assert_int_equal(rlv_host_new(&r.c.config, &host, &err), RLV_E_CONFIG);
    assert_non_null(strstr(err.message, "cannot read: errno 13"));
    config_close(&r.c);
    char own[4096];
    (void)snprintf(own, sizeof(own), "%s", built("tests/isolation/rogue.so"));
    rogue_open(&r, "create_read", own);
    host = host_of(&r);
    rlv_host_free(host);
    config_close(&r.c);
}

/* Too many events that it does not survive: it is left alone until somebody says otherwise. */
static void test_quarantine(void **state)
{
    (void)state;
    rogue_config r;
    many *m = calloc(1, sizeof(*m));
    rlv_arena *arena = rlv_arena_new(64 << 20);
    rogue_open(&r, "segfault", "");
    r.rogue->offences = 3;
    rlv_metric *gauge = rlv_metric_gauge("relevo_plugin_quarantined", "", "plugin=\"rogue\"");
    rlv_metric *recovery = rlv_metric_seconds("relevo_plugin_recovery_seconds", "", "plugin=\"rogue\"");
    rlv_host *host = host_of(&r);
    bool known;
    assert_false(rlv_host_release(host, "rogue", &known));
    assert_true(known);
    assert_false(rlv_host_release(host, "nobody", &known));
    assert_false(known);
    for (int i = 0; i < 3; i++) {
        assert_true(rlv_metric_value(gauge) < 0.5);
        many_init(m, BAD + i);
        respond(host, arena, m);
        if (i < 2)
            check_answers(m, BAD + i);
    }
    assert_true(rlv_metric_value(gauge) > 0.5);
    (void)poll(NULL, 0, 500); /* its next process may have been on its way */
    many_init(m, -1);
    respond(host, arena, m);
    for (int i = 0; i < EVENTS; i++) { /* every event to a person; the other plugin goes on */
        const rlv_answer *failure = answer_of(&m->s[i], "rogue", RLV_ANSWER_FAILURE);
        assert_non_null(failure);
        assert_str(failure->as.failure.reason,
                   "is quarantined: it did not survive 3 events within 10 minutes");
        assert_non_null(answer_of(&m->s[i], "probe", RLV_ANSWER_REPLY));
    }
    double recovered = rlv_metric_value(recovery);
    assert_true(rlv_host_release(host, "rogue", &known));
    assert_true(rlv_metric_value(gauge) < 0.5);
    /* It is started again meanwhile; a call waits for that. */
    many_init(m, -1);
    respond(host, arena, m);
    check_answers(m, -1);
    assert_true(rlv_metric_value(recovery) - recovered < 0.5); /* the quarantine is not its time to recover */
    many_init(m, BAD);
    respond(host, arena, m);
    check_answers(m, BAD);
    assert_true(rlv_metric_value(recovery) - recovered > 0.5);
    rlv_host_free(host);
    config_close(&r.c);
    rlv_arena_free(arena);
    free(m);
}

/* A file in place of another one, which may be mapped. */
static void put_file(const char *from, const char *to, const char *more)
{
    char bytes[4096], fresh[4200];
    (void)snprintf(fresh, sizeof(fresh), "%s.new", to);
    FILE *in = fopen(from, "re"), *out = fopen(fresh, "we");
    assert_non_null(in);
    assert_non_null(out);
    for (size_t n; (n = fread(bytes, 1, sizeof(bytes), in)) > 0;)
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    assert_true(fputs(more, out) >= 0);
    (void)fclose(in);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(rename(fresh, to), 0);
}

static void wait_quarantined(rlv_metric *gauge)
{
    int64_t until = rlv_clock_mono_us() + 60000000;
    while (rlv_metric_value(gauge) < 0.5) {
        assert_true(rlv_clock_mono_us() < until);
        rlv_clock_sleep_ms(10);
    }
}

/* All of them go to people, and this is why. */
static void check_down(const rlv_host *host, rlv_arena *arena, many *m, const char *why)
{
    many_init(m, -1);
    respond(host, arena, m);
    for (int i = 0; i < EVENTS; i++) {
        const rlv_answer *failure = answer_of(&m->s[i], "rogue", RLV_ANSWER_FAILURE);
        assert_non_null(failure);
        assert_false(failure->as.failure.fatal); /* none of them did anything */
        rlv_str reason = failure->as.failure.reason;
        if (!memmem(reason.ptr, reason.len, why, strlen(why)))
            fail_msg("the reason is `%.*s`, not `%s`", RLV_STR_ARG(reason), why);
        assert_null(answer_of(&m->s[i], "rogue", RLV_ANSWER_REPLY));
        assert_non_null(answer_of(&m->s[i], "probe", RLV_ANSWER_REPLY));
    }
}

/* A process that does not come back: after five tries it is left alone. A release tries again, as often, and whatever lies in the
   file's place now; only the file that was there at first is taken. */
static void test_quarantine_of_starts(void **state)
{
    (void)state;
    char folder[] = "/tmp/relevo-test-XXXXXX", copy[64], original[4096];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(copy, sizeof(copy), "%s/rogue.so", folder);
    (void)snprintf(original, sizeof(original), "%s", built("tests/isolation/rogue.so"));
    put_file(original, copy, "");
    rogue_config r;
    bool known;
    many *m = calloc(1, sizeof(*m));
    rlv_arena *arena = rlv_arena_new(64 << 20);
    rogue_open(&r, "segfault", "");
    r.rogue->path = copy;
    r.rogue->offences = 1000;
    rlv_metric *gauge = rlv_metric_gauge("relevo_plugin_quarantined", "", "plugin=\"rogue\"");
    rlv_metric *restarts = rlv_metric_counter("relevo_plugin_restarts_total", "", "plugin=\"rogue\"");
    rlv_host *host = host_of(&r);
    double before = rlv_metric_value(restarts);
    put_file(original, copy, "another file");
    many_init(m, BAD);
    respond(host, arena, m); /* it dies */
    wait_quarantined(gauge);
    check_down(host, arena, m, "is quarantined: its process failed to start 5 times, the last time because ");
    check_down(host, arena, m, "has changed since it was checked"); /* what the operator needs to know */
    assert_true(rlv_host_release(host, "rogue", &known));
    wait_quarantined(gauge);
    check_down(host, arena, m, "has changed since it was checked");
    put_file("/dev/null", copy, "no plugin at all");
    assert_true(rlv_host_release(host, "rogue", &known));
    wait_quarantined(gauge);
    check_down(host, arena, m, "failed to start 5 times, the last time because ");
    assert_true(rlv_metric_value(restarts) - before < 0.5);
    put_file(original, copy, "");
    assert_true(rlv_host_release(host, "rogue", &known));
    many_init(m, -1);
    respond(host, arena, m); /* waits for it */
    check_answers(m, -1);
    assert_true(rlv_metric_value(gauge) < 0.5);
    assert_true(rlv_metric_value(restarts) - before > 0.5);
    assert_false(rlv_host_release(host, "rogue", &known));
    rlv_host_free(host);
    config_close(&r.c);
    rlv_arena_free(arena);
    free(m);
    assert_int_equal(unlink(copy), 0);
    assert_int_equal(rmdir(folder), 0);
}

typedef struct lane {
    pthread_t thread;
    const rlv_host *host;
    int bad; /* the event that the rogue dies of in this lane; -1: none */
    int times;
    many m;
} lane;

static void *run_lane(void *argument)
{
    lane *l = argument;
    rlv_arena *arena = rlv_arena_new(64 << 20);
    rlv_error err;
    for (int i = 0; i < l->times; i++) {
        rlv_arena_reset(arena);
        many_init(&l->m, l->bad);
        if (!arena || rlv_host_call(l->host, RLV_PHASE_RESPOND, NULL, arena, l->m.subjects, EVENTS, &err))
            return argument;
        for (int j = 0; j < EVENTS; j++)
            if ((answer_of(&l->m.s[j], "rogue", RLV_ANSWER_FAILURE) != NULL) != (j == l->bad) ||
                (answer_of(&l->m.s[j], "rogue", RLV_ANSWER_REPLY) != NULL) != (j != l->bad))
                return argument;
    }
    rlv_arena_free(arena);
    return NULL;
}

static void lanes_at_once(const char *how, int times)
{
    enum {
        LANES = 6
    };
    rogue_config r;
    rogue_open(&r, how, "");
    r.rogue->offences = 1000;
    rlv_host *host = host_of(&r);
    lane *lanes = calloc(LANES, sizeof(*lanes));
    assert_non_null(lanes);
    for (int i = 0; i < LANES; i++) {
        lanes[i].host = host;
        lanes[i].bad = i % 3 == 0 ? i : -1;
        lanes[i].times = times;
        assert_int_equal(pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]), 0);
    }
    for (int i = 0; i < LANES; i++) {
        void *wrong;
        (void)pthread_join(lanes[i].thread, &wrong);
        if (wrong)
            fail_msg("%s: lane %d has a wrong answer, or none", how, i);
    }
    free(lanes);
    rlv_host_free(host);
    config_close(&r.c);
}

/* Lanes that share the process: what is done there at an event is found, and nobody else is blamed for it. */
static void test_lanes_at_once(void **state)
{
    (void)state;
    static const char *const hows[] = {"abort", "exit", "fork", "kill_all", "scribble", "forged_view", "forged_huge", "thread", "error"};
    lanes_at_once("segfault", 5);
    if (!(enforced & RLV_CONFINED_CALLS))
        return; /* then it would really fork, and kill this process */
    for (size_t i = 0; i < sizeof(hows) / sizeof(*hows); i++)
        lanes_at_once(hows[i], 2);
    lanes_at_once("loop", 1); /* which costs its budget each time */
}

static void *run_once(void *argument)
{
    lane *l = argument;
    rlv_arena *arena = rlv_arena_new(64 << 20);
    rlv_error err;
    many_init(&l->m, l->bad);
    if (!arena || rlv_host_call(l->host, RLV_PHASE_RESPOND, NULL, arena, l->m.subjects, EVENTS, &err))
        return argument;
    /* Both calls say nothing about their events, but for the word of the one that came second. */
    for (int i = 0; i < EVENTS; i++) {
        const rlv_answer *reply = answer_of(&l->m.s[i], "rogue", RLV_ANSWER_REPLY);
        if (reply && i == l->bad && rlv_str_is(reply->as.reply.text, "refused"))
            l->bad = -1;
        else if (reply || answer_of(&l->m.s[i], "rogue", RLV_ANSWER_FAILURE))
            return argument;
    }
    rlv_arena_free(arena);
    return NULL;
}

/* Who answers through the sink of a call that is over is told so, and no event has that answer. */
static void test_late(void **state)
{
    (void)state;
    if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
        skip(); /* a process has a slot for each */
    rogue_config r;
    rogue_open(&r, "late", "");
    rlv_host *host = host_of(&r);
    lane *lanes = calloc(2, sizeof(*lanes));
    assert_non_null(lanes);
    for (int i = 0; i < 2; i++) {
        lanes[i].host = host;
        lanes[i].bad = BAD;
        assert_int_equal(pthread_create(&lanes[i].thread, NULL, run_once, &lanes[i]), 0);
    }
    int refused = 0;
    for (int i = 0; i < 2; i++) {
        void *wrong;
        (void)pthread_join(lanes[i].thread, &wrong);
        if (wrong)
            fail_msg("call %d has an answer that is not its own", i);
        refused += lanes[i].bad < 0;
    }
    assert_int_equal(refused, 1);
    free(lanes);
    rlv_host_free(host);
    config_close(&r.c);
}

/* Started with SIGCHLD ignored, as some shells and supervisors do, an end is still seen; only how it ended is lost. */
static void test_without_sigchld(void **state)
{
    (void)state;
    rlv_arena *arena = rlv_arena_new(64 << 20);
    void (*was)(int) = signal(SIGCHLD, SIG_IGN);
    assert_ptr_not_equal(was, SIG_ERR);
    rlv_str text = misbehave("segfault", "", arena);
    assert_non_null(memmem(text.ptr, text.len, "nobody can say how", 18));
    assert_ptr_not_equal(signal(SIGCHLD, was), SIG_ERR);
    rlv_arena_free(arena);
}

/* A plugin's process does not outlive ours, however ours ends. */
static void test_dies_with_parent(void **state)
{
    (void)state;
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        rogue_config r;
        rogue_open(&r, "", "");
        rlv_host *host = NULL;
        rlv_error err;
        if (rlv_host_new(&r.c.config, &host, &err))
            _exit(1);
        char pids[256] = "";
        FILE *found = popen("cat /proc/$PPID/task/*/children", "r");
        if (!found || !fgets(pids, sizeof(pids), found))
            _exit(2);
        (void)pclose(found);
        (void)!write(ends[1], pids, sizeof(pids));
        (void)raise(SIGKILL);
    }
    (void)close(ends[1]);
    char pids[256];
    assert_int_equal(read(ends[0], pids, sizeof(pids)), sizeof(pids));
    assert_int_equal(read(ends[0], &byte, 1), 0);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    int n = 0;
    for (char *rest = pids, *end;; rest = end) {
        pid_t pid = (pid_t)strtol(rest, &end, 10);
        if (end == rest)
            break;
        n++;
        int64_t until = rlv_clock_mono_us() + 60000000;
        while (kill(pid, 0) == 0) {
            char name[64] = "", path[64];
            (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
            FILE *file = fopen(path, "re");
            if (file) {
                (void)!fgets(name, sizeof(name), file);
                (void)fclose(file);
            }
            if (strstr(name, ") Z ")) /* nobody here reaps orphans: dead all the same */
                break;
            assert_true(rlv_clock_mono_us() < until);
            rlv_clock_sleep_ms(10);
        }
    }
    assert_true(n >= 2);
    (void)close(ends[0]);
}

int main(void)
{
    rlv_error err;
    if (rlv_host_confinement(&enforced, &err)) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    char words[200];
    rlv_confine_words(enforced, words, sizeof(words));
    (void)printf("enforced here: %s\n", words);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_misbehaviour),     cmocka_unit_test(test_sleeper),
        cmocka_unit_test(test_leak),
        cmocka_unit_test(test_refused_at_start), cmocka_unit_test(test_reads_only_its_own),
        cmocka_unit_test(test_quarantine),       cmocka_unit_test(test_quarantine_of_starts),
        cmocka_unit_test(test_lanes_at_once),    cmocka_unit_test(test_late),
        cmocka_unit_test(test_without_sigchld),  cmocka_unit_test(test_dies_with_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
