/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An effect on its way: request, answer, result. Performed at least once, with an idempotency key that is the same
 * each time: again after an answer that says "later", and by who reads it after this process ended or lost its
 * partition before the result was written; not because Kafka is away. Its result goes back to the lane that asked,
 * which takes it once. Must never connect to what the configuration does not name, nor tell a
 * plugin a secret.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "deliver/private.h"

enum { WAY_BACK_MS = 1000 };

static struct rlv_destination *find(struct rlv_deliver *d, rlv_str name)
{
    for (size_t i = 1; i < d->n_destinations; i++)
        if (rlv_str_is(name, d->destinations[i].config->name))
            return &d->destinations[i];
    return NULL;
}

/* Why it is not performed; NULL: it may be. The path is appended to the destination's URL, so it cannot lead
   to another host; nor may it climb out of its base, or hide a second line. */
static const char *refusal(const rlv_effect *e)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    bool known = false;
    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
        known = known || rlv_str_is(e->method, methods[i]);
    if (!known)
        return "its method is none of GET, POST, PUT, PATCH, DELETE";
    if (e->path.len && e->path.ptr[0] != '/')
        return "its path does not begin with a slash";
    for (size_t i = 0; i < e->path.len; i++) {
        unsigned char c = (unsigned char)e->path.ptr[i];
        if (c <= ' ' || c >= 0x7F || c == '\\' || c == '#')
            return "its path holds characters that no URL has";
        if (c == '.' && i + 1 < e->path.len && e->path.ptr[i + 1] == '.')
            return "its path holds '..'";
        if (c == '%' && i + 2 < e->path.len && e->path.ptr[i + 1] == '2' && (e->path.ptr[i + 2] | 0x20) == 'e')
            return "its path holds an escaped dot";
    }
    for (size_t i = 0; i < e->content_type.len; i++)
        if ((unsigned char)e->content_type.ptr[i] < ' ')
            return "its content type holds a line end";
    return NULL;
}

/* ---- the result
 * ------------------------------------------------------------------------------------------------ */

/* It is kept and put again: who was asked is not asked again for it. */
static void wait_for_kafka(struct rlv_deliver *d, rlv_line *line, const char *why)
{
    if (line->first->dropped) {
        rlv_deliver_leave(d, line);
        return;
    }
    if (rlv_deliver_says(d, RLV_NEWS_RESULT))
        rlv_log_about(RLV_LOG_WARN, "deliver", &line->first->letter.trace, "a result waits for Kafka: %s", why);
    rlv_lines_wait(d->lines, line, rlv_clock_mono_us() + RLV_DELIVER_RETRY_US);
}

void rlv_deliver_answered(struct rlv_deliver *d, rlv_job *job, const char *why)
{
    if (why)
        wait_for_kafka(d, job->line, why);
    else
        rlv_deliver_finish(d, job->line);
}

static void put_result(struct rlv_deliver *d, rlv_line *line, const rlv_effect_request *q)
{
    rlv_job *job = line->first;
    char key[RLV_ID_TEXT + 1];
    rlv_id_text(q->conversation_id, key);
    rlv_error err;
    if (rlv_outbox_put(d->outbox, d->config->topics.results, q->lane, (rlv_str){key, RLV_ID_TEXT},
                       (rlv_str){job->result, job->result_len}, &job->letter.trace, job, &err) != RLV_OK)
        wait_for_kafka(d, line, err.message);
}

/* It is told to people too: a plugin may make nothing of its result. To a question, that there is no such thing is an answer. */
static void count(struct rlv_deliver *d, const rlv_job *job, const rlv_effect_request *q, int status, const char *why)
{
    enum { DONE, REFUSED, FAILED };
    bool done = (status >= 200 && status < 300) || (status == 404 && rlv_str_is(q->effect.method, "GET"));
    rlv_metric_add(d->effects[done ? DONE : status ? REFUSED : FAILED], 1);
    if (done || !rlv_deliver_says(d, RLV_NEWS_EFFECT))
        return;
    if (status)
        rlv_log_about(RLV_LOG_ERROR, "deliver", &job->letter.trace, "an effect of %.*s to '%.*s' is refused: it answers %d",
                      RLV_STR_ARG(q->plugin), RLV_STR_ARG(q->effect.destination), status);
    else
        rlv_log_about(RLV_LOG_ERROR, "deliver", &job->letter.trace, "an effect of %.*s to '%.*s' failed: %s",
                      RLV_STR_ARG(q->plugin), RLV_STR_ARG(q->effect.destination), why ? why : "no answer");
}

