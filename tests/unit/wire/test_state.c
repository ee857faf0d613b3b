/* SPDX-License-Identifier: Apache-2.0 */
/* A conversation's state: out and back, small when empty, and readable by older and newer versions. */
#include "fixture.h"

#include "wire/canonical.h"

static rlv_str encoded(struct fixture *f, const rlv_conversation *c)
{
    rlv_str bytes = {NULL, 0};
    assert_ok(rlv_wire_encode_state(f->wire, c, f->arena, &bytes, &f->err), f);
    return bytes;
}

static void assert_held(const rlv_conversation *out, const rlv_conversation *in)
{
    const rlv_held_message *a = &out->held, *b = &in->held;
    assert_true(out->held_timer_ms == in->held_timer_ms);
    assert_true(a->messages == b->messages && a->epoch == b->epoch && a->since_ms == b->since_ms && a->due_ms == b->due_ms &&
                a->sent_ms == b->sent_ms && a->n_by == b->n_by && rlv_id_eq(a->effect, b->effect));
    for (int i = 0; i < b->n_by; i++)
        assert_true(rlv_str_eq(a->by[i], b->by[i]));
    assert_true(rlv_str_eq(a->message_id, b->message_id) && rlv_str_eq(a->type, b->type) && rlv_str_eq(a->text, b->text) &&
                rlv_str_eq(a->reply_id, b->reply_id) && rlv_str_eq(a->media_id, b->media_id) && rlv_str_eq(a->wordless, b->wordless));
}

static void assert_served(const rlv_conversation *out, const rlv_conversation *in)
{
    const rlv_served *a = &out->served, *b = &in->served;
    assert_true(a->at_ms == b->at_ms && a->priority == b->priority && a->score >= b->score && a->score <= b->score);
    assert_true(rlv_str_eq(a->trigger, b->trigger) && rlv_str_eq(a->reason, b->reason) && rlv_str_eq(a->evidence, b->evidence));
    assert_int_equal(out->n_past, RLV_PAST_MAX);
    for (int i = 0; i < RLV_PAST_MAX; i++) {
        const rlv_bygone *p = &out->past[i], *q = &in->past[i];
        assert_true(p->at_ms == q->at_ms && p->ended_ms == q->ended_ms && p->ended == q->ended && p->score == q->score);
        assert_true(rlv_str_eq(p->trigger, q->trigger) && rlv_str_eq(p->reason, q->reason) && rlv_str_eq(p->agent, q->agent) &&
                    rlv_str_eq(p->note, q->note));
    }
}

static void a_full_conversation_comes_back(void **state)
{
    struct fixture *f = *state;
    static rlv_conversation in, out;
    full_conversation(&in);
    memset(&out, 0x55, sizeof(out));
    out.version = 77;
    out.epoch = 78;
    assert_ok(rlv_wire_decode_state(f->wire, f->arena, encoded(f, &in), &out, &f->err), f);
    assert_true(out.version == 77 && out.epoch == 78); /* columns are not touched */
    assert_true(out.owner_since_ms == in.owner_since_ms && out.opened_ms == in.opened_ms);
    assert_true(out.decided_owner == RLV_OWNER_HUMAN && out.decided_epoch == 3);
    assert_true(out.last_in_ms == in.last_in_ms && out.idle_timer_ms == in.idle_timer_ms);
    assert_true(out.cases == 5 && out.stretch == 6 && out.messages == 7 && out.misses == 8 &&
                out.repeats == 9 && out.asked);
    assert_true(out.last_question == in.last_question);
    assert_true(rlv_str_eq(out.customer_name, in.customer_name) && rlv_str_eq(out.user_id, in.user_id));
    assert_true(rlv_str_eq(out.wa_id, in.wa_id) && rlv_str_eq(out.phone_number_id, in.phone_number_id));
    assert_str(out.language, "es");
    assert_true(rlv_str_eq(out.open_question, in.open_question));
    assert_memory_equal(out.trend, in.trend, sizeof(in.trend));
    assert_memory_equal(out.recent, in.recent, sizeof(in.recent));
    assert_int_equal(out.n_tried, RLV_TRIED_MAX);
    for (int i = 0; i < RLV_TRIED_MAX; i++)
        assert_true(rlv_str_eq(out.tried[i], in.tried[i]));
    assert_int_equal(out.n_turns, RLV_TURNS_MAX);
    for (int i = 0; i < RLV_TURNS_MAX; i++)
        assert_true(out.turns[i].by == in.turns[i].by && out.turns[i].at_ms == in.turns[i].at_ms &&
                    rlv_str_eq(out.turns[i].message_id, in.turns[i].message_id) &&
                    rlv_str_eq(out.turns[i].text, in.turns[i].text));
    assert_int_equal(out.n_slots, RLV_SLOTS_MAX);
    for (int i = 0; i < RLV_SLOTS_MAX; i++)
        assert_true(rlv_str_eq(out.slots[i].name, in.slots[i].name) &&
                    rlv_str_eq(out.slots[i].value, in.slots[i].value) &&
                    rlv_str_eq(out.slots[i].message_id, in.slots[i].message_id) &&
                    rlv_str_eq(out.slots[i].was, in.slots[i].was));
    assert_int_equal(out.n_cooling, RLV_COOLING_MAX);
    for (int i = 0; i < RLV_COOLING_MAX; i++)
        assert_true(rlv_str_eq(out.cooling[i].trigger, in.cooling[i].trigger) &&
                    out.cooling[i].until_ms == in.cooling[i].until_ms);
    assert_int_equal(out.n_memories, RLV_MEMORIES_MAX);
    for (int i = 0; i < RLV_MEMORIES_MAX; i++)
        assert_true(rlv_str_eq(out.memories[i].plugin, in.memories[i].plugin) &&
                    rlv_str_eq(out.memories[i].bytes, in.memories[i].bytes));
    assert_int_equal(out.n_recent, RLV_RECENT_MAX);
    assert_held(&out, &in);
    assert_served(&out, &in);
}

