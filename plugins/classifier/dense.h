/* SPDX-License-Identifier: Apache-2.0 */
/* Training on dense rows in closed form. */
#ifndef RELEVO_CLASSIFIER_DENSE_H
#define RELEVO_CLASSIFIER_DENSE_H

#include "model.h"

/* Rows of `dims` numbers with their labels. */
typedef struct rlc_rows {
    const float *values;
    const uint32_t *labels;
    uint32_t n, dims, n_labels;
    const bool *used; /* NULL: all */
} rlc_rows;

/* Fits linear discriminants to the rows used, of length 1 (or 0): dims weights and a bias for each label. False: out of memory. */
bool rlc_discriminants(const rlc_rows *rows, float *weights);
/* What they say of a row: log odds of each label, into `odds`, but for what all have in common. */
void rlc_discriminate(const float *weights, uint32_t dims, uint32_t n_labels, const float *row, float *odds);

/* Puts the mean of the rows used into `mean`, `dims` numbers. Returns the root of their mean square distance from it, or what is left of it where they
   are all the same: never 0. */
double rlc_spread(const rlc_rows *rows, double *mean);

/* Adds to `centres`, n_labels × dims zeros, the mean of each label's rows used, brought to length 1. */
void rlc_centres(const rlc_rows *rows, float *centres);

#endif
