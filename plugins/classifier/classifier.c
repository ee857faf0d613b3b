/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The classifier plugin: reads the language, intent, mood and the wish for a person out of each customer
 * message. All files are read in create; classify does no I/O and shares the instance between threads.
 */
#include "classifier.h"

#include "reader.h"

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
     .help = "Model made by 'relevo classifier train' of messages labelled negative, neutral and positive; it says "
             "the sentiment together with the lexicon."},
};

typedef struct classifier {
    rlc_reader reader;
    double min_confidence;
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
    free(self);
}

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    const char *path = values[OPTION_MODEL].text.len ? values[OPTION_MODEL].text.ptr : "";
    const relevo_str table = values[OPTION_VECTORS].text;
    rlt_vectors *vectors = NULL;
    rlt_error failure = {"out of memory"};
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
    const relevo_str moods = values[OPTION_MOODS].text;
    if (moods.len && (!rlc_model_load(moods.ptr, &model, &failure) ||
                      (!rlc_reader_add_moods(&made->reader, model) &&
                       !rlt_fail(&failure, "%s: its labels are not negative, neutral and positive", moods.ptr)))) {
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

static int32_t classify(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    const classifier *self = instance;
    int32_t status = RELEVO_E_FAILED;
    rlc_scratch scratch = {0};
    rlt_work *work = rlt_work_new();
    if (!work || !rlc_scratch_make(self->reader.model, &scratch))
        goto done;
    status = RELEVO_OK;
    for (uint32_t i = 0; i < n && status == RELEVO_OK; i++) {
        const relevo_message *message = views[i]->message;
        rlc_reading reading;
        if (!message || message->text.len == 0)
            continue; /* a picture says nothing here */
        if (rlc_reader_read(&self->reader, work, &scratch, message->text,
                            rlt_language_from(views[i]->language), &reading))
            status = answer(self, &reading, i, sink);
        else
            status = RELEVO_E_FAILED;
    }
done:
    rlc_scratch_clear(&scratch);
    rlt_work_free(work);
    return status;
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
    .tool = rlc_tool,
};
