/* SPDX-License-Identifier: Apache-2.0 */
/* What a good configuration becomes: defaults, values, the environment, secrets, the hash, the reference
 * page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common.h"
#include "config/options.h"

static void defaults(void **state)
{
    (void)state;
    rlv_config *c = load(LEAST);
    assert_string_equal(c->cluster, "relevo");
    assert_string_equal(c->postgres, "postgresql://p/d");
    assert_string_equal(rlv_config_kafka(c, "bootstrap.servers"), "k:9092");
    assert_null(rlv_config_kafka(c, "acks"));
    assert_int_equal(c->topics.n_events, 1);
    assert_string_equal(c->topics.events[0], "whatsapp.events.v1");
    assert_string_equal(c->topics.progress, "relevo.progress.v1");
    assert_int_equal(c->topics.partitions, 12);
    assert_int_equal(c->topics.replication, 1);
    assert_string_equal(c->consume.group, "relevo");
    assert_string_equal(c->consume.instance, "");
    assert_int_equal(c->consume.batch_max, 3000);
    assert_int_equal(c->consume.linger_ms, 5);
    assert_int_equal(c->consume.cache_bytes, 32 << 20);
    assert_int_equal(c->consume.drain_ms, 10000);
    assert_int_equal(c->consume.session_ms, 10000);
    assert_int_equal(c->consume.postgres_timeout_ms, 4000);
    assert_int_equal(c->consume.transaction_timeout_ms, 15000);
    assert_int_equal(c->consume.command_poll_ms, 1000);
    assert_string_equal(c->ops.listen, "127.0.0.1:9464");
    assert_int_equal(c->log.level, RLV_LOG_INFO);
    assert_false(c->log.json);
    assert_int_equal(c->n_plugins, 0);
    assert_true(c->policy.combined == 0.9);
    assert_int_equal(c->policy.idle_close_ms, 86400000);
    assert_int_equal(c->policy.undelivered, RLV_UNDELIVERED_HAND_OVER);
    assert_true(c->policy.notices.handoff.es.len && c->policy.notices.handoff.pt.len &&
                c->policy.notices.handoff.en.len);
    assert_non_null(strstr(c->policy.notices.assigned.es.ptr, "{agent}"));
    assert_int_equal(c->policy.notices.closed.en.len, 0);
    rlv_config_free(c);
    rlv_config_free(NULL);
}

static void values(void **state)
{
    (void)state;
    rlv_config *c =
        load("cluster: acme.mx\n"
             "kafka:\n  bootstrap.servers: [a:1, b:2]\n  acks: all\n  linger.ms: 3\n"
             "postgres: {url: 'host=p user=u', password: \"it's\\\\\"}\n"
             "topics: {events: [in.a, in.b], prefix: eu., partitions: 3}\n"
             "consume: {instance: relevo-0, cache: 1GiB, linger: 0, batch_max: '200'}\n"
             "log: {level: debug, format: json}\n"
             "plugin_dir: plugs\n"
             "plugins:\n"
             "  - name: urgent\n    path: triggers/keyword.so\n    options: {words: [ya, 'no']}\n"
             "  - name: classifier\n"
             "policy:\n  combined: 2\n  idle_close: 0\n  undelivered: leave\n"
             "  triggers:\n    - {trigger: urgent, threshold: 0.8, cooldown: 10m, observe: yes, priority: 9, "
             "team: ventas, message: {es: Ya}}\n"
             "  notices: {handoff: {es: 'Un momento', en: ''}}\n");
    assert_int_equal(c->policy.undelivered, RLV_UNDELIVERED_LEAVE);
    assert_string_equal(rlv_config_kafka(c, "bootstrap.servers"), "a:1,b:2");
    assert_string_equal(rlv_config_kafka(c, "linger.ms"), "3");
    assert_string_equal(c->postgres, "host=p user=u password='it\\'s\\\\'");
    assert_int_equal(c->topics.n_events, 2);
    assert_string_equal(c->topics.events[1], "eu.in.b");
    assert_string_equal(c->topics.decisions, "eu.relevo.decisions.v1");
    assert_int_equal(c->consume.cache_bytes, 1u << 30);
    assert_int_equal(c->consume.linger_ms, 0);
    assert_int_equal(c->consume.batch_max, 200);
    assert_int_equal(c->log.level, RLV_LOG_DEBUG);
    assert_true(c->log.json);
    assert_int_equal(c->n_plugins, 2);
    assert_string_equal(c->plugins[0].path, "./plugs/triggers/keyword.so");
    assert_int_equal(c->plugins[0].line, 12);
    assert_int_equal(rlv_yaml_get(c->plugins[0].options, "words")->n, 2);
    assert_string_equal(c->plugins[1].path, "./plugs/classifier.so");
    assert_null(c->plugins[1].options);
    assert_int_equal(c->policy.n_triggers, 1);
    const rlv_trigger_policy *t = c->policy.triggers;
    assert_true(t->threshold == 0.8 && t->weight == 1 && t->observe);
    assert_int_equal(t->cooldown_ms, 600000);
    assert_int_equal(t->priority, 9);
    assert_true(rlv_str_is(t->team, "ventas") && rlv_str_is(t->message.es, "Ya") && t->message.pt.len == 0);
    assert_true(rlv_str_is(c->policy.notices.handoff.es, "Un momento"));
    assert_int_equal(c->policy.notices.handoff.en.len, 0);
    assert_true(c->policy.notices.handoff.pt.len > 0);
    rlv_config_free(c);
}

/* What a moment shows on the clocks of hours that were loaded, in minutes of its day. */
static int64_t shown(const rlv_hours *hours, int64_t at_ms)
{
    size_t i = hours->n_zone - 1;
    while (i > 0 && hours->zone[i].from_ms > at_ms)
        i--;
    return (at_ms + hours->zone[i].offset_ms) / 60000 % 1440;
}

