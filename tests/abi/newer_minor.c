/* SPDX-License-Identifier: Apache-2.0 */
/* Built against a newer minor version than the host's: refused for abi_minor. */
#include "bad.h"

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    ABI_HEAD(RELEVO_PLUGIN_MAGIC, RELEVO_ABI_MAJOR, RELEVO_ABI_MINOR + 1, sizeof(relevo_plugin),
             "newer_minor"),
    .trigger = abi_silent,
};
