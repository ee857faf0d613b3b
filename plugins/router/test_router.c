/* SPDX-License-Identifier: Apache-2.0 */
/* The router through its .so: which rule wins, what it asks for, and the rules that it refuses. */
#include <string.h>

#include "testkit/testkit.h"

#define ROUTES                                                                                               \
    "[{\"when\":{\"trigger\":[\"legal\"]},\"team\":\"legal\",\"priority\":9,\"agent\":\"marta\"},"           \
    "{\"when\":{\"intent\":\"refund\",\"language\":[\"pt\",\"en\"]},\"team\":\"refunds\","                   \
    "\"language\":\"customer\",\"skills\":[\"refunds\",\"cards\"]},"                                         \
    "{\"when\":{\"slot\":{\"city\":\"Córdoba\",\"tier\":\"gold\"}},\"team\":\"vip\",\"rank\":\"longest_"    \
    "idle\"},"                                                                                               \
    "{\"when\":{\"intent\":[\"refund\"]},\"team\":\"support\",\"language\":\"es\"}]"
#define DEFAULT "{\"team\":\"front\",\"skills\":\"general\"}"

static tk_view *handed_off(tk *kit, const char *trigger, const char *intent, const char *language)
{
    tk_view *view = tk_message(kit, "quiero mi dinero");
    tk_read(view, intent, 0.9);
    view->view.language = tk_text(kit, language);
    tk_handoff(view, trigger, 0.9, "dinero", "Pide su dinero.")->priority = 5;
    return view;
}

static const relevo_answer_route *route(tk *kit, tk_view *view)
{
    const tk_answers *answers = tk_run(kit, TK_ROUTE, &view, 1);
    assert_int_equal(answers->n, 1);
    return tk_route(answers, 0);
}

static void the_first_rule_that_holds_wins(void **state)
{
    (void)state;
    tk *kit = tk_open("router", "routes", ROUTES, "default", DEFAULT, NULL);
    const relevo_answer_route *r = route(kit, handed_off(kit, "legal", "refund", "pt"));
    assert_string_equal(r->team.ptr, "legal");
    assert_int_equal(r->priority, 9);
    assert_string_equal(r->agent.ptr, "marta");
    assert_int_equal(r->rank, RELEVO_RANK_LEAST_LOADED);
    r = route(kit, handed_off(kit, "upset", "refund", "pt-BR"));
    assert_string_equal(r->team.ptr, "refunds");
    assert_string_equal(r->language.ptr, "pt-BR");
    assert_int_equal(r->n_skills, 2);
    assert_string_equal(r->skills[1].ptr, "cards");
    assert_int_equal(r->priority, 5); /* the policy's */
    r = route(kit, handed_off(kit, "upset", "refund", "es"));
    assert_string_equal(r->team.ptr, "support");
    assert_string_equal(r->language.ptr, "es");
    tk_close(kit);
}

static void what_no_rule_takes_goes_to_the_default(void **state)
{
    (void)state;
    tk *kit = tk_open("router", "routes", ROUTES, "default", DEFAULT, NULL);
    tk_view *view = handed_off(kit, "upset", "hours", "es");
    const relevo_answer_route *r = route(kit, view);
    assert_string_equal(r->team.ptr, "front");
    assert_int_equal(r->n_skills, 1);
    assert_string_equal(r->skills[0].ptr, "general");
    assert_int_equal(r->language.len, 0);
    view->view.reading = NULL; /* no classifier */
    assert_string_equal(route(kit, view)->team.ptr, "front");
    tk_close(kit);
    kit = tk_open("router", "default", DEFAULT, NULL);
    assert_string_equal(route(kit, handed_off(kit, "legal", "refund", "es"))->team.ptr, "front");
    tk_close(kit);
}

static void marked_customers(void **state)
{
    (void)state;
    tk *kit = tk_open("router", "routes", "[{\"when\":{\"tag\":[\"moroso\",\"VIP\"],\"language\":\"es\"},\"team\":\"cuentas\",\"priority\":8}]",
                      "default", DEFAULT, NULL);
    tk_view *view = handed_off(kit, "upset", "hours", "es");
    assert_string_equal(route(kit, view)->team.ptr, "front");
    relevo_str tags[] = {tk_text(kit, "queja"), tk_text(kit, "vip")};
    view->view.tags = tags;
    view->view.n_tags = 1;
    assert_string_equal(route(kit, view)->team.ptr, "front");
    view->view.n_tags = 2;
    assert_string_equal(route(kit, view)->team.ptr, "cuentas");
    assert_int_equal(route(kit, view)->priority, 8);
    view->view.language = tk_text(kit, "pt");
    assert_string_equal(route(kit, view)->team.ptr, "front");
    tk_close(kit);
}

static void all_slots_must_hold(void **state)
{
    (void)state;
    tk *kit = tk_open("router", "routes", ROUTES, "default", DEFAULT, NULL);
    tk_view *view = handed_off(kit, "upset", "hours", "es");
    tk_slot(view, "city", "Córdoba", NULL);
    assert_string_equal(route(kit, view)->team.ptr, "front");
    tk_slot(view, "tier", "gold", NULL);
    assert_string_equal(route(kit, view)->team.ptr, "vip");
    assert_int_equal(route(kit, view)->rank, RELEVO_RANK_LONGEST_IDLE);
    tk_close(kit);
}

