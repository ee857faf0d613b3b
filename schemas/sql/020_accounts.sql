-- SPDX-License-Identifier: Apache-2.0
-- Who may use the pages of `relevo desk`. Not part of the contract: an external desktop has accounts of its own.

CREATE TABLE relevo.account (
    login      text PRIMARY KEY,
    role       text NOT NULL CHECK (role IN ('agent', 'supervisor', 'admin')),
    agent_id   text REFERENCES relevo.agent,      -- in whose name they act; NULL: they only look
    password   text,                              -- Argon2id, as libsodium writes it; NULL: only through a trusted proxy
    failures   integer NOT NULL DEFAULT 0,        -- wrong passwords since the last right one
    failed_at  timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- The cookie's own bytes are nowhere: a copy of this table opens nothing.
CREATE TABLE relevo.session (
    token      bytea PRIMARY KEY,                 -- BLAKE2b of the cookie
    login      text NOT NULL REFERENCES relevo.account ON DELETE CASCADE,
    csrf       text NOT NULL,
    began_at   timestamptz NOT NULL DEFAULT now(),
    ends_at    timestamptz NOT NULL
);
CREATE INDEX session_login ON relevo.session (login);

-- After five wrong passwords an account rests: a second, two, four, at most a minute, so that nobody can lock a person out for long.
CREATE FUNCTION relevo.account_rests(a relevo.account) RETURNS boolean LANGUAGE sql STABLE
RETURN a.failures >= 5 AND a.failed_at + make_interval(secs => least(60, 2 ^ least(a.failures - 5, 10))) > clock_timestamp();

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'relevo_page') THEN CREATE ROLE relevo_page NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; -- another database of this server was migrated at the same moment
END $$;
GRANT relevo_desk TO relevo_page;
GRANT USAGE ON SCHEMA relevo TO relevo_page;
GRANT SELECT ON public.relevo_migration TO relevo_page;
GRANT SELECT, INSERT, UPDATE, DELETE ON relevo.account, relevo.session TO relevo_page;
GRANT EXECUTE ON FUNCTION relevo.account_rests(relevo.account) TO relevo_page;
