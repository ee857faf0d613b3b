/* SPDX-License-Identifier: Apache-2.0 */
/* The process's connection to Kafka; see broker.h. Must never let a property of the operator break the protocol. */
#include "broker/private.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

int rlv_broker_set(rd_kafka_conf_t *conf, const char *name, const char *value, rlv_error *err)
{
    char why[256];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) == RD_KAFKA_CONF_OK)
        return RLV_OK;
    /* Not the value: it may be a password. */
    return rlv_error_set(err, RLV_E_CONFIG, "librdkafka refuses %s: %s", name, why);
}

int rlv_broker_code(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
        return RLV_E_TIMEOUT;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
        return RLV_E_UNAVAILABLE;
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
        return RLV_E_FENCED;
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        return RLV_E_REFUSED;
    default:
        return RLV_E_IO;
    }
}

/* librdkafka's own words. What the lanes say themselves (a fenced producer, a failed transaction) is debug; that a broker
   cannot be reached is for the operator, once in a while and not once for each of some thirty clients. */
static void log_line(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    static _Atomic int64_t quiet_until_us;
    enum { QUIET_US = 10000000 };
    (void)rk;
    bool away = level <= 3 && strcmp(facility, "FAIL") == 0;
    int64_t now_us = rlv_clock_mono_us(), quiet_us = atomic_load(&quiet_until_us);
    if (away && (now_us < quiet_us || !atomic_compare_exchange_strong(&quiet_until_us, &quiet_us, now_us + QUIET_US)))
        away = false;
    rlv_log(away ? RLV_LOG_WARN : RLV_LOG_DEBUG, "kafka", "%s: %s", facility, text);
}

rd_kafka_conf_t *rlv_broker_conf(const rlv_config *config, const char *what, const char *const (*own)[2], size_t n,
                                 rlv_error *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char client[128];
    (void)snprintf(client, sizeof(client), "relevo-%s-%s", config->cluster, what);
    if (rlv_broker_set(conf, "client.id", client, err) != RLV_OK ||
        /* small requests must not wait for more */
        rlv_broker_set(conf, "socket.nagle.disable", "true", err) != RLV_OK)
        goto fail;
    for (size_t i = 0; i < config->n_kafka; i++)
        if (rlv_broker_set(conf, config->kafka[i].name, config->kafka[i].value, err) != RLV_OK) {
            if (config->kafka[i].line)
                (void)rlv_error_wrap(err, "%s:%d", config->file, config->kafka[i].line);
            else
                (void)rlv_error_wrap(err, "from the environment");
            goto fail;
        }
    for (size_t i = 0; i < n; i++)
        if (rlv_broker_set(conf, own[i][0], own[i][1], err) != RLV_OK)
            goto fail;
    rd_kafka_conf_set_log_cb(conf, log_line);
    return conf;
fail:
    rd_kafka_conf_destroy(conf);
    return NULL;
}

static int make_reader(rd_kafka_conf_t *conf, rd_kafka_t **ret, rlv_error *err)
{
    char why[256];
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (!rk) {
        rd_kafka_conf_destroy(conf);
        return rlv_error_set(err, RLV_E_CONFIG, "cannot make a Kafka client: %s", why);
    }
    *ret = rk;
    return RLV_OK;
}

static int make_fetcher(const rlv_config *config, const char *what, const char *isolation, rd_kafka_t **ret,
                        rlv_error *err)
{
    /* The default back-off of 500 ms after a short fetch cost four fifths of the throughput. */
    const char *const own[][2] = {
        {"isolation.level", isolation},     {"enable.auto.commit", "false"}, {"enable.auto.offset.store", "false"},
        {"enable.partition.eof", "true"},   {"fetch.error.backoff.ms", "5"}, {"queued.min.messages", "100000"},
        {"auto.offset.reset", "error"},     {"fetch.wait.max.ms", "100"},    {"allow.auto.create.topics", "false"},
        {"fetch.message.max.bytes", "1048576"}, {"check.crcs", "true"},
        /* of each partition and topic, while a backlog is read */
        {"queued.max.messages.kbytes", "16384"},
    };
    rd_kafka_conf_t *conf = rlv_broker_conf(config, what, own, sizeof(own) / sizeof(*own), err);
    return conf ? make_reader(conf, ret, err) : err->code;
}

int rlv_broker_new(const rlv_config *config, rlv_broker **ret, rlv_error *err)
{
    rlv_broker *broker = calloc(1, sizeof(*broker));
    if (!broker)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    broker->config = config;
    int rc = make_fetcher(config, "fetcher", "read_committed", &broker->fetcher, err);
    if (rc == RLV_OK)
        rc = make_fetcher(config, "reader", "read_uncommitted", &broker->reader, err);
    if (rc != RLV_OK) {
        rlv_broker_free(broker);
        return rc;
    }
    *ret = broker;
    return RLV_OK;
}

void rlv_broker_free(rlv_broker *broker)
{
    if (!broker)
        return;
    if (broker->fetcher)
        rd_kafka_destroy(broker->fetcher);
    if (broker->reader)
        rd_kafka_destroy(broker->reader);
    free(broker);
}

