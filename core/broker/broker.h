/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kafka as the lanes need it, over librdkafka. A process has one broker: a group member that only learns which
 * partitions are its own (membership.c), a fetcher that reads partitions from exact offsets (feed.c), and for each
 * lane a transactional publisher (publisher.c). Three separate clients on purpose: no data ever flows through the
 * group's client, so neither stored group offsets nor a rebalance can move a lane's position. It knows nothing of
 * Postgres.
 */
#ifndef RLV_BROKER_BROKER_H
#define RLV_BROKER_BROKER_H

#include <librdkafka/rdkafka.h>

#include "base/arena.h"
#include "base/trace.h"
#include "config/config.h"

typedef struct rlv_broker rlv_broker;

/* Connects (in the background: a broker that is away is waited for later) and prepares; joins no group yet. Any thread
   may use a broker. */
RLV_MUST_CHECK int rlv_broker_new(const rlv_config *config, rlv_broker **ret, rlv_error *err);
void rlv_broker_free(rlv_broker *broker);

/* The cluster's id and the one partition count that all topics of the configuration share. Refuses (RLV_E_REFUSED)
   a missing topic or counts that differ, naming the topic and the fix; RLV_E_UNAVAILABLE while no broker answers
   within timeout_ms. */
RLV_MUST_CHECK int rlv_broker_topics(rlv_broker *broker, int timeout_ms, char ret_cluster[64], int32_t *ret_partitions,
                                     rlv_error *err);

/* Low and high offsets of a partition as a reader of uncommitted records sees them. Blocks up to timeout_ms. */
RLV_MUST_CHECK int rlv_broker_bounds(rlv_broker *broker, const char *topic, int32_t partition, int timeout_ms,
                                     int64_t *ret_low, int64_t *ret_high, rlv_error *err);

/* Whether an open transaction keeps readers of committed records before the end of a partition: 1, and err says where
   (RLV_E_UNAVAILABLE); 0: they read all of it; <0: -code, Kafka does not tell. Blocks up to twice timeout_ms. */
int rlv_broker_obstructed(rlv_broker *broker, const char *topic, int32_t partition, int timeout_ms, rlv_error *err);

/* The trace that a record came with; none where its header is missing or malformed. */
rlv_trace rlv_broker_trace(const rd_kafka_message_t *message);
/* Headers for a record of that trace. NULL for none, which is no headers. The caller destroys them when librdkafka does not take them. */
rd_kafka_headers_t *rlv_broker_traced(const rlv_trace *trace);

/* ---- membership ------------------------------------------------------------------------------------------------ */

typedef struct rlv_membership rlv_membership;

/* Called from rlv_membership_poll's thread. assigned: these lanes are now this process's, all of them; whatever is not
   listed is not. revoked: none is any more; return when they have stopped, within the drain time. */
typedef struct rlv_membership_callbacks {
    void *context;
    void (*assigned)(void *context, const int32_t *lanes, size_t n);
    void (*revoked)(void *context);
} rlv_membership_callbacks;

RLV_MUST_CHECK int rlv_membership_join(rlv_broker *broker, const rlv_config *config,
                                       const rlv_membership_callbacks *callbacks, rlv_membership **ret,
                                       rlv_error *err);
/* Waits up to timeout_ms for the group's news. RLV_E_IO: a lasting error worth one log line (err says which).
   RLV_E_FENCED: another process took our place in the group. RLV_E_UNAVAILABLE: the group lost sight of us, and this
   membership is over: leave it, join again. */
RLV_MUST_CHECK int rlv_membership_poll(rlv_membership *membership, int timeout_ms, rlv_error *err);
/* Commits where a lane is, for lag tools and autoscaling only; truth is in Postgres. Never blocks; a failure is
   counted in the metric relevo_group_commit_failures_total. */
void rlv_membership_commit(rlv_membership *membership, const char *const *topics, const int64_t *next, size_t n,
                           int32_t lane);
/* Leaves the group (calls revoked when something was assigned) and frees. Waits a few seconds for Kafka; false when it did
   not answer: the group then notices by its own time-out, and the client's threads live until the process ends. Accepts
   NULL. */
bool rlv_membership_leave(rlv_membership *membership);

/* ---- feed: the input of one lane ------------------------------------------------------------------------------- */

typedef struct rlv_feed rlv_feed;

/* Starts reading partition `lane` of the n topics, each from next[i] exactly. Readiness is told on a file
   descriptor. One thread. */
RLV_MUST_CHECK int rlv_feed_start(rlv_broker *broker, int32_t lane, const char *const *topics, const int64_t *next,
                                  size_t n, rlv_feed **ret, rlv_error *err);
