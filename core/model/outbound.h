/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves: a message to a customer, a request to the world, and what became of a message. Plain data;
 * texts are borrowed. */
#ifndef RLV_MODEL_OUTBOUND_H
#define RLV_MODEL_OUTBOUND_H

#include "model/answer.h"
#include "model/event.h"

enum rlv_author { /* as stored in relevo.send and in relevo.history.by */
    RLV_AUTHOR_BOT = 2,
    RLV_AUTHOR_AGENT = 3,
    RLV_AUTHOR_SYSTEM = 4
};

/* A message to a customer, as relevo.outbound.v1 carries it. */
typedef struct rlv_outbound {
    rlv_id id, conversation_id;
    rlv_str phone_number_id, wa_id, user_id; /* one of the last two is there */
    int32_t lane;
    int64_t seq, epoch;
    enum rlv_author author;
    rlv_str agent_id;
    rlv_str type;    /* WhatsApp's word: "text", "interactive", "template", "image", ..., or "read" for a read
                        receipt */
    rlv_str text;    /* when type is text */
    rlv_str content; /* for other types: JSON, the object that WhatsApp wants under the type's name */
    rlv_str context_id; /* the message that it answers, reacts to, or marks as read */
} rlv_outbound;

/* A request to the world, as relevo.effects.v1 carries it. */
typedef struct rlv_effect_request {
    rlv_id id, conversation_id; /* id: the idempotency key */
    rlv_str phone_number_id, wa_id, user_id;
    int32_t lane;
    int64_t epoch;
    rlv_str plugin; /* the entry that gets the result */
    rlv_effect effect;
} rlv_effect_request;

#endif
