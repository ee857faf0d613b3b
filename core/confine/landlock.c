/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock by its three system calls: Debian 12 has no library for it. The structs are spelled out here,
 * since the header of Debian's kernel is older than the kernels that run containers. It must never grant a
 * right to write.
 */
#include "confine/internal.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Values of linux/landlock.h; they are the kernel's interface and never change. */
enum {
    ACCESS_READ_FILE = 1 << 2,
    ACCESS_READ_DIR = 1 << 3,
    RULE_PATH_BENEATH = 1,
    CREATE_VERSION = 1,
    VERSIONS = 6
};

struct ruleset {
    uint64_t files, network, scoped;
};

struct path_beneath {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

/* What each version of landlock can refuse, and how long its struct is. */
static const struct {
    struct ruleset all;
    size_t size;
} versions[VERSIONS + 1] = {
    [1] = {{.files = (1 << 13) - 1}, 8},
    [2] = {{.files = (1 << 14) - 1}, 8},                             /* moving between folders */
    [3] = {{.files = (1 << 15) - 1}, 8},                             /* truncating */
    [4] = {{.files = (1 << 15) - 1, .network = 3}, 16},              /* TCP: bind, connect */
    [5] = {{.files = (1 << 16) - 1, .network = 3}, 16},              /* devices' ioctl */
    [6] = {{.files = (1 << 16) - 1, .network = 3, .scoped = 3}, 24}, /* abstract sockets, signals to others */
};

static void allow(int ruleset, const char *path)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return;
    if (fstat(fd, &st) == 0) {
        const struct path_beneath rule = {
            .allowed = ACCESS_READ_FILE | (S_ISDIR(st.st_mode) ? ACCESS_READ_DIR : 0), .parent_fd = fd};
        /* One path less to read is safe, and is found when it is read. */
        (void)syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
    }
    (void)close(fd);
}

/* The loader looks there too. */
static void allow_search_path(int ruleset)
{
    const char *list = getenv("LD_LIBRARY_PATH");
    for (size_t n; list && *list; list += n + (list[n] == ':')) {
        n = strcspn(list, ":");
        char *folder = strndup(list, n);
        if (folder && *folder)
            allow(ruleset, folder);
        free(folder);
    }
}

bool rlv_landlock_enter(const char *const *paths, size_t n)
{
    static const char *const libraries[] = {
        "/lib",       "/lib32",         "/lib64",           "/usr/lib",       "/usr/lib32",
        "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo"};
    long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, CREATE_VERSION);
    if (version < 1)
        return false;
    size_t v = version > VERSIONS ? VERSIONS : (size_t)version;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &versions[v].all, versions[v].size, 0);
    if (ruleset < 0)
        return false;
    for (size_t i = 0; i < sizeof(libraries) / sizeof(*libraries); i++)
        allow(ruleset, libraries[i]);
    for (size_t i = 0; i < n; i++)
        allow(ruleset, paths[i]);
    allow_search_path(ruleset);
    bool entered = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    (void)close(ruleset);
    return entered;
}
