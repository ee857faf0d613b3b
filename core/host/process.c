/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugins in processes of their own; see runner.h. Views go out as they are, answers come back as bytes of
 * which nothing is believed: they are copied first, then read, then judged as those of a plugin in this
 * process are. Whatever happens over there, a call ends within its budget.
 */
#include "host/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/keeper.h"
#include "confine/confine.h"

enum {
    START_MS = 60000,
    OFFENCES = 10,
    SLICE_US = 100 * 1000,
    STARVED = 3,                 /* so much longer may a call take at most whose process waits for a processor */
    ERRORS_IN_ROW = 16,          /* after so many failing calls it gets a fresh process, once a minute: */
    RENEW_US = 60 * 1000 * 1000, /* memory that it lost is an error for ever */
    SLOTS_MOST = 8
};
static const uint64_t OWN_MEMORY = (uint64_t)48 << 20; /* beside the plugin's: libraries, what is said in a call, */
static const uint64_t STACK = (uint64_t)8 << 20;      /* and a stack for each slot */

struct process_runner {
    rlv_runner base;
    rlv_arena *arena; /* names, and the start message: path, values, what may be read */
    rlv_start start;
    rlv_keeper *keeper;
    const char *entry, *room;
    uint32_t offences;
    const relevo_option *const *options;
    rlv_run_budget budget;
    int64_t start_us;
    _Atomic uint32_t errors; /* calls that failed since one did not */
    _Atomic int64_t renew_after_us;
};

static uint32_t slots(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > SLOTS_MOST ? SLOTS_MOST : (uint32_t)cores;
}

/* ---- opening
 * ---------------------------------------------------------------------------------------------------- */

/* The folder of a file. */
static const char *folder_of(rlv_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return ".";
    return slash == path ? "/" : rlv_arena_printf(arena, "%.*s", (int)(slash - path), path);
}

static int64_t start_us(int64_t start_ms)
{
    return (start_ms ? start_ms : START_MS) * 1000;
}

int rlv_process_describe(const char *path, const char *sha256, bool unconfined, int64_t start_ms, rlv_arena *arena,
                         rlv_host_plugin_info *ret_info, rlv_error *err)
{
    int64_t budget_us = start_us(start_ms);
    const char *folder = folder_of(arena, path);
    const rlv_start start = {.mode = RLV_START_DESCRIBE,
                             .slots = 1,
                             .unconfined = unconfined,
                             .parent = (int32_t)getpid(),
                             .load_s = (uint64_t)(budget_us / 1000000 + 1),
                             .path = path,
                             .sha256 = sha256,
                             .readable = &folder,
                             .n_readable = 1};
    rlv_spawned process;
    int code = rlv_spawn_open(&process, 1, err);
    if (code)
        return code;
    code = rlv_spawn_start(&process, &start, budget_us, NULL, err);
    if (code && strncmp(err->message, path, strlen(path)) != 0)
        (void)rlv_error_wrap(err, "%s", path);
    if (!code) {
        /* It has answered and is about to end; what it answered is copied before it is read. */
        rlv_error how;
        rlv_spawn_kill(&process);
        rlv_spawn_reap(&process, &how);
        rlv_ring_response *response = rlv_spawned_response(&process, 0);
        size_t used = response->used <= RLV_RING_RESPONSE_ROOM ? response->used : 0;
        rlv_str bytes = {rlv_ring_body(response, sizeof(*response)), used};
        code = rlv_described_take(path, bytes, arena, ret_info, err);
        if (!code)
            (void)snprintf(ret_info->sha256, sizeof(ret_info->sha256), "%s", sha256);
    }
    rlv_spawn_close(&process);
    return code;
}

int rlv_process_probe(unsigned *ret_enforced, rlv_error *err)
{
    const rlv_start start = {.mode = RLV_START_PROBE,
                             .slots = 1,
                             .unconfined = true,
                             .parent = (int32_t)getpid(),
                             .path = "",
                             .sha256 = ""};
    rlv_spawned process;
    int code = rlv_spawn_open(&process, 1, err);
    if (code)
        return code;
    code = rlv_spawn_start(&process, &start, start_us(0), NULL, err);
    if (!code) {
        rlv_error how;
        rlv_spawn_kill(&process);
        rlv_spawn_reap(&process, &how);
        *ret_enforced = process.enforced;
    }
    rlv_spawn_close(&process);
    return code;
}

/* ---- create
 * ----------------------------------------------------------------------------------------------------- */

