/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API: a table of routes, most of them one statement over the schema `desk` that answers with JSON. $1 is the agent, $2 the role, $3 their
 * teams; then the route's arguments in their order, "" where they are absent. The document of it is openapi.json; a test compares
 * both. Must never show an agent a conversation of a team that is not theirs, nor act on it.
 */
#include <stdio.h>

#include "desk/private.h"
#include "desk/sees.h"
#include "embedded.h"

enum { ARGS_MAX = 8 };

/* What WhatsApp reports of a message, the most last: they come out of order. */
#define STATUSES "ARRAY['sent', 'delivered', 'read', 'played', 'failed']"

#define REPORT(name, columns)                                                                                                     \
    {"GET", "/api/reports/" name, RLV_ROLE_SUPERVISOR, READS, {"days"},                                                           \
     "SELECT coalesce(json_agg(t), '[]')::text FROM (SELECT " columns " FROM desk.report_" name                                    \
     "(now() - make_interval(days => coalesce(nullif($4, ''), '30')::int), now()) r) t"}

/* Durations as seconds, for machines. */
#define S(column) "extract(epoch FROM r." column ")::float8 AS " column

enum route_kind {
    READS,  /* answers with the statement's JSON */
    ASKS,   /* the same, but is no GET: so it must come from a page of ours */
    ACTS,   /* in an agent's name; the JSON is an outcome, 409 where it was not done */
    CHANGES /* in an agent's name; anything else */
};

