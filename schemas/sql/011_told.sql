-- SPDX-License-Identifier: Apache-2.0
-- A number changes hands: WhatsApp gives it to somebody else, and its row in relevo.conversation then leads to them (004). What was said under it
-- before stays with whom it was said to: nobody is shown the words of who had the number earlier.

ALTER TABLE relevo.conversation
    ADD COLUMN told_in uuid; -- the conversation that shows what this one had said when it became a part of it; NULL: it had said nothing
CREATE INDEX conversation_told_in ON relevo.conversation (told_in) WHERE told_in IS NOT NULL;
UPDATE relevo.conversation SET told_in = forward WHERE forward IS NOT NULL;

-- As in 004, and what it had said goes with it: once, wherever the identity leads later.
CREATE OR REPLACE FUNCTION relevo.join_conversations(p_loser uuid, p_version bigint, p_survivor uuid, p_take boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    l relevo.conversation;
BEGIN
    SELECT * INTO l FROM relevo.conversation WHERE id = p_loser AND version = p_version FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'conversation % is at another version than %', p_loser, p_version USING ERRCODE = 'RV002';
    END IF;
    IF l.forward IS NOT NULL THEN
        UPDATE relevo.conversation SET forward = p_survivor, version = version + 1 WHERE id = p_loser;
        RETURN;
    END IF;
    -- The epoch stops what the bot still has to say there.
    UPDATE relevo.conversation
    SET forward = p_survivor, told_in = p_survivor, version = l.version + 1, owner = 4, epoch = l.epoch + 1, agent_id = NULL, team = NULL,
        owner_since = (extract(epoch FROM clock_timestamp()) * 1000)::bigint
    WHERE id = p_loser;
    UPDATE relevo.conversation SET forward = p_survivor WHERE forward = p_loser; -- one hop is all there ever is
    UPDATE relevo.conversation SET told_in = p_survivor WHERE told_in = p_loser;
    IF p_take THEN
        UPDATE relevo.conversation
        SET trigger = l.trigger, reason = l.reason, priority = l.priority, rank = l.rank, need_language = l.need_language,
            need_skills = l.need_skills, prefer_agent = l.prefer_agent, card = l.card
        WHERE id = p_survivor;
    END IF;
    INSERT INTO relevo.command (lane, conversation_id, kind, note, owner, epoch, version)
    VALUES (l.lane, p_loser, 'moved', p_survivor::text, 4, l.epoch + 1, l.version + 1);
    PERFORM pg_notify('relevo_lane_' || l.lane, '');
END $$;

CREATE OR REPLACE VIEW relevo.told AS
SELECT h.conversation_id AS told_in, h.lane, h.seq, h.at, h.kind, h.by, h.agent_id, h.type, h.message_id, h.text, h.said, h.intent,
       h.owner, h.epoch, h.trigger
FROM relevo.history h
WHERE h.kind <> 1 AND NOT EXISTS (SELECT FROM relevo.conversation f WHERE f.id = h.conversation_id AND f.forward IS NOT NULL)
UNION ALL
SELECT f.told_in, h.lane, h.seq, h.at, h.kind, h.by, h.agent_id, h.type, h.message_id, h.text, h.said, h.intent,
       h.owner, h.epoch, h.trigger
FROM relevo.conversation f JOIN relevo.history h ON h.conversation_id = f.id
WHERE h.kind <> 1 AND f.told_in IS NOT NULL;

CREATE OR REPLACE VIEW relevo.all_sends AS
SELECT coalesce(f.told_in, s.conversation_id) AS conversation_id, s.id AS message, s.part, relevo.send_word(s.state) AS state,
       relevo.by_word(s.author) AS by, s.agent_id, s.epoch, s.attempt, s.claimed_at, s.settled_at, s.message_id, s.error_code, s.error
FROM relevo.send s LEFT JOIN relevo.conversation f ON f.id = s.conversation_id;

CREATE OR REPLACE VIEW relevo.all_statuses AS
SELECT coalesce((SELECT coalesce(f.told_in, f.forward) FROM relevo.conversation f WHERE f.id = h.conversation_id), h.conversation_id) AS conversation_id,
       h.lane, h.seq, h.at, h.message_id, h.type AS status
FROM relevo.history h WHERE h.kind = 1;

-- As in 007: whoever is erased takes along what was said under a number that somebody else has now; and who has it now loses the identity, which
-- their next message makes anew. Rather too much is forgotten than too little.
CREATE OR REPLACE FUNCTION desk.erase_customer(p_customer text, p_by text)
RETURNS TABLE (conversation_id uuid, phone_number_id text, events bigint, waiting bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ids uuid[];
    c   relevo.conversation;
BEGIN
    PERFORM relevo.desk_text('who asks', p_by, 1);
    WITH whole AS (SELECT coalesce(v.forward, v.id) AS id FROM relevo.conversation v WHERE p_customer IN (v.customer_id, v.wa_id))
    SELECT array_agg(v.id) INTO ids FROM relevo.conversation v
    WHERE v.id IN (SELECT w.id FROM whole w) OR v.forward IN (SELECT w.id FROM whole w) OR v.told_in IN (SELECT w.id FROM whole w);
    PERFORM relevo.erase_words(ids, 0, 0, true); -- the slow part, with nobody waiting
    FOR c IN SELECT * FROM relevo.conversation v WHERE v.id = ANY (ids) ORDER BY v.id FOR UPDATE LOOP
        PERFORM relevo.erase_conversation(c, p_by);
        PERFORM relevo.erase_words(ARRAY[c.id], 0, 0, false); -- what came meanwhile
        conversation_id := c.id;
        phone_number_id := c.phone_number_id;
        SELECT count(*) FILTER (WHERE h.decided = '\x01'), count(*) FILTER (WHERE h.decided <> '\x01') INTO events, waiting
        FROM relevo.history h WHERE h.conversation_id = c.id AND h.kind <> 1;
        RETURN NEXT;
    END LOOP;
END $$;
