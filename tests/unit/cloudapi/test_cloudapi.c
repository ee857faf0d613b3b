/* SPDX-License-Identifier: Apache-2.0 */
/* The stand-in of WhatsApp, over real sockets: it listens, takes a send, and tells of it by signed webhooks while it is run. */
#include "call.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "cloudapi/cloudapi.h"
#include "serve/listen.h"
#include "serve/signature.h"

static const char *const secrets[] = {"of the app"};
static char webhook[64];
static rlv_config config;

/* ---- who gets the webhooks
 * ------------------------------------------------------------------------------------------------------------ */

static struct {
    int fd;
    pthread_t thread;
    pthread_mutex_t lock;
    int taken, forged;
    char all[65536]; /* the bodies */
} hooks = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* One whole request; where its body begins. */
static char *read_request(int fd, char *buf, size_t size)
{
    for (size_t len = 0;;) {
        ssize_t n = read(fd, buf + len, size - 1 - len);
        if (n <= 0)
            return NULL;
        len += (size_t)n;
        buf[len] = '\0';
        char *body = strstr(buf, "\r\n\r\n"), *length = strcasestr(buf, "content-length:");
        if (body && length && len >= (size_t)(body + 4 - buf) + strtoul(length + 15, NULL, 10))
            return body + 4;
    }
}

static void take(char *request, const char *body)
{
    char *signature = strcasestr(request, RLV_SIGNATURE_HEADER ":");
    rlv_str header = {NULL, 0};
    if (signature) {
        signature += strlen(RLV_SIGNATURE_HEADER ":");
        signature += strspn(signature, " ");
        header = (rlv_str){signature, strcspn(signature, "\r")};
    }
    (void)pthread_mutex_lock(&hooks.lock);
    hooks.taken++;
    hooks.forged += !rlv_signature_matches(secrets, 1, rlv_str_from(body), header);
    size_t used = strlen(hooks.all);
    (void)snprintf(hooks.all + used, sizeof(hooks.all) - used, "%s", body);
    (void)pthread_mutex_unlock(&hooks.lock);
}

static void *take_all(void *arg)
{
    static char request[65536];
    (void)arg;
    for (int fd; (fd = accept(hooks.fd, NULL, NULL)) >= 0; (void)close(fd)) {
        char *body = read_request(fd, request, sizeof(request));
        if (!body)
            continue;
        take(request, body);
        (void)!write(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 57);
    }
    return NULL;
}

static int taken(const char *word)
{
    (void)pthread_mutex_lock(&hooks.lock);
    int n = word ? strstr(hooks.all, word) != NULL : hooks.taken;
    (void)pthread_mutex_unlock(&hooks.lock);
    return n;
}

static int setup(void **state)
{
    (void)state;
    rlv_error err;
    if (rlv_serve_listen("webhooks", "127.0.0.1:0", &hooks.fd, &err) != RLV_OK)
        return -1;
    (void)snprintf(webhook, sizeof(webhook), "http://127.0.0.1:%u/hook", rlv_serve_port(hooks.fd));
    config = (rlv_config){.file = "relevo.yaml",
                          .gateway = {.app_secrets = secrets, .n_app_secrets = 1},
                          .sandbox = {.listen = "127.0.0.1:0",
                                      .log = "",
                                      .webhook = webhook,
                                      .phone_number_id = "106",
                                      .display_phone_number = "15550000",
                                      .account_id = "102",
                                      .token = "of the api"}};
    return pthread_create(&hooks.thread, NULL, take_all, NULL);
}

static int teardown(void **state)
{
    (void)state;
    (void)shutdown(hooks.fd, SHUT_RDWR);
    (void)pthread_join(hooks.thread, NULL);
    return close(hooks.fd);
}

/* ---- the tests
 * ------------------------------------------------------------------------------------------------------------ */

static void what_cannot_be(void **state)
{
    (void)state;
    rlv_error err = {0};
    rlv_cloudapi *first = NULL, *none = NULL;
    rlv_config other = config;
    other.gateway.n_app_secrets = 0;
    assert_int_equal(rlv_cloudapi_new(&other, &none, &err), RLV_E_CONFIG);
    assert_non_null(strstr(err.message, "relevo.yaml: 'gateway.app_secrets' is missing"));

    char where[32];
    assert_int_equal(rlv_cloudapi_new(&config, &first, &err), RLV_OK);
    (void)snprintf(where, sizeof(where), "127.0.0.1:%u", rlv_cloudapi_port(first));
    other = config;
    other.sandbox.listen = where;
    assert_int_equal(rlv_cloudapi_new(&other, &none, &err), RLV_E_UNAVAILABLE);
    assert_non_null(strstr(err.message, "sandbox.listen"));
    assert_null(none);
    assert_int_equal(call(rlv_cloudapi_port(first), "GET", "/", NULL, NULL), 200); /* the first one minds nothing */
    rlv_cloudapi_free(first);
    rlv_cloudapi_free(NULL);
    assert_int_equal(rlv_cloudapi_new(&other, &first, &err), RLV_OK); /* the port is free again */
    rlv_cloudapi_free(first);
}