static int check_topic(rlv_broker *broker, const char *topic, int timeout_ms, int32_t *count, rlv_error *err)
{
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(broker->reader, topic, NULL);
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_resp_err_t e = rd_kafka_metadata(broker->reader, 0, rkt, &md, timeout_ms);
    int rc = RLV_OK;
    if (e) {
        rc = rlv_error_set(err, RLV_E_UNAVAILABLE, "Kafka does not answer (%s): waiting for %s", rd_kafka_err2str(e),
                           rlv_config_kafka(broker->config, "bootstrap.servers"));
    } else if (md->topic_cnt < 1 || md->topics[0].err || md->topics[0].partition_cnt == 0) {
        rc = rlv_error_set(err, RLV_E_REFUSED, "topic %s: %s; run relevo topics create", topic,
                           md->topic_cnt < 1 ? "missing" : rd_kafka_err2str(md->topics[0].err));
    } else if (*count == 0) {
        *count = md->topics[0].partition_cnt;
    } else if (*count != md->topics[0].partition_cnt) {
        rc = rlv_error_set(err, RLV_E_REFUSED,
                           "topic %s has %d partitions, %s has %d: all topics need the same number; make %s again",
                           topic, md->topics[0].partition_cnt, broker->config->topics.events[0], *count, topic);
    }
    if (md)
        rd_kafka_metadata_destroy(md);
    rd_kafka_topic_destroy(rkt);
    return rc;
}

int rlv_broker_topics(rlv_broker *broker, int timeout_ms, char ret_cluster[64], int32_t *ret_partitions,
                      rlv_error *err)
{
    const rlv_config *c = broker->config;
    const char *const outputs[] = {c->topics.results,  c->topics.decisions, c->topics.ownership,
                                   c->topics.outbound, c->topics.effects,   c->topics.progress};
    int32_t count = 0;
    int rc = RLV_OK;
    for (size_t i = 0; i < c->topics.n_events && rc == RLV_OK; i++)
        rc = check_topic(broker, c->topics.events[i], timeout_ms, &count, err);
    for (size_t i = 0; i < sizeof(outputs) / sizeof(*outputs) && rc == RLV_OK; i++)
        rc = check_topic(broker, outputs[i], timeout_ms, &count, err);
    for (size_t i = 0; i <= c->topics.n_events && rc == RLV_OK; i++) {
        char dead[300]; /* where a bad record goes: without it the first one would stop its lane */
        const char *input = i < c->topics.n_events ? c->topics.events[i] : c->topics.results;
        (void)snprintf(dead, sizeof(dead), "%s.dlq", input);
        rc = check_topic(broker, dead, timeout_ms, &count, err);
    }
    if (rc != RLV_OK)
        return rc;
    char *id = rd_kafka_clusterid(broker->reader, timeout_ms);
    if (!id)
        return rlv_error_set(err, RLV_E_UNAVAILABLE, "Kafka does not tell its cluster id");
    (void)snprintf(ret_cluster, 64, "%s", id);
    rd_kafka_mem_free(broker->reader, id);
    *ret_partitions = count;
    return RLV_OK;
}

int rlv_broker_bounds(rlv_broker *broker, const char *topic, int32_t partition, int timeout_ms, int64_t *ret_low,
                      int64_t *ret_high, rlv_error *err)
{
    int64_t low, high;
    rd_kafka_resp_err_t e =
        rd_kafka_query_watermark_offsets(broker->reader, topic, partition, &low, &high, timeout_ms);
    if (e)
        return rlv_error_set(err, e == RD_KAFKA_RESP_ERR__TIMED_OUT ? RLV_E_UNAVAILABLE : rlv_broker_code(e),
                             "cannot ask Kafka for the offsets of %s[%d]: %s", topic, partition, rd_kafka_err2str(e));
    *ret_low = low;
    *ret_high = high;
    return RLV_OK;
}

int rlv_broker_obstructed(rlv_broker *broker, const char *topic, int32_t partition, int timeout_ms, rlv_error *err)
{
    int64_t low, high, stable; /* stable: where readers of committed records stand */
    int rc = rlv_broker_bounds(broker, topic, partition, timeout_ms, &low, &high, err);
    if (rc != RLV_OK)
        return -rc;
    /* Asked for second: what is open before an end that it had a moment ago is no matter of timing. */
    rd_kafka_resp_err_t e = rd_kafka_query_watermark_offsets(broker->fetcher, topic, partition, &low, &stable, timeout_ms);
    if (e)
        return -rlv_error_set(err, RLV_E_UNAVAILABLE, "cannot ask Kafka for the last stable offset of %s[%d]: %s", topic,
                              partition, rd_kafka_err2str(e));
    if (stable >= high)
        return 0;
    (void)rlv_error_set(err, RLV_E_UNAVAILABLE,
                        "a transaction in %s[%d] is open since offset %lld, nothing behind it is read, to offset %lld: if that "
                        "lasts, Kafka has lost its end, see \"A transaction without an end\" in docs/operating.md",
                        topic, partition, (long long)stable, (long long)high);
    return 1;
}
