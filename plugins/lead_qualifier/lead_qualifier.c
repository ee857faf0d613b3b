/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lead_qualifier plugin: asks customers what a business wants to know, one question at a time, takes what they say in
 * whatever order, and scores leads. What it says is the business's own YAML, and a few words of words.c; it must never
 * say a fact.
 */
#include "advance.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIDENCE_TAKEN 1.0  /* something was learned: the message was for us */
#define CONFIDENCE_START 0.7  /* a better answer comes first, and the question behind it */
#define CONFIDENCE_AGAIN 0.55 /* nothing was: an article that fits well is what was meant */
#define TEXT_MAX         4096u
#define SHOWN            8u /* values that a reason names */

enum {
    OPTION_FLOWS,
    OPTION_COUNTRY,
    OPTION_UTC_OFFSET,
    N_OPTIONS
};

#define OPTION_SIZE (uint32_t)sizeof(relevo_option)

static const relevo_option options[N_OPTIONS] = {
    {.size = OPTION_SIZE,
     .type = RELEVO_OPTION_PATH,
     .flags = RELEVO_OPTION_REQUIRED,
     .name = "flows",
     .help = "YAML file with the question flows."},
    {.size = OPTION_SIZE,
     .type = RELEVO_OPTION_STRING,
     .name = "country",
     .help = "Country whose telephone numbers, tax ids, currency and dates customers write, like MX; without it that of the "
             "customer's own number."},
    {.size = OPTION_SIZE,
     .type = RELEVO_OPTION_REAL,
     .name = "utc_offset",
     .min = -12,
     .max = 14,
     .unit = "hours",
     .help = "Hours from UTC at the business, for words like 'tomorrow'; without it the country's."},
};

/* ---- instance ---- */

static void destroy(void *instance)
{
    lq_business *self = instance;
    if (!self)
        return;
    lq_flows_clear(&self->flows);
    lq_words_clear(&self->words);
    rlt_finder_free(self->finder);
    free(self);
}

static int32_t create(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size)
{
    rlt_error failure = {.line = "out of memory"};
    relevo_str country = values[OPTION_COUNTRY].text;
    lq_business *made = calloc(1, sizeof *made);
    bool good = made && lq_words_make(&made->words) && (made->finder = rlt_finder_new()) != NULL;
    if (good) {
        made->utc_offset = values[OPTION_UTC_OFFSET].given ? values[OPTION_UTC_OFFSET].real : NAN;
        made->country = rlt_country_from(country);
        if (country.len > 0 && !*made->country)
            good = rlt_fail(&failure, "`country` '%.20s' is not known; use AR BO BR CL CO CR EC ES GT MX PE PT PY US UY or VE",
                            country.ptr);
    }
    if (!good || !lq_flows_load(values[OPTION_FLOWS].text.ptr, &made->flows, &failure)) {
        (void)snprintf(error, (size_t)error_size, "%s", failure.line);
        destroy(made);
        return RELEVO_E_FAILED;
    }
    *ret_instance = made;
    return RELEVO_OK;
}

/* ---- texts ---- */

typedef struct text_writer {
    char bytes[TEXT_MAX];
    size_t len;
} text_writer;

static void put(text_writer *out, relevo_str text)
{
    text = rlt_cut(text, sizeof out->bytes - out->len);
    if (text.len > 0)
        memcpy(out->bytes + out->len, text.ptr, text.len);
    out->len += text.len;
}

/* What the customer sees of a value: of a choice its title. */
static relevo_str shown(const lq_slot *slot, relevo_str value, rlt_language language)
{
    const lq_choice *choice = lq_choice_find(slot, value);
    return choice ? lq_say(&choice->title, language) : value;
}

/* The first {slot} of a text, from *ret_open to *ret_close; NULL: none there. *ret_open may be a brace that is none. */
static const lq_slot *next_slot(relevo_str text, const lq_turn *turn, const char **ret_open, const char **ret_close)
{
    const char *open = memchr(text.ptr, '{', text.len);
    const char *close = open ? memchr(open, '}', (size_t)(text.ptr + text.len - open)) : NULL;
    *ret_open = open;
    *ret_close = close;
    return close ? lq_slot_find(turn->flow, (relevo_str){open + 1, (uint64_t)(close - open - 1)}) : NULL;
}

