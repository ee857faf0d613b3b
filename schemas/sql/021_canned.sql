-- SPDX-License-Identifier: Apache-2.0
-- Replies that are written once and said often. Part of the contract: any desktop may offer them.

CREATE TABLE relevo.canned (
    shortcut text PRIMARY KEY CHECK (shortcut ~ '^[a-z0-9_-]{1,40}$'),
    text     text NOT NULL CHECK (length(text) BETWEEN 1 AND 4096),
    language text,                                -- that it is in; NULL: any
    team     text                                 -- whose it is; NULL: everybody's
);

CREATE VIEW desk.canned AS SELECT shortcut, text, language, team FROM relevo.canned;

-- Makes a reply, or changes it; with an empty text, takes it away.
CREATE FUNCTION desk.put_canned(p_shortcut text, p_text text, p_language text DEFAULT NULL, p_team text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM relevo.desk_text('a reply', p_text, 0);
    IF p_shortcut IS NULL OR p_shortcut !~ '^[a-z0-9_-]{1,40}$' THEN
        RAISE EXCEPTION 'a shortcut has 1 to 40 of a-z 0-9 _ -, not %', p_shortcut USING ERRCODE = 'RV012';
    END IF;
    IF coalesce(p_text, '') = '' THEN
        DELETE FROM relevo.canned WHERE shortcut = p_shortcut;
    ELSE
        INSERT INTO relevo.canned (shortcut, text, language, team) VALUES (p_shortcut, p_text, p_language, p_team)
        ON CONFLICT (shortcut) DO UPDATE SET text = p_text, language = p_language, team = p_team;
    END IF;
END $$;

CREATE OR REPLACE FUNCTION desk.contract_revision() RETURNS integer LANGUAGE sql IMMUTABLE RETURN 3;

REVOKE ALL ON FUNCTION desk.put_canned FROM PUBLIC;
GRANT SELECT ON desk.canned TO relevo_desk;
GRANT EXECUTE ON FUNCTION desk.put_canned TO relevo_desk;
