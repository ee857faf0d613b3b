/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The intent model: a linear layer over hashed n-grams, the examples it was trained on (to tell how near a
 * message comes to any), and the words it knows. Besides, where it was trained with them, a linear layer over n-grams
 * and the sum of the message's word vectors together and one over n-grams and an embedding of the whole message: both may be
 * missing when a message is scored. Immutable once made; scoring needs a scratch of the caller's.
 */
#ifndef RELEVO_CLASSIFIER_MODEL_H
#define RELEVO_CLASSIFIER_MODEL_H

#include "examples.h"
#include "text/text.h"
#include "text/vectors.h"
#include "text/yaml.h"

/* One example's features, in rlc_model.buckets and .values from `from`. */
typedef struct rlc_neighbour {
    uint32_t from, n;
    float scale; /* value = stored byte * scale, chosen so that the vector's length is 1 */
} rlc_neighbour;

/* What a message means as numbers: a vector of length 1, or all 0. */
typedef enum rlc_meaning { RLC_WORDS, RLC_WHOLE, RLC_MEANINGS } rlc_meaning;

#define RLC_DIMS_MAX 4096u

/* The layers, by what stands beside the n-grams in them. A message is read by one of them: where it has an embedding, its word vectors tell
   nothing more. */
typedef enum rlc_beside { RLC_ALONE, RLC_BESIDE_WORDS, RLC_BESIDE_WHOLE, RLC_BESIDES } rlc_beside;

/* What stands beside the n-grams in a layer that is not RLC_ALONE. */
static inline rlc_meaning rlc_meaning_of(rlc_beside beside)
{
    return beside == RLC_BESIDE_WORDS ? RLC_WORDS : RLC_WHOLE;
}

typedef struct rlc_ngrams {
    int8_t *weights; /* n_rows × stride; NULL: not trained with what stands beside */
    float *scales;   /* per label: weight = stored byte * scale */
    float *biases;   /* per label, of the whole layer */
} rlc_ngrams;

typedef struct rlc_dense {
    uint32_t dims;   /* 0: not trained with it */
    uint32_t recipe; /* of RLC_WORDS: of the table of word vectors; of RLC_WHOLE: rlt_hash of the encoder's name */
    float *weights;  /* per label: dims numbers */
    float *centres;  /* per label: the mean of its examples, length 1 */
} rlc_dense;

/* What a layer's decision values are worth, fitted on held-out examples. */
typedef struct rlc_worth {
    float share;       /* probabilities are softmax of it × decision values */
    float bias, slope; /* ln odds of being understood = bias + slope × nearness */
} rlc_worth;

typedef struct rlc_model {
    uint32_t n_labels;
    uint32_t stride; /* bytes of a row: n_labels rounded up to 16 */
    char **labels;
    uint16_t *rows; /* bucket → row + 1; 0: no example has it */
    uint32_t n_rows;
    rlc_ngrams ngrams[RLC_BESIDES];
    rlc_dense dense[RLC_MEANINGS];
    rlc_worth worth[RLC_BESIDES];
    uint32_t *first; /* n_labels + 1: the neighbours of label i are first[i] ... first[i + 1] - 1 */
    rlc_neighbour *neighbours;
    uint16_t *buckets;
    uint8_t *values;
    uint32_t n_features; /* of all neighbours */
    uint32_t *words;     /* hashes of the words in the examples, sorted */
    uint32_t n_words;
} rlc_model;

/* What one call needs: a dense copy of the message and room for one score per label. */
typedef struct rlc_scratch {
    uint8_t *message; /* RLT_BUCKETS zeros between calls */
    float *scores;    /* stride */
} rlc_scratch;

/* A message as the model takes it; all borrowed. */
typedef struct rlc_input {
    const rlt_doc *doc;
    const rlt_feature *features;
    uint32_t n;
    const float *dense[RLC_MEANINGS]; /* as many numbers as the model's dims; NULL: not there */
    uint32_t recipe;                  /* of dense[RLC_WORDS] */
} rlc_input;

typedef struct rlc_scored {
    uint32_t label;
    double probability;  /* of the label, calibrated */
    double cosine;       /* to the nearest example of that label */
    double known;        /* part of the letters in words that the examples have, 0 to 1 */
    double centre;       /* cosine of what stands beside the n-grams to the centre of that label, 0 to 1; below 0: nothing does */
    double out_of_scope; /* 0 to 1; 0.5: as likely understood as not */
} rlc_scored;

bool rlc_scratch_make(const rlc_model *model, rlc_scratch *ret_scratch);
void rlc_scratch_clear(rlc_scratch *scratch);

/* A message as models take it; lives in `work` until its reset. `vectors` may be NULL; `whole` (may be NULL) is the message's embedding by the
   models' encoder, of their dims. False: out of memory. */
bool rlc_input_make(rlt_work *work, const rlt_doc *doc, const rlt_vectors *vectors, const float *whole, rlc_input *ret);

/* Scores a message; what the model was not trained with, or by another recipe, is not asked. After it scratch->scores holds the probability of
   every label. rlc_model_weigh only does that. */
rlc_scored rlc_model_score(const rlc_model *model, rlc_scratch *scratch, const rlc_input *input);
void rlc_model_weigh(const rlc_model *model, rlc_scratch *scratch, const rlc_input *input);

/* The steps of it, for training, with an input that has no more than the model was trained with: the layer's decision values into `scores` (stride);
   then everything else from those times the share, in scratch->scores. */
void rlc_model_decide(const rlc_model *model, const rlc_input *input, float *scores);
rlc_scored rlc_model_judge(const rlc_model *model, rlc_scratch *scratch, const rlc_input *input);
/* How near a message is to known ground: ln of probability × cosine × known × the root of the centre's cosine, each kept
   from being 0. */
double rlc_nearness(const rlc_scored *scored);

/* The number of a label; n_labels: the model does not know it. */
uint32_t rlc_model_label(const rlc_model *model, const char *label);

/* A file of its own format, little-endian, with a checksum. False: *error says why, and what to do. */
bool rlc_model_save(const rlc_model *model, const char *path, rlt_error *error);
bool rlc_model_load(const char *path, rlc_model **ret_model, rlt_error *error);
/* The same of a file's bytes, called `name` in messages. */
bool rlc_model_take(const char *name, const void *file, size_t len, rlc_model **ret_model, rlt_error *error);

/* Accepts NULL. */
void rlc_model_free(rlc_model *model);

typedef struct rlc_training {
    const rlt_vectors *vectors;        /* may be NULL */
    const float *whole;                /* may be NULL: embeddings of the examples in their order, then of the outside */
    uint32_t whole_dims, whole_recipe; /* of them */
    double cost;                       /* liblinear's C; 0: the usual */
    void (*progress)(double done);     /* may be NULL */
} rlc_training;

/* Trains a model on examples that rlc_examples_check accepts; takes from milliseconds (hundreds of examples)
   to minutes (tens of thousands). The same examples in the same order give the same bytes. */
bool rlc_train(const rlc_examples *examples, const rlc_training *how, rlc_model **ret_model, rlt_error *error);

#endif
