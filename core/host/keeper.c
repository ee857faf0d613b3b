/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin's process over its lives; see keeper.h. One thread for each such plugin, which starts every
 * process: a child asks to die with the thread that started it, and lanes' threads come and go. It must never
 * touch the shared memory while a call may still read it, and never wait for the plugin without an end.
 */
#include "host/keeper.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

enum {
    PATIENCE_LEAST_US = 20 * 1000 * 1000, /* how long a call waits for a process that is being started, */
    PATIENCE_MOST_US = 60 * 1000 * 1000,  /* as long as none has failed to start */
    DEATHS_FREE = 3, /* in a row without a wait: what finding an event costs (call.c) */
    REST_FIRST_US = 10 * 1000,
    REST_MOST_US = 200 * 1000,
    START_REST_FIRST_US = 100 * 1000,
    START_REST_MOST_US = 5 * 1000 * 1000,
    STARTS_MAX = 5,
    BLIND_MS = 20, /* a kernel without pidfd is asked so often */
    OFFENCES_MAX = 1000,
    QUIET_US = 10 * 1000 * 1000,
    STACK = 128 * 1024
};
static const char QUARANTINED[] = "was put in quarantine";
static const int64_t OFFENCE_WINDOW_US = (int64_t)10 * 60 * 1000 * 1000;

struct rlv_keeper {
    rlv_keeper_settings settings;
    rlv_start start; /* borrowed from the runner, which outlives us */
    rlv_metric *restarts, *quarantine, *recovery, *bytes;
    pthread_t thread;
    int alarm; /* eventfd: the thread is to look up */
    atomic_bool stop;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    rlv_spawned process;
    bool begun, ready, quarantined;
    int first_code; /* of the first start, which decides whether there is a plugin at all */
    rlv_error first, trouble;
    uint32_t life;
    _Atomic uint32_t dead;   /* the last life that ended */
    uint32_t held, n_held;   /* slots, as bits */
    uint32_t waiting;        /* calls that want to be alone */
    bool alone;              /* one is */
    rlv_run_failure death;   /* of the last life */
    bool disturbed;          /* no call is to blame for it: more than one was running, or it ended for a reason of ours */
    const char *kill_reason; /* of a death that we brought about; NULL: we did not */
    bool kill_is_ours;       /* for no call's fault */
    char kill_text[RLV_RING_ERROR_MAX];
    _Atomic uint32_t in_row; /* deaths since a call was answered */
    uint32_t failed_starts;
    int64_t start_took_us, quiet_until_us;
    int64_t down_since_us; /* when the last life ended */
    bool kept_back;        /* quarantined since then: how long that took says nothing about recovery */
    uint32_t unsaid;                /* deaths since the last line about one */
    int64_t offences[OFFENCES_MAX]; /* when; a ring */
    uint32_t n_offences;
    rlv_ring_copy copies[RLV_RING_SLOTS_MAX];
};

static void wait_changed(rlv_keeper *k, int64_t until_us)
{
    struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
    if (until_us == INT64_MAX)
        (void)pthread_cond_wait(&k->changed, &k->lock);
    else
        (void)pthread_cond_timedwait(&k->changed, &k->lock, &until);
}

static void changed(rlv_keeper *k)
{
    (void)pthread_cond_broadcast(&k->changed);
}

/* ---- the thread
 * ------------------------------------------------------------------------------------------------- */

/* Until the process has ended, or we are to stop. */
static void watch(rlv_keeper *k)
{
    while (!atomic_load(&k->stop) && !rlv_spawn_ended(&k->process)) {
        struct pollfd fds[] = {{.fd = k->alarm, .events = POLLIN},
                               {.fd = k->process.pidfd, .events = POLLIN}};
        (void)poll(fds, 2, k->process.pidfd < 0 ? BLIND_MS : -1);
    }
}

