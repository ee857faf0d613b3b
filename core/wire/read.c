/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading one value; see read.h. Must never ask avro-c for its error text: there is none (alloc.c).
 */
#include "wire/read.h"

#include "wire/alloc.h"
#include "wire/foreign.h"

/* What a message may cost: a fixed part for the record itself, and so much for each byte of it (a state's
   turn of 4 bytes becomes a record of 200). A length bomb asks for more, and is refused. */
enum { COST_FIXED = 32 * 1024, COST_BYTE = 256 };

static int decode_error(rlv_error *err, enum rlv_type type)
{
    return rlv_error_set(err, RLV_E_DECODE, "the bytes are no %s of this schema: truncated or damaged",
                         rlv_type_name(type));
}

/* The head of the bytes: which schema wrote them, and how long it is. */
static int find_schema(rlv_wire *wire, rlv_str bytes, const struct rlv_schema **ret, size_t *ret_head,
                       rlv_error *err)
{
    uint32_t id;
    if (rlv_wire_framed(bytes, &id)) {
        size_t at = 0;
        int rc = rlv_foreign_find(wire, id, &at, err);
        if (rc == RLV_OK) {
            *ret = &wire->schemas[at];
            *ret_head = RLV_FRAME_LEN;
        }
        return rc;
    }
    *ret_head = RLV_MARK_LEN;
    if (bytes.len < RLV_MARK_LEN || (unsigned char)bytes.ptr[0] != 0xC3 || bytes.ptr[1] != 1)
        return rlv_error_set(err, RLV_E_DECODE,
                             "neither Avro single-object encoding (C3 01) nor Confluent's framing (00)");
    uint64_t fingerprint = 0;
    for (int i = 0; i < 8; i++)
        fingerprint |= (uint64_t)(unsigned char)bytes.ptr[2 + i] << (8 * i);
    *ret = rlv_schema_find(wire, fingerprint);
    if (*ret)
        return RLV_OK;
    return rlv_error_set(err, RLV_E_DECODE,
                         "unknown schema, fingerprint %016llx: its writer is newer than this reader?",
                         (unsigned long long)fingerprint);
}

enum rlv_type rlv_read_type(rlv_wire *wire, rlv_str bytes)
{
    const struct rlv_schema *schema = NULL;
    rlv_error unread;
    size_t head;
    return find_schema(wire, bytes, &schema, &head, &unread) == RLV_OK && schema ? schema->type : RLV_TYPES;
}

int rlv_read_any(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, const struct rlv_schema **ret_schema,
                 avro_value_t *ret_value, rlv_error *err)
{
    const struct rlv_schema *schema;
    size_t head;
    int rc = find_schema(wire, bytes, &schema, &head, err);
    if (rc)
        return rc;
    avro_reader_memory_set_source(wire->reader, bytes.ptr + head, (int64_t)(bytes.len - head));
    size_t variable;
    if (__builtin_mul_overflow(bytes.len, (size_t)COST_BYTE, &variable))
        return rlv_error_set(err, RLV_E_LIMIT, "a message of %zu bytes is too large", bytes.len);
    avro_value_t value;
    rlv_avro_open(arena, COST_FIXED + variable);
    int failed = avro_generic_value_new(schema->iface, &value);
    if (!failed) {
        failed = avro_value_read(wire->reader, &value);
        if (failed)
            avro_value_decref(&value);
    }
    bool bomb = rlv_avro_close();
    if (failed && bomb)
        return rlv_error_set(err, RLV_E_DECODE, "the bytes are no %s: they announce more than they hold",
                             rlv_type_name(schema->type));
    if (failed && rlv_arena_overflowed(arena))
        return rlv_error_set(err, RLV_E_LIMIT, "no room left in the batch for a message of %zu bytes",
                             bytes.len);
    if (failed)
        return decode_error(err, schema->type);
    char extra; /* avro_reader_is_eof knows files only: one more byte tells */
    if (avro_read(wire->reader, &extra, 1) == 0) {
        rlv_read_drop(arena, &value);
        return rlv_error_set(err, RLV_E_DECODE, "bytes follow the %s: two records in one, or another schema",
                             rlv_type_name(schema->type));
    }
    *ret_schema = schema;
    *ret_value = value;
    return RLV_OK;
}

void rlv_read_drop(rlv_arena *arena, avro_value_t *value)
{
    rlv_avro_open(arena, 0);
    avro_value_decref(value);
    (void)rlv_avro_close();
}

int rlv_read(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, enum rlv_type type,
             const struct rlv_shape *shape, struct rlv_take *ret, rlv_error *err)
{
    struct rlv_take take = {.shape = shape};
    int rc = rlv_read_any(wire, arena, bytes, &take.schema, &take.value, err);
    if (rc)
        return rc;
    if (take.schema->type != type) {
        rlv_read_drop(arena, &take.value);
        return rlv_error_set(err, RLV_E_DECODE, "a %s where a %s belongs", rlv_type_name(take.schema->type),
                             rlv_type_name(type));
    }
    /* The value is forgotten with its arena, which gives no reference back. Those that have a shape hold only
       this one. */
    avro_value_iface_decref(take.schema->iface);
    *ret = take;
    return RLV_OK;
}

