/* SPDX-License-Identifier: Apache-2.0 */
/* Finds what patterns over several words say of a message. */
#ifndef RELEVO_CLASSIFIER_PATTERN_H
#define RELEVO_CLASSIFIER_PATTERN_H

#include "lexicon.h"

/* A table of patterns, compiled; immutable. */
typedef struct rlc_patterns rlc_patterns;

/* Borrows the table. NULL: out of memory, or a pattern is malformed. */
rlc_patterns *rlc_patterns_new(const rlc_pattern_table *table);
/* Accepts NULL. */
void rlc_patterns_free(rlc_patterns *patterns);

typedef struct rlc_found {
    double value; /* the highest of the patterns that match; 0: none does */
    bool denied;  /* a negative one matches, whatever else does */
} rlc_found;

/* What each group of the table says, as many as it has. Threads: any. */
void rlc_patterns_find(const rlc_patterns *patterns, const rlt_doc *doc, rlc_found *ret_found);

#endif
