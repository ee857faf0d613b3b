/* SPDX-License-Identifier: Apache-2.0 */
/* See plan.h. */
#include "crm_notifier/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crm_notifier/presets.h"
#include "crm_notifier/template.h"
#include "text/text.h"
#include "text/yaml.h"

/* ---- presets ---- */

/* A plain scalar as JSON has it: whole numbers are numbers, true and false are those, the rest is text. */
static json_t *scalar(relevo_str text)
{
    char *end = NULL;
    bool digits = text.len > 0 && text.len < 18;
    for (uint64_t i = 0; i < text.len; i++) {
        digits = digits && text.ptr[i] >= '0' && text.ptr[i] <= '9';
    }
    if (rlt_equal(text, rlt_str("true")) || rlt_equal(text, rlt_str("false"))) {
        return json_boolean(text.len == 4);
    }
    return digits ? json_integer(strtoll(text.ptr, &end, 10)) : json_stringn(text.ptr, (size_t)text.len);
}

static json_t *tree(const rlt_node *node)
{
    size_t n = rlt_node_count(node);
    json_t *out = NULL;
    switch (rlt_node_kind(node)) {
    case RLT_SEQUENCE:
        out = json_array();
        for (size_t i = 0; i < n; i++) {
            (void)json_array_append_new(out, tree(rlt_node_at(node, i)));
        }
        return out;
    case RLT_MAPPING:
        out = json_object();
        for (size_t i = 0; i < n; i++) {
            (void)json_object_set_new(out, rlt_node_text(rlt_node_key(node, i)).ptr, tree(rlt_node_at(node, i)));
        }
        return out;
    case RLT_SCALAR:
        return scalar(rlt_node_text(node));
    default:
        return json_null();
    }
}

json_t *plan_preset(const char *name, char *error, size_t size)
{
    char file[64], known[256] = "";
    (void)snprintf(file, sizeof(file), "%.50s.yaml", name);
    for (const preset *p = crm_presets; p->name != NULL; p++) {
        rlt_yaml *yaml = NULL;
        rlt_error why;
        if (strcmp(p->name, file) == 0) {
            json_t *list = NULL;
            if (rlt_yaml_parse(p->name, 1, (relevo_str){p->data, p->len}, &yaml, &why)) {
                list = tree(rlt_yaml_root(yaml));
            } else {
                (void)snprintf(error, size, "%s", why.line);
            }
            rlt_yaml_free(yaml);
            return list;
        }
        size_t at = strlen(known);
        (void)snprintf(known + at, sizeof(known) - at, "%s%.*s", at > 0 ? ", " : "", (int)strcspn(p->name, "."), p->name);
    }
    (void)snprintf(error, size, "`preset`: `%.40s` is not known; there are: %s", name, known);
    return NULL;
}

/* ---- reading ---- */

static bool complain(char *error, size_t size, size_t i, const char *what)
{
    (void)snprintf(error, size, "`steps`: step %zu: %s", i + 1, what);
    return false;
}

