/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stepping thread: takes the lane, works, heals, leaves. See lane.h; the reasons for the order of things are in
 * README.md. Must never end the process, and never take an unknown outcome for a known one.
 */
#include "lane/lane.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/point.h"
#include "conversation/hours.h"
#include "lane/batch.h"
#include "lane/fetch.h"
#include "lane/meters.h"
#include "lane/publishing.h"
#include "lane/round.h"
#include "lane/trouble.h"
#include "lane/wary.h"

enum {
    KAFKA_TIMEOUT_MS = 10000,
    CATCH_UP_ROWS = 1000,
    ASSIGN_LIMIT = 200,
    CONFLICTS_MOST = 12,
    CONFLICTS_MOST_US = 3000000,
    CONFLICT_PAUSE_AFTER = 3,
    CONFLICT_HOLD_AFTER = 1,
    AHEAD_MOST_US = 500000, /* of stepping a batch: it is not published before the one behind it is stepped, too */
    REST_US = 5000000,
    COUNT_US = 10000000
};
static const size_t SCRATCH_CEILING = (size_t)256 << 20;

struct rlv_lane {
    const rlv_lane_env *env;
    rlv_stages stages;
    rlv_lane_meters meters;
    char name[24]; /* "lane 3", for logs */

    pthread_t thread;
    bool started;
    atomic_bool stop, working;

    rlv_store *store;
    rlv_lane_row row;
    rlv_fetch fetch;
    rlv_publishing *publishing;
    rlv_batch *ahead;    /* the next batch, begun and perhaps stepped while Postgres wrote the one before; NULL: none */
    rlv_error ahead_err; /* why it cannot go on; code 0: it can */
    rlv_arena *scratch; /* of assign and heal */
    rlv_buf progress;   /* of catch_up: borrowed by the publisher until its commit */

    bool assigned, told; /* told: that it works, since it was started */
    int64_t ends[RLV_INPUTS_MAX]; /* of the inputs, when the lane was taken */
    int64_t taken;       /* the lane's last event when its fences were taken */
    bool held;           /* its row is ours, or was when we saw it last */
    bool begun;          /* and counts us among those that did not leave in order */
    rlv_wary wary;
    rlv_trouble trouble;
    int64_t next_assign_us, next_look_us, next_count_us, next_group_commit_us;
    int64_t worked_us; /* when it last decided something; 0: it rests since */
};

int rlv_lane_new(const rlv_lane_env *env, int32_t number, rlv_lane **ret, rlv_error *err)
{
    rlv_lane *lane = calloc(1, sizeof(*lane));
    if (!lane)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    lane->env = env;
    lane->stages = (rlv_stages){.config = env->config, .host = env->host, .lane = number, .has = rlv_round_phases(env->host)};
    lane->progress = RLV_BUF_INIT(4096);
    (void)snprintf(lane->name, sizeof(lane->name), "lane %d", number);
    lane->stages.cache = rlv_cache_new();
    lane->stages.wire = rlv_wire_new(err);
    lane->scratch = rlv_arena_new(SCRATCH_CEILING);
    if (!lane->stages.wire || !lane->stages.cache || !lane->scratch) {
        int rc = lane->stages.wire ? rlv_error_set(err, RLV_E_LIMIT, "out of memory") : err->code;
        rlv_lane_free(lane);
        return rc;
    }
    *ret = lane;
    return RLV_OK;
}

void rlv_lane_free(rlv_lane *lane)
{
    if (!lane)
        return;
    rlv_cache_free(lane->stages.cache);
    rlv_wire_free(lane->stages.wire);
    rlv_arena_free(lane->scratch);
    rlv_buf_free(&lane->progress);
    free(lane);
}

/* ---- taking the lane ------------------------------------------------------------------------------------------- */

static void set_working(rlv_lane *lane, bool working)
{
    atomic_store(&lane->working, working);
    rlv_meters_working(&lane->meters, working);
}

static void let_go(rlv_lane *lane)
{
    lane->assigned = false;
    set_working(lane, false);
    if (lane->ahead)
        rlv_publishing_give_back(lane->publishing, lane->ahead);
    lane->ahead = NULL;
    lane->ahead_err.code = RLV_OK;
    rlv_publishing_reset(lane->publishing);
    RLV_POINT("publisher_freed");
    rlv_fetch_stop(&lane->fetch);
    RLV_POINT("fetch_stopped");
}

