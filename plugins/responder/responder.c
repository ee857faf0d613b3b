/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The responder plugin: answers with an article of the business's knowledge base, word for word, or says that
 * it knows no answer. It must never state a fact that is not in an article: what it says itself (say.c) asks, or admits.
 */
#include "decide.h"

#include "media.h"
#include "text/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WANTS_PERSON 0.5 /* from here on the customer asks for a person: an article would be an insult */
#define NEED_CONFIDENCE 0.1 /* whatever another plugin has to say is better */
#define MS_PER_DAY   86400000
#define MS_PER_HOUR  3600000
#define SUGGEST_LEAST 0.3 /* an article that fits less helps nobody */
#define SUGGEST_MAX   3u
#define SUGGEST_TURNS 8u    /* turns that are looked through */
#define SUGGESTION_MAX 4000u /* bytes */
#define OFFERED_MAX    (2 * (RLT_ID_MAX + 1) + 8) /* bytes: "1 es ID ID" */

enum {
    OPTION_KB,
    OPTION_THRESHOLD,
    OPTION_MARGIN,
    OPTION_TEXTS,
    OPTION_VOICE,
    OPTION_IMAGE,
    OPTION_STICKER,
    OPTION_OTHER_MEDIA,
    OPTION_UTC_OFFSET,
    N_OPTIONS
};

#define OPTION_SIZE (uint32_t)sizeof(relevo_option)

static const relevo_option options[N_OPTIONS] = {
    {.size = OPTION_SIZE,
     .type = RELEVO_OPTION_PATH,
     .flags = RELEVO_OPTION_REQUIRED,
     .name = "kb",
     .help = "Folder of the articles: Markdown files, or YAML files with lists of articles."},
    {.size = OPTION_SIZE,
     .type = RELEVO_OPTION_REAL,
     .name = "threshold",
     .initial = RLR_THRESHOLD,
     .min = 0,
     .max = 1,
     .help = "An article of a lower score is no answer."},
    {.size = OPTION_SIZE,
     .type = RELEVO_OPTION_REAL,
     .name = "margin",
     .initial = RLR_MARGIN,
     .min = 0,
     .max = 1,
     .help = "When the second article is as near as this to the first, the customer is asked which one."},
    {.size = OPTION_SIZE,
     .type = RELEVO_OPTION_JSON,
     .name = "texts",
     .initial = "{}",
     .help = "The responder's own sentences in other words: which, sorry, need, partly, voice, image, sticker, media, each with es, pt, en."},
    {.size = OPTION_SIZE,
     .type = RELEVO_OPTION_STRING,
     .name = "voice",
     .initial = "ask",
     .help = "What to do with voice notes: acknowledge, ask (for words), hand_off."},
    {.size = OPTION_SIZE,
     .type = RELEVO_OPTION_STRING,
     .name = "image",
     .initial = "ask",
     .help = "The same for pictures without a caption."},
    {.size = OPTION_SIZE, .type = RELEVO_OPTION_STRING, .name = "sticker", .initial = "acknowledge", .help = "For stickers."},
    {.size = OPTION_SIZE,
     .type = RELEVO_OPTION_STRING,
     .name = "other_media",
     .initial = "ask",
     .help = "For videos, documents, places, contacts and orders."},
    {.size = OPTION_SIZE,
     .type = RELEVO_OPTION_REAL,
     .name = "utc_offset",
     .initial = "0",
     .min = -12,
     .max = 14,
     .unit = "hours",
     .help = "Hours from UTC at the business: when the day of an article's `from` begins and that of its `until` ends."},
};

typedef struct responder {
    rlt_kb kb;
    rlt_index *index;
    rlr_settings settings;
    rlr_sayings sayings;
    rlt_phrases *objections;
    rlr_policy policies[RLR_MEDIA_CLASSES];
    int64_t offset_ms;
} responder;

/* ---- instance ---- */

