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

/* Least squares on +1 and -1 for each label, with a penalty, over the rows used. Fills weights and centres, which the
   caller frees. False: out of memory. */
bool rlc_dense_fit(const rlc_rows *rows, uint32_t recipe, rlc_dense *ret_dense);

#endif
