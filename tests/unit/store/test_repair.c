/* SPDX-License-Identifier: Apache-2.0 */
/* What `relevo repair` asks of Postgres: the lane marked and fenced, and an end that is all of it or nothing. */
#include "store/repair.h"

#include <stdio.h>
#include <stdlib.h>

#include "shelf.h"
#include "store/privacy.h"

static const int64_t at = 1700000000000;
static const char *const topics[] = {"b", "new", "a"};

static const char *id_of(const shelf_batch *b, size_t i)
{
    static char text[RLV_ID_TEXT + 1];
    rlv_id_text(b->conversations[i].id, text);
    return text;
}

static rlv_repair_lane look(shelf *s, int32_t lane)
{
    rlv_repair_lane found;
    rlv_error err;
    assert_ok(rlv_repair_look(s->store, lane, topics, 3, &found, &err), err);
    return found;
}

static int begin(shelf *s, const char *cluster, int64_t from, rlv_lane_row *row, rlv_error *err)
{
    static const char *const own[] = {"a", "b"};
    return rlv_repair_begin(s->store, s->lane, 12, cluster, own, 2, from, row, err);
}

static void test_looking(void **state)
{
    shelf *s = *state;
    rlv_error err;
    int64_t n = 77;
    rlv_repair_lane none = look(s, 3999);
    assert_false(none.exists);
    assert_int_equal(none.seq + none.published + none.lane_ms + none.partitions, 0);
    assert_int_equal(none.began, -1);
    assert_string_equal(none.kafka_cluster, "");
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(none.next[i], -1);

    shelf_batch *b = shelf_batch_new(s, "look", 4, at);
    b->decisions[2].kind = b->decisions[3].kind = RLV_DECIDED_RECEIVED;
    b->events[3].kind = RLV_EVENT_DEAD;
    b->commit.n_writes = 3;
    b->commit.published = 2;
    assert_ok(shelf_commit(s, b, &err), err);
    rlv_repair_lane l = look(s, s->lane);
    assert_true(l.exists);
    assert_int_equal(l.seq, 4);
    assert_int_equal(l.published, 2);
    assert_int_equal(l.partitions, 12);
    assert_string_equal(l.kafka_cluster, "cluster");
    assert_int_equal(l.began, -1);
    assert_int_equal(l.lane_ms, at);
    assert_int_equal(l.next[0], 20); /* by name, in the order asked */
    assert_int_equal(l.next[1], -1);
    assert_int_equal(l.next[2], 14);

    static const struct {
        int64_t seq, last;
    } decided[] = {{4, 3}, {3, 3}, {1, 1}, {0, 0}, {99, 3}}; /* a dead letter has no decision */
    for (size_t i = 0; i < sizeof(decided) / sizeof(*decided); i++) {
        assert_ok(rlv_repair_last_decided(s->store, s->lane, decided[i].seq, &n, &err), err);
        assert_int_equal(n, decided[i].last);
    }
    assert_ok(rlv_repair_last_decided(s->store, 3999, 9, &n, &err), err);
    assert_int_equal(n, 0);
    static const int64_t counts[][3] = {{0, 4, 4}, {1, 3, 2}, {3, 3, 0}, {4, 99, 0}};
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        assert_ok(rlv_repair_count(s->store, s->lane, counts[i][0], counts[i][1], &n, &err), err);
        assert_int_equal(n, counts[i][2]);
    }
}

