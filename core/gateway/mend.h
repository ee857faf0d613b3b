/* SPDX-License-Identifier: Apache-2.0 */
/* JSON that is well-formed and that jansson refuses all the same, made readable. Private to this room. */
#ifndef RLV_GATEWAY_MEND_H
#define RLV_GATEWAY_MEND_H

#include "base/arena.h"

/*
 * A copy in the arena (absent when that is full), for a body that could not be read as it is: half a surrogate pair, or a NUL (none
 * may be in a member's name), becomes U+FFFD, as its escape; a number beyond int64_t or double becomes a text of its digits. All
 * else stays as it is, well-formed or not.
 */
rlv_str rlv_json_mend(rlv_arena *arena, rlv_str json);

#endif
