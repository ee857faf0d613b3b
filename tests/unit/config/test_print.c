/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration in force, as an operator reads it: complete, with its sources, and without a secret. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "common.h"
#include "config/options.h"

static const char file[] =
    "kafka:\n  bootstrap.servers: k:9092\n  sasl.password: hunter2\n  ssl.key.pem: hunter2\n"
    "  sasl.jaas.config: hunter2\n"
    "postgres: {url: 'postgresql://u:hunter2@h/d'}\n"
    "topics: {prefix: mia., events: [a, b]}\n"
    "gateway: {app_secrets: [hunter2, hunter2b], verify_token: hunter2}\n"
    "plugins:\n"
    "  - name: keyword\n    options: {words: ['a \"quoted\" one', 1], deep: {api_token: hunter2, list: "
    "[x]}}\n"
    "  - name: classifier\n"
    "policy:\n  combined: 0.75\n  hours: [{name: office, timezone: America/Bogota, open: ['mon-fri 09:00-14:00'], "
    "closed: ['2026-12-25']}]\n"
    "  people: office\n"
    "  rules: [{rule: both, all: [keyword >= 0.25], none: [classifier], languages: [es], hours: not office}]\n"
    "  triggers:\n    - {trigger: keyword, threshold: 0.3, message: {es: 'hola: "
    "#1'}}\n"
    "deliver: {destinations: [{name: crm, url: 'https://x/y', token: hunter2}]}\n"
    "desk: {templates: [{name: pedido_listo, language: es, text: 'Hola {{1}}'}]}\n";

static char *print(const char *text)
{
    put_file("relevo.yaml", text);
    rlv_buf out = RLV_BUF_INIT(1000000);
    rlv_error err = {0};
    if (rlv_config_print("relevo.yaml", NULL, false, &out, &err))
        fail_msg("%s", err.message);
    return out.data; /* freed by the caller */
}

static void secrets_are_hidden(void **state)
{
    (void)state;
    char *page = print(file);
    assert_null(strstr(page, "hunter2"));
    assert_non_null(strstr(page, "\n  sasl.password: (hidden)                       # line 3\n"));
    assert_non_null(strstr(page, "\n  url: (hidden)                                 # line 6\n"));
    assert_non_null(strstr(page, "\n  app_secrets: (hidden)                         # line 8\n"));
    assert_non_null(strstr(page, "\"api_token\": (hidden)"));
    free(page);
}

static void sources_are_told(void **state)
{
    (void)state;
    put_file("secret", "hunter2\n");
    (void)setenv("RELEVO_CONSUME_BATCH_MAX", "77", 1);
    (void)setenv("RELEVO_DELIVER_TOKEN_FILE", "secret", 1);
    (void)setenv("RELEVO_KAFKA_CLIENT_RACK", "r1", 1);
    char *page = print(file);
    (void)unsetenv("RELEVO_CONSUME_BATCH_MAX");
    (void)unsetenv("RELEVO_DELIVER_TOKEN_FILE");
    (void)unsetenv("RELEVO_KAFKA_CLIENT_RACK");
    assert_non_null(
        strstr(page, "\n  batch_max: 77                                 # RELEVO_CONSUME_BATCH_MAX\n"));
    assert_non_null(
        strstr(page, "\n  token: (hidden)                               # RELEVO_DELIVER_TOKEN_FILE\n"));
    assert_non_null(strstr(page, "\n  client.rack: r1                               # environment\n"));
    assert_non_null(strstr(page, "\n  linger: 5ms                                   # default\n"));
    assert_non_null(strstr(page, "\n  combined: 0.75                                # line 14\n"));
    assert_non_null(strstr(page, "\n    - trigger: \"keyword\"                        # line 19\n"));
    assert_non_null(strstr(page, "\n        es: \"hola: #1\"                          # line 19\n"));
    free(page);
}

/* What the JSON says of a key. */
static const json_t *told(const json_t *whole, const char *key, const char *member)
{
    size_t i;
    const json_t *row;
    json_array_foreach(json_object_get(whole, "options"), i, row)
        if (strcmp(json_string_value(json_object_get(row, "key")), key) == 0)
            return json_object_get(row, member);
    fail_msg("%s is not told", key);
    return NULL;
}

