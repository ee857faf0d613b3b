/* SPDX-License-Identifier: Apache-2.0 */
/* After a person; see after.h. Must never take for a score what may be a new question. */
#include "conversation/after.h"

#include <stdlib.h>

#include "conversation/decide.h"
#include "conversation/digest.h"

enum { SCORES = 5 };

static const rlv_str none = {NULL, 0};

/* Kept as a plugin's memory is (no plugin is called so), until the bot's next stretch: "<what> <how> <until>". what: s, a score is
   waited for; c, a comment; x, nothing. how: p, a person closed it; r, a person gave it back. */
static const rlv_str memory = {"core:after", 10};

static rlv_str recall(const rlv_conversation *conv)
{
    for (int32_t i = 0; i < conv->n_memories; i++)
        if (rlv_str_eq(conv->memories[i].plugin, memory))
            return conv->memories[i].bytes;
    return none;
}

static char asked_for(rlv_str m)
{
    return m.len > 4 ? m.ptr[0] : 'x';
}

static int64_t until(rlv_str m)
{
    int64_t ms = 0;
    for (size_t i = 4; i < m.len; i++)
        ms = ms * 10 + (m.ptr[i] - '0');
    return ms;
}

static void remember(rlv_step *step, char what, char how)
{
    const char *text = rlv_arena_printf(step->arena, "%c %c %lld", what, how,
                                        (long long)(step->event->at_ms + step->policy->survey.wait_ms));
    rlv_digest_memory(step->conversation, memory, rlv_str_from(text));
}

static rlv_str language_code(const rlv_conversation *conv)
{
    return rlv_str_is(conv->language, "pt") ? RLV_STR("pt_BR") : rlv_str_is(conv->language, "en") ? RLV_STR("en") : RLV_STR("es");
}

static void as_template(const rlv_step *step, rlv_decision *d, rlv_str template, const rlv_str *parameters, size_t n)
{
    if (d)
        d->as.said.extras = (rlv_extras){
            .template = template, .language = language_code(step->conversation), .parameters = parameters, .n_parameters = n};
}

/* ---- the survey --------------------------------------------------------------------------------------------------- */

/* Five, best first. */
static void add_scores(rlv_decision *d)
{
    static const rlv_choice scores[SCORES] = {{{"survey:5", 8}, {"5 ★★★★★", 17}, {NULL, 0}},
                                              {{"survey:4", 8}, {"4 ★★★★", 14}, {NULL, 0}},
                                              {{"survey:3", 8}, {"3 ★★★", 11}, {NULL, 0}},
                                              {{"survey:2", 8}, {"2 ★★", 8}, {NULL, 0}},
                                              {{"survey:1", 8}, {"1 ★", 5}, {NULL, 0}}};
    if (!d)
        return;
    d->as.said.extras.choices = scores;
    d->as.said.extras.n_choices = SCORES;
    d->as.said.extras.menu = RLV_STR("1 - 5");
}

/* The text with the word in place of what the policy calls it. WhatsApp refuses an empty parameter: who has no name is told of by a dash. */
static rlv_str filled(const rlv_step *step, rlv_str text, const char *hole, rlv_str word)
{
    const char *at = memmem(text.ptr, text.len, hole, strlen(hole));
    if (!at)
        return text;
    rlv_str head = {text.ptr, (size_t)(at - text.ptr)}, tail = {at + strlen(hole), text.len - head.len - strlen(hole)};
    if (!word.len)
        word = RLV_STR("-");
    return rlv_str_from(rlv_arena_printf(step->arena, "%.*s%.*s%.*s", RLV_STR_ARG(head), RLV_STR_ARG(word), RLV_STR_ARG(tail)));
}

static void as_survey_template(rlv_step *step, rlv_decision *d)
{
    const rlv_policy *p = step->policy;
    size_t n = p->survey.n_parameters;
    rlv_str *list = rlv_arena_zalloc(step->arena, n + 1, sizeof(*list));
    for (size_t i = 0; list && i < n; i++) {
        list[i] = filled(step, rlv_str_from(p->survey.parameters[i]), "{name}", step->conversation->customer_name);
        list[i] = filled(step, list[i], "{agent}", step->event->agent_name);
    }
    as_template(step, d, p->survey.template, list, list ? n : 0);
}

