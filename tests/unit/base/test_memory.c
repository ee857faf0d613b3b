/* SPDX-License-Identifier: Apache-2.0 */
/* The arena and the growing buffer: ceilings, alignment, refusals. */
#include "test_base.h"

#include <stdalign.h>

#include "base/arena.h"
#include "base/buf.h"

static void the_arena_gives_aligned_memory(void **state)
{
    (void)state;
    rlv_arena *arena = rlv_arena_new(1 << 20);
    char *last = NULL;
    for (size_t size = 1; size < 300; size++) {
        char *p = rlv_arena_alloc(arena, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
        memset(p, (int)size, size);
        assert_true(!last ||
                    (unsigned char)*last == (unsigned char)(size - 1)); /* untouched by its neighbour */
        last = p;
    }
    assert_true(rlv_arena_used(arena) >= 299 * 300 / 2);
    rlv_arena_free(arena);
    rlv_arena_free(NULL);
}

static void the_arena_keeps_its_ceiling(void **state)
{
    (void)state;
    rlv_arena *arena = rlv_arena_new(1000);
    assert_null(rlv_arena_alloc(arena, 1001));
    assert_int_equal(rlv_arena_overflowed(arena), 1);
    assert_non_null(rlv_arena_alloc(arena, 992)); /* usable all the same */
    assert_null(rlv_arena_alloc(arena, 16));
    assert_true(rlv_arena_used(arena) <= 1000);
    rlv_arena_reset(arena);
    assert_int_equal(rlv_arena_overflowed(arena), 0);
    assert_int_equal(rlv_arena_used(arena), 0);
    volatile size_t huge = SIZE_MAX - 3; /* volatile: or the compiler sees what we are at */
    assert_null(rlv_arena_alloc(arena, huge));
    assert_null(rlv_arena_zalloc(arena, huge / 2, 3));
    rlv_arena_free(arena);
}

static void the_arena_grows_in_blocks_and_forgets(void **state)
{
    (void)state;
    rlv_arena *arena = rlv_arena_new(32u << 20);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 1000; i++)
            assert_non_null(rlv_arena_alloc(arena, 10000));
        assert_non_null(rlv_arena_alloc(arena, 8u << 20)); /* larger than any block */
        rlv_arena_reset(arena);
    }
    rlv_arena_free(arena);
}

static void zalloc_clears(void **state)
{
    (void)state;
    rlv_arena *arena = rlv_arena_new(4096);
    memset(rlv_arena_alloc(arena, 2000), 0xFF, 2000);
    rlv_arena_reset(arena);
    const unsigned char *p = rlv_arena_zalloc(arena, 100, 20);
    for (int i = 0; i < 2000; i++)
        assert_int_equal(p[i], 0);
    rlv_arena_free(arena);
}

static void copies_and_prints_end_in_nul(void **state)
{
    (void)state;
    rlv_arena *arena = rlv_arena_new(100);
    rlv_str s = rlv_arena_copy(arena, RLV_STR("hola"));
    assert_string_equal(s.ptr, "hola");
    assert_int_equal(s.len, 4);
    assert_int_equal(rlv_arena_copy(arena, (rlv_str){NULL, 0}).len, 0);
    assert_string_equal(rlv_arena_printf(arena, "%d-%s", 7, "x"), "7-x");
    assert_string_equal(rlv_arena_printf(arena, "%0200d", 1), "");
    assert_null(
        rlv_arena_copy(arena, RLV_STR("0123456789012345678901234567890123456789012345678901234567890123456789"
                                      "012345678901234567890"))
            .ptr);
    assert_int_equal(rlv_arena_overflowed(arena), 1);
    rlv_arena_free(arena);
}

static void a_buffer_grows_to_its_ceiling(void **state)
{
    (void)state;
    rlv_buf buf = RLV_BUF_INIT(1000);
    assert_int_equal(rlv_buf_view(&buf).len, 0);
    for (int i = 0; i < 100; i++)
        rlv_buf_str(&buf, RLV_STR("0123456789"));
    assert_false(buf.failed);
    assert_int_equal(buf.len, 1000);
    assert_int_equal(buf.data[1000], '\0');
    rlv_buf_append(&buf, "", 0);
    assert_false(buf.failed);
    rlv_buf_append(&buf, "x", 1);
    assert_true(buf.failed);
    rlv_buf_append(&buf, "", 0); /* failed stays failed */
    assert_true(buf.failed);
    assert_int_equal(buf.len, 1000);
    rlv_buf_reset(&buf);
    assert_false(buf.failed);
    rlv_buf_printf(&buf, "%s=%d", "a", 5);
    assert_string_equal(buf.data, "a=5");
    rlv_buf_printf(&buf, "%01000d", 1);
    assert_true(buf.failed);
    assert_string_equal(buf.data, "a=5");
    rlv_buf_free(&buf);
    assert_null(buf.data);
    rlv_buf_str(&buf, RLV_STR("again"));
    assert_string_equal(buf.data, "again");
    rlv_buf_free(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_arena_gives_aligned_memory),
        cmocka_unit_test(the_arena_keeps_its_ceiling),
        cmocka_unit_test(the_arena_grows_in_blocks_and_forgets),
        cmocka_unit_test(zalloc_clears),
        cmocka_unit_test(copies_and_prints_end_in_nul),
        cmocka_unit_test(a_buffer_grows_to_its_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
