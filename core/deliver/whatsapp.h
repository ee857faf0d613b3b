/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WhatsApp's Cloud API as text: a message becomes the bodies of its requests, an answer becomes a verdict.
 * Pure: it knows limits and error codes, and never sends anything. Private to this room. Source:
 * developers.facebook.com, WhatsApp Cloud API: Messages, Error codes; limits and codes as of 2026.
 */
#ifndef RLV_DELIVER_WHATSAPP_H
#define RLV_DELIVER_WHATSAPP_H

#include "base/arena.h"
#include "http/http.h"
#include "model/outbound.h"

enum {
    RLV_TEXT_MAX = 4096 /* characters */,
    RLV_PARTS_MAX = 16
};

/* The request bodies of a message: one, or for a long text several, split where it hurts least. In the arena.
   RLV_E_INVALID: WhatsApp would refuse it; the reason is fit for a desktop. */
RLV_MUST_CHECK int rlv_whatsapp_bodies(const rlv_outbound *message, rlv_arena *arena, rlv_str **ret,
                                       size_t *ret_n, rlv_error *err);
/* True for a read receipt: no message, and nobody waits for it. */
bool rlv_whatsapp_is_receipt(const rlv_outbound *message);
/* True for what may be sent outside the 24 hours after the customer's last message. */
bool rlv_whatsapp_anytime(const rlv_outbound *message);

enum rlv_verdict_kind {
    RLV_VERDICT_ACCEPTED,
    RLV_VERDICT_RETRY,  /* nothing was sent */
    RLV_VERDICT_FAILED, /* it never will be */
    RLV_VERDICT_UNKNOWN /* it may have been sent */
};

typedef struct rlv_verdict {
    enum rlv_verdict_kind kind;
    rlv_str message_id; /* ACCEPTED: WhatsApp's; absent for a receipt */
    int32_t code;       /* WhatsApp's error code; 0: none */
    const char *reason; /* one line, in the arena; NULL when ACCEPTED */
    bool quotes;        /* the reason has WhatsApp's own words, which may quote the message: for desktops, not for a log */
    int64_t wait_ms;    /* RETRY: at least so long; 0: the ordinary back-off */
    bool down;          /* the other side is unwell: for the circuit breaker */
} rlv_verdict;

rlv_verdict rlv_whatsapp_judge(const rlv_http_answer *answer, rlv_arena *arena);

#endif
