/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The place in a flow as a line of text: version, flow, its shape, asked, previous, attempts, filled, skipped, finished,
 * cancelled, language. A cancelled flow in the place of the one under way is `left`, with what it had filled. The shape is a hash of the slots' names: bits of a flow that was edited since mean nothing any more.
 */
#include "state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint32_t shape_of(const lq_flow *flow)
{
    uint32_t shape = 0;
    for (size_t i = 0; i < flow->n_slots; i++)
        shape = shape * 31 + rlt_hash(flow->slots[i].name);
    return shape;
}

static const char *name_of(const lq_slot *slot)
{
    return slot ? slot->name.ptr : "-";
}

lq_state lq_state_read(const lq_flows *flows, relevo_str memory)
{
    lq_state state = {.flow = NULL};
    char text[LQ_STATE_MAX], flow[LQ_NAME_MAX + 1], asked[LQ_NAME_MAX + 1], previous[LQ_NAME_MAX + 1], language[4];
    uint32_t shape;
    if (memory.len == 0 || memory.len >= sizeof text)
        return state;
    memcpy(text, memory.ptr, memory.len);
    text[memory.len] = '\0';
    if (sscanf(text, "1 %31s %" SCNx32 " %31s %31s %" SCNu32 " %" SCNx32 " %" SCNx32 " %" SCNx32 " %" SCNx32 " %3s", flow,
               &shape, asked, previous, &state.attempts, &state.filled, &state.skipped, &state.finished, &state.cancelled,
               language) != 10)
        return (lq_state){.flow = NULL};
    state.language = rlt_language_from(rlt_str(language));
    state.flow = lq_flow_find(flows, rlt_str(flow));
    if (state.flow && shape == shape_of(state.flow) && state.cancelled >> (state.flow - flows->flows) & 1u) {
        state.left = state.flow;
        state.known = state.filled;
        state.filled = state.skipped = state.attempts = 0;
        state.flow = NULL;
    } else if (state.flow && shape == shape_of(state.flow)) {
        state.asked = lq_slot_find(state.flow, rlt_str(asked));
        state.previous = lq_slot_find(state.flow, rlt_str(previous));
    } else {
        state.filled = state.skipped = state.attempts = 0;
        state.flow = NULL;
    }
    return state;
}

size_t lq_state_write(const lq_state *state, char ret[LQ_STATE_MAX])
{
    if (!state->flow && state->finished == 0 && state->cancelled == 0)
        return 0;
    const lq_flow *flow = state->flow ? state->flow : state->left;
    int n = snprintf(ret, LQ_STATE_MAX,
                     "1 %s %" PRIx32 " %s %s %" PRIu32 " %" PRIx32 " %" PRIx32 " %" PRIx32 " %" PRIx32 " %s",
                     flow ? flow->id.ptr : "-", flow ? shape_of(flow) : 0, name_of(state->asked), name_of(state->previous),
                     state->attempts, state->flow ? state->filled : state->known, state->skipped,
                     state->finished, state->cancelled, state->language ? rlt_language_code(state->language).ptr : "-");
    return n > 0 && (size_t)n < LQ_STATE_MAX ? (size_t)n : 0;
}
