/* SPDX-License-Identifier: Apache-2.0 */
/* The role on a real Kafka and a real Postgres: it joins, works, tells of its health and leaves; and what ends it. */
#include "lane/consumer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab.h"
#include "shelf.h"
#include "wire/wire.h"

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
    l->config.consume.batch_max = 100;
    l->config.consume.linger_ms = 5;
    l->config.consume.cache_bytes = 1 << 20;
    l->config.consume.drain_ms = 10000;
    l->config.consume.postgres_timeout_ms = 20000;
    l->config.consume.command_poll_ms = 1000;
    l->config.policy = (rlv_policy){.combined = 2, .idle_close_ms = 60000};
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
    rlv_host *host;
    rlv_consumer *consumer;
    pthread_t thread;
    volatile sig_atomic_t stop;
    int rc;
    rlv_error err;
} role;

static void make(role *r)
{
    rlv_error err;
    r->stop = 0;
    r->consumer = NULL;
    assert_ok(rlv_host_new(&r->config, &r->host, &err), err);
    assert_ok(rlv_consumer_new(&r->config, r->host, &r->consumer, &err), err);
}

static void *run(void *arg)
{
    role *r = arg;
    r->rc = rlv_consumer_run(r->consumer, &r->stop, &r->err);
    return NULL;
}

static void start(role *r)
{
    make(r);
    assert_int_equal(pthread_create(&r->thread, NULL, run, r), 0);
}

static void end(role *r)
{
    rlv_consumer_free(r->consumer);
    rlv_host_free(r->host);
}

static void stop(role *r)
{
    r->stop = 1;
    assert_int_equal(pthread_join(r->thread, NULL), 0);
    assert_ok(r->rc, r->err);
    assert_false(rlv_consumer_haunted(r->consumer));
    end(r);
}

static void await_ready(role *r)
{
    char why[256] = "";
    for (int64_t until_us = rlv_clock_mono_us() + PATIENCE_US; !rlv_consumer_ready(r->consumer, why, sizeof(why));) {
        if (rlv_clock_mono_us() > until_us)
            fail_msg("%s", why);
        assert_true(why[0] != '\0'); /* it always says what it waits for */
        rlv_clock_sleep_ms(20);
    }
}

static void test_what_cannot_be(void **state)
{
    (void)state;
    rlv_error err = {0};
    role r = {.config = l->config};
    const char *many[RLV_INPUTS_MAX];
    for (size_t i = 0; i < RLV_INPUTS_MAX; i++)
        many[i] = "t";
    r.config.topics.events = many;
    r.config.topics.n_events = RLV_INPUTS_MAX; /* and the results make one more */
    assert_int_equal(rlv_consumer_new(&r.config, NULL, &r.consumer, &err), RLV_E_CONFIG);
    assert_string_equal(err.message, "topics.events: at most 15 topics");
    assert_null(r.consumer);

    rlv_config_property wrong[] = {l->property, {"no.such.property", "1", 9}};
    r.config = l->config;
    r.config.kafka = wrong;
    r.config.n_kafka = 2;
    assert_int_equal(rlv_consumer_new(&r.config, NULL, &r.consumer, &err), RLV_E_CONFIG);
    assert_non_null(strstr(err.message, "relevo.yaml:9"));
    assert_null(r.consumer);
    rlv_consumer_free(NULL);

    r.config = l->config; /* what waiting does not mend */
    r.config.topics.effects = "unit-there-is-no-such-topic";
    make(&r);
    assert_int_equal(rlv_consumer_run(r.consumer, &r.stop, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "unit-there-is-no-such-topic"));
    end(&r);
}

/* Kafka is away: that is waited out, told to whoever asks, and no reason not to stop. */
static void test_kafka_is_away(void **state)
{
    (void)state;
    char why[256] = "";
    rlv_config_property nobody[] = {{"bootstrap.servers", "127.0.0.1:1", 1}};
    role r = {.config = l->config};
    r.config.kafka = nobody;
    start(&r);
    int64_t moved = 0, last = 0;
    for (int64_t until_us = rlv_clock_mono_us() + PATIENCE_US; moved < 2; rlv_clock_sleep_ms(10)) {
        int64_t idle = rlv_consumer_idle_ms(r.consumer); /* it moves, whatever Kafka does */
        assert_true(idle >= 0 && rlv_clock_mono_us() < until_us);
        moved += idle < last;
        last = idle;
    }
    assert_false(rlv_consumer_ready(r.consumer, why, sizeof(why)));
    assert_non_null(strstr(why, "not yet a member of group"));
    stop(&r);
}

