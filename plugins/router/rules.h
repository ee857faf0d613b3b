/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The router's rules: read from JSON, checked, and searched. It knows nothing of sinks and answers; it must
 * never take a rule that it does not wholly understand.
 */
#ifndef RELEVO_ROUTER_RULES_H
#define RELEVO_ROUTER_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "relevo/plugin.h"

/* Texts borrowed from the rules' JSON. */
typedef struct texts {
    relevo_str *items;
    size_t n;
} texts;

/* Whom a conversation is for. */
typedef struct target {
    relevo_str team;
    texts skills;
    relevo_str language; /* absent: any */
    bool of_customer;    /* language is the customer's own */
    bool has_priority;   /* else the policy's */
    uint32_t priority;   /* 0 to 9 */
    uint32_t rank;       /* RELEVO_RANK_* */
    relevo_str agent;
} target;

/* When a rule holds: every list that is not empty must contain what the conversation shows. */
typedef struct condition {
    texts triggers, intents, languages, tags;
    texts slot_names, slot_values; /* in pairs; all of them must be so */
} condition;

typedef struct rule {
    condition when;
    target to;
} rule;

typedef struct rule_set rule_set;

/*
 * Reads `routes` (a JSON list, or absent) and `otherwise` (a JSON object, the option `default`). On failure
 * returns false with one line in error: the option, the entry's number, what is wrong, and the nearest known
 * key.
 */
bool rules_new(relevo_str routes, relevo_str otherwise, rule_set **ret_rules, char *error, size_t error_size);
/* Accepts NULL. */
void rules_free(rule_set *rules);

/* The target of the first rule that holds, else the default. Immutable: from any thread. */
const target *rules_find(const rule_set *rules, const relevo_view *view);

/* Tells of the intents that rules ask for. */
void rules_intents(const rule_set *rules, const relevo_intents *to);

/* The language to go by: the conversation's, else the message's; absent: unknown. */
relevo_str rules_language(const relevo_view *view);

#endif
