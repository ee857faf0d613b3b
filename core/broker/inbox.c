/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records worked through at least once, in any order, by a consumer group. A partition's position is before
 * its first unfinished record, so that a crash forgets nothing. Must never commit past a record that is not
 * done.
 */
#include "broker/private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    LEARN_MS = 1000,
    LOOK_MS = 10000
};

/* A partition of this process. */
typedef struct part {
    size_t topic;
    int32_t partition;
    struct slot {
        int64_t offset;
        bool done;
    } * slots; /* those given out, in order; the first is not done */
    size_t begin, end, cap;
    int64_t next; /* behind the last one given out; -1: none yet */
    int64_t start, committed; /* the group's position when the partition came, and by now; -1: none */
    int64_t mark, marked;     /* and its mark, as it is to be and as the group has it; -1: not known */
    bool touched;
} part;

struct rlv_inbox {
    rd_kafka_t *rk;
    const char *const *topics;
    size_t n_topics;
    void (*revoked)(void *context);
    void *context;
    int pipe[2];
    uint32_t generation;
    bool member, paused;
    part *parts;
    size_t n_parts;
};

static void drop_parts(rlv_inbox *inbox)
{
    for (size_t i = 0; i < inbox->n_parts; i++)
        free(inbox->parts[i].slots);
    free(inbox->parts);
    inbox->parts = NULL;
    inbox->n_parts = 0;
}

static size_t topic_of(const rlv_inbox *inbox, const char *name)
{
    size_t i = 0;
    while (i < inbox->n_topics && strcmp(inbox->topics[i], name) != 0)
        i++;
    return i;
}

static int64_t position(const part *p)
{
    if (p->begin < p->end)
        return p->slots[p->begin].offset;
    return p->next >= 0 ? p->next : p->start;
}

/* What is not a mark of ours counts as none. */
static int64_t mark_of(const rd_kafka_topic_partition_t *p)
{
    int64_t mark;
    rlv_str text = {p->metadata, p->metadata_size};
    while (text.len && text.ptr[text.len - 1] == '\0')
        text.len--;
    return text.len && rlv_str_int(text, &mark) && mark > 0 ? mark : 0;
}

/* Without its mark a position would be committed with none. */
static void learn(rlv_inbox *inbox)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)inbox->n_parts);
    for (size_t i = 0; i < inbox->n_parts; i++)
        (void)rd_kafka_topic_partition_list_add(list, inbox->topics[inbox->parts[i].topic], inbox->parts[i].partition);
    bool known = list->cnt && rd_kafka_committed(inbox->rk, list, LEARN_MS) == RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t i = 0; known && i < inbox->n_parts; i++) {
        part *p = &inbox->parts[i];
        const rd_kafka_topic_partition_t *found = &list->elems[i];
        if (p->mark >= 0 || found->err)
            continue;
        p->start = p->committed = found->offset >= 0 ? found->offset : -1;
        p->mark = p->marked = mark_of(found);
    }
    rd_kafka_topic_partition_list_destroy(list);
}

static void commit(rlv_inbox *inbox, bool wait)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)inbox->n_parts);
    for (size_t i = 0; i < inbox->n_parts; i++) {
        part *p = &inbox->parts[i];
        int64_t at = position(p);
        if (at < 0 || p->mark < 0 || (at == p->committed && p->mark == p->marked))
            continue;
        rd_kafka_topic_partition_t *one = rd_kafka_topic_partition_list_add(list, inbox->topics[p->topic], p->partition);
        one->offset = at;
        if (p->mark > 0 && asprintf((char **)&one->metadata, "%lld", (long long)p->mark) > 0)
            one->metadata_size = strlen(one->metadata);
        p->committed = at;
        p->marked = p->mark;
    }
    /* A commit that fails is made again with the next one; till then records would be read twice, which is
     * allowed. */
    if (list->cnt && rd_kafka_commit(inbox->rk, list, !wait))
        for (size_t i = 0; i < inbox->n_parts; i++)
            inbox->parts[i].committed = -1;
    rd_kafka_topic_partition_list_destroy(list);
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list,
                         void *opaque)
{
    rlv_inbox *inbox = opaque;
    if (inbox->n_parts) {
        commit(inbox, true);
        inbox->revoked(inbox->context);
    }
    drop_parts(inbox);
    inbox->generation++;
    inbox->paused = false;
    if (code != RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        (void)rd_kafka_assign(rk, NULL);
        return;
    }
    inbox->member = true;
    inbox->parts = calloc((size_t)list->cnt + 1, sizeof(*inbox->parts));
    for (int i = 0; inbox->parts && i < list->cnt; i++)
        inbox->parts[inbox->n_parts++] = (part){.topic = topic_of(inbox, list->elems[i].topic),
                                                .partition = list->elems[i].partition,
                                                .next = -1,
                                                .start = -1,
                                                .committed = -1,
                                                .mark = -1,
                                                .marked = -1};
    learn(inbox);
    (void)rd_kafka_assign(rk, list);
}

