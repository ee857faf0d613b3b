/* SPDX-License-Identifier: Apache-2.0 */
/* See digits.h. Must never take 12 for said where 1234 was, nor 5.120 where 5 and 120 were. */
#include "text/digits.h"

#include "text/data.h"

#include <string.h>

bool rlt_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

relevo_str rlt_number_at(relevo_str text, uint64_t at)
{
    uint64_t end = at;
    while (end < text.len && (rlt_is_digit(text.ptr[end]) || (end > at && (text.ptr[end] == '.' || text.ptr[end] == ',') &&
                                                              end + 1 < text.len && rlt_is_digit(text.ptr[end + 1]))))
        end++;
    return (relevo_str){text.ptr + at, end - at};
}

bool rlt_holds_number(relevo_str text, relevo_str number)
{
    char wanted[RLT_VALUE_MAX], value[RLT_VALUE_MAX];
    bool valued = number.len && rlt_amount_value(number, "", wanted);
    for (uint64_t i = 0; number.len && i < text.len;) {
        relevo_str here = rlt_number_at(text, i);
        if (rlt_equal(here, number) || (valued && here.len && rlt_amount_value(here, "", value) && strcmp(value, wanted) == 0))
            return true;
        i += here.len ? here.len : 1;
    }
    return false;
}
