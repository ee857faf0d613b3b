/* SPDX-License-Identifier: Apache-2.0 */
/* The consumer role; see consumer.h. Must never block its poll loop on Kafka or Postgres: liveness is told by it. */
#include "lane/consumer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/point.h"
#include "lane/lane.h"
#include "store/store.h"

enum { POLL_MS = 100, TOPICS_TIMEOUT_MS = 2000, RETRY_MS = 1000, LONELY_US = 60000000, BUSY_US = 10000000 };

struct rlv_consumer {
    rlv_lane_env env;
    const char *topics[RLV_INPUTS_MAX];
    pthread_mutex_t lock; /* of what follows, for /readyz */
    rlv_lane **lanes;     /* by number, made when first assigned, kept for their caches */
    bool *wanted, *active; /* given by the group; started */
    size_t n_wanted;
    int64_t retry_us; /* when lanes that did not start are tried again */
    bool member, haunted;
    int64_t lonely_us; /* when the group is said to be waited for, without a word from it until then */
    int64_t busy_us; /* when a plugin that does not answer is told of again */
    _Atomic int64_t moved_us;
    rlv_metric *last_poll, *assigned;
};

static int open_registry(const rlv_config *config, rlv_registry **ret, rlv_error *err)
{
    if (!config->registry.url)
        return RLV_OK;
    const rlv_registry_options options = {.url = config->registry.url,
                                          .user = config->registry.user,
                                          .password = config->registry.password,
                                          .token = config->registry.token,
                                          .ca_file = config->registry.ca_file,
                                          .timeout_ms = config->registry.timeout_ms};
    return rlv_registry_new(&options, ret, err);
}

int rlv_consumer_new(const rlv_config *config, const rlv_host *host, rlv_consumer **ret, rlv_error *err)
{
    if (config->topics.n_events + 1 > RLV_INPUTS_MAX)
        return rlv_error_set(err, RLV_E_CONFIG, "topics.events: at most %d topics", RLV_INPUTS_MAX - 1);
    rlv_consumer *c = calloc(1, sizeof(*c));
    if (!c)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    (void)pthread_mutex_init(&c->lock, NULL);
    for (size_t i = 0; i < config->topics.n_events; i++)
        c->topics[i] = config->topics.events[i];
    c->topics[config->topics.n_events] = config->topics.results;
    c->env = (rlv_lane_env){
        .config = config, .host = host, .topics = c->topics, .n_topics = config->topics.n_events + 1};
    c->last_poll = rlv_metric_gauge("relevo_last_poll_timestamp_seconds", "When the poll loop moved last.", "");
    c->assigned = rlv_metric_gauge("relevo_lanes_assigned", "Lanes that the group gave to this process.", "");
    atomic_store(&c->moved_us, rlv_clock_mono_us());
    int rc = rlv_broker_new(config, &c->env.broker, err);
    if (rc == RLV_OK)
        rc = open_registry(config, &c->env.registry, err);
    if (rc != RLV_OK) {
        rlv_consumer_free(c);
        return rc;
    }
    *ret = c;
    return RLV_OK;
}

void rlv_consumer_free(rlv_consumer *consumer)
{
    if (!consumer)
        return;
    for (int32_t i = 0; consumer->lanes && i < consumer->env.partitions; i++)
        rlv_lane_free(consumer->lanes[i]);
    free(consumer->lanes);
    free(consumer->wanted);
    free(consumer->active);
    rlv_registry_free(consumer->env.registry);
    rlv_broker_free(consumer->env.broker);
    (void)pthread_mutex_destroy(&consumer->lock);
    free(consumer);
}

static void moved(rlv_consumer *c)
{
    atomic_store(&c->moved_us, rlv_clock_mono_us());
    rlv_metric_set(c->last_poll, (double)rlv_clock_wall_ms() / 1e3);
}

static int start_lane(rlv_consumer *c, int32_t number, size_t cache_bytes, rlv_error *err)
{
    int rc = RLV_OK;
    if (!c->lanes[number])
        rc = rlv_lane_new(&c->env, number, &c->lanes[number], err);
    if (rc == RLV_OK)
        rc = rlv_lane_start(c->lanes[number], cache_bytes, err);
    c->active[number] = rc == RLV_OK;
    return rc;
}

