/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Going through a flow; see advance.h. What a message says counts in this order: the end ("olvídalo"), values whose form
 * shows what they are, the answer to the question, the lack of one ("no sé"), another flow. It must never take for a value
 * what a customer asked. Of who waits for a person it asks what it was told to, and goes on to nothing else.
 */
#include "advance.h"

#include "retract.h"

#include <math.h>
#include <string.h>

#define MS_PER_DAY    86400000
#define MS_PER_HOUR   3600000
#define WANTS_PERSON  0.5
#define OTHER_TALK    0.6 /* of this confidence an intent is not a name, nor a city */
#define OTHER_SCOPE   0.4
#define SHORT         5u  /* tokens of a message that says one thing */
#define NUMBER_MIN    6u  /* digits that are no chance */
#define LANGUAGE_MIN  4u  /* tokens that show a language well enough to change to it */

typedef struct advance {
    const lq_business *business;
    const relevo_view *view;
    lq_message in;
    bool takes_back;       /* it takes something back of itself: */
    lq_message kept, back; /* what it means, and that */
    lq_turn *turn;
    bool early;
    bool corrects;      /* the message puts something right */
    bool question;      /* or asks something */
    rlt_match correction; /* where, when it corrects */
} advance;

/* ---- what is known ---- */

static bool is_now(const relevo_view *view, relevo_str message_id)
{
    return view->message && view->message->id.len > 0 && rlt_equal(view->message->id, message_id);
}

static bool is_peoples(const advance *a)
{
    return a->view->owner == RELEVO_OWNER_QUEUED || a->view->owner == RELEVO_OWNER_HUMAN;
}

static const relevo_slot *slot_in(const relevo_view *view, relevo_str name)
{
    for (uint32_t i = 0; i < view->n_slots; i++)
        if (rlt_equal(view->slots[i]->name, name) && view->slots[i]->value.len > 0)
            return view->slots[i];
    return NULL;
}

static lq_taken *taken_of(lq_turn *turn, const lq_slot *slot)
{
    for (size_t i = 0; i < turn->n_taken; i++)
        if (turn->taken[i].slot == slot)
            return &turn->taken[i];
    return NULL;
}

static bool is_filled(const advance *a, const lq_slot *slot)
{
    return (a->turn->after.filled & lq_bit(a->turn->flow, slot)) != 0;
}

/* A slot of the conversation counts when this flow filled it, or when it is the customer's anyway. */
static void fill_values(advance *a)
{
    lq_turn *turn = a->turn;
    turn->values = (lq_values){.flow = turn->flow, .today = a->in.today};
    for (size_t i = 0; i < turn->flow->n_slots; i++) {
        const lq_slot *slot = &turn->flow->slots[i];
        const relevo_slot *stored = slot_in(a->view, slot->name);
        const lq_taken *taken = taken_of(turn, slot);
        if (taken)
            turn->values.of[i] = rlt_str(taken->value);
        else if (stored && (is_filled(a, slot) || slot->keep))
            turn->values.of[i] = stored->value;
    }
    for (size_t i = 0; i < turn->flow->n_slots; i++) /* how many guests is nothing to a wholesale, though they were a wedding's before */
        if (!lq_may_hold(&turn->values, turn->flow->slots[i].when, turn->flow->slots[i].n_when))
            turn->values.of[i] = (relevo_str){NULL, 0};
}

static bool applies(const advance *a, const lq_slot *slot)
{
    return lq_holds(&a->turn->values, slot->when, slot->n_when);
}

static const lq_slot *next_slot(const advance *a)
{
    for (size_t i = 0; i < a->turn->flow->n_slots; i++) {
        const lq_slot *slot = &a->turn->flow->slots[i];
        bool known = a->turn->values.of[i].len > 0 || is_filled(a, slot);
        if (!known && !(a->turn->after.skipped & lq_bit(a->turn->flow, slot)) && applies(a, slot))
            return slot;
    }
    return NULL;
}

