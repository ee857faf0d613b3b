/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The llm plugin: lets a language model answer from the business's articles, behind any endpoint that speaks OpenAI's chat completions.
 * The message waits for it (hold_ms); without a good answer in time everything is as if the plugin were not there. It must never say a
 * thing that it could not check (said.c), nor let personal data out (hide.c).
 */
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "text/asker.h"

enum { SENTENCES_MAX = 3, BYTES_PER_TOKEN = 3, BYTES_PER_TOKEN_MOST = 8 /* of a text as a whole no tokenizer has more */ };

enum {
    OPTION_ENOUGH = RLT_ASKER_OPTIONS,
    OPTION_LEAST,
    OPTION_CONFIDENCE,
    OPTION_INSTRUCTIONS,
    OPTION_MAX_TOKENS,
    OPTION_SCHEMA,
    OPTION_BUDGET_TOKENS,
    OPTION_BUDGET_MONEY,
    OPTION_PRICE_IN,
    OPTION_PRICE_OUT,
    N_OPTIONS
};

static const relevo_option options[N_OPTIONS] = {
    RLT_ASKER_ROWS("/v1/chat/completions", "12s"),
    RLT_OPTION(REAL, "enough", "An article that is as near as this answers by itself, and the model is not asked; 1: it is always asked.", .initial = "0.75",
               .min = 0, .max = 1),
    RLT_OPTION(REAL, "least", "Where no article is as near as this the model is not asked: it would have nothing to answer from.",
               .initial = "0.1", .min = 0, .max = 1),
    RLT_OPTION(REAL, "confidence", "Of its replies, beside those of other responders.", .initial = "0.9", .min = 0, .max = 1),
    RLT_OPTION(STRING, "instructions", "Said to the model besides: tone, form of address, what to do about prices.", .initial = ""),
    RLT_OPTION(INTEGER, "max_tokens", "Of one answer.", .initial = "300", .min = 16, .max = 4096, .unit = "tokens"),
    RLT_OPTION(BOOLEAN, "schema", "Sends a JSON schema for the output (response_format); false for endpoints that refuse it.",
               .initial = "true"),
    RLT_OPTION(INTEGER, "budget_tokens", "Tokens that a conversation may cost until it is returned to the bot; 0: any.", .initial = "20000",
               .min = 0, .max = 1e9, .unit = "tokens"),
    RLT_OPTION(REAL, "budget_money", "The same in money, by the prices below; 0: any.", .initial = "0", .min = 0, .max = 1e6),
    RLT_OPTION(REAL, "price_in", "Price of a million tokens of the request.", .initial = "0", .min = 0, .max = 1e6),
    RLT_OPTION(REAL, "price_out", "Price of a million tokens of the answer.", .initial = "0", .min = 0, .max = 1e6),
};

typedef struct llm {
    rlt_asker asker;
    rlt_finder *finder;
    llm_manner manner;
    char *instructions;
    int64_t budget_tokens;
    double enough, least, confidence, budget_money, price_in, price_out;
} llm;

