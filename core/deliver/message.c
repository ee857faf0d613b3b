/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message on its way: pace, claim, request, settle; again for the next part. Every attempt is claimed anew,
 * after the rate limits and just before the request. Must never send what it did not claim, nor claim what it
 * cannot send within the lease.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/point.h"
#include "deliver/private.h"

enum {
    BUSY_US = 250000,
    LOCKED_US = 20000, /* twice as long each time, ... */
    LOCKED_DOUBLINGS = 6,
    ANSWER_MAX = 64 * 1024
};
static const char *const verdict_words[] = {"was accepted", "waits", "failed", "is of unknown outcome"};

static rlv_send send_of(const rlv_job *job, const rlv_outbound *m)
{
    return (rlv_send){.id = m->id,
                      .part = job->part,
                      .conversation_id = m->conversation_id,
                      .lane = m->lane,
                      .seq = m->seq,
                      .epoch = m->epoch,
                      .author = m->author,
                      .agent_id = m->agent_id,
                      .anytime = rlv_whatsapp_anytime(m)};
}

/* It was decoded when it came, so this cannot fail but for memory. */
static bool read_message(struct rlv_deliver *d, const rlv_job *job, rlv_outbound *m, rlv_error *err)
{
    rlv_arena_reset(d->scratch);
    return rlv_wire_decode_outbound(d->wire, d->scratch, job->letter.value, m, err) == RLV_OK;
}

/* ---- settling
 * -------------------------------------------------------------------------------------------------- */

static void keep_text(rlv_job *job, rlv_str text)
{
    free(job->text);
    job->text = text.len ? strndup(text.ptr, text.len) : NULL;
}

static void to_settle(rlv_job *job, const rlv_verdict *v)
{
    job->state = RLV_JOB_SETTLING;
    job->outcome = v->kind;
    job->code = v->code;
    job->wait_ms = v->wait_ms;
    keep_text(job, v->kind == RLV_VERDICT_ACCEPTED ? v->message_id : rlv_str_from(v->reason));
}

static enum rlv_send_state state_of(enum rlv_verdict_kind kind)
{
    switch (kind) {
    case RLV_VERDICT_ACCEPTED:
        return RLV_SEND_ACCEPTED;
    case RLV_VERDICT_RETRY:
        return RLV_SEND_REFUSED;
    case RLV_VERDICT_FAILED:
        return RLV_SEND_FAILED;
    default:
        return RLV_SEND_UNKNOWN;
    }
}

/* The part is over: the next one, or the next message. */
static void next_part(struct rlv_deliver *d, rlv_line *line)
{
    rlv_job *job = line->first;
    if ((size_t)job->part + 1 >= job->parts) {
        rlv_deliver_finish(d, line);
        return;
    }
    if (job->dropped) {
        rlv_deliver_leave(d, line);
        return;
    }
    job->part++;
    job->attempt = 0;
    job->begun_us = 0;
    job->state = RLV_JOB_WAITING;
    rlv_lines_wait(d->lines, line, 0);
}

/* Writes what became of the attempt. While Postgres is away the line waits: the next message must not go
 * before. */
static void settle(struct rlv_deliver *d, rlv_line *line, const rlv_outbound *m)
{
    rlv_job *job = line->first;
    int64_t now_us = rlv_clock_mono_us();
    int64_t left_ms = d->config->deliver.give_up_ms - (now_us - job->begun_us) / 1000;
    if (job->outcome == RLV_VERDICT_RETRY && (left_ms <= 0 || job->wait_ms > left_ms)) { /* to wait for longer is in vain */
        const rlv_verdict over = {
            .kind = RLV_VERDICT_FAILED,
            .code = job->code,
            .reason = rlv_arena_printf(d->scratch, "given up: %s", job->text ? job->text : "no reason")};
        to_settle(job, &over);
    }
    rlv_store *store = rlv_deliver_store(d);
    rlv_error err;
    bool accepted = job->outcome == RLV_VERDICT_ACCEPTED;
    rlv_str text = rlv_str_from(job->text);
    const rlv_settlement what = {.state = state_of(job->outcome),
                                 .message_id = accepted ? text : (rlv_str){NULL, 0},
                                 .error_code = job->code,
                                 .error = accepted ? (rlv_str){NULL, 0} : text};
    const rlv_send send = send_of(job, m);
    int rc = store ? rlv_sends_settle(store, &send, d->worker, job->attempt, &what, &err) : RLV_E_UNAVAILABLE;
    if (rc != RLV_OK && rc != RLV_E_CONFLICT) {
        if (store)
            rlv_deliver_store_failed(d, &err);
        rlv_lines_wait(d->lines, line, now_us + RLV_DELIVER_RETRY_US);
        return;
    }
    RLV_POINT("settled");
    /* CONFLICT: the sweeper took it for dead, and tells the lane "unknown" in our place. */
    rlv_metric_add(d->sends[rc == RLV_OK ? job->outcome : RLV_VERDICT_UNKNOWN], 1);
    if (rc == RLV_OK && job->outcome == RLV_VERDICT_RETRY && job->dropped) {
        rlv_deliver_leave(d, line);
        return;
    }
    if (rc == RLV_OK && job->outcome == RLV_VERDICT_RETRY) {
        int64_t wait_ms =
            rlv_backoff_ms(job->attempt, rlv_str_hash((rlv_str){(const char *)m->id.bytes, 16}));
        if (wait_ms > left_ms)
            wait_ms = left_ms; /* the last attempt */
        job->state = RLV_JOB_WAITING;
        rlv_lines_wait(d->lines, line, now_us + (wait_ms > job->wait_ms ? wait_ms : job->wait_ms) * 1000);
        return;
    }
    next_part(d, line);
}

