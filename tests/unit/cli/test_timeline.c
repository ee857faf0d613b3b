/* SPDX-License-Identifier: Apache-2.0 */
/* The timeline's words, and that nothing a customer writes steers the terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>
#include <time.h>

#include "cli/timeline.h"

static char shown[16384];

/* Renders decisions (JSON without the head) of one conversation at 12:00:00 UTC. */
static const char *render_with(rlv_timeline *t, const char *const *bodies, size_t n)
{
    rlv_buf out = RLV_BUF_INIT(sizeof(shown) - 1);
    for (size_t i = 0; i < n; i++) {
        char text[4096];
        (void)snprintf(
            text, sizeof(text),
            "{\"conversation_id\":\"c1\",\"customer_id\":\"5215550001\",\"phone_number_id\":\"100\","
            "\"at\":1700049600000,\"owner\":\"bot\",\"epoch\":2,%s}",
            bodies[i]);
        json_error_t why;
        json_t *d = json_loads(text, 0, &why);
        if (!d)
            fail_msg("%s in %s", why.text, text);
        rlv_timeline_render(t, d, &out);
        json_decref(d);
    }
    assert_false(out.failed);
    (void)snprintf(shown, sizeof(shown), "%.*s", RLV_STR_ARG(rlv_buf_view(&out)));
    rlv_buf_free(&out);
    return shown;
}

static const char *render(const char *body)
{
    rlv_timeline t = {.columns = 80, .conversation = "c1"};
    const char *text = render_with(&t, &body, 1);
    rlv_timeline_end(&t);
    return text;
}

static int in_utc(void **state)
{
    (void)state;
    (void)setenv("TZ", "UTC", 1);
    tzset();
    return 0;
}

