/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linear discriminants in closed form: the rows of a label are taken to lie round its mean, and all labels to share one covariance, which is drawn
 * half way towards a sphere so that few rows are enough (Friedman, "Regularized discriminant analysis", 1989); decision values are log odds.
 */
#include "dense.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHRINKAGE  0.5  /* the covariance's share that gives way to a sphere of its size */
#define SPREAD_MIN 0.01 /* of rows: mean squared distance from their mean; examples may all be the same */

typedef struct fitting {
    uint32_t dims, n_labels;
    uint32_t n;
    uint32_t *of_label; /* rows of each */
    double *mean;       /* dims, of all rows */
    double *means;      /* n_labels × dims, of each label's rows, from `mean` */
    double *covariance; /* dims × dims, from the label's mean; its lower half becomes Cholesky's factor */
} fitting;

static bool is_used(const rlc_rows *rows, uint32_t i)
{
    return !rows->used || rows->used[i];
}

static void find_means(fitting *fit, const rlc_rows *rows)
{
    for (uint32_t i = 0; i < rows->n; i++) {
        if (!is_used(rows, i))
            continue;
        double *of_label = fit->means + (size_t)rows->labels[i] * fit->dims;
        fit->n++;
        fit->of_label[rows->labels[i]]++;
        for (uint32_t j = 0; j < fit->dims; j++)
            of_label[j] += (double)rows->values[(size_t)i * fit->dims + j];
    }
    for (uint32_t label = 0; label < fit->n_labels; label++)
        for (uint32_t j = 0; j < fit->dims; j++)
            fit->mean[j] += fit->means[(size_t)label * fit->dims + j] / (fit->n ? fit->n : 1);
    for (uint32_t label = 0; label < fit->n_labels; label++)
        for (uint32_t j = 0; fit->of_label[label] && j < fit->dims; j++) {
            double *mean = &fit->means[(size_t)label * fit->dims + j];
            *mean = *mean / fit->of_label[label] - fit->mean[j];
        }
}

static void add_row(fitting *fit, const float *row, uint32_t label, double *from_mean)
{
    const double *mean = fit->means + (size_t)label * fit->dims;
    for (uint32_t j = 0; j < fit->dims; j++)
        from_mean[j] = (double)row[j] - fit->mean[j] - mean[j];
    for (uint32_t j = 0; j < fit->dims; j++) {
        double *line = fit->covariance + (size_t)j * fit->dims, value = from_mean[j] / fit->n;
        for (uint32_t k = 0; k <= j; k++)
            line[k] += value * from_mean[k];
    }
}

/* Makes the matrix positive. */
static void regularise(fitting *fit)
{
    double trace = 0;
    for (uint32_t j = 0; j < fit->dims; j++)
        trace += fit->covariance[(size_t)j * fit->dims + j];
    double added = SHRINKAGE * fmax(trace, SPREAD_MIN) / fit->dims;
    for (uint32_t j = 0; j < fit->dims; j++)
        for (uint32_t k = 0; k <= j; k++) {
            double *value = &fit->covariance[(size_t)j * fit->dims + k];
            *value = (1 - SHRINKAGE) * *value + (j == k ? added : 0);
        }
}

/* Cholesky's factor in place of the lower half. */
static void factor(fitting *fit)
{
    uint32_t n = fit->dims;
    for (uint32_t i = 0; i < n; i++) {
        double *line = fit->covariance + (size_t)i * n;
        for (uint32_t j = 0; j <= i; j++) {
            const double *other = fit->covariance + (size_t)j * n;
            double sum = line[j];
            for (uint32_t k = 0; k < j; k++)
                sum -= line[k] * other[k];
            line[j] = i == j ? sqrt(fmax(sum, 1e-12)) : sum / other[j];
        }
    }
}

static void solve(const fitting *fit, double *x)
{
    uint32_t n = fit->dims;
    for (uint32_t i = 0; i < n; i++) {
        const double *line = fit->covariance + (size_t)i * n;
        for (uint32_t k = 0; k < i; k++)
            x[i] -= line[k] * x[k];
        x[i] /= line[i];
    }
    for (uint32_t i = n; i-- > 0;) {
        x[i] /= fit->covariance[(size_t)i * n + i];
        for (uint32_t k = 0; k < i; k++)
            x[k] -= fit->covariance[(size_t)i * n + k] * x[i];
    }
}

/* A label without rows, which its fold does not know, is as rare as half a row. */
static void store(const fitting *fit, uint32_t label, double *room, float *weights)
{
    const double *mean = fit->means + (size_t)label * fit->dims;
    double share = fit->of_label[label] / fmax(fit->n, 1);
    double bias = log(fmax(share, 0.5 / fmax(fit->n, 1)));
    for (uint32_t j = 0; j < fit->dims; j++)
        room[j] = mean[j];
    solve(fit, room);
    for (uint32_t j = 0; j < fit->dims; j++) {
        weights[j] = (float)room[j];
        bias -= room[j] * (fit->mean[j] + mean[j] / 2);
    }
    weights[fit->dims] = (float)bias;
}

void rlc_centres(const rlc_rows *rows, float *centres)
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

double rlc_spread(const rlc_rows *rows, double *mean)
{
    double square = 0;
    uint32_t n = 0;
    memset(mean, 0, rows->dims * sizeof *mean);
    for (uint32_t i = 0; i < rows->n; i++) {
        n += is_used(rows, i);
        for (uint32_t j = 0; is_used(rows, i) && j < rows->dims; j++)
            mean[j] += (double)rows->values[(size_t)i * rows->dims + j];
    }
    for (uint32_t j = 0; j < rows->dims; j++)
        mean[j] /= n ? n : 1;
    for (uint32_t i = 0; i < rows->n; i++)
        for (uint32_t j = 0; is_used(rows, i) && j < rows->dims; j++) {
            double from_mean = (double)rows->values[(size_t)i * rows->dims + j] - mean[j];
            square += from_mean * from_mean;
        }
    return sqrt(fmax(square / (n ? n : 1), SPREAD_MIN));
}

void rlc_discriminate(const float *weights, uint32_t dims, uint32_t n_labels, const float *row, float *odds)
{
    for (uint32_t label = 0; label < n_labels; label++, weights += dims + 1) {
        double sum = (double)weights[dims];
        for (uint32_t j = 0; j < dims; j++)
            sum += (double)weights[j] * (double)row[j];
        odds[label] = (float)sum;
    }
}

bool rlc_discriminants(const rlc_rows *rows, float *weights)
{
    size_t dims = rows->dims, n_labels = rows->n_labels;
    fitting fit = {.dims = rows->dims, .n_labels = rows->n_labels};
    double *room = calloc(dims, sizeof *room);
    fit.of_label = calloc(n_labels, sizeof *fit.of_label);
    fit.mean = calloc(dims, sizeof *fit.mean);
    fit.means = calloc(dims * n_labels, sizeof *fit.means);
    fit.covariance = calloc(dims * dims, sizeof *fit.covariance);
    bool good = room && fit.of_label && fit.mean && fit.means && fit.covariance;
    if (good) {
        find_means(&fit, rows);
        for (uint32_t i = 0; i < rows->n; i++)
            if (is_used(rows, i))
                add_row(&fit, rows->values + (size_t)i * dims, rows->labels[i], room);
        regularise(&fit);
        factor(&fit);
        for (uint32_t label = 0; label < fit.n_labels; label++)
            store(&fit, label, room, weights + label * (dims + 1));
    }
    free(room);
    free(fit.of_label);
    free(fit.mean);
    free(fit.means);
    free(fit.covariance);
    return good;
}
