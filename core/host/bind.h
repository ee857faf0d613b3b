/* SPDX-License-Identifier: Apache-2.0 */
/* From what an operator wrote under `options:` to the values of a plugin's own table. */
#ifndef RLV_HOST_BIND_H
#define RLV_HOST_BIND_H

#include <relevo/plugin.h>

#include "base/arena.h"
#include "config/yaml.h"

/* Where options come from, for messages and for relative paths. */
typedef struct rlv_bind_source {
    const char *file;             /* of the configuration */
    const char *folder;           /* of that file */
    const char *entry;            /* the plugin's name in it */
    int32_t line;                 /* of the entry */
    const rlv_yaml_node *options; /* NULL: none given */
} rlv_bind_source;

/*
 * Binds n options: one value each, in the table's order, in arena. May read `<secret>_file`s. RLV_E_CONFIG
 * with a line that names file, line, plugin and option; RLV_E_LIMIT when the arena is full. A secret's value
 * is in no message.
 */
RLV_MUST_CHECK int rlv_bind(const rlv_bind_source *source, const relevo_option *const *options, size_t n,
                            rlv_arena *arena, const relevo_value **ret, rlv_error *err);

/* Parses an option's default exactly as a given value; the message has no prefix. An option without one gives
 * zeros. */
RLV_MUST_CHECK int rlv_bind_initial(const relevo_option *option, const char *folder, rlv_arena *arena,
                                    relevo_value *ret, rlv_error *err);

#endif
