/* SPDX-License-Identifier: Apache-2.0 */
/* The schemas that can be read; see schema.h. Must never be called while an allocation scope is open: schemas
   are kept. */
#include "wire/schema.h"

#include <stdlib.h>

#include "wire/canonical.h"

enum { CANONICAL_MAX = 1024 * 1024 };

static const struct {
    const char *name;
    const struct rlv_shape *shape;
} types[RLV_TYPES] = {
    [RLV_TYPE_EVENT] = {"WhatsAppEvent", &rlv_shape_event},
    [RLV_TYPE_DECISION] = {"Decision", NULL},
    [RLV_TYPE_OWNERSHIP] = {"Ownership", NULL},
    [RLV_TYPE_OUTBOUND] = {"OutboundMessage", &rlv_shape_outbound},
    [RLV_TYPE_EFFECT] = {"EffectRequest", &rlv_shape_effect},
    [RLV_TYPE_RESULT] = {"EffectResult", &rlv_shape_result},
    [RLV_TYPE_PROGRESS] = {"Progress", &rlv_shape_progress},
    [RLV_TYPE_STATE] = {"ConversationState", &rlv_shape_state},
    [RLV_TYPE_SEND_RESULT] = {"SendResult", &rlv_shape_send_result},
};

const char *rlv_type_name(enum rlv_type type)
{
    return types[type].name;
}

/* Behind a reference to a named type, and behind ["null", X]: the schema that holds the value. */
static avro_schema_t inner(avro_schema_t schema)
{
    if (is_avro_link(schema))
        return inner(avro_schema_link_target(schema));
    if (!is_avro_union(schema))
        return schema;
    for (size_t i = 0; i < avro_schema_union_size(schema); i++) {
        avro_schema_t branch = avro_schema_union_branch(schema, (int)i);
        if (!is_avro_null(branch))
            return inner(branch);
    }
    return schema;
}

static bool kind_fits(const struct rlv_field *field, avro_schema_t schema)
{
    switch (field->kind) {
    case 's':
    case 'b': return is_avro_string(schema) || is_avro_bytes(schema);
    case 'i': return is_avro_int32(schema) || is_avro_int64(schema);
    case 'd': return is_avro_double(schema);
    case 'e': return is_avro_enum(schema);
    default: return is_avro_array(schema);
    }
}

/* All that the field may hold must be readable, not only what it holds today. An enum stands alone: the numbers of two
   mean nothing without each other. */
static bool branches_fit(const struct rlv_field *field, avro_schema_t schema)
{
    if (!is_avro_union(schema))
        return kind_fits(field, inner(schema));
    size_t others = 0;
    for (size_t i = 0; i < avro_schema_union_size(schema); i++) {
        avro_schema_t branch = avro_schema_union_branch(schema, (int)i);
        if (is_avro_null(branch))
            continue;
        if (!kind_fits(field, inner(branch)))
            return false;
        others++;
    }
    return others == 1 || (others > 1 && (field->kind == 's' || field->kind == 'b' || field->kind == 'i'));
}

static void map_symbols(struct rlv_schema *s, const struct rlv_field *field, avro_schema_t schema)
{
    uint8_t *map = s->symbols[field->map];
    memset(map, field->other, RLV_SYMBOLS_MAX);
    int n = s->n_symbols[field->map] = avro_schema_enum_number_of_symbols(schema);
    for (int i = 0; i < n && i < RLV_SYMBOLS_MAX; i++)
        for (int v = 0; v < field->words; v++)
            if (strcmp(avro_schema_enum_get(schema, i), field->word(v)) == 0)
                map[i] = (uint8_t)v;
}

/* Matches the code's fields with the writer's. Our own current schema must have them all: else the build is
   broken. */
static int map_fields(struct rlv_schema *s, const struct rlv_shape *shape, avro_schema_t record, bool current,
                      rlv_error *err)
{
    if (!is_avro_record(record))
        return rlv_error_set(err, RLV_E_INVALID, "%s is no record", shape->name);
    for (size_t i = 0; i < shape->n; i++) {
        const struct rlv_field *field = &shape->fields[i];
        int at = avro_schema_record_field_get_index(record, field->name);
        s->maps[shape->map][i] = (int16_t)at;
        if (at < 0 && current)
            return rlv_error_set(err, RLV_E_INVALID, "%s has no field %s", shape->name, field->name);
        if (at < 0 && field->required)
            return rlv_error_set(err, RLV_E_INVALID, "the writer's %s has no field %s, which has no default",
                                 shape->name, field->name);
        if (at < 0)
            continue;
        avro_schema_t type = inner(avro_schema_record_field_get_by_index(record, at));
        if (!branches_fit(field, avro_schema_record_field_get_by_index(record, at)))
            return rlv_error_set(err, RLV_E_INVALID, "%s.%s has a type that cannot be read", shape->name,
                                 field->name);
        if (field->kind == 'e')
            map_symbols(s, field, type);
        if (!field->items)
            continue;
        int rc = map_fields(s, field->items, inner(avro_schema_array_items(type)), current, err);
        if (rc)
            return rc;
    }
    return RLV_OK;
}

