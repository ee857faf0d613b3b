/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP side; see ops.h. Must never answer with anything that a customer or a secret wrote. */
#include "ops/ops.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/metrics.h"
#include "serve/listen.h"

/* A scraper, its twin, the kubelet and a person with curl; not more. */
enum {
    CONNECTIONS_MAX = 32,
    TIMEOUT_S = 5,
    REQUEST_MEMORY = 8 * 1024,
    METRICS_MAX = 16 * 1024 * 1024
};

struct rlv_ops {
    rlv_ops_callbacks callbacks;
    struct MHD_Daemon *daemon;
    uint16_t port;
};

/* ---- answers
 * ------------------------------------------------------------------------------------------------------- */

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, rlv_buf *body,
                              const char *type)
{
    /* The buffer's memory becomes the response's. */
    struct MHD_Response *response =
        body->failed ? NULL : MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        rlv_buf_free(body);
        return MHD_NO;
    }
    enum MHD_Result ok = MHD_add_response_header(response, "Content-Type", type);
    if (ok == MHD_YES && status == MHD_HTTP_METHOD_NOT_ALLOWED)
        ok = MHD_add_response_header(response, "Allow", "GET, HEAD");
    if (ok == MHD_YES)
        ok = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return ok;
}

static const char plain[] = "text/plain; charset=utf-8";

static enum MHD_Result answer_metrics(const rlv_ops *ops, struct MHD_Connection *connection)
{
    rlv_buf body = RLV_BUF_INIT(METRICS_MAX);
    if (ops->callbacks.before_metrics)
        ops->callbacks.before_metrics(ops->callbacks.user);
    rlv_metrics_render(&body);
    rlv_ops_process_metrics(&body);
    return answer(connection, MHD_HTTP_OK, &body, "text/plain; version=0.0.4; charset=utf-8");
}

static enum MHD_Result answer_health(const rlv_ops *ops, struct MHD_Connection *connection)
{
    double seconds = 0;
    bool alive = !ops->callbacks.alive || ops->callbacks.alive(ops->callbacks.user, &seconds);
    rlv_buf body = RLV_BUF_INIT(1024);
    if (alive)
        rlv_buf_printf(&body, "alive\n");
    else
        rlv_buf_printf(&body, "stuck for %.1f s: see the log\n", seconds);
    return answer(connection, alive ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, &body, plain);
}

static enum MHD_Result answer_ready(const rlv_ops *ops, struct MHD_Connection *connection)
{
    char reason[400] = "";
    bool ready = !ops->callbacks.ready || ops->callbacks.ready(ops->callbacks.user, reason, sizeof(reason));
    rlv_buf body = RLV_BUF_INIT(1024);
    rlv_buf_printf(&body, "%s%s%s\n", ready ? "ready" : "not ready", *reason ? ": " : "", reason);
    return answer(connection, ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, &body, plain);
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status, const char *text)
{
    rlv_buf body = RLV_BUF_INIT(1024);
    rlv_buf_printf(&body, "%s\n", text);
    return answer(connection, status, &body, plain);
}

/* The metrics may be open to a whole cluster; telling the process something is not. */
static bool from_here(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!info || !info->client_addr)
        return false;
    const void *address = info->client_addr;
    if (info->client_addr->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
    const struct in6_addr *six = &((const struct sockaddr_in6 *)address)->sin6_addr;
    return info->client_addr->sa_family == AF_INET6 &&
           (IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127));
}

static enum MHD_Result answer_command(const rlv_ops *ops, struct MHD_Connection *connection, const char *url)
{
    char reply[400] = "";
    if (!ops->callbacks.command ||
        !MHD_lookup_connection_value(connection, MHD_HEADER_KIND, RLV_OPS_COMMAND_HEADER))
        return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are answered here");
    if (!from_here(connection))
        return answer_text(connection, MHD_HTTP_FORBIDDEN,
                           "only the machine itself may tell this process something: use the relevo command there");
    unsigned status = ops->callbacks.command(ops->callbacks.user, url, reply, sizeof(reply));
    return answer_text(connection, status, reply);
}

static enum MHD_Result handle(void *user, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **seen)
{
    const rlv_ops *ops = user;
    (void)version;
    (void)upload;
    static int marker;
    if (*seen !=
        &marker) { /* libmicrohttpd calls once for the head of a request and again when it is complete */
        *seen = &marker;
        return MHD_YES;
    }
    if (*upload_size) { /* nothing here takes a body */
        *upload_size = 0;
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_POST) == 0)
        return answer_command(ops, connection, url);
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD are answered here");
    if (strcmp(url, "/metrics") == 0)
        return answer_metrics(ops, connection);
    if (strcmp(url, "/healthz") == 0)
        return answer_health(ops, connection);
    if (strcmp(url, "/readyz") == 0)
        return answer_ready(ops, connection);
    if (strcmp(url, "/") == 0)
        return answer_text(connection, MHD_HTTP_OK, "relevo " RELEVO_VERSION ": /metrics /healthz /readyz");
    return answer_text(connection, MHD_HTTP_NOT_FOUND, "not here: / lists what is");
}

int rlv_ops_start(const char *listen, const rlv_ops_callbacks *callbacks, rlv_ops **ret, rlv_error *err)
{
    int fd;
    int rc = rlv_serve_listen("ops.listen", listen, &fd, err);
    if (rc)
        return rc;
    rlv_ops *ops = calloc(1, sizeof(*ops));
    if (ops) {
        ops->callbacks = *callbacks;
        ops->port = rlv_serve_port(fd);
        ops->daemon = MHD_start_daemon(
            MHD_USE_AUTO_INTERNAL_THREAD, 0, NULL, NULL, handle, ops, MHD_OPTION_LISTEN_SOCKET, fd,
            MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
            (unsigned)TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_MEMORY, MHD_OPTION_END);
    }
    if (!ops || !ops->daemon) {
        free(ops);
        (void)close(fd);
        return rlv_error_set(err, RLV_E_LIMIT, "the ops server cannot start: no memory, or no thread left");
    }
    *ret = ops;
    return RLV_OK;
}

uint16_t rlv_ops_port(const rlv_ops *ops)
{
    return ops->port;
}

void rlv_ops_stop(rlv_ops *ops)
{
    if (!ops)
        return;
    MHD_stop_daemon(ops->daemon); /* closes the socket too */
    free(ops);
}
