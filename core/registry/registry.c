/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schemas by id, and the thread that asks for them; see registry.h and README.md. Must never ask for one
 * id twice at a time, never forget a schema that was handed out, and never call the other side while the lock
 * is held.
 */
#include "registry/registry.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "registry/ask.h"

enum {
    BUCKETS = 256,
    OTHERS_MAX = 4096, /* entries that hold no schema: made-up ids must not fill the memory */
    BACKOFF_FIRST_MS = 100,
    BACKOFF_MOST_MS = 5000,
    GIVEN_UP_US = 10 * 1000000, /* nobody asked for it any more: a lane asks again every 50 ms */
    FORGET_US = 10 * 1000000    /* "there is none" is believed so long */
};

enum state {
    WANTED,
    KNOWN, /* for ever */
    NONE   /* until forget_us */
};

struct entry {
    struct entry *next;
    uint32_t id;
    enum state state;
    bool busy; /* being asked for now */
    char *schema;
    size_t len;
    int backoff_ms;
    int64_t asked_us, next_try_us, forget_us;
    rlv_error why; /* what is waited for, or why there is none */
};

struct rlv_registry {
    rlv_registry_options options;
    rlv_ask *ask; /* the thread's */
    pthread_t thread;
    bool started;
    atomic_bool stop;

    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t wanted, answered;
    struct entry *buckets[BUCKETS];
    size_t bytes, others;
    rlv_metric *found, *none, *failed;
};

/* ---- the entries; under the lock
 * ------------------------------------------------------------------------------ */

static struct entry *find(const rlv_registry *r, uint32_t id)
{
    struct entry *e = r->buckets[id % BUCKETS];
    while (e && e->id != id)
        e = e->next;
    return e;
}

static void entry_free(struct entry *e)
{
    free(e->schema);
    free(e);
}

/* What nobody waits for and what is no longer believed. */
static bool stale(const struct entry *e, int64_t now_us)
{
    if (e->busy || e->state == KNOWN)
        return false;
    return e->state == NONE ? now_us >= e->forget_us : now_us - e->asked_us >= GIVEN_UP_US;
}

static void drop_stale(rlv_registry *r, int64_t now_us)
{
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct entry **at = &r->buckets[i]; *at;) {
            struct entry *e = *at;
            if (!stale(e, now_us)) {
                at = &e->next;
                continue;
            }
            *at = e->next;
            r->others--;
            entry_free(e);
        }
}

static struct entry *add(rlv_registry *r, uint32_t id, int64_t now_us, rlv_error *err)
{
    if (r->others >= OTHERS_MAX)
        drop_stale(r, now_us);
    struct entry *e = r->others < OTHERS_MAX ? calloc(1, sizeof(*e)) : NULL;
    if (!e) {
        (void)rlv_error_set(err, RLV_E_UNAVAILABLE,
                            "too many unknown schema ids at once: schema %u waits its turn", id);
        return NULL;
    }
    e->id = id;
    e->state = WANTED;
    (void)rlv_error_set(&e->why, RLV_E_UNAVAILABLE,
                        "schema %u was asked for, the schema registry at %s has not answered yet", id,
                        r->options.url);
    e->next = r->buckets[id % BUCKETS];
    r->buckets[id % BUCKETS] = e;
    r->others++;
    return e;
}

/* ---- the asking thread
 * ---------------------------------------------------------------------------------------- */

/* The one that is due first, if somebody still waits for it; NULL: none is due, and *ret_us says when one
 * will be. */
static struct entry *due(rlv_registry *r, int64_t now_us, int64_t *ret_us)
{
    struct entry *first = NULL;
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct entry *e = r->buckets[i]; e; e = e->next)
            if (e->state == WANTED && now_us - e->asked_us < GIVEN_UP_US &&
                (!first || e->next_try_us < first->next_try_us))
                first = e;
    if (first && first->next_try_us <= now_us)
        return first;
    *ret_us = first ? first->next_try_us : INT64_MAX;
    return NULL;
}

/* Half of the delay is chance: consumers that lost the registry together do not come back together. */
static int64_t with_jitter_us(int delay_ms)
{
    uint16_t chance = 0;
    (void)!getrandom(&chance, sizeof(chance), GRND_NONBLOCK); /* without it: the shortest wait */
    return delay_ms * INT64_C(500) + delay_ms * INT64_C(500) * chance / UINT16_MAX;
}

static void settle(rlv_registry *r, struct entry *e, int rc, char *schema, size_t len, const rlv_error *why)
{
    int64_t now_us = rlv_clock_mono_us();
    e->busy = false;
    e->why = *why;
    if (rc == RLV_OK && len > RLV_REGISTRY_TOTAL_MAX - r->bytes) {
        free(schema);
        rc =
            rlv_error_set(&e->why, RLV_E_INVALID, "schema %u: this process holds %d bytes of schemas already",
                          e->id, RLV_REGISTRY_TOTAL_MAX);
    } else if (rc == RLV_OK) {
        e->schema = schema;
        e->len = len;
        e->state = KNOWN;
        r->bytes += len;
        r->others--;
        rlv_metric_add(r->found, 1);
        return;
    }
    if (rc == RLV_E_UNAVAILABLE || rc == RLV_E_LIMIT) {
        e->backoff_ms = e->backoff_ms ? e->backoff_ms * 2 : BACKOFF_FIRST_MS;
        if (e->backoff_ms > BACKOFF_MOST_MS)
            e->backoff_ms = BACKOFF_MOST_MS;
        e->next_try_us = now_us + with_jitter_us(e->backoff_ms);
        rlv_metric_add(r->failed, 1);
        return;
    }
    e->state = NONE;
    e->forget_us = now_us + FORGET_US;
    rlv_metric_add(r->none, 1);
}

