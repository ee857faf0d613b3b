/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin's code in this process: loaded, checked, called. Used in the consumer and in a plugin's own
 * process. */
#ifndef RLV_HOST_LOAD_H
#define RLV_HOST_LOAD_H

#include "host/intents.h"

/* Loads and checks path; sha256: nothing of it is loaded if it has another one, "": any. *ret_info (but for `entry`) and its option table live in arena and in the code,
   which is never unloaded. Errors as rlv_host_inspect. */
RLV_MUST_CHECK int rlv_load(const char *path, const char *sha256, rlv_arena *arena, rlv_host_plugin_info *ret_info,
                            const relevo_plugin **ret, rlv_error *err);

/* Makes an instance; NULL of a plugin without create. RLV_E_CONFIG: err is what the plugin says, on one line.
 */
RLV_MUST_CHECK int rlv_load_create(const relevo_plugin *plugin, const relevo_value *values,
                                   void **ret_instance, rlv_error *err);

/* Has an instance tell of its intents, if it does. */
void rlv_load_intents(const relevo_plugin *plugin, void *instance, rlv_intents *intents);

/* Runs the operation of a phase that the plugin has; returns what it returns. results: as in rlv_runner_type.
 */
int32_t rlv_load_call(const relevo_plugin *plugin, void *instance, enum rlv_phase phase,
                      const relevo_view *const *views, const relevo_result *const *results, uint32_t n,
                      const relevo_sink *sink);

#endif
