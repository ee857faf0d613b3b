/* SPDX-License-Identifier: Apache-2.0 */
/* An answer about the view behind the last one: emit refuses it (RELEVO_E_VIEW), the next answer stands. */
#include "bad.h"

static int32_t trigger(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    (void)views;
    const relevo_answer_trigger bad = {.head = {sizeof(bad), RELEVO_ANSWER_TRIGGER}, .score = 1};
    return abi_report(sink, sink->emit(sink, n, &bad.head));
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    ABI_GOOD_HEAD("wrong_view"),
    .trigger = trigger,
};
