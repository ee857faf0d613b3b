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

void rlv_intents_add(rlv_intents *s, rlv_str name, rlv_str where, enum rlv_host_knows what)
{
    if (!name.len || !readable(name, what == RLV_KNOWS_CHOICE ? RLV_HOST_CHOICE_ID_MAX : RLV_HOST_NAME_MAX) || !readable(where, WHERE_MAX))
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
    rlv_host_intent made = {rlv_arena_copy(s->arena, name).ptr, where.len ? rlv_arena_copy(s->arena, where).ptr : "", what};
    if (made.name && made.where)
        s->items[s->n++] = made;
    else
        s->full = true;
}

static void add(const relevo_intents *to, relevo_str name, relevo_str where, enum rlv_host_knows what)
{
    rlv_intents_add((rlv_intents *)(uintptr_t)to, (rlv_str){name.ptr, (size_t)name.len}, (rlv_str){where.ptr, (size_t)where.len}, what);
}

static void reads(const relevo_intents *to, relevo_str intent)
{
    add(to, intent, (relevo_str){NULL, 0}, RLV_KNOWS_READ);
}

static void awaits(const relevo_intents *to, relevo_str intent, relevo_str where)
{
    add(to, intent, where, RLV_KNOWS_AWAITED);
}

static void begins(const relevo_intents *to, relevo_str choice)
{
    add(to, choice, (relevo_str){NULL, 0}, RLV_KNOWS_CHOICE);
}

static void runs(const relevo_intents *to, relevo_str flow)
{
    add(to, flow, (relevo_str){NULL, 0}, RLV_KNOWS_FLOW);
}

static void hears(const relevo_intents *to, relevo_str entry)
{
    add(to, entry, (relevo_str){NULL, 0}, RLV_KNOWS_ENTRY);
}

rlv_intents rlv_intents_begin(rlv_arena *arena)
{
    return (rlv_intents){.to = {.size = sizeof(relevo_intents), .reads = reads, .awaits = awaits, .begins = begins, .runs = runs, .hears = hears}, .arena = arena};
}

/* ---- where they meet
 * -------------------------------------------------------------------------------------------- */

/* All that plugins told so, each once per plugin. NULL, *ret_n 0: there is none. */
static const char **all_told(const rlv_host_plugin_info *const *plugins, size_t n, enum rlv_host_knows what, rlv_arena *arena, size_t *ret_n)
{
    size_t most = 0, found = 0;
    *ret_n = 0;
    for (size_t i = 0; i < n; i++)
        most += plugins[i]->n_intents;
    const char **names = rlv_arena_zalloc(arena, most + 1, sizeof(*names));
    for (size_t i = 0; names && i < n; i++)
        for (size_t k = 0; k < plugins[i]->n_intents; k++)
            if (plugins[i]->intents[k].what == what)
                names[found++] = plugins[i]->intents[k].name;
    *ret_n = names ? found : 0;
    return names;
}

