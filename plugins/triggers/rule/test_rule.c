/* SPDX-License-Identifier: Apache-2.0 */
/* The rule trigger through its .so: every condition at its edge, how they combine, what is refused. */
#include <string.h>

#include "testkit/testkit.h"

static const relevo_answer_trigger *judge(tk *kit, tk_view *view)
{
    return tk_trigger(tk_run(kit, TK_TRIGGER, &view, 1), 0);
}

static tk *rule(const char *list, const char *conditions)
{
    return tk_open("rule", list, conditions, "reason", "\"Así es.\"", NULL);
}

/* Whether one condition alone holds. */
static bool holds(const char *condition, void (*make)(tk *, tk_view *))
{
    char list[400];
    snprintf(list, sizeof(list), "[%s]", condition);
    tk *kit = rule("all", list);
    tk_view *view = tk_message(kit, "hola");
    if (make != NULL) {
        make(kit, view);
    }
    bool fired = judge(kit, view) != NULL;
    tk_close(kit);
    return fired;
}

static void rich(tk *kit, tk_view *view)
{
    (void)kit;
    tk_slot(view, "total", "1250.50 MXN", "wamid.1");
    tk_slot(view, "grouped", "$5,000 MXN", "wamid.1");
    tk_slot(view, "european", "1.250,50", "wamid.1");
    tk_slot(view, "tier", "gold", "wamid.1");
    tk_slot(view, "note", "muy caro", "wamid.1");
}

static void slots(void **state)
{
    (void)state;
    assert_true(holds("{\"slot\":\"tier\"}", rich));
    assert_false(holds("{\"slot\":\"invoice\"}", rich));
    assert_true(holds("{\"slot\":\"tier\",\"is\":\"gold\"}", rich));
    assert_true(holds("{\"slot\":\"tier\",\"is\":[\"vip\",\"gold\"]}", rich));
    assert_false(holds("{\"slot\":\"tier\",\"is\":[\"vip\"]}", rich));
    assert_true(holds("{\"slot\":\"total\",\"at_least\":1250.5}", rich));
    assert_false(holds("{\"slot\":\"total\",\"at_least\":1250.51}", rich));
    assert_true(holds("{\"slot\":\"total\",\"at_least\":1000,\"at_most\":1250.5}", rich));
    assert_false(holds("{\"slot\":\"total\",\"at_most\":1250}", rich));
    assert_false(holds("{\"slot\":\"note\",\"at_least\":0}", rich)); /* no number in it */
    assert_true(holds("{\"slot\":\"grouped\",\"at_least\":5000,\"at_most\":5000}", rich));
    assert_true(holds("{\"slot\":\"european\",\"at_least\":1250.5,\"at_most\":1250.5}", rich));
}

static void reading(tk *kit, tk_view *view)
{
    tk_read(view, "refund", 0.7)->language = tk_text(kit, "pt");
}

static void audio(tk *kit, tk_view *view)
{
    view->message.type = tk_text(kit, "audio");
    view->message.text = (relevo_str){NULL, 0};
}

static void words_of_the_event(void **state)
{
    (void)state;
    assert_true(holds("{\"type\":[\"image\",\"audio\"]}", audio));
    assert_false(holds("{\"type\":\"text\"}", audio));
    assert_true(holds("{\"type\":\"text\"}", NULL));
    assert_true(holds("{\"intent\":\"refund\",\"confidence\":0.7}", reading));
    assert_false(holds("{\"intent\":\"refund\",\"confidence\":0.71}", reading));
    assert_false(holds("{\"intent\":\"order\"}", reading));
    assert_false(holds("{\"intent\":\"refund\"}", NULL)); /* no classifier */
    assert_true(holds("{\"language\":[\"pt\"]}", reading));
    assert_false(holds("{\"language\":[\"es\"]}", reading));
}

static void counted(tk *kit, tk_view *view)
{
    (void)kit;
    view->digest.messages = 10;
    view->digest.misses = 2;
    view->digest.repeats = 1;
    tk_turn(view, RELEVO_BY_BOT, "No tengo esa respuesta.");
    tk_turn(view, RELEVO_BY_CUSTOMER, "No tengo esa respuesta.");
    tk_turn(view, RELEVO_BY_BOT, "Abrimos a las 9.");
    tk_turn(view, RELEVO_BY_BOT, "No tengo esa respuesta.");
}

static void counts(void **state)
{
    (void)state;
    assert_true(holds("{\"messages\":10}", counted));
    assert_false(holds("{\"messages\":11}", counted));
    assert_true(holds("{\"misses\":2}", counted));
    assert_false(holds("{\"misses\":3}", counted));
    assert_true(holds("{\"repeats\":1}", counted));
    assert_false(holds("{\"repeats\":2}", counted));
    assert_true(holds("{\"bot_repeats\":2}", counted));
    assert_false(holds("{\"bot_repeats\":3}", counted)); /* the customer's echo does not count */
    assert_false(holds("{\"bot_repeats\":1}", NULL));    /* it has said nothing yet */
}

