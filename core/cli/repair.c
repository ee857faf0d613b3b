/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `relevo repair`: makes Kafka and Postgres tell one story again after one of them was restored from a
 * backup. It looks at every lane, says what it found, and mends what can be mended: Postgres is brought to
 * where Kafka is. Must never lose anything silently, write under a consumer, or mend half a lane and say that
 * it is whole.
 */
#include "cli/repair.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/kafka.h"
#include "lane/publishing.h"

enum {
    LOOK_TIMEOUT_MS = 10000,
    PROGRESS_MAX = 4096,
    LANES_SHOWN = 4096
};
static const size_t ARENA_MAX = (size_t)1 << 30;

static const char help[] =
    "Usage: relevo repair [--dry-run] [--lane N] [--json] [--config FILE]\n"
    "       relevo repair --skip-lost N [--dry-run] [--json] [--config FILE]\n\n"
    "For after a restore from a backup, when lanes or delivers refuse to work. Stop the consumers, look with --dry-run, "
    "repair,\n"
    "start them.\n\n"
    "  --dry-run      says what it would do, lane by lane, and changes nothing\n"
    "  --lane N       only this lane\n"
    "  --skip-lost N  lane N goes on behind the events that Kafka deleted before they were decided: they are "
    "lost\n"
    "  --json         what it says of each lane, for machines, at the end\n\n"
    "Where Postgres is older than Kafka, ownership and history are rebuilt from the topics; conversations "
    "that the bot\n"
    "had meanwhile go to people, since what it was doing is not known. Conversations of erased customers "
    "stay erased.\n"
    "What delivers sent since is never sent again: what is under way, or comes again without a row, is of unknown "
    "outcome.\n"
    "It may be cut and run again. It wants the rights of the database's owner, as `relevo migrate` does.\n";

/* What is wrong with a lane. */
enum verdict {
    WELL,
    REBUILD,
    TELL_PROGRESS,
    HOPELESS
};

struct lane {
    int32_t number;
    rlv_repair_lane row;
    int64_t progress; /* what Kafka has published, as the progress topic tells or decisions do */
    int64_t published_ms;
    enum verdict verdict;
    bool untold; /* the progress topic does not tell it */
    rlv_repair_survey survey;
};

static json_t *told; /* what is said of lanes; NULL: it is said at once */

static void say(int32_t lane, const char *fmt, ...) RLV_PRINTF(2, 3);
static void say(int32_t lane, const char *fmt, ...)
{
    char text[1200];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (told) {
        (void)json_array_append_new(told, json_pack("{s:i, s:s}", "lane", lane, "says", text));
        return;
    }
    (void)printf("lane %d: %s\n", lane, text);
    (void)fflush(stdout);
}

/* ---- looking
 * --------------------------------------------------------------------------------------------------- */

static int read_progress(rlv_repair *repair, int32_t lane, int64_t *ret, rlv_error *err)
{
    return rlv_cli_progress(repair->broker, repair->config, repair->wire, lane, repair->arena, ret, err);
}

/* The progress topic tells less than Postgres knows to be published: it was lost, unless the decisions are
 * gone as well. */
static int look_behind(rlv_repair *repair, rlv_store *store, struct lane *l, int64_t decided, rlv_error *err)
{
    int64_t expected;
    int rc = rlv_repair_last_decided(store, l->number, l->row.published, &expected, err);
    if (rc != RLV_OK)
        return rc;
    if (decided < expected) {
        return rlv_error_set(
            err, RLV_E_REFUSED,
            "%s[%d] ends at event %lld, but event %lld was published: Kafka was restored, or the topic made "
            "anew; restore Kafka to a later moment",
            repair->config->topics.decisions, l->number, (long long)decided, (long long)expected);
    }
    l->untold = true;
    l->progress = decided > l->row.published ? decided : l->row.published;
    return RLV_OK;
}

