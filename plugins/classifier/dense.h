/* SPDX-License-Identifier: Apache-2.0 */
/* Training a dense layer in closed form. */
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

typedef enum rlc_method { RLC_LEAST_SQUARES, RLC_DISCRIMINANTS } rlc_method;

/* Fits a layer to the rows used, of length 1 (or 0). Fills weights and centres, which the caller frees. False: out of memory. */
bool rlc_dense_fit(const rlc_rows *rows, rlc_method method, uint32_t recipe, rlc_dense *ret_dense);

#endif