static void destroy(void *instance)
{
    responder *self = instance;
    if (!self)
        return;
    rlt_phrases_free(self->objections);
    rlr_sayings_clear(&self->sayings);
    rlt_index_free(self->index);
    rlt_kb_clear(&self->kb);
    free(self);
}

static bool take_policies(const relevo_value *values, rlr_policy *policies, rlt_error *error)
{
    for (int i = 0; i < RLR_MEDIA_CLASSES; i++)
        if (!rlr_policy_from(values[OPTION_VOICE + i].text, &policies[i]))
            return rlt_fail(error, "`%s` is acknowledge, ask or hand_off", options[OPTION_VOICE + i].name);
    return true;
}

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    rlt_error failure = {.line = "out of memory"};
    responder *made = calloc(1, sizeof *made);
    if (!made || !rlt_kb_load(values[OPTION_KB].text.ptr, &made->kb, &failure) ||
        !rlr_kb_add_smalltalk(&made->kb, &failure) || !take_policies(values, made->policies, &failure) ||
        !rlr_sayings_make(values[OPTION_TEXTS].text, &made->sayings, &failure) ||
        !(made->objections = rlr_objections_new()) || !(made->index = rlt_index_new(&made->kb))) {
        (void)snprintf(error, error_size, "%s", failure.line);
        destroy(made);
        return RELEVO_E_FAILED;
    }
    made->settings = (rlr_settings){
        &made->kb, made->index, values[OPTION_THRESHOLD].real, values[OPTION_MARGIN].real};
    made->offset_ms = (int64_t)(values[OPTION_UTC_OFFSET].real * MS_PER_HOUR);
    *ret_instance = made;
    return RELEVO_OK;
}

/* ---- answers ---- */

typedef struct speaker {
    const responder *self;
    const relevo_sink *sink;
    uint32_t view;
    rlt_language language;
    int32_t result; /* the first failure; what follows one is left out */
    bool said;      /* a reply of ours is there, behind which another can stand */
} speaker;

static void emit(speaker *s, const relevo_answer *answer)
{
    if (s->result == RELEVO_OK)
        s->result = s->sink->emit(s->sink, s->view, answer);
    s->said = s->said || answer->kind == RELEVO_ANSWER_REPLY;
}

/* An article, word for word, with what it offers. */
static void say_article(speaker *s, const rlt_article *article, double score, uint32_t flags)
{
    relevo_choice choices[RELEVO_CHOICES_MAX];
    const relevo_choice *list[RELEVO_CHOICES_MAX];
    for (size_t i = 0; i < article->n_buttons; i++) {
        choices[i] = (relevo_choice){
            .size = sizeof choices[i], .id = article->buttons[i].id, .title = article->buttons[i].title};
        list[i] = &choices[i];
    }
    const relevo_answer_reply reply = {.head = {sizeof reply, RELEVO_ANSWER_REPLY},
                                       .confidence = score,
                                       .text = article->answer,
                                       .source = article->id,
                                       .flags = flags,
                                       .n_choices = (uint32_t)article->n_buttons,
                                       .choices = list,
                                       .media_kind = article->media_kind,
                                       .media_url = article->media_url};
    emit(s, &reply.head);
}

/* A sentence of our own. */
static void say(speaker *s, rlr_sentence sentence, double confidence, uint32_t flags)
{
    relevo_answer_reply reply = {.head = {sizeof reply, RELEVO_ANSWER_REPLY}, .confidence = confidence, .flags = flags};
    reply.text = rlr_say(&s->self->sayings, sentence, s->language, &reply.source);
    emit(s, &reply.head);
}

static void abstain(speaker *s, double best, const char *why)
{
    const relevo_answer_abstain answer = {
        .head = {sizeof answer, RELEVO_ANSWER_ABSTAIN}, .best = best, .reason = rlt_str(why)};
    emit(s, &answer.head);
}

