/* SPDX-License-Identifier: Apache-2.0 */
/* The index's inside: a shelf of articles per language. */
#ifndef RELEVO_RESPONDER_INDEX_H
#define RELEVO_RESPONDER_INDEX_H

#include "search.h"

/* Words like "mi" and "cuánto" say little, but "¿dónde están?" has no others. */
#define RLR_STOP_WEIGHT 0.15

typedef struct rlr_posting {
    uint32_t doc;
    float impact; /* what the term adds to the article's score */
} rlr_posting;

typedef struct rlr_term {
    relevo_str text; /* stem */
    uint32_t hash;
    uint32_t first, n; /* its postings */
    float attainable;  /* the largest impact among them */
    bool stop;
    bool smalltalk; /* only articles of small talk have it */
} rlr_term;

typedef struct rlr_shelf {
    rlt_language language;
    const rlr_article **docs;
    uint32_t n_docs;
    rlr_term *terms;
    uint32_t n_terms, room; /* room of terms, words and slots / 2 */
    uint32_t *slots;        /* hash table: number of a term + 1; 2 × room places, a power of two */
    relevo_str *words;      /* as articles write them, folded, to find what is near ... */
    uint32_t *word_terms;   /* ... and the term of each */
    uint32_t n_words;
    rlt_vocabulary *vocabulary; /* of the words */
    rlr_posting *postings;
} rlr_shelf;

struct rlr_index {
    const rlr_kb *kb;
    rlt_work *work;                   /* holds stems and words */
    double rarest;                    /* of a word that one article has, on the largest shelf */
    rlr_shelf shelves[RLT_LANGUAGES]; /* [RLT_UNKNOWN] stays empty */
};

/* NULL: no article has it. */
const rlr_term *rlr_shelf_term(const rlr_shelf *shelf, relevo_str stem);
/* The term of a word that is near; NULL: none is. */
const rlr_term *rlr_shelf_near(const rlr_shelf *shelf, relevo_str word);

#endif
