/* SPDX-License-Identifier: Apache-2.0 */
/* Options as operators write them: what arrives, and the line that each mistake gives. */
#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/bind.h"
#include "host/option.h"

#define OPTION(t, f, n, i, lo, hi, u)                                                                        \
    {                                                                                                        \
        .size = sizeof(relevo_option), .type = (t), .flags = (f), .name = (n), .initial = (i), .min = (lo),  \
        .max = (hi), .unit = (u), .help = "Needed."                                                          \
    }

enum {
    TITLE,
    COUNT,
    RATIO,
    FLAG,
    WAIT,
    MODEL,
    WORDS,
    TREE,
    TOKEN,
    N
};

static const relevo_option table[N] = {
    [TITLE] = OPTION(RELEVO_OPTION_STRING, 0, "title", "none", 0, 0, NULL),
    [COUNT] = OPTION(RELEVO_OPTION_INTEGER, 0, "count", "5", -10, 10, "turns"),
    [RATIO] = OPTION(RELEVO_OPTION_REAL, 0, "ratio", NULL, 0, 1, NULL),
    [FLAG] = OPTION(RELEVO_OPTION_BOOLEAN, 0, "flag", NULL, 0, 0, NULL),
    [WAIT] = OPTION(RELEVO_OPTION_DURATION, 0, "wait", "10s", 1000, 60000, NULL),
    [MODEL] = OPTION(RELEVO_OPTION_PATH, 0, "model", NULL, 0, 0, NULL),
    [WORDS] = OPTION(RELEVO_OPTION_LIST, 0, "words", NULL, 0, 0, NULL),
    [TREE] = OPTION(RELEVO_OPTION_JSON, 0, "tree", NULL, 0, 0, NULL),
    [TOKEN] = OPTION(RELEVO_OPTION_STRING, RELEVO_OPTION_SECRET, "token", NULL, 0, 0, NULL),
};

static const relevo_option *const options[N] = {&table[0], &table[1], &table[2], &table[3], &table[4],
                                                &table[5], &table[6], &table[7], &table[8]};

static rlv_arena *arena;
static char folder[] = "/tmp/relevo-bind-XXXXXX";

static int bind(const char *yaml, const relevo_value **ret, rlv_error *err)
{
    const rlv_yaml_node *node = NULL;
    int32_t line;
    if (rlv_yaml_parse(arena, rlv_str_from(yaml), &node, &line, err))
        fail_msg("%s: %s", yaml, err->message);
    const rlv_bind_source source = {"r.yaml", folder, "p", 3, node};
    return rlv_bind(&source, options, N, arena, ret, err);
}

static const relevo_value *bound(const char *yaml)
{
    const relevo_value *values = NULL;
    rlv_error err;
    if (bind(yaml, &values, &err))
        fail_msg("%s: %s", yaml, err.message);
    return values;
}

static void wrong(const char *yaml, const char *expected)
{
    const relevo_value *values = NULL;
    rlv_error err;
    assert_int_equal(bind(yaml, &values, &err), RLV_E_CONFIG);
    assert_null(values);
    assert_string_equal(err.message, expected);
}

static void test_defaults(void **state)
{
    (void)state;
    static const char *const empties[] = {"", "{}", "~", "title:\ncount: ~\n"};
    for (size_t i = 0; i < sizeof(empties) / sizeof(*empties); i++) {
        const relevo_value *v = bound(empties[i]);
        assert_int_equal(v[TITLE].size, sizeof(relevo_value));
        assert_int_equal(v[TITLE].given, 0);
        assert_string_equal(v[TITLE].text.ptr, "none");
        assert_int_equal(v[COUNT].integer, 5);
        assert_int_equal(v[WAIT].integer, 10000);
        assert_string_equal(v[MODEL].text.ptr, ""); /* never NULL: a plugin may read it as a C string */
        assert_int_equal(v[MODEL].text.len, 0);
        assert_int_equal(v[WORDS].n_list, 0);
    }
}

