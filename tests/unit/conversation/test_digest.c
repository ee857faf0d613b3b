/* SPDX-License-Identifier: Apache-2.0 */
/* The digest's lists: what is kept, what is dropped, where texts are cut. */
#include "conversation/digest.h"
#include "talk.h"

static void test_message_ids(void **state)
{
    talk *t = *state;
    assert_true(rlv_digest_new_message(&t->conv, RLV_STR("first")));
    assert_false(rlv_digest_new_message(&t->conv, RLV_STR("first")));
    for (int i = 1; i < RLV_RECENT_MAX; i++)
        assert_true(rlv_digest_new_message(&t->conv, rlv_str_from(rlv_arena_printf(t->arena, "m%d", i))));
    assert_int_equal(t->conv.n_recent, RLV_RECENT_MAX);
    assert_false(rlv_digest_new_message(&t->conv, RLV_STR("first"))); /* the oldest is still known */
    assert_true(rlv_digest_new_message(&t->conv, RLV_STR("the 33rd")));
    assert_int_equal(t->conv.n_recent, RLV_RECENT_MAX);
    assert_false(rlv_digest_new_message(&t->conv, RLV_STR("m1")));
    assert_false(rlv_digest_new_message(&t->conv, RLV_STR("the 33rd")));
    assert_true(rlv_digest_new_message(&t->conv, RLV_STR("first"))); /* forgotten, and so new again */
    assert_true(rlv_digest_new_message(&t->conv, RLV_STR("m1")));    /* which cost the next oldest */
}

static void test_turns(void **state)
{
    talk *t = *state;
    for (int i = 0; i < RLV_TURNS_MAX + 3; i++)
        rlv_digest_turn(&t->conv, 1 + i % 3, i, RLV_STR("id"),
                        rlv_str_from(rlv_arena_printf(t->arena, "turn %d", i)));
    assert_int_equal(t->conv.n_turns, RLV_TURNS_MAX);
    assert_str(t->conv.turns[0].text, "turn 3");
    assert_int_equal(t->conv.turns[0].at_ms, 3);
    assert_int_equal(t->conv.turns[0].by, 1);
    assert_str(t->conv.turns[RLV_TURNS_MAX - 1].text, "turn 22");
    assert_str(t->conv.turns[RLV_TURNS_MAX - 1].message_id, "id");
}

static void test_texts_are_cut_on_a_character(void **state)
{
    talk *t = *state;
    static const char *const marks[] = {"x", "ñ", "€", "🙂"};
    char text[RLV_TURN_TEXT_MAX + 8];
    for (size_t w = 1; w <= 4; w++)
        for (size_t before = 0; before <= w; before++) { /* bytes of the mark that lie before the limit */
            memset(text, 'a', sizeof(text));
            memcpy(text + RLV_TURN_TEXT_MAX - before, marks[w - 1], w);
            rlv_digest_turn(&t->conv, 1, 0, RLV_STR("id"), (rlv_str){text, sizeof(text)});
            size_t kept = t->conv.turns[t->conv.n_turns - 1].text.len;
            assert_int_equal(kept, RLV_TURN_TEXT_MAX - (before < w ? before : 0));
            memset(text, 'a', sizeof(text));
            memcpy(text + RLV_SLOT_VALUE_MAX - before, marks[w - 1], w);
            t->conv.n_slots = 0;
            assert_true(
                rlv_digest_slot(&t->conv, RLV_STR("n"), (rlv_str){text, sizeof(text)}, RLV_STR("id")));
            assert_int_equal(t->conv.slots[0].value.len, RLV_SLOT_VALUE_MAX - (before < w ? before : 0));
        }
    rlv_digest_turn(&t->conv, 1, 0, RLV_STR("id"), (rlv_str){text, RLV_TURN_TEXT_MAX});
    assert_int_equal(t->conv.turns[t->conv.n_turns - 1].text.len, RLV_TURN_TEXT_MAX);
}

