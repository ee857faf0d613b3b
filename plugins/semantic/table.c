/* SPDX-License-Identifier: Apache-2.0 */
/* See table.h. It must never take a line that it does not understand: an article would be missing without a word. */
#include "table.h"

#include <stdlib.h>
#include <string.h>

void sem_table_clear(sem_table *table)
{
    for (size_t i = 0; i < table->n_ids; i++)
        free(table->ids[i]);
    for (size_t i = 0; i < table->n_models; i++)
        free(table->models[i]);
    free(table->ids);
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

/* The number of an article, new when unknown; n_ids + 1 at most fit. False: out of memory. */
static bool article_number(sem_table *t, const char *id, size_t *ret)
{
    size_t i = t->n_ids;
    while (i > 0 && strcmp(t->ids[i - 1], id) != 0) /* the last is the likeliest */
        i--;
    if (i == 0) {
        if (!(t->ids[t->n_ids] = strdup(id)))
            return false;
        i = ++t->n_ids;
    }
    *ret = i - 1;
    return true;
}

/* Notes what made a row. False: *error says why not. */
static bool note_model(sem_table *t, const char *path, size_t line, const json_t *row, rlt_error *error)
{
    const char *name = json_string_value(json_object_get(row, "model"));
    for (size_t i = 0; name && i < t->n_models; i++)
        if (strcmp(t->models[i], name) == 0)
            return true;
    if (!name)
        return true;
    if (t->n_models == SEM_MODELS_MAX)
        return rlt_fail(error, "%s:%zu: more than %d models made it, the last '%.100s'; make it anew, with one", path, line, SEM_MODELS_MAX, name);
    if (!(t->models[t->n_models] = strdup(name)))
        return rlt_fail_memory(error, path);
    t->n_models++;
    return true;
}

bool sem_made_by(const char *made, const char *prefix, const char *model)
{
    size_t of_made = strlen(made), of_model = strlen(model), of_prefix = strlen(prefix);
    if (of_made < of_model || strcmp(made + of_made - of_model, model) != 0)
        return false;
    size_t before = of_made - of_model;
    return before == 0 || made[before - 1] == ' ' || (before == of_prefix && memcmp(made, prefix, before) == 0);
}

static bool add(sem_table *t, const char *path, size_t line, size_t room, const json_t *row, rlt_error *error)
{
    const json_t *id = json_object_get(row, "id"), *embedding = json_object_get(row, "embedding");
    size_t n = json_array_size(embedding);
    if (!json_is_string(id) || !json_string_length(id) || n == 0 || n > RLT_DIMENSIONS_MAX)
        return rlt_fail(error, "%s:%zu: no object of id and embedding; make the file anew", path, line);
    if (!t->numbers) {
        t->dimensions = n;
        t->numbers = calloc(room * n, sizeof(float));
        if (!t->numbers)
            return rlt_fail_memory(error, path);
    }
    float *vector = t->numbers + t->n * t->dimensions;
    if (!rlt_embedding_take(embedding, t->dimensions, vector))
        return rlt_fail(error, "%s:%zu: its embedding has not %zu finite numbers like the first one; make the file anew", path, line,
                        t->dimensions);
    size_t article;
    if (!article_number(t, json_string_value(id), &article))
        return rlt_fail_memory(error, path);
    t->rows[t->n++] = (sem_row){.article = article, .vector = vector};
    return note_model(t, path, line, row, error);
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
    if (good && (!(t.rows = calloc(room, sizeof *t.rows)) || !(t.ids = calloc(room, sizeof *t.ids))))
        good = rlt_fail_memory(error, path);
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

void sem_table_find(const sem_table *table, const float *vector, double *cosines)
{
    for (size_t i = 0; i < table->n_ids; i++)
        cosines[i] = -1;
    for (size_t i = 0; i < table->n; i++) {
        const sem_row *row = &table->rows[i];
        double cosine = 0;
        for (size_t k = 0; k < table->dimensions; k++)
            cosine += (double)row->vector[k] * (double)vector[k];
        if (cosine > cosines[row->article])
            cosines[row->article] = cosine;
    }
}
