/* SPDX-License-Identifier: Apache-2.0 */
/* The pure core; see step.h. Must never read a clock, a global or anything outside the step. */
#include "conversation/step.h"

#include "conversation/after.h"
#include "conversation/collect.h"
#include "conversation/decide.h"
#include "conversation/digest.h"
#include "conversation/held.h"
#include "conversation/hours.h"
#include "conversation/join.h"
#include "conversation/served.h"
#include "conversation/silence.h"
#include "conversation/triggers.h"
#include "conversation/waiting.h"
#include "conversation/why.h"
#include "conversation/words.h"

enum { BY_CUSTOMER = 1, BY_BOT = 2, BY_AGENT = 3 }; /* RELEVO_BY_* */
enum { PRIORITY = 5 }; /* of a handoff that the policy says nothing about */

static const rlv_str none = {NULL, 0};

static const rlv_answer *answer_of(const rlv_step *step, enum rlv_answer_kind kind)
{
    for (const rlv_answer *a = step->answers.first; a; a = a->next)
        if (a->kind == kind)
            return a;
    return NULL;
}

static unsigned wanted(const rlv_step *step, unsigned phases)
{
    return phases & step->has;
}

/* ---- open -------------------------------------------------------------------------------------------------------- */

void rlv_conversation_begin(rlv_conversation *conv, const rlv_event *event, int32_t lane)
{
    *conv = (rlv_conversation){.id = event->conversation_id,
                               .lane = lane,
                               .phone_number_id = event->phone_number_id,
                               .wa_id = event->wa_id,
                               .user_id = event->user_id,
                               .customer_name = event->customer_name,
                               .owner = RLV_OWNER_BOT,
                               .epoch = 1,
                               .owner_since_ms = event->at_ms,
                               .decided_owner = RLV_OWNER_BOT,
                               .decided_epoch = 1,
                               .opened_ms = event->at_ms,
                               .last_in_ms = event->at_ms,
                               .cases = 1,
                               .stretch = 1};
}

void rlv_conversation_identify(rlv_conversation *conv, const rlv_event *ev)
{
    if (ev->wa_id.len)
        conv->wa_id = ev->wa_id;
    if (ev->user_id.len)
        conv->user_id = ev->user_id;
    if (ev->customer_name.len)
        conv->customer_name = ev->customer_name;
}

static void tell_queued(rlv_step *step, const rlv_notice *own, const rlv_notice *usual, const char *key);

/* The customer writes again after the case was closed: the bot's, or people's, of whom those who had it come first. */
static unsigned reopen(rlv_step *step)
{
    rlv_conversation *conv = step->conversation;
    bool peoples = rlv_after_is_peoples(step);
    conv->cases++;
    conv->opened_ms = step->event->at_ms;
    rlv_decision *d = rlv_decide_owner(step, RLV_DECIDED_REOPENED, peoples ? RLV_OWNER_QUEUED : RLV_OWNER_BOT, none,
                                       RLV_CAUSE_CUSTOMER);
    if (!peoples || !d)
        return 0;
    d->as.change.reason = rlv_why(step, RLV_WHY_REOPENED);
    d->as.change.route.priority = PRIORITY;
    d->as.change.route.team = conv->team;
    d->as.change.route.agent = conv->n_past ? conv->past[conv->n_past - 1].agent : none;
    step->handoff = d;
    tell_queued(step, NULL, &step->policy->notices.handoff, "notice.handoff");
    rlv_collect_later(step, step->policy->queue.collect);
    return wanted(step, RLV_WANTS(RLV_PHASE_ROUTE) | RLV_WANTS(RLV_PHASE_SUMMARIZE) | RLV_WANTS(RLV_PHASE_NOTIFY));
}

static unsigned open_message(rlv_step *step)
{
    rlv_conversation *conv = step->conversation;
    const rlv_event *ev = step->event;
    if (!rlv_digest_new_message(conv, ev->message_id)) {
        rlv_decision *d = rlv_decide(step, RLV_DECIDED_DUPLICATE);
        if (d)
            d->as.event = ev;
        return 0;
    }
    step->changed = true;
    rlv_conversation_identify(conv, ev);
    rlv_decision *d = rlv_decide(step, RLV_DECIDED_RECEIVED);
    if (d)
        d->as.event = ev;
    if (!rlv_digest_counts(ev))
        return 0;
    unsigned wants = 0;
    if (rlv_after_message(step) || (conv->owner == RLV_OWNER_QUEUED && rlv_waiting_message(step)))
        step->done = true;
    else if (conv->owner == RLV_OWNER_CLOSED && !step->comments)
        wants = reopen(step);
    conv->last_in_ms = ev->at_ms;
    conv->messages++;
    if (step->done)
        return 0;
    if (d)
        d->read = conv->owner == RLV_OWNER_BOT && step->policy->read_receipts;
    if (conv->owner != RLV_OWNER_BOT || step->comments)
        step->message = ev;
    else if (rlv_held_pause(step))
        return wants;
    return wants | wanted(step, RLV_WANTS(RLV_PHASE_CLASSIFY));
}

