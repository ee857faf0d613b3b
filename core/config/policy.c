/* SPDX-License-Identifier: Apache-2.0 */
/* Triggers and rules of the policy: names that must exist, conditions, limits; see draft.h. */
#include "config/draft.h"
#include "config/rules.h"
#include "config/value.h"

enum {
    SHOWN_MAX = 60
};

/* What conditions and entries may name. */
struct names {
    const char **items;
    size_t n;
};

static struct names plugin_names(rlv_draft *draft)
{
    const rlv_config *config = &draft->values->config;
    struct names names = {rlv_arena_zalloc(draft->arena, config->n_plugins + 1, sizeof(*names.items)), 0};
    for (size_t i = 0; i < config->n_plugins && names.items; i++)
        if (config->plugins[i].name)
            names.items[names.n++] = config->plugins[i].name;
    return names;
}

static bool known(const struct names *names, rlv_str name)
{
    for (size_t i = 0; i < names->n; i++)
        if (rlv_str_is(name, names->items[i]))
            return true;
    return false;
}

static void unknown_plugin(rlv_draft *draft, int32_t line, const struct names *names, rlv_str name)
{
    const char *near = rlv_value_nearest(name, names->items, names->n);
    rlv_str cut = rlv_str_cut(name, SHOWN_MAX);
    if (near)
        rlv_draft_mistake(draft, line, "no plugin is called '%.*s'; did you mean '%s'?", RLV_STR_ARG(cut), near);
    else
        rlv_draft_mistake(draft, line, "no plugin is called '%.*s': add it to 'plugins', or remove this entry",
                          RLV_STR_ARG(cut));
}

static const rlv_str *texts(rlv_draft *draft, const struct rlv_words *words, size_t *ret_n)
{
    rlv_str *items = rlv_arena_zalloc(draft->arena, words->n + 1, sizeof(*items));
    if (!items)
        return NULL;
    for (size_t i = 0; i < words->n; i++)
        items[i] = rlv_str_from(words->items[i]);
    *ret_n = words->n;
    return items;
}

/* ---- conditions -------------------------------------------------------------------------------------------------- */

static rlv_str trimmed(rlv_str s)
{
    while (s.len && s.ptr[0] == ' ')
        s = (rlv_str){s.ptr + 1, s.len - 1};
    while (s.len && s.ptr[s.len - 1] == ' ')
        s.len--;
    return s;
}

/* "sentiment" or "sentiment >= 0.6". */
static bool parse_condition(rlv_str text, rlv_condition *ret)
{
    const char *at = memmem(text.ptr, text.len, ">=", 2);
    *ret = (rlv_condition){.trigger = trimmed(text), .least = -1};
    if (!at)
        return true;
    size_t head = (size_t)(at - text.ptr);
    ret->trigger = trimmed((rlv_str){text.ptr, head});
    return rlv_value_real(trimmed((rlv_str){at + 2, text.len - head - 2}), &ret->least) && ret->least >= 0 &&
           ret->least <= 1;
}

static const rlv_condition *conditions(rlv_draft *draft, int32_t line, const struct names *names,
                                       const struct rlv_words *words, size_t *ret_n)
{
    rlv_condition *items = rlv_arena_zalloc(draft->arena, words->n + 1, sizeof(*items));
    if (!items)
        return NULL;
    for (size_t i = 0; i < words->n; i++) {
        rlv_str text = rlv_str_from(words->items[i]);
        rlv_str cut = rlv_str_cut(text, SHOWN_MAX);
        if (!parse_condition(text, &items[i]) || rlv_rule_entry(items[i].trigger))
            rlv_draft_mistake(draft, line,
                              "'%.*s' is no condition: write a trigger's name, or 'name >= 0.6' with a number from 0 to 1",
                              RLV_STR_ARG(cut));
        else if (!known(names, items[i].trigger))
            unknown_plugin(draft, line, names, items[i].trigger);
    }
    *ret_n = words->n;
    return items;
}

/* ---- entries ----------------------------------------------------------------------------------------------------- */

static const rlv_hours *hours_named(rlv_draft *draft, int32_t line, rlv_str name)
{
    const struct rlv_draft_list *list = &draft->lists[RLV_SCOPE_HOURS];
    const char **names = rlv_arena_zalloc(draft->arena, list->n + 1, sizeof(*names));
    if (!names)
        return NULL;
    for (size_t i = 0; i < list->n; i++) {
        const rlv_hours *hours = rlv_draft_item(draft, RLV_SCOPE_HOURS, i); /* its first member */
        if (rlv_str_eq(hours->name, name))
            return hours;
        names[i] = hours->name.len ? hours->name.ptr : "";
    }
    const char *near = rlv_value_nearest(name, names, list->n);
    rlv_str cut = rlv_str_cut(name, SHOWN_MAX);
    if (near)
        rlv_draft_mistake(draft, line, "no hours are called '%.*s'; did you mean '%s'?", RLV_STR_ARG(cut), near);
    else
        rlv_draft_mistake(draft, line, "no hours are called '%.*s': add them to 'policy.hours'", RLV_STR_ARG(cut));
    return NULL;
}

/* "refunds", or "refunds:2": as desk.put_agent takes them, since else no agent could ever have what is asked for. */
static bool is_skill(rlv_str skill)
{
    const char *colon = memrchr(skill.ptr, ':', skill.len);
    size_t behind = colon ? skill.len - (size_t)(colon + 1 - skill.ptr) : 0;
    for (size_t i = 0; i < behind; i++)
        if (colon[1 + i] < '0' || colon[1 + i] > '9')
            return true; /* a name with a colon in it */
    return !behind || (behind == 1 && colon[1] != '0' && colon > skill.ptr && colon[-1] != ':');
}

