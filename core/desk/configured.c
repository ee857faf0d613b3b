/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration says, for pages: what is in force, the triggers, the templates, and sending one of these. Must never show a secret. */
#include <stdlib.h>

#include "desk/private.h"
#include "desk/sees.h"

static void give(rlv_request *request, json_t *j)
{
    char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;
    request->status = text ? MHD_HTTP_OK : MHD_HTTP_INTERNAL_SERVER_ERROR;
    request->text = text ? rlv_arena_copy(request->arena, rlv_str_from(text)) : RLV_STR("{}");
    free(text);
    json_decref(j);
}

void rlv_configured(rlv_request *request, rlv_str id)
{
    rlv_buf out = RLV_BUF_INIT(1 << 20);
    rlv_error err;
    (void)id;
    if (rlv_config_print(request->desk->config->file, "desk", false, &out, &err) != RLV_OK || out.failed) {
        rlv_request_fail(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "configuration", "%s", err.message);
    } else {
        request->status = MHD_HTTP_OK;
        request->type = "text/plain; charset=utf-8";
        request->text = rlv_arena_copy(request->arena, rlv_buf_view(&out));
    }
    rlv_buf_free(&out);
}

/* ---- triggers ---- */

static json_t *text_of(rlv_str s)
{
    return json_stringn(s.len ? s.ptr : "", s.len);
}

static void put_triggers(json_t *list, const rlv_trigger_policy *triggers, size_t n, bool rule)
{
    for (size_t i = 0; i < n; i++) {
        const rlv_trigger_policy *t = &triggers[i];
        (void)json_array_append_new(
            list, json_pack("{so sb sf sf sb sb si sf so}", "trigger", text_of(t->trigger), "rule", rule, "threshold", t->threshold, "weight",
                            t->weight, "alone", rule || t->alone, "observe", t->observe, "priority", (int)t->priority, "cooldown",
                            (double)t->cooldown_ms / 1e3, "team", text_of(t->team)));
    }
}

void rlv_configured_triggers(rlv_request *request, rlv_str id)
{
    rlv_config *now; /* as the configuration is shown: what the file says, not what it said when this desk read it */
    rlv_error err;
    (void)id;
    if (rlv_config_load(request->desk->config->file, "desk", &now, &err) != RLV_OK) {
        rlv_request_fail(request, MHD_HTTP_INTERNAL_SERVER_ERROR, "configuration", "%s", err.message);
        return;
    }
    json_t *list = json_array();
    put_triggers(list, now->policy.triggers, now->policy.n_triggers, false);
    put_triggers(list, now->policy.rules, now->policy.n_rules, true);
    give(request, list);
    rlv_config_free(now);
}

/* ---- templates ---- */

void rlv_configured_templates(rlv_request *request, rlv_str id)
{
    const rlv_config *config = request->desk->config;
    json_t *list = json_array();
    (void)id;
    for (size_t i = 0; i < config->desk.n_templates; i++) {
        const rlv_config_template *t = &config->desk.templates[i];
        (void)json_array_append_new(list, json_pack("{ss ss ss si}", "name", t->name, "language", t->language, "text", t->text, "parameters",
                                                    (int)t->n_parameters));
    }
    give(request, list);
}

static const rlv_config_template *find(rlv_request *request)
{
    const rlv_config *config = request->desk->config;
    rlv_str name = rlv_request_text(request, "name"), language = rlv_request_text(request, "language");
    for (size_t i = 0; i < config->desk.n_templates; i++)
        if (rlv_str_is(name, config->desk.templates[i].name) && rlv_str_is(language, config->desk.templates[i].language))
            return &config->desk.templates[i];
    rlv_request_fail(request, MHD_HTTP_UNPROCESSABLE_CONTENT, "template", "there is no template '%.*s' in '%.*s' among desk.templates",
                     RLV_STR_ARG(rlv_str_cut(name, 60)), RLV_STR_ARG(rlv_str_cut(language, 20)));
    return NULL;
}

/* The text with its parameters in their places: what the history shows. Absent: it fits nowhere. */
static rlv_str render(rlv_request *request, const rlv_config_template *t, const json_t *parameters)
{
    rlv_buf out = RLV_BUF_INIT(64 * 1024);
    const char *at = t->text, *open;
    for (; (open = strstr(at, "{{")); at = strstr(open, "}}") + 2) {
        rlv_buf_append(&out, at, (size_t)(open - at));
        const json_t *v = json_array_get(parameters, (size_t)strtol(open + 2, NULL, 10) - 1);
        rlv_buf_append(&out, json_string_value(v), json_string_length(v));
    }
    rlv_buf_str(&out, rlv_str_from(at));
    rlv_str text = out.failed ? (rlv_str){NULL, 0} : rlv_arena_copy(request->arena, rlv_buf_view(&out));
    rlv_buf_free(&out);
    return text;
}

void rlv_template_send(rlv_request *request, rlv_str id)
{
    const rlv_config_template *t = find(request);
    const json_t *parameters = json_object_get(request->json, "parameters"), *v;
    size_t i, texts = 0;
    if (!t)
        return;
    json_array_foreach(parameters, i, v)
        texts += json_string_length(v) > 0;
    if (texts != (size_t)t->n_parameters || json_array_size(parameters) != texts) {
        rlv_request_fail(request, MHD_HTTP_UNPROCESSABLE_CONTENT, "template", "the template '%s' wants %d parameters, each a text", t->name,
                         (int)t->n_parameters);
        return;
    }
    char *list = texts ? json_dumps(parameters, JSON_COMPACT) : NULL;
    rlv_str args[] = {{NULL, 0}, {NULL, 0}, {NULL, 0}, id, render(request, t, parameters), rlv_str_from(t->name), rlv_str_from(t->language),
                      rlv_str_from(list)};
    rlv_route_run(request,
                  ACT("desk.reply(c.conversation_id, $1, $5, p_template => $6, p_language => $7, p_parameters => CASE WHEN $8 <> '' THEN "
                      "ARRAY(SELECT json_array_elements_text($8::json)) END)"),
                  args, sizeof(args) / sizeof(*args), true);
    free(list);
}