/* Stops reading and forgets what was fetched. Accepts NULL. */
void rlv_feed_stop(rlv_feed *feed);
/* A file descriptor that becomes readable when a message may be there. Drained by rlv_feed_next. */
int rlv_feed_fd(const rlv_feed *feed);

typedef struct rlv_fetched {
    size_t topic; /* index into the feed's topics */
    int64_t offset;
    int64_t append_ms; /* LogAppendTime; a producer's own time counts up to now */
    rlv_str key, value; /* borrowed until rlv_fetched_free */
    rd_kafka_message_t *message; /* owner of the memory */
} rlv_fetched;

/* The next message, without blocking: 1 when there is one, 0 when there is none now; <0: -code, and err says why
   the feed cannot go on (an offset that Kafka no longer has: RLV_E_REFUSED). Transient errors of the broker are 0. */
int rlv_feed_next(rlv_feed *feed, rlv_fetched *ret, rlv_error *err);
void rlv_fetched_free(rlv_fetched *fetched);
/* Where the partition of a topic ended when everything before it had been given out; -1: not reached yet. Past the last
   record when transaction markers follow it, which no record shows. */
int64_t rlv_feed_end(const rlv_feed *feed, size_t topic);
/* How far behind the end of a topic the position `next` is, as the last fetch told; -1: not known yet. */
int64_t rlv_feed_lag(const rlv_feed *feed, size_t topic, int64_t next);

/* ---- publisher: the output of one lane ------------------------------------------------------------------------- */

typedef struct rlv_publisher rlv_publisher;

/* Makes the lane's two transactional producers and takes Kafka's fence with both. Blocks up to about 10 s. */
RLV_MUST_CHECK int rlv_publisher_new(rlv_broker *broker, const rlv_config *config, int32_t lane, rlv_publisher **ret,
                                     rlv_error *err);
/* Nobody but the fenced producers has transactions in the lane's partitions of decisions, ownership, outbound, effects and
   progress: one that is open there all the same has lost its end, and whoever reads committed records stands before it. Waits
   up to timeout_ms for it: RLV_E_UNAVAILABLE, and err names it. */
RLV_MUST_CHECK int rlv_publisher_check_readers(rlv_publisher *publisher, int timeout_ms, rlv_error *err);
/* Gives up: an open transaction is left to be fenced or timed out. Accepts NULL. */
void rlv_publisher_free(rlv_publisher *publisher);

/* One transaction: begin, add any number, commit. The bytes are borrowed until commit returned RLV_OK or the
   publisher is freed. A record's Kafka timestamp is the time of publishing, so that retention counts from there: what
   is published after a long outage must not be old at once. */
RLV_MUST_CHECK int rlv_publisher_begin(rlv_publisher *publisher, rlv_error *err);
/* trace: of its header, copied; NULL, or none: it has no header. */
RLV_MUST_CHECK int rlv_publisher_add(rlv_publisher *publisher, const char *topic, rlv_str key, rlv_str value,
                                     const rlv_trace *trace, rlv_error *err);
/* The same into another lane's partition: its readers wait until this transaction ends. */
RLV_MUST_CHECK int rlv_publisher_add_to(rlv_publisher *publisher, const char *topic, int32_t partition, rlv_str key, rlv_str value,
                                        const rlv_trace *trace, rlv_error *err);
/* A record with Kafka Connect's error headers, for a dead letter. headers: n pairs of name and value. */
RLV_MUST_CHECK int rlv_publisher_add_dead(rlv_publisher *publisher, const char *topic, rlv_str key, rlv_str value,
                                          const rlv_str (*headers)[2], size_t n, rlv_error *err);
/* RLV_OK is the only proof that the records are out. Anything else leaves the outcome unknown: free the publisher. */
RLV_MUST_CHECK int rlv_publisher_commit(rlv_publisher *publisher, rlv_error *err);

/* The last committed record of a partition that only this lane writes: {NULL, 0} when there is none. The value is
   copied into arena. Take Kafka's fence before: then this is exactly what was published. */
RLV_MUST_CHECK int rlv_broker_last_record(rlv_broker *broker, const char *topic, int32_t partition, int timeout_ms,
                                          rlv_arena *arena, rlv_str *ret, rlv_error *err);

/* ---- inbox: records worked through at least once, by a group --------------------------------------------------------- */

typedef struct rlv_inbox rlv_inbox;

/* A record in hand. Its memory is librdkafka's; everything else goes with rlv_inbox_done. */
typedef struct rlv_letter {
    size_t topic; /* index into the inbox's topics */
    int32_t partition;
    int64_t offset;
    uint32_t generation; /* of the assignment that it came with */
    rlv_str value; /* borrowed until rlv_inbox_done */
    int64_t at_ms; /* when it was published; -1: Kafka does not say */
    rlv_trace trace;
    rd_kafka_message_t *message;
} rlv_letter;

