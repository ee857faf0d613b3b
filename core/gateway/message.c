/* SPDX-License-Identifier: Apache-2.0 */
/* One message of a webhook; see message.h. Must never refuse one: what has no field stays in raw. */
#include "gateway/message.h"

#include <stdlib.h>

static rlv_str copy_text(rlv_arena *arena, const json_t *value)
{
    rlv_str s = {json_string_value(value), json_string_length(value)};
    if (s.len == 0 || !memchr(s.ptr, '\0', s.len))
        return rlv_arena_copy(arena, s);
    char *out = rlv_arena_alloc(arena, s.len * 3);
    size_t n = 0;
    for (size_t i = 0; out && i < s.len; i++) {
        if (s.ptr[i] == '\0') { /* Postgres cannot store it */
            memcpy(out + n, "\xEF\xBF\xBD", 3);
            n += 3;
        } else {
            out[n++] = s.ptr[i];
        }
    }
    return (rlv_str){out, n};
}

rlv_str rlv_json_text(rlv_arena *arena, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? copy_text(arena, value) : (rlv_str){NULL, 0};
}

int64_t rlv_json_time_ms(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    int64_t seconds = 0;
    if (json_is_integer(value))
        seconds = json_integer_value(value);
    else if (!rlv_str_int((rlv_str){json_string_value(value), json_string_length(value)}, &seconds))
        return 0;
    return seconds > 0 && seconds < INT64_MAX / 1000 ? seconds * 1000 : 0;
}

rlv_str rlv_json_raw(rlv_arena *arena, const json_t *value)
{
    /* With 17 digits, the default, 19.432608 becomes 19.432607999999998. */
    const size_t form = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(16);
    size_t len = json_dumpb(value, NULL, 0, form);
    char *text = len > 0 ? rlv_arena_alloc(arena, len) : NULL;
    if (!text || json_dumpb(value, text, len, form) != len)
        return (rlv_str){NULL, 0};
    return (rlv_str){text, len};
}

void rlv_json_errors(rlv_arena *arena, const json_t *object, rlv_event *ev)
{
    const json_t *error = json_array_get(json_object_get(object, "errors"), 0);
    ev->error_code = json_integer_value(json_object_get(error, "code"));
    ev->error_title = rlv_json_text(arena, error, "title");
    if (ev->error_title.len == 0)
        ev->error_title = rlv_json_text(arena, error, "message");
}

/* The first of these members that is there. */
static rlv_str first_text(rlv_arena *arena, const json_t *object, const char *const *keys)
{
    for (; *keys; keys++) {
        rlv_str s = rlv_json_text(arena, object, *keys);
        if (s.len > 0)
            return s;
    }
    return (rlv_str){NULL, 0};
}

static void read_media(rlv_arena *arena, const json_t *content, rlv_event *ev)
{
    ev->media_id = rlv_json_text(arena, content, "id");
    ev->mime_type = rlv_json_text(arena, content, "mime_type");
    ev->text = rlv_json_text(arena, content, "caption");
}

/* A choice: {"type": "button_reply", "button_reply": {"id", "title"}}, or list_reply, or a flow's. */
static void read_interactive(rlv_arena *arena, const json_t *content, rlv_event *ev)
{
    const char *type = json_string_value(json_object_get(content, "type"));
    const json_t *reply = type ? json_object_get(content, type) : NULL;
    ev->reply_id = first_text(arena, reply, (const char *const[]){"id", "name", NULL});
    ev->text = first_text(arena, reply, (const char *const[]){"title", "body", NULL});
}

static void read_contacts(rlv_arena *arena, const json_t *content, rlv_event *ev)
{
    const json_t *name = json_object_get(json_array_get(content, 0), "name");
    ev->text = rlv_json_text(arena, name, "formatted_name");
}

static void read_content(rlv_arena *arena, const json_t *message, rlv_event *ev);

static void read_reaction(rlv_arena *arena, const json_t *content, rlv_event *ev)
{
    ev->context_id = rlv_json_text(arena, content, "message_id");
    ev->text = rlv_json_text(arena, content, "emoji"); /* absent: taken back */
}

/* What replaces the original: {"original_message_id", "message": {"type", ...}}. A revocation has none. */
static void read_edit(rlv_arena *arena, const json_t *content, rlv_event *ev)
{
    const json_t *replacement = json_object_get(content, "message");
    if (!json_object_get(replacement, "edit")) /* never an edit of an edit */
        read_content(arena, replacement, ev);
    ev->context_id = rlv_json_text(arena, content, "original_message_id");
}

static void read_content(rlv_arena *arena, const json_t *message, rlv_event *ev)
{
    static const char *const media[] = {"image", "audio", "voice", "video", "document", "sticker"};
    const char *type = json_string_value(json_object_get(message, "type"));
    if (!type)
        return;
    const json_t *content = json_object_get(message, type);
    rlv_str t = rlv_str_from(type);
    for (size_t i = 0; i < sizeof(media) / sizeof(*media); i++)
        if (rlv_str_is(t, media[i]))
            read_media(arena, content, ev);
    if (rlv_str_is(t, "text") || rlv_str_is(t, "system"))
        ev->text = rlv_json_text(arena, content, "body");
    else if (rlv_str_is(t, "interactive"))
        read_interactive(arena, content, ev);
    else if (rlv_str_is(t, "contacts"))
        read_contacts(arena, content, ev);
    else if (rlv_str_is(t, "reaction"))
        read_reaction(arena, content, ev);
    else if (rlv_str_is(t, "edit") || rlv_str_is(t, "revoke"))
        read_edit(arena, content, ev);
    else if (rlv_str_is(t, "location"))
        ev->text = first_text(arena, content, (const char *const[]){"name", "address", NULL});
    else if (rlv_str_is(t, "order"))
        ev->text = rlv_json_text(arena, content, "text");
    else if (rlv_str_is(t, "button")) {
        ev->text = rlv_json_text(arena, content, "text");
        ev->reply_id = rlv_json_text(arena, content, "payload");
    }
}

/* True when an object has no members but these. */
static bool only_has(const json_t *object, const char *const *known)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        const char *const *k = known;
        while (*k && strcmp(*k, key) != 0)
            k++;
        if (!*k)
            return false;
    }
    return true;
}

/* A plain text, whose every member has a field of ours: most messages are. */
static bool is_plain(const json_t *message)
{
    static const char *const known[] = {"from",      "from_user_id", "to",   "to_user_id", "id",
                                        "timestamp", "type",         "text", "context",    NULL};
    static const char *const in_text[] = {"body", NULL}, *const in_context[] = {"from", "id", NULL};
    return json_is_string(json_object_get(json_object_get(message, "text"), "body")) &&
           only_has(message, known) && only_has(json_object_get(message, "text"), in_text) &&
           only_has(json_object_get(message, "context"), in_context);
}

void rlv_message_read(rlv_arena *arena, const json_t *message, rlv_event *ev)
{
    ev->message_id = rlv_json_text(arena, message, "id");
    ev->sent_ms = rlv_json_time_ms(message, "timestamp");
    ev->type = rlv_json_text(arena, message, "type");
    rlv_json_errors(arena, message, ev);
    read_content(arena, message, ev);
    if (ev->context_id.len == 0)
        ev->context_id = rlv_json_text(arena, json_object_get(message, "context"), "id");
    if (!is_plain(message))
        ev->raw = rlv_json_raw(arena, message);
}
