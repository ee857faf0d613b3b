/* SPDX-License-Identifier: Apache-2.0 */
/* The takeover fence: who may send what, and what becomes of a claim. */
#include "store/sends.h"

#include <stdio.h>

#include "base/clock.h"
#include "shelf.h"
#include "store/repair.h"

static const rlv_id me = {{1}}, other = {{2}};
enum {
    LEASE_MS = 30000
};

/* A conversation of the bot in generation 5 whose customer wrote just now. */
static rlv_id conversation(shelf *s, const char *name)
{
    rlv_id id = rlv_conversation_id(RLV_STR("555"), rlv_str_from(name));
    char text[RLV_ID_TEXT + 1];
    rlv_id_text(id, text);
    shelf_run(
        s->sql,
        "INSERT INTO relevo.conversation (id, lane, version, owner, epoch, owner_since, phone_number_id, "
        "customer_id, "
        "wa_id, opened_ms, last_in_ms, state) VALUES ('%s', %d, 1, 1, 5, 1, '555', '%s', '%s', 1, %lld, '')",
        text, s->lane, name, name, (long long)rlv_clock_wall_ms());
    return id;
}

static void change(shelf *s, rlv_id id, const char *set)
{
    char text[RLV_ID_TEXT + 1];
    rlv_id_text(id, text);
    shelf_run(s->sql, "UPDATE relevo.conversation SET %s WHERE id = '%s'", set, text);
}

static rlv_send bot_message(shelf *s, rlv_id conversation_id, int64_t seq)
{
    return (rlv_send){.id = rlv_id_record(1700000000000, s->lane, seq, 1),
                      .conversation_id = conversation_id,
                      .lane = s->lane,
                      .seq = seq,
                      .epoch = 5,
                      .author = RLV_AUTHOR_BOT};
}

/* A lane that has decided all that these tests send. */
static int sends_setup(void **state)
{
    int rc = shelf_setup(state);
    shelf *s = *state;
    shelf_run(s->sql, "UPDATE relevo.lane SET seq = 1000000 WHERE lane = %d", s->lane);
    return rc;
}

static enum rlv_claim claim_as(shelf *s, const rlv_send *send, rlv_id worker, int lease_ms, int32_t *attempt)
{
    enum rlv_claim verdict;
    rlv_error err;
    assert_ok(rlv_sends_claim(s->store, send, worker, lease_ms, &verdict, attempt, &err), err);
    return verdict;
}

static enum rlv_claim claim(shelf *s, const rlv_send *send)
{
    int32_t attempt;
    return claim_as(s, send, me, LEASE_MS, &attempt);
}

static int settle(shelf *s, const rlv_send *send, int32_t attempt, enum rlv_send_state state)
{
    rlv_error err;
    const rlv_settlement what = {
        .state = state,
        .message_id = state == RLV_SEND_ACCEPTED ? RLV_STR("wamid.1") : (rlv_str){NULL, 0},
        .error_code = state == RLV_SEND_FAILED ? 131026 : 0,
        .error = state == RLV_SEND_FAILED ? RLV_STR("no WhatsApp") : (rlv_str){NULL, 0}};
    return rlv_sends_settle(s->store, send, me, attempt, &what, &err);
}

static const char *state_of(shelf *s, const rlv_send *send)
{
    char text[RLV_ID_TEXT + 1];
    rlv_id_text(send->id, text);
    return shelf_ask(s, "SELECT state || '/' || attempt FROM desk.sends WHERE message = '%s' AND part = %d",
                     text, send->part);
}

static void test_sent_once(void **state)
{
    shelf *s = *state;
    rlv_send m = bot_message(s, conversation(s, "once"), 1);
    assert_int_equal(claim(s, &m), RLV_CLAIM_MINE);
    assert_string_equal(state_of(s, &m), "sending/1");
    int32_t attempt;
    assert_int_equal(claim_as(s, &m, other, LEASE_MS, &attempt), RLV_CLAIM_BUSY); /* under way */
    assert_int_equal(settle(s, &m, 1, RLV_SEND_ACCEPTED), RLV_OK);
    assert_string_equal(state_of(s, &m), "accepted/1");
    assert_int_equal(claim(s, &m), RLV_CLAIM_DONE);
    change(s, m.conversation_id, "epoch = 6");
    assert_int_equal(claim(s, &m), RLV_CLAIM_DONE); /* a duplicate is told from a refusal first */
    assert_int_equal(settle(s, &m, 1, RLV_SEND_FAILED), RLV_E_CONFLICT);
}

static void test_a_takeover_stops_the_bot(void **state)
{
    shelf *s = *state;
    rlv_send m = bot_message(s, conversation(s, "fence"), 1);
    change(s, m.conversation_id, "epoch = 6, owner = 3");
    assert_int_equal(claim(s, &m), RLV_CLAIM_SUPPRESSED);
    assert_string_equal(state_of(s, &m), "suppressed/0");
    change(s, m.conversation_id, "epoch = 5, owner = 1");
    assert_int_equal(claim(s, &m), RLV_CLAIM_DONE); /* for good */

    rlv_send said = bot_message(s, m.conversation_id, 2);
    said.author = RLV_AUTHOR_AGENT;
    said.epoch = 1;
    assert_int_equal(claim(s, &said), RLV_CLAIM_MINE); /* a person is never fenced */

    rlv_send notice =
        bot_message(s, conversation(s, "notice"), 3); /* said while becoming queued: the epoch is right */
    change(s, notice.conversation_id, "owner = 2");
    assert_int_equal(claim(s, &notice), RLV_CLAIM_MINE);
}