/* From the first write to the last no consumer takes the lane, and a repair that was cut goes on. */
static void test_the_mark(void **state)
{
    shelf *s = *state;
    rlv_error err;
    rlv_lane_row row = {.lane = 77}, other;
    static const char *const own[] = {"a", "b"};
    assert_int_equal(begin(s, "elsewhere", 0, &row, &err), RLV_E_REFUSED);
    assert_int_equal(row.lane, 77); /* untouched */
    assert_int_equal(look(s, s->lane).began, -1);
    assert_ok(rlv_store_check_fence(s->store, &s->row, &err), err);

    assert_ok(begin(s, "cluster", 5, &row, &err), err);
    assert_int_equal(row.lane, s->lane);
    assert_int_equal(look(s, s->lane).began, 5);
    assert_int_equal(rlv_store_check_fence(s->store, &s->row, &err), RLV_E_FENCED); /* a consumer that slept */
    assert_int_equal(rlv_store_assign(s->store, s->lane, 12, "cluster", own, 2, NULL, &other, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "run relevo repair again"));
    assert_ok(begin(s, "cluster", 6, &row, &err), err);
    assert_int_equal(look(s, s->lane).began, 6);
}

static void test_moving(void **state)
{
    shelf *s = *state;
    rlv_error err;
    rlv_lane_row row;
    shelf_batch *b = shelf_batch_new(s, "move", 1, at);
    assert_ok(shelf_commit(s, b, &err), err);
    assert_int_equal(look(s, s->lane).next[2], 11);
    assert_ok(begin(s, "cluster", 1, &row, &err), err);
    assert_int_equal(rlv_repair_move(s->store, &s->row, "a", 11, 40, &err), RLV_E_FENCED); /* not ours any more */
    assert_non_null(strstr(err.message, "stop all of them, then repair"));
    assert_int_equal(rlv_repair_move(s->store, &row, "a", 10, 40, &err), RLV_E_FENCED); /* it moved meanwhile */
    assert_int_equal(rlv_repair_move(s->store, &row, "nowhere", 11, 40, &err), RLV_E_FENCED);
    assert_int_equal(look(s, s->lane).next[2], 11);
    assert_ok(rlv_repair_move(s->store, &row, "a", 11, 40, &err), err);
    assert_int_equal(look(s, s->lane).next[2], 40);
    assert_int_equal(look(s, s->lane).next[0], 20); /* and no other */
}

/* What was decided about a customer before they were erased must not come back; what they wrote later is new. */
static void test_the_erased(void **state)
{
    shelf *s = *state;
    rlv_error err;
    int64_t conversations, events;
    shelf_batch *b = shelf_batch_new(s, "erased", 2, at);
    assert_ok(shelf_commit(s, b, &err), err);
    const char *customer = rlv_arena_printf(s->arena, "%.*s", RLV_STR_ARG(b->conversations[0].wa_id));
    assert_ok(rlv_privacy_erase(s->store, customer, "ana", &conversations, &events, &err), err);
    const rlv_id one = b->conversations[0].id, two = b->conversations[1].id;
    const rlv_id ids[] = {one, two, one, one, two};
    const int64_t seqs[] = {1, 2, 2, 3, 1};
    bool erased[] = {false, true, false, true, true}; /* all wrong */
    assert_ok(rlv_repair_erased(s->store, ids, seqs, 5, erased, &err), err);
    static const bool expected[] = {true, false, true, false, false};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(erased[i], expected[i]);
    assert_ok(rlv_repair_erased(s->store, ids, seqs, 0, erased, &err), err);
}

/* All that a repair's end may change. */
static const char *all(shelf *s)
{
    return shelf_ask(s,
                     "SELECT concat_ws(' ', (SELECT concat_ws('/', published, repair_from) FROM relevo.lane WHERE lane = %1$d), "
                     "(SELECT string_agg(concat_ws('/', id, version, owner, epoch, reason), ',' ORDER BY id) FROM "
                     "relevo.conversation WHERE lane = %1$d), (SELECT string_agg(concat_ws('/', id, kind), ',' ORDER BY id) FROM "
                     "relevo.command WHERE lane = %1$d), (SELECT count(*) FROM relevo.timer WHERE lane = %1$d))",
                     s->lane);
}

/* A desktop's command as a row under an id of its own. */
static void command_row(shelf *s, int64_t id, const char *conversation, int64_t at_ms)
{
    shelf_run(s->sql,
              "INSERT INTO relevo.command (lane, id, conversation_id, kind, agent_id, text, owner, epoch, version, at) "
              "OVERRIDING SYSTEM VALUE VALUES (%d, %lld, '%s', 'reply', 'ana', 'Hola', 3, 2, 1, to_timestamp(%lld / 1000.0))",
              s->lane, (long long)id, conversation, (long long)at_ms);
}