static void remember(speaker *s, relevo_str bytes)
{
    const relevo_answer_memory memory = {.head = {sizeof memory, RELEVO_ANSWER_MEMORY}, .bytes = bytes};
    emit(s, &memory.head);
}

/* "Which of these?", with the two titles as buttons; which two is remembered, for who answers "la segunda". */
static void clarify(speaker *s, const rlr_plan *plan)
{
    char ids[2][RLT_ID_MAX + 8];
    relevo_choice choices[2];
    const relevo_choice *list[2];
    for (int i = 0; i < 2; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "kb:%s", plan->which[i].article->id.ptr);
        choices[i] = (relevo_choice){.size = sizeof choices[i], .id = rlt_str(ids[i]), .title = plan->which[i].title};
        list[i] = &choices[i];
    }
    relevo_answer_reply reply = {.head = {sizeof reply, RELEVO_ANSWER_REPLY},
                                 .confidence = plan->whole.found.score,
                                 .flags = RELEVO_REPLY_ASKS,
                                 .n_choices = 2,
                                 .choices = list};
    reply.text = rlr_say(&s->self->sayings, RLR_SAY_WHICH, plan->which[0].article->language, &reply.source);
    emit(s, &reply.head);
    char offered[OFFERED_MAX];
    (void)snprintf(offered, sizeof offered, "1 %s %s %s", rlt_language_code(plan->which[0].article->language).ptr, plan->which[0].article->id.ptr,
                   plan->which[1].article->id.ptr);
    remember(s, rlt_str(offered));
}

static void say_plan(speaker *s, const rlr_plan *plan)
{
    double best = plan->whole.found.score;
    for (size_t i = 0; i < plan->n_answers; i++)
        say_article(s, plan->answers[i], plan->scores[i], i > 0 ? RELEVO_REPLY_ALSO : 0);
    if (plan->n_answers > 0 && plan->partly)
        say(s, RLR_SAY_PARTLY, 1, RELEVO_REPLY_ALSO | RELEVO_REPLY_ASKS);
    if (plan->n_answers > 0 && plan->partly)
        abstain(s, best, "one of the questions has no answer");
    else if (plan->n_answers > 0 && plan->again)
        abstain(s, best, "the customer was told so just before");
    else if (plan->n_answers == 0 && plan->whole.clarify)
        clarify(s, plan);
    else if (plan->n_answers == 0)
        abstain(s, best, plan->whole.why);
}

/* ---- a message ---- */

static int64_t day_of(const responder *self, const relevo_view *view)
{
    return (view->at_ms + self->offset_ms) / MS_PER_DAY;
}

static rlt_language language_of(const relevo_view *view, const rlt_doc *doc)
{
    return rlt_language_of(view->reading ? view->reading->language : (relevo_str){NULL, 0}, doc, view->language);
}

/* What was said last that is no question: the source of an article, or of somebody else's. */
static relevo_str last_of(const relevo_view *view)
{
    uint32_t n = view->digest->n_tried;
    return n > 0 ? view->digest->tried[n - 1] : (relevo_str){NULL, 0};
}

/* The class of what came without words; of several messages that are one, that of which people are to have one, else the first. -1: all have
   words. */
static int wordless_class(const responder *self, const relevo_message *message)
{
    relevo_str types = message->text.len == 0 ? message->type : (relevo_str){NULL, 0};
    int found = -1;
    if (RELEVO_HAS(message, wordless) && message->wordless.len > 0)
        types = message->wordless;
    while (types.len > 0) {
        const char *newline = memchr(types.ptr, '\n', types.len);
        relevo_str type = {types.ptr, newline ? (uint64_t)(newline - types.ptr) : types.len};
        int media = rlr_media_class(type);
        if (media >= 0 && (found < 0 || self->policies[media] == RLR_HAND_OFF))
            found = media;
        type.len += newline != NULL;
        types = (relevo_str){types.ptr + type.len, types.len - type.len};
    }
    return found;
}

