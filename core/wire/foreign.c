/* SPDX-License-Identifier: Apache-2.0 */
/* What a foreign schema may cost; see foreign.h. Must never recurse deeper than its own limit, whatever it is
 * given. */
#include "wire/foreign.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* A type, as far as it matters here. */
struct cost {
    size_t values; /* that one value of it consists of */
    bool empty;    /* its value may take no bytes at all */
};

struct named {
    char name[RLV_FOREIGN_NAME_MAX];
    bool open; /* still being read: a reference to it is one to itself */
    struct cost cost;
};

struct walk {
    rlv_error *err;
    struct named *names;
    size_t n;
};

static int walk(struct walk *w, const json_t *schema, const char *space, int depth, struct cost *ret);

static int refuse(struct walk *w, const char *what)
{
    return rlv_error_set(w->err, RLV_E_INVALID, "the writer's schema cannot be used: %s", what);
}

static bool primitive(const char *name, struct cost *ret)
{
    static const char *const names[] = {"null",  "boolean", "int",   "long",
                                        "float", "double",  "bytes", "string"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(name, names[i]) == 0) {
            *ret = (struct cost){.values = 1, .empty = i == 0};
            return true;
        }
    return false;
}

/* The name with its namespace. False when it is too long. */
static bool full_name(char to[static RLV_FOREIGN_NAME_MAX], const char *name, const char *space)
{
    bool whole = strchr(name, '.') || !*space;
    int n = snprintf(to, RLV_FOREIGN_NAME_MAX, "%s%s%s", whole ? "" : space, whole ? "" : ".", name);
    return n > 0 && n < RLV_FOREIGN_NAME_MAX;
}

static struct named *find_name(struct walk *w, const char *name)
{
    for (size_t i = 0; i < w->n; i++)
        if (strcmp(w->names[i].name, name) == 0)
            return &w->names[i];
    return NULL;
}

static int walk_reference(struct walk *w, const char *name, const char *space, struct cost *ret)
{
    char whole[RLV_FOREIGN_NAME_MAX];
    if (primitive(name, ret))
        return RLV_OK;
    const struct named *named = full_name(whole, name, space) ? find_name(w, whole) : NULL;
    if (!named)
        return rlv_error_set(
            w->err, RLV_E_INVALID,
            "the writer's schema cannot be used: it names a type \"%.80s\" that it does not define", name);
    if (named->open)
        return rlv_error_set(w->err, RLV_E_INVALID,
                             "the writer's schema cannot be used: \"%.80s\" contains itself", name);
    *ret = named->cost;
    return RLV_OK;
}

static int walk_union(struct walk *w, const json_t *list, const char *space, int depth, struct cost *ret)
{
    size_t most = 0, i;
    const json_t *branch;
    if (json_array_size(list) > RLV_FOREIGN_FIELDS_MAX)
        return refuse(w, "a union of too many types");
    json_array_foreach((json_t *)(uintptr_t)list, i, branch)
    {
        struct cost cost;
        int rc = walk(w, branch, space, depth, &cost);
        if (rc)
            return rc;
        most = cost.values > most ? cost.values : most;
    }
    *ret = (struct cost){.values = most + 1};
    return RLV_OK;
}

static int walk_fields(struct walk *w, const json_t *fields, const char *space, int depth, struct cost *ret)
{
    struct cost sum = {.values = 1, .empty = true};
    size_t i;
    const json_t *field;
    if (!json_is_array(fields))
        return refuse(w, "a record without \"fields\"");
    if (json_array_size(fields) > RLV_FOREIGN_FIELDS_MAX)
        return rlv_error_set(w->err, RLV_E_INVALID,
                             "the writer's schema cannot be used: a record of %zu fields, it may have %d",
                             json_array_size(fields), RLV_FOREIGN_FIELDS_MAX);
    json_array_foreach((json_t *)(uintptr_t)fields, i, field)
    {
        struct cost cost;
        const char *name = json_string_value(json_object_get(field, "name"));
        if (!name)
            return refuse(w, "a field without a name");
        for (size_t k = 0; k < i; k++) /* avro-c lets two pass */
            if (strcmp(name, json_string_value(json_object_get(json_array_get(fields, k), "name"))) == 0)
                return rlv_error_set(w->err, RLV_E_INVALID,
                                     "the writer's schema cannot be used: two fields are called \"%.80s\"",
                                     name);
        int rc = walk(w, json_object_get(field, "type"), space, depth, &cost);
        if (rc)
            return rc;
        sum.values += cost.values;
        sum.empty = sum.empty && cost.empty;
        if (sum.values > RLV_FOREIGN_VALUES_MAX)
            return refuse(w, "its records hold too many fields in each other");
    }
    *ret = sum;
    return RLV_OK;
}

