/* SPDX-License-Identifier: Apache-2.0 */
/* See rules.h. The JSON tree is kept: all texts are borrowed from it. */
#include "router/rules.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "text/text.h"

/* What the host takes in an answer. */
enum { NAME_LIMIT = 128, LIST_LIMIT = 32 };

struct rule_set {
    json_t *routes, *otherwise;
    target fallback;
    size_t n;
    rule list[];
};

/* Where a mistake is told: the option, and the entry's number from 1 (0: the default). */
typedef struct place {
    size_t entry;
    char *error;
    size_t size;
} place;

static bool refuse(const place *at, const char *key, const char *why)
{
    char where[48] = "`default`";
    if (at->entry > 0) {
        snprintf(where, sizeof(where), "`routes` entry %zu", at->entry);
    }
    relevo_str shown = rlt_cut(rlt_str(key), 40);
    snprintf(at->error, at->size, "%s: `%.*s` %s", where, (int)shown.len, shown.ptr, why);
    return false;
}

/* ---- unknown keys ---- */

/* Edit distance of two short words; long ones are compared by their beginnings. */
static size_t distance(const char *a, const char *b)
{
    size_t row[33];
    size_t n = strnlen(b, 32);
    for (size_t j = 0; j <= n; j++) {
        row[j] = j;
    }
    for (size_t i = 1; a[i - 1] != '\0' && i <= 32; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t best = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            best = row[j] + 1 < best ? row[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[n];
}

/* `known` ends with a NULL. */
static bool only_known_keys(const json_t *object, const char *const known[], const place *at)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        const char *nearest = known[0];
        for (size_t i = 0; known[i] != NULL; i++) {
            nearest = distance(key, known[i]) < distance(key, nearest) ? known[i] : nearest;
        }
        if (strcmp(key, nearest) != 0) {
            char why[80];
            snprintf(why, sizeof(why), "is not a known key; the nearest is `%s`", nearest);
            return refuse(at, key, why);
        }
    }
    return true;
}

/* ---- values ---- */

static relevo_str str_of(const json_t *json)
{
    return (relevo_str){json_string_value(json), json_string_length(json)};
}

/* An absent key leaves *ret_text as it is. */
static bool read_text(const json_t *object, const char *key, relevo_str *ret_text, const place *at)
{
    const json_t *json = json_object_get(object, key);
    if (json == NULL) {
        return true;
    }
    size_t len = json_string_length(json); /* 0 for what is no string, too */
    if (len == 0 || len > NAME_LIMIT) {
        return refuse(at, key, "must be a text of 1 to 128 bytes");
    }
    *ret_text = str_of(json);
    return true;
}

