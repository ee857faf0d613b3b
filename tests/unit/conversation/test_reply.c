/* SPDX-License-Identifier: Apache-2.0 */
/* What the bot says, what it admits not to know, and what is kept of a turn. */
#include "conversation/decide.h"
#include "talk.h"

#define ES "es: {agent}"
#define PT "pt: {agent}!"
#define EN "{agent} en"

static void test_notices(void **state)
{
    talk *t = *state;
    static const struct {
        const char *es, *pt, *en, *language, *agent, *said; /* said NULL: nothing */
    } cases[] = {
        {ES, PT, EN, "es", "Ana", "es: Ana"},
        {ES, PT, EN, "pt", "Ana", "pt: Ana!"},
        {ES, PT, EN, "en", "Ana", "Ana en"},
        {ES, PT, EN, "", "Ana", "es: Ana"},
        {ES, PT, EN, "de", "Ana", "es: Ana"},
        {ES, "", "", "pt", "Ana", "es: Ana"},
        {ES, "", "", "en", "Ana", "es: Ana"},
        {"", PT, EN, "es", "Ana", "pt: Ana!"},
        {"", "", EN, "es", "Ana", "Ana en"},
        {"", "", EN, "pt", "Ana", "Ana en"},
        {"", PT, "", "en", "Ana", "pt: Ana!"},
        {"", "", "", "es", "Ana", NULL},
        {ES, "", "", "es", "", "es: "},
        {"sin nombre", "", "", "es", "Ana", "sin nombre"},
        {"{agent", "", "", "es", "Ana", "{agent"},
        {"{agent} y {agent}", "", "", "es", "Ana", "Ana y {agent}"}, /* one hole */
        {"{agent}", "", "", "es", "{agent}", "{agent}"},             /* a name is no template */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        rlv_notice notice = {rlv_str_from(cases[i].es), rlv_str_from(cases[i].pt), rlv_str_from(cases[i].en)};
        talk_message(t, "hola");
        t->conv.language = rlv_str_from(cases[i].language);
        t->step =
            (rlv_step){.policy = &t->policy, .arena = t->arena, .conversation = &t->conv, .event = &t->ev};
        rlv_decide_notice(&t->step, &notice, "notice.test", rlv_str_from(cases[i].agent));
        assert_int_equal(t->step.decisions.n, cases[i].said != NULL);
        if (!cases[i].said)
            continue;
        assert_str(t->step.decisions.first->as.said.text, cases[i].said);
        assert_str(t->step.decisions.first->as.said.source, "notice.test");
    }
}

static void test_best_reply(void **state)
{
    talk *t = *state;
    t->conv.misses = 2;
    t->conv.open_question = RLV_STR("¿y eso?");
    talk_message(t, "¿Horario?");
    talk_replies(t, "third", "c", 0.2);
    talk_replies(t, "best", "hours", 0.9);
    talk_replies(t, "as good, but later", "b", 0.9);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received replied(bot/7 hours)");
    const rlv_decision *d = talk_find(t, RLV_DECIDED_REPLIED);
    assert_str(d->as.said.text, "best");
    assert_true(d->as.said.confidence > 0.8999 && d->as.said.confidence < 0.9001);
    assert_true(rlv_str_eq(d->as.said.to_message, t->ev.message_id));
    assert_int_equal(d->as.said.agent_id.len, 0);
    assert_int_equal(t->conv.misses, 0);
    assert_int_equal(t->conv.open_question.len, 0);
    assert_int_equal(t->conv.n_tried, 1);
    assert_str(t->conv.tried[0], "hours");
    assert_int_equal(t->conv.n_turns, 2);
    assert_int_equal(t->conv.turns[0].by, 1);
    assert_str(t->conv.turns[0].text, "¿Horario?");
    assert_int_equal(t->conv.turns[1].by, 2);
    assert_str(t->conv.turns[1].text, "best");
    assert_int_equal(t->conv.turns[1].message_id.len, 0);
}

