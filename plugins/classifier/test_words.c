/* SPDX-License-Identifier: Apache-2.0 */
/* A model with word vectors: a word that no example has counts as the one of like meaning that they have; without the vectors the model is what it
 * would be had it never had them; and a file holds both. */
#include "test.h"

#define ROW_BYTES (RLT_VECTOR_DIMS / 2)
#define SIZE      (32u + 2 * (8u + ROW_BYTES))

static const char intents[] = "intents:\n"
                              "  hours:\n"
                              "    es: [a qué hora abren, hasta qué hora están, abren el domingo, cuándo cierran]\n"
                              "  shipping:\n"
                              "    es: [quiero enviar algo, pueden enviar a Lima, se puede enviar hoy, enviar al interior]\n";

static void put(unsigned char *at, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        at[i] = (unsigned char)(value >> 8 * i);
}

/* "enviar" and "flete", both on the first dimension and no other (text/vectors.c has the format). */
static rlt_vectors *make_vectors(const char *path)
{
    unsigned char table[SIZE] = "RLVWORD\x01";
    const float scale = 0.5f;
    uint32_t one = rlt_hash(rlt_str("enviar")), other = rlt_hash(rlt_str("flete"));
    const uint32_t head[] = {77, 2, RLT_VECTOR_DIMS, ROW_BYTES};
    uint64_t sum = 14695981039346656037u;
    for (uint32_t i = 0; i < 4; i++)
        put(table + 8 + (size_t)4 * i, head[i], 4);
    put(table + 32, one < other ? one : other, 4);
    put(table + 36, one < other ? other : one, 4);
    for (uint32_t i = 0; i < 2; i++) {
        memcpy(table + 40 + (size_t)4 * i, &scale, sizeof scale);
        memset(table + 48 + (size_t)i * ROW_BYTES, 0x88, ROW_BYTES); /* all 0 */
        table[48 + (size_t)i * ROW_BYTES] = 0x8c;                    /* the first: 4 */
    }
    for (size_t i = 32; i < SIZE; i += 8) {
        uint64_t word;
        memcpy(&word, table + i, 8);
        sum = (sum ^ word) * 1099511628211u;
    }
    put(table + 24, sum, 8);
    test_write(path, table, SIZE);
    rlt_vectors *made = NULL;
    rlt_error error = {.line = ""};
    if (!rlt_vectors_open(path, &made, &error))
        fail_msg("%s", error.line);
    (void)unlink(path); /* it stays mapped, and the next file of that name is another */
    return made;
}

static rlc_model *train(const char *path, const rlt_vectors *vectors)
{
    rlc_examples examples = {0};
    rlc_model *model = NULL;
    rlt_error error = {.line = ""};
    test_write(path, intents, sizeof intents - 1);
    assert_true(rlc_examples_load_intents(path, &examples, &error));
    assert_true(rlc_train(&examples, &(rlc_training){.vectors = vectors}, &model, &error));
    rlc_examples_clear(&examples);
    return model;
}

static rlc_scored score(const rlc_model *model, const rlt_vectors *vectors, const char *text)
{
    rlc_scratch scratch;
    rlc_input input;
    rlt_doc doc;
    rlt_work *work = rlt_work_new();
    assert_non_null(work);
    assert_true(rlc_scratch_make(model, &scratch));
    assert_int_equal(rlt_read(work, rlt_str(text), &doc), RLT_OK);
    assert_true(rlc_input_make(work, &doc, vectors, NULL, &input));
    rlc_scored scored = rlc_model_score(model, &scratch, &input);
    rlc_scratch_clear(&scratch);
    rlt_work_free(work);
    return scored;
}

static void counts_like_as_alike(void **state)
{
    const test_folder *folder = *state;
    rlt_vectors *vectors = make_vectors(folder->file);
    rlc_model *model = train(folder->file, vectors);
    rlc_scored with = score(model, vectors, "flete"), without = score(model, NULL, "flete");
    assert_string_equal(model->labels[with.label], "shipping");
    assert_true(with.probability > 0.7);
    assert_true(without.probability < with.probability || without.label != with.label);
    assert_true(with.centre[RLC_WORDS] > 0.99 && without.centre[RLC_WORDS] < 0);
    rlc_model_free(model);
    rlt_vectors_free(vectors);
}

static void is_as_good_without(void **state)
{
    static const char *const texts[] = {"flete", "a que hora cierran", "enviar a Cusco", "mi gato duerme"};
    const test_folder *folder = *state;
    rlt_vectors *vectors = make_vectors(folder->file);
    rlc_model *model = train(folder->file, vectors), *plain = train(folder->file, NULL);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        rlc_scored a = score(model, NULL, texts[i]), b = score(plain, NULL, texts[i]), c = score(plain, vectors, texts[i]);
        assert_memory_equal(&a, &b, sizeof a);
        assert_memory_equal(&b, &c, sizeof b);
    }
    rlc_model_free(model);
    rlc_model_free(plain);
    rlt_vectors_free(vectors);
}

static void is_stored_whole(void **state)
{
    const test_folder *folder = *state;
    rlt_vectors *vectors = make_vectors(folder->file);
    rlc_model *model = train(folder->file, vectors), *loaded = NULL;
    rlt_error error = {.line = ""};
    assert_true(rlc_model_save(model, folder->file, &error) && rlc_model_load(folder->file, &loaded, &error));
    for (int with = 0; with < 2; with++) {
        rlc_scored a = score(model, with ? vectors : NULL, "el flete a Lima"), b = score(loaded, with ? vectors : NULL, "el flete a Lima");
        assert_memory_equal(&a, &b, sizeof a);
    }
    rlc_model_free(model);
    rlc_model_free(loaded);
    rlt_vectors_free(vectors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(counts_like_as_alike), TEST(is_as_good_without), TEST(is_stored_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
