/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors of the plugins' readers and tools: a line for people, and what a tool that ends for it exits with. Whoever notices it writes it, whoever
 * called first prints it, once.
 */
#ifndef RELEVO_TEXT_ERROR_H
#define RELEVO_TEXT_ERROR_H

#include <stdbool.h>
#include <stdint.h>
#include <sysexits.h>

/* One line for people: "FILE:LINE: what is wrong; what to do". */
typedef struct rlt_error {
    char line[512];
    int32_t exit; /* of sysexits.h */
} rlt_error;

/* Each writes an error's line and always returns false, so that a reader can end with it. rlt_fail: the data are wrong (EX_DATAERR); rlt_fail_as:
   with another exit code; rlt_fail_memory: "WHAT: out of memory" (EX_OSERR); rlt_fail_output: standard output cannot be written (EX_IOERR). */
bool rlt_fail(rlt_error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool rlt_fail_as(rlt_error *error, int32_t exit, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool rlt_fail_memory(rlt_error *error, const char *what);
bool rlt_fail_output(rlt_error *error);

/* How a tool ends: flushes standard output, writes "relevo NAME: LINE" to standard error where something failed (`error` is not looked at
   otherwise), and returns what to exit with. */
int32_t rlt_tool_end(const char *name, bool good, const rlt_error *error);

#endif
