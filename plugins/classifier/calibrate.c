/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the layers are worth: how much their decision values count, so that held-out examples get the likeliest probabilities; then what
 * tells the messages that are understood from those that are not. For the second there are examples of no intent; or,
 * where nobody gave enough of them, each fold's model meets intents that it was never told of: they stand for what
 * customers will ask and nobody foresaw.
 */
#include "dense.h"
#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define OUTSIDE       0.25 /* weight of intents left out against those known: one message in five. Examples given
                              of no intent weigh what their share of the file is */
#define GIBBERISH     0.02 /* of which a message that nothing is known of, so that there is always one */
#define LABELS_ALWAYS 10u  /* fewer labels are never left out */
#define OUTSIDE_ENOUGH 20u /* so many examples of no intent say it better than intents left out */
#define SCOPE_PENALTY 1e-3
#define USUAL_BIAS    3.0 /* what few examples are drawn towards */
#define USUAL_SLOPE   1.5
#define ROUNDS        4
#define DISCRIMINANTS_SHARE 0.1 /* to begin with: their log odds are larger numbers than an SVM's decision values */

/* What decides: the layers, and the discriminants of embeddings, which become a part of the layer beside them. */
enum { DISCRIMINANTS = RLC_BESIDES, VOICES };

typedef struct sample {
    const rlc_model *by; /* what said it, without having seen it */
    uint32_t which;      /* example */
    uint32_t label;      /* n_labels: outside of what that model knows */
    double weight;
} sample;

typedef struct samples {
    const rlc_material *material;
    sample *items;
    float *scores; /* of each and every voice; n_labels each */
    float *mixed;  /* stride */
    uint32_t n, n_labels;
} samples;

/* What was found of one sample with a mix. */
typedef struct finding {
    double nearness, weight;
    bool understood;
} finding;

static bool enough_outside(const rlc_material *material)
{
    return material->n_all - material->n >= OUTSIDE_ENOUGH;
}

bool rlc_material_knows(const rlc_material *material, uint32_t label, uint32_t fold)
{
    return material->examples->n_labels < LABELS_ALWAYS || enough_outside(material) || fold == RLC_FOLDS || label % RLC_FOLDS != fold;
}

bool rlc_material_trains(const rlc_material *material, uint32_t i, uint32_t fold)
{
    return material->fold[i] != fold && rlc_material_knows(material, material->labels[i], fold);
}

bool rlc_material_has(const rlc_material *material, uint32_t beside)
{
    return beside == RLC_ALONE || material->dense[rlc_meaning_of((rlc_beside)beside)];
}

static rlc_input input_of(const rlc_material *material, uint32_t i, uint32_t beside)
{
    rlc_input input = {&material->docs[i], material->features[i], material->n_features[i], {NULL}, 0};
    rlc_meaning kind = rlc_meaning_of((rlc_beside)beside);
    if (beside != RLC_ALONE)
        input.dense[kind] = material->dense[kind] + (size_t)i * material->dims[kind];
    return input;
}

static void add_sample(samples *set, const rlc_part *part, uint32_t which, uint32_t label, float *room)
{
    const rlc_material *material = set->material;
    float *scores = set->scores + (size_t)set->n * VOICES * set->n_labels;
    for (uint32_t beside = 0; beside < RLC_BESIDES; beside++) {
        if (!rlc_material_has(material, beside))
            continue;
        rlc_input input = input_of(material, which, beside);
        rlc_model_decide(part->model, &input, room);
        memcpy(scores + (size_t)beside * set->n_labels, room, set->n_labels * sizeof *scores);
    }
    if (part->discriminants)
        rlc_discriminate(part->discriminants, material->dims[RLC_WHOLE], set->n_labels,
                         material->dense[RLC_WHOLE] + (size_t)which * material->dims[RLC_WHOLE], scores + (size_t)DISCRIMINANTS * set->n_labels);
    set->items[set->n++] = (sample){part->model, which, label, 1};
}

static bool is_sample(const rlc_material *material, uint32_t i, uint32_t fold, uint32_t n_parts)
{
    if (i >= material->n)
        return true;
    if (rlc_material_knows(material, material->labels[i], fold))
        return material->fold[i] == fold;
    return n_parts > 1 || material->fold[i] == fold;
}

