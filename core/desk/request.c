/* SPDX-License-Identifier: Apache-2.0 */
/* One request, as libmicrohttpd calls for it; see private.h. Must never answer without the headers that keep a browser from harm. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "desk/private.h"

enum { BODY_MAX = 64 * 1024 };
static const size_t ARENA_MAX = (size_t)32 << 20;

/* Nothing but what this server itself serves: no inline script, no other origin, in no frame. */
static const char *const headers[][2] = {
    {"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; "
                                "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), microphone=(), geolocation=()"},
};

void rlv_request_fail(rlv_request *request, unsigned status, const char *code, const char *fmt, ...)
{
    char message[600];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    json_t *j = json_pack("{s:{s:s, s:s%}}", "error", "code", code, "message", message, rlv_str_cut(rlv_str_from(message), 500).len);
    char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    request->status = status;
    request->text = text ? rlv_arena_copy(request->arena, rlv_str_from(text)) : RLV_STR("{\"error\":{\"code\":\"error\",\"message\":\"\"}}");
    free(text);
    json_decref(j);
}

void rlv_request_postgres(rlv_request *request, const char state[RLV_ASK_STATE], const rlv_error *err)
{
    if (strcmp(state, "RV010") == 0)
        rlv_request_fail(request, MHD_HTTP_NOT_FOUND, "not_found", "%s", err->message);
    else if (strcmp(state, "RV011") == 0)
        rlv_request_fail(request, MHD_HTTP_UNPROCESSABLE_CONTENT, "no_such_agent", "%s", err->message);
    else if (strncmp(state, "RV01", 4) == 0)
        rlv_request_fail(request, MHD_HTTP_UNPROCESSABLE_CONTENT, "invalid", "%s", err->message);
    else if (strncmp(state, "22", 2) == 0)
        rlv_request_fail(request, MHD_HTTP_BAD_REQUEST, "invalid", "an argument is not what it should be");
    else if (strcmp(state, "57014") == 0)
        rlv_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, "slow", "the database took too long: ask for less");
    else if (err->code == RLV_E_LIMIT)
        rlv_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, "busy", "%s", err->message);
    else if (state[0]) {
        rlv_log(RLV_LOG_ERROR, "desk", "%s %s: %s", request->method, request->url, err->message);
        rlv_request_fail(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "broken", "a mistake of the server's: its log says more");
    } else {
        rlv_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, "away", "the database does not answer: try again in a moment");
    }
}

rlv_str rlv_request_text(rlv_request *request, const char *name)
{
    const json_t *v = json_object_get(request->json, name);
    if (json_is_string(v))
        return (rlv_str){json_string_value(v), json_string_length(v)};
    if (json_is_integer(v))
        return rlv_str_from(rlv_arena_printf(request->arena, "%lld", (long long)json_integer_value(v)));
    if (v)
        return (rlv_str){NULL, 0};
    return rlv_str_from(MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name));
}

/* ---- the answer ---- */

static enum MHD_Result give(rlv_request *request)
{
    struct MHD_Response *response = request->stream;
    if (!response)
        response = MHD_create_response_from_buffer(request->text.len, (void *)(uintptr_t)request->text.ptr, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    enum MHD_Result ok = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                                 request->type ? request->type : "application/json; charset=utf-8");
    for (size_t i = 0; ok == MHD_YES && i < sizeof(headers) / sizeof(*headers); i++)
        ok = MHD_add_response_header(response, headers[i][0], headers[i][1]);
    if (ok == MHD_YES)
        ok = MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, request->cacheable ? "no-cache" : "no-store");
    if (ok == MHD_YES && request->cacheable)
        ok = MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    if (ok == MHD_YES && request->etag)
        ok = MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, request->etag);
    if (ok == MHD_YES && request->gzip && request->status == MHD_HTTP_OK)
        ok = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    if (ok == MHD_YES && request->desk->secure)
        ok = MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
    if (ok == MHD_YES && request->name)
        ok = MHD_add_response_header(response, "Content-Disposition", request->name);
    if (ok == MHD_YES && request->cookie)
        ok = MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, request->cookie);
    if (ok == MHD_YES && request->status == MHD_HTTP_SERVICE_UNAVAILABLE)
        ok = MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "2");
    if (ok == MHD_YES)
        ok = MHD_queue_response(request->connection, request->status, response);
    MHD_destroy_response(response);
    request->stream = NULL;
    return ok;
}

static enum MHD_Result answer(rlv_request *request)
{
    json_error_t why;
    if (request->work) { /* done by now, elsewhere */
        rlv_metric_observe(request->desk->seconds, (double)(rlv_clock_mono_us() - request->begun_us) / 1e6);
        return give(request);
    }
    request->begun_us = rlv_clock_mono_us();
    bool json = request->len > 0 && !rlv_media_wanted(request);
    if (json && !request->over)
        request->json = json_loadb(request->body, request->len, JSON_REJECT_DUPLICATES, &why);
    if (request->over)
        rlv_request_fail(request, MHD_HTTP_CONTENT_TOO_LARGE, "too_large", "a request has at most %d bytes; a file, 16 MB", BODY_MAX);
    else if (json && !json_is_object(request->json))
        rlv_request_fail(request, MHD_HTTP_BAD_REQUEST, "invalid", "the body is no JSON object");
    else if (strncmp(request->url, "/api/", 5) == 0)
        rlv_desk_route(request);
    else
        rlv_desk_page(request);
    if (request->work)
        return MHD_YES; /* it is asleep, or was woken already: this is called again. Nothing of it may be touched */
    rlv_metric_observe(request->desk->seconds, (double)(rlv_clock_mono_us() - request->begun_us) / 1e6);
    return give(request);
}

/* ---- libmicrohttpd's callbacks ---- */

static rlv_request *begin(rlv_desk *desk, struct MHD_Connection *connection, const char *url, const char *method)
{
    rlv_request *request = calloc(1, sizeof(*request));
    if (!request)
        return NULL;
    request->arena = rlv_arena_new(ARENA_MAX);
    if (!request->arena) {
        free(request);
        return NULL;
    }
    request->desk = desk;
    request->connection = connection;
    request->url = url;
    request->method = method;
    return request;
}

static void take(rlv_request *request, const char *upload, size_t n)
{
    if (request->over || (request->len + n > BODY_MAX && !rlv_media_takes(request, request->len + n))) {
        request->over = true;
        return;
    }
    char *grown = realloc(request->body, request->len + n);
    if (!grown) {
        request->over = true;
        return;
    }
    memcpy(grown + request->len, upload, n);
    request->body = grown;
    request->len += n;
}

enum MHD_Result rlv_desk_handle(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                                const char *version, const char *upload, size_t *upload_size, void **seen)
{
    (void)version;
    rlv_request *request = *seen;
    if (!request) {
        *seen = begin(user, connection, url, method);
        return *seen ? MHD_YES : MHD_NO;
    }
    if (*upload_size > 0) {
        take(request, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    return answer(request);
}

void rlv_desk_completed(void *user, struct MHD_Connection *connection, void **seen, enum MHD_RequestTerminationCode why)
{
    (void)user;
    (void)connection;
    (void)why;
    rlv_request *request = *seen;
    if (!request)
        return;
    if (request->large)
        (void)atomic_fetch_sub(&request->desk->files, 1);
    json_decref(request->json);
    rlv_arena_free(request->arena);
    free(request->body);
    free(request);
    *seen = NULL;
}
