/* SPDX-License-Identifier: Apache-2.0 */
/* What takes longer than Postgres; see private.h. Must never leave a request asleep: the server could not stop. */
#include <stdlib.h>

#include "desk/private.h"

enum { THREADS = 2, WAITING_MAX = 64, CONNECTIONS = 4 };

struct rlv_aside {
    rlv_desk *desk;
    pthread_t threads[THREADS];
    int running;
    pthread_mutex_t lock;
    pthread_cond_t more;
    rlv_request *first, **last; /* those that wait */
    size_t n;
    bool stop;
};

static void wake(rlv_request *request)
{
    MHD_resume_connection(request->connection);
}

static void *serve(void *user)
{
    rlv_aside *aside = user;
    rlv_http *http = rlv_http_new(CONNECTIONS);
    (void)pthread_mutex_lock(&aside->lock);
    for (;;) {
        while (!aside->first && !aside->stop)
            (void)pthread_cond_wait(&aside->more, &aside->lock);
        rlv_request *request = aside->first;
        if (!request)
            break;
        aside->first = request->next;
        if (!aside->first)
            aside->last = &aside->first;
        aside->n--;
        bool stop = aside->stop;
        (void)pthread_mutex_unlock(&aside->lock);
        if (stop || !http)
            rlv_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, "busy", stop ? "the desk is going down" : "memory is short");
        else
            request->work(request, http);
        wake(request);
        (void)pthread_mutex_lock(&aside->lock);
    }
    (void)pthread_mutex_unlock(&aside->lock);
    rlv_http_free(http);
    return NULL;
}

int rlv_aside_new(rlv_desk *desk, rlv_aside **ret, rlv_error *err)
{
    rlv_aside *aside = calloc(1, sizeof(*aside));
    if (!aside)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    aside->desk = desk;
    aside->last = &aside->first;
    (void)pthread_mutex_init(&aside->lock, NULL);
    (void)pthread_cond_init(&aside->more, NULL);
    while (aside->running < THREADS && pthread_create(&aside->threads[aside->running], NULL, serve, aside) == 0)
        aside->running++;
    if (aside->running < THREADS) {
        rlv_aside_free(aside);
        return rlv_error_set(err, RLV_E_LIMIT, "no thread can be started");
    }
    *ret = aside;
    return RLV_OK;
}

void rlv_aside_end(rlv_aside *aside)
{
    (void)pthread_mutex_lock(&aside->lock);
    aside->stop = true;
    (void)pthread_cond_broadcast(&aside->more);
    (void)pthread_mutex_unlock(&aside->lock);
    while (aside->running > 0)
        (void)pthread_join(aside->threads[--aside->running], NULL);
}

void rlv_aside_free(rlv_aside *aside)
{
    if (!aside)
        return;
    rlv_aside_end(aside);
    (void)pthread_cond_destroy(&aside->more);
    (void)pthread_mutex_destroy(&aside->lock);
    free(aside);
}

void rlv_aside_do(rlv_request *request, rlv_aside_work *work)
{
    rlv_aside *aside = request->desk->aside;
    (void)pthread_mutex_lock(&aside->lock);
    if (aside->stop || aside->n == WAITING_MAX) {
        rlv_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, "busy", "too much is asked for at once: try again in a moment");
    } else {
        request->work = work;
        request->next = NULL;
        MHD_suspend_connection(request->connection);
        *aside->last = request;
        aside->last = &request->next;
        aside->n++;
        (void)pthread_cond_signal(&aside->more);
    }
    (void)pthread_mutex_unlock(&aside->lock);
}
