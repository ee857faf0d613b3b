-- SPDX-License-Identifier: Apache-2.0
-- Who was mentioned in a conversation goes with it: the same number writes in the same conversation again, and nobody was asked there.

-- As in 019, and the mentions.
CREATE OR REPLACE FUNCTION relevo.erase_conversation(c relevo.conversation, p_by text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO relevo.erased AS e (conversation_id, lane, seq, by)
    VALUES (c.id, c.lane, coalesce((SELECT l.seq FROM relevo.lane l WHERE l.lane = c.lane), 0), p_by)
    ON CONFLICT (conversation_id) DO UPDATE
    SET lane = excluded.lane, seq = excluded.seq, at = excluded.at, by = excluded.by, done = false;
    DELETE FROM relevo.conversation WHERE id = c.id;
    DELETE FROM relevo.mention WHERE conversation_id = c.id;
    DELETE FROM relevo.timer WHERE lane = c.lane AND conversation_id = c.id;
    DELETE FROM relevo.command WHERE lane = c.lane AND conversation_id = c.id;
    UPDATE relevo.send
    SET state = CASE WHEN state = 2 THEN 5 ELSE state END, reported = true, settled_at = coalesce(settled_at, clock_timestamp()),
        message_id = NULL, error = NULL
    WHERE conversation_id = c.id;
END $$;

DELETE FROM relevo.mention m WHERE NOT EXISTS (SELECT FROM relevo.conversation c WHERE c.id = m.conversation_id);
