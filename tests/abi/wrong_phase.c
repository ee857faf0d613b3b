/* SPDX-License-Identifier: Apache-2.0 */
/* A reply to the customer out of the trigger phase: emit refuses it (RELEVO_E_KIND), the next answer stands. */
#include "bad.h"

static int32_t trigger(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    (void)views;
    (void)n;
    const relevo_answer_reply bad = {.head = {sizeof(bad), RELEVO_ANSWER_REPLY},
                                     .confidence = 1,
                                     .text = RELEVO_STR("A trigger does not reply.")};
    return abi_report(sink, sink->emit(sink, 0, &bad.head));
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    ABI_GOOD_HEAD("wrong_phase"),
    .trigger = trigger,
};
