-- SPDX-License-Identifier: Apache-2.0
-- Messages and their statuses of customers whose conversations became one (004).

-- The takeover fence. Asked for every attempt, just before the request. Answers:
--   claimed     send it now, within the lease; `attempt` names this claim
--   done        somebody finished it: nothing to do (said before all else: a duplicate is not a refusal)
--   busy        somebody is sending it, another message of the customer is under way, or an earlier one is unfinished: ask again later
--   suppressed  a bot message of an ownership that is over: never to be sent
--   window      the customer's 24 hours are over, and it is no template: never to be sent
--   gone        there is no such conversation (the customer was erased): never to be sent
-- The conversation's row is locked FOR SHARE and its epoch read by the same statement: a takeover (FOR UPDATE) comes either
-- before, and is seen, or after this transaction, and then sees the claim. So does whoever joins it to another conversation, which raises the
-- epoch: what its bot still had to say is suppressed; what its people said is sent, one at a time with what the other conversation sends.
-- relevo.claim asks it, and refuses before what was decided for a customer who was erased since (007).
CREATE OR REPLACE FUNCTION relevo.claim_known(p_id uuid, p_part smallint, p_conversation uuid, p_lane integer, p_seq bigint, p_epoch bigint,
                             p_author smallint, p_agent text, p_anytime boolean, p_worker uuid, p_lease_ms integer,
                             OUT verdict text, OUT attempt integer)
LANGUAGE plpgsql AS $$
DECLARE
    c     record;
    s     relevo.send;
    whole uuid; -- the conversation that p_conversation became a part of
    final smallint; -- 0: none
    why   text;
BEGIN
    SELECT v.forward INTO whole FROM relevo.conversation v WHERE v.id = p_conversation;
    IF whole IS NULL THEN
        SELECT v.epoch, v.last_in_ms, v.forward INTO c FROM relevo.conversation v WHERE v.id = p_conversation FOR SHARE;
    ELSE -- its own epoch is over for good; claims of the whole take FOR SHARE, so that they and this one see each other
        SELECT NULL, NULL, v.forward INTO c FROM relevo.conversation v WHERE v.id = whole FOR NO KEY UPDATE;
        IF FOUND AND c.forward IS NULL THEN
            SELECT v.epoch, v.last_in_ms, v.forward INTO c FROM relevo.conversation v WHERE v.id = p_conversation;
        END IF;
    END IF;
    IF NOT FOUND THEN
        verdict := 'gone';
        RETURN;
    END IF;
    IF c.forward IS DISTINCT FROM whole THEN -- joined, or joined to another, while we waited for it
        verdict := 'busy';
        RETURN;
    END IF;
    whole := coalesce(whole, p_conversation);
    SELECT * INTO s FROM relevo.send v WHERE v.id = p_id AND v.part = p_part FOR UPDATE;
    IF s.state >= 3 THEN
        verdict := 'done';
        RETURN;
    END IF;
    -- A worker that asks again for its own claim never learned of it, and so sent nothing.
    IF (s.state = 1 AND s.worker <> p_worker) OR EXISTS (
        SELECT FROM relevo.send v
        WHERE v.conversation_id IN (SELECT whole UNION ALL SELECT i.id FROM relevo.conversation i WHERE i.forward = whole)
          AND v.state IN (1, 2) AND (v.id, v.part) <> (p_id, p_part) AND (v.state = 1 OR (v.id, v.part) < (p_id, p_part))) THEN
        verdict := 'busy';
        RETURN;
    END IF;
    -- A person's message is never fenced. The epoch alone is compared: who owns does not matter.
    IF p_author <> 3 AND c.epoch <> p_epoch THEN
        verdict := 'suppressed';
        final := 5;
        why := format('the conversation was in generation %s of its ownership, the message belongs to %s', c.epoch, p_epoch);
    ELSIF NOT p_anytime AND 86400000 + greatest(c.last_in_ms, (SELECT v.last_in_ms FROM relevo.conversation v WHERE v.id = whole))
                            <= extract(epoch FROM clock_timestamp()) * 1000 THEN
        verdict := 'window';
        final := 4;
        why := 'more than 24 hours since the customer wrote: only a template may be sent';
    ELSE
        verdict := 'claimed';
    END IF;
    attempt := coalesce(s.attempt, 0) + (final IS NULL)::integer;
    INSERT INTO relevo.send AS v (id, part, conversation_id, lane, seq, epoch, author, agent_id, state, attempt, worker, lease_until,
                                  settled_at, error_code, error)
    VALUES (p_id, p_part, p_conversation, p_lane, p_seq, p_epoch, p_author, p_agent, coalesce(final, 1), attempt, p_worker,
            clock_timestamp() + p_lease_ms * interval '1 ms', CASE WHEN final IS NOT NULL THEN clock_timestamp() END,
            CASE WHEN final = 4 THEN 131047 END, why)
    ON CONFLICT (id, part) DO UPDATE
    SET state = excluded.state, attempt = excluded.attempt, worker = excluded.worker, claimed_at = clock_timestamp(),
        lease_until = excluded.lease_until, settled_at = excluded.settled_at, error_code = excluded.error_code, error = excluded.error
    WHERE v.state = 2 OR (v.state = 1 AND v.worker = excluded.worker);
    IF NOT FOUND THEN -- two workers met at a message without a row; the other one came first
        verdict := 'busy';
        attempt := NULL;
    END IF;
END $$;

-- As the history, they are shown with the conversation that goes on.
CREATE OR REPLACE VIEW relevo.all_statuses AS
SELECT coalesce((SELECT f.forward FROM relevo.conversation f WHERE f.id = h.conversation_id), h.conversation_id) AS conversation_id,
       h.lane, h.seq, h.at, h.message_id, h.type AS status
FROM relevo.history h WHERE h.kind = 1;
