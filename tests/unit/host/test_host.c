/* SPDX-License-Identifier: Apache-2.0 */
/* The host as a whole, on a plugin that is really loaded: made, called in every phase, failing, from several
 * threads. */
#include "common.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/metrics.h"

static rlv_host *host_of(test_config *c)
{
    rlv_host *host = NULL;
    rlv_error err;
    if (rlv_host_new(&c->config, &host, &err))
        fail_msg("%s", err.message);
    return host;
}

static void call(const rlv_host *host, enum rlv_phase phase, rlv_arena *arena, rlv_subject *subjects,
                 size_t n)
{
    rlv_error err;
    if (call_host(host, phase, arena, subjects, n, &err))
        fail_msg("%s", err.message);
}

/* The probe counts its instances in a variable of its own. */
static int live(void)
{
    void *handle = dlopen(built("tests/host/probe.so"), RTLD_NOW | RTLD_NOLOAD);
    assert_non_null(handle);
    const int *count = dlsym(handle, "probe_live");
    assert_non_null(count);
    return *count;
}

/* So many instances live, where they can be counted. */
static void assert_live(int n)
{
    if (test_isolation == RLV_ISOLATION_INLINE)
        assert_int_equal(live(), n);
}

static void is_refused(const char *options, const char *expected)
{
    test_config c;
    config_open(&c, "a", "{label: x}", "b", options, NULL);
    rlv_host *host = NULL;
    rlv_error err;
    assert_int_equal(rlv_host_new(&c.config, &host, &err), RLV_E_CONFIG);
    assert_null(host);
    assert_string_equal(err.message, expected);
    assert_live(0); /* the first one was destroyed again */
    config_close(&c);
}

static void test_new_and_info(void **state)
{
    (void)state;
    test_config c;
    config_open(&c, "a", "{label: x}", "b", "{label: y}", NULL);
    rlv_host *host = host_of(&c);
    assert_live(2);
    config_close(&c); /* the host keeps what it needs */
    assert_int_equal(rlv_host_count(host), 2);
    const rlv_host_plugin_info *info = rlv_host_info(host, 1);
    assert_string_equal(info->entry, "b");
    assert_string_equal(info->name, "probe");
    assert_string_equal(info->version, "1.2.3");
    assert_string_equal(info->summary, "Says what it sees.");
    assert_string_equal(info->path, built("tests/host/probe.so"));
    assert_int_equal(strspn(info->sha256, "0123456789abcdef"), 64);
    assert_int_equal(info->kind, RELEVO_KIND_RESPONDER);
    assert_int_equal(info->operations, (1u << RLV_PHASES) - 1);
    assert_true(info->has_tool);
    assert_int_equal(info->n_options, 10);
    assert_string_equal(info->options[2]->name, "number");
    assert_true(rlv_host_has(host, RLV_PHASE_NOTIFY));
    rlv_host_free(host);
    assert_live(0);
    rlv_host_free(NULL);
}

static void test_no_plugins(void **state)
{
    (void)state;
    const rlv_config config = {.file = "relevo.yaml", .folder = "."};
    rlv_host *host = NULL;
    assert_int_equal(rlv_host_new(&config, &host, NULL), RLV_OK);
    assert_int_equal(rlv_host_count(host), 0);
    assert_false(rlv_host_has(host, RLV_PHASE_CLASSIFY));
    test_subject s;
    subject_init(&s);
    rlv_subject subject = subject_of(&s);
    rlv_arena *arena = rlv_arena_new(1 << 20);
    call(host, RLV_PHASE_CLASSIFY, arena, &subject, 1);
    assert_int_equal(count_answers(&s.answers), 0);
    rlv_arena_free(arena);
    rlv_host_free(host);
}

static void test_refused(void **state)
{
    (void)state;
    is_refused("{label: x, nmuber: 3}",
               "relevo.yaml:1: plugin 'b': unknown option 'nmuber'; did you mean 'number'?");
    is_refused("{label: x, mode: refuse}", "relevo.yaml:7: plugin 'b': the label is wrong change it");
    is_refused("{label: x, mode: mute}",
               "relevo.yaml:7: plugin 'b': its create failed (-6) without saying why");
    is_refused("{}", "relevo.yaml:7: plugin 'b': option 'label' is missing: What it is called.");

    test_config c;
    config_open(&c, "a", "{label: x}", NULL);
    c.plugins[0].path = "/nowhere/probe.so";
    rlv_host *host = NULL;
    rlv_error err;
    assert_int_equal(rlv_host_new(&c.config, &host, &err), RLV_E_NOT_FOUND);
    assert_string_equal(
        err.message, "relevo.yaml:7: plugin 'a': /nowhere/probe.so: there is no such file: check `path`, or "
                     "build the plugin");
    config_close(&c);
}