static rd_kafka_conf_t *inbox_conf(rlv_inbox *inbox, const rlv_config *config, const char *group,
                                   rlv_error *err)
{
    const char *const own[][2] = {
        {"group.id", group},
        {"partition.assignment.strategy", "range"},
        {"isolation.level", "read_committed"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"auto.offset.reset", "earliest"}, /* a new group: nothing was sent yet */
        {"session.timeout.ms", "10000"},
        {"fetch.wait.max.ms", "100"},
        {"fetch.error.backoff.ms", "5"},
        {"queued.min.messages", "1000"},
        {"queued.max.messages.kbytes", "4096"},
        {"allow.auto.create.topics", "false"},
    };
    rd_kafka_conf_t *conf = rlv_broker_conf(config, group, own, sizeof(own) / sizeof(*own), err);
    if (!conf)
        return NULL;
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_opaque(conf, inbox);
    return conf;
}

static int join(rlv_inbox *inbox, const char *group, rlv_error *err)
{
    (void)rd_kafka_poll_set_consumer(inbox->rk);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(inbox->rk);
    rd_kafka_queue_io_event_enable(queue, inbox->pipe[1], "1", 1);
    rd_kafka_queue_destroy(queue);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)inbox->n_topics);
    for (size_t i = 0; i < inbox->n_topics; i++)
        (void)rd_kafka_topic_partition_list_add(list, inbox->topics[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t e = rd_kafka_subscribe(inbox->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return e ? rlv_error_set(err, RLV_E_IO, "cannot join group %s: %s", group, rd_kafka_err2str(e)) : RLV_OK;
}

int rlv_inbox_open(const rlv_config *config, const char *group, const char *const *topics, size_t n,
                   void (*revoked)(void *context), void *context, rlv_inbox **ret, rlv_error *err)
{
    rlv_inbox *inbox = calloc(1, sizeof(*inbox));
    if (!inbox)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    inbox->topics = topics;
    inbox->n_topics = n;
    inbox->revoked = revoked;
    inbox->context = context;
    char why[256];
    int rc = RLV_OK;
    if (pipe2(inbox->pipe, O_NONBLOCK | O_CLOEXEC) != 0) {
        free(inbox);
        return rlv_error_set(err, RLV_E_LIMIT, "no file descriptor is left");
    }
    rd_kafka_conf_t *conf = inbox_conf(inbox, config, group, err);
    if (!conf) {
        rc = err->code;
        goto fail;
    }
    inbox->rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (!inbox->rk) {
        rd_kafka_conf_destroy(conf);
        rc = rlv_error_set(err, RLV_E_CONFIG, "cannot make a Kafka client: %s", why);
        goto fail;
    }
    rc = join(inbox, group, err);
    if (rc != RLV_OK)
        goto fail;
    *ret = inbox;
    return RLV_OK;
fail:
    rlv_inbox_close(inbox);
    return rc;
}

void rlv_inbox_close(rlv_inbox *inbox)
{
    if (!inbox)
        return;
    if (inbox->rk) {
        commit(inbox, true);
        (void)rd_kafka_consumer_close(inbox->rk);
        rd_kafka_destroy(inbox->rk);
    }
    drop_parts(inbox);
    (void)close(inbox->pipe[0]);
    (void)close(inbox->pipe[1]);
    free(inbox);
}

int rlv_inbox_fd(const rlv_inbox *inbox)
{
    return inbox->pipe[0];
}

static part *part_of(const rlv_inbox *inbox, size_t topic, int32_t partition)
{
    for (size_t i = 0; i < inbox->n_parts; i++)
        if (inbox->parts[i].partition == partition && inbox->parts[i].topic == topic)
            return &inbox->parts[i];
    return NULL;
}

static bool note(part *p, int64_t offset)
{
    if (p->end == p->cap && p->begin > p->cap / 2) {
        memmove(p->slots, p->slots + p->begin, (p->end - p->begin) * sizeof(*p->slots));
        p->end -= p->begin;
        p->begin = 0;
    }
    if (p->end == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 64;
        struct slot *slots = realloc(p->slots, cap * sizeof(*slots));
        if (!slots)
            return false;
        p->slots = slots;
        p->cap = cap;
    }
    p->touched = true;
    p->slots[p->end++] = (struct slot){.offset = offset};
    p->next = offset + 1;
    return true;
}

/* While nothing is wanted the group's news must come all the same: the partitions rest, the polling goes on.
 */
static void rest(rlv_inbox *inbox, bool pause)
{
    if (inbox->paused == pause || !inbox->n_parts)
        return;
    rd_kafka_topic_partition_list_t *list = NULL;
    if (rd_kafka_assignment(inbox->rk, &list))
        return; /* the next call tries again */
    (void)(pause ? rd_kafka_pause_partitions(inbox->rk, list) : rd_kafka_resume_partitions(inbox->rk, list));
    rd_kafka_topic_partition_list_destroy(list);
    inbox->paused = pause;
}

static int failure(const rd_kafka_message_t *m, rlv_error *err)
{
    if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF || rlv_broker_code(m->err) == RLV_E_UNAVAILABLE)
        return 0;
    return -rlv_error_set(err, m->err == RD_KAFKA_RESP_ERR__FATAL ? RLV_E_FENCED : RLV_E_IO, "%s",
                          rd_kafka_message_errstr(m));
}

int rlv_inbox_next(rlv_inbox *inbox, bool want, rlv_letter *ret, rlv_error *err)
{
    char drain[64];
    while (read(inbox->pipe[0], drain, sizeof(drain)) > 0) {
    }
    rest(inbox, !want);
    rd_kafka_message_t *m = rd_kafka_consumer_poll(inbox->rk, 0);
    if (!m)
        return 0;
    if (m->err) {
        int rc = failure(m, err);
        rd_kafka_message_destroy(m);
        return rc;
    }
    size_t topic = topic_of(inbox, rd_kafka_topic_name(m->rkt));
    part *p = part_of(inbox, topic, m->partition);
    /* Of an assignment that is over, or a pause that came too late to be unread: it will come again. */
    if (!p || m->offset < p->next) {
        rd_kafka_message_destroy(m);
        return 0;
    }
    if (!note(p, m->offset)) {
        rd_kafka_message_destroy(m);
        return -rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    }
    *ret = (rlv_letter){.topic = topic,
                        .partition = m->partition,
                        .offset = m->offset,
                        .generation = inbox->generation,
                        .value = {m->payload, m->len},
                        .at_ms = rd_kafka_message_timestamp(m, NULL),
                        .trace = rlv_broker_trace(m),
                        .message = m};
    return 1;
}

void rlv_inbox_drop(const rlv_letter *letter)
{
    rd_kafka_message_destroy(letter->message);
}

void rlv_inbox_done(rlv_inbox *inbox, const rlv_letter *letter)
{
    part *p =
        letter->generation == inbox->generation ? part_of(inbox, letter->topic, letter->partition) : NULL;
    size_t low = p ? p->begin : 0, high = p ? p->end : 0;
    while (p && low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->slots[middle].offset < letter->offset)
            low = middle + 1;
        else
            high = middle;
    }
    if (p && low < p->end && p->slots[low].offset == letter->offset)
        p->slots[low].done = p->touched = true;
    while (p && p->begin < p->end && p->slots[p->begin].done)
        p->begin++;
    rlv_inbox_drop(letter);
}