/* A person answered from the business's own phone: theirs from now on. */
static unsigned open_echo(rlv_step *step)
{
    rlv_conversation *conv = step->conversation;
    const rlv_event *ev = step->event;
    bool fresh = rlv_digest_new_message(conv, ev->message_id);
    rlv_decision *d = rlv_decide(step, fresh ? RLV_DECIDED_RECEIVED : RLV_DECIDED_DUPLICATE);
    if (d)
        d->as.event = ev;
    if (!fresh)
        return 0;
    step->changed = true;
    rlv_conversation_identify(conv, ev);
    if (conv->owner != RLV_OWNER_HUMAN)
        step->handoff = rlv_decide_owner(step, RLV_DECIDED_TAKEN_OVER, RLV_OWNER_HUMAN, RLV_STR("business_phone"),
                                         RLV_CAUSE_ECHO);
    rlv_digest_turn(conv, BY_AGENT, ev->at_ms, ev->message_id, ev->text);
    return step->handoff ? wanted(step, RLV_WANTS(RLV_PHASE_SUMMARIZE)) : 0;
}

/* Meta's protocol passed the thread to people. */
static unsigned open_handover(rlv_step *step)
{
    rlv_decision *d = rlv_decide(step, RLV_DECIDED_RECEIVED);
    if (d)
        d->as.event = step->event;
    if (step->conversation->owner != RLV_OWNER_BOT)
        return 0;
    step->handoff = d = rlv_decide_owner(step, RLV_DECIDED_HANDED_OFF, RLV_OWNER_QUEUED, none, RLV_CAUSE_META);
    if (!d)
        return 0;
    d->as.change.reason = rlv_why(step, RLV_WHY_META);
    d->as.change.route.priority = PRIORITY;
    rlv_collect_later(step, step->policy->queue.collect);
    return wanted(step, RLV_WANTS(RLV_PHASE_ROUTE) | RLV_WANTS(RLV_PHASE_SUMMARIZE) | RLV_WANTS(RLV_PHASE_NOTIFY));
}

/* A decision about a command: it carries the command's ownership, whatever the row says by now. */
static rlv_decision *decide_as_of(rlv_step *step, enum rlv_decision_kind kind)
{
    rlv_decision *d = rlv_decide(step, kind);
    if (!d)
        return NULL;
    d->owner = step->event->owner;
    d->epoch = step->event->epoch;
    d->agent_id = step->event->owner_agent;
    return d;
}

static void said_by_agent(rlv_step *step, enum rlv_decision_kind kind)
{
    const rlv_event *ev = step->event;
    rlv_decision *d = decide_as_of(step, kind);
    if (!d)
        return;
    d->as.said.text = ev->text;
    d->as.said.agent_id = ev->agent_id;
    d->as.said.source = kind == RLV_DECIDED_NOTED ? ev->note : none; /* "tags": desk.tag wrote it */
    d->as.said.confidence = 1;
    d->as.said.to_message = ev->context_id;
    d->as.said.extras = ev->extras;
    if (kind == RLV_DECIDED_ANSWERED)
        rlv_digest_turn(step->conversation, BY_AGENT, ev->at_ms, none, ev->text);
}

/* What a command made of the ownership, as a decision: it has changed in Postgres already. NULL: this kind makes none, or as rlv_decide. */
static rlv_decision *decide_made(rlv_step *step)
{
    const rlv_event *ev = step->event;
    rlv_decision *d = NULL;
    switch (ev->command) {
    case RLV_COMMAND_TAKE_OVER:
        return rlv_decide_commanded(step, RLV_DECIDED_TAKEN_OVER, RLV_CAUSE_DESKTOP);
    case RLV_COMMAND_REPLY:
        return rlv_decide_commanded(step, RLV_DECIDED_TAKEN_OVER, RLV_CAUSE_AGENT_REPLY);
    case RLV_COMMAND_ASSIGN:
        return rlv_decide_commanded(step, RLV_DECIDED_ASSIGNED, RLV_CAUSE_ASSIGNMENT);
    case RLV_COMMAND_MOVED:
        d = rlv_decide_commanded(step, RLV_DECIDED_MOVED, RLV_CAUSE_IDENTITY);
        if (d)
            d->as.change.other = ev->note;
        return d;
    case RLV_COMMAND_RETURN:
        d = rlv_decide_commanded(step, RLV_DECIDED_RETURNED, RLV_CAUSE_DESKTOP);
        break;
    case RLV_COMMAND_RESOLVE:
        d = rlv_decide_commanded(step, RLV_DECIDED_CLOSED, RLV_CAUSE_DESKTOP);
        break;
    case RLV_COMMAND_REQUEUE: /* by an agent, or since they were gone, silent, or their whole team was busy */
        d = rlv_decide_commanded(step, RLV_DECIDED_REQUEUED, ev->agent_id.len ? RLV_CAUSE_DESKTOP : RLV_CAUSE_TIMEOUT);
        break;
    case RLV_COMMAND_NOTE:
    case RLV_COMMAND_WAITING:
    case RLV_COMMAND_NOBODY:
    case RLV_COMMAND_FOLLOW_UP:
        break;
    }
    if (d)
        d->as.change.reason = ev->note;
    return d;
}

