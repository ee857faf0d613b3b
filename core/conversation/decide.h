/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing decisions: the one place that appends one, changes ownership or speaks to the customer. Private to this room.
 */
#ifndef RLV_CONVERSATION_DECIDE_H
#define RLV_CONVERSATION_DECIDE_H

#include "conversation/step.h"

/* Appends a decision that carries the conversation's present owner and epoch. NULL when the arena is full: the
   lane sees that at the end of the batch (rlv_arena_overflowed) and takes a smaller one. */
rlv_decision *rlv_decide(rlv_step *step, enum rlv_decision_kind kind);

/* Changes ownership: raises the epoch, appends the decision. agent: who has it from now on, for HUMAN. NULL as
   rlv_decide. */
rlv_decision *rlv_decide_owner(rlv_step *step, enum rlv_decision_kind kind, enum rlv_owner owner, rlv_str agent,
                               enum rlv_cause cause);

/* As rlv_decide_owner, of a conversation that another one was joined to: no new stretch begins, as nothing is forgotten. */
rlv_decision *rlv_decide_joined(rlv_step *step, enum rlv_owner owner, rlv_str agent);

/* Appends the decision for a change that a command already made in Postgres: owner and epoch are the command's. */
rlv_decision *rlv_decide_commanded(rlv_step *step, enum rlv_decision_kind kind, enum rlv_cause cause);

/* Says a text in the bot's name. NULL as rlv_decide. */
rlv_decision *rlv_decide_reply(rlv_step *step, rlv_str text, rlv_str source, double confidence);

/* A notice in the customer's language, else in another; absent when it is empty. */
rlv_str rlv_decide_words(const rlv_step *step, const rlv_notice *notice);
/* WhatsApp's 24 hours since the customer's last message are over: only a template reaches them. */
bool rlv_decide_window_over(const rlv_step *step);
/* Says a notice; nothing, and NULL, when it is empty or could not reach the customer any more. Its {agent}, {opens}, {position} or {minutes}
   becomes value. */
rlv_decision *rlv_decide_notice(rlv_step *step, const rlv_notice *notice, const char *key, rlv_str value);

#endif
