/* SPDX-License-Identifier: Apache-2.0 */
/* Meta's webhooks, every kind of message at least once, as Meta documents them; and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "gateway/webhook.h"

static rlv_arena *arena;
static rlv_event *events;
static size_t n_events;

static int setup(void **state)
{
    (void)state;
    arena = rlv_arena_new(16 * 1024 * 1024);
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    rlv_arena_free(arena);
    return 0;
}

#define assert_str(actual, expected) assert_str_at(__LINE__, (actual), (expected))
static void assert_str_at(int line, rlv_str actual, const char *expected)
{
    if (!rlv_str_is(actual, expected)) {
        print_error("\"%.*s\" instead of \"%s\"\n", RLV_STR_ARG(actual), expected);
        _fail(__FILE__, line);
    }
}

static void parse(const char *json)
{
    rlv_error err = {0};
    events = NULL;
    n_events = 0;
    if (rlv_webhook_parse(rlv_str_from(json), arena, &events, &n_events, &err) != RLV_OK)
        fail_msg("%s", err.message);
    for (size_t i = 0; i < n_events; i++) { /* what every event promises */
        rlv_str who = rlv_event_identity(&events[i]);
        assert_true(who.len > 0 && events[i].phone_number_id.len > 0);
        assert_true(
            rlv_id_eq(events[i].conversation_id, rlv_conversation_id(events[i].phone_number_id, who)));
    }
}

/* A webhook of one change. */
static void parse_change(const char *field, const char *members)
{
    parse(rlv_arena_printf(arena,
                           "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"102\",\"changes\":"
                           "[{\"field\":\"%s\",\"value\":{"
                           "\"messaging_product\":\"whatsapp\",\"metadata\":{\"display_phone_number\":"
                           "\"34911\",\"phone_number_id\":\"106\"},"
                           "%s}}]}]}",
                           field, members));
}

/* One message of one customer; `rest`: its type and content. */
static const rlv_event *parse_message(const char *rest)
{
    parse_change("messages",
                 rlv_arena_printf(
                     arena,
                     "\"contacts\":[{\"profile\":{\"name\":\"María\"},\"wa_id\":\"34600\"}],"
                     "\"messages\":[{\"from\":\"34600\",\"id\":\"wamid.1\",\"timestamp\":\"1754000000\",%s}]",
                     rest));
    assert_int_equal(n_events, 1);
    assert_int_equal(events[0].kind, RLV_EVENT_MESSAGE);
    assert_str(events[0].message_id, "wamid.1");
    assert_str(events[0].wa_id, "34600");
    assert_str(events[0].customer_name, "María");
    assert_str(events[0].phone_number_id, "106");
    assert_true(events[0].sent_ms == 1754000000000);
    return &events[0];
}

static void a_text(void **state)
{
    (void)state;
    const rlv_event *ev = parse_message("\"type\":\"text\",\"text\":{\"body\":\"¿Dónde está? 📦\"},"
                                        "\"context\":{\"from\":\"34911\",\"id\":\"wamid.0\"}");
    assert_str(ev->type, "text");
    assert_str(ev->text, "¿Dónde está? 📦");
    assert_str(ev->context_id, "wamid.0");
    assert_int_equal(ev->raw.len, 0); /* every member has a field */
}

static void what_has_no_field_stays_in_raw(void **state)
{
    (void)state;
    const rlv_event *ev = parse_message("\"type\":\"text\",\"text\":{\"body\":\"hola\"},"
                                        "\"context\":{\"forwarded\":true}");
    assert_non_null(memmem(ev->raw.ptr, ev->raw.len, "\"forwarded\":true", 16));
    ev =
        parse_message("\"type\":\"text\",\"text\":{\"body\":\"hola\"},\"referral\":{\"source_type\":\"ad\"}");
    assert_non_null(memmem(ev->raw.ptr, ev->raw.len, "\"source_type\":\"ad\"", 18));
}

static void media(void **state)
{
    (void)state;
    static const char *const types[] = {"image", "audio", "video", "document", "sticker"};
    for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
        const rlv_event *ev =
            parse_message(rlv_arena_printf(arena,
                                           "\"type\":\"%s\",\"%s\":{\"caption\":\"mira\",\"mime_type\":\"x/"
                                           "y\",\"sha256\":\"q\",\"id\":\"77\","
                                           "\"voice\":true}",
                                           types[i], types[i]));
        assert_str(ev->type, types[i]);
        assert_str(ev->media_id, "77");
        assert_str(ev->mime_type, "x/y");
        assert_str(ev->text, "mira");
        assert_non_null(memmem(ev->raw.ptr, ev->raw.len, "\"voice\":true", 12));
    }
}

