/* SPDX-License-Identifier: Apache-2.0 */
/* load and step on a real Postgres, with a host without plugins: rounds, the cache, and what becomes a dead
 * letter. */
#include <stdio.h>
#include <stdlib.h>

#include "lane/dead.h"
#include "shelf.h"

enum {
    ITEMS_MAX = 16
};

typedef struct track {
    shelf *s;
    rlv_config config;
    rlv_host *host;
    rlv_stages stages;
    rlv_batch *batch;
} track;

static shelf *the_shelf;

static int group_setup(void **state)
{
    shelf_group_setup(state);
    the_shelf = *state;
    return 0;
}

static int setup(void **state)
{
    rlv_error err;
    track *t = calloc(1, sizeof(*t));
    assert_non_null(t);
    void *shelf_state = the_shelf;
    shelf_setup(&shelf_state);
    t->s = the_shelf;
    t->config = (rlv_config){.hash = 99, .policy = {.combined = 2, .idle_close_ms = 60000}};
    assert_ok(rlv_host_new(&t->config, &t->host, &err), err);
    t->stages = (rlv_stages){.config = &t->config,
                             .host = t->host,
                             .wire = rlv_wire_new(&err),
                             .cache = rlv_cache_new(),
                             .lane = t->s->lane};
    assert_true(t->stages.wire && t->stages.cache);
    rlv_cache_limit(t->stages.cache, 1 << 20);
    t->batch = rlv_batch_new((size_t)8 << 20);
    assert_non_null(t->batch);
    rlv_batch_reset(t->batch, ITEMS_MAX);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    track *t = *state;
    rlv_batch_free(t->batch);
    rlv_cache_free(t->stages.cache);
    rlv_wire_free(t->stages.wire);
    rlv_host_free(t->host);
    void *shelf_state = t->s;
    shelf_teardown(&shelf_state);
    free(t);
    return 0;
}

static void begin(track *t)
{
    rlv_batch_reset(t->batch, ITEMS_MAX);
}

static rlv_batch_item *add(track *t, enum rlv_event_kind kind, const char *wa_id, const char *message_id)
{
    rlv_batch *b = t->batch;
    assert_true(b->n < ITEMS_MAX);
    rlv_batch_item *item = rlv_batch_next(b);
    if (!item)
        return NULL; /* the batch's memory is full */
    rlv_str who = rlv_str_from(rlv_arena_printf(b->arena, "%s-%d", wa_id, t->s->lane));
    *item = (rlv_batch_item){
        .event = {.kind = kind,
                  .at_ms = 1700000000000 + (int64_t)b->n,
                  .phone_number_id = RLV_STR("555"),
                  .wa_id = who,
                  .conversation_id = rlv_conversation_id(RLV_STR("555"), who),
                  .text = RLV_STR("hola"),
                  .message_id = rlv_str_from(message_id),
                  .source = {.topic = RLV_STR("a"), .partition = t->s->lane, .offset = (int64_t)b->n}},
        .key = RLV_STR("key"),
        .value = RLV_STR("as it came")};
    b->n++;
    b->lane_ms = item->event.at_ms;
    return item;
}

static int load(track *t, rlv_error *err)
{
    return rlv_batch_load(t->batch, &t->stages, t->s->store, err);
}

static void step(track *t)
{
    rlv_error err;
    assert_ok(load(t, &err), err);
    assert_ok(rlv_batch_step(t->batch, &t->stages, t->s->row.seq + 1, &err), err);
}

static void commit(track *t)
{
    rlv_error err;
    rlv_batch *b = t->batch;
    b->offsets[0] = t->s->row.next[0] + 1;
    rlv_commit c = {.row = &t->s->row,
                    .lane_ms = b->lane_ms,
                    .next = b->offsets,
                    .outcomes = b->outcomes,
                    .decided = b->decided,
                    .n = b->n,
                    .writes = b->writes,
                    .n_writes = b->n_writes,
                    .joins = b->joins,
                    .n_joins = b->n_joins};
    assert_ok(rlv_store_commit(t->s->store, &c, &err), err);
    t->s->row.seq += (int64_t)b->n;
    memcpy(t->s->row.next, b->offsets, sizeof(b->offsets));
    rlv_batch_remember(b, &t->stages);
}

