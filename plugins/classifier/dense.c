/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ridge regression. Rows are centred and brought to mean length 1 first, so that one penalty fits word vectors, which
 * look everywhere, and embeddings, which all look one way; both are folded back into the weights.
 */
#include "dense.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PENALTY 1.0

typedef struct ridge {
    uint32_t dims, n_labels;
    double *mean;   /* dims */
    double scale;   /* 1 / the rows' mean distance from it */
    double *normal; /* dims × dims; its lower half becomes Cholesky's factor */
    double *right;  /* n_labels × dims */
    uint32_t n;
    uint32_t *of_label; /* rows of each */
} ridge;

static bool is_used(const rlc_rows *rows, uint32_t i)
{
    return !rows->used || rows->used[i];
}

static void find_mean(ridge *fit, const rlc_rows *rows)
{
    double squares = 0;
    for (uint32_t i = 0; i < rows->n; i++) {
        if (!is_used(rows, i))
            continue;
        fit->n++;
        fit->of_label[rows->labels[i]]++;
        for (uint32_t j = 0; j < fit->dims; j++)
            fit->mean[j] += (double)rows->values[(size_t)i * fit->dims + j];
    }
    for (uint32_t j = 0; j < fit->dims; j++)
        fit->mean[j] /= fit->n ? fit->n : 1;
    for (uint32_t i = 0; i < rows->n; i++)
        for (uint32_t j = 0; is_used(rows, i) && j < fit->dims; j++) {
            double far = (double)rows->values[(size_t)i * fit->dims + j] - fit->mean[j];
            squares += far * far;
        }
    fit->scale = squares > 0 ? sqrt(fit->n / squares) : 1;
}

/* Targets are 2 for the own label and 0 for others; the bias brings them to +1 and -1. */
static void add_row(ridge *fit, const float *row, uint32_t label, double *centred)
{
    for (uint32_t j = 0; j < fit->dims; j++)
        centred[j] = ((double)row[j] - fit->mean[j]) * fit->scale;
    double *right = fit->right + (size_t)label * fit->dims;
    for (uint32_t j = 0; j < fit->dims; j++) {
        double *line = fit->normal + (size_t)j * fit->dims, value = centred[j];
        for (uint32_t k = 0; k <= j; k++)
            line[k] += value * centred[k];
        right[j] += 2 * value;
    }
}

/* Cholesky's factor in place of the lower half; the penalty makes the matrix positive. */
static void factor(ridge *fit)
{
    uint32_t n = fit->dims;
    for (uint32_t i = 0; i < n; i++) {
        double *line = fit->normal + (size_t)i * n;
        for (uint32_t j = 0; j <= i; j++) {
            const double *other = fit->normal + (size_t)j * n;
            double sum = line[j] + (i == j ? PENALTY : 0);
            for (uint32_t k = 0; k < j; k++)
                sum -= line[k] * other[k];
            line[j] = i == j ? sqrt(fmax(sum, 1e-9)) : sum / other[j];
        }
    }
}

static void solve(const ridge *fit, double *x)
{
    uint32_t n = fit->dims;
    for (uint32_t i = 0; i < n; i++) {
        const double *line = fit->normal + (size_t)i * n;
        for (uint32_t k = 0; k < i; k++)
            x[i] -= line[k] * x[k];
        x[i] /= line[i];
    }
    for (uint32_t i = n; i-- > 0;) {
        x[i] /= fit->normal[(size_t)i * n + i];
        for (uint32_t k = 0; k < i; k++)
            x[k] -= fit->normal[(size_t)i * n + k] * x[i];
    }
}

static void store(const ridge *fit, rlc_dense *dense)
{
    for (uint32_t label = 0; label < fit->n_labels; label++) {
        const double *found = fit->right + (size_t)label * fit->dims;
        float *weights = dense->weights + (size_t)label * (fit->dims + 1);
        double bias = 2.0 * fit->of_label[label] / (fit->n ? fit->n : 1) - 1;
        for (uint32_t j = 0; j < fit->dims; j++) {
            weights[j] = (float)(found[j] * fit->scale);
            bias -= found[j] * fit->scale * fit->mean[j];
        }
        weights[fit->dims] = (float)bias;
    }
}

static void find_centres(const rlc_rows *rows, float *centres)
{
    for (uint32_t i = 0; i < rows->n; i++)
        for (uint32_t j = 0; is_used(rows, i) && j < rows->dims; j++)
            centres[(size_t)rows->labels[i] * rows->dims + j] += rows->values[(size_t)i * rows->dims + j];
    for (uint32_t label = 0; label < rows->n_labels; label++) {
        float *centre = centres + (size_t)label * rows->dims, length = 0;
        for (uint32_t j = 0; j < rows->dims; j++)
            length += centre[j] * centre[j];
        for (uint32_t j = 0; length > 0 && j < rows->dims; j++)
            centre[j] /= sqrtf(length);
    }
}

bool rlc_dense_fit(const rlc_rows *rows, uint32_t recipe, rlc_dense *ret_dense)
{
    size_t dims = rows->dims, n_labels = rows->n_labels;
    ridge fit = {.dims = rows->dims, .n_labels = rows->n_labels};
    rlc_dense made = {.dims = rows->dims, .recipe = recipe};
    double *centred = calloc(dims, sizeof *centred);
    fit.mean = calloc(dims, sizeof *fit.mean);
    fit.normal = calloc(dims * dims, sizeof *fit.normal);
    fit.right = calloc(dims * n_labels, sizeof *fit.right);
    fit.of_label = calloc(n_labels, sizeof *fit.of_label);
    made.weights = calloc((dims + 1) * n_labels, sizeof *made.weights);
    made.centres = calloc(dims * n_labels, sizeof *made.centres);
    bool good =
        centred && fit.mean && fit.normal && fit.right && fit.of_label && made.weights && made.centres;
    if (good) {
        find_mean(&fit, rows);
        for (uint32_t i = 0; i < rows->n; i++)
            if (is_used(rows, i))
                add_row(&fit, rows->values + (size_t)i * dims, rows->labels[i], centred);
        factor(&fit);
        for (uint32_t label = 0; label < fit.n_labels; label++)
            solve(&fit, fit.right + (size_t)label * dims);
        store(&fit, &made);
        find_centres(rows, made.centres);
        *ret_dense = made;
    } else {
        free(made.weights);
        free(made.centres);
    }
    free(centred);
    free(fit.mean);
    free(fit.normal);
    free(fit.right);
    free(fit.of_label);
    return good;
}
