/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what a text states stands in the articles that it names. */
#ifndef RELEVO_LLM_GROUND_H
#define RELEVO_LLM_GROUND_H

#include "said.h"

/* What a text is held against. */
typedef struct llm_ground {
    const llm_given *given;
    const rlt_article *const *cited; /* of those given; may be none */
    size_t n;
} llm_ground;

/* The part of a sentence's words that must stand in the articles, of those that say something. */
#define LLM_FLOOR 0.7

/* Each takes a text with placeholders, as the model wrote it. Out of memory: false. */

/* Numbers with a unit (money, shares, times, dates, weights, ...) stand in an article's title or answer with the same unit; others there, in a
   question of it, or in the customer's message. */
bool llm_numbers_stand(const llm_ground *ground, relevo_str text);
/* Every link and address stands whole in an answer. */
bool llm_links_stand(const llm_ground *ground, relevo_str text);
/* Of each sentence that is no question LLM_FLOOR of the words that say something, and every day that it names, stand in the articles or the
   customer's message; courtesies and the customer's words say nothing. Where the articles are in another language than the answer: true, nothing
   can be told. */
bool llm_statements_stand(const llm_ground *ground, relevo_str text);
/* Whether anything in it is a question. */
bool llm_asks(relevo_str text);

#endif
