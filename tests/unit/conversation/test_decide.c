/* SPDX-License-Identifier: Apache-2.0 */
/* Writing decisions: the functions of decide.h by themselves. */
#include "conversation/decide.h"
#include "talk.h"

static void begin(talk *t)
{
    t->step = (rlv_step){.policy = &t->policy, .arena = t->arena, .conversation = &t->conv, .event = &t->ev};
}

static void test_a_decision_carries_the_owner(void **state)
{
    talk *t = *state;
    talk_owner(t, RLV_OWNER_HUMAN);
    talk_message(t, "");
    begin(t);
    for (uint32_t i = 0; i < 3; i++) {
        const rlv_decision *d = rlv_decide(&t->step, RLV_DECIDED_NOTED);
        assert_int_equal(d->ordinal, i);
        assert_int_equal(d->owner, RLV_OWNER_HUMAN);
        assert_int_equal(d->epoch, 7);
        assert_int_equal(d->stretch, 3);
        assert_str(d->agent_id, "ana");
        assert_str(d->team, "care");
        assert_ptr_equal(t->step.decisions.last, d);
    }
    assert_int_equal(t->step.decisions.n, 3);
    assert_false(t->step.changed);
    t->step.conversation = NULL;
    const rlv_decision *d = rlv_decide(&t->step, RLV_DECIDED_STATUS);
    assert_int_equal(d->owner, 0);
    assert_int_equal(d->ordinal, 3);
}

static void test_changing_the_owner(void **state)
{
    talk *t = *state;
    talk_message(t, "");
    begin(t);
    const rlv_decision *d =
        rlv_decide_owner(&t->step, RLV_DECIDED_TAKEN_OVER, RLV_OWNER_HUMAN, RLV_STR("bea"), RLV_CAUSE_ECHO);
    assert_int_equal(d->as.change.from, RLV_OWNER_BOT);
    assert_int_equal(d->as.change.cause, RLV_CAUSE_ECHO);
    assert_int_equal(d->epoch, 8);
    assert_str(t->conv.agent_id, "bea");
    assert_int_equal(t->conv.stretch, 3);
    t->conv.team = RLV_STR("care");
    d = rlv_decide_owner(&t->step, RLV_DECIDED_RETURNED, RLV_OWNER_BOT, RLV_STR("ignored"),
                         RLV_CAUSE_DESKTOP);
    assert_int_equal(d->as.change.from, RLV_OWNER_HUMAN);
    assert_int_equal(d->epoch, 9);
    assert_int_equal(d->stretch, 4);
    assert_int_equal(d->agent_id.len, 0);
    assert_int_equal(d->team.len, 0);
    assert_int_equal(t->conv.decided_epoch, 9);
    assert_int_equal(t->conv.decided_owner, RLV_OWNER_BOT);
    assert_true(t->step.changed);
}

static void test_a_commanded_change(void **state)
{
    talk *t = *state;
    talk_command(t, RLV_COMMAND_RETURN, RLV_OWNER_BOT, 8);
    t->conv.owner = RLV_OWNER_HUMAN; /* the row went on */
    t->conv.epoch = 9;
    t->conv.agent_id = RLV_STR("zoe");
    begin(t);
    const rlv_decision *d = rlv_decide_commanded(&t->step, RLV_DECIDED_RETURNED, RLV_CAUSE_DESKTOP);
    assert_int_equal(d->owner, RLV_OWNER_BOT);
    assert_int_equal(d->epoch, 8);
    assert_str(d->as.change.by, "bea");
    rlv_decide_reply(&t->step, RLV_STR("Sigo yo."), RLV_STR("notice.returned"), 1);
    assert_int_equal(t->step.decisions.last->owner, RLV_OWNER_BOT);
    assert_int_equal(t->step.decisions.last->epoch, 8); /* the fence stops it: the row is at 9 */
    assert_int_equal(t->step.decisions.last->agent_id.len, 0);
    assert_int_equal(t->conv.epoch, 9);
    assert_str(t->conv.agent_id, "zoe");
}

/* What nobody can decide is over, and what comes behind it goes on. */
static void test_giving_up(void **state)
{
    talk *t = *state;
    talk_command(t, RLV_COMMAND_TAKE_OVER, RLV_OWNER_HUMAN, 8);
    begin(t);
    rlv_step_give_up(&t->step, RLV_STR("it is too much"), true);
    const rlv_decision *d = t->step.decisions.last;
    assert_string_equal(talk_brief(t), "taken_over(bot>human/8 desktop) ignored");
    assert_str(d->as.failure.reason, "it is too much");
    assert_int_equal(d->owner, RLV_OWNER_HUMAN); /* as the command made it */
    assert_int_equal(d->epoch, 8);
    assert_true(t->step.changed); /* or the command would stay */
    assert_int_equal(t->conv.decided_epoch, 8); /* or the lane would wait for the command for ever */
    assert_int_equal(t->conv.decided_owner, RLV_OWNER_HUMAN);

    talk_owner(t, RLV_OWNER_BOT);
    talk_command(t, RLV_COMMAND_TAKE_OVER, RLV_OWNER_HUMAN, 8);
    begin(t);
    rlv_step_give_up(&t->step, RLV_STR("it is too much"), false); /* not even that is survived */
    assert_string_equal(talk_brief(t), "ignored");
    assert_int_equal(t->conv.decided_epoch, 8);
    assert_int_equal(t->conv.decided_owner, RLV_OWNER_HUMAN);

    talk_owner(t, RLV_OWNER_BOT);
    t->conv.idle_timer_ms = 5000;
    t->ev = (rlv_event){.kind = RLV_EVENT_TIMER, .at_ms = 9000};
    begin(t);
    rlv_step_give_up(&t->step, RLV_STR("it is too much"), true);
    assert_int_equal(t->step.decisions.first->kind, RLV_DECIDED_IGNORED);
    assert_int_equal(t->step.decisions.first->owner, RLV_OWNER_BOT);
    assert_int_equal(t->conv.idle_timer_ms, 0); /* a new one may be set */
    assert_true(t->step.changed);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, talk_setup, talk_teardown)
    const struct CMUnitTest tests[] = {TEST(test_a_decision_carries_the_owner), TEST(test_changing_the_owner),
                                       TEST(test_a_commanded_change), TEST(test_giving_up)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
