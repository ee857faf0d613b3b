/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plugin for the host's tests. It says what it sees (`respond` replies with a description of its view) and
 * misbehaves as its option `mode` says. It sees plugin.h only, as every plugin. It must never be installed.
 */
#include <relevo/plugin.h>

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LABEL,
    MODE,
    NUMBER,
    RATIO,
    FLAG,
    WAIT,
    WHERE,
    WORDS,
    TREE,
    KEY,
    OPTIONS
};
enum {
    TEXT_SIZE = 8192
};

/* How many instances live: the tests look at it to see that each is destroyed once. */
RELEVO_EXPORT int probe_live;

typedef struct probe {
    char mode[32];
    char bound[TEXT_SIZE]; /* every option as it arrived */
} probe;

#define OPTION(t, f, n, i, lo, hi, h)                                                                        \
    {                                                                                                        \
        .size = sizeof(relevo_option), .type = (t), .flags = (f), .name = (n), .initial = (i), .min = (lo),  \
        .max = (hi), .help = (h)                                                                             \
    }

static const relevo_option options[OPTIONS] = {
    [LABEL] = OPTION(RELEVO_OPTION_STRING, RELEVO_OPTION_REQUIRED, "label", NULL, 0, 0, "What it is called."),
    [MODE] = OPTION(RELEVO_OPTION_STRING, 0, "mode", "good", 0, 0, "How it behaves."),
    [NUMBER] = OPTION(RELEVO_OPTION_INTEGER, 0, "number", "3", 1, 10, "A whole number."),
    [RATIO] = OPTION(RELEVO_OPTION_REAL, 0, "ratio", "0.5", 0, 1, "A number."),
    [FLAG] = OPTION(RELEVO_OPTION_BOOLEAN, 0, "flag", "true", 0, 0, "A choice."),
    [WAIT] = OPTION(RELEVO_OPTION_DURATION, 0, "wait", "90s", 0, 3600000, "A time."),
    [WHERE] = OPTION(RELEVO_OPTION_PATH, 0, "where", "here.txt", 0, 0, "A file."),
    [WORDS] = OPTION(RELEVO_OPTION_LIST, 0, "words", "[\"a\", \"b\"]", 0, 0, "Some texts."),
    [TREE] = OPTION(RELEVO_OPTION_JSON, 0, "tree", "{\"x\": [1, true]}", 0, 0, "Anything."),
    [KEY] = OPTION(RELEVO_OPTION_STRING, RELEVO_OPTION_SECRET, "key", NULL, 0, 0, "A secret."),
};

/* Appends to a text of TEXT_SIZE bytes; what does not fit is left out. */
__attribute__((format(printf, 2, 3))) static void add(char *text, const char *fmt, ...)
{
    size_t len = strlen(text);
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text + len, TEXT_SIZE - len, fmt, ap);
    va_end(ap);
}

#define S(s) (int)(s).len, (s).len ? (s).ptr : ""

static relevo_str str(const char *z)
{
    return (relevo_str){z, strlen(z)};
}

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    if (strcmp(values[MODE].text.ptr, "refuse") == 0) {
        (void)snprintf(error, error_size, "the label is wrong\nchange it");
        return RELEVO_E_FAILED;
    }
    if (strcmp(values[MODE].text.ptr, "mute") == 0)
        return RELEVO_E_FAILED;
    probe *p = calloc(1, sizeof(*p));
    if (!p)
        return RELEVO_E_FAILED;
    (void)snprintf(p->mode, sizeof(p->mode), "%s", values[MODE].text.ptr);
    for (int i = 0; i < OPTIONS; i++) {
        const relevo_value *v = &values[i];
        add(p->bound, "%s=%s%lld|%g|%s", options[i].name, v->given ? "!" : "", (long long)v->integer, v->real,
            v->text.ptr);
        for (uint64_t j = 0; j < v->n_list; j++)
            add(p->bound, ",%s", v->list[j].ptr);
        add(p->bound, "\n");
    }
    (void)__atomic_add_fetch(&probe_live, 1, __ATOMIC_SEQ_CST);
    *ret_instance = p;
    return RELEVO_OK;
}

static void destroy(void *instance)
{
    (void)__atomic_sub_fetch(&probe_live, 1, __ATOMIC_SEQ_CST);
    free(instance);
}

