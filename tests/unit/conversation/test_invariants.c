/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold whatever happens: 200,000 random events and commands, with every answer that plugins can
 * give; the same input twice; and an arena that is full at every possible place.
 */
#include <stdlib.h>

#include "conversation/step.h"
#include "talk.h"

enum {
    EVENTS = 200000,
    CONVERSATIONS = 50,
    WAITING_MAX = 4
};

static uint64_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

static const char *pick(const char *const *list, uint32_t n)
{
    return list[draw(n)];
}

static const char *const triggers[] = {"a", "b", "c", "unlisted", "e", "f", "g", "h", "i", "j"};
static const char *const texts[] = {"", "hola", "quiero una persona",
                                    "¿dónde está mi pedido número 42? 🙂", "ok", "4", "seguir con el bot"};
static const char *const agents[] = {"ana", "bea", "zoe"};

static void random_policy(talk *t)
{
    t->policy.combined = 0.5 + draw(8) / 8.0;
    talk_afterwards(t);
    t->policy.queue.give_up_to = (int32_t)draw(3);
    t->policy.queue.leave = draw(2);
    t->policy.queue.collect = rlv_str_from(draw(2) ? "flow:details" : "");
    t->policy.queue.collect_after_ms = draw(20000);
    t->policy.survey.kind = (int32_t)draw(2);
    t->policy.survey.on_resolve = draw(2);
    t->policy.survey.comment = draw(2);
    t->policy.reopen.to = (int32_t)draw(2);
    t->policy.silence_ms = draw(2) ? 0 : 1 + draw(5000);
    for (uint32_t i = 0; i < 10; i++)
        if (i != 3) {
            rlv_trigger_policy *p =
                talk_trigger(t, triggers[i], draw(10) / 10.0 + 0.1, draw(30) / 10.0, (int32_t)draw(10));
            p->cooldown_ms = draw(2) ? 0 : draw(5000);
            p->observe = draw(4) == 0;
        }
}

static void random_answers(talk *t)
{
    if (draw(4))
        talk_reads(t, pick((const char *const[]){"es", "pt", "en", ""}, 4), draw(20) / 10.0 - 1);
    for (uint32_t i = draw(4); i; i--)
        talk_score(t, pick(triggers, 10), draw(12) / 10.0 - 0.1);
    for (uint32_t i = draw(3); i; i--)
        talk_replies(t, pick(texts, 5), draw(2) ? "faq" : "", draw(11) / 10.0);
    if (draw(2)) {
        rlv_answer *a = talk_answer(t, RLV_PHASE_RESPOND, RLV_ANSWER_REPLY, "flows");
        a->as.reply.text = RLV_STR("¿Tu correo?");
        a->as.reply.source = RLV_STR("flow.details");
        a->as.reply.confidence = draw(11) / 10.0;
        a->as.reply.flags = draw(4) ? RLV_REPLY_ASKS : 0;
    }
    for (uint32_t i = draw(3); i; i--) {
        rlv_answer *a = talk_answer(t, (enum rlv_phase)draw(RLV_PHASES), RLV_ANSWER_SLOT, "p");
        a->as.slot.name = rlv_str_from(rlv_arena_printf(t->arena, "slot%u", draw(40)));
        a->as.slot.value = rlv_str_from(pick(texts, 5));
    }
    for (uint32_t i = draw(3); i; i--) {
        rlv_str plugin = rlv_str_from(rlv_arena_printf(t->arena, "p%u", draw(12)));
        rlv_answer *a = talk_answer(t, (enum rlv_phase)draw(RLV_PHASES), RLV_ANSWER_MEMORY, plugin.ptr);
        a->as.memory = rlv_str_from(pick(texts, 5));
    }
    if (draw(8) == 0) {
        rlv_answer *a = talk_answer(t, (enum rlv_phase)draw(RLV_PHASES), RLV_ANSWER_FAILURE, "p");
        a->as.failure.phase = t->script[t->n_script - 1].phase;
    }
    talk_answer(t, RLV_PHASE_ROUTE, RLV_ANSWER_ROUTE, "router")->as.route.priority = (int32_t)draw(10);
    talk_answer(t, RLV_PHASE_SUMMARIZE, RLV_ANSWER_CARD, "summarizer");
    talk_answer(t, RLV_PHASE_NOTIFY, RLV_ANSWER_EFFECT, "crm");
}

