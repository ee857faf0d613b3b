/* SPDX-License-Identifier: Apache-2.0 */
/* A descriptor that ends before its operations: refused for size, and nothing behind the size may be read. */
#include "bad.h"

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    ABI_HEAD(RELEVO_PLUGIN_MAGIC, RELEVO_ABI_MAJOR, RELEVO_ABI_MINOR, 16, "short_size"),
    .trigger = abi_silent,
};
