/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The role's loop: read, work on what is due, wait for answers, and once a second commit positions, sweep and
 * report. One thread: what bounds it is WhatsApp's limits, not this machine; more of it are more processes.
 * Must never end because somebody else is away.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "deliver/private.h"

enum {
    POLL_MS = 50,
    TOPICS_TIMEOUT_MS = 2000,
    TAKE_MOST = 200,
    WORK_MOST = 200,
    WORK_US = 20000, /* what is claimed waits so long for its request, however slow Postgres is */
    CONNECTIONS = 64
};
static const size_t SCRATCH_CEILING = (size_t)64 << 20;

/* ---- made and freed
 * -------------------------------------------------------------------------------------------- */

static void make_metrics(struct rlv_deliver *d)
{
    static const char *const claims[RLV_CLAIMS] = {"claimed", "done", "busy", "suppressed",
                                                   "window", "gone", "broken", "locked"};
    static const char *const sends[] = {"accepted", "refused", "failed", "unknown"};
    static const char *const effects[] = {"done", "refused", "failed"};
    char labels[200];
    for (size_t i = 0; i < sizeof(claims) / sizeof(*claims); i++) {
        (void)snprintf(labels, sizeof(labels), "verdict=\"%s\"", claims[i]);
        d->claims[i] =
            rlv_metric_counter("relevo_claims_total", "Claims of messages, by what Postgres said.", labels);
    }
    for (size_t i = 0; i < sizeof(sends) / sizeof(*sends); i++) {
        (void)snprintf(labels, sizeof(labels), "outcome=\"%s\"", sends[i]);
        d->sends[i] =
            rlv_metric_counter("relevo_sends_total", "Attempts to send a message, by outcome.", labels);
    }
    for (size_t i = 0; i < sizeof(effects) / sizeof(*effects); i++) {
        (void)snprintf(labels, sizeof(labels), "outcome=\"%s\"", effects[i]);
        d->effects[i] = rlv_metric_counter("relevo_effects_total", "Effects that ended, by outcome.", labels);
    }
    d->in_hand =
        rlv_metric_gauge("relevo_deliver_in_hand", "Messages and effects read and not finished.", "");
    d->oldest = rlv_metric_gauge("relevo_deliver_oldest_seconds",
                                 "Age of the message that has waited longest to be sent, since it was published.", "");
    d->attempts = rlv_metric_counter("relevo_send_attempts_total", "Claims that were granted.", "");
    d->undecodable =
        rlv_metric_counter("relevo_deliver_undecodable_total",
                           "Records of the outbound and effects topics that nobody can read.", "");
    d->claim_seconds = rlv_metric_seconds("relevo_claim_seconds", "Time of a claim.", "");
    d->dead = rlv_metric_counter("relevo_sends_dead_total",
                                 "Messages whose deliver stopped while it sent them.", "");
    d->failed_later = rlv_metric_counter("relevo_sends_failed_later_total",
                                         "Messages that WhatsApp accepted and did not deliver.", "");
    d->explained =
        rlv_metric_counter("relevo_sends_explained_total", "Unknown outcomes that a status explained.", "");
    d->reported = rlv_metric_counter("relevo_sends_reported_total",
                                     "Ends of messages that the lanes were told of.", "");
    for (size_t i = 0; i < d->n_destinations; i++) {
        struct rlv_destination *to = &d->destinations[i];
        rlv_buf name = RLV_BUF_INIT(4096);
        rlv_metric_label(&name, "destination", to->config ? to->config->name : "whatsapp");
        const char *label = name.failed ? "destination=\"\"" : name.data;
        to->seconds = rlv_metric_seconds("relevo_request_seconds", "Time of a request to the outside.", label);
        to->open = rlv_metric_gauge("relevo_breaker_open", "1 while a destination is taken for unwell.", label);
        rlv_buf_free(&name);
    }
}

/* user: the job of an effect's result; NULL: a report. */
static void acked(void *context, void *user, const char *why)
{
    if (user)
        rlv_deliver_answered(context, user, why);
    else
        rlv_deliver_report_acked(context, why);
}

