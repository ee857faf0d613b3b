/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as libmicrohttpd gives them, and what answers which; see private.h. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cloudapi/private.h"
#include "cloudapi/server.h"
#include "embedded.h"
#include "serve/signature.h"

enum {
    BODY_MAX = 1024 * 1024,
    FORM_BUFFER = 64 * 1024
};

void rlv_exchange_refuse(rlv_exchange *x, unsigned status, int code, const char *message, const char *details)
{
    x->status = status;
    json_decref(x->json);
    x->json = json_pack("{s:{s:s, s:s, s:i, s:{s:s, s:s}, s:s}}", "error", "message", message, "type",
                        "OAuthException", "code", code, "error_data", "messaging_product", "whatsapp",
                        "details", details, "fbtrace_id", "sandbox");
}

/* ---- routes ---- */

static void page(rlv_exchange *x)
{
    const struct rlv_embedded *file = &rlv_embedded_phone[0];
    x->bytes = malloc(file->len);
    x->n_bytes = x->bytes ? file->len : 0;
    if (x->bytes)
        memcpy(x->bytes, file->data, file->len);
    x->type = strdup("text/html; charset=utf-8");
}

static bool allowed(const rlv_cloudapi *api, rlv_exchange *x)
{
    const char *header =
        MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    rlv_str token = rlv_str_from(header && strncmp(header, "Bearer ", 7) == 0 ? header + 7 : NULL);
    rlv_str wanted = rlv_str_from(api->config->sandbox.token);
    if (token.len > 0 && (wanted.len == 0 || rlv_signature_same(token, wanted)))
        return true;
    rlv_exchange_refuse(x, 401, 190, "Invalid OAuth access token - Cannot parse access token", "");
    return false;
}

/* "/v23.0/<id>/messages" into its parts; false for another form. */
static bool split(const char *url, char object[64], char edge[32])
{
    int used = 0;
    object[0] = edge[0] = '\0';
    const char *at = strchr(url + 1, '/');
    if (!at || url[1] != 'v' || url[2] < '0' || url[2] > '9')
        return false;
    return (sscanf(at, "/%63[^/]%n", object, &used) == 1 && at[used] == '\0') ||
           (sscanf(at, "/%63[^/]/%31[a-z_]%n", object, edge, &used) == 2 && at[used] == '\0');
}

static void graph(rlv_cloudapi *api, rlv_exchange *x, const char *url, const char *method)
{
    char object[64], edge[32];
    bool post = strcmp(method, MHD_HTTP_METHOD_POST) == 0, get = strcmp(method, MHD_HTTP_METHOD_GET) == 0;
    if (!split(url, object, edge)) {
        rlv_exchange_refuse(x, 404, 2500, "Unknown path components", url);
        return;
    }
    if (!allowed(api, x))
        return;
    bool ours = strcmp(object, api->config->sandbox.phone_number_id) == 0;
    if (post && ours && strcmp(edge, "messages") == 0)
        rlv_cloudapi_send(api, x);
    else if (post && ours && strcmp(edge, "media") == 0)
        rlv_cloudapi_media_store(api, x);
    else if (!post && !*edge && !ours)
        rlv_cloudapi_media_describe(api, x, object, !get);
    else if (get && ours && !*edge)
        x->json = json_pack("{s:s, s:s, s:s}", "id", object, "display_phone_number",
                            api->config->sandbox.display_phone_number, "verified_name", "Sandbox");
    else
        rlv_exchange_refuse(x, 400, 100, "Unsupported request. Object does not exist, or has no such edge",
                            url);
}

void rlv_cloudapi_route(rlv_cloudapi *api, rlv_exchange *x, const char *url, const char *method)
{
    x->status = MHD_HTTP_OK;
    if (x->over && !x->upload)
        rlv_exchange_refuse(x, 413, 100, "(#100) Invalid parameter", "the body is larger than 1 MB");
    else if (strcmp(url, "/") == 0)
        page(x);
    else if (strncmp(url, "/sandbox/", 9) == 0)
        rlv_cloudapi_control(api, x, url + 9, method);
    else
        graph(api, x, url, method);
}

/* ---- answers ---- */

