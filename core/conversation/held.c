/* SPDX-License-Identifier: Apache-2.0 */
/* Held messages; see held.h. Must never drop what a customer wrote: it is decided, or becomes a turn that a person reads. */
#include "conversation/held.h"

#include "conversation/decide.h"
#include "conversation/digest.h"

static const rlv_str none = {NULL, 0};

static size_t points(rlv_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
    return n;
}

static rlv_str lines(rlv_arena *arena, rlv_str a, rlv_str b)
{
    if (!a.len || !b.len)
        return a.len ? a : b;
    return rlv_str_from(rlv_arena_printf(arena, "%.*s\n%.*s", RLV_STR_ARG(a), RLV_STR_ARG(b)));
}

static rlv_str later(rlv_str before, rlv_str after)
{
    return after.len ? after : before;
}

/* The message as one with what came before it. */
static void add(rlv_held_message *h, const rlv_event *message, rlv_arena *arena)
{
    bool plain = rlv_str_is(message->type, "text"); /* a picture and a word are a picture with a caption */
    h->messages++;
    h->message_id = message->message_id;
    h->sent_ms = message->sent_ms;
    h->type = plain ? later(message->type, h->type) : message->type;
    h->text = lines(arena, h->text, message->text);
    h->reply_id = later(h->reply_id, message->reply_id);
    h->media_id = later(h->media_id, message->media_id);
    rlv_str wordless = rlv_event_wordless(message);
    if (h->wordless.len + wordless.len < RLV_HELD_WORDLESS_MAX)
        h->wordless = lines(arena, h->wordless, wordless);
}

/* What was held, and the event's message if it is one, become the message under decision. */
static void take(rlv_step *step)
{
    rlv_conversation *conv = step->conversation;
    const rlv_event *ev = step->event;
    bool message = ev->kind == RLV_EVENT_MESSAGE;
    step->was = conv->held;
    conv->held = (rlv_held_message){0};
    if (message && !step->was.messages) {
        step->message = ev;
        step->was.since_ms = ev->at_ms;
    } else {
        if (message)
            add(&step->was, ev, step->arena);
        rlv_event *one = rlv_arena_zalloc(step->arena, 1, sizeof(*one));
        if (!one)
            return;
        *one = *ev;
        one->kind = RLV_EVENT_MESSAGE;
        one->message_id = step->was.message_id;
        one->type = step->was.type;
        one->text = step->was.text;
        one->reply_id = step->was.reply_id;
        one->media_id = step->was.media_id;
        one->wordless = step->was.wordless;
        one->sent_ms = step->was.sent_ms;
        step->message = one;
    }
    step->was.messages += !step->was.messages;
    step->may_hold = !step->at_once && ev->at_ms < step->was.since_ms + RLV_HELD_MS_MAX;
    step->opened = step->decisions;
}

static rlv_decision *tell(rlv_step *step, enum rlv_decision_kind kind, rlv_str plugin, const char *reason)
{
    rlv_decision *d = rlv_decide(step, kind);
    if (d) {
        d->as.failure.plugin = plugin;
        d->as.failure.reason = rlv_str_from(reason);
    }
    return d;
}

static bool pauses(const rlv_step *step)
{
    const rlv_held_message *h = &step->conversation->held;
    const rlv_event *ev = step->event;
    int64_t pause_ms = step->policy->pause_ms;
    if (pause_ms <= 0 || step->at_once || !rlv_str_is(ev->type, "text") || ev->reply_id.len || !ev->text.len ||
        points(ev->text) > RLV_PAUSE_POINTS_MAX)
        return false;
    return !h->messages || (h->messages < RLV_HELD_MESSAGES_MAX && h->text.len + ev->text.len < RLV_HELD_TEXT_MAX &&
                            ev->at_ms < h->since_ms + RLV_PAUSES_MAX * pause_ms);
}

/* Every change of ownership ends what is held (decide.c): this is the second lock on the same door. */
static bool in_force(const rlv_conversation *conv)
{
    return conv->owner == RLV_OWNER_BOT && conv->epoch == conv->held.epoch;
}

bool rlv_held_pause(rlv_step *step)
{
    rlv_held_message *h = &step->conversation->held;
    const rlv_event *ev = step->event;
    if (h->messages && !in_force(step->conversation))
        rlv_digest_end_held(step->conversation);
    if (!pauses(step)) {
        take(step);
        if (step->was.messages > 1) /* what its former parts asked for is no answer to the whole */
            step->was.n_by = 0;
        return false;
    }
    if (!h->messages)
        h->since_ms = ev->at_ms;
    int64_t due_ms = ev->at_ms + step->policy->pause_ms, most_ms = h->since_ms + RLV_PAUSES_MAX * step->policy->pause_ms;
    h->epoch = step->conversation->epoch;
    h->due_ms = due_ms < most_ms ? due_ms : most_ms;
    h->effect = (rlv_id){{0}};
    h->n_by = 0;
    add(h, ev, step->arena);
    (void)tell(step, RLV_DECIDED_HELD, none, "more may follow");
    return true;
}