static void test_misses_and_the_open_question(void **state)
{
    talk *t = *state;
    for (int i = 1; i <= 3; i++) {
        talk_message(t, i == 2 ? "¿y la segunda?" : "¿primera?");
        talk_answer(t, RLV_PHASE_RESPOND, RLV_ANSWER_ABSTAIN, "responder");
        talk_run(t);
        assert_string_equal(talk_brief(t), "received replied(bot/7 notice.unknown)");
        assert_int_equal(t->conv.misses, i);
        assert_str(t->conv.open_question, i == 2 ? "¿y la segunda?" : "¿primera?");
        assert_int_equal(t->conv.n_tried, 0);
    }
    char text[RLV_TURN_TEXT_MAX + 2];
    memset(text, 'a', sizeof(text));
    memcpy(text + RLV_TURN_TEXT_MAX - 1, "ñ", 2); /* across the cut */
    talk_message(t, "")->text = (rlv_str){text, sizeof(text)};
    talk_run(t);
    assert_int_equal(t->conv.open_question.len, RLV_TURN_TEXT_MAX - 1);
    assert_int_equal(t->conv.turns[t->conv.n_turns - 2].text.len, RLV_TURN_TEXT_MAX - 1);
}

static void test_repeats(void **state)
{
    talk *t = *state;
    static const struct {
        const char *text;
        int32_t repeats;
    } turns[] = {{"¿hacen envíos?", 0}, {"Hacen envios", 1}, {"HACEN ENVÍOS!!", 2}, {"¿cuánto cuesta?", 0}, {"hacen envíos", 0},
                 {"", 0}, {"", 0}, {"hacen envíos", 0}, {"hola", 0}, {"hola", 0}, {"hola", 0}};
    for (size_t i = 0; i < sizeof(turns) / sizeof(*turns); i++) {
        talk_message(t, turns[i].text);
        talk_run(t);
        assert_int_equal(t->conv.repeats, turns[i].repeats);
        assert_int_equal(t->conv.messages, i + 1);
    }
}

static void test_reading(void **state)
{
    talk *t = *state;
    talk_message(t, "bom dia");
    talk_reads(t, "pt", -0.5);
    talk_reads(t, "en", 1); /* the first reading counts */
    talk_run(t);
    const rlv_decision *d = talk_find(t, RLV_DECIDED_CLASSIFIED);
    assert_int_equal(talk_count(t, RLV_DECIDED_CLASSIFIED), 1);
    assert_str(d->as.reading.intent, "orders");
    assert_str(t->conv.language, "pt");
    assert_int_equal(t->conv.n_trend, 1);
    assert_true(t->conv.trend[0] < -0.4999 && t->conv.trend[0] > -0.5001);
    talk_message(t, "🙂");
    talk_reads(t, "", 0.5); /* a reading without a language keeps what is known */
    talk_run(t);
    assert_str(t->conv.language, "pt");
    assert_int_equal(t->conv.n_trend, 2);
}

/* The conversation's language is that of its first words, until somebody says enough in another one; a message is read as it is. */
static void test_language(void **state)
{
    talk *t = *state;
    static const struct {
        const char *text, *reads, *language;
    } turns[] = {{"hola", "es", "es"},  {"não entendi", "pt", "es"},          {"João da Silva", "pt", "es"},
                 {"ok", "en", "es"},    {"vocês entregam no Rio?", "pt", "pt"}, {"hola", "es", "pt"}};
    for (size_t i = 0; i < sizeof(turns) / sizeof(*turns); i++) {
        talk_message(t, turns[i].text);
        talk_reads(t, turns[i].reads, 0);
        talk_run(t);
        assert_str(t->conv.language, turns[i].language);
        assert_str(talk_find(t, RLV_DECIDED_CLASSIFIED)->as.reading.language, turns[i].reads);
    }
    (void)talk_command(t, RLV_COMMAND_RETURN, RLV_OWNER_BOT, t->conv.epoch + 1); /* a new stretch, and perhaps somebody else at that telephone */
    talk_run(t);
    talk_message(t, "hola");
    talk_reads(t, "es", 0);
    talk_run(t);
    assert_str(t->conv.language, "es");
}

