-- SPDX-License-Identifier: Apache-2.0
-- What an agent with forty chats needs: to put one aside until later, to mark them, and to ask a colleague.

ALTER TABLE relevo.conversation
    ADD COLUMN snoozed_until timestamptz,         -- put aside by its agent; infinity: until the customer writes
    ADD COLUMN snoozed_epoch bigint,              -- generation of ownership that this belongs to
    ADD COLUMN snoozed_in_ms bigint,              -- the customer's last message then: a later one ends it
    ADD COLUMN tags          text[];              -- NULL: none

CREATE INDEX conversation_tagged ON relevo.conversation (id) WHERE tags IS NOT NULL;

-- Nothing has to end a snooze: the clock, the customer's next message and any change of its owner do, whether or not anything runs.
CREATE FUNCTION relevo.is_snoozed(c relevo.conversation) RETURNS boolean LANGUAGE sql STABLE
RETURN coalesce(c.owner = 3 AND c.snoozed_epoch = c.epoch AND c.snoozed_in_ms = c.last_in_ms AND c.snoozed_until > clock_timestamp(), false);

-- Since when the customer waits for a person's answer; NULL: they do not. Of several messages it is the last one's time.
CREATE FUNCTION relevo.answer_due_since(c relevo.conversation) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN c.owner = 2 OR (c.owner = 3 AND c.waiting_epoch = c.epoch AND c.waiting_ms IS NOT NULL) THEN relevo.waiting_since(c)
            WHEN c.owner = 3 AND c.last_in_ms > coalesce(c.answered_ms, 0) THEN to_timestamp(greatest(c.last_in_ms, c.owner_since) / 1000.0) END;

-- As in 008, but what is put aside takes no place.
CREATE OR REPLACE FUNCTION relevo.load_of(p_agent text, p_capacity integer) RETURNS integer LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (SELECT coalesce(sum(least(coalesce(b.weight, 1), greatest(p_capacity, 1))), 0)::integer FROM (
    SELECT v.weight FROM relevo.conversation v WHERE v.owner = 3 AND v.agent_id = p_agent AND NOT relevo.is_snoozed(v)
    UNION ALL
    SELECT v.weight FROM relevo.conversation v WHERE v.owner = 2 AND v.offered_to = p_agent AND relevo.is_offered(v)) b);

-- Who was asked by name in a note, until they have looked. No words: those are in the note.
CREATE TABLE relevo.mention (
    agent_id        text NOT NULL,
    conversation_id uuid NOT NULL,
    by              text NOT NULL,
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (agent_id, conversation_id)
);

---------------------------------------------------------------------------------------------------------------- views

CREATE OR REPLACE VIEW relevo.all_conversations AS
SELECT c.id AS conversation_id, relevo.owner_word(c.owner) AS owner, c.epoch, c.agent_id, a.name AS agent_name, c.team,
       to_timestamp(c.owner_since / 1000.0) AS owner_since, c.phone_number_id, c.customer_id, c.wa_id, c.customer_name, c.language,
       to_timestamp(c.opened_ms / 1000.0) AS opened_at, to_timestamp(c.last_in_ms / 1000.0) AS last_message_at,
       to_timestamp(c.last_in_ms / 1000.0) + interval '24 hours' AS window_ends_at,
       c.trigger, c.reason, c.priority, c.card,
       CASE WHEN c.owner IN (2, 3) THEN coalesce(c.weight, (relevo.team_of(c.team)).weight) END AS weight,
       CASE WHEN relevo.is_offered(c) THEN c.offered_to END AS offered_to,
       CASE WHEN relevo.is_offered(c) THEN c.offer_until END AS offer_ends_at, c.last_agent, c.follow_up_at,
       CASE WHEN relevo.is_snoozed(c) THEN c.snoozed_until END AS snoozed_until,
       relevo.answer_due_since(c) AS waiting_since,
       -- What was marked before two became one stays marked.
       (SELECT array_agg(DISTINCT t.tag ORDER BY t.tag) FROM relevo.conversation f, unnest(f.tags) AS t(tag)
        WHERE f.tags IS NOT NULL AND (f.id = c.id OR f.forward = c.id)) AS tags
