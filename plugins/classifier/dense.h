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

/* Adds to `centres`, n_labels × dims zeros, the mean of each label's rows used, brought to length 1. */
void rlc_centres(const rlc_rows *rows, float *centres);

#endif
