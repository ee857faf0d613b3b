-- SPDX-License-Identifier: Apache-2.0
-- Messages as they are, not only their words: media, places, what they answer, choices; and people who answer with a quote, an approved template
-- or a file.

ALTER TABLE relevo.history
    ADD COLUMN extra    json,                     -- of a message, what it is besides its text; NULL: nothing
    ADD COLUMN mood     real,                     -- as a classifier read it: -1 to 1
    ADD COLUMN observed text[];                   -- triggers that would have handed off, and only watch

CREATE INDEX history_observed ON relevo.history (at) WHERE observed IS NOT NULL;

CREATE OR REPLACE VIEW relevo.told AS
SELECT h.conversation_id AS told_in, h.lane, h.seq, h.at, h.kind, h.by, h.agent_id, h.type, h.message_id, h.text, h.said, h.intent,
       h.owner, h.epoch, h.trigger, h.extra, h.mood
FROM relevo.history h
WHERE h.kind <> 1 AND NOT EXISTS (SELECT FROM relevo.conversation f WHERE f.id = h.conversation_id AND f.forward IS NOT NULL)
UNION ALL
SELECT f.told_in, h.lane, h.seq, h.at, h.kind, h.by, h.agent_id, h.type, h.message_id, h.text, h.said, h.intent,
       h.owner, h.epoch, h.trigger, h.extra, h.mood
FROM relevo.conversation f JOIN relevo.history h ON h.conversation_id = f.id
WHERE h.kind <> 1 AND f.told_in IS NOT NULL;

CREATE OR REPLACE VIEW relevo.all_history AS
SELECT h.told_in AS conversation_id, h.lane, h.seq, 0 AS part, h.at, relevo.by_word(h.by) AS by, h.agent_id,
       CASE WHEN h.kind = 6 THEN h.type ELSE 'message' END AS what, h.type, h.message_id, h.text, h.intent,
       relevo.owner_word(h.owner) AS owner, h.epoch, h.trigger, NULL::text AS source, h.extra, h.mood AS sentiment
FROM relevo.told h
WHERE (h.kind IN (0, 2) AND (h.type IS NULL OR h.type NOT IN ('duplicate', 'forwarded'))) OR (h.kind = 6 AND h.type <> 'reply')
UNION ALL
SELECT h.told_in, h.lane, h.seq, s.part::integer, h.at, s.said ->> 'by', s.said ->> 'agent', 'message', 'text', s.said ->> 'id',
       s.said ->> 'text', NULL, relevo.owner_word(h.owner), h.epoch, NULL, s.said ->> 'source',
       nullif(json_strip_nulls(json_build_object('choices', s.said -> 'choices', 'media', s.said -> 'media', 'context_id', s.said -> 'to',
                                                 'template', s.said -> 'template'))::text, '{}')::json, NULL
FROM relevo.told h, json_array_elements(h.said) WITH ORDINALITY AS s(said, part)
WHERE h.said IS NOT NULL;

CREATE OR REPLACE VIEW desk.history WITH (security_barrier) AS
SELECT * FROM relevo.all_history a
WHERE (SELECT relevo.login_teams()) IS NULL
   OR EXISTS (SELECT FROM relevo.conversation c WHERE c.id = a.conversation_id AND c.team = ANY ((SELECT relevo.login_teams())::text[]));

-- As in 007, and what a message is besides its text.
CREATE OR REPLACE FUNCTION relevo.erase_words(p_conversations uuid[], p_lane integer, p_published bigint, p_statuses boolean) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
    s bigint := 0;
BEGIN
    UPDATE relevo.history h
    SET text = NULL, said = NULL, extra = NULL, message_id = NULL, intent = NULL, decided = '\x01'
    FROM relevo.lane l
    WHERE h.conversation_id = ANY (p_conversations) AND h.kind <> 1 AND h.decided <> '\x01' AND l.lane = h.lane
      AND h.seq <= greatest(l.published, CASE WHEN l.lane = p_lane THEN p_published ELSE 0 END)
      AND NOT EXISTS (SELECT FROM relevo.erased e WHERE e.conversation_id = h.conversation_id AND e.lane = h.lane AND h.seq > e.seq);
    GET DIAGNOSTICS n = ROW_COUNT;
    IF p_statuses THEN
        UPDATE relevo.history h SET text = NULL, message_id = NULL, decided = '\x01'
        FROM relevo.lane l
        WHERE h.conversation_id = ANY (p_conversations) AND h.kind = 1 AND h.decided <> '\x01' AND l.lane = h.lane
          AND h.seq <= greatest(l.published, CASE WHEN l.lane = p_lane THEN p_published ELSE 0 END)
          AND NOT EXISTS (SELECT FROM relevo.erased e WHERE e.conversation_id = h.conversation_id AND e.lane = h.lane AND h.seq > e.seq);
        GET DIAGNOSTICS s = ROW_COUNT;
    END IF;
    RETURN n + s;
