/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast, and whether at all: token buckets by name, and a circuit breaker for each destination. Pure but
 * for the clock that is handed in. One thread. Private to this room.
 */
#ifndef RLV_DELIVER_PACE_H
#define RLV_DELIVER_PACE_H

#include "base/error.h"
#include "base/str.h"

typedef struct rlv_pace rlv_pace;

/* NULL when memory is short. */
rlv_pace *rlv_pace_new(void);
void rlv_pace_free(rlv_pace *pace);

/* Takes one token of the bucket called name, which holds burst and regains rate a second. Returns 0 when it was
   there, else the µs until it will be: it is the caller's all the same, who goes then and does not ask again. So
   those who wait go one by one, in the order in which they asked, and nobody passes them. A bucket that is full
   again is forgotten, so that memory follows the traffic of the last minutes. */
int64_t rlv_pace_take(rlv_pace *pace, rlv_str name, double rate, double burst, int64_t now_us);
/* Gives a token back that was not used. */
void rlv_pace_give_back(rlv_pace *pace, rlv_str name);
/* Nobody waits any more: what was taken ahead of its time is there again, for others. */
void rlv_pace_forgive(rlv_pace *pace);
/* Buckets that are not full. */
size_t rlv_pace_buckets(const rlv_pace *pace);

/* Closed: everything passes. After `failures` in a row it opens: nothing passes for a while, twice as long
   each time (1 s to 60 s); then one request tries, and its outcome decides. */
typedef struct rlv_breaker {
    int failures;
    int64_t open_until_us, pause_us;
    bool trying;
} rlv_breaker;

/* 0 when a request may go now (while it tries: only this one), else the µs to wait before asking again; while one
   tries that is a second at most, for when it went well all may go. */
int64_t rlv_breaker_ask(rlv_breaker *breaker, int64_t now_us);
/* What was allowed to go did not go after all: another may try at once. */
void rlv_breaker_give_back(rlv_breaker *breaker, int64_t now_us);
/* down: the destination was unwell (no answer, 5xx), whatever became of the request. Returns true when it
 * opened now. */
bool rlv_breaker_tell(rlv_breaker *breaker, bool down, int64_t now_us);

/* Back-off before attempt n + 1 (n from 1): 1 s doubling to 5 min, with a jitter of a half so that a crowd
   spreads. seed: any number that differs from message to message. */
int64_t rlv_backoff_ms(int32_t attempt, uint64_t seed);

#endif
