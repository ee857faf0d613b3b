/* SPDX-License-Identifier: Apache-2.0 */
/* What who waits is told, how they leave the queue, and what follows when nobody comes. */
#include "talk.h"

static const rlv_decision *clock_says(talk *t, enum rlv_command_kind kind, const char *note)
{
    talk_command(t, kind, t->conv.owner, t->conv.epoch);
    t->ev.agent_id = t->ev.owner_agent = t->ev.text = (rlv_str){NULL, 0};
    t->ev.note = rlv_str_from(note);
    talk_run(t);
    return t->step.decisions.first;
}

static int setup(void **state)
{
    talk_setup(state);
    talk_afterwards(*state);
    talk_owner(*state, RLV_OWNER_QUEUED);
    return 0;
}

static void test_told_what_is_known(void **state)
{
    talk *t = *state;
    const rlv_decision *d = clock_says(t, RLV_COMMAND_WAITING, "position 3");
    assert_string_equal(talk_brief(t), "replied(queued/7 notice.waiting)");
    assert_str(d->as.said.text, "Lugar 3.");
    assert_int_equal(d->as.said.extras.n_choices, 1);
    assert_str(d->as.said.extras.choices[0].title, "Seguir con el bot");
    d = clock_says(t, RLV_COMMAND_WAITING, "position 12, about 45 min");
    assert_str(d->as.said.text, "Unos 45 minutos.");
    t->policy.notices.expected = (rlv_notice){0}; /* no words for it: the place is true too */
    assert_str(clock_says(t, RLV_COMMAND_WAITING, "position 12, about 45 min")->as.said.text, "Lugar 12.");
    t->policy.queue.leave = false;
    assert_int_equal(clock_says(t, RLV_COMMAND_WAITING, "position 2")->as.said.extras.n_choices, 0);
}

/* The database saw the customer waiting, and before the lane decides somebody took them. */
static void test_who_waits_no_longer_is_not_told(void **state)
{
    talk *t = *state;
    for (enum rlv_command_kind kind = RLV_COMMAND_WAITING; kind <= RLV_COMMAND_NOBODY; kind++) {
        talk_owner(t, RLV_OWNER_QUEUED);
        talk_command(t, kind, RLV_OWNER_QUEUED, 7);
        t->conv.owner = t->conv.decided_owner = RLV_OWNER_HUMAN;
        t->conv.epoch = t->conv.decided_epoch = 8;
        talk_run(t);
        assert_string_equal(talk_brief(t), "ignored");
        t->conv.owner = t->conv.decided_owner = RLV_OWNER_QUEUED; /* and gave them back: another wait */
        t->conv.epoch = t->conv.decided_epoch = 9;
        talk_run(t);
        assert_string_equal(talk_brief(t), "ignored");
    }
}

