/* SPDX-License-Identifier: Apache-2.0 */
/* Times with people: why they have it, what earlier ones came to, and the cards that follow the customer. */
#include "conversation/served.h"
#include "talk.h"

static void asks_for_cards(talk *t)
{
    rlv_answer *card = talk_answer(t, RLV_PHASE_SUMMARIZE, RLV_ANSWER_CARD, "summarizer");
    card->as.card.name = RLV_STR("why");
    card->as.card.text = RLV_STR("x");
}

static void handed_off(talk *t, int64_t at_ms)
{
    talk_message(t, "¡quiero una persona!");
    t->ev.at_ms = at_ms;
    talk_score(t, "wants_person", 1);
    t->script[t->n_script - 1].answer.as.trigger.reason = RLV_STR("Pide una persona.");
    t->script[t->n_script - 1].answer.as.trigger.evidence = RLV_STR("una persona");
    talk_run(t);
}

static void ended(talk *t, enum rlv_command_kind kind, const char *note, int64_t at_ms)
{
    rlv_event *ev = talk_command(t, kind, kind == RLV_COMMAND_RESOLVE ? RLV_OWNER_CLOSED : RLV_OWNER_BOT, t->conv.epoch + 1);
    ev->note = rlv_str_from(note);
    ev->agent_id = RLV_STR("ana");
    ev->at_ms = at_ms;
}

static void test_why_people_have_it(void **state)
{
    talk *t = *state;
    handed_off(t, 1000);
    const rlv_served *s = &t->conv.served;
    assert_int_equal(s->at_ms, 1000);
    assert_int_equal(s->priority, 5);
    assert_str(s->trigger, "wants_person");
    assert_str(s->reason, "Pide una persona.");
    assert_str(s->evidence, "una persona");
    talk_command(t, RLV_COMMAND_TAKE_OVER, RLV_OWNER_HUMAN, t->conv.epoch + 1)->at_ms = 2000;
    talk_run(t);
    assert_int_equal(s->at_ms, 1000); /* who takes it from the queue takes it for that reason */
    assert_str(s->trigger, "wants_person");
    ended(t, RLV_COMMAND_RESOLVE, "enviado de nuevo", 3000);
    talk_run(t);
    assert_int_equal(s->at_ms, 0);
    assert_int_equal(t->conv.n_past, 1);
    const rlv_bygone *p = &t->conv.past[0];
    assert_int_equal(p->at_ms, 1000);
    assert_int_equal(p->ended_ms, 3000);
    assert_int_equal(p->ended, RLV_OWNER_CLOSED);
    assert_str(p->trigger, "wants_person");
    assert_str(p->reason, "Pide una persona.");
    assert_str(p->agent, "ana");
    assert_str(p->note, "enviado de nuevo");
    assert_int_equal(p->score, -1);
}

static void test_taken_over_for_no_reason(void **state)
{
    talk *t = *state;
    talk_command(t, RLV_COMMAND_TAKE_OVER, RLV_OWNER_HUMAN, t->conv.epoch + 1)->at_ms = 2000;
    talk_run(t);
    assert_int_equal(t->conv.served.at_ms, 2000);
    assert_int_equal(t->conv.served.trigger.len, 0);
    ended(t, RLV_COMMAND_RETURN, "continue", 2500);
    talk_run(t);
    assert_int_equal(t->conv.past[0].ended, RLV_OWNER_BOT);
}

static void test_only_the_last_are_kept(void **state)
{
    talk *t = *state;
    for (int64_t i = 0; i < RLV_PAST_MAX + 2; i++) {
        handed_off(t, 1000 + 10 * i);
        ended(t, RLV_COMMAND_RETURN, "continue", 1005 + 10 * i);
        talk_run(t);
    }
    assert_int_equal(t->conv.n_past, RLV_PAST_MAX);
    assert_int_equal(t->conv.past[0].at_ms, 1020);
    assert_int_equal(t->conv.past[RLV_PAST_MAX - 1].at_ms, 1000 + 10 * (RLV_PAST_MAX + 1));
}

static void test_the_survey_is_of_the_last(void **state)
{
    talk *t = *state;
    talk_afterwards(t);
    t->policy.survey.on_resolve = true;
    handed_off(t, 1000);
    talk_command(t, RLV_COMMAND_ASSIGN, RLV_OWNER_HUMAN, t->conv.epoch + 1);
    talk_run(t);
    ended(t, RLV_COMMAND_RESOLVE, "", 2000);
    talk_run(t);
    talk_message(t, "4");
    talk_run(t);
    assert_int_equal(t->conv.past[0].score, 4);
}

