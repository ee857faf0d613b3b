/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One phase of one round: views in, every plugin called once, checked answers out; and the search for the event that a
 * plugin fails at. Whatever a plugin does, each subject ends with its answers or with a failure, never with half of them.
 */
#include "host/internal.h"

#include <stdio.h>

#include "base/clock.h"
#include "host/view.h"

enum {
    QUIET_US = 60 * 1000 * 1000,
    LABELS_MAX = 160,
    HALVES = 2,
    TELLS_SINCE = 3, /* minor version in which notices came that are of no handoff, */
    SILENCE_SINCE = 4, /* and in which triggers are asked about a silence, */
    RESULTS_SINCE = 6, /* and about an effect's result; */
    AMENDS_SINCE = 7, /* in which notices came of what is amended, and of nothing else */
    /* A death costs a new process, and a hang its budget besides: three of them find one event in a thousand. */
    PIECES = 32
};

/* A plugin's part of a phase: which of the subjects it sees. */
struct batch {
    rlv_hosted *plugin;
    enum rlv_phase phase;
    rlv_arena *arena;
    rlv_subject **subjects; /* n */
    const relevo_view **views;
    const relevo_result **results; /* NULL but in RLV_PHASE_RESULT */
    uint32_t n;
    bool alone; /* to be called while nobody else calls: the process died of these events, or of others' meanwhile */
    bool again; /* it died of them, or of a batch with them, before */
    rlv_host_caller *caller;
};

static bool call_plugin(const struct batch *b);

static rlv_metric *failures(const rlv_hosted *plugin, enum rlv_phase phase, const char *reason)
{
    char labels[LABELS_MAX];
    (void)snprintf(labels, sizeof(labels), "plugin=\"%s\",phase=\"%s\",reason=\"%s\"", plugin->info.entry,
                   rlv_phase_name(phase), reason);
    return rlv_metric_counter("relevo_plugin_failures_total", "Calls in which a plugin gave no answer",
                              labels);
}

void rlv_hosted_metrics(rlv_hosted *plugin)
{
    char labels[LABELS_MAX];
    for (int phase = 0; phase < RLV_PHASES; phase++) {
        if (!(plugin->info.operations & 1u << phase))
            continue;
        (void)snprintf(labels, sizeof(labels), "plugin=\"%s\",phase=\"%s\"", plugin->info.entry,
                       rlv_phase_name((enum rlv_phase)phase));
        plugin->seconds[phase] = rlv_metric_seconds(
            "relevo_plugin_seconds", "Time of one call of a plugin, over a whole batch", labels);
        (void)failures(plugin, (enum rlv_phase)phase, "error");
    }
    for (int i = 1; i < RLV_REFUSALS; i++) {
        (void)snprintf(labels, sizeof(labels), "plugin=\"%s\",code=\"%s\"", plugin->info.entry,
                       rlv_refusal_name(i));
        plugin->refused[i] = rlv_metric_counter("relevo_plugin_answers_refused_total",
                                                "Answers of a plugin that broke the rules", labels);
    }
}

/* Counts refused answers; says so once for each code, since a plugin that breaks a rule breaks it in every
 * batch. */
static void report_refusals(rlv_hosted *plugin, const rlv_collector *c)
{
    for (int i = 1; i < RLV_REFUSALS; i++) {
        if (!c->refused[i])
            continue;
        rlv_metric_add(plugin->refused[i], c->refused[i]);
        if (!atomic_exchange_explicit(&plugin->refusal_logged[i], true, memory_order_relaxed))
            rlv_log(RLV_LOG_WARN, plugin->room,
                    "an answer in %s was dropped: %s; further ones are only counted, in "
                    "relevo_plugin_answers_refused_total",
                    rlv_phase_name(c->phase), c->why[i]);
    }
}

/* At most a line a minute for each plugin, whatever its lanes do. */
static void report_failure(const struct batch *b, const rlv_run_failure *why)
{
    rlv_metric_add(failures(b->plugin, b->phase, why->reason), b->n);
    int64_t now = rlv_clock_mono_us();
    int64_t quiet = atomic_load_explicit(&b->plugin->quiet_until_us, memory_order_relaxed);
    if (now >= quiet &&
        atomic_compare_exchange_strong_explicit(&b->plugin->quiet_until_us, &quiet, now + QUIET_US,
                                                memory_order_relaxed, memory_order_relaxed))
        rlv_log(RLV_LOG_WARN, b->plugin->room, "failed in %s (%s): its answers about the event are dropped",
                rlv_phase_name(b->phase), why->text.message);
}

