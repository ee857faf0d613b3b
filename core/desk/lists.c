/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists, and how many there are in each: what all pages ask for all the time. The queue and the counts are asked of Postgres once for
 * everybody (shared.c), as lines that begin with a team, of which everyone is told those that they see: however many kinds of agents there are, it costs
 * Postgres the same. Must never tell an agent of what they may not see.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "desk/private.h"
#include "desk/sees.h"

enum { FIRST = 50 }; /* conversations that a list shows unless it is asked for more; stands in the statements too */

/* The customer's last words; their time is known, so that no history is read whole. */
#define PREVIEW                                                                                                                   \
    "(SELECT h.text FROM desk.history h WHERE h.conversation_id = c.conversation_id AND h.by = 'customer' "                       \
    "AND h.at >= c.last_message_at - interval '1 minute' ORDER BY h.at DESC, h.seq DESC LIMIT 1) AS preview"

#define QUEUE_ORDER "c.priority DESC, c.owner_since, c.last_message_at DESC"

#define IN_LIST                                                                                                                   \
    "CASE $4 WHEN 'queue' THEN c.owner = 'queued' "                                                                               \
    "WHEN 'mine' THEN c.owner IN ('queued', 'human') AND (c.owner = 'human' AND c.agent_id = $1 AND c.snoozed_until IS NULL "        \
    "OR c.offered_to = $1) "                                                                                                      \
    "WHEN 'snoozed' THEN c.owner = 'human' AND c.agent_id = $1 AND c.snoozed_until IS NOT NULL "                                   \
    "WHEN 'mentions' THEN EXISTS (SELECT FROM desk.mentions m WHERE m.agent_id = $1 AND m.conversation_id = c.conversation_id) "   \
    "WHEN 'bot' THEN c.owner = 'bot' WHEN 'people' THEN c.owner = 'human' ELSE true END"

static const char *const list_args[] = {"list", "team", "trigger", "language", "search", "limit", "tag", "priority"};

/* Of one's own those come first whose customer waits, the longest first. */
#define LIST_ORDER                                                                                                                \
    "CASE WHEN $4 = 'queue' THEN -c.priority END, CASE WHEN $4 = 'queue' THEN c.owner_since WHEN $4 = 'mine' THEN c.waiting_since END, " \
    "CASE WHEN $4 = 'snoozed' THEN c.snoozed_until END, c.last_message_at DESC"

#define MATCHES                                                                                                                   \
    SEES " AND " IN_LIST " AND ($5 = '' OR c.team = $5) AND ($6 = '' OR c.trigger = $6) "                                         \
    "AND ($7 = '' OR c.language = $7) AND ($8 = '' OR " HOLDS("c.customer_name", "$8") " OR " HOLDS("c.wa_id", "$8")              \
    " OR c.customer_id = $8 OR EXISTS (SELECT FROM desk.history h WHERE h.conversation_id = c.conversation_id "                   \
    "AND h.at > now() - interval '30 days' AND " HOLDS("h.text", "$8") ")) "                                                      \
    "AND ($10 = '' OR c.conversation_id IN (SELECT g.conversation_id FROM desk.tagged g WHERE g.tag = $10)) "                     \
    "AND c.priority >= coalesce(nullif($11, '')::int, 0) "

#define ASKED_FOR "least(500, coalesce(nullif($9, ''), '50')::int)"

/* Which they are before what they tell: the view works out for each row what is asked of it, and closed ones are many. An array finds them by
   their key, a join with the view would not. Where those whose customers wrote lately are as many as are asked for, nothing else is looked at. */
static const char list[] =
    "WITH late AS MATERIALIZED (SELECT c.conversation_id FROM desk.conversations c WHERE $4 IN ('all', 'bot') "
    "AND c.conversation_id = ANY (ARRAY(SELECT relevo.lately(500))) AND " MATCHES "ORDER BY " LIST_ORDER " LIMIT " ASKED_FOR "), "
    "whole AS MATERIALIZED (SELECT c.conversation_id FROM desk.conversations c WHERE (SELECT count(*) FROM late) < " ASKED_FOR " AND " MATCHES
    "ORDER BY " LIST_ORDER " LIMIT " ASKED_FOR ") "
    "SELECT coalesce(json_agg(t), '[]')::text FROM (SELECT " SUMMARY ", " PREVIEW " FROM desk.conversations c WHERE c.conversation_id = ANY (ARRAY("
    "SELECT w.conversation_id FROM whole w UNION SELECT l.conversation_id FROM late l)) ORDER BY " LIST_ORDER " LIMIT " ASKED_FOR ") t";

#define LINE(team, rest) "coalesce(to_json(" team ")::text, 'null') || E'\\t' || " rest " || E'\\n'"

