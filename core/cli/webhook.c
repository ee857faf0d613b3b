/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `relevo webhook`: saved webhook payloads of Meta onto the events topic, as the gateway publishes them: for
 * trying things out, and for sending again what a gateway missed. It checks no signature: whoever runs it is
 * trusted.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker/broker.h"
#include "cli/cli.h"
#include "cli/kafka.h"
#include "gateway/webhook.h"
#include "wire/wire.h"

enum {
    PAYLOAD_MAX = RLV_WEBHOOK_MAX,
    ARENA_MAX = 64 * 1024 * 1024,
    FLUSH_MS = 30000
};

static const char help[] = "Usage: relevo webhook [--json] [--config FILE] [FILE...]\n\n"
                           "Each FILE is one payload as Meta's webhook sends it (JSON); without one, or with "
                           "-, it is read from stdin. Each event\n"
                           "in it goes to the first topic of topics.events, keyed by number and customer, "
                           "and is told when Kafka has it; with --json as a line of JSON.\n";

struct sender {
    const rlv_config *config;
    rd_kafka_t *rk;
    rlv_wire *wire;
    rlv_arena *arena;
    const char *file; /* being sent */
    bool json;
    size_t sent, failed;
    rd_kafka_resp_err_t why; /* of the first that failed */
};

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *user)
{
    struct sender *s = user;
    char *what = message->_private;
    (void)rk;
    if (message->err) {
        s->why = s->failed++ ? s->why : message->err;
    } else {
        s->sent++;
        if (s->json) {
            if (rlv_cli_put_json(json_pack("{s:s, s:s, s:i, s:I}", "event", what, "topic", rd_kafka_topic_name(message->rkt), "partition",
                                           message->partition, "offset", (json_int_t)message->offset)))
                s->why = s->failed++ ? s->why : RD_KAFKA_RESP_ERR__FAIL;
            free(what);
            return;
        }
        (void)printf("%s -> %s[%d]@%lld\n", what, rd_kafka_topic_name(message->rkt), message->partition,
                     (long long)message->offset);
    }
    free(what);
}

static int read_payload(struct sender *s, const char *name, rlv_buf *ret, rlv_error *err)
{
    bool standard = strcmp(name, "-") == 0;
    char block[65536];
    s->file = standard ? "stdin" : name;
    FILE *file = standard ? stdin : fopen(name, "re");
    if (!file)
        return rlv_error_set(err, RLV_E_NOT_FOUND, "%s: %s", name, strerror(errno));
    errno = 0;
    for (size_t n; (n = fread(block, 1, sizeof(block), file)) > 0;)
        rlv_buf_append(ret, block, n);
    int failed = ferror(file) ? errno : 0;
    if (!standard)
        (void)fclose(file);
    if (failed)
        return rlv_error_set(err, RLV_E_IO, "%s: %s", s->file, strerror(failed));
    if (ret->failed)
        return rlv_error_set(err, RLV_E_LIMIT, "%s: larger than 3 MiB, which Meta never sends", s->file);
    return RLV_OK;
}

/* What the delivery report prints; it owns the text. */
static char *describe(const struct sender *s, const rlv_event *event)
{
    char *text = NULL;
    if (asprintf(&text, "%s: %s %.*s", s->file, rlv_event_kind_name(event->kind),
                 RLV_STR_ARG(event->message_id)) < 0)
        return NULL;
    return text;
}

static int send_event(struct sender *s, const rlv_event *event, rlv_error *err)
{
    rlv_buf bytes = RLV_BUF_INIT(PAYLOAD_MAX);
    const char *topic = s->config->topics.events[0];
    rlv_str key = rlv_event_key(event, s->arena);
    int rc = rlv_wire_encode_event(s->wire, event, &bytes, err);
    char *what = rc ? NULL : describe(s, event);
    if (rc == RLV_OK && !what)
        rc = rlv_error_set(err, RLV_E_LIMIT, "no memory");
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    while (rc == RLV_OK) {
        code = rd_kafka_producev(s->rk, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_KEY(key.ptr, key.len),
                                 RD_KAFKA_V_VALUE(bytes.data, bytes.len),
                                 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_OPAQUE(what),
                                 RD_KAFKA_V_END);
        (void)rd_kafka_poll(s->rk, code == RD_KAFKA_RESP_ERR__QUEUE_FULL ? 100 : 0);
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            break;
    }
    if (rc == RLV_OK && code)
        rc = rlv_cli_kafka_error(err, code, s->config, topic);
    if (rc)
        free(what);
    rlv_buf_free(&bytes);
    return rc;
}