/* What Postgres holds besides the conversation: commands that the lane has not seen. */
struct desk {
    rlv_event waiting[WAITING_MAX];
    size_t n;
};

static const char *const notes[] = {"position 3", "position 2, about 7 min", "survey", "resume"};

/* A desktop acts on the row, by the rules of schemas/sql/002_desk.sql. */
static void random_desk(talk *t, struct desk *desk, int64_t at_ms)
{
    rlv_conversation *c = &t->conv;
    enum rlv_command_kind kind = (enum rlv_command_kind)draw(RLV_COMMAND_FOLLOW_UP + 1);
    rlv_str agent = rlv_str_from(pick(agents, 3));
    enum rlv_owner owner = RLV_OWNER_HUMAN;
    rlv_str owner_agent = agent;
    bool theirs = c->owner == RLV_OWNER_HUMAN && rlv_str_eq(c->agent_id, agent);
    switch (kind) {
    case RLV_COMMAND_TAKE_OVER:
        if (theirs)
            return;
        break;
    case RLV_COMMAND_REPLY:
        if (c->owner == RLV_OWNER_HUMAN && !theirs)
            return;
        break;
    case RLV_COMMAND_NOTE:
        owner = c->owner;
        owner_agent = c->agent_id;
        break;
    case RLV_COMMAND_RETURN:
        if (!theirs)
            return;
        owner = RLV_OWNER_BOT;
        break;
    case RLV_COMMAND_RESOLVE:
        if (!theirs && c->owner != RLV_OWNER_QUEUED)
            return;
        owner = RLV_OWNER_CLOSED;
        break;
    case RLV_COMMAND_ASSIGN:
        break;
    case RLV_COMMAND_REQUEUE:
        if (c->owner != RLV_OWNER_HUMAN)
            return;
        owner = RLV_OWNER_QUEUED;
        break;
    case RLV_COMMAND_MOVED:
        return;
    case RLV_COMMAND_WAITING: /* these are the clock's */
    case RLV_COMMAND_NOBODY:
        if (c->owner != RLV_OWNER_QUEUED)
            return;
        owner = c->owner;
        break;
    case RLV_COMMAND_FOLLOW_UP:
        owner = c->owner;
        owner_agent = c->agent_id;
        break;
    }
    if (owner != RLV_OWNER_HUMAN)
        owner_agent = (rlv_str){NULL, 0};
    bool changed = owner != c->owner || !rlv_str_eq(owner_agent, c->agent_id);
    c->owner = owner;
    c->agent_id = owner_agent;
    c->epoch += changed;
    desk->waiting[desk->n++] = (rlv_event){.kind = RLV_EVENT_COMMAND,
                                           .at_ms = at_ms,
                                           .command = kind,
                                           .agent_id = agent,
                                           .agent_name = agent,
                                           .owner = owner,
                                           .owner_agent = owner_agent,
                                           .epoch = c->epoch,
                                           .text = RLV_STR("texto"),
                                           .note = rlv_str_from(pick(notes, 4))};
}

static void random_event(talk *t, int64_t at_ms)
{
    static const enum rlv_event_kind kinds[] = {RLV_EVENT_MESSAGE, RLV_EVENT_MESSAGE, RLV_EVENT_MESSAGE,
                                                RLV_EVENT_MESSAGE, RLV_EVENT_ECHO,    RLV_EVENT_HANDOVER,
                                                RLV_EVENT_TIMER,   RLV_EVENT_RESULT};
    talk_message(t, pick(texts, 7));
    t->ev.kind = kinds[draw(8)];
    t->ev.timer = draw(2) ? RLV_STR("held") : RLV_STR("idle");
    t->ev.at_ms = at_ms;
    if (draw(10) == 0)
        t->ev.message_id = rlv_str_from(rlv_arena_printf(t->arena, "again%u", draw(3)));
}

/* The ownership that was last decided, as a reader of the ownership topic knows it. */
struct reader {
    enum rlv_owner owner;
    int64_t epoch;
};

/* What is said without a change, to who waits or was served. */
static bool is_said_meanwhile(rlv_str source)
{
    static const char *const sources[] = {"notice.waiting", "notice.expected", "notice.nobody", "notice.callback", "notice.noted",
                                          "notice.comment", "notice.thanks",   "notice.follow_up"};
    for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++)
        if (rlv_str_is(source, sources[i]))
            return true;
    return false;
}

static size_t asked; /* questions to who waits */