static const struct route {
    const char *method, *path; /* {id} matches one segment, which is the first argument */
    enum rlv_role least;
    enum route_kind kind;
    const char *args[ARGS_MAX]; /* of the query or the body, in the order of $4, $5, ...; {id} is one */
    const char *sql;
} routes[] = {
    {"GET", "/api/conversations/{id}", RLV_ROLE_AGENT, READS, {"id"},
     "SELECT row_to_json(t)::text FROM (SELECT " SUMMARY ", c.phone_number_id, coalesce(c.card, '[]') AS card, "
     "(SELECT coalesce(json_agg(json_build_object('at', a.at, 'by', a.by, 'who', a.who, 'action', a.action, 'to_owner', a.to_owner, "
     "'to_agent', a.to_agent, 'epoch', a.epoch, 'why', a.why) ORDER BY a.at DESC, a.seq DESC), '[]') FROM (SELECT * FROM desk.audit a WHERE a.conversation_id = c.conversation_id "
     "ORDER BY a.at DESC, a.seq DESC LIMIT 20) a) AS actions "
     "FROM desk.conversations c WHERE c.conversation_id = coalesce((SELECT i.conversation_id FROM desk.identities i WHERE "
     "i.former_id = $4::uuid), $4::uuid) AND " SEES ") t"},
    {"GET", "/api/conversations/{id}/history", RLV_ROLE_AGENT, READS, {"id", "before", "limit"},
     /* Deliver writes to the sends how far they came, once a second; what it has not written yet are the statuses that follow in their lanes. */
     "WITH page AS MATERIALIZED (SELECT h.lane, h.seq, h.part, h.at, h.by, "
     "h.agent_id, h.what, h.type, h.message_id, h.text, h.intent, h.owner, h.epoch, h.trigger, h.source, h.extra, h.sentiment, "
     "CASE WHEN s.message IS NOT NULL THEN json_build_object('state', s.state, 'message_id', s.message_id, 'error', s.error, "
     "'error_code', s.error_code) END AS send, s.message_id AS sent_id, s.status AS reached "
     "FROM desk.conversations c JOIN desk.history h ON h.conversation_id = c.conversation_id "
     "LEFT JOIN LATERAL (SELECT v.* FROM desk.sends v WHERE v.message = CASE WHEN h.part > 0 THEN h.message_id::uuid END "
     "AND v.conversation_id = c.conversation_id ORDER BY v.part DESC LIMIT 1) s ON true WHERE c.conversation_id = $4::uuid AND " SEES
     " AND ($5 = '' OR (h.at, h.lane, h.seq, h.part) < (split_part($5, '|', 1)::timestamptz, "
     "split_part($5, '|', 2)::int, split_part($5, '|', 3)::bigint, split_part($5, '|', 4)::int)) "
     "ORDER BY h.at DESC, h.lane DESC, h.seq DESC, h.part DESC LIMIT least(200, coalesce(nullif($6, ''), '80')::int)), "
     /* Lane by lane, by the index: OFFSET keeps the planner from joining first. */
     "young AS MATERIALIZED (SELECT r.message_id, r.status FROM (SELECT DISTINCT p.lane FROM page p WHERE p.sent_id IS NOT NULL) l "
     "JOIN desk.statuses_told u ON u.lane = l.lane CROSS JOIN LATERAL (SELECT v.message_id, v.status FROM desk.statuses v WHERE v.lane = u.lane "
     "AND v.seq BETWEEN u.seq + 1 AND u.seq + 5000 OFFSET 0) r), "
     "fresh AS (SELECT y.message_id, max(array_position(" STATUSES ", y.status)) AS rank FROM young y "
     "WHERE y.message_id IN (SELECT p.sent_id FROM page p) GROUP BY y.message_id) "
     "SELECT coalesce(json_agg(m ORDER BY m.at, m.lane, m.seq, m.part), '[]')::text FROM (SELECT p.lane, p.seq, p.part, p.at, p.by, p.agent_id, p.what, "
     "p.type, p.message_id, p.text, p.intent, p.owner, p.epoch, p.trigger, p.source, p.extra, p.sentiment, p.send, "
     "(" STATUSES ")[greatest(array_position(" STATUSES ", p.reached), f.rank)] AS status "
     "FROM page p LEFT JOIN fresh f ON f.message_id = p.sent_id) m"},
    {"GET", "/api/conversations/{id}/found", RLV_ROLE_AGENT, READS, {"id", "search"},
     "SELECT coalesce(json_agg(t), '[]')::text FROM (SELECT h.at, h.lane, h.seq, h.part, h.text FROM desk.conversations c "
     "JOIN desk.history h ON h.conversation_id = c.conversation_id WHERE c.conversation_id = $4::uuid AND " SEES " AND $5 <> '' "
     "AND " HOLDS("h.text", "$5") " ORDER BY h.at DESC, h.lane DESC, h.seq DESC, h.part DESC LIMIT 100) t"},
    {"POST", "/api/conversations/{id}/take_over", RLV_ROLE_AGENT, ACTS, {"id", "epoch"},
     ACT("desk.take_over(c.conversation_id, $1, nullif($5, '')::bigint)")},
    {"POST", "/api/conversations/{id}/reply", RLV_ROLE_AGENT, ACTS, {"id", "text", "to"},
     ACT("desk.reply(c.conversation_id, $1, $5, nullif($6, ''))")},
    {"POST", "/api/conversations/{id}/snooze", RLV_ROLE_AGENT, ACTS, {"id", "until"},
     ACT("desk.snooze(c.conversation_id, $1, nullif($5, '')::timestamptz)")},
    {"POST", "/api/conversations/{id}/wake", RLV_ROLE_AGENT, ACTS, {"id"}, ACT("desk.wake(c.conversation_id, $1)")},
    {"POST", "/api/conversations/{id}/tag", RLV_ROLE_AGENT, ACTS, {"id", "add", "remove"},
     ACT("desk.tag(c.conversation_id, $1, string_to_array($5, ','), string_to_array($6, ','))")},
    {"POST", "/api/conversations/{id}/seen", RLV_ROLE_AGENT, CHANGES, {"id"},
     "SELECT '{}' FROM desk.conversations c CROSS JOIN LATERAL desk.seen(c.conversation_id, $1) s WHERE c.conversation_id = $4::uuid AND " SEES},
    {"POST", "/api/conversations/{id}/note", RLV_ROLE_AGENT, ACTS, {"id", "text"},
     ACT("desk.note(c.conversation_id, $1, $5)")},
    {"POST", "/api/conversations/{id}/return", RLV_ROLE_AGENT, ACTS, {"id", "purpose", "at", "message", "template"},
     ACT("desk.return_to_bot(c.conversation_id, $1, coalesce(nullif($5, ''), 'continue'), nullif($6, '')::timestamptz, nullif($7, ''), "
         "nullif($8, ''))")},
    {"POST", "/api/conversations/{id}/resolve", RLV_ROLE_AGENT, ACTS, {"id", "note"},
     ACT("desk.resolve(c.conversation_id, $1, nullif($5, ''))")},
    {"POST", "/api/conversations/{id}/assign", RLV_ROLE_AGENT, ACTS, {"id", "to"},
     ACT("desk.assign(c.conversation_id, $1, nullif($5, ''))")},
    {"POST", "/api/conversations/{id}/accept", RLV_ROLE_AGENT, ACTS, {"id"}, ACT("desk.accept(c.conversation_id, $1)")},
    {"POST", "/api/conversations/{id}/decline", RLV_ROLE_AGENT, ACTS, {"id", "reason"},
     ACT("desk.decline(c.conversation_id, $1, nullif($5, ''))")},
    {"POST", "/api/pull", RLV_ROLE_AGENT, CHANGES, {NULL}, "SELECT json_build_object('given', desk.pull($1))::text"},
    /* A page that is closed, or whose network is gone, is not there any more: its presence ends by itself. */
    {"POST", "/api/presence", RLV_ROLE_AGENT, CHANGES, {"presence"},
     "SELECT json_build_object('presence', $4)::text FROM desk.set_presence($1, $4, interval '2 minutes')"},
    {"POST", "/api/heartbeat", RLV_ROLE_AGENT, CHANGES, {NULL}, "SELECT json_build_object('presence', desk.heartbeat($1))::text"},
    {"GET", "/api/agents", RLV_ROLE_AGENT, READS, {NULL},
     "SELECT coalesce(json_agg(json_build_object('agent_id', g.agent_id, 'name', g.name, 'teams', g.teams, 'skills', g.skills, "
     "'languages', g.languages, 'capacity', g.capacity, 'presence', g.presence, 'load', g.load) ORDER BY g.name), '[]')::text "
     "FROM desk.agents g"},
    {"GET", "/api/canned", RLV_ROLE_AGENT, READS, {NULL},
     "SELECT coalesce(json_agg(t ORDER BY t.shortcut), '[]')::text FROM (SELECT c.shortcut, c.text, c.language, c.team FROM desk.canned c "
     "WHERE $2 <> 'agent' OR c.team IS NULL OR EXISTS (SELECT FROM desk.agents g WHERE g.agent_id = $1 AND c.team = ANY (g.teams))) t"},
    {"GET", "/api/tags", RLV_ROLE_AGENT, READS, {NULL},
     "SELECT coalesce(json_agg(t.tag ORDER BY t.tag), '[]')::text FROM (SELECT DISTINCT g.tag FROM desk.tagged g JOIN desk.conversations c "
     "USING (conversation_id) WHERE " SEES ") t"},
    {"GET", "/api/board", RLV_ROLE_SUPERVISOR, READS, {NULL},
     "SELECT json_build_object('waiting', (SELECT coalesce(json_agg(q), '[]') FROM (SELECT c.team, count(*) AS waiting, "
     "min(c.owner_since) AS oldest, max(c.priority) AS priority FROM desk.conversations c WHERE c.owner = 'queued' GROUP BY c.team "
     "ORDER BY min(c.owner_since)) q), 'owners', (SELECT json_object_agg(o.owner, o.n) FROM (SELECT c.owner, count(*) AS n FROM "
     "desk.conversations c WHERE c.owner <> 'closed' GROUP BY c.owner) o), "
     /* Who waits for a person's answer, the longest first: those that a supervisor can still do something for. */
     "'due', (SELECT coalesce(json_agg(d), '[]') FROM (SELECT c.conversation_id, c.owner, c.customer_name, c.customer_id, c.team, c.agent_id, "
     "c.agent_name, c.priority, c.trigger, c.waiting_since FROM desk.conversations c WHERE c.owner IN ('queued', 'human') "
     "AND c.waiting_since IS NOT NULL ORDER BY c.waiting_since LIMIT 200) d))::text"},
    REPORT("containment", "r.cases, r.with_people, r.bot_alone, r.still_open, r.containment"),
    REPORT("triggers", "r.trigger, r.handoffs, r.share, r.answered, " S("waited_p50") ", r.closed, r.returned"),
    REPORT("answers", "r.handoffs, r.answered, r.not_answered, " S("average") ", " S("p50") ", " S("p90") ", " S("longest")),
    REPORT("waits", "r.priority, r.handoffs, r.reached, r.waiting, " S("p50") ", " S("p90") ", " S("longest")),
    REPORT("resolution", "r.how, r.with_people, r.closed, r.returned, r.still_open, " S("p50") ", " S("p90")),
    REPORT("surveys", "r.by, r.who, r.answers, r.csat, r.satisfied, r.nps, r.comments"),
    REPORT("observed", "r.trigger, r.hits, r.conversations, r.handed_off"),
    REPORT("gaps", "r.source, r.handoffs, r.last_words, r.example"),
    REPORT("agents", "r.agent_id, r.name, r.answered, r.answers, r.ended, " S("answer_p50") ", r.load, r.capacity"),
};
enum { ROUTES = sizeof(routes) / sizeof(*routes) };

