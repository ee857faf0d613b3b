-- SPDX-License-Identifier: Apache-2.0
-- Reports: what is missing in the knowledge base is neither a notice that says what happens, such as a survey's question, nor a question of a flow;
-- and an agent's load is in places, as their capacity is.

-- As in 007.
CREATE OR REPLACE FUNCTION desk.report_gaps(p_since timestamptz DEFAULT now() - interval '30 days', p_until timestamptz DEFAULT now(),
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
    FROM said s WHERE s.source = 'notice.unknown' OR s.source !~ '^(notice|flow)\.' GROUP BY s.source ORDER BY 2 DESC, 1
$$;

-- As in 007.
CREATE OR REPLACE FUNCTION desk.report_agents(p_since timestamptz DEFAULT now() - interval '30 days', p_until timestamptz DEFAULT now())
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
    SELECT e.id, g.name, coalesce(f.n, 0), coalesce(w.n, 0), coalesce(x.n, 0), f.p50, relevo.load_of(e.id, coalesce(g.capacity, 1)), g.capacity
    FROM everybody e LEFT JOIN relevo.agent g ON g.id = e.id LEFT JOIN first f ON f.id = e.id LEFT JOIN words w ON w.id = e.id
    LEFT JOIN ends x ON x.id = e.id
    ORDER BY 4 DESC, 1
$$;
