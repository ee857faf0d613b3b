/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds and loads a plugin, binds options given as text, makes and ends instances. It mirrors what the host's
 * binder does, in little: it must never be kinder than the host (an option that the table does not know fails
 * the test).
 */
#include <dlfcn.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testkit/testkit_internal.h"

#define OPTIONS_MAX 64u

/* One option as it stands in the plugin's table, whose stride is the element's own size. */
static const relevo_option *option_at(const relevo_plugin *plugin, uint32_t i)
{
    const char *base = (const char *)plugin->options;
    return (const relevo_option *)(const void *)(base + (size_t)i * plugin->options[0].size);
}

static bool bind_number(const relevo_option *option, const char *text, relevo_value *value)
{
    char *end = NULL;
    errno = 0;
    double number = strtod(text, &end);
    if (errno != 0 || end == text || !isfinite(number)) {
        return false;
    }
    if (option->type == RELEVO_OPTION_DURATION) {
        static const struct {
            const char *unit;
            double ms;
        } units[] = {{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}};
        bool known = false;
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]) && !known; i++) {
            known = strcmp(end, units[i].unit) == 0;
            number = known ? number * units[i].ms : number;
        }
        if (!known) {
            return false;
        }
    } else if (*end != '\0') {
        return false;
    }
    if ((option->min < 0 || option->min > 0 || option->max < 0 || option->max > 0) &&
        (number < option->min || number > option->max)) {
        return false;
    }
    if (option->type == RELEVO_OPTION_REAL) {
        value->real = number;
        return true;
    }
    value->integer = (int64_t)number;
    return floor(number) >= number; /* whole */
}

static bool bind_list(tk_pool *pool, const char *text, relevo_value *value)
{
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    if (json == NULL || !json_is_array(json)) { /* a single text is a list of one */
        relevo_str *one = tk_pool_get(pool, sizeof(*one));
        *one = json_is_string(json) ? tk_pool_text(pool, json_string_value(json), json_string_length(json))
                                    : tk_pool_text(pool, text, strlen(text));
        json_decref(json);
        value->list = one;
        value->n_list = 1;
        return true;
    }
    size_t n = json_array_size(json);
    relevo_str *list = tk_pool_get(pool, (n + 1) * sizeof(*list));
    bool fine = true;
    for (size_t i = 0; i < n && fine; i++) {
        const json_t *item = json_array_get(json, i);
        fine = json_is_string(item);
        if (fine) {
            list[i] = tk_pool_text(pool, json_string_value(item), json_string_length(item));
        }
    }
    json_decref(json);
    value->list = list;
    value->n_list = n;
    return fine;
}

static bool bind_one(tk_pool *pool, const relevo_option *option, const char *text, relevo_value *value)
{
    switch (option->type) {
    case RELEVO_OPTION_STRING:
    case RELEVO_OPTION_PATH:
        value->text = tk_pool_text(pool, text, strlen(text));
        return true;
    case RELEVO_OPTION_JSON: {
        json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
        value->text = tk_pool_text(pool, text, strlen(text));
        bool fine = json != NULL;
        json_decref(json);
        return fine;
    }
    case RELEVO_OPTION_BOOLEAN:
        value->integer = strcmp(text, "true") == 0;
        return value->integer != 0 || strcmp(text, "false") == 0;
    case RELEVO_OPTION_LIST:
        return bind_list(pool, text, value);
    case RELEVO_OPTION_INTEGER:
    case RELEVO_OPTION_REAL:
    case RELEVO_OPTION_DURATION:
        return bind_number(option, text, value);
    default:
        return false;
    }
}