static void customers(void **state)
{
    (void)state;
    tk *kit = rule("any", "[{\"customer\":[\"1\",\"34600111222\"]}]");
    tk_view *view = tk_message(kit, "hola");
    assert_null(judge(kit, view));
    view->view.customer_id = tk_text(kit, "34600111222");
    assert_non_null(judge(kit, view));
    tk_close(kit);
}

static void marked(tk *kit, tk_view *view)
{
    static relevo_str tags[2];
    tags[0] = tk_text(kit, "mayorista");
    tags[1] = tk_text(kit, "vip");
    view->view.tags = tags;
    view->view.n_tags = 2;
}

static void tags(void **state)
{
    (void)state;
    assert_true(holds("{\"tag\":\"vip\"}", marked));
    assert_true(holds("{\"tag\":[\"moroso\",\"VIP\"]}", marked)); /* as agents see them, or as they are kept */
    assert_false(holds("{\"tag\":\"vi\"}", marked));
    assert_false(holds("{\"tag\":\"vips\"}", marked));
    assert_false(holds("{\"tag\":\"vip\"}", NULL));
}

static void silence(void **state)
{
    (void)state;
    tk *kit = rule("all", "[{\"silence\":true},{\"slot\":\"total\",\"at_least\":1000}]");
    tk_view *view = tk_message(kit, NULL);
    tk_turn(view, RELEVO_BY_CUSTOMER, "son 80 cajas");
    tk_turn(view, RELEVO_BY_BOT, "¿A qué ciudad?");
    assert_null(judge(kit, view));
    tk_slot(view, "total", "2000", "wamid.1");
    assert_string_equal(judge(kit, view)->evidence.ptr, "son 80 cajas");
    tk_view *written = tk_message(kit, "a Lima");
    tk_slot(written, "total", "2000", "wamid.1");
    assert_null(judge(kit, written));
    tk_close(kit);
    kit = rule("all", "[{\"slot\":\"total\"}]"); /* about messages: nobody wrote */
    view = tk_message(kit, NULL);
    tk_slot(view, "total", "2000", "wamid.1");
    assert_null(judge(kit, view));
    tk_close(kit);
    kit = tk_open("rule", "any", "[{\"silence\":true},{\"type\":\"audio\"}]", "none", "[{\"type\":\"text\"}]", "reason", "\"x\"", NULL);
    view = tk_message(kit, NULL);
    assert_non_null(judge(kit, view));
    tk_close(kit);
}

/* What came back, of the plugin "orders", with this status. */
static tk_view *came_back(tk *kit, uint32_t status)
{
    static relevo_result result;
    tk_view *view = tk_message(kit, NULL);
    result = (relevo_result){.size = sizeof(result), .status = status};
    tk_turn(view, RELEVO_BY_CUSTOMER, "¿dónde está mi pedido?");
    view->view.result = &result;
    view->view.result_of = tk_text(kit, "orders");
    return view;
}

