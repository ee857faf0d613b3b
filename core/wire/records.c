/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records that a decision publishes; see records.h. Fields are put in the order of schemas/avro. Must
 * never take anything but the outcome into account: the same outcome gives the same bytes.
 */
#include "wire/records.h"

#include <stdio.h>

#include "wire/content.h"
#include "wire/put.h"

/* Each enum of the schemas: how many symbols, and which stands for "something else". */
#define OWNER(v)         (int)(v), 5, 0
#define CAUSE(v)         (int)(v), 11, 0
#define SOURCE_KIND(v)   (int)(v), 4, 3
#define EVENT_KIND(v)    ((v) == RLV_EVENT_UNDELIVERED ? 9 : (v) == RLV_EVENT_DEAD ? 5 : (int)(v)), 10, 5
#define DECISION_KIND(v) ((int)(v) < 22 ? (int)(v) : (int)(v) + 1), 27, 22 /* other: stands before those that came later */
#define STATUS(v)        (int)(v), 7, 6
#define RANK(v)          ((int)(v) - 1), 2, 0 /* RELEVO_RANK_* begin at 1 */
#define PHASE(v)         (int)(v), 8, 7

enum { AUTHOR_BOT = 0, AUTHOR_AGENT = 1 };

static rlv_str id_str(const char id[RLV_ID_TEXT + 1])
{
    return (rlv_str){id, RLV_ID_TEXT};
}

static rlv_str either(rlv_str a, rlv_str b)
{
    return a.len > 0 ? a : b;
}

void rlv_names_of(const rlv_outcome *outcome, struct rlv_names *ret)
{
    static const rlv_conversation nobody; /* a status touches no conversation: its event says whose it is */
    const rlv_conversation *c = outcome->conversation ? outcome->conversation : &nobody;
    const rlv_event *ev = outcome->event;
    rlv_id_text(ev->conversation_id, ret->conversation);
    (void)snprintf(ret->config, sizeof(ret->config), "%016llx", (unsigned long long)outcome->config);
    ret->phone_number_id = either(c->phone_number_id, ev->phone_number_id);
    ret->wa_id = either(c->wa_id, ev->wa_id);
    ret->user_id = either(c->user_id, ev->user_id);
    ret->customer = either(ret->user_id, ret->wa_id);
}

static void put_source(rlv_buf *out, const rlv_source *source)
{
    bool topic = source->kind == RLV_SOURCE_TOPIC;
    rlv_put_enum(out, SOURCE_KIND(source->kind));
    rlv_put_opt_str(out, topic ? source->topic : (rlv_str){NULL, 0});
    rlv_put_long(out, topic); /* the branch; 0: null */
    if (topic)
        rlv_put_long(out, source->partition);
    rlv_put_long(out, source->offset);
}

static void put_message(rlv_buf *out, const rlv_event *ev, bool whole)
{
    /* A duplicate was told in full when it came first. */
    const rlv_event brief = {.message_id = ev->message_id, .type = ev->type};
    const rlv_event *e = whole ? ev : &brief;
    rlv_put_opt_str(out, e->message_id);
    rlv_put_opt_long(out, e->sent_ms);
    rlv_put_opt_str(out, e->customer_name);
    rlv_put_opt_str(out, e->type);
    rlv_put_opt_str(out, e->text);
    rlv_put_opt_str(out, e->reply_id);
    rlv_put_opt_str(out, e->media_id);
    rlv_put_opt_str(out, e->mime_type);
    rlv_put_opt_str(out, e->context_id);
    rlv_put_opt_long(out, e->error_code);
    rlv_put_opt_str(out, e->error_title);
    rlv_put_opt_str(out, e->note);
    rlv_put_opt_str(out, e->raw);
}

static void put_status(rlv_buf *out, const rlv_event *ev)
{
    rlv_put_opt_str(out, ev->message_id);
    rlv_put_enum(out, STATUS(ev->status));
    rlv_put_opt_long(out, ev->sent_ms);
    rlv_put_opt_long(out, ev->error_code);
    rlv_put_opt_str(out, ev->error_title);
    rlv_put_opt_str(out, ev->callback_data);
}

static void put_reading(rlv_buf *out, const rlv_reading *r)
{
    rlv_put_opt_str(out, r->language);
    rlv_put_opt_str(out, r->intent);
    rlv_put_double(out, r->confidence);
    rlv_put_double(out, r->out_of_scope);
    rlv_put_double(out, r->sentiment);
    rlv_put_double(out, r->anger);
    rlv_put_double(out, r->wants_person);
}

