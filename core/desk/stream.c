/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens, pushed: one thread reads the decisions topic into a ring, and every stream (Server-Sent Events) is a place in it. A
 * stream's id is how far it is in each partition, so that it goes on at any desk where it broke off; when the ring no longer holds that, it
 * is told `reset`, and asks anew what it shows. Postgres is asked nothing: a decision holds whose its conversation is. Must never show a
 * stream what its agent may not see, nor hold Kafka's thread up for a slow one.
 */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "broker/broker.h"
#include "desk/private.h"
#include "wire/wire.h"

enum {
    RING_MAX = 16384, /* events */
    BACK = 500,       /* events of each partition that a new desk begins with, for streams that come from another */
    POLL_MS = 50,
    LOOK_MS = 1000,
    QUIET_US = 3000000, /* without a decision: Kafka is asked whether it is there */
    MISSES = 2,         /* such questions without an answer: it is away */
    WAKE_US = 50000,      /* streams are woken together, twenty times a second at most */
    PULSE_US = 20000000,  /* so that proxies and pages know that the other end lives */
    AGE_US = 900000000,   /* then a page connects again, perhaps to another desk */
    CHUNK = 16 * 1024,
    EVENT_MAX = 1 << 20
};
static const size_t RING_BYTES = (size_t)64 << 20;

/* One decision. */
struct entry {
    int32_t partition;
    int64_t offset;
    char *json; /* NULL: none of ours; it only counts */
    size_t len;
    rlv_str team, agent, conversation; /* copies, behind json's text */
    bool change; /* of an owner */
};

struct stream {
    rlv_feed_ring *ring;
    struct MHD_Connection *connection;
    rlv_watched *watched; /* its session */
    struct stream *next, **link;
    uint64_t at;     /* the next entry to look at */
    int64_t *seen;   /* of each partition, the offset behind the last one that it is through with */
    bool all;        /* a supervisor's */
    bool changes;    /* wants only changes of owners, what its agent has, and its conversation */
    char *conversation;
    char *agent;
    char **teams;
    size_t n_teams;
    bool asleep, reset, hello;
    bool live; /* as its page knows */
    int64_t born_us, told_us;
    rlv_buf out;
    size_t sent;
};

struct rlv_feed_ring {
    rlv_desk *desk;
    rd_kafka_t *rk;
    rlv_wire *wire;
    rlv_arena *arena;
    pthread_t thread;
    bool running;
    atomic_bool stop, ready;

    pthread_mutex_t lock;
    struct entry entries[RING_MAX];
    uint64_t first, end; /* numbers of entries; the place is the number modulo RING_MAX */
    size_t bytes;
    int32_t partitions;
    int64_t *floor, *top; /* of each partition: from floor on all are here, up to top */
    struct stream *streams;
    bool ended;
    bool live; /* what is decided comes here */
    rlv_metric *listeners, *events, *lives;
};

/* ---- the ring ---- */

static struct entry *entry_at(rlv_feed_ring *ring, uint64_t number)
{
    return &ring->entries[number % RING_MAX];
}

static void forget_first(rlv_feed_ring *ring)
{
    struct entry *e = entry_at(ring, ring->first++);
    ring->floor[e->partition] = e->offset + 1;
    ring->bytes -= e->len;
    free(e->json);
    *e = (struct entry){0};
}

/* A decision's JSON, with its team and agent behind it. False: memory is short, or it is none of ours. */
static bool fill(rlv_feed_ring *ring, struct entry *e, rlv_str bytes)
{
    rlv_str text;
    rlv_error err;
    rlv_arena_reset(ring->arena);
    if (rlv_wire_to_json(ring->wire, ring->arena, bytes, &text, &err) != RLV_OK)
        return false;
    json_t *j = json_loadb(text.ptr, text.len, 0, NULL);
    const char *const names[] = {"team", "agent_id", "conversation_id"};
    rlv_str *const copies[] = {&e->team, &e->agent, &e->conversation};
    rlv_str found[3];
    size_t size = text.len;
    for (int i = 0; i < 3; i++) {
        found[i] = rlv_str_from(json_string_value(json_object_get(j, names[i])));
        size += found[i].len;
    }
    char *at = e->json = malloc(size + 1);
    if (at) {
        memcpy(at, text.ptr, text.len);
        at += text.len;
        for (int i = 0; i < 3; at += found[i++].len) {
            memcpy(at, found[i].len ? found[i].ptr : "", found[i].len);
            *copies[i] = (rlv_str){at, found[i].len};
        }
        e->len = text.len;
        e->change = json_object_get(j, "change") != NULL;
    }
    json_decref(j);
    return at != NULL;
}

