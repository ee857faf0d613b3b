/* SPDX-License-Identifier: Apache-2.0 */
/* Joining two conversations: who owns it then, its epoch, and what is kept of each. */
#include <stdlib.h>

#include "conversation/digest.h"
#include "conversation/join.h"
#include "talk.h"

static rlv_conversation other(enum rlv_owner owner, int64_t epoch)
{
    rlv_conversation c = {.id = rlv_conversation_id(RLV_STR("555"), RLV_STR("other")),
                          .owner = owner,
                          .epoch = epoch,
                          .decided_epoch = epoch,
                          .agent_id = owner == RLV_OWNER_HUMAN ? RLV_STR("otto") : (rlv_str){NULL, 0},
                          .team = RLV_STR("theirs"),
                          .stretch = 1,
                          .cases = 1};
    return c;
}

static void join_message(talk *t, const rlv_conversation *loser)
{
    talk_message(t, "hola");
    t->step = (rlv_step){.policy = &t->policy, .arena = t->arena, .conversation = &t->conv, .event = &t->ev, .joins = {loser}, .n_joins = 1};
    (void)rlv_step_open(&t->step);
}

/* The owner nearer to people wins, whichever side it is on; the epoch is the larger plus one. */
static void owners(void **state)
{
    talk *t = *state;
    static const enum rlv_owner all[] = {RLV_OWNER_CLOSED, RLV_OWNER_BOT, RLV_OWNER_QUEUED, RLV_OWNER_HUMAN}; /* nearer and nearer */
    for (int kept = 0; kept < 4; kept++)
        for (int loser = 0; loser < 4; loser++) {
            talk_owner(t, all[kept]);
            int64_t epoch = t->conv.epoch;
            rlv_conversation c = other(all[loser], kept % 2 ? epoch + 4 : epoch - 3);
            c.owner_since_ms = t->conv.owner_since_ms; /* equal: the survivor's */
            join_message(t, &c);
            const rlv_decision *d = t->step.decisions.first;
            assert_int_equal(d->kind, RLV_DECIDED_JOINED);
            assert_int_equal(d->owner, all[loser > kept ? loser : kept]);
            assert_int_equal(d->epoch, (kept % 2 ? epoch + 4 : epoch) + 1);
            assert_int_equal(d->as.change.from, all[kept]);
            assert_int_equal(d->as.change.cause, RLV_CAUSE_IDENTITY);
            assert_int_equal(d->as.change.other.len, RLV_ID_TEXT);
            assert_ptr_equal(t->step.taken, loser > kept ? &c : NULL);
            if (loser > kept && all[loser] == RLV_OWNER_HUMAN)
                talk_assert_str(__FILE__, __LINE__, t->conv.agent_id, "otto");
        }
}

/* Of two people the one who got it later; of two that wait, the longer wait counts. */
static void ties(void **state)
{
    talk *t = *state;
    for (int later = 0; later < 2; later++) {
        talk_owner(t, RLV_OWNER_HUMAN);
        rlv_conversation c = other(RLV_OWNER_HUMAN, 2);
        c.owner_since_ms = t->conv.owner_since_ms + (later ? 1 : -1);
        join_message(t, &c);
        assert_int_equal(rlv_str_is(t->conv.agent_id, "otto"), later);
        talk_owner(t, RLV_OWNER_QUEUED);
        c = other(RLV_OWNER_QUEUED, 2);
        c.owner_since_ms = t->conv.owner_since_ms + (later ? 1 : -1);
        int64_t since = later ? t->conv.owner_since_ms : c.owner_since_ms;
        join_message(t, &c);
        assert_int_equal(rlv_str_is(t->conv.team, "theirs"), !later);
        assert_int_equal(t->conv.owner_since_ms, since);
    }
}