static void revoked(void *context)
{
    struct rlv_deliver *d = context;
    if (!d->lines) /* none any more when the inbox is closed at the end */
        return;
    rlv_lines_drop(d->lines);
    rlv_pace_forgive(d->pace);
}

static int make(struct rlv_deliver *d, rlv_error *err)
{
    const rlv_config *c = d->config;
    d->n_destinations = c->deliver.n_destinations + 1;
    d->destinations = calloc(d->n_destinations, sizeof(*d->destinations));
    d->scratch = rlv_arena_new(SCRATCH_CEILING);
    d->report_arena = rlv_arena_new(SCRATCH_CEILING);
    d->lines = rlv_lines_new(d);
    d->pace = rlv_pace_new();
    d->http = rlv_http_new(CONNECTIONS);
    if (!d->destinations || !d->scratch || !d->report_arena || !d->lines || !d->pace || !d->http)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    for (size_t i = 0; i < d->n_destinations; i++)
        d->destinations[i].owner = d;
    for (size_t i = 1; i < d->n_destinations; i++)
        d->destinations[i].config = &c->deliver.destinations[i - 1];
    make_metrics(d);
    d->wire = rlv_wire_new(err);
    int rc = d->wire ? RLV_OK : err->code;
    if (rc == RLV_OK)
        rc = rlv_broker_new(c, &d->broker, err);
    if (rc == RLV_OK)
        rc = rlv_outbox_new(c, "deliver-results", acked, d, &d->outbox, err);
    return rc;
}

int rlv_deliver_new(const rlv_config *config, rlv_deliver **ret, rlv_error *err)
{
    struct rlv_deliver *d = calloc(1, sizeof(*d));
    if (!d)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    d->config = config;
    d->out = RLV_BUF_INIT((size_t)4 << 20);
    d->topics[RLV_DELIVER_OUTBOUND] = config->topics.outbound;
    d->topics[RLV_DELIVER_EFFECTS] = config->topics.effects;
    (void)snprintf(d->why, sizeof(d->why), "starting");
    (void)pthread_mutex_init(&d->lock, NULL);
    atomic_store(&d->moved_us, rlv_clock_mono_us());
    randombytes_buf(d->worker.bytes, sizeof(d->worker.bytes));
    int rc = make(d, err);
    if (rc != RLV_OK) {
        rlv_deliver_free(d);
        return rc;
    }
    *ret = d;
    return RLV_OK;
}

void rlv_deliver_free(rlv_deliver *deliver)
{
    if (!deliver)
        return;
    rlv_http_free(deliver->http);
    rlv_outbox_free(deliver->outbox, 1000); /* tells of what is under way: lines and store must be there */
    rlv_lines_free(deliver->lines);         /* and their letters, before the client that they belong to */
    deliver->lines = NULL;
    rlv_inbox_close(deliver->inbox);
    rlv_broker_free(deliver->broker);
    rlv_store_close(deliver->store);
    rlv_pace_free(deliver->pace);
    rlv_wire_free(deliver->wire);
    rlv_arena_free(deliver->scratch);
    rlv_arena_free(deliver->report_arena);
    rlv_buf_free(&deliver->out);
    free(deliver->turns.marks);
    free(deliver->turns.lanes);
    free(deliver->turns.known);
    free(deliver->turns.here);
    for (size_t i = 0; deliver->destinations && i < deliver->n_destinations; i++)
        free(deliver->destinations[i].token);
    free(deliver->destinations);
    (void)pthread_mutex_destroy(&deliver->lock);
    free(deliver);
}

/* ---- health
 * ---------------------------------------------------------------------------------------------------- */

static void tell(struct rlv_deliver *d, const char *why)
{
    (void)pthread_mutex_lock(&d->lock);
    (void)snprintf(d->why, sizeof(d->why), "%s", why);
    (void)pthread_mutex_unlock(&d->lock);
}

int64_t rlv_deliver_idle_ms(const rlv_deliver *deliver)
{
    return (rlv_clock_mono_us() - atomic_load(&deliver->moved_us)) / 1000;
}

