/* SPDX-License-Identifier: Apache-2.0 */
/* Building the index: every article becomes stems with weights; every stem a list of articles with impacts.
 */
#include "text/index.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* BM25F: how soon repetition stops to matter, how much long articles are damped, what each part counts. */
#define K1              1.2
#define B               0.4
#define TITLE_WEIGHT    1.5
#define QUESTION_WEIGHT 1.0
#define BODY_WEIGHT     0.4
#define BODY_ALONE      1.0 /* of an article without questions: its answer must speak for it */

/* One occurrence of a term in an article. */
typedef struct occurrence {
    uint32_t term, doc, passage;
    double weight;
} occurrence;

typedef struct shelf_builder {
    rlt_work *work; /* the index's: texts that stay */
    rlt_shelf *shelf;
    occurrence *items;
    size_t n, room;
    double *lengths; /* weighted words of each doc */
} shelf_builder;

static bool slot_matches(const rlt_shelf *shelf, uint32_t slot, uint32_t hash, relevo_str stem)
{
    const rlt_term *term = &shelf->terms[slot - 1];
    return term->hash == hash && rlt_equal(term->text, stem);
}

/* The place of a stem in the hash table, or where it would go. */
static uint32_t *place(const rlt_shelf *shelf, uint32_t hash, relevo_str stem)
{
    uint32_t mask = 2 * shelf->room - 1, at = hash & mask;
    while (shelf->slots[at] && !slot_matches(shelf, shelf->slots[at], hash, stem))
        at = (at + 1) & mask;
    return &shelf->slots[at];
}

const rlt_term *rlt_shelf_term(const rlt_shelf *shelf, relevo_str stem)
{
    uint32_t slot = *place(shelf, rlt_hash(stem), stem);
    return slot ? &shelf->terms[slot - 1] : NULL;
}

const rlt_term *rlt_shelf_near(const rlt_shelf *shelf, relevo_str word)
{
    uint32_t found = rlt_vocabulary_near(shelf->vocabulary, word);
    return found == RLT_NO_WORD ? NULL : &shelf->terms[shelf->word_terms[found]];
}

/* FNV-1a over the hashes of the words. */
uint64_t rlt_asked_key(const rlt_doc *doc)
{
    uint64_t key = 0;
    for (uint32_t i = 0; i < doc->n_tokens; i++)
        if (doc->tokens[i].kind != RLT_EMOJI)
            key = ((key ? key : UINT64_C(0xcbf29ce484222325)) ^ doc->tokens[i].hash) * UINT64_C(0x100000001b3);
    return key;
}

static int by_key(const void *a, const void *b)
{
    const rlt_asked *x = a, *y = b;
    return x->key != y->key ? (x->key > y->key) - (x->key < y->key) : (x->doc > y->doc) - (x->doc < y->doc);
}