static void hours_and_rules(void **state)
{
    (void)state;
    rlv_config *c = load(LEAST
                         "plugins: [{name: anger}, {name: vip}]\n"
                         "policy:\n  people: office\n"
                         "  hours:\n    - name: office\n      timezone: Europe/Madrid\n"
                         "      open: [mon-fri 09:00-14:00, 'sat,sun 10:00-24:00', fri-mon 0:30-1:00, all 20:00-21:00]\n"
                         "      closed: [2026-12-25, 2026-12-24..2027-01-02, '2026-12-31 14:00-24:00']\n"
                         "  triggers: [{trigger: vip, alone: false, skills: [gold]}]\n"
                         "  rules: [{rule: r, all: [anger >= 0.25, vip], none: [' vip >= 1 '], hours: not office, "
                         "agent: ana}]\n");
    const rlv_hours *h = c->policy.people;
    assert_non_null(h);
    assert_int_equal(shown(h, INT64_C(1774745999000)), 119);  /* 2026-03-29 00:59:59 UTC: 01:59 */
    assert_int_equal(shown(h, INT64_C(1774746000000)), 180);  /* a second later: 03:00 */
    assert_int_equal(shown(h, INT64_C(1792889999000)), 179);  /* 2026-10-25: 02:59, then 02:00 again */
    assert_int_equal(shown(h, INT64_C(1792890000000)), 120);
    assert_int_equal(h->n_open, 4);
    assert_int_equal(h->open[0].weekdays, 0x1f);
    assert_int_equal(h->open[0].span.from, 540);
    assert_int_equal(h->open[0].span.to, 840);
    assert_int_equal(h->open[1].weekdays, 0x60);
    assert_int_equal(h->open[1].span.to, 1440);
    assert_int_equal(h->open[2].weekdays, 0x71); /* over the weekend */
    assert_int_equal(h->open[3].weekdays, 0x7f);
    assert_int_equal(h->n_closed, 3);
    assert_int_equal(h->closed[0].first, 20812);
    assert_int_equal(h->closed[0].last, 20812);
    assert_int_equal(h->closed[1].last - h->closed[1].first, 9);
    assert_int_equal(h->closed[2].span.from, 840);
    assert_false(c->policy.triggers[0].alone);
    assert_true(rlv_str_is(c->policy.triggers[0].skills[0], "gold"));
    assert_int_equal(c->policy.n_rules, 1);
    const rlv_trigger_policy *r = &c->policy.rules[0];
    assert_int_equal(r->n_all, 2);
    assert_true(rlv_str_is(r->all[0].trigger, "anger") && r->all[0].least == 0.25);
    assert_true(rlv_str_is(r->all[1].trigger, "vip") && r->all[1].least < 0);
    assert_true(rlv_str_is(r->none[0].trigger, "vip") && r->none[0].least == 1);
    assert_ptr_equal(r->hours, h);
    assert_true(r->outside_hours && rlv_str_is(r->agent, "ana"));
    rlv_config_free(c);
}

