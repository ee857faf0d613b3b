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

/* What a copy tells, in memory that both share. */
struct rlv_scout_report {
    atomic_uint done;          /* parts to whose end it came */
    _Atomic int64_t budget_us; /* of the one that it is at */
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

static void become_the_copy(pid_t parent)
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

/* Waits for its end, and reaps it. False: the time of the part that it was at was up. */
static bool await(pid_t pid, struct rlv_scout_report *report, int *ret_status)
{
    int64_t began = rlv_clock_mono_us(), cpu_then = 0;
    unsigned done = 0;
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    bool in_time = true;
    while (waitpid(pid, ret_status, WNOHANG) == 0) {
        int64_t now = rlv_clock_mono_us(), budget_us = atomic_load(&report->budget_us);
        if (atomic_load(&report->done) != done) { /* at another part since: its time begins */
            done = atomic_load(&report->done);
            began = now;
            cpu_then = cpu_us(pid);
        }
        int64_t spent = now - began;
        bool starved = spent < STARVED * budget_us && (cpu_us(pid) - cpu_then) * 4 < spent;
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

/* NULL: memory is short. */
static struct rlv_scout_report *report_new(int64_t budget_us)
{
    struct rlv_scout_report *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (report == MAP_FAILED)
        return NULL;
    atomic_store(&report->budget_us, budget_us);
    return report;
}

enum rlv_rehearsed rlv_rehearse(void (*play)(void *context), void *context, int64_t budget_us, rlv_error *ret_how)
{
    struct rlv_scout_report *report = report_new(budget_us);
    if (!report) {
        (void)rlv_error_set(ret_how, RLV_E_LIMIT, "memory is short");
        return RLV_REHEARSED_NOT;
    }
    enum rlv_rehearsed outcome = RLV_REHEARSED_WELL;
    int status = 0;
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        become_the_copy(parent);
        play(context);
        atomic_store(&report->done, 1);
        _exit(0);
    }
    if (pid < 0) {
        (void)rlv_error_set(ret_how, RLV_E_LIMIT, "this process cannot be copied (%s)", strerror(errno));
        outcome = RLV_REHEARSED_NOT;
    } else if (!await(pid, report, &status)) {
        (void)rlv_error_set(ret_how, RLV_E_TIMEOUT, "did not end within %lld ms", (long long)(budget_us / 1000));
        outcome = RLV_REHEARSED_HUNG;
    } else if (!atomic_load(&report->done)) {
        outcome = judge(status, ret_how);
    }
    (void)munmap(report, sizeof(*report));
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
    if (n == 0 || rlv_rehearse(play_several, &s, budget_us, &how) != RLV_REHEARSED_DIED)
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

/* True in the copy. Else how far it came; -1: there can be none. */
static bool send_scout(rlv_scout *scout, int64_t budget_us, int64_t *ret_done)
{
    int64_t began_us = rlv_clock_mono_us();
    struct rlv_scout_report *report = report_new(budget_us);
    pid_t parent = getpid(), pid = report ? fork() : -1;
    if (pid == 0) {
        become_the_copy(parent);
        scout->report = report;
        return true;
    }
    if (pid < 0) {
        if (!scout->told)
            rlv_log(RLV_LOG_WARN, "wary", "this process cannot be copied (%s): what ended the one before it may end it, too", strerror(errno));
        scout->told = true;
    } else {
        int status = 0;
        bool in_time = await(pid, report, &status);
        scout->deadly = !in_time || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
        if (atomic_load(&report->done) > 0) {
            scout->outcome = RLV_REHEARSED_WELL; /* as far as this part goes */
        } else if (in_time) {
            scout->outcome = judge(status, &scout->how);
        } else {
            scout->outcome = RLV_REHEARSED_HUNG;
            (void)rlv_error_set(&scout->how, RLV_E_TIMEOUT, "did not end within %lld ms", (long long)(atomic_load(&report->budget_us) / 1000));
        }
    }
    scout->copies++;
    scout->took_us += rlv_clock_mono_us() - began_us;
    *ret_done = pid < 0 ? -1 : (int64_t)atomic_load(&report->done);
    if (report)
        (void)munmap(report, sizeof(*report));
    return false;
}

bool rlv_scout_part(rlv_scout *scout, int64_t budget_us, bool worth)
{
    int64_t done;
    if (!scout)
        return true;
    if (scout->report) {
        (void)atomic_fetch_add(&scout->report->done, 1); /* the one before; first, so that its time is never held against this one */
        atomic_store(&scout->report->budget_us, budget_us);
        return true;
    }
    if (scout->ahead > 0) {
        scout->ahead--;
        return true;
    }
    if (!worth && !scout->all && !scout->deadly)
        return true;
    scout->deadly = false; /* once more, from here: so nothing is taken for deadly that was only killed by somebody */
    if (send_scout(scout, budget_us, &done) || done < 0)
        return true;
    if (done == 0) {
        scout->deadly = false;
        return false;
    }
    scout->ahead = (uint32_t)done - 1;
    return true;
}

void rlv_scout_stop(rlv_scout *scout)
{
    if (!scout)
        return;
    if (scout->report) {
        (void)atomic_fetch_add(&scout->report->done, 1);
        _exit(0);
    }
    scout->ahead = 0;
    scout->deadly = false;
}
