/* SPDX-License-Identifier: Apache-2.0 */
/* The rule of abstaining: better no answer than a wrong one. */
#include "decide.h"

#include <stdio.h>
#include <string.h>

#define TITLE_MAX     20u  /* characters of a button */
#define PART_SURE     0.95 /* a part of one word that says something ("¿y cómo llego?") is a question if it fits so well, */
#define PART_LEAD     0.3  /* or so much better than any other article */
#define WHOLE_ENOUGH  0.75 /* an article that explains so much of a message by words was meant by all of it */
#define PART_UNKNOWN  0.35 /* a part that fits no better is about something that no article knows */

/* What the score is made of, where it is not of words alone: "; 0.35 by its words, and its intent is order_status". */
static void tell_intent(const rlt_found *found, char *why, size_t room)
{
    size_t used = strlen(why);
    if (found->intent.len > 0 && found->score != found->words)
        (void)snprintf(why + used, room - used, "; %.2f by its words, and the intent is %.*s", found->words, (int)found->intent.len,
                       found->intent.ptr);
}

rlr_decision rlr_decide(const rlt_found *found, double threshold, double margin)
{
    rlr_decision decision = {.found = *found};
    char *why = decision.why;
    size_t room = sizeof decision.why;
    if (!found->best)
        (void)snprintf(why, room, "no article has any of the words that say something");
    else if (found->score < threshold)
        (void)snprintf(why, room, "the nearest article, '%s', fits only %.2f, and %.2f is asked for",
                       found->best->id.ptr, found->score, threshold);
    else if (found->second && found->lead < margin)
        decision.clarify = snprintf(why, room, "'%s' (%.2f) and '%s' (%.2f) fit about equally well", found->best->id.ptr,
                                    found->score, found->second->id.ptr, found->second_score) > 0 &&
                           found->second_score >= threshold;
    else
        decision.answers = snprintf(why, room, "'%s' fits %.2f", found->best->id.ptr, found->score) > 0;
    tell_intent(found, why, room);
    return decision;
}

bool rlr_has_id(relevo_str list, relevo_str id)
{
    for (uint64_t at = 0; at + id.len <= list.len; at++) {
        bool begins = at == 0 || list.ptr[at - 1] == ' ';
        bool ends = at + id.len == list.len || list.ptr[at + id.len] == ' ';
        if (begins && ends && id.len > 0 && memcmp(list.ptr + at, id.ptr, id.len) == 0)
            return true;
    }
    return false;
}

/* ---- one question ---- */

typedef struct planner {
    const rlr_settings *settings;
    const rlr_context *context;
    rlt_work *work;
    rlr_plan *plan;
} planner;

static bool decide(const planner *p, const rlt_doc *doc, const rlt_asking *asking, rlr_decision *ret)
{
    rlt_found found;
    if (!rlt_search(p->settings->index, p->work, doc, asking, &found))
        return false;
    *ret = rlr_decide(&found, p->settings->threshold, p->settings->margin);
    return true;
}

/* Of a text that is not the whole message, of which the intent tells nothing. */
static bool decide_text(const planner *p, relevo_str text, rlt_doc *ret_doc, rlr_decision *ret)
{
    const rlt_asking asking = {.language = p->context->asking.language, .day = p->context->asking.day};
    return rlt_read(p->work, text, ret_doc) == RLT_OK && decide(p, ret_doc, &asking, ret);
}

static void add_answer(rlr_plan *plan, const rlt_article *article, double score)
{
    for (size_t i = 0; i < plan->n_answers; i++)
        if (rlt_equal(plan->answers[i]->id, article->id))
            return;
    if (plan->n_answers == RLR_ANSWERS_MAX)
        return;
    plan->scores[plan->n_answers] = score;
    plan->answers[plan->n_answers++] = article;
}

/* ---- several questions in one message ---- */

static uint32_t count_subjects(const rlt_doc *doc, rlt_language language)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < doc->n_tokens; i++)
        n += doc->tokens[i].kind == RLT_WORD && !rlt_is_stop(language, doc->tokens[i].text);
    return n;
}

/* Whether there is no doubt which article a few words mean. */
static bool is_sure(const rlr_decision *decision)
{
    const rlt_found *found = &decision->found;
    return decision->answers && !found->best->smalltalk &&
           (found->score >= PART_SURE || !found->second || found->lead >= PART_LEAD);
}

