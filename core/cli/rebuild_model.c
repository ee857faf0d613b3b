/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions as published, back into the model; see rebuild.h. Must never decide anything itself. */
#include "cli/rebuild.h"

#include <stdlib.h>

#include "conversation/digest.h"
#include "conversation/served.h"
#include "conversation/step.h"

enum {
    BY_CUSTOMER = 1,
    BY_BOT = 2,
    BY_AGENT = 3
}; /* RELEVO_BY_* */

static rlv_str text_of(const json_t *object, const char *key, rlv_arena *arena)
{
    const json_t *v = json_object_get(object, key);
    if (!json_is_string(v) || json_string_length(v) == 0)
        return (rlv_str){NULL, 0};
    return rlv_arena_copy(arena, (rlv_str){json_string_value(v), json_string_length(v)});
}

static int64_t int_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static const char *word_of(const json_t *object, const char *key)
{
    const char *word = json_string_value(json_object_get(object, key));
    return word ? word : "";
}

/* The value whose name is the word; -1: none. */
static int find_word(const char *word, const char *(*name)(int), int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(word, name(i)) == 0)
            return i;
    return -1;
}

static const char *kind_name(int i)
{
    return rlv_decision_kind_name((enum rlv_decision_kind)i);
}
static const char *event_name(int i)
{
    return rlv_event_kind_name((enum rlv_event_kind)i);
}
static const char *cause_name(int i)
{
    return rlv_cause_name((enum rlv_cause)i);
}
static const char *status_name(int i)
{
    return rlv_status_name((enum rlv_status)i);
}

static enum rlv_owner owner_of(const json_t *object, const char *key)
{
    enum rlv_owner owner = (enum rlv_owner)0;
    (void)rlv_owner_parse(rlv_str_from(word_of(object, key)), &owner);
    return owner;
}

/* ---- decisions
 * ------------------------------------------------------------------------------------------------- */

static void take_route(rlv_route *route, const json_t *json, rlv_arena *arena)
{
    route->priority = (int32_t)int_of(json, "priority");
    route->rank = strcmp(word_of(json, "rank"), "longest_idle") == 0 ? 2 : 1;
    route->team = text_of(json, "team", arena);
    route->language = text_of(json, "language", arena);
    route->agent = text_of(json, "agent", arena);
    const json_t *skills = json_object_get(json, "skills");
    size_t n = json_array_size(skills);
    rlv_str *list = rlv_arena_zalloc(arena, n + 1, sizeof(*list));
    for (size_t i = 0; list && i < n; i++)
        list[i] = rlv_arena_copy(arena, rlv_str_from(json_string_value(json_array_get(skills, i))));
    route->skills = list;
    route->n_skills = list ? n : 0;
}

static void take_change(rlv_decision *d, const json_t *json, rlv_arena *arena)
{
    int cause = find_word(word_of(json, "cause"), cause_name, RLV_CAUSE_IDENTITY + 1);
    d->as.change.from = owner_of(json, "from");
    d->as.change.cause = cause < 0 ? RLV_CAUSE_NONE : (enum rlv_cause)cause;
    d->as.change.trigger = text_of(json, "trigger", arena);
    d->as.change.reason = text_of(json, "reason", arena);
    d->as.change.evidence = text_of(json, "evidence", arena);
    d->as.change.score = json_number_value(json_object_get(json, "score"));
    d->as.change.by = text_of(json, "by", arena);
    d->as.change.other = text_of(json, "other", arena);
    const json_t *route = json_object_get(json, "route");
    if (route)
        take_route(&d->as.change.route, route, arena);
}

static void take_card(rlv_decision *d, const json_t *json, rlv_arena *arena)
{
    const json_t *fields = json_object_get(json, "fields");
    size_t n = json_array_size(fields);
    rlv_card_field *list = rlv_arena_zalloc(arena, n + 1, sizeof(*list));
    for (size_t i = 0; list && i < n; i++) {
        const json_t *f = json_array_get(fields, i);
        list[i] = (rlv_card_field){text_of(f, "name", arena), text_of(f, "text", arena),
                                   text_of(f, "message_id", arena)};
    }
    d->as.card.fields = list;
    d->as.card.n_fields = list ? n : 0;
}

