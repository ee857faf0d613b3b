/* SPDX-License-Identifier: Apache-2.0 */
/* A shared object that exports something, but no descriptor: refused for the missing symbol. */
#include "relevo/plugin.h"

RELEVO_EXPORT const uint32_t relevo_plugin_description = RELEVO_PLUGIN_MAGIC; /* nearly */
