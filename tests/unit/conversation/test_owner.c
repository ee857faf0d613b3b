/* SPDX-License-Identifier: Apache-2.0 */
/* The ownership machine: every input from every owner, and commands that are older than the row. */
#include "talk.h"

enum input {
    MESSAGE,
    ECHO,
    HANDOVER,
    TAKE_OVER,
    REPLY,
    NOTE,
    RETURN,
    RESOLVE,
    ASSIGN,
    REQUEUE,
    TIMER,
    EARLY_TIMER,
    RESULT,
    UNDELIVERED,
    UNDELIVERED_BEFORE, /* said in an earlier generation */
    UNDELIVERED_AGENT,
    UNDELIVERED_LEFT, /* the policy says that nothing follows */
    SUPPRESSED
};

enum {
    B = RLV_OWNER_BOT,
    Q = RLV_OWNER_QUEUED,
    H = RLV_OWNER_HUMAN,
    C = RLV_OWNER_CLOSED
};

/* What the conversation is at epoch 7, what comes, what is decided, whose it is then and at which epoch. */
static const struct row {
    int owner;
    enum input input;
    const char *decided;
    int after, epoch;
} rows[] = {
    {B, MESSAGE, "received classified replied(bot/7 notice.unknown)", B, 7},
    {Q, MESSAGE, "received classified summarized", Q, 7},
    {H, MESSAGE, "received classified summarized", H, 7},
    {C, MESSAGE, "received reopened(closed>bot/8 customer) classified replied(bot/8 notice.unknown)", B, 8},

    {B, ECHO, "received taken_over(bot>human/8 echo) summarized", H, 8},
    {Q, ECHO, "received taken_over(queued>human/8 echo) summarized", H, 8},
    {H, ECHO, "received", H, 7},
    {C, ECHO, "received taken_over(closed>human/8 echo) summarized", H, 8},

    {B, HANDOVER, "received handed_off(bot>queued/8 meta) summarized notified", Q, 8},
    {Q, HANDOVER, "received", Q, 7},
    {H, HANDOVER, "received", H, 7},
    {C, HANDOVER, "received", C, 7},

    {B, TAKE_OVER, "taken_over(bot>human/8 desktop) summarized", H, 8},
    {Q, TAKE_OVER, "taken_over(queued>human/8 desktop) summarized", H, 8},
    {H, TAKE_OVER, "taken_over(human>human/8 desktop) summarized", H, 8},
    {C, TAKE_OVER, "taken_over(closed>human/8 desktop) summarized", H, 8},

    {B, REPLY, "taken_over(bot>human/8 agent_reply) answered(human/8) summarized", H, 8},
    {Q, REPLY, "taken_over(queued>human/8 agent_reply) answered(human/8) summarized", H, 8},
    {H, REPLY, "answered(human/7)", H, 7},
    {C, REPLY, "taken_over(closed>human/8 agent_reply) answered(human/8) summarized", H, 8},

    {B, NOTE, "noted(bot/7)", B, 7},
    {Q, NOTE, "noted(queued/7)", Q, 7},
    {H, NOTE, "noted(human/7)", H, 7},
    {C, NOTE, "noted(closed/7)", C, 7},

    {B, RETURN, "returned(bot>bot/8 desktop) replied(bot/8 notice.returned)", B, 8},
    {Q, RETURN, "returned(queued>bot/8 desktop) replied(bot/8 notice.returned)", B, 8},
    {H, RETURN, "returned(human>bot/8 desktop) replied(bot/8 notice.returned)", B, 8},
    {C, RETURN, "returned(closed>bot/8 desktop) replied(bot/8 notice.returned)", B, 8},

    {B, RESOLVE, "closed(bot>closed/8 desktop) replied(closed/8 notice.closed) summarized notified", C, 8},
    {Q, RESOLVE, "closed(queued>closed/8 desktop) replied(closed/8 notice.closed) summarized notified", C, 8},
    {H, RESOLVE, "closed(human>closed/8 desktop) replied(closed/8 notice.closed) summarized notified", C, 8},
    {C, RESOLVE, "closed(closed>closed/8 desktop) replied(closed/8 notice.closed) summarized notified", C, 8},

    {B, ASSIGN, "assigned(bot>human/8 assignment) replied(human/8 notice.assigned)", H, 8},
    {Q, ASSIGN, "assigned(queued>human/8 assignment) replied(human/8 notice.assigned)", H, 8},
    {H, ASSIGN, "assigned(human>human/8 assignment) replied(human/8 notice.assigned)", H, 8},
    {C, ASSIGN, "assigned(closed>human/8 assignment) replied(human/8 notice.assigned)", H, 8},

    {B, REQUEUE, "requeued(bot>queued/8 desktop)", Q, 8},
    {Q, REQUEUE, "requeued(queued>queued/8 desktop)", Q, 8},
    {H, REQUEUE, "requeued(human>queued/8 desktop)", Q, 8},
    {C, REQUEUE, "requeued(closed>queued/8 desktop)", Q, 8},

    {B, TIMER, "closed(bot>closed/8 timeout)", C, 8},
    {Q, TIMER, "ignored", Q, 7},
    {H, TIMER, "ignored", H, 7},
    {C, TIMER, "ignored", C, 7},
    {B, EARLY_TIMER, "ignored", B, 7},

    {B, RESULT, "received notified", B, 7},
    {Q, RESULT, "received notified", Q, 7},
    {H, RESULT, "received notified", H, 7},
    {C, RESULT, "received notified", C, 7},

    {B, UNDELIVERED, "undelivered handed_off(bot>queued/8 failure) summarized notified", Q, 8},
    {Q, UNDELIVERED, "undelivered", Q, 7},
    {H, UNDELIVERED, "undelivered", H, 7},
    {C, UNDELIVERED, "undelivered", C, 7},
    {B, UNDELIVERED_BEFORE, "undelivered", B, 7},
    {B, UNDELIVERED_AGENT, "undelivered", B, 7},
    {B, UNDELIVERED_LEFT, "undelivered", B, 7},
    {H, UNDELIVERED_AGENT, "undelivered", H, 7},
    {B, SUPPRESSED, "suppressed", B, 7},
    {H, SUPPRESSED, "suppressed", H, 7},
};