/* A list of texts, or a single one. */
static bool read_texts(const json_t *object, const char *key, texts *ret_texts, const place *at)
{
    const json_t *json = json_object_get(object, key);
    if (json == NULL) {
        return true;
    }
    const char *wrong = "must be a text or a list of at most 32 texts, each of 1 to 128 bytes";
    size_t n = json_is_array(json) ? json_array_size(json) : 1;
    if (n == 0 || n > LIST_LIMIT) {
        return refuse(at, key, wrong);
    }
    relevo_str *items = calloc(n + 1, sizeof(*items));
    if (items == NULL) {
        return refuse(at, key, "cannot be read: out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_is_array(json) ? json_array_get(json, i) : json;
        if (json_string_length(item) == 0 || json_string_length(item) > NAME_LIMIT) {
            free(items);
            return refuse(at, key, wrong);
        }
        items[i] = str_of(item);
    }
    *ret_texts = (texts){items, n};
    return true;
}

static bool read_slots(const json_t *when, condition *c, const place *at)
{
    const json_t *slots = json_object_get(when, "slot");
    if (slots == NULL) {
        return true;
    }
    size_t n = json_object_size(slots);
    c->slot_names.items = calloc(n + 1, sizeof(relevo_str));
    c->slot_values.items = calloc(n + 1, sizeof(relevo_str));
    if (c->slot_names.items == NULL || c->slot_values.items == NULL) {
        return refuse(at, "slot", "cannot be read: out of memory");
    }
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach((json_t *)(uintptr_t)slots, name, value)
    {
        if (!json_is_string(value)) {
            return refuse(at, name, "of `slot` must be a text: put numbers in quotes");
        }
        c->slot_names.items[c->slot_names.n++] = (relevo_str){name, strlen(name)};
        c->slot_values.items[c->slot_values.n++] = str_of(value);
    }
    return n > 0 ? true : refuse(at, "slot", "must be name: value pairs");
}

static bool read_condition(const json_t *when, condition *c, const place *at)
{
    static const char *const known[] = {"trigger", "intent", "language", "slot", "tag", NULL};
    if (json_object_size(when) == 0) {
        return refuse(at, "when",
                      "must name a trigger, intent, language, slot or tag; what always holds is `default`");
    }
    return only_known_keys(when, known, at) && read_texts(when, "trigger", &c->triggers, at) &&
           read_texts(when, "intent", &c->intents, at) && read_texts(when, "language", &c->languages, at) &&
           read_texts(when, "tag", &c->tags, at) && read_slots(when, c, at);
}

static bool read_target(const json_t *object, target *t, const place *at)
{
    relevo_str rank = {NULL, 0};
    t->rank = RELEVO_RANK_LEAST_LOADED;
    if (!read_text(object, "team", &t->team, at) || !read_texts(object, "skills", &t->skills, at) ||
        !read_text(object, "language", &t->language, at) || !read_text(object, "agent", &t->agent, at) ||
        !read_text(object, "rank", &rank, at)) {
        return false;
    }
    if (t->team.len == 0) {
        return refuse(at, "team", "is missing: say who takes these conversations");
    }
    if (rank.len > 0 && strcmp(rank.ptr, "longest_idle") == 0) {
        t->rank = RELEVO_RANK_LONGEST_IDLE;
    } else if (rank.len > 0 && strcmp(rank.ptr, "least_loaded") != 0) {
        return refuse(at, "rank", "must be least_loaded or longest_idle");
    }
    if (t->language.len > 0 && strcmp(t->language.ptr, "customer") == 0) {
        t->of_customer = true;
        t->language = (relevo_str){NULL, 0};
    }
    const json_t *priority = json_object_get(object, "priority");
    if (priority != NULL) {
        json_int_t number = json_integer_value(priority);
        if (!json_is_integer(priority) || number < 0 || number > 9) {
            return refuse(at, "priority", "must be a whole number from 0 to 9");
        }
        t->has_priority = true;
        t->priority = (uint32_t)number;
    }
    return true;
}

static bool read_rule(const json_t *object, rule *r, const place *at)
{
    static const char *const known[] = {"when",     "team", "skills", "language",
                                        "priority", "rank", "agent",  NULL};
    const json_t *when = json_object_get(object, "when");
    if (!json_is_object(object)) {
        return refuse(at, "routes", "must be a list of {when: ..., team: ...}");
    }
    if (!only_known_keys(object, known, at)) {
        return false;
    }
    if (!json_is_object(when)) {
        return refuse(at, "when", "is missing: say when this entry holds");
    }
    return read_condition(when, &r->when, at) && read_target(object, &r->to, at);
}

static bool read_all(rule_set *made, char *error, size_t size)
{
    static const char *const known[] = {"team", "skills", "language", "priority", "rank", "agent", NULL};
    place at = {.error = error, .size = size};
    if (!only_known_keys(made->otherwise, known, &at) ||
        !read_target(made->otherwise, &made->fallback, &at)) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(made->routes); i++) {
        at.entry = i + 1;
        made->n = i + 1; /* so that a half-read entry is freed */
        if (!read_rule(json_array_get(made->routes, i), &made->list[i], &at)) {
            return false;
        }
    }
    return true;
}

