-- SPDX-License-Identifier: Apache-2.0
-- Who looked at a conversation that they do not have, and who searched through all of them, by the desk's page: in desk.changes.

CREATE INDEX changed_looks ON relevo.changed (name, at) WHERE what IN ('look', 'search');

-- p_conversation: NULL is a search. What waits for somebody, or is p_agent's or was last, is theirs to look at. The same within a quarter of an hour is
-- one look: a page asks again with whatever happens. The words of a search are not kept: an erasure would not find the customer in them.
CREATE FUNCTION relevo.note_look(p_login text, p_agent text, p_conversation uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    word text := CASE WHEN p_conversation IS NULL THEN 'search' ELSE 'look' END;
    seen jsonb := CASE WHEN p_conversation IS NOT NULL THEN jsonb_build_object('conversation_id', p_conversation) END;
BEGIN
    IF p_conversation IS NOT NULL AND NOT EXISTS (
        SELECT FROM relevo.conversation c WHERE c.id = p_conversation AND c.owner <> 2
        AND coalesce(nullif(p_agent, '') NOT IN (coalesce(c.agent_id, ''), coalesce(c.last_agent, '')), true)) THEN
        RETURN;
    END IF;
    INSERT INTO relevo.changed (login, what, name, after)
    SELECT session_user, word, p_login, seen
    WHERE NOT EXISTS (SELECT FROM relevo.changed c WHERE c.what IN ('look', 'search') AND c.what = word AND c.name = p_login
                      AND c.at > clock_timestamp() - interval '15 minutes' AND c.after IS NOT DISTINCT FROM seen);
END $$;

REVOKE ALL ON FUNCTION relevo.note_look(text, text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION relevo.note_look(text, text, uuid) TO relevo_page;

CREATE OR REPLACE FUNCTION desk.contract_revision() RETURNS integer LANGUAGE sql IMMUTABLE RETURN 10;
