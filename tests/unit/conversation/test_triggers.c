/* SPDX-License-Identifier: Apache-2.0 */
/* The trigger policy: what hands off, what only observes, who is the cause. */
#include "conversation/triggers.h"
#include "talk.h"

enum {
    RULES = 3,
    SCORES = 4
};

static const struct row {
    const char *name;
    double combined;
    struct {
        const char *trigger;
        double threshold, weight;
        int32_t priority;
        bool observe;
    } rules[RULES];
    struct {
        const char *trigger;
        double score;
    } scores[SCORES];
    const char *triggered; /* the TRIGGERED decisions in brief */
} rows[] = {
    {"at the threshold", 2, {{"a", 0.5, 1, 5, 0}}, {{"a", 0.5}}, "a chosen"},
    {"below it", 2, {{"a", 0.5, 1, 5, 0}}, {{"a", 0.49}}, "a"},
    {"nothing scored", 2, {{"a", 0.0, 1, 5, 0}}, {{"a", 0.0}}, ""},
    {"a negative score is none", 2, {{"a", -1, 1, 5, 0}}, {{"a", -0.5}}, ""},
    {"weight lifts it", 2, {{"a", 0.8, 2, 5, 0}}, {{"a", 0.4}}, "a chosen"},
    {"weight lowers it", 2, {{"a", 0.5, 0.5, 5, 0}}, {{"a", 0.9}}, "a"},
    {"a weighted score ends at 1",
     2,
     {{"a", 1, 10, 5, 0}, {"b", 1, 1, 5, 0}},
     {{"b", 1}, {"a", 1}},
     "b chosen|a"},
    {"unlisted: threshold 0.5", 2, {{0}}, {{"x", 0.5}}, "x chosen"},
    {"unlisted: below", 2, {{0}}, {{"x", 0.499}}, "x"},
    {"unlisted: priority 5 loses to 6", 2, {{"a", 0.1, 1, 6, 0}}, {{"x", 1}, {"a", 0.2}}, "x|a chosen"},
    {"unlisted: priority 5 beats 4", 2, {{"a", 0.1, 1, 4, 0}}, {{"a", 1}, {"x", 0.6}}, "a|x chosen"},
    {"priority beats score",
     2,
     {{"a", 0.5, 1, 1, 0}, {"b", 0.5, 1, 9, 0}},
     {{"a", 1}, {"b", 0.5}},
     "a|b chosen"},
    {"score among equals",
     2,
     {{"a", 0.5, 1, 5, 0}, {"b", 0.5, 1, 5, 0}},
     {{"a", 0.6}, {"b", 0.7}},
     "a|b chosen"},
    {"order among the same",
     2,
     {{"b", 0.5, 1, 5, 0}, {"a", 0.5, 1, 5, 0}},
     {{"a", 0.7}, {"b", 0.7}},
     "a chosen|b"},
    {"the weighted score counts",
     2,
     {{"a", 0.5, 1, 5, 0}, {"b", 0.5, 2, 5, 0}},
     {{"a", 0.6}, {"b", 0.4}},
     "a|b chosen"},
    {"one that does not fire is no cause",
     2,
     {{"a", 0.9, 1, 9, 0}, {"b", 0.5, 1, 1, 0}},
     {{"a", 0.8}, {"b", 0.5}},
     "a|b chosen"},
    {"together", 0.75, {{"a", 0.9, 1, 5, 0}, {"b", 0.9, 1, 5, 0}}, {{"a", 0.5}, {"b", 0.5}}, "a chosen|b"},
    {"alone below its own threshold", 0.9, {{"a", 0.95, 1, 5, 0}}, {{"a", 0.92}}, "a"},
    {"together, not quite",
     0.76,
     {{"a", 0.9, 1, 5, 0}, {"b", 0.9, 1, 5, 0}},
     {{"a", 0.5}, {"b", 0.5}},
     "a|b"},
    {"together, the strongest is the cause",
     0.7,
     {{"a", 0.9, 1, 5, 0}, {"b", 0.9, 1, 5, 0}},
     {{"a", 0.3}, {"b", 0.6}},
     "a|b chosen"},
    {"together, by priority",
     0.7,
     {{"a", 0.9, 1, 6, 0}, {"b", 0.9, 1, 5, 0}},
     {{"a", 0.3}, {"b", 0.6}},
     "a chosen|b"},
    {"together, weighted",
     0.75,
     {{"a", 0.9, 2, 5, 0}, {"b", 0.9, 1, 5, 0}},
     {{"a", 0.25}, {"b", 0.5}},
     "a chosen|b"},
    {"observe only reports", 2, {{"a", 0.1, 1, 9, 1}}, {{"a", 1}}, "a observed"},
    {"observed ones do not combine",
     0.75,
     {{"a", 0.9, 1, 5, 1}, {"b", 0.9, 1, 5, 0}},
     {{"a", 0.8}, {"b", 0.5}},
     "a observed|b"},
    {"an observed one leaves the cause to others",
     2,
     {{"a", 0.1, 1, 9, 1}, {"b", 0.5, 1, 1, 0}},
     {{"a", 1}, {"b", 0.5}},
     "a observed|b chosen"},
};

