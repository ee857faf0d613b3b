/* SPDX-License-Identifier: Apache-2.0 */
/* The publishing thread and its queue: in order, once, and standing still after a failure until it is healed.
 */
#include <stdio.h>

#include "lab.h"
#include "lane/publishing.h"

typedef struct line {
    lab *l;
    rlv_publishing *publishing;
    int64_t seq;
} line;

/* A batch of one outcome, as the stepping thread leaves it after its commit. */
static void fill(line *t, rlv_batch *b, rlv_wire *wire, const char *text)
{
    rlv_error err;
    rlv_batch_reset(b, 1);
    rlv_batch_item *item = rlv_batch_next(b);
    assert_non_null(item);
    *item = (rlv_batch_item){0};
    rlv_event *ev = &item->event;
    *ev = (rlv_event){.kind = RLV_EVENT_MESSAGE,
                      .at_ms = 1700000000000 + t->seq,
                      .conversation_id = {{7}},
                      .phone_number_id = RLV_STR("555"),
                      .wa_id = RLV_STR("34600"),
                      .message_id = RLV_STR("wamid.1"),
                      .text = rlv_arena_copy(b->arena, rlv_str_from(text))};
    rlv_decision *d = rlv_arena_zalloc(b->arena, 1, sizeof(*d));
    rlv_conversation *c = rlv_arena_zalloc(b->arena, 1, sizeof(*c));
    assert_true(d && c);
    *c = (rlv_conversation){.id = ev->conversation_id,
                            .phone_number_id = ev->phone_number_id,
                            .wa_id = ev->wa_id,
                            .owner = RLV_OWNER_BOT,
                            .epoch = 1};
    *d = (rlv_decision){.kind = RLV_DECIDED_RECEIVED, .owner = RLV_OWNER_BOT, .epoch = 1, .as.event = ev};
    rlv_outcome o = {.lane = 0, .seq = ++t->seq, .event = ev, .conversation = c, .decisions = {d, d, 1}};
    b->decided = rlv_arena_zalloc(b->arena, 1, sizeof(*b->decided));
    assert_non_null(b->decided);
    assert_ok(rlv_wire_pack(wire, b->arena, &o, &b->decided[0], &err), err);
    b->n = 1;
    b->first_seq = t->seq;
    b->lane_ms = ev->at_ms;
}

static rlv_publisher *take_fence(lab *l)
{
    rlv_publisher *p;
    rlv_error err;
    assert_ok(rlv_publisher_new(l->broker, &l->config, 0, &p, &err), err);
    return p;
}

/* The sequence that the progress topic tells. */
static int64_t progress(lab *l, rlv_wire *wire)
{
    rlv_str bytes;
    rlv_error err;
    int32_t lane = -1;
    int64_t seq = 0;
    assert_ok(rlv_broker_last_record(l->broker, l->config.topics.progress, 0, LAB_TIMEOUT_MS, l->arena,
                                     &bytes, &err),
              err);
    if (bytes.len)
        assert_ok(rlv_wire_decode_progress(wire, l->arena, bytes, rlv_str_from(l->config.cluster), &lane,
                                           &seq, &err),
                  err);
    return seq;
}

static int decisions;

static void count(lab *l, const rd_kafka_message_t *m)
{
    (void)l;
    assert_int_equal(m->key_len, RLV_ID_TEXT); /* keyed by conversation */
    decisions++;
}

