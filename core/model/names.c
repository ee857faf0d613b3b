/* SPDX-License-Identifier: Apache-2.0 */
/* The stable words of the model's enums. They are stored and published: one may be added, none changed. */
#include "model/decision.h"

#define WORD(table, value) ((size_t)(value) < sizeof(table) / sizeof(*(table)) ? (table)[value] : "unknown")

static const char *const event_kinds[] = {"message", "status",  "echo",  "handover", "error",
                                          "unknown", "command", "timer", "result",   "dead",
                                          "undelivered"};
static const char *const statuses[] = {"sent", "delivered", "read", "played", "failed", "deleted", "other"};
static const char *const command_kinds[] = {"take_over", "reply",  "note",   "return",
                                            "resolve",   "assign", "requeue", "moved",
                                            "waiting",   "nobody", "follow_up"};
static const char *const owners[] = {"none", "bot", "queued", "human", "closed"};
static const char *const phases[] = {"classify", "trigger", "respond", "route", "summarize", "notify", "on_result"};
static const char *const decision_kinds[] = {
    "received",   "status",   "duplicate",  "classified", "triggered", "replied",  "answered",
    "noted",      "slot_filled", "handed_off", "assigned", "taken_over", "requeued", "returned",
    "closed",     "reopened", "summarized", "notified",   "failed",    "ignored",  "suppressed",
    "undelivered", "joined", "moved",     "forwarded", "held"};
static const char *const causes[] = {"none", "trigger",  "desktop", "agent_reply", "echo",
                                     "meta", "timeout", "customer", "failure", "assignment",
                                     "identity"};

_Static_assert(sizeof(event_kinds) / sizeof(*event_kinds) == RLV_EVENT_KINDS, "each event kind has a word");
_Static_assert(sizeof(decision_kinds) / sizeof(*decision_kinds) == RLV_DECISION_KINDS, "each decision kind has a word");

const char *rlv_event_kind_name(enum rlv_event_kind kind)
{
    return WORD(event_kinds, kind);
}

const char *rlv_status_name(enum rlv_status status)
{
    return WORD(statuses, status);
}

const char *rlv_command_kind_name(enum rlv_command_kind kind)
{
    return WORD(command_kinds, kind);
}

const char *rlv_owner_name(enum rlv_owner owner)
{
    return WORD(owners, owner);
}

const char *rlv_phase_name(enum rlv_phase phase)
{
    return WORD(phases, phase);
}

const char *rlv_decision_kind_name(enum rlv_decision_kind kind)
{
    return WORD(decision_kinds, kind);
}

const char *rlv_cause_name(enum rlv_cause cause)
{
    return WORD(causes, cause);
}

bool rlv_owner_parse(rlv_str word, enum rlv_owner *ret)
{
    for (int i = RLV_OWNER_BOT; i <= RLV_OWNER_CLOSED; i++)
        if (rlv_str_is(word, owners[i])) {
            *ret = (enum rlv_owner)i;
            return true;
        }
    return false;
}

bool rlv_command_kind_parse(rlv_str word, enum rlv_command_kind *ret)
{
    for (size_t i = 0; i < sizeof(command_kinds) / sizeof(*command_kinds); i++)
        if (rlv_str_is(word, command_kinds[i])) {
            *ret = (enum rlv_command_kind)i;
            return true;
        }
    return false;
}

bool rlv_decision_is_change(enum rlv_decision_kind kind)
{
    switch (kind) {
    case RLV_DECIDED_HANDED_OFF:
    case RLV_DECIDED_ASSIGNED:
    case RLV_DECIDED_TAKEN_OVER:
    case RLV_DECIDED_REQUEUED:
    case RLV_DECIDED_RETURNED:
    case RLV_DECIDED_CLOSED:
    case RLV_DECIDED_REOPENED:
    case RLV_DECIDED_JOINED:
    case RLV_DECIDED_MOVED:
        return true;
    default:
        return false;
    }
}

bool rlv_decision_hands_off(const rlv_decision *d)
{
    return d->kind == RLV_DECIDED_HANDED_OFF || (d->kind == RLV_DECIDED_REOPENED && d->owner == RLV_OWNER_QUEUED);
}

rlv_str rlv_event_identity(const rlv_event *ev)
{
    return ev->user_id.len ? ev->user_id : ev->wa_id;
}

rlv_str rlv_event_wordless(const rlv_event *message)
{
    if (message->wordless.len || message->text.len || rlv_str_is(message->type, "text"))
        return message->wordless;
    return message->type;
}

static int add_alias(const rlv_event *ev, rlv_alias *ret, rlv_str wa_id, rlv_str user_id, bool before)
{
    rlv_str identity = user_id.len ? user_id : wa_id;
    if (!identity.len || rlv_str_eq(identity, rlv_event_identity(ev)))
        return 0;
    *ret = (rlv_alias){rlv_conversation_id(ev->phone_number_id, identity), wa_id, user_id, before};
    return 1;
}

int rlv_event_aliases(const rlv_event *ev, rlv_alias ret[RLV_ALIASES_MAX])
{
    static const rlv_str none = {NULL, 0};
    bool moved = ev->kind == RLV_EVENT_UNKNOWN && (ev->previous_user_id.len || ev->previous_wa_id.len);
    if (!moved && ev->kind != RLV_EVENT_MESSAGE && ev->kind != RLV_EVENT_ECHO && ev->kind != RLV_EVENT_HANDOVER)
        return 0;
    int n = 0;
    if (moved) {
        n += add_alias(ev, &ret[n], none, ev->previous_user_id, true);
        n += add_alias(ev, &ret[n], ev->previous_wa_id, none, true);
    }
    if (ev->user_id.len)
        n += add_alias(ev, &ret[n], ev->wa_id, none, false);
    return n;
}

rlv_id rlv_conversation_id(rlv_str phone_number_id, rlv_str identity)
{
    return rlv_id_named(phone_number_id, identity);
}
