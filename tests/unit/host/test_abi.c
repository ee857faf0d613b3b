/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared objects of tests/abi, really loaded: each bad one is refused with the whole line that an
 * operator reads, or, where it only answers badly, loses that answer alone. The one of version 1.0 works.
 */
#include "common.h"

#include <stdio.h>

static rlv_arena *arena;

/* One entry, "it", of a shared object of tests/abi. */
static int make(const char *name, const char *options, rlv_host **ret, rlv_error *err)
{
    test_config c;
    char path[80];
    config_open(&c, "it", options, NULL);
    (void)snprintf(path, sizeof(path), "tests/abi/%s.so", name);
    c.plugins[0].path = built(path);
    int code = rlv_host_new(&c.config, ret, err);
    config_close(&c);
    return code;
}

static void test_refused_files(void **state)
{
    (void)state;
    static const struct {
        const char *name, *expected;
    } bad[] = {
        {"wrong_magic",
         "magic is 0x0badc0de, a plugin's is 0x524c564f: relevo_plugin_descriptor is no descriptor, see "
         "docs/plugins.md"},
        {"newer_major",
         "abi_major is 2, this Relevo speaks 1: rebuild the plugin against relevo/plugin.h 1.x"},
        {"newer_minor",
         "abi_minor is 8, this Relevo speaks up to 1.7: upgrade Relevo, or rebuild the plugin against an "
         "older relevo/plugin.h"},
        {"short_size", "size is 16, a descriptor of version 1.7 has at least 136: rebuild the plugin against "
                       "relevo/plugin.h 1.x"},
        {"no_symbol",
         "relevo_plugin_descriptor is missing: define it with RELEVO_EXPORT, see docs/plugins.md"},
        {"bad_name", "name is 'Bad Name!', it wants [a-z][a-z0-9_]* of at most 31 characters: change it in "
                     "the descriptor"},
        {"bad_option_type", "options[1].type is 99, it wants 1 to 8: fix the option table"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        rlv_host *host = NULL;
        rlv_error err;
        char path[80], expected[500];
        assert_int_equal(make(bad[i].name, "", &host, &err), RLV_E_REFUSED);
        assert_null(host);
        (void)snprintf(path, sizeof(path), "tests/abi/%s.so", bad[i].name);
        (void)snprintf(expected, sizeof(expected), "relevo.yaml:7: plugin 'it': %s: %s", built(path),
                       bad[i].expected);
        assert_string_equal(err.message, expected);

        rlv_host_plugin_info info;
        assert_int_equal(rlv_host_inspect(built(path), false, arena, &info, NULL, &err), RLV_E_REFUSED);
        assert_string_equal(err.message, expected + strlen("relevo.yaml:7: plugin 'it': "));
    }
}

static void test_create_fails(void **state)
{
    (void)state;
    rlv_host *host = NULL;
    rlv_error err;
    assert_int_equal(make("create_fails", "", &host, &err), RLV_E_CONFIG);
    assert_string_equal(err.message, "relevo.yaml:7: plugin 'it': the moon is not full: wait a week");
}

/* Triggers over two views; the answers about the first are the ones that these plugins give. */
static rlv_answers triggered(const rlv_host *host, test_subject s[2])
{
    rlv_subject subjects[2];
    rlv_error err;
    for (int i = 0; i < 2; i++) {
        subject_init(&s[i]);
        subjects[i] = subject_of(&s[i]);
    }
    if (rlv_host_call(host, RLV_PHASE_TRIGGER, NULL, arena, subjects, 2, &err))
        fail_msg("%s", err.message);
    return s[0].answers;
}

static void test_refused_answers(void **state)
{
    (void)state;
    static const struct {
        const char *name, *code;
    } bad[] = {
        {"wrong_phase", "RELEVO_E_KIND"},  {"wrong_view", "RELEVO_E_VIEW"},
        {"short_answer", "RELEVO_E_SIZE"}, {"bad_utf8", "RELEVO_E_TEXT"},
        {"bad_score", "RELEVO_E_TEXT"},    {"oversized_text", "RELEVO_E_LIMIT"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        rlv_host *host = NULL;
        rlv_error err;
        assert_int_equal(make(bad[i].name, "", &host, &err), RLV_OK);
        test_subject s[2];
        rlv_answers answers = triggered(host, s);
        assert_int_equal(count_answers(&answers), 1);
        assert_int_equal(answers.first->kind, RLV_ANSWER_TRIGGER);
        assert_str(answers.first->as.trigger.evidence, bad[i].code);
        assert_int_equal(count_answers(&s[1].answers), 0);
        rlv_host_free(host);
    }
}

static void test_too_many_answers(void **state)
{
    (void)state;
    rlv_host *host = NULL;
    rlv_error err;
    assert_int_equal(make("too_many_answers", "", &host, &err), RLV_OK);
    test_subject s[2];
    rlv_answers answers = triggered(host, s);
    assert_int_equal(count_answers(&answers), RLV_HOST_ANSWERS_MAX);
    rlv_host_free(host);
}

static void test_operation_fails(void **state)
{
    (void)state;
    rlv_host *host = NULL;
    rlv_error err;
    assert_int_equal(make("operation_fails", "", &host, &err), RLV_OK);
    test_subject s[2];
    (void)triggered(host, s);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(count_answers(&s[i].answers), 1);
        assert_int_equal(s[i].answers.first->kind, RLV_ANSWER_FAILURE);
        assert_str(s[i].answers.first->plugin, "it");
    }
    rlv_host_free(host);
}

static void test_frozen(void **state)
{
    (void)state;
    rlv_host *host = NULL;
    rlv_error err;
    if (make("frozen", "{word: dinero, score: 0.25}", &host, &err))
        fail_msg("%s", err.message);
    test_subject s[2];
    rlv_answers answers = triggered(host, s);
    const rlv_answer *fired = nth_answer(&answers, RLV_ANSWER_TRIGGER, 0);
    assert_non_null(fired);
    assert_true(fired->as.trigger.score > 0.24 && fired->as.trigger.score < 0.26);
    assert_non_null(nth_answer(&answers, RLV_ANSWER_MEMORY, 0));
    subject_init(&s[0]); /* a silence: it would look for a message */
    rlv_subject subject = subject_of(&s[0]);
    subject.message = NULL;
    assert_int_equal(rlv_host_call(host, RLV_PHASE_TRIGGER, NULL, arena, &subject, 1, &err), RLV_OK);
    assert_int_equal(count_answers(&s[0].answers), 0);
    const rlv_event result = {.kind = RLV_EVENT_RESULT, .plugin = RLV_STR("crm")}; /* and so it would of a result */
    subject.event = &result;
    assert_int_equal(rlv_host_call(host, RLV_PHASE_TRIGGER, NULL, arena, &subject, 1, &err), RLV_OK);
    assert_int_equal(count_answers(&s[0].answers), 0);
    rlv_host_free(host);
    assert_int_equal(make("frozen", "{}", &host, &err), RLV_E_CONFIG);
    assert_string_equal(err.message, "relevo.yaml:7: plugin 'it': option 'word' is missing: Fires.");
}

/* Built before notices of what is amended: it takes each for one of a handoff, a tip or an end, and gets those alone. */
static void test_older_minor(void **state)
{
    (void)state;
    rlv_host *host = NULL;
    rlv_error err;
    if (make("older_minor", "", &host, &err))
        fail_msg("%s", err.message);
    test_subject s;
    subject_init(&s);
    rlv_subject subject = subject_of(&s);
    subject.amended = true;
    assert_int_equal(rlv_host_call(host, RLV_PHASE_NOTIFY, NULL, arena, &subject, 1, &err), RLV_OK);
    assert_int_equal(count_answers(&s.answers), 0);
    rlv_decision tells = {.kind = RLV_DECIDED_TRIGGERED};
    tells.as.trigger.tells = true;
    s.decisions = (rlv_decisions){&tells, &tells, 1};
    assert_int_equal(rlv_host_call(host, RLV_PHASE_NOTIFY, NULL, arena, &subject, 1, &err), RLV_OK);
    assert_int_equal(count_answers(&s.answers), 1);
    rlv_host_free(host);
}

static int setup(void **state)
{
    (void)state;
    arena = rlv_arena_new(8 << 20);
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    rlv_arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_files),   cmocka_unit_test(test_create_fails),
        cmocka_unit_test(test_refused_answers), cmocka_unit_test(test_too_many_answers),
        cmocka_unit_test(test_operation_fails), cmocka_unit_test(test_frozen), cmocka_unit_test(test_older_minor),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
