/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The consumer role: a member of the group, and the lanes that the group gives it. Two threads may call: the one that
 * runs it, and ops (ready, healthy).
 */
#ifndef RLV_LANE_CONSUMER_H
#define RLV_LANE_CONSUMER_H

#include <signal.h>

#include "host/host.h"

typedef struct rlv_consumer rlv_consumer;

RLV_MUST_CHECK int rlv_consumer_new(const rlv_config *config, const rlv_host *host, rlv_consumer **ret, rlv_error *err);
/* Joins the group and works until *stop is set; then finishes, commits, publishes and leaves. Kafka or Postgres
   being away is waited out. Returns an error only for what waiting cannot mend: topics that do not fit, a member
   id taken by another. */
RLV_MUST_CHECK int rlv_consumer_run(rlv_consumer *consumer, const volatile sig_atomic_t *stop, rlv_error *err);
void rlv_consumer_free(rlv_consumer *consumer);
/* True after a run that Kafka did not let go: threads of its client are left, and only the process's end ends them. */
bool rlv_consumer_haunted(const rlv_consumer *consumer);

/* Milliseconds since the poll loop last moved, or that a lane waits for an inline plugin by now, whichever are more: liveness,
   whatever broker and database do. */
int64_t rlv_consumer_idle_ms(const rlv_consumer *consumer);
/* True when it is a member and all its lanes work; else writes into why what it waits for. */
bool rlv_consumer_ready(const rlv_consumer *consumer, char *why, size_t why_size);

#endif
