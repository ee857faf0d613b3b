/* SPDX-License-Identifier: Apache-2.0 */
/* The publishing thread; see publishing.h. Must never touch Postgres, and never take a failed transaction for a
   good one. */
#include "lane/publishing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/point.h"
#include "lane/dead.h"

enum { BATCHES = 4 }; /* one begun, one being decided, one being published, one waiting */
static const size_t ARENA_CEILING = (size_t)256 << 20;

struct rlv_publishing {
    const rlv_config *config;
    int32_t lane;
    rlv_wire *wire;
    rlv_buf progress;
    rlv_publisher *publisher;
    rlv_metric *seconds, *records;

    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under the lock */
    rlv_batch *queue, *held, *free; /* held: in the transaction under way, or in the failed one */
    bool busy, quit, failed;
    rlv_error error;

    _Atomic int64_t published;
};

/* ---- what a transaction is made of ----------------------------------------------------------------------------- */

static const char *topic_name(const rlv_config *config, enum rlv_topic topic)
{
    switch (topic) {
    case RLV_TOPIC_DECISIONS:
        return config->topics.decisions;
    case RLV_TOPIC_OWNERSHIP:
        return config->topics.ownership;
    case RLV_TOPIC_OUTBOUND:
        return config->topics.outbound;
    case RLV_TOPIC_EFFECTS:
        return config->topics.effects;
    case RLV_TOPIC_RESULTS:
        return config->topics.results;
    case RLV_TOPIC_DEAD:
        break; /* names its own */
    }
    return NULL;
}

/* An event of another lane's conversation: its partition, and the record as it came. */
static int forward(rlv_publisher *publisher, const rlv_config *config, rlv_str key, rlv_str bytes, const rlv_trace *trace,
                   rlv_error *err)
{
    if (bytes.len < 4)
        return rlv_error_set(err, RLV_E_REFUSED, "a history row cannot be published: its forwarded event is damaged");
    uint32_t lane = 0;
    for (int i = 3; i >= 0; i--)
        lane = lane << 8 | (unsigned char)bytes.ptr[i];
    return rlv_publisher_add_to(publisher, config->topics.results, (int32_t)lane, key, (rlv_str){bytes.ptr + 4, bytes.len - 4}, trace,
                                err);
}

int rlv_publish_row(rlv_publisher *publisher, const rlv_config *config, rlv_arena *arena, rlv_id conversation_id,
                    rlv_str decided, const rlv_trace *trace, rlv_error *err)
{
    rlv_record *records;
    size_t n;
    int rc = rlv_wire_unpack(decided, arena, &records, &n, err);
    if (rc == RLV_E_DECODE)
        return rlv_error_set(err, RLV_E_REFUSED, "a history row cannot be published: %s", err->message);
    char key[RLV_ID_TEXT + 1];
    rlv_id_text(conversation_id, key);
    for (size_t i = 0; rc == RLV_OK && i < n; i++) {
        if (records[i].topic == RLV_TOPIC_DEAD)
            rc = rlv_dead_publish(publisher, arena, records[i].bytes, err);
        else if (records[i].topic == RLV_TOPIC_RESULTS)
            rc = forward(publisher, config, (rlv_str){key, RLV_ID_TEXT}, records[i].bytes, trace, err);
        else
            rc = rlv_publisher_add(publisher, topic_name(config, records[i].topic), (rlv_str){key, RLV_ID_TEXT},
                                   records[i].bytes, trace, err);
    }
    return rc;
}

int rlv_publish_progress(rlv_publisher *publisher, const rlv_config *config, rlv_wire *wire, int32_t lane, int64_t seq,
                         int64_t at_ms, rlv_buf *out, rlv_error *err)
{
    rlv_buf_reset(out);
    int rc = rlv_wire_encode_progress(wire, rlv_str_from(config->cluster), lane, seq, at_ms, out, err);
    if (rc != RLV_OK)
        return rc;
    char key[160];
    rlv_buf name = RLV_BUF_INIT(sizeof(key));
    rlv_buf_printf(&name, "%s-%d", config->cluster, lane);
    rc = name.failed ? rlv_error_set(err, RLV_E_LIMIT, "out of memory")
                     : rlv_publisher_add(publisher, config->topics.progress, rlv_buf_view(&name), rlv_buf_view(out),
                                         NULL, err);
    rlv_buf_free(&name);
    return rc;
}