static void test_new_conversations(void **state)
{
    track *t = *state;
    rlv_batch *b = t->batch;
    add(t, RLV_EVENT_MESSAGE, "ana", "m1");
    add(t, RLV_EVENT_MESSAGE, "bea", "m2");
    add(t, RLV_EVENT_MESSAGE, "ana", "m3");
    add(t, RLV_EVENT_STATUS, "ana", "m1");
    add(t, RLV_EVENT_MESSAGE, "ana", "m3"); /* Meta sent it again */
    step(t);
    assert_int_equal(b->n_entries, 2);
    assert_int_equal(b->n_writes, 2);
    static const uint32_t rounds[] = {0, 0, 1, 0, 2};
    static const enum rlv_decision_kind kinds[] = {RLV_DECIDED_RECEIVED, RLV_DECIDED_RECEIVED,
                                                   RLV_DECIDED_RECEIVED, RLV_DECIDED_STATUS,
                                                   RLV_DECIDED_DUPLICATE};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(b->items[i].round, rounds[i]);
        assert_null(b->items[i].dead);
        assert_int_equal(b->outcomes[i].decisions.first->kind, kinds[i]);
        assert_int_equal(b->outcomes[i].seq, i + 1);
        assert_int_equal(b->outcomes[i].config, 99);
        assert_ptr_equal(b->outcomes[i].event, &b->items[i].event);
        assert_true(b->decided[i].len > 0);
        assert_true((b->outcomes[i].conversation == NULL) == (i == 3));
    }
    const rlv_conversation *c = b->outcomes[0].conversation;
    assert_ptr_equal(c, b->outcomes[2].conversation);
    assert_int_equal(c->owner, RLV_OWNER_BOT);
    assert_int_equal(c->epoch, 1);
    assert_int_equal(c->version, 0);
    assert_int_equal(c->cases, 1);
    assert_int_equal(c->stretch, 1);
    assert_int_equal(c->messages, 2);
    assert_int_equal(c->lane, t->s->lane);
    assert_int_equal(c->idle_timer_ms, 1700000060000);
}

/* What was committed is found again: in the cache, which spares Postgres, and in Postgres. */
static void test_found_again(void **state)
{
    track *t = *state;
    rlv_error err;
    add(t, RLV_EVENT_MESSAGE, "ana", "m1");
    step(t);
    commit(t);
    assert_true(rlv_cache_bytes(t->stages.cache) > 0);
    begin(t);
    add(t, RLV_EVENT_MESSAGE, "ana", "m1");
    assert_ok(rlv_batch_load(t->batch, &t->stages, NULL, &err),
              err); /* the cache has it: no store is needed */
    assert_ok(rlv_batch_step(t->batch, &t->stages, 2, &err), err);
    assert_int_equal(t->batch->outcomes[0].decisions.first->kind, RLV_DECIDED_DUPLICATE);
    assert_int_equal(t->batch->n_writes, 0); /* nothing changed, nothing is written */
    rlv_batch_forget(t->batch, &t->stages);
    assert_int_equal(rlv_cache_bytes(t->stages.cache), 0);
    begin(t);
    add(t, RLV_EVENT_MESSAGE, "ana", "m2");
    step(t);
    assert_int_equal(t->batch->outcomes[0].decisions.first->kind, RLV_DECIDED_RECEIVED);
    const rlv_conversation *c = t->batch->outcomes[0].conversation;
    assert_int_equal(c->version, 1);
    assert_int_equal(c->messages, 2);
    assert_int_equal(t->batch->writes[0].timer_was_ms, 1700000060000);
    commit(t);
    assert_ask(t->s, "2", "SELECT version FROM relevo.conversation WHERE lane = %d", t->s->lane);
}

