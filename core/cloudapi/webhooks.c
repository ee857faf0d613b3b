/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Webhooks on their way: made, signed, delayed, lost or doubled as the settings say, and sent again until
 * they are taken, as Meta does. Must never send one that is not signed.
 */
#include <stdlib.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cloudapi/private.h"
#include "http/http.h"
#include "serve/signature.h"

enum {
    TIMEOUT_MS = 20000,
    AGAIN_MS = 200,
    AGAIN_MAX_MS = 5000,
    UNDER_WAY = 32
};

static void free_outgoing(rlv_outgoing *out)
{
    if (out)
        free(out->body);
    free(out);
}

/* ---- the heap ---- */

static bool sooner(const rlv_outgoing *a, const rlv_outgoing *b)
{
    return a->due_us != b->due_us ? a->due_us < b->due_us : a->order < b->order;
}

static void push(rlv_cloudapi *api, rlv_outgoing *out)
{
    if (api->n_queue == api->cap_queue) {
        size_t cap = api->cap_queue ? api->cap_queue * 2 : 64;
        rlv_outgoing **grown = realloc(api->queue, cap * sizeof(*grown));
        if (!grown) {
            free_outgoing(out);
            rlv_cloudapi_count(api, "lost");
            return;
        }
        api->queue = grown;
        api->cap_queue = cap;
    }
    size_t i = api->n_queue++;
    while (i > 0 && sooner(out, api->queue[(i - 1) / 2])) {
        api->queue[i] = api->queue[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    api->queue[i] = out;
}

static rlv_outgoing *pop(rlv_cloudapi *api)
{
    rlv_outgoing *first = api->queue[0], *last = api->queue[--api->n_queue];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < api->n_queue; i = child) {
        if (child + 1 < api->n_queue && sooner(api->queue[child + 1], api->queue[child]))
            child++;
        if (!sooner(api->queue[child], last))
            break;
        api->queue[i] = api->queue[child];
    }
    if (api->n_queue > 0)
        api->queue[i] = last;
    return first;
}

void rlv_webhooks_forget(rlv_cloudapi *api)
{
    for (size_t i = 0; i < api->n_queue; i++)
        free_outgoing(api->queue[i]);
    api->n_queue = 0;
}

void rlv_webhooks_end(rlv_cloudapi *api)
{
    rlv_http_free(api->http);
    while (api->flying) {
        rlv_outgoing *out = api->flying;
        api->flying = out->next;
        free_outgoing(out);
    }
    rlv_webhooks_forget(api);
    free(api->queue);
}

/* ---- making ---- */

static void enqueue(rlv_cloudapi *api, const char *body, int64_t delay_ms)
{
    rlv_outgoing *out = calloc(1, sizeof(*out));
    if (!out)
        return;
    int64_t ms = delay_ms + rlv_cloudapi_between(api, api->settings.webhook_ms);
    *out = (rlv_outgoing){.api = api,
                          .due_us = rlv_clock_mono_us() + ms * 1000,
                          .order = ++api->order,
                          .body = strdup(body),
                          .len = strlen(body)};
    if (!out->body) {
        free(out);
        return;
    }
    push(api, out);
}

void rlv_webhook_queue(rlv_cloudapi *api, const char *field, json_t *value, int64_t delay_ms)
{
    json_t *whole =
        json_pack("{s:s, s:[{s:s, s:[{s:o, s:s}]}]}", "object", "whatsapp_business_account", "entry", "id",
                  api->config->sandbox.account_id, "changes", "value", value, "field", field);
    char *body = whole ? json_dumps(whole, JSON_COMPACT) : NULL;
    json_decref(whole);
    if (body && rlv_cloudapi_chance(api, api->settings.webhook_lose)) {
        rlv_cloudapi_count(api, "lost");
    } else if (body) {
        enqueue(api, body, delay_ms);
        if (rlv_cloudapi_chance(api, api->settings.webhook_duplicate))
            enqueue(api, body, delay_ms);
    }
    free(body);
    (void)eventfd_write(api->wake, 1); /* full: it is awake */
}

/* ---- sending ---- */

/* Called on the delivering thread, without the lock. */
static void sent(void *user, const rlv_http_answer *answer)
{
    rlv_outgoing *out = user;
    rlv_cloudapi *api = out->api;
    out->tries++;
    rlv_outgoing **at = &api->flying;
    while (*at != out)
        at = &(*at)->next;
    *at = out->next;
    (void)pthread_mutex_lock(&api->lock);
    bool taken = answer->status == 200;
    rlv_cloudapi_count(api, taken ? "webhooks" : "webhook_failures");
    if (taken) {
        (void)json_array_append_new(api->hooks,
                                    json_pack("{s:I, s:i, s:i}", "at", (json_int_t)rlv_clock_wall_ms(),
                                              "status", answer->status, "tries", out->tries));
        free_outgoing(out);
    } else {
        int64_t ms = AGAIN_MS << (out->tries < 6 ? out->tries : 6);
        out->due_us = rlv_clock_mono_us() + (ms < AGAIN_MAX_MS ? ms : AGAIN_MAX_MS) * 1000;
        push(api, out);
    }
    (void)pthread_mutex_unlock(&api->lock);
    if (!taken && !api->failing)
        rlv_log(RLV_LOG_WARN, "sandbox",
                "%s does not take webhooks (%s %d): each is sent again until it does", api->webhook,
                answer->status ? "status" : answer->error, answer->status);
    else if (taken && api->failing)
        rlv_log(RLV_LOG_INFO, "sandbox", "%s takes webhooks again", api->webhook);
    api->failing = !taken;
}

static void start(rlv_cloudapi *api, rlv_outgoing *out)
{
    char header[sizeof(RLV_SIGNATURE_HEADER ": ") + RLV_SIGNATURE_TEXT] = RLV_SIGNATURE_HEADER ": ";
    rlv_str body = {out->body, out->len};
    rlv_signature_make(rlv_str_from(api->config->gateway.app_secrets[0]), body, header + strlen(header));
    const char *const headers[] = {header, "Content-Type: application/json",
                                   "User-Agent: facebookexternalua"};
    const rlv_http_request request = {.method = "POST",
                                      .url = api->webhook,
                                      .headers = headers,
                                      .n_headers = 3,
                                      .body = body,
                                      .timeout_ms = TIMEOUT_MS,
                                      .answer_max = 1024,
                                      .private_ok = true};
    rlv_error err = {0};
    out->next = api->flying;
    api->flying = out;
    if (rlv_http_start(api->http, &request, sent, out, &err) == RLV_OK)
        return;
    const rlv_http_answer none = {.error = err.message};
    sent(out, &none);
}

/* Answers to sends that were held back. */
static void wake_held(rlv_cloudapi *api, int64_t now_us)
{
    for (rlv_exchange **at = &api->held; *at;) {
        rlv_exchange *x = *at;
        if (x->due_us > now_us) {
            at = &x->next;
            continue;
        }
        *at = x->next;
        x->asleep = false;
        MHD_resume_connection(x->connection);
    }
}

/* How long nothing is due. */
static int idle_ms(const rlv_cloudapi *api, int64_t now_us, int wait_ms)
{
    int64_t until_us = now_us + (int64_t)wait_ms * 1000;
    if (api->n_queue > 0 && rlv_http_busy(api->http) < UNDER_WAY && api->queue[0]->due_us < until_us)
        until_us = api->queue[0]->due_us;
    for (const rlv_exchange *x = api->held; x; x = x->next)
        if (x->due_us < until_us)
            until_us = x->due_us;
    return until_us > now_us ? (int)((until_us - now_us + 999) / 1000) : 0;
}

void rlv_webhooks_turn(rlv_cloudapi *api, int wait_ms)
{
    eventfd_t ignored;
    int64_t now_us = rlv_clock_mono_us();
    (void)pthread_mutex_lock(&api->lock);
    wake_held(api, now_us);
    while (api->n_queue > 0 && api->queue[0]->due_us <= now_us && rlv_http_busy(api->http) < UNDER_WAY) {
        rlv_outgoing *out = pop(api);
        (void)pthread_mutex_unlock(&api->lock);
        start(api, out);
        (void)pthread_mutex_lock(&api->lock);
    }
    int ms = idle_ms(api, now_us, wait_ms);
    (void)pthread_mutex_unlock(&api->lock);
    rlv_http_poll(api->http, api->wake, ms);
    (void)eventfd_read(api->wake, &ignored);
}
