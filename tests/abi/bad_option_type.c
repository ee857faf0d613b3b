/* SPDX-License-Identifier: Apache-2.0 */
/* An option of a type that this version does not have: refused for options[1].type. */
#include "bad.h"

static const relevo_option options[] = {
    {.size = sizeof(relevo_option),
     .type = RELEVO_OPTION_REAL,
     .name = "fine",
     .initial = "0.5",
     .max = 1,
     .help = "Fine."},
    {.size = sizeof(relevo_option), .type = 99, .name = "colour", .help = "Of a type that nobody knows."},
};

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    ABI_GOOD_HEAD("bad_option_type"),
    .n_options = 2,
    .options = options,
    .trigger = abi_silent,
};
