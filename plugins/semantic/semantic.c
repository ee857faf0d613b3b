/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The semantic plugin: when the words of a message find no article, its meaning may. The message waits (hold_ms) for its embedding, of
 * any endpoint that speaks OpenAI's /v1/embeddings; the article nearest to it is said, word for word. It must never say a thing that is
 * no article, nor ask about a message that words answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "find.h"
#include "text/asker.h"
#include "tool.h"

enum {
    OPTION_VECTORS = RLT_ASKER_OPTIONS,
    OPTION_PREFIX,
    OPTION_PASSAGES,
    OPTION_ENOUGH,
    OPTION_LEAST,
    OPTION_MARGIN,
    OPTION_WORDS,
    N_OPTIONS
};

static const relevo_option options[N_OPTIONS] = {
    RLT_ASKER_ROWS("/v1/embeddings", "3s"),
    RLT_OPTION(PATH, "vectors", "The articles' embeddings: made by `relevo semantic texts` and embed.py, and anew when articles change.",
               .flags = RELEVO_OPTION_REQUIRED),
    RLT_OPTION(STRING, "prefix", "Stands before the message, as it did before the articles' texts: \"query: \" for e5.", .initial = ""),
    RLT_OPTION(STRING, "passages", "Another name of `model`, by which the endpoint embedded answers: none where the prefix alone differs.",
               .initial = ""),
    RLT_OPTION(REAL, "enough", "An article that its words are as near to as this answers by itself, and nothing is embedded.",
               .initial = "0.5", .min = 0, .max = 1),
    RLT_OPTION(REAL, "least", "An article of a smaller cosine is no answer. It depends on the model: see README.md.", .initial = SEM_LEAST,
               .min = 0, .max = 1),
    RLT_OPTION(REAL, "margin", "The next article must be farther than this, or there is no answer.", .initial = SEM_MARGIN, .min = 0, .max = 1),
    RLT_OPTION(REAL, "words", "How much an article's words count besides: those that fit as well as any could are worth this in cosines.",
               .initial = SEM_WORDS, .min = 0, .max = 1),
};

typedef struct semantic {
    rlt_asker asker;
    sem_table table;
    sem_shelf shelf;
    sem_limits limits;
    char *prefix;
    double enough;
} semantic;

static void destroy(void *instance)
{
    semantic *self = instance;
    if (!self)
        return;
    sem_shelf_clear(&self->shelf);
    sem_table_clear(&self->table);
    rlt_asker_clear(&self->asker);
    free(self->prefix);
    free(self);
}

/* Vectors of another knowledge base would find nothing, without a word. */
static bool knows_any(const semantic *self, const char *path, rlt_error *error)
{
    for (uint32_t i = 0; i < self->asker.kb.n; i++)
        if (self->shelf.places[i] < self->table.n_ids)
            return true;
    return rlt_fail(error, "%s: none of its articles is in `kb`; make it anew with `relevo semantic texts` and embed.py", path);
}

/* Embeddings of two models have nothing to do with each other, and often the same length: any article would be as near as any other. */
static bool fits_model(const semantic *self, const relevo_value *values, rlt_error *error)
{
    const relevo_str passages = values[OPTION_PASSAGES].text;
    for (size_t i = 0; i < self->table.n_models; i++) {
        const char *made = self->table.models[i];
        if (!sem_made_by(made, self->prefix, self->asker.model) && !(passages.len && sem_made_by(made, self->prefix, passages.ptr)))
            return rlt_fail(error, "%s: '%.100s' made it, and `model` is '%.100s'; make it anew with embed.py and that model",
                            values[OPTION_VECTORS].text.ptr, made, self->asker.model);
    }
    return true;
}

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    rlt_error failure = {.line = "out of memory"};
    semantic *made = calloc(1, sizeof *made);
    if (!made || !rlt_asker_make(values, &made->asker, &failure) ||
        !sem_table_load(values[OPTION_VECTORS].text.ptr, &made->table, &failure) ||
        !sem_shelf_make(&made->asker.kb, made->asker.index, &made->table, &made->shelf) ||
        !knows_any(made, values[OPTION_VECTORS].text.ptr, &failure) ||
        !(made->prefix = strdup(values[OPTION_PREFIX].text.ptr)) || !fits_model(made, values, &failure)) {
        (void)snprintf(error, error_size, "%s", failure.line);
        destroy(made);
        return RELEVO_E_FAILED;
    }
    made->enough = values[OPTION_ENOUGH].real;
    made->limits = (sem_limits){
        .words = values[OPTION_WORDS].real, .least = values[OPTION_LEAST].real, .margin = values[OPTION_MARGIN].real};
    *ret_instance = made;
    return RELEVO_OK;
}

