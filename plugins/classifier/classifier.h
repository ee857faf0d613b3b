/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RELEVO_CLASSIFIER_H
#define RELEVO_CLASSIFIER_H

#include <relevo/plugin.h>

/* `relevo classifier ...`: see tool.c. */
int32_t rlc_tool(int32_t argc, const char *const *argv);

#endif
