-- SPDX-License-Identifier: Apache-2.0
-- How well people are reached: what the history tells of handoffs, waits, answers and ends.

---------------------------------------------------------------------------------------------- changes, and their index

ALTER TABLE relevo.history
    ADD COLUMN was         smallint,              -- owner before, where the event changed whose it is; 0: the conversation begins
    ADD COLUMN owner_agent text,                  -- whose it is then
    ADD COLUMN priority    smallint;              -- of a handoff

-- One row in ten or fewer: where conversations begin, where their owner changes, and what people did. Reports read nothing else, and
-- nothing but the index, in its order.
CREATE INDEX history_changes ON relevo.history (conversation_id, at, seq)
    INCLUDE (kind, type, was, owner, epoch, agent_id, owner_agent, trigger, priority, lane)
    WHERE was IS NOT NULL OR kind IN (2, 6);

-------------------------------------------------------------------------------------------------------- teams and logins

-- A login role that is listed sees, and may act on, what its teams have: conversations that wait for one of them, or that one of their
-- agents has. The others see all. Kept by the database's owner: relevo.limit_login. The reports count the same.
CREATE TABLE relevo.login_team (
    login name NOT NULL,
    team  text NOT NULL,
    PRIMARY KEY (login, team)
);

-- NULL or {}: no limit.
CREATE FUNCTION relevo.limit_login(p_login name, p_teams text[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM relevo.login_team WHERE login = p_login;
    INSERT INTO relevo.login_team SELECT DISTINCT p_login, t FROM unnest(p_teams) t;
$$;

-- The teams of who is connected; NULL: all. Not of SET ROLE, which anybody may undo.
CREATE FUNCTION relevo.login_teams() RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (SELECT array_agg(t.team) FROM relevo.login_team t WHERE t.login = session_user);

------------------------------------------------------------------------------------------------------------ the facts

-- Each time that people had a conversation: from the moment when the bot lost it, or a person took it, until it was closed or went
-- back to the bot. Those that began in [p_since, p_until), with what became of them until now.
CREATE FUNCTION desk.handoffs_between(p_since timestamptz, p_until timestamptz)
RETURNS TABLE (conversation_id uuid, at timestamptz, how text, trigger text, priority smallint, reached_at timestamptz,
               answered_at timestamptz, answered_by text, answers bigint, ended_at timestamptz, ended text, ended_by text,
               lane integer, seq bigint, epoch bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH changes AS (
        SELECT h.*, count(*) FILTER (WHERE h.was IN (0, 1, 4) AND h.owner IN (2, 3))
                    OVER (PARTITION BY h.conversation_id ORDER BY h.at, h.seq ROWS UNBOUNDED PRECEDING) AS n
        FROM (SELECT conversation_id, at, seq, lane, kind, type, was, owner, epoch, agent_id, owner_agent, trigger, priority
              FROM relevo.history
              WHERE (was IS NOT NULL OR kind IN (2, 6)) AND (owner IN (2, 3) OR was IN (2, 3)) AND at >= p_since) h),
    stretches AS (
        SELECT c.conversation_id, c.n, min(c.at) AS at, min(c.lane) AS lane, min(c.seq) AS seq, min(c.epoch) AS epoch,
               (array_agg(c.owner ORDER BY c.at, c.seq))[1] AS first_owner,
               (array_agg(c.trigger ORDER BY c.at, c.seq))[1] AS trigger,
               (array_agg(c.priority ORDER BY c.at, c.seq))[1] AS priority,
               min(c.at) FILTER (WHERE c.was IS NOT NULL AND c.owner = 3) AS reached_at,
               min(c.at) FILTER (WHERE c.kind = 2 OR c.type = 'reply') AS answered_at,
               (array_agg(coalesce(c.agent_id, c.owner_agent) ORDER BY c.at, c.seq)
                   FILTER (WHERE c.kind = 2 OR c.type = 'reply'))[1] AS answered_by,
               count(*) FILTER (WHERE c.kind = 2 OR c.type = 'reply') AS answers,
               min(c.at) FILTER (WHERE c.was IN (2, 3) AND c.owner IN (1, 4)) AS ended_at,
               (array_agg(c.owner ORDER BY c.at, c.seq) FILTER (WHERE c.was IN (2, 3) AND c.owner IN (1, 4)))[1] AS end_owner,
               (array_agg(c.agent_id ORDER BY c.at, c.seq) FILTER (WHERE c.was IN (2, 3) AND c.owner IN (1, 4)))[1] AS ended_by
        FROM changes c WHERE c.n > 0 GROUP BY c.conversation_id, c.n)
    SELECT s.conversation_id, s.at, CASE WHEN s.first_owner = 2 THEN 'handoff' ELSE 'takeover' END, s.trigger, s.priority,
           s.reached_at, s.answered_at, s.answered_by, s.answers, s.ended_at,
           CASE s.end_owner WHEN 1 THEN 'returned' WHEN 4 THEN 'closed' END, s.ended_by, s.lane, s.seq, s.epoch
    FROM stretches s WHERE s.at < p_until AND ((SELECT relevo.login_teams()) IS NULL OR EXISTS (
        SELECT FROM relevo.conversation c WHERE c.id = s.conversation_id AND c.team = ANY ((SELECT relevo.login_teams())::text[])))
$$;

CREATE VIEW desk.handoffs AS SELECT * FROM desk.handoffs_between('-infinity', 'infinity');

---------------------------------------------------------------------------------------------------------- the reports

-- A percentile of durations, whole milliseconds.
CREATE FUNCTION relevo.percentile(p_share double precision, p_seconds double precision[]) RETURNS interval
LANGUAGE sql IMMUTABLE AS $$
    SELECT make_interval(secs => round(percentile_cont(p_share) WITHIN GROUP (ORDER BY s)::numeric, 3)::double precision)
    FROM unnest(p_seconds) s
$$;

-- How many cases the bot saw through alone. A case is from a customer's first message, or the first after it was closed, to its closing.
CREATE FUNCTION desk.report_containment(p_since timestamptz DEFAULT now() - interval '30 days', p_until timestamptz DEFAULT now())
RETURNS TABLE (cases bigint, with_people bigint, bot_alone bigint, still_open bigint, containment numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH changes AS (
        SELECT h.*, count(*) FILTER (WHERE h.was IN (0, 4))
                    OVER (PARTITION BY h.conversation_id ORDER BY h.at, h.seq ROWS UNBOUNDED PRECEDING) AS n
        FROM (SELECT conversation_id, at, seq, was, owner FROM relevo.history WHERE was IS NOT NULL AND at >= p_since) h
        WHERE ((SELECT relevo.login_teams()) IS NULL OR EXISTS (
        SELECT FROM relevo.conversation c WHERE c.id = h.conversation_id AND c.team = ANY ((SELECT relevo.login_teams())::text[])))),
    cases AS (
        SELECT bool_or(c.owner IN (2, 3)) AS people, bool_or(c.owner = 4) AS closed
        FROM changes c WHERE c.n > 0 GROUP BY c.conversation_id, c.n HAVING min(c.at) < p_until)
    SELECT count(*), count(*) FILTER (WHERE people), count(*) FILTER (WHERE NOT people),
           count(*) FILTER (WHERE NOT people AND NOT closed),
           round(count(*) FILTER (WHERE NOT people)::numeric / nullif(count(*), 0), 4)
    FROM cases
$$;

-- Why conversations went to people, and how these went. No trigger: a plugin failed, Meta's protocol, or a message that did not arrive.
CREATE FUNCTION desk.report_triggers(p_since timestamptz DEFAULT now() - interval '30 days', p_until timestamptz DEFAULT now())
RETURNS TABLE (trigger text, handoffs bigint, share numeric, answered bigint, waited_p50 interval, closed bigint, returned bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT h.trigger, count(*), round(count(*) / sum(count(*)) OVER (), 4), count(h.answered_at),
           relevo.percentile(0.5, array_agg(extract(epoch FROM h.reached_at - h.at)) FILTER (WHERE h.reached_at IS NOT NULL)),
           count(*) FILTER (WHERE h.ended = 'closed'), count(*) FILTER (WHERE h.ended = 'returned')
    FROM desk.handoffs_between(p_since, p_until) h WHERE h.how = 'handoff'
    GROUP BY h.trigger ORDER BY 2 DESC, 1
$$;

-- From the handoff to the first word of a person. Not answered: nobody wrote before it ended, or it waits still.
CREATE FUNCTION desk.report_answers(p_since timestamptz DEFAULT now() - interval '30 days', p_until timestamptz DEFAULT now())
RETURNS TABLE (handoffs bigint, answered bigint, not_answered bigint, average interval, p50 interval, p90 interval, longest interval)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH times AS (SELECT extract(epoch FROM h.answered_at - h.at)::double precision AS s
                   FROM desk.handoffs_between(p_since, p_until) h WHERE h.how = 'handoff')
    SELECT count(*), count(s), count(*) - count(s), make_interval(secs => round(avg(s)::numeric, 3)::double precision),
           relevo.percentile(0.5, array_agg(s) FILTER (WHERE s IS NOT NULL)),
           relevo.percentile(0.9, array_agg(s) FILTER (WHERE s IS NOT NULL)), make_interval(secs => max(s))
    FROM times
$$;

-- From the handoff until a person had it, by how urgent it was. Waiting: nobody has it yet.
CREATE FUNCTION desk.report_waits(p_since timestamptz DEFAULT now() - interval '30 days', p_until timestamptz DEFAULT now())
RETURNS TABLE (priority smallint, handoffs bigint, reached bigint, waiting bigint, p50 interval, p90 interval, longest interval)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH times AS (SELECT h.priority, h.ended_at, extract(epoch FROM h.reached_at - h.at)::double precision AS s
                   FROM desk.handoffs_between(p_since, p_until) h WHERE h.how = 'handoff')
    SELECT priority, count(*), count(s), count(*) FILTER (WHERE s IS NULL AND ended_at IS NULL),
           relevo.percentile(0.5, array_agg(s) FILTER (WHERE s IS NOT NULL)),
           relevo.percentile(0.9, array_agg(s) FILTER (WHERE s IS NOT NULL)), make_interval(secs => max(s))
    FROM times GROUP BY priority ORDER BY priority DESC NULLS LAST
$$;

-- From the moment when people got it until it was closed or went back to the bot.
CREATE FUNCTION desk.report_resolution(p_since timestamptz DEFAULT now() - interval '30 days', p_until timestamptz DEFAULT now())
RETURNS TABLE (how text, with_people bigint, closed bigint, returned bigint, still_open bigint, p50 interval, p90 interval)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH times AS (SELECT h.how, h.ended, extract(epoch FROM h.ended_at - h.at)::double precision AS s
                   FROM desk.handoffs_between(p_since, p_until) h)
    SELECT how, count(*), count(*) FILTER (WHERE ended = 'closed'), count(*) FILTER (WHERE ended = 'returned'),
           count(*) FILTER (WHERE ended IS NULL),
           relevo.percentile(0.5, array_agg(s) FILTER (WHERE s IS NOT NULL)),
           relevo.percentile(0.9, array_agg(s) FILTER (WHERE s IS NOT NULL))
    FROM times GROUP BY how ORDER BY how
$$;

-- What the bot had said in the same stretch before it handed over: articles that did not help, and notice.unknown, which is a question
-- that the knowledge base does not answer. The p_most latest handoffs are looked at.
CREATE FUNCTION desk.report_gaps(p_since timestamptz DEFAULT now() - interval '30 days', p_until timestamptz DEFAULT now(),
                                 p_most integer DEFAULT 20000)
RETURNS TABLE (source text, handoffs bigint, last_words bigint, example text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH latest AS (
        SELECT h.conversation_id, h.at, h.lane, h.seq, h.epoch FROM desk.handoffs_between(p_since, p_until) h
        WHERE h.how = 'handoff' ORDER BY h.at DESC LIMIT p_most),
    said AS (
        SELECT l.conversation_id, l.seq, w.source, w.asked, w.seq AS at_seq,
               row_number() OVER (PARTITION BY l.conversation_id, l.seq ORDER BY w.seq DESC, w.part DESC) AS back
        FROM latest l CROSS JOIN LATERAL (
            SELECT b.seq, b.text AS asked, s.said ->> 'source' AS source, s.part
            FROM relevo.history b, json_array_elements(b.said) WITH ORDINALITY AS s(said, part)
            WHERE b.conversation_id = l.conversation_id AND b.seq < l.seq AND b.kind <> 1 AND b.said IS NOT NULL
              AND b.lane = l.lane AND b.epoch = l.epoch - 1 AND b.at <= l.at AND s.said ->> 'by' = 'bot'
            ORDER BY b.seq DESC LIMIT 20) w)
    SELECT s.source, count(DISTINCT (s.conversation_id, s.seq)), count(*) FILTER (WHERE s.back = 1),
           left((array_agg(s.asked ORDER BY s.back, s.at_seq DESC))[1], 200)
    FROM said s WHERE s.source IS NOT NULL GROUP BY s.source ORDER BY 2 DESC, 1
$$;

-- Who had how much to do. Conversations that they answered or ended, of those that went to people in this time.
CREATE FUNCTION desk.report_agents(p_since timestamptz DEFAULT now() - interval '30 days', p_until timestamptz DEFAULT now())
RETURNS TABLE (agent_id text, name text, answered bigint, answers bigint, ended bigint, answer_p50 interval, load integer,
               capacity integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH done AS (SELECT * FROM desk.handoffs_between(p_since, p_until)),
    first AS (SELECT d.answered_by AS id, count(*) AS n, relevo.percentile(0.5, array_agg(extract(epoch FROM d.answered_at - d.at))) AS p50
              FROM done d WHERE d.answered_by IS NOT NULL GROUP BY 1),
    words AS (SELECT h.agent_id AS id, count(*) AS n FROM relevo.history h
              WHERE (h.was IS NOT NULL OR h.kind IN (2, 6)) AND h.kind = 6 AND h.type = 'reply' AND h.at >= p_since AND h.at < p_until
              AND ((SELECT relevo.login_teams()) IS NULL OR EXISTS (
              SELECT FROM relevo.conversation c WHERE c.id = h.conversation_id AND c.team = ANY ((SELECT relevo.login_teams())::text[])))
              GROUP BY 1),
    ends AS (SELECT d.ended_by AS id, count(*) AS n FROM done d WHERE d.ended_by IS NOT NULL GROUP BY 1),
    everybody AS (SELECT id FROM relevo.agent UNION SELECT id FROM first UNION SELECT id FROM words UNION SELECT id FROM ends)
    SELECT e.id, g.name, coalesce(f.n, 0), coalesce(w.n, 0), coalesce(x.n, 0), f.p50,
           (SELECT count(*) FROM relevo.conversation c WHERE c.owner = 3 AND c.agent_id = e.id)::integer, g.capacity
    FROM everybody e LEFT JOIN relevo.agent g ON g.id = e.id LEFT JOIN first f ON f.id = e.id LEFT JOIN words w ON w.id = e.id
    LEFT JOIN ends x ON x.id = e.id
    ORDER BY 4 DESC, 1
$$;

DO $$
DECLARE
    f regprocedure;
BEGIN
    FOR f IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'desk'::regnamespace
             AND (p.proname LIKE 'report\_%' OR p.proname = 'handoffs_between') LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO relevo_desk, relevo_lane', f);
    END LOOP;
END $$;
GRANT SELECT ON desk.handoffs TO relevo_desk;
-- `relevo report` and `relevo replay` with the consumer's own user.
GRANT USAGE ON SCHEMA desk TO relevo_lane;