static void put_trigger(rlv_buf *out, const rlv_decision *d)
{
    rlv_put_str(out, d->as.trigger.trigger);
    rlv_put_double(out, d->as.trigger.score);
    rlv_put_double(out, d->as.trigger.threshold);
    rlv_put_bool(out, d->as.trigger.observed);
    rlv_put_bool(out, d->as.trigger.chosen);
    rlv_put_opt_str(out, d->as.trigger.evidence);
    rlv_put_opt_str(out, d->as.trigger.reason);
    rlv_put_bool(out, d->as.trigger.tells);
}

static void put_extras(rlv_buf *out, const rlv_decision *d)
{
    const rlv_extras *x = &d->as.said.extras;
    rlv_put_bool(out, d->as.said.asks);
    rlv_put_array(out, x->n_choices);
    for (size_t i = 0; i < x->n_choices; i++) {
        rlv_put_str(out, x->choices[i].id);
        rlv_put_str(out, x->choices[i].title);
        rlv_put_opt_str(out, x->choices[i].description);
    }
    rlv_put_array_end(out);
    rlv_put_opt_str(out, x->menu);
    rlv_put_opt_str(out, x->media_kind);
    rlv_put_opt_str(out, x->media_url);
}

static void put_said(rlv_buf *out, const rlv_decision *d)
{
    bool confident = d->as.said.confidence > 0;
    rlv_put_str(out, d->as.said.text);
    rlv_put_opt_str(out, d->as.said.source);
    rlv_put_long(out, confident);
    if (confident)
        rlv_put_double(out, d->as.said.confidence);
    rlv_put_opt_str(out, d->as.said.agent_id);
    rlv_put_opt_str(out, d->as.said.to_message);
    bool more = d->as.said.asks || d->as.said.extras.n_choices || d->as.said.extras.media_kind.len;
    rlv_put_long(out, more);
    if (more)
        put_extras(out, d);
}

static void put_slot(rlv_buf *out, const rlv_decision *d)
{
    rlv_put_str(out, d->as.slot.name);
    rlv_put_str(out, d->as.slot.value);
    rlv_put_opt_str(out, d->as.slot.message_id);
}

static void put_route(rlv_buf *out, const rlv_route *route)
{
    rlv_put_long(out, route->priority);
    rlv_put_enum(out, RANK(route->rank));
    rlv_put_opt_str(out, route->team);
    rlv_put_opt_str(out, route->language);
    rlv_put_opt_str(out, route->agent);
    rlv_put_array(out, route->n_skills);
    for (size_t i = 0; i < route->n_skills; i++)
        rlv_put_str(out, route->skills[i]);
    rlv_put_array_end(out);
}

static void put_change(rlv_buf *out, const rlv_decision *d)
{
    bool triggered = d->as.change.trigger.len > 0, routed = rlv_decision_hands_off(d);
    rlv_put_enum(out, OWNER(d->as.change.from));
    rlv_put_enum(out, CAUSE(d->as.change.cause));
    rlv_put_opt_str(out, d->as.change.trigger);
    rlv_put_long(out, triggered);
    if (triggered)
        rlv_put_double(out, d->as.change.score);
    rlv_put_opt_str(out, d->as.change.reason);
    rlv_put_opt_str(out, d->as.change.evidence);
    rlv_put_opt_str(out, d->as.change.by);
    rlv_put_long(out, routed);
    if (routed)
        put_route(out, &d->as.change.route);
    rlv_put_opt_str(out, d->as.change.other);
}

static void put_card(rlv_buf *out, const rlv_decision *d)
{
    rlv_put_array(out, d->as.card.n_fields);
    for (size_t i = 0; i < d->as.card.n_fields; i++) {
        rlv_put_str(out, d->as.card.fields[i].name);
        rlv_put_str(out, d->as.card.fields[i].text);
        rlv_put_opt_str(out, d->as.card.fields[i].message_id);
    }
    rlv_put_array_end(out);
}

static void put_request(rlv_buf *out, const rlv_decision *d)
{
    rlv_put_str(out, d->as.effect.plugin);
    rlv_put_str(out, d->as.effect.effect.destination);
    rlv_put_str(out, d->as.effect.effect.method);
    rlv_put_str(out, d->as.effect.effect.path);
}

