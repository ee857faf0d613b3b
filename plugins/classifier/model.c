/* SPDX-License-Identifier: Apache-2.0 */
/* Scoring with a model. It must never write to the model: all lanes share it. */
#include "model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LANES 16u /* labels per step of the inner loop */

/* The inner loops once more for processors with wide registers, chosen when the plugin is loaded. The numbers are the same. Not under
   sanitizers, which are not ready yet when the loader chooses. */
#if defined(__x86_64__) && !defined(RELEVO_SANITIZED)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

bool rlc_scratch_make(const rlc_model *model, rlc_scratch *ret_scratch)
{
    rlc_scratch scratch = {calloc(RLT_BUCKETS, sizeof(uint8_t)), calloc(model->stride, sizeof(float))};
    if (!scratch.message || !scratch.scores) {
        rlc_scratch_clear(&scratch);
        return false;
    }
    *ret_scratch = scratch;
    return true;
}

void rlc_scratch_clear(rlc_scratch *scratch)
{
    free(scratch->message);
    free(scratch->scores);
    memset(scratch, 0, sizeof *scratch);
}

void rlc_model_free(rlc_model *model)
{
    if (!model)
        return;
    for (uint32_t i = 0; model->labels && i < model->n_labels; i++)
        free(model->labels[i]);
    free(model->labels);
    free(model->rows);
    for (uint32_t i = 0; i < RLC_BESIDES; i++) {
        free(model->ngrams[i].weights);
        free(model->ngrams[i].scales);
        free(model->ngrams[i].biases);
    }
    free(model->first);
    free(model->neighbours);
    free(model->buckets);
    free(model->values);
    free(model->words);
    for (uint32_t i = 0; i < RLC_MEANINGS; i++) {
        free(model->dense[i].weights);
        free(model->dense[i].centres);
    }
    free(model);
}

uint32_t rlc_model_label(const rlc_model *model, const char *label)
{
    uint32_t i = 0;
    while (i < model->n_labels && strcmp(model->labels[i], label) != 0)
        i++;
    return i;
}

/* GCC's and clang's vectors: what a compiler makes of the plain loop differs too much between versions. */
typedef int8_t stored_lanes __attribute__((vector_size(LANES)));
typedef int16_t short_lanes __attribute__((vector_size(LANES * sizeof(int16_t))));
typedef int32_t int_lanes __attribute__((vector_size(LANES * sizeof(int32_t))));
typedef float score_lanes __attribute__((vector_size(LANES * sizeof(float))));
typedef float half_lanes __attribute__((vector_size(LANES / 2 * sizeof(float))));

/* scores += value × row. Both have `stride` elements, a multiple of LANES. Bytes are widened step by step: in one, GCC 12 converts each by itself. */
static inline void add_row(float *scores, const int8_t *row, float value, uint32_t stride)
{
    for (uint32_t i = 0; i < stride; i += LANES) {
        stored_lanes stored;
        score_lanes sum;
        memcpy(&stored, row + i, sizeof stored);
        memcpy(&sum, scores + i, sizeof sum);
        short_lanes shorts = __builtin_convertvector(stored, short_lanes);
        sum += value * __builtin_convertvector(__builtin_convertvector(shorts, int_lanes), score_lanes);
        memcpy(scores + i, &sum, sizeof sum);
    }
}

static rlc_beside beside_of(const rlc_input *input)
{
    return input->dense[RLC_WHOLE] ? RLC_BESIDE_WHOLE : input->dense[RLC_WORDS] ? RLC_BESIDE_WORDS : RLC_ALONE;
}

WIDE static void decide_by_ngrams(const rlc_model *model, const rlc_ngrams *ngrams, const rlc_input *input, float *scores)
{
    memset(scores, 0, model->stride * sizeof(float));
    for (uint32_t i = 0; i < input->n; i++) {
        uint32_t row = model->rows[input->features[i].bucket];
        if (row)
            add_row(scores, ngrams->weights + (size_t)(row - 1) * model->stride, input->features[i].value,
                    model->stride);
    }
    for (uint32_t i = 0; i < model->n_labels; i++)
        scores[i] = scores[i] * ngrams->scales[i] + ngrams->biases[i];
}

/* The sum of products; `n` need not be a multiple of LANES. Two halves, which stay in registers: GCC 12 keeps what is wider than those in memory. */
WIDE static float product(const float *a, const float *b, uint32_t n)
{
    half_lanes sums[2] = {{0}, {0}};
    float rest = 0;
    uint32_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (uint32_t half = 0; half < 2; half++) {
            half_lanes left, right;
            memcpy(&left, a + i + half * LANES / 2, sizeof left);
            memcpy(&right, b + i + half * LANES / 2, sizeof right);
            sums[half] += left * right;
        }
    for (; i < n; i++)
        rest += a[i] * b[i];
    for (uint32_t lane = 0; lane < LANES; lane++)
        rest += sums[lane / (LANES / 2)][lane % (LANES / 2)];
    return rest;
}

void rlc_model_decide(const rlc_model *model, const rlc_input *input, float *scores)
{
    const rlc_beside beside = beside_of(input);
    decide_by_ngrams(model, &model->ngrams[beside], input, scores);
    if (beside == RLC_ALONE)
        return;
    const rlc_dense *dense = &model->dense[rlc_meaning_of(beside)];
    for (uint32_t i = 0; i < model->n_labels; i++)
        scores[i] += product(dense->weights + (size_t)i * dense->dims, input->dense[rlc_meaning_of(beside)], dense->dims);
}

