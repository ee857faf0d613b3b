/* SPDX-License-Identifier: Apache-2.0 */
/* trigger answers about the first view and then fails: the answer is dropped, every view of the batch is a
   failure. */
#include "bad.h"

static int32_t trigger(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    (void)views;
    (void)n;
    (void)abi_report(sink, RELEVO_OK);
    return RELEVO_E_FAILED;
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    ABI_GOOD_HEAD("operation_fails"),
    .trigger = trigger,
};