static void results(void **state)
{
    (void)state;
    tk *kit = rule("all", "[{\"result\":\"orders\"},{\"slot\":\"order_state\",\"is\":\"lost\"}]");
    tk_view *view = came_back(kit, 200);
    assert_null(judge(kit, view)); /* it is not lost */
    tk_slot(view, "order_state", "lost", "wamid.1");
    assert_string_equal(judge(kit, view)->evidence.ptr, "¿dónde está mi pedido?");
    view->view.result_of = tk_text(kit, "crm");
    assert_null(judge(kit, view));
    view = tk_message(kit, "hola"); /* whoever writes later is no news of the parcel */
    tk_slot(view, "order_state", "lost", "wamid.1");
    assert_null(judge(kit, view));
    view = tk_message(kit, NULL); /* a silence */
    tk_slot(view, "order_state", "lost", "wamid.1");
    assert_null(judge(kit, view));
    tk_close(kit);
    kit = rule("any", "[{\"result\":[\"crm\",\"orders\"],\"at_most\":0},{\"result\":\"orders\",\"at_least\":400,\"at_most\":499}]");
    static const struct {
        uint32_t status;
        bool fires;
    } rows[] = {{0, true}, {200, false}, {399, false}, {400, true}, {499, true}, {500, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(judge(kit, came_back(kit, rows[i].status)) != NULL, rows[i].fires);
    }
    tk_close(kit);
    kit = rule("all", "[{\"silence\":true}]"); /* a result is no silence, */
    assert_null(judge(kit, came_back(kit, 200)));
    tk_close(kit);
    kit = rule("all", "[{\"slot\":\"total\"}]"); /* and no message */
    view = came_back(kit, 200);
    tk_slot(view, "total", "2000", "wamid.1");
    assert_null(judge(kit, view));
    tk_close(kit);
}

static void lists_combine(void **state)
{
    (void)state;
    tk *kit = tk_open("rule", "all", "[{\"slot\":\"a\"}]", "any", "[{\"slot\":\"b\"},{\"slot\":\"c\"}]", "none",
                      "[{\"slot\":\"d\"}]", "score", "0.6", "reason",
                      "{\"en\":\"A large order.\",\"pt\":\"Um pedido grande.\"}", NULL);
    tk_view *view = tk_message(kit, "son 300 cafés");
    tk_slot(view, "a", "1", "wamid.1");
    assert_null(judge(kit, view));
    tk_slot(view, "c", "1", "wamid.1");
    const relevo_answer_trigger *fired = judge(kit, view);
    assert_non_null(fired);
    tk_assert_near(fired->score, 0.6);
    assert_string_equal(fired->evidence.ptr, "son 300 cafés");
    assert_string_equal(fired->reason.ptr, "A large order."); /* the first, where there is none of the language */
    view->view.language = tk_text(kit, "pt-BR");
    assert_string_equal(judge(kit, view)->reason.ptr, "Um pedido grande.");
    tk_slot(view, "d", "1", "wamid.1");
    assert_null(judge(kit, view));
    tk_close(kit);
}

static void a_message_without_text_is_shown_by_its_kind(void **state)
{
    (void)state;
    tk *kit = rule("all", "[{\"type\":\"audio\"}]");
    tk_view *view = tk_message(kit, "");
    audio(kit, view);
    assert_string_equal(judge(kit, view)->evidence.ptr, "audio");
    tk_close(kit);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *conditions, *error;
    } rows[] = {
        {"[]", "would always fire"},
        {"{\"slot\":\"x\"}", "`all` must be a list"},
        {"[\"x\"]", "`all` entry 1: must be a mapping"},
        {"[{\"slot\":\"x\"},{\"colour\":\"x\"}]", "`all` entry 2: must be about one of slot, type"},
        {"[{\"slot\":\"x\",\"misses\":2}]", "entry 1: it is about two things"},
        {"[{\"misses\":2,\"at_least\":3}]", "`at_least` does not belong beside `misses`"},
        {"[{\"misses\":0}]", "`misses` must be a whole number from 1 to 1000"},
        {"[{\"slot\":\"x\",\"is\":5}]", "`is` must be a text or a list of 1 to 32 texts (numbers in quotes)"},
        {"[{\"slot\":\"x\",\"at_least\":\"5\"}]", "`at_least` must be a number"},
        {"[{\"slot\":\"x\",\"is\":\"5\",\"at_least\":5}]", "write two conditions"},
        {"[{\"intent\":[]}]", "`intent` must be a text or a list"},
        {"[{\"silence\":\"10m\"}]", "`silence` must be true"},
        {"[{\"silence\":true,\"at_least\":3}]", "`at_least` does not belong beside `silence`"},
        {"[{\"result\":true}]", "`result` must be a text or a list"},
        {"[{\"result\":\"x\",\"is\":\"y\"}]", "`is` does not belong beside `result`"},
        {"[{\"slot\":7}]", "`slot` must be the name of a slot"},
    };
    char error[TK_ERROR_SIZE];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tk_refused(error, "rule", "all", rows[i].conditions, "reason", "\"x\"", NULL);
        if (strstr(error, rows[i].error) == NULL) {
            fail_msg("%s: \"%s\" instead of \"%s\"", rows[i].conditions, error, rows[i].error);
        }
    }
    tk_refused(error, "rule", "all", "[{\"slot\":\"x\"}]", "reason", "{\"fr\":\"x\"}", NULL);
    assert_non_null(strstr(error, "`reason` must be a sentence"));
    tk_refused(error, "rule", "all", "[{\"slot\":\"x\"}]", "reason", "\"\"", NULL);
    assert_non_null(strstr(error, "`reason` must be a sentence"));
}

static void tells_of_its_intents(void **state)
{
    (void)state;
    char told[TK_SHOWN_SIZE];
    tk *kit = tk_open("rule", "all", "[{\"intent\":[\"refund\",\"order\"]},{\"slot\":\"total\",\"is\":\"x\"}]", "none", "[{\"intent\":\"greeting\"},{\"result\":\"orders\"}]",
                      "reason", "\"Así es.\"", NULL);
    tk_intents(kit, told);
    assert_string_equal(told, "awaits refund\nawaits order\nawaits greeting\nhears orders\n");
    tk_close(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots),
        cmocka_unit_test(words_of_the_event),
        cmocka_unit_test(counts),
        cmocka_unit_test(customers),
        cmocka_unit_test(tags),
        cmocka_unit_test(silence),
        cmocka_unit_test(results),
        cmocka_unit_test(lists_combine),
        cmocka_unit_test(a_message_without_text_is_shown_by_its_kind),
        cmocka_unit_test(tells_of_its_intents),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
