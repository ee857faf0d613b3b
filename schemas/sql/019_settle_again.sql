-- SPDX-License-Identifier: Apache-2.0
-- No row stays open that nobody comes back for: while one does, all that is said in its conversation later waits for it (010).

-- As in 003, but whoever did not hear the answer may settle again: the same is welcome twice. Before, what was to be tried again was taken for somebody
-- else's then, and nobody tried it.
CREATE OR REPLACE FUNCTION relevo.settle(p_id uuid, p_part smallint, p_worker uuid, p_attempt integer, p_state smallint, p_message_id text,
                                         p_error_code integer, p_error text)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE relevo.send
    SET state = p_state, message_id = p_message_id, error_code = p_error_code, error = p_error, settled_at = clock_timestamp()
    WHERE id = p_id AND part = p_part AND worker = p_worker AND attempt = p_attempt
      AND (state IN (1, p_state) OR (state = 6 AND p_state IN (3, 4) AND NOT reported));
    RETURN FOUND;
END $$;

-- As in 007, but their sends end with the conversation, and the lane hears nothing of them: the same number writes in the same conversation again.
-- What is being sent at this moment is left to its worker, and to claim.
CREATE OR REPLACE FUNCTION relevo.erase_conversation(c relevo.conversation, p_by text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO relevo.erased AS e (conversation_id, lane, seq, by)
    VALUES (c.id, c.lane, coalesce((SELECT l.seq FROM relevo.lane l WHERE l.lane = c.lane), 0), p_by)
    ON CONFLICT (conversation_id) DO UPDATE
    SET lane = excluded.lane, seq = excluded.seq, at = excluded.at, by = excluded.by, done = false;
    DELETE FROM relevo.conversation WHERE id = c.id;
    DELETE FROM relevo.timer WHERE lane = c.lane AND conversation_id = c.id;
    DELETE FROM relevo.command WHERE lane = c.lane AND conversation_id = c.id;
    UPDATE relevo.send
    SET state = CASE WHEN state = 2 THEN 5 ELSE state END, reported = true, settled_at = coalesce(settled_at, clock_timestamp()),
        message_id = NULL, error = NULL
    WHERE conversation_id = c.id;
END $$;

-- As in 007, and what was refused after its customer was erased ends here, with all its parts: nobody asks for it again.
CREATE OR REPLACE FUNCTION relevo.claim(p_id uuid, p_part smallint, p_conversation uuid, p_lane integer, p_seq bigint, p_epoch bigint,
                             p_author smallint, p_agent text, p_anytime boolean, p_worker uuid, p_lease_ms integer,
                             OUT verdict text, OUT attempt integer)
LANGUAGE plpgsql AS $$
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
    END IF;
END $$;