bool rlv_deliver_ready(const rlv_deliver *deliver, char *why, size_t why_size)
{
    rlv_deliver *d = (rlv_deliver *)(uintptr_t)deliver;
    (void)pthread_mutex_lock(&d->lock);
    (void)snprintf(why, why_size, "%s", d->why);
    (void)pthread_mutex_unlock(&d->lock);
    return why[0] == '\0';
}

bool rlv_deliver_says(struct rlv_deliver *d, enum rlv_deliver_news news)
{
    enum {
        QUIET_US = 10000000
    };
    int64_t now_us = rlv_clock_mono_us();
    if (now_us < d->quiet_until_us[news])
        return false;
    d->quiet_until_us[news] = now_us + QUIET_US;
    return true;
}

/* ---- Postgres
 * -------------------------------------------------------------------------------------------------- */

rlv_store *rlv_deliver_store(struct rlv_deliver *d)
{
    int64_t now_us = rlv_clock_mono_us();
    if (d->store || now_us < d->store_retry_us)
        return d->store;
    rlv_error err;
    int rc = rlv_store_open(d->config->postgres, "relevo deliver",
                            (int)d->config->deliver.postgres_timeout_ms, &d->store, &err);
    if (rc == RLV_OK)
        rc = rlv_store_check_schema(d->store, &err);
    if (rc != RLV_OK) {
        rlv_deliver_store_failed(d, &err);
        return NULL;
    }
    if (d->store_away)
        rlv_log(RLV_LOG_INFO, "deliver", "Postgres is back");
    d->store_away = false;
    return d->store;
}

void rlv_deliver_store_failed(struct rlv_deliver *d, const rlv_error *err)
{
    if (!d->store_away)
        rlv_log(RLV_LOG_WARN, "deliver", "nothing is sent while Postgres is away: %s", err->message);
    d->store_away = true;
    rlv_store_close(d->store);
    d->store = NULL;
    d->trusted = false;
    d->store_retry_us = rlv_clock_mono_us() + RLV_DELIVER_RETRY_US;
    tell(d, err->message);
}

/* ---- turns: whether Postgres is older than what was sent
 * ------------------------------------------------------------------------------------ */

static bool make_turns(struct rlv_deliver_turns *t, size_t n)
{
    t->marks = calloc(n, sizeof(*t->marks));
    t->lanes = calloc(n, sizeof(*t->lanes));
    t->known = calloc(n, sizeof(*t->known));
    t->here = calloc(n, sizeof(*t->here));
    return t->marks && t->lanes && t->known && t->here;
}

/* Postgres against Kafka, of each lane of ours; or the next turn, of those of which something was in hand since the last one. False: Postgres lacks
 * something, or one of both cannot be asked. */
static bool compare(struct rlv_deliver *d, rlv_store *store, bool next)
{
    const rlv_inbox_mark *marks = d->turns.marks;
    int32_t *lanes = d->turns.lanes; /* not in the scratch arena: the message that asks is there */
    int64_t *known = d->turns.known, *here = d->turns.here;
    size_t n = rlv_inbox_marks(d->inbox, RLV_DELIVER_OUTBOUND, d->turns.marks, (size_t)d->partitions), kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (marks[i].mark < 0)
            return false;
        if (next && !marks[i].moved)
            continue;
        lanes[kept] = marks[i].partition;
        known[kept++] = marks[i].mark;
    }
    rlv_error err;
    int rc = !kept ? RLV_OK : next ? rlv_sends_next_turns(store, lanes, known, kept, here, &err) : rlv_sends_turns(store, lanes, kept, here, &err);
    if (rc != RLV_OK) {
        rlv_deliver_store_failed(d, &err);
        return false;
    }
    d->restored[0] = '\0';
    for (size_t i = 0; i < kept; i++) {
        if (here[i] < known[i]) {
            (void)snprintf(d->restored, sizeof(d->restored),
                           "nothing is sent: Postgres was restored to a moment before messages of lane %d that were sent (turn %lld of %lld): run "
                           "relevo repair", lanes[i], (long long)here[i], (long long)known[i]);
            if (rlv_deliver_says(d, RLV_NEWS_RESTORED))
                rlv_log(RLV_LOG_ERROR, "deliver", "%s", d->restored);
            return false;
        }
    }
    for (size_t i = 0; next && i < kept; i++)
        rlv_inbox_set_mark(d->inbox, RLV_DELIVER_OUTBOUND, lanes[i], here[i]);
    return true;
}