/* ---- asking ---- */

/* Whether its words, and what was read in it, find no article well enough. False, with *ret_code, out of memory. */
static bool unsure(const semantic *self, rlt_work *work, const relevo_view *view, rlt_asking *ret_asking, int32_t *ret_code)
{
    rlt_doc doc;
    rlt_found found;
    rlt_work_reset(work);
    *ret_code = RELEVO_E_FAILED;
    if (rlt_read(work, view->message->text, &doc) != RLT_OK)
        return false;
    *ret_asking = rlt_asker_asking(&self->asker, view, &doc);
    if (!rlt_search(self->asker.index, work, &doc, ret_asking, &found))
        return false;
    *ret_code = RELEVO_OK;
    return doc.n_tokens > 1 && (!found.best || (!found.best->smalltalk && found.score < self->enough));
}

static int32_t ask(const semantic *self, const relevo_view *view, const rlt_asking *asking, uint32_t i, const relevo_sink *sink)
{
    char *body = rlt_embedding_ask(self->asker.model, self->prefix, view->message->text);
    int32_t code = body ? rlt_asker_ask(&self->asker, body, asking, i, sink) : RELEVO_E_FAILED;
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
        if (!rlt_asker_may(view) || rlt_asker_awaited(view, work))
            continue;
        rlt_asking asking;
        if (unsure(self, work, view, &asking, &code))
            code = ask(self, view, &asking, i, sink);
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

static int32_t answer_to(const semantic *self, rlt_work *work, const relevo_view *view, const relevo_result *result, uint32_t i,
                         const relevo_sink *sink)
{
    const char *why = "the endpoint gave no embedding";
    rlt_doc doc;
    sem_found found;
    float *vector = result->status == 200 ? rlt_embedding_read(result->body, self->table.dimensions, &why) : NULL;
    if (!vector) {
        char line[200];
        (void)snprintf(line, sizeof line, "a message is answered by its words alone: %s (status %u)", why, result->status);
        sink->log(sink, RELEVO_LOG_WARN, rlt_str(line));
        return abstain(sink, i, 0, why);
    }
    rlt_work_reset(work);
    const rlt_asking asking = rlt_asker_asked(&self->asker, view, result->context);
    bool good = rlt_read(work, view->message->text, &doc) == RLT_OK &&
                sem_find(&self->shelf, &self->limits, work, &doc, asking.language, asking.day, vector, &found);
    free(vector);
    if (!good)
        return RELEVO_E_FAILED;
    return found.why ? abstain(sink, i, found.cosine, found.why) : say(found.article, found.cosine, i, sink);
}

static int32_t on_result(void *instance, const relevo_view *const *views, const relevo_result *const *results, uint32_t n,
                         const relevo_sink *sink)
{
    rlt_work *work = rlt_work_new();
    int32_t code = work ? RELEVO_OK : RELEVO_E_FAILED;
    for (uint32_t i = 0; code == RELEVO_OK && i < n; i++)
        if (views[i]->message) /* else nothing waits for it */
            code = answer_to(instance, work, views[i], results[i], i, sink);
    rlt_work_free(work);
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
