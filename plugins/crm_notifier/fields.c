/* SPDX-License-Identifier: Apache-2.0 */
/* See fields.h. Each field is one small function; they only read the view. */
#include "crm_notifier/fields.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "text/text.h"

#define TEXT_MAX 4096u /* bytes of one text in a body */
#define TURN_MAX 400u  /* bytes of one turn */
#define SLOTS "slots."

static json_t *text_of(relevo_str text)
{
    text = rlt_cut(text, TEXT_MAX);
    return text.len > 0 ? json_stringn(text.ptr, (size_t)text.len) : json_null();
}

static json_t *event(const subject *s)
{
    return json_string(s->event);
}

static json_t *conversation_id(const subject *s)
{
    return text_of(s->view->conversation_id);
}

static json_t *phone_number_id(const subject *s)
{
    return text_of(s->view->phone_number_id);
}

static json_t *customer_id(const subject *s)
{
    return text_of(s->view->customer_id);
}

/* As people write it, when the id is a number and not WhatsApp's own name for somebody. */
static json_t *customer_phone(const subject *s)
{
    const relevo_str id = s->view->customer_id;
    bool number = id.len >= 8 && id.len <= 20;
    for (uint64_t i = 0; i < id.len && number; i++) {
        number = id.ptr[i] >= '0' && id.ptr[i] <= '9';
    }
    return number ? json_sprintf("+%.*s", (int)id.len, id.ptr) : json_null();
}

static json_t *customer_name(const subject *s)
{
    return text_of(s->view->customer_name);
}

static json_t *language(const subject *s)
{
    return text_of(s->view->language);
}

/* ISO 8601, UTC, with milliseconds. */
static json_t *at(const subject *s)
{
    char text[64], day[32];
    struct tm when;
    time_t seconds = (time_t)(s->at_ms / 1000);
    if (gmtime_r(&seconds, &when) == NULL || strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &when) == 0) {
        return json_null();
    }
    snprintf(text, sizeof(text), "%s.%03dZ", day, (int)(s->at_ms % 1000));
    return json_string(text);
}

const relevo_fired *fields_told(const relevo_view *view)
{
    for (uint32_t i = 0; i < view->n_fired; i++) {
        if (view->fired[i]->tells) {
            return view->fired[i];
        }
    }
    return NULL;
}

/* Of the handoff, or of the trigger that tells people without one. */
static json_t *why(const subject *s, size_t of_handoff, size_t of_fired)
{
    const relevo_fired *told = fields_told(s->view);
    const char *from = s->view->handoff != NULL ? (const char *)s->view->handoff + of_handoff
                       : told != NULL           ? (const char *)told + of_fired
                                                : NULL;
    return from != NULL ? text_of(*(const relevo_str *)(const void *)from) : json_null();
}

static json_t *handoff_trigger(const subject *s)
{
    return why(s, offsetof(relevo_handoff, trigger), offsetof(relevo_fired, trigger));
}

static json_t *handoff_reason(const subject *s)
{
    return why(s, offsetof(relevo_handoff, reason), offsetof(relevo_fired, reason));
}

static json_t *handoff_evidence(const subject *s)
{
    return why(s, offsetof(relevo_handoff, evidence), offsetof(relevo_fired, evidence));
}

static json_t *handoff_team(const subject *s)
{
    return s->view->handoff != NULL ? text_of(s->view->handoff->team) : json_null();
}

static json_t *handoff_score(const subject *s)
{
    const relevo_fired *told = fields_told(s->view);
    return s->view->handoff != NULL ? json_real(s->view->handoff->score) : told != NULL ? json_real(told->score) : json_null();
}

static json_t *handoff_priority(const subject *s)
{
    return s->view->handoff != NULL ? json_integer(s->view->handoff->priority) : json_null();
}

static json_t *ending_agent(const subject *s)
{
    const relevo_ending *ending = s->view->ending;
    return ending != NULL ? text_of(ending->agent_name.len > 0 ? ending->agent_name : ending->agent) : json_null();
}

static json_t *ending_note(const subject *s)
{
    return s->view->ending != NULL ? text_of(s->view->ending->note) : json_null();
}

static json_t *message_id(const subject *s)
{
    return s->view->message != NULL ? text_of(s->view->message->id) : json_null();
}

static json_t *message_text(const subject *s)
{
    return s->view->message != NULL ? text_of(s->view->message->text) : json_null();
}

static json_t *intent(const subject *s)
{
    return s->view->reading != NULL ? text_of(s->view->reading->intent) : json_null();
}

static json_t *sentiment(const subject *s)
{
    return s->view->reading != NULL ? json_real(s->view->reading->sentiment) : json_null();
}

