/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Training: liblinear's linear SVMs with squared hinge loss, one label against the rest, over n-grams, over n-grams with word vectors and over
 * n-grams with embeddings; and discriminants of embeddings; then how those are mixed and what each layer is worth, fitted
 * on examples that the weights have not seen (calibrate.c). It must never use a random number: the primal solver
 * (L2R_L2LOSS_SVC) draws none, the folds are every fifth example, so the same examples give the same bytes.
 */
#include "dense.h"
#include "train.h"

#include <linear.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COST 1.0 /* liblinear's C */
#define ONE_FOLD_ABOVE                                                                                       \
    4000u                   /* examples: then one fold says enough about a few numbers, and costs a fifth    \
                             */
#define NEVER          (-1000.0f) /* decision value of an intent that a fold does not know */
#define NEIGHBOURS_MAX 100u /* per label: more cost time at every message and tell little */

typedef struct training {
    rlc_material material;
    const rlc_training *how;
    double done, total; /* in SVMs to be trained */
} training;

static int by_index(const void *a, const void *b)
{
    int left = ((const struct feature_node *)a)->index, right = ((const struct feature_node *)b)->index;
    return (left > right) - (left < right);
}

static int by_hash(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void clear_material(rlc_material *material)
{
    rlt_work_free(material->work);
    free(material->docs);
    free(material->features);
    free(material->n_features);
    free(material->fold);
    free(material->labels);
    free(material->sums);
}

static bool read_examples(rlc_material *made, const rlc_training *how)
{
    const rlc_examples *examples = made->examples;
    uint32_t *seen = calloc(examples->n_labels, sizeof *seen);
    bool good = seen != NULL;
    for (uint32_t i = 0; good && i < made->n_all; i++) {
        const rlc_example *item = i < made->n ? &examples->items[i] : &examples->outside[i - made->n];
        relevo_str text = {item->text, item->len};
        if (i < made->n) {
            made->labels[i] = item->label;
            made->fold[i] = seen[item->label]++ % RLC_FOLDS;
        }
        good = rlt_read(made->work, text, &made->docs[i]) == RLT_OK &&
               rlt_features(made->work, &made->docs[i], &made->features[i], &made->n_features[i]) == RLT_OK;
        if (good && made->sums)
            rlt_vectors_sum(how->vectors, &made->docs[i], made->sums + (size_t)i * RLT_VECTOR_DIMS);
    }
    for (uint32_t i = 0; good && i < made->n; i++)
        if (seen[made->labels[i]] == 1)
            made->fold[i] = RLC_FOLDS; /* the only one of its intent is always trained on */
    free(seen);
    return good;
}

static bool make_material(const rlc_examples *examples, const rlc_training *how, rlc_material *ret)
{
    rlc_material made = {.examples = examples,
                         .n = examples->n,
                         .n_all = examples->n + examples->n_outside,
                         .work = rlt_work_new(),
                         .dims = {RLT_VECTOR_DIMS, how->whole_dims},
                         .recipes = {rlt_vectors_recipe(how->vectors), how->whole_recipe}};
    made.docs = calloc(made.n_all, sizeof *made.docs);
    made.features = calloc(made.n_all, sizeof *made.features);
    made.n_features = calloc(made.n_all, sizeof *made.n_features);
    made.fold = calloc(made.n, sizeof *made.fold);
    made.labels = calloc(made.n, sizeof *made.labels);
    if (how->vectors)
        made.sums = calloc((size_t)made.n_all * RLT_VECTOR_DIMS, sizeof *made.sums);
    bool good = made.work && made.docs && made.features && made.n_features && made.fold && made.labels &&
                (made.sums || !how->vectors) && read_examples(&made, how);
    made.dense[RLC_WORDS] = made.sums;
    made.dense[RLC_WHOLE] = how->whole;
    if (good)
        *ret = made;
    else
        clear_material(&made);
    return good;
}

/* ---- liblinear ---- */

/* What stands beside the n-grams while a layer is learned: (value - mean) × scale. */
typedef struct beside_rows {
    rlc_rows rows; /* dims 0: nothing */
    double *mean;
    double scale;
} beside_rows;

typedef struct problem_memory {
    struct problem problem;
    struct feature_node *nodes;
} problem_memory;

static void clear_problem(problem_memory *memory)
{
    free(memory->problem.x);
    free(memory->problem.y);
    free(memory->nodes);
}

/* Example `which`: n-grams, what stands beside them, and bias; returns the end. */
static struct feature_node *put_example(struct feature_node *at, const rlt_feature *features, uint32_t n, const beside_rows *beside, uint32_t which)
{
    uint32_t dims = beside->rows.dims;
    for (uint32_t j = 0; j < n; j++)
        at[j] = (struct feature_node){(int)features[j].bucket + 1, (double)features[j].value};
    qsort(at, n, sizeof *at, by_index);
    at += n;
    for (uint32_t j = 0; j < dims; j++) {
        double value = ((double)beside->rows.values[(size_t)which * dims + j] - beside->mean[j]) * beside->scale;
        if (value != 0)
            *at++ = (struct feature_node){(int)(RLT_BUCKETS + j) + 1, value};
    }
    *at++ = (struct feature_node){(int)(RLT_BUCKETS + dims) + 1, 1};
    *at++ = (struct feature_node){-1, 0};
    return at;
}

/* What the model of fold `without` (RLC_FOLDS: of all) is trained on, as liblinear wants it. */
static bool make_problem(const rlc_material *material, uint32_t without, const beside_rows *beside, problem_memory *ret)
{
    uint32_t n = material->n, dims = beside->rows.dims;
    problem_memory made = {.problem = {.n = (int)(RLT_BUCKETS + dims) + 1, .bias = 1}};
    size_t n_nodes = 0;
    for (uint32_t i = 0; i < n; i++)
        n_nodes += material->n_features[i] + dims + 2u;
    made.problem.x = calloc(n, sizeof *made.problem.x);
    made.problem.y = calloc(n, sizeof *made.problem.y);
    made.nodes = malloc(n_nodes * sizeof *made.nodes);
    if (!made.problem.x || !made.problem.y || !made.nodes) {
        clear_problem(&made);
        return false;
    }
    struct feature_node *at = made.nodes;
    for (uint32_t i = 0; i < n; i++) {
        if (!rlc_material_trains(material, i, without))
            continue;
        made.problem.x[made.problem.l] = at;
        made.problem.y[made.problem.l++] = material->examples->items[i].label;
        at = put_example(at, material->features[i], material->n_features[i], beside, i);
    }
    *ret = made;
    return true;
}

static void say_nothing(const char *line)
{
    (void)line;
}

static struct model *fit(const problem_memory *memory, double cost)
{
    struct parameter parameter = {.solver_type = L2R_L2LOSS_SVC, .eps = 0.01, .C = cost > 0 ? cost : COST, .p = 0.1};
    set_print_string_function(say_nothing);
    return train(&memory->problem, &parameter);
}

/* The weight of a feature (1-based; the last is the bias) for the model's class number `at`. */
static double weight(const struct model *model, int feature, int at)
{
    if (model->nr_class == 2) /* liblinear keeps one vector for two classes */
        return at == 0 ? model->w[feature - 1] : -model->w[feature - 1];
    return model->w[(feature - 1) * model->nr_class + at];
}

/* ---- the model's parts ---- */

static void set_rows(rlc_model *model, const rlc_material *material, uint32_t without)
{
    for (uint32_t i = 0; i < material->n; i++)
        for (uint32_t j = 0; rlc_material_trains(material, i, without) && j < material->n_features[i]; j++) {
            uint16_t *row = &model->rows[material->features[i][j].bucket];
            if (!*row)
                *row = (uint16_t)++model->n_rows;
        }
}

static bool set_ngrams(const rlc_model *model, const struct model *linear, rlc_ngrams *ngrams)
{
    ngrams->weights = calloc((size_t)model->n_rows + 1, model->stride);
    ngrams->scales = calloc(model->n_labels, sizeof *ngrams->scales);
    ngrams->biases = calloc(model->n_labels, sizeof *ngrams->biases);
    if (!ngrams->weights || !ngrams->scales || !ngrams->biases)
        return false;
    for (uint32_t i = 0; i < model->n_labels; i++)
        ngrams->biases[i] = NEVER; /* unless it is trained */
    for (int at = 0; at < linear->nr_class; at++) {
        uint32_t label = (uint32_t)linear->label[at];
        double largest = 1e-9;
        for (uint32_t bucket = 0; bucket < RLT_BUCKETS; bucket++)
            if (model->rows[bucket])
                largest = fmax(largest, fabs(weight(linear, (int)bucket + 1, at)));
        ngrams->scales[label] = (float)(largest / 127);
        ngrams->biases[label] = (float)weight(linear, linear->nr_feature + 1, at);
        for (uint32_t bucket = 0; bucket < RLT_BUCKETS; bucket++)
            if (model->rows[bucket])
                ngrams->weights[(size_t)(model->rows[bucket] - 1) * model->stride + label] =
                    (int8_t)lround(weight(linear, (int)bucket + 1, at) / largest * 127);
    }
    return true;
}

static void add_neighbour(rlc_model *model, uint32_t at, const rlt_feature *features, uint32_t n)
{
    float largest = 0;
    double length = 0;
    rlc_neighbour *made = &model->neighbours[at];
    *made = (rlc_neighbour){.from = model->n_features, .n = n};
    for (uint32_t i = 0; i < n; i++)
        largest = features[i].value > largest ? features[i].value : largest;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t value = (uint8_t)lroundf(features[i].value / largest * 255);
        model->buckets[model->n_features] = (uint16_t)features[i].bucket;
        model->values[model->n_features++] = value;
        length += (double)value * value;
    }
    made->scale = length > 0 ? (float)(1 / sqrt(length)) : 0;
}