/* A takeover that holds the row is not waited for: others have messages too. It is seen when it is over. */
static void test_a_takeover_in_between(void **state)
{
    shelf *s = *state;
    rlv_send m = bot_message(s, conversation(s, "between"), 1);
    char text[RLV_ID_TEXT + 1];
    rlv_id_text(m.conversation_id, text);
    PGconn *agent = shelf_connect(s, "agent");
    shelf_run(agent, "BEGIN; UPDATE relevo.conversation SET epoch = 6, owner = 3 WHERE id = '%s'", text);
    int64_t begun_us = rlv_clock_mono_us();
    for (int i = 0; i < 10; i++)
        assert_int_equal(claim(s, &m), RLV_CLAIM_LOCKED);
    assert_in_range(rlv_clock_mono_us() - begun_us, 10 * 10000, 3000000);
    rlv_send elsewhere = bot_message(s, conversation(s, "unlocked"), 2);
    assert_int_equal(claim(s, &elsewhere), RLV_CLAIM_MINE);
    shelf_run(agent, "COMMIT");
    assert_int_equal(claim(s, &m), RLV_CLAIM_SUPPRESSED);
    PQfinish(agent);
}

/* Whose answer got lost, may ask again. */
static void test_a_lost_answer(void **state)
{
    shelf *s = *state;
    rlv_send m = bot_message(s, conversation(s, "lost"), 1);
    int32_t attempt;
    assert_int_equal(claim(s, &m), RLV_CLAIM_MINE);
    assert_int_equal(claim_as(s, &m, me, LEASE_MS, &attempt), RLV_CLAIM_MINE);
    assert_int_equal(attempt, 2);
    assert_int_equal(settle(s, &m, 1, RLV_SEND_ACCEPTED), RLV_E_CONFLICT);
    assert_int_equal(settle(s, &m, 2, RLV_SEND_ACCEPTED), RLV_OK);
}

/* So may who did not hear that it was settled: it is no other's by that. */
static void test_a_lost_settlement(void **state)
{
    shelf *s = *state;
    rlv_send m = bot_message(s, conversation(s, "settled"), 1);
    assert_int_equal(claim(s, &m), RLV_CLAIM_MINE);
    assert_int_equal(settle(s, &m, 1, RLV_SEND_REFUSED), RLV_OK);
    assert_int_equal(settle(s, &m, 1, RLV_SEND_REFUSED), RLV_OK);
    assert_string_equal(state_of(s, &m), "waiting/1");
    assert_int_equal(settle(s, &m, 1, RLV_SEND_ACCEPTED), RLV_E_CONFLICT); /* the same only */
    assert_int_equal(claim(s, &m), RLV_CLAIM_MINE);
    assert_int_equal(settle(s, &m, 1, RLV_SEND_REFUSED), RLV_E_CONFLICT); /* that attempt is over */
    assert_int_equal(settle(s, &m, 2, RLV_SEND_ACCEPTED), RLV_OK);
    assert_int_equal(settle(s, &m, 2, RLV_SEND_ACCEPTED), RLV_OK);
    assert_string_equal(state_of(s, &m), "accepted/2");
    assert_int_equal(settle(s, &m, 2, RLV_SEND_REFUSED), RLV_E_CONFLICT);
}

static void test_order(void **state)
{
    shelf *s = *state;
    rlv_id conv = conversation(s, "order");
    rlv_send first = bot_message(s, conv, 1), part = first, second = bot_message(s, conv, 2);
    part.part = 1;
    assert_int_equal(claim(s, &first), RLV_CLAIM_MINE);
    assert_int_equal(claim(s, &part), RLV_CLAIM_BUSY);
    assert_int_equal(claim(s, &second), RLV_CLAIM_BUSY);
    assert_int_equal(settle(s, &first, 1, RLV_SEND_REFUSED), RLV_OK);
    assert_int_equal(claim(s, &second), RLV_CLAIM_BUSY); /* it is to be tried again */
    rlv_send elsewhere = bot_message(s, conversation(s, "elsewhere"), 3);
    assert_int_equal(claim(s, &elsewhere), RLV_CLAIM_MINE);

    int32_t attempt;
    assert_int_equal(claim_as(s, &first, other, LEASE_MS, &attempt), RLV_CLAIM_MINE);
    assert_int_equal(attempt, 2);
    assert_int_equal(settle(s, &first, 1, RLV_SEND_ACCEPTED), RLV_E_CONFLICT); /* the first attempt is over */
    assert_int_equal(settle(s, &first, 2, RLV_SEND_ACCEPTED), RLV_E_CONFLICT); /* not this worker's */
    shelf_run(s->sql, "UPDATE relevo.send SET state = 3 WHERE state = 1 AND attempt = 2");
    assert_int_equal(claim(s, &part), RLV_CLAIM_MINE);
}

