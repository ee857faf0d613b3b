/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions as published, back into the model: what history and conversations are rebuilt from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <stdlib.h>

#include "cli/rebuild.h"
#include "conversation/step.h"

static rlv_arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = rlv_arena_new(1 << 22);
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    rlv_arena_free(arena);
    return 0;
}

#define HEAD(event)                                                                                          \
    "\"conversation_id\":\"01890000-0000-7000-8000-000000000001\",\"phone_number_id\":\"100\",\"customer_"   \
    "id\":\"573\","                                                                                          \
    "\"lane\":3,\"seq\":41,\"at\":1700000000000,\"source\":{\"kind\":\"topic\",\"topic\":\"t\","             \
    "\"partition\":3,"                                                                                       \
    "\"offset\":9},\"config\":\"ff00000000000001\",\"event\":\"" event "\","

/* Reads an outcome from decisions of one head. */
static int rebuild(const char *head, const char *const *details, size_t n, rlv_outcome *ret, rlv_error *err)
{
    json_t *list[8] = {NULL};
    for (size_t i = 0; i < n; i++) {
        char text[2048];
        (void)snprintf(text, sizeof(text), "{%s\"ordinal\":%zu,%s}", head, i, details[i]);
        list[i] = json_loads(text, 0, NULL);
        assert_non_null(list[i]);
    }
    int rc = rlv_rebuild_outcome(list, n, (rlv_str){NULL, 0}, (rlv_str){NULL, 0}, arena, ret, err);
    for (size_t i = 0; i < n; i++)
        json_decref(list[i]);
    return rc;
}

#define SAID(kind, said, sent) "\"kind\":\"" kind "\",\"owner\":\"human\",\"epoch\":2,\"stretch\":1,\"said\":{" said "},\"sent\":{" sent "}"

/* What an answer is besides its text: some of it is in the decision, some only in what was sent. */
static void an_answer_and_what_it_is_besides(void **state)
{
    (void)state;
    static const char *const details[] = {
        SAID("replied", "\"text\":\"¿Qué color?\",\"extras\":{\"asks\":true,\"menu\":\"Ver\",\"choices\":[{\"id\":\"r\",\"title\":\"Rojo\"},"
             "{\"id\":\"a\",\"title\":\"Azul\",\"description\":\"mar\"}],\"media_kind\":\"image\",\"media_url\":\"https://x/y.png\"}",
             "\"type\":\"interactive\",\"content\":\"{\\\"type\\\":\\\"button\\\"}\""),
        SAID("answered", "\"text\":\"Hola Eva\",\"agent_id\":\"ana\"",
             "\"type\":\"template\",\"content\":\"{\\\"name\\\":\\\"listo\\\",\\\"language\\\":{\\\"code\\\":\\\"es_MX\\\"}}\""),
        SAID("answered", "\"text\":\"\",\"agent_id\":\"ana\"",
             "\"type\":\"document\",\"content\":\"{\\\"id\\\":\\\"4711\\\",\\\"filename\\\":\\\"a.pdf\\\"}\""),
        SAID("answered", "\"text\":\"solo palabras\",\"agent_id\":\"ana\"", "\"type\":\"text\",\"text\":\"solo palabras\"")};
    rlv_outcome o;
    rlv_error err;
    assert_int_equal(rebuild(HEAD("command"), details, 4, &o, &err), RLV_OK);
    const rlv_decision *d = o.decisions.first;
    const rlv_extras *x = &d->as.said.extras;
    assert_true(d->as.said.asks);
    assert_int_equal(x->n_choices, 2);
    assert_true(rlv_str_is(x->choices[1].title, "Azul") && rlv_str_is(x->choices[1].description, "mar") && rlv_str_is(x->menu, "Ver"));
    assert_true(rlv_str_is(x->media_kind, "image") && rlv_str_is(x->media_url, "https://x/y.png") && !x->media_id.len);
    x = &(d = d->next)->as.said.extras;
    assert_true(rlv_str_is(x->template, "listo") && rlv_str_is(x->language, "es_MX") && !x->media_kind.len);
    x = &(d = d->next)->as.said.extras;
    assert_true(rlv_str_is(x->media_kind, "document") && rlv_str_is(x->media_id, "4711") && rlv_str_is(x->media_name, "a.pdf"));
    x = &d->next->as.said.extras;
    assert_true(!x->template.len && !x->media_kind.len && x->n_choices == 0);
}