END $$;

-- As in 002, and what an answer may be besides a text. p_to: WhatsApp's id of the message that it quotes. p_template: an approved template, in
-- p_language with p_parameters for its body, which goes out in place of p_text: p_text is how the history shows it. p_media_id: what was
-- uploaded to WhatsApp; p_text is then its caption, and may be empty.
DROP FUNCTION desk.reply(uuid, text, text);
CREATE FUNCTION desk.reply(p_conversation uuid, p_agent text, p_text text, p_to text DEFAULT NULL, p_template text DEFAULT NULL,
                           p_language text DEFAULT NULL, p_parameters text[] DEFAULT NULL, p_media_kind text DEFAULT NULL,
                           p_media_id text DEFAULT NULL, p_media_name text DEFAULT NULL) RETURNS desk.outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c     relevo.conversation := relevo.desk_lock(p_conversation);
    extra text;
    wrong text;
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    PERFORM relevo.desk_text('a reply', p_text, CASE WHEN p_media_id IS NULL THEN 1 ELSE 0 END);
    wrong := CASE
        WHEN (p_template IS NULL) <> (p_language IS NULL) THEN 'a template needs both: its name and its `language`'
        WHEN p_template IS NULL AND p_parameters IS NOT NULL THEN 'parameters are a template''s'
        WHEN p_template !~ '^[a-z0-9_]+$' OR length(p_template) > 512 THEN format('a template''s name has small letters, digits and _ only, not %s', left(p_template, 60))
        WHEN p_language !~ '^[a-z]{2,3}(_[A-Za-z]{2,4})?$' THEN format('a template''s language is like es or pt_BR, not %s', left(p_language, 60))
        WHEN EXISTS (SELECT FROM unnest(p_parameters) p WHERE coalesce(p, '') = '' OR p ~ '[\n\t]|    ')
            THEN 'each parameter of a template is a text without line breaks, tabs or more than three spaces in a row'
        WHEN (p_media_id IS NULL) <> (p_media_kind IS NULL) THEN 'media need both: a kind and an id'
        WHEN p_media_kind NOT IN ('image', 'audio', 'video', 'document') THEN format('media are image, audio, video or document, not %s', left(p_media_kind, 60))
        WHEN p_media_id IS NOT NULL AND p_template IS NOT NULL THEN 'a reply is a template or media, not both'
        WHEN p_media_id IS NOT NULL AND length(p_text) > 1024 THEN 'a caption has at most 1024 characters'
    END;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION '%', wrong USING ERRCODE = 'RV012';
    END IF;
    extra := nullif(json_strip_nulls(json_build_object(
        'to', nullif(p_to, ''), 'template', p_template, 'language', p_language, 'parameters', p_parameters,
        'media_kind', p_media_kind, 'media_id', p_media_id, 'media_name', p_media_name))::text, '{}');
    PERFORM relevo.desk_text('what a reply carries besides its text', extra, 0);
    IF c.owner = 3 AND c.agent_id <> p_agent THEN
        RETURN desk.outcome_of(c, false, format('%s has it', c.agent_id));
    END IF;
    RETURN desk.outcome_of(relevo.desk_write(c, 'reply', 3::smallint, p_agent, p_agent, p_text, extra), true, NULL);
END $$;

-- What triggers that only watch would have done: how often each would have handed off, in how many conversations, and of these how many went to
-- people all the same, within an hour.
CREATE FUNCTION desk.report_observed(p_since timestamptz DEFAULT now() - interval '30 days', p_until timestamptz DEFAULT now())
RETURNS TABLE (trigger text, hits bigint, conversations bigint, handed_off bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT o.trigger, count(*), count(DISTINCT h.conversation_id), count(DISTINCT h.conversation_id) FILTER (WHERE EXISTS (
        SELECT FROM relevo.history x WHERE x.conversation_id = h.conversation_id AND (x.was IS NOT NULL OR x.kind IN (2, 6)) AND x.was IS NOT NULL
          AND x.owner = 2 AND x.at >= h.at AND x.at < h.at + interval '1 hour'))
    FROM relevo.history h CROSS JOIN LATERAL unnest(h.observed) AS o(trigger)
    WHERE h.observed IS NOT NULL AND h.at >= p_since AND h.at < p_until
      AND ((SELECT relevo.login_teams()) IS NULL OR EXISTS (
        SELECT FROM relevo.conversation c WHERE c.id = h.conversation_id AND c.team = ANY ((SELECT relevo.login_teams())::text[])))
    GROUP BY o.trigger ORDER BY 2 DESC, 1
$$;

REVOKE ALL ON FUNCTION desk.reply, desk.report_observed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION desk.reply TO relevo_desk;
GRANT EXECUTE ON FUNCTION desk.report_observed TO relevo_desk, relevo_lane;