static int open_store(rlv_lane *lane, rlv_error *err)
{
    if (lane->store)
        return RLV_OK;
    char name[40]; /* by this name a successor recognises a zombie's connection (store/lane_row.c) */
    (void)snprintf(name, sizeof(name), "relevo %s", lane->name);
    int rc = rlv_store_open(lane->env->config->postgres, name,
                            (int)lane->env->config->consume.postgres_timeout_ms, &lane->store, err);
    if (rc == RLV_OK)
        rc = rlv_store_check_schema(lane->store, err);
    return rc;
}

/* What the progress topic says, checked against Postgres's row: published <= progress <= seq. */
static int read_progress(rlv_lane *lane, int64_t *ret, rlv_error *err)
{
    const rlv_config *config = lane->env->config;
    int32_t number = lane->row.lane, said = number;
    rlv_str bytes;
    int64_t progress = 0;
    int rc = rlv_broker_last_record(lane->env->broker, config->topics.progress, number, KAFKA_TIMEOUT_MS, lane->scratch,
                                    &bytes, err);
    if (rc == RLV_OK && bytes.len)
        rc = rlv_wire_decode_progress(lane->stages.wire, lane->scratch, bytes, rlv_str_from(config->cluster), &said,
                                      &progress, err);
    if (rc == RLV_E_DECODE)
        rc = err->code = RLV_E_REFUSED;
    if (rc != RLV_OK)
        return rc;
    if (said != number)
        return rlv_error_set(err, RLV_E_REFUSED, "%s[%d] holds the progress of lane %d: somebody else writes this topic",
                             config->topics.progress, number, said);
    if (progress < lane->row.published || progress > lane->row.seq) {
        /* Also what it looks like to a zombie, whose successor has gone on since it took Postgres's fence. */
        rc = rlv_store_check_fence(lane->store, &lane->row, err);
        if (rc != RLV_OK)
            return rc;
        return rlv_error_set(err, RLV_E_REFUSED,
                             "Kafka says event %lld of lane %d was published last, Postgres knows %lld to %lld: one of "
                             "them was restored from a backup; stop the consumers and run relevo repair",
                             (long long)progress, number, (long long)lane->row.published, (long long)lane->row.seq);
    }
    *ret = progress;
    return RLV_OK;
}

/* Publishes the history rows that a predecessor, or a failed transaction, left unpublished. Who is told to stop leaves a
   predecessor's to the next owner; its own, a few batches, it finishes. */
static int catch_up(rlv_lane *lane, rlv_publisher *publisher, int64_t *seq, rlv_error *err)
{
    const rlv_config *config = lane->env->config;
    int rc = RLV_OK;
    while (rc == RLV_OK && *seq < lane->row.seq && (lane->assigned || !atomic_load(&lane->stop))) {
        rlv_unpublished *rows;
        size_t n;
        rlv_arena_reset(lane->scratch);
        rc = rlv_store_unpublished(lane->store, lane->row.lane, *seq, CATCH_UP_ROWS, lane->scratch, &rows, &n, err);
        size_t gapless = 0;
        while (rc == RLV_OK && gapless < n && rows[gapless].seq == *seq + 1 + (int64_t)gapless)
            gapless++;
        if (rc == RLV_OK && (n == 0 || gapless < n))
            rc = rlv_error_set(err, RLV_E_REFUSED,
                               "the history of lane %d lacks event %lld, which is not published yet: restore it "
                               "from a backup of relevo.history",
                               lane->row.lane, (long long)*seq + 1 + (long long)gapless);
        if (rc == RLV_OK)
            rc = rlv_publisher_begin(publisher, err);
        for (size_t i = 0; rc == RLV_OK && i < n; i++)
            rc = rlv_publish_row(publisher, config, lane->scratch, rows[i].conversation_id, rows[i].decided, &rows[i].trace, err);
        if (rc == RLV_OK)
            rc = rlv_publish_progress(publisher, config, lane->stages.wire, lane->row.lane, rows[n - 1].seq,
                                      rows[n - 1].at_ms, &lane->progress, err);
        if (rc == RLV_OK) {
            RLV_POINT("missing_produced");
            rc = rlv_publisher_commit(publisher, err);
        }
        if (rc == RLV_OK) {
            RLV_POINT("missing_published");
            *seq = rows[n - 1].seq;
        }
    }
    return rc;
}

