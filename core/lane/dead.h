/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dead letters: what cannot be decided goes to <topic>.dlq, bytes untouched, with Kafka Connect's error headers. It
 * passes through a history row like everything else, so that it too is published exactly once. Private to this room.
 */
#ifndef RLV_LANE_DEAD_H
#define RLV_LANE_DEAD_H

#include "broker/broker.h"
#include "lane/batch.h"


/* Packs a record's headers as they came; {NULL, 0} when it has none. RLV_E_LIMIT when they do not fit in the arena. */
RLV_MUST_CHECK int rlv_dead_headers(rlv_arena *arena, const rd_kafka_message_t *message, rlv_str *ret, rlv_error *err);
/* Packs the item's original record and its headers into the blob of its history row. */
RLV_MUST_CHECK int rlv_dead_pack(rlv_arena *arena, const rlv_batch_item *item, rlv_str *ret_blob, rlv_error *err);
/* Adds what was packed to the open transaction. bytes: of a record of topic RLV_TOPIC_DEAD. */
RLV_MUST_CHECK int rlv_dead_publish(rlv_publisher *publisher, rlv_arena *arena, rlv_str bytes, rlv_error *err);

#endif
