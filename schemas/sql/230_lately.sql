-- SPDX-License-Identifier: Apache-2.0
-- Whose last words came lately, without looking through all that was ever closed: the ends of the lanes know. An index by the last message would move
-- with every message.

-- The conversations that customers wrote in last: all of them since some moment, which is where the shortest of the lanes' last p_entries begins, and nothing before it.
CREATE FUNCTION relevo.lately(p_entries integer) RETURNS SETOF uuid LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH tail AS MATERIALIZED (
        SELECT h.lane, h.at, h.kind, h.conversation_id FROM relevo.lane l CROSS JOIN LATERAL (
            SELECT x.lane, x.at, x.kind, x.conversation_id FROM relevo.history x
            WHERE x.lane = l.lane AND x.at > now() - interval '31 days' ORDER BY x.seq DESC LIMIT p_entries) h),
    moment AS (
        SELECT max(w.began) AS began FROM (
            SELECT min(t.at) AS began FROM tail t GROUP BY t.lane HAVING count(*) = p_entries) w)
    SELECT DISTINCT coalesce(c.forward, c.id) FROM tail t CROSS JOIN moment m JOIN relevo.conversation c ON c.id = t.conversation_id
    WHERE t.kind = 0 AND (m.began IS NULL OR t.at > m.began)
$$;
GRANT EXECUTE ON FUNCTION relevo.lately TO relevo_page;
