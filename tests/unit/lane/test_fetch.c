/* SPDX-License-Identifier: Apache-2.0 */
/* fetch and decode, on a real Kafka and a real Postgres: commands, timers and events of one batch, and lane
 * time. */
#include "lab.h"
#include "lane/fetch.h"
#include "shelf.h"

typedef struct track {
    lab *l;
    shelf *s;
    rlv_stages stages;
    rlv_lane_env env;
    const char *topics[2];
    rlv_batch *batch;
    rlv_fetch fetch;
} track;

static track the_track;

static int setup(void **state)
{
    track *t = &the_track;
    rlv_error err;
    void *part;
    lab_setup(&part);
    t->l = part;
    shelf_group_setup(&part);
    t->s = part;
    shelf_setup(&part);
    t->l->config.consume.linger_ms = 50;
    t->l->config.consume.command_poll_ms = 1;
    t->topics[0] = t->l->events[0];
    t->topics[1] = t->l->config.topics.results;
    t->env = (rlv_lane_env){.config = &t->l->config,
                            .broker = t->l->broker,
                            .partitions = LAB_PARTITIONS,
                            .topics = t->topics,
                            .n_topics = 2};
    t->stages = (rlv_stages){
        .config = &t->l->config, .wire = rlv_wire_new(&err), .cache = rlv_cache_new(), .lane = t->s->lane};
    t->batch = rlv_batch_new((size_t)64 << 20);
    assert_true(t->stages.wire && t->stages.cache && t->batch);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    track *t = *state;
    if (!t)
        return 0; /* the setup failed, and said why */
    void *part = t->s;
    rlv_batch_free(t->batch);
    rlv_cache_free(t->stages.cache);
    rlv_wire_free(t->stages.wire);
    shelf_teardown(&part);
    shelf_group_teardown(&part);
    part = t->l;
    return lab_teardown(&part);
}

