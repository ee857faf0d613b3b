/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that are decided later: bursts that are answered once, and messages that wait for an effect's result. */
#include "conversation/digest.h"
#include "conversation/held.h"
#include "talk.h"

enum { PAUSE_MS = 1500 };

static void say(talk *t, const char *text, int64_t at_ms)
{
    talk_message(t, text)->at_ms = at_ms;
}

static void ring(talk *t, int64_t at_ms)
{
    t->ev = (rlv_event){.kind = RLV_EVENT_TIMER, .timer = RLV_STR("held"), .at_ms = at_ms};
}

static void take_over(talk *t)
{
    talk_command(t, RLV_COMMAND_TAKE_OVER, RLV_OWNER_HUMAN, t->conv.epoch + 1);
}

static void hold(talk *t, enum rlv_phase phase, const char *plugin, uint32_t hold_ms)
{
    rlv_answer *a = talk_answer(t, phase, RLV_ANSWER_EFFECT, plugin);
    a->as.effect = (rlv_effect){.destination = RLV_STR("llm"), .method = RLV_STR("POST"), .hold_ms = hold_ms};
}

/* The result of what holds the message. */
static void result(talk *t, int64_t at_ms)
{
    char id[RLV_ID_TEXT + 1];
    rlv_id_text(t->conv.held.effect, id);
    t->ev = (rlv_event){.kind = RLV_EVENT_RESULT,
                        .at_ms = at_ms,
                        .effect_id = rlv_arena_copy(t->arena, rlv_str_from(id)),
                        .plugin = t->conv.held.n_by ? t->conv.held.by[t->conv.held.n_by - 1] : RLV_STR("llm"),
                        .epoch = t->conv.epoch,
                        .http_status = 200,
                        .hold_ms = 5000};
}

static void answers(talk *t, enum rlv_phase phase, const char *plugin, const char *text, double confidence)
{
    rlv_answer *a = talk_answer(t, phase, RLV_ANSWER_REPLY, plugin);
    a->as.reply.text = rlv_str_from(text);
    a->as.reply.source = rlv_str_from(plugin);
    a->as.reply.confidence = confidence;
}

/* ---- bursts ---- */

static void test_a_burst_is_answered_once(void **state)
{
    talk *t = *state;
    t->policy.pause_ms = PAUSE_MS;
    say(t, "Hola", 1000);
    talk_replies(t, "never asked", "x", 1);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received held");
    assert_int_equal(t->asked, 0);
    assert_int_equal(t->conv.held_timer_ms, 2500);
    say(t, "una pregunta", 2000);
    talk_run(t);
    assert_int_equal(t->conv.held_timer_ms, 2500); /* the pending one stands */
    say(t, "¿abren hoy?", 3000);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received held");
    assert_int_equal(t->conv.n_turns, 0); /* none has been decided */

    ring(t, 2500);
    talk_run(t);
    assert_string_equal(talk_brief(t), "ignored");
    assert_int_equal(t->conv.held_timer_ms, 4500);
    assert_int_equal(t->conv.held.messages, 3);

    ring(t, 4500);
    talk_reads(t, "es", 0);
    talk_replies(t, "De 9 a 18", "hours", 0.9);
    talk_run(t);
    assert_string_equal(talk_brief(t), "classified replied(bot/7 hours)");
    assert_int_equal(t->asked, RLV_WANTS(RLV_PHASE_CLASSIFY) | RLV_WANTS(RLV_PHASE_TRIGGER) | RLV_WANTS(RLV_PHASE_RESPOND));
    assert_str(t->step.message->text, "Hola\nuna pregunta\n¿abren hoy?");
    assert_true(rlv_str_eq(talk_find(t, RLV_DECIDED_REPLIED)->as.said.to_message, t->step.message->message_id));
    assert_int_equal(t->conv.n_turns, 2); /* the burst and the answer */
    assert_str(t->conv.turns[0].text, "Hola\nuna pregunta\n¿abren hoy?");
    assert_int_equal(t->conv.messages, 3);
    assert_int_equal(t->conv.held.messages, 0);

    ring(t, 5000); /* another that was pending besides */
    talk_run(t);
    assert_string_equal(talk_brief(t), "ignored");
}