static void test_nobody_came(void **state)
{
    talk *t = *state;
    static const struct {
        int32_t to;
        const char *decided;
    } cases[] = {{RLV_GIVE_UP_WAIT, "replied(queued/7 notice.nobody)"},
                 {RLV_GIVE_UP_BOT, "returned(queued>bot/8 timeout) replied(bot/8 notice.nobody) replied(bot/8 notice.returned)"},
                 {RLV_GIVE_UP_CALLBACK, "replied(queued/7 notice.callback)"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        talk_owner(t, RLV_OWNER_QUEUED);
        t->policy.queue.give_up_to = cases[i].to;
        clock_says(t, RLV_COMMAND_NOBODY, "");
        assert_string_equal(talk_brief(t), cases[i].decided);
    }
}

static void test_callback_data(void **state)
{
    talk *t = *state;
    t->policy.queue.give_up_to = RLV_GIVE_UP_CALLBACK;
    clock_says(t, RLV_COMMAND_NOBODY, "");
    talk_message(t, "mañana a las 9, al 55 1234 5678");
    talk_reads(t, "es", 0);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received slot_filled replied(queued/7 notice.noted) classified");
    assert_str(talk_find(t, RLV_DECIDED_SLOT_FILLED)->as.slot.name, "callback");
    assert_str(talk_find(t, RLV_DECIDED_SLOT_FILLED)->as.slot.value, "mañana a las 9, al 55 1234 5678");
    assert_str(t->conv.slots[0].value, "mañana a las 9, al 55 1234 5678");
    talk_message(t, "mejor a las 10"); /* one message is the answer, and no more */
    talk_run(t);
    assert_string_equal(talk_brief(t), "received");
}

/* What answers nothing is a message like any other, and the question stays open; a yes says neither when nor where; a no is the end of it. */
static void test_only_answers_are_callback_data(void **state)
{
    talk *t = *state;
    t->policy.queue.give_up_to = RLV_GIVE_UP_CALLBACK;
    clock_says(t, RLV_COMMAND_NOBODY, "");
    talk_message(t, "mi pedido 48213 no ha llegado");
    talk_run(t);
    assert_string_equal(talk_brief(t), "received");
    talk_message(t, "sí");
    talk_run(t);
    assert_string_equal(talk_brief(t), "received slot_filled");
    talk_message(t, "no");
    talk_run(t);
    assert_string_equal(talk_brief(t), "received");
    talk_message(t, "al 55 1234 5678");
    talk_run(t);
    assert_string_equal(talk_brief(t), "received slot_filled replied(queued/7 notice.noted)");
    assert_str(t->conv.slots[0].value, "al 55 1234 5678");
    clock_says(t, RLV_COMMAND_NOBODY, "");
    talk_message(t, "no, gracias");
    talk_run(t);
    assert_string_equal(talk_brief(t), "received slot_filled");
    talk_message(t, "mañana");
    talk_run(t);
    assert_string_equal(talk_brief(t), "received");
}

/* A person had them meanwhile. */
static void test_the_callback_is_asked_for_no_longer(void **state)
{
    talk *t = *state;
    t->policy.queue.give_up_to = RLV_GIVE_UP_CALLBACK;
    clock_says(t, RLV_COMMAND_NOBODY, "");
    talk_command(t, RLV_COMMAND_TAKE_OVER, RLV_OWNER_HUMAN, 8);
    talk_run(t);
    talk_command(t, RLV_COMMAND_REQUEUE, RLV_OWNER_QUEUED, 9);
    talk_run(t);
    talk_message(t, "mañana a las 9");
    talk_run(t);
    assert_string_equal(talk_brief(t), "received");
}

static void test_leaving_the_queue(void **state)
{
    talk *t = *state;
    static const char *const gone = "received returned(queued>bot/8 customer) replied(bot/8 notice.returned)";
    talk_message(t, "Seguir con el bot")->reply_id = RLV_STR("relevo:bot");
    talk_replies(t, "no", "faq", 0.9);
    talk_run(t);
    assert_string_equal(talk_brief(t), gone);
    assert_int_equal(t->asked, 0); /* nothing to answer yet */
    assert_int_equal(t->conv.team.len, 0);
    talk_owner(t, RLV_OWNER_QUEUED);
    talk_message(t, "seguir con el BOT.");
    talk_run(t);
    assert_string_equal(talk_brief(t), gone);

    t->policy.notices.leave.es = RLV_STR("🤖");
    talk_owner(t, RLV_OWNER_QUEUED);
    talk_message(t, "🤖");
    talk_run(t);
    assert_string_equal(talk_brief(t), gone);
    talk_owner(t, RLV_OWNER_QUEUED);
    talk_message(t, "👍");
    talk_run(t);
    assert_string_equal(talk_brief(t), "received");
    t->policy.notices.leave.es = RLV_STR("Seguir con el bot");

    talk_owner(t, RLV_OWNER_QUEUED);
    talk_message(t, "Seguir con el bot, o mejor no");
    talk_run(t);
    assert_string_equal(talk_brief(t), "received");
    talk_owner(t, RLV_OWNER_HUMAN); /* a person has them by now: it is a message like any other */
    talk_message(t, "Seguir con el bot")->reply_id = RLV_STR("relevo:bot");
    talk_run(t);
    assert_string_equal(talk_brief(t), "received");
    talk_owner(t, RLV_OWNER_QUEUED);
    t->policy.queue.leave = false;
    talk_message(t, "Seguir con el bot");
    talk_run(t);
    assert_string_equal(talk_brief(t), "received");
}

static void test_back_in_the_queue(void **state)
{
    talk *t = *state;
    talk_owner(t, RLV_OWNER_HUMAN);
    talk_command(t, RLV_COMMAND_REQUEUE, RLV_OWNER_QUEUED, 8)->agent_id = (rlv_str){NULL, 0};
    talk_run(t);
    assert_string_equal(talk_brief(t), "requeued(human>queued/8 timeout) replied(queued/8 notice.requeued)");
    assert_str(talk_find(t, RLV_DECIDED_REQUEUED)->as.change.reason, "why");
    talk_command(t, RLV_COMMAND_REQUEUE, RLV_OWNER_QUEUED, 9)->agent_id = (rlv_str){NULL, 0}; /* to another team's queue */
    talk_run(t);
    assert_string_equal(talk_brief(t), "requeued(queued>queued/9 timeout)");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, talk_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_told_what_is_known), TEST(test_who_waits_no_longer_is_not_told), TEST(test_nobody_came),
        TEST(test_callback_data),      TEST(test_leaving_the_queue),               TEST(test_back_in_the_queue),
        TEST(test_only_answers_are_callback_data), TEST(test_the_callback_is_asked_for_no_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
