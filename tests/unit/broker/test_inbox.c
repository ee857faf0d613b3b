/* SPDX-License-Identifier: Apache-2.0 */
/* Records worked through at least once: a position is before the first unfinished one, whatever was done after it. */
#include <poll.h>
#include <stdio.h>

#include "lab.h"

enum {
    ROOM = 16
};

static char group[64];
static const char *topics[2];

typedef struct box {
    rlv_inbox *inbox;
    rlv_letter letters[ROOM];
    size_t n;
    int revoked;
} box;

static void on_revoked(void *context)
{
    box *b = context;
    b->revoked++;
}

/* Topics and a group that no other test has. */
static void fresh(lab *l, const char *name)
{
    char topic[32];
    (void)snprintf(group, sizeof(group), "%s%s", l->prefix, name);
    (void)snprintf(topic, sizeof(topic), "%s-a", name);
    topics[0] = lab_topic(l, topic, LAB_PARTITIONS);
    (void)snprintf(topic, sizeof(topic), "%s-b", name);
    topics[1] = lab_topic(l, topic, LAB_PARTITIONS);
}

static void open_box(lab *l, box *b)
{
    rlv_error err;
    *b = (box){0};
    assert_ok(rlv_inbox_open(&l->config, group, topics, 2, on_revoked, b, &b->inbox, &err), err);
}

/* One look. */
static void look(box *b, bool want)
{
    rlv_error err;
    assert_true(b->n < ROOM);
    int rc = rlv_inbox_next(b->inbox, want, &b->letters[b->n], &err);
    if (rc < 0)
        fail_msg("%s", err.message);
    b->n += (size_t)rc;
    if (!rc)
        rlv_clock_sleep_ms(5);
}

