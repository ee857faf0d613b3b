/* SPDX-License-Identifier: Apache-2.0 */
/* What a customer who waits for a person is told, and what they may do meanwhile. Private to this room. */
#ifndef RLV_CONVERSATION_WAITING_H
#define RLV_CONVERSATION_WAITING_H

#include "conversation/step.h"

/* What was said offers them to go on with the bot, as the policy wants (queue.leave). d NULL: nothing was said. */
void rlv_waiting_leave(rlv_step *step, rlv_decision *d);
/* WAITING: says the place in the queue, or the expected wait where the event knows it. */
void rlv_waiting_told(rlv_step *step);
/* NOBODY: says so, and does what the policy says. */
void rlv_waiting_given_up(rlv_step *step);
/* A message of a customer who waits: they go on with the bot (true: nothing else is to be decided about it), or they say where to reach them. */
bool rlv_waiting_message(rlv_step *step);

/* They wait no longer: what they were asked is not open any more. */
void rlv_waiting_over(rlv_conversation *conv);

#endif
