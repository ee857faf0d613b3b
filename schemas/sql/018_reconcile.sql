-- SPDX-License-Identifier: Apache-2.0
-- Unknown outcomes meet their statuses (003), however many there are and however long the history is: each row of a lane is looked at once, for all
-- of them together. Before, each of them looked through all that its lane had decided since it was; when they were hundreds that took longer than
-- deliver waits for Postgres, and nothing went out any more.

ALTER TABLE relevo.send ADD COLUMN looked bigint; -- of an unknown outcome: up to here its lane's rows were looked through; NULL: not begun

-- The last event of a lane before a moment of lane time, which never goes back; 0: none is that old.
CREATE FUNCTION relevo.seq_before(p_lane integer, p_at timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    low  bigint := (SELECT h.seq FROM relevo.history h WHERE h.lane = p_lane ORDER BY h.seq LIMIT 1);
    high bigint := (SELECT h.seq FROM relevo.history h WHERE h.lane = p_lane ORDER BY h.seq DESC LIMIT 1) + 1;
    mid  bigint;
    t    timestamptz;
BEGIN
    WHILE low < high LOOP -- low: all before it are before the moment; high: none from here on is
        mid := (low + high) / 2;
        SELECT h.at INTO t FROM relevo.history h WHERE h.lane = p_lane AND h.seq >= mid ORDER BY h.seq LIMIT 1;
        IF t < p_at THEN
            low := mid + 1;
        ELSE
            high := mid;
        END IF;
    END LOOP;
    RETURN coalesce(low - 1, 0);
END $$;

-- A status that carries the message's id tells that WhatsApp had it. No index finds it: statuses are two rows in three, unknown outcomes are rare. So
-- the rows since it was claimed are looked through, a lane's in one go for all that are unknown, at most 20000 in a call. Returns how many were found.
CREATE OR REPLACE FUNCTION relevo.reconcile_sends() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    l    record;
    upto bigint;
    k    integer;
    n    integer := 0;
BEGIN
    -- From the oldest of the new ones in each lane on; Kafka's clock and this one may differ.
    UPDATE relevo.send s SET looked = greatest(s.seq, fresh.since)
    FROM (SELECT v.lane, relevo.seq_before(v.lane, min(v.claimed_at) - interval '2 min') AS since FROM relevo.send v
          WHERE v.state IN (4, 5, 6) AND v.state = 6 AND NOT v.reported AND v.looked IS NULL GROUP BY v.lane) fresh
    WHERE s.lane = fresh.lane AND s.state IN (4, 5, 6) AND s.state = 6 AND NOT s.reported AND s.looked IS NULL;
    FOR l IN SELECT s.lane, min(s.looked) AS since, array_agg(s.id::text || '/' || s.part) AS wanted FROM relevo.send s
             WHERE s.state IN (4, 5, 6) AND s.state = 6 AND NOT s.reported AND s.looked IS NOT NULL GROUP BY s.lane LOOP
        upto := least(l.since + 20000, coalesce((SELECT h.seq FROM relevo.history h WHERE h.lane = l.lane ORDER BY h.seq DESC LIMIT 1), 0));
        CONTINUE WHEN upto <= l.since;
        UPDATE relevo.send s SET state = 3, message_id = f.message_id, error = NULL, settled_at = clock_timestamp()
        FROM (SELECT DISTINCT ON (h.text) h.text, h.message_id FROM relevo.history h
              WHERE h.lane = l.lane AND h.seq > l.since AND h.seq <= upto AND h.kind = 1 AND h.text = ANY (l.wanted)
              ORDER BY h.text, h.seq) f
        WHERE s.id = split_part(f.text, '/', 1)::uuid AND s.part = split_part(f.text, '/', 2)::smallint AND s.state = 6 AND NOT s.reported;
        GET DIAGNOSTICS k = ROW_COUNT;
        n := n + k;
        UPDATE relevo.send s SET looked = upto
        WHERE s.lane = l.lane AND s.state IN (4, 5, 6) AND s.state = 6 AND NOT s.reported AND s.looked < upto;
    END LOOP;
    RETURN n;
END $$;
