/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory that a consumer shares with a plugin's process, and what lies in it. The plugin's process maps
 * requests for reading only, and can write whatever it likes into responses: so whoever reads one takes a
 * copy first, and believes nothing in it. This file is both sides' only common knowledge; both are of one
 * build.
 */
#ifndef RLV_HOST_RING_H
#define RLV_HOST_RING_H

#include <stdatomic.h>

#include "host/answer.h"

enum {
    RLV_RING_REQUEST = 16 << 20, /* bytes of a slot's request; pages that were never used take no memory */
    RLV_RING_RESPONSE = 4 << 20, /* of its response */
    RLV_RING_SLOTS_MAX = 16,
    RLV_RING_ERROR_MAX = 500
};

/* What the parent asks. Views and results are structs of plugin.h whose pointers are good in the plugin's
 * process. */
typedef struct rlv_ring_request {
    _Atomic uint32_t turn; /* raised for each request; the plugin's process waits for it to change */
    uint32_t phase, n;
    uint32_t used; /* bytes behind this struct */
    uint64_t views,
        results; /* addresses there of arrays of n pointers; results is 0 but in RLV_PHASE_RESULT */
} rlv_ring_request;

enum rlv_ring_status { /* of a response */
    RLV_RING_NOTHING = 0,
    RLV_RING_STARTED = 1, /* the plugin is ready, or described */
    RLV_RING_REFUSED = 2, /* it is not: code and error say why */
    RLV_RING_DONE = 3,    /* the operation returned code; what it said follows */
    RLV_RING_FULL = 4     /* it said more than fits: ask about fewer events */
};

/* What the plugin's process answers. Everything here may be a lie. */
typedef struct rlv_ring_response {
    _Atomic uint32_t turn; /* the request's, when the answer is there; the parent waits for it */
    uint32_t status;
    int32_t code;
    uint32_t used;            /* bytes behind this struct */
    uint32_t enforced;        /* RLV_CONFINED_* */
    _Atomic uint32_t trapped; /* the system call that it was killed for, plus 1 */
    uint64_t requests;        /* where it mapped the first slot's request */
    char error[RLV_RING_ERROR_MAX];
} rlv_ring_response;

/* The first byte behind the head. */
static inline char *rlv_ring_body(void *head, size_t size)
{
    return (char *)head + ((size + 15) & ~(size_t)15);
}

enum {
    RLV_RING_REQUEST_ROOM = RLV_RING_REQUEST - (int)((sizeof(rlv_ring_request) + 15) & ~(size_t)15),
    RLV_RING_RESPONSE_ROOM = RLV_RING_RESPONSE - (int)((sizeof(rlv_ring_response) + 15) & ~(size_t)15)
};

/* Waits until *word is no longer `seen`, at most max_us; may return early. Any process that maps the word
 * wakes it. */
void rlv_ring_wait(const _Atomic uint32_t *word, uint32_t seen, int64_t max_us);
void rlv_ring_wake(_Atomic uint32_t *word);

/* ---- requests: written by the parent
 * ---------------------------------------------------------------------------- */

/* A bounded place to write to, which lies at another address for the reader. */
typedef struct rlv_ring_writer {
    char *bytes;
    size_t len, max;
    uint64_t there; /* address of bytes[0] for the reader */
    bool full;      /* something did not fit: what was written is void */
} rlv_ring_writer;

/* Each copies a struct with everything that it leads to, and returns its address for the reader. 0: it did
 * not fit. */
uint64_t rlv_ring_put_view(rlv_ring_writer *w, const relevo_view *view);
uint64_t rlv_ring_put_result(rlv_ring_writer *w, const relevo_result *result);
/* Copies len bytes, aligned for any struct of plugin.h. */
uint64_t rlv_ring_put(rlv_ring_writer *w, const void *bytes, size_t len);

/* ---- responses: written in the plugin's process, read by the parent
 * ---------------------------------------------- */

/* Each appends one record. `full` then says whether it did not fit. */
void rlv_ring_put_answer(rlv_ring_writer *w, uint32_t view, const relevo_answer *answer);
void rlv_ring_put_line(rlv_ring_writer *w, uint32_t level, relevo_str line);
/* n answers were refused with RELEVO_E_* code (as -code), the first one because of why. */
void rlv_ring_put_refusals(rlv_ring_writer *w, uint32_t code, uint32_t n, const char *why);

/*
 * Gives every record of a response to the collector; the request was about n of its views, from the first on.
 * bytes must be a copy that nobody else can write, aligned to 8; it is borrowed by nothing afterwards. False:
 * it is not what an honest process writes, why says what (a constant); the collector then holds a part. When
 * the collector's arena is full, c->full is set, and it returns true.
 */
RLV_MUST_CHECK bool rlv_ring_read(const char *bytes, size_t len, uint32_t first, uint32_t n, rlv_collector *c,
                                  const char **ret_why);

/* Memory for copies of responses. */
typedef struct rlv_ring_copy {
    char *bytes; /* freed by whoever has it */
    size_t size;
} rlv_ring_copy;

enum rlv_ring_said {
    RLV_RING_SAID_ANSWERS, /* the collector has them, or is full */
    RLV_RING_SAID_ERROR,   /* the operation returned *ret_code */
    RLV_RING_SAID_TOO_MUCH,
    RLV_RING_SAID_GARBAGE, /* not what an honest process writes: *ret_why says what is wrong, a constant */
    RLV_RING_SAID_SHORT    /* memory is: nothing was read */
};

/* What a whole response says, head and body, of which anything may be written meanwhile: it is copied first. first, n, collector: as above. */
RLV_MUST_CHECK enum rlv_ring_said rlv_ring_take(const rlv_ring_response *response, rlv_ring_copy *copy, uint32_t first, uint32_t n,
                                                rlv_collector *c, int32_t *ret_code, const char **ret_why);

#endif
