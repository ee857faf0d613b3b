/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this library share among themselves; no plugin includes it. */
#ifndef RELEVO_TEXT_INTERNAL_H
#define RELEVO_TEXT_INTERNAL_H

#include "text/text.h"

struct sb_stemmer;

typedef struct chunk {
    struct chunk *next;
    size_t size;
    _Alignas(16) unsigned char bytes[];
} chunk;

#define MEMO_STEMS 1024u /* a power of two */
#define MEMO_BYTES 24u   /* of a word, and of its stem, that are remembered */

/* A stem found before: people write few words again and again. */
typedef struct memo_stem {
    uint32_t hash;
    uint8_t language; /* RLT_UNKNOWN: nothing here */
    uint8_t word_len, stem_len;
    char word[MEMO_BYTES], stem[MEMO_BYTES];
} memo_stem;

struct rlt_work {
    chunk *chunks;                              /* the newest first */
    size_t used;                                /* of the newest */
    struct sb_stemmer *stemmers[RLT_LANGUAGES]; /* made when first needed: they are not thread-safe */
    memo_stem *memo;                            /* MEMO_STEMS of them; made when first needed, outlives resets */
    uint16_t
        *slots; /* RLT_BUCKETS places in the feature list + 1, all 0 between calls; made when first needed */
};

#endif