/* The customer writes on while people have it: the card is written anew. While the bot has it, there is none. */
static void test_the_card_follows(void **state)
{
    talk *t = *state;
    handed_off(t, 1000);
    talk_message(t, "es el pedido 48214, perdón");
    talk_reads(t, "es", 0);
    asks_for_cards(t);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received classified summarized");
    talk_owner(t, RLV_OWNER_HUMAN);
    talk_message(t, "¿sigue ahí?");
    asks_for_cards(t);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received summarized");
    talk_owner(t, RLV_OWNER_BOT);
    talk_message(t, "hola");
    talk_replies(t, "¡Hola!", "saludo", 1);
    talk_run(t);
    assert_int_equal(t->asked & RLV_WANTS(RLV_PHASE_SUMMARIZE), 0);
}

/* A person closes it: a last card, and the world is told. A time-out closes without either. */
static void test_the_last_card(void **state)
{
    talk *t = *state;
    handed_off(t, 1000);
    ended(t, RLV_COMMAND_RESOLVE, "listo", 2000);
    asks_for_cards(t);
    talk_answer(t, RLV_PHASE_NOTIFY, RLV_ANSWER_EFFECT, "crm")->as.effect.destination = RLV_STR("crm");
    talk_run(t);
    assert_string_equal(talk_brief(t), "closed(queued>closed/9 desktop) replied(closed/9 notice.closed) summarized notified");
    assert_non_null(t->step.ending);
    ended(t, RLV_COMMAND_RETURN, "continue", 3000);
    talk_run(t);
    assert_int_equal(t->asked, 0);
}

static void test_a_slot_knows_what_it_was(void **state)
{
    talk *t = *state;
    static const char *const values[] = {"48213", "48213", "48214"};
    for (size_t i = 0; i < 3; i++) {
        talk_message(t, values[i]);
        rlv_answer *a = talk_answer(t, RLV_PHASE_RESPOND, RLV_ANSWER_SLOT, "lead_qualifier");
        a->as.slot.name = RLV_STR("order_number");
        a->as.slot.value = rlv_str_from(values[i]);
        talk_run(t);
        assert_str(t->conv.slots[0].was, i < 2 ? "" : "48213");
    }
    talk_command(t, RLV_COMMAND_RETURN, RLV_OWNER_BOT, t->conv.epoch + 1);
    talk_run(t);
    assert_str(t->conv.slots[0].value, "48214");
    assert_int_equal(t->conv.slots[0].was.len, 0); /* in another stretch it is what it is */
}

static void test_join(void **state)
{
    talk *t = *state;
    static rlv_conversation kept, loser;
    kept = (rlv_conversation){.n_past = 2, .past = {{.ended_ms = 10}, {.ended_ms = 30}}, .served = {.at_ms = 40}};
    loser = (rlv_conversation){.n_past = 4, .past = {{.ended_ms = 5}, {.ended_ms = 20}, {.ended_ms = 31}, {.ended_ms = 32}}, .served = {.at_ms = 50}};
    (void)t;
    rlv_served_join(&kept, &loser, false);
    static const int64_t both[] = {10, 20, 30, 31, 32};
    assert_int_equal(kept.n_past, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(kept.past[i].ended_ms, both[i]);
    assert_int_equal(kept.served.at_ms, 40);
    rlv_served_join(&kept, &loser, true);
    assert_int_equal(kept.served.at_ms, 50);
}

/* What the step does when it closes, a rebuilding tool does with decisions alone. */
static void test_of_decisions_alone(void **state)
{
    talk *t = *state;
    handed_off(t, 1000);
    static rlv_conversation rebuilt;
    rlv_served_follow(&rebuilt, &t->step.decisions, 1000);
    assert_int_equal(rebuilt.served.at_ms, 1000);
    assert_str(rebuilt.served.evidence, "una persona");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_why_people_have_it, talk_setup, talk_teardown),
        cmocka_unit_test_setup_teardown(test_taken_over_for_no_reason, talk_setup, talk_teardown),
        cmocka_unit_test_setup_teardown(test_only_the_last_are_kept, talk_setup, talk_teardown),
        cmocka_unit_test_setup_teardown(test_the_survey_is_of_the_last, talk_setup, talk_teardown),
        cmocka_unit_test_setup_teardown(test_the_card_follows, talk_setup, talk_teardown),
        cmocka_unit_test_setup_teardown(test_the_last_card, talk_setup, talk_teardown),
        cmocka_unit_test_setup_teardown(test_a_slot_knows_what_it_was, talk_setup, talk_teardown),
        cmocka_unit_test_setup_teardown(test_join, talk_setup, talk_teardown),
        cmocka_unit_test_setup_teardown(test_of_decisions_alone, talk_setup, talk_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
