/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RELEVO_* over what the file says: RELEVO_CONSUME_BATCH_MAX for consume.batch_max, NAME_FILE for secrets,
 * RELEVO_KAFKA for the brokers and RELEVO_KAFKA_SASL_USERNAME for kafka's sasl.username. A variable that
 * looks like ours and is not is a mistake: a typing error must not be silently without effect.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/draft.h"
#include "config/value.h"

#define KAFKA "RELEVO_KAFKA"

static bool begins(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool ends(rlv_str s, const char *suffix)
{
    size_t n = strlen(suffix);
    return s.len > n && memcmp(s.ptr + s.len - n, suffix, n) == 0;
}

static void set(rlv_draft *draft, const rlv_option *option, const char *name, const char *value)
{
    draft->variable = name;
    if (!rlv_str_utf8(rlv_str_from(value)))
        rlv_draft_mistake(draft, 0, "not UTF-8 text");
    else
        rlv_draft_scalar(draft, 0, option, draft->values, rlv_str_from(value));
    draft->variable = NULL;
}

static void read_option(rlv_draft *draft, const rlv_option *option)
{
    char name[64], file[72];
    if (!rlv_option_variable(option, name))
        return;
    const char *value = getenv(name);
    if (value)
        set(draft, option, name, value);
    if (!(option->flags & RLV_FLAG_SECRET))
        return;
    (void)snprintf(file, sizeof(file), "%s_FILE", name);
    const char *path = getenv(file);
    if (!path)
        return;
    draft->variable = file;
    if (value)
        rlv_draft_mistake(draft, 0, "%s is set too: keep one", name);
    rlv_str text = rlv_draft_secret(draft, 0, option->path, "secret", rlv_str_from(path));
    draft->variable = NULL;
    if (text.len)
        set(draft, option, file, text.ptr);
}

/* Kubernetes adds RELEVO_KAFKA_SERVICE_HOST, RELEVO_PORT_9464_TCP_ADDR, ... for a Service called relevo-kafka
 * or relevo. */
static bool from_kubernetes(rlv_str name)
{
    static const char *const words[] = {"_SERVICE_HOST", "_SERVICE_PORT", "_SERVICE_PORT_", "_PORT_"};
    if (ends(name, "_PORT"))
        return true;
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (memmem(name.ptr, name.len, words[i], strlen(words[i])))
            return true;
    return false;
}

/* RELEVO_KAFKA_SASL_PASSWORD(_FILE) -> sasl.password */
static void read_property(rlv_draft *draft, rlv_str name, const char *value)
{
    char property[100];
    rlv_str rest = {name.ptr + sizeof(KAFKA), name.len - sizeof(KAFKA)};
    bool file = ends(rest, "_FILE");
    if (file)
        rest.len -= 5;
    if (rest.len >= sizeof(property))
        return;
    for (size_t i = 0; i < rest.len; i++)
        property[i] = rest.ptr[i] == '_' ? '.' : (char)tolower((unsigned char)rest.ptr[i]);
    draft->variable = rlv_arena_printf(draft->arena, "%.*s", RLV_STR_ARG(name));
    rlv_str text = file ? rlv_draft_secret(draft, 0, "kafka", "secret", rlv_str_from(value)) : rlv_str_from(value);
    if (!rlv_str_utf8(text))
        rlv_draft_mistake(draft, 0, "not UTF-8 text");
    else if (!file || text.len)
        rlv_draft_kafka_set(draft, 0, (rlv_str){property, rest.len}, text);
    draft->variable = NULL;
}

/* The variables of one section share its name: RELEVO_CONSUME_... */
static bool in_our_section(rlv_str name)
{
    for (size_t i = 0; i < rlv_options_n; i++) {
        char variable[64];
        const char *dot = strchr(rlv_options[i].path, '.');
        if (!dot || !rlv_option_variable(&rlv_options[i], variable))
            continue;
        size_t n = strlen("RELEVO_") + (size_t)(dot - rlv_options[i].path);
        if (name.len > n && memcmp(name.ptr, variable, n) == 0 && name.ptr[n] == '_')
            return true;
    }
    return false;
}

/* Two letters away from one of ours: a typing error in the section's name. */
static bool looks_like_ours(rlv_str name)
{
    enum { TYPING_ERROR = 2 };
    for (size_t i = 0; i < rlv_options_n; i++) {
        char variable[64];
        if (rlv_option_variable(&rlv_options[i], variable) &&
            rlv_str_distance(name, rlv_str_from(variable), TYPING_ERROR) <= TYPING_ERROR)
            return !rlv_str_is(name, variable);
    }
    return false;
}

static void check_name(rlv_draft *draft, rlv_str name)
{
    const char **names = rlv_arena_alloc(draft->arena, 2 * rlv_options_n * sizeof(*names)); /* a secret has two */
    size_t n = 0;
    for (size_t i = 0; names && i < rlv_options_n; i++) {
        char variable[64];
        if (!rlv_option_variable(&rlv_options[i], variable))
            continue;
        names[n++] = rlv_arena_printf(draft->arena, "%s", variable);
        if (rlv_options[i].flags & RLV_FLAG_SECRET)
            names[n++] = rlv_arena_printf(draft->arena, "%s_FILE", variable);
    }
    for (size_t i = 0; i < n; i++)
        if (rlv_str_is(name, names[i]))
            return;
    const char *near = rlv_value_nearest(name, names, n);
    draft->variable = rlv_arena_printf(draft->arena, "%.*s", RLV_STR_ARG(name));
    if (near)
        rlv_draft_mistake(draft, 0, "no option has this variable; did you mean %s?", near);
    else
        rlv_draft_mistake(draft, 0, "no option has this variable: `relevo config reference` lists them");
    draft->variable = NULL;
}

void rlv_draft_environment(rlv_draft *draft)
{
    for (size_t i = 0; i < rlv_options_n; i++)
        read_option(draft, &rlv_options[i]);
    const char *brokers = getenv(KAFKA);
    if (brokers) {
        draft->variable = KAFKA;
        rlv_draft_kafka_set(draft, 0, RLV_STR("bootstrap.servers"), rlv_str_from(brokers));
        draft->variable = NULL;
    }
    for (char **entry = environ; entry && *entry; entry++) {
        if (!begins(*entry, "RELEVO_"))
            continue;
        rlv_str name = {*entry, strcspn(*entry, "=")};
        if (from_kubernetes(name) || !(*entry)[name.len])
            continue;
        if (begins(*entry, KAFKA "_"))
            read_property(draft, name, *entry + name.len + 1);
        else if (in_our_section(name) || looks_like_ours(name))
            check_name(draft, name);
    }
}
