-- SPDX-License-Identifier: Apache-2.0
-- The customer is told the truth while they wait, and is not forgotten afterwards: what the clock brings, as commands for the lane, so that each
-- is decided exactly once; follow-ups; what surveys said.

ALTER TABLE relevo.conversation
    ADD COLUMN waiting_epoch  bigint,             -- generation of ownership that waiting_ms belongs to: the lane changes the owner without it
    ADD COLUMN told_ms        bigint,             -- when the customer was last told that they wait
    ADD COLUMN nobody_ms      bigint,             -- when they were told that nobody came
    ADD COLUMN follow_up_at   timestamptz,        -- when the bot is to say something again, as a person asked for
    ADD COLUMN follow_up_text text,
    ADD COLUMN follow_up_template text;           -- for when WhatsApp's 24 hours are over

CREATE INDEX conversation_follow_up ON relevo.conversation (lane, follow_up_at) WHERE follow_up_at IS NOT NULL;

ALTER TABLE relevo.history
    ADD COLUMN survey text,                       -- of a message that answers one: csat, nps, comment
    ADD COLUMN score  smallint;

CREATE INDEX history_survey ON relevo.history (at) WHERE survey IS NOT NULL;

CREATE OR REPLACE FUNCTION relevo.waiting_since(c relevo.conversation) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_timestamp(CASE WHEN c.waiting_epoch = c.epoch THEN coalesce(c.waiting_ms, c.owner_since) ELSE c.owner_since END / 1000.0);

-- As in 008, and the generation of the wait; a person who gets it ends the follow-up.
CREATE OR REPLACE FUNCTION relevo.desk_write(c relevo.conversation, p_kind text, p_owner smallint, p_agent text, p_acting text,
                                             p_text text, p_note text) RETURNS relevo.conversation LANGUAGE plpgsql AS $$
DECLARE
    changed boolean := p_owner <> c.owner OR p_agent IS DISTINCT FROM c.agent_id OR (p_kind = 'requeue' AND c.owner = 2);
    after   bigint := c.epoch + changed::integer;
    now_ms  bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    r relevo.conversation;
BEGIN
    UPDATE relevo.conversation
    SET owner = p_owner, agent_id = p_agent, version = c.version + 1, epoch = after,
        owner_since = CASE WHEN changed THEN now_ms ELSE c.owner_since END,
        -- Until somebody answers, the customer has been waiting since they began to.
        waiting_ms = CASE WHEN p_kind = 'reply' OR p_owner IN (1, 4) THEN NULL
                          WHEN c.owner = 2 THEN (extract(epoch FROM relevo.waiting_since(c)) * 1000)::bigint
                          WHEN c.waiting_epoch = c.epoch THEN c.waiting_ms END,
        waiting_epoch = after,
        answered_ms = CASE WHEN p_kind = 'reply' THEN now_ms WHEN changed THEN NULL ELSE c.answered_ms END,
        last_agent = CASE WHEN p_owner = 3 THEN p_agent ELSE c.last_agent END,
        last_agent_ms = CASE WHEN p_owner = 3 AND changed THEN now_ms ELSE c.last_agent_ms END,
        offered_to = CASE WHEN NOT changed THEN c.offered_to END,
        declined = CASE WHEN p_kind = 'requeue' AND c.owner = 3 THEN array_append(c.declined, c.agent_id)
                        WHEN changed AND p_kind <> 'requeue' THEN NULL ELSE c.declined END,
        declined_at = CASE WHEN p_kind = 'requeue' AND c.owner = 3 THEN clock_timestamp() ELSE c.declined_at END,
        weight = CASE WHEN p_owner NOT IN (1, 4) THEN weight END, -- as it is by now: c may be older
        follow_up_at = CASE WHEN p_owner NOT IN (2, 3) THEN follow_up_at END,
        follow_up_text = CASE WHEN p_owner NOT IN (2, 3) THEN follow_up_text END,
        follow_up_template = CASE WHEN p_owner NOT IN (2, 3) THEN follow_up_template END
    WHERE id = c.id RETURNING * INTO r;
    INSERT INTO relevo.command (lane, conversation_id, kind, agent_id, agent_name, text, note, owner, owner_agent, epoch, version)
    VALUES (r.lane, r.id, p_kind, p_acting,
            (SELECT name FROM relevo.agent WHERE id = CASE WHEN p_kind = 'assign' THEN p_agent ELSE p_acting END),
            p_text, p_note, r.owner, r.agent_id, r.epoch, r.version);
    PERFORM pg_notify('relevo_lane_' || r.lane, '');
    RETURN r;
