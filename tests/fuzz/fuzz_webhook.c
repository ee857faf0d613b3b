/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a request of Meta's: the first line is the signature's header, the rest the body. No header
 * but the right one passes; a body becomes events or a refusal; and what is an event can be published and
 * read back.
 */
#include <stdlib.h>
#include <strings.h>

#include "gateway/webhook.h"
#include "serve/signature.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECRET "fuzz"

static void check_signature(rlv_str header, rlv_str body)
{
    static const char *const secrets[] = {"other", SECRET};
    char made[RLV_SIGNATURE_TEXT + 1];
    rlv_signature_make(RLV_STR(SECRET), body, made);
    if (!rlv_signature_matches(secrets, 2, body, rlv_str_from(made)))
        abort();
    /* Hexadecimal may be in capitals; nothing else about it may differ. */
    bool same = header.len == RLV_SIGNATURE_TEXT && strncasecmp(header.ptr, made, header.len) == 0;
    if (rlv_signature_matches(secrets, 2, body, header) && !same)
        abort();
    if (rlv_signature_matches(secrets, 1, body, rlv_str_from(made)))
        abort();
}

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
    const uint8_t *line = size ? memchr(data, '\n', size) : NULL;
    rlv_str header = {(const char *)data, line ? (size_t)(line - data) : 0};
    size_t skipped = line ? header.len + 1 : 0;
    rlv_str body = {(const char *)data + skipped, size - skipped};
    check_signature(header, body);
    check_events(body, wire, arena);
    return 0;
}