static unsigned open_command(rlv_step *step)
{
    rlv_conversation *conv = step->conversation;
    const rlv_event *ev = step->event;
    const rlv_policy *p = step->policy;
    bool changed = ev->epoch > conv->decided_epoch;
    step->changed = true; /* a command is consumed by writing what it left */
    if (ev->command >= RLV_COMMAND_WAITING) {
        if (ev->command == RLV_COMMAND_WAITING)
            rlv_waiting_told(step);
        else if (ev->command == RLV_COMMAND_NOBODY)
            rlv_waiting_given_up(step);
        else if (rlv_after_follow_up(step))
            return wanted(step, RLV_WANTS(RLV_PHASE_RESPOND));
        return 0;
    }
    if (!changed && ev->command != RLV_COMMAND_REPLY && ev->command != RLV_COMMAND_NOTE) {
        rlv_decision *d = decide_as_of(step, RLV_DECIDED_IGNORED); /* given to who had it: no new epoch, so no change */
        if (d)
            d->as.failure.reason = RLV_STR("it changed nobody's ownership");
        return 0;
    }
    rlv_decision *d = changed ? decide_made(step) : NULL;
    switch (ev->command) {
    case RLV_COMMAND_TAKE_OVER:
        step->handoff = d;
        break;
    case RLV_COMMAND_REPLY:
        step->handoff = d;
        said_by_agent(step, RLV_DECIDED_ANSWERED);
        break;
    case RLV_COMMAND_NOTE:
        said_by_agent(step, RLV_DECIDED_NOTED);
        break;
    case RLV_COMMAND_RETURN:
        if (!rlv_after_person(step, d))
            (void)rlv_decide_notice(step, &p->notices.returned, "notice.returned", ev->agent_name);
        if (rlv_after_resumes(step))
            return wanted(step, RLV_WANTS(RLV_PHASE_RESPOND));
        break;
    case RLV_COMMAND_RESOLVE:
        (void)rlv_decide_notice(step, &p->notices.closed, "notice.closed", ev->agent_name);
        (void)rlv_after_person(step, d);
        step->ending = d;
        return wanted(step, RLV_WANTS(RLV_PHASE_SUMMARIZE) | RLV_WANTS(RLV_PHASE_NOTIFY));
    case RLV_COMMAND_ASSIGN:
        (void)rlv_decide_notice(step, &p->notices.assigned, "notice.assigned", ev->agent_name);
        break;
    case RLV_COMMAND_REQUEUE:
        if (d && d->as.change.from == RLV_OWNER_HUMAN)
            tell_queued(step, NULL, &p->notices.requeued, "notice.requeued");
        break;
    case RLV_COMMAND_MOVED:
    case RLV_COMMAND_WAITING:
    case RLV_COMMAND_NOBODY:
    case RLV_COMMAND_FOLLOW_UP:
        break; /* decided above */
    }
    return step->handoff ? wanted(step, RLV_WANTS(RLV_PHASE_SUMMARIZE)) : 0;
}

/* Since when nothing goes on: the customer's last message, or that a follow-up opened the case anew. */
static int64_t rests_since(const rlv_conversation *conv)
{
    return conv->opened_ms > conv->last_in_ms ? conv->opened_ms : conv->last_in_ms;
}

static unsigned open_timer(rlv_step *step)
{
    rlv_conversation *conv = step->conversation;
    const rlv_event *ev = step->event;
    step->changed = true;
    if (rlv_str_is(ev->timer, "held")) {
        conv->held_timer_ms = 0;
        if (rlv_collect_begins(step))
            return wanted(step, RLV_WANTS(RLV_PHASE_RESPOND));
        return rlv_held_due(step) ? wanted(step, RLV_WANTS(RLV_PHASE_CLASSIFY)) : 0;
    }
    conv->idle_timer_ms = 0;
    if (conv->owner == RLV_OWNER_BOT && step->policy->idle_close_ms > 0 && !conv->held.messages &&
        rests_since(conv) + step->policy->idle_close_ms <= ev->at_ms) {
        (void)rlv_decide_owner(step, RLV_DECIDED_CLOSED, RLV_OWNER_CLOSED, none, RLV_CAUSE_TIMEOUT);
        return 0;
    }
    if (rlv_silence_breaks(step)) {
        step->unsaid = true;
        return 0;
    }
    rlv_decision *d = rlv_decide(step, RLV_DECIDED_IGNORED);
    if (d)
        d->as.failure.reason = RLV_STR("the timer no longer holds");
    return 0;
}

/* Effects are performed at least once: a result counts once. */
static unsigned open_result(rlv_step *step)
{
    bool fresh = rlv_digest_new_message(step->conversation, step->event->effect_id);
    rlv_decision *d = rlv_decide(step, fresh ? RLV_DECIDED_RECEIVED : RLV_DECIDED_DUPLICATE);
    if (d)
        d->as.event = step->event;
    if (!fresh)
        return 0;
    step->changed = true;
    if (rlv_held_result(step))
        return wanted(step, RLV_WANTS(RLV_PHASE_RESULT) | RLV_WANTS(RLV_PHASE_CLASSIFY));
    if (!step->event->hold_ms) {
        step->unsaid = step->conversation->owner == RLV_OWNER_BOT && step->conversation->epoch == step->event->epoch;
        return wanted(step, RLV_WANTS(RLV_PHASE_RESULT));
    }
    d = rlv_decide(step, RLV_DECIDED_IGNORED); /* what waited for it was decided without it, or somebody else has it now */
    if (d)
        d->as.failure.reason = RLV_STR("no message waits for it any more");
    return 0;
}