/* Whether a {slot} of it has no value: it was skipped. */
static bool lacks_value(relevo_str text, const lq_turn *turn)
{
    const char *open, *close;
    for (const lq_slot *slot = next_slot(text, turn, &open, &close); open; slot = next_slot(text, turn, &open, &close)) {
        if (slot && turn->values.of[slot - turn->flow->slots].len == 0)
            return true;
        const char *rest = slot ? close + 1 : open + 1;
        text = (relevo_str){rest, (uint64_t)(text.ptr + text.len - rest)};
    }
    return false;
}

/* The length of the first sentence, with the spaces behind it. */
static size_t sentence_length(relevo_str text)
{
    size_t i = 0;
    while (i < text.len && !(strchr(".!?\n", text.ptr[i]) && (i + 1 == text.len || text.ptr[i + 1] == ' ' || text.ptr[i] == '\n')))
        i++;
    for (i += i < text.len; i < text.len && text.ptr[i] == ' ';)
        i++;
    return i;
}

/* A sentence, its {slot}s filled in. */
static void put_sentence(text_writer *out, relevo_str text, const lq_turn *turn)
{
    while (text.len > 0) {
        const char *open, *close;
        const lq_slot *slot = next_slot(text, turn, &open, &close);
        size_t plain = slot ? (size_t)(open - text.ptr) : open ? (size_t)(open - text.ptr) + 1 : text.len;
        put(out, (relevo_str){text.ptr, plain});
        if (slot) {
            put(out, shown(slot, turn->values.of[slot - turn->flow->slots], turn->after.language));
            plain = (size_t)(close + 1 - text.ptr);
        }
        text = (relevo_str){text.ptr + plain, text.len - plain};
    }
}

/* A text of the business, behind what is there already, with a space between. A sentence with a {slot} that was skipped is left out: "te llega
   a ." says nothing. False: nothing was put. */
static bool put_filled(text_writer *out, relevo_str text, const lq_turn *turn)
{
    size_t begin = out->len;
    if (out->len > 0)
        put(out, (relevo_str)RELEVO_STR(" "));
    size_t before = out->len;
    for (relevo_str rest = text; rest.len > 0;) {
        size_t n = sentence_length(rest);
        if (!lacks_value((relevo_str){rest.ptr, n}, turn))
            put_sentence(out, (relevo_str){rest.ptr, n}, turn);
        rest = (relevo_str){rest.ptr + n, rest.len - n};
    }
    while (out->len > before && out->bytes[out->len - 1] == ' ')
        out->len--;
    if (out->len == before)
        out->len = begin;
    return out->len > before;
}

/* A question is put even so. */
static void put_question(text_writer *out, const lq_slot *slot, const lq_turn *turn)
{
    relevo_str text = lq_say(&slot->ask, turn->after.language);
    if (put_filled(out, text, turn))
        return;
    if (out->len > 0)
        put(out, (relevo_str)RELEVO_STR(" "));
    put_sentence(out, text, turn);
}

/* Why a value was not taken: "Tiene que ser de 10 a 100." */
static void put_limits(text_writer *out, const lq_slot *slot, rlt_language language)
{
    bool least = isfinite(slot->min), most = isfinite(slot->max);
    lq_sentence sentence = slot->type == LQ_DATE ? LQ_SAY_PAST : least && most ? LQ_SAY_BETWEEN : least ? LQ_SAY_LEAST : LQ_SAY_MOST;
    relevo_str text = lq_sentence_in(sentence, language);
    while (text.len > 0) {
        const char *mark = memchr(text.ptr, '<', text.len); /* "<": the least, ">": the most */
        const char *other = memchr(text.ptr, '>', text.len);
        if (!mark || (other && other < mark))
            mark = other;
        size_t plain = mark ? (size_t)(mark - text.ptr) : text.len;
        put(out, (relevo_str){text.ptr, plain});
        if (mark) {
            char number[RLT_VALUE_MAX];
            (void)snprintf(number, sizeof number, "%.15g", *mark == '<' ? slot->min : slot->max);
            put(out, rlt_str(number));
            plain++;
        }
        text = (relevo_str){text.ptr + plain, text.len - plain};
    }
}

