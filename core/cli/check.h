/* SPDX-License-Identifier: Apache-2.0 */
/* Inside `relevo check`: its lines, and the parts that connect. */
#ifndef RLV_CLI_CHECK_H
#define RLV_CLI_CHECK_H

#include "config/config.h"

typedef struct rlv_check {
    const rlv_config *config;
    int wrong; /* lines that say FAIL */
    int away;  /* those of them because a server did not answer */
} rlv_check;

/* "OK     part      text". */
void rlv_check_ok(const char *part, const char *fmt, ...) RLV_PRINTF(2, 3);
/* "FAIL   part      text", counted. */
void rlv_check_fail(rlv_check *check, const char *part, const char *fmt, ...) RLV_PRINTF(3, 4);
/* On a terminal: what is waited for, until the next line. */
void rlv_check_waiting(const char *fmt, ...) RLV_PRINTF(1, 2);

/* check_kafka.c: lines `kafka`, `topics`, `rights`. */
void rlv_check_kafka(rlv_check *check);
/* check_postgres.c: lines `postgres`, `schema`, `rights`, and `policy` of whom that names. */
void rlv_check_postgres(rlv_check *check);

#endif