/* Each of these has its line: there are few until the plugin is quarantined, and a person must look at the event. */
static void report_death(const struct batch *b, const rlv_run_failure *why)
{
    static const char *const sources[] = {"", "command ", "timer "};
    const rlv_source *from = &b->subjects[0]->event->source;
    rlv_metric_add(failures(b->plugin, b->phase, why->reason), 1);
    if (from->kind == RLV_SOURCE_TOPIC)
        rlv_log_about(RLV_LOG_ERROR, b->plugin->room, &b->subjects[0]->event->trace,
                      "did not survive event %.*s[%d]@%lld in %s (%s): a person gets what it would have decided about it",
                      RLV_STR_ARG(from->topic), from->partition, (long long)from->offset, rlv_phase_name(b->phase),
                      why->text.message);
    else
        rlv_log(RLV_LOG_ERROR, b->plugin->room,
                "did not survive %s%lld in %s (%s): a person gets what it would have decided about it",
                sources[from->kind], (long long)from->offset, rlv_phase_name(b->phase), why->text.message);
}

/* Of every event of the batch. */
static bool push_failures(const struct batch *b, const char *text, bool fatal)
{
    rlv_str reason = rlv_arena_copy(b->arena, rlv_str_from(text));
    rlv_answer *answers = rlv_arena_zalloc(b->arena, b->n, sizeof(*answers));
    if (!answers || !reason.ptr)
        return false;
    for (uint32_t i = 0; i < b->n; i++) {
        answers[i].kind = RLV_ANSWER_FAILURE;
        answers[i].plugin = b->plugin->entry;
        answers[i].as.failure.phase = b->phase;
        answers[i].as.failure.reason = reason;
        answers[i].as.failure.fatal = fatal;
        rlv_answers_push(b->subjects[i]->answers, &answers[i]);
    }
    return true;
}

/* Asks about the same events once more, in so many pieces. Plugins are pure, so asking again changes nothing. */
static bool call_pieces(const struct batch *b, uint32_t pieces)
{
    uint32_t most = (b->n + pieces - 1) / pieces;
    bool fits = true;
    for (uint32_t at = 0; fits && at < b->n; at += most) {
        struct batch piece = *b;
        piece.subjects += at;
        piece.views += at;
        if (piece.results)
            piece.results += at;
        piece.n = b->n - at < most ? b->n - at : most;
        fits = call_plugin(&piece);
    }
    return fits;
}

/* The plugin said that it failed. One customer's message must not hand a thousand others to people. */
static bool failed(const struct batch *b, const rlv_run_failure *why)
{
    if (b->n > 1)
        return call_pieces(b, HALVES);
    report_failure(b, why);
    return push_failures(b, why->text.message, false);
}

/* Its process died. What happens once may be anything's fault: an event is blamed when it is alone, and not the first
   time. */
static bool died(const struct batch *b, bool disturbed, const rlv_run_failure *why)
{
    struct batch next = *b;
    next.alone = true;
    next.again = !disturbed;
    if (disturbed)
        return call_plugin(&next);
    if (b->n > 1)
        return call_pieces(&next, PIECES);
    if (!b->again)
        return call_plugin(&next);
    report_death(b, why);
    if (b->plugin->runner->type->blame)
        b->plugin->runner->type->blame(b->plugin->runner);
    return push_failures(b, why->text.message, true);
}

