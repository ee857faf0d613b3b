/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server as a scraper, a kubelet and a careless client meet it, over real sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/metrics.h"
#include "ops/ops.h"

struct state {
    bool alive, ready;
    int refreshed, commanded;
};

static bool is_alive(void *user, double *ret_seconds)
{
    *ret_seconds = 12.5;
    return ((struct state *)user)->alive;
}

static bool is_ready(void *user, char *reason, size_t size)
{
    struct state *s = user;
    (void)snprintf(reason, size, "%s", s->ready ? "2 lanes run" : "waiting for Postgres");
    return s->ready;
}

static void refresh(void *user)
{
    ((struct state *)user)->refreshed++;
}

static unsigned take_command(void *user, const char *path, char *reply, size_t size)
{
    ((struct state *)user)->commanded++;
    (void)snprintf(reply, size, "told: %s", path);
    return strcmp(path, "/plugins/a/release") == 0 ? 200 : 404;
}

static struct state now;
static rlv_ops *ops;

static int setup(void **state)
{
    (void)state;
    now = (struct state){.alive = true, .ready = true};
    rlv_error err = {0};
    const rlv_ops_callbacks callbacks = {&now, is_alive, is_ready, refresh, take_command};
    return rlv_ops_start("127.0.0.1:0", &callbacks, &ops, &err) ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    rlv_ops_stop(ops);
    rlv_ops_stop(NULL);
    return 0;
}

