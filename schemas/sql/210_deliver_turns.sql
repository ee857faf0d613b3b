-- SPDX-License-Identifier: Apache-2.0
-- A deliver knows by itself that Postgres was restored to a moment before its last messages: Kafka tells it.

-- How often delivers stopped to count, each second in which they worked on a lane's messages. They write the same number beside their position in
-- Kafka, after it is here: where Kafka knows a higher one, rows of what was sent are missing here.
CREATE TABLE relevo.deliver_turn (
    lane integer PRIMARY KEY,
    n    bigint  NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON relevo.deliver_turn TO relevo_deliver;

-- The next turn of each lane of which Kafka knows no higher one; p_known is in the order of p_lanes. The numbers as they are then.
CREATE FUNCTION relevo.deliver_turns(p_lanes integer[], p_known bigint[]) RETURNS TABLE (lane integer, n bigint) LANGUAGE sql AS $$
    INSERT INTO relevo.deliver_turn (lane, n) SELECT u.lane, 0 FROM unnest(p_lanes) u(lane) ORDER BY 1 ON CONFLICT DO NOTHING;
    SELECT FROM relevo.deliver_turn t WHERE t.lane = ANY (p_lanes) ORDER BY t.lane FOR UPDATE;
    UPDATE relevo.deliver_turn t SET n = t.n + 1
    FROM unnest(p_lanes, p_known) u(lane, known) WHERE t.lane = u.lane AND t.n >= u.known;
    SELECT t.lane, t.n FROM relevo.deliver_turn t WHERE t.lane = ANY (p_lanes);
$$;

-- `relevo repair`: how many messages of each lane with a missing turn are of unknown outcome now. As relevo.repair_sends, of lanes that lack no
-- event too: what was sent may have left no event yet. NULL, for what is not missing: nothing is done. p_dry: nothing is done at all.
CREATE FUNCTION relevo.repair_turns(p_lane integer, p_known bigint, p_dry boolean) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_n bigint;
BEGIN
    IF coalesce((SELECT t.n FROM relevo.deliver_turn t WHERE t.lane = p_lane FOR UPDATE), 0) >= p_known THEN
        RETURN NULL;
    END IF;
    IF p_dry THEN
        RETURN (SELECT count(*) FROM relevo.send s WHERE s.lane = p_lane AND s.state IN (1, 2));
    END IF;
    INSERT INTO relevo.restored AS r (lane, seq) SELECT l.lane, l.seq FROM relevo.lane l WHERE l.lane = p_lane
    ON CONFLICT (lane) DO UPDATE SET seq = greatest(r.seq, excluded.seq);
    UPDATE relevo.send s
    SET state = 6, settled_at = clock_timestamp(), error = 'restored from a backup: it may have been sent since'
    WHERE s.lane = p_lane AND s.state IN (1, 2);
    GET DIAGNOSTICS v_n = ROW_COUNT;
    INSERT INTO relevo.deliver_turn AS t (lane, n) VALUES (p_lane, p_known) ON CONFLICT (lane) DO UPDATE SET n = excluded.n;
    RETURN v_n;
END $$;