/* Decision values times their share become probabilities. Returns the best label. */
static uint32_t make_probabilities(const rlc_model *model, float *scores)
{
    uint32_t best = 0;
    float sum = 0;
    for (uint32_t i = 1; i < model->n_labels; i++)
        if (scores[i] > scores[best])
            best = i;
    float top = scores[best];
    for (uint32_t i = 0; i < model->n_labels; i++)
        sum += scores[i] = expf(scores[i] - top);
    for (uint32_t i = 0; i < model->n_labels; i++)
        scores[i] /= sum;
    return best;
}

/* The cosine to the nearest example of one label. The message's numbers are bytes as the examples' are, so that all of them stay near. */
static double nearest(const rlc_model *model, rlc_scratch *scratch, uint32_t label, const rlc_input *input)
{
    const rlt_feature *features = input->features;
    uint32_t n = input->n;
    double length = 0;
    float best = 0, largest = 0;
    for (uint32_t i = 0; i < n; i++)
        largest = features[i].value > largest ? features[i].value : largest;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t value = (uint8_t)lroundf(features[i].value / largest * 255);
        scratch->message[features[i].bucket] = value;
        length += (double)value * value;
    }
    for (uint32_t i = model->first[label]; i < model->first[label + 1]; i++) {
        const rlc_neighbour *other = &model->neighbours[i];
        uint32_t sum = 0;
        for (uint32_t j = other->from; j < other->from + other->n; j++)
            sum += (uint32_t)scratch->message[model->buckets[j]] * model->values[j];
        float dot = (float)sum * other->scale;
        best = dot > best ? dot : best;
    }
    for (uint32_t i = 0; i < n; i++)
        scratch->message[features[i].bucket] = 0;
    return length > 0 ? fmin(1, (double)best / sqrt(length)) : 0;
}

static bool knows(const rlc_model *model, uint32_t hash)
{
    uint32_t low = 0, high = model->n_words;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (model->words[middle] < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low < model->n_words && model->words[low] == hash;
}

/* The part of a message's letters that stand in known words; 1 when it has no words at all. */
static double known_part(const rlc_model *model, const rlt_doc *doc)
{
    uint64_t letters = 0, known = 0;
    for (uint32_t i = 0; i < doc->n_tokens; i++) {
        const rlt_token *token = &doc->tokens[i];
        if (token->kind != RLT_WORD)
            continue;
        letters += token->text.len;
        known += knows(model, token->hash) ? token->text.len : 0;
    }
    return letters ? (double)known / (double)letters : 1;
}

/* None alone may say everything: a short message has few known words, or none. */
double rlc_nearness(const rlc_scored *scored)
{
    double nearness = log(fmax(scored->probability, 1e-3)) + log(0.05 + 0.95 * scored->cosine) +
                      log(0.3 + 0.7 * scored->known);
    return scored->centre < 0 ? nearness : nearness + 0.5 * log(0.05 + 0.95 * scored->centre);
}

rlc_scored rlc_model_judge(const rlc_model *model, rlc_scratch *scratch, const rlc_input *input)
{
    rlc_scored scored = {.label = make_probabilities(model, scratch->scores), .centre = -1};
    const rlc_beside beside = beside_of(input);
    const rlc_worth *worth = &model->worth[beside];
    scored.probability = (double)scratch->scores[scored.label];
    scored.cosine = nearest(model, scratch, scored.label, input);
    scored.known = known_part(model, input->doc);
    if (beside != RLC_ALONE) {
        const rlc_dense *dense = &model->dense[rlc_meaning_of(beside)];
        scored.centre = fmax(0, (double)product(dense->centres + (size_t)scored.label * dense->dims, input->dense[rlc_meaning_of(beside)],
                                                dense->dims));
    }
    scored.out_of_scope = 1 / (1 + exp((double)worth->bias + (double)worth->slope * rlc_nearness(&scored)));
    return scored;
}

bool rlc_input_make(rlt_work *work, const rlt_doc *doc, const rlt_vectors *vectors, const float *whole, rlc_input *ret)
{
    rlc_input input = {.doc = doc, .dense = {[RLC_WHOLE] = whole}, .recipe = rlt_vectors_recipe(vectors)};
    float *words = vectors ? rlt_work_alloc(work, RLT_VECTOR_DIMS * sizeof *words) : NULL;
    if (rlt_features(work, doc, &input.features, &input.n) != RLT_OK || (vectors && !words))
        return false;
    if (vectors)
        rlt_vectors_sum(vectors, doc, words);
    input.dense[RLC_WORDS] = words;
    *ret = input;
    return true;
}

/* Without what the model was not trained with. */
static rlc_input known_to(const rlc_model *model, const rlc_input *given)
{
    rlc_input input = *given;
    if (!model->dense[RLC_WORDS].dims || model->dense[RLC_WORDS].recipe != given->recipe)
        input.dense[RLC_WORDS] = NULL;
    if (!model->dense[RLC_WHOLE].dims)
        input.dense[RLC_WHOLE] = NULL;
    return input;
}

static void weigh(const rlc_model *model, rlc_scratch *scratch, const rlc_input *known)
{
    const float share = model->worth[beside_of(known)].share;
    rlc_model_decide(model, known, scratch->scores);
    for (uint32_t i = 0; i < model->n_labels; i++)
        scratch->scores[i] *= share;
}

void rlc_model_weigh(const rlc_model *model, rlc_scratch *scratch, const rlc_input *input)
{
    const rlc_input known = known_to(model, input);
    weigh(model, scratch, &known);
    (void)make_probabilities(model, scratch->scores);
}

rlc_scored rlc_model_score(const rlc_model *model, rlc_scratch *scratch, const rlc_input *input)
{
    const rlc_input known = known_to(model, input);
    weigh(model, scratch, &known);
    return rlc_model_judge(model, scratch, &known);
}
