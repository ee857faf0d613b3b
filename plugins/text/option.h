/* SPDX-License-Identifier: Apache-2.0 */
/* A row of a plugin's table of options. */
#ifndef RELEVO_TEXT_OPTION_H
#define RELEVO_TEXT_OPTION_H

#include <relevo/plugin.h>

/* kind: STRING, INTEGER ... of RELEVO_OPTION_*; then the members that are not zero: .initial, .min, .flags ... */
#define RLT_OPTION(kind, word, text, ...) \
    {.size = (uint32_t)sizeof(relevo_option), .type = RELEVO_OPTION_##kind, .name = word, .help = text, __VA_ARGS__}

#endif