static void a_handoff(void **state)
{
    (void)state;
    static const char *const details[] = {
        "\"kind\":\"received\",\"owner\":\"bot\",\"epoch\":1,\"stretch\":1,\"message\":{\"message_id\":"
        "\"wamid.1\","
        "\"type\":\"text\",\"text\":\"una persona\",\"customer_name\":\"Ana\"}",
        "\"kind\":\"classified\",\"owner\":\"bot\",\"epoch\":1,\"stretch\":1,\"reading\":{\"language\":"
        "\"es\","
        "\"intent\":\"person\",\"sentiment\":-0.5}",
        "\"kind\":\"slot_filled\",\"owner\":\"bot\",\"epoch\":1,\"stretch\":1,\"slot\":{\"name\":\"order\","
        "\"value\":\"7\"}",
        "\"kind\":\"handed_off\",\"owner\":\"queued\",\"epoch\":2,\"stretch\":1,\"team\":\"sales\","
        "\"change\":{\"from\":"
        "\"bot\",\"cause\":\"trigger\",\"trigger\":\"keyword\",\"reason\":\"asked\",\"score\":0.9,\"route\":{"
        "\"priority\":7,"
        "\"rank\":\"longest_idle\",\"team\":\"sales\",\"language\":\"es\",\"skills\":[\"a\",\"b\"]}}",
        "\"kind\":\"replied\",\"owner\":\"queued\",\"epoch\":2,\"stretch\":1,\"said\":{\"text\":\"Ya "
        "viene\",\"source\":"
        "\"notice.handoff\"}",
        "\"kind\":\"summarized\",\"owner\":\"queued\",\"epoch\":2,\"stretch\":1,\"card\":{\"fields\":[{"
        "\"name\":\"why\","
        "\"text\":\"asked\"}]}"};
    rlv_outcome o;
    rlv_error err;
    assert_int_equal(rebuild(HEAD("message"), details, 6, &o, &err), RLV_OK);
    assert_int_equal(o.lane, 3);
    assert_int_equal(o.seq, 41);
    assert_true(o.config == 0xff00000000000001);
    assert_int_equal(o.decisions.n, 6);
    assert_true(rlv_str_is(o.event->wa_id, "573")); /* digits: a phone number */
    assert_int_equal(o.event->source.offset, 9);
    const rlv_decision *handoff = o.decisions.first->next->next->next;
    assert_int_equal(handoff->kind, RLV_DECIDED_HANDED_OFF);
    assert_int_equal(handoff->as.change.route.priority, 7);
    assert_int_equal(handoff->as.change.route.rank, 2);
    assert_int_equal(handoff->as.change.route.n_skills, 2);
    assert_true(rlv_str_is(handoff->as.change.route.skills[1], "b"));

    rlv_conversation conv;
    rlv_conversation_begin(&conv, o.event, o.lane);
    assert_true(rlv_rebuild_apply(&conv, &o));
    assert_int_equal(conv.owner, RLV_OWNER_QUEUED);
    assert_int_equal(conv.epoch, 2);
    assert_int_equal(conv.decided_owner, RLV_OWNER_QUEUED);
    assert_int_equal(conv.decided_epoch, 2);
    assert_true(rlv_str_is(conv.team, "sales"));
    assert_true(rlv_str_is(conv.language, "es"));
    assert_true(rlv_str_is(conv.customer_name, "Ana"));
    assert_int_equal(conv.n_turns, 2);
    assert_int_equal(conv.n_slots, 1);
    assert_int_equal(conv.n_recent, 1); /* Meta may send it again */
    assert_int_equal(conv.messages, 1);
    assert_int_equal(conv.last_in_ms, 1700000000000);
}