static int find_option(const relevo_plugin *plugin, const char *name)
{
    for (uint32_t i = 0; i < plugin->n_options; i++) {
        if (strcmp(option_at(plugin, i)->name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

bool tk_bind(tk_pool *pool, const relevo_plugin *plugin, va_list arguments, relevo_value **ret_values,
             char error[TK_ERROR_SIZE])
{
    const char *given[OPTIONS_MAX] = {0};
    if (plugin->n_options > OPTIONS_MAX) {
        snprintf(error, TK_ERROR_SIZE, "%u options, the testkit takes %u", plugin->n_options, OPTIONS_MAX);
        return false;
    }
    for (const char *name = va_arg(arguments, const char *); name != NULL;
         name = va_arg(arguments, const char *)) {
        int i = find_option(plugin, name);
        const char *text = va_arg(arguments, const char *);
        if (i < 0 || text == NULL) {
            snprintf(error, TK_ERROR_SIZE, i < 0 ? "no option %s" : "option %s has no value", name);
            return false;
        }
        given[i] = text;
    }
    relevo_value *values = tk_pool_get(pool, (plugin->n_options + 1u) * sizeof(*values));
    for (uint32_t i = 0; i < plugin->n_options; i++) {
        const relevo_option *option = option_at(plugin, i);
        values[i].size = sizeof(values[i]);
        values[i].given = given[i] != NULL;
        const char *text = given[i] != NULL ? given[i] : option->initial;
        if (text == NULL && (option->flags & RELEVO_OPTION_REQUIRED) != 0) {
            snprintf(error, TK_ERROR_SIZE, "option %s is required", option->name);
            return false;
        }
        if (text != NULL && !bind_one(pool, option, text, &values[i])) {
            snprintf(error, TK_ERROR_SIZE, "option %s cannot be `%.200s`", option->name, text);
            return false;
        }
    }
    *ret_values = values;
    return true;
}

/* The descriptor, or NULL with a line in error. */
static const relevo_plugin *load(const char *name, char error[TK_ERROR_SIZE])
{
    char path[4096];
    const char *folder = getenv("RELEVO_PLUGINS");
    if (strchr(name, '/') != NULL) {
        snprintf(path, sizeof(path), "%s", name);
    } else if (folder == NULL) {
        snprintf(error, TK_ERROR_SIZE, "RELEVO_PLUGINS does not say where the plugins are");
        return NULL;
    } else {
        snprintf(path, sizeof(path), "%s/%s.so", folder, name);
        if (access(path, R_OK) != 0) {
            snprintf(path, sizeof(path), "%s/triggers/%s.so", folder, name);
        }
    }
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        snprintf(error, TK_ERROR_SIZE, "%s", dlerror());
        return NULL;
    }
    const relevo_plugin *plugin = dlsym(handle, RELEVO_PLUGIN_SYMBOL);
    if (plugin == NULL || plugin->magic != RELEVO_PLUGIN_MAGIC || plugin->abi_major != RELEVO_ABI_MAJOR ||
        plugin->size < offsetof(relevo_plugin, tool) + sizeof(plugin->tool) || plugin->size > sizeof(*plugin)) {
        snprintf(error, TK_ERROR_SIZE, "%.400s is not a plugin of this ABI", path);
        return NULL;
    }
    return plugin;
}

static tk *kit_new(const char *name, va_list arguments, relevo_value **ret_values)
{
    char error[TK_ERROR_SIZE] = "";
    const relevo_plugin *plugin = load(name, error);
    if (plugin == NULL) {
        fail_msg("%s", error);
        return NULL;
    }
    tk_pool *pool = tk_pool_new();
    if (!tk_bind(pool, plugin, arguments, ret_values, error)) {
        tk_pool_free(pool);
        fail_msg("%s: %s", name, error);
        return NULL;
    }
    tk *kit = tk_pool_get(pool, sizeof(*kit));
    kit->plugin = plugin;
    kit->pool = pool;
    return kit;
}

tk *tk_open(const char *plugin, ...)
{
    relevo_value *values = NULL;
    va_list arguments;
    va_start(arguments, plugin);
    tk *kit = kit_new(plugin, arguments, &values);
    va_end(arguments);
    char error[TK_ERROR_SIZE] = "";
    if (kit->plugin->create != NULL &&
        kit->plugin->create(values, &kit->instance, error, sizeof(error)) != RELEVO_OK) {
        tk_pool_free(kit->pool);
        fail_msg("%s: create: %s", plugin, error);
    }
    return kit;
}

void tk_refused(char error[TK_ERROR_SIZE], const char *plugin, ...)
{
    relevo_value *values = NULL;
    va_list arguments;
    va_start(arguments, plugin);
    tk *kit = kit_new(plugin, arguments, &values);
    va_end(arguments);
    memset(error, 0, TK_ERROR_SIZE);
    int32_t result = kit->plugin->create == NULL
                         ? RELEVO_OK
                         : kit->plugin->create(values, &kit->instance, error, TK_ERROR_SIZE);
    if (result == RELEVO_OK) {
        tk_close(kit);
        fail_msg("%s: create took options that it must refuse", plugin);
        return;
    }
    assert_null(kit->instance); /* out-parameters stay untouched on failure */
    tk_pool_free(kit->pool);
    error[TK_ERROR_SIZE - 1] = '\0';
    if (error[0] == '\0' || strchr(error, '\n') != NULL || !tk_utf8(error, strlen(error))) {
        fail_msg("%s: create's message is not one line of text: `%s`", plugin, error);
    }
}

void tk_close(tk *kit)
{
    if (kit == NULL) {
        return;
    }
    if (kit->plugin->destroy != NULL) {
        kit->plugin->destroy(kit->instance);
    }
    tk_pool_free(kit->pool);
}