/* What says it all by itself is decided at once, together with what waited for it. */
static void test_what_ends_a_pause(void **state)
{
    talk *t = *state;
    t->policy.pause_ms = PAUSE_MS;
    char longer[200];
    memset(longer, 'a', 161);
    longer[161] = '\0';
    say(t, longer, 1000);
    talk_run(t);
    assert_int_equal(talk_count(t, RLV_DECIDED_HELD), 0);
    longer[160] = '\0';
    say(t, longer, 1000);
    talk_run(t);
    assert_int_equal(talk_count(t, RLV_DECIDED_HELD), 1);
    t->conv.held = (rlv_held_message){0};

    say(t, "miren", 1000);
    talk_run(t);
    say(t, "así llegó", 1200);
    t->ev.type = RLV_STR("image");
    t->ev.media_id = RLV_STR("77");
    talk_replies(t, "Lo vemos", "photo", 0.9);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received replied(bot/7 photo)");
    assert_str(t->step.message->text, "miren\nasí llegó");
    assert_str(t->step.message->type, "image");
    assert_str(t->step.message->media_id, "77");

    say(t, "mejor", 1300);
    talk_run(t);
    say(t, "Sí", 1400);
    t->ev.type = RLV_STR("interactive");
    t->ev.reply_id = RLV_STR("yes");
    talk_run(t);
    assert_str(t->step.message->reply_id, "yes");
    assert_str(t->step.message->text, "mejor\nSí");

    t->ev.message_id = t->step.message->message_id; /* what Meta sends again holds nothing */
    talk_run(t);
    assert_string_equal(talk_brief(t), "duplicate");
    t->policy.pause_ms = 0;
    say(t, "Hola", 2000);
    talk_run(t);
    assert_int_equal(talk_count(t, RLV_DECIDED_HELD), 0);
}

static void without_words(talk *t, const char *type, int64_t at_ms)
{
    say(t, "", at_ms);
    t->ev.type = rlv_str_from(type);
}

/* A voice note beside words is no part of them: it is told by its type, as often as it is looked at. A caption is words. */
static void test_without_words(void **state)
{
    talk *t = *state;
    t->policy.pause_ms = PAUSE_MS;
    say(t, "hola", 1000);
    talk_run(t);
    without_words(t, "audio", 1200);
    hold(t, RLV_PHASE_RESPOND, "llm", 5000);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received held notified");
    assert_str(t->conv.held.wordless, "audio");
    without_words(t, "sticker", 1300); /* and more, while it waits */
    hold(t, RLV_PHASE_RESPOND, "llm", 5000);
    talk_run(t);
    result(t, 2000);
    talk_run(t);
    assert_str(t->step.message->text, "hola");
    assert_str(t->step.message->type, "sticker");
    assert_str(rlv_event_wordless(t->step.message), "audio\nsticker");

    say(t, "miren", 3000);
    talk_run(t);
    say(t, "así llegó", 3200);
    t->ev.type = RLV_STR("image");
    talk_run(t);
    assert_int_equal(rlv_event_wordless(t->step.message).len, 0);

    without_words(t, "audio", 4000); /* alone */
    hold(t, RLV_PHASE_RESPOND, "llm", 5000);
    talk_run(t);
    assert_str(t->conv.held.wordless, "audio");
    for (int i = 0; i < 100; i++) {
        without_words(t, "document", 4001 + i);
        hold(t, RLV_PHASE_RESPOND, "llm", 5000);
        talk_run(t);
    }
    assert_true(t->conv.held.wordless.len > 200 && t->conv.held.wordless.len < RLV_HELD_WORDLESS_MAX);
}