static int check_maker(const rlv_repair *repair, const struct lane *l, rlv_error *err)
{
    if (l->row.exists && l->row.partitions != repair->partitions)
        return rlv_error_set(
            err, RLV_E_REFUSED,
            "the topics have %d partitions, but it was made with %d: give all topics %d partitions again",
            repair->partitions, l->row.partitions, l->row.partitions);
    if (l->row.exists && strcmp(l->row.kafka_cluster, repair->cluster) != 0)
        return rlv_error_set(
            err, RLV_E_REFUSED,
            "this is Kafka cluster %s, but its offsets belong to cluster %s: check bootstrap.servers",
            repair->cluster, l->row.kafka_cluster);
    return RLV_OK;
}

/* The lane's next offsets against what Kafka holds. */
static int check_bounds(rlv_repair *repair, const struct lane *l, const int64_t *next, rlv_error *err)
{
    for (size_t i = 0; i < repair->n_topics; i++) {
        int64_t low, high;
        int rc = rlv_broker_bounds(repair->broker, repair->topics[i], l->number, LOOK_TIMEOUT_MS, &low, &high,
                                   err);
        if (rc != RLV_OK)
            return rc;
        if (next[i] >= 0 && next[i] < low)
            return rlv_error_set(
                err, RLV_E_REFUSED,
                "%s[%d]: Kafka deleted events %lld to %lld before they were decided; to go on without them: "
                "relevo repair --skip-lost %d",
                repair->topics[i], l->number, (long long)next[i], (long long)low - 1, l->number);
        if (next[i] > high)
            return rlv_error_set(
                err, RLV_E_REFUSED,
                "%s[%d] ends at %lld, but %lld is decided: the topic was made anew or restored; restore it "
                "to a later moment, or give the new one another name in topics.events",
                repair->topics[i], l->number, (long long)high, (long long)next[i] - 1);
    }
    return RLV_OK;
}

/* What is decided and not published must be in the history: it is nowhere else. */
static int check_history(rlv_store *store, const struct lane *l, rlv_error *err)
{
    int64_t there = 0, wanted = l->row.seq - l->progress;
    if (wanted <= 0)
        return RLV_OK;
    int rc = rlv_repair_count(store, l->number, l->progress, l->row.seq, &there, err);
    if (rc == RLV_OK && there < wanted)
        rc = rlv_error_set(err, RLV_E_REFUSED,
                           "its history lacks %lld of the events %lld to %lld, which are not published yet: "
                           "restore these rows "
                           "of relevo.history from a backup",
                           (long long)(wanted - there), (long long)l->progress + 1, (long long)l->row.seq);
    return rc;
}

static rlv_rebuild_range range_of(const rlv_repair *repair, const struct lane *l)
{
    return (rlv_rebuild_range){.lane = l->number,
                               .after = l->row.seq,
                               .until = l->progress,
                               .since_ms = l->row.lane_ms,
                               .topics = repair->topics,
                               .next = l->row.next,
                               .n_topics = repair->n_topics};
}

/* Everything that can be known without changing anything. RLV_E_REFUSED: why it cannot be mended. */
static int look(rlv_repair *repair, rlv_store *store, struct lane *l, rlv_error *err)
{
    int64_t decided = 0;
    int rc = rlv_repair_look(store, l->number, repair->topics, repair->n_topics, &l->row, err);
    if (rc == RLV_OK)
        rc = check_maker(repair, l, err);
    if (rc == RLV_OK)
        rc = read_progress(repair, l->number, &l->progress, err);
    if (rc == RLV_OK)
        rc = rlv_rebuild_last(repair->config, repair->wire, l->number, &decided, &l->published_ms, err);
    if (rc == RLV_OK && (l->progress < l->row.published || l->progress < decided))
        rc = look_behind(repair, store, l, decided, err);
    if (rc != RLV_OK)
        return rc;
    rc = check_history(store, l, err);
    if (rc != RLV_OK)
        return rc;
    memcpy(l->survey.next, l->row.next, sizeof(l->survey.next));
    l->verdict = l->untold ? TELL_PROGRESS : WELL;
    if (l->progress > l->row.seq || l->row.began >= 0) {
        const rlv_rebuild_range range = range_of(repair, l);
        l->verdict = REBUILD;
        rc = rlv_repair_survey_lane(repair, &range, &l->survey, err);
    }
    return rc == RLV_OK ? check_bounds(repair, l, l->survey.next, err) : rc;
}