static relevo_str written(const text_writer *out)
{
    return (relevo_str){out->bytes, out->len};
}

/* ---- answers ---- */

typedef struct speaker {
    const lq_turn *turn;
    const relevo_sink *sink;
    uint32_t view;
    int32_t result; /* the first failure; what follows one is left out */
} speaker;

static void emit(speaker *s, const relevo_answer *answer)
{
    if (s->result == RELEVO_OK)
        s->result = s->sink->emit(s->sink, s->view, answer);
}

/* Says a text; the choices of `slot` (may be NULL) go with it. */
static void say(speaker *s, relevo_str text, double confidence, uint32_t flags, const lq_slot *slot)
{
    const lq_flow *flow = s->turn->flow;
    rlt_language language = s->turn->after.language;
    char ids[RELEVO_CHOICES_MAX][3 * (LQ_NAME_MAX + 1) + 8], source[LQ_NAME_MAX + 8];
    relevo_choice choices[RELEVO_CHOICES_MAX];
    const relevo_choice *list[RELEVO_CHOICES_MAX];
    size_t n = slot ? slot->n_choices : 0;
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(ids[i], sizeof ids[i], "lq:%s:%s:%s", flow->id.ptr, slot->name.ptr, slot->choices[i].value.ptr);
        choices[i] = (relevo_choice){
            .size = sizeof choices[i], .id = rlt_str(ids[i]), .title = lq_say(&slot->choices[i].title, language)};
        list[i] = &choices[i];
    }
    (void)snprintf(source, sizeof source, "flow.%s", flow->id.ptr);
    relevo_str menu = {NULL, 0};
    if (n > RELEVO_BUTTONS_MAX)
        menu = lq_sentence_in(LQ_SAY_MENU, language);
    const relevo_answer_reply reply = {.head = {sizeof reply, RELEVO_ANSWER_REPLY},
                                       .confidence = confidence,
                                       .text = text,
                                       .source = rlt_str(source),
                                       .flags = flags,
                                       .n_choices = (uint32_t)n,
                                       .choices = list,
                                       .menu = menu};
    emit(s, &reply.head);
}

/* The question, taken up again behind somebody else's answer. */
static void resume(speaker *s)
{
    const lq_turn *turn = s->turn;
    const lq_slot *asked = turn->after.asked;
    text_writer out = {.len = 0};
    if (!asked)
        return;
    relevo_str own = lq_say(&turn->flow->resume, turn->after.language);
    put(&out, own.len > 0 ? own : lq_sentence_in(LQ_SAY_RESUME, turn->after.language));
    put_question(&out, asked, turn);
    say(s, written(&out), CONFIDENCE_TAKEN, RELEVO_REPLY_ASKS | RELEVO_REPLY_RESUMES, asked);
}

static void ask(speaker *s, text_writer *out, double confidence)
{
    const lq_slot *asked = s->turn->after.asked;
    if (!asked)
        return;
    put_question(out, asked, s->turn);
    say(s, written(out), confidence, RELEVO_REPLY_ASKS, asked);
}

/* To who waits for a person, when nothing is left to ask: what they said is not lost. */
static relevo_str parting(const lq_turn *turn)
{
    bool any = false;
    for (size_t i = 0; i < turn->flow->n_slots; i++)
        any = any || turn->values.of[i].len > 0;
    return lq_sentence_in(any ? LQ_SAY_COLLECTED : LQ_SAY_WAITS, turn->after.language);
}

