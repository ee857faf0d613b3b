/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashed n-grams. Changing anything here changes what models mean: raise RLT_FEATURES_VERSION with it.
 */
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WORD_SEED      0x9e3779b9u
#define CHAR_SEED      0x7f4a7c15u
#define CHAR_MIN       2u
#define CHAR_MAX       5u
#define WORD_BYTES_MAX 64u /* of a word that gives character n-grams: beyond it is no language */

typedef struct ngram_bag {
    rlt_feature *features;
    uint32_t n;
    uint16_t *slots;
} ngram_bag;

static uint32_t finish(uint32_t hash)
{
    hash = (hash ^ hash >> 16) * 0x85ebca6bu;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35u;
    return hash ^ hash >> 16;
}

static void count(ngram_bag *bag, uint32_t hash)
{
    uint32_t bucket = hash % RLT_BUCKETS;
    uint16_t slot = bag->slots[bucket];
    if (slot) {
        bag->features[slot - 1].value += 1;
    } else {
        bag->features[bag->n] = (rlt_feature){bucket, 1};
        bag->slots[bucket] = (uint16_t)++bag->n;
    }
}

/* What a token means for the features: a number is only its length. */
static uint32_t token_hash(const rlt_token *token)
{
    return token->kind == RLT_NUMBER ? 0x4e554d00u + (uint32_t)(token->text.len > 6 ? 6 : token->text.len)
                                     : token->hash;
}

static void count_words(ngram_bag *bag, const rlt_doc *doc)
{
    uint32_t before = 0;
    for (uint32_t i = 0; i < doc->n_tokens; i++) {
        uint32_t hash = token_hash(&doc->tokens[i]);
        count(bag, finish(hash ^ WORD_SEED));
        if (i > 0)
            count(bag, finish((before * 31u + hash) ^ WORD_SEED));
        before = hash;
    }
}

/* The n-grams of one word between two spaces: "hi" has " h", "hi", "i ", " hi", "hi ", " hi ". */
static void count_chars(ngram_bag *bag, relevo_str word)
{
    unsigned char text[WORD_BYTES_MAX + 2];
    size_t n = 0;
    word = rlt_cut(word, WORD_BYTES_MAX);
    text[n++] = ' ';
    memcpy(text + n, word.ptr, word.len);
    n += word.len;
    text[n++] = ' ';
    for (size_t from = 0; from < n; from++) {
        if ((text[from] & 0xc0) == 0x80)
            continue;
        uint32_t hash = CHAR_SEED, chars = 0;
        for (size_t at = from; at < n; at++) {
            hash = (hash ^ text[at]) * 16777619u;
            if (at + 1 < n && (text[at + 1] & 0xc0) == 0x80)
                continue; /* in mid-character */
            if (++chars > CHAR_MAX)
                break;
            if (chars >= CHAR_MIN)
                count(bag, finish(hash));
        }
    }
}

static void normalise(ngram_bag *bag)
{
    double sum = 0;
    for (uint32_t i = 0; i < bag->n; i++)
        sum += (double)bag->features[i].value * (double)bag->features[i].value;
    float scale = sum > 0 ? (float)(1 / sqrt(sum)) : 0;
    for (uint32_t i = 0; i < bag->n; i++)
        bag->features[i].value *= scale;
}

static void clear(ngram_bag *bag)
{
    for (uint32_t i = 0; i < bag->n; i++)
        bag->slots[bag->features[i].bucket] = 0;
}

/* How many n-grams the document has at most. */
static size_t count_max(const rlt_doc *doc)
{
    size_t n = 2u * (size_t)doc->n_tokens;
    for (uint32_t i = 0; i < doc->n_tokens; i++)
        n += (CHAR_MAX - CHAR_MIN + 1) * (doc->tokens[i].text.len + 2);
    return n;
}

/* Adds the second block to the first: a bucket that both use is one feature. */
static void merge(ngram_bag *words, const ngram_bag *chars)
{
    for (uint32_t i = 0; i < words->n; i++)
        words->slots[words->features[i].bucket] = (uint16_t)(i + 1);
    for (uint32_t i = 0; i < chars->n; i++) {
        const rlt_feature *feature = &chars->features[i];
        uint16_t slot = words->slots[feature->bucket];
        if (slot)
            words->features[slot - 1].value += feature->value;
        else
            words->features[words->n++] = *feature; /* each bucket once: at most RLT_BUCKETS */
    }
    for (uint32_t i = 0; i < words->n; i++)
        words->slots[words->features[i].bucket] = 0;
}

int rlt_features(rlt_work *work, const rlt_doc *doc, const rlt_feature **ret_features, uint32_t *ret_n)
{
    size_t max = count_max(doc);
    if (!work->slots)
        work->slots = calloc(RLT_BUCKETS, sizeof *work->slots);
    ngram_bag words = {.slots = work->slots,
                       .features = rlt_work_alloc(work, (max + 1) * sizeof(rlt_feature))};
    ngram_bag chars = {.slots = work->slots,
                       .features = rlt_work_alloc(work, (max + 1) * sizeof(rlt_feature))};
    if (!work->slots || !words.features || !chars.features)
        return RLT_E_MEMORY;
    count_words(&words, doc);
    clear(&words);
    for (uint32_t i = 0; i < doc->n_tokens; i++)
        if (doc->tokens[i].kind == RLT_WORD)
            count_chars(&chars, doc->tokens[i].text);
    clear(&chars);
    normalise(&words);
    normalise(&chars);
    merge(&words, &chars);
    *ret_features = words.features;
    *ret_n = words.n;
    return RLT_OK;
}
