/* SPDX-License-Identifier: Apache-2.0 */
/* Erasing, expiring, giving out: all of a customer goes and nobody else's; what is not published stays until it is. */
#include "store/privacy.h"

#include <stdio.h>

#include "shelf.h"

static const int64_t at = 1700000000000, later = 1700000600000;

static const char *id_of(const shelf_batch *b, size_t i)
{
    static char text[RLV_ID_TEXT + 1];
    rlv_id_text(b->conversations[i].id, text);
    return text;
}

static const char *customer_of(shelf *s, const shelf_batch *b, size_t i)
{
    return rlv_arena_printf(s->arena, "%.*s", RLV_STR_ARG(b->conversations[i].wa_id));
}

/* Two customers who wrote twice; of each the first event is published. */
static shelf_batch *written(shelf *s, const char *name)
{
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, name, 2, at);
    b->events[0].trace = b->events[1].trace = rlv_trace_begin();
    for (int i = 0; i < 2; i++) {
        b->commit.published = i ? 2 : 0;
        b->conversations[0].idle_timer_ms = i ? 0 : later;
        assert_ok(shelf_commit(s, b, &err), err);
        shelf_follow(s, b);
    }
    return b;
}

static size_t pending(shelf *s, rlv_pending **ret)
{
    size_t n = 77, mine = 0;
    rlv_error err;
    rlv_pending *all;
    assert_ok(rlv_privacy_pending(s->store, s->arena, &all, &n, &err), err);
    for (size_t i = 0; i < n; i++) {
        assert_true(i == 0 || all[i].lane >= all[i - 1].lane); /* lane by lane */
        if (all[i].lane == s->lane)
            *ret = &all[i], mine++;
    }
    return mine;
}

static void test_erase(void **state)
{
    shelf *s = *state;
    rlv_error err;
    int64_t conversations = 77, events = 77, left = 77;
    rlv_pending *waiting = NULL;
    shelf_batch *b = written(s, "erase");
    assert_int_equal(rlv_privacy_erase(s->store, customer_of(s, b, 0), "", &conversations, &events, &err), RLV_E_IO);
    assert_non_null(strstr(err.message, "who asks has 1 to 4096 characters"));
    assert_int_equal(conversations, 77);
    assert_ok(rlv_privacy_erase(s->store, "nobody' OR true --", "ana", &conversations, &events, &err), err);
    assert_int_equal(conversations, 0);
    assert_int_equal(events, 0);
    assert_int_equal(pending(s, &waiting), 0);

    assert_ok(rlv_privacy_erase(s->store, customer_of(s, b, 0), "ana", &conversations, &events, &err), err);
    assert_int_equal(conversations, 1);
    assert_int_equal(events, 2);
    assert_ask(s, "0", "SELECT count(*) FROM relevo.conversation WHERE id = '%s'", id_of(b, 0));
    assert_ask(s, "0", "SELECT count(*) FROM relevo.timer WHERE conversation_id = '%s'", id_of(b, 0));
    assert_ask(s, "1/-,3/hola", /* the second waits for Kafka, and keeps its number meanwhile */
               "SELECT string_agg(seq || '/' || coalesce(text, '-'), ',' ORDER BY seq) FROM relevo.history "
               "WHERE conversation_id = '%s'",
               id_of(b, 0));
    assert_ask(s, "hola,hola", "SELECT string_agg(text, ',') FROM relevo.history WHERE conversation_id = '%s'", id_of(b, 1));
    assert_ask(s, "ana", "SELECT by FROM relevo.erased WHERE conversation_id = '%s'", id_of(b, 0));

    assert_int_equal(pending(s, &waiting), 1);
    assert_true(rlv_id_eq(waiting->conversation_id, b->conversations[0].id));
    assert_int_equal(waiting->seq, 4);
    assert_ok(rlv_privacy_rest(s->store, s->lane, 2, &left, &err), err);
    assert_int_equal(left, 1); /* not published still */
    assert_ok(rlv_privacy_rest(s->store, s->lane, 4, &left, &err), err);
    assert_int_equal(left, 0);
    assert_ask(s, "2", "SELECT count(*) FROM relevo.history WHERE conversation_id = '%s' AND text IS NULL AND trace IS NULL AND decided = '\\x01'",
               id_of(b, 0));
    assert_ask(s, "2", "SELECT count(*) FROM relevo.history WHERE conversation_id = '%s' AND text = 'hola' AND trace IS NOT NULL",
               id_of(b, 1));

    const rlv_pending nobody = {.conversation_id = {{9}}, .lane = s->lane};
    assert_ok(rlv_privacy_done(s->store, &nobody, 1, &err), err);
    assert_ok(rlv_privacy_done(s->store, waiting, 0, &err), err);
    assert_int_equal(pending(s, &waiting), 1);
    assert_ok(rlv_privacy_done(s->store, waiting, 1, &err), err);
    assert_int_equal(pending(s, &waiting), 0);
}

