/* SPDX-License-Identifier: Apache-2.0 */
/* Inside `relevo repair`: what is known of a lane, and the writing of what Postgres lacks. */
#ifndef RLV_CLI_REPAIR_H
#define RLV_CLI_REPAIR_H

#include "broker/broker.h"
#include "cli/rebuild.h"
#include "store/repair.h"

/* What all lanes share. */
typedef struct rlv_repair {
    const rlv_config *config;
    rlv_broker *broker;
    rlv_wire *wire;
    rlv_arena *arena;
    char cluster[64]; /* of Kafka */
    int32_t partitions;
    const char *topics[RLV_INPUTS_MAX];
    size_t n_topics;
} rlv_repair;

/* What a survey of Kafka found that Postgres lacks. */
typedef struct rlv_repair_survey {
    int64_t events, conversations, people; /* people: conversations that are the bot's at the end */
    int64_t next[RLV_INPUTS_MAX];          /* where the lane stands afterwards */
} rlv_repair_survey;

enum {
    RLV_REPAIR_TIMEOUT_MS = 120000
};

/* Reads all that is to be rebuilt and writes nothing. RLV_E_REFUSED: events are lost, and err lists them. */
RLV_MUST_CHECK int rlv_repair_survey_lane(rlv_repair *repair, const rlv_rebuild_range *range,
                                          rlv_repair_survey *ret, rlv_error *err);
/* Rebuilds history, conversations and positions of a lane that was begun (rlv_repair_begin): range.after is
   row.seq. Moves row on. */
RLV_MUST_CHECK int rlv_repair_write_lane(rlv_repair *repair, rlv_store *store, const rlv_rebuild_range *range,
                                         rlv_lane_row *row, rlv_error *err);

#endif
