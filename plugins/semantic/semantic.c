/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The semantic plugin: when the words of a message find no article, its meaning may. The message waits (hold_ms) for its embedding, of
 * any endpoint that speaks OpenAI's /v1/embeddings; the article nearest to it is said, word for word. It must never say a thing that is
 * no article, nor ask about a message that words answer.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "text/search.h"
#include "tool.h"

enum { MS_PER_DAY = 86400000, MS_PER_HOUR = 3600000, MESSAGE_MAX = 1000 /* bytes that are embedded: a question is shorter */ };
static const double WANTS_PERSON = 0.5;

enum {
    OPTION_DESTINATION,
    OPTION_MODEL,
    OPTION_KB,
    OPTION_VECTORS,
    OPTION_PATH,
    OPTION_PREFIX,
    OPTION_WAIT,
    OPTION_ENOUGH,
    OPTION_LEAST,
    OPTION_MARGIN,
    OPTION_UTC_OFFSET,
    N_OPTIONS
};

#define OPTION(kind, word, text, ...) \
    {.size = (uint32_t)sizeof(relevo_option), .type = RELEVO_OPTION_##kind, .name = word, .help = text, __VA_ARGS__}

static const relevo_option options[N_OPTIONS] = {
    OPTION(STRING, "destination", "Name of the endpoint in deliver.destinations: its address and token stand there.",
           .flags = RELEVO_OPTION_REQUIRED),
    OPTION(STRING, "model", "The model, as the endpoint calls it: the one that made `vectors`.", .flags = RELEVO_OPTION_REQUIRED),
    OPTION(PATH, "kb", "Folder of the articles, the responder's.", .flags = RELEVO_OPTION_REQUIRED),
    OPTION(PATH, "vectors", "The articles' embeddings: made by `relevo semantic texts` and embed.py, and anew when articles change.",
           .flags = RELEVO_OPTION_REQUIRED),
    OPTION(STRING, "path", "Path of the request, behind the destination's address.", .initial = "/v1/embeddings"),
    OPTION(STRING, "prefix", "Stands before the message, as it did before the articles' texts: \"query: \" for e5.", .initial = ""),
    OPTION(DURATION, "wait", "How long a customer's message waits.", .initial = "3s", .min = 100, .max = RELEVO_HOLD_MAX),
    OPTION(REAL, "enough", "An article that its words are as near to as this answers by itself, and nothing is embedded.",
           .initial = "0.5", .min = 0, .max = 1),
    OPTION(REAL, "least", "An article of a smaller cosine is no answer. It depends on the model: see README.md.", .initial = "0.9",
           .min = 0, .max = 1),
    OPTION(REAL, "margin", "The next article must be farther than this, or there is no answer.", .initial = "0.01", .min = 0, .max = 1),
    OPTION(REAL, "utc_offset", "Hours from UTC at the business: when the day of an article's `from` begins.", .initial = "0", .min = -12,
           .max = 14, .unit = "hours"),
};

typedef struct semantic {
    rlt_kb kb;
    rlt_index *index;
    sem_table table;
    char *destination, *path, *model, *prefix;
    int64_t wait_ms, offset_ms;
    double enough, least, margin;
} semantic;

static void destroy(void *instance)
{
    semantic *self = instance;
    if (!self)
        return;
    sem_table_clear(&self->table);
    rlt_index_free(self->index);
    rlt_kb_clear(&self->kb);
    free(self->destination);
    free(self->path);
    free(self->model);
    free(self->prefix);
    free(self);
}

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    rlt_error failure = {"out of memory"};
    semantic *made = calloc(1, sizeof *made);
    if (!made || !rlt_kb_load(values[OPTION_KB].text.ptr, &made->kb, &failure) ||
        !sem_table_load(values[OPTION_VECTORS].text.ptr, &made->table, &failure) || !(made->index = rlt_index_new(&made->kb)) ||
        !(made->destination = strdup(values[OPTION_DESTINATION].text.ptr)) || !(made->path = strdup(values[OPTION_PATH].text.ptr)) ||
        !(made->model = strdup(values[OPTION_MODEL].text.ptr)) || !(made->prefix = strdup(values[OPTION_PREFIX].text.ptr))) {
        (void)snprintf(error, error_size, "%s", failure.line);
        destroy(made);
        return RELEVO_E_FAILED;
    }
    made->wait_ms = values[OPTION_WAIT].integer;
    made->offset_ms = (int64_t)(values[OPTION_UTC_OFFSET].real * MS_PER_HOUR);
    made->enough = values[OPTION_ENOUGH].real;
    made->least = values[OPTION_LEAST].real;
    made->margin = values[OPTION_MARGIN].real;
    *ret_instance = made;
    return RELEVO_OK;
}