static int32_t classify(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    for (uint32_t i = 0; i < n; i++) {
        const relevo_answer_reading reading = {.head = {sizeof(reading), RELEVO_ANSWER_READING},
                                               .reading = {.size = sizeof(relevo_reading),
                                                           .language = RELEVO_STR("es"),
                                                           .intent = RELEVO_STR("refund"),
                                                           .confidence = 0.9,
                                                           .sentiment = -0.5}};
        const relevo_answer_slot slot = {
            .head = {sizeof(slot), RELEVO_ANSWER_SLOT}, .name = RELEVO_STR("order"), .value = RELEVO_STR("48213"), .amends = 1};
        const relevo_answer_memory memory = {{sizeof(memory), RELEVO_ANSWER_MEMORY},
                                             RELEVO_STR("v1\0classified")};
        if (!views[i]->message || sink->emit(sink, i, &reading.head) || sink->emit(sink, i, &slot.head) ||
            sink->emit(sink, i, &memory.head))
            return RELEVO_E_FAILED;
    }
    return RELEVO_OK;
}

/* In one batch, answers about the last view first. */
static int32_t trigger(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    const probe *p = instance;
    for (uint32_t i = n; i > 0; i--) {
        const relevo_answer_trigger t = {
            .head = {sizeof(t), RELEVO_ANSWER_TRIGGER}, .score = 0.7, .evidence = views[i - 1]->message->text,
            .reason = RELEVO_STR("It said so."), .asked = 1, .unless_answered = 0.7};
        if (sink->emit(sink, i - 1, &t.head))
            return RELEVO_E_FAILED;
        relevo_str text = views[i - 1]->message->text;
        if (strcmp(p->mode, "poison") == 0 && text.len == 6 && memcmp(text.ptr, "poison", 6) == 0)
            return RELEVO_E_FAILED;
    }
    sink->log(sink, RELEVO_LOG_DEBUG, str("triggered"));
    return strcmp(p->mode, "fail") == 0 ? RELEVO_E_FAILED : RELEVO_OK;
}

static void describe_lists(const relevo_view *v, char *text)
{
    for (uint32_t i = 0; i < v->n_turns; i++)
        add(text, "turn %u %.*s at %lld\n", v->turns[i]->by, S(v->turns[i]->text),
            (long long)v->turns[i]->at_ms);
    for (uint32_t i = 0; i < v->n_slots; i++)
        add(text, "slot %.*s=%.*s from %.*s%s%.*s\n", S(v->slots[i]->name), S(v->slots[i]->value),
            S(v->slots[i]->message_id), v->slots[i]->was.len ? " was " : "", S(v->slots[i]->was));
    for (uint32_t i = 0; i < v->n_fired; i++)
        add(text, "fired %.*s %g %.*s%s%s\n", S(v->fired[i]->trigger), v->fired[i]->score,
            S(v->fired[i]->evidence), v->fired[i]->chosen ? " chosen" : "", v->fired[i]->tells ? " tells" : "");
    for (uint32_t i = 0; i < v->n_past; i++)
        add(text, "past %lld-%lld %u %.*s because %.*s by %.*s: %.*s, %d\n", (long long)v->past[i]->at_ms, (long long)v->past[i]->ended_ms,
            v->past[i]->ended, S(v->past[i]->trigger), S(v->past[i]->reason), S(v->past[i]->agent), S(v->past[i]->note), v->past[i]->score);
    if (v->ending)
        add(text, "ending since %lld answered %lld by %.*s (%.*s): %.*s\n", (long long)v->ending->began_ms,
            (long long)v->ending->answered_ms, S(v->ending->agent), S(v->ending->agent_name), S(v->ending->note));
}

