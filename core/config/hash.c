/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash of what changes decisions; it travels with every decision, so that replay knows what it was
 * decided under. It is published: it must never cover a secret, and it must not change with the machine.
 */
#include <stdlib.h>

#include "config/draft.h"

enum {
    TEXT_MAX = 16 * 1024 * 1024
};

bool rlv_config_secret_name(rlv_str key)
{
    static const char *const words[] = {"secret", "token", "password", "api_key"};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        size_t n = strlen(words[i]);
        if (key.len >= n && memcmp(key.ptr + key.len - n, words[i], n) == 0)
            return true;
    }
    return false;
}

static int by_key(const void *a, const void *b)
{
    const rlv_yaml_node *const *x = a, *const *y = b;
    return strcmp((*x)->key.ptr, (*y)->key.ptr);
}

/* A plugin's own options come in any order; below them order may matter. */
static void put_options(rlv_buf *out, const rlv_yaml_node *options)
{
    if (!options || options->n == 0)
        return;
    const rlv_yaml_node **sorted = calloc(options->n, sizeof(*sorted));
    if (!sorted) {
        out->failed = true;
        return;
    }
    size_t n = 0;
    for (const rlv_yaml_node *option = options->first; option; option = option->next)
        if (!rlv_config_secret_name(option->key))
            sorted[n++] = option;
    qsort(sorted, n, sizeof(const rlv_yaml_node *), by_key);
    for (size_t i = 0; i < n; i++) {
        rlv_buf_printf(out, "%s=", sorted[i]->key.ptr);
        rlv_yaml_json(sorted[i], out);
        rlv_buf_printf(out, "\n");
    }
    free(sorted);
}

static void put_notice(rlv_buf *out, const rlv_notice *notice)
{
    const rlv_str texts[] = {notice->es, notice->pt, notice->en};
    for (size_t i = 0; i < 3; i++)
        rlv_buf_printf(out, "%zu:%.*s\n", texts[i].len, RLV_STR_ARG(texts[i]));
}

static void put_words(rlv_buf *out, const rlv_str *items, size_t n)
{
    rlv_buf_printf(out, "%zu", n);
    for (size_t i = 0; i < n; i++)
        rlv_buf_printf(out, " %zu:%.*s", items[i].len, RLV_STR_ARG(items[i]));
    rlv_buf_printf(out, "\n");
}

static void put_conditions(rlv_buf *out, const rlv_condition *items, size_t n)
{
    rlv_buf_printf(out, "%zu", n);
    for (size_t i = 0; i < n; i++)
        rlv_buf_printf(out, " %.*s %.17g", RLV_STR_ARG(items[i].trigger), items[i].least);
    rlv_buf_printf(out, "\n");
}

/* Their meaning, the clocks included: other time zone data may decide otherwise. */
static void put_hours(rlv_buf *out, const rlv_hours *hours)
{
    if (!hours) {
        rlv_buf_printf(out, "always\n");
        return;
    }
    rlv_buf_printf(out, "hours");
    for (size_t i = 0; i < hours->n_zone; i++)
        rlv_buf_printf(out, " %lld+%d", (long long)hours->zone[i].from_ms, hours->zone[i].offset_ms);
    for (size_t i = 0; i < hours->n_open; i++)
        rlv_buf_printf(out, " %u:%d-%d", hours->open[i].weekdays, hours->open[i].span.from, hours->open[i].span.to);
    for (size_t i = 0; i < hours->n_closed; i++)
        rlv_buf_printf(out, " -%lld-%lld:%d-%d", (long long)hours->closed[i].first, (long long)hours->closed[i].last,
                       hours->closed[i].span.from, hours->closed[i].span.to);
    rlv_buf_printf(out, "\n");
}