struct running {
    rlv_cloudapi *api;
    volatile sig_atomic_t *stop;
};

static void *run(void *arg)
{
    struct running *r = arg;
    rlv_cloudapi_run(r->api, r->stop);
    return NULL;
}

static void a_send_and_its_webhooks(void **state)
{
    (void)state;
    rlv_error err;
    volatile sig_atomic_t stop = 0;
    struct running running = {NULL, &stop};
    static const char *const wrong[] = {"Authorization: Bearer of nobody", "Content-Type: application/json", NULL};
    static const char *const right[] = {"Authorization: Bearer of the api", "Content-Type: application/json", NULL};
    static const char body[] = "{\"messaging_product\":\"whatsapp\",\"to\":\"34600\",\"type\":\"text\",\"text\":{\"body\":\"Hola\"}}";
    assert_int_equal(rlv_cloudapi_new(&config, &running.api, &err), RLV_OK);
    uint16_t port = rlv_cloudapi_port(running.api);
    assert_true(port > 0);

    /* it answers from now on, run or not */
    assert_int_equal(call(port, "GET", "/", NULL, NULL), 200);
    assert_non_null(strstr(call_answer, "<html"));
    assert_int_equal(call(port, "POST", "/v23.0/106/messages", wrong, body), 401);
    assert_int_equal(call(port, "POST", "/v23.0/107/messages", right, body), 400); /* another's number */
    assert_int_equal(call(port, "POST", "/sandbox/say", right, "{\"wa_id\":\"34600\",\"text\":\"Buenas\"}"), 200);
    assert_int_equal(call(port, "POST", "/v23.0/106/messages", right, body), 200);
    assert_non_null(strstr(call_answer, "\"wamid."));
    assert_int_equal(call(port, "GET", "/sandbox/state", NULL, NULL), 200);
    assert_null(strstr(call_answer, "\"on_the_way\":0"));
    assert_int_equal(taken(NULL), 0); /* webhooks are the runner's */

    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run, &running), 0);
    int64_t until_us = rlv_clock_mono_us() + 60000000;
    while (!(taken("Buenas") && taken("\"delivered\"")) && rlv_clock_mono_us() < until_us)
        rlv_clock_sleep_ms(10);
    assert_true(taken("Buenas"));        /* what the customer wrote */
    assert_true(taken("\"sent\""));      /* and what became of the answer */
    assert_true(taken("\"delivered\""));
    assert_int_equal(hooks.forged, 0);
    stop = 1;
    assert_int_equal(pthread_join(thread, NULL), 0); /* it ends when it is told to */
    rlv_cloudapi_free(running.api);
}

static void *slow_call(void *arg)
{
    static const char *const right[] = {"Authorization: Bearer of the api", "Content-Type: application/json", NULL};
    (void)call((uint16_t)(uintptr_t)arg, "POST", "/v23.0/106/messages", right,
               "{\"messaging_product\":\"whatsapp\",\"to\":\"34600\",\"type\":\"text\",\"text\":{\"body\":\"Hola\"}}");
    return NULL;
}

/* Whoever waits for a slow answer when it is freed does not hold it up. */
static void freed_while_it_is_asked(void **state)
{
    (void)state;
    rlv_error err;
    rlv_cloudapi *api;
    pthread_t thread;
    static const char *const json[] = {"Content-Type: application/json", NULL};
    assert_int_equal(rlv_cloudapi_new(&config, &api, &err), RLV_OK);
    uint16_t port = rlv_cloudapi_port(api);
    assert_int_equal(call(port, "POST", "/sandbox/settings", json, "{\"answer_ms\":50000,\"window_hours\":0}"), 200);
    assert_int_equal(pthread_create(&thread, NULL, slow_call, (void *)(uintptr_t)port), 0);
    for (int64_t until_us = rlv_clock_mono_us() + 60000000;; rlv_clock_sleep_ms(10)) { /* until it was taken */
        assert_true(rlv_clock_mono_us() < until_us);
        assert_int_equal(call(port, "GET", "/sandbox/state", NULL, NULL), 200);
        if (strstr(call_answer, "\"accepted\":1"))
            break;
    }
    int64_t begun_us = rlv_clock_mono_us();
    rlv_cloudapi_free(api);
    assert_true(rlv_clock_mono_us() - begun_us < 40000000);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be),
        cmocka_unit_test(a_send_and_its_webhooks),
        cmocka_unit_test(freed_while_it_is_asked),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
