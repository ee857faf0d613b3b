/* SPDX-License-Identifier: Apache-2.0 */
/* One value into its field, as its row of the option table says; see draft.h. Must never print a secret. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/draft.h"
#include "config/value.h"

enum {
    SECRET_MAX = 64 * 1024,
    SHOWN_MAX = 60
};

const char *rlv_draft_shown(rlv_draft *draft, const char *path)
{
    const char *brackets = strstr(path, "[]");
    if (!brackets)
        return path;
    return rlv_arena_printf(draft->arena, "%.*s%s", (int)(brackets - path), path, brackets + 2);
}

static rlv_str copy(rlv_draft *draft, rlv_str s)
{
    return s.len ? rlv_arena_copy(draft->arena, s) : RLV_STR("");
}

static void wrong(rlv_draft *draft, int32_t line, const rlv_option *option, rlv_str text, const char *must)
{
    const char *path = rlv_draft_shown(draft, option->path);
    rlv_str cut = rlv_str_cut(text, SHOWN_MAX);
    if (option->flags & RLV_FLAG_SECRET)
        rlv_draft_mistake(draft, line, "'%s' %s", path, must);
    else
        rlv_draft_mistake(draft, line, "'%s' is '%.*s%s', %s", path, RLV_STR_ARG(cut),
                          cut.len < text.len ? "..." : "", must);
}

/* "1 to 10000 events", in the option's own way of writing. */
static const char *range_text(rlv_draft *draft, const rlv_option *option)
{
    char low[32], high[32];
    switch (option->type) {
    case RLV_OPTION_DURATION:
        rlv_value_duration_text((int64_t)option->min, low);
        rlv_value_duration_text((int64_t)option->max, high);
        break;
    case RLV_OPTION_SIZE:
        (void)snprintf(low, sizeof(low), "%gMiB", option->min / 1048576);
        (void)snprintf(high, sizeof(high), "%gMiB", option->max / 1048576);
        break;
    default:
        (void)snprintf(low, sizeof(low), "%g", option->min);
        (void)snprintf(high, sizeof(high), "%g", option->max);
        break;
    }
    return rlv_arena_printf(draft->arena, "%s to %s%s%s", low, high, option->unit ? " " : "",
                            option->unit ? option->unit : "");
}

static bool in_range(rlv_draft *draft, int32_t line, const rlv_option *option, rlv_str text, double v)
{
    bool any = option->min >= option->max;
    if (any || (v >= option->min && v <= option->max))
        return true;
    wrong(draft, line, option, text, rlv_arena_printf(draft->arena, "must be %s", range_text(draft, option)));
    return false;
}

static void read_number(rlv_draft *draft, int32_t line, const rlv_option *option, void *at, rlv_str text)
{
    int64_t whole = 0;
    size_t bytes = 0;
    double v = 0;
    const char *must = NULL;
    switch (option->type) {
    case RLV_OPTION_INTEGER:
        if (!rlv_str_int(text, &whole))
            must = "must be a whole number";
        v = (double)whole;
        break;
    case RLV_OPTION_REAL:
        if (!rlv_value_real(text, &v))
            must = "must be a number such as 0.5";
        break;
    case RLV_OPTION_DURATION:
        if (!rlv_value_duration(text, &whole))
            must = "must be a time with its unit, such as 5ms, 10s, 2m, 24h or 7d";
        v = (double)whole;
        break;
    default:
        if (!rlv_value_size(text, &bytes))
            must = "must be a size such as 512KiB, 32MiB or 1GiB";
        v = (double)bytes;
        break;
    }
    if (must) {
        wrong(draft, line, option, text, must);
        return;
    }
    if (!in_range(draft, line, option, text, v))
        return;
    if (option->type == RLV_OPTION_INTEGER)
        *(int32_t *)at = (int32_t)whole;
    else if (option->type == RLV_OPTION_REAL)
        *(double *)at = v;
    else if (option->type == RLV_OPTION_DURATION)
        *(int64_t *)at = whole;
    else
        *(size_t *)at = bytes;
}

static void read_choice(rlv_draft *draft, int32_t line, const rlv_option *option, int32_t *at, rlv_str text)
{
    int32_t index = (int32_t)option->min;
    for (const char *word = option->unit; *word; index++) {
        size_t n = strcspn(word, "|");
        if (rlv_str_eq(text, (rlv_str){word, n})) {
            *at = index;
            return;
        }
        word += n + (word[n] == '|');
    }
    wrong(draft, line, option, text, rlv_arena_printf(draft->arena, "must be one of %s", option->unit));
}

