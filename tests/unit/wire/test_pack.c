/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an outcome publishes. Each record is read back by avro-c with its schema and compared as JSON: a slip
 * between the order of the schema and that of the code cannot pass.
 */
#include "fixture.h"

#define CONVERSATION                                                                                         \
    "\"conversation_id\":\"8e3e5f0c-5a1a-8b1b-9c1c-0123456789ab\",\"phone_number_id\":\"106\","

static rlv_event event;
static rlv_conversation conversation;

static void an_event(enum rlv_event_kind kind)
{
    event = (rlv_event){.kind = kind,
                        .at_ms = 1754000000000,
                        .source = {RLV_SOURCE_TOPIC, RLV_STR("whatsapp.events.v1"), 3, 900},
                        .message_id = RLV_STR("wamid.1"),
                        .type = RLV_STR("text"),
                        .text = RLV_STR("hola")};
    conversation = (rlv_conversation){
        .phone_number_id = RLV_STR("106"), .wa_id = RLV_STR("346"), .user_id = RLV_STR("ES.1")};
    assert_true(rlv_id_parse(RLV_STR("8e3e5f0c-5a1a-8b1b-9c1c-0123456789ab"), &conversation.id));
    event.conversation_id = conversation.id;
}

/* Packs one decision and unpacks it; the number of records. */
static size_t publish(struct fixture *f, rlv_decision *d, rlv_record **ret)
{
    d->ordinal = 2;
    d->owner = RLV_OWNER_QUEUED;
    d->epoch = 7;
    d->stretch = 1;
    d->team = RLV_STR("ventas");
    rlv_outcome outcome = {.lane = 3,
                           .seq = 41,
                           .config = 0xABCDEF,
                           .event = &event,
                           .conversation = &conversation,
                           .decisions = {d, d, 1}};
    rlv_str blob;
    size_t n = 0;
    assert_ok(rlv_wire_pack(f->wire, f->arena, &outcome, &blob, &f->err), f);
    assert_ok(rlv_wire_unpack(blob, f->arena, ret, &n, &f->err), f);
    return n;
}

static void assert_json(struct fixture *f, rlv_record record, enum rlv_topic topic, const char *expected)
{
    rlv_str json = {NULL, 0};
    assert_int_equal(record.topic, topic);
    assert_ok(rlv_wire_to_json(f->wire, f->arena, record.bytes, &json, &f->err), f);
    assert_str(json, expected);
}

/* The Decision record of d must be the head that all share, kind, and this detail. */
static void assert_decision(struct fixture *f, rlv_decision *d, size_t records, const char *detail)
{
    rlv_record *r = NULL;
    char id[RLV_ID_TEXT + 1];
    rlv_id_text(rlv_id_record(1754000000000, 3, 41, 2), id);
    assert_int_equal(publish(f, d, &r), records);
    const char *expected = rlv_arena_printf(
        f->arena,
        "{\"id\":\"%s\"," CONVERSATION "\"customer_id\":\"ES.1\",\"lane\":3,\"seq\":41,\"ordinal\":2,"
        "\"at\":1754000000000,\"source\":{\"kind\":\"topic\",\"topic\":\"whatsapp.events.v1\",\"partition\":"
        "3,"
        "\"offset\":900},\"event\":\"%s\",\"kind\":\"%s\",\"owner\":\"queued\",\"epoch\":7,\"stretch\":1,"
        "\"team\":\"ventas\",\"config\":\"0000000000abcdef\"%s%s}",
        id, rlv_event_kind_name(event.kind), rlv_decision_kind_name(d->kind), detail[0] ? "," : "", detail);
    assert_json(f, r[0], RLV_TOPIC_DECISIONS, expected);
}

