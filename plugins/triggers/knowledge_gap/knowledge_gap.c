/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trigger for when the bot does not know: answers that failed to come, a subject unlike anything known, a
 * customer who asks the same again, or whom the bot does. It runs before this message's responders have answered, so it judges by
 * what came before; of a subject that the classifier does not know, the core asks whether they answered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relevo/plugin.h"
#include "text/text.h"

#define EVIDENCE_MAX 120u  /* bytes of a text that are shown */
#define SCORE_AT_LIMIT 0.8 /* of a count that reaches its limit */
#define SCORE_STEP 0.1     /* for each beyond it */

enum { OPTION_MISSES, OPTION_OUT_OF_SCOPE, OPTION_REPEATS, OPTION_ANSWERED, N_OPTIONS };

static const relevo_option options[N_OPTIONS] = {
    [OPTION_MISSES] =
        {.size = sizeof(relevo_option),
         .type = RELEVO_OPTION_INTEGER,
         .name = "misses",
         .initial = "2",
         .min = 0,
         .max = 100,
         .unit = "messages",
         .help = "Fire after this many messages in a row without an answer; 0 turns this test off."},
    [OPTION_OUT_OF_SCOPE] =
        {.size = sizeof(relevo_option),
         .type = RELEVO_OPTION_REAL,
         .name = "out_of_scope",
         .initial = "0.9",
         .min = 0,
         .max = 1,
         .help = "Fire when the message is this unlike anything known; 0 turns this test off."},
    [OPTION_REPEATS] =
        {.size = sizeof(relevo_option),
         .type = RELEVO_OPTION_INTEGER,
         .name = "repeats",
         .initial = "2",
         .min = 0,
         .max = 100,
         .unit = "times",
         .help = "Fire when the customer has asked the same again this often, or the bot has asked them the same; 0 turns this test off."},
    [OPTION_ANSWERED] =
        {.size = sizeof(relevo_option),
         .type = RELEVO_OPTION_REAL,
         .name = "answered",
         .initial = "0.7",
         .min = 0,
         .max = 1,
         .help = "A message is not out of scope when an answer of this confidence is found for it; 0: even then."},
};

typedef struct trigger {
    uint32_t misses, repeats; /* 0: that test is off */
    double out_of_scope;      /* 0: off */
    double answered;          /* 0: off */
} trigger;

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    const trigger made = {.misses = (uint32_t)values[OPTION_MISSES].integer,
                          .repeats = (uint32_t)values[OPTION_REPEATS].integer,
                          .out_of_scope = values[OPTION_OUT_OF_SCOPE].real,
                          .answered = values[OPTION_ANSWERED].real};
    if (made.misses == 0 && made.repeats == 0 && made.out_of_scope <= 0) {
        snprintf(error, (size_t)error_size,
                 "this trigger would never fire: `misses`, `out_of_scope` and `repeats` are all 0, give one "
                 "a limit");
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

/* 0 below the limit or when the limit is off. */
static double score_of_count(uint32_t count, uint32_t limit)
{
    if (limit == 0 || count < limit) {
        return 0;
    }
    double score = SCORE_AT_LIMIT + SCORE_STEP * (double)(count - limit);
    return score < 1 ? score : 1;
}

static bool is_one_word(relevo_str text)
{
    static const char spaces[] = " \t\r\n";
    uint64_t at = 0;
    while (at < text.len && strchr(spaces, text.ptr[at]))
        at++;
    while (at < text.len && !strchr(spaces, text.ptr[at]))
        at++;
    while (at < text.len && strchr(spaces, text.ptr[at]))
        at++;
    return at == text.len;
}

static double score_of_scope(const trigger *t, const relevo_view *view)
{
    /* "Obg", "jajaja": a word alone is no subject; what nobody answers of it is a miss. */
    if (is_one_word(view->message->text))
        return 0;
    /* What answers a question of the bot, a name or a number, is unlike anything known, and is no gap. */
    if (RELEVO_HAS(view->digest, asked) && view->digest->asked)
        return 0;
    bool out = t->out_of_scope > 0 && view->reading != NULL && view->reading->out_of_scope >= t->out_of_scope;
    return out ? view->reading->out_of_scope : 0;
}

static int32_t judge(const trigger *t, const relevo_view *view, uint32_t i, const relevo_sink *sink)
{
    static const rlt_frame missed[RLT_LANGUAGES] = {[RLT_ES] = {"Mensajes seguidos sin respuesta del bot: ", "."},
                                                [RLT_PT] = {"Mensagens seguidas sem resposta do bot: ", "."},
                                                [RLT_EN] = {"Messages in a row without an answer: ", "."}};
    static const rlt_frame repeated[RLT_LANGUAGES] = {
        [RLT_ES] = {"Se pregunta lo mismo una y otra vez (veces: ", ")."},
        [RLT_PT] = {"Pergunta-se o mesmo repetidas vezes (vezes: ", ")."},
        [RLT_EN] = {"The same is asked over and over (times: ", ")."}};
    static const char *const outside[RLT_LANGUAGES] = {[RLT_ES] = "El bot no conoce este tema.",
                                                       [RLT_PT] = "O bot não conhece este assunto.",
                                                       [RLT_EN] =
                                                           "The bot knows nothing about this subject."};
    const relevo_digest *digest = view->digest;
    double of_misses = score_of_count(digest->misses, t->misses);
    double of_repeats = score_of_count(digest->repeats, t->repeats);
    double score = score_of_scope(t, view);
    rlt_language language = rlt_language_shown(view->language);
    relevo_str evidence = view->message->text;
    char reason[160];
    snprintf(reason, sizeof(reason), "%s", outside[language]);
    if (of_repeats > 0 && of_repeats >= score) {
        score = of_repeats;
        snprintf(reason, sizeof(reason), "%s%u%s", repeated[language].before, digest->repeats,
                 repeated[language].after);
    }
    if (of_misses > 0 && of_misses >= score) {
        score = of_misses;
        snprintf(reason, sizeof(reason), "%s%u%s", missed[language].before, digest->misses,
                 missed[language].after);
        evidence = digest->open_question.len > 0 ? digest->open_question : evidence;
    }
    if (score <= 0) {
        return RELEVO_OK;
    }
    const relevo_answer_trigger answer = {
        .head = {sizeof(answer), RELEVO_ANSWER_TRIGGER},
        .score = score,
        .evidence = rlt_cut(evidence, EVIDENCE_MAX),
        .reason = rlt_str(reason),
        .unless_answered = of_misses > 0 || of_repeats > 0 ? 0 : t->answered,
    };
    return sink->emit(sink, i, &answer.head);
}

static int32_t run(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    for (uint32_t i = 0; i < n; i++) {
        if (views[i]->message != NULL) {
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
    .name = "knowledge_gap",
    .version = RELEVO_VERSION,
    .summary =
        "Fires when the bot has no answers, the subject is unknown, or the customer asks the same again.",
    .kind = RELEVO_KIND_TRIGGER,
    .n_options = N_OPTIONS,
    .options = options,
    .create = create,
    .destroy = destroy,
    .trigger = run,
};
