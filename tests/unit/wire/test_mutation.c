/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 200,000 damaged inputs, the same ones in every run: truncated, mutated, random. No crash, the arena's
 * ceiling holds, what is accepted keeps the promises of wire.h, and memory does not grow.
 */
#include "fixture.h"

#include <malloc.h>

enum { INPUTS = 200000, CEILING = 1024 * 1024, LONGEST = 1024 };

static uint64_t seed = 0x9E3779B97F4A7C15u;

static uint32_t next_random(void) /* xorshift64* */
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (uint32_t)(seed * 0x2545F4914F6CDD1Du >> 32);
}

static size_t damage(char *out, rlv_str good)
{
    size_t n = good.len < LONGEST ? good.len : LONGEST;
    memcpy(out, good.ptr, n);
    switch (next_random() % 4) {
    case 0: /* truncated */ return next_random() % (n + 1);
    case 1: /* random behind a right mark */
        for (size_t i = 10; i < n; i++)
            out[i] = (char)next_random();
        return n;
    case 2: /* wholly random, the mark too */
        n = next_random() % 64;
        for (size_t i = 0; i < n; i++)
            out[i] = (char)next_random();
        return n;
    default: /* some bytes changed */
        for (uint32_t k = 1 + next_random() % 4; k > 0; k--)
            out[10 + next_random() % (n - 10)] = (char)next_random();
        return n;
    }
}

static bool is_text(rlv_str s)
{
    return s.len == 0 || (s.ptr && rlv_str_utf8(s));
}

static void check_event(const rlv_event *ev)
{
    assert_true(ev->phone_number_id.len > 0 && rlv_event_identity(ev).len > 0);
    assert_in_range(ev->kind, RLV_EVENT_MESSAGE, RLV_EVENT_UNKNOWN);
    assert_in_range(ev->status, RLV_STATUS_SENT, RLV_STATUS_OTHER);
    assert_true(is_text(ev->text) && is_text(ev->raw) && is_text(ev->customer_name) &&
                is_text(ev->message_id));
}

/* What mallinfo2 calls in use; 0 under a sanitizer, whose own checks take its place. */
static size_t in_use(void)
{
#ifdef RELEVO_SANITIZED
    return 0;
#else
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#endif
}

static void damaged_events_do_no_harm(void **state)
{
    struct fixture *f = *state;
    rlv_arena *arena = rlv_arena_new(CEILING);
    const rlv_event good = full_event();
    char *bytes = test_malloc(LONGEST);
    size_t accepted = 0, refused = 0, before = 0;
    assert_ok(rlv_wire_encode_event(f->wire, &good, &f->buf, &f->err), f);
    for (int i = 0; i < INPUTS; i++) {
        rlv_event ev;
        size_t n = damage(bytes, rlv_buf_view(&f->buf));
        int rc = rlv_wire_decode_event(f->wire, arena, (rlv_str){bytes, n}, &ev, &f->err);
        assert_true(rlv_arena_used(arena) <= CEILING);
        if (rc == RLV_OK) {
            accepted++;
            check_event(&ev);
        } else {
            refused++;
            assert_int_equal(rc, RLV_E_DECODE);
            assert_true(f->err.message[0] != '\0');
        }
        if (i % 50 == 49)
            rlv_arena_reset(arena);
        if (i == INPUTS / 10)
            before = in_use();
    }
    assert_true(in_use() <= before + 65536);
    assert_true(accepted > INPUTS / 100 && refused > INPUTS / 4); /* both paths were really taken */
    test_free(bytes);
    rlv_arena_free(arena);
}

static void damaged_states_and_json_do_no_harm(void **state)
{
    struct fixture *f = *state;
    static rlv_conversation in, out;
    char *bytes = test_malloc(LONGEST);
    rlv_str good, json;
    full_conversation(&in);
    in.n_turns = 3;
    in.n_slots = 2;
    assert_ok(rlv_wire_encode_state(f->wire, &in, f->arena, &good, &f->err), f);
    char copy[LONGEST];
    size_t len = good.len < LONGEST ? good.len : LONGEST;
    memcpy(copy, good.ptr, len);
    for (int i = 0; i < INPUTS / 10; i++) {
        rlv_arena_reset(f->arena);
        size_t n = damage(bytes, (rlv_str){copy, len});
        int rc = rlv_wire_decode_state(f->wire, f->arena, (rlv_str){bytes, n}, &out, &f->err);
        assert_true(rc == RLV_OK || rc == RLV_E_DECODE);
        assert_true(rc != RLV_OK || (out.n_turns <= RLV_TURNS_MAX && out.n_recent <= RLV_RECENT_MAX));
        int shown = rlv_wire_to_json(f->wire, f->arena, (rlv_str){bytes, n}, &json, &f->err);
        assert_true(shown == RLV_OK || shown == RLV_E_DECODE);
        assert_true(shown != RLV_OK || rlv_str_utf8(json));
    }
    test_free(bytes);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {T(damaged_events_do_no_harm), T(damaged_states_and_json_do_no_harm)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