static void slot(talk *t, enum rlv_phase phase, const char *name, const char *value)
{
    rlv_answer *a = talk_answer(t, phase, RLV_ANSWER_SLOT, "extractor");
    a->as.slot.name = rlv_str_from(name);
    a->as.slot.value = rlv_str_from(value);
}

static rlv_answer *reply(talk *t, const char *plugin, const char *source, double confidence, uint32_t flags)
{
    rlv_answer *a = talk_answer(t, RLV_PHASE_RESPOND, RLV_ANSWER_REPLY, plugin);
    a->as.reply.text = rlv_str_from(source);
    a->as.reply.source = rlv_str_from(source);
    a->as.reply.confidence = confidence;
    a->as.reply.flags = flags;
    return a;
}

/* The bot asks the same whatever the customer says: that goes round in circles, too. Another question does not, nor one that is taken up again. */
static void test_asks_again(void **state)
{
    talk *t = *state;
    static const struct {
        const char *text, *asks;
        int32_t repeats;
    } turns[] = {{"un caballo", "which?", 0}, {"¿y un caballo?", "which?", 1}, {"", "which?", 2}, {"no sé", "city?", 0}, {"no sé", "date?", 0}};
    for (size_t i = 0; i < sizeof(turns) / sizeof(*turns); i++) {
        talk_message(t, turns[i].text);
        (void)reply(t, "kb", turns[i].asks, 1, RLV_REPLY_ASKS);
        talk_run(t);
        assert_int_equal(t->conv.repeats, turns[i].repeats);
    }
    static const char *const others[] = {"¿a qué hora abren?", "¿hacen envíos?", "¿dónde están?"};
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        talk_message(t, others[i]);
        (void)reply(t, "kb", "article", 1, 0);
        (void)reply(t, "flow", "date?", 1, RLV_REPLY_ASKS | RLV_REPLY_RESUMES);
        talk_run(t);
        assert_true(t->conv.asked);
        assert_int_equal(t->conv.repeats, 0);
    }
}

/* A question is no answer: misses stay, nothing was tried, and saying the same to two questions is no repetition. */
static void test_asks(void **state)
{
    talk *t = *state;
    talk_message(t, "¿qué?");
    talk_run(t); /* a miss */
    talk_message(t, "no, nada");
    rlv_answer *a = reply(t, "flow", "date?", 1, RLV_REPLY_ASKS);
    static const rlv_choice choices[] = {{RLV_STR("y"), RLV_STR("Sí"), {NULL, 0}}};
    a->as.reply.extras = (rlv_extras){.choices = choices, .n_choices = 1};
    talk_run(t);
    assert_int_equal(t->conv.misses, 1);
    assert_int_equal(t->conv.n_tried, 0);
    assert_true(t->conv.asked);
    const rlv_decision *d = talk_find(t, RLV_DECIDED_REPLIED);
    assert_true(d->as.said.asks);
    assert_int_equal(d->as.said.extras.n_choices, 1);
    talk_message(t, "no, nada");
    (void)reply(t, "flow", "done", 1, 0);
    talk_run(t);
    assert_int_equal(t->conv.repeats, 0);
    assert_int_equal(t->conv.misses, 0);
    assert_false(t->conv.asked);
    talk_message(t, "no, nada");
    (void)reply(t, "kb", "done", 1, 0);
    talk_run(t);
    assert_int_equal(t->conv.repeats, 1);
}

