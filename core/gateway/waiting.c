/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that wait for Kafka; see private.h. Must never wake a connection twice, nor touch a request after
 * both its connection and its records are through with it.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "gateway/private.h"

static void unlink_waiting(rlv_gateway *g, rlv_request *request)
{
    *(request->earlier ? &request->earlier->later : &g->first) = request->later;
    *(request->later ? &request->later->earlier : &g->last) = request->earlier;
    request->earlier = request->later = NULL;
}

static void free_request(rlv_request *request)
{
    free(request->body);
    free(request);
}

void rlv_request_wait(rlv_request *request)
{
    rlv_gateway *g = request->gateway;
    /* Before the first record is handed over: waking comes after falling asleep. */
    MHD_suspend_connection(request->connection);
    (void)pthread_mutex_lock(&g->lock);
    request->state = RLV_REQUEST_WAITING;
    request->ending = RLV_ENDING_ACCEPTED;
    request->pending = 1;
    request->deadline_us = rlv_clock_mono_us() + g->config->gateway.ack_ms * 1000;
    request->earlier = g->last;
    *(g->last ? &g->last->later : &g->first) = request;
    g->last = request;
    (void)pthread_mutex_unlock(&g->lock);
}

void rlv_request_settle(rlv_request *request, enum rlv_ending ending)
{
    rlv_gateway *g = request->gateway;
    (void)pthread_mutex_lock(&g->lock);
    request->pending--;
    if (ending != RLV_ENDING_ACCEPTED && request->ending == RLV_ENDING_ACCEPTED)
        request->ending = ending;
    bool wake = request->pending == 0 && request->state == RLV_REQUEST_WAITING;
    bool last = request->pending == 0 && request->released;
    if (wake) {
        unlink_waiting(g, request);
        request->state = RLV_REQUEST_DONE;
    }
    (void)pthread_mutex_unlock(&g->lock);
    if (wake)
        MHD_resume_connection(request->connection);
    else if (last)
        free_request(request);
}

void rlv_request_release(rlv_request *request)
{
    rlv_gateway *g = request->gateway;
    atomic_fetch_sub(&g->memory, request->charged);
    atomic_fetch_sub(&g->open, 1);
    (void)pthread_mutex_lock(&g->lock);
    request->released = true;
    bool last = request->pending == 0;
    (void)pthread_mutex_unlock(&g->lock);
    if (last)
        free_request(request);
}

size_t rlv_waiting_give_up(rlv_gateway *gateway, int64_t now_us, bool all)
{
    for (size_t n = 0;; n++) {
        (void)pthread_mutex_lock(&gateway->lock);
        rlv_request *request = gateway->first;
        bool over = request && (all || request->deadline_us <= now_us);
        if (over) {
            unlink_waiting(gateway, request);
            request->state = RLV_REQUEST_DONE;
            if (request->ending == RLV_ENDING_ACCEPTED)
                request->ending = RLV_ENDING_KAFKA_AWAY;
        }
        (void)pthread_mutex_unlock(&gateway->lock);
        if (!over)
            return n;
        /* Asleep, so that nobody but us can end it: it cannot be gone. */
        MHD_resume_connection(request->connection);
    }
}