static void reply(speaker *s)
{
    const lq_turn *turn = s->turn;
    const lq_flow *flow = turn->flow;
    rlt_language language = turn->after.language;
    relevo_str own = {NULL, 0};
    text_writer out = {.len = 0};
    bool corrected = false;
    for (size_t i = 0; i < turn->n_taken; i++)
        corrected = corrected || turn->taken[i].corrected;
    if (corrected || turn->step == LQ_AMENDED)
        put(&out, lq_sentence_in(corrected ? LQ_SAY_CORRECTED : LQ_SAY_ADDED, language));
    switch (turn->step) {
    case LQ_STARTS:
        own = lq_say(turn->returns ? &flow->resume : &flow->intro, language);
        if (turn->returns && own.len == 0)
            own = lq_sentence_in(LQ_SAY_RESUME, language);
        (void)put_filled(&out, own.len == 0 && turn->queued ? lq_sentence_in(LQ_SAY_MEANWHILE, language) : own, turn);
        ask(s, &out, CONFIDENCE_START);
        resume(s);
        break;
    case LQ_GOES_ON:
        ask(s, &out, turn->asks_too ? CONFIDENCE_AGAIN : CONFIDENCE_TAKEN);
        if (turn->asks_too)
            resume(s);
        break;
    case LQ_AGAIN: {
        const lq_slot *asked = turn->after.asked;
        bool hinted = put_filled(&out, lq_say(&asked->hint, language), turn);
        if (!hinted && turn->beyond)
            put_limits(&out, asked, language);
        else if (!hinted && !turn->lacks) /* who has none knows what it looks like */
            put(&out, lq_hint_in(asked->type, language));
        ask(s, &out, turn->lacks || turn->digits || turn->beyond ? CONFIDENCE_TAKEN : CONFIDENCE_AGAIN);
        resume(s);
        break;
    }
    case LQ_AMENDED:
        if (!turn->queued) /* who waits is told nothing that they do not ask */
            say(s, written(&out), CONFIDENCE_TAKEN, 0, NULL);
        break;
    case LQ_WAITS:
        resume(s);
        break;
    case LQ_COMPLETE:
        if (turn->queued && turn->begun) /* all is known: nothing was asked */
            break;
        if (!put_filled(&out, lq_say(turn->queued ? &flow->collected : &flow->done, language), turn))
            (void)put_filled(&out, turn->queued ? parting(turn) : lq_sentence_in(LQ_SAY_THANKS, language), turn);
        say(s, written(&out), CONFIDENCE_TAKEN, 0, NULL);
        break;
    case LQ_ENDS: {
        if (turn->queued)
            own = lq_sentence_in(LQ_SAY_WAITS, language);
        else
            own = lq_say(&flow->cancelled, language);
        if (!put_filled(&out, own, turn))
            (void)put_filled(&out, lq_sentence_in(LQ_SAY_CANCELLED, language), turn);
        say(s, written(&out), CONFIDENCE_TAKEN, 0, NULL);
        break;
    }
    case LQ_QUIET:
    case LQ_STUCK: /* a person takes over */
        break;
    }
}

static void put_slot(speaker *s, const char *name, relevo_str value)
{
    const relevo_answer_slot slot = {
        .head = {sizeof slot, RELEVO_ANSWER_SLOT}, .name = rlt_str(name), .value = value, .amends = s->turn->amends};
    emit(s, &slot.head);
}

static void put_number(speaker *s, const char *name, int value)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%d", value);
    put_slot(s, name, rlt_str(text));
}

/* What was learned, and how the flow stands: "lead.status", "data.status", "lead.score". */
static void put_slots(speaker *s, bool early)
{
    const lq_turn *turn = s->turn;
    const char *status = turn->step == LQ_COMPLETE ? "complete"
                         : turn->step == LQ_ENDS   ? "cancelled"
                         : turn->step == LQ_STUCK  ? "incomplete"
                                                   : "open";
    for (size_t i = 0; i < turn->n_taken; i++)
        put_slot(s, turn->taken[i].slot->name.ptr, rlt_str(turn->taken[i].value));
    bool over = turn->step == LQ_COMPLETE && turn->lacks; /* "no tengo" to the last question is no other talk: triggers may know */
    if (early && turn->n_taken == 0 && !over)
        return;
    if (turn->step != LQ_AMENDED) {
        put_slot(s, turn->flow->lead ? "lead.flow" : "data.flow", turn->flow->id);
        put_slot(s, turn->flow->lead ? "lead.status" : "data.status", rlt_str(status));
    }
    if (!turn->flow->lead)
        return;
    put_number(s, "lead.fit", turn->score.fit);
    put_number(s, "lead.interest", turn->score.interest);
    put_number(s, "lead.score", turn->score.score);
}

/* ---- operations ---- */

static int32_t classify_one(const lq_turn *turn, uint32_t view, const relevo_sink *sink)
{
    speaker s = {.turn = turn, .sink = sink, .view = view};
    put_slots(&s, true);
    return s.result;
}

