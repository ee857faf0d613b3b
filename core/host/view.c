/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds views; see view.h. A view is made of the subject alone, so the same event gives the same view in
 * every batch, on every machine and in every replay. It must never look at a clock or at another subject.
 */
#include "host/view.h"

_Static_assert((int)RLV_TRIED_MAX == (int)RELEVO_TRIED_MAX && (int)RLV_TREND_MAX == (int)RELEVO_TREND_MAX &&
                   (int)RLV_TURNS_MAX == (int)RELEVO_TURNS_MAX && (int)RLV_PAST_MAX == (int)RELEVO_PAST_MAX,
               "a view holds as much as the conversation keeps");
_Static_assert((int)RLV_OWNER_BOT == (int)RELEVO_OWNER_BOT &&
                   (int)RLV_OWNER_CLOSED == (int)RELEVO_OWNER_CLOSED,
               "owners are handed over as numbers");

struct builder {
    rlv_arena *arena;
    enum rlv_phase phase;
    const rlv_subject *subject;
};

static relevo_str str(rlv_str s)
{
    return (relevo_str){s.ptr, s.len};
}

/* The event may know what the stored conversation does not yet, as with the first message. */
static relevo_str either(rlv_str a, rlv_str b)
{
    return str(a.len ? a : b);
}

static const relevo_message *build_message(const struct builder *b)
{
    const rlv_event *ev = b->subject->message;
    relevo_message *message = rlv_arena_zalloc(b->arena, 1, sizeof(*message));
    if (message)
        *message = (relevo_message){.size = sizeof(*message),
                                    .id = str(ev->message_id),
                                    .type = str(ev->type),
                                    .text = str(ev->text),
                                    .reply = str(ev->reply_id),
                                    .media = str(ev->media_id),
                                    .sent_ms = ev->sent_ms,
                                    .wordless = str(rlv_event_wordless(ev))};
    return message;
}

/* The first reading wins: the order of the configuration decides, as it does in the decision. */
static const rlv_answer *find_reading(const struct builder *b)
{
    const rlv_answer *a = b->subject->answers->first;
    while (a && a->kind != RLV_ANSWER_READING)
        a = a->next;
    return a;
}

static const relevo_reading *build_reading(const struct builder *b, const rlv_reading *read)
{
    relevo_reading *reading = rlv_arena_zalloc(b->arena, 1, sizeof(*reading));
    if (reading)
        *reading = (relevo_reading){.size = sizeof(*reading),
                                    .language = str(read->language),
                                    .intent = str(read->intent),
                                    .confidence = read->confidence,
                                    .out_of_scope = read->out_of_scope,
                                    .sentiment = read->sentiment,
                                    .anger = read->anger,
                                    .wants_person = read->wants_person};
    return reading;
}

static const relevo_digest *build_digest(const struct builder *b)
{
    const rlv_conversation *c = b->subject->conversation;
    relevo_digest *digest = rlv_arena_zalloc(b->arena, 1, sizeof(*digest));
    if (!digest)
        return NULL;
    digest->size = sizeof(*digest);
    digest->messages = (uint32_t)c->messages;
    digest->misses = (uint32_t)c->misses;
    digest->repeats = (uint32_t)c->repeats;
    digest->asked = c->asked;
    digest->n_tried = (uint32_t)c->n_tried;
    digest->n_trend = (uint32_t)c->n_trend;
    digest->open_question = str(c->open_question);
    for (int32_t i = 0; i < c->n_tried; i++)
        digest->tried[i] = str(c->tried[i]);
    for (int32_t i = 0; i < c->n_trend; i++)
        digest->trend[i] = c->trend[i];
    return digest;
}

static bool build_turns(const struct builder *b, relevo_view *view)
{
    const rlv_conversation *c = b->subject->conversation;
    size_t n = (size_t)c->n_turns;
    relevo_turn *turns = rlv_arena_zalloc(b->arena, n, sizeof(*turns));
    const relevo_turn **list = rlv_arena_alloc(b->arena, n * sizeof(*list));
    if (!turns || !list)
        return false;
    for (size_t i = 0; i < n; i++) {
        turns[i] = (relevo_turn){.size = sizeof(*turns),
                                 .by = (uint32_t)c->turns[i].by,
                                 .at_ms = c->turns[i].at_ms,
                                 .text = str(c->turns[i].text)};
        list[i] = &turns[i];
    }
    view->turns = list;
    view->n_turns = (uint32_t)n;
    return true;
}

