/* SPDX-License-Identifier: Apache-2.0 */
/* Loading; see config.h. Must never return a configuration that holds a mistake. */
#include "config/config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/draft.h"

enum {
    ARENA_MAX = 64 * 1024 * 1024
};

#define DEFAULT_PATH "/etc/relevo/relevo.yaml"

void rlv_draft_mistake(rlv_draft *draft, int32_t line, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    const char *variable = draft->variable;
    if (draft->blamed)
        draft->variable = NULL;
    draft->blamed = false;
    size_t i = draft->n_mistakes++;
    if (i >= RLV_MISTAKES_MAX)
        return;
    draft->mistakes[i].line = variable ? 0 : line;
    if (variable)
        draft->mistakes[i].text = rlv_arena_printf(draft->arena, "%s: %s", variable, text);
    else if (line > 0)
        draft->mistakes[i].text = rlv_arena_printf(draft->arena, "%s:%d: %s", draft->file, line, text);
    else
        draft->mistakes[i].text = rlv_arena_printf(draft->arena, "%s: %s", draft->file, text);
}

int32_t rlv_draft_line(const rlv_draft *draft, const char *path)
{
    const rlv_yaml_node *node = draft->root;
    char word[RLV_PATH_MAX];
    for (const char *at = path; node && *at;) {
        size_t n = strcspn(at, ".");
        (void)snprintf(word, sizeof(word), "%.*s", (int)n, at);
        node = rlv_yaml_get(node, word);
        at += n + (at[n] == '.');
    }
    return node ? node->key_line : 0;
}

int32_t rlv_draft_blame(rlv_draft *draft, const char *path)
{
    char name[64] = "RELEVO_KAFKA";
    const rlv_option *option = rlv_option_find(path);
    bool has = strcmp(path, "kafka") == 0 || (option && rlv_option_variable(option, name));
    if (has && getenv(name) && !draft->variable) {
        draft->variable = rlv_arena_printf(draft->arena, "%s", name);
        draft->blamed = true;
    }
    return rlv_draft_line(draft, path);
}

/* Reads the whole file; one byte more than may be is enough to tell that it is too large. */
static int read_file(rlv_arena *arena, const char *path, rlv_str *ret, rlv_error *err)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        int code = errno == ENOENT ? RLV_E_NOT_FOUND : RLV_E_CONFIG;
        return rlv_error_set(err, code,
                             "%s: cannot be read: %s; name the file with --config or RELEVO_CONFIG", path,
                             strerror(errno));
    }
    char *text = rlv_arena_alloc(arena, RLV_YAML_BYTES_MAX + 1);
    errno = 0;
    size_t n = text ? fread(text, 1, RLV_YAML_BYTES_MAX + 1, file) : 0;
    int failed = ferror(file) ? errno : 0;
    (void)fclose(file);
    if (!text)
        return rlv_error_set(err, RLV_E_LIMIT, "%s: no memory to read it", path);
    if (failed)
        return rlv_error_set(err, RLV_E_CONFIG, "%s: cannot be read: %s%s", path, strerror(failed),
                             failed == EISDIR ? "; name a file in it" : "");
    *ret = (rlv_str){text, n};
    return RLV_OK;
}

static const char *folder_of(rlv_arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return ".";
    return slash == path ? "/" : rlv_arena_printf(arena, "%.*s", (int)(slash - path), path);
}

/* Fills the draft. RLV_OK also when mistakes were noted; an error when there is nothing to note them in. */
static int draft_fill(rlv_draft *draft, const char *path, rlv_error *err)
{
    rlv_str text;
    int rc = read_file(draft->arena, path, &text, err);
    if (rc)
        return rc;
    draft->values = rlv_arena_zalloc(draft->arena, 1, sizeof(*draft->values));
    if (!draft->values)
        return rlv_error_set(err, RLV_E_LIMIT, "%s: no memory to read it", path);
    rlv_config *config = &draft->values->config;
    config->arena = draft->arena;
    config->file = draft->file = rlv_arena_printf(draft->arena, "%s", path);
    config->folder = folder_of(draft->arena, path);
    rlv_draft_defaults(draft, RLV_SCOPE_ROOT, draft->values);

    int32_t line;
    rlv_error why;
    if (rlv_yaml_parse(draft->arena, text, &draft->root, &line, &why)) {
        rlv_draft_mistake(draft, line, "%s", why.message);
        return RLV_OK; /* what would be missing besides is not the file's fault */
    }
    rlv_draft_read(draft);
    rlv_draft_environment(draft);
    rlv_draft_finish(draft);
    if (rlv_arena_overflowed(draft->arena))
        return rlv_error_set(err, RLV_E_LIMIT, "%s: too large for the memory a configuration may have", path);
    return RLV_OK;
}

