/* SPDX-License-Identifier: Apache-2.0 */
/* Tax ids by their check digits; see data.h. Sources: SAT (RFC), Receita Federal (CPF; CNPJ, also the letters of IN
   2229/2024), Agencia Tributaria (NIF), AFIP (CUIT), Autoridade Tributária (NIF of Portugal). */
#include "text/data.h"

#include <stdio.h>
#include <string.h>

enum { COMPACT_MIN = 9, COMPACT_MAX = 14 };

static bool all_digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] < '0' || s[i] > '9')
            return false;
    return true;
}

/* Sum of values x weights, the last character weighing `first`, going up to `last` and then from `first` again. */
static unsigned weigh(const char *s, size_t n, unsigned first, unsigned last)
{
    unsigned sum = 0, weight = first;
    for (size_t i = n; i-- > 0;) {
        sum += (unsigned)(s[i] - '0') * weight;
        weight = weight == last ? first : weight + 1;
    }
    return sum;
}

static bool same_throughout(const char *s, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (s[i] != s[0])
            return false;
    return true;
}

static char brazilian_digit(const char *s, size_t n, unsigned last)
{
    unsigned rest = weigh(s, n, 2, last) % 11;
    return rest < 2 ? '0' : (char)('0' + 11 - rest);
}

static bool is_cpf(const char *s, size_t n)
{
    return n == 11 && all_digits(s, 11) && !same_throughout(s, 11) && s[9] == brazilian_digit(s, 9, 10) &&
           s[10] == brazilian_digit(s, 10, 11);
}

static bool is_cnpj(const char *s, size_t n)
{
    return n == 14 && all_digits(s + 12, 2) && !same_throughout(s, 14) && s[12] == brazilian_digit(s, 12, 9) &&
           s[13] == brazilian_digit(s, 13, 9);
}

static bool is_cuit(const char *s, size_t n)
{
    static const char *const kinds[] = {"20", "23", "24", "25", "26", "27", "30", "33", "34"};
    bool known = false;
    if (n != 11 || !all_digits(s, 11))
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        known |= memcmp(s, kinds[i], 2) == 0;
    unsigned digit = 11 - weigh(s, 10, 2, 7) % 11;
    return known && digit != 10 && (unsigned)(s[10] - '0') == digit % 11;
}

/* Three or four letters, a date, two characters that tell people of one name apart, a check digit. */
static bool is_rfc(const char *s, size_t n)
{
    static const char values[] = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ ";
    static const char *const anybody[] = {"XAXX010101000", "XEXX010101000"};
    int64_t day;
    if (n != 12 && n != 13)
        return false;
    for (size_t i = 0; i < 2; i++)
        if (n == 13 && memcmp(s, anybody[i], 13) == 0)
            return true;
    size_t letters = n - 9;
    if (!all_digits(s + letters, 6))
        return false;
    for (size_t i = 0; i < letters; i++)
        if ((s[i] < 'A' || s[i] > 'Z') && s[i] != '&')
            return false;
    const char *d = s + letters;
    if (!rlt_day_of(2000 + (d[0] - '0') * 10 + d[1] - '0', (d[2] - '0') * 10 + d[3] - '0',
                    (d[4] - '0') * 10 + d[5] - '0', &day))
        return false;
    unsigned sum = 0;
    for (size_t i = 0; i < 12; i++) {
        char c = n == 12 ? (i == 0 ? ' ' : s[i - 1]) : s[i];
        const char *found = strchr(values, c);
        if (!found || !c)
            return false;
        sum += (unsigned)(found - values) * (unsigned)(13 - i);
    }
    unsigned digit = 11 - sum % 11;
    return s[n - 1] == (digit == 11 ? '0' : digit == 10 ? 'A' : (char)('0' + digit));
}

