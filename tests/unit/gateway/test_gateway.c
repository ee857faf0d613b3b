/* SPDX-License-Identifier: Apache-2.0 */
/* The role: 200 only when Kafka has it, the truth about its health, and an end that answers who is waiting. */
#include "gateway/gateway.h"

#include <pthread.h>
#include <stdio.h>

#include "base/metrics.h"
#include "call.h"
#include "lab.h"
#include "serve/signature.h"
#include "wire/wire.h"

enum {
    PATIENCE_US = 60000000
};

static const char *const secrets[] = {"of the app"};
static const char text[] =
    "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"102\",\"changes\":[{\"field\":\"messages\",\"value\":{"
    "\"messaging_product\":\"whatsapp\",\"metadata\":{\"display_phone_number\":\"1\",\"phone_number_id\":\"106\"},"
    "\"messages\":[{\"from\":\"34600\",\"id\":\"wamid.A\",\"timestamp\":\"1700000000\",\"type\":\"text\","
    "\"text\":{\"body\":\"hola\"}}]}}]}]}";

typedef struct door {
    rlv_config config;
    rlv_gateway *gateway;
    pthread_t thread;
    volatile sig_atomic_t stop;
    int rc;
    rlv_error err;
} door;

static rlv_config door_config(const lab *l)
{
    rlv_config config = l->config;
    config.gateway.listen = "127.0.0.1:0";
    config.gateway.path = "/webhook";
    config.gateway.app_secrets = secrets;
    config.gateway.n_app_secrets = 1;
    config.gateway.verify_token = "";
    config.gateway.threads = 1;
    config.gateway.memory = 8 << 20;
    config.gateway.ack_ms = 60000;
    config.gateway.drain_ms = 1000;
    return config;
}

static void *run(void *arg)
{
    door *d = arg;
    d->rc = rlv_gateway_run(d->gateway, &d->stop, &d->err);
    return NULL;
}

static void open_door(door *d)
{
    rlv_error err;
    d->stop = 0;
    assert_ok(rlv_gateway_new(&d->config, &d->gateway, &err), err);
    assert_int_equal(pthread_create(&d->thread, NULL, run, d), 0);
}

static void close_door(door *d)
{
    d->stop = 1;
    assert_int_equal(pthread_join(d->thread, NULL), 0);
    assert_ok(d->rc, d->err);
    char why[128];
    assert_false(rlv_gateway_ready(d->gateway, why, sizeof(why)));
    assert_string_equal(why, "going down");
    rlv_gateway_free(d->gateway);
}

static int post(const door *d, const char *secret, const char *body)
{
    char header[sizeof(RLV_SIGNATURE_HEADER) + 2 + RLV_SIGNATURE_TEXT], signature[RLV_SIGNATURE_TEXT + 1];
    rlv_signature_make(rlv_str_from(secret), rlv_str_from(body), signature);
    (void)snprintf(header, sizeof(header), "%s: %s", RLV_SIGNATURE_HEADER, signature);
    const char *const headers[] = {header, "Content-Type: application/json", NULL};
    return call(rlv_gateway_port(d->gateway), "POST", "/webhook", headers, body);
}

static int events;

static void see(lab *l, const rd_kafka_message_t *m)
{
    rlv_error err;
    rlv_event ev;
    rlv_wire *wire = rlv_wire_new(&err);
    assert_non_null(wire);
    assert_ok(rlv_wire_decode_event(wire, l->arena, (rlv_str){m->payload, m->len}, &ev, &err), err);
    assert_true(rlv_str_is(ev.text, "hola"));
    rlv_wire_free(wire);
    events++;
}

static int in_kafka(lab *l)
{
    events = 0;
    for (int32_t p = 0; p < LAB_PARTITIONS; p++)
        lab_each(l, l->events[0], p, "read_uncommitted", see);
    return events;
}

