/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A round: one event each of some conversations goes through the phases of conversation/step.h together, one call per
 * plugin and phase. The lane steps its batches by it, `relevo replay` what the history holds. It knows neither Kafka nor
 * Postgres.
 */
#ifndef RLV_LANE_ROUND_H
#define RLV_LANE_ROUND_H

#include "conversation/step.h"
#include "host/host.h"

enum { RLV_ROUND_PART_US = 60000000 }; /* our own code never takes so long over a part of a batch */

typedef struct rlv_round {
    const rlv_host *host;
    rlv_arena *arena; /* of every step of the round */
    rlv_step **steps; /* n, each of another conversation, or of none; filled as step.h says */
    unsigned *wants;  /* room for as many as ever are in a round */
    rlv_subject *subjects; /* likewise */
    size_t n;
    const rlv_step *died; /* out, with RLV_E_DIED */
    rlv_host_caller *caller; /* with a scout our own code is tried first, as plugins are; NULL: nobody */
} rlv_round;

/* Room for rounds of at most max steps, in arena. RLV_E_LIMIT: it does not fit. */
RLV_MUST_CHECK int rlv_round_init(rlv_round *round, const rlv_host *host, rlv_arena *arena, size_t max, rlv_error *err);
/* The phases that some plugin implements, as rlv_step.has wants them. */
unsigned rlv_round_phases(const rlv_host *host);
/* Decides all of them. RLV_E_DIED: our own code does not survive one of them; RLV_E_LIMIT: the arena is full; steps are then
   unfinished. The pure core says nothing of a full
   arena: ask rlv_arena_overflowed at the end. */
RLV_MUST_CHECK int rlv_round_run(rlv_round *round, rlv_error *err);

#endif
