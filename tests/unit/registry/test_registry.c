/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry's client against a server of a few lines that says what a test wants: single flight, what is
 * kept, what is believed and what is only silence. The real registry is in tests/pipeline/test_registry.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "registry/answer.h"
#include "registry/registry.h"

enum {
    DEADLINE_MS = 60000,
    LANES = 8
};

#define FOUND   "{\"schema\":\"{\\\"type\\\":\\\"string\\\"}\"}"
#define UNKNOWN "{\"error_code\":40403,\"message\":\"Schema not found\"}"

/* One answer for all requests, one connection for each. */
static struct {
    int listener;
    char url[64];
    pthread_t thread;
    pthread_mutex_t lock;
    const char *status, *headers;
    const char *body;
    char *long_body;
    char request[4096];
    atomic_int asked, delay_ms;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void answer_with(const char *status, const char *headers, const char *body)
{
    (void)pthread_mutex_lock(&server.lock);
    server.status = status;
    server.headers = headers;
    server.body = body;
    (void)pthread_mutex_unlock(&server.lock);
}

static void serve_one(int fd)
{
    char request[4096];
    size_t n = 0;
    while (n < sizeof(request) - 1) {
        ssize_t got = read(fd, request + n, sizeof(request) - 1 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
        request[n] = '\0';
        if (strstr(request, "\r\n\r\n"))
            break;
    }
    atomic_fetch_add(&server.asked, 1);
    rlv_clock_sleep_ms(atomic_load(&server.delay_ms));
    (void)pthread_mutex_lock(&server.lock);
    (void)snprintf(server.request, sizeof(server.request), "%.*s", (int)n, request);
    (void)dprintf(fd, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n%s", server.status,
                  strlen(server.body), server.headers, server.body);
    (void)pthread_mutex_unlock(&server.lock);
    (void)close(fd);
}

static void *serve(void *unused)
{
    (void)unused;
    for (;;) {
        int fd = accept(server.listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        serve_one(fd);
    }
}

static int server_start(void **state)
{
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    server.listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(server.listener, (struct sockaddr *)&at, sizeof(at)) || listen(server.listener, 16) ||
        getsockname(server.listener, (struct sockaddr *)&at, &len))
        return -1;
    (void)snprintf(server.url, sizeof(server.url), "http://127.0.0.1:%d/api//", ntohs(at.sin_port));
    return pthread_create(&server.thread, NULL, serve, NULL);
}

static int server_stop(void **state)
{
    (void)state;
    (void)shutdown(server.listener, SHUT_RDWR);
    (void)pthread_join(server.thread, NULL);
    (void)close(server.listener);
    free(server.long_body);
    return 0;
}

static rlv_registry *registry_new(const rlv_registry_options *more)
{
    rlv_registry_options options = more ? *more : (rlv_registry_options){.url = NULL};
    rlv_registry *registry;
    rlv_error err;
    options.url = options.url ? options.url : server.url;
    options.timeout_ms = options.timeout_ms ? options.timeout_ms : DEADLINE_MS;
    assert_int_equal(rlv_registry_new(&options, &registry, &err), RLV_OK);
    atomic_store(&server.asked, 0);
    atomic_store(&server.delay_ms, 0);
    return registry;
}

/* Asks until it is not silence. */
static int get(rlv_registry *registry, uint32_t id, rlv_str *ret, rlv_error *err)
{
    int rc;
    for (int64_t end_us = rlv_clock_mono_us() + DEADLINE_MS * INT64_C(1000);;) {
        rc = rlv_registry_get(registry, id, 50, ret, err);
        if (rc != RLV_E_UNAVAILABLE || rlv_clock_mono_us() > end_us)
            return rc;
    }
}

/* Asks until the silence says why. */
static void assert_silence(rlv_registry *registry, uint32_t id, const char *words)
{
    rlv_str schema = RLV_STR("untouched");
    rlv_error err;
    for (int64_t end_us = rlv_clock_mono_us() + DEADLINE_MS * INT64_C(1000);;) {
        assert_int_equal(rlv_registry_get(registry, id, 50, &schema, &err), RLV_E_UNAVAILABLE);
        assert_true(rlv_str_is(schema, "untouched"));
        if (strstr(err.message, words))
            return;
        if (rlv_clock_mono_us() > end_us)
            fail_msg("it says \"%s\", not \"%s\"", err.message, words);
    }
}

static void test_found(void **state)
{
    (void)state;
    rlv_registry *registry = registry_new(NULL);
    rlv_str schema, again;
    rlv_error err;
    answer_with("200 OK", "", FOUND);
    assert_int_equal(get(registry, 4294967295u, &schema, &err), RLV_OK);
    assert_true(rlv_str_is(schema, "{\"type\":\"string\"}"));
    assert_non_null(strstr(server.request, "GET /api/schemas/ids/4294967295 HTTP/1.1\r\n"));
    assert_null(strstr(server.request, "Authorization"));
    answer_with("500 Gone", "", "");
    for (int i = 0; i < 1000; i++) { /* kept for ever, and given at once */
        assert_int_equal(rlv_registry_get(registry, 4294967295u, 0, &again, &err), RLV_OK);
        assert_ptr_equal(again.ptr, schema.ptr);
    }
    assert_int_equal(atomic_load(&server.asked), 1);
    rlv_registry_free(registry);
    rlv_registry_free(NULL);
}

static void *lane(void *user)
{
    rlv_str schema;
    rlv_error err;
    for (uint32_t id = 1; id <= 20; id++)
        if (get(user, id, &schema, &err) != RLV_OK)
            return user;
    return NULL;
}

static void test_single_flight(void **state)
{
    (void)state;
    rlv_registry *registry = registry_new(NULL);
    pthread_t lanes[LANES];
    void *failed;
    answer_with("200 OK", "", FOUND);
    atomic_store(&server.delay_ms, 5);
    for (int i = 0; i < LANES; i++)
        assert_int_equal(pthread_create(&lanes[i], NULL, lane, registry), 0);
    for (int i = 0; i < LANES; i++) {
        assert_int_equal(pthread_join(lanes[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(atomic_load(&server.asked), 20);
    rlv_registry_free(registry);
}

static void test_none(void **state)
{
    (void)state;
    static const struct {
        const char *status, *body;
        int code;
        const char *words;
    } cases[] = {
        {"404 Not Found", UNKNOWN, RLV_E_NOT_FOUND, "unknown schema id 0"},
        {"404 Not Found", "{\"error_code\":404}", RLV_E_NOT_FOUND, "unknown schema id 1"},
        {"200 OK", "{\"schema\":\"{}\",\"schemaType\":\"PROTOBUF\"}", RLV_E_INVALID,
         "is PROTOBUF: only Avro"},
        {"200 OK", "{\"schema\":\"{}\",\"references\":[{\"name\":\"x\"}]}", RLV_E_INVALID,
         "refers to other subjects"},
    };
    rlv_registry *registry = registry_new(NULL);
    rlv_str schema = RLV_STR("untouched");
    rlv_error err;
    uint32_t n = sizeof(cases) / sizeof(*cases);
    for (uint32_t id = 0; id < n; id++) {
        answer_with(cases[id].status, "", cases[id].body);
        assert_int_equal(get(registry, id, &schema, &err), cases[id].code);
        assert_non_null(strstr(err.message, cases[id].words));
    }
    server.long_body = calloc(1, 2u << 20); /* a body past every ceiling, and a schema past its own */
    assert_non_null(server.long_body);
    for (uint32_t i = 0; i < 2; i++) {
        size_t len = i ? 300000 : (2u << 20) - 100;
        memset(server.long_body, ' ', len);
        memcpy(server.long_body, "{\"schema\":\"", 11);
        memcpy(server.long_body + len, "\"}", 3);
        answer_with("200 OK", "", server.long_body);
        assert_int_equal(get(registry, n + i, &schema, &err), RLV_E_INVALID);
        assert_non_null(strstr(err.message, "larger than 262144 bytes"));
    }
    assert_true(rlv_str_is(schema, "untouched"));
    rlv_registry_free(registry);
}

static void test_silence(void **state)
{
    (void)state;
    static const struct {
        const char *status, *headers, *body, *words;
    } cases[] = {
        {"500 Internal", "", UNKNOWN, "cannot answer now (status 500)"},
        {"503 Busy", "", "", "cannot answer now (status 503)"},
        {"429 Slowly", "", "", "cannot answer now (status 429)"},
        {"404 Not Found", "", "<html>nothing here</html>",
         "does not answer as a schema registry (status 404)"},
        {"404 Not Found", "", "{\"error_code\":40401}", "does not answer as a schema registry (status 404)"},
        {"200 OK", "", "<html>It works!</html>", "does not answer as a schema registry (status 200)"},
        {"200 OK", "", "{\"schema\":7}", "does not answer as a schema registry (status 200)"},
        {"200 OK", "", "[]", "does not answer as a schema registry (status 200)"},
        {"401 Unauthorized", "", "{}", "refuses us (status 401)"},
        {"403 Forbidden", "", UNKNOWN, "refuses us (status 403)"},
        {"302 Found", "Location: http://127.0.0.1:9/there\r\n", "",
         "points elsewhere, to http://127.0.0.1:9/there"},
    };
    rlv_registry *registry = registry_new(NULL);
    rlv_str schema;
    rlv_error err;
    for (uint32_t id = 0; id < sizeof(cases) / sizeof(*cases); id++) {
        answer_with(cases[id].status, cases[id].headers, cases[id].body);
        assert_silence(registry, id, cases[id].words);
        answer_with("200 OK", "", FOUND); /* and it goes on by itself */
        assert_int_equal(get(registry, id, &schema, &err), RLV_OK);
    }
    rlv_registry_free(registry);
}

static void test_nobody_there(void **state)
{
    (void)state;
    /* A port that was free a moment ago, a scheme that is none, and a server that is too slow. */
    const rlv_registry_options closed = {.url = "http://127.0.0.1:1/", .timeout_ms = 1000},
                               ftp = {.url = "ftp://127.0.0.1/"}, slow = {.timeout_ms = 100};
    rlv_registry *registry = registry_new(&closed);
    assert_silence(registry, 1, "does not answer (Failed to connect");
    rlv_registry_free(registry);
    registry = registry_new(&ftp);
    assert_silence(registry, 1, "does not answer (Protocol \"ftp\"");
    rlv_registry_free(registry);
    registry = registry_new(&slow);
    answer_with("200 OK", "", FOUND);
    atomic_store(&server.delay_ms, 1000);
    assert_silence(registry, 1, "does not answer (");
    atomic_store(&server.delay_ms, 0);
    rlv_registry_free(registry); /* with a request under way, maybe */
}

static void test_credentials(void **state)
{
    (void)state;
    const rlv_registry_options basic = {.user = "Aladdin", .password = "open sesame"},
                               bearer = {.token = "a.b-c"};
    rlv_str schema;
    rlv_error err;
    answer_with("200 OK", "", FOUND);
    rlv_registry *registry = registry_new(&basic);
    assert_int_equal(get(registry, 1, &schema, &err), RLV_OK);
    assert_non_null(strstr(server.request, "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
    rlv_registry_free(registry);
    registry = registry_new(&bearer);
    assert_int_equal(get(registry, 1, &schema, &err), RLV_OK);
    assert_non_null(strstr(server.request, "Authorization: Bearer a.b-c\r\n"));
    rlv_registry_free(registry);
}

/* More ids than fit, none of which exists: refused without end, in bounded memory, and a good one still comes
 * through. */
static void test_made_up_ids(void **state)
{
    (void)state;
    rlv_registry *registry = registry_new(NULL);
    rlv_str schema;
    rlv_error err;
    answer_with("404 Not Found", "", UNKNOWN);
    for (uint32_t id = 0; id < 6000; id++) /* wanted and given up at once: most are never asked for */
        assert_int_not_equal(rlv_registry_get(registry, id, 0, &schema, &err), RLV_OK);
    assert_int_equal(rlv_registry_get(registry, 7000, 0, &schema, &err), RLV_E_UNAVAILABLE);
    assert_non_null(strstr(err.message, "too many unknown schema ids at once"));
    answer_with("200 OK", "", FOUND);
    assert_int_equal(get(registry, 7000, &schema, &err), RLV_OK);
    rlv_registry_free(registry);
}

static void test_probe(void **state)
{
    (void)state;
    const rlv_registry_options options = {.url = server.url, .timeout_ms = DEADLINE_MS},
                               closed = {.url = "http://127.0.0.1:1", .timeout_ms = 1000};
    rlv_error err;
    atomic_store(&server.delay_ms, 0);
    answer_with("200 OK", "", FOUND);
    assert_int_equal(rlv_registry_probe(&options, &err), RLV_OK);
    answer_with("404 Not Found", "", UNKNOWN);
    assert_int_equal(rlv_registry_probe(&options, &err), RLV_OK);
    answer_with("401 Unauthorized", "", "");
    assert_int_equal(rlv_registry_probe(&options, &err), RLV_E_UNAVAILABLE);
    assert_non_null(strstr(err.message, "refuses us"));
    assert_int_equal(rlv_registry_probe(&closed, &err), RLV_E_UNAVAILABLE);
}

static void test_answers_cut_anywhere(void **state)
{
    (void)state;
    static const char body[] = FOUND;
    char *schema = NULL;
    size_t len = 0;
    rlv_error err;
    for (size_t n = 0; n < sizeof(body) - 1; n++)
        assert_int_equal(rlv_answer_read((rlv_str){body, n}, true, 1, &schema, &len, &err),
                         RLV_E_UNAVAILABLE);
    assert_null(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),
        cmocka_unit_test(test_single_flight),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_credentials),
        cmocka_unit_test(test_made_up_ids),
        cmocka_unit_test(test_probe),
        cmocka_unit_test(test_answers_cut_anywhere),
    };
    return cmocka_run_group_tests(tests, server_start, server_stop);
}