/* Deliver tells it at least once: it counts once. While the bot has the conversation, a message of its that did not arrive, or
   may not have, is a person's matter: the customer waits for an answer that is not coming. */
static unsigned open_undelivered(rlv_step *step)
{
    rlv_conversation *conv = step->conversation;
    const rlv_event *ev = step->event;
    bool fresh = rlv_digest_new_message(conv, ev->callback_data), suppressed = rlv_str_is(ev->type, "suppressed");
    rlv_decision *d = rlv_decide(step, !fresh       ? RLV_DECIDED_DUPLICATE
                                       : suppressed ? RLV_DECIDED_SUPPRESSED
                                                    : RLV_DECIDED_UNDELIVERED);
    if (d)
        d->as.event = ev;
    if (!fresh)
        return 0;
    step->changed = true;
    if (suppressed || ev->agent_id.len || conv->owner != RLV_OWNER_BOT || conv->epoch != ev->epoch ||
        step->policy->undelivered == RLV_UNDELIVERED_LEAVE)
        return 0;
    step->handoff = d = rlv_decide_owner(step, RLV_DECIDED_HANDED_OFF, RLV_OWNER_QUEUED, none, RLV_CAUSE_FAILURE);
    if (!d)
        return 0;
    /* No notice: it would go the same way. */
    rlv_str why = rlv_why(step, rlv_str_is(ev->type, "failed") ? RLV_WHY_NOT_DELIVERED : RLV_WHY_PERHAPS_LOST);
    d->as.change.route.priority = PRIORITY;
    d->as.change.reason = !ev->error_title.len ? why
                                               : rlv_str_from(rlv_arena_printf(step->arena, "%.*s (%.*s)", RLV_STR_ARG(why),
                                                                               RLV_STR_ARG(ev->error_title)));
    return wanted(step, RLV_WANTS(RLV_PHASE_ROUTE) | RLV_WANTS(RLV_PHASE_SUMMARIZE) | RLV_WANTS(RLV_PHASE_NOTIFY));
}

void rlv_step_forward(rlv_step *step)
{
    rlv_decision *d = rlv_decide(step, RLV_DECIDED_FORWARDED);
    if (d)
        d->as.event = step->event;
}

void rlv_step_give_up(rlv_step *step, rlv_str reason, bool told)
{
    rlv_conversation *conv = step->conversation;
    const rlv_event *ev = step->event;
    bool command = ev->kind == RLV_EVENT_COMMAND, held = ev->kind == RLV_EVENT_TIMER && rlv_str_is(ev->timer, "held");
    step->changed = true;
    if (held)
        conv->held_timer_ms = 0;
    else if (!command)
        conv->idle_timer_ms = 0;
    else if (ev->epoch > conv->decided_epoch && !(told && decide_made(step))) {
        conv->decided_epoch = ev->epoch;
        conv->decided_owner = ev->owner;
        rlv_digest_end_held(conv);
    }
    rlv_decision *d = command ? decide_as_of(step, RLV_DECIDED_IGNORED) : rlv_decide(step, RLV_DECIDED_IGNORED);
    if (d)
        d->as.failure.reason = reason;
    if (!held || !conv->held.messages || conv->owner != RLV_OWNER_BOT)
        return;
    d = rlv_decide_owner(step, RLV_DECIDED_HANDED_OFF, RLV_OWNER_QUEUED, none, RLV_CAUSE_FAILURE); /* somebody waits for an answer */
    if (d) {
        d->as.change.route.priority = PRIORITY;
        d->as.change.reason = reason;
    }
}

unsigned rlv_step_open(rlv_step *step)
{
    rlv_decision *d;
    for (int i = 0; i < step->n_joins; i++) /* before the event is: it may be known from the other side */
        if (rlv_conversation_join(step, step->joins[i]))
            step->taken = step->joins[i];
    if (step->conversation && step->event->kind == RLV_EVENT_UNKNOWN)
        rlv_conversation_identify(step->conversation, step->event);
    switch (step->event->kind) {
    case RLV_EVENT_MESSAGE:
        return open_message(step);
    case RLV_EVENT_ECHO:
        return open_echo(step);
    case RLV_EVENT_HANDOVER:
        return open_handover(step);
    case RLV_EVENT_COMMAND:
        return open_command(step);
    case RLV_EVENT_TIMER:
        return open_timer(step);
    case RLV_EVENT_RESULT:
        return open_result(step);
    case RLV_EVENT_UNDELIVERED:
        return open_undelivered(step);
    case RLV_EVENT_STATUS:
        d = rlv_decide(step, RLV_DECIDED_STATUS);
        break;
    case RLV_EVENT_ERROR:
    case RLV_EVENT_UNKNOWN:
    default:
        d = rlv_decide(step, RLV_DECIDED_RECEIVED);
        break;
    }
    if (d)
        d->as.event = step->event;
    return 0;
}

/* ---- read -------------------------------------------------------------------------------------------------------- */

