-- SPDX-License-Identifier: Apache-2.0
-- When two conversations of one customer become one (004, 011), what the queue knows of either goes along; and `relevo repair` brings back
-- what led where.

---------------------------------------------------------------------------------------------- what the queue knows of it

-- Since when the customer waits for a first answer, in ms; NULL: does not.
CREATE FUNCTION relevo.waits_since(c relevo.conversation) RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN c.owner = 2 THEN (extract(epoch FROM relevo.waiting_since(c)) * 1000)::bigint
            WHEN c.owner = 3 AND c.waiting_epoch = c.epoch THEN c.waiting_ms END;

-- What of the loser, as it was, is the survivor's now, whose row says already who has it. p_peoples: people had the survivor, or it waited for
-- them, before; p_waits: since when its customer waited, in ms. Of two that people have, or are to have, the more urgent and the heavier counts,
-- and the customer has waited since the earlier.
CREATE FUNCTION relevo.join_needs(l relevo.conversation, p_survivor uuid, p_take boolean, p_peoples boolean, p_waits bigint) RETURNS void
LANGUAGE sql AS $$
    UPDATE relevo.conversation s
    SET trigger = CASE WHEN p_take THEN l.trigger ELSE s.trigger END, reason = CASE WHEN p_take THEN l.reason ELSE s.reason END,
        rank = CASE WHEN p_take THEN l.rank ELSE s.rank END,
        need_language = CASE WHEN p_take THEN l.need_language ELSE s.need_language END,
        need_skills = CASE WHEN p_take THEN l.need_skills ELSE s.need_skills END,
        prefer_agent = CASE WHEN p_take THEN l.prefer_agent ELSE s.prefer_agent END,
        card = CASE WHEN p_take THEN l.card WHEN p_peoples AND l.owner IN (2, 3) THEN coalesce(s.card, l.card) ELSE s.card END,
        priority = CASE WHEN p_take AND NOT p_peoples THEN l.priority WHEN p_peoples AND l.owner IN (2, 3) THEN greatest(s.priority, l.priority)
                        ELSE s.priority END,
        weight = CASE WHEN s.owner IN (2, 3) THEN greatest(CASE WHEN p_peoples THEN s.weight END,
                                                           CASE WHEN l.owner IN (2, 3) THEN l.weight END) END,
        waiting_ms = CASE WHEN s.owner IN (2, 3) THEN least(p_waits, relevo.waits_since(l)) END,
        waiting_epoch = s.epoch,
        answered_ms = CASE WHEN p_take THEN CASE WHEN l.owner = 3 THEN l.answered_ms END ELSE s.answered_ms END,
        (last_agent, last_agent_ms) = (SELECT a.agent, a.ms FROM (VALUES (s.last_agent, s.last_agent_ms), (l.last_agent, l.last_agent_ms))
                                       AS a(agent, ms) ORDER BY a.ms DESC NULLS LAST LIMIT 1),
        declined = CASE WHEN s.owner = 2 THEN s.declined || l.declined END,
        declined_at = CASE WHEN s.owner = 2 THEN greatest(s.declined_at, l.declined_at) END,
        told_ms = greatest(s.told_ms, l.told_ms), nobody_ms = greatest(s.nobody_ms, l.nobody_ms),
        -- The sooner one; a person who has it, or is to have it, ends them.
        (follow_up_at, follow_up_text, follow_up_template) =
            (SELECT f.at, f.text, f.template FROM (VALUES (s.follow_up_at, s.follow_up_text, s.follow_up_template),
                                                          (l.follow_up_at, l.follow_up_text, l.follow_up_template)) AS f(at, text, template)
             WHERE s.owner NOT IN (2, 3) AND f.at IS NOT NULL ORDER BY f.at LIMIT 1)
    WHERE s.id = p_survivor
$$;

