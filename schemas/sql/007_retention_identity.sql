-- SPDX-License-Identifier: Apache-2.0
-- Who is erased, expired or given out is so with all identities (004), and with the conversations that became a part of another.

CREATE OR REPLACE FUNCTION desk.erase_customer(p_customer text, p_by text)
RETURNS TABLE (conversation_id uuid, phone_number_id text, events bigint, waiting bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ids uuid[];
    c   relevo.conversation;
BEGIN
    PERFORM relevo.desk_text('who asks', p_by, 1);
    WITH whole AS (SELECT coalesce(v.forward, v.id) AS id FROM relevo.conversation v WHERE p_customer IN (v.customer_id, v.wa_id))
    SELECT array_agg(v.id) INTO ids FROM relevo.conversation v
    WHERE v.id IN (SELECT w.id FROM whole w) OR v.forward IN (SELECT w.id FROM whole w);
    PERFORM relevo.erase_words(ids, 0, 0, true); -- the slow part, with nobody waiting
    FOR c IN SELECT * FROM relevo.conversation v WHERE v.id = ANY (ids) ORDER BY v.id FOR UPDATE LOOP
        PERFORM relevo.erase_conversation(c, p_by);
        PERFORM relevo.erase_words(ARRAY[c.id], 0, 0, false); -- what came meanwhile
        conversation_id := c.id;
        phone_number_id := c.phone_number_id;
        SELECT count(*) FILTER (WHERE h.decided = '\x01'), count(*) FILTER (WHERE h.decided <> '\x01') INTO events, waiting
        FROM relevo.history h WHERE h.conversation_id = c.id AND h.kind <> 1;
        RETURN NEXT;
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION desk.export_customer(p_customer text) RETURNS json
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT json_build_object('customer', p_customer, 'exported_at', clock_timestamp(), 'conversations', coalesce(json_agg(
        (to_jsonb(c) || jsonb_build_object(
            'identities', (SELECT coalesce(jsonb_agg(i.identity ORDER BY i.identity), '[]')
                           FROM desk.identities i WHERE i.conversation_id = c.conversation_id),
            'history', (SELECT coalesce(jsonb_agg(to_jsonb(h) - 'conversation_id' ORDER BY h.at, h.lane, h.seq, h.part), '[]')
                        FROM desk.history h WHERE h.conversation_id = c.conversation_id),
            'sends', (SELECT coalesce(jsonb_agg(to_jsonb(s) - 'conversation_id' ORDER BY s.message, s.part), '[]')
                      FROM desk.sends s WHERE s.conversation_id = c.conversation_id))) ORDER BY c.opened_at), '[]'))
    FROM desk.conversations c
    WHERE p_customer IN (c.customer_id, c.wa_id)
       OR c.conversation_id IN (SELECT i.conversation_id FROM desk.identities i WHERE i.identity = p_customer)
$$;

-- An identity stays as long as the conversation that it leads to.
CREATE OR REPLACE FUNCTION relevo.expire_conversations(p_before timestamptz, p_limit integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    c      relevo.conversation;
    before bigint := extract(epoch FROM p_before) * 1000;
    n      bigint := 0;
BEGIN
    FOR c IN SELECT * FROM relevo.conversation v WHERE v.owner IN (1, 4) AND v.last_in_ms < before AND v.owner_since < before
               AND (v.forward IS NULL OR NOT EXISTS (SELECT FROM relevo.conversation r WHERE r.id = v.forward))
             ORDER BY v.id LIMIT p_limit FOR UPDATE OF v SKIP LOCKED LOOP
        PERFORM relevo.erase_conversation(c, NULL);
        n := n + 1;
    END LOOP;
    RETURN n;
END $$;