static void choices(void **state)
{
    (void)state;
    const rlv_event *ev = parse_message("\"type\":\"interactive\",\"interactive\":{\"type\":\"button_reply\","
                                        "\"button_reply\":{\"id\":\"si\",\"title\":\"Sí\"}}");
    assert_str(ev->reply_id, "si");
    assert_str(ev->text, "Sí");
    ev = parse_message(
        "\"type\":\"interactive\",\"interactive\":{\"type\":\"list_reply\",\"list_reply\":{\"id\":\"r1\","
        "\"title\":\"Plan A\",\"description\":\"d\"}}");
    assert_str(ev->reply_id, "r1");
    assert_str(ev->text, "Plan A");
    ev = parse_message(
        "\"type\":\"interactive\",\"interactive\":{\"type\":\"nfm_reply\",\"nfm_reply\":{\"name\":\"flow\","
        "\"body\":\"Sent\",\"response_json\":\"{\\\"a\\\":1}\"}}");
    assert_str(ev->reply_id, "flow");
    assert_str(ev->text, "Sent");
    assert_non_null(memmem(ev->raw.ptr, ev->raw.len, "response_json", 13));
    ev = parse_message("\"type\":\"button\",\"button\":{\"text\":\"Quiero\",\"payload\":\"P-1\"}");
    assert_str(ev->reply_id, "P-1");
    assert_str(ev->text, "Quiero");
}

static void other_contents(void **state)
{
    (void)state;
    const rlv_event *ev =
        parse_message("\"type\":\"location\",\"location\":{\"latitude\":1.5,\"longitude\":2,"
                      "\"name\":\"Casa\",\"address\":\"Sol 1\"}");
    assert_str(ev->text, "Casa");
    ev = parse_message("\"type\":\"location\",\"location\":{\"latitude\":1.5,\"longitude\":2}");
    assert_int_equal(ev->text.len, 0);
    assert_non_null(memmem(ev->raw.ptr, ev->raw.len, "1.5", 3));
    ev = parse_message("\"type\":\"contacts\",\"contacts\":[{\"name\":{\"formatted_name\":\"Ana Ruiz\"}}]");
    assert_str(ev->text, "Ana Ruiz");
    ev = parse_message("\"type\":\"reaction\",\"reaction\":{\"message_id\":\"wamid.0\",\"emoji\":\"👍\"}");
    assert_str(ev->context_id, "wamid.0");
    assert_str(ev->text, "👍");
    ev = parse_message("\"type\":\"reaction\",\"reaction\":{\"message_id\":\"wamid.0\"}");
    assert_int_equal(ev->text.len, 0);
    ev = parse_message(
        "\"type\":\"order\",\"order\":{\"catalog_id\":\"c\",\"text\":\"dos\",\"product_items\":[]}");
    assert_str(ev->text, "dos");
    ev = parse_message(
        "\"type\":\"unsupported\",\"errors\":[{\"code\":131051,\"title\":\"Unsupported message type\"}]");
    assert_int_equal(ev->error_code, 131051);
    assert_str(ev->error_title, "Unsupported message type");
    ev = parse_message("\"type\":\"hologram\",\"hologram\":{\"x\":1}");
    assert_str(ev->type, "hologram");
    assert_non_null(memmem(ev->raw.ptr, ev->raw.len, "hologram", 8));
}

static void edits_and_revocations(void **state)
{
    (void)state;
    const rlv_event *ev =
        parse_message("\"type\":\"edit\",\"edit\":{\"original_message_id\":\"wamid.0\",\"message\":{"
                      "\"context\":{\"id\":\"wamid.9\"},\"type\":\"text\",\"text\":{\"body\":\"no\"}}}");
    assert_str(ev->type, "edit");
    assert_str(ev->context_id, "wamid.0");
    assert_str(ev->text, "no");
    ev = parse_message("\"type\":\"revoke\",\"revoke\":{\"original_message_id\":\"wamid.0\"}");
    assert_str(ev->context_id, "wamid.0");
    assert_int_equal(ev->text.len, 0);
}