#define wait_until(what, looks)                                                                              \
    do {                                                                                                     \
        int64_t until_us_ = rlv_clock_mono_us() + 3 * LAB_TIMEOUT_MS * INT64_C(1000);                          \
        while (!(what)) {                                                                                    \
            looks;                                                                                           \
            if (rlv_clock_mono_us() > until_us_)                                                             \
                fail_msg("in vain: " #what);                                                                 \
        }                                                                                                    \
    } while (0)

static void assert_letter(const rlv_letter *letter, size_t topic, int32_t partition, const char *value)
{
    assert_int_equal(letter->topic, topic);
    assert_int_equal(letter->partition, partition);
    assert_int_equal(letter->value.len, strlen(value));
    assert_memory_equal(letter->value.ptr, value, letter->value.len);
}

/* The offset that the group has, once it is this one: commits are not waited for. */
static void await_committed(lab *l, box *b, size_t topic, int32_t partition, int64_t offset)
{
    wait_until(lab_committed(l, group, topics[topic], partition) == offset, look(b, false));
}

static void test_the_first_unfinished_one(void **state)
{
    lab *l = *state;
    box b;
    fresh(l, "unfinished");
    static const char *const values[] = {"0", "1", "2", "3"};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(lab_produce(l, topics[0], 1, values[i]), i);
    (void)lab_produce(l, topics[1], 2, "other");
    open_box(l, &b);
    assert_false(rlv_inbox_member(b.inbox));
    assert_int_equal(rlv_inbox_assigned(b.inbox, 0), 0);
    wait_until(b.n == 5, look(&b, true)); /* a new group begins at the beginning */
    assert_true(rlv_inbox_member(b.inbox));
    assert_int_equal(rlv_inbox_assigned(b.inbox, 0), LAB_PARTITIONS);
    assert_int_equal(rlv_inbox_assigned(b.inbox, 1), LAB_PARTITIONS);
    const rlv_letter *mine[4] = {NULL};
    for (size_t i = 0, k = 0; i < 5; i++) {
        if (b.letters[i].topic == 1)
            assert_letter(&b.letters[i], 1, 2, "other");
        else
            assert_letter(mine[k] = &b.letters[i], 0, 1, values[k]), k++;
    }
    rlv_inbox_done(b.inbox, mine[2]);
    rlv_inbox_done(b.inbox, mine[0]); /* 1 and 3 are in hand */
    rlv_inbox_commit(b.inbox);
    await_committed(l, &b, 0, 1, 1);
    assert_int_equal(lab_committed(l, group, topics[1], 2), 0); /* given out, and not done */
    rlv_inbox_done(b.inbox, mine[1]);
    rlv_inbox_commit(b.inbox);
    await_committed(l, &b, 0, 1, 3);
    rlv_inbox_drop(mine[3]);
    for (size_t i = 0; i < 5; i++)
        if (b.letters[i].topic == 1)
            rlv_inbox_done(b.inbox, &b.letters[i]);
    assert_int_equal(b.n, 5); /* nothing came twice */
    rlv_inbox_close(b.inbox); /* commits by itself */
    assert_int_equal(lab_committed(l, group, topics[0], 1), 3);
    assert_int_equal(lab_committed(l, group, topics[1], 2), 1);

    open_box(l, &b); /* somebody else reads what was dropped, and nothing else */
    wait_until(b.n == 1, look(&b, true));
    assert_letter(&b.letters[0], 0, 1, "3");
    assert_int_equal(lab_produce(l, topics[0], 1, "4"), 4);
    struct pollfd ready = {rlv_inbox_fd(b.inbox), POLLIN, 0};
    wait_until(b.n == 2, {
        assert_true(poll(&ready, 1, LAB_TIMEOUT_MS) == 1); /* readable before there is something */
        look(&b, true);
    });
    assert_letter(&b.letters[1], 0, 1, "4");
    rlv_inbox_done(b.inbox, &b.letters[1]);
    rlv_inbox_done(b.inbox, &b.letters[0]);
    rlv_inbox_close(b.inbox);
    assert_int_equal(lab_committed(l, group, topics[0], 1), 5);
    rlv_inbox_close(NULL);
}

/* What is in an open transaction is not there yet, and what was aborted never was. */
static void test_only_what_is_committed(void **state)
{
    lab *l = *state;
    box b;
    rlv_error err;
    rlv_publisher *p;
    fresh(l, "committed");
    assert_ok(rlv_publisher_new(l->broker, &l->config, 0, &p, &err), err);
    assert_ok(rlv_publisher_begin(p, &err), err);
    assert_ok(rlv_publisher_add(p, topics[0], RLV_STR("k"), RLV_STR("never"), NULL, &err), err);
    int64_t low, high = 0;
    wait_until(high == 1, assert_ok(rlv_broker_bounds(l->broker, topics[0], 0, LAB_TIMEOUT_MS, &low, &high, &err), err));
    rlv_publisher_free(p);
    assert_ok(rlv_publisher_new(l->broker, &l->config, 0, &p, &err), err); /* aborts it */
    assert_ok(rlv_publisher_begin(p, &err), err);
    assert_ok(rlv_publisher_add(p, topics[0], RLV_STR("k"), RLV_STR("said"), NULL, &err), err);
    wait_until(high >= 3, assert_ok(rlv_broker_bounds(l->broker, topics[0], 0, LAB_TIMEOUT_MS, &low, &high, &err), err));
    open_box(l, &b);
    (void)lab_produce(l, topics[1], 0, "beside it");
    wait_until(b.n == 1, look(&b, true));
    assert_letter(&b.letters[0], 1, 0, "beside it");
    assert_ok(rlv_publisher_commit(p, &err), err);
    wait_until(b.n == 2, look(&b, true));
    assert_letter(&b.letters[1], 0, 0, "said");
    for (size_t i = 0; i < 2; i++)
        rlv_inbox_done(b.inbox, &b.letters[i]);
    rlv_inbox_close(b.inbox);
    rlv_publisher_free(p);
}

/* Who wants nothing stays a member and gets nothing; nothing is skipped then. */
static void test_wanting_nothing(void **state)
{
    lab *l = *state;
    box b;
    fresh(l, "rest");
    open_box(l, &b);
    wait_until(rlv_inbox_member(b.inbox), look(&b, false));
    for (int i = 0; i < 3; i++)
        (void)lab_produce(l, topics[0], 0, "x");
    int64_t session_us = rlv_clock_mono_us() + 11000000; /* past it the group forgets who does not poll */
    wait_until(rlv_clock_mono_us() > session_us, look(&b, false));
    size_t unread = b.n; /* a pause may come too late for what was fetched before it */
    assert_in_range(unread, 0, 3);
    assert_int_equal(b.revoked, 0);
    wait_until(b.n == 3, look(&b, true));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(b.letters[i].offset, i);
        rlv_inbox_done(b.inbox, &b.letters[i]);
    }
    rlv_inbox_close(b.inbox);
    assert_int_equal(b.revoked, 1); /* leaving gives the partitions back */
    assert_int_equal(lab_committed(l, group, topics[0], 0), 3);
}

