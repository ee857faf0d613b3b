/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Search in a knowledge base by BM25F (Robertson and Zaragoza, 2009). What customers are told depends on it,
 * so it must be explainable: no learned weights here. The intent that the classifier read is another witness of what is asked, who knows
 * other words: the log-odds of both add up, as if they erred independently.
 */
#include "text/index.h"
#include "text/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAR_WEIGHT    0.8  /* of a word that is only near one that articles have: a typing error */
#define UNKNOWN_WEIGHT 0.5  /* of a word that no article has, against the rarest that one has */
#define FOREIGN_WEIGHT 0.85 /* of an article that is not in the customer's language */
#define SMALLTALK_MIN  0.85 /* a message of which a greeting explains so much is one */
#define STOPS_LEAST    3u   /* a question of stop words alone has so many ("¿por qué?" asks nothing), */
#define STOPS_MIN      0.85 /* and must be explained so well */
#define BESIDE_EXACT   0.9  /* at most, of an article where another one has the very question */
#define PASSAGE_SHARE  0.5  /* of what the best passage of an article of prose explains, beside what all of it does */
#define TERMS_MAX      256u /* words of a message that are looked up */
#define GREETING_MAX   6u   /* words of one piece of small talk */
#define SHORT_WORD     3u   /* bytes: a stem so short is that of unlike words ("chá", "chao") */
#define INTENT_WEIGHT  2    /* log-odds that a certain intent adds to the articles that name it, and takes from those that name others */
#define WORDS_LEAST    0.1  /* the least that the words of a message are worth to an article that names its intent, */
#define WORDS_MOST     0.98 /* and the most: all of its words may be there and mean something else ("nunca llegó mi pedido") */
#define SMALLTALK_LEAST 0.5 /* the least of small talk, where nothing is at stake: an intent that is sure is enough ("eres real?") */

typedef struct shelf_query {
    const rlt_term *terms[TERMS_MAX];
    double weights[TERMS_MAX];
    uint32_t n;
    uint64_t key;             /* of the whole message as a question */
    double unknown;           /* attainable score of the words that no article has */
    uint32_t stops, subjects; /* words of either sort that articles on some subject have */
    bool says;                /* an article has a word of it that is no stop word, or it is a question just as one has it */
    bool unheard;             /* it has a word that is no stop word, and that no article has */
} shelf_query;

static bool has_term(const shelf_query *query, const rlt_term *term)
{
    for (uint32_t i = 0; i < query->n; i++)
        if (query->terms[i] == term)
            return true;
    return false;
}

/* Whether articles have the word as it is, or more than one of it. */
static bool is_written(const rlt_shelf *shelf, relevo_str word)
{
    static const char *const endings[] = {"", "s", "es"};
    char text[SHORT_WORD + sizeof "es"];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        (void)snprintf(text, sizeof text, "%.*s%s", (int)word.len, word.ptr, endings[i]);
        if (rlt_vocabulary_find(shelf->vocabulary, rlt_str(text), rlt_hash(rlt_str(text))) != RLT_NO_WORD)
            return true;
    }
    return false;
}

/* The term of a word; NULL: no article has it. */
static const rlt_term *find_term(const rlt_shelf *shelf, rlt_work *work, const rlt_token *token)
{
    const rlt_term *term = rlt_shelf_term(shelf, rlt_stem(work, shelf->language, token->text));
    bool unlike = term && !term->stop && token->kind == RLT_WORD && token->text.len <= SHORT_WORD && !is_written(shelf, token->text);
    return unlike ? NULL : term;
}

/* Whether a word is one, and no other one misspelt. Spanish and Portuguese have words that are near and mean the same ("ayuda", "ajuda"),
   English has not ("perdón", "person"). */
static bool is_known(const rlt_shelf *shelf, relevo_str word)
{
    const rlt_word_entry *entry = rlt_word_find(word);
    return entry && (entry->evidence & 1u << shelf->language || shelf->language == RLT_EN || entry->evidence == 1u << RLT_EN);
}

