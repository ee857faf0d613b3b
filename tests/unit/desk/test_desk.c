/* SPDX-License-Identifier: Apache-2.0 */
/* The role: it listens, serves its page whoever is away, tells the truth about its health, and ends when it is told to. */
#include "desk/desk.h"

#include <pthread.h>
#include <stdio.h>

#include "call.h"
#include "lab.h"
#include "shelf.h"

enum {
    PATIENCE_US = 120000000
};

static lab *l;
static shelf *s;

static int setup(void **state)
{
    void *part;
    lab_setup(&part);
    l = part;
    shelf_group_setup(&part);
    s = part;
    l->config.postgres = s->conninfo;
    l->config.desk.listen = "127.0.0.1:0";
    l->config.desk.threads = 1;
    l->config.desk.session_ms = 3600000;
    l->config.desk.postgres_timeout_ms = 20000;
    l->config.desk.proxy_header = "";
    *state = l;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    void *part = s;
    if (s)
        shelf_group_teardown(&part);
    part = l;
    return lab_teardown(&part);
}

typedef struct role {
    rlv_config config;
    rlv_desk *desk;
    pthread_t thread;
    volatile sig_atomic_t stop;
    int rc;
    rlv_error err;
} role;

static void *run(void *arg)
{
    role *r = arg;
    r->rc = rlv_desk_run(r->desk, &r->stop, &r->err);
    return NULL;
}

static void start(role *r)
{
    rlv_error err;
    r->stop = 0;
    assert_ok(rlv_desk_new(&r->config, &r->desk, &err), err);
    assert_true(rlv_desk_port(r->desk) > 0);
    assert_int_equal(pthread_create(&r->thread, NULL, run, r), 0);
}

static void stop(role *r)
{
    char why[128];
    r->stop = 1;
    assert_int_equal(pthread_join(r->thread, NULL), 0);
    assert_ok(r->rc, r->err);
    assert_false(rlv_desk_ready(r->desk, why, sizeof(why)));
    assert_string_equal(why, "going down");
    rlv_desk_free(r->desk);
}

/* Until it says this of itself. */
static void await_word(role *r, const char *word)
{
    char why[128] = "";
    for (int64_t until_us = rlv_clock_mono_us() + PATIENCE_US; strcmp(why, word) != 0; rlv_clock_sleep_ms(10)) {
        bool ready = rlv_desk_ready(r->desk, why, sizeof(why));
        assert_int_equal(ready, strcmp(why, "serving pages") == 0);
        if (rlv_clock_mono_us() > until_us)
            fail_msg("'%s' instead of '%s'", why, word);
    }
}

static void test_what_cannot_be(void **state)
{
    (void)state;
    rlv_error err = {0};
    rlv_desk *none = NULL, *first;
    rlv_config config = l->config;
    rlv_config_property wrong[] = {l->property, {"no.such.property", "1", 9}};
    config.kafka = wrong;
    config.n_kafka = 2;
    assert_int_equal(rlv_desk_new(&config, &none, &err), RLV_E_CONFIG);
    assert_non_null(strstr(err.message, "relevo.yaml:9"));

    config = l->config; /* browsers must know where it is */
    config.desk.listen = "0.0.0.0:0";
    assert_int_equal(rlv_desk_new(&config, &none, &err), RLV_E_CONFIG);
    assert_non_null(strstr(err.message, "desk.public_url"));

    char where[32];
    config = l->config;
    assert_ok(rlv_desk_new(&config, &first, &err), err);
    (void)snprintf(where, sizeof(where), "127.0.0.1:%u", rlv_desk_port(first));
    config.desk.listen = where;
    assert_int_equal(rlv_desk_new(&config, &none, &err), RLV_E_UNAVAILABLE);
    assert_non_null(strstr(err.message, "desk.listen"));
    assert_null(none);
    rlv_desk_free(first); /* one that never ran */
    rlv_desk_free(NULL);
}

static void test_it_serves(void **state)
{
    (void)state;
    role r = {.config = l->config};
    start(&r);
    await_word(&r, "serving pages");
    assert_true(rlv_desk_idle_ms(r.desk) < 30000);
    assert_int_equal(call(rlv_desk_port(r.desk), "GET", "/", NULL, NULL), 200);
    assert_non_null(strcasestr(call_answer, "<!doctype html"));
    assert_int_equal(call(rlv_desk_port(r.desk), "GET", "/api/conversations", NULL, NULL), 401); /* to nobody */
    assert_int_equal(call(rlv_desk_port(r.desk), "GET", "/nowhere.js", NULL, NULL), 404);
    stop(&r);
}

static void test_kafka_is_away(void **state)
{
    (void)state;
    rlv_config_property nobody[] = {{"bootstrap.servers", "127.0.0.1:1", 1}};
    role r = {.config = l->config};
    r.config.kafka = nobody;
    start(&r);
    await_word(&r, "waiting for Kafka and its topics");
    assert_int_equal(call(rlv_desk_port(r.desk), "GET", "/", NULL, NULL), 200);
    int64_t moved = 0, last = 0;
    for (int64_t until_us = rlv_clock_mono_us() + PATIENCE_US; moved < 2; rlv_clock_sleep_ms(5)) {
        int64_t idle = rlv_desk_idle_ms(r.desk); /* it moves, whatever Kafka does */
        assert_true(idle >= 0 && rlv_clock_mono_us() < until_us);
        moved += idle < last;
        last = idle;
    }
    stop(&r);
}

/* A log-in that Postgres cannot answer is no log-in, and it is said. */
static void test_postgres_is_away(void **state)
{
    (void)state;
    static const char *const json[] = {"Content-Type: application/json", NULL, NULL};
    char origin[64];
    const char *const headers[] = {json[0], origin, NULL};
    role r = {.config = l->config};
    r.config.postgres = "host=127.0.0.1 port=1 dbname=none connect_timeout=2";
    start(&r);
    (void)snprintf(origin, sizeof(origin), "Origin: http://127.0.0.1:%u", rlv_desk_port(r.desk));
    int status = call(rlv_desk_port(r.desk), "POST", "/api/session", headers, "{\"login\":\"ana\",\"password\":\"correct horse\"}");
    assert_int_equal(status, 503);
    await_word(&r, "waiting for Postgres");
    stop(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_cannot_be),
        cmocka_unit_test(test_it_serves),
        cmocka_unit_test(test_kafka_is_away),
        cmocka_unit_test(test_postgres_is_away),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
