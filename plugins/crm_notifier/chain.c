/* SPDX-License-Identifier: Apache-2.0 */
/* See chain.h. Must never log what a customer wrote, nor what a CRM answered. */
#include "crm_notifier/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crm_notifier/template.h"
#include "text/text.h"

enum { VERSION = 2, WORDS_MAX = 200 };

/* What is remembered besides the names below: the time as a number; what was kept, when the last answer is there; the amendments that wait for it. */
#define TIME "ms"
#define TOLD "told"
#define DUE "due"

/* Names whose values later steps cannot read from their own view. */
static const char *const frozen[] = {"at",           "handoff.trigger", "handoff.reason", "handoff.evidence", "handoff.score",
                                     "handoff.team", "handoff.priority", "message.id",    "message.text",     "reading.intent",
                                     "ending.agent", "ending.note",      "card.outcome",   "amended"};

#define N_FROZEN (sizeof(frozen) / sizeof(frozen[0]))

static void say(const relevo_sink *sink, uint32_t level, const relevo_result *result, const char *what)
{
    char line[300];
    relevo_str id = rlt_cut(result->effect_id, 64);
    (void)snprintf(line, sizeof(line), "effect %.*s: %s", (int)id.len, id.ptr != NULL ? id.ptr : "", what);
    sink->log(sink, level, rlt_str(line));
}

/* ---- what is remembered ---- */

static json_t *freeze(const subject *about)
{
    json_t *kept = json_object();
    for (size_t i = 0; i < N_FROZEN; i++) {
        json_t *value = fields_get(rlt_str(frozen[i]), about);
        if (!json_is_null(value)) {
            (void)json_object_set(kept, frozen[i], value);
        }
        json_decref(value);
    }
    (void)json_object_set_new(kept, TIME, json_integer(about->at_ms));
    return kept;
}

/* A copy whose texts have at most so many bytes. */
static json_t *shorten(const json_t *kept, uint64_t text_max)
{
    json_t *out = json_copy((json_t *)(uintptr_t)kept);
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(out, name, value)
    {
        if (json_is_string(value)) {
            relevo_str cut = rlt_cut((relevo_str){json_string_value(value), json_string_length(value)}, text_max);
            (void)json_object_set_new(out, name, json_stringn(cut.ptr, (size_t)cut.len));
        }
    }
    return out;
}

/* As much of the texts as there is room for. */
static int32_t remember(const json_t *kept, uint32_t i, const relevo_sink *sink)
{
    for (uint64_t max = WORDS_MAX; max >= 10; max /= 2) {
        json_t *shorter = shorten(kept, max);
        char *text = json_dumps(shorter, JSON_COMPACT | JSON_REAL_PRECISION(6));
        json_decref(shorter);
        const relevo_answer_memory memory = {.head = {sizeof(memory), RELEVO_ANSWER_MEMORY}, .bytes = rlt_str(text)};
        bool fits = text != NULL && memory.bytes.len <= RELEVO_MEMORY_MAX;
        int32_t code = fits ? sink->emit(sink, i, &memory.head) : RELEVO_E_FAILED;
        free(text);
        if (fits) {
            return code;
        }
    }
    return RELEVO_E_FAILED;
}

static int32_t forget(uint32_t i, const relevo_sink *sink)
{
    const relevo_answer_memory memory = {.head = {sizeof(memory), RELEVO_ANSWER_MEMORY}};
    return sink->emit(sink, i, &memory.head);
}

/* ---- a request ---- */

/* The step at or after `from` that is to be taken; p->n: none. */
static size_t next_step(const plan *p, size_t from, const char *event, const json_t *kept)
{
    size_t i = from;
    for (; i < p->n; i++) {
        const step *s = &p->steps[i];
        bool left_out = !plan_is_of(s, event) ||
                        (s->unless != NULL && json_object_get(kept, s->unless) != NULL);
        if (!left_out) {
            break;
        }
    }
    return i;
}

static int32_t emit_step(const plan *p, size_t number, const char *destination, const subject *about, const json_t *ids,
                         uint32_t i, const relevo_sink *sink)
{
    const step *s = &p->steps[number];
    json_t *json = s->body != NULL ? template_fill(s->body, about) : NULL;
    char *body = json != NULL ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    char *path = template_path(s->path, about);
    json_t *where = json_pack("{s:i, s:i, s:s, s:I, s:O}", "v", VERSION, "step", (int)number, "event", about->event, "at",
                              (json_int_t)about->at_ms, "kept", ids);
    char *context = where != NULL ? json_dumps(where, JSON_COMPACT) : NULL;
    const relevo_answer_effect answer = {
        .head = {sizeof(answer), RELEVO_ANSWER_EFFECT},
        .destination = rlt_str(destination),
        .method = rlt_str(s->method),
        .path = rlt_str(path),
        .content_type = RELEVO_STR("application/json"),
        .body = rlt_str(body),
        .context = rlt_str(context),
    };
    bool fine = path != NULL && context != NULL && (s->body == NULL || body != NULL);
    int32_t code = fine ? sink->emit(sink, i, &answer.head) : RELEVO_E_FAILED;
    json_decref(json);
    json_decref(where);
    free(body);
    free(path);
    free(context);
    return code;
}