/* Kafka's fence, then its progress, then what is missing. The lane must hold Postgres's fence. */
static int take_kafka(rlv_lane *lane, rlv_error *err)
{
    rlv_publisher *publisher = NULL;
    int64_t seq = 0;
    rlv_arena_reset(lane->scratch);
    int rc = rlv_publisher_new(lane->env->broker, lane->env->config, lane->row.lane, &publisher, err);
    if (rc == RLV_OK)
        rc = rlv_publisher_check_readers(publisher, KAFKA_TIMEOUT_MS, err);
    if (rc == RLV_OK)
        rc = read_progress(lane, &seq, err);
    int64_t before = seq;
    if (rc == RLV_OK) {
        RLV_POINT("progress_read");
        rc = catch_up(lane, publisher, &seq, err);
    }
    if (rc != RLV_OK) {
        rlv_publisher_free(publisher);
        return rc;
    }
    if (seq > before)
        rlv_log(RLV_LOG_INFO, lane->name, "published %lld events that were committed and not yet published",
                (long long)(seq - before));
    RLV_POINT("kafka_taken");
    rlv_publishing_resume(lane->publishing, publisher, seq);
    return RLV_OK;
}

/* low <= next <= high, for every input: a lane never jumps. */
static int check_bounds(rlv_lane *lane, rlv_error *err)
{
    for (size_t i = 0; i < lane->env->n_topics; i++) {
        const char *topic = lane->env->topics[i];
        int64_t low, high, *next = &lane->row.next[i];
        int rc = rlv_broker_bounds(lane->env->broker, topic, lane->row.lane, KAFKA_TIMEOUT_MS, &low, &high, err);
        if (rc != RLV_OK)
            return rc;
        lane->ends[i] = high;
        if (*next < 0)
            *next = low; /* never read: from the beginning of what Kafka still has */
        if (*next < low)
            return rlv_error_set(err, RLV_E_REFUSED,
                                 "%s[%d]: Kafka deleted events %lld to %lld before they were decided (its retention is "
                                 "too short): nothing is skipped silently; to go on without them: relevo repair "
                                 "--skip-lost %d",
                                 topic, lane->row.lane, (long long)*next, (long long)low - 1, lane->row.lane);
        if (*next > high)
            return rlv_error_set(err, RLV_E_REFUSED,
                                 "%s[%d] ends at %lld, but Postgres has decided up to %lld: the topic was made anew or "
                                 "restored; restore it to a later moment, or give the new one another name in "
                                 "topics.events",
                                 topic, lane->row.lane, (long long)high, (long long)*next - 1);
    }
    return RLV_OK;
}

/* Whoever had the lane did not leave in order: what they died of, if they did, comes again. */
static void be_wary(rlv_lane *lane)
{
    rlv_wary_begin(&lane->wary, lane->row.unfinished, lane->env->config->consume.batch_max);
    if (!lane->wary.deaths)
        return;
    rlv_fetch_fear(&lane->fetch, lane->ends, lane->wary.deaths > 1);
    if (lane->wary.deaths == 1)
        rlv_log(RLV_LOG_INFO, lane->name, "the consumer before ended without leaving: until what waits is decided, inline plugins are "
                "tried in copies of this process first");
    else
        rlv_log(RLV_LOG_WARN, lane->name, "%d consumers in a row ended without leaving: until what waits is decided, everything is "
                "tried in copies of this process first", (int)lane->wary.deaths);
}

/* Nothing that waited ends a process: from here on as always. */
static int be_bold(rlv_lane *lane, rlv_error *err)
{
    rlv_fetch_bold(&lane->fetch);
    rlv_log(RLV_LOG_INFO, lane->name, "what waited is decided: %u copies went ahead, in %lld ms", (unsigned)lane->wary.scout.copies,
            (long long)(lane->wary.scout.took_us / 1000));
    int rc = rlv_store_tell_heir(lane->store, &lane->row, 1, err);
    if (rc != RLV_OK)
        return rc;
    RLV_POINT("emboldened");
    return RLV_OK;
}

/* Postgres first, progress last, the offsets after that. */
static int assign(rlv_lane *lane, rlv_error *err)
{
    const rlv_lane_env *env = lane->env;
    int64_t seq_was = lane->row.seq;
    int rc = open_store(lane, err);
    if (rc == RLV_OK)
        rc = rlv_store_assign(lane->store, lane->stages.lane, env->partitions, env->kafka_cluster, env->topics,
                              env->n_topics, lane->begun ? &lane->row : NULL, &lane->row, err);
    if (rc == RLV_OK) {
        lane->begun = false;
        lane->held = true;
        if (lane->row.seq != seq_was) /* somebody else decided meanwhile: copies are too old even to tell a duplicate's owner */
            rlv_cache_clear(lane->stages.cache);
        RLV_POINT("fence_taken");
        rc = take_kafka(lane, err);
    }
    if (rc == RLV_OK)
        rc = check_bounds(lane, err);
    if (rc == RLV_OK) {
        RLV_POINT("bounds_checked");
        rc = rlv_fetch_start(&lane->fetch, env, &lane->stages, &lane->row, err);
    }
    if (rc != RLV_OK)
        return rc;
    /* From here on something is in hand that this process may die of. */
    rc = rlv_store_tell_heir(lane->store, &lane->row, lane->row.unfinished + 1, err);
    if (rc != RLV_OK)
        return rc;
    lane->begun = true;
    RLV_POINT("feed_started");
    be_wary(lane);
    lane->assigned = true;
    lane->taken = lane->row.seq;
    return RLV_OK;
}

