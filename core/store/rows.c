/* SPDX-License-Identifier: Apache-2.0 */
/* The new rows of a batch, in the binary format of COPY. Must never ask Postgres anything. */
#include "store/rows.h"

#include <endian.h>
#include <jansson.h>
#include <stdlib.h>

/* ---- JSON
 * ------------------------------------------------------------------------------------------------------ */

static json_t *json_text(rlv_str s)
{
    return json_stringn(s.len ? s.ptr : "", s.len);
}

static void put_json(rlv_buf *out, json_t *list)
{
    char *text = json_array_size(list) ? json_dumps(list, JSON_COMPACT) : NULL;
    rlv_pg_put_text(out, rlv_str_from(text));
    free(text);
    json_decref(list);
}

void rlv_store_put_card(rlv_buf *out, const rlv_decision *d)
{
    if (!d) {
        rlv_pg_put_null(out);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < d->as.card.n_fields; i++) {
        const rlv_card_field *f = &d->as.card.fields[i];
        json_t *field = json_pack("{so so}", "name", json_text(f->name), "text", json_text(f->text));
        if (f->message_id.len)
            (void)json_object_set_new(field, "message_id", json_text(f->message_id));
        (void)json_array_append_new(list, field);
    }
    put_json(out, list);
}

/* What a desktop shows below the text: the titles of choices, and where media lie. */
static void put_extras(json_t *said, const rlv_extras *x)
{
    json_t *titles = x->n_choices ? json_array() : NULL;
    for (size_t i = 0; i < x->n_choices; i++)
        (void)json_array_append_new(titles, json_text(x->choices[i].title));
    if (titles)
        (void)json_object_set_new(said, "choices", titles);
    if (x->media_url.len)
        (void)json_object_set_new(
            said, "media", json_pack("{so so}", "kind", json_text(x->media_kind), "url", json_text(x->media_url)));
    if (x->media_id.len)
        (void)json_object_set_new(said, "media",
                                  json_pack("{so so so}", "kind", json_text(x->media_kind), "id", json_text(x->media_id), "name",
                                            json_text(x->media_name)));
    if (x->template.len)
        (void)json_object_set_new(said, "template", json_text(x->template));
}

static void put_said(rlv_buf *out, const rlv_outcome *o)
{
    json_t *list = NULL;
    for (const rlv_decision *d = o->decisions.first; d; d = d->next) {
        if (d->kind != RLV_DECIDED_REPLIED && d->kind != RLV_DECIDED_ANSWERED)
            continue;
        char id[RLV_ID_TEXT + 1];
        rlv_id_text(rlv_id_record(o->event->at_ms, o->lane, o->seq, d->ordinal), id);
        bool agent = d->kind == RLV_DECIDED_ANSWERED;
        json_t *said = json_pack("{ss ss so}", "id", id, "by", agent ? "agent" : "bot", "text",
                                 json_text(d->as.said.text));
        if (agent)
            (void)json_object_set_new(said, "agent", json_text(d->as.said.agent_id));
        if (agent && d->as.said.to_message.len)
            (void)json_object_set_new(said, "to", json_text(d->as.said.to_message));
        else if (d->as.said.source.len)
            (void)json_object_set_new(said, "source", json_text(d->as.said.source));
        put_extras(said, &d->as.said.extras);
        if (!list)
            list = json_array();
        (void)json_array_append_new(list, said);
    }
    if (list)
        put_json(out, list);
    else
        rlv_pg_put_null(out);
}

/* text[]; none is NULL. */
static void put_list(rlv_buf *out, const rlv_str *list, size_t n)
{
    if (n == 0) {
        rlv_pg_put_null(out);
        return;
    }
    uint32_t header[6] = {
        0,         htobe32(1), htobe32(1 /* may hold NULLs */), htobe32(RLV_PG_TEXT), htobe32((uint32_t)n),
        htobe32(1)};
    size_t start = out->len;
    rlv_buf_append(out, header, sizeof(header));
    for (size_t i = 0; i < n; i++)
        rlv_pg_put_text(out, list[i]);
    if (out->failed)
        return;
    uint32_t size = htobe32((uint32_t)(out->len - start - 4));
    memcpy(out->data + start, &size, sizeof(size));
}

