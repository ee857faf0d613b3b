/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence that ends within a character: emit refuses it (RELEVO_E_TEXT), the next answer stands. */
#include "bad.h"

static int32_t trigger(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    (void)views;
    (void)n;
    const relevo_answer_trigger bad = {
        .head = {sizeof(bad), RELEVO_ANSWER_TRIGGER}, .score = 1, .evidence = RELEVO_STR("mi due\xc3")};
    return abi_report(sink, sink->emit(sink, 0, &bad.head));
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    ABI_GOOD_HEAD("bad_utf8"),
    .trigger = trigger,
};
