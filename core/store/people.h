/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a conversation can be given to: what a policy names is compared with it by `relevo check`. Only asks. */
#ifndef RLV_STORE_PEOPLE_H
#define RLV_STORE_PEOPLE_H

#include "store/store.h"

enum rlv_people_kind { RLV_PEOPLE_TEAM, RLV_PEOPLE_AGENT, RLV_PEOPLE_SKILL, RLV_PEOPLE_KINDS };

typedef struct rlv_people {
    struct rlv_people_names {
        const char **names; /* each once, backwards: of the levels of a skill the highest first */
        size_t n;
    } of[RLV_PEOPLE_KINDS];
} rlv_people;

/*
 * Reads, into arena: teams that an agent is of or that have rules of their own; agents' ids; skills, each in all ways in which it may be asked for: of who
 * has refunds:2 "refunds", "refunds:1" and "refunds:2". Needs SELECT on relevo.agent and relevo.team. RLV_E_LIMIT: it does not fit in arena.
 */
RLV_MUST_CHECK int rlv_store_people(rlv_store *store, rlv_arena *arena, rlv_people *ret, rlv_error *err);

#endif