/* All batches of the list in one transaction: in a rush they are fewer and larger by themselves. */
static int publish(rlv_publishing *p, rlv_batch *list, int64_t *ret_seq, rlv_error *err)
{
    int64_t begun_us = rlv_clock_mono_us(), seq = 0, at_ms = 0;
    uint64_t rows = 0;
    int rc = rlv_publisher_begin(p->publisher, err);
    if (rc == RLV_OK)
        RLV_POINT("begun");
    for (rlv_batch *b = list; rc == RLV_OK && b; b = b->next) {
        for (size_t i = 0; rc == RLV_OK && i < b->n; i++) {
            const rlv_event *event = &b->items[i].event;
            rlv_trace trace = rlv_trace_of_row(&event->trace, event->at_ms, p->lane, b->first_seq + (int64_t)i);
            rc = rlv_publish_row(p->publisher, p->config, b->arena, event->conversation_id, b->decided[i], &trace, err);
            if (b == list && i == 0)
                RLV_POINT("half_produced");
        }
        seq = b->first_seq + (int64_t)b->n - 1;
        at_ms = b->lane_ms;
        rows += b->n;
    }
    if (rc == RLV_OK)
        rc = rlv_publish_progress(p->publisher, p->config, p->wire, p->lane, seq, at_ms, &p->progress, err);
    if (rc == RLV_OK) {
        RLV_POINT("produced");
        rc = rlv_publisher_commit(p->publisher, err);
    }
    if (rc == RLV_OK) {
        RLV_POINT("published");
        *ret_seq = seq;
        rlv_metric_observe(p->seconds, (double)(rlv_clock_mono_us() - begun_us) / 1e6);
        rlv_metric_add(p->records, rows);
    }
    return rc;
}

/* ---- the thread ------------------------------------------------------------------------------------------------ */

/* A batch that waits to be used again holds no memory: else a rush would leave it with all lanes for ever. */
static void empty_all(rlv_batch *list)
{
    while (list) {
        rlv_batch *b = list;
        list = b->next;
        rlv_batch_reset(b, 0);
        b->next = list;
    }
}

static void free_all(rlv_publishing *p, rlv_batch **list)
{
    while (*list) {
        rlv_batch *b = *list;
        *list = b->next;
        b->next = p->free;
        p->free = b;
    }
}

static void *run(void *arg)
{
    rlv_publishing *p = arg;
    (void)pthread_mutex_lock(&p->lock);
    while (!p->quit) {
        if (!p->queue || p->failed || !p->publisher) {
            (void)pthread_cond_wait(&p->changed, &p->lock);
            continue;
        }
        p->held = p->queue;
        p->queue = NULL;
        p->busy = true;
        (void)pthread_mutex_unlock(&p->lock);

        int64_t seq = 0;
        rlv_error err = {0};
        int rc = publish(p, p->held, &seq, &err);
        if (rc == RLV_OK)
            empty_all(p->held);

        (void)pthread_mutex_lock(&p->lock);
        p->busy = false;
        if (rc == RLV_OK) {
            atomic_store(&p->published, seq);
            free_all(p, &p->held);
        } else {
            /* What is held stays: the producers may still read its memory. */
            p->failed = true;
            p->error = err;
        }
        (void)pthread_cond_broadcast(&p->changed);
    }
    (void)pthread_mutex_unlock(&p->lock);
    return NULL;
}

