/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What no single value can tell: what is missing, what contradicts another value, what is made of several.
 * Must never connect to anything.
 */
#include <stdio.h>
#include <stdlib.h>

#include "config/draft.h"
#include "config/rules.h"
#include "config/value.h"

static void finish_kafka(rlv_draft *draft)
{
    const char *servers = rlv_config_kafka(&draft->values->config, "bootstrap.servers");
    if (rlv_config_uses(draft->command, "kafka") && (!servers || !*servers))
        rlv_draft_mistake(draft, rlv_draft_blame(draft, "kafka"),
                          "'kafka.bootstrap.servers' is missing: add "
                          "'bootstrap.servers: host:9092' below 'kafka', or set RELEVO_KAFKA");
}

/* ---- Postgres
 * ------------------------------------------------------------------------------------------------------ */

static bool is_url(const char *s)
{
    return strncmp(s, "postgresql://", 13) == 0 || strncmp(s, "postgres://", 11) == 0;
}

static void put_percent(rlv_buf *out, const char *s)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    for (; *s; s++)
        if (strchr(plain, *s))
            rlv_buf_append(out, s, 1);
        else
            rlv_buf_printf(out, "%%%02X", (unsigned char)*s);
}

static void put_quoted(rlv_buf *out, const char *s)
{
    rlv_buf_printf(out, "'");
    for (; *s; s++)
        rlv_buf_printf(out, "%s%c", *s == '\'' || *s == '\\' ? "\\" : "", *s);
    rlv_buf_printf(out, "'");
}

static void finish_postgres(rlv_draft *draft)
{
    rlv_config *config = &draft->values->config;
    const char *password = draft->values->postgres_password;
    if (!config->postgres || !*config->postgres) {
        if (rlv_config_uses(draft->command, "postgres"))
            rlv_draft_mistake(
                draft, rlv_draft_blame(draft, "postgres"),
                "'postgres.url' is missing: add 'url: postgresql://user@host/database' below 'postgres', or set "
                "RELEVO_POSTGRES");
        return;
    }
    if (!is_url(config->postgres) && !strchr(config->postgres, '=')) {
        rlv_draft_mistake(
            draft, rlv_draft_blame(draft, "postgres.url"),
            "'postgres.url' must be a URL (postgresql://user@host/database) or key=value words");
        return;
    }
    if (!*password)
        return;
    /* A later word overrides an earlier one, in both forms. */
    rlv_buf whole = RLV_BUF_INIT(RLV_YAML_BYTES_MAX);
    rlv_buf_printf(&whole, "%s", config->postgres);
    if (is_url(config->postgres)) {
        rlv_buf_printf(&whole, "%cpassword=", strchr(config->postgres, '?') ? '&' : '?');
        put_percent(&whole, password);
    } else {
        rlv_buf_printf(&whole, " password=");
        put_quoted(&whole, password);
    }
    config->postgres = rlv_arena_copy(draft->arena, rlv_buf_view(&whole)).ptr;
    rlv_buf_free(&whole);
}

/* ---- topics
 * -------------------------------------------------------------------------------------------------------- */

struct named {
    const char *path, *name;
};

static const char *prefixed(rlv_draft *draft, const char *path, const char *name)
{
    const char *whole = rlv_arena_printf(draft->arena, "%s%s", draft->values->config.topics.prefix, name);
    if (rlv_rule_topic(rlv_str_from(whole)))
        rlv_draft_mistake(draft, rlv_draft_blame(draft, path),
                          "'%s' with its prefix is longer than a topic's name may be", path);
    return whole;
}

static void finish_topics(rlv_draft *draft)
{
    rlv_config *config = &draft->values->config;
    const struct {
        const char *path;
        const char **name;
    } outputs[] = {
        {"topics.results", &config->topics.results},     {"topics.decisions", &config->topics.decisions},
        {"topics.ownership", &config->topics.ownership}, {"topics.outbound", &config->topics.outbound},
        {"topics.effects", &config->topics.effects},     {"topics.progress", &config->topics.progress},
    };
    enum {
        OUTPUTS = sizeof(outputs) / sizeof(*outputs)
    };
    size_t n = config->topics.n_events;
    const char **events = rlv_arena_zalloc(draft->arena, n + 1, sizeof(*events));
    struct named *all = rlv_arena_zalloc(draft->arena, n + OUTPUTS, sizeof(*all));
    if (!events || !all)
        return;
    for (size_t i = 0; i < n; i++) {
        events[i] = prefixed(draft, "topics.events", config->topics.events[i]);
        all[i] = (struct named){"topics.events", events[i]};
    }
    for (size_t i = 0; i < OUTPUTS; i++) {
        *outputs[i].name = prefixed(draft, outputs[i].path, *outputs[i].name);
        all[n + i] = (struct named){outputs[i].path, *outputs[i].name};
    }
    config->topics.events = events;
    for (size_t i = 0; i < n + OUTPUTS; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(all[i].name, all[j].name) == 0)
                rlv_draft_mistake(draft, rlv_draft_blame(draft, all[i].path),
                                  "'%s' and '%s' both name the topic '%s': each needs its own", all[j].path,
                                  all[i].path, all[i].name);
}

