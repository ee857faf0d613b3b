/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: conversations, commands, timers, and history that is not published yet. */
#include <stdio.h>

#include "shelf.h"

static const int64_t at = 1700000000123;

static void test_load(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, "load", 3, at);
    b->conversations[1].owner = RLV_OWNER_HUMAN;
    b->conversations[1].agent_id = RLV_STR("ana");
    b->conversations[1].team = RLV_STR("care");
    b->conversations[1].epoch = 9;
    b->writes[1].state = RLV_STR("a\0b");
    assert_ok(shelf_commit(s, b, &err), err);
    rlv_id ids[4] = {b->conversations[0].id, rlv_id_named(RLV_STR("x"), RLV_STR("nobody")),
                     b->conversations[1].id, b->conversations[2].id};
    rlv_stored *list;
    size_t n;
    assert_ok(rlv_store_load(s->store, ids, 3, s->arena, &list, &n, &err), err);
    assert_int_equal(n, 2);
    for (size_t i = 0; i < n; i++) {
        bool second = rlv_id_eq(list[i].id, ids[2]);
        assert_true(second || rlv_id_eq(list[i].id, ids[0]));
        assert_int_equal(list[i].lane, s->lane);
        assert_int_equal(list[i].version, 1);
        assert_int_equal(list[i].owner_since_ms, at);
        assert_int_equal(list[i].owner, second ? RLV_OWNER_HUMAN : RLV_OWNER_BOT);
        assert_int_equal(list[i].epoch, second ? 9 : 1);
        assert_true(rlv_str_is(list[i].agent_id, second ? "ana" : ""));
        assert_true(rlv_str_is(list[i].team, second ? "care" : ""));
        if (second)
            assert_true(rlv_str_eq(list[i].state, RLV_STR("a\0b")));
    }
    for (size_t i = 0; i < n; i++)
        assert_int_equal(list[i].tags.len, 0);
    char id[RLV_ID_TEXT + 1], other[RLV_ID_TEXT + 1]; /* marked, and joined to one that was marked before */
    rlv_id_text(ids[2], id);
    rlv_id_text(ids[0], other);
    (void)shelf_ask(s, "UPDATE relevo.conversation SET tags = CASE id::text WHEN '%s' THEN '{vip,mayorista}'::text[] ELSE '{moroso,vip}' END, "
                       "forward = CASE WHEN id::text <> '%s' THEN '%s'::uuid END WHERE id::text IN ('%s', '%s') RETURNING 1", id, id, id, id, other);
    assert_ok(rlv_store_load(s->store, ids, 3, s->arena, &list, &n, &err), err);
    for (size_t i = 0; i < n; i++)
        assert_true(rlv_str_is(list[i].tags, rlv_id_eq(list[i].id, ids[2]) ? "mayorista\nmoroso\nvip" : "moroso\nvip"));
    rlv_conversation conv = {.customer_name = RLV_STR("of the state"), .epoch = 77};
    for (size_t i = 0; i < n; i++)
        if (rlv_id_eq(list[i].id, ids[2])) {
            list[i].forward = ids[3];
            rlv_stored_columns(&list[i], &conv);
            assert_true(rlv_str_is(conv.tags, "mayorista\nmoroso\nvip"));
        }
    assert_true(rlv_id_eq(conv.id, ids[2]));
    assert_int_equal(conv.lane, s->lane);
    assert_int_equal(conv.version, 1);
    assert_int_equal(conv.owner, RLV_OWNER_HUMAN);
    assert_int_equal(conv.epoch, 9);
    assert_int_equal(conv.owner_since_ms, at);
    assert_true(rlv_str_is(conv.agent_id, "ana") && rlv_str_is(conv.team, "care"));
    assert_true(rlv_id_eq(conv.forward, ids[3]));
    assert_true(rlv_str_is(conv.customer_name, "of the state")); /* no column's: left alone */
    assert_ok(rlv_store_load(s->store, ids, 0, s->arena, &list, &n, &err), err);
    assert_int_equal(n, 0);
    rlv_arena *small = rlv_arena_new(64);
    assert_int_equal(rlv_store_load(s->store, ids, 4, small, &list, &n, &err), RLV_E_LIMIT);
    assert_int_equal(n, 0); /* untouched */
    rlv_arena_free(small);
}

static void conversation(shelf *s, const char *name, char ret_id[RLV_ID_TEXT + 1])
{
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, name, 1, at);
    b->conversations[0].user_id = RLV_STR("ES.7");
    b->next[0] = s->row.next[0] + 1;
    assert_ok(shelf_commit(s, b, &err), err);
    shelf_follow(s, b);
    rlv_id_text(b->conversations[0].id, ret_id);
}