static void events_are_told(void **state)
{
    struct fixture *f = *state;
    an_event(RLV_EVENT_MESSAGE);
    rlv_decision d = {.kind = RLV_DECIDED_RECEIVED, .as.event = &event};
    assert_decision(f, &d, 1, "\"message\":{\"message_id\":\"wamid.1\",\"type\":\"text\",\"text\":\"hola\"}");
    d.kind = RLV_DECIDED_DUPLICATE;
    assert_decision(f, &d, 1, "\"message\":{\"message_id\":\"wamid.1\",\"type\":\"text\"}");
    rlv_event full = full_event();
    full.kind = RLV_EVENT_ERROR;
    full.at_ms = event.at_ms;
    full.source = event.source;
    full.conversation_id = event.conversation_id;
    event = full;
    d.kind = RLV_DECIDED_RECEIVED;
    assert_decision(
        f, &d, 1,
        "\"message\":{\"message_id\":\"wamid.HBgLMzQ2MDAxMTEyMjI=\",\"sent_at\":1754000000123,"
        "\"customer_name\":\"María José\",\"type\":\"interactive\",\"text\":\"¿Dónde está mi pedido? 📦\","
        "\"reply_id\":\"row-7\",\"media_id\":\"2754859441498128\",\"mime_type\":\"image/jpeg\","
        "\"context_id\":\"wamid.before\",\"error_code\":131047,\"error_title\":\"Re-engagement message\","
        "\"note\":\"to the app\",\"raw\":\"{\\\"id\\\":\\\"wamid\\\"}\"}");
    event.kind = RLV_EVENT_STATUS;
    d.kind = RLV_DECIDED_STATUS;
    assert_decision(f, &d, 1,
                    "\"status\":{\"message_id\":\"wamid.HBgLMzQ2MDAxMTEyMjI=\",\"status\":\"read\",\"sent_"
                    "at\":1754000000123,"
                    "\"error_code\":131047,\"error_title\":\"Re-engagement message\","
                    "\"callback_data\":\"0198a2b0-0000-7000-8000-000000000001\"}");
}

static void readings_triggers_and_slots_are_told(void **state)
{
    struct fixture *f = *state;
    an_event(RLV_EVENT_MESSAGE);
    rlv_decision d = {.kind = RLV_DECIDED_CLASSIFIED,
                      .as.reading = {RLV_STR("es"), RLV_STR("refund"), 0.5, 0.25, -1, 0.75, 0.125}};
    assert_decision(f, &d, 1,
                    "\"reading\":{\"language\":\"es\",\"intent\":\"refund\",\"confidence\":0.5,"
                    "\"out_of_scope\":0.25,\"sentiment\":-1,\"anger\":0.75,\"wants_person\":0.125}");
    d = (rlv_decision){
        .kind = RLV_DECIDED_TRIGGERED,
        .as.trigger = {RLV_STR("keyword"), RLV_STR("persona"), RLV_STR("asks"), 1, 0.5, false, true}};
    assert_decision(f, &d, 1,
                    "\"trigger\":{\"trigger\":\"keyword\",\"score\":1,\"threshold\":0.5,\"observed\":false,"
                    "\"chosen\":true,\"evidence\":\"persona\",\"reason\":\"asks\",\"tells\":false}");
    d = (rlv_decision){.kind = RLV_DECIDED_SLOT_FILLED,
                       .as.slot = {RLV_STR("order"), RLV_STR("A-1"), RLV_STR("wamid.1")}};
    assert_decision(f, &d, 1, "\"slot\":{\"name\":\"order\",\"value\":\"A-1\",\"message_id\":\"wamid.1\"}");
}

