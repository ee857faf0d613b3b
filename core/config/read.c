/* SPDX-License-Identifier: Apache-2.0 */
/* The file's tree into the struct, driven by the option table; see draft.h. Must never stop at a mistake. */
#include <stdio.h>

#include "config/draft.h"
#include "config/value.h"

enum {
    SHOWN_MAX = 60
};

static void read_map(rlv_draft *draft, const rlv_yaml_node *map, const char *path, void *base);

static const char *in_section(rlv_draft *draft, const char *path)
{
    return *path ? rlv_arena_printf(draft->arena, " in '%s'", rlv_draft_shown(draft, path)) : "";
}

/* The section that another option of this name lies in: people put a key one level too high or too low. */
static const char *home_of(rlv_draft *draft, rlv_str key)
{
    for (size_t i = 0; i < rlv_options_n; i++) {
        const char *dot = strrchr(rlv_options[i].path, '.');
        if (dot && rlv_options[i].scope == RLV_SCOPE_ROOT && rlv_str_is(key, dot + 1))
            return rlv_arena_printf(draft->arena, "%.*s", (int)(dot - rlv_options[i].path),
                                    rlv_options[i].path);
    }
    return NULL;
}

static void unknown_key(rlv_draft *draft, const rlv_yaml_node *node, const char *path)
{
    const char *names[64];
    size_t n = rlv_option_children(draft->arena, path, names, sizeof(names) / sizeof(*names));
    const char *near = rlv_value_nearest(node->key, names, n), *home = home_of(draft, node->key);
    const char *where = in_section(draft, path);
    rlv_str key = rlv_str_cut(node->key, SHOWN_MAX);
    if (near) {
        rlv_draft_mistake(draft, node->key_line, "unknown key '%.*s'%s; did you mean '%s'?", RLV_STR_ARG(key),
                          where, near);
        return;
    }
    if (home && strcmp(home, path) != 0) {
        rlv_draft_mistake(draft, node->key_line, "unknown key '%.*s'%s; it belongs in '%s'", RLV_STR_ARG(key),
                          where, home);
        return;
    }
    const char *list = "";
    for (size_t i = 0; i < n; i++)
        list = rlv_arena_printf(draft->arena, "%s%s%s", list, i ? ", " : "", names[i]);
    rlv_draft_mistake(draft, node->key_line, "unknown key '%.*s'%s; known: %s", RLV_STR_ARG(key), where,
                      list);
}

static void read_list(rlv_draft *draft, const rlv_yaml_node *node, const rlv_option *option, void *base)
{
    const char **items = rlv_arena_zalloc(draft->arena, node->n + 1, sizeof(*items));
    size_t n = 0;
    if (node->n == 0)
        rlv_draft_mistake(draft, node->line, "'%s' must hold at least one value",
                          rlv_draft_shown(draft, option->path));
    for (const rlv_yaml_node *item = node->first; item && items; item = item->next) {
        if (item->kind != RLV_YAML_SCALAR)
            rlv_draft_mistake(draft, item->line, "'%s' must be a list of single values, not of %ss",
                              rlv_draft_shown(draft, option->path),
                              item->kind == RLV_YAML_LIST ? "list" : "mapping");
        else if (rlv_draft_passes(draft, item->line, option, item->text))
            items[n++] = item->text.ptr;
    }
    if (items && n)
        rlv_option_set_list((char *)base + option->offset, items, n);
}

static void check_required(rlv_draft *draft, const rlv_yaml_node *entry, enum rlv_scope scope)
{
    for (size_t i = 0; i < rlv_options_n; i++) {
        const rlv_option *option = &rlv_options[i];
        if (option->scope != scope || !(option->flags & RLV_FLAG_REQUIRED))
            continue;
        const char *name = strstr(option->path, "[].") + 3;
        if (rlv_yaml_empty(rlv_yaml_get(entry, name)))
            rlv_draft_mistake(draft, entry->line, "an entry of '%.*s' has no '%s': add '%s: ...'",
                              (int)(strstr(option->path, "[]") - option->path), option->path, name, name);
    }
}

static void read_entry(rlv_draft *draft, const rlv_yaml_node *entry, const char *path, enum rlv_scope scope,
                       void *base)
{
    rlv_draft_defaults(draft, scope, base);
    if (entry->kind != RLV_YAML_MAP) {
        rlv_draft_mistake(draft, entry->line, "an entry of '%.*s' must be a mapping ('- key: value'), not %s",
                          (int)strcspn(path, "["), path, rlv_yaml_kind_name(entry));
        return;
    }
    read_map(draft, entry, path, base);
    check_required(draft, entry, scope);
}

/* The lists of mappings, and the structs that they become. */
static const struct {
    const char *path;
    size_t size;
} lists[RLV_SCOPES] = {
    [RLV_SCOPE_PLUGIN] = {"plugins", sizeof(struct rlv_plugin_values)},
    [RLV_SCOPE_TRIGGER] = {"policy.triggers", sizeof(struct rlv_trigger_values)},
    [RLV_SCOPE_RULE] = {"policy.rules", sizeof(struct rlv_trigger_values)},
    [RLV_SCOPE_HOURS] = {"policy.hours", sizeof(struct rlv_hours_values)},
    [RLV_SCOPE_DESTINATION] = {"deliver.destinations", sizeof(rlv_config_destination)},
    [RLV_SCOPE_TEMPLATE] = {"desk.templates", sizeof(rlv_config_template)},
};

void *rlv_draft_item(const rlv_draft *draft, enum rlv_scope scope, size_t i)
{
    return (char *)draft->lists[scope].items + i * lists[scope].size;
}