/* What is said to what came without words, behind what is said to words, if anything is. */
static void say_media(speaker *s, int media, double confidence)
{
    rlr_policy policy = s->self->policies[media];
    uint32_t flags = (policy == RLR_ASK ? RELEVO_REPLY_ASKS : 0) | (s->said ? RELEVO_REPLY_ALSO : 0);
    if (policy != RLR_HAND_OFF)
        say(s, rlr_media_sentence(media), confidence, flags);
}

/* The article of a button of ours; NULL: it is none. */
static const rlt_article *chosen(const responder *self, const relevo_view *view, rlt_language language, int64_t day)
{
    relevo_str id = view->message->reply;
    const rlt_article *found = NULL;
    if (id.len < 4 || memcmp(id.ptr, "kb:", 3) != 0)
        return NULL;
    id = (relevo_str){id.ptr + 3, id.len - 3};
    for (uint32_t i = 0; i < self->kb.n; i++) {
        const rlt_article *article = &self->kb.articles[i];
        if (rlt_equal(article->id, id) && rlt_is_valid(article, day) && (!found || article->language == language))
            found = article;
    }
    return found;
}

/* "La segunda", to the question which of two: that article; NULL: it says something else, or nothing of the kind was asked. */
static const rlt_article *chosen_by_place(const responder *self, const relevo_view *view, const rlt_doc *doc, int64_t day)
{
    char text[OFFERED_MAX], language[3], ids[2][RLT_ID_MAX + 1];
    uint32_t place;
    if (view->memory.len == 0 || view->memory.len >= sizeof text || !RELEVO_HAS(view->digest, asked) || !view->digest->asked)
        return NULL;
    memcpy(text, view->memory.ptr, view->memory.len);
    text[view->memory.len] = '\0';
    if (sscanf(text, "1 %2s %63s %63s", language, ids[0], ids[1]) != 3 || !rlt_find_place(doc, 2, &place))
        return NULL;
    const rlt_article *article = rlt_kb_find(&self->kb, rlt_str(ids[place]), rlt_language_from(rlt_str(language)));
    return article && rlt_is_valid(article, day) ? article : NULL;
}

/* "Jajaja", "kkk", "hehe". */
static bool is_laugh(relevo_str word)
{
    for (uint64_t i = 2; i < word.len; i++)
        if (word.ptr[i] != word.ptr[i - 2])
            return false;
    return word.len > 0 && (word.ptr[0] == 'k' || (word.len > 3 && strchr("jhr", word.ptr[0]) && strchr("aeis", word.ptr[1])));
}

/* "Sí", "a ver", "no sé", "jajaja": no subject, and no question. */
static bool says_nothing(const rlt_doc *doc)
{
    uint32_t words = 0;
    for (uint32_t i = 0; i < doc->n_tokens; i++) {
        if (doc->tokens[i].kind != RLT_EMOJI && !rlt_stop_languages(doc->tokens[i].text) && !is_laugh(doc->tokens[i].text))
            return false;
        words += doc->tokens[i].kind != RLT_EMOJI;
    }
    return words > 0 && (words == 1 || !rlt_is_question(doc));
}

/* "👍": says as much as a sticker. */
static bool is_emoji(const rlt_doc *doc)
{
    for (uint32_t i = 0; i < doc->n_tokens; i++)
        if (doc->tokens[i].kind != RLT_EMOJI)
            return false;
    return doc->n_tokens > 0;
}

/* What the customer said before, into a list of RELEVO_TURNS_MAX. */
static size_t hear(const relevo_view *view, relevo_str *heard)
{
    size_t n = 0;
    for (uint32_t i = 0; i < view->n_turns && n < RELEVO_TURNS_MAX; i++)
        if (view->turns[i]->by == RELEVO_BY_CUSTOMER)
            heard[n++] = view->turns[i]->text;
    return n;
}

