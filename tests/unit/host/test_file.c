/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are no plugins, made from a real one: each is refused before any of it is mapped. */
#include "common.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/file.h"

static char folder[] = "/tmp/relevo-file-XXXXXX";
static char path[256];
static char *good;
static size_t good_size;

/* Writes a file of these bytes. */
static void put(const void *bytes, size_t size, mode_t mode)
{
    (void)unlink(path);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* Refused with a line that begins with the path and goes on with this. */
static void refused(int code, const char *expected)
{
    char sha256[RLV_FILE_SHA256] = "untouched";
    rlv_error err;
    assert_int_equal(rlv_file_check(path, sha256, &err), code);
    assert_string_equal(sha256, "untouched");
    assert_memory_equal(err.message, path, strlen(path));
    assert_string_equal(err.message + strlen(path), expected);
}

static void test_good(void **state)
{
    (void)state;
    put(good, good_size, 0644);
    char sha256[RLV_FILE_SHA256], command[400], expected[RLV_FILE_SHA256] = "";
    rlv_error err;
    assert_int_equal(rlv_file_check(path, sha256, &err), RLV_OK);
    (void)snprintf(command, sizeof(command), "sha256sum %s", path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_int_equal(fread(expected, 1, 64, pipe), 64);
    (void)pclose(pipe);
    assert_string_equal(sha256, expected);
}

static void test_not_a_file(void **state)
{
    (void)state;
    (void)unlink(path);
    refused(RLV_E_NOT_FOUND, ": there is no such file: check `path`, or build the plugin");
    assert_int_equal(mkdir(path, 0755), 0);
    refused(RLV_E_REFUSED, ": is a folder, a plugin is a regular file");
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0644), 0); /* must not block either */
    refused(RLV_E_REFUSED, ": is not a file, a plugin is a regular file");
    put(good, good_size, 0646);
    refused(RLV_E_REFUSED,
            ": everybody may write it (mode 0646), so anybody could run code as Relevo: chmod o-w it");
}

static void test_unreadable(void **state)
{
    (void)state;
    if (geteuid() == 0) /* root reads everything */
        skip();
    put(good, good_size, 0000);
    refused(RLV_E_REFUSED, ": cannot be read (Permission denied): give Relevo's user the right to read it");
}

static void test_not_a_shared_object(void **state)
{
    (void)state;
    put("", 0, 0644);
    refused(RLV_E_REFUSED, ": is not a shared object: name the plugin's .so");
    put("#!/bin/sh\necho hello, this is no shared object at all, although it is long enough\n", 80, 0644);
    refused(RLV_E_REFUSED, ": is not a shared object: name the plugin's .so");

    char *copy = malloc(good_size);
    assert_non_null(copy);
    memcpy(copy, good, good_size);
    ElfW(Ehdr) *eh = (ElfW(Ehdr) *)(void *)copy;
    eh->e_type = ET_REL;
    put(copy, good_size, 0644);
    refused(RLV_E_REFUSED, ": is an object file or a program, not a shared object: link it with -shared");
    eh->e_type = ET_DYN;
    eh->e_ident[EI_DATA] = eh->e_ident[EI_DATA] == ELFDATA2LSB ? ELFDATA2MSB : ELFDATA2LSB;
    put(copy, good_size, 0644);
    char sha256[RLV_FILE_SHA256];
    rlv_error err;
    assert_int_equal(rlv_file_check(path, sha256, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, ": is built for another machine (ELF machine "));
    free(copy);
}

/* Half a file, as a copy under way leaves it: at every length an error, and never the loader's SIGBUS. */
static void test_cut_short(void **state)
{
    (void)state;
    char sha256[RLV_FILE_SHA256];
    rlv_error err;
    size_t mapped = 0;
    const ElfW(Ehdr) *eh = (const ElfW(Ehdr) *)(const void *)good;
    const ElfW(Phdr) *ph = (const ElfW(Phdr) *)(const void *)(good + eh->e_phoff);
    for (unsigned i = 0; i < eh->e_phnum; i++)
        if (ph[i].p_type == PT_LOAD && ph[i].p_offset + ph[i].p_filesz > mapped)
            mapped = ph[i].p_offset + ph[i].p_filesz;
    assert_true(mapped > 1000 && mapped <= good_size);
    for (size_t size = 0; size < mapped; size += size < 1024 ? 37 : 911) {
        put(good, size, 0644);
        assert_int_equal(rlv_file_check(path, sha256, &err), RLV_E_REFUSED);
    }
    put(good, mapped - 1, 0644);
    assert_int_equal(rlv_file_check(path, sha256, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, ": it was cut short, copy the file again"));
}

static int setup(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(path, sizeof(path), "%s/plugin.so", folder);
    FILE *file = fopen(built("tests/abi/frozen.so"), "re");
    if (!file)
        return -1;
    enum {
        MOST = 16 << 20
    };
    good = malloc(MOST);
    good_size = good ? fread(good, 1, MOST, file) : 0;
    (void)fclose(file);
    return good_size > 0 ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    free(good);
    (void)unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),       cmocka_unit_test(test_not_a_file),
        cmocka_unit_test(test_unreadable), cmocka_unit_test(test_not_a_shared_object),
        cmocka_unit_test(test_cut_short),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
