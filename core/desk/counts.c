/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many there are in each list: all pages ask for it all the time. Two statements, each asked once for many (shared.c): what a team
 * sees, and what each agent has, of all agents together. Must never count for an agent what they may not see.
 */
#include <stdlib.h>

#include "desk/private.h"
#include "desk/sees.h"

/* Nobody reads a larger number. */
#define UP_TO_1000(which) "SELECT count(*) FROM (SELECT FROM desk.conversations c WHERE " which " AND " SEES " LIMIT 1000) f"

/* An object without its end. */
static const char seen[] =
    "SELECT rtrim(json_build_object('queue', count(*) FILTER (WHERE c.owner = 'queued'), 'people', count(*) FILTER (WHERE c.owner = 'human'), "
    "'bot', (" UP_TO_1000("c.owner = 'bot'") "), 'all', (" UP_TO_1000("true") "), "
    "'oldest', min(c.owner_since) FILTER (WHERE c.owner = 'queued'))::text, '}') "
    "FROM desk.conversations c WHERE c.owner IN ('queued', 'human') AND " SEES;

/* A line for each agent who has anything: their id as JSON, a tab, the rest of the object. */
static const char own[] =
    "WITH has AS MATERIALIZED (SELECT c.owner, c.agent_id, c.offered_to, c.snoozed_until IS NOT NULL AS snoozed, c.waiting_since IS NOT NULL AS waits "
    "FROM desk.conversations c WHERE c.owner IN ('queued', 'human')), "
    "n AS (SELECT h.agent_id, count(*) FILTER (WHERE NOT h.snoozed) AS mine, count(*) FILTER (WHERE h.waits AND NOT h.snoozed) AS unanswered, "
    "count(*) FILTER (WHERE h.snoozed) AS snoozed, 0 AS mentions FROM has h WHERE h.owner = 'human' AND h.agent_id IS NOT NULL GROUP BY h.agent_id "
    "UNION ALL SELECT h.offered_to, count(*), 0, 0, 0 FROM has h WHERE h.offered_to IS NOT NULL GROUP BY h.offered_to "
    "UNION ALL SELECT m.agent_id, 0, 0, 0, count(*) FROM desk.mentions m JOIN desk.conversations c USING (conversation_id) "
    "WHERE c.team IS NULL OR c.agent_id = m.agent_id OR EXISTS (SELECT FROM desk.agents g WHERE g.agent_id = m.agent_id AND c.team = ANY (g.teams)) "
    "OR EXISTS (SELECT FROM relevo.account a WHERE a.agent_id = m.agent_id AND a.role <> 'agent') GROUP BY m.agent_id) "
    "SELECT E'\\n' || coalesce(string_agg(to_json(t.agent_id)::text || E'\\t' || t.said || E'\\n', ''), '') FROM (SELECT n.agent_id, "
    "format('\"mine\" : %s, \"unanswered\" : %s, \"snoozed\" : %s, \"mentions\" : %s}', sum(n.mine), sum(n.unanswered), sum(n.snoozed), sum(n.mentions)) "
    "AS said FROM n GROUP BY n.agent_id) t";

static rlv_str line_of(rlv_request *request, rlv_str lines)
{
    static const rlv_str nothing = RLV_STR("\"mine\" : 0, \"unanswered\" : 0, \"snoozed\" : 0, \"mentions\" : 0}");
    rlv_str agent = request->session.agent_id;
    json_t *j = json_stringn(agent.len ? agent.ptr : "", agent.len);
    char *text = j ? json_dumps(j, JSON_ENCODE_ANY) : NULL;
    const char *key = text ? rlv_arena_printf(request->arena, "\n%s\t", text) : NULL;
    const char *at = key && agent.len ? strstr(lines.ptr, key) : NULL;
    free(text);
    json_decref(j);
    if (!at)
        return nothing;
    at += strlen(key);
    return (rlv_str){at, strcspn(at, "\n")};
}

void rlv_counts(rlv_request *request, rlv_str id)
{
    (void)id;
    char state[RLV_ASK_STATE];
    rlv_error err;
    rlv_str of_team, lines, args[] = {{NULL, 0}, request->session.role_word, request->session.teams_word};
    int rc = rlv_shared_ask(request->desk, RLV_KEEP_MS, seen, args, RLV_OWN_ARGS, request->arena, &of_team, state, &err);
    if (rc == RLV_OK)
        rc = rlv_shared_ask(request->desk, RLV_KEEP_MS, own, NULL, 0, request->arena, &lines, state, &err);
    if (rc != RLV_OK) {
        rlv_request_postgres(request, state, &err);
        return;
    }
    rlv_str mine = line_of(request, lines);
    const char *text = rlv_arena_printf(request->arena, "%.*s, %.*s", RLV_STR_ARG(of_team), RLV_STR_ARG(mine));
    request->status = MHD_HTTP_OK;
    request->text = rlv_str_from(text);
}
