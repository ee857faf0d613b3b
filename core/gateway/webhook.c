/* SPDX-License-Identifier: Apache-2.0 */
/* A webhook's walk: entries, changes, their members; see webhook.h. Must never drop a member it does not
   know. */
#include "gateway/webhook.h"

#include "gateway/mend.h"
#include "gateway/message.h"

/* One webhook being read. */
struct walk {
    rlv_arena *arena;
    rlv_event *events;
    size_t n, cap;
    bool full; /* the arena is */
};

/* One change of it: {"field": ..., "value": {...}}. */
struct change {
    struct walk *walk;
    const json_t *value;
    const json_t *aside; /* what `standby` wraps; NULL: none */
    rlv_str field, phone_number_id;
    bool standby;
    bool unknown; /* it holds something that we do not know */
};

/* ---- events ---- */

static bool needs_message_id(enum rlv_event_kind kind)
{
    return kind == RLV_EVENT_MESSAGE || kind == RLV_EVENT_ECHO || kind == RLV_EVENT_STATUS;
}

static bool make_room(struct walk *walk)
{
    if (walk->n < walk->cap)
        return true;
    size_t cap = walk->cap ? walk->cap * 2 : 4;
    rlv_event *grown = rlv_arena_zalloc(walk->arena, cap, sizeof(*grown));
    if (!grown) {
        walk->full = true;
        return false;
    }
    if (walk->n > 0)
        memcpy(grown, walk->events, walk->n * sizeof(*grown));
    walk->events = grown;
    walk->cap = cap;
    return true;
}

/* Readers refuse what identifies or names when it is longer; Meta's own is far shorter. */
enum {
    NAME_MAX_BYTES = 512
};

/* Cuts it; true when it was too long. */
static bool cut(rlv_str *name)
{
    if (name->len <= NAME_MAX_BYTES)
        return false;
    *name = rlv_str_cut(*name, NAME_MAX_BYTES);
    return true;
}

/* A name that does not fit is cut, and the whole kept in raw; an identity that does not fit is nobody's. */
static void fit(struct change *change, rlv_event *ev, const json_t *subject)
{
    bool spoilt = false, strange = false;
    rlv_str *const ids[] = {&ev->phone_number_id, &ev->wa_id, &ev->user_id, &ev->message_id, &ev->previous_user_id,
                            &ev->previous_wa_id};
    rlv_str *const names[] = {&ev->customer_name, &ev->type,       &ev->reply_id,      &ev->media_id,
                              &ev->mime_type,     &ev->context_id, &ev->callback_data, &ev->error_title};
    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
        strange |= cut(ids[i]);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        spoilt |= cut(names[i]);
    if (strange) {
        ev->kind = RLV_EVENT_UNKNOWN;
        ev->type = change->field;
        (void)cut(&ev->type);
    }
    if ((spoilt || strange) && ev->raw.len == 0)
        ev->raw = rlv_json_raw(change->walk->arena, subject);
}

/* Adds an event about `subject`. One that lacks what its kind needs is kept as UNKNOWN. */
static void push(struct change *change, rlv_event ev, const json_t *subject)
{
    if (!make_room(change->walk))
        return;
    rlv_arena *arena = change->walk->arena;
    ev.phone_number_id = change->phone_number_id;
    fit(change, &ev, subject);
    bool nobody = rlv_event_identity(&ev).len == 0;
    if (ev.kind != RLV_EVENT_ERROR && ev.kind != RLV_EVENT_UNKNOWN &&
        (nobody || (needs_message_id(ev.kind) && ev.message_id.len == 0))) {
        ev.kind = RLV_EVENT_UNKNOWN;
        ev.type = change->field;
        (void)cut(&ev.type);
    }
    if (nobody)
        ev.wa_id = RLV_STR("account");
    if (ev.kind == RLV_EVENT_UNKNOWN && ev.raw.len == 0)
        ev.raw = rlv_json_raw(arena, subject);
    ev.conversation_id = rlv_conversation_id(ev.phone_number_id, rlv_event_identity(&ev));
    change->walk->events[change->walk->n++] = ev;
}