/* What follows a part that failed is not sent; what follows one that may have arrived is. */
static void test_no_part_after_one_that_failed(void **state)
{
    shelf *s = *state;
    rlv_id conv = conversation(s, "parts");
    rlv_send parts[3], next = bot_message(s, conv, 2);
    for (int16_t i = 0; i < 3; i++) {
        parts[i] = bot_message(s, conv, 1);
        parts[i].part = i;
    }
    assert_int_equal(claim(s, &parts[0]), RLV_CLAIM_MINE);
    assert_int_equal(settle(s, &parts[0], 1, RLV_SEND_UNKNOWN), RLV_OK);
    assert_int_equal(claim(s, &parts[1]), RLV_CLAIM_MINE);
    assert_int_equal(settle(s, &parts[1], 1, RLV_SEND_FAILED), RLV_OK);
    assert_int_equal(claim(s, &parts[2]), RLV_CLAIM_BROKEN);
    assert_string_equal(state_of(s, &parts[2]), "failed/0");
    assert_int_equal(claim(s, &parts[2]), RLV_CLAIM_DONE); /* for good */
    assert_int_equal(claim(s, &next), RLV_CLAIM_MINE);     /* another message is none of its parts */
}

/* Each attempt is claimed anew: a refused message that a takeover overtook is not tried again. */
static void test_no_further_attempt_after_a_takeover(void **state)
{
    shelf *s = *state;
    rlv_send m = bot_message(s, conversation(s, "retry"), 1);
    assert_int_equal(claim(s, &m), RLV_CLAIM_MINE);
    assert_int_equal(settle(s, &m, 1, RLV_SEND_REFUSED), RLV_OK);
    change(s, m.conversation_id, "epoch = 6");
    assert_int_equal(claim(s, &m), RLV_CLAIM_SUPPRESSED);
    assert_string_equal(state_of(s, &m), "suppressed/1");
}

static void test_the_window(void **state)
{
    shelf *s = *state;
    rlv_send m = bot_message(s, conversation(s, "window"), 1),
             template = bot_message(s, m.conversation_id, 2);
    change(s, m.conversation_id, "last_in_ms = last_in_ms - 86400000");
    assert_int_equal(claim(s, &m), RLV_CLAIM_WINDOW);
    assert_string_equal(state_of(s, &m), "failed/0");
    template.anytime = true;
    assert_int_equal(claim(s, &template), RLV_CLAIM_MINE);
    rlv_send nobody = bot_message(s, (rlv_id){{9}}, 3);
    assert_int_equal(claim(s, &nobody), RLV_CLAIM_GONE);
}

static void erase(shelf *s, const char *name)
{
    shelf_run(s->sql, "SELECT desk.erase_customer('%s', 'ana')", name);
}

/* Whoever is erased and writes again has the same conversation: nothing of before holds it up, whether it was refused before or after. */
static void test_erased_and_back(void **state)
{
    shelf *s = *state;
    rlv_send m = bot_message(s, conversation(s, "back"), 1), next = bot_message(s, m.conversation_id, 2);
    shelf_run(s->sql, "UPDATE relevo.lane SET seq = 1 WHERE lane = %d", s->lane);
    assert_int_equal(claim(s, &m), RLV_CLAIM_MINE);
    assert_int_equal(settle(s, &m, 1, RLV_SEND_REFUSED), RLV_OK);
    erase(s, "back");
    (void)conversation(s, "back");
    shelf_run(s->sql, "UPDATE relevo.lane SET seq = 2 WHERE lane = %d", s->lane);
    assert_int_equal(claim(s, &next), RLV_CLAIM_MINE);
    assert_int_equal(claim(s, &m), RLV_CLAIM_GONE);
    assert_string_equal(state_of(s, &m), "suppressed/1");
    assert_int_equal(settle(s, &m, 1, RLV_SEND_REFUSED), RLV_E_CONFLICT); /* not opened again */

    rlv_send last = bot_message(s, m.conversation_id, 3);
    erase(s, "back"); /* while it is being sent */
    (void)conversation(s, "back");
    shelf_run(s->sql, "UPDATE relevo.lane SET seq = 3 WHERE lane = %d", s->lane);
    assert_int_equal(claim(s, &last), RLV_CLAIM_BUSY);
    assert_int_equal(settle(s, &next, 1, RLV_SEND_REFUSED), RLV_OK);
    assert_int_equal(claim(s, &last), RLV_CLAIM_BUSY); /* until its worker asks again */
    assert_int_equal(claim(s, &next), RLV_CLAIM_GONE);
    assert_string_equal(state_of(s, &next), "suppressed/1");
    assert_int_equal(claim(s, &last), RLV_CLAIM_MINE);
    assert_ask(s, "0", "SELECT count(*) FROM relevo.send WHERE lane = %d AND state IN (4, 5, 6) AND NOT reported", s->lane);
}

static size_t reports(shelf *s, rlv_send_report **list)
{
    rlv_error err;
    size_t n;
    rlv_arena_reset(s->arena);
    assert_ok(rlv_sends_unreported(s->store, 0, 100, s->arena, list, &n, &err), err);
    return n;
}