static int parse(struct rlv_schema *s, rlv_str json, bool current, rlv_error *err)
{
    if (avro_schema_from_json_length(json.ptr, json.len, &s->schema) != 0)
        return rlv_error_set(err, RLV_E_INVALID, "the schema cannot be parsed: avro-c refuses it");
    const char *name = is_avro_record(s->schema) ? avro_schema_name(s->schema) : "";
    size_t type = 0;
    while (type < RLV_TYPES && strcmp(name, types[type].name) != 0)
        type++;
    if (type == RLV_TYPES)
        return rlv_error_set(err, RLV_E_INVALID, "\"%s\" is no record of Relevo's", name);
    s->type = (enum rlv_type)type;
    memset(s->maps, -1, sizeof(s->maps));
    int rc = types[type].shape ? map_fields(s, types[type].shape, s->schema, current, err) : RLV_OK;
    if (rc)
        return rc;
    s->iface = avro_generic_class_from_schema(s->schema);
    return s->iface ? RLV_OK : rlv_error_set(err, RLV_E_LIMIT, "out of memory for schema %s", name);
}

void rlv_schema_drop(struct rlv_schema *schema)
{
    if (schema->iface)
        avro_value_iface_decref(schema->iface);
    if (schema->schema)
        avro_schema_decref(schema->schema);
    *schema = (struct rlv_schema){0};
}

const struct rlv_schema *rlv_schema_find(const rlv_wire *wire, uint64_t fingerprint)
{
    for (size_t i = 0; i < wire->n_schemas; i++)
        if (wire->schemas[i].fingerprint == fingerprint)
            return &wire->schemas[i];
    return NULL;
}

static int fingerprint_of(rlv_str json, uint64_t *ret, rlv_error *err)
{
    rlv_buf form = RLV_BUF_INIT(CANONICAL_MAX);
    int rc = rlv_canonical_form(json, &form, err);
    if (rc == RLV_OK)
        *ret = rlv_canonical_crc64(rlv_buf_view(&form));
    rlv_buf_free(&form);
    return rc;
}

static int make_room(rlv_wire *wire, rlv_error *err)
{
    if (wire->n_schemas < wire->cap_schemas)
        return RLV_OK;
    size_t cap = wire->cap_schemas ? wire->cap_schemas * 2 : 16;
    struct rlv_schema *grown = realloc(wire->schemas, cap * sizeof(*grown));
    if (!grown)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory for schemas");
    wire->schemas = grown;
    wire->cap_schemas = cap;
    return RLV_OK;
}

/* C3 01 and the fingerprint, little endian. */
static void set_mark(rlv_wire *wire, const struct rlv_schema *s)
{
    char *mark = wire->marks[s->type];
    mark[0] = (char)0xC3;
    mark[1] = 1;
    for (int i = 0; i < 8; i++)
        mark[2 + i] = (char)(s->fingerprint >> (8 * i) & 0xFF);
}

int rlv_schema_add(rlv_wire *wire, rlv_str json, bool current, size_t *ret, rlv_error *err)
{
    uint64_t fingerprint;
    int rc = fingerprint_of(json, &fingerprint, err);
    if (rc == RLV_OK)
        rc = make_room(wire, err);
    if (rc)
        return rc;
    const struct rlv_schema *known = rlv_schema_find(wire, fingerprint);
    if (known) {
        *ret = (size_t)(known - wire->schemas);
        return RLV_OK;
    }
    struct rlv_schema s = {.fingerprint = fingerprint};
    rc = parse(&s, json, current, err);
    if (rc) {
        rlv_schema_drop(&s);
        return rc;
    }
    *ret = wire->n_schemas;
    wire->schemas[wire->n_schemas++] = s;
    if (current)
        set_mark(wire, &s);
    return RLV_OK;
}
