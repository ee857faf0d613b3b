/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inputs that stand before an open transaction. Nothing behind it is read until it ends, and Kafka may have lost its end: a
 * reader of committed records sees the same as at the end of the partition. Private to this room. One thread.
 */
#ifndef RLV_LANE_STANDING_H
#define RLV_LANE_STANDING_H

#include "lane/lane.h"
#include "store/store.h"

typedef struct rlv_standing {
    struct rlv_standing_input {
        int64_t at;     /* where it stands */
        int64_t ask_us; /* when Kafka is asked why, if it still does; 0: not looked at yet */
        bool said;
    } inputs[RLV_INPUTS_MAX];
    int64_t look_us; /* when they are looked at again */
} rlv_standing;

/* next: of each input, after a batch; cheap, and at most a look a second. Of one that stands before its end for longer than
   consume.transaction_timeout Kafka is asked, which blocks for a moment: a transaction that is open there is logged, once a minute,
   and so is that the input goes on. */
void rlv_standing_look(rlv_standing *standing, const rlv_lane_env *env, const rlv_feed *feed, int32_t lane, const int64_t *next);
/* True while a transaction that was told is open. */
bool rlv_standing_stuck(const rlv_standing *standing);

#endif
