/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the article that answers a message: BM25, judged against the best score that any article could
 * have, and weighed with the intent that the classifier read. */
#ifndef RELEVO_TEXT_SEARCH_H
#define RELEVO_TEXT_SEARCH_H

#include "text/kb.h"

/* An index over a knowledge base, which it borrows; immutable, shared by threads. */
typedef struct rlt_index rlt_index;

/* NULL: out of memory. */
rlt_index *rlt_index_new(const rlt_kb *kb);
/* Accepts NULL. */
void rlt_index_free(rlt_index *index);

/* In the light of what is searched. */
typedef struct rlt_asking {
    rlt_language language; /* the customer's (RLT_UNKNOWN: not known): an article in it comes before the same in another */
    int64_t day;           /* since 1970-01-01: articles that are not valid then are not there */
    relevo_str intent;     /* that the classifier read in the message; absent: none, words alone count */
    double certainty;      /* of the intent, 0 to 1 */
} rlt_asking;

/* With what the classifier read in the whole message; NULL: nothing. */
rlt_asking rlt_asking_of(rlt_language language, int64_t day, const relevo_reading *reading);

typedef struct rlt_found {
    const rlt_article *best;   /* NULL: no article has a word of the message. In the language asked for when it exists in it */
    const rlt_article *second; /* the best of another id; NULL: none */
    double score;              /* of the best, 0 to 1 */
    double second_score;
    double words;              /* the best's score by its words alone: their part of the best attainable */
    double lead;               /* by how much it is before the second: by words, where the intent speaks alike for both; below 0: not at all */
    relevo_str intent;         /* that was weighed with them; absent: none was, or no article names it */
} rlt_found;

/* Searches. What is found lives in `work` until its reset. False: out of memory. */
bool rlt_search(const rlt_index *index, rlt_work *work, const rlt_doc *doc, const rlt_asking *asking, rlt_found *ret_found);

/* Whether the message has a word, none of those that every text has, which the article has, too, and none of the `heard` texts: it asks on, of
   what is in the same article. False, too, when out of memory. */
bool rlt_asks_on(const rlt_index *index, rlt_work *work, const rlt_article *article, const rlt_doc *doc, const relevo_str *heard, size_t n_heard);

/* What the words alone are worth to every article on a subject: scores[i] of kb->articles[i], 0 where it shares none with the message or is not
   valid that day. `scores` has room for kb->n. False: out of memory. */
bool rlt_search_all(const rlt_index *index, rlt_work *work, const rlt_doc *doc, rlt_language language, int64_t day, double *scores);

#endif
