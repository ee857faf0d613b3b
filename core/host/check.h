/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a descriptor is one that this Relevo can work with. */
#ifndef RLV_HOST_CHECK_H
#define RLV_HOST_CHECK_H

#include <relevo/plugin.h>

#include "base/arena.h"

enum {
    RLV_CHECK_OPTIONS_MAX = 256
};

/*
 * Checks a descriptor without running any code of the plugin. symbol_size: what the object says of the
 * symbol; 0: unknown. *ret_options, in arena: a pointer to each option, whatever the stride of the plugin's
 * table. RLV_E_REFUSED with one line: path, field, found and expected value, what to do.
 */
RLV_MUST_CHECK int rlv_check_descriptor(const char *path, const relevo_plugin *plugin, size_t symbol_size,
                                        rlv_arena *arena, const relevo_option *const **ret_options,
                                        rlv_error *err);

#endif
