/* SPDX-License-Identifier: Apache-2.0 */
/* Built against 1.6, as its descriptor says: notices of what is amended are not for it. */
#include "bad.h"

static int32_t notify(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    (void)views;
    for (uint32_t i = 0; i < n; i++) {
        const relevo_answer_effect effect = {
            .head = {sizeof(effect), RELEVO_ANSWER_EFFECT}, .destination = RELEVO_STR("crm"), .method = RELEVO_STR("POST")};
        if (sink->emit(sink, i, &effect.head) != RELEVO_OK) {
            return RELEVO_E_FAILED;
        }
    }
    return RELEVO_OK;
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    ABI_HEAD(RELEVO_PLUGIN_MAGIC, RELEVO_ABI_MAJOR, 6, sizeof(relevo_plugin), "older_minor"),
    .notify = notify,
};