static void clear_samples(samples *set)
{
    free(set->items);
    free(set->scores);
    free(set->mixed);
}

static bool make_samples(const rlc_material *material, const rlc_part *parts, uint32_t n_parts, samples *ret)
{
    uint32_t n_labels = material->examples->n_labels, inside = 0;
    samples set = {.material = material, .n_labels = n_labels};
    size_t n = 0;
    for (uint32_t fold = 0; fold < n_parts; fold++)
        for (uint32_t i = 0; i < material->n_all; i++)
            n += is_sample(material, i, fold, n_parts);
    set.items = calloc(n + 1, sizeof *set.items);
    set.scores = calloc((n + 1) * VOICES * n_labels, sizeof *set.scores);
    set.mixed = calloc(n_labels + 16u, sizeof *set.mixed);
    if (!set.items || !set.scores || !set.mixed) {
        clear_samples(&set);
        return false;
    }
    for (uint32_t fold = 0; fold < n_parts; fold++)
        for (uint32_t i = 0; i < material->n_all; i++) {
            if (!is_sample(material, i, fold, n_parts))
                continue;
            bool known = i < material->n && rlc_material_knows(material, material->labels[i], fold);
            inside += known;
            add_sample(&set, &parts[fold], i, known ? material->labels[i] : n_labels, set.mixed);
        }
    double outside = enough_outside(material) ? (double)(material->n_all - material->n) / material->n : OUTSIDE;
    for (uint32_t i = 0; i < set.n; i++)
        if (set.items[i].label == n_labels)
            set.items[i].weight = outside * inside / (set.n - inside);
    *ret = set;
    return true;
}

/* ---- how much each voice counts ---- */

/* The mixed decision values of a sample, into set->mixed. */
static void mix_sample(const samples *set, uint32_t at, const double shares[VOICES])
{
    const float *scores = set->scores + (size_t)at * VOICES * set->n_labels;
    for (uint32_t i = 0; i < set->n_labels; i++) {
        double sum = 0;
        for (uint32_t voice = 0; voice < VOICES; voice++)
            sum += shares[voice] * (double)scores[(size_t)voice * set->n_labels + i];
        set->mixed[i] = (float)sum;
    }
}

static double log_loss(const samples *set, const double shares[VOICES])
{
    double loss = 0;
    for (uint32_t at = 0; at < set->n; at++) {
        uint32_t label = set->items[at].label;
        float top = -1e9f, sum = 0;
        if (label == set->n_labels)
            continue;
        mix_sample(set, at, shares);
        for (uint32_t i = 0; i < set->n_labels; i++)
            top = set->mixed[i] > top ? set->mixed[i] : top;
        for (uint32_t i = 0; i < set->n_labels; i++)
            sum += expf(set->mixed[i] - top);
        loss += (double)(logf(sum) - (set->mixed[label] - top));
    }
    return loss;
}

/* Golden section over the logarithm of one share. */
static void fit_share(const samples *set, double shares[VOICES], uint32_t voice, double width)
{
    const double ratio = 0.6180339887498949;
    double low = log(shares[voice]) - width, high = log(shares[voice]) + width;
    for (int i = 0; i < 8; i++) {
        double left = high - ratio * (high - low), right = low + ratio * (high - low);
        shares[voice] = exp(left);
        double of_left = log_loss(set, shares);
        shares[voice] = exp(right);
        if (of_left < log_loss(set, shares))
            high = right;
        else
            low = left;
    }
    shares[voice] = exp((low + high) / 2);
}

static void fit_shares(const samples *set, uint32_t beside, double shares[VOICES])
{
    const bool whole = beside == RLC_BESIDE_WHOLE;
    shares[beside] = 1;
    shares[DISCRIMINANTS] = whole ? DISCRIMINANTS_SHARE : 0;
    for (int round = 0; round < (whole ? ROUNDS : 2); round++)
        for (uint32_t voice = 0; voice < VOICES; voice++)
            if (shares[voice] > 0)
                fit_share(set, shares, voice, 2.5 / (1 << round));
}

/* ---- what is understood ---- */

