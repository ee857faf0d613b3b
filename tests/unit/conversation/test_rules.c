/* SPDX-License-Identifier: Apache-2.0 */
/* Rules over several triggers, limits, and a customer's own request for a person. */
#include "conversation/triggers.h"
#include "talk.h"

#define CONDITIONS(field, ...)                                                                               \
    .field = (const rlv_condition[]){__VA_ARGS__},                                                           \
    .n_##field = sizeof((const rlv_condition[]){__VA_ARGS__}) / sizeof(rlv_condition)
#define WORDS(field, ...)                                                                                    \
    .field = (const rlv_str[]){__VA_ARGS__}, .n_##field = sizeof((const rlv_str[]){__VA_ARGS__}) / sizeof(rlv_str)

/* "a|rule chosen" of the last outcome. */
static const char *triggered(talk *t)
{
    rlv_buf_reset(&t->text);
    rlv_buf_append(&t->text, "", 0);
    for (const rlv_decision *d = t->step.decisions.first; d; d = d->next)
        if (d->kind == RLV_DECIDED_TRIGGERED)
            rlv_buf_printf(&t->text, "%s%.*s%s%s", t->text.len ? "|" : "", RLV_STR_ARG(d->as.trigger.trigger),
                           d->as.trigger.observed ? " observed" : "", d->as.trigger.chosen ? " chosen" : "");
    return t->text.data;
}

static void run_with(talk *t, const rlv_trigger_policy *rule, double a, double b, double c)
{
    t->policy.rules = rule;
    t->policy.n_rules = 1;
    talk_owner(t, RLV_OWNER_BOT);
    talk_message(t, "mi pedido llegó roto");
    talk_score(t, "a", a);
    talk_score(t, "b", b);
    talk_score(t, "c", c);
    talk_run(t);
}

/* a, b and c do nothing alone: whatever hands off is the rule. */
static void quiet(talk *t)
{
    static const char *const names[] = {"a", "b", "c"};
    t->policy.n_triggers = 0;
    for (int i = 0; i < 3; i++)
        talk_trigger(t, names[i], 0.5, 1, 5)->alone = false;
}

static void conditions_combine(void **state)
{
    talk *t = *state;
    quiet(t);
    const rlv_trigger_policy rule = {.trigger = RLV_STR("r"),
                                     CONDITIONS(all, {RLV_STR("a"), -1}),
                                     CONDITIONS(any, {RLV_STR("b"), 0.2}, {RLV_STR("c"), 0.9})};
    run_with(t, &rule, 0.5, 0.2, 0.1);
    assert_string_equal(triggered(t), "a|b|c|r chosen");
    run_with(t, &rule, 0.49, 0.2, 0.95); /* a is below its own threshold */
    assert_string_equal(triggered(t), "a|b|c");
    run_with(t, &rule, 0.5, 0.19, 0.89); /* neither of any */
    assert_string_equal(triggered(t), "a|b|c");
    assert_int_equal(t->conv.owner, RLV_OWNER_BOT);
    run_with(t, &rule, 0.5, 0, 0.9); /* b said nothing; c is enough */
    assert_string_equal(triggered(t), "a|c|r chosen");

    const rlv_trigger_policy unless = {.trigger = RLV_STR("r"),
                                       CONDITIONS(all, {RLV_STR("a"), 0.1}),
                                       CONDITIONS(none, {RLV_STR("b"), 0.8})};
    run_with(t, &unless, 0.1, 0.79, 0);
    assert_string_equal(triggered(t), "a|b|r chosen");
    run_with(t, &unless, 1, 0.8, 0);
    assert_string_equal(triggered(t), "a|b");
}

static void a_rule_speaks_in_its_strongest_triggers_words(void **state)
{
    talk *t = *state;
    quiet(t);
    t->triggers[1].weight = 2;
    const rlv_trigger_policy rule = {.trigger = RLV_STR("r"),
                                     CONDITIONS(all, {RLV_STR("a"), 0.3}, {RLV_STR("b"), 0.4}),
                                     .priority = 8,
                                     .team = RLV_STR("claims"),
                                     .agent = RLV_STR("ana"),
                                     WORDS(skills, RLV_STR("refunds")),
                                     .message.es = RLV_STR("Lo vemos ya.")};
    run_with(t, &rule, 0.5, 0.3, 0);
    const rlv_decision *d = talk_find(t, RLV_DECIDED_HANDED_OFF);
    assert_str(d->as.change.trigger, "r");
    assert_str(d->as.change.reason, "because");
    assert_true(d->as.change.score > 0.59 && d->as.change.score < 0.61); /* b's, weighted */
    assert_int_equal(d->as.change.route.priority, 8);
    assert_str(d->as.change.route.team, "claims");
    assert_str(d->as.change.route.agent, "ana");
    assert_int_equal(d->as.change.route.n_skills, 1);
    assert_str(d->as.change.route.skills[0], "refunds");
    assert_str(talk_find(t, RLV_DECIDED_REPLIED)->as.said.text, "Lo vemos ya.");
}