static void take_extras(rlv_extras *x, const json_t *json, rlv_arena *arena)
{
    const json_t *choices = json_object_get(json, "choices");
    size_t n = json_array_size(choices);
    rlv_choice *list = rlv_arena_zalloc(arena, n + 1, sizeof(*list));
    for (size_t i = 0; list && i < n; i++) {
        const json_t *c = json_array_get(choices, i);
        list[i] = (rlv_choice){text_of(c, "id", arena), text_of(c, "title", arena), text_of(c, "description", arena)};
    }
    x->choices = list;
    x->n_choices = list ? n : 0;
    x->menu = text_of(json, "menu", arena);
    x->media_kind = text_of(json, "media_kind", arena);
    x->media_url = text_of(json, "media_url", arena);
}

/* A template, and a person's file, are in no decision: what was sent tells of them. WhatsApp wants the name of no other file than a document. */
static void take_sent(rlv_extras *x, const json_t *sent, rlv_arena *arena)
{
    const char *type = word_of(sent, "type");
    json_t *content = json_loads(word_of(sent, "content"), 0, NULL);
    if (strcmp(type, "template") == 0) {
        x->template = text_of(content, "name", arena);
        x->language = text_of(json_object_get(content, "language"), "code", arena);
    } else if (json_object_get(content, "id")) {
        x->media_kind = rlv_arena_copy(arena, rlv_str_from(type));
        x->media_id = text_of(content, "id", arena);
        x->media_name = text_of(content, "filename", arena);
    }
    json_decref(content);
}

static void take_said(rlv_decision *d, const json_t *json, const json_t *sent, rlv_arena *arena)
{
    d->as.said.text = text_of(json, "text", arena);
    d->as.said.source = text_of(json, "source", arena);
    d->as.said.agent_id = text_of(json, "agent_id", arena);
    d->as.said.to_message = text_of(json, "to_message", arena);
    d->as.said.confidence = json_number_value(json_object_get(json, "confidence"));
    d->as.said.asks = json_is_true(json_object_get(json_object_get(json, "extras"), "asks"));
    take_extras(&d->as.said.extras, json_object_get(json, "extras"), arena);
    take_sent(&d->as.said.extras, sent, arena);
}

static void take_detail(rlv_decision *d, const json_t *json, rlv_arena *arena)
{
    const json_t *reading = json_object_get(json, "reading"), *slot = json_object_get(json, "slot");
    const json_t *said = json_object_get(json, "said"), *change = json_object_get(json, "change");
    const json_t *card = json_object_get(json, "card"), *trigger = json_object_get(json, "trigger");
    const json_t *failure = json_object_get(json, "failure");
    if (trigger) {
        d->as.trigger.trigger = text_of(trigger, "trigger", arena);
        d->as.trigger.evidence = text_of(trigger, "evidence", arena);
        d->as.trigger.reason = text_of(trigger, "reason", arena);
        d->as.trigger.score = json_number_value(json_object_get(trigger, "score"));
        d->as.trigger.threshold = json_number_value(json_object_get(trigger, "threshold"));
        d->as.trigger.observed = json_is_true(json_object_get(trigger, "observed"));
        d->as.trigger.chosen = json_is_true(json_object_get(trigger, "chosen"));
        d->as.trigger.tells = json_is_true(json_object_get(trigger, "tells"));
    } else if (reading) {
        d->as.reading.language = text_of(reading, "language", arena);
        d->as.reading.intent = text_of(reading, "intent", arena);
        d->as.reading.sentiment = json_number_value(json_object_get(reading, "sentiment"));
    } else if (slot) {
        d->as.slot.name = text_of(slot, "name", arena);
        d->as.slot.value = text_of(slot, "value", arena);
        d->as.slot.message_id = text_of(slot, "message_id", arena);
    } else if (said) {
        take_said(d, said, json_object_get(json, "sent"), arena);
    } else if (change) {
        take_change(d, change, arena);
    } else if (card) {
        take_card(d, card, arena);
    } else if (failure) {
        d->as.failure.plugin = text_of(failure, "plugin", arena);
        d->as.failure.reason = text_of(failure, "reason", arena);
    }
}

static rlv_decision *take_decision(const json_t *json, rlv_arena *arena)
{
    rlv_decision *d = rlv_arena_zalloc(arena, 1, sizeof(*d));
    int kind = find_word(word_of(json, "kind"), kind_name, RLV_DECISION_KINDS);
    if (!d || kind < 0)
        return NULL;
    d->kind = (enum rlv_decision_kind)kind;
    d->ordinal = (uint32_t)int_of(json, "ordinal");
    d->owner = owner_of(json, "owner");
    d->epoch = int_of(json, "epoch");
    d->stretch = (int32_t)int_of(json, "stretch");
    d->agent_id = text_of(json, "agent_id", arena);
    d->team = text_of(json, "team", arena);
    take_detail(d, json, arena);
    return d;
}

