/* SPDX-License-Identifier: Apache-2.0 */
/* What jansson cannot hold, written as what it can; see mend.h. Must never make JSON of what is none. */
#include "gateway/mend.h"

#include <math.h>
#include <stdlib.h>

/* The code unit of the escape \uXXXX that s begins with; -1: it begins with something else. */
static int32_t escaped_unit(rlv_str s)
{
    int32_t unit = 0;
    if (s.len < 6 || s.ptr[0] != '\\' || s.ptr[1] != 'u')
        return -1;
    for (size_t i = 2; i < 6; i++) {
        int digit = rlv_str_hex(s.ptr[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

static rlv_str from(rlv_str s, size_t at)
{
    return (rlv_str){s.ptr + at, s.len - at};
}

/* Bytes of the escape that s begins with; *ret_lost: there is no such character, or none that may stand there. */
static size_t escape(rlv_str s, bool *ret_lost)
{
    int32_t unit = escaped_unit(s);
    if (unit < 0)
        return s.len < 2 ? s.len : 2;
    if (unit >= 0xD800 && unit < 0xDC00) {
        int32_t next = escaped_unit(from(s, 6));
        if (next >= 0xDC00 && next < 0xE000)
            return 12;
    }
    *ret_lost = unit == 0 || (unit >= 0xD800 && unit < 0xE000);
    return 6;
}

/* Bytes of the number that s begins with; *ret_large: no number of ours holds it. */
static size_t number(rlv_str s, bool *ret_large)
{
    size_t n = 0;
    bool real = false;
    for (; n < s.len && s.ptr[n] && strchr("+-.0123456789eE", s.ptr[n]); n++)
        real |= s.ptr[n] == '.' || s.ptr[n] == 'e' || s.ptr[n] == 'E';
    if (n == s.len || !strchr(",]} \t\r\n", s.ptr[n])) /* strtod, which knows 0x and inf, must find an end where ours is */
        return n;
    char *end;
    double value = strtod(s.ptr, &end);
    int64_t whole;
    *ret_large = end == s.ptr + n && (real ? isinf(value) : !rlv_str_int((rlv_str){s.ptr, n}, &whole));
    return n;
}

rlv_str rlv_json_mend(rlv_arena *arena, rlv_str json)
{
    char *out = rlv_arena_alloc(arena, json.len * 2); /* a number that is too large has more digits than the quotes around it */
    size_t len = 0;
    bool quoted = false;
    for (size_t i = 0, n; out && i < json.len; i += n) {
        char c = json.ptr[i];
        bool lost = false, large = false;
        n = 1;
        if (quoted && c == '\\')
            n = escape(from(json, i), &lost);
        else if (!quoted && (c == '-' || (c >= '0' && c <= '9')))
            n = number(from(json, i), &large);
        quoted ^= c == '"';
        if (large)
            out[len++] = '"';
        memcpy(out + len, lost ? "\\uFFFD" : json.ptr + i, n);
        len += n;
        if (large)
            out[len++] = '"';
    }
    return (rlv_str){out, out ? len : 0};
}