/* ---- sending
 * --------------------------------------------------------------------------------------------------- */

/* Why, without what WhatsApp may have quoted of the message. */
static const char *for_the_log(const struct rlv_deliver *d, const rlv_verdict *v)
{
    return v->quotes ? rlv_arena_printf(d->scratch, "WhatsApp answered %d (desk.sends has its words)", v->code) : v->reason;
}

static rlv_verdict take_verdict(struct rlv_deliver *d, const rlv_job *job, const rlv_http_answer *answer)
{
    int64_t now_us = rlv_clock_mono_us();
    rlv_arena_reset(d->scratch);
    rlv_verdict v = rlv_whatsapp_judge(answer, d->scratch);
    struct rlv_destination *whatsapp = &d->destinations[0];
    rlv_metric_observe(whatsapp->seconds, (double)(now_us - job->request_us) / 1e6);
    if (rlv_breaker_tell(&whatsapp->breaker, v.down, now_us))
        rlv_log(RLV_LOG_WARN, "deliver", "WhatsApp is unwell, messages wait: %s", for_the_log(d, &v));
    rlv_metric_set(whatsapp->open, whatsapp->breaker.pause_us > 0);
    return v;
}

static void on_answer(void *user, const rlv_http_answer *answer)
{
    rlv_job *job = user;
    struct rlv_deliver *d = job->line->owner;
    RLV_POINT("answered");
    rlv_verdict v = take_verdict(d, job, answer);
    if ((v.kind == RLV_VERDICT_FAILED || v.kind == RLV_VERDICT_UNKNOWN) && rlv_deliver_says(d, RLV_NEWS_SEND))
        rlv_log_about(RLV_LOG_WARN, "deliver", &job->letter.trace, "a message %s: %s", verdict_words[v.kind], for_the_log(d, &v));
    to_settle(job, &v);
    rlv_lines_wait(d->lines, job->line, 0); /* settled by the loop, not within libcurl's call */
}

static int request(struct rlv_deliver *d, rlv_job *job, const rlv_outbound *m, rlv_str body, rlv_http_done done, rlv_error *err)
{
    const rlv_config *c = d->config;
    rlv_buf url = RLV_BUF_INIT(4096), token = RLV_BUF_INIT(16384);
    char traced[RLV_TRACED + 1];
    rlv_buf_printf(&url, "%s/%s/%.*s/messages", c->deliver.api_url, c->deliver.api_version,
                   RLV_STR_ARG(m->phone_number_id));
    rlv_buf_printf(&token, "Authorization: Bearer %s", c->deliver.token);
    const char *headers[3] = {"Content-Type: application/json"};
    size_t n = 1;
    if (rlv_deliver_traced(job, traced))
        headers[n++] = traced;
    if (*c->deliver.token)
        headers[n++] = token.data;
    int rc = url.failed || token.failed
                 ? rlv_error_set(err, RLV_E_INVALID, "its URL or the token is too long")
                 : RLV_OK;
    if (rc == RLV_OK) {
        const rlv_http_request q = {.method = "POST",
                                    .url = url.data,
                                    .headers = headers,
                                    .n_headers = n,
                                    .body = body,
                                    .timeout_ms = (int)c->deliver.timeout_ms,
                                    .answer_max = ANSWER_MAX,
                                    .ca_file = c->deliver.api_ca_file,
                                    .private_ok = c->deliver.api_private};
        job->state = RLV_JOB_SENDING;
        job->request_us = rlv_clock_mono_us();
        rc = rlv_http_start(d->http, &q, done, job, err);
    }
    rlv_buf_free(&url);
    rlv_buf_free(&token);
    return rc;
}

