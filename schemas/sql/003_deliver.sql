-- SPDX-License-Identifier: Apache-2.0
-- What deliver writes: one row for each message to a customer (or part of a long one). The row is the takeover fence's other half: no
-- request leaves without a claim of it. Lock order: conversation, then send row.

-- States: 1 claimed (a request may be under way), 2 refused (nothing was sent; to be tried again), and for good: 3 accepted by WhatsApp,
-- 4 failed, 5 suppressed (a bot message that a change of ownership overtook), 6 unknown (a request may or may not have arrived).
CREATE TABLE relevo.send (
    id              uuid        NOT NULL,         -- of the OutboundMessage: later messages of a conversation have higher ones
    part            smallint    NOT NULL,         -- 0, 1, ...: a long text goes out in several
    conversation_id uuid        NOT NULL,
    lane            integer     NOT NULL,
    seq             bigint      NOT NULL,         -- of the event that decided it
    epoch           bigint      NOT NULL,
    author          smallint    NOT NULL,         -- 2 bot, 3 agent, 4 system
    agent_id        text,
    state           smallint    NOT NULL,
    attempt         integer     NOT NULL,         -- claims so far; 0: none, the claim was refused
    worker          uuid        NOT NULL,         -- the deliver process that claimed it last
    claimed_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    lease_until     timestamptz NOT NULL,         -- past it the worker is taken for dead
    settled_at      timestamptz,
    message_id      text,                         -- WhatsApp's
    error_code      integer,
    error           text,
    reported        boolean     NOT NULL DEFAULT false, -- to the lane, through relevo.results.v1; only states 4, 5 and 6 are
    report_until    timestamptz NOT NULL DEFAULT '-infinity', -- till then some deliver is busy reporting it
    PRIMARY KEY (id, part)
);
CREATE INDEX send_open ON relevo.send (conversation_id, id, part) WHERE state IN (1, 2);
CREATE INDEX send_lease ON relevo.send (lease_until) WHERE state = 1;
CREATE INDEX send_report ON relevo.send (settled_at) WHERE state IN (4, 5, 6) AND NOT reported;

