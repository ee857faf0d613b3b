/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the knowledge base answers to a question, as `relevo responder ask` says it: by that very command, in a process of its own, since what a
 * plugin does is no business of this one. Must never hand a question to a shell.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "desk/private.h"

enum { QUESTION_MAX = 1000, ANSWER_MAX = 64 * 1024, WITHIN_MS = 10000 };

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

/* What a child says, until it ends or is too slow, and how it ended: 0 is well. */
static int read_child(int fd, pid_t child, rlv_buf *out)
{
    int64_t until_us = rlv_clock_mono_us() + (int64_t)WITHIN_MS * 1000;
    char chunk[4096];
    int status = -1;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left_ms = (until_us - rlv_clock_mono_us()) / 1000;
        if (left_ms <= 0 || poll(&p, 1, (int)left_ms) <= 0) {
            (void)kill(child, SIGKILL);
            break;
        }
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        rlv_buf_append(out, chunk, (size_t)n);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return status;
}

/* Runs this program as `responder ask`. False: it could not be started, or did not end well. */
static bool run_responder(const char *plugin_dir, const char *const *argv, rlv_buf *out)
{
    extern char **environ;
    int ends[2];
    pid_t child;
    char folder[4096];
    size_t n = 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    while (environ[n])
        n++;
    char **env = calloc(n + 2, sizeof(*env));
    posix_spawn_file_actions_t actions;
    bool ok = env && posix_spawn_file_actions_init(&actions) == 0;
    if (ok) {
        size_t k = 0;
        for (size_t i = 0; i < n; i++) /* no secret of ours */
            if (strncmp(environ[i], "RELEVO_", 7) != 0)
                env[k++] = environ[i];
        (void)snprintf(folder, sizeof(folder), "RELEVO_PLUGIN_DIR=%s", plugin_dir);
        env[k] = folder;
        ok = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) == 0 &&
             posix_spawn_file_actions_adddup2(&actions, ends[1], 1) == 0 &&
             posix_spawn(&child, "/proc/self/exe", &actions, NULL, (char *const *)(uintptr_t)argv, env) == 0;
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    free(env);
    (void)close(ends[1]);
    if (ok)
        ok = read_child(ends[0], child, out) == 0 && !out->failed;
    (void)close(ends[0]);
    return ok;
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
    bool ok = run_responder(config->plugin_dir, argv, &out);
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
