/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading one value: opens the bytes with their writer's schema, then gives its fields by the numbers that
 * the code uses. Problems are collected, so that a reader takes all fields and looks once, at the end.
 */
#ifndef RLV_WIRE_READ_H
#define RLV_WIRE_READ_H

#include "wire/schema.h"

/* A record while its fields are taken. */
struct rlv_take {
    const struct rlv_schema *schema;
    const struct rlv_shape *shape;
    avro_value_t value;
    const char *bad;   /* name of a field that is not UTF-8; NULL: none */
    const char *stray; /* name of an enum whose number stands for nothing; NULL: none */
};

/* The type that the bytes claim to be; RLV_TYPES for none that is known. */
enum rlv_type rlv_read_type(rlv_wire *wire, rlv_str bytes);
/* Decodes bytes of any type that this thread knows, in the arena. Give the value back with rlv_read_drop. */
int rlv_read_any(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, const struct rlv_schema **ret_schema,
                 avro_value_t *ret_value, rlv_error *err) RLV_MUST_CHECK;
/* Gives back what the value holds outside the arena: references to its schema. Texts in the arena stay. */
void rlv_read_drop(rlv_arena *arena, avro_value_t *value);
/* The same, for one type only. */
int rlv_read(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, enum rlv_type type,
             const struct rlv_shape *shape, struct rlv_take *ret, rlv_error *err) RLV_MUST_CHECK;
/* After the last field: RLV_E_DECODE when one of them was not UTF-8, or no symbol. */
int rlv_read_end(const struct rlv_take *take, rlv_error *err) RLV_MUST_CHECK;

/* Field i: absent text, 0, or nothing when the writer lacks it or says null. Text is checked to be UTF-8;
   bytes are not. */
rlv_str rlv_take_text(struct rlv_take *take, int i);
rlv_str rlv_take_bytes(const struct rlv_take *take, int i);
int64_t rlv_take_int(const struct rlv_take *take, int i);
double rlv_take_double(const struct rlv_take *take, int i);
int rlv_take_enum(struct rlv_take *take, int i);
/* An array: its length, and whether it is there. */
size_t rlv_take_array(const struct rlv_take *take, int i, avro_value_t *ret_array);
/* Element k of an array of records. */
struct rlv_take rlv_take_item(const struct rlv_take *take, int i, const avro_value_t *array, size_t k);
/* Element k of an array of texts, of numbers. */
rlv_str rlv_item_text(struct rlv_take *take, int i, const avro_value_t *array, size_t k);
double rlv_item_double(const avro_value_t *array, size_t k);

/* A SendResult as an event of kind UNDELIVERED. */
int rlv_read_send_result(rlv_wire *wire, rlv_arena *arena, rlv_str bytes, rlv_event *ret, rlv_error *err) RLV_MUST_CHECK;

#endif