/* Which owner a command makes. */
static int made(const struct row *r)
{
    switch (r->input) {
    case RETURN:
        return B;
    case RESOLVE:
        return C;
    case REQUEUE:
        return Q;
    case NOTE:
        return r->owner;
    default:
        return H;
    }
}

static void arrange(talk *t, const struct row *r)
{
    static const enum rlv_command_kind commands[] = {
        [TAKE_OVER] = RLV_COMMAND_TAKE_OVER, [REPLY] = RLV_COMMAND_REPLY,     [NOTE] = RLV_COMMAND_NOTE,
        [RETURN] = RLV_COMMAND_RETURN,       [RESOLVE] = RLV_COMMAND_RESOLVE, [ASSIGN] = RLV_COMMAND_ASSIGN,
        [REQUEUE] = RLV_COMMAND_REQUEUE};
    talk_owner(t, (enum rlv_owner)r->owner);
    talk_message(t, "¿Dónde está mi pedido?");
    switch (r->input) {
    case MESSAGE:
        talk_reads(t, "es", 0);
        break;
    case ECHO:
        t->ev.kind = RLV_EVENT_ECHO;
        break;
    case HANDOVER:
        t->ev.kind = RLV_EVENT_HANDOVER;
        break;
    case TIMER:
    case EARLY_TIMER:
        t->ev =
            (rlv_event){.kind = RLV_EVENT_TIMER,
                        .timer = RLV_STR("idle"),
                        .at_ms = t->conv.last_in_ms + t->policy.idle_close_ms - (r->input == EARLY_TIMER)};
        break;
    case RESULT:
        t->ev.kind = RLV_EVENT_RESULT;
        talk_answer(t, RLV_PHASE_RESULT, RLV_ANSWER_EFFECT, "crm");
        break;
    case UNDELIVERED:
    case UNDELIVERED_BEFORE:
    case UNDELIVERED_AGENT:
    case UNDELIVERED_LEFT:
    case SUPPRESSED:
        t->policy.undelivered = r->input == UNDELIVERED_LEFT ? RLV_UNDELIVERED_LEAVE : RLV_UNDELIVERED_HAND_OVER;
        t->ev = (rlv_event){.kind = RLV_EVENT_UNDELIVERED,
                            .at_ms = t->ev.at_ms,
                            .epoch = r->input == UNDELIVERED_BEFORE ? 6 : 7,
                            .agent_id = r->input == UNDELIVERED_AGENT ? RLV_STR("ana") : (rlv_str){NULL, 0},
                            .type = r->input == SUPPRESSED ? RLV_STR("suppressed") : RLV_STR("failed"),
                            .error_title = RLV_STR("no WhatsApp"),
                            .callback_data = RLV_STR("018bcfe5-6800-7004-8000-000000000009/0")};
        break;
    default:
        talk_command(t, commands[r->input], (enum rlv_owner)made(r), r->epoch);
        break;
    }
    rlv_answer *card = talk_answer(t, RLV_PHASE_SUMMARIZE, RLV_ANSWER_CARD, "summarizer");
    card->as.card.name = RLV_STR("why");
    talk_answer(t, RLV_PHASE_NOTIFY, RLV_ANSWER_EFFECT, "crm");
}

