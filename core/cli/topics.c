/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `relevo topics create|list`: the topics with what the protocol needs of them. It never changes a topic that
 * exists: what does not fit is said with the remedy.
 */
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/kafka.h"
#include "cli/topics.h"

enum {
    TOPICS_MAX = 64,
    TOPIC_NAME_MAX = 256,
    VISIBLE_TRIES = 600 /* of 100 ms: a busy broker takes its time */
};

static const char help[] =
    "Usage: relevo topics create|list [--plan] [--json] [--config FILE]\n\n"
    "  create   makes the topics that are missing, with topics.partitions and topics.replication\n"
    "  list     shows all of them, and what does not fit\n"
    "  --plan   only says what `create` would make, with which settings, and what does not fit: changes nothing\n"
    "  --json   for machines; of `create` the topics as they are then, and which it made\n\n"
    "Inputs (events, results) carry LogAppendTime; ownership and progress are compacted; inputs have a "
    "<topic>.dlq beside\n"
    "them. All have the same number of partitions. A topic that exists is never changed.\n";

/* One topic as it should be, and as it is. */
struct topic {
    char name[TOPIC_NAME_MAX];
    bool compact, append_time, dead;
    bool exists;
    int partitions, replication;
    char policy[64], stamp[64]; /* as it is; "": not asked */
};

struct job {
    const rlv_config *config;
    rd_kafka_t *rk;
    struct topic topics[TOPICS_MAX];
    size_t n;
    int patience_ms;  /* for an answer to an admin request; 0: long, something is being made */
    json_t *created;  /* names; NULL: they are told one by one */
    rlv_cli_say *say; /* what does not fit, a sentence each */
    void *user;
};

static void complain(const struct job *job, const char *fmt, ...) RLV_PRINTF(2, 3);
static void complain(const struct job *job, const char *fmt, ...)
{
    char text[1200];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    job->say(job->user, text);
}

static void add(struct job *job, const char *name, const char *suffix, bool compact, bool append_time)
{
    if (job->n == TOPICS_MAX)
        return;
    struct topic *t = &job->topics[job->n++];
    *t = (struct topic){.compact = compact, .append_time = append_time};
    (void)snprintf(t->name, sizeof(t->name), "%s%s", name, suffix);
}

static int want(struct job *job, rlv_error *err)
{
    const rlv_config *c = job->config;
    if (c->topics.n_events * 2 + 7 > TOPICS_MAX)
        return rlv_error_set(err, RLV_E_CONFIG, "topics.events lists %zu topics: at most %d are managed here",
                             c->topics.n_events, (TOPICS_MAX - 7) / 2);
    for (size_t i = 0; i < c->topics.n_events; i++)
        add(job, c->topics.events[i], "", false, true);
    add(job, c->topics.results, "", false, true);
    add(job, c->topics.decisions, "", false, false);
    add(job, c->topics.ownership, "", true, false);
    add(job, c->topics.outbound, "", false, false);
    add(job, c->topics.effects, "", false, false);
    add(job, c->topics.progress, "", true, false);
    size_t first_dead = job->n;
    for (size_t i = 0; i < c->topics.n_events; i++)
        add(job, c->topics.events[i], ".dlq", false, false);
    add(job, c->topics.results, ".dlq", false, false);
    for (size_t i = first_dead; i < job->n; i++)
        job->topics[i].dead = true;
    return RLV_OK;
}

/* ---- as they are
 * --------------------------------------------------------------------------------------------------- */

static int look(struct job *job, rlv_error *err)
{
    const struct rd_kafka_metadata *metadata;
    int rc = rlv_cli_metadata(job->rk, job->config, &metadata, err);
    if (rc)
        return rc;
    for (size_t i = 0; i < job->n; i++) {
        const struct rd_kafka_metadata_topic *found = rlv_cli_topic(metadata, job->topics[i].name);
        job->topics[i].exists = found && found->partition_cnt > 0;
        if (!job->topics[i].exists)
            continue;
        job->topics[i].partitions = found->partition_cnt;
        job->topics[i].replication = found->partitions[0].replica_cnt;
    }
    rd_kafka_metadata_destroy(metadata);
    return RLV_OK;
}