FROM relevo.conversation c LEFT JOIN relevo.agent a ON a.id = c.agent_id AND c.owner = 3
WHERE c.forward IS NULL;

CREATE OR REPLACE VIEW desk.conversations WITH (security_barrier) AS
SELECT * FROM relevo.all_conversations a
WHERE (SELECT relevo.login_teams()) IS NULL OR a.team = ANY ((SELECT relevo.login_teams())::text[]);

-- One row for each mark: for those who look for all that have one.
CREATE VIEW desk.tagged WITH (security_barrier) AS
SELECT DISTINCT coalesce(c.forward, c.id) AS conversation_id, t.tag
FROM relevo.conversation c CROSS JOIN LATERAL unnest(c.tags) AS t(tag)
WHERE c.tags IS NOT NULL AND ((SELECT relevo.login_teams()) IS NULL
      OR EXISTS (SELECT FROM relevo.conversation w WHERE w.id = coalesce(c.forward, c.id) AND w.team = ANY ((SELECT relevo.login_teams())::text[])));

CREATE VIEW desk.mentions WITH (security_barrier) AS
SELECT m.agent_id, c.id AS conversation_id, m.by, m.at
FROM relevo.mention m JOIN relevo.conversation f ON f.id = m.conversation_id
JOIN relevo.conversation c ON c.id = coalesce(f.forward, f.id)
WHERE (SELECT relevo.login_teams()) IS NULL OR c.team = ANY ((SELECT relevo.login_teams())::text[]);

------------------------------------------------------------------------------------------------------------- functions

