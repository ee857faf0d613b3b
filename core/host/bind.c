/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binds a plugin's options; see bind.h. Every key that an operator writes is either bound or an error: a
 * misspelt option that is silently ignored would be found in production.
 */
#include "host/bind.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/value.h"
#include "host/option.h"

enum {
    SECRET_MAX = 64 * 1024
};

#define FILE_SUFFIX "_file"

/* Puts where it happened before what happened. */
static int at(const rlv_bind_source *source, int32_t line, rlv_error *err)
{
    return rlv_error_wrap(err, "%s:%d: plugin '%s'", source->file, (int)(line ? line : source->line),
                          source->entry);
}

/* True when key is the option's name, or, of a secret, its name with _file. */
static bool names(const relevo_option *option, rlv_str key, bool *ret_file)
{
    size_t len = strlen(option->name);
    *ret_file = false;
    if (key.len < len || memcmp(key.ptr, option->name, len) != 0)
        return false;
    if (key.len == len)
        return true;
    *ret_file = (option->flags & RELEVO_OPTION_SECRET) &&
                rlv_str_is((rlv_str){key.ptr + len, key.len - len}, FILE_SUFFIX);
    return *ret_file;
}

static int unknown(const rlv_bind_source *source, const rlv_yaml_node *member,
                   const relevo_option *const *options, size_t n, rlv_error *err)
{
    const char **words = calloc(n ? n : 1, sizeof(*words));
    for (size_t i = 0; words && i < n; i++)
        words[i] = options[i]->name;
    const char *nearest = words ? rlv_value_nearest(member->key, words, n) : NULL;
    rlv_str key = rlv_str_cut(member->key, 60);
    if (nearest)
        (void)rlv_error_set(err, RLV_E_CONFIG, "unknown option '%.*s'; did you mean '%s'?", RLV_STR_ARG(key),
                            nearest);
    else if (n)
        (void)rlv_error_set(err, RLV_E_CONFIG, "unknown option '%.*s'; `relevo plugin info %s` lists them",
                            RLV_STR_ARG(key), source->entry);
    else
        (void)rlv_error_set(err, RLV_E_CONFIG, "unknown option '%.*s'; this plugin has none",
                            RLV_STR_ARG(key));
    free(words);
    return at(source, member->key_line, err);
}

/* Every key belongs to an option, and once. */
static int check_keys(const rlv_bind_source *source, const relevo_option *const *options, size_t n,
                      rlv_error *err)
{
    const rlv_yaml_node *map = source->options;
    if (rlv_yaml_empty(map))
        return RLV_OK;
    if (map->kind != RLV_YAML_MAP) {
        (void)rlv_error_set(err, RLV_E_CONFIG, "`options` is %s, it wants `name: value` lines",
                            rlv_yaml_kind_name(map));
        return at(source, map->line, err);
    }
    for (const rlv_yaml_node *member = map->first; member; member = member->next) {
        bool known = false, file;
        for (size_t i = 0; i < n && !known; i++)
            known = names(options[i], member->key, &file);
        if (!known)
            return unknown(source, member, options, n, err);
        if (member->repeated) {
            (void)rlv_error_set(err, RLV_E_CONFIG, "option '%.*s' is given twice: keep one",
                                RLV_STR_ARG(member->key));
            return at(source, member->key_line, err);
        }
    }
    return RLV_OK;
}

/* The whole of a small file into text, its last line break left out, as editors and `echo` add one. */
static bool slurp(const char *path, char *text, size_t size, size_t *ret_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    size_t len = 0;
    ssize_t n;
    while ((n = read(fd, text + len, size - len)) > 0)
        len += (size_t)n;
    int saved = n < 0 ? errno : len == size ? EFBIG : 0;
    (void)close(fd);
    errno = saved;
    if (saved)
        return false;
    if (len && text[len - 1] == '\n')
        len--;
    if (len && text[len - 1] == '\r')
        len--;
    *ret_len = len;
    return true;
}

