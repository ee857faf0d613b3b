/* SPDX-License-Identifier: Apache-2.0 */
/* What the classifier's tests share. */
#ifndef RELEVO_CLASSIFIER_TEST_H
#define RELEVO_CLASSIFIER_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader.h"

/* A file in a folder of the test's own. */
typedef struct test_folder {
    char path[64];
    char file[128];
} test_folder;

static inline int test_setup(void **state)
{
    test_folder *folder = calloc(1, sizeof *folder);
    if (!folder)
        return -1;
    (void)snprintf(folder->path, sizeof folder->path, "/tmp/relevo-classifier-XXXXXX");
    *state = folder;
    if (!mkdtemp(folder->path))
        return -1;
    (void)snprintf(folder->file, sizeof folder->file, "%s/file", folder->path);
    return 0;
}

static inline int test_teardown(void **state)
{
    test_folder *folder = *state;
    (void)unlink(folder->file);
    int status = rmdir(folder->path);
    free(folder);
    return status;
}

static inline void test_write(const char *path, const void *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

/* The checksum of a model file, so that what lies behind it is reached too. */
static inline void test_sign(char *bytes, size_t len)
{
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i < len - 8; i++)
        sum = (sum ^ (unsigned char)bytes[i]) * 1099511628211u;
    for (size_t i = 0; i < 8; i++)
        bytes[len - 8 + i] = (char)(sum >> 8 * i);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, test_setup, test_teardown)

#endif
