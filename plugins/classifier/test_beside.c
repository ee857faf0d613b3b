/* SPDX-License-Identifier: Apache-2.0 */
/* What stands beside the n-grams. With word vectors a word that no example has counts as the one of like meaning that they have, with embeddings a message
 * does; without either the model is what it would be had it never had them; and a file holds all. */
#include "test.h"

#include <math.h>

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

#define DIMS 64u

/* Embeddings look one way, but for little: `side`, of which sort a message is. The third number is loud and says nothing. */
static void make_whole(float *whole, float side, float loud)
{
    const float length = sqrtf(1 + side * side + loud * loud);
    memset(whole, 0, DIMS * sizeof *whole);
    whole[0] = 1 / length;
    whole[1] = side / length;
    whole[2] = loud / length;
}

static rlc_model *train(const char *path, const rlt_vectors *vectors, bool embedded)
{
    rlc_examples examples = {0};
    rlc_model *model = NULL;
    rlt_error error = {.line = ""};
    float whole[8 * DIMS];
    test_write(path, intents, sizeof intents - 1);
    assert_true(rlc_examples_load_intents(path, &examples, &error));
    assert_int_equal(examples.n, 8);
    for (uint32_t i = 0; i < examples.n; i++)
        make_whole(whole + (size_t)i * DIMS, strcmp(examples.labels[examples.items[i].label], "shipping") == 0 ? 0.1f : -0.1f, 0);
    rlc_training how = {.vectors = vectors, .whole = embedded ? whole : NULL, .whole_dims = embedded ? DIMS : 0};
    assert_true(rlc_train(&examples, &how, &model, &error));
    rlc_examples_clear(&examples);
    return model;
}

static rlc_scored score(const rlc_model *model, const rlt_vectors *vectors, const float *whole, const char *text)
{
    rlc_scratch scratch;
    rlc_input input;
    rlt_doc doc;
    rlt_work *work = rlt_work_new();
    assert_non_null(work);
    assert_true(rlc_scratch_make(model, &scratch));
    assert_int_equal(rlt_read(work, rlt_str(text), &doc), RLT_OK);
    assert_true(rlc_input_make(work, &doc, vectors, whole, &input));
    rlc_scored scored = rlc_model_score(model, &scratch, &input);
    rlc_scratch_clear(&scratch);
    rlt_work_free(work);
    return scored;
}

static void counts_like_as_alike(void **state)
{
    const test_folder *folder = *state;
    rlt_vectors *vectors = make_vectors(folder->file);
    rlc_model *model = train(folder->file, vectors, false);
    rlc_scored with = score(model, vectors, NULL, "flete"), without = score(model, NULL, NULL, "flete");
    assert_string_equal(model->labels[with.label], "shipping");
    assert_true(with.probability > 0.7);
    assert_true(without.probability < with.probability || without.label != with.label);
    assert_true(with.centre > 0.99 && without.centre < 0);
    rlc_model_free(model);
    rlt_vectors_free(vectors);
}

static void means_the_same_in_other_words(void **state)
{
    static const char *const names[] = {"hours", "shipping"};
    const test_folder *folder = *state;
    rlc_model *model = train(folder->file, NULL, true);
    rlc_scored without = score(model, NULL, NULL, "xyz");
    for (uint32_t i = 0; i < 2; i++) {
        float whole[DIMS];
        make_whole(whole, i == 1 ? 0.1f : -0.1f, 0);
        rlc_scored with = score(model, NULL, whole, "xyz");
        assert_string_equal(model->labels[with.label], names[i]);
        assert_true(with.probability > 0.9 && with.centre > 0.99);
    }
    assert_true(without.centre < 0);
    rlc_model_free(model);
}

static float noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) / (float)(1u << 23) - 1;
}

/* Of 100 messages whose words nobody knows, by their embeddings of `dims` numbers: how many a model reads rightly whose examples' words say nothing
   either. */
static uint32_t right_by_embeddings(const test_folder *folder, uint32_t dims, float side)
{
    enum { N = 60 };
    float whole[DIMS];
    static float wholes[N * DIMS];
    uint32_t state = 7, right = 0;
    rlc_examples examples = {0};
    rlc_model *model = NULL;
    rlt_error error = {.line = ""};
    FILE *file = fopen(folder->file, "wb");
    assert_true(file && fprintf(file, "text,label\n") > 0);
    for (uint32_t i = 0; i < N; i++) {
        make_whole(whole, i % 2 ? side : -side, noise(&state));
        memcpy(wholes + (size_t)i * dims, whole, dims * sizeof *whole);
        assert_true(fprintf(file, "w%uq,%s\n", state, i % 2 ? "b" : "a") > 0);
    }
    assert_int_equal(fclose(file), 0);
    assert_true(rlc_examples_load_csv(folder->file, &(rlc_columns){.text = "text", .label = "label"}, &examples, &error));
    assert_true(rlc_train(&examples, &(rlc_training){.whole = wholes, .whole_dims = dims}, &model, &error));
    for (uint32_t i = 0; i < 100; i++) {
        make_whole(whole, i % 2 ? side : -side, noise(&state));
        right += strcmp(model->labels[score(model, NULL, whole, "xyz").label], i % 2 ? "b" : "a") == 0;
    }
    rlc_model_free(model);
    rlc_examples_clear(&examples);
    return right;
}

/* With few numbers discriminants are drawn so far towards a sphere that what is loud deceives them: alone they are right about 85. */
static void learns_an_svm(void **state)
{
    assert_true(right_by_embeddings(*state, 8, 0.1f) >= 98);
}

/* With many they see through it: the SVM alone is right about 69. */
static void mixes_the_discriminants_in(void **state)
{
    assert_true(right_by_embeddings(*state, DIMS, 0.05f) >= 90);
}

