/* SPDX-License-Identifier: Apache-2.0 */
/* After a person: surveys, follow-ups, and who gets the customer when they write again. */
#include "talk.h"

enum { HOUR = 3600000, DAY = 24 * HOUR };

static int setup(void **state)
{
    talk_setup(state);
    talk_afterwards(*state);
    talk_owner(*state, RLV_OWNER_HUMAN);
    return 0;
}

static const char *ends(talk *t, enum rlv_command_kind kind, const char *note)
{
    talk_command(t, kind, kind == RLV_COMMAND_RESOLVE ? RLV_OWNER_CLOSED : RLV_OWNER_BOT, t->conv.epoch + 1)->note = rlv_str_from(note);
    talk_run(t);
    return talk_brief(t);
}

static const char *writes(talk *t, const char *text, const char *reply_id, int64_t at_ms)
{
    talk_message(t, text)->reply_id = rlv_str_from(reply_id);
    t->ev.at_ms = at_ms;
    talk_run(t);
    return talk_brief(t);
}

static void test_csat(void **state)
{
    talk *t = *state;
    t->policy.survey.on_resolve = true;
    assert_string_equal(ends(t, RLV_COMMAND_RESOLVE, ""),
                        "closed(human>closed/8 desktop) replied(closed/8 notice.closed) replied(closed/8 notice.csat)");
    const rlv_decision *d = t->step.decisions.last;
    assert_int_equal(d->as.said.extras.n_choices, 5);
    assert_str(d->as.said.extras.choices[0].id, "survey:5");
    assert_string_equal(writes(t, "4 ★★★★", "survey:4", 2000), "received slot_filled replied(closed/8 notice.comment)");
    d = talk_find(t, RLV_DECIDED_SLOT_FILLED);
    assert_str(d->as.slot.name, "csat");
    assert_str(d->as.slot.value, "4");
    assert_int_equal(t->asked, 0); /* no plugin takes the score for a question */
    assert_string_equal(writes(t, "Muy amable, gracias", "", 3000), "received slot_filled replied(closed/8 notice.thanks)");
    assert_str(talk_find(t, RLV_DECIDED_SLOT_FILLED)->as.slot.name, "survey_comment");
    assert_string_equal(writes(t, "5 ★★★★★", "survey:5", 4000), "received ignored"); /* once is enough, and opens no case */
    assert_string_equal(writes(t, "hola", "", 5000), "received reopened(closed>bot/9 customer) replied(bot/9 notice.unknown)");
}

static void test_what_is_a_score(void **state)
{
    talk *t = *state;
    static const struct {
        int32_t kind;
        const char *text, *score; /* NULL: none */
    } cases[] = {{RLV_SURVEY_CSAT, "5", "5"},          {RLV_SURVEY_CSAT, "5!", "5"},         {RLV_SURVEY_CSAT, "1 estrella", "1"},
                 {RLV_SURVEY_CSAT, "4 estrellas", "4"}, {RLV_SURVEY_CSAT, "6", NULL},         {RLV_SURVEY_CSAT, "0", NULL},
                 {RLV_SURVEY_CSAT, "3 meses", NULL},   {RLV_SURVEY_CSAT, "2, y quiero otro", NULL}, {RLV_SURVEY_CSAT, "", NULL},
                 {RLV_SURVEY_CSAT, "5 4", NULL},       {RLV_SURVEY_CSAT, "50000", NULL},     {RLV_SURVEY_CSAT, "bien", NULL},
                 {RLV_SURVEY_NPS, "10", "10"},         {RLV_SURVEY_NPS, "0", "0"},           {RLV_SURVEY_NPS, "11", NULL}};
    t->policy.survey.on_resolve = true;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        talk_owner(t, RLV_OWNER_HUMAN);
        t->policy.survey.kind = cases[i].kind;
        (void)ends(t, RLV_COMMAND_RESOLVE, "");
        (void)writes(t, cases[i].text, "", 2000);
        assert_int_equal(talk_count(t, RLV_DECIDED_SLOT_FILLED), cases[i].score != NULL);
        assert_int_equal(talk_count(t, RLV_DECIDED_REOPENED), cases[i].score == NULL); /* what is no score is a new case */
        if (cases[i].score)
            assert_str(talk_find(t, RLV_DECIDED_SLOT_FILLED)->as.slot.value, cases[i].score);
    }
}

