/* SPDX-License-Identifier: Apache-2.0 */
/* See digits.h. Must never take 12 for said where 1234 was. */
#include "text/digits.h"

#include <string.h>

bool rlt_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

relevo_str rlt_digits_at(relevo_str text, uint64_t at)
{
    uint64_t end = at;
    while (end < text.len && rlt_is_digit(text.ptr[end]))
        end++;
    return (relevo_str){text.ptr + at, end - at};
}

bool rlt_holds_digits(relevo_str text, relevo_str digits)
{
    for (uint64_t i = 0; i + digits.len <= text.len; i++)
        if (memcmp(text.ptr + i, digits.ptr, (size_t)digits.len) == 0 && (i == 0 || !rlt_is_digit(text.ptr[i - 1])) &&
            (i + digits.len == text.len || !rlt_is_digit(text.ptr[i + digits.len])))
            return true;
    return false;
}