static void test_every_transition(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct row *r = &rows[i];
        void *fresh;
        talk_setup(&fresh);
        talk *t = fresh;
        arrange(t, r);
        talk_run(t);
        if (strcmp(talk_brief(t), r->decided) != 0)
            fail_msg("row %zu: %s\n  instead of %s", i, talk_brief(t), r->decided);
        assert_int_equal(t->conv.owner, r->after);
        assert_int_equal(t->conv.epoch, r->epoch);
        assert_int_equal(t->conv.decided_owner, r->after);
        assert_int_equal(t->conv.decided_epoch, r->epoch);
        if (r->after != H)
            assert_int_equal(t->conv.agent_id.len, 0);
        talk_teardown(&fresh);
    }
}

static void test_undelivered_once(void **state)
{
    talk *t = *state;
    const struct row r = {B, UNDELIVERED, NULL, Q, 8};
    arrange(t, &r);
    talk_run(t);
    assert_str(talk_find(t, RLV_DECIDED_HANDED_OFF)->as.change.reason,
               "Un mensaje del bot no se entregó. (no WhatsApp)");
    talk_run(t); /* deliver tells it again */
    assert_string_equal(talk_brief(t), "duplicate");
}

static void test_events_without_a_conversation(void **state)
{
    talk *t = *state;
    static const struct {
        enum rlv_event_kind kind;
        const char *decided;
    } apart[] = {
        {RLV_EVENT_STATUS, "status"}, {RLV_EVENT_ERROR, "received"}, {RLV_EVENT_UNKNOWN, "received"}};
    for (size_t i = 0; i < 3; i++) {
        talk_message(t, "");
        t->ev.kind = apart[i].kind;
        talk_run(t);
        assert_string_equal(talk_brief(t), apart[i].decided);
        assert_ptr_equal(t->step.decisions.first->as.event, &t->ev);
        assert_int_equal(t->asked, 0);
        assert_false(t->step.changed);
    }
}

static void test_who_is_told(void **state)
{
    talk *t = *state;
    talk_owner(t, RLV_OWNER_QUEUED);
    talk_command(t, RLV_COMMAND_ASSIGN, RLV_OWNER_HUMAN, 8)->agent_id = (rlv_str){NULL, 0};
    talk_run(t);
    const rlv_decision *d = talk_find(t, RLV_DECIDED_ASSIGNED);
    assert_str(d->agent_id, "bea");
    assert_int_equal(d->as.change.by.len, 0);
    d = talk_find(t, RLV_DECIDED_REPLIED);
    assert_str(d->as.said.text, "Te atiende Bea.");
    assert_str(d->agent_id, "bea");

    talk_command(t, RLV_COMMAND_REPLY, RLV_OWNER_HUMAN, 8);
    talk_run(t);
    d = talk_find(t, RLV_DECIDED_ANSWERED);
    assert_str(d->as.said.text, "Hola, soy Bea");
    assert_str(d->as.said.agent_id, "bea");

    talk_command(t, RLV_COMMAND_RETURN, RLV_OWNER_BOT, 9);
    talk_run(t);
    d = talk_find(t, RLV_DECIDED_RETURNED);
    assert_str(d->as.change.by, "bea");
    assert_str(d->as.change.reason, "why");
    assert_int_equal(d->agent_id.len, 0);
    assert_int_equal(d->stretch, 4);

    talk_command(t, RLV_COMMAND_RESOLVE, RLV_OWNER_CLOSED, 10);
    talk_run(t);
    assert_str(talk_find(t, RLV_DECIDED_CLOSED)->as.change.reason, "why");
}