static void test_options_arrive(void **state)
{
    (void)state;
    test_config c;
    config_open(&c, "a",
                "label: x\nmode: bound\nnumber: 4\nwait: 2m\nwords: one\ntree: {k: [1, 'two']}\nkey: hush\n",
                NULL);
    rlv_host *host = host_of(&c);
    test_subject s;
    subject_init(&s);
    rlv_subject subject = subject_of(&s);
    rlv_arena *arena = rlv_arena_new(1 << 20);
    call(host, RLV_PHASE_RESPOND, arena, &subject, 1);
    assert_str(nth_answer(&s.answers, RLV_ANSWER_REPLY, 0)->as.reply.text, "label=!0|0|x\n"
                                                                           "mode=!0|0|bound\n"
                                                                           "number=!4|0|\n"
                                                                           "ratio=0|0.5|\n"
                                                                           "flag=1|0|\n"
                                                                           "wait=!120000|0|\n"
                                                                           "where=0|0|/etc/relevo/here.txt\n"
                                                                           "words=!0|0|,one\n"
                                                                           "tree=!0|0|{\"k\":[1,\"two\"]}\n"
                                                                           "key=!0|0|hush\n");
    rlv_arena_free(arena);
    rlv_host_free(host);
    config_close(&c);
}

/* One message through all phases, as the lane does it. */
static void test_phases(void **state)
{
    (void)state;
    test_config c;
    config_open(&c, "a", "{label: x}", NULL);
    rlv_host *host = host_of(&c);
    rlv_arena *arena = rlv_arena_new(1 << 20);
    test_subject s;
    subject_init(&s);
    rlv_subject subject = subject_of(&s);

    call(host, RLV_PHASE_CLASSIFY, arena, &subject, 1);
    const rlv_answer *a = nth_answer(&s.answers, RLV_ANSWER_READING, 0);
    assert_str(a->plugin, "a");
    assert_str(a->as.reading.intent, "refund");
    assert_true(a->as.reading.sentiment < -0.49 && a->as.reading.sentiment > -0.51);
    assert_str(nth_answer(&s.answers, RLV_ANSWER_SLOT, 0)->as.slot.value, "48213");
    assert_true(nth_answer(&s.answers, RLV_ANSWER_SLOT, 0)->as.slot.amends);
    assert_int_equal(nth_answer(&s.answers, RLV_ANSWER_MEMORY, 0)->as.memory.len, 13);
    assert_true(nth_answer(&s.answers, RLV_ANSWER_MEMORY, 0)->writes_card);

    call(host, RLV_PHASE_TRIGGER, arena, &subject, 1);
    a = nth_answer(&s.answers, RLV_ANSWER_TRIGGER, 0);
    assert_str(a->as.trigger.evidence, "¿y mi dinero?");
    assert_str(a->as.trigger.reason, "It said so.");
    assert_true(a->as.trigger.asked);
    assert_true(a->as.trigger.unless_answered > 0.69 && a->as.trigger.unless_answered < 0.71);

    rlv_decision fired = {.kind = RLV_DECIDED_TRIGGERED};
    fired.as.trigger.trigger = RLV_STR("a");
    fired.as.trigger.evidence = RLV_STR("dinero");
    fired.as.trigger.score = 0.7;
    fired.as.trigger.chosen = true;
    rlv_decision handoff = {
        .kind = RLV_DECIDED_HANDED_OFF, .owner = RLV_OWNER_QUEUED, .team = RLV_STR("billing")};
    handoff.as.change.trigger = RLV_STR("a");
    handoff.as.change.reason = RLV_STR("It said so.");
    handoff.as.change.evidence = RLV_STR("dinero");
    handoff.as.change.score = 0.7;
    handoff.as.change.route.priority = 8;
    fired.next = &handoff;
    s.decisions = (rlv_decisions){&fired, &handoff, 2};
    subject.handoff = &handoff;
    const rlv_held_message held = {.by = {RLV_STR("b")}, .n_by = 1}; /* another plugin than "a" held it before */
    subject.may_hold = true;
    subject.held = &held;

    call(host, RLV_PHASE_ROUTE, arena, &subject, 1);
    const rlv_route *route = &nth_answer(&s.answers, RLV_ANSWER_ROUTE, 0)->as.route;
    assert_int_equal(route->priority, 7);
    assert_int_equal(route->n_skills, 2);
    assert_str(route->skills[1], "es");
    assert_str(route->team, "billing");

    call(host, RLV_PHASE_SUMMARIZE, arena, &subject, 1);
    assert_str(nth_answer(&s.answers, RLV_ANSWER_CARD, 0)->as.card.text,
               "owner 2 at 1000\n"
               "id 33d5fb99-541b-8d28-91d0-c0434a257483 number 5550 customer 34600 (Ana) language es\n"
               "message wamid.2 text: ¿y mi dinero? reply  media  sent 900\n"
               "wordless audio\n"
               "reading es refund 0.9 0 -0.5 0 0\n"
               "digest 2 1 0 open ¿cuándo llega? tried kb#7 trend -0.25\n"
               "handoff 8 a 0.7 because It said so.: dinero to billing\n"
               "turn 1 hola at 500\n"
               "turn 2 dígame at 600\n"
               "slot order=48213 from wamid.2 was 1\n"
               "slot email=ana@example.com from wamid.1\n"
               "fired a 0.7 dinero chosen\n"
               "past 10-20 4 s because cross by ana: done, 4\n"
               "tag mayorista\n"
               "tag vip\n"
               "memory 13 may hold\n");

    call(host, RLV_PHASE_NOTIFY, arena, &subject, 1);
    const rlv_effect *effect = &nth_answer(&s.answers, RLV_ANSWER_EFFECT, 0)->as.effect;
    assert_str(effect->destination, "crm");
    assert_str(effect->body, "why"); /* it sees the card */
    assert_str(effect->path, "/leads");
    assert_str(effect->context, "v1 lead");
    assert_int_equal(effect->timeout_ms, 1500);
    assert_int_equal(count_answers(&s.answers), 7);
    rlv_arena_free(arena);
    rlv_host_free(host);
    config_close(&c);
}