static void sweep(shelf *s, int dead, int explained)
{
    rlv_error err;
    rlv_sends_swept swept;
    assert_ok(rlv_sends_sweep(s->store, &swept, &err), err);
    assert_int_equal(swept.dead, dead);
    assert_int_equal(swept.explained, explained);
}

static void test_a_dead_worker(void **state)
{
    shelf *s = *state;
    shelf_run(s->sql, "DELETE FROM relevo.send");
    rlv_send m = bot_message(s, conversation(s, "dead"), 1), next = bot_message(s, m.conversation_id, 2);
    int32_t attempt;
    assert_int_equal(claim_as(s, &m, me, 0, &attempt), RLV_CLAIM_MINE); /* its lease is over at once */
    assert_int_equal(claim_as(s, &next, other, LEASE_MS, &attempt), RLV_CLAIM_BUSY);
    sweep(s, 1, 0);
    assert_string_equal(state_of(s, &m), "unknown/1");
    assert_int_equal(claim(s, &m), RLV_CLAIM_DONE); /* never sent again */
    assert_int_equal(claim(s, &next), RLV_CLAIM_MINE);

    rlv_send_report *list;
    rlv_error err;
    assert_int_equal(reports(s, &list), 1);
    assert_true(rlv_trace_none(&list[0].trace)); /* there is no row of it any more */
    rlv_send_report *none;
    size_t n;
    rlv_arena *scratch = rlv_arena_new(1 << 20);
    assert_ok(rlv_sends_unreported(s->store, 0, 100, scratch, &none, &n, &err), err);
    assert_int_equal(n, 0); /* it is being reported */
    rlv_arena_free(scratch);
    assert_true(rlv_id_eq(list[0].send.id, m.id));
    assert_int_equal(list[0].state, RLV_SEND_UNKNOWN);
    assert_true(rlv_str_is(list[0].wa_id, "dead"));
    shelf_run(s->sql, "BEGIN; UPDATE relevo.send SET error = error WHERE state = 6");
    assert_ok(rlv_sends_reported(s->store, list, 1, &err), err); /* waits for nobody */
    shelf_run(s->sql, "COMMIT");
    shelf_run(s->sql, "UPDATE relevo.send SET report_until = '-infinity'"); /* half a minute later */
    assert_int_equal(reports(s, &list), 1);
    assert_ok(rlv_sends_reported(s->store, list, 1, &err), err);
    assert_int_equal(reports(s, &list), 0);
}

static void test_a_status_explains(void **state)
{
    shelf *s = *state;
    shelf_run(s->sql, "DELETE FROM relevo.send");
    rlv_send m = bot_message(s, conversation(s, "explained"), 1);
    int32_t attempt;
    assert_int_equal(claim_as(s, &m, me, 0, &attempt), RLV_CLAIM_MINE);
    sweep(s, 1, 0);
    char text[RLV_ID_TEXT + 1], conv[RLV_ID_TEXT + 1];
    rlv_id_text(m.id, text);
    rlv_id_text(m.conversation_id, conv);
    shelf_run(s->sql, "SELECT relevo.ensure_months(1700000000000)");
    shelf_run(s->sql,
              "INSERT INTO relevo.history (lane, seq, at, conversation_id, kind, source, source_offset, by, "
              "message_id, type, "
              "text, owner, epoch, config, decided) VALUES (%d, 77, to_timestamp(1700000000), '%s', 1, 0, 0, "
              "4, 'wamid.9', "
              "'delivered', '%s/0', 1, 5, 1, '')",
              s->lane, conv, text);
    sweep(s, 0, 1);
    assert_string_equal(state_of(s, &m), "accepted/1");
    assert_ask(s, "wamid.9", "SELECT message_id FROM relevo.send WHERE id = '%s'", text);
    rlv_send_report *list;
    assert_int_equal(reports(s, &list), 0);
}

/* Hundreds of them, in a lane that has decided a lot since, must not hold up what is to be sent: each look is short, and goes on where the last
   one ended. What is older than the message is not looked at. */
