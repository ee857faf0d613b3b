/* SPDX-License-Identifier: Apache-2.0 */
/* The group: which lanes are ours, and the offsets that lag tools look at. */
#include "lab.h"

struct member {
    rlv_membership *membership;
    int32_t lanes[LAB_PARTITIONS * 2];
    size_t n;
    int assigned, revoked;
};

static void on_assigned(void *context, const int32_t *lanes, size_t n)
{
    struct member *m = context;
    assert_true(n <= sizeof(m->lanes) / sizeof(*m->lanes));
    memcpy(m->lanes, lanes, n * sizeof(*lanes));
    m->n = n;
    m->assigned++;
}

static void on_revoked(void *context)
{
    struct member *m = context;
    m->n = 0;
    m->revoked++;
}

static void join(lab *l, struct member *m)
{
    rlv_error err;
    const rlv_membership_callbacks callbacks = {m, on_assigned, on_revoked};
    assert_ok(rlv_membership_join(l->broker, &l->config, &callbacks, &m->membership, &err), err);
}

/* Polls all members until every lane is somebody's and nobody has none. */
static void settle(struct member *first, struct member *second)
{
    rlv_error err;
    for (int64_t deadline_us = rlv_clock_mono_us() + 3 * LAB_TIMEOUT_MS * 1000;
         rlv_clock_mono_us() < deadline_us;) {
        assert_ok(rlv_membership_poll(first->membership, 20, &err), err);
        if (second)
            assert_ok(rlv_membership_poll(second->membership, 20, &err), err);
        if (first->n && first->n + (second ? second->n : 0) == LAB_PARTITIONS && (!second || second->n))
            return;
    }
    fail_msg("the group does not settle: %zu lanes", first->n);
}

static void test_alone(void **state)
{
    lab *l = *state;
    struct member m = {0};
    join(l, &m);
    assert_int_equal(m.assigned, 0); /* told by poll only */
    settle(&m, NULL);
    assert_int_equal(m.assigned, 1);
    assert_int_equal(m.revoked, 0);
    for (int32_t i = 0; i < LAB_PARTITIONS; i++)
        assert_int_equal(m.lanes[i], i); /* each once, though two topics have it */

    const char *const topics[] = {l->events[0], l->events[1]};
    (void)lab_produce(l, l->events[0], 1, "x");
    rlv_membership_commit(m.membership, topics, (const int64_t[]){1, -1}, 2, 1);
    int64_t committed = -1001;
    rlv_error err;
    for (int i = 0; i < 100 && committed != 1; i++) {
        assert_ok(rlv_membership_poll(m.membership, 50, &err), err);
        committed = lab_committed(l, l->config.consume.group, l->events[0], 1);
    }
    assert_int_equal(committed, 1);
    assert_int_equal(lab_committed(l, l->config.consume.group, l->events[1], 1),
                     -1001); /* -1: nothing to tell */
    rlv_membership_leave(m.membership);
    assert_int_equal(m.revoked, 1);
    rlv_membership_leave(NULL);
}

static void test_two_members(void **state)
{
    lab *l = *state;
    struct member a = {0}, b = {0};
    join(l, &a);
    settle(&a, NULL);
    join(l, &b);
    settle(&a, &b);
    assert_true(a.revoked >= 1); /* everything is revoked first, then given again */
    assert_int_equal(a.assigned, a.revoked + 1);
    int owners[LAB_PARTITIONS] = {0};
    for (size_t i = 0; i < a.n; i++)
        owners[a.lanes[i]]++;
    for (size_t i = 0; i < b.n; i++)
        owners[b.lanes[i]]++;
    for (int i = 0; i < LAB_PARTITIONS; i++)
        assert_int_equal(owners[i], 1);
    rlv_membership_leave(b.membership);
    assert_int_equal(b.revoked, b.assigned);
    settle(&a, NULL);
    rlv_membership_leave(a.membership);
    assert_int_equal(a.n, 0);
}

/* Polls until the group's news is no success. */
static int bad_news(struct member *m, rlv_error *err)
{
    for (int64_t deadline_us = rlv_clock_mono_us() + 3 * LAB_TIMEOUT_MS * 1000;
         rlv_clock_mono_us() < deadline_us;) {
        int rc = rlv_membership_poll(m->membership, 100, err);
        if (rc != RLV_OK)
            return rc;
    }
    fail_msg("the group has nothing to say");
    return RLV_OK;
}

/* Another client that joins as this instance. */
static rd_kafka_t *impostor(lab *l)
{
    const char *const own[][2] = {{"bootstrap.servers", l->config.kafka[0].value},
                                  {"group.id", l->config.consume.group},
                                  {"group.instance.id", l->config.consume.instance},
                                  {"partition.assignment.strategy", "range"},
                                  {"session.timeout.ms", "10000"}};
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
        assert_int_equal(rd_kafka_conf_set(conf, own[i][0], own[i][1], why, sizeof(why)), RD_KAFKA_CONF_OK);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    assert_non_null(rk);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(2);
    for (size_t i = 0; i < l->config.topics.n_events; i++)
        (void)rd_kafka_topic_partition_list_add(topics, l->config.topics.events[i], RD_KAFKA_PARTITION_UA);
    assert_int_equal(rd_kafka_subscribe(rk, topics), 0);
    rd_kafka_topic_partition_list_destroy(topics);
    return rk;
}

/* Drives it until the group has let it in. */
static void wait_in(rd_kafka_t *rk)
{
    rd_kafka_topic_partition_list_t *mine = NULL;
    for (int64_t deadline_us = rlv_clock_mono_us() + 3 * LAB_TIMEOUT_MS * 1000;
         rlv_clock_mono_us() < deadline_us;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, 100);
        if (message)
            rd_kafka_message_destroy(message);
        if (rd_kafka_assignment(rk, &mine) == 0) {
            int n = mine->cnt;
            rd_kafka_topic_partition_list_destroy(mine);
            if (n)
                return;
        }
    }
    fail_msg("the group does not take the other client");
}

/* Started twice with one instance: the first one must go, and know why. (That it comes back when nobody displaced it is shown by
   tests/faults/test_zombie_stages.py: the group must lose sight of it at the right moment.) */
static void test_displaced(void **state)
{
    lab *l = *state;
    struct member m = {0};
    rlv_error err;
    l->config.consume.instance = "pod-1";
    join(l, &m);
    settle(&m, NULL);
    rd_kafka_t *other = impostor(l);
    wait_in(other);
    assert_int_equal(bad_news(&m, &err), RLV_E_FENCED);
    assert_non_null(strstr(err.message, "another process is consume.instance 'pod-1'"));
    rlv_membership_leave(m.membership);
    assert_int_equal(m.n, 0);
    (void)rd_kafka_consumer_close(other);
    rd_kafka_destroy(other);
    l->config.consume.instance = "";
}

static void test_a_bad_property(void **state)
{
    lab *l = *state;
    rlv_error err;
    rlv_config config = l->config;
    rlv_config_property wrong = {"no.such.property", "1", 9};
    rlv_membership *membership = NULL;
    const rlv_membership_callbacks callbacks = {NULL, on_assigned, on_revoked};
    config.kafka = &wrong;
    assert_int_equal(rlv_membership_join(l->broker, &config, &callbacks, &membership, &err), RLV_E_CONFIG);
    assert_non_null(strstr(err.message, "relevo.yaml:9"));
    assert_null(membership);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_alone), cmocka_unit_test(test_two_members),
                                       cmocka_unit_test(test_a_bad_property),
                                       cmocka_unit_test(test_displaced)};
    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
