/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The past, for tools: what was decided about which conversations, as the rows of history hold it. It only reads, and its
 * connection is one of its own: a store that was given to rlv_history_begin cannot write any more.
 */
#ifndef RLV_STORE_HISTORY_H
#define RLV_STORE_HISTORY_H

#include "store/store.h"

/* One event of the past. */
typedef struct rlv_past {
    rlv_id conversation_id;
    rlv_str decided; /* its packed records (wire); without any for what was erased */
} rlv_past;

/* Makes the connection read only, and its plans those of large questions. */
RLV_MUST_CHECK int rlv_history_begin(rlv_store *store, rlv_error *err);

/* Conversations with a message of the customer in [since_ms, until_ms), in arena. customer NULL: all; else the conversation of
   this id, or those of this customer (user id or wa_id). */
RLV_MUST_CHECK int rlv_history_conversations(rlv_store *store, int64_t since_ms, int64_t until_ms, const char *customer,
                                             rlv_arena *arena, rlv_id **ret, size_t *ret_n, rlv_error *err);
/* All that was decided about n of them before until_ms, but for statuses: one conversation after the other, each in its order. */
RLV_MUST_CHECK int rlv_history_read(rlv_store *store, const rlv_id *ids, size_t n, int64_t until_ms, rlv_arena *arena,
                                    rlv_past **ret, size_t *ret_n, rlv_error *err);

/* An answer as text: its columns' names and its cells, row after row; NULL where there is nothing. */
typedef struct rlv_table {
    size_t columns, rows;
    const char *const *names;
    const char *const *cells; /* rows x columns */
} rlv_table;

/* Asks one question, which must hold no word of anybody outside: there are no parameters. In arena. */
RLV_MUST_CHECK int rlv_history_table(rlv_store *store, const char *sql, rlv_arena *arena, rlv_table *ret, rlv_error *err);

#endif