static void test_commands(void **state)
{
    shelf *s = *state;
    rlv_error err;
    rlv_event *list;
    size_t n;
    int64_t age = -1;
    char id[RLV_ID_TEXT + 1];
    assert_ok(rlv_store_commands(s->store, s->lane, 10, s->arena, &list, &n, &age, &err), err);
    assert_int_equal(n, 0);
    assert_int_equal(age, 0);
    conversation(s, "who", id);
    static const char *const kinds[] = {"take_over", "reply",  "note",   "return",
                                        "resolve",   "assign", "requeue"};
    for (int i = 0; i < 7; i++)
        shelf_run(s->sql,
                  "INSERT INTO relevo.command (lane, conversation_id, kind, agent_id, agent_name, text, "
                  "note, owner, "
                  "owner_agent, epoch, version, at) VALUES (%d, '%s', '%s', %s, 'Ana', 'Hola', 'porque', 3, "
                  "'bea', %d, %d, "
                  "clock_timestamp() - interval '%d seconds')",
                  s->lane, id, kinds[i], i == 5 ? "NULL" : "'ana'", i + 2, i + 20, 70 - i * 10);
    assert_ok(rlv_store_commands(s->store, s->lane, 10, s->arena, &list, &n, &age, &err), err);
    assert_int_equal(n, 7);
    assert_in_range(age, 70000, 100000); /* of the oldest */
    for (int i = 0; i < 7; i++) {
        const rlv_event *ev = &list[i];
        assert_int_equal(ev->kind, RLV_EVENT_COMMAND);
        assert_int_equal(ev->command, i);
        assert_int_equal(ev->source.kind, RLV_SOURCE_COMMAND);
        assert_true(i == 0 || ev->source.offset > list[i - 1].source.offset);
        char text[RLV_ID_TEXT + 1];
        rlv_id_text(ev->conversation_id, text);
        assert_string_equal(text, id);
        assert_true(rlv_str_is(ev->agent_id, i == 5 ? "" : "ana"));
        assert_true(rlv_str_is(ev->agent_name, "Ana"));
        assert_true(rlv_str_is(ev->text, "Hola"));
        assert_true(rlv_str_is(ev->note, "porque"));
        assert_int_equal(ev->owner, RLV_OWNER_HUMAN);
        assert_true(rlv_str_is(ev->owner_agent, "bea"));
        assert_int_equal(ev->epoch, i + 2);
        assert_int_equal(ev->version, i + 20);
        assert_true(rlv_str_is(ev->phone_number_id, "555"));
        assert_true(rlv_str_is(ev->user_id, "ES.7"));
        assert_true(ev->wa_id.len > 0);
        assert_true(ev->sent_ms > 1700000000000 && (i == 0 || ev->sent_ms > list[i - 1].sent_ms));
    }
    assert_ok(rlv_store_commands(s->store, s->lane, 3, s->arena, &list, &n, &age, &err), err);
    assert_int_equal(n, 3);
    assert_int_equal(list[0].command, RLV_COMMAND_TAKE_OVER);
    shelf_run(s->sql, "UPDATE relevo.command SET at = clock_timestamp() + interval '1 hour' WHERE lane = %d",
              s->lane);
    assert_ok(rlv_store_commands(s->store, s->lane, 10, s->arena, &list, &n, &age, &err), err);
    assert_int_equal(age, 0); /* a clock that was set back makes nothing younger than new */
    shelf_run(s->sql,
              "UPDATE relevo.command SET note = '{\"to\": \"wamid.1\", \"template\": \"pedido\", \"language\": \"es\", \"parameters\": [\"Eva\", \"4\"], "
              "\"media_kind\": \"image\", \"media_id\": \"7\", \"media_name\": \"a.png\"}' WHERE lane = %d AND kind IN ('reply', 'note')",
              s->lane);
    assert_ok(rlv_store_commands(s->store, s->lane, 10, s->arena, &list, &n, &age, &err), err);
    const rlv_extras *x = &list[1].extras; /* what a reply is besides a text; of a note it is a text like any other */
    assert_true(list[1].note.len == 0 && rlv_str_is(list[1].context_id, "wamid.1") && rlv_str_is(x->template, "pedido"));
    assert_true(rlv_str_is(x->language, "es") && x->n_parameters == 2 && rlv_str_is(x->parameters[1], "4"));
    assert_true(rlv_str_is(x->media_kind, "image") && rlv_str_is(x->media_id, "7") && rlv_str_is(x->media_name, "a.png"));
    assert_true(list[2].note.len > 0 && list[2].context_id.len == 0 && list[2].extras.template.len == 0);
    rlv_arena *small = rlv_arena_new(64);
    assert_int_equal(rlv_store_commands(s->store, s->lane, 10, small, &list, &n, &age, &err), RLV_E_LIMIT);
    rlv_arena_free(small);
    shelf_run(s->sql, "UPDATE relevo.command SET kind = 'dance' WHERE lane = %d", s->lane);
    assert_int_equal(rlv_store_commands(s->store, s->lane, 10, s->arena, &list, &n, &age, &err),
                     RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "'dance'"));
}

