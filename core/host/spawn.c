/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a plugin's process; see spawn.h. By posix_spawn of a small program: a fork of this process would
 * copy its secrets, its sockets and the locks that other threads hold. It must never let the child inherit
 * anything but the two shared files, and never take a length or an address from a response without looking at
 * it.
 */
#include "host/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "host/guest.h"
#include "confine/confine.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

enum {
    SLICE_US = 5000,
    FDS_FROM = 16,  /* above those that the child gets its own under */
    TURN_START = 2, /* turns 0 and 1 mean that nobody answered */
    IDLE = 1
};

/* ---- the program
 * ------------------------------------------------------------------------------------------------ */

static int program = -1;

/* Kept open for the process's life: after an upgrade of the package the old program belongs to this process.
 */
static void find_program(void)
{
    static const char *const places[] = {"../libexec/relevo/relevo-plugin-host", "relevo-plugin-host",
                                         "../relevo-plugin-host"};
    char self[PATH_MAX], path[PATH_MAX + 64];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash = n > 0 ? memrchr(self, '/', (size_t)n) : NULL;
    if (!slash)
        return;
    *slash = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(*places) && program < 0; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", self, places[i]);
        program = access(path, X_OK) == 0 ? open(path, O_PATH | O_CLOEXEC) : -1;
    }
    int moved = program >= 0 ? fcntl(program, F_DUPFD_CLOEXEC, FDS_FROM) : -1;
    if (program >= 0)
        (void)close(program);
    program = moved;
}

static int need_program(rlv_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, find_program);
    if (program < 0)
        return rlv_error_set(
            err, RLV_E_UNAVAILABLE,
            "the program relevo-plugin-host is missing: it belongs into libexec/relevo beside relevo's "
            "bin, install it again");
    return RLV_OK;
}

/* ---- memory
 * ----------------------------------------------------------------------------------------------------- */

/* A file in memory of a size that is fixed for ever: shrinking it would kill us when we read. */
static int shared(const char *name, size_t size, bool read_only, int *ret_fd, char **ret_at, rlv_error *err)
{
    int made = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int fd = made >= 0 ? fcntl(made, F_DUPFD_CLOEXEC, FDS_FROM) : -1;
    if (made >= 0)
        (void)close(made);
    void *at = MAP_FAILED;
    if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
        at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | (read_only ? F_SEAL_FUTURE_WRITE : 0);
    bool sealed = at != MAP_FAILED && fcntl(fd, F_ADD_SEALS, seals) == 0;
    if (sealed && fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL) == 0) {
        *ret_fd = fd;
        *ret_at = at;
        return RLV_OK;
    }
    int code = rlv_error_set(err, RLV_E_UNAVAILABLE, "no memory can be shared with a plugin's process (%s)",
                             strerror(errno));
    if (at != MAP_FAILED)
        (void)munmap(at, size);
    if (fd >= 0)
        (void)close(fd);
    return code;
}

int rlv_spawn_open(rlv_spawned *s, uint32_t slots, rlv_error *err)
{
    *s = (rlv_spawned){.slots = slots, .requests_fd = -1, .responses_fd = -1, .pidfd = -1};
    int code = need_program(err);
    if (!code)
        code = shared("relevo-requests", (size_t)slots * RLV_RING_REQUEST, true, &s->requests_fd,
                      &s->requests, err);
    if (!code)
        code = shared("relevo-responses", (size_t)slots * RLV_RING_RESPONSE, false, &s->responses_fd,
                      &s->responses, err);
    if (code)
        rlv_spawn_close(s);
    return code;
}

void rlv_spawn_close(rlv_spawned *s)
{
    if (s->requests)
        (void)munmap(s->requests, (size_t)s->slots * RLV_RING_REQUEST);
    if (s->responses)
        (void)munmap(s->responses, (size_t)s->slots * RLV_RING_RESPONSE);
    if (s->requests_fd >= 0)
        (void)close(s->requests_fd);
    if (s->responses_fd >= 0)
        (void)close(s->responses_fd);
    *s = (rlv_spawned){.requests_fd = -1, .responses_fd = -1, .pidfd = -1};
}