static int draft_new(const char *path, const char *command, rlv_draft **ret, rlv_error *err)
{
    if (!path)
        path = getenv("RELEVO_CONFIG");
    if (!path || !*path)
        path = DEFAULT_PATH;
    rlv_draft *draft = calloc(1, sizeof(*draft));
    if (draft)
        draft->arena = rlv_arena_new(ARENA_MAX);
    if (!draft || !draft->arena) {
        free(draft);
        return rlv_error_set(err, RLV_E_LIMIT, "%s: no memory to read it", path);
    }
    draft->command = command;
    int rc = draft_fill(draft, path, err);
    if (rc) {
        rlv_arena_free(draft->arena);
        free(draft);
        return rc;
    }
    *ret = draft;
    return RLV_OK;
}

/* The noted mistake that comes first in the file, after the one at `after`; -1: none is left. */
static int next_mistake(const rlv_draft *draft, int after)
{
    size_t n = draft->n_mistakes < RLV_MISTAKES_MAX ? draft->n_mistakes : RLV_MISTAKES_MAX;
    int best = -1;
    /* Those without a line (the environment's, what is missing) come last. */
#define PLACE(i)                                                                                             \
    (((int64_t)(draft->mistakes[i].line ? draft->mistakes[i].line : INT32_MAX) << 32) | (int64_t)(i))
    for (int i = 0; i < (int)n; i++)
        if ((after < 0 || PLACE(i) > PLACE(after)) && (best < 0 || PLACE(i) < PLACE(best)))
            best = i;
#undef PLACE
    return best;
}

int rlv_config_load(const char *path, const char *command, rlv_config **ret, rlv_error *err)
{
    rlv_draft *draft;
    int rc = draft_new(path, command, &draft, err);
    if (rc)
        return rc;
    if (draft->n_mistakes == 0) {
        draft->values->config.hash = rlv_config_hash(&draft->values->config);
        *ret = &draft->values->config;
        free(draft);
        return RLV_OK;
    }
    const char *first = draft->mistakes[next_mistake(draft, -1)].text;
    if (draft->n_mistakes == 1)
        rc = rlv_error_set(err, RLV_E_CONFIG, "%s", first);
    else
        rc = rlv_error_set(err, RLV_E_CONFIG, "%s (and %zu more: `relevo check` lists them)", first,
                           draft->n_mistakes - 1);
    rlv_arena_free(draft->arena);
    free(draft);
    return rc;
}

void rlv_config_free(rlv_config *config)
{
    if (config)
        rlv_arena_free(config->arena); /* the configuration itself lies in it */
}

size_t rlv_config_mistakes(const char *path, const char *command, rlv_buf *out)
{
    rlv_draft *draft;
    rlv_error err;
    if (draft_new(path, command, &draft, &err)) {
        rlv_buf_printf(out, "%s\n", err.message);
        return 1;
    }
    for (int i = next_mistake(draft, -1); i >= 0; i = next_mistake(draft, i))
        rlv_buf_printf(out, "%s\n", draft->mistakes[i].text);
    size_t n = draft->n_mistakes;
    if (n > RLV_MISTAKES_MAX)
        rlv_buf_printf(out, "%s: and %zu more\n", draft->file, n - RLV_MISTAKES_MAX);
    rlv_arena_free(draft->arena);
    free(draft);
    return n;
}

int rlv_config_print(const char *path, const char *command, bool json, rlv_buf *out, rlv_error *err)
{
    rlv_draft *draft;
    int rc = draft_new(path, command, &draft, err);
    if (rc)
        return rc;
    if (draft->n_mistakes == 0)
        rlv_draft_print(draft, json, out);
    else
        rc = rlv_error_set(err, RLV_E_CONFIG, "%s", draft->mistakes[next_mistake(draft, -1)].text);
    if (rc == RLV_OK && out->failed)
        rc = rlv_error_set(err, RLV_E_LIMIT, "out of memory");
    rlv_arena_free(draft->arena);
    free(draft);
    return rc;
}

const char *rlv_config_kafka(const rlv_config *config, const char *name)
{
    for (size_t i = 0; i < config->n_kafka; i++)
        if (strcmp(config->kafka[i].name, name) == 0)
            return config->kafka[i].value;
    return NULL;
}
