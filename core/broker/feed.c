/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The input of one lane: one partition of several topics, each read from an exact offset, through one queue.
 * librdkafka's simple consumer is used on purpose: starting at an offset is its one way to begin, so nothing can begin
 * elsewhere, and there is no seek that could race with a fetch.
 */
#include "broker/private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

struct rlv_feed {
    rlv_broker *broker;
    int32_t lane;
    size_t n;
    rd_kafka_topic_t **topics;
    bool *started;
    int64_t *ends; /* by topic: where the partition ended when all before it had been given out; -1: not known */
    bool warned;
    rd_kafka_queue_t *queue;
    int wake[2]; /* pipe: librdkafka writes when the queue stops being empty */
};

int rlv_feed_start(rlv_broker *broker, int32_t lane, const char *const *topics, const int64_t *next, size_t n,
                   rlv_feed **ret, rlv_error *err)
{
    rlv_feed *feed = calloc(1, sizeof(*feed));
    if (!feed)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    feed->broker = broker;
    feed->lane = lane;
    feed->n = n;
    feed->wake[0] = feed->wake[1] = -1;
    feed->topics = calloc(n, sizeof(*feed->topics));
    feed->started = calloc(n, sizeof(*feed->started));
    feed->ends = calloc(n, sizeof(*feed->ends));
    feed->queue = rd_kafka_queue_new(broker->fetcher);
    if (!feed->topics || !feed->started || !feed->ends || pipe2(feed->wake, O_NONBLOCK | O_CLOEXEC) != 0) {
        rlv_feed_stop(feed);
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory or file descriptors");
    }
    rd_kafka_queue_io_event_enable(feed->queue, feed->wake[1], "", 1);
    for (size_t i = 0; i < n; i++) {
        feed->ends[i] = -1;
        feed->topics[i] = rd_kafka_topic_new(broker->fetcher, topics[i], NULL);
        if (!feed->topics[i] || rd_kafka_consume_start_queue(feed->topics[i], lane, next[i], feed->queue) != 0) {
            int rc = rlv_error_set(err, RLV_E_IO, "cannot read %s[%d] from offset %lld: %s", topics[i], lane,
                                   (long long)next[i], rd_kafka_err2str(rd_kafka_last_error()));
            rlv_feed_stop(feed);
            return rc;
        }
        feed->started[i] = true;
    }
    *ret = feed;
    return RLV_OK;
}

void rlv_feed_stop(rlv_feed *feed)
{
    if (!feed)
        return;
    if (feed->queue)
        rd_kafka_queue_io_event_enable(feed->queue, -1, NULL, 0);
    for (size_t i = 0; feed->topics && feed->started && i < feed->n; i++) {
        if (feed->started[i])
            (void)rd_kafka_consume_stop(feed->topics[i], feed->lane);
        if (feed->topics[i])
            rd_kafka_topic_destroy(feed->topics[i]);
    }
    if (feed->queue)
        rd_kafka_queue_destroy(feed->queue);
    if (feed->wake[0] >= 0) {
        (void)close(feed->wake[0]);
        (void)close(feed->wake[1]);
    }
    free(feed->topics);
    free(feed->started);
    free(feed->ends);
    free(feed);
}

int rlv_feed_fd(const rlv_feed *feed)
{
    return feed->wake[0];
}

static int feed_error(rlv_feed *feed, const rd_kafka_message_t *m, rlv_error *err)
{
    int code = rlv_broker_code(m->err);
    if (code != RLV_E_REFUSED && m->err != RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION &&
        m->err != RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        return 0; /* librdkafka tries again by itself */
    return -rlv_error_set(err, RLV_E_REFUSED, "%s[%d] cannot be read on: %s",
                          m->rkt ? rd_kafka_topic_name(m->rkt) : "?", feed->lane, rd_kafka_message_errstr(m));
}

static size_t topic_of(const rlv_feed *feed, const rd_kafka_message_t *m)
{
    size_t topic = 0;
    while (topic + 1 < feed->n && feed->topics[topic] != m->rkt &&
           strcmp(rd_kafka_topic_name(feed->topics[topic]), rd_kafka_topic_name(m->rkt)) != 0)
        topic++;
    return topic;
}

/* Lane time wants the broker's time. A producer's own may lie in any future: it counts up to now, and is said once. */
static int64_t append_time(rlv_feed *feed, const rd_kafka_message_t *m)
{
    rd_kafka_timestamp_type_t type;
    int64_t at_ms = rd_kafka_message_timestamp(m, &type);
    if (type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME)
        return at_ms;
    if (!feed->warned)
        rlv_log(RLV_LOG_WARN, "broker",
                "%s[%d] does not carry LogAppendTime: set message.timestamp.type=LogAppendTime on it, or lane time "
                "follows the producers' clocks (never past our own)",
                rd_kafka_topic_name(m->rkt), feed->lane);
    feed->warned = true;
    int64_t now_ms = rlv_clock_wall_ms();
    return at_ms > 0 && at_ms < now_ms ? at_ms : now_ms;
}

int rlv_feed_next(rlv_feed *feed, rlv_fetched *ret, rlv_error *err)
{
    for (;;) {
        rd_kafka_message_t *m = rd_kafka_consume_queue(feed->queue, 0);
        if (!m) {
            /* Empty: drain the wake-ups, then look once more, since one may have come in between. */
            char drain[64];
            bool drained = false;
            while (read(feed->wake[0], drain, sizeof(drain)) > 0)
                drained = true;
            if (!drained || !(m = rd_kafka_consume_queue(feed->queue, 0)))
                return 0;
        }
        if (m->err) {
            int rc = 0;
            if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
                feed->ends[topic_of(feed, m)] = m->offset;
            else
                rc = feed_error(feed, m, err);
            rd_kafka_message_destroy(m);
            if (rc < 0)
                return rc;
            continue;
        }
        *ret = (rlv_fetched){.topic = topic_of(feed, m),
                             .offset = m->offset,
                             .append_ms = append_time(feed, m),
                             .key = {m->key, m->key_len},
                             .value = {m->payload, m->len},
                             .message = m};
        return 1;
    }
}

void rlv_fetched_free(rlv_fetched *fetched)
{
    if (fetched->message)
        rd_kafka_message_destroy(fetched->message);
    fetched->message = NULL;
}

int64_t rlv_feed_end(const rlv_feed *feed, size_t topic)
{
    return feed->ends[topic];
}

int64_t rlv_feed_lag(const rlv_feed *feed, size_t topic, int64_t next)
{
    int64_t low, high;
    const char *name = rd_kafka_topic_name(feed->topics[topic]);
    if (rd_kafka_get_watermark_offsets(feed->broker->fetcher, name, feed->lane, &low, &high) || high < 0)
        return -1;
    return high > next ? high - next : 0;
}
