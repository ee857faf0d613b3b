/* SPDX-License-Identifier: Apache-2.0 */
/* One batch, one transaction: all of it, or nothing. */
#include <stdio.h>

#include "shelf.h"
#include "store/pg.h"

static const int64_t at = 1700000000123; /* 2023-11-14 */

/* What the lane's commits left, in one line; compared before and after a refusal. */
static const char *written(shelf *s)
{
    return shelf_ask(s,
                     "SELECT concat_ws(' ', (SELECT concat_ws('/', seq, published, lane_ms, topics, "
                     "next_offsets) FROM relevo.lane "
                     "WHERE lane = %1$d), (SELECT string_agg(concat_ws('/', id, version, owner, epoch, "
                     "state), ',' ORDER BY id) "
                     "FROM relevo.conversation WHERE lane = %1$d), (SELECT count(*) FROM relevo.history "
                     "WHERE lane = %1$d), "
                     "(SELECT count(*) FROM relevo.command WHERE lane = %1$d), (SELECT string_agg(concat(id, "
                     "due_ms), ',') "
                     "FROM relevo.timer WHERE lane = %1$d))",
                     s->lane);
}

static void refused(shelf *s, shelf_batch *b, int code)
{
    char before[4096];
    rlv_error err = {0};
    (void)snprintf(before, sizeof(before), "%s", written(s));
    assert_int_equal(shelf_commit(s, b, &err), code);
    assert_true(err.message[0] != '\0');
    assert_string_equal(written(s), before);
}

static const char *id_of(const shelf_batch *b, size_t i)
{
    static char text[RLV_ID_TEXT + 1];
    rlv_id_text(b->conversations[i].id, text);
    return text;
}