/* "a chosen|b observed" of the last outcome. */
static const char *triggered(talk *t)
{
    rlv_buf_reset(&t->text);
    rlv_buf_append(&t->text, "", 0);
    for (const rlv_decision *d = t->step.decisions.first; d; d = d->next)
        if (d->kind == RLV_DECIDED_TRIGGERED)
            rlv_buf_printf(&t->text, "%s%.*s%s%s", t->text.len ? "|" : "", RLV_STR_ARG(d->as.trigger.trigger),
                           d->as.trigger.observed ? " observed" : "", d->as.trigger.chosen ? " chosen" : "");
    return t->text.data ? t->text.data : "";
}

static void test_policy(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct row *r = &rows[i];
        void *fresh;
        talk_setup(&fresh);
        talk *t = fresh;
        t->policy.combined = r->combined;
        for (size_t k = 0; k < RULES && r->rules[k].trigger; k++)
            talk_trigger(t, r->rules[k].trigger, r->rules[k].threshold, r->rules[k].weight,
                         r->rules[k].priority)
                ->observe = r->rules[k].observe;
        talk_message(t, "Quiero hablar con una persona");
        for (size_t k = 0; k < SCORES && r->scores[k].trigger; k++)
            talk_score(t, r->scores[k].trigger, r->scores[k].score);
        talk_run(t);
        if (strcmp(triggered(t), r->triggered) != 0)
            fail_msg("%s: \"%s\" instead of \"%s\"", r->name, triggered(t), r->triggered);
        bool hands = strstr(r->triggered, "chosen") != NULL;
        assert_int_equal(t->conv.owner, hands ? RLV_OWNER_QUEUED : RLV_OWNER_BOT);
        assert_int_equal(talk_count(t, RLV_DECIDED_HANDED_OFF), hands);
        talk_teardown(&fresh);
    }
}

static void test_what_a_handoff_says(void **state)
{
    talk *t = *state;
    rlv_trigger_policy *p = talk_trigger(t, "anger", 0.5, 1, 8);
    p->team = RLV_STR("complaints");
    talk_message(t, "¡Esto es una vergüenza!");
    talk_score(t, "anger", 0.75);
    talk_replies(t, "unused", "faq", 1); /* a handoff silences the responder */
    talk_run(t);
    assert_string_equal(
        talk_brief(t),
        "received triggered(anger chosen) handed_off(bot>queued/8 trigger) replied(queued/8 notice.handoff)");
    const rlv_decision *d = talk_find(t, RLV_DECIDED_TRIGGERED);
    assert_true(d->as.trigger.score > 0.7499 && d->as.trigger.score < 0.7501);
    assert_true(d->as.trigger.threshold > 0.4999 && d->as.trigger.threshold < 0.5001);
    assert_str(d->as.trigger.reason, "because");
    assert_str(d->as.trigger.evidence, "here");
    d = talk_find(t, RLV_DECIDED_HANDED_OFF);
    assert_ptr_equal(d, t->step.handoff);
    assert_str(d->as.change.trigger, "anger");
    assert_str(d->as.change.reason, "because");
    assert_str(d->as.change.evidence, "here");
    assert_true(d->as.change.score > 0.7499 && d->as.change.score < 0.7501);
    assert_int_equal(d->as.change.route.priority, 8);
    assert_str(d->as.change.route.team, "complaints");
    assert_str(d->team, "complaints");
    assert_str(t->conv.team, "complaints");
    assert_int_equal(t->conv.owner_since_ms, 1000);
}