/* Lists stay bounded, turns are in order, and neither side's last message ids are forgotten. */
static void digests(void **state)
{
    talk *t = *state;
    rlv_conversation c = other(RLV_OWNER_BOT, 2);
    t->conv.n_turns = t->conv.n_recent = t->conv.n_slots = 0;
    t->conv.last_in_ms = 1000;
    int32_t cases = t->conv.cases;
    c.last_in_ms = 2000;
    char ids[2][RLV_RECENT_MAX][16];
    for (int i = 0; i < RLV_RECENT_MAX; i++)
        for (int side = 0; side < 2; side++) {
            (void)snprintf(ids[side][i], sizeof(ids[side][i]), "%s%d", side ? "theirs" : "mine", i);
            rlv_conversation *to = side ? &c : &t->conv;
            (void)rlv_digest_new_message(to, rlv_str_from(ids[side][i]));
            rlv_digest_turn(to, 1, 2 * i + side, (rlv_str){NULL, 0}, rlv_str_from(ids[side][i]));
        }
    (void)rlv_digest_slot(&t->conv, RLV_STR("order"), RLV_STR("old"), RLV_STR("a"));
    (void)rlv_digest_slot(&t->conv, RLV_STR("name"), RLV_STR("Ana"), RLV_STR("a"));
    (void)rlv_digest_slot(&c, RLV_STR("order"), RLV_STR("new"), RLV_STR("b"));
    rlv_digest_memory(&t->conv, RLV_STR("survey"), RLV_STR("mine"));
    rlv_digest_memory(&c, RLV_STR("survey"), RLV_STR("theirs"));
    join_message(t, &c);
    assert_int_equal(t->conv.n_turns, RLV_TURNS_MAX);
    for (int i = 1; i < RLV_TURNS_MAX; i++)
        assert_true(t->conv.turns[i].at_ms > t->conv.turns[i - 1].at_ms);
    assert_int_equal(t->conv.turns[RLV_TURNS_MAX - 1].at_ms, 2 * RLV_RECENT_MAX - 1);
    for (int side = 0; side < 2; side++) /* one made room for the message itself */
        for (int i = RLV_RECENT_MAX / 2 + 1; i < RLV_RECENT_MAX; i++)
            assert_false(rlv_digest_new_message(&t->conv, rlv_str_from(ids[side][i])));
    talk_assert_str(__FILE__, __LINE__, t->conv.slots[0].value, "new"); /* the later heard of wins */
    talk_assert_str(__FILE__, __LINE__, t->conv.slots[1].value, "Ana");
    assert_int_equal(t->conv.n_memories, 1);
    talk_assert_str(__FILE__, __LINE__, t->conv.memories[0].bytes, "theirs");
    assert_int_equal(t->conv.cases, cases); /* both were open: one case, seen from two sides */
}

/* A desktop gave the other one back to the bot a moment ago: what was said before steers no more than if that had been decided. */
static void returned(void **state)
{
    talk *t = *state;
    for (int late = 0; late < 2; late++) {
        talk_owner(t, RLV_OWNER_CLOSED);
        rlv_conversation c = other(RLV_OWNER_BOT, 4);
        c.decided_epoch = late ? 3 : 4;
        c.last_in_ms = t->conv.last_in_ms + 1;
        c.stretch = t->conv.stretch + 4;
        c.misses = 2;
        t->conv.n_turns = 0;
        rlv_digest_turn(&c, 1, 1, (rlv_str){NULL, 0}, RLV_STR("before"));
        int64_t stretch = c.stretch;
        rlv_step step = {.policy = &t->policy, .arena = t->arena, .conversation = &t->conv, .event = &t->ev};
        assert_true(rlv_conversation_join(&step, &c));
        assert_int_equal(t->conv.owner, RLV_OWNER_BOT);
        assert_int_equal(t->conv.stretch, stretch + late);
        assert_int_equal(t->conv.misses, late ? 0 : 2);
        assert_int_equal(t->conv.n_turns, late ? 0 : 1);
        assert_int_equal(c.stretch, stretch); /* the other one is as it was */
    }
}