static int walk_enum(struct walk *w, const json_t *schema, struct cost *ret)
{
    const json_t *symbols = json_object_get(schema, "symbols");
    if (json_array_size(symbols) == 0)
        return refuse(w, "an enum without symbols");
    if (json_array_size(symbols) > RLV_FOREIGN_SYMBOLS_MAX)
        return rlv_error_set(w->err, RLV_E_INVALID,
                             "the writer's schema cannot be used: an enum of %zu symbols, it may have %d",
                             json_array_size(symbols), RLV_FOREIGN_SYMBOLS_MAX);
    *ret = (struct cost){.values = 1};
    return RLV_OK;
}

static int walk_fixed(struct walk *w, const json_t *schema, struct cost *ret)
{
    json_int_t size = json_integer_value(json_object_get(schema, "size"));
    if (size < 1 || size > RLV_FOREIGN_FIXED_MAX)
        return refuse(w, "a fixed type of a size that cannot be");
    *ret = (struct cost){.values = 1};
    return RLV_OK;
}

/* record, enum, fixed: remembered under their names. */
static int walk_named(struct walk *w, const json_t *schema, const char *type, const char *space, int depth,
                      struct cost *ret)
{
    const char *name = json_string_value(json_object_get(schema, "name"));
    const char *own = json_string_value(json_object_get(schema, "namespace"));
    if (w->n == RLV_FOREIGN_NAMES_MAX)
        return refuse(w, "it defines too many types");
    struct named *named = &w->names[w->n];
    if (!name || !full_name(named->name, name, own ? own : space))
        return refuse(w, "a record, enum or fixed type without a name, or with one that is too long");
    if (find_name(w, named->name))
        return rlv_error_set(w->err, RLV_E_INVALID,
                             "the writer's schema cannot be used: it defines \"%.80s\" twice", named->name);
    named->open = true;
    w->n++;
    char inner[RLV_FOREIGN_NAME_MAX];
    const char *dot = strrchr(named->name, '.');
    (void)snprintf(inner, sizeof(inner), "%.*s", dot ? (int)(dot - named->name) : 0, named->name);
    int rc = strcmp(type, "enum") == 0 ? walk_enum(w, schema, &named->cost)
             : strcmp(type, "fixed") == 0
                 ? walk_fixed(w, schema, &named->cost)
                 : walk_fields(w, json_object_get(schema, "fields"), inner, depth, &named->cost);
    named->open = false;
    *ret = named->cost;
    return rc;
}

/* An array or a map counts as one value: what its items cost is paid with bytes, by the budget of the
 * message. */
static int walk_items(struct walk *w, const json_t *items, bool array, const char *space, int depth,
                      struct cost *ret)
{
    struct cost cost;
    int rc = walk(w, items, space, depth, &cost);
    if (rc)
        return rc;
    if (array && cost.empty)
        return refuse(w, "an array of items without bytes: any number of them fits into nothing");
    *ret = (struct cost){.values = 1};
    return RLV_OK;
}

static int walk(struct walk *w, const json_t *schema, const char *space, int depth, struct cost *ret)
{
    if (depth >= RLV_FOREIGN_DEPTH_MAX)
        return refuse(w, "nested too deeply");
    if (json_is_string(schema))
        return walk_reference(w, json_string_value(schema), space, ret);
    if (json_is_array(schema))
        return walk_union(w, schema, space, depth + 1, ret);
    if (!json_is_object(schema))
        return refuse(w, "a type is missing");
    const json_t *inner = json_object_get(schema, "type");
    const char *type = json_string_value(inner);
    if (!type)
        return walk(w, inner, space, depth + 1, ret);
    if (strcmp(type, "record") == 0 || strcmp(type, "enum") == 0 || strcmp(type, "fixed") == 0)
        return walk_named(w, schema, type, space, depth + 1, ret);
    if (strcmp(type, "array") == 0)
        return walk_items(w, json_object_get(schema, "items"), true, space, depth + 1, ret);
    if (strcmp(type, "map") == 0)
        return walk_items(w, json_object_get(schema, "values"), false, space, depth + 1, ret);
    return walk_reference(w, type, space, ret);
}

int rlv_foreign_check(rlv_str json, rlv_error *err)
{
    json_error_t je;
    struct walk w = {.err = err};
    if (json.len > RLV_FOREIGN_BYTES_MAX)
        return rlv_error_set(err, RLV_E_INVALID,
                             "the writer's schema cannot be used: %zu bytes, it may have %d", json.len,
                             RLV_FOREIGN_BYTES_MAX);
    json_t *root =
        json_loadb(json.ptr ? json.ptr : "", json.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &je);
    if (!root)
        return rlv_error_set(err, RLV_E_INVALID, "the writer's schema cannot be used: line %d: %s", je.line,
                             je.text);
    struct cost cost;
    w.names = calloc(RLV_FOREIGN_NAMES_MAX, sizeof(*w.names));
    int rc = w.names ? walk(&w, root, "", 0, &cost)
                     : rlv_error_set(err, RLV_E_LIMIT, "out of memory for a schema");
    free(w.names);
    json_decref(root);
    return rc;
}
