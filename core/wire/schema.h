/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schemas that this thread can read, found by fingerprint, each with its fields already matched to those
 * that the code knows: reading an old writer's bytes is then a look into a small table. avro-c has no
 * defaults in schema resolution (an added field makes its resolver refuse), so fields that a writer lacks are
 * simply absent here.
 */
#ifndef RLV_WIRE_SCHEMA_H
#define RLV_WIRE_SCHEMA_H

#include <avro.h>

#include "wire/wire.h"

/* The records of schemas/avro. */
enum rlv_type {
    RLV_TYPE_EVENT = 0,
    RLV_TYPE_DECISION = 1,
    RLV_TYPE_OWNERSHIP = 2,
    RLV_TYPE_OUTBOUND = 3,
    RLV_TYPE_EFFECT = 4,
    RLV_TYPE_RESULT = 5,
    RLV_TYPE_PROGRESS = 6,
    RLV_TYPE_STATE = 7,
    RLV_TYPE_SEND_RESULT = 8,
    RLV_TYPES = 9
};

enum { RLV_FIELDS_MAX = 32, RLV_SYMBOLS_MAX = 32, RLV_MAPS_MAX = 8, RLV_ENUMS_MAX = 2 };
enum { RLV_MARK_LEN = 10, RLV_FRAME_LEN = 5 };

/* One field that the code reads. */
struct rlv_field {
    const char *name;
    char kind;                     /* 's' text, 'b' bytes, 'i' int or long, 'd' double, 'e' enum, 'a' array */
    const struct rlv_shape *items; /* of an array of records; NULL: of something simpler */
    const char *(*word)(int);      /* of an enum: the word of a value */
    int words, other;              /* how many there are, and the one for a word that we do not know */
    int map;                       /* of an enum: its place in rlv_schema.symbols */
    bool required;                 /* it has no default: a writer that lacks it cannot be read */
};

/* The fields of one record that the code reads, in the order in which it numbers them. */
struct rlv_shape {
    const char *name; /* of the record */
    const struct rlv_field *fields;
    size_t n;
    int map; /* its place in rlv_schema.maps: 0 for the outermost record */
};

struct rlv_schema {
    uint64_t fingerprint;
    enum rlv_type type;
    avro_schema_t schema;
    avro_value_iface_t *iface;
    int16_t maps[RLV_MAPS_MAX][RLV_FIELDS_MAX]; /* our field's number → the writer's; -1: it has none */
    uint8_t symbols[RLV_ENUMS_MAX][RLV_SYMBOLS_MAX]; /* the writer's symbol → our value */
    int n_symbols[RLV_ENUMS_MAX]; /* that the writer has; those past the table are none of ours */
};

struct rlv_wire {
    struct rlv_schema *schemas;
    size_t n_schemas, cap_schemas;
    char marks[RLV_TYPES][RLV_MARK_LEN]; /* what our own bytes begin with */
    avro_reader_t reader;
    rlv_buf scratch;
    rlv_buf content; /* JSON that becomes a field of what is in scratch */
    size_t n_own;               /* of schemas: those of this build come first */
    struct rlv_writer *writers; /* by a registry's id */
    size_t n_writers, last_writer;
};

/* What a registry's id stands for. */
struct rlv_writer {
    uint32_t id;
    size_t schema; /* index into schemas */
    char *why;     /* why it cannot be read; NULL: it can */
};

/* What the code reads; the types that it only writes have none. */
extern const struct rlv_shape rlv_shape_event, rlv_shape_result, rlv_shape_progress, rlv_shape_state, rlv_shape_outbound,
    rlv_shape_effect, rlv_shape_send_result;

const char *rlv_type_name(enum rlv_type type);
/* Adds a schema, or finds that its fingerprint is known: *ret is its index. RLV_E_INVALID, with a reason. */
int rlv_schema_add(rlv_wire *wire, rlv_str json, bool current, size_t *ret, rlv_error *err) RLV_MUST_CHECK;
const struct rlv_schema *rlv_schema_find(const rlv_wire *wire, uint64_t fingerprint);
/* writers.c; under the lock of the parser. */
int rlv_writers_learn(rlv_wire *wire, uint32_t id, rlv_str json, rlv_error *err) RLV_MUST_CHECK;
void rlv_writers_free(rlv_wire *wire);
void rlv_schema_drop(struct rlv_schema *schema);

#endif
