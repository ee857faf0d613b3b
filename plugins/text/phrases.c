/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Phrase search over folded tokens. It matches whole tokens only: "cancel" must never fire on "cancelación",
 * an operator who wants that writes both or a pattern.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

typedef struct one_phrase {
    const rlt_token *tokens;
    uint32_t n;
    uint32_t number; /* in the caller's list */
} one_phrase;

struct rlt_phrases {
    rlt_work *work; /* holds the tokens */
    uint32_t flags;
    uint32_t n;
    one_phrase phrases[]; /* sorted by the hash of the first token */
};

static uint32_t first_hash(const one_phrase *phrase)
{
    return phrase->tokens[0].hash;
}

static int by_first_hash(const void *a, const void *b)
{
    const one_phrase *left = a, *right = b;
    uint32_t x = first_hash(left), y = first_hash(right);
    return x != y ? (x > y) - (x < y) : (left->number > right->number) - (left->number < right->number);
}

int rlt_phrases_new(const relevo_str *phrases, uint64_t n, uint32_t flags, rlt_phrases **ret_phrases,
                    uint64_t *ret_bad)
{
    int status = RLT_E_MEMORY;
    if (n > UINT32_MAX)
        return status;
    rlt_phrases *made = calloc(1, sizeof *made + n * sizeof(one_phrase));
    if (!made)
        return status;
    made->work = rlt_work_new();
    made->flags = flags;
    made->n = (uint32_t)n;
    if (!made->work)
        goto fail;
    for (uint32_t i = 0; i < made->n; i++) {
        rlt_doc doc;
        status = rlt_read(made->work, phrases[i], &doc);
        if (status == RLT_OK && doc.n_tokens == 0) {
            status = RLT_E_EMPTY;
            if (ret_bad)
                *ret_bad = i;
        }
        if (status != RLT_OK)
            goto fail;
        made->phrases[i] = (one_phrase){doc.tokens, doc.n_tokens, i};
    }
    if (made->n > 1)
        qsort(made->phrases, made->n, sizeof(one_phrase), by_first_hash);
    *ret_phrases = made;
    return RLT_OK;
fail:
    rlt_phrases_free(made);
    return status;
}

void rlt_phrases_free(rlt_phrases *phrases)
{
    if (!phrases)
        return;
    rlt_work_free(phrases->work);
    free(phrases);
}

static size_t count_chars(relevo_str text)
{
    size_t n = 0;
    for (uint64_t i = 0; i < text.len; i++)
        n += ((unsigned char)text.ptr[i] & 0xc0) != 0x80;
    return n;
}

static relevo_str skip(relevo_str text, size_t n)
{
    return (relevo_str){text.ptr + n, text.len - n};
}

static relevo_str without_h(relevo_str word)
{
    return word.len > 0 && word.ptr[0] == 'h' ? skip(word, 1) : word;
}

/* Whether one insertion, deletion, change or swap of neighbours makes one of the other. */
static bool one_apart(relevo_str a, relevo_str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len, same = 0;
    while (same < shorter && a.ptr[same] == b.ptr[same])
        same++;
    relevo_str x = skip(a, same), y = skip(b, same);
    if (x.len != y.len)
        return x.len > y.len ? rlt_equal(skip(x, 1), y) : rlt_equal(x, skip(y, 1));
    if (rlt_equal(skip(x, 1), skip(y, 1)))
        return true;
    return x.len >= 2 && x.ptr[0] == y.ptr[1] && x.ptr[1] == y.ptr[0] && rlt_equal(skip(x, 2), skip(y, 2));
}

bool rlt_near(relevo_str a, relevo_str b)
{
    if (rlt_equal(a, b))
        return true;
    size_t longer = a.len > b.len ? a.len : b.len, shorter = a.len + b.len - longer;
    if (longer - shorter > 1 || shorter < RLT_NEAR_MIN) /* cheap tests first: most pairs end here */
        return false;
    if (a.ptr[0] != b.ptr[0] && !rlt_equal(without_h(a), without_h(b)))
        return false;
    return one_apart(a, b) && count_chars(a) >= RLT_NEAR_MIN && count_chars(b) >= RLT_NEAR_MIN;
}

static bool token_matches(const rlt_token *want, const rlt_token *have, uint32_t flags, uint32_t *fuzzy)
{
    if (want->hash == have->hash && rlt_equal(want->text, have->text))
        return true;
    if (!(flags & RLT_FUZZY) || want->kind != RLT_WORD || have->kind != RLT_WORD)
        return false;
    if (want->text.len + 1 < have->text.len || have->text.len + 1 < want->text.len || !rlt_near(want->text, have->text))
        return false;
    ++*fuzzy;
    return true;
}

/* Keeps the match of `phrase` at token `at` in *best when there is one and it is better. */
static void try_phrase(const rlt_phrases *phrases, const one_phrase *phrase, const rlt_doc *doc, uint32_t at,
                       rlt_match *best)
{
    uint32_t fuzzy = 0;
    if (phrase->n > doc->n_tokens - at)
        return;
    for (uint32_t i = 0; i < phrase->n; i++)
        if (!token_matches(&phrase->tokens[i], &doc->tokens[at + i], phrases->flags, &fuzzy))
            return;
    if (phrase->n > best->n_tokens || (phrase->n == best->n_tokens && fuzzy < best->fuzzy))
        *best = (rlt_match){phrase->number, at, phrase->n, fuzzy, {NULL, 0}};
}

/* The first phrase whose first token has this hash, or the place where it would stand. */
static uint32_t lower_bound(const rlt_phrases *phrases, uint32_t hash)
{
    uint32_t low = 0, high = phrases->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (first_hash(&phrases->phrases[middle]) < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool rlt_text_find(const rlt_phrases *phrases, const rlt_doc *doc, uint32_t from, rlt_match *ret_match)
{
    for (uint32_t at = from; at < doc->n_tokens; at++) {
        rlt_match best = {0};
        uint32_t hash = doc->tokens[at].hash;
        bool fuzzy = phrases->flags & RLT_FUZZY; /* then any phrase may begin here */
        for (uint32_t i = fuzzy ? 0 : lower_bound(phrases, hash); i < phrases->n; i++) {
            if (!fuzzy && first_hash(&phrases->phrases[i]) != hash)
                break;
            try_phrase(phrases, &phrases->phrases[i], doc, at, &best);
        }
        if (best.n_tokens > 0) {
            best.written = rlt_written(doc, at, best.n_tokens);
            *ret_match = best;
            return true;
        }
    }
    return false;
}
