/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A customer who says nothing any more while the bot has the conversation: triggers are asked about it, once. Private to this room.
 */
#ifndef RLV_CONVERSATION_SILENCE_H
#define RLV_CONVERSATION_SILENCE_H

#include "conversation/step.h"

/* Lane time at which the conversation, as it is now, has been silent for long enough; 0: never, or triggers were asked already. */
int64_t rlv_silence_due(const rlv_step *step);
/* The timer rang: says so, and remembers it, when it is time. True: triggers are to be asked. */
bool rlv_silence_breaks(rlv_step *step);

#endif