static bool find(const samples *set, const double shares[VOICES], uint32_t beside, finding *findings)
{
    rlc_scratch scratch;
    if (set->n == 0)
        return true;
    if (!rlc_scratch_make(set->items[0].by, &scratch)) /* the parts have the same labels */
        return false;
    for (uint32_t at = 0; at < set->n; at++) {
        const sample *item = &set->items[at];
        rlc_input input = input_of(set->material, item->which, beside);
        mix_sample(set, at, shares);
        memcpy(scratch.scores, set->mixed, set->n_labels * sizeof(float));
        rlc_scored scored = rlc_model_judge(item->by, &scratch, &input);
        findings[at].nearness = rlc_nearness(&scored);
        findings[at].understood = scored.label == item->label;
        findings[at].weight = item->weight;
    }
    rlc_scratch_clear(&scratch);
    return true;
}

/* Logistic regression on one number, by Newton's method. The penalty keeps it finite when all is understood, and near
   the usual while there are few findings. */
static void fit_scope(const finding *findings, uint32_t n, rlc_worth *worth)
{
    double bias = USUAL_BIAS, slope = USUAL_SLOPE, total = 0, penalty = SCOPE_PENALTY + 2.0 / n;
    for (uint32_t at = 0; at < n; at++)
        total += findings[at].weight;
    for (int step = 0; step < 30; step++) {
        double g0 = penalty * (USUAL_BIAS - bias), g1 = penalty * (USUAL_SLOPE - slope);
        double h00 = penalty, h01 = 0, h11 = penalty;
        for (uint32_t at = 0; at < n; at++) {
            double x = findings[at].nearness, weight = findings[at].weight / total;
            double p = 1 / (1 + exp(-(bias + slope * x))), miss = (findings[at].understood ? 1 : 0) - p;
            g0 += weight * miss;
            g1 += weight * miss * x;
            h00 += weight * p * (1 - p);
            h01 += weight * p * (1 - p) * x;
            h11 += weight * p * (1 - p) * x * x;
        }
        double det = h00 * h11 - h01 * h01;
        bias += fmax(-2, fmin(2, (h11 * g0 - h01 * g1) / det));
        slope = fmax(0.1, slope + fmax(-2, fmin(2, (h00 * g1 - h01 * g0) / det)));
    }
    worth->bias = (float)bias;
    worth->slope = (float)slope;
}

static bool fit_worth(const samples *set, uint32_t beside, double shares[VOICES], rlc_worth *worth, finding *findings)
{
    rlc_scored nothing = {.probability = 1.0 / set->n_labels, .centre = beside == RLC_ALONE ? -1 : 0};
    fit_shares(set, beside, shares);
    worth->share = (float)shares[beside];
    if (!find(set, shares, beside, findings))
        return false;
    double total = 0;
    for (uint32_t i = 0; i < set->n; i++)
        total += findings[i].weight;
    findings[set->n].nearness = rlc_nearness(&nothing);
    findings[set->n].understood = false;
    findings[set->n].weight = GIBBERISH * total;
    fit_scope(findings, set->n + 1, worth);
    return true;
}

/* Both are linear in the embedding, so one layer says what the two say together. */
static void mix_in(const rlc_part *made, double ratio)
{
    const rlc_dense *dense = &made->model->dense[RLC_WHOLE];
    float *biases = made->model->ngrams[RLC_BESIDE_WHOLE].biases;
    for (uint32_t label = 0; label < made->model->n_labels; label++) {
        const float *from = made->discriminants + (size_t)label * (dense->dims + 1);
        float *to = dense->weights + (size_t)label * dense->dims;
        for (uint32_t j = 0; j < dense->dims; j++)
            to[j] += (float)(ratio * (double)from[j]);
        biases[label] += (float)(ratio * (double)from[dense->dims]);
    }
}

bool rlc_calibrate(const rlc_part *made, const rlc_material *material, const rlc_part *parts, uint32_t n_parts)
{
    samples set;
    if (!make_samples(material, parts, n_parts, &set))
        return false;
    finding *findings = calloc(set.n + 1u, sizeof *findings);
    bool good = findings != NULL;
    for (uint32_t beside = 0; good && beside < RLC_BESIDES; beside++) {
        double shares[VOICES] = {0};
        if (!rlc_material_has(material, beside))
            continue;
        good = fit_worth(&set, beside, shares, &made->model->worth[beside], findings);
        if (good && beside == RLC_BESIDE_WHOLE)
            mix_in(made, shares[DISCRIMINANTS] / shares[beside]);
    }
    free(findings);
    clear_samples(&set);
    return good;
}
