/* SPDX-License-Identifier: Apache-2.0 */
/* The client's configuration, the topics, their bounds, and the last record of one. */
#include <stdio.h>

#include "lab.h"

static void test_the_topics_fit(void **state)
{
    lab *l = *state;
    char cluster[64] = "";
    int32_t partitions = 0;
    rlv_error err;
    assert_ok(rlv_broker_topics(l->broker, LAB_TIMEOUT_MS, cluster, &partitions, &err), err);
    assert_int_equal(partitions, LAB_PARTITIONS);
    assert_in_range(strlen(cluster), 1, 63);
}

/* The broker's answer about a configuration that is like the lab's but for one output. */
static int ask_about(lab *l, const char *effects, rlv_error *err)
{
    rlv_config config = l->config;
    rlv_broker *broker;
    char cluster[64] = "untouched";
    int32_t partitions = 77;
    config.topics.effects = effects;
    assert_ok(rlv_broker_new(&config, &broker, err), *err);
    int rc = rlv_broker_topics(broker, LAB_TIMEOUT_MS, cluster, &partitions, err);
    assert_string_equal(cluster, "untouched");
    assert_int_equal(partitions, 77);
    rlv_broker_free(broker);
    return rc;
}

static void test_a_missing_topic(void **state)
{
    lab *l = *state;
    rlv_error err;
    assert_int_equal(ask_about(l, "unit-there-is-no-such-topic", &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "unit-there-is-no-such-topic"));
    assert_non_null(strstr(err.message, "relevo topics create"));
}

/* Without it the first bad record would stop its lane. */
static void test_a_missing_dead_letter_topic(void **state)
{
    lab *l = *state;
    rlv_error err;
    rlv_config config = l->config;
    const char *bare[] = {lab_topic(l, "bare", LAB_PARTITIONS)};
    config.topics.events = bare;
    config.topics.n_events = 1;
    rlv_broker *broker;
    char cluster[64];
    int32_t partitions;
    assert_ok(rlv_broker_new(&config, &broker, &err), err);
    assert_int_equal(rlv_broker_topics(broker, LAB_TIMEOUT_MS, cluster, &partitions, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "bare.dlq"));
    assert_non_null(strstr(err.message, "relevo topics create"));
    rlv_broker_free(broker);
}

static void test_different_counts(void **state)
{
    lab *l = *state;
    rlv_error err;
    const char *narrow = lab_topic(l, "narrow", 2);
    assert_int_equal(ask_about(l, narrow, &err), RLV_E_REFUSED);
    char expected[256];
    (void)snprintf(expected, sizeof(expected), "topic %s has 2 partitions, %s has 3", narrow, l->events[0]);
    assert_non_null(strstr(err.message, expected));
}

static void test_nobody_answers(void **state)
{
    lab *l = *state;
    rlv_error err;
    rlv_config config = l->config;
    rlv_config_property nowhere = {"bootstrap.servers", "127.0.0.1:1", 3};
    config.kafka = &nowhere;
    rlv_broker *broker;
    char cluster[64];
    int32_t partitions;
    int64_t low, high;
    assert_ok(rlv_broker_new(&config, &broker, &err), err); /* it waits in the background */
    int64_t begun_us = rlv_clock_mono_us();
    assert_int_equal(rlv_broker_topics(broker, 500, cluster, &partitions, &err), RLV_E_UNAVAILABLE);
    assert_non_null(strstr(err.message, "127.0.0.1:1"));
    assert_int_equal(rlv_broker_bounds(broker, "x", 0, 500, &low, &high, &err), RLV_E_UNAVAILABLE);
    assert_true(rlv_clock_mono_us() - begun_us < 5000000);
    rlv_broker_free(broker);
    rlv_broker_free(NULL);
}

static void test_properties(void **state)
{
    lab *l = *state;
    rlv_error err;
    rlv_config config = l->config;
    rlv_config_property wrong = {"compression.codec", "s3cret", 7};
    rlv_broker *broker = NULL;
    config.kafka = &wrong;
    assert_null(rlv_broker_conf(&config, "test", NULL, 0, &err));
    assert_int_equal(err.code, RLV_E_CONFIG);
    assert_non_null(strstr(err.message, "relevo.yaml:7"));
    assert_non_null(strstr(err.message, "compression.codec"));
    assert_int_equal(rlv_broker_new(&config, &broker, &err), RLV_E_CONFIG);
    assert_null(broker);
    wrong = (rlv_config_property){"linger.ms", "7", 0};
    rd_kafka_conf_t *conf = rlv_broker_conf(&config, "test", NULL, 0, &err);
    assert_non_null(conf);
    char value[64];
    size_t size = sizeof(value);
    assert_int_equal(rd_kafka_conf_get(conf, "client.id", value, &size), RD_KAFKA_CONF_OK);
    assert_non_null(strstr(value, "-test"));
    rd_kafka_conf_destroy(conf);
}

