/* SPDX-License-Identifier: Apache-2.0 */
/* How a plugin's process describes the plugin: whatever that says, no control character of it reaches a terminal. */
#include "common.h"

#include "host/start.h"

static char bytes[64 * 1024];

/* Describes a plugin with one option, and takes that. */
static int describe(rlv_arena *arena, const char *summary, relevo_option option, rlv_host_plugin_info *ret)
{
    const relevo_option *options[] = {&option};
    rlv_host_plugin_info info = {.name = "stranger",
                                 .version = "1",
                                 .summary = summary,
                                 .abi_major = RELEVO_ABI_MAJOR,
                                 .options = options,
                                 .n_options = 1};
    rlv_ring_writer w = {.bytes = bytes, .max = sizeof(bytes)};
    rlv_error err;
    option.size = sizeof(option);
    option.type = RELEVO_OPTION_STRING;
    option.name = "greeting";
    rlv_described_put(&w, &info);
    assert_false(w.full);
    rlv_arena_reset(arena);
    return rlv_described_take("/stranger.so", (rlv_str){bytes, w.len}, arena, ret, &err);
}

static void what_is_shown(void **state)
{
    (void)state;
    rlv_arena *arena = rlv_arena_new(1 << 20);
    rlv_host_plugin_info info;
    assert_non_null(arena);
    const relevo_option good = {.initial = "¿Qué tal?\n\tBien\xc2\xa0\xf0\x9f\x91\x8d", .unit = "°C", .help = "ñ"};
    assert_int_equal(describe(arena, "Says é", good, &info), RLV_OK);
    assert_string_equal(info.options[0]->initial, good.initial);
    assert_string_equal(info.options[0]->unit, good.unit);
    assert_int_equal(describe(arena, "", (relevo_option){.help = ""}, &info), RLV_OK);
    assert_null(info.options[0]->initial);
    assert_null(info.options[0]->unit);

    static const char *const never[] = {"\033[2J", "a\rb", "\a", "\177", "\xc2\x9b" "31m", "a\xc2\x80", "\xc2"};
    for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++) {
        assert_int_equal(describe(arena, never[i], (relevo_option){.help = ""}, &info), RLV_E_REFUSED);
        assert_int_equal(describe(arena, "", (relevo_option){.initial = never[i], .help = ""}, &info), RLV_E_REFUSED);
        assert_int_equal(describe(arena, "", (relevo_option){.unit = never[i], .help = ""}, &info), RLV_E_REFUSED);
        assert_int_equal(describe(arena, "", (relevo_option){.help = never[i]}, &info), RLV_E_REFUSED);
    }
    assert_int_equal(describe(arena, "", (relevo_option){.unit = "a\nb", .help = ""}, &info), RLV_E_REFUSED);
    rlv_arena_free(arena);
}

/* A refusal is shown, but for its control characters; what is none says so. */
static void what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int32_t code;
        const char *shown;
    } cases[] = {
        {"no moon: ¿qué?", RLV_E_CONFIG, "no moon: ¿qué?"},
        {"a\nb\033[2Jc\177", RLV_E_CONFIG, "a b [2Jc "},
        {"a\xc2\x9b" "31mb\xc2\x80", RLV_E_CONFIG, "a  31mb  "},
        {"\xc2\xa0", RLV_E_CONFIG, "\xc2\xa0"},
        {"cut\xc2", RLV_E_CONFIG, NULL},
        {"", RLV_E_CONFIG, NULL},
        {"fine, it says", RLV_OK, NULL},
        {"of another world", RLV_E_REFUSED + 1, NULL},
        {"of another world", -1, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        rlv_ring_response response = {.code = cases[i].code};
        rlv_error err;
        memcpy(response.error, cases[i].text, strlen(cases[i].text));
        assert_int_equal(rlv_refusal_take(&response, &err), cases[i].shown ? cases[i].code : RLV_E_REFUSED);
        assert_string_equal(err.message, cases[i].shown ? cases[i].shown : "its process gave no readable reason");
    }
    rlv_ring_response whole = {.code = RLV_E_CONFIG}; /* without a NUL: the last byte is not taken */
    rlv_error err;
    memset(whole.error, 'a', sizeof(whole.error));
    assert_int_equal(rlv_refusal_take(&whole, &err), RLV_E_CONFIG);
    assert_int_equal(strlen(err.message), sizeof(whole.error) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(what_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
