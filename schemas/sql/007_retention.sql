-- SPDX-License-Identifier: Apache-2.0
-- What is kept of whom, and for how long: one customer erased in one call, everybody after some months, and one customer's data
-- given out. What is not published yet is kept until it is: the topics would lack it for ever, and a repair could not tell it from
-- what was lost.

-- Who was erased. Their events up to seq keep their number and nothing else; what they write later is new. `relevo repair` brings
-- nothing of them back, deliver sends them nothing that was decided before.
CREATE TABLE relevo.erased (
    conversation_id uuid PRIMARY KEY,
    lane            integer NOT NULL,
    seq             bigint  NOT NULL,             -- last event of the lane when they were erased
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    by              text,                         -- who asked for it; NULL: the policy (relevo expire)
    done            boolean NOT NULL DEFAULT false -- nothing is left, and the compacted topics were told
);
CREATE INDEX erased_pending ON relevo.erased (lane) WHERE NOT done;

-- Takes the words out of what is published. Returns how many events lost theirs. p_statuses: those too, which no index finds.
CREATE FUNCTION relevo.erase_words(p_conversations uuid[], p_lane integer, p_published bigint, p_statuses boolean) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
    s bigint := 0;
BEGIN
    UPDATE relevo.history h
    SET text = NULL, said = NULL, message_id = NULL, intent = NULL, decided = '\x01'
    FROM relevo.lane l
    WHERE h.conversation_id = ANY (p_conversations) AND h.kind <> 1 AND h.decided <> '\x01' AND l.lane = h.lane
      AND h.seq <= greatest(l.published, CASE WHEN l.lane = p_lane THEN p_published ELSE 0 END)
      AND NOT EXISTS (SELECT FROM relevo.erased e WHERE e.conversation_id = h.conversation_id AND e.lane = h.lane AND h.seq > e.seq);
    GET DIAGNOSTICS n = ROW_COUNT;
    IF p_statuses THEN
        UPDATE relevo.history h SET text = NULL, message_id = NULL, decided = '\x01'
        FROM relevo.lane l
        WHERE h.conversation_id = ANY (p_conversations) AND h.kind = 1 AND h.decided <> '\x01' AND l.lane = h.lane
          AND h.seq <= greatest(l.published, CASE WHEN l.lane = p_lane THEN p_published ELSE 0 END)
          AND NOT EXISTS (SELECT FROM relevo.erased e WHERE e.conversation_id = h.conversation_id AND e.lane = h.lane AND h.seq > e.seq);
        GET DIAGNOSTICS s = ROW_COUNT;
    END IF;
    RETURN n + s;
END $$;