/* ---- the process
 * ------------------------------------------------------------------------------------------------ */

/* Nothing of our environment: a password may be in it. Where libraries are searched is no secret. */
static size_t environment(char **list, size_t max)
{
    static char locale[] = "LC_ALL=C.UTF-8";
    static const char *const passed[] = {
        "LD_LIBRARY_PATH=", "ASAN_OPTIONS=", "TSAN_OPTIONS=", "UBSAN_OPTIONS="};
    size_t n = 0;
    list[n++] = locale;
    for (char **e = environ; *e; e++)
        for (size_t i = 0; i < sizeof(passed) / sizeof(*passed) && n + 1 < max; i++)
            if (strncmp(*e, passed[i], strlen(passed[i])) == 0)
                list[n++] = *e;
    list[n] = NULL;
    return n;
}

static int describe_actions(const rlv_spawned *s, posix_spawn_file_actions_t *actions)
{
    int code = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    if (!code)
        code = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
    if (!code)
        code = posix_spawn_file_actions_adddup2(actions, 1, 2);
    if (!code)
        code = posix_spawn_file_actions_adddup2(actions, s->requests_fd, RLV_GUEST_REQUESTS);
    if (!code)
        code = posix_spawn_file_actions_adddup2(actions, s->responses_fd, RLV_GUEST_RESPONSES);
    if (!code)
        code = posix_spawn_file_actions_adddup2(actions, program, RLV_GUEST_PROGRAM);
    if (!code)
        code = posix_spawn_file_actions_addclosefrom_np(actions, RLV_GUEST_PROGRAM + 1);
    return code;
}

/* A session of its own, so that a terminal's Ctrl-C is for us alone; no signal blocked or ignored. */
static int describe_process(posix_spawnattr_t *attr)
{
    sigset_t none, all;
    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    int code =
        posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    if (!code)
        code = posix_spawnattr_setsigmask(attr, &none);
    if (!code)
        code = posix_spawnattr_setsigdefault(attr, &all);
    return code;
}

static int spawn(rlv_spawned *s, const char *what, rlv_error *err)
{
    char program_path[64], name[] = "relevo-plugin-host", *list[8];
    char *words[] = {name, (char *)(uintptr_t)what, NULL};
    (void)snprintf(program_path, sizeof(program_path), "/proc/self/fd/%d", RLV_GUEST_PROGRAM);
    (void)environment(list, sizeof(list) / sizeof(*list));
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    pid_t pid = 0;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawnattr_init(&attr);
    int code = describe_actions(s, &actions);
    if (!code)
        code = describe_process(&attr);
    if (!code)
        code = posix_spawn(&pid, program_path, &actions, &attr, words, list);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attr);
    if (code)
        return rlv_error_set(err, RLV_E_UNAVAILABLE, "a process for a plugin cannot be started (%s)",
                             strerror(code));
    s->pid = pid;
    s->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    return RLV_OK;
}

