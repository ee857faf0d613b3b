/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command of this program, in a process of its own: what a plugin does is no business of the desk's. Must never go through a shell.
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
#include "desk/private.h"

enum { WITHIN_MS = 10000 };

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

/* Our environment, for whoever reads the configuration; or without what is ours, secrets among it. NULL: memory is short. */
static char **child_environment(const char *only_plugin_dir, char *setting, size_t size)
{
    extern char **environ;
    size_t n = 0, k = 0;
    while (environ[n])
        n++;
    char **env = calloc(n + 2, sizeof(*env));
    if (!env)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if (!only_plugin_dir || strncmp(environ[i], "RELEVO_", 7) != 0)
            env[k++] = environ[i];
    if (only_plugin_dir) {
        (void)snprintf(setting, size, "RELEVO_PLUGIN_DIR=%s", only_plugin_dir);
        env[k] = setting;
    }
    return env;
}

int rlv_child_run(const char *const *argv, const char *only_plugin_dir, rlv_buf *out)
{
    int ends[2], status = -1;
    pid_t child;
    char setting[4200];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    char **env = child_environment(only_plugin_dir, setting, sizeof(setting));
    posix_spawn_file_actions_t actions;
    bool ok = env && posix_spawn_file_actions_init(&actions) == 0;
    if (ok) {
        ok = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) == 0 &&
             posix_spawn_file_actions_adddup2(&actions, ends[1], 1) == 0 &&
             posix_spawn(&child, "/proc/self/exe", &actions, NULL, (char *const *)(uintptr_t)argv, env) == 0;
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    free(env);
    (void)close(ends[1]);
    if (ok)
        status = read_child(ends[0], child, out);
    (void)close(ends[0]);
    return ok && !out->failed && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
