/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that a consumer of events can do: read one partition, write each record to another topic with an
 * idempotent producer, and wait until all are acknowledged. `bare_kafka SERVERS FROM TO N` prints the seconds
 * from the first record read to the last one acknowledged. Bench lane compares Relevo with it: it must never
 * use Relevo's code.
 */
#define _GNU_SOURCE
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static long acknowledged;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bare_kafka: %s: %s\n", what, why);
    exit(1);
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    (void)rk;
    (void)opaque;
    if (m->err)
        die("a record was not written", rd_kafka_err2str(m->err));
    acknowledged++;
}

static rd_kafka_t *client(rd_kafka_type_t type, const char *const (*settings)[2])
{
    char why[512];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (; (*settings)[0]; settings++)
        if (rd_kafka_conf_set(conf, (*settings)[0], (*settings)[1], why, sizeof(why)) != RD_KAFKA_CONF_OK)
            die((*settings)[0], why);
    if (type == RD_KAFKA_PRODUCER)
        rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));
    if (!rk)
        die("cannot begin", why);
    return rk;
}

static double seconds(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void forward(rd_kafka_t *producer, const char *topic, const rd_kafka_message_t *m)
{
    rd_kafka_resp_err_t rc;
    while ((rc = rd_kafka_producev(producer, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
                                   RD_KAFKA_V_KEY(m->key, m->key_len), RD_KAFKA_V_VALUE(m->payload, m->len),
                                   RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END)) ==
           RD_KAFKA_RESP_ERR__QUEUE_FULL)
        (void)rd_kafka_poll(producer, 10);
    if (rc)
        die("cannot write", rd_kafka_err2str(rc));
}

int main(int argc, char **argv)
{
    if (argc != 5)
        die("usage", "bare_kafka SERVERS FROM TO N");
    const char *const reading[][2] = {{"bootstrap.servers", argv[1]},
                                      {"group.id", "bare"},
                                      {"enable.auto.commit", "false"},
                                      {"socket.nagle.disable", "true"},
                                      {"fetch.error.backoff.ms", "5"},
                                      {"queued.min.messages", "100000"},
                                      {NULL, NULL}};
    const char *const writing[][2] = {{"bootstrap.servers", argv[1]},
                                      {"enable.idempotence", "true"},
                                      {"linger.ms", "5"},
                                      {"socket.nagle.disable", "true"},
                                      {"queue.buffering.max.messages", "200000"},
                                      {NULL, NULL}};
    rd_kafka_t *consumer = client(RD_KAFKA_CONSUMER, reading), *producer = client(RD_KAFKA_PRODUCER, writing);
    rd_kafka_topic_t *from = rd_kafka_topic_new(consumer, argv[2], NULL);
    if (!from || rd_kafka_consume_start(from, 0, RD_KAFKA_OFFSET_BEGINNING) != 0)
        die(argv[2], rd_kafka_err2str(rd_kafka_last_error()));
    long wanted = strtol(argv[4], NULL, 10);
    double begun = 0;
    for (long n = 0; n < wanted;) {
        rd_kafka_message_t *batch[1000];
        ssize_t got = rd_kafka_consume_batch(from, 0, 100, batch, 1000);
        if (got < 0)
            die("cannot read", rd_kafka_err2str(rd_kafka_last_error()));
        if (got > 0 && begun <= 0)
            begun = seconds();
        for (ssize_t i = 0; i < got; i++) {
            if (batch[i]->err && batch[i]->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
                die("cannot read", rd_kafka_message_errstr(batch[i]));
            if (!batch[i]->err) {
                forward(producer, argv[3], batch[i]);
                n++;
            }
            rd_kafka_message_destroy(batch[i]);
        }
        (void)rd_kafka_poll(producer, 0);
    }
    if (rd_kafka_flush(producer, 60000) != RD_KAFKA_RESP_ERR_NO_ERROR || acknowledged != wanted)
        die("not everything was written", "the broker did not acknowledge it within a minute");
    printf("%.6f\n", seconds() - begun);
    (void)rd_kafka_consume_stop(from, 0);
    rd_kafka_topic_destroy(from);
    rd_kafka_destroy(producer);
    rd_kafka_destroy(consumer);
    return 0;
}
