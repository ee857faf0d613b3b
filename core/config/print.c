/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration as it came out of file, environment and defaults, as YAML that could be read again or as a list in JSON, each
 * value with where it comes from. Must never print a secret: what is one, the option table says; of
 * librdkafka's properties and of plugins' options, the name.
 */
#include <stdio.h>
#include <stdlib.h>

#include "config/draft.h"
#include "config/value.h"

enum {
    COMMENT_COLUMN = 48,
    LINE_MAX_BYTES = 8192
};

#define HIDDEN "(hidden)"

/* Where lines go, and what stands open. */
struct page {
    rlv_draft *draft;
    rlv_buf *out;
    char open[RLV_PATH_MAX]; /* path of the last key written */
    bool json;
    size_t rows; /* written so far, with json */
    char within[RLV_PATH_MAX]; /* with json: "plugins[0]." before the keys of a list's mapping, else "" */
};

/* ---- values
 * ---------------------------------------------------------------------------------------------------- */

void rlv_draft_quote(rlv_buf *out, rlv_str s)
{
    rlv_buf_append(out, "\"", 1);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '"' || c == '\\')
            rlv_buf_printf(out, "\\%c", c);
        else if (c == '\n')
            rlv_buf_printf(out, "\\n");
        else if (c < 0x20 || c == 0x7f)
            rlv_buf_printf(out, "\\u%04x", c);
        else
            rlv_buf_append(out, s.ptr + i, 1);
    }
    rlv_buf_append(out, "\"", 1);
}

/* Without quotes only what no reader of YAML can take for anything but a text. */
static void put_text(const struct page *page, rlv_buf *out, rlv_str s)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
    bool plain = !page->json && s.len > 0 && ((s.ptr[0] >= 'a' && s.ptr[0] <= 'z') || s.ptr[0] == '/');
    for (size_t i = 0; plain && i < s.len; i++)
        plain = s.ptr[i] && strchr(safe, s.ptr[i]);
    for (size_t i = 0; plain && i < sizeof(words) / sizeof(*words); i++)
        plain = !rlv_str_is(s, words[i]);
    if (plain)
        rlv_buf_str(out, s);
    else
        rlv_draft_quote(out, s);
}

/* What YAML takes without quotes and JSON does not: 10s, 32MiB, (hidden). */
static void put_word(const struct page *page, rlv_buf *out, const char *word)
{
    rlv_buf_printf(out, page->json ? "\"%s\"" : "%s", word);
}

static size_t list_length(const void *at)
{
    size_t n;
    memcpy(&n, (const char *)at + sizeof(const char *const *), sizeof(n));
    return n;
}

static void put_list(const struct page *page, rlv_buf *out, const void *at)
{
    const char *const *items = *(const char *const *const *)at;
    size_t n = list_length(at);
    rlv_buf_printf(out, "[");
    for (size_t i = 0; i < n; i++) {
        rlv_buf_printf(out, "%s", i ? ", " : "");
        put_text(page, out, rlv_str_from(items[i]));
    }
    rlv_buf_printf(out, "]");
}

static void put_size(const struct page *page, rlv_buf *out, size_t bytes)
{
    static const struct {
        size_t factor;
        const char *name;
    } units[] = {{(size_t)1 << 30, "GiB"}, {(size_t)1 << 20, "MiB"}, {1024, "KiB"}, {1, "B"}};
    for (size_t i = 0; i < 4; i++)
        if (bytes % units[i].factor == 0 && (bytes || units[i].factor == 1)) {
            char text[32];
            (void)snprintf(text, sizeof(text), "%zu%s", bytes / units[i].factor, units[i].name);
            put_word(page, out, text);
            return;
        }
}

static void put_choice(const struct page *page, rlv_buf *out, const rlv_option *option, int32_t value)
{
    const char *word = option->unit;
    for (int32_t i = (int32_t)option->min; i < value && strchr(word, '|'); i++)
        word = strchr(word, '|') + 1;
    char text[64];
    (void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(word, "|"), word);
    put_word(page, out, text);
}

/* A plugin's own options, on one line, as JSON, which is YAML too. */
static void put_tree(const struct page *page, rlv_buf *out, const rlv_yaml_node *node)
{
    if (!node || node->kind == RLV_YAML_SCALAR) {
        rlv_yaml_json(node, out);
        return;
    }
    bool map = node->kind == RLV_YAML_MAP;
    rlv_buf_printf(out, map ? "{" : "[");
    for (const rlv_yaml_node *child = node->first; child; child = child->next) {
        if (child != node->first)
            rlv_buf_printf(out, ", ");
        if (map) {
            rlv_draft_quote(out, child->key);
            rlv_buf_printf(out, ": ");
        }
        if (map && rlv_config_secret_name(child->key))
            put_word(page, out, HIDDEN);
        else
            put_tree(page, out, child);
    }
    rlv_buf_printf(out, map ? "}" : "]");
}