static void answer(struct rlv_deliver *d, rlv_line *line, const rlv_effect_request *q, int status,
                   rlv_str body, const char *why)
{
    rlv_job *job = line->first;
    char id[RLV_ID_TEXT + 1];
    rlv_id_text(q->id, id);
    const rlv_event ev = {.kind = RLV_EVENT_RESULT,
                          .conversation_id = q->conversation_id,
                          .phone_number_id = q->phone_number_id,
                          .wa_id = q->wa_id,
                          .user_id = q->user_id,
                          .epoch = q->epoch,
                          .effect_id = {id, RLV_ID_TEXT},
                          .plugin = q->plugin,
                          .http_status = status,
                          .body = body,
                          .error_title = rlv_str_from(why),
                          .context = q->effect.context,
                          .hold_ms = q->effect.hold_ms};
    rlv_error err;
    rlv_buf_reset(&d->out);
    int rc = rlv_wire_encode_result(d->wire, &ev, &d->out, &err);
    if (rc == RLV_OK && !(job->result = malloc(d->out.len)))
        rc = rlv_error_set(&err, RLV_E_LIMIT, "out of memory");
    if (rc != RLV_OK) { /* performed again, then */
        if (rlv_deliver_says(d, RLV_NEWS_RESULT))
            rlv_log(RLV_LOG_WARN, "deliver", "a result is not to be had: %s", err.message);
        job->state = RLV_JOB_WAITING;
        rlv_lines_wait(d->lines, line, rlv_clock_mono_us() + RLV_DELIVER_RETRY_US);
        return;
    }
    memcpy(job->result, d->out.data, d->out.len);
    job->result_len = d->out.len;
    job->state = RLV_JOB_ANSWERING;
    count(d, job, q, status, why);
    put_result(d, line, q);
}

/* How long it is tried. What a message waits for is of no use when it waits no longer: the failure, too, must be back in the lane while it
   does, since what is answered without the result is for the plugin to say, and not a matter of which comes first. */
static int64_t patience_us(const struct rlv_deliver *d, const rlv_effect_request *q)
{
    int64_t ms = d->config->deliver.give_up_ms, hold_ms = q->effect.hold_ms;
    if (hold_ms)
        hold_ms -= hold_ms / 4 < WAY_BACK_MS ? hold_ms / 4 : WAY_BACK_MS;
    return (hold_ms && hold_ms < ms ? hold_ms : ms) * 1000;
}

/* ---- the request
 * ----------------------------------------------------------------------------------------------- */

