/* SPDX-License-Identifier: Apache-2.0 */
/* Records that are surely written, and told of one by one. Must never report a record as written that Kafka
   did not acknowledge. */
#include "broker/private.h"

#include <stdlib.h>

struct rlv_outbox {
    rd_kafka_t *rk;
    rlv_outbox_acked acked;
    void *context;
};

static void on_delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    rlv_outbox *outbox = opaque;
    (void)rk;
    outbox->acked(outbox->context, m->_private, m->err ? rd_kafka_err2str(m->err) : NULL);
}

int rlv_outbox_new(const rlv_config *config, const char *what, rlv_outbox_acked acked, void *context,
                   rlv_outbox **ret, rlv_error *err)
{
    const char *const own[][2] = {
        {"acks", "all"},
        {"enable.idempotence", "true"},
        {"linger.ms", "2"},
        {"max.in.flight.requests.per.connection", "1"}, /* else librdkafka 2.0.2 may tell lost ones as delivered: publisher.c */
        {"message.timeout.ms", "30000"},
        {"message.max.bytes", "104857600"}, /* the topic has the last word */
        {"allow.auto.create.topics", "false"},
    };
    rd_kafka_conf_t *conf = rlv_broker_conf(config, what, own, sizeof(own) / sizeof(*own), err);
    if (!conf)
        return err->code;
    rlv_outbox *outbox = calloc(1, sizeof(*outbox));
    if (!outbox) {
        rd_kafka_conf_destroy(conf);
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    }
    outbox->acked = acked;
    outbox->context = context;
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivered);
    rd_kafka_conf_set_opaque(conf, outbox);
    char why[256];
    outbox->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!outbox->rk) {
        rd_kafka_conf_destroy(conf);
        free(outbox);
        return rlv_error_set(err, RLV_E_CONFIG, "cannot make a Kafka client: %s", why);
    }
    *ret = outbox;
    return RLV_OK;
}

int rlv_outbox_put(rlv_outbox *outbox, const char *topic, int32_t partition, rlv_str key, rlv_str value,
                   const rlv_trace *trace, void *user, rlv_error *err)
{
    rd_kafka_headers_t *headers = rlv_broker_traced(trace);
    rd_kafka_resp_err_t e =
        rd_kafka_producev(outbox->rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                          RD_KAFKA_V_KEY((void *)(uintptr_t)key.ptr, key.len),
                          RD_KAFKA_V_VALUE((void *)(uintptr_t)value.ptr, value.len), RD_KAFKA_V_HEADERS(headers),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(user), RD_KAFKA_V_END);
    if (!e)
        return RLV_OK;
    if (headers)
        rd_kafka_headers_destroy(headers); /* librdkafka took them only on success */
    return rlv_error_set(err, e == RD_KAFKA_RESP_ERR__QUEUE_FULL ? RLV_E_UNAVAILABLE : RLV_E_IO,
                         "cannot write to %s[%d]: %s", topic, partition, rd_kafka_err2str(e));
}

void rlv_outbox_poll(rlv_outbox *outbox)
{
    (void)rd_kafka_poll(outbox->rk, 0);
}

void rlv_outbox_free(rlv_outbox *outbox, int timeout_ms)
{
    if (!outbox)
        return;
    if (rd_kafka_flush(outbox->rk, timeout_ms)) { /* the rest is told as not written */
        (void)rd_kafka_purge(outbox->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        (void)rd_kafka_flush(outbox->rk, timeout_ms);
    }
    rd_kafka_destroy(outbox->rk);
    free(outbox);
}
