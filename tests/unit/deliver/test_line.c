/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of jobs: which message has waited longest. What else they do shows in test_deliver.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>

#include "deliver/line.h"

static void add(rlv_lines *lines, unsigned char conversation, uint64_t to, int64_t at_ms)
{
    rlv_job *job = calloc(1, sizeof(*job));
    assert_non_null(job);
    job->letter.at_ms = at_ms;
    assert_true(rlv_lines_add(lines, (rlv_id){{conversation}}, to, job));
}

/* Finishes the first job of the line of the message of that age. */
static void finish(rlv_lines *lines, int64_t at_ms)
{
    rlv_line *others[8], *line;
    size_t n = 0;
    while ((line = rlv_lines_take(lines, INT64_MAX)) && line->first->letter.at_ms != at_ms)
        others[n++] = line;
    assert_non_null(line);
    rlv_lines_pop(lines, line);
    while (n > 0)
        rlv_lines_wait(lines, others[--n], 0);
}

static void the_oldest(void **state)
{
    (void)state;
    rlv_lines *lines = rlv_lines_new(NULL);
    assert_non_null(lines);
    assert_true(rlv_lines_oldest_ms(lines) == INT64_MAX);
    add(lines, 1, 7, 10);  /* an effect */
    add(lines, 2, 0, -1);  /* of no known age */
    assert_true(rlv_lines_oldest_ms(lines) == INT64_MAX);
    add(lines, 3, 0, 50);
    add(lines, 4, 0, 30);
    add(lines, 4, 0, 70);
    assert_true(rlv_lines_oldest_ms(lines) == 30);
    finish(lines, 30);
    assert_true(rlv_lines_oldest_ms(lines) == 50);
    finish(lines, 50);
    assert_true(rlv_lines_oldest_ms(lines) == 70);
    finish(lines, 70);
    assert_true(rlv_lines_oldest_ms(lines) == INT64_MAX);
    finish(lines, 10);
    finish(lines, -1);
    assert_int_equal(rlv_lines_jobs(lines), 0);
    rlv_lines_free(lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_oldest)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
