/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin whose every answer is a function of the message's text alone, so that tests/checker/model.py can predict each
 * decision. It has all operations. It must never look at anything but the message and the handoff.
 *
 *   say X      reply X                        person W   trigger with score 1, evidence W
 *   slot a=b   slot a with value b            maybe      trigger with score MAYBE
 *   amend a=b  the same, and it amends what was over
 *   miss       abstain                        fail       respond fails, and with it the whole call
 *   else       reply "ok"                     ask X      reply "un momento", X asked of the CRM, and X replied to its answer
 *   wait X     the message waits for the CRM, and X is replied to its answer, if that is a good one; "ok" without it
 *   slow       takes SLOW_MS, and replies "ok"
 *   wait       the same without words of its own: a good answer is replied to with "bien", and without it nobody has an answer
 */
#include <relevo/plugin.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#ifndef MAYBE
#define MAYBE 0.3
#endif
#define WAIT_MS 4000u
#define SLOW_MS 100

/* The text behind `word` and a space; false for another text. A lone word has an empty rest. */
static bool starts(relevo_str text, const char *word, relevo_str *ret_rest)
{
    size_t n = strlen(word);
    if (text.len < n || memcmp(text.ptr, word, n) != 0 || (text.len > n && text.ptr[n] != ' '))
        return false;
    *ret_rest = text.len > n ? (relevo_str){text.ptr + n + 1, text.len - n - 1} : (relevo_str){NULL, 0};
    return true;
}

static relevo_str first_word(relevo_str text)
{
    const char *space = text.len ? memchr(text.ptr, ' ', text.len) : NULL;
    return space ? (relevo_str){text.ptr, (uint64_t)(space - text.ptr)} : text;
}

static relevo_str text_of(const relevo_view *view)
{
    return view->message ? view->message->text : (relevo_str){NULL, 0};
}

static int32_t classify(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    for (uint32_t i = 0; i < n; i++) {
        relevo_str text = text_of(views[i]), rest;
        if (starts(text, "slow", &rest))
            (void)nanosleep(&(struct timespec){0, SLOW_MS * 1000000L}, NULL);
        relevo_answer_reading reading = {
            {sizeof(reading), RELEVO_ANSWER_READING},
            {.size = sizeof(reading.reading), .language = RELEVO_STR("es"),
             .intent = first_word(text), .confidence = 1}};
        if (sink->emit(sink, i, &reading.head) != RELEVO_OK)
            return RELEVO_E_FAILED;
        const char *equals, *line;
        bool amends = starts(text, "amend", &rest);
        if ((!amends && !starts(text, "slot", &rest)) || !rest.len)
            continue;
        if ((line = memchr(rest.ptr, '\n', rest.len)))
            rest.len = (uint64_t)(line - rest.ptr);
        if (!(equals = memchr(rest.ptr, '=', rest.len)))
            continue;
        uint64_t name = (uint64_t)(equals - rest.ptr);
        relevo_answer_slot slot = {
            .head = {sizeof(slot), RELEVO_ANSWER_SLOT}, .name = {rest.ptr, name}, .value = {equals + 1, rest.len - name - 1}, .amends = amends};
        if (sink->emit(sink, i, &slot.head) != RELEVO_OK)
            return RELEVO_E_FAILED;
    }
    return RELEVO_OK;
}

static int32_t trigger(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    for (uint32_t i = 0; i < n; i++) {
        relevo_str rest;
        relevo_answer_trigger answer = {.head = {sizeof(answer), RELEVO_ANSWER_TRIGGER}};
        if (starts(text_of(views[i]), "person", &rest)) {
            answer.score = 1;
            answer.evidence = rest;
            answer.reason = (relevo_str)RELEVO_STR("the customer asked for a person");
        } else if (starts(text_of(views[i]), "maybe", &rest)) {
            answer.score = MAYBE;
            answer.evidence = (relevo_str)RELEVO_STR("maybe");
            answer.reason = (relevo_str)RELEVO_STR("the customer may want a person");
        } else {
            continue;
        }
        if (sink->emit(sink, i, &answer.head) != RELEVO_OK)
            return RELEVO_E_FAILED;
    }
    return RELEVO_OK;
}

static int32_t ask(const relevo_sink *sink, uint32_t view, relevo_str what, uint32_t hold_ms)
{
    relevo_answer_effect effect = {.head = {sizeof(effect), RELEVO_ANSWER_EFFECT},
                                   .destination = RELEVO_STR("crm"),
                                   .method = RELEVO_STR("POST"),
                                   .path = RELEVO_STR("/ask"),
                                   .content_type = RELEVO_STR("text/plain"),
                                   .body = what,
                                   .context = what,
                                   .hold_ms = hold_ms};
    return sink->emit(sink, view, &effect.head);
}