/* ---- the members of a change ---- */

static bool same_text(const json_t *object, const char *key, rlv_str s)
{
    const json_t *value = json_object_get(object, key);
    return s.len > 0 && rlv_str_eq((rlv_str){json_string_value(value), json_string_length(value)}, s);
}

/* The customer's entry in `contacts`: matched by identity, or the only one. */
static const json_t *contact_of(const struct change *change, const rlv_event *ev)
{
    const json_t *contacts = json_object_get(change->value, "contacts");
    if (!contacts)
        contacts = json_object_get(change->aside, "contacts");
    for (size_t i = 0; i < json_array_size(contacts); i++) {
        const json_t *contact = json_array_get(contacts, i);
        if (same_text(contact, "wa_id", ev->wa_id) || same_text(contact, "user_id", ev->user_id))
            return contact;
    }
    return json_array_size(contacts) == 1 ? json_array_get(contacts, 0) : NULL;
}

static void read_customer(const struct change *change, rlv_event *ev)
{
    rlv_arena *arena = change->walk->arena;
    const json_t *contact = contact_of(change, ev);
    const json_t *profile = json_object_get(contact, "profile");
    ev->customer_name = rlv_json_text(arena, profile, json_object_get(profile, "name") ? "name" : "username");
    if (ev->wa_id.len == 0)
        ev->wa_id = rlv_json_text(arena, contact, "wa_id");
    if (ev->user_id.len == 0)
        ev->user_id = rlv_json_text(arena, contact, "user_id");
}

/* A customer's number or id changed: filed with the new ones, beside the former ones. */
static void read_system(struct change *change, rlv_event ev, const json_t *message)
{
    rlv_arena *arena = change->walk->arena;
    const json_t *system = json_object_get(message, "system");
    ev.kind = RLV_EVENT_UNKNOWN;
    ev.type = rlv_json_text(arena, system, "type");
    if (ev.type.len == 0)
        ev.type = RLV_STR("system");
    rlv_str wa_id = rlv_json_text(arena, system, "wa_id"), user_id = rlv_json_text(arena, system, "user_id");
    ev.previous_user_id = rlv_json_text(arena, system, "previous_user_id");
    if (wa_id.len && ev.wa_id.len && !rlv_str_eq(wa_id, ev.wa_id))
        ev.previous_wa_id = ev.wa_id;
    if (wa_id.len)
        ev.wa_id = wa_id;
    if (user_id.len)
        ev.user_id = user_id;
    else if (!rlv_event_identity(&ev).len)
        ev.user_id = ev.previous_user_id;
    push(change, ev, message);
}

static void read_message(struct change *change, const json_t *message)
{
    rlv_arena *arena = change->walk->arena;
    rlv_event ev = {.kind = RLV_EVENT_MESSAGE};
    rlv_message_read(arena, message, &ev);
    ev.wa_id = rlv_json_text(arena, message, "from");
    ev.user_id = rlv_json_text(arena, message, "from_user_id");
    if (rlv_str_is(ev.type, "system")) {
        read_system(change, ev, message);
        return;
    }
    read_customer(change, &ev);
    if (json_object_get(message,
                        "group_id")) { /* said to several: no conversation of a customer and the business */
        ev.kind = RLV_EVENT_UNKNOWN;
        ev.type = RLV_STR("group_message");
    } else if (change->standby) {
        ev.kind = RLV_EVENT_HANDOVER;
        ev.type = RLV_STR("standby");
    }
    push(change, ev, message);
}

static bool is_number(rlv_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return s.len > 0;
}

/* What somebody else said for the business: a person at its phone; on standby, Meta's agent, whose message is
   wrapped once more: {"id", "timestamp", "message": {"to", "recipient", "type", ...}}. */
