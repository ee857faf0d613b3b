/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical form of a schema; see canonical.h. Must never read a file or follow a reference outside the
   schema. */
#include "wire/canonical.h"

#include <jansson.h>
#include <stdio.h>

enum { DEEPEST = 64, NAME_MAX_BYTES = 512 };

struct writer {
    rlv_buf *out;
    rlv_error *err;
};

static int write_schema(struct writer *w, const json_t *schema, const char *space, int depth);

static int refuse(struct writer *w, const char *what)
{
    return rlv_error_set(w->err, RLV_E_INVALID, "not an Avro schema: %s", what);
}

static void put(struct writer *w, const char *text)
{
    rlv_buf_str(w->out, rlv_str_from(text));
}

static bool is_primitive(const char *name)
{
    static const char *const names[] = {"null",  "boolean", "int",   "long",
                                        "float", "double",  "bytes", "string"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void put_quoted(struct writer *w, const char *text)
{
    put(w, "\"");
    put(w, text);
    put(w, "\"");
}

/* The full name: a name with a dot is one already, another lives in the namespace around it. */
static void put_full_name(struct writer *w, const char *name, const char *space)
{
    put(w, "\"");
    if (!strchr(name, '.') && space[0]) {
        put(w, space);
        put(w, ".");
    }
    put(w, name);
    put(w, "\"");
}

static int write_list(struct writer *w, const json_t *list, const char *space, int depth)
{
    size_t i;
    json_t *item;
    put(w, "[");
    json_array_foreach((json_t *)list, i, item) {
        if (i > 0)
            put(w, ",");
        int rc = write_schema(w, item, space, depth);
        if (rc)
            return rc;
    }
    put(w, "]");
    return RLV_OK;
}

static int write_fields(struct writer *w, const json_t *fields, const char *space, int depth)
{
    size_t i;
    json_t *field;
    if (!json_is_array(fields))
        return refuse(w, "a record without \"fields\"");
    put(w, ",\"fields\":[");
    json_array_foreach((json_t *)fields, i, field) {
        const char *name = json_string_value(json_object_get(field, "name"));
        if (!name)
            return refuse(w, "a field without a name");
        put(w, i > 0 ? ",{\"name\":" : "{\"name\":");
        put_quoted(w, name);
        put(w, ",\"type\":");
        int rc = write_schema(w, json_object_get(field, "type"), space, depth);
        if (rc)
            return rc;
        put(w, "}");
    }
    put(w, "]");
    return RLV_OK;
}

static int write_symbols(struct writer *w, const json_t *symbols)
{
    size_t i;
    json_t *symbol;
    if (!json_is_array(symbols))
        return refuse(w, "an enum without \"symbols\"");
    put(w, ",\"symbols\":[");
    json_array_foreach((json_t *)symbols, i, symbol) {
        if (!json_is_string(symbol))
            return refuse(w, "a symbol that is no text");
        if (i > 0)
            put(w, ",");
        put_quoted(w, json_string_value(symbol));
    }
    put(w, "]");
    return RLV_OK;
}

/* record, enum, fixed: the types that have names. */
static int write_named(struct writer *w, const json_t *schema, const char *type, const char *space, int depth)
{
    const char *name = json_string_value(json_object_get(schema, "name"));
    const char *own = json_string_value(json_object_get(schema, "namespace"));
    if (!name)
        return refuse(w, "a record, enum or fixed without a name");
    char inner[NAME_MAX_BYTES];
    const char *dot = strrchr(name, '.');
    int n = dot ? snprintf(inner, sizeof(inner), "%.*s", (int)(dot - name), name)
                : snprintf(inner, sizeof(inner), "%s", own ? own : space);
    if (n < 0 || (size_t)n >= sizeof(inner))
        return refuse(w, "a namespace that is too long");
    put(w, "{\"name\":");
    put_full_name(w, name, inner);
    put(w, ",\"type\":");
    put_quoted(w, type);
    int rc = RLV_OK;
    if (strcmp(type, "record") == 0)
        rc = write_fields(w, json_object_get(schema, "fields"), inner, depth);
    else if (strcmp(type, "enum") == 0)
        rc = write_symbols(w, json_object_get(schema, "symbols"));
    else
        rlv_buf_printf(w->out, ",\"size\":%lld",
                       (long long)json_integer_value(json_object_get(schema, "size")));
    put(w, "}");
    return rc;
}

static int write_complex(struct writer *w, const json_t *schema, const char *space, int depth)
{
    const json_t *type_value = json_object_get(schema, "type");
    const char *type = json_string_value(type_value);
    if (!type) /* {"type": {...}}: the inner schema is meant */
        return write_schema(w, type_value, space, depth);
    if (strcmp(type, "record") == 0 || strcmp(type, "enum") == 0 || strcmp(type, "fixed") == 0)
        return write_named(w, schema, type, space, depth);
    bool array = strcmp(type, "array") == 0;
    if (!array && strcmp(type, "map") != 0)
        return write_schema(w, type_value, space, depth); /* a primitive; its attributes do not count */
    put(w, array ? "{\"type\":\"array\",\"items\":" : "{\"type\":\"map\",\"values\":");
    int rc = write_schema(w, json_object_get(schema, array ? "items" : "values"), space, depth);
    put(w, "}");
    return rc;
}

static int write_schema(struct writer *w, const json_t *schema, const char *space, int depth)
{
    if (depth >= DEEPEST)
        return refuse(w, "nested too deeply");
    if (json_is_array(schema))
        return write_list(w, schema, space, depth + 1);
    if (json_is_object(schema))
        return write_complex(w, schema, space, depth + 1);
    if (!json_is_string(schema))
        return refuse(w, "a type is missing");
    const char *name = json_string_value(schema);
    if (is_primitive(name))
        put_quoted(w, name);
    else
        put_full_name(w, name, space);
    return RLV_OK;
}

int rlv_canonical_form(rlv_str schema, rlv_buf *out, rlv_error *err)
{
    json_error_t je;
    json_t *root =
        json_loadb(schema.ptr ? schema.ptr : "", schema.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &je);
    if (!root)
        return rlv_error_set(err, RLV_E_INVALID, "not an Avro schema: line %d: %s", je.line, je.text);
    struct writer w = {out, err};
    int rc = write_schema(&w, root, "", 0);
    json_decref(root);
    if (rc == RLV_OK && out->failed)
        rc = rlv_error_set(err, RLV_E_LIMIT, "the Avro schema is too large");
    return rc;
}

uint64_t rlv_canonical_crc64(rlv_str bytes)
{
    const uint64_t empty = 0xc15d213aa4d7a795u;
    uint64_t crc = empty;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= (unsigned char)bytes.ptr[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (empty & (0 - (crc & 1)));
    }
    return crc;
}
