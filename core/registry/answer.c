/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of a registry; see answer.h. Must never look into the schema: that is wire's. */
#include "registry/answer.h"

#include <jansson.h>
#include <stdlib.h>

enum {
    UNKNOWN_SCHEMA = 40403, /* "Schema not found", in Confluent's words */
    NOT_FOUND = 404         /* and what some others answer instead */
};

static int read_error(const json_t *root, uint32_t id, rlv_error *err)
{
    const json_t *code = json_object_get(root, "error_code");
    if (!json_is_integer(code) ||
        (json_integer_value(code) != UNKNOWN_SCHEMA && json_integer_value(code) != NOT_FOUND))
        return RLV_E_UNAVAILABLE;
    return rlv_error_set(err, RLV_E_NOT_FOUND, "unknown schema id %u: the registry has no such schema", id);
}

static int read_schema(const json_t *root, uint32_t id, char **ret, size_t *ret_len, rlv_error *err)
{
    const json_t *schema = json_object_get(root, "schema");
    const char *type = json_string_value(json_object_get(root, "schemaType"));
    if (!json_is_string(schema))
        return RLV_E_UNAVAILABLE;
    if (type && strcmp(type, "AVRO") != 0)
        return rlv_error_set(err, RLV_E_INVALID, "schema %u of the registry is %.20s: only Avro is read here",
                             id, type);
    if (json_array_size(json_object_get(root, "references")) > 0)
        return rlv_error_set(
            err, RLV_E_INVALID,
            "schema %u of the registry refers to other subjects: register it as one whole schema", id);
    size_t len = json_string_length(schema);
    if (len > RLV_REGISTRY_SCHEMA_MAX)
        return rlv_error_set(err, RLV_E_INVALID, "schema %u of the registry is larger than %d bytes", id,
                             RLV_REGISTRY_SCHEMA_MAX);
    char *copy = malloc(len + 1);
    if (!copy)
        return rlv_error_set(err, RLV_E_UNAVAILABLE, "out of memory for a schema of %zu bytes", len);
    memcpy(copy, json_string_value(schema), len + 1);
    *ret = copy;
    *ret_len = len;
    return RLV_OK;
}

int rlv_answer_read(rlv_str body, bool found, uint32_t id, char **ret, size_t *ret_len, rlv_error *err)
{
    json_t *root = json_loadb(body.ptr ? body.ptr : "", body.len, 0, NULL);
    int rc = RLV_E_UNAVAILABLE;
    if (root)
        rc = found ? read_schema(root, id, ret, ret_len, err) : read_error(root, id, err);
    json_decref(root);
    return rc;
}