static void take(advance *a, const lq_slot *slot, const char *value)
{
    lq_turn *turn = a->turn;
    const relevo_slot *stored = slot_in(a->view, slot->name);
    bool before = is_filled(a, slot);
    if (taken_of(turn, slot) || turn->n_taken == LQ_SLOTS_MAX)
        return;
    lq_taken *taken = &turn->taken[turn->n_taken++];
    /* In a later phase of this message the slot has the new value already, marked with the message's id. */
    bool later = stored && is_now(a->view, stored->message_id);
    bool changed = !stored || !rlt_equal(stored->value, rlt_str(value)) || (later && stored->was.len > 0 && !rlt_equal(stored->was, rlt_str(value)));
    *taken = (lq_taken){.slot = slot, .corrected = before && changed && slot != turn->after.asked};
    memcpy(taken->value, value, strlen(value) + 1);
    turn->after.filled |= lq_bit(turn->flow, slot);
    turn->after.skipped &= ~lq_bit(turn->flow, slot);
    turn->after.previous = slot;
    fill_values(a);
}

/* ---- reading a message ---- */

static bool is_free(const lq_slot *slot)
{
    return slot->type == LQ_NAME || slot->type == LQ_CITY || slot->type == LQ_TEXT;
}

/* As lq_value_read of the whole message; of what is given by its form without what the message takes back. */
static lq_found read_value(const advance *a, const lq_slot *slot, char ret[LQ_VALUE_MAX + 1])
{
    lq_found found = a->takes_back && !is_free(slot) ? lq_value_read(&a->kept, slot, ret) : LQ_NOTHING;
    return found != LQ_NOTHING ? found : lq_value_read(&a->in, slot, ret);
}

/* "Eran 50 no 40", "premium, no básico": what is known already is taken back, and something else said. */
static void take_denied(advance *a)
{
    lq_turn *turn = a->turn;
    char value[LQ_VALUE_MAX + 1], denied[LQ_VALUE_MAX + 1];
    for (size_t i = 0; a->takes_back && i < turn->flow->n_slots; i++) {
        const lq_slot *slot = &turn->flow->slots[i];
        bool denies = is_filled(a, slot) && !is_free(slot) && lq_value_read(&a->back, slot, denied) != LQ_NOTHING &&
                      lq_value_read(&a->kept, slot, value) != LQ_NOTHING && strcmp(denied, value) != 0;
        const relevo_slot *stored = slot_in(a->view, slot->name);
        if (denies && stored && (rlt_equal(stored->value, rlt_str(denied)) || is_now(a->view, stored->message_id)))
            take(a, slot, value);
    }
}

/* A document of what stands behind a match, without the comma between them. */
static bool read_behind(const advance *a, const rlt_match *match, lq_message *ret)
{
    const rlt_token *last = &a->in.doc.tokens[match->token + match->n_tokens - 1];
    size_t at = last->source_at + last->source_len;
    while (at < a->in.doc.source.len && strchr(",;:. ", a->in.doc.source.ptr[at]))
        at++;
    *ret = a->in;
    return rlt_read(a->in.work, (relevo_str){a->in.doc.source.ptr + at, a->in.doc.source.len - at}, &ret->doc) == RLT_OK;
}

static bool named_by_own_words(const advance *a, const lq_slot *slot, rlt_match *ret)
{
    return (slot->words && rlt_text_find(slot->words, &a->in.doc, 0, ret)) ||
           (a->business->words.of_type[slot->type] &&
            rlt_text_find(a->business->words.of_type[slot->type], &a->in.doc, 0, ret));
}

/* "¿Qué incluye el premium?", "¿a qué hora abren mañana?" say neither which nor when; "¿cuánto sale para el 15 de marzo?" does. */
static bool may_say(const advance *a, const lq_slot *slot)
{
    static const char asks[] = " que cual cuales cuanto cuanta cuantos cuantas como donde cuando quien qual quais quanto quanta quantos quantas onde quando quem "
                               "what which how where when who why ";
    uint32_t at = a->in.doc.n_tokens > 1 && rlt_is_among(" a de en em con com para por y e ", a->in.doc.tokens[0].text) ? 1 : 0;
    bool number = false;
    if (!a->question || at >= a->in.doc.n_tokens || !rlt_is_among(asks, a->in.doc.tokens[at].text))
        return true;
    for (uint32_t i = 0; i < a->in.doc.n_tokens; i++)
        number = number || a->in.doc.tokens[i].kind == RLT_NUMBER;
    return slot->type != LQ_CHOICE && (slot->type != LQ_DATE || number);
}

