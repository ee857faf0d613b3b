/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of this library share. */
#ifndef RELEVO_TEXT_TEST_H
#define RELEVO_TEXT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "text/text.h"

/* Reads `text` out of a block of exactly its length, so that a read past its end is found. Fails the test on
 * an error. */
static inline rlt_doc test_read(rlt_work *work, const char *text)
{
    relevo_str source = rlt_str(text);
    char *copy = rlt_work_alloc(work, source.len);
    rlt_doc doc;
    assert_non_null(copy);
    memcpy(copy, text, source.len);
    source.ptr = copy;
    assert_int_equal(rlt_read(work, source, &doc), RLT_OK);
    return doc;
}

static inline void assert_text(relevo_str text, const char *expected)
{
    char copy[512];
    assert_true(text.len < sizeof copy);
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    assert_string_equal(copy, expected);
}

static inline int test_setup(void **state)
{
    *state = rlt_work_new();
    return *state ? 0 : -1;
}

static inline int test_teardown(void **state)
{
    rlt_work_free(*state);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, test_setup, test_teardown)

#endif
