/* SPDX-License-Identifier: Apache-2.0 */
/* Postgres as `relevo check` looks at it: does it answer, is the schema this build's, may this role do a
 * lane's work, and does it know whom the policy names. */
#include <libpq-fe.h>
#include <stdio.h>

#include "cli/check.h"
#include "config/value.h"
#include "store/people.h"
#include "store/rights.h"

enum {
    WAIT_MS = 8000,
    MISSING_MAX = 16384,
    NAMES_MAX = 8 * 1024 * 1024
};

/* True when it lacks none. */
static bool check_rights(rlv_check *check, rlv_store *store)
{
    rlv_buf missing = RLV_BUF_INIT(MISSING_MAX);
    char role[64] = "";
    bool standby = false;
    rlv_error err;
    if (rlv_store_rights(store, &missing, role, &standby, &err))
        rlv_check_fail(check, "rights", "%s", err.message);
    else if (missing.len)
        rlv_check_fail(check, "rights", "Postgres: role %s lacks %s: GRANT relevo_lane TO %s", role,
                       missing.data, role);
    else
        rlv_check_ok("rights", "Postgres: role %s may do all that a lane does", role);
    if (standby)
        rlv_check_fail(check, "postgres",
                       "this server is a standby and takes no writes: name the primary in postgres.url");
    bool all = role[0] && !missing.len;
    rlv_buf_free(&missing);
    return all;
}

/* Of one entry of the policy, which is a trigger's or a rule's. */
static void check_name(const rlv_check *check, const rlv_people *people, const rlv_trigger_policy *entry, bool rule,
                       enum rlv_people_kind kind, rlv_str name)
{
    static const char *const words[RLV_PEOPLE_KINDS][2] = {
        [RLV_PEOPLE_TEAM] = {"team", "which has no agent and no rules of its own"},
        [RLV_PEOPLE_AGENT] = {"agent", "whom there is not"},
        [RLV_PEOPLE_SKILL] = {"skill", "which no agent has"}};
    const struct rlv_people_names *known = &people->of[kind];
    for (size_t i = 0; i < known->n; i++)
        if (rlv_str_is(name, known->names[i]))
            return;
    const char *near = rlv_value_nearest(name, known->names, known->n);
    rlv_check_ok("policy", "%s:%d: the %s '%.*s' names the %s '%.*s', %s yet%s%s%s", check->config->file, (int)entry->line,
                 rule ? "rule" : "trigger", RLV_STR_ARG(entry->trigger), words[kind][0], RLV_STR_ARG(name), words[kind][1],
                 near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void check_names(const rlv_check *check, const rlv_people *people, const rlv_trigger_policy *entries, size_t n, bool rules)
{
    for (size_t i = 0; i < n; i++) {
        const rlv_trigger_policy *entry = &entries[i];
        if (entry->team.len)
            check_name(check, people, entry, rules, RLV_PEOPLE_TEAM, entry->team);
        if (entry->agent.len)
            check_name(check, people, entry, rules, RLV_PEOPLE_AGENT, entry->agent);
        for (size_t k = 0; k < entry->n_skills; k++)
            check_name(check, people, entry, rules, RLV_PEOPLE_SKILL, entry->skills[k]);
    }
}

/* Teams, agents and skills come and go while Relevo runs: what is not known is told, and no mistake. Before there is anybody
   all of it would be. */
static void check_people(rlv_check *check, rlv_store *store)
{
    const rlv_policy *policy = &check->config->policy;
    rlv_arena *arena = rlv_arena_new(NAMES_MAX);
    rlv_people people;
    rlv_error err = {.message = "memory is short"};
    if (!arena || rlv_store_people(store, arena, &people, &err)) {
        rlv_check_fail(check, "policy", "whom it names was not looked up: %s", err.message);
    } else if (people.of[RLV_PEOPLE_AGENT].n) {
        check_names(check, &people, policy->triggers, policy->n_triggers, false);
        check_names(check, &people, policy->rules, policy->n_rules, true);
    }
    rlv_arena_free(arena);
}

void rlv_check_postgres(rlv_check *check)
{
    rlv_store *store = NULL;
    rlv_error err;
    rlv_check_waiting("asking Postgres");
    int rc = rlv_store_open(check->config->postgres, "relevo check", WAIT_MS, &store, &err);
    if (rc != RLV_OK) {
        rlv_check_fail(check, "postgres", "%s: is it running, and is postgres.url right?", err.message);
        check->away += rc == RLV_E_UNAVAILABLE || rc == RLV_E_TIMEOUT;
        return;
    }
    rlv_check_ok("postgres", "it answers");
    if (rlv_store_check_schema(store, &err) == RLV_OK) {
        rlv_check_ok("schema", "as this version wants it");
        if (check_rights(check, store))
            check_people(check, store);
    } else {
        rlv_check_fail(check, "schema", "%s", err.message);
    }
    rlv_store_close(store);
}
