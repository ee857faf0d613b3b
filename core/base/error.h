/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An error is a value. Library code fills one and returns its code; exactly one caller logs it. Never both.
 */
#ifndef RLV_BASE_ERROR_H
#define RLV_BASE_ERROR_H

#include <stdbool.h>

#define RLV_MUST_CHECK __attribute__((warn_unused_result))
#define RLV_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum rlv_code {
    RLV_OK = 0,
    RLV_E_INVALID = 1,     /* the input is wrong; trying again gives the same */
    RLV_E_CONFIG = 2,      /* the configuration is wrong */
    RLV_E_LIMIT = 3,       /* a ceiling was reached, memory among them */
    RLV_E_DECODE = 4,      /* bytes that are not what they claim to be */
    RLV_E_IO = 5,          /* the other side answered with a failure */
    RLV_E_TIMEOUT = 6,     /* no answer in time: the outcome is unknown */
    RLV_E_FENCED = 7,      /* somebody else owns the lane now */
    RLV_E_CONFLICT = 8,    /* a compare-and-set lost; reload and try again */
    RLV_E_UNAVAILABLE = 9, /* the other side is away; nothing was done */
    RLV_E_NOT_FOUND = 10,
    RLV_E_REFUSED = 11,    /* the stored state does not fit: a person must look */
    RLV_E_DIED = 12        /* a copy of this process did not survive it (base/rehearse.h) */
};

typedef struct rlv_error {
    int code; /* enum rlv_code */
    char message[500]; /* one line: what happened, what it means, what to do next */
} rlv_error;

/* Fills err (may be NULL) and returns code. The message is cut at the buffer's end on a character boundary. */
int rlv_error_set(rlv_error *err, int code, const char *fmt, ...) RLV_PRINTF(3, 4);

/* Puts "context: " before the message and returns the code. */
int rlv_error_wrap(rlv_error *err, const char *fmt, ...) RLV_PRINTF(2, 3);

/* A short stable word for a code ("timeout"), for logs and metric labels. */
const char *rlv_code_name(int code);

/* True when the same call may succeed later without anybody changing anything. */
bool rlv_code_retriable(int code);

#endif
