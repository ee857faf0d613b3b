/* SPDX-License-Identifier: Apache-2.0 */
/* The trigger policy; see triggers.h. Must never know a trigger by name. */
#include "conversation/triggers.h"

#include "conversation/decide.h"
#include "conversation/hours.h"

static const rlv_trigger_policy unlisted = {.threshold = 0.5, .weight = 1, .alone = true, .priority = 5};

static const rlv_trigger_policy *policy_of(const rlv_policy *policy, rlv_str trigger)
{
    for (size_t i = 0; i < policy->n_triggers; i++)
        if (rlv_str_eq(policy->triggers[i].trigger, trigger))
            return &policy->triggers[i];
    return &unlisted;
}

static bool cooling(const rlv_conversation *conv, rlv_str trigger, int64_t at_ms)
{
    for (int32_t i = 0; i < conv->n_cooling; i++)
        if (rlv_str_eq(conv->cooling[i].trigger, trigger))
            return at_ms < conv->cooling[i].until_ms;
    return false;
}

static double weighted(const rlv_trigger_policy *p, double score)
{
    double w = p->weight * score;
    return w < 1 ? w : 1;
}

static bool listed(const rlv_str *items, size_t n, rlv_str word)
{
    for (size_t i = 0; i < n; i++)
        if (rlv_str_eq(items[i], word))
            return true;
    return n == 0;
}

static rlv_str slot_of(const rlv_conversation *conv, rlv_str name)
{
    for (int32_t i = 0; i < conv->n_slots; i++)
        if (rlv_str_eq(conv->slots[i].name, name))
            return conv->slots[i].value;
    return (rlv_str){NULL, 0};
}