static void tell_several(rlr_plan *plan)
{
    char *why = plan->whole.why;
    size_t room = sizeof plan->whole.why, used = 0;
    for (size_t i = 0; i < plan->n_answers && used < room; i++)
        used += (size_t)snprintf(why + used, room - used, "%s'%s' fits %.2f", i > 0 ? ", " : "its questions: ",
                                 plan->answers[i]->id.ptr, plan->scores[i]);
    if (plan->partly && used < room)
        (void)snprintf(why + used, room - used, "; one of them no article answers, and that is said");
}

/* "Horario y formas de pago, porfa": subjects in a row, each of which an article knows for sure. */
static bool plan_list(const planner *p, const rlt_doc *doc, rlr_plan *ret)
{
    relevo_str items[RLR_ANSWERS_MAX];
    rlr_plan several = *ret;
    size_t n = rlt_list_items(doc, items, RLR_ANSWERS_MAX);
    for (size_t i = 0; i < n; i++) {
        rlt_doc item;
        rlr_decision decision;
        if (!decide_text(p, items[i], &item, &decision))
            return false;
        if (count_subjects(&item, p->context->asking.language) == 0 || (decision.found.best && decision.found.best->smalltalk))
            continue;
        if (!is_sure(&decision))
            return true;
        add_answer(&several, decision.found.best, decision.found.score);
    }
    if (several.n_answers < 2)
        return true;
    *ret = several;
    tell_several(ret);
    return true;
}

static bool plan_parts(const planner *p, const rlt_doc *doc, rlr_plan *ret)
{
    relevo_str parts[RLR_ANSWERS_MAX + 1];
    rlr_plan several = *ret;
    size_t n = rlt_sentences(doc, parts, RLR_ANSWERS_MAX + 1), answered = 0;
    several.partly = n > RLR_ANSWERS_MAX; /* the last one holds all the rest */
    for (size_t i = 0; i < n && i < RLR_ANSWERS_MAX && n > 1; i++) {
        rlt_doc part;
        rlr_decision decision;
        if (!decide_text(p, parts[i], &part, &decision))
            return false;
        const rlt_found *found = &decision.found;
        uint32_t subjects = count_subjects(&part, p->context->asking.language);
        bool answers = decision.answers && !found->best->smalltalk && (subjects > 1 || is_sure(&decision));
        answered += answers;
        if (answers)
            add_answer(&several, found->best, found->score);
        else if (!decision.answers && found->score < PART_UNKNOWN && subjects > 0 && rlt_is_question(&part))
            several.partly = true;
    }
    /* Parts of one subject are answered as a whole, which has more of its words, but where it has words of others, too. */
    bool one = several.n_answers == 1 && answered == n && ret->whole.clarify;
    if (several.n_answers + several.partly < 2 && !one)
        return true;
    *ret = several;
    tell_several(ret);
    return true;
}

/* ---- what leans on the last answer ---- */

/* Asks again with the title of what was answered last, which the customer left out. */
static bool plan_follow_up(const planner *p, const rlt_doc *doc, rlr_plan *ret)
{
    const rlt_asking *asking = &p->context->asking;
    const rlt_article *last = NULL;
    for (uint32_t i = 0; i < p->settings->kb->n && !last; i++) {
        const rlt_article *article = &p->settings->kb->articles[i];
        if (rlr_has_id(p->context->last, article->id) && rlt_is_valid(article, asking->day) &&
            (asking->language == RLT_UNKNOWN || asking->language == article->language))
            last = article;
    }
    if (!last || last->smalltalk || !rlt_leans(doc))
        return true;
    size_t len = doc->source.len + last->title.len + 1;
    char *text = rlt_work_alloc(p->work, len);
    rlt_doc whole;
    rlr_decision decision;
    if (!text)
        return false;
    memcpy(text, doc->source.ptr, doc->source.len);
    text[doc->source.len] = ' ';
    memcpy(text + doc->source.len + 1, last->title.ptr, last->title.len);
    if (!decide_text(p, (relevo_str){text, len}, &whole, &decision))
        return false;
    if (decision.answers) {
        ret->whole = decision;
        add_answer(ret, decision.found.best, decision.found.score);
    }
    return true;
}

/* Asks again with what is wanted alone, where something else is refused in front of it. */
static bool plan_instead(const planner *p, const rlt_doc *doc, rlr_plan *ret)
{
    relevo_str wanted;
    rlt_doc alone;
    rlr_decision decision;
    if (!rlt_instead(doc, &wanted))
        return true;
    if (!decide_text(p, wanted, &alone, &decision))
        return false;
    if (decision.answers) {
        ret->whole = decision;
        add_answer(ret, decision.found.best, decision.found.score);
    }
    return true;
}