int32_t chain_begin(const plan *p, const char *destination, const char *event, const relevo_view *view, uint32_t i,
                    const relevo_sink *sink)
{
    const subject about = {.view = view, .event = event, .at_ms = view->at_ms};
    json_t *none = json_object();
    size_t first = next_step(p, 0, event, none);
    int32_t code = RELEVO_OK;
    if (first < p->n) {
        code = emit_step(p, first, destination, &about, none, i, sink);
    }
    if (code == RELEVO_OK && first < p->n && (p->amends || next_step(p, first + 1, event, none) < p->n)) {
        json_t *kept = freeze(&about);
        code = remember(kept, i, sink);
        json_decref(kept);
    }
    json_decref(none);
    return code;
}

/* ---- an amendment ---- */

static json_t *recall(const relevo_view *view)
{
    return json_loadb(view->memory.len > 0 ? view->memory.ptr : "", (size_t)view->memory.len, 0, NULL);
}

/* Asks for the first request about `lines` (may be NULL); `kept` is what is remembered of a chain that is over, and becomes that of this one. */
static int32_t begin_amended(const plan *p, const char *destination, const relevo_view *view, json_t *kept, json_t *lines, uint32_t i,
                             const relevo_sink *sink)
{
    const char *event = plan_events[PLAN_AMENDED];
    json_t *ids = json_incref(json_object_get(kept, TOLD));
    size_t first = next_step(p, 0, event, ids);
    int32_t code = RELEVO_OK;
    if (first < p->n) {
        (void)json_object_del(kept, TOLD);
        (void)json_object_set(kept, "amended", lines);
        code = remember(kept, i, sink);
    }
    if (first < p->n && code == RELEVO_OK) {
        const subject about = {
            .view = view, .event = event, .kept = kept, .at_ms = json_integer_value(json_object_get(kept, TIME))};
        (void)json_object_update(kept, ids);
        code = emit_step(p, first, destination, &about, ids, i, sink);
    }
    json_decref(ids);
    return code;
}

int32_t chain_amend(const plan *p, const char *destination, const relevo_view *view, uint32_t i, const relevo_sink *sink)
{
    const subject about = {.view = view, .at_ms = view->at_ms};
    json_t *kept = recall(view), *lines = fields_get(rlt_str("amended"), &about);
    int32_t code = RELEVO_OK;
    if (json_object_get(kept, TOLD) != NULL) {
        code = begin_amended(p, destination, view, kept, lines, i, sink);
    } else if (kept != NULL && json_is_string(lines)) {
        const char *before = json_string_value(json_object_get(kept, DUE));
        (void)json_object_set_new(kept, DUE, json_sprintf("%s%s%s", before != NULL ? before : "", before != NULL ? "\n" : "",
                                                          json_string_value(lines)));
        code = remember(kept, i, sink);
    }
    json_decref(kept);
    json_decref(lines);
    return code;
}

/* ---- an answer ---- */

/* The value at "results.0.id" as a text; false: there is none, or it is no id. */
static bool pick(const json_t *at, const char *place, char ret_text[PLAN_KEPT_MAX + 1])
{
    char key[64];
    for (const char *p = place; *p != '\0' && at != NULL;) {
        size_t n = strcspn(p, ".");
        (void)snprintf(key, sizeof(key), "%.*s", (int)n, p);
        at = json_is_array(at) ? json_array_get(at, (size_t)strtoul(key, NULL, 10)) : json_object_get(at, key);
        p += n + (p[n] == '.' ? 1 : 0);
    }
    if (json_is_integer(at)) {
        (void)snprintf(ret_text, PLAN_KEPT_MAX + 1, "%lld", (long long)json_integer_value(at));
        return true;
    }
    if (!json_is_string(at) || json_string_length(at) == 0 || json_string_length(at) > PLAN_KEPT_MAX) {
        return false;
    }
    (void)snprintf(ret_text, PLAN_KEPT_MAX + 1, "%s", json_string_value(at));
    return true;
}

/* Adds what the answer to this step holds; a name that it does not hold stays unknown, which `unless` looks at. */
static void keep(const step *s, relevo_str body, json_t *ids)
{
    json_t *answer = json_loadb(body.len > 0 ? body.ptr : "", (size_t)body.len, 0, NULL);
    const char *name = NULL;
    json_t *place = NULL;
    json_object_foreach((json_t *)(uintptr_t)s->keep, name, place)
    {
        char text[PLAN_KEPT_MAX + 1];
        if (pick(answer, json_string_value(place), text)) {
            (void)json_object_set_new(ids, name, json_string(text));
        }
    }
    json_decref(answer);
}

