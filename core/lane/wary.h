/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a lane does whose predecessors died: what they died of comes again, first thing. See README.md. Private to this
 * room.
 */
#ifndef RLV_LANE_WARY_H
#define RLV_LANE_WARY_H

#include "base/rehearse.h"
#include "lane/batch.h"

/* Why an item is not decided; its one argument is how the copy ended. */
#define RLV_WARY_DIED "relevo did not survive it (%s): this is a mistake in relevo, please report it with this record"

typedef struct rlv_wary {
    int32_t deaths;  /* holders before, in a row, that did not leave in order: after one inline plugins are tried in copies of this process first, after two
                        our own code is, too; 0: nothing is feared */
    int64_t left;    /* events to be decided like that, unless all that waited when the lane was taken was decided before */
    rlv_scout scout; /* the lane's */
} rlv_wary;

/* For a lane just taken; deaths: of holders before that did not leave in order; batches of at most batch_max events may have been in the hands
   of who died. */
void rlv_wary_begin(rlv_wary *w, int32_t deaths, int64_t batch_max);
/* A batch of n items was decided; all_seen: all that waited when the lane was taken is now. True: that was the last one, nothing is feared any
   more. */
bool rlv_wary_over(rlv_wary *w, size_t n, bool all_seen);

/* Our own code does not survive batch->died: it becomes a dead letter, or is given up if it came from no topic; of what a command did, the
   ownership is told if that is survived. how: the copy's end. RLV_E_LIMIT: memory is short. RLV_E_DIED: not even that is survived. */
RLV_MUST_CHECK int rlv_wary_blame(rlv_batch *batch, const char *room, const rlv_error *how, rlv_error *err);

#endif
