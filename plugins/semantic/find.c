/* SPDX-License-Identifier: Apache-2.0 */
/* See find.h. It must never name an article that is not valid that day, nor one without an embedding. */
#include "find.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool sem_shelf_make(const rlt_kb *kb, const rlt_index *index, const sem_table *table, sem_shelf *ret)
{
    sem_shelf made = {kb, index, table, calloc((size_t)kb->n + 1, sizeof *made.places)};
    if (!made.places)
        return false;
    for (uint32_t i = 0; i < kb->n; i++) {
        size_t at = 0;
        while (at < table->n_ids && !rlt_equal(kb->articles[i].id, rlt_str(table->ids[at])))
            at++;
        made.places[i] = at;
    }
    *ret = made;
    return true;
}

void sem_shelf_clear(sem_shelf *shelf)
{
    free(shelf->places);
    *shelf = (sem_shelf){.kb = NULL};
}

/* The article at a place: in the language where there is one of it, else in whichever is valid that day. */
static const rlt_article *article_at(const sem_shelf *shelf, size_t place, rlt_language language, int64_t day)
{
    const rlt_article *any = NULL;
    for (uint32_t i = 0; i < shelf->kb->n; i++) {
        const rlt_article *article = &shelf->kb->articles[i];
        if (shelf->places[i] != place || !rlt_is_valid(article, day))
            continue;
        if (article->language == language)
            return article;
        any = any ? any : article;
    }
    return any;
}

/* Words that two languages have alike are chance as often as not: they say nothing of an article in another language than the question. */
static bool shares_words(const rlt_article *article, rlt_language language)
{
    return language == RLT_UNKNOWN || article->language == language;
}

bool sem_find(const sem_shelf *shelf, const sem_limits *limits, rlt_work *work, const rlt_doc *doc, rlt_language language, int64_t day,
              const float *vector, sem_found *ret)
{
    enum { NOWHERE = -1 };
    size_t n = shelf->table->n_ids, best = n, second = n;
    double *cosines = rlt_work_alloc(work, (n + 1) * sizeof *cosines), *words = rlt_work_alloc(work, (n + 1) * sizeof *words);
    double *found = rlt_work_alloc(work, ((size_t)shelf->kb->n + 1) * sizeof *found);
    if (!cosines || !words || !found || !rlt_search_all(shelf->index, work, doc, language, day, found))
        return false;
    sem_table_find(shelf->table, vector, cosines);
    for (size_t i = 0; i < n; i++)
        words[i] = NOWHERE;
    for (uint32_t i = 0; i < shelf->kb->n; i++) {
        const rlt_article *article = &shelf->kb->articles[i];
        if (shelf->places[i] < n && rlt_is_valid(article, day))
            words[shelf->places[i]] = fmax(words[shelf->places[i]], shares_words(article, language) ? found[i] : 0);
    }
    for (size_t i = 0; i < n; i++) {
        if (words[i] < 0)
            continue;
        words[i] = cosines[i] + limits->words * words[i];
        if (best == n || words[i] > words[best]) {
            second = best;
            best = i;
        } else if (second == n || words[i] > words[second]) {
            second = i;
        }
    }
    *ret = (sem_found){.cosine = -1, .why = "no article with an embedding is valid today: make `vectors` anew"};
    if (best == n)
        return true;
    *ret = (sem_found){.article = article_at(shelf, best, language, day),
                       .cosine = cosines[best],
                       .lead = second == n ? 2 : words[best] - words[second]};
    if (ret->cosine < limits->least)
        ret->why = "no article means the same";
    else if (ret->lead < limits->margin)
        ret->why = "two articles mean much the same";
    return true;
}
