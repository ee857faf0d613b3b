/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fitting the mixes: how much each layer counts, so that held-out examples get the likeliest probabilities; then what
 * tells the messages that are understood from those that are not. For the second there are examples of no intent; or,
 * where nobody gave enough of them, each fold's model meets intents that it was never told of: they stand for what
 * customers will ask and nobody foresaw.
 */
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

/* What decides: n-grams alone or, where there are word vectors, both together; and an embedding. */
enum { NGRAMS, NGRAMS_AND_WORDS, WHOLE, LAYERS };

typedef struct sample {
    const rlc_model *by; /* what said it, without having seen it */
    uint32_t which;      /* example */
    uint32_t label;      /* n_labels: outside of what that model knows */
    double weight;
} sample;

typedef struct samples {
    const rlc_material *material;
    sample *items;
    float *scores; /* of each and every layer; n_labels each */
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

static rlc_input input_of(const rlc_material *material, uint32_t i, uint32_t with)
{
    rlc_input input = {&material->docs[i], material->features[i], material->n_features[i], {NULL}, 0};
    for (uint32_t kind = 0; kind < RLC_MEANINGS; kind++)
        if (with >> kind & 1u)
            input.dense[kind] = material->dense[kind] + (size_t)i * material->dims[kind];
    return input;
}

static void add_sample(samples *set, const rlc_model *by, uint32_t which, uint32_t label, float *room)
{
    const rlc_material *material = set->material;
    float *scores = set->scores + (size_t)set->n * LAYERS * set->n_labels;
    rlc_input input = input_of(material, which, 0);
    rlc_model_decide(by, &input, room);
    memcpy(scores + NGRAMS * set->n_labels, room, set->n_labels * sizeof *scores);
    if (material->dense[RLC_WORDS]) {
        float *both = scores + NGRAMS_AND_WORDS * set->n_labels;
        input = input_of(material, which, 1u << RLC_WORDS);
        rlc_model_decide(by, &input, room);
        rlc_dense_decide(by, RLC_WORDS, input.dense[RLC_WORDS], both);
        for (uint32_t i = 0; i < set->n_labels; i++)
            both[i] += room[i];
    }
    if (material->dense[RLC_WHOLE])
        rlc_dense_decide(by, RLC_WHOLE, material->dense[RLC_WHOLE] + (size_t)which * material->dims[RLC_WHOLE], scores + WHOLE * set->n_labels);
    set->items[set->n++] = (sample){by, which, label, 1};
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

static bool make_samples(const rlc_material *material, rlc_model *const *parts, uint32_t n_parts, samples *ret)
{
    uint32_t n_labels = material->examples->n_labels, inside = 0;
    samples set = {.material = material, .n_labels = n_labels};
    size_t n = 0;
    for (uint32_t fold = 0; fold < n_parts; fold++)
        for (uint32_t i = 0; i < material->n_all; i++)
            n += is_sample(material, i, fold, n_parts);
    set.items = calloc(n + 1, sizeof *set.items);
    set.scores = calloc((n + 1) * LAYERS * n_labels, sizeof *set.scores);
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
            add_sample(&set, parts[fold], i, known ? material->labels[i] : n_labels, set.mixed);
        }
    double outside = enough_outside(material) ? (double)(material->n_all - material->n) / material->n : OUTSIDE;
    for (uint32_t i = 0; i < set.n; i++)
        if (set.items[i].label == n_labels)
            set.items[i].weight = outside * inside / (set.n - inside);
    *ret = set;
    return true;
}

/* ---- how much each layer counts ---- */

/* The mixed decision values of a sample, into set->mixed. */
static void mix_sample(const samples *set, uint32_t at, const double shares[LAYERS])
{
    const float *scores = set->scores + (size_t)at * LAYERS * set->n_labels;
    for (uint32_t i = 0; i < set->n_labels; i++) {
        double sum = 0;
        for (uint32_t layer = 0; layer < LAYERS; layer++)
            sum += shares[layer] * (double)scores[(size_t)layer * set->n_labels + i];
        set->mixed[i] = (float)sum;
    }
}

static double log_loss(const samples *set, const double shares[LAYERS])
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
static void fit_share(const samples *set, double shares[LAYERS], uint32_t layer, double width)
{
    const double ratio = 0.6180339887498949;
    double low = log(shares[layer]) - width, high = log(shares[layer]) + width;
    for (int i = 0; i < 8; i++) {
        double left = high - ratio * (high - low), right = low + ratio * (high - low);
        shares[layer] = exp(left);
        double of_left = log_loss(set, shares);
        shares[layer] = exp(right);
        if (of_left < log_loss(set, shares))
            high = right;
        else
            low = left;
    }
    shares[layer] = exp((low + high) / 2);
}

static void fit_shares(const samples *set, uint32_t with, rlc_mix *mix)
{
    bool words = with >> RLC_WORDS & 1u, whole = with >> RLC_WHOLE & 1u;
    double shares[LAYERS] = {[NGRAMS] = !words, [NGRAMS_AND_WORDS] = words, [WHOLE] = whole};
    for (int round = 0; round < (whole ? ROUNDS : 2); round++)
        for (uint32_t layer = 0; layer < LAYERS; layer++)
            if (shares[layer] > 0)
                fit_share(set, shares, layer, 2.5 / (1 << round));
    mix->ngrams = (float)(shares[NGRAMS] + shares[NGRAMS_AND_WORDS]);
    mix->dense[RLC_WORDS] = (float)shares[NGRAMS_AND_WORDS];
    mix->dense[RLC_WHOLE] = (float)shares[WHOLE];
}

/* ---- what is understood ---- */

static bool find(const samples *set, const rlc_mix *mix, uint32_t with, finding *findings)
{
    const bool words = with >> RLC_WORDS & 1u;
    const double shares[LAYERS] = {words ? 0 : (double)mix->ngrams, (double)mix->dense[RLC_WORDS], (double)mix->dense[RLC_WHOLE]};
    rlc_scratch scratch;
    if (set->n == 0)
        return true;
    if (!rlc_scratch_make(set->items[0].by, &scratch)) /* the parts have the same labels */
        return false;
    for (uint32_t at = 0; at < set->n; at++) {
        const sample *item = &set->items[at];
        rlc_input input = input_of(set->material, item->which, with);
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
static void fit_scope(const finding *findings, uint32_t n, rlc_mix *mix)
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
    mix->bias = (float)bias;
    mix->slope = (float)slope;
}

static bool fit_mix(const samples *set, uint32_t with, rlc_mix *mix, finding *findings)
{
    rlc_scored nothing = {.probability = 1.0 / set->n_labels, .centre = {-1, -1}};
    fit_shares(set, with, mix);
    if (!find(set, mix, with, findings))
        return false;
    double total = 0;
    for (uint32_t i = 0; i < set->n; i++)
        total += findings[i].weight;
    for (uint32_t kind = 0; kind < RLC_MEANINGS; kind++)
        nothing.centre[kind] = with >> kind & 1u ? 0 : -1;
    findings[set->n].nearness = rlc_nearness(&nothing);
    findings[set->n].understood = false;
    findings[set->n].weight = GIBBERISH * total;
    fit_scope(findings, set->n + 1, mix);
    return true;
}

bool rlc_calibrate(rlc_model *model, const rlc_material *material, rlc_model *const *parts, uint32_t n_parts)
{
    samples set;
    uint32_t has = 0;
    if (!make_samples(material, parts, n_parts, &set))
        return false;
    for (uint32_t kind = 0; kind < RLC_MEANINGS; kind++)
        has |= material->dense[kind] ? 1u << kind : 0;
    finding *findings = calloc(set.n + 1u, sizeof *findings);
    bool good = findings != NULL;
    for (uint32_t with = 0; good && with < RLC_MIXES; with++)
        if ((with & has) == with)
            good = fit_mix(&set, with, &model->mixes[with], findings);
    free(findings);
    clear_samples(&set);
    return good;
}