static void take_slots(rlv_step *step)
{
    rlv_str message_id = (step->message ? step->message : step->event)->message_id;
    for (const rlv_answer *a = step->answers.first; a; a = a->next) {
        if (a->kind != RLV_ANSWER_SLOT ||
            !rlv_digest_slot(step->conversation, a->as.slot.name, a->as.slot.value, message_id))
            continue;
        step->amended = step->amended || (a->as.slot.amends && step->message && !step->prompted);
        rlv_decision *d = rlv_decide(step, RLV_DECIDED_SLOT_FILLED);
        if (!d)
            return;
        d->as.slot.name = a->as.slot.name;
        d->as.slot.value = a->as.slot.value;
        d->as.slot.message_id = message_id;
    }
}

/* A result told a plugin something: the card may say more now. */
static bool learned(const rlv_step *step)
{
    bool any = false;
    for (const rlv_answer *a = step->answers.first; a; a = a->next)
        any = any || a->kind == RLV_ANSWER_SLOT || (a->kind == RLV_ANSWER_MEMORY && a->as.memory.len > 0 && a->writes_card);
    return any && step->event->kind == RLV_EVENT_RESULT &&
           (step->conversation->owner == RLV_OWNER_QUEUED || step->conversation->owner == RLV_OWNER_HUMAN);
}

unsigned rlv_step_read(rlv_step *step)
{
    if (step->unsaid)
        return wanted(step, RLV_WANTS(RLV_PHASE_TRIGGER));
    if (!step->message && learned(step))
        return wanted(step, RLV_WANTS(RLV_PHASE_SUMMARIZE));
    if (!step->message || step->prompted)
        return 0;
    rlv_conversation *conv = step->conversation;
    const rlv_answer *a = answer_of(step, RLV_ANSWER_READING);
    if (a) {
        rlv_decision *d = rlv_decide(step, RLV_DECIDED_CLASSIFIED);
        if (d)
            d->as.reading = a->as.reading;
        rlv_digest_language(conv, a->as.reading.language, step->message->text);
    }
    if (step->comments)
        return wanted(step, RLV_WANTS(RLV_PHASE_TRIGGER));
    if (rlv_collect_goes_on(conv))
        return wanted(step, RLV_WANTS(RLV_PHASE_RESPOND) | RLV_WANTS(RLV_PHASE_SUMMARIZE));
    if (conv->owner != RLV_OWNER_BOT)
        return conv->owner == RLV_OWNER_CLOSED ? 0 : wanted(step, RLV_WANTS(RLV_PHASE_SUMMARIZE));
    return wanted(step, RLV_WANTS(RLV_PHASE_TRIGGER) | RLV_WANTS(RLV_PHASE_RESPOND));
}

/* ---- decide ------------------------------------------------------------------------------------------------------ */

/* That they wait for a person: the trigger's own words (NULL: it has none), else the usual ones; and the truth where nobody is there to answer. */
static void tell_queued(rlv_step *step, const rlv_notice *own, const rlv_notice *usual, const char *key)
{
    const rlv_policy *policy = step->policy;
    int64_t at_ms = step->event->at_ms;
    bool own_words = own && (own->es.len || own->pt.len || own->en.len);
    bool away = policy->people && !rlv_hours_open(policy->people, at_ms);
    if (own_words)
        (void)rlv_decide_notice(step, own, "notice.handoff", none);
    if (away) {
        int64_t opens = rlv_hours_next(policy->people, at_ms);
        rlv_str when = opens ? rlv_hours_say(policy->people, opens, step->conversation->language, step->arena) : none;
        rlv_waiting_leave(step, rlv_decide_notice(step, &policy->notices.away, "notice.away", when));
    } else if (!own_words) {
        (void)rlv_decide_notice(step, usual, key, none);
    }
}

static unsigned hand_off(rlv_step *step, const rlv_decision *cause, const rlv_trigger_policy *p)
{
    rlv_conversation *conv = step->conversation;
    rlv_decision *d = rlv_decide_owner(step, RLV_DECIDED_HANDED_OFF, RLV_OWNER_QUEUED, none,
                                       cause ? RLV_CAUSE_TRIGGER : RLV_CAUSE_FAILURE);
    if (!d)
        return 0;
    if (cause) {
        d->as.change.trigger = cause->as.trigger.trigger;
        d->as.change.reason = cause->as.trigger.reason;
        d->as.change.evidence = cause->as.trigger.evidence;
        d->as.change.score = cause->as.trigger.score;
        rlv_triggers_cool(conv, p, cause->as.trigger.trigger, step->event->at_ms);
    } else {
        d->as.change.reason = rlv_why(step, RLV_WHY_NO_ANSWER);
    }
    rlv_route *route = &d->as.change.route;
    route->priority = p ? p->priority : PRIORITY;
    if (p) {
        route->team = p->team;
        route->agent = p->agent;
        route->skills = p->skills;
        route->n_skills = p->n_skills;
    }
    conv->team = d->team = route->team;
    step->handoff = d;
    tell_queued(step, p ? &p->message : NULL, &step->policy->notices.handoff, "notice.handoff");
    rlv_collect_later(step, p && p->collect.len ? p->collect : step->policy->queue.collect);
    return wanted(step, RLV_WANTS(RLV_PHASE_ROUTE) | RLV_WANTS(RLV_PHASE_SUMMARIZE) | RLV_WANTS(RLV_PHASE_NOTIFY));
}