/* A take-over is no handoff: no message, no view->handoff, and the owner is the person. */
static void test_takeover_summary(void **state)
{
    (void)state;
    test_config c;
    config_open(&c, "b", "{label: x}", NULL);
    rlv_host *host = host_of(&c);
    rlv_arena *arena = rlv_arena_new(1 << 20);
    test_subject s;
    subject_init(&s);
    s.event.kind = RLV_EVENT_COMMAND;
    const rlv_decision taken = {.kind = RLV_DECIDED_TAKEN_OVER, .owner = RLV_OWNER_HUMAN};
    rlv_subject subject = subject_of(&s);
    subject.handoff = &taken;
    const rlv_held_message held = {.by = {RLV_STR("a"), RLV_STR("b")}, .n_by = 2};
    subject.may_hold = true;
    subject.held = &held;
    subject.decisions = NULL;
    call(host, RLV_PHASE_SUMMARIZE, arena, &subject, 1);
    rlv_str text = nth_answer(&s.answers, RLV_ANSWER_CARD, 0)->as.card.text;
    assert_memory_equal(text.ptr, "owner 3 ", 8);
    assert_null(strstr(text.ptr, "\nmessage "));
    assert_null(strstr(text.ptr, "\nhandoff "));
    rlv_decision reopened = {.kind = RLV_DECIDED_REOPENED, .owner = RLV_OWNER_QUEUED, .team = RLV_STR("billing")};
    reopened.as.change.reason = RLV_STR("They wrote again.");
    subject.handoff = &reopened;
    s.answers = (rlv_answers){NULL, NULL};
    call(host, RLV_PHASE_SUMMARIZE, arena, &subject, 1);
    assert_non_null(strstr(nth_answer(&s.answers, RLV_ANSWER_CARD, 0)->as.card.text.ptr, "\nhandoff 0  0 because They wrote again.:  to billing\n"));
    assert_non_null(strstr(text.ptr, "memory 0\n")); /* "a" remembers, "b" does not */
    rlv_arena_free(arena);
    rlv_host_free(host);
    config_close(&c);
}

