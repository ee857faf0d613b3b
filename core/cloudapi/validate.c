/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the Cloud API refuses, by its documentation of messages and error codes. Must never be stricter than
 * the real one: what is not known here is let pass.
 */
#include <stdarg.h>
#include <stdio.h>

#include "cloudapi/private.h"

enum {
    MISSING = 100,
    WANTED = 131008,
    INVALID = 131009,
    UNSUPPORTED = 131051
};

static const struct {
    int code;
    unsigned status;
    const char *words;
} codes[] = {
    {1, 500, "API Unknown"},
    {2, 503, "API Service"},
    {4, 400, "API Too Many Calls"},
    {10, 403, "Permission Denied"},
    {MISSING, 400, "Invalid parameter"},
    {190, 401, "Access token has expired"},
    {368, 403, "Temporarily blocked for policies violations"},
    {80007, 400, "Rate limit issues"},
    {130429, 429, "Rate limit hit"},
    {130497, 403, "Business account is restricted from messaging users in this country."},
    {131000, 500, "Something went wrong"},
    {131005, 403, "Access denied"},
    {WANTED, 400, "Required parameter is missing"},
    {INVALID, 400, "Parameter value is not valid"},
    {131016, 503, "Service unavailable"},
    {131021, 400, "Recipient cannot be sender"},
    {131026, 400, "Message undeliverable"},
    {131031, 403, "Account has been locked"},
    {131047, 400, "Re-engagement message"},
    {131048, 400, "Spam rate limit hit"},
    {131049, 400, "This message was not delivered to maintain healthy ecosystem engagement."},
    {UNSUPPORTED, 400, "Unsupported message type"},
    {131052, 400, "Media download error"},
    {131053, 400, "Media upload error"},
    {131056, 400, "(Business Account, Consumer Account) pair rate limit hit"},
    {131057, 403, "Account in maintenance mode"},
    {132000, 400, "Template Param Count Mismatch"},
    {132001, 404, "Template name does not exist in the translation"},
    {133010, 400, "Phone number Not Registered"},
};

const char *rlv_error_words(int code)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
        if (codes[i].code == code)
            return codes[i].words;
    return "Something went wrong";
}

unsigned rlv_error_status(int code)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
        if (codes[i].code == code)
            return codes[i].status;
    return 400;
}

static int no(int code, char details[200], const char *fmt, ...) RLV_PRINTF(3, 4);
static int no(int code, char details[200], const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(details, 200, fmt, ap);
    va_end(ap);
    return code;
}

/* Characters, as the limits count them. */
static size_t characters(const json_t *text)
{
    size_t n = 0;
    const char *s = json_string_value(text);
    for (size_t i = 0; s && i < json_string_length(text); i++)
        n += ((unsigned char)s[i] & 0xC0) != 0x80;
    return n;
}

/* A text of 1 to max characters; absent is fine unless it is wanted. */
static int text(const json_t *object, const char *key, const char *where, size_t max, bool wanted,
                char details[200])
{
    const json_t *value = json_object_get(object, key);
    if (!value)
        return wanted ? no(WANTED, details, "%s%s is required", where, key) : 0;
    if (!json_is_string(value) || characters(value) == 0)
        return no(INVALID, details, "%s%s must be a text that is not empty", where, key);
    if (characters(value) > max)
        return no(INVALID, details, "%s%s must be at most %zu characters", where, key, max);
    return 0;
}

static int media_of(const char *type, const json_t *content, const json_t *media, char details[200])
{
    const char *id = json_string_value(json_object_get(content, "id"));
    const char *link = json_string_value(json_object_get(content, "link"));
    if ((id == NULL) == (link == NULL))
        return no(WANTED, details, "%s needs either id or link", type);
    if (id && !json_object_get(media, id))
        return no(MISSING, details, "%s.id '%.60s' is no uploaded media", type, id);
    if (link && strncmp(link, "https://", 8) != 0 && strncmp(link, "http://", 7) != 0)
        return no(INVALID, details, "%s.link must be a URL", type);
    return text(content, "caption", type, 1024, false, details);
}

/* ---- interactive ---- */

static int buttons(const json_t *action, char details[200])
{
    const json_t *list = json_object_get(action, "buttons");
    size_t n = json_array_size(list), i;
    json_t *button;
    if (n < 1 || n > 3)
        return no(INVALID, details, "interactive.action.buttons: 1 to 3 of them");
    json_array_foreach((json_t *)list, i, button)
    {
        const json_t *reply = json_object_get(button, "reply");
        int code = text(reply, "id", "button.reply.", 256, true, details);
        if (code == 0)
            code = text(reply, "title", "button.reply.", 20, true, details);
        for (size_t j = 0; code == 0 && j < i; j++) {
            const json_t *other = json_object_get(json_array_get(list, j), "reply");
            if (json_equal(json_object_get(other, "id"), json_object_get(reply, "id")) ||
                json_equal(json_object_get(other, "title"), json_object_get(reply, "title")))
                code = no(INVALID, details, "interactive.action.buttons: ids and titles must differ");
        }
        if (code)
            return code;
    }
    return 0;
}