static void test_echo_belongs_to_the_phone(void **state)
{
    talk *t = *state;
    talk_message(t, "Soy el dueño")->kind = RLV_EVENT_ECHO;
    talk_run(t);
    assert_str(t->conv.agent_id, "business_phone");
    assert_int_equal(t->conv.owner_since_ms, 1000);
    assert_int_equal(t->conv.n_turns, 1);
    assert_int_equal(t->conv.turns[0].by, 3);
    assert_str(t->conv.turns[0].text, "Soy el dueño");
    talk_run(t); /* Meta sends it again */
    assert_string_equal(talk_brief(t), "duplicate");
    assert_int_equal(t->conv.n_turns, 1);
    assert_false(t->step.changed);
}

/* Three people acted before the lane looked: the row is theirs already, each decision is its own command's.
 */
static void test_commands_older_than_the_row(void **state)
{
    talk *t = *state;
    static const struct {
        enum rlv_command_kind kind;
        enum rlv_owner owner;
        const char *decided;
    } waiting[] = {
        {RLV_COMMAND_TAKE_OVER, RLV_OWNER_HUMAN, "taken_over(bot>human/8 desktop)"},
        {RLV_COMMAND_REPLY, RLV_OWNER_HUMAN, "answered(human/8)"},
        {RLV_COMMAND_REQUEUE, RLV_OWNER_QUEUED, "requeued(human>queued/9 desktop)"},
        {RLV_COMMAND_ASSIGN, RLV_OWNER_HUMAN,
         "assigned(queued>human/10 assignment) replied(human/10 notice.assigned)"},
        {RLV_COMMAND_RETURN, RLV_OWNER_BOT, "returned(human>bot/11 desktop) replied(bot/11 notice.returned)"},
        {RLV_COMMAND_RESOLVE, RLV_OWNER_CLOSED,
         "closed(bot>closed/12 desktop) replied(closed/12 notice.closed)"},
    };
    static const int64_t epochs[] = {8, 8, 9, 10, 11, 12};
    for (size_t i = 0; i < 6; i++) {
        talk_command(t, waiting[i].kind, waiting[i].owner, epochs[i]);
        t->conv.owner = RLV_OWNER_HUMAN; /* the row, as the last of them left it */
        t->conv.epoch = 20;
        t->conv.agent_id = RLV_STR("zoe");
        t->conv.owner_since_ms = 777;
        talk_run(t);
        assert_string_equal(talk_brief(t), waiting[i].decided);
        assert_int_equal(t->conv.owner, RLV_OWNER_HUMAN);
        assert_int_equal(t->conv.epoch, 20);
        assert_str(t->conv.agent_id, "zoe");
        assert_int_equal(t->conv.owner_since_ms, 777);
        assert_int_equal(t->conv.decided_owner, waiting[i].owner);
        assert_int_equal(t->conv.decided_epoch, epochs[i]);
        assert_true(t->step.changed);
    }
}

/* A command that changed nobody's ownership is no change of the topic: its epoch was decided before. */
static void test_commands_that_change_nothing(void **state)
{
    talk *t = *state;
    talk_owner(t, RLV_OWNER_HUMAN);
    talk_command(t, RLV_COMMAND_ASSIGN, RLV_OWNER_HUMAN, 7);
    talk_run(t);
    assert_string_equal(talk_brief(t), "ignored");
    assert_int_equal(t->step.decisions.first->epoch, 7);
    assert_str(t->step.decisions.first->agent_id, "bea");
    assert_true(t->step.changed); /* consumed all the same */
    talk_command(t, RLV_COMMAND_TAKE_OVER, RLV_OWNER_HUMAN, 7);
    talk_run(t);
    assert_string_equal(talk_brief(t), "ignored");
    assert_null(t->step.handoff);
}

static void test_a_returned_conversation_has_no_team(void **state)
{
    talk *t = *state;
    talk_owner(t, RLV_OWNER_HUMAN);
    talk_command(t, RLV_COMMAND_RETURN, RLV_OWNER_BOT, 8);
    talk_run(t);
    assert_int_equal(talk_find(t, RLV_DECIDED_RETURNED)->team.len, 0);
    assert_int_equal(t->conv.team.len, 0);
}

static void test_reopening_is_a_new_case(void **state)
{
    talk *t = *state;
    talk_owner(t, RLV_OWNER_CLOSED);
    t->conv.messages = 5;
    t->conv.misses = 2;
    rlv_event *ev = talk_message(t, "Hola otra vez");
    ev->customer_name = RLV_STR("Luz");
    ev->user_id = RLV_STR("ES.1");
    talk_run(t);
    assert_int_equal(t->conv.cases, 3);
    assert_int_equal(t->conv.stretch, 4);
    assert_int_equal(t->conv.opened_ms, 1000);
    assert_int_equal(t->conv.last_in_ms, 1000);
    assert_int_equal(t->conv.messages, 1);
    assert_int_equal(t->conv.misses, 1);
    assert_str(t->conv.customer_name, "Luz");
    assert_str(t->conv.user_id, "ES.1");
    assert_str(t->conv.wa_id, "34600");
}

