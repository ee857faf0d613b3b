/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting in the queue; see collect.h. Must never say anything unless the customer waits: whose else the conversation is speaks for themselves. */
#include "conversation/collect.h"

#include "conversation/after.h"
#include "conversation/decide.h"
#include "conversation/digest.h"

static const rlv_str none = {NULL, 0};

/* Kept as a plugin's memory is (no plugin is called so) for as long as they wait: "<due, ms> <what>" until it is begun, then "0 <plugin that asks>". */
static const rlv_str memory = {"core:collect", 12};

/* What is behind the number; absent: nothing is remembered. */
static rlv_str recall(const rlv_conversation *conv, int64_t *ret_due_ms)
{
    *ret_due_ms = 0;
    for (int32_t i = 0; i < conv->n_memories; i++) {
        rlv_str m = conv->memories[i].bytes;
        const char *space = memchr(m.ptr, ' ', m.len);
        if (!rlv_str_eq(conv->memories[i].plugin, memory) || !space ||
            !rlv_str_int((rlv_str){m.ptr, (size_t)(space - m.ptr)}, ret_due_ms))
            continue;
        return (rlv_str){space + 1, m.len - (size_t)(space + 1 - m.ptr)};
    }
    return none;
}

static void remember(rlv_step *step, int64_t due_ms, rlv_str what)
{
    rlv_digest_memory(step->conversation, memory,
                      rlv_str_from(rlv_arena_printf(step->arena, "%lld %.*s", (long long)due_ms, RLV_STR_ARG(what))));
}

void rlv_collect_later(rlv_step *step, rlv_str what)
{
    if (step->conversation->owner == RLV_OWNER_QUEUED && what.len && !rlv_str_is(what, "none"))
        remember(step, step->event->at_ms + step->policy->queue.collect_after_ms, what);
}

int64_t rlv_collect_due(const rlv_conversation *conv)
{
    int64_t due_ms = 0;
    (void)recall(conv, &due_ms);
    return conv->owner == RLV_OWNER_QUEUED ? due_ms : 0;
}

bool rlv_collect_begins(rlv_step *step)
{
    rlv_conversation *conv = step->conversation;
    int64_t due_ms = rlv_collect_due(conv);
    if (!due_ms || step->event->at_ms < due_ms)
        return false;
    rlv_str what = recall(conv, &due_ms);
    rlv_collect_end(conv); /* until something is asked */
    return !rlv_decide_window_over(step) && rlv_after_prompt(step, what);
}

bool rlv_collect_goes_on(const rlv_conversation *conv)
{
    int64_t due_ms;
    return conv->owner == RLV_OWNER_QUEUED && recall(conv, &due_ms).len && !due_ms;
}

/* The best of the plugin that asks; at the beginning that is whoever asks something, or takes up again what it had asked. */
static const rlv_answer *answer(const rlv_step *step, rlv_str plugin)
{
    const rlv_answer *best = NULL, *resumes = NULL;
    for (const rlv_answer *a = step->answers.first; a; a = a->next) {
        if (a->kind != RLV_ANSWER_REPLY || a->as.reply.flags & RLV_REPLY_ALSO || (plugin.len && !rlv_str_eq(a->plugin, plugin)) ||
            (!plugin.len && !(a->as.reply.flags & RLV_REPLY_ASKS)))
            continue;
        if (a->as.reply.flags & RLV_REPLY_RESUMES)
            resumes = resumes ? resumes : a;
        else if (!best || a->as.reply.confidence > best->as.reply.confidence)
            best = a;
    }
    return best || plugin.len ? best : resumes;
}

void rlv_collect_say(rlv_step *step)
{
    rlv_conversation *conv = step->conversation;
    int64_t due_ms;
    if (conv->owner != RLV_OWNER_QUEUED || !(step->prompted || rlv_collect_goes_on(conv)))
        return;
    const rlv_answer *a = answer(step, step->prompted ? none : recall(conv, &due_ms));
    if (!a) {
        rlv_decision *d = step->prompted ? rlv_decide(step, RLV_DECIDED_IGNORED) : NULL; /* else it was about something else */
        if (d)
            d->as.failure.reason = RLV_STR("nothing is asked of who waits: all is known, or no plugin begins it");
        return;
    }
    rlv_decision *d = rlv_decide_reply(step, a->as.reply.text, a->as.reply.source, a->as.reply.confidence);
    if (!d)
        return;
    d->as.said.asks = a->as.reply.flags & RLV_REPLY_ASKS;
    d->as.said.extras = a->as.reply.extras;
    if (d->as.said.asks)
        remember(step, 0, a->plugin);
    else
        rlv_collect_end(conv);
}

void rlv_collect_end(rlv_conversation *conv)
{
    rlv_digest_memory(conv, memory, none);
}
