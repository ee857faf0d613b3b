/* SPDX-License-Identifier: Apache-2.0 */
/* A customer who says nothing any more: triggers are asked once, and only about that. */
#include "talk.h"

enum { MINUTE = 60000 };

static int setup(void **state)
{
    talk_setup(state);
    talk *t = *state;
    t->policy.silence_ms = MINUTE;
    t->policy.idle_close_ms = 10 * MINUTE;
    return 0;
}

static void rings(talk *t, int64_t at_ms)
{
    t->ev = (rlv_event){.kind = RLV_EVENT_TIMER, .timer = RLV_STR("idle"), .at_ms = at_ms};
    talk_run(t);
}

static void writes(talk *t, int64_t at_ms)
{
    talk_message(t, "dos cajas")->at_ms = at_ms;
    talk_run(t);
}

static void test_asked_once(void **state)
{
    talk *t = *state;
    writes(t, 1000);
    assert_int_equal(t->conv.idle_timer_ms, 1000 + MINUTE);
    rings(t, 1000 + MINUTE);
    assert_string_equal(talk_brief(t), "received");
    assert_int_equal(t->asked, RLV_WANTS(RLV_PHASE_TRIGGER));
    const rlv_event *told = talk_find(t, RLV_DECIDED_RECEIVED)->as.event;
    assert_str(told->type, "silence");
    assert_int_equal(told->kind, RLV_EVENT_TIMER);
    assert_int_equal(t->conv.idle_timer_ms, 1000 + 10 * MINUTE); /* next it is closed */
    rings(t, 1000 + 2 * MINUTE);
    assert_string_equal(talk_brief(t), "ignored");
    assert_int_equal(t->asked, 0);
    writes(t, 1000 + 3 * MINUTE); /* they speak, and fall silent again */
    rings(t, 1000 + 4 * MINUTE);
    assert_string_equal(talk_brief(t), "received");
    rings(t, 1000 + 13 * MINUTE);
    assert_string_equal(talk_brief(t), "closed(bot>closed/8 timeout)");
}

/* Who falls silent at closing time is no concern of the night: 1970-01-01 was a Thursday, and the place keeps UTC. */
static void test_a_night_is_no_silence(void **state)
{
    talk *t = *state;
    static const rlv_zone_change utc[] = {{INT64_MIN, 0}};
    static const struct rlv_opening days[] = {{0x7f, {9 * 60, 18 * 60}}};
    static const rlv_hours office = {.zone = utc, .n_zone = 1, .open = days, .n_open = 1};
    enum { HOUR = 60 * MINUTE };
    t->policy.silence_ms = 30 * MINUTE;
    t->policy.silence_hours = &office;
    t->policy.idle_close_ms = 24 * HOUR;
    writes(t, 17 * HOUR + 50 * MINUTE);
    assert_int_equal(t->conv.idle_timer_ms, 33 * HOUR + 20 * MINUTE);
    rings(t, 18 * HOUR + 20 * MINUTE); /* an earlier one */
    assert_string_equal(talk_brief(t), "ignored");
    rings(t, 33 * HOUR + 20 * MINUTE);
    assert_string_equal(talk_brief(t), "received");
    t->conv.idle_timer_ms = 0;
    writes(t, 34 * HOUR); /* by day it is as ever */
    assert_int_equal(t->conv.idle_timer_ms, 34 * HOUR + 30 * MINUTE);
}

static void test_a_trigger_hands_off(void **state)
{
    talk *t = *state;
    writes(t, 1000);
    talk_score(t, "quiet", 0.9);
    talk_answer(t, RLV_PHASE_SUMMARIZE, RLV_ANSWER_CARD, "summarizer")->as.card.text = RLV_STR("x");
    talk_answer(t, RLV_PHASE_NOTIFY, RLV_ANSWER_EFFECT, "crm")->as.effect.destination = RLV_STR("crm");
    rings(t, 1000 + MINUTE);
    assert_string_equal(talk_brief(t), "received triggered(quiet chosen) handed_off(bot>queued/8 trigger) replied(queued/8 notice.handoff) "
                                       "summarized notified");
    assert_null(t->step.message);
    assert_int_equal(t->conv.idle_timer_ms, 0);
}

static void test_a_trigger_only_tells(void **state)
{
    talk *t = *state;
    talk_trigger(t, "quiet", 0.5, 1, 5)->tell_only = true;
    writes(t, 1000);
    talk_score(t, "quiet", 0.9);
    talk_answer(t, RLV_PHASE_NOTIFY, RLV_ANSWER_EFFECT, "crm")->as.effect.destination = RLV_STR("crm");
    rings(t, 1000 + MINUTE);
    assert_string_equal(talk_brief(t), "received triggered(quiet) notified");
    assert_int_equal(t->conv.owner, RLV_OWNER_BOT);
}

/* Nobody waits for an answer: a trigger that fails is told of, and nobody is sent for. */
static void test_a_failure_is_only_told(void **state)
{
    talk *t = *state;
    writes(t, 1000);
    rlv_answer *a = talk_answer(t, RLV_PHASE_TRIGGER, RLV_ANSWER_FAILURE, "broken");
    a->as.failure.phase = RLV_PHASE_TRIGGER;
    a->as.failure.reason = RLV_STR("it crashed");
    rings(t, 1000 + MINUTE);
    assert_string_equal(talk_brief(t), "received failed");
    assert_int_equal(t->conv.owner, RLV_OWNER_BOT);
}

static void test_when_it_is_none(void **state)
{
    talk *t = *state;
    writes(t, 1000);
    writes(t, 1000 + MINUTE / 2);
    rings(t, 1000 + MINUTE); /* they wrote meanwhile */
    assert_string_equal(talk_brief(t), "ignored");
    assert_int_equal(t->conv.idle_timer_ms, 1000 + MINUTE / 2 + MINUTE);
    talk_owner(t, RLV_OWNER_HUMAN);
    rings(t, 1000 + 9 * MINUTE);
    assert_string_equal(talk_brief(t), "ignored");
    talk_owner(t, RLV_OWNER_BOT);
    t->policy.silence_ms = 0;
    rings(t, 1000 + 9 * MINUTE);
    assert_string_equal(talk_brief(t), "ignored");
    t->policy.silence_ms = MINUTE;
    t->policy.idle_close_ms = 0; /* it is never closed: the silence has a timer of its own */
    t->conv.idle_timer_ms = 0;
    writes(t, 1000 + 20 * MINUTE);
    assert_int_equal(t->conv.idle_timer_ms, 1000 + 21 * MINUTE);
    rings(t, 1000 + 21 * MINUTE);
    assert_string_equal(talk_brief(t), "received");
    assert_int_equal(t->conv.idle_timer_ms, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, talk_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_asked_once),
        TEST(test_a_night_is_no_silence),
        TEST(test_a_trigger_hands_off),
        TEST(test_a_trigger_only_tells),
        TEST(test_a_failure_is_only_told),
        TEST(test_when_it_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