static void put_duration(const struct page *page, rlv_buf *out, int64_t ms)
{
    char text[32];
    rlv_value_duration_text(ms, text);
    put_word(page, out, text);
}

/* Names of topics hold the prefix by now, which has a line of its own. */
static const char *without_prefix(const struct page *page, const rlv_option *option, const char *text)
{
    const char *prefix = page->draft->values->config.topics.prefix;
    bool topic = strncmp(option->path, "topics.", 7) == 0 && option->type == RLV_OPTION_STRING &&
                 strcmp(option->path, "topics.prefix") != 0;
    return topic && strncmp(text, prefix, strlen(prefix)) == 0 ? text + strlen(prefix) : text;
}

static void put_topics(const struct page *page, rlv_buf *out)
{
    const rlv_config *config = &page->draft->values->config;
    rlv_buf_printf(out, "[");
    for (size_t i = 0; i < config->topics.n_events; i++) {
        rlv_buf_printf(out, "%s", i ? ", " : "");
        put_text(page, out, rlv_str_from(config->topics.events[i] + strlen(config->topics.prefix)));
    }
    rlv_buf_printf(out, "]");
}

/* Nothing for what is not set. */
static void put_value(const struct page *page, rlv_buf *out, const rlv_option *option, const void *base)
{
    const void *at = (const char *)base + option->offset;
    const char *text = NULL;
    if (option->type == RLV_OPTION_STRING || option->type == RLV_OPTION_PATH) {
        memcpy(&text, at, sizeof(text));
        if (!text)
            return;
    }
    bool listed = option->type == RLV_OPTION_LIST && list_length(at) > 0;
    if (option->type == RLV_OPTION_LIST && !listed)
        return;
    if ((option->flags & RLV_FLAG_SECRET) && (listed || (text && *text))) {
        put_word(page, out, HIDDEN);
        return;
    }
    switch (option->type) {
    case RLV_OPTION_STRING:
    case RLV_OPTION_PATH:
        put_text(page, out, rlv_str_from(without_prefix(page, option, text)));
        break;
    case RLV_OPTION_TEXT:
        rlv_draft_quote(out, *(const rlv_str *)at);
        break;
    case RLV_OPTION_INTEGER:
        rlv_buf_printf(out, "%d", *(const int32_t *)at);
        break;
    case RLV_OPTION_REAL:
        rlv_buf_printf(out, "%.15g", *(const double *)at);
        break;
    case RLV_OPTION_BOOLEAN:
        rlv_buf_printf(out, *(const bool *)at ? "true" : "false");
        break;
    case RLV_OPTION_DURATION:
        put_duration(page, out, *(const int64_t *)at);
        break;
    case RLV_OPTION_SIZE:
        put_size(page, out, *(const size_t *)at);
        break;
    case RLV_OPTION_LIST:
        if (strcmp(option->path, "topics.events") == 0)
            put_topics(page, out);
        else
            put_list(page, out, at);
        break;
    case RLV_OPTION_CHOICE:
        put_choice(page, out, option, *(const int32_t *)at);
        break;
    case RLV_OPTION_TREE:
        if (*(const rlv_yaml_node *const *)at)
            put_tree(page, out, *(const rlv_yaml_node *const *)at);
        break;
    case RLV_OPTION_ENTRIES:
    case RLV_OPTION_KAFKA:
        break; /* have lines of their own */
    }
}

/* ---- where it comes from
 * --------------------------------------------------------------------------------------- */

static bool given(const rlv_yaml_node *map, const char *key, int32_t *ret_line)
{
    const rlv_yaml_node *node = rlv_yaml_get(map, key);
    if (rlv_yaml_empty(node))
        return false;
    *ret_line = node->key_line;
    return true;
}

/* The line of "message.es" below a map, or of its file ("token_file"); 0: not there. */
static int32_t line_below(const rlv_yaml_node *map, const char *path, bool secret)
{
    char word[RLV_PATH_MAX];
    int32_t line = 0;
    size_t n;
    while (map && (n = strcspn(path, "."), path[n] == '.')) {
        (void)snprintf(word, sizeof(word), "%.*s", (int)n, path);
        map = rlv_yaml_get(map, word);
        path += n + 1;
    }
    if (given(map, path, &line) || !secret)
        return line;
    (void)snprintf(word, sizeof(word), "%s_file", path);
    return given(map, word, &line) ? line : 0;
}