static void test_everything_is_written(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, "all", 2, at);
    static const rlv_str skills[] = {{"refunds", 7}, {"vip", 3}};
    static const rlv_card_field fields[] = {{{"why", 3}, {"\"quoted\"\n", 9}, {"wamid.1", 7}},
                                            {{"who", 3}, {"", 0}, {NULL, 0}}};
    rlv_conversation *c = &b->conversations[0];
    c->owner = RLV_OWNER_QUEUED;
    c->epoch = 2;
    c->team = RLV_STR("care");
    c->user_id = RLV_STR("ES.1");
    rlv_decision said = {.kind = RLV_DECIDED_REPLIED,
                         .ordinal = 1,
                         .owner = RLV_OWNER_QUEUED,
                         .epoch = 2,
                         .as.said = {.text = RLV_STR("Te paso"), .source = RLV_STR("notice.handoff")}};
    rlv_decision reading = {
        .kind = RLV_DECIDED_CLASSIFIED, .next = &said, .as.reading.intent = RLV_STR("orders")};
    rlv_decision handoff = {.kind = RLV_DECIDED_HANDED_OFF,
                            .next = &reading,
                            .owner = RLV_OWNER_QUEUED,
                            .epoch = 2,
                            .as.change = {.from = RLV_OWNER_BOT,
                                          .trigger = RLV_STR("anger"),
                                          .reason = RLV_STR("furious"),
                                          .route = {.priority = 8,
                                                    .rank = 2,
                                                    .language = RLV_STR("es"),
                                                    .agent = RLV_STR("ana"),
                                                    .skills = skills,
                                                    .n_skills = 2}}};
    rlv_decision card = {.kind = RLV_DECIDED_SUMMARIZED, .as.card = {fields, 2}};
    b->decisions[0].next = &handoff;
    b->outcomes[0].decisions.last = &said;
    b->writes[0].handoff = &handoff;
    b->writes[0].card = &card;
    c->idle_timer_ms = at + 5;
    assert_ok(shelf_commit(s, b, &err), err);

    assert_ask(s, "1/2/2/1700000000123//care/555/ES.1",
               "SELECT concat_ws('/', version, owner, epoch, owner_since, "
               "coalesce(agent_id, ''), team, phone_number_id, customer_id) FROM relevo.conversation WHERE "
               "id = '%s'",
               id_of(b, 0));
    assert_ask(s, "anger/furious/8/2/es/{refunds,vip}/ana",
               "SELECT concat_ws('/', trigger, reason, priority, rank, "
               "need_language, need_skills, prefer_agent) FROM relevo.conversation WHERE id = '%s'",
               id_of(b, 0));
    assert_ask(s, "\"quoted\"\n|wamid.1||t",
               "SELECT concat_ws('|', card->0->>'text', card->0->>'message_id', "
               "card->1->>'text', (card->1->'message_id') IS NULL) FROM relevo.conversation WHERE id = '%s'",
               id_of(b, 0));
    assert_ask(s, "María/es/1700000000123/\\x017374617465",
               "SELECT concat_ws('/', customer_name, language, opened_ms, "
               "state) FROM relevo.conversation WHERE id = '%s'",
               id_of(b, 0));
    assert_ask(s, "0/0/-",
               "SELECT concat_ws('/', priority, rank, coalesce(card::text, '-')) FROM relevo.conversation "
               "WHERE id = '%s'",
               id_of(b, 1)); /* the other one was not handed off */
    assert_ask(s, "2/0/1700000000123/{a,b}/{12,20}",
               "SELECT concat_ws('/', seq, published, lane_ms, topics, "
               "next_offsets) FROM relevo.lane WHERE lane = %d",
               s->lane);
    assert_ask(s, "0/0/a/10/1/wamid.1/text/hola/2/2/orders/anger/42/1700000000.123",
               "SELECT concat_ws('/', kind, source, topic, source_offset, by, message_id, type, text, owner, "
               "epoch, intent, "
               "trigger, config, extract(epoch FROM at)::numeric(20,3)) FROM relevo.history WHERE lane = %d "
               "AND seq = 1",
               s->lane);
    char id[RLV_ID_TEXT + 1];
    rlv_id_text(rlv_id_record(at, s->lane, 1, 1), id);
    assert_ask(s, id, "SELECT said->0->>'id' FROM relevo.history WHERE lane = %d AND seq = 1", s->lane);
    assert_ask(s, "bot/Te paso/notice.handoff",
               "SELECT concat_ws('/', said->0->>'by', said->0->>'text', "
               "said->0->>'source') FROM relevo.history WHERE lane = %d AND seq = 1",
               s->lane);
    assert_ask(s, "decided 1",
               "SELECT convert_from(decided, 'UTF8') FROM relevo.history WHERE lane = %d AND seq = 2",
               s->lane);
    assert_ask(s, "1700000000128", "SELECT due_ms FROM relevo.timer WHERE conversation_id = '%s'",
               id_of(b, 0));
    assert_ask(s, "0", "SELECT count(*) FROM relevo.timer WHERE conversation_id = '%s'", id_of(b, 1));
}

static void test_batch_after_batch(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, "again", 2, at);
    for (int i = 1; i <= 3; i++) {
        b->commit.published = i == 2 ? 0 : i; /* an older figure never goes back */
        b->conversations[0].epoch = i;
        assert_ok(shelf_commit(s, b, &err), err);
        shelf_follow(s, b);
        assert_ask(s,
                   i == 1   ? "1/1"
                   : i == 2 ? "2/2"
                            : "3/3",
                   "SELECT concat_ws('/', version, epoch) FROM "
                   "relevo.conversation WHERE id = '%s'",
                   id_of(b, 0));
        assert_ask(s, i == 3 ? "3" : "1", "SELECT published FROM relevo.lane WHERE lane = %d", s->lane);
    }
    assert_ask(s, "6", "SELECT count(DISTINCT seq) FROM relevo.history WHERE lane = %d", s->lane);
}

/* The first part of a commit under a fence that is not the lane's. */
static void lane_of_another(shelf *s, shelf_batch *b)
{
    rlv_error err;
    rlv_lane_row stale = s->row;
    stale.fence[0] ^= 1;
    b->commit.row = &stale;
    assert_int_equal(rlv_store_commit_begin(s->store, &b->commit, &err), RLV_E_FENCED);
    b->commit.row = &s->row;
}