/* The one that is said: what only follows another is not among them. */
static const rlv_answer *best_reply(const rlv_step *step)
{
    const rlv_answer *best = NULL;
    for (const rlv_answer *a = step->answers.first; a; a = a->next)
        if (a->kind == RLV_ANSWER_REPLY && !(a->as.reply.flags & (RLV_REPLY_RESUMES | RLV_REPLY_ALSO)) &&
            (!best || a->as.reply.confidence > best->as.reply.confidence))
            best = a;
    return best;
}

static void say(rlv_step *step, const rlv_answer *a)
{
    rlv_decision *d = rlv_decide_reply(step, a->as.reply.text, a->as.reply.source, a->as.reply.confidence);
    if (!d)
        return;
    d->as.said.asks = a->as.reply.flags & RLV_REPLY_ASKS;
    d->as.said.extras = a->as.reply.extras;
    if (!d->as.said.asks)
        rlv_digest_tried(step->conversation, a->as.reply.source);
}

/* How sure a reply is that answers the message; 0: none does, or its plugin knows itself that it is no answer. */
static double answered(const rlv_step *step)
{
    const rlv_answer *best = best_reply(step);
    for (const rlv_answer *a = best ? step->answers.first : NULL; a; a = a->next)
        if (a->kind == RLV_ANSWER_ABSTAIN && rlv_str_eq(a->plugin, best->plugin))
            return 0;
    return best ? best->as.reply.confidence : 0;
}

/* Triggers that speak only of what nobody answers have nothing to say of what is answered, or may still be. */
static void hush_triggers(rlv_step *step)
{
    double sure = rlv_held_effect(step) ? 1 : answered(step);
    for (rlv_answer *a = step->answers.first; a; a = a->next)
        if (a->kind == RLV_ANSWER_TRIGGER && a->as.trigger.unless_answered > 0 && sure >= a->as.trigger.unless_answered)
            a->as.trigger.score = 0;
}

/* Says the best reply, and what its plugin has to say besides. True when the plugin knows itself that it is no answer. */
static bool say_best(rlv_step *step, const rlv_answer *best)
{
    bool abstained = false;
    say(step, best);
    for (const rlv_answer *a = step->answers.first; a; a = a->next) {
        if (!rlv_str_eq(a->plugin, best->plugin))
            continue;
        if (a->kind == RLV_ANSWER_REPLY && a->as.reply.flags & RLV_REPLY_ALSO)
            say(step, a);
        abstained = abstained || a->kind == RLV_ANSWER_ABSTAIN;
    }
    return abstained;
}

/* Takes up again what another plugin than the one that spoke had asked before. */
static void resume(rlv_step *step, const rlv_answer *best)
{
    for (const rlv_answer *a = step->answers.first; a; a = a->next)
        if (a->kind == RLV_ANSWER_REPLY && a->as.reply.flags & RLV_REPLY_RESUMES &&
            !(best && rlv_str_eq(a->plugin, best->plugin))) {
            say(step, a);
            return;
        }
}

static void miss(rlv_step *step)
{
    step->conversation->misses++;
    step->conversation->open_question = rlv_str_cut(step->message->text, RLV_TURN_TEXT_MAX);
}

/* Too late to change the decision. */
static bool comes_late(const rlv_step *step, enum rlv_phase phase)
{
    return phase >= RLV_PHASE_ROUTE && !(phase == RLV_PHASE_RESULT && step->message);
}

/* Says which plugins failed before the decision, or after it. True when any did. */
static bool report_failures(rlv_step *step, bool late)
{
    bool any = false;
    for (const rlv_answer *a = step->answers.first; a; a = a->next) {
        if (a->kind != RLV_ANSWER_FAILURE || comes_late(step, a->as.failure.phase) != late)
            continue;
        rlv_decision *d = rlv_decide(step, RLV_DECIDED_FAILED);
        if (!d)
            return true;
        d->as.failure.plugin = a->plugin;
        d->as.failure.reason = a->as.failure.reason;
        d->as.failure.phase = a->as.failure.phase;
        any = true;
    }
    return any;
}

static void forget_since(rlv_step *step, rlv_decisions mark)
{
    step->decisions = mark;
    if (mark.last)
        mark.last->next = NULL;
}

/* True: the message waits for an effect's result. What else was answered is asked again then, so nothing of it counts but the
   customer's language; yet who is to have a person has one now. */
static bool waits(rlv_step *step)
{
    const rlv_trigger_policy *policy = NULL;
    const rlv_answer *effect = rlv_held_effect(step);
    if (!effect)
        return false;
    rlv_decisions mark = step->decisions;
    bool fires = rlv_triggers_judge(step, &policy) != NULL;
    forget_since(step, fires ? mark : step->opened);
    if (!fires)
        rlv_held_wait(step, effect);
    return !fires;
}

/* A person may be needed without a word of the customer: for what the world told a plugin, in the generation that asked for it; or since they
   say nothing. */
static unsigned decide_unsaid(rlv_step *step)
{
    const rlv_trigger_policy *policy = NULL;
    if (!step->unsaid)
        return 0;
    (void)report_failures(step, false); /* nobody waits for an answer: it is only told */
    if (!answer_of(step, RLV_ANSWER_TRIGGER))
        return 0;
    const rlv_decision *fired = rlv_triggers_judge(step, &policy);
    bool tells = rlv_triggers_tell(step);
    if (fired)
        return hand_off(step, fired, policy);
    return tells ? wanted(step, RLV_WANTS(RLV_PHASE_SUMMARIZE) | RLV_WANTS(RLV_PHASE_NOTIFY)) : 0;
}

