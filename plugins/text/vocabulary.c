/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words by hash, and by length and first letter: rlt_near only holds between words that differ little in either, so that a
 * misspelt word is compared with a few of them. Whether two are near is said by rlt_near alone.
 */
#include "text/text.h"

#include <stdlib.h>

/* A hash table whose chains are in the order of the list. */
typedef struct chains {
    uint32_t *heads; /* first word of each chain */
    uint32_t *next;  /* of each word the next in its chain; RLT_NO_WORD ends it */
} chains;

struct rlt_vocabulary {
    const relevo_str *words;
    uint32_t mask;
    chains same, alike;
    uint32_t links[]; /* of both chains */
};

static uint32_t mix(unsigned char first, size_t len)
{
    uint32_t key = (uint32_t)len << 8 | first;
    return key * 0x9e3779b1u >> 8;
}

static void link_word(const rlt_vocabulary *v, const chains *in, uint32_t hash, uint32_t number)
{
    in->next[number] = in->heads[hash & v->mask];
    in->heads[hash & v->mask] = number;
}

rlt_vocabulary *rlt_vocabulary_new(const relevo_str *words, uint32_t n, size_t near_min)
{
    uint32_t room = 16;
    while (room < n && room < 1u << 24)
        room *= 2;
    size_t links = 2 * ((size_t)room + n);
    rlt_vocabulary *made = malloc(sizeof *made + links * sizeof *made->links);
    if (!made)
        return NULL;
    made->words = words;
    made->mask = room - 1;
    made->same = (chains){made->links, made->links + room};
    made->alike = (chains){made->same.next + n, made->same.next + n + room};
    for (size_t i = 0; i < links; i++)
        made->links[i] = RLT_NO_WORD;
    for (uint32_t i = n; i-- > 0;) { /* backwards: the first of the list comes first in its chain */
        link_word(made, &made->same, rlt_hash(words[i]), i);
        if (words[i].len > 0 && words[i].len >= near_min)
            link_word(made, &made->alike, mix((unsigned char)words[i].ptr[0], words[i].len), i);
    }
    return made;
}

void rlt_vocabulary_free(rlt_vocabulary *vocabulary)
{
    free(vocabulary);
}

uint32_t rlt_vocabulary_find(const rlt_vocabulary *vocabulary, relevo_str word, uint32_t hash)
{
    uint32_t i = vocabulary->same.heads[hash & vocabulary->mask];
    while (i != RLT_NO_WORD && !rlt_equal(vocabulary->words[i], word))
        i = vocabulary->same.next[i];
    return i;
}

/* The first near word before number `best` with that first letter and length; `best`: there is none. */
static uint32_t near_among(const rlt_vocabulary *v, char first, size_t len, relevo_str word, uint32_t best)
{
    for (uint32_t i = v->alike.heads[mix((unsigned char)first, len) & v->mask]; i < best; i = v->alike.next[i])
        if (v->words[i].len == len && v->words[i].ptr[0] == first && rlt_near(v->words[i], word))
            return i;
    return best;
}

uint32_t rlt_vocabulary_near(const rlt_vocabulary *vocabulary, relevo_str word)
{
    uint32_t best = RLT_NO_WORD;
    if (word.len < RLT_NEAR_MIN)
        return rlt_vocabulary_find(vocabulary, word, rlt_hash(word));
    for (size_t len = word.len - 1; len <= word.len + 1; len++)
        best = near_among(vocabulary, word.ptr[0], len, word, best);
    if (word.ptr[0] == 'h') /* one has a silent h, the other has not */
        return near_among(vocabulary, word.ptr[1], word.len - 1, word, best);
    return near_among(vocabulary, 'h', word.len + 1, word, best);
}
