/* SPDX-License-Identifier: Apache-2.0 */
/* What the host's tests share: where probe.so lies, a configuration without a file, one subject. */
#ifndef TEST_HOST_COMMON_H
#define TEST_HOST_COMMON_H

/* What cmocka wants before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/host.h"

/* The path of a file of the build, "tests/host/probe.so"; valid until the next call. */
const char *built(const char *path);

/* Where config_open has its plugins run, and whether calls are wary: the same tests hold for all. */
extern enum rlv_isolation test_isolation;
extern bool test_wary;
int call_host(const rlv_host *host, enum rlv_phase phase, rlv_arena *arena, rlv_subject *subjects, size_t n, rlv_error *err);

/* A configuration of up to 4 plugins, told about as (name, YAML of its options) pairs up to a NULL; each is
 * probe.so. */
typedef struct test_config {
    rlv_config config;
    rlv_config_plugin plugins[4];
    rlv_arena *arena;
} test_config;

void config_open(test_config *c, ...) __attribute__((sentinel));
void config_close(test_config *c);

/* A customer's message in a conversation that the bot owns, with a bit of everything. */
typedef struct test_subject {
    rlv_conversation conversation;
    rlv_event event;
    rlv_answers answers;
    rlv_decisions decisions;
} test_subject;

void subject_init(test_subject *s);
rlv_subject subject_of(test_subject *s);

/* The nth answer (from 0) of a kind; NULL: there is none. */
const rlv_answer *nth_answer(const rlv_answers *answers, enum rlv_answer_kind kind, unsigned nth);
unsigned count_answers(const rlv_answers *answers);

/* Fails the test unless text is exactly expected. */
void assert_str(rlv_str text, const char *expected);

#endif