static void test_expire_conversations(void **state)
{
    shelf *s = *state;
    rlv_error err;
    int64_t n = 77;
    rlv_pending *waiting = NULL;
    const int64_t old = at - 86400000, since = old + 60000; /* before the other tests' */
    shelf_batch *b = shelf_batch_new(s, "expire", 5, old);
    b->conversations[1].owner = RLV_OWNER_CLOSED;
    b->conversations[2].owner = RLV_OWNER_HUMAN; /* a person may still be at it */
    b->conversations[3].owner = RLV_OWNER_QUEUED;
    b->conversations[4].last_in_ms = since; /* was heard of since */
    assert_ok(shelf_commit(s, b, &err), err);
    assert_ok(rlv_privacy_expire_conversations(s->store, old, 10, &n, &err), err);
    assert_int_equal(n, 0); /* since, not at */
    assert_ok(rlv_privacy_expire_conversations(s->store, since, 1, &n, &err), err);
    assert_int_equal(n, 1); /* at most */
    assert_ok(rlv_privacy_expire_conversations(s->store, since, 10, &n, &err), err);
    assert_int_equal(n, 1);
    assert_ask(s, "3", "SELECT count(*) FROM relevo.conversation WHERE lane = %d", s->lane);
    assert_ask(s, "0", "SELECT count(*) FROM relevo.conversation WHERE lane = %d AND owner IN (1, 4) AND last_in_ms < %lld",
               s->lane, (long long)since);
    assert_int_equal(pending(s, &waiting), 2);
    assert_ask(s, "2", "SELECT count(*) FROM relevo.erased WHERE lane = %d AND by IS NULL", s->lane); /* the policy */
}

static void test_expire_months(void **state)
{
    shelf *s = *state;
    rlv_error err;
    enum { LANES = 64 };
    int64_t published[LANES] = {0};
    const int64_t march = 1583020800000, april = 1585699200000; /* 2020, when no other test was */
    rlv_str names = RLV_STR("untouched");
    assert_true(s->lane < LANES);
    shelf_batch *b = shelf_batch_new(s, "months", 1, march);
    assert_ok(shelf_commit(s, b, &err), err);
    static const char there[] = "SELECT string_agg(relname::text, ' ' ORDER BY relname) FROM pg_class "
                                "WHERE relname IN ('history_202003', 'history_202004')";
    assert_ask(s, "history_202003 history_202004", "%s", there);
    assert_ok(rlv_privacy_expire_months(s->store, april - 1, published, LANES, s->arena, &names, &err), err);
    assert_int_equal(names.len, 0); /* it has not ended */
    assert_ok(rlv_privacy_expire_months(s->store, april, published, LANES, s->arena, &names, &err), err);
    assert_int_equal(names.len, 0); /* nor is it published */
    published[s->lane] = 1;

    PGconn *reader = shelf_connect(s, "reader");
    shelf_run(reader, "BEGIN; SELECT * FROM relevo.history_202003");
    names = RLV_STR("untouched");
    assert_int_equal(rlv_privacy_expire_months(s->store, april, published, LANES, s->arena, &names, &err), RLV_E_CONFLICT);
    assert_true(rlv_str_is(names, "untouched"));
    shelf_run(reader, "COMMIT");
    PQfinish(reader);

    assert_ok(rlv_privacy_expire_months(s->store, april, published, LANES, s->arena, &names, &err), err);
    assert_true(rlv_str_is(names, "history_202003"));
    assert_ask(s, "history_202004", "%s", there);
    assert_ask(s, "1", "SELECT count(*) FROM relevo.conversation WHERE lane = %d", s->lane);
}

