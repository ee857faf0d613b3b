/* SPDX-License-Identifier: Apache-2.0 */
/* The output of a lane: transactions, and the fence between two owners of it. */
#include <stdio.h>

#include "lab.h"

static rlv_publisher *take(lab *l, int32_t lane)
{
    rlv_publisher *p;
    rlv_error err;
    assert_ok(rlv_publisher_new(l->broker, &l->config, lane, &p, &err), err);
    return p;
}

static void add(rlv_publisher *p, const char *topic, const char *value)
{
    rlv_error err;
    assert_ok(rlv_publisher_add(p, topic, RLV_STR("key"), rlv_str_from(value), NULL, &err), err);
}

static void begin(rlv_publisher *p)
{
    rlv_error err;
    assert_ok(rlv_publisher_begin(p, &err), err);
}

static void assert_seen(lab *l, const char *topic, int32_t partition, const char *want)
{
    assert_string_equal(lab_read(l, topic, partition, "read_committed"), want);
}

static void test_a_commit_is_seen(void **state)
{
    lab *l = *state;
    rlv_error err;
    const char *a = l->config.topics.decisions, *b = l->config.topics.ownership;
    rlv_publisher *p = take(l, 1);
    begin(p);
    add(p, a, "one");
    add(p, b, "uno");
    add(p, a, "two");
    assert_string_equal(lab_read(l, a, 1, "read_committed"), "");
    assert_ok(rlv_publisher_commit(p, &err), err);
    assert_seen(l, a, 1, "one two ");
    assert_seen(l, b, 1, "uno ");
    assert_string_equal(lab_read(l, a, 0, "read_committed"), ""); /* the lane's own partition, explicitly */
    static const char *const more[] = {"three", "four", "five"};
    for (int i = 0; i < 3; i++) { /* the producers take turns; order stays */
        begin(p);
        add(p, a, more[i]);
        assert_ok(rlv_publisher_commit(p, &err), err);
    }
    begin(p); /* an empty transaction is none */
    assert_ok(rlv_publisher_commit(p, &err), err);
    assert_seen(l, a, 1, "one two three four five ");
    rlv_publisher_free(p);
    rlv_publisher_free(NULL);
}

static void wait_for_records(lab *l, const char *topic, int32_t lane, int64_t n)
{
    rlv_error err;
    int64_t low, high = 0;
    for (int i = 0; i < 400 && high < n; i++) {
        rlv_clock_sleep_ms(25);
        assert_ok(rlv_broker_bounds(l->broker, topic, lane, LAB_TIMEOUT_MS, &low, &high, &err), err);
    }
    assert_true(high >= n);
}

static void test_an_abandoned_transaction(void **state)
{
    lab *l = *state;
    rlv_error err;
    const char *topic = l->config.topics.outbound;
    rlv_publisher *p = take(l, 0);
    begin(p);
    add(p, topic, "never");
    wait_for_records(l, topic, 0, 1);
    rlv_publisher_free(p);
    p = take(l, 0);
    assert_string_equal(lab_read(l, topic, 0, "read_committed"), "");
    assert_string_equal(lab_read(l, topic, 0, "read_uncommitted"), "never ");
    begin(p);
    add(p, topic, "after");
    assert_ok(rlv_publisher_commit(p, &err), err);
    assert_seen(l, topic, 0, "after ");
    rlv_publisher_free(p);
}

/* Two owners of one lane: the later one wins, with both of the producers. */
static void test_the_fence(void **state)
{
    lab *l = *state;
    rlv_error err;
    const char *topic = l->config.topics.effects;
    for (int turns = 0; turns < 2;
         turns++) { /* the first of them, then the second, holds the open transaction */
        rlv_publisher *old = take(l, 2);
        if (turns) {
            begin(old);
            assert_ok(rlv_publisher_commit(old, &err), err);
        }
        begin(old);
        add(old, topic, "from the grave");
        rlv_publisher *young = take(l, 2);
        assert_int_equal(rlv_publisher_commit(old, &err), RLV_E_FENCED);
        assert_non_null(strstr(err.message, "lane 2"));
        begin(young);
        add(young, topic, turns ? "second" : "first");
        assert_ok(rlv_publisher_commit(young, &err), err);
        rlv_publisher_free(old);
        rlv_publisher_free(young);
    }
    assert_seen(l, topic, 2, "first second ");
}

