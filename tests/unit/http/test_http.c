/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP to the outside: what it never does (redirects, private addresses, a second POST), and what it tells of
 * failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/http.h"

/* ---- a server that does what the path says
 * --------------------------------------------------------------------- */

static struct {
    int listener;
    uint16_t port;
    pthread_t thread;
    atomic_int posts, connections; /* whole requests that arrived */
    atomic_int kept;               /* of them, those that died on a connection that had served before */
    char last[4096];               /* the last request, head and body */
} server;

static size_t body_length(const char *head)
{
    const char *at = strcasestr(head, "content-length:");
    return at ? strtoul(at + 15, NULL, 10) : 0;
}

/* One whole request into buf; false when the other side is done. */
static bool read_request(int fd, char *buf, size_t size)
{
    size_t len = 0;
    for (;;) {
        ssize_t n = read(fd, buf + len, size - 1 - len);
        if (n <= 0)
            return false;
        len += (size_t)n;
        buf[len] = '\0';
        const char *end = strstr(buf, "\r\n\r\n");
        if (end && len >= (size_t)(end - buf) + 4 + body_length(buf))
            return true;
    }
}

static void say(int fd, const char *text)
{
    (void)!write(fd, text, strlen(text));
}

static void *serve_one(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char request[4096];
    for (int served = 0; read_request(fd, request, sizeof(request)); served++) {
        atomic_fetch_add(&server.posts, 1);
        (void)snprintf(server.last, sizeof(server.last), "%s", request);
        if (strstr(request, " /ok "))
            say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        else if (strstr(request, " /away "))
            say(fd, "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n");
        else if (strstr(request, " /later "))
            say(fd, "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
        else if (strstr(request, " /never "))
            say(fd, "HTTP/1.1 503 Away\r\nRetry-After: 9223372036854775807\r\nContent-Length: 0\r\n\r\n");
        else if (strstr(request, " /past "))
            say(fd, "HTTP/1.1 503 Away\r\nRetry-After: Thu, 01 Jan 2015 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n");
        else if (strstr(request, " /half "))
            say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhal");
        if (strstr(request, " /dies ") && served > 0)
            atomic_fetch_add(&server.kept, 1);
        if (strstr(request, " /gone ")) /* from now on connections are refused */
            (void)shutdown(server.listener, SHUT_RDWR);
        if (strstr(request, " /half ") || strstr(request, " /dies ") || strstr(request, " /gone "))
            break;
        if (strstr(request, " /silent "))
            (void)poll(NULL, 0, 3000);
    }
    close(fd);
    return NULL;
}

static void *accept_all(void *arg)
{
    (void)arg;
    for (;;) {
        int fd = accept(server.listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        atomic_fetch_add(&server.connections, 1);
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve_one, (void *)(intptr_t)fd) == 0)
            pthread_detach(thread);
    }
}

static int serve(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(server.listener, (struct sockaddr *)&at, len) != 0 || listen(server.listener, 64) != 0 ||
        getsockname(server.listener, (struct sockaddr *)&at, &len) != 0)
        return -1;
    server.port = ntohs(at.sin_port);
    return pthread_create(&server.thread, NULL, accept_all, NULL);
}

static int stop_serving(void **state)
{
    (void)state;
    (void)shutdown(server.listener, SHUT_RDWR);
    (void)pthread_join(server.thread, NULL);
    close(server.listener);
    return 0;
}

/* ---- asking it
 * ------------------------------------------------------------------------------------------------- */

typedef struct got {
    int n, status;
    bool sent, cut;
    int64_t retry_after_ms;
    char body[64], error[256];
} got;

static void take(void *user, const rlv_http_answer *a)
{
    got *g = user;
    g->n++;
    g->status = a->status;
    g->sent = a->sent;
    g->cut = a->cut;
    g->retry_after_ms = a->retry_after_ms;
    (void)snprintf(g->body, sizeof(g->body), "%.*s", RLV_STR_ARG(a->body));
    (void)snprintf(g->error, sizeof(g->error), "%s", a->error ? a->error : "");
}

static const char *url_of(const char *host, const char *path)
{
    static char url[256];
    (void)snprintf(url, sizeof(url), "http://%s:%u%s", host, server.port, path);
    return url;
}

static got finish(rlv_http *http, got *g)
{
    int64_t deadline_us = rlv_clock_mono_us() + 60000000;
    while (rlv_http_busy(http) && rlv_clock_mono_us() < deadline_us)
        rlv_http_poll(http, -1, 100);
    assert_int_equal(rlv_http_busy(http), 0);
    return *g;
}

