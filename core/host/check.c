/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks a descriptor; see check.h. Fields are read in the order in which they can be trusted: the magic
 * first, and nothing behind the size before the size is known to fit. No function of the plugin may be called
 * from here.
 */
#include "host/check.h"

#include <math.h>

#include "host/bind.h"
#include "host/memory.h"

enum {
    NAME_MAX_LEN = 31,
    VERSION_MAX = 63,
    SUMMARY_MAX = 400,
    HELP_MAX = 1000,
    INITIAL_MAX = 16 * 1024,
    STRIDE_MAX = 1024
};

/* Where version 1.0 of a struct ends; fields that later versions append lie behind it. */
#define V1_SIZE(type, last) (offsetof(type, last) + sizeof(((type *)0)->last))
#define PLUGIN_V1           V1_SIZE(relevo_plugin, tool)
#define OPTION_V1           V1_SIZE(relevo_option, help)
#define HEAD                (offsetof(relevo_plugin, size) + sizeof(uint32_t))

#define REBUILD "rebuild the plugin against relevo/plugin.h 1.x"

struct checker {
    const char *path;
    rlv_arena *arena;
    rlv_error *err;
};

static int check_head(const struct checker *c, const relevo_plugin *p, size_t symbol_size)
{
    size_t room = rlv_memory_room(p, RLV_MEMORY_DATA);
    if (symbol_size && symbol_size < room)
        room = symbol_size;
    if (room < sizeof(p->magic) || p->magic != RELEVO_PLUGIN_MAGIC)
        return rlv_error_set(
            c->err, RLV_E_REFUSED,
            "%s: magic is 0x%08x, a plugin's is 0x%08x: %s is no descriptor, see docs/plugins.md", c->path,
            room < sizeof(p->magic) ? 0 : p->magic, RELEVO_PLUGIN_MAGIC, RELEVO_PLUGIN_SYMBOL);
    if (room < HEAD)
        return rlv_error_set(c->err, RLV_E_REFUSED,
                             "%s: size: the descriptor has %zu bytes, this Relevo needs %zu: " REBUILD,
                             c->path, room, PLUGIN_V1);
    if (p->abi_major != RELEVO_ABI_MAJOR)
        return rlv_error_set(
            c->err, RLV_E_REFUSED,
            "%s: abi_major is %u, this Relevo speaks %u: rebuild the plugin against relevo/plugin.h %u.x",
            c->path, p->abi_major, RELEVO_ABI_MAJOR, RELEVO_ABI_MAJOR);
    if (p->abi_minor > RELEVO_ABI_MINOR)
        return rlv_error_set(
            c->err, RLV_E_REFUSED,
            "%s: abi_minor is %u, this Relevo speaks up to %u.%u: upgrade Relevo, or rebuild the plugin "
            "against an older relevo/plugin.h",
            c->path, p->abi_minor, RELEVO_ABI_MAJOR, RELEVO_ABI_MINOR);
    if (p->size < PLUGIN_V1 || p->size > sizeof(*p))
        return rlv_error_set(c->err, RLV_E_REFUSED,
                             "%s: size is %u, a descriptor of version %u.%u has at %s %zu: " REBUILD, c->path,
                             p->size, p->abi_major, p->abi_minor, p->size < PLUGIN_V1 ? "least" : "most",
                             p->size < PLUGIN_V1 ? PLUGIN_V1 : sizeof(*p));
    if (p->size > room)
        return rlv_error_set(c->err, RLV_E_REFUSED,
                             "%s: size is %u, the symbol holds only %zu bytes: " REBUILD, c->path, p->size,
                             room);
    return RLV_OK;
}

/* [a-z][a-z0-9_]*, at most 31 characters, at a place that may be read. */
static bool is_name(const char *name)
{
    size_t len;
    if (!rlv_memory_text(name, NAME_MAX_LEN, &len) || name[0] < 'a' || name[0] > 'z')
        return false;
    for (size_t i = 1; i < len; i++)
        if (!(name[i] >= 'a' && name[i] <= 'z') && !(name[i] >= '0' && name[i] <= '9') && name[i] != '_')
            return false;
    return true;
}

/* One printable line of at most max bytes; min: the least that it must hold. */
static bool is_line(const char *text, size_t min, size_t max)
{
    size_t len;
    if (!rlv_memory_text(text, max, &len) || len < min || !rlv_str_utf8((rlv_str){text, len}))
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20)
            return false;
    return true;
}

