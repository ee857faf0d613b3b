/* SPDX-License-Identifier: Apache-2.0 */
/* Rendering of the timeline; see timeline.h. Must never pass a control character of a customer on to the
 * terminal. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/timeline.h"
#include "model/answer.h"
#include "model/event.h"

enum {
    INDENT = 24
}; /* time, gap, who, gap */

#define BOLD    "1"
#define DIM     "2"
#define RED     "31"
#define GREEN   "32"
#define YELLOW  "33"
#define MAGENTA "35"
#define CYAN    "1;36"

/* ---- pieces
 * -------------------------------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : "";
}

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static bool is(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static void colour(const rlv_timeline *t, rlv_buf *out, const char *code)
{
    if (t->colour)
        rlv_buf_printf(out, "\033[%sm", code);
}

static char *tame(rlv_str s)
{
    char *copy = malloc(s.len + 1);
    if (!copy)
        return NULL;
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    rlv_cli_tame(copy, s.len, true);
    return copy;
}

static void new_line(rlv_buf *out, int indent)
{
    rlv_buf_printf(out, "\n%*s", indent, "");
}

/* Breaks at spaces; the cursor is at column `indent`, where further lines begin too. A longer word stands
 * out. */
static void put_wrapped(const rlv_timeline *t, rlv_buf *out, int indent, rlv_str raw)
{
    char *text = tame(raw);
    if (!text) {
        out->failed = true;
        return;
    }
    int column = indent;
    for (const char *at = text; *at;) {
        if (*at == '\n') {
            new_line(out, indent);
            column = indent;
            at++;
            continue;
        }
        size_t gap = strspn(at, " "), n = strcspn(at + gap, " \n");
        rlv_str word = {at + gap, n};
        int width = rlv_cli_width(word);
        if (column > indent && n && column + (int)gap + width > t->columns) {
            new_line(out, indent);
            column = indent;
        } else if (n) {
            rlv_buf_printf(out, "%*s", (int)(gap > 8 ? 8 : gap), "");
            column += (int)gap;
        }
        rlv_buf_str(out, word);
        column += width;
        at += gap + n;
    }
    free(text);
}

/* The head of a line: time and who. */
static void put_head(const rlv_timeline *t, rlv_buf *out, const json_t *d, const char *who, const char *code)
{
    char when[16] = "--:--:--";
    time_t at = (time_t)(json_integer_value(json_object_get(d, "at")) / 1000);
    struct tm tm;
    if (localtime_r(&at, &tm))
        (void)strftime(when, sizeof(when), "%H:%M:%S", &tm);
    colour(t, out, DIM);
    rlv_buf_printf(out, "%s", when);
    colour(t, out, "0");
    char *name = tame(rlv_str_cut(rlv_str_from(who), 40));
    int pad = INDENT - 12 - rlv_cli_width(rlv_str_from(name));
    rlv_buf_printf(out, "  ");
    colour(t, out, code);
    rlv_buf_printf(out, "%s", name ? name : "");
    colour(t, out, "0");
    rlv_buf_printf(out, "%*s", 2 + (pad > 0 ? pad : 0), "");
    free(name);
}

static void put_line(const rlv_timeline *t, rlv_buf *out, const json_t *d, const char *who, const char *code,
                     const char *text)
{
    put_head(t, out, d, who, code);
    put_wrapped(t, out, INDENT, rlv_str_from(text));
    rlv_buf_printf(out, "\n");
}

static void put_note(const rlv_timeline *t, rlv_buf *out, const char *fmt, ...) RLV_PRINTF(3, 4);
/* A dim line below what it explains. */
static void put_note(const rlv_timeline *t, rlv_buf *out, const char *fmt, ...)
{
    char line[2048];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    colour(t, out, DIM);
    rlv_buf_printf(out, "%*s", INDENT, "");
    put_wrapped(t, out, INDENT, rlv_str_from(line));
    colour(t, out, "0");
    rlv_buf_printf(out, "\n");
}