static void read_echo(struct change *change, const json_t *echo)
{
    rlv_arena *arena = change->walk->arena;
    const json_t *wrapped = json_object_get(echo, "type") ? NULL : json_object_get(echo, "message");
    const json_t *said = wrapped ? wrapped : echo;
    rlv_event ev = {.kind = change->standby ? RLV_EVENT_HANDOVER : RLV_EVENT_ECHO};
    rlv_message_read(arena, said, &ev);
    ev.wa_id = rlv_json_text(arena, said, "to");
    ev.user_id = rlv_json_text(arena, said, "to_user_id");
    if (wrapped) {
        ev.message_id = rlv_json_text(arena, echo, "id");
        ev.sent_ms = rlv_json_time_ms(echo, "timestamp");
        ev.raw = rlv_json_raw(arena, echo);
        rlv_str recipient = rlv_json_text(arena, said, "recipient");
        rlv_str *id = is_number(recipient) ? &ev.wa_id : &ev.user_id;
        if (id->len == 0)
            *id = recipient;
    }
    if (change->standby)
        ev.type = RLV_STR("standby");
    read_customer(change, &ev);
    push(change, ev, echo);
}

static enum rlv_status status_of(rlv_str word)
{
    for (int i = RLV_STATUS_SENT; i < RLV_STATUS_OTHER; i++)
        if (rlv_str_is(word, rlv_status_name((enum rlv_status)i)))
            return (enum rlv_status)i;
    return RLV_STATUS_OTHER;
}

static void read_status(struct change *change, const json_t *status)
{
    rlv_arena *arena = change->walk->arena;
    rlv_event ev = {
        .kind = RLV_EVENT_STATUS,
        .message_id = rlv_json_text(arena, status, "id"),
        .sent_ms = rlv_json_time_ms(status, "timestamp"),
        .status = status_of(rlv_json_text(arena, status, "status")),
        .wa_id = rlv_json_text(arena, status, "recipient_id"),
        .user_id = rlv_json_text(arena, status, "recipient_user_id"),
        .callback_data = rlv_json_text(arena, status, "biz_opaque_callback_data"),
        .raw = rlv_json_raw(arena, status),
    };
    rlv_json_errors(arena, status, &ev);
    read_customer(change, &ev);
    push(change, ev, status);
}

/* An error that WhatsApp reports about the number itself. */
static void read_error(struct change *change, const json_t *error)
{
    rlv_arena *arena = change->walk->arena;
    rlv_event ev = {
        .kind = RLV_EVENT_ERROR,
        .error_code = json_integer_value(json_object_get(error, "code")),
        .error_title = rlv_json_text(arena, error, "title"),
        .raw = rlv_json_raw(arena, error),
    };
    read_customer(change, &ev);
    push(change, ev, error);
}

/* A customer's business-scoped id changed: filed with the new one, beside the former one. */
static void read_identity(struct change *change, const json_t *update)
{
    rlv_arena *arena = change->walk->arena;
    const json_t *ids = json_object_get(update, "user_id");
    rlv_event ev = {
        .kind = RLV_EVENT_UNKNOWN,
        .type = RLV_STR("user_id_update"),
        .sent_ms = rlv_json_time_ms(update, "timestamp"),
        .wa_id = rlv_json_text(arena, update, "wa_id"),
        .user_id = rlv_json_text(arena, json_is_object(ids) ? ids : update, json_is_object(ids) ? "current" : "user_id"),
        .previous_user_id = rlv_json_text(arena, ids, "previous"),
    };
    if (ev.user_id.len == 0)
        ev.user_id = ev.previous_user_id;
    push(change, ev, update);
}

static const struct {
    const char *name;
    void (*read)(struct change *, const json_t *); /* of each item; NULL: tells nothing by itself */
} members[] = {
    {"messages", read_message},
    {"statuses", read_status},
    {"message_echoes", read_echo},
    {"errors", read_error},
    {"contacts", NULL},
    {"metadata", NULL},
    {"user_id_update", read_identity},
    {"messaging_product", NULL},
};