static void the_policys_team_goes_first(void **state)
{
    (void)state;
    tk *kit = tk_open("router", "routes", ROUTES, "default", DEFAULT, NULL);
    tk_view *view = handed_off(kit, "upset", "refund", "es");
    view->handoff.team = tk_text(kit, "night");
    assert_string_equal(route(kit, view)->team.ptr, "night");
    tk_close(kit);
}

static void the_customers_language_may_be_unknown(void **state)
{
    (void)state;
    tk *kit = tk_open("router", "default", "{\"team\":\"front\",\"language\":\"customer\"}", NULL);
    tk_view *view = handed_off(kit, "upset", "hours", NULL);
    assert_int_equal(route(kit, view)->language.len, 0);
    view->reading.language = tk_text(kit, "en");
    assert_string_equal(route(kit, view)->language.ptr, "en");
    tk_close(kit);
}

static void refuses(const char *routes, const char *otherwise, const char *words)
{
    char error[TK_ERROR_SIZE];
    tk_refused(error, "router", "routes", routes, "default", otherwise, NULL);
    if (strstr(error, words) == NULL) {
        fail_msg("`%s` does not say `%s`", error, words);
    }
}

static void refuses_bad_rules(void **state)
{
    (void)state;
    refuses("{}", DEFAULT, "`routes` must be a list");
    refuses("[]", "[]", "`default` must be {team");
    refuses("[]", "{}", "`default`: `team` is missing");
    refuses("[]", "{\"team\":\"a\",\"when\":{}}", "`default`: `when` is not a known key");
    refuses("[{\"when\":{\"intent\":\"x\"},\"team\":\"a\"},{\"when\":{\"trigers\":\"x\"},\"team\":\"a\"}]",
            DEFAULT, "`routes` entry 2: `trigers` is not a known key; the nearest is `trigger`");
    refuses("[{\"wen\":{},\"team\":\"a\"}]", DEFAULT,
            "entry 1: `wen` is not a known key; the nearest is `when`");
    refuses("[{\"team\":\"a\"}]", DEFAULT, "`when` is missing");
    refuses("[{\"when\":{},\"team\":\"a\"}]", DEFAULT, "`when` must name");
    refuses("[{\"when\":{\"intent\":\"x\"}}]", DEFAULT, "`team` is missing");
    refuses("[{\"when\":{\"intent\":[]},\"team\":\"\"}]", DEFAULT, "`intent` must");
    refuses("[{\"when\":{\"intent\":\"x\"},\"team\":\"\"}]", DEFAULT, "`team` must be a text of 1");
    refuses("[{\"when\":{\"intent\":[1]},\"team\":\"a\"}]", DEFAULT, "`intent` must be a text or a list");
    refuses("[{\"when\":{\"slot\":{\"n\":5}},\"team\":\"a\"}]", DEFAULT, "put numbers in quotes");
    refuses("[{\"when\":{\"slot\":\"n\"},\"team\":\"a\"}]", DEFAULT, "`slot` must be name: value");
    refuses("[{\"when\":{\"intent\":\"x\"},\"team\":\"a\",\"priority\":10}]", DEFAULT, "from 0 to 9");
    refuses("[{\"when\":{\"intent\":\"x\"},\"team\":\"a\",\"priority\":\"1\"}]", DEFAULT, "from 0 to 9");
    refuses("[{\"when\":{\"intent\":\"x\"},\"team\":\"a\",\"rank\":\"fastest\"}]", DEFAULT,
            "least_loaded or");
    refuses("[{\"when\":{\"intent\":\"x\"},\"team\":\"a\",\"skills\":[\"b\",3]}]", DEFAULT, "`skills` must");
    refuses("[7]", DEFAULT, "entry 1");
    char longer[200] = "{\"team\":\"";
    size_t used = strlen(longer);
    memset(longer + used, 'x', 129);
    memcpy(longer + used + 129, "\"}", 3);
    refuses("[]", longer, "`team` must be a text of 1 to 128 bytes");
}

static void runs_in_threads(void **state)
{
    (void)state;
    tk *kit = tk_open("router", "routes", ROUTES, "default", DEFAULT, NULL);
    tk_view *views[] = {handed_off(kit, "legal", "refund", "pt"), handed_off(kit, "x", "refund", "en"),
                        handed_off(kit, "x", "y", "es")};
    tk_run_threads(kit, TK_ROUTE, views, 3);
    tk_close(kit);
}

static void tells_of_its_intents(void **state)
{
    (void)state;
    char told[TK_SHOWN_SIZE];
    tk *kit = tk_open("router", "routes", ROUTES, "default", DEFAULT, NULL);
    tk_intents(kit, told);
    assert_string_equal(told, "awaits refund\nawaits refund\n");
    tk_close(kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rule_that_holds_wins),
        cmocka_unit_test(what_no_rule_takes_goes_to_the_default),
        cmocka_unit_test(marked_customers),
        cmocka_unit_test(all_slots_must_hold),
        cmocka_unit_test(the_policys_team_goes_first),
        cmocka_unit_test(the_customers_language_may_be_unknown),
        cmocka_unit_test(refuses_bad_rules),
        cmocka_unit_test(tells_of_its_intents),
        cmocka_unit_test(runs_in_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