/* ---- kinds
 * ---------------------------------------------------------------------------------------------------------
 */

static void put_received(const rlv_timeline *t, rlv_buf *out, const json_t *d)
{
    const json_t *m = json_object_get(d, "message");
    const char *event = text_of(d, "event"), *type = text_of(m, "type"), *text = text_of(m, "text");
    char line[8192];
    if (is(event, "message") || is(event, "echo")) {
        bool plain = is(type, "text") || !*type;
        (void)snprintf(line, sizeof(line), "%s%s%s%s%s", plain ? "" : "[", plain ? "" : type,
                       plain ? "" : "]", plain || !*text ? "" : " ", text);
        bool echo = is(event, "echo");
        put_line(t, out, d, echo ? "agent" : "customer", echo ? YELLOW : CYAN, line);
        if (echo)
            put_note(t, out, "written on the business's own phone");
    } else if (is(event, "handover")) {
        put_line(t, out, d, "system", MAGENTA, "Meta passed the conversation on");
    } else if (is(event, "error")) {
        (void)snprintf(line, sizeof(line), "WhatsApp reports error %lld: %s",
                       (long long)json_integer_value(json_object_get(m, "error_code")),
                       text_of(m, "error_title"));
        put_line(t, out, d, "system", RED, line);
    } else if (is(event, "result")) {
        const char *why = text_of(m, "error_title");
        put_note(t, out, *why ? "an effect got no answer: %s" : "an effect got its answer", why);
    } else if (is(event, "command")) {
        (void)snprintf(line, sizeof(line), "a follow-up: the bot begins %s", text_of(m, "reply_id"));
        put_line(t, out, d, "system", MAGENTA, line);
    } else if (is(event, "timer") && is(type, "silence")) {
        put_line(t, out, d, "system", MAGENTA, "the customer says nothing");
    } else if (is(event, "unknown")) {
        put_line(t, out, d, "system", MAGENTA,
                 "WhatsApp sent something that this version does not know; it is kept whole");
    }
}

/* ---- what became of our messages
 * --------------------------------------------------------------------------------------------- */

enum {
    EXCERPT = 48 /* bytes of a message that a later line quotes */
};

/* The id of the message that a status is about: what its callback data (<id>/<part>) begins with. */
static bool about(const json_t *status, char ret_id[RLV_ID_TEXT + 1])
{
    const char *data = text_of(status, "callback_data");
    if (strlen(data) < RLV_ID_TEXT)
        return false;
    memcpy(ret_id, data, RLV_ID_TEXT);
    ret_id[RLV_ID_TEXT] = '\0';
    return true;
}

/* In words: "read", "not delivered: error 131026, ...". */
static void put_end(rlv_buf *out, const json_t *d)
{
    const json_t *s = json_object_get(d, "status");
    const char *title = text_of(s, "error_title"), *kind = text_of(d, "kind");
    if (is(kind, "suppressed"))
        rlv_buf_printf(out, "not sent: a person had taken over");
    else if (is(kind, "undelivered"))
        rlv_buf_printf(out, "%s: %s", is(text_of(s, "status"), "failed") ? "not delivered" : "may not have arrived",
                       *title ? title : "no reason is known");
    else if (is(text_of(s, "status"), "failed"))
        rlv_buf_printf(out, "not delivered: error %lld%s%s",
                       (long long)json_integer_value(json_object_get(s, "error_code")), *title ? ", " : "", title);
    else
        rlv_buf_printf(out, "%s", text_of(s, "status"));
}

/* WhatsApp's states rise; they may come in any order. What is no state of WhatsApp's is the end. */
static size_t rank(const char *words)
{
    static const char *const rising[] = {"", "other", "sent", "delivered", "read", "played"};
    size_t n = sizeof(rising) / sizeof(*rising), i = 0;
    while (i < n && !is(words, rising[i]))
        i++;
    return i;
}

