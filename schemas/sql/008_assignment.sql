-- SPDX-License-Identifier: Apache-2.0
-- Who gets what waits: teams with rules of their own, skills with levels, weights, presence that ends by itself, offers, and looking
-- after what waits too long or with somebody who is gone. Still one function that gives, for lanes and for agents who pull.
--
-- Nothing here waits for a lock that it needs: what somebody else holds is left for the next look, a second later. So the lock order (conversations,
-- then agents) is kept by going without, and the order in which conversations are looked at is free to be that of the queue.

------------------------------------------------------------------------------------------------------------- the teams

-- How a team works. The row '' is for all that have none of their own. Written by desk.put_team.
CREATE TABLE relevo.team (
    team           text PRIMARY KEY,
    rank           smallint,                                   -- 1 least loaded, 2 longest idle; NULL: as the router says
    weight         smallint NOT NULL DEFAULT 1,                -- places that a conversation takes of an agent's capacity
    ageing         interval NOT NULL DEFAULT interval '15 min', -- each of these raises a waiting conversation's urgency by one; 0: never
    sticky         interval NOT NULL DEFAULT interval '1 day', -- so long the customer's last agent is tried first; 0: never
    named_wait     interval NOT NULL DEFAULT interval '0',     -- so long one that names an agent waits for them alone
    overflow_to    text,                                       -- team that gets what waited ...
    overflow_after interval NOT NULL DEFAULT interval '5 min', -- ... so long here
    accept_within  interval,                                   -- agents are asked, and have so long to accept; NULL: they just get it
    silent_after   interval,                                   -- back to the queue when the customer waits so long for an answer; NULL: never
    offline_after  interval                                    -- back to the queue when its agent is offline for so long; NULL: never
);
INSERT INTO relevo.team (team) VALUES ('');

-- Those that views call read with their owner's rights.
CREATE FUNCTION relevo.team_of(p_team text) RETURNS relevo.team LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (SELECT t FROM relevo.team t WHERE t.team IN ('', p_team) ORDER BY t.team DESC LIMIT 1);

ALTER TABLE relevo.conversation
    ADD COLUMN weight      smallint,              -- places that it takes; NULL: the team's
    ADD COLUMN waiting_ms  bigint,                -- since when the customer waits for a first answer, over several agents; NULL: owner_since
    ADD COLUMN answered_ms bigint,                -- the agent's last answer; NULL: none yet
    ADD COLUMN last_agent  text,                  -- who had it last, ...
    ADD COLUMN last_agent_ms bigint,              -- ... and when they got it
    ADD COLUMN offered_to  text,                  -- who is asked; only while queued, and of this generation:
    ADD COLUMN offer_epoch bigint,
    ADD COLUMN offer_until timestamptz,
    ADD COLUMN declined    text[],                -- who did not take it, or lost it; they are not given it again for ten minutes ...
    ADD COLUMN declined_at timestamptz;           -- ... from the last of them on

CREATE INDEX conversation_offer ON relevo.conversation (offered_to) WHERE owner = 2 AND offered_to IS NOT NULL;

ALTER TABLE relevo.agent
    ADD COLUMN present_for interval,              -- a presence holds for so long after the last sign of life; NULL: until it is changed
    ADD COLUMN expires_at  timestamptz,
    ADD COLUMN gone_at     timestamptz;           -- since when offline; NULL: is not, or never was online

-- One row for each conversation that was given from the queue, for a day: how fast a team is.
CREATE TABLE relevo.given (
    team   text NOT NULL,                         -- '': none
    at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    waited interval NOT NULL
);
CREATE INDEX given_team ON relevo.given (team, at);

---------------------------------------------------------------------------------------------------------- small questions