static void test_many_are_unknown(void **state)
{
    enum { UNKNOWN = 1000, ROWS = 100000, LOOKS = 5 };
    shelf *s = *state;
    rlv_store *patient = s->store, *hasty = shelf_open(s, 10000); /* one that looked for each of them would take half a minute */
    shelf_run(s->sql, "DELETE FROM relevo.send");
    rlv_send m = bot_message(s, conversation(s, "many"), 1);
    char conv[RLV_ID_TEXT + 1];
    rlv_id_text(m.conversation_id, conv);
    shelf_run(s->sql, "SELECT relevo.ensure_months((extract(epoch FROM now()) * 1000)::bigint)");
    shelf_run(s->sql,
              "INSERT INTO relevo.send (id, part, conversation_id, lane, seq, epoch, author, state, attempt, worker, lease_until, settled_at) "
              "SELECT format('0199bbbb-0000-7000-8000-%%s', lpad(i::text, 12, '0'))::uuid, 0, '%s', %d, 0, 5, 2, 6, 1, gen_random_uuid(), now(), now() "
              "FROM generate_series(1, %d) i",
              conv, s->lane, UNKNOWN);
    shelf_run(s->sql,
              "INSERT INTO relevo.history (lane, seq, at, conversation_id, kind, source, source_offset, by, message_id, type, text, owner, epoch, "
              "config, decided) SELECT %d, i, now() - interval '1 hour' * (i <= %d / 2)::integer, '%s', 1, 0, 0, 4, 'wamid.' || i, 'sent', "
              "CASE WHEN i IN (10, %d) THEN '0199bbbb-0000-7000-8000-000000000007/0' WHEN i = %d - 20000 THEN '0199bbbb-0000-7000-8000-000000000008/0' "
              "ELSE gen_random_uuid() || '/0' END, 1, 5, 1, '' FROM generate_series(1, %d) i",
              s->lane, ROWS, conv, ROWS, ROWS, ROWS);
    s->store = hasty;
    int found = 0, looks = 0;
    for (; found < 2 && looks < LOOKS; looks++) {
        rlv_sends_swept swept;
        rlv_error err;
        assert_ok(rlv_sends_sweep(s->store, &swept, &err), err);
        found += swept.explained;
    }
    assert_int_equal(found, 2);
    assert_in_range(looks, 2, 3); /* 20000 rows each, from the middle on */
    assert_ask(s, "wamid.100000,wamid.80000", "SELECT string_agg(message_id, ',' ORDER BY id) FROM relevo.send WHERE state = 3");
    sweep(s, 0, 0);
    rlv_store_close(hasty);
    s->store = patient;
    shelf_run(s->sql, "DELETE FROM relevo.history WHERE lane = %d", s->lane);
    shelf_run(s->sql, "DELETE FROM relevo.send");
}

/* A status about a part, in the lane's history. */
static void status(shelf *s, int32_t lane, int64_t seq, const char *type, const char *data, const char *extra)
{
    shelf_run(s->sql, "SELECT relevo.ensure_months((extract(epoch FROM now()) * 1000)::bigint)");
    shelf_run(s->sql,
              "INSERT INTO relevo.history (lane, seq, at, conversation_id, kind, source, source_offset, by, message_id, type, text, owner, epoch, "
              "config, decided, extra) VALUES (%d, %lld, now(), gen_random_uuid(), 1, 0, 0, 4, 'wamid.8', '%s', '%s', 1, 5, 1, '', %s)",
              lane, (long long)seq, type, data, extra);
}

static int failed(shelf *s)
{
    rlv_error err;
    rlv_sends_swept swept;
    assert_ok(rlv_sends_sweep(s->store, &swept, &err), err);
    return swept.failed;
}

/* What WhatsApp took and did not deliver has failed, and its lane is told of it once. */
static void test_it_fails_later(void **state)
{
    shelf *s = *state;
    shelf_run(s->sql, "DELETE FROM relevo.send");
    rlv_id conv = conversation(s, "fails later");
    rlv_send accepted = bot_message(s, conv, 1), unknown = bot_message(s, conv, 2), waiting = bot_message(s, conv, 3);
    char data[RLV_ID_TEXT + 16], id[RLV_ID_TEXT + 1];
    assert_int_equal(claim(s, &accepted), RLV_CLAIM_MINE);
    assert_int_equal(settle(s, &accepted, 1, RLV_SEND_ACCEPTED), RLV_OK);
    assert_int_equal(claim(s, &unknown), RLV_CLAIM_MINE);
    assert_int_equal(settle(s, &unknown, 1, RLV_SEND_UNKNOWN), RLV_OK);
    assert_int_equal(claim(s, &waiting), RLV_CLAIM_MINE);
    assert_int_equal(settle(s, &waiting, 1, RLV_SEND_REFUSED), RLV_OK);
    status(s, s->lane, 1, "failed", "another program''s/0", "NULL");
    status(s, s->lane, 2, "failed", "0199aaaa-0000-7000-8000-000000000001/0", "NULL"); /* nobody knows it */
    const rlv_send *const all[] = {&accepted, &unknown, &waiting, &accepted};
    for (int i = 0; i < 4; i++) {
        rlv_id_text(all[i]->id, id);
        (void)snprintf(data, sizeof(data), "%s/0", id);
        status(s, s->lane, 3 + i, "failed", data, i ? "NULL" : "'{\"error_code\": 131049, \"error_title\": \"not today\"}'");
    }
    assert_int_equal(failed(s), 2);
    assert_string_equal(state_of(s, &accepted), "failed/1");
    assert_string_equal(state_of(s, &unknown), "failed/1");
    assert_string_equal(state_of(s, &waiting), "waiting/1");
    rlv_id_text(accepted.id, id);
    assert_ask(s, "131049 WhatsApp took it, and did not deliver it: not today wamid.1",
               "SELECT concat_ws(' ', error_code, error, message_id) FROM desk.sends WHERE message = '%s'", id);
    rlv_send_report *list;
    rlv_error err;
    assert_int_equal(reports(s, &list), 2);
    assert_int_equal(list[0].state, RLV_SEND_FAILED);
    assert_ok(rlv_sends_reported(s->store, list, 2, &err), err);
    assert_int_equal(failed(s), 0);
    (void)snprintf(data, sizeof(data), "%s/0", id);
    status(s, s->lane, 9, "failed", data, "NULL"); /* told again */
    assert_int_equal(failed(s), 0);
    assert_int_equal(reports(s, &list), 0);
}

