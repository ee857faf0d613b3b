/* SPDX-License-Identifier: Apache-2.0 */
/* The table of countries; inside this library only. */
#ifndef RELEVO_TEXT_COUNTRY_H
#define RELEVO_TEXT_COUNTRY_H

#include "text/data.h"

typedef struct rlt_country {
    char code[3], prefix[4], currency[4];
    uint8_t shortest, longest; /* digits of a national number */
    char trunk[3];             /* what is dialled before it within the country */
    double utc_offset;         /* hours */
} rlt_country;

/* NULL: not one of those known. */
const rlt_country *rlt_country_find(const char *code);

#endif