/* A plugin that was waited for in vain has failed like one that could not answer: where nobody else answers, a person does. */
static void blame(rlv_step *step)
{
    rlv_answer *a = rlv_arena_zalloc(step->arena, 1, sizeof(*a));
    if (!a || !step->was.n_by)
        return;
    a->kind = RLV_ANSWER_FAILURE;
    a->plugin = step->was.by[step->was.n_by - 1];
    a->as.failure.phase = RLV_PHASE_RESULT;
    a->as.failure.reason = RLV_STR("the result of its effect did not come in time");
    rlv_answers_push(&step->answers, a);
}

bool rlv_held_due(rlv_step *step)
{
    rlv_conversation *conv = step->conversation;
    if (conv->held.messages && !in_force(conv))
        rlv_digest_end_held(conv);
    if (!conv->held.messages || step->event->at_ms < conv->held.due_ms) {
        (void)tell(step, RLV_DECIDED_IGNORED, none, conv->held.messages ? "it is held for longer" : "nothing is held any more");
        return false;
    }
    bool waited = !rlv_id_none(conv->held.effect);
    take(step);
    if (waited) {
        step->may_hold = false;
        blame(step);
    }
    return true;
}

bool rlv_held_result(rlv_step *step)
{
    const rlv_conversation *conv = step->conversation;
    rlv_id id;
    if (!conv->held.messages || rlv_id_none(conv->held.effect) || !rlv_id_parse(step->event->effect_id, &id) ||
        !rlv_id_eq(id, conv->held.effect) || !in_force(conv) || step->event->epoch != conv->epoch)
        return false;
    take(step);
    return true;
}

static bool held_by(const rlv_held_message *h, rlv_str plugin)
{
    for (int32_t i = 0; i < h->n_by; i++)
        if (rlv_str_eq(h->by[i], plugin))
            return true;
    return false;
}

const rlv_answer *rlv_held_effect(const rlv_step *step)
{
    if (!step->may_hold || step->conversation->owner != RLV_OWNER_BOT || step->was.n_by == RLV_HELD_BY_MAX ||
        step->message->text.len > RLV_HELD_TEXT_MAX)
        return NULL;
    for (const rlv_answer *a = step->answers.first; a; a = a->next)
        if (a->kind == RLV_ANSWER_EFFECT && a->as.effect.hold_ms && !held_by(&step->was, a->plugin))
            return a;
    return NULL;
}

void rlv_held_wait(rlv_step *step, const rlv_answer *effect)
{
    rlv_conversation *conv = step->conversation;
    const rlv_event *m = step->message;
    rlv_held_message *h = &conv->held;
    int64_t due_ms = step->event->at_ms + effect->as.effect.hold_ms, most_ms = step->was.since_ms + RLV_HELD_MS_MAX;
    if (!tell(step, RLV_DECIDED_HELD, effect->plugin, "the result of its effect is awaited"))
        return;
    *h = step->was;
    h->epoch = conv->epoch;
    h->due_ms = due_ms < most_ms ? due_ms : most_ms;
    h->by[h->n_by++] = effect->plugin;
    h->message_id = m->message_id;
    h->type = m->type;
    h->text = m->text;
    h->reply_id = m->reply_id;
    h->media_id = m->media_id;
    h->wordless = rlv_event_wordless(m);
    h->sent_ms = m->sent_ms;
    h->effect = rlv_id_record(step->event->at_ms, conv->lane, step->seq, step->decisions.n); /* the next decision asks for it */
    step->holding = effect;
    step->message = NULL;
}

void rlv_held_join(rlv_conversation *kept, const rlv_conversation *loser, rlv_arena *arena)
{
    rlv_held_message mine = kept->held, other = loser->held;
    if (!other.messages)
        return;
    if (!mine.messages) {
        kept->held = other;
    } else {
        const rlv_held_message *first = mine.since_ms < other.since_ms ? &mine : &other, *last = first == &mine ? &other : &mine;
        rlv_held_message *h = &kept->held;
        const rlv_event behind = {.message_id = last->message_id, .type = last->type, .text = last->text, .reply_id = last->reply_id,
                                  .media_id = last->media_id, .wordless = last->wordless, .sent_ms = last->sent_ms};
        *h = *first;
        add(h, &behind, arena);
        h->messages = first->messages + last->messages;
        h->due_ms = mine.due_ms < other.due_ms ? mine.due_ms : other.due_ms;
    }
    /* Whatever was waited for was asked about a part, in another generation of ownership. */
    kept->held.effect = (rlv_id){{0}};
    kept->held.n_by = 0;
}
