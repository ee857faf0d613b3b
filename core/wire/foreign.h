/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas that others wrote: what they may cost, and the ids under which a registry gives them. Internal to
 * the room. */
#ifndef RLV_WIRE_FOREIGN_H
#define RLV_WIRE_FOREIGN_H

#include "wire/schema.h"

/* What one writer's schema may hold. Ours have 25 fields and 16 symbols at most. */
enum {
    RLV_FOREIGN_BYTES_MAX = 256 * 1024,
    RLV_FOREIGN_DEPTH_MAX = 32,
    RLV_FOREIGN_FIELDS_MAX = 512,   /* of one record */
    RLV_FOREIGN_VALUES_MAX = 2048,  /* of one value, with all records in records written out */
    RLV_FOREIGN_SYMBOLS_MAX = 1000, /* of one enum */
    RLV_FOREIGN_NAMES_MAX = 128,    /* records, enums and fixed */
    RLV_FOREIGN_NAME_MAX = 512,     /* bytes of a name with its namespace */
    RLV_FOREIGN_FIXED_MAX = 4096    /* bytes */
};

/*
 * Refuses what avro-c would choke on: a schema that is too large or too deep, that refers to itself (its
 * value would be as deep as the bytes like), whose records multiply each other, or that has arrays whose
 * items need no bytes. RLV_E_INVALID with the reason. Allocates little and gives it back.
 */
int rlv_foreign_check(rlv_str json, rlv_error *err) RLV_MUST_CHECK;

/* The schema that a registry's id stands for: an index into wire->schemas. RLV_E_DECODE: it was never taught.
   RLV_E_REFUSED: it cannot be read, with the reason. */
int rlv_foreign_find(rlv_wire *wire, uint32_t id, size_t *ret, rlv_error *err) RLV_MUST_CHECK;

#endif
