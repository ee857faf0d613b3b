/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Avro's binary encoding, the writing half: a few bytes appended to a buffer. Our own values need no checks,
 * and going through avro-c's values costs ten times as much. Fields are put in the order of the schema; the
 * tests read every record back by avro-c and by python3-avro, so that a slip of the order is found.
 */
#ifndef RLV_WIRE_PUT_H
#define RLV_WIRE_PUT_H

#include "base/buf.h"
#include "base/id.h"

/* rlv_buf_append, without the call where there is room: a record is some fifty small pieces. */
static inline void rlv_put_raw(rlv_buf *out, const void *bytes, size_t len)
{
    if (out->failed || len >= out->cap - out->len || len > out->ceiling - out->len || len == 0) {
        rlv_buf_append(out, bytes, len);
        return;
    }
    memcpy(out->data + out->len, bytes, len);
    out->len += len;
    out->data[out->len] = '\0';
}

/* int, long, enum, and the branch of a union: zigzag, 7 bits a byte. */
static inline void rlv_put_long(rlv_buf *out, int64_t value)
{
    uint64_t n = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
    char bytes[10];
    size_t len = 0;
    for (; n > 0x7F; n >>= 7)
        bytes[len++] = (char)(n | 0x80);
    bytes[len++] = (char)n;
    rlv_put_raw(out, bytes, len);
}

/* string or bytes */
static inline void rlv_put_str(rlv_buf *out, rlv_str s)
{
    rlv_put_long(out, (int64_t)s.len);
    rlv_put_raw(out, s.ptr, s.len);
}

static inline void rlv_put_double(rlv_buf *out, double value)
{
    uint64_t bits;
    char bytes[8];
    memcpy(&bits, &value, sizeof(bits));
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(bits >> (8 * i) & 0xFF);
    rlv_put_raw(out, bytes, sizeof(bytes));
}

static inline void rlv_put_bool(rlv_buf *out, bool value)
{
    rlv_put_raw(out, value ? "\1" : "\0", 1);
}

/* One of n symbols; other for a value that is none of them. */
static inline void rlv_put_enum(rlv_buf *out, int value, int n, int other)
{
    rlv_put_long(out, value >= 0 && value < n ? value : other);
}

/* ["null", X]: null is branch 0; after rlv_put_some the X follows. */
static inline void rlv_put_null(rlv_buf *out)
{
    rlv_put_long(out, 0);
}

static inline void rlv_put_some(rlv_buf *out)
{
    rlv_put_long(out, 1);
}

/* ["null", "string"] or ["null", "bytes"]: absent text is null. */
static inline void rlv_put_opt_str(rlv_buf *out, rlv_str s)
{
    rlv_put_long(out, s.len > 0);
    if (s.len > 0)
        rlv_put_str(out, s);
}

/* ["null", "long"]: 0 is null. */
static inline void rlv_put_opt_long(rlv_buf *out, int64_t value)
{
    rlv_put_long(out, value != 0);
    if (value != 0)
        rlv_put_long(out, value);
}

/* Opens an array of n items, 0 included; after the last of them rlv_put_array_end. */
static inline void rlv_put_array(rlv_buf *out, size_t n)
{
    if (n > 0)
        rlv_put_long(out, (int64_t)n);
}

static inline void rlv_put_array_end(rlv_buf *out)
{
    rlv_put_long(out, 0);
}

#endif
