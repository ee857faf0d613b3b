/* SPDX-License-Identifier: Apache-2.0 */
/* See talk.h. */
#include "talk.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    CEILING = 4 * 1024 * 1024
};

static const rlv_str none = {NULL, 0};

int talk_setup(void **state)
{
    talk *t = calloc(1, sizeof(*t));
    assert_non_null(t);
    t->arena = rlv_arena_new(CEILING);
    assert_non_null(t->arena);
    t->text = RLV_BUF_INIT(CEILING);
    t->has = TALK_ALL;
    t->policy.combined = 2;
    t->policy.triggers = t->triggers;
    t->policy.idle_close_ms = 60000;
    t->policy.notices.handoff.es = RLV_STR("Te paso con una persona.");
    t->policy.notices.assigned.es = RLV_STR("Te atiende {agent}.");
    t->policy.notices.returned.es = RLV_STR("Sigo yo.");
    t->policy.notices.closed.es = RLV_STR("Caso cerrado.");
    t->policy.notices.unknown.es = RLV_STR("No lo sé.");
    t->conv = (rlv_conversation){.id = {{1}},
                                 .lane = 2,
                                 .version = 4,
                                 .phone_number_id = RLV_STR("555"),
                                 .wa_id = RLV_STR("34600"),
                                 .owner_since_ms = 500,
                                 .opened_ms = 500,
                                 .last_in_ms = 500,
                                 .cases = 2,
                                 .stretch = 3,
                                 .language = RLV_STR("es")};
    talk_owner(t, RLV_OWNER_BOT);
    *state = t;
    return 0;
}

int talk_teardown(void **state)
{
    talk *t = *state;
    rlv_arena_free(t->arena);
    rlv_buf_free(&t->text);
    free(t);
    return 0;
}

void talk_afterwards(talk *t)
{
    rlv_policy *p = &t->policy;
    p->notices.requeued.es = RLV_STR("Busco a otra persona.");
    p->notices.waiting.es = RLV_STR("Lugar {position}.");
    p->notices.expected.es = RLV_STR("Unos {minutes} minutos.");
    p->notices.leave.es = RLV_STR("Seguir con el bot");
    p->notices.nobody.es = RLV_STR("No vino nadie.");
    p->notices.callback.es = RLV_STR("¿Dónde te buscamos?");
    p->notices.noted.es = RLV_STR("Anotado.");
    p->notices.csat.es = RLV_STR("¿De 1 a 5?");
    p->notices.nps.es = RLV_STR("¿De 0 a 10?");
    p->notices.comment.es = RLV_STR("¿Algo más?");
    p->notices.thanks.es = RLV_STR("¡Gracias!");
    p->queue.leave = p->survey.comment = true;
    p->survey.wait_ms = 3600000;
    p->reopen.within_ms = 3600000;
}

void talk_owner(talk *t, enum rlv_owner owner)
{
    t->conv.owner = t->conv.decided_owner = owner;
    t->conv.epoch = t->conv.decided_epoch = 7;
    t->conv.agent_id = owner == RLV_OWNER_HUMAN ? RLV_STR("ana") : none;
    t->conv.team = owner == RLV_OWNER_QUEUED || owner == RLV_OWNER_HUMAN ? RLV_STR("care") : none;
}

rlv_event *talk_message(talk *t, const char *text)
{
    static int serial;
    t->ev = (rlv_event){.kind = RLV_EVENT_MESSAGE,
                        .at_ms = 1000,
                        .conversation_id = t->conv.id,
                        .phone_number_id = RLV_STR("555"),
                        .wa_id = RLV_STR("34600"),
                        .type = RLV_STR("text"),
                        .text = rlv_str_from(text),
                        .message_id = rlv_str_from(rlv_arena_printf(t->arena, "wamid.%d", ++serial))};
    return &t->ev;
}

rlv_event *talk_command(talk *t, enum rlv_command_kind kind, enum rlv_owner owner, int64_t epoch)
{
    rlv_str agent = owner == RLV_OWNER_HUMAN ? RLV_STR("bea") : none;
    t->ev = (rlv_event){.kind = RLV_EVENT_COMMAND,
                        .source = {.kind = RLV_SOURCE_COMMAND, .offset = 9},
                        .at_ms = 1000,
                        .conversation_id = t->conv.id,
                        .command = kind,
                        .agent_id = RLV_STR("bea"),
                        .agent_name = RLV_STR("Bea"),
                        .owner = owner,
                        .owner_agent = agent,
                        .epoch = epoch,
                        .note = RLV_STR("why"),
                        .text = RLV_STR("Hola, soy Bea")};
    t->conv.owner = owner;
    t->conv.epoch = epoch;
    t->conv.agent_id = agent;
    return &t->ev;
}

rlv_answer *talk_answer(talk *t, enum rlv_phase phase, enum rlv_answer_kind kind, const char *plugin)
{
    assert_true(t->n_script < TALK_SCRIPT_MAX);
    t->script[t->n_script].phase = phase;
    t->script[t->n_script].answer = (rlv_answer){.kind = kind, .plugin = rlv_str_from(plugin)};
    return &t->script[t->n_script++].answer;
}