/* Whatever changes a decision changes the hash. */
static void rules_are_in_the_hash(void **state)
{
    (void)state;
    static const char *const policies[] = {
        "{rules: [{rule: r, all: [k]}]}",
        "{rules: [{rule: r, any: [k]}]}",
        "{rules: [{rule: r, all: [k >= 0.5]}]}",
        "{rules: [{rule: r, all: [k], none: [k >= 0.9]}]}",
        "{rules: [{rule: r, all: [k], languages: [es]}]}",
        "{rules: [{rule: r, all: [k], numbers: [es]}]}",
        "{rules: [{rule: r, all: [k], flows: [es]}]}",
        "{rules: [{rule: r, all: [k], skills: [es]}]}",
        "{rules: [{rule: r, all: [k], agent: es}]}",
        "{rules: [{rule: r, all: [k], hours: h}], hours: [{name: h, open: [mon 09:00-10:00]}]}",
        "{rules: [{rule: r, all: [k], hours: not h}], hours: [{name: h, open: [mon 09:00-10:00]}]}",
        "{rules: [{rule: r, all: [k], hours: h}], hours: [{name: h, open: [mon 09:00-10:01]}]}",
        "{rules: [{rule: r, all: [k], hours: h}], hours: [{name: h, open: [mon 09:00-10:00], closed: [2026-12-25]}]}",
        "{rules: [{rule: r, all: [k], hours: h}], hours: [{name: h, timezone: Asia/Tokyo, open: [mon 09:00-10:00]}]}",
        "{triggers: [{trigger: k, alone: false}]}",
        "{triggers: [{trigger: k}]}",
        "{triggers: [{trigger: k, collect: none}]}",
        "{queue: {collect: 'flow:a'}}",
        "{queue: {collect_after: 1m}}",
        "{silence: 1h}",
        "{silence: 1h, silence_hours: h, hours: [{name: h, open: [mon 09:00-10:00]}]}",
        "{people: h, hours: [{name: h, open: [mon 09:00-10:00]}]}",
    };
    enum { N = sizeof(policies) / sizeof(*policies) };
    uint64_t hashes[N];
    for (size_t i = 0; i < N; i++) {
        char text[400];
        (void)snprintf(text, sizeof(text), LEAST "plugins: [{name: k}]\npolicy: %s\n", policies[i]);
        rlv_config *c = load(text);
        hashes[i] = c->hash;
        rlv_config_free(c);
        for (size_t j = 0; j < i; j++)
            if (hashes[j] == hashes[i])
                fail_msg("%s has the hash of %s", policies[i], policies[j]);
    }
}

static void triggers_are_found_in_their_folder(void **state)
{
    (void)state;
    assert_int_equal(mkdir("triggers", 0755), 0);
    put_file("triggers/keyword.so", "");
    rlv_config *c = load(LEAST "plugin_dir: .\nplugins: [{name: keyword}, {name: other}]\n");
    assert_string_equal(c->plugins[0].path, "././triggers/keyword.so");
    assert_string_equal(c->plugins[1].path, "./././other.so" + 2);
    rlv_config_free(c);
}