static void note_settings(struct job *job, const rd_kafka_ConfigResource_t *resource)
{
    const char *name = rd_kafka_ConfigResource_name(resource);
    size_t n;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &n);
    for (size_t i = 0; i < job->n; i++) {
        struct topic *t = &job->topics[i];
        if (strcmp(t->name, name) != 0)
            continue;
        for (size_t j = 0; j < n; j++) {
            const char *key = rd_kafka_ConfigEntry_name(entries[j]),
                       *value = rd_kafka_ConfigEntry_value(entries[j]);
            if (value && strcmp(key, "cleanup.policy") == 0)
                (void)snprintf(t->policy, sizeof(t->policy), "%s", value);
            if (value && strcmp(key, "message.timestamp.type") == 0)
                (void)snprintf(t->stamp, sizeof(t->stamp), "%s", value);
        }
    }
}

/* Waits for the answer to an admin request; the caller destroys it. */
static int wait_event(struct job *job, rd_kafka_queue_t *queue, const char *what, rd_kafka_event_t **ret,
                      rlv_error *err)
{
    rd_kafka_event_t *event =
        rd_kafka_queue_poll(queue, job->patience_ms ? job->patience_ms : 4 * RLV_CLI_WAIT_MS);
    rd_kafka_resp_err_t code = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (code) {
        if (event)
            rd_kafka_event_destroy(event);
        return rlv_cli_kafka_error(err, code, job->config, what);
    }
    *ret = event;
    return RLV_OK;
}

static int ask_settings(struct job *job, rlv_error *err)
{
    rd_kafka_ConfigResource_t *asked[TOPICS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < job->n; i++)
        if (job->topics[i].exists)
            asked[n++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, job->topics[i].name);
    if (n == 0)
        return RLV_OK;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(job->rk);
    rd_kafka_event_t *event = NULL;
    rd_kafka_DescribeConfigs(job->rk, asked, n, NULL, queue);
    int rc = wait_event(job, queue, "asking for the topics' settings", &event, err);
    if (rc == RLV_OK) {
        size_t got;
        const rd_kafka_ConfigResource_t **resources =
            rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(event), &got);
        for (size_t i = 0; i < got; i++)
            note_settings(job, resources[i]);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_ConfigResource_destroy_array(asked, n);
    rd_kafka_queue_destroy(queue);
    return rc;
}

/* ---- what does not fit
 * --------------------------------------------------------------------------------------------- */

static void say_setting(const struct job *job, const struct topic *t, const char *key, const char *is,
                        const char *must)
{
    complain(
        job,
        "topic %s has %s=%s, and needs %s: kafka-configs.sh --alter --entity-type topics --entity-name %s "
        "--add-config %s=%s",
        t->name, key, is, must, t->name, key, must);
}

/* The partition count of all topics that exist; 0: none does, -1: they differ. */
static int common_count(const struct job *job)
{
    int count = 0;
    for (size_t i = 0; i < job->n; i++) {
        if (job->topics[i].exists && count && job->topics[i].partitions != count)
            return -1;
        if (job->topics[i].exists)
            count = job->topics[i].partitions;
    }
    return count;
}

/* Counts that differ from the configuration's: one line when that is what to change. */
static int judge_counts(const struct job *job)
{
    int wanted = job->config->topics.partitions, common = common_count(job), wrong = 0;
    if (common == 0 || common == wanted)
        return 0;
    if (common > 0) {
        complain(
            job,
            "the topics have %d partitions, the configuration says %d: the number cannot be changed, set "
            "topics.partitions to %d (or choose another topics.prefix)",
            common, wanted, common);
        return 1;
    }
    for (size_t i = 0; i < job->n; i++) {
        const struct topic *t = &job->topics[i];
        if (!t->exists || t->partitions == wanted)
            continue;
        complain(job,
                 "topic %s has %d partitions, the configuration says %d, and all topics need the same "
                 "number: delete "
                 "this one if it is empty, or choose another topics.prefix",
                 t->name, t->partitions, wanted);
        wrong++;
    }
    return wrong;
}

