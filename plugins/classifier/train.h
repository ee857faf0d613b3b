/* SPDX-License-Identifier: Apache-2.0 */
/* What training shares with calibration. */
#ifndef RELEVO_CLASSIFIER_TRAIN_H
#define RELEVO_CLASSIFIER_TRAIN_H

#include "model.h"

#define RLC_FOLDS 5u /* as a fold: all examples */

/* The examples as features, then those outside every intent; read once, used by every fold. */
typedef struct rlc_material {
    const rlc_examples *examples;
    uint32_t n, n_all; /* those with an intent, and all */
    rlt_work *work;    /* holds documents and features */
    rlt_doc *docs;
    const rlt_feature **features;
    uint32_t *n_features;
    uint32_t *fold;                    /* of each of the n: balanced within its label */
    uint32_t *labels;                  /* of each of the n */
    const float *dense[RLC_MEANINGS];  /* n_all × dims; NULL: not there */
    uint32_t dims[RLC_MEANINGS], recipes[RLC_MEANINGS];
    float *sums; /* dense[RLC_WORDS], owned */
} rlc_material;

/* A model, and the discriminants of the embeddings (rlc_discriminants; NULL without any), which are not in it yet. */
typedef struct rlc_part {
    rlc_model *model;
    float *discriminants;
} rlc_part;

/* Whether a fold's model was trained on the example; its fifth of the intents is unknown to it altogether. */
bool rlc_material_trains(const rlc_material *material, uint32_t i, uint32_t fold);
bool rlc_material_knows(const rlc_material *material, uint32_t label, uint32_t fold);
/* Whether there is what a layer (rlc_beside) needs. */
bool rlc_material_has(const rlc_material *material, uint32_t beside);

/* Mixes the discriminants into the layer beside embeddings of `made`, and finds what each of its layers is worth, by what the folds' parts say about what
   they have not seen. False: out of memory. */
bool rlc_calibrate(const rlc_part *made, const rlc_material *material, const rlc_part *parts, uint32_t n_parts);

#endif
