/* SPDX-License-Identifier: Apache-2.0 */
/* Something else than a plugin under the plugin's name: refused for its magic. */
#include "bad.h"

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    ABI_HEAD(0x0badc0deu, RELEVO_ABI_MAJOR, RELEVO_ABI_MINOR, sizeof(relevo_plugin), "wrong_magic"),
    .trigger = abi_silent,
};
