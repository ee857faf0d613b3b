-- SPDX-License-Identifier: Apache-2.0
-- Who may use the desk's pages, who logged in, out and in vain, and which teams a desktop's login is limited to: in desk.changes, like all that is
-- changed besides conversations.

-- As relevo.note_change, of what only some may read. Its argument: what. A password is never in it, nor what a session is known by.
CREATE FUNCTION relevo.note_access() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    silent CONSTANT text[] := '{token,csrf,failed_at,created_at}';
    hidden CONSTANT jsonb := '{"password": "***"}';
    was    jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - silent END;
    now    jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - silent END;
    login  text := coalesce(now, was) ->> 'login';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, now -> o.key) INTO was, now
        FROM jsonb_each(was) o WHERE o.value IS DISTINCT FROM now -> o.key;
        IF was IS NULL THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO relevo.changed (login, what, name, before, after, why)
    VALUES (session_user, TG_ARGV[0], login, CASE WHEN was ->> 'password' IS NULL THEN was ELSE was || hidden END,
            CASE WHEN now ->> 'password' IS NULL THEN now ELSE now || hidden END,
            CASE WHEN TG_OP = 'DELETE' AND (was ->> 'ends_at')::timestamptz < clock_timestamp() THEN 'expired' END);
    RETURN NULL;
END $$;

CREATE TRIGGER note_access AFTER INSERT OR DELETE OR UPDATE ON relevo.account FOR EACH ROW EXECUTE FUNCTION relevo.note_access('account');
CREATE TRIGGER note_access AFTER INSERT OR DELETE ON relevo.session FOR EACH ROW EXECUTE FUNCTION relevo.note_access('session');
CREATE TRIGGER note_access AFTER INSERT OR DELETE ON relevo.login_team FOR EACH ROW EXECUTE FUNCTION relevo.note_access('limit');

-- As in 007; what stays is left alone, so that a row of desk.changes is a change.
CREATE OR REPLACE FUNCTION relevo.limit_login(p_login name, p_teams text[]) RETURNS void LANGUAGE sql AS $$
    DELETE FROM relevo.login_team WHERE login = p_login AND NOT team = ANY (coalesce(p_teams, '{}'));
    INSERT INTO relevo.login_team SELECT DISTINCT p_login, t FROM unnest(p_teams) t ON CONFLICT DO NOTHING;
$$;

-- As in 180; accounts and limits are no team's matter.
CREATE OR REPLACE VIEW desk.changes WITH (security_barrier) AS
SELECT c.at, c.login, c.what, c.name, c.before, c.after, c.why FROM relevo.changed c
WHERE (SELECT relevo.login_teams()) IS NULL OR c.what IN ('agent', 'canned') OR (c.what = 'team' AND c.name = ANY ((SELECT relevo.login_teams())::text[]));

CREATE OR REPLACE FUNCTION desk.contract_revision() RETURNS integer LANGUAGE sql IMMUTABLE RETURN 9;
