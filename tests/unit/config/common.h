/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration from a text, in a folder of its own that is removed again. */
#ifndef TEST_CONFIG_COMMON_H
#define TEST_CONFIG_COMMON_H

#include "config/config.h"

/* Makes a temporary folder, enters it and forgets every RELEVO_ variable. cmocka setup and teardown. */
int folder_enter(void **state);
int folder_leave(void **state);
/* Writes a file of the folder. */
void put_file(const char *name, const char *text);
/* Loads text as relevo.yaml; the test fails when it is refused. */
rlv_config *load(const char *text);
/* The mistakes of text as relevo.yaml, one a line, in a static buffer. */
const char *mistakes(const char *text);

/* The least that a configuration needs. */
#define LEAST "kafka: {bootstrap.servers: 'k:9092'}\npostgres: {url: postgresql://p/d}\n"

#endif
