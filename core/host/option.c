/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads one option's value; see option.h. Given values and defaults take the same way through here. A
 * secret's value must never reach a message.
 */
#include "host/option.h"

#include "config/value.h"

enum {
    SHOWN_MAX = 60
};

struct reader {
    const relevo_option *option;
    const rlv_yaml_node *node;
    rlv_arena *arena;
    rlv_error *err;
};

/* What was written, for a message: short, on one line, and nothing of a secret. */
static const char *shown(const struct reader *r)
{
    if (r->node->kind != RLV_YAML_SCALAR)
        return rlv_yaml_kind_name(r->node);
    if (r->option->flags & RELEVO_OPTION_SECRET)
        return "(secret)";
    rlv_str cut = rlv_str_cut(r->node->text, SHOWN_MAX);
    char line[SHOWN_MAX + 1];
    for (size_t i = 0; i < cut.len; i++)
        line[i] = (unsigned char)cut.ptr[i] < 0x20 ? ' ' : cut.ptr[i];
    line[cut.len] = '\0';
    return rlv_arena_printf(r->arena, "'%s'%s", line, cut.len < r->node->text.len ? "..." : "");
}

static int wrong(const struct reader *r, const char *wants)
{
    return rlv_error_set(r->err, RLV_E_CONFIG, "option '%s' is %s, it wants %s", r->option->name, shown(r),
                         wants);
}

static int full(const struct reader *r)
{
    return rlv_error_set(r->err, RLV_E_LIMIT, "option '%s' is too large", r->option->name);
}

/* A number in quotes is a text: said so, since the mistake is easy and the quotes are hard to see. */
static int wrong_number(const struct reader *r, const char *wants)
{
    if (!r->node->quoted)
        return wrong(r, wants);
    return rlv_error_set(r->err, RLV_E_CONFIG,
                         "option '%s' is the text %s, it wants %s: write it without quotes", r->option->name,
                         shown(r), wants);
}

static int check_range(const struct reader *r, double value)
{
    double min = r->option->min, max = r->option->max;
    bool any = !(min < 0 || min > 0) && !(max < 0 || max > 0);
    if (any || (value >= min && value <= max))
        return RLV_OK;
    const char *unit = r->option->unit ? r->option->unit : "";
    const char *gap = unit[0] ? " " : "";
    if (r->option->type == RELEVO_OPTION_DURATION) {
        char least[32], most[32];
        rlv_value_duration_text((int64_t)min, least);
        rlv_value_duration_text((int64_t)max, most);
        return rlv_error_set(r->err, RLV_E_CONFIG, "option '%s' is %s, allowed is %s to %s", r->option->name,
                             shown(r), least, most);
    }
    return rlv_error_set(r->err, RLV_E_CONFIG, "option '%s' is %s, allowed is %.15g to %.15g%s%s",
                         r->option->name, shown(r), min, max, gap, unit);
}

static int read_integer(const struct reader *r, relevo_value *value)
{
    if (r->node->quoted || !rlv_str_int(r->node->text, &value->integer))
        return wrong_number(r, "a whole number");
    return check_range(r, (double)value->integer);
}

static int read_real(const struct reader *r, relevo_value *value)
{
    if (r->node->quoted || !rlv_value_real(r->node->text, &value->real))
        return wrong_number(r, "a number");
    return check_range(r, value->real);
}

static int read_boolean(const struct reader *r, relevo_value *value)
{
    bool on;
    if (r->node->quoted || !rlv_value_bool(r->node->text, &on))
        return wrong_number(r, "true or false");
    value->integer = on;
    return RLV_OK;
}

static int read_duration(const struct reader *r, relevo_value *value)
{
    if (!rlv_value_duration(r->node->text, &value->integer))
        return wrong(r, "a duration such as 500ms, 90s, 10m, 2h or 7d");
    return check_range(r, (double)value->integer);
}

