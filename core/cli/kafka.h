/* SPDX-License-Identifier: Apache-2.0 */
/* Kafka as the tools need it: short-lived clients that read or administer. Nothing here joins a group. */
#ifndef RLV_CLI_KAFKA_H
#define RLV_CLI_KAFKA_H

#include <librdkafka/rdkafka.h>

#include "broker/broker.h"
#include "wire/wire.h"

enum {
    RLV_CLI_WAIT_MS = 10000
}; /* for a server that is away */

/* A client with the operator's properties and n of ours on top. */
RLV_MUST_CHECK int rlv_cli_client(const rlv_config *config, rd_kafka_type_t type, const char *what,
                                  const char *const (*own)[2], size_t n, rd_kafka_t **ret, rlv_error *err);

/* All topics of the cluster; free with rd_kafka_metadata_destroy. Never creates one. */
RLV_MUST_CHECK int rlv_cli_metadata(rd_kafka_t *rk, const rlv_config *config,
                                    const struct rd_kafka_metadata **ret, rlv_error *err);
/* NULL when there is no such topic. */
const struct rd_kafka_metadata_topic *rlv_cli_topic(const struct rd_kafka_metadata *metadata,
                                                    const char *name);

/* True, after a short sleep, when the call that answered code may succeed in a moment: leaders are being chosen, because
   topics were just made or a broker went. False past until_us (rlv_clock_mono_us). */
bool rlv_cli_again(rd_kafka_resp_err_t code, int64_t until_us);

/* How far a lane has published, as the progress topic tells: no more than is true while the lane works; 0 when it tells
   nothing. Resets arena. */
RLV_MUST_CHECK int rlv_cli_progress(rlv_broker *broker, const rlv_config *config, rlv_wire *wire, int32_t lane,
                                    rlv_arena *arena, int64_t *ret, rlv_error *err);

/* An error of librdkafka about something; says so when the server is away. */
int rlv_cli_kafka_error(rlv_error *err, rd_kafka_resp_err_t code, const rlv_config *config, const char *what);

#endif