static rlv_http_request post(const char *path)
{
    static const char *const headers[] = {"Content-Type: application/json", "Idempotency-Key: abc"};
    return (rlv_http_request){.method = "POST",
                              .url = url_of("127.0.0.1", path),
                              .headers = headers,
                              .n_headers = 2,
                              .body = RLV_STR("{\"a\":1}"),
                              .timeout_ms = 60000,
                              .answer_max = 1000,
                              .private_ok = true};
}

static got ask(rlv_http *http, const rlv_http_request *request)
{
    got g = {0};
    rlv_error err;
    assert_int_equal(rlv_http_start(http, request, take, &g, &err), RLV_OK);
    return finish(http, &g);
}

static void test_a_post(void **state)
{
    (void)state;
    rlv_http *http = rlv_http_new(4);
    rlv_http_request q = post("/ok");
    got g = ask(http, &q);
    assert_int_equal(g.n, 1);
    assert_int_equal(g.status, 200);
    assert_true(g.sent);
    assert_string_equal(g.body, "hello");
    assert_int_equal(g.retry_after_ms, -1);
    assert_non_null(strstr(server.last, "POST /ok HTTP/1.1"));
    assert_non_null(strstr(server.last, "Idempotency-Key: abc\r\n"));
    assert_non_null(strstr(server.last, "\r\n\r\n{\"a\":1}"));
    assert_null(strcasestr(server.last, "Expect:"));

    q.answer_max = 2;
    g = ask(http, &q);
    assert_true(g.cut);
    assert_string_equal(g.body, "he");

    q = post("/later");
    g = ask(http, &q);
    assert_int_equal(g.status, 429);
    assert_int_equal(g.retry_after_ms, 7000);
    q = post("/never");
    g = ask(http, &q);
    assert_int_equal(g.retry_after_ms, 7 * 24 * 3600 * 1000);
    q = post("/past");
    g = ask(http, &q);
    assert_int_equal(g.retry_after_ms, -1);

    q = post("/away"); /* nobody is led elsewhere */
    g = ask(http, &q);
    assert_int_equal(g.status, 302);

    q = post("/ok");
    q.method = "GET";
    q.body = (rlv_str){NULL, 0};
    g = ask(http, &q);
    assert_int_equal(g.status, 200);
    q.method = "DELETE";
    g = ask(http, &q);
    assert_int_equal(g.status, 200);
    assert_non_null(strstr(server.last, "DELETE /ok"));
    rlv_http_free(http);
    rlv_http_free(NULL);
}

static void test_nothing_was_sent(void **state)
{
    (void)state;
    rlv_http *http = rlv_http_new(4);
    rlv_http_request q = post("/ok");
    q.url = "http://127.0.0.1:1/ok";
    got g = ask(http, &q);
    assert_int_equal(g.status, 0);
    assert_false(g.sent);
    assert_true(g.error[0] != '\0');
    q.url = "http://does.not.exist.invalid/ok";
    g = ask(http, &q);
    assert_false(g.sent);

    int before = atomic_load(&server.connections);
    const char *const inside[] = {"127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]"};
    for (size_t i = 0; i < sizeof(inside) / sizeof(*inside); i++) {
        q = post("/ok");
        q.url = url_of(inside[i], "/ok");
        q.private_ok = false;
        g = ask(http, &q);
        assert_false(g.sent);
        assert_string_equal(g.error, "its address is not a public one");
    }
    assert_int_equal(atomic_load(&server.connections), before);

    /* Nor over a connection that stands, since somebody else may go there. */
    q = post("/ok");
    assert_int_equal(ask(http, &q).status, 200);
    int posts = atomic_load(&server.posts);
    q.private_ok = false;
    g = ask(http, &q);
    assert_false(g.sent);
    assert_string_equal(g.error, "its address is not a public one");
    assert_int_equal(atomic_load(&server.posts), posts);
    rlv_http_free(http);
}

static void test_it_may_have_arrived(void **state)
{
    (void)state;
    rlv_http *http = rlv_http_new(4);
    const char *const paths[] = {"/half", "/dies"};
    for (size_t i = 0; i < 2; i++) {
        rlv_http_request q = post(paths[i]);
        int before = atomic_load(&server.posts);
        got g = ask(http, &q);
        assert_int_equal(g.status, 0);
        assert_true(g.sent);
        assert_string_equal(g.body, "");
        assert_int_equal(atomic_load(&server.posts), before + 1);
    }
    rlv_http_request q = post("/silent");
    q.timeout_ms = 500;
    got g = ask(http, &q);
    assert_int_equal(g.status, 0);
    assert_true(g.sent);
    rlv_http_free(http);
}

