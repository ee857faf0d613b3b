/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small reader for the data files of plugins: YAML as a tree that knows its lines, so that whoever wrote a
 * file is told where to look. It reads; it never writes, and never runs anything a file says (no tags, no
 * merge keys).
 *
 * Threads: a loaded tree is immutable.
 */
#ifndef RELEVO_TEXT_YAML_H
#define RELEVO_TEXT_YAML_H

#include <relevo/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text/error.h"

#define RLT_FILE_MAX (64u << 20) /* bytes of a data file: larger ones are refused */

/* A file's bytes, NUL-terminated besides; to be freed by the caller. False: *error says why. */
bool rlt_file_load(const char *path, char **ret_text, size_t *ret_len, rlt_error *error);

typedef struct rlt_yaml rlt_yaml; /* a loaded file */
typedef struct rlt_node rlt_node; /* a part of it; borrowed from it */

/*
 * Parses `text` (borrowed during the call), which begins at line `first_line` of `path`; both are for
 * messages. An empty text is a node of kind RLT_NULL. False: *error says what and where; a second document in
 * the text is an error.
 */
bool rlt_yaml_parse(const char *path, uint32_t first_line, relevo_str text, rlt_yaml **ret_yaml,
                    rlt_error *error);
/* Whether a text can be told to people: UTF-8 without control characters. False: *error names the line, the first being `first_line`. */
bool rlt_text_check(const char *path, uint32_t first_line, relevo_str text, rlt_error *error);

/* Reads and parses a file. */
bool rlt_yaml_load(const char *path, rlt_yaml **ret_yaml, rlt_error *error);
/* Accepts NULL. */
void rlt_yaml_free(rlt_yaml *yaml);

enum {
    RLT_NULL = 0,
    RLT_SCALAR = 1,
    RLT_SEQUENCE = 2,
    RLT_MAPPING = 3
};

const rlt_node *rlt_yaml_root(const rlt_yaml *yaml);
const char *rlt_yaml_path(const rlt_yaml *yaml);

int rlt_node_kind(const rlt_node *node);
uint32_t rlt_node_line(const rlt_node *node);
/* Elements of a sequence or pairs of a mapping. */
size_t rlt_node_count(const rlt_node *node);
/* Element, or value of pair, `i`. */
const rlt_node *rlt_node_at(const rlt_node *node, size_t i);
/* The key of pair `i` of a mapping: a scalar. */
const rlt_node *rlt_node_key(const rlt_node *node, size_t i);
/* A scalar's text; NUL-terminated besides, lives as long as the tree. */
relevo_str rlt_node_text(const rlt_node *node);
/* The value of a mapping's key; NULL: it has none. */
const rlt_node *rlt_node_get(const rlt_node *node, const char *key);

/* A scalar, or a sequence of them: how many texts; and text `i`. False when the node is neither. */
bool rlt_node_is_texts(const rlt_node *node);
size_t rlt_node_n_texts(const rlt_node *node);
relevo_str rlt_node_text_at(const rlt_node *node, size_t i);

#endif
