/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files as trees, by libyaml's events; see yaml.h. Must never follow an alias, and never build more than a
 * bounded number of nodes.
 */
#include "config/yaml.h"

#include <yaml.h>

#include "config/value.h"

enum {
    NODES_MAX = 20000
};

struct reading {
    yaml_parser_t parser;
    rlv_arena *arena;
    rlv_str source;
    size_t nodes;
    int32_t line; /* of the mistake */
    rlv_error *err;
};

static int refuse(struct reading *r, const yaml_mark_t *mark, const char *what)
{
    r->line = mark ? (int32_t)mark->line + 1 : 0;
    return rlv_error_set(r->err, RLV_E_CONFIG, "%s", what);
}

/* The line's indentation holds a tab: the commonest reason, and libyaml's word for it is a riddle. */
static bool tab_indents(rlv_str source, size_t line)
{
    size_t i = 0;
    for (; line > 0 && i < source.len; i++)
        line -= source.ptr[i] == '\n';
    for (; i < source.len && (source.ptr[i] == ' ' || source.ptr[i] == '\t'); i++)
        if (source.ptr[i] == '\t')
            return true;
    return false;
}

/* What mends it, by libyaml's words for what is wrong. */
static const char *remedy(const char *problem)
{
    static const char *const remedies[][2] = {
        {"unexpected end of stream", "; close the quote"},
        {"expected ',' or '}'", "; close the brace"},
        {"expected ',' or ']'", "; close the bracket"},
        {"mapping values are not allowed", "; check the indentation, or put quotes around a value that holds ': '"},
        {"expected ':'", "; write 'key: value', with a space behind the colon"},
        {"expected key", "; all keys of a mapping begin in the same column"},
        {"expected '-' indicator", "; all '-' of a list begin in the same column"},
        {"cannot start any token", "; put quotes around the value"},
    };
    for (size_t i = 0; i < sizeof(remedies) / sizeof(*remedies); i++)
        if (strstr(problem, remedies[i][0]))
            return remedies[i][1];
    return "";
}

static int syntax_error(struct reading *r)
{
    const yaml_parser_t *p = &r->parser;
    const char *problem = p->problem ? p->problem : "cannot be read";
    if (p->error == YAML_READER_ERROR) {
        r->line = 1;
        for (size_t i = 0; i < p->problem_offset && i < r->source.len; i++)
            r->line += r->source.ptr[i] == '\n';
        if (strstr(problem, "control characters"))
            return rlv_error_set(r->err, RLV_E_CONFIG, "a control character (NUL, for example): remove it");
        return rlv_error_set(r->err, RLV_E_CONFIG, "not UTF-8 text (%s): save the file as UTF-8", problem);
    }
    if (p->error == YAML_MEMORY_ERROR)
        return rlv_error_set(r->err, RLV_E_LIMIT, "no memory to read it");
    r->line = (int32_t)p->problem_mark.line + 1;
    if (tab_indents(r->source, p->problem_mark.line))
        return rlv_error_set(r->err, RLV_E_CONFIG, "a tab in the indentation: YAML wants spaces");
    if (p->context && p->context_mark.line != p->problem_mark.line)
        return rlv_error_set(r->err, RLV_E_CONFIG, "not valid YAML: %s (%s that begins on line %zu)%s", problem,
                             p->context, p->context_mark.line + 1, remedy(problem));
    return rlv_error_set(r->err, RLV_E_CONFIG, "not valid YAML: %s%s", problem, remedy(problem));
}

static int next_event(struct reading *r, yaml_event_t *ret)
{
    return yaml_parser_parse(&r->parser, ret) ? RLV_OK : syntax_error(r);
}

/* Copies a scalar; "" and not NULL when it is empty. */
static int copy_text(struct reading *r, const yaml_event_t *event, rlv_str *ret)
{
    rlv_str s = {(const char *)event->data.scalar.value, event->data.scalar.length};
    if (memchr(s.ptr, '\0', s.len))
        return refuse(r, &event->start_mark, "a text holds a NUL character: remove the \\0");
    *ret = s.len ? rlv_arena_copy(r->arena, s) : RLV_STR("");
    return RLV_OK;
}

static rlv_yaml_node *node_new(struct reading *r, const yaml_event_t *event, enum rlv_yaml_kind kind)
{
    rlv_yaml_node *node = r->nodes++ < NODES_MAX ? rlv_arena_zalloc(r->arena, 1, sizeof(*node)) : NULL;
    if (!node) {
        (void)refuse(r, &event->start_mark, "too large: a configuration may hold 20000 values");
        return NULL;
    }
    node->kind = kind;
    node->line = (int32_t)event->start_mark.line + 1;
    return node;
}

