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
    assert_int_equal(table.rows[0].language, RLT_ES);
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

static void near(const char *body, const char *id, double score, double second)
{
    const char *why;
    float *vector = sem_vector_read(rlt_str(body), table.dimensions, &why);
    assert_non_null(vector);
    sem_near found = sem_table_find(&table, vector);
    free(vector);
    assert_string_equal(found.id, id);
    assert_true(fabs(found.score - score) < 1e-6 && fabs(found.second - second) < 1e-6);
}

static void test_near(void **state)
{
    (void)state;
    assert_true(load("{\"id\":\"a\",\"embedding\":[1,0]}\n{\"id\":\"a\",\"embedding\":[3,4]}\n{\"id\":\"b\",\"embedding\":[0,1]}\n"));
    near("{\"data\":[{\"embedding\":[1,0]}]}", "a", 1, 0); /* the second is another article's */
    near("{\"data\":[{\"embedding\":[30,40]}]}", "a", 1, 0.8);
    near("{\"data\":[{\"embedding\":[0,2]}]}", "b", 1, 0.8);
    near("{\"data\":[{\"embedding\":[-1,0]}]}", "b", 0, -0.6);
}

static void test_bodies(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", "x", "{}", "{\"data\":[]}", "{\"data\":[{\"embedding\":\"AAAA\"}]}",
                                         "{\"data\":[{\"embedding\":[1]}]}", "{\"data\":[{\"embedding\":[1,2,3]}]}",
                                         "{\"data\":[{\"embedding\":[1,null]}]}", "{\"data\":[{\"embedding\":[0,0]}]}",
                                         "{\"data\":[{\"embedding\":[1,1e300]}]}"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        const char *why = NULL;
        assert_null(sem_vector_read(rlt_str(bodies[i]), 2, &why));
        assert_non_null(why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_load), cmocka_unit_test(test_near), cmocka_unit_test(test_bodies)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    sem_table_clear(&table);
    return failed;
}
