/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs operations and keeps the answers. Answers are checked as the host checks them, but a bad one is only
 * noted while the plugin runs (it may run in another thread, and cmocka leaves a failed test by longjmp): the
 * test fails when it has returned.
 */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "testkit/testkit_internal.h"

#define THREADS 4
#define ROUNDS 50

/* The host's ceilings, in bytes. */
enum {
    NAME_LIMIT = 128,
    VALUE_LIMIT = 256,
    TEXT_LIMIT = 4096,
    REPLY_LIMIT = 16384,
    PATH_LIMIT = 2048,
    BODY_LIMIT = 65536,
    CHOICE_ID_LIMIT = 200
};
#define ANSWERS_PER_VIEW 64u

/* The sink that a plugin is given, with the answers behind it. */
typedef struct sink {
    relevo_sink head;
    tk_answers *answers;
} sink;

bool tk_utf8(const char *bytes, uint64_t n)
{
    const unsigned char *p = (const unsigned char *)bytes;
    for (uint64_t i = 0; i < n;) {
        unsigned c = p[i];
        unsigned more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
        if ((c >= 0x80 && c < 0xc2) || c > 0xf4 || more > n - i - 1) {
            return false;
        }
        for (unsigned k = 1; k <= more; k++) {
            if ((p[i + k] & 0xc0u) != 0x80) {
                return false;
            }
        }
        if ((c == 0xe0 && p[i + 1] < 0xa0) || (c == 0xed && p[i + 1] > 0x9f) ||
            (c == 0xf0 && p[i + 1] < 0x90) || (c == 0xf4 && p[i + 1] > 0x8f)) {
            return false;
        }
        i += more + 1;
    }
    return true;
}

/* Notes the first complaint and passes the code on. */
static int32_t complain(tk_answers *answers, int32_t code, const char *what, uint32_t kind)
{
    if (answers->broken[0] == '\0') {
        snprintf(answers->broken, sizeof(answers->broken), "an answer of kind %u: %s", kind, what);
    }
    return code;
}

/* Adds to the checksum of all answers (FNV-1a), by which two runs are compared. */
static void add(tk_answers *answers, const void *bytes, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        answers->sum = (answers->sum ^ ((const unsigned char *)bytes)[i]) * UINT64_C(1099511628211);
    }
}

/* Copies a text of an answer; false when the host would refuse it. */
static bool take(tk_answers *answers, relevo_str *text, uint64_t limit)
{
    if (text->len > limit || (text->len > 0 && text->ptr == NULL) || !tk_utf8(text->ptr, text->len) ||
        (text->len > 0 && memchr(text->ptr, '\0', (size_t)text->len) != NULL)) {
        return false;
    }
    *text = tk_pool_text(answers->pool, text->ptr, text->len);
    add(answers, &text->len, sizeof(text->len));
    add(answers, text->ptr, text->len);
    return true;
}

/* The same for a text that must be there. */
static bool need(tk_answers *answers, relevo_str *text, uint64_t limit)
{
    return text->len > 0 && take(answers, text, limit);
}

static bool unit(double x)
{
    return isfinite(x) && x >= 0 && x <= 1;
}

static bool signed_unit(double x)
{
    return isfinite(x) && x >= -1 && x <= 1;
}

static bool take_route(tk_answers *answers, relevo_answer_route *route)
{
    relevo_str *skills = tk_pool_get(answers->pool, ((size_t)route->n_skills + 1) * sizeof(*skills));
    for (uint64_t i = 0; i < route->n_skills; i++) {
        skills[i] = route->skills[i];
        if (!need(answers, &skills[i], NAME_LIMIT)) {
            return false;
        }
    }
    route->skills = skills;
    return route->priority <= 9 &&
           (route->rank == RELEVO_RANK_LEAST_LOADED || route->rank == RELEVO_RANK_LONGEST_IDLE) &&
           take(answers, &route->team, NAME_LIMIT) && take(answers, &route->language, NAME_LIMIT) &&
           take(answers, &route->agent, NAME_LIMIT);
}

static bool take_effect(tk_answers *answers, relevo_answer_effect *e)
{
    return need(answers, &e->destination, NAME_LIMIT) && need(answers, &e->method, NAME_LIMIT) &&
           take(answers, &e->path, PATH_LIMIT) && take(answers, &e->content_type, NAME_LIMIT) &&
           take(answers, &e->body, BODY_LIMIT) && take(answers, &e->context, RELEVO_CONTEXT_MAX);
}

static bool take_reading(tk_answers *answers, relevo_reading *r)
{
    return unit(r->confidence) && unit(r->out_of_scope) && signed_unit(r->sentiment) && unit(r->anger) &&
           unit(r->wants_person) && take(answers, &r->language, NAME_LIMIT) &&
           take(answers, &r->intent, NAME_LIMIT);
}

