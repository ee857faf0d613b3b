/* SPDX-License-Identifier: Apache-2.0 */
/* The index's inside: a shelf of articles per language. */
#ifndef RELEVO_TEXT_INDEX_H
#define RELEVO_TEXT_INDEX_H

#include "text/search.h"

/* Words like "mi" and "cuánto" say little, but "¿dónde están?" has no others. */
#define RLT_STOP_WEIGHT 0.15

typedef struct rlt_posting {
    uint32_t doc;
    float impact; /* what the term adds to the article's score */
} rlt_posting;

typedef struct rlt_term {
    relevo_str text; /* stem */
    uint32_t hash;
    uint32_t first, n; /* its postings */
    uint32_t first_passage, n_passages; /* and where in shelf->in_passages the sentences stand that have it */
    float attainable;  /* the largest impact among the postings */
    float rarity;      /* what it is worth to a passage */
    bool stop;
    bool smalltalk; /* only articles of small talk have it */
} rlt_term;

/* A question as an article has it, so that whoever asks just that finds it. */
typedef struct rlt_asked {
    uint64_t key; /* of its words in their order, folded */
    uint32_t doc;
} rlt_asked;

typedef struct rlt_shelf {
    rlt_language language;
    const rlt_article **docs;
    uint32_t n_docs;
    rlt_term *terms;
    uint32_t n_terms, room; /* room of terms, words and slots / 2 */
    uint32_t *slots;        /* hash table: number of a term + 1; 2 × room places, a power of two */
    relevo_str *words;      /* as articles write them, folded, to find what is near ... */
    uint32_t *word_terms;   /* ... and the term of each */
    uint32_t n_words;
    rlt_vocabulary *vocabulary; /* of the words */
    rlt_posting *postings;
    uint32_t *passage_docs; /* the article of each passage, a title or a sentence of an article without questions; in the articles' order */
    uint32_t n_passages;
    uint32_t *in_passages; /* passages by terms */
    rlt_asked *asked; /* sorted by key */
    uint32_t n_asked;
} rlt_shelf;

struct rlt_index {
    const rlt_kb *kb;
    rlt_work *work;                   /* holds stems and words */
    double rarest;                    /* of a word that one article has, on the largest shelf */
    rlt_shelf shelves[RLT_LANGUAGES]; /* [RLT_UNKNOWN] stays empty */
};

/* Its answer must speak for it: words in one sentence of that belong together. */
static inline bool rlt_is_prose(const rlt_article *article)
{
    return article->n_questions == 0;
}

/* NULL: no article has it. */
const rlt_term *rlt_shelf_term(const rlt_shelf *shelf, relevo_str stem);
/* The key of a text as a question; 0: it has no words. */
uint64_t rlt_asked_key(const rlt_doc *doc);
/* The first of the questions with that key, and behind *ret_n how many; NULL: none has it. */
const rlt_asked *rlt_shelf_asked(const rlt_shelf *shelf, uint64_t key, uint32_t *ret_n);
/* The term of a word that is near; NULL: none is. */
const rlt_term *rlt_shelf_near(const rlt_shelf *shelf, relevo_str word);

#endif
