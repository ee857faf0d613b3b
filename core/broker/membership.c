/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The group's client: learns which lanes are this process's, and commits offsets for lag tools. It is assigned nothing
 * in librdkafka's sense, so it never fetches. See broker.h.
 */
#include "broker/private.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"

enum { GOODBYE_MS = 3000, ASK_MS = 5000, UUID_TEXT = 36 };

struct rlv_membership {
    rlv_broker *broker;
    rd_kafka_t *rk;
    const char *group, *instance; /* of the configuration */
    rlv_membership_callbacks callbacks;
    rlv_metric *rebalances, *commit_failures;
    bool assigned, leaving;
};

static int compare_lanes(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* The partitions of all input topics, each number once: `range` over topics of one count gives the same of each. */
static size_t lanes_of(const rd_kafka_topic_partition_list_t *list, int32_t *lanes)
{
    size_t n = 0;
    for (int i = 0; i < list->cnt; i++)
        lanes[n++] = list->elems[i].partition;
    qsort(lanes, n, sizeof(*lanes), compare_lanes);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || lanes[i] != lanes[i - 1])
            lanes[kept++] = lanes[i];
    return kept;
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *opaque)
{
    rlv_membership *m = opaque;
    if (m->assigned)
        m->callbacks.revoked(m->callbacks.context);
    m->assigned = false;
    if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS || m->leaving) {
        (void)rd_kafka_assign(rk, NULL);
        return;
    }
    rlv_metric_add(m->rebalances, 1);
    /* An empty assignment: lanes read through the fetcher, from Postgres's offsets. */
    rd_kafka_topic_partition_list_t *nothing = rd_kafka_topic_partition_list_new(0);
    (void)rd_kafka_assign(rk, nothing);
    rd_kafka_topic_partition_list_destroy(nothing);
    int32_t *lanes = calloc((size_t)list->cnt + 1, sizeof(*lanes));
    if (!lanes)
        return; /* the next rebalance tries again; nothing was taken, so nothing is lost */
    m->assigned = true;
    m->callbacks.assigned(m->callbacks.context, lanes, lanes_of(list, lanes));
    free(lanes);
}

static void on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list, void *opaque)
{
    (void)rk;
    (void)list;
    rlv_membership *m = opaque;
    if (code && code != RD_KAFKA_RESP_ERR__NO_OFFSET)
        rlv_metric_add(m->commit_failures, 1);
}

static rd_kafka_conf_t *member_conf(rlv_membership *m, const rlv_config *config, rlv_error *err)
{
    char session[32];
    (void)snprintf(session, sizeof(session), "%lld", (long long)config->consume.session_ms);
    const char *const own[][2] = {
        {"group.id", config->consume.group},
        {"session.timeout.ms", session},
        {"partition.assignment.strategy", "range"}, /* cooperative assignment has known bugs in librdkafka 2.0 */
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "error"},
        {"allow.auto.create.topics", "false"},
    };
    rd_kafka_conf_t *conf = rlv_broker_conf(config, "member", own, sizeof(own) / sizeof(*own), err);
    if (!conf)
        return NULL;
    if (config->consume.instance[0] &&
        rlv_broker_set(conf, "group.instance.id", config->consume.instance, err) != RLV_OK) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_offset_commit_cb(conf, on_commit);
    rd_kafka_conf_set_opaque(conf, m);
    return conf;
}

