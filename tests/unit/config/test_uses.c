/* SPDX-License-Identifier: Apache-2.0 */
/* What a command does not use is not asked for: no server's address, and no file of a secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <stdlib.h>

#include "common.h"

/* One file for all roles; each secret in a file of its own, named after its owner. */
static const char shared[] =
    "kafka: {bootstrap.servers: 'k:9092', sasl.password_file: kafka}\n"
    "postgres: {url_file: postgres}\n"
    "registry: {url: 'http://r:1', user: u, password_file: registry}\n"
    "gateway: {app_secrets_file: app, verify_token_file: verify}\n"
    "sandbox: {token_file: sandbox}\n"
    "deliver:\n"
    "  token_file: whatsapp\n"
    "  destinations:\n"
    "    - {name: crm, url: 'https://x', token_file: crm}\n"
    "    - {name: shop, url: 'https://y', token_url: 'https://z', client_id: c, client_secret_file: oauth}\n";

static const char *const secrets[] = {"kafka", "postgres", "registry", "app", "verify", "sandbox", "whatsapp", "crm", "oauth"};

/* The secrets that it asks for, in the order of the file: those whose absence is a mistake. */
static const char *asked(const char *command)
{
    static char names[256];
    rlv_buf out = RLV_BUF_INIT(16384);
    (void)rlv_config_mistakes("relevo.yaml", command, &out);
    size_t n = 0;
    names[0] = '\0';
    for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++) {
        char told[64];
        (void)snprintf(told, sizeof(told), "cannot read ./%s: No such file", secrets[i]);
        if (out.data && strstr(out.data, told))
            n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? " " : "", secrets[i]);
    }
    rlv_buf_free(&out);
    return names;
}

static void each_asks_for_its_own(void **state)
{
    (void)state;
    put_file("relevo.yaml", shared);
    assert_string_equal(asked(NULL), "kafka postgres registry app verify sandbox whatsapp crm oauth");
    assert_string_equal(asked("no such command"), asked(NULL));
    assert_string_equal(asked("consume"), "kafka postgres registry");
    assert_string_equal(asked("deliver"), "kafka postgres whatsapp crm oauth");
    assert_string_equal(asked("gateway"), "kafka app verify");
    assert_string_equal(asked("desk"), "kafka postgres whatsapp");
    assert_string_equal(asked("sandbox"), "app sandbox");
    assert_string_equal(asked("migrate"), "postgres");
    assert_string_equal(asked("topics"), "kafka");
    assert_string_equal(asked("plugin"), "");
}

/* With its own secrets alone a role loads; what is in the other files it does not know, even when they are there. */
static void loads_with_its_own(void **state)
{
    (void)state;
    rlv_config *c = NULL;
    rlv_error err = {0};
    put_file("relevo.yaml", shared);
    put_file("kafka", "k");
    put_file("app", "a");
    put_file("verify", "v");
    put_file("crm", "of deliver");
    if (rlv_config_load("relevo.yaml", "gateway", &c, &err))
        fail_msg("%s", err.message);
    assert_string_equal(rlv_config_kafka(c, "sasl.password"), "k");
    assert_string_equal(c->gateway.app_secrets[0], "a");
    assert_null(c->postgres);
    assert_string_equal(c->deliver.destinations[0].token, "");
    rlv_config_free(c);
}

/* The same of the environment. */
static void variables(void **state)
{
    (void)state;
    rlv_config *c = NULL;
    rlv_error err = {0};
    put_file("relevo.yaml", "gateway: {app_secrets: [a]}\n");
    (void)setenv("RELEVO_KAFKA", "k:9092", 1);
    (void)setenv("RELEVO_POSTGRES_FILE", "/nowhere", 1);
    (void)setenv("RELEVO_DELIVER_TOKEN_FILE", "/nowhere", 1);
    int rc = rlv_config_load("relevo.yaml", "gateway", &c, &err);
    rlv_config_free(c);
    assert_int_equal(rlv_config_load("relevo.yaml", "desk", &c, &err), RLV_E_CONFIG);
    (void)unsetenv("RELEVO_DELIVER_TOKEN_FILE");
    (void)unsetenv("RELEVO_POSTGRES_FILE");
    (void)unsetenv("RELEVO_KAFKA");
    assert_int_equal(rc, RLV_OK);
}

/* A server that it works with must be named, others need not. */
static void servers(void **state)
{
    (void)state;
    static const struct {
        const char *command;
        size_t mistakes;
    } cases[] = {{NULL, 2}, {"consume", 2}, {"gateway", 1}, {"migrate", 1}, {"sandbox", 0}};
    put_file("relevo.yaml", "cluster: c\n");
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        rlv_buf out = RLV_BUF_INIT(16384);
        assert_int_equal(rlv_config_mistakes("relevo.yaml", cases[i].command, &out), cases[i].mistakes);
        rlv_buf_free(&out);
    }
}

/* Half of a destination's credentials is a mistake to whom uses them, and what is given openly is one to all. */
static void halves(void **state)
{
    (void)state;
    rlv_buf out = RLV_BUF_INIT(16384);
    put_file("relevo.yaml", LEAST "deliver: {destinations: [{name: shop, url: 'https://y', token_url: 'https://z', client_id: c}]}\n");
    assert_int_equal(rlv_config_mistakes("relevo.yaml", "deliver", &out), 1);
    assert_int_equal(rlv_config_mistakes("relevo.yaml", "consume", &out), 0);
    put_file("relevo.yaml", LEAST "deliver: {destinations: [{name: shop, url: 'https://y', token_url: 'https://z'}]}\n");
    assert_int_equal(rlv_config_mistakes("relevo.yaml", "consume", &out), 1);
    rlv_buf_free(&out);
}

/* What was not read is a secret all the same, and is not shown as none. */
static void printed(void **state)
{
    (void)state;
    rlv_buf out = RLV_BUF_INIT(1000000);
    rlv_error err = {0};
    put_file("relevo.yaml", shared);
    put_file("kafka", "k");
    put_file("postgres", "host=p");
    put_file("whatsapp", "w");
    if (rlv_config_print("relevo.yaml", "desk", false, &out, &err))
        fail_msg("%s", err.message);
    assert_non_null(strstr(out.data, "\n  app_secrets: (hidden)                         # line 4\n"));
    assert_non_null(strstr(out.data, "\n      token: (hidden)                           # line 9\n"));
    rlv_buf_free(&out);
}

static void parts(void **state)
{
    (void)state;
    assert_true(rlv_config_uses("desk", "deliver.token"));
    assert_false(rlv_config_uses("desk", "deliver.destinations[].token"));
    assert_false(rlv_config_uses("desk", "deliver"));
    assert_true(rlv_config_uses("deliver", "deliver.destinations[].token"));
    assert_true(rlv_config_uses("consume", "plugins"));
    assert_false(rlv_config_uses("gateway", "plugins"));
    assert_true(rlv_config_uses(NULL, "plugins"));
    assert_true(rlv_config_known_command("gateway"));
    assert_false(rlv_config_known_command("gate"));
    assert_false(rlv_config_known_command(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_asks_for_its_own, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(loads_with_its_own, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(variables, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(servers, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(halves, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(printed, folder_enter, folder_leave),
        cmocka_unit_test(parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
