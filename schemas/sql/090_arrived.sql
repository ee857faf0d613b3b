-- SPDX-License-Identifier: Apache-2.0
-- How far a message came is told by its own row, however long ago it was sent: whoever reads an old page of a history would look for its statuses among
-- all those of its lane, and no index finds them.

ALTER TABLE relevo.send
    ADD COLUMN status    smallint,    -- the most that WhatsApp reported: 1 sent, 2 delivered, 3 read, 4 played; NULL: nothing yet. `failed` is a state
    ADD COLUMN status_at timestamptz; -- when its lane heard of it

CREATE FUNCTION relevo.status_word(smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE $1 WHEN 1 THEN 'sent' WHEN 2 THEN 'delivered' WHEN 3 THEN 'read' WHEN 4 THEN 'played' END;

-- Up to here a lane's statuses were written to the sends.
CREATE TABLE relevo.status_looked (
    lane integer PRIMARY KEY,
    seq  bigint  NOT NULL
);
INSERT INTO relevo.status_looked SELECT l.lane, relevo.seq_before(l.lane, now() - interval '7 days') FROM relevo.lane l; -- a long past would hold up what is new

-- Writes to the sends what the lanes heard of them since the last call: at most p_limit events, the lanes that have something each with the same share.
-- Statuses come out of order, and only the most of them counts. By one deliver at a time, and by none while another fails or explains sends: two that
-- lock many rows, each in an order of its own, would wait for each other. Returns how many sends came further.
CREATE FUNCTION relevo.tell_sends(p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    l     record;
    upto  bigint;
    share integer;
    k     integer;
    n     integer := 0;
BEGIN
    IF NOT (pg_try_advisory_xact_lock(hashtext('relevo.fail_sends')) AND pg_try_advisory_xact_lock(hashtext('relevo.reconcile_sends'))) THEN
        RETURN 0;
    END IF;
    share := p_limit / greatest(1, (SELECT count(*) FROM relevo.lane v LEFT JOIN relevo.status_looked f USING (lane) WHERE v.seq > coalesce(f.seq, 0)));
    FOR l IN SELECT v.lane, v.seq, coalesce(f.seq, 0) AS since FROM relevo.lane v LEFT JOIN relevo.status_looked f USING (lane) WHERE v.seq > coalesce(f.seq, 0) LOOP
        SELECT coalesce(max(h.seq), l.seq) INTO upto FROM ( -- none: their months are dropped
            SELECT v.seq FROM relevo.history v WHERE v.lane = l.lane AND v.seq > l.since ORDER BY v.seq LIMIT greatest(1, share)) h;
        WITH heard AS MATERIALIZED (
            SELECT DISTINCT ON (h.text) split_part(h.text, '/', 1) AS id, split_part(h.text, '/', 2) AS part, w.rank, h.at
            FROM relevo.history h JOIN (VALUES ('sent', 1), ('delivered', 2), ('read', 3), ('played', 4)) w(word, rank) ON w.word = h.type
            WHERE h.lane = l.lane AND h.seq > l.since AND h.seq <= upto AND h.kind = 1
              AND h.text ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/[0-9]{1,3}$' -- other programs may send from the same number
            ORDER BY h.text, w.rank DESC, h.seq)
        UPDATE relevo.send s SET status = e.rank, status_at = e.at
        FROM heard e WHERE s.id = e.id::uuid AND s.part = e.part::smallint AND coalesce(s.status, 0) < e.rank;
        GET DIAGNOSTICS k = ROW_COUNT;
        n := n + k;
        INSERT INTO relevo.status_looked AS f (lane, seq) VALUES (l.lane, upto) ON CONFLICT (lane) DO UPDATE SET seq = excluded.seq;
    END LOOP;
    RETURN n;
END $$;

CREATE OR REPLACE VIEW relevo.all_sends AS
SELECT coalesce(f.told_in, s.conversation_id) AS conversation_id, s.id AS message, s.part, relevo.send_word(s.state) AS state,
       relevo.by_word(s.author) AS by, s.agent_id, s.epoch, s.attempt, s.claimed_at, s.settled_at, s.message_id, s.error_code, s.error,
       relevo.status_word(s.status) AS status, s.status_at
FROM relevo.send s LEFT JOIN relevo.conversation f ON f.id = s.conversation_id;

CREATE OR REPLACE VIEW desk.sends WITH (security_barrier) AS
SELECT * FROM relevo.all_sends a
WHERE (SELECT relevo.login_teams()) IS NULL
   OR EXISTS (SELECT FROM relevo.conversation c WHERE c.id = a.conversation_id AND c.team = ANY ((SELECT relevo.login_teams())::text[]));

CREATE OR REPLACE FUNCTION desk.contract_revision() RETURNS integer LANGUAGE sql IMMUTABLE RETURN 7;

GRANT SELECT, INSERT, UPDATE ON relevo.status_looked TO relevo_deliver;