static void the_policys_agent_and_skills_beat_the_routers(void **state)
{
    talk *t = *state;
    static const rlv_str skills[] = {{"tax", 3}};
    rlv_trigger_policy *p = talk_trigger(t, "a", 0.5, 1, 5);
    p->agent = RLV_STR("ana");
    p->skills = skills;
    p->n_skills = 1;
    talk_message(t, "hola");
    talk_score(t, "a", 1);
    rlv_answer *route = talk_answer(t, RLV_PHASE_ROUTE, RLV_ANSWER_ROUTE, "router");
    route->as.route = (rlv_route){.agent = RLV_STR("bea"), .team = RLV_STR("care"), .language = RLV_STR("es")};
    talk_run(t);
    const rlv_route *r = &talk_find(t, RLV_DECIDED_HANDED_OFF)->as.change.route;
    assert_str(r->agent, "ana");
    assert_str(r->skills[0], "tax");
    assert_str(r->team, "care"); /* what the policy does not say is the router's */
    assert_str(r->language, "es");
}

static void what_only_observes_hands_nothing_off(void **state)
{
    talk *t = *state;
    quiet(t);
    rlv_trigger_policy rule = {.trigger = RLV_STR("r"), CONDITIONS(all, {RLV_STR("a"), 0.1}), .observe = true};
    run_with(t, &rule, 1, 0, 0);
    assert_string_equal(triggered(t), "a|r observed");
    rule.observe = false;
    t->triggers[0].observe = true; /* a rule over a trigger that is being tried is being tried too */
    run_with(t, &rule, 1, 0, 0);
    assert_string_equal(triggered(t), "a observed|r observed");
    assert_int_equal(t->conv.owner, RLV_OWNER_BOT);
}

/* Outside its limits a trigger only reports: so does a rule that needs it. */
static void what_a_rule_needs_keeps_its_limits(void **state)
{
    talk *t = *state;
    static const rlv_str languages[] = {{"pt", 2}};
    quiet(t);
    const rlv_trigger_policy rule = {.trigger = RLV_STR("r"), CONDITIONS(all, {RLV_STR("a"), 0.1}, {RLV_STR("b"), 0.1})};
    t->triggers[1].languages = languages;
    t->triggers[1].n_languages = 1;
    run_with(t, &rule, 1, 1, 0);
    assert_string_equal(triggered(t), "a|b observed|r observed");
    assert_int_equal(t->conv.owner, RLV_OWNER_BOT);
    t->conv.language = RLV_STR("pt");
    run_with(t, &rule, 1, 1, 0);
    assert_string_equal(triggered(t), "a|b|r chosen");
}

static void a_rule_cools_down_under_its_own_name(void **state)
{
    talk *t = *state;
    quiet(t);
    const rlv_trigger_policy rule = {
        .trigger = RLV_STR("r"), CONDITIONS(all, {RLV_STR("a"), 0.1}), .cooldown_ms = 5000};
    run_with(t, &rule, 1, 0, 0);
    assert_string_equal(triggered(t), "a|r chosen");
    assert_str(t->conv.cooling[0].trigger, "r");
    run_with(t, &rule, 1, 0, 0);
    assert_string_equal(triggered(t), "a|r observed");
}