END $$;

---------------------------------------------------------------------------------------------------- what the clock brings

-- Those who have waited so long that they are to be told: p_tell_after, and every p_tell_every after that (0: once); and those for whom nobody came
-- for p_give_up. Times in ms; 0: never. p_open_since: when people began to work; what was waited before does not count. Returns how many.
CREATE FUNCTION relevo.tell_waiting(p_lane integer, p_limit integer, p_tell_after bigint, p_tell_every bigint, p_give_up bigint,
                                    p_open_since bigint) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    now_ms bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    c record;
    n integer := 0;
    k text;
BEGIN
    IF p_tell_after <= 0 AND p_give_up <= 0 THEN
        RETURN 0;
    END IF;
    FOR c IN
        SELECT v, w.began, p_give_up > 0 AND now_ms - greatest(w.began, p_open_since) >= p_give_up
                  AND coalesce(v.nobody_ms, 0) < w.began AS nobody
        FROM relevo.conversation v
        CROSS JOIN LATERAL (SELECT (extract(epoch FROM relevo.waiting_since(v)) * 1000)::bigint AS began) w
        WHERE v.lane = p_lane AND v.owner = 2 AND v.forward IS NULL AND NOT relevo.is_offered(v)
          AND (p_give_up > 0 AND now_ms - greatest(w.began, p_open_since) >= p_give_up AND coalesce(v.nobody_ms, 0) < w.began
               OR p_tell_after > 0 AND now_ms - greatest(w.began, p_open_since) >= p_tell_after
                  AND (coalesce(v.told_ms, 0) < w.began OR p_tell_every > 0 AND now_ms - greatest(v.told_ms, p_open_since) >= p_tell_every))
        ORDER BY w.began LIMIT p_limit FOR UPDATE OF v SKIP LOCKED
    LOOP
        UPDATE relevo.conversation SET told_ms = now_ms, nobody_ms = CASE WHEN c.nobody THEN now_ms ELSE nobody_ms END WHERE id = (c.v).id;
        IF c.nobody THEN
            PERFORM relevo.desk_write(c.v, 'nobody', 2::smallint, NULL, NULL, NULL, NULL);
        ELSE
            SELECT 'position ' || w.position
                   || coalesce(', about ' || ceil(extract(epoch FROM relevo.pace_of(w.team) * w.position) / 60) || ' min', '') INTO k
            FROM relevo.waiting w WHERE w.id = (c.v).id;
            PERFORM relevo.desk_write(c.v, 'waiting', 2::smallint, NULL, NULL, NULL, k);
        END IF;
        n := n + 1;
    END LOOP;
    RETURN n;
END $$;

