/* SPDX-License-Identifier: Apache-2.0 */
/* See lab.h. */
#include "lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void lab_assert_ok(int rc, const rlv_error *err, const char *file, int line)
{
    if (rc != RLV_OK) {
        print_error("%s: %s\n", rlv_code_name(rc), err->message);
        _fail(file, line);
    }
}

static rd_kafka_conf_t *conf_of(const char *const (*properties)[2])
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[256];
    for (; (*properties)[0]; properties++)
        if (rd_kafka_conf_set(conf, (*properties)[0], (*properties)[1], why, sizeof(why)) != RD_KAFKA_CONF_OK)
            fail_msg("%s", why);
    return conf;
}

/* Waits for the answer of an admin call, which fails the test when Kafka refuses it. */
static void settle(rd_kafka_queue_t *queue, const char *what)
{
    rd_kafka_event_t *ev = rd_kafka_queue_poll(queue, LAB_TIMEOUT_MS);
    if (!ev || rd_kafka_event_error(ev))
        fail_msg("%s: %s", what, ev ? rd_kafka_event_error_string(ev) : "no answer");
    const rd_kafka_CreateTopics_result_t *made = rd_kafka_event_CreateTopics_result(ev);
    if (made) {
        size_t n;
        const rd_kafka_topic_result_t **topics = rd_kafka_CreateTopics_result_topics(made, &n);
        for (size_t i = 0; i < n; i++)
            if (rd_kafka_topic_result_error(topics[i]))
                fail_msg("%s: %s", what, rd_kafka_topic_result_error_string(topics[i]));
    }
    rd_kafka_event_destroy(ev);
    rd_kafka_queue_destroy(queue);
}

static void await_topic(lab *l, const char *name, int partitions)
{
    for (int i = 0; i < 200; i++) {
        const struct rd_kafka_metadata *md = NULL;
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(l->client, name, NULL);
        rd_kafka_resp_err_t e = rd_kafka_metadata(l->client, 0, rkt, &md, LAB_TIMEOUT_MS);
        bool there =
            !e && md->topic_cnt == 1 && !md->topics[0].err && md->topics[0].partition_cnt == partitions;
        if (md)
            rd_kafka_metadata_destroy(md);
        rd_kafka_topic_destroy(rkt);
        int64_t low, high; /* metadata knows a leader a little before the leader does */
        for (int32_t p = 0; there && p < partitions; p++)
            there = rd_kafka_query_watermark_offsets(l->client, name, p, &low, &high, LAB_TIMEOUT_MS) == 0;
        if (there)
            return;
        rlv_clock_sleep_ms(50);
    }
    fail_msg("topic %s does not appear", name);
}

static const char *name_topic(lab *l, const char *name)
{
    char *out = l->names[l->n_names++];
    assert_true(l->n_names <= sizeof(l->names) / sizeof(*l->names));
    (void)snprintf(out, sizeof(*l->names), "%s%s", l->prefix, name);
    return out;
}

static void create(lab *l, size_t first, int partitions)
{
    rd_kafka_NewTopic_t *fresh[32];
    char why[256];
    size_t n = 0;
    for (size_t i = first; i < l->n_names; i++)
        fresh[n++] = rd_kafka_NewTopic_new(l->names[i], partitions, 1, why, sizeof(why));
    rd_kafka_queue_t *queue = rd_kafka_queue_new(l->client);
    rd_kafka_CreateTopics(l->client, fresh, n, NULL, queue);
    settle(queue, "CreateTopics");
    for (size_t i = 0; i < n; i++)
        rd_kafka_NewTopic_destroy(fresh[i]);
    for (size_t i = first; i < l->n_names; i++)
        await_topic(l, l->names[i], partitions);
}

const char *lab_topic(lab *l, const char *name, int partitions)
{
    const char *made = name_topic(l, name);
    create(l, l->n_names - 1, partitions);
    return made;
}

int lab_setup(void **state)
{
    const char *servers = getenv("RELEVO_KAFKA");
    if (!servers)
        fail_msg("RELEVO_KAFKA is not set: run ./dev test, or eval \"$(./dev env)\" first");
    lab *l = calloc(1, sizeof(*l));
    assert_non_null(l);
    (void)snprintf(l->prefix, sizeof(l->prefix), "unit-%d-%x-", (int)getpid(),
                   (unsigned)rlv_clock_wall_ms() & 0xFFFF);
    char why[256];
    l->client = rd_kafka_new(RD_KAFKA_PRODUCER,
                             conf_of((const char *const[][2]){{"bootstrap.servers", servers}, {0}}), why,
                             sizeof(why));
    if (!l->client)
        fail_msg("%s", why);
    l->property = (rlv_config_property){"bootstrap.servers", servers, 3};
    l->events[0] = name_topic(l, "events");
    l->events[1] = name_topic(l, "other");
    l->config = (rlv_config){
        .file = "relevo.yaml",
        .cluster = l->prefix,
        .kafka = &l->property,
        .n_kafka = 1,
        .topics = {.events = l->events,
                   .n_events = 2,
                   .results = name_topic(l, "results"),
                   .decisions = name_topic(l, "decisions"),
                   .ownership = name_topic(l, "ownership"),
                   .outbound = name_topic(l, "outbound"),
                   .effects = name_topic(l, "effects"),
                   .progress = name_topic(l, "progress")},
        .consume = {.group = l->prefix, .instance = "", .session_ms = 6000, .transaction_timeout_ms = 10000}};
    for (const char *const *dead = (const char *const[]){"events.dlq", "other.dlq", "results.dlq", NULL};
         *dead; dead++)
        (void)name_topic(l, *dead);
    create(l, 0, LAB_PARTITIONS);
    l->arena = rlv_arena_new((size_t)16 << 20);
    rlv_error err;
    int rc = rlv_broker_new(&l->config, &l->broker, &err);
    assert_ok(rc, err);
    *state = l;
    return 0;
}

