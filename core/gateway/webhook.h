/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Meta's webhooks as events: the pure part of the gateway. One webhook may hold many entries, changes and
 * messages; each becomes one event. What it does not know becomes an event of kind UNKNOWN with the JSON
 * kept: never an error, never a loss.
 */
#ifndef RLV_GATEWAY_WEBHOOK_H
#define RLV_GATEWAY_WEBHOOK_H

#include "base/arena.h"
#include "model/event.h"

enum {
    RLV_WEBHOOK_MAX = 3 * 1024 * 1024, /* bytes that Meta sends at most */
    RLV_WEBHOOK_DEPTH = 32,            /* of nesting; Meta's own stay below 12 */
    RLV_WEBHOOK_VALUES = 200000        /* JSON values in one webhook: what parsing may cost */
};

/*
 * Reads a webhook's body (its signature is checked already). *ret: the events in the order of the payload, in
 * the arena like their texts, without source and at_ms; each has phone_number_id, an identity and
 * conversation_id.
 *  - What is said on `standby`, by the customer or by Meta's agent, becomes a HANDOVER of type "standby":
 * somebody else holds the thread, so that the bot must not answer; text and ids are kept. A status there is
 * what it is elsewhere.
 *  - A HANDOVER's type is Meta's word ("control_passed", ...), its note the metadata that came with it.
 *  - A notice about a customer's number or id ("user_changed_number", "user_changed_user_id",
 * "user_id_update") is an UNKNOWN of that type, filed under the identity that the customer had.
 *  - A message to a group is an UNKNOWN of type "group_message".
 *  - A notice about no customer is filed under the identity "account", and under the id of the WhatsApp
 * business account when it names no phone number either; an UNKNOWN's type is otherwise the webhook's field.
 *  - Ids and names of more than 512 bytes are cut, the whole being kept in raw; with such an id it is an
 * UNKNOWN. RLV_E_DECODE for what is no webhook of WhatsApp's, RLV_E_LIMIT beyond the limits above or the
 * arena's. Any thread.
 */
int rlv_webhook_parse(rlv_str json, rlv_arena *arena, rlv_event **ret, size_t *ret_n,
                      rlv_error *err) RLV_MUST_CHECK;

/* "<phone_number_id>:<identity>", the key of the Kafka record, in the arena; absent when that is full. */
rlv_str rlv_event_key(const rlv_event *ev, rlv_arena *arena);

#endif
