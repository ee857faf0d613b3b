-- SPDX-License-Identifier: Apache-2.0
-- The contract for agent desktops, version 1: views to read, functions to act. Every function is one transaction and a
-- compare-and-set; it answers with one row that tells whether it was done and, if not, who was faster.
-- The functions change ownership at once and leave a command, from which the lane decides and publishes. They never touch
-- the lane's row.

CREATE SCHEMA desk;

CREATE FUNCTION desk.contract_version() RETURNS integer LANGUAGE sql IMMUTABLE RETURN 1;

CREATE VIEW desk.conversations AS
SELECT c.id AS conversation_id, relevo.owner_word(c.owner) AS owner, c.epoch, c.agent_id, a.name AS agent_name, c.team,
       to_timestamp(c.owner_since / 1000.0) AS owner_since, c.phone_number_id, c.customer_id, c.wa_id, c.customer_name, c.language,
       to_timestamp(c.opened_ms / 1000.0) AS opened_at, to_timestamp(c.last_in_ms / 1000.0) AS last_message_at,
       to_timestamp(c.last_in_ms / 1000.0) + interval '24 hours' AS window_ends_at,
       c.trigger, c.reason, c.priority, c.card
FROM relevo.conversation c LEFT JOIN relevo.agent a ON a.id = c.agent_id AND c.owner = 3;

CREATE VIEW desk.queue AS
SELECT conversation_id, team, priority, owner_since AS waiting_since, clock_timestamp() - owner_since AS waiting, customer_id,
       customer_name, language, trigger, reason, card, epoch
FROM desk.conversations WHERE owner = 'queued'
ORDER BY priority DESC, owner_since;

-- Every message, in the order in which it was decided: (lane, seq, part).
CREATE VIEW desk.history AS
SELECT h.conversation_id, h.lane, h.seq, 0 AS part, h.at, relevo.by_word(h.by) AS by, h.agent_id,
       CASE WHEN h.kind = 6 THEN h.type ELSE 'message' END AS what, h.type, h.message_id, h.text, h.intent,
       relevo.owner_word(h.owner) AS owner, h.epoch, h.trigger, NULL::text AS source
FROM relevo.history h
WHERE (h.kind IN (0, 2) AND h.type IS DISTINCT FROM 'duplicate') OR (h.kind = 6 AND h.type <> 'reply')
UNION ALL
SELECT h.conversation_id, h.lane, h.seq, s.part::integer, h.at, s.said ->> 'by', s.said ->> 'agent', 'message', 'text', s.said ->> 'id',
       s.said ->> 'text', NULL, relevo.owner_word(h.owner), h.epoch, NULL, s.said ->> 'source'
FROM relevo.history h, json_array_elements(h.said) WITH ORDINALITY AS s(said, part)
WHERE h.said IS NOT NULL AND h.kind <> 1; -- a status says nothing: told to the index

-- What WhatsApp reported about messages of ours: to be followed in the order of a lane (lane, seq > ...), no index finds one
-- conversation's.
CREATE VIEW desk.statuses AS
SELECT h.conversation_id, h.lane, h.seq, h.at, h.message_id, h.type AS status
FROM relevo.history h WHERE h.kind = 1;

CREATE VIEW desk.agents AS
SELECT g.id AS agent_id, g.name, g.teams, g.skills, g.languages, g.capacity, g.presence, g.idle_since,
       (SELECT count(*) FROM relevo.conversation c WHERE c.owner = 3 AND c.agent_id = g.id)::integer AS load
FROM relevo.agent g;

-- What every function answers.
CREATE TYPE desk.outcome AS (
    done      boolean,     -- false: nothing was changed, and `why` says why
    owner     text,        -- as it is now
    agent_id  text,
    epoch     bigint,
    since     timestamptz, -- when it became so
    why       text
);

CREATE FUNCTION desk.outcome_of(c relevo.conversation, p_done boolean, p_why text) RETURNS desk.outcome LANGUAGE sql STABLE
RETURN ROW(p_done, relevo.owner_word(c.owner), c.agent_id, c.epoch, to_timestamp(c.owner_since / 1000.0), p_why)::desk.outcome;

-- Locks a conversation for a desk function; raises for one that does not exist.
CREATE FUNCTION relevo.desk_lock(p_conversation uuid) RETURNS relevo.conversation LANGUAGE plpgsql AS $$
DECLARE
    c relevo.conversation;
BEGIN
    SELECT * INTO c FROM relevo.conversation WHERE id = p_conversation FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no conversation %', p_conversation USING ERRCODE = 'RV010';
    END IF;
    RETURN c;