-- The loser goes on in the survivor: its epoch stops what the bot still has to say there, and nothing that the queue or the clock would bring is
-- left behind. Its lane is told by a command. p_at: lane time, in ms.
CREATE FUNCTION relevo.move_conversation(l relevo.conversation, p_survivor uuid, p_at bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE relevo.conversation
    SET forward = p_survivor, told_in = p_survivor, version = l.version + 1, owner = 4, epoch = l.epoch + 1, agent_id = NULL, team = NULL,
        owner_since = p_at, weight = NULL, waiting_ms = NULL, offered_to = NULL, declined = NULL, follow_up_at = NULL, follow_up_text = NULL,
        follow_up_template = NULL
    WHERE id = l.id;
    UPDATE relevo.conversation SET forward = p_survivor WHERE forward = l.id; -- one hop is all there ever is
    UPDATE relevo.conversation SET told_in = p_survivor WHERE told_in = l.id;
    INSERT INTO relevo.command (lane, conversation_id, kind, note, owner, epoch, version)
    VALUES (l.lane, l.id, 'moved', p_survivor::text, 4, l.epoch + 1, l.version + 1);
    PERFORM pg_notify('relevo_lane_' || l.lane, '');
END $$;

-- As in 004 and 011. p_owner, p_epoch, p_since: whose the survivor was, in which generation and since when, before it was joined: its row does
-- not tell any more. p_at: lane time of the event that showed both, in ms; with it owner_since of an identity is since when it leads where.
DROP FUNCTION relevo.join_conversations(uuid, bigint, uuid, boolean);
CREATE FUNCTION relevo.join_conversations(p_loser uuid, p_version bigint, p_survivor uuid, p_take boolean, p_owner integer, p_epoch bigint,
                                          p_since bigint, p_at bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    l     relevo.conversation;
    waits bigint;
BEGIN
    SELECT * INTO l FROM relevo.conversation WHERE id = p_loser AND version = p_version FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'conversation % is at another version than %', p_loser, p_version USING ERRCODE = 'RV002';
    END IF;
    IF l.forward IS NOT NULL THEN
        UPDATE relevo.conversation SET forward = p_survivor, version = version + 1, owner_since = p_at WHERE id = p_loser;
        RETURN;
    END IF;
    -- Of its own wait, or of that which an earlier join of the batch brought.
    SELECT CASE WHEN s.waiting_epoch IN (p_epoch, s.epoch) AND s.waiting_ms IS NOT NULL THEN s.waiting_ms WHEN p_owner = 2 THEN p_since END
    INTO waits FROM relevo.conversation s WHERE s.id = p_survivor;
    PERFORM relevo.join_needs(l, p_survivor, p_take, p_owner IN (2, 3), waits);
    PERFORM relevo.move_conversation(l, p_survivor, p_at);
END $$;

-- As in 008, and what was written to conversations that became a part of it counts too.
CREATE OR REPLACE FUNCTION relevo.unanswered_since(c relevo.conversation) RETURNS timestamptz LANGUAGE sql STABLE
RETURN CASE WHEN c.answered_ms IS NULL THEN to_timestamp(c.owner_since / 1000.0) -- got it, and said nothing yet
       ELSE (SELECT min(h.at) FROM relevo.history h
             WHERE h.conversation_id IN (SELECT c.id UNION ALL SELECT i.id FROM relevo.conversation i WHERE i.told_in = c.id)
               AND h.kind = 0 AND h.kind <> 1 AND h.at > to_timestamp(c.answered_ms / 1000.0)
               AND (h.type IS NULL OR h.type NOT IN ('duplicate', 'forwarded'))) END;

---------------------------------------------------------------------------------------------------- relevo repair

-- What the topics tell of customers' identities that Postgres lacks, from the first write of a repair to its end: it concerns rows of several
-- lanes, in an order of its own.
CREATE TABLE relevo.repair_identity (
    identity        uuid    NOT NULL,              -- the conversation that it names
    leads_to        uuid    NOT NULL,              -- where it was last seen to go on ...
    at_ms           bigint  NOT NULL,              -- ... then, by lane time
    joined_ms       bigint,                        -- when a conversation that it named became a part of that; NULL: did not
    lane            integer NOT NULL,              -- that saw it
    phone_number_id text    NOT NULL,
    customer_id     text,                          -- NULL: nothing but that it was joined is known
    wa_id           text,
    state           bytea,                         -- of an identity that names no conversation
    PRIMARY KEY (identity, leads_to)
);

-- Makes rows lead where they led. p_lanes: those that are rebuilt, or lacked nothing; p_all: there are no others, so that an identity without a row
-- never named a conversation. May be asked again, with more lanes. Returns how many rows it changed or made.
CREATE FUNCTION relevo.repair_identities(p_lanes integer[], p_all boolean) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    f      record;
    x      relevo.conversation;
    target uuid;
    had    smallint; -- whose it was when its own lane let it go
    decided boolean;
    n      bigint := 0;
BEGIN
    -- Those that became a part of another, in order. The decision of the loser's own lane may be lost as its command was: it is left again.
    FOR f IN SELECT i.identity, i.leads_to, i.joined_ms FROM relevo.repair_identity i WHERE i.joined_ms IS NOT NULL ORDER BY i.joined_ms, i.identity LOOP
        SELECT * INTO x FROM relevo.conversation WHERE id = f.identity AND told_in IS NULL AND lane = ANY (p_lanes) FOR UPDATE;
        CONTINUE WHEN NOT FOUND;
        SELECT coalesce(s.told_in, s.id) INTO target FROM relevo.conversation s WHERE s.id = f.leads_to;
        CONTINUE WHEN NOT FOUND OR target = x.id;
        -- No version of the time that was lost may fit again.
        UPDATE relevo.conversation SET version = version + 1000000 WHERE id = x.id RETURNING * INTO x;
        SELECT h.was INTO had FROM relevo.history h WHERE h.conversation_id = x.id AND h.kind = 6 AND h.kind <> 1 AND h.type = 'moved' LIMIT 1;
        decided := FOUND AND x.owner = 4;
        x.owner := coalesce(CASE WHEN decided THEN had END, x.owner); -- as it was joined
        PERFORM relevo.join_needs(x, target, t.take, s.owner IN (2, 3) AND NOT t.take, relevo.waits_since(s))
        FROM relevo.conversation s
        CROSS JOIN LATERAL (SELECT s.owner IN (2, 3) AND x.owner IN (2, 3) AND s.trigger IS NULL AND s.card IS NULL AS take) t
        WHERE s.id = target;
        IF decided THEN
            UPDATE relevo.conversation SET forward = target, told_in = target, owner_since = f.joined_ms WHERE id = x.id;
            UPDATE relevo.conversation SET forward = target WHERE forward = x.id;
            UPDATE relevo.conversation SET told_in = target WHERE told_in = x.id;
        ELSE
            PERFORM relevo.move_conversation(x, target, f.joined_ms);
        END IF;
        n := n + 1;
    END LOOP;

    -- Where each leads to in the end: WhatsApp gives numbers to others. What leads elsewhere since a later moment stays; so does a conversation that
    -- somebody began under it since: the next message that shows both joins it.
    FOR f IN SELECT DISTINCT ON (i.identity) i.*, coalesce(s.told_in, s.id) AS target
             FROM relevo.repair_identity i JOIN relevo.conversation s ON s.id = i.leads_to
             WHERE coalesce(s.told_in, s.id) <> i.identity
             ORDER BY i.identity, i.at_ms DESC, i.leads_to LOOP
        SELECT * INTO x FROM relevo.conversation WHERE id = f.identity FOR UPDATE;
        IF FOUND AND x.forward IS NOT NULL AND x.forward <> f.target AND x.owner_since <= f.at_ms THEN
            UPDATE relevo.conversation SET forward = f.target, version = version + 1000000, owner_since = f.at_ms WHERE id = x.id;
            n := n + 1;
        ELSIF x.id IS NULL AND p_all AND f.state IS NOT NULL THEN
            INSERT INTO relevo.conversation (id, lane, version, owner, epoch, owner_since, phone_number_id, customer_id, wa_id, opened_ms, last_in_ms,
                                             state, forward)
            VALUES (f.identity, f.lane, 1, 4, 1, f.at_ms, f.phone_number_id, f.customer_id, f.wa_id, f.at_ms, f.at_ms, f.state, f.target);
            n := n + 1;
        END IF;
    END LOOP;
    IF p_all THEN
        DELETE FROM relevo.repair_identity;
    END IF;
    RETURN n;
END $$;
