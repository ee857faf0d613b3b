/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trigger for customers who are losing patience: anger now, a very negative message, or a mood that stays
 * bad over several messages. It must never judge words by itself: it weighs what the classifier read.
 */
#include <stdio.h>
#include <stdlib.h>

#include "relevo/plugin.h"
#include "text/text.h"

#define EVIDENCE_MAX 120u /* bytes of the message that are shown */
#define DECAY 0.7         /* each message counts this much of the one after it */

enum { OPTION_ANGER, OPTION_NEGATIVE, OPTION_TREND, OPTION_MESSAGES, N_OPTIONS };

static const relevo_option options[N_OPTIONS] = {
    [OPTION_ANGER] = {.size = sizeof(relevo_option),
                      .type = RELEVO_OPTION_REAL,
                      .name = "anger",
                      .initial = "0.6",
                      .min = 0,
                      .max = 1,
                      .help = "Fire from this much anger in the message; 0 turns this test off."},
    [OPTION_NEGATIVE] = {.size = sizeof(relevo_option),
                         .type = RELEVO_OPTION_REAL,
                         .name = "negative",
                         .initial = "-0.6",
                         .min = -1,
                         .max = 0,
                         .help = "Fire when the message's sentiment is this low; 0 turns this test off."},
    [OPTION_TREND] = {.size = sizeof(relevo_option),
                      .type = RELEVO_OPTION_REAL,
                      .name = "trend",
                      .initial = "-0.4",
                      .min = -1,
                      .max = 0,
                      .help =
                          "Fire when the mean of the last `messages` is this low; 0 turns this test off."},
    [OPTION_MESSAGES] = {.size = sizeof(relevo_option),
                         .type = RELEVO_OPTION_INTEGER,
                         .name = "messages",
                         .initial = "3",
                         .min = 2,
                         .max = RELEVO_TREND_MAX + 1,
                         .unit = "messages",
                         .help = "How many messages the trend looks at, this one included."},
};

typedef struct trigger {
    double anger, negative, trend; /* 0: that test is off */
    uint32_t messages;             /* 2 to RELEVO_TREND_MAX + 1 */
} trigger;

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    const trigger made = {.anger = values[OPTION_ANGER].real,
                          .negative = values[OPTION_NEGATIVE].real,
                          .trend = values[OPTION_TREND].real,
                          .messages = (uint32_t)values[OPTION_MESSAGES].integer};
    if (made.anger <= 0 && made.negative >= 0 && made.trend >= 0) {
        snprintf(
            error, (size_t)error_size,
            "this trigger would never fire: `anger`, `negative` and `trend` are all 0, give one a limit");
        return RELEVO_E_FAILED;
    }
    trigger *t = malloc(sizeof(*t));
    if (t == NULL) {
        snprintf(error, (size_t)error_size, "out of memory");
        return RELEVO_E_FAILED;
    }
    *t = made;
    *ret_instance = t;
    return RELEVO_OK;
}

static void destroy(void *instance)
{
    free(instance);
}

/* The weighted mean of this message and the ones before it; false while there are too few to speak of a
   trend. */
static bool mean_of(const trigger *t, const relevo_view *view, double *ret_mean)
{
    const relevo_digest *digest = view->digest;
    if (digest->n_trend + 1 < t->messages) {
        return false;
    }
    double sum = view->reading->sentiment, weight = 1, weights = 1;
    for (uint32_t k = 1; k < t->messages; k++) {
        weight *= DECAY;
        sum += weight * digest->trend[digest->n_trend - k];
        weights += weight;
    }
    *ret_mean = sum / weights;
    return true;
}

typedef enum finding { FOUND_NOTHING, FOUND_ANGER, FOUND_NEGATIVE, FOUND_TREND } finding;

/* The strongest of the tests that reached their limits, with its strength from 0 to 1. */
static finding weigh(const trigger *t, const relevo_view *view, double *ret_score)
{
    const relevo_reading *reading = view->reading;
    finding found = FOUND_NOTHING;
    double mean = 0, score = 0;
    if (t->anger > 0 && reading->anger >= t->anger) {
        found = FOUND_ANGER;
        score = reading->anger;
    }
    if (t->negative < 0 && reading->sentiment <= t->negative && -reading->sentiment > score) {
        found = FOUND_NEGATIVE;
        score = -reading->sentiment;
    }
    if (t->trend < 0 && mean_of(t, view, &mean) && mean <= t->trend && -mean > score) {
        found = FOUND_TREND;
        score = -mean;
    }
    if (found != FOUND_NOTHING) {
        *ret_score = score;
    }
    return found;
}

static int32_t judge(const trigger *t, const relevo_view *view, uint32_t i, const relevo_sink *sink)
{
    static const rlt_frame angry[RLT_LANGUAGES] = {[RLT_ES] = {"El cliente está enojado (enojo: ", ")."},
                                               [RLT_PT] = {"O cliente está irritado (irritação: ", ")."},
                                               [RLT_EN] = {"The customer is angry (anger: ", ")."}};
    static const rlt_frame negative[RLT_LANGUAGES] = {[RLT_ES] = {"El mensaje es muy negativo (", ")."},
                                                  [RLT_PT] = {"A mensagem é muito negativa (", ")."},
                                                  [RLT_EN] = {"The message is very negative (", ")."}};
    static const rlt_frame trend[RLT_LANGUAGES] = {[RLT_ES] = {"El cliente sigue molesto (media: ", ")."},
                                               [RLT_PT] = {"O cliente continua insatisfeito (média: ", ")."},
                                               [RLT_EN] = {"The customer stays unhappy (mean: ", ")."}};
    static const rlt_frame *const frames[] = {
        [FOUND_ANGER] = angry, [FOUND_NEGATIVE] = negative, [FOUND_TREND] = trend};
    double score = 0;
    finding found = weigh(t, view, &score);
    if (found == FOUND_NOTHING) {
        return RELEVO_OK;
    }
    const rlt_frame *f = &frames[found][rlt_language_shown(view->language)];
    char reason[160];
    snprintf(reason, sizeof(reason), "%s%.2f%s", f->before, found == FOUND_ANGER ? score : -score, f->after);
    const relevo_answer_trigger answer = {
        .head = {sizeof(answer), RELEVO_ANSWER_TRIGGER},
        .score = score,
        .evidence = rlt_cut(view->message->text, EVIDENCE_MAX),
        .reason = rlt_str(reason),
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

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    .magic = RELEVO_PLUGIN_MAGIC,
    .abi_major = RELEVO_ABI_MAJOR,
    .abi_minor = RELEVO_ABI_MINOR,
    .size = sizeof(relevo_plugin),
    .name = "sentiment",
    .version = RELEVO_VERSION,
    .summary = "Fires on anger, on a very negative message, and on a mood that stays bad.",
    .kind = RELEVO_KIND_TRIGGER,
    .n_options = N_OPTIONS,
    .options = options,
    .create = create,
    .destroy = destroy,
    .trigger = run,
};
