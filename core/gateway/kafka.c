/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway's producer, and the thread that hears its acknowledgements. Must never take a record for stored
 * that Kafka did not acknowledge, and must agree with every other producer about the partition of a key.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "broker/broker.h"
#include "gateway/private.h"

enum {
    POLL_MS = 100,
    LOOK_MS = 1000,
    LOOK_EACH_US = 1000000,
    FLUSH_MS = 5000
};

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *user)
{
    rlv_gateway *g = user;
    rlv_request *request = message->_private;
    (void)rk;
    enum rlv_ending ending = RLV_ENDING_ACCEPTED;
    if (message->err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT || message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
        message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
        ending = RLV_ENDING_KAFKA_AWAY;
    } else if (message->err) {
        ending = RLV_ENDING_KAFKA_REFUSED;
        rlv_log_about(RLV_LOG_ERROR, "gateway", &request->trace, "Kafka refuses an event of %zu bytes for %s: %s", message->len,
                      g->config->topics.events[0], rd_kafka_err2str(message->err));
    } else {
        rlv_metric_observe(g->ack_seconds, (double)rd_kafka_message_latency(message) / 1e6);
        if (atomic_exchange(&g->away, false) && atomic_exchange(&g->away_told, false))
            rlv_log(RLV_LOG_INFO, "gateway", "Kafka acknowledges again");
    }
    atomic_fetch_sub(&g->unacked, 1);
    rlv_request_settle(request, ending);
}

/* Is the topic there? */
static void look(rlv_gateway *g)
{
    const struct rd_kafka_metadata *md = NULL;
    if (rd_kafka_metadata(g->rk, 0, g->topic, &md, LOOK_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    if (md->topic_cnt == 1 && !md->topics[0].err && md->topics[0].partition_cnt > 0 && !atomic_exchange(&g->known, true))
        rlv_log(RLV_LOG_INFO, "gateway", "Kafka has %s with %d partitions", md->topics[0].topic, md->topics[0].partition_cnt);
    rd_kafka_metadata_destroy(md);
}

/* It looks for the topic too, since a look lasts until Kafka answers: the watch would tell those that wait too late that Kafka is away. While
   Kafka answers nothing there is nothing to hear either. */
static void *poll_loop(void *user)
{
    rlv_gateway *g = user;
    for (int64_t looked_us = -LOOK_EACH_US; !atomic_load(&g->stop_polling); (void)rd_kafka_poll(g->rk, POLL_MS)) {
        if (atomic_load(&g->known) || rlv_clock_mono_us() - looked_us < LOOK_EACH_US)
            continue;
        look(g);
        looked_us = rlv_clock_mono_us(); /* after it: acknowledgements are heard for as long in between */
    }
    return NULL;
}

static rd_kafka_conf_t *make_conf(rlv_gateway *g, rlv_error *err)
{
    char kbytes[32], record_ms[32], request_ms[32], socket_ms[32];
    /* Longer than gateway.ack_timeout: Meta is told to send again at once, and what waits here tells when
       Kafka is back. It then comes twice, which the lanes drop by the message's id. */
    int ms = (int)g->config->gateway.ack_ms;
    (void)snprintf(kbytes, sizeof(kbytes), "%zu", g->config->gateway.memory / 1024);
    (void)snprintf(record_ms, sizeof(record_ms), "%d", ms + 4000);
    (void)snprintf(request_ms, sizeof(request_ms), "%d", ms + 2000);
    (void)snprintf(socket_ms, sizeof(socket_ms), "%d", ms + 3000);
    const char *const own[][2] = {
        {"acks", "all"},
        {"enable.idempotence", "true"},
        /* With more, librdkafka 2.0.2 can lose what it calls delivered: see README.md. */
        {"max.in.flight.requests.per.connection", "1"},
        {"partitioner", "murmur2_random"}, /* the Java clients' */
        /* Requests that come together travel together; while one is under way the next one fills. */
        {"linger.ms", "1"},
        {"message.timeout.ms", record_ms},
        {"request.timeout.ms", request_ms},
        {"socket.timeout.ms", socket_ms},
        {"reconnect.backoff.max.ms", "1000"},
        {"queue.buffering.max.messages", "1000000"},
        {"queue.buffering.max.kbytes", kbytes},
        {"message.max.bytes", "33554432"}, /* the topic has the last word */
        {"allow.auto.create.topics", "false"},
    };
    rd_kafka_conf_t *conf = rlv_broker_conf(g->config, "gateway", own, sizeof(own) / sizeof(*own), err);
    if (!conf)
        return NULL;
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_conf_set_opaque(conf, g);
    return conf;
}

int rlv_kafka_open(rlv_gateway *gateway, rlv_error *err)
{
    char why[256];
    rd_kafka_conf_t *conf = make_conf(gateway, err);
    if (!conf)
        return err->code;
    gateway->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!gateway->rk) {
        rd_kafka_conf_destroy(conf);
        return rlv_error_set(err, RLV_E_CONFIG, "no Kafka client can be made of these properties: %s", why);
    }
    gateway->topic = rd_kafka_topic_new(gateway->rk, gateway->config->topics.events[0], NULL);
    if (!gateway->topic)
        return rlv_error_set(err, RLV_E_CONFIG, "no producer for %s: %s", gateway->config->topics.events[0],
                             rd_kafka_err2str(rd_kafka_last_error()));
    int rc = pthread_create(&gateway->poller, NULL, poll_loop, gateway);
    if (rc)
        return rlv_error_set(err, RLV_E_LIMIT, "no thread for Kafka's acknowledgements: %s", strerror(rc));
    gateway->polling = true;
    return RLV_OK;
}

void rlv_kafka_close(rlv_gateway *gateway)
{
    if (gateway->rk) {
        (void)rd_kafka_flush(gateway->rk, FLUSH_MS);
        (void)rd_kafka_purge(gateway->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        (void)rd_kafka_flush(gateway->rk, FLUSH_MS); /* their reports release the requests */
    }
    atomic_store(&gateway->stop_polling, true);
    if (gateway->polling)
        (void)pthread_join(gateway->poller, NULL);
    if (gateway->topic)
        rd_kafka_topic_destroy(gateway->topic);
    if (gateway->rk)
        rd_kafka_destroy(gateway->rk);
    gateway->rk = NULL;
    gateway->topic = NULL;
    gateway->polling = false;
}