END $$;

-- Writes what a desk function decided: the conversation's new ownership and the lane's command.
CREATE FUNCTION relevo.desk_write(c relevo.conversation, p_kind text, p_owner smallint, p_agent text, p_acting text,
                                  p_text text, p_note text) RETURNS relevo.conversation LANGUAGE plpgsql AS $$
DECLARE
    changed boolean := p_owner <> c.owner OR p_agent IS DISTINCT FROM c.agent_id;
    r relevo.conversation;
BEGIN
    UPDATE relevo.conversation
    SET owner = p_owner, agent_id = p_agent, version = c.version + 1,
        epoch = CASE WHEN changed THEN c.epoch + 1 ELSE c.epoch END,
        owner_since = CASE WHEN changed THEN (extract(epoch FROM clock_timestamp()) * 1000)::bigint ELSE c.owner_since END
    WHERE id = c.id RETURNING * INTO r;
    INSERT INTO relevo.command (lane, conversation_id, kind, agent_id, agent_name, text, note, owner, owner_agent, epoch, version)
    VALUES (r.lane, r.id, p_kind, p_acting,
            (SELECT name FROM relevo.agent WHERE id = CASE WHEN p_kind = 'assign' THEN p_agent ELSE p_acting END),
            p_text, p_note, r.owner, r.agent_id, r.epoch, r.version);
    PERFORM pg_notify('relevo_lane_' || r.lane, '');
    RETURN r;
END $$;

