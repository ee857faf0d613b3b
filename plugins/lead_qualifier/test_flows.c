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

    lq_state there = {.flow = flow, .asked = &flow->slots[1], .attempts = 2, .filled = 1, .finished = 4, .cancelled = 2, .language = RLT_PT};
    char bytes[LQ_STATE_MAX];
    size_t len = lq_state_write(&there, bytes);
    assert_true(len > 0 && len < LQ_STATE_MAX);
    lq_state back = lq_state_read(&flows, (relevo_str){bytes, len});
    assert_true(back.flow == flow && back.asked == &flow->slots[1] && !back.previous);
    assert_true(back.attempts == 2 && back.filled == 1 && back.finished == 4 && back.cancelled == 2 && back.language == RLT_PT);
    assert_null(lq_state_read(&flows, rlt_str("1 catering deadbeef kind - 1 1 0 0 0 es")).flow);
    assert_null(lq_state_read(&flows, rlt_str("2 what")).flow);
    assert_null(lq_state_read(&flows, (relevo_str){NULL, 0}).flow);
    there = (lq_state){.flow = NULL};
    assert_int_equal(lq_state_write(&there, bytes), 0);
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
        {HEAD "    slots: [{name: x, type: text, ask: y, when: {slot: x, is: [a], not: [b]}}]\n", "either `is` or `not`"},
        {HEAD "    slots: [{name: x, type: email, ask: y, from_whatsapp: true}]\n", "WhatsApp knows only"},
        {HEAD "    slots: [{name: x, type: text, ask: {fr: y}}]\n", "a language is es, pt or en"},
        {HEAD "    kind: data\n    score: [{fit: 1}]\n" SLOT, "only a flow of kind lead is scored"},
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads), cmocka_unit_test(refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