/* ---- consume
 * ------------------------------------------------------------------------------------------------------- */

static void finish_consume(rlv_draft *draft)
{
    const rlv_config *config = &draft->values->config;
    char session[32], timeout[32];
    rlv_value_duration_text(config->consume.session_ms, session);
    rlv_value_duration_text(config->consume.transaction_timeout_ms, timeout);
    /* A transaction that outlives its owner's session would hold the successor's readers up. */
    if (config->consume.transaction_timeout_ms < config->consume.postgres_timeout_ms)
        rlv_draft_mistake(
            draft, rlv_draft_blame(draft, "consume.transaction_timeout"),
            "'consume.transaction_timeout' (%s) must not be shorter than 'consume.postgres_timeout'",
            timeout);
    if (config->consume.session_ms <= config->consume.postgres_timeout_ms)
        rlv_draft_mistake(draft, rlv_draft_blame(draft, "consume.session"),
                          "'consume.session' (%s) must be longer than 'consume.postgres_timeout'", session);
}

/* ---- registry
 * -------------------------------------------------------------------------------------------------------- */

static void finish_registry(rlv_draft *draft)
{
    const rlv_config *config = &draft->values->config;
    bool user = *config->registry.user, password = *config->registry.password, token = *config->registry.token;
    if (!config->registry.url && (user || password || token || config->registry.ca_file))
        rlv_draft_mistake(draft, rlv_draft_blame(draft, "registry"),
                          "'registry.url' is missing: add 'url: https://host:8081' below 'registry', or remove the rest");
    /* No rule of the option's: a rule's refusal repeats the value. */
    if (config->registry.url && strchr(config->registry.url, '@'))
        rlv_draft_mistake(draft, rlv_draft_blame(draft, "registry.url"),
                          "'registry.url' must hold no user or password: they have options of their own");
    if (user && token)
        rlv_draft_mistake(draft, rlv_draft_blame(draft, "registry.token"),
                          "'registry.token' and 'registry.user' are both given: keep one of them");
    else if (password && !user)
        rlv_draft_mistake(draft, rlv_draft_blame(draft, "registry.password"),
                          "'registry.password' has no 'registry.user': add it, or remove the password");
}

/* ---- deliver
 * -------------------------------------------------------------------------------------------------------- */

static void finish_deliver(rlv_draft *draft)
{
    rlv_config *config = &draft->values->config;
    rlv_config_destination *destinations = draft->lists[RLV_SCOPE_DESTINATION].items;
    config->deliver.destinations = destinations;
    config->deliver.n_destinations = draft->lists[RLV_SCOPE_DESTINATION].n;
    if (config->deliver.lease_ms <= config->deliver.timeout_ms)
        rlv_draft_mistake(draft, rlv_draft_blame(draft, "deliver.lease"),
                          "'deliver.lease' must be longer than 'deliver.timeout': a request may outlive it otherwise");
    for (size_t i = 0; i < config->deliver.n_destinations; i++) {
        rlv_config_destination *d = &destinations[i];
        d->line = draft->lists[RLV_SCOPE_DESTINATION].lines[i];
        if (!d->name || !d->url)
            continue; /* noted when it was read */
        rlv_str url = rlv_str_from(d->url);
        while (url.len && url.ptr[url.len - 1] == '/')
            url.len--;
        d->url = rlv_arena_copy(draft->arena, url).ptr;
        if (*d->token && *d->authorization)
            rlv_draft_mistake(draft, d->line, "destination '%s' has both 'token' and 'authorization': keep one", d->name);
        if (d->token_url && (*d->token || *d->authorization))
            rlv_draft_mistake(draft, d->line, "destination '%s' has 'token_url' and a token of its own: keep one", d->name);
        bool secret = *d->client_secret || (d->token_url && !rlv_config_uses(draft->command, "deliver.destinations"));
        if (d->token_url ? !*d->client_id || !secret : *d->client_id || secret)
            rlv_draft_mistake(draft, d->line, "destination '%s' wants all of 'token_url', 'client_id' and 'client_secret', or none", d->name);
        for (size_t j = 0; j < i; j++)
            if (destinations[j].name && strcmp(destinations[j].name, d->name) == 0)
                rlv_draft_mistake(draft, d->line, "two destinations are called '%s' (first on line %d): rename one", d->name,
                                  destinations[j].line);
    }
}