static void produce(rlv_wire *wire, const char *text)
{
    rlv_error err;
    rlv_buf out = RLV_BUF_INIT(1 << 20);
    rlv_event ev = {.kind = RLV_EVENT_MESSAGE,
                    .sent_ms = 1,
                    .phone_number_id = RLV_STR("555"),
                    .wa_id = RLV_STR("34600"),
                    .message_id = rlv_str_from(text),
                    .type = RLV_STR("text"),
                    .text = rlv_str_from(text)};
    assert_ok(rlv_wire_encode_event(wire, &ev, &out, &err), err);
    assert_int_equal(rd_kafka_producev(l->client, RD_KAFKA_V_TOPIC(l->events[0]), RD_KAFKA_V_PARTITION(1),
                                       RD_KAFKA_V_KEY("key", 3), RD_KAFKA_V_VALUE(out.data, out.len),
                                       RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
                     0);
    assert_int_equal(rd_kafka_flush(l->client, LAB_TIMEOUT_MS), 0);
    rlv_buf_free(&out);
}

static void await_seq(const char *seq)
{
    for (int64_t until_us = rlv_clock_mono_us() + PATIENCE_US;; rlv_clock_sleep_ms(20)) {
        if (strcmp(shelf_ask(s, "SELECT seq FROM relevo.lane WHERE lane = 1"), seq) == 0)
            return;
        assert_true(rlv_clock_mono_us() < until_us);
    }
}

static int published;

static void count(lab *of, const rd_kafka_message_t *m)
{
    (void)of;
    published += m->len > 0;
}

static void test_work(void **state)
{
    (void)state;
    rlv_error err;
    rlv_wire *wire = rlv_wire_new(&err);
    assert_non_null(wire);
    for (int i = 0; i < 2; i++) { /* and again by a second one: it goes on where the first left */
        role r = {.config = l->config};
        start(&r);
        await_ready(&r);
        assert_true(rlv_consumer_idle_ms(r.consumer) < 30000);
        assert_ask(s, "3", "SELECT count(*) FROM relevo.lane");
        produce(wire, i ? "dos" : "uno");
        await_seq(i ? "2" : "1");
        stop(&r); /* in order: what was decided is published, and the group knows how far */
        published = 0;
        lab_each(l, l->config.topics.decisions, 1, "read_committed", count);
        assert_int_equal(published, i + 1);
    }
    assert_ask(s, "uno,dos", "SELECT string_agg(text, ',' ORDER BY seq) FROM relevo.history WHERE lane = 1");
    rlv_wire_free(wire);
}

/* Without Postgres lanes do not work, and it says so; it is waited out. */
static void test_postgres_is_away(void **state)
{
    (void)state;
    char why[256] = "";
    role r = {.config = l->config};
    r.config.postgres = "host=127.0.0.1 port=1 dbname=none connect_timeout=2";
    start(&r);
    for (int64_t until_us = rlv_clock_mono_us() + PATIENCE_US; !strstr(why, "is not working yet: see the log");) {
        assert_false(rlv_consumer_ready(r.consumer, why, sizeof(why)));
        assert_true(rlv_clock_mono_us() < until_us);
        rlv_clock_sleep_ms(20);
    }
    stop(&r);
}

/* Another process takes the member's id: waiting cannot mend that, so it ends and says why. */
static void test_a_member_taken(void **state)
{
    (void)state;
    role first = {.config = l->config}, second = {.config = l->config};
    first.config.consume.instance = second.config.consume.instance = "pod-0";
    start(&first);
    await_ready(&first);
    start(&second);
    assert_int_equal(pthread_join(first.thread, NULL), 0);
    assert_int_equal(first.rc, RLV_E_FENCED);
    assert_true(first.err.message[0] != '\0');
    end(&first);
    await_ready(&second);
    stop(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_cannot_be), cmocka_unit_test(test_kafka_is_away),
        cmocka_unit_test(test_work),           cmocka_unit_test(test_postgres_is_away),
        cmocka_unit_test(test_a_member_taken),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
