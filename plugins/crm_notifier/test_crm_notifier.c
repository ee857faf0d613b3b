/* SPDX-License-Identifier: Apache-2.0 */
/* The CRM notifier through its .so: bodies, mappings of one's own, what is not told, refused options,
   results. */
#include <jansson.h>
#include <string.h>

#include "testkit/testkit.h"

static tk_view *handed_off(tk *kit, const char *trigger)
{
    tk_view *view = tk_message(kit, "mi pedido \"48213\" llegó roto 😡\n¿y ahora?");
    view->view.language = tk_text(kit, "es");
    tk_turn(view, RELEVO_BY_CUSTOMER, "Hola");
    tk_turn(view, RELEVO_BY_SYSTEM, "aviso");
    tk_turn(view, RELEVO_BY_BOT, "¡Hola! ¿En qué te ayudo?");
    tk_slot(view, "order_number", "48213", "wamid.3");
    tk_read(view, "complaint", 0.9)->sentiment = -0.7;
    view->digest.open_question = tk_text(kit, "¿y ahora?");
    tk_tried(view, "envios");
    relevo_handoff *handoff = tk_handoff(view, trigger, 0.83, "llegó roto", "El mensaje es muy negativo.");
    handoff->priority = 7;
    return view;
}

static json_t *body_of(const relevo_answer_effect *effect)
{
    assert_non_null(effect);
    json_t *body = json_loads(effect->body.ptr, 0, NULL);
    assert_non_null(body);
    return body;
}

