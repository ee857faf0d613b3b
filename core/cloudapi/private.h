/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this room share. One thread of libmicrohttpd answers, the caller of rlv_cloudapi_run
 * delivers webhooks and wakes answers that are held back; both hold the lock while they touch anything below
 * it. All state is JSON, so that the endpoints that tests read show it as it is.
 */
#ifndef RLV_CLOUDAPI_PRIVATE_H
#define RLV_CLOUDAPI_PRIVATE_H

#include <jansson.h>
#include <microhttpd.h>
#include <pthread.h>

#include "base/buf.h"
#include "cloudapi/cloudapi.h"

/* How it behaves; POST /sandbox/settings changes any of them, see settings.c. */
typedef struct rlv_settings {
    int64_t seed;
    int64_t answer_ms[2]; /* how long an answer to a send takes: from, to */
    double answer_lose;   /* accepted, and the connection ends without an answer */
    double answer_fail;   /* refused with fail_code */
    int64_t fail_code;
    int64_t webhook_ms[2]; /* from what happens to the webhook about it */
    double webhook_lose, webhook_duplicate;
    int64_t delivered_ms[2], read_ms[2]; /* after `sent`, after `delivered` */
    double deliver, read;                /* probabilities */
    int64_t window_hours;                /* of the customer's last message; 0: always open */
    bool window_at_once;                 /* refuse outside of it, rather than tell by a failed status */
    int64_t per_second;                  /* sends of a number; 0: any */
    int64_t pair_burst, pair_ms;         /* to one customer: so many at once, then one each so long; 0: any */
} rlv_settings;

/* An answer that is being made. */
typedef struct rlv_exchange {
    struct MHD_Connection *connection;
    char *body;
    size_t len, cap;
    struct MHD_PostProcessor *post; /* of an upload */
    json_t *upload;                 /* its fields */
    bool over;                      /* the body is too large */

    unsigned status;
    json_t *json; /* the answer, or */
    char *bytes;  /* the answer as bytes of `type`, */
    size_t n_bytes;
    char *type;
    bool lose;      /* no answer at all */
    int64_t due_us; /* 0: at once */
    bool asleep;
    struct rlv_exchange *next; /* of those asleep */
} rlv_exchange;

/* A webhook on its way. */
typedef struct rlv_outgoing {
    int64_t due_us;
    uint64_t order; /* breaks ties */
    int tries;
    char *body;
    size_t len;
    rlv_cloudapi *api;
    struct rlv_outgoing *next; /* of those under way */
} rlv_outgoing;

struct rlv_cloudapi {
    const rlv_config *config;
    char *webhook; /* URL */
    int fd, wake, log_fd; /* log_fd: sandbox.log, or -1 */
    uint16_t port;
    struct MHD_Daemon *daemon;
    struct rlv_http *http; /* the delivering thread's */
    rlv_outgoing *flying;  /* under way; the delivering thread's */
    bool failing;          /* the last webhook was not taken; the delivering thread's */

    pthread_mutex_t lock;
    rlv_settings settings;
    uint64_t random;
    int64_t next_id, born_ms; /* ids are of this process */
    json_t *chats;            /* by wa_id: {"wa_id", "user_id", "name", "last_in", "messages": [...], ...} */
    json_t *by_id;            /* messages of both sides, by their ids */
    json_t *log;              /* what was accepted, in order */
    json_t *hooks;            /* webhooks that were taken, in order: {"at", "status", "tries"} */
    json_t *crm;              /* what /sandbox/crm/... was asked, in order */
    json_t *media;            /* by id: {"mime_type", "sha256", "file_size", "data": base64} */
    json_t *counts;           /* {"refused", "lost", "webhooks", "webhook_failures"} */
    double tokens;            /* of per_second */
    int64_t tokens_us;
    rlv_outgoing **queue; /* a heap by due_us */
    size_t n_queue, cap_queue;
    uint64_t order;
    rlv_exchange *held;
};

/* A whole number from a to b; a when b is not larger. A share: true with this probability. */
int64_t rlv_cloudapi_between(rlv_cloudapi *api, const int64_t range[2]);
bool rlv_cloudapi_chance(rlv_cloudapi *api, double share);
/* A fresh id: "<prefix><number>". In a static-size buffer of the caller. */
void rlv_cloudapi_id(rlv_cloudapi *api, const char *prefix, char ret[64]);
void rlv_cloudapi_count(rlv_cloudapi *api, const char *what);
/* Forgets everything but the settings. */
void rlv_cloudapi_forget(rlv_cloudapi *api);

/* server.c: routes. All below are called under the lock. */
void rlv_cloudapi_route(rlv_cloudapi *api, rlv_exchange *x, const char *url, const char *method);
/* An answer in the Graph API's form of an error. */
void rlv_exchange_refuse(rlv_exchange *x, unsigned status, int code, const char *message,
                         const char *details);

/* validate.c: why this send cannot be; 0: it can. The details are for a person. */
int rlv_send_check(const json_t *send, const json_t *media, char details[200]);
const char *rlv_error_words(int code);
unsigned rlv_error_status(int code);

/* send.c: POST /<version>/<phone number id>/messages */
void rlv_cloudapi_send(rlv_cloudapi *api, rlv_exchange *x);
/* media.c */
void rlv_cloudapi_media_store(rlv_cloudapi *api, rlv_exchange *x);
void rlv_cloudapi_media_describe(rlv_cloudapi *api, rlv_exchange *x, const char *id, bool erase);
void rlv_cloudapi_media_give(rlv_cloudapi *api, rlv_exchange *x, const char *id);
enum MHD_Result rlv_cloudapi_media_field(void *user, enum MHD_ValueKind kind, const char *key,
                                         const char *filename, const char *content_type, const char *encoding,
                                         const char *data, uint64_t off, size_t size);
/* control.c: /sandbox/..., what tests and the page use */
void rlv_cloudapi_control(rlv_cloudapi *api, rlv_exchange *x, const char *what, const char *method);
/* settings.c */
void rlv_settings_defaults(rlv_settings *settings);
json_t *rlv_settings_json(const rlv_settings *settings);
/* False, and details filled, when one is unknown or wrong; then none is changed. */
bool rlv_settings_change(rlv_settings *settings, const json_t *wanted, char details[200]);

/* phone.c: the customer's side */
/* The chat of a customer, made when it is new. Borrowed. */
json_t *rlv_phone_chat(rlv_cloudapi *api, const char *wa_id);
/* The customer says a message (WhatsApp's "type" and its member): its webhook is on its way. Its id, or NULL.
 */
const char *rlv_phone_say(rlv_cloudapi *api, json_t *chat, json_t *message);
/* The customer looks at the chat: what was delivered is read. Returns how many. */
size_t rlv_phone_read(rlv_cloudapi *api, json_t *chat);
/* A status of a message of the business: kept, and told by webhook after delay_ms. code: of `failed`. */
void rlv_phone_status(rlv_cloudapi *api, json_t *message, const char *status, int code, int64_t delay_ms);

/* webhooks.c */
/* Takes `value` over: queued as a webhook's change, due in delay_ms and what the settings add. */
void rlv_webhook_queue(rlv_cloudapi *api, const char *field, json_t *value, int64_t delay_ms);
/* One turn: sends what is due, wakes answers, waits for at most wait_ms. Takes the lock itself. */
void rlv_webhooks_turn(rlv_cloudapi *api, int wait_ms);
void rlv_webhooks_forget(rlv_cloudapi *api);
/* Also those under way: no turn comes any more. */
void rlv_webhooks_end(rlv_cloudapi *api);

#endif