/* A desktop changed it: the row is ahead of the cache, and its command must come first. */
static void test_a_row_that_is_ahead(void **state)
{
    track *t = *state;
    rlv_error err;
    add(t, RLV_EVENT_MESSAGE, "ana", "m1");
    step(t);
    commit(t);
    rlv_id id = t->batch->items[0].event.conversation_id;
    shelf_run(
        t->s->sql,
        "UPDATE relevo.conversation SET owner = 3, agent_id = 'zoe', epoch = 2, version = 2 WHERE lane = %d",
        t->s->lane);
    begin(t);
    rlv_batch_item *item = add(t, RLV_EVENT_COMMAND, "ana", "");
    item->event.command = RLV_COMMAND_TAKE_OVER;
    item->event.owner = RLV_OWNER_HUMAN;
    item->event.owner_agent = RLV_STR("zoe");
    item->event.epoch = item->event.version = 2; /* newer than the cached copy, which must not be used */
    item->event.conversation_id = id;
    step(t);
    const rlv_conversation *c = t->batch->outcomes[0].conversation;
    assert_int_equal(c->version, 2);
    assert_int_equal(c->owner, RLV_OWNER_HUMAN);
    assert_true(rlv_str_is(c->agent_id, "zoe"));
    assert_int_equal(t->batch->outcomes[0].decisions.first->kind, RLV_DECIDED_TAKEN_OVER);

    rlv_cache_drop(t->stages.cache, id); /* a message without that command is not decided yet */
    begin(t);
    add(t, RLV_EVENT_MESSAGE, "ana", "m2");
    assert_int_equal(load(t, &err), RLV_E_CONFLICT);
}

static void test_another_lanes_conversation(void **state)
{
    track *t = *state;
    rlv_error err;
    add(t, RLV_EVENT_MESSAGE, "ana", "m1");
    add(t, RLV_EVENT_MESSAGE, "ana", "m2");
    step(t);
    commit(t);
    shelf_run(t->s->sql, "UPDATE relevo.conversation SET lane = lane + 5000 WHERE lane = %d", t->s->lane);
    rlv_batch_forget(t->batch, &t->stages);
    begin(t);
    add(t, RLV_EVENT_MESSAGE, "ana", "m3");
    add(t, RLV_EVENT_MESSAGE, "bea", "m4");
    step(t);
    const rlv_batch_item *forwarded = &t->batch->items[0];
    assert_true(forwarded->elsewhere);
    assert_null(forwarded->entry);
    assert_int_equal(t->batch->outcomes[0].decisions.n, 1);
    assert_int_equal(t->batch->outcomes[0].decisions.first->kind, RLV_DECIDED_FORWARDED);
    assert_null(t->batch->items[1].dead);
    rlv_record *records;
    size_t n;
    assert_ok(rlv_wire_unpack(t->batch->decided[0], t->s->arena, &records, &n, &err), err);
    assert_int_equal(n, 2);
    assert_int_equal(records[1].topic, RLV_TOPIC_RESULTS);
    assert_int_equal(records[1].bytes.len, 4 + 10);
    uint32_t lane = 0;
    memcpy(&lane, records[1].bytes.ptr, 4);
    assert_int_equal(lane, t->s->lane + 5000);
    assert_memory_equal(records[1].bytes.ptr + 4, "as it came", 10);
    assert_int_equal(t->batch->n_writes, 1);
}

/* The conversation that the test's customer has under a user id. */
static rlv_batch_item *add_both(track *t, const char *user_id, const char *wa_id, const char *message_id)
{
    rlv_batch_item *item = add(t, RLV_EVENT_MESSAGE, wa_id, message_id);
    item->event.user_id = rlv_str_from(rlv_arena_printf(t->batch->arena, "%s-%d", user_id, t->s->lane));
    item->event.conversation_id = rlv_conversation_id(RLV_STR("555"), item->event.user_id);
    return item;
}