/* Starts what was given and does not run. A lane that cannot be started now is tried again. */
static void start_wanted(rlv_consumer *c)
{
    c->retry_us = rlv_clock_mono_us() + RETRY_MS * 1000;
    (void)pthread_mutex_lock(&c->lock);
    for (int32_t i = 0; i < c->env.partitions; i++) {
        rlv_error err = {0};
        if (c->wanted[i] && !c->active[i] &&
            start_lane(c, i, c->env.config->consume.cache_bytes / c->n_wanted, &err) != RLV_OK)
            rlv_log(RLV_LOG_ERROR, "consumer", "lane %d does not start: %s", i, err.message);
        if (!c->wanted[i] && c->lanes[i]) { /* another's now: its cache with it */
            rlv_lane_free(c->lanes[i]);
            c->lanes[i] = NULL;
        }
    }
    (void)pthread_mutex_unlock(&c->lock);
}

static void on_assigned(void *context, const int32_t *lanes, size_t n)
{
    rlv_consumer *c = context;
    rlv_log(RLV_LOG_INFO, "consumer", "the group gave %zu of %d lanes", n, c->env.partitions);
    rlv_metric_set(c->assigned, (double)n);
    (void)pthread_mutex_lock(&c->lock);
    c->member = true;
    for (size_t i = 0; i < n; i++) {
        if (lanes[i] < c->env.partitions) {
            c->wanted[lanes[i]] = true;
            c->n_wanted++;
        } else {
            rlv_log(RLV_LOG_ERROR, "consumer", "the topics grew: lane %d of %d; give all of them %d partitions again",
                    lanes[i], c->env.partitions, c->env.partitions);
        }
    }
    (void)pthread_mutex_unlock(&c->lock);
    start_wanted(c);
}

static void on_revoked(void *context)
{
    rlv_consumer *c = context;
    for (int32_t i = 0; i < c->env.partitions; i++)
        if (c->active[i])
            rlv_lane_stop(c->lanes[i]);
    RLV_POINT("told");
    for (int32_t i = 0; i < c->env.partitions; i++) {
        if (c->active[i])
            rlv_lane_join(c->lanes[i]);
        moved(c);
    }
    (void)pthread_mutex_lock(&c->lock);
    memset(c->active, 0, (size_t)c->env.partitions * sizeof(*c->active));
    memset(c->wanted, 0, (size_t)c->env.partitions * sizeof(*c->wanted));
    c->n_wanted = 0;
    c->member = false;
    (void)pthread_mutex_unlock(&c->lock);
    rlv_metric_set(c->assigned, 0);
    rlv_log(RLV_LOG_INFO, "consumer", "all lanes were given back");
}

/* Waits until Kafka answers; refuses topics that do not fit. */
static int learn_topics(rlv_consumer *c, const volatile sig_atomic_t *stop, rlv_error *err)
{
    bool said = false;
    for (;;) {
        int rc = rlv_broker_topics(c->env.broker, TOPICS_TIMEOUT_MS, c->env.kafka_cluster, &c->env.partitions, err);
        moved(c);
        if (rc != RLV_E_UNAVAILABLE || *stop)
            return rc;
        if (!said)
            rlv_log(RLV_LOG_WARN, "consumer", "%s", err->message);
        said = true;
        rlv_clock_sleep_ms(RETRY_MS);
    }
}

/* Without lanes for longer than a session: Kafka is away, or its group has trouble. Said once a minute. */
static void tell_lonely(rlv_consumer *c)
{
    int64_t now_us = rlv_clock_mono_us(), session_us = c->env.config->consume.session_ms * 1000;
    if (c->member) {
        c->lonely_us = 0;
    } else if (c->lonely_us == 0) {
        c->lonely_us = now_us + session_us;
    } else if (now_us >= c->lonely_us) {
        c->lonely_us = now_us + (LONELY_US > session_us ? LONELY_US : session_us);
        rlv_log(RLV_LOG_WARN, "consumer", "group %s has no word for this member: waiting for Kafka at %s",
                c->env.config->consume.group, rlv_config_kafka(c->env.config, "bootstrap.servers"));
    }
}

/* How long the lane that waits longest for an inline plugin has done so. 0: none waits. */
static int64_t busiest_us(const rlv_consumer *c, int32_t *ret_lane, const char **ret_with)
{
    int64_t most_us = 0;
    for (int32_t i = 0; c->lanes && i < c->env.partitions; i++) {
        const char *with;
        int64_t us = c->lanes[i] ? rlv_lane_busy_us(c->lanes[i], &with) : 0;
        if (us <= most_us)
            continue;
        most_us = us;
        *ret_lane = i;
        *ret_with = with;
    }
    return most_us;
}

