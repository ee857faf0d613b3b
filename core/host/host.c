/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the plugins of a configuration and ends them; see host.h. All or nothing: with one plugin refused
 * there is no host, since a business that configured a trigger must not run without it unawares.
 */
#include "host/internal.h"

#include <stdlib.h>

#include "host/bind.h"
#include "host/content.h"
#include "host/trust.h"

enum {
    BIND_ARENA_MAX = 32 * 1024 * 1024,
    INSPECT_MS = 5000 /* somebody waits for it */
};

static int short_of_memory(rlv_error *err)
{
    return rlv_error_set(err, RLV_E_LIMIT, "plugins: memory is short");
}

/* What is awaited by the entry's own options is named there. */
static bool place_intents(const rlv_config *config, const rlv_config_plugin *entry, const rlv_intents *intents)
{
    for (size_t i = 0; i < intents->n; i++) {
        rlv_host_intent *intent = &intents->items[i];
        if (!*intent->where) /* of what is awaited only the flow's file knows better */
            intent->where = rlv_arena_printf(intents->arena, "%s:%d", config->file, (int)entry->line);
    }
    return !rlv_arena_overflowed(intents->arena);
}

/* Binds the options and makes the instance; the bound values are gone when it returns. */
static int create(const rlv_config *config, const rlv_config_plugin *entry, rlv_arena *keep, rlv_hosted *plugin,
                  rlv_error *err)
{
    const rlv_bind_source source = {config->file, config->folder, entry->name, entry->line, entry->options};
    rlv_arena *arena = rlv_arena_new(BIND_ARENA_MAX);
    if (!arena)
        return short_of_memory(err);
    const relevo_value *values;
    int code = rlv_bind(&source, plugin->info.options, plugin->info.n_options, arena, &values, err);
    if (!code) {
        rlv_intents intents = rlv_intents_begin(keep);
        code = rlv_content_hash(plugin->info.options, values, plugin->info.n_options, &plugin->info.content, err);
        if (!code)
            code = plugin->runner->type->create(plugin->runner, values, plugin->info.n_options, &intents, err);
        if (code)
            (void)rlv_error_wrap(err, "%s:%d: plugin '%s'", config->file, (int)entry->line, entry->name);
        else if (!place_intents(config, entry, &intents))
            code = short_of_memory(err);
        plugin->info.intents = intents.items;
        plugin->info.n_intents = intents.n;
    }
    rlv_arena_free(arena);
    return code;
}

/* Before anything of it is loaded. sha256: of the file, in whose place there may be another one when it is. */
static int check_trust(const rlv_config *config, const rlv_config_plugin *entry, char sha256[RLV_FILE_SHA256], rlv_error *err)
{
    char id[RLV_TRUST_ID];
    int code = rlv_file_check(entry->path, sha256, err);
    if (!code && entry->sha256 && *entry->sha256 && strcmp(sha256, entry->sha256) != 0)
        code = rlv_error_set(err, RLV_E_REFUSED, "%s: its SHA-256 is %s, and the configuration wants %s: put the file there that was meant, or write down this one",
                             entry->path, sha256, entry->sha256);
    if (!code && config->trust.require_signature && !entry->ours)
        code = rlv_trust_verify(entry->path, sha256, config->trust.keys, config->trust.n_keys, id, err);
    return code;
}

static int open_plugin(const rlv_config *config, const rlv_config_plugin *entry, rlv_arena *arena,
                       rlv_hosted *plugin, rlv_error *err)
{
    const rlv_run_budget budget = rlv_run_budget_of(entry, config->consume.batch_max);
    char sha256[RLV_FILE_SHA256];
    int code = check_trust(config, entry, sha256, err);
    if (!code)
        code = entry->isolation == RLV_ISOLATION_INLINE
                   ? rlv_inline_open(entry->path, sha256, &budget, arena, &plugin->info, &plugin->runner, err)
                   : rlv_process_open(entry, sha256, config->consume.batch_max, arena, &plugin->info, &plugin->runner, err);
    if (code) {
        (void)rlv_error_wrap(err, "%s:%d: plugin '%s'", config->file, (int)entry->line, entry->name);
        return code;
    }
    code = create(config, entry, arena, plugin, err);
    if (code)
        goto fail;
    plugin->entry = rlv_arena_copy(arena, rlv_str_from(entry->name));
    plugin->room = rlv_arena_printf(arena, "plugin %s", entry->name);
    if (!plugin->entry.ptr || !plugin->room[0]) {
        code = short_of_memory(err);
        goto fail;
    }
    plugin->info.entry = plugin->entry.ptr;
    rlv_hosted_metrics(plugin);
    return RLV_OK;
fail:
    plugin->runner->type->close(plugin->runner);
    plugin->runner = NULL;
    return code;
}

