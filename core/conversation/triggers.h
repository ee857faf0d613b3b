/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trigger policy: scores and evidence come from plugins, whether to hand off is decided here. Private to this room.
 */
#ifndef RLV_CONVERSATION_TRIGGERS_H
#define RLV_CONVERSATION_TRIGGERS_H

#include "conversation/step.h"

/* Appends a TRIGGERED decision for every score above 0 and for every rule that holds, and returns the one that hands
   off, or NULL. Of several that fire a customer's own request for a person wins, then the highest priority, then the
   highest weighted score, then the order of the configuration, rules last.
   *ret_policy is set to the winner's policy (never NULL when a decision is returned). */
rlv_decision *rlv_triggers_judge(rlv_step *step, const rlv_trigger_policy **ret_policy);

/* Those that fired without handing off, as the policy wants: they rest for their cool-down. True: there are any, so people are to be
   told. */
bool rlv_triggers_tell(rlv_step *step);

/* The trigger rests for its cool-down. */
void rlv_triggers_cool(rlv_conversation *conv, const rlv_trigger_policy *policy, rlv_str trigger, int64_t at_ms);

#endif
