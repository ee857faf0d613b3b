-- SPDX-License-Identifier: Apache-2.0
-- Who ends while it takes a lane has nothing in hand that it could have died of: it is counted from when it begins to work (store/lane_row.c).

-- As in 008, but for that. p_was: the fence that the same holder had before, when it had begun: it is not counted then, until it begins again.
CREATE OR REPLACE FUNCTION relevo.lane_assign(p_lane integer, p_fence bytea, p_partitions integer, p_kafka_cluster text,
                                              p_was bytea DEFAULT NULL)
RETURNS relevo.lane LANGUAGE plpgsql AS $$
DECLARE
    l relevo.lane;
BEGIN
    INSERT INTO relevo.lane (lane, partitions, kafka_cluster, fence)
    VALUES (p_lane, p_partitions, p_kafka_cluster, p_fence) ON CONFLICT DO NOTHING;
    UPDATE relevo.lane
    SET fence = p_fence, unfinished = CASE WHEN fence = p_was THEN greatest(unfinished - 1, 0) ELSE unfinished END, updated_at = now()
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