/* Those that are more, or less, than a statement. */
static const struct other {
    const char *method, *path;
    enum rlv_role least;
    enum route_kind kind;
    void (*answer)(rlv_request *request, rlv_str id);
} others[] = {
    {"GET", "/api/conversations", RLV_ROLE_AGENT, READS, rlv_lists},
    {"GET", "/api/counts", RLV_ROLE_AGENT, READS, rlv_counts},
    {"GET", "/api/conversations/{id}/media", RLV_ROLE_AGENT, READS, rlv_media_show},
    {"POST", "/api/conversations/{id}/media", RLV_ROLE_AGENT, ACTS, rlv_media_send},
    {"POST", "/api/ask", RLV_ROLE_AGENT, ASKS, rlv_kb_ask},
    {"POST", "/api/conversations/{id}/template", RLV_ROLE_AGENT, ACTS, rlv_template_send},
    {"GET", "/api/templates", RLV_ROLE_AGENT, READS, rlv_configured_templates},
    {"GET", "/api/triggers", RLV_ROLE_ADMIN, READS, rlv_configured_triggers},
    {"GET", "/api/running", RLV_ROLE_ADMIN, READS, rlv_running},
    {"GET", "/api/configuration", RLV_ROLE_ADMIN, READS, rlv_configured},
};
enum { OTHERS = sizeof(others) / sizeof(*others) };