static bool asks_for_a_person(const rlv_step *step, const rlv_decision *fired)
{
    for (const rlv_answer *a = fired ? step->answers.first : NULL; a; a = a->next)
        if (a->kind == RLV_ANSWER_TRIGGER && a->as.trigger.asked && rlv_str_eq(a->plugin, fired->as.trigger.trigger))
            return true;
    return false;
}

/* What the customer adds to their score is a comment, angry as it may be; yet who asks for a person there gets one, as anywhere. */
static unsigned decide_comment(rlv_step *step)
{
    rlv_conversation *conv = step->conversation;
    const rlv_trigger_policy *policy = NULL;
    rlv_decisions mark = step->decisions;
    bool asked = asks_for_a_person(step, rlv_triggers_judge(step, &policy));
    forget_since(step, mark);
    if (!asked) {
        (void)report_failures(step, false);
        rlv_after_comment(step);
        step->message = NULL;
        step->done = true;
        return 0;
    }
    unsigned wants = conv->owner == RLV_OWNER_CLOSED ? reopen(step) : 0;
    take_slots(step);
    (void)report_failures(step, false);
    if (conv->owner != RLV_OWNER_BOT)
        return wants; /* people have it by that alone */
    const rlv_decision *fired = rlv_triggers_judge(step, &policy);
    return fired ? hand_off(step, fired, policy) : 0; /* NULL: the arena is full */
}

/* Who was told of what the customer now amends is told. */
static unsigned amends(const rlv_step *step)
{
    return step->amended ? wanted(step, RLV_WANTS(RLV_PHASE_NOTIFY)) : 0;
}

unsigned rlv_step_decide(rlv_step *step)
{
    if (!step->message)
        return decide_unsaid(step);
    if (step->comments)
        return decide_comment(step);
    hush_triggers(step);
    if (waits(step))
        return 0;
    rlv_conversation *conv = step->conversation;
    take_slots(step);
    bool failed = report_failures(step, false); /* where nothing else answers, a person does */
    if (conv->owner != RLV_OWNER_BOT) {
        rlv_collect_say(step);
        /* WhatsApp's own name and number may be on the card now */
        return (step->prompted ? wanted(step, RLV_WANTS(RLV_PHASE_SUMMARIZE)) : 0) | amends(step);
    }

    const rlv_trigger_policy *policy = NULL;
    const rlv_decision *fired = rlv_triggers_judge(step, &policy);
    bool tells = rlv_triggers_tell(step);
    if (fired)
        return hand_off(step, fired, policy);
    bool resumes = step->prompted && !step->message->reply_id.len; /* nothing is asked, so nothing is answered */
    const rlv_answer *reply = resumes ? NULL : best_reply(step);
    if (reply) {
        if (say_best(step, reply)) {
            miss(step);
        } else if (!(reply->as.reply.flags & RLV_REPLY_ASKS)) {
            conv->misses = 0;
            conv->open_question = none;
        }
    } else if (failed && !resumes) {
        return hand_off(step, NULL, NULL);
    } else if (step->prompted) {
        rlv_after_not_begun(step);
    } else if (step->has & RLV_WANTS(RLV_PHASE_RESPOND)) {
        miss(step);
        (void)rlv_decide_notice(step, &step->policy->notices.unknown, "notice.unknown", none);
    }
    resume(step, reply);
    return tells ? wanted(step, RLV_WANTS(RLV_PHASE_SUMMARIZE) | RLV_WANTS(RLV_PHASE_NOTIFY)) : amends(step);
}

/* ---- close ------------------------------------------------------------------------------------------------------- */

static void take_route(rlv_step *step)
{
    const rlv_answer *a = answer_of(step, RLV_ANSWER_ROUTE);
    if (!a || !rlv_decision_hands_off(step->handoff))
        return;
    rlv_route *route = &step->handoff->as.change.route;
    const rlv_route policy = *route; /* its word counts more than the router's */
    *route = a->as.route;
    if (policy.team.len)
        route->team = policy.team;
    if (policy.agent.len)
        route->agent = policy.agent;
    if (policy.n_skills > 0) {
        route->skills = policy.skills;
        route->n_skills = policy.n_skills;
    }
    if (policy.priority > route->priority)
        route->priority = policy.priority;
    step->conversation->team = route->team;
    for (rlv_decision *d = step->handoff; d; d = d->next)
        d->team = route->team;
}

static void take_card(rlv_step *step)
{
    size_t n = 0;
    for (const rlv_answer *a = step->answers.first; a; a = a->next)
        n += a->kind == RLV_ANSWER_CARD;
    if (n == 0)
        return;
    rlv_card_field *fields = rlv_arena_zalloc(step->arena, n, sizeof(*fields));
    rlv_decision *d = rlv_decide(step, RLV_DECIDED_SUMMARIZED);
    if (!fields || !d)
        return;
    size_t i = 0;
    for (const rlv_answer *a = step->answers.first; a; a = a->next)
        if (a->kind == RLV_ANSWER_CARD)
            fields[i++] = (rlv_card_field){
                .name = a->as.card.name, .text = a->as.card.text, .message_id = a->as.card.message_id};
    d->as.card.fields = fields;
    d->as.card.n_fields = n;
}

