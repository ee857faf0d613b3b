/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The role that talks to the outside: messages to customers through WhatsApp's Cloud API, behind the takeover
 * fence, and effects to the destinations of the configuration. Nothing else in Relevo opens a connection to
 * anybody but Kafka and Postgres.
 */
#ifndef RLV_DELIVER_DELIVER_H
#define RLV_DELIVER_DELIVER_H

#include <signal.h>

#include "config/config.h"

typedef struct rlv_deliver rlv_deliver;

/* config: borrowed until free. RLV_E_CONFIG for what librdkafka refuses. */
RLV_MUST_CHECK int rlv_deliver_new(const rlv_config *config, rlv_deliver **ret, rlv_error *err);
void rlv_deliver_free(rlv_deliver *deliver);

/* Works until *stop, then claims nothing new and lets requests finish within deliver.drain. Kafka, Postgres,
   WhatsApp and destinations being away is waited out. */
RLV_MUST_CHECK int rlv_deliver_run(rlv_deliver *deliver, const volatile sig_atomic_t *stop, rlv_error *err);

/* For health checks, from any thread: ms since the loop moved last; whether it works, and if not why. */
int64_t rlv_deliver_idle_ms(const rlv_deliver *deliver);
bool rlv_deliver_ready(const rlv_deliver *deliver, char *why, size_t why_size);

#endif
