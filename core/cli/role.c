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
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"

static const char self[] = "/proc/self/exe";

enum { ARGS_MAX = 16 };

volatile sig_atomic_t rlv_role_stop;

/* Of the one thread that waits for SIGHUP, and pats the watchdog. */
static struct {
    char **argv;
    char how[16];
    volatile sig_atomic_t told, again; /* told: by SIGTERM or SIGINT, after which nothing begins anew */
    pthread_mutex_t lock;              /* of what follows */
    bool (*alive)(void *user, double *ret_seconds);
    void *user;
    bool ready;
} role = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- the service manager ----------------------------------------------------------------------------------------- */

/* One datagram to systemd, if it waits for any: sd_notify(3). Ten lines rather than a library with its compressors in a process that
   faces the network. */
static void notify(const char *words)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = path ? strlen(path) : 0;
    if (len < 2 || len >= sizeof(to.sun_path) || (*path != '/' && *path != '@'))
        return;
    memcpy(to.sun_path, path, len);
    if (*path == '@')
        to.sun_path[0] = '\0'; /* a name without a file */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, words, strlen(words), MSG_NOSIGNAL, (struct sockaddr *)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    (void)close(fd);
}

void rlv_role_ready(bool (*alive)(void *user, double *ret_seconds), void *user)
{
    (void)pthread_mutex_lock(&role.lock);
    role.alive = alive;
    role.user = user;
    role.ready = true;
    (void)pthread_mutex_unlock(&role.lock);
    notify("READY=1\nSTATUS=relevo " RELEVO_VERSION);
}

void rlv_role_quiet(void)
{
    (void)pthread_mutex_lock(&role.lock);
    role.alive = NULL;
    (void)pthread_mutex_unlock(&role.lock);
    notify(role.again && !role.told ? "RELOADING=1" : "STOPPING=1");
}

static void pat(void)
{
    double seconds = 0;
    (void)pthread_mutex_lock(&role.lock);
    if (role.ready && (!role.alive || role.alive(role.user, &seconds)))
        notify("WATCHDOG=1");
    (void)pthread_mutex_unlock(&role.lock);
}

/* Half of what the watchdog waits for; a day without one. */
static struct timespec pause_between(void)
{
    int64_t us, pid;
    const char *wanted = getenv("WATCHDOG_USEC"), *whose = getenv("WATCHDOG_PID");
    if (!wanted || !rlv_str_int(rlv_str_from(wanted), &us) || us < 2 ||
        (whose && (!rlv_str_int(rlv_str_from(whose), &pid) || pid != getpid())))
        return (struct timespec){.tv_sec = 86400};
    return (struct timespec){.tv_sec = us / 2 / 1000000, .tv_nsec = us / 2 % 1000000 * 1000};
}

/* ---- signals ------------------------------------------------------------------------------------------------------ */

static void on_signal(int number)
{
    (void)number;
    if (role.told)
        _exit(EX_TEMPFAIL); /* the second one: at once */
    role.told = 1;
    rlv_role_stop = 1;
}

/* `relevo check HOW --for ROLE` with the options that the role was given; what it says goes to stderr. */
static bool good(void)
{
    extern char **environ;
    char program[] = "relevo", check[] = "check", whose[] = "--for", *args[ARGS_MAX] = {program, check, role.how, whose, role.argv[0]};
    for (size_t n = 5; n + 1 < ARGS_MAX && role.argv[n - 4]; n++)
        args[n] = role.argv[n - 4];
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
    const struct timespec pause = pause_between();
    for (;;) {
        if (sigtimedwait(hup, NULL, &pause) < 0) {
            if (errno == EAGAIN)
                pat();
            continue;
        }
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
    /* Whoever started us may have ignored it, which lasts over an exec: then nobody could be told how a child ended. */
    act.sa_handler = SIG_DFL;
    (void)sigaction(SIGCHLD, &act, NULL);
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
