/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model file. All numbers little-endian; text as length and bytes:
 *
 *     "RLVCLS" 0 1 | features version | buckets | labels | rows | neighbours | their features | words |
 * dims and recipe of word vectors and embeddings | what each layer is worth | label names | bucket of each row's number |
 * weights, scales and biases of the n-grams of each layer that the model has | first |
 * neighbours | buckets | values | words | weights and centres of word vectors and embeddings | FNV-1a-64 of all before
 *
 * It must never trust a file: sizes are checked against its length before anything is allocated, and every
 * index before it is used.
 */
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FORMAT     4u
#define MAGIC      "RLVCLS"
#define HEAD_BYTES (36u + 8u * RLC_MEANINGS + 4u * RLC_BESIDES * 3u) /* magic with version, seven counts, dims and recipes, worth */

static uint64_t checksum(const unsigned char *bytes, size_t len)
{
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i < len; i++)
        sum = (sum ^ bytes[i]) * 1099511628211u;
    return sum;
}

/* ---- writing ---- */

typedef struct writer {
    unsigned char *bytes;
    size_t n;
} writer;

static void put(writer *out, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        out->bytes[out->n++] = (unsigned char)(value >> 8 * i);
}

static void put_float(writer *out, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(out, bits, 4);
}

static void put_floats(writer *out, const float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put_float(out, values[i]);
}

static void put_bytes(writer *out, const void *bytes, size_t n)
{
    memcpy(out->bytes + out->n, bytes, n);
    out->n += n;
}

static uint64_t dense_size(const rlc_model *model, rlc_meaning kind)
{
    uint64_t dims = model->dense[kind].dims;
    return 4u * (uint64_t)model->n_labels * 2 * dims;
}

/* As many weights as numbers of centres. */
static size_t n_numbers(const rlc_model *model, const rlc_dense *dense)
{
    return (size_t)model->n_labels * dense->dims;
}

static bool has_layer(const rlc_model *model, uint32_t beside)
{
    return beside == RLC_ALONE || model->dense[rlc_meaning_of((rlc_beside)beside)].dims > 0;
}

static uint32_t n_layers(const rlc_model *model)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < RLC_BESIDES; i++)
        n += has_layer(model, i);
    return n;
}

/* The bytes of everything after the label names, without the checksum. */
static uint64_t arrays_size(const rlc_model *model, uint32_t n_neighbours)
{
    return 2u * (uint64_t)RLT_BUCKETS + n_layers(model) * ((uint64_t)model->n_rows + 8) * model->n_labels + 4u * ((uint64_t)model->n_labels + 1) +
           12u * (uint64_t)n_neighbours + 3u * (uint64_t)model->n_features + 4u * (uint64_t)model->n_words +
           dense_size(model, RLC_WORDS) + dense_size(model, RLC_WHOLE);
}

static void put_head(writer *out, const rlc_model *model, uint32_t n_neighbours)
{
    put_bytes(out, MAGIC, 7);
    put(out, FORMAT, 1);
    put(out, RLT_FEATURES_VERSION, 4);
    put(out, RLT_BUCKETS, 4);
    put(out, model->n_labels, 4);
    put(out, model->n_rows, 4);
    put(out, n_neighbours, 4);
    put(out, model->n_features, 4);
    put(out, model->n_words, 4);
    for (uint32_t kind = 0; kind < RLC_MEANINGS; kind++) {
        put(out, model->dense[kind].dims, 4);
        put(out, model->dense[kind].recipe, 4);
    }
    for (uint32_t i = 0; i < RLC_BESIDES; i++) {
        put_float(out, model->worth[i].share);
        put_float(out, model->worth[i].bias);
        put_float(out, model->worth[i].slope);
    }
}

static void put_ngrams(writer *out, const rlc_model *model, const rlc_ngrams *ngrams)
{
    for (uint32_t i = 0; i < model->n_rows; i++)
        put_bytes(out, ngrams->weights + (size_t)i * model->stride, model->n_labels);
    for (uint32_t i = 0; i < model->n_labels; i++) {
        put_float(out, ngrams->scales[i]);
        put_float(out, ngrams->biases[i]);
    }
}

