-- SPDX-License-Identifier: Apache-2.0
-- What WhatsApp took, and then did not deliver, has failed like what it refuses at once; and unknown outcomes look for their statuses wherever the
-- customer's identities lead, one deliver at a time.

-- ---- failed later

CREATE INDEX history_failed ON relevo.history (lane, seq) WHERE kind = 1 AND type = 'failed';

-- Up to here a lane's statuses were looked through.
CREATE TABLE relevo.failed_looked (
    lane integer PRIMARY KEY,
    seq  bigint  NOT NULL
);
INSERT INTO relevo.failed_looked SELECT l.lane, l.seq FROM relevo.lane l; -- what is over is not told now

-- A status `failed` ends what was accepted, may have arrived, or is still waiting for its answer; it is then told to the lane as any failure is, unless the
-- lane knows already that it may not have arrived. What is to be tried again goes on: the status is about an attempt that is over. Whose
-- biz_opaque_callback_data it carries is not only ours to choose: other programs may send from the same number. At most p_limit of each lane in a call.
-- Returns how many.
CREATE FUNCTION relevo.fail_sends(p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    l    record;
    upto bigint;
    k    integer;
    n    integer := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('relevo.fail_sends')) THEN
        RETURN 0; -- another deliver does it
    END IF;
    FOR l IN SELECT v.lane, coalesce((SELECT f.seq FROM relevo.failed_looked f WHERE f.lane = v.lane), 0) AS since FROM relevo.lane v LOOP
        SELECT max(h.seq) INTO upto FROM (
            SELECT v.seq FROM relevo.history v WHERE v.lane = l.lane AND v.seq > l.since AND v.kind = 1 AND v.type = 'failed'
            ORDER BY v.seq LIMIT p_limit) h;
        CONTINUE WHEN upto IS NULL;
        WITH failed AS MATERIALIZED (
            SELECT split_part(h.text, '/', 1) AS id, split_part(h.text, '/', 2) AS part, h.message_id, h.extra FROM relevo.history h
            WHERE h.lane = l.lane AND h.seq > l.since AND h.seq <= upto AND h.kind = 1 AND h.type = 'failed'
              AND h.text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/[0-9]{1,3}$')
        UPDATE relevo.send s
        SET state = 4, settled_at = clock_timestamp(), message_id = coalesce(s.message_id, f.message_id),
            error_code = (f.extra ->> 'error_code')::integer,
            error = 'WhatsApp took it, and did not deliver it' || coalesce(': ' || (f.extra ->> 'error_title'), '')
        FROM failed f
        WHERE s.id = f.id::uuid AND s.part = f.part::smallint AND s.state IN (1, 3, 6);
        GET DIAGNOSTICS k = ROW_COUNT;
        n := n + k;
        INSERT INTO relevo.failed_looked AS f (lane, seq) VALUES (l.lane, upto) ON CONFLICT (lane) DO UPDATE SET seq = excluded.seq;
    END LOOP;
    RETURN n;
END $$;

-- ---- unknown outcomes

-- Where the status of an unknown outcome is looked for: in its own lane, and in those of the customer's other identities, for a status may come under
-- any of them. In place of 018's `looked`.
CREATE TABLE relevo.send_lookup (
    id     uuid     NOT NULL,
    part   smallint NOT NULL,
    lane   integer  NOT NULL,
    looked bigint   NOT NULL, -- up to here the lane's rows were looked through
    PRIMARY KEY (id, part, lane)
);
ALTER TABLE relevo.send DROP COLUMN looked;

-- As in 018, but by one deliver at a time, and for each of them in every lane above. A status `failed` explains nothing here: fail_sends has it.
CREATE OR REPLACE FUNCTION relevo.reconcile_sends() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    l    record;
    upto bigint;
    k    integer;
    n    integer := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('relevo.reconcile_sends')) THEN
        RETURN 0; -- another deliver does it
    END IF;
    DELETE FROM relevo.send_lookup v
    WHERE NOT EXISTS (SELECT FROM relevo.send s WHERE s.id = v.id AND s.part = v.part AND s.state = 6 AND NOT s.reported);
    -- From the oldest of the new ones in each lane on; Kafka's clock and this one may differ.
    WITH fresh AS MATERIALIZED (
        SELECT s.id, s.part, s.claimed_at, w.lane FROM relevo.send s CROSS JOIN LATERAL (
            SELECT s.lane
            UNION SELECT o.lane FROM relevo.conversation c JOIN relevo.conversation o ON o.id = c.forward WHERE c.id = s.conversation_id
            UNION SELECT o.lane FROM relevo.conversation c JOIN relevo.conversation o ON o.forward = coalesce(c.forward, c.id)
                  WHERE c.id = s.conversation_id) w
        WHERE s.state IN (4, 5, 6) AND s.state = 6 AND NOT s.reported
          AND NOT EXISTS (SELECT FROM relevo.send_lookup v WHERE v.id = s.id AND v.part = s.part AND v.lane = w.lane)),
    since AS MATERIALIZED (SELECT f.lane, relevo.seq_before(f.lane, min(f.claimed_at) - interval '2 min') AS seq FROM fresh f GROUP BY f.lane)
    INSERT INTO relevo.send_lookup (id, part, lane, looked)
    SELECT f.id, f.part, f.lane, b.seq FROM fresh f JOIN since b ON b.lane = f.lane;
    FOR l IN SELECT v.lane, min(v.looked) AS since, array_agg(v.id::text || '/' || v.part) AS wanted FROM relevo.send_lookup v GROUP BY v.lane LOOP
        upto := least(l.since + 20000, coalesce((SELECT h.seq FROM relevo.history h WHERE h.lane = l.lane ORDER BY h.seq DESC LIMIT 1), 0));
        CONTINUE WHEN upto <= l.since;
        UPDATE relevo.send s SET state = 3, message_id = f.message_id, error = NULL, settled_at = clock_timestamp()
        FROM (SELECT DISTINCT ON (h.text) h.text, h.message_id FROM relevo.history h
              WHERE h.lane = l.lane AND h.seq > l.since AND h.seq <= upto AND h.kind = 1 AND h.type <> 'failed' AND h.text = ANY (l.wanted)
              ORDER BY h.text, h.seq) f
        WHERE s.id = split_part(f.text, '/', 1)::uuid AND s.part = split_part(f.text, '/', 2)::smallint AND s.state = 6 AND NOT s.reported;
        GET DIAGNOSTICS k = ROW_COUNT;
        n := n + k;
        UPDATE relevo.send_lookup v SET looked = upto WHERE v.lane = l.lane AND v.looked < upto;
    END LOOP;
    RETURN n;
END $$;

GRANT SELECT ON relevo.lane TO relevo_deliver;
GRANT SELECT, INSERT, UPDATE ON relevo.failed_looked TO relevo_deliver;
GRANT SELECT, INSERT, UPDATE, DELETE ON relevo.send_lookup TO relevo_deliver;