static void identities(void **state)
{
    (void)state;
    parse_change("messages", "\"contacts\":[{\"profile\":{\"name\":\"A\"},\"wa_id\":\"1\"},"
                             "{\"profile\":{\"name\":\"B\"},\"user_id\":\"ES.2\"}],"
                             "\"messages\":[{\"from_user_id\":\"ES.2\",\"id\":\"w2\",\"type\":\"text\"},"
                             "{\"from\":\"1\",\"from_user_id\":\"ES.1\",\"id\":\"w1\",\"type\":\"text\"}]");
    assert_int_equal(n_events, 2);
    assert_str(events[0].customer_name, "B");
    assert_int_equal(events[0].wa_id.len, 0);
    assert_str(events[1].customer_name, "A");
    assert_str(rlv_event_key(&events[1], arena), "106:ES.1");
    parse_change("messages",
                 "\"contacts\":[{\"profile\":{\"name\":\"C\"},\"wa_id\":\"3\",\"user_id\":\"ES.3\"}],"
                 "\"messages\":[{\"id\":\"w3\",\"type\":\"text\"}]");
    assert_str(events[0].wa_id, "3");
    assert_str(events[0].user_id, "ES.3");
    assert_int_equal(events[0].kind, RLV_EVENT_MESSAGE);
    parse_change("user_id_update", "\"user_id_update\":[{\"wa_id\":\"4\",\"timestamp\":1754000000,"
                                   "\"user_id\":{\"previous\":\"ES.4\",\"current\":\"ES.5\"}}]");
    assert_int_equal(events[0].kind, RLV_EVENT_UNKNOWN);
    assert_str(events[0].type, "user_id_update");
    assert_str(events[0].user_id, "ES.5");
    assert_str(events[0].previous_user_id, "ES.4");
    assert_non_null(memmem(events[0].raw.ptr, events[0].raw.len, "ES.5", 4));
}

static void statuses(void **state)
{
    (void)state;
    static const char *const words[] = {"sent",   "delivered", "read",      "played",
                                        "failed", "deleted",   "teleported"};
    for (int i = 0; i < 7; i++) {
        parse_change("messages",
                     rlv_arena_printf(arena,
                                      "\"statuses\":[{\"id\":\"wamid.5\",\"status\":\"%s\",\"timestamp\":"
                                      "\"1754000001\",\"recipient_id\":\"34600\","
                                      "\"recipient_user_id\":\"ES.1\",\"biz_opaque_callback_data\":\"id-1\","
                                      "\"pricing\":{\"billable\":true},"
                                      "\"errors\":[{\"code\":131047,\"message\":\"Re-engagement\"}]}]",
                                      words[i]));
        assert_int_equal(n_events, 1);
        assert_int_equal(events[0].kind, RLV_EVENT_STATUS);
        assert_int_equal(events[0].status, i);
        assert_int_equal(events[0].error_code, 131047);
    }
    assert_str(events[0].message_id, "wamid.5");
    assert_str(events[0].wa_id, "34600");
    assert_str(events[0].user_id, "ES.1");
    assert_str(events[0].callback_data, "id-1");
    assert_str(events[0].error_title, "Re-engagement");
    assert_true(events[0].sent_ms == 1754000001000);
    assert_non_null(memmem(events[0].raw.ptr, events[0].raw.len, "billable", 8));
}

static void echoes(void **state)
{
    (void)state;
    parse_change("smb_message_echoes",
                 "\"message_echoes\":[{\"from\":\"34911\",\"to\":\"34600\",\"id\":\"wamid.7\","
                 "\"timestamp\":\"1754000002\",\"type\":\"text\",\"text\":{\"body\":\"soy Ana\"}}]");
    assert_int_equal(n_events, 1);
    assert_int_equal(events[0].kind, RLV_EVENT_ECHO);
    assert_str(events[0].wa_id, "34600"); /* the customer, not the business */
    assert_str(events[0].text, "soy Ana");
    assert_int_equal(events[0].raw.len, 0);
}

