/* SPDX-License-Identifier: Apache-2.0 */
/* See whole.h. It must never mix the embeddings of two models: their numbers have nothing to do with each other. */
#include "whole.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/embedding.h"

struct rlc_wholes {
    char **texts;
    float *numbers; /* n × dims */
    uint32_t n, room, dims, recipe;
    uint32_t *slots; /* hash table: number of a text + 1; 2 × room places, a power of two */
};

void rlc_wholes_free(rlc_wholes *wholes)
{
    if (!wholes)
        return;
    for (uint32_t i = 0; i < wholes->n; i++)
        free(wholes->texts[i]);
    free(wholes->texts);
    free(wholes->numbers);
    free(wholes->slots);
    free(wholes);
}

uint32_t rlc_wholes_dims(const rlc_wholes *wholes)
{
    return wholes->dims;
}

uint32_t rlc_wholes_recipe(const rlc_wholes *wholes)
{
    return wholes->recipe;
}

static uint32_t *place(const rlc_wholes *wholes, relevo_str text)
{
    uint32_t mask = 2 * wholes->room - 1, at = rlt_hash(text) & mask;
    while (wholes->slots[at] && !rlt_equal(rlt_str(wholes->texts[wholes->slots[at] - 1]), text))
        at = (at + 1) & mask;
    return &wholes->slots[at];
}

const float *rlc_wholes_find(const rlc_wholes *wholes, relevo_str text)
{
    uint32_t slot = *place(wholes, text);
    return slot ? wholes->numbers + (size_t)(slot - 1) * wholes->dims : NULL;
}

static bool grow(rlc_wholes *wholes)
{
    uint32_t room = 2 * wholes->room;
    char **texts = realloc(wholes->texts, room * sizeof *texts);
    if (texts)
        wholes->texts = texts;
    float *numbers = realloc(wholes->numbers, (size_t)room * wholes->dims * sizeof *numbers);
    if (numbers)
        wholes->numbers = numbers;
    uint32_t *slots = calloc(2 * (size_t)room, sizeof *slots);
    if (!texts || !numbers || !slots) {
        free(slots);
        return false;
    }
    free(wholes->slots);
    wholes->slots = slots;
    wholes->room = room;
    for (uint32_t i = 0; i < wholes->n; i++)
        *place(wholes, rlt_str(texts[i])) = i + 1;
    return true;
}

static bool add(rlc_wholes *wholes, const char *path, uint32_t line, const json_t *row, rlt_error *error)
{
    const json_t *text = json_object_get(row, "text"), *list = json_object_get(row, "embedding"), *model = json_object_get(row, "model");
    size_t dims = json_array_size(list);
    if (!json_is_string(text) || dims == 0 || dims > RLT_DIMENSIONS_MAX)
        return rlt_fail(error, "%s:%u: no object of text and embedding; make the file with plugins/semantic/embed.py", path, line);
    uint32_t recipe = rlt_hash((relevo_str){json_is_string(model) ? json_string_value(model) : "", json_string_length(model)});
    if (wholes->dims == 0) {
        wholes->dims = (uint32_t)dims;
        wholes->recipe = recipe;
    }
    if (wholes->n == wholes->room || !wholes->slots)
        if (!grow(wholes))
            return rlt_fail_memory(error, path);
    if (recipe != wholes->recipe || !rlt_embedding_take(list, wholes->dims, wholes->numbers + (size_t)wholes->n * wholes->dims))
        return rlt_fail(error, "%s:%u: its embedding is not %u finite numbers by the model of the first; make the file anew", path, line,
                        wholes->dims);
    uint32_t *slot = place(wholes, (relevo_str){json_string_value(text), json_string_length(text)});
    if (*slot)
        return true; /* the same text again */
    if (!(wholes->texts[wholes->n] = strdup(json_string_value(text))))
        return rlt_fail_memory(error, path);
    *slot = ++wholes->n;
    return true;
}

bool rlc_wholes_load(const char *path, rlc_wholes **ret, rlt_error *error)
{
    FILE *file = fopen(path, "re");
    rlc_wholes *made = calloc(1, sizeof *made);
    char *text = NULL;
    size_t room = 0;
    uint32_t line = 0;
    bool good = file && made;
    if (!good)
        (void)(file ? rlt_fail_memory(error, path) : rlt_fail_as(error, EX_NOINPUT, "%s: %s; check the path", path, strerror(errno)));
    if (made)
        made->room = 256;
    for (ssize_t len; good && (len = getline(&text, &room, file)) >= 0;) {
        line++;
        if (text[strspn(text, " \r\n")] == '\0')
            continue;
        json_t *row = json_loadb(text, (size_t)len, JSON_REJECT_DUPLICATES, NULL);
        good = add(made, path, line, row, error);
        json_decref(row);
    }
    if (good && ferror(file))
        good = rlt_fail_as(error, EX_NOINPUT, "%s: it cannot be read", path);
    if (good && made->n == 0)
        good = rlt_fail(error, "%s: it holds no embeddings; make it with plugins/semantic/embed.py", path);
    free(text);
    if (file)
        (void)fclose(file);
    if (good)
        *ret = made;
    else
        rlc_wholes_free(made);
    return good;
}

float *rlc_wholes_of(const rlc_wholes *wholes, const rlc_examples *examples, rlt_error *error)
{
    float *all = calloc(((size_t)examples->n + examples->n_outside) * wholes->dims, sizeof *all);
    if (!all)
        (void)rlt_fail_memory(error, "embeddings");
    for (uint32_t i = 0; all && i < examples->n + examples->n_outside; i++) {
        const rlc_example *item = i < examples->n ? &examples->items[i] : &examples->outside[i - examples->n];
        const float *found = rlc_wholes_find(wholes, (relevo_str){item->text, item->len});
        if (found) {
            memcpy(all + (size_t)i * wholes->dims, found, wholes->dims * sizeof *all);
        } else {
            (void)rlt_fail(error, "the example '%.200s' has no embedding; make the file anew from `relevo classifier texts`", item->text);
            free(all);
            all = NULL;
        }
    }
    return all;
}