/* The first FIRST of each team, among which are the first of whoever sees some teams. */
static const char queue[] =
    "WITH first AS MATERIALIZED (SELECT f.conversation_id FROM (SELECT c.conversation_id, row_number() OVER (PARTITION BY c.team ORDER BY " QUEUE_ORDER ") AS place "
    "FROM desk.conversations c WHERE c.owner = 'queued') f WHERE f.place <= 50) "
    "SELECT coalesce(string_agg(" LINE("t.team", "row_to_json(t)") ", ''), '') FROM (SELECT " SUMMARY ", " PREVIEW
    " FROM desk.conversations c WHERE c.conversation_id = ANY (ARRAY(SELECT f.conversation_id FROM first f)) ORDER BY " QUEUE_ORDER ") t";

/* How many each team has, those first that wait longest. What the bot has is no team's, and nobody reads a larger number than 1000. */
static const char standing[] =
    "SELECT string_agg(" LINE("n.team", "json_build_object('queue', n.queue, 'people', n.people, 'bot', n.bot, 'oldest', n.oldest)") ", '' ORDER BY n.oldest) FROM ("
    "SELECT c.team, count(*) FILTER (WHERE c.owner = 'queued') AS queue, count(*) FILTER (WHERE c.owner = 'human') AS people, 0 AS bot, "
    "min(c.owner_since) FILTER (WHERE c.owner = 'queued') AS oldest FROM desk.conversations c WHERE c.owner IN ('queued', 'human') GROUP BY c.team "
    "UNION ALL SELECT NULL, 0, 0, (SELECT count(*) FROM (SELECT FROM desk.conversations c WHERE c.owner = 'bot' AND c.team IS NULL LIMIT 1000) b), NULL) n";

/* A line for each agent who has anything. */
static const char own[] =
    "WITH has AS MATERIALIZED (SELECT c.owner, c.agent_id, c.offered_to, c.snoozed_until IS NOT NULL AS snoozed, c.waiting_since IS NOT NULL AS waits "
    "FROM desk.conversations c WHERE c.owner IN ('queued', 'human')), "
    "n AS (SELECT h.agent_id, count(*) FILTER (WHERE NOT h.snoozed) AS mine, count(*) FILTER (WHERE h.waits AND NOT h.snoozed) AS unanswered, "
    "count(*) FILTER (WHERE h.snoozed) AS snoozed, 0 AS mentions FROM has h WHERE h.owner = 'human' AND h.agent_id IS NOT NULL GROUP BY h.agent_id "
    "UNION ALL SELECT h.offered_to, count(*), 0, 0, 0 FROM has h WHERE h.offered_to IS NOT NULL GROUP BY h.offered_to "
    "UNION ALL SELECT m.agent_id, 0, 0, 0, count(*) FROM desk.mentions m JOIN desk.conversations c USING (conversation_id) "
    "WHERE c.team IS NULL OR c.agent_id = m.agent_id OR EXISTS (SELECT FROM desk.agents g WHERE g.agent_id = m.agent_id AND c.team = ANY (g.teams)) "
    "OR EXISTS (SELECT FROM relevo.account a WHERE a.agent_id = m.agent_id AND a.role <> 'agent') GROUP BY m.agent_id) "
    "SELECT coalesce(string_agg(" LINE("t.agent_id", "t.said") ", ''), '') FROM (SELECT n.agent_id, "
    "json_build_object('mine', sum(n.mine), 'unanswered', sum(n.unanswered), 'snoozed', sum(n.snoozed), 'mentions', sum(n.mentions)) AS said "
    "FROM n GROUP BY n.agent_id) t";

static bool ask(rlv_request *request, const char *sql, rlv_str *ret)
{
    char state[RLV_ASK_STATE];
    rlv_error err;
    int rc = rlv_shared_ask(request->desk, RLV_KEEP_MS, sql, NULL, 0, request->arena, ret, state, &err);
    if (rc != RLV_OK)
        rlv_request_postgres(request, state, &err);
    return rc == RLV_OK;
}

/* A name as Postgres writes it in JSON, and so begins a line. Empty: memory is short. */
static rlv_str json_of(rlv_request *request, rlv_str name)
{
    json_t *j = json_stringn(name.len ? name.ptr : "", name.len);
    char *text = j ? json_dumps(j, JSON_ENCODE_ANY) : NULL;
    rlv_str copy = rlv_arena_copy(request->arena, rlv_str_from(text));
    free(text);
    json_decref(j);
    return copy;
}

/* Whose lines are read. */
struct reader {
    bool all;
    rlv_str *names;
    size_t n;
};