static void test_a_stale_fence(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, "fence", 2, at);
    rlv_lane_row old = s->row;
    rlv_lane_row mine = shelf_assign(s->store, s->lane);
    s->row = old;
    b->conversations[1].idle_timer_ms = at;
    shelf_command(s, b, 1);
    refused(s, b, RLV_E_FENCED);
    s->row = mine;
    s->row.seq = 5; /* somebody under our fence is ahead of what we know */
    refused(s, b, RLV_E_FENCED);
    s->row = mine;
    assert_ok(shelf_commit(s, b, &err), err);
    shelf_follow(s, b);
    b->commit.n = b->commit.n_writes = 1;
    s->row.next[0]--; /* the offsets are not those that the events were read at */
    refused(s, b, RLV_E_FENCED);
    s->row.next[0]++;
    b->events[0].source.offset = 12;
    assert_ok(shelf_commit(s, b, &err), err);
}

static void test_versions(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, "version", 3, at);
    assert_ok(shelf_commit(s, b, &err), err);
    shelf_follow(s, b);
    b->conversations[1].version = 2; /* a desktop was faster, or slower */
    refused(s, b, RLV_E_CONFLICT);
    b->conversations[1].version = 0; /* it was new, and now it is there */
    refused(s, b, RLV_E_CONFLICT);
    b->conversations[1].version = 1;
    shelf_run(s->sql, "DELETE FROM relevo.conversation WHERE id = '%s'", id_of(b, 2));
    refused(s, b, RLV_E_CONFLICT);
    b->conversations[2].version = 0;
    assert_ok(shelf_commit(s, b, &err), err); /* old and new ones in one batch; the connection still works */
    assert_ask(s, "1", "SELECT version FROM relevo.conversation WHERE id = '%s'", id_of(b, 2));
    assert_ask(s, "2", "SELECT version FROM relevo.conversation WHERE id = '%s'", id_of(b, 0));
}

static void test_commands(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, "command", 3, at);
    assert_ok(shelf_commit(s, b, &err), err);
    shelf_follow(s, b);
    shelf_command(s, b, 0);
    shelf_command(s, b, 1);
    shelf_command(s, b, 1); /* a third one waits on */
    assert_ok(shelf_commit(s, b, &err), err);
    shelf_follow(s, b);
    assert_ask(s, "1", "SELECT count(*) FROM relevo.command WHERE lane = %d", s->lane);
    assert_ask(s, "6/1/reply/3",
               "SELECT concat_ws('/', kind, source, type, by) FROM relevo.history WHERE lane = %d AND "
               "seq = 4",
               s->lane);
    refused(s, b, RLV_E_CONFLICT); /* they are gone */
    shelf_command(s, b, 0);
    shelf_command(s, b, 1);
    shelf_run(s->sql, "DELETE FROM relevo.command WHERE lane = %d AND id = %lld", s->lane,
              (long long)b->events[1].source.offset);
    refused(s, b, RLV_E_CONFLICT);
}

static int64_t timer_id(shelf *s, const shelf_batch *b, size_t i)
{
    const char *text = shelf_ask(s, "SELECT id FROM relevo.timer WHERE conversation_id = '%s'", id_of(b, i));
    int64_t id = 0;
    (void)rlv_str_int(rlv_str_from(text), &id);
    return id;
}

static void test_timers(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, "timer", 2, at);
    b->conversations[0].idle_timer_ms = at + 100;
    assert_ok(shelf_commit(s, b, &err), err);
    shelf_follow(s, b);
    int64_t first = timer_id(s, b, 0);
    assert_true(first > 0);
    b->writes[0].timer_was_ms = at + 100; /* unchanged: the row is left alone */
    shelf_run(s->sql, "UPDATE relevo.timer SET due_ms = 7 WHERE id = %lld", (long long)first);
    assert_ok(shelf_commit(s, b, &err), err);
    shelf_follow(s, b);
    assert_ask(s, "7", "SELECT due_ms FROM relevo.timer WHERE id = %lld", (long long)first);
    shelf_timer(b, 0, timer_id(s, b, 0)); /* it fired, and a new one is set in the same batch */
    b->writes[0].timer_was_ms = 0;
    b->conversations[0].idle_timer_ms = at + 300;
    assert_ok(shelf_commit(s, b, &err), err);
    shelf_follow(s, b);
    assert_ask(s, "1700000000423", "SELECT due_ms FROM relevo.timer WHERE conversation_id = '%s'",
               id_of(b, 0));
    assert_ask(s, "7/2/idle/4",
               "SELECT concat_ws('/', kind, source, type, by) FROM relevo.history WHERE lane = %d AND "
               "seq = 5",
               s->lane);
    refused(s, b, RLV_E_CONFLICT); /* that timer has fired already */

    shelf_timer(b, 0, timer_id(s, b, 0));
    b->conversations[0].idle_timer_ms = 0; /* it fired, and none follows */
    assert_ok(shelf_commit(s, b, &err), err);
    assert_ask(s, "0", "SELECT count(*) FROM relevo.timer WHERE conversation_id = '%s'", id_of(b, 0));
}