static void tell_plan(const struct lane *l)
{
    if (l->verdict == WELL)
        say(l->number, "nothing to repair (event %lld)", (long long)l->row.seq);
    if (l->verdict == TELL_PROGRESS || l->untold)
        say(l->number,
            "the progress topic does not tell that event %lld was published: it would be told again",
            (long long)l->progress);
    if (l->verdict == REBUILD)
        say(l->number,
            "Postgres ends at event %lld, Kafka at %lld: %lld events of %lld conversations would be rebuilt, "
            "%lld of the "
            "bot's would go to people",
            (long long)l->row.seq, (long long)l->progress, (long long)l->survey.events,
            (long long)l->survey.conversations, (long long)l->survey.people);
}

/* ---- mending
 * --------------------------------------------------------------------------------------------------- */

static int tell_progress(rlv_repair *repair, const struct lane *l, rlv_publisher *publisher, rlv_error *err)
{
    rlv_buf out = RLV_BUF_INIT(PROGRESS_MAX);
    int rc = rlv_publisher_begin(publisher, err);
    if (rc == RLV_OK)
        rc = rlv_publish_progress(publisher, repair->config, repair->wire, l->number, l->progress,
                                  rlv_clock_wall_ms(), &out, err);
    if (rc == RLV_OK)
        rc = rlv_publisher_commit(publisher, err);
    if (rc == RLV_OK)
        say(l->number, "the progress topic tells again that event %lld was published",
            (long long)l->progress);
    rlv_buf_free(&out);
    return rc;
}

/* What was looked at must still be so under the fences. */
static int look_again(rlv_repair *repair, const struct lane *l, const rlv_lane_row *row, rlv_error *err)
{
    int64_t progress = 0;
    int rc = read_progress(repair, l->number, &progress, err);
    if (rc == RLV_OK && (row->seq != l->row.seq || (!l->untold && progress != l->progress)))
        rc = rlv_error_set(err, RLV_E_CONFLICT,
                           "it moved while it was looked at: stop all consumers and try again");
    return rc;
}

/* Postgres's fence, then Kafka's, as a lane takes them; then the work. */
static int mend(rlv_repair *repair, rlv_store *store, struct lane *l, rlv_error *err)
{
    rlv_publisher *publisher = NULL;
    rlv_lane_row row;
    rlv_repair_done done = {0};
    int64_t from = l->row.began >= 0 ? l->row.began : l->row.seq;
    const rlv_rebuild_range range = range_of(repair, l);
    int rc = rlv_repair_begin(store, l->number, repair->partitions, repair->cluster, repair->topics,
                              repair->n_topics, from, &row, err);
    if (rc == RLV_OK)
        rc = rlv_publisher_new(repair->broker, repair->config, l->number, &publisher, err);
    if (rc == RLV_OK)
        rc = look_again(repair, l, &row, err);
    if (rc == RLV_OK && l->untold)
        rc = tell_progress(repair, l, publisher, err);
    if (rc == RLV_OK && l->verdict == REBUILD)
        rc = rlv_repair_write_lane(repair, store, &range, &row, err);
    if (rc == RLV_OK)
        rc = rlv_repair_finish(store, &row, l->progress, l->published_ms, &done, err);
    rlv_publisher_free(publisher);
    if (rc == RLV_OK && l->verdict == REBUILD)
        say(l->number,
            "%lld events of %lld conversations were rebuilt, %lld went to people; it goes on at event %lld",
            (long long)l->survey.events, (long long)l->survey.conversations, (long long)done.people,
            (long long)l->progress + 1);
    return rc;
}

