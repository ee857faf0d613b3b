/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading, see load.h. dlopen runs static constructors before anything can be checked: only a process of its
 * own can hold those. From then on, nothing of the plugin runs before its descriptor was checked, and nothing
 * is ever unloaded: a thread, an atexit handler or a borrowed constant of the plugin may outlive us.
 */
#include "host/load.h"

#include <dlfcn.h>
#include <link.h>

#include "host/check.h"
#include "host/file.h"

enum {
    PLUGIN_ERROR_SIZE = 400
};

/* The last dlerror without the path that our own message begins with. */
static const char *loader_error(const char *path)
{
    const char *text = dlerror();
    size_t len = strlen(path);
    if (!text)
        return "the loader gives no reason";
    return strncmp(text, path, len) == 0 && strncmp(text + len, ": ", 2) == 0 ? text + len + 2 : text;
}

/* Finds the descriptor in a loaded object, and how large the object says that it is. */
static int find_descriptor(const char *path, void *handle, const relevo_plugin **ret, size_t *ret_size,
                           rlv_error *err)
{
    const void *symbol = dlsym(handle, RELEVO_PLUGIN_SYMBOL);
    if (!symbol)
        return rlv_error_set(err, RLV_E_REFUSED,
                             "%s: %s is missing: define it with RELEVO_EXPORT, see docs/plugins.md", path,
                             RELEVO_PLUGIN_SYMBOL);
    if ((uintptr_t)symbol % _Alignof(relevo_plugin))
        return rlv_error_set(err, RLV_E_REFUSED, "%s: %s is not aligned: declare it as a relevo_plugin", path,
                             RELEVO_PLUGIN_SYMBOL);
    Dl_info where;
    void *extra = NULL;
    *ret_size = 0;
    if (dladdr1(symbol, &where, &extra, RTLD_DL_SYMENT) && extra && where.dli_saddr == symbol) {
        const ElfW(Sym) *entry = extra;
        /* The macro is the same for both classes. */
        if (ELF64_ST_TYPE(entry->st_info) == STT_FUNC)
            return rlv_error_set(err, RLV_E_REFUSED,
                                 "%s: %s is a function: declare it as a const relevo_plugin", path,
                                 RELEVO_PLUGIN_SYMBOL);
        *ret_size = entry->st_size;
    }
    *ret = symbol;
    return RLV_OK;
}

static void fill_info(const relevo_plugin *p, const char *path, const relevo_option *const *options,
                      rlv_host_plugin_info *info)
{
    const bool has[RLV_PHASES] = {[RLV_PHASE_CLASSIFY] = p->classify,   [RLV_PHASE_TRIGGER] = p->trigger,
                                  [RLV_PHASE_RESPOND] = p->respond,     [RLV_PHASE_ROUTE] = p->route,
                                  [RLV_PHASE_SUMMARIZE] = p->summarize, [RLV_PHASE_NOTIFY] = p->notify,
                                  [RLV_PHASE_RESULT] = p->on_result};
    info->entry = info->name = p->name;
    info->version = p->version;
    info->summary = p->summary;
    info->kind = p->kind;
    info->path = path;
    info->abi_major = p->abi_major;
    info->abi_minor = p->abi_minor;
    info->operations = 0;
    for (unsigned i = 0; i < RLV_PHASES; i++)
        info->operations |= has[i] ? 1u << i : 0;
    info->has_tool = p->tool;
    info->tells_intents = RELEVO_HAS(p, intents) && p->intents;
    info->options = options;
    info->n_options = p->n_options;
}

/* The plugin's own words, made safe for a line of ours. */
static int create_failed(int32_t result, const char *said, rlv_error *err)
{
    char line[PLUGIN_ERROR_SIZE];
    size_t len = strnlen(said, sizeof(line) - 1);
    for (size_t i = 0; i < len; i++)
        line[i] = (unsigned char)said[i] < 0x20 ? ' ' : said[i];
    line[len] = '\0';
    if (!len)
        return rlv_error_set(err, RLV_E_CONFIG, "its create failed (%d) without saying why", (int)result);
    if (!rlv_str_utf8((rlv_str){line, len}))
        return rlv_error_set(err, RLV_E_CONFIG, "its create failed (%d) with a message that is not UTF-8",
                             (int)result);
    return rlv_error_set(err, RLV_E_CONFIG, "%s", line);
}

int rlv_load_create(const relevo_plugin *plugin, const relevo_value *values, void **ret_instance,
                    rlv_error *err)
{
    char said[PLUGIN_ERROR_SIZE] = "";
    void *instance = NULL;
    if (plugin->create) {
        int32_t result = plugin->create(values, &instance, said, sizeof(said));
        if (result != RELEVO_OK)
            return create_failed(result, said, err);
    }
    *ret_instance = instance;
    return RLV_OK;
}

void rlv_load_intents(const relevo_plugin *plugin, void *instance, rlv_intents *intents)
{
    if (RELEVO_HAS(plugin, intents) && plugin->intents)
        plugin->intents(instance, &intents->to);
}

int32_t rlv_load_call(const relevo_plugin *p, void *instance, enum rlv_phase phase,
                      const relevo_view *const *views, const relevo_result *const *results, uint32_t n,
                      const relevo_sink *sink)
{
    int32_t (*const operations[])(void *, const relevo_view *const *, uint32_t, const relevo_sink *) = {
        p->classify, p->trigger, p->respond, p->route, p->summarize, p->notify};
    if (phase == RLV_PHASE_RESULT)
        return p->on_result(instance, views, results, n, sink);
    return operations[phase](instance, views, n, sink);
}

int rlv_load(const char *path, const char *sha256, rlv_arena *arena, rlv_host_plugin_info *ret_info, const relevo_plugin **ret,
             rlv_error *err)
{
    rlv_host_plugin_info info = {0};
    int code = rlv_file_check(path, info.sha256, err);
    if (!code && sha256[0] && strcmp(sha256, info.sha256) != 0)
        code = rlv_error_set(err, RLV_E_REFUSED, "%s: has changed since it was checked: restart relevo to use the new file", path);
    if (code)
        return code;
    /* A bare name would be looked for in the system's folders. */
    const char *file =
        strchr(path, '/') ? rlv_arena_printf(arena, "%s", path) : rlv_arena_printf(arena, "./%s", path);
    if (!file[0])
        return rlv_error_set(err, RLV_E_LIMIT, "%s: memory is short", path);
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    const relevo_plugin *plugin = NULL;
    const relevo_option *const *options = NULL;
    size_t symbol_size;
    if (!handle)
        code = rlv_error_set(err, RLV_E_REFUSED, "%s: cannot be loaded: %s", path, loader_error(file));
    if (!code)
        code = find_descriptor(path, handle, &plugin, &symbol_size, err);
    if (!code)
        code = rlv_check_descriptor(path, plugin, symbol_size, arena, &options, err);
    if (code)
        return code;
    fill_info(plugin, file, options, &info);
    *ret_info = info;
    *ret = plugin;
    return RLV_OK;
}
