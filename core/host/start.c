/* SPDX-License-Identifier: Apache-2.0 */
/* Start, description and refusal as bytes; see start.h. What comes back is bounded, and shown to people only when it
 * is plain. */
#include "host/start.h"

#include <math.h>

#include "host/check.h"

enum {
    TEXT_MAX = 20 * 1024,
    PATHS_MAX = 4096,
    VALUES_MAX = RLV_CHECK_OPTIONS_MAX,
    LIST_MAX = 1 << 20
};

/* ---- bytes
 * ------------------------------------------------------------------------------------------------------ */

static void put_bytes(rlv_ring_writer *w, const void *bytes, size_t len)
{
    if (w->full || len > w->max - w->len) {
        w->full = true;
        return;
    }
    if (len)
        memcpy(w->bytes + w->len, bytes, len);
    w->len += len;
}

static void put_int(rlv_ring_writer *w, int64_t value)
{
    put_bytes(w, &value, sizeof(value));
}

static void put_real(rlv_ring_writer *w, double value)
{
    put_bytes(w, &value, sizeof(value));
}

static void put_text(rlv_ring_writer *w, rlv_str text)
{
    put_int(w, (int64_t)text.len);
    put_bytes(w, text.ptr, text.len);
}

static void put_z(rlv_ring_writer *w, const char *z)
{
    put_text(w, rlv_str_from(z ? z : ""));
}

/* What is left to read; `bad` once anything was wrong, and everything read from then on is zero. */
struct cursor {
    rlv_str rest;
    rlv_arena *arena;
    bool bad, full;
};

static void take_bytes(struct cursor *c, void *to, size_t len)
{
    if (c->bad || len > c->rest.len) {
        c->bad = true;
        memset(to, 0, len);
        return;
    }
    memcpy(to, c->rest.ptr, len);
    c->rest.ptr += len;
    c->rest.len -= len;
}

static int64_t take_int(struct cursor *c, int64_t min, int64_t max)
{
    int64_t value;
    take_bytes(c, &value, sizeof(value));
    if (value < min || value > max)
        c->bad = true;
    return c->bad ? 0 : value;
}

static double take_real(struct cursor *c)
{
    double value;
    take_bytes(c, &value, sizeof(value));
    return value;
}

/* A NUL-terminated copy, never NULL. */
static rlv_str take_text(struct cursor *c, size_t max)
{
    size_t len = (size_t)take_int(c, 0, (int64_t)max);
    if (len > c->rest.len)
        c->bad = true;
    if (c->bad || !len)
        return RLV_STR("");
    rlv_str copy = rlv_arena_copy(c->arena, (rlv_str){c->rest.ptr, len});
    c->rest.ptr += len;
    c->rest.len -= len;
    if (!copy.ptr)
        c->bad = c->full = true;
    return copy.ptr ? copy : RLV_STR("");
}

static void *take_array(struct cursor *c, size_t n, size_t size)
{
    void *array = rlv_arena_zalloc(c->arena, n + 1, size);
    if (!array)
        c->bad = c->full = true;
    return array;
}

/* ---- the start
 * -------------------------------------------------------------------------------------------------- */

static void put_value(rlv_ring_writer *w, const relevo_value *value)
{
    put_int(w, value->given);
    put_int(w, value->integer);
    put_real(w, value->real);
    put_text(w, (rlv_str){value->text.ptr, (size_t)value->text.len});
    put_int(w, (int64_t)value->n_list);
    for (uint64_t i = 0; i < value->n_list; i++)
        put_text(w, (rlv_str){value->list[i].ptr, (size_t)value->list[i].len});
}

static void take_value(struct cursor *c, relevo_value *value)
{
    *value = (relevo_value){.size = sizeof(*value), .given = (uint32_t)take_int(c, 0, 1)};
    value->integer = take_int(c, INT64_MIN, INT64_MAX);
    value->real = take_real(c);
    rlv_str text = take_text(c, RLV_RING_REQUEST);
    value->text = (relevo_str){text.ptr, text.len};
    value->n_list = (uint64_t)take_int(c, 0, LIST_MAX);
    relevo_str *list = value->n_list ? take_array(c, (size_t)value->n_list, sizeof(*list)) : NULL;
    for (uint64_t i = 0; list && i < value->n_list; i++) {
        text = take_text(c, RLV_RING_REQUEST);
        list[i] = (relevo_str){text.ptr, text.len};
    }
    value->list = list;
}

