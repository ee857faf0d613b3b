/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every refusal of a descriptor, one changed field at a time, with the whole line that an operator reads. The
 * descriptors lie in static memory, as those of plugins do.
 */
#include "common.h"

#include <math.h>
#include <stdlib.h>

#include "host/check.h"
#include "host/memory.h"

static int32_t trigger(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink)
{
    (void)instance;
    (void)views;
    (void)n;
    (void)sink;
    return RELEVO_OK;
}

static relevo_option options[2];
static relevo_plugin plugin;

static void reset(void)
{
    options[0] = (relevo_option){.size = sizeof(relevo_option),
                                 .type = RELEVO_OPTION_INTEGER,
                                 .name = "limit",
                                 .initial = "3",
                                 .min = 1,
                                 .max = 9,
                                 .unit = "messages",
                                 .help = "How many."};
    options[1] = (relevo_option){.size = sizeof(relevo_option),
                                 .type = RELEVO_OPTION_LIST,
                                 .name = "words",
                                 .initial = "[\"a\"]",
                                 .help = "Which."};
    plugin = (relevo_plugin){.magic = RELEVO_PLUGIN_MAGIC,
                             .abi_major = 1,
                             .abi_minor = 0,
                             .size = sizeof(plugin),
                             .name = "good",
                             .version = "1.0",
                             .summary = "Does good.",
                             .kind = RELEVO_KIND_TRIGGER,
                             .n_options = 2,
                             .options = options,
                             .trigger = trigger};
}

static int check_sized(size_t symbol_size, rlv_error *err)
{
    rlv_arena *arena = rlv_arena_new(1 << 20);
    const relevo_option *const *list = NULL;
    int code = rlv_check_descriptor("x.so", &plugin, symbol_size, arena, &list, err);
    if (code == RLV_OK && plugin.n_options == 2) {
        assert_ptr_equal(list[0], &options[0]);
        assert_ptr_equal(list[1], &options[1]);
    }
    rlv_arena_free(arena);
    return code;
}

/* The plugin as the test has changed it is refused with this line; it is whole again afterwards. */
static void refused(const char *expected)
{
    rlv_error err = {0};
    assert_int_equal(check_sized(sizeof(plugin), &err), RLV_E_REFUSED);
    assert_string_equal(err.message, expected);
    reset();
}

static void test_good(void **state)
{
    (void)state;
    reset();
    rlv_error err = {0};
    assert_int_equal(check_sized(sizeof(plugin), &err), RLV_OK);
    assert_int_equal(check_sized(0, &err), RLV_OK); /* a stripped symbol table knows no size */
    plugin.n_options = 0;
    plugin.options = NULL;
    assert_int_equal(check_sized(0, &err), RLV_OK);
}

static void test_head(void **state)
{
    (void)state;
    reset();
    plugin.magic = 7;
    refused(
        "x.so: magic is 0x00000007, a plugin's is 0x524c564f: relevo_plugin_descriptor is no descriptor, see "
        "docs/plugins.md");
    plugin.abi_major = 2;
    refused("x.so: abi_major is 2, this Relevo speaks 1: rebuild the plugin against relevo/plugin.h 1.x");
    plugin.abi_minor = 8;
    refused("x.so: abi_minor is 8, this Relevo speaks up to 1.7: upgrade Relevo, or rebuild the plugin "
            "against an older "
            "relevo/plugin.h");
    plugin.size = 24;
    refused("x.so: size is 24, a descriptor of version 1.0 has at least 136: rebuild the plugin against "
            "relevo/plugin.h 1.x");
    plugin.size = 4096;
    refused("x.so: size is 4096, a descriptor of version 1.0 has at most 144: rebuild the plugin against "
            "relevo/plugin.h 1.x");
}

/* What the symbol table says bounds what is read: a short symbol is never read past its end. */
static void test_short_symbol(void **state)
{
    (void)state;
    reset();
    rlv_error err = {0};
    assert_int_equal(check_sized(2, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "magic is 0x00000000"));
    assert_int_equal(check_sized(8, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "size: the descriptor has 8 bytes, this Relevo needs 136"));
    assert_int_equal(check_sized(64, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "size is 144, the symbol holds only 64 bytes"));
}

static void test_words(void **state)
{
    (void)state;
    reset();
    plugin.name = "Bad-Name";
    refused("x.so: name is 'Bad-Name', it wants [a-z][a-z0-9_]* of at most 31 characters: change it in the "
            "descriptor");
    plugin.name = "a23456789012345678901234567890123";
    refused("x.so: name is 'a23456789012345678901234567890123', it wants [a-z][a-z0-9_]* of at most 31 "
            "characters: change "
            "it in the descriptor");
    plugin.name = NULL;
    refused("x.so: name is 'NULL', it wants [a-z][a-z0-9_]* of at most 31 characters: change it in the "
            "descriptor");
    plugin.name = (const char *)(uintptr_t)0x1000; /* nothing lies there: it must not be followed */
    refused("x.so: name is 'no readable line of text', it wants [a-z][a-z0-9_]* of at most 31 characters: "
            "change it in the "
            "descriptor");
    plugin.version = "";
    refused("x.so: version is '', it wants one line of 1 to 63 bytes: change it in the descriptor");
    plugin.summary = "two\nlines";
    refused("x.so: summary is 'no readable line of text', it wants one line of 1 to 400 bytes: change it in "
            "the descriptor");
    plugin.kind = 0;
    refused("x.so: kind is 0, it wants 1 to 6: use a RELEVO_KIND_*");
    plugin.kind = 7;
    refused("x.so: kind is 7, it wants 1 to 6: use a RELEVO_KIND_*");
}

