/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times with people: why they have a conversation, and how the last such times ended, for the card. Private to this room, and to the tool
 * that rebuilds a conversation from its decisions.
 */
#ifndef RLV_CONVERSATION_SERVED_H
#define RLV_CONVERSATION_SERVED_H

#include "model/decision.h"

/* Takes what was decided about one event, at this lane time: people got it, it ended, or the customer said afterwards how it was. */
void rlv_served_follow(rlv_conversation *conv, const rlv_decisions *decisions, int64_t at_ms);
/* Takes over what another conversation of the same customer knows. taken: its owner is the one from here on. */
void rlv_served_join(rlv_conversation *kept, const rlv_conversation *loser, bool taken);

#endif