static void limits(rlv_draft *draft, int32_t line, const struct rlv_trigger_values *values, rlv_trigger_policy *entry)
{
    entry->numbers = texts(draft, &values->numbers, &entry->n_numbers);
    entry->flows = texts(draft, &values->flows, &entry->n_flows);
    entry->skills = texts(draft, &values->skills, &entry->n_skills);
    for (size_t i = 0; i < entry->n_skills; i++)
        if (!is_skill(entry->skills[i]))
            rlv_draft_mistake(draft, line, "the skill '%.*s' is not name or name:level, with a level of 1 to 9",
                              RLV_STR_ARG(rlv_str_cut(entry->skills[i], SHOWN_MAX)));
    entry->languages = texts(draft, &values->languages, &entry->n_languages);
    for (size_t i = 0; i < entry->n_languages; i++)
        if (!rlv_str_is(entry->languages[i], "es") && !rlv_str_is(entry->languages[i], "pt") &&
            !rlv_str_is(entry->languages[i], "en"))
            rlv_draft_mistake(draft, line, "'%.*s' is no language that Relevo reads: es, pt or en",
                              RLV_STR_ARG(rlv_str_cut(entry->languages[i], SHOWN_MAX)));
    rlv_str hours = rlv_str_from(values->hours);
    if (hours.len > 4 && memcmp(hours.ptr, "not ", 4) == 0) {
        entry->outside_hours = true;
        hours = trimmed((rlv_str){hours.ptr + 4, hours.len - 4});
    }
    if (hours.len)
        entry->hours = hours_named(draft, line, hours);
}

/* The entries of a scope, complete. Their names are checked by the caller. */
static const rlv_trigger_policy *entries(rlv_draft *draft, enum rlv_scope scope, const struct names *names)
{
    const struct rlv_draft_list *list = &draft->lists[scope];
    rlv_trigger_policy *items = rlv_arena_zalloc(draft->arena, list->n + 1, sizeof(*items));
    if (!items)
        return NULL;
    for (size_t i = 0; i < list->n; i++) {
        const struct rlv_trigger_values *values = rlv_draft_item(draft, scope, i);
        int32_t line = list->lines[i];
        items[i] = values->entry;
        items[i].line = line;
        limits(draft, line, values, &items[i]);
        items[i].all = conditions(draft, line, names, &values->all, &items[i].n_all);
        items[i].any = conditions(draft, line, names, &values->any, &items[i].n_any);
        items[i].none = conditions(draft, line, names, &values->none, &items[i].n_none);
        for (size_t j = 0; j < i && items[i].trigger.len; j++)
            if (rlv_str_eq(items[i].trigger, items[j].trigger))
                rlv_draft_mistake(draft, line, "'%s' has two entries for '%s' (first on line %d): remove one",
                                  scope == RLV_SCOPE_RULE ? "policy.rules" : "policy.triggers",
                                  items[i].trigger.ptr, list->lines[j]);
    }
    return items;
}

void rlv_draft_policy(rlv_draft *draft)
{
    rlv_policy *policy = &draft->values->config.policy;
    const struct names names = plugin_names(draft);
    const rlv_trigger_policy *triggers = entries(draft, RLV_SCOPE_TRIGGER, &names);
    const rlv_trigger_policy *rules = entries(draft, RLV_SCOPE_RULE, &names);
    if (!names.items || !triggers || !rules)
        return;
    policy->triggers = triggers;
    policy->n_triggers = draft->lists[RLV_SCOPE_TRIGGER].n;
    policy->rules = rules;
    policy->n_rules = draft->lists[RLV_SCOPE_RULE].n;
    for (size_t i = 0; i < policy->n_triggers; i++)
        if (triggers[i].trigger.len && !known(&names, triggers[i].trigger)) /* missing: noted when it was read */
            unknown_plugin(draft, draft->lists[RLV_SCOPE_TRIGGER].lines[i], &names, triggers[i].trigger);
    for (size_t i = 0; i < policy->n_rules; i++) {
        int32_t line = draft->lists[RLV_SCOPE_RULE].lines[i];
        if (rules[i].trigger.len && known(&names, rules[i].trigger))
            rlv_draft_mistake(draft, line, "rule '%s' is called like a plugin: give it another name",
                              rules[i].trigger.ptr);
        if (rules[i].n_all + rules[i].n_any == 0)
            rlv_draft_mistake(draft, line, "a rule needs conditions: add 'all: [...]' or 'any: [...]'");
    }
    if (policy->silence_ms && policy->idle_close_ms && policy->silence_ms >= policy->idle_close_ms)
        rlv_draft_mistake(draft, rlv_draft_blame(draft, "policy.silence"),
                          "'policy.silence' is not shorter than 'policy.idle_close': a conversation would be closed before anybody is asked");
    if (policy->queue.give_up_to != RLV_GIVE_UP_WAIT && !policy->queue.give_up_ms)
        rlv_draft_mistake(draft, rlv_draft_blame(draft, "policy.queue.give_up_to"),
                          "'policy.queue.give_up_to' does nothing without 'policy.queue.give_up': say after how long nobody came");
    policy->queue.collect_line = rlv_draft_line(draft, "policy.queue.collect");
    rlv_str people = rlv_str_from(draft->values->people), silence = rlv_str_from(draft->values->silence_hours);
    if (people.len)
        policy->people = hours_named(draft, rlv_draft_blame(draft, "policy.people"), people);
    if (silence.len)
        policy->silence_hours = hours_named(draft, rlv_draft_blame(draft, "policy.silence_hours"), silence);
}