static void ask(rlv_registry *r, struct entry *e)
{
    uint32_t id = e->id;
    char *schema = NULL;
    size_t len = 0;
    rlv_error why = {0};
    e->busy = true; /* and so it is not dropped meanwhile */
    (void)pthread_mutex_unlock(&r->lock);
    int rc = rlv_ask_schema(r->ask, id, &schema, &len, &why);
    (void)pthread_mutex_lock(&r->lock);
    settle(r, e, rc, schema, len, &why);
    (void)pthread_cond_broadcast(&r->answered);
}

static void wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t at_us)
{
    if (at_us == INT64_MAX) {
        (void)pthread_cond_wait(cond, lock);
        return;
    }
    const struct timespec at = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};
    (void)pthread_cond_timedwait(cond, lock, &at);
}

static void *run(void *user)
{
    rlv_registry *r = user;
    (void)pthread_mutex_lock(&r->lock);
    while (!atomic_load(&r->stop)) {
        int64_t next_us = INT64_MAX;
        struct entry *e = due(r, rlv_clock_mono_us(), &next_us);
        if (e)
            ask(r, e);
        else
            wait_until(&r->wanted, &r->lock, next_us);
    }
    (void)pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* ---- the public side
 * ------------------------------------------------------------------------------------------ */

static rlv_metric *requests(const char *outcome)
{
    char labels[40];
    (void)snprintf(labels, sizeof(labels), "outcome=\"%s\"", outcome);
    return rlv_metric_counter("relevo_registry_requests_total",
                              "Requests for a writer's schema: found, none, or failed and tried again.",
                              labels);
}

static void init_conds(rlv_registry *r)
{
    pthread_condattr_t attributes; /* our times are monotonic */
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&r->wanted, &attributes);
    (void)pthread_cond_init(&r->answered, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

int rlv_registry_new(const rlv_registry_options *options, rlv_registry **ret, rlv_error *err)
{
    rlv_registry *r = calloc(1, sizeof(*r));
    if (!r)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    r->options = *options;
    (void)pthread_mutex_init(&r->lock, NULL);
    init_conds(r);
    r->found = requests("found");
    r->none = requests("none");
    r->failed = requests("failed");
    int rc = rlv_ask_new(&r->options, &r->stop, &r->ask, err);
    if (rc == RLV_OK && pthread_create(&r->thread, NULL, run, r) != 0)
        rc = rlv_error_set(err, RLV_E_LIMIT, "cannot start a thread for the schema registry");
    if (rc != RLV_OK) {
        rlv_registry_free(r);
        return rc;
    }
    r->started = true;
    *ret = r;
    return RLV_OK;
}

void rlv_registry_free(rlv_registry *r)
{
    if (!r)
        return;
    (void)pthread_mutex_lock(&r->lock);
    atomic_store(&r->stop, true);
    (void)pthread_cond_signal(&r->wanted);
    (void)pthread_mutex_unlock(&r->lock);
    if (r->started)
        (void)pthread_join(r->thread, NULL);
    for (size_t i = 0; i < BUCKETS; i++)
        for (struct entry *e = r->buckets[i], *next; e; e = next) {
            next = e->next;
            entry_free(e);
        }
    rlv_ask_free(r->ask);
    (void)pthread_cond_destroy(&r->wanted);
    (void)pthread_cond_destroy(&r->answered);
    (void)pthread_mutex_destroy(&r->lock);
    free(r);
}

/* Makes sure that the thread asks for it. */
static struct entry *want(rlv_registry *r, uint32_t id, rlv_error *err)
{
    int64_t now_us = rlv_clock_mono_us();
    struct entry *e = find(r, id);
    if (!e)
        e = add(r, id, now_us, err);
    if (!e || e->state == KNOWN)
        return e;
    if (e->state == NONE && now_us >= e->forget_us) {
        e->state = WANTED; /* it may have been registered since */
        e->backoff_ms = 0;
        e->next_try_us = 0;
    }
    if (e->state == WANTED) {
        e->asked_us = now_us;
        (void)pthread_cond_signal(&r->wanted);
    }
    return e;
}

int rlv_registry_get(rlv_registry *r, uint32_t id, int wait_ms, rlv_str *ret, rlv_error *err)
{
    int64_t until_us = rlv_clock_mono_us() + wait_ms * INT64_C(1000);
    int rc = RLV_OK;
    (void)pthread_mutex_lock(&r->lock);
    struct entry *e = want(r, id, err);
    while ((!e || e->state == WANTED) && rlv_clock_mono_us() < until_us) {
        wait_until(&r->answered, &r->lock, until_us);
        e = find(r, id); /* still there, if it was: it was asked for just now */
    }
    if (!e) {
        rc = RLV_E_UNAVAILABLE;
    } else if (e->state == KNOWN) {
        *ret = (rlv_str){e->schema, e->len};
    } else {
        rc = e->why.code;
        if (err)
            *err = e->why;
    }
    (void)pthread_mutex_unlock(&r->lock);
    return rc;
}

int rlv_registry_probe(const rlv_registry_options *options, rlv_error *err)
{
    rlv_ask *ask;
    char *schema = NULL;
    size_t len;
    int rc = rlv_ask_new(options, NULL, &ask, err);
    if (rc != RLV_OK)
        return rc;
    rc = rlv_ask_schema(ask, 1, &schema, &len, err);
    rlv_ask_free(ask);
    free(schema);
    /* "There is no schema 1", or one that is not ours: it answers, and answers us. */
    return rc == RLV_E_NOT_FOUND || rc == RLV_E_INVALID ? RLV_OK : rc;
}
