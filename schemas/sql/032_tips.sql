-- SPDX-License-Identifier: Apache-2.0
-- What triggers told people without handing anything over: a qualified lead, of which the salesperson is to know while the bot goes on.

ALTER TABLE relevo.history ADD COLUMN tip text; -- the trigger that told people
CREATE INDEX history_tip ON relevo.history (at) WHERE tip IS NOT NULL;

CREATE VIEW desk.tips WITH (security_barrier) AS
SELECT c.conversation_id, h.at, h.tip AS trigger, h.text, c.phone_number_id, c.customer_id, c.customer_name, c.language, c.owner, c.agent_id,
       c.card, h.lane, h.seq
FROM relevo.history h
JOIN relevo.conversation f ON f.id = h.conversation_id
JOIN desk.conversations c ON c.conversation_id = CASE WHEN f.forward IS NULL THEN f.id ELSE f.told_in END
WHERE h.tip IS NOT NULL;

CREATE OR REPLACE FUNCTION desk.contract_revision() RETURNS integer LANGUAGE sql IMMUTABLE RETURN 4;

GRANT SELECT ON desk.tips TO relevo_desk;
