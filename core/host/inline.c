/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plugins in this process: for code that is trusted as much as the binary is. What crashes here ends the consumer; so its
 * successor, which is wary, lets a copy of itself call them first. What that does not survive is taken as from a process that died.
 */
#include "host/runner.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "host/load.h"

struct inline_runner {
    rlv_runner base;
    const relevo_plugin *plugin;
    void *instance;
    bool created;
    rlv_run_budget budget;
};

static int inline_create(rlv_runner *base, const relevo_value *values, size_t n, rlv_intents *intents, rlv_error *err)
{
    (void)n;
    struct inline_runner *runner = (struct inline_runner *)base;
    int code = rlv_load_create(runner->plugin, values, &runner->instance, err);
    runner->created = code == RLV_OK && runner->plugin->create;
    if (!code)
        rlv_load_intents(runner->plugin, runner->instance, intents);
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

/* A copy of this process was asked first, and this is how it ended. */
static enum rlv_run_outcome not_survived(const struct inline_runner *runner, const rlv_run *run, rlv_run_failure *ret_failure)
{
    const rlv_scout *scout = run->caller->scout;
    bool hung = scout->outcome == RLV_REHEARSED_HUNG || scout->outcome == RLV_REHEARSED_STUCK; /* it may neither loop nor wait */
    ret_failure->reason = hung ? "hang" : "crash"; /* killed, too: if memory ran out, it will again */
    ret_failure->text = scout->how;
    if (hung)
        (void)rlv_error_set(&ret_failure->text, RLV_E_TIMEOUT, "gave no answer about %u events within %lld ms", run->n,
                            (long long)rlv_run_budget_us(&runner->budget, run->n) / 1000);
    return RLV_RUN_DIED;
}

static enum rlv_run_outcome inline_call(rlv_runner *base, const rlv_run *run, rlv_collector *collector,
                                        rlv_run_failure *ret_failure)
{
    const struct inline_runner *runner = (const struct inline_runner *)base;
    if (!rlv_scout_part(run->caller->scout, rlv_run_budget_us(&runner->budget, run->n), true))
        return not_survived(runner, run, ret_failure);
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

int rlv_inline_open(const char *path, const char *sha256, const rlv_run_budget *budget, rlv_arena *arena, rlv_host_plugin_info *ret_info,
                    rlv_runner **ret, rlv_error *err)
{
    struct inline_runner *runner = calloc(1, sizeof(*runner));
    if (!runner)
        return rlv_error_set(err, RLV_E_LIMIT, "%s: memory is short", path);
    int code = rlv_load(path, sha256, arena, ret_info, &runner->plugin, err);
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
    int code = rlv_load(path, "", arena, &info, &plugin, err);
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