static void check_decisions(const talk *t, struct reader *reader)
{
    uint32_t n = 0;
    int64_t told = -1; /* epoch of the last change within this event */
    for (const rlv_decision *d = t->step.decisions.first; d; d = d->next) {
        assert_int_equal(d->ordinal, n++);
        if (rlv_decision_is_change(d->kind)) {
            assert_int_equal(d->epoch, reader->epoch + 1);
            assert_int_equal(d->as.change.from, reader->owner);
            assert_true((d->owner == RLV_OWNER_HUMAN) == (d->agent_id.len > 0));
            *reader = (struct reader){d->owner, d->epoch};
            told = d->epoch;
        } else if (d->kind == RLV_DECIDED_REPLIED) {
            /* The bot speaks where it owns; elsewhere it only says the change of this very event, and asks who waits. */
            bool notice = d->as.said.source.len > 7 && memcmp(d->as.said.source.ptr, "notice.", 7) == 0;
            bool asks = d->owner == RLV_OWNER_QUEUED && t->policy.queue.collect.len && rlv_str_is(d->as.said.source, "flow.details");
            asked += asks;
            assert_true(d->owner == RLV_OWNER_BOT || asks || (notice && d->epoch == told) ||
                        (d->owner != RLV_OWNER_HUMAN && is_said_meanwhile(d->as.said.source)));
            assert_int_equal(d->epoch, reader->epoch);
            assert_int_equal(d->owner, reader->owner);
        }
    }
    assert_int_equal(t->step.decisions.n, n);
    assert_int_equal(t->conv.decided_owner, reader->owner);
    assert_int_equal(t->conv.decided_epoch, reader->epoch);
}

static void check_conversation(const rlv_conversation *c)
{
    assert_in_range(c->n_turns, 0, RLV_TURNS_MAX);
    assert_in_range(c->n_slots, 0, RLV_SLOTS_MAX);
    assert_in_range(c->n_cooling, 0, RLV_COOLING_MAX);
    assert_in_range(c->n_memories, 0, RLV_MEMORIES_MAX);
    assert_in_range(c->n_recent, 0, RLV_RECENT_MAX);
    assert_in_range(c->n_trend, 0, RLV_TREND_MAX);
    assert_in_range(c->n_tried, 0, RLV_TRIED_MAX);
    for (int32_t i = 0; i < c->n_turns; i++)
        assert_in_range(c->turns[i].text.len, 0, RLV_TURN_TEXT_MAX);
    assert_in_range(c->open_question.len, 0, RLV_TURN_TEXT_MAX);
    assert_true(c->owner == RLV_OWNER_HUMAN || c->agent_id.len == 0);
}

static void decide(talk *t, struct reader *reader)
{
    random_answers(t);
    talk_run(t);
    check_decisions(t, reader);
    check_conversation(&t->conv);
}

/* One conversation for a while: desktops act, the lane sees their commands first, then an event. */
static size_t live(talk *t, rlv_arena *other, size_t events)
{
    struct reader reader = {t->conv.owner, t->conv.epoch};
    struct desk desk = {.n = 0};
    size_t n = 0;
    for (int64_t at_ms = 1000; n < events; at_ms += draw(20000)) {
        while (desk.n < WAITING_MAX && draw(3) == 0)
            random_desk(t, &desk, at_ms);
        for (size_t i = 0; i < desk.n; i++, n++) {
            t->ev = desk.waiting[i];
            decide(t, &reader);
        }
        desk.n = 0;
        assert_int_equal(t->conv.owner, reader.owner); /* nothing waits: the row is what was decided */
        assert_int_equal(t->conv.epoch, reader.epoch);
        random_event(t, at_ms);
        decide(t, &reader);
        n++;
        assert_int_equal(t->conv.owner, reader.owner);
        assert_int_equal(t->conv.epoch, reader.epoch);

        rlv_conversation kept; /* as between two batches: nothing of this batch's arena survives */
        rlv_arena_reset(other);
        talk_copy(&t->conv, other, &kept);
        rlv_arena_reset(t->arena);
        talk_copy(&kept, t->arena, &t->conv);
    }
    return n;
}

static void test_invariants(void **state)
{
    (void)state;
    rlv_arena *other = rlv_arena_new((size_t)1 << 20);
    size_t n = 0;
    for (unsigned k = 0; k < CONVERSATIONS; k++) {
        seed = 77 + k;
        void *fresh;
        talk_setup(&fresh);
        random_policy(fresh);
        n += live(fresh, other, EVENTS / CONVERSATIONS);
        talk_teardown(&fresh);
    }
    assert_true(n >= EVENTS);
    assert_true(asked > 100);
    rlv_arena_free(other);
}