/* Keeps at most NEIGHBOURS_MAX examples of each label, evenly chosen. */
static bool set_neighbours(rlc_model *model, const rlc_material *material, uint32_t without)
{
    const rlc_examples *examples = material->examples;
    uint32_t n_kept = 0, *of_label = calloc(examples->n_labels, sizeof *of_label);
    size_t n_features = 0;
    for (uint32_t i = 0; i < examples->n; i++)
        n_features += material->n_features[i];
    model->neighbours = calloc(examples->n, sizeof *model->neighbours);
    model->buckets = calloc(n_features + 1, sizeof *model->buckets);
    model->values = calloc(n_features + 1, sizeof *model->values);
    bool good = of_label && model->neighbours && model->buckets && model->values;
    for (uint32_t i = 0; good && i < examples->n; i++)
        of_label[examples->items[i].label] += rlc_material_trains(material, i, without);
    for (uint32_t label = 0; good && label < examples->n_labels; label++) {
        uint32_t all = of_label[label], keep = all < NEIGHBOURS_MAX ? all : NEIGHBOURS_MAX, nth = 0;
        model->first[label] = n_kept;
        for (uint32_t i = 0; i < examples->n; i++) {
            if (examples->items[i].label != label || !rlc_material_trains(material, i, without))
                continue;
            if ((nth + 1) * keep / all > nth * keep / all)
                add_neighbour(model, n_kept++, material->features[i], material->n_features[i]);
            nth++;
        }
    }
    model->first[examples->n_labels] = n_kept;
    free(of_label);
    return good;
}

