/* SPDX-License-Identifier: Apache-2.0 */
/* How long a plugin's call may take; see runner.h. */
#include "host/runner.h"

enum { EVENT_MS = 2000, BATCH_MS = 10000, BATCH_MAX = 1000 }; /* of what says nothing: a configuration made by hand */

rlv_run_budget rlv_run_budget_of(const rlv_config_plugin *entry, int32_t batch_max)
{
    return (rlv_run_budget){.event_us = (entry->event_ms ? entry->event_ms : EVENT_MS) * 1000,
                            .batch_us = (entry->batch_ms ? entry->batch_ms : BATCH_MS) * 1000,
                            .batch_max = batch_max > 0 ? batch_max : BATCH_MAX};
}

int64_t rlv_run_budget_us(const rlv_run_budget *budget, uint32_t n)
{
    int64_t whole = budget->batch_us > budget->event_us ? budget->batch_us - budget->event_us : 0;
    return budget->event_us + whole * n / (budget->batch_max > (int64_t)n ? budget->batch_max : (int64_t)n);
}