static bool copy_value(rlv_arena *arena, const relevo_value *from, relevo_value *to)
{
    *to = *from;
    to->text.ptr = rlv_arena_copy(arena, (rlv_str){from->text.ptr, (size_t)from->text.len}).ptr;
    relevo_str *list = rlv_arena_zalloc(arena, (size_t)from->n_list + 1, sizeof(*list));
    for (uint64_t i = 0; list && i < from->n_list; i++) {
        list[i] = from->list[i];
        list[i].ptr = rlv_arena_copy(arena, (rlv_str){from->list[i].ptr, (size_t)from->list[i].len}).ptr;
    }
    to->list = list;
    return list != NULL;
}

/* The values for every later start, and what they let it read: its own folder, and the paths among its
 * options. */
static bool keep_values(struct process_runner *r, const relevo_value *values, size_t n)
{
    relevo_value *copy = rlv_arena_zalloc(r->arena, n + 1, sizeof(*copy));
    const char **readable = rlv_arena_zalloc(r->arena, n + 1, sizeof(*readable));
    if (!copy || !readable)
        return false;
    readable[0] = folder_of(r->arena, r->start.path);
    r->start.n_readable = 1;
    for (size_t i = 0; i < n; i++) {
        if (!copy_value(r->arena, &values[i], &copy[i]))
            return false;
        if (r->options[i]->type == RELEVO_OPTION_PATH && copy[i].text.len)
            readable[r->start.n_readable++] = copy[i].text.ptr;
    }
    r->start.readable = readable;
    r->start.values = copy;
    r->start.n_values = n;
    return !rlv_arena_overflowed(r->arena);
}

/* What the instance told when it started: it lies in the first slot until that is asked. One whose process has ended meanwhile has told
   nothing; calls will say what is the matter with it. */
static int read_intents(struct process_runner *r, rlv_intents *intents, rlv_error *err)
{
    rlv_held held;
    rlv_arena *arena = rlv_arena_new(2 * RLV_RING_RESPONSE);
    if (!arena)
        return rlv_error_set(err, RLV_E_LIMIT, "memory is short");
    if (rlv_keeper_hold(r->keeper, true, &held, err) == RLV_OK) {
        rlv_ring_response *response = rlv_spawned_response(held.process, 0);
        size_t used = response->used <= RLV_RING_RESPONSE_ROOM ? response->used : 0;
        rlv_str copy = rlv_arena_copy(arena, (rlv_str){rlv_ring_body(response, sizeof(*response)), used}); /* it may write meanwhile */
        if (copy.ptr)
            rlv_intents_take(copy, arena, intents);
        rlv_keeper_let_go(r->keeper, &held);
    }
    rlv_arena_free(arena);
    return RLV_OK;
}

static int process_create(rlv_runner *base, const relevo_value *values, size_t n, rlv_intents *intents, rlv_error *err)
{
    struct process_runner *r = (struct process_runner *)base;
    if (!keep_values(r, values, n))
        return rlv_error_set(err, RLV_E_LIMIT, "memory is short");
    const rlv_keeper_settings settings = {.entry = r->entry,
                                          .room = r->room,
                                          .slots = slots(),
                                          .start_us = r->start_us,
                                          .offences =
                                              r->offences};
    int code = rlv_keeper_new(&settings, &r->start, &r->keeper, err);
    return code ? code : read_intents(r, intents, err);
}

/* ---- calls
 * ------------------------------------------------------------------------------------------------------ */

/* Writes as many views as fit, from the first on; returns how many. */
static uint32_t write_views(const rlv_held *held, const rlv_run *run, uint32_t first)
{
    rlv_ring_request *request = rlv_spawned_request(held->process, held->slot);
    char *body = rlv_ring_body(request, sizeof(*request));
    uint64_t there = held->process->there + (uint64_t)(body - held->process->requests);
    uint32_t n = run->n - first, written = 0;
    /* The arrays of pointers first, so that what does not fit is cut off behind. */
    size_t arrays = (size_t)n * sizeof(uint64_t) * (run->results ? 2 : 1);
    if (arrays >= RLV_RING_REQUEST_ROOM)
        return 0;
    rlv_ring_writer w = {.bytes = body, .len = arrays, .max = RLV_RING_REQUEST_ROOM, .there = there};
    for (; written < n; written++) {
        uint64_t view = rlv_ring_put_view(&w, run->views[first + written]);
        uint64_t result = run->results ? rlv_ring_put_result(&w, run->results[first + written]) : 0;
        if (w.full)
            break;
        memcpy(body + written * sizeof(view), &view, sizeof(view));
        if (run->results)
            memcpy(body + ((size_t)n + written) * sizeof(result), &result, sizeof(result));
    }
    request->phase = (uint32_t)run->phase;
    request->n = written;
    request->used = (uint32_t)w.len;
    request->views = there;
    request->results = run->results ? there + (uint64_t)n * sizeof(uint64_t) : 0;
    return written;
}