int rlv_publishing_start(const rlv_config *config, int32_t lane, rlv_publishing **ret, rlv_error *err)
{
    rlv_publishing *p = calloc(1, sizeof(*p));
    if (!p)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    p->config = config;
    p->lane = lane;
    p->progress = RLV_BUF_INIT(4096);
    p->seconds =
        rlv_metric_seconds("relevo_stage_seconds", "Time of a stage of the lane, a batch.", "stage=\"publish\"");
    p->records = rlv_metric_counter("relevo_published_events_total", "Events whose decisions were published.", "");
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_cond_init(&p->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    p->wire = rlv_wire_new(err);
    int rc = p->wire ? RLV_OK : err->code;
    for (int i = 0; rc == RLV_OK && i < BATCHES; i++) {
        rlv_batch *b = rlv_batch_new(ARENA_CEILING);
        if (!b) {
            rc = rlv_error_set(err, RLV_E_LIMIT, "out of memory");
            break;
        }
        b->next = p->free;
        p->free = b;
    }
    if (rc == RLV_OK && pthread_create(&p->thread, NULL, run, p) != 0)
        rc = rlv_error_set(err, RLV_E_LIMIT, "cannot start a thread");
    if (rc != RLV_OK) {
        p->quit = true;
        while (p->free) {
            rlv_batch *b = p->free;
            p->free = b->next;
            rlv_batch_free(b);
        }
        rlv_wire_free(p->wire);
        free(p);
        return rc;
    }
    *ret = p;
    return RLV_OK;
}

void rlv_publishing_stop(rlv_publishing *p)
{
    if (!p)
        return;
    rlv_publishing_reset(p);
    (void)pthread_mutex_lock(&p->lock);
    p->quit = true;
    (void)pthread_cond_broadcast(&p->changed);
    (void)pthread_mutex_unlock(&p->lock);
    (void)pthread_join(p->thread, NULL);
    while (p->free) {
        rlv_batch *b = p->free;
        p->free = b->next;
        rlv_batch_free(b);
    }
    rlv_wire_free(p->wire);
    rlv_buf_free(&p->progress);
    (void)pthread_cond_destroy(&p->changed);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}

/* Waits under the lock; false past the deadline. */
static bool wait_until(rlv_publishing *p, int64_t deadline_us)
{
    struct timespec ts = {.tv_sec = (time_t)(deadline_us / 1000000), .tv_nsec = (long)(deadline_us % 1000000) * 1000};
    return pthread_cond_timedwait(&p->changed, &p->lock, &ts) == 0;
}

rlv_batch *rlv_publishing_take(rlv_publishing *p, int timeout_ms)
{
    int64_t deadline_us = rlv_clock_mono_us() + (int64_t)timeout_ms * 1000;
    (void)pthread_mutex_lock(&p->lock);
    while (!p->free && !p->failed && wait_until(p, deadline_us)) {
    }
    rlv_batch *b = p->failed ? NULL : p->free;
    if (b)
        p->free = b->next;
    (void)pthread_mutex_unlock(&p->lock);
    return b;
}

void rlv_publishing_give_back(rlv_publishing *p, rlv_batch *batch)
{
    rlv_batch_reset(batch, 0);
    (void)pthread_mutex_lock(&p->lock);
    batch->next = p->free;
    p->free = batch;
    (void)pthread_mutex_unlock(&p->lock);
}

void rlv_publishing_push(rlv_publishing *p, rlv_batch *batch)
{
    (void)pthread_mutex_lock(&p->lock);
    rlv_batch **end = &p->queue;
    while (*end)
        end = &(*end)->next;
    batch->next = NULL;
    *end = batch;
    (void)pthread_cond_broadcast(&p->changed);
    (void)pthread_mutex_unlock(&p->lock);
}

int rlv_publishing_state(rlv_publishing *p, rlv_error *err)
{
    int rc = RLV_OK;
    (void)pthread_mutex_lock(&p->lock);
    if (p->failed) {
        *err = p->error;
        rc = p->error.code;
    }
    (void)pthread_mutex_unlock(&p->lock);
    return rc;
}

void rlv_publishing_reset(rlv_publishing *p)
{
    (void)pthread_mutex_lock(&p->lock);
    while (p->busy)
        (void)pthread_cond_wait(&p->changed, &p->lock);
    rlv_publisher *publisher = p->publisher;
    p->publisher = NULL;
    (void)pthread_mutex_unlock(&p->lock);

    rlv_publisher_free(publisher); /* before the batches whose memory it borrows */

    (void)pthread_mutex_lock(&p->lock);
    empty_all(p->held);
    empty_all(p->queue);
    free_all(p, &p->held);
    free_all(p, &p->queue);
    p->failed = false;
    (void)pthread_mutex_unlock(&p->lock);
}

void rlv_publishing_resume(rlv_publishing *p, rlv_publisher *publisher, int64_t published)
{
    (void)pthread_mutex_lock(&p->lock);
    p->publisher = publisher;
    atomic_store(&p->published, published);
    (void)pthread_cond_broadcast(&p->changed);
    (void)pthread_mutex_unlock(&p->lock);
}

bool rlv_publishing_drain(rlv_publishing *p, int timeout_ms)
{
    int64_t deadline_us = rlv_clock_mono_us() + (int64_t)timeout_ms * 1000;
    (void)pthread_mutex_lock(&p->lock);
    while ((p->queue || p->busy) && !p->failed && p->publisher && wait_until(p, deadline_us)) {
    }
    bool done = !p->queue && !p->busy && !p->failed;
    (void)pthread_mutex_unlock(&p->lock);
    return done;
}

int64_t rlv_publishing_published(const rlv_publishing *p)
{
    return atomic_load(&p->published);
}
