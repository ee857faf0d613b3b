/* SPDX-License-Identifier: Apache-2.0 */
/* Where plugins lie, and where they run. Must never open one: that is the host's work. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/draft.h"

enum { PATHS = 64 * 1024 };

/* Where the program lies decides where its plugins are: installed as bin/ and lib/relevo/, or in a build
 * folder. */
const char *rlv_plugins_folder(rlv_arena *arena)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash = n > 0 ? memrchr(self, '/', (size_t)n) : NULL;
    if (!slash)
        return "/usr/lib/relevo/plugins";
    *slash = '\0';
    const char *installed = rlv_arena_printf(arena, "%s/../lib/relevo/plugins", self);
    const char *beside = rlv_arena_printf(arena, "%s/plugins", self);
    return access(installed, F_OK) != 0 && access(beside, F_OK) == 0 ? beside : installed;
}

const char *rlv_plugins_path(rlv_arena *arena, const char *folder, const rlv_config_plugin *entry)
{
    if (*entry->path)
        return entry->path[0] == '/' ? entry->path : rlv_arena_printf(arena, "%s/%s", folder, entry->path);
    const char *plain = rlv_arena_printf(arena, "%s/%s.so", folder, entry->name);
    const char *trigger = rlv_arena_printf(arena, "%s/triggers/%s.so", folder, entry->name);
    return access(plain, F_OK) != 0 && access(trigger, F_OK) == 0 ? trigger : plain;
}

/* True when path lies in folder or in a folder below, whatever links lead there. */
static bool below(const char *folder, const char *path)
{
    char *top = realpath(folder, NULL), *file = realpath(path, NULL);
    size_t n = top ? strlen(top) : 0;
    bool is = top && file && strncmp(file, top, n) == 0 && file[n] == '/';
    free(top);
    free(file);
    return is;
}

/* Who may write into the folder that belongs to the program may replace the program: what lies there needs no wall, and no signature. Where
   the operator says that plugins lie (plugin_dir) is not it. */
bool rlv_config_ours(const char *path)
{
    rlv_arena *arena = rlv_arena_new(PATHS);
    bool is = arena && below(rlv_plugins_folder(arena), path);
    rlv_arena_free(arena);
    return is;
}

enum rlv_isolation rlv_plugins_isolation(const char *word, const char *path)
{
    if (word && strcmp(word, "process_unconfined") == 0)
        return RLV_ISOLATION_UNCONFINED;
    if (word && strcmp(word, "process") == 0)
        return RLV_ISOLATION_PROCESS;
    if (word && strcmp(word, "inline") == 0)
        return RLV_ISOLATION_INLINE;
    return rlv_config_ours(path) ? RLV_ISOLATION_INLINE : RLV_ISOLATION_PROCESS;
}

int rlv_config_replace_plugin(rlv_config *config, rlv_str entry, const char *path, rlv_error *err)
{
    size_t i = 0;
    while (i < config->n_plugins && !rlv_str_is(entry, config->plugins[i].name))
        i++;
    if (i == config->n_plugins)
        return rlv_error_set(err, RLV_E_NOT_FOUND, "%s has no plugin '%.*s' below plugins:", config->file,
                             RLV_STR_ARG(entry));
    if (access(path, R_OK) != 0)
        return rlv_error_set(err, RLV_E_NOT_FOUND, "%s cannot be read: give the path of a .so", path);
    rlv_config_plugin *plugins = rlv_arena_zalloc(config->arena, config->n_plugins, sizeof(*plugins));
    char *copy = rlv_arena_alloc(config->arena, strlen(path) + 1);
    if (!plugins || !copy)
        return rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    memcpy(plugins, config->plugins, config->n_plugins * sizeof(*plugins));
    memcpy(copy, path, strlen(path) + 1);
    plugins[i].path = copy;
    plugins[i].sha256 = ""; /* that was of the file which it replaces */
    plugins[i].ours = rlv_config_ours(path);
    if (plugins[i].isolation == RLV_ISOLATION_INLINE)
        plugins[i].isolation = rlv_plugins_isolation(NULL, path);
    config->plugins = plugins;
    return RLV_OK;
}

bool rlv_config_find_plugin(const char *name, char *ret_path, size_t size)
{
    rlv_arena *arena = rlv_arena_new(PATHS);
    if (!arena)
        return false;
    const char *folder = getenv("RELEVO_PLUGIN_DIR");
    if (!folder || !*folder)
        folder = rlv_plugins_folder(arena);
    const rlv_config_plugin entry = {.name = name, .path = ""};
    const char *path = rlv_plugins_path(arena, folder, &entry);
    bool found = access(path, F_OK) == 0 && strlen(path) < size;
    if (found)
        (void)snprintf(ret_path, size, "%s", path);
    rlv_arena_free(arena);
    return found;
}