static void test_lanes_do_not_fence_each_other(void **state)
{
    lab *l = *state;
    rlv_error err;
    const char *topic = l->config.topics.results;
    rlv_publisher *zero = take(l, 0), *one = take(l, 1);
    begin(zero);
    begin(one);
    add(zero, topic, "zero");
    add(one, topic, "one");
    assert_ok(rlv_publisher_commit(zero, &err), err);
    assert_ok(rlv_publisher_commit(one, &err), err);
    assert_seen(l, topic, 0, "zero ");
    assert_seen(l, topic, 1, "one ");
    rlv_publisher_free(zero);
    rlv_publisher_free(one);
}

/* What goes on in another lane is in that one's partition, and in this one's transaction. */
static void test_into_another_lane(void **state)
{
    lab *l = *state;
    rlv_error err;
    const char *topic = lab_topic(l, "forwarded", LAB_PARTITIONS);
    rlv_publisher *p = take(l, 1);
    begin(p);
    add(p, topic, "mine");
    assert_ok(rlv_publisher_add_to(p, topic, 2, RLV_STR("key"), RLV_STR("theirs"), NULL, &err), err);
    wait_for_records(l, topic, 2, 1);
    assert_string_equal(lab_read(l, topic, 2, "read_committed"), ""); /* its readers wait */
    assert_ok(rlv_publisher_commit(p, &err), err);
    assert_seen(l, topic, 2, "theirs ");
    assert_seen(l, topic, 1, "mine ");

    begin(p); /* a lane that is none: nothing of the transaction is seen */
    add(p, topic, "never");
    int rc = rlv_publisher_add_to(p, topic, LAB_PARTITIONS, RLV_STR("key"), RLV_STR("nowhere"), NULL, &err);
    if (rc == RLV_OK)
        rc = rlv_publisher_commit(p, &err);
    assert_int_not_equal(rc, RLV_OK);
    rlv_publisher_free(p);
    p = take(l, 1);
    assert_string_equal(lab_read(l, topic, 1, "read_committed"), "mine ");
    rlv_publisher_free(p);
}

/* ---- traces ---- */

static rlv_trace traces[8];

static void see_trace(lab *l, const rd_kafka_message_t *m)
{
    (void)l;
    traces[m->offset] = rlv_broker_trace(m);
}

static void test_traces(void **state)
{
    lab *l = *state;
    rlv_error err;
    const char *topic = lab_topic(l, "traced", LAB_PARTITIONS);
    const rlv_trace trace = rlv_trace_begin(), none = {.flags = 0};
    rlv_publisher *p = take(l, 1);
    assert_null(rlv_broker_traced(NULL));
    assert_null(rlv_broker_traced(&none));
    begin(p);
    assert_ok(rlv_publisher_add(p, topic, RLV_STR("key"), RLV_STR("of a trace"), &trace, &err), err);
    assert_ok(rlv_publisher_add(p, topic, RLV_STR("key"), RLV_STR("of none"), &none, &err), err);
    const rlv_str malformed[][2] = {{RLV_STR(RLV_TRACE_HEADER), RLV_STR("junk")}}; /* as a bridge may write it */
    assert_ok(rlv_publisher_add_dead(p, topic, RLV_STR("key"), RLV_STR("malformed"), malformed, 1, &err), err);
    assert_ok(rlv_publisher_commit(p, &err), err);
    assert_seen(l, topic, 1, "of a trace of none malformed ");
    lab_each(l, topic, 1, "read_committed", see_trace);
    assert_memory_equal(&traces[0], &trace, sizeof(trace));
    assert_true(rlv_trace_none(&traces[1]));
    assert_true(rlv_trace_none(&traces[2]));
    rlv_publisher_free(p);
}

static const rlv_str headers[][2] = {{{"__connect.errors.topic", 22}, {"whatsapp.events.v1", 18}},
                                     {{"__connect.errors.exception.message", 34}, {"not Avro", 8}}};