static void test_the_end(void **state)
{
    shelf *s = *state;
    rlv_error err;
    rlv_lane_row row;
    rlv_repair_done done = {77, 77};
    char before[4096];
    shelf_run(s->sql, "INSERT INTO relevo.agent (id, name) VALUES ('ana', 'Ana') ON CONFLICT DO NOTHING");
    /* The lane as it was rebuilt: the first two events are older than the backup. */
    shelf_batch *b = shelf_batch_new(s, "end", 6, at);
    b->conversations[3].owner = b->conversations[4].owner = b->conversations[5].owner = RLV_OWNER_HUMAN;
    b->conversations[3].agent_id = RLV_STR("ana");
    b->conversations[4].agent_id = RLV_STR("zoe"); /* who is in no backup */
    b->conversations[5].agent_id = RLV_STR("ana");
    b->conversations[2].idle_timer_ms = b->conversations[0].idle_timer_ms = at + 5;
    assert_ok(shelf_commit(s, b, &err), err);
    shelf_follow(s, b);
    for (size_t i = 3; i < 6; i++)
        shelf_command(s, b, i);
    const int64_t decided = b->events[4].source.offset, others = b->events[5].source.offset,
                  reused = b->events[3].source.offset;
    b->commit.n = 6;
    for (size_t i = 0; i < 6; i++) {
        b->writes[i].timer_was_ms = b->conversations[i].idle_timer_ms;
        if (i < 2)
            b->events[i].kind = RLV_EVENT_STATUS; /* touches no conversation */
    }
    const int64_t mark = s->row.seq;
    assert_ok(shelf_commit(s, b, &err), err);
    command_row(s, decided, id_of(b, 4), at + 4000); /* of the backup, and decided since */
    /* written after the restore, under ids that were used: of another conversation, or later */
    command_row(s, others, id_of(b, 3), at + 4000);
    command_row(s, reused, id_of(b, 3), at + 90000);
    rlv_lane_row stale = s->row;
    assert_ok(begin(s, "cluster", mark, &row, &err), err);

    (void)snprintf(before, sizeof(before), "%s", all(s));
    assert_int_equal(rlv_repair_finish(s->store, &stale, 12, at, &done, &err), RLV_E_FENCED);
    assert_string_equal(all(s), before);
    assert_int_equal(done.people, 77); /* untouched */

    int64_t last = (int64_t)strtoll(shelf_ask(s, "SELECT last_value FROM relevo.command_id_seq"), NULL, 10);
    assert_ok(rlv_repair_finish(s->store, &row, 12, at, &done, &err), err);
    assert_int_equal(done.people, 2); /* the bot's that was touched, and the unknown agent's */
    assert_int_equal(done.commands, 1);
    for (size_t i = 0; i < 6; i++) { /* of the bot 2; 0 and 1 were not touched; 3 and 5 are a known agent's */
        bool touched = i >= 2, people = i == 2 || i == 4;
        rlv_str state_of = rlv_str_from(shelf_ask(s, "SELECT concat_ws('/', owner, version > 1000000, epoch, reason) FROM relevo.conversation WHERE id = '%s'", id_of(b, i)));
        const char *expected = people   ? "2/t/2/restored from a backup: read the history"
                               : touched ? "3/t/1"
                                         : "1/f/1";
        if (!rlv_str_is(state_of, expected))
            fail_msg("%zu: %s, not %s", i, state_of.ptr, expected);
    }
    assert_ask(s, "1", "SELECT count(*) FROM relevo.timer WHERE lane = %d", s->lane); /* 0's: it was not touched */
    assert_ask(s, "0", "SELECT count(*) FROM relevo.command WHERE lane = %d AND id IN (%lld, %lld, %lld)", s->lane,
               (long long)decided, (long long)others, (long long)reused);
    assert_ask(s, "requeue,requeue", "SELECT string_agg(kind, ',') FROM relevo.command WHERE lane = %d AND owner = 2", s->lane);
    assert_ask(s, "2", "SELECT count(*) FROM relevo.command WHERE lane = %d AND kind = 'reply' AND conversation_id = '%s'", s->lane,
               id_of(b, 3));
    assert_ask(s, "t", "SELECT bool_and(id > %lld) FROM relevo.command WHERE lane = %d", (long long)last, s->lane);
    assert_ask(s, "12/marked", "SELECT concat_ws('/', published, CASE WHEN repair_from IS NULL THEN 'free' ELSE 'marked' END) "
               "FROM relevo.lane WHERE lane = %d", s->lane);
    assert_ok(rlv_repair_finish(s->store, &row, 12, at, &done, &err), err); /* a repair that was cut after it does it again */
    assert_int_equal(done.people + done.commands, 0);
    int64_t identities = 77;
    assert_ok(rlv_repair_release(s->store, &s->lane, 1, false, &identities, &err), err);
    assert_int_equal(identities, 0);
    assert_ask(s, "12/free", "SELECT concat_ws('/', published, coalesce(repair_from::text, 'free')) FROM relevo.lane WHERE lane = %d",
               s->lane);

    /* Without a mark there is nothing to end; a consumer may take the lane. */
    (void)snprintf(before, sizeof(before), "%s", all(s));
    assert_int_equal(rlv_repair_finish(s->store, &row, 13, at, &done, &err), RLV_E_FENCED);
    assert_string_equal(all(s), before);
    row = shelf_assign(s->store, s->lane);
    assert_int_equal(row.published, 12);
}