/* A field that cannot be shown because it must not be followed, or is no clean text, is only named. */
static const char *shown(const char *text)
{
    return !text ? "NULL" : is_line(text, 0, 200) ? text : "no readable line of text";
}

static int check_words(const struct checker *c, const relevo_plugin *p)
{
    if (!is_name(p->name))
        return rlv_error_set(c->err, RLV_E_REFUSED,
                             "%s: name is '%s', it wants [a-z][a-z0-9_]* of at most %d characters: "
                             "change it in the descriptor",
                             c->path, shown(p->name), NAME_MAX_LEN);
    if (!is_line(p->version, 1, VERSION_MAX))
        return rlv_error_set(c->err, RLV_E_REFUSED,
                             "%s: version is '%s', it wants one line of 1 to %d bytes: change it in "
                             "the descriptor",
                             c->path, shown(p->version), VERSION_MAX);
    if (!is_line(p->summary, 1, SUMMARY_MAX))
        return rlv_error_set(c->err, RLV_E_REFUSED,
                             "%s: summary is '%s', it wants one line of 1 to %d bytes: change it in "
                             "the descriptor",
                             c->path, shown(p->summary), SUMMARY_MAX);
    if (p->kind < RELEVO_KIND_CLASSIFIER || p->kind > RELEVO_KIND_NOTIFIER)
        return rlv_error_set(c->err, RLV_E_REFUSED, "%s: kind is %u, it wants %d to %d: use a RELEVO_KIND_*",
                             c->path, p->kind, RELEVO_KIND_CLASSIFIER, RELEVO_KIND_NOTIFIER);
    return RLV_OK;
}

static int check_operations(const struct checker *c, const relevo_plugin *p)
{
    /* Read as bytes: a pointer to a function is judged as an address and not called. */
    static const struct {
        const char *name;
        size_t offset;
    } operations[] = {
        {"create", offsetof(relevo_plugin, create)},       {"destroy", offsetof(relevo_plugin, destroy)},
        {"classify", offsetof(relevo_plugin, classify)},   {"trigger", offsetof(relevo_plugin, trigger)},
        {"respond", offsetof(relevo_plugin, respond)},     {"route", offsetof(relevo_plugin, route)},
        {"summarize", offsetof(relevo_plugin, summarize)}, {"notify", offsetof(relevo_plugin, notify)},
        {"on_result", offsetof(relevo_plugin, on_result)}, {"tool", offsetof(relevo_plugin, tool)},
        {"intents", offsetof(relevo_plugin, intents)},
    };
    for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
        const void *address;
        if (p->size < operations[i].offset + sizeof(address)) /* an older version's descriptor ends before it */
            break;
        memcpy(&address, (const char *)p + operations[i].offset, sizeof(address));
        if (address && !rlv_memory_room(address, RLV_MEMORY_CODE))
            return rlv_error_set(c->err, RLV_E_REFUSED,
                                 "%s: %s points to %p, where there is no code: fix the descriptor", c->path,
                                 operations[i].name, address);
    }
    return RLV_OK;
}

static int refuse_option(const struct checker *c, uint32_t i, const char *what)
{
    return rlv_error_set(c->err, RLV_E_REFUSED, "%s: options[%u].%s: fix the option table", c->path, i, what);
}

static int check_option_words(const struct checker *c, uint32_t i, const relevo_option *o)
{
    if (!is_name(o->name))
        return refuse_option(
            c, i,
            rlv_arena_printf(c->arena, "name is '%s', it wants [a-z][a-z0-9_]* of at most %d characters",
                             shown(o->name), NAME_MAX_LEN));
    if (!is_line(o->help, 1, HELP_MAX))
        return refuse_option(
            c, i, rlv_arena_printf(c->arena, "help is '%s', it wants one sentence", shown(o->help)));
    if (o->unit && !is_line(o->unit, 0, NAME_MAX_LEN))
        return refuse_option(c, i, "unit is no readable line of text");
    size_t len;
    if (o->initial &&
        (!rlv_memory_text(o->initial, INITIAL_MAX, &len) || !rlv_str_utf8((rlv_str){o->initial, len})))
        return refuse_option(c, i, "initial is no readable text");
    return RLV_OK;
}

