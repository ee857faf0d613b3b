/* SPDX-License-Identifier: Apache-2.0 */
/* The sink of one call: checks what a plugin emits, and keeps a copy. */
#ifndef RLV_HOST_ANSWER_H
#define RLV_HOST_ANSWER_H

#include "host/host.h"

enum {
    RLV_HOST_ARENA_MAX = 64 * 1024 * 1024 /* of what lives as long as a host; and of the answers of one call, over there */
};

enum {
    RLV_REFUSALS = 6
}; /* RELEVO_E_KIND (-1) ... RELEVO_E_TEXT (-5); index is -code */

typedef struct rlv_collected {
    struct rlv_collected *next;
    uint32_t view;
    rlv_answer *answer;
} rlv_collected;

/* What has been said about one view so far, accepted or not. */
typedef struct rlv_tally {
    uint32_t answers, bytes;
} rlv_tally;

typedef struct rlv_collector {
    relevo_sink sink; /* first: what the plugin gets */
    rlv_arena *arena;
    enum rlv_phase phase;
    rlv_str entry;    /* borrowed by every answer */
    const char *room; /* for the plugin's log lines */
    uint32_t n;       /* views */
    rlv_tally *tallies;
    rlv_collected *first, *last; /* in the order of emission */
    uint64_t refused[RLV_REFUSALS];
    const char *why[RLV_REFUSALS]; /* of the first refusal of each code */
    uint32_t log_lines;
    bool full; /* the arena was: the whole call is void */
} rlv_collector;

/* A collector for a call over n views. False when the arena is full. One thread. */
RLV_MUST_CHECK bool rlv_collector_init(rlv_collector *collector, rlv_arena *arena, enum rlv_phase phase,
                                       rlv_str entry, const char *room, uint32_t n);

/* The label of a refusal's code: "limit". index as in `refused`. */
const char *rlv_refusal_name(int index);

#endif
