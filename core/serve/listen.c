/* SPDX-License-Identifier: Apache-2.0 */
/* A listening socket; see listen.h. Must never listen on another address than the one that was asked for. */
#include "serve/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config/value.h"

/* Bursts of connections wait here; the kernel cuts it to net.core.somaxconn. */
enum {
    BACKLOG = 1024
};

static int bind_one(const struct addrinfo *at, int *ret_fd)
{
    int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (fd < 0)
        return errno;
    int yes = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ||
        bind(fd, at->ai_addr, at->ai_addrlen) || listen(fd, BACKLOG)) {
        int failed = errno;
        (void)close(fd);
        return failed;
    }
    *ret_fd = fd;
    return 0;
}

int rlv_serve_listen(const char *option, const char *where, int *ret_fd, rlv_error *err)
{
    rlv_str name;
    uint16_t port;
    char host[256], service[8];
    if (!rlv_value_address(rlv_str_from(where), &name, &port) || name.len >= sizeof(host))
        return rlv_error_set(err, RLV_E_CONFIG,
                             "%s '%s' must be an address and a port, such as 127.0.0.1:9464", option, where);
    (void)snprintf(host, sizeof(host), "%.*s", RLV_STR_ARG(name));
    (void)snprintf(service, sizeof(service), "%u", port);
    struct addrinfo *found, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    int rc = getaddrinfo(host, service, &hints, &found);
    if (rc)
        return rlv_error_set(err, RLV_E_CONFIG, "%s '%s': no such address (%s)", option, where,
                             gai_strerror(rc));
    int failed = 0, fd = -1;
    for (const struct addrinfo *at = found; at && fd < 0; at = at->ai_next)
        failed = bind_one(at, &fd);
    freeaddrinfo(found);
    if (fd >= 0) {
        *ret_fd = fd;
        return RLV_OK;
    }
    if (failed == EADDRINUSE)
        return rlv_error_set(err, RLV_E_UNAVAILABLE,
                             "%s '%s' is in use by another process: stop that one, or choose another port",
                             option, where);
    return rlv_error_set(err, RLV_E_UNAVAILABLE, "%s '%s': %s", option, where, strerror(failed));
}

uint16_t rlv_serve_port(int fd)
{
    struct sockaddr_storage at;
    socklen_t size = sizeof(at);
    char service[8] = "0";
    int64_t port = 0;
    if (getsockname(fd, (struct sockaddr *)&at, &size) ||
        getnameinfo((struct sockaddr *)&at, size, NULL, 0, service, sizeof(service), NI_NUMERICSERV) ||
        !rlv_str_int(rlv_str_from(service), &port))
        return 0;
    return (uint16_t)port;
}
