/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this room share: one loop on one thread, which reads, claims, sends, settles and reports.
 */
#ifndef RLV_DELIVER_PRIVATE_H
#define RLV_DELIVER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/metrics.h"
#include "deliver/deliver.h"
#include "deliver/line.h"
#include "deliver/pace.h"
#include "store/sends.h"
#include "wire/wire.h"

enum {
    RLV_DELIVER_OUTBOUND = 0,
    RLV_DELIVER_EFFECTS = 1,
    RLV_DELIVER_TOPICS = 2
};
enum {
    RLV_DELIVER_REPORTS_MAX = 200,
    RLV_DELIVER_RETRY_US = 1000000
};

/* A destination and its breaker; the first is WhatsApp itself. */
struct rlv_destination {
    const rlv_config_destination *config; /* NULL: WhatsApp */
    rlv_breaker breaker;
    rlv_metric *seconds, *open;
    /* oauth.c */
    struct rlv_deliver *owner;
    char *token; /* NULL: none in hand */
    int64_t token_us, ask_again_us;
    int32_t refusals;
    bool asking;
};

/* What may happen to thousands of messages in a row: a line about each would hide everything else. The
 * metrics count them all. */
enum rlv_deliver_news {
    RLV_NEWS_SEND,
    RLV_NEWS_EFFECT,
    RLV_NEWS_RESULT,
    RLV_NEWS_TOKEN,
    RLV_NEWS_RESTORED,
    RLV_NEWS_KINDS
};

struct rlv_deliver {
    const rlv_config *config;
    rlv_id worker; /* this process, in claims */
    rlv_wire *wire;
    rlv_arena *scratch; /* of what is in hand at the moment */
    rlv_buf out;
    rlv_broker *broker; /* only to learn the topics */
    rlv_inbox *inbox;
    rlv_outbox *outbox;
    rlv_http *http;
    rlv_store *store; /* NULL: to be opened */
    struct rlv_deliver_turns { /* room for all partitions, used within one call */
        rlv_inbox_mark *marks;
        int32_t *lanes;
        int64_t *known, *here;
    } turns;
    bool trusted;          /* this store is known to lack nothing of what was sent, of the partitions of trusted_generation */
    uint32_t trusted_generation;
    int64_t trust_retry_us;
    char restored[200]; /* why it is not trusted; "": it is, or not asked yet */
    rlv_lines *lines;
    rlv_pace *pace;
    struct rlv_destination *destinations;
    size_t n_destinations;
    const char *topics[RLV_DELIVER_TOPICS];
    int32_t partitions;
    int64_t store_retry_us, next_second_us;
    bool store_away, stopping;
    int64_t quiet_until_us[RLV_NEWS_KINDS];
    /* reports on their way to the lanes */
    rlv_arena *report_arena;
    rlv_send_report *reports;
    size_t n_reports, unacked;
    bool report_failed;

    pthread_mutex_t lock; /* of why */
    char why[300];        /* "": it works */
    _Atomic int64_t moved_us;
    rlv_metric *in_hand, *oldest, *claims[RLV_CLAIMS], *sends[4], *effects[3], *attempts, *undecodable, *claim_seconds, *dead, *failed_later, *explained,
        *reported;
};

/* ---- deliver.c ---- */
/* Postgres, or NULL while it is away (said once). */
rlv_store *rlv_deliver_store(struct rlv_deliver *d);
/* The same, and NULL too while it is not known that it lacks nothing of what was sent: a claim needs that. */
rlv_store *rlv_deliver_trusted(struct rlv_deliver *d);
/* After a failed statement: the connection is closed, and opened again a little later. */
void rlv_deliver_store_failed(struct rlv_deliver *d, const rlv_error *err);
/* True when it is time for a line about this, at most every 10 s. */
bool rlv_deliver_says(struct rlv_deliver *d, enum rlv_deliver_news news);
/* The first job of the line is over: its record is done. */
void rlv_deliver_finish(struct rlv_deliver *d, rlv_line *line);
/* It is not over, and no longer ours: whoever reads the record next goes on. */
void rlv_deliver_leave(struct rlv_deliver *d, rlv_line *line);

/* The header that tells whoever is asked which trace the job's record is of. False: none. */
enum {
    RLV_TRACED = sizeof(RLV_TRACE_HEADER ": ") - 1 + RLV_TRACE_TEXT
};
bool rlv_deliver_traced(const rlv_job *job, char ret_header[RLV_TRACED + 1]);

/* ---- message.c, effect.c: work on the first job of a line, which ends waiting again, under way, or over
 * ---- */
void rlv_deliver_message(struct rlv_deliver *d, rlv_line *line);
void rlv_deliver_effect(struct rlv_deliver *d, rlv_line *line);
/* Kafka has the result of an effect, or will not. */
void rlv_deliver_answered(struct rlv_deliver *d, rlv_job *job, const char *why);

/* ---- oauth.c ---- */
/* 0: the destination needs no access token, or there is one; else one is asked for, and it is to be looked for again in so many µs. */
int64_t rlv_deliver_token(struct rlv_deliver *d, struct rlv_destination *to, int64_t now_us);
/* The destination refused a request that was made at request_us: true when one with a fresh token may do better. */
bool rlv_deliver_token_refused(struct rlv_destination *to, int64_t request_us);

/* ---- report.c ---- */
/* Sweeps dead claims and tells the lanes what they must know. */
void rlv_deliver_report(struct rlv_deliver *d);
void rlv_deliver_report_acked(struct rlv_deliver *d, const char *why);

#endif