static void a_later_row_stays(void **state)
{
    (void)state;
    static const char *const details[] = {"\"kind\":\"taken_over\",\"owner\":\"human\",\"epoch\":3,"
                                          "\"stretch\":1,\"agent_id\":\"ana\",\"change\":{\"from\":"
                                          "\"bot\",\"cause\":\"agent_reply\",\"by\":\"ana\"}",
                                          "\"kind\":\"answered\",\"owner\":\"human\",\"epoch\":3,\"stretch\":"
                                          "1,\"agent_id\":\"ana\",\"said\":{\"text\":\"Hola\","
                                          "\"agent_id\":\"ana\"}"};
    rlv_outcome o;
    rlv_error err;
    assert_int_equal(rebuild(HEAD("command"), details, 2, &o, &err), RLV_OK);
    assert_int_equal(o.event->command, RLV_COMMAND_REPLY);
    assert_true(rlv_str_is(o.event->agent_id, "ana"));
    assert_true(rlv_str_is(o.event->text, "Hola"));
    rlv_conversation conv;
    rlv_conversation_begin(&conv, o.event, o.lane);
    conv.epoch = 5; /* a desktop changed it since, and its command waits */
    conv.owner = RLV_OWNER_CLOSED;
    assert_true(rlv_rebuild_apply(&conv, &o));
    assert_int_equal(conv.owner, RLV_OWNER_CLOSED);
    assert_int_equal(conv.epoch, 5);
    assert_int_equal(conv.decided_owner, RLV_OWNER_HUMAN);
    assert_int_equal(conv.decided_epoch, 3);
}

static void a_reopened_conversation(void **state)
{
    (void)state;
    static const char *const details[] = {"\"kind\":\"received\",\"owner\":\"closed\",\"epoch\":4,"
                                          "\"stretch\":1,\"message\":{\"message_id\":\"wamid.2\","
                                          "\"text\":\"hola\"}",
                                          "\"kind\":\"reopened\",\"owner\":\"bot\",\"epoch\":5,\"stretch\":2,"
                                          "\"change\":{\"from\":\"closed\",\"cause\":"
                                          "\"customer\"}"};
    rlv_outcome o;
    rlv_error err;
    assert_int_equal(rebuild(HEAD("message"), details, 2, &o, &err), RLV_OK);
    rlv_conversation conv;
    rlv_conversation_begin(&conv, o.event, o.lane);
    conv.owner = RLV_OWNER_CLOSED;
    conv.epoch = 4;
    conv.n_turns = 3;
    assert_true(rlv_rebuild_apply(&conv, &o));
    assert_int_equal(conv.owner, RLV_OWNER_BOT);
    assert_int_equal(conv.stretch, 2);
    assert_int_equal(conv.cases, 2);
    assert_int_equal(conv.n_turns, 1); /* the old talk is over, what the customer said now is not */
}

