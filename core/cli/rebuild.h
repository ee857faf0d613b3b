/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a lane decided, read back from Kafka: its events with everything that was published about each, in the
 * order of the sequence, as history rows and conversations are made of. For `relevo repair`. Must never
 * guess: an event that the topics do not hold is said to be lost.
 */
#ifndef RLV_CLI_REBUILD_H
#define RLV_CLI_REBUILD_H

#include <jansson.h>

#include "base/arena.h"
#include "config/config.h"
#include "model/decision.h"
#include "wire/wire.h"

/* ---- rebuild_model.c: records as the model has them
 * ------------------------------------------------------------ */

enum { RLV_REBUILD_DECISIONS_MAX = 4096 };

/* The decisions in a history row's `decided`, as rlv_wire_to_json gives them, at most RLV_REBUILD_DECISIONS_MAX of them: the caller
   lets go of the first *ret_n, after a failure too. Scratch in arena. */
RLV_MUST_CHECK int rlv_rebuild_decisions(rlv_wire *wire, rlv_arena *arena, rlv_str decided, json_t **ret, size_t *ret_n,
                                         rlv_error *err);
/* One event from its n decisions (JSON as rlv_wire_to_json gives it; "sent" in one: the message that came of it), texts copied into arena. Fields that no
   decision holds stay absent. RLV_E_DECODE: this version does not know its words. */
RLV_MUST_CHECK int rlv_rebuild_outcome(json_t *const *decisions, size_t n, rlv_str wa_id, rlv_str user_id,
                                       rlv_arena *arena, rlv_outcome *ret, rlv_error *err);
/* Brings a conversation from before the event to after it: ownership as decided, and of the digest what
   decisions tell. A generation of ownership that is later than the decision's stays. False when the event
   changed nothing. */
bool rlv_rebuild_apply(rlv_conversation *conv, const rlv_outcome *outcome);
/* True for events that belong to a conversation's state. */
bool rlv_rebuild_touches(const rlv_outcome *outcome);
/* Completes an event of a customer by the record that it was: by what else they are known, which decisions do not tell. */
void rlv_rebuild_identities(rlv_event *ev, const rlv_event *record);

/* ---- rebuild_read.c: the lane's partitions
 * --------------------------------------------------------------------- */

typedef struct rlv_rebuild rlv_rebuild;

typedef struct rlv_rebuild_range {
    int32_t lane;
    int64_t after, until; /* events after + 1 to until */
    int64_t since_ms;     /* lane time of `after`: nothing later was published before; 0: look everywhere */
    const char *const *topics; /* inputs, and the next offset of each at `after`; -1: any */
    const int64_t *next;
    size_t n_topics;
} rlv_rebuild_range;

/* wire is used, one thread. The range must outlive it. */
RLV_MUST_CHECK int rlv_rebuild_open(const rlv_config *config, rlv_wire *wire, const rlv_rebuild_range *range,
                                    rlv_rebuild **ret, rlv_error *err);
void rlv_rebuild_close(rlv_rebuild *rebuild);

/*
 * The next event, with the blob of its records (history's `decided`), both in arena. 1; 0 at the end; below:
 * -code. -RLV_E_REFUSED: events are lost, *ret_lost of them from outcome.seq on, and the next call goes on
 * behind them.
 */
int rlv_rebuild_next(rlv_rebuild *rebuild, rlv_arena *arena, rlv_outcome *ret, rlv_str *ret_decided,
                     int64_t *ret_lost, rlv_error *err);
/* The highest sequence that the partition of decisions holds, 0: none, and when it was published, by Kafka's
 * clock. */
RLV_MUST_CHECK int rlv_rebuild_last(const rlv_config *config, rlv_wire *wire, int32_t lane, int64_t *ret,
                                    int64_t *ret_at_ms, rlv_error *err);

#endif