static size_t digits_of(const char *value, char ret[LQ_VALUE_MAX + 1])
{
    size_t n = 0;
    for (; *value; value++)
        if (*value >= '0' && *value <= '9')
            ret[n++] = *value;
    ret[n] = '\0';
    return n;
}

/* Whether the digits are those of a value that this message gave already: of "52998224725" a CPF is not a telephone number besides. */
static bool is_same_number(const advance *a, const char *value)
{
    char digits[LQ_VALUE_MAX + 1], others[LQ_VALUE_MAX + 1];
    bool any = false;
    if (digits_of(value, digits) < NUMBER_MIN)
        return false;
    for (size_t i = 0; i < a->turn->n_taken; i++)
        any = any || (digits_of(a->turn->taken[i].value, others) >= NUMBER_MIN && (strstr(digits, others) || strstr(others, digits)));
    return any;
}

/* Values that show what they are, each for one slot: the one that was asked for, else the first that lacks one. What is
   filled already changes only when the message corrects or names it; an address, a number or an id anew is enough. */
static bool take_strong(advance *a)
{
    lq_turn *turn = a->turn;
    bool any = false;
    unsigned used = 0;
    const lq_slot *asked = turn->after.asked;
    char value[LQ_VALUE_MAX + 1];
    if (asked && may_say(a, asked) && !(a->question && asked->type == LQ_CHOICE && a->in.doc.n_tokens > SHORT) &&
        read_value(a, asked, value) == LQ_STRONG) {
        take(a, asked, value);
        used |= 1u << asked->type;
    }
    for (int filled = 0; filled < 2; filled++)
        for (size_t i = 0; i < turn->flow->n_slots; i++) {
            const lq_slot *slot = &turn->flow->slots[i];
            bool one_of_a_kind = slot->type != LQ_CHOICE && slot->type != LQ_AMOUNT;
            if (slot == asked || is_filled(a, slot) != (filled == 1) || (one_of_a_kind && used >> slot->type & 1u) ||
                taken_of(turn, slot) || !lq_may_hold(&turn->values, slot->when, slot->n_when))
                continue;
            bool surely = slot->type == LQ_EMAIL || slot->type == LQ_PHONE || slot->type == LQ_TAX_ID;
            if (filled && !surely && !a->corrects && !lq_value_named(&a->in, slot))
                continue;
            if (!may_say(a, slot) || read_value(a, slot, value) != LQ_STRONG || is_same_number(a, value))
                continue;
            take(a, slot, value);
            used |= 1u << slot->type;
            any = true;
        }
    return any;
}

/* Whether a comma or the like parts a match from what is behind it. */
static bool is_parted(const rlt_doc *doc, const rlt_match *match)
{
    uint32_t next = match->token + match->n_tokens;
    return next < doc->n_tokens && rlt_stands_apart(doc, next);
}

/* What stands behind the slot's own words is its value, in words that show no form: "la ciudad es Medellín", "nombre: Ana"; "la ciudad está mal" gives none. */
static bool leads_to_value(const advance *a, const rlt_match *match)
{
    uint32_t next = match->token + match->n_tokens;
    const rlt_token *last = &a->in.doc.tokens[next - 1];
    return next < a->in.doc.n_tokens && (a->in.doc.source.ptr[last->source_at + last->source_len] == ':' || rlt_is_among(" es e is era foi sera a por para to ", a->in.doc.tokens[next].text));
}

/* "No, la ciudad es Medellín", "perdón, Medellín": something filled, said anew in words that show no form. "No lo veo" puts nothing right. While people have
   the conversation nobody knows what else the message may mean: then it must name what is wrong. */