/* Taking the lane is not working yet: on a full disk every fence is won and every commit fails. It works when something
   new was published, or when nothing is left to do. */
static void see_it_work(rlv_lane *lane, bool idle)
{
    int64_t published = rlv_publishing_published(lane->publishing);
    if (atomic_load(&lane->working) || rlv_fetch_stuck(&lane->fetch) ||
        (published <= lane->taken && !(idle && published == lane->row.seq)))
        return;
    set_working(lane, true);
    if (rlv_trouble_over(&lane->trouble) || !lane->told)
        rlv_log(RLV_LOG_INFO, lane->name, "working, from event %lld", (long long)lane->taken + 1);
    lane->told = true;
}

static void say(rlv_lane *lane, const rlv_error *err)
{
    if (rlv_trouble_news(&lane->trouble, err, rlv_clock_mono_us()))
        rlv_log(err->code == RLV_E_REFUSED ? RLV_LOG_ERROR : RLV_LOG_WARN, lane->name, "%s", err->message);
}

static void pause_after(rlv_lane *lane, int code)
{
    int wait_ms = rlv_trouble_wait(&lane->trouble, code);
    for (int waited = 0; waited < wait_ms && !atomic_load(&lane->stop); waited += 20)
        rlv_clock_sleep_ms(20);
}

/* The publisher failed, with an unknown outcome. Postgres decides whether the lane is still ours. */
static int heal(rlv_lane *lane, rlv_error *err)
{
    int code = rlv_error_wrap(err, "publishing again");
    say(lane, err);
    set_working(lane, false);
    rlv_meters_failed(&lane->meters);
    rlv_publishing_reset(lane->publishing);
    pause_after(lane, code);
    int rc = rlv_store_check_fence(lane->store, &lane->row, err);
    if (rc == RLV_OK) {
        RLV_POINT("healing");
        rc = take_kafka(lane, err);
    }
    lane->taken = lane->row.seq;
    return rc;
}

/* ---- working --------------------------------------------------------------------------------------------------- */

/* Begins the batch that comes after this one, if there is room for it. */
static void fetch_ahead(rlv_lane *lane, const rlv_batch *batch)
{
    if (lane->ahead || rlv_fetch_fears(&lane->fetch, batch->offsets))
        return; /* it was begun before a conflict; or it is tried in a copy first, for which Postgres would not wait */
    lane->ahead = rlv_publishing_take(lane->publishing, 0);
    if (lane->ahead && rlv_fetch_ahead(&lane->fetch, lane->ahead, batch->offsets, &lane->ahead_err) == RLV_OK)
        lane->ahead_err.code = RLV_OK;
}

static int load(rlv_lane *lane, rlv_batch *batch, rlv_error *err)
{
    int64_t begun_us = rlv_clock_mono_us();
    int rc = rlv_batch_load(batch, &lane->stages, lane->store, err);
    batch->load_us = rlv_clock_mono_us() - begun_us;
    batch->step_us = 0;
    return rc;
}

/* scout: goes ahead through what is feared; NULL: nothing is. */
static int step(rlv_lane *lane, rlv_batch *batch, int64_t first_seq, rlv_scout *scout, rlv_error *err)
{
    int64_t begun_us = rlv_clock_mono_us();
    lane->stages.caller.scout = scout;
    int rc = rlv_batch_step(batch, &lane->stages, first_seq, err);
    batch->step_us = rlv_clock_mono_us() - begun_us;
    return rc;
}

/* Loads the batch that comes after this one as this one leaves things, if it may be stepped so; *ret: it may. It is read within this
   one's transaction: an error has ended that. */
