/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writers' schemas of a lane: what comes in Confluent's framing is read once the schema registry gave its
 * writer's schema, and until then the lane waits with it. Private to this room. One thread.
 */
#ifndef RLV_LANE_WRITERS_H
#define RLV_LANE_WRITERS_H

#include "registry/registry.h"
#include "wire/wire.h"

typedef struct rlv_writers {
    rlv_registry *registry; /* NULL: none is configured */
    rlv_wire *wire;
    int32_t lane;
    int64_t since_us; /* a record waits for its schema since then; 0: none does */
    int64_t say_us;   /* when it is told, or told again */
    bool said;
} rlv_writers;

/* Whether a record can be read, or not, without asking anybody. */
bool rlv_writers_known(const rlv_writers *writers, rlv_str record);
/*
 * Makes sure that a record can be read. Waits at most wait_ms. RLV_E_UNAVAILABLE: not yet; keep the record,
 * and ask again with the same one. RLV_E_NOT_FOUND: its schema id is unknown; RLV_E_REFUSED: its schema is
 * not one that can be read: a dead letter. A wait of more than a second is logged, at most once a minute, and
 * so is its end.
 */
RLV_MUST_CHECK int rlv_writers_ready(rlv_writers *writers, rlv_str record, int wait_ms, rlv_error *err);
/* Milliseconds that the lane has waited; 0: it does not. */
int64_t rlv_writers_wait_ms(const rlv_writers *writers);
/* True when the wait is long enough to be told. */
bool rlv_writers_stuck(const rlv_writers *writers);

#endif
