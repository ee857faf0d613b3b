/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts of the desk's page: what makes none, what a change keeps, and that it logs out. */
#include "desk/account.h"

#include <stdio.h>

#include "shelf.h"

#define PASSWORD RLV_STR("correct horse")

static int put(shelf *s, rlv_str login, const char *role, const char *agent, rlv_str password, rlv_error *err)
{
    return rlv_account_put(s->store, login, rlv_str_from(role), rlv_str_from(agent), password, err);
}

static void test_what_makes_none(void **state)
{
    shelf *s = *state;
    static char long_word[RLV_PASSWORD_MAX + 2];
    memset(long_word, 'x', sizeof(long_word) - 1);
    const struct {
        rlv_str login;
        const char *role, *agent;
        rlv_str password;
        const char *says;
    } bad[] = {
        {RLV_STR(""), "agent", "", PASSWORD, "a login has 1 to "},
        {{long_word, sizeof(long_word) - 1}, "agent", "", PASSWORD, "a login has 1 to "},
        {RLV_STR("ana"), "boss", "", PASSWORD, "there is no role 'boss'"},
        {RLV_STR("ana"), "", "", PASSWORD, "there is no role"},
        {RLV_STR("ana"), "agent", "", RLV_STR("too short"), "a password has 10 to 200 bytes"},
        {RLV_STR("ana"), "agent", "", {long_word, RLV_PASSWORD_MAX + 1}, "a password has 10 to 200 bytes"},
        {RLV_STR("ana"), "agent", "nobody", PASSWORD, "there is no agent 'nobody': make it first"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        rlv_error err = {0};
        assert_int_equal(put(s, bad[i].login, bad[i].role, bad[i].agent, bad[i].password, &err), RLV_E_INVALID);
        if (!strstr(err.message, bad[i].says))
            fail_msg("%zu: %s", i, err.message);
    }
    assert_ask(s, "0", "SELECT count(*) FROM relevo.account");
}

static void test_a_life(void **state)
{
    shelf *s = *state;
    rlv_error err;
    shelf_run(s->sql, "SELECT desk.put_agent('ana', 'Ana')");
    assert_ok(put(s, RLV_STR("ana@example.com"), "agent", "ana", PASSWORD, &err), err);
    assert_ask(s, "agent/ana/t",
               "SELECT concat_ws('/', role, agent_id, password LIKE '$argon2%%') FROM relevo.account WHERE login = 'ana@example.com'");
    assert_ask(s, "0", "SELECT count(*) FROM relevo.account WHERE password LIKE '%%horse%%'");
    char before[256];
    (void)snprintf(before, sizeof(before), "%s", shelf_ask(s, "SELECT password FROM relevo.account"));

    /* a change without a password keeps it, forgives failures and logs out */
    shelf_run(s->sql, "UPDATE relevo.account SET failures = 3");
    shelf_run(s->sql, "INSERT INTO relevo.session (token, login, csrf, ends_at) VALUES ('\\x00', 'ana@example.com', 'x', now() + interval '1 h')");
    assert_ask(s, "1", "SELECT count(*) FROM relevo.session");
    assert_ok(put(s, RLV_STR("ana@example.com"), "supervisor", "", (rlv_str){NULL, 0}, &err), err);
    assert_ask(s, before, "SELECT password FROM relevo.account");
    assert_ask(s, "supervisor/-/0/0",
               "SELECT concat_ws('/', role, coalesce(agent_id, '-'), failures, (SELECT count(*) FROM relevo.session)) FROM relevo.account");
    assert_ok(put(s, RLV_STR("proxied"), "admin", "", (rlv_str){NULL, 0}, &err), err); /* none: only a proxy can log it in */
    assert_ask(s, "t", "SELECT password IS NULL FROM relevo.account WHERE login = 'proxied'");

    assert_int_equal(rlv_account_drop(s->store, RLV_STR("nobody' OR true --"), &err), RLV_E_NOT_FOUND);
    assert_non_null(strstr(err.message, "there is no account 'nobody"));
    assert_ask(s, "2", "SELECT count(*) FROM relevo.account");
    assert_ok(rlv_account_drop(s->store, RLV_STR("proxied"), &err), err);
    assert_int_equal(rlv_account_drop(s->store, RLV_STR("proxied"), &err), RLV_E_NOT_FOUND);
    assert_ask(s, "1", "SELECT count(*) FROM relevo.account");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, shelf_setup, shelf_teardown)
    const struct CMUnitTest tests[] = {TEST(test_what_makes_none), TEST(test_a_life)};
    return cmocka_run_group_tests(tests, shelf_group_setup, shelf_group_teardown);
}