static void take(rlv_feed_ring *ring, const rd_kafka_message_t *m)
{
    struct entry e = {.partition = m->partition, .offset = m->offset};
    if (!m->payload || !fill(ring, &e, (rlv_str){m->payload, m->len}))
        e.len = 0;
    (void)pthread_mutex_lock(&ring->lock);
    while (ring->end - ring->first == RING_MAX || (ring->end > ring->first && ring->bytes + e.len > RING_BYTES))
        forget_first(ring);
    *entry_at(ring, ring->end++) = e;
    ring->bytes += e.len;
    ring->top[e.partition] = e.offset + 1;
    (void)pthread_mutex_unlock(&ring->lock);
    rlv_metric_add(ring->events, 1);
}

/* ---- what a stream is told ---- */

static bool is_over(const struct stream *s, int64_t now_us)
{
    return s->ring->ended || rlv_watched_over(s->watched) || now_us - s->born_us > AGE_US;
}

static bool visible(const struct stream *s, const struct entry *e)
{
    if (!e->json || e->offset < s->seen[e->partition])
        return false;
    if (s->changes && !e->change && !rlv_str_is(e->agent, s->agent) && !rlv_str_is(e->conversation, s->conversation))
        return false;
    if (s->all || !e->team.len || rlv_str_is(e->agent, s->agent))
        return true;
    for (size_t i = 0; i < s->n_teams; i++)
        if (rlv_str_is(e->team, s->teams[i]))
            return true;
    return false;
}

static void put_id(struct stream *s)
{
    rlv_buf_str(&s->out, RLV_STR("id: "));
    for (int32_t i = 0; i < s->ring->partitions; i++)
        rlv_buf_printf(&s->out, "%s%lld", i ? "." : "", (long long)s->seen[i]);
    rlv_buf_str(&s->out, RLV_STR("\n"));
}

/* From here on nothing before now is owed. */
static void jump(struct stream *s)
{
    s->at = s->ring->end;
    memcpy(s->seen, s->ring->top, (size_t)s->ring->partitions * sizeof(*s->seen));
}

/* Moves over what is not for this stream; true when something is. */
static bool advance(struct stream *s)
{
    if (s->at < s->ring->first)
        s->reset = true;
    if (s->reset)
        return true;
    for (; s->at < s->ring->end; s->at++) {
        const struct entry *e = entry_at(s->ring, s->at);
        if (visible(s, e))
            return true;
        if (e->offset >= s->seen[e->partition])
            s->seen[e->partition] = e->offset + 1;
    }
    return false;
}

/* The next piece of the stream into out. An event's id comes with the last of a piece: after a cut some come twice, none is lost. */
static void write_piece(struct stream *s)
{
    rlv_buf_reset(&s->out);
    s->sent = 0;
    if (advance(s) && s->reset) {
        jump(s);
        s->reset = false;
        rlv_buf_str(&s->out, RLV_STR("event: reset\n"));
        put_id(s);
        rlv_buf_str(&s->out, RLV_STR("data: {}\n\n"));
        return;
    }
    if (s->hello) {
        s->hello = false;
        rlv_buf_str(&s->out, RLV_STR("event: hello\n"));
        put_id(s);
        rlv_buf_str(&s->out, RLV_STR("data: {}\n\n"));
    }
    if (s->live != s->ring->live) {
        s->live = s->ring->live;
        rlv_buf_str(&s->out, s->live ? RLV_STR("event: live\ndata: {}\n\n") : RLV_STR("event: paused\ndata: {}\n\n"));
    }
    while (s->out.len < CHUNK && advance(s) && !s->reset) {
        const struct entry *e = entry_at(s->ring, s->at++);
        s->seen[e->partition] = e->offset + 1;
        rlv_buf_str(&s->out, RLV_STR("data: "));
        rlv_buf_append(&s->out, e->json, e->len);
        rlv_buf_str(&s->out, RLV_STR("\n"));
        if (s->out.len >= CHUNK || !advance(s) || s->reset)
            put_id(s);
        rlv_buf_str(&s->out, RLV_STR("\n"));
    }
}