/* What the lane knows as unknown is not told again; the desktop sees the truth. */
static void test_a_known_unknown_fails(void **state)
{
    shelf *s = *state;
    shelf_run(s->sql, "DELETE FROM relevo.send");
    rlv_send m = bot_message(s, conversation(s, "known"), 1);
    char data[RLV_ID_TEXT + 16], id[RLV_ID_TEXT + 1];
    rlv_id_text(m.id, id);
    (void)snprintf(data, sizeof(data), "%s/0", id);
    assert_int_equal(claim(s, &m), RLV_CLAIM_MINE);
    assert_int_equal(settle(s, &m, 1, RLV_SEND_UNKNOWN), RLV_OK);
    rlv_send_report *list;
    rlv_error err;
    assert_int_equal(reports(s, &list), 1);
    assert_ok(rlv_sends_reported(s->store, list, 1, &err), err);
    status(s, s->lane, 1, "failed", data, "NULL");
    assert_int_equal(failed(s), 1);
    assert_string_equal(state_of(s, &m), "failed/1");
    assert_int_equal(reports(s, &list), 0);
}

static int told(shelf *s, int64_t upto)
{
    rlv_error err;
    rlv_sends_swept swept;
    shelf_run(s->sql, "UPDATE relevo.lane SET seq = %lld WHERE lane = %d", (long long)upto, s->lane);
    assert_ok(rlv_sends_sweep(s->store, &swept, &err), err);
    return swept.told;
}

/* How far a message came is told by its own row: the most that was reported, in whatever order it came. */
static void test_how_far_it_came(void **state)
{
    shelf *s = *state;
    shelf_run(s->sql, "DELETE FROM relevo.send");
    rlv_id conv = conversation(s, "far");
    rlv_send m[3];
    char data[3][RLV_ID_TEXT + 16], id[RLV_ID_TEXT + 1];
    for (int i = 0; i < 3; i++) {
        m[i] = bot_message(s, conv, i + 1);
        rlv_id_text(m[i].id, id);
        (void)snprintf(data[i], sizeof(data[i]), "%s/0", id);
        assert_int_equal(claim(s, &m[i]), RLV_CLAIM_MINE);
        assert_int_equal(settle(s, &m[i], 1, RLV_SEND_ACCEPTED), RLV_OK);
    }
    static const char all[] = "SELECT string_agg(coalesce(status, '-'), ',' ORDER BY message) FROM desk.sends";
    assert_int_equal(told(s, 0), 0);
    status(s, s->lane, 1, "delivered", data[0], "NULL"); /* they come out of order */
    status(s, s->lane, 2, "sent", data[0], "NULL");
    status(s, s->lane, 3, "sent", data[1], "NULL");
    status(s, s->lane, 4, "played", "another program''s/0", "NULL");
    status(s, s->lane, 5, "read", "0199aaaa-0000-7000-8000-000000000001/0", "NULL"); /* nobody knows it */
    PGconn *other_deliver = shelf_connect(s, "other deliver");
    static const char *const busy[] = {"fail_sends(1)", "reconcile_sends()"};
    for (int i = 0; i < 2; i++) {
        shelf_run(other_deliver, "BEGIN; SELECT relevo.%s", busy[i]);
        assert_int_equal(told(s, 5), 0); /* it leaves rows to one that locks many */
        shelf_run(other_deliver, "ROLLBACK");
    }
    PQfinish(other_deliver);
    assert_int_equal(told(s, 5), 2);
    assert_ask(s, "delivered,sent,-", all);
    assert_ask(s, "t", "SELECT status_at BETWEEN now() - interval '1 minute' AND now() FROM desk.sends WHERE message = '%.36s'", data[0]);
    assert_int_equal(told(s, 5), 0);
    status(s, s->lane, 6, "sent", data[0], "NULL"); /* once more */
    status(s, s->lane, 7, "read", data[1], "NULL");
    status(s, s->lane, 8, "deleted", data[1], "NULL");
    status(s, s->lane, 9, "failed", data[2], "NULL");
    assert_int_equal(told(s, 9), 1);
    assert_ask(s, "delivered,read,-", all);
    assert_string_equal(state_of(s, &m[2]), "failed/1");
    /* However much there is, each look is short, and goes on where the last one ended. */
    for (int i = 0; i < 5; i++)
        status(s, s->lane, 10 + i, i < 4 ? "sent" : "played", data[2], "NULL");
    shelf_run(s->sql, "UPDATE relevo.lane SET seq = 14 WHERE lane = %d", s->lane);
    assert_ask(s, "1", "SELECT relevo.tell_sends(3)");
    assert_ask(s, "12", "SELECT seq FROM relevo.status_looked WHERE lane = %d", s->lane);
    assert_int_equal(told(s, 14), 1);
    assert_ask(s, "played", "SELECT status FROM desk.sends WHERE message = '%.36s'", data[2]);
}