/* A copy with a NUL behind it, also of an empty text, so that a plugin may treat it as a C string. */
static int read_text(const struct reader *r, rlv_str text, relevo_str *ret)
{
    if (memchr(text.len ? text.ptr : "x", '\0', text.len))
        return wrong(r, "a text without NUL characters");
    if (!text.len) {
        *ret = (relevo_str){"", 0};
        return RLV_OK;
    }
    rlv_str copy = rlv_arena_copy(r->arena, text);
    if (!copy.ptr)
        return full(r);
    *ret = (relevo_str){copy.ptr, copy.len};
    return RLV_OK;
}

rlv_str rlv_option_path(rlv_arena *arena, const char *folder, rlv_str path)
{
    if (!path.len || path.ptr[0] == '/' || !folder)
        return path.len ? rlv_arena_copy(arena, path) : RLV_STR("");
    const char *joined = rlv_arena_printf(arena, "%s/%.*s", folder, RLV_STR_ARG(path));
    return joined[0] ? rlv_str_from(joined) : (rlv_str){NULL, 0};
}

static int read_path(const struct reader *r, const char *folder, relevo_value *value)
{
    int code = read_text(r, r->node->text, &value->text);
    if (code)
        return code;
    rlv_str path = rlv_option_path(r->arena, folder, (rlv_str){value->text.ptr, value->text.len});
    if (!path.ptr)
        return full(r);
    value->text = (relevo_str){path.ptr, path.len};
    return RLV_OK;
}

static int read_list(const struct reader *r, relevo_value *value)
{
    const rlv_yaml_node *node = r->node;
    bool single = node->kind == RLV_YAML_SCALAR;
    if (node->kind == RLV_YAML_MAP)
        return wrong(r, "a list of texts");
    size_t n = single ? 1 : node->n;
    relevo_str *list = rlv_arena_zalloc(r->arena, n + 1, sizeof(*list));
    if (!list)
        return full(r);
    const rlv_yaml_node *item = single ? node : node->first;
    for (size_t i = 0; i < n; i++, item = item->next) {
        if (item->kind != RLV_YAML_SCALAR || rlv_yaml_empty(item))
            return rlv_error_set(r->err, RLV_E_CONFIG,
                                 "option '%s' wants a list of texts, number %zu of it is %s", r->option->name,
                                 i + 1, item->kind == RLV_YAML_SCALAR ? "empty" : rlv_yaml_kind_name(item));
        int code = read_text(r, item->text, &list[i]);
        if (code)
            return code;
    }
    value->list = list;
    value->n_list = n;
    return RLV_OK;
}

static int read_json(const struct reader *r, relevo_value *value)
{
    rlv_buf json = RLV_BUF_INIT(2 * RLV_YAML_BYTES_MAX);
    rlv_yaml_json(r->node, &json);
    int code = json.failed ? full(r) : read_text(r, rlv_buf_view(&json), &value->text);
    rlv_buf_free(&json);
    return code;
}

static int read_scalar(const struct reader *r, const char *folder, relevo_value *value)
{
    switch (r->option->type) {
    case RELEVO_OPTION_STRING:
        return read_text(r, r->node->text, &value->text);
    case RELEVO_OPTION_PATH:
        return read_path(r, folder, value);
    case RELEVO_OPTION_INTEGER:
        return read_integer(r, value);
    case RELEVO_OPTION_REAL:
        return read_real(r, value);
    case RELEVO_OPTION_BOOLEAN:
        return read_boolean(r, value);
    case RELEVO_OPTION_DURATION:
        return read_duration(r, value);
    default:
        return wrong(r, "a type that this Relevo knows");
    }
}

int rlv_option_read(const relevo_option *option, const rlv_yaml_node *node, const char *folder,
                    rlv_arena *arena, relevo_value *ret, rlv_error *err)
{
    struct reader r = {option, node, arena, err};
    relevo_value value = {.size = sizeof(value), .text = {"", 0}};
    int code;
    if (option->type == RELEVO_OPTION_LIST)
        code = read_list(&r, &value);
    else if (option->type == RELEVO_OPTION_JSON)
        code = read_json(&r, &value);
    else if (node->kind != RLV_YAML_SCALAR)
        code = wrong(&r, "a single value");
    else
        code = read_scalar(&r, folder, &value);
    if (!code)
        *ret = value;
    return code;
}