/* DNI with its letter; X, Y or Z of a foreigner; a letter and seven digits of a company. */
static bool is_nif(const char *s, size_t n)
{
    static const char letters[] = "TRWAGMYFPDXBNJZSQVHLCKE";
    if (n != 9)
        return false;
    if (s[0] >= 'X' && s[0] <= 'Z' && all_digits(s + 1, 7)) {
        unsigned number = (unsigned)(s[0] - 'X');
        for (int i = 1; i < 8; i++)
            number = number * 10 + (unsigned)(s[i] - '0');
        return s[8] == letters[number % 23];
    }
    if (all_digits(s, 8)) {
        unsigned number = 0;
        for (int i = 0; i < 8; i++)
            number = number * 10 + (unsigned)(s[i] - '0');
        return s[8] == letters[number % 23];
    }
    if (!strchr("ABCDEFGHJNPQRSUVW", s[0]) || !all_digits(s + 1, 7))
        return false;
    unsigned sum = 0;
    for (int i = 1; i < 8; i++) {
        unsigned twice = (unsigned)(s[i] - '0') * (i % 2 ? 2 : 1);
        sum += twice / 10 + twice % 10;
    }
    unsigned digit = (10 - sum % 10) % 10;
    return s[8] == (char)('0' + digit) || s[8] == "JABCDEFGHI"[digit];
}

static bool is_portuguese(const char *s, size_t n)
{
    if (n != 9 || !all_digits(s, 9) || !strchr("1235689", s[0]))
        return false;
    unsigned rest = weigh(s, 8, 2, 9) % 11;
    return s[8] == (rest < 2 ? '0' : (char)('0' + 11 - rest));
}

/* Nine digits are a telephone number too: of Portugal only where it is known to be that. */
static const struct {
    const char *country, *kind;
    bool (*check)(const char *s, size_t n);
    bool only_there;
} kinds[] = {
    {"MX", "rfc", is_rfc, false},   {"BR", "cnpj", is_cnpj, false}, {"BR", "cpf", is_cpf, false},
    {"AR", "cuit", is_cuit, false}, {"ES", "nif", is_nif, false},   {"PT", "nif", is_portuguese, true},
};

static const char *kind_of(const char *s, size_t n, const char *country)
{
    bool known = false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        known |= strcmp(kinds[i].country, country) == 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        bool here = strcmp(kinds[i].country, country) == 0;
        if ((here || (!known && !kinds[i].only_there)) && kinds[i].check(s, n))
            return kinds[i].kind;
    }
    return NULL;
}

/* The character of a tax id that stands at `at`, in upper case; 0: none. *ret_len: its bytes. */
static char id_char(relevo_str text, size_t at, size_t *ret_len)
{
    char c = text.ptr[at];
    *ret_len = 1;
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '&')
        return c;
    if (c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    return 0;
}

/* Reads characters with single separators between them from `at` on, trying each end; true when one is a tax id. */
static bool try_from(relevo_str text, size_t at, const char *country, char *compact, relevo_str *ret_written,
                     const char **ret_kind)
{
    size_t n = 0, len;
    bool found = false;
    for (size_t i = at; i < text.len && n < COMPACT_MAX;) {
        char c = id_char(text, i, &len);
        if (c) {
            compact[n++] = c;
            i += len;
            bool ends = i == text.len || !id_char(text, i, &len);
            const char *kind = ends && n >= COMPACT_MIN && (unsigned char)(i < text.len ? text.ptr[i] : ' ') < 0x80
                                   ? kind_of(compact, n, country)
                                   : NULL;
            if (kind) {
                *ret_kind = kind;
                *ret_written = (relevo_str){text.ptr + at, i - at};
                compact[n] = '\0';
                found = true;
                break;
            }
        } else if (n > 0 && strchr(".-/ ", text.ptr[i]) && i > at && text.ptr[i - 1] != text.ptr[i]) {
            i++;
        } else {
            break;
        }
    }
    return found;
}

bool rlt_find_tax_id(relevo_str text, const char *country, char ret[RLT_VALUE_MAX], relevo_str *ret_written,
                     const char **ret_kind)
{
    size_t len;
    for (size_t at = 0; at < text.len; at++) {
        char compact[COMPACT_MAX + 1];
        const char *kind;
        bool begins = at == 0 || (!id_char(text, at - 1, &len) && (unsigned char)text.ptr[at - 1] < 0x80);
        if (!begins || !id_char(text, at, &len) || !try_from(text, at, country, compact, ret_written, &kind))
            continue;
        (void)snprintf(ret, RLT_VALUE_MAX, "%s", compact);
        if (ret_kind)
            *ret_kind = kind;
        return true;
    }
    return false;
}