/* Says everything that does not fit and returns how much it is. */
static int judge(const struct job *job)
{
    int wrong = judge_counts(job);
    for (size_t i = 0; i < job->n; i++) {
        const struct topic *t = &job->topics[i];
        if (!t->exists)
            continue;
        /* compact,delete would forget the progress of a lane that rests. */
        if (*t->policy && (strstr(t->policy, "compact") != NULL) != t->compact) {
            say_setting(job, t, "cleanup.policy", t->policy, t->compact ? "compact" : "delete");
            wrong++;
        } else if (*t->policy && t->compact && strcmp(t->policy, "compact") != 0) {
            say_setting(job, t, "cleanup.policy", t->policy, "compact");
            wrong++;
        }
        if (*t->stamp && t->append_time && strcmp(t->stamp, "LogAppendTime") != 0) {
            say_setting(job, t, "message.timestamp.type", t->stamp, "LogAppendTime");
            wrong++;
        }
    }
    return wrong;
}

/* ---- create
 * -------------------------------------------------------------------------------------------------------- */

enum { SETTINGS_MAX = 3 };

/* With what settings a topic is made: names and values. */
static size_t settings_of(const struct topic *t, const char *ret[SETTINGS_MAX][2])
{
    size_t n = 0;
    ret[n][0] = "cleanup.policy";
    ret[n++][1] = t->compact ? "compact" : "delete";
    if (t->append_time) {
        ret[n][0] = "message.timestamp.type";
        ret[n++][1] = "LogAppendTime";
        ret[n][0] = "max.message.bytes";
        ret[n++][1] = "16777216"; /* a webhook that is kept whole is larger than Kafka's default of 1 MiB */
    }
    if (t->dead) {
        ret[n][0] = "max.message.bytes";
        ret[n++][1] = "104857600"; /* a dead letter is whatever came in, and its headers */
    }
    return n;
}

static rd_kafka_NewTopic_t *new_topic(const struct job *job, const struct topic *t, rlv_error *err)
{
    char why[256];
    const rlv_config *c = job->config;
    rd_kafka_NewTopic_t *fresh =
        rd_kafka_NewTopic_new(t->name, c->topics.partitions, c->topics.replication, why, sizeof(why));
    if (!fresh) {
        (void)rlv_error_set(err, RLV_E_CONFIG, "topic %s cannot be made: %s", t->name, why);
        return NULL;
    }
    const char *settings[SETTINGS_MAX][2];
    size_t n = settings_of(t, settings);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t i = 0; i < n && !code; i++)
        code = rd_kafka_NewTopic_set_config(fresh, settings[i][0], settings[i][1]);
    if (code) {
        (void)rlv_error_set(err, RLV_E_IO, "topic %s cannot be made: %s", t->name, rd_kafka_err2str(code));
        rd_kafka_NewTopic_destroy(fresh);
        return NULL;
    }
    return fresh;
}

static int report_created(const struct job *job, const rd_kafka_event_t *event, rlv_error *err)
{
    size_t n;
    const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(
        rd_kafka_event_CreateTopics_result((rd_kafka_event_t *)event), &n);
    int rc = RLV_OK;
    for (size_t i = 0; i < n; i++) {
        rd_kafka_resp_err_t code = rd_kafka_topic_result_error(results[i]);
        const char *name = rd_kafka_topic_result_name(results[i]),
                   *why = rd_kafka_topic_result_error_string(results[i]);
        if (job->created) {
            if (!code)
                (void)json_array_append_new(job->created, json_string(name));
        } else if (!code)
            (void)printf("created  %s, %d partitions\n", name, job->config->topics.partitions);
        else if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) /* somebody else was quicker */
            (void)printf("exists   %s\n", name);
        if (code && code != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
            rc = rlv_error_set(err,
                               code == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR ? RLV_E_CONFIG : RLV_E_IO,
                               "topic %s cannot be made: %s", name, why ? why : rd_kafka_err2str(code));
    }
    return rc;
}

