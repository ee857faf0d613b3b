/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The classifier plugin: reads the language, intent, mood and the wish for a person out of each customer
 * message. All files are read in create; classify does no I/O and shares the instance between threads. Where it is told of an endpoint
 * for embeddings, a message that it is not sure about waits for its own.
 */
#include "classifier.h"

#include "reader.h"
#include "text/asker.h"
#include "text/embedding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPTION_INTENTS,
    OPTION_MODEL,
    OPTION_MIN_CONFIDENCE,
    OPTION_PERSON_INTENT,
    OPTION_VECTORS,
    OPTION_MOODS,
    OPTION_DESTINATION,
    OPTION_ENCODER,
    OPTION_PATH,
    OPTION_PREFIX,
    OPTION_WAIT,
    OPTION_SURE,
    N_OPTIONS
};

#define OPTION_SIZE (uint32_t)sizeof(relevo_option)

static const relevo_option options[N_OPTIONS] = {
    {.size = OPTION_SIZE,
     .type = RELEVO_OPTION_PATH,
     .flags = RELEVO_OPTION_REQUIRED,
     .name = "intents",
     .help = "YAML file with the intents and example messages of each."},
    {.size = OPTION_SIZE,
     .type = RELEVO_OPTION_PATH,
     .name = "model",
     .help = "Model made by 'relevo classifier train'; without it the intents are learned at start, which "
             "takes seconds."},
    {.size = OPTION_SIZE,
     .type = RELEVO_OPTION_REAL,
     .name = "min_confidence",
     .initial = "0.3",
     .min = 0,
     .max = 1,
     .help = "An intent of less confidence is not named."},
    {.size = OPTION_SIZE,
     .type = RELEVO_OPTION_STRING,
     .name = "person_intent",
     .initial = RLC_PERSON_INTENT,
     .help = "The intent that means: let me talk to a person."},
    {.size = OPTION_SIZE,
     .type = RELEVO_OPTION_PATH,
     .name = "vectors",
     .help = "Table of word vectors made by './dev vectors': words of like meaning count as alike. Used by a model "
             "that was trained with it, or for learning at start."},
    {.size = OPTION_SIZE,
     .type = RELEVO_OPTION_PATH,
     .name = "moods",
     .help = "Model made by 'relevo classifier train' of messages labelled negative, neutral and positive, which says "
             "the sentiment together with the lexicon; the one that comes with the plugin, unless given; '': the lexicon alone."},
    RLT_OPTION(STRING, "destination", "Name of an endpoint of embeddings in deliver.destinations; none: messages are read by their words alone. "
                                      "It needs a model that was trained with --embeddings."),
    RLT_OPTION(STRING, "encoder", "The endpoint's model: the one that made those embeddings."),
    RLT_OPTION(STRING, "path", "Path of the request, behind the destination's address.", .initial = "/v1/embeddings"),
    RLT_OPTION(STRING, "prefix", "Stands before the message, as it did before the examples: \"query: \" for e5.", .initial = ""),
    RLT_OPTION(DURATION, "wait", "How long a customer's message waits for its embedding.", .initial = "3s", .min = 100, .max = RELEVO_HOLD_MAX),
    RLT_OPTION(REAL, "sure", "A message whose intent is as sure as this (confidence times what is not out of scope) waits for none; 1: all wait.",
               .initial = RLC_SURE, .min = 0, .max = 1),
};

typedef struct classifier {
    rlc_reader reader;
    double min_confidence, sure;
    rlt_asker asker; /* without articles; destination NULL: nothing is asked */
    char *prefix;
    uint32_t dims; /* of the embeddings that it takes */
} classifier;

/* A model whose intents are not those of the file would answer labels that no one configured. */
static bool check_labels(const rlc_examples *examples, const rlc_model *model, const char *path,
                         rlt_error *error)
{
    for (uint32_t i = 0; i < examples->n_labels; i++)
        if (rlc_model_label(model, examples->labels[i]) == model->n_labels)
            return rlt_fail(error, "%s: does not know the intent '%s'; train it again on the present intents",
                            path, examples->labels[i]);
    for (uint32_t i = 0; i < model->n_labels; i++) {
        uint32_t j = 0;
        while (j < examples->n_labels && strcmp(model->labels[i], examples->labels[j]) != 0)
            j++;
        if (j == examples->n_labels)
            return rlt_fail(error, "%s: knows the intent '%s', which the intents do not have; train it again",
                            path, model->labels[i]);
    }
    return true;
}

