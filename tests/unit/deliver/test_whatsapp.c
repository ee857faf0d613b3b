/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as the Cloud API wants them, and its answers as verdicts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "deliver/whatsapp.h"

static rlv_arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = rlv_arena_new((size_t)4 << 20);
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    rlv_arena_free(arena);
    return 0;
}

static rlv_outbound message(const char *type, const char *text, const char *content)
{
    return (rlv_outbound){.id = {{1, 2, 3}},
                          .phone_number_id = RLV_STR("555"),
                          .wa_id = RLV_STR("34600"),
                          .user_id = RLV_STR("ES.1"),
                          .author = RLV_AUTHOR_BOT,
                          .type = rlv_str_from(type),
                          .text = rlv_str_from(text),
                          .content = rlv_str_from(content)};
}

static size_t bodies(const rlv_outbound *m, rlv_str **list)
{
    size_t n = 0;
    rlv_error err;
    if (rlv_whatsapp_bodies(m, arena, list, &n, &err) != RLV_OK)
        fail_msg("%s", err.message);
    return n;
}

static const char *body(const rlv_outbound *m)
{
    rlv_str *list;
    assert_int_equal(bodies(m, &list), 1);
    return list[0].ptr;
}

static void refused(const char *type, const char *content, const char *words)
{
    rlv_outbound m = message(type, NULL, content);
    rlv_str *list;
    size_t n;
    rlv_error err;
    assert_int_equal(rlv_whatsapp_bodies(&m, arena, &list, &n, &err), RLV_E_INVALID);
    if (!strstr(err.message, words))
        fail_msg("%s", err.message);
}

static void test_a_text(void **state)
{
    (void)state;
    rlv_outbound m = message("text", "Hola \"tú\"", NULL);
    assert_string_equal(
        body(&m), "{\"messaging_product\":\"whatsapp\",\"recipient_type\":\"individual\",\"to\":\"34600\","
                  "\"type\":\"text\",\"biz_opaque_callback_data\":\"01020300-0000-0000-0000-000000000000/0\","
                  "\"text\":{\"preview_url\":false,\"body\":\"Hola \\\"tú\\\"\"}}");
    m.wa_id = (rlv_str){NULL, 0};
    m.context_id = RLV_STR("wamid.7");
    assert_non_null(strstr(body(&m), "\"recipient\":\"ES.1\""));
    assert_null(strstr(body(&m), "\"to\""));
    assert_non_null(strstr(body(&m), "\"context\":{\"message_id\":\"wamid.7\"}"));
    assert_false(rlv_whatsapp_anytime(&m));
}