/* ---- skipping what is lost
 * ------------------------------------------------------------------------------------- */

static int skip_lost(rlv_repair *repair, rlv_store *store, struct lane *l, bool dry, rlv_error *err)
{
    rlv_lane_row row;
    bool mine = false;
    int rc = rlv_repair_look(store, l->number, repair->topics, repair->n_topics, &l->row, err);
    for (size_t i = 0; rc == RLV_OK && i < repair->n_topics; i++) {
        int64_t low, high, was = l->row.next[i];
        rc = rlv_broker_bounds(repair->broker, repair->topics[i], l->number, LOOK_TIMEOUT_MS, &low, &high,
                               err);
        if (rc != RLV_OK || was < 0 || was >= low)
            continue;
        if (!dry && !mine)
            rc = rlv_store_assign(store, l->number, repair->partitions, repair->cluster, repair->topics,
                                  repair->n_topics, NULL, &row, err);
        mine = rc == RLV_OK;
        if (rc == RLV_OK && !dry)
            rc = rlv_repair_move(store, &row, repair->topics[i], was, low, err);
        if (rc == RLV_OK)
            say(l->number, "%s[%d]: events %lld to %lld %s, which Kafka deleted before they were decided",
                repair->topics[i], l->number, (long long)was, (long long)low - 1,
                dry ? "would be skipped" : "are skipped");
    }
    if (rc == RLV_OK && !mine)
        say(l->number, "nothing is lost, nothing to skip");
    return rc;
}

/* ---- the command
 * ----------------------------------------------------------------------------------------------- */

/* How many processes are members of the group: they would work on what is being mended. */
static int count_members(const rlv_repair *repair, int *ret, rlv_error *err)
{
    rd_kafka_t *rk;
    const char *group = repair->config->consume.group;
    int rc = rlv_cli_client(repair->config, RD_KAFKA_CONSUMER, "repair", NULL, 0, &rk, err);
    if (rc != RLV_OK)
        return rc;
    const struct rd_kafka_group_list *list = NULL;
    rd_kafka_resp_err_t code;
    int64_t until_us = rlv_clock_mono_us() + (int64_t)LOOK_TIMEOUT_MS * 1000;
    while ((code = rd_kafka_list_groups(rk, group, &list, LOOK_TIMEOUT_MS)) && rlv_clock_mono_us() < until_us)
        rlv_clock_sleep_ms(100); /* its coordinator may be moving */
    if (code) {
        rc = rlv_cli_kafka_error(err, code, repair->config, "asking who is in the group");
    } else {
        *ret = list->group_cnt ? list->groups[0].member_cnt : 0;
        rd_kafka_group_list_destroy(list);
    }
    rd_kafka_destroy(rk);
    return rc;
}

static int refuse_members(const rlv_repair *repair, bool dry, rlv_error *err)
{
    int members = 0;
    int rc = count_members(repair, &members, err);
    if (rc != RLV_OK || members == 0)
        return rc;
    if (dry) {
        (void)fprintf(stderr, "relevo: %d consumers of group %s are running: stop them before you repair\n",
                      members, repair->config->consume.group);
        return RLV_OK;
    }
    return rlv_error_set(
        err, RLV_E_CONFLICT,
        "%d consumers of group %s are running: stop them, then repair (one that was killed counts for %lld "
        "more seconds)",
        members, repair->config->consume.group, (long long)repair->config->consume.session_ms / 1000);
}

struct orders {
    bool dry;
    int32_t lane, skip; /* -1: not given */
};

/* One lane, with a connection of its own: the lane's statements are prepared for one lane. */
static int do_lane(rlv_repair *repair, const struct orders *orders, int32_t number, rlv_error *err)
{
    struct lane *l = calloc(1, sizeof(*l));
    rlv_store *store = NULL;
    if (!l)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    l->number = number;
    int rc = rlv_store_open(repair->config->postgres, "relevo repair", RLV_REPAIR_TIMEOUT_MS, &store, err);
    if (rc == RLV_OK && orders->skip >= 0) {
        rc = skip_lost(repair, store, l, orders->dry, err);
    } else if (rc == RLV_OK) {
        rc = look(repair, store, l, err);
        if (rc == RLV_OK && (orders->dry || l->verdict == WELL))
            tell_plan(l);
        else if (rc == RLV_OK)
            rc = mend(repair, store, l, err);
    }
    rlv_store_close(store);
    free(l);
    return rc;
}