/* A reaction, a message that is taken back, a notice: received, and nothing else, whoever has the conversation. What is held goes on. */
static void test_says_nothing(void **state)
{
    talk *t = *state;
    static const char *const types[] = {"reaction", "revoke", "system", "unsupported"};
    t->policy.pause_ms = 1000;
    t->policy.read_receipts = true;
    talk_message(t, "¿hacen envíos?");
    talk_run(t);
    assert_string_equal(talk_brief(t), "received held");
    for (enum rlv_owner owner = RLV_OWNER_BOT; owner <= RLV_OWNER_CLOSED; owner++) {
        if (owner != RLV_OWNER_BOT)
            talk_owner(t, owner);
        const rlv_conversation before = t->conv;
        for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
            talk_message(t, "👍")->type = rlv_str_from(types[i]);
            talk_replies(t, "ok", "a", 1);
            talk_run(t);
            assert_string_equal(talk_brief(t), "received");
            assert_int_equal(t->asked, 0);
            assert_false(talk_find(t, RLV_DECIDED_RECEIVED)->read);
        }
        assert_int_equal(t->conv.messages, before.messages);
        assert_int_equal(t->conv.misses, before.misses);
        assert_int_equal(t->conv.n_turns, before.n_turns);
        assert_int_equal(t->conv.last_in_ms, before.last_in_ms);
        assert_int_equal(t->conv.held.messages, before.held.messages);
        assert_int_equal(t->conv.epoch, before.epoch);
        assert_int_equal(t->conv.owner, owner);
    }
    talk_message(t, "👍")->type = RLV_STR("edit"); /* what is said anew is said */
    talk_run(t);
    assert_int_equal(talk_count(t, RLV_DECIDED_REOPENED), 1);
}

/* What only follows is never said first, and each follows its own. */
static void test_followers(void **state)
{
    talk *t = *state;
    talk_message(t, "¿hacen envíos y a qué hora abren?");
    (void)reply(t, "flow", "date?", 1, RLV_REPLY_ASKS | RLV_REPLY_RESUMES);
    (void)reply(t, "kb", "hours", 0.9, RLV_REPLY_ALSO);
    (void)reply(t, "kb", "shipping", 0.8, 0);
    (void)reply(t, "other", "other", 0.7, 0);
    (void)reply(t, "other", "other also", 0.7, RLV_REPLY_ALSO);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received replied(bot/7 shipping) replied(bot/7 hours) replied(bot/7 date?)");
    assert_true(t->conv.asked);
    assert_int_equal(t->conv.n_tried, 2);

    talk_message(t, "¿venden tractores?"); /* nobody knows: said, counted, and the flow goes on */
    (void)reply(t, "flow", "date?", 1, RLV_REPLY_ASKS | RLV_REPLY_RESUMES);
    (void)reply(t, "kb", "hours", 0.9, RLV_REPLY_ALSO);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received replied(bot/7 notice.unknown) replied(bot/7 date?)");
    assert_int_equal(t->conv.misses, 1);

    talk_message(t, "mañana"); /* its own reply: nothing to resume */
    (void)reply(t, "flow", "date?", 1, RLV_REPLY_ASKS | RLV_REPLY_RESUMES);
    (void)reply(t, "flow", "city?", 0.5, RLV_REPLY_ASKS);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received replied(bot/7 city?)");
}

/* A plugin that knows itself that its reply is none. */
static void test_reply_and_abstain(void **state)
{
    talk *t = *state;
    talk_message(t, "¿hacen envíos?");
    (void)reply(t, "kb", "shipping", 1, 0);
    (void)talk_answer(t, RLV_PHASE_RESPOND, RLV_ANSWER_ABSTAIN, "kb");
    talk_run(t);
    assert_string_equal(talk_brief(t), "received replied(bot/7 shipping)");
    assert_int_equal(t->conv.misses, 1);
    assert_str(t->conv.open_question, "¿hacen envíos?");
    talk_message(t, "¿y los domingos?"); /* somebody else's abstaining is nothing to this */
    (void)talk_answer(t, RLV_PHASE_RESPOND, RLV_ANSWER_ABSTAIN, "other");
    (void)reply(t, "kb", "hours", 1, 0);
    talk_run(t);
    assert_int_equal(t->conv.misses, 0);
}