void talk_score(talk *t, const char *trigger, double score)
{
    rlv_answer *a = talk_answer(t, RLV_PHASE_TRIGGER, RLV_ANSWER_TRIGGER, trigger);
    a->as.trigger.score = score;
    a->as.trigger.reason = RLV_STR("because");
    a->as.trigger.evidence = RLV_STR("here");
}

void talk_replies(talk *t, const char *text, const char *source, double confidence)
{
    rlv_answer *a = talk_answer(t, RLV_PHASE_RESPOND, RLV_ANSWER_REPLY, "responder");
    a->as.reply.text = rlv_str_from(text);
    a->as.reply.source = rlv_str_from(source);
    a->as.reply.confidence = confidence;
}

void talk_reads(talk *t, const char *language, double sentiment)
{
    rlv_answer *a = talk_answer(t, RLV_PHASE_CLASSIFY, RLV_ANSWER_READING, "classifier");
    a->as.reading = (rlv_reading){.language = rlv_str_from(language),
                                  .intent = RLV_STR("orders"),
                                  .confidence = 0.75,
                                  .out_of_scope = 0.125,
                                  .sentiment = sentiment,
                                  .anger = 0.25,
                                  .wants_person = 0.0625};
}

rlv_trigger_policy *talk_trigger(talk *t, const char *name, double threshold, double weight, int32_t priority)
{
    rlv_trigger_policy *p = &t->triggers[t->policy.n_triggers++];
    *p = (rlv_trigger_policy){
        .trigger = rlv_str_from(name), .threshold = threshold, .weight = weight, .alone = true, .priority = priority};
    return p;
}

static void give(talk *t, unsigned wanted)
{
    t->asked |= wanted;
    for (size_t i = 0; i < t->n_script; i++)
        if (wanted & RLV_WANTS(t->script[i].phase))
            rlv_answers_push(&t->step.answers, &t->script[i].answer);
}

void talk_run(talk *t)
{
    enum {
        EARLY = 1 << RLV_PHASE_CLASSIFY | 1 << RLV_PHASE_RESULT,
        MIDDLE = 1 << RLV_PHASE_TRIGGER | 1 << RLV_PHASE_RESPOND
    };
    bool apart =
        t->ev.kind == RLV_EVENT_STATUS || t->ev.kind == RLV_EVENT_ERROR || t->ev.kind == RLV_EVENT_UNKNOWN;
    t->asked = 0;
    t->step = (rlv_step){.policy = &t->policy,
                         .arena = t->arena,
                         .conversation = apart ? NULL : &t->conv,
                         .event = &t->ev,
                         .has = t->has};
    unsigned opened = rlv_step_open(&t->step);
    give(t, opened & EARLY);
    unsigned read = rlv_step_read(&t->step);
    give(t, (opened | read) & MIDDLE);
    give(t, ((opened | read) & ~(unsigned)(EARLY | MIDDLE)) | rlv_step_decide(&t->step));
    rlv_step_close(&t->step);
    t->n_script = 0;
}

static const char *word(rlv_str s, char *out, size_t size)
{
    (void)snprintf(out, size, "%.*s", RLV_STR_ARG(s));
    return out;
}

const char *talk_brief(talk *t)
{
    char name[64];
    rlv_buf *b = &t->text;
    rlv_buf_reset(b);
    rlv_buf_append(b, "", 0);
    for (const rlv_decision *d = t->step.decisions.first; d; d = d->next) {
        rlv_buf_printf(b, "%s%s", b->len ? " " : "", rlv_decision_kind_name(d->kind));
        if (rlv_decision_is_change(d->kind))
            rlv_buf_printf(b, "(%s>%s/%lld %s)", rlv_owner_name(d->as.change.from), rlv_owner_name(d->owner),
                           (long long)d->epoch, rlv_cause_name(d->as.change.cause));
        else if (d->kind == RLV_DECIDED_REPLIED)
            rlv_buf_printf(b, "(%s/%lld %s)", rlv_owner_name(d->owner), (long long)d->epoch,
                           word(d->as.said.source, name, sizeof(name)));
        else if (d->kind == RLV_DECIDED_ANSWERED || d->kind == RLV_DECIDED_NOTED)
            rlv_buf_printf(b, "(%s/%lld)", rlv_owner_name(d->owner), (long long)d->epoch);
        else if (d->kind == RLV_DECIDED_TRIGGERED)
            rlv_buf_printf(b, "(%s%s%s)", word(d->as.trigger.trigger, name, sizeof(name)),
                           d->as.trigger.observed ? " observed" : "", d->as.trigger.chosen ? " chosen" : "");
    }
    return b->data ? b->data : "";
}

const rlv_decision *talk_find(const talk *t, enum rlv_decision_kind kind)
{
    for (const rlv_decision *d = t->step.decisions.first; d; d = d->next)
        if (d->kind == kind)
            return d;
    fail_msg("there is no decision '%s'", rlv_decision_kind_name(kind));
    return NULL;
}

size_t talk_count(const talk *t, enum rlv_decision_kind kind)
{
    size_t n = 0;
    for (const rlv_decision *d = t->step.decisions.first; d; d = d->next)
        n += d->kind == kind;
    return n;
}

void talk_assert_str(const char *file, int line, rlv_str actual, const char *expected)
{
    if (!rlv_str_is(actual, expected)) {
        print_error("\"%.*s\" instead of \"%s\"\n", RLV_STR_ARG(actual), expected);
        _fail(file, line);
    }
}