static void an_empty_conversation_is_small(void **state)
{
    struct fixture *f = *state;
    static rlv_conversation in, out;
    rlv_str bytes = encoded(f, &in);
    assert_int_equal(bytes.len, 10 + 30); /* the mark, and a byte for each field */
    assert_ok(rlv_wire_decode_state(f->wire, f->arena, bytes, &out, &f->err), f);
    assert_int_equal(out.n_turns + out.n_slots + out.n_tried + out.n_trend + out.n_recent, 0);
    assert_int_equal(out.language.len, 0);
}

static void a_damaged_state_is_refused(void **state)
{
    struct fixture *f = *state;
    static rlv_conversation in, out;
    full_conversation(&in);
    rlv_str bytes = encoded(f, &in);
    for (size_t n = 0; n < bytes.len; n += 7)
        assert_int_equal(rlv_wire_decode_state(f->wire, f->arena, (rlv_str){bytes.ptr, n}, &out, &f->err),
                         RLV_E_DECODE);
    in.turns[3].text = RLV_STR("\xC3");
    assert_int_equal(rlv_wire_decode_state(f->wire, f->arena, encoded(f, &in), &out, &f->err), RLV_E_DECODE);
    assert_says(f, "text is not UTF-8");
}

static void a_full_arena_is_an_error(void **state)
{
    struct fixture *f = *state;
    static rlv_conversation in;
    full_conversation(&in);
    rlv_str bytes;
    rlv_arena *small = rlv_arena_new(256);
    assert_int_equal(rlv_wire_encode_state(f->wire, &in, small, &bytes, &f->err), RLV_E_LIMIT);
    rlv_arena_free(small);
}

static void put_mark(rlv_buf *out, rlv_str schema)
{
    rlv_buf form = RLV_BUF_INIT(65536);
    assert_int_equal(rlv_canonical_form(schema, &form, NULL), RLV_OK);
    uint64_t fingerprint = rlv_canonical_crc64(rlv_buf_view(&form));
    rlv_buf_free(&form);
    rlv_buf_append(out, "\xC3\x01", 2);
    for (int i = 0; i < 8; i++)
        rlv_buf_append(out, &(char){(char)(fingerprint >> (8 * i) & 0xFF)}, 1);
}

/* A later version that knows more and keeps longer lists, and an earlier one that lacks most. */
static void other_versions_are_read(void **state)
{
    struct fixture *f = *state;
    static const char other[] =
        "{\"type\":\"record\",\"name\":\"ConversationState\",\"namespace\":\"relevo.v1\",\"fields\":["
        "{\"name\":\"mood\",\"type\":\"string\"},"
        "{\"name\":\"cases\",\"type\":\"long\"},"
        "{\"name\":\"language\",\"type\":[\"null\",\"string\"]},"
        "{\"name\":\"turns\",\"type\":{\"type\":\"array\",\"items\":{\"type\":\"record\",\"name\":\"Turn\","
        "\"fields\":["
        "{\"name\":\"text\",\"type\":\"string\"},{\"name\":\"stars\",\"type\":\"int\"}]}}}]}";
    static rlv_conversation out;
    assert_ok(rlv_wire_learn(f->wire, RLV_STR(other), &f->err), f);
    rlv_buf *b = &f->buf;
    put_mark(b, RLV_STR(other));
    rlv_buf_append(b, "\6sad\16\2\4pt", 9); /* mood, cases 7, language pt */
    rlv_buf_append(b, "\62", 1);            /* 25 turns */
    for (int i = 0; i < 25; i++)
        rlv_buf_printf(b, "\2%c\4", 'a' + i);
    rlv_buf_append(b, "\0", 1);
    assert_ok(rlv_wire_decode_state(f->wire, f->arena, rlv_buf_view(b), &out, &f->err), f);
    assert_int_equal(out.cases, 7);
    assert_str(out.language, "pt");
    assert_int_equal(out.n_turns, RLV_TURNS_MAX); /* the newest */
    assert_str(out.turns[0].text, "f");
    assert_str(out.turns[RLV_TURNS_MAX - 1].text, "y");
    assert_int_equal(out.turns[0].at_ms, 0);
    assert_int_equal(out.n_slots, 0);
}

static void only_our_schemas_are_learned(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(
        rlv_wire_learn(f->wire, RLV_STR("{\"type\":\"record\",\"name\":\"Cat\",\"fields\":[]}"), &f->err),
        RLV_E_INVALID);
    assert_says(f, "\"Cat\" is no record of Relevo's");
    assert_int_equal(rlv_wire_learn(f->wire, RLV_STR("not json"), &f->err), RLV_E_INVALID);
    assert_int_equal(rlv_wire_learn(f->wire,
                                    RLV_STR("{\"type\":\"record\",\"name\":\"Progress\",\"fields\":["
                                            "{\"name\":\"seq\",\"type\":\"string\"}]}"),
                                    &f->err),
                     RLV_E_INVALID);
    assert_says(f, "Progress.seq");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(a_full_conversation_comes_back), T(an_empty_conversation_is_small), T(a_damaged_state_is_refused),
        T(a_full_arena_is_an_error),       T(other_versions_are_read),        T(only_our_schemas_are_learned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