static int32_t respond_to(const responder *self, rlt_work *work, const relevo_view *view, uint32_t number,
                          const relevo_sink *sink)
{
    rlt_doc doc;
    rlt_match match;
    rlr_plan plan;
    speaker s = {.self = self, .sink = sink, .view = number};
    if (!view->message || (view->reading && view->reading->wants_person >= WANTS_PERSON))
        return RELEVO_OK;
    int media = wordless_class(self, view->message);
    if (view->message->text.len == 0) {
        s.language = language_of(view, NULL);
        if (media >= 0)
            say_media(&s, media, 1);
        return s.result;
    }
    rlt_work_reset(work);
    if (rlt_read(work, view->message->text, &doc) != RLT_OK)
        return RELEVO_E_FAILED;
    s.language = language_of(view, &doc);
    relevo_str heard[RELEVO_TURNS_MAX];
    const rlr_context context = {rlt_asking_of(s.language, day_of(self, view), view->reading), last_of(view), heard, hear(view, heard)};
    bool asked = RELEVO_HAS(view->digest, asked) && view->digest->asked; /* then it may answer that */
    const rlt_article *article = chosen(self, view, s.language, context.asking.day);
    if (!article)
        article = chosen_by_place(self, view, &doc, context.asking.day);
    if (view->memory.len > 0) /* it was for this message */
        remember(&s, (relevo_str){NULL, 0});
    if (article) {
        say_article(&s, article, 1, 0);
    } else if (is_emoji(&doc)) {
        say(&s, RLR_SAY_STICKER, NEED_CONFIDENCE, RELEVO_REPLY_ASKS);
    } else if (context.last.len > 0 && rlt_text_find(self->objections, &doc, 0, &match)) {
        say(&s, RLR_SAY_SORRY, 1, RELEVO_REPLY_ASKS);
        abstain(&s, 0, "the customer says that the last answer was none");
    } else if (!rlr_plan_make(&self->settings, work, &doc, &context, &plan)) {
        return RELEVO_E_FAILED;
    } else if (!asked && (plan.refused || (plan.n_answers == 0 && !plan.whole.found.best && says_nothing(&doc)))) {
        say(&s, RLR_SAY_NEED, NEED_CONFIDENCE, RELEVO_REPLY_ASKS);
    } else {
        say_plan(&s, &plan);
    }
    if (media >= 0)
        say_media(&s, media, NEED_CONFIDENCE); /* who answers the words comes first */
    return s.result;
}

static int32_t respond(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    rlt_work *work = rlt_work_new();
    int32_t status = work ? RELEVO_OK : RELEVO_E_FAILED;
    for (uint32_t i = 0; i < n && status == RELEVO_OK; i++)
        status = respond_to(instance, work, views[i], i, sink);
    rlt_work_free(work);
    return status;
}

/* ---- what may help a person ---- */

/* The articles nearest to a text, but for small talk, what was tried already, and what is there. `reading` is that of the text; NULL: none.
   False: out of memory. */
static bool suggest(const responder *self, rlt_work *work, const relevo_view *view, relevo_str text, const relevo_reading *reading,
                    const rlt_article **list, size_t *n)
{
    rlt_doc doc;
    rlt_found found;
    rlt_work_reset(work);
    if (text.len == 0)
        return true;
    if (rlt_read(work, text, &doc) != RLT_OK)
        return false;
    const rlt_asking asking = rlt_asking_of(language_of(view, &doc), day_of(self, view), reading);
    if (!rlt_search(self->index, work, &doc, &asking, &found))
        return false;
    const rlt_article *near[] = {found.score >= SUGGEST_LEAST ? found.best : NULL,
                                 found.second_score >= SUGGEST_LEAST ? found.second : NULL};
    for (size_t i = 0; i < sizeof near / sizeof *near; i++) {
        bool known = !near[i] || near[i]->smalltalk || near[i]->topic.len > 0 || *n == SUGGEST_MAX;
        for (size_t k = 0; k < *n && !known; k++)
            known = rlt_equal(list[k]->id, near[i]->id);
        for (uint32_t k = 0; k < view->digest->n_tried && !known; k++)
            known = rlr_has_id(view->digest->tried[k], near[i]->id);
        if (!known)
            list[(*n)++] = near[i];
    }
    return true;
}

