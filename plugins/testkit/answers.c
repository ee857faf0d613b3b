/* SPDX-License-Identifier: Apache-2.0 */
/* Finds answers of a run. It must never fail a test by itself: what is absent is NULL, and the test says
   whether that is wrong. */
#include <string.h>

#include "testkit/testkit.h"

const tk_answer *tk_find(const tk_answers *answers, uint32_t view, uint32_t kind, uint32_t nth)
{
    for (uint32_t i = 0; i < answers->n; i++) {
        const tk_answer *answer = &answers->items[i];
        if (answer->view == view && answer->as.head.kind == kind && nth-- == 0) {
            return answer;
        }
    }
    return NULL;
}

const relevo_answer_reading *tk_reading(const tk_answers *answers, uint32_t view)
{
    const tk_answer *answer = tk_find(answers, view, RELEVO_ANSWER_READING, 0);
    return answer != NULL ? &answer->as.reading : NULL;
}

const relevo_answer_trigger *tk_trigger(const tk_answers *answers, uint32_t view)
{
    const tk_answer *answer = tk_find(answers, view, RELEVO_ANSWER_TRIGGER, 0);
    return answer != NULL ? &answer->as.trigger : NULL;
}

const relevo_answer_reply *tk_reply(const tk_answers *answers, uint32_t view)
{
    return tk_reply_at(answers, view, 0);
}

const relevo_answer_reply *tk_reply_at(const tk_answers *answers, uint32_t view, uint32_t nth)
{
    const tk_answer *answer = tk_find(answers, view, RELEVO_ANSWER_REPLY, nth);
    return answer != NULL ? &answer->as.reply : NULL;
}

const relevo_answer_abstain *tk_abstain(const tk_answers *answers, uint32_t view)
{
    const tk_answer *answer = tk_find(answers, view, RELEVO_ANSWER_ABSTAIN, 0);
    return answer != NULL ? &answer->as.abstain : NULL;
}

const relevo_answer_route *tk_route(const tk_answers *answers, uint32_t view)
{
    const tk_answer *answer = tk_find(answers, view, RELEVO_ANSWER_ROUTE, 0);
    return answer != NULL ? &answer->as.route : NULL;
}

const relevo_answer_effect *tk_effect(const tk_answers *answers, uint32_t view)
{
    const tk_answer *answer = tk_find(answers, view, RELEVO_ANSWER_EFFECT, 0);
    return answer != NULL ? &answer->as.effect : NULL;
}

const char *tk_slot_value(const tk_answers *answers, uint32_t view, const char *name)
{
    const tk_answer *answer = NULL;
    for (uint32_t i = 0; (answer = tk_find(answers, view, RELEVO_ANSWER_SLOT, i)) != NULL; i++) {
        if (strcmp(answer->as.slot.name.ptr, name) == 0) {
            return answer->as.slot.value.ptr;
        }
    }
    return NULL;
}

const char *tk_card(const tk_answers *answers, uint32_t view, const char *name, uint32_t nth)
{
    const tk_answer *answer = NULL;
    for (uint32_t i = 0; (answer = tk_find(answers, view, RELEVO_ANSWER_CARD, i)) != NULL; i++) {
        if (strcmp(answer->as.card.name.ptr, name) == 0 && nth-- == 0) {
            return answer->as.card.text.ptr;
        }
    }
    return NULL;
}
