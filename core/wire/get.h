/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Avro's binary encoding, the reading half, for what put.h wrote under the current schema: through avro-c's
 * values a conversation's state costs ten times as much. It trusts nothing: a cursor that went wrong stays
 * so, and its owner reads the bytes again by avro-c, which says what is wrong.
 */
#ifndef RLV_WIRE_GET_H
#define RLV_WIRE_GET_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct rlv_get {
    const unsigned char *at, *end;
    bool bad;
};

/* int, long, enum, and the branch of a union */
static inline int64_t rlv_get_long(struct rlv_get *g)
{
    uint64_t n = 0;
    for (unsigned shift = 0; g->at < g->end && shift < 64; shift += 7) {
        unsigned char byte = *g->at++;
        if (shift == 63 && byte > 1)
            break; /* more than 64 bits */
        n |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return (int64_t)(n >> 1 ^ (0 - (n & 1)));
    }
    g->bad = true;
    return 0;
}

static inline int32_t rlv_get_int(struct rlv_get *g)
{
    int64_t v = rlv_get_long(g);
    g->bad |= v < INT32_MIN || v > INT32_MAX;
    return (int32_t)v;
}

/* Borrowed; absent when empty. */
static inline rlv_str rlv_get_bytes(struct rlv_get *g)
{
    int64_t len = rlv_get_long(g);
    if (g->bad || len <= 0 || len > g->end - g->at) {
        g->bad |= len != 0;
        return (rlv_str){NULL, 0};
    }
    rlv_str s = {(const char *)g->at, (size_t)len};
    g->at += len;
    return s;
}

/* UTF-8 without NULs, as rlv_take_text wants it. */
static inline rlv_str rlv_get_text(struct rlv_get *g)
{
    rlv_str s = rlv_get_bytes(g);
    g->bad |= s.len && (memchr(s.ptr, '\0', s.len) || !rlv_str_utf8(s));
    return s;
}

static inline double rlv_get_double(struct rlv_get *g)
{
    uint64_t bits = 0;
    double value = 0;
    if (g->end - g->at < 8) {
        g->bad = true;
        return 0;
    }
    for (unsigned i = 0; i < 8; i++)
        bits |= (uint64_t)g->at[i] << (8 * i);
    g->at += 8;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* The number of items that follow, at most max; behind them rlv_get_array_end. */
static inline int32_t rlv_get_array(struct rlv_get *g, int32_t max)
{
    int64_t n = rlv_get_long(g);
    g->bad |= n < 0 || n > max;
    return g->bad ? 0 : (int32_t)n;
}

/* n: what rlv_get_array gave. An empty array has no end of its own, and put.h writes one block. */
static inline void rlv_get_array_end(struct rlv_get *g, int32_t n)
{
    g->bad |= n != 0 && rlv_get_long(g) != 0;
}

#endif