/* What is read; none, where somebody does not say. */
static const char **all_read(const rlv_host_plugin_info *const *plugins, size_t n, rlv_arena *arena, size_t *ret_n)
{
    *ret_n = 0;
    for (size_t i = 0; i < n; i++)
        if (plugins[i]->operations & 1u << RLV_PHASE_CLASSIFY && !plugins[i]->tells_intents)
            return NULL;
    return all_told(plugins, n, RLV_KNOWS_READ, arena, ret_n);
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

/* All entries. NULL: memory is short. */
static const char **all_entries(const rlv_host_plugin_info *const *plugins, size_t n, rlv_arena *arena)
{
    const char **names = rlv_arena_zalloc(arena, n + 1, sizeof(*names));
    for (size_t i = 0; names && i < n; i++)
        names[i] = plugins[i]->entry;
    return names;
}

int rlv_host_lost_intents(const rlv_host_plugin_info *const *plugins, size_t n, void (*tell)(void *user, const char *line), void *user,
                          rlv_error *err)
{
    rlv_arena *arena = rlv_arena_new(RLV_HOST_ARENA_MAX);
    rlv_buf line = RLV_BUF_INIT(RLV_HOST_ARENA_MAX);
    size_t n_names = 0;
    const char **names = arena ? all_read(plugins, n, arena, &n_names) : NULL;
    const char **entries = arena ? all_entries(plugins, n, arena) : NULL;
    bool failed = !arena || rlv_arena_overflowed(arena);
    for (size_t i = 0; !failed && i < n; i++)
        for (size_t k = 0; k < plugins[i]->n_intents; k++) {
            const rlv_host_intent *intent = &plugins[i]->intents[k];
            bool result = intent->what == RLV_KNOWS_ENTRY, awaited = intent->what == RLV_KNOWS_AWAITED && n_names;
            const char **there = result ? entries : names;
            size_t n_there = result ? n : n_names;
            if ((!result && !awaited) || is_among(intent->name, there, n_there))
                continue;
            rlv_buf_reset(&line);
            rlv_buf_printf(&line, "%s: plugin '%s' waits for %s '%s', which %s, so it never comes", intent->where, plugins[i]->entry,
                           result ? "a result of the plugin" : "the intent", intent->name, result ? "there is not" : "none reads");
            put_choice(&line, intent->name, there, n_there);
            if (!line.failed)
                tell(user, line.data);
            failed |= line.failed;
        }
    rlv_buf_free(&line);
    rlv_arena_free(arena);
    return failed ? rlv_error_set(err, RLV_E_LIMIT, "plugins: memory is short") : RLV_OK;
}

/* ---- what the policy names
 * -------------------------------------------------------------------------------------------- */

enum { FLOWS_SINCE = 6 }; /* minor version in which plugins say what they begin */

struct flows {
    const char *file;
    const char **choices, **flows;
    size_t n_choices, n_flows;
    rlv_buf line;
    void (*tell)(void *user, const char *line);
    void *user;
    bool failed;
};

/* key: whose line it is, in words. */
static void look_for(struct flows *f, int32_t line, const char *key, rlv_str name, bool choice)
{
    const char **names = choice ? f->choices : f->flows;
    size_t n = choice ? f->n_choices : f->n_flows;
    for (size_t i = 0; i < n; i++)
        if (rlv_str_is(name, names[i]))
            return;
    rlv_buf_reset(&f->line);
    rlv_buf_printf(&f->line, "%s:%d: %s names '%.*s', which %s", f->file, (int)line, key, RLV_STR_ARG(name),
                   choice ? "begins nothing of any plugin" : "is no question flow of any plugin");
    if (n)
        put_choice(&f->line, name.ptr, names, n);
    if (f->line.failed)
        f->failed = true;
    else
        f->tell(f->user, f->line.data);
}

static void look_at(struct flows *f, const rlv_trigger_policy *entries, size_t n, bool rule)
{
    char key[200];
    for (size_t i = 0; i < n; i++) {
        const rlv_trigger_policy *t = &entries[i];
        (void)snprintf(key, sizeof(key), "the %s '%.*s'", rule ? "rule" : "trigger", RLV_STR_ARG(t->trigger));
        if (t->collect.len && !rlv_str_is(t->collect, "none"))
            look_for(f, t->line, key, t->collect, true);
        for (size_t k = 0; k < t->n_flows; k++)
            look_for(f, t->line, key, t->flows[k], false);
    }
}

int rlv_host_lost_flows(const rlv_config *config, const rlv_host_plugin_info *const *plugins, size_t n, void (*tell)(void *user, const char *line),
                        void *user, rlv_error *err)
{
    const rlv_policy *policy = &config->policy;
    for (size_t i = 0; i < n; i++)
        if (plugins[i]->operations & 1u << RLV_PHASE_RESPOND && plugins[i]->abi_minor < FLOWS_SINCE)
            return RLV_OK;
    rlv_arena *arena = rlv_arena_new(RLV_HOST_ARENA_MAX);
    struct flows f = {.file = config->file, .line = RLV_BUF_INIT(RLV_HOST_ARENA_MAX), .tell = tell, .user = user, .failed = !arena};
    if (arena) {
        f.choices = all_told(plugins, n, RLV_KNOWS_CHOICE, arena, &f.n_choices);
        f.flows = all_told(plugins, n, RLV_KNOWS_FLOW, arena, &f.n_flows);
        f.failed = rlv_arena_overflowed(arena);
    }
    if (!f.failed) {
        if (policy->queue.collect.len && !rlv_str_is(policy->queue.collect, "none"))
            look_for(&f, policy->queue.collect_line, "policy.queue.collect", policy->queue.collect, true);
        look_at(&f, policy->triggers, policy->n_triggers, false);
        look_at(&f, policy->rules, policy->n_rules, true);
    }
    rlv_buf_free(&f.line);
    rlv_arena_free(arena);
    return f.failed ? rlv_error_set(err, RLV_E_LIMIT, "plugins: memory is short") : RLV_OK;
}