/* False: nothing was asked. */
static bool ask(rlv_step *step)
{
    const rlv_policy *p = step->policy;
    bool nps = p->survey.kind == RLV_SURVEY_NPS;
    const rlv_notice *question = nps ? &p->notices.nps : &p->notices.csat;
    const char *key = nps ? "notice.nps" : "notice.csat";
    if (!rlv_decide_words(step, question).len)
        return false;
    if (!rlv_decide_window_over(step)) {
        rlv_decision *d = rlv_decide_notice(step, question, key, none);
        if (!nps)
            add_scores(d);
        return true;
    }
    if (p->survey.template.len) {
        as_survey_template(step, rlv_decide_reply(step, rlv_decide_words(step, question), rlv_str_from(key), 1));
        return true;
    }
    rlv_decision *d = rlv_decide(step, RLV_DECIDED_IGNORED);
    if (d)
        d->as.failure.reason = RLV_STR("no survey: the customer's 24 hours are over, and policy.survey.template names none");
    return false;
}

bool rlv_after_person(rlv_step *step, const rlv_decision *change)
{
    bool closed = step->event->command == RLV_COMMAND_RESOLVE, had = change && change->as.change.from == RLV_OWNER_HUMAN;
    bool wanted = closed ? step->policy->survey.on_resolve && had : rlv_str_is(step->event->note, "survey");
    bool asked = wanted && ask(step);
    if (asked || closed)
        remember(step, asked ? 's' : 'x', closed ? 'p' : 'r');
    return asked;
}

/* What stands behind the number: "5!", "5 ★", "5 estrellas". "3 meses" and "2, y otra cosa" say something else. */
static bool says_only_that(rlv_str rest)
{
    static const char *const words[] = {" estrella", " estrela", " star", " punto", " ponto", " point"};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (rest.len >= strlen(words[i]) && rest.len <= strlen(words[i]) + 2 && memcmp(rest.ptr, words[i], strlen(words[i])) == 0)
            return true;
    for (size_t i = 0; i < rest.len; i++) {
        char c = rest.ptr[i];
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
            return false;
    }
    return true;
}

/* The score that a message gives; -1: it gives none. */
static int score_of(const rlv_step *step)
{
    const rlv_event *ev = step->event;
    bool nps = step->policy->survey.kind == RLV_SURVEY_NPS;
    rlv_str s = ev->text;
    if (ev->reply_id.len > 7 && memcmp(ev->reply_id.ptr, "survey:", 7) == 0)
        s = (rlv_str){ev->reply_id.ptr + 7, ev->reply_id.len - 7};
    size_t digits = 0;
    int n = 0;
    while (digits < s.len && digits < 3 && s.ptr[digits] >= '0' && s.ptr[digits] <= '9')
        n = n * 10 + (s.ptr[digits++] - '0');
    if (digits == 0 || n < (nps ? 0 : 1) || n > (nps ? 10 : 5))
        return -1;
    return says_only_that((rlv_str){s.ptr + digits, s.len - digits}) ? n : -1;
}

static void told(rlv_step *step, const char *name, rlv_str value)
{
    rlv_conversation *conv = step->conversation;
    (void)rlv_digest_slot(conv, rlv_str_from(name), value, step->event->message_id);
    rlv_decision *d = rlv_decide(step, RLV_DECIDED_SLOT_FILLED);
    if (!d)
        return;
    d->as.slot.name = rlv_str_from(name);
    d->as.slot.value = rlv_str_cut(value, RLV_SLOT_VALUE_MAX);
    d->as.slot.message_id = step->event->message_id;
}

static bool is_question(rlv_str text)
{
    return memchr(text.ptr, '?', text.len) != NULL;
}

bool rlv_after_message(rlv_step *step)
{
    rlv_conversation *conv = step->conversation;
    const rlv_event *ev = step->event;
    const rlv_policy *p = step->policy;
    rlv_str m = recall(conv);
    bool late = ev->at_ms > until(m), button = ev->reply_id.len > 7 && memcmp(ev->reply_id.ptr, "survey:", 7) == 0;
    char what = late ? 'x' : asked_for(m);
    if (conv->owner != RLV_OWNER_BOT && conv->owner != RLV_OWNER_CLOSED)
        return false;
    if (what != 's' && button) { /* pressed once more, or too late: no new case */
        rlv_decision *d = rlv_decide(step, RLV_DECIDED_IGNORED);
        if (d)
            d->as.failure.reason = RLV_STR("the survey is over");
        return true;
    }
    int score = what == 's' ? score_of(step) : -1;
    if (score >= 0) {
        told(step, p->survey.kind == RLV_SURVEY_NPS ? "nps" : "csat", rlv_str_from(rlv_arena_printf(step->arena, "%d", score)));
        bool more = p->survey.comment && rlv_decide_notice(step, &p->notices.comment, "notice.comment", none);
        if (!more)
            (void)rlv_decide_notice(step, &p->notices.thanks, "notice.thanks", none);
        remember(step, more ? 'c' : 'x', m.ptr[2]);
        return true;
    }
    if (what == 'x')
        return false;
    remember(step, 'x', m.ptr[2]); /* what comes next belongs to no survey */
    step->comments = what == 'c' && ev->text.len && !is_question(ev->text);
    return false;
}

