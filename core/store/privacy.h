/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Erasing, expiring and giving out what is known of customers; the rules are in schemas/sql/007_retention.sql. What is not published is
 * never taken: whoever asks says how far Kafka has it. Wants the owner's rights, as migrations do. One thread.
 */
#ifndef RLV_STORE_PRIVACY_H
#define RLV_STORE_PRIVACY_H

#include "store/store.h"

/* A conversation that was erased, and of which something is left, or the compacted topics were not told. */
typedef struct rlv_pending {
    rlv_id conversation_id;
    int32_t lane;
    int64_t seq; /* up to this event */
} rlv_pending;

/* Erases a customer (user id or wa_id) on all business numbers; by: who asked, 1 to 4096 characters. *ret_conversations,
   *ret_events: what was there. */
RLV_MUST_CHECK int rlv_privacy_erase(rlv_store *store, const char *customer, const char *by, int64_t *ret_conversations,
                                     int64_t *ret_events, rlv_error *err);
/* All that is pending, lane by lane; in arena. */
RLV_MUST_CHECK int rlv_privacy_pending(rlv_store *store, rlv_arena *arena, rlv_pending **ret, size_t *ret_n, rlv_error *err);
/* Takes what is left of a lane's pending ones, as far as it is published. *ret_left: events that are not. */
RLV_MUST_CHECK int rlv_privacy_rest(rlv_store *store, int32_t lane, int64_t published, int64_t *ret_left, rlv_error *err);
/* n conversations are erased for good. */
RLV_MUST_CHECK int rlv_privacy_done(rlv_store *store, const rlv_pending *done, size_t n, rlv_error *err);

/* Takes at most limit conversations that rest since before_ms; *ret: how many. They are pending then. */
RLV_MUST_CHECK int rlv_privacy_expire_conversations(rlv_store *store, int64_t before_ms, int limit, int64_t *ret,
                                                    rlv_error *err);
/* Drops the months of history that ended by before_ms and are published: published[i] of lane i, n_lanes. Their names in arena, with
   spaces between. RLV_E_CONFLICT: somebody reads or writes them: try again. */
RLV_MUST_CHECK int rlv_privacy_expire_months(rlv_store *store, int64_t before_ms, const int64_t *published, size_t n_lanes,
                                             rlv_arena *arena, rlv_str *ret, rlv_error *err);
/* At most limit sends that ended before_ms. */
RLV_MUST_CHECK int rlv_privacy_expire_sends(rlv_store *store, int64_t before_ms, int limit, int64_t *ret, rlv_error *err);

/* All that desktops see of a customer, as JSON in arena. */
RLV_MUST_CHECK int rlv_privacy_export(rlv_store *store, const char *customer, rlv_arena *arena, rlv_str *ret, rlv_error *err);

#endif