void rlv_timeline_foresee(rlv_timeline *t, const json_t *d)
{
    const json_t *s = json_object_get(d, "status");
    char id[RLV_ID_TEXT + 1];
    if (!s || !about(s, id))
        return;
    rlv_buf words = RLV_BUF_INIT(2000);
    put_end(&words, d);
    if (!t->ends)
        t->ends = json_object();
    if (words.data && rank(words.data) > rank(text_of(t->ends, id)))
        (void)json_object_set_new(t->ends, id, json_string(words.data));
    rlv_buf_free(&words);
}

void rlv_timeline_end(rlv_timeline *t)
{
    json_decref(t->ends);
    json_decref(t->said);
    t->ends = t->said = NULL;
}

/* Below the message when its end is known already; else it is remembered, for the status that will come. */
static void put_delivery(rlv_timeline *t, rlv_buf *out, const json_t *d)
{
    const char *id = text_of(d, "id"), *end = text_of(t->ends, id);
    if (*end) {
        put_note(t, out, "%s%s", rank(end) < 6 ? "WhatsApp: " : "", end);
        return;
    }
    if (!t->said)
        t->said = json_object();
    rlv_str all = rlv_str_from(text_of(json_object_get(d, "said"), "text")), cut = rlv_str_cut(all, EXCERPT);
    if (*id)
        (void)json_object_set_new(t->said, id, json_sprintf("%.*s%s", RLV_STR_ARG(cut), cut.len < all.len ? "..." : ""));
}

static void put_status(const rlv_timeline *t, rlv_buf *out, const json_t *d)
{
    char id[RLV_ID_TEXT + 1] = "";
    if (about(json_object_get(d, "status"), id) && *text_of(t->ends, id))
        return; /* it was printed below its message */
    const char *said = text_of(t->said, id);
    rlv_buf words = RLV_BUF_INIT(2000);
    put_end(&words, d);
    const char *who = is(text_of(d, "kind"), "status") ? "WhatsApp: " : "";
    put_note(t, out, "%s%s%s%s%s", who, words.data ? words.data : "", *said ? ": «" : "", said, *said ? "»" : "");
    rlv_buf_free(&words);
}

static void put_classified(const rlv_timeline *t, rlv_buf *out, const json_t *d)
{
    const json_t *r = json_object_get(d, "reading");
    const char *intent = text_of(r, "intent"), *language = text_of(r, "language");
    rlv_buf line = RLV_BUF_INIT(2000);
    if (*intent)
        rlv_buf_printf(&line, "classified as %s (%.2f)", intent, number_of(r, "confidence"));
    else
        rlv_buf_printf(&line, "classified as nothing known");
    if (*language)
        rlv_buf_printf(&line, ", %s", language);
    double sentiment = number_of(r, "sentiment");
    if (sentiment > -0.05 && sentiment < 0.05)
        rlv_buf_printf(&line, ", sentiment neutral");
    else
        rlv_buf_printf(&line, ", sentiment %+.2f", sentiment);
    if (number_of(r, "anger") >= 0.3)
        rlv_buf_printf(&line, ", anger %.2f", number_of(r, "anger"));
    if (number_of(r, "wants_person") >= 0.3)
        rlv_buf_printf(&line, ", asks for a person %.2f", number_of(r, "wants_person"));
    if (number_of(r, "out_of_scope") >= 0.5)
        rlv_buf_printf(&line, ", out of scope %.2f", number_of(r, "out_of_scope"));
    put_note(t, out, "%s", line.data ? line.data : "");
    rlv_buf_free(&line);
}

static void put_triggered(const rlv_timeline *t, rlv_buf *out, const json_t *d)
{
    const json_t *g = json_object_get(d, "trigger");
    const char *reason = text_of(g, "reason"), *evidence = text_of(g, "evidence");
    const char *what = json_is_true(json_object_get(g, "observed")) ? "was only observed" : "scored";
    if (json_is_true(json_object_get(g, "chosen")))
        what = "fired";
    put_note(t, out, "trigger %s %s: %.2f, needs %.2f%s%s%s%s%s", text_of(g, "trigger"), what,
             number_of(g, "score"), number_of(g, "threshold"), *reason ? "; " : "", reason,
             *evidence ? " «" : "", evidence, *evidence ? "»" : "");
}