/* libcurl repeats a request on its own when a kept connection dies before the answer: a customer would read
 * it twice. */
static void test_a_kept_connection_that_dies(void **state)
{
    (void)state;
    rlv_http *http = rlv_http_new(1);
    rlv_http_request q = post("/ok");
    got g = ask(http, &q);
    assert_int_equal(g.status, 200);
    int posts = atomic_load(&server.posts), kept = atomic_load(&server.kept);
    q = post("/dies");
    g = ask(http, &q);
    assert_int_equal(atomic_load(&server.posts), posts + 1);
    assert_int_equal(atomic_load(&server.kept), kept + 1); /* on the connection of the first one */
    assert_int_equal(g.status, 0);
    assert_true(g.sent);
    rlv_http_free(http);
}

/* A server that is killed: the request arrived, and its repetition cannot even connect. */
static void test_a_server_that_goes_away(void **state)
{
    rlv_http *http = rlv_http_new(1);
    rlv_http_request q = post("/ok");
    got g = ask(http, &q);
    assert_int_equal(g.status, 200);
    int posts = atomic_load(&server.posts);
    q = post("/gone");
    g = ask(http, &q);
    assert_int_equal(atomic_load(&server.posts), posts + 1);
    assert_int_equal(g.status, 0);
    assert_true(g.sent);
    rlv_http_free(http);
    assert_int_equal(stop_serving(state), 0);
    assert_int_equal(serve(state), 0);
}

/* One without a body is repeated no more than others. */
static void test_a_kept_connection_that_dies_without_a_body(void **state)
{
    (void)state;
    rlv_http *http = rlv_http_new(1);
    rlv_http_request q = post("/ok");
    got g = ask(http, &q);
    int posts = atomic_load(&server.posts), kept = atomic_load(&server.kept);
    q = post("/dies");
    q.method = "DELETE";
    q.body = (rlv_str){NULL, 0};
    g = ask(http, &q);
    assert_int_equal(atomic_load(&server.posts), posts + 1);
    assert_int_equal(atomic_load(&server.kept), kept + 1);
    assert_true(g.sent);
    rlv_http_free(http);
}

static void test_requests_that_cannot_be(void **state)
{
    (void)state;
    rlv_http *http = rlv_http_new(4);
    rlv_error err;
    got g = {0};
    rlv_http_request q = post("/ok");
    static const char *const two[] = {"A: b\r\nAuthorization: stolen"};
    q.headers = two;
    q.n_headers = 1;
    assert_int_equal(rlv_http_start(http, &q, take, &g, &err), RLV_E_INVALID);
    q = post("/ok");
    q.url = "file:///etc/passwd";
    g = ask(http, &q);
    assert_int_equal(g.status, 0);
    assert_false(g.sent);
    assert_string_equal(g.body, "");
    rlv_http_free(http);
}

static void test_many_at_once(void **state)
{
    (void)state;
    enum {
        N = 200
    };
    static got all[N];
    rlv_http *http = rlv_http_new(8);
    rlv_error err;
    for (int i = 0; i < N; i++) {
        rlv_http_request q = post("/ok");
        assert_int_equal(rlv_http_start(http, &q, take, &all[i], &err), RLV_OK);
    }
    (void)finish(http, &all[0]);
    for (int i = 0; i < N; i++) {
        assert_int_equal(all[i].n, 1);
        assert_int_equal(all[i].status, 200);
    }
    got never = {0};
    rlv_http_request q = post("/silent");
    assert_int_equal(rlv_http_start(http, &q, take, &never, &err), RLV_OK);
    rlv_http_poll(http, -1, 50);
    rlv_http_free(http); /* with one under way */
    assert_int_equal(never.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_post),
        cmocka_unit_test(test_nothing_was_sent),
        cmocka_unit_test(test_it_may_have_arrived),
        cmocka_unit_test(test_a_kept_connection_that_dies),
        cmocka_unit_test(test_a_kept_connection_that_dies_without_a_body),
        cmocka_unit_test(test_a_server_that_goes_away),
        cmocka_unit_test(test_requests_that_cannot_be),
        cmocka_unit_test(test_many_at_once),
    };
    return cmocka_run_group_tests(tests, serve, stop_serving);
}
