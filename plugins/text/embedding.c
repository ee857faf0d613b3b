/* SPDX-License-Identifier: Apache-2.0 */
/* See embedding.h. Must never let a number through that is none: one would be nearest to everything. */
#include "text/embedding.h"

#include <math.h>
#include <stdlib.h>

enum { MESSAGE_MAX = 1000 /* bytes that are embedded: a question is shorter */ };

bool rlt_embedding_take(const json_t *list, size_t dimensions, float *out)
{
    double sum = 0;
    if (json_array_size(list) != dimensions)
        return false;
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

char *rlt_embedding_ask(const char *model, const char *prefix, relevo_str message)
{
    relevo_str text = rlt_cut(message, MESSAGE_MAX);
    json_t *input = json_sprintf("%s%.*s", prefix, (int)text.len, text.ptr);
    json_t *json = input ? json_pack("{ss so}", "model", model, "input", input) : NULL;
    char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return body;
}

float *rlt_embedding_read(relevo_str body, size_t dimensions, const char **ret_why)
{
    json_t *root = body.len ? json_loadb(body.ptr, (size_t)body.len, 0, NULL) : NULL;
    const json_t *list = json_object_get(json_array_get(json_object_get(root, "data"), 0), "embedding");
    float *vector = NULL;
    *ret_why = "it is no answer of /v1/embeddings";
    if (json_is_array(list)) {
        *ret_why = "its embedding has another length than those that are known: another model made them";
        if (json_array_size(list) == dimensions && (vector = calloc(dimensions, sizeof *vector)) &&
            !rlt_embedding_take(list, dimensions, vector)) {
            *ret_why = "its embedding holds what is no finite number, or only zeros";
            free(vector);
            vector = NULL;
        }
    }
    json_decref(root);
    return vector;
}
