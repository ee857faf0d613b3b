/* SPDX-License-Identifier: Apache-2.0 */
/* Two conversations turned out to be one customer's: the digest of one flows into the other. Pure, and bounded as the digest is. */
#ifndef RLV_CONVERSATION_JOIN_H
#define RLV_CONVERSATION_JOIN_H

#include "conversation/step.h"

/* Takes the loser into the step's conversation, and decides so (JOINED). The owner nearer to people wins, and of two people the one who
   got it later; the epoch is the larger plus one. True when the ownership is now the loser's. Texts are shared, not copied. */
bool rlv_conversation_join(rlv_step *step, const rlv_conversation *loser);

#endif