/* Of what is amended a plugin is told, but not of it beside a handoff, which tells it all; and in no other phase. */
static void test_amended(void **state)
{
    (void)state;
    test_config c;
    config_open(&c, "a", "{label: x}", NULL);
    rlv_host *host = host_of(&c);
    rlv_arena *arena = rlv_arena_new(1 << 20);
    test_subject s;
    subject_init(&s);
    rlv_subject subject = subject_of(&s);
    subject.amended = true;
    call(host, RLV_PHASE_NOTIFY, arena, &subject, 1);
    assert_str(nth_answer(&s.answers, RLV_ANSWER_EFFECT, 0)->as.effect.body, "amended");
    rlv_decision handoff = {.kind = RLV_DECIDED_HANDED_OFF, .owner = RLV_OWNER_QUEUED};
    subject.handoff = &handoff;
    call(host, RLV_PHASE_NOTIFY, arena, &subject, 1);
    assert_str(nth_answer(&s.answers, RLV_ANSWER_EFFECT, 1)->as.effect.body, "{}");
    rlv_arena_free(arena);
    rlv_host_free(host);
    config_close(&c);
}

/* A person closes it: the last card tells why they had it, and how it ended. */
static void test_ending_summary(void **state)
{
    (void)state;
    test_config c;
    config_open(&c, "b", "{label: x}", NULL);
    rlv_host *host = host_of(&c);
    rlv_arena *arena = rlv_arena_new(1 << 20);
    test_subject s;
    subject_init(&s);
    s.event.kind = RLV_EVENT_COMMAND;
    s.event.agent_id = RLV_STR("ana");
    s.event.agent_name = RLV_STR("Ana");
    s.event.note = RLV_STR("sent again");
    s.conversation.served = (rlv_served){.at_ms = 550, .priority = 6, .score = 0.8, .trigger = RLV_STR("cross"), .reason = RLV_STR("Cross.")};
    s.conversation.turns[1].by = 3;
    const rlv_decision closed = {.kind = RLV_DECIDED_CLOSED, .owner = RLV_OWNER_CLOSED};
    rlv_subject subject = subject_of(&s);
    subject.ending = &closed;
    subject.decisions = NULL;
    call(host, RLV_PHASE_SUMMARIZE, arena, &subject, 1);
    rlv_str text = nth_answer(&s.answers, RLV_ANSWER_CARD, 0)->as.card.text;
    assert_non_null(strstr(text.ptr, "handoff 6 cross 0.8 because Cross.:  to "));
    assert_non_null(strstr(text.ptr, "ending since 550 answered 600 by ana (Ana): sent again\n"));
    rlv_arena_free(arena);
    rlv_host_free(host);
    config_close(&c);
}

/* A batch: every view gets its own answers, whatever order they come in, and a failing plugin leaves none. */
static void test_batch_and_failure(void **state)
{
    (void)state;
    enum {
        N = 50
    };
    test_config c;
    config_open(&c, "bad", "{label: x, mode: fail}", "fine", "{label: x}", NULL);
    rlv_host *host = host_of(&c);
    rlv_arena *arena = rlv_arena_new(8 << 20);
    test_subject *s = calloc(N, sizeof(*s));
    rlv_subject subjects[N];
    char texts[N][24];
    for (int i = 0; i < N; i++) {
        subject_init(&s[i]);
        (void)snprintf(texts[i], sizeof(texts[i]), "text %d", i);
        s[i].event.text = rlv_str_from(texts[i]);
        subjects[i] = subject_of(&s[i]);
    }
    rlv_metric *failures = rlv_metric_counter("relevo_plugin_failures_total", "",
                                              "plugin=\"bad\",phase=\"trigger\",reason=\"error\"");
    double before = rlv_metric_value(failures);
    call(host, RLV_PHASE_TRIGGER, arena, subjects, N);
    for (int i = 0; i < N; i++) {
        assert_int_equal(count_answers(&s[i].answers), 2);
        const rlv_answer *failed = s[i].answers.first, *fine = failed->next;
        assert_int_equal(failed->kind, RLV_ANSWER_FAILURE);
        assert_str(failed->plugin, "bad");
        assert_int_equal(failed->as.failure.phase, RLV_PHASE_TRIGGER);
        assert_str(failed->as.failure.reason, "returned -6");
        assert_int_equal(fine->kind, RLV_ANSWER_TRIGGER);
        assert_str(fine->plugin, "fine");
        assert_str(fine->as.trigger.evidence, texts[i]);
    }
    assert_true(rlv_metric_value(failures) - before > N - 1 && rlv_metric_value(failures) - before < N + 1);
    assert_true(rlv_metric_value(rlv_metric_seconds("relevo_plugin_seconds", "",
                                                    "plugin=\"fine\",phase=\"trigger\"")) > 0);
    call(host, RLV_PHASE_TRIGGER, arena, subjects, 0);
    assert_int_equal(count_answers(&s[0].answers), 2);
    free(s);
    rlv_arena_free(arena);
    rlv_host_free(host);
    config_close(&c);
}

