/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trigger that fires on what the classifier read: one of some intents, or an explicit request for a person.
 * It must never read the message by itself: a better classifier makes it better, without a change here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relevo/plugin.h"
#include "text/text.h"

#define EVIDENCE_MAX 120u /* bytes of the message that are shown */
#define LABEL_MAX 64u     /* bytes of a label that are shown in a reason */

enum { OPTION_INTENTS, OPTION_MIN_CONFIDENCE, OPTION_WANTS_PERSON, N_OPTIONS };

static const relevo_option options[N_OPTIONS] = {
    [OPTION_INTENTS] = {.size = sizeof(relevo_option),
                        .type = RELEVO_OPTION_LIST,
                        .name = "intents",
                        .help = "Intents that a person should take; not needed when wants_person is true."},
    [OPTION_MIN_CONFIDENCE] = {.size = sizeof(relevo_option),
                               .type = RELEVO_OPTION_REAL,
                               .name = "min_confidence",
                               .initial = "0.6",
                               .min = 0,
                               .max = 1,
                               .help = "Confidence from which the classifier is believed."},
    [OPTION_WANTS_PERSON] = {.size = sizeof(relevo_option),
                             .type = RELEVO_OPTION_BOOLEAN,
                             .name = "wants_person",
                             .initial = "false",
                             .help = "Also fire when the customer asks for a person in so many words."},
};

typedef struct trigger {
    double min_confidence;
    bool wants_person;
    uint64_t n_intents;
    relevo_str intents[]; /* their bytes follow in the same block */
} trigger;

static int32_t refuse(char *error, uint64_t size, const char *why)
{
    snprintf(error, (size_t)size, "%s", why);
    return RELEVO_E_FAILED;
}

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    const relevo_value *list = &values[OPTION_INTENTS];
    if (list->n_list == 0 && values[OPTION_WANTS_PERSON].integer == 0) {
        return refuse(error, error_size,
                      "this trigger would never fire: list `intents`, or set `wants_person: true`");
    }
    size_t bytes = 0;
    for (uint64_t i = 0; i < list->n_list; i++) {
        if (list->list[i].len == 0) {
            return refuse(error, error_size, "an entry of `intents` is empty: name an intent or remove it");
        }
        bytes += (size_t)list->list[i].len;
    }
    trigger *t = malloc(sizeof(*t) + (size_t)list->n_list * sizeof(t->intents[0]) + bytes);
    if (t == NULL) {
        return refuse(error, error_size, "out of memory");
    }
    t->min_confidence = values[OPTION_MIN_CONFIDENCE].real;
    t->wants_person = values[OPTION_WANTS_PERSON].integer != 0;
    t->n_intents = list->n_list;
    char *at = (char *)&t->intents[t->n_intents];
    for (uint64_t i = 0; i < t->n_intents; i++) {
        memcpy(at, list->list[i].ptr, (size_t)list->list[i].len);
        t->intents[i] = (relevo_str){at, list->list[i].len};
        at += list->list[i].len;
    }
    *ret_instance = t;
    return RELEVO_OK;
}

static void destroy(void *instance)
{
    free(instance);
}

static bool listed(const trigger *t, const relevo_reading *reading)
{
    for (uint64_t i = 0; i < t->n_intents; i++) {
        if (rlt_equal(t->intents[i], reading->intent)) {
            return reading->confidence >= t->min_confidence;
        }
    }
    return false;
}

/* Answers when the intent is listed, or a person is asked for; the stronger of the two speaks. */
static int32_t judge(const trigger *t, const relevo_view *view, uint32_t i, const relevo_sink *sink)
{
    static const char *const asks[RLT_LANGUAGES] = {[RLT_ES] = "El cliente pide hablar con una persona.",
                                                    [RLT_PT] = "O cliente pede para falar com uma pessoa.",
                                                    [RLT_EN] = "The customer asks for a person."};
    static const rlt_frame wants[RLT_LANGUAGES] = {[RLT_ES] = {"La intención del cliente es ", "."},
                                               [RLT_PT] = {"A intenção do cliente é ", "."},
                                               [RLT_EN] = {"The customer's intent is ", "."}};
    const relevo_reading *reading = view->reading;
    bool intent = listed(t, reading);
    bool person = t->wants_person && reading->wants_person >= t->min_confidence;
    if (!intent && !person) {
        return RELEVO_OK;
    }
    rlt_language language = rlt_language_shown(view->language);
    char reason[256];
    if (person && (!intent || reading->wants_person >= reading->confidence)) {
        snprintf(reason, sizeof(reason), "%s", asks[language]);
    } else {
        relevo_str label = rlt_cut(reading->intent, LABEL_MAX);
        snprintf(reason, sizeof(reason), "%s%.*s%s", wants[language].before, (int)label.len, label.ptr,
                 wants[language].after);
    }
    double of_intent = intent ? reading->confidence : 0;
    double of_person = person ? reading->wants_person : 0;
    const relevo_answer_trigger answer = {
        .head = {sizeof(answer), RELEVO_ANSWER_TRIGGER},
        .score = of_intent > of_person ? of_intent : of_person,
        .evidence = rlt_cut(view->message->text, EVIDENCE_MAX),
        .reason = rlt_str(reason),
        .asked = person,
    };
    return sink->emit(sink, i, &answer.head);
}

static int32_t run(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    for (uint32_t i = 0; i < n; i++) {
        if (views[i]->message != NULL && views[i]->reading != NULL) {
            int32_t result = judge(instance, views[i], i, sink);
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
    for (uint64_t i = 0; i < t->n_intents; i++) {
        to->awaits(to, t->intents[i], (relevo_str){NULL, 0});
    }
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    .magic = RELEVO_PLUGIN_MAGIC,
    .abi_major = RELEVO_ABI_MAJOR,
    .abi_minor = RELEVO_ABI_MINOR,
    .size = sizeof(relevo_plugin),
    .name = "intent",
    .version = RELEVO_VERSION,
    .summary = "Fires on intents that a person should take, and on an explicit request for a person.",
    .kind = RELEVO_KIND_TRIGGER,
    .n_options = N_OPTIONS,
    .options = options,
    .create = create,
    .destroy = destroy,
    .trigger = run,
    .intents = intents,
};