/* Sets or appends a slot; the newest value of a name wins. */
static void put_slot(relevo_slot *slots, size_t *n, const rlv_slot *slot)
{
    size_t i = 0;
    while (i < *n && !rlv_str_eq((rlv_str){slots[i].name.ptr, slots[i].name.len}, slot->name))
        i++;
    relevo_str was = str(slot->was);
    if (i < *n) /* as the conversation will keep it */
        was = rlv_str_eq((rlv_str){slots[i].value.ptr, slots[i].value.len}, slot->value) ? slots[i].was : slots[i].value;
    slots[i] = (relevo_slot){.size = sizeof(*slots),
                             .name = str(slot->name),
                             .value = str(slot->value),
                             .message_id = str(slot->message_id),
                             .was = was};
    if (i == *n)
        ++*n;
}

static bool build_slots(const struct builder *b, relevo_view *view)
{
    const rlv_conversation *c = b->subject->conversation;
    size_t most = (size_t)c->n_slots, n = 0;
    for (const rlv_answer *a = b->subject->answers->first; a; a = a->next)
        most += a->kind == RLV_ANSWER_SLOT;
    relevo_slot *slots = rlv_arena_zalloc(b->arena, most, sizeof(*slots));
    const relevo_slot **list = rlv_arena_alloc(b->arena, most * sizeof(*list));
    if (!slots || !list)
        return false;
    for (int32_t i = 0; i < c->n_slots; i++)
        put_slot(slots, &n, &c->slots[i]);
    const rlv_event *from = b->subject->message ? b->subject->message : b->subject->event;
    for (const rlv_answer *a = b->subject->answers->first; a; a = a->next)
        if (a->kind == RLV_ANSWER_SLOT)
            put_slot(slots, &n, &(rlv_slot){.name = a->as.slot.name, .value = a->as.slot.value, .message_id = from->message_id});
    for (size_t i = 0; i < n; i++)
        list[i] = &slots[i];
    view->slots = list;
    view->n_slots = (uint32_t)n;
    return true;
}

static bool build_fired(const struct builder *b, relevo_view *view)
{
    size_t n = 0;
    const rlv_decision *first = b->subject->decisions ? b->subject->decisions->first : NULL;
    for (const rlv_decision *d = first; d; d = d->next)
        n += d->kind == RLV_DECIDED_TRIGGERED;
    relevo_fired *fired = rlv_arena_zalloc(b->arena, n, sizeof(*fired));
    const relevo_fired **list = rlv_arena_alloc(b->arena, n * sizeof(*list));
    if (!fired || !list)
        return false;
    size_t i = 0;
    for (const rlv_decision *d = first; d; d = d->next) {
        if (d->kind != RLV_DECIDED_TRIGGERED)
            continue;
        fired[i] = (relevo_fired){.size = sizeof(*fired),
                                  .chosen = d->as.trigger.chosen,
                                  .trigger = str(d->as.trigger.trigger),
                                  .score = d->as.trigger.score,
                                  .evidence = str(d->as.trigger.evidence),
                                  .reason = str(d->as.trigger.reason),
                                  .tells = d->as.trigger.tells};
        list[i] = &fired[i];
        i++;
    }
    view->fired = list;
    view->n_fired = (uint32_t)n;
    return true;
}

/* A take-over is no handoff: nobody asked for anything, somebody simply took it. */
static bool handed_off(const rlv_subject *s)
{
    return s->handoff && rlv_decision_hands_off(s->handoff);
}

static const relevo_handoff *build_handoff(const struct builder *b)
{
    const rlv_decision *d = b->subject->handoff;
    relevo_handoff *handoff = rlv_arena_zalloc(b->arena, 1, sizeof(*handoff));
    if (handoff)
        *handoff = (relevo_handoff){.size = sizeof(*handoff),
                                    .priority = (uint32_t)d->as.change.route.priority,
                                    .trigger = str(d->as.change.trigger),
                                    .reason = str(d->as.change.reason),
                                    .evidence = str(d->as.change.evidence),
                                    .score = d->as.change.score,
                                    .team = either(d->as.change.route.team, d->team)};
    return handoff;
}