bool rlv_spawn_ended(const rlv_spawned *s)
{
    siginfo_t info = {.si_pid = 0};
    if (!s->pid)
        return true;
    if (waitid(P_PID, (id_t)s->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0)
        return info.si_pid != 0;
    return errno == ECHILD; /* where SIGCHLD is ignored the kernel has reaped it already */
}

void rlv_spawn_kill(const rlv_spawned *s)
{
    if (s->pid)
        (void)kill(s->pid, SIGKILL);
}

void rlv_spawn_reap(rlv_spawned *s, rlv_error *ret_how)
{
    siginfo_t info = {.si_pid = 0};
    int failed;
    while ((failed = waitid(P_PID, (id_t)s->pid, &info, WEXITED)) != 0 && errno == EINTR)
        ;
    s->pid = 0;
    if (s->pidfd >= 0)
        (void)close(s->pidfd);
    s->pidfd = -1;
    uint32_t trapped = atomic_exchange(&rlv_spawned_response(s, 0)->trapped, 0);
    if (info.si_code == CLD_EXITED && info.si_status == 255 && trapped) {
        char name[64];
        rlv_confine_call_name((int)(trapped - 1) & 0xffff, name, sizeof(name));
        (void)rlv_error_set(ret_how, RLV_E_IO, "made a system call that no plugin may make (%s)", name);
    } else if (failed) {
        (void)rlv_error_set(ret_how, RLV_E_IO, "ended its process, nobody can say how: SIGCHLD is ignored");
    } else if (info.si_code == CLD_EXITED) {
        (void)rlv_error_set(ret_how, RLV_E_IO, "ended its process with status %d", info.si_status);
    } else {
        (void)rlv_error_set(ret_how, RLV_E_IO, "was killed by signal %d (%s)", info.si_status,
                            strsignal(info.si_status));
    }
}

/* ---- the first exchange
 * ----------------------------------------------------------------------------------------- */

static int write_start(rlv_spawned *s, const rlv_start *start, rlv_error *err)
{
    rlv_ring_request *request = rlv_spawned_request(s, 0);
    rlv_ring_writer w = {.bytes = rlv_ring_body(request, sizeof(*request)), .max = RLV_RING_REQUEST_ROOM};
    rlv_start_put(&w, start);
    if (w.full)
        return rlv_error_set(err, RLV_E_LIMIT, "%s: its options are too large together", start->path);
    request->used = (uint32_t)w.len;
    for (uint32_t i = 0; i < s->slots; i++) {
        atomic_store(&rlv_spawned_request(s, i)->turn, IDLE);
        atomic_store(&rlv_spawned_response(s, i)->turn, IDLE);
    }
    rlv_spawned_response(s, 0)->enforced = 0;
    atomic_store(&rlv_spawned_response(s, 0)->trapped, 0);
    atomic_store_explicit(&request->turn, TURN_START, memory_order_release);
    return RLV_OK;
}

static int finish(rlv_spawned *s, int code, rlv_error *err)
{
    rlv_error how;
    rlv_spawn_kill(s);
    rlv_spawn_reap(s, &how);
    if (code == RLV_E_IO)
        return rlv_error_set(err, RLV_E_REFUSED, "it %s while it was loaded", how.message);
    return code;
}

/* RLV_E_IO: it ended by itself. */
static int wait_ready(const rlv_spawned *s, int64_t budget_us, const atomic_bool *stop, rlv_error *err)
{
    const rlv_ring_response *response = rlv_spawned_response(s, 0);
    int64_t until = rlv_clock_mono_us() + budget_us;
    for (;;) {
        bool ended = rlv_spawn_ended(s);
        uint32_t turn = atomic_load_explicit(&response->turn, memory_order_acquire);
        if (turn == TURN_START && response->status == RLV_RING_REFUSED)
            return rlv_refusal_take(response, err);
        if (turn == TURN_START && response->status == RLV_RING_STARTED)
            return RLV_OK;
        if (ended)
            return RLV_E_IO;
        if (stop && atomic_load(stop))
            return rlv_error_set(err, RLV_E_UNAVAILABLE, "stopped while it was loaded");
        if (rlv_clock_mono_us() >= until)
            return rlv_error_set(
                err, RLV_E_TIMEOUT,
                "did not get ready in %lld s: a plugin that needs longer gets a longer `start_budget`",
                (long long)(budget_us / 1000000));
        rlv_ring_wait(&response->turn, turn, SLICE_US);
    }
}

int rlv_spawn_start(rlv_spawned *s, const rlv_start *start, int64_t budget_us, const atomic_bool *stop,
                    rlv_error *err)
{
    int code = write_start(s, start, err);
    if (!code)
        code = spawn(s, start->path, err);
    if (code)
        return code;
    code = wait_ready(s, budget_us, stop, err);
    /* A secret among the options need not stay in memory that is shared. */
    memset(rlv_ring_body(rlv_spawned_request(s, 0), sizeof(rlv_ring_request)), 0,
           rlv_spawned_request(s, 0)->used);
    if (code)
        return finish(s, code, err);
    const rlv_ring_response *response = rlv_spawned_response(s, 0);
    s->there = response->requests;
    s->enforced = response->enforced & RLV_CONFINED_ALL;
    return RLV_OK;
}