static struct MHD_Response *response_of(rlv_exchange *x, const char **type)
{
    size_t len = x->n_bytes;
    char *bytes = x->bytes;
    *type = x->type;
    if (x->json) {
        bytes = json_dumps(x->json, JSON_COMPACT);
        len = bytes ? strlen(bytes) : 0;
        *type = "application/json; charset=UTF-8";
    } else {
        x->bytes = NULL;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(len, bytes, MHD_RESPMEM_MUST_FREE);
    if (!response)
        free(bytes);
    return response;
}

static enum MHD_Result reply(rlv_exchange *x)
{
    const char *type = NULL;
    if (x->lose)
        return MHD_NO; /* libmicrohttpd ends the connection */
    struct MHD_Response *response = response_of(x, &type);
    if (!response)
        return MHD_NO;
    enum MHD_Result ok =
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type ? type : "text/plain");
    if (ok == MHD_YES && x->status == MHD_HTTP_TOO_MANY_REQUESTS)
        ok = MHD_add_response_header(response, "Retry-After", "1");
    if (ok == MHD_YES)
        ok = MHD_queue_response(x->connection, x->status, response);
    MHD_destroy_response(response);
    return ok;
}

/* The answer is made at once, and given when it is due. */
static enum MHD_Result conclude(rlv_cloudapi *api, rlv_exchange *x, const char *url, const char *method)
{
    (void)pthread_mutex_lock(&api->lock);
    rlv_cloudapi_route(api, x, url, method);
    bool holds = x->due_us > rlv_clock_mono_us();
    if (holds) {
        MHD_suspend_connection(x->connection);
        x->asleep = true;
        x->next = api->held;
        api->held = x;
    }
    (void)pthread_mutex_unlock(&api->lock);
    if (!holds)
        return reply(x);
    rlv_cloudapi_wake(api);
    return MHD_YES;
}

/* ---- libmicrohttpd's callbacks ---- */

static rlv_exchange *begin(struct MHD_Connection *connection, const char *url, const char *method)
{
    rlv_exchange *x = calloc(1, sizeof(*x));
    if (!x)
        return NULL;
    x->connection = connection;
    size_t n = strlen(url);
    if (strcmp(method, MHD_HTTP_METHOD_POST) == 0 && n > 6 && strcmp(url + n - 6, "/media") == 0) {
        x->upload = json_object();
        x->post = MHD_create_post_processor(connection, FORM_BUFFER, rlv_cloudapi_media_field, x);
    }
    return x;
}

static void take(rlv_exchange *x, const char *upload, size_t n)
{
    if (x->post) {
        if (MHD_post_process(x->post, upload, n) != MHD_YES)
            x->over = true;
        return;
    }
    if (x->over || x->len + n > BODY_MAX) {
        x->over = true;
        return;
    }
    char *grown = realloc(x->body, x->len + n);
    if (!grown) {
        x->over = true;
        return;
    }
    memcpy(grown + x->len, upload, n);
    x->body = grown;
    x->len += n;
}

enum MHD_Result rlv_cloudapi_handle(void *user, struct MHD_Connection *connection, const char *url,
                                    const char *method, const char *version, const char *upload,
                                    size_t *upload_size, void **seen)
{
    rlv_cloudapi *api = user;
    rlv_exchange *x = *seen;
    (void)version;
    if (!x) {
        *seen = begin(connection, url, method);
        return *seen ? MHD_YES : MHD_NO;
    }
    if (*upload_size > 0) {
        take(x, upload, *upload_size);
        *upload_size = 0;
        return MHD_YES;
    }
    (void)pthread_mutex_lock(&api->lock);
    bool asleep = x->asleep, done = x->status != 0;
    (void)pthread_mutex_unlock(&api->lock);
    if (asleep)
        return MHD_YES;
    return done ? reply(x) : conclude(api, x, url, method);
}

void rlv_cloudapi_completed(void *user, struct MHD_Connection *connection, void **seen,
                            enum MHD_RequestTerminationCode why)
{
    rlv_exchange *x = *seen;
    (void)user;
    (void)connection;
    (void)why;
    if (!x)
        return;
    if (x->post)
        (void)MHD_destroy_post_processor(x->post);
    json_decref(x->upload);
    json_decref(x->json);
    free(x->bytes);
    free(x->type);
    free(x->body);
    free(x);
    *seen = NULL;
}
