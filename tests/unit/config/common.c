/* SPDX-License-Identifier: Apache-2.0 */
/* See common.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common.h"

static char home[4096], folder[64];

static void forget_variables(void)
{
    for (char **entry = environ; *entry;) {
        char name[128];
        (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(*entry, "="), *entry);
        if (strncmp(name, "RELEVO_", 7) == 0) {
            (void)unsetenv(name);
            entry = environ;
        } else {
            entry++;
        }
    }
}

int folder_enter(void **state)
{
    (void)state;
    forget_variables();
    (void)snprintf(folder, sizeof(folder), "/tmp/relevo-config-XXXXXX");
    return getcwd(home, sizeof(home)) && mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

int folder_leave(void **state)
{
    (void)state;
    return chdir(home) || nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) ? -1 : 0;
}

void put_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

rlv_config *load(const char *text)
{
    put_file("relevo.yaml", text);
    rlv_config *config = NULL;
    rlv_error err = {0};
    if (rlv_config_load("relevo.yaml", NULL, &config, &err))
        fail_msg("%s", err.message);
    return config;
}

const char *mistakes(const char *text)
{
    static char lines[16384];
    put_file("relevo.yaml", text);
    rlv_buf out = RLV_BUF_INIT(sizeof(lines));
    (void)rlv_config_mistakes("relevo.yaml", NULL, &out);
    (void)snprintf(lines, sizeof(lines), "%.*s", RLV_STR_ARG(rlv_buf_view(&out)));
    rlv_buf_free(&out);
    return lines;
}
