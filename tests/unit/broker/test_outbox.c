/* SPDX-License-Identifier: Apache-2.0 */
/* Records that are surely written: each is told of once, as written only when Kafka has it. */
#include <stdio.h>

#include "lab.h"

typedef struct post {
    rlv_outbox *outbox;
    struct told {
        int times;
        char why[128]; /* "" : Kafka has it */
    } told[4];
} post;

static void on_acked(void *context, void *user, const char *why)
{
    (void)context;
    struct told *t = user;
    t->times++;
    (void)snprintf(t->why, sizeof(t->why), "%s", why ? why : "");
}

static void open_post(const rlv_config *config, post *p)
{
    rlv_error err;
    *p = (post){0};
    assert_ok(rlv_outbox_new(config, "unit", on_acked, p, &p->outbox, &err), err);
}

static void await_told(post *p, size_t i)
{
    for (int64_t until_us = rlv_clock_mono_us() + 3 * LAB_TIMEOUT_MS * INT64_C(1000); !p->told[i].times;) {
        rlv_outbox_poll(p->outbox);
        rlv_clock_sleep_ms(5);
        if (rlv_clock_mono_us() > until_us)
            fail_msg("record %zu is not told of", i);
    }
}

static void test_written(void **state)
{
    lab *l = *state;
    post p;
    rlv_error err;
    const char *topic = l->config.topics.results;
    open_post(&l->config, &p);
    for (size_t i = 0; i < 3; i++) {
        char value[] = "a-" /* and a digit */ "0";
        value[2] = (char)('0' + i);
        assert_ok(rlv_outbox_put(p.outbox, topic, 2, RLV_STR("k"), rlv_str_from(value), NULL, &p.told[i], &err), err);
        memset(value, 'X', sizeof(value)); /* copied */
    }
    assert_int_equal(p.told[0].times, 0); /* told by poll only */
    for (size_t i = 0; i < 3; i++)
        await_told(&p, i);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(p.told[i].times, 1);
        assert_string_equal(p.told[i].why, "");
    }
    assert_string_equal(lab_read(l, topic, 2, "read_committed"), "a-0 a-1 a-2 ");
    assert_string_equal(lab_read(l, topic, 0, "read_committed"), "");
    rlv_outbox_free(p.outbox, LAB_TIMEOUT_MS);
    rlv_outbox_free(NULL, 0);
}

static void see_trace(lab *l, const rd_kafka_message_t *m)
{
    (void)l;
    rlv_trace trace = rlv_broker_trace(m), want;
    assert_true(rlv_trace_parse(RLV_STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), &want));
    assert_memory_equal(&trace, &want, sizeof(want));
}

static void test_traced(void **state)
{
    lab *l = *state;
    post p;
    rlv_error err;
    rlv_trace trace;
    const char *topic = lab_topic(l, "traced", LAB_PARTITIONS);
    open_post(&l->config, &p);
    assert_true(rlv_trace_parse(RLV_STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), &trace));
    assert_ok(rlv_outbox_put(p.outbox, topic, 1, RLV_STR("k"), RLV_STR("v"), &trace, &p.told[0], &err), err);
    await_told(&p, 0);
    assert_string_equal(p.told[0].why, "");
    assert_string_equal(lab_read(l, topic, 1, "read_committed"), "v ");
    lab_each(l, topic, 1, "read_committed", see_trace);
    rlv_outbox_free(p.outbox, LAB_TIMEOUT_MS);
}

/* What Kafka refuses is told as refused, and what was put after it goes on. */
static void test_refused(void **state)
{
    lab *l = *state;
    post p;
    rlv_error err;
    const char *topic = l->config.topics.effects;
    size_t size = (size_t)3 << 20; /* over the topic's message.max.bytes */
    char *large = rlv_arena_alloc(l->arena, size);
    assert_non_null(large);
    memset(large, 'x', size);
    open_post(&l->config, &p);
    assert_ok(rlv_outbox_put(p.outbox, topic, 0, RLV_STR("k"), (rlv_str){large, size}, NULL, &p.told[0], &err), err);
    await_told(&p, 0);
    assert_int_equal(p.told[0].times, 1);
    assert_non_null(strstr(p.told[0].why, "large"));
    assert_ok(rlv_outbox_put(p.outbox, topic, 0, RLV_STR("k"), RLV_STR("small"), NULL, &p.told[1], &err), err);
    await_told(&p, 1);
    assert_string_equal(p.told[1].why, "");
    int rc = rlv_outbox_put(p.outbox, topic, LAB_PARTITIONS, RLV_STR("k"), RLV_STR("nowhere"), NULL, &p.told[2], &err);
    assert_int_equal(rc, RLV_E_IO); /* there is no such partition: put says so, and nobody is told twice */
    assert_non_null(strstr(err.message, topic));
    rlv_outbox_free(p.outbox, LAB_TIMEOUT_MS);
    assert_int_equal(p.told[2].times, 0);
    assert_string_equal(lab_read(l, topic, 0, "read_committed"), "small ");
}

/* While Kafka is away a few wait and the next are turned away; at the end all are told of. */
static void test_away(void **state)
{
    lab *l = *state;
    post p;
    rlv_error err;
    rlv_config_property nobody[] = {{"bootstrap.servers", "127.0.0.1:1", 1},
                                          {"queue.buffering.max.messages", "2", 2}};
    rlv_config config = l->config;
    config.kafka = nobody;
    config.n_kafka = 2;
    open_post(&config, &p);
    for (size_t i = 0; i < 2; i++)
        assert_ok(rlv_outbox_put(p.outbox, "results", 0, RLV_STR("k"), RLV_STR("v"), NULL, &p.told[i], &err), err);
    assert_int_equal(rlv_outbox_put(p.outbox, "results", 0, RLV_STR("k"), RLV_STR("v"), NULL, &p.told[2], &err), RLV_E_UNAVAILABLE);
    assert_non_null(strstr(err.message, "results[0]"));
    rlv_outbox_poll(p.outbox);
    assert_int_equal(p.told[0].times, 0); /* unknown yet */
    rlv_outbox_free(p.outbox, 200);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(p.told[i].times, 1);
        assert_true(p.told[i].why[0] != '\0');
    }
    assert_int_equal(p.told[2].times, 0);
}

static void test_a_property_that_is_none(void **state)
{
    lab *l = *state;
    rlv_error err = {0};
    rlv_outbox *none = NULL;
    rlv_config_property wrong[] = {l->property, {"no.such.property", "1", 9}};
    rlv_config config = l->config;
    config.kafka = wrong;
    config.n_kafka = 2;
    assert_int_equal(rlv_outbox_new(&config, "unit", on_acked, NULL, &none, &err), RLV_E_CONFIG);
    assert_null(none);
    assert_non_null(strstr(err.message, "relevo.yaml:9"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written), cmocka_unit_test(test_traced),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_away),
        cmocka_unit_test(test_a_property_that_is_none),
    };
    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
