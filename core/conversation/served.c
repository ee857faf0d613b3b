/* SPDX-License-Identifier: Apache-2.0 */
/* Times with people; see served.h. Must never grow with the history. */
#include "conversation/served.h"

static bool is_peoples(enum rlv_owner owner)
{
    return owner == RLV_OWNER_QUEUED || owner == RLV_OWNER_HUMAN;
}

static void begin(rlv_conversation *conv, const rlv_decision *d, int64_t at_ms)
{
    conv->served = (rlv_served){.at_ms = at_ms};
    if (!rlv_decision_hands_off(d))
        return;
    conv->served.priority = d->as.change.route.priority;
    conv->served.score = d->as.change.score;
    conv->served.trigger = d->as.change.trigger;
    conv->served.reason = rlv_str_cut(d->as.change.reason, RLV_SERVED_TEXT_MAX);
    conv->served.evidence = rlv_str_cut(d->as.change.evidence, RLV_SERVED_TEXT_MAX);
}

static void add(rlv_conversation *conv, const rlv_bygone *past)
{
    if (conv->n_past == RLV_PAST_MAX) {
        memmove(conv->past, conv->past + 1, (RLV_PAST_MAX - 1) * sizeof(*conv->past));
        conv->n_past--;
    }
    conv->past[conv->n_past++] = *past;
}

static void end(rlv_conversation *conv, const rlv_decision *d, int64_t at_ms)
{
    const rlv_bygone past = {.at_ms = conv->served.at_ms,
                           .ended_ms = at_ms,
                           .ended = d->owner,
                           .trigger = rlv_str_cut(conv->served.trigger, RLV_PAST_TEXT_MAX),
                           .reason = rlv_str_cut(conv->served.reason, RLV_PAST_TEXT_MAX),
                           .agent = rlv_str_cut(d->as.change.by, RLV_PAST_TEXT_MAX),
                           .note = rlv_str_cut(d->as.change.reason, RLV_PAST_TEXT_MAX),
                           .score = -1};
    add(conv, &past);
    conv->served = (rlv_served){0};
}

static int32_t number_of(rlv_str digits)
{
    int32_t n = 0;
    for (size_t i = 0; i < digits.len && i < 2; i++)
        n = n * 10 + (digits.ptr[i] - '0');
    return n;
}

void rlv_served_follow(rlv_conversation *conv, const rlv_decisions *decisions, int64_t at_ms)
{
    for (const rlv_decision *d = decisions->first; d; d = d->next) {
        if (d->kind == RLV_DECIDED_SLOT_FILLED && conv->n_past > 0 &&
            (rlv_str_is(d->as.slot.name, "csat") || rlv_str_is(d->as.slot.name, "nps")))
            conv->past[conv->n_past - 1].score = number_of(d->as.slot.value);
        if (!rlv_decision_is_change(d->kind) || d->kind == RLV_DECIDED_JOINED || d->kind == RLV_DECIDED_MOVED)
            continue;
        if (is_peoples(d->owner) && (!is_peoples(d->as.change.from) || !conv->served.at_ms))
            begin(conv, d, at_ms);
        else if (!is_peoples(d->owner) && conv->served.at_ms)
            end(conv, d, at_ms);
    }
}

void rlv_served_join(rlv_conversation *kept, const rlv_conversation *loser, bool taken)
{
    rlv_bygone mine[RLV_PAST_MAX];
    int32_t n = kept->n_past, a = 0, b = 0;
    memcpy(mine, kept->past, sizeof(mine));
    kept->n_past = 0;
    while (a < n || b < loser->n_past) {
        bool other = a == n || (b < loser->n_past && loser->past[b].ended_ms <= mine[a].ended_ms);
        add(kept, other ? &loser->past[b++] : &mine[a++]);
    }
    if (taken)
        kept->served = loser->served;
}
