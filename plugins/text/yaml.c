/* SPDX-License-Identifier: Apache-2.0 */
/* libyaml's document as a tree with lines. It must never accept what it does not understand: anchors that
   loop, duplicate keys. */
#include "text/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>
#include <yaml.h>

struct rlt_node {
    const rlt_node **items; /* elements; of a mapping key, value, key, value, ... */
    const char *text;
    size_t len;
    size_t n;
    uint32_t line;
    int kind;
    bool has_parent;
};

struct rlt_yaml {
    yaml_document_t document;
    rlt_node *nodes; /* nodes[i] is the document's node i + 1 */
    size_t n_nodes;
    uint32_t first_line;
    char *path;
};

static const rlt_node null_node = {.kind = RLT_NULL, .line = 1, .text = ""};

bool rlt_file_load(const char *path, char **ret_text, size_t *ret_len, rlt_error *error)
{
    FILE *file = fopen(path, "rbe");
    if (!file)
        return rlt_fail_as(error, EX_NOINPUT, "%s: %s; check the path", path, strerror(errno));
    size_t len = 0, room = 1u << 16;
    char *text = malloc(room + 1);
    while (text && !feof(file) && !ferror(file) && len <= RLT_FILE_MAX) {
        len += fread(text + len, 1, room - len, file);
        if (len < room)
            continue;
        char *larger = realloc(text, 2 * room + 1);
        if (!larger)
            free(text);
        text = larger;
        room *= 2;
    }
    int reason = ferror(file) ? errno : 0;
    fclose(file);
    if (!text)
        return rlt_fail_memory(error, path);
    if (reason || len > RLT_FILE_MAX) {
        free(text);
        return reason ? rlt_fail_as(error, EX_NOINPUT, "%s: %s; check that it is a readable file", path, strerror(reason))
                      : rlt_fail(error, "%s: larger than %u MiB; split it", path, RLT_FILE_MAX >> 20);
    }
    text[len] = '\0';
    *ret_text = text;
    *ret_len = len;
    return true;
}

static const rlt_node *node_of(const rlt_yaml *yaml, int index)
{
    return &yaml->nodes[index - 1];
}

static bool set_items(rlt_yaml *yaml, rlt_node *node, const yaml_node_t *from)
{
    size_t n = from->type == YAML_SEQUENCE_NODE
                   ? (size_t)(from->data.sequence.items.top - from->data.sequence.items.start)
                   : 2 * (size_t)(from->data.mapping.pairs.top - from->data.mapping.pairs.start);
    node->items = calloc(n + 1, sizeof *node->items);
    if (!node->items)
        return false;
    node->n = n;
    for (size_t i = 0; i < n; i++) {
        if (from->type == YAML_SEQUENCE_NODE) {
            node->items[i] = node_of(yaml, from->data.sequence.items.start[i]);
        } else {
            const yaml_node_pair_t *pair = &from->data.mapping.pairs.start[i / 2];
            node->items[i] = node_of(yaml, i % 2 ? pair->value : pair->key);
        }
    }
    return true;
}

/* An alias (`*name`) would make one node part of two, or of itself: whoever walks the tree would do so for
   ever. */
static bool check_tree(const rlt_yaml *yaml, rlt_error *error)
{
    for (size_t i = 0; i < yaml->n_nodes; i++)
        for (size_t j = 0; j < yaml->nodes[i].n; j++) {
            rlt_node *item = &yaml->nodes[yaml->nodes[i].items[j] - yaml->nodes];
            if (item->has_parent || item == yaml->nodes)
                return rlt_fail(error, "%s:%u: aliases (*name) are not understood here; repeat the text",
                                yaml->path, yaml->nodes[i].line);
            item->has_parent = true;
        }
    return true;
}

static bool check_keys(const rlt_yaml *yaml, const rlt_node *node, rlt_error *error)
{
    for (size_t i = 0; node->kind == RLT_MAPPING && i < node->n; i += 2) {
        const rlt_node *key = node->items[i];
        if (key->kind != RLT_SCALAR)
            return rlt_fail(error, "%s:%u: a key must be a plain text", yaml->path, key->line);
        for (size_t j = 0; j < i; j += 2)
            if (key->len == node->items[j]->len && memcmp(key->text, node->items[j]->text, key->len) == 0)
                return rlt_fail(error, "%s:%u: '%s' is given twice (first in line %u); remove one",
                                yaml->path, key->line, key->text, node->items[j]->line);
    }
    return true;
}

