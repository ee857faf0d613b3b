-- SPDX-License-Identifier: Apache-2.0
-- Whoever takes out a customer's data is in the audit: that, when, and with which login. What they took is not kept.

CREATE TABLE relevo.exported (
    conversation_id uuid NOT NULL,
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    by              text NOT NULL  -- the login
);
CREATE INDEX exported_conversation ON relevo.exported (conversation_id);

-- As in 070, and exports.
CREATE OR REPLACE VIEW relevo.all_audit AS
SELECT h.at, h.conversation_id, h.lane, h.seq,
       CASE WHEN h.kind = 6 AND h.agent_id IS NOT NULL OR h.kind = 2 THEN 'agent'
            WHEN h.kind IN (7, 8) AND h.owner = 2 AND h.trigger IS NOT NULL THEN 'bot'
            WHEN h.kind IN (6, 7, 8, 10) THEN 'system'
            WHEN h.kind = 0 AND h.owner = 2 AND (h.was <> 4 OR h.trigger IS NOT NULL) THEN 'bot'
            WHEN h.kind = 0 THEN 'customer' ELSE 'system' END AS by,
       CASE WHEN h.kind = 2 THEN 'business_phone' ELSE h.agent_id END AS who,
       CASE WHEN h.kind = 6 THEN h.type WHEN h.kind = 2 THEN 'answered_by_phone'
            WHEN h.kind = 0 AND h.owner = 2 AND h.was = 4 AND h.trigger IS NULL THEN 'reopen'
            WHEN h.owner = 2 THEN 'hand_off' WHEN h.owner = 4 THEN 'close' WHEN h.was = 4 THEN 'reopen' WHEN h.was = 0 THEN 'begin'
            ELSE 'change' END AS action,
       relevo.owner_word(coalesce(h.was, h.owner)) AS from_owner,
       CASE WHEN coalesce(h.was, h.owner) = 3 THEN
           (SELECT p.owner_agent FROM relevo.history p
            WHERE p.conversation_id = h.conversation_id AND (p.was IS NOT NULL OR p.kind IN (2, 6)) AND p.was IS NOT NULL
              AND (p.at, p.seq) < (h.at, h.seq) ORDER BY p.at DESC, p.seq DESC LIMIT 1) END AS from_agent,
       relevo.owner_word(h.owner) AS to_owner, CASE WHEN h.was IS NOT NULL THEN h.owner_agent END AS to_agent, h.epoch,
       CASE WHEN h.kind = 6 AND h.type IN ('return', 'resolve', 'note', 'requeue') THEN h.text
            WHEN h.kind = 7 AND h.trigger IS NULL THEN 'timeout' ELSE h.trigger END AS why
FROM relevo.history h WHERE h.was IS NOT NULL OR h.kind IN (2, 6)
UNION ALL
SELECT e.at, e.conversation_id, e.lane, e.seq, CASE WHEN e.by IS NULL THEN 'system' ELSE 'agent' END, e.by, 'erase', NULL, NULL, NULL,
       NULL, NULL, CASE WHEN e.by IS NULL THEN 'retention' ELSE 'asked for' END
FROM relevo.erased e
UNION ALL
SELECT x.at, x.conversation_id, NULL, NULL, 'agent', x.by, 'export', NULL, NULL, NULL, NULL, NULL, 'asked for'
FROM relevo.exported x;

-- As in 007; and it is written down.
CREATE OR REPLACE FUNCTION desk.export_customer(p_customer text) RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ids   uuid[];
    given json;
BEGIN
    SELECT array_agg(c.conversation_id),
           json_build_object('customer', p_customer, 'exported_at', clock_timestamp(), 'conversations', coalesce(json_agg(
        (to_jsonb(c) || jsonb_build_object(
            'identities', (SELECT coalesce(jsonb_agg(i.identity ORDER BY i.identity), '[]')
                           FROM desk.identities i WHERE i.conversation_id = c.conversation_id),
            'history', (SELECT coalesce(jsonb_agg(to_jsonb(h) - 'conversation_id' ORDER BY h.at, h.lane, h.seq, h.part), '[]')
                        FROM desk.history h WHERE h.conversation_id = c.conversation_id),
            'sends', (SELECT coalesce(jsonb_agg(to_jsonb(s) - 'conversation_id' ORDER BY s.message, s.part), '[]')
                      FROM desk.sends s WHERE s.conversation_id = c.conversation_id))) ORDER BY c.opened_at), '[]'))
    INTO ids, given
    FROM desk.conversations c
    WHERE p_customer IN (c.customer_id, c.wa_id)
       OR c.conversation_id IN (SELECT i.conversation_id FROM desk.identities i WHERE i.identity = p_customer);
    INSERT INTO relevo.exported (conversation_id, by) SELECT id, session_user FROM unnest(ids) id;
    RETURN given;
END $$;