static void test_slots(void **state)
{
    talk *t = *state;
    talk_message(t, "soy Ana, pedido 42");
    slot(t, RLV_PHASE_CLASSIFY, "name", "Ana");
    slot(t, RLV_PHASE_RESPOND, "order", "42");
    talk_replies(t, "ok", "a", 1);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received slot_filled slot_filled replied(bot/7 a)");
    assert_int_equal(t->conv.n_slots, 2);
    const rlv_decision *d = talk_find(t, RLV_DECIDED_SLOT_FILLED);
    assert_str(d->as.slot.name, "name");
    assert_str(d->as.slot.value, "Ana");
    assert_true(rlv_str_eq(d->as.slot.message_id, t->ev.message_id));
    talk_message(t, "42, y soy Bea");
    slot(t, RLV_PHASE_CLASSIFY, "order", "42");
    slot(t, RLV_PHASE_CLASSIFY, "name", "Bea");
    talk_run(t);
    assert_int_equal(talk_count(t, RLV_DECIDED_SLOT_FILLED), 1);
    assert_str(t->conv.slots[0].value, "Bea");
    assert_int_equal(t->conv.n_slots, 2);
    talk_owner(t, RLV_OWNER_HUMAN); /* read while a person has it, too */
    talk_message(t, "calle Sol 1");
    slot(t, RLV_PHASE_CLASSIFY, "address", "calle Sol 1");
    talk_run(t);
    assert_string_equal(talk_brief(t), "received slot_filled");
    talk_message(t, "")->kind = RLV_EVENT_RESULT;
    slot(t, RLV_PHASE_RESULT, "crm_id", "7");
    talk_run(t);
    assert_string_equal(talk_brief(t), "received slot_filled");
    assert_int_equal(t->conv.n_slots, 4);
}

static void fails(talk *t, enum rlv_phase phase)
{
    rlv_answer *a = talk_answer(t, phase, RLV_ANSWER_FAILURE, "broken");
    a->as.failure.phase = phase;
    a->as.failure.reason = RLV_STR("it crashed");
}

static void test_failures_go_to_people(void **state)
{
    talk *t = *state;
    static const enum rlv_phase early[] = {RLV_PHASE_CLASSIFY, RLV_PHASE_TRIGGER, RLV_PHASE_RESPOND};
    for (size_t i = 0; i < 3; i++) {
        talk_owner(t, RLV_OWNER_BOT);
        talk_message(t, "hola");
        fails(t, early[i]);
        talk_run(t);
        assert_string_equal(
            talk_brief(t),
            "received failed handed_off(bot>queued/8 failure) replied(queued/8 notice.handoff)");
        const rlv_decision *d = talk_find(t, RLV_DECIDED_FAILED);
        assert_str(d->as.failure.plugin, "broken");
        assert_str(d->as.failure.reason, "it crashed");
        assert_int_equal(d->as.failure.phase, early[i]);
        d = talk_find(t, RLV_DECIDED_HANDED_OFF);
        assert_str(d->as.change.reason, "El bot no pudo responder.");
        assert_int_equal(d->as.change.route.priority, 5);
        assert_int_equal(d->as.change.trigger.len, 0);
    }
    talk_owner(t, RLV_OWNER_BOT);
    talk_message(t, "hola"); /* another plugin answers all the same */
    fails(t, RLV_PHASE_RESPOND);
    talk_replies(t, "¡Hola!", "greeting", 1);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received failed replied(bot/7 greeting)");
    talk_message(t, "hola"); /* a trigger is a better reason */
    fails(t, RLV_PHASE_RESPOND);
    talk_score(t, "a", 1);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received failed triggered(a chosen) handed_off(bot>queued/8 trigger) "
                                       "replied(queued/8 notice.handoff)");
    talk_message(t, "hola"); /* a person has it already: said, and nothing more */
    fails(t, RLV_PHASE_CLASSIFY);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received failed");
}