CREATE FUNCTION relevo.send_word(smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE $1 WHEN 1 THEN 'sending' WHEN 2 THEN 'waiting' WHEN 3 THEN 'accepted' WHEN 4 THEN 'failed' WHEN 5 THEN 'suppressed'
    ELSE 'unknown' END;

-- The takeover fence. Asked for every attempt, just before the request. Answers:
--   claimed     send it now, within the lease; `attempt` names this claim
--   done        somebody finished it: nothing to do (said before all else: a duplicate is not a refusal)
--   busy        somebody is sending it, or an earlier message of the conversation is unfinished: ask again later
--   suppressed  a bot message of an ownership that is over: never to be sent
--   window      the customer's 24 hours are over, and it is no template: never to be sent
--   gone        there is no such conversation (the customer was erased): never to be sent
-- The conversation's row is locked FOR SHARE and its epoch read by the same statement: a takeover (FOR UPDATE) comes either
-- before, and is seen, or after this transaction, and then sees the claim.
CREATE FUNCTION relevo.claim(p_id uuid, p_part smallint, p_conversation uuid, p_lane integer, p_seq bigint, p_epoch bigint,
                             p_author smallint, p_agent text, p_anytime boolean, p_worker uuid, p_lease_ms integer,
                             OUT verdict text, OUT attempt integer)
LANGUAGE plpgsql AS $$
DECLARE
    c record;
    s relevo.send;
    final smallint; -- 0: none
    why   text;
BEGIN
    SELECT v.epoch, v.last_in_ms INTO c FROM relevo.conversation v WHERE v.id = p_conversation FOR SHARE;
    IF NOT FOUND THEN
        verdict := 'gone';
        RETURN;
    END IF;
    SELECT * INTO s FROM relevo.send v WHERE v.id = p_id AND v.part = p_part FOR UPDATE;
    IF s.state >= 3 THEN
        verdict := 'done';
        RETURN;
    END IF;
    -- A worker that asks again for its own claim never learned of it, and so sent nothing.
    IF (s.state = 1 AND s.worker <> p_worker) OR EXISTS (SELECT FROM relevo.send v WHERE v.conversation_id = p_conversation AND v.state IN (1, 2)
                              AND (v.id, v.part) < (p_id, p_part)) THEN
        verdict := 'busy';
        RETURN;
    END IF;
    -- A person's message is never fenced. The epoch alone is compared: who owns does not matter.
    IF p_author <> 3 AND c.epoch <> p_epoch THEN
        verdict := 'suppressed';
        final := 5;
        why := format('the conversation was in generation %s of its ownership, the message belongs to %s', c.epoch, p_epoch);
    ELSIF NOT p_anytime AND c.last_in_ms + 86400000 <= extract(epoch FROM clock_timestamp()) * 1000 THEN
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

-- What became of an attempt. False: the claim is not this worker's any more. A late truth about an attempt that was
-- given up as unknown is welcome.
CREATE FUNCTION relevo.settle(p_id uuid, p_part smallint, p_worker uuid, p_attempt integer, p_state smallint, p_message_id text,
                              p_error_code integer, p_error text)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE relevo.send
    SET state = p_state, message_id = p_message_id, error_code = p_error_code, error = p_error, settled_at = clock_timestamp()
    WHERE id = p_id AND part = p_part AND worker = p_worker AND attempt = p_attempt
      AND (state = 1 OR (state = 6 AND p_state IN (3, 4) AND NOT reported));
    RETURN FOUND;
END $$;

-- The claims of dead workers become unknown: their requests may have left, so they are never sent again. Returns how many.
CREATE FUNCTION relevo.sweep_sends(p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    n integer;
BEGIN
    WITH dead AS (SELECT id, part FROM relevo.send WHERE state = 1 AND lease_until < clock_timestamp()
                  ORDER BY lease_until LIMIT p_limit FOR UPDATE SKIP LOCKED)
    UPDATE relevo.send s SET state = 6, settled_at = clock_timestamp(), error = 'deliver stopped while it was being sent'
    FROM dead WHERE s.id = dead.id AND s.part = dead.part;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END $$;

-- Unknown outcomes meet their statuses: a status that carries the id tells that WhatsApp had it. Rare, so it looks through the lane's
-- rows since then instead of burdening every status with an index. Returns how many were found.
CREATE FUNCTION relevo.reconcile_sends() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    n integer;
BEGIN
    WITH found AS (
        SELECT DISTINCT ON (s.id, s.part) s.id, s.part, h.message_id
        FROM relevo.send s JOIN relevo.history h ON h.lane = s.lane AND h.seq > s.seq AND h.kind = 1
             AND h.text = s.id::text || '/' || s.part
        WHERE s.state = 6 AND NOT s.reported)
    UPDATE relevo.send s SET state = 3, message_id = found.message_id, error = NULL, settled_at = clock_timestamp()
    FROM found WHERE s.id = found.id AND s.part = found.part AND s.state = 6 AND NOT s.reported;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END $$;

-- What the lanes do not know yet, for this caller to report within half a minute: nobody else gets it meanwhile. An unknown
-- outcome is given p_patience_ms to be explained by a status.
CREATE FUNCTION relevo.unreported_sends(p_patience_ms integer, p_limit integer)
RETURNS TABLE (id uuid, part smallint, conversation_id uuid, lane integer, epoch bigint, author smallint, agent_id text,
               state smallint, error_code integer, error text, phone_number_id text, wa_id text, customer_id text)
LANGUAGE sql VOLATILE AS $$
    WITH mine AS (
        SELECT s.id, s.part FROM relevo.send s
        WHERE s.state IN (4, 5, 6) AND NOT s.reported AND s.report_until < clock_timestamp()
          AND (s.state <> 6 OR s.settled_at < clock_timestamp() - p_patience_ms * interval '1 ms')
        ORDER BY s.settled_at LIMIT p_limit FOR UPDATE SKIP LOCKED),
    taken AS (
        UPDATE relevo.send s SET report_until = clock_timestamp() + interval '30 s'
        FROM mine WHERE s.id = mine.id AND s.part = mine.part RETURNING s.*)
    SELECT s.id, s.part, s.conversation_id, s.lane, s.epoch, s.author, s.agent_id, s.state, s.error_code, s.error,
           c.phone_number_id, c.wa_id, c.customer_id
    FROM taken s JOIN relevo.conversation c ON c.id = s.conversation_id
$$;

-- Messages on their way and what became of them: "sending" is in flight, and shown above a takeover that came later.
CREATE VIEW desk.sends AS
SELECT s.conversation_id, s.id AS message, s.part, relevo.send_word(s.state) AS state, relevo.by_word(s.author) AS by, s.agent_id, s.epoch,
       s.attempt, s.claimed_at, s.settled_at, s.message_id, s.error_code, s.error
FROM relevo.send s;

GRANT SELECT, INSERT, UPDATE ON relevo.send TO relevo_deliver;
GRANT SELECT ON relevo.history TO relevo_deliver;
GRANT SELECT ON public.relevo_migration TO relevo_deliver;
GRANT SELECT ON desk.sends TO relevo_desk;