/* Whoever looks at the log must find which plugin it is before the process is started again. Said once a minute. */
static void tell_busy(rlv_consumer *c)
{
    int32_t lane;
    const char *with;
    int64_t now_us = rlv_clock_mono_us(), us = busiest_us(c, &lane, &with);
    if (us < BUSY_US || now_us < c->busy_us)
        return;
    c->busy_us = now_us + LONELY_US;
    rlv_log(RLV_LOG_ERROR, "consumer", "lane %d waits for plugin %s for %lld s, which runs inline and cannot be interrupted: /healthz "
            "fails after a minute, and a consumer that is started again then finds the event", lane, with, (long long)us / 1000000);
}

static int join(rlv_consumer *c, rlv_error *err)
{
    const rlv_membership_callbacks callbacks = {.context = c, .assigned = on_assigned, .revoked = on_revoked};
    return rlv_membership_join(c->env.broker, c->env.config, &callbacks, &c->env.membership, err);
}

static void leave(rlv_consumer *c)
{
    if (!rlv_membership_leave(c->env.membership))
        c->haunted = true;
    c->env.membership = NULL;
}

int rlv_consumer_run(rlv_consumer *c, const volatile sig_atomic_t *stop, rlv_error *err)
{
    int rc = learn_topics(c, stop, err);
    if (*stop)
        return RLV_OK;
    if (rc != RLV_OK)
        return rc;
    c->lanes = calloc((size_t)c->env.partitions, sizeof(*c->lanes));
    c->active = calloc((size_t)c->env.partitions, sizeof(*c->active));
    c->wanted = calloc((size_t)c->env.partitions, sizeof(*c->wanted));
    if (!c->lanes || !c->active || !c->wanted)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    rc = join(c, err);
    while (rc == RLV_OK && !*stop) {
        rlv_error news = {0};
        int said = rlv_membership_poll(c->env.membership, POLL_MS, &news);
        moved(c);
        tell_lonely(c);
        tell_busy(c);
        if (c->member && rlv_clock_mono_us() >= c->retry_us)
            start_wanted(c);
        if (said == RLV_E_FENCED) {
            *err = news;
            rc = said;
        } else if (said != RLV_OK) {
            rlv_log(RLV_LOG_WARN, "consumer", "%s", news.message);
        }
        if (said == RLV_E_UNAVAILABLE) {
            leave(c);
            rc = join(c, err);
        }
    }
    leave(c);
    if (c->haunted)
        rlv_log(RLV_LOG_WARN, "consumer", "Kafka does not answer: left group %s without a word; it notices after %lld s",
                c->env.config->consume.group, (long long)c->env.config->consume.session_ms / 1000);
    return rc;
}

bool rlv_consumer_haunted(const rlv_consumer *consumer)
{
    return consumer->haunted;
}

int64_t rlv_consumer_idle_ms(const rlv_consumer *consumer)
{
    rlv_consumer *c = (rlv_consumer *)(uintptr_t)consumer;
    int32_t lane;
    const char *with;
    (void)pthread_mutex_lock(&c->lock);
    int64_t busy_us = busiest_us(c, &lane, &with), idle_us = rlv_clock_mono_us() - atomic_load(&c->moved_us);
    (void)pthread_mutex_unlock(&c->lock);
    return (busy_us > idle_us ? busy_us : idle_us) / 1000;
}

bool rlv_consumer_ready(const rlv_consumer *consumer, char *why, size_t why_size)
{
    rlv_consumer *c = (rlv_consumer *)(uintptr_t)consumer;
    bool ready = true;
    (void)pthread_mutex_lock(&c->lock);
    if (!c->member) {
        ready = false;
        (void)snprintf(why, why_size, "not yet a member of group %s", c->env.config->consume.group);
    }
    for (int32_t i = 0; ready && i < c->env.partitions; i++)
        if (c->wanted && c->wanted[i] && (!c->active[i] || !rlv_lane_working(c->lanes[i]))) {
            ready = false;
            (void)snprintf(why, why_size, "lane %d is not working yet: see the log", i);
        }
    (void)pthread_mutex_unlock(&c->lock);
    return ready;
}
