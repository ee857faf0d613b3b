/* SPDX-License-Identifier: Apache-2.0 */
/* See rehearse.h. Between fork and the end of the copy nothing may touch what it shares with this process: connections, the log,
   exit handlers. */
#include "base/rehearse.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum {
    SLICE_MS = 100,
    BLIND_MS = 5, /* a kernel without pidfd is asked so often */
    STARVED = 3,
    FDS_MOST = 4096, /* looked at in a fraction of a millisecond */
    BY_ITSELF = 3 /* its status when what was rehearsed called exit() */
};

static const int deadly[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP};

/* A copy that outlives this process for a moment must not keep its ports taken, and its connections open. */
static void leave_sockets(void)
{
    struct stat st;
    struct rlimit most;
    int end = getrlimit(RLIMIT_NOFILE, &most) == 0 && most.rlim_cur < FDS_MOST ? (int)most.rlim_cur : FDS_MOST;
    for (int fd = STDERR_FILENO + 1; fd < end; fd++)
        if (fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode))
            (void)close(fd);
}

static void ended_by_itself(void)
{
    _exit(BY_ITSELF); /* ours would run the other handlers, which are not the copy's to run */
}

static _Noreturn void be_the_copy(void (*play)(void *), void *context, pid_t parent, atomic_bool *done)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(BY_ITSELF);
    leave_sockets();
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}); /* the first death left one */
    for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly); i++)
        (void)signal(deadly[i], SIG_DFL); /* a handler would tell of the copy as if it were us */
    (void)atexit(ended_by_itself);
    rlv_log_setup((enum rlv_log_level)0, false);
    play(context);
    atomic_store(done, true);
    _exit(0);
}

/* Processor time that it took so far; -1: not to be had. */
static int64_t cpu_us(pid_t pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        return -1;
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Waits for its end, and reaps it. False: its time was up. */
static bool await(pid_t pid, int64_t budget_us, int *ret_status)
{
    int64_t began = rlv_clock_mono_us();
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    bool in_time = true;
    while (waitpid(pid, ret_status, WNOHANG) == 0) {
        int64_t spent = rlv_clock_mono_us() - began;
        bool starved = spent < STARVED * budget_us && cpu_us(pid) * 4 < spent;
        if (spent >= budget_us && !starved) {
            in_time = false;
            (void)kill(pid, SIGKILL);
            while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
                ;
            break;
        }
        (void)poll(&end, 1, end.fd < 0 ? BLIND_MS : SLICE_MS);
    }
    if (end.fd >= 0)
        (void)close(end.fd);
    return in_time;
}

static enum rlv_rehearsed judge(int status, rlv_error *ret_how)
{
    if (!WIFSIGNALED(status)) {
        (void)rlv_error_set(ret_how, RLV_E_IO, "ended the process");
        return RLV_REHEARSED_DIED;
    }
    (void)rlv_error_set(ret_how, RLV_E_IO, "was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    return WTERMSIG(status) == SIGKILL ? RLV_REHEARSED_KILLED : RLV_REHEARSED_DIED;
}

enum rlv_rehearsed rlv_rehearse(void (*play)(void *context), void *context, int64_t budget_us, rlv_error *ret_how)
{
    atomic_bool *done = mmap(NULL, sizeof(*done), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (done == MAP_FAILED) {
        (void)rlv_error_set(ret_how, RLV_E_LIMIT, "memory is short");
        return RLV_REHEARSED_NOT;
    }
    enum rlv_rehearsed outcome = RLV_REHEARSED_WELL;
    int status = 0;
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        be_the_copy(play, context, parent, done);
    if (pid < 0) {
        (void)rlv_error_set(ret_how, RLV_E_LIMIT, "this process cannot be copied (%s)", strerror(errno));
        outcome = RLV_REHEARSED_NOT;
    } else if (!await(pid, budget_us, &status)) {
        (void)rlv_error_set(ret_how, RLV_E_TIMEOUT, "did not end within %lld ms", (long long)(budget_us / 1000));
        outcome = RLV_REHEARSED_HUNG;
    } else if (!atomic_load(done)) {
        outcome = judge(status, ret_how);
    }
    (void)munmap(done, sizeof(*done));
    return outcome;
}

struct several {
    void (*play)(void *, size_t);
    void *context;
    size_t n;
};

static void play_several(void *context)
{
    const struct several *s = context;
    for (size_t i = 0; i < s->n; i++)
        s->play(s->context, i);
}

size_t rlv_rehearse_each(void (*play)(void *context, size_t i), void *context, size_t n, int64_t budget_us,
                         rlv_error *ret_how)
{
    struct several s = {play, context, n};
    rlv_error how;
    if (rlv_rehearse(play_several, &s, budget_us, &how) != RLV_REHEARSED_DIED)
        return n;
    /* So many are survived, and so many are not: what comes later may need what came before. */
    size_t good = 0, bad = n;
    while (bad - good > 1) {
        rlv_error ignored;
        s.n = good + (bad - good) / 2;
        if (rlv_rehearse(play_several, &s, budget_us, &ignored) == RLV_REHEARSED_DIED)
            bad = s.n;
        else
            good = s.n;
    }
    *ret_how = how;
    return good;
}
