-- SPDX-License-Identifier: Apache-2.0
-- A follow-up without its time would never come: it is refused. And a weight that an agent changes is in the history, as everything that agents do.

-- As in 033; the purpose `follow_up` alone makes none.
CREATE OR REPLACE FUNCTION desk.return_to_bot(p_conversation uuid, p_agent text, p_purpose text DEFAULT 'continue', p_at timestamptz DEFAULT NULL,
                                   p_message text DEFAULT NULL, p_template text DEFAULT NULL, p_begin text DEFAULT NULL,
                                   p_parameters text[] DEFAULT NULL) RETURNS desk.outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c relevo.conversation := relevo.desk_lock(p_conversation);
    says boolean := coalesce(p_message, '') <> '';
    wrong text;
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    PERFORM relevo.desk_text('a purpose', p_purpose, 0);
    PERFORM relevo.desk_text('a message', p_message, 0);
    wrong := CASE
        WHEN (p_at IS NULL) <> (NOT says AND p_begin IS NULL)
            THEN 'a follow-up needs both: `at`, when, and `message`, what the bot says then, or `begin`, what it begins'
        WHEN p_at IS NULL AND p_template IS NOT NULL THEN 'a template is for a follow-up: say `at` and `message` too'
        WHEN p_at IS NULL AND p_purpose = 'follow_up' THEN 'a follow-up needs both: `at`, when, and `message`, what the bot says then, or `begin`, what it begins'
        WHEN p_template IS NOT NULL AND NOT says THEN 'a template needs `message` too: what it says, for those who read the history'
        WHEN p_template IS NULL AND p_parameters IS NOT NULL THEN 'parameters are a template''s'
        WHEN p_begin !~ '^[^[:cntrl:]]{1,200}$' THEN 'what a follow-up begins is the id of a choice, of 1 to 200 characters'
        WHEN p_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + interval '1 year' THEN format('a follow-up comes within a year from now, not at %s', p_at)
        WHEN p_template IS NULL AND p_at >= to_timestamp(c.last_in_ms / 1000.0) + interval '24 hours'
            THEN format('the customer''s 24 hours end at %s: name an approved `template` for a later follow-up',
                        to_timestamp(c.last_in_ms / 1000.0) + interval '24 hours')
        WHEN p_template !~ '^[a-z0-9_]+$' OR length(p_template) > 512 THEN format('a template''s name has small letters, digits and _ only, not %s', p_template)
        WHEN EXISTS (SELECT FROM unnest(p_parameters) p WHERE coalesce(p, '') = '' OR p ~ '[\n\t]|    ')
            THEN 'each parameter of a template is a text without line breaks, tabs or more than three spaces in a row'
        WHEN length(array_to_string(p_parameters, '')) > 1024 THEN 'the parameters of a template have at most 1024 characters together'
    END;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION '%', wrong USING ERRCODE = 'RV012';
    END IF;
    IF c.owner <> 3 OR c.agent_id IS DISTINCT FROM p_agent THEN
        RETURN desk.outcome_of(c, false, 'you do not have it');
    END IF;
    c := relevo.desk_write(c, 'return', 1::smallint, NULL, p_agent, NULL, p_purpose);
    IF p_at IS NOT NULL THEN
        UPDATE relevo.conversation
        SET follow_up_at = p_at, follow_up_text = p_message, follow_up_template = p_template, follow_up_begin = p_begin,
            follow_up_parameters = p_parameters
        WHERE id = c.id;
    END IF;
    RETURN desk.outcome_of(c, true, NULL);
END $$;

-- As in 008; with a note of it.
CREATE OR REPLACE FUNCTION desk.weigh(p_conversation uuid, p_agent text, p_weight integer) RETURNS desk.outcome
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    c      relevo.conversation := relevo.desk_lock(p_conversation);
    team   integer := (relevo.team_of(c.team)).weight;
    was    integer := coalesce(c.weight, team);
    weighs integer := coalesce(p_weight, team);
BEGIN
    PERFORM relevo.desk_agent(p_agent);
    IF p_weight NOT BETWEEN 1 AND 100 THEN
        RAISE EXCEPTION 'a weight is 1 to 100 places, not %', p_weight USING ERRCODE = 'RV012';
    END IF;
    IF c.owner NOT IN (2, 3) THEN
        RETURN desk.outcome_of(c, false, 'no person has it, and it does not wait for one');
    END IF;
    IF weighs = was THEN
        RETURN desk.outcome_of(c, true, 'nothing changed');
    END IF;
    UPDATE relevo.conversation SET weight = weighs WHERE id = c.id;
    c := relevo.desk_write(c, 'note', c.owner, c.agent_id, p_agent, format('weight: %s, was %s', weighs, was), NULL);
    RETURN desk.outcome_of(c, true, NULL);
END $$;