static void put_origin(const struct page *page, rlv_buf *out, const rlv_option *option,
                       const rlv_yaml_node *entry)
{
    char variable[64], file[72];
    bool secret = option->flags & RLV_FLAG_SECRET;
    if (rlv_option_variable(option, variable)) {
        (void)snprintf(file, sizeof(file), "%s_FILE", variable);
        if (getenv(variable) || (secret && getenv(file))) {
            rlv_buf_printf(out, "%s", getenv(variable) ? variable : file);
            return;
        }
    }
    const char *brackets = strstr(option->path, "[].");
    int32_t line =
        line_below(entry ? entry : page->draft->root, brackets ? brackets + 3 : option->path, secret);
    if (line)
        rlv_buf_printf(out, "line %d", line);
    else
        rlv_buf_printf(out, "default");
}

/* ---- lines
 * ----------------------------------------------------------------------------------------------------- */

static void put_line(const struct page *page, int indent, const char *dash, rlv_str key, rlv_str value,
                     rlv_str origin)
{
    rlv_buf *out = page->out;
    size_t begin = out->len;
    rlv_buf_printf(out, "%*s%s%.*s:", indent, "", dash, RLV_STR_ARG(key));
    if (value.len)
        rlv_buf_printf(out, " %.*s", RLV_STR_ARG(value));
    size_t width = out->len - begin;
    if (origin.len)
        rlv_buf_printf(out, "%*s# %.*s", width < COMMENT_COLUMN ? (int)(COMMENT_COLUMN - width) : 1, "",
                       RLV_STR_ARG(origin));
    rlv_buf_printf(out, "\n");
}

/* The same for machines; null is what is not set. */
static void put_row(struct page *page, const char *path, rlv_str value, rlv_str origin)
{
    rlv_buf *out = page->out;
    rlv_buf_printf(out, "%s{\"key\":\"%s%s\",\"value\":", page->rows++ ? "," : "", page->within, path);
    rlv_buf_str(out, value.len ? value : RLV_STR("null"));
    rlv_buf_printf(out, ",\"from\":\"%.*s\"}", RLV_STR_ARG(origin));
}

/* Opens the mappings that lead to path and are not open yet; returns the indentation of its last word. */
static int open_sections(struct page *page, const char *path, int indent, const char **dash)
{
    size_t at = 0;
    for (size_t n; n = strcspn(path + at, "."), path[at + n] == '.'; at += n + 1) {
        size_t end = at + n + 1;
        if (strncmp(page->open, path, end) != 0) {
            put_line(page, indent, *dash, (rlv_str){path + at, n}, RLV_STR(""), RLV_STR(""));
            indent += (int)strlen(*dash);
            *dash = "";
        }
        indent += 2;
    }
    (void)snprintf(page->open, sizeof(page->open), "%s", path);
    return indent;
}

static void put_option(struct page *page, const rlv_option *option, const void *base, const char *path,
                       int indent, const char **dash, const rlv_yaml_node *entry)
{
    rlv_buf value = RLV_BUF_INIT(RLV_YAML_BYTES_MAX), origin = RLV_BUF_INIT(LINE_MAX_BYTES);
    put_value(page, &value, option, base);
    put_origin(page, &origin, option, entry);
    bool unread = (option->flags & RLV_FLAG_SECRET) && !rlv_config_uses(page->draft->command, option->path);
    if (unread && !rlv_str_is(rlv_buf_view(&origin), "default")) {
        rlv_buf_free(&value);
        put_word(page, &value, HIDDEN);
    }
    if (page->json) {
        put_row(page, path, rlv_buf_view(&value), rlv_buf_view(&origin));
    } else {
        indent = open_sections(page, path, indent, dash);
        const char *dot = strrchr(path, '.');
        put_line(page, indent, *dash, rlv_str_from(dot ? dot + 1 : path), rlv_buf_view(&value),
                 rlv_buf_view(&origin));
        *dash = "";
    }
    rlv_buf_free(&value);
    rlv_buf_free(&origin);
}

/* ---- what is a list of mappings, and Kafka's properties
 * -------------------------------------------------------- */

