/* SPDX-License-Identifier: Apache-2.0 */
/* The rows that a batch adds, each by one COPY. Private to this room. */
#ifndef RLV_STORE_ROWS_H
#define RLV_STORE_ROWS_H

#include "store/pg.h"

/* The statements of rlv_pg_copy_begin; after each, its put_ once for every row. History's ends the transaction: COMMIT is on its way with
   the rows, and is carried out if they are in. */
extern const char rlv_store_copy_history[], rlv_store_copy_conversation[], rlv_store_copy_timer[];

void rlv_store_put_history(rlv_store *store, const rlv_outcome *o, rlv_str decided);
/* One that is new: its version becomes 1. */
void rlv_store_put_conversation(rlv_store *store, int32_t lane, const rlv_write *w);
/* Its idle timer. */
void rlv_store_put_timer(rlv_store *store, int32_t lane, rlv_id id, rlv_str kind, int64_t due_ms);

/* A handover card as json; NULL: none. */
void rlv_store_put_card(rlv_buf *out, const rlv_decision *d);

#endif
