/* SPDX-License-Identifier: Apache-2.0 */
/* One message of a webhook, whatever its type. Private to this room. */
#ifndef RLV_GATEWAY_MESSAGE_H
#define RLV_GATEWAY_MESSAGE_H

#include <jansson.h>

#include "base/arena.h"
#include "model/event.h"

/* A text member of an object, copied to the arena; absent when there is none. NULs become U+FFFD. */
rlv_str rlv_json_text(rlv_arena *arena, const json_t *object, const char *key);
/* Seconds since 1970, as text or number, in milliseconds; 0: none. */
int64_t rlv_json_time_ms(const json_t *object, const char *key);
/* The value as compact JSON in the arena. */
rlv_str rlv_json_raw(rlv_arena *arena, const json_t *value);
/* error_code and error_title from the first of `errors`. */
void rlv_json_errors(rlv_arena *arena, const json_t *object, rlv_event *ev);

/* Fills what a message says: id, type, time, text, choice, media, context, errors; and raw, unless all of it
   has a field. */
void rlv_message_read(rlv_arena *arena, const json_t *message, rlv_event *ev);

#endif
