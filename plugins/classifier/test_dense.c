/* SPDX-License-Identifier: Apache-2.0 */
/* A dense layer tells clouds apart by their shape, and holds where the rows are few or all the same. */
#include "dense.h"
#include "test.h"

#include <math.h>

#define DIMS 64u

static uint32_t state_of_noise;

static float noise(void)
{
    state_of_noise = state_of_noise * 1664525u + 1013904223u;
    return (float)(state_of_noise >> 8) / (float)(1u << 24) * 2 - 1;
}

static void make_unit(float *row)
{
    float length = 0;
    for (uint32_t j = 0; j < DIMS; j++)
        length += row[j] * row[j];
    for (uint32_t j = 0; j < DIMS; j++)
        row[j] /= sqrtf(length);
}

/* Two labels: the second number tells them apart, the first is loud and says nothing; what both have makes them look one way. */
static void make_rows(float *rows, uint32_t *labels, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        float *row = rows + (size_t)i * DIMS;
        labels[i] = i % 2;
        for (uint32_t j = 0; j < DIMS; j++)
            row[j] = 0.02f * noise() + 0.2f;
        row[0] += noise();
        row[1] += labels[i] ? 0.15f : -0.15f;
        make_unit(row);
    }
}

/* By how much the row is likelier of one label than of another, of three at most. */
static double lead(const float *layer, uint32_t label, uint32_t other, const float *row)
{
    float odds[3] = {0};
    rlc_discriminate(layer, DIMS, (label > other ? label : other) + 1, row, odds);
    return (double)odds[label] - (double)odds[other];
}

/* Of 100 rows that were not trained on, those whose own label is likelier. */
static uint32_t right_after(uint32_t n)
{
    static float rows[400 * DIMS], fresh[100 * DIMS];
    static uint32_t labels[400], true_labels[100];
    float layer[2 * (DIMS + 1)];
    uint32_t right = 0;
    state_of_noise = 7;
    make_rows(fresh, true_labels, 100);
    make_rows(rows, labels, n);
    assert_true(rlc_discriminants(&(rlc_rows){rows, labels, n, DIMS, 2, NULL}, layer));
    for (uint32_t i = 0; i < 100; i++) {
        const float *row = fresh + (size_t)i * DIMS;
        right += lead(layer, true_labels[i], 1 - true_labels[i], row) > 0;
    }
    return right;
}

static void sees_through_what_is_loud(void **state)
{
    (void)state;
    assert_true(right_after(400) >= 98); /* by the nearest mean alone it is about 70 */
}

static void learns_from_fewer_rows_than_numbers(void **state)
{
    (void)state;
    assert_true(right_after(20) >= 90);
}

/* Rows that are not used count for nothing; a label without any is not likely; the rarer of two is the less likely. */
static void leaves_rows_out(void **state)
{
    (void)state;
    static float rows[400 * DIMS];
    static uint32_t labels[400];
    bool used[400];
    float some[3 * (DIMS + 1)], same[3 * (DIMS + 1)], some_centres[3 * DIMS] = {0}, same_centres[3 * DIMS] = {0};
    state_of_noise = 11;
    make_rows(rows, labels, 400);
    for (uint32_t i = 0; i < 400; i++)
        used[i] = i < 200;
    const rlc_rows half = {rows, labels, 400, DIMS, 3, used}, alone = {rows, labels, 200, DIMS, 3, NULL};
    assert_true(rlc_discriminants(&half, some) && rlc_discriminants(&alone, same));
    assert_memory_equal(some, same, sizeof some);
    rlc_centres(&half, some_centres);
    rlc_centres(&alone, same_centres);
    assert_memory_equal(some_centres, same_centres, sizeof some_centres);
    for (uint32_t i = 0; i < 200; i++) {
        const float *row = rows + (size_t)i * DIMS;
        assert_true(lead(some, labels[i], 2, row) > 0);
    }
}

static void takes_rows_that_are_all_the_same(void **state)
{
    (void)state;
    float rows[5 * DIMS] = {0};
    const uint32_t labels[5] = {0, 0, 1, 1, 1};
    for (uint32_t i = 0; i < 5; i++)
        rows[i * DIMS + labels[i]] = 1;
    float layer[2 * (DIMS + 1)];
    assert_true(rlc_discriminants(&(rlc_rows){rows, labels, 5, DIMS, 2, NULL}, layer));
    for (uint32_t i = 0; i < 5; i++) {
        const float *row = rows + (size_t)i * DIMS;
        double by = lead(layer, labels[i], 1 - labels[i], row);
        assert_true(isfinite(by) && by > 0);
    }
}

/* Of the rows used: their mean, and how far from it they lie; never 0, as it is divided by. */
static void knows_how_far_rows_lie(void **state)
{
    (void)state;
    static const float rows[] = {1, 2, 9, 9, 1, -2, 1, 0};
    const bool used[] = {true, false, true, true};
    rlc_rows some = {.values = rows, .n = 4, .dims = 2, .used = used};
    double mean[2] = {7, 7};
    assert_true(fabs(rlc_spread(&some, mean) - sqrt(8.0 / 3)) < 1e-9);
    assert_true(fabs(mean[0] - 1) < 1e-9 && fabs(mean[1]) < 1e-9);
    some.n = 1;
    assert_true(rlc_spread(&some, mean) > 0);
    some.n = 0;
    assert_true(rlc_spread(&some, mean) > 0 && isfinite(mean[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sees_through_what_is_loud), cmocka_unit_test(learns_from_fewer_rows_than_numbers),
                                       cmocka_unit_test(leaves_rows_out), cmocka_unit_test(takes_rows_that_are_all_the_same),
                                       cmocka_unit_test(knows_how_far_rows_lie)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