static int send_create(struct job *job, rd_kafka_NewTopic_t **fresh, size_t n, rlv_error *err)
{
    char why[256];
    rd_kafka_queue_t *queue = rd_kafka_queue_new(job->rk);
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(job->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_event_t *event = NULL;
    int rc = RLV_OK;
    if (rd_kafka_AdminOptions_set_operation_timeout(options, RLV_CLI_WAIT_MS, why, sizeof(why)))
        rc = rlv_error_set(err, RLV_E_IO, "creating topics: %s", why);
    if (rc == RLV_OK) {
        rd_kafka_CreateTopics(job->rk, fresh, n, options, queue);
        rc = wait_event(job, queue, "creating topics", &event, err);
    }
    if (rc == RLV_OK) {
        rc = report_created(job, event, err);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_queue_destroy(queue);
    return rc;
}

/* Until every broker's answer shows them: what is started next would else miss one. */
static int wait_visible(struct job *job, rlv_error *err)
{
    for (int i = 0; i < VISIBLE_TRIES; i++) {
        int rc = look(job, err);
        if (rc)
            return rc;
        size_t seen = 0;
        for (size_t j = 0; j < job->n; j++)
            seen += job->topics[j].exists;
        if (seen == job->n)
            return RLV_OK;
        (void)rd_kafka_poll(job->rk, 100);
    }
    return rlv_error_set(err, RLV_E_TIMEOUT, "the new topics do not appear: try again");
}

static int create_missing(struct job *job, rlv_error *err)
{
    rd_kafka_NewTopic_t *fresh[TOPICS_MAX];
    size_t n = 0;
    int rc = RLV_OK;
    for (size_t i = 0; i < job->n && rc == RLV_OK; i++) {
        if (job->topics[i].exists) {
            if (!job->created)
                (void)printf("exists   %s\n", job->topics[i].name);
            continue;
        }
        fresh[n] = new_topic(job, &job->topics[i], err);
        if (!fresh[n])
            rc = err->code;
        else
            n++;
    }
    if (rc == RLV_OK && n > 0)
        rc = send_create(job, fresh, n, err);
    rd_kafka_NewTopic_destroy_array(fresh, n);
    if (rc == RLV_OK && n > 0)
        rc = wait_visible(job, err);
    return rc;
}

/* ---- the command
 * --------------------------------------------------------------------------------------------------- */

static void print_list(const struct job *job)
{
    (void)printf("%-40s %10s %11s  %-15s %s\n", "TOPIC", "PARTITIONS", "REPLICATION", "CLEANUP",
                 "TIMESTAMPS");
    for (size_t i = 0; i < job->n; i++) {
        const struct topic *t = &job->topics[i];
        if (t->exists)
            (void)printf("%-40s %10d %11d  %-15s %s\n", t->name, t->partitions, t->replication, t->policy,
                         t->stamp);
        else
            (void)printf("%-40s %10s\n", t->name, "missing");
    }
}

/* What `create` would make of each. */
static void print_plan(const struct job *job)
{
    for (size_t i = 0; i < job->n; i++) {
        const struct topic *t = &job->topics[i];
        if (t->exists) {
            (void)printf("exists   %s, %d partitions\n", t->name, t->partitions);
            continue;
        }
        const char *settings[SETTINGS_MAX][2];
        size_t n = settings_of(t, settings);
        (void)printf("create   %s, %d partitions, %d copies", t->name, job->config->topics.partitions, job->config->topics.replication);
        for (size_t j = 0; j < n; j++)
            (void)printf(", %s=%s", settings[j][0], settings[j][1]);
        (void)puts("");
    }
}

/* Of what exists what it is, of what does not what it would be made with. Mistakes go into `wrong`. */
static int print_json(const struct job *job, json_t *wrong)
{
    json_t *all = json_array();
    for (size_t i = 0; i < job->n; i++) {
        const struct topic *t = &job->topics[i];
        json_t *row = json_pack("{s:s, s:b, s:i, s:i}", "topic", t->name, "exists", t->exists, "partitions",
                                t->exists ? t->partitions : job->config->topics.partitions, "replication",
                                t->exists ? t->replication : job->config->topics.replication);
        const char *settings[SETTINGS_MAX][2];
        size_t n = t->exists ? 0 : settings_of(t, settings);
        for (size_t j = 0; j < n; j++)
            (void)json_object_set_new(row, settings[j][0], json_string(settings[j][1]));
        if (t->exists) {
            (void)json_object_set_new(row, "cleanup.policy", json_string(t->policy));
            (void)json_object_set_new(row, "message.timestamp.type", json_string(t->stamp));
        }
        (void)json_array_append_new(all, row);
    }
    json_t *whole = json_pack("{s:o, s:O}", "topics", all, "wrong", wrong);
    if (job->created)
        (void)json_object_set(whole, "created", job->created);
    return rlv_cli_put_json(whole);
}

static void to_stderr(void *user, const char *text)
{
    (void)json_array_append_new(user, json_string(text));
    (void)fprintf(stderr, "relevo: %s\n", text);
}

/* A topic that the list of all does not show: missing, or hidden from us. */
static void complain_of_missing(const struct job *job, const struct topic *t)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(job->rk, t->name, NULL);
    rd_kafka_resp_err_t code = rd_kafka_metadata(job->rk, 0, rkt, &metadata, RLV_CLI_WAIT_MS);
    if (!code && metadata->topic_cnt == 1)
        code = metadata->topics[0].err;
    if (code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
        complain(job, "topic %s may not be seen: grant Describe, and Read or Write, on it to this user",
                 t->name);
    else
        complain(job, "topic %s is missing: `relevo topics create` makes it", t->name);
    if (metadata)
        rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(rkt);
}

int rlv_cli_topics_check(rd_kafka_t *rk, const rlv_config *config, rlv_cli_say *say, void *user,
                         int *ret_topics, rlv_error *err)
{
    struct job *job = calloc(1, sizeof(*job));
    if (!job)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    *job = (struct job){.config = config, .rk = rk, .patience_ms = RLV_CLI_WAIT_MS, .say = say, .user = user};
    int rc = want(job, err);
    if (rc == RLV_OK)
        rc = look(job, err);
    rlv_error unsaid;
    if (rc == RLV_OK && ask_settings(job, &unsaid))
        complain(job,
                 "the settings of the topics cannot be read: %s; grant DescribeConfigs on them to this user",
                 unsaid.message);
    if (rc == RLV_OK) {
        (void)judge(job);
        for (size_t i = 0; i < job->n; i++)
            if (!job->topics[i].exists)
                complain_of_missing(job, &job->topics[i]);
        *ret_topics = (int)job->n;
    }
    free(job);
    return rc;
}

struct wish {
    bool create, plan, json;
};

static int run(struct job *job, struct wish wish)
{
    rlv_error err;
    int rc = want(job, &err);
    if (rc == RLV_OK)
        rc = rlv_cli_client(job->config, RD_KAFKA_CONSUMER, "topics", NULL, 0, &job->rk, &err);
    if (rc == RLV_OK)
        rc = look(job, &err);
    if (rc == RLV_OK)
        rc = ask_settings(job, &err);
    if (rc)
        return rlv_cli_fail(&err);
    if (wish.plan && !wish.json)
        print_plan(job);
    else if (!wish.create && !wish.json)
        print_list(job);
    (void)fflush(stdout);
    int wrong = judge(job);
    rc = EX_OK;
    if (!wrong && wish.create && (create_missing(job, &err) || (wish.json && ask_settings(job, &err))))
        rc = rlv_cli_fail(&err);
    if (wish.json && print_json(job, job->user))
        return EX_OSERR;
    if (wrong || rc)
        return wrong ? EX_CONFIG : rc;
    for (size_t i = 0; i < job->n; i++)
        if (!job->topics[i].exists && !wish.create && !wish.plan) {
            (void)fprintf(stderr, "relevo: topics are missing: `relevo topics create` makes them\n");
            return EX_CONFIG;
        }
    return EX_OK;
}

int rlv_cli_topics(int argc, char **argv)
{
    const char *path = NULL;
    struct wish wish = {0};
    const rlv_cli_flag flags[] = {{"config", &path, NULL}, {"plan", NULL, &wish.plan}, {"json", NULL, &wish.json}};
    int first, rc = rlv_cli_parse(argc, argv, help, flags, 3, &first);
    if (rc >= 0)
        return rc;
    bool create = first < argc && strcmp(argv[first], "create") == 0, list = first < argc && strcmp(argv[first], "list") == 0;
    if (argc - first > 1 || (argc - first == 1 && !create && !list) || (argc == first && !wish.plan))
        return rlv_cli_usage("topics", "say `relevo topics create`, `relevo topics list` or `relevo topics --plan`");
    wish.create = create && !wish.plan;
    rlv_config *config;
    rc = rlv_cli_load(argv[0], path, &config);
    if (rc)
        return rc;
    struct job *job = calloc(1, sizeof(*job));
    if (job) {
        job->config = config;
        job->say = to_stderr;
        job->user = json_array();
        job->created = wish.create && wish.json ? json_array() : NULL;
        rc = run(job, wish);
        json_decref(job->user);
        json_decref(job->created);
        if (job->rk)
            rd_kafka_destroy(job->rk);
    } else {
        rc = EX_OSERR;
    }
    free(job);
    rlv_config_free(config);
    return rc;
}