static void words(void **state)
{
    (void)state;
    static const struct {
        const char *body, *lines;
    } cases[] = {
        {"\"kind\":\"received\",\"event\":\"message\",\"message\":{\"type\":\"text\",\"text\":\"Hola\"}",
         "12:00:00  customer      Hola\n"},
        {"\"kind\":\"received\",\"event\":\"message\",\"message\":{\"type\":\"image\",\"text\":\"mi "
         "recibo\"}",
         "12:00:00  customer      [image] mi recibo\n"},
        {"\"kind\":\"received\",\"event\":\"message\",\"message\":{\"type\":\"audio\"}",
         "12:00:00  customer      [audio]\n"},
        {"\"kind\":\"received\",\"event\":\"echo\",\"message\":{\"type\":\"text\",\"text\":\"yo sigo\"}",
         "12:00:00  agent         yo sigo\n                        written on the business's own phone\n"},
        {"\"kind\":\"received\",\"event\":\"error\",\"message\":{\"error_code\":131047,\"error_title\":\"Re-"
         "engagement\"}",
         "12:00:00  system        WhatsApp reports error 131047: Re-engagement\n"},
        {"\"kind\":\"received\",\"event\":\"handover\"",
         "12:00:00  system        Meta passed the conversation on\n"},
        {"\"kind\":\"received\",\"event\":\"timer\"", ""},
        {"\"kind\":\"received\",\"event\":\"command\",\"message\":{\"type\":\"interactive\",\"reply_id\":\"flow:catering\"}",
         "12:00:00  system        a follow-up: the bot begins flow:catering\n"},
        {"\"kind\":\"received\",\"event\":\"timer\",\"message\":{\"type\":\"silence\"}",
         "12:00:00  system        the customer says nothing\n"},
        {"\"kind\":\"status\",\"status\":{\"status\":\"read\"}", "                        WhatsApp: read\n"},
        {"\"kind\":\"status\",\"status\":{\"status\":\"failed\",\"error_code\":131026}",
         "                        WhatsApp: not delivered: error 131026\n"},
        {"\"kind\":\"received\",\"event\":\"result\",\"message\":{\"error_title\":\"timed out\"}",
         "                        an effect got no answer: timed out\n"},
        {"\"kind\":\"received\",\"event\":\"result\"", "                        an effect got its answer\n"},
        {"\"kind\":\"undelivered\",\"status\":{\"status\":\"failed\",\"error_title\":\"window\"}",
         "                        not delivered: window\n"},
        {"\"kind\":\"duplicate\"", "                        WhatsApp sent it again: nothing follows\n"},
        {"\"kind\":\"classified\",\"reading\":{\"language\":\"es\",\"intent\":\"price\",\"confidence\":0.93,"
         "\"sentiment\":-0.1,\"anger\":0.1,\"wants_person\":0.95,\"out_of_scope\":0}",
         "                        classified as price (0.93), es, sentiment -0.10, asks\n"
         "                        for a person 0.95\n"},
        {"\"kind\":\"triggered\",\"trigger\":{\"trigger\":\"keyword\",\"score\":1,\"threshold\":0.5,"
         "\"observed\":false,"
         "\"chosen\":true,\"evidence\":\"asesor\",\"reason\":\"asks for a person\"}",
         "                        trigger keyword fired: 1.00, needs 0.50; asks for a\n"
         "                        person «asesor»\n"},
        {"\"kind\":\"triggered\",\"trigger\":{\"trigger\":\"mood\",\"score\":0.7,\"threshold\":0.6,"
         "\"observed\":true,"
         "\"chosen\":false}",
         "                        trigger mood was only observed: 0.70, needs 0.60\n"},
        {"\"kind\":\"replied\",\"said\":{\"text\":\"Cuesta 10\",\"source\":\"precios\",\"confidence\":0.81}",
         "12:00:00  bot           Cuesta 10\n                        from precios (0.81)\n"},
        {"\"kind\":\"replied\",\"said\":{\"text\":\"¿Seguimos?\",\"extras\":{\"asks\":true,\"choices\":[{\"id\":\"a\","
         "\"title\":\"Sí\"},{\"id\":\"b\",\"title\":\"No\"}],\"media_kind\":\"image\",\"media_url\":\"https://x.y/z\"}}",
         "12:00:00  bot           ¿Seguimos?\n                        buttons: [Sí] [No]\n"
         "                        image: https://x.y/z\n"},
        {"\"kind\":\"replied\",\"said\":{\"text\":\"Un momento\",\"source\":\"notice.handoff\"}",
         "12:00:00  system        Un momento\n"},
        {"\"kind\":\"answered\",\"said\":{\"text\":\"Hola, soy Ana\",\"agent_id\":\"ana\"}",
         "12:00:00  ana           Hola, soy Ana\n"},
        {"\"kind\":\"noted\",\"said\":{\"text\":\"VIP\",\"agent_id\":\"ana\"}",
         "12:00:00  ana           VIP\n                        a private note\n"},
        {"\"kind\":\"slot_filled\",\"slot\":{\"name\":\"order\",\"value\":\"A-7\"}",
         "                        collected: order = A-7\n"},
        {"\"kind\":\"handed_off\",\"team\":\"ventas\",\"change\":{\"from\":\"bot\",\"cause\":\"trigger\","
         "\"trigger\":\"keyword\",\"reason\":\"asks\",\"evidence\":\"asesor\",\"route\":{\"priority\":7,"
         "\"language\":\"es\"}}",
         "12:00:00  system        owner: bot → bot, team ventas (handed off, epoch 2)\n"
         "                        cause: trigger keyword\n"
         "                        needs: priority 7, speaks es\n"},
        {"\"kind\":\"taken_over\",\"agent_id\":\"ana\",\"change\":{\"from\":\"queued\",\"cause\":\"desktop\","
         "\"by\":\"ana\"}",
         "12:00:00  system        owner: queued → bot ana (taken over, epoch 2)\n"
         "                        cause: desktop, by ana\n"},
        {"\"kind\":\"classified\",\"reading\":{\"sentiment\":0.01,\"out_of_scope\":0.9}",
         "                        classified as nothing known, sentiment neutral, out of\n"
         "                        scope 0.90\n"},
        {"\"kind\":\"handed_off\",\"change\":{\"from\":\"bot\",\"cause\":\"failure\",\"reason\":\"no "
         "answer\"}",
         "12:00:00  system        owner: bot → bot (handed off, epoch 2)\n"
         "                        cause: failure; no answer\n"},
        {"\"kind\":\"summarized\",\"card\":{\"fields\":[{\"name\":\"why\",\"text\":\"asks\"},"
         "{\"name\":\"open_question\",\"text\":\"¿Cuándo llega?\"}]}",
         "12:00:00  card          what the agent reads:\n"
         "                          why             asks\n"
         "                          open question   ¿Cuándo llega?\n"},
        {"\"kind\":\"notified\",\"effect\":{\"plugin\":\"crm_notifier\",\"destination\":\"crm\",\"method\":"
         "\"POST\","
         "\"path\":\"/tickets\"}",
         "                        effect: POST /tickets at crm, asked for by crm_notifier\n"},
        {"\"kind\":\"failed\",\"failure\":{\"plugin\":\"x\",\"phase\":\"respond\",\"reason\":\"timed out\"}",
         "                        plugin x gave no answer in respond: timed out\n"},
        {"\"kind\":\"ignored\",\"failure\":{\"reason\":\"too late\"}",
         "                        ignored: too late\n"},
        {"\"kind\":\"suppressed\"",
         "                        not sent: a person had taken over\n"},
        {"\"kind\":\"other\"", ""},
    };
    int wrong = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (strcmp(render(cases[i].body), cases[i].lines) != 0) {
            print_error("--- %s\n--- was expected to show\n%s--- and showed\n%s", cases[i].body,
                        cases[i].lines, shown);
            wrong++;
        }
    assert_int_equal(wrong, 0);
}