static int read_node(struct reading *r, const yaml_event_t *event, int depth, rlv_yaml_node **ret);

/* Anchors, aliases and tags are refused wherever they stand. */
static int check_plain(struct reading *r, const yaml_event_t *event)
{
    const yaml_char_t *anchor = NULL, *tag = NULL;
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return refuse(r, &event->start_mark, "aliases (*name) are not supported: write it out");
    case YAML_SCALAR_EVENT:
        anchor = event->data.scalar.anchor;
        tag = event->data.scalar.tag;
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
        break;
    default:
        break;
    }
    if (anchor)
        return refuse(r, &event->start_mark,
                      "anchors (&name) are not supported: write the value out where it is needed");
    if (tag)
        return refuse(r, &event->start_mark, "tags (!name) are not supported: remove it, and quote a text");
    return RLV_OK;
}

static void append(rlv_yaml_node *parent, rlv_yaml_node **last, rlv_yaml_node *child)
{
    if (*last)
        (*last)->next = child;
    else
        parent->first = child;
    *last = child;
    parent->n++;
}

static int read_list(struct reading *r, rlv_yaml_node *list, int depth)
{
    rlv_yaml_node *last = NULL;
    for (;;) {
        yaml_event_t event;
        if (next_event(r, &event))
            return RLV_E_CONFIG;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return RLV_OK;
        }
        rlv_yaml_node *child;
        int rc = read_node(r, &event, depth, &child);
        yaml_event_delete(&event);
        if (rc)
            return rc;
        append(list, &last, child);
    }
}

static int read_key(struct reading *r, const yaml_event_t *event, rlv_str *ret)
{
    int rc = check_plain(r, event);
    if (rc)
        return rc;
    if (event->type != YAML_SCALAR_EVENT)
        return refuse(r, &event->start_mark, "a key must be a word, not a list or a mapping");
    return copy_text(r, event, ret);
}

static int read_member(struct reading *r, rlv_yaml_node *map, rlv_yaml_node **last, rlv_str key, int32_t line,
                       int depth)
{
    bool repeated = rlv_yaml_get(map, key.ptr) != NULL;
    yaml_event_t event;
    if (next_event(r, &event))
        return RLV_E_CONFIG;
    rlv_yaml_node *child;
    int rc = read_node(r, &event, depth, &child);
    yaml_event_delete(&event);
    if (rc)
        return rc;
    child->key = key;
    child->key_line = line;
    child->repeated = repeated;
    append(map, last, child);
    return RLV_OK;
}

static int read_map(struct reading *r, rlv_yaml_node *map, int depth)
{
    rlv_yaml_node *last = NULL;
    for (;;) {
        yaml_event_t event;
        if (next_event(r, &event))
            return RLV_E_CONFIG;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return RLV_OK;
        }
        rlv_str key;
        int32_t line = (int32_t)event.start_mark.line + 1;
        int rc = read_key(r, &event, &key);
        yaml_event_delete(&event);
        if (!rc)
            rc = read_member(r, map, &last, key, line, depth);
        if (rc)
            return rc;
    }
}

static int read_node(struct reading *r, const yaml_event_t *event, int depth, rlv_yaml_node **ret)
{
    int rc = check_plain(r, event);
    if (rc)
        return rc;
    enum rlv_yaml_kind kind = event->type == YAML_SCALAR_EVENT           ? RLV_YAML_SCALAR
                              : event->type == YAML_SEQUENCE_START_EVENT ? RLV_YAML_LIST
                                                                         : RLV_YAML_MAP;
    if (kind != RLV_YAML_SCALAR && depth >= RLV_YAML_DEPTH_MAX)
        return refuse(r, &event->start_mark, "nested too deeply: at most 16 levels");
    rlv_yaml_node *node = node_new(r, event, kind);
    if (!node)
        return RLV_E_CONFIG;
    if (kind == RLV_YAML_SCALAR) {
        node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        rc = copy_text(r, event, &node->text);
    } else {
        rc = kind == RLV_YAML_LIST ? read_list(r, node, depth + 1) : read_map(r, node, depth + 1);
    }
    if (!rc)
        *ret = node;
    return rc;
}

/* The one document between stream start and stream end. */
static int read_document(struct reading *r, rlv_yaml_node **ret)
{
    rlv_yaml_node *root = NULL;
    for (bool done = false; !done;) {
        yaml_event_t event;
        if (next_event(r, &event))
            return RLV_E_CONFIG;
        int rc = RLV_OK;
        switch (event.type) {
        case YAML_STREAM_END_EVENT:
            done = true;
            break;
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            break;
        case YAML_DOCUMENT_START_EVENT:
            if (root)
                rc = refuse(r, &event.start_mark,
                            "a second document begins here: one file holds one, remove the '---'");
            break;
        default:
            rc = read_node(r, &event, 0, &root);
            break;
        }
        yaml_event_delete(&event);
        if (rc)
            return rc;
    }
    *ret = root;
    return RLV_OK;
}