static void environment_wins(void **state)
{
    (void)state;
    put_file("password", "s3cr&t\n");
    (void)setenv("RELEVO_KAFKA", "env:9092", 1);
    (void)setenv("RELEVO_KAFKA_SASL_USERNAME", "u", 1);
    (void)setenv("RELEVO_KAFKA_SASL_PASSWORD_FILE", "password", 1);
    (void)setenv("RELEVO_POSTGRES", "postgresql://e/d?sslmode=disable", 1);
    (void)setenv("RELEVO_POSTGRES_PASSWORD_FILE", "password", 1);
    (void)setenv("RELEVO_CONSUME_BATCH_MAX", "7", 1);
    (void)setenv("RELEVO_TOPICS_EVENTS", "a, b", 1);
    (void)setenv("RELEVO_LOG_LEVEL", "warn", 1);
    (void)setenv("RELEVO_POSTGRES_SERVICE_HOST", "10.0.0.1", 1); /* Kubernetes adds these */
    (void)setenv("RELEVO_KAFKA_PORT_9092_TCP_ADDR", "10.0.0.1", 1);
    (void)setenv("RELEVO_KAFKA_PORT", "tcp://10.0.0.1:9092", 1);
    rlv_config *c = load(LEAST "consume: {batch_max: 9}\n");
    assert_string_equal(rlv_config_kafka(c, "bootstrap.servers"), "env:9092");
    assert_string_equal(rlv_config_kafka(c, "sasl.username"), "u");
    assert_string_equal(rlv_config_kafka(c, "sasl.password"), "s3cr&t");
    assert_int_equal(c->n_kafka, 3);
    assert_string_equal(c->postgres, "postgresql://e/d?sslmode=disable&password=s3cr%26t");
    assert_int_equal(c->consume.batch_max, 7);
    assert_int_equal(c->topics.n_events, 2);
    assert_string_equal(c->topics.events[1], "b");
    assert_int_equal(c->log.level, RLV_LOG_WARN);
    rlv_config_free(c);
}

static void environment_mistakes(void **state)
{
    (void)state;
    (void)setenv("RELEVO_CONSUME_BACH_MAX", "7", 1);
    assert_string_equal(mistakes(LEAST), "RELEVO_CONSUME_BACH_MAX: no option has this variable; did you mean "
                                         "RELEVO_CONSUME_BATCH_MAX?\n");
    (void)unsetenv("RELEVO_CONSUME_BACH_MAX");
    (void)setenv("RELEVO_CONSUME_LINGER", "soon", 1);
    assert_string_equal(
        mistakes(LEAST),
        "RELEVO_CONSUME_LINGER: 'consume.linger' is 'soon', must be a time with its unit, such as 5ms, "
        "10s, 2m, 24h or 7d\n");
    (void)unsetenv("RELEVO_CONSUME_LINGER");
    (void)setenv("RELEVO_POSTGRES", "host=x", 1);
    (void)setenv("RELEVO_POSTGRES_FILE", "/nowhere", 1);
    assert_string_equal(mistakes(LEAST),
                        "RELEVO_POSTGRES_FILE: RELEVO_POSTGRES is set too: keep one\n"
                        "RELEVO_POSTGRES_FILE: secret: cannot read /nowhere: No such file or directory\n");
    (void)unsetenv("RELEVO_POSTGRES");
    (void)unsetenv("RELEVO_POSTGRES_FILE");
    (void)setenv("RELEVO_KAFKA_GROUP_ID", "x", 1);
    assert_string_equal(mistakes(LEAST), "RELEVO_KAFKA_GROUP_ID: 'kafka.group.id' cannot be set here: it is "
                                         "`consume.group`; remove it\n");
    (void)unsetenv("RELEVO_KAFKA_GROUP_ID");
    (void)setenv("RELEVO_CLUSTER", "caf\xe9", 1);
    assert_string_equal(mistakes(LEAST), "RELEVO_CLUSTER: not UTF-8 text\n");
}

static void secrets_from_files(void **state)
{
    (void)state;
    put_file("pw", "a b'c\r\n");
    put_file("url", "host=p dbname=d\n");
    rlv_config *c = load("kafka: {bootstrap.servers: 'k:1', sasl.password_file: pw}\n"
                         "postgres: {url_file: url, password_file: pw}\n");
    assert_string_equal(c->postgres, "host=p dbname=d password='a b\\'c'");
    assert_string_equal(rlv_config_kafka(c, "sasl.password"), "a b'c");
    rlv_config_free(c);
}

static void config_from_variable(void **state)
{
    (void)state;
    put_file("other.yaml", LEAST "cluster: other\n");
    (void)setenv("RELEVO_CONFIG", "other.yaml", 1);
    rlv_config *c = NULL;
    rlv_error err = {0};
    assert_int_equal(rlv_config_load(NULL, NULL, &c, &err), RLV_OK);
    assert_string_equal(c->cluster, "other");
    assert_string_equal(c->folder, ".");
    rlv_config_free(c);
}