static int load_ahead(rlv_lane *lane, const rlv_batch *batch, bool *ret, rlv_error *err)
{
    rlv_batch *next = lane->ahead;
    *ret = false;
    if (!next || lane->ahead_err.code != RLV_OK || lane->wary.deaths || batch->step_us > AHEAD_MOST_US ||
        !rlv_fetch_close(&lane->fetch, lane->store, next, batch->lane_ms))
        return RLV_OK;
    int rc = load(lane, next, err);
    if (rc != RLV_OK && !rlv_store_commit_stands(lane->store))
        return rc;
    *ret = rc == RLV_OK && rlv_batch_follows(next, batch); /* what is wrong with it, it says when its turn comes */
    return RLV_OK;
}

static void step_ahead(rlv_lane *lane, const rlv_batch *batch)
{
    rlv_error ignored; /* likewise */
    if (step(lane, lane->ahead, lane->row.seq + (int64_t)batch->n + 1, NULL, &ignored) == RLV_OK)
        RLV_POINT("ahead_stepped");
}

/* The end of a commit, which a thread of its own sees to while the next batch is stepped. */
typedef struct lane_ending {
    rlv_store *store;
    const rlv_commit *commit;
    int rc;
    rlv_error *err;
    int64_t us; /* how long it took */
} lane_ending;

static void *end_commit(void *arg)
{
    lane_ending *ending = arg;
    int64_t begun_us = rlv_clock_mono_us();
    ending->rc = rlv_store_commit_end(ending->store, ending->commit, ending->err);
    ending->us = rlv_clock_mono_us() - begun_us;
    return NULL;
}

/* While Postgres writes, the next batch is fetched; go_ahead: loaded and stepped too, if it may be. */
static int commit(rlv_lane *lane, rlv_batch *batch, bool go_ahead, rlv_error *err)
{
    bool loaded = false; /* the next one is */
    rlv_commit c = {.row = &lane->row,
                    .published = rlv_publishing_published(lane->publishing),
                    .lane_ms = batch->lane_ms,
                    .next = batch->offsets,
                    .outcomes = batch->outcomes,
                    .decided = batch->decided,
                    .n = batch->n,
                    .writes = batch->writes,
                    .n_writes = batch->n_writes,
                    .joins = batch->joins,
                    .n_joins = batch->n_joins};
    int64_t begun_us = rlv_clock_mono_us();
    int rc = rlv_store_commit_begin(lane->store, &c, err);
    if (rc != RLV_OK)
        return rc;
    fetch_ahead(lane, batch);
    rlv_batch_remember(batch, &lane->stages); /* for the next one; until it is taken back */
    rc = rlv_store_commit_changed(lane->store, err);
    batch->commit_us = rlv_clock_mono_us() - begun_us;
    if (rc == RLV_OK && go_ahead)
        rc = load_ahead(lane, batch, &loaded, err);
    if (rc != RLV_OK)
        return rc;
    /* Plugins may take their time: nobody waits for it in Postgres. */
    lane_ending ending = {.store = lane->store, .commit = &c, .err = err};
    pthread_t thread;
    bool aside = loaded && pthread_create(&thread, NULL, end_commit, &ending) == 0;
    if (aside) {
        step_ahead(lane, batch);
        (void)pthread_join(thread, NULL);
    } else {
        (void)end_commit(&ending);
    }
    batch->commit_us += ending.us;
    return ending.rc;
}

/* The batch is not committed: what it wrote is not so, nor what was stepped on that. */
static void take_back(rlv_lane *lane, rlv_batch *batch)
{
    rlv_store_release(lane->store);
    rlv_batch_forget(batch, &lane->stages);
    if (lane->ahead)
        lane->ahead->stepped = false;
}

/* The conversations whose rows are locked while a batch is decided, sorted; none: nothing is. */
typedef struct lane_hold {
    rlv_id *ids;
    size_t n;
} lane_hold;

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(rlv_id));
}

/* Makes desktops wait for the batch: its conversations are theirs again when it is committed. */
static int hold(lane_hold *h, rlv_lane *lane, rlv_batch *batch, rlv_error *err)
{
    *h = (lane_hold){.ids = rlv_arena_alloc(batch->arena, (batch->n + batch->n_entries) * sizeof(*h->ids))};
    if (!h->ids)
        return rlv_error_set(err, RLV_E_LIMIT, "the batch does not fit in its memory");
    for (size_t i = 0; i < batch->n; i++)
        h->ids[h->n++] = batch->items[i].event.conversation_id;
    for (size_t i = 0; i < batch->n_entries; i++) /* and those that they are joined with */
        h->ids[h->n++] = batch->entries[i]->id;
    qsort(h->ids, h->n, sizeof(*h->ids), compare_ids);
    return rlv_store_hold(lane->store, &lane->row, h->ids, h->n, err);
}