/* The event that a plugin fails at is found; the others of its batch keep their answers, each once. */
static void test_failure_is_alone(void **state)
{
    (void)state;
    enum {
        N = 37
    };
    test_config c;
    config_open(&c, "picky", "{label: x, mode: poison}", NULL);
    rlv_host *host = host_of(&c);
    for (int bad = 0; bad < N; bad += 9) {
        rlv_arena *arena = rlv_arena_new(8 << 20);
        test_subject *s = calloc(N, sizeof(*s));
        rlv_subject subjects[N];
        for (int i = 0; i < N; i++) {
            subject_init(&s[i]);
            s[i].event.text = i == bad ? RLV_STR("poison") : RLV_STR("fine");
            subjects[i] = subject_of(&s[i]);
        }
        call(host, RLV_PHASE_TRIGGER, arena, subjects, N);
        for (int i = 0; i < N; i++) {
            assert_int_equal(count_answers(&s[i].answers), 1);
            assert_int_equal(s[i].answers.first->kind, i == bad ? RLV_ANSWER_FAILURE : RLV_ANSWER_TRIGGER);
        }
        free(s);
        rlv_arena_free(arena);
    }
    rlv_host_free(host);
    config_close(&c);
}

static void test_rude_answers(void **state)
{
    (void)state;
    test_config c;
    config_open(&c, "rude", "{label: x, mode: rude}", NULL);
    rlv_host *host = host_of(&c);
    rlv_arena *arena = rlv_arena_new(1 << 20);
    test_subject s;
    subject_init(&s);
    rlv_subject subject = subject_of(&s);
    rlv_metric *refused =
        rlv_metric_counter("relevo_plugin_answers_refused_total", "", "plugin=\"rude\",code=\"text\"");
    double before = rlv_metric_value(refused);
    call(host, RLV_PHASE_RESPOND, arena, &subject, 1);
    assert_int_equal(count_answers(&s.answers), 1); /* the bad ones are dropped alone */
    assert_str(s.answers.first->as.reply.text, "-1 -2 -3 -4 -5 -5");
    assert_true(rlv_metric_value(refused) - before > 1.5 && rlv_metric_value(refused) - before < 2.5);
    rlv_arena_free(arena);
    rlv_host_free(host);
    config_close(&c);
}

static void test_results_go_to_who_asked(void **state)
{
    (void)state;
    test_config c;
    config_open(&c, "a", "{label: x}", "b", "{label: x}", NULL);
    rlv_host *host = host_of(&c);
    rlv_arena *arena = rlv_arena_new(1 << 20);
    test_subject s[3];
    rlv_subject subjects[3];
    const rlv_str asked[] = {RLV_STR("b"), RLV_STR("a"), RLV_STR("gone")};
    for (int i = 0; i < 3; i++) {
        subject_init(&s[i]);
        s[i].event.kind = RLV_EVENT_RESULT;
        s[i].event.plugin = asked[i];
        s[i].event.effect_id = RLV_STR("e1");
        s[i].event.context = RLV_STR("v1");
        s[i].event.body = i ? (rlv_str){0} : RLV_STR("{}");
        s[i].event.http_status = i ? 0 : 201;
        subjects[i] = subject_of(&s[i]);
    }
    call(host, RLV_PHASE_RESULT, arena, subjects, 3);
    assert_int_equal(count_answers(&s[0].answers), 1);
    assert_str(s[0].answers.first->plugin, "b");
    assert_str(s[0].answers.first->as.reply.text, "201 e1 v1 {} ");
    assert_str(s[1].answers.first->plugin, "a");
    assert_str(s[1].answers.first->as.reply.text, "0 e1 v1  no answer");
    assert_int_equal(count_answers(&s[2].answers), 0);
    rlv_arena_free(arena);
    rlv_host_free(host);
    config_close(&c);
}