/* A customer who shows both from the start: one conversation, and the number is hers from then on. */
static void test_an_identity_that_nobody_had(void **state)
{
    track *t = *state;
    add_both(t, "ES.1", "ana", "m1");
    add(t, RLV_EVENT_MESSAGE, "ana", "m2");
    step(t);
    assert_int_equal(t->batch->n_joins, 0);
    assert_ptr_equal(t->batch->items[0].entry, t->batch->items[1].entry);
    assert_int_equal(t->batch->items[1].round, 1);
    assert_true(rlv_id_eq(t->batch->items[1].event.conversation_id, t->batch->items[0].event.conversation_id));
    assert_int_equal(t->batch->outcomes[1].conversation->epoch, 1);
    commit(t);
    assert_ask(t->s, "t,f", "SELECT string_agg((forward IS NULL)::text::char(1), ',' ORDER BY forward NULLS FIRST) "
                            "FROM relevo.conversation WHERE lane = %d", t->s->lane);
    begin(t);
    add(t, RLV_EVENT_MESSAGE, "ana", "m3"); /* by the number alone */
    add_both(t, "ES.1", "ana", "m2");       /* again, under the other name */
    step(t);
    assert_int_equal(t->batch->n_writes, 1);
    assert_int_equal(t->batch->outcomes[0].conversation->messages, 3);
    assert_int_equal(t->batch->outcomes[1].decisions.first->kind, RLV_DECIDED_DUPLICATE);
    rlv_error err;
    commit(t);
    begin(t);
    add_both(t, "ES.1", "ana", "m4"); /* what it knows already costs no query */
    assert_ok(rlv_batch_load(t->batch, &t->stages, NULL, &err), err);
}

/* Two conversations turn out to be one: also when the other is another lane's. */
static void test_two_become_one(void **state)
{
    track *t = *state;
    rlv_error err;
    add(t, RLV_EVENT_MESSAGE, "ana", "m1");
    step(t);
    commit(t);
    rlv_id wa = t->batch->items[0].event.conversation_id;
    shelf_run(t->s->sql, "UPDATE relevo.conversation SET owner = 3, agent_id = 'zoe', epoch = 5, version = 2, lane = lane + 5000, "
                         "card = '[]' WHERE lane = %d", t->s->lane);
    rlv_cache_clear(t->stages.cache);
    begin(t);
    add_both(t, "ES.1", "ana", "m2");
    step(t);
    assert_int_equal(t->batch->n_joins, 1);
    assert_true(t->batch->joins[0].take);
    const rlv_decision *d = t->batch->outcomes[0].decisions.first;
    assert_int_equal(d->kind, RLV_DECIDED_JOINED);
    assert_int_equal(d->owner, RLV_OWNER_HUMAN);
    assert_int_equal(d->epoch, 6);
    assert_int_equal(d->next->kind, RLV_DECIDED_RECEIVED);
    assert_int_equal(t->batch->outcomes[0].conversation->messages, 2);

    /* Somebody was faster: nothing of it happened. */
    shelf_run(t->s->sql, "UPDATE relevo.conversation SET version = 3 WHERE lane = %d", t->s->lane + 5000);
    rlv_commit c = {.row = &t->s->row, .next = t->s->row.next, .outcomes = t->batch->outcomes, .decided = t->batch->decided,
                    .n = 1, .writes = t->batch->writes, .n_writes = t->batch->n_writes, .joins = t->batch->joins, .n_joins = 1};
    assert_int_equal(rlv_store_commit(t->s->store, &c, &err), RLV_E_CONFLICT);
    rlv_batch_forget(t->batch, &t->stages);
    step(t);
    commit(t);
    assert_ask(t->s, "4,6,4", "SELECT owner || ',' || epoch || ',' || version FROM relevo.conversation WHERE lane = %d", t->s->lane + 5000);
    assert_ask(t->s, "3,6,zoe,[]", "SELECT owner || ',' || epoch || ',' || agent_id || ',' || card::text FROM relevo.conversation "
                                   "WHERE lane = %d", t->s->lane);
    assert_ask(t->s, "moved,4,6", "SELECT kind || ',' || owner || ',' || epoch FROM relevo.command WHERE lane = %d", t->s->lane + 5000);

    /* Its own lane decides that it moved, and forwards what still comes for it. */
    t->stages.lane += 5000;
    begin(t);
    rlv_batch_item *moved = add(t, RLV_EVENT_COMMAND, "ana", "");
    moved->event.conversation_id = wa;
    moved->event.source.kind = RLV_SOURCE_COMMAND;
    moved->event.command = RLV_COMMAND_MOVED;
    moved->event.owner = RLV_OWNER_CLOSED;
    moved->event.epoch = 6;
    moved->event.version = 4;
    moved->event.note = RLV_STR("there");
    add(t, RLV_EVENT_MESSAGE, "ana", "m3");
    step(t);
    assert_int_equal(t->batch->outcomes[0].decisions.first->kind, RLV_DECIDED_MOVED);
    assert_true(rlv_str_is(t->batch->outcomes[0].decisions.first->as.change.other, "there"));
    assert_true(t->batch->items[1].elsewhere);
    assert_int_equal(t->batch->items[1].lane, t->s->lane);
    assert_true(rlv_id_eq(t->batch->items[1].event.conversation_id, wa));
    t->stages.lane -= 5000;
    shelf_run(t->s->sql, "DELETE FROM relevo.command WHERE lane = %d; DELETE FROM relevo.conversation WHERE lane = %d",
              t->s->lane + 5000, t->s->lane + 5000);
}