static uint64_t hash_of(const char *text)
{
    rlv_config *c = load(text);
    uint64_t hash = c->hash;
    rlv_config_free(c);
    return hash;
}

static void the_hash(void **state)
{
    (void)state;
    const char *base = LEAST "plugins: [{name: k, options: {a: 1, b: 2}}]\n";
    uint64_t hash = hash_of(base);
    assert_true(hash == hash_of(base));
    /* where things lie, addresses, secrets, the order of a plugin's options */
    assert_true(hash ==
                hash_of("cluster: x\nkafka: {bootstrap.servers: 'other:1'}\npostgres: {url: host=q}\n"
                        "plugins: [{name: k, path: /opt/k.so, options: {b: 2, a: 1, api_key: z}}]\n"));
    /* what changes decisions */
    assert_true(hash != hash_of(LEAST "plugins: [{name: k, options: {a: 1, b: 3}}]\n"));
    assert_true(hash != hash_of(LEAST "plugins: [{name: k, options: {a: 1}}]\n"));
    assert_true(hash != hash_of(LEAST "plugins: [{name: l, path: k.so, options: {a: 1, b: 2}}]\n"));
    assert_true(hash !=
                hash_of(LEAST "plugins: [{name: k, options: {a: 1, b: 2}}]\npolicy: {combined: 0.8}\n"));
    assert_true(
        hash !=
        hash_of(LEAST "plugins: [{name: k, options: {a: 1, b: 2}}]\npolicy: {triggers: [{trigger: k}]}\n"));
    assert_true(hash != hash_of(LEAST "plugins: [{name: k, options: {a: 1, b: 2}}]\n"
                                      "policy: {notices: {closed: {pt: tchau}}}\n"));
}

static void reference_is_not_stale(void **state)
{
    (void)state;
    rlv_buf made = RLV_BUF_INIT(1 << 20), kept = RLV_BUF_INIT(1 << 20);
    rlv_config_reference(false, &made);
    assert_false(made.failed);
    char path[4096], block[4096];
    const char *root = getenv("TEST_SOURCE_DIR");
    (void)snprintf(path, sizeof(path), "%s/docs/configuration.md", root ? root : ".");
    FILE *file = fopen(path, "r");
    if (!file)
        fail_msg("%s is missing: `relevo config reference > docs/configuration.md`", path);
    for (size_t n; (n = fread(block, 1, sizeof(block), file)) > 0;)
        rlv_buf_append(&kept, block, n);
    (void)fclose(file);
    if (!rlv_str_eq(rlv_buf_view(&made), rlv_buf_view(&kept)))
        fail_msg("docs/configuration.md is stale: `relevo config reference > docs/configuration.md`");
    rlv_buf_free(&made);
    rlv_buf_free(&kept);
}

/* For machines: each option once, as the table has it. */
static void reference_as_json(void **state)
{
    (void)state;
    rlv_buf made = RLV_BUF_INIT(1 << 20);
    rlv_config_reference(true, &made);
    json_error_t wrong;
    json_t *whole = json_loads(made.data, JSON_REJECT_DUPLICATES, &wrong), *options = json_object_get(whole, "options");
    if (!whole)
        fail_msg("%s, at %d", wrong.text, wrong.position);
    assert_int_equal(json_array_size(options), rlv_options_n);
    for (size_t i = 0; i < rlv_options_n; i++) {
        const json_t *one = json_array_get(options, i);
        const char *key = json_string_value(json_object_get(one, "key"));
        assert_string_equal(key, rlv_options[i].path);
        assert_string_equal(json_string_value(json_object_get(one, "help")), rlv_options[i].help);
        if (strcmp(key, "consume.linger") == 0)
            assert_true(json_number_value(json_object_get(one, "min")) == rlv_options[i].min &&
                        strcmp(json_string_value(json_object_get(one, "unit")), "ms") == 0 &&
                        strcmp(json_string_value(json_object_get(one, "variable")), "RELEVO_CONSUME_LINGER") == 0);
        if (strcmp(key, "log.format") == 0)
            assert_string_equal(json_string_value(json_array_get(json_object_get(one, "words"), 1)), "json");
    }
    json_decref(whole);
    rlv_buf_free(&made);
}

