/* SPDX-License-Identifier: Apache-2.0 */
/* One option's value, from a node of the configuration. */
#ifndef RLV_HOST_OPTION_H
#define RLV_HOST_OPTION_H

#include <relevo/plugin.h>

#include "base/arena.h"
#include "config/yaml.h"

/*
 * Reads node as the option's type and range say. folder: against which relative paths are resolved. On
 * success *ret is filled but for `given`; texts lie in arena. RLV_E_CONFIG: err is "option 'x' is ..., it
 * wants ..."; RLV_E_LIMIT.
 */
RLV_MUST_CHECK int rlv_option_read(const relevo_option *option, const rlv_yaml_node *node, const char *folder,
                                   rlv_arena *arena, relevo_value *ret, rlv_error *err);

/* path itself when absolute or empty, else folder/path, in arena and NUL-terminated; {NULL, 0} when the arena
 * is full. */
rlv_str rlv_option_path(rlv_arena *arena, const char *folder, rlv_str path);

#endif