/* The secret in the file that node names, bound as if it stood in the configuration. */
static int bind_secret_file(const rlv_bind_source *source, const relevo_option *option,
                            const rlv_yaml_node *node, rlv_arena *arena, relevo_value *value, rlv_error *err)
{
    if (node->kind != RLV_YAML_SCALAR)
        return rlv_error_set(err, RLV_E_CONFIG,
                             "option '%s" FILE_SUFFIX "' is %s, it wants the path of a file", option->name,
                             rlv_yaml_kind_name(node));
    rlv_str path = rlv_option_path(arena, source->folder, node->text);
    char *text = malloc(SECRET_MAX);
    if (!path.ptr || !text) {
        free(text);
        return rlv_error_set(err, RLV_E_LIMIT, "option '%s" FILE_SUFFIX "': memory is short", option->name);
    }
    size_t len;
    int code;
    if (!slurp(path.ptr, text, SECRET_MAX, &len)) {
        code = rlv_error_set(err, RLV_E_CONFIG, "option '%s" FILE_SUFFIX "': %s cannot be read (%s)",
                             option->name, path.ptr, strerror(errno));
    } else if (!rlv_str_utf8((rlv_str){text, len})) {
        code = rlv_error_set(err, RLV_E_CONFIG, "option '%s" FILE_SUFFIX "': %s is not UTF-8 text",
                             option->name, path.ptr);
    } else {
        rlv_yaml_node scalar = {.kind = RLV_YAML_SCALAR, .text = {text, len}};
        code = rlv_option_read(option, &scalar, source->folder, arena, value, err);
    }
    sodium_memzero(text, SECRET_MAX);
    free(text);
    return code;
}

int rlv_bind_initial(const relevo_option *option, const char *folder, rlv_arena *arena, relevo_value *ret,
                     rlv_error *err)
{
    bool tree = option->type == RELEVO_OPTION_LIST || option->type == RELEVO_OPTION_JSON;
    if (!option->initial) {
        *ret = (relevo_value){.size = sizeof(*ret), .text = {"", 0}};
        return RLV_OK;
    }
    /* JSON is YAML; a single value needs no parsing, and a text is taken as it stands. */
    rlv_yaml_node scalar = {.kind = RLV_YAML_SCALAR, .text = rlv_str_from(option->initial)};
    const rlv_yaml_node *node = &scalar;
    int32_t line;
    int code = tree ? rlv_yaml_parse(arena, scalar.text, &node, &line, err) : RLV_OK;
    if (code)
        return rlv_error_wrap(err, "option '%s'", option->name);
    if (!node)
        return rlv_error_set(err, RLV_E_CONFIG, "option '%s' is empty", option->name);
    return rlv_option_read(option, node, folder, arena, ret, err);
}

static int bind_one(const rlv_bind_source *source, const relevo_option *option, rlv_arena *arena,
                    relevo_value *value, rlv_error *err)
{
    const rlv_yaml_node *map = source->options, *given = NULL, *file = NULL;
    for (const rlv_yaml_node *m = rlv_yaml_empty(map) ? NULL : map->first; m; m = m->next) {
        bool is_file;
        if (names(option, m->key, &is_file) && !rlv_yaml_empty(m))
            *(is_file ? &file : &given) = m;
    }
    int code;
    if (given && file) {
        code =
            rlv_error_set(err, RLV_E_CONFIG, "options '%s' and '%s" FILE_SUFFIX "' are both given: keep one",
                          option->name, option->name);
    } else if (given) {
        code = rlv_option_read(option, given, source->folder, arena, value, err);
    } else if (file) {
        code = bind_secret_file(source, option, file, arena, value, err);
    } else if (option->flags & RELEVO_OPTION_REQUIRED) {
        code = rlv_error_set(err, RLV_E_CONFIG, "option '%s' is missing: %s", option->name, option->help);
    } else {
        code = rlv_bind_initial(option, source->folder, arena, value, err);
    }
    if (code)
        return at(source, given ? given->line : file ? file->line : 0, err);
    value->given = given || file;
    return RLV_OK;
}

int rlv_bind(const rlv_bind_source *source, const relevo_option *const *options, size_t n, rlv_arena *arena,
             const relevo_value **ret, rlv_error *err)
{
    int code = check_keys(source, options, n, err);
    if (code)
        return code;
    relevo_value *values = rlv_arena_zalloc(arena, n + 1, sizeof(*values));
    if (!values) {
        (void)rlv_error_set(err, RLV_E_LIMIT, "memory is short");
        return at(source, 0, err);
    }
    for (size_t i = 0; i < n; i++) {
        code = bind_one(source, options[i], arena, &values[i], err);
        if (code)
            return code;
    }
    *ret = values;
    return RLV_OK;
}
