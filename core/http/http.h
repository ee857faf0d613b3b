/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP to the outside (2 where a server has it over TLS, else 1.1), many requests at once on one thread, over
 * libcurl's multi interface. Made for requests that must not be repeated: it tells whether a failed one may
 * have arrived. It follows no redirect, uses no
 * proxy of the environment, and connects to public addresses only unless a request allows others: the address
 * is checked at the socket, after the name was resolved, so that a name cannot change its mind in between. It
 * never retries, and never logs.
 */
#ifndef RLV_HTTP_HTTP_H
#define RLV_HTTP_HTTP_H

#include "base/error.h"
#include "base/str.h"

typedef struct rlv_http rlv_http;

/* connections: most at once, to one host. One thread uses it. NULL when memory is short. */
rlv_http *rlv_http_new(int connections);
/* Ends what is under way, without calling its done. */
void rlv_http_free(rlv_http *http);

typedef struct rlv_http_request {
    const char *method;         /* "POST" */
    const char *url;            /* http or https */
    const char *const *headers; /* n of "Name: value" */
    size_t n_headers;
    rlv_str body;      /* {NULL, 0}: none */
    int timeout_ms;    /* of the whole, connecting (at most 10 s) within it */
    size_t answer_max; /* bytes of the answer's body that are kept; the rest is dropped */
    const char *ca_file; /* PEM of the authorities to trust; NULL: the system's */
    bool private_ok;     /* may connect to loopback, private and link-local addresses */
} rlv_http_request;

typedef struct rlv_http_answer {
    int status;   /* 0: no answer */
    bool sent;    /* the request may have arrived; false: it surely did not, and may be tried again */
    rlv_str body; /* borrowed */
    bool cut;     /* the body was longer than answer_max */
    int64_t retry_after_ms; /* as the server asked, at most a week; -1: it did not */
    const char *error;      /* one line when status is 0 */
} rlv_http_answer;

/* Called from rlv_http_poll. */
typedef void (*rlv_http_done)(void *user, const rlv_http_answer *answer);

/* Everything in the request is copied. RLV_E_INVALID for a URL or header that cannot be; done is then not
 * called. */
RLV_MUST_CHECK int rlv_http_start(rlv_http *http, const rlv_http_request *request, rlv_http_done done,
                                  void *user, rlv_error *err);
/* Moves transfers on and waits up to timeout_ms for one of them or for fd (-1: none) to be readable. */
void rlv_http_poll(rlv_http *http, int fd, int timeout_ms);
/* Requests under way. */
size_t rlv_http_busy(const rlv_http *http);

#endif