static void test_slots(void **state)
{
    talk *t = *state;
    for (int i = 0; i < RLV_SLOTS_MAX; i++)
        assert_true(rlv_digest_slot(&t->conv, rlv_str_from(rlv_arena_printf(t->arena, "s%d", i)),
                                    RLV_STR("v"), RLV_STR("m1")));
    assert_false(rlv_digest_slot(&t->conv, RLV_STR("one more"), RLV_STR("v"), RLV_STR("m1"))); /* full */
    assert_int_equal(t->conv.n_slots, RLV_SLOTS_MAX);
    assert_false(rlv_digest_slot(&t->conv, RLV_STR("s0"), RLV_STR("v"), RLV_STR("m2"))); /* the same */
    assert_str(t->conv.slots[0].message_id, "m1");
    assert_true(
        rlv_digest_slot(&t->conv, RLV_STR("s0"), RLV_STR("w"), RLV_STR("m2"))); /* changed, even when full */
    assert_str(t->conv.slots[0].value, "w");
    assert_str(t->conv.slots[0].message_id, "m2");
    assert_str(t->conv.slots[1].value, "v");

    char longer[RLV_SLOT_VALUE_MAX + 1];
    memset(longer, 'a', sizeof(longer));
    assert_true(rlv_digest_slot(&t->conv, RLV_STR("s1"), (rlv_str){longer, sizeof(longer)}, RLV_STR("m3")));
    longer[RLV_SLOT_VALUE_MAX] = 'b'; /* what differs was never kept */
    assert_false(rlv_digest_slot(&t->conv, RLV_STR("s1"), (rlv_str){longer, sizeof(longer)}, RLV_STR("m4")));
}

static void test_trend_and_tried(void **state)
{
    talk *t = *state;
    static const char names[] = "0123456789";
    for (int i = 0; i < 10; i++) {
        rlv_digest_sentiment(&t->conv, i / 10.0);
        rlv_digest_tried(&t->conv, (rlv_str){names + i, 1});
    }
    rlv_digest_tried(&t->conv, (rlv_str){NULL, 0}); /* an answer without a source was no article */
    assert_int_equal(t->conv.n_trend, RLV_TREND_MAX);
    assert_int_equal(t->conv.n_tried, RLV_TRIED_MAX);
    assert_true(t->conv.trend[0] > 0.19 && t->conv.trend[0] < 0.21);
    assert_true(t->conv.trend[RLV_TREND_MAX - 1] > 0.89);
    assert_str(t->conv.tried[0], "2");
    assert_str(t->conv.tried[RLV_TRIED_MAX - 1], "9");
    rlv_digest_tried(&t->conv, RLV_STR("4")); /* again: once in the list, now the newest */
    assert_int_equal(t->conv.n_tried, RLV_TRIED_MAX);
    assert_str(t->conv.tried[0], "2");
    assert_str(t->conv.tried[2], "5");
    assert_str(t->conv.tried[RLV_TRIED_MAX - 1], "4");
}

static void test_memories(void **state)
{
    talk *t = *state;
    static const char names[] = "abcdefghij";
    for (int i = 0; i < RLV_MEMORIES_MAX; i++)
        rlv_digest_memory(&t->conv, (rlv_str){names + i, 1}, RLV_STR("v"));
    rlv_digest_memory(&t->conv, RLV_STR("a"), RLV_STR("w")); /* replaced, and now the youngest */
    assert_int_equal(t->conv.n_memories, RLV_MEMORIES_MAX);
    assert_str(t->conv.memories[0].plugin, "b");
    assert_str(t->conv.memories[RLV_MEMORIES_MAX - 1].plugin, "a");
    assert_str(t->conv.memories[RLV_MEMORIES_MAX - 1].bytes, "w");
    rlv_digest_memory(&t->conv, RLV_STR("i"), RLV_STR("v")); /* the ninth costs the oldest */
    assert_int_equal(t->conv.n_memories, RLV_MEMORIES_MAX);
    assert_str(t->conv.memories[0].plugin, "c");
    rlv_digest_memory(&t->conv, RLV_STR("d"), (rlv_str){NULL, 0});
    assert_int_equal(t->conv.n_memories, RLV_MEMORIES_MAX - 1);
    assert_str(t->conv.memories[0].plugin, "c");
    assert_str(t->conv.memories[1].plugin, "e");
    rlv_digest_memory(&t->conv, RLV_STR("never seen"), (rlv_str){NULL, 0});
    assert_int_equal(t->conv.n_memories, RLV_MEMORIES_MAX - 1);
}