-- Follow-ups that are due: for the lane to say, once. Returns how many.
CREATE FUNCTION relevo.follow_up(p_lane integer, p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    c relevo.conversation;
    n integer := 0;
BEGIN
    FOR c IN SELECT v.* FROM relevo.conversation v WHERE v.lane = p_lane AND v.follow_up_at <= clock_timestamp()
             ORDER BY v.follow_up_at LIMIT p_limit FOR UPDATE OF v SKIP LOCKED LOOP
        UPDATE relevo.conversation SET follow_up_at = NULL, follow_up_text = NULL, follow_up_template = NULL WHERE id = c.id;
        PERFORM relevo.desk_write(c, 'follow_up', c.owner, c.agent_id, NULL, c.follow_up_text, c.follow_up_template);
        n := n + 1;
    END LOOP;
    RETURN n;
END $$;

------------------------------------------------------------------------------------------------- the contract, revision 2

CREATE OR REPLACE FUNCTION desk.contract_revision() RETURNS integer LANGUAGE sql IMMUTABLE RETURN 2;

-- Back to the bot, by the person who has it. p_purpose: "continue", "resume", "follow_up", "survey", or words of your own. p_at, p_message,
-- p_template: what the bot says then, and the approved template for when the customer's 24 hours are over.
DROP FUNCTION desk.return_to_bot(uuid, text, text);
CREATE FUNCTION desk.return_to_bot(p_conversation uuid, p_agent text, p_purpose text DEFAULT 'continue', p_at timestamptz DEFAULT NULL,
                                   p_message text DEFAULT NULL, p_template text DEFAULT NULL) RETURNS desk.outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c relevo.conversation := relevo.desk_lock(p_conversation);
    wrong text;
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    PERFORM relevo.desk_text('a purpose', p_purpose, 0);
    PERFORM relevo.desk_text('a message', p_message, 0);
    wrong := CASE
        WHEN (p_at IS NULL) <> (coalesce(p_message, '') = '') THEN 'a follow-up needs both: `at`, when, and `message`, what the bot says then'
        WHEN p_at IS NULL AND p_template IS NOT NULL THEN 'a template is for a follow-up: say `at` and `message` too'
        WHEN p_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + interval '1 year' THEN format('a follow-up comes within a year from now, not at %s', p_at)
        WHEN p_template IS NULL AND p_at >= to_timestamp(c.last_in_ms / 1000.0) + interval '24 hours'
            THEN format('the customer''s 24 hours end at %s: name an approved `template` for a later follow-up',
                        to_timestamp(c.last_in_ms / 1000.0) + interval '24 hours')
        WHEN p_template !~ '^[a-z0-9_]+$' OR length(p_template) > 512 THEN format('a template''s name has small letters, digits and _ only, not %s', p_template)
    END;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION '%', wrong USING ERRCODE = 'RV012';
    END IF;
    IF c.owner <> 3 OR c.agent_id IS DISTINCT FROM p_agent THEN
        RETURN desk.outcome_of(c, false, 'you do not have it');
    END IF;
    c := relevo.desk_write(c, 'return', 1::smallint, NULL, p_agent, NULL, p_purpose);
    IF p_at IS NOT NULL THEN
        UPDATE relevo.conversation SET follow_up_at = p_at, follow_up_text = p_message, follow_up_template = p_template WHERE id = c.id;
    END IF;
    RETURN desk.outcome_of(c, true, NULL);
END $$;

CREATE OR REPLACE VIEW relevo.all_conversations AS
SELECT c.id AS conversation_id, relevo.owner_word(c.owner) AS owner, c.epoch, c.agent_id, a.name AS agent_name, c.team,
       to_timestamp(c.owner_since / 1000.0) AS owner_since, c.phone_number_id, c.customer_id, c.wa_id, c.customer_name, c.language,
       to_timestamp(c.opened_ms / 1000.0) AS opened_at, to_timestamp(c.last_in_ms / 1000.0) AS last_message_at,
       to_timestamp(c.last_in_ms / 1000.0) + interval '24 hours' AS window_ends_at,
       c.trigger, c.reason, c.priority, c.card,
       CASE WHEN c.owner IN (2, 3) THEN coalesce(c.weight, (relevo.team_of(c.team)).weight) END AS weight,
       CASE WHEN relevo.is_offered(c) THEN c.offered_to END AS offered_to,
       CASE WHEN relevo.is_offered(c) THEN c.offer_until END AS offer_ends_at, c.last_agent, c.follow_up_at
FROM relevo.conversation c LEFT JOIN relevo.agent a ON a.id = c.agent_id AND c.owner = 3
WHERE c.forward IS NULL;

CREATE OR REPLACE VIEW desk.conversations WITH (security_barrier) AS
SELECT * FROM relevo.all_conversations a
WHERE (SELECT relevo.login_teams()) IS NULL OR a.team = ANY ((SELECT relevo.login_teams())::text[]);

-- What customers said afterwards, with whom it is about: who ended that time with people, else who answered, and why they had it.
CREATE FUNCTION desk.surveys_between(p_since timestamptz, p_until timestamptz)
RETURNS TABLE (conversation_id uuid, at timestamptz, kind text, score smallint, comment text, agent_id text, trigger text, lane integer,
               seq bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT h.conversation_id, h.at, h.survey, h.score, CASE WHEN h.survey = 'comment' THEN h.text END, p.agent, p.trigger, h.lane, h.seq
    FROM relevo.history h
    CROSS JOIN LATERAL (
        SELECT (array_agg(x.owner_agent ORDER BY x.at DESC, x.seq DESC) FILTER (WHERE x.owner = 3 AND x.was IS NOT NULL))[1] AS agent,
               (array_agg(x.trigger ORDER BY x.at DESC, x.seq DESC) FILTER (WHERE x.owner = 2 AND x.trigger IS NOT NULL))[1] AS trigger
        FROM relevo.history x
        WHERE x.conversation_id = h.conversation_id AND (x.was IS NOT NULL OR x.kind IN (2, 6)) AND x.was IS NOT NULL
          AND (x.at, x.seq) < (h.at, h.seq) AND x.at > h.at - interval '60 days') p
    WHERE h.survey IS NOT NULL AND h.at >= p_since AND h.at < p_until
      AND ((SELECT relevo.login_teams()) IS NULL OR EXISTS (
        SELECT FROM relevo.conversation c WHERE c.id = h.conversation_id AND c.team = ANY ((SELECT relevo.login_teams())::text[])))
$$;

CREATE VIEW desk.surveys AS SELECT * FROM desk.surveys_between('-infinity', 'infinity');

-- By agent, by trigger, and all together. csat: the average; satisfied: the share of 4 and 5; nps: promoters (9, 10) less detractors
-- (0 to 6) of a hundred.
CREATE FUNCTION desk.report_surveys(p_since timestamptz DEFAULT now() - interval '30 days', p_until timestamptz DEFAULT now())
RETURNS TABLE (by text, who text, answers bigint, csat numeric, satisfied numeric, nps numeric, comments bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH s AS (SELECT * FROM desk.surveys_between(p_since, p_until))
    SELECT g.by, g.who, count(s.score), round(avg(s.score) FILTER (WHERE s.kind = 'csat'), 2),
           round(avg((s.score >= 4)::integer) FILTER (WHERE s.kind = 'csat'), 4),
           round(100 * avg((s.score >= 9)::integer - (s.score <= 6)::integer) FILTER (WHERE s.kind = 'nps'), 0),
           count(*) FILTER (WHERE s.kind = 'comment')
    FROM s CROSS JOIN LATERAL (VALUES ('all', NULL), ('agent', s.agent_id), ('trigger', s.trigger)) AS g(by, who)
    GROUP BY g.by, g.who ORDER BY g.by, 3 DESC, g.who
$$;

REVOKE ALL ON FUNCTION desk.return_to_bot, desk.surveys_between, desk.report_surveys FROM PUBLIC;
GRANT EXECUTE ON FUNCTION desk.return_to_bot TO relevo_desk;
GRANT EXECUTE ON FUNCTION desk.surveys_between, desk.report_surveys TO relevo_desk, relevo_lane;
GRANT SELECT ON desk.surveys TO relevo_desk;
