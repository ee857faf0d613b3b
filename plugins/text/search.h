/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the article that answers a message: BM25, judged against the best score that any article could
 * have. */
#ifndef RELEVO_TEXT_SEARCH_H
#define RELEVO_TEXT_SEARCH_H

#include "text/kb.h"

/* An index over a knowledge base, which it borrows; immutable, shared by threads. */
typedef struct rlt_index rlt_index;

/* NULL: out of memory. */
rlt_index *rlt_index_new(const rlt_kb *kb);
/* Accepts NULL. */
void rlt_index_free(rlt_index *index);

typedef struct rlt_found {
    const rlt_article *best;   /* NULL: no article has a word of the message */
    const rlt_article *second; /* the best of another id; NULL: none */
    double score;              /* of the best, 0 to 1: its part of the best attainable */
    double second_score;
} rlt_found;

/*
 * Searches. `language` is the customer's (RLT_UNKNOWN: not known): an article in it comes before the same in
 * another, and the best article is given in it when it exists. `day` (since 1970-01-01): articles that are not valid then are
 * not there. Lives in `work` until its reset. False: out of
 * memory.
 */
bool rlt_search(const rlt_index *index, rlt_work *work, const rlt_doc *doc, rlt_language language,
                int64_t day, rlt_found *ret_found);

/* The same of every article on a subject: scores[i] of kb->articles[i], 0 where it shares no word with the message or is not valid that
   day. `scores` has room for kb->n. False: out of memory. */
bool rlt_search_all(const rlt_index *index, rlt_work *work, const rlt_doc *doc, rlt_language language, int64_t day, double *scores);

#endif
