/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lane is one partition's whole pipeline, sharing nothing with its sisters:
 *
 *     fetch ▸ decode ▸ load ▸ step ▸ commit  ─queue─▶  publish
 *     └──────── the stepping thread ───────┘          └ the publishing thread
 *
 * This is the only room that knows Kafka and Postgres at once; the order of what it does to them is the exactly-once
 * protocol (see README.md). A refusal by either never ends the process.
 */
#ifndef RLV_LANE_LANE_H
#define RLV_LANE_LANE_H

#include "broker/broker.h"
#include "host/host.h"
#include "registry/registry.h"

/* What all lanes of a process share; immutable while lanes run, but for `membership`, which is set before the
   first one starts. */
typedef struct rlv_lane_env {
    const rlv_config *config;
    rlv_broker *broker;
    const rlv_host *host;
    rlv_registry *registry; /* NULL: none is configured */
    rlv_membership *membership; /* for lag tools; NULL in tests */
    char kafka_cluster[64];
    int32_t partitions;
    const char *const *topics; /* inputs: the event topics, then results */
    size_t n_topics;
} rlv_lane_env;

typedef struct rlv_lane rlv_lane;

/* Makes a lane that is not running. */
RLV_MUST_CHECK int rlv_lane_new(const rlv_lane_env *env, int32_t number, rlv_lane **ret, rlv_error *err);
void rlv_lane_free(rlv_lane *lane);

/* Starts its threads: it takes the partition and works until stopped. cache_bytes: ceiling of its cache of
   conversations, which it keeps from one run to the next. */
RLV_MUST_CHECK int rlv_lane_start(rlv_lane *lane, size_t cache_bytes, rlv_error *err);
/* Asks it to finish the batch in hand, publish and leave. Returns at once. */
void rlv_lane_stop(rlv_lane *lane);
/* Waits until it has left; bounded by the time-outs of the configuration. */
void rlv_lane_join(rlv_lane *lane);
/* True when it owns the partition and works: for /readyz. */
bool rlv_lane_working(const rlv_lane *lane);
/* How long it waits for an inline plugin by now, us, and for which: valid as long as the host. 0: for none. Any thread. */
int64_t rlv_lane_busy_us(const rlv_lane *lane, const char **ret_with);

#endif
