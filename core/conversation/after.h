/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes after a person had the conversation: the survey, the follow-up, and who gets the customer when they write again.
 * Private to this room.
 */
#ifndef RLV_CONVERSATION_AFTER_H
#define RLV_CONVERSATION_AFTER_H

#include "conversation/step.h"

/* A person closed it, or gave it back for a survey: remembers that, and asks whom a person had. change: what the command made; NULL: the arena
   is full. True: it was asked, and no other notice is needed. */
bool rlv_after_person(rlv_step *step, const rlv_decision *change);
/* The message that the customer would have sent by choosing that becomes step->message (prompted); reply_id absent: what was asked before is to be
   taken up again. False: the arena is full. */
bool rlv_after_prompt(rlv_step *step, rlv_str reply_id);
/* FOLLOW_UP: says what a person asked for, or lets plugins begin it, unless somebody has turned to the customer by now. True: they are to
   be asked. */
bool rlv_after_follow_up(rlv_step *step);
/* Given back to be resumed: true when plugins are to be asked to take up again what they had asked. */
bool rlv_after_resumes(rlv_step *step);
/* No plugin began the follow-up: the person's words are said instead, or it is told that nothing was. */
void rlv_after_not_begun(rlv_step *step);
/* A message. True: it answers the survey, and nothing else is to be decided about it. step->comments: it may be its comment. */
bool rlv_after_message(rlv_step *step);
/* It is the comment. */
void rlv_after_comment(rlv_step *step);
/* Who gets this message on a closed conversation. */
bool rlv_after_is_peoples(const rlv_step *step);

#endif
