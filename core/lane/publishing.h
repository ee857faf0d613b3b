/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The publishing thread of a lane, and the one queue between it and the stepping thread. Batches circulate: the
 * stepping thread takes a free one, fills and commits it, pushes it; the publishing thread publishes it and frees it.
 * After a failure it stands still until the stepping thread has healed it. Private to this room.
 */
#ifndef RLV_LANE_PUBLISHING_H
#define RLV_LANE_PUBLISHING_H

#include "broker/broker.h"
#include "lane/batch.h"

typedef struct rlv_publishing rlv_publishing;

/* Starts the thread, without a publisher yet. */
RLV_MUST_CHECK int rlv_publishing_start(const rlv_config *config, int32_t lane, rlv_publishing **ret, rlv_error *err);
/* Ends the thread and frees everything, the publisher too. What was not published is published by the next owner. */
void rlv_publishing_stop(rlv_publishing *publishing);

/* A free batch, waiting up to timeout_ms; NULL when all are on their way, or the thread failed. */
rlv_batch *rlv_publishing_take(rlv_publishing *publishing, int timeout_ms);
void rlv_publishing_give_back(rlv_publishing *publishing, rlv_batch *batch);
void rlv_publishing_push(rlv_publishing *publishing, rlv_batch *batch);

/* RLV_OK, or why the last transaction failed: its outcome is unknown. */
int rlv_publishing_state(rlv_publishing *publishing, rlv_error *err);
/* Waits until the thread stands still, drops the publisher and all batches on their way. */
void rlv_publishing_reset(rlv_publishing *publishing);
/* Hands it a publisher that has published up to seq; it takes up work. */
void rlv_publishing_resume(rlv_publishing *publishing, rlv_publisher *publisher, int64_t published);
/* Waits until all that was pushed is published; false after timeout_ms or a failure. */
bool rlv_publishing_drain(rlv_publishing *publishing, int timeout_ms);
/* The last sequence that is surely published. */
int64_t rlv_publishing_published(const rlv_publishing *publishing);

/* Adds to an open transaction what a history row says, all of its records of this trace but dead letters, whose headers are as they came. arena:
   scratch that lives until the commit. */
RLV_MUST_CHECK int rlv_publish_row(rlv_publisher *publisher, const rlv_config *config, rlv_arena *arena,
                                   rlv_id conversation_id, rlv_str decided, const rlv_trace *trace, rlv_error *err);
/* Adds the progress record. out must live until the commit. */
RLV_MUST_CHECK int rlv_publish_progress(rlv_publisher *publisher, const rlv_config *config, rlv_wire *wire,
                                        int32_t lane, int64_t seq, int64_t at_ms, rlv_buf *out, rlv_error *err);

#endif
