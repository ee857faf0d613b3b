/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP for operators: /metrics, /healthz, /readyz, and what may be told from this machine itself. One thread
 * of its own, few connections, short time-outs: a scraper that hangs must never be felt by a lane. It never
 * asks Kafka or Postgres anything.
 */
#ifndef RLV_OPS_OPS_H
#define RLV_OPS_OPS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

typedef struct rlv_ops rlv_ops;

/* Called from the ops thread, for each request, until rlv_ops_stop returns; they must not block. */
typedef struct rlv_ops_callbacks {
    void *user; /* handed to each */
    /* True while nothing hangs that only a restart ends. *ret_seconds: for how long the worst one does. NULL: always alive. */
    bool (*alive)(void *user, double *ret_seconds);
    /* True when this process can do its work. Writes one line without a line end into reason, in both cases:
       "3 lanes run", "waiting for Postgres". NULL: always ready. */
    bool (*ready)(void *user, char *reason, size_t size);
    /* Refreshes gauges just before the metrics are rendered. NULL: none need it. */
    void (*before_metrics)(void *user);
    /* POST of a path, "/plugins/keyword/release", from this machine only. Writes one line into reply, and
       returns an HTTP status. NULL: there is nothing to tell. */
    unsigned (*command)(void *user, const char *path, char *reply, size_t size);
} rlv_ops_callbacks;

/* The header that a POST must carry: no web page of another origin can send it unasked. */
#define RLV_OPS_COMMAND_HEADER "X-Relevo-Command"

/*
 * Listens on "host:port" (port 0: any) and answers from now on. callbacks are copied. RLV_E_UNAVAILABLE: the
 * port is in use, or the address is not this machine's; RLV_E_CONFIG: no such host; RLV_E_LIMIT: no thread,
 * no memory.
 */
RLV_MUST_CHECK int rlv_ops_start(const char *listen, const rlv_ops_callbacks *callbacks, rlv_ops **ret,
                                 rlv_error *err);
/* The port that it listens on. */
uint16_t rlv_ops_port(const rlv_ops *ops);
/* Ends the thread and closes everything. */
void rlv_ops_stop(rlv_ops *ops);

/* Appends the metrics of the process itself: memory, CPU, open files, start time, build. */
void rlv_ops_process_metrics(rlv_buf *out);

#endif