void rlv_start_put(rlv_ring_writer *w, const rlv_start *start)
{
    put_int(w, RLV_START_VERSION);
    put_int(w, start->mode);
    put_int(w, start->slots);
    put_int(w, start->unconfined);
    put_int(w, start->parent);
    put_int(w, (int64_t)start->memory);
    put_int(w, (int64_t)start->load_s);
    put_z(w, start->path);
    put_z(w, start->sha256);
    put_int(w, (int64_t)start->n_readable);
    for (size_t i = 0; i < start->n_readable; i++)
        put_z(w, start->readable[i]);
    put_int(w, (int64_t)start->n_values);
    for (size_t i = 0; i < start->n_values; i++)
        put_value(w, &start->values[i]);
}

int rlv_start_take(rlv_str bytes, rlv_arena *arena, rlv_start *ret, rlv_error *err)
{
    struct cursor c = {.rest = bytes, .arena = arena};
    rlv_start s = {0};
    (void)take_int(&c, RLV_START_VERSION, RLV_START_VERSION);
    s.mode = (enum rlv_start_mode)take_int(&c, RLV_START_PROBE, RLV_START_RUN);
    s.slots = (uint32_t)take_int(&c, 1, RLV_RING_SLOTS_MAX);
    s.unconfined = take_int(&c, 0, 1);
    s.parent = (int32_t)take_int(&c, 0, INT32_MAX);
    s.memory = (uint64_t)take_int(&c, 0, INT64_MAX);
    s.load_s = (uint64_t)take_int(&c, 0, INT32_MAX);
    s.path = take_text(&c, TEXT_MAX).ptr;
    s.sha256 = take_text(&c, TEXT_MAX).ptr;
    s.n_readable = (size_t)take_int(&c, 0, PATHS_MAX);
    const char **readable = take_array(&c, s.n_readable, sizeof(*readable));
    for (size_t i = 0; readable && i < s.n_readable; i++)
        readable[i] = take_text(&c, TEXT_MAX).ptr;
    s.readable = readable;
    s.n_values = (size_t)take_int(&c, 0, VALUES_MAX);
    relevo_value *values = take_array(&c, s.n_values, sizeof(*values));
    for (size_t i = 0; values && i < s.n_values; i++)
        take_value(&c, &values[i]);
    s.values = values;
    if (c.full)
        return rlv_error_set(err, RLV_E_LIMIT, "%s: memory is short", s.path);
    if (c.bad)
        return rlv_error_set(
            err, RLV_E_INVALID,
            "the program for plugins is not of this version of relevo: install both together");
    *ret = s;
    return RLV_OK;
}

/* ---- the description
 * -------------------------------------------------------------------------------------------- */

static void put_option(rlv_ring_writer *w, const relevo_option *o)
{
    put_int(w, o->type);
    put_int(w, o->flags);
    put_z(w, o->name);
    put_int(w, o->initial != NULL);
    put_z(w, o->initial);
    put_real(w, o->min);
    put_real(w, o->max);
    put_int(w, o->unit != NULL);
    put_z(w, o->unit);
    put_z(w, o->help);
}

void rlv_described_put(rlv_ring_writer *w, const rlv_host_plugin_info *info)
{
    put_z(w, info->name);
    put_z(w, info->version);
    put_z(w, info->summary);
    put_int(w, info->kind);
    put_int(w, info->abi_major);
    put_int(w, info->abi_minor);
    put_int(w, info->operations);
    put_int(w, info->has_tool);
    put_int(w, info->tells_intents);
    put_int(w, (int64_t)info->n_options);
    for (size_t i = 0; i < info->n_options; i++)
        put_option(w, info->options[i]);
}

/* How many bytes a control character takes that begins here, which a terminal would obey; 0: none does. C1's are two bytes in UTF-8, and one of
   them begins what ESC [ does. */
static size_t control(rlv_str text, size_t at)
{
    unsigned char byte = (unsigned char)text.ptr[at], next = at + 1 < text.len ? (unsigned char)text.ptr[at + 1] : 0;
    if (byte < 0x20 || byte == 0x7f)
        return 1;
    return byte == 0xc2 && next >= 0x80 && next <= 0x9f ? 2 : 0;
}

/* Text that people may be shown: UTF-8 without control characters, but for those of `allowed`. */
static const char *take_shown(struct cursor *c, const char *allowed)
{
    rlv_str text = take_text(c, TEXT_MAX);
    for (size_t i = 0; i < text.len; i++)
        if (control(text, i) && (!text.ptr[i] || !strchr(allowed, text.ptr[i])))
            c->bad = true;
    if (!rlv_str_utf8(text))
        c->bad = true;
    return c->bad ? "" : text.ptr;
}

static const char *take_plain(struct cursor *c)
{
    return take_shown(c, "");
}