/* ---- asking ---- */

static int64_t day_of(const semantic *self, const relevo_view *view)
{
    return (view->at_ms + self->offset_ms) / MS_PER_DAY;
}

/* Whether its words find no article well enough, and the language to answer in. False, with *ret_code, out of memory. */
static bool unsure(const semantic *self, rlt_work *work, const relevo_view *view, rlt_language *ret_language, int32_t *ret_code)
{
    rlt_doc doc;
    rlt_found found;
    rlt_language language = view->reading ? rlt_language_from(view->reading->language) : RLT_UNKNOWN;
    rlt_work_reset(work);
    bool good = rlt_read(work, view->message->text, &doc) == RLT_OK;
    if (good && language == RLT_UNKNOWN)
        language = rlt_language_guess(&doc, NULL);
    *ret_language = language != RLT_UNKNOWN ? language : rlt_language_from(view->language);
    if (!good || !rlt_search(self->index, work, &doc, language, day_of(self, view), &found)) {
        *ret_code = RELEVO_E_FAILED;
        return false;
    }
    return doc.n_tokens > 1 && (!found.best || (!found.best->smalltalk && found.score < self->enough));
}

static int32_t ask(const semantic *self, const relevo_view *view, rlt_language language, uint32_t i, const relevo_sink *sink)
{
    relevo_str text = rlt_cut(view->message->text, MESSAGE_MAX);
    json_t *input = json_sprintf("%s%.*s", self->prefix, (int)text.len, text.ptr);
    json_t *json = input ? json_pack("{ss so}", "model", self->model, "input", input) : NULL;
    char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (!body)
        return RELEVO_E_FAILED;
    const relevo_answer_effect effect = {.head = {sizeof effect, RELEVO_ANSWER_EFFECT},
                                         .timeout_ms = (uint32_t)self->wait_ms,
                                         .destination = rlt_str(self->destination),
                                         .method = RELEVO_STR("POST"),
                                         .path = rlt_str(self->path),
                                         .content_type = RELEVO_STR("application/json"),
                                         .body = rlt_str(body),
                                         .context = rlt_language_code(language), /* a result comes before its reading */
                                         .hold_ms = (uint32_t)self->wait_ms};
    int32_t code = sink->emit(sink, i, &effect.head);
    free(body);
    return code;
}

static int32_t respond(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    const semantic *self = instance;
    rlt_work *work = rlt_work_new();
    int32_t code = work ? RELEVO_OK : RELEVO_E_FAILED;
    for (uint32_t i = 0; code == RELEVO_OK && i < n; i++) {
        const relevo_view *view = views[i];
        if (!RELEVO_HAS(view, may_hold) || !view->may_hold || !view->message || !view->message->text.len || view->message->reply.len ||
            (view->reading && view->reading->wants_person >= WANTS_PERSON))
            continue;
        rlt_language language;
        if (unsure(self, work, view, &language, &code))
            code = ask(self, view, language, i, sink);
    }
    rlt_work_free(work);
    return code;
}

/* ---- the answer ---- */