-- The conversation itself goes, with its card, state, timers and commands. Its sends stay as numbers: that nothing is sent twice. The caller has
-- locked it.
CREATE FUNCTION relevo.erase_conversation(c relevo.conversation, p_by text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO relevo.erased AS e (conversation_id, lane, seq, by)
    VALUES (c.id, c.lane, coalesce((SELECT l.seq FROM relevo.lane l WHERE l.lane = c.lane), 0), p_by)
    ON CONFLICT (conversation_id) DO UPDATE
    SET lane = excluded.lane, seq = excluded.seq, at = excluded.at, by = excluded.by, done = false;
    DELETE FROM relevo.conversation WHERE id = c.id;
    DELETE FROM relevo.timer WHERE lane = c.lane AND conversation_id = c.id;
    DELETE FROM relevo.command WHERE lane = c.lane AND conversation_id = c.id;
    UPDATE relevo.send SET message_id = NULL, error = NULL WHERE conversation_id = c.id;
END $$;

-- The right to be forgotten, in one call: everything that Relevo's database knows of a customer (user id or wa_id), on all business
-- numbers. `waiting`: events that are not published yet; `relevo erase --pending` takes their words when they are, and tells the
-- compacted topics. p_by: who asked, for the audit.
CREATE FUNCTION desk.erase_customer(p_customer text, p_by text)
RETURNS TABLE (conversation_id uuid, phone_number_id text, events bigint, waiting bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ids uuid[];
    c   relevo.conversation;
BEGIN
    PERFORM relevo.desk_text('who asks', p_by, 1);
    SELECT array_agg(v.id) INTO ids FROM relevo.conversation v WHERE p_customer IN (v.customer_id, v.wa_id);
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

-- All that is known of a customer, as one document.
CREATE FUNCTION desk.export_customer(p_customer text) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT json_build_object('customer', p_customer, 'exported_at', clock_timestamp(), 'conversations', coalesce(json_agg(
        (to_jsonb(c) || jsonb_build_object(
            'history', (SELECT coalesce(jsonb_agg(to_jsonb(h) - 'conversation_id' ORDER BY h.at, h.lane, h.seq, h.part), '[]')
                        FROM desk.history h WHERE h.conversation_id = c.conversation_id),
            'sends', (SELECT coalesce(jsonb_agg(to_jsonb(s) - 'conversation_id' ORDER BY s.message, s.part), '[]')
                      FROM desk.sends s WHERE s.conversation_id = c.conversation_id))) ORDER BY c.opened_at), '[]'))
    FROM desk.conversations c WHERE p_customer IN (c.customer_id, c.wa_id)
$$;

-------------------------------------------------------------------------------------------------------- for the commands

-- Goes on with what was waiting, in a lane that has published up to p_published. Returns how many events are left.
CREATE FUNCTION relevo.erase_rest(p_lane integer, p_published bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    ids uuid[];
BEGIN
    SELECT array_agg(e.conversation_id) INTO ids FROM relevo.erased e WHERE e.lane = p_lane AND NOT e.done;
    PERFORM relevo.erase_words(ids, p_lane, p_published, true);
    RETURN (SELECT count(*) FROM relevo.history h JOIN relevo.erased e ON e.conversation_id = h.conversation_id AND NOT e.done
            WHERE e.lane = p_lane AND h.kind <> 1 AND h.decided <> '\x01' AND (h.lane <> e.lane OR h.seq <= e.seq));
END $$;

-- Conversations that rest with the bot or are closed, and of which nothing was heard since p_before: at most p_limit of them go.
CREATE FUNCTION relevo.expire_conversations(p_before timestamptz, p_limit integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    c      relevo.conversation;
    before bigint := extract(epoch FROM p_before) * 1000;
    n      bigint := 0;
BEGIN
    FOR c IN SELECT * FROM relevo.conversation v WHERE v.owner IN (1, 4) AND v.last_in_ms < before AND v.owner_since < before
             ORDER BY v.id LIMIT p_limit FOR UPDATE SKIP LOCKED LOOP
        PERFORM relevo.erase_conversation(c, NULL);
        n := n + 1;
    END LOOP;
    RETURN n;
END $$;

-- Drops the months of history that ended by p_before, whole: a month that holds an event which is not published stays. p_published: of
-- the lanes p_lanes, where Kafka knows better than the lanes' rows. Returns what was dropped.
CREATE FUNCTION relevo.expire_months(p_before timestamptz, p_lanes integer[], p_published bigint[]) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    month   record;
    waiting boolean;
    dropped text[] := '{}';
BEGIN
    SET LOCAL lock_timeout = '2s'; -- readers and lanes come first; the command tries again
    FOR month IN SELECT c.oid::regclass::text AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                 WHERE i.inhparent = 'relevo.history'::regclass AND c.relname ~ '^history_[0-9]{6}$'
                   AND (to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month') AT TIME ZONE 'UTC' <= p_before
                 ORDER BY c.relname LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM (SELECT lane, max(seq) AS seq FROM %s GROUP BY lane) h '
                       'LEFT JOIN relevo.lane l USING (lane) LEFT JOIN unnest($1, $2) AS u(lane, published) USING (lane) '
                       'WHERE h.seq > greatest(l.published, u.published))', month.name)
        INTO waiting USING p_lanes, p_published;
        CONTINUE WHEN waiting;
        EXECUTE format('DROP TABLE %s', month.name);
        dropped := dropped || month.name;
    END LOOP;
    RETURN dropped;
END $$;

-- Sends that ended before p_before and of which the lanes know. They hold no words; Kafka has forgotten their messages long ago.
CREATE FUNCTION relevo.expire_sends(p_before timestamptz, p_limit integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    DELETE FROM relevo.send s USING (
        SELECT v.id, v.part FROM relevo.send v
        WHERE v.settled_at < p_before AND (v.state = 3 OR (v.state IN (4, 5, 6) AND v.reported)) LIMIT p_limit) old
    WHERE s.id = old.id AND s.part = old.part;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END $$;

------------------------------------------------------------------------------------------------------------- the sends

-- What was decided for a customer who was erased since is never sent, though the customer may have begun anew by now.
ALTER FUNCTION relevo.claim(uuid, smallint, uuid, integer, bigint, bigint, smallint, text, boolean, uuid, integer) RENAME TO claim_known;
CREATE FUNCTION relevo.claim(p_id uuid, p_part smallint, p_conversation uuid, p_lane integer, p_seq bigint, p_epoch bigint,
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
END $$;

GRANT SELECT ON relevo.erased TO relevo_lane, relevo_deliver;
REVOKE ALL ON FUNCTION desk.erase_customer, desk.export_customer FROM PUBLIC;
-- Not every desktop may erase: a role of its own, to be granted on purpose.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'relevo_privacy') THEN CREATE ROLE relevo_privacy NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this server was migrated at the same moment
END $$;
GRANT USAGE ON SCHEMA desk TO relevo_privacy;
GRANT EXECUTE ON FUNCTION desk.erase_customer, desk.export_customer TO relevo_privacy;