static int send_file(struct sender *s, const char *name, rlv_error *err)
{
    rlv_buf payload = RLV_BUF_INIT(PAYLOAD_MAX);
    rlv_event *events;
    size_t n = 0;
    rlv_arena_reset(s->arena);
    int rc = read_payload(s, name, &payload, err);
    if (rc == RLV_OK && rlv_webhook_parse(rlv_buf_view(&payload), s->arena, &events, &n, err))
        rc = rlv_error_wrap(err, "%s", s->file);
    for (size_t i = 0; rc == RLV_OK && i < n; i++)
        rc = send_event(s, &events[i], err);
    if (rc == RLV_OK && n == 0)
        (void)fprintf(stderr, "relevo: %s holds no event\n", s->file);
    rlv_buf_free(&payload);
    return rc;
}

static int connect_producer(struct sender *s, rlv_error *err)
{
    /* The partitioner of the Java clients, so that every producer agrees on a conversation's lane. */
    static const char *const own[][2] = {{"acks", "all"},
                                         {"enable.idempotence", "true"},
                                         {"max.in.flight.requests.per.connection", "1"}, /* see gateway/README.md */
                                         {"partitioner", "murmur2_random"},
                                         {"delivery.timeout.ms", "20000"},
                                         {"linger.ms", "5"}};
    char why[256];
    rd_kafka_conf_t *conf = rlv_broker_conf(s->config, "webhook", own, sizeof(own) / sizeof(*own), err);
    if (!conf)
        return err->code;
    rd_kafka_conf_set_log_cb(conf, NULL); /* the delivery reports tell what went wrong */
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_conf_set_opaque(conf, s);
    s->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (s->rk)
        return RLV_OK;
    rd_kafka_conf_destroy(conf);
    return rlv_error_set(err, RLV_E_CONFIG, "no Kafka client can be made of these properties: %s", why);
}

static int run(struct sender *s, char **files, int n)
{
    static char dash[] = "-", *standard[] = {dash};
    rlv_error err;
    s->arena = rlv_arena_new(ARENA_MAX);
    if (!s->arena)
        return EX_OSERR;
    s->wire = rlv_wire_new(&err);
    int rc = s->wire ? connect_producer(s, &err) : err.code;
    if (n == 0) {
        files = standard;
        n = 1;
    }
    for (int i = 0; i < n && rc == RLV_OK; i++)
        rc = send_file(s, files[i], &err);
    /* Also after a failure: what was handed over is on its way and is reported. */
    rd_kafka_resp_err_t flushed = s->rk ? rd_kafka_flush(s->rk, FLUSH_MS) : RD_KAFKA_RESP_ERR_NO_ERROR;
    if (rc == RLV_OK && (flushed || s->failed))
        rc = rlv_cli_kafka_error(&err, s->failed ? s->why : flushed, s->config, s->config->topics.events[0]);
    return rc ? rlv_cli_fail(&err) : EX_OK;
}

int rlv_cli_webhook(int argc, char **argv)
{
    const char *path = NULL;
    bool json = false;
    const rlv_cli_flag flags[] = {{"config", &path, NULL}, {"json", NULL, &json}};
    int first, rc = rlv_cli_parse(argc, argv, help, flags, 2, &first);
    if (rc >= 0)
        return rc;
    rlv_config *config;
    rc = rlv_cli_load(argv[0], path, &config);
    if (rc)
        return rc;
    struct sender s = {.config = config, .json = json};
    rc = run(&s, argv + first, argc - first);
    if (s.rk)
        rd_kafka_destroy(s.rk);
    rlv_wire_free(s.wire);
    rlv_arena_free(s.arena);
    rlv_config_free(config);
    return rc;
}
