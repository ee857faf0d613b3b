/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access tokens of destinations that want OAuth's client credentials (RFC 6749, 4.4): asked for when the first effect needs one, kept in memory
 * only, and asked for anew when the destination refuses it. Must never write one, or what it was got with, to a log or a result.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "deliver/private.h"

enum {
    LOOK_AGAIN_US = 50000,
    ANSWER_MAX = 64 * 1024,
    BODY_MAX = 64 * 1024
};

/* As application/x-www-form-urlencoded has it. */
static void put_field(rlv_buf *out, const char *name, const char *value)
{
    rlv_buf_printf(out, "%s%s=", out->len ? "&" : "", name);
    for (; *value; value++) {
        unsigned char c = (unsigned char)*value;
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr("-._~", c);
        rlv_buf_printf(out, plain ? "%c" : "%%%02X", c);
    }
}

static void on_token(void *user, const rlv_http_answer *a)
{
    struct rlv_destination *to = user;
    int64_t now_us = rlv_clock_mono_us();
    json_t *json = a->status == 200 && !a->cut ? json_loadb(a->body.ptr, a->body.len, 0, NULL) : NULL;
    const char *token = json_string_value(json_object_get(json, "access_token"));
    to->asking = false;
    to->token = token && *token ? strdup(token) : NULL;
    if (to->token) {
        to->token_us = now_us;
        to->refusals = 0;
    } else {
        to->ask_again_us = now_us + rlv_backoff_ms(++to->refusals, (uint64_t)now_us) * 1000;
        char status[64];
        (void)snprintf(status, sizeof(status), "token_url answers %d%s", a->status, a->status == 200 ? " without one" : "");
        if (rlv_deliver_says(to->owner, RLV_NEWS_TOKEN))
            rlv_log(RLV_LOG_WARN, "deliver", "%s gives no access token, its effects wait: %s", to->config->name,
                    a->status ? status : a->error);
    }
    json_decref(json);
}

static int ask(struct rlv_deliver *d, struct rlv_destination *to, rlv_error *err)
{
    const rlv_config_destination *c = to->config;
    static const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", "Accept: application/json"};
    rlv_buf body = RLV_BUF_INIT(BODY_MAX);
    put_field(&body, "grant_type", "client_credentials");
    put_field(&body, "client_id", c->client_id);
    put_field(&body, "client_secret", c->client_secret);
    const rlv_http_request request = {.method = "POST",
                                      .url = c->token_url,
                                      .headers = headers,
                                      .n_headers = 2,
                                      .body = rlv_buf_view(&body),
                                      .timeout_ms = (int)c->timeout_ms,
                                      .answer_max = ANSWER_MAX,
                                      .ca_file = c->ca_file,
                                      .private_ok = c->private_ok};
    int rc = body.failed ? rlv_error_set(err, RLV_E_LIMIT, "client_id and client_secret are too long")
                         : rlv_http_start(d->http, &request, on_token, to, err);
    rlv_buf_free(&body);
    return rc;
}

int64_t rlv_deliver_token(struct rlv_deliver *d, struct rlv_destination *to, int64_t now_us)
{
    rlv_error err;
    if (!to->config->token_url || to->token)
        return 0;
    if (to->asking)
        return LOOK_AGAIN_US;
    if (now_us < to->ask_again_us)
        return to->ask_again_us - now_us;
    to->asking = ask(d, to, &err) == RLV_OK;
    if (to->asking)
        return LOOK_AGAIN_US;
    to->ask_again_us = now_us + RLV_DELIVER_RETRY_US;
    if (rlv_deliver_says(d, RLV_NEWS_TOKEN))
        rlv_log(RLV_LOG_WARN, "deliver", "%s cannot be asked for an access token: %s", to->config->name, err.message);
    return RLV_DELIVER_RETRY_US;
}

bool rlv_deliver_token_refused(struct rlv_destination *to, int64_t request_us)
{
    if (!to->config->token_url)
        return false;
    if (request_us >= to->token_us) { /* else another effect has got a fresh one since */
        free(to->token);
        to->token = NULL;
    }
    return true;
}