int rlv_yaml_parse(rlv_arena *arena, rlv_str text, const rlv_yaml_node **ret, int32_t *ret_line,
                   rlv_error *err)
{
    if (text.len >= 3 && memcmp(text.ptr, "\xEF\xBB\xBF", 3) == 0) /* some editors begin a file so */
        text = (rlv_str){text.ptr + 3, text.len - 3};
    struct reading r = {.arena = arena, .source = text, .err = err};
    *ret_line = 0;
    if (text.len > RLV_YAML_BYTES_MAX)
        return rlv_error_set(err, RLV_E_CONFIG, "too large: a configuration may have 1 MiB");
    if (!yaml_parser_initialize(&r.parser))
        return rlv_error_set(err, RLV_E_LIMIT, "no memory to read it");
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.len ? text.ptr : ""), text.len);
    rlv_yaml_node *root;
    int rc = read_document(&r, &root);
    yaml_parser_delete(&r.parser);
    if (rc) {
        *ret_line = r.line;
        return RLV_E_CONFIG;
    }
    if (rlv_arena_overflowed(arena))
        return rlv_error_set(err, RLV_E_LIMIT, "too large for the memory it may have");
    *ret = rlv_yaml_empty(root) ? NULL : root;
    return RLV_OK;
}

const rlv_yaml_node *rlv_yaml_get(const rlv_yaml_node *node, const char *key)
{
    if (!node || node->kind != RLV_YAML_MAP)
        return NULL;
    for (const rlv_yaml_node *child = node->first; child; child = child->next)
        if (rlv_str_is(child->key, key))
            return child;
    return NULL;
}

bool rlv_yaml_empty(const rlv_yaml_node *node)
{
    return !node || (node->kind == RLV_YAML_SCALAR && !node->quoted &&
                     (node->text.len == 0 || rlv_str_is(node->text, "~") || rlv_str_is(node->text, "null")));
}

const char *rlv_yaml_kind_name(const rlv_yaml_node *node)
{
    return node->kind == RLV_YAML_LIST  ? "a list"
           : node->kind == RLV_YAML_MAP ? "a mapping"
                                        : "a single value";
}

static void put_text(rlv_buf *out, rlv_str s)
{
    rlv_buf_append(out, "\"", 1);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '"' || c == '\\')
            rlv_buf_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            rlv_buf_printf(out, "\\u%04x", c);
        else
            rlv_buf_append(out, s.ptr + i, 1);
    }
    rlv_buf_append(out, "\"", 1);
}

/* JSON's own idea of a number, which is narrower than strtod's: no leading zeros or plus, digits around the
 * point. */
static bool json_number(rlv_str s)
{
    size_t i = s.len && s.ptr[0] == '-';
    double v;
    if (i == s.len || s.ptr[i] < '0' || s.ptr[i] > '9')
        return false;
    if (s.ptr[i] == '0' && i + 1 < s.len && s.ptr[i + 1] >= '0' && s.ptr[i + 1] <= '9')
        return false;
    for (; i < s.len; i++)
        if (s.ptr[i] == '.' && (i + 1 == s.len || s.ptr[i + 1] < '0' || s.ptr[i + 1] > '9'))
            return false;
    return rlv_value_real(s, &v);
}

static void put_scalar(rlv_buf *out, const rlv_yaml_node *node)
{
    if (rlv_yaml_empty(node))
        rlv_buf_printf(out, "null");
    else if (!node->quoted &&
             (rlv_str_is(node->text, "true") || rlv_str_is(node->text, "false") || json_number(node->text)))
        rlv_buf_str(out, node->text);
    else
        put_text(out, node->text);
}

void rlv_yaml_json(const rlv_yaml_node *node, rlv_buf *out)
{
    if (!node || node->kind == RLV_YAML_SCALAR) {
        put_scalar(out, node);
        return;
    }
    bool map = node->kind == RLV_YAML_MAP;
    rlv_buf_append(out, map ? "{" : "[", 1);
    for (const rlv_yaml_node *child = node->first; child; child = child->next) {
        if (child != node->first)
            rlv_buf_append(out, ",", 1);
        if (map) {
            put_text(out, child->key);
            rlv_buf_append(out, ":", 1);
        }
        rlv_yaml_json(child, out);
    }
    rlv_buf_append(out, map ? "}" : "]", 1);
}