static void test_late_failures_are_said(void **state)
{
    talk *t = *state;
    talk_message(t, "persona");
    talk_score(t, "a", 1);
    fails(t, RLV_PHASE_ROUTE);
    fails(t, RLV_PHASE_SUMMARIZE);
    fails(t, RLV_PHASE_NOTIFY);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received triggered(a chosen) handed_off(bot>queued/8 trigger) "
                                       "replied(queued/8 notice.handoff) failed failed failed");
    talk_message(t, "")->kind = RLV_EVENT_RESULT;
    fails(t, RLV_PHASE_RESULT);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received failed");
}

/* A result counts once, and what a plugin makes of it is said only in the generation of ownership that asked
 * for it. */
static void test_results(void **state)
{
    talk *t = *state;
    static const struct {
        const char *effect;
        int owner;
        int64_t epoch;
        const char *decided;
    } results[] = {
        {"e1", RLV_OWNER_BOT, 7, "received replied(bot/7 llm)"},
        {"e1", RLV_OWNER_BOT, 7, "duplicate"},
        {"e2", RLV_OWNER_BOT, 6, "received ignored"}, /* taken over and returned in between */
        {"e3", RLV_OWNER_HUMAN, 7, "received ignored"},
        {"e4", RLV_OWNER_QUEUED, 7, "received ignored"},
        {"e5", RLV_OWNER_CLOSED, 7, "received ignored"},
    };
    for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++) {
        talk_owner(t, (enum rlv_owner)results[i].owner);
        t->ev = (rlv_event){.kind = RLV_EVENT_RESULT,
                            .at_ms = 1000,
                            .effect_id = rlv_str_from(results[i].effect),
                            .plugin = RLV_STR("llm"),
                            .epoch = results[i].epoch};
        rlv_answer *a = talk_answer(t, RLV_PHASE_RESULT, RLV_ANSWER_REPLY, "llm");
        a->as.reply.text = RLV_STR("¡Claro!");
        a->as.reply.source = RLV_STR("llm");
        talk_run(t);
        assert_string_equal(talk_brief(t), results[i].decided);
        assert_int_equal(t->step.changed, strcmp(results[i].decided, "duplicate") != 0);
    }
}

static void comes_back(talk *t, const char *effect, int64_t epoch)
{
    t->ev = (rlv_event){.kind = RLV_EVENT_RESULT, .at_ms = 1000, .effect_id = rlv_str_from(effect), .plugin = RLV_STR("orders"), .epoch = epoch};
}

