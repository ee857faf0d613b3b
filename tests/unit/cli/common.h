/* SPDX-License-Identifier: Apache-2.0 */
/* Runs commands inside the test and keeps what they wrote. */
#ifndef TEST_CLI_COMMON_H
#define TEST_CLI_COMMON_H

#include "cli/cli.h"

/* What the last run wrote to stdout and stderr. */
extern char out[65536], err[65536];

/* Runs a command line, split at spaces; returns the exit code. */
int run(int (*function)(int, char **), const char *line);
/* Writes a file. */
void put(const char *name, const char *text);

#endif
