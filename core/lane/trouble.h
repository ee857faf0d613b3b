/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a lane says of the trouble it is in, and how long it waits before it tries again. A trouble is over when work was
 * done, not when the lane could be taken: on a full disk every fence is won and every commit fails. Must never touch
 * Kafka or Postgres.
 */
#ifndef RLV_LANE_TROUBLE_H
#define RLV_LANE_TROUBLE_H

#include <stdint.h>

#include "base/error.h"

enum { RLV_TROUBLE_KINDS = 4, RLV_TROUBLE_PREFIX = 24 };

typedef struct rlv_trouble {
    int backoff_ms;
    bool said; /* anything since it was over last */
    struct rlv_trouble_kind {
        int code;
        char begin[RLV_TROUBLE_PREFIX];
        int64_t at_us;
        bool before; /* the trouble was over since */
    } kinds[RLV_TROUBLE_KINDS]; /* what was said last, in no order */
} rlv_trouble;

/* True when err is worth a line at now_us: each kind once a minute while the trouble lasts, and at most every five seconds
   when it comes and goes. Two errors are of a kind when code and beginning are the same: texts of Kafka differ in numbers
   that mean nothing. */
bool rlv_trouble_news(rlv_trouble *trouble, const rlv_error *err, int64_t now_us);
/* Milliseconds to wait before the next try: more each time, but at once the most when a person must look. */
int rlv_trouble_wait(rlv_trouble *trouble, int code);
/* Work was done. True when a trouble was told of that is over now. */
bool rlv_trouble_over(rlv_trouble *trouble);

#endif