/* A customer whose conversations became one: the status may come under either identity, in either lane. And a second deliver leaves it to the first. */
static void test_a_status_in_another_lane(void **state)
{
    shelf *s = *state;
    shelf_run(s->sql, "DELETE FROM relevo.send");
    int32_t elsewhere = s->lane + 5000, third = s->lane + 5001;
    rlv_send sent[3];
    static const char *const names[] = {"whole", "part", "other part"};
    char data[RLV_ID_TEXT + 16], id[RLV_ID_TEXT + 1];
    for (int i = 0; i < 3; i++) {
        sent[i] = bot_message(s, conversation(s, names[i]), i + 1);
        assert_int_equal(claim(s, &sent[i]), RLV_CLAIM_MINE);
        assert_int_equal(settle(s, &sent[i], 1, RLV_SEND_UNKNOWN), RLV_OK);
    }
    sweep(s, 0, 0); /* not joined yet: it is looked for in its own lane */
    rlv_id_text(sent[0].conversation_id, id);
    char set[200];
    (void)snprintf(set, sizeof(set), "forward = '%s', lane = %d", id, third);
    change(s, sent[2].conversation_id, set);
    (void)snprintf(set, sizeof(set), "forward = '%s'", id);
    change(s, sent[1].conversation_id, set);
    (void)snprintf(set, sizeof(set), "lane = %d", elsewhere);
    change(s, sent[0].conversation_id, set);
    const int32_t lanes[] = {third, elsewhere, elsewhere};
    for (int i = 0; i < 3; i++) {
        rlv_id_text(sent[i].id, id);
        (void)snprintf(data, sizeof(data), "%s/0", id);
        status(s, lanes[i], 10 + i, "delivered", data, "NULL");
    }
    PGconn *other_deliver = shelf_connect(s, "other deliver");
    shelf_run(other_deliver, "BEGIN; SELECT relevo.reconcile_sends(); SELECT relevo.fail_sends(1000)");
    sweep(s, 0, 0); /* it does not wait for the other one either */
    shelf_run(other_deliver, "ROLLBACK");
    sweep(s, 0, 3);
    PQfinish(other_deliver);
    assert_ask(s, "0", "SELECT count(*) FROM relevo.send WHERE state <> 3");
    sweep(s, 0, 0);
    assert_ask(s, "0", "SELECT count(*) FROM relevo.send_lookup");
}

static void test_a_late_answer(void **state)
{
    shelf *s = *state;
    shelf_run(s->sql, "DELETE FROM relevo.send");
    rlv_send m = bot_message(s, conversation(s, "late"), 1);
    int32_t attempt;
    assert_int_equal(claim_as(s, &m, me, 0, &attempt), RLV_CLAIM_MINE);
    sweep(s, 1, 0);
    assert_int_equal(settle(s, &m, 1, RLV_SEND_REFUSED),
                     RLV_E_CONFLICT); /* it is not tried again: another may have sent */
    assert_int_equal(settle(s, &m, 1, RLV_SEND_ACCEPTED), RLV_OK);
    assert_string_equal(state_of(s, &m), "accepted/1");
}

/* Postgres was restored: what it does not know is not sent, and what may have been sent is not sent again. */
static void test_restored(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_run(s->sql, "DELETE FROM relevo.send");
    rlv_id conv = conversation(s, "restored");
    rlv_send waits = bot_message(s, conv, 7), lost = bot_message(s, conv, 8), elsewhere = bot_message(s, conversation(s, "restored elsewhere"), 9),
             fresh = bot_message(s, conv, 21);
    lost.author = RLV_AUTHOR_AGENT;
    assert_int_equal(claim(s, &waits), RLV_CLAIM_MINE);
    assert_int_equal(settle(s, &waits, 1, RLV_SEND_REFUSED), RLV_OK);
    shelf_run(s->sql, "UPDATE relevo.lane SET seq = 8 WHERE lane = %d", s->lane);
    assert_int_equal(claim(s, &elsewhere), RLV_CLAIM_BUSY); /* decided later than Postgres knows */
    shelf_run(s->sql, "UPDATE relevo.lane SET seq = 20, repair_from = 8 WHERE lane = %d", s->lane);
    assert_int_equal(claim(s, &elsewhere), RLV_CLAIM_BUSY); /* a repair is at work */
    assert_ask(s, "1", "SELECT count(*) FROM relevo.send");
    int64_t identities;
    assert_ok(rlv_repair_release(s->store, &s->lane, 1, false, &identities, &err), err);
    assert_string_equal(state_of(s, &waits), "unknown/1");
    const rlv_send *const all[] = {&waits, &lost, &elsewhere};
    for (int twice = 0; twice < 2; twice++)
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(claim(s, all[i]), RLV_CLAIM_DONE);
    assert_string_equal(state_of(s, &lost), "unknown/0");
    assert_string_equal(state_of(s, &elsewhere), "unknown/0");
    assert_ask(s, "3", "SELECT count(*) FROM desk.sends WHERE error LIKE 'restored from a backup: %%'");
    rlv_send_report *list;
    assert_int_equal(reports(s, &list), 3);
    shelf_run(s->sql, "UPDATE relevo.lane SET seq = 21 WHERE lane = %d", s->lane);
    assert_int_equal(claim(s, &fresh), RLV_CLAIM_MINE); /* what is decided since goes out */
    assert_int_equal(settle(s, &fresh, 1, RLV_SEND_REFUSED), RLV_OK);

    /* A repair that only told Kafka something again rebuilt nothing. */
    shelf_run(s->sql, "UPDATE relevo.lane SET repair_from = 21 WHERE lane = %d", s->lane);
    assert_ok(rlv_repair_release(s->store, &s->lane, 1, false, &identities, &err), err);
    assert_string_equal(state_of(s, &fresh), "waiting/1");
    assert_int_equal(claim(s, &fresh), RLV_CLAIM_MINE);
    assert_ask(s, "20", "SELECT seq FROM relevo.restored WHERE lane = %d", s->lane);
}

