-- SPDX-License-Identifier: Apache-2.0
-- A claim waits for nobody, and no part of a message goes out whose earlier part failed.

-- As in 019, but
--   who holds a row for long (a desktop that hangs, a stopped lane) holds up its conversation, not all that deliver has to send: after 10 ms the
--   claim fails with 55P03 and is asked again. Whoever replaces this function keeps its SET.
--   broken      an earlier part of the message failed: never to be sent, for nobody understands the rest of a text
CREATE OR REPLACE FUNCTION relevo.claim(p_id uuid, p_part smallint, p_conversation uuid, p_lane integer, p_seq bigint, p_epoch bigint,
                             p_author smallint, p_agent text, p_anytime boolean, p_worker uuid, p_lease_ms integer,
                             OUT verdict text, OUT attempt integer)
LANGUAGE plpgsql SET lock_timeout = '10ms' AS $$
BEGIN
    SELECT k.verdict, k.attempt INTO verdict, attempt
    FROM relevo.claim_known(p_id, p_part, p_conversation, p_lane, p_seq, p_epoch, p_author, p_agent, p_anytime, p_worker, p_lease_ms) k
    WHERE NOT EXISTS (SELECT FROM relevo.erased e WHERE e.conversation_id = p_conversation AND e.lane = p_lane AND p_seq <= e.seq);
    IF NOT FOUND THEN
        verdict := 'gone';
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