static void what_changes_nothing(void **state)
{
    (void)state;
    static const char *const duplicate[] = {"\"kind\":\"duplicate\",\"owner\":\"bot\",\"epoch\":1,"
                                            "\"stretch\":1,\"message\":{\"message_id\":\"wamid.1\"}"};
    static const char *const unknown[] = {
        "\"kind\":\"teleported\",\"owner\":\"bot\",\"epoch\":1,\"stretch\":1"};
    rlv_outcome o;
    rlv_error err;
    rlv_conversation conv;
    assert_int_equal(rebuild(HEAD("message"), duplicate, 1, &o, &err), RLV_OK);
    rlv_conversation_begin(&conv, o.event, o.lane);
    assert_false(rlv_rebuild_apply(&conv, &o));
    static const struct {
        enum rlv_event_kind kind;
        bool touches;
    } kinds[] = {{RLV_EVENT_STATUS, false}, {RLV_EVENT_DEAD, false}, {RLV_EVENT_UNKNOWN, false}, {RLV_EVENT_TIMER, true}};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        const rlv_event ev = {.kind = kinds[i].kind};
        assert_int_equal(rlv_rebuild_touches(&(rlv_outcome){.event = &ev}), kinds[i].touches);
    }
    static const char *const rang_in_vain[] = {"\"kind\":\"ignored\",\"owner\":\"bot\",\"epoch\":1,\"stretch\":1,"
                                               "\"failure\":{\"plugin\":null,\"reason\":\"the timer no longer holds\"}"};
    assert_int_equal(rebuild(HEAD("timer"), rang_in_vain, 1, &o, &err), RLV_OK);
    assert_true(rlv_str_is(o.event->timer, "idle")); /* and not the one of what is held */
    static const char *const waits[] = {"\"kind\":\"held\",\"owner\":\"bot\",\"epoch\":1,\"stretch\":1,"
                                        "\"failure\":{\"plugin\":\"llm\",\"reason\":\"the result of its effect is awaited\"}"};
    assert_int_equal(rebuild(HEAD("message"), waits, 1, &o, &err), RLV_OK);
    assert_true(rlv_str_is(o.decisions.first->as.failure.plugin, "llm"));
    assert_int_equal(rebuild(HEAD("message"), unknown, 1, &o, &err), RLV_E_DECODE);
    assert_non_null(strstr(err.message, "event 41 of lane 3 uses words that this version does not know"));
}

/* Decisions name one identity; the record that they were made of knows the others. */
static void identities(void **state)
{
    (void)state;
    static const char *const joined[] = {"\"kind\":\"joined\",\"owner\":\"bot\",\"epoch\":4,\"stretch\":1,\"change\":{\"from\":\"bot\","
                                         "\"cause\":\"identity\",\"other\":\"01890000-0000-7000-8000-000000000002\"}"};
    static const char *const forwarded[] = {"\"kind\":\"forwarded\",\"owner\":\"none\",\"epoch\":0,\"stretch\":0"};
    rlv_outcome o;
    rlv_error err;
    assert_int_equal(rebuild(HEAD("unknown"), joined, 1, &o, &err), RLV_OK);
    assert_true(rlv_rebuild_touches(&o)); /* WhatsApp told of a new id */
    assert_true(rlv_str_is(o.decisions.first->as.change.other, "01890000-0000-7000-8000-000000000002"));
    rlv_event ev = *o.event;
    const rlv_event record = {.wa_id = RLV_STR("573"), .user_id = RLV_STR("MX.2"), .previous_user_id = RLV_STR("MX.1")};
    rlv_rebuild_identities(&ev, &record);
    rlv_alias aliases[RLV_ALIASES_MAX];
    assert_int_equal(rlv_event_aliases(&ev, aliases), 2);
    assert_true(rlv_str_is(aliases[0].user_id, "MX.1") && rlv_str_is(aliases[1].wa_id, "573"));
    ev.kind = RLV_EVENT_UNKNOWN;
    assert_true(rlv_rebuild_touches(&(rlv_outcome){.event = &ev})); /* even when it joined nothing */

    rlv_conversation conv;
    rlv_conversation_begin(&conv, o.event, o.lane);
    assert_true(rlv_rebuild_apply(&conv, &o));
    assert_int_equal(conv.decided_epoch, 4);
    assert_int_equal(rebuild(HEAD("message"), forwarded, 1, &o, &err), RLV_OK);
    assert_false(rlv_rebuild_touches(&o)); /* another lane decides it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_handoff, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_and_what_it_is_besides, setup, teardown),
        cmocka_unit_test_setup_teardown(a_later_row_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reopened_conversation, setup, teardown),
        cmocka_unit_test_setup_teardown(what_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(identities, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