/* ---- desk
 * ----------------------------------------------------------------------------------------------------------- */

/* How many parameters the text has: {{1}} to {{n}}; -1: another {{...}}, or one is left out. */
static int32_t count_parameters(const char *text)
{
    enum { MOST = 20 };
    bool seen[MOST + 1] = {false};
    int32_t most = 0;
    for (const char *p = strstr(text, "{{"); p; p = strstr(p, "{{")) {
        char *end;
        long n = strtol(p + 2, &end, 10);
        if (end == p + 2 || strncmp(end, "}}", 2) != 0 || n < 1 || n > MOST)
            return -1;
        seen[n] = true;
        most = n > most ? (int32_t)n : most;
        p = end + 2;
    }
    for (int32_t i = 1; i <= most; i++)
        if (!seen[i])
            return -1;
    return most;
}

static void finish_desk(rlv_draft *draft)
{
    const struct rlv_draft_list *list = &draft->lists[RLV_SCOPE_TEMPLATE];
    rlv_config_template *templates = list->items;
    draft->values->config.desk.templates = templates;
    draft->values->config.desk.n_templates = list->n;
    if (*draft->values->config.desk.proxy_header && draft->values->config.desk.n_proxy_peers == 0)
        rlv_draft_mistake(draft, rlv_draft_blame(draft, "desk.proxy_header"),
                          "'desk.proxy_header' is believed from nobody: name the proxy in 'desk.proxy_peers', as 10.0.0.7 or 10.0.0.0/24");
    for (size_t i = 0; i < list->n; i++) {
        rlv_config_template *t = &templates[i];
        if (!t->name || !t->language || !t->text)
            continue; /* noted when it was read */
        t->n_parameters = count_parameters(t->text);
        if (t->n_parameters < 0)
            rlv_draft_mistake(draft, list->lines[i], "the text of template '%s' has {{...}} that are not {{1}}, {{2}} and so on up to {{20}}: "
                              "write it as it was approved", t->name);
        for (size_t j = 0; j < i; j++)
            if (templates[j].name && templates[j].language && strcmp(templates[j].name, t->name) == 0 &&
                strcmp(templates[j].language, t->language) == 0)
                rlv_draft_mistake(draft, list->lines[i], "template '%s' is there twice in %s (first on line %d): remove one", t->name, t->language,
                                  list->lines[j]);
    }
}

/* ---- plugins
 * -------------------------------------------------------------------------------------------- */

static void finish_plugins(rlv_draft *draft)
{
    rlv_config *config = &draft->values->config;
    if (config->trust.require_signature && config->trust.n_keys == 0)
        rlv_draft_mistake(draft, rlv_draft_blame(draft, "trust.require_signature"),
                          "'trust.require_signature' wants a key in 'trust.keys': whose signature is meant? `relevo plugin key` makes one");
    if (!config->plugin_dir)
        config->plugin_dir = rlv_plugins_folder(draft->arena);
    config->n_plugins = draft->lists[RLV_SCOPE_PLUGIN].n;
    rlv_config_plugin *plugins = rlv_arena_zalloc(draft->arena, config->n_plugins + 1, sizeof(*plugins));
    if (!plugins)
        return;
    for (size_t i = 0; i < config->n_plugins; i++) {
        const struct rlv_plugin_values *values = rlv_draft_item(draft, RLV_SCOPE_PLUGIN, i);
        plugins[i] = values->entry;
        plugins[i].line = draft->lists[RLV_SCOPE_PLUGIN].lines[i];
        if (!plugins[i].name)
            continue; /* noted when it was read */
        plugins[i].path = rlv_plugins_path(draft->arena, config->plugin_dir, &plugins[i]);
        plugins[i].isolation = rlv_plugins_isolation(values->isolation, plugins[i].path);
        plugins[i].ours = rlv_config_ours(plugins[i].path);
        for (size_t j = 0; j < i; j++)
            if (plugins[j].name && strcmp(plugins[j].name, plugins[i].name) == 0)
                rlv_draft_mistake(
                    draft, plugins[i].line,
                    "two plugins are called '%s' (first on line %d): give this one another name, and the "
                    "same 'path'",
                    plugins[i].name, plugins[j].line);
    }
    config->plugins = plugins;
}

void rlv_draft_finish(rlv_draft *draft)
{
    struct rlv_values *values = draft->values;
    values->config.log.level = (enum rlv_log_level)values->log_level;
    values->config.log.json = values->log_format == 1;
    finish_kafka(draft);
    finish_postgres(draft);
    finish_topics(draft);
    finish_consume(draft);
    finish_registry(draft);
    finish_deliver(draft);
    finish_desk(draft);
    finish_plugins(draft);
    rlv_draft_hours(draft);
    rlv_draft_policy(draft);
}