static int check_option(const struct checker *c, uint32_t i, const relevo_option *o, uint32_t stride)
{
    const uint32_t flags = RELEVO_OPTION_REQUIRED | RELEVO_OPTION_SECRET;
    if (o->size != stride)
        return refuse_option(
            c, i, rlv_arena_printf(c->arena, "size is %u, that of options[0] is %u", o->size, stride));
    if (o->type < RELEVO_OPTION_STRING || o->type > RELEVO_OPTION_JSON)
        return refuse_option(c, i,
                             rlv_arena_printf(c->arena, "type is %u, it wants %d to %d", o->type,
                                              RELEVO_OPTION_STRING, RELEVO_OPTION_JSON));
    if (o->flags & ~flags)
        return refuse_option(c, i,
                             rlv_arena_printf(c->arena, "flags is %u, only %u are known", o->flags, flags));
    if (o->reserved)
        return refuse_option(c, i, rlv_arena_printf(c->arena, "reserved is %u, it wants 0", o->reserved));
    if (!isfinite(o->min) || !isfinite(o->max) || o->min > o->max)
        return refuse_option(
            c, i,
            rlv_arena_printf(c->arena, "min is %g and max is %g, min may not be above max", o->min, o->max));
    int code = check_option_words(c, i, o);
    if (code)
        return code;
    /* A default that cannot be bound would hit every business that leaves the option out. */
    relevo_value value;
    rlv_error why;
    if (rlv_bind_initial(o, NULL, c->arena, &value, &why))
        return refuse_option(
            c, i, rlv_arena_printf(c->arena, "initial does not fit the option itself (%s)", why.message));
    return RLV_OK;
}

static int check_options(const struct checker *c, const relevo_plugin *p, const relevo_option *const **ret)
{
    if (p->n_options > RLV_CHECK_OPTIONS_MAX)
        return rlv_error_set(c->err, RLV_E_REFUSED,
                             "%s: n_options is %u, at most %d are allowed: fix the option table", c->path,
                             p->n_options, RLV_CHECK_OPTIONS_MAX);
    size_t room = p->n_options ? rlv_memory_room(p->options, RLV_MEMORY_DATA) : 0;
    if (p->n_options && (room < OPTION_V1 || (uintptr_t)p->options % _Alignof(relevo_option)))
        return rlv_error_set(c->err, RLV_E_REFUSED,
                             "%s: options points to %p, where there are no %u options: fix the "
                             "descriptor",
                             c->path, (const void *)p->options, p->n_options);
    uint32_t stride = p->n_options ? p->options[0].size : 0;
    if (p->n_options && (stride < OPTION_V1 || stride > STRIDE_MAX || stride % _Alignof(relevo_option)))
        return refuse_option(
            c, 0,
            rlv_arena_printf(c->arena, "size is %u, version 1.0 of an option has %zu", stride, OPTION_V1));
    if (room / (stride ? stride : 1) < p->n_options)
        return rlv_error_set(c->err, RLV_E_REFUSED,
                             "%s: n_options is %u, only %zu lie in the file: fix the descriptor", c->path,
                             p->n_options, room / stride);
    const relevo_option **options = rlv_arena_zalloc(c->arena, p->n_options + 1u, sizeof(*options));
    if (!options)
        return rlv_error_set(c->err, RLV_E_LIMIT, "%s: memory is short", c->path);
    for (uint32_t i = 0; i < p->n_options; i++) {
        options[i] = (const relevo_option *)(const void *)((const char *)p->options + (size_t)i * stride);
        int code = check_option(c, i, options[i], stride);
        if (code)
            return code;
        for (uint32_t j = 0; j < i; j++)
            if (strcmp(options[j]->name, options[i]->name) == 0)
                return refuse_option(
                    c, i,
                    rlv_arena_printf(c->arena, "name is '%s', as that of options[%u]", options[i]->name, j));
    }
    *ret = options;
    return RLV_OK;
}

int rlv_check_descriptor(const char *path, const relevo_plugin *plugin, size_t symbol_size, rlv_arena *arena,
                         const relevo_option *const **ret_options, rlv_error *err)
{
    const struct checker c = {path, arena, err};
    int code = check_head(&c, plugin, symbol_size);
    if (!code)
        code = check_words(&c, plugin);
    if (!code)
        code = check_operations(&c, plugin);
    if (!code)
        code = check_options(&c, plugin, ret_options);
    return code;
}