/* A burst has an end, however fast it goes on. */
static void test_limits_of_a_burst(void **state)
{
    talk *t = *state;
    t->policy.pause_ms = PAUSE_MS;
    int64_t at_ms = 1000;
    int n = 0;
    for (; at_ms < 60000; at_ms += 1000, n++) {
        say(t, "y además", at_ms);
        talk_run(t);
        if (!talk_count(t, RLV_DECIDED_HELD))
            break;
        assert_true(t->conv.held.due_ms <= 1000 + RLV_PAUSES_MAX * PAUSE_MS);
    }
    assert_int_equal(n, RLV_PAUSES_MAX * PAUSE_MS / 1000); /* the first that comes behind it ends it */
    assert_int_equal(t->step.was.messages, n + 1);
    for (n = 0; n < 100; n++) {
        say(t, "ya", at_ms);
        talk_run(t);
        if (!talk_count(t, RLV_DECIDED_HELD))
            break;
    }
    assert_int_equal(n, RLV_HELD_MESSAGES_MAX);
}

/* A person who takes over reads what was held: the bot says nothing to it, then or later. */
static void test_a_takeover_ends_it(void **state)
{
    talk *t = *state;
    t->policy.pause_ms = PAUSE_MS;
    say(t, "Hola", 1000);
    talk_run(t);
    take_over(t);
    talk_run(t);
    assert_int_equal(t->conv.held.messages, 0);
    assert_int_equal(t->conv.n_turns, 1);
    assert_str(t->conv.turns[0].text, "Hola");
    say(t, "¿quién eres?", 1100); /* with a person nothing waits */
    talk_reads(t, "es", 0);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received classified");
    talk_command(t, RLV_COMMAND_RETURN, RLV_OWNER_BOT, 9);
    talk_run(t);
    ring(t, 2500);
    talk_replies(t, "late", "x", 0.9);
    talk_run(t);
    assert_string_equal(talk_brief(t), "ignored");

    say(t, "Hola", 3000);
    talk_run(t);
    t->ev.kind = RLV_EVENT_HANDOVER;
    talk_run(t);
    assert_int_equal(t->conv.held.messages, 0);
    assert_str(t->conv.turns[t->conv.n_turns - 1].text, "Hola");
}

static void test_a_request_for_a_person_in_a_burst(void **state)
{
    talk *t = *state;
    t->policy.pause_ms = PAUSE_MS;
    (void)talk_trigger(t, "asks", 0.5, 1, 5);
    say(t, "quiero hablar", 1000);
    talk_run(t);
    say(t, "con alguien", 1500);
    talk_run(t);
    ring(t, 3000);
    talk_score(t, "asks", 1);
    talk_run(t);
    assert_string_equal(talk_brief(t), "triggered(asks chosen) handed_off(bot>queued/8 trigger) replied(queued/8 notice.handoff)");
    assert_str(t->conv.turns[0].text, "quiero hablar\ncon alguien"); /* once */
    assert_int_equal(t->conv.n_turns, 2);
}

/* Nothing is closed while it is held, and the clock of the case goes on behind it. */
static void test_idle_waits(void **state)
{
    talk *t = *state;
    t->policy.pause_ms = PAUSE_MS;
    t->policy.idle_close_ms = 1000;
    say(t, "Hola", 1000);
    talk_run(t);
    t->ev = (rlv_event){.kind = RLV_EVENT_TIMER, .timer = RLV_STR("idle"), .at_ms = 2000};
    talk_run(t);
    assert_string_equal(talk_brief(t), "ignored");
    assert_int_equal(t->conv.idle_timer_ms, 3500);
    ring(t, 2500);
    talk_replies(t, "Buenas", "hi", 0.9);
    talk_run(t);
    assert_string_equal(talk_brief(t), "replied(bot/7 hi)");
}