static void replies_are_told_and_sent(void **state)
{
    struct fixture *f = *state;
    rlv_record *r = NULL;
    an_event(RLV_EVENT_MESSAGE);
    rlv_decision d = {.kind = RLV_DECIDED_REPLIED,
                      .as.said = {.text = RLV_STR("Claro"),
                                  .source = RLV_STR("faq#1"),
                                  .confidence = 0.5,
                                  .to_message = RLV_STR("wamid.1")}};
    assert_decision(f, &d, 2,
                    "\"said\":{\"text\":\"Claro\",\"source\":\"faq#1\",\"confidence\":0.5,"
                    "\"to_message\":\"wamid.1\"}");
    assert_int_equal(publish(f, &d, &r), 2);
    char id[RLV_ID_TEXT + 1];
    rlv_id_text(rlv_id_record(1754000000000, 3, 41, 2), id);
    assert_json(f, r[1], RLV_TOPIC_OUTBOUND,
                rlv_arena_printf(f->arena,
                                 "{\"id\":\"%s\"," CONVERSATION
                                 "\"wa_id\":\"346\",\"user_id\":\"ES.1\",\"lane\":3,\"seq\":41,"
                                 "\"at\":1754000000000,\"epoch\":7,\"author\":\"bot\",\"type\":\"text\","
                                 "\"text\":\"Claro\",\"source\":\"faq#1\","
                                 "\"context_id\":\"wamid.1\"}",
                                 id));

    /* What the bot takes up: a receipt, which is no message of anybody. */
    d = (rlv_decision){.kind = RLV_DECIDED_RECEIVED, .read = true, .as.event = &event};
    assert_int_equal(publish(f, &d, &r), 2);
    assert_json(f, r[1], RLV_TOPIC_OUTBOUND,
                rlv_arena_printf(f->arena,
                                 "{\"id\":\"%s\"," CONVERSATION
                                 "\"wa_id\":\"346\",\"user_id\":\"ES.1\",\"lane\":3,\"seq\":41,"
                                 "\"at\":1754000000000,\"epoch\":7,\"author\":\"bot\",\"type\":\"read\","
                                 "\"context_id\":\"wamid.1\"}",
                                 id));
    d.read = false;
    assert_int_equal(publish(f, &d, &r), 1);

    event.kind = RLV_EVENT_COMMAND;
    d = (rlv_decision){.kind = RLV_DECIDED_ANSWERED,
                       .as.said = {.text = RLV_STR("Soy Ana"), .agent_id = RLV_STR("ana")}};
    assert_int_equal(publish(f, &d, &r), 2);
    assert_json(
        f, r[1], RLV_TOPIC_OUTBOUND,
        rlv_arena_printf(
            f->arena,
            "{\"id\":\"%s\"," CONVERSATION "\"wa_id\":\"346\",\"user_id\":\"ES.1\",\"lane\":3,\"seq\":41,"
            "\"at\":1754000000000,\"epoch\":7,\"author\":\"agent\",\"agent_id\":\"ana\",\"type\":\"text\","
            "\"text\":\"Soy Ana\"}",
            id));
}

