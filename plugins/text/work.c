/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work area: a bump allocator that is reset per message, so that reading a message costs no malloc once
 * it is warm. It must never hand memory from one message to the next: reset ends every lifetime at once.
 */
#include "internal.h"

#include <libstemmer.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE 32768u

static bool add_chunk(rlt_work *work, size_t size)
{
    chunk *fresh = malloc(sizeof(chunk) + size);
    if (!fresh)
        return false;
    fresh->size = size;
    fresh->next = work->chunks;
    work->chunks = fresh;
    work->used = 0;
    return true;
}

rlt_work *rlt_work_new(void)
{
    rlt_work *work = calloc(1, sizeof *work);
    if (work && !add_chunk(work, CHUNK_SIZE)) {
        free(work);
        return NULL;
    }
    return work;
}

void rlt_work_free(rlt_work *work)
{
    if (!work)
        return;
    while (work->chunks) {
        chunk *next = work->chunks->next;
        free(work->chunks);
        work->chunks = next;
    }
    for (int i = 0; i < RLT_LANGUAGES; i++)
        if (work->stemmers[i])
            sb_stemmer_delete(work->stemmers[i]);
    free(work->memo);
    free(work->slots);
    free(work);
}

void rlt_work_reset(rlt_work *work)
{
    while (work->chunks->next) { /* the oldest, of CHUNK_SIZE, stays */
        chunk *next = work->chunks->next;
        free(work->chunks);
        work->chunks = next;
    }
    work->used = 0;
}

void *rlt_work_alloc(rlt_work *work, size_t size)
{
    if (size > SIZE_MAX / 2)
        return NULL;
    size = (size + 15u) & ~(size_t)15u;
    if (size > work->chunks->size - work->used && !add_chunk(work, size > CHUNK_SIZE ? size : CHUNK_SIZE))
        return NULL;
    void *memory = work->chunks->bytes + work->used;
    work->used += size;
    return memory;
}

/* The stem in the stemmer's own memory, valid until its next word; {NULL, 0}: out of memory. */
static relevo_str make_stem(rlt_work *work, rlt_language language, relevo_str word)
{
    static const char *const algorithms[RLT_LANGUAGES] = {NULL, "spanish", "portuguese", "english"};
    struct sb_stemmer **stemmer = &work->stemmers[language];
    if (!*stemmer)
        *stemmer = sb_stemmer_new(algorithms[language], "UTF_8");
    const sb_symbol *stem =
        *stemmer ? sb_stemmer_stem(*stemmer, (const sb_symbol *)word.ptr, (int)word.len) : NULL;
    return (relevo_str){(const char *)stem, stem ? (uint64_t)sb_stemmer_length(*stemmer) : 0};
}

static bool remembers(const memo_stem *memo, rlt_language language, uint32_t hash, relevo_str word)
{
    return memo->language == language && memo->hash == hash && memo->word_len == word.len &&
           memcmp(memo->word, word.ptr, word.len) == 0;
}

/* The memo's place for a word; NULL: it is too long, or memory is short. */
static memo_stem *memo_of(rlt_work *work, rlt_language language, uint32_t hash, relevo_str word)
{
    if (!work->memo)
        work->memo = calloc(MEMO_STEMS, sizeof *work->memo);
    return work->memo && word.len <= MEMO_BYTES ? &work->memo[(hash + (uint32_t)language) % MEMO_STEMS] : NULL;
}

relevo_str rlt_stem(rlt_work *work, rlt_language language, relevo_str word)
{
    if (language == RLT_UNKNOWN || word.len == 0 || word.len > RLT_TEXT_MAX)
        return word;
    uint32_t hash = rlt_hash(word);
    memo_stem *memo = memo_of(work, language, hash, word);
    relevo_str stem = memo && remembers(memo, language, hash, word) ? (relevo_str){memo->stem, memo->stem_len}
                                                                     : make_stem(work, language, word);
    char *copy = stem.ptr ? rlt_work_alloc(work, stem.len) : NULL;
    if (!copy)
        return word;
    memcpy(copy, stem.ptr, stem.len);
    if (memo && stem.ptr != memo->stem && stem.len <= MEMO_BYTES) {
        *memo = (memo_stem){hash, (uint8_t)language, (uint8_t)word.len, (uint8_t)stem.len, {0}, {0}};
        memcpy(memo->word, word.ptr, word.len);
        memcpy(memo->stem, stem.ptr, stem.len);
    }
    return (relevo_str){copy, stem.len};
}