static void test_bounds(void **state)
{
    lab *l = *state;
    rlv_error err;
    int64_t low = -1, high = -1;
    const char *topic = lab_topic(l, "bounds", LAB_PARTITIONS);
    assert_ok(rlv_broker_bounds(l->broker, topic, 2, LAB_TIMEOUT_MS, &low, &high, &err), err);
    assert_int_equal(low, 0);
    assert_int_equal(high, 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(lab_produce(l, topic, 2, "x"), i);
    lab_forget(l, topic, 2, 2);
    assert_ok(rlv_broker_bounds(l->broker, topic, 2, LAB_TIMEOUT_MS, &low, &high, &err), err);
    assert_int_equal(low, 2);
    assert_int_equal(high, 3);
    assert_ok(rlv_broker_bounds(l->broker, topic, 1, LAB_TIMEOUT_MS, &low, &high, &err), err);
    assert_int_equal(high, 0);
    low = high = 77;
    assert_int_not_equal(rlv_broker_bounds(l->broker, topic, 99, 1000, &low, &high, &err), RLV_OK);
    assert_non_null(strstr(err.message, topic));
    assert_int_equal(low + high, 154); /* untouched */
}

static void commit_one(lab *l, int32_t lane, const char *value)
{
    rlv_publisher *p;
    rlv_error err;
    assert_ok(rlv_publisher_new(l->broker, &l->config, lane, &p, &err), err);
    assert_ok(rlv_publisher_begin(p, &err), err);
    assert_ok(rlv_publisher_add(p, l->config.topics.progress, RLV_STR("k"), rlv_str_from(value), NULL, &err),
              err);
    assert_ok(rlv_publisher_commit(p, &err), err);
    rlv_publisher_free(p);
}

/* Leaves a transaction of n records unfinished; the next publisher's fence aborts it. */
static void abandon(lab *l, int32_t lane, int n)
{
    rlv_publisher *p;
    rlv_error err;
    assert_ok(rlv_publisher_new(l->broker, &l->config, lane, &p, &err), err);
    assert_ok(rlv_publisher_begin(p, &err), err);
    for (int i = 0; i < n; i++)
        assert_ok(rlv_publisher_add(p, l->config.topics.progress, RLV_STR("k"), RLV_STR("aborted"), NULL, &err),
                  err);
    int64_t low, high = 0, before;
    assert_ok(
        rlv_broker_bounds(l->broker, l->config.topics.progress, lane, LAB_TIMEOUT_MS, &low, &before, &err),
        err);
    for (int i = 0; i < 400 && high < before + n; i++) { /* they are in Kafka, only not committed */
        rlv_clock_sleep_ms(25);
        assert_ok(
            rlv_broker_bounds(l->broker, l->config.topics.progress, lane, LAB_TIMEOUT_MS, &low, &high, &err),
            err);
        if (i == 0 && high > before)
            before = high - n > before ? high - n : before;
    }
    rlv_publisher_free(p);
    assert_ok(rlv_publisher_new(l->broker, &l->config, lane, &p, &err), err);
    rlv_publisher_free(p);
}

static const char *last_of(lab *l, int32_t partition)
{
    rlv_error err;
    rlv_str last = RLV_STR("untouched");
    assert_ok(rlv_broker_last_record(l->broker, l->config.topics.progress, partition, LAB_TIMEOUT_MS,
                                     l->arena, &last, &err),
              err);
    return rlv_arena_printf(l->arena, "%.*s", RLV_STR_ARG(last));
}

static void test_the_last_record(void **state)
{
    lab *l = *state;
    assert_string_equal(last_of(l, 0), "");
    abandon(l, 0, 3); /* nothing but what was never committed */
    assert_string_equal(last_of(l, 0), "");
    commit_one(l, 0, "one");
    assert_string_equal(last_of(l, 0), "one"); /* a marker follows it */
    commit_one(l, 0, "two");
    assert_string_equal(last_of(l, 0), "two");
    abandon(l, 0, 5);
    assert_string_equal(last_of(l, 0), "two");
    abandon(l, 0, 700); /* further back than the first looks */
    assert_string_equal(last_of(l, 0), "two");
    commit_one(l, 0, "three");
    assert_string_equal(last_of(l, 0), "three");
    assert_string_equal(last_of(l, 1), ""); /* another lane's partition */
    rlv_error err;
    rlv_str last = RLV_STR("untouched");
    assert_int_not_equal(
        rlv_broker_last_record(l->broker, l->config.topics.progress, 99, 1000, l->arena, &last, &err),
        RLV_OK);
    assert_true(rlv_str_is(last, "untouched"));
}

/* Somebody's transaction that does not end: one record at partition 0 of the topic. */
static rd_kafka_t *leave_open(lab *l, const char *topic)
{
    char why[256], id[64], within[] = "within";
    (void)snprintf(id, sizeof(id), "%sstranger", l->prefix);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", l->property.value, why, sizeof(why)), RD_KAFKA_CONF_OK);
    assert_int_equal(rd_kafka_conf_set(conf, "transactional.id", id, why, sizeof(why)), RD_KAFKA_CONF_OK);
    assert_int_equal(rd_kafka_conf_set(conf, "transaction.timeout.ms", "600000", why, sizeof(why)), RD_KAFKA_CONF_OK);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    assert_non_null(rk);
    assert_null(rd_kafka_init_transactions(rk, LAB_TIMEOUT_MS));
    assert_null(rd_kafka_begin_transaction(rk));
    assert_int_equal(rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_VALUE(within, 6),
                                       RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
                     0);
    assert_int_equal(rd_kafka_flush(rk, LAB_TIMEOUT_MS), 0);
    return rk;
}

static void assert_says(const rlv_error *err, const char *words)
{
    if (!strstr(err->message, words) || !strstr(err->message, "\"A transaction without an end\" in docs/operating.md"))
        fail_msg("%s", err->message);
}

/* It says where it stands, and when the transaction ends after all the record is given. */
static void test_a_transaction_without_an_end(void **state)
{
    lab *l = *state;
    rlv_error err;
    rlv_str last = RLV_STR("untouched");
    const char *topic = lab_topic(l, "endless", 1);
    (void)lab_produce(l, topic, 0, "before");
    assert_int_equal(rlv_broker_obstructed(l->broker, topic, 0, LAB_TIMEOUT_MS, &err), 0);
    rd_kafka_t *rk = leave_open(l, topic);

    assert_int_equal(rlv_broker_last_record(l->broker, topic, 0, 1500, l->arena, &last, &err), RLV_E_UNAVAILABLE);
    assert_says(&err, "endless[0] is open since offset 1, nothing behind it is read, to offset 2");
    assert_true(rlv_str_is(last, "untouched"));
    err = (rlv_error){0};
    assert_int_equal(rlv_broker_obstructed(l->broker, topic, 0, LAB_TIMEOUT_MS, &err), 1);
    assert_int_equal(err.code, RLV_E_UNAVAILABLE);
    assert_says(&err, "endless[0] is open since offset 1");
    assert_true(rlv_broker_obstructed(l->broker, topic, 99, 1000, &err) < 0); /* no such partition */

    assert_null(rd_kafka_commit_transaction(rk, LAB_TIMEOUT_MS));
    assert_ok(rlv_broker_last_record(l->broker, topic, 0, LAB_TIMEOUT_MS, l->arena, &last, &err), err);
    assert_true(rlv_str_is(last, "within"));
    assert_int_equal(rlv_broker_obstructed(l->broker, topic, 0, LAB_TIMEOUT_MS, &err), 0);
    rd_kafka_destroy(rk);
}

/* What readers of a lane's output stand before is named, in each of its topics, and in no other lane's partition. */
static void test_readers_of_a_lane(void **state)
{
    lab *l = *state;
    rlv_error err;
    rlv_publisher *mine, *other;
    const char *const topics[] = {l->config.topics.decisions, l->config.topics.ownership, l->config.topics.outbound,
                                  l->config.topics.effects, l->config.topics.progress};
    assert_ok(rlv_publisher_new(l->broker, &l->config, 0, &mine, &err), err);
    assert_ok(rlv_publisher_new(l->broker, &l->config, 1, &other, &err), err);
    for (size_t i = 0; i < sizeof(topics) / sizeof(*topics); i++) {
        assert_ok(rlv_publisher_check_readers(mine, 0, &err), err);
        rd_kafka_t *rk = leave_open(l, topics[i]);
        assert_int_equal(rlv_publisher_check_readers(mine, 200, &err), RLV_E_UNAVAILABLE);
        assert_says(&err, rlv_arena_printf(l->arena, "a transaction in %s[0] is open since offset", topics[i]));
        assert_ok(rlv_publisher_check_readers(other, 0, &err), err);
        assert_null(rd_kafka_abort_transaction(rk, LAB_TIMEOUT_MS));
        assert_ok(rlv_publisher_check_readers(mine, LAB_TIMEOUT_MS, &err), err);
        rd_kafka_destroy(rk);
    }
    rlv_publisher_free(mine);
    rlv_publisher_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_topics_fit),   cmocka_unit_test(test_a_missing_topic),
        cmocka_unit_test(test_a_missing_dead_letter_topic),
        cmocka_unit_test(test_different_counts), cmocka_unit_test(test_nobody_answers),
        cmocka_unit_test(test_properties),       cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_the_last_record),
        cmocka_unit_test(test_a_transaction_without_an_end),
        cmocka_unit_test(test_readers_of_a_lane),
    };
    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
