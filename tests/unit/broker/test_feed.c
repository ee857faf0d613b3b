/* SPDX-License-Identifier: Apache-2.0 */
/* The input of a lane: from exactly this offset, in order, and never a jump. */
#include <poll.h>

#include "lab.h"

/* The next record within a while; what rlv_feed_next said. */
static int next_soon(rlv_feed *feed, rlv_fetched *ret, rlv_error *err)
{
    for (int64_t deadline_us = rlv_clock_mono_us() + LAB_TIMEOUT_MS * 1000;
         rlv_clock_mono_us() < deadline_us;) {
        int got = rlv_feed_next(feed, ret, err);
        if (got != 0)
            return got;
        struct pollfd pfd = {.fd = rlv_feed_fd(feed), .events = POLLIN};
        (void)poll(&pfd, 1, 1000);
    }
    return 0;
}

static void expect(rlv_feed *feed, size_t topic, int64_t offset, const char *value)
{
    rlv_fetched f;
    rlv_error err = {0};
    int got = next_soon(feed, &f, &err);
    if (got != 1)
        fail_msg("%d instead of %s: %s", got, value, err.message);
    assert_int_equal(f.topic, topic);
    assert_int_equal(f.offset, offset);
    assert_true(rlv_str_is(f.value, value));
    assert_true(rlv_str_is(f.key, "key"));
    assert_true(f.append_ms > 1700000000000);
    rlv_fetched_free(&f);
    rlv_fetched_free(&f); /* harmless */
}

static rlv_feed *start(lab *l, int32_t lane, const char *const *topics, const int64_t *next, size_t n)
{
    rlv_feed *feed;
    rlv_error err;
    assert_ok(rlv_feed_start(l->broker, lane, topics, next, n, &feed, &err), err);
    return feed;
}

static void test_from_an_exact_offset(void **state)
{
    lab *l = *state;
    const char *topic = lab_topic(l, "exact", LAB_PARTITIONS);
    static const char *const values[] = {"a", "b", "c", "d", "e"};
    for (int i = 0; i < 5; i++)
        (void)lab_produce(l, topic, 1, values[i]);
    (void)lab_produce(l, topic, 0, "another partition");
    rlv_feed *feed = start(l, 1, &topic, (const int64_t[]){2}, 1);
    assert_int_equal(rlv_feed_end(feed, 0), -1); /* not reached yet */
    for (int64_t i = 2; i < 5; i++)
        expect(feed, 0, i, values[i]);
    rlv_fetched f;
    rlv_error err;
    rlv_clock_sleep_ms(300); /* past the end-of-partition event too */
    assert_int_equal(rlv_feed_next(feed, &f, &err), 0);
    assert_int_equal(rlv_feed_end(feed, 0), 5);
    assert_int_equal(rlv_feed_lag(feed, 0, 5), 0);
    assert_int_equal(rlv_feed_lag(feed, 0, 3), 2);
    struct pollfd pfd = {.fd = rlv_feed_fd(feed), .events = POLLIN};
    assert_int_equal(poll(&pfd, 1, 0), 0); /* drained: it would sleep */
    (void)lab_produce(l, topic, 1, "f");
    assert_int_equal(poll(&pfd, 1, LAB_TIMEOUT_MS), 1);
    expect(feed, 0, 5, "f");
    rlv_feed_stop(feed);
    feed = start(l, 1, &topic, (const int64_t[]){0}, 1); /* again, from elsewhere */
    expect(feed, 0, 0, "a");
    rlv_feed_stop(feed);
    feed = start(l, 1, &topic, (const int64_t[]){6}, 1); /* the very end is no jump */
    (void)lab_produce(l, topic, 1, "g");
    expect(feed, 0, 6, "g");
    rlv_feed_stop(feed);
    rlv_feed_stop(NULL);
}

static void refused_at(lab *l, const char *topic, int64_t offset)
{
    rlv_fetched f;
    rlv_error err = {0};
    rlv_feed *feed = start(l, 2, &topic, &offset, 1);
    assert_int_equal(next_soon(feed, &f, &err), -RLV_E_REFUSED);
    assert_non_null(strstr(err.message, topic));
    rlv_feed_stop(feed);
}

