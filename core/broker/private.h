/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share. */
#ifndef RLV_BROKER_PRIVATE_H
#define RLV_BROKER_PRIVATE_H

#include "broker/broker.h"

struct rlv_broker {
    const rlv_config *config;
    rd_kafka_t *fetcher; /* read_committed, no group in use */
    rd_kafka_t *reader;  /* read_uncommitted: end offsets and metadata */
};

/* Sets one of our own properties; they are constants of ours, so a refusal is a bug that a test finds. */
int rlv_broker_set(rd_kafka_conf_t *conf, const char *name, const char *value, rlv_error *err);
/* A code for a librdkafka error: away, timed out, fenced or failed. */
int rlv_broker_code(rd_kafka_resp_err_t code);

#endif
