/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kafka as `relevo check` looks at it: does it answer, are the topics as the protocol needs them, may this
 * user do a lane's work. Must never write a record: what only a write would tell (Write on the outputs) is
 * not asked.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "cli/check.h"
#include "cli/kafka.h"
#include "cli/topics.h"

enum {
    READ_WAIT_MS = 20000,
    READS_MAX = 64
};

static void fail_topic(void *user, const char *text)
{
    rlv_check_fail(user, "topics", "%s", text);
}

/* ---- rights
 * ---------------------------------------------------------------------------------------------------- */

/* Reads the end of the first partition of each topic that a lane reads: whoever may not is told so. */
static bool check_reads(rlv_check *check, rd_kafka_t *rk)
{
    const rlv_config *c = check->config;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(READS_MAX);
    for (size_t i = 0; i < c->topics.n_events && i + 2 < READS_MAX; i++)
        rd_kafka_topic_partition_list_add(list, c->topics.events[i], 0)->offset = RD_KAFKA_OFFSET_END;
    rd_kafka_topic_partition_list_add(list, c->topics.results, 0)->offset = RD_KAFKA_OFFSET_END;
    rd_kafka_topic_partition_list_add(list, c->topics.progress, 0)->offset = RD_KAFKA_OFFSET_END;
    int left = list->cnt, wrong = check->wrong;
    (void)rd_kafka_assign(rk, list);
    int64_t until_us = rlv_clock_mono_us() + (int64_t)READ_WAIT_MS * 1000;
    while (left > 0 && rlv_clock_mono_us() < until_us) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, 100);
        if (!m)
            continue;
        if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            left--;
        } else if (m->err == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
            rlv_check_fail(check, "rights", "Kafka: topic %s may not be read: grant Read on it to this user",
                           m->rkt ? rd_kafka_topic_name(m->rkt) : "?");
            left--;
        }
        rd_kafka_message_destroy(m);
    }
    (void)rd_kafka_assign(rk, NULL);
    rd_kafka_topic_partition_list_destroy(list);
    if (left > 0 && check->wrong == wrong)
        rlv_check_fail(check, "rights", "Kafka: %d topics could not be read within %d s: is every broker up?",
                       left, READ_WAIT_MS / 1000);
    return check->wrong == wrong;
}

static bool check_group(rlv_check *check, rd_kafka_t *rk)
{
    const rlv_config *c = check->config;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, c->topics.events[0], 0);
    rd_kafka_resp_err_t code = rd_kafka_committed(rk, list, RLV_CLI_WAIT_MS);
    rd_kafka_topic_partition_list_destroy(list);
    if (code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
        rlv_check_fail(check, "rights", "Kafka: group %s may not be used: grant Read on it to this user",
                       c->consume.group);
    else if (code)
        rlv_check_fail(check, "rights", "Kafka: asking for group %s: %s", c->consume.group,
                       rd_kafka_err2str(code));
    return !code;
}

/* With an id that no lane has: a lane's own would throw it out. */
static bool check_transactions(rlv_check *check)
{
    char id[160];
    (void)snprintf(id, sizeof(id), "%s-lane-check", check->config->cluster);
    const char *const own[][2] = {{"transactional.id", id}};
    rd_kafka_t *rk;
    rlv_error err;
    if (rlv_cli_client(check->config, RD_KAFKA_PRODUCER, "check", own, 1, &rk, &err)) {
        rlv_check_fail(check, "rights", "%s", err.message);
        return false;
    }
    rd_kafka_error_t *e = rd_kafka_init_transactions(rk, RLV_CLI_WAIT_MS);
    rd_kafka_resp_err_t code = e ? rd_kafka_error_code(e) : RD_KAFKA_RESP_ERR_NO_ERROR;
    if (code == RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
        rlv_check_fail(check, "rights",
                       "Kafka: transactional ids %s-lane-* may not be used: grant Write and Describe on that "
                       "prefix to this "
                       "user",
                       check->config->cluster);
    else if (code)
        rlv_check_fail(check, "rights", "Kafka: transactions do not work: %s", rd_kafka_err2str(code));
    if (e)
        rd_kafka_error_destroy(e);
    rd_kafka_destroy(rk);
    return !code;
}

static void check_rights(rlv_check *check, rd_kafka_t *rk)
{
    rlv_check_waiting("asking Kafka what this user may do");
    bool reads = check_reads(check, rk), group = check_group(check, rk),
         transactions = check_transactions(check);
    if (reads && group && transactions)
        rlv_check_ok("rights",
                     "Kafka: the inputs can be read, group %s and transactions %s-lane-* can be used",
                     check->config->consume.group, check->config->cluster);
}

/* ---- the part
 * -------------------------------------------------------------------------------------------------- */

static void look(rlv_check *check, rd_kafka_t *rk)
{
    const char *servers = rlv_config_kafka(check->config, "bootstrap.servers");
    int n = 0, wrong = check->wrong;
    rlv_error err;
    rlv_check_waiting("asking Kafka at %s", servers);
    const struct rd_kafka_metadata *metadata;
    int rc = rlv_cli_metadata(rk, check->config, &metadata, &err);
    if (rc != RLV_OK) {
        rlv_check_fail(check, "kafka", "%s", err.message);
        check->away += rc == RLV_E_UNAVAILABLE;
        return;
    }
    rlv_check_ok("kafka", "%s, %d brokers", servers, metadata->broker_cnt);
    rd_kafka_metadata_destroy(metadata);
    rc = rlv_cli_topics_check(rk, check->config, fail_topic, check, &n, &err);
    if (rc != RLV_OK)
        rlv_check_fail(check, "topics", "%s", err.message);
    if (check->wrong == wrong)
        rlv_check_ok("topics", "%d, with %d partitions each", n, check->config->topics.partitions);
    if (check->wrong == wrong)
        check_rights(check, rk); /* what is missing cannot be read */
}

void rlv_check_kafka(rlv_check *check)
{
    const char *const own[][2] = {
        {"group.id", check->config->consume.group}, {"enable.auto.commit", "false"},
        {"enable.partition.eof", "true"},           {"auto.offset.reset", "error"},
        {"allow.auto.create.topics", "false"},      {"isolation.level", "read_committed"}};
    rd_kafka_t *rk;
    rlv_error err;
    if (rlv_cli_client(check->config, RD_KAFKA_CONSUMER, "check", own, sizeof(own) / sizeof(*own), &rk,
                       &err)) {
        rlv_check_fail(check, "kafka", "%s", err.message);
        return;
    }
    (void)rd_kafka_poll_set_consumer(rk);
    look(check, rk);
    rd_kafka_destroy(rk);
}
