/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borrowed text as (pointer, length): UTF-8, not NUL-terminated unless said otherwise. Absent text has len 0.
 */
#ifndef RLV_BASE_STR_H
#define RLV_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct rlv_str {
    const char *ptr;
    size_t len;
} rlv_str;

#define RLV_STR(literal) ((rlv_str){(literal), sizeof(literal) - 1})
/* For printf's "%.*s". */
#define RLV_STR_ARG(s) (int)(s).len, (s).len ? (s).ptr : ""

static inline rlv_str rlv_str_from(const char *z)
{
    return (rlv_str){z, z ? strlen(z) : 0};
}

static inline bool rlv_str_eq(rlv_str a, rlv_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool rlv_str_is(rlv_str a, const char *z)
{
    return rlv_str_eq(a, rlv_str_from(z));
}

/* True when the bytes are well-formed UTF-8 (no surrogates, no overlong forms, nothing past U+10FFFF). */
bool rlv_str_utf8(rlv_str s);

/* The longest prefix of at most max bytes that ends on a character boundary. */
rlv_str rlv_str_cut(rlv_str s, size_t max);

/* Reads a whole decimal int64; false, and *ret untouched, on anything else. */
bool rlv_str_int(rlv_str s, int64_t *ret);

/* The value of a hexadecimal digit, in either case; -1: it is none. */
int rlv_str_hex(char c);
/* Writes n bytes as 2 n of these, in small letters and without a NUL; returns what is behind them. */
char *rlv_str_put_hex(char *p, const uint8_t *bytes, size_t n);

/* FNV-1a, 64 bits: for duplicates and hash tables, never for security. Stable for ever (it is stored). */
uint64_t rlv_str_hash(rlv_str s);
/* The same of a text that comes in pieces: from RLV_STR_HASH, or the hash of what came before, on. */
#define RLV_STR_HASH 14695981039346656037u
uint64_t rlv_str_hash_on(uint64_t hash, rlv_str s);

/* Edit distance up to max (returns max + 1 beyond): for "did you mean". */
size_t rlv_str_distance(rlv_str a, rlv_str b, size_t max);

#endif
