/* SPDX-License-Identifier: Apache-2.0 */
/* One message and the place in a flow: what was learned of it, and what comes next. Pure: the same view gives the same
   turn, in each of the phases that ask. */
#ifndef RELEVO_LEAD_ADVANCE_H
#define RELEVO_LEAD_ADVANCE_H

#include "score.h"
#include "state.h"
#include "value.h"

typedef struct lq_business {
    lq_flows flows;
    lq_words words;
    rlt_finder *finder;
    const char *country; /* "": that of the customer's number */
    double utc_offset;   /* hours; NAN: the country's */
} lq_business;

typedef enum lq_step {
    LQ_QUIET,     /* nothing of ours */
    LQ_STARTS,    /* a flow begins: introduction and first question */
    LQ_GOES_ON,   /* something was learned: the next question */
    LQ_AGAIN,     /* nothing was: the same question, with a hint */
    LQ_WAITS,     /* the message is about something else: the question may follow its answer */
    LQ_COMPLETE,  /* nothing is left to ask */
    LQ_ENDS,      /* the customer does not want to go on */
    LQ_AMENDED,   /* a value of a flow that is over was put right, or added */
    LQ_STUCK      /* a slot cannot be had, and a person should take it */
} lq_step;

typedef struct lq_taken {
    const lq_slot *slot;
    bool corrected; /* it had another value */
    char value[LQ_VALUE_MAX + 1];
} lq_taken;

typedef struct lq_turn {
    lq_step step;
    const lq_flows *flows; /* of the business */
    const lq_flow *flow; /* NULL: LQ_QUIET */
    lq_state after;      /* to remember */
    lq_taken taken[LQ_SLOTS_MAX];
    size_t n_taken;
    bool queued;          /* the customer waits for a person, who is to have the answers */
    bool begun;           /* by this message */
    bool returns;         /* to where they had left it */
    bool asks_too;        /* the message also asks something: its answer comes first */
    bool amends;          /* people, or other systems, may have been told already */
    bool digits;          /* it is made of digits alone: no other talk */
    bool beyond;          /* it gives a value outside the limits of what was asked for */
    bool lacks;           /* it says that there is no answer */
    const lq_slot *stuck; /* LQ_STUCK */
    lq_values values;     /* after this message */
    lq_score score;
} lq_turn;

/* `early`: before the classify phase is over, when nobody knows yet what else the message may mean. Then a flow under way
   takes only what shows by its form what it is, and none begins. False: out of memory. `work` holds what *ret borrows
   until its reset. */
bool lq_advance(const lq_business *business, rlt_work *work, const relevo_view *view, bool early, lq_turn *ret);

#endif