/* No comment: a script of a page sees none. */
static const char pulse[] = "event: pulse\ndata: {}\n\n";

static ssize_t read_stream(void *user, uint64_t position, char *buf, size_t max)
{
    (void)position;
    struct stream *s = user;
    rlv_feed_ring *ring = s->ring;
    ssize_t given = 0;
    (void)pthread_mutex_lock(&ring->lock);
    int64_t now_us = rlv_clock_mono_us();
    bool over = is_over(s, now_us);
    if (s->sent == s->out.len && !over)
        write_piece(s);
    if (s->out.failed) { /* memory is short: it goes on elsewhere, or later */
        given = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (s->sent < s->out.len) {
        size_t n = s->out.len - s->sent < max ? s->out.len - s->sent : max;
        memcpy(buf, s->out.data + s->sent, n);
        s->sent += n;
        s->told_us = now_us;
        given = (ssize_t)n;
    } else if (over) {
        given = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (now_us - s->told_us >= PULSE_US && max >= sizeof(pulse)) {
        memcpy(buf, pulse, sizeof(pulse) - 1);
        s->told_us = now_us;
        given = (ssize_t)sizeof(pulse) - 1;
    } else {
        s->asleep = true;
        MHD_suspend_connection(s->connection);
    }
    (void)pthread_mutex_unlock(&ring->lock);
    return given;
}

/* Those that something has come for, or a pulse is due. */
static void wake(rlv_feed_ring *ring, bool all)
{
    size_t n = 0;
    (void)pthread_mutex_lock(&ring->lock);
    int64_t now_us = rlv_clock_mono_us();
    for (struct stream *s = ring->streams; s; s = s->next, n++)
        if (s->asleep && (all || advance(s) || s->live != ring->live || now_us - s->told_us >= PULSE_US || is_over(s, now_us))) {
            s->asleep = false;
            MHD_resume_connection(s->connection);
        }
    (void)pthread_mutex_unlock(&ring->lock);
    rlv_metric_set(ring->listeners, (double)n);
}

/* ---- Kafka ---- */

/* How many partitions the topic has; 0: Kafka does not tell within LOOK_MS, or one of them has no leader. */
static int32_t count_partitions(rlv_feed_ring *ring)
{
    const struct rd_kafka_metadata *md = NULL;
    rd_kafka_topic_t *rkt = rd_kafka_topic_new(ring->rk, ring->desk->config->topics.decisions, NULL);
    rd_kafka_resp_err_t code = rd_kafka_metadata(ring->rk, 0, rkt, &md, LOOK_MS);
    rd_kafka_topic_destroy(rkt);
    if (code)
        return 0;
    int32_t n = md->topic_cnt == 1 && !md->topics[0].err ? md->topics[0].partition_cnt : 0;
    for (int32_t i = n; i > 0; i--)
        if (md->topics[0].partitions[i - 1].leader < 0)
            n = 0;
    rd_kafka_metadata_destroy(md);
    return n;
}

/* Assigns every partition of the topic from a little before its end. False: not yet. */
static bool find_partitions(rlv_feed_ring *ring)
{
    const char *topic = ring->desk->config->topics.decisions;
    int32_t n = count_partitions(ring);
    if (n <= 0)
        return false;
    int64_t *floor = calloc((size_t)n, sizeof(*floor)), *top = calloc((size_t)n, sizeof(*top));
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);
    bool ok = floor && top;
    for (int32_t i = 0; ok && i < n; i++) {
        int64_t low, high;
        ok = rd_kafka_query_watermark_offsets(ring->rk, topic, i, &low, &high, LOOK_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
        if (ok)
            top[i] = floor[i] = rd_kafka_topic_partition_list_add(list, topic, i)->offset = high - BACK > low ? high - BACK : low;
    }
    ok = ok && rd_kafka_assign(ring->rk, list) == RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_topic_partition_list_destroy(list);
    if (!ok) {
        free(floor);
        free(top);
        return false;
    }
    (void)pthread_mutex_lock(&ring->lock);
    ring->floor = floor;
    ring->top = top;
    ring->partitions = n;
    (void)pthread_mutex_unlock(&ring->lock);
    rlv_log(RLV_LOG_INFO, "desk", "following %s, %d partitions", topic, n);
    return true;
}

static void set_live(rlv_feed_ring *ring, bool live)
{
    if (ring->live == live) /* nobody else sets it */
        return;
    (void)pthread_mutex_lock(&ring->lock);
    ring->live = live;
    (void)pthread_mutex_unlock(&ring->lock);
    rlv_metric_set(ring->lives, live);
    if (live)
        rlv_log(RLV_LOG_INFO, "desk", "pages are told at once what is decided");
    else
        rlv_log(RLV_LOG_WARN, "desk", "Kafka does not answer: pages are told that nothing is pushed until it does");
}

static void *follow(void *user)
{
    rlv_feed_ring *ring = user;
    int64_t woke_us = 0, heard_us = 0;
    int missed = 0;
    while (!atomic_load(&ring->stop)) {
        if (!atomic_load(&ring->ready) && find_partitions(ring)) {
            set_live(ring, true); /* before a stream can begin */
            atomic_store(&ring->ready, true);
        }
        rd_kafka_message_t *m = rd_kafka_consumer_poll(ring->rk, POLL_MS);
        bool heard = m && !m->err;
        if (heard)
            take(ring, m);
        if (m)
            rd_kafka_message_destroy(m);
        int64_t now_us = rlv_clock_mono_us();
        if (heard || (atomic_load(&ring->ready) && now_us - heard_us >= QUIET_US)) {
            missed = heard || count_partitions(ring) > 0 ? 0 : missed + 1;
            if (missed == 0)
                heard_us = now_us;
            if (missed == 0 || missed >= MISSES)
                set_live(ring, missed == 0);
        }
        if (atomic_load(&ring->ready) && now_us - woke_us >= WAKE_US) {
            wake(ring, false);
            woke_us = now_us;
        }
    }
    return NULL;
}

int rlv_ring_new(rlv_desk *desk, rlv_feed_ring **ret, rlv_error *err)
{
    char why[256];
    static const char *const own[][2] = {
        {"group.id", "relevo-desk"}, /* the library wants one; nothing is ever committed to it */
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"isolation.level", "read_committed"},
        {"auto.offset.reset", "latest"}, /* what the topic deleted before it was read here is told to nobody */
        {"allow.auto.create.topics", "false"},
        {"queued.max.messages.kbytes", "16384"},
        {"reconnect.backoff.max.ms", "1000"},
    };
    rlv_feed_ring *ring = calloc(1, sizeof(*ring));
    if (!ring)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    *ret = ring; /* freed by whoever frees the desk */
    ring->desk = desk;
    (void)pthread_mutex_init(&ring->lock, NULL);
    ring->listeners = rlv_metric_gauge("relevo_desk_streams_open", "Pages that are told what happens.", "");
    ring->events = rlv_metric_counter("relevo_desk_events_total", "Decisions read for the pages.", "");
    ring->lives = rlv_metric_gauge("relevo_desk_live", "1 while Kafka answers this desk; 0: pages are told late what happens.", "");
    rlv_metric_set(ring->lives, 0);
    ring->wire = rlv_wire_new(err);
    if (!ring->wire)
        return err->code;
    ring->arena = rlv_arena_new((size_t)8 * EVENT_MAX);
    if (!ring->arena)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    rd_kafka_conf_t *conf = rlv_broker_conf(desk->config, "desk", own, sizeof(own) / sizeof(*own), err);
    if (!conf)
        return err->code;
    ring->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (!ring->rk) {
        rd_kafka_conf_destroy(conf);
        return rlv_error_set(err, RLV_E_CONFIG, "no Kafka client can be made of these properties: %s", why);
    }
    (void)rd_kafka_poll_set_consumer(ring->rk);
    int rc = pthread_create(&ring->thread, NULL, follow, ring);
    if (rc)
        return rlv_error_set(err, RLV_E_LIMIT, "no thread to read Kafka with: %s", strerror(rc));
    ring->running = true;
    return RLV_OK;
}

void rlv_ring_end(rlv_feed_ring *ring)
{
    (void)pthread_mutex_lock(&ring->lock);
    ring->ended = true;
    (void)pthread_mutex_unlock(&ring->lock);
    wake(ring, true);
}

void rlv_ring_free(rlv_feed_ring *ring)
{
    if (!ring)
        return;
    atomic_store(&ring->stop, true);
    if (ring->running)
        (void)pthread_join(ring->thread, NULL);
    if (ring->rk)
        rd_kafka_destroy_flags(ring->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    while (ring->first < ring->end)
        forget_first(ring);
    rlv_wire_free(ring->wire);
    rlv_arena_free(ring->arena);
    (void)pthread_mutex_destroy(&ring->lock);
    free(ring->floor);
    free(ring->top);
    free(ring);
}

bool rlv_ring_ready(rlv_feed_ring *ring)
{
    return atomic_load(&ring->ready);
}

bool rlv_ring_live(rlv_feed_ring *ring)
{
    (void)pthread_mutex_lock(&ring->lock);
    bool live = ring->live;
    (void)pthread_mutex_unlock(&ring->lock);
    return live;
}

/* ---- a stream's life ---- */

static void free_stream(void *user)
{
    struct stream *s = user;
    if (s->link) {
        (void)pthread_mutex_lock(&s->ring->lock);
        *s->link = s->next;
        if (s->next)
            s->next->link = s->link;
        (void)pthread_mutex_unlock(&s->ring->lock);
    }
    rlv_watch_release(s->watched);
    rlv_buf_free(&s->out);
    for (size_t i = 0; i < s->n_teams; i++)
        free(s->teams[i]);
    free(s->teams);
    free(s->agent);
    free(s->conversation);
    free(s->seen);
    free(s);
}

static char *copy(rlv_str s)
{
    return strndup(s.len ? s.ptr : "", s.len);
}

/* Where it broke off, as its last id says. False: the ring does not hold that any more, or it is none. */
static bool resume(struct stream *s, const char *id)
{
    rlv_feed_ring *ring = s->ring;
    for (int32_t i = 0; i < ring->partitions; i++) {
        size_t len = strcspn(id, ".");
        int64_t offset;
        if (!rlv_str_int((rlv_str){id, len}, &offset) || offset < ring->floor[i])
            return false;
        s->seen[i] = offset;
        id += len;
        if (*id == '.')
            id++;
    }
    s->at = ring->first;
    return *id == '\0';
}

static struct stream *new_stream(rlv_feed_ring *ring, rlv_request *request)
{
    const rlv_session *who = &request->session;
    struct stream *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    s->ring = ring;
    s->live = true; /* else it is told */
    s->all = who->role >= RLV_ROLE_SUPERVISOR;
    s->agent = copy(who->agent_id.len ? who->agent_id : RLV_STR("\n")); /* nobody's: equal to none */
    s->seen = calloc((size_t)ring->partitions, sizeof(*s->seen));
    s->out = RLV_BUF_INIT((size_t)4 * EVENT_MAX);
    rlv_str only = rlv_request_text(request, "conversation");
    s->changes = only.ptr != NULL;
    s->conversation = copy(only.len ? only : RLV_STR("\n"));
    s->watched = rlv_watch_hold(request->desk->watch, who);
    s->teams = calloc(who->n_teams + 1, sizeof(*s->teams));
    bool ok = s->agent && s->seen && s->conversation && s->watched && s->teams;
    for (size_t i = 0; ok && i < who->n_teams; i++) {
        s->teams[i] = copy(who->teams[i]);
        s->n_teams++;
        ok = s->teams[i] != NULL;
    }
    if (ok)
        return s;
    free_stream(s);
    return NULL;
}

void rlv_stream_begin(rlv_request *request)
{
    rlv_feed_ring *ring = request->desk->ring;
    if (!atomic_load(&ring->ready)) {
        rlv_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, "away", "Kafka does not answer: try again in a moment");
        return;
    }
    struct stream *s = new_stream(ring, request);
    if (!s) {
        rlv_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, "busy", "memory is short");
        return;
    }
    const char *id = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "Last-Event-ID");
    if (!id)
        id = MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, "after");
    s->connection = request->connection;
    s->born_us = s->told_us = rlv_clock_mono_us();
    (void)pthread_mutex_lock(&ring->lock);
    if (!id) {
        jump(s);
        s->hello = true;
    } else if (!resume(s, id)) {
        s->reset = true;
    }
    s->next = ring->streams;
    s->link = &ring->streams;
    if (s->next)
        s->next->link = &s->next;
    ring->streams = s;
    (void)pthread_mutex_unlock(&ring->lock);
    request->status = MHD_HTTP_OK;
    request->type = "text/event-stream";
    request->stream = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, CHUNK, read_stream, s, free_stream);
    if (!request->stream) {
        free_stream(s);
        rlv_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, "busy", "memory is short");
    }
}