static bool make_model(const char *intents, const char *path, const rlt_vectors *vectors, rlc_model **ret_model,
                       rlt_error *error)
{
    rlc_examples examples = {0};
    rlc_model *model = NULL;
    bool good =
        rlc_examples_load_intents(intents, &examples, error) && rlc_examples_check(&examples, 2, intents, error);
    if (good && *path)
        good = rlc_model_load(path, &model, error) && check_labels(&examples, model, path, error);
    else if (good)
        good = rlc_train(&examples, &(rlc_training){.vectors = vectors}, &model, error);
    rlc_examples_clear(&examples);
    if (good)
        *ret_model = model;
    else
        rlc_model_free(model);
    return good;
}

static void destroy(void *instance)
{
    classifier *self = instance;
    if (!self)
        return;
    rlc_reader_clear(&self->reader);
    rlt_asker_clear(&self->asker);
    free(self->prefix);
    free(self);
}

static char *text_of(const relevo_value *value)
{
    return strdup(value->text.len ? value->text.ptr : "");
}

/* The endpoint, and whether the models know its embeddings. */
static bool make_asker(classifier *self, const relevo_value *values, rlt_error *error)
{
    char encoder[512];
    const rlc_model *moods = self->reader.moods;
    if (values[OPTION_DESTINATION].text.len == 0)
        return true;
    self->asker = (rlt_asker){.destination = text_of(&values[OPTION_DESTINATION]),
                              .model = text_of(&values[OPTION_ENCODER]),
                              .path = text_of(&values[OPTION_PATH]),
                              .wait_ms = values[OPTION_WAIT].integer};
    self->prefix = text_of(&values[OPTION_PREFIX]);
    self->sure = values[OPTION_SURE].real;
    if (!self->asker.destination || !self->asker.model || !self->asker.path || !self->prefix)
        return rlt_fail(error, "out of memory");
    self->dims = self->reader.model->dense[RLC_WHOLE].dims;
    if (self->dims == 0 && moods)
        self->dims = moods->dense[RLC_WHOLE].dims;
    (void)snprintf(encoder, sizeof encoder, "%s%s", self->prefix, self->asker.model);
    return rlc_reader_takes(&self->reader, self->dims, rlt_hash(rlt_str(encoder))) ||
           rlt_fail(error, "`destination` needs a `model` that was trained with --embeddings of the encoder '%s'", encoder);
}

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    const char *path = values[OPTION_MODEL].text.len ? values[OPTION_MODEL].text.ptr : "";
    const relevo_str table = values[OPTION_VECTORS].text;
    rlt_vectors *vectors = NULL;
    rlt_error failure = {.line = "out of memory"};
    rlc_model *model;
    classifier *made = calloc(1, sizeof *made);
    bool good = made && (table.len == 0 || rlt_vectors_open(table.ptr, &vectors, &failure));
    if (good && !make_model(values[OPTION_INTENTS].text.ptr, path, vectors, &model, &failure)) {
        rlt_vectors_free(vectors);
        good = false;
    }
    if (!good || !rlc_reader_make(model, vectors, values[OPTION_PERSON_INTENT].text.ptr, &made->reader)) {
        (void)snprintf(error, error_size, "%s", failure.line);
        free(made);
        return RELEVO_E_FAILED;
    }
    const relevo_value *moods = &values[OPTION_MOODS];
    if (!rlc_reader_add_moods(&made->reader, moods->text.len ? moods->text.ptr : moods->given ? "" : NULL, &failure) ||
        !make_asker(made, values, &failure)) {
        (void)snprintf(error, error_size, "%s", failure.line);
        destroy(made);
        return RELEVO_E_FAILED;
    }
    made->min_confidence = values[OPTION_MIN_CONFIDENCE].real;
    *ret_instance = made;
    return RELEVO_OK;
}