static void on_answer(void *user, const rlv_http_answer *a)
{
    rlv_job *job = user;
    rlv_line *line = job->line;
    struct rlv_deliver *d = line->owner;
    rlv_effect_request q;
    rlv_error err;
    int64_t now_us = rlv_clock_mono_us();
    rlv_arena_reset(d->scratch);
    struct rlv_destination *to = NULL;
    if (rlv_wire_decode_effect(d->wire, d->scratch, job->letter.value, &q, &err) == RLV_OK)
        to = find(d, q.effect.destination);
    if (!to) { /* only memory can be short: it was decoded before */
        job->state = RLV_JOB_WAITING;
        rlv_lines_wait(d->lines, line, now_us + RLV_DELIVER_RETRY_US);
        return;
    }
    if (a->status == 401 && !job->dropped && !job->renewed && rlv_deliver_token_refused(to, job->request_us)) {
        (void)rlv_breaker_tell(&to->breaker, false, now_us);
        job->renewed = true;
        job->state = RLV_JOB_WAITING;
        rlv_lines_wait(d->lines, line, now_us);
        return;
    }
    bool down = a->status == 0 || a->status >= 500, later = down || a->status == 429 || a->status == 408;
    rlv_metric_observe(to->seconds, (double)(now_us - job->request_us) / 1e6);
    if (rlv_breaker_tell(&to->breaker, down, now_us))
        rlv_log(RLV_LOG_WARN, "deliver", "%s is unwell, its effects wait, and fail where a message waits for them: %s", to->config->name,
                a->error ? a->error : "it answers with errors");
    rlv_metric_set(to->open, to->breaker.pause_us > 0);
    int64_t left_us = job->begun_us + patience_us(d, &q) - now_us;
    int64_t wait_ms = rlv_backoff_ms(job->attempt, rlv_str_hash((rlv_str){(const char *)q.id.bytes, 16}));
    /* To wait for longer than it may be tried is of no use to anybody, and others wait behind it; but there is a last attempt. */
    bool in_vain = left_us <= (q.effect.hold_ms ? wait_ms * 1000 : 0) || left_us < a->retry_after_ms * 1000 ||
                   (q.effect.hold_ms && to->breaker.pause_us > 0);
    if (later && !job->dropped && !in_vain) {
        int64_t wait_us = (wait_ms > a->retry_after_ms ? wait_ms : a->retry_after_ms) * 1000;
        job->state = RLV_JOB_WAITING;
        rlv_lines_wait(d->lines, line, now_us + (wait_us < left_us ? wait_us : left_us));
        return;
    }
    if (job->dropped) {
        rlv_deliver_leave(d, line); /* whoever reads it next performs it again, with the same key */
        return;
    }
    answer(d, line, &q, a->status, a->body, a->status ? NULL : a->error);
}

static int request(struct rlv_deliver *d, rlv_job *job, const rlv_effect_request *q,
                   const struct rlv_destination *to, rlv_error *err)
{
    const rlv_config_destination *c = to->config;
    char id[RLV_ID_TEXT + 1];
    rlv_id_text(q->id, id);
    const char *headers[5];
    char traced[RLV_TRACED + 1];
    size_t n = 0;
    headers[n++] = rlv_arena_printf(d->scratch, "Idempotency-Key: %s", id);
    if (rlv_deliver_traced(job, traced))
        headers[n++] = traced;
    if (q->effect.content_type.len)
        headers[n++] =
            rlv_arena_printf(d->scratch, "Content-Type: %.*s", RLV_STR_ARG(q->effect.content_type));
    const char *token = c->token_url ? to->token : c->token;
    if (*token)
        headers[n++] = rlv_arena_printf(d->scratch, "Authorization: Bearer %s", token);
    if (*c->authorization)
        headers[n++] = rlv_arena_printf(d->scratch, "Authorization: %s", c->authorization);
    rlv_http_request request = {
        .method = rlv_arena_copy(d->scratch, q->effect.method).ptr,
        .url = rlv_arena_printf(d->scratch, "%s%.*s", c->url, RLV_STR_ARG(q->effect.path)),
        .headers = headers,
        .n_headers = n,
        .body = q->effect.body,
        .timeout_ms = q->effect.timeout_ms && q->effect.timeout_ms < (uint64_t)c->timeout_ms
                          ? (int)q->effect.timeout_ms
                          : (int)c->timeout_ms,
        .answer_max = c->answer_max,
        .ca_file = c->ca_file,
        .private_ok = c->private_ok};
    if (rlv_arena_overflowed(d->scratch))
        return rlv_error_set(err, RLV_E_LIMIT, "the request does not fit in its memory");
    int64_t left_ms = (job->begun_us + patience_us(d, q) - rlv_clock_mono_us()) / 1000;
    if (q->effect.hold_ms && left_ms < request.timeout_ms)
        request.timeout_ms = left_ms > 1 ? (int)left_ms : 1;
    job->state = RLV_JOB_SENDING;
    job->request_us = rlv_clock_mono_us();
    job->attempt++;
    return rlv_http_start(d->http, &request, on_answer, job, err);
}

