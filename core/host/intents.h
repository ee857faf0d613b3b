/* SPDX-License-Identifier: Apache-2.0 */
/* Which intents plugins say that they read, and which they wait for: those that nobody reads would never come. And what they begin, by which
   name. */
#ifndef RLV_HOST_INTENTS_H
#define RLV_HOST_INTENTS_H

#include "host/host.h"

/* Collects what one instance says. */
typedef struct rlv_intents {
    relevo_intents to; /* what the plugin gets */
    rlv_arena *arena;
    rlv_host_intent *items;
    size_t n, room;
    bool full; /* memory is, or it said more than RLV_HOST_INTENTS_MAX */
} rlv_intents;

rlv_intents rlv_intents_begin(rlv_arena *arena);
/* Keeps a copy of one; what is no readable line of text, or too long, is left out. */
void rlv_intents_add(rlv_intents *intents, rlv_str name, rlv_str where, enum rlv_host_knows what);

#endif
