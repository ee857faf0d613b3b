/* SPDX-License-Identifier: Apache-2.0 */
/* See usage.h. schedstat is documented in the kernel's Documentation/scheduler/sched-stats.rst. */
#include "base/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { HARDLY = 4 }; /* less than one in so many parts of the time */

/* The beginning of a file of a thread. False: it is not to be read. */
static bool read_of(int task, const char *thread, const char *name, char *ret_text, size_t size)
{
    char path[64];
    (void)snprintf(path, sizeof(path), "%.32s/%.16s", thread, name);
    int fd = openat(task, path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, ret_text, size - 1) : -1;
    if (fd >= 0)
        (void)close(fd);
    ret_text[n > 0 ? n : 0] = '\0';
    return n > 0;
}

/* What the kernel tells of its threads. */
static void look_at_threads(pid_t pid, int64_t *ret_waited_us, bool *ret_asleep)
{
    char path[32], text[512];
    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
    DIR *task = opendir(path);
    int64_t waited_us = 0;
    bool asleep = true, told = false;
    for (const struct dirent *d; task && (d = readdir(task));) {
        long long waited_ns;
        if (d->d_name[0] == '.')
            continue;
        if (read_of(dirfd(task), d->d_name, "schedstat", text, sizeof(text)) && sscanf(text, "%*s %lld", &waited_ns) == 1)
            waited_us += waited_ns / 1000;
        if (!read_of(dirfd(task), d->d_name, "stat", text, sizeof(text)))
            continue;
        const char *state = strrchr(text, ')'); /* behind its name, in which anything may be */
        told = true;
        asleep = asleep && state && state[1] == ' ' && (state[2] == 'S' || state[2] == 'Z'); /* an ended one wants nothing */
    }
    if (task)
        (void)closedir(task);
    *ret_waited_us = waited_us;
    *ret_asleep = told && asleep;
}

bool rlv_usage_of(pid_t pid, rlv_usage *ret)
{
    clockid_t clock;
    struct timespec t;
    rlv_usage usage = {.asleep = false};
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        return false;
    usage.ran_us = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
    look_at_threads(pid, &usage.waited_us, &usage.asleep);
    *ret = usage;
    return true;
}

int64_t rlv_usage_held_up(const rlv_usage *then, const rlv_usage *now, int64_t spent_us)
{
    int64_t ran = now->ran_us - then->ran_us, waited = now->waited_us - then->waited_us;
    if (!now->asleep && ran * HARDLY < spent_us)
        return spent_us;
    return waited < 0 ? 0 : waited < spent_us ? waited : spent_us;
}