static int32_t respond_one(const lq_turn *turn, uint32_t view, const relevo_sink *sink)
{
    speaker s = {.turn = turn, .sink = sink, .view = view};
    char memory[LQ_STATE_MAX];
    size_t len = lq_state_write(turn->flows, &turn->after, memory);
    put_slots(&s, false);
    reply(&s);
    const relevo_answer_memory remembered = {.head = {sizeof remembered, RELEVO_ANSWER_MEMORY}, .bytes = {memory, len}};
    emit(&s, &remembered.head);
    return s.result;
}

/* For people: what is complete with its first values, or what could not be had. */
static int32_t trigger_one(const lq_turn *turn, uint32_t view, const relevo_sink *sink)
{
    bool complete = turn->step == LQ_COMPLETE && turn->flow->hand_off;
    rlt_language language = turn->after.language;
    text_writer reason = {.len = 0}, evidence = {.len = 0};
    if (!complete && turn->step != LQ_STUCK)
        return RELEVO_OK;
    relevo_str title = lq_say(&turn->flow->title, language);
    put(&reason, lq_sentence_in(complete ? LQ_SAY_COMPLETE : LQ_SAY_STUCK, language));
    put(&reason, (relevo_str)RELEVO_STR(" "));
    put(&reason, complete ? (title.len > 0 ? title : turn->flow->id) : turn->stuck->name);
    put(&reason, (relevo_str)RELEVO_STR("."));
    for (size_t i = 0, n = 0; i < turn->flow->n_slots && n < SHOWN; i++) {
        relevo_str value = shown(&turn->flow->slots[i], turn->values.of[i], language);
        if (value.len == 0)
            continue;
        if (n++ > 0)
            put(&evidence, (relevo_str)RELEVO_STR(", "));
        put(&evidence, rlt_cut(value, 80));
    }
    const relevo_answer_trigger fired = {.head = {sizeof fired, RELEVO_ANSWER_TRIGGER},
                                         .score = 1,
                                         .evidence = written(&evidence),
                                         .reason = written(&reason)};
    return sink->emit(sink, view, &fired.head);
}

static int32_t each(const lq_business *self, const relevo_view *const *views, uint32_t n, bool early,
                    int32_t (*one)(const lq_turn *, uint32_t, const relevo_sink *), const relevo_sink *sink)
{
    rlt_work *work = rlt_work_new();
    lq_turn *turn = malloc(sizeof *turn);
    int32_t status = work && turn ? RELEVO_OK : RELEVO_E_FAILED;
    for (uint32_t i = 0; i < n && status == RELEVO_OK; i++) {
        rlt_work_reset(work);
        if (!lq_advance(self, work, views[i], early, turn))
            status = RELEVO_E_FAILED;
        else if (turn->step != LQ_QUIET)
            status = one(turn, i, sink);
    }
    free(turn);
    rlt_work_free(work);
    return status;
}

static int32_t classify(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    return each(instance, views, n, true, classify_one, sink);
}

static int32_t trigger(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    return each(instance, views, n, false, trigger_one, sink);
}

static int32_t respond(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    return each(instance, views, n, false, respond_one, sink);
}

static void intents(void *instance, const relevo_intents *to)
{
    const lq_business *self = instance;
    for (size_t i = 0; i < self->flows.n; i++) {
        const lq_flow *flow = &self->flows.flows[i];
        for (size_t k = 0; k < flow->n_intents; k++)
            to->awaits(to, flow->intents[k], flow->where);
        for (size_t k = 0; RELEVO_HAS(to, runs) && k < flow->n_choices; k++)
            to->begins(to, flow->choices[k]);
        if (RELEVO_HAS(to, runs))
            to->runs(to, flow->id);
    }
}

RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {
    .magic = RELEVO_PLUGIN_MAGIC,
    .abi_major = RELEVO_ABI_MAJOR,
    .abi_minor = RELEVO_ABI_MINOR,
    .size = sizeof(relevo_plugin),
    .name = "lead_qualifier",
    .version = RELEVO_VERSION,
    .summary = "Asks customers what a business wants to know, and scores leads.",
    .kind = RELEVO_KIND_RESPONDER,
    .n_options = N_OPTIONS,
    .options = options,
    .create = create,
    .destroy = destroy,
    .classify = classify,
    .trigger = trigger,
    .respond = respond,
    .intents = intents,
};