static rlv_str trim(rlv_str s)
{
    while (s.len && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s = (rlv_str){s.ptr + 1, s.len - 1};
    while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

bool rlv_draft_passes(rlv_draft *draft, int32_t line, const rlv_option *option, rlv_str text)
{
    const char *why = option->refuse ? option->refuse(text) : NULL;
    if (why)
        wrong(draft, line, option, text, why);
    return !why;
}

void rlv_option_set_list(void *at, const char **items, size_t n)
{
    *(const char *const **)at = items;
    memcpy((char *)at + sizeof(const char **), &n, sizeof(n));
}

/* A list written on one line, a,b,c: from the environment, or a single value in the file. */
static void read_list_text(rlv_draft *draft, int32_t line, const rlv_option *option, void *at, rlv_str text)
{
    size_t n = 0, max = 1;
    for (size_t i = 0; i < text.len; i++)
        max += text.ptr[i] == ',';
    const char **items = rlv_arena_zalloc(draft->arena, max, sizeof(*items));
    if (!items)
        return;
    for (size_t begin = 0, i = 0; i <= text.len; i++) {
        if (i < text.len && text.ptr[i] != ',')
            continue;
        rlv_str item = trim((rlv_str){text.ptr + begin, i - begin});
        begin = i + 1;
        if (rlv_draft_passes(draft, line, option, item))
            items[n++] = copy(draft, item).ptr;
    }
    rlv_option_set_list(at, items, n);
}

static void read_path(rlv_draft *draft, const char **at, rlv_str text)
{
    bool relative = !draft->variable && text.len && text.ptr[0] != '/';
    *at = relative
              ? rlv_arena_printf(draft->arena, "%s/%.*s", draft->values->config.folder, RLV_STR_ARG(text))
              : copy(draft, text).ptr;
}

void rlv_draft_scalar(rlv_draft *draft, int32_t line, const rlv_option *option, void *base, rlv_str text)
{
    void *at = (char *)base + option->offset;
    bool flag;
    switch (option->type) {
    case RLV_OPTION_STRING:
        if (rlv_draft_passes(draft, line, option, text))
            *(const char **)at = copy(draft, text).ptr;
        break;
    case RLV_OPTION_TEXT:
        if (rlv_draft_passes(draft, line, option, text))
            *(rlv_str *)at = copy(draft, text);
        break;
    case RLV_OPTION_PATH:
        read_path(draft, at, text);
        break;
    case RLV_OPTION_INTEGER:
    case RLV_OPTION_REAL:
    case RLV_OPTION_DURATION:
    case RLV_OPTION_SIZE:
        read_number(draft, line, option, at, text);
        break;
    case RLV_OPTION_BOOLEAN:
        if (rlv_value_bool(text, &flag))
            *(bool *)at = flag;
        else
            wrong(draft, line, option, text, "must be true or false");
        break;
    case RLV_OPTION_CHOICE:
        read_choice(draft, line, option, at, text);
        break;
    case RLV_OPTION_LIST:
        read_list_text(draft, line, option, at, text);
        break;
    case RLV_OPTION_TREE:
    case RLV_OPTION_ENTRIES:
    case RLV_OPTION_KAFKA:
        break; /* trees have no one-line form */
    }
}

void rlv_draft_defaults(rlv_draft *draft, enum rlv_scope scope, void *base)
{
    for (size_t i = 0; i < rlv_options_n; i++)
        if (rlv_options[i].scope == scope && rlv_options[i].initial)
            rlv_draft_scalar(draft, 0, &rlv_options[i], base, rlv_str_from(rlv_options[i].initial));
}

rlv_str rlv_draft_secret(rlv_draft *draft, int32_t line, const char *of, const char *what, rlv_str path)
{
    bool relative = !draft->variable && path.len && path.ptr[0] != '/';
    const char *name =
        relative ? rlv_arena_printf(draft->arena, "%s/%.*s", draft->values->config.folder, RLV_STR_ARG(path))
                 : copy(draft, path).ptr;
    rlv_str none = {NULL, 0};
    if (!rlv_config_uses(draft->command, of))
        return none;
    FILE *file = fopen(name, "re");
    if (!file) {
        rlv_draft_mistake(draft, line, "%s: cannot read %s: %s", what, name, strerror(errno));
        return none;
    }
    char *text = rlv_arena_alloc(draft->arena, SECRET_MAX + 1);
    errno = 0;
    size_t n = text ? fread(text, 1, SECRET_MAX, file) : 0;
    bool failed = ferror(file), more = n == SECRET_MAX;
    (void)fclose(file);
    if (!text)
        return none;
    while (n && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        n--;
    text[n] = '\0';
    if (failed)
        rlv_draft_mistake(draft, line, "%s: cannot read %s: %s", what, name, strerror(errno));
    else if (n == 0 || more || memchr(text, '\0', n))
        rlv_draft_mistake(draft, line, "%s: %s must hold one line of text", what, name);
    else
        return (rlv_str){text, n};
    return none;
}