static bool take_memory(tk_answers *answers, relevo_str *bytes)
{
    *bytes = tk_pool_text(answers->pool, bytes->ptr, bytes->len);
    add(answers, bytes->ptr, bytes->len);
    return bytes->len <= RELEVO_MEMORY_MAX;
}

static uint64_t characters(relevo_str text)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < text.len; i++) {
        n += ((unsigned char)text.ptr[i] & 0xc0u) != 0x80;
    }
    return n;
}

static bool take_choices(tk_answers *answers, relevo_answer_reply *reply)
{
    bool rows = reply->n_choices > RELEVO_BUTTONS_MAX;
    if (reply->n_choices > RELEVO_CHOICES_MAX) {
        return false;
    }
    const relevo_choice **list = tk_pool_get(answers->pool, (reply->n_choices + 1) * sizeof(*list));
    for (uint32_t i = 0; i < reply->n_choices; i++) {
        relevo_choice *choice = tk_pool_get(answers->pool, sizeof(*choice));
        *choice = *reply->choices[i];
        if (!need(answers, &choice->id, CHOICE_ID_LIMIT) || !need(answers, &choice->title, NAME_LIMIT) ||
            !take(answers, &choice->description, TEXT_LIMIT) || characters(choice->title) > (rows ? 24 : 20) ||
            characters(choice->description) > (rows ? 72 : 0)) {
            return false;
        }
        list[i] = choice;
    }
    reply->choices = list;
    return true;
}

static bool take_reply(tk_answers *answers, relevo_answer_reply *reply)
{
    bool media = reply->media_kind.len > 0;
    bool small = media || (reply->n_choices > 0 && reply->n_choices <= RELEVO_BUTTONS_MAX);
    add(answers, &reply->flags, sizeof(reply->flags));
    return unit(reply->confidence) && need(answers, &reply->text, REPLY_LIMIT) &&
           characters(reply->text) <= (small ? 1024 : 4096) && take(answers, &reply->source, NAME_LIMIT) &&
           take_choices(answers, reply) && take(answers, &reply->menu, NAME_LIMIT) && characters(reply->menu) <= 20 &&
           take(answers, &reply->media_kind, NAME_LIMIT) && take(answers, &reply->media_url, PATH_LIMIT) &&
           media == (reply->media_url.len > 0) && !(media && reply->n_choices > RELEVO_BUTTONS_MAX);
}

/* Copies what the answer borrows and checks it. */
static bool take_all(tk_answers *answers, tk_answer *kept)
{
    relevo_answer_trigger *trigger = &kept->as.trigger;
    relevo_answer_card *card = &kept->as.card;
    switch (kept->as.head.kind) {
    case RELEVO_ANSWER_READING:
        return take_reading(answers, &kept->as.reading.reading);
    case RELEVO_ANSWER_TRIGGER:
        add(answers, &trigger->score, sizeof(trigger->score));
        return unit(trigger->score) && take(answers, &trigger->evidence, TEXT_LIMIT) &&
               take(answers, &trigger->reason, TEXT_LIMIT);
    case RELEVO_ANSWER_REPLY:
        return take_reply(answers, &kept->as.reply);
    case RELEVO_ANSWER_ABSTAIN:
        return unit(kept->as.abstain.best) && take(answers, &kept->as.abstain.reason, TEXT_LIMIT);
    case RELEVO_ANSWER_SLOT:
        return need(answers, &kept->as.slot.name, NAME_LIMIT) &&
               take(answers, &kept->as.slot.value, VALUE_LIMIT);
    case RELEVO_ANSWER_ROUTE:
        return take_route(answers, &kept->as.route);
    case RELEVO_ANSWER_CARD:
        return need(answers, &card->name, NAME_LIMIT) && take(answers, &card->text, TEXT_LIMIT) &&
               take(answers, &card->message_id, NAME_LIMIT);
    case RELEVO_ANSWER_EFFECT:
        return take_effect(answers, &kept->as.effect);
    default:
        return take_memory(answers, &kept->as.memory.bytes);
    }
}

#define BIT(phase) (1u << (phase))