/* In one lane and one batch: what comes before is decided before, what comes after goes on in the one that is left. A number that
   WhatsApp gave to somebody else changes hands without its history. */
static void test_joined_within_a_batch(void **state)
{
    track *t = *state;
    add(t, RLV_EVENT_MESSAGE, "ana", "m1");
    add(t, RLV_EVENT_MESSAGE, "ana", "m2");
    add_both(t, "ES.1", "ana", "m3");
    add(t, RLV_EVENT_MESSAGE, "ana", "m4");
    add_both(t, "ES.2", "ana", "m5");
    add(t, RLV_EVENT_MESSAGE, "ana", "m6");
    step(t);
    static const uint32_t rounds[] = {0, 1, 2, 3, 0, 1};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(t->batch->items[i].round, rounds[i]);
    assert_int_equal(t->batch->outcomes[3].conversation->messages, 4);
    assert_int_equal(t->batch->outcomes[5].conversation->messages, 2);
    assert_int_equal(t->batch->n_joins, 2);
    commit(t);
    assert_ask(t->s, "ES.2", "SELECT split_part(u.customer_id, '-', 1) FROM relevo.conversation w JOIN relevo.conversation u ON u.id = w.forward "
                             "WHERE w.lane = %d", t->s->lane);
    assert_ask(t->s, "1", "SELECT count(*) FROM relevo.command WHERE lane = %d", t->s->lane);
}

/* The id of a customer changes: the conversation goes on under the new one, and everything that led to the old one with it. */
static void test_another_identity(void **state)
{
    track *t = *state;
    add_both(t, "ES.1", "ana", "m1");
    step(t);
    commit(t);
    begin(t);
    rlv_batch_item *item = add_both(t, "ES.2", "ana", "s1");
    item->event.kind = RLV_EVENT_UNKNOWN;
    item->event.previous_user_id = rlv_str_from(rlv_arena_printf(t->batch->arena, "ES.1-%d", t->s->lane));
    add(t, RLV_EVENT_MESSAGE, "ana", "m2");
    step(t);
    assert_int_equal(t->batch->n_joins, 1);
    assert_int_equal(t->batch->outcomes[1].conversation->messages, 2);
    commit(t);
    assert_ask(t->s, "2", "SELECT count(*) FROM relevo.conversation w JOIN relevo.conversation u ON u.id = w.forward "
                          "WHERE w.lane = %d AND u.customer_id LIKE 'ES.2-%%'", t->s->lane);
}

