/* SPDX-License-Identifier: Apache-2.0 */
/* The metrics of a lane; see meters.h. Must never carry what a customer wrote, nor a label per conversation. */
#include "lane/meters.h"

#include <math.h>
#include <stdio.h>

#include "base/clock.h"

static rlv_metric *stage(const char *name)
{
    char labels[64];
    (void)snprintf(labels, sizeof(labels), "stage=\"%s\"", name);
    return rlv_metric_seconds("relevo_stage_seconds", "Time of a stage of the lane, a batch.", labels);
}

static rlv_metric *kind(const char *name, const char *help, const char *value)
{
    char labels[64];
    (void)snprintf(labels, sizeof(labels), "kind=\"%s\"", value);
    return rlv_metric_counter(name, help, labels);
}

void rlv_meters_take(rlv_lane_meters *m, const rlv_lane_env *env, int32_t lane)
{
    char labels[512]; /* a topic of 249, a group of 200 (core/config/rules.c), and a partition */
    m->n_topics = env->n_topics;
    for (size_t i = 0; i < env->n_topics; i++) {
        (void)snprintf(labels, sizeof(labels), "topic=\"%s\",partition=\"%d\",group=\"%s\"", env->topics[i], lane,
                       env->config->consume.group);
        m->lag[i] = rlv_metric_gauge("relevo_lag_messages", "Messages not yet decided, of a partition.", labels);
        m->lag_seconds[i] = rlv_metric_gauge(
            "relevo_lag_seconds", "Age of the last message decided while others wait; 0 when none waits.", labels);
        /* Until the first look: neither nothing, nor what it was when the lane was here last. */
        rlv_metric_set(m->lag[i], NAN);
        rlv_metric_set(m->lag_seconds[i], NAN);
    }
    (void)snprintf(labels, sizeof(labels), "lane=\"%d\"", lane);
    m->command_age = rlv_metric_gauge("relevo_oldest_command_seconds",
                                      "Age of the oldest desktop command that waited at the last look.", labels);
    m->waiting = rlv_metric_gauge("relevo_waiting_conversations", "Conversations that wait for a person, of a lane.", labels);
    m->waiting_seconds = rlv_metric_gauge("relevo_oldest_waiting_seconds",
                                          "How long the one that waits longest for a person has waited; 0: none waits.", labels);
    m->schema_wait = rlv_metric_gauge("relevo_schema_wait_seconds",
                                      "How long the lane has waited for a writer's schema; 0: it does not.", labels);
    m->working = rlv_metric_gauge("relevo_lane_working", "1 while the lane decides and publishes, 0 while it waits.",
                                  labels);
    m->takeovers = rlv_metric_seconds("relevo_takeover_seconds",
                                      "From a person's takeover at a desktop to the lane's decision about it.", "");
    m->failed = rlv_metric_counter("relevo_publish_failures_total",
                                   "Transactions whose outcome was unknown; what they held is published again.", "");
    m->fetch = stage("fetch");
    m->load = stage("load");
    m->step = stage("step");
    m->commit = stage("commit");
    m->sizes = rlv_metric_sizes("relevo_batch_events", "Events of a batch.", "");
    m->conflicts = rlv_metric_counter(
        "relevo_conflicts_total", "Batches stepped again because a desktop changed one of their conversations.", "");
    m->fenced = rlv_metric_counter("relevo_fences_lost_total",
                                   "Times that a lane turned out to be somebody else's.", "");
    for (size_t i = 0; i < sizeof(m->events) / sizeof(*m->events); i++)
        m->events[i] = kind("relevo_events_total", "Events decided.", rlv_event_kind_name((enum rlv_event_kind)i));
    for (size_t i = 0; i < sizeof(m->decisions) / sizeof(*m->decisions); i++)
        m->decisions[i] =
            kind("relevo_decisions_total", "Decisions committed.", rlv_decision_kind_name((enum rlv_decision_kind)i));
}

void rlv_meters_drop(rlv_lane_meters *m)
{
    for (size_t i = 0; i < m->n_topics; i++) {
        rlv_metric_drop(m->lag[i]);
        rlv_metric_drop(m->lag_seconds[i]);
    }
    rlv_metric_drop(m->command_age);
    rlv_metric_drop(m->waiting);
    rlv_metric_drop(m->waiting_seconds);
    rlv_metric_drop(m->schema_wait);
    rlv_metric_drop(m->working);
}

