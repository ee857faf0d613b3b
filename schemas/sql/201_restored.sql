-- SPDX-License-Identifier: Apache-2.0
-- After a restore of Postgres to an earlier moment the rows of what was sent since are gone, or older than it. Nothing is sent by what they say.

-- What was decided up to here may have been sent before the database was restored; `relevo repair` writes it.
CREATE TABLE relevo.restored (
    lane integer PRIMARY KEY,
    seq  bigint  NOT NULL
);
GRANT SELECT ON relevo.restored TO relevo_lane, relevo_deliver;

-- When lanes were rebuilt: what is decided in any of these lanes so far may have been sent. Messages that the backup has as under way, or to be tried
-- again, are of unknown outcome; for those of which it has no row, the claim says so when they come again.
CREATE FUNCTION relevo.repair_sends(p_lanes integer[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO relevo.restored AS r (lane, seq)
    SELECT l.lane, l.seq FROM relevo.lane l
    WHERE l.lane = ANY (p_lanes) AND EXISTS (SELECT FROM relevo.lane b WHERE b.lane = ANY (p_lanes) AND b.repair_from < b.seq)
    ON CONFLICT (lane) DO UPDATE SET seq = greatest(r.seq, excluded.seq);
    UPDATE relevo.send s
    SET state = 6, settled_at = clock_timestamp(), error = 'restored from a backup: it may have been sent since'
    FROM relevo.restored r
    WHERE r.lane = s.lane AND s.lane = ANY (p_lanes) AND s.seq <= r.seq AND s.state IN (1, 2)
      AND EXISTS (SELECT FROM relevo.lane b WHERE b.lane = ANY (p_lanes) AND b.repair_from < b.seq);
$$;

-- As in 060, but
--   busy        also while Postgres does not know the event that decided the message, or a repair is at work: it was restored, and nobody can
--               tell what was sent
--   done        also of what may have been sent before a restore: its outcome is unknown, and like any such it is never sent again by itself
CREATE OR REPLACE FUNCTION relevo.claim(p_id uuid, p_part smallint, p_conversation uuid, p_lane integer, p_seq bigint, p_epoch bigint,
                             p_author smallint, p_agent text, p_anytime boolean, p_worker uuid, p_lease_ms integer,
                             OUT verdict text, OUT attempt integer)
LANGUAGE plpgsql SET lock_timeout = '10ms' AS $$
BEGIN
    IF EXISTS (SELECT FROM relevo.lane l WHERE l.lane = p_lane AND (l.seq < p_seq OR l.repair_from IS NOT NULL)) THEN
        verdict := 'busy';
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM relevo.erased e WHERE e.conversation_id = p_conversation AND e.lane = p_lane AND p_seq <= e.seq) THEN
        verdict := 'gone';
    ELSE
        INSERT INTO relevo.send (id, part, conversation_id, lane, seq, epoch, author, agent_id, state, attempt, worker, claimed_at, lease_until,
                                 settled_at, error)
        SELECT p_id, p_part, p_conversation, p_lane, p_seq, p_epoch, p_author, p_agent, 6, 0, p_worker,
               coalesce((SELECT h.at FROM relevo.history h WHERE h.lane = p_lane AND h.seq = p_seq), clock_timestamp()), clock_timestamp(),
               clock_timestamp(), 'restored from a backup: it may have been sent before'
        FROM relevo.restored r
        WHERE r.lane = p_lane AND p_seq <= r.seq AND EXISTS (SELECT FROM relevo.conversation c WHERE c.id = p_conversation)
        ON CONFLICT (id, part) DO NOTHING;
        SELECT k.verdict, k.attempt INTO verdict, attempt
        FROM relevo.claim_known(p_id, p_part, p_conversation, p_lane, p_seq, p_epoch, p_author, p_agent, p_anytime, p_worker, p_lease_ms) k;
    END IF;
    IF verdict = 'gone' THEN
        UPDATE relevo.send
        SET state = 5, reported = true, settled_at = coalesce(settled_at, clock_timestamp()), message_id = NULL, error = NULL
        WHERE id = p_id AND state = 2;
    ELSIF verdict = 'claimed' AND EXISTS (SELECT FROM relevo.send v WHERE v.id = p_id AND v.part < p_part AND v.state = 4) THEN
        verdict := 'broken';
        attempt := attempt - 1; -- nothing is sent
        UPDATE relevo.send v
        SET state = 4, attempt = v.attempt - 1, settled_at = clock_timestamp(), error = 'an earlier part of the message failed'
        WHERE v.id = p_id AND v.part = p_part;
    END IF;
END $$;
