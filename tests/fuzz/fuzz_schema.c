/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a writer's schema from a registry, and as a record of it: taught or refused, decoded or refused, within
   the ceilings. The first two bytes say how long the schema is. */
#include <stdlib.h>

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decode(rlv_wire *wire, rlv_arena *arena, uint32_t id, const uint8_t *body, size_t len)
{
    const char head[] = {0, (char)(id >> 24), (char)(id >> 16), (char)(id >> 8), (char)id};
    rlv_buf record = RLV_BUF_INIT((size_t)1 << 20);
    rlv_event ev;
    rlv_error err;
    rlv_buf_append(&record, head, sizeof(head));
    rlv_buf_append(&record, body, len);
    (void)!rlv_wire_decode_event(wire, arena, rlv_buf_view(&record), &ev, &err);
    (void)!rlv_wire_decode_result(wire, arena, rlv_buf_view(&record), &ev, &err);
    rlv_buf_free(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static rlv_wire *wire;
    static rlv_arena *arena;
    static uint32_t id;
    rlv_error err;
    if (!wire) {
        wire = rlv_wire_new(&err);
        arena = rlv_arena_new((size_t)4 << 20);
        if (!wire || !arena)
            abort();
    }
    if (size < 2)
        return 0;
    size_t len = (size_t)data[0] << 8 | data[1];
    if (len > size - 2)
        len = size - 2;
    rlv_arena_reset(arena);
    (void)!rlv_wire_learn_id(wire, ++id, (rlv_str){(const char *)data + 2, len}, &err);
    decode(wire, arena, id, data + 2 + len, size - 2 - len);
    return 0;
}
