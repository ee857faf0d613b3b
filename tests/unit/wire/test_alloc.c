/* SPDX-License-Identifier: Apache-2.0 */
/* avro-c's memory: two origins that never mix, a budget, a scope for each thread. */
#include "fixture.h"

#include <avro.h>
#include <pthread.h>

#include "wire/alloc.h"

static void blocks_know_where_they_come_from(void **state)
{
    struct fixture *f = *state;
    char *outside = avro_malloc(8);
    memcpy(outside, "outside", 8);
    rlv_avro_open(f->arena, 4096);
    char *inside = avro_malloc(8);
    memcpy(inside, "inside!", 8);
    outside = avro_realloc(outside, 8, 100); /* freed where it came from, copied to where we are */
    assert_string_equal(outside, "outside");
    assert_false(rlv_avro_close());
    inside = avro_realloc(inside, 8, 200); /* now malloc's */
    assert_string_equal(inside, "inside!");
    avro_free(outside, 100); /* the arena's: nothing happens */
    avro_free(inside, 200);
    assert_null(avro_realloc(NULL, 0, 0));
    assert_true(rlv_arena_used(f->arena) > 0);
}

static void a_shrinking_block_keeps_its_head(void **state)
{
    (void)state;
    char *p = avro_malloc(64);
    memset(p, 'x', 64);
    p = avro_realloc(p, 1, 4); /* avro-c's old size may be wrong: ours counts */
    assert_memory_equal(p, "xxxx", 4);
    avro_free(p, 4);
}

static void the_budget_holds(void **state)
{
    struct fixture *f = *state;
    rlv_avro_open(f->arena, 1000);
    assert_non_null(avro_malloc(500));
    assert_null(avro_malloc(16 * 1024 * 1024));
    assert_null(avro_malloc(500)); /* with their headers, two do not fit */
    assert_non_null(avro_malloc(400));
    assert_true(rlv_avro_close());
    assert_true(rlv_arena_used(f->arena) < 1100);
    assert_int_equal(rlv_arena_overflowed(f->arena), 0);
    rlv_avro_open(f->arena, 1000);
    assert_false(rlv_avro_close());
    assert_null(avro_malloc(SIZE_MAX - 4));
}

/* Several lanes decode at once, each with its own wire and arena. */
static void *decode_many(void *unused)
{
    (void)unused;
    rlv_error err;
    const rlv_event in = full_event();
    rlv_buf buf = RLV_BUF_INIT(4096);
    rlv_wire *wire = rlv_wire_new(&err);
    rlv_arena *arena = rlv_arena_new(65536);
    intptr_t wrong = !wire || !arena || rlv_wire_encode_event(wire, &in, &buf, &err) != RLV_OK;
    for (int i = 0; i < 5000 && !wrong; i++) {
        rlv_event out;
        rlv_arena_reset(arena);
        wrong = rlv_wire_decode_event(wire, arena, rlv_buf_view(&buf), &out, &err) != RLV_OK ||
                !rlv_str_eq(in.text, out.text);
    }
    rlv_wire_free(wire);
    rlv_arena_free(arena);
    rlv_buf_free(&buf);
    return (void *)wrong;
}

static void threads_do_not_meet(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, decode_many, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
}

/* avro-c's own errors.o would write one buffer for all threads: ours is what is linked. */
static void errors_are_nobodys(void **state)
{
    (void)state;
    avro_set_error("of %s", "a thread");
    avro_prefix_error("another's: ");
    assert_string_equal(avro_strerror(), "avro-c's errors are not kept");
}

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    rlv_wire_free(NULL);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(blocks_know_where_they_come_from),
        T(a_shrinking_block_keeps_its_head),
        T(the_budget_holds),
        T(threads_do_not_meet),
        T(errors_are_nobodys),
        T(freeing_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
