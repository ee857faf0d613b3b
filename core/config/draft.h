/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration while it is being read: values so far, and every mistake found so far. Reading never stops
 * at a mistake, so that an operator sees them all at once. Internal to the room.
 */
#ifndef RLV_CONFIG_DRAFT_H
#define RLV_CONFIG_DRAFT_H

#include "config/options.h"

enum {
    RLV_MISTAKES_MAX = 100,
    RLV_PATH_MAX = 200
};

typedef struct rlv_draft {
    rlv_arena *arena;
    struct rlv_values *values; /* in arena */
    const char *file;
    const char *command; /* for which it is read; NULL: for all */
    const char *variable; /* being read; NULL: the file */
    bool blamed;          /* variable is set for the next mistake only */
    const rlv_yaml_node *root;
    struct rlv_draft_list { /* of a scope, in the order of the file */
        void *items;        /* structs that the scope's options point into; NULL: no such list */
        int32_t *lines;
        size_t n;
    } lists[RLV_SCOPES];
    struct {
        int32_t line; /* 0: nowhere in the file */
        const char *text;
    } mistakes[RLV_MISTAKES_MAX];
    size_t n_mistakes; /* may exceed the array: the rest are only counted */
} rlv_draft;

/* Notes a mistake as "file:line: text", or "VARIABLE: text" while one is read. */
void rlv_draft_mistake(rlv_draft *draft, int32_t line, const char *fmt, ...) RLV_PRINTF(3, 4);
/* The line of "consume.session" in the file; 0 when it is not there. */
int32_t rlv_draft_line(const rlv_draft *draft, const char *path);

/* The same for the mistake that is noted next; where a variable overrides the file, that one is named instead. */
int32_t rlv_draft_blame(rlv_draft *draft, const char *path);

/* read.c: the file's tree into the values. */
void rlv_draft_read(rlv_draft *draft);
/* Item i of a scope's list. */
void *rlv_draft_item(const rlv_draft *draft, enum rlv_scope scope, size_t i);

/* scalar.c: one value, into the field of base that its row names. */
void rlv_draft_defaults(rlv_draft *draft, enum rlv_scope scope, void *base);
void rlv_draft_scalar(rlv_draft *draft, int32_t line, const rlv_option *option, void *base, rlv_str text);
/* True when the row's own rule takes the text; else the mistake is noted. */
bool rlv_draft_passes(rlv_draft *draft, int32_t line, const rlv_option *option, rlv_str text);
void rlv_option_set_list(void *at, const char **items, size_t n);
/* A path for people: "plugins.name" of "plugins[].name". */
const char *rlv_draft_shown(rlv_draft *draft, const char *path);
/* The file of the secret `of`, without its last newline; absent when the command does not use it, or when it cannot be read, which is
   then a noted mistake. */
rlv_str rlv_draft_secret(rlv_draft *draft, int32_t line, const char *of, const char *what, rlv_str path);

/* kafka.c */
void rlv_draft_kafka(rlv_draft *draft, const rlv_yaml_node *node);
void rlv_draft_kafka_set(rlv_draft *draft, int32_t line, rlv_str name, rlv_str value);

/* environment.c */
void rlv_draft_environment(rlv_draft *draft);

/* finish.c: what no single value can tell. */
void rlv_draft_finish(rlv_draft *draft);

/* policy.c and hours.c: the same of triggers and rules, and of hours, which come first. */
void rlv_draft_hours(rlv_draft *draft);
void rlv_draft_policy(rlv_draft *draft);

/* plugins.c: where plugins lie. */
const char *rlv_plugins_folder(rlv_arena *arena);
const char *rlv_plugins_path(rlv_arena *arena, const char *folder, const rlv_config_plugin *entry);

/* Of the word in the file; of no word, what the path deserves. */
enum rlv_isolation rlv_plugins_isolation(const char *word, const char *path);

/* print.c: what is in force, as YAML or as JSON. */
void rlv_draft_print(rlv_draft *draft, bool json, rlv_buf *out);

/* print.c: a text in quotes, as JSON and YAML have it. */
void rlv_draft_quote(rlv_buf *out, rlv_str s);

/* hash.c */
/* True for names that are always secret: which of a plugin's options are, only its own table knows. */
bool rlv_config_secret_name(rlv_str key);
uint64_t rlv_config_hash(const rlv_config *config);

#endif
