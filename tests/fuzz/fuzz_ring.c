/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plugin's process may write into the memory that it shares with us: any bytes as the records of a
 * response, as the description of a plugin, and, from 128 on, as a whole response with its head: of a call, or a refusal. The reader must
 * neither read nor write outside, keep nothing that the collector would refuse, and end. The first byte says which of them, and which phase.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/start.h"

enum {
    ARENA_MAX = 64 << 20,
    VIEWS = 7
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Everything that was kept is what the rest of the house takes for checked. */
static void check_kept(const rlv_collector *c)
{
    for (const rlv_collected *kept = c->first; kept; kept = kept->next) {
        if (kept->view >= VIEWS)
            abort();
        const rlv_answer *a = kept->answer;
        if (a->kind == RLV_ANSWER_REPLY && (!a->as.reply.text.len || !rlv_str_utf8(a->as.reply.text) ||
                                            !(a->as.reply.confidence >= 0) || a->as.reply.confidence > 1))
            abort();
        if (a->kind == RLV_ANSWER_ROUTE && a->as.route.n_skills > RLV_HOST_SKILLS_MAX)
            abort();
        if (a->kind == RLV_ANSWER_MEMORY && a->as.memory.len > RELEVO_MEMORY_MAX)
            abort();
    }
    for (int i = 1; i < RLV_REFUSALS; i++)
        if (c->refused[i] && !c->why[i])
            abort();
}

static void read_records(enum rlv_phase phase, const char *bytes, size_t len, rlv_arena *arena)
{
    rlv_collector c;
    const char *why = NULL;
    if (!rlv_collector_init(&c, arena, phase, RLV_STR("fuzzed"), "plugin fuzzed", VIEWS))
        abort();
    /* A chunk of a larger batch: about views 2 to 5. */
    bool fine = rlv_ring_read(bytes, len, 2, 4, &c, &why);
    if (!fine && !why)
        abort();
    for (const rlv_collected *kept = c.first; kept; kept = kept->next)
        if (kept->view < 2 || kept->view > 5)
            abort();
    check_kept(&c);
}

static void read_description(const char *bytes, size_t len, rlv_arena *arena)
{
    rlv_host_plugin_info info;
    rlv_error err;
    if (rlv_described_take("fuzzed.so", (rlv_str){bytes, len}, arena, &info, &err))
        return;
    for (size_t i = 0; i < info.n_options; i++)
        if (!info.options[i]->name[0] || !rlv_str_utf8(rlv_str_from(info.options[i]->help)))
            abort();
    if (info.sha256[0] || !info.name[0])
        abort();
}

/* A slot of its true size, in which the rest is zero. */
static const rlv_ring_response *slot_of(const uint8_t *data, size_t len)
{
    static char *slot;
    static size_t dirty;
    if (!slot)
        slot = calloc(1, RLV_RING_RESPONSE);
    if (!slot || len > RLV_RING_RESPONSE)
        return NULL;
    memset(slot, 0, dirty);
    if (len)
        memcpy(slot, data, len);
    dirty = len;
    return (const rlv_ring_response *)(void *)slot;
}

static void take_response(enum rlv_phase phase, const rlv_ring_response *response, rlv_arena *arena)
{
    static rlv_ring_copy copy;
    rlv_collector c;
    int32_t code = RELEVO_OK;
    const char *why = NULL;
    if (!rlv_collector_init(&c, arena, phase, RLV_STR("fuzzed"), "plugin fuzzed", VIEWS))
        abort();
    enum rlv_ring_said said = rlv_ring_take(response, &copy, 2, 4, &c, &code, &why);
    if ((said == RLV_RING_SAID_GARBAGE && !why) || (said == RLV_RING_SAID_ERROR && code == RELEVO_OK))
        abort();
    if (said == RLV_RING_SAID_ANSWERS && (response->status != RLV_RING_DONE || response->used > RLV_RING_RESPONSE_ROOM))
        abort();
    check_kept(&c);
}

static void take_refusal(const rlv_ring_response *response)
{
    rlv_error err;
    if (rlv_refusal_take(response, &err) == RLV_OK || !err.message[0] || !rlv_str_utf8(rlv_str_from(err.message)))
        abort();
    for (const char *c = err.message; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static rlv_arena *arena;
    if (!arena)
        arena = rlv_arena_new(ARENA_MAX);
    if (!arena || size < 1)
        return 0;
    rlv_arena_reset(arena);
    if (data[0] >= 128) {
        const rlv_ring_response *response = slot_of(data + 1, size - 1);
        if (response && data[0] % 8 == 7)
            take_refusal(response);
        else if (response)
            take_response((enum rlv_phase)(data[0] % 8), response, arena);
        return 0;
    }
    /* A copy of its own, aligned and of exact size, so that one byte beyond it is found. */
    size_t len = size - 1;
    char *bytes = malloc(len ? len : 1);
    if (!bytes)
        return 0;
    memcpy(bytes, data + 1, len);
    if (data[0] % 8 == 7)
        read_description(bytes, len, arena);
    else
        read_records((enum rlv_phase)(data[0] % 8), bytes, len, arena);
    free(bytes);
    return 0;
}