static void not_alone_does_not_combine_either(void **state)
{
    talk *t = *state;
    quiet(t);
    t->policy.combined = 0.7;
    talk_message(t, "hola");
    talk_score(t, "a", 0.5);
    talk_score(t, "b", 0.5);
    talk_score(t, "c", 0.5);
    talk_run(t);
    assert_string_equal(triggered(t), "a|b|c");
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

static void limits_of(talk *t, rlv_trigger_policy rule, bool fires)
{
    static const rlv_condition all[] = {{{"a", 1}, 0.1}};
    rule.trigger = RLV_STR("r");
    rule.all = all;
    rule.n_all = 1;
    run_with(t, &rule, 1, 0, 0);
    assert_string_equal(triggered(t), fires ? "a|r chosen" : "a");
}

static void limits_hold(void **state)
{
    talk *t = *state;
    quiet(t);
    limits_of(t, (rlv_trigger_policy){WORDS(numbers, RLV_STR("111"), RLV_STR("555"))}, true);
    limits_of(t, (rlv_trigger_policy){WORDS(numbers, RLV_STR("111"))}, false);
    limits_of(t, (rlv_trigger_policy){WORDS(languages, RLV_STR("es"))}, true);
    limits_of(t, (rlv_trigger_policy){WORDS(languages, RLV_STR("pt"))}, false);
    limits_of(t, (rlv_trigger_policy){WORDS(flows, RLV_STR("order"))}, false);
    t->conv.slots[0] = (rlv_slot){.name = RLV_STR("data.flow"), .value = RLV_STR("order")};
    t->conv.slots[1] = (rlv_slot){.name = RLV_STR("data.status"), .value = RLV_STR("open")};
    t->conv.n_slots = 2;
    limits_of(t, (rlv_trigger_policy){WORDS(flows, RLV_STR("order"))}, true);
    t->conv.slots[1].value = RLV_STR("complete"); /* it is over */
    limits_of(t, (rlv_trigger_policy){WORDS(flows, RLV_STR("order"))}, false);

    static const rlv_zone_change utc[] = {{INT64_MIN, 0}};
    static const struct rlv_opening never_open[] = {{0, {0, 1440}}}, always[] = {{0x7f, {0, 1440}}};
    const rlv_hours shut = {.zone = utc, .n_zone = 1, .open = never_open, .n_open = 1};
    const rlv_hours open = {.zone = utc, .n_zone = 1, .open = always, .n_open = 1};
    limits_of(t, (rlv_trigger_policy){.hours = &shut}, false);
    limits_of(t, (rlv_trigger_policy){.hours = &shut, .outside_hours = true}, true);
    limits_of(t, (rlv_trigger_policy){.hours = &open}, true);
    limits_of(t, (rlv_trigger_policy){.hours = &open, .outside_hours = true}, false);
}

static void a_trigger_outside_its_limits_only_reports(void **state)
{
    talk *t = *state;
    static const rlv_str languages[] = {{"pt", 2}};
    rlv_trigger_policy *p = talk_trigger(t, "a", 0.5, 1, 5);
    p->languages = languages;
    p->n_languages = 1;
    talk_message(t, "hola");
    talk_score(t, "a", 1);
    talk_run(t);
    assert_string_equal(triggered(t), "a observed");
}

/* ---- asked ------------------------------------------------------------------------------------------------------- */

/* "I want a person" counts more than any number that somebody configured. */
static void a_request_for_a_person_wins(void **state)
{
    talk *t = *state;
    talk_trigger(t, "person", 1, 0.1, 0)->cooldown_ms = 60000;
    talk_trigger(t, "anger", 0.5, 1, 9);
    for (int round = 0; round < 2; round++) { /* the second time it cools down, and is heard all the same */
        talk_owner(t, RLV_OWNER_BOT);
        talk_message(t, "quiero hablar con una persona");
        talk_score(t, "anger", 1);
        talk_score(t, "person", 0.6);
        t->script[t->n_script - 1].answer.as.trigger.asked = true;
        talk_run(t);
        assert_string_equal(triggered(t), "anger|person chosen");
    }
    t->triggers[0].alone = false; /* what only rules use is heard too, when that is what it says */
    talk_owner(t, RLV_OWNER_BOT);
    talk_message(t, "quiero hablar con una persona");
    talk_score(t, "person", 0.6);
    t->script[t->n_script - 1].answer.as.trigger.asked = true;
    talk_run(t);
    assert_string_equal(triggered(t), "person chosen");
    t->triggers[0].observe = true; /* whoever only wants to see it, sees it */
    talk_owner(t, RLV_OWNER_BOT);
    talk_message(t, "quiero hablar con una persona");
    talk_score(t, "person", 1);
    t->script[t->n_script - 1].answer.as.trigger.asked = true;
    talk_run(t);
    assert_string_equal(triggered(t), "person observed");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, talk_setup, talk_teardown)
    const struct CMUnitTest tests[] = {
        TEST(conditions_combine),
        TEST(a_rule_speaks_in_its_strongest_triggers_words),
        TEST(the_policys_agent_and_skills_beat_the_routers),
        TEST(what_only_observes_hands_nothing_off),
        TEST(what_a_rule_needs_keeps_its_limits),
        TEST(a_rule_cools_down_under_its_own_name),
        TEST(not_alone_does_not_combine_either),
        TEST(limits_hold),
        TEST(a_trigger_outside_its_limits_only_reports),
        TEST(a_request_for_a_person_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
