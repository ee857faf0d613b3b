/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A real database of its own for each test program, dropped at its end, and batches to commit to it. Needs
 * RELEVO_POSTGRES: a role there that may create databases.
 */
#ifndef SHELF_H
#define SHELF_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libpq-fe.h>

#include "store/store.h"

enum {
    SHELF_TIMEOUT_MS = 20000,
    SHELF_IMPATIENT_MS = 1500,
    SHELF_ROWS_MAX = 600
};

typedef struct shelf {
    char name[64];       /* of the database */
    char conninfo[1024]; /* to it */
    PGconn *sql;         /* a plain connection to it, for looking and meddling */
    rlv_store *store;    /* of the test at hand, lane `lane` assigned */
    rlv_arena *arena;
    rlv_lane_row row;
    int32_t lane; /* a new one for every test */
} shelf;

/* Group: the database, migrated; shelf_empty leaves it without a schema. Test: a store that has a fresh lane
 * of topics a and b. */
int shelf_group_setup(void **state);
int shelf_empty_setup(void **state);
int shelf_group_teardown(void **state);
int shelf_setup(void **state);
int shelf_teardown(void **state);

/* A store of this database; timeout_ms: one of the above. */
rlv_store *shelf_open(const shelf *s, int timeout_ms);
/* Takes the lane, of topics a and b. */
rlv_lane_row shelf_assign(rlv_store *store, int32_t lane);
/* A plain connection with this application name. */
PGconn *shelf_connect(const shelf *s, const char *name);
/* Runs SQL on the plain connection; the first field as text, valid until the next call; "" when there is
 * none. */
const char *shelf_ask(shelf *s, const char *fmt, ...) RLV_PRINTF(2, 3);
void shelf_run(PGconn *sql, const char *fmt, ...) RLV_PRINTF(2, 3);
#define assert_ask(s, expected, ...) assert_string_equal(shelf_ask(s, __VA_ARGS__), expected)

#ifndef assert_ok /* the other fixture has the same */
#define assert_ok(rc, err) shelf_assert_ok((rc), &(err), __FILE__, __LINE__)
#endif
void shelf_assert_ok(int rc, const rlv_error *err, const char *file, int line);

/* A batch of n messages, each of a new conversation. Fill in more before the commit. */
typedef struct shelf_batch {
    rlv_conversation conversations[SHELF_ROWS_MAX];
    rlv_event events[SHELF_ROWS_MAX];
    rlv_decision decisions[SHELF_ROWS_MAX];
    rlv_outcome outcomes[SHELF_ROWS_MAX];
    rlv_str decided[SHELF_ROWS_MAX];
    rlv_write writes[SHELF_ROWS_MAX];
    int64_t next[RLV_INPUTS_MAX];
    rlv_commit commit;
} shelf_batch;

/* name: tells its conversations from those of other batches. */
shelf_batch *shelf_batch_new(const shelf *s, const char *name, size_t n, int64_t at_ms);
int shelf_commit(shelf *s, shelf_batch *b, rlv_error *err);
/* After a commit: the row and the versions are what Postgres has now; the events follow on. */
void shelf_follow(shelf *s, shelf_batch *b);
/* Makes the i-th event of the batch a command, which it writes to Postgres, or a timer of this id. */
void shelf_command(shelf *s, shelf_batch *b, size_t i);
void shelf_timer(shelf_batch *b, size_t i, int64_t id);

#endif
