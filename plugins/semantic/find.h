/* SPDX-License-Identifier: Apache-2.0 */
/* Which article a message means: by its embedding and its words together. */
#ifndef RELEVO_SEMANTIC_FIND_H
#define RELEVO_SEMANTIC_FIND_H

#include "table.h"
#include "text/search.h"

/* What is looked through; borrows all but `places`. Immutable once made. */
typedef struct sem_shelf {
    const rlt_kb *kb;
    const rlt_index *index;
    const sem_table *table;
    size_t *places; /* of kb->articles[i]: in table->ids; table->n_ids: it has no embedding */
} sem_shelf;

/* False: out of memory. */
bool sem_shelf_make(const rlt_kb *kb, const rlt_index *index, const sem_table *table, sem_shelf *ret);
void sem_shelf_clear(sem_shelf *shelf);

/* What is asked of an answer: see the options of semantic.c. */
typedef struct sem_limits {
    double words, least, margin;
} sem_limits;

typedef struct sem_found {
    const rlt_article *article; /* the nearest, in the language asked for where it exists in it; NULL: none is valid that day */
    double cosine;              /* of its nearest text, -1 to 1 */
    double lead;                /* by how much the next article is farther, in cosines */
    const char *why;            /* it is no answer: why, a literal; NULL: it is one */
} sem_found;

/* The article of the largest cosine + words × (part of the best attainable score by words). `doc` is the message, `vector` its embedding.
   False: out of memory. */
bool sem_find(const sem_shelf *shelf, const sem_limits *limits, rlt_work *work, const rlt_doc *doc, rlt_language language, int64_t day,
              const float *vector, sem_found *ret);

#endif
