/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trigger for what can be said over what is known: slots, the kind of message, counts. Words are other triggers' matter;
 * what follows from a score is the policy's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conditions.h"
#include "relevo/plugin.h"
#include "text/text.h"

#define EVIDENCE_MAX 120u
#define REASON_MAX   400u

enum { OPTION_ALL, OPTION_ANY, OPTION_NONE, OPTION_SCORE, OPTION_REASON, N_OPTIONS };

static const relevo_option options[N_OPTIONS] = {
    [OPTION_ALL] = {.size = sizeof(relevo_option),
                    .type = RELEVO_OPTION_JSON,
                    .name = "all",
                    .help = "Conditions that must all hold: see the plugin's README."},
    [OPTION_ANY] = {.size = sizeof(relevo_option),
                    .type = RELEVO_OPTION_JSON,
                    .name = "any",
                    .help = "Conditions of which one must hold."},
    [OPTION_NONE] = {.size = sizeof(relevo_option),
                     .type = RELEVO_OPTION_JSON,
                     .name = "none",
                     .help = "Conditions of which none may hold."},
    [OPTION_SCORE] = {.size = sizeof(relevo_option),
                      .type = RELEVO_OPTION_REAL,
                      .name = "score",
                      .initial = "1",
                      .min = 0,
                      .max = 1,
                      .help = "What it scores when it fires."},
    [OPTION_REASON] = {.size = sizeof(relevo_option),
                       .type = RELEVO_OPTION_JSON,
                       .flags = RELEVO_OPTION_REQUIRED,
                       .name = "reason",
                       .help = "What the agent reads: a sentence, or one for each of es, pt, en."},
};

typedef struct trigger {
    conditions all, any, none;
    bool about_silence, about_result; /* a condition of all or any asks for it; else the trigger is about messages alone */
    double score;
    json_t *reasons;
    relevo_str reason[RLT_LANGUAGES]; /* [RLT_UNKNOWN]: when there is none of the language */
} trigger;

static void destroy(void *instance)
{
    trigger *t = instance;
    if (t == NULL) {
        return;
    }
    conditions_free(&t->all);
    conditions_free(&t->any);
    conditions_free(&t->none);
    json_decref(t->reasons);
    free(t);
}

static bool asks_for(const conditions *list, subject about)
{
    for (size_t i = 0; i < list->n; i++) {
        if (list->items[i].subject == about) {
            return true;
        }
    }
    return false;
}

static bool read_reason(trigger *t, relevo_str text, char *error, size_t size)
{
    t->reasons = json_loadb(text.ptr, (size_t)text.len, JSON_DECODE_ANY, NULL);
    if (json_is_string(t->reasons)) {
        t->reason[RLT_UNKNOWN] = (relevo_str){json_string_value(t->reasons), json_string_length(t->reasons)};
    }
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(t->reasons, key, value)
    {
        rlt_language language = rlt_language_from(rlt_str(key));
        if (language == RLT_UNKNOWN || !json_is_string(value)) {
            snprintf(error, size, "`reason` must be a sentence, or {es: ..., pt: ..., en: ...}");
            return false;
        }
        t->reason[language] = (relevo_str){json_string_value(value), json_string_length(value)};
        if (t->reason[RLT_UNKNOWN].len == 0) {
            t->reason[RLT_UNKNOWN] = t->reason[language];
        }
    }
    for (int i = 0; i < RLT_LANGUAGES; i++) {
        if (t->reason[i].len > REASON_MAX) {
            snprintf(error, size, "`reason` may have at most %u bytes", REASON_MAX);
            return false;
        }
        if (t->reason[i].len == 0) {
            t->reason[i] = t->reason[RLT_UNKNOWN];
        }
    }
    if (t->reason[RLT_UNKNOWN].len == 0) {
        snprintf(error, size, "`reason` must be a sentence, or {es: ..., pt: ..., en: ...}");
        return false;
    }
    return true;
}

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    size_t size = (size_t)error_size;
    trigger *t = calloc(1, sizeof(*t));
    if (t == NULL) {
        snprintf(error, size, "out of memory");
        return RELEVO_E_FAILED;
    }
    t->score = values[OPTION_SCORE].real;
    bool fine = conditions_read("all", values[OPTION_ALL].text, &t->all, error, size) &&
                conditions_read("any", values[OPTION_ANY].text, &t->any, error, size) &&
                conditions_read("none", values[OPTION_NONE].text, &t->none, error, size) &&
                read_reason(t, values[OPTION_REASON].text, error, size);
    t->about_silence = asks_for(&t->all, SUBJECT_SILENCE) || asks_for(&t->any, SUBJECT_SILENCE);
    t->about_result = asks_for(&t->all, SUBJECT_RESULT) || asks_for(&t->any, SUBJECT_RESULT);
    if (fine && t->all.n + t->any.n == 0) {
        snprintf(error, size, "this trigger would always fire: give it conditions under `all` or `any`");
        fine = false;
    }
    if (!fine) {
        destroy(t);
        return RELEVO_E_FAILED;
    }
    *ret_instance = t;
    return RELEVO_OK;
}

static size_t count(const conditions *list, const relevo_view *view)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        n += condition_holds(&list->items[i], view);
    }
    return n;
}

/* The customer's words that it is about: the message, its kind where it has none, or their last before nothing came but a silence or a result. */
static relevo_str words_of(const relevo_view *view)
{
    if (view->message != NULL) {
        return view->message->text.len > 0 ? view->message->text : view->message->type;
    }
    for (uint32_t i = view->n_turns; i > 0; i--) {
        if (view->turns[i - 1]->by == RELEVO_BY_CUSTOMER) {
            return view->turns[i - 1]->text;
        }
    }
    return (relevo_str){NULL, 0};
}

static int32_t judge(const trigger *t, const relevo_view *view, uint32_t i, const relevo_sink *sink)
{
    if (count(&t->all, view) < t->all.n || (t->any.n > 0 && count(&t->any, view) == 0) || count(&t->none, view) > 0) {
        return RELEVO_OK;
    }
    const relevo_answer_trigger answer = {
        .head = {sizeof(answer), RELEVO_ANSWER_TRIGGER},
        .score = t->score,
        .evidence = rlt_cut(words_of(view), EVIDENCE_MAX),
        .reason = t->reason[rlt_language_from(view->language)],
    };
    return sink->emit(sink, i, &answer.head);
}

static int32_t run(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    for (uint32_t i = 0; i < n; i++) {
        const trigger *t = instance;
        const relevo_view *view = views[i];
        if (view->message != NULL || (view->result != NULL ? t->about_result : t->about_silence)) {
            int32_t result = judge(t, view, i, sink);
            if (result != RELEVO_OK) {
                return result;
            }
        }
    }
    return RELEVO_OK;
}

static void intents(void *instance, const relevo_intents *to)
{
    const trigger *t = instance;
    conditions_intents(&t->all, to);
    conditions_intents(&t->any, to);
    conditions_intents(&t->none, to);
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    .magic = RELEVO_PLUGIN_MAGIC,
    .abi_major = RELEVO_ABI_MAJOR,
    .abi_minor = RELEVO_ABI_MINOR,
    .size = sizeof(relevo_plugin),
    .name = "rule",
    .version = RELEVO_VERSION,
    .summary = "Fires on conditions over what is known: slots, tags, the kind of message, counts, silence, results of effects.",
    .kind = RELEVO_KIND_TRIGGER,
    .n_options = N_OPTIONS,
    .options = options,
    .create = create,
    .destroy = destroy,
    .trigger = run,
    .intents = intents,
};
