/* SPDX-License-Identifier: Apache-2.0 */
/* What numbers look like by country; see data.h. Lengths and trunk prefixes: the national numbering plans that the ITU
   lists. It must never grow into a telephone library: what is written in full is taken as it is. */
#include "country.h"

#include <string.h>

static const rlt_country countries[] = {
    {"AR", "54", "ARS", 10, 10, "0", -3},   {"BO", "591", "BOB", 8, 8, "0", -4},
    {"BR", "55", "BRL", 10, 11, "0", -3},   {"CL", "56", "CLP", 9, 9, "", -4},
    {"CO", "57", "COP", 10, 10, "", -5},    {"CR", "506", "CRC", 8, 8, "", -6},
    {"EC", "593", "USD", 8, 9, "0", -5},    {"ES", "34", "EUR", 9, 9, "", 1},
    {"GT", "502", "GTQ", 8, 8, "", -6},     {"MX", "52", "MXN", 10, 10, "01", -6},
    {"PE", "51", "PEN", 9, 9, "0", -5},     {"PT", "351", "EUR", 9, 9, "", 0},
    {"PY", "595", "PYG", 9, 9, "0", -3},    {"US", "1", "USD", 10, 10, "", -5},
    {"UY", "598", "UYU", 8, 8, "0", -3},    {"VE", "58", "VES", 10, 10, "0", -4},
};

const rlt_country *rlt_country_find(const char *code)
{
    for (size_t i = 0; i < sizeof countries / sizeof *countries; i++)
        if (strcmp(countries[i].code, code) == 0)
            return &countries[i];
    return NULL;
}

const char *rlt_country_from(relevo_str code)
{
    for (size_t i = 0; i < sizeof countries / sizeof *countries; i++)
        if (code.len == 2 && (code.ptr[0] & ~0x20) == countries[i].code[0] &&
            (code.ptr[1] & ~0x20) == countries[i].code[1])
            return countries[i].code;
    return "";
}

const char *rlt_country_of_phone(relevo_str digits)
{
    const rlt_country *best = NULL;
    if (digits.len > 0 && digits.ptr[0] == '+') {
        digits.ptr++;
        digits.len--;
    }
    for (size_t i = 0; i < sizeof countries / sizeof *countries; i++) {
        const rlt_country *c = &countries[i];
        size_t len = strlen(c->prefix);
        /* Of two prefixes the longer one; behind it a national number and at most the digit of a mobile phone. */
        if (digits.len >= len + c->shortest && digits.len <= len + c->longest + 1 &&
            memcmp(digits.ptr, c->prefix, len) == 0 && (!best || len > strlen(best->prefix)))
            best = c;
    }
    return best ? best->code : "";
}

const char *rlt_country_currency(const char *country)
{
    const rlt_country *c = rlt_country_find(country);
    return c ? c->currency : "";
}

double rlt_country_utc_offset(const char *country)
{
    const rlt_country *c = rlt_country_find(country);
    return c ? c->utc_offset : 0;
}