static int64_t take_number_token(struct rlv_deliver *d, const rlv_outbound *m, int64_t now_us)
{
    /* All delivers together keep to a number's rate: each has the share of its partitions. */
    double share = (double)rlv_inbox_assigned(d->inbox, RLV_DELIVER_OUTBOUND) / d->partitions;
    double rate = d->config->deliver.number_rate * (share > 0 ? share : 1.0 / d->partitions);
    return rlv_pace_take(d->pace, m->phone_number_id, rate, rate > 10 ? rate / 10 : 1, now_us); /* within any second, not on average */
}

/* One token of the pair's bucket, then one of the number's: 0, or µs until the one that was taken may be used. Not both at once, or those that
 * waited for their pairs would use the number's in a crowd. */
static int64_t take_tokens(struct rlv_deliver *d, rlv_job *job, const rlv_outbound *m, rlv_str pair, int64_t now_us)
{
    const rlv_config *c = d->config;
    if (job->tokens == 0) {
        job->tokens = 1;
        int64_t wait_us = rlv_pace_take(d->pace, pair, c->deliver.pair_rate, c->deliver.pair_burst, now_us);
        if (wait_us)
            return wait_us;
    }
    if (job->tokens == 2)
        return 0;
    job->tokens = 2;
    return take_number_token(d, m, now_us);
}

static rlv_str pair_of(struct rlv_deliver *d, const rlv_outbound *m)
{
    return rlv_str_from(rlv_arena_printf(d->scratch, "%.*s %.*s", RLV_STR_ARG(m->phone_number_id),
                                         RLV_STR_ARG(m->wa_id.len ? m->wa_id : m->user_id)));
}

/* What is not sent now uses no token. */
static void give_tokens_back(struct rlv_deliver *d, rlv_job *job, const rlv_outbound *m, rlv_str pair)
{
    if (job->tokens >= 1)
        rlv_pace_give_back(d->pace, pair);
    if (job->tokens == 2)
        rlv_pace_give_back(d->pace, m->phone_number_id);
    job->tokens = 0;
}

/* 0: it may go now, and has its tokens; else the µs to wait for them, or, having none, for WhatsApp to be well. */
static int64_t turn_of(struct rlv_deliver *d, rlv_job *job, const rlv_outbound *m, rlv_str pair, int64_t now_us)
{
    rlv_breaker *breaker = &d->destinations[0].breaker;
    int64_t wait_us = rlv_breaker_ask(breaker, now_us);
    if (wait_us) {
        give_tokens_back(d, job, m, pair);
        return wait_us;
    }
    wait_us = take_tokens(d, job, m, pair, now_us);
    if (wait_us)
        rlv_breaker_give_back(breaker, now_us);
    return wait_us;
}

/* Why it is not sent, whoever may send it: WhatsApp would refuse it, or is unwell for longer than it is tried. Of such a message there is a row
 * all the same: a desktop shows why. NULL: it can be sent, its bodies in *ret. */
static const char *impossible_why(struct rlv_deliver *d, rlv_job *job, const rlv_outbound *m, bool in_vain, rlv_str **ret)
{
    rlv_error err;
    job->parts = 1;
    if (rlv_whatsapp_bodies(m, d->scratch, ret, &job->parts, &err) != RLV_OK)
        return rlv_arena_printf(d->scratch, "%s", err.message);
    return in_vain ? rlv_arena_printf(d->scratch, "given up: %s", job->text ? job->text : "WhatsApp is unwell") : NULL;
}