/* What is held has a timer of its own: set where none waits, or only a later one. */
static void test_held_timers(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, "held", 1, at);
    b->conversations[0].idle_timer_ms = at + 100;
    b->conversations[0].held_timer_ms = at + 50;
    assert_ok(shelf_commit(s, b, &err), err);
    shelf_follow(s, b);
#define TIMERS "SELECT string_agg(kind || '/' || due_ms - 1700000000123, ' ' ORDER BY id) FROM relevo.timer WHERE conversation_id = '%s'"
    assert_ask(s, "idle/100 held/50", TIMERS, id_of(b, 0));
    b->writes[0].timer_was_ms = at + 100;
    b->writes[0].held_timer_was_ms = at + 50; /* unchanged */
    assert_ok(shelf_commit(s, b, &err), err);
    shelf_follow(s, b);
    assert_ask(s, "idle/100 held/50", TIMERS, id_of(b, 0));
    b->conversations[0].held_timer_ms = at + 20;
    assert_ok(shelf_commit(s, b, &err), err);
    assert_ask(s, "idle/100 held/50 held/20", TIMERS, id_of(b, 0));
}

static void test_nul_in_texts(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, "nul", 1, at);
    b->events[0].text = RLV_STR("\0a\0\0b\0");
    b->conversations[0].customer_name = RLV_STR("\0");
    assert_ok(shelf_commit(s, b, &err), err);
    assert_ask(s,
               "\xEF\xBF\xBD"
               "a\xEF\xBF\xBD\xEF\xBF\xBD"
               "b\xEF\xBF\xBD",
               "SELECT text FROM relevo.history WHERE lane = %d", s->lane);
    assert_ask(s, "\xEF\xBF\xBD", "SELECT customer_name FROM relevo.conversation WHERE id = '%s'",
               id_of(b, 0));
}

/* What Meta sent again is told from what the history has already. */
static void test_a_duplicate(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, "duplicate", 1, at);
    b->decisions[0].kind = RLV_DECIDED_DUPLICATE;
    b->commit.n_writes = 0; /* and changes nothing */
    assert_ok(shelf_commit(s, b, &err), err);
    assert_ask(s, "duplicate", "SELECT type FROM relevo.history WHERE lane = %d", s->lane);
    assert_ask(s, "0", "SELECT count(*) FROM relevo.conversation WHERE lane = %d", s->lane);
}

/* The parts of a commit behind the first. */
static int finish(shelf *s, shelf_batch *b, rlv_error *err)
{
    int rc = rlv_store_commit_changed(s->store, err);
    return rc == RLV_OK ? rlv_store_commit_end(s->store, &b->commit, err) : rc;
}

/* In parts: between them nothing is there for anybody else, and the lane's row is ours. */
static void test_parts(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, "parts", 3, at);
    b->conversations[1].idle_timer_ms = at + 5;
    char before[4096];
    (void)snprintf(before, sizeof(before), "%s", written(s));
    assert_ok(rlv_store_commit_begin(s->store, &b->commit, &err), err);
    assert_string_equal(written(s), before);
    assert_ask(s, "0", "SELECT count(*) FROM (SELECT FROM relevo.lane WHERE lane = %d FOR UPDATE SKIP LOCKED) free", s->lane);
    assert_ok(finish(s, b, &err), err);
    assert_ask(s, "3/3/1",
               "SELECT concat_ws('/', (SELECT count(*) FROM relevo.history WHERE lane = %1$d), (SELECT count(*) FROM "
               "relevo.conversation WHERE lane = %1$d), (SELECT count(*) FROM relevo.timer WHERE lane = %1$d))",
               s->lane);
    shelf_follow(s, b);
    b->commit.row = &s->row;

    /* a desktop was faster: changed says so, and nothing of the first part is left */
    shelf_run(s->sql, "UPDATE relevo.conversation SET version = version + 1 WHERE id = '%s'", id_of(b, 2));
    (void)snprintf(before, sizeof(before), "%s", written(s));
    assert_ok(rlv_store_commit_begin(s->store, &b->commit, &err), err);
    assert_int_equal(rlv_store_commit_changed(s->store, &err), RLV_E_CONFLICT);
    assert_string_equal(written(s), before);

    /* a first part that fails is over: the connection is free for the next batch */
    b->conversations[2].version++;
    lane_of_another(s, b);
    assert_ok(shelf_commit(s, b, &err), err);
    assert_ask(s, "6", "SELECT seq FROM relevo.lane WHERE lane = %d", s->lane);

    /* what large batches left is given back, and the store works on */
    rlv_store_rest(s->store);
    shelf_follow(s, b);
    assert_ok(shelf_commit(s, b, &err), err);
}