int rlv_host_new(const rlv_config *config, rlv_host **ret, rlv_error *err)
{
    rlv_host *host = calloc(1, sizeof(*host));
    if (!host)
        return short_of_memory(err);
    host->arena = rlv_arena_new(RLV_HOST_ARENA_MAX);
    host->plugins =
        host->arena ? rlv_arena_zalloc(host->arena, config->n_plugins, sizeof(*host->plugins)) : NULL;
    int code = host->plugins ? RLV_OK : short_of_memory(err);
    for (size_t i = 0; !code && i < config->n_plugins; i++) {
        code = open_plugin(config, &config->plugins[i], host->arena, &host->plugins[i], err);
        if (code)
            break;
        host->operations |= host->plugins[i].info.operations;
        host->n++;
    }
    if (code) {
        rlv_host_free(host);
        return code;
    }
    *ret = host;
    return RLV_OK;
}

void rlv_host_free(rlv_host *host)
{
    if (!host)
        return;
    for (size_t i = host->n; i > 0; i--)
        host->plugins[i - 1].runner->type->close(host->plugins[i - 1].runner);
    rlv_arena_free(host->arena);
    free(host);
}

bool rlv_host_has(const rlv_host *host, enum rlv_phase phase)
{
    return host->operations & 1u << phase;
}

size_t rlv_host_count(const rlv_host *host)
{
    return host->n;
}

const rlv_host_plugin_info *rlv_host_info(const rlv_host *host, size_t i)
{
    return &host->plugins[i].info;
}

uint64_t rlv_host_hash(uint64_t hash, const rlv_host_plugin_info *const *plugins, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t both[2] = {hash, plugins[i]->content};
        unsigned char bytes[sizeof(both)];
        for (size_t k = 0; k < sizeof(bytes); k++) /* in one order of bytes on every machine */
            bytes[k] = (unsigned char)(both[k / 8] >> 8 * (k % 8));
        hash = plugins[i]->content ? rlv_str_hash((rlv_str){(const char *)bytes, sizeof(bytes)}) : hash;
    }
    return hash;
}

bool rlv_host_release(const rlv_host *host, const char *entry, bool *ret_known)
{
    bool released = false;
    *ret_known = false;
    for (size_t i = 0; i < host->n; i++) {
        rlv_runner *runner = host->plugins[i].runner;
        if (strcmp(host->plugins[i].info.entry, entry) != 0)
            continue;
        *ret_known = true;
        released = runner->type->release && runner->type->release(runner);
    }
    return released;
}

int rlv_host_inspect(const char *path, bool unconfined, rlv_arena *arena, rlv_host_plugin_info *ret, unsigned *ret_enforced,
                     rlv_error *err)
{
    unsigned enforced = 0;
    char sha256[RLV_FILE_SHA256];
    int code = rlv_file_check(path, sha256, err);
    if (!code && ret_enforced) /* of a process that loads nothing: one that did could say anything */
        code = rlv_process_probe(&enforced, err);
    if (!code)
        code = rlv_process_describe(path, sha256, unconfined, INSPECT_MS, arena, ret, err);
    if (code == RLV_E_TIMEOUT) /* no instance is made: nothing of it has run but that */
        return rlv_error_set(err, code, "%s: loading it did not end within %d s: one of its constructors, or of a library that it links, "
                             "hangs or is too slow", path, INSPECT_MS / 1000);
    if (code)
        return code;
    ret->entry = ret->name;
    if (ret_enforced)
        *ret_enforced = enforced;
    return RLV_OK;
}

int rlv_host_confinement(unsigned *ret_enforced, rlv_error *err)
{
    return rlv_process_probe(ret_enforced, err);
}

int rlv_host_tool(const char *path, int argc, char *const *argv, int *ret_exit, rlv_error *err)
{
    return rlv_inline_tool(path, argc, (const char *const *)argv, ret_exit, err);
}

const char *rlv_host_kind_name(uint32_t kind)
{
    static const char *const names[] = {"unknown", "classifier", "trigger", "responder",
                                        "router",  "summarizer", "notifier"};
    return kind < sizeof(names) / sizeof(*names) ? names[kind] : names[0];
}

const char *rlv_host_option_type_name(uint32_t type)
{
    static const char *const names[] = {"unknown",  "string", "integer", "real", "boolean",
                                        "duration", "path",   "list",    "json"};
    return type < sizeof(names) / sizeof(*names) ? names[type] : names[0];
}