static int list_rows(const json_t *section, size_t *total, char details[200])
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(section, "rows"), i, row)
    {
        int code = text(row, "id", "row.", 200, true, details);
        if (code == 0)
            code = text(row, "title", "row.", 24, true, details);
        if (code == 0)
            code = text(row, "description", "row.", 72, false, details);
        if (code)
            return code;
        ++*total;
    }
    return 0;
}

static int list(const json_t *action, char details[200])
{
    const json_t *sections = json_object_get(action, "sections");
    size_t n = json_array_size(sections), i, total = 0;
    json_t *section;
    int code = text(action, "button", "interactive.action.", 20, true, details);
    if (code)
        return code;
    if (n < 1 || n > 10)
        return no(INVALID, details, "interactive.action.sections: 1 to 10 of them");
    json_array_foreach((json_t *)sections, i, section)
    {
        code = text(section, "title", "section.", 24, n > 1, details);
        if (code == 0)
            code = list_rows(section, &total, details);
        if (code)
            return code;
    }
    if (total < 1 || total > 10)
        return no(INVALID, details, "interactive.action.sections: 1 to 10 rows in all, not %zu", total);
    return 0;
}

static int interactive(const json_t *content, char details[200])
{
    const char *type = json_string_value(json_object_get(content, "type"));
    const json_t *header = json_object_get(content, "header"), *action = json_object_get(content, "action");
    rlv_str t = rlv_str_from(type);
    bool chooses = rlv_str_is(t, "button") || rlv_str_is(t, "list");
    if (!type)
        return no(WANTED, details, "interactive.type is required");
    int code = text(json_object_get(content, "body"), "text", "interactive.body.",
                    rlv_str_is(t, "list") ? 4096 : 1024, chooses, details);
    if (code == 0)
        code = text(json_object_get(content, "footer"), "text", "interactive.footer.", 60, false, details);
    if (code == 0 && rlv_str_is(rlv_str_from(json_string_value(json_object_get(header, "type"))), "text"))
        code = text(header, "text", "interactive.header.", 60, true, details);
    if (code == 0 && !json_is_object(action))
        code = no(WANTED, details, "interactive.action is required");
    if (code == 0 && rlv_str_is(t, "button"))
        code = buttons(action, details);
    if (code == 0 && rlv_str_is(t, "list"))
        code = list(action, details);
    return code;
}

/* ---- the others ---- */

static int template_of(const json_t *content, char details[200])
{
    int code = text(content, "name", "template.", 512, true, details);
    if (code == 0)
        code = text(json_object_get(content, "language"), "code", "template.language.", 20, true, details);
    const char *name = json_string_value(json_object_get(content, "name"));
    if (code == 0 && strcmp(name, "missing") == 0)
        code = no(132001, details, "template name (missing) does not exist in the translation");
    return code;
}

static int contacts(const json_t *content, char details[200])
{
    size_t i;
    json_t *contact;
    if (json_array_size(content) == 0)
        return no(WANTED, details, "contacts must hold at least one");
    json_array_foreach((json_t *)content, i, contact)
    {
        int code =
            text(json_object_get(contact, "name"), "formatted_name", "contacts.name.", 1024, true, details);
        if (code)
            return code;
    }
    return 0;
}

static int content_of(const char *type, const json_t *content, const json_t *media, char details[200])
{
    static const char *const files[] = {"image", "audio", "video", "document", "sticker"};
    rlv_str t = rlv_str_from(type);
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        if (rlv_str_is(t, files[i]))
            return media_of(type, content, media, details);
    if (rlv_str_is(t, "text"))
        return text(content, "body", "text.", 4096, true, details);
    if (rlv_str_is(t, "interactive"))
        return interactive(content, details);
    if (rlv_str_is(t, "template"))
        return template_of(content, details);
    if (rlv_str_is(t, "contacts"))
        return contacts(content, details);
    if (rlv_str_is(t, "location"))
        return json_object_get(content, "latitude") && json_object_get(content, "longitude")
                   ? 0
                   : no(WANTED, details, "location needs latitude and longitude");
    if (rlv_str_is(t, "reaction")) {
        int code = text(content, "message_id", "reaction.", 512, true, details);
        return code == 0 && !json_is_string(json_object_get(content, "emoji"))
                   ? no(WANTED, details, "reaction.emoji is required, empty to take it back")
                   : code;
    }
    return no(UNSUPPORTED, details, "type '%.40s' is not one that can be sent", type);
}

int rlv_send_check(const json_t *send, const json_t *media, char details[200])
{
    const char *type = json_string_value(json_object_get(send, "type"));
    const json_t *context = json_object_get(send, "context");
    const json_t *data = json_object_get(send, "biz_opaque_callback_data");
    if (!json_is_string(json_object_get(send, "to")) && !json_is_string(json_object_get(send, "recipient")))
        return no(MISSING, details, "The parameter to is required.");
    if (!type)
        type = json_object_get(send, "text") ? "text" : NULL; /* the default */
    if (!type)
        return no(MISSING, details, "The parameter type is required.");
    if (context && !json_is_string(json_object_get(context, "message_id")))
        return no(WANTED, details, "context.message_id is required");
    if (data && (!json_is_string(data) || characters(data) > 512))
        return no(INVALID, details, "biz_opaque_callback_data must be a text of at most 512 characters");
    const json_t *content = json_object_get(send, type);
    if (!content)
        return no(WANTED, details, "The parameter %.40s is required.", type);
    return content_of(type, content, media, details);
}