int lab_teardown(void **state)
{
    lab *l = *state;
    if (!l)
        return 0; /* the setup failed, and said why */
    rlv_broker_free(l->broker);
    for (int i = 0; i < 2; i++)
        if (l->readers[i])
            rd_kafka_destroy(l->readers[i]);
    rd_kafka_DeleteTopic_t *old[32];
    for (size_t i = 0; i < l->n_names; i++)
        old[i] = rd_kafka_DeleteTopic_new(l->names[i]);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(l->client);
    rd_kafka_DeleteTopics(l->client, old, l->n_names, NULL, queue);
    settle(queue, "DeleteTopics");
    rd_kafka_DeleteTopic_destroy_array(old, l->n_names);
    rd_kafka_destroy(l->client);
    rlv_arena_free(l->arena);
    free(l);
    return 0;
}

int64_t lab_produce(lab *l, const char *topic, int32_t partition, const char *value)
{
    /* Flushed at once, so the offset is asked of Kafka instead of a callback: nobody else writes to this
     * partition. */
    rd_kafka_resp_err_t e =
        rd_kafka_producev(l->client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                          RD_KAFKA_V_KEY("key", 3), RD_KAFKA_V_VALUE((void *)(uintptr_t)value, strlen(value)),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    assert_int_equal(e, 0);
    assert_int_equal(rd_kafka_flush(l->client, LAB_TIMEOUT_MS), 0);
    int64_t low, high;
    assert_int_equal(
        rd_kafka_query_watermark_offsets(l->client, topic, partition, &low, &high, LAB_TIMEOUT_MS), 0);
    return high - 1;
}

void lab_forget(lab *l, const char *topic, int32_t partition, int64_t before)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = before;
    rd_kafka_DeleteRecords_t *wish = rd_kafka_DeleteRecords_new(list);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(l->client);
    rd_kafka_DeleteRecords(l->client, &wish, 1, NULL, queue);
    settle(queue, "DeleteRecords");
    rd_kafka_DeleteRecords_destroy(wish);
    rd_kafka_topic_partition_list_destroy(list);
}

static rd_kafka_t *reader(lab *l, const char *group, const char *isolation)
{
    char why[256];
    rd_kafka_t *rk =
        rd_kafka_new(RD_KAFKA_CONSUMER,
                     conf_of((const char *const[][2]){{"bootstrap.servers", l->property.value},
                                                      {"group.id", group},
                                                      {"isolation.level", isolation},
                                                      {"enable.partition.eof", "true"},
                                                      {"enable.auto.commit", "false"},
                                                      {"fetch.wait.max.ms", "10"},
                                                      {"topic.metadata.refresh.fast.interval.ms", "20"},
                                                      {0}}),
                     why, sizeof(why));
    if (!rk)
        fail_msg("%s", why);
    return rk;
}

void lab_each(lab *l, const char *topic, int32_t partition, const char *isolation,
              void (*see)(lab *, const rd_kafka_message_t *))
{
    rd_kafka_t **kept = &l->readers[strcmp(isolation, "read_committed") == 0];
    if (!*kept)
        *kept = reader(l, "unit-reader", isolation);
    rd_kafka_t *rk = *kept; /* ending one takes a second */
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(rk, topic, NULL);
    assert_int_equal(rd_kafka_consume_start(rkt, partition, RD_KAFKA_OFFSET_BEGINNING), 0);
    int64_t low, high, begun_us = rlv_clock_mono_us();
    int64_t deadline_us = begun_us + LAB_TIMEOUT_MS * 1000, patience_us = begun_us + 2000000;
    rlv_error err; /* the end as a reader of uncommitted records sees it */
    assert_ok(rlv_broker_bounds(l->broker, topic, partition, LAB_TIMEOUT_MS, &low, &high, &err), err);
    for (bool end = false, ended = false; !end;) {
        rd_kafka_message_t *m = rd_kafka_consume(rkt, partition, 200);
        ended |= m && m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if (!m && ended && rlv_clock_mono_us() > patience_us)
            break; /* nothing followed the end: a transaction is open */
        if (!m && rlv_clock_mono_us() > deadline_us)
            fail_msg("%s does not end", topic);
        if (!m)
            continue;
        /* A commit is answered before its marker is written everywhere: what it made visible may come a
         * little later. */
        end = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF &&
              (m->offset >= high || rlv_clock_mono_us() > patience_us);
        if (!m->err)
            see(l, m);
        rd_kafka_message_destroy(m);
    }
    (void)rd_kafka_consume_stop(rkt, partition);
    rd_kafka_topic_destroy(rkt);
}

static void note(lab *l, const rd_kafka_message_t *m)
{
    size_t used = strlen(l->text);
    assert_true(used + m->len + 2 < sizeof(l->text));
    (void)snprintf(l->text + used, sizeof(l->text) - used, "%.*s ", (int)m->len, (char *)m->payload);
}

const char *lab_read(lab *l, const char *topic, int32_t partition, const char *isolation)
{
    l->text[0] = '\0';
    lab_each(l, topic, partition, isolation, note);
    return l->text;
}

int64_t lab_committed(lab *l, const char *group, const char *topic, int32_t partition)
{
    rd_kafka_t *rk = reader(l, group, "read_committed");
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition);
    assert_int_equal(rd_kafka_committed(rk, list, LAB_TIMEOUT_MS), 0);
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(rk);
    return offset;
}