static void wrapping(void **state)
{
    (void)state;
    rlv_timeline t = {.columns = 40, .conversation = "c1"};
    const char *body = "\"kind\":\"received\",\"event\":\"message\",\"message\":{\"text\":"
                       "\"uno dos tres cuatro cinco\\nseis ñandúñandúñandúñandúñandú\"}";
    assert_string_equal(render_with(&t, &body, 1), "12:00:00  customer      uno dos tres\n"
                                                   "                        cuatro cinco\n"
                                                   "                        seis\n"
                                                   "                        ñandúñandúñandúñandúñandú\n");
    rlv_timeline_end(&t);
}

static void control_characters(void **state)
{
    (void)state;
    const char *lines = render("\"kind\":\"received\",\"event\":\"message\",\"message\":{\"text\":"
                               "\"a\\u001b[31mb\\u0007c\\rd\\u009be\\u007f\"}");
    assert_string_equal(lines, "12:00:00  customer      a [31mb c d  e\n");
}

static void titles(void **state)
{
    (void)state;
    rlv_timeline t = {.columns = 100};
    const char *const bodies[] = {
        "\"kind\":\"received\",\"event\":\"message\",\"message\":{\"text\":\"a\",\"customer_name\":"
        "\"Lucía\"}",
        "\"kind\":\"received\",\"event\":\"message\",\"message\":{\"text\":\"b\"}",
    };
    assert_string_equal(render_with(&t, bodies, 2), "Lucía, 5215550001 with 100, conversation c1\n"
                                                    "12:00:00  customer      a\n"
                                                    "12:00:00  customer      b\n");
    rlv_timeline_end(&t);
}

static void colours(void **state)
{
    (void)state;
    rlv_timeline t = {.colour = true, .columns = 80, .conversation = "c1"};
    const char *body = "\"kind\":\"ignored\",\"failure\":{\"reason\":\"late\"}";
    assert_string_equal(render_with(&t, &body, 1), "\033[2m                        ignored: late\033[0m\n");
    rlv_timeline_end(&t);
}

#define MESSAGE_ID "0198a2b0-0000-7000-8000-000000000001"
#define STATUS(word)                                                                                         \
    "\"kind\":\"status\",\"status\":{\"status\":\"" word "\",\"callback_data\":\"" MESSAGE_ID "/0\"}"

/* What is known of a message's way stands below it; what comes later names it. */
static void deliveries(void **state)
{
    (void)state;
    const char *const bodies[] = {
        "\"id\":\"" MESSAGE_ID "\",\"kind\":\"replied\",\"said\":{\"text\":\"Hola\",\"source\":\"notice.x\"}",
        STATUS("delivered"), STATUS("read"), STATUS("sent")};
    rlv_timeline live = {.columns = 80, .conversation = "c1"};
    assert_string_equal(render_with(&live, bodies, 3), "12:00:00  system        Hola\n"
                                                       "                        WhatsApp: delivered: «Hola»\n"
                                                       "                        WhatsApp: read: «Hola»\n");
    rlv_timeline_end(&live);
    rlv_timeline known = {.columns = 80, .conversation = "c1"};
    for (size_t i = 1; i < 4; i++) {
        char text[300];
        (void)snprintf(text, sizeof(text), "{%s}", bodies[i]);
        json_t *d = json_loads(text, 0, NULL);
        assert_non_null(d);
        rlv_timeline_foresee(&known, d);
        json_decref(d);
    }
    assert_string_equal(render_with(&known, bodies, 4), "12:00:00  system        Hola\n"
                                                        "                        WhatsApp: read\n");
    rlv_timeline_end(&known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words),  cmocka_unit_test(wrapping), cmocka_unit_test(control_characters),
        cmocka_unit_test(titles), cmocka_unit_test(colours),  cmocka_unit_test(deliveries),
    };
    return cmocka_run_group_tests(tests, in_utc, NULL);
}
