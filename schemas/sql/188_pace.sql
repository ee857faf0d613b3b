-- SPDX-License-Identifier: Apache-2.0
-- A team's pace counts all that left its queue for a person, whoever took it: what is taken over, answered or assigned by hand shortens the wait of
-- the others as much as what was given.

-- As in 009, and what the team's pace is measured by.
CREATE OR REPLACE FUNCTION relevo.desk_write(c relevo.conversation, p_kind text, p_owner smallint, p_agent text, p_acting text,
                                             p_text text, p_note text) RETURNS relevo.conversation LANGUAGE plpgsql AS $$
DECLARE
    changed boolean := p_owner <> c.owner OR p_agent IS DISTINCT FROM c.agent_id OR (p_kind = 'requeue' AND c.owner = 2);
    after   bigint := c.epoch + changed::integer;
    now_ms  bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    r relevo.conversation;
BEGIN
    UPDATE relevo.conversation
    SET owner = p_owner, agent_id = p_agent, version = c.version + 1, epoch = after,
        owner_since = CASE WHEN changed THEN now_ms ELSE c.owner_since END,
        -- Until somebody answers, the customer has been waiting since they began to.
        waiting_ms = CASE WHEN p_kind = 'reply' OR p_owner IN (1, 4) THEN NULL
                          WHEN c.owner = 2 THEN (extract(epoch FROM relevo.waiting_since(c)) * 1000)::bigint
                          WHEN c.waiting_epoch = c.epoch THEN c.waiting_ms END,
        waiting_epoch = after,
        answered_ms = CASE WHEN p_kind = 'reply' THEN now_ms WHEN changed THEN NULL ELSE c.answered_ms END,
        last_agent = CASE WHEN p_owner = 3 THEN p_agent ELSE c.last_agent END,
        last_agent_ms = CASE WHEN p_owner = 3 AND changed THEN now_ms ELSE c.last_agent_ms END,
        offered_to = CASE WHEN NOT changed THEN c.offered_to END,
        declined = CASE WHEN p_kind = 'requeue' AND c.owner = 3 THEN array_append(c.declined, c.agent_id)
                        WHEN changed AND p_kind <> 'requeue' THEN NULL ELSE c.declined END,
        declined_at = CASE WHEN p_kind = 'requeue' AND c.owner = 3 THEN clock_timestamp() ELSE c.declined_at END,
        weight = CASE WHEN p_owner NOT IN (1, 4) THEN weight END, -- as it is by now: c may be older
        follow_up_at = CASE WHEN p_owner NOT IN (2, 3) THEN follow_up_at END,
        follow_up_text = CASE WHEN p_owner NOT IN (2, 3) THEN follow_up_text END,
        follow_up_template = CASE WHEN p_owner NOT IN (2, 3) THEN follow_up_template END
    WHERE id = c.id RETURNING * INTO r;
    INSERT INTO relevo.command (lane, conversation_id, kind, agent_id, agent_name, text, note, owner, owner_agent, epoch, version)
    VALUES (r.lane, r.id, p_kind, p_acting,
            (SELECT name FROM relevo.agent WHERE id = CASE WHEN p_kind = 'assign' THEN p_agent ELSE p_acting END),
            p_text, p_note, r.owner, r.agent_id, r.epoch, r.version);
    IF c.owner = 2 AND p_owner = 3 THEN
        INSERT INTO relevo.given (team, waited) VALUES (coalesce(c.team, ''), clock_timestamp() - relevo.waiting_since(c));
        DELETE FROM relevo.given w WHERE w.team = coalesce(c.team, '') AND w.at < clock_timestamp() - interval '1 day';
    END IF;
    PERFORM pg_notify('relevo_lane_' || r.lane, '');
    RETURN r;
END $$;

-- It is theirs: the row, and the lane's command.
CREATE OR REPLACE FUNCTION relevo.give(c relevo.conversation, g relevo.agent, p_places integer, p_acting text) RETURNS relevo.conversation
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE relevo.conversation SET weight = p_places WHERE id = c.id;
    RETURN relevo.desk_write(c, 'assign', 3::smallint, g.id, p_acting, NULL, NULL);
END $$;