/* The question flow that runs: what "<kind>.flow" says while "<kind>.status" is open. Absent: none. */
static rlv_str running_flow(const rlv_conversation *conv)
{
    static const rlv_str kinds[][2] = {{{"lead.flow", 9}, {"lead.status", 11}}, {{"data.flow", 9}, {"data.status", 11}}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (rlv_str_is(slot_of(conv, kinds[i][1]), "open"))
            return slot_of(conv, kinds[i][0]);
    return (rlv_str){NULL, 0};
}

/* Whether its limits let it do anything about this event. */
static bool in_force(const rlv_step *step, const rlv_trigger_policy *p)
{
    const rlv_conversation *conv = step->conversation;
    rlv_str flow = running_flow(conv);
    return listed(p->numbers, p->n_numbers, conv->phone_number_id) &&
           listed(p->languages, p->n_languages, conv->language) && listed(p->flows, p->n_flows, flow) &&
           (!p->hours || rlv_hours_open(p->hours, step->event->at_ms) != p->outside_hours);
}

/* ---- who is the cause -------------------------------------------------------------------------------------------- */

/* A TRIGGERED decision that could hand off. */
struct cause {
    rlv_decision *decision; /* NULL: none yet */
    const rlv_trigger_policy *policy;
    double score; /* weighted */
    bool asked;   /* the customer asked for a person: stronger than any number */
};

static bool beats(const struct cause *a, const struct cause *b)
{
    if (!b->decision || a->asked != b->asked)
        return !b->decision || a->asked;
    if (a->policy->priority != b->policy->priority)
        return a->policy->priority > b->policy->priority;
    return a->score > b->score;
}

static void offer(struct cause *best, struct cause cause)
{
    if (beats(&cause, best))
        *best = cause;
}

/* ---- rules ------------------------------------------------------------------------------------------------------- */

/* What a trigger said about this event; NULL: nothing. */
static const rlv_answer *score_of(const rlv_step *step, rlv_str trigger)
{
    for (const rlv_answer *a = step->answers.first; a; a = a->next)
        if (a->kind == RLV_ANSWER_TRIGGER && rlv_str_eq(a->plugin, trigger))
            return a;
    return NULL;
}

/* A rule under examination. */
struct rule {
    const rlv_answer *strongest; /* whose words it speaks in */
    double score, threshold;     /* the strongest's */
    bool observed;               /* it needs a trigger that only observes, or is outside its limits */
};

static bool holds(const rlv_step *step, const rlv_condition *condition, struct rule *rule)
{
    const rlv_answer *a = score_of(step, condition->trigger);
    if (!a || a->as.trigger.score <= 0)
        return false;
    const rlv_trigger_policy *p = policy_of(step->policy, condition->trigger);
    double score = weighted(p, a->as.trigger.score);
    double least = condition->least < 0 ? p->threshold : condition->least;
    if (score < least)
        return false;
    if (rule && (!rule->strongest || score > rule->score)) {
        rule->strongest = a;
        rule->score = score;
        rule->threshold = least;
    }
    if (rule)
        rule->observed = rule->observed || p->observe || !in_force(step, p);
    return true;
}

static bool fires(const rlv_step *step, const rlv_trigger_policy *p, struct rule *rule)
{
    bool one = p->n_any == 0;
    for (size_t i = 0; i < p->n_none; i++)
        if (holds(step, &p->none[i], NULL))
            return false;
    for (size_t i = 0; i < p->n_all; i++)
        if (!holds(step, &p->all[i], rule))
            return false;
    for (size_t i = 0; i < p->n_any; i++)
        one = holds(step, &p->any[i], rule) || one;
    return one;
}

static void judge_rule(rlv_step *step, const rlv_trigger_policy *p, struct cause *fired)
{
    struct rule rule = {0};
    if (!in_force(step, p) || !fires(step, p, &rule))
        return;
    rlv_decision *d = rlv_decide(step, RLV_DECIDED_TRIGGERED);
    if (!d)
        return;
    d->as.trigger.trigger = p->trigger;
    d->as.trigger.evidence = rule.strongest->as.trigger.evidence;
    d->as.trigger.reason = rule.strongest->as.trigger.reason;
    d->as.trigger.score = rule.score;
    d->as.trigger.threshold = rule.threshold;
    d->as.trigger.observed =
        p->observe || rule.observed || cooling(step->conversation, p->trigger, step->event->at_ms);
    d->as.trigger.tells = !d->as.trigger.observed && p->tell_only;
    if (!d->as.trigger.observed && !p->tell_only)
        offer(fired, (struct cause){d, p, rule.score, false});
}

/* ---- triggers ---------------------------------------------------------------------------------------------------- */

rlv_decision *rlv_triggers_judge(rlv_step *step, const rlv_trigger_policy **ret_policy)
{
    struct cause fired = {0}, strongest = {0};
    double none = 1; /* chance that no trigger is right */
    size_t n = 0;    /* triggers in it */

    for (const rlv_answer *a = step->answers.first; a; a = a->next) {
        if (a->kind != RLV_ANSWER_TRIGGER || a->as.trigger.score <= 0)
            continue;
        const rlv_trigger_policy *p = policy_of(step->policy, a->plugin);
        rlv_decision *d = rlv_decide(step, RLV_DECIDED_TRIGGERED);
        if (!d)
            return NULL;
        struct cause cause = {d, p, weighted(p, a->as.trigger.score), a->as.trigger.asked};
        d->as.trigger.trigger = a->plugin;
        d->as.trigger.evidence = a->as.trigger.evidence;
        d->as.trigger.reason = a->as.trigger.reason;
        d->as.trigger.score = a->as.trigger.score;
        d->as.trigger.threshold = p->threshold;
        d->as.trigger.observed =
            p->observe || !in_force(step, p) ||
            (!cause.asked && cooling(step->conversation, a->plugin, step->event->at_ms));
        if (d->as.trigger.observed || (!p->alone && !cause.asked)) /* who asks for a person gets one, whatever else is wanted of the trigger */
            continue;
        if (p->tell_only && !cause.asked) {
            d->as.trigger.tells = cause.score >= p->threshold;
            continue;
        }
        none *= 1 - cause.score;
        n++;
        if (cause.asked || cause.score >= p->threshold)
            offer(&fired, cause);
        offer(&strongest, cause);
    }
    for (size_t i = 0; i < step->policy->n_rules; i++)
        judge_rule(step, &step->policy->rules[i], &fired);
    if (!fired.decision && n >= 2 && 1 - none >= step->policy->combined)
        fired = strongest;
    if (fired.decision) {
        fired.decision->as.trigger.chosen = true;
        *ret_policy = fired.policy;
    }
    return fired.decision;
}

static const rlv_trigger_policy *rule_of(const rlv_policy *policy, rlv_str name)
{
    for (size_t i = 0; i < policy->n_rules; i++)
        if (rlv_str_eq(policy->rules[i].trigger, name))
            return &policy->rules[i];
    return NULL;
}

bool rlv_triggers_tell(rlv_step *step)
{
    bool any = false;
    for (const rlv_decision *d = step->decisions.first; d; d = d->next) {
        if (d->kind != RLV_DECIDED_TRIGGERED || !d->as.trigger.tells)
            continue;
        rlv_str name = d->as.trigger.trigger;
        const rlv_trigger_policy *rule = rule_of(step->policy, name);
        rlv_triggers_cool(step->conversation, rule ? rule : policy_of(step->policy, name), name, step->event->at_ms);
        any = true;
    }
    return any;
}

void rlv_triggers_cool(rlv_conversation *conv, const rlv_trigger_policy *policy, rlv_str trigger, int64_t at_ms)
{
    if (policy->cooldown_ms <= 0)
        return;
    int32_t i = 0;
    while (i < conv->n_cooling && !rlv_str_eq(conv->cooling[i].trigger, trigger))
        i++;
    if (i == RLV_COOLING_MAX) { /* the oldest gives way */
        memmove(conv->cooling, conv->cooling + 1, (RLV_COOLING_MAX - 1) * sizeof(*conv->cooling));
        i = --conv->n_cooling;
    }
    if (i == conv->n_cooling)
        conv->n_cooling++;
    conv->cooling[i] = (rlv_cooling){.trigger = trigger, .until_ms = at_ms + policy->cooldown_ms};
}