/* With the lock. */
static void say_died(rlv_keeper *k)
{
    int64_t now = rlv_clock_mono_us();
    k->unsaid++;
    if (now < k->quiet_until_us)
        return;
    k->quiet_until_us = now + QUIET_US;
    rlv_log(RLV_LOG_WARN, k->settings.room, "%s; its process is started again%s", k->death.text.message,
            k->unsaid > 1 ? ", not for the first time: relevo_plugin_restarts_total counts" : "");
    k->unsaid = 0;
}

/* With the lock. The first reason stands. */
static void end_life(rlv_keeper *k, const char *reason, const char *text, bool ours)
{
    if (k->kill_reason)
        return;
    k->kill_reason = reason;
    k->kill_is_ours = ours;
    (void)snprintf(k->kill_text, sizeof(k->kill_text), "%s", text);
    rlv_spawn_kill(&k->process);
}

static void bury(rlv_keeper *k)
{
    (void)pthread_mutex_lock(&k->lock);
    rlv_error how;
    rlv_spawn_reap(&k->process, &how);
    k->ready = false;
    k->down_since_us = rlv_clock_mono_us();
    k->kept_back = k->quarantined;
    k->disturbed = k->n_held > 1 || (k->kill_reason && k->kill_is_ours);
    k->death.reason = k->kill_reason ? k->kill_reason : "crash";
    k->death.text = how;
    if (k->kill_reason)
        (void)rlv_error_set(&k->death.text, RLV_E_TIMEOUT, "%s", k->kill_text);
    k->kill_reason = NULL;
    atomic_fetch_add(&k->in_row, 1);
    atomic_store(&k->dead, k->life);
    for (uint32_t i = 0; i < k->process.slots; i++) {
        rlv_ring_response *response = rlv_spawned_response(&k->process, i);
        atomic_store(&response->turn, 0);
        rlv_ring_wake(&response->turn);
    }
    if (!k->quarantined)
        say_died(k);
    changed(k);
    while (k->n_held) /* they may still read what it left */
        wait_changed(k, INT64_MAX);
    (void)pthread_mutex_unlock(&k->lock);
}

static int64_t rest_us(const rlv_keeper *k)
{
    uint32_t row = atomic_load(&k->in_row);
    int64_t rest = row > DEATHS_FREE
                       ? (int64_t)REST_FIRST_US << (row - DEATHS_FREE < 10 ? row - DEATHS_FREE - 1 : 9)
                       : 0;
    if (rest > REST_MOST_US)
        rest = REST_MOST_US;
    int64_t start_rest = k->failed_starts ? (int64_t)START_REST_FIRST_US << (k->failed_starts - 1) : 0;
    if (start_rest > START_REST_MOST_US)
        start_rest = START_REST_MOST_US;
    return rest > start_rest ? rest : start_rest;
}

/* With the lock. */
static void quarantine(rlv_keeper *k, const char *why)
{
    k->quarantined = k->kept_back = true;
    rlv_metric_set(k->quarantine, 1);
    (void)rlv_error_set(&k->trouble, RLV_E_UNAVAILABLE, "is quarantined: %s", why);
    rlv_log(RLV_LOG_ERROR, k->settings.room,
            "%s; it is quarantined, and people get what it would have decided: mend it, then `relevo plugin "
            "release %s`",
            why, k->settings.entry);
    changed(k);
}

/* Back-off and quarantine; false: stop. */
static bool rest(rlv_keeper *k)
{
    (void)pthread_mutex_lock(&k->lock);
    int64_t until = rlv_clock_mono_us() + rest_us(k);
    while (!atomic_load(&k->stop) && (k->quarantined || rlv_clock_mono_us() < until))
        wait_changed(k, k->quarantined ? INT64_MAX : until);
    (void)pthread_mutex_unlock(&k->lock);
    return !atomic_load(&k->stop);
}