static bool set_words(rlc_model *model, const rlc_material *material, uint32_t without)
{
    size_t n = 0, kept = 0;
    for (uint32_t i = 0; i < material->n; i++)
        n += material->docs[i].n_tokens;
    model->words = calloc(n + 1, sizeof *model->words);
    if (!model->words)
        return false;
    n = 0;
    for (uint32_t i = 0; i < material->n; i++)
        for (uint32_t j = 0; rlc_material_trains(material, i, without) && j < material->docs[i].n_tokens; j++)
            if (material->docs[i].tokens[j].kind == RLT_WORD)
                model->words[n++] = material->docs[i].tokens[j].hash;
    qsort(model->words, n, sizeof *model->words, by_hash);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || model->words[i] != model->words[i - 1])
            model->words[kept++] = model->words[i];
    model->n_words = (uint32_t)kept;
    return true;
}

static rlc_model *new_model(const rlc_examples *examples)
{
    rlc_model *model = calloc(1, sizeof *model);
    if (!model)
        return NULL;
    model->n_labels = examples->n_labels;
    model->stride = (examples->n_labels + 15u) & ~15u;
    model->labels = calloc(examples->n_labels, sizeof *model->labels);
    model->rows = calloc(RLT_BUCKETS, sizeof *model->rows);
    model->first = calloc(examples->n_labels + 1, sizeof *model->first);
    bool good = model->labels && model->rows && model->first;
    for (uint32_t i = 0; good && i < examples->n_labels; i++)
        good = (model->labels[i] = strdup(examples->labels[i])) != NULL;
    for (uint32_t i = 0; i < RLC_BESIDES; i++)
        model->worth[i].share = 1;
    if (good)
        return model;
    rlc_model_free(model);
    return NULL;
}

/* ---- a layer and what stands beside its n-grams ---- */

/* Embeddings lie close together: each is taken from their mean, and they are made as long as n-grams and word vectors are. */
static bool set_beside(const training *trainer, rlc_meaning kind, const bool *used, beside_rows *ret)
{
    const rlc_material *material = &trainer->material;
    beside_rows made = {.rows = {material->dense[kind], material->labels, material->n, material->dims[kind], material->examples->n_labels, used},
                        .mean = calloc(material->dims[kind], sizeof *made.mean),
                        .scale = 1};
    if (!made.mean)
        return false;
    if (kind == RLC_WHOLE)
        made.scale = 1 / rlc_spread(&made.rows, made.mean);
    *ret = made;
    return true;
}

static void set_weights(const struct model *linear, const beside_rows *beside, float *biases, float *weights)
{
    for (int at = 0; at < linear->nr_class; at++) {
        uint32_t label = (uint32_t)linear->label[at];
        double bias = (double)biases[label];
        for (uint32_t j = 0; j < beside->rows.dims; j++) {
            double value = weight(linear, (int)(RLT_BUCKETS + j) + 1, at) * beside->scale;
            weights[(size_t)label * beside->rows.dims + j] = (float)value;
            bias -= value * beside->mean[j];
        }
        biases[label] = (float)bias;
    }
}

