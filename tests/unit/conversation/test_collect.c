/* SPDX-License-Identifier: Apache-2.0 */
/* What the bot asks of who waits for a person: when it begins, whose word counts, and what ends it. */
#include "talk.h"

enum { AFTER = 15000 };

static int setup(void **state)
{
    talk_setup(state);
    talk *t = *state;
    talk_afterwards(t);
    t->policy.queue.collect = RLV_STR("flow:details");
    t->policy.queue.collect_after_ms = AFTER;
    return 0;
}

static void asks(talk *t, const char *plugin, const char *text, uint32_t flags)
{
    rlv_answer *a = talk_answer(t, RLV_PHASE_RESPOND, RLV_ANSWER_REPLY, plugin);
    a->as.reply.text = rlv_str_from(text);
    a->as.reply.source = RLV_STR("flow.details");
    a->as.reply.confidence = 0.7;
    a->as.reply.flags = flags;
}

static void hands_off(talk *t)
{
    t->policy.n_triggers = 0;
    talk_owner(t, RLV_OWNER_BOT);
    talk_trigger(t, "person", 0.5, 1, 5);
    talk_message(t, "quiero una persona");
    talk_score(t, "person", 0.9);
    talk_run(t);
    assert_int_equal(t->conv.owner, RLV_OWNER_QUEUED);
}

static void rings(talk *t, int64_t at_ms)
{
    t->ev = (rlv_event){.kind = RLV_EVENT_TIMER, .timer = RLV_STR("held"), .at_ms = at_ms};
    talk_run(t);
}

static void begins(talk *t)
{
    hands_off(t);
    asks(t, "flows", "¿Tu correo?", RLV_REPLY_ASKS);
    rings(t, 1000 + AFTER);
    assert_string_equal(talk_brief(t), "replied(queued/8 flow.details)");
}

static void test_it_begins_when_they_have_waited(void **state)
{
    talk *t = *state;
    hands_off(t);
    assert_int_equal(t->conv.held_timer_ms, 1000 + AFTER);
    asks(t, "flows", "¿Tu correo?", RLV_REPLY_ASKS);
    rings(t, AFTER); /* of a burst that is over: too early, and set anew */
    assert_string_equal(talk_brief(t), "ignored");
    assert_int_equal(t->conv.held_timer_ms, 1000 + AFTER);
    talk_replies(t, "Hola", "talk.hello", 0.99); /* asks nothing */
    asks(t, "flows", "¿Tu correo?", RLV_REPLY_ASKS);
    rings(t, 1000 + AFTER);
    assert_string_equal(talk_brief(t), "replied(queued/8 flow.details)");
    assert_null(t->step.message); /* nobody wrote it */
    assert_int_equal(t->conv.turns[t->conv.n_turns - 1].by, 2);
    assert_int_equal(t->conv.held_timer_ms, 0);
    assert_int_equal(t->asked, RLV_WANTS(RLV_PHASE_RESPOND) | RLV_WANTS(RLV_PHASE_SUMMARIZE));
    rings(t, 2000 + AFTER);
    assert_string_equal(talk_brief(t), "ignored"); /* once */
}

/* Only the plugin that asks speaks, until it asks no more. */
static void test_one_plugin_asks(void **state)
{
    talk *t = *state;
    begins(t);
    talk_message(t, "ana@correo.mx");
    rlv_answer *slot = talk_answer(t, RLV_PHASE_CLASSIFY, RLV_ANSWER_SLOT, "flows");
    slot->as.slot.name = RLV_STR("email");
    slot->as.slot.value = RLV_STR("ana@correo.mx");
    talk_replies(t, "Abrimos a las 9.", "faq.hours", 0.99);
    asks(t, "flows", "¿Y tu pedido?", RLV_REPLY_ASKS);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received slot_filled replied(queued/8 flow.details)");
    assert_str(talk_find(t, RLV_DECIDED_REPLIED)->as.said.text, "¿Y tu pedido?");
    talk_message(t, "¿a qué hora abren?"); /* a person's to answer */
    talk_replies(t, "Abrimos a las 9.", "faq.hours", 0.99);
    asks(t, "flows", "Para seguir: ¿tu pedido?", RLV_REPLY_ASKS | RLV_REPLY_RESUMES);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received");
    talk_message(t, "12345");
    asks(t, "flows", "Gracias.", 0);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received replied(queued/8 flow.details)");
    talk_message(t, "¿hola?"); /* it is over */
    asks(t, "flows", "¿Algo más?", RLV_REPLY_ASKS);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received");
    assert_int_equal(t->asked & RLV_WANTS(RLV_PHASE_RESPOND), 0);
}

/* What was asked when they were handed over is asked again, where it is the same. */
static void test_it_takes_up_again(void **state)
{
    talk *t = *state;
    hands_off(t);
    asks(t, "flows", "Para seguir: ¿tu correo?", RLV_REPLY_ASKS | RLV_REPLY_RESUMES);
    rings(t, 1000 + AFTER);
    assert_string_equal(talk_brief(t), "replied(queued/8 flow.details)");
    talk_message(t, "ana@correo.mx");
    asks(t, "flows", "Gracias.", 0);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received replied(queued/8 flow.details)");
}

