/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output of one lane: Kafka transactions by two producers in turn (each hides the broker's 20 ms of completing the
 * other's), fenced together. A producer whose commit was not answered is never used again: a delayed commit may apply
 * to a later transaction of it (KIP-890). Every record goes to the lane's own partition.
 */
#include "broker/private.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/point.h"

enum { PRODUCERS = 2, OUTPUTS = 6, INIT_TIMEOUT_MS = 10000, ASK_MS = 2000, QUEUE_FULL_RETRIES = 5000 };

struct rlv_publisher {
    rlv_broker *broker;
    int32_t lane;
    rd_kafka_t *producers[PRODUCERS];
    rd_kafka_topic_t *topics[PRODUCERS][OUTPUTS]; /* held, so that what is known of them is kept fresh */
    int turn; /* whose transaction is next, or open */
    int commit_timeout_ms;
};

static int from_error(rd_kafka_error_t *e, const char *what, int32_t lane, rlv_error *err)
{
    int code = rd_kafka_error_is_fatal(e) ? RLV_E_FENCED : rlv_broker_code(rd_kafka_error_code(e));
    int rc = rlv_error_set(err, code, "%s of lane %d: %s", what, lane, rd_kafka_error_string(e));
    rd_kafka_error_destroy(e);
    return rc;
}

/* Learns where the outputs' partitions are: a producer that finds out in its first transaction makes it wait a second. */
static int learn_topics(rlv_publisher *p, const rlv_config *config, int i, rlv_error *err)
{
    const char *const names[OUTPUTS] = {config->topics.decisions, config->topics.ownership, config->topics.outbound,
                                        config->topics.effects,   config->topics.results,   config->topics.progress};
    for (size_t k = 0; k < OUTPUTS; k++)
        p->topics[i][k] = rd_kafka_topic_new(p->producers[i], names[k], NULL);
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_resp_err_t e = rd_kafka_metadata(p->producers[i], 0, NULL, &md, INIT_TIMEOUT_MS); /* of these topics */
    if (e)
        return rlv_error_set(err, RLV_E_UNAVAILABLE, "Kafka does not tell where the output topics are: %s",
                             rd_kafka_err2str(e));
    rd_kafka_metadata_destroy(md);
    return RLV_OK;
}

static int make_producer(rlv_publisher *p, const rlv_config *config, int i, rlv_error *err)
{
    char id[160], timeout[32], what[32], why[256];
    (void)snprintf(id, sizeof(id), "%s-lane-%d-%d", config->cluster, p->lane, i);
    (void)snprintf(timeout, sizeof(timeout), "%lld", (long long)config->consume.transaction_timeout_ms);
    (void)snprintf(what, sizeof(what), "lane-%d-%d", p->lane, i);
    const char *const own[][2] = {
        {"transactional.id", id},
        {"transaction.timeout.ms", timeout},
        {"message.timeout.ms", timeout},
        {"linger.ms", "2"},
        /* librdkafka 2.0.2 loses records otherwise: of a producer that a partition does not know yet, the first batch is refused by a
           leader that is one no more, the second, already on its way, is taken, and both are told as delivered. */
        {"max.in.flight.requests.per.connection", "1"},
        {"queue.buffering.max.messages", "1000000"},
        {"queue.buffering.max.kbytes", "1048576"},
        {"batch.num.messages", "10000"},
        {"message.max.bytes", "104857600"}, /* a dead letter is as large as what came in; the topic has the last word */
        {"allow.auto.create.topics", "false"},
    };
    rd_kafka_conf_t *conf = rlv_broker_conf(config, what, own, sizeof(own) / sizeof(*own), err);
    if (!conf)
        return err->code;
    p->producers[i] = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!p->producers[i]) {
        rd_kafka_conf_destroy(conf);
        return rlv_error_set(err, RLV_E_CONFIG, "cannot make the producer %s: %s", id, why);
    }
    int rc = learn_topics(p, config, i, err);
    if (rc != RLV_OK)
        return rc;
    RLV_POINT("producer_made");
    rd_kafka_error_t *e = rd_kafka_init_transactions(p->producers[i], INIT_TIMEOUT_MS);
    if (e)
        return from_error(e, "init_transactions", p->lane, err);
    RLV_POINT("producer_fenced");
    return RLV_OK;
}

int rlv_publisher_new(rlv_broker *broker, const rlv_config *config, int32_t lane, rlv_publisher **ret, rlv_error *err)
{
    rlv_publisher *p = calloc(1, sizeof(*p));
    if (!p)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    p->broker = broker;
    p->lane = lane;
    /* The broker's own: past it the transaction is aborted, and waiting longer tells nothing. */
    p->commit_timeout_ms = (int)config->consume.transaction_timeout_ms;
    for (int i = 0; i < PRODUCERS; i++) {
        int rc = make_producer(p, config, i, err);
        if (rc != RLV_OK) {
            rlv_publisher_free(p);
            return rc;
        }
    }
    *ret = p;
    return RLV_OK;
}