static void test_what_cannot_be(void **state)
{
    lab *l = *state;
    rlv_error err = {0};
    rlv_gateway *none = NULL, *first;
    rlv_config config = door_config(l);
    config.gateway.n_app_secrets = 0;
    assert_int_equal(rlv_gateway_new(&config, &none, &err), RLV_E_CONFIG);
    assert_non_null(strstr(err.message, "relevo.yaml: 'gateway.app_secrets' is missing"));

    rlv_config_property wrong[] = {l->property, {"no.such.property", "1", 9}};
    config = door_config(l);
    config.kafka = wrong;
    config.n_kafka = 2;
    assert_int_equal(rlv_gateway_new(&config, &none, &err), RLV_E_CONFIG);
    assert_non_null(strstr(err.message, "relevo.yaml:9"));

    char where[32];
    config = door_config(l);
    assert_ok(rlv_gateway_new(&config, &first, &err), err);
    assert_true(rlv_gateway_port(first) > 0);
    (void)snprintf(where, sizeof(where), "127.0.0.1:%u", rlv_gateway_port(first));
    config.gateway.listen = where;
    assert_int_equal(rlv_gateway_new(&config, &none, &err), RLV_E_UNAVAILABLE);
    assert_non_null(strstr(err.message, "gateway.listen"));
    assert_null(none);
    rlv_gateway_free(first); /* one that never ran */
    rlv_gateway_free(NULL);
}

static void test_a_webhook(void **state)
{
    lab *l = *state;
    door d = {.config = door_config(l)};
    char why[128] = "";
    open_door(&d);
    for (int64_t until_us = rlv_clock_mono_us() + PATIENCE_US; !rlv_gateway_ready(d.gateway, why, sizeof(why));) {
        assert_string_equal(why, "waiting for Kafka and its topic");
        assert_true(rlv_clock_mono_us() < until_us);
        rlv_clock_sleep_ms(10);
    }
    assert_string_equal(why, "taking webhooks");
    assert_true(rlv_gateway_idle_ms(d.gateway) < 10000);
    assert_int_equal(post(&d, "of somebody else", text), 403);
    assert_int_equal(call(rlv_gateway_port(d.gateway), "GET", "/elsewhere", NULL, NULL), 404);
    assert_int_equal(post(&d, secrets[0], "{\"object\":"), 400);
    assert_int_equal(in_kafka(l), 0);
    assert_int_equal(post(&d, secrets[0], text), 200);
    assert_int_equal(in_kafka(l), 1); /* answered: so it is there */
    close_door(&d);
}

/* Kafka is away: the answer is a 503, not a lie; it is said to whoever asks; and it lives on. */
static void test_kafka_is_away(void **state)
{
    lab *l = *state;
    rlv_config_property nobody[] = {{"bootstrap.servers", "127.0.0.1:1", 1}};
    door d = {.config = door_config(l)};
    char why[128] = "";
    d.config.kafka = nobody;
    d.config.gateway.ack_ms = 200;
    open_door(&d);
    assert_int_equal(post(&d, secrets[0], text), 503);
    assert_string_equal(call_answer, "not stored yet: send it again\n");
    assert_false(rlv_gateway_ready(d.gateway, why, sizeof(why)));
    assert_string_equal(why, "waiting for Kafka and its topic");
    int64_t until_us = rlv_clock_mono_us() + PATIENCE_US;
    while (rlv_gateway_idle_ms(d.gateway) > 1000) { /* whatever Kafka does, its watch moves */
        assert_true(rlv_clock_mono_us() < until_us);
        rlv_clock_sleep_ms(10);
    }
    close_door(&d);
}

struct late {
    door *door;
    int status;
};

static void *post_late(void *arg)
{
    struct late *late = arg;
    late->status = post(late->door, secrets[0], text);
    return NULL;
}

/* Who is told to stop answers who waits, within gateway.drain, and never by silence. */
static void test_an_end_with_somebody_waiting(void **state)
{
    lab *l = *state;
    rlv_config_property nobody[] = {{"bootstrap.servers", "127.0.0.1:1", 1}};
    door d = {.config = door_config(l)};
    struct late late = {&d, 0};
    pthread_t thread;
    d.config.kafka = nobody; /* never acknowledges */
    d.config.gateway.drain_ms = 500;
    open_door(&d);
    assert_int_equal(post(&d, "of somebody else", text), 403); /* it serves */
    assert_int_equal(pthread_create(&thread, NULL, post_late, &late), 0);
    const rlv_metric *open = rlv_metric_gauge("relevo_gateway_requests_open", "", "");
    for (int64_t until_us = rlv_clock_mono_us() + PATIENCE_US; rlv_metric_value(open) < 1;) {
        assert_true(rlv_clock_mono_us() < until_us);
        rlv_clock_sleep_ms(5);
    }
    close_door(&d);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(late.status, 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_cannot_be),
        cmocka_unit_test(test_a_webhook),
        cmocka_unit_test(test_kafka_is_away),
        cmocka_unit_test(test_an_end_with_somebody_waiting),
    };
    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
