/* SPDX-License-Identifier: Apache-2.0 */
/* Word vectors: a small table written here, read back; and files that are none. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "text/vectors.h"

#define N    3u
#define SIZE (32u + N * (8u + RLT_VECTOR_DIMS / 2))

static const char *const words[N] = {"envio", "frete", "gato"};

static void put(unsigned char *at, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        at[i] = (unsigned char)(value >> 8 * i);
}

static void sign(unsigned char *table)
{
    uint64_t sum = 14695981039346656037u;
    size_t i = 32;
    for (; i + 8 <= SIZE; i += 8) {
        uint64_t word;
        memcpy(&word, table + i, 8);
        sum = (sum ^ word) * 1099511628211u;
    }
    for (; i < SIZE; i++)
        sum = (sum ^ table[i]) * 1099511628211u;
    put(table + 24, sum, 8);
}

/* "envio" and "frete" lie on dimension 0, "gato" on dimension 200. */
static void make_table(unsigned char table[SIZE])
{
    uint32_t order[N] = {0, 1, 2};
    memset(table, 0, SIZE);
    memcpy(table, "RLVWORD\x01", 8);
    put(table + 8, 77, 4);
    put(table + 12, N, 4);
    put(table + 16, RLT_VECTOR_DIMS, 4);
    put(table + 20, RLT_VECTOR_DIMS / 2, 4);
    for (uint32_t i = 0; i < N; i++)
        for (uint32_t j = i + 1; j < N; j++)
            if (rlt_hash(rlt_str(words[order[j]])) < rlt_hash(rlt_str(words[order[i]]))) {
                uint32_t swap = order[i];
                order[i] = order[j];
                order[j] = swap;
            }
    for (uint32_t i = 0; i < N; i++) {
        const float scale = 0.5f;
        unsigned char *row = table + 32 + N * 8 + (size_t)i * RLT_VECTOR_DIMS / 2;
        put(table + 32 + 4 * i, rlt_hash(rlt_str(words[order[i]])), 4);
        memcpy(table + 32 + 4 * N + 4 * i, &scale, 4);
        memset(row, 0x88, RLT_VECTOR_DIMS / 2); /* all 0 */
        if (order[i] < 2)
            row[0] = 0x8c; /* dimension 0: 4 */
        else
            row[200 - RLT_VECTOR_DIMS / 2] = 0x48; /* dimension 200: -4 */
    }
    sign(table);
}

static const char *write_table(const unsigned char *bytes, size_t len)
{
    static char path[64];
    (void)snprintf(path, sizeof path, "/tmp/relevo-vectors-%d", (int)getpid());
    FILE *file = fopen(path, "wbe");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    return path;
}

static void sums_words(void **state)
{
    unsigned char table[SIZE];
    rlt_vectors *vectors = NULL;
    rlt_error error = {.line = ""};
    float sum[RLT_VECTOR_DIMS];
    make_table(table);
    const char *path = write_table(table, SIZE);
    assert_true(rlt_vectors_open(path, &vectors, &error));
    unlink(path);
    assert_int_equal(rlt_vectors_recipe(vectors), 77);
    rlt_doc doc = test_read(*state, "¿El ENVÍO y el frete?");
    assert_int_equal(rlt_vectors_sum(vectors, &doc, sum), 2);
    assert_true(fabsf(sum[0] - 1) < 1e-6f && sum[200] == 0.0f);
    doc = test_read(*state, "envio gato");
    assert_int_equal(rlt_vectors_sum(vectors, &doc, sum), 2);
    assert_true(fabsf(sum[0] - 0.70710678f) < 1e-6f && fabsf(sum[200] + 0.70710678f) < 1e-6f);
    doc = test_read(*state, "xyzzy 123");
    assert_int_equal(rlt_vectors_sum(vectors, &doc, sum), 0);
    assert_true(sum[0] == 0.0f);
    assert_int_equal(rlt_vectors_sum(NULL, &doc, sum), 0);
    assert_int_equal(rlt_vectors_recipe(NULL), 0);
    rlt_vectors_free(vectors);
    rlt_vectors_free(NULL);
}

static void refused(unsigned char *table, size_t len, const char *says)
{
    rlt_vectors *vectors = NULL;
    rlt_error error = {.line = ""};
    const char *path = write_table(table, len);
    assert_false(rlt_vectors_open(path, &vectors, &error));
    unlink(path);
    assert_null(vectors);
    assert_non_null(strstr(error.line, says));
}

static void refuses_other_files(void **state)
{
    (void)state;
    unsigned char table[SIZE];
    rlt_vectors *vectors = NULL;
    rlt_error error = {.line = ""};
    make_table(table);
    refused(table, 0, "not a table");
    refused(table, 31, "not a table");
    refused(table, SIZE - 1, "do not fit together");
    table[12] = 200; /* more words than there are */
    refused(table, SIZE, "do not fit together");
    table[12] = N;
    table[SIZE - 1] ^= 1;
    refused(table, SIZE, "the checksum is wrong");
    assert_false(rlt_vectors_open("/tmp/relevo-no-such-file", &vectors, &error));
    assert_non_null(strstr(error.line, "make it with './dev vectors'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(sums_words, test_setup, test_teardown),
                                       cmocka_unit_test(refuses_other_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