static void test_the_queue(void **state)
{
    lab *l = *state;
    line t = {.l = l};
    rlv_error err;
    rlv_wire *wire = rlv_wire_new(&err);
    assert_non_null(wire);
    assert_ok(rlv_publishing_start(&l->config, 0, &t.publishing, &err), err);
    rlv_publishing *p = t.publishing;
    assert_int_equal(rlv_publishing_state(p, &err), RLV_OK);
    assert_true(rlv_publishing_drain(p, 0)); /* nothing to do */

    rlv_batch *batches[4];
    for (int i = 0; i < 4; i++) {
        batches[i] = rlv_publishing_take(p, 100);
        assert_non_null(batches[i]);
    }
    assert_null(rlv_publishing_take(p, 50)); /* all are on their way */
    rlv_publishing_give_back(p, batches[3]);
    rlv_publishing_give_back(p, batches[2]);
    for (int i = 0; i < 2; i++) {
        fill(&t, batches[i], wire, i ? "dos" : "uno");
        rlv_publishing_push(p, batches[i]);
    }
    assert_false(rlv_publishing_drain(p, 100)); /* there is no publisher yet */
    rlv_publishing_resume(p, take_fence(l), 0);
    assert_true(rlv_publishing_drain(p, LAB_TIMEOUT_MS));
    assert_int_equal(rlv_publishing_published(p), 2);
    assert_int_equal(progress(l, wire), 2);
    lab_each(l, l->config.topics.decisions, 0, "read_committed", count);
    assert_int_equal(decisions, 2);
    for (int i = 0; i < 20; i++) { /* they circulate */
        rlv_batch *b = rlv_publishing_take(p, LAB_TIMEOUT_MS);
        assert_non_null(b);
        assert_int_equal(rlv_arena_used(b->arena), 0); /* what was published holds no memory */
        fill(&t, b, wire, "más");
        rlv_publishing_push(p, b);
    }
    assert_true(rlv_publishing_drain(p, LAB_TIMEOUT_MS));
    assert_int_equal(rlv_publishing_published(p), 22);
    assert_int_equal(progress(l, wire), 22);

    rlv_publisher *young = take_fence(l); /* somebody else is the owner now */
    rlv_batch *b = rlv_publishing_take(p, LAB_TIMEOUT_MS);
    fill(&t, b, wire, "never");
    rlv_publishing_push(p, b);
    for (int i = 0; i < 400 && rlv_publishing_state(p, &err) == RLV_OK; i++)
        rlv_clock_sleep_ms(25);
    assert_int_equal(rlv_publishing_state(p, &err), RLV_E_FENCED);
    assert_null(rlv_publishing_take(p, 50)); /* it stands still */
    assert_false(rlv_publishing_drain(p, 50));
    assert_int_equal(rlv_publishing_published(p), 22);
    assert_int_equal(progress(l, wire), 22);

    rlv_publishing_reset(p); /* healed: what was lost comes from Postgres, not from here */
    assert_int_equal(rlv_publishing_state(p, &err), RLV_OK);
    rlv_publishing_resume(p, young, 22);
    for (int i = 0; i < 3; i++) {
        batches[i] = rlv_publishing_take(p, 100);
        assert_non_null(batches[i]); /* none went missing */
    }
    t.seq = 22;
    for (int i = 0; i < 3; i++) {
        fill(&t, batches[i], wire, "otra vez");
        rlv_publishing_push(p, batches[i]);
    }
    assert_true(rlv_publishing_drain(p, LAB_TIMEOUT_MS));
    assert_int_equal(progress(l, wire), 25);
    decisions = 0;
    lab_each(l, l->config.topics.decisions, 0, "read_committed", count);
    assert_int_equal(decisions, 25);
    rlv_publishing_stop(p);
    rlv_publishing_stop(NULL);
    rlv_wire_free(wire);
}

static void test_a_damaged_row(void **state)
{
    lab *l = *state;
    rlv_error err;
    rlv_publisher *p = take_fence(l);
    assert_ok(rlv_publisher_begin(p, &err), err);
    assert_int_equal(rlv_publish_row(p, &l->config, l->arena, (rlv_id){{1}}, RLV_STR("\x09junk"), NULL, &err),
                     RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "history row"));
    rlv_publisher_free(p);
}

static char progress_key[64];

static void see_key(lab *l, const rd_kafka_message_t *m)
{
    (void)l;
    (void)snprintf(progress_key, sizeof(progress_key), "%.*s", (int)m->key_len, (const char *)m->key);
}

/* The progress record: keyed by cluster and lane, so that compaction keeps the last of each; counts when it is committed. */
static void test_progress(void **state)
{
    lab *l = *state;
    rlv_error err;
    char expected[64];
    rlv_wire *wire = rlv_wire_new(&err);
    rlv_buf out = RLV_BUF_INIT(4096);
    rlv_publisher *p = take_fence(l);
    assert_non_null(wire);
    int64_t before = progress(l, wire);
    for (int64_t seq = before + 7; seq < before + 9; seq++) {
        assert_ok(rlv_publisher_begin(p, &err), err);
        assert_ok(rlv_publish_progress(p, &l->config, wire, 0, seq, 1700000000000, &out, &err), err);
        assert_ok(rlv_publisher_commit(p, &err), err);
        assert_int_equal(progress(l, wire), seq);
    }
    lab_each(l, l->config.topics.progress, 0, "read_committed", see_key);
    (void)snprintf(expected, sizeof(expected), "%s-0", l->config.cluster);
    assert_string_equal(progress_key, expected);

    assert_ok(rlv_publisher_begin(p, &err), err);
    rlv_buf small = RLV_BUF_INIT(4);
    assert_int_equal(rlv_publish_progress(p, &l->config, wire, 0, before + 99, 1700000000000, &small, &err), RLV_E_LIMIT);
    assert_ok(rlv_publish_progress(p, &l->config, wire, 0, before + 99, 1700000000000, &out, &err), err);
    rlv_publisher_free(p); /* and is not committed */
    p = take_fence(l);
    assert_int_equal(progress(l, wire), before + 8);
    rlv_publisher_free(p);
    rlv_buf_free(&small);
    rlv_buf_free(&out);
    rlv_wire_free(wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_queue),
                                       cmocka_unit_test(test_a_damaged_row),
                                       cmocka_unit_test(test_progress)};
    return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
