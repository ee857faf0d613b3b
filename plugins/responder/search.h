/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the article that answers a message: BM25, judged against the best score that any article could
 * have. */
#ifndef RELEVO_RESPONDER_SEARCH_H
#define RELEVO_RESPONDER_SEARCH_H

#include "kb.h"

/* An index over a knowledge base, which it borrows; immutable, shared by threads. */
typedef struct rlr_index rlr_index;

/* NULL: out of memory. */
rlr_index *rlr_index_new(const rlr_kb *kb);
/* Accepts NULL. */
void rlr_index_free(rlr_index *index);

typedef struct rlr_found {
    const rlr_article *best;   /* NULL: no article has a word of the message */
    const rlr_article *second; /* the best of another id; NULL: none */
    double score;              /* of the best, 0 to 1: its part of the best attainable */
    double second_score;
} rlr_found;

/*
 * Searches. `language` is the customer's (RLT_UNKNOWN: not known): an article in it comes before the same in
 * another, and the best article is given in it when it exists. `day` (since 1970-01-01): articles that are not valid then are
 * not there. Lives in `work` until its reset. False: out of
 * memory.
 */
bool rlr_search(const rlr_index *index, rlt_work *work, const rlt_doc *doc, rlt_language language,
                int64_t day, rlr_found *ret_found);

#endif
