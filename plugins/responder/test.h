/* SPDX-License-Identifier: Apache-2.0 */
/* What the responder's tests share: a knowledge base in a folder of the test's own. */
#ifndef RELEVO_RESPONDER_TEST_H
#define RELEVO_RESPONDER_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "decide.h"

typedef struct test_folder {
    char path[64];
    char *files[8];
    int n;
} test_folder;

static inline int test_setup(void **state)
{
    test_folder *folder = calloc(1, sizeof *folder);
    if (!folder)
        return -1;
    (void)snprintf(folder->path, sizeof folder->path, "/tmp/relevo-responder-XXXXXX");
    *state = folder;
    return mkdtemp(folder->path) ? 0 : -1;
}

static inline void test_clear(test_folder *folder)
{
    while (folder->n > 0) {
        (void)unlink(folder->files[--folder->n]);
        free(folder->files[folder->n]);
    }
}

static inline int test_teardown(void **state)
{
    test_folder *folder = *state;
    test_clear(folder);
    int status = rmdir(folder->path);
    free(folder);
    return status;
}

static inline void test_write(test_folder *folder, const char *name, const char *text)
{
    assert_true(folder->n < 8);
    char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", folder->path, name) > 0);
    folder->files[folder->n++] = path;
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, test_setup, test_teardown)

#endif