static void handovers(void **state)
{
    (void)state;
    parse_change("messaging_handovers",
                 "\"recipient\":{\"phone_number_id\":\"106\"},\"sender\":{\"phone_number\":\"34600\"},"
                 "\"timestamp\":\"1754000003\",\"type\":\"control_passed\",\"control_passed\":{\"metadata\":"
                 "\"to you\","
                 "\"previous_owner_role\":\"ai_agent\",\"new_owner_role\":\"escalation\"}");
    assert_int_equal(n_events, 1);
    assert_int_equal(events[0].kind, RLV_EVENT_HANDOVER);
    assert_str(events[0].type, "control_passed");
    assert_str(events[0].wa_id, "34600");
    assert_str(events[0].note, "to you");
    assert_true(events[0].sent_ms == 1754000003000);
    assert_non_null(memmem(events[0].raw.ptr, events[0].raw.len, "escalation", 10));
    parse_change("messaging_handovers", "\"sender\":{\"id\":\"34601\",\"user_id\":\"ES.9\"},"
                                        "\"take_thread_control\":{\"metadata\":{\"a\":1}}");
    assert_str(events[0].type, "take_thread_control");
    assert_str(events[0].note, "{\"a\":1}");
    assert_str(rlv_event_key(&events[0], arena), "106:ES.9");
    parse_change("messaging_handovers", "\"sender\":{\"wa_id\":\"34601\"},\"type\":\"control_taken\"");
    assert_str(events[0].type, "control_taken");
    parse_change("messaging_handovers", "\"sender\":{\"id\":\"34601\"},\"surprise\":{}");
    assert_int_equal(events[0].kind, RLV_EVENT_UNKNOWN);
    assert_str(events[0].type, "messaging_handovers");
    parse_change("messaging_handovers", "\"control_passed\":{}"); /* whose? */
    assert_int_equal(events[0].kind, RLV_EVENT_UNKNOWN);
}

static void standby(void **state)
{
    (void)state;
    parse_change(
        "standby",
        "\"standby\":{\"contacts\":[{\"profile\":{\"name\":\"Eva\"},\"wa_id\":\"34600\"}],"
        "\"messages\":[{\"from\":\"34600\",\"id\":\"w1\",\"type\":\"text\",\"text\":{\"body\":\"a\"}}],"
        "\"message_echoes\":[{\"id\":\"w2\",\"timestamp\":\"1754000003\",\"message\":{\"to\":\"34600\","
        "\"recipient\":\"ES.6\",\"recipient_type\":\"individual\",\"type\":\"text\",\"text\":{\"body\":\"soy "
        "IA\"}}}],"
        "\"statuses\":[{\"id\":\"w2\",\"status\":\"read\",\"recipient_id\":\"34600\"}]}");
    assert_int_equal(n_events, 3);
    assert_int_equal(events[0].kind, RLV_EVENT_HANDOVER);
    assert_str(events[0].type, "standby");
    assert_str(events[0].text, "a");
    assert_str(events[0].message_id, "w1");
    assert_str(events[0].customer_name, "Eva");
    assert_int_equal(events[1].kind, RLV_EVENT_HANDOVER); /* Meta's agent, no person */
    assert_str(events[1].type, "standby");
    assert_str(events[1].text, "soy IA");
    assert_str(events[1].message_id, "w2");
    assert_str(events[1].wa_id, "34600");
    assert_str(events[1].user_id, "ES.6");
    assert_true(events[1].sent_ms == 1754000003000);
    assert_int_equal(events[2].kind, RLV_EVENT_STATUS);
    /* not wrapped */
    parse_change("standby", "\"messages\":[{\"from\":\"34600\",\"id\":\"w1\",\"type\":\"text\"}],"
                            "\"message_echoes\":[{\"to\":\"34600\",\"id\":\"w2\",\"type\":\"text\"}]");
    assert_int_equal(n_events, 2);
    assert_int_equal(events[0].kind, RLV_EVENT_HANDOVER);
    assert_int_equal(events[1].kind, RLV_EVENT_HANDOVER);
    assert_str(events[1].message_id, "w2");
}

