/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a webhook's body: it becomes events or a refusal, and what is an event can be published and read back. Signatures have
 * a program of their own (fuzz_signature.c).
 */
#include <stdlib.h>

#include "gateway/webhook.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_events(rlv_str body, rlv_wire *wire, rlv_arena *arena)
{
    rlv_error err;
    rlv_event *events;
    size_t n;
    if (rlv_webhook_parse(body, arena, &events, &n, &err) != RLV_OK)
        return;
    for (size_t i = 0; i < n; i++) {
        rlv_event back;
        rlv_buf out = RLV_BUF_INIT((size_t)32 << 20);
        rlv_str key = rlv_event_key(&events[i], arena);
        if (key.len == 0 || rlv_wire_encode_event(wire, &events[i], &out, &err) != RLV_OK)
            abort();
        /* A lane reads it, and finds the same conversation. */
        if (rlv_wire_decode_event(wire, arena, rlv_buf_view(&out), &back, &err) != RLV_OK ||
            !rlv_id_eq(back.conversation_id, events[i].conversation_id) || back.kind != events[i].kind)
            abort();
        rlv_buf_free(&out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static rlv_wire *wire;
    static rlv_arena *arena;
    rlv_error err;
    if (!wire) {
        wire = rlv_wire_new(&err);
        arena = rlv_arena_new((size_t)64 << 20);
        if (!wire || !arena)
            abort();
    }
    rlv_arena_reset(arena);
    check_events((rlv_str){(const char *)data, size}, wire, arena);
    return 0;
}