void rlv_inbox_commit(rlv_inbox *inbox)
{
    commit(inbox, false);
}

size_t rlv_inbox_marks(rlv_inbox *inbox, size_t topic, rlv_inbox_mark *ret, size_t max)
{
    bool known = true;
    for (size_t i = 0; i < inbox->n_parts; i++)
        known = known && inbox->parts[i].mark >= 0;
    if (!known)
        learn(inbox);
    size_t n = 0;
    for (size_t i = 0; i < inbox->n_parts && n < max; i++) {
        const part *p = &inbox->parts[i];
        if (p->topic == topic)
            ret[n++] = (rlv_inbox_mark){p->partition, p->mark, p->touched || p->begin < p->end};
    }
    return n;
}

void rlv_inbox_set_mark(rlv_inbox *inbox, size_t topic, int32_t partition, int64_t mark)
{
    part *p = part_of(inbox, topic, partition);
    if (!p)
        return;
    p->mark = mark;
    p->touched = false;
}

int rlv_inbox_look(const rlv_config *config, const char *group, const char *topic, int32_t n, int64_t *ret, rlv_error *err)
{
    const char *const own[][2] = {{"group.id", group}, {"enable.auto.commit", "false"}};
    char why[256];
    rd_kafka_conf_t *conf = rlv_broker_conf(config, group, own, sizeof(own) / sizeof(*own), err);
    if (!conf)
        return err->code;
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
    if (!rk) {
        rd_kafka_conf_destroy(conf);
        return rlv_error_set(err, RLV_E_CONFIG, "cannot make a Kafka client: %s", why);
    }
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(n);
    for (int32_t i = 0; i < n; i++)
        (void)rd_kafka_topic_partition_list_add(list, topic, i);
    rd_kafka_resp_err_t code = rd_kafka_committed(rk, list, LOOK_MS);
    for (int32_t i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < n; i++)
        code = list->elems[i].err;
    for (int32_t i = 0; code == RD_KAFKA_RESP_ERR_NO_ERROR && i < n; i++)
        ret[i] = mark_of(&list->elems[i]);
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_destroy(rk);
    if (code)
        return rlv_error_set(err, rlv_broker_code(code), "the positions of group %s cannot be read: %s", group, rd_kafka_err2str(code));
    return RLV_OK;
}

uint32_t rlv_inbox_generation(const rlv_inbox *inbox)
{
    return inbox->generation;
}

int32_t rlv_inbox_assigned(const rlv_inbox *inbox, size_t topic)
{
    int32_t n = 0;
    for (size_t i = 0; i < inbox->n_parts; i++)
        n += inbox->parts[i].topic == topic;
    return n;
}

bool rlv_inbox_member(const rlv_inbox *inbox)
{
    return inbox->member;
}
