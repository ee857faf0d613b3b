/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the core keeps of a conversation: turns, slots, trend, tried answers, memories. Every list has a fixed size and
 * drops its oldest; every text is cut to a fixed length. Private to this room, and to
 * the tool that rebuilds a conversation from its decisions.
 */
#ifndef RLV_CONVERSATION_DIGEST_H
#define RLV_CONVERSATION_DIGEST_H

#include "base/arena.h"
#include "model/decision.h"

/* True, and remembered from now on, when the message id is new; false for one of the last RLV_RECENT_MAX. */
bool rlv_digest_new_message(rlv_conversation *conv, rlv_str message_id);
/* False for what WhatsApp brings as a message and is none: a reaction, what is taken back, a notice, what it cannot show. Nobody said anything that
   could be answered. */
bool rlv_digest_counts(const rlv_event *message);
void rlv_digest_turn(rlv_conversation *conv, int32_t by, int64_t at_ms, rlv_str message_id, rlv_str text);
/* True when the slot is new or its value changed. Past RLV_SLOTS_MAX a new one is refused: false. */
bool rlv_digest_slot(rlv_conversation *conv, rlv_str name, rlv_str value, rlv_str message_id);
/* A message of this text was read in this language (may be empty). The conversation's, in which people and notices speak, is another one only by the first
   words of a stretch, or by four at least: "ok", a name or an address are in any. To be called before the message is a turn. */
void rlv_digest_language(rlv_conversation *conv, rlv_str language, rlv_str text);
void rlv_digest_sentiment(rlv_conversation *conv, double sentiment);
/* Each source once, the newest last. */
void rlv_digest_tried(rlv_conversation *conv, rlv_str source);
/* Replaces what the plugin remembered; empty bytes forget. Past RLV_MEMORIES_MAX the oldest is dropped. */
void rlv_digest_memory(rlv_conversation *conv, rlv_str plugin, rlv_str bytes);
/* A new stretch: the bot begins anew, without the old handoff talk steering it. Slots, language and
   cool-downs stay. */
void rlv_digest_new_stretch(rlv_conversation *conv);

/* Somebody else has the conversation now: what is held becomes a turn of the talk, and is not decided any more. */
void rlv_digest_end_held(rlv_conversation *conv);

#endif