const rlt_asked *rlt_shelf_asked(const rlt_shelf *shelf, uint64_t key, uint32_t *ret_n)
{
    uint32_t low = 0, high = shelf->n_asked;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (shelf->asked[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    uint32_t n = 0;
    while (key && low + n < shelf->n_asked && shelf->asked[low + n].key == key)
        n++;
    *ret_n = n;
    return n ? &shelf->asked[low] : NULL;
}

static bool grow(rlt_shelf *shelf)
{
    uint32_t room = shelf->room ? 2 * shelf->room : 512;
    uint32_t *slots = calloc(2 * (size_t)room, sizeof *slots);
    rlt_term *terms = realloc(shelf->terms, room * sizeof *terms);
    if (terms)
        shelf->terms = terms;
    if (!slots || !terms) {
        free(slots);
        return false;
    }
    free(shelf->slots);
    shelf->slots = slots;
    shelf->room = room;
    for (uint32_t i = 0; i < shelf->n_terms; i++)
        *place(shelf, shelf->terms[i].hash, shelf->terms[i].text) = i + 1;
    return true;
}

static relevo_str keep(rlt_work *work, relevo_str text)
{
    char *copy = rlt_work_alloc(work, text.len);
    if (copy)
        memcpy(copy, text.ptr, text.len);
    return (relevo_str){copy, text.len};
}

/* The number of a word's term, new when unknown. */
static bool term_of(shelf_builder *builder, const rlt_token *token, uint32_t *ret_term)
{
    rlt_shelf *shelf = builder->shelf;
    relevo_str stem = rlt_stem(builder->work, shelf->language, token->text);
    uint32_t hash = rlt_hash(stem);
    if (shelf->n_terms == shelf->room && !grow(shelf))
        return false;
    uint32_t *slot = place(shelf, hash, stem);
    if (!*slot) {
        relevo_str text = keep(builder->work, stem);
        if (!text.ptr)
            return false;
        shelf->terms[shelf->n_terms] = (rlt_term){
            .text = text, .hash = hash, .smalltalk = true, .stop = rlt_is_stop(shelf->language, token->text)};
        *slot = ++shelf->n_terms;
    }
    *ret_term = *slot - 1;
    return true;
}

static bool add_word(shelf_builder *builder, const rlt_token *token, uint32_t term)
{
    rlt_shelf *shelf = builder->shelf;
    if (shelf->terms[term].stop)
        return true;
    for (uint32_t i = 0; i < shelf->n_words; i++)
        if (rlt_equal(shelf->words[i], token->text))
            return true;
    if ((shelf->n_words & (shelf->n_words + 1)) == 0) { /* one less than a power of two: full */
        size_t room = 2 * (size_t)shelf->n_words + 1;
        relevo_str *words = realloc(shelf->words, room * sizeof *words);
        uint32_t *terms = realloc(shelf->word_terms, room * sizeof *terms);
        shelf->words = words ? words : shelf->words;
        shelf->word_terms = terms ? terms : shelf->word_terms;
        if (!words || !terms)
            return false;
    }
    relevo_str text = keep(builder->work, token->text);
    if (!text.ptr)
        return false;
    shelf->word_terms[shelf->n_words] = term;
    shelf->words[shelf->n_words++] = text;
    return true;
}

/* The number of a new passage. */
static bool add_passage(rlt_shelf *shelf, uint32_t doc, uint32_t *ret)
{
    if ((shelf->n_passages & (shelf->n_passages + 1)) == 0) { /* one less than a power of two: full */
        uint32_t *docs = realloc(shelf->passage_docs, (2 * (size_t)shelf->n_passages + 1) * sizeof *docs);
        if (!docs)
            return false;
        shelf->passage_docs = docs;
    }
    *ret = shelf->n_passages;
    shelf->passage_docs[shelf->n_passages++] = doc;
    return true;
}

/* Adds a text as one passage. */
static bool add_text(shelf_builder *builder, uint32_t doc, relevo_str text, double weight)
{
    rlt_doc read;
    uint32_t passage;
    if (rlt_read(builder->work, text, &read) != RLT_OK || !add_passage(builder->shelf, doc, &passage))
        return false;
    for (uint32_t i = 0; i < read.n_tokens; i++) {
        uint32_t term;
        if (read.tokens[i].kind == RLT_EMOJI)
            continue;
        if (!term_of(builder, &read.tokens[i], &term) || !add_word(builder, &read.tokens[i], term))
            return false;
        if (builder->n == builder->room) {
            size_t room = builder->room ? 2 * builder->room : 4096;
            occurrence *items = realloc(builder->items, room * sizeof *items);
            if (!items)
                return false;
            builder->items = items;
            builder->room = room;
        }
        builder->items[builder->n++] = (occurrence){term, doc, passage, weight};
        builder->lengths[doc] += weight;
        builder->shelf->terms[term].smalltalk &= builder->shelf->docs[doc]->smalltalk;
    }
    return true;
}

/* Adds a text sentence by sentence. */
static bool add_sentences(shelf_builder *builder, uint32_t doc, relevo_str text, double weight)
{
    uint64_t first = 0;
    for (uint64_t i = 1; i <= text.len; i++) {
        bool ends = i == text.len || strchr("\n;", text.ptr[i - 1]) || (strchr(".?!", text.ptr[i - 1]) && strchr(" \n", text.ptr[i]));
        if (ends && !add_text(builder, doc, (relevo_str){text.ptr + first, i - first}, weight))
            return false;
        first = ends ? i : first;
    }
    return true;
}

static bool add_doc(shelf_builder *builder, uint32_t doc)
{
    const rlt_article *article = builder->shelf->docs[doc];
    bool good = add_text(builder, doc, article->title, TITLE_WEIGHT);
    for (size_t i = 0; good && i < article->n_questions; i++)
        good = add_text(builder, doc, article->questions[i], QUESTION_WEIGHT);
    /* What a greeting answers is no sign of what was asked. */
    double weight = rlt_is_prose(article) ? BODY_ALONE : BODY_WEIGHT;
    return good && (article->smalltalk || add_sentences(builder, doc, article->answer, weight));
}

/* The questions by their keys. */
static bool make_asked(shelf_builder *builder)
{
    rlt_shelf *shelf = builder->shelf;
    size_t most = 0;
    for (uint32_t i = 0; i < shelf->n_docs; i++)
        most += shelf->docs[i]->n_questions;
    if (!(shelf->asked = calloc(most + 1, sizeof *shelf->asked)))
        return false;
    for (uint32_t i = 0; i < shelf->n_docs; i++)
        for (size_t k = 0; k < shelf->docs[i]->n_questions; k++) {
            rlt_doc read;
            if (rlt_read(builder->work, shelf->docs[i]->questions[k], &read) != RLT_OK)
                return false;
            shelf->asked[shelf->n_asked++] = (rlt_asked){rlt_asked_key(&read), i};
        }
    qsort(shelf->asked, shelf->n_asked, sizeof *shelf->asked, by_key);
    return true;
}

/* And so by the articles, whose passages follow one another. */
static int by_term_and_passage(const void *a, const void *b)
{
    const occurrence *x = a, *y = b;
    return x->term != y->term ? (x->term > y->term) - (x->term < y->term) : (x->passage > y->passage) - (x->passage < y->passage);
}

static double rarity(const rlt_shelf *shelf, uint32_t n)
{
    return log(1 + ((double)shelf->n_docs - n + 0.5) / (n + 0.5));
}

/* Occurrences, sorted, become postings: weights summed per term and article, then turned into impacts. */
static bool make_postings(shelf_builder *builder)
{
    rlt_shelf *shelf = builder->shelf;
    double average = 0;
    shelf->postings = calloc(builder->n + 1, sizeof *shelf->postings);
    shelf->in_passages = calloc(builder->n + 1, sizeof *shelf->in_passages);
    if (!shelf->postings || !shelf->in_passages)
        return false;
    for (uint32_t i = 0; i < shelf->n_docs; i++)
        average += builder->lengths[i] / shelf->n_docs;
    uint32_t n = 0, n_in = 0;
    for (size_t i = 0; i < builder->n;) {
        rlt_term *term = &shelf->terms[builder->items[i].term];
        uint32_t number = builder->items[i].term;
        term->first = n;
        term->first_passage = n_in;
        for (size_t k = i; k < builder->n && builder->items[k].term == number; k++)
            if (rlt_is_prose(shelf->docs[builder->items[k].doc]) &&
                (n_in == term->first_passage || shelf->in_passages[n_in - 1] != builder->items[k].passage))
                shelf->in_passages[n_in++] = builder->items[k].passage;
        term->n_passages = n_in - term->first_passage;
        while (i < builder->n && builder->items[i].term == number) {
            uint32_t doc = builder->items[i].doc;
            double weight = 0;
            for (; i < builder->n && builder->items[i].term == number && builder->items[i].doc == doc; i++)
                weight += builder->items[i].weight;
            double damping = K1 * (1 - B + B * builder->lengths[doc] / average);
            shelf->postings[n++] = (rlt_posting){doc, (float)(weight * (K1 + 1) / (weight + damping))};
        }
        term->n = n - term->first;
        term->rarity = (float)(rarity(shelf, term->n) * (term->stop ? RLT_STOP_WEIGHT : 1));
        for (uint32_t j = term->first; j < n; j++) {
            shelf->postings[j].impact *= term->rarity;
            term->attainable = fmaxf(term->attainable, shelf->postings[j].impact);
        }
    }
    return true;
}

static bool build(rlt_index *index, rlt_shelf *shelf)
{
    shelf_builder builder = {
        .work = index->work, .shelf = shelf, .lengths = calloc(shelf->n_docs + 1, sizeof(double))};
    bool good = builder.lengths && grow(shelf);
    for (uint32_t i = 0; good && i < shelf->n_docs; i++)
        good = add_doc(&builder, i);
    if (good && builder.n > 0)
        qsort(builder.items, builder.n, sizeof *builder.items, by_term_and_passage);
    good = good && make_postings(&builder) && make_asked(&builder) &&
           (shelf->vocabulary = rlt_vocabulary_new(shelf->words, shelf->n_words, 0));
    free(builder.items);
    free(builder.lengths);
    return good;
}

rlt_index *rlt_index_new(const rlt_kb *kb)
{
    rlt_index *index = calloc(1, sizeof *index);
    if (!index)
        return NULL;
    index->kb = kb;
    index->work = rlt_work_new();
    bool good = index->work;
    for (int language = RLT_ES; good && language < RLT_LANGUAGES; language++) {
        rlt_shelf *shelf = &index->shelves[language];
        shelf->language = (rlt_language)language;
        shelf->docs = calloc((size_t)kb->n + 1, sizeof(*shelf->docs));
        good = shelf->docs;
        for (uint32_t i = 0; good && i < kb->n; i++)
            if (kb->articles[i].language == shelf->language)
                shelf->docs[shelf->n_docs++] = &kb->articles[i];
        good = good && (shelf->n_docs == 0 || build(index, shelf));
        index->rarest = fmax(index->rarest, good && shelf->n_docs ? rarity(shelf, 1) : 0);
    }
    if (good)
        return index;
    rlt_index_free(index);
    return NULL;
}

void rlt_index_free(rlt_index *index)
{
    if (!index)
        return;
    for (int language = 0; language < RLT_LANGUAGES; language++) {
        rlt_shelf *shelf = &index->shelves[language];
        free(shelf->docs);
        free(shelf->terms);
        free(shelf->slots);
        free(shelf->words);
        free(shelf->word_terms);
        rlt_vocabulary_free(shelf->vocabulary);
        free(shelf->postings);
        free(shelf->passage_docs);
        free(shelf->in_passages);
        free(shelf->asked);
    }
    rlt_work_free(index->work);
    free(index);
}