/* True when the path is the route's; *ret_id: what {id} stands for. */
static bool matches(const char *pattern, const char *url, rlv_str *ret_id)
{
    const char *open = strstr(pattern, "{id}");
    if (!open)
        return strcmp(pattern, url) == 0;
    size_t before = (size_t)(open - pattern);
    if (strncmp(pattern, url, before) != 0)
        return false;
    size_t len = strcspn(url + before, "/");
    *ret_id = (rlv_str){url + before, len};
    return len > 0 && strcmp(open + 4, url + before + len) == 0;
}

static bool is_get(const rlv_request *request)
{
    return strcmp(request->method, MHD_HTTP_METHOD_GET) == 0;
}

/* How long its answer may be given to all who see the same teams, whoever they are, in milliseconds: what all pages ask for all the time. 0: it
   is for one. */
static int64_t keep_ms(rlv_request *request)
{
    if (!is_get(request))
        return 0;
    if (strcmp(request->url, "/api/agents") == 0) /* looks at what each has */
        return RLV_KEEP_LONG_MS;
    rlv_str list = strcmp(request->url, "/api/conversations") == 0 ? rlv_request_text(request, "list") : (rlv_str){NULL, 0};
    if (rlv_request_text(request, "search").len > 0) /* each is noted */
        return 0;
    bool sees_all = request->session.role > RLV_ROLE_AGENT && rlv_str_is(list, "all");
    return sees_all || strcmp(request->url, "/api/counts") == 0 || rlv_str_is(list, "queue") || rlv_str_is(list, "bot") ? RLV_KEEP_MS : 0;
}

/* May whoever asks do this? Else the answer is made. */
static bool may(rlv_request *request, enum rlv_role least, enum route_kind kind)
{
    const rlv_session *s = &request->session;
    if (s->role == RLV_ROLE_NOBODY && rlv_session_vouched(request).len > 0)
        rlv_request_fail(request, MHD_HTTP_UNAUTHORIZED, "vouched", "the proxy says who this is: POST to /api/session, and no password is asked for");
    else if (s->role == RLV_ROLE_NOBODY)
        rlv_request_fail(request, MHD_HTTP_UNAUTHORIZED, "session", "nobody is logged in here");
    else if (s->role < least)
        rlv_request_fail(request, MHD_HTTP_FORBIDDEN, "role", "this is for %s", least == RLV_ROLE_ADMIN ? "admins" : "supervisors");
    else if (kind > ASKS && !s->agent_id.len)
        rlv_request_fail(request, MHD_HTTP_FORBIDDEN, "no_agent", "this account acts in no agent's name: relevo account put --agent");
    else
        return kind == READS || rlv_session_trusts(request);
    return false;
}

