/* SPDX-License-Identifier: Apache-2.0 */
/* The topics as they should be, for `relevo check` as well as `relevo topics`. Never changes one. */
#ifndef RLV_CLI_TOPICS_H
#define RLV_CLI_TOPICS_H

#include <librdkafka/rdkafka.h>

#include "config/config.h"

typedef void rlv_cli_say(void *user, const char *text);

/* Looks at every topic of the configuration and says what does not fit, a sentence with its remedy each.
   *ret_topics: how many there should be. RLV_E_UNAVAILABLE: Kafka does not answer. */
RLV_MUST_CHECK int rlv_cli_topics_check(rd_kafka_t *rk, const rlv_config *config, rlv_cli_say *say,
                                        void *user, int *ret_topics, rlv_error *err);

#endif
