/* SPDX-License-Identifier: Apache-2.0 */
/* The stable words. They are stored and published: this list is their witness, and only ever grows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/decision.h"

/* Each function with its words, in the order of the numbers. */
#define CHECK(function, type, ...)                                                                           \
    do {                                                                                                     \
        static const char *const words[] = {__VA_ARGS__};                                                    \
        for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)                                          \
            assert_string_equal(function((type)i), words[i]);                                                \
        assert_string_equal(function((type)1000), "unknown");                                                \
    } while (0)

static void words_never_change(void **state)
{
    (void)state;
    CHECK(rlv_event_kind_name, enum rlv_event_kind, "message", "status", "echo", "handover", "error",
          "unknown", "command", "timer", "result", "dead");
    CHECK(rlv_status_name, enum rlv_status, "sent", "delivered", "read", "played", "failed", "deleted",
          "other");
    CHECK(rlv_command_kind_name, enum rlv_command_kind, "take_over", "reply", "note", "return", "resolve",
          "assign", "requeue", "moved", "waiting", "nobody", "follow_up");
    CHECK(rlv_owner_name, enum rlv_owner, "none", "bot", "queued", "human", "closed");
    CHECK(rlv_phase_name, enum rlv_phase, "classify", "trigger", "respond", "route", "summarize", "notify",
          "on_result");
    CHECK(rlv_decision_kind_name, enum rlv_decision_kind, "received", "status", "duplicate", "classified",
          "triggered", "replied", "answered", "noted", "slot_filled", "handed_off", "assigned", "taken_over",
          "requeued", "returned", "closed", "reopened", "summarized", "notified", "failed", "ignored",
          "suppressed");
    CHECK(rlv_cause_name, enum rlv_cause, "none", "trigger", "desktop", "agent_reply", "echo", "meta",
          "timeout", "customer", "failure", "assignment");
}

static void owners_are_read_back(void **state)
{
    (void)state;
    for (int i = RLV_OWNER_BOT; i <= RLV_OWNER_CLOSED; i++) {
        enum rlv_owner owner = RLV_OWNER_BOT;
        assert_true(rlv_owner_parse(rlv_str_from(rlv_owner_name((enum rlv_owner)i)), &owner));
        assert_int_equal(owner, i);
    }
    enum rlv_owner untouched = RLV_OWNER_HUMAN;
    assert_false(rlv_owner_parse(RLV_STR("none"), &untouched));
    assert_false(rlv_owner_parse(RLV_STR("Bot"), &untouched));
    assert_false(rlv_owner_parse((rlv_str){NULL, 0}, &untouched));
    assert_int_equal(untouched, RLV_OWNER_HUMAN);
}

static void commands_are_read_back(void **state)
{
    (void)state;
    for (int i = RLV_COMMAND_TAKE_OVER; i <= RLV_COMMAND_FOLLOW_UP; i++) {
        enum rlv_command_kind kind = RLV_COMMAND_NOTE;
        assert_true(
            rlv_command_kind_parse(rlv_str_from(rlv_command_kind_name((enum rlv_command_kind)i)), &kind));
        assert_int_equal(kind, i);
    }
    enum rlv_command_kind untouched = RLV_COMMAND_NOTE;
    assert_false(rlv_command_kind_parse(RLV_STR("takeover"), &untouched));
    assert_int_equal(untouched, RLV_COMMAND_NOTE);
}

static void changes_are_those_of_ownership(void **state)
{
    (void)state;
    for (int kind = RLV_DECIDED_RECEIVED; kind <= RLV_DECIDED_SUPPRESSED; kind++)
        assert_int_equal(rlv_decision_is_change((enum rlv_decision_kind)kind),
                         kind >= RLV_DECIDED_HANDED_OFF && kind <= RLV_DECIDED_REOPENED);
}

static void answers_keep_their_order(void **state)
{
    (void)state;
    rlv_answers answers = {NULL, NULL};
    rlv_answer a[3] = {{.next = &a[2]}, {0}, {0}}; /* a stale link is cut */
    for (int i = 0; i < 3; i++)
        rlv_answers_push(&answers, &a[i]);
    assert_ptr_equal(answers.first, &a[0]);
    assert_ptr_equal(a[0].next, &a[1]);
    assert_ptr_equal(a[1].next, &a[2]);
    assert_null(a[2].next);
    assert_ptr_equal(answers.last, &a[2]);
}