static int start(rlv_keeper *k, rlv_error *err)
{
    int64_t began = rlv_clock_mono_us();
    /* k->process is ours alone while nothing is ready. */
    int code = rlv_spawn_start(&k->process, &k->start, k->settings.start_us, &k->stop, err);
    (void)pthread_mutex_lock(&k->lock);
    if (!code) {
        k->start_took_us = rlv_clock_mono_us() - began;
        k->ready = !k->quarantined;
        if (k->life && !k->kept_back)
            rlv_metric_observe(k->recovery, (double)(rlv_clock_mono_us() - k->down_since_us) / 1e6);
        k->kill_reason = NULL;
        if (k->quarantined) /* it was, while this one started: `watch` sees its end, `rest` waits for the release */
            end_life(k, "quarantine", QUARANTINED, true);
        k->life++;
        k->failed_starts = 0;
    }
    k->begun = true;
    changed(k);
    (void)pthread_mutex_unlock(&k->lock);
    return code;
}

/* Until it runs again; false: stop. */
static bool restart(rlv_keeper *k)
{
    for (;;) {
        rlv_error err;
        if (!rest(k))
            return false;
        if (start(k, &err) == RLV_OK)
            return true;
        if (atomic_load(&k->stop))
            return false;
        (void)pthread_mutex_lock(&k->lock);
        k->failed_starts++;
        (void)rlv_error_set(&k->trouble, RLV_E_UNAVAILABLE, "does not start again: %s", err.message);
        rlv_log(RLV_LOG_WARN, k->settings.room, "%s", k->trouble.message);
        if (k->failed_starts >= STARTS_MAX) {
            char why[RLV_RING_ERROR_MAX];
            (void)snprintf(why, sizeof(why),
                           "its process failed to start %d times, the last time because %.300s", STARTS_MAX,
                           err.message);
            quarantine(k, why);
        }
        (void)pthread_mutex_unlock(&k->lock);
    }
}

static void *keep(void *keeper)
{
    rlv_keeper *k = keeper;
    k->first_code = start(k, &k->first);
    if (k->first_code)
        return NULL;
    for (bool on = true; on;) {
        watch(k);
        if (atomic_load(&k->stop))
            break;
        bury(k);
        on = restart(k);
        if (on)
            rlv_metric_add(k->restarts, 1);
    }
    if (k->process.pid) {
        rlv_error how;
        rlv_spawn_kill(&k->process);
        rlv_spawn_reap(&k->process, &how);
    }
    return NULL;
}

/* ---- making and ending
 * ------------------------------------------------------------------------------------------ */

static void make_metrics(rlv_keeper *k)
{
    char labels[80];
    (void)snprintf(labels, sizeof(labels), "plugin=\"%s\"", k->settings.entry);
    k->restarts = rlv_metric_counter("relevo_plugin_restarts_total",
                                     "Times that a plugin's process ended and was started again", labels);
    k->quarantine = rlv_metric_gauge("relevo_plugin_quarantined",
                                     "1: the plugin is not asked until `relevo plugin release`", labels);
    k->recovery =
        rlv_metric_seconds("relevo_plugin_recovery_seconds",
                           "From the end of a plugin's process until the next one is ready", labels);
    rlv_metric_set(k->quarantine, 0);
}

static void destroy(rlv_keeper *k)
{
    rlv_spawn_close(&k->process);
    for (size_t i = 0; i < RLV_RING_SLOTS_MAX; i++)
        free(k->copies[i].bytes);
    if (k->alarm >= 0)
        (void)close(k->alarm);
    (void)pthread_cond_destroy(&k->changed);
    (void)pthread_mutex_destroy(&k->lock);
    free(k);
}

static int start_thread(rlv_keeper *k, rlv_error *err)
{
    pthread_attr_t attr;
    (void)pthread_attr_init(&attr);
#ifndef RELEVO_SANITIZED
    (void)pthread_attr_setstacksize(&attr, STACK);
#endif
    int failed = pthread_create(&k->thread, &attr, keep, k);
    (void)pthread_attr_destroy(&attr);
    return failed ? rlv_error_set(err, RLV_E_LIMIT, "no thread for its process (%s)", strerror(failed))
                  : RLV_OK;
}

