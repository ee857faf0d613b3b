/* SPDX-License-Identifier: Apache-2.0 */
/* Short-lived Kafka clients; see kafka.h. */
#include "cli/kafka.h"

#include "base/clock.h"

int rlv_cli_kafka_error(rlv_error *err, rd_kafka_resp_err_t code, const rlv_config *config, const char *what)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
        return rlv_error_set(err, RLV_E_UNAVAILABLE,
                             "Kafka at %s does not answer: is it running, and is the address right?",
                             rlv_config_kafka(config, "bootstrap.servers"));
    default:
        return rlv_error_set(err, RLV_E_IO, "%s: Kafka says: %s", what, rd_kafka_err2str(code));
    }
}

int rlv_cli_client(const rlv_config *config, rd_kafka_type_t type, const char *what,
                   const char *const (*own)[2], size_t n, rd_kafka_t **ret, rlv_error *err)
{
    char why[256];
    rd_kafka_conf_t *conf = rlv_broker_conf(config, what, own, n, err);
    if (!conf)
        return err->code;
    rd_kafka_conf_set_log_cb(conf, NULL); /* a tool says by itself what went wrong, once */
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));
    if (!rk) {
        rd_kafka_conf_destroy(conf);
        return rlv_error_set(err, RLV_E_CONFIG, "no Kafka client can be made of these properties: %s", why);
    }
    *ret = rk;
    return RLV_OK;
}

int rlv_cli_metadata(rd_kafka_t *rk, const rlv_config *config, const struct rd_kafka_metadata **ret,
                     rlv_error *err)
{
    rd_kafka_resp_err_t code = rd_kafka_metadata(rk, 1, NULL, ret, RLV_CLI_WAIT_MS);
    return code ? rlv_cli_kafka_error(err, code, config, "asking for the topics") : RLV_OK;
}

const struct rd_kafka_metadata_topic *rlv_cli_topic(const struct rd_kafka_metadata *metadata,
                                                    const char *name)
{
    for (int i = 0; i < metadata->topic_cnt; i++)
        if (strcmp(metadata->topics[i].topic, name) == 0)
            return &metadata->topics[i];
    return NULL;
}

bool rlv_cli_again(rd_kafka_resp_err_t code, int64_t until_us)
{
    if ((code != RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION && code != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE &&
         code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) ||
        rlv_clock_mono_us() >= until_us)
        return false;
    rlv_clock_sleep_ms(100);
    return true;
}

int rlv_cli_progress(rlv_broker *broker, const rlv_config *config, rlv_wire *wire, int32_t lane, rlv_arena *arena,
                     int64_t *ret, rlv_error *err)
{
    rlv_str bytes;
    int32_t said = lane;
    int64_t seq = 0;
    rlv_arena_reset(arena);
    int rc = rlv_broker_last_record(broker, config->topics.progress, lane, RLV_CLI_WAIT_MS, arena, &bytes, err);
    if (rc == RLV_OK && bytes.len)
        rc = rlv_wire_decode_progress(wire, arena, bytes, rlv_str_from(config->cluster), &said, &seq, err);
    if (rc == RLV_OK && said != lane)
        rc = rlv_error_set(err, RLV_E_REFUSED,
                           "%s[%d] holds the progress of lane %d: somebody else writes this topic",
                           config->topics.progress, lane, said);
    if (rc == RLV_OK)
        *ret = seq;
    return rc;
}