static void the_identity_names_the_conversation(void **state)
{
    (void)state;
    rlv_event ev = {.wa_id = RLV_STR("34600")};
    assert_true(rlv_str_is(rlv_event_identity(&ev), "34600"));
    ev.user_id = RLV_STR("ES.1");
    assert_true(rlv_str_is(rlv_event_identity(&ev), "ES.1"));
    assert_true(rlv_id_eq(rlv_conversation_id(RLV_STR("106"), RLV_STR("ES.1")),
                          rlv_id_named(RLV_STR("106"), RLV_STR("ES.1"))));
}

/* By what else a customer is known: what was theirs before comes first, and an identity is no alias of itself. */
static void aliases_are_other_identities(void **state)
{
    (void)state;
    rlv_alias found[RLV_ALIASES_MAX];
    rlv_event ev = {.kind = RLV_EVENT_MESSAGE,
                    .phone_number_id = RLV_STR("106"),
                    .wa_id = RLV_STR("34600"),
                    .previous_wa_id = RLV_STR("34599"),
                    .previous_user_id = RLV_STR("ES.0")};
    assert_int_equal(rlv_event_aliases(&ev, found), 0); /* the number is its name; a message tells of no former one */
    ev.user_id = RLV_STR("ES.1");
    assert_int_equal(rlv_event_aliases(&ev, found), 1);
    assert_true(rlv_id_eq(found[0].id, rlv_conversation_id(RLV_STR("106"), RLV_STR("34600"))));
    assert_true(rlv_str_is(found[0].wa_id, "34600"));
    assert_int_equal(found[0].user_id.len, 0);
    assert_false(found[0].before); /* numbers go to other people */

    ev.kind = RLV_EVENT_UNKNOWN; /* Meta's notice of a change */
    assert_int_equal(rlv_event_aliases(&ev, found), RLV_ALIASES_MAX);
    assert_true(rlv_str_is(found[0].user_id, "ES.0") && found[0].before && !found[0].wa_id.len);
    assert_true(rlv_id_eq(found[0].id, rlv_conversation_id(RLV_STR("106"), RLV_STR("ES.0"))));
    assert_true(rlv_str_is(found[1].wa_id, "34599") && found[1].before);
    assert_true(rlv_str_is(found[2].wa_id, "34600") && !found[2].before);
    ev.previous_user_id = ev.user_id; /* only the number changed */
    assert_int_equal(rlv_event_aliases(&ev, found), 2);
    assert_true(rlv_str_is(found[0].wa_id, "34599"));

    static const enum rlv_event_kind begin_none[] = {RLV_EVENT_STATUS, RLV_EVENT_COMMAND, RLV_EVENT_TIMER};
    for (size_t i = 0; i < sizeof(begin_none) / sizeof(*begin_none); i++) {
        ev.kind = begin_none[i];
        assert_int_equal(rlv_event_aliases(&ev, found), 0);
    }
    ev.kind = RLV_EVENT_UNKNOWN; /* a kind that this version does not know, which tells of no change */
    ev.previous_wa_id = ev.previous_user_id = (rlv_str){NULL, 0};
    assert_int_equal(rlv_event_aliases(&ev, found), 0);
}

static void what_has_no_words(void **state)
{
    (void)state;
    static const struct {
        const char *type, *text, *wordless, *wanted;
    } cases[] = {{"audio", "", "", "audio"}, {"image", "así llegó", "", ""}, {"image", "", "", "image"}, {"text", "hola", "", ""},
                 {"text", "", "", ""},       {"audio", "hola", "audio", "audio"}, {"image", "", "audio\nimage", "audio\nimage"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        const rlv_event ev = {.type = rlv_str_from(cases[i].type), .text = rlv_str_from(cases[i].text), .wordless = rlv_str_from(cases[i].wordless)};
        assert_true(rlv_str_is(rlv_event_wordless(&ev), cases[i].wanted));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_never_change),       cmocka_unit_test(owners_are_read_back),
        cmocka_unit_test(commands_are_read_back),   cmocka_unit_test(changes_are_those_of_ownership),
        cmocka_unit_test(answers_keep_their_order), cmocka_unit_test(the_identity_names_the_conversation),
        cmocka_unit_test(aliases_are_other_identities), cmocka_unit_test(what_has_no_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