/* A result for a conversation that there is not, before and without the message that begins it. */
static void test_no_such_conversation(void **state)
{
    track *t = *state;
    add(t, RLV_EVENT_RESULT, "nobody", "r1");
    add(t, RLV_EVENT_RESULT, "ana", "r2");
    add(t, RLV_EVENT_RESULT, "ana", "r3");
    add(t, RLV_EVENT_MESSAGE, "ana", "m1");
    add(t, RLV_EVENT_RESULT, "ana", "r4");
    step(t);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(t->batch->items[i].dead_class, "no_conversation");
    for (size_t i = 3; i < 5; i++) { /* a customer's message is never lost over what came before it */
        assert_null(t->batch->items[i].dead);
        assert_int_equal(t->batch->outcomes[i].decisions.first->kind, RLV_DECIDED_RECEIVED);
    }
    assert_int_equal(t->batch->n_writes, 1);
}

static void test_dead_from_the_start(void **state)
{
    track *t = *state;
    rlv_batch_item *item = add(t, RLV_EVENT_DEAD, "", "");
    item->event.conversation_id = (rlv_id){{0}};
    item->dead = "not our Avro";
    item->dead_class = "undecodable";
    add(t, RLV_EVENT_MESSAGE, "ana", "m1");
    step(t);
    assert_int_equal(t->batch->n_entries, 1);
    assert_int_equal(t->batch->outcomes[0].decisions.n, 0);
    assert_int_equal(t->batch->outcomes[1].seq, 2);
    commit(t);
    assert_ask(t->s, "9,0",
               "SELECT string_agg(kind::text, ',' ORDER BY seq) FROM relevo.history WHERE lane = %d",
               t->s->lane);
}

/* Stepping again, as after a conflict, gives the same: the first try left nothing behind. */
static void test_stepping_again(void **state)
{
    track *t = *state;
    add(t, RLV_EVENT_MESSAGE, "ana", "m1");
    add(t, RLV_EVENT_MESSAGE, "ana", "m2");
    step(t);
    rlv_str first = rlv_arena_copy(t->s->arena, t->batch->decided[1]);
    rlv_str state_before = rlv_arena_copy(t->s->arena, t->batch->writes[0].state);
    step(t);
    assert_int_equal(t->batch->n_writes, 1);
    assert_true(rlv_str_eq(first, t->batch->decided[1]));
    assert_true(rlv_str_eq(state_before, t->batch->writes[0].state));
}

static void test_unreadable_state(void **state)
{
    track *t = *state;
    rlv_error err;
    add(t, RLV_EVENT_MESSAGE, "ana", "m1");
    step(t);
    commit(t);
    rlv_batch_forget(t->batch, &t->stages);
    shelf_run(t->s->sql, "UPDATE relevo.conversation SET state = 'junk' WHERE lane = %d", t->s->lane);
    begin(t);
    add(t, RLV_EVENT_MESSAGE, "ana", "m2");
    char id[RLV_ID_TEXT + 1];
    rlv_id_text(t->batch->items[0].event.conversation_id, id);
    assert_int_equal(load(t, &err), RLV_E_REFUSED);
    assert_int_equal(err.code, RLV_E_REFUSED);
    assert_non_null(strstr(err.message, id));
}

/* However small the memory of the batch is: all of it, or RLV_E_LIMIT. */
static void test_a_full_arena(void **state)
{
    track *t = *state;
    rlv_error err;
    bool fitted = false, refused = false;
    rlv_batch *whole = t->batch;
    for (size_t ceiling = 2048; ceiling < ((size_t)192 << 10) && !fitted; ceiling += 512) {
        t->batch = rlv_batch_new(ceiling);
        rlv_batch_reset(t->batch, ITEMS_MAX);
        int rc = add(t, RLV_EVENT_MESSAGE, "ana", "m1") && add(t, RLV_EVENT_MESSAGE, "ana", "m2") ? load(t, &err)
                                                                                                  : RLV_E_LIMIT;
        if (rc == RLV_OK)
            rc = rlv_batch_step(t->batch, &t->stages, 1, &err);
        assert_true(rc == RLV_OK || rc == RLV_E_LIMIT);
        refused |= rc == RLV_E_LIMIT;
        fitted = rc == RLV_OK;
        if (fitted)
            assert_int_equal(t->batch->outcomes[1].decisions.first->kind, RLV_DECIDED_RECEIVED);
        rlv_batch_free(t->batch);
    }
    assert_true(fitted && refused);
    t->batch = whole;
    rlv_batch_free(NULL);
}