static void test_own_words(void **state)
{
    talk *t = *state;
    rlv_trigger_policy *p = talk_trigger(t, "lead", 0.5, 1, 5);
    p->message.pt = RLV_STR("Vendas fala com você.");
    talk_message(t, "precio");
    talk_score(t, "lead", 1);
    talk_run(t);
    assert_str(talk_find(t, RLV_DECIDED_REPLIED)->as.said.text, "Vendas fala com você.");
    assert_str(talk_find(t, RLV_DECIDED_REPLIED)->as.said.source, "notice.handoff");
}

static rlv_answer *route(talk *t, int32_t priority, const char *team)
{
    static const rlv_str skills[] = {{"refunds", 7}, {"vip", 3}};
    rlv_answer *a = talk_answer(t, RLV_PHASE_ROUTE, RLV_ANSWER_ROUTE, "router");
    a->as.route = (rlv_route){.priority = priority,
                              .rank = 2,
                              .team = rlv_str_from(team),
                              .language = RLV_STR("es"),
                              .agent = RLV_STR("ana"),
                              .skills = skills,
                              .n_skills = 2};
    return a;
}

static void test_routes(void **state)
{
    talk *t = *state;
    static const struct {
        int32_t policy_priority, route_priority, priority;
        const char *policy_team, *route_team, *team;
    } cases[] = {
        {5, 3, 5, "", "sales", "sales"}, /* the policy's word counts more than the router's */
        {2, 6, 6, "vip", "sales", "vip"},
        {4, 4, 4, "", "", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        talk_owner(t, RLV_OWNER_BOT);
        t->policy.n_triggers = 0;
        talk_trigger(t, "a", 0.5, 1, cases[i].policy_priority)->team = rlv_str_from(cases[i].policy_team);
        talk_message(t, "hola");
        talk_score(t, "a", 1);
        route(t, cases[i].route_priority, cases[i].route_team);
        route(t, 9, "the second answer does not count");
        talk_run(t);
        const rlv_decision *d = talk_find(t, RLV_DECIDED_HANDED_OFF);
        assert_int_equal(d->as.change.route.priority, cases[i].priority);
        assert_str(d->as.change.route.team, cases[i].team);
        assert_int_equal(d->as.change.route.rank, 2);
        assert_str(d->as.change.route.agent, "ana");
        assert_int_equal(d->as.change.route.n_skills, 2);
        assert_str(t->conv.team, cases[i].team);
        for (; d; d = d->next) /* the notice behind it too */
            assert_str(d->team, cases[i].team);
    }
}

static void test_cards_and_effects(void **state)
{
    talk *t = *state;
    static const char *const names[] = {"why", "wants"};
    talk_message(t, "quiero una persona");
    talk_score(t, "a", 1);
    for (int i = 0; i < 2; i++) {
        rlv_answer *a = talk_answer(t, RLV_PHASE_SUMMARIZE, RLV_ANSWER_CARD, "summarizer");
        a->as.card.name = rlv_str_from(names[i]);
        a->as.card.text = RLV_STR("text");
        a->as.card.message_id = RLV_STR("wamid.1");
    }
    for (int i = 0; i < 2; i++)
        talk_answer(t, RLV_PHASE_NOTIFY, RLV_ANSWER_EFFECT, "crm")->as.effect.destination =
            rlv_str_from(names[i]);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received triggered(a chosen) handed_off(bot>queued/8 trigger) "
                                       "replied(queued/8 notice.handoff) summarized notified notified");
    const rlv_decision *d = talk_find(t, RLV_DECIDED_SUMMARIZED);
    assert_int_equal(d->as.card.n_fields, 2);
    assert_str(d->as.card.fields[0].name, "why");
    assert_str(d->as.card.fields[1].name, "wants");
    assert_str(d->as.card.fields[1].message_id, "wamid.1");
    d = talk_find(t, RLV_DECIDED_NOTIFIED);
    assert_str(d->as.effect.plugin, "crm");
    assert_str(d->as.effect.effect.destination, "why");
    assert_str(d->next->as.effect.effect.destination, "wants");
}

