/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a trial configuration would have handed over, beside what was: made by replay.c, shown by replay_print.c. Texts live in
 * the arena of the findings.
 */
#ifndef RLV_CLI_REPLAY_H
#define RLV_CLI_REPLAY_H

#include <stdio.h>

#include "base/arena.h"
#include "model/decision.h"

enum rlv_verdict {
    RLV_SAME = 0,    /* at the same message, by the same trigger */
    RLV_OTHER = 1,   /* at the same message, by another trigger */
    RLV_GAINED = 2,  /* now, and not then */
    RLV_LOST = 3,    /* then, and not now */
    RLV_EARLIER = 4, /* now at an earlier message of the same stretch of the bot */
    RLV_LATER = 5,
    RLV_VERDICTS = 6
};

/* One side: the handoff, or why there was none. */
typedef struct rlv_replay_side {
    bool handed; /* what follows is the handoff's; else the score, if any, of the other side's trigger at its message */
    int64_t at_ms;
    rlv_str message, trigger; /* no trigger: a plugin gave no answer */
    rlv_str evidence;
    bool scored, observed;
    double score, threshold;
} rlv_replay_side;

/* A stretch of the bot that ended, or would have ended, in a handoff. */
typedef struct rlv_replay_case {
    struct rlv_replay_case *next;
    enum rlv_verdict verdict;
    rlv_id conversation;
    rlv_str customer;
    rlv_replay_side then, now;
} rlv_replay_case;

typedef struct rlv_replay_total {
    rlv_str trigger;
    int64_t then, now, verdicts[RLV_VERDICTS]; /* gained, earlier: by the trigger of now; the others: by that of then */
} rlv_replay_total;

typedef struct rlv_replay_findings {
    rlv_arena *arena;
    bool all; /* cases without a difference are kept too */
    int64_t since_ms, until_ms;
    int64_t conversations, messages; /* messages: in the span, and judged again */
    int64_t verdicts[RLV_VERDICTS];
    rlv_replay_case *first, *last;
    rlv_replay_total *totals;
    size_t n_totals, cap_totals;
} rlv_replay_findings;

const char *rlv_verdict_name(enum rlv_verdict verdict);
/* EX_OK, or what writing failed with. */
int rlv_replay_print(const rlv_replay_findings *found, FILE *out);
int rlv_replay_print_json(const rlv_replay_findings *found, FILE *out);

#endif