/* Looks the words of a message up on one shelf. */
static void make_query(const rlt_shelf *shelf, double rarest, rlt_work *work, const rlt_doc *doc,
                       rlt_language language, shelf_query *query)
{
    *query = (shelf_query){.key = rlt_asked_key(doc)};
    for (uint32_t i = 0; i < doc->n_tokens && query->n < TERMS_MAX; i++) {
        const rlt_token *token = &doc->tokens[i];
        bool near = false;
        if (token->kind == RLT_EMOJI)
            continue;
        bool stop = rlt_stop_languages(token->text) & (1u << shelf->language | 1u << language);
        const rlt_term *term = find_term(shelf, work, token);
        if (term && stop && !term->stop) /* "saber" has the stem of "sábado", and is no sign of it */
            term = NULL;
        if (!term && token->kind == RLT_WORD && !stop && !is_known(shelf, token->text))
            near = (term = rlt_shelf_near(shelf, token->text)) != NULL;
        if (!term && token->kind == RLT_WORD) {
            query->unknown += (stop ? RLT_STOP_WEIGHT : 1) * UNKNOWN_WEIGHT * rarest;
            query->unheard |= !stop;
        }
        if (!term || has_term(query, term))
            continue;
        query->terms[query->n] = term;
        query->weights[query->n++] = near ? NEAR_WEIGHT : 1;
        bool subject = !term->stop && token->kind == RLT_WORD; /* "20" alone asks nothing, though an article has it */
        query->stops += !term->smalltalk && term->stop;
        query->subjects += !term->smalltalk && subject;
        query->says |= subject;
    }
    uint32_t n;
    query->says |= rlt_shelf_asked(shelf, query->key, &n) != NULL;
}

typedef struct top_two {
    const rlt_article *best, *second;
    double score, second_score, words, second_words;
} top_two;

static void rank(top_two *ranking, const rlt_article *article, double score, double words)
{
    bool same = ranking->best && rlt_equal(ranking->best->id, article->id);
    if (score > ranking->score) {
        if (!same) {
            ranking->second = ranking->best;
            ranking->second_score = ranking->score;
            ranking->second_words = ranking->words;
        }
        ranking->best = article;
        ranking->score = score;
        ranking->words = words;
    } else if (score > ranking->second_score && !same) {
        ranking->second = article;
        ranking->second_score = score;
        ranking->second_words = words;
    }
}

/* Whether an article of that sort, valid that day, has it as a question. */
static bool asks_exactly(const rlt_shelf *shelf, const rlt_asked *asked, bool smalltalk, int64_t day)
{
    return shelf->docs[asked->doc]->smalltalk == smalltalk && rlt_is_valid(shelf->docs[asked->doc], day);
}

/* Who asks what an article has as a question gets that article, whatever its words weigh. */
static void prefer_exact(const rlt_shelf *shelf, const shelf_query *query, bool smalltalk, int64_t day, double weight, double *scores)
{
    uint32_t n;
    const rlt_asked *asked = rlt_shelf_asked(shelf, query->key, &n);
    bool any = false;
    for (uint32_t i = 0; i < n; i++)
        any = any || asks_exactly(shelf, &asked[i], smalltalk, day);
    for (uint32_t i = 0; any && i < shelf->n_docs; i++)
        scores[i] = fmin(scores[i], BESIDE_EXACT * weight);
    for (uint32_t i = 0; i < n; i++)
        if (asks_exactly(shelf, &asked[i], smalltalk, day))
            scores[asked[i].doc] = weight;
}