static void put_trigger(rlv_buf *out, const char *what, const rlv_trigger_policy *t)
{
    rlv_buf_printf(out, "%s %.*s %.17g %.17g %lld %d %d %d %d %d\n", what, RLV_STR_ARG(t->trigger), t->threshold, t->weight,
                   (long long)t->cooldown_ms, t->alone, t->observe, t->tell_only, t->priority, t->outside_hours);
    put_conditions(out, t->all, t->n_all);
    put_conditions(out, t->any, t->n_any);
    put_conditions(out, t->none, t->n_none);
    put_words(out, t->numbers, t->n_numbers);
    put_words(out, t->languages, t->n_languages);
    put_words(out, t->flows, t->n_flows);
    put_words(out, t->skills, t->n_skills);
    put_words(out, (const rlv_str[]){t->team, t->agent}, 2);
    put_hours(out, t->hours);
    put_notice(out, &t->message);
    if (t->collect.len)
        rlv_buf_printf(out, "collect %.*s\n", RLV_STR_ARG(t->collect));
}

static void put_policy(rlv_buf *out, const rlv_policy *policy)
{
    rlv_buf_printf(out, "policy %.17g %lld %lld %d\n", policy->combined, (long long)policy->pause_ms,
                   (long long)policy->idle_close_ms, policy->undelivered);
    if (policy->silence_ms)
        rlv_buf_printf(out, "silence %lld\n", (long long)policy->silence_ms);
    if (policy->silence_ms && policy->silence_hours)
        put_hours(out, policy->silence_hours);
    for (size_t i = 0; i < policy->n_triggers; i++)
        put_trigger(out, "trigger", &policy->triggers[i]);
    for (size_t i = 0; i < policy->n_rules; i++)
        put_trigger(out, "rule", &policy->rules[i]);
    put_hours(out, policy->people);
    put_notice(out, &policy->notices.handoff);
    put_notice(out, &policy->notices.away);
    put_notice(out, &policy->notices.assigned);
    put_notice(out, &policy->notices.returned);
    put_notice(out, &policy->notices.closed);
    put_notice(out, &policy->notices.unknown);
    rlv_buf_printf(out, "queue %lld %lld %lld %d %d\n", (long long)policy->queue.tell_after_ms, (long long)policy->queue.tell_every_ms,
                   (long long)policy->queue.give_up_ms, policy->queue.give_up_to, policy->queue.leave);
    rlv_buf_printf(out, "collect %lld %.*s\n", (long long)policy->queue.collect_after_ms, RLV_STR_ARG(policy->queue.collect));
    rlv_buf_printf(out, "survey %d %d %d %lld\n", policy->survey.kind, policy->survey.on_resolve, policy->survey.comment,
                   (long long)policy->survey.wait_ms);
    put_words(out, &policy->survey.template, 1);
    for (size_t i = 0; i < policy->survey.n_parameters; i++)
        rlv_buf_printf(out, "parameter %s\n", policy->survey.parameters[i]);
    rlv_buf_printf(out, "reopen %d %lld\n", policy->reopen.to, (long long)policy->reopen.within_ms);
    if (policy->read_receipts)
        rlv_buf_printf(out, "read receipts\n");
    const rlv_notice *const later[] = {&policy->notices.requeued, &policy->notices.waiting,  &policy->notices.expected, &policy->notices.leave,
                                       &policy->notices.nobody,   &policy->notices.callback, &policy->notices.noted,    &policy->notices.csat,
                                       &policy->notices.nps,      &policy->notices.comment,  &policy->notices.thanks};
    for (size_t i = 0; i < sizeof(later) / sizeof(*later); i++)
        put_notice(out, later[i]);
}

uint64_t rlv_config_hash(const rlv_config *config)
{
    rlv_buf text = RLV_BUF_INIT(TEXT_MAX);
    put_policy(&text, &config->policy);
    for (size_t i = 0; i < config->n_plugins; i++) {
        const char *path = config->plugins[i].path, *slash = strrchr(path, '/');
        rlv_buf_printf(&text, "plugin %s %s\n", config->plugins[i].name, slash ? slash + 1 : path);
        put_options(&text, config->plugins[i].options);
    }
    uint64_t hash = text.failed ? 0 : rlv_str_hash(rlv_buf_view(&text));
    rlv_buf_free(&text);
    return hash;
}
