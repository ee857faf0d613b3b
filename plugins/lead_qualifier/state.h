/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of a conversation between two messages: the place in a flow. Values are in the slots. */
#ifndef RELEVO_LEAD_STATE_H
#define RELEVO_LEAD_STATE_H

#include "flows.h"

#define LQ_STATE_MAX 704u /* bytes, as text */

typedef struct lq_state {
    const lq_flow *flow;     /* under way; NULL: none */
    const lq_slot *asked;    /* what the customer was asked for last */
    const lq_slot *previous; /* what was filled last */
    uint32_t attempts;       /* how often `asked` was asked for, the first time included */
    uint32_t filled, skipped; /* a bit for each slot of the flow */
    uint32_t finished, cancelled; /* a bit for each flow that ended so in this stretch */
    const lq_flow *left;     /* the customer left it last, and nothing has begun since: it may go on; NULL: none */
    uint32_t known;          /* a bit for each slot that it had filled then */
    rlt_language language;    /* that the flow speaks */
} lq_state;

/* Reads what lq_state_write wrote, of flows that may have been edited since: slots and flows that are gone are left out. Nothing, or a flow that
   is gone: nothing is under way. */
lq_state lq_state_read(const lq_flows *flows, relevo_str memory);
/* How many bytes were written; 0: there is nothing to remember. */
size_t lq_state_write(const lq_flows *flows, const lq_state *state, char ret[LQ_STATE_MAX]);

static inline uint32_t lq_bit(const lq_flow *flow, const lq_slot *slot)
{
    return UINT32_C(1) << (slot - flow->slots);
}

#endif
