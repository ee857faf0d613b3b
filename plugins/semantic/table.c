/* SPDX-License-Identifier: Apache-2.0 */
/* See table.h. Must never let a number through that is none: one would be nearest to everything. */
#include "table.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Scaled to length 1. False: a member is no finite number, or all are zero. */
static bool take_vector(const json_t *list, size_t dimensions, float *out)
{
    double sum = 0;
    for (size_t i = 0; i < dimensions; i++) {
        const json_t *number = json_array_get(list, i);
        double v = json_number_value(number);
        if (!json_is_number(number) || !isfinite(v) || fabs(v) > 1e6)
            return false;
        out[i] = (float)v;
        sum += v * v;
    }
    if (sum < 1e-12)
        return false;
    for (size_t i = 0; i < dimensions; i++)
        out[i] = (float)((double)out[i] / sqrt(sum));
    return true;
}

void sem_table_clear(sem_table *table)
{
    for (size_t i = 0; i < table->n; i++)
        free(table->rows[i].id);
    free(table->rows);
    free(table->numbers);
    *table = (sem_table){0};
}

static size_t count_lines(const char *text, size_t len)
{
    size_t n = len > 0 && text[len - 1] != '\n';
    for (size_t i = 0; i < len; i++)
        n += text[i] == '\n';
    return n;
}

static bool add(sem_table *t, const char *path, size_t line, size_t room, const json_t *row, rlt_error *error)
{
    const json_t *id = json_object_get(row, "id"), *language = json_object_get(row, "language");
    const json_t *embedding = json_object_get(row, "embedding");
    size_t n = json_array_size(embedding);
    if (!json_is_string(id) || !json_string_length(id) || n == 0 || n > SEM_DIMENSIONS_MAX)
        return rlt_fail(error, "%s:%zu: no object of id, language and embedding; make the file anew", path, line);
    if (!t->numbers) {
        t->dimensions = n;
        t->numbers = calloc(room * n, sizeof(float));
        if (!t->numbers)
            return rlt_fail(error, "%s: out of memory", path);
    }
    float *vector = t->numbers + t->n * t->dimensions;
    if (n != t->dimensions || !take_vector(embedding, n, vector))
        return rlt_fail(error, "%s:%zu: its embedding has not %zu finite numbers like the first one; make the file anew", path, line,
                        t->dimensions);
    char *copy = strdup(json_string_value(id));
    if (!copy)
        return rlt_fail(error, "%s: out of memory", path);
    t->rows[t->n++] = (sem_row){
        .id = copy,
        .language = rlt_language_from((relevo_str){json_string_value(language), json_string_length(language)}),
        .vector = vector};
    return true;
}

bool sem_table_load(const char *path, sem_table *ret, rlt_error *error)
{
    char *text = NULL;
    size_t len = 0, line = 0;
    sem_table t = {0};
    if (!rlt_file_load(path, &text, &len, error))
        return false;
    size_t room = count_lines(text, len);
    bool good = room > 0 && room <= SEM_TEXTS_MAX;
    if (!good)
        (void)rlt_fail(error, "%s: it has %zu lines, 1 to %d belong there: make it with `relevo semantic texts` and embed.py", path, room,
                       SEM_TEXTS_MAX);
    if (good && !(t.rows = calloc(room, sizeof *t.rows)))
        good = rlt_fail(error, "%s: out of memory", path);
    for (const char *at = text, *end = text + len; good && at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        line++;
        json_t *row = json_loadb(at, (size_t)(stop - at), JSON_REJECT_DUPLICATES, NULL);
        good = add(&t, path, line, room, row, error);
        json_decref(row);
        at = stop + 1;
    }
    free(text);
    if (good)
        *ret = t;
    else
        sem_table_clear(&t);
    return good;
}

float *sem_vector_read(relevo_str body, size_t dimensions, const char **ret_why)
{
    json_t *root = body.len ? json_loadb(body.ptr, (size_t)body.len, 0, NULL) : NULL;
    const json_t *list = json_object_get(json_array_get(json_object_get(root, "data"), 0), "embedding");
    float *vector = NULL;
    *ret_why = "it is no answer of /v1/embeddings";
    if (json_is_array(list)) {
        *ret_why = "its embedding has another length than those of the articles: another model made them";
        if (json_array_size(list) == dimensions && (vector = calloc(dimensions, sizeof *vector)) &&
            !take_vector(list, dimensions, vector)) {
            *ret_why = "its embedding holds what is no finite number, or only zeros";
            free(vector);
            vector = NULL;
        }
    }
    json_decref(root);
    return vector;
}

sem_near sem_table_find(const sem_table *table, const float *vector)
{
    sem_near near = {.score = -1, .second = -1};
    for (size_t i = 0; i < table->n; i++) {
        double cosine = 0;
        for (size_t k = 0; k < table->dimensions; k++)
            cosine += (double)table->rows[i].vector[k] * (double)vector[k];
        bool same = near.id && strcmp(near.id, table->rows[i].id) == 0;
        if (!near.id || cosine > near.score) {
            near.second = same || !near.id ? near.second : near.score;
            near.id = table->rows[i].id;
            near.score = cosine;
        } else if (!same && cosine > near.second) {
            near.second = cosine;
        }
    }
    return near;
}
