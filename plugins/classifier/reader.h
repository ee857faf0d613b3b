/* SPDX-License-Identifier: Apache-2.0 */
/* A whole reading of one message: what the plugin answers and the tool prints. */
#ifndef RELEVO_CLASSIFIER_READER_H
#define RELEVO_CLASSIFIER_READER_H

#include "model.h"
#include "mood.h"
#include "pattern.h"

#define RLC_PERSON_INTENT "talk_to_person" /* unless another is named */
#define RLC_SURE          "0.75"           /* a message whose intent is as sure as this needs no embedding */

typedef struct rlc_reader {
    rlc_model *model;       /* owned */
    rlt_vectors *vectors;   /* owned; NULL: none */
    rlc_model *moods;       /* owned; of labels negative, neutral and positive; NULL: the lexicon says it alone */
    rlc_lexicon *lexicon;   /* owned */
    rlc_patterns *requests; /* owned; rlc_request_table */
    uint32_t person;        /* label of the intent that asks for a person; n_labels: the model has none */
} rlc_reader;

typedef struct rlc_reading {
    const char *intent; /* of the model; NULL: nothing to classify, a message without words */
    double confidence;
    double out_of_scope;
    rlt_language language; /* RLT_UNKNOWN: could not tell */
    rlc_mood mood;
    double wants_person;
} rlc_reading;

/* Takes the model and the vectors (may be NULL) over, also on failure. False: out of memory. */
bool rlc_reader_make(rlc_model *model, rlt_vectors *vectors, const char *person_intent, rlc_reader *ret_reader);
/* Has a model of moods say the sentiment together with the lexicon: that of a file, whose labels are negative, neutral and positive; NULL: the
   one that comes with the plugin; "": none, the lexicon says it alone. False: *error says why. */
bool rlc_reader_add_moods(rlc_reader *reader, const char *path, rlt_error *error);
void rlc_reader_clear(rlc_reader *reader);
/* Whether one of its models was trained with such embeddings of whole messages, and none with others. */
bool rlc_reader_takes(const rlc_reader *reader, uint32_t dims, uint32_t recipe);

/* Reads one message; resets `work` first. `usual` is the conversation's language, for messages that do not
   show theirs; `whole` (may be NULL) the message's embedding, of the models' encoder. False: out of memory. Threads: any, with a work area and a scratch of their own. */
bool rlc_reader_read(const rlc_reader *reader, rlt_work *work, rlc_scratch *scratch, relevo_str text,
                     rlt_language usual, const float *whole, rlc_reading *ret_reading);

/* Whether a reading is sure of its intent: confidence × (1 - out of scope). At 1 none is. */
static inline bool rlc_is_sure(const rlc_reading *reading, double sure)
{
    return sure < 1 && reading->confidence * (1 - reading->out_of_scope) >= sure;
}

#endif