/* The next batch is half as large, in what Kafka brings and in commands. */
static void go_smaller(rlv_lane *lane, const rlv_batch *batch)
{
    size_t most = batch->n < lane->fetch.batch_max ? batch->n : lane->fetch.batch_max;
    lane->fetch.batch_max = most > 1 ? most / 2 : 1;
}

/* load ▸ step ▸ commit, again while somebody else changes one of the batch's conversations in between. A large batch may
   lose that race for ever when Postgres is slow and desktops are busy: then they wait for it; and when it is too slow for
   that too, it is given up for smaller ones. */
static int decide(rlv_lane *lane, rlv_batch *batch, rlv_error *err)
{
    lane_hold held = {0};
    int64_t began_us = rlv_clock_mono_us();
    for (int tries = 0;; tries++) {
        int64_t t0 = rlv_clock_mono_us();
        int rc = RLV_OK;
        batch->commit_us = 0;
        if (!batch->stepped)
            rc = load(lane, batch, err);
        if (!batch->stepped && rc == RLV_OK) {
            RLV_POINT("loaded");
            /* Once is enough: after a conflict desktops wait, and the server only so long. What comes new with it is met first by who comes after us. */
            rc = step(lane, batch, lane->row.seq + 1, batch->feared && tries == 0 ? &lane->wary.scout : NULL, err);
        }
        int64_t t2 = rlv_clock_mono_us();
        if (rc == RLV_E_DIED) {
            rlv_error how = *err;
            rc = rlv_wary_blame(batch, lane->name, &how, err);
            if (rc == RLV_OK) { /* once more, without it */
                tries--;
                continue;
            }
        }
        if (rc == RLV_OK) {
            RLV_POINT("stepped");
            rc = commit(lane, batch, tries == 0, err);
        }
        rlv_meters_stages(&lane->meters, batch->load_us, batch->step_us, batch->commit_us);
        if (rc != RLV_OK)
            take_back(lane, batch);
        if (rc != RLV_OK && held.n && rlv_clock_mono_us() - t0 >= lane->env->config->consume.postgres_timeout_ms * 1000)
            go_smaller(lane, batch); /* Postgres ends a transaction that rests for so long: the next one would not do better */
        if (rc != RLV_E_CONFLICT)
            return rc;
        if (tries >= CONFLICTS_MOST || (tries >= CONFLICT_PAUSE_AFTER && t2 - began_us > CONFLICTS_MOST_US)) {
            rlv_error why = *err;
            return rlv_error_set(err, rc, "its conversations change faster than it decides them, smaller batches follow "
                                 "(is Postgres slow?): %s", why.message);
        }
        /* Whoever changed a conversation left a command with it, which is decided first: no ownership is skipped. */
        rlv_meters_conflict(&lane->meters);
        RLV_POINT("conflicted");
        held = (lane_hold){0};
        if (tries >= CONFLICT_HOLD_AFTER) {
            rc = hold(&held, lane, batch, err);
            if (rc == RLV_E_CONFLICT)
                held = (lane_hold){0}; /* somebody keeps a row: as before, without */
            else if (rc != RLV_OK)
                return rc;
        }
        rc = rlv_fetch_commands_again(&lane->fetch, lane->store, batch, &lane->row, held.ids, held.n, err);
        if (rc != RLV_OK) {
            rlv_store_release(lane->store);
            return rc;
        }
    }
}

static void committed(rlv_lane *lane, rlv_batch *batch)
{
    lane->worked_us = rlv_clock_mono_us();
    if (lane->fetch.batch_max < (size_t)lane->env->config->consume.batch_max)
        lane->fetch.batch_max++; /* it was lowered for a batch that did not fit: slowly back */
    lane->row.seq += (int64_t)batch->n;
    lane->row.lane_ms = batch->lane_ms;
    memcpy(lane->row.next, batch->offsets, sizeof(lane->row.next));
    rlv_fetch_decided(&lane->fetch, batch);
    for (size_t i = 0; i < batch->n_writes; i++)
        if (batch->writes[i].conversation->held_timer_ms)
            rlv_fetch_wake(&lane->fetch, batch->writes[i].conversation->held_timer_ms);
    rlv_meters_batch(&lane->meters, batch);
    for (size_t i = 0; i < batch->n_writes; i++)
        if (batch->writes[i].conversation->owner == RLV_OWNER_QUEUED)
            lane->next_assign_us = 0; /* somebody waits: look for a person now */
    rlv_publishing_push(lane->publishing, batch);
}