/* Adds what the best passage of each article of prose explains. Returns what one could; below 0: out of memory. */
static double score_passages(const rlt_shelf *shelf, rlt_work *work, const shelf_query *query, bool smalltalk, double *scores)
{
    double attainable = 0, *sums = rlt_work_alloc(work, (shelf->n_passages + 1) * sizeof *sums);
    if (!sums)
        return -1;
    memset(sums, 0, shelf->n_passages * sizeof *sums);
    for (uint32_t i = 0; i < query->n; i++) {
        const rlt_term *term = query->terms[i];
        if (!smalltalk && term->smalltalk)
            continue;
        attainable += PASSAGE_SHARE * (double)term->rarity;
        for (uint32_t k = term->first_passage; k < term->first_passage + term->n_passages; k++)
            sums[shelf->in_passages[k]] += PASSAGE_SHARE * query->weights[i] * (double)term->rarity;
    }
    for (uint32_t i = 0, best = 0; i < shelf->n_passages; i++) {
        best = shelf->passage_docs[i] == shelf->passage_docs[best] && sums[best] >= sums[i] ? best : i;
        if (i + 1 == shelf->n_passages || shelf->passage_docs[i + 1] != shelf->passage_docs[i])
            scores[shelf->passage_docs[i]] += sums[best];
    }
    return attainable;
}

/* What the words are worth to each article of one sort on the shelf, by its number there: 0 where it shares none, is of the other sort or not
   valid. For subjects, the words of small talk are left out. In `work`; NULL: out of memory. */
static double *score_shelf(const rlt_shelf *shelf, rlt_work *work, const shelf_query *query, bool smalltalk, int64_t day, double weight)
{
    double *scores = rlt_work_alloc(work, (shelf->n_docs + 1) * sizeof *scores);
    double attainable = query->unknown;
    if (!scores)
        return NULL;
    memset(scores, 0, shelf->n_docs * sizeof *scores);
    for (uint32_t i = 0; i < query->n; i++) {
        const rlt_term *term = query->terms[i];
        if (!smalltalk && term->smalltalk)
            continue;
        attainable += (double)term->attainable;
        for (uint32_t j = term->first; j < term->first + term->n; j++)
            scores[shelf->postings[j].doc] += query->weights[i] * (double)shelf->postings[j].impact;
    }
    double beside = score_passages(shelf, work, query, smalltalk, scores);
    if (beside < 0)
        return NULL;
    for (uint32_t i = 0; i < shelf->n_docs; i++)
        scores[i] = scores[i] > 0 && shelf->docs[i]->smalltalk == smalltalk && rlt_is_valid(shelf->docs[i], day)
                        ? weight * scores[i] / (attainable + (rlt_is_prose(shelf->docs[i]) ? beside : 0))
                        : 0;
    prefer_exact(shelf, query, smalltalk, day, weight, scores);
    return scores;
}

static double weight_of(const rlt_shelf *shelf, rlt_language language)
{
    return language == RLT_UNKNOWN || language == shelf->language ? 1 : FOREIGN_WEIGHT;
}

/* ---- what it begins with ---- */

/* Whether an article has just these words as one of its questions; of small talk, or of any sort. */
static bool is_asked(const rlt_index *index, uint64_t key, bool smalltalk)
{
    for (uint32_t i = 0; i < RLT_LANGUAGES; i++) {
        uint32_t n;
        const rlt_asked *asked = rlt_shelf_asked(&index->shelves[i], key, &n);
        for (uint32_t k = 0; k < n; k++)
            if (!smalltalk || index->shelves[i].docs[asked[k].doc]->smalltalk)
                return true;
    }
    return false;
}

/* The message without the small talk that it begins with ("bom dia, vocês entregam?"), whose words are no sign of what is asked; all of it where
   nothing else is there, or an article has it as a question. */
static rlt_doc without_greeting(const rlt_index *index, const rlt_doc *doc)
{
    rlt_doc rest = *doc;
    if (is_asked(index, rlt_asked_key(doc), false))
        return rest;
    for (uint32_t n = GREETING_MAX; n > 0 && rest.n_tokens > 0; n--) { /* "buenas tardes" before "buenas" */
        const rlt_doc begin = {.tokens = rest.tokens, .n_tokens = n < rest.n_tokens ? n : rest.n_tokens};
        if (!is_asked(index, rlt_asked_key(&begin), true))
            continue;
        rest.tokens += begin.n_tokens;
        rest.n_tokens -= begin.n_tokens;
        n = GREETING_MAX + 1;
    }
    return rest.n_tokens > 0 ? rest : *doc;
}

