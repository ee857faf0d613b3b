/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals of the long-running commands; see role.h. Must never do more in a handler than set a flag, or end, and never stop a role
 * for a configuration with which it could not begin again.
 */
#include "cli/role.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"

static const char self[] = "/proc/self/exe";

enum { ARGS_MAX = 16 };

volatile sig_atomic_t rlv_role_stop;

/* Of the one thread that waits for SIGHUP. */
static struct {
    char **argv;
    char how[16];
    volatile sig_atomic_t told, again; /* told: by SIGTERM or SIGINT, after which nothing begins anew */
} role;

static void on_signal(int number)
{
    (void)number;
    if (role.told)
        _exit(EX_TEMPFAIL); /* the second one: at once */
    role.told = 1;
    rlv_role_stop = 1;
}

/* `relevo check HOW` with the options that the role was given; what it says goes to stderr. */
static bool good(void)
{
    extern char **environ;
    char program[] = "relevo", check[] = "check", *args[ARGS_MAX] = {program, check, role.how};
    for (size_t n = 3; n + 1 < ARGS_MAX && role.argv[n - 2]; n++)
        args[n] = role.argv[n - 2];
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return false;
    pid_t pid;
    int status = -1;
    /* Its mistakes are wanted in the log, the configuration in full is not. */
    int redirected = strcmp(role.how, "--print") == 0
                         ? posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
                         : posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    bool started = redirected == 0 && posix_spawn(&pid, self, &actions, NULL, args, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    if (!started)
        return false;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void *wait_for_hup(void *arg)
{
    sigset_t *hup = arg;
    for (int number; sigwait(hup, &number) == 0;) {
        if (rlv_role_stop)
            continue;
        rlv_log(RLV_LOG_INFO, role.argv[0], "SIGHUP: reading the configuration anew");
        if (!good()) {
            rlv_log(RLV_LOG_ERROR, role.argv[0], "what is there now is refused, see above: nothing has changed");
            continue;
        }
        role.again = 1;
        rlv_role_stop = 1;
    }
    return NULL;
}

int rlv_role_catch_signals(char **argv, const char *how, rlv_error *err)
{
    static sigset_t hup;
    pthread_t thread;
    role.argv = argv;
    (void)snprintf(role.how, sizeof(role.how), "%s", how);
    struct sigaction act = {.sa_handler = on_signal};
    (void)sigemptyset(&act.sa_mask);
    if (sigaction(SIGTERM, &act, NULL) != 0 || sigaction(SIGINT, &act, NULL) != 0)
        return rlv_error_set(err, RLV_E_IO, "cannot catch signals: errno %d", errno);
    act.sa_handler = SIG_IGN;
    (void)sigaction(SIGPIPE, &act, NULL);
    (void)sigemptyset(&hup);
    (void)sigaddset(&hup, SIGHUP);
    if (pthread_sigmask(SIG_BLOCK, &hup, NULL) != 0 || pthread_create(&thread, NULL, wait_for_hup, &hup) != 0)
        return rlv_error_set(err, RLV_E_LIMIT, "cannot start a thread for SIGHUP");
    (void)pthread_detach(thread);
    return RLV_OK;
}

int rlv_role_end(char **argv, int code)
{
    if (code != 0 || !role.again || role.told)
        return code;
    char program[] = "relevo", *args[ARGS_MAX] = {program};
    for (size_t n = 1; n + 1 < ARGS_MAX && argv[n - 1]; n++)
        args[n] = argv[n - 1];
    closefrom(STDERR_FILENO + 1);
    (void)execv(self, args);
    rlv_log(RLV_LOG_ERROR, argv[0], "cannot begin anew: %s", strerror(errno));
    return EX_OSERR;
}
