/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process's own metrics, by the names that every Prometheus client uses, so that existing dashboards
 * work. What /proc does not tell is left out rather than given as 0.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ops/ops.h"

struct self {
    double cpu_s, start_s; /* start_s: since the Unix epoch */
    double rss, virt;      /* bytes */
    long threads;
};

static bool read_line(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    bool ok = fgets(line, (int)size, file) != NULL;
    (void)fclose(file);
    return ok;
}

/* When the machine started, seconds since the epoch; 0 when unknown. */
static double boot_time(void)
{
    char line[256];
    FILE *file = fopen("/proc/stat", "re");
    double boot = 0;
    while (file && boot == 0 && fgets(line, sizeof(line), file))
        if (sscanf(line, "btime %lf", &boot) != 1)
            boot = 0;
    if (file)
        (void)fclose(file);
    return boot;
}

/* Fields 14, 15, 20, 22, 23 and 24 of /proc/self/stat; the second may hold spaces, so counting begins behind
 * its bracket. */
static bool read_self(struct self *ret)
{
    char line[2048];
    unsigned long long user, sys, start, virt;
    long rss;
    if (!read_line("/proc/self/stat", line, sizeof(line)))
        return false;
    const char *rest = strrchr(line, ')');
    if (!rest ||
        sscanf(rest + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %ld %*d %llu %llu %ld",
               &user, &sys, &ret->threads, &start, &virt, &rss) != 6)
        return false;
    double ticks = (double)sysconf(_SC_CLK_TCK), boot = boot_time();
    ret->cpu_s = (double)(user + sys) / ticks;
    ret->start_s = boot > 0 ? boot + (double)start / ticks : 0;
    ret->virt = (double)virt;
    ret->rss = (double)rss * (double)sysconf(_SC_PAGESIZE);
    return true;
}

static long count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        return -1;
    long n = -1; /* the one that reads the folder */
    for (const struct dirent *entry; (entry = readdir(dir));)
        n += entry->d_name[0] != '.';
    (void)closedir(dir);
    return n;
}

static void put(rlv_buf *out, const char *name, const char *type, const char *help, double value)
{
    rlv_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %.15g\n", name, help, name, type, name, value);
}

void rlv_ops_process_metrics(rlv_buf *out)
{
    struct self self;
    if (read_self(&self)) {
        put(out, "process_cpu_seconds_total", "counter", "CPU time used, user and system.", self.cpu_s);
        put(out, "process_resident_memory_bytes", "gauge", "Memory in RAM.", self.rss);
        put(out, "process_virtual_memory_bytes", "gauge", "Address space.", self.virt);
        put(out, "process_threads", "gauge", "Threads.", (double)self.threads);
        if (self.start_s > 0)
            put(out, "process_start_time_seconds", "gauge", "Start of the process since the Unix epoch.",
                self.start_s);
    }
    long fds = count_fds();
    if (fds >= 0)
        put(out, "process_open_fds", "gauge", "Open file descriptors.", (double)fds);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        put(out, "process_max_fds", "gauge", "File descriptors that may be open.", (double)limit.rlim_cur);
    rlv_buf_printf(out, "# HELP relevo_build_info What runs.\n# TYPE relevo_build_info gauge\n"
                        "relevo_build_info{version=\"" RELEVO_VERSION "\"} 1\n");
}