static const rlv_yaml_node *node_at(const rlv_yaml_node *node, const char *path)
{
    char word[RLV_PATH_MAX];
    while (node && *path) {
        size_t n = strcspn(path, ".");
        (void)snprintf(word, sizeof(word), "%.*s", (int)n, path);
        node = rlv_yaml_get(node, word);
        path += n + (path[n] == '.');
    }
    return node;
}

static void put_entries(struct page *page, size_t list)
{
    const rlv_option *option = &rlv_options[list];
    size_t n = 0, path_len = strlen(option->path), last = list + 1;
    while (last < rlv_options_n && strncmp(rlv_options[last].path, option->path, path_len) == 0 &&
           strncmp(rlv_options[last].path + path_len, "[].", 3) == 0)
        last++;
    if (last > list + 1)
        n = page->draft->lists[rlv_options[list + 1].scope].n;
    const char *dash = "", *dot = strrchr(option->path, '.');
    int indent = 0;
    if (!page->json) {
        indent = open_sections(page, option->path, 0, &dash);
        put_line(page, indent, "", rlv_str_from(dot ? dot + 1 : option->path), n ? RLV_STR("") : RLV_STR("[]"), RLV_STR(""));
    }
    const rlv_yaml_node *listed = node_at(page->draft->root, option->path);
    const rlv_yaml_node *entry = listed ? listed->first : NULL;
    for (size_t i = 0; i < n && entry; i++, entry = entry->next) {
        dash = "- ";
        page->open[0] = '\0';
        if (page->json)
            (void)snprintf(page->within, sizeof(page->within), "%s[%zu].", option->path, i);
        for (size_t k = list + 1; k < last; k++) {
            const void *base = rlv_draft_item(page->draft, rlv_options[k].scope, i);
            put_option(page, &rlv_options[k], base, rlv_options[k].path + path_len + 3,
                       indent + (*dash ? 2 : 4), &dash, entry);
        }
    }
    (void)snprintf(page->open, sizeof(page->open), "%s", option->path);
    page->within[0] = '\0';
}

static bool hidden_property(const char *name)
{
    static const char *const words[] = {"password", "secret", "token",
                                        "key.pem",  "jaas",   "oauthbearer.config"};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strstr(name, words[i]))
            return true;
    return false;
}

static void put_kafka(struct page *page)
{
    const rlv_config *config = &page->draft->values->config;
    const char *dash = "";
    if (!page->json)
        (void)open_sections(page, "kafka.", 0, &dash);
    for (size_t i = 0; i < config->n_kafka; i++) {
        const rlv_config_property *p = &config->kafka[i];
        rlv_buf value = RLV_BUF_INIT(RLV_YAML_BYTES_MAX), origin = RLV_BUF_INIT(LINE_MAX_BYTES);
        if (hidden_property(p->name))
            put_word(page, &value, HIDDEN);
        else
            put_text(page, &value, rlv_str_from(p->value));
        if (p->line)
            rlv_buf_printf(&origin, "line %d", p->line);
        else
            rlv_buf_printf(&origin, "environment");
        if (page->json) {
            char key[RLV_PATH_MAX];
            (void)snprintf(key, sizeof(key), "kafka.%s", p->name);
            put_row(page, key, rlv_buf_view(&value), rlv_buf_view(&origin));
        } else {
            put_line(page, 2, "", rlv_str_from(p->name), rlv_buf_view(&value), rlv_buf_view(&origin));
        }
        rlv_buf_free(&value);
        rlv_buf_free(&origin);
    }
}

void rlv_draft_print(rlv_draft *draft, bool json, rlv_buf *out)
{
    struct page page = {.draft = draft, .out = out, .json = json};
    if (json) {
        rlv_buf_printf(out, "{\"file\":");
        rlv_draft_quote(out, rlv_str_from(draft->file));
        rlv_buf_printf(out, ",\"options\":[");
    } else {
        rlv_buf_printf(out, "# %s, the environment and the defaults together; secrets are hidden\n", draft->file);
    }
    for (size_t i = 0; i < rlv_options_n; i++) {
        const rlv_option *option = &rlv_options[i];
        const char *dash = "";
        if (option->type == RLV_OPTION_KAFKA)
            put_kafka(&page);
        else if (option->type == RLV_OPTION_ENTRIES)
            put_entries(&page, i);
        else if (option->scope == RLV_SCOPE_ROOT)
            put_option(&page, option, draft->values, option->path, 0, &dash, NULL);
    }
    if (json)
        rlv_buf_printf(out, "]}\n");
}
