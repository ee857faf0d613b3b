/* SPDX-License-Identifier: Apache-2.0 */
/* Answers for ever, until emit refuses one (RELEVO_E_LIMIT): a plugin in a loop must not fill the batch's
   memory. */
#include "bad.h"

static int32_t trigger(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    (void)views;
    (void)n;
    const relevo_answer_trigger again = {.head = {sizeof(again), RELEVO_ANSWER_TRIGGER}, .score = 0.1};
    int32_t code = RELEVO_OK;
    for (int i = 0; i < 1000000 && code == RELEVO_OK; i++) {
        code = sink->emit(sink, 0, &again.head);
    }
    return code == RELEVO_E_LIMIT ? RELEVO_OK : RELEVO_E_FAILED;
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    ABI_GOOD_HEAD("too_many_answers"),
    .trigger = trigger,
};
