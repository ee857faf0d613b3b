/* SPDX-License-Identifier: Apache-2.0 */
/* How long a lane is wary, and what becomes of an item that our own code does not survive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lane/wary.h"

static void it_ends(void **state)
{
    (void)state;
    rlv_wary w = {.deaths = 0};
    rlv_wary_begin(&w, 0, 100);
    assert_false(rlv_wary_over(&w, 1000, true)); /* it never began */
    rlv_wary_begin(&w, 2, 100);
    assert_false(rlv_wary_over(&w, 100, false)); /* one batch in the hands of who died, ... */
    assert_int_equal(w.deaths, 2);
    assert_true(w.scout.all);
    assert_false(rlv_wary_over(&w, 99, false));
    assert_true(rlv_wary_over(&w, 1, false)); /* ... and the one behind it */
    assert_int_equal(w.deaths, 0);
    assert_false(rlv_wary_over(&w, 1, true)); /* told once */
    rlv_wary_begin(&w, 1, 100);
    assert_false(w.scout.all); /* our own code is tried after two */
    assert_false(rlv_wary_over(&w, 0, false)); /* nothing is there yet */
    assert_true(rlv_wary_over(&w, 3, true)); /* what was there is decided */
}

static void blame(void **state)
{
    (void)state;
    rlv_batch *batch = rlv_batch_new(1 << 20);
    assert_non_null(batch);
    rlv_batch_reset(batch, 3);
    const rlv_event events[] = {
        {.kind = RLV_EVENT_MESSAGE, .at_ms = 5, .source = {.kind = RLV_SOURCE_TOPIC, .topic = RLV_STR("t"), .offset = 7}},
        {.kind = RLV_EVENT_COMMAND, .at_ms = 5, .source = {.kind = RLV_SOURCE_COMMAND, .offset = 8}},
        {.kind = RLV_EVENT_TIMER, .at_ms = 5, .source = {.kind = RLV_SOURCE_TIMER, .offset = 9}}};
    rlv_error how, err;
    (void)rlv_error_set(&how, RLV_E_DIED, "was killed by signal 11 (Segmentation fault)");
    for (int i = 0; i < 3; i++) {
        *rlv_batch_next(batch) = (rlv_batch_item){.event = events[i]};
        batch->n++;
    }
    for (int i = 0; i < 3; i++) {
        rlv_batch_item *item = batch->died = &batch->items[i];
        const char *const *why = i ? &item->given_up : &item->dead;
        assert_int_equal(rlv_wary_blame(batch, "lane 0", &how, &err), RLV_OK);
        assert_string_equal(*why, "relevo did not survive it (was killed by signal 11 (Segmentation fault)): this is a mistake in "
                                  "relevo, please report it with this record");
        assert_int_equal(item->event.kind, i ? events[i].kind : RLV_EVENT_DEAD);
        assert_int_equal(item->event.source.offset, 7 + i);
        assert_int_equal(item->event.at_ms, 5);
        if (i == 1) {
            assert_false(item->untold);
            assert_int_equal(rlv_wary_blame(batch, "lane 0", &how, &err), RLV_OK); /* not even what it did to the ownership */
            assert_true(item->untold);
        }
        assert_int_equal(rlv_wary_blame(batch, "lane 0", &how, &err), RLV_E_DIED); /* there is nothing else to try */
    }
    rlv_batch_free(batch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_ends),
        cmocka_unit_test(blame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