static void test_a_new_stretch(void **state)
{
    talk *t = *state;
    rlv_conversation *c = &t->conv;
    c->messages = c->misses = c->repeats = 4;
    c->last_question = 5;
    c->open_question = RLV_STR("¿?");
    rlv_digest_turn(c, 1, 1, RLV_STR("m"), RLV_STR("hola"));
    rlv_digest_tried(c, RLV_STR("a"));
    rlv_digest_sentiment(c, 1);
    rlv_digest_memory(c, RLV_STR("p"), RLV_STR("b"));
    assert_true(rlv_digest_slot(c, RLV_STR("name"), RLV_STR("Ana"), RLV_STR("m")));
    assert_true(rlv_digest_new_message(c, RLV_STR("m")));
    c->n_cooling = 1;
    rlv_digest_new_stretch(c);
    assert_int_equal(c->n_cooling, 1); /* meant for what follows a return */
    assert_int_equal(c->stretch, 4);
    assert_int_equal(c->messages + c->misses + c->repeats, 0);
    assert_int_equal(c->last_question, 0);
    assert_int_equal(c->open_question.len, 0);
    assert_int_equal(c->n_turns + c->n_tried + c->n_trend + c->n_memories, 0);
    assert_int_equal(c->n_slots, 1); /* what the customer told stays */
    assert_str(c->language, "es");
    assert_false(rlv_digest_new_message(c, RLV_STR("m"))); /* and so does what Meta may send again */
}

static void test_what_counts(void **state)
{
    (void)state;
    static const char *const silent[] = {"reaction", "revoke", "system", "unsupported"}, *const said[] = {"text", "audio", "order", "edit", ""};
    for (size_t i = 0; i < sizeof(silent) / sizeof(*silent); i++)
        assert_false(rlv_digest_counts(&(rlv_event){.type = rlv_str_from(silent[i]), .text = RLV_STR("👍")}));
    for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++)
        assert_true(rlv_digest_counts(&(rlv_event){.type = rlv_str_from(said[i])}));
}

static void test_language(void **state)
{
    rlv_conversation *c = &((talk *)*state)->conv;
    c->language = (rlv_str){NULL, 0};
    rlv_digest_language(c, RLV_STR("es"), RLV_STR("hola"));
    rlv_digest_turn(c, 1, 1, RLV_STR("m"), RLV_STR("hola"));
    rlv_digest_language(c, (rlv_str){NULL, 0}, RLV_STR("uno dos tres cuatro"));
    assert_str(c->language, "es");
    rlv_digest_language(c, RLV_STR("pt"), RLV_STR("João da Silva"));
    assert_str(c->language, "es");
    rlv_digest_language(c, RLV_STR("pt"), RLV_STR("vocês entregam no Rio?"));
    assert_str(c->language, "pt");
    rlv_digest_new_stretch(c);
    rlv_digest_language(c, RLV_STR("en"), RLV_STR("hi"));
    assert_str(c->language, "en");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, talk_setup, talk_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_message_ids),   TEST(test_turns),           TEST(test_texts_are_cut_on_a_character),
        TEST(test_slots),         TEST(test_trend_and_tried), TEST(test_memories),
        TEST(test_a_new_stretch), TEST(test_what_counts),     TEST(test_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