/* Lanes that are whole again go on together: what leads from one to the other is theirs in common. */
static int release(rlv_repair *repair, const int32_t *good, size_t n, bool all, rlv_error *err)
{
    rlv_store *store = NULL;
    int64_t changed = 0;
    int rc = rlv_store_open(repair->config->postgres, "relevo repair", RLV_REPAIR_TIMEOUT_MS, &store, err);
    if (rc == RLV_OK)
        rc = rlv_repair_release(store, good, n, all, &changed, err);
    rlv_store_close(store);
    if (rc != RLV_OK)
        return rlv_error_wrap(err, "the lanes are rebuilt, and not free yet: run relevo repair again");
    if (changed && !told)
        (void)printf("%lld identities of customers lead again to the conversation that they had become\n", (long long)changed);
    return RLV_OK;
}

/* What delivers sent since the moment that Postgres is of, which leaves no trace in a lane that lacks no event. */
static int do_turns(rlv_repair *repair, const struct orders *orders, const int32_t *lanes, size_t n, rlv_error *err)
{
    rlv_store *store = NULL;
    int64_t *known = calloc((size_t)repair->partitions, sizeof(*known));
    if (!known)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    int rc = rlv_inbox_look(repair->config, repair->config->deliver.group, repair->config->topics.outbound, repair->partitions, known, err);
    if (rc == RLV_OK)
        rc = rlv_store_open(repair->config->postgres, "relevo repair", RLV_REPAIR_TIMEOUT_MS, &store, err);
    for (size_t i = 0; rc == RLV_OK && i < n; i++) {
        int64_t unknown = -1;
        rc = rlv_repair_turns(store, lanes[i], known[lanes[i]], orders->dry, &unknown, err);
        if (rc == RLV_OK && unknown >= 0)
            say(lanes[i], "messages were sent that Postgres does not know of: nothing that was decided before %s sent again, %lld that it has as under way "
                "or to be tried again %s of unknown outcome", orders->dry ? "would be" : "is", (long long)unknown, orders->dry ? "would be" : "are");
    }
    rlv_store_close(store);
    free(known);
    return rc;
}

static int do_lanes(rlv_repair *repair, const struct orders *orders, rlv_error *err)
{
    int32_t only = orders->skip >= 0 ? orders->skip : orders->lane;
    if (only >= repair->partitions)
        return rlv_error_set(err, RLV_E_INVALID, "there is no lane %d: they are 0 to %d", only,
                             repair->partitions - 1);
    int worst = EX_OK, broke = RLV_OK;
    int32_t *good = calloc((size_t)repair->partitions, sizeof(*good));
    size_t n_good = 0;
    if (!good)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    for (int32_t i = only >= 0 ? only : 0; i < (only >= 0 ? only + 1 : repair->partitions); i++) {
        rlv_error why = {0};
        int rc = do_lane(repair, orders, i, &why);
        if (rc == RLV_OK) {
            good[n_good++] = i;
            continue;
        }
        if (rc != RLV_E_REFUSED) {
            *err = why;
            broke = rlv_error_wrap(err, "lane %d", i);
            break;
        }
        (void)fprintf(stderr, "relevo: lane %d cannot be repaired: %s\n", i, why.message);
        if (told)
            (void)json_array_append_new(told, json_pack("{s:i, s:s}", "lane", i, "refused", why.message));
        worst = EX_DATAERR;
    }
    rlv_error why;
    int rc = RLV_OK;
    if (!orders->dry && orders->skip < 0 && n_good)
        rc = release(repair, good, n_good, only < 0 && broke == RLV_OK, broke == RLV_OK ? err : &why);
    if (rc == RLV_OK && broke == RLV_OK && orders->skip < 0)
        rc = do_turns(repair, orders, good, n_good, err);
    free(good);
    return broke != RLV_OK ? broke : rc != RLV_OK ? rc : worst == EX_OK ? RLV_OK : -worst;
}

