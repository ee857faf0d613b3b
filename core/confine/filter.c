/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that are left, by libseccomp. Two filters, one behind the other: while a plugin is loaded,
 * and while it works. Neither lets anything be written, connected, executed or forked; a call that is on no
 * list fails with EPERM, because a library that asks for something harmless in vain goes on, while a process
 * that is killed for it hands a customer to a person. What nobody calls by accident ends the process.
 */
#include "confine/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* What a call over views may need, of the C library and the math in it. */
static const int working[] = {SCMP_SYS(futex),           SCMP_SYS(exit),
                              SCMP_SYS(exit_group),      SCMP_SYS(rt_sigreturn),
                              SCMP_SYS(munmap),          SCMP_SYS(mremap),
                              SCMP_SYS(madvise),         SCMP_SYS(brk),
                              SCMP_SYS(clock_gettime),   SCMP_SYS(clock_getres),
                              SCMP_SYS(gettimeofday),    SCMP_SYS(time),
                              SCMP_SYS(nanosleep),       SCMP_SYS(clock_nanosleep),
                              SCMP_SYS(sched_yield),     SCMP_SYS(getpid),
                              SCMP_SYS(gettid),          SCMP_SYS(getrandom),
                              SCMP_SYS(rt_sigprocmask),  SCMP_SYS(restart_syscall),
                              SCMP_SYS(getcpu),          SCMP_SYS(rseq),
                              SCMP_SYS(set_robust_list), SCMP_SYS(sched_getaffinity)};

/* What loading a library and reading a model need besides. */
static const int loading[] = {
    SCMP_SYS(read),       SCMP_SYS(readv),     SCMP_SYS(pread64),    SCMP_SYS(lseek),
    SCMP_SYS(close),      SCMP_SYS(fstat),     SCMP_SYS(stat),       SCMP_SYS(lstat),
    SCMP_SYS(newfstatat), SCMP_SYS(statx),     SCMP_SYS(access),     SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2), SCMP_SYS(readlink),  SCMP_SYS(readlinkat), SCMP_SYS(getdents64),
    SCMP_SYS(getcwd),     SCMP_SYS(fadvise64), SCMP_SYS(fstatfs),    SCMP_SYS(uname),
    SCMP_SYS(getuid),     SCMP_SYS(geteuid),   SCMP_SYS(getgid),     SCMP_SYS(getegid),
    SCMP_SYS(sysinfo),    SCMP_SYS(seccomp)};

/* What nobody calls by accident. Threads are not among these: they are refused with EPERM. */
static const int hostile[] = {SCMP_SYS(socket),
                              SCMP_SYS(socketpair),
                              SCMP_SYS(connect),
                              SCMP_SYS(bind),
                              SCMP_SYS(listen),
                              SCMP_SYS(accept),
                              SCMP_SYS(accept4),
                              SCMP_SYS(sendto),
                              SCMP_SYS(sendmsg),
                              SCMP_SYS(execve),
                              SCMP_SYS(execveat),
                              SCMP_SYS(fork),
                              SCMP_SYS(vfork),
                              SCMP_SYS(ptrace),
                              SCMP_SYS(kill),
                              SCMP_SYS(tkill),
                              SCMP_SYS(process_vm_readv),
                              SCMP_SYS(process_vm_writev),
                              SCMP_SYS(pidfd_open),
                              SCMP_SYS(pidfd_getfd),
                              SCMP_SYS(pidfd_send_signal),
                              SCMP_SYS(rt_sigqueueinfo),
                              SCMP_SYS(rt_tgsigqueueinfo),
                              SCMP_SYS(bpf),
                              SCMP_SYS(perf_event_open),
                              SCMP_SYS(io_uring_setup),
                              SCMP_SYS(mount),
                              SCMP_SYS(umount2),
                              SCMP_SYS(setns),
                              SCMP_SYS(unshare),
                              SCMP_SYS(keyctl),
                              SCMP_SYS(userfaultfd),
                              SCMP_SYS(init_module),
                              SCMP_SYS(finit_module),
                              SCMP_SYS(kexec_load),
                              SCMP_SYS(reboot)};

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static void (*on_trapped)(int number);

/* On the guilty thread. The process must end here, whatever the plugin did to what it returns to. */
static void handle_trap(int signal, siginfo_t *info, void *context)
{
    (void)signal, (void)context;
    on_trapped(info->si_syscall);
    for (;;)
        _exit(255);
}

/* Calls that this machine's kind does not have are left out by libseccomp itself. */
static int add(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t n)
{
    int code = 0;
    for (size_t i = 0; !code && i < n; i++)
        code = seccomp_rule_add(filter, action, calls[i], 0);
    return code;
}