/* ---- history
 * --------------------------------------------------------------------------------------------------- */

static int16_t by_of(const rlv_event *ev)
{
    switch (ev->kind) {
    case RLV_EVENT_MESSAGE:
        return 1;
    case RLV_EVENT_ECHO:
        return 3;
    case RLV_EVENT_COMMAND:
        if (ev->command >= RLV_COMMAND_WAITING)
            return 4;
        if (ev->command == RLV_COMMAND_REQUEUE) /* or nobody's: its agent was gone, say */
            return ev->agent_id.len ? 3 : 4;
        return ev->command == RLV_COMMAND_ASSIGN || ev->command == RLV_COMMAND_MOVED ? 4 : 3;
    default:
        return 4;
    }
}

static const rlv_decision *find_decision(const rlv_outcome *o, enum rlv_decision_kind kind)
{
    for (const rlv_decision *d = o->decisions.first; d; d = d->next)
        if (d->kind == kind)
            return d;
    return NULL;
}

static rlv_str type_of(const rlv_outcome *o)
{
    const rlv_event *ev = o->event;
    if (find_decision(o, RLV_DECIDED_DUPLICATE))
        return RLV_STR("duplicate"); /* of a message that the history has already */
    if (find_decision(o, RLV_DECIDED_FORWARDED))
        return RLV_STR("forwarded"); /* the other lane's history has it */
    switch (ev->kind) {
    case RLV_EVENT_STATUS:
        return rlv_str_from(rlv_status_name(ev->status));
    case RLV_EVENT_COMMAND:
        if ((ev->command == RLV_COMMAND_REPLY || ev->command == RLV_COMMAND_NOTE) && find_decision(o, RLV_DECIDED_IGNORED))
            return RLV_STR("failed"); /* its words were given up: its author must see that */
        return rlv_str_from(rlv_command_kind_name(ev->command));
    case RLV_EVENT_TIMER:
        return ev->timer;
    default:
        return ev->type;
    }
}

static void set_text(json_t *object, const char *name, rlv_str value)
{
    if (value.len && !memchr(value.ptr, 0, value.len)) /* Postgres has no such character */
        (void)json_object_set_new(object, name, json_text(value));
}

/* A place, a document's name, a voice note, a contact's numbers have no field of their own: they are in what Meta sent. */
static void set_raw(json_t *extra, const rlv_event *ev)
{
    static const char *const place[] = {"latitude", "longitude", "name", "address"};
    json_t *raw = json_loadb(ev->raw.ptr, ev->raw.len, 0, NULL), *of, *contact;
    size_t i;
    if (rlv_str_is(ev->type, "location") && (of = json_object_get(raw, "location"))) {
        json_t *location = json_object();
        for (i = 0; i < sizeof(place) / sizeof(*place); i++)
            (void)json_object_set(location, place[i], json_object_get(of, place[i]));
        (void)json_object_set_new(extra, "location", location);
    } else if (rlv_str_is(ev->type, "contacts")) {
        json_t *numbers = json_array();
        json_array_foreach(json_object_get(raw, "contacts"), i, contact)
            (void)json_array_append(numbers, json_object_get(json_array_get(json_object_get(contact, "phones"), 0), "phone"));
        (void)json_object_set_new(extra, "numbers", numbers);
    } else if ((of = json_object_get(json_object_get(raw, "document"), "filename"))) {
        (void)json_object_set(extra, "filename", of);
    } else if ((of = json_object_get(json_object_get(raw, "audio"), "voice"))) {
        (void)json_object_set(extra, "voice", of);
    }
    json_decref(raw);
}

