/* SPDX-License-Identifier: Apache-2.0 */
/* Its life; see cloudapi.h. */
#include "cloudapi/cloudapi.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "cloudapi/server.h"
#include "http/http.h"
#include "serve/listen.h"

enum {
    TURN_MS = 100,
    WEBHOOK_CONNECTIONS = 16,
    CONNECTIONS_MAX = 2048,
    IDLE_S = 120
};

/* ---- small things ---- */

/* SplitMix64: small, and the same on every machine. */
static uint64_t random_next(rlv_cloudapi *api)
{
    uint64_t z = api->random += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

int64_t rlv_cloudapi_between(rlv_cloudapi *api, const int64_t range[2])
{
    if (range[1] <= range[0])
        return range[0];
    return range[0] + (int64_t)(random_next(api) % (uint64_t)(range[1] - range[0] + 1));
}

bool rlv_cloudapi_chance(rlv_cloudapi *api, double share)
{
    return share > 0 && (double)(random_next(api) >> 11) / 9007199254740992.0 < share;
}

void rlv_cloudapi_id(rlv_cloudapi *api, const char *prefix, char ret[64])
{
    (void)snprintf(ret, 64, "%s%llx.%lld", prefix, (unsigned long long)api->born_ms,
                   (long long)++api->next_id);
}

void rlv_cloudapi_count(rlv_cloudapi *api, const char *what)
{
    (void)json_object_set_new(api->counts, what,
                              json_integer(json_integer_value(json_object_get(api->counts, what)) + 1));
}

void rlv_cloudapi_wake(rlv_cloudapi *api)
{
    (void)eventfd_write(api->wake, 1); /* full: it is awake */
}

/* ---- its life ---- */

void rlv_cloudapi_forget(rlv_cloudapi *api)
{
    json_t **const objects[] = {&api->chats, &api->by_id, &api->media, &api->counts},
                   **const lists[] = {&api->log, &api->hooks, &api->crm};
    for (size_t i = 0; i < sizeof(objects) / sizeof(*objects); i++) {
        json_decref(*objects[i]);
        *objects[i] = json_object();
    }
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
        json_decref(*lists[i]);
        *lists[i] = json_array();
    }
    rlv_webhooks_forget(api);
}

static char *webhook_of(const rlv_config *config)
{
    char *url = NULL;
    int n = *config->sandbox.webhook
                ? asprintf(&url, "%s", config->sandbox.webhook)
                : asprintf(&url, "http://%s%s", config->gateway.listen, config->gateway.path);
    return n < 0 ? NULL : url;
}

static int set_up(rlv_cloudapi *api, rlv_error *err)
{
    const rlv_config *config = api->config;
    int rc = rlv_serve_listen("sandbox.listen", config->sandbox.listen, &api->fd, err);
    if (rc != RLV_OK)
        return rc;
    api->port = rlv_serve_port(api->fd);
    if (*config->sandbox.log) {
        api->log_fd = open(config->sandbox.log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (api->log_fd < 0)
            return rlv_error_set(err, RLV_E_CONFIG, "sandbox.log: %s cannot be written: %s", config->sandbox.log,
                                 strerror(errno));
    }
    api->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    api->webhook = webhook_of(config);
    api->http = rlv_http_new(WEBHOOK_CONNECTIONS);
    if (api->wake < 0 || !api->webhook || !api->http)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory, or of file descriptors");
    api->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                                   rlv_cloudapi_handle, api, MHD_OPTION_LISTEN_SOCKET, api->fd,
                                   MHD_OPTION_NOTIFY_COMPLETED, rlv_cloudapi_completed, api,
                                   MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
                                   MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_END);
    if (!api->daemon)
        return rlv_error_set(err, RLV_E_LIMIT, "the HTTP server cannot start: no memory, or no thread left");
    return RLV_OK;
}

int rlv_cloudapi_new(const rlv_config *config, rlv_cloudapi **ret, rlv_error *err)
{
    if (config->gateway.n_app_secrets == 0)
        return rlv_error_set(err, RLV_E_CONFIG,
                             "%s: 'gateway.app_secrets' is missing: webhooks are signed with the first",
                             config->file);
    rlv_cloudapi *api = calloc(1, sizeof(*api));
    if (!api)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    api->config = config;
    api->fd = api->wake = api->log_fd = -1;
    (void)pthread_mutex_init(&api->lock, NULL);
    rlv_settings_defaults(&api->settings);
    api->random = (uint64_t)api->settings.seed;
    api->tokens = (double)api->settings.per_second; /* a number that was silent may send a second's worth at once */
    api->tokens_us = rlv_clock_mono_us();
    api->born_ms = rlv_clock_wall_ms();
    rlv_cloudapi_forget(api);
    int rc = set_up(api, err);
    if (rc != RLV_OK) {
        rlv_cloudapi_free(api);
        return rc;
    }
    *ret = api;
    return RLV_OK;
}

void rlv_cloudapi_run(rlv_cloudapi *api, const volatile sig_atomic_t *stop)
{
    while (!*stop)
        rlv_webhooks_turn(api, TURN_MS);
}

/* Connections that are asleep must wake before the server can end. */
static void wake_all(rlv_cloudapi *api)
{
    (void)pthread_mutex_lock(&api->lock);
    for (rlv_exchange *x = api->held; x; x = x->next) {
        x->asleep = false;
        MHD_resume_connection(x->connection);
    }
    api->held = NULL;
    (void)pthread_mutex_unlock(&api->lock);
}

void rlv_cloudapi_free(rlv_cloudapi *api)
{
    if (!api)
        return;
    if (api->daemon) {
        int fd = MHD_quiesce_daemon(api->daemon);
        wake_all(api);
        MHD_stop_daemon(api->daemon);
        api->fd = fd;
    }
    rlv_webhooks_end(api);
    json_t *const all[] = {api->chats, api->by_id, api->media, api->counts, api->log, api->hooks, api->crm};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        json_decref(all[i]);
    if (api->fd >= 0)
        (void)close(api->fd);
    if (api->wake >= 0)
        (void)close(api->wake);
    if (api->log_fd >= 0)
        (void)close(api->log_fd);
    free(api->webhook);
    (void)pthread_mutex_destroy(&api->lock);
    free(api);
}

uint16_t rlv_cloudapi_port(const rlv_cloudapi *api)
{
    return api->port;
}