static void put_model(writer *out, const rlc_model *model, uint32_t n_neighbours)
{
    put_head(out, model, n_neighbours);
    for (uint32_t i = 0; i < model->n_labels; i++) {
        size_t len = strlen(model->labels[i]);
        put(out, len, 1);
        put_bytes(out, model->labels[i], len);
    }
    for (uint32_t i = 0; i < RLT_BUCKETS; i++)
        put(out, model->rows[i], 2);
    for (uint32_t i = 0; i < RLC_BESIDES; i++)
        if (has_layer(model, i))
            put_ngrams(out, model, &model->ngrams[i]);
    for (uint32_t i = 0; i <= model->n_labels; i++)
        put(out, model->first[i], 4);
    for (uint32_t i = 0; i < n_neighbours; i++) {
        put(out, model->neighbours[i].from, 4);
        put(out, model->neighbours[i].n, 4);
        put_float(out, model->neighbours[i].scale);
    }
    for (uint32_t i = 0; i < model->n_features; i++)
        put(out, model->buckets[i], 2);
    put_bytes(out, model->values, model->n_features);
    for (uint32_t i = 0; i < model->n_words; i++)
        put(out, model->words[i], 4);
    for (uint32_t kind = 0; kind < RLC_MEANINGS; kind++) {
        const rlc_dense *dense = &model->dense[kind];
        put_floats(out, dense->weights, n_numbers(model, dense));
        put_floats(out, dense->centres, n_numbers(model, dense));
    }
    put(out, checksum(out->bytes, out->n), 8);
}

/* Writes beside the file and renames: whoever reads meanwhile sees the old model or the new one. */
static bool write_file(const char *path, const writer *out, rlt_error *error)
{
    char part[4096];
    int len = snprintf(part, sizeof part, "%s.part", path);
    if (len < 0 || (size_t)len >= sizeof part)
        return rlt_fail(error, "%s: the path is too long", path);
    FILE *file = fopen(part, "wbe");
    if (!file)
        return rlt_fail_as(error, EX_CANTCREAT, "%s: %s; check the folder", part, strerror(errno));
    bool good =
        fwrite(out->bytes, 1, out->n, file) == out->n && fflush(file) == 0 && fsync(fileno(file)) == 0;
    int reason = errno;
    if (fclose(file) != 0 && good) {
        good = false;
        reason = errno;
    }
    if (good && rename(part, path) != 0) {
        good = false;
        reason = errno;
    }
    if (good)
        return true;
    unlink(part);
    return rlt_fail_as(error, EX_IOERR, "%s: cannot be written: %s", path, strerror(reason));
}

bool rlc_model_save(const rlc_model *model, const char *path, rlt_error *error)
{
    uint32_t n_neighbours = model->first[model->n_labels];
    size_t size =
        HEAD_BYTES + (size_t)model->n_labels * (RLC_LABEL_MAX + 1) + arrays_size(model, n_neighbours) + 8;
    writer out = {malloc(size), 0};
    if (!out.bytes)
        return rlt_fail_memory(error, path);
    put_model(&out, model, n_neighbours);
    bool good = write_file(path, &out, error);
    free(out.bytes);
    return good;
}

/* ---- reading ---- */

typedef struct bytes {
    const unsigned char *at, *end;
} bytes;

static uint64_t take(bytes *in, size_t width)
{
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++)
        value |= (uint64_t)*in->at++ << 8 * i;
    return value;
}

static uint32_t take_u32(bytes *in)
{
    return (uint32_t)take(in, 4);
}

