/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam between what the host does for every plugin (binding, views, checking answers, blame, metrics) and
 * where the plugin's code runs: in this process (inline.c), or in one of its own that gets the same views as
 * plain buffers (process.c). No runner is asked for more than this.
 */
#ifndef RLV_HOST_RUNNER_H
#define RLV_HOST_RUNNER_H

#include "base/arena.h"
#include "config/config.h"
#include "host/answer.h"
#include "host/intents.h"

typedef struct rlv_runner rlv_runner;

/* One call: an operation over n >= 1 views. */
typedef struct rlv_run {
    enum rlv_phase phase;
    const relevo_view *const *views;
    const relevo_result *const *results; /* NULL but in RLV_PHASE_RESULT */
    uint32_t n;
    int64_t began_us; /* monotonic clock */
    bool alone; /* nothing else may run in the instance meanwhile: this call is to be blamed for what happens
                 */
    rlv_host_caller *caller; /* if it has a scout, these events must not be able to end this process */
} rlv_run;

/* How long a call may take, us of wall time: so long for one event, growing to batch_us for batch_max of them. */
typedef struct rlv_run_budget {
    int64_t event_us, batch_us, batch_max;
} rlv_run_budget;

/* Of an entry of the configuration; batch_max: events of a full batch. */
rlv_run_budget rlv_run_budget_of(const rlv_config_plugin *entry, int32_t batch_max);
int64_t rlv_run_budget_us(const rlv_run_budget *budget, uint32_t n);

enum rlv_run_outcome {
    RLV_RUN_DONE,
    RLV_RUN_FAILED,    /* the plugin said so; it goes on */
    RLV_RUN_DIED,      /* its process ended of this call */
    RLV_RUN_DISTURBED, /* its process ended while this call and others ran, or for a reason of ours: ask again, alone */
    RLV_RUN_DOWN       /* it was not even asked, and will not be for a while */
};

typedef struct rlv_run_failure {
    const char *reason; /* a short stable word for metrics: "error", "crash", "hang", "garbage", "down" */
    rlv_error text;     /* one line: "was killed by signal 11 (Segmentation fault)" */
} rlv_run_failure;

typedef struct rlv_runner_type {
    /* Makes the instance from n values, and has it tell of its intents; once, before any call. RLV_E_CONFIG: err is what the plugin says, on
       one line; any other code: its process could not do it. */
    int (*create)(rlv_runner *runner, const relevo_value *values, size_t n, rlv_intents *intents, rlv_error *err);
    /*
     * Runs a call. What the plugin answered is in the collector when it returns; after anything but
     * RLV_RUN_DONE that is void, and *ret_failure says why. collector->full: so is it. Several threads at
     * once.
     */
    enum rlv_run_outcome (*call)(rlv_runner *runner, const rlv_run *run, rlv_collector *collector,
                                 rlv_run_failure *ret_failure);
    /* A single event was found to be what it dies of. NULL: nobody counts. Any thread. */
    void (*blame)(rlv_runner *runner);
    /* Ends a quarantine; false: there is none. NULL: there is never one. Any thread. */
    bool (*release)(rlv_runner *runner);
    /* Destroys the instance, if there is one, and frees the runner. No call is running. */
    void (*close)(rlv_runner *runner);
} rlv_runner_type;

struct rlv_runner {
    const rlv_runner_type *type;
};

/* Loads and checks path for this process; sha256 as of rlv_load. budget: of calls that are feared. *ret_info (but for `entry`) and its option table live in arena and
   in the code, which is never unloaded. Errors as rlv_host_inspect. */
RLV_MUST_CHECK int rlv_inline_open(const char *path, const char *sha256, const rlv_run_budget *budget, rlv_arena *arena,
                                   rlv_host_plugin_info *ret_info, rlv_runner **ret, rlv_error *err);

/* Runs the plugin's tool in this process, as rlv_host_tool. */
RLV_MUST_CHECK int rlv_inline_tool(const char *path, int argc, const char *const *argv, int *ret_exit,
                                   rlv_error *err);

/*
 * Describes path from a confined process of its own, and makes a runner that will have another one for its
 * instance. sha256 as of rlv_load. entry: of the configuration, for its limits and its name; its strings must outlive the runner.
 * batch_max: events of a full batch. Errors as rlv_host_inspect; RLV_E_UNAVAILABLE: no such process can be
 * had here.
 */
RLV_MUST_CHECK int rlv_process_open(const rlv_config_plugin *entry, const char *sha256, int32_t batch_max, rlv_arena *arena,
                                    rlv_host_plugin_info *ret_info, rlv_runner **ret, rlv_error *err);

/* The description alone. sha256: of the file as it was looked at here; nothing of another one is loaded. start_ms: how long that may take; 0: a
 * minute. */
RLV_MUST_CHECK int rlv_process_describe(const char *path, const char *sha256, bool unconfined, int64_t start_ms, rlv_arena *arena,
                                        rlv_host_plugin_info *ret_info, rlv_error *err);

/* What a process for a plugin would be held by on this machine. RLV_E_UNAVAILABLE: there can be none. */
RLV_MUST_CHECK int rlv_process_probe(unsigned *ret_enforced, rlv_error *err);

#endif