/* Where Relevo itself cannot decide what was held a person does; what a command changed meanwhile ends it. */
static void test_given_up(void **state)
{
    talk *t = *state;
    t->policy.pause_ms = PAUSE_MS;
    say(t, "Hola", 1000);
    talk_run(t);
    ring(t, 2500);
    t->step = (rlv_step){.policy = &t->policy, .arena = t->arena, .conversation = &t->conv, .event = &t->ev};
    rlv_step_give_up(&t->step, RLV_STR("it died"), true);
    assert_string_equal(talk_brief(t), "ignored handed_off(bot>queued/8 failure)");
    assert_int_equal(t->conv.held_timer_ms, 0);
    assert_str(t->conv.turns[0].text, "Hola");

    talk_owner(t, RLV_OWNER_BOT);
    say(t, "otra vez", 3000);
    talk_run(t);
    take_over(t);
    t->step = (rlv_step){.policy = &t->policy, .arena = t->arena, .conversation = &t->conv, .event = &t->ev};
    rlv_step_give_up(&t->step, RLV_STR("it died"), true);
    assert_string_equal(talk_brief(t), "taken_over(bot>human/8 desktop) ignored");
    assert_int_equal(t->conv.held.messages, 0);
}

static void test_what_ends_becomes_a_turn(void **state)
{
    talk *t = *state;
    rlv_digest_end_held(&t->conv);
    assert_int_equal(t->conv.n_turns, 0); /* nothing was held */
    t->conv.held = (rlv_held_message){.messages = 2, .since_ms = 700, .message_id = RLV_STR("wamid.x"), .text = RLV_STR("Hola\n¿sí?")};
    rlv_digest_end_held(&t->conv);
    assert_int_equal(t->conv.n_turns, 1);
    assert_str(t->conv.turns[0].text, "Hola\n¿sí?");
    assert_str(t->conv.turns[0].message_id, "wamid.x");
    assert_int_equal(t->conv.turns[0].at_ms, 700);
    assert_int_equal(t->conv.held.messages, 0);
}

/* ---- effects that a message waits for ---- */

static void ask(talk *t, int64_t at_ms)
{
    say(t, "¿Tienen gluten?", at_ms);
    talk_reads(t, "es", 0);
    answers(t, RLV_PHASE_RESPOND, "responder", "local", 0.5);
    hold(t, RLV_PHASE_RESPOND, "llm", 5000);
}

static void test_in_time(void **state)
{
    talk *t = *state;
    ask(t, 1000);
    rlv_answer *m = talk_answer(t, RLV_PHASE_RESPOND, RLV_ANSWER_MEMORY, "llm");
    m->as.memory = RLV_STR("spent");
    m = talk_answer(t, RLV_PHASE_RESPOND, RLV_ANSWER_MEMORY, "flow"); /* asked again later: it would count twice */
    m->as.memory = RLV_STR("step 2");
    talk_run(t);
    assert_string_equal(talk_brief(t), "received held notified");
    assert_str(talk_find(t, RLV_DECIDED_HELD)->as.failure.plugin, "llm");
    assert_int_equal(talk_find(t, RLV_DECIDED_NOTIFIED)->ordinal, 2);
    assert_true(rlv_id_eq(t->conv.held.effect, rlv_id_record(1000, 2, 0, 2)));
    assert_int_equal(t->conv.held_timer_ms, 6000);
    assert_int_equal(t->conv.n_memories, 1);
    assert_int_equal(t->conv.n_turns, 0);

    result(t, 3000);
    rlv_event again = t->ev;
    answers(t, RLV_PHASE_RESULT, "llm", "Sin gluten: el pan de maíz", 0.8);
    talk_reads(t, "es", 0);
    answers(t, RLV_PHASE_RESPOND, "responder", "local", 0.5);
    hold(t, RLV_PHASE_RESPOND, "llm", 5000); /* not again */
    talk_run(t);
    assert_string_equal(talk_brief(t), "received classified replied(bot/7 llm)");
    assert_str(t->conv.turns[0].text, "¿Tienen gluten?");
    assert_int_equal(t->conv.held.messages, 0);
    t->ev = again;
    talk_run(t);
    assert_string_equal(talk_brief(t), "duplicate");
    ring(t, 6000);
    talk_run(t);
    assert_string_equal(talk_brief(t), "ignored");
}