static const char *take_optional(struct cursor *c, const char *allowed)
{
    bool given = take_int(c, 0, 1);
    const char *text = take_shown(c, allowed);
    return given ? text : NULL;
}

static const char *take_name(struct cursor *c)
{
    const char *name = take_plain(c);
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (!name[0] || name[len] || len > 63 || name[0] < 'a')
        c->bad = true;
    return name;
}

static void take_option(struct cursor *c, relevo_option *o)
{
    o->size = sizeof(*o);
    o->type = (uint32_t)take_int(c, RELEVO_OPTION_STRING, RELEVO_OPTION_JSON);
    o->flags = (uint32_t)take_int(c, 0, RELEVO_OPTION_REQUIRED | RELEVO_OPTION_SECRET);
    o->name = take_name(c);
    o->initial = take_optional(c, "\n\t"); /* as written in YAML: lines are allowed */
    o->min = take_real(c);
    o->max = take_real(c);
    o->unit = take_optional(c, "");
    o->help = take_plain(c);
    if (!isfinite(o->min) || !isfinite(o->max))
        c->bad = true;
}

int rlv_described_take(const char *path, rlv_str bytes, rlv_arena *arena, rlv_host_plugin_info *ret,
                       rlv_error *err)
{
    struct cursor c = {.rest = bytes, .arena = arena};
    rlv_host_plugin_info info = {.path = rlv_arena_printf(arena, "%s", path)};
    info.name = take_name(&c);
    info.version = take_plain(&c);
    info.summary = take_plain(&c);
    info.kind = (uint32_t)take_int(&c, 0, INT32_MAX);
    info.abi_major = (uint32_t)take_int(&c, RELEVO_ABI_MAJOR, RELEVO_ABI_MAJOR);
    info.abi_minor = (uint32_t)take_int(&c, 0, RELEVO_ABI_MINOR);
    info.operations = (uint32_t)take_int(&c, 0, (1 << RLV_PHASES) - 1);
    info.has_tool = take_int(&c, 0, 1);
    info.tells_intents = take_int(&c, 0, 1);
    info.n_options = (size_t)take_int(&c, 0, RLV_CHECK_OPTIONS_MAX);
    relevo_option *options = take_array(&c, info.n_options, sizeof(*options));
    const relevo_option **list = take_array(&c, info.n_options, sizeof(*list));
    for (size_t i = 0; options && list && i < info.n_options; i++) {
        take_option(&c, &options[i]);
        list[i] = &options[i];
    }
    info.options = list;
    if (c.full)
        return rlv_error_set(err, RLV_E_LIMIT, "%s: memory is short", path);
    if (c.bad)
        return rlv_error_set(
            err, RLV_E_REFUSED,
            "%s: what it says about itself is damaged: a plugin that changes its own descriptor "
            "is not loaded",
            path);
    *ret = info;
    return RLV_OK;
}

/* ---- intents
 * -------------------------------------------------------------------------------------------------------- */

void rlv_intents_put(rlv_ring_writer *w, const rlv_intents *intents)
{
    put_int(w, (int64_t)intents->n);
    for (size_t i = 0; i < intents->n; i++) {
        put_z(w, intents->items[i].name);
        put_z(w, intents->items[i].where);
        put_int(w, (int64_t)intents->items[i].what);
    }
}

void rlv_intents_take(rlv_str bytes, rlv_arena *scratch, rlv_intents *intents)
{
    struct cursor c = {.rest = bytes, .arena = scratch};
    int64_t n = take_int(&c, 0, RLV_HOST_INTENTS_MAX);
    for (int64_t i = 0; i < n && !c.bad; i++) {
        rlv_str name = take_text(&c, TEXT_MAX), where = take_text(&c, TEXT_MAX);
        enum rlv_host_knows what = (enum rlv_host_knows)take_int(&c, 0, RLV_KNOWS_ENTRY);
        if (!c.bad)
            rlv_intents_add(intents, name, where, what);
    }
}

/* ---- a refusal
 * -------------------------------------------------------------------------------------------------------- */

int rlv_refusal_take(const rlv_ring_response *response, rlv_error *err)
{
    char text[RLV_RING_ERROR_MAX];
    int32_t code = response->code;
    memcpy(text, response->error, sizeof(text));
    rlv_str line = {text, strnlen(text, sizeof(text) - 1)};
    text[line.len] = '\0';
    for (size_t i = 0; i < line.len; i++)
        memset(text + i, ' ', control(line, i));
    if (!line.len || !rlv_str_utf8(line) || code <= RLV_OK || code > RLV_E_REFUSED)
        return rlv_error_set(err, RLV_E_REFUSED, "its process gave no readable reason");
    return rlv_error_set(err, code, "%s", text);
}
