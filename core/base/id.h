/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identifiers, all UUID-shaped. A record's id says when and where it was decided, so that deciding again gives it
 * again; a conversation's id is a function of who talks to which number.
 */
#ifndef RLV_BASE_ID_H
#define RLV_BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum { RLV_ID_TEXT = 36, RLV_LANE_MAX = 4095, RLV_ORDINAL_MAX = 4095 };

typedef struct rlv_id {
    uint8_t bytes[16]; /* all zero: none */
} rlv_id;

/* UUIDv7: 48 bits lane time (ms), 12 bits lane, 50 bits sequence, 12 bits ordinal. Its month is a function of
   itself. */
rlv_id rlv_id_record(int64_t at_ms, int32_t lane, int64_t seq, uint32_t ordinal);
/* UUIDv8: BLAKE2b of (namespace, 0, name). Stable for ever: it is stored. */
rlv_id rlv_id_named(rlv_str space, rlv_str name);
/* 8-4-4-4-12 lower case and a NUL. */
void rlv_id_text(rlv_id id, char ret_text[RLV_ID_TEXT + 1]);
/* Reads the same form; false, and *ret untouched, on anything else. */
bool rlv_id_parse(rlv_str text, rlv_id *ret);

static inline bool rlv_id_eq(rlv_id a, rlv_id b)
{
    return memcmp(a.bytes, b.bytes, sizeof(a.bytes)) == 0;
}

static inline bool rlv_id_none(rlv_id id)
{
    return rlv_id_eq(id, (rlv_id){{0}});
}

#endif