static void test_never_and_late(void **state)
{
    talk *t = *state;
    ask(t, 1000);
    talk_run(t);
    result(t, 7000);
    rlv_event late = t->ev;
    ring(t, 6000);
    talk_reads(t, "es", 0);
    answers(t, RLV_PHASE_RESPOND, "responder", "local", 0.5);
    hold(t, RLV_PHASE_RESPOND, "llm", 5000);
    talk_run(t);
    assert_string_equal(talk_brief(t), "classified failed replied(bot/7 responder)");
    assert_str(talk_find(t, RLV_DECIDED_FAILED)->as.failure.plugin, "llm");
    t->ev = late;
    answers(t, RLV_PHASE_RESULT, "llm", "too late", 1);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received ignored");
    assert_int_equal(t->asked, 0);

    ask(t, 8000); /* nobody answers in its place: a person does */
    talk_run(t);
    ring(t, 13000);
    talk_run(t);
    assert_string_equal(talk_brief(t), "failed handed_off(bot>queued/8 failure) replied(queued/8 notice.handoff)");
}

static void test_what_a_result_says(void **state)
{
    talk *t = *state;
    (void)talk_trigger(t, "llm", 0.5, 1, 5);
    ask(t, 1000);
    talk_run(t);
    result(t, 2000);
    rlv_answer *a = talk_answer(t, RLV_PHASE_RESULT, RLV_ANSWER_TRIGGER, "llm");
    a->as.trigger.score = 1;
    talk_run(t);
    assert_string_equal(talk_brief(t),
                        "received triggered(llm chosen) handed_off(bot>queued/8 trigger) replied(queued/8 notice.handoff)");

    talk_owner(t, RLV_OWNER_BOT);
    ask(t, 3000);
    talk_run(t);
    result(t, 4000); /* a reading of it counts before the classifier's */
    a = talk_answer(t, RLV_PHASE_RESULT, RLV_ANSWER_READING, "llm");
    a->as.reading.intent = RLV_STR("gluten");
    talk_reads(t, "es", 0);
    talk_replies(t, "Sí", "gluten", 0.9);
    talk_run(t);
    assert_str(talk_find(t, RLV_DECIDED_CLASSIFIED)->as.reading.intent, "gluten");
    assert_int_equal(talk_count(t, RLV_DECIDED_REPLIED), 1);

    ask(t, 5000); /* it says nothing, or fails */
    talk_run(t);
    result(t, 6000);
    a = talk_answer(t, RLV_PHASE_RESULT, RLV_ANSWER_FAILURE, "llm");
    a->as.failure.phase = RLV_PHASE_RESULT;
    talk_run(t);
    assert_string_equal(talk_brief(t), "received failed handed_off(bot>queued/8 failure) replied(queued/8 notice.handoff)");
    assert_int_equal(talk_count(t, RLV_DECIDED_FAILED), 1);
}

static void test_a_result_of_another_generation(void **state)
{
    talk *t = *state;
    ask(t, 1000);
    talk_run(t);
    result(t, 2000);
    rlv_event late = t->ev;
    take_over(t);
    talk_run(t);
    assert_int_equal(t->conv.held.messages, 0);
    t->ev = late;
    answers(t, RLV_PHASE_RESULT, "llm", "no", 1);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received ignored");

    talk_owner(t, RLV_OWNER_BOT);
    ask(t, 3000);
    talk_run(t);
    result(t, 4000);
    late = t->ev;
    take_over(t);
    talk_run(t);
    talk_command(t, RLV_COMMAND_RETURN, RLV_OWNER_BOT, 9);
    talk_run(t);
    ask(t, 4500); /* another message waits by now: for its own result */
    talk_run(t);
    t->ev = late;
    answers(t, RLV_PHASE_RESULT, "llm", "no", 1);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received ignored");
    assert_int_equal(t->conv.held.messages, 1);
    result(t, 5000);
    t->ev.epoch--;
    talk_run(t);
    assert_string_equal(talk_brief(t), "received ignored");
}