static void take_corrected(advance *a)
{
    lq_turn *turn = a->turn;
    const lq_slot *wrong = NULL;
    rlt_match match;
    lq_message rest;
    char value[LQ_VALUE_MAX + 1];
    for (size_t i = 0; i < turn->flow->n_slots && !wrong; i++)
        if (is_filled(a, &turn->flow->slots[i]) && named_by_own_words(a, &turn->flow->slots[i], &match))
            wrong = &turn->flow->slots[i];
    if (wrong && is_free(wrong) && !leads_to_value(a, &match))
        return;
    if (!wrong && a->early)
        return;
    if (!wrong) {
        wrong = turn->after.previous;
        match = a->correction;
        rlt_match more; /* "no, perdón," is one correction */
        while (wrong && rlt_text_find(a->business->words.meanings[LQ_CORRECTS], &a->in.doc, match.token + match.n_tokens, &more) &&
               more.token == match.token + match.n_tokens)
            match = more;
        bool bare = match.token == a->correction.token && rlt_is_among(" no nao ", a->in.doc.tokens[match.token].text);
        if (a->question || ((bare || (wrong && wrong->type == LQ_TEXT)) && !is_parted(&a->in.doc, &match)))
            return;
    }
    if (wrong && is_filled(a, wrong) && read_behind(a, &match, &rest) && lq_value_read(&rest, wrong, value) != LQ_NOTHING)
        take(a, wrong, value);
}

/* The intent says that it is about something else than this flow. */
static bool is_other_talk(const advance *a)
{
    const relevo_reading *reading = a->view->reading;
    if (!reading || reading->intent.len == 0 || reading->confidence < OTHER_TALK || reading->out_of_scope > OTHER_SCOPE)
        return false;
    for (size_t i = 0; i < a->turn->flow->n_intents; i++)
        if (rlt_equal(reading->intent, a->turn->flow->intents[i]))
            return false;
    return true;
}

/* "En Guadalajara", "Rio de Janeiro": an answer to who or where, whatever else such words are about. */
static bool is_name_of(const advance *a, const lq_slot *asked)
{
    return lq_is_proper_name(&a->in) ||
           (asked->type == LQ_CITY && a->in.doc.n_tokens > 1 && a->in.doc.n_tokens <= SHORT && rlt_is_among(" en em in ", a->in.doc.tokens[0].text));
}

/* Whether a clause shows by its form that it says something else than the answer that is looked for. */
static bool is_else(const advance *a, const lq_message *clause, const lq_slot *asked)
{
    char value[LQ_VALUE_MAX + 1];
    for (size_t i = 0; i < a->turn->flow->n_slots; i++)
        if (&a->turn->flow->slots[i] != asked && lq_value_read(clause, &a->turn->flow->slots[i], value) == LQ_STRONG)
            return true;
    for (uint32_t i = 0; i < clause->doc.n_tokens; i++)
        if (clause->doc.tokens[i].kind != RLT_WORD)
            return true;
    return clause->doc.n_tokens > SHORT || lq_means(clause->words, LQ_AGREES, &clause->doc, NULL) ||
           lq_means(clause->words, LQ_CORRECTS, &clause->doc, NULL) || lq_means(clause->words, LQ_LACKS, &clause->doc, NULL);
}

/* "Puebla, mi correo es ana@correo.mx": what was asked for in a clause of its own, beside others that show what they are. */
static void take_clause(advance *a, const lq_slot *asked)
{
    const char *at = a->in.doc.source.ptr, *end = at + a->in.doc.source.len;
    lq_message clause = a->in;
    char value[LQ_VALUE_MAX + 1];
    while (at < end && !taken_of(a->turn, asked)) {
        const char *from = at;
        while (at < end && !strchr(",;\n", *at))
            at++;
        if (rlt_read(a->in.work, (relevo_str){from, (uint64_t)(at - from)}, &clause.doc) == RLT_OK && clause.doc.n_tokens > 0 &&
            !is_else(a, &clause, asked) && lq_value_read(&clause, asked, value) == LQ_WEAK)
            take(a, asked, value);
        at += at < end;
    }
}

/* The answer to the question, in whatever words. */
static void take_asked(advance *a, bool others)
{
    const lq_slot *asked = a->turn->after.asked;
    char value[LQ_VALUE_MAX + 1];
    if (!asked || taken_of(a->turn, asked))
        return;
    bool free = asked->type == LQ_NAME || asked->type == LQ_CITY;
    if ((a->early && (free || asked->type == LQ_TEXT || a->corrects)) || (a->corrects && free))
        return; /* what corrects may be about something else, as will show */
    if (free && others && !a->question)
        take_clause(a, asked);
    if (taken_of(a->turn, asked) || read_value(a, asked, value) != LQ_WEAK)
        return;
    if (asked->type == LQ_TEXT) {
        if (!a->question && (!others || a->in.doc.n_tokens > SHORT))
            take(a, asked, value);
    } else if (!others && !(free && is_other_talk(a) && !is_name_of(a, asked)) && !(a->question && a->in.doc.n_tokens > SHORT)) {
        take(a, asked, value);
    }
}