static void test_values(void **state)
{
    (void)state;
    const relevo_value *v =
        bound("title: 12\ncount: -10\nratio: 0.25\nflag: yes\nwait: \"1m\"\n"
              "model: sub/m.bin\nwords: [a, \"2\", 3]\ntree:\n  k: [1, \"1\", null]\ntoken: t0k\n");
    assert_int_equal(v[TITLE].given, 1);
    assert_string_equal(v[TITLE].text.ptr, "12");
    assert_int_equal(v[COUNT].integer, -10);
    assert_true(v[RATIO].real > 0.24 && v[RATIO].real < 0.26);
    assert_int_equal(v[FLAG].integer, 1);
    assert_int_equal(v[WAIT].integer, 60000);
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/sub/m.bin", folder);
    assert_string_equal(v[MODEL].text.ptr, path);
    assert_int_equal(v[MODEL].text.len, strlen(path));
    assert_int_equal(v[WORDS].n_list, 3);
    assert_string_equal(v[WORDS].list[2].ptr, "3");
    assert_string_equal(v[TREE].text.ptr, "{\"k\":[1,\"1\",null]}");
    assert_string_equal(v[TOKEN].text.ptr, "t0k");

    v = bound("model: /abs/m.bin\nwords: one\n");
    assert_string_equal(v[MODEL].text.ptr, "/abs/m.bin");
    assert_int_equal(v[WORDS].n_list, 1);
    assert_string_equal(v[WORDS].list[0].ptr, "one");
    assert_int_equal(bound("words: []")[WORDS].n_list, 0);
}

static void test_mistakes(void **state)
{
    (void)state;
    wrong("[a]", "r.yaml:1: plugin 'p': `options` is a list, it wants `name: value` lines");
    wrong("title: a\ncuont: 1\n", "r.yaml:2: plugin 'p': unknown option 'cuont'; did you mean 'count'?");
    wrong("zzzzzzzzz: 1\n",
          "r.yaml:1: plugin 'p': unknown option 'zzzzzzzzz'; `relevo plugin info p` lists them");
    wrong("count: 1\ncount: 2\n", "r.yaml:2: plugin 'p': option 'count' is given twice: keep one");
    wrong("\ncount: many\n", "r.yaml:2: plugin 'p': option 'count' is 'many', it wants a whole number");
    wrong("count: 1.5\n", "r.yaml:1: plugin 'p': option 'count' is '1.5', it wants a whole number");
    wrong("count: \"5\"\n",
          "r.yaml:1: plugin 'p': option 'count' is the text '5', it wants a whole number: write it "
          "without quotes");
    wrong("count: 11\n", "r.yaml:1: plugin 'p': option 'count' is '11', allowed is -10 to 10 turns");
    wrong("count: 99999999999999999999\n",
          "r.yaml:1: plugin 'p': option 'count' is '99999999999999999999', it wants a whole number");
    wrong("ratio: 1.01\n", "r.yaml:1: plugin 'p': option 'ratio' is '1.01', allowed is 0 to 1");
    wrong("ratio: .nan\n", "r.yaml:1: plugin 'p': option 'ratio' is '.nan', it wants a number");
    wrong("flag: perhaps\n", "r.yaml:1: plugin 'p': option 'flag' is 'perhaps', it wants true or false");
    wrong(
        "wait: 90\n",
        "r.yaml:1: plugin 'p': option 'wait' is '90', it wants a duration such as 500ms, 90s, 10m, 2h or 7d");
    wrong("wait: 2h\n", "r.yaml:1: plugin 'p': option 'wait' is '2h', allowed is 1s to 1m");
    wrong("title: [a]\n", "r.yaml:1: plugin 'p': option 'title' is a list, it wants a single value");
    wrong("words: {a: 1}\n", "r.yaml:1: plugin 'p': option 'words' is a mapping, it wants a list of texts");
    wrong("words:\n  - a\n  - [b]\n",
          "r.yaml:2: plugin 'p': option 'words' wants a list of texts, number 2 of it is a list");
    wrong("words:\n  - a\n  -\n",
          "r.yaml:2: plugin 'p': option 'words' wants a list of texts, number 2 of it is empty");
}

static const char *written(const char *name, const char *text, size_t len)
{
    static char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    return path;
}

static void test_secrets(void **state)
{
    (void)state;
    (void)written("token.txt", "s3cret\r\n", 8);
    const relevo_value *v = bound("token_file: token.txt\n");
    assert_string_equal(v[TOKEN].text.ptr, "s3cret");
    assert_int_equal(v[TOKEN].given, 1);
    wrong("token: a\ntoken_file: token.txt\n",
          "r.yaml:1: plugin 'p': options 'token' and 'token_file' are both given: keep one");
    wrong("title_file: token.txt\n",
          "r.yaml:1: plugin 'p': unknown option 'title_file'; `relevo plugin info p` lists them");
    wrong("token_file: [a]\n",
          "r.yaml:1: plugin 'p': option 'token_file' is a list, it wants the path of a file");
    char expected[400];
    (void)snprintf(
        expected, sizeof(expected),
        "r.yaml:1: plugin 'p': option 'token_file': %s/none cannot be read (No such file or directory)",
        folder);
    wrong("token_file: none\n", expected);
    const char *path = written("binary", "\xff\xfe", 2);
    (void)snprintf(expected, sizeof(expected),
                   "r.yaml:1: plugin 'p': option 'token_file': %s is not UTF-8 text", path);
    wrong("token_file: binary\n", expected);

    /* A secret's value is in no message, whatever is wrong with it. */
    (void)written("binary", "hush\0hush", 9);
    wrong("token_file: binary\n",
          "r.yaml:1: plugin 'p': option 'token' is (secret), it wants a text without NUL characters");
}