#define MASKED(at, mask, value) SCMP_CMP64(at, SCMP_CMP_MASKED_EQ, (uint64_t)(mask), (uint64_t)(value))

/* Memory of its own, and no more: what is shared is in no limit, and a stack that grows is not either. */
static int add_memory(scmp_filter_ctx filter, bool code)
{
    const uint64_t kind = MAP_TYPE | MAP_GROWSDOWN | MAP_HUGETLB;
    if (code)
        return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, MASKED(3, kind, MAP_PRIVATE)) ||
               seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 0);
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, MASKED(2, PROT_EXEC, 0),
                            MASKED(3, kind, MAP_PRIVATE)) ||
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, MASKED(2, PROT_EXEC, 0));
}

/* Calls that are looked at more closely, in both filters. */
static int add_own(scmp_filter_ctx filter)
{
    uint64_t self = (uint64_t)getpid();
    /* abort() signals itself; what is written to stdout and stderr goes to /dev/null. */
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_CMP64(0, SCMP_CMP_EQ, self)) ||
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, SCMP_CMP64(0, SCMP_CMP_LE, 2)) ||
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(writev), 1, SCMP_CMP64(0, SCMP_CMP_LE, 2));
}

static int add_loading(scmp_filter_ctx filter)
{
    const uint64_t writes = O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY);
    return add(filter, SCMP_ACT_ALLOW, loading, COUNT(loading)) ||
           add(filter, SCMP_ACT_TRAP, hostile, COUNT(hostile)) ||
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1, MASKED(1, writes, O_RDONLY)) ||
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, MASKED(2, writes, O_RDONLY)) ||
           /* fork() is a clone without CLONE_THREAD; clone3 hides its flags, and the C library then takes
              clone. */
           seccomp_rule_add(filter, SCMP_ACT_TRAP, SCMP_SYS(clone), 1, MASKED(0, CLONE_THREAD, 0)) ||
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) ||
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                            SCMP_CMP64(1, SCMP_CMP_EQ, F_GETFD)) ||
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                            SCMP_CMP64(1, SCMP_CMP_EQ, F_SETFD)) ||
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                            SCMP_CMP64(1, SCMP_CMP_EQ, F_GETFL)) ||
           /* The second filter's own: the limit of processor time ends with it. Hard limits cannot be raised.
            */
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_CMP64(0, SCMP_CMP_EQ, 0)) ||
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(setrlimit), 0) ||
           seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(getrlimit), 0);
}

static int refused(int code, rlv_error *err)
{
    return rlv_error_set(
        err, RLV_E_UNAVAILABLE,
        "system calls cannot be filtered here (seccomp: %s): allow that, or take `isolation: process_unconfined`",
        strerror(code < 0 ? -code : EPERM));
}

static int load(bool first, rlv_error *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter)
        return refused(-ENOMEM, err);
    int code = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) ||
               seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0) || /* set already, and prctl is on no list */
               seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) ||
               add(filter, SCMP_ACT_ALLOW, working, COUNT(working)) || add_memory(filter, first) ||
               add_own(filter) || (first && add_loading(filter));
    if (code)
        code = -EINVAL;
    else
        code = seccomp_load(filter);
    seccomp_release(filter);
    return code ? refused(code, err) : RLV_OK;
}

int rlv_confine_filter(void (*trapped)(int number), unsigned *ret_enforced, rlv_error *err)
{
#ifdef RELEVO_SANITIZED /* a sanitizer's runtime opens, maps and forks as it likes */
    *ret_enforced = 0;
    (void)trapped, (void)err, (void)handle_trap, (void)load;
    return RLV_OK;
#else
    struct sigaction act = {.sa_sigaction = handle_trap, .sa_flags = SA_SIGINFO | SA_NODEFER};
    on_trapped = trapped;
    if (sigaction(SIGSYS, &act, NULL) != 0)
        return refused(-errno, err);
    int code = load(true, err);
    if (!code)
        *ret_enforced = RLV_CONFINED_CALLS;
    return code;
#endif
}

int rlv_confine_seal(rlv_error *err)
{
    struct rlimit cpu;
    if (getrlimit(RLIMIT_CPU, &cpu) == 0) {
        cpu.rlim_cur = cpu.rlim_max;
        (void)setrlimit(RLIMIT_CPU, &cpu);
    }
#ifdef RELEVO_SANITIZED
    (void)err;
    return RLV_OK;
#else
    return load(false, err);
#endif
}

void rlv_confine_call_name(int number, char *ret_name, size_t size)
{
    char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
    if (name)
        (void)snprintf(ret_name, size, "%s", name);
    else
        (void)snprintf(ret_name, size, "call %d", number);
    free(name);
}