int rlv_keeper_new(const rlv_keeper_settings *settings, const rlv_start *start, rlv_keeper **ret,
                   rlv_error *err)
{
    rlv_keeper *k = calloc(1, sizeof(*k));
    if (!k)
        return rlv_error_set(err, RLV_E_LIMIT, "memory is short");
    k->settings = *settings;
    if (k->settings.offences > OFFENCES_MAX)
        k->settings.offences = OFFENCES_MAX;
    k->start = *start;
    k->start.slots = settings->slots;
    k->start.mode = RLV_START_RUN;
    k->start.parent = (int32_t)getpid();
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&k->changed, &attr);
    (void)pthread_condattr_destroy(&attr);
    (void)pthread_mutex_init(&k->lock, NULL);
    k->alarm = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    make_metrics(k);
    int code = k->alarm < 0 ? rlv_error_set(err, RLV_E_LIMIT, "no file descriptor is left") : RLV_OK;
    if (!code)
        code = rlv_spawn_open(&k->process, settings->slots, err);
    if (!code)
        code = start_thread(k, err);
    if (code) {
        destroy(k);
        return code;
    }
    (void)pthread_mutex_lock(&k->lock);
    while (!k->begun)
        wait_changed(k, INT64_MAX);
    bool ready = k->ready;
    (void)pthread_mutex_unlock(&k->lock);
    if (!ready) {
        (void)pthread_join(k->thread, NULL);
        if (err)
            *err = k->first;
        code = k->first_code;
        destroy(k);
        return code;
    }
    *ret = k;
    return RLV_OK;
}

void rlv_keeper_free(rlv_keeper *k)
{
    if (!k)
        return;
    (void)pthread_mutex_lock(&k->lock);
    atomic_store(&k->stop, true);
    changed(k);
    (void)pthread_mutex_unlock(&k->lock);
    (void)eventfd_write(k->alarm, 1);
    (void)pthread_join(k->thread, NULL);
    rlv_metric_drop(k->quarantine);
    destroy(k);
}

/* ---- slots
 * ------------------------------------------------------------------------------------------------------ */

/* Until when calls wait for the next life. It counts from the end of the last one: a call may have waited before, for others
   in a process that lived. */
static int64_t patience_until(const rlv_keeper *k)
{
    int64_t most = PATIENCE_LEAST_US + 2 * k->start_took_us;
    return k->down_since_us + (most < PATIENCE_MOST_US ? most : PATIENCE_MOST_US);
}

static bool may_hold(const rlv_keeper *k, bool alone)
{
    if (!k->ready || k->alone || k->quarantined)
        return false;
    return alone ? k->n_held == 0 : k->waiting == 0 && k->n_held < k->process.slots;
}

static int down(const rlv_keeper *k, rlv_error *err)
{
    return rlv_error_set(err, RLV_E_UNAVAILABLE, "%s",
                         k->trouble.message[0] ? k->trouble.message : "its process is being started again");
}

int rlv_keeper_hold(rlv_keeper *k, bool alone, rlv_held *ret, rlv_error *err)
{
    int code = RLV_OK;
    (void)pthread_mutex_lock(&k->lock);
    k->waiting += alone;
    while (!code && !may_hold(k, alone)) {
        /* A call that runs ends within its budget; only a process that does not come is given up. */
        if (k->quarantined || (!k->ready && (k->failed_starts || rlv_clock_mono_us() >= patience_until(k))))
            code = down(k, err);
        else
            wait_changed(k, k->ready ? INT64_MAX : patience_until(k));
    }
    k->waiting -= alone;
    if (!code) {
        uint32_t slot = (uint32_t)__builtin_ctz(~k->held);
        k->held |= 1u << slot;
        k->n_held++;
        k->alone = alone;
        *ret = (rlv_held){&k->process, slot, k->life, &k->copies[slot]};
    }
    if (alone)
        changed(k); /* those that waited for us to be alone */
    (void)pthread_mutex_unlock(&k->lock);
    return code;
}