static void destroy(void *instance)
{
    llm *self = instance;
    if (!self)
        return;
    rlt_asker_clear(&self->asker);
    rlt_finder_free(self->finder);
    free(self->instructions);
    free(self);
}

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    rlt_error failure = {.line = "out of memory"};
    llm *made = calloc(1, sizeof *made);
    if (!made || !rlt_asker_make(values, &made->asker, &failure) || !(made->finder = rlt_finder_new()) ||
        !(made->instructions = strdup(values[OPTION_INSTRUCTIONS].text.ptr))) {
        (void)snprintf(error, error_size, "%s", failure.line);
        destroy(made);
        return RELEVO_E_FAILED;
    }
    made->manner = (llm_manner){.model = made->asker.model,
                                .instructions = made->instructions,
                                .max_tokens = values[OPTION_MAX_TOKENS].integer,
                                .schema = values[OPTION_SCHEMA].integer != 0};
    made->budget_tokens = values[OPTION_BUDGET_TOKENS].integer;
    made->budget_money = values[OPTION_BUDGET_MONEY].real;
    made->price_in = values[OPTION_PRICE_IN].real;
    made->price_out = values[OPTION_PRICE_OUT].real;
    made->enough = values[OPTION_ENOUGH].real;
    made->least = values[OPTION_LEAST].real;
    made->confidence = values[OPTION_CONFIDENCE].real;
    if (made->budget_money > 0 && made->price_in <= 0 && made->price_out <= 0) {
        (void)snprintf(error, error_size, "`budget_money` needs `price_in` and `price_out`: without them nothing costs anything");
        destroy(made);
        return RELEVO_E_FAILED;
    }
    *ret_instance = made;
    return RELEVO_OK;
}

/* ---- the budget: in the plugin's memory of the conversation ---- */

/* Tokens so far, and those of the request under way, which count in full until its answer says better. */
typedef struct account {
    int64_t in, out, under_way_in, under_way_out;
} account;

static account read_account(relevo_str memory)
{
    account a = {0};
    char text[128];
    long long n[4];
    if (memory.len == 0 || memory.len >= sizeof text)
        return a;
    memcpy(text, memory.ptr, (size_t)memory.len);
    text[memory.len] = '\0';
    if (sscanf(text, "1 %lld %lld %lld %lld", &n[0], &n[1], &n[2], &n[3]) == 4)
        a = (account){n[0], n[1], n[2], n[3]};
    return a;
}

static int32_t keep_account(const account *a, const relevo_sink *sink, uint32_t view)
{
    char text[128];
    (void)snprintf(text, sizeof text, "1 %lld %lld %lld %lld", (long long)a->in, (long long)a->out, (long long)a->under_way_in,
                   (long long)a->under_way_out);
    const relevo_answer_memory memory = {.head = {sizeof memory, RELEVO_ANSWER_MEMORY}, .bytes = rlt_str(text)};
    return sink->emit(sink, view, &memory.head);
}

/* The request under way as if it had cost all that it may. */
static bool affordable(const llm *self, const account *a)
{
    int64_t in = a->in + a->under_way_in, out = a->out + a->under_way_out;
    double money = ((double)in * self->price_in + (double)out * self->price_out) / 1e6;
    return (self->budget_tokens == 0 || in + out <= self->budget_tokens) && (self->budget_money <= 0 || money <= self->budget_money);
}

/* ---- what it may answer from ---- */

static void offer(llm_given *given, const rlt_article *article)
{
    for (size_t i = 0; article && i < given->n; i++)
        if (rlt_equal(given->articles[i]->id, article->id))
            return;
    if (article && !article->smalltalk && given->n < LLM_ARTICLES_MAX)
        given->articles[given->n++] = article;
}

/* What was said last may have been of several articles. */
static void offer_last(const llm *self, const relevo_digest *digest, llm_given *given)
{
    relevo_str rest = digest->n_tried ? digest->tried[digest->n_tried - 1] : (relevo_str){NULL, 0};
    while (rest.len) {
        const char *space = memchr(rest.ptr, ' ', rest.len);
        relevo_str id = {rest.ptr, space ? (uint64_t)(space - rest.ptr) : rest.len};
        uint64_t used = id.len + (space ? 1 : 0);
        offer(given, rlt_kb_find(&self->asker.kb, id, given->asking.language));
        rest = (relevo_str){rest.ptr + used, rest.len - used};
    }
}

static bool search(const llm *self, rlt_work *work, const rlt_doc *doc, const rlt_asking *asking, llm_given *given, double *ret_score)
{
    rlt_found found;
    if (!rlt_search(self->asker.index, work, doc, asking, &found))
        return false;
    offer(given, found.best);
    offer(given, found.second);
    if (ret_score && found.best && !found.best->smalltalk)
        *ret_score = found.score;
    return true;
}