static void test_operations(void **state)
{
    (void)state;
    reset();
    const void *nowhere = (const void *)(uintptr_t)0x1000;
    memcpy(&plugin.respond, &nowhere, sizeof(nowhere));
    refused("x.so: respond points to 0x1000, where there is no code: fix the descriptor");
    const void *data = &options;
    memcpy(&plugin.create, &data, sizeof(data)); /* data is not code */
    rlv_error err;
    assert_int_equal(check_sized(0, &err), RLV_E_REFUSED);
    assert_non_null(strstr(err.message, "x.so: create points to "));
}

static void test_option_table(void **state)
{
    (void)state;
    reset();
    plugin.n_options = 1000;
    refused("x.so: n_options is 1000, at most 256 are allowed: fix the option table");
    plugin.options = NULL;
    refused("x.so: options points to (nil), where there are no 2 options: fix the descriptor");
    plugin.options = (const relevo_option *)(uintptr_t)0x1000;
    refused("x.so: options points to 0x1000, where there are no 2 options: fix the descriptor");
    options[0].size = 4;
    refused("x.so: options[0].size is 4, version 1.0 of an option has 64: fix the option table");
    options[1].size = 72;
    refused("x.so: options[1].size is 72, that of options[0] is 64: fix the option table");
}

static void test_options(void **state)
{
    (void)state;
    reset();
    options[1].type = 9;
    refused("x.so: options[1].type is 9, it wants 1 to 8: fix the option table");
    options[1].flags = 4;
    refused("x.so: options[1].flags is 4, only 3 are known: fix the option table");
    options[1].reserved = 1;
    refused("x.so: options[1].reserved is 1, it wants 0: fix the option table");
    options[0].min = 10;
    refused("x.so: options[0].min is 10 and max is 9, min may not be above max: fix the option table");
    options[0].max = NAN;
    refused("x.so: options[0].min is 1 and max is nan, min may not be above max: fix the option table");
    options[1].name = "Limit";
    refused("x.so: options[1].name is 'Limit', it wants [a-z][a-z0-9_]* of at most 31 characters: fix the "
            "option table");
    options[1].name = "limit";
    refused("x.so: options[1].name is 'limit', as that of options[0]: fix the option table");
    options[1].help = NULL;
    refused("x.so: options[1].help is 'NULL', it wants one sentence: fix the option table");
    options[0].unit = "a\nb";
    refused("x.so: options[0].unit is no readable line of text: fix the option table");
    options[0].initial = (const char *)(uintptr_t)0x1000;
    refused("x.so: options[0].initial is no readable text: fix the option table");
    options[0].initial = "12";
    refused("x.so: options[0].initial does not fit the option itself (option 'limit' is '12', allowed is 1 "
            "to 9 messages): "
            "fix the option table");
    options[1].initial = "[\"a\"";
    rlv_error err;
    assert_int_equal(check_sized(0, &err), RLV_E_REFUSED);
    assert_non_null(
        strstr(err.message, "options[1].initial does not fit the option itself (option 'words': "));
}

/* A newer header appends fields: the table's stride is then larger than what we know of an option. */
static void test_stride(void **state)
{
    (void)state;
    reset();
    static struct {
        relevo_option option;
        uint64_t appended;
    } wide[2];
    for (int i = 0; i < 2; i++) {
        wide[i].option = options[i];
        wide[i].option.size = sizeof(wide[0]);
    }
    plugin.options = &wide[0].option;
    rlv_arena *arena = rlv_arena_new(1 << 20);
    const relevo_option *const *list = NULL;
    rlv_error err = {0};
    assert_int_equal(rlv_check_descriptor("x.so", &plugin, 0, arena, &list, &err), RLV_OK);
    assert_string_equal(list[1]->name, "words");
    rlv_arena_free(arena);
    reset();
}

static void test_memory(void **state)
{
    (void)state;
    static const char text[] = "text";
    size_t len = 0;
    assert_true(rlv_memory_room(text, RLV_MEMORY_DATA) >= sizeof(text));
    assert_int_equal(rlv_memory_room(&options, RLV_MEMORY_CODE), 0);
    assert_int_equal(rlv_memory_room(NULL, RLV_MEMORY_DATA), 0);
    void *heap = malloc(1);
    assert_int_equal(rlv_memory_room(heap, RLV_MEMORY_DATA), 0); /* no constant lies on a heap */
    free(heap);
    assert_true(rlv_memory_text(text, 4, &len));
    assert_int_equal(len, 4);
    assert_false(rlv_memory_text(text, 3, &len));
    assert_false(rlv_memory_text(NULL, 3, &len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),         cmocka_unit_test(test_head),
        cmocka_unit_test(test_short_symbol), cmocka_unit_test(test_words),
        cmocka_unit_test(test_operations),   cmocka_unit_test(test_option_table),
        cmocka_unit_test(test_options),      cmocka_unit_test(test_stride),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