/* A plugin of another file: for a try, so that what was decided keeps the hash of what decided it. */
static void another_file_for_a_plugin(void **state)
{
    (void)state;
    put_file("old.so", "");
    put_file("new.so", "");
    rlv_config *c = load(LEAST "plugins: [{name: a, path: /nowhere/a.so}, {name: b, isolation: inline}]\n");
    const rlv_config_plugin *before = c->plugins;
    uint64_t hash = c->hash;
    rlv_error err = {0};
    assert_int_equal(rlv_config_replace_plugin(c, RLV_STR("c"), "new.so", &err), RLV_E_NOT_FOUND);
    assert_string_equal(err.message, "relevo.yaml has no plugin 'c' below plugins:");
    assert_int_equal(rlv_config_replace_plugin(c, RLV_STR("b"), "none.so", &err), RLV_E_NOT_FOUND);
    assert_string_equal(err.message, "none.so cannot be read: give the path of a .so");
    assert_ptr_equal(c->plugins, before); /* a refusal changes nothing */

    char path[] = "new.so";
    assert_int_equal(rlv_config_replace_plugin(c, RLV_STR("b"), path, &err), RLV_OK);
    path[0] = 'X'; /* copied */
    assert_string_equal(c->plugins[1].path, "new.so");
    assert_string_equal(c->plugins[1].name, "b");
    assert_int_equal(c->plugins[1].isolation, RLV_ISOLATION_PROCESS); /* it does not lie in the program's folder */
    assert_string_equal(c->plugins[0].path, "/nowhere/a.so");
    assert_true(c->hash == hash);
    rlv_config_free(c);
}

static void where_a_plugin_lies(void **state)
{
    (void)state;
    char path[256] = "untouched", folder[128];
    assert_non_null(getcwd(folder, sizeof(folder)));
    assert_int_equal(setenv("RELEVO_PLUGIN_DIR", folder, 1), 0);
    assert_false(rlv_config_find_plugin("greeter", path, sizeof(path)));
    assert_string_equal(path, "untouched");
    assert_int_equal(mkdir("triggers", 0700), 0);
    put_file("triggers/greeter.so", "");
    assert_true(rlv_config_find_plugin("greeter", path, sizeof(path)));
    assert_int_equal(access(path, F_OK), 0);
    assert_non_null(strstr(path, "/triggers/greeter.so"));
    put_file("greeter.so", "");
    assert_true(rlv_config_find_plugin("greeter", path, sizeof(path)));
    assert_null(strstr(path, "triggers")); /* the folder itself first */
    size_t len = strlen(path);
    assert_false(rlv_config_find_plugin("greeter", path, len)); /* no room for its NUL */
    assert_true(rlv_config_find_plugin("greeter", path, len + 1));
    assert_int_equal(setenv("RELEVO_PLUGIN_DIR", "", 1), 0); /* not said: where the program's own are */
    assert_false(rlv_config_find_plugin("greeter", path, sizeof(path)));
    assert_int_equal(unsetenv("RELEVO_PLUGIN_DIR"), 0);
    assert_false(rlv_config_ours("greeter.so")); /* wherever an operator has plugins lie: it is not the program's folder */
    assert_false(rlv_config_ours("/nowhere/greeter.so"));
}

int main(void)
{
    const char *root = getenv("RELEVO_SOURCE_DIR"); /* folder_enter forgets it */
    if (root)
        (void)setenv("TEST_SOURCE_DIR", root, 1);
    else
        (void)setenv("TEST_SOURCE_DIR", getcwd((char[4096]){0}, 4096), 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(values, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(hours_and_rules, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(rules_are_in_the_hash, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(triggers_are_found_in_their_folder, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(environment_wins, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(environment_mistakes, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(secrets_from_files, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(config_from_variable, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(the_hash, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(another_file_for_a_plugin, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(where_a_plugin_lies, folder_enter, folder_leave),
        cmocka_unit_test_setup_teardown(reference_is_not_stale, folder_enter, folder_leave),
        cmocka_unit_test(reference_as_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