static void describe(const relevo_view *v, char *text)
{
    text[0] = '\0';
    add(text, "owner %u at %lld\nid %.*s number %.*s customer %.*s (%.*s) language %.*s\n", v->owner,
        (long long)v->at_ms, S(v->conversation_id), S(v->phone_number_id), S(v->customer_id),
        S(v->customer_name), S(v->language));
    if (v->message)
        add(text, "message %.*s %.*s: %.*s reply %.*s media %.*s sent %lld\n", S(v->message->id),
            S(v->message->type), S(v->message->text), S(v->message->reply), S(v->message->media),
            (long long)v->message->sent_ms);
    if (v->message && RELEVO_HAS(v->message, wordless) && v->message->wordless.len)
        add(text, "wordless %.*s\n", S(v->message->wordless));
    if (v->reading)
        add(text, "reading %.*s %.*s %g %g %g %g %g\n", S(v->reading->language), S(v->reading->intent),
            v->reading->confidence, v->reading->out_of_scope, v->reading->sentiment, v->reading->anger,
            v->reading->wants_person);
    add(text, "digest %u %u %u open %.*s tried", v->digest->messages, v->digest->misses, v->digest->repeats,
        S(v->digest->open_question));
    for (uint32_t i = 0; i < v->digest->n_tried; i++)
        add(text, " %.*s", S(v->digest->tried[i]));
    add(text, " trend");
    for (uint32_t i = 0; i < v->digest->n_trend; i++)
        add(text, " %g", v->digest->trend[i]);
    add(text, "\n");
    if (v->handoff)
        add(text, "handoff %u %.*s %g because %.*s: %.*s to %.*s\n", v->handoff->priority,
            S(v->handoff->trigger), v->handoff->score, S(v->handoff->reason), S(v->handoff->evidence),
            S(v->handoff->team));
    describe_lists(v, text);
    for (uint32_t i = 0; RELEVO_HAS(v, n_tags) && i < v->n_tags; i++)
        add(text, "tag %.*s\n", S(v->tags[i]));
    add(text, "memory %llu%s\n", (unsigned long long)v->memory.len, RELEVO_HAS(v, may_hold) && v->may_hold ? " may hold" : "");
}

/* Breaks each rule once, then keeps them; what emit returned goes into the last answer. */
static void be_rude(const relevo_sink *sink, uint32_t view)
{
    char long_text[20000], said[TEXT_SIZE] = "";
    memset(long_text, 'x', sizeof(long_text));
    relevo_answer_reply reply = {
        .head = {sizeof(reply), RELEVO_ANSWER_REPLY}, .confidence = 0.5, .text = RELEVO_STR("good")};
    relevo_answer_card card = {{sizeof(card), RELEVO_ANSWER_CARD}, RELEVO_STR("why"), RELEVO_STR("x"), {0}};
    add(said, "%d", sink->emit(sink, view, &card.head));
    add(said, " %d", sink->emit(sink, view + 1000, &reply.head));
    reply.text = (relevo_str){long_text, sizeof(long_text)};
    add(said, " %d", sink->emit(sink, view, &reply.head));
    reply.text = str("good");
    reply.head.size = 12;
    add(said, " %d", sink->emit(sink, view, &reply.head));
    reply.head.size = sizeof(reply);
    reply.text = str("\xff\xfe");
    add(said, " %d", sink->emit(sink, view, &reply.head));
    reply.text = str("good");
    reply.confidence = NAN;
    add(said, " %d", sink->emit(sink, view, &reply.head));
    reply.confidence = 1;
    reply.text = str(said);
    add(said, " %d", sink->emit(sink, view, &reply.head));
}

static int32_t be_huge(const relevo_sink *sink, uint32_t n)
{
    char *body = calloc(1, 60000);
    if (!body)
        return RELEVO_E_FAILED;
    memset(body, 'x', 60000);
    relevo_answer_effect effect = {.head = {sizeof(effect), RELEVO_ANSWER_EFFECT},
                                   .destination = RELEVO_STR("crm"),
                                   .method = RELEVO_STR("POST"),
                                   .body = {body, 60000}};
    for (uint32_t i = 0; i < n; i++)
        (void)sink->emit(sink, i, &effect.head);
    free(body);
    return RELEVO_OK;
}

static int32_t respond(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    const probe *p = instance;
    if (strcmp(p->mode, "huge") == 0)
        return be_huge(sink, n);
    for (uint32_t i = 0; i < n; i++) {
        char text[TEXT_SIZE] = "";
        if (strcmp(p->mode, "rude") == 0) {
            be_rude(sink, i);
            continue;
        }
        if (strcmp(p->mode, "bound") == 0)
            add(text, "%s", p->bound);
        else
            describe(views[i], text);
        const relevo_answer_reply reply = {.head = {sizeof(reply), RELEVO_ANSWER_REPLY},
                                           .confidence = 0.8,
                                           .text = str(text),
                                           .source = RELEVO_STR("kb#1")};
        if (sink->emit(sink, i, &reply.head))
            return RELEVO_E_FAILED;
    }
    return RELEVO_OK;
}

