/* SPDX-License-Identifier: Apache-2.0 */
/* Flows are read whole or refused with their line; what is remembered survives an edit of the file or is dropped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "score.h"
#include "state.h"

#define SLOT "    slots:\n      - {name: email, type: email, ask: '¿Correo?'}\n"
#define KIND "    slots:\n      - name: kind\n        type: choice\n        ask: x\n        choices:\n" \
             "          - {value: event, title: Evento}\n          - {value: other, title: Otro}\n"
#define HEAD "flows:\n  - id: a\n    start: {keywords: [hola]}\n    done: Listo\n"

static void reads(void **state)
{
    (void)state;
    static const char text[] =
        "flows:\n"
        "  - id: catering\n"
        "    title: {es: Catering}\n"
        "    start: {intents: [catering], keywords: [cotización], choices: [c1], min_confidence: 0.7}\n"
        "    intro: {es: Hola, en: Hello}\n"
        "    done: Gracias {name}\n"
        "    then: hand_off\n"
        "    slots:\n"
        "      - {name: guests, type: amount, ask: {es: ¿Cuántos?}, min: 10, max: 500, words: [personas], attempts: 3}\n"
        "      - name: kind\n"
        "        type: choice\n"
        "        ask: ¿Qué es?\n"
        "        choices:\n"
        "          - {value: wedding, title: {es: Boda, en: Wedding}, words: [casamiento]}\n"
        "          - {value: office, title: {es: Oficina, en: Office}}\n"
        "        when: {slot: guests, min: 20}\n"
        "      - {name: name, type: name, ask: ¿Nombre?, optional: true, from_whatsapp: true, otherwise: hand_off}\n"
        "    score:\n"
        "      - {when: {slot: guests, min: 50}, fit: 60}\n"
        "      - {when: [{slot: kind, is: [wedding]}, {slot: guests}], fit: 60, interest: 31}\n"
        "      - {when: {slot: kind, not: [wedding]}, interest: 5}\n";
    lq_flows flows;
    rlt_error error;
    assert_true(lq_flows_parse("x.yaml", rlt_str(text), &flows, &error));
    assert_int_equal(flows.n, 1);
    const lq_flow *flow = lq_flow_find(&flows, rlt_str("catering"));
    assert_non_null(flow);
    assert_true(flow->lead && flow->hand_off && flow->min_confidence > 0.69);
    assert_int_equal(flow->n_slots, 3);
    assert_int_equal(flow->slots[0].attempts, 3);
    assert_int_equal(flow->slots[1].n_choices, 2);
    assert_true(flow->slots[2].keep && flow->slots[2].hand_off && !flow->slots[0].keep);
    assert_true(rlt_equal(lq_say(&flow->intro, RLT_PT), rlt_str("Hola")));
    assert_true(rlt_equal(lq_say(&flow->intro, RLT_EN), rlt_str("Hello")));

    lq_values values = {.flow = flow, .of = {rlt_str("80"), rlt_str("wedding")}};
    lq_score score = lq_score_of(&values);
    assert_int_equal(score.fit, 100); /* 120 is cut */
    assert_int_equal(score.interest, 31);
    assert_int_equal(score.score, 66);
    values.of[0] = rlt_str("10");
    assert_false(lq_holds(&values, flow->slots[1].when, flow->slots[1].n_when));
    assert_int_equal(lq_score_of(&values).fit, 60);
    values.of[1] = (relevo_str){NULL, 0};
    assert_int_equal(lq_score_of(&values).interest, 5);

    lq_state there = {.flow = flow, .asked = &flow->slots[1], .attempts = 2, .filled = 1, .skipped = 4, .language = RLT_PT};
    char bytes[LQ_STATE_MAX];
    size_t len = lq_state_write(&flows, &there, bytes);
    assert_true(len > 0 && len < LQ_STATE_MAX);
    lq_state back = lq_state_read(&flows, (relevo_str){bytes, len});
    assert_true(back.flow == flow && back.asked == &flow->slots[1] && !back.previous);
    assert_true(back.attempts == 2 && back.filled == 1 && back.skipped == 4 && back.finished == 0 && back.language == RLT_PT);
    assert_null(lq_state_read(&flows, rlt_str("1 catering deadbeef kind - 1 1 0 0 0 es")).flow);
    back = lq_state_read(&flows, rlt_str("1 catering b4669451 kind guests 2 1 4 2 4 pt")); /* as it was written before: bits by the place */
    assert_true(back.flow == flow && back.asked == &flow->slots[1] && back.previous == &flow->slots[0] && back.attempts == 2);
    assert_true(back.filled == 1 && back.skipped == 4 && back.finished == 2 && back.cancelled == 4 && back.language == RLT_PT);
    back = lq_state_read(&flows, rlt_str("1 catering b4669451 - - 0 3 0 0 1 es"));
    assert_true(!back.flow && back.left == flow && back.known == 3 && back.cancelled == 1);
    assert_null(lq_state_read(&flows, rlt_str("2 what")).flow);
    assert_null(lq_state_read(&flows, (relevo_str){NULL, 0}).flow);
    there = (lq_state){.flow = NULL};
    assert_int_equal(lq_state_write(&flows, &there, bytes), 0);
    lq_flows_clear(&flows);
}