/* What each kind of answer takes, and in which phases it belongs; the index is the kind. */
#define WHOLE(type)         sizeof(type), sizeof(type)
#define SINCE(type, last)   offsetof(type, last) + sizeof(((type *)0)->last), sizeof(type)
static const struct {
    size_t least, size; /* of version 1.0, whose last field is named where it grew; and of today */
    unsigned phases;
} kinds[] = {
    [RELEVO_ANSWER_READING] = {WHOLE(relevo_answer_reading), BIT(TK_CLASSIFY) | BIT(TK_ON_RESULT)},
    [RELEVO_ANSWER_TRIGGER] = {SINCE(relevo_answer_trigger, reason), BIT(TK_TRIGGER) | BIT(TK_ON_RESULT)},
    [RELEVO_ANSWER_REPLY] = {SINCE(relevo_answer_reply, source), BIT(TK_RESPOND) | BIT(TK_ON_RESULT)},
    [RELEVO_ANSWER_ABSTAIN] = {WHOLE(relevo_answer_abstain), BIT(TK_RESPOND) | BIT(TK_ON_RESULT)},
    [RELEVO_ANSWER_SLOT] = {SINCE(relevo_answer_slot, value),
                            BIT(TK_CLASSIFY) | BIT(TK_RESPOND) | BIT(TK_ON_RESULT)},
    [RELEVO_ANSWER_ROUTE] = {WHOLE(relevo_answer_route), BIT(TK_ROUTE)},
    [RELEVO_ANSWER_CARD] = {WHOLE(relevo_answer_card), BIT(TK_SUMMARIZE)},
    [RELEVO_ANSWER_EFFECT] = {SINCE(relevo_answer_effect, context),
                              BIT(TK_CLASSIFY) | BIT(TK_RESPOND) | BIT(TK_NOTIFY) | BIT(TK_ON_RESULT)},
    [RELEVO_ANSWER_MEMORY] = {WHOLE(relevo_answer_memory), ~0u},
};

static int32_t emit(const relevo_sink *head, uint32_t view, const relevo_answer *answer)
{
    tk_answers *answers = ((const sink *)(const void *)head)->answers;
    if (answer->kind == 0 || answer->kind >= sizeof(kinds) / sizeof(kinds[0]) ||
        (kinds[answer->kind].phases & BIT(answers->phase)) == 0) {
        return complain(answers, RELEVO_E_KIND, "does not belong to this phase", answer->kind);
    }
    if (answer->size < kinds[answer->kind].least || answer->size > kinds[answer->kind].size) {
        return complain(answers, RELEVO_E_SIZE, "its size field is not its size", answer->kind);
    }
    if (view >= answers->n_views) {
        return complain(answers, RELEVO_E_VIEW, "about a view that is not there", answer->kind);
    }
    if (tk_find(answers, view, answer->kind, ANSWERS_PER_VIEW - 1) != NULL || answers->n == TK_ANSWERS_MAX) {
        return complain(answers, RELEVO_E_LIMIT, "too many answers", answer->kind);
    }
    tk_answer *kept = &answers->items[answers->n];
    *kept = (tk_answer){.view = view}; /* fields that its writer's version has not are zero */
    memcpy(&kept->as, answer, answer->size);
    if (!take_all(answers, kept)) {
        return complain(answers, RELEVO_E_TEXT,
                        "a text is too long, empty or not UTF-8, or a number is out of range", answer->kind);
    }
    answers->n++;
    add(answers, &view, sizeof(view));
    add(answers, &answer->kind, sizeof(answer->kind));
    return RELEVO_OK;
}

static void keep_log(const relevo_sink *head, uint32_t level, relevo_str line)
{
    tk_answers *answers = ((const sink *)(const void *)head)->answers;
    if (answers->n_logs < TK_LOGS_MAX) {
        answers->logs[answers->n_logs].level = level;
        answers->logs[answers->n_logs++].line = tk_pool_text(answers->pool, line.ptr, line.len).ptr;
    }
}

static tk_answers *answers_new(tk_phase phase, uint32_t n)
{
    tk_pool *pool = tk_pool_new();
    tk_answers *answers = tk_pool_get(pool, sizeof(*answers));
    answers->pool = pool;
    answers->phase = phase;
    answers->n_views = n;
    return answers;
}

/* Calls the operation; notes its failure in answers->broken. Safe in any thread. */
static tk_answers *call(const tk *kit, tk_phase phase, const relevo_view *const *views, uint32_t n)
{
    tk_answers *answers = answers_new(phase, n);
    const sink to = {.head = {.size = sizeof(relevo_sink), .emit = emit, .log = keep_log},
                     .answers = answers};
    const relevo_plugin *p = kit->plugin;
    int32_t (*const operations[])(void *, const relevo_view *const *, uint32_t, const relevo_sink *) = {
        p->classify, p->trigger, p->respond, p->route, p->summarize, p->notify};
    if (operations[phase] == NULL) {
        complain(answers, 0, "none: the plugin has no such operation", 0);
        return answers;
    }
    int32_t result = operations[phase](kit->instance, views, n, &to.head);
    if (result != RELEVO_OK) {
        complain(answers, result, "none: the operation failed", 0);
    }
    return answers;
}