static void test_arena_full(void **state)
{
    (void)state;
    test_config c;
    config_open(&c, "huge", "{label: x, mode: huge}", NULL);
    rlv_host *host = host_of(&c);
    test_subject s[4];
    rlv_subject subjects[4];
    rlv_error err;
    /* From nothing fits to everything fits: never a crash, and success only with every answer there. */
    unsigned fits = 0;
    for (size_t ceiling = 256; ceiling < 512 * 1024; ceiling += 1024) {
        rlv_arena *arena = rlv_arena_new(ceiling);
        for (int i = 0; i < 4; i++) {
            subject_init(&s[i]);
            subjects[i] = subject_of(&s[i]);
        }
        int code = call_host(host, RLV_PHASE_RESPOND, arena, subjects, 4, &err);
        if (code == RLV_OK) {
            fits++;
            for (int i = 0; i < 4; i++)
                assert_int_equal(count_answers(&s[i].answers), 1);
        } else {
            assert_int_equal(code, RLV_E_LIMIT);
            assert_int_equal(fits, 0);
            assert_string_equal(
                err.message, "plugins' answers in respond about 4 events do not fit into the batch's memory: "
                             "try a smaller batch");
        }
        rlv_arena_free(arena);
    }
    assert_true(fits > 0);
    /* An allocation that was refused to somebody else before does not spoil the call. */
    rlv_arena *arena = rlv_arena_new(1 << 20);
    assert_null(rlv_arena_alloc(arena, 2 << 20));
    subject_init(&s[0]);
    call(host, RLV_PHASE_RESPOND, arena, subjects, 1);
    rlv_arena_free(arena);
    rlv_host_free(host);
    config_close(&c);
}

struct lane {
    pthread_t thread;
    const rlv_host *host;
    unsigned wrong;
};

static void *run_lane(void *argument)
{
    struct lane *lane = argument;
    rlv_arena *arena = rlv_arena_new(4 << 20);
    for (int round = 0; round < (test_wary ? 10 : 200); round++) {
        test_subject s[8];
        rlv_subject subjects[8];
        for (int i = 0; i < 8; i++) {
            subject_init(&s[i]);
            subjects[i] = subject_of(&s[i]);
        }
        for (enum rlv_phase phase = RLV_PHASE_CLASSIFY; phase <= RLV_PHASE_RESPOND; phase++)
            lane->wrong += call_host(lane->host, phase, arena, subjects, 8, NULL) != RLV_OK;
        for (int i = 0; i < 8; i++)
            lane->wrong += count_answers(&s[i].answers) != 2 * (3 + 1 + 1);
        rlv_arena_reset(arena);
    }
    rlv_arena_free(arena);
    return NULL;
}