/* A batch that is stepped on what another one leaves, before that one is committed. */
static void test_follows(void **state)
{
    track *t = *state;
    rlv_error err;
    rlv_batch *before = t->batch;
    add(t, RLV_EVENT_MESSAGE, "ana", "m1");
    step(t);
    rlv_batch_remember(before, &t->stages);
    t->batch = rlv_batch_new((size_t)8 << 20);
    assert_non_null(t->batch);
    begin(t);
    add(t, RLV_EVENT_MESSAGE, "ana", "m2");
    add(t, RLV_EVENT_MESSAGE, "bea", "m3");
    assert_ok(load(t, &err), err);
    assert_false(t->batch->stepped);
    assert_true(rlv_batch_follows(t->batch, before));
    assert_ok(rlv_batch_step(t->batch, &t->stages, t->s->row.seq + 2, &err), err);
    assert_true(t->batch->stepped);
    assert_int_equal(t->batch->outcomes[0].seq, t->s->row.seq + 2);
    assert_int_equal(t->batch->outcomes[0].conversation->version, 1);
    assert_int_equal(t->batch->outcomes[0].conversation->messages, 2);

    before->n_joins = 1;
    assert_false(rlv_batch_follows(t->batch, before));
    before->n_joins = 0;
    t->batch->n_joins = 1;
    assert_false(rlv_batch_follows(t->batch, before));

    rlv_cache_drop(t->stages.cache, t->batch->items[0].event.conversation_id); /* as a cache does that is too small */
    assert_ok(load(t, &err), err);
    assert_false(rlv_batch_follows(t->batch, before));

    rlv_batch_remember(before, &t->stages); /* it is refused: nothing of it is left */
    rlv_batch_forget(before, &t->stages);
    assert_false(before->stepped);
    assert_int_equal(rlv_cache_bytes(t->stages.cache), 0);
    rlv_batch_free(before);
}

/* A batch makes room as it grows; what was in it stays as it was. */
static void items_move(void **state)
{
    rlv_batch *b = ((track *)*state)->batch;
    for (int64_t i = 0; i < 1500; i++) {
        rlv_batch_item *item = rlv_batch_next(b);
        assert_non_null(item);
        assert_ptr_equal(item, rlv_batch_next(b)); /* nothing was counted yet */
        *item = (rlv_batch_item){.base_ms = i};
        b->n++;
    }
    for (int64_t i = 0; i < 1500; i++)
        assert_int_equal(b->items[i].base_ms, i);
    while (rlv_batch_next(b)) /* until its memory is full */
        b->items[b->n++].base_ms = 0;
    assert_int_equal(b->items[1499].base_ms, 1499);
    rlv_batch_reset(b, ITEMS_MAX);
    assert_int_equal(b->n, 0);
    assert_int_equal(rlv_arena_used(b->arena), 0);
    assert_non_null(rlv_batch_next(b));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(items_move),
        TEST(test_new_conversations),    TEST(test_found_again),
        TEST(test_a_row_that_is_ahead),  TEST(test_another_lanes_conversation),
        TEST(test_an_identity_that_nobody_had), TEST(test_two_become_one),
        TEST(test_joined_within_a_batch), TEST(test_another_identity),
        TEST(test_no_such_conversation), TEST(test_dead_from_the_start),
        TEST(test_follows),
        TEST(test_stepping_again),       TEST(test_unreadable_state),
        TEST(test_a_full_arena),
    };
    return cmocka_run_group_tests(tests, group_setup, shelf_group_teardown);
}