/* What a reply carries besides, in the decision and as WhatsApp wants it. */
static void replies_carry_more_than_text(void **state)
{
    struct fixture *f = *state;
    static const rlv_choice choices[] = {{RLV_STR("a"), RLV_STR("Sí"), {NULL, 0}},
                                         {RLV_STR("b"), RLV_STR("\"No\""), {NULL, 0}},
                                         {RLV_STR("c"), RLV_STR("3"), {NULL, 0}},
                                         {RLV_STR("d"), RLV_STR("4"), RLV_STR("cuatro")}};
    static const struct {
        rlv_extras extras;
        const char *type, *content;
    } cases[] = {
        {{.media_kind = RLV_STR("image"), .media_url = RLV_STR("https://x/a.png")},
         "image",
         "{\"link\":\"https://x/a.png\",\"caption\":\"Hola\"}"},
        {{.media_kind = RLV_STR("document"), .media_url = RLV_STR("https://x/a.pdf")},
         "document",
         "{\"link\":\"https://x/a.pdf\",\"caption\":\"Hola\"}"},
        {{.choices = choices, .n_choices = 2, .media_kind = RLV_STR("video"), .media_url = RLV_STR("https://x/v")},
         "interactive",
         "{\"type\":\"button\",\"header\":{\"type\":\"video\",\"video\":{\"link\":\"https://x/v\"}},"
         "\"body\":{\"text\":\"Hola\"},\"action\":{\"buttons\":["
         "{\"type\":\"reply\",\"reply\":{\"id\":\"a\",\"title\":\"Sí\"}},"
         "{\"type\":\"reply\",\"reply\":{\"id\":\"b\",\"title\":\"\\\"No\\\"\"}}]}}"},
        {{.choices = choices, .n_choices = 4, .menu = RLV_STR("Ver")},
         "interactive",
         "{\"type\":\"list\",\"body\":{\"text\":\"Hola\"},\"action\":{\"button\":\"Ver\",\"sections\":[{\"rows\":["
         "{\"id\":\"a\",\"title\":\"Sí\"},{\"id\":\"b\",\"title\":\"\\\"No\\\"\"},{\"id\":\"c\",\"title\":\"3\"},"
         "{\"id\":\"d\",\"title\":\"4\",\"description\":\"cuatro\"}]}]}}"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        rlv_record *r = NULL;
        an_event(RLV_EVENT_MESSAGE);
        rlv_decision d = {.kind = RLV_DECIDED_REPLIED,
                          .as.said = {.text = RLV_STR("Hola"), .asks = true, .extras = cases[i].extras}};
        assert_int_equal(publish(f, &d, &r), 2);
        rlv_outbound m;
        assert_int_equal(rlv_wire_decode_outbound(f->wire, f->arena, r[1].bytes, &m, &f->err), RLV_OK);
        assert_true(rlv_str_is(m.type, cases[i].type));
        assert_int_equal(m.text.len, 0);
        assert_true(rlv_str_is(m.content, cases[i].content));
        rlv_str json;
        assert_ok(rlv_wire_to_json(f->wire, f->arena, r[0].bytes, &json, &f->err), f);
        assert_non_null(memmem(json.ptr, json.len, "\"asks\":true", 11));
        const char *chosen = "{\"id\":\"b\",\"title\":\"\\\"No\\\"\"}";
        assert_true(cases[i].extras.n_choices == 0 || memmem(json.ptr, json.len, chosen, strlen(chosen)));
    }
}

static void an_echo_is_not_sent_again(void **state)
{
    struct fixture *f = *state;
    an_event(RLV_EVENT_ECHO);
    rlv_decision d = {.kind = RLV_DECIDED_ANSWERED, .as.said = {.text = RLV_STR("desde el móvil")}};
    assert_decision(f, &d, 1, "\"said\":{\"text\":\"desde el móvil\"}");
    event.kind = RLV_EVENT_COMMAND;
    d.kind = RLV_DECIDED_NOTED; /* private: never sent */
    assert_decision(f, &d, 1, "\"said\":{\"text\":\"desde el móvil\"}");
}

static void changes_are_told_on_both_topics(void **state)
{
    struct fixture *f = *state;
    static const rlv_str skills[] = {{"billing", 7}, {"vip", 3}};
    rlv_record *r = NULL;
    an_event(RLV_EVENT_MESSAGE);
    rlv_decision d = {.kind = RLV_DECIDED_HANDED_OFF,
                      .as.change = {RLV_OWNER_BOT,
                                    RLV_CAUSE_TRIGGER,
                                    RLV_STR("keyword"),
                                    RLV_STR("asks"),
                                    RLV_STR("persona"),
                                    0.5,
                                    {NULL, 0},
                                    {NULL, 0},
                                    {6, 2, RLV_STR("ventas"), RLV_STR("es"), RLV_STR("ana"), skills, 2}}};
    assert_decision(
        f, &d, 2,
        "\"change\":{\"from\":\"bot\",\"cause\":\"trigger\",\"trigger\":\"keyword\",\"score\":0.5,\"reason\":"
        "\"asks\","
        "\"evidence\":\"persona\",\"route\":{\"priority\":6,\"rank\":\"longest_idle\",\"team\":\"ventas\","
        "\"language\":\"es\",\"agent\":\"ana\",\"skills\":[\"billing\",\"vip\"]}}");
    char id[RLV_ID_TEXT + 1];
    rlv_id_text(rlv_id_record(1754000000000, 3, 41, 2), id);
    assert_int_equal(publish(f, &d, &r), 2);
    assert_json(
        f, r[1], RLV_TOPIC_OWNERSHIP,
        rlv_arena_printf(
            f->arena,
            "{\"id\":\"%s\"," CONVERSATION
            "\"customer_id\":\"ES.1\",\"lane\":3,\"seq\":41,\"at\":1754000000000,"
            "\"owner\":\"queued\",\"previous_owner\":\"bot\",\"epoch\":7,\"stretch\":1,\"team\":\"ventas\","
            "\"cause\":\"trigger\",\"trigger\":\"keyword\",\"reason\":\"asks\"}",
            id));
    for (int kind = RLV_DECIDED_ASSIGNED; kind <= RLV_DECIDED_REOPENED; kind++) {
        rlv_decision other = {
            .kind = (enum rlv_decision_kind)kind,
            .as.change = {.from = RLV_OWNER_HUMAN, .cause = RLV_CAUSE_DESKTOP, .by = RLV_STR("ana")}};
        /* Whom it needs is told of what goes into the queue: of reopened, too. */
        assert_decision(f, &other, 2, kind == RLV_DECIDED_REOPENED
                                          ? "\"change\":{\"from\":\"human\",\"cause\":\"desktop\",\"by\":\"ana\",\"route\":"
                                            "{\"priority\":0,\"rank\":\"least_loaded\",\"skills\":[]}}"
                                          : "\"change\":{\"from\":\"human\",\"cause\":\"desktop\",\"by\":\"ana\"}");
    }
}

static void cards_are_told(void **state)
{
    struct fixture *f = *state;
    static const rlv_card_field fields[] = {{{"why", 3}, {"asks", 4}, {"wamid.1", 7}},
                                            {{"wants", 5}, {"refund", 6}, {0}}};
    an_event(RLV_EVENT_MESSAGE);
    rlv_decision d = {.kind = RLV_DECIDED_SUMMARIZED, .as.card = {fields, 2}};
    assert_decision(f, &d, 1,
                    "\"card\":{\"fields\":[{\"name\":\"why\",\"text\":\"asks\",\"message_id\":\"wamid.1\"},"
                    "{\"name\":\"wants\",\"text\":\"refund\"}]}");
    d.as.card.n_fields = 0;
    assert_decision(f, &d, 1, "\"card\":{\"fields\":[]}");
}

static void effects_are_told_and_asked_for(void **state)
{
    struct fixture *f = *state;
    rlv_record *r = NULL;
    an_event(RLV_EVENT_MESSAGE);
    rlv_decision d = {.kind = RLV_DECIDED_NOTIFIED,
                      .as.effect = {RLV_STR("crm"),
                                    {1500, 7000,
                                     RLV_STR("hub"),
                                     RLV_STR("POST"),
                                     RLV_STR("/notes"),
                                     RLV_STR("application/json"),
                                     RLV_STR("{}"),
                                     {"\xFF\1", 2}}}};
    assert_decision(f, &d, 2,
                    "\"effect\":{\"plugin\":\"crm\",\"destination\":\"hub\",\"method\":\"POST\","
                    "\"path\":\"/notes\"}");
    assert_int_equal(publish(f, &d, &r), 2);
    char id[RLV_ID_TEXT + 1];
    rlv_id_text(rlv_id_record(1754000000000, 3, 41, 2), id);
    assert_json(
        f, r[1], RLV_TOPIC_EFFECTS,
        rlv_arena_printf(
            f->arena,
            "{\"id\":\"%s\"," CONVERSATION "\"wa_id\":\"346\",\"user_id\":\"ES.1\",\"lane\":3,\"seq\":41,"
            "\"at\":1754000000000,\"epoch\":7,\"plugin\":\"crm\",\"destination\":\"hub\",\"method\":\"POST\","
            "\"path\":\"/notes\",\"content_type\":\"application/json\",\"body\":\"{}\","
            "\"context\":{\"base64\":\"/wE=\"},\"timeout_ms\":1500,\"hold_ms\":7000}",
            id));
}

static void failures_are_told(void **state)
{
    struct fixture *f = *state;
    an_event(RLV_EVENT_MESSAGE);
    rlv_decision d = {.kind = RLV_DECIDED_FAILED,
                      .as.failure = {RLV_STR("responder"), RLV_STR("it crashed"), RLV_PHASE_RESPOND}};
    assert_decision(f, &d, 1,
                    "\"failure\":{\"plugin\":\"responder\",\"phase\":\"respond\",\"reason\":\"it crashed\"}");
    d.kind = RLV_DECIDED_IGNORED;
    assert_decision(f, &d, 1, "\"failure\":{\"reason\":\"it crashed\"}");
    event.message_id = RLV_STR("wamid.7"); /* what deliver reports is told like a status */
    d = (rlv_decision){.kind = RLV_DECIDED_SUPPRESSED, .as.event = &event};
    assert_decision(f, &d, 1, "\"status\":{\"message_id\":\"wamid.7\",\"status\":\"sent\"}");
}

static void other_sources_have_no_topic(void **state)
{
    struct fixture *f = *state;
    rlv_record *r = NULL;
    rlv_str json = {NULL, 0};
    an_event(RLV_EVENT_TIMER);
    event.source = (rlv_source){RLV_SOURCE_TIMER, {NULL, 0}, 0, 12};
    rlv_decision d = {.kind = RLV_DECIDED_IGNORED};
    assert_int_equal(publish(f, &d, &r), 1);
    assert_ok(rlv_wire_to_json(f->wire, f->arena, r[0].bytes, &json, &f->err), f);
    assert_non_null(strstr(json.ptr, "\"source\":{\"kind\":\"timer\",\"offset\":12}"));
}

static void many_decisions_keep_their_order(void **state)
{
    struct fixture *f = *state;
    an_event(RLV_EVENT_MESSAGE);
    rlv_decision d[] = {{.kind = RLV_DECIDED_RECEIVED, .as.event = &event},
                        {.kind = RLV_DECIDED_REPLIED, .ordinal = 1},
                        {.kind = RLV_DECIDED_CLOSED, .ordinal = 2}};
    d[0].next = &d[1];
    d[1].next = &d[2];
    rlv_outcome outcome = {.event = &event, .conversation = &conversation, .decisions = {d, &d[2], 3}};
    rlv_str blob, again;
    rlv_record *r = NULL;
    size_t n = 0;
    assert_ok(rlv_wire_pack(f->wire, f->arena, &outcome, &blob, &f->err), f);
    assert_ok(rlv_wire_pack(f->wire, f->arena, &outcome, &again, &f->err), f);
    assert_true(rlv_str_eq(blob, again)); /* deterministic */
    assert_ok(rlv_wire_unpack(blob, f->arena, &r, &n, &f->err), f);
    assert_int_equal(n, 5);
    const enum rlv_topic topics[] = {RLV_TOPIC_DECISIONS, RLV_TOPIC_DECISIONS, RLV_TOPIC_OUTBOUND,
                                     RLV_TOPIC_DECISIONS, RLV_TOPIC_OWNERSHIP};
    for (size_t i = 0; i < n; i++)
        assert_int_equal(r[i].topic, topics[i]);
    outcome.decisions = (rlv_decisions){NULL, NULL, 0};
    assert_ok(rlv_wire_pack(f->wire, f->arena, &outcome, &blob, &f->err), f);
    assert_ok(rlv_wire_unpack(blob, f->arena, &r, &n, &f->err), f);
    assert_int_equal(n, 0);
}

static void damaged_blobs_are_refused(void **state)
{
    struct fixture *f = *state;
    rlv_record *r = NULL;
    size_t n = 99;
    static const rlv_str bad[] = {
        {"", 0},
        {"\2", 1},
        {"\1\1", 2},
        {"\1\1\0\0\0", 5},
        {"\1\1\1\0\0\0", 6},
        {"\1\0\0\0\0\0", 6},
        {"\1\7\0\0\0\0", 6},
        {"\1\1\xFF\xFF\xFF\xFF", 6},
        {"\1\1\0\0\0\0\1", 7},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (rlv_wire_unpack(bad[i], f->arena, &r, &n, &f->err) != RLV_E_DECODE)
            fail_msg("blob %zu was read", i);
    assert_int_equal(n, 99);
    assert_ok(rlv_wire_unpack((rlv_str){"\1\5\0\0\0\0", 6}, f->arena, &r, &n, &f->err), f);
    assert_int_equal(n, 1);
    assert_int_equal(r[0].topic, RLV_TOPIC_RESULTS);
}

static void full_arenas_are_errors(void **state)
{
    struct fixture *f = *state;
    rlv_arena *small = rlv_arena_new(64);
    rlv_str blob;
    rlv_record *r = NULL;
    size_t n;
    an_event(RLV_EVENT_MESSAGE);
    rlv_decision d = {.kind = RLV_DECIDED_RECEIVED, .as.event = &event};
    rlv_outcome outcome = {.event = &event, .conversation = &conversation, .decisions = {&d, &d, 1}};
    assert_int_equal(rlv_wire_pack(f->wire, small, &outcome, &blob, &f->err), RLV_E_LIMIT);
    assert_ok(rlv_wire_pack(f->wire, f->arena, &outcome, &blob, &f->err), f);
    assert_int_equal(rlv_wire_to_json(f->wire, small, (rlv_str){blob.ptr + 6, blob.len - 6}, &blob, &f->err),
                     RLV_E_LIMIT);
    assert_int_equal(
        rlv_wire_unpack((rlv_str){"\1\5\0\0\0\0\5\0\0\0\0\5\0\0\0\0", 16}, small, &r, &n, &f->err),
        RLV_E_LIMIT);
    rlv_arena_free(small);
}

static void json_escapes_what_it_must(void **state)
{
    struct fixture *f = *state;
    rlv_str json = {NULL, 0};
    const rlv_event ev = {.kind = RLV_EVENT_UNKNOWN,
                          .phone_number_id = RLV_STR("1"),
                          .wa_id = RLV_STR("2"),
                          .text = RLV_STR("\"a\\\n\x01\x7F ñ")};
    assert_ok(rlv_wire_encode_event(f->wire, &ev, &f->buf, &f->err), f);
    assert_ok(rlv_wire_to_json(f->wire, f->arena, rlv_buf_view(&f->buf), &json, &f->err), f);
    assert_str(json, "{\"kind\":\"unknown\",\"phone_number_id\":\"1\",\"wa_id\":\"2\","
                     "\"text\":\"\\\"a\\\\\\n\\u0001\\u007f ñ\"}");
    assert_int_equal(rlv_wire_to_json(f->wire, f->arena, RLV_STR("junk"), &json, &f->err), RLV_E_DECODE);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(events_are_told),
        T(readings_triggers_and_slots_are_told),
        T(replies_are_told_and_sent),
        T(replies_carry_more_than_text),
        T(an_echo_is_not_sent_again),
        T(changes_are_told_on_both_topics),
        T(cards_are_told),
        T(effects_are_told_and_asked_for),
        T(failures_are_told),
        T(other_sources_have_no_topic),
        T(many_decisions_keep_their_order),
        T(damaged_blobs_are_refused),
        T(full_arenas_are_errors),
        T(json_escapes_what_it_must),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
