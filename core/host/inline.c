/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugins in this process: for code that is trusted as much as the binary is. What crashes here ends the consumer; so its
 * successor, which is wary, has them called in copies of itself. What they answer there comes back as from a process.
 */
#include "host/runner.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/log.h"
#include "base/rehearse.h"
#include "host/load.h"
#include "host/ring.h"

struct inline_runner {
    rlv_runner base;
    const relevo_plugin *plugin;
    void *instance;
    bool created;
    rlv_run_budget budget;
};

static int inline_create(rlv_runner *base, const relevo_value *values, size_t n, rlv_error *err)
{
    (void)n;
    struct inline_runner *runner = (struct inline_runner *)base;
    int code = rlv_load_create(runner->plugin, values, &runner->instance, err);
    runner->created = code == RLV_OK && runner->plugin->create;
    return code;
}

static enum rlv_run_outcome returned(int32_t result, rlv_run_failure *ret_failure)
{
    if (result == RELEVO_OK)
        return RLV_RUN_DONE;
    ret_failure->reason = "error";
    (void)rlv_error_set(&ret_failure->text, RLV_E_IO, "returned %d", (int)result);
    return RLV_RUN_FAILED;
}

/* ---- in a copy of this process ---------------------------------------------------------------------------------- */

/* A call in the copy. The sink is first: it is what the plugin gets. */
struct copied {
    relevo_sink sink;
    const struct inline_runner *runner;
    const rlv_run *run;
    rlv_collector *collector; /* the copy's own: this process sees nothing of what it takes */
    rlv_ring_response *response;
    rlv_ring_writer writer;
};

static int32_t copied_emit(const relevo_sink *sink, uint32_t view, const relevo_answer *answer)
{
    struct copied *c = (struct copied *)(uintptr_t)sink;
    int32_t code = c->collector->sink.emit(&c->collector->sink, view, answer);
    if (code == RELEVO_OK)
        rlv_ring_put_answer(&c->writer, view, answer);
    return code == RELEVO_OK && c->writer.full ? RELEVO_E_LIMIT : code;
}

static void copied_log(const relevo_sink *sink, uint32_t level, relevo_str line)
{
    struct copied *c = (struct copied *)(uintptr_t)sink;
    if (c->collector->log_lines++ <= RLV_HOST_LOG_LINES_MAX)
        rlv_ring_put_line(&c->writer, level, line);
}

static void play(void *context)
{
    struct copied *c = context;
    const rlv_run *run = c->run;
    c->response->code = rlv_load_call(c->runner->plugin, c->runner->instance, run->phase, run->views, run->results, run->n,
                                      &c->sink);
    for (uint32_t i = 1; i < RLV_REFUSALS; i++)
        if (c->collector->refused[i])
            rlv_ring_put_refusals(&c->writer, i, (uint32_t)c->collector->refused[i], c->collector->why[i]);
    c->response->used = (uint32_t)c->writer.len;
    c->response->status = c->collector->full ? RLV_RING_NOTHING : c->writer.full ? RLV_RING_FULL : RLV_RING_DONE;
}

/* What the copy left in the memory that it shared; it is gone, so nobody writes there any more. */
static enum rlv_run_outcome take(const struct copied *c, rlv_run_failure *ret_failure)
{
    const rlv_ring_response *r = c->response;
    const char *why = "its length leads outside";
    if (r->status == RLV_RING_NOTHING) { /* its arena was full, and so would ours be */
        c->collector->full = true;
        return RLV_RUN_FAILED;
    }
    if (r->status == RLV_RING_FULL) {
        ret_failure->reason = "error";
        (void)rlv_error_set(&ret_failure->text, RLV_E_IO, "said more than fits");
        return RLV_RUN_FAILED;
    }
    enum rlv_run_outcome outcome = returned(r->code, ret_failure);
    if (outcome != RLV_RUN_DONE || (r->used <= RLV_RING_RESPONSE_ROOM &&
                                    rlv_ring_read(c->writer.bytes, r->used, 0, c->run->n, c->collector, &why)))
        return outcome;
    ret_failure->reason = "garbage";
    (void)rlv_error_set(&ret_failure->text, RLV_E_IO, "wrote over what it shares with relevo: %s", why);
    return RLV_RUN_DIED;
}