static void read_entries(rlv_draft *draft, const rlv_yaml_node *node, const rlv_option *option)
{
    if (node->kind != RLV_YAML_LIST) {
        rlv_draft_mistake(draft, node->line, "'%s' must be a list ('- key: value' lines), not %s",
                          option->path, rlv_yaml_kind_name(node));
        return;
    }
    enum rlv_scope scope = RLV_SCOPE_PLUGIN;
    while (strcmp(lists[scope].path, option->path) != 0)
        scope++;
    struct rlv_draft_list *list = &draft->lists[scope];
    list->items = rlv_arena_zalloc(draft->arena, node->n + 1, lists[scope].size);
    list->lines = rlv_arena_zalloc(draft->arena, node->n + 1, sizeof(*list->lines));
    if (rlv_arena_overflowed(draft->arena))
        return;
    list->n = node->n;
    const char *path = rlv_arena_printf(draft->arena, "%s[]", option->path);
    size_t i = 0;
    for (const rlv_yaml_node *entry = node->first; entry; entry = entry->next, i++) {
        list->lines[i] = entry->line;
        read_entry(draft, entry, path, scope, rlv_draft_item(draft, scope, i));
    }
}

static void read_value(rlv_draft *draft, const rlv_yaml_node *node, const rlv_option *option, void *base)
{
    if (rlv_yaml_empty(node))
        return; /* `key:` leaves the default */
    switch (option->type) {
    case RLV_OPTION_ENTRIES:
        read_entries(draft, node, option);
        return;
    case RLV_OPTION_KAFKA:
        rlv_draft_kafka(draft, node);
        return;
    case RLV_OPTION_TREE:
        if (node->kind == RLV_YAML_MAP)
            *(const rlv_yaml_node **)(void *)((char *)base + option->offset) = node;
        else
            rlv_draft_mistake(draft, node->line,
                              "'%s' must be a mapping (its keys indented below it), not %s",
                              rlv_draft_shown(draft, option->path), rlv_yaml_kind_name(node));
        return;
    case RLV_OPTION_LIST:
        if (node->kind == RLV_YAML_LIST) {
            read_list(draft, node, option, base);
            return;
        }
        break;
    default:
        break;
    }
    if (node->kind == RLV_YAML_SCALAR)
        rlv_draft_scalar(draft, node->line, option, base, node->text);
    else
        rlv_draft_mistake(draft, node->line, "'%s' must be a single value, not %s",
                          rlv_draft_shown(draft, option->path), rlv_yaml_kind_name(node));
}

/* `password_file` for the secret `password`. True when that is what this key is. */
static bool read_secret_file(rlv_draft *draft, const rlv_yaml_node *map, const rlv_yaml_node *node,
                             const char *path, void *base)
{
    size_t n = strlen(path);
    if (n <= 5 || strcmp(path + n - 5, "_file") != 0)
        return false;
    const rlv_option *option = rlv_option_find(rlv_arena_printf(draft->arena, "%.*s", (int)(n - 5), path));
    if (!option || !(option->flags & RLV_FLAG_SECRET))
        return false;
    const char *plain = strrchr(option->path, '.') + 1;
    if (!rlv_yaml_empty(rlv_yaml_get(map, plain)))
        rlv_draft_mistake(draft, node->key_line, "'%s' and '%s' are both given: keep one", option->path,
                          path);
    else if (node->kind != RLV_YAML_SCALAR)
        rlv_draft_mistake(draft, node->line, "'%s' must be a single value, not %s", path,
                          rlv_yaml_kind_name(node));
    else if (!rlv_yaml_empty(node)) {
        rlv_str text =
            rlv_draft_secret(draft, node->line, option->path, rlv_arena_printf(draft->arena, "'%s'", path), node->text);
        if (text.len)
            rlv_draft_scalar(draft, node->line, option, base, text);
    }
    return true;
}

static void read_member(rlv_draft *draft, const rlv_yaml_node *map, const rlv_yaml_node *node,
                        const char *path, void *base)
{
    char full[RLV_PATH_MAX];
    int n = snprintf(full, sizeof(full), "%s%s%s", path, *path ? "." : "", node->key.ptr);
    if (n >= (int)sizeof(full)) {
        unknown_key(draft, node, path);
        return;
    }
    if (node->repeated) {
        const rlv_yaml_node *before = rlv_yaml_get(map, node->key.ptr);
        rlv_draft_mistake(draft, node->key_line, "key '%s' is given twice%s (first on line %d): remove one",
                          node->key.ptr, in_section(draft, path), before->key_line);
        return;
    }
    bool word = !strpbrk(node->key.ptr, ".["); /* `consume.linger: 1s` is no way to write it */
    const rlv_option *option = word ? rlv_option_find(full) : NULL;
    if (option)
        read_value(draft, node, option, base);
    else if (word && rlv_option_section(full)) {
        if (node->kind == RLV_YAML_MAP)
            read_map(draft, node, full, base);
        else if (!rlv_yaml_empty(node))
            rlv_draft_mistake(draft, node->line,
                              "'%s' must be a mapping (its keys indented below it), not %s",
                              rlv_draft_shown(draft, full), rlv_yaml_kind_name(node));
    } else if (!read_secret_file(draft, map, node, full, base)) {
        unknown_key(draft, node, path);
    }
}

static void read_map(rlv_draft *draft, const rlv_yaml_node *map, const char *path, void *base)
{
    for (const rlv_yaml_node *node = map->first; node; node = node->next)
        read_member(draft, map, node, path, base);
}

void rlv_draft_read(rlv_draft *draft)
{
    if (!draft->root)
        return;
    if (draft->root->kind != RLV_YAML_MAP)
        rlv_draft_mistake(draft, draft->root->line,
                          "a configuration is a mapping ('key: value' lines), not %s",
                          rlv_yaml_kind_name(draft->root));
    else
        read_map(draft, draft->root, "", draft->values);
}