/* What the world said is a reason to ask triggers, with what its plugin learned of it; in the generation that asked for it, and once. */
static void test_triggers_hear_of_results(void **state)
{
    talk *t = *state;
    talk_owner(t, RLV_OWNER_BOT);
    comes_back(t, "e1", 7);
    slot(t, RLV_PHASE_RESULT, "order_state", "lost");
    talk_score(t, "parcel_lost", 0.9);
    rlv_answer *a = talk_answer(t, RLV_PHASE_RESULT, RLV_ANSWER_REPLY, "orders");
    a->as.reply.text = RLV_STR("Se perdió");
    talk_answer(t, RLV_PHASE_SUMMARIZE, RLV_ANSWER_CARD, "summarizer")->as.card.text = RLV_STR("x");
    talk_run(t);
    assert_string_equal(talk_brief(t), "received triggered(parcel_lost chosen) handed_off(bot>queued/8 trigger) replied(queued/8 notice.handoff) "
                                       "summarized slot_filled");
    assert_int_equal(t->asked, RLV_WANTS(RLV_PHASE_RESULT) | RLV_WANTS(RLV_PHASE_TRIGGER) | RLV_WANTS(RLV_PHASE_ROUTE) |
                                   RLV_WANTS(RLV_PHASE_SUMMARIZE) | RLV_WANTS(RLV_PHASE_NOTIFY));
    comes_back(t, "e1", 8);
    talk_owner(t, RLV_OWNER_BOT);
    talk_score(t, "parcel_lost", 0.9);
    talk_run(t);
    assert_string_equal(talk_brief(t), "duplicate");
    comes_back(t, "e2", 6); /* taken over and returned in between */
    talk_score(t, "parcel_lost", 0.9);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received");
    comes_back(t, "e3", 7);
    talk_answer(t, RLV_PHASE_TRIGGER, RLV_ANSWER_FAILURE, "parcel_lost")->as.failure.phase = RLV_PHASE_TRIGGER;
    talk_run(t);
    assert_string_equal(talk_brief(t), "received failed"); /* nobody waits for an answer: no reason for a person */
}

static void test_memory_of_plugins(void **state)
{
    talk *t = *state;
    talk_message(t, "hola");
    talk_answer(t, RLV_PHASE_CLASSIFY, RLV_ANSWER_MEMORY, "survey")->as.memory = RLV_STR("step 1");
    talk_answer(t, RLV_PHASE_RESPOND, RLV_ANSWER_MEMORY, "survey")->as.memory = RLV_STR("step 2");
    talk_run(t);
    assert_int_equal(t->conv.n_memories, 1);
    assert_str(t->conv.memories[0].plugin, "survey");
    assert_str(t->conv.memories[0].bytes, "step 2");
    talk_message(t, "")->kind = RLV_EVENT_RESULT;
    talk_answer(t, RLV_PHASE_RESULT, RLV_ANSWER_MEMORY, "survey"); /* empty: forget */
    talk_run(t);
    assert_int_equal(t->conv.n_memories, 0);
}

/* While people have it, the card is written anew for what a result told a plugin that writes on it; not for what a notifier notes. */
static void test_results_and_the_card(void **state)
{
    talk *t = *state;
    static const struct {
        bool writes_card;
        const char *memory, *decided;
    } cases[] = {{true, "1 a summary", "received summarized"}, {false, "told", "received"}, {true, "", "received"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        talk_owner(t, RLV_OWNER_HUMAN);
        talk_message(t, "");
        t->ev = (rlv_event){.kind = RLV_EVENT_RESULT, .at_ms = 1000, .epoch = 7, .plugin = RLV_STR("p"), .http_status = 200,
                            .effect_id = rlv_str_from(rlv_arena_printf(t->arena, "e%zu", i))};
        rlv_answer *a = talk_answer(t, RLV_PHASE_RESULT, RLV_ANSWER_MEMORY, "p");
        a->as.memory = rlv_str_from(cases[i].memory);
        a->writes_card = cases[i].writes_card;
        talk_answer(t, RLV_PHASE_SUMMARIZE, RLV_ANSWER_CARD, "summarizer")->as.card.text = RLV_STR("x");
        talk_run(t);
        assert_string_equal(talk_brief(t), cases[i].decided);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, talk_setup, talk_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_notices),
        TEST(test_best_reply),
        TEST(test_misses_and_the_open_question),
        TEST(test_repeats),
        TEST(test_asks_again),
        TEST(test_says_nothing),
        TEST(test_language),
        TEST(test_reading),
        TEST(test_asks),
        TEST(test_followers),
        TEST(test_reply_and_abstain),
        TEST(test_slots),
        TEST(test_failures_go_to_people),
        TEST(test_late_failures_are_said),
        TEST(test_results),
        TEST(test_triggers_hear_of_results),
        TEST(test_memory_of_plugins), TEST(test_results_and_the_card),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