void rlv_route_run(rlv_request *request, const char *sql, rlv_str *args, size_t n, bool acts)
{
    char state[RLV_ASK_STATE];
    rlv_error err;
    args[0] = request->session.agent_id;
    args[1] = request->session.role_word;
    args[2] = request->session.teams_word;
    int64_t keep = keep_ms(request);
    int rc;
    if (keep) {
        args[0] = (rlv_str){NULL, 0};
        rc = rlv_shared_ask(request->desk, keep, sql, args, n > RLV_OWN_ARGS ? n : 0, request->arena, &request->text, state, &err);
    } else {
        rc = rlv_desk_ask(request->desk, sql, args, n, request->arena, &request->text, state, &err);
    }
    if (rc != RLV_OK)
        rlv_request_postgres(request, state, &err);
    else if (!request->text.len)
        rlv_request_fail(request, MHD_HTTP_NOT_FOUND, "not_found", "there is no such conversation");
    else if (acts && strncmp(request->text.ptr, "{\"done\" : false", 15) == 0)
        request->status = MHD_HTTP_CONFLICT;
    else
        request->status = MHD_HTTP_OK;
}

static void run(rlv_request *request, const struct route *route, rlv_str id)
{
    rlv_str args[RLV_OWN_ARGS + ARGS_MAX];
    size_t n = RLV_OWN_ARGS;
    for (int i = 0; i < ARGS_MAX && route->args[i]; i++)
        args[n++] = strcmp(route->args[i], "id") == 0 ? id : rlv_request_text(request, route->args[i]);
    rlv_route_run(request, route->sql, args, n, route->kind == ACTS);
    if (request->status == MHD_HTTP_OK && is_get(request) && id.len)
        rlv_look_note(request, id);
}

/* What is no statement. True when it was one of these. */
static bool special(rlv_request *request)
{
    const char *url = request->url;
    if (strcmp(url, "/api/session") == 0) {
        if (is_get(request)) {
            if (may(request, RLV_ROLE_AGENT, READS))
                rlv_session_show(request);
        } else if (strcmp(request->method, MHD_HTTP_METHOD_DELETE) == 0) {
            if (may(request, RLV_ROLE_AGENT, READS) && rlv_session_trusts(request))
                rlv_session_log_out(request);
        } else if (strcmp(request->method, MHD_HTTP_METHOD_POST) == 0) {
            request->session.role = RLV_ROLE_NOBODY; /* who was logged in here no longer counts: only where it comes from does */
            if (rlv_session_trusts(request))
                rlv_session_log_in(request);
        } else {
            rlv_request_fail(request, MHD_HTTP_METHOD_NOT_ALLOWED, "method", "GET, POST or DELETE");
        }
        return true;
    }
    if (is_get(request) && strcmp(url, "/api/events") == 0) {
        if (may(request, RLV_ROLE_AGENT, READS))
            rlv_stream_begin(request);
        return true;
    }
    if (is_get(request) && strcmp(url, "/api/openapi.json") == 0) {
        request->status = MHD_HTTP_OK;
        request->text = (rlv_str){rlv_embedded_openapi[0].data, rlv_embedded_openapi[0].len};
        return true;
    }
    return false;
}

void rlv_desk_route(rlv_request *request)
{
    bool known = false, often = keep_ms(request) > 0 || strcmp(request->url, "/api/heartbeat") == 0;
    if (!rlv_session_find(request, often) || special(request))
        return;
    for (size_t i = 0; i < ROUTES + OTHERS; i++) {
        const struct route *route = i < ROUTES ? &routes[i] : NULL;
        const struct other *other = route ? NULL : &others[i - ROUTES];
        rlv_str id = {NULL, 0};
        if (!matches(route ? route->path : other->path, request->url, &id))
            continue;
        known = true;
        if (strcmp(route ? route->method : other->method, request->method) != 0)
            continue;
        if (!may(request, route ? route->least : other->least, route ? route->kind : other->kind))
            return;
        if (route)
            run(request, route, id);
        else
            other->answer(request, id);
        return;
    }
    if (known)
        rlv_request_fail(request, MHD_HTTP_METHOD_NOT_ALLOWED, "method", "not with %s", request->method);
    else
        rlv_request_fail(request, MHD_HTTP_NOT_FOUND, "not_found", "there is no %s", request->url);
}
