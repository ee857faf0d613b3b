/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why people get a conversation where no trigger says so: what agents read, in the language of the conversation. Private to this room.
 */
#ifndef RLV_CONVERSATION_WHY_H
#define RLV_CONVERSATION_WHY_H

#include "conversation/step.h"

enum rlv_why {
    RLV_WHY_NO_ANSWER = 0,   /* a plugin failed, and nobody else answered */
    RLV_WHY_NOT_DELIVERED,   /* a message of the bot did not arrive */
    RLV_WHY_PERHAPS_LOST,    /* or may not have */
    RLV_WHY_META,            /* Meta's protocol passed the thread */
    RLV_WHY_REOPENED         /* the customer writes again, and policy.reopen wants people */
};

/* The sentence. Static. */
rlv_str rlv_why(const rlv_step *step, enum rlv_why why);

#endif
