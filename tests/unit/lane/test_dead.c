/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters: packed into a history row and published from it, bytes untouched. */
#include "lab.h"
#include "lane/dead.h"
#include "lane/publishing.h"

static const rlv_str key = {"k\0y", 3}, value = {"\0\xFF not Avro", 11};

static rlv_batch_item letter(const char *topic)
{
    return (rlv_batch_item){
        .event = {.kind = RLV_EVENT_DEAD,
                  .source = {.topic = rlv_str_from(topic), .partition = 1, .offset = 4711}},
        .dead = "not our Avro: no magic",
        .dead_class = "undecodable",
        .key = key,
        .value = value};
}

static void test_packing(void **state)
{
    lab *l = *state;
    rlv_error err;
    rlv_str blob;
    rlv_record *records;
    size_t n;
    rlv_batch_item item = letter("whatsapp.events.v1");
    assert_ok(rlv_dead_pack(l->arena, &item, &blob, &err), err);
    assert_ok(rlv_wire_unpack(blob, l->arena, &records, &n, &err), err); /* a history row like any other */
    assert_int_equal(n, 1);
    assert_int_equal(records[0].topic, RLV_TOPIC_DEAD);
    rlv_str bytes = records[0].bytes;
    assert_non_null(memmem(bytes.ptr, bytes.len, "whatsapp.events.v1.dlq", 22));
    assert_non_null(memmem(bytes.ptr, bytes.len, value.ptr, value.len));
    for (size_t ceiling = 0; ceiling < 700; ceiling += 16) { /* however full the arena is */
        rlv_arena *small = rlv_arena_new(ceiling);
        rlv_str part = RLV_STR("untouched");
        int rc = rlv_dead_pack(small, &item, &part, &err);
        assert_true(rc == RLV_OK ? rlv_str_eq(part, blob) || rlv_arena_overflowed(small)
                                 : rc == RLV_E_LIMIT && rlv_str_is(part, "untouched"));
        rlv_arena_free(small);
    }
}

static const char *const expected[][2] = {
    {"topic", NULL}, /* the lab's */
    {"partition", "1"},
    {"offset", "4711"},
    {"connector.name", "relevo"},
    {"task.id", "1"},
    {"stage", "VALUE_CONVERTER"},
    {"class.name", "lane"},
    {"exception.class.name", "undecodable"},
    {"exception.message", "not our Avro: no magic"},
};
static int seen;

static void see(lab *l, const rd_kafka_message_t *m)
{
    rd_kafka_headers_t *list = NULL;
    assert_int_equal(m->len, value.len);
    assert_memory_equal(m->payload, value.ptr, value.len);
    assert_int_equal(m->key_len, key.len);
    assert_memory_equal(m->key, key.ptr, key.len);
    assert_int_equal(rd_kafka_message_headers(m, &list), 0);
    assert_int_equal(rd_kafka_header_cnt(list), sizeof(expected) / sizeof(*expected));
    for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
        const char *name, *text = expected[i][1] ? expected[i][1] : l->events[0];
        const void *bytes;
        size_t size;
        assert_int_equal(rd_kafka_header_get_all(list, i, &name, &bytes, &size), 0);
        assert_memory_equal(name, "__connect.errors.", 17);
        assert_string_equal(name + 17, expected[i][0]);
        assert_int_equal(size, strlen(text));
        assert_memory_equal(bytes, text, size);
    }
    seen++;
}

static void see_second(lab *l, const rd_kafka_message_t *m)
{
    rd_kafka_headers_t *list = NULL;
    const char *name;
    const void *bytes;
    size_t size;
    (void)l;
    if (seen++ == 0)
        return; /* the one before */
    assert_null(m->key);
    assert_non_null(m->payload);
    assert_int_equal(m->len, 0);
    assert_int_equal(rd_kafka_message_headers(m, &list), 0);
    assert_int_equal(rd_kafka_header_cnt(list), 2 + sizeof(expected) / sizeof(*expected));
    assert_int_equal(rd_kafka_header_get_all(list, 0, &name, &bytes, &size), 0);
    assert_true(strcmp(name, "a") == 0 && size == 0);
    assert_int_equal(rd_kafka_header_get_all(list, 1, &name, &bytes, &size), 0);
    assert_true(strcmp(name, "a") == 0 && size == 2 && memcmp(bytes, "\0\xFF", 2) == 0);
}

static void test_publishing(void **state)
{
    lab *l = *state;
    rlv_error err;
    rlv_publisher *publisher;
    rlv_str blob;
    const char *dlq = rlv_arena_printf(l->arena, "%s.dlq", l->events[0]);
    rlv_batch_item item = letter(l->events[0]);
    assert_ok(rlv_dead_pack(l->arena, &item, &blob, &err), err);
    assert_ok(rlv_publisher_new(l->broker, &l->config, 1, &publisher, &err), err);
    assert_ok(rlv_publisher_begin(publisher, &err), err);
    assert_ok(rlv_publish_row(publisher, &l->config, l->arena, (rlv_id){{0}}, blob, NULL, &err),
              err);
    assert_ok(rlv_publisher_commit(publisher, &err), err);
    lab_each(l, dlq, 1, "read_committed", see);
    assert_int_equal(seen, 1);

    item.key = (rlv_str){NULL, 0}; /* null and empty are told apart, and its own headers come first */
    item.value = RLV_STR("");
    item.headers = RLV_STR("\1\0\0\0a\0\0\0\0\1\0\0\0a\2\0\0\0\0\xFF");
    assert_ok(rlv_dead_pack(l->arena, &item, &blob, &err), err);
    assert_ok(rlv_publisher_begin(publisher, &err), err);
    assert_ok(rlv_publish_row(publisher, &l->config, l->arena, (rlv_id){{0}}, blob, NULL, &err), err);
    assert_ok(rlv_publisher_commit(publisher, &err), err);
    seen = 0;
    lab_each(l, dlq, 1, "read_committed", see_second);
    assert_int_equal(seen, 2);

    rlv_record *records; /* what was damaged in Postgres is refused, at every length */
    size_t n;
    assert_ok(rlv_wire_unpack(blob, l->arena, &records, &n, &err), err);
    assert_ok(rlv_publisher_begin(publisher, &err), err);
    int refused = 0;
    for (size_t len = 0; len < records[0].bytes.len; len++) {
        rlv_str part = {records[0].bytes.ptr, len};
        int rc = rlv_dead_publish(publisher, l->arena, part, &err);
        assert_true(rc == RLV_OK || rc == RLV_E_REFUSED); /* OK where a whole header is missing at the end */
        refused += rc == RLV_E_REFUSED;
    }
    assert_true(refused > 100);
    /* Ended, not freed while open: librdkafka 2.0.2 may abort the process when the answer to AddPartitionsToTxn comes then. */
    assert_ok(rlv_publisher_commit(publisher, &err), err);
    rlv_publisher_free(publisher);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_packing), cmocka_unit_test(test_publishing)};
    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
