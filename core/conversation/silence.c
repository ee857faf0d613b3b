/* SPDX-License-Identifier: Apache-2.0 */
/* See silence.h. Must never ask twice about one silence. */
#include "conversation/silence.h"

#include "conversation/decide.h"
#include "conversation/digest.h"
#include "conversation/hours.h"

/* Since when the silence lasts that triggers were asked about, in ms: kept as a plugin's memory is (no plugin is called so). */
static const rlv_str memory = {"core:silence", 12};

static int64_t asked_about(const rlv_conversation *conv)
{
    int64_t ms = 0;
    for (int32_t i = 0; i < conv->n_memories; i++)
        if (rlv_str_eq(conv->memories[i].plugin, memory) && rlv_str_int(conv->memories[i].bytes, &ms))
            break;
    return ms;
}

/* The last words of either side; 0: none in this stretch. */
static int64_t silent_since(const rlv_conversation *conv)
{
    return conv->n_turns ? conv->turns[conv->n_turns - 1].at_ms : 0;
}

int64_t rlv_silence_due(const rlv_step *step)
{
    const rlv_conversation *conv = step->conversation;
    int64_t since_ms = silent_since(conv);
    if (conv->owner != RLV_OWNER_BOT || step->policy->silence_ms <= 0 || conv->held.messages || !since_ms || since_ms == asked_about(conv))
        return 0;
    const rlv_hours *hours = step->policy->silence_hours;
    return hours ? rlv_hours_after(hours, since_ms, step->policy->silence_ms) : since_ms + step->policy->silence_ms;
}

bool rlv_silence_breaks(rlv_step *step)
{
    int64_t due_ms = rlv_silence_due(step);
    if (!due_ms || step->event->at_ms < due_ms)
        return false;
    rlv_event *silence = rlv_arena_zalloc(step->arena, 1, sizeof(*silence));
    rlv_decision *d = rlv_decide(step, RLV_DECIDED_RECEIVED);
    if (!silence || !d)
        return false;
    *silence = *step->event;
    silence->type = RLV_STR("silence");
    d->as.event = silence;
    rlv_digest_memory(step->conversation, memory,
                      rlv_str_from(rlv_arena_printf(step->arena, "%lld", (long long)silent_since(step->conversation))));
    return true;
}
