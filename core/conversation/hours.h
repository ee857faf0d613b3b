/* SPDX-License-Identifier: Apache-2.0 */
/* Business hours: pure arithmetic over the tables that config made (model/policy.h). Any thread. */
#ifndef RLV_CONVERSATION_HOURS_H
#define RLV_CONVERSATION_HOURS_H

#include "base/arena.h"
#include "model/policy.h"

/* Whether they are open at a moment (ms since the Unix epoch). */
bool rlv_hours_open(const rlv_hours *hours, int64_t at_ms);

/* When they open next after a moment at which they are closed; 0 when not within a month. */
int64_t rlv_hours_next(const rlv_hours *hours, int64_t at_ms);

/* When they have been open for so long (ms, at least 0) since a moment, and are; 0 when not within a month of closed hours on end. */
int64_t rlv_hours_after(const rlv_hours *hours, int64_t at_ms, int64_t open_ms);

/* Since when they are open, at a moment at which they are: to the minute, or a week before when it is longer ago. */
int64_t rlv_hours_since(const rlv_hours *hours, int64_t at_ms);

/* A moment in the clocks of the place, for customers: "el lunes 30/11 a las 09:00". language: "pt", "en", else Spanish.
   NUL-terminated besides; absent when the arena is full. */
rlv_str rlv_hours_say(const rlv_hours *hours, int64_t at_ms, rlv_str language, rlv_arena *arena);

#endif