static void test_a_question_is_no_comment(void **state)
{
    talk *t = *state;
    t->policy.survey.on_resolve = true;
    (void)ends(t, RLV_COMMAND_RESOLVE, "");
    (void)writes(t, "2", "", 2000);
    assert_string_equal(writes(t, "¿y mi reembolso?", "", 3000), "received reopened(closed>bot/9 customer) replied(bot/9 notice.unknown)");
    talk_owner(t, RLV_OWNER_HUMAN);
    (void)ends(t, RLV_COMMAND_RESOLVE, "");
    assert_string_equal(writes(t, "5", "", 1000 + HOUR + 1), "received reopened(closed>bot/9 customer) replied(bot/9 notice.unknown)"); /* too late */
}

static const char *asks(talk *t, const char *text)
{
    talk_score(t, "anger", 1);
    talk_score(t, "person", 0.2);
    t->script[t->n_script - 1].answer.as.trigger.asked = true;
    talk_replies(t, "¿Algo más?", "faq", 1);
    return writes(t, text, "", 3000);
}

/* Who asks for a person instead of commenting gets one; who is only angry has commented. */
static void test_a_request_for_a_person_is_no_comment(void **state)
{
    talk *t = *state;
    t->policy.survey.on_resolve = true;
    (void)talk_trigger(t, "anger", 0.5, 1, 9);
    (void)talk_trigger(t, "person", 0.5, 1, 5);
    (void)ends(t, RLV_COMMAND_RESOLVE, "");
    (void)writes(t, "1", "", 2000);
    assert_string_equal(asks(t, "quiero hablar con una persona"), "received reopened(closed>bot/9 customer) triggered(anger) triggered(person chosen) "
                                                                  "handed_off(bot>queued/10 trigger) replied(queued/10 notice.handoff)");
    assert_int_equal(t->conv.cases, 3);
    assert_int_equal(t->conv.n_turns, 2); /* theirs, and what they were told */

    talk_owner(t, RLV_OWNER_HUMAN);
    (void)ends(t, RLV_COMMAND_RETURN, "survey");
    (void)writes(t, "1", "", 2000);
    assert_string_equal(asks(t, "quiero hablar con una persona"), "received triggered(anger) triggered(person chosen) "
                                                                  "handed_off(bot>queued/9 trigger) replied(queued/9 notice.handoff)");

    talk_owner(t, RLV_OWNER_HUMAN); /* to whom they go anyway */
    t->policy.reopen.to = RLV_REOPEN_PEOPLE;
    (void)ends(t, RLV_COMMAND_RESOLVE, "");
    t->conv.owner_since_ms = 1000;
    (void)writes(t, "1", "", 2000);
    assert_string_equal(asks(t, "quiero hablar con una persona"), "received reopened(closed>queued/9 customer) replied(queued/9 notice.handoff)");

    talk_owner(t, RLV_OWNER_HUMAN);
    (void)ends(t, RLV_COMMAND_RESOLVE, "");
    (void)writes(t, "1", "", 2000);
    talk_score(t, "anger", 1);
    assert_string_equal(writes(t, "pésimo servicio", "", 3000), "received slot_filled replied(closed/8 notice.thanks)");
    assert_int_equal(t->asked, RLV_WANTS(RLV_PHASE_CLASSIFY) | RLV_WANTS(RLV_PHASE_TRIGGER));
}

static void test_returned_for_a_survey(void **state)
{
    talk *t = *state;
    t->policy.survey.comment = false;
    assert_string_equal(ends(t, RLV_COMMAND_RETURN, "survey"), "returned(human>bot/8 desktop) replied(bot/8 notice.csat)");
    assert_string_equal(writes(t, "5", "", 2000), "received slot_filled replied(bot/8 notice.thanks)");
    talk_owner(t, RLV_OWNER_HUMAN);
    assert_string_equal(ends(t, RLV_COMMAND_RETURN, "continue"), "returned(human>bot/8 desktop) replied(bot/8 notice.returned)");
    assert_string_equal(writes(t, "5", "", 2000), "received replied(bot/8 notice.unknown)"); /* nobody asked */
}