/* What is remembered of the chain that began then; NULL: another handoff has begun since. */
static json_t *thaw(const relevo_view *view, json_int_t at_ms)
{
    json_t *kept = recall(view);
    const subject about = {.view = view, .at_ms = at_ms};
    json_t *at = fields_get(rlt_str("at"), &about);
    bool same = json_is_object(kept) && json_equal(json_object_get(kept, "at"), at);
    json_decref(at);
    if (!same) {
        json_decref(kept);
        return NULL;
    }
    return kept;
}

/* The last answer is there: what is remembered goes, or stays for amendments; those that waited for it come next. */
static int32_t end(const plan *p, const char *destination, const relevo_view *view, size_t number, json_int_t at_ms, json_t *ids, uint32_t i,
                   const relevo_sink *sink)
{
    if (!p->amends) {
        return number > 0 ? forget(i, sink) : RELEVO_OK;
    }
    json_t *kept = thaw(view, at_ms), *due = json_incref(json_object_get(kept, DUE));
    int32_t code = RELEVO_OK;
    (void)json_object_set(kept, TOLD, ids);
    (void)json_object_del(kept, DUE);
    if (due != NULL) {
        code = begin_amended(p, destination, view, kept, due, i, sink);
    } else if (kept != NULL) {
        code = remember(kept, i, sink);
    }
    json_decref(due);
    json_decref(kept);
    return code;
}

/* A refusal ends the chain, too. What was never told cannot be amended; what was can be again. */
static int32_t end_refused(const plan *p, const char *destination, const relevo_view *view, uint32_t i, const relevo_sink *sink,
                           const json_t *where)
{
    const char *event = json_string_value(json_object_get(where, "event"));
    json_int_t at_ms = json_integer_value(json_object_get(where, "at"));
    json_t *ids = json_object_get(where, "kept");
    if (!p->amends || event == NULL || !json_is_object(ids)) {
        return RELEVO_OK;
    }
    if (strcmp(event, plan_events[PLAN_AMENDED]) == 0) {
        return end(p, destination, view, 0, at_ms, ids, i, sink);
    }
    json_t *kept = thaw(view, at_ms);
    int32_t code = kept != NULL ? forget(i, sink) : RELEVO_OK;
    json_decref(kept);
    return code;
}

static int32_t take_next(const plan *p, const char *destination, const relevo_view *view, const relevo_result *result, uint32_t i,
                         const relevo_sink *sink, const json_t *where)
{
    size_t number = (size_t)json_integer_value(json_object_get(where, "step"));
    const char *event = json_string_value(json_object_get(where, "event"));
    json_t *ids = json_object_get(where, "kept");
    json_int_t at_ms = json_integer_value(json_object_get(where, "at"));
    if (number >= p->n || event == NULL || !json_is_object(ids)) {
        say(sink, RELEVO_LOG_WARN, result, "its step is none of the configuration's any more; what follows is left out");
        return RELEVO_OK;
    }
    keep(&p->steps[number], result->body, ids);
    size_t next = next_step(p, number + 1, event, ids);
    if (next >= p->n) {
        return end(p, destination, view, number, at_ms, ids, i, sink);
    }
    json_t *kept = thaw(view, at_ms);
    if (kept == NULL) {
        say(sink, RELEVO_LOG_WARN, result, "a later handoff took its place; what follows is left out");
        return RELEVO_OK;
    }
    (void)json_object_update(kept, ids);
    const subject about = {.view = view, .event = event, .kept = kept, .at_ms = at_ms};
    int32_t code = emit_step(p, next, destination, &about, ids, i, sink);
    json_decref(kept);
    return code;
}

int32_t chain_go_on(const plan *p, const char *destination, const relevo_view *view, const relevo_result *result, uint32_t i,
                    const relevo_sink *sink)
{
    char line[120];
    json_t *where = json_loadb(result->context.len > 0 ? result->context.ptr : "", (size_t)result->context.len, 0, NULL);
    size_t number = (size_t)json_integer_value(json_object_get(where, "step"));
    const char *name = number < p->n && p->steps[number].name != NULL ? p->steps[number].name : "request";
    bool fine = result->status >= 200 && result->status < 300;
    if (result->status == 0) {
        (void)snprintf(line, sizeof(line), "%.40s: the CRM gave no answer", name);
    } else {
        (void)snprintf(line, sizeof(line), "%.40s: the CRM answered %u", name, result->status);
    }
    say(sink, fine ? RELEVO_LOG_DEBUG : RELEVO_LOG_WARN, result, line);
    int32_t code = where == NULL ? RELEVO_OK
                   : fine        ? take_next(p, destination, view, result, i, sink, where)
                                 : end_refused(p, destination, view, i, sink, where);
    json_decref(where);
    return code;
}