/* Bit for bit: what a model without something says, one with it says where a message comes without it. With an embedding, word vectors say nothing. */
static void is_as_good_without(void **state)
{
    static const char *const texts[] = {"flete", "a que hora cierran", "enviar a Cusco", "mi gato duerme"};
    const test_folder *folder = *state;
    rlt_vectors *vectors = make_vectors(folder->file);
    rlc_model *both = train(folder->file, vectors, true), *words = train(folder->file, vectors, false), *embedded = train(folder->file, NULL, true),
              *plain = train(folder->file, NULL, false);
    float whole[DIMS];
    make_whole(whole, 0.1f, 0);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const rlc_scored of_plain = score(plain, NULL, NULL, texts[i]), of_words = score(words, vectors, NULL, texts[i]),
                         of_embedded = score(embedded, NULL, whole, texts[i]);
        const rlc_scored like_plain[] = {score(both, NULL, NULL, texts[i]), score(words, NULL, NULL, texts[i]), score(embedded, NULL, NULL, texts[i]),
                                         score(plain, vectors, whole, texts[i]), score(embedded, vectors, NULL, texts[i]),
                                         score(words, NULL, whole, texts[i])};
        const rlc_scored like_words[] = {score(both, vectors, NULL, texts[i]), score(words, vectors, whole, texts[i])};
        const rlc_scored like_embedded[] = {score(both, NULL, whole, texts[i]), score(both, vectors, whole, texts[i])};
        for (size_t j = 0; j < sizeof like_plain / sizeof *like_plain; j++)
            assert_memory_equal(&like_plain[j], &of_plain, sizeof of_plain);
        for (size_t j = 0; j < 2; j++) {
            assert_memory_equal(&like_words[j], &of_words, sizeof of_words);
            assert_memory_equal(&like_embedded[j], &of_embedded, sizeof of_embedded);
        }
        assert_memory_not_equal(&of_plain, &of_embedded, sizeof of_plain);
    }
    rlc_model_free(both);
    rlc_model_free(words);
    rlc_model_free(embedded);
    rlc_model_free(plain);
    rlt_vectors_free(vectors);
}

/* A layer whose decision values are worth nothing takes both intents for equally likely; the others do not. */
static void each_layer_has_its_worth(void **state)
{
    const test_folder *folder = *state;
    rlt_vectors *vectors = make_vectors(folder->file);
    rlc_model *model = train(folder->file, vectors, true);
    float whole[DIMS];
    make_whole(whole, 0.1f, 0);
    for (uint32_t beside = 0; beside < RLC_BESIDES; beside++) {
        const float share = model->worth[beside].share;
        model->worth[beside].share = 0;
        const double probability[] = {score(model, NULL, NULL, "enviar a Lima").probability, score(model, vectors, NULL, "enviar a Lima").probability,
                                      score(model, vectors, whole, "enviar a Lima").probability};
        for (uint32_t i = 0; i < RLC_BESIDES; i++)
            assert_true(i == beside ? probability[i] < 0.5001 : probability[i] > 0.6);
        model->worth[beside].share = share;
    }
    rlc_model_free(model);
    rlt_vectors_free(vectors);
}

static void is_stored_whole(void **state)
{
    const test_folder *folder = *state;
    rlt_vectors *vectors = make_vectors(folder->file);
    rlt_error error = {.line = ""};
    float whole[DIMS];
    make_whole(whole, 0.1f, 0);
    for (int which = 0; which < 4; which++) {
        rlc_model *model = train(folder->file, which & 1 ? vectors : NULL, which & 2), *loaded = NULL;
        assert_true(rlc_model_save(model, folder->file, &error) && rlc_model_load(folder->file, &loaded, &error));
        for (int with = 0; with < 4; with++) {
            rlc_scored a = score(model, with & 1 ? vectors : NULL, with & 2 ? whole : NULL, "el flete a Lima"),
                       b = score(loaded, with & 1 ? vectors : NULL, with & 2 ? whole : NULL, "el flete a Lima");
            assert_memory_equal(&a, &b, sizeof a);
        }
        rlc_model_free(model);
        rlc_model_free(loaded);
    }
    rlt_vectors_free(vectors);
}

/* Under a right checksum every byte of the head, and many of the rest, may be wrong. */
static void is_not_deceived_by_a_file(void **state)
{
    const test_folder *folder = *state;
    rlt_vectors *vectors = make_vectors(folder->file);
    rlc_model *model = train(folder->file, vectors, true);
    rlt_error error = {.line = ""};
    float whole[RLC_DIMS_MAX] = {1};
    char *bytes;
    size_t len;
    uint32_t refused = 0;
    assert_true(rlc_model_save(model, folder->file, &error) && rlt_file_load(folder->file, &bytes, &len, &error));
    for (size_t i = 16; i < len - 8; i += i < 120 ? 1 : 997)
        for (int bit = 0; bit < 8; bit += 7) {
            rlc_model *bad = NULL;
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
            test_sign(bytes, len);
            if (rlc_model_take("model", bytes, len, &bad, &error))
                for (int with = 0; with < 4; with++)
                    (void)score(bad, with & 1 ? vectors : NULL, with & 2 ? whole : NULL, "el flete a Lima");
            else
                refused++;
            rlc_model_free(bad);
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
        }
    assert_true(refused > 40); /* a wrong count, a wrong size */
    free(bytes);
    rlc_model_free(model);
    rlt_vectors_free(vectors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(counts_like_as_alike), TEST(means_the_same_in_other_words), TEST(learns_an_svm), TEST(mixes_the_discriminants_in),
                                       TEST(is_as_good_without), TEST(each_layer_has_its_worth),
                                       TEST(is_stored_whole), TEST(is_not_deceived_by_a_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
