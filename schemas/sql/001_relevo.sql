-- SPDX-License-Identifier: Apache-2.0
-- The internal schema: what the lanes write. Desktops read the schema `desk` (002) and nothing here.
--
-- Lock order everywhere: lane row, conversations by id, agents, timer and command rows.
-- Errors that the lane understands: RV001 fenced, RV002 version conflict, RV003 a consumed row is gone, RV004 refused.

CREATE SCHEMA relevo;

-- Small numbers for words, the values of core/model/event.h; words only in views.
CREATE FUNCTION relevo.owner_word(smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE $1 WHEN 1 THEN 'bot' WHEN 2 THEN 'queued' WHEN 3 THEN 'human' WHEN 4 THEN 'closed' ELSE 'none' END;

CREATE FUNCTION relevo.by_word(smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE $1 WHEN 1 THEN 'customer' WHEN 2 THEN 'bot' WHEN 3 THEN 'agent' WHEN 4 THEN 'system' ELSE 'none' END;

-- One row a lane: the fence, and how far the lane has come. Everything that must move together rides in it.
CREATE TABLE relevo.lane (
    lane          integer PRIMARY KEY,
    partitions    integer NOT NULL,               -- partition count of all topics when the lane was made
    kafka_cluster text    NOT NULL,               -- cluster id of the broker that the offsets belong to
    fence         bytea   NOT NULL,               -- token of the consumer that owns the lane
    seq           bigint  NOT NULL DEFAULT 0,     -- last sequence written to history
    published     bigint  NOT NULL DEFAULT 0,     -- last sequence known to be published; the progress topic knows better
    lane_ms       bigint  NOT NULL DEFAULT 0,     -- lane time: highest LogAppendTime seen
    topics        text[]  NOT NULL DEFAULT '{}',  -- input topics ...
    next_offsets  bigint[] NOT NULL DEFAULT '{}', -- ... and the next offset to read of each
    repair_from   bigint,                         -- `relevo repair` is at work, from this sequence on; NULL: no
    updated_at    timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 20);                         -- one hot row: room for its versions on its page

CREATE VIEW relevo.offsets AS
SELECT l.lane, t.topic, t.next_offset, l.seq, l.published, l.lane_ms, l.updated_at
FROM relevo.lane l, unnest(l.topics, l.next_offsets) AS t(topic, next_offset);

CREATE TABLE relevo.conversation (
    id              uuid PRIMARY KEY,
    lane            integer  NOT NULL,
    version         bigint   NOT NULL,            -- raised by every write; the lane's compare-and-set
    owner           smallint NOT NULL,
    epoch           bigint   NOT NULL,            -- generation of ownership; the takeover fence compares it
    owner_since     bigint   NOT NULL,            -- ms
    agent_id        text,
    team            text,
    phone_number_id text     NOT NULL,
    customer_id     text     NOT NULL,            -- user_id where there is one, else wa_id
    wa_id           text,
    customer_name   text,
    language        text,
    opened_ms       bigint   NOT NULL,
    last_in_ms      bigint   NOT NULL,            -- last customer message: WhatsApp's 24-hour window
    -- what the queue needs; set by a handoff
    trigger         text,
    reason          text,
    priority        smallint NOT NULL DEFAULT 0,
    rank            smallint NOT NULL DEFAULT 0,
    need_language   text,
    need_skills     text[],
    prefer_agent    text,
    card            json,                         -- the handover card: [{"name":..,"text":..,"message_id":..}]
    state           bytea    NOT NULL             -- Avro ConversationState, single-object encoding
) WITH (fillfactor = 75);

CREATE INDEX conversation_queue ON relevo.conversation (lane, priority DESC, owner_since) WHERE owner = 2;
CREATE INDEX conversation_agent ON relevo.conversation (agent_id) WHERE owner = 3;

-- One row an event, with a gapless sequence in its lane: what came in, what was decided, and the columns people ask for.
-- What is published is derived from `decided`, so that publishing again calls no plugin. There is no outbox.
CREATE TABLE relevo.history (                     -- wide columns first: no padding between them
    seq             bigint   NOT NULL,
    at              timestamptz NOT NULL,         -- lane time
    source_offset   bigint   NOT NULL,            -- offset, or id of the command or timer
    epoch           bigint   NOT NULL,            -- after the event
    config          bigint   NOT NULL,            -- hash of the configuration that decided
    lane            integer  NOT NULL,
    kind            smallint NOT NULL,            -- rlv_event_kind
    source          smallint NOT NULL,            -- rlv_source_kind
    by              smallint NOT NULL,            -- who: 1 customer, 2 bot, 3 agent, 4 system
    owner           smallint NOT NULL,            -- after the event
    conversation_id uuid     NOT NULL,
    topic           text,                         -- of a topic source; its partition is the lane
    agent_id        text,
    message_id      text,                         -- WhatsApp's
    type            text,                         -- of the message, or the status, or the command
    text            text,
    said            json,                         -- what was said to the customer: [{"id":..,"by":..,"text":..,"source":..}]
    intent          text,
    trigger         text,                         -- that handed off
    decided         bytea    NOT NULL,            -- the records to publish; first byte: format version
    PRIMARY KEY (lane, seq, at)                   -- partitioned by month: the key must hold the month
) PARTITION BY RANGE (at);

-- Not of statuses, which are most rows and of which no conversation is asked for: they are read in the order of the lane.
CREATE INDEX history_conversation ON relevo.history (conversation_id, seq) WHERE kind <> 1;

-- Makes the month of p_ms and the next one. Attached rather than created in place: that lets readers and writers go on.
-- The owner's right: a lane needs none to make tables.
CREATE FUNCTION relevo.ensure_months(p_ms bigint) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    month timestamptz := date_trunc('month', to_timestamp(p_ms / 1000.0) AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    until timestamptz;
    name  text;
BEGIN
    FOR i IN 0..1 LOOP
        until := ((month AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
        name := 'history_' || to_char(month AT TIME ZONE 'UTC', 'YYYYMM');
        -- Asked of the catalog by a query: to_regclass may answer from a cache that the lock does not refresh.
        IF NOT EXISTS (SELECT FROM pg_class WHERE relname = name AND relnamespace = 'relevo'::regnamespace) THEN
            PERFORM pg_advisory_xact_lock(hashtext('relevo.ensure_months'));
            IF NOT EXISTS (SELECT FROM pg_class WHERE relname = name AND relnamespace = 'relevo'::regnamespace) THEN
                EXECUTE format('CREATE TABLE relevo.%I (LIKE relevo.history INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name);
                EXECUTE format('ALTER TABLE relevo.history ATTACH PARTITION relevo.%I FOR VALUES FROM (%L) TO (%L)',
                               name, month, until);
            END IF;
        END IF;
        month := until;
    END LOOP;
END $$;

-- What a desktop did, for the lane to decide. Consumed by deletion.
CREATE TABLE relevo.command (
    lane            integer  NOT NULL,
    id              bigint   GENERATED ALWAYS AS IDENTITY,
    conversation_id uuid     NOT NULL,
    kind            text     NOT NULL,            -- take_over, reply, note, return, resolve, assign, requeue
    agent_id        text,                         -- who acted; NULL: the assignment
    agent_name      text,                         -- whom the customer is told of: who acted, or who got it
    text            text,
    note            text,
    owner           smallint NOT NULL,            -- the ownership that it made ...
    owner_agent     text,                         -- ... whose it is then ...
    epoch           bigint   NOT NULL,            -- ... and its generation
    version         bigint   NOT NULL,            -- of the conversation after it
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (lane, id)
);

-- A conversation has at most one of a kind: its state knows whether one waits, and sets none beside it. Both keys grow at
-- their end, so that setting one is cheap. Consumed by deletion.
CREATE TABLE relevo.timer (
    lane            integer NOT NULL,
    id              bigint  GENERATED ALWAYS AS IDENTITY,
    due_ms          bigint  NOT NULL,
    conversation_id uuid    NOT NULL,
    kind            text    NOT NULL,
    PRIMARY KEY (lane, id)
);
CREATE INDEX timer_due ON relevo.timer (lane, due_ms);

CREATE TABLE relevo.agent (
    id         text PRIMARY KEY,
    name       text NOT NULL,
    teams      text[]  NOT NULL DEFAULT '{}',
    skills     text[]  NOT NULL DEFAULT '{}',
    languages  text[]  NOT NULL DEFAULT '{}',     -- empty: any
    capacity   integer NOT NULL DEFAULT 5 CHECK (capacity >= 0),
    presence   text    NOT NULL DEFAULT 'offline' CHECK (presence IN ('online', 'busy', 'away', 'offline')),
    idle_since timestamptz NOT NULL DEFAULT now() -- last time a conversation was given to them
);

---------------------------------------------------------------------------------------------------- the lane's protocol

-- Takes the lane: from here on every commit under another fence is refused.
CREATE FUNCTION relevo.lane_assign(p_lane integer, p_fence bytea, p_partitions integer, p_kafka_cluster text)
RETURNS relevo.lane LANGUAGE plpgsql AS $$
DECLARE
    l relevo.lane;
BEGIN
    INSERT INTO relevo.lane (lane, partitions, kafka_cluster, fence)
    VALUES (p_lane, p_partitions, p_kafka_cluster, p_fence) ON CONFLICT DO NOTHING;
    UPDATE relevo.lane SET fence = p_fence, updated_at = now() WHERE lane = p_lane RETURNING * INTO STRICT l;
    IF l.partitions <> p_partitions THEN
        RAISE EXCEPTION 'the topics have % partitions, but lane % was made with %: give all topics % partitions again',
            p_partitions, p_lane, l.partitions, l.partitions USING ERRCODE = 'RV004';
    END IF;
    IF l.kafka_cluster <> p_kafka_cluster THEN
        RAISE EXCEPTION 'this is Kafka cluster %, but the offsets of lane % belong to cluster %: check bootstrap.servers',
            p_kafka_cluster, p_lane, l.kafka_cluster USING ERRCODE = 'RV004';
    END IF;
    IF l.repair_from IS NOT NULL THEN
        RAISE EXCEPTION 'the repair of lane % was begun and not finished: run relevo repair again', p_lane
            USING ERRCODE = 'RV004';
    END IF;
    RETURN l;
END $$;

-- Moves the lane on, or raises: an UPDATE of no row would let the rest of a pipeline run.
CREATE FUNCTION relevo.lane_advance(p_lane integer, p_fence bytea, p_seq bigint, p_events integer, p_published bigint,
                                    p_lane_ms bigint, p_topics text[], p_was bigint[], p_next bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE relevo.lane
    SET seq = p_seq + p_events, published = greatest(published, p_published), lane_ms = p_lane_ms,
        topics = p_topics, next_offsets = p_next, updated_at = now()
    WHERE lane = p_lane AND fence = p_fence AND seq = p_seq
      AND (next_offsets = p_was OR next_offsets = '{}' OR topics <> p_topics);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lane % belongs to somebody else now', p_lane USING ERRCODE = 'RV001';
    END IF;
END $$;

CREATE FUNCTION relevo.expect(p_got bigint, p_want bigint, p_what text, p_code text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_got <> p_want THEN
        RAISE EXCEPTION '%: % of % rows', p_what, p_got, p_want USING ERRCODE = p_code;
    END IF;
END $$;

-- Gives waiting conversations of a lane to agents, best first: at most p_limit. One function for lanes and for agents who pull, so that a
-- capacity is never exceeded and no conversation is given twice. p_agent: only to this agent. Returns how many.
CREATE FUNCTION relevo.assign_waiting(p_lane integer, p_agent text, p_limit integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    c     record;
    a     record;
    given integer := 0;
    free  text[]; -- who has a place, as far as can be seen without a lock
BEGIN
    SELECT array_agg(g.id) INTO free FROM relevo.agent g
    WHERE g.presence = 'online' AND (p_agent IS NULL OR g.id = p_agent)
      AND g.capacity > (SELECT count(*) FROM relevo.conversation b WHERE b.owner = 3 AND b.agent_id = g.id);
    IF free IS NULL THEN
        RETURN 0; -- nobody is there: lock nothing
    END IF;
    FOR c IN
        SELECT v.id, v.lane, v.epoch, v.version, v.team, v.need_language, v.need_skills, v.prefer_agent, v.rank
        FROM relevo.conversation v
        WHERE v.owner = 2 AND (p_lane IS NULL OR v.lane = p_lane)
          -- Only those that one of them can take: else the first ones, for whom nobody is there, would hide the rest.
          AND EXISTS (SELECT FROM relevo.agent g WHERE g.id = ANY (free)
                      AND (v.team IS NULL OR v.team = ANY (g.teams))
                      AND (v.need_skills IS NULL OR v.need_skills <@ g.skills)
                      AND (v.need_language IS NULL OR g.languages = '{}' OR v.need_language = ANY (g.languages)))
        ORDER BY v.priority DESC, v.owner_since, v.id LIMIT p_limit
        FOR UPDATE OF v SKIP LOCKED
    LOOP
        -- The agent's row is locked before the load is counted: two assigners cannot both see the last free place.
        FOR a IN
            SELECT g.id, g.name, g.capacity
            FROM relevo.agent g
            WHERE g.id = ANY (free) AND g.presence = 'online'
              AND (c.team IS NULL OR c.team = ANY (g.teams))
              AND (c.need_skills IS NULL OR c.need_skills <@ g.skills)
              AND (c.need_language IS NULL OR g.languages = '{}' OR c.need_language = ANY (g.languages))
            ORDER BY (g.id = c.prefer_agent) DESC NULLS LAST,
                     CASE WHEN c.rank = 2 THEN 0
                          ELSE (SELECT count(*) FROM relevo.conversation b WHERE b.owner = 3 AND b.agent_id = g.id) END,
                     g.idle_since, g.id
            FOR UPDATE OF g SKIP LOCKED
        LOOP
            CONTINUE WHEN (SELECT count(*) FROM relevo.conversation b WHERE b.owner = 3 AND b.agent_id = a.id) >= a.capacity;
            UPDATE relevo.conversation
            SET owner = 3, epoch = c.epoch + 1, version = c.version + 1, agent_id = a.id,
                owner_since = (extract(epoch FROM clock_timestamp()) * 1000)::bigint
            WHERE id = c.id;
            UPDATE relevo.agent SET idle_since = clock_timestamp() WHERE id = a.id;
            INSERT INTO relevo.command (lane, conversation_id, kind, agent_name, owner, owner_agent, epoch, version)
            VALUES (c.lane, c.id, 'assign', a.name, 3, a.id, c.epoch + 1, c.version + 1);
            PERFORM pg_notify('relevo_lane_' || c.lane, '');
            given := given + 1;
            EXIT;
        END LOOP;
    END LOOP;
    RETURN given;
END $$;