static void test_timers(void **state)
{
    shelf *s = *state;
    rlv_error err;
    rlv_event *list;
    size_t n;
    static const int64_t due[] = {300, 100, 200, 400};
    for (int i = 0; i < 4; i++) {
        char name[16], id[RLV_ID_TEXT + 1];
        (void)snprintf(name, sizeof(name), "timer%d", i);
        conversation(s, name, id);
        shelf_run(
            s->sql,
            "INSERT INTO relevo.timer (conversation_id, kind, lane, due_ms) VALUES ('%s', 'idle', %d, %lld)",
            id, s->lane, (long long)due[i]);
    }
    assert_ok(rlv_store_timers(s->store, s->lane, 300, 10, s->arena, &list, &n, &err), err);
    assert_int_equal(n, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(list[i].kind, RLV_EVENT_TIMER);
        assert_int_equal(list[i].at_ms, (i + 1) * 100);
        assert_int_equal(list[i].source.kind, RLV_SOURCE_TIMER);
        assert_true(list[i].source.offset > 0);
        assert_true(rlv_str_is(list[i].timer, "idle"));
        assert_true(rlv_str_is(list[i].phone_number_id, "555"));
        assert_true(list[i].wa_id.len > 0 && rlv_str_is(list[i].user_id, "ES.7"));
    }
    assert_ok(rlv_store_timers(s->store, s->lane, 300, 2, s->arena, &list, &n, &err), err);
    assert_int_equal(n, 2);
    assert_ok(rlv_store_timers(s->store, s->lane, 99, 10, s->arena, &list, &n, &err), err);
    assert_int_equal(n, 0);
    assert_ok(rlv_store_timers(s->store, s->lane + 1000, 300, 10, s->arena, &list, &n, &err), err);
    assert_int_equal(n, 0);
    rlv_arena *small = rlv_arena_new(64);
    assert_int_equal(rlv_store_timers(s->store, s->lane, 300, 10, small, &list, &n, &err), RLV_E_LIMIT);
    rlv_arena_free(small);
}

static void test_unpublished(void **state)
{
    shelf *s = *state;
    rlv_error err;
    rlv_unpublished *list;
    size_t n;
    shelf_batch *b = shelf_batch_new(s, "unpublished", 5, at);
    b->decided[2] = RLV_STR("\001\0blob");
    b->events[2].trace = rlv_trace_begin();
    assert_ok(shelf_commit(s, b, &err), err);
    assert_ok(rlv_store_unpublished(s->store, s->lane, 1, 3, s->arena, &list, &n, &err), err);
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(list[i].seq, i + 2);
        assert_int_equal(list[i].at_ms, at);
        assert_true(rlv_id_eq(list[i].conversation_id, b->conversations[i + 1].id));
        rlv_trace trace = rlv_trace_of_row(&b->events[i + 1].trace, at, s->lane, list[i].seq);
        assert_memory_equal(&list[i].trace, &trace, sizeof(trace));
    }
    assert_true(rlv_str_eq(list[1].decided, RLV_STR("\001\0blob")));
    assert_true(rlv_str_is(list[2].decided, "decided 3"));
    assert_ok(rlv_store_unpublished(s->store, s->lane, 5, 10, s->arena, &list, &n, &err), err);
    assert_int_equal(n, 0);
    rlv_arena *small = rlv_arena_new(64);
    assert_int_equal(rlv_store_unpublished(s->store, s->lane, 0, 10, small, &list, &n, &err), RLV_E_LIMIT);
    rlv_arena_free(small);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, shelf_setup, shelf_teardown)
    const struct CMUnitTest tests[] = {TEST(test_load), TEST(test_commands), TEST(test_timers),
                                       TEST(test_unpublished)};
    return cmocka_run_group_tests(tests, shelf_group_setup, shelf_group_teardown);
}