/* Nothing comes: nothing is kept. At this pace a conversation is loaded again for next to nothing. */
static void rest(rlv_lane *lane)
{
    lane->worked_us = 0;
    rlv_cache_clear(lane->stages.cache);
    rlv_arena_reset(lane->scratch);
    rlv_store_rest(lane->store);
    (void)malloc_trim(0); /* what a rush took, glibc keeps */
}

/* A lane counts how long customers wait while people are at work; at other hours they know when that is. */
static rlv_patience patience_of(const rlv_policy *policy)
{
    int64_t now_ms = rlv_clock_wall_ms();
    if (policy->people && !rlv_hours_open(policy->people, now_ms))
        return (rlv_patience){0};
    return (rlv_patience){.tell_after_ms = policy->queue.tell_after_ms,
                          .tell_every_ms = policy->queue.tell_every_ms,
                          .give_up_ms = policy->queue.give_up_ms,
                          .open_since_ms = policy->people ? rlv_hours_since(policy->people, now_ms) : 0};
}

/* For the alert on customers whom nobody takes. */
static int count_waiting(rlv_lane *lane, rlv_error *err)
{
    int64_t n, since_ms;
    int rc = rlv_store_waiting(lane->store, lane->row.lane, &n, &since_ms, err);
    if (rc == RLV_OK)
        rlv_meters_waiting(&lane->meters, n, since_ms);
    return rc;
}

/* What goes on whether events come or not. */
static int housekeep(rlv_lane *lane, rlv_error *err)
{
    int64_t now_us = rlv_clock_mono_us();
    const rlv_lane_env *env = lane->env;
    if (env->membership && now_us >= lane->next_group_commit_us) {
        rlv_membership_commit(env->membership, env->topics, lane->row.next, env->n_topics, lane->row.lane);
        rlv_meters_lag(&lane->meters, &lane->fetch, &lane->row);
        lane->next_group_commit_us = now_us + 1000000;
    }
    if (lane->worked_us && now_us > lane->worked_us + REST_US) {
        rest(lane);
    }
    int n = 0, rc = RLV_OK;
    /* What waits too long is known only when what came meanwhile is decided. */
    if (now_us >= lane->next_look_us && lane->fetch.caught_up) {
        lane->next_look_us = now_us + env->config->consume.command_poll_ms * 1000;
        rlv_patience patience = patience_of(&env->config->policy);
        rc = rlv_store_look_after(lane->store, lane->row.lane, ASSIGN_LIMIT, &patience, &n, err);
    }
    if (rc == RLV_OK && now_us >= lane->next_assign_us) {
        lane->next_assign_us = now_us + env->config->consume.command_poll_ms * 1000;
        rc = rlv_store_assign_waiting(lane->store, lane->row.lane, ASSIGN_LIMIT, &n, err);
    }
    if (rc == RLV_OK && now_us >= lane->next_count_us) {
        lane->next_count_us = now_us + COUNT_US;
        rc = count_waiting(lane, err);
    }
    return rc == RLV_E_CONFLICT ? RLV_OK : rc; /* somebody holds a row: the next look will do */
}

static int turn(rlv_lane *lane, rlv_error *err)
{
    int rc = rlv_publishing_state(lane->publishing, err);
    if (rc != RLV_OK)
        return heal(lane, err);
    if (lane->ahead_err.code != RLV_OK) {
        *err = lane->ahead_err;
        return err->code;
    }
    rlv_batch *batch = lane->ahead;
    lane->ahead = NULL;
    if (!batch) {
        batch = rlv_publishing_take(lane->publishing, 100);
        if (!batch)
            return housekeep(lane, err); /* Kafka is slow: all batches are on their way */
        rc = rlv_fetch_ahead(&lane->fetch, batch, lane->row.next, err);
    }
    if (rc == RLV_OK && !batch->stepped)
        rc = rlv_fetch_batch(&lane->fetch, lane->store, batch, &lane->row, err);
    if (rc == RLV_OK && batch->n) {
        RLV_POINT("decoded");
        rlv_meters_fetch(&lane->meters, batch->fetch_us);
        rc = decide(lane, batch, err);
    }
    size_t decided = batch->n;
    bool all_seen = rlv_fetch_all_seen(&lane->fetch, batch);
    if (rc == RLV_OK && batch->n) {
        RLV_POINT("committed");
        committed(lane, batch);
        batch = NULL;
    } else if (rc == RLV_OK && memcmp(batch->offsets, lane->row.next, sizeof(lane->row.next)) != 0) {
        rc = commit(lane, batch, false, err); /* nothing but transaction markers: the position alone moves on */
        if (rc == RLV_OK) {
            memcpy(lane->row.next, batch->offsets, sizeof(lane->row.next));
            rlv_fetch_decided(&lane->fetch, batch);
        }
    } else if (rc == RLV_E_LIMIT || rc == RLV_E_CONFLICT) {
        go_smaller(lane, batch);
    }
    if (rc == RLV_OK && rlv_wary_over(&lane->wary, decided, all_seen))
        rc = be_bold(lane, err);
    bool stuck = rlv_fetch_stuck(&lane->fetch);
    if (stuck && atomic_load(&lane->working))
        set_working(lane, false);
    if (rc == RLV_OK && !stuck)
        see_it_work(lane, batch && lane->fetch.caught_up);
    if (batch)
        rlv_publishing_give_back(lane->publishing, batch);
    return rc == RLV_OK ? housekeep(lane, err) : rc;
}