bool rlt_search_all(const rlt_index *index, rlt_work *work, const rlt_doc *doc, rlt_language language, int64_t day, double *scores)
{
    const rlt_doc rest = without_greeting(index, doc);
    memset(scores, 0, index->kb->n * sizeof *scores);
    for (uint32_t i = 0; i < RLT_LANGUAGES; i++) {
        const rlt_shelf *shelf = &index->shelves[i];
        shelf_query query;
        if (shelf->n_docs == 0)
            continue;
        make_query(shelf, index->rarest, work, &rest, language, &query);
        const double *found = score_shelf(shelf, work, &query, false, day, weight_of(shelf, language));
        for (uint32_t k = 0; found && k < shelf->n_docs; k++)
            scores[shelf->docs[k] - index->kb->articles] = found[k];
        if (!found)
            return false;
    }
    return true;
}

/* ---- with the intent ---- */

rlt_asking rlt_asking_of(rlt_language language, int64_t day, const relevo_reading *reading)
{
    rlt_asking asking = {.language = language, .day = day};
    if (reading && reading->intent.len > 0) {
        asking.intent = reading->intent;
        asking.certainty = reading->confidence * (1 - reading->out_of_scope);
    }
    return asking;
}

static bool names(const rlt_article *article, relevo_str intent)
{
    for (size_t i = 0; i < article->n_intents; i++)
        if (rlt_equal(article->intents[i], intent))
            return true;
    return false;
}

/* An intent that no article names tells of none of them. */
static bool is_named(const rlt_kb *kb, relevo_str intent)
{
    for (uint32_t i = 0; intent.len > 0 && i < kb->n; i++)
        if (names(&kb->articles[i], intent))
            return true;
    return false;
}

static double add_log_odds(double score, double log_odds)
{
    return score > 0 ? 1 / (1 + exp(-log_odds) * (1 - score) / score) : 0;
}

/* What words and intent are worth together to articles of one sort; those that name no intents stay as they are. In `work`; NULL: out of memory. */
static double *weigh_intent(const rlt_shelf *shelf, rlt_work *work, const rlt_asking *asking, bool smalltalk, double weight, const double *words)
{
    double *scores = rlt_work_alloc(work, (shelf->n_docs + 1) * sizeof *scores), log_odds = INTENT_WEIGHT * asking->certainty;
    double least = smalltalk ? SMALLTALK_LEAST : WORDS_LEAST;
    for (uint32_t i = 0; scores && i < shelf->n_docs; i++) {
        const rlt_article *article = shelf->docs[i];
        double most = fmin(words[i], WORDS_MOST * weight);
        if (article->n_intents == 0 || article->smalltalk != smalltalk || !rlt_is_valid(article, asking->day))
            scores[i] = words[i];
        else if (names(article, asking->intent))
            scores[i] = fmax(words[i], add_log_odds(fmax(most, least * weight), log_odds));
        else
            scores[i] = add_log_odds(most, -log_odds);
    }
    return scores;
}

/* Log-odds bring high scores together, which must not make two articles of one intent alike. */
static double lead_of(const top_two *ranking, relevo_str intent)
{
    bool both = ranking->second && names(ranking->best, intent) && names(ranking->second, intent);
    return both ? ranking->words - ranking->second_words : ranking->score - ranking->second_score;
}

static bool rank_shelf(const rlt_shelf *shelf, rlt_work *work, const shelf_query *query, bool smalltalk, const rlt_asking *asking, top_two *ranking)
{
    double weight = weight_of(shelf, asking->language);
    double *words = score_shelf(shelf, work, query, smalltalk, asking->day, weight), *scores = words;
    if (words && asking->intent.len > 0) {
        scores = weigh_intent(shelf, work, asking, smalltalk, weight, words);
        if (scores)
            prefer_exact(shelf, query, smalltalk, asking->day, weight, scores);
    }
    for (uint32_t i = 0; scores && i < shelf->n_docs; i++)
        if (scores[i] > 0)
            rank(ranking, shelf->docs[i], scores[i], words[i]);
    return scores != NULL;
}