/* A row as the lane that decides about it left it. */
static void conversation_row(shelf *s, const char *id, int32_t lane, int owner, int epoch, const char *forward)
{
    shelf_run(s->sql,
              "INSERT INTO relevo.conversation (id, lane, version, owner, epoch, owner_since, phone_number_id, customer_id, opened_ms, last_in_ms, "
              "state, forward, told_in) VALUES ('%s', %d, 1, %d, %d, 100, '555', 'c', 0, 0, '', nullif('%s', '')::uuid, nullif('%s', '')::uuid)",
              id, lane, owner, epoch, forward, forward);
}

static rlv_id uuid(const char *text)
{
    rlv_id id;
    assert_true(rlv_id_parse(rlv_str_from(text), &id));
    return id;
}

#define ID(n) "0aaaaaaa-0000-4000-8000-00000000000" n

static const char *leads(shelf *s, const char *id)
{
    return shelf_ask(s, "SELECT concat_ws('/', right(forward::text, 1), right(told_in::text, 1), owner, epoch, version > 1000000) "
                     "FROM relevo.conversation WHERE id = '%s'", id);
}

/* Identities lead where they led, in the order in which that was seen, whichever lane is repaired first. */
static void test_identities(void **state)
{
    shelf *s = *state;
    rlv_error err;
    int64_t changed;
    const int32_t lane = s->lane, other = s->lane + 1;
    /* 1 was joined to 2 and 2 to 3; 4 is a number that went from 3 to 5; 6 names no conversation; 7 is alive, and was joined to 8, which nobody
       has; 9 is a number that leads elsewhere since a later moment. */
    conversation_row(s, ID("1"), other, 3, 4, "");
    conversation_row(s, ID("2"), lane, 1, 7, "");
    conversation_row(s, ID("3"), lane, 2, 9, "");
    conversation_row(s, ID("4"), lane, 4, 1, ID("3"));
    conversation_row(s, ID("5"), lane, 1, 1, "");
    conversation_row(s, ID("7"), lane, 1, 1, "");
    conversation_row(s, ID("9"), lane, 4, 1, ID("5"));
    shelf_run(s->sql, "UPDATE relevo.conversation SET owner_since = 900, told_in = NULL WHERE id = '%s'", ID("9"));
    const rlv_str number = RLV_STR("555"), blob = RLV_STR("state");
    const rlv_repair_identity list[] = {
        {.identity = uuid(ID("4")), .leads_to = uuid(ID("5")), .at_ms = 500, .phone_number_id = number, .wa_id = RLV_STR("4"), .state = blob},
        {.identity = uuid(ID("4")), .leads_to = uuid(ID("3")), .at_ms = 400, .phone_number_id = number, .wa_id = RLV_STR("4"), .state = blob},
        {.identity = uuid(ID("2")), .leads_to = uuid(ID("3")), .at_ms = 300, .joined = true, .phone_number_id = number},
        {.identity = uuid(ID("1")), .leads_to = uuid(ID("2")), .at_ms = 200, .joined = true, .phone_number_id = number},
        {.identity = uuid(ID("1")), .leads_to = uuid(ID("2")), .at_ms = 200, .phone_number_id = number, .wa_id = RLV_STR("1"), .state = blob},
        {.identity = uuid(ID("6")), .leads_to = uuid(ID("2")), .at_ms = 250, .phone_number_id = number, .user_id = RLV_STR("6"), .state = blob},
        {.identity = uuid(ID("7")), .leads_to = uuid(ID("8")), .at_ms = 250, .joined = true, .phone_number_id = number},
        {.identity = uuid(ID("9")), .leads_to = uuid(ID("3")), .at_ms = 800, .phone_number_id = number, .wa_id = RLV_STR("9"), .state = blob}};
    assert_ok(rlv_repair_note(s->store, lane, list, sizeof(list) / sizeof(*list), &err), err);
    assert_ok(rlv_repair_note(s->store, lane, list, sizeof(list) / sizeof(*list), &err), err); /* a repair that was cut: the same again */
    assert_ok(rlv_repair_release(s->store, &lane, 1, false, &changed, &err), err);
    assert_int_equal(changed, 2); /* 2 and 4; the lane of 1 waits for its repair */
    assert_string_equal(leads(s, ID("1")), "3/4/f");
    assert_string_equal(leads(s, ID("2")), "3/3/4/8/t");
    assert_string_equal(leads(s, ID("4")), "5/3/4/1/t"); /* what was said under it stays with whom it was said to */
    assert_ask(s, "0", "SELECT count(*) FROM relevo.conversation WHERE id = '%s'", ID("6"));

    const int32_t both[] = {lane, other};
    assert_ok(rlv_repair_release(s->store, both, 2, true, &changed, &err), err);
    assert_int_equal(changed, 2);
    assert_string_equal(leads(s, ID("1")), "3/3/4/5/t"); /* with the one that 2 became */
    assert_ask(s, "3/4/1", "SELECT concat_ws('/', right(forward::text, 1), owner, epoch) FROM relevo.conversation WHERE id = '%s'", ID("6"));
    assert_string_equal(leads(s, ID("7")), "1/1/f");
    assert_string_equal(leads(s, ID("9")), "5/4/1/f");
    assert_ask(s, "moved,moved", "SELECT string_agg(kind, ',') FROM relevo.command WHERE conversation_id IN ('%s', '%s')", ID("1"), ID("2"));
    assert_ask(s, "0", "SELECT count(*) FROM relevo.repair_identity");
    assert_ok(rlv_repair_release(s->store, both, 2, true, &changed, &err), err);
    assert_int_equal(changed, 0);
    shelf_run(s->sql, "DELETE FROM relevo.command WHERE conversation_id::text LIKE '0aaaaaaa-%%'");
    shelf_run(s->sql, "DELETE FROM relevo.conversation WHERE id::text LIKE '0aaaaaaa-%%'");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, shelf_setup, shelf_teardown)
    const struct CMUnitTest tests[] = {TEST(test_looking), TEST(test_the_mark), TEST(test_moving), TEST(test_the_erased),
                                       TEST(test_the_end), TEST(test_identities)};
    return cmocka_run_group_tests(tests, shelf_group_setup, shelf_group_teardown);
}