static void for_machines(void **state)
{
    (void)state;
    put_file("relevo.yaml", file);
    (void)setenv("RELEVO_CONSUME_BATCH_MAX", "77", 1);
    rlv_buf out = RLV_BUF_INIT(1000000);
    rlv_error err = {0};
    int rc = rlv_config_print("relevo.yaml", NULL, true, &out, &err);
    (void)unsetenv("RELEVO_CONSUME_BATCH_MAX");
    assert_int_equal(rc, RLV_OK);
    assert_null(strstr(out.data, "hunter2"));
    assert_ptr_equal(strchr(out.data, '\n'), out.data + out.len - 1);
    json_error_t wrong;
    json_t *whole = json_loads(out.data, JSON_REJECT_DUPLICATES, &wrong);
    if (!whole)
        fail_msg("%s, at %d: %.80s", wrong.text, wrong.position, out.data + (wrong.position > 40 ? wrong.position - 40 : 0));
    assert_string_equal(json_string_value(json_object_get(whole, "file")), "relevo.yaml");
    assert_int_equal(json_integer_value(told(whole, "consume.batch_max", "value")), 77);
    assert_string_equal(json_string_value(told(whole, "consume.batch_max", "from")), "RELEVO_CONSUME_BATCH_MAX");
    assert_string_equal(json_string_value(told(whole, "consume.linger", "value")), "5ms");
    assert_string_equal(json_string_value(told(whole, "consume.linger", "from")), "default");
    assert_string_equal(json_string_value(told(whole, "kafka.sasl.password", "value")), "(hidden)");
    assert_string_equal(json_string_value(told(whole, "plugins[1].name", "value")), "classifier");
    assert_true(json_is_null(told(whole, "plugins[1].options", "value")));
    assert_string_equal(json_string_value(json_object_get(json_object_get(told(whole, "plugins[0].options", "value"), "deep"), "api_token")),
                        "(hidden)");
    assert_string_equal(json_string_value(told(whole, "policy.triggers[0].message.es", "value")), "hola: #1");
    assert_string_equal(json_string_value(json_array_get(told(whole, "topics.events", "value"), 1)), "b");
    for (size_t i = 0; i < rlv_options_n; i++) {
        const rlv_option *option = &rlv_options[i];
        if (option->scope == RLV_SCOPE_ROOT && option->type != RLV_OPTION_ENTRIES && option->type != RLV_OPTION_KAFKA)
            (void)told(whole, option->path, "value");
    }
    json_decref(whole);
    rlv_buf_free(&out);
}

/* Read again it is the same configuration, once the secrets are put back. */
static void what_is_printed_can_be_read(void **state)
{
    (void)state;
    rlv_config *first = load(file);
    char *page = print(file);
    rlv_buf again = RLV_BUF_INIT(1000000);
    for (const char *at = page, *hit; at; at = hit ? hit + 8 : NULL) {
        hit = strstr(at, "(hidden)");
        rlv_buf_append(&again, at, hit ? (size_t)(hit - at) : strlen(at));
        if (hit)
            rlv_buf_printf(&again, "%s",
                           strncmp(hit - 8, "\n  url: ", 8) == 0 ? "postgresql://h/d" : "hunter2");
    }
    rlv_config *second = load(again.data);
    assert_true(first->hash == second->hash);
    assert_string_equal(second->topics.events[1], "mia.b");
    assert_string_equal(second->topics.progress, "mia.relevo.progress.v1");
    assert_int_equal(second->deliver.n_destinations, 1);
    rlv_config_free(first);
    rlv_config_free(second);
    rlv_buf_free(&again);
    free(page);
}

static void every_option_is_there(void **state)
{
    (void)state;
    char *page = print(file);
    for (size_t i = 0; i < rlv_options_n; i++) {
        const char *path = rlv_options[i].path, *dot = strrchr(path, '.');
        char key[128];
        (void)snprintf(key, sizeof(key), "%s:", dot ? dot + 1 : path);
        if (!strstr(page, key))
            fail_msg("%s is not printed", path);
    }
    free(page);
}

static void mistakes_come_first(void **state)
{
    (void)state;
    put_file("relevo.yaml", LEAST "consume: {linger: 5}\n");
    rlv_buf out = RLV_BUF_INIT(1000);
    rlv_error err = {0};
    assert_int_equal(rlv_config_print("relevo.yaml", NULL, false, &out, &err), RLV_E_CONFIG);
    assert_int_equal(out.len, 0);
    assert_non_null(strstr(err.message, "relevo.yaml:3: 'consume.linger' is '5'"));
    rlv_buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_hidden),          cmocka_unit_test(sources_are_told),
        cmocka_unit_test(what_is_printed_can_be_read), cmocka_unit_test(every_option_is_there),
        cmocka_unit_test(mistakes_come_first),         cmocka_unit_test(for_machines),
    };
    return cmocka_run_group_tests(tests, folder_enter, folder_leave);
}
