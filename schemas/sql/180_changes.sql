-- SPDX-License-Identifier: Apache-2.0
-- Who changed agents, their presence, teams' rules and canned replies: when, from what to what. What is done to conversations is in desk.audit.

CREATE TABLE relevo.changed (
    at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    login  text NOT NULL,                         -- who was connected
    what   text NOT NULL,                         -- agent, team, canned
    name   text NOT NULL,                         -- which one
    before jsonb,                                 -- what changed, as it was; NULL: it is new
    after  jsonb,                                 -- as it is; NULL: it was taken away
    why    text                                   -- of what nobody did: no heartbeat, offer missed
);
CREATE INDEX changed_at ON relevo.changed (at);

-- By a trigger, so that no way of changing them is without a row. Its arguments: what, and the column of the name.
CREATE FUNCTION relevo.note_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    silent CONSTANT text[] := '{idle_since,present_for,expires_at,gone_at}'; -- what assignments and heartbeats move
    ranks  CONSTANT jsonb := '{"1": "least_loaded", "2": "longest_idle"}';
    was    jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - silent END;
    now    jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - silent END;
    name   text := coalesce(now, was) ->> TG_ARGV[1];
    why    text;
BEGIN
    IF TG_ARGV[0] = 'team' THEN
        was := was || jsonb_build_object('rank', ranks -> (was ->> 'rank'));
        now := now || jsonb_build_object('rank', ranks -> (now ->> 'rank'));
    END IF;
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, now -> o.key) INTO was, now
        FROM jsonb_each(was) o WHERE o.value IS DISTINCT FROM now -> o.key;
        IF was IS NULL THEN
            RETURN NULL;
        END IF;
        IF now ->> 'presence' = 'offline' AND (to_jsonb(OLD) ->> 'expires_at')::timestamptz < clock_timestamp() THEN
            why := 'no heartbeat';
        ELSIF now ->> 'presence' = 'away' AND EXISTS (
            SELECT FROM relevo.conversation c WHERE c.owner = 2 AND c.offered_to = name AND relevo.is_offered(c) AND c.offer_until < clock_timestamp()) THEN
            why := 'offer missed';
        END IF;
    END IF;
    INSERT INTO relevo.changed (login, what, name, before, after, why) VALUES (session_user, TG_ARGV[0], name, was, now, why);
    RETURN NULL;
END $$;

CREATE TRIGGER note_change AFTER INSERT OR DELETE OR UPDATE OF name, teams, skills, languages, capacity, presence ON relevo.agent
    FOR EACH ROW EXECUTE FUNCTION relevo.note_change('agent', 'id');
CREATE TRIGGER note_change AFTER INSERT OR DELETE OR UPDATE ON relevo.team FOR EACH ROW EXECUTE FUNCTION relevo.note_change('team', 'team');
CREATE TRIGGER note_change AFTER INSERT OR DELETE OR UPDATE ON relevo.canned FOR EACH ROW EXECUTE FUNCTION relevo.note_change('canned', 'shortcut');

CREATE VIEW desk.changes WITH (security_barrier) AS
SELECT c.at, c.login, c.what, c.name, c.before, c.after, c.why FROM relevo.changed c
WHERE c.what <> 'team' OR (SELECT relevo.login_teams()) IS NULL OR c.name = ANY ((SELECT relevo.login_teams())::text[]);
GRANT SELECT ON desk.changes TO relevo_desk;

-- As in 008, and each mistake in words.
CREATE OR REPLACE FUNCTION desk.put_agent(p_agent text, p_name text, p_teams text[] DEFAULT '{}', p_skills text[] DEFAULT '{}',
                                          p_languages text[] DEFAULT '{}', p_capacity integer DEFAULT 5) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    skill text := (SELECT s FROM unnest(p_skills) s WHERE s ~ ':[0-9]+$' AND s !~ '[^:]:[1-9]$' LIMIT 1);
    wrong text;
BEGIN
    PERFORM relevo.desk_text('the id of an agent', p_agent, 1);
    PERFORM relevo.desk_text('the name of an agent', p_name, 1);
    wrong := CASE
        WHEN skill IS NOT NULL THEN format('the skill %s is not name or name:level, with a level of 1 to 9', skill)
        WHEN p_teams IS NULL OR p_skills IS NULL OR p_languages IS NULL THEN 'teams, skills and languages are lists: {} is none'
        WHEN coalesce(p_capacity, -1) < 0 THEN format('a capacity is 0 places or more, not %s', coalesce(p_capacity::text, 'NULL'))
    END;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION '%', wrong USING ERRCODE = 'RV012';
    END IF;
    INSERT INTO relevo.agent (id, name, teams, skills, languages, capacity)
    VALUES (p_agent, p_name, p_teams, p_skills, p_languages, p_capacity)
    ON CONFLICT (id) DO UPDATE SET name = p_name, teams = p_teams, skills = p_skills, languages = p_languages, capacity = p_capacity;
END $$;

-- As in 007; and what was changed before then goes with the history of that time.
CREATE OR REPLACE FUNCTION relevo.expire_months(p_before timestamptz, p_lanes integer[], p_published bigint[]) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    month   record;
    waiting boolean;
    dropped text[] := '{}';
BEGIN
    SET LOCAL lock_timeout = '2s'; -- readers and lanes come first; the command tries again
    DELETE FROM relevo.changed c WHERE c.at < p_before;
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

CREATE OR REPLACE FUNCTION desk.contract_revision() RETURNS integer LANGUAGE sql IMMUTABLE RETURN 8;