/* Resolved out of the queue: nobody served them. */
static void test_who_was_not_served_is_not_asked(void **state)
{
    talk *t = *state;
    t->policy.survey.on_resolve = true;
    talk_owner(t, RLV_OWNER_QUEUED);
    assert_string_equal(ends(t, RLV_COMMAND_RESOLVE, ""), "closed(queued>closed/8 desktop) replied(closed/8 notice.closed)");
    assert_string_equal(writes(t, "5", "", 2000), "received reopened(closed>bot/9 customer) replied(bot/9 notice.unknown)");
}

/* A person who takes it again ends the survey: what the customer writes is for them. */
static void test_a_person_ends_it(void **state)
{
    talk *t = *state;
    (void)ends(t, RLV_COMMAND_RETURN, "survey");
    talk_command(t, RLV_COMMAND_TAKE_OVER, RLV_OWNER_HUMAN, 9);
    talk_run(t);
    assert_string_equal(writes(t, "5", "", 2000), "received");
}

static void test_after_the_window(void **state)
{
    talk *t = *state;
    t->policy.survey.on_resolve = true;
    t->conv.last_in_ms = 1000 - DAY;
    assert_string_equal(ends(t, RLV_COMMAND_RESOLVE, ""), "closed(human>closed/8 desktop) ignored ignored");
    assert_string_equal(writes(t, "5", "", 2000), "received reopened(closed>bot/9 customer) replied(bot/9 notice.unknown)");
    talk_owner(t, RLV_OWNER_HUMAN);
    t->conv.last_in_ms = 1000 - DAY;
    t->policy.survey.template = RLV_STR("como_te_fue");
    static const char *const parameters[] = {"Hola {name}", "{agent}", "Café Andino"};
    t->policy.survey.parameters = parameters;
    t->policy.survey.n_parameters = 3;
    t->conv.customer_name = (rlv_str){NULL, 0};
    (void)ends(t, RLV_COMMAND_RESOLVE, "");
    const rlv_extras *x = &t->step.decisions.last->as.said.extras;
    assert_str(x->template, "como_te_fue");
    assert_str(x->language, "es");
    assert_int_equal(x->n_parameters, 3);
    assert_str(x->parameters[0], "Hola -"); /* an empty one would be refused */
    assert_str(x->parameters[2], "Café Andino");
    assert_int_equal(x->n_choices, 0);
    assert_string_equal(writes(t, "5", "", 2000), "received slot_filled replied(closed/8 notice.comment)");
}

