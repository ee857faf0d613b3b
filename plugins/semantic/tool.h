/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RELEVO_SEMANTIC_TOOL_H
#define RELEVO_SEMANTIC_TOOL_H

#include <stdint.h>

/* Defaults of the plugin's options and of `ask`, as texts. */
#define SEM_LEAST  "0.86"
#define SEM_MARGIN "0.06"
#define SEM_WORDS  "0.25"

/* `relevo semantic ...`: see tool.c. Returns the exit code. */
int32_t sem_tool(int32_t argc, const char *const *argv);

#endif
