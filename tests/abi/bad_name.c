/* SPDX-License-Identifier: Apache-2.0 */
/* A name that could be no metric label and no folder: refused for name. */
#include "bad.h"

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    ABI_GOOD_HEAD("Bad Name!"),
    .trigger = abi_silent,
};
