/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of options. Everything that reads, checks, overrides or documents the configuration walks it,
 * so that none of these can disagree. Internal to the room.
 */
#ifndef RLV_CONFIG_OPTIONS_H
#define RLV_CONFIG_OPTIONS_H

#include "config/config.h"

enum rlv_option_type {   /* and what stands at `offset` */
    RLV_OPTION_STRING,   /* const char *; never NULL unless `initial` is */
    RLV_OPTION_TEXT,     /* rlv_str: what customers read */
    RLV_OPTION_INTEGER,  /* int32_t */
    RLV_OPTION_REAL,     /* double */
    RLV_OPTION_BOOLEAN,  /* bool */
    RLV_OPTION_DURATION, /* int64_t, ms */
    RLV_OPTION_SIZE,     /* size_t, bytes */
    RLV_OPTION_PATH,     /* const char *; relative to the file's folder */
    RLV_OPTION_LIST,     /* const char *const *, and a size_t right behind it */
    RLV_OPTION_CHOICE,   /* int32_t: which word of `unit`, counted from min */
    RLV_OPTION_TREE,     /* const rlv_yaml_node * */
    RLV_OPTION_ENTRIES,  /* a list of mappings with options of their own; read by read.c */
    RLV_OPTION_KAFKA     /* any property of librdkafka; read by kafka.c */
};

enum {
    RLV_FLAG_REQUIRED = 1,
    RLV_FLAG_SECRET = 2,
    RLV_FLAG_RELOADABLE = 4
};

/* What an option's path belongs to, and so which struct `offset` points into. */
enum rlv_scope {
    RLV_SCOPE_ROOT,
    RLV_SCOPE_PLUGIN,
    RLV_SCOPE_TRIGGER,
    RLV_SCOPE_RULE,
    RLV_SCOPE_HOURS,
    RLV_SCOPE_DESTINATION,
    RLV_SCOPE_TEMPLATE,
    RLV_SCOPES
};

/* What the table fills: the configuration, and values that are only a step towards it. */
struct rlv_values {
    rlv_config config;
    const char *postgres_password;
    const char *people;
    const char *silence_hours;
    int32_t log_level, log_format;
};

struct rlv_plugin_values {
    rlv_config_plugin entry;
    const char *isolation;
};

/* A list as the table fills it. */
struct rlv_words {
    const char *const *items;
    size_t n;
};

struct rlv_trigger_values { /* and of a rule */
    rlv_trigger_policy entry;
    struct rlv_words all, any, none, numbers, languages, flows, skills;
    const char *hours;
};

struct rlv_hours_values {
    rlv_hours entry;
    const char *timezone;
    struct rlv_words open, closed;
};

typedef struct rlv_option {
    const char *path; /* "consume.batch_max", "plugins[].name" */
    enum rlv_option_type type;
    enum rlv_scope scope;
    size_t offset;
    unsigned flags;
    const char *initial;                  /* the default, as one would write it; NULL: none */
    double min, max;                      /* of numbers, durations (ms) and sizes (bytes); both 0: any */
    const char *unit;                     /* for people; of a CHOICE its words, "text|json" */
    const char *(*refuse)(rlv_str value); /* why a value will not do; NULL: it does. NULL: any will */
    const char *help;
} rlv_option;

extern const rlv_option rlv_options[];
extern const size_t rlv_options_n;

/* The option of this path; NULL when there is none. */
const rlv_option *rlv_option_find(const char *path);
/* True when options lie below this path: it is a section. */
bool rlv_option_section(const char *path);
/* The names that may stand below path ("" for the top), at most max of them. Each is copied into arena. */
size_t rlv_option_children(rlv_arena *arena, const char *path, const char **names, size_t max);
/* RELEVO_CONSUME_BATCH_MAX of consume.batch_max; false for options that have no variable. */
bool rlv_option_variable(const rlv_option *option, char name[static 64]);

#endif
