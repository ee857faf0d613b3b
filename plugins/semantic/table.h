/* SPDX-License-Identifier: Apache-2.0 */
/* Embeddings: of the articles' questions, from a file; of a message, from an endpoint; and which are near. */
#ifndef RELEVO_SEMANTIC_TABLE_H
#define RELEVO_SEMANTIC_TABLE_H

#include "text/kb.h"

enum { SEM_DIMENSIONS_MAX = 4096, SEM_TEXTS_MAX = 200000 };

/* One text of an article. */
typedef struct sem_row {
    char *id;
    rlt_language language;
    const float *vector; /* of length 1 */
} sem_row;

/* Immutable once loaded; shared by threads. */
typedef struct sem_table {
    sem_row *rows;
    float *numbers; /* n x dimensions */
    size_t n, dimensions;
} sem_table;

/* Reads lines of JSON, {"id": ..., "language": ..., "embedding": [...]}, all of one length. False: *error says line and what is
   wrong. */
bool sem_table_load(const char *path, sem_table *ret, rlt_error *error);
void sem_table_clear(sem_table *table);

/* The first embedding in a body of /v1/embeddings, of length 1; to be freed. NULL: *ret_why says why, a literal. Any bytes may come. */
float *sem_vector_read(relevo_str body, size_t dimensions, const char **ret_why);

typedef struct sem_near {
    const char *id;       /* of the nearest article; NULL: the table is empty */
    double score, second; /* its cosine, and that of the next article's nearest text; -1 to 1 */
} sem_near;

sem_near sem_table_find(const sem_table *table, const float *vector);

#endif
