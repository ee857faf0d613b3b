-- SPDX-License-Identifier: Apache-2.0
-- A login that is limited to teams changes the rules of no other, neither sees nor changes other teams' canned replies, and is shown by what else a
-- customer is known only where it may look. And a team overflows into one that there is.

CREATE FUNCTION relevo.limited_to(p_teams text[]) RETURNS text LANGUAGE sql STABLE
RETURN 'this login is limited to the teams ' || array_to_string(p_teams, ', ');

-- As in 008, and both.
CREATE OR REPLACE FUNCTION desk.put_team(p_team text, p_rank text DEFAULT NULL, p_weight integer DEFAULT 1, p_ageing interval DEFAULT '15 min',
                                         p_sticky interval DEFAULT '1 day', p_named_wait interval DEFAULT '0', p_overflow_to text DEFAULT NULL,
                                         p_overflow_after interval DEFAULT '5 min', p_accept_within interval DEFAULT NULL,
                                         p_silent_after interval DEFAULT NULL, p_offline_after interval DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mine  text[] := relevo.login_teams();
    wrong text;
BEGIN
    wrong := CASE
        WHEN p_team IS NULL THEN 'a team needs a name ('''' is for all teams that have no rules of their own)'
        WHEN p_team <> ALL (mine) THEN relevo.limited_to(mine)
        WHEN p_rank NOT IN ('least_loaded', 'longest_idle') THEN format('rank is least_loaded, longest_idle or NULL (as the router says), not %s', p_rank)
        WHEN coalesce(p_weight, 0) NOT BETWEEN 1 AND 100 THEN format('weight is 1 to 100 places, not %s', coalesce(p_weight::text, 'NULL'))
        WHEN p_overflow_to = p_team THEN 'a team does not overflow into itself'
        WHEN p_overflow_to = '' THEN 'overflow_to names a team; NULL: none'
        WHEN p_overflow_to IS NOT NULL AND NOT EXISTS (SELECT FROM relevo.team t WHERE t.team = p_overflow_to)
             AND NOT EXISTS (SELECT FROM relevo.agent g WHERE p_overflow_to = ANY (g.teams))
            THEN format('there is no team %s to overflow into: no agent is of it, and it has no rules', p_overflow_to)
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

CREATE OR REPLACE VIEW desk.canned WITH (security_barrier) AS
SELECT shortcut, text, language, team FROM relevo.canned
WHERE (SELECT relevo.login_teams()) IS NULL OR team IS NULL OR team = ANY ((SELECT relevo.login_teams())::text[]);

-- As in 021, of its own teams' replies only: everybody's are not for one team to change.
CREATE OR REPLACE FUNCTION desk.put_canned(p_shortcut text, p_text text, p_language text DEFAULT NULL, p_team text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    mine text[] := relevo.login_teams();
BEGIN
    PERFORM relevo.desk_text('a reply', p_text, 0);
    IF p_shortcut IS NULL OR p_shortcut !~ '^[a-z0-9_-]{1,40}$' THEN
        RAISE EXCEPTION 'a shortcut has 1 to 40 of a-z 0-9 _ -, not %', p_shortcut USING ERRCODE = 'RV012';
    END IF;
    IF coalesce(p_text, '') = '' THEN
        DELETE FROM relevo.canned k WHERE k.shortcut = p_shortcut AND (mine IS NULL OR k.team = ANY (mine));
    ELSIF mine IS NOT NULL AND (p_team IS NULL OR p_team <> ALL (mine)) THEN
        RAISE EXCEPTION '%: say whose of them the reply is', relevo.limited_to(mine) USING ERRCODE = 'RV012';
    ELSE
        INSERT INTO relevo.canned AS k (shortcut, text, language, team) VALUES (p_shortcut, p_text, p_language, p_team)
        ON CONFLICT (shortcut) DO UPDATE SET text = p_text, language = p_language, team = p_team WHERE mine IS NULL OR k.team = ANY (mine);
    END IF;
    IF NOT FOUND AND EXISTS (SELECT FROM relevo.canned k WHERE k.shortcut = p_shortcut) THEN
        RAISE EXCEPTION '%, and % is not theirs', relevo.limited_to(mine), p_shortcut USING ERRCODE = 'RV012';
    END IF;
END $$;

-- As in 004, where the login may look.
CREATE OR REPLACE VIEW desk.identities WITH (security_barrier) AS
SELECT f.id AS former_id, f.forward AS conversation_id, f.phone_number_id, f.customer_id AS identity
FROM relevo.conversation f
WHERE f.forward IS NOT NULL
  AND ((SELECT relevo.login_teams()) IS NULL
       OR EXISTS (SELECT FROM relevo.conversation c WHERE c.id = f.forward AND c.team = ANY ((SELECT relevo.login_teams())::text[])));

-- As in 183, without other teams' replies, nor what was one once.
CREATE OR REPLACE VIEW desk.changes WITH (security_barrier) AS
SELECT c.at, c.login, c.what, c.name, c.before, c.after, c.why FROM relevo.changed c
WHERE (SELECT relevo.login_teams()) IS NULL OR c.what = 'agent' OR (c.what = 'team' AND c.name = ANY ((SELECT relevo.login_teams())::text[]))
   OR (c.what = 'canned'
       AND NOT EXISTS (SELECT FROM relevo.canned k WHERE k.shortcut = c.name AND k.team <> ALL ((SELECT relevo.login_teams())::text[]))
       AND NOT EXISTS (SELECT FROM relevo.changed d WHERE d.what = 'canned' AND d.name = c.name
                       AND (d.before ->> 'team' <> ALL ((SELECT relevo.login_teams())::text[])
                            OR d.after ->> 'team' <> ALL ((SELECT relevo.login_teams())::text[]))));

-- As in 022, where the login may look.
CREATE OR REPLACE FUNCTION desk.seen(p_conversation uuid, p_agent text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    DELETE FROM relevo.mention m USING relevo.conversation f
    WHERE m.agent_id = p_agent AND f.id = m.conversation_id AND p_conversation IN (f.id, f.forward)
      AND (relevo.login_teams() IS NULL
           OR EXISTS (SELECT FROM relevo.conversation c WHERE c.id = coalesce(f.forward, f.id) AND c.team = ANY (relevo.login_teams())))
$$;