/* Between changed and end the transaction may be read in: it sees what the batch leaves. */
static void test_reading_within(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_batch *old = shelf_batch_new(s, "before", 1, at);
    assert_ok(shelf_commit(s, old, &err), err);
    shelf_follow(s, old);
    shelf_batch *b = shelf_batch_new(s, "within", 2, at);
    b->conversations[1] = old->conversations[0]; /* is changed once more */
    b->conversations[1].version = 1;
    b->events[1].conversation_id = b->conversations[1].id;
    const rlv_id ids[] = {b->conversations[0].id, b->conversations[1].id};
    rlv_arena *arena = rlv_arena_new(1 << 20);
    rlv_stored *stored;
    size_t n;
    assert_ok(rlv_store_commit_begin(s->store, &b->commit, &err), err);
    assert_ok(rlv_store_commit_changed(s->store, &err), err);
    assert_ok(rlv_store_load(s->store, ids, 2, arena, &stored, &n, &err), err);
    assert_int_equal(n, 2);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(stored[i].version, memcmp(&stored[i].id, &ids[0], sizeof(ids[0])) == 0 ? 1 : 2);
    assert_true(rlv_store_commit_stands(s->store));
    assert_ask(s, "1", "SELECT version FROM relevo.conversation WHERE lane = %d", s->lane); /* nobody else sees it */
    assert_ok(rlv_store_commit_end(s->store, &b->commit, &err), err);
    assert_false(rlv_store_commit_stands(s->store)); /* it is over */
    assert_ask(s, "3", "SELECT seq FROM relevo.lane WHERE lane = %d", s->lane);
    shelf_follow(s, b);

    /* what the server refuses ends the transaction, and the connection is good for the next one */
    b->commit.row = &s->row;
    assert_ok(rlv_store_commit_begin(s->store, &b->commit, &err), err);
    assert_ok(rlv_store_commit_changed(s->store, &err), err);
    assert_int_not_equal(rlv_pg_exec(s->store, "SELECT 1 / 0", NULL, &err), RLV_OK);
    assert_false(rlv_store_commit_stands(s->store));
    rlv_store_release(s->store);
    assert_ok(shelf_commit(s, b, &err), err);
    assert_ask(s, "5", "SELECT seq FROM relevo.lane WHERE lane = %d", s->lane);
    rlv_arena_free(arena);
}

/* History that does not go in takes all of the transaction with it, though COMMIT is behind it. It is refused at its first row, with most of the
   stream still to be sent. */
static void test_history_refused(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, "refused", SHELF_ROWS_MAX, at);
    static char decided[10000];
    for (size_t i = 0; i < SHELF_ROWS_MAX; i++)
        b->decided[i] = (rlv_str){decided, sizeof(decided)};
    char before[4096];
    (void)snprintf(before, sizeof(before), "%s", written(s));
    shelf_run(s->sql, "ALTER TABLE relevo.history ADD CONSTRAINT none CHECK (lane <> %d) NOT VALID", s->lane);
    assert_int_not_equal(shelf_commit(s, b, &err), RLV_OK);
    assert_string_equal(written(s), before);
    shelf_run(s->sql, "ALTER TABLE relevo.history DROP CONSTRAINT none");
    assert_ok(shelf_commit(s, b, &err), err); /* the connection is good */
    assert_ask(s, "600", "SELECT seq FROM relevo.lane WHERE lane = %d", s->lane);
}