static void test_follow_up(void **state)
{
    talk *t = *state;
    static const struct {
        enum rlv_owner owner;
        const char *decided;
    } cases[] = {{RLV_OWNER_BOT, "replied(bot/7 notice.follow_up)"},
                 {RLV_OWNER_CLOSED, "replied(closed/7 notice.follow_up)"},
                 {RLV_OWNER_QUEUED, "ignored"},
                 {RLV_OWNER_HUMAN, "ignored"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        talk_owner(t, cases[i].owner);
        talk_command(t, RLV_COMMAND_FOLLOW_UP, t->conv.owner, 7)->extras.template = RLV_STR("seguimiento");
        talk_run(t);
        assert_string_equal(talk_brief(t), cases[i].decided);
        if (i < 2)
            assert_int_equal(t->step.decisions.last->as.said.extras.template.len, 0);
    }
    talk_owner(t, RLV_OWNER_BOT);
    talk_command(t, RLV_COMMAND_FOLLOW_UP, RLV_OWNER_BOT, 7)->extras.template = RLV_STR("seguimiento");
    t->ev.at_ms = t->conv.last_in_ms + DAY;
    talk_run(t);
    assert_str(t->step.decisions.last->as.said.text, "Hola, soy Bea");
    assert_str(t->step.decisions.last->as.said.extras.template, "seguimiento");
    t->conv.epoch = 9; /* somebody took it and gave it back since; those commands wait behind this one */
    talk_run(t);
    assert_string_equal(talk_brief(t), "ignored");
}

/* A flow: plugins are asked as if the customer had chosen it, and nothing is written down as the customer's. */
static void test_a_follow_up_begins(void **state)
{
    talk *t = *state;
    static const struct {
        enum rlv_owner owner;
        const char *decided;
    } cases[] = {{RLV_OWNER_BOT, "received slot_filled replied(bot/7 flow.catering)"},
                 {RLV_OWNER_CLOSED, "received reopened(closed>bot/8 timeout) slot_filled replied(bot/8 flow.catering)"},
                 {RLV_OWNER_HUMAN, "ignored"}};
    for (size_t i = 0; i < 3; i++) {
        talk_owner(t, cases[i].owner);
        int32_t turns = t->conv.n_turns, messages = t->conv.messages;
        talk_command(t, RLV_COMMAND_FOLLOW_UP, t->conv.owner, 7)->reply_id = RLV_STR("flow:catering");
        talk_replies(t, "¿Para qué es?", "flow.catering", 0.7);
        talk_answer(t, RLV_PHASE_RESPOND, RLV_ANSWER_MEMORY, "lead_qualifier")->as.memory = RLV_STR("step 1");
        rlv_answer *a = talk_answer(t, RLV_PHASE_RESPOND, RLV_ANSWER_SLOT, "lead_qualifier");
        a->as.slot.name = RLV_STR("lead.status");
        a->as.slot.value = rlv_str_from(rlv_arena_printf(t->arena, "open %zu", i));
        a->as.slot.amends = true; /* the customer has amended nothing: no notice of that */
        talk_run(t);
        assert_string_equal(talk_brief(t), cases[i].decided);
        assert_null(t->step.message);
        if (i == 2)
            continue;
        assert_str(talk_find(t, RLV_DECIDED_RECEIVED)->as.event->reply_id, "flow:catering");
        assert_int_equal(t->asked, RLV_WANTS(RLV_PHASE_RESPOND));
        assert_int_equal(t->conv.n_turns, (i == 1 ? 0 : turns) + 1); /* the bot's */
        assert_int_equal(t->conv.messages, i == 1 ? 0 : messages);
        assert_int_equal(t->conv.n_memories, 1);
    }
    talk_owner(t, RLV_OWNER_BOT);
    talk_command(t, RLV_COMMAND_FOLLOW_UP, RLV_OWNER_BOT, 7)->reply_id = RLV_STR("flow:gone");
    talk_run(t);
    assert_string_equal(talk_brief(t), "received replied(bot/7 notice.follow_up)"); /* nobody began it: the words instead */
    talk_command(t, RLV_COMMAND_FOLLOW_UP, RLV_OWNER_BOT, 7)->reply_id = RLV_STR("flow:gone");
    t->ev.text = (rlv_str){NULL, 0};
    talk_run(t);
    assert_string_equal(talk_brief(t), "received ignored");
    talk_command(t, RLV_COMMAND_FOLLOW_UP, RLV_OWNER_BOT, 7)->reply_id = RLV_STR("flow:catering");
    t->ev.extras.template = RLV_STR("seguimiento");
    t->ev.at_ms = t->conv.last_in_ms + DAY; /* only a template reaches them */
    talk_replies(t, "¿Para qué es?", "flow.catering", 0.7);
    talk_run(t);
    assert_string_equal(talk_brief(t), "replied(bot/7 notice.follow_up)");
    assert_int_equal(t->asked, 0);
}

/* What a follow-up opened anew rests from then on, not from what the customer wrote long ago. */
static void test_what_begins_is_not_closed_at_once(void **state)
{
    talk *t = *state;
    t->policy.idle_close_ms = HOUR;
    talk_owner(t, RLV_OWNER_CLOSED);
    t->conv.idle_timer_ms = 0;
    talk_command(t, RLV_COMMAND_FOLLOW_UP, RLV_OWNER_CLOSED, 7)->reply_id = RLV_STR("flow:catering");
    t->ev.at_ms = t->conv.last_in_ms + 3 * HOUR;
    int64_t begun = t->ev.at_ms;
    talk_replies(t, "¿Para qué es?", "flow.catering", 0.7);
    talk_run(t);
    assert_int_equal(t->conv.idle_timer_ms, begun + HOUR);
}

static void test_reopened(void **state)
{
    talk *t = *state;
    t->policy.reopen.to = RLV_REOPEN_PEOPLE;
    talk_owner(t, RLV_OWNER_HUMAN);
    t->conv.served.at_ms = 800;
    (void)ends(t, RLV_COMMAND_RESOLVE, "");
    t->conv.owner_since_ms = 1000;
    talk_answer(t, RLV_PHASE_SUMMARIZE, RLV_ANSWER_CARD, "summarizer");
    rlv_answer *route = talk_answer(t, RLV_PHASE_ROUTE, RLV_ANSWER_ROUTE, "router");
    route->as.route = (rlv_route){.priority = 7, .team = RLV_STR("sales"), .language = RLV_STR("es"), .agent = RLV_STR("zoe")};
    assert_string_equal(writes(t, "hola, otra vez", "", 2000),
                        "received reopened(closed>queued/9 customer) replied(queued/9 notice.handoff) summarized");
    assert_str(t->conv.team, "care"); /* whose it was */
    const rlv_decision *d = talk_find(t, RLV_DECIDED_REOPENED);
    assert_true(rlv_decision_hands_off(d));
    assert_str(d->as.change.reason, "El cliente volvió a escribir después del cierre.");
    assert_str(d->as.change.route.team, "care");
    assert_str(d->as.change.route.agent, "bea"); /* who closed it */
    assert_str(d->as.change.route.language, "es");
    assert_int_equal(d->as.change.route.priority, 7); /* the router raises it */
    assert_true(t->asked & RLV_WANTS(RLV_PHASE_NOTIFY));
    assert_str(t->conv.served.reason, "El cliente volvió a escribir después del cierre."); /* for the cards that follow */
    (void)ends(t, RLV_COMMAND_RESOLVE, "");
    t->conv.owner_since_ms = 1000;
    assert_string_equal(writes(t, "hola", "", 1001 + HOUR), "received reopened(closed>bot/11 customer) replied(bot/11 notice.unknown)");
    assert_false(rlv_decision_hands_off(talk_find(t, RLV_DECIDED_REOPENED)));
    talk_owner(t, RLV_OWNER_CLOSED); /* by time-out: no person had it */
    assert_string_equal(writes(t, "hola", "", 2000), "received reopened(closed>bot/8 customer) replied(bot/8 notice.unknown)");
}

static void test_resume(void **state)
{
    talk *t = *state;
    static const rlv_memory flow = {{"lead_qualifier", 14}, {"step 2", 6}};
    t->conv.memories[0] = flow;
    t->conv.n_memories = 1;
    rlv_answer *again = talk_answer(t, RLV_PHASE_RESPOND, RLV_ANSWER_REPLY, "lead_qualifier");
    again->as.reply.text = RLV_STR("Para seguir: ¿cuántos kilos?");
    again->as.reply.source = RLV_STR("flow.catering");
    again->as.reply.flags = RLV_REPLY_ASKS | RLV_REPLY_RESUMES;
    talk_replies(t, "¿En qué te ayudo?", "other", 1); /* nothing was asked, so this answers nothing */
    assert_string_equal(ends(t, RLV_COMMAND_RETURN, "resume"),
                        "returned(human>bot/8 desktop) replied(bot/8 notice.returned) replied(bot/8 flow.catering)");
    assert_int_equal(t->conv.n_memories, 1);
    assert_str(t->conv.memories[0].bytes, "step 2");
    assert_int_equal(t->conv.stretch, 4);
    talk_owner(t, RLV_OWNER_HUMAN);
    (void)ends(t, RLV_COMMAND_RETURN, "continue");
    assert_int_equal(t->conv.n_memories, 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, talk_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_csat),          TEST(test_what_is_a_score), TEST(test_a_question_is_no_comment), TEST(test_returned_for_a_survey),
        TEST(test_a_request_for_a_person_is_no_comment),
        TEST(test_who_was_not_served_is_not_asked), TEST(test_a_person_ends_it), TEST(test_after_the_window), TEST(test_follow_up),             TEST(test_reopened),
        TEST(test_resume),        TEST(test_a_follow_up_begins), TEST(test_what_begins_is_not_closed_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