static void test_required(void **state)
{
    (void)state;
    const relevo_option one = OPTION(RELEVO_OPTION_STRING, RELEVO_OPTION_REQUIRED, "url", NULL, 0, 0, NULL);
    const relevo_option *const list[] = {&one};
    const rlv_bind_source source = {"r.yaml", folder, "p", 3, NULL};
    const relevo_value *values = NULL;
    rlv_error err;
    assert_int_equal(rlv_bind(&source, list, 1, arena, &values, &err), RLV_E_CONFIG);
    assert_string_equal(err.message, "r.yaml:3: plugin 'p': option 'url' is missing: Needed.");
}

static void test_no_options(void **state)
{
    (void)state;
    const rlv_yaml_node *node = NULL;
    int32_t line;
    rlv_error err;
    const relevo_value *values = NULL;
    assert_int_equal(rlv_yaml_parse(arena, RLV_STR("a: 1"), &node, &line, &err), RLV_OK);
    const rlv_bind_source source = {"r.yaml", folder, "p", 3, node};
    assert_int_equal(rlv_bind(&source, NULL, 0, arena, &values, &err), RLV_E_CONFIG);
    assert_string_equal(err.message, "r.yaml:1: plugin 'p': unknown option 'a'; this plugin has none");
}

static void test_initial_and_path(void **state)
{
    (void)state;
    relevo_value value = {0};
    rlv_error err;
    assert_int_equal(rlv_bind_initial(&table[COUNT], NULL, arena, &value, &err), RLV_OK);
    assert_int_equal(value.integer, 5);
    const relevo_option bad = OPTION(RELEVO_OPTION_JSON, 0, "j", "{", 0, 0, NULL);
    value.integer = 77;
    assert_int_equal(rlv_bind_initial(&bad, NULL, arena, &value, &err), RLV_E_CONFIG);
    assert_int_equal(value.integer, 77); /* untouched on failure */
    assert_str(rlv_option_path(arena, "/etc", RLV_STR("a")), "/etc/a");
    assert_str(rlv_option_path(arena, "/etc", RLV_STR("/a")), "/a");
    assert_str(rlv_option_path(arena, NULL, RLV_STR("a")), "a");
    assert_str(rlv_option_path(arena, "/etc", (rlv_str){0}), "");
}

/* Memory may be short anywhere: an error each time, never a value that is not there. */
static void test_short_memory(void **state)
{
    (void)state;
    const rlv_yaml_node *node = NULL;
    int32_t line;
    rlv_error err;
    assert_int_equal(rlv_yaml_parse(arena, RLV_STR("title: abc\nmodel: m\nwords: [a, b]\ntree: {a: 1}\n"),
                                    &node, &line, &err),
                     RLV_OK);
    const rlv_bind_source source = {"r.yaml", folder, "p", 3, node};
    unsigned refused = 0;
    for (size_t ceiling = 16; ceiling < 4096; ceiling += 16) {
        rlv_arena *small = rlv_arena_new(ceiling);
        const relevo_value *values = NULL;
        int code = rlv_bind(&source, options, N, small, &values, &err);
        assert_true(code == RLV_OK || code == RLV_E_LIMIT);
        refused += code != RLV_OK;
        if (code == RLV_OK)
            assert_string_equal(values[TREE].text.ptr, "{\"a\":1}");
        rlv_arena_free(small);
    }
    assert_true(refused > 10 && refused < 250);
}

static int setup(void **state)
{
    (void)state;
    arena = rlv_arena_new(4 << 20);
    return arena && mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    static const char *const names[] = {"token.txt", "binary"};
    char path[256];
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    rlv_arena_free(arena);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),         cmocka_unit_test(test_values),
        cmocka_unit_test(test_mistakes),         cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_required),         cmocka_unit_test(test_no_options),
        cmocka_unit_test(test_initial_and_path), cmocka_unit_test(test_short_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
