/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inline plugins that end the process at an event, called warily: this process lives, the other events have their answers, that
 * one has a failure, and another plugin is not disturbed. That good plugins answer as ever is in test_host.c.
 */
#include "common.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    EVENTS = 40,
    BAD = 23 /* which of them */
};

typedef struct messages {
    test_subject s[EVENTS];
    rlv_subject subjects[EVENTS];
} messages;

static void ask_beside(enum rlv_isolation other, const char *how, const char *reason, int64_t budget_ms)
{
    test_config c;
    char options[64];
    (void)snprintf(options, sizeof(options), "{how: %s}", how);
    config_open(&c, "rogue", options, "probe", "{label: x}", NULL);
    c.plugins[0].path = rlv_arena_printf(c.arena, "%s", built("tests/isolation/rogue.so"));
    c.plugins[1].isolation = other;
    c.plugins[0].event_ms = c.plugins[0].batch_ms = budget_ms;
    rlv_host *host = NULL;
    rlv_error err;
    if (rlv_host_new(&c.config, &host, &err))
        fail_msg("%s", err.message);
    rlv_arena *arena = rlv_arena_new((size_t)64 << 20);
    messages *m = calloc(1, sizeof(*m));
    assert_non_null(m);
    for (int i = 0; i < EVENTS; i++) {
        subject_init(&m->s[i]);
        m->s[i].event.text = i == BAD ? RLV_STR("fail now") : RLV_STR("say yes");
        m->subjects[i] = subject_of(&m->s[i]);
    }
    if (call_host(host, RLV_PHASE_RESPOND, arena, m->subjects, EVENTS, &err))
        fail_msg("%s: %s", how, err.message);
    for (int i = 0; i < EVENTS; i++) {
        const rlv_answer *a = m->s[i].answers.first;
        assert_int_equal(count_answers(&m->s[i].answers), 2);
        assert_str(a->plugin, "rogue");
        assert_str(a->next->plugin, "probe");
        if (i == BAD) {
            assert_int_equal(a->kind, RLV_ANSWER_FAILURE);
            assert_true(a->as.failure.fatal);
#ifndef RELEVO_SANITIZED /* which ends the process in its own way */
            assert_str(a->as.failure.reason, reason);
#else
            assert_non_null(reason);
#endif
        } else {
            assert_int_equal(a->kind, RLV_ANSWER_REPLY);
            assert_str(a->as.reply.text, "yes");
        }
    }
    free(m);
    rlv_arena_free(arena);
    rlv_host_free(host);
    config_close(&c);
}

static void ask(const char *how, const char *reason, int64_t budget_ms)
{
    ask_beside(RLV_ISOLATION_INLINE, how, reason, budget_ms);
}

/* Through whose process no copy goes. */
static void test_beside_a_process(void **state)
{
    (void)state;
    ask_beside(RLV_ISOLATION_PROCESS, "segfault", "was killed by signal 11 (Segmentation fault)", 60000);
    ask_beside(RLV_ISOLATION_PROCESS, "exit", "ended the process", 60000);
}

static void test_crashes(void **state)
{
    (void)state;
    ask("segfault", "was killed by signal 11 (Segmentation fault)", 60000);
    ask("abort", "was killed by signal 6 (Aborted)", 60000);
    ask("overflow", "was killed by signal 11 (Segmentation fault)", 60000);
    ask("exit", "ended the process", 60000);
}

static void test_hangs(void **state)
{
    (void)state;
    ask("loop", "gave no answer about 1 events within 300 ms", 300);
    ask("sleep", "gave no answer about 1 events within 300 ms", 300);
}

int main(void)
{
    test_wary = true;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crashes),
        cmocka_unit_test(test_hangs),
        cmocka_unit_test(test_beside_a_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
