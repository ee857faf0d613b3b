/* SPDX-License-Identifier: Apache-2.0 */
/* See proxy.h. */
#include "proxy.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

struct proxy {
    struct sockaddr_storage server;
    socklen_t server_len;
    int listener, port;
    atomic_bool frozen, stop;
    pthread_t thread;
};

/* Passes on what is there; false at the end of a connection. */
static bool pass(int from, int to)
{
    char bytes[16384];
    ssize_t n = read(from, bytes, sizeof(bytes));
    for (ssize_t done = 0; n > 0 && done < n;) {
        ssize_t more = write(to, bytes + done, (size_t)(n - done));
        if (more <= 0)
            return false;
        done += more;
    }
    return n > 0;
}

static void *run(void *arg)
{
    proxy *p = arg;
    int client = accept(p->listener, NULL, NULL), server = socket(p->server.ss_family, SOCK_STREAM, 0);
    bool open =
        client >= 0 && server >= 0 && connect(server, (struct sockaddr *)&p->server, p->server_len) == 0;
    while (open && !atomic_load(&p->stop)) {
        struct pollfd fds[2] = {{.fd = client, .events = POLLIN}, {.fd = server, .events = POLLIN}};
        if (atomic_load(&p->frozen)) {
            rlv_clock_sleep_ms(10);
            continue;
        }
        (void)poll(fds, 2, 10);
        for (int i = 0; i < 2 && !atomic_load(&p->frozen); i++)
            if (open && fds[i].revents)
                open = pass(fds[i].fd, fds[1 - i].fd);
    }
    (void)close(client);
    (void)close(server);
    return NULL;
}

proxy *proxy_start(const shelf *s)
{
    proxy *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    p->server_len = sizeof(p->server);
    assert_int_equal(getpeername(PQsocket(s->sql), (struct sockaddr *)&p->server, &p->server_len), 0);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(here);
    p->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(p->listener >= 0);
    assert_int_equal(bind(p->listener, (struct sockaddr *)&here, len), 0);
    assert_int_equal(listen(p->listener, 1), 0);
    assert_int_equal(getsockname(p->listener, (struct sockaddr *)&here, &len), 0);
    p->port = ntohs(here.sin_port);
    assert_int_equal(pthread_create(&p->thread, NULL, run, p), 0);
    return p;
}

int proxy_port(const proxy *p)
{
    return p->port;
}

void proxy_freeze(proxy *p)
{
    atomic_store(&p->frozen, true);
}

void proxy_stop(proxy *p)
{
    atomic_store(&p->stop, true);
    (void)shutdown(p->listener, SHUT_RDWR);
    assert_int_equal(pthread_join(p->thread, NULL), 0);
    (void)close(p->listener);
    free(p);
}
