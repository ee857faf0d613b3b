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
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/usage.h"

enum {
    SLICE_MS = 100,
    BLIND_MS = 5, /* a kernel without pidfd is asked so often */
    STARVED = 3, /* so many budgets at most, whatever it waits for */
    RAN = 10,    /* who loops has at least one in so many parts of a budget, even on a busy machine; who waits has nothing */
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

/* Waits for its end, and reaps it. False: the time of the part that it was at was up; *ret_ran: it ran meanwhile. */
static bool await(pid_t pid, struct rlv_scout_report *report, int *ret_status, bool *ret_ran)
{
    int64_t began = rlv_clock_mono_us();
    unsigned done = 0;
    rlv_usage then = {.ran_us = 0}, now = then; /* a copy begins without any */
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    bool in_time = true;
    while (waitpid(pid, ret_status, WNOHANG) == 0) {
        int64_t at = rlv_clock_mono_us(), budget_us = atomic_load(&report->budget_us);
        if (atomic_load(&report->done) != done) { /* at another part since: its time begins */
            done = atomic_load(&report->done);
            began = at;
            (void)rlv_usage_of(pid, &then);
        }
        int64_t spent = at - began;
        if (spent >= budget_us)
            (void)rlv_usage_of(pid, &now);
        if (spent >= STARVED * budget_us || spent - rlv_usage_held_up(&then, &now, spent) >= budget_us) {
            in_time = false;
            *ret_ran = (now.ran_us - then.ran_us) * RAN >= budget_us;
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

/* How a copy fared that went ahead. */
struct ahead {
    unsigned done;              /* parts that it came through */
    bool whole;                 /* it ended where it should, or as if */
    enum rlv_rehearsed outcome; /* of the part behind those, if there is one */
    rlv_error how;              /* the same in a line */
};

static enum rlv_rehearsed judge(int status, rlv_error *ret_how)
{
    if (!WIFSIGNALED(status)) {
        (void)rlv_error_set(ret_how, RLV_E_IO, "ended the process");
        return RLV_REHEARSED_DIED;
    }
    (void)rlv_error_set(ret_how, RLV_E_IO, "was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    return WTERMSIG(status) == SIGKILL ? RLV_REHEARSED_KILLED : RLV_REHEARSED_DIED;
}

/* Makes a copy. There it returns what the copy is to write into; here NULL, when it has ended, and *ret says how. */
static struct rlv_scout_report *go_ahead(int64_t budget_us, struct ahead *ret)
{
    struct rlv_scout_report *report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    *ret = (struct ahead){.outcome = RLV_REHEARSED_NOT};
    if (report == MAP_FAILED) {
        (void)rlv_error_set(&ret->how, RLV_E_LIMIT, "memory is short");
        return NULL;
    }
    atomic_store(&report->budget_us, budget_us);
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        become_the_copy(parent);
        return report;
    }
    if (pid < 0) {
        (void)rlv_error_set(&ret->how, RLV_E_LIMIT, "this process cannot be copied (%s)", strerror(errno));
    } else {
        int status = 0;
        bool ran = false, in_time = await(pid, report, &status, &ran);
        ret->done = atomic_load(&report->done);
        ret->whole = in_time && WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (in_time) {
            ret->outcome = judge(status, &ret->how);
        } else {
            ret->outcome = ran ? RLV_REHEARSED_HUNG : RLV_REHEARSED_STUCK;
            (void)rlv_error_set(&ret->how, RLV_E_TIMEOUT, "did not end within %lld ms", (long long)(atomic_load(&report->budget_us) / 1000));
        }
    }
    (void)munmap(report, sizeof(*report));
    return NULL;
}

enum rlv_rehearsed rlv_rehearse(void (*play)(void *context), void *context, int64_t budget_us, rlv_error *ret_how)
{
    struct ahead ahead;
    struct rlv_scout_report *report = go_ahead(budget_us, &ahead);
    if (report) {
        play(context);
        atomic_store(&report->done, 1);
        _exit(0);
    }
    if (ahead.done > 0)
        return RLV_REHEARSED_WELL;
    *ret_how = ahead.how;
    return ahead.outcome;
}

size_t rlv_rehearse_each(void (*play)(void *context, size_t i), void *context, size_t n, int64_t budget_us,
                         rlv_error *ret_how)
{
    struct ahead ahead;
    struct rlv_scout_report *report = n ? go_ahead(budget_us, &ahead) : NULL;
    for (size_t i = 0; report && i < n; i++) {
        play(context, i);
        (void)atomic_fetch_add(&report->done, 1);
    }
    if (report)
        _exit(0);
    if (n == 0 || ahead.done >= n || !rlv_rehearsed_deadly(ahead.outcome))
        return n;
    *ret_how = ahead.how;
    return ahead.done;
}

/* True in the copy. Else how far it came; -1: there can be none. */
static bool send_scout(rlv_scout *scout, int64_t budget_us, int64_t *ret_done)
{
    int64_t began_us = rlv_clock_mono_us();
    struct ahead ahead;
    scout->report = go_ahead(budget_us, &ahead);
    if (scout->report)
        return true;
    if (ahead.outcome == RLV_REHEARSED_NOT) {
        if (!scout->told)
            rlv_log(RLV_LOG_WARN, "wary", "%s: what ended the one before it may end it, too", ahead.how.message);
        scout->told = true;
    } else {
        scout->deadly = !ahead.whole;
        scout->outcome = ahead.done > 0 ? RLV_REHEARSED_WELL : ahead.outcome; /* as far as this part goes */
        if (ahead.done == 0)
            scout->how = ahead.how;
    }
    scout->copies++;
    scout->took_us += rlv_clock_mono_us() - began_us;
    *ret_done = ahead.outcome == RLV_REHEARSED_NOT ? -1 : (int64_t)ahead.done;
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