static int dial(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(rlv_ops_port(ops)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 20};
    assert_true(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    return fd;
}

/* The whole answer to one request, head and body. */
static const char *ask(const char *request)
{
    static char reply[65536];
    int fd = dial();
    assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    size_t n = 0;
    for (ssize_t got; n < sizeof(reply) - 1 && (got = read(fd, reply + n, sizeof(reply) - 1 - n)) > 0;)
        n += (size_t)got;
    reply[n] = '\0';
    (void)close(fd);
    return reply;
}

static const char *get(const char *path)
{
    char request[256];
    (void)snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    return ask(request);
}

static void assert_has(const char *reply, const char *what)
{
    if (!strstr(reply, what))
        fail_msg("no '%s' in:\n%s", what, reply);
}

static void metrics(void **state)
{
    (void)state;
    rlv_metric_add(rlv_metric_counter("test_total", "A test.", "lane=\"3\""), 5);
    const char *reply = get("/metrics");
    assert_has(reply, "HTTP/1.1 200");
    assert_has(reply, "Content-Type: text/plain; version=0.0.4");
    assert_has(reply, "\ntest_total{lane=\"3\"} 5\n");
    assert_has(reply, "\nprocess_resident_memory_bytes ");
    assert_has(reply, "\nprocess_start_time_seconds ");
    assert_has(reply, "\nrelevo_build_info{version=");
    assert_int_equal(now.refreshed, 1);
}

static const char *post(const char *path, const char *header)
{
    char request[256];
    (void)snprintf(request, sizeof(request),
                   "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n%sConnection: close\r\n\r\n", path, header);
    return ask(request);
}

/* Only who knows that it is a command: no web page can send the header. */
static void commands(void **state)
{
    (void)state;
    const char *reply = post("/plugins/a/release", RLV_OPS_COMMAND_HEADER ": 1\r\n");
    assert_has(reply, "HTTP/1.1 200");
    assert_has(reply, "told: /plugins/a/release\n");
    assert_has(post("/plugins/a/fly", RLV_OPS_COMMAND_HEADER ": 1\r\n"), "HTTP/1.1 404");
    assert_int_equal(now.commanded, 2);
    assert_has(post("/plugins/a/release", ""), "HTTP/1.1 405");
    assert_int_equal(now.commanded, 2);
}

static void process_metrics_are_plausible(void **state)
{
    (void)state;
    rlv_buf out = RLV_BUF_INIT(65536);
    rlv_ops_process_metrics(&out);
    assert_false(out.failed);
    double rss = 0, fds = 0, start = 0;
    assert_int_equal(sscanf(strstr(out.data, "\nprocess_resident_memory_bytes ") + 1, "%*s %lf", &rss), 1);
    assert_int_equal(sscanf(strstr(out.data, "\nprocess_open_fds ") + 1, "%*s %lf", &fds), 1);
    assert_int_equal(sscanf(strstr(out.data, "\nprocess_start_time_seconds ") + 1, "%*s %lf", &start), 1);
    assert_true(rss > 1e6 && rss < 1e11);
    assert_true(fds >= 3 && fds < 1000);
    assert_true(start > 1.6e9 && start < 1e11);
    rlv_buf_free(&out);
}

static void health(void **state)
{
    (void)state;
    assert_has(get("/healthz"), "HTTP/1.1 200");
    now.alive = false;
    const char *reply = get("/healthz");
    assert_has(reply, "HTTP/1.1 503");
    assert_has(reply, "\r\n\r\nstuck for 12.5 s: see the log\n");
}

static void readiness(void **state)
{
    (void)state;
    assert_has(get("/readyz"), "ready: 2 lanes run\n");
    now.ready = false;
    const char *reply = get("/readyz");
    assert_has(reply, "HTTP/1.1 503");
    assert_has(reply, "\r\n\r\nnot ready: waiting for Postgres\n");
}

static void everything_else(void **state)
{
    (void)state;
    assert_has(get("/"), "/metrics /healthz /readyz\n");
    assert_has(get("/nothing"), "HTTP/1.1 404");
    assert_has(get("/nothing"), "not here: / lists what is\n");
    const char *reply =
        ask("POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc");
    assert_has(reply, "HTTP/1.1 405");
    assert_has(reply, "Allow: GET, HEAD");
    reply = ask("HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_has(reply, "HTTP/1.1 200");
    assert_null(strstr(reply, "alive"));
    (void)ask("nonsense\r\n\r\n");
    assert_has(get("/healthz"), "HTTP/1.1 200");
}

/* Clients that connect and say nothing fill every place, and are thrown out in time for the next one. */
static void silent_clients(void **state)
{
    (void)state;
    enum {
        SILENT = 60
    };
    int fds[SILENT];
    for (int i = 0; i < SILENT; i++)
        fds[i] = dial();
    assert_has(get("/healthz"), "HTTP/1.1 200");
    for (int i = 0; i < SILENT; i++)
        (void)close(fds[i]);
}

static void no_callbacks(void **state)
{
    (void)state;
    rlv_ops_stop(ops);
    rlv_error err = {0};
    const rlv_ops_callbacks none = {0};
    assert_int_equal(rlv_ops_start("localhost:0", &none, &ops, &err), RLV_OK);
    assert_true(rlv_ops_port(ops) > 0);
    rlv_ops_stop(ops);
    assert_int_equal(rlv_ops_start("127.0.0.1:0", &none, &ops, &err), RLV_OK);
    assert_has(get("/healthz"), "alive\n");
    assert_has(get("/readyz"), "ready\n");
}

static void refusals(void **state)
{
    (void)state;
    rlv_ops *other = NULL;
    rlv_error err = {0};
    const rlv_ops_callbacks none = {0};
    char taken[64], expected[200];
    (void)snprintf(taken, sizeof(taken), "127.0.0.1:%u", rlv_ops_port(ops));
    (void)snprintf(expected, sizeof(expected),
                   "ops.listen '%s' is in use by another process: stop that one, or choose another port",
                   taken);
    assert_int_equal(rlv_ops_start(taken, &none, &other, &err), RLV_E_UNAVAILABLE);
    assert_string_equal(err.message, expected);
    assert_int_equal(rlv_ops_start("192.0.2.1:9464", &none, &other, &err), RLV_E_UNAVAILABLE);
    assert_string_equal(err.message, "ops.listen '192.0.2.1:9464': Cannot assign requested address");
    assert_int_equal(rlv_ops_start("nonsense", &none, &other, &err), RLV_E_CONFIG);
    assert_int_equal(rlv_ops_start("[:::]:1", &none, &other, &err), RLV_E_CONFIG);
    assert_string_equal(err.message, "ops.listen '[:::]:1': no such address (Name or service not known)");
    assert_null(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(metrics, setup, teardown),
        cmocka_unit_test_setup_teardown(commands, setup, teardown),
        cmocka_unit_test(process_metrics_are_plausible),
        cmocka_unit_test_setup_teardown(health, setup, teardown),
        cmocka_unit_test_setup_teardown(readiness, setup, teardown),
        cmocka_unit_test_setup_teardown(everything_else, setup, teardown),
        cmocka_unit_test_setup_teardown(silent_clients, setup, teardown),
        cmocka_unit_test_setup_teardown(no_callbacks, setup, teardown),
        cmocka_unit_test_setup_teardown(refusals, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