static void test_nothing_is_missing(void **state)
{
    talk *t = *state;
    hands_off(t);
    talk_replies(t, "Hola", "talk.hello", 0.99);
    rings(t, 1000 + AFTER);
    assert_string_equal(talk_brief(t), "ignored");
    talk_message(t, "¿hola?");
    asks(t, "flows", "¿Tu correo?", RLV_REPLY_ASKS);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received");
}

/* Whoever takes them, or sends them back: no question comes any more, begun or not. */
static void test_it_ends_when_they_wait_no_longer(void **state)
{
    talk *t = *state;
    static const struct {
        enum rlv_command_kind command;
        enum rlv_owner owner;
    } ends[] = {{RLV_COMMAND_TAKE_OVER, RLV_OWNER_HUMAN}, {RLV_COMMAND_ASSIGN, RLV_OWNER_HUMAN}, {RLV_COMMAND_RETURN, RLV_OWNER_BOT},
                {RLV_COMMAND_RESOLVE, RLV_OWNER_CLOSED}};
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        for (int begun = 0; begun < 2; begun++) {
            if (begun)
                begins(t);
            else
                hands_off(t);
            talk_command(t, ends[i].command, ends[i].owner, 9);
            talk_run(t);
            talk_owner(t, RLV_OWNER_QUEUED); /* and back in the queue: a person has spoken to them, or may have */
            asks(t, "flows", "¿Tu correo?", RLV_REPLY_ASKS);
            rings(t, 2000 + AFTER);
            assert_string_equal(talk_brief(t), "ignored");
            talk_message(t, "ana@correo.mx");
            asks(t, "flows", "¿Y tu pedido?", RLV_REPLY_ASKS);
            talk_run(t);
            assert_string_equal(talk_brief(t), "received");
        }
    }
}

/* Somebody took them, and no lane has decided that yet. */
static void test_whose_it_is_counts(void **state)
{
    talk *t = *state;
    hands_off(t);
    talk_command(t, RLV_COMMAND_TAKE_OVER, RLV_OWNER_HUMAN, 9);
    asks(t, "flows", "¿Tu correo?", RLV_REPLY_ASKS);
    rings(t, 1000 + AFTER);
    assert_string_equal(talk_brief(t), "ignored");
    begins(t);
    talk_command(t, RLV_COMMAND_TAKE_OVER, RLV_OWNER_HUMAN, 9);
    talk_message(t, "ana@correo.mx");
    asks(t, "flows", "¿Y tu pedido?", RLV_REPLY_ASKS);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received");
}

/* Moved to another team's queue they wait on. */
static void test_it_goes_on_in_another_queue(void **state)
{
    talk *t = *state;
    begins(t);
    talk_command(t, RLV_COMMAND_REQUEUE, RLV_OWNER_QUEUED, 9)->agent_id = (rlv_str){NULL, 0};
    talk_run(t);
    talk_message(t, "ana@correo.mx");
    asks(t, "flows", "¿Y tu pedido?", RLV_REPLY_ASKS);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received replied(queued/9 flow.details)");
}

static void test_what_a_trigger_wants(void **state)
{
    talk *t = *state;
    static const struct {
        const char *queue, *trigger;
        bool waits;
    } cases[] = {{"", "", false},
                 {"none", "", false},
                 {"flow:details", "none", false},
                 {"", "flow:order", true},
                 {"flow:details", "flow:order", true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        t->policy.n_triggers = 0;
        talk_owner(t, RLV_OWNER_BOT);
        t->conv.held_timer_ms = 0;
        t->policy.queue.collect = rlv_str_from(cases[i].queue);
        talk_trigger(t, "person", 0.5, 1, 5)->collect = rlv_str_from(cases[i].trigger);
        talk_message(t, "quiero una persona");
        talk_score(t, "person", 0.9);
        talk_run(t);
        assert_int_equal(t->conv.held_timer_ms, cases[i].waits ? 1000 + AFTER : 0);
    }
}

/* Nobody came: one question at a time. */
static void test_a_callback_is_asked_for_instead(void **state)
{
    talk *t = *state;
    begins(t);
    t->policy.queue.give_up_to = RLV_GIVE_UP_CALLBACK;
    talk_command(t, RLV_COMMAND_NOBODY, t->conv.owner, t->conv.epoch);
    talk_run(t);
    talk_message(t, "al 55 1234 5678");
    asks(t, "flows", "¿Tu correo?", RLV_REPLY_ASKS);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received slot_filled replied(queued/8 notice.noted)");
}

/* A consumer that was away for a day: WhatsApp would refuse the question. */
static void test_the_window_is_over(void **state)
{
    talk *t = *state;
    hands_off(t);
    asks(t, "flows", "¿Tu correo?", RLV_REPLY_ASKS);
    rings(t, 1000 + 25 * 3600 * 1000);
    assert_string_equal(talk_brief(t), "ignored");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, talk_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_it_begins_when_they_have_waited),
        TEST(test_one_plugin_asks),
        TEST(test_it_takes_up_again),
        TEST(test_nothing_is_missing),
        TEST(test_it_ends_when_they_wait_no_longer),
        TEST(test_whose_it_is_counts),
        TEST(test_it_goes_on_in_another_queue),
        TEST(test_what_a_trigger_wants),
        TEST(test_a_callback_is_asked_for_instead),
        TEST(test_the_window_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
