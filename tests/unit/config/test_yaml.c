/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of a file: lines, quotes, refusals, JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>

#include "config/yaml.h"

static rlv_arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = rlv_arena_new(32 * 1024 * 1024);
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    rlv_arena_free(arena);
    return 0;
}

static const rlv_yaml_node *parse(const char *text)
{
    const rlv_yaml_node *root = NULL;
    int32_t line;
    rlv_error err = {0};
    if (rlv_yaml_parse(arena, rlv_str_from(text), &root, &line, &err))
        fail_msg("line %d: %s", line, err.message);
    return root;
}

static void lines_and_quotes(void **state)
{
    (void)state;
    const rlv_yaml_node *root =
        parse("a: 1\nb:\n  c: 'x'\n  d: |\n    two\n    lines\nl:\n  - p\n  - \"q\"\n");
    assert_int_equal(root->kind, RLV_YAML_MAP);
    assert_int_equal(root->n, 3);
    const rlv_yaml_node *b = rlv_yaml_get(root, "b");
    assert_int_equal(b->key_line, 2);
    assert_int_equal(rlv_yaml_get(b, "c")->line, 3);
    assert_true(rlv_yaml_get(b, "c")->quoted);
    assert_string_equal(rlv_yaml_get(b, "d")->text.ptr, "two\nlines\n");
    const rlv_yaml_node *l = rlv_yaml_get(root, "l");
    assert_int_equal(l->n, 2);
    assert_false(l->first->quoted);
    assert_true(l->first->next->quoted);
    assert_int_equal(l->first->next->line, 9);
    assert_null(rlv_yaml_get(root, "z"));
    assert_null(rlv_yaml_get(l, "p"));
    assert_null(rlv_yaml_get(NULL, "p"));
    assert_string_equal(rlv_yaml_kind_name(l), "a list");
    assert_string_equal(rlv_yaml_kind_name(b), "a mapping");
    assert_string_equal(rlv_yaml_kind_name(l->first), "a single value");
}

static void emptiness(void **state)
{
    (void)state;
    assert_null(parse(""));
    assert_null(parse("# only a comment\n"));
    const rlv_yaml_node *root = parse("a:\nb: ~\nc: ''\nd: null\n");
    assert_true(rlv_yaml_empty(rlv_yaml_get(root, "a")));
    assert_true(rlv_yaml_empty(rlv_yaml_get(root, "b")));
    assert_false(rlv_yaml_empty(rlv_yaml_get(root, "c")));
    assert_true(rlv_yaml_empty(rlv_yaml_get(root, "d")));
    assert_true(rlv_yaml_empty(NULL));
}

static void repeated_keys(void **state)
{
    (void)state;
    const rlv_yaml_node *root = parse("a: 1\nb: 2\na: 3\n");
    assert_false(root->first->repeated);
    assert_true(root->first->next->next->repeated);
    assert_string_equal(rlv_yaml_get(root, "a")->text.ptr, "1");
}

static void json(void **state)
{
    (void)state;
    rlv_buf out = RLV_BUF_INIT(4096);
    rlv_yaml_json(
        parse("i: 12\nr: -0.5e3\nt: true\nq: 'true'\nn:\nz: 007\np: 1.\nh: 0x1f\ns: \"a\\\"b\\n\\x7f\\\\\"\n"
              "l: [1, x, {k: ñ}]\ne: []\nm: {}\nw: no\n"),
        &out);
    assert_string_equal(
        out.data, "{\"i\":12,\"r\":-0.5e3,\"t\":true,\"q\":\"true\",\"n\":null,\"z\":\"007\",\"p\":\"1.\","
                  "\"h\":\"0x1f\",\"s\":\"a\\\"b\\u000a\\u007f\\\\\",\"l\":[1,\"x\",{\"k\":\"ñ\"}],"
                  "\"e\":[],\"m\":{},\"w\":\"no\"}");
    rlv_buf_reset(&out);
    rlv_yaml_json(NULL, &out);
    assert_string_equal(out.data, "null");
    rlv_buf_free(&out);
}

static void refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t line;
        const char *message;
    } cases[] = {
        {"a: &x 1\n", 1, "anchors (&name) are not supported: write the value out where it is needed"},
        {"a: 1\nb: *x\n", 2, "aliases (*name) are not supported: write it out"},
        {"a: !!binary aGk=\n", 1, "tags (!name) are not supported: remove it, and quote a text"},
        {"a:\n\tb: 1\n", 2, "a tab in the indentation: YAML wants spaces"},
        {"a: 1\n---\nb: 2\n", 2, "a second document begins here: one file holds one, remove the '---'"},
        {"[a]: 1\n", 1, "a key must be a word, not a list or a mapping"},
        {"a: \"x\\0y\"\n", 1, "a text holds a NUL character: remove the \\0"},
        {"a: [1, 2\nb: 3\n", 2,
         "not valid YAML: did not find expected ',' or ']' (while parsing a flow sequence that "
         "begins on line 1); close the bracket"},
        {"a: 'open\n", 2,
         "not valid YAML: found unexpected end of stream (while scanning a quoted scalar that begins "
         "on line 1); close the quote"},
        {"a: 1\nb: \xff\n", 2, "not UTF-8 text (invalid leading UTF-8 octet): save the file as UTF-8"},
        {"[[[[[[[[[[[[[[[[[ x ]]]]]]]]]]]]]]]]]\n", 1, "nested too deeply: at most 16 levels"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const rlv_yaml_node *root = NULL;
        int32_t line = -1;
        rlv_error err = {0};
        assert_int_equal(rlv_yaml_parse(arena, rlv_str_from(cases[i].text), &root, &line, &err),
                         RLV_E_CONFIG);
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(line, cases[i].line);
        assert_null(root);
    }
}

static void bombs(void **state)
{
    (void)state;
    enum {
        BIG = 900000
    };
    char *text = malloc(BIG + 1);
    assert_non_null(text);
    for (size_t i = 0; i < BIG; i++)
        text[i] = i % 2 ? 'x' : ',';
    text[0] = '[';
    text[BIG] = '\0';
    const rlv_yaml_node *root = NULL;
    int32_t line;
    rlv_error err = {0};
    assert_int_equal(rlv_yaml_parse(arena, rlv_str_from(text), &root, &line, &err), RLV_E_CONFIG);
    assert_string_equal(err.message, "too large: a configuration may hold 20000 values");
    memset(text, '[', BIG);
    assert_int_equal(rlv_yaml_parse(arena, rlv_str_from(text), &root, &line, &err), RLV_E_CONFIG);
    free(text);

    static char large[RLV_YAML_BYTES_MAX + 1];
    memset(large, ' ', sizeof(large));
    assert_int_equal(rlv_yaml_parse(arena, (rlv_str){large, sizeof(large)}, &root, &line, &err),
                     RLV_E_CONFIG);
    assert_string_equal(err.message, "too large: a configuration may have 1 MiB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_and_quotes, setup, teardown),
        cmocka_unit_test_setup_teardown(emptiness, setup, teardown),
        cmocka_unit_test_setup_teardown(repeated_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(json, setup, teardown),
        cmocka_unit_test_setup_teardown(refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(bombs, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