static bool among(const char *text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(text, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Only the keys of a step, and texts where texts are meant. */
static bool check_keys(const json_t *item, size_t i, char *error, size_t size)
{
    static const char *const texts[] = {"name", "method", "path", "unless", "only"};
    const char *key = NULL;
    json_t *value = NULL;
    if (!json_is_object(item)) {
        return complain(error, size, i, "must be a mapping with `path`, `body`, ...");
    }
    json_object_foreach((json_t *)(uintptr_t)item, key, value)
    {
        char line[160];
        bool text = among(key, texts, sizeof(texts) / sizeof(*texts));
        if (!text && strcmp(key, "body") != 0 && strcmp(key, "keep") != 0) {
            (void)snprintf(line, sizeof(line), "`%.40s` is not known; use name, method, path, body, keep, unless, only", key);
            return complain(error, size, i, line);
        }
        if (text && !json_is_string(value)) {
            (void)snprintf(line, sizeof(line), "`%.40s` must be a text", key);
            return complain(error, size, i, line);
        }
    }
    return true;
}

/* What later steps may use. */
static bool check_keep(const step *s, json_t *names, size_t i, char *error, size_t size)
{
    const char *key = NULL;
    json_t *value = NULL;
    if (s->keep != NULL && !json_is_object(s->keep)) {
        return complain(error, size, i, "`keep` must be name: place pairs, such as contact: results.0.id");
    }
    json_object_foreach((json_t *)(uintptr_t)s->keep, key, value)
    {
        if (!json_is_string(value) || strlen(key) > 24 || strpbrk(key, ".|:{} ") != NULL || key[0] == '\0') {
            return complain(error, size, i, "`keep`: a name has at most 24 characters and none of . | : { }, its place is a text");
        }
        (void)json_object_set_new(names, key, json_true());
    }
    return true;
}

const char *const plan_events[PLAN_EVENTS] = {"handoff", "lead", "tip", "closed", "amended"};

/* The next word of a text at *at; 0: there is none. */
static size_t next_word(const char **at)
{
    *at += strspn(*at, " ");
    return strcspn(*at, " ");
}

bool plan_is_of(const step *s, const char *event)
{
    const char *at = s->only;
    for (size_t n = at != NULL ? next_word(&at) : 0; n > 0; at += n, n = next_word(&at)) {
        if (strlen(event) == n && memcmp(at, event, n) == 0) {
            return true;
        }
    }
    return s->only == NULL;
}

static bool are_events(const char *text)
{
    const char *at = text;
    size_t words = 0;
    for (size_t n = next_word(&at); n > 0; at += n, n = next_word(&at), words++) {
        char word[16];
        (void)snprintf(word, sizeof(word), "%.*s", (int)(n < sizeof(word) ? n : sizeof(word) - 1), at);
        if (!among(word, plan_events, PLAN_EVENTS)) {
            return false;
        }
    }
    return words > 0;
}

static bool read_step(step *s, const json_t *item, json_t *names, size_t i, char *error, size_t size)
{
    static const char *const methods[] = {"POST", "PUT", "PATCH"};
    if (!check_keys(item, i, error, size)) {
        return false;
    }
    const char *method = json_string_value(json_object_get(item, "method"));
    *s = (step){.name = json_string_value(json_object_get(item, "name")),
                .method = method != NULL ? method : "POST",
                .path = json_string_value(json_object_get(item, "path")),
                .body = json_object_get(item, "body"),
                .unless = json_string_value(json_object_get(item, "unless")),
                .only = json_string_value(json_object_get(item, "only")),
                .keep = json_object_get(item, "keep")};
    if (!among(s->method, methods, sizeof(methods) / sizeof(*methods))) {
        return complain(error, size, i, "`method` must be POST, PUT or PATCH");
    }
    if (s->path == NULL || (s->path[0] != '/' && s->path[0] != '\0') || strlen(s->path) > PLAN_PATH_MAX) {
        return complain(error, size, i, "`path` must begin with a / (or be empty) and have at most 2048 bytes");
    }
    if (s->only != NULL && !are_events(s->only)) {
        return complain(error, size, i, "`only` must be of handoff, lead, tip, closed, amended, with a space between");
    }
    if (s->unless != NULL && json_object_get(names, s->unless) == NULL) {
        return complain(error, size, i, "`unless` names what no earlier step keeps");
    }
    return template_check_path(s->path, names, error, size) &&
           (s->body == NULL || template_check(s->body, names, error, size)) && check_keep(s, names, i, error, size);
}

bool plan_read(plan *p, json_t *list, char *error, size_t size)
{
    p->source = list;
    size_t n = json_array_size(list);
    if (n < 1 || n > PLAN_STEPS_MAX) {
        (void)snprintf(error, size, "`steps` must be a list of 1 to %d requests", PLAN_STEPS_MAX);
        return false;
    }
    json_t *names = json_object();
    bool fine = names != NULL;
    for (p->n = 0; fine && p->n < n; p->n++) {
        fine = read_step(&p->steps[p->n], json_array_get(list, p->n), names, p->n, error, size);
    }
    json_decref(names);
    return fine;
}

void plan_free(plan *p)
{
    json_decref(p->source);
    *p = (plan){.n = 0};
}
