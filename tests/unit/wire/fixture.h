/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of wire share: a thread's wire and arena, and values with every field set. */
#ifndef RLV_TEST_WIRE_FIXTURE_H
#define RLV_TEST_WIRE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "wire/wire.h"

struct fixture {
    rlv_wire *wire;
    rlv_arena *arena;
    rlv_buf buf;
    rlv_error err;
};

int fixture_setup(void **state);
int fixture_teardown(void **state);

#define assert_str(actual, expected) assert_str_at(__FILE__, __LINE__, (actual), (expected))
void assert_str_at(const char *file, int line, rlv_str actual, const char *expected);
/* Fails with the error's message. */
#define assert_ok(rc, f) assert_ok_at(__FILE__, __LINE__, (rc), &(f)->err)
void assert_ok_at(const char *file, int line, int rc, const rlv_error *err);
/* The message holds these words. */
#define assert_says(f, words) assert_non_null(strstr((f)->err.message, (words)))

/* An event with every field that travels; of kind STATUS, so that the status travels too. */
rlv_event full_event(void);
/* A conversation with every array full to the brim. */
void full_conversation(rlv_conversation *c);

#endif