rlv_store *rlv_deliver_trusted(struct rlv_deliver *d)
{
    rlv_store *store = rlv_deliver_store(d);
    uint32_t generation = rlv_inbox_generation(d->inbox);
    if (!store || (d->trusted && d->trusted_generation == generation))
        return store;
    int64_t now_us = rlv_clock_mono_us();
    if (d->trusted_generation == generation && now_us < d->trust_retry_us)
        return NULL;
    d->trusted = compare(d, store, false);
    d->trusted_generation = generation;
    d->trust_retry_us = now_us + RLV_DELIVER_RETRY_US;
    return d->trusted ? d->store : NULL;
}

/* ---- the loop
 * -------------------------------------------------------------------------------------------------- */

void rlv_deliver_finish(struct rlv_deliver *d, rlv_line *line)
{
    rlv_inbox_done(d->inbox, &line->first->letter);
    rlv_lines_pop(d->lines, line);
}

void rlv_deliver_leave(struct rlv_deliver *d, rlv_line *line)
{
    rlv_inbox_drop(&line->first->letter);
    rlv_lines_pop(d->lines, line);
}

bool rlv_deliver_traced(const rlv_job *job, char ret_header[RLV_TRACED + 1])
{
    static const char name[] = RLV_TRACE_HEADER ": ";
    if (rlv_trace_none(&job->letter.trace))
        return false;
    memcpy(ret_header, name, sizeof(name) - 1);
    rlv_trace_text(&job->letter.trace, ret_header + sizeof(name) - 1);
    return true;
}

/* Nobody can read it: it stays in its topic, and is told. */
static void skip(struct rlv_deliver *d, const rlv_letter *letter, const rlv_error *err)
{
    rlv_log_about(RLV_LOG_ERROR, "deliver", &letter->trace, "%s[%d] offset %lld is skipped: %s", d->topics[letter->topic],
                  letter->partition, (long long)letter->offset, err->message);
    rlv_metric_add(d->undecodable, 1);
    rlv_inbox_done(d->inbox, letter);
}

static int admit(struct rlv_deliver *d, const rlv_letter *letter, rlv_error *err)
{
    rlv_outbound m;
    rlv_effect_request q;
    rlv_error why;
    rlv_arena_reset(d->scratch);
    bool message = letter->topic == RLV_DELIVER_OUTBOUND;
    int rc = message ? rlv_wire_decode_outbound(d->wire, d->scratch, letter->value, &m, &why)
                     : rlv_wire_decode_effect(d->wire, d->scratch, letter->value, &q, &why);
    if (rc != RLV_OK) {
        skip(d, letter, &why);
        return RLV_OK;
    }
    rlv_job *job = calloc(1, sizeof(*job));
    if (job)
        job->letter = *letter;
    /* Never 0: that is the line of the messages. */
    uint64_t to = message ? 0 : rlv_str_hash(q.effect.destination) | 1;
    if (!job || !rlv_lines_add(d->lines, message ? m.conversation_id : q.conversation_id, to, job)) {
        free(job);
        rlv_inbox_drop(letter);
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    }
    return RLV_OK;
}

static int take_letters(struct rlv_deliver *d, rlv_error *err)
{
    for (int i = 0; i < TAKE_MOST; i++) {
        rlv_letter letter;
        rlv_error news;
        bool want = !d->stopping && rlv_lines_jobs(d->lines) < (size_t)d->config->deliver.in_hand;
        int got = rlv_inbox_next(d->inbox, want, &letter, &news);
        if (got == 0)
            break;
        if (got < 0) {
            if (-got == RLV_E_LIMIT || -got == RLV_E_FENCED) {
                *err = news;
                return -got;
            }
            rlv_log(RLV_LOG_WARN, "deliver", "%s", news.message);
            continue;
        }
        int rc = admit(d, &letter, err);
        if (rc != RLV_OK)
            return rc;
    }
    return RLV_OK;
}