/* Waits for the answer to a turn. False: there will be none, the process is dead or dying. */
static bool await(struct process_runner *r, const rlv_held *held, uint32_t turn, uint32_t n)
{
    const rlv_ring_response *response = rlv_spawned_response(held->process, held->slot);
    int64_t began = rlv_clock_mono_us(), budget = rlv_run_budget_us(&r->budget, n), looked = 0;
    rlv_usage then = {.ran_us = 0}, usage = then;
    for (;;) {
        uint32_t seen = atomic_load_explicit(&response->turn, memory_order_acquire);
        if (seen == turn)
            return true;
        if (rlv_keeper_died(r->keeper, held))
            return false;
        int64_t now = rlv_clock_mono_us(), spent = now - began;
        if (!looked && spent >= SLICE_US / 2 && rlv_keeper_usage(r->keeper, held, &then))
            looked = now;
        if (spent >= budget) {
            /* On a machine that is busy with others it is not the plugin's fault. */
            bool held_up = looked && spent < STARVED * budget && rlv_keeper_usage(r->keeper, held, &usage) &&
                           spent - rlv_usage_held_up(&then, &usage, now - looked) < budget;
            if (!held_up) {
                char text[100];
                (void)snprintf(text, sizeof(text), "gave no answer about %u events within %lld ms", n,
                               (long long)(spent / 1000));
                rlv_keeper_kill(r->keeper, held, "hang", text);
                return false;
            }
        }
        int64_t left = spent < budget ? budget - spent : SLICE_US;
        rlv_ring_wait(&response->turn, seen, left < SLICE_US ? left + 1 : SLICE_US);
    }
}

static enum rlv_run_outcome failed(rlv_run_failure *ret, const char *reason, const char *text)
{
    ret->reason = reason;
    (void)rlv_error_set(&ret->text, RLV_E_IO, "%s", text);
    return RLV_RUN_FAILED;
}

static enum rlv_run_outcome dead(struct process_runner *r, const rlv_held *held, rlv_run_failure *ret)
{
    bool disturbed;
    rlv_keeper_await_death(r->keeper, held, ret, &disturbed);
    return disturbed ? RLV_RUN_DISTURBED : RLV_RUN_DIED;
}

/* What it answered about n views from the first on, into the collector. */
static enum rlv_run_outcome read_answer(struct process_runner *r, const rlv_held *held, uint32_t first,
                                        uint32_t n, rlv_collector *c, rlv_run_failure *ret)
{
    int32_t code = RELEVO_OK;
    const char *why = "";
    char text[160];
    switch (rlv_ring_take(rlv_spawned_response(held->process, held->slot), held->copy, first, n, c, &code, &why)) {
    case RLV_RING_SAID_ANSWERS:
        return RLV_RUN_DONE;
    case RLV_RING_SAID_ERROR:
        (void)snprintf(text, sizeof(text), "returned %d", (int)code);
        return failed(ret, "error", text);
    case RLV_RING_SAID_TOO_MUCH:
        return failed(ret, "error", "said more than fits");
    case RLV_RING_SAID_SHORT:
        c->full = true;
        return RLV_RUN_FAILED;
    case RLV_RING_SAID_GARBAGE:
        break;
    }
    (void)snprintf(text, sizeof(text), "wrote over what it shares with relevo: %s", why);
    rlv_keeper_kill(r->keeper, held, "garbage", text);
    return dead(r, held, ret);
}