/* While people have it: the one that brought it to them. */
static const relevo_handoff *build_earlier_handoff(const struct builder *b)
{
    const rlv_served *served = &b->subject->conversation->served;
    relevo_handoff *handoff = rlv_arena_zalloc(b->arena, 1, sizeof(*handoff));
    if (handoff)
        *handoff = (relevo_handoff){.size = sizeof(*handoff),
                                    .priority = (uint32_t)served->priority,
                                    .trigger = str(served->trigger),
                                    .reason = str(served->reason),
                                    .evidence = str(served->evidence),
                                    .score = served->score,
                                    .team = str(b->subject->conversation->team)};
    return handoff;
}

/* Somebody was asked for, be it by a failure that has a reason and no trigger. */
static bool was_handed_off(const struct builder *b)
{
    const rlv_served *served = &b->subject->conversation->served;
    return b->phase >= RLV_PHASE_ROUTE && b->phase <= RLV_PHASE_NOTIFY && served->at_ms && (served->trigger.len || served->reason.len);
}

static bool build_tags(const struct builder *b, relevo_view *view)
{
    rlv_str tags = b->subject->conversation->tags;
    size_t n = tags.len > 0;
    for (size_t i = 0; i < tags.len; i++)
        n += tags.ptr[i] == '\n';
    relevo_str *list = rlv_arena_zalloc(b->arena, n, sizeof(*list));
    if (!list)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *end = memchr(tags.ptr, '\n', tags.len);
        size_t len = end ? (size_t)(end - tags.ptr) : tags.len;
        list[i] = (relevo_str){tags.ptr, len};
        tags = end ? (rlv_str){end + 1, tags.len - len - 1} : (rlv_str){NULL, 0};
    }
    view->tags = list;
    view->n_tags = (uint32_t)n;
    return true;
}

static bool build_past(const struct builder *b, relevo_view *view)
{
    const rlv_conversation *c = b->subject->conversation;
    size_t n = (size_t)c->n_past;
    relevo_past *past = rlv_arena_zalloc(b->arena, n, sizeof(*past));
    const relevo_past **list = rlv_arena_alloc(b->arena, n * sizeof(*list));
    if (!past || !list)
        return false;
    for (size_t i = 0; i < n; i++) {
        const rlv_bygone *p = &c->past[i];
        past[i] = (relevo_past){.size = sizeof(*past),
                                .ended = (uint32_t)p->ended,
                                .at_ms = p->at_ms,
                                .ended_ms = p->ended_ms,
                                .trigger = str(p->trigger),
                                .reason = str(p->reason),
                                .agent = str(p->agent),
                                .note = str(p->note),
                                .score = p->score};
        list[i] = &past[i];
    }
    view->past = list;
    view->n_past = (uint32_t)n;
    return true;
}

static const relevo_ending *build_ending(const struct builder *b)
{
    const rlv_conversation *c = b->subject->conversation;
    const rlv_event *ev = b->subject->event;
    relevo_ending *ending = rlv_arena_zalloc(b->arena, 1, sizeof(*ending));
    if (!ending)
        return NULL;
    *ending = (relevo_ending){.size = sizeof(*ending),
                              .began_ms = c->served.at_ms,
                              .agent = str(ev->agent_id),
                              .agent_name = str(ev->agent_name),
                              .note = str(ev->note)};
    for (int32_t i = 0; i < c->n_turns && !ending->answered_ms; i++)
        if (c->turns[i].by == (int32_t)RELEVO_BY_AGENT && c->turns[i].at_ms >= c->served.at_ms)
            ending->answered_ms = c->turns[i].at_ms;
    return ending;
}

/* What the phase before wrote. */
static bool build_card(const struct builder *b, relevo_view *view)
{
    size_t n = 0, i = 0;
    for (const rlv_answer *a = b->subject->answers->first; a && b->phase == RLV_PHASE_NOTIFY; a = a->next)
        n += a->kind == RLV_ANSWER_CARD;
    relevo_answer_card *card = rlv_arena_zalloc(b->arena, n, sizeof(*card));
    const relevo_answer_card **list = rlv_arena_alloc(b->arena, n * sizeof(*list));
    if (!card || !list)
        return false;
    for (const rlv_answer *a = b->subject->answers->first; a && i < n; a = a->next) {
        if (a->kind != RLV_ANSWER_CARD)
            continue;
        card[i] = (relevo_answer_card){.head = {sizeof(*card), RELEVO_ANSWER_CARD},
                                       .name = str(a->as.card.name),
                                       .text = str(a->as.card.text),
                                       .message_id = str(a->as.card.message_id)};
        list[i] = &card[i];
        i++;
    }
    view->card = list;
    view->n_card = (uint32_t)n;
    return true;
}

