/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a card that are copied: why, data, changed, tried, open question, sentiment. See card.h. */
#include "summarizer/card.h"

#include <stdio.h>
#include <string.h>

enum { EVIDENCE_MAX = 300, ANSWER_MAX = 500 };
enum { DATA_MAX = 16, DATA_PER_TEXT = 8 };

#define STEADY 0.2 /* sentiment that moves less than this is steady */

static const relevo_str nothing = {NULL, 0};

void card_add(card_writer *card, const char *name, relevo_str text, relevo_str message_id)
{
    if (card->result != RELEVO_OK || text.len == 0) {
        return;
    }
    const relevo_answer_card answer = {
        .head = {sizeof(answer), RELEVO_ANSWER_CARD},
        .name = rlt_str(name),
        .text = text,
        .message_id = message_id,
    };
    card->result = card->sink->emit(card->sink, card->index, &answer.head);
}

static bool holds(relevo_str text, relevo_str piece)
{
    return piece.len == 0 || memmem(text.ptr, (size_t)text.len, piece.ptr, (size_t)piece.len) != NULL;
}

const char *card_taken(const card_writer *card)
{
    static const char *const taken[RLT_LANGUAGES] = {[RLT_ES] = "Una persona tomó la conversación.",
                                                     [RLT_PT] = "Uma pessoa assumiu a conversa.",
                                                     [RLT_EN] = "A person took the conversation."};
    return taken[card->language];
}

/* "The reason. (trigger: «evidence»)", the evidence only where the reason does not show it already. */
static void add_why(card_writer *card, relevo_str reason, relevo_str trigger, relevo_str evidence)
{
    char text[CARD_REASON_MAX + CARD_NAME_MAX + EVIDENCE_MAX + 32];
    reason = rlt_cut(reason, CARD_REASON_MAX);
    trigger = rlt_cut(trigger, CARD_NAME_MAX);
    evidence = rlt_cut(evidence, EVIDENCE_MAX);
    bool quote = !holds(reason, evidence);
    snprintf(text, sizeof(text), "%.*s%s%.*s%s%.*s%s%s", (int)reason.len, reason.ptr,
             trigger.len == 0 ? ""
             : reason.len > 0 ? " ("
                              : "(",
             (int)trigger.len, trigger.ptr, quote ? (trigger.len > 0 ? ": «" : " «") : "",
             quote ? (int)evidence.len : 0, evidence.ptr, quote ? "»" : "", trigger.len > 0 ? ")" : "");
    card_add(card, "why", rlt_str(text), nothing);
}

/* Of the handoff; else of what people are told while the bot goes on; else a person came by themselves. */
void card_why(card_writer *card)
{
    const relevo_view *view = card->view;
    if (view->handoff != NULL) {
        add_why(card, view->handoff->reason, view->handoff->trigger, view->handoff->evidence);
        return;
    }
    for (uint32_t i = 0; i < view->n_fired; i++) {
        if (view->fired[i]->tells) {
            add_why(card, view->fired[i]->reason, view->fired[i]->trigger, view->fired[i]->evidence);
            return;
        }
    }
    card_add(card, "why", rlt_str(card_taken(card)), nothing);
}

static void add_pair(card_writer *card, relevo_str name, relevo_str value, relevo_str message_id)
{
    char text[CARD_NAME_MAX + CARD_VALUE_MAX + 8];
    name = rlt_cut(name, CARD_NAME_MAX);
    value = rlt_cut(value, CARD_VALUE_MAX);
    snprintf(text, sizeof(text), "%.*s: %.*s", (int)name.len, name.ptr, (int)value.len, value.ptr);
    card_add(card, "data", rlt_str(text), message_id);
}

/* What a slot says, or said before the customer corrected it. */
static bool is_slot(const relevo_view *view, relevo_str value)
{
    for (uint32_t i = 0; i < view->n_slots; i++) {
        if (rlt_equal(view->slots[i]->value, value) || rlt_equal(view->slots[i]->was, value)) {
            return true;
        }
    }
    return false;
}

/* Adds what one text of the customer holds and neither a slot nor `seen` has. */
static void add_found(card_writer *card, relevo_str text, relevo_str message_id, relevo_str *seen,
                      size_t *n_seen)
{
    rlt_piece found[DATA_PER_TEXT];
    size_t n = rlt_find_pieces(card->patterns, text, found, DATA_PER_TEXT);
    for (size_t i = 0; i < n && *n_seen < DATA_MAX; i++) {
        bool known = is_slot(card->view, found[i].written);
        for (size_t k = 0; k < *n_seen && !known; k++) {
            known = rlt_equal(seen[k], found[i].written);
        }
        if (!known) {
            seen[(*n_seen)++] = found[i].written;
            add_pair(card, rlt_str(found[i].name), found[i].written, message_id);
        }
    }
}

