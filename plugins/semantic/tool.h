/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RELEVO_SEMANTIC_TOOL_H
#define RELEVO_SEMANTIC_TOOL_H

#include <stdint.h>

/* `relevo semantic texts --kb DIR`: see tool.c. Returns the exit code. */
int32_t sem_tool(int32_t argc, const char *const *argv);

#endif
