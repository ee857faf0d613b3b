/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that streams are open for: all of them are looked at once a second, in one statement, and the streams of one that is over, or
 * that may see something else now, end. Must never end a stream because Postgres is away: then nothing new can be asked for either.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "desk/private.h"

enum { LOOK_MS = 1000, TURN_MS = 100, RECALL_US = 2000000, LIST_MAX = 4 << 20 };

struct rlv_watched {
    rlv_watch *watch;
    struct rlv_watched *next, **link;
    size_t streams;
    atomic_bool over;
    int64_t told_us; /* when Postgres last said that it is as it was */
    char *text;
    char token[RLV_DIGEST_TEXT + 1];
    char stamp[RLV_STAMP_TEXT + 1];
};

struct rlv_watch {
    rlv_desk *desk;
    pthread_t thread;
    bool running;
    atomic_bool stop;
    pthread_mutex_t lock;
    struct rlv_watched *first;
};

static struct rlv_watched *find(rlv_watch *watch, rlv_str token)
{
    for (struct rlv_watched *w = watch->first; w; w = w->next)
        if (rlv_str_is(token, w->token) && !atomic_load(&w->over))
            return w;
    return NULL;
}

rlv_watched *rlv_watch_hold(rlv_watch *watch, const rlv_session *session)
{
    (void)pthread_mutex_lock(&watch->lock);
    struct rlv_watched *w = find(watch, session->token);
    if (w && !rlv_str_is(session->stamp, w->stamp)) /* it changed just now: those before it end */
        atomic_store(&w->over, true);
    if (!w || atomic_load(&w->over)) {
        w = calloc(1, sizeof(*w));
        if (w && !(w->text = strndup(session->text.ptr, session->text.len))) {
            free(w);
            w = NULL;
        }
        if (!w)
            goto out;
        w->watch = watch;
        w->told_us = rlv_clock_mono_us();
        (void)snprintf(w->token, sizeof(w->token), "%.*s", RLV_STR_ARG(session->token));
        (void)snprintf(w->stamp, sizeof(w->stamp), "%.*s", RLV_STR_ARG(session->stamp));
        w->next = watch->first;
        w->link = &watch->first;
        if (w->next)
            w->next->link = &w->next;
        watch->first = w;
    }
    w->streams++;
out:
    (void)pthread_mutex_unlock(&watch->lock);
    return w;
}

void rlv_watch_release(rlv_watched *w)
{
    if (!w)
        return;
    rlv_watch *watch = w->watch;
    (void)pthread_mutex_lock(&watch->lock);
    if (--w->streams == 0) {
        *w->link = w->next;
        if (w->next)
            w->next->link = w->link;
        free(w->text);
        free(w);
    }
    (void)pthread_mutex_unlock(&watch->lock);
}

bool rlv_watched_over(const rlv_watched *w)
{
    return atomic_load(&w->over);
}

void rlv_watch_end_session(rlv_watch *watch, rlv_str token)
{
    (void)pthread_mutex_lock(&watch->lock);
    struct rlv_watched *w = find(watch, token);
    if (w)
        atomic_store(&w->over, true);
    (void)pthread_mutex_unlock(&watch->lock);
}

rlv_str rlv_watch_recall(rlv_watch *watch, rlv_str token, rlv_arena *arena)
{
    rlv_str text = {NULL, 0};
    (void)pthread_mutex_lock(&watch->lock);
    const struct rlv_watched *w = find(watch, token);
    if (w && rlv_clock_mono_us() - w->told_us < RECALL_US)
        text = rlv_arena_copy(arena, rlv_str_from(w->text));
    (void)pthread_mutex_unlock(&watch->lock);
    return text;
}

/* "token:stamp,token:stamp,..." of all. */
static void list(rlv_watch *watch, rlv_buf *all)
{
    rlv_buf_reset(all);
    (void)pthread_mutex_lock(&watch->lock);
    for (const struct rlv_watched *w = watch->first; w; w = w->next)
        if (!atomic_load(&w->over))
            rlv_buf_printf(all, "%s%s:%s", all->len ? "," : "", w->token, w->stamp);
    (void)pthread_mutex_unlock(&watch->lock);
}

/* Of those that are not over it is known that they were not, at this time. */
static void confirm(rlv_watch *watch, int64_t now_us)
{
    (void)pthread_mutex_lock(&watch->lock);
    for (struct rlv_watched *w = watch->first; w; w = w->next)
        if (w->told_us < now_us)
            w->told_us = now_us;
    (void)pthread_mutex_unlock(&watch->lock);
}

static void look(rlv_watch *watch, rlv_arena *arena, rlv_buf *all)
{
    char state[RLV_ASK_STATE];
    rlv_error err;
    rlv_str text;
    rlv_arena_reset(arena);
    int64_t began_us = rlv_clock_mono_us();
    list(watch, all);
    if (!all->len || all->failed)
        return;
    const rlv_str sessions = rlv_buf_view(all);
    int rc = rlv_desk_ask(watch->desk,
                          "SELECT string_agg(split_part(w, ':', 1), ',') FROM unnest(string_to_array($1, ',')) w LEFT JOIN ("
                          "SELECT s.token, " RLV_SESSION_STAMP " AS stamp FROM " RLV_SESSION_FROM ") k "
                          "ON k.token = decode(split_part(w, ':', 1), 'hex') WHERE k.stamp IS DISTINCT FROM split_part(w, ':', 2)",
                          &sessions, 1, arena, &text, state, &err);
    if (rc != RLV_OK) {
        if (state[0])
            rlv_log(RLV_LOG_ERROR, "desk", "sessions cannot be looked at: %s", err.message);
        return;
    }
    for (size_t at = 0; at < text.len; at += RLV_DIGEST_TEXT + 1)
        rlv_watch_end_session(watch, (rlv_str){text.ptr + at, RLV_DIGEST_TEXT});
    confirm(watch, began_us);
}

static void *serve(void *user)
{
    rlv_watch *watch = user;
    rlv_arena *arena = rlv_arena_new(LIST_MAX);
    rlv_buf all = RLV_BUF_INIT(LIST_MAX);
    int64_t looked_us = rlv_clock_mono_us();
    while (arena && !atomic_load(&watch->stop)) {
        rlv_clock_sleep_ms(TURN_MS);
        if (rlv_clock_mono_us() - looked_us < (int64_t)LOOK_MS * 1000)
            continue;
        look(watch, arena, &all);
        looked_us = rlv_clock_mono_us();
    }
    rlv_arena_free(arena);
    rlv_buf_free(&all);
    return NULL;
}

int rlv_watch_new(rlv_desk *desk, rlv_watch **ret, rlv_error *err)
{
    rlv_watch *watch = calloc(1, sizeof(*watch));
    if (!watch)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    *ret = watch; /* freed by whoever frees the desk */
    watch->desk = desk;
    (void)pthread_mutex_init(&watch->lock, NULL);
    int rc = pthread_create(&watch->thread, NULL, serve, watch);
    if (rc)
        return rlv_error_set(err, RLV_E_LIMIT, "no thread to look at sessions with: %s", strerror(rc));
    watch->running = true;
    return RLV_OK;
}

void rlv_watch_free(rlv_watch *watch)
{
    if (!watch)
        return;
    atomic_store(&watch->stop, true);
    if (watch->running)
        (void)pthread_join(watch->thread, NULL);
    (void)pthread_mutex_destroy(&watch->lock);
    free(watch);
}
