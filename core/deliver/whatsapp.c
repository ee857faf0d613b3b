/* SPDX-License-Identifier: Apache-2.0 */
/* The Cloud API as text; see whatsapp.h. Must never take an answer that it does not understand for a refusal:
   what may have been sent is not sent again. */
#include "deliver/whatsapp.h"

#include <jansson.h>
#include <stdlib.h>

enum {
    CAPTION_MAX = 1024,
    BODY_MAX = 1024,
    LIST_BODY_MAX = 4096,
    HEADER_MAX = 60,
    FOOTER_MAX = 60,
    BUTTONS_MAX = 3,
    BUTTON_MAX = 20,
    BUTTON_ID_MAX = 256,
    ROWS_MAX = 10,
    ROW_MAX = 24,
    ROW_ID_MAX = 200,
    ROW_DESCRIPTION_MAX = 72,
    SECTION_MAX = 24
};

/* ---- splitting
 * ------------------------------------------------------------------------------------------------- */

static bool continues(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

static size_t characters(rlv_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += !continues(s.ptr[i]);
    return n;
}

/* Bytes of the first max characters. */
static size_t prefix(rlv_str s, size_t max)
{
    size_t i = 0;
    for (size_t n = 0; i < s.len; i++)
        if (!continues(s.ptr[i]) && n++ == max)
            break;
    return i;
}

static bool ends_sentence(rlv_str s, size_t i)
{
    return strchr(".!?", s.ptr[i]) != NULL && i + 1 < s.len && s.ptr[i + 1] == ' ';
}

/* Where to cut within the first max characters: after a paragraph, a line, a sentence, a word; in its second
   half, or parts would be needlessly many. */
static size_t cut_at(rlv_str s, size_t max)
{
    size_t end = prefix(s, max), paragraph = 0, line = 0, sentence = 0, word = 0;
    if (end == s.len)
        return end;
    for (size_t i = end / 2; i < end; i++) {
        if (s.ptr[i] == '\n' && i > 0 && s.ptr[i - 1] == '\n')
            paragraph = i + 1;
        else if (s.ptr[i] == '\n')
            line = i + 1;
        else if (ends_sentence(s, i))
            sentence = i + 1;
        else if (s.ptr[i] == ' ')
            word = i + 1;
    }
    const size_t best[] = {paragraph, line, sentence, word};
    for (size_t i = 0; i < sizeof(best) / sizeof(*best); i++)
        if (best[i] > 0 && best[i] <= end)
            return best[i];
    return end;
}

static rlv_str trim(rlv_str s)
{
    while (s.len && strchr(" \n\t\r", s.ptr[s.len - 1]))
        s.len--;
    while (s.len && strchr(" \n\t\r", s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    return s;
}

/* ---- limits
 * ---------------------------------------------------------------------------------------------------- */

static int too_long(rlv_error *err, const char *what, size_t max)
{
    return rlv_error_set(err, RLV_E_INVALID, "%s is longer than the %zu characters that WhatsApp takes", what,
                         max);
}

/* A text at a path: absent is fine unless needed. */
static int check_text(const json_t *text, const char *what, size_t max, bool needed, rlv_error *err)
{
    if (!text && !needed)
        return RLV_OK;
    if (!json_is_string(text) || json_string_length(text) == 0)
        return rlv_error_set(err, RLV_E_INVALID, "%s is missing", what);
    rlv_str s = {json_string_value(text), json_string_length(text)};
    return characters(s) > max ? too_long(err, what, max) : RLV_OK;
}

static int check_buttons(const json_t *action, rlv_error *err)
{
    const json_t *buttons = json_object_get(action, "buttons"), *b;
    size_t i, n = json_array_size(buttons);
    if (n < 1 || n > BUTTONS_MAX)
        return rlv_error_set(err, RLV_E_INVALID, "%zu buttons: WhatsApp takes 1 to %d", n, BUTTONS_MAX);
    int rc = RLV_OK;
    json_array_foreach(buttons, i, b)
    {
        const json_t *reply = json_object_get(b, "reply");
        if (rc == RLV_OK)
            rc = check_text(json_object_get(reply, "id"), "a button's id", BUTTON_ID_MAX, true, err);
        if (rc == RLV_OK)
            rc = check_text(json_object_get(reply, "title"), "a button's title", BUTTON_MAX, true, err);
    }
    return rc;
}

static int check_row(const json_t *row, rlv_error *err)
{
    int rc = check_text(json_object_get(row, "id"), "a row's id", ROW_ID_MAX, true, err);
    if (rc == RLV_OK)
        rc = check_text(json_object_get(row, "title"), "a row's title", ROW_MAX, true, err);
    if (rc == RLV_OK)
        rc = check_text(json_object_get(row, "description"), "a row's description", ROW_DESCRIPTION_MAX,
                        false, err);
    return rc;
}

static int check_list(const json_t *action, rlv_error *err)
{
    const json_t *sections = json_object_get(action, "sections"), *section, *row;
    size_t i, k, rows = 0;
    int rc = check_text(json_object_get(action, "button"), "the list's button", BUTTON_MAX, true, err);
    json_array_foreach(sections, i, section)
    {
        if (rc == RLV_OK)
            rc = check_text(json_object_get(section, "title"), "a section's title", SECTION_MAX,
                            json_array_size(sections) > 1, err);
        json_array_foreach(json_object_get(section, "rows"), k, row)
        {
            if (rc == RLV_OK)
                rc = check_row(row, err);
            rows++;
        }
    }
    if (rc == RLV_OK && (rows < 1 || rows > ROWS_MAX))
        rc =
            rlv_error_set(err, RLV_E_INVALID, "%zu rows in the list: WhatsApp takes 1 to %d", rows, ROWS_MAX);
    return rc;
}

static int check_interactive(const json_t *content, rlv_error *err)
{
    const char *type = json_string_value(json_object_get(content, "type"));
    const json_t *action = json_object_get(content, "action"), *header = json_object_get(content, "header");
    bool list = type && strcmp(type, "list") == 0;
    int rc = check_text(json_object_get(json_object_get(content, "body"), "text"), "the message's body",
                        list ? LIST_BODY_MAX : BODY_MAX, true, err);
    if (rc == RLV_OK)
        rc = check_text(json_object_get(header, "text"), "the header", HEADER_MAX, false, err);
    if (rc == RLV_OK)
        rc = check_text(json_object_get(json_object_get(content, "footer"), "text"), "the footer", FOOTER_MAX,
                        false, err);
    if (rc == RLV_OK && list)
        rc = check_list(action, err);
    if (rc == RLV_OK && type && strcmp(type, "button") == 0)
        rc = check_buttons(action, err);
    return rc; /* other kinds (cta_url, flow, product, ...) have rules of their own: WhatsApp judges them */
}

static int check_media(const json_t *content, rlv_error *err)
{
    if (!json_object_get(content, "id") == !json_object_get(content, "link"))
        return rlv_error_set(err, RLV_E_INVALID, "media is given by id or by link: exactly one of them");
    return check_text(json_object_get(content, "caption"), "the caption", CAPTION_MAX, false, err);
}

static int check_template(const json_t *content, rlv_error *err)
{
    int rc = check_text(json_object_get(content, "name"), "the template's name", 512, true, err);
    if (rc == RLV_OK)
        rc = check_text(json_object_get(json_object_get(content, "language"), "code"),
                        "the template's language", 20, true, err);
    return rc;
}

static int check_content(rlv_str type, const json_t *content, rlv_error *err)
{
    static const char *const media[] = {"image", "audio", "video", "document", "sticker"};
    if (rlv_str_is(type, "interactive"))
        return check_interactive(content, err);
    if (rlv_str_is(type, "template"))
        return check_template(content, err);
    for (size_t i = 0; i < sizeof(media) / sizeof(*media); i++)
        if (rlv_str_is(type, media[i]))
            return check_media(content, err);
    if (rlv_str_is(type, "reaction"))
        return check_text(json_object_get(content, "message_id"), "the message to react to", 512, true, err);
    if (rlv_str_is(type, "location") || rlv_str_is(type, "contacts"))
        return RLV_OK;
    return rlv_error_set(err, RLV_E_INVALID, "messages of type '%.*s' cannot be sent by this version",
                         RLV_STR_ARG(type));
}

/* ---- bodies
 * ---------------------------------------------------------------------------------------------------- */

static json_t *json_text(rlv_str s)
{
    return json_stringn(s.len ? s.ptr : "", s.len);
}

/* Everything but the content. */
static json_t *envelope(const rlv_outbound *m, size_t part)
{
    json_t *j = json_pack("{ss ss}", "messaging_product", "whatsapp", "recipient_type", "individual");
    /* The number when it is known: then webhooks go on carrying it. */
    (void)json_object_set_new(j, m->wa_id.len ? "to" : "recipient",
                              json_text(m->wa_id.len ? m->wa_id : m->user_id));
    (void)json_object_set_new(j, "type", json_text(m->type));
    if (m->context_id.len && part == 0 && !rlv_str_is(m->type, "reaction"))
        (void)json_object_set_new(j, "context", json_pack("{so}", "message_id", json_text(m->context_id)));
    char id[RLV_ID_TEXT + 1], data[RLV_ID_TEXT + 16];
    rlv_id_text(m->id, id);
    (void)snprintf(data, sizeof(data), "%s/%zu", id, part);
    (void)json_object_set_new(j, "biz_opaque_callback_data", json_string(data));
    return j;
}

static rlv_str dump(json_t *j, rlv_arena *arena)
{
    char *text = json_dumps(j, JSON_COMPACT);
    rlv_str copy = rlv_arena_copy(arena, rlv_str_from(text));
    free(text);
    json_decref(j);
    return copy;
}

static int text_bodies(const rlv_outbound *m, rlv_arena *arena, rlv_str *bodies, size_t *n, rlv_error *err)
{
    rlv_str rest = trim(m->text);
    if (rest.len == 0)
        return rlv_error_set(err, RLV_E_INVALID, "the text is empty");
    while (rest.len) {
        if (*n == RLV_PARTS_MAX)
            return too_long(err, "the text", (size_t)RLV_TEXT_MAX * RLV_PARTS_MAX);
        size_t len = cut_at(rest, RLV_TEXT_MAX);
        json_t *j = envelope(m, *n);
        (void)json_object_set_new(
            j, "text",
            json_pack("{sb so}", "preview_url", 0, "body", json_text(trim((rlv_str){rest.ptr, len}))));
        bodies[(*n)++] = dump(j, arena);
        rest = trim((rlv_str){rest.ptr + len, rest.len - len});
    }
    return RLV_OK;
}

/* A read receipt, with "typing..." shown until the answer or 25 s. */
static rlv_str receipt(const rlv_outbound *m, rlv_arena *arena)
{
    return dump(json_pack("{ss ss so s{ss}}", "messaging_product", "whatsapp", "status", "read", "message_id",
                          json_text(m->context_id), "typing_indicator", "type", "text"),
                arena);
}

static int content_body(const rlv_outbound *m, rlv_arena *arena, rlv_str *ret, rlv_error *err)
{
    json_error_t why;
    json_t *content =
        json_loadb(m->content.len ? m->content.ptr : "", m->content.len, JSON_REJECT_DUPLICATES, &why);
    if (!content)
        return rlv_error_set(err, RLV_E_INVALID, "its content is no JSON: %s", why.text);
    int rc = check_content(m->type, content, err);
    if (rc != RLV_OK) {
        json_decref(content);
        return rc;
    }
    json_t *j = envelope(m, 0);
    char *key = strndup(m->type.ptr, m->type.len);
    (void)json_object_set_new(j, key ? key : "", content);
    free(key);
    *ret = dump(j, arena);
    return RLV_OK;
}

int rlv_whatsapp_bodies(const rlv_outbound *message, rlv_arena *arena, rlv_str **ret, size_t *ret_n,
                        rlv_error *err)
{
    rlv_str *bodies = rlv_arena_zalloc(arena, RLV_PARTS_MAX, sizeof(*bodies));
    size_t n = 0;
    int rc = RLV_OK;
    if (!bodies)
        rc = rlv_error_set(err, RLV_E_LIMIT, "the message does not fit in its memory");
    else if (rlv_str_is(message->type, "text"))
        rc = text_bodies(message, arena, bodies, &n, err);
    else if (rlv_whatsapp_is_receipt(message))
        bodies[n++] = receipt(message, arena);
    else
        rc = content_body(message, arena, &bodies[n++], err);
    if (rc == RLV_OK && rlv_arena_overflowed(arena))
        rc = rlv_error_set(err, RLV_E_LIMIT, "the message does not fit in its memory");
    if (rc != RLV_OK)
        return rc;
    *ret = bodies;
    *ret_n = n;
    return RLV_OK;
}

bool rlv_whatsapp_is_receipt(const rlv_outbound *message)
{
    return rlv_str_is(message->type, "read");
}

bool rlv_whatsapp_anytime(const rlv_outbound *message)
{
    return rlv_str_is(message->type, "template");
}

/* ---- answers
 * --------------------------------------------------------------------------------------------------- */

/* Codes of a moment. WhatsApp sent nothing, and will take it later. */
static int64_t retry_wait_ms(int32_t code)
{
    static const struct {
        int32_t code, wait_ms;
    } later[] = {{1, 0},         {2, 0},          {4, 30000},      {80007, 30000},
                 {130429, 2000}, {131000, 0},     {131016, 5000},  {131048, 60000},
                 {131056, 6000}, {131057, 60000}, {131064, 30000}, {133004, 30000}};
    for (size_t i = 0; i < sizeof(later) / sizeof(*later); i++)
        if (later[i].code == code)
            return later[i].wait_ms;
    return -1;
}

/* {"error": {"code": 131047, "message": "...", "error_data": {"details": "..."}, "fbtrace_id": "..."}}. Proxies and gateways say "error" too,
   with a code, a message, a type; no trace of Meta's. Theirs does not tell that WhatsApp took nothing. */
static bool is_error(const json_t *error)
{
    const json_t *code = json_object_get(error, "code");
    return json_is_string(json_object_get(error, "fbtrace_id")) && json_is_integer(code) && json_integer_value(code) >= 0 &&
           json_integer_value(code) <= INT32_MAX;
}

static rlv_verdict judge_error(const json_t *error, int status, rlv_arena *arena)
{
    const char *message = json_string_value(json_object_get(error, "message"));
    const char *details = json_string_value(json_object_get(json_object_get(error, "error_data"), "details"));
    int32_t code = (int32_t)json_integer_value(json_object_get(error, "code"));
    int64_t wait_ms = retry_wait_ms(code);
    rlv_verdict v = {.kind = wait_ms >= 0 ? RLV_VERDICT_RETRY : RLV_VERDICT_FAILED,
                     .code = code,
                     .wait_ms = wait_ms > 0 ? wait_ms : 0,
                     .down = status >= 500};
    /* An error with a code is WhatsApp's word that it took nothing. A code that nobody documented: its status
     * tells. */
    if (wait_ms < 0 && (status >= 500 || status == 429 || status == 408))
        v.kind = RLV_VERDICT_RETRY;
    v.reason = rlv_arena_printf(arena, "WhatsApp answered %d: %s", code,
                                details   ? details
                                : message ? message
                                          : "no reason");
    v.quotes = details || message;
    return v;
}

static rlv_verdict judge_body(const json_t *j, const rlv_http_answer *a, rlv_arena *arena)
{
    const json_t *error = json_object_get(j, "error");
    if (is_error(error))
        return judge_error(error, a->status, arena);
    const json_t *id = json_object_get(json_array_get(json_object_get(j, "messages"), 0), "id");
    bool ok = a->status >= 200 && a->status < 300;
    if (ok && json_is_string(id))
        return (rlv_verdict){.kind = RLV_VERDICT_ACCEPTED,
                             .message_id = rlv_arena_copy(arena, rlv_str_from(json_string_value(id)))};
    if (ok && json_is_true(json_object_get(j, "success")))
        return (rlv_verdict){.kind = RLV_VERDICT_ACCEPTED};
    /* Not WhatsApp's words: somebody in between speaks. */
    bool refused = a->status == 429 || (a->status >= 400 && a->status < 500 && a->status != 408);
    rlv_verdict v = {.kind = a->status == 429 ? RLV_VERDICT_RETRY
                             : refused        ? RLV_VERDICT_FAILED
                                              : RLV_VERDICT_UNKNOWN,
                     .down = a->status >= 500};
    v.reason = rlv_arena_printf(arena, "HTTP %d without WhatsApp's words", a->status);
    return v;
}

rlv_verdict rlv_whatsapp_judge(const rlv_http_answer *answer, rlv_arena *arena)
{
    rlv_verdict v;
    if (answer->status == 0) {
        v = (rlv_verdict){.kind = answer->sent ? RLV_VERDICT_UNKNOWN : RLV_VERDICT_RETRY, .down = true};
        v.reason = rlv_arena_printf(arena, "%s: %s", answer->sent ? "no answer" : "cannot reach WhatsApp",
                                    answer->error);
    } else {
        json_t *j = answer->body.len ? json_loadb(answer->body.ptr, answer->body.len, 0, NULL) : NULL;
        v = judge_body(j, answer, arena);
        json_decref(j);
    }
    if (v.kind == RLV_VERDICT_RETRY && answer->retry_after_ms > v.wait_ms)
        v.wait_ms = answer->retry_after_ms;
    return v;
}