static const relevo_result *build_result(const struct builder *b)
{
    const rlv_event *ev = b->subject->event;
    relevo_result *result = rlv_arena_zalloc(b->arena, 1, sizeof(*result));
    if (!result)
        return NULL;
    *result = (relevo_result){.size = sizeof(*result),
                              .status = ev->http_status > 0 ? (uint32_t)ev->http_status : 0,
                              .effect_id = str(ev->effect_id),
                              .context = str(ev->context),
                              .body = str(ev->body)};
    if (!result->status)
        result->error = either(ev->error_title, RLV_STR("no answer"));
    return result;
}

static bool build_view(const struct builder *b, relevo_view *view)
{
    const rlv_subject *s = b->subject;
    const rlv_conversation *c = s->conversation;
    const rlv_event *ev = s->event;
    char *id = rlv_arena_alloc(b->arena, RLV_ID_TEXT + 1);
    if (!id)
        return false;
    rlv_id_text(c->id, id);
    *view =
        (relevo_view){.size = sizeof(*view),
                      .owner = (uint32_t)(s->handoff ? s->handoff->owner : c->owner),
                      .conversation_id = {id, RLV_ID_TEXT},
                      .phone_number_id = either(c->phone_number_id, ev->phone_number_id),
                      .customer_id = either(c->user_id.len ? c->user_id : c->wa_id, rlv_event_identity(ev)),
                      .customer_name = either(ev->customer_name, c->customer_name),
                      .language = str(c->language),
                      .at_ms = s->at_ms,
                      .last_in_ms = c->last_in_ms,
                      .amended = b->phase == RLV_PHASE_NOTIFY && s->amended && !s->handoff};
    const rlv_answer *reading = find_reading(b);
    if (!(view->digest = build_digest(b)) ||
        (reading && !(view->reading = build_reading(b, &reading->as.reading))) ||
        (s->message && !(view->message = build_message(b))) ||
        (handed_off(s) && !(view->handoff = build_handoff(b))) ||
        (!handed_off(s) && was_handed_off(b) && !(view->handoff = build_earlier_handoff(b))) ||
        (s->ending && !(view->ending = build_ending(b))))
        return false;
    if (b->phase == RLV_PHASE_TRIGGER && !s->message && ev->kind == RLV_EVENT_RESULT) {
        view->result_of = str(ev->plugin);
        if (!(view->result = build_result(b)))
            return false;
    }
    return build_turns(b, view) && build_slots(b, view) && build_fired(b, view) && build_past(b, view) && build_card(b, view) &&
           build_tags(b, view);
}

bool rlv_views_build(rlv_arena *arena, enum rlv_phase phase, const rlv_subject *subjects, size_t n,
                     rlv_views *ret)
{
    rlv_views v = {.views = rlv_arena_zalloc(arena, n, sizeof(*v.views)),
                   .list = rlv_arena_zalloc(arena, n, sizeof(*v.list))};
    if (phase == RLV_PHASE_RESULT)
        v.results = rlv_arena_zalloc(arena, n, sizeof(*v.results));
    if (!v.views || !v.list || (phase == RLV_PHASE_RESULT && !v.results))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct builder b = {arena, phase, &subjects[i]};
        v.list[i] = &v.views[i];
        if (!build_view(&b, &v.views[i]) || (v.results && !(v.results[i] = build_result(&b))))
            return false;
    }
    *ret = v;
    return true;
}

void rlv_view_remember(relevo_view *view, const rlv_subject *subject, rlv_str entry)
{
    const rlv_conversation *c = subject->conversation;
    view->memory = (relevo_str){NULL, 0};
    view->may_hold = subject->may_hold;
    for (int32_t i = 0; subject->held && i < subject->held->n_by; i++)
        if (rlv_str_eq(subject->held->by[i], entry))
            view->may_hold = 0;
    for (int32_t i = 0; i < c->n_memories; i++)
        if (rlv_str_eq(c->memories[i].plugin, entry))
            view->memory = str(c->memories[i].bytes);
    for (const rlv_answer *a = subject->answers->first; a; a = a->next)
        if (a->kind == RLV_ANSWER_MEMORY && rlv_str_eq(a->plugin, entry))
            view->memory = str(a->as.memory);
}