/* Of a message that WhatsApp did not deliver, why (061_failed_later.sql). */
static void put_failure(rlv_buf *row, const rlv_event *ev)
{
    json_t *extra = json_object();
    if (ev->error_code > 0 && ev->error_code <= INT32_MAX)
        (void)json_object_set_new(extra, "error_code", json_integer(ev->error_code));
    set_text(extra, "error_title", ev->error_title);
    char *text = json_object_size(extra) ? json_dumps(extra, JSON_COMPACT) : NULL;
    rlv_pg_put_text(row, rlv_str_from(text));
    free(text);
    json_decref(extra);
}

/* What a message is besides its text. Most are nothing else. */
static void put_extra(rlv_buf *row, const rlv_outcome *o)
{
    const rlv_event *ev = o->event;
    if (ev->kind == RLV_EVENT_STATUS && ev->status == RLV_STATUS_FAILED) {
        put_failure(row, ev);
        return;
    }
    bool rich = ev->context_id.len || ev->reply_id.len || ev->media_id.len || rlv_str_is(ev->type, "location") ||
                rlv_str_is(ev->type, "contacts");
    if (!rich || (ev->kind != RLV_EVENT_MESSAGE && ev->kind != RLV_EVENT_ECHO) || find_decision(o, RLV_DECIDED_DUPLICATE) ||
        find_decision(o, RLV_DECIDED_FORWARDED)) {
        rlv_pg_put_null(row);
        return;
    }
    json_t *extra = json_object();
    set_text(extra, "context_id", ev->context_id);
    set_text(extra, "reply_id", ev->reply_id);
    set_text(extra, "media_id", ev->media_id);
    set_text(extra, "mime_type", ev->mime_type);
    if (ev->raw.len)
        set_raw(extra, ev);
    char *text = json_object_size(extra) ? json_dumps(extra, JSON_COMPACT) : NULL;
    rlv_pg_put_text(row, rlv_str_from(text));
    free(text);
    json_decref(extra);
}

static rlv_str text_of(const rlv_outcome *o)
{
    const rlv_event *ev = o->event;
    if (ev->kind == RLV_EVENT_STATUS) /* which message it is about, so that an unknown outcome finds it (003_deliver.sql) */
        return ev->callback_data;
    if (find_decision(o, RLV_DECIDED_FORWARDED))
        return (rlv_str){NULL, 0}; /* the other lane's history tells it */
    if (o->message && ev->kind != RLV_EVENT_MESSAGE) /* what the bot then answered; singly it is in the rows that it came in */
        return o->message->text;
    return ev->kind == RLV_EVENT_COMMAND && !ev->text.len ? ev->note : ev->text; /* why it was resolved, or returned */
}

const char rlv_store_copy_history[] =
    "COPY relevo.history (lane, seq, at, conversation_id, kind, source, topic, source_offset, by, agent_id, "
    "message_id, type, text, said, owner, epoch, intent, trigger, config, decided, was, owner_agent, priority, survey, score, tip, extra, mood, "
    "observed, trace) FROM STDIN (FORMAT binary); COMMIT";
enum {
    HISTORY_COLUMNS = 30,
    OBSERVED_MAX = 8
};

/* What reports and the audit ask for: whose it was before, where the event changed that (0: nobody's, it begins), whose it is
   then, and of a handoff how urgent it is. */
static void put_change(rlv_buf *row, const rlv_outcome *o, const rlv_decision *first, const rlv_decision *last,
                       const rlv_decision *handoff)
{
    if (o->begins || first)
        rlv_pg_put_int2(row, (int16_t)(o->begins ? 0 : first->as.change.from));
    else
        rlv_pg_put_null(row);
    rlv_pg_put_text(row, last ? last->agent_id : (rlv_str){NULL, 0});
    if (handoff)
        rlv_pg_put_int2(row, (int16_t)handoff->as.change.route.priority);
    else
        rlv_pg_put_null(row);
}