static int32_t on_result(void *instance, const relevo_view *const *views, const relevo_result *const *results, uint32_t n,
                         const relevo_sink *sink)
{
    (void)instance;
    for (uint32_t i = 0; i < n; i++) {
        relevo_str rest;
        relevo_answer_reply answer = {.head = {sizeof(answer), RELEVO_ANSWER_REPLY},
                                      .confidence = 0.9,
                                      .text = results[i]->context,
                                      .source = RELEVO_STR("asked")};
        if (views[i]->message) { /* which waited */
            bool good = results[i]->status >= 200 && results[i]->status < 300;
            relevo_answer_abstain none = {
                {sizeof(none), RELEVO_ANSWER_ABSTAIN}, 0, RELEVO_STR("what the CRM says is no answer")};
            answer.confidence = 1;
            if (!answer.text.len)
                answer.text = (relevo_str)RELEVO_STR("bien");
            if (sink->emit(sink, i, good ? &answer.head : &none.head) != RELEVO_OK)
                return RELEVO_E_FAILED;
            continue;
        }
        if (!starts(results[i]->context, "v1", &rest) && sink->emit(sink, i, &answer.head) != RELEVO_OK)
            return RELEVO_E_FAILED;
    }
    return RELEVO_OK;
}

static int32_t respond(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    for (uint32_t i = 0; i < n; i++) {
        relevo_str rest, text = text_of(views[i]);
        int32_t status;
        if (starts(text, "fail", &rest))
            return RELEVO_E_FAILED;
        bool waits = starts(text, "wait", &rest), words = waits && rest.len;
        if (waits && views[i]->may_hold && ask(sink, i, rest, WAIT_MS) != RELEVO_OK)
            return RELEVO_E_FAILED;
        if (waits && !words)
            continue;
        if (starts(text, "miss", &rest)) {
            relevo_answer_abstain answer = {
                {sizeof(answer), RELEVO_ANSWER_ABSTAIN}, 0.1, RELEVO_STR("the script knows no answer")};
            status = sink->emit(sink, i, &answer.head);
        } else {
            relevo_answer_reply answer = {.head = {sizeof(answer), RELEVO_ANSWER_REPLY},
                                          .confidence = 0.9,
                                          .text = RELEVO_STR("ok"),
                                          .source = RELEVO_STR("scripted")};
            if (starts(text, "say", &rest) && rest.len)
                answer.text = rest;
            if (starts(text, "ask", &rest) && rest.len) {
                answer.text = (relevo_str)RELEVO_STR("un momento");
                if (ask(sink, i, rest, 0) != RELEVO_OK)
                    return RELEVO_E_FAILED;
            }
            status = sink->emit(sink, i, &answer.head);
        }
        if (status != RELEVO_OK)
            return RELEVO_E_FAILED;
    }
    return RELEVO_OK;
}

static int32_t route(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance, (void)views;
    for (uint32_t i = 0; i < n; i++) {
        relevo_answer_route answer = {.head = {sizeof(answer), RELEVO_ANSWER_ROUTE},
                                      .priority = 5,
                                      .rank = RELEVO_RANK_LEAST_LOADED,
                                      .team = RELEVO_STR("care")};
        if (sink->emit(sink, i, &answer.head) != RELEVO_OK)
            return RELEVO_E_FAILED;
    }
    return RELEVO_OK;
}

static int32_t card_field(const relevo_sink *sink, uint32_t view, relevo_str name, relevo_str text,
                          relevo_str message_id)
{
    relevo_answer_card field = {{sizeof(field), RELEVO_ANSWER_CARD}, name, text, message_id};
    return sink->emit(sink, view, &field.head);
}

static int32_t summarize(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    for (uint32_t i = 0; i < n; i++) {
        const relevo_view *view = views[i];
        relevo_str none = {NULL, 0}, why = RELEVO_STR("a person took it"), wants = RELEVO_STR("(no text)");
        if (view->handoff && view->handoff->trigger.len)
            why = view->handoff->trigger;
        if (text_of(view).len)
            wants = text_of(view);
        if (card_field(sink, i, (relevo_str)RELEVO_STR("why"), why, none) != RELEVO_OK ||
            card_field(sink, i, (relevo_str)RELEVO_STR("wants"), wants,
                       view->message ? view->message->id : none) != RELEVO_OK)
            return RELEVO_E_FAILED;
    }
    return RELEVO_OK;
}

static int32_t notify(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    for (uint32_t i = 0; i < n; i++) {
        char body[128];
        int length = snprintf(body, sizeof(body), "{\"conversation_id\":\"%.*s\"}",
                              (int)views[i]->conversation_id.len, views[i]->conversation_id.ptr);
        if (length < 0 || (size_t)length >= sizeof(body))
            return RELEVO_E_FAILED;
        relevo_answer_effect effect = {.head = {sizeof(effect), RELEVO_ANSWER_EFFECT},
                                       .destination = RELEVO_STR("crm"),
                                       .method = RELEVO_STR("POST"),
                                       .path = RELEVO_STR("/handoffs"),
                                       .content_type = RELEVO_STR("application/json"),
                                       .body = {body, (uint64_t)length},
                                       .context = RELEVO_STR("v1 handoff")};
        if (sink->emit(sink, i, &effect.head) != RELEVO_OK)
            return RELEVO_E_FAILED;
    }
    return RELEVO_OK;
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    .magic = RELEVO_PLUGIN_MAGIC,
    .abi_major = RELEVO_ABI_MAJOR,
    .abi_minor = RELEVO_ABI_MINOR,
    .size = sizeof(relevo_plugin),
    .name = "scripted",
    .version = "1",
    .summary = "Answers as the message's text says: for tests.",
    .kind = RELEVO_KIND_RESPONDER,
    .classify = classify,
    .trigger = trigger,
    .respond = respond,
    .route = route,
    .summarize = summarize,
    .notify = notify,
    .on_result = on_result,
};
