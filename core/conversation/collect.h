/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bot asks of who waits for a person (policy.queue.collect), so that the person has it. Private to this room.
 */
#ifndef RLV_CONVERSATION_COLLECT_H
#define RLV_CONVERSATION_COLLECT_H

#include "conversation/step.h"

/* They wait from now on: what `what` names is to be begun when policy.queue.collect_after has passed. Empty, or "none": nothing is. */
void rlv_collect_later(rlv_step *step, rlv_str what);
/* When that is, in lane time; 0: nothing is to be begun. */
int64_t rlv_collect_due(const rlv_conversation *conv);
/* The timer rang. True: it is time, they still wait, and plugins are to be asked to begin it. */
bool rlv_collect_begins(rlv_step *step);
/* A message of who waits may answer what was asked: plugins are to be asked. */
bool rlv_collect_goes_on(const rlv_conversation *conv);
/* Says what the plugin that collects answered, and nothing of any other. */
void rlv_collect_say(rlv_step *step);
/* They wait no longer, or are asked something else: nothing more is asked. */
void rlv_collect_end(rlv_conversation *conv);

#endif
