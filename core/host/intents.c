/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The intents of plugins; see intents.h. A misspelt one is no error of any plugin alone: each says what it knows, and only here they meet. It must
 * never judge where somebody reads intents and does not say which.
 */
#include "host/intents.h"

#include "config/value.h"
#include "host/answer.h"

enum {
    WHERE_MAX = 512,
    SHOWN = 20
};

static bool readable(rlv_str text, size_t max)
{
    if (text.len > max || !rlv_str_utf8(text))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return false;
    return true;
}

void rlv_intents_add(rlv_intents *s, rlv_str name, rlv_str where, bool awaited)
{
    if (!name.len || !readable(name, RLV_HOST_NAME_MAX) || !readable(where, WHERE_MAX))
        return;
    if (s->n == s->room) {
        size_t room = s->room ? 2 * s->room : 64;
        rlv_host_intent *larger = room <= RLV_HOST_INTENTS_MAX ? rlv_arena_zalloc(s->arena, room, sizeof(*larger)) : NULL;
        if (!larger) {
            s->full = true;
            return;
        }
        if (s->n)
            memcpy(larger, s->items, s->n * sizeof(*larger));
        s->items = larger;
        s->room = room;
    }
    rlv_host_intent made = {rlv_arena_copy(s->arena, name).ptr, where.len ? rlv_arena_copy(s->arena, where).ptr : "", awaited};
    if (made.name && made.where)
        s->items[s->n++] = made;
    else
        s->full = true;
}

static void reads(const relevo_intents *to, relevo_str intent)
{
    rlv_intents_add((rlv_intents *)(uintptr_t)to, (rlv_str){intent.ptr, (size_t)intent.len}, RLV_STR(""), false);
}

static void awaits(const relevo_intents *to, relevo_str intent, relevo_str where)
{
    rlv_intents_add((rlv_intents *)(uintptr_t)to, (rlv_str){intent.ptr, (size_t)intent.len}, (rlv_str){where.ptr, (size_t)where.len}, true);
}

rlv_intents rlv_intents_begin(rlv_arena *arena)
{
    return (rlv_intents){.to = {.size = sizeof(relevo_intents), .reads = reads, .awaits = awaits}, .arena = arena};
}

/* ---- where they meet
 * -------------------------------------------------------------------------------------------- */

/* All that are read, each once per plugin. NULL, *ret_n 0: none, or somebody does not say. */
static const char **all_read(const rlv_host_plugin_info *const *plugins, size_t n, rlv_arena *arena, size_t *ret_n)
{
    size_t most = 0, found = 0;
    *ret_n = 0;
    for (size_t i = 0; i < n; i++) {
        if (plugins[i]->operations & 1u << RLV_PHASE_CLASSIFY && !plugins[i]->tells_intents)
            return NULL;
        most += plugins[i]->n_intents;
    }
    const char **names = rlv_arena_zalloc(arena, most + 1, sizeof(*names));
    for (size_t i = 0; names && i < n; i++)
        for (size_t k = 0; k < plugins[i]->n_intents; k++)
            if (!plugins[i]->intents[k].awaited)
                names[found++] = plugins[i]->intents[k].name;
    *ret_n = names ? found : 0;
    return names;
}

static bool is_among(const char *name, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* The remedy: the nearest, and which there are. */
static void put_choice(rlv_buf *line, const char *name, const char *const *names, size_t n)
{
    const char *near = rlv_value_nearest(rlv_str_from(name), names, n);
    if (near)
        rlv_buf_printf(line, ": did you mean '%s'?", near);
    rlv_buf_printf(line, "%s ", near ? " There are" : ": there are");
    for (size_t i = 0; i < n && i < SHOWN; i++)
        rlv_buf_printf(line, "%s%s", i ? ", " : "", names[i]);
    if (n > SHOWN)
        rlv_buf_printf(line, " and %zu more", n - SHOWN);
}

int rlv_host_lost_intents(const rlv_host_plugin_info *const *plugins, size_t n, void (*tell)(void *user, const char *line), void *user,
                          rlv_error *err)
{
    rlv_arena *arena = rlv_arena_new(RLV_HOST_ARENA_MAX);
    rlv_buf line = RLV_BUF_INIT(RLV_HOST_ARENA_MAX);
    size_t n_names = 0;
    const char **names = arena ? all_read(plugins, n, arena, &n_names) : NULL;
    bool failed = !arena || rlv_arena_overflowed(arena);
    for (size_t i = 0; n_names && i < n; i++)
        for (size_t k = 0; k < plugins[i]->n_intents; k++) {
            const rlv_host_intent *intent = &plugins[i]->intents[k];
            if (!intent->awaited || is_among(intent->name, names, n_names))
                continue;
            rlv_buf_reset(&line);
            rlv_buf_printf(&line, "%s: plugin '%s' waits for the intent '%s', which none reads, so it never comes", intent->where,
                           plugins[i]->entry, intent->name);
            put_choice(&line, intent->name, names, n_names);
            if (!line.failed)
                tell(user, line.data);
            failed |= line.failed;
        }
    rlv_buf_free(&line);
    rlv_arena_free(arena);
    return failed ? rlv_error_set(err, RLV_E_LIMIT, "plugins: memory is short") : RLV_OK;
}