static json_t *open_question(const subject *s)
{
    return text_of(s->view->digest->open_question);
}

static json_t *tried(const subject *s)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < s->view->digest->n_tried && list != NULL; i++) {
        if (json_array_append_new(list, text_of(s->view->digest->tried[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *slots(const subject *s)
{
    json_t *object = json_object();
    for (uint32_t i = 0; i < s->view->n_slots && object != NULL; i++) {
        const relevo_slot *slot = s->view->slots[i];
        char name[129];
        relevo_str cut = rlt_cut(slot->name, sizeof(name) - 1);
        snprintf(name, sizeof(name), "%.*s", (int)cut.len, cut.ptr);
        if (json_object_set_new(object, name, text_of(slot->value)) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

/* The slots as people read them, a line each; of those that the message under decision amends alone also what they were. */
static json_t *slot_lines(const subject *s, bool amended_only)
{
    char text[TEXT_MAX];
    size_t len = 0;
    const relevo_message *message = s->view->message;
    for (uint32_t i = 0; i < s->view->n_slots; i++) {
        const relevo_slot *slot = s->view->slots[i];
        relevo_str name = rlt_cut(slot->name, 128), value = rlt_cut(slot->value, TURN_MAX), was = rlt_cut(slot->was, TURN_MAX);
        if (amended_only && !(message != NULL && rlt_equal(slot->message_id, message->id))) {
            continue;
        }
        was.len = amended_only ? was.len : 0;
        int n = snprintf(text + len, sizeof(text) - len, "%s%.*s: %.*s%s%.*s", len > 0 ? "\n" : "", (int)name.len, name.ptr, (int)was.len,
                         was.len > 0 ? was.ptr : "", was.len > 0 ? " → " : "", (int)value.len, value.len > 0 ? value.ptr : "");
        if (n < 0 || (size_t)n >= sizeof(text) - len) {
            break; /* the rest is in Relevo */
        }
        len += (size_t)n;
    }
    return len > 0 ? json_stringn(text, len) : json_null();
}

static json_t *data(const subject *s)
{
    return slot_lines(s, false);
}

static json_t *amended(const subject *s)
{
    return s->view->amended ? slot_lines(s, true) : json_null();
}

static json_t *turns(const subject *s)
{
    static const char *const speakers[] = {
        [RELEVO_BY_CUSTOMER] = "customer", [RELEVO_BY_BOT] = "bot", [RELEVO_BY_AGENT] = "agent"};
    json_t *list = json_array();
    for (uint32_t i = 0; i < s->view->n_turns && list != NULL; i++) {
        const relevo_turn *turn = s->view->turns[i];
        if (turn->by < RELEVO_BY_CUSTOMER || turn->by > RELEVO_BY_AGENT) {
            continue; /* notices of the core are no part of the talk */
        }
        relevo_str text = rlt_cut(turn->text, TURN_MAX);
        json_t *one = json_pack("{s:s, s:s%}", "by", speakers[turn->by], "text", text.len > 0 ? text.ptr : "",
                                (size_t)text.len);
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* The last turns as people read them, a line each. */
static json_t *transcript(const subject *s)
{
    static const char *const words[][3] = {
        {"Cliente", "Bot", "Agente"}, {"Cliente", "Bot", "Atendente"}, {"Customer", "Bot", "Agent"}};
    size_t language = rlt_equal(s->view->language, rlt_str("pt")) ? 1 : rlt_equal(s->view->language, rlt_str("en")) ? 2 : 0;
    char text[TEXT_MAX];
    size_t len = 0;
    for (uint32_t i = 0; i < s->view->n_turns; i++) {
        const relevo_turn *turn = s->view->turns[i];
        if (turn->by < RELEVO_BY_CUSTOMER || turn->by > RELEVO_BY_AGENT) {
            continue;
        }
        relevo_str said = rlt_cut(turn->text, TURN_MAX);
        int n = snprintf(text + len, sizeof(text) - len, "%s%s: %.*s", len > 0 ? "\n" : "", words[language][turn->by - 1],
                         (int)said.len, said.len > 0 ? said.ptr : "");
        if (n < 0 || (size_t)n >= sizeof(text) - len) {
            break; /* what was said after it is in Relevo */
        }
        len += (size_t)n;
    }
    return json_stringn(text, len);
}

/* The card's lines of that name, or all of them with their names before them; null: it has none. */
static json_t *card_lines(const subject *s, const char *name)
{
    char text[TEXT_MAX];
    size_t len = 0;
    for (uint32_t i = 0; i < s->view->n_card; i++) {
        const relevo_answer_card *field = s->view->card[i];
        if (name != NULL && !rlt_equal(field->name, rlt_str(name))) {
            continue;
        }
        relevo_str line = rlt_cut(field->text, TURN_MAX), shown = name == NULL ? field->name : (relevo_str){"", 0};
        int n = snprintf(text + len, sizeof(text) - len, "%s%.*s%s%.*s", len > 0 ? "\n" : "", (int)shown.len, shown.ptr,
                         name == NULL ? ": " : "", (int)line.len, line.ptr);
        if (n < 0 || (size_t)n >= sizeof(text) - len) {
            break; /* the rest is in Relevo */
        }
        len += (size_t)n;
    }
    return len > 0 ? json_stringn(text, len) : json_null();
}

static json_t *card_all(const subject *s)
{
    return card_lines(s, NULL);
}

static json_t *card_outcome(const subject *s)
{
    return card_lines(s, "outcome");
}

static json_t *card_previous(const subject *s)
{
    return card_lines(s, "previous");
}

static json_t *card_summary(const subject *s)
{
    return card_lines(s, "summary");
}

static const struct {
    const char *name;
    json_t *(*get)(const subject *about);
} fields[] = {
    {"event", event},
    {"conversation_id", conversation_id},
    {"phone_number_id", phone_number_id},
    {"at", at},
    {"language", language},
    {"customer.id", customer_id},
    {"customer.name", customer_name},
    {"customer.phone", customer_phone},
    {"handoff.trigger", handoff_trigger},
    {"handoff.reason", handoff_reason},
    {"handoff.evidence", handoff_evidence},
    {"handoff.team", handoff_team},
    {"handoff.score", handoff_score},
    {"handoff.priority", handoff_priority},
    {"message.id", message_id},
    {"message.text", message_text},
    {"reading.intent", intent},
    {"reading.sentiment", sentiment},
    {"card.why", handoff_reason},
    {"card.wants", message_text},
    {"card.data", slots},
    {"card.tried", tried},
    {"card.open_question", open_question},
    {"card.all", card_all},
    {"card.outcome", card_outcome},
    {"card.previous", card_previous},
    {"card.summary", card_summary},
    {"ending.agent", ending_agent},
    {"ending.note", ending_note},
    {"slots", slots},
    {"data", data},
    {"amended", amended},
    {"turns", turns},
    {"transcript", transcript},
};

#define N_FIELDS (sizeof(fields) / sizeof(fields[0]))

static bool is_one_slot(relevo_str name)
{
    return name.len > sizeof(SLOTS) - 1 && memcmp(name.ptr, SLOTS, sizeof(SLOTS) - 1) == 0;
}

static json_t *kept_get(relevo_str name, const json_t *kept)
{
    return json_object_getn(kept, name.ptr, (size_t)name.len);
}

bool fields_know(relevo_str name, const json_t *also)
{
    if (kept_get(name, also) != NULL) {
        return true;
    }
    for (size_t i = 0; i < N_FIELDS; i++) {
        if (rlt_equal(name, rlt_str(fields[i].name))) {
            return true;
        }
    }
    return is_one_slot(name);
}

/* Edit distance of two short names; long ones are compared by their beginnings. */
static size_t distance(relevo_str a, const char *b)
{
    size_t row[33];
    size_t n = strnlen(b, 32), m = a.len < 32 ? (size_t)a.len : 32;
    for (size_t j = 0; j <= n; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= m; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = diagonal + (a.ptr[i - 1] == b[j - 1] ? 0 : 1);
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[n];
}

const char *fields_nearest(relevo_str name)
{
    const char *nearest = fields[0].name;
    for (size_t i = 1; i < N_FIELDS; i++) {
        nearest = distance(name, fields[i].name) < distance(name, nearest) ? fields[i].name : nearest;
    }
    return nearest;
}

json_t *fields_get(relevo_str name, const subject *about)
{
    const json_t *kept = kept_get(name, about->kept);
    if (kept != NULL) {
        return json_deep_copy(kept);
    }
    for (size_t i = 0; i < N_FIELDS; i++) {
        if (rlt_equal(name, rlt_str(fields[i].name))) {
            return fields[i].get(about);
        }
    }
    if (!is_one_slot(name)) {
        return json_null(); /* an answer that should have held it did not */
    }
    relevo_str slot = {name.ptr + sizeof(SLOTS) - 1, name.len - (sizeof(SLOTS) - 1)};
    for (uint32_t i = 0; i < about->view->n_slots; i++) {
        if (rlt_equal(about->view->slots[i]->name, slot)) {
            return text_of(about->view->slots[i]->value);
        }
    }
    return json_null();
}
