/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request, as libmicrohttpd calls for it: at its head, for each piece of its body, at its end, and once
 * more when Kafka has answered. Must never block: a thread serves very many connections.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "gateway/private.h"
#include "gateway/webhook.h"
#include "serve/signature.h"

enum {
    FIRST_ROOM = 16 * 1024,              /* for a body that has not begun to come */
    TOLERATED_MAX = 4 * RLV_WEBHOOK_MAX, /* of a body that is too large; then the connection is cut */
    CHALLENGE_MAX = 512,
    COMPLAIN_US = 60000000
};

static rlv_str argument(struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *name)
{
    return rlv_str_from(MHD_lookup_connection_value(connection, kind, name));
}

/* ---- the handshake ---- */

static enum MHD_Result handshake(rlv_request *request)
{
    struct MHD_Connection *c = request->connection;
    rlv_str challenge = argument(c, MHD_GET_ARGUMENT_KIND, "hub.challenge");
    rlv_str token = argument(c, MHD_GET_ARGUMENT_KIND, "hub.verify_token");
    if (!rlv_str_is(argument(c, MHD_GET_ARGUMENT_KIND, "hub.mode"), "subscribe") || challenge.len == 0 ||
        challenge.len > CHALLENGE_MAX || token.len == 0)
        return rlv_ending_give(request, RLV_ENDING_BAD_HANDSHAKE);
    if (!rlv_signature_same(token, rlv_str_from(request->gateway->config->gateway.verify_token)))
        return rlv_ending_give(request, RLV_ENDING_WRONG_TOKEN);
    return rlv_ending_challenge(request, challenge.ptr);
}

/* ---- the head ---- */

/* True when gateway.memory takes `more` bytes for this request. */
static bool charge(rlv_request *request, size_t more)
{
    rlv_gateway *g = request->gateway;
    if (atomic_fetch_add(&g->memory, more) + more > g->config->gateway.memory) {
        atomic_fetch_sub(&g->memory, more);
        return false;
    }
    request->charged += more;
    return true;
}

static bool grow(rlv_request *request, size_t cap)
{
    char *body = realloc(request->body, cap ? cap : 1);
    if (!body)
        return false;
    request->body = body;
    request->cap = cap;
    return true;
}