static rlv_str bucket_of(struct rlv_deliver *d, const struct rlv_destination *to)
{
    return rlv_str_from(rlv_arena_printf(d->scratch, "to %s", to->config->name));
}

static void give_token_back(struct rlv_deliver *d, rlv_job *job, const struct rlv_destination *to)
{
    if (job->tokens)
        rlv_pace_give_back(d->pace, bucket_of(d, to));
    job->tokens = 0;
}

/* 0: it may go now, and has its token of the destination's bucket; else µs to wait. */
static int64_t turn_of(struct rlv_deliver *d, rlv_job *job, struct rlv_destination *to, int64_t now_us)
{
    int64_t wait_us = rlv_breaker_ask(&to->breaker, now_us);
    if (wait_us) {
        give_token_back(d, job, to);
        return wait_us;
    }
    if (job->tokens)
        return 0;
    job->tokens = 1;
    wait_us = rlv_pace_take(d->pace, bucket_of(d, to), to->config->rate, to->config->rate > 1 ? to->config->rate : 1, now_us);
    if (wait_us)
        rlv_breaker_give_back(&to->breaker, now_us);
    return wait_us;
}

void rlv_deliver_effect(struct rlv_deliver *d, rlv_line *line)
{
    rlv_job *job = line->first;
    rlv_effect_request q;
    rlv_error err;
    int64_t now_us = rlv_clock_mono_us();
    rlv_arena_reset(d->scratch);
    if (rlv_wire_decode_effect(d->wire, d->scratch, job->letter.value, &q, &err) != RLV_OK) {
        rlv_lines_wait(d->lines, line, now_us + RLV_DELIVER_RETRY_US);
        return;
    }
    if (job->state == RLV_JOB_ANSWERING) {
        put_result(d, line, &q);
        return;
    }
    if (d->stopping) {
        rlv_lines_wait(d->lines, line, INT64_MAX - 1);
        return;
    }
    struct rlv_destination *to = find(d, q.effect.destination);
    const char *why = to ? refusal(&q.effect) : "the configuration has no such destination";
    if (why) {
        answer(d, line, &q, 0, (rlv_str){NULL, 0}, why);
        return;
    }
    if ((q.effect.hold_ms || to->config->token_url) && !job->begun_us)
        job->begun_us = now_us; /* waiting here counts too */
    int64_t left_us = q.effect.hold_ms ? job->begun_us + patience_us(d, &q) - now_us : INT64_MAX;
    if (left_us <= 0) {
        give_token_back(d, job, to);
        answer(d, line, &q, 0, (rlv_str){NULL, 0}, "the destination was unwell, or busy, for as long as the message waited");
        return;
    }
    int64_t wait_us = rlv_deliver_token(d, to, now_us);
    if (wait_us && now_us - job->begun_us > patience_us(d, &q)) {
        answer(d, line, &q, 0, (rlv_str){NULL, 0}, "no access token could be had");
        return;
    }
    if (wait_us) {
        rlv_lines_wait(d->lines, line, now_us + (wait_us < left_us ? wait_us : left_us));
        return;
    }
    wait_us = turn_of(d, job, to, now_us);
    if (wait_us && q.effect.hold_ms && !job->tokens) { /* nobody is to wait for what is known to fail */
        answer(d, line, &q, 0, (rlv_str){NULL, 0}, "the destination is unwell");
        return;
    }
    if (wait_us) {
        rlv_lines_wait(d->lines, line, now_us + (wait_us < left_us ? wait_us : left_us));
        return;
    }
    if (!job->begun_us)
        job->begun_us = now_us;
    job->tokens = 0; /* used */
    int rc = request(d, job, &q, to, &err);
    if (rc != RLV_OK)
        rlv_breaker_give_back(&to->breaker, now_us);
    if (rc != RLV_OK)
        answer(d, line, &q, 0, (rlv_str){NULL, 0}, err.message);
}