/* Who sees what their teams have, and what has none. */
static struct reader of_teams(rlv_request *request)
{
    const rlv_session *s = &request->session;
    struct reader r = {.all = s->role != RLV_ROLE_AGENT, .names = rlv_arena_zalloc(request->arena, s->n_teams + 1, sizeof(*r.names))};
    if (!r.names)
        return r;
    r.names[r.n++] = RLV_STR("null");
    for (size_t i = 0; !r.all && i < s->n_teams; i++)
        r.names[r.n++] = json_of(request, s->teams[i]);
    return r;
}

/* The next line for this reader, without its name; false: there is none. *lines moves on. */
static bool next_line(const struct reader *r, rlv_str *lines, rlv_str *ret)
{
    while (lines->len) {
        const char *end = memchr(lines->ptr, '\n', lines->len), *tab = memchr(lines->ptr, '\t', lines->len);
        rlv_str name = {lines->ptr, (size_t)(tab - lines->ptr)};
        *ret = (rlv_str){tab + 1, (size_t)(end - tab - 1)};
        lines->len -= (size_t)(end + 1 - lines->ptr);
        lines->ptr = end + 1;
        bool theirs = r->all;
        for (size_t i = 0; !theirs && i < r->n; i++)
            theirs = rlv_str_eq(name, r->names[i]);
        if (theirs)
            return true;
    }
    return false;
}

static void answer_queue(rlv_request *request, int64_t limit)
{
    rlv_str lines, line;
    if (!ask(request, queue, &lines))
        return;
    const struct reader reader = of_teams(request);
    char *text = rlv_arena_alloc(request->arena, lines.len + 3);
    if (!text) {
        rlv_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, "busy", "memory is short");
        return;
    }
    size_t len = 0;
    text[len++] = '[';
    for (int64_t n = 0; n < limit && next_line(&reader, &lines, &line); n++) {
        if (n)
            text[len++] = ',';
        memcpy(text + len, line.ptr, line.len);
        len += line.len;
    }
    text[len++] = ']';
    request->status = MHD_HTTP_OK;
    request->text = (rlv_str){text, len};
}

void rlv_lists(rlv_request *request, rlv_str id)
{
    rlv_str args[RLV_OWN_ARGS + sizeof(list_args) / sizeof(*list_args)];
    size_t n = RLV_OWN_ARGS;
    int64_t limit = FIRST;
    bool filtered = false;
    for (size_t i = 0; i < sizeof(list_args) / sizeof(*list_args); i++) {
        rlv_str arg = args[n++] = rlv_request_text(request, list_args[i]);
        if (strcmp(list_args[i], "limit") == 0)
            filtered |= arg.len && !(rlv_str_int(arg, &limit) && limit >= 0 && limit <= FIRST);
        else if (strcmp(list_args[i], "list") != 0)
            filtered |= arg.len > 0;
    }
    if (rlv_str_is(args[RLV_OWN_ARGS], "queue") && !filtered)
        answer_queue(request, limit);
    else
        rlv_route_run(request, list, args, n, false);
    if (request->status == MHD_HTTP_OK && rlv_request_text(request, "search").len > 0)
        rlv_look_note(request, id);
}

void rlv_counts(rlv_request *request, rlv_str id)
{
    (void)id;
    rlv_str of_all, of_agents, line, mine = RLV_STR("{\"mine\" : 0, \"unanswered\" : 0, \"snoozed\" : 0, \"mentions\" : 0}");
    if (!ask(request, standing, &of_all) || !ask(request, own, &of_agents))
        return;
    rlv_str agent = json_of(request, request->session.agent_id);
    const struct reader reader = of_teams(request), self = {.names = &agent, .n = 1};
    json_int_t waiting = 0, people = 0, bot = 0;
    const char *oldest = NULL;
    while (next_line(&reader, &of_all, &line)) {
        json_t *j = json_loadb(line.ptr, line.len, 0, NULL);
        waiting += json_integer_value(json_object_get(j, "queue"));
        people += json_integer_value(json_object_get(j, "people"));
        bot += json_integer_value(json_object_get(j, "bot"));
        const char *since = json_string_value(json_object_get(j, "oldest"));
        if (since && !oldest) /* they come in this order */
            oldest = rlv_arena_printf(request->arena, "\"%s\"", since);
        json_decref(j);
    }
    if (request->session.agent_id.len && next_line(&self, &of_agents, &line))
        mine = line;
    const char *text = rlv_arena_printf(request->arena, "{\"queue\": %lld, \"people\": %lld, \"bot\": %lld, \"all\": %lld, \"oldest\": %s, %.*s",
                                        (long long)waiting, (long long)people, (long long)bot, (long long)(waiting + people + bot),
                                        oldest ? oldest : "null", RLV_STR_ARG(((rlv_str){mine.ptr + 1, mine.len - 1})));
    request->status = MHD_HTTP_OK;
    request->text = rlv_str_from(text);
}
