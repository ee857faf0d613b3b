/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the customer wants, in their own words: the most telling message of the stretch, and the current one.
 * Messages are chosen, never rewritten.
 */
#include "summarizer/card.h"

#include <string.h>

#define MESSAGE_MAX 1000u /* bytes of a message that are shown */

/* Words that greet, thank or agree, folded: they say nothing of what is wanted, in any of the languages. */
static bool is_courtesy(relevo_str word)
{
    static const char *const words[] = {
        "hola",  "buenas",   "buenos", "buen",    "dia",       "dias",     "tardes", "tarde", "noches",
        "noche", "gracias",  "favor",  "saludos", "ok",        "okay",     "si",     "no",    "ya",
        "ola",   "oi",       "bom",    "boa",     "obrigado",  "obrigada", "sim",    "nao",   "hello",
        "hi",    "hey",      "good",   "morning", "afternoon", "evening",  "thanks", "thank", "please",
        "yes",   "disculpa", "perdon", "que",     "tal",
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (rlt_equal(word, rlt_str(words[i]))) {
            return true;
        }
    }
    return false;
}

/* How many words of the text say something; 0 also when memory ran out, which fails the card. */
static uint32_t weight_of(card_writer *card, relevo_str text)
{
    rlt_doc doc;
    rlt_work_reset(card->work);
    if (rlt_read(card->work, text, &doc) != RLT_OK) {
        card->result = RELEVO_E_FAILED;
        return 0;
    }
    uint32_t weight = 0;
    for (uint32_t i = 0; i < doc.n_tokens; i++) {
        const rlt_token *token = &doc.tokens[i];
        bool counts = token->kind != RLT_EMOJI && !rlt_is_stop(card->language, token->text) &&
                      !is_courtesy(token->text);
        weight += counts ? 1 : 0;
    }
    return weight;
}

/* One word, which some flow asked for: it stands on the card as such. */
static bool is_datum(const card_writer *card, relevo_str text)
{
    if (text.len == 0)
        return false;
    const relevo_view *view = card->view;
    for (uint32_t i = 0; i < view->n_slots && memchr(text.ptr, ' ', text.len) == NULL; i++)
        if (rlt_equal(view->slots[i]->value, text))
            return true;
    return false;
}

/* The earlier message with most to say, of two alike the newer one; absent: none says anything. */
static relevo_str most_telling(card_writer *card)
{
    const relevo_view *view = card->view;
    relevo_str best = {NULL, 0};
    uint32_t most = 0;
    for (uint32_t i = card->first_turn; i < view->n_turns; i++) {
        if (view->turns[i]->by == RELEVO_BY_CUSTOMER && !is_datum(card, view->turns[i]->text)) {
            uint32_t weight = weight_of(card, view->turns[i]->text);
            if (weight > 0 && weight >= most) {
                most = weight;
                best = view->turns[i]->text;
            }
        }
    }
    return best;
}

void card_wants(card_writer *card)
{
    const relevo_str nowhere = {NULL, 0};
    relevo_str best = most_telling(card);
    relevo_str now = card->view->message != NULL ? card->view->message->text : nowhere;
    if (!rlt_equal(best, now)) {
        card_add(card, "wants", rlt_cut(best, MESSAGE_MAX), nowhere);
    }
    if (now.len > 0 && !is_datum(card, now) && (best.len == 0 || weight_of(card, now) > 0)) {
        card_add(card, "wants", rlt_cut(now, MESSAGE_MAX), card->view->message->id);
    }
}
