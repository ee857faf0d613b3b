/* SPDX-License-Identifier: Apache-2.0 */
/* See common.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common.h"

char out[65536], err[65536];

static int redirect(int fd, int *ret_saved)
{
    char name[] = "/tmp/relevo-cli-XXXXXX";
    int file = mkstemp(name);
    assert_true(file >= 0 && unlink(name) == 0);
    *ret_saved = dup(fd);
    assert_true(dup2(file, fd) == fd);
    return file;
}

static void restore(int fd, int saved, int file, char *text, size_t size)
{
    assert_true(dup2(saved, fd) == fd);
    (void)close(saved);
    ssize_t n = pread(file, text, size - 1, 0);
    assert_true(n >= 0);
    text[n] = '\0';
    (void)close(file);
}

int run(int (*function)(int, char **), const char *line)
{
    char copy[1024], *argv[16] = {NULL}, *rest = copy;
    int argc = 0, saved_out, saved_err;
    (void)snprintf(copy, sizeof(copy), "%s", line);
    for (char *word; (word = strsep(&rest, " ")) && argc < 15;)
        argv[argc++] = word;
    (void)fflush(stdout);
    (void)fflush(stderr);
    int file_out = redirect(STDOUT_FILENO, &saved_out), file_err = redirect(STDERR_FILENO, &saved_err);
    int rc = function(argc, argv);
    (void)fflush(stdout);
    (void)fflush(stderr);
    restore(STDOUT_FILENO, saved_out, file_out, out, sizeof(out));
    restore(STDERR_FILENO, saved_err, file_err, err, sizeof(err));
    return rc;
}

void put(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}