static void leave(rlv_lane *lane)
{
    if (lane->assigned && !rlv_publishing_drain(lane->publishing, (int)lane->env->config->consume.drain_ms))
        rlv_log(RLV_LOG_WARN, lane->name, "left before everything was published: the next owner publishes it");
    RLV_POINT("drained");
    if (lane->assigned && lane->env->membership)
        rlv_membership_commit(lane->env->membership, lane->env->topics, lane->row.next, lane->env->n_topics,
                              lane->row.lane);
    rlv_error ignored;
    /* Who did not get to work, or not to the end of what was feared, leaves the fear as it was. */
    int32_t feared = lane->assigned && !lane->wary.deaths ? 0 : lane->row.unfinished;
    if (lane->held && lane->store && rlv_store_tell_heir(lane->store, &lane->row, feared, &ignored) == RLV_OK)
        RLV_POINT("left"); /* if not, the next owner is wary without need */
    let_go(lane);
    lane->held = lane->begun = false;
    rlv_meters_drop(&lane->meters);
    rlv_publishing_stop(lane->publishing);
    lane->publishing = NULL;
    rlv_store_close(lane->store);
    lane->store = NULL;
    RLV_POINT("let_go");
}

static void *run(void *arg)
{
    rlv_lane *lane = arg;
    while (!atomic_load(&lane->stop)) {
        rlv_error err = {0};
        int rc = lane->assigned ? turn(lane, &err) : assign(lane, &err);
        if (rc == RLV_OK)
            continue;
        if (rc == RLV_E_FENCED)
            rlv_meters_fenced(&lane->meters);
        let_go(lane);
        if (rc != RLV_E_FENCED && rc != RLV_E_LIMIT) {
            rlv_store_close(lane->store); /* a new connection knows nothing of what was half sent */
            lane->store = NULL;
        }
        err.code = rc;
        say(lane, &err);
        pause_after(lane, rc);
    }
    leave(lane);
    return NULL;
}

int rlv_lane_start(rlv_lane *lane, size_t cache_bytes, rlv_error *err)
{
    rlv_cache_limit(lane->stages.cache, cache_bytes);
    atomic_store(&lane->stop, false);
    lane->trouble = (rlv_trouble){0};
    lane->told = false;
    lane->fetch.batch_max = (size_t)lane->env->config->consume.batch_max;
    lane->next_assign_us = lane->next_look_us = lane->next_count_us = lane->next_group_commit_us = 0;
    rlv_meters_take(&lane->meters, lane->env, lane->stages.lane);
    int rc = rlv_publishing_start(lane->env->config, lane->stages.lane, &lane->publishing, err);
    if (rc != RLV_OK)
        return rc;
    if (pthread_create(&lane->thread, NULL, run, lane) != 0) {
        rlv_publishing_stop(lane->publishing);
        lane->publishing = NULL;
        return rlv_error_set(err, RLV_E_LIMIT, "cannot start a thread for %s", lane->name);
    }
    lane->started = true;
    return RLV_OK;
}

void rlv_lane_stop(rlv_lane *lane)
{
    atomic_store(&lane->stop, true);
}

void rlv_lane_join(rlv_lane *lane)
{
    if (lane->started)
        (void)pthread_join(lane->thread, NULL);
    lane->started = false;
}

bool rlv_lane_working(const rlv_lane *lane)
{
    return atomic_load(&lane->working);
}

int64_t rlv_lane_busy_us(const rlv_lane *lane, const char **ret_with)
{
    int64_t since_us = atomic_load_explicit(&lane->stages.caller.busy_us, memory_order_acquire);
    *ret_with = atomic_load_explicit(&lane->stages.caller.busy_with, memory_order_relaxed);
    return since_us ? rlv_clock_mono_us() - since_us : 0;
}