static bool search(const rlt_index *index, rlt_work *work, const rlt_doc *doc, const rlt_asking *asking, rlt_found *ret_found)
{
    top_two subject = {.score = 0}, smalltalk = {.score = 0};
    bool says = false, content = false, unheard = false;
    uint32_t stops = 0;
    for (uint32_t i = 0; i < RLT_LANGUAGES; i++) {
        const rlt_shelf *shelf = &index->shelves[i];
        shelf_query query;
        if (shelf->n_docs == 0)
            continue;
        make_query(shelf, index->rarest, work, doc, asking->language, &query);
        says |= query.says;
        unheard |= query.unheard;
        stops = stops > query.stops ? stops : query.stops;
        content |= query.subjects > 0 || query.stops > 1; /* "¿dónde están?" has no other words */
        if (!rank_shelf(shelf, work, &query, false, asking, &subject) || !rank_shelf(shelf, work, &query, true, asking, &smalltalk))
            return false;
    }
    /* "¿Cuánto tarda?" has the stem of "buenas tardes". */
    bool greets = (smalltalk.score >= SMALLTALK_MIN && smalltalk.score >= subject.words) || (!content && smalltalk.words > 0);
    const top_two none = {.score = 0}, *ranking = greets ? &smalltalk : &subject;
    /* "Sí, por favor" says nothing, though an article has all of it; "¿con quién hablo?" does. */
    bool asks = stops >= STOPS_LEAST && rlt_is_question(doc) && ranking->score >= STOPS_MIN, meant = unheard && asking->intent.len > 0;
    if (!says && !asks && !meant)
        ranking = &none;
    rlt_found found = {ranking->best, ranking->second, ranking->score, ranking->second_score, ranking->words, lead_of(ranking, asking->intent), asking->intent};
    const rlt_article *own = found.best ? rlt_kb_find(index->kb, found.best->id, asking->language) : NULL;
    found.best = own && rlt_is_valid(own, asking->day) ? own : found.best;
    *ret_found = found;
    return true;
}

bool rlt_search(const rlt_index *index, rlt_work *work, const rlt_doc *doc, const rlt_asking *asking, rlt_found *ret_found)
{
    const rlt_doc rest = without_greeting(index, doc);
    rlt_asking known = *asking;
    if (!is_named(index->kb, known.intent))
        known.intent = (relevo_str){NULL, 0};
    if (!search(index, work, &rest, &known, ret_found))
        return false;
    /* "Hello there" */
    return ret_found->best || rest.n_tokens == doc->n_tokens || search(index, work, doc, &known, ret_found);
}

/* ---- what it adds ---- */

static bool has_word(const rlt_shelf *shelf, const rlt_article *article, const rlt_term *term)
{
    for (uint32_t i = term->first; i < term->first + term->n; i++)
        if (shelf->docs[shelf->postings[i].doc] == article)
            return true;
    return false;
}

static bool is_heard(const rlt_shelf *shelf, rlt_work *work, const rlt_doc *docs, size_t n, const rlt_term *term)
{
    for (size_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < docs[i].n_tokens; k++)
            if (find_term(shelf, work, &docs[i].tokens[k]) == term)
                return true;
    return false;
}

bool rlt_asks_on(const rlt_index *index, rlt_work *work, const rlt_article *article, const rlt_doc *doc, const relevo_str *heard, size_t n_heard)
{
    const rlt_shelf *shelf = &index->shelves[article->language];
    rlt_doc *docs = rlt_work_alloc(work, (n_heard + 1) * sizeof *docs);
    for (size_t i = 0; i < n_heard; i++)
        if (!docs || rlt_read(work, heard[i], &docs[i]) != RLT_OK)
            return false;
    for (uint32_t i = 0; docs && i < doc->n_tokens; i++) {
        const rlt_term *term = doc->tokens[i].kind == RLT_WORD ? find_term(shelf, work, &doc->tokens[i]) : NULL;
        if (term && !term->stop && has_word(shelf, article, term) && !is_heard(shelf, work, docs, n_heard, term))
            return true;
    }
    return false;
}