/* A button or row of ours: "lq:flow:slot:value". */
static bool take_chosen(advance *a)
{
    relevo_str reply = a->view->message->reply;
    const lq_flow *flow = a->turn->flow;
    for (size_t i = 0; i < flow->n_slots; i++) {
        const lq_slot *slot = &flow->slots[i];
        for (size_t k = 0; k < slot->n_choices; k++) {
            relevo_str parts[] = {RELEVO_STR("lq:"), flow->id, RELEVO_STR(":"), slot->name, RELEVO_STR(":"),
                                  slot->choices[k].value};
            relevo_str rest = reply;
            bool same = true;
            for (size_t p = 0; p < sizeof parts / sizeof *parts && same; p++) {
                same = rest.len >= parts[p].len && memcmp(rest.ptr, parts[p].ptr, parts[p].len) == 0;
                if (same)
                    rest = (relevo_str){rest.ptr + parts[p].len, rest.len - parts[p].len};
            }
            if (same && rest.len == 0) {
                take(a, slot, slot->choices[k].value.ptr);
                return true;
            }
        }
    }
    return false;
}

/* ---- where it leads ---- */

static void finish(advance *a)
{
    lq_turn *turn = a->turn;
    turn->score = lq_score_of(&turn->values);
    if (turn->step == LQ_COMPLETE || turn->step == LQ_ENDS || turn->step == LQ_STUCK) {
        uint32_t bit = UINT32_C(1) << (turn->flow - a->business->flows.flows);
        *(turn->step == LQ_ENDS ? &turn->after.cancelled : &turn->after.finished) |= bit;
        turn->after.left = turn->step == LQ_ENDS ? turn->flow : NULL;
        turn->after.known = turn->after.filled;
        turn->after.flow = NULL;
        turn->after.asked = turn->after.previous = NULL;
        turn->after.filled = turn->after.skipped = turn->after.attempts = 0;
    }
}

/* Something was learned, or left out: what is next? */
static void go_on(advance *a, lq_step step)
{
    lq_turn *turn = a->turn;
    fill_values(a);
    const lq_slot *next = next_slot(a);
    turn->step = next ? step : LQ_COMPLETE;
    turn->after.attempts = next == turn->after.asked ? turn->after.attempts : 1;
    turn->after.asked = next;
}

/* "123.456.789-10", "GODE561231GR9": data, if of the wrong kind. */
static bool is_digits(const rlt_doc *doc)
{
    bool all = doc->n_tokens > 0;
    for (uint32_t i = 0; i < doc->n_tokens && all; i++) {
        all = false;
        for (uint64_t k = 0; k < doc->tokens[i].text.len; k++)
            all = all || (doc->tokens[i].text.ptr[k] >= '0' && doc->tokens[i].text.ptr[k] <= '9');
    }
    return all;
}

/* "200" of at most 100, "ayer" of a day to come. */
static bool is_beyond(const advance *a, const lq_slot *asked)
{
    lq_slot any = *asked;
    char value[LQ_VALUE_MAX + 1];
    any.min = -INFINITY;
    any.max = INFINITY;
    any.future = false;
    bool limited = asked->future || isfinite(asked->min) || isfinite(asked->max);
    lq_found found = limited ? read_value(a, &any, value) : LQ_NOTHING;
    return found == LQ_STRONG || (found == LQ_WEAK && a->in.doc.n_tokens <= SHORT);
}

/* Nothing was learned of a message that should have answered. */
static void ask_again(advance *a, bool lacks)
{
    lq_turn *turn = a->turn;
    const lq_slot *asked = turn->after.asked;
    turn->step = LQ_AGAIN;
    turn->lacks = lacks;
    turn->digits = is_digits(&a->in.doc);
    turn->beyond = asked && !lacks && is_beyond(a, asked);
    if (!asked) { /* what was asked is asked no more: the flow was edited */
        go_on(a, LQ_GOES_ON);
        return;
    }
    if ((!(lacks && asked->optional) && turn->after.attempts++ < (uint32_t)asked->attempts))
        return;
    if (asked->hand_off && !turn->queued && !(lacks && asked->optional)) {
        turn->step = LQ_STUCK;
        turn->stuck = asked;
        return;
    }
    turn->after.skipped |= lq_bit(turn->flow, asked);
    go_on(a, LQ_GOES_ON);
}