static void read_member(struct change *change, const char *name, const json_t *items)
{
    size_t m = 0, i;
    json_t *item;
    if (strcmp(name, "standby") == 0 && json_is_object(items) && !change->aside) {
        const char *inner;
        change->standby = true;
        change->aside = items;
        json_object_foreach((json_t *)items, inner, item) read_member(change, inner, item);
        return;
    }
    while (m < sizeof(members) / sizeof(*members) && strcmp(members[m].name, name) != 0)
        m++;
    if (m == sizeof(members) / sizeof(*members) || (members[m].read && !json_is_array(items))) {
        change->unknown = true;
        return;
    }
    if (members[m].read)
        json_array_foreach((json_t *)items, i, item) members[m].read(change, item);
}

/* ---- handovers ---- */

static bool is_handover(const char *key)
{
    size_t n = key ? strlen(key) : 0;
    const char *end = "_thread_control";
    if (n == 0)
        return false;
    return strncmp(key, "control_", 8) == 0 || (n > strlen(end) && strcmp(key + n - strlen(end), end) == 0);
}

static rlv_str metadata_of(rlv_arena *arena, const json_t *moved)
{
    const json_t *metadata = json_object_get(moved, "metadata");
    if (!metadata)
        return (rlv_str){NULL, 0};
    return json_is_string(metadata) ? rlv_json_text(arena, moved, "metadata") : rlv_json_raw(arena, metadata);
}

/* {"type": "control_passed", "recipient": {"phone_number_id"}, "sender": {the customer}, "control_passed":
   {"metadata", "previous_owner_role", "new_owner_role"}} */
static void read_handover(struct change *change)
{
    rlv_arena *arena = change->walk->arena;
    const json_t *sender = json_object_get(change->value, "sender");
    rlv_event ev = {
        .kind = RLV_EVENT_HANDOVER,
        .sent_ms = rlv_json_time_ms(change->value, "timestamp"),
        .wa_id = rlv_json_text(arena, sender, "phone_number"),
        .user_id = rlv_json_text(arena, sender, "user_id"),
        .raw = rlv_json_raw(arena, change->value),
    };
    if (ev.wa_id.len == 0)
        ev.wa_id = rlv_json_text(arena, sender, json_object_get(sender, "wa_id") ? "wa_id" : "id");
    read_customer(change, &ev);
    const char *key;
    json_t *moved;
    json_object_foreach((json_t *)change->value, key, moved) if (is_handover(key))
    {
        ev.type = rlv_arena_copy(arena, rlv_str_from(key));
        ev.note = metadata_of(arena, moved);
    }
    if (ev.type.len == 0 && is_handover(json_string_value(json_object_get(change->value, "type"))))
        ev.type = rlv_json_text(arena, change->value, "type");
    if (ev.type.len == 0) {
        change->unknown = true;
        return;
    }
    push(change, ev, change->value);
}

/* ---- the walk ---- */

static rlv_str phone_of(rlv_arena *arena, const json_t *value, const json_t *entry)
{
    static const char *const places[] = {"metadata", "recipient"};
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        rlv_str id = rlv_json_text(arena, json_object_get(value, places[i]), "phone_number_id");
        if (id.len > 0)
            return id;
    }
    rlv_str id = rlv_json_text(arena, value, "phone_number_id");
    if (id.len == 0)
        id = rlv_json_text(arena, entry, "id");
    return id.len > 0 ? id : RLV_STR("unknown");
}

static void read_change(struct walk *walk, const json_t *entry, const json_t *whole)
{
    const json_t *value = json_object_get(whole, "value");
    struct change change = {.walk = walk,
                            .value = value,
                            .field = rlv_json_text(walk->arena, whole, "field"),
                            .phone_number_id = phone_of(walk->arena, value, entry)};
    size_t before = walk->n;
    const char *name;
    json_t *items;
    change.standby = rlv_str_is(change.field, "standby");
    if (rlv_str_is(change.field, "messaging_handovers"))
        read_handover(&change);
    else
        json_object_foreach((json_t *)value, name, items) read_member(&change, name, items);
    if (change.unknown || walk->n == before) {
        rlv_event ev = {.kind = RLV_EVENT_UNKNOWN, .type = change.field};
        read_customer(&change, &ev); /* the only one that it names */
        push(&change, ev, whole);
    }
}

