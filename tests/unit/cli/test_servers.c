/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tools on a real Kafka and Postgres, which RELEVO_KAFKA and RELEVO_POSTGRES name; skipped without them.
 * Topics get a prefix of their own, Postgres a database of its own; both are removed again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <jansson.h>
#include <libpq-fe.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common.h"

static char kafka[512], server[1024], name[64], config[128], line[512];
static bool there;

/* The server's address with another database: a later word wins, in URLs and in words. */
static void put_conninfo(rlv_buf *out_text, const char *database)
{
    const char *glue = !strstr(server, "://") ? " " : strchr(server, '?') ? "&" : "?";
    rlv_buf_printf(out_text, "%s", server);
    if (database)
        rlv_buf_printf(out_text, "%sdbname=%s", glue, database);
}

static void sql(const char *database, const char *text)
{
    rlv_buf where = RLV_BUF_INIT(2048);
    put_conninfo(&where, database);
    PGconn *conn = PQconnectdb(where.data);
    rlv_buf_free(&where);
    PGresult *result = PQexec(conn, text);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail_msg("%s: %s", text, PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
}

static void configure(void)
{
    rlv_buf text = RLV_BUF_INIT(8192);
    rlv_buf_printf(&text, "kafka: {bootstrap.servers: '%s'}\npostgres:\n  url: |-\n    ", kafka);
    put_conninfo(&text, name);
    rlv_buf_printf(&text, "\ntopics: {prefix: %s., partitions: 3}\n", name);
    put(config, text.data);
    rlv_buf_free(&text);
}

static const char *with_config(const char *command)
{
    (void)snprintf(line, sizeof(line), "%s --config %s", command, config);
    return line;
}

static int setup(void **state)
{
    (void)state;
    const char *brokers = getenv("RELEVO_KAFKA"), *postgres = getenv("RELEVO_POSTGRES");
    there = brokers && *brokers && postgres && *postgres;
    if (!there)
        return 0;
    (void)snprintf(kafka, sizeof(kafka), "%s", brokers);
    (void)snprintf(server, sizeof(server), "%s", postgres);
    (void)unsetenv("RELEVO_KAFKA");
    (void)unsetenv("RELEVO_POSTGRES");
    (void)unsetenv("RELEVO_CONFIG");
    (void)snprintf(name, sizeof(name), "relevo_cli_%d", (int)getpid());
    (void)snprintf(config, sizeof(config), "/tmp/%s.yaml", name);
    (void)snprintf(line, sizeof(line), "CREATE DATABASE %s", name);
    sql(NULL, line);
    configure();
    return 0;
}

static void delete_topics(void)
{
    static const char *const topics[] = {
        "whatsapp.events.v1",  "relevo.results.v1",      "relevo.decisions.v1",
        "relevo.ownership.v1", "relevo.outbound.v1",     "relevo.effects.v1",
        "relevo.progress.v1",  "whatsapp.events.v1.dlq", "relevo.results.v1.dlq"};
    enum {
        N = sizeof(topics) / sizeof(*topics)
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[256], topic[128];
    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers", kafka, why, sizeof(why)), RD_KAFKA_CONF_OK);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    assert_non_null(rk);
    rd_kafka_DeleteTopic_t *gone[N];
    for (size_t i = 0; i < N; i++) {
        (void)snprintf(topic, sizeof(topic), "%s.%s", name, topics[i]);
        gone[i] = rd_kafka_DeleteTopic_new(topic);
    }
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_DeleteTopics(rk, gone, N, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, 30000);
    assert_non_null(event);
    rd_kafka_event_destroy(event);
    rd_kafka_DeleteTopic_destroy_array(gone, N);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(rk);
}

static int teardown(void **state)
{
    (void)state;
    if (!there)
        return 0;
    delete_topics();
    (void)snprintf(line, sizeof(line), "DROP DATABASE %s", name);
    sql(NULL, line);
    return unlink(config);
}

#define NEED_SERVERS()                                                                                       \
    do {                                                                                                     \
        if (!there)                                                                                          \
            skip();                                                                                          \
    } while (0)

static void migrate(void **state)
{
    (void)state;
    NEED_SERVERS();
    assert_int_equal(run(rlv_cli_migrate, with_config("migrate")), EX_OK);
    assert_true(strncmp(out, "applied 001_", 12) == 0);
    assert_non_null(strstr(out, "the schema is complete\n"));
    assert_int_equal(run(rlv_cli_migrate, with_config("migrate")), EX_OK);
    assert_string_equal(out, "the schema is complete already\n");
    assert_int_equal(run(rlv_cli_migrate, with_config("migrate --json")), EX_OK);
    assert_string_equal(out, "{\"applied\":[]}\n");
}

static void topics(void **state)
{
    (void)state;
    NEED_SERVERS();
    assert_int_equal(run(rlv_cli_topics, with_config("topics list")), EX_CONFIG);
    assert_non_null(strstr(out, "missing"));
    assert_string_equal(err, "relevo: topics are missing: `relevo topics create` makes them\n");
    assert_int_equal(run(rlv_cli_timeline, with_config("timeline")), EX_CONFIG);
    assert_non_null(strstr(err, "is missing: `relevo topics create` makes it"));

    /* a plan makes nothing, however often it is asked for */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(run(rlv_cli_topics, with_config(i ? "topics create --plan" : "topics --plan")), EX_OK);
        assert_non_null(strstr(out, ".relevo.progress.v1, 3 partitions, 1 copies, cleanup.policy=compact\n"));
        assert_non_null(strstr(out, ".whatsapp.events.v1, 3 partitions, 1 copies, cleanup.policy=delete, message.timestamp.type=LogAppendTime, "
                                    "max.message.bytes=16777216\n"));
        assert_null(strstr(out, "exists"));
    }
    assert_int_equal(run(rlv_cli_topics, with_config("topics create --json")), EX_OK);
    json_t *made = json_loads(out, 0, NULL);
    assert_int_equal(json_array_size(json_object_get(made, "created")), 9);
    assert_int_equal(json_array_size(json_object_get(made, "topics")), 9);
    json_decref(made);
    assert_int_equal(run(rlv_cli_topics, with_config("topics --plan")), EX_OK);
    assert_null(strstr(out, "create "));
    assert_int_equal(run(rlv_cli_topics, with_config("topics list --json")), EX_OK);
    json_t *listed = json_loads(out, 0, NULL), *topic;
    size_t i;
    assert_int_equal(json_array_size(json_object_get(listed, "topics")), 9);
    assert_int_equal(json_array_size(json_object_get(listed, "wrong")), 0);
    json_array_foreach(json_object_get(listed, "topics"), i, topic)
        assert_true(json_is_true(json_object_get(topic, "exists")) && json_integer_value(json_object_get(topic, "partitions")) == 3);
    json_decref(listed);
    assert_int_equal(run(rlv_cli_topics, with_config("topics create --json")), EX_OK);
    assert_non_null(strstr(out, "\"created\":[]"));
    assert_int_equal(run(rlv_cli_topics, with_config("topics")), EX_USAGE);
    assert_int_equal(run(rlv_cli_topics, with_config("topics create")), EX_OK);
    assert_null(strstr(out, "created"));
    assert_int_equal(run(rlv_cli_topics, with_config("topics list")), EX_OK);

    char expected[256];
    (void)setenv("RELEVO_TOPICS_PARTITIONS", "5", 1);
    assert_int_equal(run(rlv_cli_topics, with_config("topics create")), EX_CONFIG);
    (void)snprintf(
        expected, sizeof(expected),
        "relevo: the topics have 3 partitions, the configuration says 5: the number cannot be changed, set "
        "topics.partitions to 3 (or choose another topics.prefix)\n");
    assert_string_equal(err, expected);
    assert_int_equal(run(rlv_cli_topics, with_config("topics --plan --json")), EX_CONFIG);
    assert_non_null(strstr(out, "\"wrong\":[\"the topics have 3 partitions"));
    (void)unsetenv("RELEVO_TOPICS_PARTITIONS");

    /* topics that were made for something else */
    (void)setenv("RELEVO_TOPICS_PROGRESS", "relevo.decisions.v1", 1);
    (void)setenv("RELEVO_TOPICS_DECISIONS", "relevo.progress.v1", 1);
    assert_int_equal(run(rlv_cli_topics, with_config("topics create")), EX_CONFIG);
    assert_non_null(
        strstr(err, "relevo.decisions.v1 has cleanup.policy=delete, and needs compact: kafka-configs.sh"));
    assert_non_null(
        strstr(err, "relevo.progress.v1 has cleanup.policy=compact, and needs delete: kafka-configs.sh"));
    (void)unsetenv("RELEVO_TOPICS_PROGRESS");
    (void)unsetenv("RELEVO_TOPICS_DECISIONS");
}

/* A team, an agent or a skill that the policy names and nobody has is told, with the line and the nearest; it is no mistake. */
static void check_whom(void **state)
{
    (void)state;
    NEED_SERVERS();
    char want[512];
    const char *folder = getenv("RELEVO_BUILD_DIR");
    if (!folder)
        fail_msg("RELEVO_BUILD_DIR does not say where the build is: run this test by ctest");
    rlv_buf text = RLV_BUF_INIT(8192);
    rlv_buf_printf(&text, "policy:\n  triggers:\n  - {trigger: greets, team: sopport, agent: lucai, skills: ['refunds:3', wine]}\n"
                          "  rules:\n  - {rule: right, all: [greets], team: support, agent: lucia, skills: ['refunds:1', 'refunds:2', refunds]}\n"
                          "  - {rule: far, all: [greets], team: nowhere-at-all}\n"
                          "kafka: {bootstrap.servers: '%s'}\npostgres:\n  url: |-\n    ", kafka);
    put_conninfo(&text, name);
    rlv_buf_printf(&text, "\ntopics: {prefix: %s., partitions: 3}\nplugins:\n"
                          "- {name: greets, path: %s/plugins/triggers/keyword.so, options: {phrases: [hola]}}\n", name, folder);
    put(config, text.data);
    rlv_buf_free(&text);
    assert_int_equal(run(rlv_cli_check, with_config("check")), EX_OK);
    assert_null(strstr(out, " names the ")); /* before there is anybody */

    sql(name, "SELECT desk.put_agent('lucia', 'Lucía', '{support}', '{refunds:2}')");
    assert_int_equal(run(rlv_cli_check, with_config("check")), EX_OK);
    static const char *const lines[] = {"team 'sopport', which has no agent and no rules of its own yet: did you mean 'support'?\n",
                                        "agent 'lucai', whom there is not yet: did you mean 'lucia'?\n",
                                        "skill 'refunds:3', which no agent has yet: did you mean 'refunds:2'?\n",
                                        "skill 'wine', which no agent has yet\n"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        (void)snprintf(want, sizeof(want), "OK     policy    %s:3: the trigger 'greets' names the %s", config, lines[i]);
        if (!strstr(out, want))
            fail_msg("not said: %s in %s", want, out);
    }
    (void)snprintf(want, sizeof(want), "OK     policy    %s:6: the rule 'far' names the team 'nowhere-at-all', which has no agent and no rules of its own yet\n",
                   config);
    assert_non_null(strstr(out, want));
    assert_null(strstr(out, "rule 'right'"));
    sql(name, "SELECT desk.put_team('sopport')"); /* rules make a team */
    assert_int_equal(run(rlv_cli_check, with_config("check")), EX_OK);
    assert_null(strstr(out, "names the team 'sopport'"));
    sql(name, "DELETE FROM relevo.agent; DELETE FROM relevo.team WHERE team <> ''");
    configure();
}

/* Everything that is missing is said in one go, and when all is there nothing is. */
static void check_finds(void **state)
{
    (void)state;
    NEED_SERVERS();
    assert_int_equal(run(rlv_cli_check, with_config("check")), EX_OK);
    assert_null(strstr(out, "FAIL"));
    assert_non_null(strstr(out, "\nOK     kafka     "));
    assert_non_null(strstr(out, "\nOK     topics    9, with 3 partitions each\n"));
    assert_non_null(
        strstr(out, "\nOK     rights    Kafka: the inputs can be read, group relevo and transactions"));
    assert_non_null(strstr(out, "\nOK     postgres  it answers\nOK     schema    "));
    assert_non_null(strstr(out, "\nOK     rights    Postgres: role "));

    /* the same for machines: each part with its verdict, and the exit code */
    assert_int_equal(run(rlv_cli_check, with_config("check --json")), EX_OK);
    json_t *said = json_loads(out, 0, NULL), *part;
    size_t i;
    assert_true(json_is_true(json_object_get(said, "ok")) && json_array_size(json_object_get(said, "parts")) > 5);
    json_array_foreach(json_object_get(said, "parts"), i, part)
        assert_true(json_is_true(json_object_get(part, "ok")) && json_is_string(json_object_get(part, "text")));
    json_decref(said);
    (void)setenv("RELEVO_TOPICS_PROGRESS", "relevo.nowhere.v1", 1);
    assert_int_equal(run(rlv_cli_check, with_config("check --json")), EX_CONFIG);
    (void)unsetenv("RELEVO_TOPICS_PROGRESS");
    said = json_loads(out, 0, NULL);
    assert_true(json_is_false(json_object_get(said, "ok")) && json_integer_value(json_object_get(said, "exit_code")) == EX_CONFIG);
    json_decref(said);
    assert_int_equal(run(rlv_cli_check, with_config("check --json --print")), EX_OK);
    said = json_loads(out, 0, NULL);
    assert_true(json_array_size(json_object_get(said, "options")) > 100);
    json_decref(said);
    assert_int_equal(run(rlv_cli_account, with_config("account list --json")), EX_OK);
    assert_string_equal(out, "{\"accounts\":[]}\n");
    sql(name, "INSERT INTO relevo.agent (id, name) VALUES ('ana', 'Ana'); "
              "INSERT INTO relevo.account (login, role, agent_id) VALUES ('ana', 'agent', 'ana')");
    assert_int_equal(run(rlv_cli_account, with_config("account list --json")), EX_OK);
    assert_string_equal(out, "{\"accounts\":[{\"login\":\"ana\",\"role\":\"agent\",\"agent\":\"ana\",\"password\":false}]}\n");
    assert_int_equal(run(rlv_cli_account, with_config("account put sara --role supervisor --no-password --json")), EX_OK);
    assert_string_equal(out, "{\"put\":\"sara\"}\n");
    assert_int_equal(run(rlv_cli_account, with_config("account drop sara --json")), EX_OK);
    assert_string_equal(out, "{\"dropped\":\"sara\"}\n");

    /* a role without rights, topics that do not fit, and another schema: all at once */
    char role[80], statement[512];
    (void)snprintf(role, sizeof(role), "%s_nobody", name);
    (void)snprintf(statement, sizeof(statement),
                   "CREATE ROLE %s LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA relevo TO %s; "
                   "GRANT SELECT ON public.relevo_migration, relevo.lane TO %s",
                   role, role, role);
    sql(name, statement);
    rlv_buf url = RLV_BUF_INIT(4096);
    put_conninfo(&url, name);
    const char *glue = strstr(url.data, "://") ? "&" : " ";
    rlv_buf_printf(&url, "%suser=%s%spassword=x", glue, role, glue);
    (void)setenv("RELEVO_POSTGRES", url.data, 1);
    (void)setenv("RELEVO_TOPICS_PROGRESS", "relevo.nowhere.v1", 1);
    (void)setenv("RELEVO_TOPICS_OWNERSHIP", "relevo.progress.v1", 1);
    (void)setenv("RELEVO_TOPICS_PARTITIONS", "4", 1);
    assert_int_equal(run(rlv_cli_check, with_config("check")), EX_CONFIG);
    assert_non_null(strstr(out, "FAIL   topics    the topics have 3 partitions, the configuration says 4"));
    assert_non_null(strstr(out, ".relevo.nowhere.v1 is missing: `relevo topics create` makes it\n"));
    assert_non_null(
        strstr(out, "lacks INSERT on relevo.lane, UPDATE on relevo.lane, SELECT on relevo.conversation"));
    assert_non_null(strstr(out, ": GRANT relevo_lane TO "));
    (void)unsetenv("RELEVO_POSTGRES");
    (void)unsetenv("RELEVO_TOPICS_PROGRESS");
    (void)unsetenv("RELEVO_TOPICS_OWNERSHIP");
    (void)unsetenv("RELEVO_TOPICS_PARTITIONS");
    rlv_buf_free(&url);
    (void)snprintf(statement, sizeof(statement), "DROP OWNED BY %s; DROP ROLE %s", role, role);
    sql(name, statement);

    sql(name, "UPDATE public.relevo_migration SET hash = 'other' WHERE name LIKE '001%'");
    assert_int_equal(run(rlv_cli_check, with_config("check")), EX_CONFIG);
    assert_non_null(strstr(out, "FAIL   schema    migration 001_relevo"));
    sql(name, "DELETE FROM public.relevo_migration WHERE name LIKE '002%'; "
              "UPDATE public.relevo_migration SET hash = 'other' WHERE false");
    assert_int_equal(run(rlv_cli_check, with_config("check")), EX_CONFIG);
    sql(name, "DROP TABLE public.relevo_migration");
    assert_int_equal(run(rlv_cli_check, with_config("check")), EX_CONFIG);
    assert_non_null(strstr(out, "FAIL   schema    this database has no Relevo schema: run relevo migrate\n"));
}

static void webhook_and_lag(void **state)
{
    (void)state;
    NEED_SERVERS();
    char payload[128], command[256];
    (void)snprintf(payload, sizeof(payload), "/tmp/%s.json", name);
    put(payload, "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"1\",\"changes\":[{\"field\":"
                 "\"messages\","
                 "\"value\":{\"messaging_product\":\"whatsapp\",\"metadata\":{\"phone_number_id\":\"100\"},"
                 "\"contacts\":[{\"profile\":{\"name\":\"Ana\"},\"wa_id\":\"5215550001\"}],\"messages\":["
                 "{\"from\":\"5215550001\",\"id\":\"wamid.A\",\"timestamp\":\"1700000000\",\"type\":\"text\","
                 "\"text\":{\"body\":\"Hola\"}},"
                 "{\"from\":\"5215550001\",\"id\":\"wamid.B\",\"timestamp\":\"1700000001\",\"type\":\"text\","
                 "\"text\":{\"body\":\"Adios\"}}]}}]}]}");
    (void)snprintf(command, sizeof(command), "webhook %s", payload);
    assert_int_equal(run(rlv_cli_webhook, with_config(command)), EX_OK);
    assert_non_null(strstr(out, ": message wamid.A -> "));
    assert_non_null(strstr(out, ": message wamid.B -> "));

    /* a customer's messages go to one partition, in order */
    int32_t first = -1, second = -2;
    long long at_first = -1, at_second = -1;
    assert_int_equal(sscanf(strstr(out, "events.v1["), "events.v1[%d]@%lld", &first, &at_first), 2);
    assert_int_equal(
        sscanf(strstr(strstr(out, "wamid.B"), "events.v1["), "events.v1[%d]@%lld", &second, &at_second), 2);
    assert_int_equal(first, second);
    assert_int_equal(at_second, at_first + 1);

    char as_json[300];
    (void)snprintf(as_json, sizeof(as_json), "webhook --json %s", payload);
    assert_int_equal(run(rlv_cli_webhook, with_config(as_json)), EX_OK);
    json_error_t where;
    json_t *event = json_loads(out, JSON_DISABLE_EOF_CHECK, &where);
    assert_non_null(strstr(json_string_value(json_object_get(event, "event")), "message wamid.A"));
    assert_int_equal(json_integer_value(json_object_get(event, "partition")), first);
    assert_int_equal(json_integer_value(json_object_get(event, "offset")), at_second + 1);
    json_decref(event);
    at_second += 2;

    put(payload, "{\"object\":");
    assert_int_equal(run(rlv_cli_webhook, with_config(command)), EX_DATAERR);
    assert_non_null(strstr(err, "the webhook is not JSON"));
    assert_int_equal(unlink(payload), 0);
    assert_int_equal(run(rlv_cli_webhook, with_config(command)), EX_NOINPUT);

    /* the lane that owns it has read one of the two */
    char statement[512];
    (void)snprintf(statement, sizeof(statement),
                   "INSERT INTO relevo.lane (lane, partitions, kafka_cluster, fence, topics, next_offsets) "
                   "VALUES (%d, 3, 'x', '', '{%s.whatsapp.events.v1}', '{%lld}')",
                   first, name, at_second);
    sql(name, statement);
    assert_int_equal(run(rlv_cli_lag, with_config("lag --json")), EX_OK);
    json_t *lag = json_loads(out, 0, NULL), *row;
    assert_non_null(lag);
    size_t i, seen = 0;
    json_array_foreach(json_object_get(lag, "partitions"), i, row)
    {
        bool ours = json_integer_value(json_object_get(row, "partition")) == first &&
                    strstr(json_string_value(json_object_get(row, "topic")), "events") != NULL;
        assert_int_equal(json_integer_value(json_object_get(row, "behind")), ours ? 1 : 0);
        if (ours) {
            assert_int_equal(json_integer_value(json_object_get(row, "next")), at_second);
            assert_int_equal(json_integer_value(json_object_get(row, "end")), at_second + 1);
            double seconds = json_number_value(json_object_get(row, "seconds"));
            assert_true(seconds >= 0 && seconds < 120);
            seen++;
        } else {
            assert_true(json_is_null(json_object_get(row, "next")));
        }
    }
    assert_int_equal(seen, 1);
    assert_int_equal(json_array_size(json_object_get(lag, "partitions")), 6);
    json_decref(lag);
    assert_int_equal(run(rlv_cli_lag, with_config("lag")), EX_OK);
    assert_true(strncmp(out, "TOPIC ", 6) == 0);
}

/* What it does with letters is in tests/pipeline/test_dlq.py. */
static void no_dead_letters(void **state)
{
    (void)state;
    NEED_SERVERS();
    assert_int_equal(run(rlv_cli_dlq, with_config("dlq list")), EX_OK);
    assert_string_equal(out, "No dead letter is open.\n");
    assert_int_equal(run(rlv_cli_dlq, with_config("dlq list --json --all")), EX_OK);
    assert_string_equal(out, "{\"letters\":[]}\n");
    assert_int_equal(run(rlv_cli_dlq, with_config("dlq replay --all")), EX_OK);
    assert_string_equal(out, "replayed 0 dead letters\n");
    assert_int_equal(run(rlv_cli_dlq, with_config("dlq show a:0:1")), EX_NOINPUT);
    assert_int_equal(run(rlv_cli_dlq, with_config("dlq drop")), EX_USAGE);
}

static void an_empty_timeline(void **state)
{
    (void)state;
    NEED_SERVERS();
    assert_int_equal(run(rlv_cli_timeline, with_config("timeline --since 5m --until-quiet 100ms")), EX_OK);
    assert_string_equal(out, "");
    assert_string_equal(err, "");
    assert_int_equal(run(rlv_cli_timeline, with_config("timeline --follow soon")), EX_USAGE);
    assert_int_equal(run(rlv_cli_timeline, with_config("timeline --follow 1 --until-quiet 1")), EX_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] =
        {
            cmocka_unit_test(migrate),         cmocka_unit_test(topics),
            cmocka_unit_test(webhook_and_lag), cmocka_unit_test(an_empty_timeline),
            cmocka_unit_test(no_dead_letters), cmocka_unit_test(check_whom),
            cmocka_unit_test(check_finds), /* the last: it breaks the schema */
        };
    return cmocka_run_group_tests(tests, setup, teardown);
}
