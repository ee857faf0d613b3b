/* SPDX-License-Identifier: Apache-2.0 */
/* Embeddings: of the articles' texts, from a file; of a message, from an endpoint; and how near they are. */
#ifndef RELEVO_SEMANTIC_TABLE_H
#define RELEVO_SEMANTIC_TABLE_H

#include "text/embedding.h"
#include "text/kb.h"

enum { SEM_TEXTS_MAX = 200000, SEM_MODELS_MAX = 4 };

/* One text of an article. */
typedef struct sem_row {
    size_t article;      /* of table->ids */
    const float *vector; /* of length 1 */
} sem_row;

/* Immutable once loaded; shared by threads. */
typedef struct sem_table {
    char **ids; /* of the articles, each once */
    size_t n_ids;
    sem_row *rows;
    float *numbers; /* n x dimensions */
    size_t n, dimensions;
    char *models[SEM_MODELS_MAX]; /* that made them, as embed.py writes it: the prefix and the model's name; each once */
    size_t n_models;              /* 0: the file does not say */
} sem_table;

/* Reads lines of JSON, {"id": ..., "model": ..., "embedding": [...]}, all of one length, where "model" may be missing. False: *error says line
   and what is wrong. */
bool sem_table_load(const char *path, sem_table *ret, rlt_error *error);
void sem_table_clear(sem_table *table);

/* cosines[i]: of the nearest text of ids[i], -1 to 1. Room for n_ids. */
void sem_table_find(const sem_table *table, const float *vector, double *cosines);

/* Whether `made`, a prefix and a model's name as embed.py writes them, names `model`: behind `prefix`, or behind any prefix that ends with a
   space. */
bool sem_made_by(const char *made, const char *prefix, const char *model);

#endif
