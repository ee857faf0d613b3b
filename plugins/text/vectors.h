/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Static word vectors: what a word means as 256 numbers, looked up in a table that vectors/build.py makes. Nothing
 * needs the table: whoever has none passes NULL and gets "no word is known".
 *
 * Threads: a table is mapped read-only and immutable; any number of threads and processes share it.
 */
#ifndef RELEVO_TEXT_VECTORS_H
#define RELEVO_TEXT_VECTORS_H

#include "text/text.h"
#include "text/yaml.h"

#define RLT_VECTOR_DIMS 256u

typedef struct rlt_vectors rlt_vectors;

/* Maps a table. False: *error says file, what is wrong and what to do. */
bool rlt_vectors_open(const char *path, rlt_vectors **ret_vectors, rlt_error *error);
/* Accepts NULL. */
void rlt_vectors_free(rlt_vectors *vectors);

/* What the table was made from and how; models remember it, and fit any table of the same recipe. Never 0; 0 for
   NULL. */
uint32_t rlt_vectors_recipe(const rlt_vectors *vectors);

/* The sum of the vectors of a message's words (each already weighs what its rarity deserves), brought to length 1.
   Returns how many of its words the table has; when none, all of `out` is 0. */
uint32_t rlt_vectors_sum(const rlt_vectors *vectors, const rlt_doc *doc, float out[RLT_VECTOR_DIMS]);

/* The table to use when none is named: the environment's RELEVO_VECTORS, else the one that `./dev vectors` keeps in
   ~/.cache/relevo. Writes its path; false: there is none. */
bool rlt_vectors_usual(char *path, size_t size);

#endif
