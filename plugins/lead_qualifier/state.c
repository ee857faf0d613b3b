/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The place in a flow as a line of text: version, flow, asked, previous, attempts, language, filled, skipped, finished, cancelled. A cancelled flow
 * in the place of the one under way is `left`, with what it had filled. Slots and flows are hashes of their names, so that who is in the middle
 * of a flow that is edited goes on with it: what is new is asked, what is gone is forgotten.
 */
#include "state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 8, LIST_MAX = DIGITS * LQ_SLOTS_MAX };
_Static_assert(LQ_FLOWS_MAX <= LQ_SLOTS_MAX, "a list holds slots, or flows");

/* What stands for the names that a bit each belongs to. */
typedef struct name_list {
    uint32_t hashes[LQ_SLOTS_MAX];
    size_t n;
} name_list;

/* Of another type it is another slot: its value would be none of this. */
static name_list slots_of(const lq_flow *flow)
{
    name_list list = {.n = flow ? flow->n_slots : 0};
    for (size_t i = 0; i < list.n; i++)
        list.hashes[i] = rlt_hash(flow->slots[i].name) * 31 + (uint32_t)flow->slots[i].type;
    return list;
}

static name_list ids_of(const lq_flows *flows)
{
    name_list list = {.n = flows->n};
    for (size_t i = 0; i < list.n; i++)
        list.hashes[i] = rlt_hash(flows->flows[i].id);
    return list;
}

static void write_bits(const name_list *names, uint32_t bits, char ret[LIST_MAX + 1])
{
    size_t n = 0;
    memcpy(ret, "-", 2);
    for (size_t i = 0; i < names->n; i++)
        if (bits >> i & 1u)
            n += (size_t)snprintf(ret + n, DIGITS + 1, "%08" PRIx32, names->hashes[i]);
}

static uint32_t read_bits(const name_list *names, const char *list)
{
    uint32_t bits = 0, hash;
    for (; strlen(list) >= DIGITS && sscanf(list, "%8" SCNx32, &hash) == 1; list += DIGITS)
        for (size_t i = 0; i < names->n; i++)
            if (names->hashes[i] == hash)
                bits |= UINT32_C(1) << i;
    return bits;
}

static const char *name_of(const lq_slot *slot)
{
    return slot ? slot->name.ptr : "-";
}

/* Version 1: bits by the place in the file, and a hash of all the slots' names beside the flow. When that differs they mean nothing. */
static uint32_t shape_of(const lq_flow *flow)
{
    uint32_t shape = 0;
    for (size_t i = 0; i < flow->n_slots; i++)
        shape = shape * 31 + rlt_hash(flow->slots[i].name);
    return shape;
}

static bool read_first(const lq_flows *flows, const char *text, char flow[LQ_NAME_MAX + 1], char asked[LQ_NAME_MAX + 1],
                       char previous[LQ_NAME_MAX + 1], char language[4], lq_state *ret)
{
    uint32_t shape;
    if (sscanf(text, "1 %31s %" SCNx32 " %31s %31s %" SCNu32 " %" SCNx32 " %" SCNx32 " %" SCNx32 " %" SCNx32 " %3s", flow, &shape, asked,
               previous, &ret->attempts, &ret->filled, &ret->skipped, &ret->finished, &ret->cancelled, language) != 10)
        return false;
    ret->flow = lq_flow_find(flows, rlt_str(flow));
    if (ret->flow && shape != shape_of(ret->flow))
        ret->flow = NULL;
    return true;
}

static bool read_second(const lq_flows *flows, const char *text, char flow[LQ_NAME_MAX + 1], char asked[LQ_NAME_MAX + 1],
                        char previous[LQ_NAME_MAX + 1], char language[4], lq_state *ret)
{
    char filled[LIST_MAX + 1], skipped[LIST_MAX + 1], finished[LIST_MAX + 1], cancelled[LIST_MAX + 1];
    if (sscanf(text, "2 %31s %31s %31s %" SCNu32 " %3s %128s %128s %128s %128s", flow, asked, previous, &ret->attempts, language, filled,
               skipped, finished, cancelled) != 9)
        return false;
    ret->flow = lq_flow_find(flows, rlt_str(flow));
    name_list slots = slots_of(ret->flow), ids = ids_of(flows);
    ret->filled = read_bits(&slots, filled);
    ret->skipped = read_bits(&slots, skipped);
    ret->finished = read_bits(&ids, finished);
    ret->cancelled = read_bits(&ids, cancelled);
    return true;
}

lq_state lq_state_read(const lq_flows *flows, relevo_str memory)
{
    lq_state state = {.flow = NULL};
    char text[LQ_STATE_MAX], flow[LQ_NAME_MAX + 1], asked[LQ_NAME_MAX + 1], previous[LQ_NAME_MAX + 1], language[4];
    if (memory.len == 0 || memory.len >= sizeof text)
        return state;
    memcpy(text, memory.ptr, memory.len);
    text[memory.len] = '\0';
    if (!read_second(flows, text, flow, asked, previous, language, &state) && !read_first(flows, text, flow, asked, previous, language, &state))
        return (lq_state){.flow = NULL};
    state.language = rlt_language_from(rlt_str(language));
    if (state.flow && !(state.cancelled >> (state.flow - flows->flows) & 1u)) {
        state.asked = lq_slot_find(state.flow, rlt_str(asked));
        state.previous = lq_slot_find(state.flow, rlt_str(previous));
        return state;
    }
    state.left = state.flow;
    state.known = state.flow ? state.filled : 0;
    state.filled = state.skipped = state.attempts = 0;
    state.flow = NULL;
    return state;
}

size_t lq_state_write(const lq_flows *flows, const lq_state *state, char ret[LQ_STATE_MAX])
{
    if (!state->flow && state->finished == 0 && state->cancelled == 0)
        return 0;
    const lq_flow *flow = state->flow ? state->flow : state->left;
    char filled[LIST_MAX + 1], skipped[LIST_MAX + 1], finished[LIST_MAX + 1], cancelled[LIST_MAX + 1];
    name_list slots = slots_of(flow), ids = ids_of(flows);
    write_bits(&slots, state->flow ? state->filled : state->known, filled);
    write_bits(&slots, state->skipped, skipped);
    write_bits(&ids, state->finished, finished);
    write_bits(&ids, state->cancelled, cancelled);
    int n = snprintf(ret, LQ_STATE_MAX, "2 %s %s %s %" PRIu32 " %s %s %s %s %s", flow ? flow->id.ptr : "-", name_of(state->asked),
                     name_of(state->previous), state->attempts, state->language ? rlt_language_code(state->language).ptr : "-", filled, skipped,
                     finished, cancelled);
    return n > 0 && (size_t)n < LQ_STATE_MAX ? (size_t)n : 0;
}