static void put_failure(rlv_buf *out, const rlv_decision *d)
{
    bool failed = d->kind == RLV_DECIDED_FAILED; /* the others have no phase */
    rlv_put_opt_str(out, d->kind == RLV_DECIDED_IGNORED ? (rlv_str){NULL, 0} : d->as.failure.plugin);
    rlv_put_long(out, failed);
    if (failed)
        rlv_put_enum(out, PHASE(d->as.failure.phase));
    rlv_put_opt_str(out, d->as.failure.reason);
}

/* The ten nullable details, in the order of the schema. */
enum detail { MESSAGE, STATE, READING, TRIGGER, SAID, SLOT, CHANGE, CARD, REQUEST, FAILURE, NONE };

static enum detail detail_of(enum rlv_decision_kind kind)
{
    switch (kind) {
    case RLV_DECIDED_RECEIVED:
    case RLV_DECIDED_DUPLICATE:
    case RLV_DECIDED_FORWARDED: return MESSAGE;
    case RLV_DECIDED_STATUS:
    case RLV_DECIDED_SUPPRESSED:
    case RLV_DECIDED_UNDELIVERED: return STATE;
    case RLV_DECIDED_CLASSIFIED: return READING;
    case RLV_DECIDED_TRIGGERED: return TRIGGER;
    case RLV_DECIDED_REPLIED:
    case RLV_DECIDED_ANSWERED:
    case RLV_DECIDED_NOTED: return SAID;
    case RLV_DECIDED_SLOT_FILLED: return SLOT;
    case RLV_DECIDED_SUMMARIZED: return CARD;
    case RLV_DECIDED_NOTIFIED: return REQUEST;
    case RLV_DECIDED_FAILED:
    case RLV_DECIDED_IGNORED:
    case RLV_DECIDED_HELD: return FAILURE;
    default: return rlv_decision_is_change(kind) ? CHANGE : NONE;
    }
}

static void put_detail(rlv_buf *out, const rlv_decision *d, enum detail detail)
{
    switch (detail) {
    case MESSAGE: put_message(out, d->as.event, d->kind == RLV_DECIDED_RECEIVED); break;
    case STATE: put_status(out, d->as.event); break;
    case READING: put_reading(out, &d->as.reading); break;
    case TRIGGER: put_trigger(out, d); break;
    case SAID: put_said(out, d); break;
    case SLOT: put_slot(out, d); break;
    case CHANGE: put_change(out, d); break;
    case CARD: put_card(out, d); break;
    case REQUEST: put_request(out, d); break;
    case FAILURE: put_failure(out, d); break;
    case NONE: break;
    }
}

static void put_mark(rlv_buf *out, const struct rlv_subject *s, enum rlv_type type)
{
    rlv_buf_append(out, s->wire->marks[type], RLV_MARK_LEN);
}

/* Where in the lane: the same in every record. */
static void put_place(rlv_buf *out, const struct rlv_subject *s)
{
    rlv_put_long(out, s->outcome->lane);
    rlv_put_long(out, s->outcome->seq);
}

void rlv_put_decision(rlv_buf *out, const struct rlv_subject *s)
{
    const rlv_decision *d = s->decision;
    put_mark(out, s, RLV_TYPE_DECISION);
    rlv_put_str(out, id_str(s->id));
    rlv_put_str(out, id_str(s->names->conversation));
    rlv_put_str(out, s->names->phone_number_id);
    rlv_put_str(out, s->names->customer);
    put_place(out, s);
    rlv_put_long(out, d->ordinal);
    rlv_put_long(out, s->outcome->event->at_ms);
    put_source(out, &s->outcome->event->source);
    rlv_put_enum(out, EVENT_KIND(s->outcome->event->kind));
    rlv_put_enum(out, DECISION_KIND(d->kind));
    rlv_put_enum(out, OWNER(d->owner));
    rlv_put_long(out, d->epoch);
    rlv_put_long(out, d->stretch);
    rlv_put_opt_str(out, d->agent_id);
    rlv_put_opt_str(out, d->team);
    rlv_put_str(out, (rlv_str){s->names->config, 16});
    enum detail detail = detail_of(d->kind);
    for (int i = 0; i < NONE; i++) {
        rlv_put_long(out, i == (int)detail);
        if (i == (int)detail)
            put_detail(out, d, detail);
    }
}