/* Calls the plugin; where it fails, again with fewer events. False when the arena is full. */
static bool call_plugin(const struct batch *b)
{
    rlv_hosted *plugin = b->plugin;
    rlv_collector c;
    if (!rlv_collector_init(&c, b->arena, b->phase, plugin->entry, plugin->room, b->n))
        return false;
    int64_t begin = rlv_clock_mono_us();
    const rlv_run run = {.phase = b->phase, .views = b->views, .results = b->results, .n = b->n, .began_us = begin,
                         .alone = b->alone, .caller = b->caller};
    rlv_run_failure why = {.reason = ""};
    enum rlv_run_outcome outcome = plugin->runner->type->call(plugin->runner, &run, &c, &why);
    rlv_metric_observe(plugin->seconds[b->phase], (double)(rlv_clock_mono_us() - begin) / 1e6);
    if (c.full)
        return false;
    switch (outcome) {
    case RLV_RUN_DONE:
        break;
    case RLV_RUN_DIED:
    case RLV_RUN_DISTURBED:
        return died(b, outcome == RLV_RUN_DISTURBED, &why);
    case RLV_RUN_DOWN:
        report_failure(b, &why);
        return push_failures(b, why.text.message, false);
    case RLV_RUN_FAILED:
        if (b->n == 1)
            report_refusals(plugin, &c);
        return failed(b, &why);
    }
    report_refusals(plugin, &c);
    for (rlv_collected *kept = c.first; kept; kept = kept->next) {
        kept->answer->writes_card = plugin->info.operations & 1u << RLV_PHASE_SUMMARIZE;
        rlv_answers_push(b->subjects[kept->view]->answers, kept->answer);
    }
    return true;
}

/* There is nothing to tell but what the customer's message amends. */
static bool only_amends(const relevo_view *view)
{
    bool tells = false;
    for (uint32_t i = 0; i < view->n_fired; i++)
        tells = tells || view->fired[i]->tells;
    return view->amended && !tells;
}

/* Every subject; or, of results, those that the plugin asked for. False when the arena is full. */
static bool pick(struct batch *b, rlv_subject *subjects, size_t n, const rlv_views *views)
{
    b->subjects = rlv_arena_alloc(b->arena, n * sizeof(*b->subjects));
    b->views = rlv_arena_alloc(b->arena, n * sizeof(*b->views));
    b->results = views->results ? rlv_arena_alloc(b->arena, n * sizeof(*b->results)) : NULL;
    if (!b->subjects || !b->views || (views->results && !b->results))
        return false;
    b->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (views->results && !rlv_str_eq(subjects[i].event->plugin, b->plugin->entry))
            continue;
        if (b->phase == RLV_PHASE_NOTIFY && !subjects[i].handoff && b->plugin->info.abi_minor < TELLS_SINCE)
            continue; /* it takes every notice for that of a handoff */
        if (b->phase == RLV_PHASE_NOTIFY && only_amends(views->list[i]) && b->plugin->info.abi_minor < AMENDS_SINCE)
            continue; /* or for one of a handoff, a tip or an end */
        bool result = subjects[i].event->kind == RLV_EVENT_RESULT;
        if (b->phase == RLV_PHASE_TRIGGER && !subjects[i].message && b->plugin->info.abi_minor < (result ? RESULTS_SINCE : SILENCE_SINCE))
            continue; /* it looks for a message, or takes it for a silence */
        b->subjects[b->n] = &subjects[i];
        b->views[b->n] = views->list[i];
        if (views->results)
            b->results[b->n] = views->results[i];
        rlv_view_remember(&views->views[i], &subjects[i], b->plugin->entry);
        b->n++;
    }
    return true;
}

static int full(enum rlv_phase phase, size_t n, rlv_error *err)
{
    return rlv_error_set(err, RLV_E_LIMIT,
                         "plugins' answers in %s about %zu events do not fit into the batch's memory: "
                         "try a smaller batch",
                         rlv_phase_name(phase), n);
}

int rlv_host_call(const rlv_host *host, enum rlv_phase phase, rlv_host_caller *caller, rlv_arena *arena,
                  rlv_subject *subjects, size_t n, rlv_error *err)
{
    rlv_host_caller nobody = {.scout = NULL};
    if (n == 0 || !rlv_host_has(host, phase))
        return RLV_OK;
    rlv_views views;
    if (n > UINT32_MAX || !rlv_views_build(arena, phase, subjects, n, &views))
        return full(phase, n, err);
    for (size_t i = 0; i < host->n; i++) {
        struct batch b = {.plugin = &host->plugins[i], .phase = phase, .arena = arena, .caller = caller ? caller : &nobody};
        if (!(b.plugin->info.operations & 1u << phase))
            continue;
        if (!pick(&b, subjects, n, &views) || (b.n && !call_plugin(&b)))
            return full(phase, n, err);
    }
    return RLV_OK;
}