void rlv_meters_fetch(rlv_lane_meters *m, int64_t us)
{
    rlv_metric_observe(m->fetch, (double)us / 1e6);
}

void rlv_meters_working(rlv_lane_meters *m, bool working)
{
    rlv_metric_set(m->working, working);
}

void rlv_meters_failed(rlv_lane_meters *m)
{
    rlv_metric_add(m->failed, 1);
}

void rlv_meters_stages(rlv_lane_meters *m, int64_t load_us, int64_t step_us, int64_t commit_us)
{
    rlv_metric_observe(m->load, (double)load_us / 1e6);
    rlv_metric_observe(m->step, (double)step_us / 1e6);
    rlv_metric_observe(m->commit, (double)commit_us / 1e6);
}

/* Rare things, whose series are looked up when they happen. */
static void count_handoff(const rlv_decision *d)
{
    char labels[160];
    if (d->as.change.trigger.len)
        (void)snprintf(labels, sizeof(labels), "trigger=\"%.*s\"", RLV_STR_ARG(d->as.change.trigger));
    else
        (void)snprintf(labels, sizeof(labels), "trigger=\"%s\"", rlv_cause_name(d->as.change.cause));
    rlv_metric *m = rlv_metric_counter("relevo_handoffs_total", "Conversations handed to people, by what caused it.", labels);
    rlv_metric_add(m, 1);
}

static void count_dead(const rlv_batch_item *item)
{
    char labels[64];
    (void)snprintf(labels, sizeof(labels), "reason=\"%s\"", item->dead_class);
    rlv_metric_add(rlv_metric_counter("relevo_dead_letters_total", "Records that could not be decided.", labels), 1);
}

/* Both clocks are of wall time, Postgres's and ours: a difference below nothing is nothing. */
static void time_takeover(rlv_lane_meters *m, const rlv_event *event)
{
    int64_t took_ms = rlv_clock_wall_ms() - event->sent_ms;
    rlv_metric_observe(m->takeovers, took_ms > 0 ? (double)took_ms / 1e3 : 0);
}

void rlv_meters_batch(rlv_lane_meters *m, const rlv_batch *batch)
{
    rlv_metric_observe(m->sizes, (double)batch->n);
    for (size_t i = 0; i < batch->n; i++) {
        const rlv_batch_item *item = &batch->items[i];
        rlv_metric_add(m->events[item->dead ? RLV_EVENT_DEAD : item->event.kind], 1);
        if (item->dead)
            count_dead(item);
        else if (item->event.kind == RLV_EVENT_COMMAND && item->event.command == RLV_COMMAND_TAKE_OVER)
            time_takeover(m, &item->event);
        for (const rlv_decision *d = batch->outcomes[i].decisions.first; d; d = d->next) {
            rlv_metric_add(m->decisions[d->kind], 1);
            if (d->kind == RLV_DECIDED_HANDED_OFF)
                count_handoff(d);
        }
    }
}

void rlv_meters_lag(rlv_lane_meters *m, const rlv_fetch *fetch, const rlv_lane_row *row)
{
    rlv_metric_set(m->command_age, (double)fetch->command_age_ms / 1e3);
    rlv_metric_set(m->schema_wait, (double)rlv_writers_wait_ms(&fetch->writers) / 1e3);
    for (size_t i = 0; i < m->n_topics; i++) {
        int64_t lag = rlv_fetch_lag(fetch, i, row);
        if (lag < 0)
            continue; /* not known: an old value is truer than a made-up one */
        rlv_metric_set(m->lag[i], (double)lag);
        rlv_metric_set(m->lag_seconds[i], (double)rlv_fetch_behind_ms(fetch, i, lag) / 1e3);
    }
}

void rlv_meters_waiting(rlv_lane_meters *m, int64_t n, int64_t since_ms)
{
    int64_t waited_ms = n ? rlv_clock_wall_ms() - since_ms : 0;
    rlv_metric_set(m->waiting, (double)n);
    rlv_metric_set(m->waiting_seconds, waited_ms > 0 ? (double)waited_ms / 1e3 : 0);
}

void rlv_meters_conflict(rlv_lane_meters *m)
{
    rlv_metric_add(m->conflicts, 1);
}

void rlv_meters_fenced(rlv_lane_meters *m)
{
    rlv_metric_add(m->fenced, 1);
}