static bool cancels(const advance *a)
{
    rlt_match match, lack;
    if (!lq_means(&a->business->words, LQ_CANCELS, &a->in.doc, &match))
        return false;
    for (size_t i = 0; i < a->turn->n_taken; i++) /* "mejor no, el 20" */
        if (a->turn->taken[i].slot->type != LQ_CHOICE)
            return false;
    uint32_t end = match.token + match.n_tokens;
    if (lq_means(&a->business->words, LQ_LACKS, &a->in.doc, &lack) && lack.token < end && match.token < lack.token + lack.n_tokens &&
        (lack.n_tokens > match.n_tokens || lack.token + lack.n_tokens > end))
        return false; /* "não quero dizer", "ahorita no sé" end nothing */
    return a->in.doc.n_tokens <= match.n_tokens + (match.n_tokens > 1 ? 3 : 1);
}

static bool lacks(const advance *a)
{
    const lq_slot *asked = a->turn->after.asked; /* whether they have any is what a text may be asked for */
    bool no = lq_is_no(&a->in) && asked && asked->type != LQ_TEXT && asked->type != LQ_CHOICE;
    return no || (a->in.doc.n_tokens <= SHORT && lq_means(&a->business->words, LQ_LACKS, &a->in.doc, NULL));
}

/* ---- beginning ---- */

static bool is_among(const relevo_str *list, size_t n, relevo_str text)
{
    for (size_t i = 0; i < n; i++)
        if (text.len > 0 && rlt_equal(list[i], text))
            return true;
    return false;
}

static const lq_flow *begun(const advance *a)
{
    const lq_flows *flows = &a->business->flows;
    const relevo_reading *reading = a->view->reading;
    rlt_match match;
    for (size_t i = 0; i < flows->n; i++)
        if (is_among(flows->flows[i].choices, flows->flows[i].n_choices, a->view->message->reply))
            return &flows->flows[i];
    for (size_t i = 0; i < flows->n; i++) {
        const lq_flow *flow = &flows->flows[i];
        /* "¿y para Monterrey?" goes on with what was said before, whatever it looks like. */
        bool known = reading && !(a->turn->after.cancelled >> i & 1u) && !rlt_leans(&a->in.doc) && reading->confidence * (1 - reading->out_of_scope) >= flow->min_confidence &&
                     is_among(flow->intents, flow->n_intents, reading->intent);
        bool said = flow->keywords && rlt_text_find(flow->keywords, &a->in.doc, 0, &match);
        if ((known || said) && !(a->turn->after.finished >> i & 1u))
            return flow;
    }
    return NULL;
}

/* What WhatsApp knows, and what the first message is by itself. */
static void take_given(advance *a)
{
    for (size_t i = 0; i < a->turn->flow->n_slots; i++) {
        const lq_slot *slot = &a->turn->flow->slots[i];
        char value[LQ_VALUE_MAX + 1];
        relevo_str given = rlt_cut(slot->type == LQ_NAME ? a->view->customer_name : a->view->customer_id, LQ_VALUE_MAX - 1);
        bool number = given.len > 7;
        for (uint64_t k = 0; k < given.len; k++)
            number = number && given.ptr[k] >= '0' && given.ptr[k] <= '9';
        if (slot->from_whatsapp && (slot->type == LQ_NAME ? given.len > 0 : number)) {
            size_t plus = slot->type == LQ_PHONE;
            value[0] = '+';
            memcpy(value + plus, given.ptr, given.len);
            value[plus + given.len] = '\0';
            take(a, slot, value);
        } else if (slot->from_start && a->in.doc.n_tokens > 2 && lq_value_read(&a->in, slot, value) != LQ_NOTHING) {
            take(a, slot, value);
        }
    }
}