/* ---- the event
 * ------------------------------------------------------------------------------------------------- */

static void take_source(rlv_source *source, const json_t *json, rlv_arena *arena)
{
    const char *kind = word_of(json, "kind");
    source->kind = strcmp(kind, "command") == 0 ? RLV_SOURCE_COMMAND
                   : strcmp(kind, "timer") == 0 ? RLV_SOURCE_TIMER
                                                : RLV_SOURCE_TOPIC;
    source->topic = text_of(json, "topic", arena);
    source->partition = (int32_t)int_of(json, "partition");
    source->offset = int_of(json, "offset");
}

static bool digits(rlv_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return s.len > 0;
}

static void take_message(rlv_event *ev, const json_t *json, rlv_arena *arena)
{
    ev->message_id = text_of(json, "message_id", arena);
    ev->sent_ms = int_of(json, "sent_at");
    ev->customer_name = text_of(json, "customer_name", arena);
    ev->type = text_of(json, "type", arena);
    ev->text = text_of(json, "text", arena);
    ev->reply_id = text_of(json, "reply_id", arena);
    ev->media_id = text_of(json, "media_id", arena);
    ev->mime_type = text_of(json, "mime_type", arena);
    ev->context_id = text_of(json, "context_id", arena);
    ev->raw = text_of(json, "raw", arena); /* the history has places and names of files from it */
    ev->note = text_of(json, "note", arena);
}

/* What the clock brought, by what was said; false: it was something else. */
static bool told_by_clock(const rlv_decision *d, enum rlv_command_kind *ret)
{
    static const struct {
        const char *source;
        enum rlv_command_kind command;
    } notices[] = {{"notice.waiting", RLV_COMMAND_WAITING},
                   {"notice.expected", RLV_COMMAND_WAITING},
                   {"notice.nobody", RLV_COMMAND_NOBODY},
                   {"notice.callback", RLV_COMMAND_NOBODY},
                   {"notice.follow_up", RLV_COMMAND_FOLLOW_UP}};
    for (size_t i = 0; d->kind == RLV_DECIDED_REPLIED && i < sizeof(notices) / sizeof(*notices); i++)
        if (rlv_str_is(d->as.said.source, notices[i].source)) {
            *ret = notices[i].command;
            return true;
        }
    return false;
}

/* What a desktop did, by what was decided about it. */
static void take_command(rlv_event *ev, const rlv_decisions *decisions)
{
    for (const rlv_decision *d = decisions->first; d; d = d->next) {
        bool answered = d->kind == RLV_DECIDED_ANSWERED, noted = d->kind == RLV_DECIDED_NOTED;
        if (answered || noted) {
            ev->command = answered ? RLV_COMMAND_REPLY : RLV_COMMAND_NOTE;
            ev->agent_id = d->as.said.agent_id;
            ev->text = d->as.said.text;
            return;
        }
        if (told_by_clock(d, &ev->command))
            return;
        if (d->kind == RLV_DECIDED_RECEIVED) { /* what a follow-up begins */
            ev->command = RLV_COMMAND_FOLLOW_UP;
            return;
        }
        if (!rlv_decision_is_change(d->kind))
            continue;
        ev->agent_id = d->as.change.by;
        ev->note = d->as.change.reason;
        ev->command = d->kind == RLV_DECIDED_ASSIGNED   ? RLV_COMMAND_ASSIGN
                      : d->kind == RLV_DECIDED_REQUEUED ? RLV_COMMAND_REQUEUE
                      : d->kind == RLV_DECIDED_RETURNED ? RLV_COMMAND_RETURN
                      : d->kind == RLV_DECIDED_CLOSED   ? RLV_COMMAND_RESOLVE
                      : d->kind == RLV_DECIDED_MOVED    ? RLV_COMMAND_MOVED
                                                        : RLV_COMMAND_TAKE_OVER;
    }
}

/* Its name is not in decisions. */
static rlv_str timer_of(const rlv_decisions *decisions)
{
    const rlv_decision *first = decisions->first;
    bool idle = first->kind == RLV_DECIDED_CLOSED || first->kind == RLV_DECIDED_RECEIVED || /* a silence */
                (first->kind == RLV_DECIDED_IGNORED && rlv_str_is(first->as.failure.reason, "the timer no longer holds"));
    return idle ? RLV_STR("idle") : RLV_STR("held");
}