static void test_expire_sends(void **state)
{
    shelf *s = *state;
    rlv_error err;
    int64_t n = 77;
    /* accepted; failed and told; failed, which no lane knows yet; under way; accepted, but lately */
    shelf_run(s->sql,
              "INSERT INTO relevo.send (id, part, conversation_id, lane, seq, epoch, author, state, attempt, worker, lease_until, settled_at, reported) "
              "SELECT gen_random_uuid(), 0, gen_random_uuid(), %d, i, 1, 2, (ARRAY[3, 4, 4, 1, 3])[i], 1, gen_random_uuid(), now(), "
              "CASE WHEN i = 5 THEN to_timestamp(%lld / 1000.0) WHEN i <> 4 THEN to_timestamp(%lld / 1000.0) END, i = 2 "
              "FROM generate_series(1, 5) i",
              s->lane, (long long)later, (long long)at);
    assert_ok(rlv_privacy_expire_sends(s->store, at, 10, &n, &err), err);
    assert_int_equal(n, 0);
    assert_ok(rlv_privacy_expire_sends(s->store, later, 1, &n, &err), err);
    assert_int_equal(n, 1);
    assert_ok(rlv_privacy_expire_sends(s->store, later, 10, &n, &err), err);
    assert_int_equal(n, 1);
    assert_ask(s, "3,4,5", "SELECT string_agg(seq::text, ',' ORDER BY seq) FROM relevo.send WHERE lane = %d", s->lane);
}

static void test_export(void **state)
{
    shelf *s = *state;
    rlv_error err;
    rlv_str json = RLV_STR("untouched");
    shelf_batch *b = written(s, "export");
    assert_ok(rlv_privacy_export(s->store, customer_of(s, b, 0), s->arena, &json, &err), err);
    shelf_run(s->sql, "CREATE TEMP TABLE given (it json)");
    char *quoted = PQescapeLiteral(s->sql, json.ptr, json.len);
    const char *insert = rlv_arena_printf(s->arena, "INSERT INTO given VALUES (%s)", quoted);
    PQfreemem(quoted);
    PGresult *r = PQexec(s->sql, insert);
    assert_int_equal(PQresultStatus(r), PGRES_COMMAND_OK);
    PQclear(r);
    assert_ask(s, "1/2/hola", /* theirs alone, with all that was said */
               "SELECT concat_ws('/', json_array_length(it->'conversations'), "
               "json_array_length(it->'conversations'->0->'history'), it->'conversations'->0->'history'->0->>'text') FROM given");
    assert_ask(s, id_of(b, 0), "SELECT it->'conversations'->0->>'conversation_id' FROM given");
    assert_ok(rlv_privacy_export(s->store, "nobody", s->arena, &json, &err), err);
    assert_non_null(strstr(json.ptr, "\"conversations\" : []"));

    json = RLV_STR("untouched");
    rlv_arena *small = rlv_arena_new(64);
    assert_int_equal(rlv_privacy_export(s->store, customer_of(s, b, 0), small, &json, &err), RLV_E_LIMIT);
    assert_true(rlv_str_is(json, "untouched"));
    rlv_arena_free(small);
    small = rlv_arena_new(1);
    rlv_pending *list;
    size_t n = 77;
    assert_int_equal(rlv_privacy_pending(s->store, small, &list, &n, &err), RLV_E_LIMIT);
    assert_int_equal(n, 77);
    rlv_arena_free(small);
}

/* A desktop's or a lane's role may do none of it: only who was given it on purpose. */
static void test_rights(void **state)
{
    shelf *s = *state;
    rlv_error err;
    int64_t conversations, events;
    rlv_str json;
    shelf_batch *b = written(s, "rights");
    shelf_run(s->sql, "ALTER DATABASE %s SET role = relevo_desk", s->name);
    rlv_store *desktop = shelf_open(s, SHELF_TIMEOUT_MS);
    shelf_run(s->sql, "ALTER DATABASE %s RESET role", s->name);
    assert_int_equal(rlv_privacy_erase(desktop, customer_of(s, b, 0), "ana", &conversations, &events, &err), RLV_E_REFUSED);
    assert_int_equal(rlv_privacy_export(desktop, customer_of(s, b, 0), s->arena, &json, &err), RLV_E_REFUSED);
    assert_ask(s, "2", "SELECT count(*) FROM relevo.history WHERE conversation_id = '%s' AND text = 'hola'", id_of(b, 0));
    rlv_store_close(desktop);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, shelf_setup, shelf_teardown)
    const struct CMUnitTest tests[] = {TEST(test_erase),        TEST(test_expire_conversations), TEST(test_expire_months),
                                       TEST(test_expire_sends), TEST(test_export),               TEST(test_rights)};
    return cmocka_run_group_tests(tests, shelf_group_setup, shelf_group_teardown);
}