/* Whether a flow of this stretch, over or interrupted, has filled a slot of this name. */
static bool is_learned(const advance *a, const lq_slot *slot)
{
    const lq_flows *flows = &a->business->flows;
    const lq_state *state = &a->turn->after;
    if (!slot_in(a->view, slot->name))
        return false;
    for (size_t i = 0; i < flows->n; i++) {
        const lq_flow *flow = &flows->flows[i];
        const lq_slot *same = lq_slot_find(flow, slot->name);
        if (same && (((state->finished | state->cancelled) >> i & 1u) || (flow == state->flow && state->filled & lq_bit(flow, same))))
            return true;
    }
    return false;
}

static void begin(advance *a, const lq_flow *flow)
{
    lq_turn *turn = a->turn;
    uint32_t known = 0;
    for (size_t i = 0; turn->queued && i < flow->n_slots; i++) /* who waits is not asked again, whatever asked first */
        if (is_learned(a, &flow->slots[i]))
            known |= lq_bit(flow, &flow->slots[i]);
    turn->returns = !turn->queued && flow == turn->after.left && turn->after.known;
    if (turn->returns)
        known = turn->after.known;
    turn->flow = turn->after.flow = flow;
    turn->after.left = NULL;
    turn->after.cancelled &= ~(UINT32_C(1) << (flow - a->business->flows.flows));
    turn->begun = true;
    turn->after.asked = turn->after.previous = NULL;
    turn->after.filled = known;
    turn->after.skipped = turn->after.attempts = 0;
    turn->n_taken = 0;
    fill_values(a);
    (void)take_strong(a);
    take_given(a);
    go_on(a, LQ_STARTS);
}

/* ---- a message ---- */

static void continue_flow(advance *a)
{
    lq_turn *turn = a->turn;
    bool wants_person = a->view->reading && a->view->reading->wants_person >= WANTS_PERSON;
    fill_values(a);
    if (a->view->message->text.len == 0 || wants_person) {
        turn->step = LQ_WAITS;
        return;
    }
    bool chosen = take_chosen(a);
    if (!chosen)
        take_denied(a);
    bool others = !chosen && take_strong(a), without = lacks(a);
    if (!chosen && cancels(a)) {
        turn->step = LQ_ENDS;
        turn->n_taken = 0;
        fill_values(a);
        return;
    }
    if (!chosen && !without && turn->n_taken == 0 && a->corrects && (!a->early || is_peoples(a)))
        take_corrected(a);
    if (!chosen && !without && (turn->n_taken == 0 || others))
        take_asked(a, others);
    const lq_flow *other = turn->n_taken == 0 && !without && !a->early && !turn->queued ? begun(a) : NULL;
    if (other && other != turn->flow) {
        begin(a, other);
    } else if (turn->n_taken > 0) {
        turn->asks_too = a->in.doc.n_questions > 0 && !chosen;
        go_on(a, LQ_GOES_ON);
    } else if (!without && (a->question || is_other_talk(a))) {
        turn->step = LQ_WAITS;
        if (!turn->after.asked)
            go_on(a, LQ_WAITS);
    } else {
        ask_again(a, without);
    }
}

/* Of the slots of a flow that is over, what this message may have changed: those that had a value before it. */
static uint32_t filled_before(const advance *a, const lq_flow *flow)
{
    uint32_t filled = 0;
    for (size_t i = 0; i < flow->n_slots; i++) {
        const relevo_slot *stored = slot_in(a->view, flow->slots[i].name);
        if (stored && (!is_now(a->view, stored->message_id) || stored->was.len > 0))
            filled |= lq_bit(flow, &flow->slots[i]);
    }
    return filled;
}

/* Whether a value that nobody asked for any more is surely meant for this slot: by its form, or since it is named. */
static bool adds(const advance *a, const lq_slot *slot)
{
    rlt_match match;
    return slot->type == LQ_EMAIL || slot->type == LQ_PHONE || slot->type == LQ_TAX_ID || slot->type == LQ_NAME || slot->type == LQ_ORDER_NUMBER ||
           a->corrects || (slot->words && rlt_text_find(slot->words, &a->in.doc, 0, &match));
}

