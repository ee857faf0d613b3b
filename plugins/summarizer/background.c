/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a card that tell what is known besides the talk: confidence, customer, previous times with people, WhatsApp's window, and
 * how it ended. See card.h. Times are lane time, in UTC.
 */
#include "summarizer/card.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MS_PER_S = 1000, S_PER_MIN = 60, MIN_PER_H = 60, H_PER_DAY = 24, NOTE_MAX = 200, WHO_MAX = 128,
       TIME_MAX = 32, DAY_LENGTH = 10, TIME_LENGTH = 20 };

#define WINDOW_MS (INT64_C(24) * MIN_PER_H * S_PER_MIN * MS_PER_S)

static const relevo_str nowhere = {NULL, 0};

/* "2026-11-27T14:02:11Z", its first `length` bytes. */
static void write_time(char text[TIME_MAX], size_t length, int64_t ms)
{
    struct tm when;
    time_t seconds = (time_t)(ms / MS_PER_S);
    if (gmtime_r(&seconds, &when) == NULL || strftime(text, TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &when) < length) {
        length = 0;
    }
    text[length] = '\0';
}

static void add_number(card_writer *card, relevo_str name, double number)
{
    char text[CARD_NAME_MAX + 32];
    name = rlt_cut(name, CARD_NAME_MAX);
    snprintf(text, sizeof(text), "%.*s: %.2f", (int)name.len, name.ptr, number);
    card_add(card, "confidence", rlt_str(text), nowhere);
}

/* How sure: that a person is needed, and what the message is about. */
void card_confidence(card_writer *card)
{
    const relevo_view *view = card->view;
    if (view->handoff != NULL && view->handoff->trigger.len > 0) {
        add_number(card, view->handoff->trigger, view->handoff->score);
    }
    if (view->reading != NULL && view->reading->intent.len > 0) {
        add_number(card, view->reading->intent, view->reading->confidence);
    }
}

static void add_customer(card_writer *card, const char *name, const char *prefix, relevo_str value)
{
    char text[CARD_NAME_MAX + CARD_VALUE_MAX + 8];
    value = rlt_cut(value, CARD_VALUE_MAX);
    snprintf(text, sizeof(text), "%s: %s%.*s", name, prefix, (int)value.len, value.ptr);
    card_add(card, "customer", rlt_str(text), nowhere);
}

static bool is_number(relevo_str id)
{
    bool number = id.len >= 8 && id.len <= 20;
    for (uint64_t i = 0; i < id.len && number; i++) {
        number = id.ptr[i] >= '0' && id.ptr[i] <= '9';
    }
    return number;
}

/* As WhatsApp and the classifier know them. */
void card_customer(card_writer *card)
{
    const relevo_view *view = card->view;
    if (view->customer_name.len > 0) {
        add_customer(card, "name", "", view->customer_name);
    }
    if (is_number(view->customer_id)) {
        add_customer(card, "phone", "+", view->customer_id);
    }
    if (view->language.len > 0) {
        add_customer(card, "language", "", view->language);
    }
}

/* "closed by lucia: «her words»", in the card's language. */
static int write_end(const card_writer *card, char *text, size_t size, uint32_t ended, relevo_str who, relevo_str note)
{
    static const char *const closed[RLT_LANGUAGES] = {[RLT_ES] = "cerrada", [RLT_PT] = "encerrada", [RLT_EN] = "closed"};
    static const char *const returned[RLT_LANGUAGES] = {
        [RLT_ES] = "devuelta al bot", [RLT_PT] = "devolvida ao bot", [RLT_EN] = "returned to the bot"};
    static const char *const by[RLT_LANGUAGES] = {[RLT_ES] = " por ", [RLT_PT] = " por ", [RLT_EN] = " by "};
    who = rlt_cut(who, WHO_MAX);
    note = rlt_cut(note, NOTE_MAX);
    return snprintf(text, size, "%s%s%.*s%s%.*s%s", (ended == RELEVO_OWNER_BOT ? returned : closed)[card->language],
                    who.len > 0 ? by[card->language] : "", (int)who.len, who.ptr, note.len > 0 ? ": «" : "", (int)note.len, note.ptr,
                    note.len > 0 ? "»" : "");
}