/* What the customer could choose, and the media below the text. */
static void put_extras(rlv_timeline *t, rlv_buf *out, const json_t *extras)
{
    rlv_buf titles = RLV_BUF_INIT(4096);
    const json_t *choice;
    size_t i;
    json_array_foreach(json_object_get(extras, "choices"), i, choice)
        rlv_buf_printf(&titles, "%s[%s]", i ? " " : "", text_of(choice, "title"));
    if (titles.len)
        put_note(t, out, "%s: %s", i > RLV_BUTTONS_MAX ? "list" : "buttons", titles.data);
    if (*text_of(extras, "media_url"))
        put_note(t, out, "%s: %s", text_of(extras, "media_kind"), text_of(extras, "media_url"));
    rlv_buf_free(&titles);
}

static void put_said(rlv_timeline *t, rlv_buf *out, const json_t *d, const char *kind)
{
    const json_t *s = json_object_get(d, "said");
    const char *source = text_of(s, "source"), *agent = text_of(s, "agent_id");
    bool notice = strncmp(source, "notice.", 7) == 0;
    if (is(kind, "replied")) {
        put_line(t, out, d, notice ? "system" : "bot", notice ? MAGENTA : GREEN, text_of(s, "text"));
        if (!notice && *source)
            put_note(t, out, "from %s (%.2f)", source, number_of(s, "confidence"));
        put_extras(t, out, json_object_get(s, "extras"));
        put_delivery(t, out, d);
        return;
    }
    put_line(t, out, d, *agent ? agent : "agent", YELLOW, text_of(s, "text"));
    if (is(kind, "noted"))
        put_note(t, out, "a private note");
    else
        put_delivery(t, out, d);
}

/* "bot → queued, team ventas" and below it why. */
static void put_change(const rlv_timeline *t, rlv_buf *out, const json_t *d, const char *kind)
{
    const json_t *c = json_object_get(d, "change"), *route = json_object_get(c, "route");
    const char *reason = text_of(c, "reason"), *trigger = text_of(c, "trigger");
    const char *agent = text_of(d, "agent_id"), *team = text_of(d, "team"), *by = text_of(c, "by");
    rlv_buf line = RLV_BUF_INIT(2000);
    rlv_buf_printf(&line, "owner: %s → %s", text_of(c, "from"), text_of(d, "owner"));
    if (*agent)
        rlv_buf_printf(&line, " %s", agent);
    if (*team)
        rlv_buf_printf(&line, ", team %s", team);
    rlv_buf_printf(&line, " (%s, epoch %lld)", kind,
                   (long long)json_integer_value(json_object_get(d, "epoch")));
    for (char *at = line.data; at && *at; at++)
        if (*at == '_')
            *at = ' ';
    put_line(t, out, d, "system", MAGENTA, line.data ? line.data : "");
    rlv_buf_reset(&line);
    rlv_buf_printf(&line, "cause: %s%s%s", text_of(c, "cause"), *trigger ? " " : "", trigger);
    if (*by)
        rlv_buf_printf(&line, ", by %s", by);
    if (*reason && !*trigger) /* a trigger's was said where it fired */
        rlv_buf_printf(&line, "; %s", reason);
    put_note(t, out, "%s", line.data ? line.data : "");
    rlv_buf_free(&line);
    if (route)
        put_note(t, out, "needs: priority %lld%s%s%s%s",
                 (long long)json_integer_value(json_object_get(route, "priority")),
                 *text_of(route, "team") ? ", team " : "", text_of(route, "team"),
                 *text_of(route, "language") ? ", speaks " : "", text_of(route, "language"));
}

