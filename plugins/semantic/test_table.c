/* SPDX-License-Identifier: Apache-2.0 */
/* Embeddings from files and endpoints: what is near, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "table.h"

static sem_table table;
static rlt_error failure;

static bool load(const char *lines)
{
    char path[] = "/tmp/relevo-semantic-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, lines, strlen(lines)), (ssize_t)strlen(lines));
    (void)close(fd);
    sem_table_clear(&table);
    bool good = sem_table_load(path, &table, &failure);
    (void)unlink(path);
    return good;
}

static void test_load(void **state)
{
    (void)state;
    assert_true(load("{\"id\":\"a\",\"language\":\"es\",\"text\":\"x\",\"embedding\":[3,4]}\n{\"id\":\"b\",\"embedding\":[0,-2.5]}"));
    assert_int_equal(table.n, 2);
    assert_int_equal(table.dimensions, 2);
    assert_int_equal(table.n_ids, 2);
    assert_string_equal(table.ids[1], "b");
    assert_true(fabs((double)table.rows[0].vector[0] - 0.6) < 1e-6 && fabs((double)table.rows[1].vector[1] + 1) < 1e-6);
    static const struct {
        const char *lines, *why;
    } bad[] = {{"", "it has 0 lines"},
               {"{}", ":1: no object of id"},
               {"{\"id\":\"a\",\"embedding\":[1]}\nx\n", ":2: no object of id"},
               {"{\"id\":\"\",\"embedding\":[1]}", ":1: no object of id"},
               {"{\"id\":\"a\",\"embedding\":[]}", ":1: no object of id"},
               {"{\"id\":\"a\",\"embedding\":[1,2]}\n{\"id\":\"b\",\"embedding\":[1]}", ":2: its embedding has not 2"},
               {"{\"id\":\"a\",\"embedding\":[1,\"2\"]}", ":1: its embedding has not 2 finite"},
               {"{\"id\":\"a\",\"embedding\":[1,1e9]}", ":1: its embedding has not 2 finite"},
               {"{\"id\":\"a\",\"embedding\":[0,0]}", ":1: its embedding has not 2 finite"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(load(bad[i].lines));
        if (!strstr(failure.line, bad[i].why))
            fail_msg("%s: %s", bad[i].lines, failure.line);
    }
}

static void test_models(void **state)
{
    (void)state;
    assert_true(load("{\"id\":\"a\",\"embedding\":[1]}"));
    assert_int_equal(table.n_models, 0);
    assert_true(load("{\"id\":\"a\",\"model\":\"query: m\",\"embedding\":[1]}\n{\"id\":\"a\",\"model\":\"passage: m\",\"embedding\":[1]}\n"
                     "{\"id\":\"b\",\"model\":\"query: m\",\"embedding\":[1]}"));
    assert_int_equal(table.n_models, 2);
    assert_string_equal(table.models[0], "query: m");
    assert_string_equal(table.models[1], "passage: m");
    char lines[512] = "";
    for (int i = 0; i <= SEM_MODELS_MAX; i++)
        (void)snprintf(lines + strlen(lines), sizeof lines - strlen(lines), "{\"id\":\"a\",\"model\":\"m%d\",\"embedding\":[1]}\n", i);
    assert_false(load(lines));
    assert_non_null(strstr(failure.line, ":5: more than 4 models made it, the last 'm4'"));

    assert_true(sem_made_by("m", "", "m"));
    assert_true(sem_made_by("passage: m", "query: ", "m"));
    assert_true(sem_made_by("query:m", "query:", "m"));
    assert_false(sem_made_by("passage:m", "query:", "m")); /* might be a model of that name */
    assert_false(sem_made_by("multilingual-m", "", "m"));
    assert_false(sem_made_by("m", "", "multilingual-m"));
    assert_false(sem_made_by("query: other", "query: ", "m"));
}

static void test_near(void **state)
{
    (void)state;
    double found[2];
    assert_true(load("{\"id\":\"a\",\"embedding\":[1,0]}\n{\"id\":\"b\",\"embedding\":[0,1]}\n{\"id\":\"a\",\"embedding\":[3,4]}\n"));
    assert_int_equal(table.n_ids, 2);
    sem_table_find(&table, (const float[]){0.6f, 0.8f}, found); /* the nearest text of each */
    assert_true(fabs(found[0] - 1) < 1e-6 && fabs(found[1] - 0.8) < 1e-6);
    sem_table_find(&table, (const float[]){-1, 0}, found);
    assert_true(fabs(found[0] + 0.6) < 1e-6 && fabs(found[1]) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_load), cmocka_unit_test(test_models), cmocka_unit_test(test_near)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sem_table_clear(&table);
    return failed;
}