/* Joins the group and reads what is committed, a new group from the beginning. revoked is called from rlv_inbox_next when the
   partitions are taken away: what is not done then will be read by somebody else. One thread. */
RLV_MUST_CHECK int rlv_inbox_open(const rlv_config *config, const char *group, const char *const *topics, size_t n,
                                  void (*revoked)(void *context), void *context, rlv_inbox **ret, rlv_error *err);
/* Commits, leaves the group and frees. Letters in hand must be done or dropped before. Accepts NULL. */
void rlv_inbox_close(rlv_inbox *inbox);
/* Readable when rlv_inbox_next may have something. */
int rlv_inbox_fd(const rlv_inbox *inbox);
/* The next record, without blocking: 1, or 0 when there is none now; <0: -code, a lasting error worth one log line; past
   RLV_E_LIMIT the inbox must be closed, else a record would be skipped. Must be called often even when nothing is wanted (want false): the group's news come with it. */
int rlv_inbox_next(rlv_inbox *inbox, bool want, rlv_letter *ret, rlv_error *err);
/* It is finished, in any order; frees it. The position of a partition is before its first unfinished record. */
void rlv_inbox_done(rlv_inbox *inbox, const rlv_letter *letter);
/* Frees a letter that somebody else will read. */
void rlv_inbox_drop(const rlv_letter *letter);
/* Tells the group how far the partitions are, and their marks; never blocks. */
void rlv_inbox_commit(rlv_inbox *inbox);

/* A number of the caller's that the group keeps beside the position of a partition. */
typedef struct rlv_inbox_mark {
    int32_t partition;
    int64_t mark; /* as the group has it or rlv_inbox_set_mark set it; 0: none. -1: not known yet */
    bool moved;   /* a record was given out or done since it was set, or is in hand */
} rlv_inbox_mark;

/* Those of this process's partitions of a topic, at most max. Blocks for a second at most, and only where one is not known. */
size_t rlv_inbox_marks(rlv_inbox *inbox, size_t topic, rlv_inbox_mark *ret, size_t max);
/* Goes with the next commit of the partition; of one that is not this process's, nothing happens. mark: more than 0. */
void rlv_inbox_set_mark(rlv_inbox *inbox, size_t topic, int32_t partition, int64_t mark);
/* Those of all n partitions of a topic, by number, as a group has them; for who is not in the group. RLV_E_UNAVAILABLE: Kafka is away. */
RLV_MUST_CHECK int rlv_inbox_look(const rlv_config *config, const char *group, const char *topic, int32_t n, int64_t *ret, rlv_error *err);
/* Which assignment this is: another number after each change. */
uint32_t rlv_inbox_generation(const rlv_inbox *inbox);
/* How many partitions of a topic are this process's. */
int32_t rlv_inbox_assigned(const rlv_inbox *inbox, size_t topic);
/* True once the group gave its first assignment. */
bool rlv_inbox_member(const rlv_inbox *inbox);

/* ---- outbox: records that are surely written ---------------------------------------------------------------------- */

typedef struct rlv_outbox rlv_outbox;

/* Called from rlv_outbox_poll: Kafka has it, or why it surely will not (why NULL: it has). */
typedef void (*rlv_outbox_acked)(void *context, void *user, const char *why);

/* An idempotent producer, acks=all. One thread. */
RLV_MUST_CHECK int rlv_outbox_new(const rlv_config *config, const char *what, rlv_outbox_acked acked,
                                  void *context, rlv_outbox **ret, rlv_error *err);
/* Copies. trace: as of rlv_publisher_add. RLV_E_UNAVAILABLE: too much waits already. */
RLV_MUST_CHECK int rlv_outbox_put(rlv_outbox *outbox, const char *topic, int32_t partition, rlv_str key, rlv_str value,
                                  const rlv_trace *trace, void *user, rlv_error *err);
void rlv_outbox_poll(rlv_outbox *outbox);
/* Waits up to timeout_ms for what is under way, then frees; acked is called for all of it. Accepts NULL. */
void rlv_outbox_free(rlv_outbox *outbox, int timeout_ms);

/* A configuration for librdkafka: the operator's properties, and on top of them n of the caller's own, pairs of name and
   value. what: the end of client.id. NULL and err set on a property that librdkafka refuses. */
rd_kafka_conf_t *rlv_broker_conf(const rlv_config *config, const char *what, const char *const (*own)[2], size_t n,
                                 rlv_error *err);

#endif