static const relevo_view *const *plain(tk_pool *pool, tk_view *const *views, uint32_t n)
{
    const relevo_view **list = tk_pool_get(pool, n * sizeof(*list));
    for (uint32_t i = 0; i < n; i++) {
        list[i] = &views[i]->view;
    }
    return list;
}

static const tk_answers *checked(tk *kit, tk_answers *answers)
{
    tk_pool_own(kit->pool, answers->pool);
    if (answers->broken[0] != '\0') {
        fail_msg("%s: %s", kit->plugin->name, answers->broken);
    }
    return answers;
}

const tk_answers *tk_run(tk *kit, tk_phase phase, tk_view *const *views, uint32_t n)
{
    assert_true(phase < TK_ON_RESULT);
    return checked(kit, call(kit, phase, plain(kit->pool, views, n), n));
}

typedef struct worker {
    pthread_t thread;
    const tk *kit;
    const relevo_view *const *views;
    const tk_answers *expected;
    tk_phase phase;
    uint32_t n;
    unsigned wrong;
} worker;

static void *work(void *argument)
{
    worker *w = argument;
    for (int i = 0; i < ROUNDS; i++) {
        tk_answers *answers = call(w->kit, w->phase, w->views, w->n);
        w->wrong += answers->sum == w->expected->sum && answers->broken[0] == '\0' ? 0 : 1;
        tk_pool_free(answers->pool);
    }
    return NULL;
}

void tk_run_threads(tk *kit, tk_phase phase, tk_view *const *views, uint32_t n)
{
    const tk_answers *expected = tk_run(kit, phase, views, n);
    const relevo_view *const *list = plain(kit->pool, views, n);
    worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.kit = kit, .views = list, .expected = expected, .phase = phase, .n = n};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    unsigned wrong = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        wrong += workers[i].wrong;
    }
    assert_int_equal(wrong, 0);
}

const tk_answers *tk_result(tk *kit, tk_view *view, uint32_t status, const char *context, const char *body)
{
    const relevo_result result = {.size = sizeof(result),
                                  .status = status,
                                  .effect_id = tk_text(kit, "0198c0de-0000-7000-8000-0000000000ef"),
                                  .context = tk_text(kit, context),
                                  .body = tk_text(kit, body),
                                  .error = tk_text(kit, status == 0 ? "connection refused" : NULL)};
    const relevo_result *results[] = {&result};
    tk_answers *answers = answers_new(TK_ON_RESULT, 1);
    const sink to = {.head = {.size = sizeof(relevo_sink), .emit = emit, .log = keep_log},
                     .answers = answers};
    const relevo_view *const views[] = {&view->view};
    if (kit->plugin->on_result == NULL) {
        complain(answers, 0, "none: the plugin has no on_result", 0);
    } else if (kit->plugin->on_result(kit->instance, views, results, 1, &to.head) != RELEVO_OK) {
        complain(answers, 0, "none: on_result failed", 0);
    }
    return checked(kit, answers);
}

typedef struct intent_list {
    relevo_intents to;
    char *told;
} intent_list;

static void put_intent(const relevo_intents *to, const char *what, relevo_str intent, relevo_str where)
{
    const intent_list *list = (const intent_list *)(const void *)to; /* its first member */
    size_t len = strlen(list->told);
    assert_true(intent.len > 0);
    (void)snprintf(list->told + len, TK_SHOWN_SIZE - len, "%s %.*s%s%.*s\n", what, (int)intent.len, intent.ptr, where.len ? " at " : "",
                   (int)where.len, where.len ? where.ptr : "");
}

static void put_read(const relevo_intents *to, relevo_str intent)
{
    put_intent(to, "reads", intent, (relevo_str){NULL, 0});
}

static void put_awaited(const relevo_intents *to, relevo_str intent, relevo_str where)
{
    put_intent(to, "awaits", intent, where);
}

static void put_begun(const relevo_intents *to, relevo_str choice)
{
    put_intent(to, "begins", choice, (relevo_str){NULL, 0});
}

static void put_run(const relevo_intents *to, relevo_str flow)
{
    put_intent(to, "runs", flow, (relevo_str){NULL, 0});
}

static void put_heard(const relevo_intents *to, relevo_str entry)
{
    put_intent(to, "hears", entry, (relevo_str){NULL, 0});
}

void tk_intents(tk *kit, char told[TK_SHOWN_SIZE])
{
    const intent_list list = {{.size = sizeof(relevo_intents), .reads = put_read, .awaits = put_awaited, .begins = put_begun, .runs = put_run,
                               .hears = put_heard},
                              told};
    told[0] = '\0';
    assert_non_null(kit->plugin->intents);
    kit->plugin->intents(kit->instance, &list.to);
}