static void changed_identities(void **state)
{
    (void)state;
    parse_change("messages",
                 "\"messages\":[{\"from\":\"34600\",\"id\":\"w1\",\"timestamp\":\"1754000003\",\"type\":"
                 "\"system\",\"system\":{"
                 "\"body\":\"User A changed from 34600 to 34601\",\"wa_id\":\"34601\",\"user_id\":\"ES.2\","
                 "\"previous_user_id\":\"ES.1\",\"type\":\"user_changed_number\"}}]");
    assert_int_equal(n_events, 1);
    assert_int_equal(events[0].kind, RLV_EVENT_UNKNOWN);
    assert_str(events[0].type, "user_changed_number");
    assert_str(rlv_event_key(&events[0], arena), "106:ES.2");
    assert_str(events[0].wa_id, "34601");
    assert_str(events[0].previous_wa_id, "34600");
    assert_str(events[0].previous_user_id, "ES.1");
    assert_non_null(memmem(events[0].raw.ptr, events[0].raw.len, "34601", 5));
    parse_change("messages",
                 "\"messages\":[{\"id\":\"w1\",\"type\":\"system\",\"system\":{\"previous_user_id\":\"ES.1\","
                 "\"user_id\":\"ES.2\",\"type\":\"user_changed_user_id\"}}]");
    assert_str(events[0].type, "user_changed_user_id");
    assert_str(rlv_event_key(&events[0], arena), "106:ES.2");
    assert_str(events[0].previous_user_id, "ES.1");
    assert_int_equal(events[0].previous_wa_id.len, 0);
    parse_change("messages",
                 "\"messages\":[{\"id\":\"w1\",\"type\":\"system\",\"system\":{\"user_id\":\"ES.2\"}}]");
    assert_str(events[0].type, "system");
    assert_str(rlv_event_key(&events[0], arena), "106:ES.2");
}

static void groups_and_names(void **state)
{
    (void)state;
    parse_change("messages",
                 "\"contacts\":[{\"profile\":{\"username\":\"@ana\"},\"user_id\":\"ES.1\"}],\"messages\":[{"
                 "\"from_user_id\":\"ES.1\",\"id\":\"w1\",\"group_id\":\"g\",\"type\":\"text\"}]");
    assert_int_equal(events[0].kind, RLV_EVENT_UNKNOWN);
    assert_str(events[0].type, "group_message");
    assert_str(events[0].customer_name, "@ana");
    parse_change("user_preferences",
                 "\"contacts\":[{\"wa_id\":\"34600\"}],\"user_preferences\":[{\"value\":\"stop\"}]");
    assert_int_equal(n_events, 1);
    assert_str(events[0].type, "user_preferences");
    assert_str(rlv_event_key(&events[0], arena), "106:34600");
}

static void names_that_are_too_long(void **state)
{
    (void)state;
    char long_name[700];
    memset(long_name, 'x', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    parse_change(
        "messages",
        rlv_arena_printf(arena,
                         "\"contacts\":[{\"profile\":{\"name\":\"%s\"},\"wa_id\":\"1\"}],\"messages\":"
                         "[{\"from\":\"1\",\"id\":\"w\",\"type\":\"text\",\"text\":{\"body\":\"a\"}}]",
                         long_name));
    assert_int_equal(events[0].kind, RLV_EVENT_MESSAGE);
    assert_int_equal(events[0].customer_name.len, 512);
    assert_true(events[0].raw.len > 0);
    parse_change("messages",
                 rlv_arena_printf(arena, "\"messages\":[{\"from\":\"1\",\"id\":\"%s\",\"type\":\"text\"}]",
                                  long_name));
    assert_int_equal(events[0].kind, RLV_EVENT_UNKNOWN);
    assert_non_null(memmem(events[0].raw.ptr, events[0].raw.len, long_name, sizeof(long_name) - 1));
}

static void notices_about_no_customer(void **state)
{
    (void)state;
    parse_change("messages", "\"errors\":[{\"code\":130429,\"title\":\"Rate limit hit\"}]");
    assert_int_equal(events[0].kind, RLV_EVENT_ERROR);
    assert_int_equal(events[0].error_code, 130429);
    assert_str(rlv_event_key(&events[0], arena), "106:account");
    parse("{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"102\",\"changes\":[{\"field\":"
          "\"account_update\","
          "\"value\":{\"event\":\"VERIFIED_ACCOUNT\"}}]}]}");
    assert_int_equal(n_events, 1);
    assert_int_equal(events[0].kind, RLV_EVENT_UNKNOWN);
    assert_str(events[0].type, "account_update");
    assert_str(rlv_event_key(&events[0], arena), "102:account");
    assert_str(events[0].raw, "{\"field\":\"account_update\",\"value\":{\"event\":\"VERIFIED_ACCOUNT\"}}");
}

static void nothing_is_lost(void **state)
{
    (void)state;
    /* known and unknown in one change: the message, and the whole change besides */
    parse_change("messages",
                 "\"messages\":[{\"from\":\"1\",\"id\":\"w\",\"type\":\"text\"}],\"novelty\":[1]");
    assert_int_equal(n_events, 2);
    assert_int_equal(events[0].kind, RLV_EVENT_MESSAGE);
    assert_int_equal(events[1].kind, RLV_EVENT_UNKNOWN);
    assert_non_null(memmem(events[1].raw.ptr, events[1].raw.len, "novelty", 7));
    /* what should be a list is none; a message without an id, one without a customer, one that is no object
     */
    static const char *const odd[] = {
        "\"messages\":{\"id\":1}",
        "\"messages\":[{\"from\":\"1\",\"type\":\"text\"}]",
        "\"messages\":[{\"id\":\"w\",\"type\":\"text\"}]",
        "\"messages\":[17]",
        "\"messages\":[]",
        "\"messages\":[{\"from\":1,\"id\":2,\"type\":3,\"timestamp\":[],\"text\":\"x\"}]"};
    for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
        parse_change("messages", odd[i]);
        assert_int_equal(n_events, 1);
        assert_int_equal(events[0].kind, RLV_EVENT_UNKNOWN);
        assert_true(events[0].raw.len > 0);
    }
    parse("{\"entry\":[{\"id\":\"1\"},{\"id\":\"2\",\"changes\":[{}]},7]}");
    assert_int_equal(n_events, 3);
    parse("{\"entry\":[]}");
    assert_int_equal(n_events, 0);
}