/* A trigger that fires does not wait for anything. */
static void test_a_trigger_does_not_wait(void **state)
{
    talk *t = *state;
    (void)talk_trigger(t, "asks", 0.5, 1, 5);
    ask(t, 1000);
    talk_score(t, "asks", 1);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received classified triggered(asks chosen) handed_off(bot>queued/8 trigger) "
                                       "replied(queued/8 notice.handoff)");
    talk_owner(t, RLV_OWNER_BOT);
    ask(t, 2000); /* one that does not fire is told when it is decided */
    talk_score(t, "asks", 0.2);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received held notified");
    assert_int_equal(t->step.decisions.n, 3);
}

/* Two plugins, one after the other; not the same twice. */
static void test_a_chain(void **state)
{
    talk *t = *state;
    say(t, "¿y eso?", 1000);
    hold(t, RLV_PHASE_CLASSIFY, "semantic", 2000);
    hold(t, RLV_PHASE_RESPOND, "llm", 5000);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received held notified");
    assert_str(talk_find(t, RLV_DECIDED_NOTIFIED)->as.effect.plugin, "semantic");
    result(t, 2000);
    hold(t, RLV_PHASE_CLASSIFY, "semantic", 2000);
    hold(t, RLV_PHASE_RESPOND, "llm", 5000);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received held notified");
    assert_str(talk_find(t, RLV_DECIDED_NOTIFIED)->as.effect.plugin, "llm");
    assert_int_equal(t->conv.held.since_ms, 1000);
    result(t, 3000);
    hold(t, RLV_PHASE_CLASSIFY, "semantic", 2000);
    hold(t, RLV_PHASE_RESPOND, "llm", 5000);
    answers(t, RLV_PHASE_RESPOND, "responder", "local", 0.5);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received replied(bot/7 responder)");
}

/* What the customer writes meanwhile is asked about together with it; the result for the part alone speaks no more. */
static void test_more_while_it_waits(void **state)
{
    talk *t = *state;
    ask(t, 1000);
    talk_run(t);
    result(t, 3000);
    rlv_event stale = t->ev;
    say(t, "¿y lactosa?", 2000);
    hold(t, RLV_PHASE_RESPOND, "llm", 5000);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received held notified");
    assert_str(t->conv.held.text, "¿Tienen gluten?\n¿y lactosa?");
    t->ev = stale;
    answers(t, RLV_PHASE_RESULT, "llm", "no", 1);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received ignored");
    result(t, 4000);
    answers(t, RLV_PHASE_RESULT, "llm", "Ninguno", 1);
    talk_run(t);
    assert_string_equal(talk_brief(t), "received replied(bot/7 llm)");

    ask(t, 10000); /* somebody who never stops writing is answered by what is known here */
    talk_run(t);
    int64_t at_ms = 10000;
    for (; talk_count(t, RLV_DECIDED_HELD) && at_ms < 1000000; at_ms += 4000) {
        say(t, "¿y?", at_ms + 4000);
        hold(t, RLV_PHASE_RESPOND, "llm", 5000);
        answers(t, RLV_PHASE_RESPOND, "responder", "local", 0.5);
        talk_run(t);
    }
    assert_int_equal(at_ms, 10000 + RLV_HELD_MS_MAX);
    assert_string_equal(talk_brief(t), "received replied(bot/7 responder)");
}

/* In a replay no result comes and no clock goes. */
static void test_at_once(void **state)
{
    talk *t = *state;
    t->policy.pause_ms = PAUSE_MS;
    talk_message(t, "Hola");
    t->step = (rlv_step){.policy = &t->policy, .arena = t->arena, .conversation = &t->conv, .event = &t->ev, .has = t->has,
                         .at_once = true};
    assert_true(rlv_step_open(&t->step) & RLV_WANTS(RLV_PHASE_CLASSIFY));
    assert_false(t->step.may_hold);
}

