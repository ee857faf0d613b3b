/* SPDX-License-Identifier: Apache-2.0 */
/* Embeddings of whole messages, made beforehand: for the commands, which use no network. */
#ifndef RELEVO_CLASSIFIER_WHOLE_H
#define RELEVO_CLASSIFIER_WHOLE_H

#include "examples.h"

typedef struct rlc_wholes rlc_wholes;

/* Reads lines of JSON, {"text", "embedding", "model"}, as plugins/semantic/embed.py writes them; the embeddings of one length and model.
   False: *error says line and what is wrong. */
bool rlc_wholes_load(const char *path, rlc_wholes **ret, rlt_error *error);
/* Accepts NULL. */
void rlc_wholes_free(rlc_wholes *wholes);

uint32_t rlc_wholes_dims(const rlc_wholes *wholes);
/* rlt_hash of the model's name. */
uint32_t rlc_wholes_recipe(const rlc_wholes *wholes);
/* The embedding of a text, of length 1; NULL: it has none. */
const float *rlc_wholes_find(const rlc_wholes *wholes, relevo_str text);

/* Those of all examples, then of the outside, as rlc_train wants them; to be freed. NULL: *error says which has none. */
float *rlc_wholes_of(const rlc_wholes *wholes, const rlc_examples *examples, rlt_error *error);

#endif