static void work(struct rlv_deliver *d)
{
    const int64_t until_us = rlv_clock_mono_us() + WORK_US;
    int64_t now_us = until_us - WORK_US;
    for (int i = 0; i < WORK_MOST && now_us < until_us; i++, now_us = rlv_clock_mono_us()) {
        rlv_line *line = rlv_lines_take(d->lines, now_us);
        if (!line)
            break;
        if (line->to)
            rlv_deliver_effect(d, line);
        else
            rlv_deliver_message(d, line);
    }
}

static void each_second(struct rlv_deliver *d, int64_t now_us)
{
    d->next_second_us = now_us + 1000000;
    rlv_store *store = rlv_deliver_trusted(d);
    if (store)
        d->trusted = compare(d, store, true); /* Kafka is told of it after Postgres */
    rlv_inbox_commit(d->inbox);
    rlv_deliver_report(d);
    rlv_metric_set(d->in_hand, (double)rlv_lines_jobs(d->lines));
    int64_t age_ms = rlv_clock_wall_ms() - rlv_lines_oldest_ms(d->lines);
    rlv_metric_set(d->oldest, age_ms > 0 ? (double)age_ms / 1000 : 0);
    if (d->store)
        tell(d, rlv_inbox_member(d->inbox) ? d->restored : "not yet a member of the group");
}

static int turn(struct rlv_deliver *d, rlv_error *err)
{
    int rc = take_letters(d, err);
    if (rc != RLV_OK)
        return rc;
    work(d);
    rlv_outbox_poll(d->outbox);
    int64_t now_us = rlv_clock_mono_us();
    if (now_us >= d->next_second_us)
        each_second(d, now_us);
    int64_t due_us = rlv_lines_due(d->lines), wait_ms = due_us > now_us ? (due_us - now_us) / 1000 + 1 : 0;
    rlv_http_poll(d->http, rlv_inbox_fd(d->inbox), wait_ms < POLL_MS ? (int)wait_ms : POLL_MS);
    atomic_store(&d->moved_us, rlv_clock_mono_us());
    return RLV_OK;
}

/* Waits until Kafka answers; refuses topics that do not fit. */
static int learn_topics(struct rlv_deliver *d, const volatile sig_atomic_t *stop, rlv_error *err)
{
    bool said = false;
    char cluster[64];
    for (;;) {
        int rc = rlv_broker_topics(d->broker, TOPICS_TIMEOUT_MS, cluster, &d->partitions, err);
        atomic_store(&d->moved_us, rlv_clock_mono_us());
        if (rc != RLV_E_UNAVAILABLE || *stop)
            return rc;
        if (!said)
            rlv_log(RLV_LOG_WARN, "deliver", "%s", err->message);
        said = true;
        tell(d, err->message);
        rlv_clock_sleep_ms(1000);
    }
}

/* Requests under way and settlements are finished; nothing new is claimed. */
static void drain(struct rlv_deliver *d)
{
    int64_t until_us = rlv_clock_mono_us() + d->config->deliver.drain_ms * 1000;
    rlv_error err;
    d->stopping = true;
    rlv_lines_drop(d->lines);
    while (rlv_lines_jobs(d->lines) > 0 && rlv_clock_mono_us() < until_us && turn(d, &err) == RLV_OK) {
    }
    if (rlv_lines_jobs(d->lines) > 0)
        rlv_log(RLV_LOG_WARN, "deliver", "left with %zu requests under way: their outcome will be unknown",
                rlv_lines_jobs(d->lines));
}

int rlv_deliver_run(rlv_deliver *d, const volatile sig_atomic_t *stop, rlv_error *err)
{
    int rc = learn_topics(d, stop, err);
    if (*stop)
        return RLV_OK;
    if (rc == RLV_OK && !make_turns(&d->turns, (size_t)d->partitions))
        rc = rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    if (rc == RLV_OK)
        rc = rlv_inbox_open(d->config, d->config->deliver.group, d->topics, RLV_DELIVER_TOPICS, revoked, d,
                            &d->inbox, err);
    while (rc == RLV_OK && !*stop)
        rc = turn(d, err);
    if (rc == RLV_OK) {
        drain(d);
        each_second(d, rlv_clock_mono_us()); /* what was done since the last one */
    }
    return rc;
}