/* A handoff with everything in it, on a conversation that has everything. */
static void rich(talk *t, rlv_arena *arena, const rlv_conversation *conv, uint64_t from)
{
    seed = from;
    talk_copy(conv, t->arena, &t->conv);
    t->ev = (rlv_event){.kind = RLV_EVENT_MESSAGE,
                        .at_ms = 9000,
                        .message_id = RLV_STR("wamid.rich"),
                        .text = RLV_STR("¡Quiero una persona!"),
                        .wa_id = RLV_STR("34600")};
    if (from % 3 == 1)
        talk_command(t, RLV_COMMAND_ASSIGN, RLV_OWNER_HUMAN, t->conv.epoch + 1);
    if (from % 3 == 2)
        talk_command(t, RLV_COMMAND_REPLY, RLV_OWNER_HUMAN, t->conv.epoch + 1);
    random_answers(t);
    talk_score(t, "e", 1);
    for (int i = 0; i < 12; i++) /* a card that needs more room than the decision that carries it */
        talk_answer(t, RLV_PHASE_SUMMARIZE, RLV_ANSWER_CARD, "summarizer")->as.card.text = RLV_STR("texto");
    rlv_arena *own = t->arena;
    t->arena = arena; /* only what the step makes */
    talk_run(t);
    t->arena = own;
}

static void history(talk *t, rlv_conversation *ret)
{
    rlv_arena *other = rlv_arena_new((size_t)1 << 20);
    seed = 5;
    random_policy(t);
    (void)live(t, other, 60);
    talk_owner(t, RLV_OWNER_BOT);
    t->conv.n_cooling = 0;
    talk_copy(&t->conv, t->arena, ret);
    rlv_arena_free(other);
}

static void test_the_same_twice(void **state)
{
    talk *t = *state;
    rlv_conversation conv;
    history(t, &conv);
    rlv_arena *arena = rlv_arena_new((size_t)1 << 20);
    for (uint64_t from = 0; from < 300; from++) {
        rlv_buf seen[2] = {RLV_BUF_INIT(1 << 20), RLV_BUF_INIT(1 << 20)};
        for (int i = 0; i < 2; i++) {
            rlv_arena_reset(arena);
            rich(t, arena, &conv, from);
            talk_render(t, &seen[i]);
        }
        assert_int_equal(seen[0].len, seen[1].len);
        assert_memory_equal(seen[0].data, seen[1].data, seen[0].len);
        rlv_buf_free(&seen[0]);
        rlv_buf_free(&seen[1]);
    }
    rlv_arena_free(arena);
}

/* However little fits, nothing crashes, and an outcome that is not whole is reported. */
static void test_a_full_arena(void **state)
{
    talk *t = *state;
    rlv_conversation conv;
    history(t, &conv);
    for (uint64_t from = 0; from < 9; from++) {
        rlv_buf whole = RLV_BUF_INIT(1 << 20), part = RLV_BUF_INIT(1 << 20);
        rlv_arena *roomy = rlv_arena_new((size_t)1 << 20);
        rich(t, roomy, &conv, from);
        talk_render(t, &whole);
        size_t needed = rlv_arena_used(roomy);
        assert_true(needed > 0);
        for (size_t ceiling = 0; ceiling <= needed; ceiling += 16) {
            rlv_arena *arena = rlv_arena_new(ceiling);
            rich(t, arena, &conv, from);
            assert_int_equal(rlv_arena_overflowed(arena), ceiling < needed);
            uint32_t n = 0;
            for (const rlv_decision *d = t->step.decisions.first; d; d = d->next)
                assert_int_equal(d->ordinal, n++);
            assert_int_equal(t->step.decisions.n, n);
            if (ceiling == needed) {
                talk_render(t, &part);
                assert_int_equal(part.len, whole.len);
                assert_memory_equal(part.data, whole.data, whole.len);
            }
            rlv_arena_free(arena);
        }
        rlv_arena_free(roomy);
        rlv_buf_free(&whole);
        rlv_buf_free(&part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_invariants),
        cmocka_unit_test_setup_teardown(test_the_same_twice, talk_setup, talk_teardown),
        cmocka_unit_test_setup_teardown(test_a_full_arena, talk_setup, talk_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
