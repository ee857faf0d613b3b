/* SPDX-License-Identifier: Apache-2.0 */
/* Writing decisions; see decide.h. Must never change the owner without raising the epoch: the takeover fence
   compares it. */
#include "conversation/decide.h"

#include "conversation/digest.h"
#include "conversation/waiting.h"

enum { WINDOW_MS = 24 * 3600 * 1000 };

rlv_decision *rlv_decide(rlv_step *step, enum rlv_decision_kind kind)
{
    rlv_decision *d = rlv_arena_zalloc(step->arena, 1, sizeof(*d));
    if (!d)
        return NULL;
    const rlv_conversation *conv = step->conversation;
    d->kind = kind;
    d->ordinal = step->decisions.n++;
    if (conv) {
        d->owner = conv->owner;
        d->epoch = conv->epoch;
        d->stretch = conv->stretch;
        d->agent_id = conv->agent_id;
        d->team = conv->team;
    }
    if (step->decisions.last)
        step->decisions.last->next = d;
    else
        step->decisions.first = d;
    step->decisions.last = d;
    return d;
}

static rlv_decision *change(rlv_step *step, enum rlv_decision_kind kind, enum rlv_cause cause)
{
    rlv_conversation *conv = step->conversation;
    enum rlv_owner from = conv->decided_owner;
    rlv_decision *d = rlv_decide(step, kind);
    if (!d)
        return NULL;
    d->as.change.from = from;
    d->as.change.cause = cause;
    conv->decided_owner = d->owner;
    conv->decided_epoch = d->epoch;
    if (kind != RLV_DECIDED_JOINED) /* there what is held goes on, or not, as the owner is (join.c) */
        rlv_digest_end_held(conv);
    if (d->owner != RLV_OWNER_QUEUED)
        rlv_waiting_over(conv);
    step->changed = true;
    return d;
}

rlv_decision *rlv_decide_owner(rlv_step *step, enum rlv_decision_kind kind, enum rlv_owner owner, rlv_str agent,
                               enum rlv_cause cause)
{
    rlv_conversation *conv = step->conversation;
    conv->owner = owner;
    conv->epoch++;
    conv->agent_id = owner == RLV_OWNER_HUMAN ? agent : (rlv_str){NULL, 0};
    conv->owner_since_ms = step->event->at_ms;
    if (owner == RLV_OWNER_BOT) {
        conv->team = (rlv_str){NULL, 0};
        rlv_digest_new_stretch(conv);
    }
    return change(step, kind, cause);
}

rlv_decision *rlv_decide_joined(rlv_step *step, enum rlv_owner owner, rlv_str agent)
{
    rlv_conversation *conv = step->conversation;
    conv->owner = owner;
    conv->epoch++;
    conv->agent_id = owner == RLV_OWNER_HUMAN ? agent : (rlv_str){NULL, 0};
    return change(step, RLV_DECIDED_JOINED, RLV_CAUSE_IDENTITY);
}

rlv_decision *rlv_decide_commanded(rlv_step *step, enum rlv_decision_kind kind, enum rlv_cause cause)
{
    /* The row may have moved on since the command was written: what this command made is what is decided here, and the
       later commands, which wait behind it, bring the rest. */
    rlv_conversation *conv = step->conversation;
    const rlv_event *ev = step->event;
    enum rlv_owner owner = conv->owner;
    int64_t epoch = conv->epoch;
    rlv_str agent = conv->agent_id;
    if (ev->owner == RLV_OWNER_BOT) {
        int32_t n = rlv_str_is(ev->note, "resume") ? conv->n_memories : 0;
        conv->team = (rlv_str){NULL, 0};
        rlv_digest_new_stretch(conv);
        conv->n_memories = n; /* what plugins were in the middle of goes on: a question flow */
    }
    conv->owner = ev->owner;
    conv->epoch = ev->epoch;
    conv->agent_id = ev->owner_agent;
    rlv_decision *d = change(step, kind, cause);
    conv->owner = owner;
    conv->epoch = epoch;
    conv->agent_id = agent;
    if (d)
        d->as.change.by = ev->agent_id;
    return d;
}

rlv_decision *rlv_decide_reply(rlv_step *step, rlv_str text, rlv_str source, double confidence)
{
    rlv_decision *d = rlv_decide(step, RLV_DECIDED_REPLIED);
    if (!d)
        return NULL;
    if (step->event->kind == RLV_EVENT_COMMAND && step->event->command < RLV_COMMAND_WAITING) {
        /* a notice of what the command did, not of what came after it */
        d->owner = step->event->owner;
        d->epoch = step->event->epoch;
        d->agent_id = step->event->owner_agent;
    }
    d->as.said.text = text;
    d->as.said.source = source;
    d->as.said.confidence = confidence;
    d->as.said.to_message = (step->message ? step->message : step->event)->message_id;
    return d;
}

rlv_str rlv_decide_words(const rlv_step *step, const rlv_notice *notice)
{
    rlv_str language = step->conversation->language;
    if (rlv_str_is(language, "pt") && notice->pt.len)
        return notice->pt;
    if (rlv_str_is(language, "en") && notice->en.len)
        return notice->en;
    if (notice->es.len)
        return notice->es;
    return notice->pt.len ? notice->pt : notice->en;
}

bool rlv_decide_window_over(const rlv_step *step)
{
    return step->event->kind != RLV_EVENT_MESSAGE && step->conversation->last_in_ms + WINDOW_MS <= step->event->at_ms;
}

rlv_decision *rlv_decide_notice(rlv_step *step, const rlv_notice *notice, const char *key, rlv_str value)
{
    rlv_str text = rlv_decide_words(step, notice);
    if (text.len == 0)
        return NULL;
    if (rlv_decide_window_over(step)) {
        rlv_decision *d = rlv_decide(step, RLV_DECIDED_IGNORED);
        if (d)
            d->as.failure.reason = rlv_str_from(rlv_arena_printf(step->arena, "%s is not said: the customer's 24 hours are over", key));
        return NULL;
    }
    static const char *const holes[] = {"{agent}", "{opens}", "{position}", "{minutes}"}; /* a notice has one of them, or none */
    for (size_t i = 0; i < sizeof(holes) / sizeof(*holes); i++) {
        const char *hole = memmem(text.ptr, text.len, holes[i], strlen(holes[i]));
        if (!hole)
            continue;
        rlv_str head = {text.ptr, (size_t)(hole - text.ptr)};
        rlv_str tail = {hole + strlen(holes[i]), text.len - head.len - strlen(holes[i])};
        text = rlv_str_from(rlv_arena_printf(step->arena, "%.*s%.*s%.*s", RLV_STR_ARG(head), RLV_STR_ARG(value),
                                             RLV_STR_ARG(tail)));
        break; /* what was put in is not looked at again */
    }
    return rlv_decide_reply(step, text, rlv_str_from(key), 1);
}