/* Meta sends a message again under the other identity: the joined conversation knows it. */
static void duplicates(void **state)
{
    talk *t = *state;
    rlv_conversation c = other(RLV_OWNER_BOT, 2);
    talk_message(t, "hola");
    (void)rlv_digest_new_message(&c, t->ev.message_id);
    t->step = (rlv_step){.policy = &t->policy, .arena = t->arena, .conversation = &t->conv, .event = &t->ev, .joins = {&c}, .n_joins = 1};
    assert_int_equal(rlv_step_open(&t->step), 0);
    assert_int_equal(t->step.decisions.n, 2);
    assert_int_equal(t->step.decisions.last->kind, RLV_DECIDED_DUPLICATE);
    assert_true(t->step.changed);
}

/* Whichever was marked, the customer is. */
static void tags(void **state)
{
    talk *t = *state;
    rlv_conversation c = t->conv;
    c.id.bytes[0]++;
    c.tags = RLV_STR("vip");
    for (int i = 0; i < 2; i++) {
        talk_message(t, "hola");
        t->step = (rlv_step){.policy = &t->policy, .arena = t->arena, .conversation = &t->conv, .event = &t->ev, .joins = {&c}, .n_joins = 1};
        (void)rlv_step_open(&t->step);
        assert_str(t->conv.tags, i == 0 ? "vip" : "moroso\nvip");
        t->conv.tags = RLV_STR("moroso");
    }
}

/* What an event does not say of the customer stays as it is known. */
static void identities(void **state)
{
    talk *t = *state;
    t->conv.customer_name = RLV_STR("Ana");
    t->conv.user_id = RLV_STR("ES.1");
    rlv_event ev = {.kind = RLV_EVENT_MESSAGE};
    rlv_conversation_identify(&t->conv, &ev);
    assert_str(t->conv.wa_id, "34600");
    assert_str(t->conv.user_id, "ES.1");
    assert_str(t->conv.customer_name, "Ana");
    ev.wa_id = RLV_STR("34601");
    ev.customer_name = RLV_STR("Ana María");
    rlv_conversation_identify(&t->conv, &ev);
    assert_str(t->conv.wa_id, "34601");
    assert_str(t->conv.user_id, "ES.1");
    assert_str(t->conv.customer_name, "Ana María");
    ev.user_id = RLV_STR("ES.2");
    rlv_conversation_identify(&t->conv, &ev);
    assert_str(t->conv.user_id, "ES.2");
    assert_int_equal(t->conv.epoch, 7); /* who owns it is another matter */
}

/* What goes on in another lane is one decision here, which holds the event, and needs no conversation. */
static void forwarding(void **state)
{
    talk *t = *state;
    talk_message(t, "hola");
    t->step = (rlv_step){.policy = &t->policy, .arena = t->arena, .event = &t->ev, .has = TALK_ALL};
    rlv_step_forward(&t->step);
    assert_int_equal(t->step.decisions.n, 1);
    assert_int_equal(t->step.decisions.first->kind, RLV_DECIDED_FORWARDED);
    assert_ptr_equal(t->step.decisions.first->as.event, &t->ev);
    assert_false(t->step.changed);
    assert_null(t->step.handoff);

    rlv_arena *full = rlv_arena_new(1); /* no room: nothing half done; the lane asks the arena */
    assert_non_null(full);
    t->step = (rlv_step){.policy = &t->policy, .arena = full, .event = &t->ev};
    rlv_step_forward(&t->step);
    assert_int_equal(t->step.decisions.n, 0);
    assert_true(rlv_arena_overflowed(full));
    rlv_arena_free(full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(owners, talk_setup, talk_teardown),
        cmocka_unit_test_setup_teardown(ties, talk_setup, talk_teardown),
        cmocka_unit_test_setup_teardown(digests, talk_setup, talk_teardown),
        cmocka_unit_test_setup_teardown(returned, talk_setup, talk_teardown),
        cmocka_unit_test_setup_teardown(duplicates, talk_setup, talk_teardown),
        cmocka_unit_test_setup_teardown(tags, talk_setup, talk_teardown),
        cmocka_unit_test_setup_teardown(identities, talk_setup, talk_teardown),
        cmocka_unit_test_setup_teardown(forwarding, talk_setup, talk_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