static enum rlv_run_outcome exchange(struct process_runner *r, const rlv_held *held, const rlv_run *run,
                                     rlv_collector *c, rlv_run_failure *ret)
{
    rlv_ring_request *request = rlv_spawned_request(held->process, held->slot);
    enum rlv_run_outcome outcome = RLV_RUN_DONE;
    for (uint32_t first = 0, n; outcome == RLV_RUN_DONE && !c->full && first < run->n; first += n) {
        n = write_views(held, run, first);
        if (!n)
            return failed(ret, "error", "is asked about an event that is too large for it");
        uint32_t turn = atomic_load(&request->turn) + 1;
        if (turn < 2)
            turn = 2; /* 0 and 1 mean that nobody answered */
        atomic_store_explicit(&request->turn, turn, memory_order_release);
        rlv_ring_wake(&request->turn);
        outcome = await(r, held, turn, n) ? read_answer(r, held, first, n, c, ret) : dead(r, held, ret);
    }
    return outcome;
}

/* Errors in a row may be memory that it lost: then a fresh process helps. */
static void count_errors(struct process_runner *r, const rlv_held *held, enum rlv_run_outcome outcome)
{
    if (outcome == RLV_RUN_DONE) {
        rlv_keeper_worked(r->keeper);
        atomic_store_explicit(&r->errors, 0, memory_order_relaxed);
    } else if (outcome == RLV_RUN_FAILED && atomic_fetch_add(&r->errors, 1) + 1 >= ERRORS_IN_ROW) {
        int64_t now = rlv_clock_mono_us(), after = atomic_load(&r->renew_after_us);
        if (now >= after && atomic_compare_exchange_strong(&r->renew_after_us, &after, now + RENEW_US))
            rlv_keeper_renew(r->keeper, held, "failed at one event after the other");
    }
}

static enum rlv_run_outcome process_call(rlv_runner *base, const rlv_run *run, rlv_collector *c,
                                         rlv_run_failure *ret_failure)
{
    struct process_runner *r = (struct process_runner *)base;
    rlv_held held;
    rlv_scout_stop(run->caller->scout); /* a copy has neither the keeper's thread nor a slot of its own */
    ret_failure->reason = "down";
    if (rlv_keeper_hold(r->keeper, run->alone, &held, &ret_failure->text))
        return RLV_RUN_DOWN;
    enum rlv_run_outcome outcome = exchange(r, &held, run, c, ret_failure);
    count_errors(r, &held, outcome);
    rlv_keeper_let_go(r->keeper, &held);
    return outcome;
}

/* ---- the rest
 * --------------------------------------------------------------------------------------------------- */

static void process_blame(rlv_runner *base)
{
    rlv_keeper_blame(((struct process_runner *)base)->keeper);
}

static bool process_release(rlv_runner *base)
{
    return rlv_keeper_release(((struct process_runner *)base)->keeper);
}

static void process_close(rlv_runner *base)
{
    struct process_runner *r = (struct process_runner *)base;
    rlv_keeper_free(r->keeper);
    rlv_arena_free(r->arena);
    free(r);
}

static const rlv_runner_type process_type = {process_create, process_call, process_blame, process_release,
                                             process_close};

int rlv_process_open(const rlv_config_plugin *entry, const char *sha256, int32_t batch_max, rlv_arena *arena,
                     rlv_host_plugin_info *ret_info, rlv_runner **ret, rlv_error *err)
{
    bool unconfined = entry->isolation == RLV_ISOLATION_UNCONFINED;
    int code = rlv_process_describe(entry->path, sha256, unconfined, entry->start_ms, arena, ret_info, err);
    if (code)
        return code;
    struct process_runner *r = calloc(1, sizeof(*r));
    rlv_arena *own = rlv_arena_new(RLV_HOST_ARENA_MAX);
    if (!r || !own) {
        free(r);
        rlv_arena_free(own);
        return rlv_error_set(err, RLV_E_LIMIT, "%s: memory is short", entry->path);
    }
    r->base.type = &process_type;
    r->arena = own;
    r->options = ret_info->options;
    r->entry = rlv_arena_printf(own, "%s", entry->name);
    r->offences = entry->offences ? (uint32_t)entry->offences : OFFENCES;
    r->room = rlv_arena_printf(own, "plugin %s", entry->name);
    r->budget = rlv_run_budget_of(entry, batch_max);
    r->start_us = start_us(entry->start_ms);
    r->start = (rlv_start){.unconfined = unconfined,
                           .memory = entry->memory ? entry->memory + OWN_MEMORY + slots() * STACK : 0,
                           .load_s = (uint64_t)(r->start_us / 1000000 + 1),
                           .path = rlv_arena_printf(own, "%s", ret_info->path),
                           .sha256 = rlv_arena_printf(own, "%s", ret_info->sha256)};
    *ret = &r->base;
    return RLV_OK;
}