static void take_effects(rlv_step *step)
{
    for (const rlv_answer *a = step->answers.first; a; a = a->next) {
        if (a->kind != RLV_ANSWER_EFFECT || (step->holding ? a != step->holding : a->as.effect.hold_ms > 0))
            continue; /* one that wanted to hold the message, and could not, would come too late */
        rlv_decision *d = rlv_decide(step, RLV_DECIDED_NOTIFIED);
        if (!d)
            return;
        d->as.effect.plugin = a->plugin;
        d->as.effect.effect = a->as.effect;
    }
}

/* What a plugin made of a result: it speaks only in the generation of ownership that asked for it. */
static void take_result(rlv_step *step)
{
    rlv_conversation *conv = step->conversation;
    take_slots(step);
    const rlv_answer *reply = best_reply(step);
    if (!reply || step->handoff)
        return;
    if (conv->owner == RLV_OWNER_BOT && conv->epoch == step->event->epoch) {
        (void)say_best(step, reply);
        return;
    }
    rlv_decision *d = rlv_decide(step, RLV_DECIDED_IGNORED);
    if (d)
        d->as.failure.reason = RLV_STR("the conversation moved on while the effect was performed");
}

/* When the idle timer is to ring: for a silence, or to close it; 0: never. */
static int64_t rings_next(const rlv_step *step)
{
    const rlv_conversation *conv = step->conversation;
    int64_t rests_ms = conv->held.messages ? conv->held.due_ms : 0; /* not while it is held */
    int64_t close_ms = step->policy->idle_close_ms, silent_ms = rlv_silence_due(step);
    if (close_ms > 0)
        close_ms += rests_ms > rests_since(conv) ? rests_ms : rests_since(conv);
    return silent_ms && (!close_ms || silent_ms < close_ms) ? silent_ms : close_ms;
}

/* The bot asks what it has just asked, in the same words: whatever the customer says, it does not get on. */
static bool asks_again(const rlv_step *step)
{
    const rlv_conversation *conv = step->conversation;
    const rlv_decision *d = step->decisions.first;
    while (d && d->kind != RLV_DECIDED_REPLIED)
        d = d->next;
    if (!d || !d->as.said.asks)
        return false; /* what only follows an answer, a flow's question say, is no loop */
    rlv_str text = rlv_str_cut(d->as.said.text, RLV_TURN_TEXT_MAX);
    for (int32_t i = conv->n_turns - 1; i >= 0 && conv->turns[i].by == BY_BOT; i--)
        if (rlv_str_eq(conv->turns[i].text, text))
            return true;
    return false;
}

static void remember(rlv_step *step)
{
    rlv_conversation *conv = step->conversation;
    const rlv_event *ev = step->event;
    const rlv_event *message = step->prompted ? NULL : step->message;
    if (message) {
        const rlv_answer *a = answer_of(step, RLV_ANSWER_READING);
        if (a)
            rlv_digest_sentiment(conv, a->as.reading.sentiment);
        uint64_t question = rlv_words_question(message->text);
        bool again = conv->asked ? asks_again(step) : question && question == conv->last_question;
        conv->repeats = again ? conv->repeats + 1 : 0;
        conv->last_question = question;
        rlv_digest_turn(conv, BY_CUSTOMER, ev->at_ms, message->message_id, message->text);
    }
    if (message || step->done)
        conv->asked = false;
    for (const rlv_decision *d = step->decisions.first; d; d = d->next)
        if (d->kind == RLV_DECIDED_REPLIED) {
            rlv_digest_turn(conv, BY_BOT, ev->at_ms, none, d->as.said.text);
            conv->asked = d->as.said.asks;
        }
    for (const rlv_answer *a = step->answers.first; a; a = a->next)
        if (a->kind == RLV_ANSWER_MEMORY && (!step->holding || rlv_str_eq(a->plugin, step->holding->plugin)))
            rlv_digest_memory(conv, a->plugin, a->as.memory);
    if (conv->owner == RLV_OWNER_BOT && conv->idle_timer_ms == 0)
        conv->idle_timer_ms = rings_next(step);
    int64_t ask_ms = rlv_collect_due(conv);
    if (ask_ms && (!conv->held_timer_ms || ask_ms < conv->held_timer_ms))
        conv->held_timer_ms = ask_ms;
    if (conv->held.messages && (!conv->held_timer_ms || conv->held.due_ms < conv->held_timer_ms))
        conv->held_timer_ms = conv->held.due_ms; /* a later one that is pending besides finds nothing to do */
}

void rlv_step_close(rlv_step *step)
{
    if (!step->conversation || !step->changed)
        return;
    if (step->handoff)
        take_route(step);
    take_card(step);
    if (step->event->kind == RLV_EVENT_RESULT && !step->message && !step->holding)
        take_result(step);
    take_effects(step);
    if (!step->holding)
        (void)report_failures(step, true);
    remember(step);
    if (step->prompted)
        step->message = NULL; /* the customer wrote nothing */
    rlv_served_follow(step->conversation, &step->decisions, step->event->at_ms);
}