void rlv_publisher_free(rlv_publisher *publisher)
{
    /* librdkafka 2.0.2 aborts the process ("txn_req_cnt > 0") when it is destroyed at the moment at which it tells the coordinator of a
       partition that is new in a transaction: its refused request is answered before it was counted. So what was produced last gets
       a moment to be through; nobody commits it any more. */
    enum { REGISTER_MS = 200 };
    if (!publisher)
        return;
    for (int i = 0; i < PRODUCERS; i++)
        if (publisher->producers[i]) {
            (void)rd_kafka_flush(publisher->producers[i], REGISTER_MS);
            /* What is queued must not outlive the memory it borrows. */
            (void)rd_kafka_purge(publisher->producers[i], RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                                              RD_KAFKA_PURGE_F_NON_BLOCKING);
            for (size_t k = 0; k < OUTPUTS; k++)
                if (publisher->topics[i][k])
                    rd_kafka_topic_destroy(publisher->topics[i][k]);
            rd_kafka_destroy(publisher->producers[i]);
        }
    free(publisher);
}

int rlv_publisher_check_readers(rlv_publisher *publisher, int timeout_ms, rlv_error *err)
{
    enum { PAUSE_MS = 100 };
    const rlv_config *config = publisher->broker->config;
    const char *const own[] = {config->topics.decisions, config->topics.ownership, config->topics.outbound,
                               config->topics.effects, config->topics.progress};
    int64_t deadline_us = rlv_clock_mono_us() + (int64_t)timeout_ms * 1000;
    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
        int open;
        /* The fence ended whatever it met: its marks may be on their way to readers. */
        while ((open = rlv_broker_obstructed(publisher->broker, own[i], publisher->lane, ASK_MS, err)) == 1 &&
               rlv_clock_mono_us() < deadline_us)
            rlv_clock_sleep_ms(PAUSE_MS);
        if (open != 0)
            return err->code;
    }
    return RLV_OK;
}

int rlv_publisher_begin(rlv_publisher *publisher, rlv_error *err)
{
    rd_kafka_error_t *e = rd_kafka_begin_transaction(publisher->producers[publisher->turn]);
    return e ? from_error(e, "begin", publisher->lane, err) : RLV_OK;
}

/* The handle of an output; NULL for another topic. Looked up by name in every message it cost a lock and copies. */
static rd_kafka_topic_t *output(const rlv_publisher *p, const char *topic)
{
    for (size_t k = 0; k < OUTPUTS; k++)
        if (p->topics[p->turn][k] && strcmp(rd_kafka_topic_name(p->topics[p->turn][k]), topic) == 0)
            return p->topics[p->turn][k];
    return NULL;
}

static int produce(rlv_publisher *p, const char *topic, int32_t partition, rlv_str key, rlv_str value,
                   rd_kafka_headers_t *headers, rlv_error *err)
{
    rd_kafka_t *rk = p->producers[p->turn];
    rd_kafka_topic_t *handle = output(p, topic);
    for (int tries = 0;; tries++) {
        rd_kafka_resp_err_t e;
        rd_kafka_vu_t vus[6];
        size_t n = 0;
        if (handle) {
            vus[n].vtype = RD_KAFKA_VTYPE_RKT;
            vus[n++].u.rkt = handle;
        } else {
            vus[n].vtype = RD_KAFKA_VTYPE_TOPIC;
            vus[n++].u.cstr = topic;
        }
        vus[n].vtype = RD_KAFKA_VTYPE_PARTITION;
        vus[n++].u.i32 = partition;
        vus[n].vtype = RD_KAFKA_VTYPE_KEY;
        vus[n].u.mem.ptr = (void *)(uintptr_t)key.ptr;
        vus[n++].u.mem.size = key.len;
        vus[n].vtype = RD_KAFKA_VTYPE_VALUE;
        vus[n].u.mem.ptr = (void *)(uintptr_t)value.ptr;
        vus[n++].u.mem.size = value.len;
        if (headers) {
            vus[n].vtype = RD_KAFKA_VTYPE_HEADERS;
            vus[n++].u.headers = headers;
        }
        rd_kafka_error_t *error = rd_kafka_produceva(rk, vus, n);
        if (!error)
            return RLV_OK;
        e = rd_kafka_error_code(error);
        if (e != RD_KAFKA_RESP_ERR__QUEUE_FULL || tries >= QUEUE_FULL_RETRIES)
            return from_error(error, "produce", p->lane, err);
        rd_kafka_error_destroy(error);
        (void)rd_kafka_poll(rk, 1);
    }
}

int rlv_publisher_add(rlv_publisher *publisher, const char *topic, rlv_str key, rlv_str value, const rlv_trace *trace,
                      rlv_error *err)
{
    return rlv_publisher_add_to(publisher, topic, publisher->lane, key, value, trace, err);
}

int rlv_publisher_add_to(rlv_publisher *publisher, const char *topic, int32_t partition, rlv_str key, rlv_str value,
                         const rlv_trace *trace, rlv_error *err)
{
    rd_kafka_headers_t *headers = rlv_broker_traced(trace);
    int rc = produce(publisher, topic, partition, key, value, headers, err);
    if (rc != RLV_OK && headers)
        rd_kafka_headers_destroy(headers); /* librdkafka took them only on success */
    return rc;
}

