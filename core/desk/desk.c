/* SPDX-License-Identifier: Apache-2.0 */
/* The role's life; see desk.h. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/value.h"
#include "desk/private.h"
#include "serve/listen.h"

enum {
    TURN_MS = 100,
    CONNECTIONS_MAX = 16384,
    CONNECTION_MEMORY = 32 * 1024,
    IDLE_S = 75 /* longer than the pulse of a stream */
};

/* Where browsers are, as they say in Origin. Without desk.public_url it is where the desk listens. */
static int find_origin(rlv_desk *desk, rlv_error *err)
{
    const char *url = desk->config->desk.public_url;
    rlv_str host;
    uint16_t port;
    if (url) {
        const char *path = strchr(strstr(url, "://") + 3, '/');
        (void)snprintf(desk->origin, sizeof(desk->origin), "%.*s", path ? (int)(path - url) : (int)strlen(url), url);
        desk->secure = strncmp(url, "https://", 8) == 0;
        return RLV_OK;
    }
    if (!rlv_value_address(rlv_str_from(desk->config->desk.listen), &host, &port) || rlv_str_is(host, "0.0.0.0") ||
        rlv_str_is(host, "::") || rlv_str_is(host, ""))
        return rlv_error_set(err, RLV_E_CONFIG,
                             "%s: desk.listen '%s' is every address of this machine: say in desk.public_url where browsers find the desk, "
                             "such as https://desk.example.com",
                             desk->config->file, desk->config->desk.listen);
    (void)snprintf(desk->origin, sizeof(desk->origin), "http://%.*s:%u", RLV_STR_ARG(host), desk->port);
    return RLV_OK;
}

/* Every request asks whether it comes from one. */
static int find_proxies(rlv_desk *desk, rlv_error *err)
{
    size_t n = desk->config->desk.n_proxy_peers;
    desk->proxies = calloc(n + 1, sizeof(*desk->proxies));
    if (!desk->proxies)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    for (size_t i = 0; i < n; i++)
        if (!rlv_value_network(rlv_str_from(desk->config->desk.proxy_peers[i]), desk->proxies[i].address, &desk->proxies[i].bits))
            return rlv_error_set(err, RLV_E_CONFIG, "%s: desk.proxy_peers: '%s' is no address and no network", desk->config->file,
                                 desk->config->desk.proxy_peers[i]);
    return RLV_OK;
}

int rlv_desk_new(const rlv_config *config, rlv_desk **ret, rlv_error *err)
{
    if (sodium_init() < 0)
        return rlv_error_set(err, RLV_E_LIMIT, "libsodium cannot be initialised");
    rlv_desk *desk = calloc(1, sizeof(*desk));
    if (!desk)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    desk->config = config;
    desk->fd = -1;
    (void)pthread_mutex_init(&desk->lock, NULL);
    (void)pthread_mutex_init(&desk->hashing, NULL);
    atomic_store(&desk->moved_us, rlv_clock_mono_us());
    desk->seconds = rlv_metric_seconds("relevo_desk_request_seconds", "From a whole request to its answer.", "");
    desk->logins_failed = rlv_metric_counter("relevo_desk_logins_failed_total", "Log-ins that were refused.", "");
    int rc = rlv_serve_listen("desk.listen", config->desk.listen, &desk->fd, err);
    if (rc == RLV_OK) {
        desk->port = rlv_serve_port(desk->fd);
        rc = find_origin(desk, err);
    }
    if (rc == RLV_OK)
        rc = find_proxies(desk, err);
    if (rc == RLV_OK)
        rc = rlv_ring_new(desk, &desk->ring, err);
    if (rc == RLV_OK)
        rc = (desk->shared = rlv_shared_new()) ? RLV_OK : rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    if (rc == RLV_OK)
        rc = rlv_watch_new(desk, &desk->watch, err);
    if (rc == RLV_OK)
        rc = rlv_aside_new(desk, &desk->aside, err);
    if (rc != RLV_OK) {
        rlv_desk_free(desk);
        return rc;
    }
    *ret = desk;
    return RLV_OK;
}

void rlv_desk_free(rlv_desk *desk)
{
    if (!desk)
        return;
    rlv_aside_free(desk->aside);
    rlv_ring_free(desk->ring);
    rlv_watch_free(desk->watch);
    rlv_shared_free(desk->shared);
    rlv_desk_close_links(desk);
    if (desk->fd >= 0)
        (void)close(desk->fd);
    (void)pthread_mutex_destroy(&desk->lock);
    (void)pthread_mutex_destroy(&desk->hashing);
    free(desk->proxies);
    free(desk);
}

int rlv_desk_run(rlv_desk *desk, const volatile sig_atomic_t *stop, rlv_error *err)
{
    unsigned pool = desk->config->desk.threads > 1 ? (unsigned)desk->config->desk.threads : 0;
    desk->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, rlv_desk_handle, desk,
                                    MHD_OPTION_LISTEN_SOCKET, desk->fd, MHD_OPTION_NOTIFY_COMPLETED, rlv_desk_completed, desk,
                                    MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
                                    (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
                                    MHD_OPTION_THREAD_POOL_SIZE, pool, MHD_OPTION_END);
    if (!desk->daemon)
        return rlv_error_set(err, RLV_E_LIMIT, "the HTTP server cannot start: no memory, or no thread left");
    while (!*stop) {
        atomic_store(&desk->moved_us, rlv_clock_mono_us());
        rlv_clock_sleep_ms(TURN_MS);
    }
    atomic_store(&desk->draining, true);
    rlv_ring_end(desk->ring); /* pages connect again, to another desk */
    rlv_aside_end(desk->aside);
    MHD_stop_daemon(desk->daemon); /* closes the socket too */
    desk->fd = -1;
    return RLV_OK;
}

uint16_t rlv_desk_port(const rlv_desk *desk)
{
    return desk->port;
}

bool rlv_desk_ready(const rlv_desk *desk, char *reason, size_t size)
{
    const char *what = NULL;
    if (atomic_load(&desk->draining))
        what = "going down";
    else if (atomic_load(&desk->postgres_away))
        what = "waiting for Postgres";
    else if (!rlv_ring_ready(desk->ring))
        what = "waiting for Kafka and its topics";
    /* Without Kafka a page still shows and does all that Postgres knows: taken out of service it would show nothing. */
    const char *well = !what && !rlv_ring_live(desk->ring) ? "serving pages, without live updates: Kafka does not answer" : "serving pages";
    (void)snprintf(reason, size, "%s", what ? what : well);
    return !what;
}

int64_t rlv_desk_idle_ms(const rlv_desk *desk)
{
    return (rlv_clock_mono_us() - atomic_load(&desk->moved_us)) / 1000;
}
