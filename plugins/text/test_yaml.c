/* SPDX-License-Identifier: Apache-2.0 */
/* The YAML reader: trees with lines, and one clear line for each kind of bad file. */
#include "test.h"

#include <stdio.h>
#include <unistd.h>

#include "text/yaml.h"

static void reads(void **state)
{
    (void)state;
    rlt_yaml *yaml = NULL;
    rlt_error error;
    relevo_str text = RELEVO_STR("id: envios\ntags: [a, b]\none: solo\nnone:\nmap:\n  x: 'ñ: sí'\n");
    assert_true(rlt_yaml_parse("kb/a.md", 2, text, &yaml, &error));
    const rlt_node *root = rlt_yaml_root(yaml);
    assert_int_equal(rlt_node_kind(root), RLT_MAPPING);
    assert_int_equal(rlt_node_count(root), 5);
    assert_text(rlt_node_text(rlt_node_key(root, 0)), "id");
    assert_text(rlt_node_text(rlt_node_at(root, 0)), "envios");
    const rlt_node *tags = rlt_node_get(root, "tags");
    assert_true(rlt_node_is_texts(tags));
    assert_int_equal(rlt_node_n_texts(tags), 2);
    assert_text(rlt_node_text_at(tags, 1), "b");
    assert_int_equal(rlt_node_line(tags), 3);
    assert_int_equal(rlt_node_n_texts(rlt_node_get(root, "one")), 1);
    assert_text(rlt_node_text_at(rlt_node_get(root, "one"), 0), "solo");
    assert_int_equal(rlt_node_kind(rlt_node_get(root, "none")), RLT_NULL);
    assert_false(rlt_node_is_texts(rlt_node_get(root, "map")));
    assert_text(rlt_node_text(rlt_node_get(rlt_node_get(root, "map"), "x")), "ñ: sí");
    assert_null(rlt_node_get(root, "absent"));
    assert_string_equal(rlt_yaml_path(yaml), "kb/a.md");
    rlt_yaml_free(yaml);
    rlt_yaml_free(NULL);
}

static void reads_nothing(void **state)
{
    (void)state;
    rlt_yaml *yaml = NULL;
    rlt_error error;
    assert_true(rlt_yaml_parse("x", 1, (relevo_str){"", 0}, &yaml, &error));
    assert_int_equal(rlt_node_kind(rlt_yaml_root(yaml)), RLT_NULL);
    rlt_yaml_free(yaml);
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"a: 1\nb: [1, 2\n", "f.yaml:"},
        {"a: 1\n\tb: 2\n", "f.yaml:2: not valid YAML"},
        {"a: 1\nb: 2\na: 3\n", "f.yaml:3: 'a' is given twice (first in line 1)"},
        {"a: &x [1]\nb: *x\n", "aliases (*name) are not understood"},
        {"a: &x [1, *x]\n", "aliases (*name) are not understood"},
        {"a: 1\n---\nb: 2\n", "a second document"},
        {"a: 1\nb: Env\xedos\n", "f.yaml:2: it is not UTF-8 here; save the file as UTF-8"},
        {"[a, b]: c\n", "f.yaml:1: a key must be a plain text"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rlt_yaml *yaml = NULL;
        rlt_error error = {.line = ""};
        assert_false(rlt_yaml_parse("f.yaml", 1, rlt_str(cases[i].text), &yaml, &error));
        assert_null(yaml);
        if (!strstr(error.line, cases[i].says))
            print_error("'%s' says: %s\n", cases[i].text, error.line);
        assert_non_null(strstr(error.line, cases[i].says));
    }
}

static void checks_texts(void **state)
{
    (void)state;
    rlt_error error = {.line = ""};
    assert_true(rlt_text_check("f.md", 1, (relevo_str)RELEVO_STR("Sí,\r\n\tclaro 🙂\n"), &error));
    assert_true(rlt_text_check("f.md", 1, (relevo_str){NULL, 0}, &error));
    assert_false(rlt_text_check("f.md", 3, (relevo_str)RELEVO_STR("a\nb\nc\xf1"), &error));
    assert_non_null(strstr(error.line, "f.md:5: it is not UTF-8 here"));
    assert_false(rlt_text_check("f.md", 3, (relevo_str)RELEVO_STR("a\nb\0c"), &error));
    assert_non_null(strstr(error.line, "f.md:4: a control character"));
}

/* A line for people, and what a tool exits with. */
static void errors_say_how_to_exit(void **state)
{
    (void)state;
    rlt_error error = {.line = ""};
    assert_false(rlt_fail(&error, "%s:%d: no", "f", 3));
    assert_string_equal(error.line, "f:3: no");
    assert_int_equal(error.exit, EX_DATAERR);
    assert_int_equal(rlt_tool_end("x", false, &error), EX_DATAERR);
    assert_int_equal(rlt_tool_end("x", true, &error), EX_OK);
    assert_false(rlt_fail_as(&error, EX_USAGE, "what %s?", "else"));
    assert_string_equal(error.line, "what else?");
    assert_int_equal(error.exit, EX_USAGE);
    assert_false(rlt_fail_output(&error));
    assert_string_equal(error.line, "standard output cannot be written");
    assert_int_equal(error.exit, EX_IOERR);
    assert_false(rlt_fail_memory(&error, "f"));
    assert_string_equal(error.line, "f: out of memory");
    assert_int_equal(error.exit, EX_OSERR);
    char *text;
    size_t len;
    assert_false(rlt_file_load("/tmp/relevo-no-such-file", &text, &len, &error));
    assert_int_equal(error.exit, EX_NOINPUT);
}

static void loads_files(void **state)
{
    (void)state;
    rlt_yaml *yaml = NULL;
    rlt_error error;
    char path[] = "/tmp/relevo-yaml-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    for (int i = 0; i < 30000; i++) /* larger than one read */
        assert_true(fprintf(file, "- línea %d\n", i) > 0);
    assert_int_equal(fclose(file), 0);
    assert_true(rlt_yaml_load(path, &yaml, &error));
    assert_int_equal(rlt_node_count(rlt_yaml_root(yaml)), 30000);
    rlt_yaml_free(yaml);
    unlink(path);
    assert_false(rlt_yaml_load(path, &yaml, &error));
    assert_non_null(strstr(error.line, "No such file or directory; check the path"));
    assert_false(rlt_yaml_load("/tmp", &yaml, &error));
    assert_non_null(strstr(error.line, "/tmp: Is a directory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(reads), cmocka_unit_test(reads_nothing),
                                       cmocka_unit_test(refuses), cmocka_unit_test(checks_texts),
                                       cmocka_unit_test(errors_say_how_to_exit), cmocka_unit_test(loads_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