static void test_offsets_that_kafka_does_not_have(void **state)
{
    lab *l = *state;
    const char *topic = lab_topic(l, "range", LAB_PARTITIONS);
    for (int i = 0; i < 4; i++)
        (void)lab_produce(l, topic, 2, "x");
    refused_at(l, topic, 100);
    lab_forget(l, topic, 2, 3);
    refused_at(l, topic, 1);
}

static void test_two_topics(void **state)
{
    lab *l = *state;
    const char *const topics[] = {lab_topic(l, "two-a", LAB_PARTITIONS),
                                  lab_topic(l, "two-b", LAB_PARTITIONS)};
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++)
            (void)lab_produce(l, topics[k], 0, k ? "of b" : "of a");
    rlv_feed *feed = start(l, 0, topics, (const int64_t[]){1, 2}, 2);
    int64_t next[2] = {1, 2};
    for (int i = 0; i < 3; i++) {
        rlv_fetched f;
        rlv_error err;
        assert_int_equal(next_soon(feed, &f, &err), 1);
        assert_true(f.topic < 2);
        assert_int_equal(f.offset, next[f.topic]++);
        assert_true(rlv_str_is(f.value, f.topic ? "of b" : "of a"));
        rlv_fetched_free(&f);
    }
    assert_int_equal(next[0], 3);
    assert_int_equal(next[1], 3);
    rlv_feed_stop(feed);
}

/* Two lanes of one process read through one client: each only its own partition. */
static void test_two_lanes(void **state)
{
    lab *l = *state;
    const char *topic = lab_topic(l, "lanes", LAB_PARTITIONS);
    (void)lab_produce(l, topic, 0, "zero");
    (void)lab_produce(l, topic, 1, "one");
    rlv_feed *zero = start(l, 0, &topic, (const int64_t[]){0}, 1),
             *one = start(l, 1, &topic, (const int64_t[]){0}, 1);
    expect(zero, 0, 0, "zero");
    expect(one, 0, 0, "one");
    rlv_feed_stop(zero);
    (void)lab_produce(l, topic, 1, "and on");
    expect(one, 0, 1, "and on");
    rlv_feed_stop(one);
}

static void test_only_what_was_committed(void **state)
{
    lab *l = *state;
    const char *topic = lab_topic(l, "isolation", LAB_PARTITIONS);
    rlv_publisher *p;
    rlv_error err;
    assert_ok(rlv_publisher_new(l->broker, &l->config, 0, &p, &err), err);
    assert_ok(rlv_publisher_begin(p, &err), err);
    assert_ok(rlv_publisher_add(p, topic, RLV_STR("key"), RLV_STR("never"), NULL, &err), err);
    int64_t low, high = 0;
    for (int i = 0; i < 400 && high == 0; i++) {
        rlv_clock_sleep_ms(25);
        assert_ok(rlv_broker_bounds(l->broker, topic, 0, LAB_TIMEOUT_MS, &low, &high, &err), err);
    }
    assert_int_equal(high, 1);
    rlv_publisher_free(p);
    assert_ok(rlv_publisher_new(l->broker, &l->config, 0, &p, &err), err);
    assert_ok(rlv_publisher_begin(p, &err), err);
    assert_ok(rlv_publisher_add(p, topic, RLV_STR("key"), RLV_STR("told"), NULL, &err), err);
    assert_ok(rlv_publisher_commit(p, &err), err);
    rlv_feed *feed = start(l, 0, &topic, (const int64_t[]){0}, 1);
    expect(feed, 0, 2, "told"); /* 0: aborted, 1: its marker */
    rlv_feed_stop(feed);
    rlv_publisher_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_from_an_exact_offset),
        cmocka_unit_test(test_offsets_that_kafka_does_not_have),
        cmocka_unit_test(test_two_topics),
        cmocka_unit_test(test_two_lanes),
        cmocka_unit_test(test_only_what_was_committed),
    };
    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
