-- SPDX-License-Identifier: Apache-2.0
-- The audit of what a timer or a result decides: a burst that a trigger hands over when nothing followed it is the bot's handing over, and why is
-- the trigger. And who writes again after the closing, and goes back to people, opens it again; nobody handed it over.

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
FROM relevo.erased e;
