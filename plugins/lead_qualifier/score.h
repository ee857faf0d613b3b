/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions on values, and what a lead is worth by them. */
#ifndef RELEVO_LEAD_SCORE_H
#define RELEVO_LEAD_SCORE_H

#include "flows.h"

/* The values of one flow's slots as far as they are known: `of[i]` belongs to slot i; len 0: not known. */
typedef struct lq_values {
    const lq_flow *flow;
    relevo_str of[LQ_SLOTS_MAX];
    int64_t today; /* days since 1970-01-01 at the business */
} lq_values;

typedef struct lq_score {
    int fit, interest; /* 0 to 100 each: the sums of the rules that hold, cut to that */
    int score;         /* their mean, rounded */
} lq_score;

/* All conditions hold. One about a slot that is not known does not, unless it is `not`. */
bool lq_holds(const lq_values *values, const lq_condition *when, size_t n);
/* They hold, or may when more is known. */
bool lq_may_hold(const lq_values *values, const lq_condition *when, size_t n);
lq_score lq_score_of(const lq_values *values);

#endif