static bool make_nodes(rlt_yaml *yaml, rlt_error *error)
{
    yaml->n_nodes = (size_t)(yaml->document.nodes.top - yaml->document.nodes.start);
    yaml->nodes = calloc(yaml->n_nodes + 1, sizeof *yaml->nodes);
    if (!yaml->nodes)
        return rlt_fail_memory(error, yaml->path);
    for (size_t i = 0; i < yaml->n_nodes; i++) {
        const yaml_node_t *from = &yaml->document.nodes.start[i];
        rlt_node *node = &yaml->nodes[i];
        node->line = (uint32_t)from->start_mark.line + yaml->first_line;
        node->text = "";
        node->kind = from->type == YAML_SCALAR_NODE     ? RLT_SCALAR
                     : from->type == YAML_SEQUENCE_NODE ? RLT_SEQUENCE
                                                        : RLT_MAPPING;
        if (node->kind == RLT_SCALAR) {
            node->text = (const char *)from->data.scalar.value;
            node->len = from->data.scalar.length;
            if (node->len == 0 && from->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
                node->kind = RLT_NULL;
        } else if (!set_items(yaml, node, from)) {
            return rlt_fail_memory(error, yaml->path);
        }
    }
    if (!check_tree(yaml, error))
        return false;
    for (size_t i = 0; i < yaml->n_nodes; i++)
        if (!check_keys(yaml, &yaml->nodes[i], error))
            return false;
    return true;
}

static bool fail_parser(const rlt_yaml *yaml, const yaml_parser_t *parser, rlt_error *error)
{
    const char *context = parser->context ? parser->context : "";
    bool quoted = strcmp(context, "while scanning a quoted scalar") == 0; /* noticed at the end of the file */
    size_t line = quoted ? parser->context_mark.line : parser->problem_mark.line;
    return rlt_fail(error, "%s:%u: not valid YAML: %s%s%s; mend this line or put the text in quotes",
                    yaml->path, (uint32_t)line + yaml->first_line,
                    parser->problem ? parser->problem : "out of memory", *context ? " " : "", context);
}

static bool parse(rlt_yaml *yaml, relevo_str text, rlt_error *error)
{
    yaml_parser_t parser;
    yaml_document_t rest;
    if (!yaml_parser_initialize(&parser))
        return rlt_fail_memory(error, yaml->path);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.ptr, text.len);
    bool good = yaml_parser_load(&parser, &yaml->document);
    if (!good) {
        memset(&yaml->document, 0, sizeof yaml->document);
        fail_parser(yaml, &parser, error);
    } else if (!yaml_parser_load(&parser, &rest)) {
        good = fail_parser(yaml, &parser, error);
    } else {
        if (yaml_document_get_root_node(&rest))
            good = rlt_fail(error, "%s: a second document ('---') in one file; make it a file of its own",
                            yaml->path);
        yaml_document_delete(&rest);
    }
    yaml_parser_delete(&parser);
    return good && make_nodes(yaml, error);
}

bool rlt_text_check(const char *path, uint32_t first_line, relevo_str text, rlt_error *error)
{
    uint32_t line = first_line;
    for (uint64_t i = 0; i < text.len;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t width =
            utf8proc_iterate((const utf8proc_uint8_t *)text.ptr + i, (utf8proc_ssize_t)(text.len - i), &c);
        if (width <= 0)
            return rlt_fail(error, "%s:%u: it is not UTF-8 here; save the file as UTF-8", path, line);
        if ((c < ' ' && !(c == '\t' || c == '\n' || c == '\r')) || c == 0x7F)
            return rlt_fail(error, "%s:%u: a control character, which nobody can read; remove it", path, line);
        line += c == '\n';
        i += (uint64_t)width;
    }
    return true;
}

bool rlt_yaml_parse(const char *path, uint32_t first_line, relevo_str text, rlt_yaml **ret_yaml,
                    rlt_error *error)
{
    if (!rlt_text_check(path, first_line, text, error))
        return false;
    rlt_yaml *yaml = calloc(1, sizeof *yaml);
    if (!yaml || !(yaml->path = strdup(path))) {
        free(yaml);
        return rlt_fail_memory(error, path);
    }
    yaml->first_line = first_line;
    if (!parse(yaml, text, error)) {
        rlt_yaml_free(yaml);
        return false;
    }
    *ret_yaml = yaml;
    return true;
}

bool rlt_yaml_load(const char *path, rlt_yaml **ret_yaml, rlt_error *error)
{
    char *text;
    size_t len;
    if (!rlt_file_load(path, &text, &len, error))
        return false;
    bool good = rlt_yaml_parse(path, 1, (relevo_str){text, len}, ret_yaml, error);
    free(text);
    return good;
}

void rlt_yaml_free(rlt_yaml *yaml)
{
    if (!yaml)
        return;
    for (size_t i = 0; yaml->nodes && i < yaml->n_nodes; i++)
        free(yaml->nodes[i].items);
    free(yaml->nodes);
    yaml_document_delete(&yaml->document);
    free(yaml->path);
    free(yaml);
}

const rlt_node *rlt_yaml_root(const rlt_yaml *yaml)
{
    return yaml->n_nodes > 0 ? &yaml->nodes[0] : &null_node;
}

const char *rlt_yaml_path(const rlt_yaml *yaml)
{
    return yaml->path;
}

int rlt_node_kind(const rlt_node *node)
{
    return node->kind;
}

uint32_t rlt_node_line(const rlt_node *node)
{
    return node->line;
}

size_t rlt_node_count(const rlt_node *node)
{
    return node->kind == RLT_MAPPING ? node->n / 2 : node->n;
}

const rlt_node *rlt_node_at(const rlt_node *node, size_t i)
{
    return node->items[node->kind == RLT_MAPPING ? 2 * i + 1 : i];
}

const rlt_node *rlt_node_key(const rlt_node *node, size_t i)
{
    return node->items[2 * i];
}

relevo_str rlt_node_text(const rlt_node *node)
{
    return (relevo_str){node->text, node->len};
}

const rlt_node *rlt_node_get(const rlt_node *node, const char *key)
{
    for (size_t i = 0; node->kind == RLT_MAPPING && i < rlt_node_count(node); i++)
        if (strcmp(rlt_node_key(node, i)->text, key) == 0)
            return rlt_node_at(node, i);
    return NULL;
}

bool rlt_node_is_texts(const rlt_node *node)
{
    if (node->kind != RLT_SEQUENCE)
        return node->kind == RLT_SCALAR;
    for (size_t i = 0; i < node->n; i++)
        if (node->items[i]->kind != RLT_SCALAR)
            return false;
    return true;
}

size_t rlt_node_n_texts(const rlt_node *node)
{
    return node->kind == RLT_SCALAR ? 1 : node->n;
}

relevo_str rlt_node_text_at(const rlt_node *node, size_t i)
{
    return rlt_node_text(node->kind == RLT_SCALAR ? node : node->items[i]);
}