/* The weights of one meaning, its labels' centres, and the discriminants of embeddings. */
static bool set_dense(const rlc_material *material, rlc_meaning kind, const beside_rows *beside, const struct model *linear, float *biases,
                      rlc_part *part)
{
    rlc_dense *dense = &part->model->dense[kind];
    size_t dims = beside->rows.dims, n_labels = beside->rows.n_labels;
    dense->dims = beside->rows.dims;
    dense->recipe = material->recipes[kind];
    dense->weights = calloc(dims * n_labels, sizeof *dense->weights);
    dense->centres = calloc(dims * n_labels, sizeof *dense->centres);
    if (!dense->weights || !dense->centres)
        return false;
    set_weights(linear, beside, biases, dense->weights);
    rlc_centres(&beside->rows, dense->centres);
    if (kind == RLC_WORDS)
        return true;
    part->discriminants = calloc((dims + 1) * n_labels, sizeof *part->discriminants);
    return part->discriminants && rlc_discriminants(&beside->rows, part->discriminants);
}

/* One SVM: of n-grams alone, or of what stands beside them too. */
static bool set_layer(training *trainer, uint32_t without, rlc_beside which, const bool *used, rlc_part *part)
{
    const rlc_meaning kind = rlc_meaning_of(which);
    rlc_ngrams *ngrams = &part->model->ngrams[which];
    beside_rows beside = {.scale = 1};
    problem_memory memory = {0};
    struct model *linear = NULL;
    bool good = (which == RLC_ALONE || set_beside(trainer, kind, used, &beside)) && make_problem(&trainer->material, without, &beside, &memory) &&
                (linear = fit(&memory, trainer->how->cost)) && set_ngrams(part->model, linear, ngrams) &&
                (which == RLC_ALONE || set_dense(&trainer->material, kind, &beside, linear, ngrams->biases, part));
    if (linear)
        free_and_destroy_model(&linear);
    clear_problem(&memory);
    free(beside.mean);
    if (trainer->how->progress)
        trainer->how->progress(++trainer->done / trainer->total);
    return good;
}

static bool set_layers(training *trainer, uint32_t without, rlc_part *part)
{
    const rlc_material *material = &trainer->material;
    bool *used = calloc(material->n, sizeof *used), good = used;
    for (uint32_t i = 0; good && i < material->n; i++)
        used[i] = rlc_material_trains(material, i, without);
    for (uint32_t which = 0; good && which < RLC_BESIDES; which++)
        good = !rlc_material_has(material, which) || set_layer(trainer, without, (rlc_beside)which, used, part);
    free(used);
    return good;
}

static void clear_part(rlc_part *part)
{
    rlc_model_free(part->model);
    free(part->discriminants);
    *part = (rlc_part){0};
}

/* The part of fold `without`. False: out of memory. */
static bool train_without(training *trainer, uint32_t without, rlc_part *ret)
{
    const rlc_material *material = &trainer->material;
    rlc_part part = {.model = new_model(material->examples)};
    bool good = part.model != NULL;
    if (good)
        set_rows(part.model, material, without);
    good = good && set_layers(trainer, without, &part) && set_neighbours(part.model, material, without) && set_words(part.model, material, without);
    if (good)
        *ret = part;
    else
        clear_part(&part);
    return good;
}

/* NULL: out of memory. */
static rlc_model *train_all(training *trainer)
{
    const rlc_material *material = &trainer->material;
    rlc_part parts[RLC_FOLDS] = {{0}}, made = {0};
    uint32_t folds = material->n > ONE_FOLD_ABOVE ? 1 : RLC_FOLDS;
    bool good = true;
    for (uint32_t which = 0; which < RLC_BESIDES; which++)
        trainer->total += rlc_material_has(material, which) ? folds + 1 : 0;
    for (uint32_t fold = 0; good && fold < folds; fold++)
        good = train_without(trainer, fold, &parts[fold]);
    good = good && train_without(trainer, RLC_FOLDS, &made) && rlc_calibrate(&made, material, parts, folds);
    for (uint32_t fold = 0; fold < folds; fold++)
        clear_part(&parts[fold]);
    free(made.discriminants);
    if (good)
        return made.model;
    rlc_model_free(made.model);
    return NULL;
}

bool rlc_train(const rlc_examples *examples, const rlc_training *how, rlc_model **ret_model, rlt_error *error)
{
    training trainer = {.how = how};
    rlc_model *model = NULL;
    if (make_material(examples, how, &trainer.material)) {
        model = train_all(&trainer);
        clear_material(&trainer.material);
    }
    if (!model)
        return rlt_fail_as(error, EX_OSERR, "out of memory while training on %u examples", examples->n);
    *ret_model = model;
    return true;
}
