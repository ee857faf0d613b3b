/* SPDX-License-Identifier: Apache-2.0 */
/* The metrics of a lane. Updates take no lock. Private to this room. */
#ifndef RLV_LANE_METERS_H
#define RLV_LANE_METERS_H

#include "base/metrics.h"
#include "lane/batch.h"
#include "lane/fetch.h"

typedef struct rlv_lane_meters {
    rlv_metric *lag[RLV_INPUTS_MAX], *lag_seconds[RLV_INPUTS_MAX], *command_age, *schema_wait, *working, *failed;
    rlv_metric *waiting, *waiting_seconds, *takeovers;
    rlv_metric *fetch, *load, *step, *commit, *sizes, *conflicts, *fenced;
    rlv_metric *events[RLV_EVENT_KINDS], *decisions[RLV_DECISION_KINDS];
    size_t n_topics;
} rlv_lane_meters;

/* The series of a lane that the group gave us; drop: no longer, so they leave the dashboards. A lane that is stuck keeps
   them: that is when they are looked at. */
void rlv_meters_take(rlv_lane_meters *m, const rlv_lane_env *env, int32_t lane);
void rlv_meters_drop(rlv_lane_meters *m);
void rlv_meters_fetch(rlv_lane_meters *m, int64_t us);
void rlv_meters_working(rlv_lane_meters *m, bool working);
/* A transaction whose outcome is unknown. */
void rlv_meters_failed(rlv_lane_meters *m);
void rlv_meters_stages(rlv_lane_meters *m, int64_t load_us, int64_t step_us, int64_t commit_us);
void rlv_meters_batch(rlv_lane_meters *m, const rlv_batch *batch);
void rlv_meters_lag(rlv_lane_meters *m, const rlv_fetch *fetch, const rlv_lane_row *row);
/* n conversations of the lane wait for a person, the first of them since since_ms (0: none waits). */
void rlv_meters_waiting(rlv_lane_meters *m, int64_t n, int64_t since_ms);
void rlv_meters_conflict(rlv_lane_meters *m);
void rlv_meters_fenced(rlv_lane_meters *m);

#endif