static int32_t abstain(const relevo_sink *sink, uint32_t i, double best, const char *why)
{
    const relevo_answer_abstain answer = {
        .head = {sizeof answer, RELEVO_ANSWER_ABSTAIN}, .best = best > 0 ? best < 1 ? best : 1 : 0, .reason = rlt_str(why)};
    return sink->emit(sink, i, &answer.head);
}

/* In the customer's language where there is one of it, else in whichever is valid today; NULL: none is. */
static const rlt_article *article_of(const semantic *self, const relevo_view *view, rlt_language language, const char *id)
{
    int64_t day = day_of(self, view);
    const rlt_article *any = NULL;
    for (uint32_t i = 0; i < self->kb.n; i++) {
        const rlt_article *a = &self->kb.articles[i];
        if (!rlt_equal(a->id, rlt_str(id)) || !rlt_is_valid(a, day))
            continue;
        if (a->language == language)
            return a;
        any = any ? any : a;
    }
    return any;
}

static int32_t say(const rlt_article *article, double score, uint32_t i, const relevo_sink *sink)
{
    relevo_choice choices[RELEVO_CHOICES_MAX];
    const relevo_choice *list[RELEVO_CHOICES_MAX];
    for (size_t k = 0; k < article->n_buttons; k++) {
        choices[k] = (relevo_choice){.size = sizeof choices[k], .id = article->buttons[k].id, .title = article->buttons[k].title};
        list[k] = &choices[k];
    }
    const relevo_answer_reply reply = {.head = {sizeof reply, RELEVO_ANSWER_REPLY},
                                       .confidence = score < 1 ? score : 1,
                                       .text = article->answer,
                                       .source = article->id,
                                       .n_choices = (uint32_t)article->n_buttons,
                                       .choices = list,
                                       .media_kind = article->media_kind,
                                       .media_url = article->media_url};
    return sink->emit(sink, i, &reply.head);
}

static int32_t answer_to(const semantic *self, const relevo_view *view, const relevo_result *result, uint32_t i, const relevo_sink *sink)
{
    const char *why = "the endpoint gave no embedding";
    float *vector = result->status == 200 ? sem_vector_read(result->body, self->table.dimensions, &why) : NULL;
    if (!vector) {
        char line[200];
        (void)snprintf(line, sizeof line, "a message is answered by its words alone: %s (status %u)", why, result->status);
        sink->log(sink, RELEVO_LOG_WARN, rlt_str(line));
        return abstain(sink, i, 0, why);
    }
    sem_near near = sem_table_find(&self->table, vector);
    free(vector);
    const rlt_article *article = near.id ? article_of(self, view, rlt_language_from(result->context), near.id) : NULL;
    if (near.score < self->least)
        return abstain(sink, i, near.score, "no article means the same");
    if (near.score - near.second < self->margin)
        return abstain(sink, i, near.score, "two articles mean much the same");
    if (!article)
        return abstain(sink, i, near.score, "the nearest article is gone, or not valid today: make `vectors` anew");
    return say(article, near.score, i, sink);
}

static int32_t on_result(void *instance, const relevo_view *const *views, const relevo_result *const *results, uint32_t n,
                         const relevo_sink *sink)
{
    int32_t code = RELEVO_OK;
    for (uint32_t i = 0; code == RELEVO_OK && i < n; i++)
        if (views[i]->message) /* else nothing waits for it */
            code = answer_to(instance, views[i], results[i], i, sink);
    return code;
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    .magic = RELEVO_PLUGIN_MAGIC,
    .abi_major = RELEVO_ABI_MAJOR,
    .abi_minor = RELEVO_ABI_MINOR,
    .size = sizeof(relevo_plugin),
    .name = "semantic",
    .version = RELEVO_VERSION,
    .summary = "Finds the article that means what the customer asks, where no word does, by embeddings of any endpoint.",
    .kind = RELEVO_KIND_RESPONDER,
    .n_options = N_OPTIONS,
    .options = options,
    .create = create,
    .destroy = destroy,
    .respond = respond,
    .on_result = on_result,
    .tool = sem_tool,
};
