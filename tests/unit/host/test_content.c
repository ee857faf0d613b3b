/* SPDX-License-Identifier: Apache-2.0 */
/* The hash of files that options name: what changes it, and what must not. */
#include "common.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/content.h"

static char folder[64];

static void put(const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void drop(const char *name)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(remove(path), 0);
}

static uint64_t hash_at(const char *path, uint32_t type, uint32_t flags)
{
    const relevo_option option = {.size = sizeof(option), .type = type, .flags = flags, .name = "kb"}, *options[] = {&option};
    const relevo_value value = {.size = sizeof(value), .text = {path, strlen(path)}};
    uint64_t hash = 0;
    rlv_error err;
    if (rlv_content_hash(options, &value, 1, &hash, &err))
        fail_msg("%s", err.message);
    return hash;
}

static uint64_t hash(void)
{
    return hash_at(folder, RELEVO_OPTION_PATH, 0);
}

static void make_folder(void)
{
    (void)snprintf(folder, sizeof(folder), "/tmp/relevo-content-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

static void test_what_counts(void **state)
{
    (void)state;
    char below[128];
    make_folder();
    uint64_t empty = hash();
    put("a.md", "one");
    put("b.md", "two");
    uint64_t both = hash();
    assert_true(both != empty && both == hash());
    put("a.md", "onet");
    put("b.md", "wo"); /* a letter from one file to the next */
    assert_true(hash() != both);
    put("a.md", "two");
    put("b.md", "one");
    assert_true(hash() != both);
    put("a.md", "one");
    put("b.md", "two");
    assert_true(hash() == both);
    put(".b.md.swp", "being edited");
    assert_true(hash() == both);
    (void)snprintf(below, sizeof(below), "%s/below", folder);
    assert_int_equal(mkdir(below, 0700), 0);
    put("below/c.md", "three");
    uint64_t deeper = hash();
    assert_true(deeper != both);
    put("below/c.md", "3");
    assert_true(hash() != deeper);
    put("below/c.md", "three");

    char before[64];
    memcpy(before, folder, sizeof(before)); /* another place, the same files */
    make_folder();
    (void)snprintf(below, sizeof(below), "%s/below", folder);
    assert_int_equal(mkdir(below, 0700), 0);
    put("below/c.md", "three");
    put("b.md", "two");
    put("a.md", "one");
    assert_true(hash() == deeper);
    drop("below/c.md");
    drop("below");
    drop("a.md");
    drop("b.md");
    assert_int_equal(rmdir(folder), 0);

    memcpy(folder, before, sizeof(before));
    assert_true(hash_at(folder, RELEVO_OPTION_STRING, 0) == 0);
    assert_true(hash_at(folder, RELEVO_OPTION_PATH, RELEVO_OPTION_SECRET) == 0);
    assert_true(hash_at("", RELEVO_OPTION_PATH, 0) == 0);
    assert_true(hash_at("/nowhere", RELEVO_OPTION_PATH, 0) == hash_at("/elsewhere", RELEVO_OPTION_PATH, 0));
    drop(".b.md.swp");
    drop("below/c.md");
    drop("below");
    drop("a.md");
    drop("b.md");
    assert_int_equal(rmdir(folder), 0);
}

static void test_refused(void **state)
{
    (void)state;
    char path[512];
    size_t len;
    make_folder();
    len = (size_t)snprintf(path, sizeof(path), "%s", folder);
    for (int i = 0; i < 17; i++) {
        len += (size_t)snprintf(path + len, sizeof(path) - len, "/d");
        assert_int_equal(mkdir(path, 0700), 0);
    }
    const relevo_option option = {.size = sizeof(option), .type = RELEVO_OPTION_PATH, .name = "kb"}, *options[] = {&option};
    const relevo_value value = {.size = sizeof(value), .text = {folder, strlen(folder)}};
    uint64_t untouched = 5;
    rlv_error err;
    assert_int_equal(rlv_content_hash(options, &value, 1, &untouched, &err), RLV_E_LIMIT);
    assert_non_null(strstr(err.message, "folders are nested deeper than 16"));
    assert_int_equal(untouched, 5);
    for (int i = 0; i < 18; i++) {
        assert_int_equal(rmdir(path), 0);
        *strrchr(path, '/') = '\0';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_counts), cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