/* Partitions move: what was in hand is read by the other, and being done here moves nothing there. */
static void test_partitions_move(void **state)
{
    lab *l = *state;
    box a, b;
    fresh(l, "move");
    for (int32_t p = 0; p < LAB_PARTITIONS; p++)
        (void)lab_produce(l, topics[0], p, "x");
    open_box(l, &a);
    wait_until(a.n == LAB_PARTITIONS, look(&a, true));
    open_box(l, &b);
    wait_until(rlv_inbox_assigned(a.inbox, 0) + rlv_inbox_assigned(b.inbox, 0) == LAB_PARTITIONS &&
                   rlv_inbox_assigned(b.inbox, 0) && a.revoked, {
        look(&a, true);
        look(&b, true);
    });
    assert_true(a.revoked >= 1);
    assert_int_equal(b.revoked, 0);
    uint32_t generation = a.letters[0].generation;
    wait_until(a.n + b.n == 2 * LAB_PARTITIONS, { /* nobody had said that it was done */
        look(&a, true);
        look(&b, true);
    });
    assert_true(b.n >= 1);
    for (size_t i = 0; i < LAB_PARTITIONS; i++) {
        assert_int_equal(a.letters[i].generation, generation);
        rlv_inbox_done(a.inbox, &a.letters[i]);
    }
    for (size_t i = LAB_PARTITIONS; i < a.n; i++) {
        assert_int_not_equal(a.letters[i].generation, generation);
        rlv_inbox_drop(&a.letters[i]);
    }
    for (size_t i = 0; i < b.n; i++)
        rlv_inbox_drop(&b.letters[i]);
    rlv_inbox_close(a.inbox);
    rlv_inbox_close(b.inbox);
    for (int32_t p = 0; p < LAB_PARTITIONS; p++)
        assert_true(lab_committed(l, group, topics[0], p) <= 0);
}

/* The mark of a partition, known or not; -2: it is not ours. */
static rlv_inbox_mark mark_of(box *b, int32_t partition)
{
    rlv_inbox_mark marks[LAB_PARTITIONS] = {{0}};
    size_t n = rlv_inbox_marks(b->inbox, 0, marks, LAB_PARTITIONS);
    for (size_t i = 0; i < n; i++)
        if (marks[i].partition == partition)
            return marks[i];
    return (rlv_inbox_mark){.mark = -2};
}

