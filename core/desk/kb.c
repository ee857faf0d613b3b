/* SPDX-License-Identifier: Apache-2.0 */
/* What the knowledge base answers to a question, as `relevo responder ask` says it, by that very command (child.c). */
#include <stdlib.h>
#include <string.h>

#include "desk/private.h"

enum { QUESTION_MAX = 1000, ANSWER_MAX = 64 * 1024 };

static const rlv_config_plugin *find_responder(const rlv_config *config)
{
    for (size_t i = 0; i < config->n_plugins; i++) {
        const char *base = strrchr(config->plugins[i].path, '/');
        if (strcmp(base ? base + 1 : config->plugins[i].path, "responder.so") == 0)
            return &config->plugins[i];
    }
    return NULL;
}

static const char *option(const rlv_config_plugin *plugin, const char *name)
{
    const rlv_yaml_node *node = rlv_yaml_get(plugin->options, name);
    return node && node->kind == RLV_YAML_SCALAR && node->text.len ? node->text.ptr : NULL;
}

static void ask(rlv_request *request, rlv_http *http)
{
    (void)http;
    const rlv_config *config = request->desk->config;
    const rlv_config_plugin *responder = find_responder(config);
    const char *kb = option(responder, "kb"), *threshold = option(responder, "threshold"), *margin = option(responder, "margin");
    const char *argv[12] = {"relevo", "responder", "ask", "--json", "--kb",
                            kb[0] == '/' ? kb : rlv_arena_printf(request->arena, "%s/%s", config->folder, kb)};
    rlv_buf out = RLV_BUF_INIT(ANSWER_MAX);
    size_t n = 6;
    if (threshold) {
        argv[n++] = "--threshold";
        argv[n++] = threshold;
    }
    if (margin) {
        argv[n++] = "--margin";
        argv[n++] = margin;
    }
    argv[n] = request->id.ptr;
    bool ok = rlv_child_run(argv, config->plugin_dir, &out) == 0;
    json_t *j = ok ? json_loadb(out.data, out.len, JSON_DISABLE_EOF_CHECK, NULL) : NULL;
    char *text = json_is_object(j) ? json_dumps(j, JSON_COMPACT) : NULL;
    if (text) {
        request->status = MHD_HTTP_OK;
        request->text = rlv_arena_copy(request->arena, rlv_str_from(text));
    } else {
        rlv_request_fail(request, MHD_HTTP_SERVICE_UNAVAILABLE, "kb", "the knowledge base at %s does not answer: relevo check says more", argv[5]);
    }
    free(text);
    json_decref(j);
    rlv_buf_free(&out);
}

void rlv_kb_ask(rlv_request *request, rlv_str id)
{
    rlv_str question = rlv_request_text(request, "question");
    const rlv_config_plugin *responder = find_responder(request->desk->config);
    (void)id;
    if (!question.len || question.len > QUESTION_MAX * 4) {
        rlv_request_fail(request, MHD_HTTP_UNPROCESSABLE_CONTENT, "invalid", "a question has 1 to %d characters", QUESTION_MAX);
    } else if (!responder || !option(responder, "kb")) {
        rlv_request_fail(request, MHD_HTTP_NOT_IMPLEMENTED, "no_kb", "no responder with a knowledge base (`kb`) is configured");
    } else {
        /* Behind a blank: what begins with a dash is no option. */
        request->id = rlv_str_from(rlv_arena_printf(request->arena, " %.*s", RLV_STR_ARG(question)));
        rlv_aside_do(request, ask);
    }
}
