/* SPDX-License-Identifier: Apache-2.0 */
/* The role; see gateway.h. Must never end while a request is open that may still be answered in time. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "gateway/private.h"
#include "serve/listen.h"

enum {
    WATCH_MS = 25, /* how late a request may be given up */
    CONNECTIONS_MAX = 8192,
    CONNECTION_MEMORY = 32 * 1024, /* its headers, and the piece of the body in hand */
    IDLE_S = 15 /* a silent connection is closed; also one that was cut in the middle of a body */
};

static void make_metrics(rlv_gateway *g)
{
    for (int i = 0; i <= RLV_EVENT_UNKNOWN; i++) {
        char labels[48];
        (void)snprintf(labels, sizeof(labels), "kind=\"%s\"", rlv_event_kind_name((enum rlv_event_kind)i));
        g->kinds[i] = rlv_metric_counter("relevo_gateway_events_total", "Events handed to Kafka.", labels);
    }
    g->seconds =
        rlv_metric_seconds("relevo_gateway_request_seconds", "From a request's head to its answer.", "");
    g->ack_seconds =
        rlv_metric_seconds("relevo_gateway_ack_seconds", "From an event to Kafka's acknowledgement.", "");
    g->body_bytes = rlv_metric_sizes("relevo_gateway_body_bytes", "Bytes of a webhook.", "");
    g->memory_used =
        rlv_metric_gauge("relevo_gateway_memory_bytes", "Bodies in hand; the ceiling is gateway.memory.", "");
    g->connections =
        rlv_metric_gauge("relevo_gateway_requests_open", "Requests that are not answered yet.", "");
}

static int check(const rlv_config *config, rlv_error *err)
{
    if (config->gateway.n_app_secrets == 0)
        return rlv_error_set(
            err, RLV_E_CONFIG,
            "%s: 'gateway.app_secrets' is missing: without the secret of Meta's app no webhook can be "
            "told from a forged one; set it, or RELEVO_GATEWAY_APP_SECRETS_FILE",
            config->file);
    return RLV_OK;
}

int rlv_gateway_new(const rlv_config *config, rlv_gateway **ret, rlv_error *err)
{
    int rc = check(config, err);
    if (rc != RLV_OK)
        return rc;
    rlv_gateway *g = calloc(1, sizeof(*g));
    if (!g)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    g->config = config;
    g->fd = -1;
    g->told_us = INT64_MIN / 2;
    (void)pthread_mutex_init(&g->lock, NULL);
    atomic_store(&g->moved_us, rlv_clock_mono_us());
    make_metrics(g);
    if (!rlv_endings_make(g))
        rc = rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    if (rc == RLV_OK)
        rc = rlv_serve_listen("gateway.listen", config->gateway.listen, &g->fd, err);
    if (rc == RLV_OK) {
        g->port = rlv_serve_port(g->fd);
        rc = rlv_kafka_open(g, err);
    }
    if (rc != RLV_OK) {
        rlv_gateway_free(g);
        return rc;
    }
    *ret = g;
    return RLV_OK;
}

void rlv_gateway_free(rlv_gateway *gateway)
{
    if (!gateway)
        return;
    rlv_kafka_close(gateway);
    rlv_endings_free(gateway);
    rlv_events_free_benches(gateway);
    if (gateway->fd >= 0)
        (void)close(gateway->fd);
    (void)pthread_mutex_destroy(&gateway->lock);
    free(gateway);
}

static int serve(rlv_gateway *g, rlv_error *err)
{
    unsigned pool = g->config->gateway.threads > 1 ? (unsigned)g->config->gateway.threads : 0;
    g->daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                         rlv_request_handle, g, MHD_OPTION_LISTEN_SOCKET, g->fd, MHD_OPTION_NOTIFY_COMPLETED,
                         rlv_request_completed, g, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                         MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                         (size_t)CONNECTION_MEMORY, MHD_OPTION_THREAD_POOL_SIZE, pool, MHD_OPTION_END);
    if (!g->daemon)
        return rlv_error_set(err, RLV_E_LIMIT, "the HTTP server cannot start: no memory, or no thread left");
    return RLV_OK;
}

/* A slow Kafka comes and goes: once in a while is enough. */
static void tell_away(rlv_gateway *g, int64_t now_us)
{
    enum {
        QUIET_US = 10000000
    };
    if (atomic_exchange(&g->away, true) || now_us - g->told_us < QUIET_US)
        return;
    g->told_us = now_us;
    atomic_store(&g->away_told, true);
    rlv_log(RLV_LOG_WARN, "gateway",
            "Kafka at %s does not acknowledge: webhooks are answered with 503, and Meta sends them again",
            rlv_config_kafka(g->config, "bootstrap.servers"));
}

/* One turn of the watch: those that waited too long are answered. */
static void watch(rlv_gateway *g)
{
    int64_t now_us = rlv_clock_mono_us();
    atomic_store(&g->moved_us, now_us);
    if (rlv_waiting_give_up(g, now_us, false) > 0)
        tell_away(g, now_us);
    rlv_metric_set(g->memory_used, (double)atomic_load(&g->memory));
    rlv_metric_set(g->connections, (double)atomic_load(&g->open));
    rlv_clock_sleep_ms(WATCH_MS);
}

/* Nobody new; those that are here are answered. */
static void drain(rlv_gateway *g)
{
    enum {
        WRITE_US = 1000000 /* stopping the server closes connections, also those whose answer is on its way */
    };
    int64_t until_us = rlv_clock_mono_us() + g->config->gateway.drain_ms * 1000;
    atomic_store(&g->draining, true);
    int fd = MHD_quiesce_daemon(g->daemon);
    if (fd >= 0)
        (void)close(fd);
    while (atomic_load(&g->open) > 0 && rlv_clock_mono_us() < until_us)
        watch(g);
    size_t left = rlv_waiting_give_up(g, 0, true);
    if (left > 0)
        rlv_log(RLV_LOG_WARN, "gateway",
                "%zu webhooks were answered with 503: Kafka did not acknowledge them in time", left);
    for (until_us = rlv_clock_mono_us() + WRITE_US; left > 0 && atomic_load(&g->open) > 0 && rlv_clock_mono_us() < until_us;)
        watch(g);
    MHD_stop_daemon(g->daemon);
    g->daemon = NULL;
    g->fd = -1;
}

int rlv_gateway_run(rlv_gateway *gateway, const volatile sig_atomic_t *stop, rlv_error *err)
{
    int rc = serve(gateway, err);
    if (rc != RLV_OK)
        return rc;
    while (!*stop)
        watch(gateway);
    drain(gateway);
    return RLV_OK;
}

uint16_t rlv_gateway_port(const rlv_gateway *gateway)
{
    return gateway->port;
}

bool rlv_gateway_ready(const rlv_gateway *gateway, char *reason, size_t size)
{
    const char *what = NULL;
    if (atomic_load(&gateway->draining))
        what = "going down";
    else if (!atomic_load(&gateway->known))
        what = "waiting for Kafka and its topic";
    else if (atomic_load(&gateway->away))
        what = "Kafka does not acknowledge";
    (void)snprintf(reason, size, "%s", what ? what : "taking webhooks");
    return !what;
}

int64_t rlv_gateway_idle_ms(const rlv_gateway *gateway)
{
    return (rlv_clock_mono_us() - atomic_load(&gateway->moved_us)) / 1000;
}
