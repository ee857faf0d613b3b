/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this room share: a request's life between libmicrohttpd's threads (which read and
 * answer), the thread that polls librdkafka (which counts acknowledgements and looks for the topic) and the watch (which gives up).
 *
 * A request is READING until its body is complete, then WAITING for Kafka, its connection asleep, then DONE.
 * Whoever moves it to DONE, under the lock, wakes the connection. It is freed when the connection is through
 * with it and no record of it is under way any more: Kafka may acknowledge after the answer was given.
 */
#ifndef RLV_GATEWAY_PRIVATE_H
#define RLV_GATEWAY_PRIVATE_H

#include <librdkafka/rdkafka.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/metrics.h"
#include "gateway/gateway.h"
#include "wire/wire.h"

/* Every way in which a request ends; its row in endings.c has the status and the words. */
enum rlv_ending {
    RLV_ENDING_ACCEPTED,
    RLV_ENDING_VERIFIED,      /* Meta's handshake */
    RLV_ENDING_NOT_A_WEBHOOK, /* signed, and still none */
    RLV_ENDING_BAD_HANDSHAKE, /* a GET that is none */
    RLV_ENDING_WRONG_TOKEN,
    RLV_ENDING_NO_SIGNATURE,
    RLV_ENDING_WRONG_SIGNATURE,
    RLV_ENDING_WRONG_PATH,
    RLV_ENDING_WRONG_METHOD,
    RLV_ENDING_TOO_LARGE,
    RLV_ENDING_TOO_MUCH,      /* gateway.memory is used up */
    RLV_ENDING_KAFKA_AWAY,    /* no acknowledgement in time */
    RLV_ENDING_KAFKA_REFUSED, /* an acknowledgement that says no */
    RLV_ENDING_STOPPING,
    RLV_ENDING_BROKEN, /* no memory, or a mistake of ours */
    RLV_ENDINGS
};

enum rlv_request_state {
    RLV_REQUEST_READING,
    RLV_REQUEST_WAITING,
    RLV_REQUEST_DONE
};

typedef struct rlv_request {
    rlv_gateway *gateway;
    struct MHD_Connection *connection;
    char *body;
    size_t len, cap;
    size_t most;    /* that the body may have: as announced */
    size_t charged; /* of gateway.memory */
    int64_t begun_us, deadline_us;
    rlv_trace trace; /* of its events: from its head on, once it is signed */
    enum rlv_ending refused; /* ACCEPTED: it is not; else the rest of its body is thrown away */

    /* under the gateway's lock */
    enum rlv_request_state state;
    enum rlv_ending ending;
    size_t pending; /* records without an acknowledgement, and one while they are being handed over */
    bool released;  /* the connection is through with it */
    struct rlv_request *earlier, *later; /* of those that wait, in the order of their deadlines */
} rlv_request;

/* What turning a body into records needs; one for each thread that does. */
typedef struct rlv_workbench {
    rlv_wire *wire;
    rlv_arena *arena;
    rlv_buf record;
    struct rlv_workbench *next;
} rlv_workbench;

struct rlv_gateway {
    const rlv_config *config;
    int fd;
    uint16_t port;
    struct MHD_Daemon *daemon;
    struct MHD_Response *responses[2][RLV_ENDINGS]; /* the second ones close their connection */
    rd_kafka_t *rk;
    rd_kafka_topic_t *topic;
    pthread_t poller;
    bool polling;
    int64_t told_us; /* the watch's: when it last told that Kafka is away */

    pthread_mutex_t lock;
    rlv_request *first, *last; /* waiting */
    rlv_workbench *benches;    /* idle */

    atomic_bool stop_polling, draining;
    atomic_bool known;                    /* the topic is there, as Kafka said */
    atomic_bool away;                     /* the last news of Kafka was that none came in time */
    atomic_bool away_told;                /* and an operator knows */
    _Atomic size_t memory, open, unacked; /* bytes of bodies; requests; records */
    _Atomic int64_t moved_us, complained_us;

    rlv_metric *answers[RLV_ENDINGS], *kinds[RLV_EVENT_UNKNOWN + 1];
    rlv_metric *seconds, *ack_seconds, *memory_used, *connections, *body_bytes;
};

/* endings.c */
bool rlv_endings_make(rlv_gateway *gateway);
void rlv_endings_free(rlv_gateway *gateway);
/* "wrong_signature", for metrics and logs. */
const char *rlv_ending_name(enum rlv_ending ending);
unsigned rlv_ending_status(enum rlv_ending ending);
enum MHD_Result rlv_ending_give(rlv_request *request, enum rlv_ending ending);
/* 200 with the handshake's challenge. */
enum MHD_Result rlv_ending_challenge(rlv_request *request, const char *challenge);

/* request.c: libmicrohttpd's two callbacks */
enum MHD_Result rlv_request_handle(void *user, struct MHD_Connection *connection, const char *url,
                                   const char *method, const char *version, const char *upload,
                                   size_t *upload_size, void **seen);
void rlv_request_completed(void *user, struct MHD_Connection *connection, void **seen,
                           enum MHD_RequestTerminationCode why);

/* events.c: the body of a request, which is WAITING, as records to Kafka. */
enum rlv_ending rlv_events_publish(rlv_request *request);
void rlv_events_free_benches(rlv_gateway *gateway);

/* kafka.c */
int rlv_kafka_open(rlv_gateway *gateway, rlv_error *err) RLV_MUST_CHECK;
/* After it no acknowledgement comes any more. */
void rlv_kafka_close(rlv_gateway *gateway);

/* waiting.c */
/* Puts the connection to sleep until rlv_request_finish; from its own thread. */
void rlv_request_wait(rlv_request *request);
/* One record less to wait for. ending: ACCEPTED, or what went wrong with it; the first complaint counts. May
   free the request. */
void rlv_request_settle(rlv_request *request, enum rlv_ending ending);
/* The connection is through with it. */
void rlv_request_release(rlv_request *request);
/* Gives up those whose time is over, or all; returns how many. */
size_t rlv_waiting_give_up(rlv_gateway *gateway, int64_t now_us, bool all);

#endif