void rlv_keeper_let_go(rlv_keeper *k, const rlv_held *held)
{
    (void)pthread_mutex_lock(&k->lock);
    k->held &= ~(1u << held->slot);
    k->n_held--;
    k->alone = false; /* if it was, it was ours */
    changed(k);
    (void)pthread_mutex_unlock(&k->lock);
}

bool rlv_keeper_died(const rlv_keeper *k, const rlv_held *held)
{
    return atomic_load(&k->dead) == held->life;
}

void rlv_keeper_await_death(rlv_keeper *k, const rlv_held *held, rlv_run_failure *ret, bool *ret_disturbed)
{
    (void)pthread_mutex_lock(&k->lock);
    while (!rlv_keeper_died(k, held))
        wait_changed(k, INT64_MAX);
    *ret = k->death;
    *ret_disturbed = k->disturbed;
    (void)pthread_mutex_unlock(&k->lock);
}

static void end_held(rlv_keeper *k, const rlv_held *held, const char *reason, const char *text, bool ours)
{
    (void)pthread_mutex_lock(&k->lock);
    if (!rlv_keeper_died(k, held))
        end_life(k, reason, text, ours);
    (void)pthread_mutex_unlock(&k->lock);
}

void rlv_keeper_kill(rlv_keeper *k, const rlv_held *held, const char *reason, const char *text)
{
    end_held(k, held, reason, text, false);
}

void rlv_keeper_renew(rlv_keeper *k, const rlv_held *held, const char *text)
{
    end_held(k, held, "renewed", text, true);
}

bool rlv_keeper_usage(rlv_keeper *k, const rlv_held *held, rlv_usage *ret)
{
    (void)pthread_mutex_lock(&k->lock); /* so that its number stays its own */
    bool lives = !rlv_keeper_died(k, held) && rlv_usage_of(k->process.pid, ret);
    (void)pthread_mutex_unlock(&k->lock);
    return lives;
}

/* ---- blame
 * ------------------------------------------------------------------------------------------------------ */

void rlv_keeper_worked(rlv_keeper *k)
{
    if (atomic_load_explicit(&k->in_row, memory_order_relaxed))
        atomic_store_explicit(&k->in_row, 0, memory_order_relaxed);
}

void rlv_keeper_blame(rlv_keeper *k)
{
    int64_t now = rlv_clock_mono_us();
    (void)pthread_mutex_lock(&k->lock);
    uint32_t most = k->settings.offences;
    k->offences[k->n_offences++ % most] = now;
    /* The oldest of the last `most`. */
    bool too_many = k->n_offences >= most && now - k->offences[k->n_offences % most] <= OFFENCE_WINDOW_US;
    if (too_many && !k->quarantined) {
        char why[120];
        (void)snprintf(why, sizeof(why), "it did not survive %u events within 10 minutes", most);
        quarantine(k, why);
        if (k->ready)
            end_life(k, "quarantine", QUARANTINED, true); /* its memory is of use to others meanwhile */
    }
    (void)pthread_mutex_unlock(&k->lock);
}

bool rlv_keeper_release(rlv_keeper *k)
{
    (void)pthread_mutex_lock(&k->lock);
    bool was = k->quarantined;
    k->quarantined = false;
    if (was) {
        k->n_offences = 0;
        k->failed_starts = 0;
        k->down_since_us = rlv_clock_mono_us();
        k->trouble.message[0] = '\0';
        atomic_store(&k->in_row, 0);
        rlv_metric_set(k->quarantine, 0);
        rlv_log(RLV_LOG_INFO, k->settings.room, "released from quarantine");
        changed(k);
    }
    (void)pthread_mutex_unlock(&k->lock);
    return was;
}