int rlv_read_end(const struct rlv_take *take, rlv_error *err)
{
    if (take->stray)
        return rlv_error_set(err, RLV_E_DECODE, "%s.%s holds a number that is none of its symbols",
                             take->shape->name, take->stray);
    if (!take->bad)
        return RLV_OK;
    return rlv_error_set(err, RLV_E_DECODE, "%s.%s is not UTF-8, or holds a NUL", take->shape->name,
                         take->bad);
}

/* The value of field i, out of its union; false when there is none. */
static bool field(const struct rlv_take *take, int i, avro_value_t *ret)
{
    int at = take->schema->maps[take->shape->map][i];
    avro_value_t v;
    if (at < 0 || avro_value_get_by_index(&take->value, (size_t)at, &v, NULL) != 0)
        return false;
    while (avro_value_get_type(&v) == AVRO_UNION) {
        avro_value_t branch;
        if (avro_value_get_current_branch(&v, &branch) != 0)
            return false;
        v = branch;
    }
    *ret = v;
    return avro_value_get_type(&v) != AVRO_NULL;
}

static rlv_str bytes_of(const avro_value_t *v)
{
    const void *bytes = NULL;
    const char *text = NULL;
    size_t len = 0;
    if (avro_value_get_type(v) == AVRO_STRING) /* its size counts a NUL */
        return avro_value_get_string(v, &text, &len) == 0 && len > 1 ? (rlv_str){text, len - 1}
                                                                     : (rlv_str){NULL, 0};
    return avro_value_get_bytes(v, &bytes, &len) == 0 && len > 0 ? (rlv_str){bytes, len} : (rlv_str){NULL, 0};
}

static rlv_str text_of(struct rlv_take *take, int i, const avro_value_t *v)
{
    rlv_str s = bytes_of(v);
    if (!rlv_str_utf8(s) || (s.len > 0 && memchr(s.ptr, '\0', s.len))) /* Postgres cannot store a NUL */
        take->bad = take->shape->fields[i].name;
    return s;
}

rlv_str rlv_take_text(struct rlv_take *take, int i)
{
    avro_value_t v;
    return field(take, i, &v) ? text_of(take, i, &v) : (rlv_str){NULL, 0};
}

rlv_str rlv_take_bytes(const struct rlv_take *take, int i)
{
    avro_value_t v;
    return field(take, i, &v) ? bytes_of(&v) : (rlv_str){NULL, 0};
}

int64_t rlv_take_int(const struct rlv_take *take, int i)
{
    avro_value_t v;
    int64_t wide = 0;
    int32_t narrow = 0;
    if (!field(take, i, &v))
        return 0;
    if (avro_value_get_type(&v) == AVRO_INT64)
        return avro_value_get_long(&v, &wide) == 0 ? wide : 0;
    return avro_value_get_int(&v, &narrow) == 0 ? narrow : 0;
}

double rlv_take_double(const struct rlv_take *take, int i)
{
    avro_value_t v;
    double number = 0;
    return field(take, i, &v) && avro_value_get_double(&v, &number) == 0 ? number : 0;
}

int rlv_take_enum(struct rlv_take *take, int i)
{
    const struct rlv_field *spec = &take->shape->fields[i];
    avro_value_t v;
    int symbol = -1;
    bool there = field(take, i, &v) && avro_value_get_enum(&v, &symbol) == 0;
    if (there ? symbol < 0 || symbol >= take->schema->n_symbols[spec->map] : spec->required)
        take->stray = spec->name; /* avro-c lets any number through */
    if (!there || take->stray || symbol >= RLV_SYMBOLS_MAX)
        return spec->other;
    return take->schema->symbols[spec->map][symbol];
}

size_t rlv_take_array(const struct rlv_take *take, int i, avro_value_t *ret_array)
{
    size_t n = 0;
    return field(take, i, ret_array) && avro_value_get_size(ret_array, &n) == 0 ? n : 0;
}

struct rlv_take rlv_take_item(const struct rlv_take *take, int i, const avro_value_t *array, size_t k)
{
    struct rlv_take item = {.schema = take->schema, .shape = take->shape->fields[i].items, .bad = take->bad};
    (void)avro_value_get_by_index(array, k, &item.value, NULL); /* k < size: cannot fail */
    return item;
}

rlv_str rlv_item_text(struct rlv_take *take, int i, const avro_value_t *array, size_t k)
{
    avro_value_t v;
    return avro_value_get_by_index(array, k, &v, NULL) == 0 ? text_of(take, i, &v) : (rlv_str){NULL, 0};
}

double rlv_item_double(const avro_value_t *array, size_t k)
{
    avro_value_t v;
    double d = 0;
    return avro_value_get_by_index(array, k, &v, NULL) == 0 && avro_value_get_double(&v, &d) == 0 ? d : 0;
}