/* The turns of three lanes rise together, but of the one of which Kafka knows more: that is mended, and rises again. */
static void test_turns(void **state)
{
    shelf *s = *state;
    rlv_error err;
    const int32_t lanes[] = {s->lane, 900001, 900000};
    int64_t known[] = {0, 0, 0}, now[3] = {0}, unknown = 0;
    shelf_run(s->sql, "DELETE FROM relevo.send; DELETE FROM relevo.restored");
    assert_ok(rlv_sends_turns(s->store, lanes, 3, now, &err), err);
    assert_true(now[0] == 0 && now[1] == 0 && now[2] == 0);
    assert_ok(rlv_sends_next_turns(s->store, lanes, known, 3, now, &err), err);
    assert_true(now[0] == 1 && now[1] == 1 && now[2] == 1);
    memcpy(known, now, sizeof(known));
    assert_ok(rlv_sends_next_turns(s->store, lanes, known, 2, now, &err), err);
    assert_true(now[0] == 2 && now[1] == 2);
    const int64_t more[] = {5, 2, 1};
    assert_ok(rlv_sends_next_turns(s->store, lanes, more, 3, now, &err), err);
    assert_true(now[0] == 2 && now[1] == 3 && now[2] == 2);
    assert_ok(rlv_sends_next_turns(s->store, lanes, more, 1, now, &err), err);
    assert_true(now[0] == 2); /* it does not get there by asking */
    assert_ok(rlv_sends_turns(s->store, lanes, 3, now, &err), err);
    assert_true(now[0] == 2 && now[1] == 3 && now[2] == 2);

    rlv_id conv = conversation(s, "turns");
    rlv_send waits = bot_message(s, conv, 7), lost = bot_message(s, conv, 8), fresh = bot_message(s, conv, 1000001);
    assert_int_equal(claim(s, &waits), RLV_CLAIM_MINE);
    assert_int_equal(settle(s, &waits, 1, RLV_SEND_REFUSED), RLV_OK);
    assert_ok(rlv_repair_turns(s->store, s->lane, 5, true, &unknown, &err), err);
    assert_int_equal(unknown, 1);
    assert_string_equal(state_of(s, &waits), "waiting/1"); /* it would be */
    assert_ok(rlv_repair_turns(s->store, s->lane, 5, false, &unknown, &err), err);
    assert_int_equal(unknown, 1);
    assert_string_equal(state_of(s, &waits), "unknown/1");
    assert_int_equal(claim(s, &lost), RLV_CLAIM_DONE);
    assert_string_equal(state_of(s, &lost), "unknown/0");
    shelf_run(s->sql, "UPDATE relevo.lane SET seq = 1000001 WHERE lane = %d", s->lane);
    assert_int_equal(claim(s, &fresh), RLV_CLAIM_MINE);
    assert_ok(rlv_repair_turns(s->store, s->lane, 5, false, &unknown, &err), err);
    assert_int_equal(unknown, -1); /* once */
    assert_ok(rlv_sends_next_turns(s->store, lanes, more, 1, now, &err), err);
    assert_int_equal(now[0], 6);
    assert_ok(rlv_repair_turns(s->store, 900001, 3, false, &unknown, &err), err);
    assert_int_equal(unknown, -1); /* of which nothing is missing */
    assert_string_equal(state_of(s, &fresh), "sending/1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sent_once, sends_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_a_takeover_stops_the_bot, sends_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_a_takeover_in_between, sends_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_a_lost_answer, sends_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_a_lost_settlement, sends_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_order, sends_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_no_part_after_one_that_failed, sends_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_no_further_attempt_after_a_takeover, sends_setup,
                                        shelf_teardown),
        cmocka_unit_test_setup_teardown(test_the_window, sends_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_erased_and_back, sends_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_a_dead_worker, sends_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_a_status_explains, sends_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_many_are_unknown, sends_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_it_fails_later, sends_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_how_far_it_came, sends_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_a_known_unknown_fails, sends_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_a_status_in_another_lane, sends_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_a_late_answer, sends_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_restored, sends_setup, shelf_teardown),
        cmocka_unit_test_setup_teardown(test_turns, sends_setup, shelf_teardown),
    };
    return cmocka_run_group_tests(tests, shelf_group_setup, shelf_group_teardown);
}