void rlv_put_ownership(rlv_buf *out, const struct rlv_subject *s)
{
    const rlv_decision *d = s->decision;
    put_mark(out, s, RLV_TYPE_OWNERSHIP);
    rlv_put_str(out, id_str(s->id));
    rlv_put_str(out, id_str(s->names->conversation));
    rlv_put_str(out, s->names->phone_number_id);
    rlv_put_str(out, s->names->customer);
    put_place(out, s);
    rlv_put_long(out, s->outcome->event->at_ms);
    rlv_put_enum(out, OWNER(d->owner));
    rlv_put_enum(out, OWNER(d->as.change.from));
    rlv_put_long(out, d->epoch);
    rlv_put_long(out, d->stretch);
    rlv_put_opt_str(out, d->agent_id);
    rlv_put_opt_str(out, d->team);
    rlv_put_enum(out, CAUSE(d->as.change.cause));
    rlv_put_opt_str(out, d->as.change.trigger);
    rlv_put_opt_str(out, d->as.change.reason);
    rlv_put_opt_str(out, d->as.change.by);
    rlv_put_opt_str(out, d->as.change.other);
}

/* Up to its author. */
static void put_outbound_head(rlv_buf *out, const struct rlv_subject *s)
{
    put_mark(out, s, RLV_TYPE_OUTBOUND);
    rlv_put_str(out, id_str(s->id));
    rlv_put_str(out, id_str(s->names->conversation));
    rlv_put_str(out, s->names->phone_number_id);
    rlv_put_opt_str(out, s->names->wa_id);
    rlv_put_opt_str(out, s->names->user_id);
    put_place(out, s);
    rlv_put_long(out, s->outcome->event->at_ms);
    rlv_put_long(out, s->decision->epoch);
}

void rlv_put_receipt(rlv_buf *out, const struct rlv_subject *s)
{
    put_outbound_head(out, s);
    rlv_put_long(out, AUTHOR_BOT);
    rlv_put_null(out); /* nobody's */
    rlv_put_long(out, (int64_t)RLV_OUTBOUND_READ);
    rlv_put_null(out); /* no text, */
    rlv_put_null(out); /* no source */
    rlv_put_opt_str(out, s->decision->as.event->message_id);
    rlv_put_null(out);
}

void rlv_put_outbound(rlv_buf *out, const struct rlv_subject *s)
{
    const rlv_decision *d = s->decision;
    put_outbound_head(out, s);
    rlv_put_long(out, d->kind == RLV_DECIDED_ANSWERED ? AUTHOR_AGENT : AUTHOR_BOT);
    rlv_put_opt_str(out, d->as.said.agent_id);
    enum rlv_outbound_type type = rlv_content_type(&d->as.said.extras);
    bool text = type == RLV_OUTBOUND_TEXT;
    rlv_put_long(out, (int64_t)type);
    rlv_put_opt_str(out, text ? d->as.said.text : (rlv_str){NULL, 0});
    rlv_put_opt_str(out, d->as.said.source);
    rlv_put_opt_str(out, d->as.said.to_message);
    if (text) {
        rlv_put_null(out);
        return;
    }
    rlv_buf *content = &s->wire->content;
    rlv_buf_reset(content);
    rlv_content_put(content, d->as.said.text, &d->as.said.extras);
    out->failed |= content->failed;
    rlv_put_opt_str(out, rlv_buf_view(content));
}

void rlv_put_effect(rlv_buf *out, const struct rlv_subject *s)
{
    const rlv_decision *d = s->decision;
    const rlv_effect *effect = &d->as.effect.effect;
    put_mark(out, s, RLV_TYPE_EFFECT);
    rlv_put_str(out, id_str(s->id));
    rlv_put_str(out, id_str(s->names->conversation));
    rlv_put_str(out, s->names->phone_number_id);
    rlv_put_opt_str(out, s->names->wa_id);
    rlv_put_opt_str(out, s->names->user_id);
    put_place(out, s);
    rlv_put_long(out, s->outcome->event->at_ms);
    rlv_put_long(out, d->epoch);
    rlv_put_str(out, d->as.effect.plugin);
    rlv_put_str(out, effect->destination);
    rlv_put_str(out, effect->method);
    rlv_put_str(out, effect->path);
    rlv_put_opt_str(out, effect->content_type);
    rlv_put_opt_str(out, effect->body);
    rlv_put_opt_str(out, effect->context);
    rlv_put_long(out, effect->timeout_ms <= INT32_MAX ? effect->timeout_ms : INT32_MAX);
    rlv_put_long(out, effect->hold_ms <= INT32_MAX ? effect->hold_ms : INT32_MAX);
}