static void test_lanes_at_once(void **state)
{
    (void)state;
    test_config c;
    config_open(&c, "a", "{label: x}", "b", "{label: x, mode: rude}", NULL);
    rlv_host *host = host_of(&c);
    struct lane lanes[4];
    for (int i = 0; i < 4; i++) {
        lanes[i] = (struct lane){.host = host};
        assert_int_equal(pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        (void)pthread_join(lanes[i].thread, NULL);
        assert_int_equal(lanes[i].wrong, 0);
    }
    rlv_host_free(host);
    config_close(&c);
}

static void test_inspect_and_tool(void **state)
{
    (void)state;
    rlv_arena *arena = rlv_arena_new(1 << 20);
    rlv_host_plugin_info info;
    rlv_error err;
    assert_int_equal(rlv_host_inspect(built("tests/host/probe.so"), false, arena, &info, NULL, &err), RLV_OK);
    assert_string_equal(info.entry, "probe");
    assert_live(0); /* looked at, not made */
    assert_int_equal(rlv_host_inspect("/nowhere.so", false, arena, &info, NULL, &err), RLV_E_NOT_FOUND);
    if (!test_wary) { /* once is enough: it takes five seconds */
        assert_int_equal(rlv_host_inspect(built("tests/isolation/rogue_at_load_sleep.so"), false, arena, &info, NULL, &err), RLV_E_TIMEOUT);
        assert_non_null(strstr(err.message, "rogue_at_load_sleep.so: loading it did not end within 5 s: one of its constructors"));
    }

    int exit_code = -1;
    char *argv[] = {(char *)(uintptr_t) "classifier", (char *)(uintptr_t) "train", NULL};
    assert_int_equal(rlv_host_tool(built("tests/host/probe.so"), 2, argv, &exit_code, &err), RLV_OK);
    assert_int_equal(exit_code, 42);
    assert_int_equal(rlv_host_tool(built("tests/host/probe.so"), 0, argv + 2, &exit_code, &err), RLV_OK);
    assert_int_equal(exit_code, 41); /* it has a name even when nothing is given */
    assert_int_equal(rlv_host_tool(built("tests/abi/bad_score.so"), 0, argv + 2, &exit_code, &err),
                     RLV_E_NOT_FOUND);
    assert_non_null(strstr(err.message, "bad_score.so: plugin 'bad_score' has no command-line tool"));
    assert_int_equal(rlv_host_tool("/nowhere.so", 2, argv, &exit_code, &err), RLV_E_NOT_FOUND);
    assert_int_equal(exit_code, 41);
    rlv_arena_free(arena);
}

static void test_words(void **state)
{
    (void)state;
    assert_string_equal(rlv_host_kind_name(RELEVO_KIND_TRIGGER), "trigger");
    assert_string_equal(rlv_host_kind_name(RELEVO_KIND_NOTIFIER), "notifier");
    assert_string_equal(rlv_host_kind_name(99), "unknown");
    assert_string_equal(rlv_host_option_type_name(RELEVO_OPTION_STRING), "string");
    assert_string_equal(rlv_host_option_type_name(RELEVO_OPTION_JSON), "json");
    assert_string_equal(rlv_host_option_type_name(9), "unknown");
}

typedef struct told {
    char lines[1024];
} told;

static void tell(void *user, const char *line)
{
    told *t = user;
    (void)snprintf(t->lines + strlen(t->lines), sizeof(t->lines) - strlen(t->lines), "%s\n", line);
}

static void lost(const rlv_host *host, const char *expected)
{
    const rlv_host_plugin_info *infos[4];
    told t = {""};
    rlv_error err;
    for (size_t i = 0; i < rlv_host_count(host); i++)
        infos[i] = rlv_host_info(host, i);
    assert_int_equal(rlv_host_lost_intents(infos, rlv_host_count(host), tell, &t, &err), RLV_OK);
    assert_string_equal(t.lines, expected);
}

/* An intent that one waits for and none reads is told with its place, the nearest and what there is. */
static void test_lost_intents(void **state)
{
    (void)state;
    test_config c;
    config_open(&c, "reads", "{label: x}", "waits", "{label: x, mode: waits}", NULL);
    rlv_host *host = host_of(&c);
    char expected[1024];
    assert_int_equal(rlv_host_info(host, 0)->n_intents, 5); /* without what is no line */
    (void)snprintf(expected, sizeof(expected),
                   "%s:%d: plugin 'waits' waits for the intent 'refnud', which none reads, so it never comes: did you mean 'refund'? There are "
                   "refund, order\n"
                   "flows.yaml:7: plugin 'waits' waits for the intent 'parking', which none reads, so it never comes: there are refund, order\n"
                   "%s:%d: plugin 'waits' waits for a result of the plugin 'wait', which there is not, so it never comes: did you mean 'waits'? There are "
                   "reads, waits\n",
                   c.config.file, (int)c.plugins[1].line, c.config.file, (int)c.plugins[1].line);
    lost(host, expected);
    rlv_host_free(host);
    config_close(&c);

    config_open(&c, "waits", "{label: x, mode: waits}", NULL);
    host = host_of(&c);
    (void)snprintf(expected, sizeof(expected),
                   "%s:%d: plugin 'waits' waits for a result of the plugin 'wait', which there is not, so it never comes: did you mean 'waits'? There are "
                   "waits\n",
                   c.config.file, (int)c.plugins[0].line);
    lost(host, expected); /* nobody says what is read */
    rlv_host_plugin_info silent = *rlv_host_info(host, 0), reads = silent;
    const rlv_host_intent one = {"refund", "", RLV_KNOWS_READ};
    reads.intents = &one;
    reads.n_intents = 1;
    silent.tells_intents = false; /* it classifies, and does not say what it reads */
    told t = {""};
    rlv_error err;
    const rlv_host_plugin_info *infos[] = {rlv_host_info(host, 0), &reads, &silent};
    assert_int_equal(rlv_host_lost_intents(infos, 3, tell, &t, &err), RLV_OK);
    assert_null(strstr(t.lines, "intent"));
    t = (told){""};
    assert_int_equal(rlv_host_lost_intents(infos, 2, tell, &t, &err), RLV_OK);
    assert_non_null(strstr(t.lines, "'order'"));
    rlv_host_free(host);
    config_close(&c);
}

static void lost_flows(const rlv_config *config, const rlv_host_plugin_info *info, const char *expected)
{
    told t = {""};
    rlv_error err;
    assert_int_equal(rlv_host_lost_flows(config, &info, 1, tell, &t, &err), RLV_OK);
    assert_string_equal(t.lines, expected);
}

/* A question flow that the policy names and no plugin has is told with its line, the nearest and what there is. */
static void test_lost_flows(void **state)
{
    (void)state;
    test_config c;
    config_open(&c, "asks", "{label: x}", NULL);
    rlv_host *host = host_of(&c);
    const rlv_host_plugin_info *asks = rlv_host_info(host, 0);
    assert_int_equal(asks->n_intents, 5); /* two read, two that begin, one that runs */
    rlv_str flows[] = {RLV_STR("order"), RLV_STR("ordr")};
    rlv_trigger_policy triggers[] = {{.trigger = RLV_STR("anger"), .line = 21, .collect = RLV_STR("flow:ordre")},
                                     {.trigger = RLV_STR("vip"), .line = 22, .collect = RLV_STR("none"), .flows = flows, .n_flows = 1}};
    rlv_trigger_policy rule = {.trigger = RLV_STR("both"), .line = 23, .flows = flows, .n_flows = 2};
    c.config.policy = (rlv_policy){.triggers = triggers, .n_triggers = 2, .rules = &rule, .n_rules = 1};
    c.config.policy.queue.collect = RLV_STR("elsewhere");
    c.config.policy.queue.collect_line = 9;
    char expected[1024];
    (void)snprintf(expected, sizeof(expected),
                   "%s:9: policy.queue.collect names 'elsewhere', which begins nothing of any plugin: there are flow:order, more\n"
                   "%s:21: the trigger 'anger' names 'flow:ordre', which begins nothing of any plugin: did you mean 'flow:order'? There are flow:order, more\n"
                   "%s:23: the rule 'both' names 'ordr', which is no question flow of any plugin: did you mean 'order'? There are order\n",
                   c.config.file, c.config.file, c.config.file);
    lost_flows(&c.config, asks, expected);
    rlv_host_plugin_info older = *asks, silent = *asks;
    older.abi_minor = 5;
    older.operations |= 1u << RLV_PHASE_RESPOND;
    lost_flows(&c.config, &older, ""); /* it could not say what it begins */
    silent.n_intents = 0;
    c.config.policy.n_triggers = c.config.policy.n_rules = 0;
    (void)snprintf(expected, sizeof(expected), "%s:9: policy.queue.collect names 'elsewhere', which begins nothing of any plugin\n", c.config.file);
    lost_flows(&c.config, &silent, expected);
    rlv_host_free(host);
    config_close(&c);
}

static uint64_t hash_with(const char *text)
{
    static const char path[] = "/tmp/relevo-host-content.txt";
    test_config c;
    FILE *file = text ? fopen(path, "we") : NULL;
    if (file) {
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
    }
    config_open(&c, "a", text ? "{label: x, where: /tmp/relevo-host-content.txt}" : "{label: x, where: ''}", NULL);
    rlv_host *host = host_of(&c);
    const rlv_host_plugin_info *infos[] = {rlv_host_info(host, 0), rlv_host_info(host, 0)};
    uint64_t hash = rlv_host_hash(7, infos, 1);
    if (text)
        assert_true(hash != rlv_host_hash(8, infos, 1) && hash != rlv_host_hash(7, infos, 2));
    rlv_host_free(host);
    config_close(&c);
    (void)unlink(path);
    return hash;
}

/* What a plugin reads from a file counts as its options do. */
static void test_hash(void **state)
{
    (void)state;
    uint64_t one = hash_with("one");
    assert_true(one == hash_with("one"));
    assert_true(one != hash_with("two"));
    assert_true(hash_with(NULL) == 7); /* it reads none */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_and_info),
        cmocka_unit_test(test_no_plugins),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_options_arrive),
        cmocka_unit_test(test_phases),
        cmocka_unit_test(test_takeover_summary),
        cmocka_unit_test(test_amended), cmocka_unit_test(test_ending_summary),
        cmocka_unit_test(test_batch_and_failure),
        cmocka_unit_test(test_failure_is_alone),
        cmocka_unit_test(test_rude_answers),
        cmocka_unit_test(test_results_go_to_who_asked),
        cmocka_unit_test(test_arena_full),
        cmocka_unit_test(test_lanes_at_once),
        cmocka_unit_test(test_inspect_and_tool),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_lost_intents),
        cmocka_unit_test(test_lost_flows),
        cmocka_unit_test(test_hash),
    };
    int failed = cmocka_run_group_tests_name("in this process", tests, NULL, NULL);
    test_wary = true;
    failed += cmocka_run_group_tests_name("in copies of this process", tests, NULL, NULL);
    test_isolation = RLV_ISOLATION_PROCESS;
    return failed + cmocka_run_group_tests_name("in processes of their own", tests, NULL, NULL);
}