static int seen;

static void see_headers(lab *l, const rd_kafka_message_t *m)
{
    (void)l;
    rd_kafka_headers_t *list = NULL;
    assert_int_equal(rd_kafka_message_headers(m, &list), 0);
    assert_int_equal(rd_kafka_header_cnt(list), 2);
    for (size_t i = 0; i < 2; i++) {
        const char *name;
        const void *value;
        size_t size;
        assert_int_equal(rd_kafka_header_get_all(list, i, &name, &value, &size), 0);
        assert_string_equal(name, headers[i][0].ptr);
        assert_int_equal(size, headers[i][1].len);
        assert_memory_equal(value, headers[i][1].ptr, size);
    }
    assert_int_equal(m->len, 4);
    assert_memory_equal(m->payload, "\0\xFF\n!", 4);
    assert_int_equal(m->key_len, 2);
    assert_memory_equal(m->key, "\0k", 2);
    seen++;
}

static void test_dead_letters(void **state)
{
    lab *l = *state;
    rlv_error err;
    const char *topic = lab_topic(l, "dead", LAB_PARTITIONS);
    rlv_publisher *p = take(l, 0);
    begin(p);
    assert_ok(rlv_publisher_add_dead(p, topic, RLV_STR("\0k"), RLV_STR("\0\xFF\n!"), headers, 2, &err), err);
    assert_ok(rlv_publisher_commit(p, &err), err);
    lab_each(l, topic, 0, "read_committed", see_headers);
    assert_int_equal(seen, 1);
    rlv_publisher_free(p);
}

static int64_t begun_ms;

static void see_time(lab *l, const rd_kafka_message_t *m)
{
    (void)l;
    rd_kafka_timestamp_type_t type;
    assert_in_range(rd_kafka_message_timestamp(m, &type), begun_ms, rlv_clock_wall_ms());
    assert_int_equal(m->key_len, 3);
    seen++;
}

/* Retention counts from the publishing: with the event's own time, what is published late is deleted at once. */
static void test_the_timestamp_is_now(void **state)
{
    lab *l = *state;
    begun_ms = rlv_clock_wall_ms();
    rlv_error err;
    const char *topic = l->config.topics.progress;
    rlv_publisher *p = take(l, 0);
    begin(p);
    add(p, topic, "x");
    assert_ok(rlv_publisher_commit(p, &err), err);
    seen = 0;
    lab_each(l, topic, 0, "read_committed", see_time);
    assert_int_equal(seen, 1);
    rlv_publisher_free(p);
}

/* A record that Kafka refuses makes the commit fail: nothing of the transaction is seen. */
static void test_a_refused_record(void **state)
{
    lab *l = *state;
    rlv_error err;
    const char *topic = l->config.topics.decisions;
    size_t size = (size_t)3 << 20; /* over the topic's message.max.bytes; nothing in it compresses it away */
    char *large = rlv_arena_alloc(l->arena, size);
    assert_non_null(large);
    memset(large, 'x', size);
    rlv_publisher *p = take(l, 0);
    begin(p);
    add(p, topic, "beside it");
    int rc = rlv_publisher_add(p, topic, RLV_STR("key"), (rlv_str){large, size}, NULL, &err);
    if (rc == RLV_OK)
        rc = rlv_publisher_commit(p, &err);
    assert_int_not_equal(rc, RLV_OK);
    rlv_publisher_free(p);
    p = take(l, 0);
    assert_string_equal(lab_read(l, topic, 0, "read_committed"), "");
    rlv_publisher_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_commit_is_seen),
        cmocka_unit_test(test_an_abandoned_transaction),
        cmocka_unit_test(test_the_fence),
        cmocka_unit_test(test_lanes_do_not_fence_each_other),
        cmocka_unit_test(test_into_another_lane),
        cmocka_unit_test(test_traces),
        cmocka_unit_test(test_dead_letters),
        cmocka_unit_test(test_the_timestamp_is_now),
        cmocka_unit_test(test_a_refused_record),
    };
    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