/* What the customer said of how they were served. */
static void put_survey(rlv_buf *row, const rlv_outcome *o)
{
    static const char *const kinds[][2] = {{"csat", "csat"}, {"nps", "nps"}, {"survey_comment", "comment"}};
    const rlv_decision *d = find_decision(o, RLV_DECIDED_SLOT_FILLED);
    for (size_t i = 0; d && i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (!rlv_str_is(d->as.slot.name, kinds[i][0]))
            continue;
        rlv_pg_put_text(row, rlv_str_from(kinds[i][1]));
        int16_t score = 0;
        for (size_t k = 0; k < d->as.slot.value.len && k < 2; k++)
            score = (int16_t)(score * 10 + (d->as.slot.value.ptr[k] - '0'));
        if (i < 2)
            rlv_pg_put_int2(row, score);
        else
            rlv_pg_put_null(row);
        return;
    }
    rlv_pg_put_null(row);
    rlv_pg_put_null(row);
}

/* The trigger that told people without handing off. */
static rlv_str tip_of(const rlv_outcome *o)
{
    for (const rlv_decision *d = o->decisions.first; d; d = d->next)
        if (d->kind == RLV_DECIDED_TRIGGERED && d->as.trigger.tells)
            return d->as.trigger.trigger;
    return (rlv_str){NULL, 0};
}

/* Triggers that would have handed off, and only watch. */
static void put_observed(rlv_buf *row, const rlv_outcome *o)
{
    rlv_str names[OBSERVED_MAX];
    size_t n = 0;
    for (const rlv_decision *d = o->decisions.first; d && n < OBSERVED_MAX; d = d->next)
        if (d->kind == RLV_DECIDED_TRIGGERED && d->as.trigger.observed && d->as.trigger.score >= d->as.trigger.threshold)
            names[n++] = d->as.trigger.trigger;
    put_list(row, names, n);
}

void rlv_store_put_history(rlv_store *store, const rlv_outcome *o, rlv_str decided)
{
    const rlv_event *ev = o->event;
    const rlv_decision *first_change = NULL, *last_change = NULL, *handoff = NULL;
    for (const rlv_decision *d = o->decisions.first; d; d = d->next) {
        if (!rlv_decision_is_change(d->kind))
            continue;
        first_change = first_change ? first_change : d;
        last_change = d;
        if (rlv_decision_hands_off(d))
            handoff = d;
    }
    /* A card that follows a command's change tells the row's owner, who may be a later one. */
    const rlv_decision *last = last_change ? last_change : o->decisions.last;
    const rlv_decision *reading = find_decision(o, RLV_DECIDED_CLASSIFIED);
    rlv_buf *row = rlv_pg_copy_row(store, HISTORY_COLUMNS);
    rlv_pg_put_int4(row, o->lane);
    rlv_pg_put_int8(row, o->seq);
    rlv_pg_put_time(row, ev->at_ms);
    rlv_pg_put_uuid(row, ev->conversation_id);
    rlv_pg_put_int2(row, (int16_t)ev->kind);
    rlv_pg_put_int2(row, (int16_t)ev->source.kind);
    rlv_pg_put_text(row, ev->source.topic);
    rlv_pg_put_int8(row, ev->source.offset);
    rlv_pg_put_int2(row, by_of(ev));
    rlv_pg_put_text(row, ev->agent_id);
    rlv_pg_put_text(row, ev->message_id);
    rlv_pg_put_text(row, type_of(o));
    rlv_pg_put_text(row, text_of(o));
    put_said(row, o);
    rlv_pg_put_int2(row, (int16_t)(last ? last->owner : 0));
    rlv_pg_put_int8(row, last ? last->epoch : 0);
    rlv_pg_put_text(row, reading ? reading->as.reading.intent : (rlv_str){NULL, 0});
    rlv_pg_put_text(row, handoff ? handoff->as.change.trigger : (rlv_str){NULL, 0});
    rlv_pg_put_int8(row, (int64_t)o->config);
    rlv_pg_put_bytes(row, decided);
    put_change(row, o, first_change, last_change, handoff);
    put_survey(row, o);
    rlv_pg_put_text(row, tip_of(o));
    put_extra(row, o);
    if (reading)
        rlv_pg_put_float4(row, (float)reading->as.reading.sentiment);
    else
        rlv_pg_put_null(row);
    put_observed(row, o);
    if (rlv_trace_none(&ev->trace))
        rlv_pg_put_null(row);
    else
        rlv_pg_put_bytes(row, (rlv_str){(const char *)&ev->trace, sizeof(ev->trace)});
}