static size_t characters(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

/* Every part within the limit, nothing lost but spaces, and cut at sentences. */
static void test_long_texts(void **state)
{
    (void)state;
    static char text[200000];
    size_t len = 0;
    for (int i = 0; i < 390; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "Ésta es la oración número %d. ", i);
    rlv_outbound m = message("text", text, NULL);
    rlv_str *list;
    size_t n = bodies(&m, &list), total = 0;
    assert_int_equal(n, 3);
    for (size_t i = 0; i < n; i++) {
        json_t *j = json_loads(list[i].ptr, 0, NULL);
        const char *part = json_string_value(json_object_get(json_object_get(j, "text"), "body"));
        assert_in_range(characters(part), 1, RLV_TEXT_MAX);
        assert_true(strncmp(part, "Ésta", 5) == 0 && part[strlen(part) - 1] == '.');
        total += strlen(part) + 1;
        char data[16];
        (void)snprintf(data, sizeof(data), "/%zu", i);
        assert_non_null(strstr(json_string_value(json_object_get(j, "biz_opaque_callback_data")), data));
        json_decref(j);
    }
    assert_int_equal(total, len);

    memset(text, 'x', 5000); /* nowhere to cut */
    text[5000] = '\0';
    m = message("text", text, NULL);
    assert_int_equal(bodies(&m, &list), 2);
    for (size_t i = 0; i < 10000; i += 2)
        memcpy(text + i, "\xC3\xA9", 2); /* never within a character */
    text[10000] = '\0';
    m = message("text", text, NULL);
    assert_int_equal(bodies(&m, &list), 2);
    json_t *j = json_loads(list[0].ptr, 0, NULL);
    assert_int_equal(characters(json_string_value(json_object_get(json_object_get(j, "text"), "body"))),
                     RLV_TEXT_MAX);
    json_decref(j);

    memset(text, 'x', sizeof(text) - 1);
    m = message("text", text, NULL);
    size_t count;
    rlv_error err;
    assert_int_equal(rlv_whatsapp_bodies(&m, arena, &list, &count, &err), RLV_E_INVALID);
    m = message("text", " \n ", NULL);
    assert_int_equal(rlv_whatsapp_bodies(&m, arena, &list, &count, &err), RLV_E_INVALID);
}

#define BUTTON(title) "{\"type\":\"reply\",\"reply\":{\"id\":\"a\",\"title\":\"" title "\"}}"
#define BUTTONS(list) "{\"type\":\"button\",\"body\":{\"text\":\"¿Sí?\"},\"action\":{\"buttons\":[" list "]}}"

static void test_interactive(void **state)
{
    (void)state;
    rlv_outbound m = message("interactive", NULL, BUTTONS(BUTTON("Sí") "," BUTTON("No")));
    assert_non_null(strstr(body(&m), "\"type\":\"interactive\""));
    assert_non_null(strstr(body(&m), "\"interactive\":{\"type\":\"button\""));
    m = message("interactive", NULL,
                "{\"type\":\"list\",\"body\":{\"text\":\"Elige\"},\"action\":{\"button\":\"Ver\","
                "\"sections\":[{\"rows\":[{\"id\":\"1\","
                "\"title\":\"Uno\"}]}]}}");
    (void)body(&m);
    refused("interactive", BUTTONS(""), "0 buttons");
    refused("interactive", BUTTONS(BUTTON("a") "," BUTTON("b") "," BUTTON("c") "," BUTTON("d")), "4 buttons");
    refused("interactive", BUTTONS(BUTTON("un título de más de veinte")),
            "button's title is longer than the 20");
    refused("interactive", "{\"type\":\"button\",\"action\":{}}", "body is missing");
    refused("interactive",
            "{\"type\":\"list\",\"body\":{\"text\":\"x\"},\"action\":{\"button\":\"Ver\",\"sections\":[]}}",
            "0 rows");
    refused("interactive", "{", "no JSON");
}

static void test_other_types(void **state)
{
    (void)state;
    rlv_outbound m = message("image", NULL, "{\"link\":\"https://a/b.png\",\"caption\":\"Mapa\"}");
    assert_non_null(strstr(body(&m), "\"image\":{\"link\":"));
    refused("image", "{}", "exactly one");
    refused("image", "{\"link\":\"x\",\"id\":\"y\"}", "exactly one");
    m = message("template", NULL, "{\"name\":\"hola\",\"language\":{\"code\":\"es\"}}");
    assert_true(rlv_whatsapp_anytime(&m));
    (void)body(&m);
    refused("template", "{\"name\":\"hola\"}", "language");
    m = message("reaction", NULL, "{\"message_id\":\"wamid.1\",\"emoji\":\"👍\"}");
    (void)body(&m);
    refused("reaction", "{\"emoji\":\"x\"}", "to react to");
    m = message("read", NULL, NULL);
    m.context_id = RLV_STR("wamid.1");
    assert_string_equal(body(&m),
                        "{\"messaging_product\":\"whatsapp\",\"status\":\"read\",\"message_id\":\"wamid.1\","
                        "\"typing_indicator\":{\"type\":\"text\"}}");
    assert_true(rlv_whatsapp_is_receipt(&m));
    assert_false(rlv_whatsapp_anytime(&m));
    refused("hologram", "{}", "hologram");
}

static rlv_verdict judge(int status, bool sent, const char *text)
{
    const rlv_http_answer a = {
        .status = status, .sent = sent, .body = rlv_str_from(text), .retry_after_ms = -1, .error = "why"};
    return rlv_whatsapp_judge(&a, arena);
}

static enum rlv_verdict_kind of_code(int status, int code)
{
    char text[200];
    (void)snprintf(text, sizeof(text),
                   "{\"error\":{\"message\":\"m\",\"code\":%d,\"error_data\":{\"details\":\"d\"},\"fbtrace_id\":\"A\"}}", code);
    rlv_verdict v = judge(status, true, text);
    assert_int_equal(v.code, code);
    assert_non_null(strstr(v.reason, ": d"));
    assert_true(v.quotes);
    return v.kind;
}

static void test_verdicts(void **state)
{
    (void)state;
    rlv_verdict v = judge(200, true, "{\"messages\":[{\"id\":\"wamid.X\"}]}");
    assert_int_equal(v.kind, RLV_VERDICT_ACCEPTED);
    assert_true(rlv_str_is(v.message_id, "wamid.X"));
    assert_int_equal(judge(200, true, "{\"success\":true}").kind, RLV_VERDICT_ACCEPTED);

    static const int later[] = {1,      2,      4,      80007,  130429, 131000,
                                131016, 131048, 131056, 131057, 131064, 133004};
    for (size_t i = 0; i < sizeof(later) / sizeof(*later); i++) {
        assert_int_equal(of_code(400, later[i]), RLV_VERDICT_RETRY);
        assert_int_equal(of_code(500, later[i]), RLV_VERDICT_RETRY);
    }
    static const int never[] = {0,      3,      10,     100,    190,    200,    299,    368,
                                130497, 131008, 131009, 131021, 131026, 131031, 131047, 131049,
                                131050, 131051, 131052, 131053, 131062, 132000, 132015};
    for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
        assert_int_equal(of_code(400, never[i]), RLV_VERDICT_FAILED);
    assert_int_equal(of_code(503, 999999), RLV_VERDICT_RETRY); /* undocumented: the status tells */

    /* What may have been sent is not sent again. */
    assert_int_equal(judge(0, true, NULL).kind, RLV_VERDICT_UNKNOWN);
    assert_int_equal(judge(0, false, NULL).kind, RLV_VERDICT_RETRY);
    assert_int_equal(judge(502, true, "<html>").kind, RLV_VERDICT_UNKNOWN);
    static const char *const between[] = {"{\"error\":{\"message\":\"upstream timeout\"}}", "{\"error\":{\"code\":\"131000\"}}",
                                          "{\"error\":{\"code\":-1,\"fbtrace_id\":\"A\"}}",
                                          "{\"error\":{\"code\":4294967297,\"fbtrace_id\":\"A\"}}",
                                          "{\"error\":{\"code\":502}}", /* a load balancer's words */
                                          "{\"error\":{\"code\":503,\"message\":\"upstream\",\"status\":\"UNAVAILABLE\"}}",
                                          "{\"error\":{\"code\":131000,\"type\":\"x\",\"fbtrace_id\":7}}",
                                          "{\"error\":\"upstream timeout\"}"};
    for (size_t i = 0; i < sizeof(between) / sizeof(*between); i++) {
        assert_int_equal(judge(502, true, between[i]).kind, RLV_VERDICT_UNKNOWN);
        assert_int_equal(judge(504, true, between[i]).kind, RLV_VERDICT_UNKNOWN);
        assert_int_equal(judge(400, true, between[i]).kind, RLV_VERDICT_FAILED);
        assert_false(judge(504, true, between[i]).quotes);
    }
    assert_int_equal(judge(200, true, "{}").kind, RLV_VERDICT_UNKNOWN);
    assert_int_equal(judge(200, true, "<html>").kind, RLV_VERDICT_UNKNOWN);
    assert_int_equal(judge(302, true, "").kind, RLV_VERDICT_UNKNOWN);
    assert_int_equal(judge(404, true, "<html>").kind, RLV_VERDICT_FAILED);
    assert_int_equal(judge(429, true, "<html>").kind, RLV_VERDICT_RETRY);
    assert_true(judge(502, true, "").down && judge(0, true, NULL).down && !judge(404, true, "").down);

    rlv_http_answer a = {.status = 429,
                         .sent = true,
                         .body = RLV_STR("{\"error\":{\"code\":131056,\"fbtrace_id\":\"A\"}}"),
                         .retry_after_ms = 9000};
    assert_int_equal(rlv_whatsapp_judge(&a, arena).wait_ms, 9000);
    a.retry_after_ms = 10;
    assert_int_equal(rlv_whatsapp_judge(&a, arena).wait_ms, 6000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interactive, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_types, setup, teardown),
        cmocka_unit_test_setup_teardown(test_verdicts, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
