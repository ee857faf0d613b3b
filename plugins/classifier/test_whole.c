/* SPDX-License-Identifier: Apache-2.0 */
/* Embeddings from a file: each text finds its own, and a file that is not what embed.py made is refused with its line. */
#include "test.h"

#include <math.h>

#include "whole.h"

#define ROW(text, numbers) "{\"text\":\"" text "\",\"model\":\"query: e5\",\"embedding\":[" numbers "]}\n"

static rlc_wholes *load(const test_folder *folder, const char *text)
{
    rlc_wholes *made = NULL;
    rlt_error error = {.line = ""};
    test_write(folder->file, text, strlen(text));
    if (!rlc_wholes_load(folder->file, &made, &error))
        fail_msg("%s", error.line);
    return made;
}

static void finds_its_own(void **state)
{
    rlc_wholes *wholes = load(*state, ROW("hola", "3,4") "\n" ROW("¿envíos?", "0,2") ROW("hola", "1,0"));
    assert_int_equal(rlc_wholes_dims(wholes), 2);
    assert_int_equal(rlc_wholes_recipe(wholes), rlt_hash(rlt_str("query: e5")));
    const float *found = rlc_wholes_find(wholes, rlt_str("hola")); /* the first one, of length 1 */
    assert_true(fabsf(found[0] - 0.6F) < 1e-6F && fabsf(found[1] - 0.8F) < 1e-6F);
    found = rlc_wholes_find(wholes, rlt_str("¿envíos?"));
    assert_true(fabsf(found[0]) < 1e-6F && fabsf(found[1] - 1) < 1e-6F);
    assert_null(rlc_wholes_find(wholes, rlt_str("Hola")));
    assert_null(rlc_wholes_find(wholes, rlt_str("")));
    rlc_wholes_free(wholes);
    rlc_wholes_free(NULL);
}

/* More than there is room for at first. */
static void holds_many(void **state)
{
    enum { MANY = 2000 };
    const test_folder *folder = *state;
    rlc_wholes *wholes = NULL;
    rlt_error error;
    FILE *file = fopen(folder->file, "wb");
    assert_non_null(file);
    for (int i = 0; i < MANY; i++)
        assert_true(fprintf(file, "{\"text\":\"texto %d\",\"embedding\":[1,%d]}\n", i, i) > 0);
    assert_int_equal(fclose(file), 0);
    assert_true(rlc_wholes_load(folder->file, &wholes, &error));
    for (int i = 0; i < MANY; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "texto %d", i);
        const float *found = rlc_wholes_find(wholes, rlt_str(text));
        assert_non_null(found);
        assert_true(fabsf(found[1] / found[0] - (float)i) <= 1e-3F * (float)(i + 1));
    }
    rlc_wholes_free(wholes);
}

static void refuses(void **state)
{
    const test_folder *folder = *state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "it holds no embeddings"},
        {"\n\n", "it holds no embeddings"},
        {"hola\n", ":1: no object of text and embedding"},
        {ROW("a", "1,0") "{\"text\":\"b\"}\n", ":2: no object of text and embedding"},
        {ROW("a", "1,0") "{\"embedding\":[1,0]}\n", ":2: no object of text and embedding"},
        {ROW("a", "1,0") "\n" ROW("b", "1,0,0"), ":3: its embedding is not 2 finite numbers by the model of the first"},
        {ROW("a", "1,0") ROW("b", "1,null"), ":2: its embedding is not 2 finite numbers"},
        {ROW("a", "1,0") ROW("b", "0,0"), ":2: its embedding is not 2 finite numbers"},
        {ROW("a", "1,0") "{\"text\":\"b\",\"model\":\"query: other\",\"embedding\":[1,0]}\n", ":2: its embedding is not 2 finite numbers by the model"},
    };
    rlc_wholes *wholes = NULL;
    rlt_error error = {.line = ""};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        test_write(folder->file, cases[i].text, strlen(cases[i].text));
        assert_false(rlc_wholes_load(folder->file, &wholes, &error));
        assert_null(wholes);
        if (!strstr(error.line, cases[i].says))
            fail_msg("'%s' says: %s", cases[i].text, error.line);
    }
    assert_false(rlc_wholes_load("/tmp/relevo-no-such-file", &wholes, &error));
    assert_non_null(strstr(error.line, "No such file or directory"));
}

/* Those of the examples, then of what is outside, in their order; one that is missing is named. */
static void of_examples(void **state)
{
    static const char table[] = "text,label\nhola,a\nchau,b\nla luna,none\n";
    static const char *const none[] = {"none"};
    const test_folder *folder = *state;
    rlc_examples examples = {0};
    rlt_error error = {.line = ""};
    test_write(folder->file, table, sizeof table - 1);
    assert_true(rlc_examples_load_csv(folder->file, &(rlc_columns){"text", "label", none, 1}, &examples, &error));
    rlc_wholes *wholes = load(folder, ROW("la luna", "0,1") ROW("chau", "1,0") ROW("hola", "0,-1"));
    float *all = rlc_wholes_of(wholes, &examples, &error);
    static const float expected[] = {0, -1, 1, 0, 0, 1};
    assert_non_null(all);
    for (size_t i = 0; i < 6; i++)
        assert_true(fabsf(all[i] - expected[i]) < 1e-6F);
    free(all);
    rlc_wholes_free(wholes);
    wholes = load(folder, ROW("chau", "1,0") ROW("hola", "0,-1"));
    assert_null(rlc_wholes_of(wholes, &examples, &error));
    assert_non_null(strstr(error.line, "'la luna' has no embedding"));
    rlc_wholes_free(wholes);
    rlc_examples_clear(&examples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(finds_its_own), TEST(holds_many), TEST(refuses), TEST(of_examples)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
