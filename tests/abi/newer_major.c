/* SPDX-License-Identifier: Apache-2.0 */
/* Built against the next major version of the ABI: refused for abi_major. */
#include "bad.h"

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    ABI_HEAD(RELEVO_PLUGIN_MAGIC, RELEVO_ABI_MAJOR + 1, 0, sizeof(relevo_plugin), "newer_major"),
    .trigger = abi_silent,
};