/* A mark goes beside the position, also of one that does not move, and whoever has the partition next finds it. */
static void test_marks(void **state)
{
    lab *l = *state;
    box b;
    rlv_error err;
    int64_t seen[LAB_PARTITIONS] = {-1, -1, -1};
    fresh(l, "marks");
    assert_ok(rlv_inbox_look(&l->config, group, topics[0], LAB_PARTITIONS, seen, &err), err);
    assert_true(seen[0] == 0 && seen[1] == 0 && seen[2] == 0);
    (void)lab_produce(l, topics[0], 1, "0");
    (void)lab_produce(l, topics[0], 1, "1");
    open_box(l, &b);
    wait_until(b.n == 2, look(&b, true));
    assert_int_equal(mark_of(&b, 1).mark, 0);
    assert_true(mark_of(&b, 1).moved);
    assert_false(mark_of(&b, 0).moved);
    rlv_inbox_set_mark(b.inbox, 0, 1, 7);
    assert_int_equal(mark_of(&b, 1).mark, 7);
    assert_true(mark_of(&b, 1).moved); /* they are in hand */
    rlv_inbox_commit(b.inbox);
    await_committed(l, &b, 0, 1, 0);
    rlv_inbox_set_mark(b.inbox, 0, 1, 8); /* and it stays where it is */
    rlv_inbox_commit(b.inbox);
    wait_until(seen[1] == 8, {
        look(&b, false);
        assert_ok(rlv_inbox_look(&l->config, group, topics[0], LAB_PARTITIONS, seen, &err), err);
    });
    assert_int_equal(lab_committed(l, group, topics[0], 1), 0);
    for (size_t i = 0; i < 2; i++)
        rlv_inbox_done(b.inbox, &b.letters[i]);
    assert_true(mark_of(&b, 1).moved);
    rlv_inbox_set_mark(b.inbox, 0, 1, 9);
    assert_false(mark_of(&b, 1).moved);
    rlv_inbox_set_mark(b.inbox, 0, LAB_PARTITIONS, 9); /* nobody's */
    rlv_inbox_close(b.inbox);
    assert_int_equal(lab_committed(l, group, topics[0], 1), 2);

    open_box(l, &b);
    uint32_t before = rlv_inbox_generation(b.inbox);
    wait_until(rlv_inbox_member(b.inbox), look(&b, true));
    assert_int_not_equal(rlv_inbox_generation(b.inbox), before);
    wait_until(mark_of(&b, 1).mark == 9, look(&b, true));
    assert_false(mark_of(&b, 1).moved);
    (void)lab_produce(l, topics[0], 1, "2");
    wait_until(b.n == 1, look(&b, true));
    rlv_inbox_done(b.inbox, &b.letters[0]);
    rlv_inbox_close(b.inbox); /* a position that moves keeps it */
    assert_int_equal(lab_committed(l, group, topics[0], 1), 3);
    assert_ok(rlv_inbox_look(&l->config, group, topics[0], LAB_PARTITIONS, seen, &err), err);
    assert_true(seen[0] == 0 && seen[1] == 9 && seen[2] == 0);
}

static void test_what_cannot_be(void **state)
{
    lab *l = *state;
    rlv_error err = {0};
    rlv_inbox *none = NULL;
    rlv_config_property wrong[] = {l->property, {"no.such.property", "1", 9}};
    rlv_config config = l->config;
    config.kafka = wrong;
    config.n_kafka = 2;
    assert_int_equal(rlv_inbox_open(&config, "g", topics, 2, on_revoked, NULL, &none, &err), RLV_E_CONFIG);
    assert_null(none);
    assert_non_null(strstr(err.message, "relevo.yaml:9"));
    assert_non_null(strstr(err.message, "no.such.property"));

    const char *const nowhere[] = {"unit-there-is-no-such-topic"};
    box b = {0};
    rlv_letter letter;
    assert_ok(rlv_inbox_open(&l->config, "unit-nowhere", nowhere, 1, on_revoked, &b, &b.inbox, &err), err);
    int rc = 0;
    wait_until(rc != 0, rc = rlv_inbox_next(b.inbox, true, &letter, &err));
    assert_int_equal(rc, -RLV_E_IO);
    assert_non_null(strstr(err.message, nowhere[0]));
    rlv_inbox_close(b.inbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_unfinished_one), cmocka_unit_test(test_only_what_is_committed),
        cmocka_unit_test(test_wanting_nothing),          cmocka_unit_test(test_partitions_move),
        cmocka_unit_test(test_marks),                    cmocka_unit_test(test_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
