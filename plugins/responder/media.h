/* SPDX-License-Identifier: Apache-2.0 */
/* What is done with a message that has no words: a voice note, a picture, a sticker. */
#ifndef RELEVO_RESPONDER_MEDIA_H
#define RELEVO_RESPONDER_MEDIA_H

#include "say.h"

typedef enum rlr_policy {
    RLR_ACKNOWLEDGE, /* says that it came */
    RLR_ASK,         /* asks for words: a question of the bot */
    RLR_HAND_OFF     /* fires as a trigger, under the entry's name */
} rlr_policy;

/* The classes of media; each has a policy. */
enum { RLR_VOICE, RLR_IMAGE, RLR_STICKER, RLR_OTHER_MEDIA, RLR_MEDIA_CLASSES };

/* "acknowledge", "ask", "hand_off". False: another word. */
bool rlr_policy_from(relevo_str word, rlr_policy *ret);
/* Of WhatsApp's type of a message; -1: it is none of media ("text", "interactive", "reaction", ...). */
int rlr_media_class(relevo_str type);
/* What is said to a class; and what people are told when it is theirs. */
rlr_sentence rlr_media_sentence(int media_class);
relevo_str rlr_media_reason(int media_class, rlt_language language);

#endif