static void test_idle_timer(void **state)
{
    talk *t = *state;
    talk_message(t, "Hola");
    talk_run(t);
    assert_int_equal(t->conv.idle_timer_ms, 61000);
    talk_message(t, "¿Hola?")->at_ms = 2000;
    talk_run(t);
    assert_int_equal(t->conv.idle_timer_ms, 61000); /* the pending one stands */
    t->ev = (rlv_event){.kind = RLV_EVENT_TIMER, .at_ms = 61000};
    talk_run(t);
    assert_string_equal(talk_brief(t), "ignored");
    assert_int_equal(t->conv.idle_timer_ms, 62000);
    t->ev.at_ms = 62000;
    talk_run(t);
    assert_string_equal(talk_brief(t), "closed(bot>closed/8 timeout)");
    assert_int_equal(t->conv.idle_timer_ms, 0);

    talk_owner(t, RLV_OWNER_BOT);
    t->policy.idle_close_ms = 0; /* never */
    talk_message(t, "Hola");
    talk_run(t);
    assert_int_equal(t->conv.idle_timer_ms, 0);
    t->ev = (rlv_event){.kind = RLV_EVENT_TIMER, .at_ms = INT64_MAX};
    talk_run(t);
    assert_string_equal(talk_brief(t), "ignored");
    talk_owner(t, RLV_OWNER_HUMAN);
    t->policy.idle_close_ms = 60000;
    talk_message(t, "Hola");
    talk_run(t);
    assert_int_equal(t->conv.idle_timer_ms, 0); /* a person's conversation is never closed by a clock */
}

/* Which phases are asked for, and that a phase that no plugin has is not. */
static void test_phases_wanted(void **state)
{
    talk *t = *state;
    const unsigned asks =
        RLV_WANTS(RLV_PHASE_CLASSIFY) | RLV_WANTS(RLV_PHASE_TRIGGER) | RLV_WANTS(RLV_PHASE_RESPOND);
    const unsigned hands =
        RLV_WANTS(RLV_PHASE_ROUTE) | RLV_WANTS(RLV_PHASE_SUMMARIZE) | RLV_WANTS(RLV_PHASE_NOTIFY);
    talk_message(t, "a");
    talk_run(t);
    assert_int_equal(t->asked, asks);
    talk_run(t); /* a duplicate */
    assert_int_equal(t->asked, 0);
    t->has = RLV_WANTS(RLV_PHASE_TRIGGER);
    talk_message(t, "b");
    talk_run(t);
    assert_int_equal(t->asked, RLV_WANTS(RLV_PHASE_TRIGGER));
    assert_int_equal(talk_count(t, RLV_DECIDED_REPLIED),
                     0); /* nobody could have known: nothing is admitted */
    t->has = TALK_ALL;
    talk_message(t, "c");
    talk_score(t, "keyword", 1);
    talk_run(t);
    assert_int_equal(t->asked, asks | hands);
    talk_message(t, "d"); /* now it is queued */
    talk_run(t);
    assert_int_equal(t->asked, RLV_WANTS(RLV_PHASE_CLASSIFY) | RLV_WANTS(RLV_PHASE_SUMMARIZE));
    talk_message(t, "e")->kind = RLV_EVENT_ECHO;
    talk_run(t);
    assert_int_equal(t->asked, RLV_WANTS(RLV_PHASE_SUMMARIZE));
    talk_message(t, "f")->kind = RLV_EVENT_RESULT;
    talk_run(t);
    assert_int_equal(t->asked, RLV_WANTS(RLV_PHASE_RESULT));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, talk_setup, talk_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_every_transition),
        TEST(test_undelivered_once),
        TEST(test_events_without_a_conversation),
        TEST(test_who_is_told),
        TEST(test_echo_belongs_to_the_phone),
        TEST(test_commands_older_than_the_row),
        TEST(test_commands_that_change_nothing),
        TEST(test_a_returned_conversation_has_no_team),
        TEST(test_reopening_is_a_new_case),
        TEST(test_idle_timer),
        TEST(test_phases_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
