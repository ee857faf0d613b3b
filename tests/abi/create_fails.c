/* SPDX-License-Identifier: Apache-2.0 */
/* create refuses its options with a message: the host shows that line and loads nothing. */
#include <string.h>

#include "bad.h"

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    static const char line[] = "the moon is not full: wait a week";
    (void)values;
    (void)ret_instance;
    if (error_size >= sizeof(line)) {
        memcpy(error, line, sizeof(line));
    }
    return RELEVO_E_FAILED;
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    ABI_GOOD_HEAD("create_fails"),
    .create = create,
    .trigger = abi_silent,
};