/* "2026-11-20: why → closed by lucia: «her words» (rated 4)", the latest first. */
void card_previous(card_writer *card)
{
    static const char *const rated[RLT_LANGUAGES] = {[RLT_ES] = "calificó", [RLT_PT] = "avaliou com", [RLT_EN] = "rated"};
    const relevo_view *view = card->view;
    for (uint32_t i = view->n_past; i > 0; i--) {
        const relevo_past *past = view->past[i - 1];
        char day[TIME_MAX], end[NOTE_MAX + WHO_MAX + 64], score[32] = "", text[CARD_REASON_MAX + sizeof(end) + 96];
        relevo_str why = rlt_cut(past->reason.len > 0 ? past->reason : past->trigger, CARD_REASON_MAX);
        if (why.len == 0) {
            why = rlt_str(card_taken(card));
        }
        write_time(day, DAY_LENGTH, past->at_ms);
        (void)write_end(card, end, sizeof(end), past->ended, past->agent, past->note);
        if (past->score >= 0) {
            snprintf(score, sizeof(score), " (%s %d)", rated[card->language], (int)past->score);
        }
        snprintf(text, sizeof(text), "%s: %.*s → %s%s", day, (int)why.len, why.ptr, end, score);
        card_add(card, "previous", rlt_str(text), nowhere);
    }
}

/* When WhatsApp's 24 hours end. */
void card_window(card_writer *card)
{
    const relevo_view *view = card->view;
    char text[TIME_MAX];
    if (view->last_in_ms <= 0 || view->ending != NULL) {
        return;
    }
    write_time(text, TIME_LENGTH, view->last_in_ms + WINDOW_MS);
    card_add(card, "window", rlt_str(text), nowhere);
}

static void write_duration(char *text, size_t size, int64_t ms)
{
    int64_t minutes = ms / MS_PER_S / S_PER_MIN, hours = minutes / MIN_PER_H;
    if (minutes < 1) {
        snprintf(text, size, "%lld s", (long long)(ms > 0 ? ms / MS_PER_S : 0));
    } else if (hours < 1) {
        snprintf(text, size, "%lld min", (long long)minutes);
    } else if (hours < H_PER_DAY) {
        snprintf(text, size, "%lld h %lld min", (long long)hours, (long long)(minutes % MIN_PER_H));
    } else {
        snprintf(text, size, "%lld d %lld h", (long long)(hours / H_PER_DAY), (long long)(hours % H_PER_DAY));
    }
}

static void add_duration(card_writer *card, const char *const *words, int64_t ms)
{
    char time[48], text[96];
    write_duration(time, sizeof(time), ms);
    snprintf(text, sizeof(text), "%s: %s", words[card->language], time);
    card_add(card, "outcome", rlt_str(text), nowhere);
}

/* Who closed it, with which words, and how long it took. */
void card_outcome(card_writer *card)
{
    static const char *const first[RLT_LANGUAGES] = {
        [RLT_ES] = "primera respuesta", [RLT_PT] = "primeira resposta", [RLT_EN] = "first answer"};
    static const char *const whole[RLT_LANGUAGES] = {[RLT_ES] = "duración", [RLT_PT] = "duração", [RLT_EN] = "duration"};
    const relevo_view *view = card->view;
    const relevo_ending *ending = view->ending;
    char text[NOTE_MAX + WHO_MAX + 64];
    if (ending == NULL) {
        return;
    }
    (void)write_end(card, text, sizeof(text), RELEVO_OWNER_CLOSED, ending->agent_name.len > 0 ? ending->agent_name : ending->agent,
                    ending->note);
    card_add(card, "outcome", rlt_str(text), nowhere);
    if (ending->began_ms > 0 && ending->answered_ms > 0) {
        add_duration(card, first, ending->answered_ms - ending->began_ms);
    }
    if (ending->began_ms > 0) {
        add_duration(card, whole, view->at_ms - ending->began_ms);
    }
}
