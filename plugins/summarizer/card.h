/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a handover card. They must never say what is not in the view. */
#ifndef RELEVO_SUMMARIZER_CARD_H
#define RELEVO_SUMMARIZER_CARD_H

#include "text/data.h"
#include "text/text.h"

/* What one card is made from and where it goes. */
typedef struct card_writer {
    const relevo_view *view;
    const relevo_sink *sink;
    const rlt_finder *patterns;
    rlt_work *work;
    uint32_t index;        /* of the view in its batch */
    uint32_t first_turn;   /* where the stretch begins among the view's turns */
    rlt_language language; /* of the agents' words; never RLT_UNKNOWN */
    int32_t result;        /* the first failure; what follows one is left out */
} card_writer;

void card_why(card_writer *card);
void card_wants(card_writer *card);
void card_data(card_writer *card);
void card_changed(card_writer *card);
void card_tried(card_writer *card);
void card_open_question(card_writer *card);
void card_sentiment(card_writer *card);
/* What is known besides the talk: how sure the judgement is, who the customer is, how it went before, until when WhatsApp lets one write,
   and how it ended (background.c). */
void card_confidence(card_writer *card);
void card_customer(card_writer *card);
void card_previous(card_writer *card);
void card_window(card_writer *card);
void card_outcome(card_writer *card);

/* "A person took the conversation.", in the card's language. */
const char *card_taken(const card_writer *card);
/* Bytes of each piece that is put into a longer text, so that the whole fits and is never cut in mid-character. */
enum { CARD_REASON_MAX = 500, CARD_NAME_MAX = 64, CARD_VALUE_MAX = 300 };

/* Adds one field; message_id may be absent. */
void card_add(card_writer *card, const char *name, relevo_str text, relevo_str message_id);

#endif