static void put_card(const rlv_timeline *t, rlv_buf *out, const json_t *d)
{
    const json_t *field, *fields = json_object_get(json_object_get(d, "card"), "fields");
    size_t i;
    put_line(t, out, d, "card", BOLD, "what the agent reads:");
    json_array_foreach(fields, i, field)
    {
        char name[64];
        (void)snprintf(name, sizeof(name), "  %.40s", text_of(field, "name"));
        for (char *at = name; *at; at++)
            *at = *at == '_' ? ' ' : *at;
        int pad = 18 - rlv_cli_width(rlv_str_from(name));
        rlv_buf_printf(out, "%*s", INDENT, "");
        colour(t, out, BOLD);
        put_wrapped(t, out, INDENT, rlv_str_from(name));
        colour(t, out, "0");
        rlv_buf_printf(out, "%*s", pad > 1 ? pad : 1, "");
        put_wrapped(t, out, INDENT + (pad > 1 ? 18 : 18 - pad + 1), rlv_str_from(text_of(field, "text")));
        rlv_buf_printf(out, "\n");
    }
}

static void put_rest(const rlv_timeline *t, rlv_buf *out, const json_t *d, const char *kind)
{
    const json_t *slot = json_object_get(d, "slot"), *effect = json_object_get(d, "effect");
    const json_t *failure = json_object_get(d, "failure");
    if (is(kind, "duplicate"))
        put_note(t, out, "WhatsApp sent it again: nothing follows");
    else if (is(kind, "slot_filled"))
        put_note(t, out, "collected: %s = %s", text_of(slot, "name"), text_of(slot, "value"));
    else if (is(kind, "notified"))
        put_note(t, out, "effect: %s %s%s at %s, asked for by %s", text_of(effect, "method"),
                 *text_of(effect, "path") == '/' ? "" : "/", text_of(effect, "path"),
                 text_of(effect, "destination"), text_of(effect, "plugin"));
    else if (is(kind, "failed"))
        put_note(t, out, "plugin %s gave no answer in %s: %s", text_of(failure, "plugin"),
                 text_of(failure, "phase"), text_of(failure, "reason"));
    else if (is(kind, "ignored"))
        put_note(t, out, "ignored: %s", text_of(failure, "reason"));
    else if (is(kind, "held"))
        put_note(t, out, "the bot waits%s%s: %s", *text_of(failure, "plugin") ? " for plugin " : "", text_of(failure, "plugin"),
                 text_of(failure, "reason"));
}

/* Whose conversation the next lines are about, when it is another one than before. */
static void put_title(rlv_timeline *t, rlv_buf *out, const json_t *d)
{
    const char *id = text_of(d, "conversation_id");
    if (is(t->conversation, id))
        return;
    const char *name = text_of(json_object_get(d, "message"), "customer_name");
    char line[512];
    (void)snprintf(line, sizeof(line), "%s%s%s with %s, conversation %s", name, *name ? ", " : "",
                   text_of(d, "customer_id"), text_of(d, "phone_number_id"), id);
    rlv_buf_printf(out, *t->conversation ? "\n" : "");
    colour(t, out, BOLD);
    put_wrapped(t, out, 0, rlv_str_from(line));
    colour(t, out, "0");
    rlv_buf_printf(out, "\n");
    (void)snprintf(t->conversation, sizeof(t->conversation), "%s", id);
}

void rlv_timeline_render(rlv_timeline *t, const json_t *d, rlv_buf *out)
{
    const char *kind = text_of(d, "kind");
    put_title(t, out, d);
    if (is(kind, "received"))
        put_received(t, out, d);
    else if (is(kind, "status") || is(kind, "suppressed") || is(kind, "undelivered"))
        put_status(t, out, d);
    else if (is(kind, "classified"))
        put_classified(t, out, d);
    else if (is(kind, "triggered"))
        put_triggered(t, out, d);
    else if (is(kind, "replied") || is(kind, "answered") || is(kind, "noted"))
        put_said(t, out, d, kind);
    else if (json_object_get(d, "change"))
        put_change(t, out, d, kind);
    else if (is(kind, "summarized"))
        put_card(t, out, d);
    else
        put_rest(t, out, d, kind);
}
