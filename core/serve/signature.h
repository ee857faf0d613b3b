/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signature of a webhook: "sha256=" and, in hexadecimal, the HMAC-SHA256 of the body's very bytes, keyed
 * with the secret of Meta's app. Checked before anything of the body is looked at.
 */
#ifndef RLV_SERVE_SIGNATURE_H
#define RLV_SERVE_SIGNATURE_H

#include "base/str.h"

enum {
    RLV_SIGNATURE_TEXT = 7 + 64
};

#define RLV_SIGNATURE_HEADER "X-Hub-Signature-256"

/* Any thread. */
void rlv_signature_make(rlv_str secret, rlv_str body, char ret_text[RLV_SIGNATURE_TEXT + 1]);

/*
 * True when one of the n secrets made this header (absent: false). All of them are tried, in time that
 * depends on the lengths alone, so that several may be in force while they are changed. Empty secrets match
 * nothing. Any thread.
 */
bool rlv_signature_matches(const char *const *secrets, size_t n, rlv_str body, rlv_str header);

/* True when the texts are equal, in time that depends on the lengths alone. */
bool rlv_signature_same(rlv_str a, rlv_str b);

#endif