static int32_t answer(const classifier *self, const rlc_reading *reading, uint32_t view,
                      const relevo_sink *sink)
{
    relevo_answer_reading answer = {
        .head = {sizeof answer, RELEVO_ANSWER_READING},
        .reading = {.size = sizeof answer.reading,
                    .language = rlt_language_code(reading->language),
                    .out_of_scope = reading->out_of_scope,
                    .sentiment = reading->mood.sentiment,
                    .anger = reading->mood.anger,
                    .wants_person = reading->wants_person},
    };
    if (reading->intent && reading->confidence >= self->min_confidence) {
        answer.reading.intent = rlt_str(reading->intent);
        answer.reading.confidence = reading->confidence;
    }
    return sink->emit(sink, view, &answer.head);
}

/* The message waits for its embedding; read by words alone it would be this. */
static int32_t ask(const classifier *self, rlt_work *work, const rlc_reading *reading, const relevo_view *view, uint32_t i, const relevo_sink *sink)
{
    if (!self->asker.destination || !rlt_asker_may(view) || reading->wants_person >= 0.5 || !reading->intent ||
        rlc_is_sure(reading, self->sure) || rlt_asker_awaited(view, work))
        return RELEVO_OK;
    char *body = rlt_embedding_ask(self->asker.model, self->prefix, view->message->text);
    int32_t status = body ? rlt_asker_ask(&self->asker, body, NULL, i, sink) : RELEVO_E_FAILED;
    free(body);
    return status;
}

/* The embedding that a result brings; to be freed. NULL, and the log says so: none. */
static float *embedding_of(const classifier *self, const relevo_result *result, const relevo_sink *sink)
{
    const char *why = "the endpoint gave no embedding";
    float *whole = result->status == 200 ? rlt_embedding_read(result->body, self->dims, &why) : NULL;
    char line[200];
    (void)snprintf(line, sizeof line, "a message is read by its words alone: %s (status %u)", why, result->status);
    if (!whole)
        sink->log(sink, RELEVO_LOG_WARN, rlt_str(line));
    return whole;
}

/* Reads the messages: with `results`, each by the embedding that came; those without one are left to classify. */
static int32_t read_all(const classifier *self, const relevo_view *const *views, const relevo_result *const *results, uint32_t n,
                        const relevo_sink *sink)
{
    int32_t status = RELEVO_E_FAILED;
    rlc_scratch scratch = {0};
    rlt_work *work = rlt_work_new();
    if (!work || !rlc_scratch_make(self->reader.model, &scratch))
        goto done;
    status = RELEVO_OK;
    for (uint32_t i = 0; i < n && status == RELEVO_OK; i++) {
        const relevo_message *message = views[i]->message;
        float *whole = NULL;
        rlc_reading reading;
        if (!message || message->text.len == 0)
            continue; /* a picture says nothing here */
        if (results && !(whole = embedding_of(self, results[i], sink)))
            continue;
        if (rlc_reader_read(&self->reader, work, &scratch, message->text,
                            rlt_language_from(views[i]->language), whole, &reading))
            status = answer(self, &reading, i, sink);
        else
            status = RELEVO_E_FAILED;
        if (status == RELEVO_OK && !results)
            status = ask(self, work, &reading, views[i], i, sink);
        free(whole);
    }
done:
    rlc_scratch_clear(&scratch);
    rlt_work_free(work);
    return status;
}

static int32_t classify(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    return read_all(instance, views, NULL, n, sink);
}

static int32_t on_result(void *instance, const relevo_view *const *views, const relevo_result *const *results, uint32_t n,
                         const relevo_sink *sink)
{
    return read_all(instance, views, results, n, sink);
}

static void intents(void *instance, const relevo_intents *to)
{
    const classifier *self = instance;
    for (uint32_t i = 0; i < self->reader.model->n_labels; i++)
        to->reads(to, rlt_str(self->reader.model->labels[i]));
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    .magic = RELEVO_PLUGIN_MAGIC,
    .abi_major = RELEVO_ABI_MAJOR,
    .abi_minor = RELEVO_ABI_MINOR,
    .size = sizeof(relevo_plugin),
    .name = "classifier",
    .version = RELEVO_VERSION,
    .summary = "Reads language, intent, sentiment, anger and the wish for a person out of each message.",
    .kind = RELEVO_KIND_CLASSIFIER,
    .n_options = N_OPTIONS,
    .options = options,
    .create = create,
    .destroy = destroy,
    .classify = classify,
    .on_result = on_result,
    .tool = rlc_tool,
    .intents = intents,
};