/* `tell_only`: people are told, the bot answers; a customer who asks for a person gets one all the same. */
static void test_tells(void **state)
{
    talk *t = *state;
    rlv_trigger_policy *p = talk_trigger(t, "lead", 0.5, 1, 9);
    p->tell_only = true;
    p->cooldown_ms = 5000;
    for (int i = 0; i < 3; i++) {
        talk_message(t, "para 80 personas");
        t->ev.at_ms = 1000 + 6000 * i;
        talk_score(t, "lead", i == 1 ? 0.4 : 0.9);
        talk_replies(t, "Te llega la cotización.", "flow.catering", 1);
        talk_answer(t, RLV_PHASE_SUMMARIZE, RLV_ANSWER_CARD, "summarizer")->as.card.text = RLV_STR("x");
        talk_answer(t, RLV_PHASE_NOTIFY, RLV_ANSWER_EFFECT, "crm")->as.effect.destination = RLV_STR("crm");
        talk_run(t);
        const rlv_decision *d = talk_find(t, RLV_DECIDED_TRIGGERED);
        assert_int_equal(d->as.trigger.tells, i != 1);
        assert_false(d->as.trigger.chosen);
        assert_string_equal(talk_brief(t), i == 1 ? "received triggered(lead) replied(bot/7 flow.catering)" /* below its threshold */
                                                  : "received triggered(lead) replied(bot/7 flow.catering) summarized notified");
    }
    talk_message(t, "para 90");
    t->ev.at_ms = 14000;
    talk_score(t, "lead", 0.9);
    talk_run(t);
    assert_true(talk_find(t, RLV_DECIDED_TRIGGERED)->as.trigger.observed); /* it rests */
    assert_int_equal(t->asked & RLV_WANTS(RLV_PHASE_NOTIFY), 0);
    talk_message(t, "una persona");
    t->ev.at_ms = 14001;
    talk_score(t, "lead", 0.9);
    t->script[t->n_script - 1].answer.as.trigger.asked = true;
    talk_run(t);
    assert_int_equal(t->conv.owner, RLV_OWNER_QUEUED);
}

