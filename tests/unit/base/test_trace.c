/* SPDX-License-Identifier: Apache-2.0 */
/* W3C Trace Context: what is one, what is ignored, and what stands in for one that did not come. */
#include "test_base.h"

#include "base/trace.h"

#define ID     "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"

static void what_is_a_traceparent(void **state)
{
    (void)state;
    static const struct {
        const char *header, *as; /* as NULL: it is none */
    } cases[] = {
        {"00-" ID "-" PARENT "-01", "00-" ID "-" PARENT "-01"},
        {"00-" ID "-" PARENT "-00", "00-" ID "-" PARENT "-00"},
        {"00-" ID "-" PARENT "-ff", "00-" ID "-" PARENT "-03"}, /* flags that nobody knows are not passed on */
        {"cc-" ID "-" PARENT "-01", "00-" ID "-" PARENT "-01"}, /* of a later version: what we know of it */
        {"cc-" ID "-" PARENT "-01-what-follows", "00-" ID "-" PARENT "-01"},
        {"cc-" ID "-" PARENT "-01what-follows", NULL},
        {"00-" ID "-" PARENT "-01-what-follows", NULL},
        {"ff-" ID "-" PARENT "-01", NULL},
        {"00-00000000000000000000000000000000-" PARENT "-01", NULL},
        {"00-" ID "-0000000000000000-01", NULL},
        {"00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01", NULL},
        {"00-" ID "-" PARENT "-0A", NULL},
        {"00-" ID "_" PARENT "-01", NULL},
        {"00-" ID "-" PARENT "-0g", NULL},
        {"00-" ID "-" PARENT "-0", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        rlv_trace trace = {.flags = 77};
        char text[RLV_TRACE_TEXT + 1];
        bool is = rlv_trace_parse(rlv_str_from(cases[i].header), &trace);
        if (is != (cases[i].as != NULL))
            fail_msg("%s", cases[i].header);
        if (!is) {
            assert_int_equal(trace.flags, 77);
            continue;
        }
        assert_false(rlv_trace_none(&trace));
        rlv_trace_text(&trace, text);
        assert_string_equal(text, cases[i].as);
        rlv_trace_id_text(&trace, text);
        assert_string_equal(text, ID);
    }
}

static void a_new_one_is_like_no_other(void **state)
{
    (void)state;
    rlv_trace a = rlv_trace_begin(), b = rlv_trace_begin(), read;
    char text[RLV_TRACE_TEXT + 1];
    assert_memory_not_equal(a.id, b.id, sizeof(a.id));
    assert_memory_not_equal(a.parent, b.parent, sizeof(a.parent));
    rlv_trace_text(&a, text);
    assert_true(rlv_trace_parse(rlv_str_from(text), &read));
    assert_memory_equal(&a, &read, sizeof(a));
    assert_int_equal(a.flags, 0); /* nobody records it */
}

static void a_row_has_always_the_same(void **state)
{
    (void)state;
    rlv_trace none = {.flags = 0}, came = rlv_trace_begin(), read;
    rlv_trace a = rlv_trace_of_row(&none, 1767225600000, 3, 41), again = rlv_trace_of_row(&none, 1767225600000, 3, 41),
              next = rlv_trace_of_row(&none, 1767225600000, 3, 42), kept = rlv_trace_of_row(&came, 1767225600000, 3, 41);
    char text[RLV_TRACE_TEXT + 1];
    assert_true(rlv_trace_none(&none));
    assert_memory_equal(&a, &again, sizeof(a));
    assert_memory_not_equal(a.id, next.id, sizeof(a.id));
    assert_memory_equal(&kept, &came, sizeof(came));
    rlv_trace_text(&a, text);
    assert_true(rlv_trace_parse(rlv_str_from(text), &read));
    assert_string_equal(text, "00-019b76daa80070038000000000029000-8000000000029000-00"); /* the id of the row's first record */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_a_traceparent),
        cmocka_unit_test(a_new_one_is_like_no_other),
        cmocka_unit_test(a_row_has_always_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