/* ---- conversations
 * --------------------------------------------------------------------------------------------- */

const char rlv_store_copy_conversation[] =
    "COPY relevo.conversation (id, lane, version, owner, epoch, owner_since, agent_id, team, "
    "phone_number_id, "
    "customer_id, wa_id, customer_name, language, opened_ms, last_in_ms, state, trigger, reason, priority, "
    "rank, "
    "need_language, prefer_agent, need_skills, card, forward) FROM STDIN (FORMAT binary)";
enum {
    CONVERSATION_COLUMNS = 25
};

void rlv_store_put_conversation(rlv_store *store, int32_t lane, const rlv_write *w)
{
    static const rlv_decision nothing;
    const rlv_conversation *v = w->conversation;
    const rlv_decision *d = w->handoff ? w->handoff : &nothing;
    const rlv_route *route = &d->as.change.route;
    rlv_buf *row = rlv_pg_copy_row(store, CONVERSATION_COLUMNS);
    rlv_pg_put_uuid(row, v->id);
    rlv_pg_put_int4(row, lane);
    rlv_pg_put_int8(row, 1);
    rlv_pg_put_int2(row, (int16_t)v->owner);
    rlv_pg_put_int8(row, v->epoch);
    rlv_pg_put_int8(row, v->owner_since_ms);
    rlv_pg_put_text(row, v->agent_id);
    rlv_pg_put_text(row, v->team);
    rlv_pg_put_text(row, v->phone_number_id);
    rlv_pg_put_text(row, v->user_id.len ? v->user_id : v->wa_id);
    rlv_pg_put_text(row, v->wa_id);
    rlv_pg_put_text(row, v->customer_name);
    rlv_pg_put_text(row, v->language);
    rlv_pg_put_int8(row, v->opened_ms);
    rlv_pg_put_int8(row, v->last_in_ms);
    rlv_pg_put_bytes(row, w->state);
    rlv_pg_put_text(row, d->as.change.trigger);
    rlv_pg_put_text(row, d->as.change.reason);
    rlv_pg_put_int2(row, (int16_t)route->priority);
    rlv_pg_put_int2(row, (int16_t)route->rank);
    rlv_pg_put_text(row, route->language);
    rlv_pg_put_text(row, route->agent);
    put_list(row, route->skills, route->n_skills);
    rlv_store_put_card(row, w->card);
    if (rlv_id_none(v->forward))
        rlv_pg_put_null(row);
    else
        rlv_pg_put_uuid(row, v->forward);
}

/* ---- timers
 * ---------------------------------------------------------------------------------------------------- */

const char rlv_store_copy_timer[] =
    "COPY relevo.timer (lane, conversation_id, kind, due_ms) FROM STDIN (FORMAT binary)";

void rlv_store_put_timer(rlv_store *store, int32_t lane, rlv_id id, rlv_str kind, int64_t due_ms)
{
    rlv_buf *row = rlv_pg_copy_row(store, 4);
    rlv_pg_put_int4(row, lane);
    rlv_pg_put_uuid(row, id);
    rlv_pg_put_text(row, kind);
    rlv_pg_put_int8(row, due_ms);
}