/* A trigger that speaks only of what nobody answers: silent where a reply is sure enough, and where one may still come. */
static void test_unless_answered(void **state)
{
    talk *t = *state;
    static const struct {
        double reply, unless;
        bool abstains, waits, hands_off;
    } cases[] = {{0, 0.7, false, false, true},   {0.9, 0.7, false, false, false}, {0.7, 0.7, false, false, false}, {0.6, 0.7, false, false, true},
                 {0.9, 0.7, true, false, true},  {0.9, 0, false, false, true},    {0, 0.7, false, true, false},    {0, 0, false, true, true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        talk_owner(t, RLV_OWNER_BOT);
        talk_message(t, "¿dan cursos?");
        talk_score(t, "a", 1);
        t->script[t->n_script - 1].answer.as.trigger.unless_answered = cases[i].unless;
        if (cases[i].reply > 0)
            talk_replies(t, "Sí.", "cursos", cases[i].reply);
        if (cases[i].abstains)
            (void)talk_answer(t, RLV_PHASE_RESPOND, RLV_ANSWER_ABSTAIN, "responder");
        if (cases[i].waits)
            talk_answer(t, RLV_PHASE_RESPOND, RLV_ANSWER_EFFECT, "llm")->as.effect =
                (rlv_effect){.destination = RLV_STR("llm"), .method = RLV_STR("POST"), .hold_ms = 1000};
        talk_run(t);
        if ((t->step.handoff != NULL) != cases[i].hands_off)
            fail_msg("case %zu: %s", i, talk_brief(t));
        assert_int_equal(strstr(talk_brief(t), "triggered") != NULL, cases[i].hands_off);
        memset(&t->conv.held, 0, sizeof(t->conv.held));
    }
}

/* A slot that amends what was over: whoever was told of that is told, whosever the conversation is; of what changes nothing nobody is. */
static void test_amends(void **state)
{
    talk *t = *state;
    static const struct {
        enum rlv_owner owner;
        const char *value;
        bool amends;
        const char *decided;
    } cases[] = {{RLV_OWNER_BOT, "a@x.mx", false, "received slot_filled replied(bot/7 flow)"},
                 {RLV_OWNER_BOT, "b@x.mx", true, "received slot_filled replied(bot/7 flow) notified"},
                 {RLV_OWNER_BOT, "b@x.mx", true, "received replied(bot/7 flow)"}, /* said once more */
                 {RLV_OWNER_QUEUED, "c@x.mx", true, "received slot_filled notified"},
                 {RLV_OWNER_HUMAN, "d@x.mx", true, "received slot_filled notified"},
                 {RLV_OWNER_HUMAN, "e@x.mx", false, "received slot_filled"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        talk_owner(t, cases[i].owner);
        talk_message(t, "mi correo es otro");
        rlv_answer *a = talk_answer(t, RLV_PHASE_CLASSIFY, RLV_ANSWER_SLOT, "lead_qualifier");
        a->as.slot.name = RLV_STR("mail");
        a->as.slot.value = rlv_str_from(cases[i].value);
        a->as.slot.amends = cases[i].amends;
        talk_replies(t, "Listo.", "flow", 1);
        talk_answer(t, RLV_PHASE_NOTIFY, RLV_ANSWER_EFFECT, "crm")->as.effect.destination = RLV_STR("crm");
        talk_run(t);
        assert_string_equal(talk_brief(t), cases[i].decided);
    }
    talk_owner(t, RLV_OWNER_BOT); /* it is known, though the message hands off, too */
    talk_message(t, "una persona, y mi correo es otro");
    rlv_answer *a = talk_answer(t, RLV_PHASE_CLASSIFY, RLV_ANSWER_SLOT, "lead_qualifier");
    a->as.slot.name = RLV_STR("mail");
    a->as.slot.value = RLV_STR("f@x.mx");
    a->as.slot.amends = true;
    talk_score(t, "a", 1);
    talk_run(t);
    assert_true(t->step.amended && t->step.handoff);
}

/* A payment failed, says the CRM: a person takes it, though nobody wrote. Only while it is still the bot's, as it was when it was asked. */
static void test_a_result_hands_off(void **state)
{
    talk *t = *state;
    static const struct {
        enum rlv_owner owner;
        int64_t epoch;
        double score;
        const char *decided;
    } cases[] = {{RLV_OWNER_BOT, 7, 0.9, "received triggered(pay chosen) handed_off(bot>queued/8 trigger) replied(queued/8 notice.handoff) summarized notified"},
                 {RLV_OWNER_BOT, 7, 0.4, "received triggered(pay)"},
                 {RLV_OWNER_BOT, 6, 0.9, "received"},
                 {RLV_OWNER_HUMAN, 7, 0.9, "received"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char id[8];
        (void)snprintf(id, sizeof(id), "e%zu", i);
        talk_owner(t, cases[i].owner);
        t->ev = (rlv_event){.kind = RLV_EVENT_RESULT, .at_ms = 1000, .epoch = cases[i].epoch, .plugin = RLV_STR("pay"), .http_status = 200};
        t->ev.effect_id = rlv_arena_copy(t->arena, rlv_str_from(id));
        rlv_answer *a = talk_answer(t, RLV_PHASE_RESULT, RLV_ANSWER_TRIGGER, "pay");
        a->as.trigger.score = cases[i].score;
        a->as.trigger.reason = RLV_STR("El pago falló.");
        talk_answer(t, RLV_PHASE_SUMMARIZE, RLV_ANSWER_CARD, "summarizer")->as.card.text = RLV_STR("x");
        talk_answer(t, RLV_PHASE_NOTIFY, RLV_ANSWER_EFFECT, "crm")->as.effect.destination = RLV_STR("crm");
        talk_run(t);
        assert_string_equal(talk_brief(t), cases[i].decided);
    }
}

/* After it fired a trigger only observes for its cool-down: the person returned the conversation, and the
   same words must not throw it back at once. */
static void test_cooldown(void **state)
{
    talk *t = *state;
    talk_trigger(t, "a", 0.5, 1, 5)->cooldown_ms = 5000;
    talk_message(t, "persona");
    talk_score(t, "a", 1);
    talk_run(t);
    assert_int_equal(t->conv.owner, RLV_OWNER_QUEUED);
    assert_int_equal(t->conv.n_cooling, 1);
    assert_int_equal(t->conv.cooling[0].until_ms, 6000);
    talk_command(t, RLV_COMMAND_RETURN, RLV_OWNER_BOT, 9)->at_ms = 2000;
    talk_run(t);
    talk_message(t, "persona")->at_ms = 5999;
    talk_score(t, "a", 1);
    talk_run(t);
    assert_string_equal(triggered(t), "a observed");
    talk_message(t, "persona")->at_ms = 6000;
    talk_score(t, "a", 1);
    talk_run(t);
    assert_string_equal(triggered(t), "a chosen");
}

static void test_cooling_list(void **state)
{
    talk *t = *state;
    static const char names[] = "abcdefghij";
    rlv_trigger_policy p = {.cooldown_ms = 0};
    rlv_triggers_cool(&t->conv, &p, (rlv_str){names, 1}, 100);
    assert_int_equal(t->conv.n_cooling, 0); /* no cool-down: nothing to remember */
    p.cooldown_ms = 50;
    for (int i = 0; i < 10; i++)
        rlv_triggers_cool(&t->conv, &p, (rlv_str){names + i, 1}, 100 + i);
    assert_int_equal(t->conv.n_cooling, RLV_COOLING_MAX);
    assert_str(t->conv.cooling[0].trigger, "c");
    assert_str(t->conv.cooling[RLV_COOLING_MAX - 1].trigger, "j");
    assert_int_equal(t->conv.cooling[RLV_COOLING_MAX - 1].until_ms, 159);
    rlv_triggers_cool(&t->conv, &p, RLV_STR("d"), 500); /* again: in its place */
    assert_int_equal(t->conv.n_cooling, RLV_COOLING_MAX);
    assert_str(t->conv.cooling[1].trigger, "d");
    assert_int_equal(t->conv.cooling[1].until_ms, 550);
}

static void test_judge_names_the_policy(void **state)
{
    talk *t = *state;
    rlv_trigger_policy *own = talk_trigger(t, "a", 0.5, 1, 5);
    const rlv_trigger_policy *policy = NULL;
    talk_message(t, "hola");
    t->step = (rlv_step){.policy = &t->policy, .arena = t->arena, .conversation = &t->conv, .event = &t->ev};
    assert_null(rlv_triggers_judge(&t->step, &policy));
    assert_null(policy);
    rlv_answer a = {.kind = RLV_ANSWER_TRIGGER, .plugin = RLV_STR("a"), .as.trigger.score = 1};
    rlv_answers_push(&t->step.answers, &a);
    const rlv_decision *d = rlv_triggers_judge(&t->step, &policy);
    assert_non_null(d);
    assert_true(d->as.trigger.chosen);
    assert_ptr_equal(policy, own);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, talk_setup, talk_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_policy),       TEST(test_what_a_handoff_says),    TEST(test_own_words),
        TEST(test_routes),       TEST(test_cards_and_effects),      TEST(test_cooldown),
        TEST(test_cooling_list), TEST(test_judge_names_the_policy), TEST(test_tells), TEST(test_amends), TEST(test_unless_answered), TEST(test_a_result_hands_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