static void read_entry(struct walk *walk, const json_t *entry)
{
    const json_t *changes = json_object_get(entry, "changes");
    size_t i;
    json_t *change;
    if (json_array_size(changes) == 0) {
        read_change(walk, entry, entry);
        return;
    }
    json_array_foreach((json_t *)changes, i, change) read_change(walk, entry, change);
}

/* What parsing would cost, seen without parsing: a small body can hold very many values. */
static int check_cost(rlv_str json, rlv_error *err)
{
    size_t values = 0, depth = 0, deepest = 0;
    bool quoted = false;
    if (json.len > RLV_WEBHOOK_MAX)
        return rlv_error_set(err, RLV_E_LIMIT, "a webhook of %zu bytes; Meta sends at most %d", json.len,
                             RLV_WEBHOOK_MAX);
    for (size_t i = 0; i < json.len; i++) {
        char c = json.ptr[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
            continue;
        }
        quoted = c == '"';
        values += c == ',' || c == '[' || c == '{';
        if (c == '[' || c == '{')
            deepest = ++depth > deepest ? depth : deepest;
        else if ((c == ']' || c == '}') && depth > 0)
            depth--;
    }
    if (deepest > RLV_WEBHOOK_DEPTH || values > RLV_WEBHOOK_VALUES)
        return rlv_error_set(err, RLV_E_LIMIT,
                             "a webhook of %zu levels and %zu values; Meta's are far smaller", deepest,
                             values);
    return RLV_OK;
}

int rlv_webhook_parse(rlv_str json, rlv_arena *arena, rlv_event **ret, size_t *ret_n, rlv_error *err)
{
    int rc = check_cost(json, err);
    if (rc)
        return rc;
    json_error_t je;
    json_t *root = json_loadb(json.len ? json.ptr : "", json.len, JSON_ALLOW_NUL, &je);
    if (!root) {
        rlv_str mended = rlv_json_mend(arena, json);
        root = json_loadb(mended.len ? mended.ptr : "", mended.len, JSON_ALLOW_NUL, &je);
    }
    if (!root && rlv_arena_overflowed(arena))
        return rlv_error_set(err, RLV_E_LIMIT, "no room to read a webhook of %zu bytes", json.len);
    if (!root)
        return rlv_error_set(err, RLV_E_DECODE, "the webhook is not JSON: line %d, column %d", je.line,
                             je.column);
    const json_t *entries = json_object_get(root, "entry");
    struct walk walk = {.arena = arena};
    size_t i;
    json_t *entry;
    json_array_foreach((json_t *)entries, i, entry) read_entry(&walk, entry);
    if (!json_is_array(entries))
        rc = rlv_error_set(err, RLV_E_DECODE, "not a webhook of WhatsApp's: it has no \"entry\"");
    else if (walk.full || rlv_arena_overflowed(arena))
        rc = rlv_error_set(err, RLV_E_LIMIT, "no room for the events of a webhook of %zu bytes", json.len);
    json_decref(root);
    if (rc == RLV_OK) {
        *ret = walk.events;
        *ret_n = walk.n;
    }
    return rc;
}

rlv_str rlv_event_key(const rlv_event *ev, rlv_arena *arena)
{
    rlv_str who = rlv_event_identity(ev);
    size_t len = ev->phone_number_id.len + 1 + who.len;
    char *key = rlv_arena_alloc(arena, len);
    if (!key)
        return (rlv_str){NULL, 0};
    if (ev->phone_number_id.len > 0)
        memcpy(key, ev->phone_number_id.ptr, ev->phone_number_id.len);
    key[ev->phone_number_id.len] = ':';
    if (who.len > 0)
        memcpy(key + ev->phone_number_id.len + 1, who.ptr, who.len);
    return (rlv_str){key, len};
}