/* A day counts from today to the last of them, and no more. */
static void within_days(void **state)
{
    (void)state;
    lq_flows flows;
    rlt_error error;
    static const struct {
        const char *day;
        bool holds;
    } cases[] = {{"2026-01-01", true}, {"2026-01-11", true}, {"2026-01-12", false}, {"2025-12-31", false}, {"2027-01-05", false}, {"enero", false}, {"", false}};
    assert_true(lq_flows_parse("x.yaml", rlt_str(HEAD "    slots: [{name: day, type: date, ask: y}]\n    score: [{when: {slot: day, within_days: 10}, interest: 40}]\n"),
                               &flows, &error));
    lq_values values = {.flow = flows.flows};
    assert_true(rlt_day_of(2026, 1, 1, &values.today));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        values.of[0] = rlt_str(cases[i].day);
        if (lq_score_of(&values).interest != (cases[i].holds ? 40 : 0))
            fail_msg("'%s' is wrong", cases[i].day);
    }
    lq_flows_clear(&flows);
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "x.yaml:1: `the file`: write it as 'key: value' lines"},
        {"flows: []", "x.yaml:1: `flows`: write 1 to 16"},
        {"flow: 1", "has no key 'flow'"},
        {"flows:\n  - id: A b\n", "x.yaml:2: `id`: is needed: small letters"},
        {"flows:\n  - id: a\n    done: x\n" SLOT, "`start`: is needed"},
        {"flows:\n  - id: a\n    start: {}\n    done: x\n" SLOT, "nothing would ever begin this flow"},
        {"flows:\n  - id: a\n    start: {keywords: ['...']}\n    done: x\n" SLOT, "has neither a word nor a number"},
        {"flows:\n  - id: a\n    start: {keywords: [x]}\n" SLOT, "`done`: is needed"},
        {HEAD, "`slots`: write 1 to 16"},
        {HEAD "    slots: [{name: x, type: email}]\n", "`ask`: is needed"},
        {HEAD "    slots: [{name: x, type: mail, ask: y}]\n", "x.yaml:5: `type`: is one of name"},
        {HEAD "    slots: [{name: x, type: text, ask: y, max: ten}]\n", "`max`: write a number"},
        {HEAD "    slots: [{name: x, type: text, ask: y, attempts: 0}]\n", "`attempts`: is a whole number"},
        {HEAD "    slots: [{name: x, type: text, ask: y, attempts: 1.5}]\n", "`attempts`: is a whole number"},
        {HEAD "    slots: [{name: x, type: text, ask: y, optional: maybe}]\n", "`optional`: write true or false"},
        {HEAD "    slots: [{name: x, type: text, ask: y, otherwise: cry}]\n", "`otherwise` is skip or hand_off"},
        {HEAD "    slots: [{name: x, type: text, ask: y}, {name: x, type: text, ask: y}]\n", "two slots of that name"},
        {HEAD "    slots: [{name: x, type: text, ask: y, choices: [{value: a, title: A}]}]\n", "only a slot of type choice"},
        {HEAD "    slots: [{name: x, type: choice, ask: y, choices: [{value: a, title: A}]}]\n", "write 2 to 10"},
        {HEAD "    slots: [{name: x, type: choice, ask: y, choices: [{value: a, title: 123456789012345678901},"
              " {value: b, title: B}]}]\n",
         "`title`: the text is too long"},
        {HEAD "    slots: [{name: x, type: choice, ask: y, choices: [{value: a}, {value: b, title: B}]}]\n",
         "`title`: is needed"},
        {HEAD "    slots:\n      - name: x\n        type: choice\n        ask: y\n        choices:\n          - {value: a, title: A}\n"
              "          - {value: a, title: B}\n",
         "x.yaml:11: `value`: two choices have the same"},
        {HEAD "    slots:\n      - name: x\n        type: choice\n        ask: y\n        choices:\n          - {value: a, title: {es: A, en: X}}\n"
              "          - {value: b, title: {es: X}}\n",
         "x.yaml:11: `title`: two choices have the same in a language"},
        {HEAD "    slots: [{name: x, type: text, ask: y, when: {slot: z}}]\n", "no slot of that name"},
        {HEAD "    slots: [{name: x, type: text, ask: '¿{y}?'}]\n", "x.yaml:5: `ask`: it holds {y}, and this flow has no slot of that name"},
        {HEAD "    intro: {es: 'Hola {email}', en: 'Hi {nmae}'}\n" SLOT, "x.yaml:5: `intro`: it holds {nmae}"},
        {HEAD "    slots: [{name: z, type: text, ask: y}, {name: x, type: text, ask: y, when: {slot: z, is: [a], not: [b]}}]\n", "either `is` or `not`"},
        {HEAD "    slots: [{name: x, type: email, ask: y, from_whatsapp: true}]\n", "WhatsApp knows only"},
        {HEAD "    slots: [{name: x, type: text, ask: {fr: y}}]\n", "a language is es, pt or en"},
        {HEAD "    kind: data\n    score: [{fit: 1}]\n" SLOT, "only a flow of kind lead is scored"},
        {HEAD KIND "      - {name: x, type: text, ask: y, when: {slot: kind, is: [evnt]}}\n",
         "x.yaml:12: `is`: 'evnt' is no value of the choices of 'kind'"},
        {HEAD KIND "      - {name: x, type: text, ask: y, when: {slot: kind, not: [event, evnt]}}\n", "`not`: 'evnt' is no value"},
        {HEAD KIND "      - {name: x, type: text, ask: y, when: {slot: kind, is: []}}\n", "x.yaml:12: `is`: names no value"},
        {HEAD KIND "      - {name: x, type: text, ask: y, when: {slot: kind, min: 3}}\n",
         "x.yaml:12: `min`: is of a slot of type amount, and 'kind' is of type choice"},
        {HEAD KIND "      - {name: x, type: text, ask: y, when: {slot: kind, max: 3}}\n", "`max`: is of a slot of type amount"},
        {HEAD KIND "      - {name: x, type: text, ask: y, when: {slot: kind, within_days: 3}}\n", "`within_days`: is of a slot of type date"},
        {HEAD KIND "      - {name: x, type: text, ask: y, when: {slot: kind, not: [event], min: 3}}\n", "`not`: stands alone"},
        {HEAD KIND "      - {name: x, type: text, ask: y, when: {slot: x}}\n", "x.yaml:12: `x`: a slot that waits for itself is never asked"},
        {HEAD "    slots:\n      - {name: x, type: text, ask: y, when: {slot: z}}\n      - {name: z, type: text, ask: y}\n",
         "`z`: this flow has no slot of that name before this one"},
        {HEAD "    slots: [{name: d, type: date, ask: y}, {name: x, type: text, ask: y, when: {slot: d, within_days: -1}}]\n",
         "`within_days`: write a number from 0 to 36500"},
        {HEAD "    slots: [{name: n, type: amount, ask: y}, {name: x, type: text, ask: y, when: {slot: n, min: 10, max: 1}}]\n",
         "`min`: is more than `max`"},
        {HEAD "    slots: [{name: n, type: amount, ask: y, min: 10, max: 1}]\n", "x.yaml:5: `min`: is more than `max`"},
        {HEAD "    slots: [{name: x, type: email, ask: y, min: 3}]\n", "`min`: is of a slot of type amount, and 'x' is of type email"},
        {HEAD "    slots: [{name: x, type: email, ask: y, max: 3}]\n", "`max`: is of a slot of type amount"},
        {HEAD "    slots: [{name: x, type: email, ask: y, future: true}]\n", "`future`: is of a slot of type date"},
        {HEAD KIND "    score:\n      - {when: {slot: kind, is: [evnt]}, fit: 10}\n", "x.yaml:13: `is`: 'evnt' is no value"},
        {HEAD SLOT "    score: [{when: {slot: phone}, fit: 10}]\n", "`phone`: this flow has no slot of that name"},
        {HEAD SLOT "    score: [{when: {slot: email}, fit: 10000}]\n", "x.yaml:7: `fit`: write a number from -100 to 100"},
        {HEAD SLOT "    score: [{when: {slot: email}, interest: -101}]\n", "`interest`: write a number from -100 to 100"},
        {HEAD SLOT "    score: [{when: {slot: email}}]\n", "x.yaml:7: `score`: the rule is worth nothing"},
        {"flows:\n  - id: a\n    start: {intents: [x], min_confidence: 7}\n    done: x\n" SLOT, "x.yaml:3: `min_confidence`: write a number from 0 to 1"},
        {HEAD SLOT "  - id: b\n    start: {keywords: [precio, Hólá]}\n    done: x\n" SLOT, "x.yaml:8: `keywords`: 'Hólá' begins the flow of line 2 already"},
        {"flows:\n  - id: a\n    start: {choices: [c1]}\n    done: x\n" SLOT "  - id: b\n    start: {choices: [c2, c1]}\n    done: x\n" SLOT,
         "x.yaml:8: `choices`: 'c1' begins the flow of line 2 already"},
        {HEAD SLOT "  - id: a\n    start: {keywords: [x]}\n    done: x\n" SLOT, "two flows of that id"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lq_flows flows;
        rlt_error error = {.line = ""};
        if (lq_flows_parse("x.yaml", rlt_str(cases[i].text), &flows, &error))
            fail_msg("case %zu was taken", i);
        if (!strstr(error.line, cases[i].says))
            fail_msg("case %zu says '%s', not '%s'", i, error.line, cases[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads), cmocka_unit_test(within_days), cmocka_unit_test(refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