static float take_float(bytes *in)
{
    uint32_t bits = take_u32(in);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void take_floats(bytes *in, float *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        values[i] = take_float(in);
}

static bool take_labels(bytes *in, rlc_model *model)
{
    for (uint32_t i = 0; i < model->n_labels; i++) {
        if (in->at == in->end)
            return false;
        size_t len = (size_t)take(in, 1);
        if (len == 0 || len > RLC_LABEL_MAX || len > (size_t)(in->end - in->at) ||
            !(model->labels[i] = strndup((const char *)in->at, len)))
            return false;
        in->at += len;
    }
    return true;
}

static bool make_arrays(rlc_model *model, uint32_t n_neighbours)
{
    model->stride = (model->n_labels + 15u) & ~15u;
    model->labels = calloc(model->n_labels, sizeof *model->labels);
    model->rows = calloc(RLT_BUCKETS, sizeof *model->rows);
    model->first = calloc(model->n_labels + 1, sizeof *model->first);
    model->neighbours = calloc((size_t)n_neighbours + 1, sizeof *model->neighbours);
    model->buckets = calloc((size_t)model->n_features + 1, sizeof *model->buckets);
    model->values = calloc((size_t)model->n_features + 1, sizeof *model->values);
    model->words = calloc((size_t)model->n_words + 1, sizeof *model->words);
    for (uint32_t i = 0; i < RLC_BESIDES; i++) {
        rlc_ngrams *ngrams = &model->ngrams[i];
        if (!has_layer(model, i))
            continue;
        ngrams->weights = calloc((size_t)model->n_rows + 1, model->stride);
        ngrams->scales = calloc(model->n_labels, sizeof *ngrams->scales);
        ngrams->biases = calloc(model->n_labels, sizeof *ngrams->biases);
        if (!ngrams->weights || !ngrams->scales || !ngrams->biases)
            return false;
    }
    for (uint32_t kind = 0; kind < RLC_MEANINGS; kind++) {
        rlc_dense *dense = &model->dense[kind];
        dense->weights = calloc(n_numbers(model, dense) + 1, sizeof *dense->weights);
        dense->centres = calloc(n_numbers(model, dense) + 1, sizeof *dense->centres);
        if (!dense->weights || !dense->centres)
            return false;
    }
    return model->labels && model->rows && model->first && model->neighbours && model->buckets && model->values && model->words;
}

static void take_ngrams(bytes *in, const rlc_model *model, rlc_ngrams *ngrams)
{
    for (uint32_t i = 0; i < model->n_rows; i++, in->at += model->n_labels)
        memcpy(ngrams->weights + (size_t)i * model->stride, in->at, model->n_labels);
    for (uint32_t i = 0; i < model->n_labels; i++) {
        ngrams->scales[i] = take_float(in);
        ngrams->biases[i] = take_float(in);
    }
}

/* Reads the arrays, whose size is known to fit. False: an index is out of range. */
static bool take_arrays(bytes *in, rlc_model *model, uint32_t n_neighbours)
{
    bool good = true;
    for (uint32_t i = 0; i < RLT_BUCKETS; i++)
        good &= (model->rows[i] = (uint16_t)take(in, 2)) <= model->n_rows;
    for (uint32_t i = 0; i < RLC_BESIDES; i++)
        if (has_layer(model, i))
            take_ngrams(in, model, &model->ngrams[i]);
    for (uint32_t i = 0; i <= model->n_labels; i++) {
        model->first[i] = take_u32(in);
        good &= model->first[i] <= n_neighbours && (i == 0 || model->first[i - 1] <= model->first[i]);
    }
    for (uint32_t i = 0; i < n_neighbours; i++) {
        rlc_neighbour *neighbour = &model->neighbours[i];
        neighbour->from = take_u32(in);
        neighbour->n = take_u32(in);
        neighbour->scale = take_float(in);
        good &= neighbour->from <= model->n_features && neighbour->n <= model->n_features - neighbour->from;
    }
    for (uint32_t i = 0; i < model->n_features; i++)
        good &= (model->buckets[i] = (uint16_t)take(in, 2)) < RLT_BUCKETS;
    memcpy(model->values, in->at, model->n_features);
    in->at += model->n_features;
    for (uint32_t i = 0; i < model->n_words; i++)
        model->words[i] = take_u32(in);
    for (uint32_t kind = 0; kind < RLC_MEANINGS; kind++) {
        rlc_dense *dense = &model->dense[kind];
        take_floats(in, dense->weights, n_numbers(model, dense));
        take_floats(in, dense->centres, n_numbers(model, dense));
    }
    return good;
}

static bool check_head(const char *path, const unsigned char *head, size_t len, rlt_error *error)
{
    bytes in = {head + 8, head + len};
    if (len < HEAD_BYTES + 8 || memcmp(head, MAGIC, 7) != 0)
        return rlt_fail(error, "%s: not a model of this classifier; make one with 'relevo classifier train'",
                        path);
    if (head[7] != FORMAT)
        return rlt_fail(error, "%s: model format %u, but this version reads %u; train it again", path,
                        head[7], FORMAT);
    uint32_t features = take_u32(&in), buckets = take_u32(&in);
    if (features != RLT_FEATURES_VERSION || buckets != RLT_BUCKETS)
        return rlt_fail(
            error,
            "%s: made for features %u with %u buckets, but this version has %u with %u; train it again", path,
            features, buckets, RLT_FEATURES_VERSION, RLT_BUCKETS);
    bytes tail = {head + len - 8, head + len};
    if (take(&tail, 8) != checksum(head, len - 8))
        return rlt_fail(error, "%s: the checksum is wrong, the file is damaged; copy or train it again",
                        path);
    return true;
}

static rlc_model *take_model(const unsigned char *file, size_t len)
{
    rlc_model *model = calloc(1, sizeof *model);
    bytes in = {file + 16, file + len - 8};
    if (!model)
        return NULL;
    uint32_t n_labels = take_u32(&in);
    model->n_rows = take_u32(&in);
    uint32_t n_neighbours = take_u32(&in);
    model->n_features = take_u32(&in);
    model->n_words = take_u32(&in);
    bool good = n_labels >= 2 && n_labels <= RLC_LABELS_MAX && model->n_rows <= RLT_BUCKETS;
    for (uint32_t kind = 0; kind < RLC_MEANINGS; kind++) {
        model->dense[kind].dims = take_u32(&in);
        model->dense[kind].recipe = take_u32(&in);
        good &= model->dense[kind].dims <= RLC_DIMS_MAX;
    }
    good &= model->dense[RLC_WORDS].dims == 0 || model->dense[RLC_WORDS].dims == RLT_VECTOR_DIMS;
    for (uint32_t i = 0; i < RLC_BESIDES; i++) {
        model->worth[i].share = take_float(&in);
        model->worth[i].bias = take_float(&in);
        model->worth[i].slope = take_float(&in);
    }
    model->n_labels = good ? n_labels : 0;
    good = good && arrays_size(model, n_neighbours) <= (uint64_t)(in.end - in.at) &&
           make_arrays(model, n_neighbours) && take_labels(&in, model) &&
           arrays_size(model, n_neighbours) == (uint64_t)(in.end - in.at) &&
           take_arrays(&in, model, n_neighbours);
    if (good)
        return model;
    rlc_model_free(model);
    return NULL;
}

bool rlc_model_take(const char *name, const void *file, size_t len, rlc_model **ret_model, rlt_error *error)
{
    if (!check_head(name, file, len, error))
        return false;
    rlc_model *model = take_model(file, len);
    if (!model)
        return rlt_fail(error, "%s: its parts do not fit together (or out of memory); train it again", name);
    *ret_model = model;
    return true;
}

bool rlc_model_load(const char *path, rlc_model **ret_model, rlt_error *error)
{
    char *text;
    size_t len;
    if (!rlt_file_load(path, &text, &len, error))
        return false;
    bool good = rlc_model_take(path, text, len, ret_model, error);
    free(text);
    return good;
}