/* The articles nearest to the message, to its sentences, and what was said last; for a result the same as when it was asked for. False: out
   of memory. */
static bool gather(const llm *self, rlt_work *work, const relevo_view *view, const relevo_result *result, llm_given *given, double *ret_score)
{
    relevo_str sentences[SENTENCES_MAX];
    rlt_doc doc, part;
    *given = (llm_given){.message = view->message->text, .hidden = {.finder = self->finder}};
    *ret_score = 0;
    rlt_work_reset(work);
    if (rlt_read(work, view->message->text, &doc) != RLT_OK)
        return false;
    given->asking = result ? rlt_asker_asked(&self->asker, view, result->context) : rlt_asker_asking(&self->asker, view, &doc);
    const rlt_asking of_part = {.language = given->asking.language, .day = given->asking.day}; /* the intent is that of the whole */
    if (!search(self, work, &doc, &given->asking, given, ret_score))
        return false;
    size_t n = rlt_sentences(&doc, sentences, SENTENCES_MAX);
    for (size_t i = 0; n > 1 && i < n; i++)
        if (rlt_read(work, sentences[i], &part) != RLT_OK || !search(self, work, &part, &of_part, given, NULL))
            return false;
    offer_last(self, view->digest, given);
    return true;
}

/* ---- asking ---- */

static int32_t ask(const llm *self, const relevo_view *view, llm_given *given, uint32_t i, const relevo_sink *sink)
{
    account a = read_account(view->memory);
    char *body = llm_ask(&self->manner, view, given);
    if (!body)
        return RELEVO_E_FAILED;
    a = (account){.in = a.in + a.under_way_in, /* one whose answer never came may have cost it all */
                  .out = a.out + a.under_way_out,
                  .under_way_in = (int64_t)(strlen(body) / BYTES_PER_TOKEN) + 1,
                  .under_way_out = self->manner.max_tokens};
    int32_t code = RELEVO_OK;
    if (affordable(self, &a)) {
        code = rlt_asker_ask(&self->asker, body, &given->asking, i, sink);
        if (code == RELEVO_OK)
            code = keep_account(&a, sink, i);
        if (code == RELEVO_E_LIMIT) { /* articles longer than a request may be */
            sink->log(sink, RELEVO_LOG_WARN, rlt_str("a request is too long and was not made: shorten the articles"));
            code = RELEVO_OK;
        }
    }
    free(body);
    return code;
}

static int32_t respond(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    const llm *self = instance;
    rlt_work *work = rlt_work_new();
    int32_t code = work ? RELEVO_OK : RELEVO_E_FAILED;
    for (uint32_t i = 0; code == RELEVO_OK && i < n; i++) {
        const relevo_view *view = views[i];
        llm_given given;
        double score;
        if (!rlt_asker_may(view) || rlt_asker_awaited(view, work))
            continue;
        if (!gather(self, work, view, NULL, &given, &score))
            code = RELEVO_E_FAILED;
        else if (given.n && score >= self->least && (score < self->enough || self->enough >= 1))
            code = ask(self, view, &given, i, sink);
        rlt_hidden_clear(&given.hidden);
    }
    rlt_work_free(work);
    return code;
}

/* ---- its answer ---- */

static int32_t abstain(const relevo_sink *sink, uint32_t i, const char *why)
{
    const relevo_answer_abstain answer = {.head = {sizeof answer, RELEVO_ANSWER_ABSTAIN}, .reason = rlt_str(why)};
    char line[200];
    (void)snprintf(line, sizeof line, "an answer is not used: %s", why);
    sink->log(sink, RELEVO_LOG_WARN, rlt_str(line));
    return sink->emit(sink, i, &answer.head);
}

