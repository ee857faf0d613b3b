-- SPDX-License-Identifier: Apache-2.0
-- Who did what, and who may see what: the audit, and logins that see their teams' conversations only (007_reports.sql has the table).

------------------------------------------------------------------------------------------------------------- the audit

-- Every action: who, when, from what to what, and why. It is made of what is written anyway; nobody can act without a row.
CREATE VIEW desk.audit AS
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
       CASE WHEN h.kind = 6 AND h.type IN ('return', 'resolve', 'note') THEN h.text
            WHEN h.kind = 7 THEN 'timeout' ELSE h.trigger END AS why
FROM relevo.history h WHERE h.was IS NOT NULL OR h.kind IN (2, 6)
UNION ALL
SELECT e.at, e.conversation_id, e.lane, e.seq, CASE WHEN e.by IS NULL THEN 'system' ELSE 'agent' END, e.by, 'erase', NULL, NULL, NULL,
       NULL, NULL, CASE WHEN e.by IS NULL THEN 'retention' ELSE 'asked for' END
FROM relevo.erased e;

-------------------------------------------------------------------------------------------------------- teams and logins

-- Every view of the contract that tells of conversations becomes the same view, behind a barrier. By name, so that what earlier
-- migrations made of them stays as it is.
DO $$
DECLARE
    v text;
    test text;
BEGIN
    FOREACH v IN ARRAY ARRAY['conversations', 'queue', 'history', 'statuses', 'sends', 'handoffs', 'audit'] LOOP
        EXECUTE format('ALTER VIEW desk.%I RENAME TO %I', v, 'all_' || v);
        EXECUTE format('REVOKE ALL ON desk.%I FROM relevo_desk', 'all_' || v);
        EXECUTE format('ALTER VIEW desk.%I SET SCHEMA relevo', 'all_' || v);
        test := CASE WHEN v IN ('conversations', 'queue') THEN 'a.team = ANY ((SELECT relevo.login_teams())::text[])'
                ELSE 'EXISTS (SELECT FROM relevo.conversation c WHERE c.id = a.conversation_id AND '
                     'c.team = ANY ((SELECT relevo.login_teams())::text[]))' END;
        EXECUTE format('CREATE VIEW desk.%I WITH (security_barrier) AS SELECT * FROM relevo.%I a '
                       'WHERE (SELECT relevo.login_teams()) IS NULL OR %s', v, 'all_' || v, test);
        EXECUTE format('GRANT SELECT ON desk.%I TO relevo_desk', v);
    END LOOP;
END $$;

-- And no function acts on a conversation that its caller does not see.
ALTER FUNCTION relevo.desk_lock(uuid) RENAME TO desk_lock_any;
CREATE FUNCTION relevo.desk_lock(p_conversation uuid) RETURNS relevo.conversation LANGUAGE plpgsql AS $$
DECLARE
    c     relevo.conversation := relevo.desk_lock_any(p_conversation);
    teams text[] := relevo.login_teams();
BEGIN
    IF teams IS NOT NULL AND (c.team IS NULL OR c.team <> ALL (teams)) THEN
        RAISE EXCEPTION 'there is no conversation %', p_conversation USING ERRCODE = 'RV010';
    END IF;
    RETURN c;
END $$;