/* What can be refused before a byte of the body is read. */
static enum rlv_ending look_at_head(rlv_request *request)
{
    struct MHD_Connection *c = request->connection;
    int64_t length = RLV_WEBHOOK_MAX;
    rlv_str said = argument(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (atomic_load(&request->gateway->draining))
        return RLV_ENDING_STOPPING;
    if (said.len > 0 && !rlv_str_int(said, &length))
        return RLV_ENDING_TOO_LARGE; /* a number beyond all numbers: the library has refused what is none */
    if (length > RLV_WEBHOOK_MAX)
        return RLV_ENDING_TOO_LARGE;
    if (argument(c, MHD_HEADER_KIND, RLV_SIGNATURE_HEADER).len == 0)
        return RLV_ENDING_NO_SIGNATURE;
    /* What has come is charged, not what is announced: nothing shows yet that it is Meta who sends it, and a few who only announce would use up
       the memory for all. */
    request->most = (size_t)length;
    size_t room = request->most < FIRST_ROOM ? request->most : FIRST_ROOM;
    if (!charge(request, room))
        return RLV_ENDING_TOO_MUCH;
    return grow(request, room) ? RLV_ENDING_ACCEPTED : RLV_ENDING_BROKEN;
}

static enum MHD_Result begin(rlv_gateway *g, struct MHD_Connection *connection, const char *url,
                             const char *method, void **seen)
{
    rlv_request *request = calloc(1, sizeof(*request));
    if (!request)
        return MHD_NO;
    *request = (rlv_request){.gateway = g, .connection = connection, .begun_us = rlv_clock_mono_us()};
    atomic_fetch_add(&g->open, 1);
    *seen = request;
    if (strcmp(url, g->config->gateway.path) != 0)
        return rlv_ending_give(request, RLV_ENDING_WRONG_PATH);
    if (strcmp(method, MHD_HTTP_METHOD_GET) == 0)
        return MHD_YES; /* answered when it is complete */
    if (strcmp(method, MHD_HTTP_METHOD_POST) != 0)
        return rlv_ending_give(request, RLV_ENDING_WRONG_METHOD);
    request->refused = look_at_head(request);
    /* The rest of a body is read and thrown away, so that its sender hears the answer; a huge one is not. */
    return request->refused == RLV_ENDING_TOO_LARGE ? rlv_ending_give(request, request->refused) : MHD_YES;
}

/* ---- the body ---- */

/* What is refused takes no room any more, however long its sender goes on. */
static void let_go(rlv_request *request)
{
    atomic_fetch_sub(&request->gateway->memory, request->charged);
    request->charged = 0;
    free(request->body);
    request->body = NULL;
    request->cap = 0;
}

static enum MHD_Result take(rlv_request *request, const char *upload, size_t *upload_size)
{
    size_t n = *upload_size, len = request->len + n;
    *upload_size = 0;
    if (!request->body && request->refused == RLV_ENDING_ACCEPTED)
        return MHD_YES; /* a GET's: of no meaning */
    if (len > RLV_WEBHOOK_MAX)
        request->refused = RLV_ENDING_TOO_LARGE;
    if (request->refused != RLV_ENDING_ACCEPTED) {
        let_go(request);
        request->len = len;
        return len > TOLERATED_MAX ? MHD_NO : MHD_YES;
    }
    if (len > request->cap) {
        size_t cap = request->cap * 2 < request->most ? request->cap * 2 : request->most;
        cap = cap > len ? cap : len;
        if (!charge(request, cap - request->cap))
            request->refused = RLV_ENDING_TOO_MUCH;
        else if (!grow(request, cap))
            request->refused = RLV_ENDING_BROKEN;
        if (request->refused != RLV_ENDING_ACCEPTED) {
            let_go(request);
            request->len = len;
            return MHD_YES;
        }
    }
    memcpy(request->body + request->len, upload, n);
    request->len = len;
    return MHD_YES;
}

/* An operator must learn of a secret that does not fit, and not once for every webhook. */
static void complain(rlv_gateway *g)
{
    int64_t now_us = rlv_clock_mono_us(), last_us = atomic_load(&g->complained_us);
    if ((last_us == 0 || now_us - last_us > COMPLAIN_US) &&
        atomic_compare_exchange_strong(&g->complained_us, &last_us, now_us))
        rlv_log(RLV_LOG_WARN, "gateway",
                "a webhook's signature was not made with any of gateway.app_secrets: refused; if Meta sends "
                "them, the app's "
                "secret has changed. Further ones in the next minute are only counted");
}

static enum MHD_Result end(rlv_request *request)
{
    rlv_gateway *g = request->gateway;
    const rlv_config *config = g->config;
    if (request->refused != RLV_ENDING_ACCEPTED)
        return rlv_ending_give(request, request->refused);
    rlv_str body = {request->body, request->len};
    rlv_metric_observe(g->body_bytes, (double)body.len);
    if (!rlv_signature_matches(config->gateway.app_secrets, config->gateway.n_app_secrets, body,
                               argument(request->connection, MHD_HEADER_KIND, RLV_SIGNATURE_HEADER))) {
        complain(g);
        return rlv_ending_give(request, RLV_ENDING_WRONG_SIGNATURE);
    }
    if (!rlv_trace_parse(argument(request->connection, MHD_HEADER_KIND, RLV_TRACE_HEADER), &request->trace))
        request->trace = rlv_trace_begin();
    /* While nothing comes back from Kafka, what waits there already will tell when it does. */
    if (atomic_load(&g->away) && atomic_load(&g->unacked) > 0)
        return rlv_ending_give(request, RLV_ENDING_KAFKA_AWAY);
    rlv_request_wait(request);
    enum rlv_ending ending = rlv_events_publish(request);
    rlv_request_settle(request, ending);
    return MHD_YES;
}

/* ---- libmicrohttpd's callbacks ---- */

enum MHD_Result rlv_request_handle(void *user, struct MHD_Connection *connection, const char *url,
                                   const char *method, const char *version, const char *upload,
                                   size_t *upload_size, void **seen)
{
    (void)version;
    rlv_request *request = *seen;
    if (!request)
        return begin(user, connection, url, method, seen);
    if (*upload_size > 0) {
        return take(request, upload, upload_size);
    }
    (void)pthread_mutex_lock(&request->gateway->lock);
    enum rlv_request_state state = request->state;
    enum rlv_ending ending = request->ending;
    (void)pthread_mutex_unlock(&request->gateway->lock);
    if (state == RLV_REQUEST_DONE)
        return rlv_ending_give(request, ending);
    if (state == RLV_REQUEST_WAITING)
        return MHD_YES;
    return strcmp(method, MHD_HTTP_METHOD_GET) == 0 ? handshake(request) : end(request);
}

void rlv_request_completed(void *user, struct MHD_Connection *connection, void **seen,
                           enum MHD_RequestTerminationCode why)
{
    (void)user;
    (void)connection;
    (void)why;
    if (*seen)
        rlv_request_release(*seen);
    *seen = NULL;
}