-- A command travels in a record: its texts are bounded.
CREATE FUNCTION relevo.desk_text(p_what text, p_text text, p_least integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF length(coalesce(p_text, '')) NOT BETWEEN p_least AND 4096 THEN
        RAISE EXCEPTION '% has % to 4096 characters', p_what, p_least USING ERRCODE = 'RV012';
    END IF;
END $$;

CREATE FUNCTION relevo.desk_agent(p_agent text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM relevo.agent WHERE id = p_agent) THEN
        RAISE EXCEPTION 'there is no agent %', p_agent USING ERRCODE = 'RV011';
    END IF;
END $$;

-- A person takes the conversation, from the bot, the queue, another person (p_epoch then required) or closed. p_epoch: what the desktop saw;
-- when given, the take-over is done only if nothing changed since.
CREATE FUNCTION desk.take_over(p_conversation uuid, p_agent text, p_epoch bigint DEFAULT NULL) RETURNS desk.outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c relevo.conversation := relevo.desk_lock(p_conversation);
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    IF c.owner = 3 AND c.agent_id = p_agent THEN
        RETURN desk.outcome_of(c, true, 'you already have it');
    END IF;
    IF p_epoch IS NOT NULL AND p_epoch <> c.epoch THEN
        RETURN desk.outcome_of(c, false, 'it changed since you looked');
    END IF;
    IF c.owner = 3 AND p_epoch IS NULL THEN
        RETURN desk.outcome_of(c, false, format('%s has it', c.agent_id));
    END IF;
    RETURN desk.outcome_of(relevo.desk_write(c, 'take_over', 3::smallint, p_agent, p_agent, NULL, NULL), true, NULL);
END $$;

-- A person answers the customer. Answering a conversation of the bot, the queue or closed takes it over in the same step.
CREATE FUNCTION desk.reply(p_conversation uuid, p_agent text, p_text text) RETURNS desk.outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c relevo.conversation := relevo.desk_lock(p_conversation);
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    PERFORM relevo.desk_text('a reply', p_text, 1);
    IF c.owner = 3 AND c.agent_id <> p_agent THEN
        RETURN desk.outcome_of(c, false, format('%s has it', c.agent_id));
    END IF;
    RETURN desk.outcome_of(relevo.desk_write(c, 'reply', 3::smallint, p_agent, p_agent, p_text, NULL), true, NULL);
END $$;

-- A private note; changes nobody's ownership and is never sent.
CREATE FUNCTION desk.note(p_conversation uuid, p_agent text, p_text text) RETURNS desk.outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c relevo.conversation := relevo.desk_lock(p_conversation);
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    PERFORM relevo.desk_text('a note', p_text, 1);
    RETURN desk.outcome_of(relevo.desk_write(c, 'note', c.owner, c.agent_id, p_agent, p_text, NULL), true, NULL);
END $$;

-- Back to the bot, by the person who has it. p_purpose: "continue", "follow_up", "survey", or words of your own.
CREATE FUNCTION desk.return_to_bot(p_conversation uuid, p_agent text, p_purpose text DEFAULT 'continue') RETURNS desk.outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c relevo.conversation := relevo.desk_lock(p_conversation);
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    PERFORM relevo.desk_text('a purpose', p_purpose, 0);
    IF c.owner <> 3 OR c.agent_id IS DISTINCT FROM p_agent THEN
        RETURN desk.outcome_of(c, false, 'you do not have it');
    END IF;
    RETURN desk.outcome_of(relevo.desk_write(c, 'return', 1::smallint, NULL, p_agent, NULL, p_purpose), true, NULL);
END $$;

-- The matter is solved. By the person who has it, or by anybody while it waits in the queue.
CREATE FUNCTION desk.resolve(p_conversation uuid, p_agent text, p_note text DEFAULT NULL) RETURNS desk.outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c relevo.conversation := relevo.desk_lock(p_conversation);
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    PERFORM relevo.desk_text('a note', p_note, 0);
    IF c.owner = 4 THEN
        RETURN desk.outcome_of(c, true, 'it is already closed');
    END IF;
    IF c.owner = 1 OR (c.owner = 3 AND c.agent_id IS DISTINCT FROM p_agent) THEN
        RETURN desk.outcome_of(c, false, 'you do not have it');
    END IF;
    RETURN desk.outcome_of(relevo.desk_write(c, 'resolve', 4::smallint, NULL, p_agent, NULL, p_note), true, NULL);
END $$;

-- Gives it to another agent, or with p_to NULL back to the queue.
CREATE FUNCTION desk.assign(p_conversation uuid, p_agent text, p_to text) RETURNS desk.outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c relevo.conversation := relevo.desk_lock(p_conversation);
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    IF p_to IS NULL THEN
        IF c.owner <> 3 THEN
            RETURN desk.outcome_of(c, false, 'no person has it');
        END IF;
        RETURN desk.outcome_of(relevo.desk_write(c, 'requeue', 2::smallint, NULL, p_agent, NULL, NULL), true, NULL);
    END IF;
    PERFORM relevo.desk_agent(p_to);
    IF c.owner = 3 AND c.agent_id = p_to THEN
        RETURN desk.outcome_of(c, true, format('%s already has it', p_to));
    END IF;
    RETURN desk.outcome_of(relevo.desk_write(c, 'assign', 3::smallint, p_to, p_agent, NULL, NULL), true, NULL);
END $$;

-- An agent asks for the next waiting conversation that fits them. Returns whether one was given.
CREATE FUNCTION desk.pull(p_agent text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    RETURN relevo.assign_waiting(NULL, p_agent, 1) > 0;
END $$;

CREATE FUNCTION desk.set_presence(p_agent text, p_presence text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    IF p_presence IS NULL OR p_presence NOT IN ('online', 'busy', 'away', 'offline') THEN
        RAISE EXCEPTION 'a presence is online, busy, away or offline, not %', p_presence USING ERRCODE = 'RV012';
    END IF;
    UPDATE relevo.agent SET presence = p_presence WHERE id = p_agent;
END $$;

CREATE FUNCTION desk.put_agent(p_agent text, p_name text, p_teams text[] DEFAULT '{}', p_skills text[] DEFAULT '{}',
                               p_languages text[] DEFAULT '{}', p_capacity integer DEFAULT 5) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO relevo.agent (id, name, teams, skills, languages, capacity)
    VALUES (p_agent, p_name, p_teams, p_skills, p_languages, p_capacity)
    ON CONFLICT (id) DO UPDATE SET name = p_name, teams = p_teams, skills = p_skills, languages = p_languages, capacity = p_capacity;
$$;

-- Roles with only what they need. Give them to your own login roles.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'relevo_lane') THEN CREATE ROLE relevo_lane NOLOGIN; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'relevo_desk') THEN CREATE ROLE relevo_desk NOLOGIN; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'relevo_deliver') THEN CREATE ROLE relevo_deliver NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this server was migrated at the same moment
END $$;
GRANT USAGE ON SCHEMA relevo TO relevo_lane, relevo_deliver;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA relevo TO relevo_lane;
GRANT SELECT ON public.relevo_migration TO relevo_lane;
GRANT SELECT ON relevo.conversation TO relevo_deliver;
GRANT UPDATE (version) ON relevo.conversation TO relevo_deliver; -- a row lock FOR SHARE asks for it
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA desk FROM PUBLIC;
GRANT USAGE ON SCHEMA desk TO relevo_desk;
GRANT SELECT ON ALL TABLES IN SCHEMA desk TO relevo_desk;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA desk TO relevo_desk;