static void many_become_many_in_order(void **state)
{
    (void)state;
    rlv_buf json = RLV_BUF_INIT(1024 * 1024);
    rlv_buf_printf(&json, "{\"entry\":[");
    for (int i = 0; i < 300; i++)
        rlv_buf_printf(&json,
                       "%s{\"id\":\"1\",\"changes\":[{\"field\":\"messages\",\"value\":{\"metadata\":{"
                       "\"phone_number_id\":\"%d\"},\"messages\":[{\"from\":\"7\",\"id\":\"w%d\",\"type\":"
                       "\"text\"}]}}]}",
                       i ? "," : "", i % 3, i);
    rlv_buf_printf(&json, "]}");
    parse(json.data);
    rlv_buf_free(&json);
    assert_int_equal(n_events, 300);
    for (int i = 0; i < 300; i++) {
        assert_str(events[i].message_id, rlv_arena_printf(arena, "w%d", i));
        assert_str(events[i].phone_number_id, rlv_arena_printf(arena, "%d", i % 3));
    }
}

static void a_nul_becomes_a_replacement_character(void **state)
{
    (void)state;
    const rlv_event *ev = parse_message("\"type\":\"text\",\"text\":{\"body\":\"a\\u0000b\"}");
    assert_str(ev->text, "a\xEF\xBF\xBD"
                         "b");
}

static void what_is_no_webhook_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "{", "[]", "{}", "null", "{\"entry\":{}}", "{\"entry\":[]} x", "{\"entry\":[\"caf\xE9\"]}"};
    rlv_error err = {0};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        n_events = 99;
        assert_int_equal(rlv_webhook_parse(rlv_str_from(bad[i]), arena, &events, &n_events, &err),
                         RLV_E_DECODE);
        assert_int_equal(n_events, 99);
        assert_non_null(strstr(err.message, "webhook"));
    }
}

/* Well-formed JSON is read, whatever its texts and numbers are; what is beside them stays what it is. */
static void what_json_allows_is_read(void **state)
{
    (void)state;
    const rlv_event *m = parse_message("\"type\":\"text\",\"text\":{\"body\":\"a\\ud800b \\udc00\\ud83d\\ude00 \\ud83d\\ud83d\\ude00 \\\\ud800 \\n\\uD800\"}");
    assert_str(m->text, "a\uFFFDb \uFFFD\U0001F600 \uFFFD\U0001F600 \\ud800 \n\uFFFD");
    m = parse_message("\"type\":\"hologram\",\"a\\u0000b\":\"\\udfff\",\"much\":[1e999,-1.5E+999,-99999999999999999999,9223372036854775807,-0,0.5,1e-999,"
                      "\"1e999 \\\" 1e999\"],\"errors\":[{\"code\":131051}]");
    assert_int_equal(m->error_code, 131051);
    assert_non_null(memmem(m->raw.ptr, m->raw.len, "a\uFFFDb", strlen("a\uFFFDb")));
    static const char much[] = "[\"1e999\",\"-1.5E+999\",\"-99999999999999999999\",9223372036854775807,0,0.5,0.0,\"1e999 \\\" 1e999\"]";
    assert_non_null(memmem(m->raw.ptr, m->raw.len, much, strlen(much)));
    static const char *const none[] = {"{\"entry\":[1e999x]}", "{\"entry\":[+1e999]}",    "{\"entry\":[1e999.1]}", "{\"entry\":[99999999999999999999-]}",
                                       "{\"entry\":[1e999",    "{\"entry\":[\"\\ud800]}", "{\"entry\":[\"\\ud8\"]}",  "{\"entry\":[\"\\",
                                       "1e999",               "{\"entry\":[0x1e999]}"};
    rlv_error err;
    for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
        assert_int_equal(rlv_webhook_parse(rlv_str_from(none[i]), arena, &events, &n_events, &err), RLV_E_DECODE);
}