static int32_t route(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    (void)views;
    const relevo_str skills[] = {RELEVO_STR("refunds"), RELEVO_STR("es")};
    for (uint32_t i = 0; i < n; i++) {
        const relevo_answer_route r = {.head = {sizeof(r), RELEVO_ANSWER_ROUTE},
                                       .priority = 7,
                                       .rank = RELEVO_RANK_LONGEST_IDLE,
                                       .team = RELEVO_STR("billing"),
                                       .language = RELEVO_STR("es"),
                                       .skills = skills,
                                       .n_skills = 2};
        if (sink->emit(sink, i, &r.head))
            return RELEVO_E_FAILED;
    }
    return RELEVO_OK;
}

static int32_t summarize(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    for (uint32_t i = 0; i < n; i++) {
        char text[TEXT_SIZE];
        describe(views[i], text);
        const relevo_answer_card card = {
            {sizeof(card), RELEVO_ANSWER_CARD}, RELEVO_STR("why"), str(text), RELEVO_STR("wamid.1")};
        if (sink->emit(sink, i, &card.head))
            return RELEVO_E_FAILED;
    }
    return RELEVO_OK;
}

static int32_t notify(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    for (uint32_t i = 0; i < n; i++) {
        const relevo_answer_effect e = {.head = {sizeof(e), RELEVO_ANSWER_EFFECT},
                                        .timeout_ms = 1500,
                                        .destination = RELEVO_STR("crm"),
                                        .method = RELEVO_STR("POST"),
                                        .path = RELEVO_STR("/leads"),
                                        .content_type = RELEVO_STR("application/json"),
                                        .body = views[i]->amended  ? (relevo_str)RELEVO_STR("amended")
                                                : views[i]->n_card ? views[i]->card[0]->name : (relevo_str)RELEVO_STR("{}"),
                                        .context = RELEVO_STR("v1 lead")};
        if (sink->emit(sink, i, &e.head))
            return RELEVO_E_FAILED;
    }
    return RELEVO_OK;
}

static int32_t on_result(void *instance, const relevo_view *const *views, const relevo_result *const *results,
                         uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    (void)views;
    for (uint32_t i = 0; i < n; i++) {
        const relevo_result *r = results[i];
        char text[TEXT_SIZE] = "";
        add(text, "%u %.*s %.*s %.*s %.*s", r->status, S(r->effect_id), S(r->context), S(r->body),
            S(r->error));
        const relevo_answer_reply reply = {
            .head = {sizeof(reply), RELEVO_ANSWER_REPLY}, .confidence = 1, .text = str(text)};
        if (sink->emit(sink, i, &reply.head))
            return RELEVO_E_FAILED;
    }
    return RELEVO_OK;
}

static int32_t tool(int32_t argc, const char *const *argv)
{
    return strcmp(argv[0], "probe") == 0 && argv[argc] == NULL ? 40 + argc : 1;
}

/* In mode "waits" it waits for two that nobody reads and for a result of nobody, in any other it reads some, and begins some. */
static void intents(void *instance, const relevo_intents *to)
{
    const probe *p = instance;
    if (strcmp(p->mode, "waits") != 0) {
        to->reads(to, str("refund"));
        to->reads(to, str("order"));
        to->reads(to, str("a\nb"));
        to->begins(to, str("flow:order"));
        to->begins(to, str("more"));
        to->runs(to, str("order"));
        return;
    }
    to->awaits(to, str("order"), str(""));
    to->awaits(to, str("refnud"), str(""));
    to->awaits(to, str("parking"), str("flows.yaml:7"));
    to->hears(to, str("waits"));
    to->hears(to, str("wait"));
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    .magic = RELEVO_PLUGIN_MAGIC,
    .abi_major = RELEVO_ABI_MAJOR,
    .abi_minor = RELEVO_ABI_MINOR,
    .size = sizeof(relevo_plugin),
    .name = "probe",
    .version = "1.2.3",
    .summary = "Says what it sees.",
    .kind = RELEVO_KIND_RESPONDER,
    .n_options = OPTIONS,
    .options = options,
    .create = create,
    .destroy = destroy,
    .classify = classify,
    .trigger = trigger,
    .respond = respond,
    .route = route,
    .summarize = summarize,
    .notify = notify,
    .on_result = on_result,
    .tool = tool,
    .intents = intents,
};