/* "No quiero cancelar" is not told how to cancel, unless the article has a refusal among its questions. */
static bool drop_refused(const planner *p, rlr_plan *plan)
{
    const rlt_article *article = plan->answers[0];
    plan->refused = true;
    for (size_t i = 0; i < article->n_questions; i++) {
        rlt_doc question;
        if (rlt_read(p->work, article->questions[i], &question) != RLT_OK)
            return false;
        plan->refused = plan->refused && !rlt_refuses(&question);
    }
    if (plan->refused) {
        plan->n_answers = 0;
        (void)snprintf(plan->whole.why, sizeof plan->whole.why, "the message refuses what '%s' is about", article->id.ptr);
    }
    return true;
}

/* ---- which of two ---- */

/* A title as a button has room for it, cut between words if that is wanted and there are several. */
static relevo_str cut_title(relevo_str title, bool between_words)
{
    uint64_t at = 0, space = 0;
    for (uint32_t n = 0; at < title.len && n < TITLE_MAX; n++) {
        space = title.ptr[at] == ' ' ? at : space;
        for (at++; at < title.len && ((unsigned char)title.ptr[at] & 0xc0) == 0x80;)
            at++;
    }
    if (at == title.len)
        return title;
    if (between_words && (title.ptr[at] == ' ' || space == 0))
        space = at;
    at = between_words ? space : at;
    while (at > 0 && title.ptr[at - 1] == ' ')
        at--;
    return (relevo_str){title.ptr, at};
}

/* What the customer may choose from, in the best one's language where there is one. False: the buttons would look alike, of which nobody can
   choose, and which WhatsApp refuses. */
static bool make_buttons(const rlt_kb *kb, const rlt_found *found, rlr_button which[2])
{
    const rlt_article *same_language = rlt_kb_find(kb, found->second->id, found->best->language);
    const rlt_article *two[] = {found->best, same_language ? same_language : found->second};
    for (int between_words = 1; between_words >= 0; between_words--) {
        for (int i = 0; i < 2; i++)
            which[i] = (rlr_button){two[i], cut_title(two[i]->title, between_words)};
        if (!rlt_equal(which[0].title, which[1].title))
            return true;
    }
    return false;
}

bool rlr_plan_make(const rlr_settings *settings, rlt_work *work, const rlt_doc *doc, const rlr_context *context, rlr_plan *ret)
{
    const planner p = {settings, context, work, ret};
    rlr_plan plan = {.n_answers = 0};
    rlt_asking asking = context->asking;
    if (context->last.len > 0 && rlt_leans(doc)) /* without what it leans on, its intent is a guess */
        asking.intent = (relevo_str){NULL, 0};
    if (!decide(&p, doc, &asking, &plan.whole) || !plan_parts(&p, doc, &plan))
        return false;
    if (plan.whole.clarify && !make_buttons(settings->kb, &plan.whole.found, plan.which)) {
        plan.whole.clarify = false;
        (void)snprintf(plan.whole.why, sizeof plan.whole.why, "'%s' and '%s' fit about equally well, and their titles look alike on a button",
                       plan.whole.found.best->id.ptr, plan.whole.found.second->id.ptr);
    }
    if (plan.n_answers == 0 && plan.whole.found.words < WHOLE_ENOUGH && !plan_list(&p, doc, &plan))
        return false;
    if (plan.n_answers == 0 && plan.whole.answers)
        add_answer(&plan, plan.whole.found.best, plan.whole.found.score);
    if (plan.n_answers == 0 && !plan_follow_up(&p, doc, &plan)) /* what was spoken of last is not asked for */
        return false;
    if (plan.n_answers == 0 && !plan.whole.clarify && !plan_instead(&p, doc, &plan))
        return false;
    if (plan.n_answers == 1 && !plan.answers[0]->smalltalk && rlt_refuses(doc) && !drop_refused(&p, &plan))
        return false;
    plan.again = plan.n_answers == 1 && !plan.answers[0]->smalltalk && rlr_has_id(context->last, plan.answers[0]->id) &&
                 !rlt_asks_on(settings->index, work, plan.answers[0], doc, context->heard, context->n_heard);
    *ret = plan;
    return true;
}