-- Puts it aside: until p_until, or with NULL until the customer writes, which ends any snooze. A note in the history tells of it.
CREATE FUNCTION desk.snooze(p_conversation uuid, p_agent text, p_until timestamptz DEFAULT NULL) RETURNS desk.outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c relevo.conversation := relevo.desk_lock(p_conversation);
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    IF p_until NOT BETWEEN clock_timestamp() AND clock_timestamp() + interval '1 year' THEN
        RAISE EXCEPTION 'a snooze ends within a year from now, not at %', p_until USING ERRCODE = 'RV012';
    END IF;
    IF c.owner <> 3 OR c.agent_id IS DISTINCT FROM p_agent THEN
        RETURN desk.outcome_of(c, false, 'you do not have it');
    END IF;
    UPDATE relevo.conversation
    SET snoozed_until = coalesce(p_until, 'infinity'), snoozed_epoch = c.epoch, snoozed_in_ms = c.last_in_ms WHERE id = c.id;
    c := relevo.desk_write(c, 'note', c.owner, c.agent_id, p_agent, 'snoozed until ' || coalesce(
        to_char(p_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'the customer writes'), NULL);
    RETURN desk.outcome_of(c, true, NULL);
END $$;

-- Takes it up again before its time.
CREATE FUNCTION desk.wake(p_conversation uuid, p_agent text) RETURNS desk.outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c relevo.conversation := relevo.desk_lock(p_conversation);
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    IF NOT relevo.is_snoozed(c) THEN
        RETURN desk.outcome_of(c, true, 'it is not snoozed');
    END IF;
    IF c.agent_id <> p_agent THEN
        RETURN desk.outcome_of(c, false, format('%s has it', c.agent_id));
    END IF;
    UPDATE relevo.conversation SET snoozed_until = NULL WHERE id = c.id;
    RETURN desk.outcome_of(relevo.desk_write(c, 'note', c.owner, c.agent_id, p_agent, 'woken', NULL), true, NULL);
END $$;

-- Marks it, and takes marks away. A note in the history tells what changed; nothing changed: none.
CREATE FUNCTION desk.tag(p_conversation uuid, p_agent text, p_add text[] DEFAULT '{}', p_remove text[] DEFAULT '{}') RETURNS desk.outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c       relevo.conversation := relevo.desk_lock(p_conversation);
    was     text[];
    becomes text[];
    wrong   text;
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    p_add := ARRAY(SELECT DISTINCT lower(btrim(t)) FROM unnest(p_add) t ORDER BY 1);
    p_remove := ARRAY(SELECT lower(btrim(t)) FROM unnest(p_remove) t);
    wrong := (SELECT t FROM unnest(p_add) t WHERE t IS NULL OR length(t) NOT BETWEEN 1 AND 40 OR t ~ '[[:cntrl:],]' LIMIT 1);
    IF wrong IS NOT NULL OR array_position(p_add, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'a tag has 1 to 40 characters and no comma, not ''%''', left(wrong, 60) USING ERRCODE = 'RV012';
    END IF;
    was := ARRAY(SELECT DISTINCT t FROM relevo.conversation f, unnest(f.tags) t WHERE f.id = c.id OR f.forward = c.id ORDER BY 1);
    becomes := ARRAY(SELECT t FROM unnest(was) t WHERE t <> ALL (p_remove) UNION SELECT t FROM unnest(p_add) t ORDER BY 1);
    IF cardinality(becomes) > 20 THEN
        RAISE EXCEPTION 'a conversation has at most 20 tags' USING ERRCODE = 'RV012';
    END IF;
    IF becomes = was THEN
        RETURN desk.outcome_of(c, true, 'nothing changed');
    END IF;
    UPDATE relevo.conversation SET tags = NULL WHERE forward = c.id AND tags IS NOT NULL;
    UPDATE relevo.conversation SET tags = nullif(becomes, '{}') WHERE id = c.id;
    c := relevo.desk_write(c, 'note', c.owner, c.agent_id, p_agent, 'tags: ' || (
        SELECT string_agg(x.sign || x.t, ', ' ORDER BY x.sign, x.t) FROM (
            SELECT '+' AS sign, t FROM unnest(becomes) t WHERE t <> ALL (was)
            UNION ALL SELECT '-', t FROM unnest(was) t WHERE t <> ALL (becomes)) x), NULL);
    RETURN desk.outcome_of(c, true, NULL);
END $$;

-- As in 002; and agents who are named in it, as @agent, find it among their mentions until they have looked.
CREATE OR REPLACE FUNCTION desk.note(p_conversation uuid, p_agent text, p_text text) RETURNS desk.outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c relevo.conversation := relevo.desk_lock(p_conversation);
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    PERFORM relevo.desk_text('a note', p_text, 1);
    INSERT INTO relevo.mention (agent_id, conversation_id, by)
    SELECT DISTINCT g.id, c.id, p_agent
    FROM regexp_matches(p_text, '(?:^|[^[:alnum:]@])@([A-Za-z0-9][A-Za-z0-9_.-]*)', 'g') m
    JOIN relevo.agent g ON g.id = rtrim(m[1], '.-') AND g.id <> p_agent
    ON CONFLICT (agent_id, conversation_id) DO UPDATE SET by = excluded.by, at = excluded.at;
    RETURN desk.outcome_of(relevo.desk_write(c, 'note', c.owner, c.agent_id, p_agent, p_text, NULL), true, NULL);
END $$;

-- The agent has looked at it: they are asked there no more.
CREATE FUNCTION desk.seen(p_conversation uuid, p_agent text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM relevo.mention m USING relevo.conversation f
    WHERE m.agent_id = p_agent AND f.id = m.conversation_id AND p_conversation IN (f.id, f.forward)
$$;

REVOKE ALL ON FUNCTION desk.snooze, desk.wake, desk.tag, desk.seen FROM PUBLIC;
GRANT EXECUTE ON FUNCTION desk.snooze, desk.wake, desk.tag, desk.seen TO relevo_desk;
GRANT SELECT ON desk.tagged, desk.mentions TO relevo_desk;