static int parse_repeated(const char *head, const char *piece, int times)
{
    rlv_error err;
    rlv_buf json = RLV_BUF_INIT(8 * 1024 * 1024);
    rlv_buf_str(&json, rlv_str_from(head));
    for (int i = 0; i < times; i++)
        rlv_buf_str(&json, rlv_str_from(piece));
    assert_false(json.failed);
    int rc = rlv_webhook_parse(rlv_buf_view(&json), arena, &events, &n_events, &err);
    rlv_buf_free(&json);
    return rc;
}

static void limits_hold(void **state)
{
    (void)state;
    assert_int_equal(parse_repeated("", "          ", RLV_WEBHOOK_MAX / 10 + 1), RLV_E_LIMIT);
    assert_int_equal(parse_repeated("{\"entry\":", "[", RLV_WEBHOOK_DEPTH), RLV_E_LIMIT);
    assert_int_equal(parse_repeated("{\"entry\":[1", ",1", RLV_WEBHOOK_VALUES), RLV_E_LIMIT);
    assert_int_equal(parse_repeated("{\"entry\":[\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"", "]", 2),
                     RLV_E_DECODE);
    rlv_arena *small = rlv_arena_new(1024);
    rlv_error err;
    rlv_str json = RLV_STR("{\"entry\":[{\"id\":\"1\"},{\"id\":\"2\"},{\"id\":\"3\"}]}");
    assert_int_equal(rlv_webhook_parse(json, small, &events, &n_events, &err), RLV_E_LIMIT);
    assert_int_equal(rlv_event_key(&(rlv_event){.phone_number_id = RLV_STR("1")}, small).len, 2);
    rlv_arena_free(small);
}

/* Cut at every byte: refused or understood, never a crash. */
static void truncations_do_no_harm(void **state)
{
    (void)state;
    (void)parse_message(
        "\"type\":\"interactive\",\"interactive\":{\"type\":\"list_reply\",\"list_reply\":{\"id\":\"r1\"}}");
    static const char whole[] = "{\"entry\":[{\"id\":\"1\",\"changes\":[{\"field\":\"messages\",\"value\":{"
                                "\"metadata\":{\"phone_number_id\":\"1\"},"
                                "\"contacts\":[{\"profile\":{\"name\":\"\\ud83d\\ude00\"},\"wa_id\":\"2\"}],"
                                "\"messages\":[{\"from\":\"2\",\"id\":\"w\","
                                "\"timestamp\":\"1\",\"type\":\"reaction\",\"reaction\":{\"message_id\":"
                                "\"v\",\"emoji\":\"x\"}}]}}]}]}";
    rlv_error err;
    for (size_t n = 0; n < sizeof(whole) - 1; n++)
        assert_int_equal(rlv_webhook_parse((rlv_str){whole, n}, arena, &events, &n_events, &err),
                         RLV_E_DECODE);
    parse(whole);
    assert_int_equal(n_events, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_text),
        T(what_has_no_field_stays_in_raw),
        T(media),
        T(choices),
        T(other_contents),
        T(edits_and_revocations),
        T(identities),
        T(statuses),
        T(echoes),
        T(handovers),
        T(standby),
        T(changed_identities),
        T(groups_and_names),
        T(names_that_are_too_long),
        T(notices_about_no_customer),
        T(nothing_is_lost),
        T(many_become_many_in_order),
        T(a_nul_becomes_a_replacement_character),
        T(what_json_allows_is_read),
        T(what_is_no_webhook_is_refused),
        T(limits_hold),
        T(truncations_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
