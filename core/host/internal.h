/* SPDX-License-Identifier: Apache-2.0 */
/* What host.c makes and call.c uses. */
#ifndef RLV_HOST_INTERNAL_H
#define RLV_HOST_INTERNAL_H

#include <stdatomic.h>

#include "base/metrics.h"
#include "host/answer.h"
#include "host/runner.h"

/* One entry of the configuration. Fixed after rlv_host_new, but for what is atomic. */
typedef struct rlv_hosted {
    rlv_host_plugin_info info;
    rlv_runner *runner;
    rlv_str entry;
    const char *room; /* "plugin keyword", for the log */
    rlv_metric *seconds[RLV_PHASES];
    rlv_metric *refused[RLV_REFUSALS];
    atomic_bool refusal_logged[RLV_REFUSALS];
    _Atomic int64_t quiet_until_us; /* failures before this are only counted */
} rlv_hosted;

struct rlv_host {
    rlv_arena *arena;
    rlv_hosted *plugins;
    size_t n;
    uint32_t operations; /* of any plugin */
};

/* Makes the series of a plugin, so that each shows as 0 before anything happened. */
void rlv_hosted_metrics(rlv_hosted *plugin);

#endif