/* The value at "a.b.c", as compact JSON. */
static void has(const json_t *body, const char *path, const char *expected)
{
    const json_t *at = body;
    char key[64];
    for (const char *p = path; *p != '\0' && at != NULL;) {
        size_t n = strcspn(p, ".");
        snprintf(key, sizeof(key), "%.*s", (int)n, p);
        at = json_object_get(at, key);
        p += n + (p[n] == '.' ? 1 : 0);
    }
    char *text = json_dumps(at, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_non_null(text);
    if (strcmp(text, expected) != 0) {
        fail_msg("%s is %s, not %s", path, text, expected);
    }
    free(text);
}

static void sends_a_sensible_body(void **state)
{
    (void)state;
    tk *kit = tk_open("crm_notifier", "destination", "crm", NULL);
    tk_view *view = handed_off(kit, "upset");
    const tk_answers *answers = tk_run(kit, TK_NOTIFY, &view, 1);
    assert_int_equal(answers->n, 1);
    const relevo_answer_effect *effect = tk_effect(answers, 0);
    assert_string_equal(effect->destination.ptr, "crm");
    assert_string_equal(effect->method.ptr, "POST");
    assert_string_equal(effect->path.ptr, "/");
    assert_string_equal(effect->content_type.ptr, "application/json");
    assert_string_equal(effect->context.ptr,
                        "{\"v\":2,\"step\":0,\"event\":\"handoff\",\"at\":1767225600000,\"kept\":{}}");
    json_t *body = body_of(effect);
    has(body, "event", "\"handoff\"");
    has(body, "conversation_id", "\"0198c0de-0000-7000-8000-000000000001\"");
    has(body, "at", "\"2026-01-01T00:00:00.000Z\"");
    has(body, "customer", "{\"id\":\"5215512345678\",\"name\":\"Lucía Ñandú\",\"language\":\"es\"}");
    has(body, "handoff",
        "{\"trigger\":\"upset\",\"reason\":\"El mensaje es muy negativo.\","
        "\"evidence\":\"llegó roto\",\"score\":0.82999999999999996,\"priority\":7,\"team\":null}");
    has(body, "message.text", "\"mi pedido \\\"48213\\\" llegó roto 😡\\n¿y ahora?\"");
    has(body, "open_question", "\"¿y ahora?\"");
    has(body, "slots", "{\"order_number\":\"48213\"}");
    has(body, "turns",
        "[{\"by\":\"customer\",\"text\":\"Hola\"},"
        "{\"by\":\"bot\",\"text\":\"¡Hola! ¿En qué te ayudo?\"}]");
    json_decref(body);
    assert_non_null(strstr(effect->body.ptr, "\"score\":0.83,")); /* as people read it */
    tk_close(kit);
}

static void fills_a_mapping_of_ones_own(void **state)
{
    (void)state;
    tk *kit = tk_open(
        "crm_notifier", "destination", "hub", "path", "/v2/tickets", "mapping",
        "{\"subject\":\"{{ customer.name }}: {{handoff.reason}}\",\"order\":\"{{slots.order_number}}\","
        "\"none\":\"{{slots.none}}\",\"text\":\"[{{slots.none}}]\",\"tags\":[\"relevo\",\"{{event}}\"],"
        "\"fixed\":{\"n\":5,\"b\":true,\"z\":null},\"score\":\"{{handoff.score}}\",\"mood\":\"mood "
        "{{reading.sentiment}}\",\"why\":\"{{card.why}}\",\"wants\":\"{{card.wants}}\","
        "\"tried\":\"{{card.tried}}\",\"braces\":\"{a} }}\"}",
        NULL);
    tk_view *view = handed_off(kit, "upset");
    const relevo_answer_effect *effect = tk_effect(tk_run(kit, TK_NOTIFY, &view, 1), 0);
    assert_string_equal(effect->path.ptr, "/v2/tickets");
    json_t *body = body_of(effect);
    has(body, "subject", "\"Lucía Ñandú: El mensaje es muy negativo.\"");
    has(body, "order", "\"48213\"");
    has(body, "none", "null");
    has(body, "text", "\"[]\"");
    has(body, "tags", "[\"relevo\",\"handoff\"]");
    has(body, "fixed", "{\"n\":5,\"b\":true,\"z\":null}");
    has(body, "mood", "\"mood -0.7\"");
    has(body, "tried", "[\"envios\"]");
    has(body, "braces", "\"{a} }}\"");
    json_decref(body);
    tk_close(kit);
}

static bool told(const char *events, const char *trigger, const char *context)
{
    tk *kit = tk_open("crm_notifier", "destination", "crm", "events", events, NULL);
    tk_view *view = handed_off(kit, trigger);
    const relevo_answer_effect *effect = tk_effect(tk_run(kit, TK_NOTIFY, &view, 1), 0);
    bool same =
        effect == NULL ? context == NULL : context != NULL && strstr(effect->context.ptr, context) != NULL;
    tk_close(kit);
    return same;
}

static void tells_what_it_was_asked_to(void **state)
{
    (void)state;
    assert_true(told("[\"handoff\"]", "upset", "\"handoff\""));
    assert_true(told("[\"handoff\"]", "lead_ready", "\"handoff\""));
    assert_true(told("[\"handoff\",\"lead\"]", "lead_ready", "\"lead\""));
    assert_true(told("[\"handoff\",\"lead\"]", "upset", "\"handoff\""));
    assert_true(told("lead", "lead_ready", "\"lead\""));
    assert_true(told("lead", "upset", NULL));
    tk *kit = tk_open("crm_notifier", "destination", "crm", NULL);
    tk_view *view = tk_message(kit, "hola"); /* no handoff */
    assert_int_equal(tk_run(kit, TK_NOTIFY, &view, 1)->n, 0);
    tk_close(kit);
}

/* Of a trigger that only tells: a lead, or a tip. */
static const char *told_of(const char *events, const char *trigger, char context[200])
{
    tk *kit = tk_open("crm_notifier", "destination", "crm", "events", events, "mapping",
                      "{\"t\":\"{{handoff.trigger}}\",\"why\":\"{{handoff.reason}}\",\"p\":\"{{handoff.priority}}\",\"card\":\"{{card.all}}\"}", NULL);
    tk_view *view = tk_message(kit, "para 80 personas");
    tk_fired(view, false, "other", 0.3, "x", "Nada.");
    tk_fired(view, false, trigger, 0.8, "80", "Un cliente potencial está listo.");
    ((relevo_fired *)(uintptr_t)view->fired[1])->tells = 1;
    const relevo_answer_card why = {{sizeof(why), RELEVO_ANSWER_CARD}, RELEVO_STR("why"), RELEVO_STR("Listo."), {NULL, 0}};
    const relevo_answer_card data = {{sizeof(data), RELEVO_ANSWER_CARD}, RELEVO_STR("data"), RELEVO_STR("guests: 80"), {NULL, 0}};
    const relevo_answer_card *const card[] = {&why, &data};
    view->view.card = card;
    view->view.n_card = 2;
    const relevo_answer_effect *effect = tk_effect(tk_run(kit, TK_NOTIFY, &view, 1), 0);
    context[0] = '\0';
    if (effect != NULL) {
        snprintf(context, 200, "%s", effect->context.ptr);
        json_t *body = body_of(effect);
        has(body, "why", "\"Un cliente potencial está listo.\"");
        has(body, "p", "null");
        has(body, "card", "\"why: Listo.\\ndata: guests: 80\"");
        json_decref(body);
    }
    tk_close(kit);
    return context;
}

static void tells_of_leads_that_stay_with_the_bot(void **state)
{
    (void)state;
    char context[200];
    assert_non_null(strstr(told_of("[\"lead\"]", "lead_ready", context), "\"lead\""));
    assert_string_equal(told_of("[\"lead\"]", "keyword", context), "");
    assert_non_null(strstr(told_of("[\"lead\",\"tip\"]", "keyword", context), "\"tip\""));
    assert_string_equal(told_of("[\"handoff\",\"closed\"]", "lead_ready", context), "");
}

static void tells_how_it_ended(void **state)
{
    (void)state;
    tk *kit = tk_open("crm_notifier", "destination", "crm", "events", "[\"closed\"]", "mapping",
                      "{\"event\":\"{{event}}\",\"by\":\"{{ending.agent}}\",\"note\":\"{{ending.note}}\",\"outcome\":\"{{card.outcome|handoff.reason}}\","
                      "\"why\":\"{{handoff.reason}}\"}",
                      NULL);
    tk_view *view = tk_message(kit, NULL);
    tk_handoff(view, "upset", 0.83, "llegó roto", "El mensaje es muy negativo."); /* that led to people */
    assert_int_equal(tk_run(kit, TK_NOTIFY, &view, 1)->n, 0);                     /* of which it is to tell nothing */
    const relevo_ending ending = {.size = sizeof(ending),
                                  .agent = tk_text(kit, "lucia"),
                                  .agent_name = tk_text(kit, "Lucía"),
                                  .note = tk_text(kit, "enviado de nuevo")};
    const relevo_answer_card one = {{sizeof(one), RELEVO_ANSWER_CARD}, RELEVO_STR("outcome"), RELEVO_STR("cerrada por Lucía"), {NULL, 0}};
    const relevo_answer_card two = {{sizeof(two), RELEVO_ANSWER_CARD}, RELEVO_STR("outcome"), RELEVO_STR("duración: 12 min"), {NULL, 0}};
    const relevo_answer_card *const card[] = {&one, &two};
    view->view.ending = &ending;
    view->view.card = card;
    view->view.n_card = 2;
    json_t *body = body_of(tk_effect(tk_run(kit, TK_NOTIFY, &view, 1), 0));
    has(body, "event", "\"closed\"");
    has(body, "by", "\"Lucía\"");
    has(body, "note", "\"enviado de nuevo\"");
    has(body, "outcome", "\"cerrada por Lucía\\nduración: 12 min\"");
    has(body, "why", "\"El mensaje es muy negativo.\"");
    json_decref(body);
    tk_close(kit);
}

/* Long and hostile texts: the body stays JSON, characters stay whole, and the host's ceiling is not reached. */
static void survives_long_texts(void **state)
{
    (void)state;
    tk *kit = tk_open("crm_notifier", "destination", "crm", NULL);
    char text[16000] = "a";
    for (size_t i = 1; i + 2 < sizeof(text); i += 2) {
        memcpy(text + i, "ñ", 2);
    }
    tk_view *view = tk_message(kit, text);
    for (int i = 0; i < 20; i++) {
        tk_turn(view, RELEVO_BY_CUSTOMER, text);
    }
    tk_slot(view, text, "\x01\x02\"\\{{event}}", NULL);
    tk_handoff(view, text, 1, text, text);
    const relevo_answer_effect *effect = tk_effect(tk_run(kit, TK_NOTIFY, &view, 1), 0);
    assert_true(effect->body.len < 65536);
    json_decref(body_of(effect));
    tk_run_threads(kit, TK_NOTIFY, &view, 1);
    tk_close(kit);
}

static void refuses(const char *option, const char *value, const char *words)
{
    char error[TK_ERROR_SIZE];
    if (strcmp(option, "destination") == 0) {
        tk_refused(error, "crm_notifier", "destination", value, NULL);
    } else {
        tk_refused(error, "crm_notifier", "destination", "crm", option, value, NULL);
    }
    if (strstr(error, words) == NULL) {
        fail_msg("`%s` does not say `%s`", error, words);
    }
}

static void refuses_bad_options(void **state)
{
    (void)state;
    refuses("destination", "", "`destination` must be the name");
    refuses("path", "tickets", "begin with a /");
    refuses("events", "[\"handoff\",\"sale\"]", "`sale` is not known");
    refuses("events", "[]", "nothing to tell");
    refuses("mapping", "{}", "field: template");
    refuses("mapping", "[1]", "field: template");
    refuses("mapping", "{\"a\":{\"b\":[\"{{custmer.name}}\"]}}",
            "{{custmer.name}} is not known; the nearest is {{customer.name}}");
    refuses("mapping", "{\"a\":\"x {{event\"}", "does not close");
    refuses("mapping", "{\"a\":\"{{slots.}}\"}", "{{slots.}} is not known");
    refuses("mapping", "{\"a\":[[[[[[[[[[[[[[[[[[\"x\"]]]]]]]]]]]]]]]]]]}", "nested deeper");
}

static void results_are_logged(void **state)
{
    (void)state;
    tk *kit = tk_open("crm_notifier", "destination", "crm", NULL);
    tk_view *view = tk_message(kit, NULL);
    const tk_answers *answers = tk_result(kit, view, 204, "v1 handoff", "");
    assert_int_equal(answers->n, 0);
    assert_int_equal(answers->logs[0].level, RELEVO_LOG_DEBUG);
    answers = tk_result(kit, view, 503, "v1 handoff", "<html>secret</html>");
    assert_int_equal(answers->logs[0].level, RELEVO_LOG_WARN);
    assert_non_null(strstr(answers->logs[0].line, "answered 503"));
    assert_null(strstr(answers->logs[0].line, "secret"));
    answers = tk_result(kit, view, 0, "v1 handoff", NULL);
    assert_int_equal(answers->logs[0].level, RELEVO_LOG_WARN);
    assert_non_null(strstr(answers->logs[0].line, "no answer"));
    tk_close(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_a_sensible_body),      cmocka_unit_test(fills_a_mapping_of_ones_own),
        cmocka_unit_test(tells_what_it_was_asked_to), cmocka_unit_test(tells_of_leads_that_stay_with_the_bot),
        cmocka_unit_test(tells_how_it_ended),
        cmocka_unit_test(survives_long_texts),
        cmocka_unit_test(refuses_bad_options),        cmocka_unit_test(results_are_logged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
