/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One statement, texts in and one text out: what a desk asks. The statements are those of core/desk/routes.c and session.c. Same
 * connection, same thread rule as store.h.
 */
#ifndef RLV_STORE_ASK_H
#define RLV_STORE_ASK_H

#include "store/store.h"

enum { RLV_ASK_STATE = 6, RLV_ASK_ARGS = 16 };

/* Lets the server choose its plans on this connection; a lane's are bound to small questions (rlv_store_open). */
RLV_MUST_CHECK int rlv_ask_begin(rlv_store *store, rlv_error *err);

/*
 * Runs one statement with n texts (at most RLV_ASK_ARGS) as $1, $2, ...; an absent one travels as "". *ret: the first column of
 * its first row, a text, in arena; absent: no row, or NULL. ret_state: the SQLSTATE of what the server refused, else "". Of a
 * function of `desk` that refused (RV01x) err is its words alone, fit for people. RLV_E_LIMIT: the answer does not fit in arena.
 */
RLV_MUST_CHECK int rlv_ask(rlv_store *store, const char *sql, const rlv_str *args, size_t n, rlv_arena *arena, rlv_str *ret,
                           char ret_state[RLV_ASK_STATE], rlv_error *err);

/* True when the connection is lost, and another must be opened. */
bool rlv_ask_broken(const rlv_store *store);
/* The same of a connection that nothing was asked of for a while: the server may have ended it meanwhile. */
bool rlv_ask_stale(const rlv_store *store);

#endif
