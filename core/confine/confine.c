/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process gives up before its first foreign instruction, but for system calls (filter.c); see
 * confine.h. Each step is tried by itself: in a container some are not allowed, and the others hold all the
 * same.
 */
#include "confine/confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "confine/internal.h"

static const rlim_t FILES_MAX = 64; /* a loader's and a model's, not a server's */
static const rlim_t STACK_MAX = (rlim_t)8 << 20; /* of the main thread; the others have their own, see guest.c */
#ifndef RELEVO_SANITIZED
static const rlim_t MAPPED_MORE = (rlim_t)1
                                  << 32; /* address space beyond memory: libraries, the ring, guard pages */
#endif

static bool limit(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit now, wanted = {soft, hard};
    if (getrlimit(resource, &now) != 0)
        return false;
    if (now.rlim_max < wanted.rlim_max) /* somebody limited us more already */
        wanted.rlim_max = now.rlim_max;
    if (wanted.rlim_max < wanted.rlim_cur)
        wanted.rlim_cur = wanted.rlim_max;
    return setrlimit(resource, &wanted) == 0;
}

static bool limit_all(const rlv_confine_spec *spec)
{
    bool all = limit(RLIMIT_CORE, 0, 0) && limit(RLIMIT_FSIZE, 0, 0) && limit(RLIMIT_MSGQUEUE, 0, 0) &&
               limit(RLIMIT_MEMLOCK, 0, 0) && limit(RLIMIT_NOFILE, FILES_MAX, FILES_MAX);
    /* DATA does not count the main stack: raised while a plugin is loaded, it would be memory beyond any limit. */
    all = limit(RLIMIT_STACK, STACK_MAX, STACK_MAX) && all;
    /* Only until it is sealed: afterwards it is the caller who counts the time of each call. */
    if (spec->load_s)
        all = limit(RLIMIT_CPU, (rlim_t)spec->load_s, RLIM_INFINITY) && all;
#ifndef RELEVO_SANITIZED /* sanitizers map terabytes */
    /* DATA counts what can be written, whatever maps it; AS what is only mapped, since page tables are memory
     * too. */
    if (spec->memory)
        all = limit(RLIMIT_DATA, (rlim_t)spec->memory, (rlim_t)spec->memory) &&
              limit(RLIMIT_AS, (rlim_t)spec->memory + MAPPED_MORE, (rlim_t)spec->memory + MAPPED_MORE) && all;
#endif
    return all;
}

static bool drop_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return syscall(SYS_capset, &head, none) == 0;
}

int rlv_confine_enter(const rlv_confine_spec *spec, unsigned *ret_enforced, rlv_error *err)
{
    unsigned bits = 0;
    if (limit_all(spec))
        bits |= RLV_CONFINED_LIMITS;
    bool network = unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) == 0, user = network || unshare(CLONE_NEWUSER) == 0;
    if (network)
        bits |= RLV_CONFINED_NETWORK;
    if (drop_capabilities() && user)
        bits |= RLV_CONFINED_USER;
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0,
                0); /* nobody of the same user reads its memory: it may hold a secret */
    /* Behind what changes credentials, which would forget it. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0)
        bits |= RLV_CONFINED_PARENT;
    if (spec->parent && getppid() != spec->parent)
        return rlv_error_set(err, RLV_E_UNAVAILABLE, "the process that started this one is dead already");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && rlv_landlock_enter(spec->readable, spec->n_readable))
        bits |= RLV_CONFINED_FILES;
    *ret_enforced = bits;
    return RLV_OK;
}

void rlv_confine_words(unsigned bits, char *ret_words, size_t size)
{
    static const char *const words[] = {"system calls",      "files",  "users and capabilities",
                                        "network namespace", "limits", "death with its parent"};
    size_t n = 0;
    (void)snprintf(ret_words, size, "nothing");
    for (size_t i = 0; i < sizeof(words) / sizeof(*words) && n < size; i++)
        if (bits & 1u << i)
            n += (size_t)snprintf(ret_words + n, size - n, "%s%s", n ? ", " : "", words[i]);
}