static int run(const rlv_config *config, const struct orders *orders)
{
    rlv_repair repair = {.config = config, .n_topics = config->topics.n_events + 1};
    rlv_store *store = NULL;
    rlv_error err = {0};
    if (repair.n_topics > RLV_INPUTS_MAX)
        return rlv_cli_usage("repair", "topics.events: at most %d topics", RLV_INPUTS_MAX - 1);
    for (size_t i = 0; i < config->topics.n_events; i++)
        repair.topics[i] = config->topics.events[i];
    repair.topics[config->topics.n_events] = config->topics.results;
    repair.arena = rlv_arena_new(ARENA_MAX);
    repair.wire = repair.arena ? rlv_wire_new(&err) : NULL;
    int rc = repair.wire ? RLV_OK : rlv_error_set(&err, RLV_E_LIMIT, "out of memory");
    if (rc == RLV_OK)
        rc = rlv_store_open(config->postgres, "relevo repair", LOOK_TIMEOUT_MS, &store, &err);
    if (rc == RLV_OK)
        rc = rlv_store_check_schema(store, &err);
    rlv_store_close(store);
    if (rc == RLV_OK)
        rc = rlv_broker_new(config, &repair.broker, &err);
    if (rc == RLV_OK)
        rc = rlv_broker_topics(repair.broker, LOOK_TIMEOUT_MS, repair.cluster, &repair.partitions, &err);
    if (rc == RLV_OK && orders->skip < 0)
        rc = refuse_members(&repair, orders->dry, &err);
    if (rc == RLV_OK)
        rc = do_lanes(&repair, orders, &err);
    rlv_broker_free(repair.broker);
    rlv_wire_free(repair.wire);
    rlv_arena_free(repair.arena);
    return rc < 0 ? -rc : rc ? rlv_cli_fail(&err) : EX_OK;
}

static bool read_lane(const char *text, int32_t *ret)
{
    int64_t lane;
    if (!text)
        return true;
    if (!rlv_str_int(rlv_str_from(text), &lane) || lane < 0 || lane > RLV_LANE_MAX)
        return false;
    *ret = (int32_t)lane;
    return true;
}

int rlv_cli_repair(int argc, char **argv)
{
    const char *path = NULL, *lane = NULL, *skip = NULL;
    struct orders orders = {.lane = -1, .skip = -1};
    bool json = false;
    const rlv_cli_flag flags[] = {{"config", &path, NULL},
                                  {"lane", &lane, NULL},
                                  {"skip-lost", &skip, NULL},
                                  {"json", NULL, &json},
                                  {"dry-run", NULL, &orders.dry}};
    int first, rc = rlv_cli_parse(argc, argv, help, flags, sizeof(flags) / sizeof(*flags), &first);
    if (rc >= 0)
        return rc;
    if (first != argc)
        return rlv_cli_usage("repair", "unexpected '%s'", argv[first]);
    if (lane && skip)
        return rlv_cli_usage("repair", "--lane and --skip-lost exclude each other");
    if (!read_lane(lane, &orders.lane) || !read_lane(skip, &orders.skip))
        return rlv_cli_usage("repair", "a lane is a number from 0");
    rlv_config *config;
    rc = rlv_cli_load(argv[0], path, &config);
    if (rc)
        return rc;
    told = json ? json_array() : NULL;
    rc = run(config, &orders);
    if (json) {
        int put = rlv_cli_put_json(json_pack("{s:o}", "lanes", told));
        rc = rc ? rc : put;
    }
    told = NULL;
    rlv_config_free(config);
    return rc;
}
