/* SPDX-License-Identifier: Apache-2.0 */
/* A megabyte of evidence: emit refuses it (RELEVO_E_LIMIT), the next answer stands. */
#include "bad.h"

static const char megabyte[1 << 20]; /* zero bytes are UTF-8 too */

static int32_t trigger(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    (void)views;
    (void)n;
    const relevo_answer_trigger bad = {
        .head = {sizeof(bad), RELEVO_ANSWER_TRIGGER}, .score = 1, .evidence = {megabyte, sizeof(megabyte)}};
    return abi_report(sink, sink->emit(sink, 0, &bad.head));
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    ABI_GOOD_HEAD("oversized_text"),
    .trigger = trigger,
};
