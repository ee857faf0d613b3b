/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of messages on their way to customers, as deliver needs them: claim before each attempt, settle
 * after it, report what the lanes must know. The rules are SQL (schemas/sql/003_deliver.sql), so that two
 * delivers, a desk and a takeover meet in one place. Same connection, same thread rule as store.h.
 */
#ifndef RLV_STORE_SENDS_H
#define RLV_STORE_SENDS_H

#include "model/outbound.h"
#include "store/store.h"

/* One request to be: a message, or a part of a long one. */
typedef struct rlv_send {
    rlv_id id; /* of the OutboundMessage */
    int16_t part;
    rlv_id conversation_id;
    int32_t lane;
    int64_t seq, epoch;
    enum rlv_author author;
    rlv_str agent_id;
    bool anytime; /* a template: the 24-hour window does not matter */
} rlv_send;

enum rlv_claim {
    RLV_CLAIM_MINE, /* send it now */
    RLV_CLAIM_DONE, /* somebody finished it */
    RLV_CLAIM_BUSY, /* somebody sends it, or an earlier one of the conversation is unfinished: ask again later
                     */
    RLV_CLAIM_SUPPRESSED, /* ownership moved on: never to be sent */
    RLV_CLAIM_WINDOW,     /* the customer's 24 hours are over: never to be sent */
    RLV_CLAIM_GONE,       /* no such conversation: never to be sent */
    RLV_CLAIM_BROKEN,     /* an earlier part of the message failed: never to be sent */
    RLV_CLAIM_LOCKED,     /* somebody holds a row that it needs, and it waits for nobody: ask again soon */
    RLV_CLAIMS
};

enum rlv_send_state { /* relevo.send.state */
    RLV_SEND_CLAIMED = 1,
    RLV_SEND_REFUSED = 2, /* nothing was sent; to be tried again */
    RLV_SEND_ACCEPTED = 3,
    RLV_SEND_FAILED = 4,
    RLV_SEND_SUPPRESSED = 5,
    RLV_SEND_UNKNOWN = 6
};

/* One transaction, which waits for a lock for 10 ms at most. worker: this process's id. *ret_attempt names the claim for rlv_sends_settle.
   RLV_E_TIMEOUT: it may
   have been claimed; the same worker may claim it again, anybody else when the lease is over. */
RLV_MUST_CHECK int rlv_sends_claim(rlv_store *store, const rlv_send *send, rlv_id worker, int lease_ms,
                                   enum rlv_claim *ret, int32_t *ret_attempt, rlv_error *err);

typedef struct rlv_settlement {
    enum rlv_send_state state; /* REFUSED, ACCEPTED, FAILED or UNKNOWN */
    rlv_str message_id;        /* WhatsApp's, when ACCEPTED */
    int32_t error_code;        /* 0: none */
    rlv_str error;
} rlv_settlement;

/* RLV_E_CONFLICT: the claim was taken for dead meanwhile and is somebody else's to tell. */
RLV_MUST_CHECK int rlv_sends_settle(rlv_store *store, const rlv_send *send, rlv_id worker, int32_t attempt,
                                    const rlv_settlement *what, rlv_error *err);

typedef struct rlv_sends_swept {
    int dead;      /* claims whose worker died: unknown now */
    int failed;    /* a status says that WhatsApp did not deliver what it had accepted, or what was unknown */
    int explained; /* unknown ones that a status showed to have arrived: accepted now */
    int told;      /* sends of which statuses say that they came further: sent, delivered, read, played */
} rlv_sends_swept;

/* What nobody comes back for, and what statuses tell; each by one deliver at a time. */
RLV_MUST_CHECK int rlv_sends_sweep(rlv_store *store, rlv_sends_swept *ret, rlv_error *err);

/* The turns of n lanes as they are: less than Kafka knows of a lane when Postgres was restored to a moment before what was sent. 0: none yet. */
RLV_MUST_CHECK int rlv_sends_turns(rlv_store *store, const int32_t *lanes, size_t n, int64_t *ret, rlv_error *err);
/* The next turn of each, which Kafka is to know then; but of a lane with a lower turn than known[i], Kafka's, it stays as it is. */
RLV_MUST_CHECK int rlv_sends_next_turns(rlv_store *store, const int32_t *lanes, const int64_t *known, size_t n, int64_t *ret, rlv_error *err);

/* An end that the lane must decide about. Texts in the arena. */
typedef struct rlv_send_report {
    rlv_send send; /* seq and anytime are not set */
    enum rlv_send_state state;
    int32_t error_code;
    rlv_str error, phone_number_id, wa_id, customer_id;
    rlv_trace trace; /* of what was sent; none: it is no longer known */
} rlv_send_report;

/* patience_ms: how long an unknown outcome waits for a status. */
RLV_MUST_CHECK int rlv_sends_unreported(rlv_store *store, int patience_ms, int limit, rlv_arena *arena,
                                        rlv_send_report **ret, size_t *ret_n, rlv_error *err);
/* After Kafka acknowledged the reports. Waits for nobody: a row that another deliver holds, which settles several in an order of its own, stays
 * unreported, and is reported once more. */
RLV_MUST_CHECK int rlv_sends_reported(rlv_store *store, const rlv_send_report *reports, size_t n,
                                      rlv_error *err);

#endif