void rlv_after_comment(rlv_step *step)
{
    told(step, "survey_comment", step->event->text);
    (void)rlv_decide_notice(step, &step->policy->notices.thanks, "notice.thanks", none);
}

/* ---- and then ------------------------------------------------------------------------------------------------------ */

static void say_follow_up(rlv_step *step)
{
    const rlv_event *ev = step->event;
    rlv_decision *d = rlv_decide_reply(step, ev->text, RLV_STR("notice.follow_up"), 1);
    if (ev->extras.template.len && rlv_decide_window_over(step))
        as_template(step, d, ev->extras.template, ev->extras.parameters, ev->extras.n_parameters);
}

bool rlv_after_prompt(rlv_step *step, rlv_str reply_id)
{
    rlv_event *message = rlv_arena_zalloc(step->arena, 1, sizeof(*message));
    if (!message)
        return false;
    *message = (rlv_event){.kind = RLV_EVENT_MESSAGE,
                           .at_ms = step->event->at_ms,
                           .conversation_id = step->event->conversation_id,
                           .type = RLV_STR("interactive"),
                           .reply_id = reply_id};
    step->message = message;
    step->prompted = true;
    return true;
}

bool rlv_after_resumes(rlv_step *step)
{
    const rlv_conversation *conv = step->conversation;
    return rlv_str_is(step->event->note, "resume") && conv->owner == RLV_OWNER_BOT && conv->epoch == step->event->epoch && conv->n_memories > 0 && !rlv_decide_window_over(step) &&
           rlv_after_prompt(step, none);
}

bool rlv_after_follow_up(rlv_step *step)
{
    rlv_conversation *conv = step->conversation;
    const rlv_event *ev = step->event;
    if ((conv->owner != RLV_OWNER_BOT && conv->owner != RLV_OWNER_CLOSED) || conv->epoch != ev->epoch) {
        rlv_decision *d = rlv_decide(step, RLV_DECIDED_IGNORED);
        if (d)
            d->as.failure.reason = RLV_STR("somebody has turned to the customer by now");
        return false;
    }
    if (!ev->reply_id.len || rlv_decide_window_over(step)) { /* later only a template reaches them */
        say_follow_up(step);
        return false;
    }
    if (!rlv_after_prompt(step, ev->reply_id))
        return false;
    rlv_decision *d = rlv_decide(step, RLV_DECIDED_RECEIVED); /* whoever reads the decisions knows what was begun */
    if (d)
        d->as.event = step->message;
    if (conv->owner == RLV_OWNER_CLOSED) { /* the customer's answers need a case */
        conv->cases++;
        conv->opened_ms = ev->at_ms;
        (void)rlv_decide_owner(step, RLV_DECIDED_REOPENED, RLV_OWNER_BOT, none, RLV_CAUSE_TIMEOUT);
    }
    return true;
}

void rlv_after_not_begun(rlv_step *step)
{
    if (step->event->command != RLV_COMMAND_FOLLOW_UP)
        return;
    if (step->event->text.len) {
        say_follow_up(step);
        return;
    }
    rlv_decision *d = rlv_decide(step, RLV_DECIDED_IGNORED);
    if (d)
        d->as.failure.reason = RLV_STR("no plugin began what the follow-up names");
}

bool rlv_after_is_peoples(const rlv_step *step)
{
    const rlv_conversation *conv = step->conversation;
    rlv_str m = recall(conv);
    return step->policy->reopen.to == RLV_REOPEN_PEOPLE && m.len > 4 && m.ptr[2] == 'p' &&
           step->event->at_ms - conv->owner_since_ms <= step->policy->reopen.within_ms;
}
