-- SPDX-License-Identifier: Apache-2.0
-- What a consumer dies of, its successor meets again: so each is told how many before it did not leave in order.

ALTER TABLE relevo.lane
    ADD COLUMN unfinished integer NOT NULL DEFAULT 0; -- holders in a row, the present one among them, that neither left in order nor
                                                      -- worked off what they found; core/lane/README.md

DROP FUNCTION relevo.lane_assign(integer, bytea, integer, text);

-- Takes the lane: from here on every commit under another fence is refused. p_was: the fence that the same holder had before, so that
-- one that lost its servers for a while is not taken for one that died.
CREATE FUNCTION relevo.lane_assign(p_lane integer, p_fence bytea, p_partitions integer, p_kafka_cluster text,
                                   p_was bytea DEFAULT NULL)
RETURNS relevo.lane LANGUAGE plpgsql AS $$
DECLARE
    l relevo.lane;
BEGIN
    INSERT INTO relevo.lane (lane, partitions, kafka_cluster, fence)
    VALUES (p_lane, p_partitions, p_kafka_cluster, p_fence) ON CONFLICT DO NOTHING;
    UPDATE relevo.lane
    SET fence = p_fence, unfinished = CASE WHEN fence = p_was THEN unfinished ELSE unfinished + 1 END, updated_at = now()
    WHERE lane = p_lane RETURNING * INTO STRICT l;
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