/* "Perdón, mi correo es ...", or what had not been said, when the flow that asked for it is over already. Only what changes something counts. */
static void amend(advance *a)
{
    lq_turn *turn = a->turn;
    const lq_flows *flows = &a->business->flows;
    for (size_t i = 0; i < flows->n && !a->question; i++) {
        if (!(turn->after.finished >> i & 1u))
            continue;
        turn->flow = &flows->flows[i];
        uint32_t before = turn->after.filled = filled_before(a, turn->flow);
        fill_values(a);
        take_denied(a);
        (void)take_strong(a);
        if (turn->n_taken == 0 && a->corrects && (!a->early || is_peoples(a)))
            take_corrected(a);
        size_t n = 0;
        for (size_t k = 0; k < turn->n_taken; k++) {
            const lq_taken *taken = &turn->taken[k];
            if (taken->corrected || (!(before & lq_bit(turn->flow, taken->slot)) && adds(a, taken->slot)))
                turn->taken[n++] = *taken;
        }
        turn->n_taken = n;
        fill_values(a);
        turn->after.filled = 0;
        turn->after.previous = NULL;
        if (n > 0) {
            turn->step = LQ_AMENDED;
            return;
        }
        turn->flow = NULL;
    }
}

/* Whether somebody may have been told already of what the flow is about: it is over, or people have the conversation. Who waits and is asked something by us is
   told of when that ends. */
static bool amends(const advance *a, bool wished)
{
    const lq_turn *turn = a->turn;
    bool ended = turn->step == LQ_COMPLETE || turn->step == LQ_ENDS || turn->step == LQ_STUCK;
    return turn->step == LQ_AMENDED || (is_peoples(a) && !wished && (ended || !a->view->digest->asked));
}

static rlt_language language_of(const advance *a)
{
    rlt_language of_flow = a->turn->after.language, now = RLT_UNKNOWN;
    if (a->view->reading)
        now = rlt_language_from(a->view->reading->language);
    if (now == RLT_UNKNOWN)
        now = rlt_language_guess(&a->in.doc, NULL);
    if (of_flow != RLT_UNKNOWN && (now == RLT_UNKNOWN || a->in.doc.n_tokens < LANGUAGE_MIN))
        return of_flow; /* an address or a name shows no language */
    if (now == RLT_UNKNOWN)
        now = rlt_language_from(a->view->language);
    return now != RLT_UNKNOWN ? now : RLT_ES;
}

static int64_t today_of(const lq_business *business, const relevo_view *view, const char *country)
{
    double offset = isfinite(business->utc_offset) ? business->utc_offset : rlt_country_utc_offset(country);
    return (view->at_ms + (int64_t)(offset * MS_PER_HOUR)) / MS_PER_DAY;
}

bool lq_advance(const lq_business *business, rlt_work *work, const relevo_view *view, bool early, lq_turn *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->flows = &business->flows;
    if (!view->message)
        return true;
    const char *country = *business->country ? business->country : rlt_country_of_phone(view->customer_id);
    advance a = {.business = business, .view = view, .turn = ret, .early = early};
    a.in = (lq_message){.words = &business->words, .finder = business->finder, .work = work, .country = country};
    a.in.today = today_of(business, view, country);
    ret->after = lq_state_read(&business->flows, view->memory);
    ret->flow = ret->after.flow;
    rlt_language spoken = ret->after.language;
    if (rlt_read(work, view->message->text, &a.in.doc) != RLT_OK)
        return false;
    ret->after.language = a.in.language = language_of(&a);
    a.corrects = lq_corrects(&a.in, &a.correction);
    a.question = rlt_is_question(&a.in.doc);
    a.kept = a.back = a.in;
    if (!lq_retract(&a.in, &a.takes_back, &a.kept.doc, &a.back.doc))
        return false;
    ret->queued = view->owner == RELEVO_OWNER_QUEUED;
    bool wished = view->message->id.len == 0 && view->message->text.len == 0; /* nobody wrote it: a person, or the policy, wants it begun */
    bool wants_person = view->reading && view->reading->wants_person >= WANTS_PERSON;
    const lq_flow *flow = early || wants_person || (ret->queued && !wished) || (ret->flow && !wished) ? NULL : begun(&a);
    if (flow && flow != ret->flow)
        begin(&a, flow);
    else if (ret->flow)
        continue_flow(&a);
    else
        amend(&a);
    if (spoken != RLT_UNKNOWN && ret->n_taken > 0 && a.in.doc.n_tokens <= SHORT)
        ret->after.language = spoken; /* "beto arroba correo punto com" is no Portuguese */
    if (ret->flow) {
        ret->amends = amends(&a, wished);
        finish(&a);
    }
    return true;
}