static void claim_and_send(struct rlv_deliver *d, rlv_line *line, const rlv_outbound *m)
{
    rlv_job *job = line->first;
    rlv_store *store = rlv_deliver_trusted(d);
    int64_t now_us = rlv_clock_mono_us();
    rlv_str pair = pair_of(d, m);
    if (!store) {
        give_tokens_back(d, job, m, pair);
        rlv_lines_wait(d->lines, line, now_us + RLV_DELIVER_RETRY_US);
        return;
    }
    if (!job->begun_us)
        job->begun_us = now_us; /* from its turn on: waiting counts too */
    int64_t left_us = job->begun_us + d->config->deliver.give_up_ms * 1000 - now_us;
    int64_t wait_us = turn_of(d, job, m, pair, now_us);
    bool in_vain = job->tokens == 0 && wait_us > left_us;
    if (wait_us && !in_vain) {
        rlv_lines_wait(d->lines, line, now_us + wait_us);
        return;
    }
    rlv_str *bodies = NULL;
    const char *impossible = impossible_why(d, job, m, in_vain, &bodies);
    enum rlv_claim claim;
    rlv_error err;
    const rlv_send send = send_of(job, m);
    int rc = rlv_sends_claim(store, &send, d->worker, (int)d->config->deliver.lease_ms, &claim, &job->attempt,
                             &err);
    rlv_metric_observe(d->claim_seconds, (double)(rlv_clock_mono_us() - now_us) / 1e6);
    bool mine = rc == RLV_OK && claim == RLV_CLAIM_MINE, request_follows = mine && !impossible;
    if (!request_follows) {
        give_tokens_back(d, job, m, pair);
        if (!in_vain) /* it is not the one that tries whether WhatsApp is back */
            rlv_breaker_give_back(&d->destinations[0].breaker, now_us);
    }
    if (rc != RLV_OK) {
        rlv_deliver_store_failed(d, &err);
        rlv_lines_wait(d->lines, line, now_us + RLV_DELIVER_RETRY_US);
        return;
    }
    rlv_metric_add(d->claims[claim], 1);
    if (claim == RLV_CLAIM_LOCKED) {
        rlv_lines_wait(d->lines, line, now_us + ((int64_t)LOCKED_US << job->locked));
        job->locked += job->locked < LOCKED_DOUBLINGS;
        return;
    }
    job->locked = 0;
    if (claim == RLV_CLAIM_BUSY) {
        rlv_lines_wait(d->lines, line, now_us + BUSY_US);
        return;
    }
    if (claim == RLV_CLAIM_GONE) {
        rlv_deliver_finish(d, line);
        return;
    }
    if (claim != RLV_CLAIM_MINE) {
        next_part(d, line);
        return;
    }
    RLV_POINT("claimed");
    rlv_metric_add(d->attempts, 1);
    job->tokens = 0; /* used */
    /* Asleep between claim and request for longer than the request may last within the lease: it is not sent.
     */
    int64_t slack_us = (d->config->deliver.lease_ms - d->config->deliver.timeout_ms) * 1000;
    if (impossible || rlv_clock_mono_us() - now_us > slack_us) {
        const rlv_verdict v = {.kind = impossible ? RLV_VERDICT_FAILED : RLV_VERDICT_RETRY,
                               .code = in_vain ? job->code : 0,
                               .reason = impossible ? impossible : "claimed too late"};
        if (!impossible)
            rlv_breaker_give_back(&d->destinations[0].breaker, now_us);
        to_settle(job, &v);
        settle(d, line, m);
        return;
    }
    rc = request(d, job, m, bodies[job->part], on_answer, &err);
    if (rc == RLV_OK)
        return;
    const rlv_verdict v = {.kind = rc == RLV_E_LIMIT ? RLV_VERDICT_RETRY : RLV_VERDICT_FAILED, .reason = err.message};
    to_settle(job, &v);
    rlv_lines_wait(d->lines, line, 0);
}

/* ---- receipts: no messages. Nothing is claimed, nothing is kept of them, and nobody is told when one goes wrong; twice is as good as once.
 * What is behind one waits for it: else the customer would be shown that the bot writes when it has written. */

static void on_receipt(void *user, const rlv_http_answer *answer)
{
    rlv_job *job = user;
    struct rlv_deliver *d = job->line->owner;
    (void)take_verdict(d, job, answer);
    rlv_deliver_finish(d, job->line);
}

static void show_read(struct rlv_deliver *d, rlv_line *line, const rlv_outbound *m)
{
    rlv_job *job = line->first;
    rlv_breaker *breaker = &d->destinations[0].breaker;
    int64_t now_us = rlv_clock_mono_us();
    if (rlv_breaker_ask(breaker, now_us)) { /* WhatsApp is unwell */
        if (job->tokens)
            rlv_pace_give_back(d->pace, m->phone_number_id);
        rlv_deliver_finish(d, line);
        return;
    }
    int64_t wait_us = job->tokens ? 0 : take_number_token(d, m, now_us);
    job->tokens = 1;
    rlv_str *bodies = NULL;
    size_t parts;
    rlv_error err;
    if (wait_us) {
        rlv_breaker_give_back(breaker, now_us);
        rlv_lines_wait(d->lines, line, now_us + wait_us);
    } else if (rlv_whatsapp_bodies(m, d->scratch, &bodies, &parts, &err) != RLV_OK ||
               request(d, job, m, bodies[0], on_receipt, &err) != RLV_OK) {
        rlv_breaker_give_back(breaker, now_us);
        rlv_deliver_finish(d, line);
    }
}

void rlv_deliver_message(struct rlv_deliver *d, rlv_line *line)
{
    rlv_job *job = line->first;
    rlv_outbound m;
    rlv_error err;
    if (!read_message(d, job, &m, &err)) {
        rlv_lines_wait(d->lines, line, rlv_clock_mono_us() + RLV_DELIVER_RETRY_US);
        return;
    }
    if (job->state == RLV_JOB_SETTLING)
        settle(d, line, &m);
    else if (d->stopping)
        rlv_lines_wait(d->lines, line, INT64_MAX - 1); /* nothing new is claimed: another process will */
    else if (rlv_whatsapp_is_receipt(&m))
        show_read(d, line, &m);
    else
        claim_and_send(d, line, &m);
}
