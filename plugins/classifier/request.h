/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a message asks for a person, by patterns. */
#ifndef RELEVO_CLASSIFIER_REQUEST_H
#define RELEVO_CLASSIFIER_REQUEST_H

#include "text/text.h"

/* The patterns of lexicon_request.c, compiled; immutable. */
typedef struct rlc_requests rlc_requests;

/* NULL: out of memory. */
rlc_requests *rlc_requests_new(void);
/* Accepts NULL. */
void rlc_requests_free(rlc_requests *requests);

/*
 * How sure the message asks for a person: 0 to 1. *ret_denied tells that it holds something that only looks
 * like a request ("¿eres un robot?"), whatever else it holds. Threads: any.
 */
double rlc_request_score(const rlc_requests *requests, const rlt_doc *doc, bool *ret_denied);

#endif
