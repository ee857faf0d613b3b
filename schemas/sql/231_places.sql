-- SPDX-License-Identifier: Apache-2.0
-- Who is told how many wait before them: the places of a queue are worked out once for all who are told now, not for each of them.

CREATE OR REPLACE FUNCTION relevo.tell_waiting(p_lane integer, p_limit integer, p_tell_after bigint, p_tell_every bigint, p_give_up bigint,
                                               p_open_since bigint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    now_ms bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    due uuid[];
    c record;
    n integer := 0;
BEGIN
    IF p_tell_after <= 0 AND p_give_up <= 0 THEN
        RETURN 0;
    END IF;
    due := ARRAY(
        SELECT v.id FROM relevo.conversation v
        CROSS JOIN LATERAL (SELECT (extract(epoch FROM relevo.waiting_since(v)) * 1000)::bigint AS began) w
        WHERE v.lane = p_lane AND v.owner = 2 AND v.forward IS NULL AND NOT relevo.is_offered(v)
          AND (p_give_up > 0 AND now_ms - greatest(w.began, p_open_since) >= p_give_up AND coalesce(v.nobody_ms, 0) < w.began
               OR p_tell_after > 0 AND now_ms - greatest(w.began, p_open_since) >= p_tell_after
                  AND (coalesce(v.told_ms, 0) < w.began OR p_tell_every > 0 AND now_ms - greatest(v.told_ms, p_open_since) >= p_tell_every))
        ORDER BY w.began LIMIT p_limit FOR UPDATE OF v SKIP LOCKED);
    IF due = '{}' THEN
        RETURN 0;
    END IF;
    FOR c IN
        SELECT v, p_give_up > 0 AND now_ms - greatest(b.began, p_open_since) >= p_give_up AND coalesce(v.nobody_ms, 0) < b.began AS nobody,
               'position ' || w.position
               || coalesce(', about ' || ceil(extract(epoch FROM relevo.pace_of(w.team) * w.position) / 60) || ' min', '') AS place
        FROM unnest(due) WITH ORDINALITY AS d(id, nth) JOIN relevo.conversation v ON v.id = d.id
        CROSS JOIN LATERAL (SELECT (extract(epoch FROM relevo.waiting_since(v)) * 1000)::bigint AS began) b
        LEFT JOIN relevo.waiting w ON w.id = d.id ORDER BY d.nth
    LOOP
        UPDATE relevo.conversation SET told_ms = now_ms, nobody_ms = CASE WHEN c.nobody THEN now_ms ELSE nobody_ms END WHERE id = (c.v).id;
        IF c.nobody THEN
            PERFORM relevo.desk_write(c.v, 'nobody', 2::smallint, NULL, NULL, NULL, NULL);
        ELSE
            PERFORM relevo.desk_write(c.v, 'waiting', 2::smallint, NULL, NULL, NULL, c.place);
        END IF;
        n := n + 1;
    END LOOP;
    RETURN n;
END $$;
