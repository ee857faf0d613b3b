/* SPDX-License-Identifier: Apache-2.0 */
/* Borrowed text; see str.h. Must never allocate. */
#include "base/str.h"

#include <utf8proc.h>

bool rlv_str_utf8(rlv_str s)
{
    size_t i = 0;
    while (i < s.len) {
        uint64_t eight;
        while (s.len - i >= sizeof(eight)) { /* ASCII, eight bytes at a time */
            memcpy(&eight, s.ptr + i, sizeof(eight));
            if (eight & 0x8080808080808080u)
                break;
            i += sizeof(eight);
        }
        if (i == s.len)
            break;
        if ((unsigned char)s.ptr[i] < 0x80) { /* the common case, without a call */
            i++;
            continue;
        }
        utf8proc_int32_t point;
        utf8proc_ssize_t n =
            utf8proc_iterate((const utf8proc_uint8_t *)s.ptr + i, (utf8proc_ssize_t)(s.len - i), &point);
        if (n <= 0)
            return false;
        i += (size_t)n;
    }
    return true;
}

rlv_str rlv_str_cut(rlv_str s, size_t max)
{
    if (s.len <= max)
        return s;
    size_t n = max;
    while (n > 0 && ((unsigned char)s.ptr[n] & 0xC0) == 0x80)
        n--;
    return (rlv_str){s.ptr, n};
}

int rlv_str_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool rlv_str_int(rlv_str s, int64_t *ret)
{
    size_t i = 0;
    bool negative = s.len && s.ptr[0] == '-';
    if (negative)
        i++;
    if (i == s.len)
        return false;
    int64_t v = 0;
    for (; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, s.ptr[i] - '0', &v))
            return false;
    }
    /* Counted downwards, since INT64_MIN has no positive twin. */
    if (!negative && __builtin_sub_overflow((int64_t)0, v, &v))
        return false;
    *ret = v;
    return true;
}

char *rlv_str_put_hex(char *p, const uint8_t *bytes, size_t n)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        *p++ = hex[bytes[i] >> 4];
        *p++ = hex[bytes[i] & 15];
    }
    return p;
}

uint64_t rlv_str_hash_on(uint64_t hash, rlv_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        hash ^= (unsigned char)s.ptr[i];
        hash *= 1099511628211u;
    }
    return hash;
}

uint64_t rlv_str_hash(rlv_str s)
{
    return rlv_str_hash_on(RLV_STR_HASH, s);
}

size_t rlv_str_distance(rlv_str a, rlv_str b, size_t max)
{
    enum { LONGEST = 64 };
    if (a.len > LONGEST || b.len > LONGEST)
        return max + 1;
    size_t row[LONGEST + 1];
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t best = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[b.len] > max ? max + 1 : row[b.len];
}
