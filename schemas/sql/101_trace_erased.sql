-- SPDX-License-Identifier: Apache-2.0
-- Who is erased leaves no trace either: by its id whoever keeps traces finds the request.

-- As in 023.
CREATE OR REPLACE FUNCTION relevo.erase_words(p_conversations uuid[], p_lane integer, p_published bigint, p_statuses boolean) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
    s bigint := 0;
BEGIN
    UPDATE relevo.history h
    SET text = NULL, said = NULL, extra = NULL, message_id = NULL, intent = NULL, trace = NULL, decided = '\x01'
    FROM relevo.lane l
    WHERE h.conversation_id = ANY (p_conversations) AND h.kind <> 1 AND h.decided <> '\x01' AND l.lane = h.lane
      AND h.seq <= greatest(l.published, CASE WHEN l.lane = p_lane THEN p_published ELSE 0 END)
      AND NOT EXISTS (SELECT FROM relevo.erased e WHERE e.conversation_id = h.conversation_id AND e.lane = h.lane AND h.seq > e.seq);
    GET DIAGNOSTICS n = ROW_COUNT;
    IF p_statuses THEN
        UPDATE relevo.history h SET text = NULL, message_id = NULL, trace = NULL, decided = '\x01'
        FROM relevo.lane l
        WHERE h.conversation_id = ANY (p_conversations) AND h.kind = 1 AND h.decided <> '\x01' AND l.lane = h.lane
          AND h.seq <= greatest(l.published, CASE WHEN l.lane = p_lane THEN p_published ELSE 0 END)
          AND NOT EXISTS (SELECT FROM relevo.erased e WHERE e.conversation_id = h.conversation_id AND e.lane = h.lane AND h.seq > e.seq);
        GET DIAGNOSTICS s = ROW_COUNT;
    END IF;
    RETURN n + s;
END $$;