bool rules_new(relevo_str routes, relevo_str otherwise, rule_set **ret_rules, char *error, size_t error_size)
{
    json_t *list = routes.len > 0 ? json_loadb(routes.ptr, (size_t)routes.len, 0, NULL) : json_array();
    json_t *object = json_loadb(otherwise.ptr, (size_t)otherwise.len, 0, NULL);
    rule_set *made = NULL;
    if (!json_is_array(list)) {
        snprintf(error, error_size, "`routes` must be a list of {when: ..., team: ...}");
    } else if (!json_is_object(object)) {
        snprintf(error, error_size, "`default` must be {team: ...}: who takes what no route does");
    } else {
        made = calloc(1, sizeof(*made) + json_array_size(list) * sizeof(made->list[0]));
        snprintf(error, error_size, "out of memory");
    }
    if (made == NULL) {
        json_decref(list);
        json_decref(object);
        return false;
    }
    made->routes = list;
    made->otherwise = object;
    if (!read_all(made, error, error_size)) {
        rules_free(made);
        return false;
    }
    error[0] = '\0';
    *ret_rules = made;
    return true;
}

void rules_free(rule_set *rules)
{
    if (rules == NULL) {
        return;
    }
    for (size_t i = 0; i < rules->n; i++) {
        free(rules->list[i].when.triggers.items);
        free(rules->list[i].when.intents.items);
        free(rules->list[i].when.languages.items);
        free(rules->list[i].when.tags.items);
        free(rules->list[i].when.slot_names.items);
        free(rules->list[i].when.slot_values.items);
        free(rules->list[i].to.skills.items);
    }
    free(rules->fallback.skills.items);
    json_decref(rules->routes);
    json_decref(rules->otherwise);
    free(rules);
}

/* ---- search ---- */

/* "pt" and "pt-BR" are one language to a rule. */
static bool same_language(relevo_str a, relevo_str b)
{
    size_t n = 0, m = 0;
    while (n < a.len && a.ptr[n] != '-' && a.ptr[n] != '_') {
        n++;
    }
    while (m < b.len && b.ptr[m] != '-' && b.ptr[m] != '_') {
        m++;
    }
    return n == m && n > 0 && strncasecmp(a.ptr, b.ptr, n) == 0;
}

static bool any(const texts *list, relevo_str shown, bool (*same)(relevo_str, relevo_str))
{
    for (size_t i = 0; i < list->n; i++) {
        if (same(list->items[i], shown)) {
            return true;
        }
    }
    return list->n == 0;
}

/* Tags are kept in small letters. */
static bool tags_hold(const texts *list, const relevo_view *view)
{
    for (uint32_t k = 0; RELEVO_HAS(view, n_tags) && k < view->n_tags; k++) {
        for (size_t i = 0; i < list->n; i++) {
            if (list->items[i].len == view->tags[k].len &&
                strncasecmp(list->items[i].ptr, view->tags[k].ptr, (size_t)view->tags[k].len) == 0) {
                return true;
            }
        }
    }
    return list->n == 0;
}

static bool slots_hold(const condition *c, const relevo_view *view)
{
    for (size_t i = 0; i < c->slot_names.n; i++) {
        bool held = false;
        for (uint32_t k = 0; k < view->n_slots && !held; k++) {
            held = rlt_equal(view->slots[k]->name, c->slot_names.items[i]) &&
                   rlt_equal(view->slots[k]->value, c->slot_values.items[i]);
        }
        if (!held) {
            return false;
        }
    }
    return true;
}

relevo_str rules_language(const relevo_view *view)
{
    const relevo_str unknown = {NULL, 0};
    return view->language.len > 0  ? view->language
           : view->reading != NULL ? view->reading->language
                                   : unknown;
}

const target *rules_find(const rule_set *rules, const relevo_view *view)
{
    const relevo_str none = {NULL, 0};
    relevo_str trigger = view->handoff != NULL ? view->handoff->trigger : none;
    relevo_str intent = view->reading != NULL ? view->reading->intent : none;
    for (size_t i = 0; i < rules->n; i++) {
        const condition *c = &rules->list[i].when;
        if (any(&c->triggers, trigger, rlt_equal) && any(&c->intents, intent, rlt_equal) &&
            any(&c->languages, rules_language(view), same_language) && tags_hold(&c->tags, view) && slots_hold(c, view)) {
            return &rules->list[i].to;
        }
    }
    return &rules->fallback;
}

void rules_intents(const rule_set *rules, const relevo_intents *to)
{
    for (size_t i = 0; i < rules->n; i++) {
        const texts *list = &rules->list[i].when.intents;
        for (uint64_t k = 0; k < list->n; k++) {
            to->awaits(to, list->items[k], (relevo_str){NULL, 0});
        }
    }
}