/* "envios: Shipping", and the article word for word below it. */
static int32_t emit_suggestion(const rlt_article *article, uint32_t i, const relevo_sink *sink)
{
    char text[SUGGESTION_MAX];
    relevo_str title = rlt_cut(article->title, SUGGESTION_MAX / 8);
    size_t used = (size_t)snprintf(text, sizeof text, "%s: %.*s\n", article->id.ptr, (int)title.len, title.ptr);
    relevo_str answer = rlt_cut(article->answer, sizeof text - used - 1);
    (void)snprintf(text + used, sizeof text - used, "%.*s", (int)answer.len, answer.ptr);
    const relevo_answer_card card = {
        .head = {sizeof card, RELEVO_ANSWER_CARD}, .name = RELEVO_STR("suggested"), .text = rlt_str(text)};
    return sink->emit(sink, i, &card.head);
}

/* What is asked now first, then what nobody answered, then what was said before. */
static int32_t summarize(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    const responder *self = instance;
    rlt_work *work = rlt_work_new();
    int32_t status = work ? RELEVO_OK : RELEVO_E_FAILED;
    for (uint32_t i = 0; i < n && status == RELEVO_OK; i++) {
        const relevo_view *view = views[i];
        const rlt_article *list[SUGGEST_MAX];
        size_t found = 0;
        if (view->ending)
            continue; /* nobody answers any more */
        bool good = !view->message || suggest(self, work, view, view->message->text, view->reading, list, &found);
        good = good && suggest(self, work, view, view->digest->open_question, NULL, list, &found);
        for (uint32_t k = view->n_turns; good && k > 0 && view->n_turns - k < SUGGEST_TURNS; k--)
            if (view->turns[k - 1]->by == RELEVO_BY_CUSTOMER)
                good = suggest(self, work, view, view->turns[k - 1]->text, NULL, list, &found);
        status = good ? RELEVO_OK : RELEVO_E_FAILED;
        for (size_t k = 0; k < found && status == RELEVO_OK; k++)
            status = emit_suggestion(list[k], i, sink);
    }
    rlt_work_free(work);
    return status;
}

/* Media that a person should see: `voice: hand_off` and the like. Also of several messages that are one. */
static int32_t trigger(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    const responder *self = instance;
    int32_t status = RELEVO_OK;
    for (uint32_t i = 0; i < n && status == RELEVO_OK; i++) {
        const relevo_message *message = views[i]->message;
        int media = message ? wordless_class(self, message) : -1;
        if (media < 0 || self->policies[media] != RLR_HAND_OFF)
            continue;
        const relevo_answer_trigger fired = {.head = {sizeof fired, RELEVO_ANSWER_TRIGGER},
                                             .score = 1,
                                             .evidence = message->text.len > 0 ? message->text : message->type,
                                             .reason = rlr_media_reason(media, language_of(views[i], NULL))};
        status = sink->emit(sink, i, &fired.head);
    }
    return status;
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    .magic = RELEVO_PLUGIN_MAGIC,
    .abi_major = RELEVO_ABI_MAJOR,
    .abi_minor = RELEVO_ABI_MINOR,
    .size = sizeof(relevo_plugin),
    .name = "responder",
    .version = RELEVO_VERSION,
    .summary = "Answers from the business's knowledge base, word for word, or says that it knows no answer.",
    .kind = RELEVO_KIND_RESPONDER,
    .n_options = N_OPTIONS,
    .options = options,
    .create = create,
    .destroy = destroy,
    .trigger = trigger,
    .respond = respond,
    .summarize = summarize,
    .tool = rlr_tool,
};