/* Slots first, then what the customer wrote, newest first: a correction stands above what it corrects. */
void card_data(card_writer *card)
{
    const relevo_view *view = card->view;
    relevo_str seen[DATA_MAX];
    size_t n_seen = 0;
    for (uint32_t i = 0; i < view->n_slots; i++) {
        add_pair(card, view->slots[i]->name, view->slots[i]->value, view->slots[i]->message_id);
    }
    if (view->message != NULL) {
        add_found(card, view->message->text, view->message->id, seen, &n_seen);
    }
    for (uint32_t i = view->n_turns; i > card->first_turn; i--) {
        if (view->turns[i - 1]->by == RELEVO_BY_CUSTOMER) {
            add_found(card, view->turns[i - 1]->text, nothing, seen, &n_seen);
        }
    }
}

/* What the customer corrected. Slots with a dot in their name are a plugin's own reckoning, not data. */
void card_changed(card_writer *card)
{
    const relevo_view *view = card->view;
    for (uint32_t i = 0; i < view->n_slots; i++) {
        const relevo_slot *slot = view->slots[i];
        if (slot->was.len == 0 || memchr(slot->name.ptr, '.', (size_t)slot->name.len) != NULL) {
            continue;
        }
        char text[CARD_NAME_MAX + 2 * CARD_VALUE_MAX + 16];
        relevo_str name = rlt_cut(slot->name, CARD_NAME_MAX), was = rlt_cut(slot->was, CARD_VALUE_MAX),
                   value = rlt_cut(slot->value, CARD_VALUE_MAX);
        snprintf(text, sizeof(text), "%.*s: %.*s → %.*s", (int)name.len, name.ptr, (int)was.len, was.ptr, (int)value.len,
                 value.ptr);
        card_add(card, "changed", rlt_str(text), slot->message_id);
    }
}

void card_tried(card_writer *card)
{
    static const char *const last[RLT_LANGUAGES] = {[RLT_ES] = "Última respuesta del bot",
                                                    [RLT_PT] = "Última resposta do bot",
                                                    [RLT_EN] = "The bot's last answer"};
    const relevo_view *view = card->view;
    for (uint32_t i = 0; i < view->digest->n_tried; i++) {
        card_add(card, "tried", view->digest->tried[i], nothing);
    }
    for (uint32_t i = view->n_turns; i > card->first_turn; i--) {
        if (view->turns[i - 1]->by == RELEVO_BY_BOT) {
            char text[ANSWER_MAX + 64];
            relevo_str answer = rlt_cut(view->turns[i - 1]->text, ANSWER_MAX);
            snprintf(text, sizeof(text), "%s: «%.*s»", last[card->language], (int)answer.len, answer.ptr);
            card_add(card, "tried", rlt_str(text), nothing);
            return;
        }
    }
}

void card_open_question(card_writer *card)
{
    card_add(card, "open_question", card->view->digest->open_question, nothing);
}

/* From the oldest sentiment that the digest keeps to the newest one. */
void card_sentiment(card_writer *card)
{
    static const char *const worse[RLT_LANGUAGES] = {
        [RLT_ES] = "empeora", [RLT_PT] = "piora", [RLT_EN] = "worsening"};
    static const char *const better[RLT_LANGUAGES] = {
        [RLT_ES] = "mejora", [RLT_PT] = "melhora", [RLT_EN] = "improving"};
    static const char *const steady[RLT_LANGUAGES] = {
        [RLT_ES] = "estable", [RLT_PT] = "estável", [RLT_EN] = "steady"};
    const relevo_digest *digest = card->view->digest;
    const relevo_reading *reading = card->view->reading;
    if (digest->n_trend == 0 && reading == NULL) {
        return;
    }
    double last = reading != NULL ? reading->sentiment : digest->trend[digest->n_trend - 1];
    char text[64];
    if (digest->n_trend + (reading != NULL ? 1u : 0u) < 2) {
        snprintf(text, sizeof(text), "%.1f", last);
    } else {
        double first = digest->trend[0];
        const char *const *words = last < first - STEADY ? worse : last > first + STEADY ? better : steady;
        snprintf(text, sizeof(text), "%s: %.1f → %.1f", words[card->language], first, last);
    }
    card_add(card, "sentiment", rlt_str(text), nothing);
}