static void test_absent_texts(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, "absent", 1, at);
    b->events[0].text = b->events[0].message_id = b->conversations[0].language = (rlv_str){NULL, 0};
    b->outcomes[0].decisions = (rlv_decisions){0};
    assert_ok(shelf_commit(s, b, &err), err);
    assert_ask(
        s, "t",
        "SELECT text IS NULL AND message_id IS NULL AND said IS NULL AND intent IS NULL AND owner = 0 FROM "
        "relevo.history WHERE lane = %d",
        s->lane);
    assert_ask(s, "t",
               "SELECT language IS NULL AND agent_id IS NULL FROM relevo.conversation WHERE id = '%s'",
               id_of(b, 0));
}

/* History is partitioned by month: every event finds its own, whenever a batch begins and ends. */
static void test_months(void **state)
{
    shelf *s = *state;
    rlv_error err;
    static const struct {
        int64_t first, last;
        const char *partitions;
    } batches[] = {
        {1680307199999, 1680307199999, "history_202303"}, /* the last millisecond of March */
        {1680307200000, 1680307200000, "history_202304"}, /* and the first of April */
        {1740787199000, 1740787201000,
         "history_202502,history_202503"}, /* a lane that was behind: one batch, two months */
        {1751000000000, 1777000000000, "history_202506,history_202604"}, /* and more than two apart */
        {1735689599999, 1735689599999, "history_202412"},
    };
    for (size_t i = 0; i < sizeof(batches) / sizeof(*batches); i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "month%zu", i);
        shelf_batch *b = shelf_batch_new(s, name, 2, batches[i].first);
        b->events[1].at_ms = b->commit.lane_ms = batches[i].last;
        b->next[0] = s->row.next[0] + 2;
        assert_ok(shelf_commit(s, b, &err), err);
        assert_ask(s, batches[i].partitions,
                   "SELECT string_agg(DISTINCT c.relname::text, ',' ORDER BY c.relname::text) FROM "
                   "relevo.history h JOIN pg_class c ON c.oid = h.tableoid WHERE lane = %d AND seq > %lld",
                   s->lane, (long long)s->row.seq);
        shelf_follow(s, b);
    }
    assert_ok(rlv_store_ensure_months(s->store, 1893456000000, &err), err);
    assert_ask(s, "2", "SELECT count(*) FROM pg_class WHERE relname IN ('history_203001', 'history_203002')");
}

static void test_a_large_batch(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_batch *b = shelf_batch_new(s, "large", SHELF_ROWS_MAX, at);
    char *text = rlv_arena_alloc(s->arena, 4000);
    assert_non_null(text);
    memset(text, 'x', 4000);
    for (size_t i = 0; i < SHELF_ROWS_MAX; i++)
        b->events[i].text = (rlv_str){text, 4000};
    for (int round = 0; round < 2; round++) {
        assert_ok(shelf_commit(s, b, &err), err);
        shelf_follow(s, b);
        for (size_t i = 1; i < SHELF_ROWS_MAX; i++) /* locked in one order by everybody */
            assert_true(
                memcmp(b->writes[i - 1].conversation->id.bytes, b->writes[i].conversation->id.bytes, 16) < 0);
    }
    assert_ask(s, "1200/4800000",
               "SELECT concat_ws('/', count(*), sum(length(text))) FROM relevo.history WHERE lane = %d",
               s->lane);
    assert_ask(s, "600/1200",
               "SELECT concat_ws('/', count(*), sum(version)) FROM relevo.conversation WHERE lane = %d",
               s->lane);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, shelf_setup, shelf_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_everything_is_written),
        TEST(test_batch_after_batch),
        TEST(test_a_stale_fence),
        TEST(test_versions),
        TEST(test_commands),
        TEST(test_timers),
        TEST(test_held_timers),
        TEST(test_nul_in_texts),
        TEST(test_parts),
        TEST(test_reading_within),
        TEST(test_history_refused),
        TEST(test_a_duplicate),
        TEST(test_absent_texts),
        TEST(test_months),
        TEST(test_a_large_batch),
    };
    return cmocka_run_group_tests(tests, shelf_group_setup, shelf_group_teardown);
}