int rlv_publisher_add_dead(rlv_publisher *publisher, const char *topic, rlv_str key, rlv_str value,
                           const rlv_str (*headers)[2], size_t n, rlv_error *err)
{
    rd_kafka_headers_t *list = rd_kafka_headers_new(n);
    for (size_t i = 0; i < n; i++)
        (void)rd_kafka_header_add(list, headers[i][0].ptr, (ssize_t)headers[i][0].len, headers[i][1].ptr,
                                  (ssize_t)headers[i][1].len);
    int rc = produce(publisher, topic, publisher->lane, key, value, list, err);
    if (rc != RLV_OK)
        rd_kafka_headers_destroy(list);
    return rc;
}

int rlv_publisher_commit(rlv_publisher *publisher, rlv_error *err)
{
    rd_kafka_t *rk = publisher->producers[publisher->turn];
    rd_kafka_error_t *e = rd_kafka_commit_transaction(rk, publisher->commit_timeout_ms);
    if (e)
        return from_error(e, "commit", publisher->lane, err);
    publisher->turn = (publisher->turn + 1) % PRODUCERS;
    return RLV_OK;
}

/* ---- the last committed record --------------------------------------------------------------------------------- */

/* Why [.., high) is not given. Whoever holds the fence has no transaction open: one that is there all the same has lost its end. */
static int not_given(rlv_broker *broker, const char *topic, int32_t partition, int64_t high, rlv_error *err)
{
    if (rlv_broker_obstructed(broker, topic, partition, ASK_MS, err) == 1)
        return err->code;
    return rlv_error_set(err, RLV_E_UNAVAILABLE, "Kafka does not give %s[%d] up to offset %lld", topic, partition, (long long)high);
}

/* Reads [from, high) and keeps the last record. */
static int read_last(rlv_broker *broker, const char *topic, int32_t partition, int64_t from, int64_t high,
                     int64_t deadline_us, rlv_arena *arena, rlv_str *ret, rlv_error *err)
{
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(broker->fetcher, topic, NULL);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(broker->fetcher);
    int rc = RLV_OK;
    if (rd_kafka_consume_start_queue(rkt, partition, from, queue) != 0) {
        rc = rlv_error_set(err, RLV_E_IO, "cannot read %s[%d]: %s", topic, partition,
                           rd_kafka_err2str(rd_kafka_last_error()));
        goto out;
    }
    for (bool done = false; !done && rc == RLV_OK;) {
        rd_kafka_message_t *m = rd_kafka_consume_queue(queue, 100);
        if (!m) {
            if (rlv_clock_mono_us() > deadline_us)
                rc = not_given(broker, topic, partition, high, err);
            continue;
        }
        if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            /* Its offset is past transaction markers too, which no record shows. */
            done = m->offset >= high;
        } else if (m->err) {
            if (rlv_broker_code(m->err) == RLV_E_REFUSED)
                rc = rlv_error_set(err, RLV_E_REFUSED, "cannot read %s[%d]: %s", topic, partition,
                                   rd_kafka_message_errstr(m));
        } else {
            *ret = rlv_arena_copy(arena, (rlv_str){m->payload, m->len});
            done = m->offset + 1 >= high;
        }
        rd_kafka_message_destroy(m);
    }
    (void)rd_kafka_consume_stop(rkt, partition);
out:
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_destroy(rkt);
    return rc;
}

static int look_back(rlv_broker *broker, const char *topic, int32_t partition, int timeout_ms, int64_t deadline_us,
                     rlv_arena *arena, rlv_str *ret, rlv_error *err)
{
    int64_t low, high;
    int rc = rlv_broker_bounds(broker, topic, partition, timeout_ms, &low, &high, err);
    if (rc != RLV_OK)
        return rc;
    rlv_str last = {NULL, 0};
    /* Markers and aborted records follow the last committed one: look back further and further. */
    for (int64_t back = 64; high > low; back *= 8) {
        int64_t from = high - back > low ? high - back : low;
        rc = read_last(broker, topic, partition, from, high, deadline_us, arena, &last, err);
        if (rc != RLV_OK)
            return rc;
        if (last.len || from == low)
            break;
    }
    *ret = last;
    return RLV_OK;
}

int rlv_broker_last_record(rlv_broker *broker, const char *topic, int32_t partition, int timeout_ms, rlv_arena *arena,
                           rlv_str *ret, rlv_error *err)
{
    enum { PAUSE_MS = 100 };
    int64_t deadline_us = rlv_clock_mono_us() + (int64_t)timeout_ms * 1000;
    for (;;) {
        int rc = look_back(broker, topic, partition, timeout_ms, deadline_us, arena, ret, err);
        /* Bounds and fetch are two questions: compaction, or a partition just made, may come in between. */
        if (rc != RLV_E_REFUSED || rlv_clock_mono_us() > deadline_us)
            return rc;
        rlv_clock_sleep_ms(PAUSE_MS);
    }
}
