/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of word vectors, little-endian:
 *
 *     "RLVWORD" version 1 | recipe u32 | words u32 | dimensions u32 | bytes a row u32 | FNV-1a-64 of all after it |
 *     hashes, sorted, u32 each | scales, float each | rows: a signed number of four bits per dimension, low half of the dimensions in the low halves of the bytes
 *
 * It must never trust the file: sizes are checked before anything is looked up. The checksum is compared at opening,
 * which reads the file once (a few milliseconds).
 */
#include "text/vectors.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_BYTES 32u
#define ROW_BYTES  (RLT_VECTOR_DIMS / 2)
#define WORDS_MAX  1000000u

struct rlt_vectors {
    void *map;
    size_t size;
    uint32_t recipe, n;
    const uint32_t *hashes;
    const float *scales;
    const unsigned char *rows;
};

static uint32_t number_at(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Eight bytes a step: the table has millions. */
static uint64_t checksum(const unsigned char *bytes, size_t len)
{
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i + 8 <= len; i += 8) {
        uint64_t word;
        memcpy(&word, bytes + i, 8);
        sum = (sum ^ word) * 1099511628211u;
    }
    for (size_t i = len & ~(size_t)7; i < len; i++)
        sum = (sum ^ bytes[i]) * 1099511628211u;
    return sum;
}

static bool check(const char *path, rlt_vectors *vectors, rlt_error *error)
{
    const unsigned char *head = vectors->map;
    if (vectors->size < HEAD_BYTES || memcmp(head, "RLVWORD\x01", 8) != 0)
        return rlt_fail(error, "%s: not a table of word vectors; make one with './dev vectors'", path);
    vectors->recipe = number_at(head + 8);
    vectors->n = number_at(head + 12);
    uint64_t size = HEAD_BYTES + (uint64_t)vectors->n * (8 + ROW_BYTES);
    if (number_at(head + 16) != RLT_VECTOR_DIMS || number_at(head + 20) != ROW_BYTES || vectors->n > WORDS_MAX ||
        vectors->recipe == 0 || size != vectors->size)
        return rlt_fail(error, "%s: its parts do not fit together; make it again with './dev vectors'", path);
    uint64_t sum = number_at(head + 24) | (uint64_t)number_at(head + 28) << 32;
    if (sum != checksum(head + HEAD_BYTES, vectors->size - HEAD_BYTES))
        return rlt_fail(error, "%s: the checksum is wrong, the file is damaged; make it again with './dev vectors'",
                        path);
    vectors->hashes = (const uint32_t *)(const void *)(head + HEAD_BYTES);
    vectors->scales = (const float *)(const void *)(vectors->hashes + vectors->n);
    vectors->rows = (const unsigned char *)(vectors->scales + vectors->n);
    return true;
}

bool rlt_vectors_open(const char *path, rlt_vectors **ret_vectors, rlt_error *error)
{
    struct stat about;
    rlt_vectors *made = calloc(1, sizeof *made);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool good = made && file >= 0 && fstat(file, &about) == 0;
    if (good && about.st_size > 0) {
        made->size = (size_t)about.st_size;
        made->map = mmap(NULL, made->size, PROT_READ, MAP_SHARED, file, 0);
        good = made->map != MAP_FAILED;
        made->map = good ? made->map : NULL;
    }
    if (!good)
        good = rlt_fail_as(error, EX_NOINPUT, "%s: %s; make it with './dev vectors'", path, strerror(errno));
    else
        good = check(path, made, error);
    if (file >= 0)
        close(file);
    if (good)
        *ret_vectors = made;
    else
        rlt_vectors_free(made);
    return good;
}

void rlt_vectors_free(rlt_vectors *vectors)
{
    if (!vectors)
        return;
    if (vectors->map)
        munmap(vectors->map, vectors->size);
    free(vectors);
}

uint32_t rlt_vectors_recipe(const rlt_vectors *vectors)
{
    return vectors ? vectors->recipe : 0;
}

/* The row of a word; n: the table does not have it. Hashes are evenly spread: the guess is near. */
static uint32_t find(const rlt_vectors *vectors, uint32_t hash)
{
    uint32_t low = 0, high = vectors->n;
    while (high - low > 8) {
        uint32_t middle = low + (high - low) / 2;
        if (vectors->hashes[middle] <= hash)
            low = middle;
        else
            high = middle;
    }
    while (low < high && vectors->hashes[low] != hash)
        low++;
    return low < high ? low : vectors->n;
}

uint32_t rlt_vectors_sum(const rlt_vectors *vectors, const rlt_doc *doc, float out[RLT_VECTOR_DIMS])
{
    uint32_t known = 0;
    float length = 0;
    memset(out, 0, RLT_VECTOR_DIMS * sizeof *out);
    for (uint32_t i = 0; vectors && i < doc->n_tokens; i++) {
        if (doc->tokens[i].kind != RLT_WORD)
            continue;
        uint32_t word = find(vectors, doc->tokens[i].hash);
        if (word == vectors->n)
            continue;
        const unsigned char *row = vectors->rows + (size_t)word * ROW_BYTES;
        float scale = vectors->scales[word];
        for (uint32_t j = 0; j < ROW_BYTES; j++) {
            out[j] += scale * (float)((int)(row[j] & 15) - 8);
            out[j + ROW_BYTES] += scale * (float)((int)(row[j] >> 4) - 8);
        }
        known++;
    }
    for (uint32_t j = 0; j < RLT_VECTOR_DIMS; j++)
        length += out[j] * out[j];
    float factor = length > 0 ? 1 / sqrtf(length) : 0;
    for (uint32_t j = 0; j < RLT_VECTOR_DIMS; j++)
        out[j] *= factor;
    return known;
}

bool rlt_vectors_usual(char *path, size_t size)
{
    const char *named = getenv("RELEVO_VECTORS"), *home = getenv("HOME");
    int len = named ? snprintf(path, size, "%s", named)
                    : snprintf(path, size, "%s/.cache/relevo/vectors-1/words.vectors", home ? home : "");
    return len > 0 && (size_t)len < size && (named || access(path, R_OK) == 0);
}