-- "refunds:3" is the skill refunds at level 3 of 9; without a level it is level 1.
CREATE FUNCTION relevo.skill_name(p_skill text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(p_skill, ':[1-9]$', '');
CREATE FUNCTION relevo.skill_level(p_skill text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(substring(p_skill FROM ':([1-9])$')::integer, 1);

CREATE FUNCTION relevo.has_skills(p_have text[], p_need text[]) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_need IS NULL OR NOT EXISTS (
    SELECT FROM unnest(p_need) AS n(skill) WHERE NOT EXISTS (
        SELECT FROM unnest(p_have) AS h(skill)
        WHERE relevo.skill_name(h.skill) = relevo.skill_name(n.skill) AND relevo.skill_level(h.skill) >= relevo.skill_level(n.skill)));

-- "pt" and "pt-BR" are one language.
CREATE FUNCTION relevo.speaks(p_have text[], p_need text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN p_need IS NULL OR p_have = '{}'
    OR EXISTS (SELECT FROM unnest(p_have) AS h(language) WHERE split_part(h.language, '-', 1) = split_part(p_need, '-', 1));

CREATE FUNCTION relevo.is_online(g relevo.agent) RETURNS boolean LANGUAGE sql STABLE
RETURN g.presence = 'online' AND (g.expires_at IS NULL OR g.expires_at > clock_timestamp());

CREATE FUNCTION relevo.fits(g relevo.agent, c relevo.conversation) RETURNS boolean LANGUAGE sql STABLE
RETURN (c.team IS NULL OR c.team = ANY (g.teams)) AND relevo.has_skills(g.skills, c.need_skills) AND relevo.speaks(g.languages, c.need_language);

-- Whether it is offered to somebody now.
CREATE FUNCTION relevo.is_offered(c relevo.conversation) RETURNS boolean LANGUAGE sql STABLE
RETURN c.owner = 2 AND c.offered_to IS NOT NULL AND c.offer_epoch = c.epoch;

CREATE FUNCTION relevo.waiting_since(c relevo.conversation) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_timestamp(coalesce(c.waiting_ms, c.owner_since) / 1000.0);

-- How urgent it is by now: 0 to 9.
CREATE FUNCTION relevo.urgency(c relevo.conversation, t relevo.team) RETURNS integer LANGUAGE sql STABLE
RETURN CASE WHEN t.ageing <= interval '0' THEN c.priority
       ELSE least(9, c.priority + greatest(0, floor(extract(epoch FROM clock_timestamp() - relevo.waiting_since(c))
                                                    / extract(epoch FROM t.ageing))))::integer END;

-- The places that an agent has taken: what they have and what they are asked to take. One that weighs more than all places takes all.
CREATE FUNCTION relevo.load_of(p_agent text, p_capacity integer) RETURNS integer LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (SELECT coalesce(sum(least(coalesce(b.weight, 1), greatest(p_capacity, 1))), 0)::integer FROM (
    SELECT v.weight FROM relevo.conversation v WHERE v.owner = 3 AND v.agent_id = p_agent
    UNION ALL
    SELECT v.weight FROM relevo.conversation v WHERE v.owner = 2 AND v.offered_to = p_agent AND relevo.is_offered(v)) b);

-- Whether they had it, or their chance, a moment ago.
CREATE FUNCTION relevo.was_declined(c relevo.conversation, p_agent text) RETURNS boolean LANGUAGE sql STABLE
RETURN p_agent = ANY (coalesce(c.declined, '{}')) AND c.declined_at > clock_timestamp() - interval '10 min';

-- Whether an agent may be given it: it is not in vain, and it is not somebody else's yet. p_asked: they ask for it themselves.
CREATE FUNCTION relevo.may_get(c relevo.conversation, t relevo.team, p_agent text, p_asked boolean) RETURNS boolean LANGUAGE sql STABLE
RETURN (p_asked OR NOT relevo.was_declined(c, p_agent))
   AND (c.prefer_agent IS NULL OR c.prefer_agent = p_agent OR t.named_wait <= interval '0'
        OR relevo.waiting_since(c) + t.named_wait < clock_timestamp());

-- How long between two that a team takes, of the last half hour. NULL: nobody is there, or too few to say.
CREATE FUNCTION relevo.pace_of(p_team text) RETURNS interval LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (SELECT CASE WHEN count(*) >= 5 AND EXISTS (
            SELECT FROM relevo.agent g WHERE relevo.is_online(g) AND (p_team IS NULL OR p_team = ANY (g.teams)))
        THEN interval '30 min' / count(*) END
        FROM relevo.given w WHERE w.team = coalesce(p_team, '') AND w.at > clock_timestamp() - interval '30 min');

-- Everything that waits, with its place in its team's queue, from 1.
CREATE VIEW relevo.waiting AS
SELECT c.id, c.lane, c.team, c.urgency, c.since,
       row_number() OVER (PARTITION BY c.team ORDER BY c.urgency DESC, c.since, c.id)::integer AS position
FROM (SELECT v.id, v.lane, v.team, relevo.urgency(v, relevo.team_of(v.team)) AS urgency, relevo.waiting_since(v) AS since
      FROM relevo.conversation v WHERE v.owner = 2 AND v.forward IS NULL) c;

------------------------------------------------------------------------------------------------------- the assignment

-- Gives waiting conversations of a lane to agents, most urgent first: at most p_limit. One function for lanes and for agents who pull, so that a
-- capacity is never exceeded and no conversation is given twice. p_agent: only to this agent, who asked for it, so without an offer.
-- Returns how many were given or offered.
CREATE OR REPLACE FUNCTION relevo.assign_waiting(p_lane integer, p_agent text, p_limit integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    c     relevo.conversation;
    t     relevo.team;
    g     relevo.agent;
    who   text;
    places integer;
    teams text[] := relevo.login_teams();
    free  text[]; -- who has a place, as far as can be seen without a lock
    given integer := 0;
BEGIN
    SELECT array_agg(a.id) INTO free FROM relevo.agent a
    WHERE relevo.is_online(a) AND (p_agent IS NULL OR a.id = p_agent) AND a.capacity > relevo.load_of(a.id, a.capacity);
    IF p_agent IS NOT NULL AND free IS NULL THEN -- what they are asked to take they may take, though they have no place for more
        SELECT array_agg(a.id) INTO free FROM relevo.agent a WHERE a.id = p_agent AND relevo.is_online(a)
        AND EXISTS (SELECT FROM relevo.conversation v WHERE v.owner = 2 AND v.offered_to = p_agent AND relevo.is_offered(v));
    END IF;
    IF free IS NULL THEN
        RETURN 0; -- nobody is there: lock nothing
    END IF;
    FOR c IN
        SELECT v.* FROM relevo.conversation v
        WHERE v.owner = 2 AND v.forward IS NULL AND (p_lane IS NULL OR v.lane = p_lane)
          AND (teams IS NULL OR v.team = ANY (teams))
          AND (NOT relevo.is_offered(v) OR v.offered_to = p_agent)
          -- Only those that one of them can take: else the first ones, for whom nobody is there, would hide the rest.
          AND EXISTS (SELECT FROM relevo.agent a WHERE a.id = ANY (free) AND relevo.fits(a, v)
                      AND relevo.may_get(v, relevo.team_of(v.team), a.id, p_agent IS NOT NULL))
        ORDER BY (v.offered_to = p_agent) DESC NULLS LAST, relevo.was_declined(v, p_agent), relevo.urgency(v, relevo.team_of(v.team)) DESC, relevo.waiting_since(v), v.id
        LIMIT p_limit
        FOR UPDATE OF v SKIP LOCKED
    LOOP
        t := relevo.team_of(c.team);
        places := coalesce(c.weight, t.weight);
        FOR who IN
            SELECT a.id FROM relevo.agent a
            WHERE a.id = ANY (free) AND relevo.fits(a, c) AND relevo.may_get(c, t, a.id, p_agent IS NOT NULL)
            ORDER BY (a.id = c.prefer_agent) DESC NULLS LAST,
                     (a.id = c.last_agent AND to_timestamp(c.last_agent_ms / 1000.0) + t.sticky > clock_timestamp()) DESC NULLS LAST,
                     CASE WHEN coalesce(t.rank, c.rank) = 2 THEN 0 ELSE relevo.load_of(a.id, a.capacity) END, a.idle_since, a.id
        LOOP
            -- One agent's row at a time, and locked before the load is counted: two assigners cannot both see the last free place, and
            -- nobody is locked who gets nothing. Who pulls waits for their own row: a lane may hold it for a moment.
            IF p_agent IS NOT NULL THEN
                SELECT * INTO g FROM relevo.agent a WHERE a.id = who FOR UPDATE;
            ELSE
                SELECT * INTO g FROM relevo.agent a WHERE a.id = who FOR UPDATE SKIP LOCKED;
            END IF;
            CONTINUE WHEN g.id IS NULL OR NOT relevo.is_online(g);
            IF c.offered_to IS DISTINCT FROM who OR NOT relevo.is_offered(c) THEN
                CONTINUE WHEN relevo.load_of(who, g.capacity) + least(places, g.capacity) > g.capacity OR g.capacity = 0;
            END IF;
            IF t.accept_within IS NOT NULL AND p_agent IS NULL THEN
                UPDATE relevo.conversation
                SET offered_to = who, offer_epoch = c.epoch, offer_until = clock_timestamp() + t.accept_within, weight = places
                WHERE id = c.id;
            ELSE
                PERFORM relevo.give(c, g, places, NULL);
            END IF;
            UPDATE relevo.agent SET idle_since = clock_timestamp() WHERE id = who;
            given := given + 1;
            EXIT;
        END LOOP;
    END LOOP;
    RETURN given;
END $$;

-- It is theirs: the row, the lane's command, and what the team's pace is measured by.
CREATE FUNCTION relevo.give(c relevo.conversation, g relevo.agent, p_places integer, p_acting text) RETURNS relevo.conversation
LANGUAGE plpgsql AS $$
DECLARE
    r relevo.conversation;
BEGIN
    UPDATE relevo.conversation SET weight = p_places WHERE id = c.id;
    r := relevo.desk_write(c, 'assign', 3::smallint, g.id, p_acting, NULL, NULL);
    INSERT INTO relevo.given (team, waited) VALUES (coalesce(c.team, ''), clock_timestamp() - relevo.waiting_since(c));
    DELETE FROM relevo.given w WHERE w.team = coalesce(c.team, '') AND w.at < clock_timestamp() - interval '1 day';
    RETURN r;
END $$;

-- What a desk function decided, with what goes along with a change of owner: who waited since when, who had it, who is not asked again.
CREATE OR REPLACE FUNCTION relevo.desk_write(c relevo.conversation, p_kind text, p_owner smallint, p_agent text, p_acting text,
                                             p_text text, p_note text) RETURNS relevo.conversation LANGUAGE plpgsql AS $$
DECLARE
    changed boolean := p_owner <> c.owner OR p_agent IS DISTINCT FROM c.agent_id OR (p_kind = 'requeue' AND c.owner = 2);
    now_ms bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    r relevo.conversation;
BEGIN
    UPDATE relevo.conversation
    SET owner = p_owner, agent_id = p_agent, version = c.version + 1,
        epoch = CASE WHEN changed THEN c.epoch + 1 ELSE c.epoch END,
        owner_since = CASE WHEN changed THEN now_ms ELSE c.owner_since END,
        -- Until somebody answers, the customer has been waiting since they began to.
        waiting_ms = CASE WHEN p_kind = 'reply' OR p_owner IN (1, 4) THEN NULL
                          WHEN changed AND c.owner = 2 THEN coalesce(c.waiting_ms, c.owner_since) ELSE c.waiting_ms END,
        answered_ms = CASE WHEN p_kind = 'reply' THEN now_ms WHEN changed THEN NULL ELSE c.answered_ms END,
        last_agent = CASE WHEN p_owner = 3 THEN p_agent ELSE c.last_agent END,
        last_agent_ms = CASE WHEN p_owner = 3 AND changed THEN now_ms ELSE c.last_agent_ms END,
        offered_to = CASE WHEN NOT changed THEN c.offered_to END,
        declined = CASE WHEN p_kind = 'requeue' AND c.owner = 3 THEN array_append(c.declined, c.agent_id)
                        WHEN changed AND p_kind <> 'requeue' THEN NULL ELSE c.declined END,
        declined_at = CASE WHEN p_kind = 'requeue' AND c.owner = 3 THEN clock_timestamp() ELSE c.declined_at END,
        weight = CASE WHEN p_owner NOT IN (1, 4) THEN weight END -- as it is by now: c may be older
    WHERE id = c.id RETURNING * INTO r;
    INSERT INTO relevo.command (lane, conversation_id, kind, agent_id, agent_name, text, note, owner, owner_agent, epoch, version)
    VALUES (r.lane, r.id, p_kind, p_acting,
            (SELECT name FROM relevo.agent WHERE id = CASE WHEN p_kind = 'assign' THEN p_agent ELSE p_acting END),
            p_text, p_note, r.owner, r.agent_id, r.epoch, r.version);
    PERFORM pg_notify('relevo_lane_' || r.lane, '');
    RETURN r;
END $$;

------------------------------------------------------------------------------------------- what nobody looks after otherwise

-- Did not take what they were asked to take, or too late.
CREATE FUNCTION relevo.not_taken(c relevo.conversation, p_words text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    c.declined := array_append(c.declined, c.offered_to);
    c.declined_at := clock_timestamp();
    PERFORM relevo.desk_write(c, 'note', c.owner, c.agent_id, c.offered_to, p_words, NULL);
    UPDATE relevo.conversation SET offered_to = NULL WHERE id = c.id;
END $$;

-- When the customer wrote what the agent has not answered; NULL: everything is answered. Only asked of those whose last answer is old.
CREATE FUNCTION relevo.unanswered_since(c relevo.conversation) RETURNS timestamptz LANGUAGE sql STABLE
RETURN CASE WHEN c.answered_ms IS NULL THEN to_timestamp(c.owner_since / 1000.0) -- got it, and said nothing yet
       ELSE (SELECT min(h.at) FROM relevo.history h
             WHERE h.conversation_id = c.id AND h.kind = 0 AND h.kind <> 1 AND h.at > to_timestamp(c.answered_ms / 1000.0)
               AND h.type IS DISTINCT FROM 'duplicate') END;

-- Each lane looks after its own, every second or so. Returns how many changed.
CREATE FUNCTION relevo.look_after(p_lane integer, p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    c relevo.conversation;
    n integer := 0;
BEGIN
    -- Whose desktop fell silent is gone.
    WITH gone AS (SELECT a.id FROM relevo.agent a WHERE a.presence <> 'offline' AND a.expires_at < clock_timestamp()
                  FOR UPDATE SKIP LOCKED)
    UPDATE relevo.agent a SET presence = 'offline', gone_at = a.expires_at FROM gone WHERE a.id = gone.id;

    -- Who does not answer an offer is not there: nothing more is offered until they say so.
    FOR c IN SELECT v.* FROM relevo.conversation v
             WHERE v.lane = p_lane AND v.owner = 2 AND v.offered_to IS NOT NULL AND relevo.is_offered(v) AND v.offer_until < clock_timestamp()
             LIMIT p_limit FOR UPDATE OF v SKIP LOCKED LOOP
        PERFORM FROM relevo.agent a WHERE a.id = c.offered_to FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND AND EXISTS (SELECT FROM relevo.agent a WHERE a.id = c.offered_to);
        UPDATE relevo.agent SET presence = 'away' WHERE id = c.offered_to AND presence = 'online';
        PERFORM relevo.not_taken(c, 'offer missed');
        n := n + 1;
    END LOOP;

    -- Back to the queue: from who is gone, and from who does not answer. Most teams want neither: nothing is looked through for them.
    IF EXISTS (SELECT FROM relevo.team t WHERE t.silent_after IS NOT NULL OR t.offline_after IS NOT NULL) THEN
    FOR c IN SELECT v.* FROM relevo.conversation v JOIN relevo.agent a ON a.id = v.agent_id
             CROSS JOIN LATERAL relevo.team_of(v.team) t
             WHERE v.lane = p_lane AND v.owner = 3 AND v.forward IS NULL
               AND (a.presence = 'offline' AND a.gone_at + t.offline_after < clock_timestamp()
                    OR greatest(v.owner_since, v.answered_ms) < extract(epoch FROM clock_timestamp() - t.silent_after) * 1000
                       AND (v.answered_ms IS NULL OR v.last_in_ms > v.answered_ms)
                       AND relevo.unanswered_since(v) + t.silent_after < clock_timestamp())
             LIMIT p_limit FOR UPDATE OF v SKIP LOCKED LOOP
        PERFORM relevo.desk_write(c, 'requeue', 2::smallint, NULL, NULL, NULL,
            CASE WHEN EXISTS (SELECT FROM relevo.agent a WHERE a.id = c.agent_id AND a.presence = 'offline') THEN 'agent offline'
                 ELSE 'agent silent' END);
        n := n + 1;
    END LOOP;
    END IF;

    -- To the team that helps out.
    FOR c IN SELECT v.* FROM relevo.conversation v CROSS JOIN LATERAL relevo.team_of(v.team) t
             WHERE v.lane = p_lane AND v.owner = 2 AND v.forward IS NULL AND NOT relevo.is_offered(v)
               AND t.overflow_to IS NOT NULL AND t.overflow_to IS DISTINCT FROM v.team
               AND to_timestamp(v.owner_since / 1000.0) + t.overflow_after < clock_timestamp()
             LIMIT p_limit FOR UPDATE OF v SKIP LOCKED LOOP
        UPDATE relevo.conversation SET team = (relevo.team_of(c.team)).overflow_to WHERE id = c.id;
        PERFORM relevo.desk_write(c, 'requeue', 2::smallint, NULL, NULL, NULL, 'overflow from ' || coalesce(c.team, 'no team'));
        n := n + 1;
    END LOOP;
    RETURN n;
END $$;

------------------------------------------------------------------------------------------------- the contract, revision 1

-- Version 1 is kept: whoever knows only that sees what they always saw. What was added since is counted here.
CREATE FUNCTION desk.contract_revision() RETURNS integer LANGUAGE sql IMMUTABLE RETURN 1;

CREATE FUNCTION desk.put_team(p_team text, p_rank text DEFAULT NULL, p_weight integer DEFAULT 1, p_ageing interval DEFAULT '15 min',
                              p_sticky interval DEFAULT '1 day', p_named_wait interval DEFAULT '0', p_overflow_to text DEFAULT NULL,
                              p_overflow_after interval DEFAULT '5 min', p_accept_within interval DEFAULT NULL,
                              p_silent_after interval DEFAULT NULL, p_offline_after interval DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wrong text;
BEGIN
    wrong := CASE
        WHEN p_team IS NULL THEN 'a team needs a name ('''' is for all teams that have no rules of their own)'
        WHEN p_rank NOT IN ('least_loaded', 'longest_idle') THEN format('rank is least_loaded, longest_idle or NULL (as the router says), not %s', p_rank)
        WHEN coalesce(p_weight, 0) NOT BETWEEN 1 AND 100 THEN format('weight is 1 to 100 places, not %s', coalesce(p_weight::text, 'NULL'))
        WHEN p_overflow_to = p_team THEN 'a team does not overflow into itself'
        WHEN p_overflow_to = '' THEN 'overflow_to names a team; NULL: none'
        WHEN p_ageing IS NULL OR p_sticky IS NULL OR p_named_wait IS NULL OR p_overflow_after IS NULL
            THEN 'ageing, sticky, named_wait and overflow_after are intervals: 0 turns them off'
        WHEN least(p_ageing, p_sticky, p_named_wait, p_overflow_after, p_accept_within, p_silent_after, p_offline_after) < interval '0'
            THEN 'no time is negative'
        WHEN least(p_accept_within, p_silent_after) < interval '1 s' THEN 'accept_within and silent_after are a second or more; NULL turns them off'
    END;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'team %: %', coalesce(p_team, ''), wrong USING ERRCODE = 'RV012';
    END IF;
    INSERT INTO relevo.team
    VALUES (p_team, CASE p_rank WHEN 'least_loaded' THEN 1 WHEN 'longest_idle' THEN 2 END, p_weight, p_ageing, p_sticky, p_named_wait,
            p_overflow_to, p_overflow_after, p_accept_within, p_silent_after, p_offline_after)
    ON CONFLICT (team) DO UPDATE
    SET rank = excluded.rank, weight = excluded.weight, ageing = excluded.ageing, sticky = excluded.sticky, named_wait = excluded.named_wait,
        overflow_to = excluded.overflow_to, overflow_after = excluded.overflow_after, accept_within = excluded.accept_within,
        silent_after = excluded.silent_after, offline_after = excluded.offline_after;
END $$;

CREATE OR REPLACE FUNCTION desk.put_agent(p_agent text, p_name text, p_teams text[] DEFAULT '{}', p_skills text[] DEFAULT '{}',
                                          p_languages text[] DEFAULT '{}', p_capacity integer DEFAULT 5) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    wrong text := (SELECT s FROM unnest(p_skills) s WHERE s ~ ':[0-9]+$' AND s !~ '[^:]:[1-9]$' LIMIT 1);
BEGIN
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'the skill % is not name or name:level, with a level of 1 to 9', wrong USING ERRCODE = 'RV012';
    END IF;
    INSERT INTO relevo.agent (id, name, teams, skills, languages, capacity)
    VALUES (p_agent, p_name, p_teams, p_skills, p_languages, p_capacity)
    ON CONFLICT (id) DO UPDATE SET name = p_name, teams = p_teams, skills = p_skills, languages = p_languages, capacity = p_capacity;
END $$;

-- p_for: it holds for so long, and longer with each heartbeat; NULL: until it is changed.
DROP FUNCTION desk.set_presence(text, text);
CREATE FUNCTION desk.set_presence(p_agent text, p_presence text, p_for interval DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    IF p_presence IS NULL OR p_presence NOT IN ('online', 'busy', 'away', 'offline') THEN
        RAISE EXCEPTION 'a presence is online, busy, away or offline, not %', p_presence USING ERRCODE = 'RV012';
    END IF;
    IF p_for < interval '1 s' THEN
        RAISE EXCEPTION 'a presence holds for a second or more, not %', p_for USING ERRCODE = 'RV012';
    END IF;
    UPDATE relevo.agent
    SET presence = p_presence, present_for = CASE WHEN p_presence <> 'offline' THEN p_for END,
        expires_at = CASE WHEN p_presence <> 'offline' THEN clock_timestamp() + p_for END,
        gone_at = CASE WHEN p_presence = 'offline' THEN coalesce(gone_at, clock_timestamp()) END
    WHERE id = p_agent;
END $$;

-- The desktop is alive. Returns the presence as it is now: `offline` when it was too late, and set_presence is needed.
CREATE FUNCTION desk.heartbeat(p_agent text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p text;
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    UPDATE relevo.agent SET expires_at = clock_timestamp() + present_for WHERE id = p_agent AND presence <> 'offline'
    RETURNING presence INTO p;
    RETURN coalesce(p, 'offline');
END $$;

-- Takes what one was asked to take.
CREATE FUNCTION desk.accept(p_conversation uuid, p_agent text) RETURNS desk.outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c relevo.conversation := relevo.desk_lock(p_conversation);
    g relevo.agent;
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    IF c.owner = 3 AND c.agent_id = p_agent THEN
        RETURN desk.outcome_of(c, true, 'you already have it');
    END IF;
    IF c.owner = 3 THEN
        RETURN desk.outcome_of(c, false, format('%s has it', c.agent_id));
    END IF;
    IF NOT relevo.is_offered(c) OR c.offered_to <> p_agent THEN
        RETURN desk.outcome_of(c, false, 'it is not offered to you');
    END IF;
    SELECT * INTO g FROM relevo.agent WHERE id = p_agent;
    RETURN desk.outcome_of(relevo.give(c, g, coalesce(c.weight, 1), p_agent), true, NULL);
END $$;

-- Does not take it: it is offered to somebody else.
CREATE FUNCTION desk.decline(p_conversation uuid, p_agent text, p_reason text DEFAULT NULL) RETURNS desk.outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c relevo.conversation := relevo.desk_lock(p_conversation);
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    PERFORM relevo.desk_text('a reason', p_reason, 0);
    IF NOT relevo.is_offered(c) OR c.offered_to <> p_agent THEN
        RETURN desk.outcome_of(c, false, 'it is not offered to you');
    END IF;
    PERFORM relevo.not_taken(c, left('declined' || coalesce(': ' || nullif(p_reason, ''), ''), 4096));
    RETURN desk.outcome_of((SELECT v FROM relevo.conversation v WHERE v.id = c.id), true, NULL);
END $$;

-- How many places of its agent's capacity it takes; NULL: as many as the team's conversations do. Until it is closed or the bot's.
CREATE FUNCTION desk.weigh(p_conversation uuid, p_agent text, p_weight integer) RETURNS desk.outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c relevo.conversation := relevo.desk_lock(p_conversation);
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    IF p_weight NOT BETWEEN 1 AND 100 THEN
        RAISE EXCEPTION 'a weight is 1 to 100 places, not %', p_weight USING ERRCODE = 'RV012';
    END IF;
    IF c.owner NOT IN (2, 3) THEN
        RETURN desk.outcome_of(c, false, 'no person has it, and it does not wait for one');
    END IF;
    UPDATE relevo.conversation SET weight = coalesce(p_weight, (relevo.team_of(c.team)).weight) WHERE id = c.id;
    RETURN desk.outcome_of(c, true, NULL);
END $$;

-- Views grow at their end. What the contract shows is behind a barrier (007_rights.sql), which is made anew to show it.
CREATE OR REPLACE VIEW relevo.all_conversations AS
SELECT c.id AS conversation_id, relevo.owner_word(c.owner) AS owner, c.epoch, c.agent_id, a.name AS agent_name, c.team,
       to_timestamp(c.owner_since / 1000.0) AS owner_since, c.phone_number_id, c.customer_id, c.wa_id, c.customer_name, c.language,
       to_timestamp(c.opened_ms / 1000.0) AS opened_at, to_timestamp(c.last_in_ms / 1000.0) AS last_message_at,
       to_timestamp(c.last_in_ms / 1000.0) + interval '24 hours' AS window_ends_at,
       c.trigger, c.reason, c.priority, c.card,
       CASE WHEN c.owner IN (2, 3) THEN coalesce(c.weight, (relevo.team_of(c.team)).weight) END AS weight,
       CASE WHEN relevo.is_offered(c) THEN c.offered_to END AS offered_to,
       CASE WHEN relevo.is_offered(c) THEN c.offer_until END AS offer_ends_at, c.last_agent
FROM relevo.conversation c LEFT JOIN relevo.agent a ON a.id = c.agent_id AND c.owner = 3
WHERE c.forward IS NULL;

CREATE OR REPLACE VIEW relevo.all_queue AS
SELECT c.conversation_id, c.team, c.priority, c.owner_since AS waiting_since, clock_timestamp() - c.owner_since AS waiting, c.customer_id,
       c.customer_name, c.language, c.trigger, c.reason, c.card, c.epoch,
       w.urgency, w.position, clock_timestamp() - w.since AS waited, relevo.pace_of(c.team) * w.position AS expected_wait,
       c.weight, c.offered_to, c.offer_ends_at
FROM relevo.all_conversations c JOIN relevo.waiting w ON w.id = c.conversation_id
WHERE c.owner = 'queued'
ORDER BY w.urgency DESC, w.since;

DO $$
DECLARE
    v text;
BEGIN
    FOREACH v IN ARRAY ARRAY['conversations', 'queue'] LOOP
        EXECUTE format('CREATE OR REPLACE VIEW desk.%I WITH (security_barrier) AS SELECT * FROM relevo.%I a '
                       'WHERE (SELECT relevo.login_teams()) IS NULL OR a.team = ANY ((SELECT relevo.login_teams())::text[])', v, 'all_' || v);
    END LOOP;
END $$;

CREATE OR REPLACE VIEW desk.agents AS
SELECT g.id AS agent_id, g.name, g.teams, g.skills, g.languages, g.capacity,
       CASE WHEN g.expires_at < clock_timestamp() THEN 'offline' ELSE g.presence END AS presence, g.idle_since,
       relevo.load_of(g.id, g.capacity) AS load,
       (SELECT count(*) FROM relevo.conversation c WHERE c.owner = 3 AND c.agent_id = g.id)::integer AS conversations,
       (SELECT count(*) FROM relevo.conversation c WHERE c.owner = 2 AND c.offered_to = g.id AND relevo.is_offered(c))::integer AS offers,
       g.expires_at
FROM relevo.agent g;

-- Every team that has rules, agents or somebody waiting.
CREATE VIEW desk.teams AS
SELECT n.team, CASE t.rank WHEN 1 THEN 'least_loaded' WHEN 2 THEN 'longest_idle' END AS rank, t.weight, t.ageing, t.sticky, t.named_wait,
       t.overflow_to, t.overflow_after, t.accept_within, t.silent_after, t.offline_after,
       (SELECT count(*) FROM relevo.agent g WHERE n.team = ANY (g.teams) AND relevo.is_online(g))::integer AS online,
       (SELECT count(*) FROM relevo.conversation c WHERE c.owner = 2 AND c.forward IS NULL AND coalesce(c.team, '') = n.team)::integer AS waiting,
       relevo.pace_of(nullif(n.team, '')) AS pace
FROM (SELECT team FROM relevo.team UNION SELECT unnest(teams) FROM relevo.agent
      UNION SELECT team FROM relevo.conversation WHERE owner = 2 AND team IS NOT NULL) n
CROSS JOIN LATERAL relevo.team_of(n.team) t
WHERE (SELECT relevo.login_teams()) IS NULL OR n.team = ANY ((SELECT relevo.login_teams())::text[]);

-- Also why something came back to the queue.
CREATE OR REPLACE VIEW relevo.all_audit AS
SELECT h.at, h.conversation_id, h.lane, h.seq,
       CASE WHEN h.kind = 6 AND h.agent_id IS NOT NULL OR h.kind = 2 THEN 'agent' WHEN h.kind IN (6, 7, 8, 10) THEN 'system'
            WHEN h.kind = 0 AND h.owner = 2 THEN 'bot' WHEN h.kind = 0 THEN 'customer' ELSE 'system' END AS by,
       CASE WHEN h.kind = 2 THEN 'business_phone' ELSE h.agent_id END AS who,
       CASE WHEN h.kind = 6 THEN h.type WHEN h.kind = 2 THEN 'answered_by_phone' WHEN h.owner = 2 THEN 'hand_off'
            WHEN h.owner = 4 THEN 'close' WHEN h.was = 4 THEN 'reopen' WHEN h.was = 0 THEN 'begin' ELSE 'change' END AS action,
       relevo.owner_word(coalesce(h.was, h.owner)) AS from_owner,
       CASE WHEN coalesce(h.was, h.owner) = 3 THEN
           (SELECT p.owner_agent FROM relevo.history p
            WHERE p.conversation_id = h.conversation_id AND (p.was IS NOT NULL OR p.kind IN (2, 6)) AND p.was IS NOT NULL
              AND (p.at, p.seq) < (h.at, h.seq) ORDER BY p.at DESC, p.seq DESC LIMIT 1) END AS from_agent,
       relevo.owner_word(h.owner) AS to_owner, CASE WHEN h.was IS NOT NULL THEN h.owner_agent END AS to_agent, h.epoch,
       CASE WHEN h.kind = 6 AND h.type IN ('return', 'resolve', 'note', 'requeue') THEN h.text
            WHEN h.kind = 7 THEN 'timeout' ELSE h.trigger END AS why
FROM relevo.history h WHERE h.was IS NOT NULL OR h.kind IN (2, 6)
UNION ALL
SELECT e.at, e.conversation_id, e.lane, e.seq, CASE WHEN e.by IS NULL THEN 'system' ELSE 'agent' END, e.by, 'erase', NULL, NULL, NULL,
       NULL, NULL, CASE WHEN e.by IS NULL THEN 'retention' ELSE 'asked for' END
FROM relevo.erased e;

GRANT SELECT, INSERT, UPDATE, DELETE ON relevo.team, relevo.given TO relevo_lane;
GRANT SELECT ON relevo.waiting TO relevo_lane;
GRANT SELECT ON desk.teams TO relevo_desk;
REVOKE ALL ON FUNCTION desk.contract_revision, desk.put_team, desk.set_presence, desk.heartbeat, desk.accept, desk.decline, desk.weigh FROM PUBLIC;
GRANT EXECUTE ON FUNCTION desk.contract_revision, desk.put_team, desk.set_presence, desk.heartbeat, desk.accept, desk.decline, desk.weigh
    TO relevo_desk;