static void take_event(rlv_event *ev, const json_t *head, const rlv_decisions *decisions, rlv_arena *arena)
{
    const json_t *message = json_object_get(head, "message"), *status = json_object_get(head, "status");
    rlv_str customer = text_of(head, "customer_id", arena);
    take_source(&ev->source, json_object_get(head, "source"), arena);
    ev->at_ms = int_of(head, "at");
    ev->phone_number_id = text_of(head, "phone_number_id", arena);
    /* WhatsApp's numbers are digits, its business-scoped ids are not. */
    if (digits(customer))
        ev->wa_id = customer;
    else
        ev->user_id = customer;
    if (message)
        take_message(ev, message, arena);
    if (status) {
        int state = find_word(word_of(status, "status"), status_name, RLV_STATUS_OTHER + 1);
        ev->message_id = text_of(status, "message_id", arena);
        ev->status = state < 0 ? RLV_STATUS_OTHER : (enum rlv_status)state;
    }
    if (ev->kind == RLV_EVENT_COMMAND)
        take_command(ev, decisions);
    if (ev->kind == RLV_EVENT_TIMER)
        ev->timer = timer_of(decisions);
}

int rlv_rebuild_decisions(rlv_wire *wire, rlv_arena *arena, rlv_str decided, json_t **ret, size_t *ret_n, rlv_error *err)
{
    rlv_record *records;
    size_t n;
    *ret_n = 0;
    int rc = rlv_wire_unpack(decided, arena, &records, &n, err);
    for (size_t i = 0; rc == RLV_OK && i < n && *ret_n < RLV_REBUILD_DECISIONS_MAX; i++) {
        rlv_str text;
        if (records[i].topic != RLV_TOPIC_DECISIONS)
            continue;
        rc = rlv_wire_to_json(wire, arena, records[i].bytes, &text, err);
        json_t *one = rc == RLV_OK ? json_loadb(text.ptr, text.len, 0, NULL) : NULL;
        if (one)
            ret[(*ret_n)++] = one;
        else if (rc == RLV_OK)
            rc = rlv_error_set(err, RLV_E_LIMIT, "out of memory for what was decided");
    }
    return rc;
}

int rlv_rebuild_outcome(json_t *const *decisions, size_t n, rlv_str wa_id, rlv_str user_id, rlv_arena *arena,
                        rlv_outcome *ret, rlv_error *err)
{
    const json_t *head = decisions[0];
    rlv_outcome o = {.lane = (int32_t)int_of(head, "lane"), .seq = int_of(head, "seq")};
    rlv_event *ev = rlv_arena_zalloc(arena, 1, sizeof(*ev));
    int kind = find_word(word_of(head, "event"), event_name, RLV_EVENT_UNDELIVERED + 1);
    bool known =
        kind >= 0 && ev && rlv_id_parse(rlv_str_from(word_of(head, "conversation_id")), &ev->conversation_id);
    for (size_t i = 0; known && i < n; i++) {
        rlv_decision *d = take_decision(decisions[i], arena);
        known = d != NULL;
        if (!d)
            break;
        if (o.decisions.last)
            o.decisions.last->next = d;
        else
            o.decisions.first = d;
        o.decisions.last = d;
        o.decisions.n++;
    }
    if (rlv_arena_overflowed(arena))
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory for what was decided");
    if (!known)
        return rlv_error_set(
            err, RLV_E_DECODE,
            "a decision about event %lld of lane %d uses words that this version does not know: "
            "repair with the version that wrote it",
            (long long)o.seq, o.lane);
    ev->kind = (enum rlv_event_kind)kind;
    take_event(ev, head, &o.decisions, arena);
    if (wa_id.len)
        ev->wa_id = wa_id;
    if (user_id.len)
        ev->user_id = user_id;
    o.config = strtoull(word_of(head, "config"), NULL, 16);
    o.event = ev;
    *ret = o;
    return RLV_OK;
}

/* ---- the conversation
 * ------------------------------------------------------------------------------------------ */

bool rlv_rebuild_touches(const rlv_outcome *outcome)
{
    const rlv_event *ev = outcome->event;
    const rlv_decision *d = outcome->decisions.first;
    if (d && d->kind == RLV_DECIDED_FORWARDED) /* another lane's */
        return false;
    if (ev->kind != RLV_EVENT_UNKNOWN)
        return ev->kind != RLV_EVENT_STATUS && ev->kind != RLV_EVENT_ERROR && ev->kind != RLV_EVENT_DEAD;
    while (d && d->kind != RLV_DECIDED_JOINED) /* it told of a customer's new identity */
        d = d->next;
    return d || ev->previous_user_id.len || ev->previous_wa_id.len;
}

