/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any record as one line of JSON, for people and their tools. Plain JSON rather than Avro's JSON encoding: no
 * type names around values, absent fields left out. Must never fail on odd content: what is no text is shown
 * as base64.
 */
#include <sodium.h>

#include "wire/content.h"
#include "wire/read.h"

enum { DEEPEST = 32, LINE = 45 }; /* LINE: a multiple of 3, so that pieces of base64 join */

void rlv_json_quote(rlv_buf *out, rlv_str s)
{
    rlv_buf_append(out, "\"", 1);
    size_t plain = 0; /* start of what needs no escape */
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F)
            continue;
        rlv_buf_append(out, s.ptr + plain, i - plain);
        plain = i + 1;
        if (c == '"' || c == '\\')
            rlv_buf_printf(out, "\\%c", c);
        else if (c == '\n')
            rlv_buf_append(out, "\\n", 2);
        else
            rlv_buf_printf(out, "\\u%04x", c);
    }
    rlv_buf_append(out, s.ptr + plain, s.len - plain);
    rlv_buf_append(out, "\"", 1);
}

static void put_bytes(rlv_buf *out, rlv_str s)
{
    if (rlv_str_utf8(s)) {
        rlv_json_quote(out, s);
        return;
    }
    char piece[64];
    rlv_buf_printf(out, "{\"base64\":\"");
    for (size_t i = 0; i < s.len; i += LINE) {
        size_t n = s.len - i < LINE ? s.len - i : LINE;
        (void)sodium_bin2base64(piece, sizeof(piece), (const unsigned char *)s.ptr + i, n,
                                sodium_base64_VARIANT_ORIGINAL);
        rlv_buf_str(out, rlv_str_from(piece));
    }
    rlv_buf_printf(out, "\"}");
}

static avro_value_t out_of_union(avro_value_t v)
{
    avro_value_t branch;
    while (avro_value_get_type(&v) == AVRO_UNION && avro_value_get_current_branch(&v, &branch) == 0)
        v = branch;
    return v;
}

static void put_value(rlv_buf *out, const avro_value_t *v, int depth);

static void put_record(rlv_buf *out, const avro_value_t *v, int depth)
{
    size_t n = 0;
    bool first = true;
    (void)avro_value_get_size(v, &n);
    rlv_buf_append(out, "{", 1);
    for (size_t i = 0; i < n; i++) {
        avro_value_t field;
        const char *name = "";
        if (avro_value_get_by_index(v, i, &field, &name) != 0)
            continue;
        field = out_of_union(field);
        if (avro_value_get_type(&field) == AVRO_NULL)
            continue;
        rlv_buf_printf(out, first ? "\"%s\":" : ",\"%s\":", name);
        put_value(out, &field, depth + 1);
        first = false;
    }
    rlv_buf_append(out, "}", 1);
}

static void put_list(rlv_buf *out, const avro_value_t *v, int depth)
{
    size_t n = 0;
    (void)avro_value_get_size(v, &n);
    rlv_buf_append(out, "[", 1);
    for (size_t i = 0; i < n; i++) {
        avro_value_t item;
        if (avro_value_get_by_index(v, i, &item, NULL) != 0)
            continue;
        item = out_of_union(item);
        if (i > 0)
            rlv_buf_append(out, ",", 1);
        put_value(out, &item, depth + 1);
    }
    rlv_buf_append(out, "]", 1);
}

/* avro-c lets any number through as a symbol. */
static void put_symbol(rlv_buf *out, const avro_value_t *v)
{
    int symbol = -1;
    avro_schema_t schema = avro_value_get_schema(v);
    while (is_avro_link(schema))
        schema = avro_schema_link_target(schema);
    (void)avro_value_get_enum(v, &symbol);
    if (symbol >= 0 && symbol < avro_schema_enum_number_of_symbols(schema))
        rlv_json_quote(out, rlv_str_from(avro_schema_enum_get(schema, symbol)));
    else
        rlv_buf_printf(out, "%d", symbol);
}

static void put_integer(rlv_buf *out, const avro_value_t *v)
{
    int32_t narrow = 0;
    int64_t wide = 0;
    if (avro_value_get_type(v) == AVRO_INT64)
        (void)avro_value_get_long(v, &wide);
    else if (avro_value_get_int(v, &narrow) == 0)
        wide = narrow;
    rlv_buf_printf(out, "%lld", (long long)wide);
}

static void put_real(rlv_buf *out, const avro_value_t *v)
{
    float single = 0;
    double real = 0;
    if (avro_value_get_type(v) == AVRO_DOUBLE)
        (void)avro_value_get_double(v, &real);
    else if (avro_value_get_float(v, &single) == 0)
        real = (double)single;
    if (__builtin_isfinite(real))
        rlv_buf_printf(out, "%.15g", real);
    else
        rlv_buf_append(out, "null", 4); /* JSON has no infinity */
}

static void put_value(rlv_buf *out, const avro_value_t *v, int depth)
{
    const char *text = NULL;
    const void *bytes = NULL;
    size_t len = 0;
    int truth = 0;
    if (depth > DEEPEST) {
        out->failed = true;
        return;
    }
    switch (avro_value_get_type(v)) {
    case AVRO_STRING:
        (void)avro_value_get_string(v, &text, &len);
        put_bytes(out, (rlv_str){text, len ? len - 1 : 0});
        break;
    case AVRO_BYTES:
        (void)avro_value_get_bytes(v, &bytes, &len);
        put_bytes(out, (rlv_str){bytes, len});
        break;
    case AVRO_BOOLEAN:
        (void)avro_value_get_boolean(v, &truth);
        rlv_buf_printf(out, truth ? "true" : "false");
        break;
    case AVRO_RECORD: put_record(out, v, depth); break;
    case AVRO_ARRAY: put_list(out, v, depth); break;
    case AVRO_ENUM: put_symbol(out, v); break;
    case AVRO_INT32:
    case AVRO_INT64: put_integer(out, v); break;
    case AVRO_FLOAT:
    case AVRO_DOUBLE: put_real(out, v); break;
    default: rlv_buf_append(out, "null", 4); break;
    }
}

int rlv_wire_to_json(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, rlv_str *ret, rlv_error *err)
{
    const struct rlv_schema *schema;
    avro_value_t value;
    int rc = rlv_read_any(wire, arena, bytes, &schema, &value, err);
    if (rc)
        return rc;
    rlv_buf *out = &wire->scratch;
    rlv_buf_reset(out);
    put_value(out, &value, 0);
    rlv_read_drop(arena, &value);
    rlv_str line = out->failed ? (rlv_str){NULL, 0} : rlv_arena_copy(arena, rlv_buf_view(out));
    if (line.len == 0)
        return rlv_error_set(err, RLV_E_LIMIT, "no room for a %s of %zu bytes as JSON",
                             rlv_type_name(schema->type), bytes.len);
    *ret = line;
    return RLV_OK;
}