int rlv_membership_join(rlv_broker *broker, const rlv_config *config, const rlv_membership_callbacks *callbacks,
                        rlv_membership **ret, rlv_error *err)
{
    rlv_membership *m = calloc(1, sizeof(*m));
    if (!m)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    m->broker = broker;
    m->group = config->consume.group;
    m->instance = config->consume.instance;
    m->callbacks = *callbacks;
    m->rebalances = rlv_metric_counter("relevo_rebalances_total", "Assignments received from the consumer group.", "");
    m->commit_failures = rlv_metric_counter("relevo_group_commit_failures_total",
                                            "Offset commits for lag tools that failed; truth is in Postgres.", "");
    int rc;
    char why[256];
    rd_kafka_topic_partition_list_t *topics = NULL;
    rd_kafka_conf_t *conf = member_conf(m, config, err);
    if (!conf) {
        rc = err->code;
        goto fail;
    }
    m->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (!m->rk) {
        rd_kafka_conf_destroy(conf);
        rc = rlv_error_set(err, RLV_E_CONFIG, "cannot make the group's Kafka client: %s", why);
        goto fail;
    }
    (void)rd_kafka_poll_set_consumer(m->rk);
    topics = rd_kafka_topic_partition_list_new((int)config->topics.n_events);
    for (size_t i = 0; i < config->topics.n_events; i++)
        (void)rd_kafka_topic_partition_list_add(topics, config->topics.events[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t e = rd_kafka_subscribe(m->rk, topics);
    rd_kafka_topic_partition_list_destroy(topics);
    if (e) {
        rc = rlv_error_set(err, RLV_E_IO, "cannot join group %s: %s", config->consume.group, rd_kafka_err2str(e));
        goto fail;
    }
    *ret = m;
    return RLV_OK;
fail:
    if (m->rk)
        rd_kafka_destroy(m->rk);
    free(m);
    return rc;
}

/* Whether another process is the member of our instance's name. A member that the group lost sight of, and that comes back under
   its own name, displaces itself: requests that were under way are then refused as those of a stranger. The broker gives
   a new member id with each coming back; ours is none while we are at it. */
static bool displaced(const rlv_membership *m)
{
    const struct rd_kafka_group_list *list = NULL;
    size_t len = strlen(m->instance);
    char *mine = rd_kafka_memberid(m->rk);
    bool found = false;
    /* If nobody answers: the next one who is refused finds out. */
    if (len && mine && *mine && rd_kafka_list_groups(m->broker->reader, m->group, &list, ASK_MS) == 0) {
        for (int g = 0; g < list->group_cnt; g++)
            for (int i = 0; i < list->groups[g].member_cnt; i++) {
                const char *id = list->groups[g].members[i].member_id; /* <instance>-<uuid> */
                if (strncmp(id, m->instance, len) == 0 && id[len] == '-' && strlen(id) == len + 1 + UUID_TEXT &&
                    strcmp(id, mine) != 0)
                    found = true;
            }
        rd_kafka_group_list_destroy(list);
    }
    if (mine)
        rd_kafka_mem_free(m->rk, mine);
    return found;
}

/* The client is of no use any more; the question is why. */
static int refused(const rlv_membership *m, const rd_kafka_message_t *message, rlv_error *err)
{
    const char *text = rd_kafka_message_errstr(message);
    if (displaced(m))
        return rlv_error_set(err, RLV_E_FENCED, "the group refuses this member, another process is consume.instance '%s': %s",
                             m->instance, text);
    return rlv_error_set(err, RLV_E_UNAVAILABLE, "the group lost sight of this member: %s", text);
}

int rlv_membership_poll(rlv_membership *membership, int timeout_ms, rlv_error *err)
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll(membership->rk, timeout_ms);
    if (!message)
        return RLV_OK;
    int rc = RLV_OK;
    if (message->err == RD_KAFKA_RESP_ERR__FATAL || message->err == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
        rc = refused(membership, message, err);
    else if (message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF &&
             rlv_broker_code(message->err) != RLV_E_UNAVAILABLE)
        rc = rlv_error_set(err, RLV_E_IO, "%s", rd_kafka_message_errstr(message));
    rd_kafka_message_destroy(message);
    return rc;
}

void rlv_membership_commit(rlv_membership *membership, const char *const *topics, const int64_t *next, size_t n,
                           int32_t lane)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)n);
    for (size_t i = 0; i < n; i++)
        if (next[i] >= 0)
            rd_kafka_topic_partition_list_add(list, topics[i], lane)->offset = next[i];
    if (rd_kafka_commit(membership->rk, list, 1))
        rlv_metric_add(membership->commit_failures, 1);
    rd_kafka_topic_partition_list_destroy(list);
}

/* rd_kafka_consumer_close waits without an end for a broker that is connected and does not answer. */
static bool say_goodbye(rlv_membership *m)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(m->rk);
    rd_kafka_error_t *e = rd_kafka_consumer_close_queue(m->rk, queue);
    int64_t until_us = rlv_clock_mono_us() + GOODBYE_MS * 1000;
    while (!e && !rd_kafka_consumer_closed(m->rk) && rlv_clock_mono_us() < until_us)
        (void)rd_kafka_queue_poll_callback(queue, 50);
    bool said = e || rd_kafka_consumer_closed(m->rk);
    if (e)
        rd_kafka_error_destroy(e); /* it cannot be closed, so it never joined */
    if (said)
        rd_kafka_queue_destroy(queue);
    return said;
}

bool rlv_membership_leave(rlv_membership *membership)
{
    if (!membership)
        return true;
    membership->leaving = true;
    if (membership->assigned)
        membership->callbacks.revoked(membership->callbacks.context);
    membership->assigned = false;
    if (!say_goodbye(membership))
        return false;
    rd_kafka_destroy(membership->rk);
    free(membership);
    return true;
}