static void produce_event(track *t, const char *text)
{
    rlv_error err;
    rlv_buf out = RLV_BUF_INIT(1 << 20);
    rlv_event ev = {.kind = RLV_EVENT_MESSAGE,
                    .sent_ms = 1,
                    .phone_number_id = RLV_STR("555"),
                    .wa_id = RLV_STR("34600"),
                    .message_id = RLV_STR("wamid.1"),
                    .type = RLV_STR("text"),
                    .text = rlv_str_from(text)};
    assert_ok(rlv_wire_encode_event(t->stages.wire, &ev, &out, &err), err);
    assert_int_equal(rd_kafka_producev(t->l->client, RD_KAFKA_V_TOPIC(t->topics[0]),
                                       RD_KAFKA_V_PARTITION(t->s->lane), RD_KAFKA_V_KEY("key", 3),
                                       RD_KAFKA_V_VALUE(out.data, out.len),
                                       RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
                     0);
    assert_int_equal(rd_kafka_flush(t->l->client, LAB_TIMEOUT_MS), 0);
    rlv_buf_free(&out);
}

/* A whole batch, as a lane fetches one. */
static int fetch_one(track *t, rlv_error *err)
{
    int rc = rlv_fetch_ahead(&t->fetch, t->batch, t->s->row.next, err);
    return rc == RLV_OK ? rlv_fetch_batch(&t->fetch, t->s->store, t->batch, &t->s->row, err) : rc;
}

/* Batches until one has something. */
static void fetch(track *t)
{
    rlv_error err;
    for (int i = 0; i < 400; i++) {
        assert_ok(fetch_one(t, &err), err);
        if (t->batch->n)
            return;
    }
    fail_msg("nothing came");
}

/* As if the batch had been committed. */
static void follow(track *t)
{
    memcpy(t->s->row.next, t->batch->offsets, sizeof(t->s->row.next));
    t->s->row.lane_ms = t->batch->lane_ms;
}

static void test_events(void **state)
{
    track *t = *state;
    rlv_error err;
    t->s->row.next[0] = t->s->row.next[1] = 0;
    t->fetch.batch_max = 3;
    assert_ok(rlv_fetch_start(&t->fetch, &t->env, &t->stages, &t->s->row, &err), err);
    assert_ok(fetch_one(t, &err), err);
    assert_int_equal(t->batch->n, 0); /* nothing there: it waited a little, and said so */
    produce_event(t, "uno");
    (void)lab_produce(t->l, t->topics[0], t->s->lane, "this is no Avro");
    produce_event(t, "tres");
    produce_event(t, "cuatro");
    rlv_clock_sleep_ms(500);
    size_t seen = 0;
    static const char *const texts[] = {"uno", NULL, "tres", "cuatro"};
    while (seen < 4) {
        fetch(t);
        assert_true(t->batch->n <= 3);
        for (size_t i = 0; i < t->batch->n; i++, seen++) {
            const rlv_batch_item *item = &t->batch->items[i];
            assert_int_equal(item->event.source.offset, seen);
            assert_true(rlv_str_is(item->event.source.topic, t->topics[0]));
            assert_int_equal(item->event.source.partition, t->s->lane);
            assert_true(item->event.at_ms > 1700000000000 && item->event.at_ms <= t->batch->lane_ms);
            assert_true(
                rlv_str_is(item->key, "key")); /* kept of every record, for whatever may be found later */
            assert_true(item->value.len > 0);
            if (texts[seen]) {
                assert_null(item->dead);
                assert_true(rlv_str_is(item->event.text, texts[seen]));
            } else {
                assert_string_equal(item->dead_class, "undecodable");
                assert_int_equal(item->event.kind, RLV_EVENT_DEAD);
                assert_true(rlv_str_is(item->value, "this is no Avro"));
            }
        }
        assert_int_equal(t->batch->offsets[0], seen);
        assert_int_equal(t->batch->offsets[1], 0);
        follow(t);
    }
    assert_int_equal(rlv_fetch_lag(&t->fetch, 0, &t->s->row), 0);
    rlv_fetch_stop(&t->fetch);
    rlv_fetch_stop(&t->fetch); /* harmless */
}

/* The lane's limit moves while a batch waits that was begun ahead: it takes what it has room for. */
static void test_a_limit_that_moves(void **state)
{
    track *t = *state;
    rlv_error err;
    rlv_lane_row row = t->s->row;
    t->s->row.next[0] = t->s->row.next[1] = 0; /* what test_events left */
    t->fetch.batch_max = 2;
    assert_ok(rlv_fetch_start(&t->fetch, &t->env, &t->stages, &t->s->row, &err), err);
    for (int i = 0; i < 6000; i++) {
        assert_ok(rlv_fetch_ahead(&t->fetch, t->batch, t->s->row.next, &err), err);
        if (t->batch->n)
            break;
        rlv_clock_sleep_ms(10);
    }
    assert_in_range(t->batch->n, 1, 2);
    t->fetch.batch_max = 1000;
    assert_ok(rlv_fetch_batch(&t->fetch, t->s->store, t->batch, &t->s->row, &err), err);
    assert_int_equal(t->batch->n, 2);
    rlv_fetch_stop(&t->fetch);
    t->s->row = row;
}

/* A batch that was begun ahead may be decided as it is while it is full, more waits, and nothing posted is to come before it. */
static void test_closing(void **state)
{
    track *t = *state;
    rlv_error err;
    rlv_lane_row row = t->s->row;
    int64_t poll_ms = t->l->config.consume.command_poll_ms;
    t->l->config.consume.command_poll_ms = 600000;
    t->s->row.next[0] = t->s->row.next[1] = 0; /* what test_events left */
    t->fetch.batch_max = 2;
    assert_ok(rlv_fetch_start(&t->fetch, &t->env, &t->stages, &t->s->row, &err), err);
    fetch(t);
    assert_ok(rlv_fetch_batch(&t->fetch, t->s->store, t->batch, &t->s->row, &err), err); /* until it is full */
    assert_int_equal(t->batch->n, 2);
    int64_t later_ms = t->batch->lane_ms + 60000;
    assert_true(rlv_fetch_close(&t->fetch, t->s->store, t->batch, later_ms));
    assert_int_equal(t->batch->lane_ms, later_ms);
    assert_int_equal(t->batch->items[1].event.at_ms, later_ms);
    assert_false(t->fetch.caught_up);
    t->fetch.notified = true;
    assert_false(rlv_fetch_close(&t->fetch, t->s->store, t->batch, 0));
    t->fetch.notified = false;
    int64_t poll_us = t->fetch.next_poll_us;
    t->fetch.next_poll_us = 0;
    assert_false(rlv_fetch_close(&t->fetch, t->s->store, t->batch, 0));
    t->fetch.next_poll_us = poll_us;
    t->batch->max = 3;
    assert_false(rlv_fetch_close(&t->fetch, t->s->store, t->batch, 0));
    assert_int_equal(t->batch->lane_ms, later_ms); /* refused, it is as it was */
    t->batch->max = 2;
    assert_true(rlv_fetch_close(&t->fetch, t->s->store, t->batch, later_ms));
    for (follow(t); rlv_fetch_lag(&t->fetch, 0, &t->s->row) != 0; follow(t)) /* to the end, where nothing waits behind it */
        fetch(t);
    t->batch->max = t->batch->n;
    assert_false(rlv_fetch_close(&t->fetch, t->s->store, t->batch, later_ms));
    rlv_fetch_stop(&t->fetch);
    t->l->config.consume.command_poll_ms = poll_ms;
    t->s->row = row;
}

static void test_what_postgres_has(void **state)
{
    track *t = *state;
    rlv_error err;
    void *part = t->s;
    rlv_store_close(t->s->store);
    rlv_arena_free(t->s->arena);
    shelf_setup(&part); /* the next lane, of the next partition */
    t->stages.lane = t->s->lane;
    t->s->row.next[0] = t->s->row.next[1] = 0;
    shelf_batch *b = shelf_batch_new(t->s, "posted", 1, 1700000000000);
    assert_ok(shelf_commit(t->s, b, &err), err);
    char id[RLV_ID_TEXT + 1];
    rlv_id_text(b->conversations[0].id, id);
    shelf_command(t->s, b, 0);
    shelf_run(t->s->sql,
              "INSERT INTO relevo.timer (conversation_id, kind, lane, due_ms) VALUES ('%s', 'idle', %d, "
              "1700000000500)",
              id, t->s->lane);
    produce_event(t, "hola");
    rlv_clock_sleep_ms(300);
    t->s->row.lane_ms = 1700000000400; /* not caught up yet: the timer waits for the lane's own time */
    t->fetch.batch_max = 100;
    assert_ok(rlv_fetch_start(&t->fetch, &t->env, &t->stages, &t->s->row, &err), err);
    fetch(t);
    assert_int_equal(t->batch->n_commands, 1);
    assert_int_equal(t->batch->items[0].event.kind, RLV_EVENT_COMMAND);
    assert_int_equal(t->batch->items[0].event.at_ms, 1700000000400);
    for (size_t i = 0; i < t->batch->n; i++)
        assert_int_not_equal(t->batch->items[i].event.kind, RLV_EVENT_TIMER);
    assert_true(t->fetch.command_age_ms >= 0);
    bool message = t->batch->n == 2;
    if (message)
        assert_int_equal(t->batch->items[1].event.kind, RLV_EVENT_MESSAGE);
    follow(t);

    shelf_command(t->s, b, 0); /* another one, in the middle: after a conflict both are at the head */
    size_t before = t->batch->n;
    assert_ok(rlv_fetch_commands_again(&t->fetch, t->s->store, t->batch, &t->s->row, NULL, 0, &err), err);
    assert_int_equal(t->batch->n_commands, 2);
    assert_int_equal(t->batch->n, before + 1);
    assert_true(t->batch->items[0].event.source.offset < t->batch->items[1].event.source.offset);
    if (message)
        assert_true(rlv_str_is(t->batch->items[2].event.text, "hola"));

    shelf_run(t->s->sql, "DELETE FROM relevo.command WHERE lane = %d", t->s->lane);
    bool timer = false; /* caught up: now the timer is due by the clock, and no lane time goes back */
    for (int i = 0; i < 400 && !timer; i++) {
        rlv_clock_sleep_ms(5);
        assert_ok(fetch_one(t, &err), err);
        for (size_t k = 0; k < t->batch->n; k++) {
            timer |= t->batch->items[k].event.kind == RLV_EVENT_TIMER;
            assert_true(t->batch->items[k].event.at_ms >= t->s->row.lane_ms);
        }
        follow(t);
    }
    assert_true(timer);

    /* A batch begun ahead never asks Postgres; when it is completed, commands come before its events. */
    produce_event(t, "otra");
    for (int i = 0; i < 6000; i++) {
        assert_ok(rlv_fetch_ahead(&t->fetch, t->batch, t->s->row.next, &err), err);
        if (t->batch->n)
            break;
        rlv_clock_sleep_ms(10);
    }
    assert_int_equal(t->batch->n, 1);
    shelf_command(t->s, b, 0);
    t->fetch.next_poll_us = 0;
    assert_ok(rlv_fetch_batch(&t->fetch, t->s->store, t->batch, &t->s->row, &err), err);
    assert_int_equal(t->batch->n_commands, 1);
    const rlv_batch_item *last = &t->batch->items[t->batch->n - 1];
    assert_int_equal(t->batch->items[0].event.kind, RLV_EVENT_COMMAND);
    assert_int_equal(last->event.kind, RLV_EVENT_MESSAGE);
    assert_true(rlv_str_is(last->event.text, "otra"));
    assert_int_equal(last->event.at_ms, t->batch->lane_ms);
    assert_int_equal(t->batch->offsets[0], t->s->row.next[0] + 1);
    rlv_fetch_stop(&t->fetch);
}

static bool holds(const rlv_batch *batch, enum rlv_event_kind kind, const char *text)
{
    for (size_t i = 0; i < batch->n; i++)
        if (batch->items[i].event.kind == kind && (!text || rlv_str_is(batch->items[i].event.text, text)))
            return true;
    return false;
}

/* What waited when the lane was taken is feared: events, and the timer that the test before left; not what comes later. */
static void test_what_is_feared(void **state)
{
    track *t = *state;
    rlv_error err;
    int64_t low, ends[RLV_INPUTS_MAX] = {0};
    shelf_run(t->s->sql, "DELETE FROM relevo.command WHERE lane = %d", t->s->lane);
    produce_event(t, "before");
    assert_ok(rlv_broker_bounds(t->l->broker, t->topics[0], t->s->lane, LAB_TIMEOUT_MS, &low, &ends[0], &err), err);
    t->fetch.batch_max = 1;
    assert_ok(rlv_fetch_start(&t->fetch, &t->env, &t->stages, &t->s->row, &err), err);
    assert_false(rlv_fetch_fears(&t->fetch, t->s->row.next)); /* nobody said so */
    rlv_fetch_fear(&t->fetch, ends, true);
    assert_true(rlv_fetch_fears(&t->fetch, t->s->row.next));
    produce_event(t, "after");
    bool before = false, timer = false;
    for (int i = 0; i < 6000 && !(before && timer); i++) {
        assert_ok(fetch_one(t, &err), err);
        bool is_before = holds(t->batch, RLV_EVENT_MESSAGE, "before"), is_timer = holds(t->batch, RLV_EVENT_TIMER, NULL);
        assert_true(t->batch->feared || (!is_before && !(is_timer && !timer)));
        if (is_before || !timer)
            assert_false(rlv_fetch_all_seen(&t->fetch, t->batch) && !is_timer);
        before |= is_before;
        timer |= is_timer && t->fetch.timers_seen; /* asked for by the clock */
        follow(t);
    }
    assert_true(before && timer);
    assert_true(rlv_fetch_all_seen(&t->fetch, t->batch));
    assert_true(t->s->row.next[0] >= ends[0]);
    assert_false(rlv_fetch_fears(&t->fetch, t->s->row.next));
    produce_event(t, "later");
    bool later = false;
    for (int i = 0; i < 6000 && !later; i++) {
        assert_ok(fetch_one(t, &err), err);
        assert_false(t->batch->feared); /* the timer comes again, since nobody took it away */
        later = holds(t->batch, RLV_EVENT_MESSAGE, "later");
        follow(t);
    }
    assert_true(later);
    rlv_fetch_bold(&t->fetch);
    assert_false(rlv_fetch_fears(&t->fetch, (int64_t[RLV_INPUTS_MAX]){0}));
    rlv_fetch_stop(&t->fetch);
}

static int64_t end_of(track *t, const char *topic)
{
    rlv_error err;
    int64_t low, end;
    assert_ok(rlv_broker_bounds(t->l->broker, topic, t->s->lane, LAB_TIMEOUT_MS, &low, &end, &err), err);
    return end;
}

/* Two inputs, one event in a batch: each is as far behind as its own last event decided, whatever is read of it or of the other. */
static void test_how_far_behind(void **state)
{
    enum {
        EACH = 3,
        APART_MS = 200
    };
    track *t = *state;
    rlv_error err;
    shelf_run(t->s->sql, "DELETE FROM relevo.command WHERE lane = %d", t->s->lane);
    shelf_run(t->s->sql, "DELETE FROM relevo.timer WHERE lane = %d", t->s->lane);
    for (size_t i = 0; i < 2; i++)
        t->s->row.next[i] = end_of(t, t->topics[i]);
    for (int i = 0; i < EACH; i++) {
        for (size_t k = 0; k < 2; k++) {
            (void)lab_produce(t->l, t->topics[k], t->s->lane, "this is no Avro");
            rlv_clock_sleep_ms(APART_MS);
        }
    }
    t->fetch.batch_max = 1;
    assert_ok(rlv_fetch_start(&t->fetch, &t->env, &t->stages, &t->s->row, &err), err);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(rlv_fetch_behind_ms(&t->fetch, i, EACH), 0); /* not known */
    int64_t decided[2] = {0}, n_decided[2] = {0}, first[2] = {0};
    for (int n = 0; n < 2 * EACH; n++) {
        fetch(t);
        assert_int_equal(t->batch->n, 1);
        int64_t at_ms = t->batch->items[0].base_ms;
        size_t of = rlv_str_is(t->batch->items[0].event.source.topic, t->topics[0]) ? 0 : 1;
        assert_int_equal(t->batch->append_ms[of], at_ms);
        assert_int_equal(t->batch->append_ms[1 - of], 0);
        if (!n_decided[of])
            first[of] = at_ms;
        /* Read, and not decided: the one before it is what counts, or for want of one itself. */
        assert_int_equal(t->fetch.append_ms[of], n_decided[of] ? decided[of] : at_ms);
        int64_t other_ms = t->fetch.append_ms[1 - of];
        follow(t);
        rlv_fetch_decided(&t->fetch, t->batch);
        decided[of] = at_ms;
        n_decided[of]++;
        int64_t lag = rlv_fetch_lag(&t->fetch, of, &t->s->row);
        assert_int_equal(lag, EACH - n_decided[of]);
        assert_int_equal(t->fetch.append_ms[of], lag ? at_ms : 0);
        assert_int_equal(t->fetch.append_ms[1 - of], other_ms);
        int64_t age_ms = rlv_clock_wall_ms() - at_ms, behind_ms = rlv_fetch_behind_ms(&t->fetch, of, lag);
        assert_in_range(behind_ms, lag ? age_ms : 0, lag ? age_ms + 1000 : 0);
    }
    for (size_t i = 0; i < 2; i++)
        assert_true(decided[i] >= first[i] + 2 * APART_MS * (EACH - 1)); /* there was something to tell apart */

    /* What comes to an input where nothing waited is as old as itself, not as the last one before it. */
    (void)lab_produce(t->l, t->topics[0], t->s->lane, "this is no Avro");
    fetch(t);
    assert_int_equal(t->fetch.append_ms[0], t->batch->items[0].base_ms);
    assert_int_equal(t->fetch.append_ms[1], 0);
    rlv_fetch_stop(&t->fetch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_events),
                                       cmocka_unit_test(test_a_limit_that_moves),
                                       cmocka_unit_test(test_closing),
                                       cmocka_unit_test(test_what_postgres_has),
                                       cmocka_unit_test(test_what_is_feared),
                                       cmocka_unit_test(test_how_far_behind)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
