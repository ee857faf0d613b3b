-- SPDX-License-Identifier: Apache-2.0
-- One customer under several identities. A conversation's id is a function of the identity that names it, so the table of
-- conversations is the table of identities too: a row with `forward` is an identity of a customer whose conversation is another one.
-- Its primary key is what makes two lanes that meet at one identity see each other.

ALTER TABLE relevo.conversation ADD COLUMN forward uuid; -- the conversation where this one goes on, which itself is not forwarded
CREATE INDEX conversation_forward ON relevo.conversation (forward) WHERE forward IS NOT NULL;

-- Joins p_loser, as it is at p_version, to p_survivor: called in the commit of the survivor's lane, which has written the merged state.
-- A lane does to another lane's conversation what desktops do, and nothing else: it changes the ownership of exactly the version that it
-- read, and leaves a command, from which that lane decides and publishes. p_take: the survivor's ownership is the loser's, and so is what
-- the queue needs of it. A row that is forwarded already (a number that WhatsApp gave to somebody else) only points elsewhere.
CREATE FUNCTION relevo.join_conversations(p_loser uuid, p_version bigint, p_survivor uuid, p_take boolean) RETURNS void
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
    SET forward = p_survivor, version = l.version + 1, owner = 4, epoch = l.epoch + 1, agent_id = NULL, team = NULL,
        owner_since = (extract(epoch FROM clock_timestamp()) * 1000)::bigint
    WHERE id = p_loser;
    UPDATE relevo.conversation SET forward = p_survivor WHERE forward = p_loser; -- one hop is all there ever is
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

-- A desktop that still has the former id acts on the conversation that it became. Looked up before it is locked, so that no two rows
-- are; and again when it was joined while we waited for it.
CREATE OR REPLACE FUNCTION relevo.desk_lock(p_conversation uuid) RETURNS relevo.conversation LANGUAGE plpgsql AS $$
DECLARE
    c relevo.conversation;
    at uuid := p_conversation;
BEGIN
    LOOP
        SELECT coalesce(v.forward, v.id) INTO at FROM relevo.conversation v WHERE v.id = at;
        SELECT * INTO c FROM relevo.conversation WHERE id = at FOR UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'there is no conversation %', p_conversation USING ERRCODE = 'RV010';
        END IF;
        EXIT WHEN c.forward IS NULL;
        at := c.forward;
    END LOOP;
    RETURN c;
END $$;

CREATE OR REPLACE VIEW desk.conversations AS
SELECT c.id AS conversation_id, relevo.owner_word(c.owner) AS owner, c.epoch, c.agent_id, a.name AS agent_name, c.team,
       to_timestamp(c.owner_since / 1000.0) AS owner_since, c.phone_number_id, c.customer_id, c.wa_id, c.customer_name, c.language,
       to_timestamp(c.opened_ms / 1000.0) AS opened_at, to_timestamp(c.last_in_ms / 1000.0) AS last_message_at,
       to_timestamp(c.last_in_ms / 1000.0) + interval '24 hours' AS window_ends_at,
       c.trigger, c.reason, c.priority, c.card
FROM relevo.conversation c LEFT JOIN relevo.agent a ON a.id = c.agent_id AND c.owner = 3
WHERE c.forward IS NULL;

-- Every identity by which a customer is known besides the conversation's own: whose former conversation, or none, has become whose.
CREATE VIEW desk.identities AS
SELECT c.id AS former_id, c.forward AS conversation_id, c.phone_number_id, c.customer_id AS identity
FROM relevo.conversation c WHERE c.forward IS NOT NULL;

-- History as the conversations show it: what was decided before two became one is shown with the one that goes on.
CREATE VIEW relevo.told AS
SELECT h.conversation_id AS told_in, h.lane, h.seq, h.at, h.kind, h.by, h.agent_id, h.type, h.message_id, h.text, h.said, h.intent,
       h.owner, h.epoch, h.trigger
FROM relevo.history h
WHERE h.kind <> 1 AND NOT EXISTS (SELECT FROM relevo.conversation f WHERE f.id = h.conversation_id AND f.forward IS NOT NULL)
UNION ALL
SELECT f.forward, h.lane, h.seq, h.at, h.kind, h.by, h.agent_id, h.type, h.message_id, h.text, h.said, h.intent,
       h.owner, h.epoch, h.trigger
FROM relevo.conversation f JOIN relevo.history h ON h.conversation_id = f.id
WHERE h.kind <> 1 AND f.forward IS NOT NULL;

-- Every message, in the order in which it was decided: (lane, seq, part) within a lane; (at, lane, seq, part) of a conversation that others
-- became a part of.
CREATE OR REPLACE VIEW desk.history AS
SELECT h.told_in AS conversation_id, h.lane, h.seq, 0 AS part, h.at, relevo.by_word(h.by) AS by, h.agent_id,
       CASE WHEN h.kind = 6 THEN h.type ELSE 'message' END AS what, h.type, h.message_id, h.text, h.intent,
       relevo.owner_word(h.owner) AS owner, h.epoch, h.trigger, NULL::text AS source
FROM relevo.told h
WHERE (h.kind IN (0, 2) AND (h.type IS NULL OR h.type NOT IN ('duplicate', 'forwarded'))) OR (h.kind = 6 AND h.type <> 'reply')
UNION ALL
SELECT h.told_in, h.lane, h.seq, s.part::integer, h.at, s.said ->> 'by', s.said ->> 'agent', 'message', 'text', s.said ->> 'id',
       s.said ->> 'text', NULL, relevo.owner_word(h.owner), h.epoch, NULL, s.said ->> 'source'
FROM relevo.told h, json_array_elements(h.said) WITH ORDINALITY AS s(said, part)
WHERE h.said IS NOT NULL;

CREATE OR REPLACE VIEW desk.sends AS
SELECT coalesce(f.forward, s.conversation_id) AS conversation_id, s.id AS message, s.part, relevo.send_word(s.state) AS state,
       relevo.by_word(s.author) AS by, s.agent_id, s.epoch, s.attempt, s.claimed_at, s.settled_at, s.message_id, s.error_code, s.error
FROM relevo.send s LEFT JOIN relevo.conversation f ON f.id = s.conversation_id;

GRANT SELECT ON desk.identities TO relevo_desk;