/* *ret_tried: false: there can be no copy. */
static enum rlv_run_outcome call_in_copy(const struct inline_runner *runner, const rlv_run *run, rlv_collector *collector,
                                         bool *ret_tried, rlv_run_failure *ret_failure)
{
    *ret_tried = false;
    rlv_ring_response *shared =
        mmap(NULL, RLV_RING_RESPONSE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (shared == MAP_FAILED)
        return RLV_RUN_FAILED;
    struct copied c = {.sink = {.size = sizeof(c.sink), .emit = copied_emit, .log = copied_log},
                       .runner = runner,
                       .run = run,
                       .collector = collector,
                       .response = shared,
                       .writer = {.bytes = rlv_ring_body(shared, sizeof(*shared)), .max = RLV_RING_RESPONSE_ROOM}};
    enum rlv_run_outcome outcome = RLV_RUN_DIED;
    *ret_tried = true;
    switch (rlv_rehearse(play, &c, rlv_run_budget_us(&runner->budget, run->n), &ret_failure->text)) {
    case RLV_REHEARSED_WELL:
        outcome = take(&c, ret_failure);
        break;
    case RLV_REHEARSED_DIED:
    case RLV_REHEARSED_KILLED: /* if memory ran out, it will again */
        ret_failure->reason = "crash";
        break;
    case RLV_REHEARSED_HUNG:
        ret_failure->reason = "hang";
        (void)rlv_error_set(&ret_failure->text, RLV_E_TIMEOUT, "gave no answer about %u events within %lld ms", run->n,
                            (long long)rlv_run_budget_us(&runner->budget, run->n) / 1000);
        break;
    case RLV_REHEARSED_NOT:
        *ret_tried = false;
        break;
    }
    (void)munmap(shared, RLV_RING_RESPONSE);
    return outcome;
}

/* ---- calls -------------------------------------------------------------------------------------------------------- */

static enum rlv_run_outcome inline_call(rlv_runner *base, const rlv_run *run, rlv_collector *collector,
                                        rlv_run_failure *ret_failure)
{
    const struct inline_runner *runner = (const struct inline_runner *)base;
    bool tried = false;
    if (run->caller->wary) {
        enum rlv_run_outcome outcome = call_in_copy(runner, run, collector, &tried, ret_failure);
        if (tried)
            return outcome;
        rlv_log(RLV_LOG_WARN, collector->room, "cannot be called in a copy of this process (%s), so a crash of it ends "
                "the process", ret_failure->text.message);
    }
    atomic_store_explicit(&run->caller->busy_with, collector->entry.ptr, memory_order_relaxed);
    atomic_store_explicit(&run->caller->busy_us, run->began_us, memory_order_release);
    int32_t result = rlv_load_call(runner->plugin, runner->instance, run->phase, run->views, run->results, run->n,
                                   &collector->sink);
    atomic_store_explicit(&run->caller->busy_us, 0, memory_order_relaxed);
    return returned(result, ret_failure);
}

static void inline_close(rlv_runner *base)
{
    struct inline_runner *runner = (struct inline_runner *)base;
    if (runner->created && runner->plugin->destroy)
        runner->plugin->destroy(runner->instance);
    free(runner);
}

static const rlv_runner_type inline_type = {
    .create = inline_create, .call = inline_call, .close = inline_close};

int rlv_inline_open(const char *path, const rlv_run_budget *budget, rlv_arena *arena, rlv_host_plugin_info *ret_info,
                    rlv_runner **ret, rlv_error *err)
{
    struct inline_runner *runner = calloc(1, sizeof(*runner));
    if (!runner)
        return rlv_error_set(err, RLV_E_LIMIT, "%s: memory is short", path);
    int code = rlv_load(path, arena, ret_info, &runner->plugin, err);
    if (code) {
        free(runner);
        return code;
    }
    runner->base.type = &inline_type;
    runner->budget = *budget;
    *ret = &runner->base;
    return RLV_OK;
}

int rlv_inline_tool(const char *path, int argc, const char *const *argv, int *ret_exit, rlv_error *err)
{
    rlv_arena *arena = rlv_arena_new(RLV_HOST_ARENA_MAX);
    if (!arena)
        return rlv_error_set(err, RLV_E_LIMIT, "%s: memory is short", path);
    rlv_host_plugin_info info;
    const relevo_plugin *plugin;
    int code = rlv_load(path, arena, &info, &plugin, err);
    if (!code && !info.has_tool)
        code =
            rlv_error_set(err, RLV_E_NOT_FOUND, "%s: plugin '%s' has no command-line tool", path, info.name);
    const char **words = code ? NULL : calloc((size_t)argc + 2, sizeof(*words));
    if (!code && !words)
        code = rlv_error_set(err, RLV_E_LIMIT, "%s: memory is short", path);
    if (!code) {
        for (int i = 0; i < argc; i++)
            words[i] = argv[i];
        words[0] = info.name;
        *ret_exit = plugin->tool(argc > 0 ? argc : 1, words);
    }
    free(words);
    rlv_arena_free(arena);
    return code;
}