/* ---- joining ---- */

static void join(talk *t, const rlv_conversation *loser, const char *text, int64_t at_ms, enum rlv_event_kind kind)
{
    say(t, text, at_ms);
    t->ev.kind = kind;
    t->step = (rlv_step){.policy = &t->policy, .arena = t->arena, .conversation = &t->conv, .event = &t->ev, .has = t->has,
                         .joins = {loser}, .n_joins = 1};
    (void)rlv_step_open(&t->step);
    (void)rlv_step_read(&t->step);
    (void)rlv_step_decide(&t->step);
    rlv_step_close(&t->step);
}

static void test_held_on_both_sides(void **state)
{
    talk *t = *state;
    t->policy.pause_ms = PAUSE_MS;
    say(t, "Hola", 1000);
    talk_run(t);
    rlv_conversation loser = t->conv, first = t->conv;
    loser.held.since_ms = 900;
    loser.held.due_ms = 2400;
    loser.held.text = RLV_STR("Buenas");
    loser.held.wordless = RLV_STR("audio");
    t->conv.held.wordless = RLV_STR("sticker");
    loser.n_recent = 0;
    join(t, &loser, "¿abren?", 1200, RLV_EVENT_MESSAGE);
    assert_string_equal(talk_brief(t), "joined(bot>bot/8 identity) received held");
    assert_str(t->conv.held.text, "Buenas\nHola\n¿abren?");
    assert_str(t->conv.held.wordless, "audio\nsticker");
    assert_int_equal(t->conv.held.messages, 3);
    assert_int_equal(t->conv.held.epoch, 8);
    ring(t, t->conv.held.due_ms);
    talk_replies(t, "Sí", "hours", 0.9);
    talk_run(t);
    assert_string_equal(talk_brief(t), "replied(bot/8 hours)");

    t->conv = first; /* found by a notice: what is held waits on, in the new generation */
    loser.held.by[0] = RLV_STR("llm");
    loser.held.n_by = 1;
    loser.held.effect = rlv_id_record(900, 2, 1, 2);
    join(t, &loser, "", 1300, RLV_EVENT_UNKNOWN);
    assert_string_equal(talk_brief(t), "joined(bot>bot/8 identity) received");
    assert_str(t->conv.held.text, "Buenas\nHola");
    assert_true(rlv_id_none(t->conv.held.effect));
    assert_int_equal(t->conv.held.due_ms, 2400);
    assert_int_equal(t->conv.held_timer_ms, 2400);
    ring(t, 2400);
    talk_replies(t, "Buenas", "hi", 0.9);
    talk_run(t);
    assert_string_equal(talk_brief(t), "replied(bot/8 hi)");

    t->conv = first; /* the other one is with a person: they read what was held */
    loser.owner = loser.decided_owner = RLV_OWNER_HUMAN;
    loser.agent_id = RLV_STR("ana");
    loser.held = (rlv_held_message){0};
    join(t, &loser, "¿abren?", 1300, RLV_EVENT_MESSAGE);
    assert_int_equal(t->conv.held.messages, 0);
    assert_int_equal(talk_count(t, RLV_DECIDED_HELD), 0);
    assert_str(t->conv.turns[0].text, "Hola");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, talk_setup, talk_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_a_burst_is_answered_once),
        TEST(test_without_words),
        TEST(test_what_ends_a_pause),
        TEST(test_limits_of_a_burst),
        TEST(test_a_takeover_ends_it),
        TEST(test_a_request_for_a_person_in_a_burst),
        TEST(test_idle_waits),
        TEST(test_given_up),
        TEST(test_what_ends_becomes_a_turn),
        TEST(test_in_time),
        TEST(test_never_and_late),
        TEST(test_what_a_result_says),
        TEST(test_a_result_of_another_generation),
        TEST(test_a_trigger_does_not_wait),
        TEST(test_a_chain),
        TEST(test_more_while_it_waits),
        TEST(test_at_once),
        TEST(test_held_on_both_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