void rlv_rebuild_identities(rlv_event *ev, const rlv_event *record)
{
    ev->wa_id = record->wa_id;
    ev->user_id = record->user_id;
    ev->previous_wa_id = record->previous_wa_id;
    ev->previous_user_id = record->previous_user_id;
}

static void apply_change(rlv_conversation *conv, const rlv_event *ev, const rlv_decision *d)
{
    if (d->owner == RLV_OWNER_BOT && d->kind != RLV_DECIDED_JOINED) {
        int32_t n = rlv_str_is(d->as.change.reason, "resume") ? conv->n_memories : 0;
        rlv_digest_new_stretch(conv);
        conv->n_memories = n;
    }
    if (d->kind == RLV_DECIDED_REOPENED) {
        conv->cases++;
        conv->opened_ms = ev->at_ms;
    }
    conv->stretch = d->stretch;
    conv->decided_owner = d->owner;
    conv->decided_epoch = d->epoch;
    if (d->epoch < conv->epoch)
        return; /* the row is later: a desktop's command for it waits */
    conv->owner = d->owner;
    conv->epoch = d->epoch;
    conv->agent_id = d->agent_id;
    conv->team = d->team;
    conv->owner_since_ms = ev->at_ms;
}

static void apply_decision(rlv_conversation *conv, const rlv_event *ev, const rlv_decision *d)
{
    switch (d->kind) {
    case RLV_DECIDED_CLASSIFIED:
        rlv_digest_language(conv, d->as.reading.language, ev->text);
        rlv_digest_sentiment(conv, d->as.reading.sentiment);
        break;
    case RLV_DECIDED_SLOT_FILLED:
        (void)rlv_digest_slot(conv, d->as.slot.name, d->as.slot.value, d->as.slot.message_id);
        break;
    case RLV_DECIDED_REPLIED:
        conv->asked = d->as.said.asks;
        rlv_digest_turn(conv, BY_BOT, ev->at_ms, (rlv_str){NULL, 0}, d->as.said.text);
        break;
    case RLV_DECIDED_ANSWERED:
        rlv_digest_turn(conv, BY_AGENT, ev->at_ms, (rlv_str){NULL, 0}, d->as.said.text);
        break;
    default:
        if (rlv_decision_is_change(d->kind))
            apply_change(conv, ev, d);
        break;
    }
}

bool rlv_rebuild_apply(rlv_conversation *conv, const rlv_outcome *outcome)
{
    const rlv_event *ev = outcome->event;
    const rlv_decision *first = outcome->decisions.first;
    if (!first || first->kind == RLV_DECIDED_DUPLICATE || first->kind == RLV_DECIDED_FORWARDED)
        return false;
    conv->idle_timer_ms = conv->held_timer_ms = 0; /* timers are not in decisions */
    rlv_digest_end_held(conv);                            /* nor is what follows of what is held: a person reads it */
    if (ev->message_id.len)  /* what Meta sends again must be known again */
        (void)rlv_digest_new_message(conv, ev->message_id);
    rlv_conversation_identify(conv, ev);
    for (const rlv_decision *d = first; d; d = d->next) /* before the turn: a new stretch begins with it, and shows a language */
        if (d->kind == RLV_DECIDED_REOPENED || d->kind == RLV_DECIDED_CLASSIFIED)
            apply_decision(conv, ev, d);
    if (ev->kind == RLV_EVENT_MESSAGE && rlv_digest_counts(ev)) {
        conv->last_in_ms = ev->at_ms;
        conv->messages++;
        conv->asked = false;
        rlv_digest_turn(conv, BY_CUSTOMER, ev->at_ms, ev->message_id, ev->text);
    } else if (ev->kind == RLV_EVENT_ECHO) {
        rlv_digest_turn(conv, BY_AGENT, ev->at_ms, ev->message_id, ev->text);
    }
    for (const rlv_decision *d = first; d; d = d->next)
        if (d->kind != RLV_DECIDED_REOPENED && d->kind != RLV_DECIDED_CLASSIFIED)
            apply_decision(conv, ev, d);
    rlv_served_follow(conv, &outcome->decisions, ev->at_ms);
    return true;
}
