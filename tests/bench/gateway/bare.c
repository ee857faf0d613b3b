/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that a gateway could do, on the same server library: HMAC, parse the JSON, produce the body as it
 * is with acks=all, and answer when it is acknowledged. One request is one record; nothing is checked,
 * counted or limited.
 *
 *   bare PORT THREADS SECRET KAFKA TOPIC
 */
#include <jansson.h>
#include <librdkafka/rdkafka.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct request {
    struct MHD_Connection *connection;
    char *body;
    size_t len;
    int done, failed;
};

static const char *secret;
static rd_kafka_t *rk;
static rd_kafka_topic_t *topic;
static struct MHD_Response *fine, *wrong;

static int reply(struct request *r)
{
    return (int)MHD_queue_response(r->connection, r->failed ? 503 : 200, r->failed ? wrong : fine);
}

static void delivered(rd_kafka_t *producer, const rd_kafka_message_t *m, void *user)
{
    struct request *r = m->_private;
    (void)producer;
    (void)user;
    r->failed = m->err != 0;
    __atomic_store_n(&r->done, 1, __ATOMIC_RELEASE);
    MHD_resume_connection(r->connection);
}

static int signed_well(struct request *r)
{
    unsigned char mac[32], claimed[32];
    crypto_auth_hmacsha256_state state;
    const char *header = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "X-Hub-Signature-256");
    if (!header || strlen(header) != 71 || sodium_hex2bin(claimed, 32, header + 7, 64, NULL, NULL, NULL))
        return 0;
    crypto_auth_hmacsha256_init(&state, (const unsigned char *)secret, strlen(secret));
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)r->body, r->len);
    crypto_auth_hmacsha256_final(&state, mac);
    return sodium_memcmp(mac, claimed, 32) == 0;
}

static int end(struct request *r)
{
    json_t *root = signed_well(r) ? json_loadb(r->body, r->len, 0, NULL) : NULL;
    if (!root) {
        r->failed = 1;
        return reply(r);
    }
    json_t *change =
        json_array_get(json_object_get(json_array_get(json_object_get(root, "entry"), 0), "changes"), 0);
    json_t *value = json_object_get(change, "value"), *list = json_object_get(value, "messages");
    const char *who = list ? json_string_value(json_object_get(json_array_get(list, 0), "from"))
                           : json_string_value(json_object_get(
                                 json_array_get(json_object_get(value, "statuses"), 0), "recipient_id"));
    MHD_suspend_connection(r->connection);
    if (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, r->body, r->len, who, strlen(who),
                         r) != 0) {
        r->failed = r->done = 1;
        MHD_resume_connection(r->connection);
    }
    json_decref(root);
    return (int)MHD_YES;
}

static enum MHD_Result handle(void *user, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload, size_t *size,
                              void **seen)
{
    struct request *r = *seen;
    (void)user, (void)url, (void)method, (void)version;
    if (!r) {
        *seen = r = calloc(1, sizeof(*r));
        r->connection = connection;
        return MHD_YES;
    }
    if (*size) {
        r->body = realloc(r->body, r->len + *size);
        memcpy(r->body + r->len, upload, *size);
        r->len += *size;
        *size = 0;
        return MHD_YES;
    }
    return (enum MHD_Result)(__atomic_load_n(&r->done, __ATOMIC_ACQUIRE) ? reply(r) : end(r));
}

static void completed(void *user, struct MHD_Connection *connection, void **seen,
                      enum MHD_RequestTerminationCode why)
{
    struct request *r = *seen;
    (void)user, (void)connection, (void)why;
    if (r)
        free(r->body);
    free(r);
    *seen = NULL;
}

static void *poll_acks(void *unused)
{
    for (;;)
        rd_kafka_poll(rk, 100);
    return unused;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];
    if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    secret = argv[3];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", argv[4]);
    set(conf, "acks", "all");
    set(conf, "enable.idempotence", "true");
    set(conf, "max.in.flight.requests.per.connection", "1"); /* as the gateway, for the same reason */
    set(conf, "partitioner", "murmur2_random");
    set(conf, "linger.ms", "1");
    set(conf, "socket.nagle.disable", "true");
    set(conf, "queue.buffering.max.messages", "1000000");
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    topic = rd_kafka_topic_new(rk, argv[5], NULL);
    pthread_t poller;
    pthread_create(&poller, NULL, poll_acks, NULL);
    fine = MHD_create_response_from_buffer(9, (void *)(char[]){"accepted\n"}, MHD_RESPMEM_MUST_COPY);
    wrong = MHD_create_response_from_buffer(3, (void *)(char[]){"no\n"}, MHD_RESPMEM_MUST_COPY);
    unsigned threads = (unsigned)atoi(argv[2]);
    if (!MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME,
                          (unsigned short)atoi(argv[1]), NULL, NULL, handle, NULL,
                          MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_CONNECTION_LIMIT, 8192u,
                          MHD_OPTION_THREAD_POOL_SIZE, threads > 1 ? threads : 0, MHD_OPTION_END))
        return 1;
    sigset_t stop;
    int number;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigwait(&stop, &number);
    _exit(0);
}
