-- SPDX-License-Identifier: Apache-2.0
-- Triggers see the tags of a customer (the rule's `tag`), and a replay sees those of then.

-- As in 022; and its note says that it is one, so that whoever reads the decisions knows the tags of any moment.
CREATE OR REPLACE FUNCTION desk.tag(p_conversation uuid, p_agent text, p_add text[] DEFAULT '{}', p_remove text[] DEFAULT '{}') RETURNS desk.outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c       relevo.conversation := relevo.desk_lock(p_conversation);
    was     text[];
    becomes text[];
    wrong   text;
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    p_add := ARRAY(SELECT DISTINCT lower(btrim(t)) FROM unnest(p_add) t ORDER BY 1);
    p_remove := ARRAY(SELECT lower(btrim(t)) FROM unnest(p_remove) t);
    wrong := (SELECT t FROM unnest(p_add) t WHERE t IS NULL OR length(t) NOT BETWEEN 1 AND 40 OR t ~ '[[:cntrl:],]' LIMIT 1);
    IF wrong IS NOT NULL OR array_position(p_add, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'a tag has 1 to 40 characters and no comma, not ''%''', left(wrong, 60) USING ERRCODE = 'RV012';
    END IF;
    was := ARRAY(SELECT DISTINCT t FROM relevo.conversation f, unnest(f.tags) t WHERE f.id = c.id OR f.forward = c.id ORDER BY 1);
    becomes := ARRAY(SELECT t FROM unnest(was) t WHERE t <> ALL (p_remove) UNION SELECT t FROM unnest(p_add) t ORDER BY 1);
    IF cardinality(becomes) > 20 THEN
        RAISE EXCEPTION 'a conversation has at most 20 tags' USING ERRCODE = 'RV012';
    END IF;
    IF becomes = was THEN
        RETURN desk.outcome_of(c, true, 'nothing changed');
    END IF;
    UPDATE relevo.conversation SET tags = NULL WHERE forward = c.id AND tags IS NOT NULL;
    UPDATE relevo.conversation SET tags = nullif(becomes, '{}') WHERE id = c.id;
    c := relevo.desk_write(c, 'note', c.owner, c.agent_id, p_agent, 'tags: ' || (
        SELECT string_agg(x.sign || x.t, ', ' ORDER BY x.sign, x.t) FROM (
            SELECT '+' AS sign, t FROM unnest(becomes) t WHERE t <> ALL (was)
            UNION ALL SELECT '-', t FROM unnest(was) t WHERE t <> ALL (becomes)) x), 'tags');
    RETURN desk.outcome_of(c, true, NULL);
END $$;
