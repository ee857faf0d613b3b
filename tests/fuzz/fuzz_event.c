/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a record of an input topic: decoded or refused, within the arena's ceiling. */
#include <stdlib.h>

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static rlv_wire *wire;
    static rlv_arena *arena;
    rlv_error err;
    if (!wire) {
        wire = rlv_wire_new(&err);
        arena = rlv_arena_new((size_t)4 << 20);
        if (!wire || !arena)
            abort();
    }
    rlv_arena_reset(arena);
    rlv_str bytes = {(const char *)data, size};
    rlv_event ev;
    rlv_str json;
    rlv_conversation conv = {0};
    (void)!rlv_wire_decode_event(wire, arena, bytes, &ev, &err);
    (void)!rlv_wire_decode_result(wire, arena, bytes, &ev, &err);
    (void)!rlv_wire_decode_state(wire, arena, bytes, &conv, &err);
    (void)!rlv_wire_to_json(wire, arena, bytes, &json, &err);
    return 0;
}
