/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that are decided later: short ones wait for what the customer writes next (policy.pause), any for the result of an
 * effect. Private to this room.
 */
#ifndef RLV_CONVERSATION_HELD_H
#define RLV_CONVERSATION_HELD_H

#include "conversation/step.h"

enum {
    RLV_PAUSE_POINTS_MAX = 160, /* code points of a message that waits for what follows it: a longer one says it all */
    RLV_PAUSES_MAX = 4,         /* pauses that a burst takes at most, however fast it goes on */
    RLV_HELD_MS_MAX = 120000    /* what is held for so long is decided by what is known here, whatever else is asked for */
};

/* The bot's conversation got the event's message: it is held in a pause, and decided so; or it becomes step->message, together with
   what was held. True: it is held. */
bool rlv_held_pause(rlv_step *step);
/* The timer "held" fired: what is due becomes step->message. False: nothing is. Decides which. */
bool rlv_held_due(rlv_step *step);
/* The event is the result that a message waits for: that becomes step->message. */
bool rlv_held_result(rlv_step *step);

/* The effect among the answers that holds step->message; NULL: none may, or wants to. */
const rlv_answer *rlv_held_effect(const rlv_step *step);
/* Holds step->message until the effect's result, and decides so. */
void rlv_held_wait(rlv_step *step, const rlv_answer *effect);

/* What the loser held goes on in kept, behind or before what is held there, by time. */
void rlv_held_join(rlv_conversation *kept, const rlv_conversation *loser, rlv_arena *arena);

#endif