static int32_t speak(const llm *self, const llm_said *said, const llm_given *given, uint32_t i, const relevo_sink *sink)
{
    static const char *const reasons[RLT_LANGUAGES] = {
        "Los artículos no lo responden, o hace falta una persona.", "Los artículos no lo responden, o hace falta una persona.",
        "Os artigos não respondem, ou é preciso uma pessoa.", "The articles do not answer it, or a person is needed."};
    if (said->action == LLM_HANDOFF) {
        const relevo_answer_trigger trigger = {
            .head = {sizeof trigger, RELEVO_ANSWER_TRIGGER}, .score = 1, .reason = rlt_str(reasons[given->asking.language])};
        return sink->emit(sink, i, &trigger.head);
    }
    const relevo_answer_reply reply = {.head = {sizeof reply, RELEVO_ANSWER_REPLY},
                                       .confidence = self->confidence,
                                       .text = rlt_str(said->text),
                                       .source = rlt_str(*said->source ? said->source : "llm.ask"),
                                       .flags = said->action == LLM_ASK ? RELEVO_REPLY_ASKS : 0};
    return sink->emit(sink, i, &reply.head);
}

static int64_t at_least(int64_t counted, int64_t bytes)
{
    int64_t floor = bytes / BYTES_PER_TOKEN_MOST;
    return counted > floor ? counted : floor;
}

/* What it cost: as the endpoint counted, but no less than the bytes tell, or no budget would end behind one that counts nothing; without a count
   as was reserved; an error is free. */
static int32_t settle(const relevo_view *view, const relevo_result *result, const relevo_sink *sink, uint32_t i)
{
    account a = read_account(view->memory);
    int64_t in = a.under_way_in, out = a.under_way_out;
    if (result->status >= 400)
        in = out = 0;
    llm_said_usage(result->body, &in, &out);
    if (result->status < 400) {
        in = at_least(in, a.under_way_in * BYTES_PER_TOKEN);
        out = at_least(out, (int64_t)llm_said_content(result->body));
    }
    a = (account){.in = a.in + in, .out = a.out + out};
    return keep_account(&a, sink, i);
}

static int32_t on_result(void *instance, const relevo_view *const *views, const relevo_result *const *results, uint32_t n,
                         const relevo_sink *sink)
{
    const llm *self = instance;
    rlt_work *work = rlt_work_new();
    int32_t code = work ? RELEVO_OK : RELEVO_E_FAILED;
    for (uint32_t i = 0; code == RELEVO_OK && i < n; i++) {
        llm_given given;
        llm_said said = {.text = NULL};
        double score;
        const char *why = "the endpoint gave no answer";
        if (!views[i]->message) /* nothing waits for it */
            continue;
        code = settle(views[i], results[i], sink, i);
        if (code != RELEVO_OK)
            break;
        if (!gather(self, work, views[i], results[i], &given, &score) || !llm_ask_again(views[i], &given))
            code = RELEVO_E_FAILED;
        else if (results[i]->status != 200 || !llm_said_read(results[i]->body, &given, &said, &why))
            code = abstain(sink, i, results[i]->status == 200 || results[i]->status == 0 ? why : "the endpoint answered with an error");
        else
            code = speak(self, &said, &given, i, sink);
        free(said.text);
        rlt_hidden_clear(&given.hidden);
    }
    rlt_work_free(work);
    return code;
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    .magic = RELEVO_PLUGIN_MAGIC,
    .abi_major = RELEVO_ABI_MAJOR,
    .abi_minor = RELEVO_ABI_MINOR,
    .size = sizeof(relevo_plugin),
    .name = "llm",
    .version = RELEVO_VERSION,
    .summary = "Lets a language model answer from the business's articles, checked, within a budget; without it nothing changes.",
    .kind = RELEVO_KIND_RESPONDER,
    .n_options = N_OPTIONS,
    .options = options,
    .create = create,
    .destroy = destroy,
    .respond = respond,
    .on_result = on_result,
};
