/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML file as a small tree that remembers its lines, so that a mistake can be pointed at. One document, no
 * anchors, no aliases, no tags: nothing in it can grow beyond the file.
 */
#ifndef RLV_CONFIG_YAML_H
#define RLV_CONFIG_YAML_H

#include "base/arena.h"
#include "base/buf.h"

enum rlv_yaml_kind {
    RLV_YAML_SCALAR = 1,
    RLV_YAML_LIST = 2,
    RLV_YAML_MAP = 3
};

typedef struct rlv_yaml_node {
    enum rlv_yaml_kind kind;
    int32_t line;  /* where the value begins, from 1 */
    bool quoted;   /* SCALAR in quotes or a block: a text, whatever it looks like */
    bool repeated; /* the key stands in this map already */
    rlv_str text;  /* SCALAR; NUL-terminated besides */
    rlv_str key;   /* of a member of a map; NUL-terminated besides */
    int32_t key_line;
    size_t n;                                 /* children of a LIST or MAP */
    const struct rlv_yaml_node *first, *next; /* children in the order of the file; the next sibling */
} rlv_yaml_node;

enum {
    RLV_YAML_DEPTH_MAX = 16,
    RLV_YAML_BYTES_MAX = 1024 * 1024
};

/*
 * Reads one document. The tree lives in arena. *ret is NULL for a document without content. RLV_E_CONFIG: err
 * says what is wrong ("not valid YAML: ..."), without the file's name, and *ret_line where; 0: nowhere in
 * particular.
 */
RLV_MUST_CHECK int rlv_yaml_parse(rlv_arena *arena, rlv_str text, const rlv_yaml_node **ret,
                                  int32_t *ret_line, rlv_error *err);

/* The member of a map with this key; NULL when there is none, or node is no map (or NULL). */
const rlv_yaml_node *rlv_yaml_get(const rlv_yaml_node *node, const char *key);

/* True for a value that is left empty: absent (NULL), `key:`, `~` or `null`. */
bool rlv_yaml_empty(const rlv_yaml_node *node);

/* Appends the tree as one line of JSON: unquoted numbers, true, false and null become JSON's, all else text.
 */
void rlv_yaml_json(const rlv_yaml_node *node, rlv_buf *out);

/* "a list", "a mapping", "text": for messages. */
const char *rlv_yaml_kind_name(const rlv_yaml_node *node);

#endif
