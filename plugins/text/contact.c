/* SPDX-License-Identifier: Apache-2.0 */
/* E-mail addresses and telephone numbers in one form; see data.h. */
#include "country.h"

#include <stdio.h>
#include <string.h>

enum { DIGITS_MIN = 8, DIGITS_MAX = 15 }; /* of a number with its country: ITU-T E.164 */

bool rlt_email_value(relevo_str written, char ret[RLT_VALUE_MAX])
{
    char value[RLT_VALUE_MAX];
    size_t at = SIZE_MAX, dot = 0;
    if (written.len < 6 || written.len >= RLT_VALUE_MAX)
        return false;
    for (size_t i = 0; i < written.len; i++) {
        char c = written.ptr[i];
        if (c == '@') {
            if (at != SIZE_MAX || i == 0)
                return false;
            at = i;
        } else if (c == '.') {
            if (i == 0 || i + 1 == written.len || strchr(".@", value[i - 1]) || written.ptr[i + 1] == '@')
                return false;
            dot = i;
        } else if (c <= ' ' || c == ',' || c == ';' || c == '<' || c == '>') {
            return false;
        }
        value[i] = c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
    }
    if (at == SIZE_MAX || dot < at + 2 || written.len - dot < 3)
        return false;
    value[written.len] = '\0';
    memcpy(ret, value, written.len + 1);
    return true;
}

/* The digits of a number; 0: there is something else in it, or too many. */
static size_t digits_of(relevo_str written, char *digits, bool *ret_plus)
{
    size_t n = 0;
    *ret_plus = false;
    for (size_t i = 0; i < written.len; i++) {
        char c = written.ptr[i];
        if (c >= '0' && c <= '9') {
            if (n == DIGITS_MAX + 2)
                return 0;
            digits[n++] = c;
        } else if (c == '+' && n == 0 && !*ret_plus) {
            *ret_plus = true;
        } else if (!strchr(" -.()/", c)) {
            return 0;
        }
    }
    return n;
}

static bool is_one_digit(const char *digits, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (digits[i] != digits[0])
            return false;
    return true;
}

/* Digits without their country's code, or with it and no sign of that. */
static bool national(const rlt_country *c, const char *digits, size_t n, char ret[RLT_VALUE_MAX])
{
    size_t prefix = strlen(c->prefix), trunk = strlen(c->trunk);
    if (n >= prefix + c->shortest && n <= prefix + c->longest + 1 && n > c->longest &&
        memcmp(digits, c->prefix, prefix) == 0)
        return snprintf(ret, RLT_VALUE_MAX, "+%.*s", (int)n, digits) > 0;
    if (trunk > 0 && n >= trunk + c->shortest && memcmp(digits, c->trunk, trunk) == 0) {
        digits += trunk;
        n -= trunk;
    }
    return n >= c->shortest && n <= c->longest && snprintf(ret, RLT_VALUE_MAX, "+%s%.*s", c->prefix, (int)n, digits) > 0;
}

bool rlt_phone_value(relevo_str written, const char *country, char ret[RLT_VALUE_MAX])
{
    char digits[DIGITS_MAX + 2];
    bool plus;
    size_t n = digits_of(written, digits, &plus);
    const rlt_country *c = rlt_country_find(country);
    if (n == 0 || is_one_digit(digits, n))
        return false;
    bool zeros = !plus && n > 2 && digits[0] == '0' && digits[1] == '0';
    if (plus || zeros) {
        const char *from = digits + (zeros ? 2 : 0);
        n -= zeros ? 2 : 0;
        return n >= DIGITS_MIN && n <= DIGITS_MAX && from[0] != '0' &&
               snprintf(ret, RLT_VALUE_MAX, "+%.*s", (int)n, from) > 0;
    }
    return c && n <= DIGITS_MAX && national(c, digits, n, ret);
}
