/* SPDX-License-Identifier: Apache-2.0 */
/* What a process says that it gave up, it has given up. Each case is a process of its own: what was taken never comes
   back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* clang-format off */
#include <cmocka.h>
/* clang-format on */

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine/confine.h"

enum {
    HELD = 7,   /* the child's answer: all that it was promised is so */
    BROKEN = 8, /* it could do what it should not */
    TRAPPED = 9,
    MEMORY = 64 << 20,
    PATH_LEN = 64
};

static char allowed[PATH_LEN], secret[PATH_LEN];

static int make_files(void **state)
{
    (void)state;
    char *const names[] = {allowed, secret};
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(names[i], PATH_LEN, "/tmp/relevo-confine-XXXXXX");
        int fd = mkstemp(names[i]);
        if (fd < 0)
            return -1;
        (void)close(fd);
    }
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    return unlink(allowed) || unlink(secret) ? -1 : 0;
}

/* Runs it as a process of its own; its exit code, or minus the signal that ended it. */
static int run(int (*child)(void))
{
    int status = 0;
    (void)fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        _exit(child());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static unsigned enter(void)
{
    const char *const readable[] = {allowed, "/nowhere/at/all"};
    const rlv_confine_spec spec = {readable, 2, MEMORY, 1000, getppid()};
    unsigned bits = 0;
    rlv_error err;
    if (rlv_confine_enter(&spec, &bits, &err) != RLV_OK)
        _exit(1);
    return bits;
}

/* ---- first: enter
 * ------------------------------------------------------------------------------------------------------------ */

static int limits_hold(void)
{
    struct rlimit cpu, data, files, core, stack;
    if (!(enter() & RLV_CONFINED_LIMITS))
        return 2;
    if (getrlimit(RLIMIT_CPU, &cpu) || getrlimit(RLIMIT_DATA, &data) || getrlimit(RLIMIT_NOFILE, &files) ||
        getrlimit(RLIMIT_CORE, &core) || getrlimit(RLIMIT_STACK, &stack))
        return 3;
    if (cpu.rlim_cur != 1000 || files.rlim_cur > 64 || files.rlim_max > 64 || core.rlim_max)
        return BROKEN;
    if (stack.rlim_cur > 8 << 20 || stack.rlim_max > 8 << 20)
        return BROKEN;
#ifndef RELEVO_SANITIZED
    void *much = mmap(NULL, 2 * (size_t)MEMORY, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data.rlim_max != MEMORY || much != MAP_FAILED)
        return BROKEN;
#endif
    /* hard ones: they cannot be raised again */
    const struct rlimit more = {128, 128}, deeper = {16 << 20, 16 << 20};
    return setrlimit(RLIMIT_NOFILE, &more) == 0 || setrlimit(RLIMIT_STACK, &deeper) == 0 ? BROKEN : HELD;
}

/* Bits that are set are enforced; what this kernel has not is missing from the bits. */
static int bits_are_true(void)
{
    unsigned bits = enter();
    if (bits & RLV_CONFINED_CALLS)
        return BROKEN; /* that is the filter's to say */
    bool reads = open(secret, O_RDONLY) >= 0, reads_own = open(allowed, O_RDONLY) >= 0,
         writes = open(allowed, O_WRONLY) >= 0;
    if (!reads_own)
        return 2;
    if (((bits & RLV_CONFINED_FILES) != 0) == reads || ((bits & RLV_CONFINED_FILES) && writes))
        return BROKEN;
    int fd = open("/lib", O_RDONLY | O_DIRECTORY); /* a plugin's libraries lie there */
    if (fd < 0)
        return 3;
    if (bits & RLV_CONFINED_USER) {
        struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3] = {{0}};
        if (syscall(SYS_capget, &head, held) != 0)
            return 4;
        for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
            if (held[i].effective || held[i].permitted || held[i].inheritable)
                return BROKEN;
    }
    if (bits & RLV_CONFINED_NETWORK) {
        struct ifaddrs *list = NULL;
        if (getifaddrs(&list) == 0)
            for (struct ifaddrs *at = list; at; at = at->ifa_next)
                if (strcmp(at->ifa_name, "lo") != 0)
                    return BROKEN;
    }
    return HELD;
}

/* A process whose starter is another one than it was told is an orphan: it must not begin to work. */
static int is_an_orphan(void)
{
    const rlv_confine_spec spec = {NULL, 0, 0, 0, getpid()};
    unsigned bits = 77;
    rlv_error err = {0};
    int rc = rlv_confine_enter(&spec, &bits, &err);
    return rc == RLV_E_UNAVAILABLE && bits == 77 && strstr(err.message, "is dead already") ? HELD : BROKEN;
}

static void entering(void **state)
{
    (void)state;
    assert_int_equal(run(limits_hold), HELD);
    assert_int_equal(run(bits_are_true), HELD);
    assert_int_equal(run(is_an_orphan), HELD);
}

/* The child of a process that is killed dies too. */
static void death_with_the_parent(void **state)
{
    (void)state;
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t parent = fork();
    assert_true(parent >= 0);
    if (parent == 0) {
        if (fork() == 0) {
            (void)alarm(120); /* should it live on after all */
            unsigned bits = enter();
            (void)!write(ends[1], bits & RLV_CONFINED_PARENT ? "y" : "n", 1);
            for (;;)
                (void)pause();
        }
        for (;;)
            (void)pause();
    }
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    struct pollfd gone = {ends[0], 0, 0}; /* hung up: the last holder of the pipe's other end is gone */
    assert_int_equal(poll(&gone, 1, 60000), 1);
    assert_true(gone.revents & POLLHUP);
    (void)close(ends[0]);
}

/* ---- second and third: the filters
 * ------------------------------------------------------------------------------------------------------------ */

#ifndef RELEVO_SANITIZED

static int trapped_number;

static void trapped(int number)
{
    _exit(number == trapped_number ? TRAPPED : BROKEN);
}

static void filter(void)
{
    unsigned bits = 0;
    rlv_error err;
    (void)enter();
    if (rlv_confine_filter(trapped, &bits, &err) != RLV_OK || bits != RLV_CONFINED_CALLS)
        _exit(1);
}

static int opens_a_socket(void)
{
    filter();
    trapped_number = SYS_socket;
    (void)socket(AF_INET, SOCK_STREAM, 0);
    return BROKEN;
}

static int executes(void)
{
    filter();
    trapped_number = SYS_execve;
    (void)execl("/bin/true", "true", (char *)NULL);
    return BROKEN;
}

static int kills_its_parent(void)
{
    filter();
    trapped_number = SYS_kill;
    (void)kill(getppid(), 0);
    return BROKEN;
}

/* While it is loaded it may read what it may read, and map code; what is merely not allowed fails. */
static int loads(void)
{
    filter();
    int fd = open(allowed, O_RDONLY);
    void *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fd < 0 || code == MAP_FAILED)
        return 2;
    if (open(allowed, O_WRONLY) >= 0 || errno != EPERM || unlink(secret) == 0 || errno != EPERM)
        return BROKEN;
    if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        return BROKEN; /* shared memory is in no limit */
    return HELD;
}

/* Then it may only work: nothing is opened, nothing becomes code. The time of loading is over. */
static int works(void)
{
    rlv_error err;
    filter();
    if (rlv_confine_seal(&err) != RLV_OK)
        return 1;
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || !memset(memory, 1, 4096))
        return 2;
    if (open(allowed, O_RDONLY) >= 0 || errno != EPERM)
        return BROKEN;
    if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        return BROKEN;
    if (mprotect(memory, 4096, PROT_READ | PROT_EXEC) == 0 || errno != EPERM)
        return BROKEN;
    return HELD;
}

/* A second of processor time to load in: a loader that never ends is ended, a worker goes on. */
static int spins(bool sealed)
{
    const rlv_confine_spec spec = {NULL, 0, 0, 1, 0};
    unsigned bits;
    rlv_error err;
    if (rlv_confine_enter(&spec, &bits, &err) || rlv_confine_filter(trapped, &bits, &err) ||
        (sealed && rlv_confine_seal(&err)))
        return 1;
    for (volatile uint64_t i = 0; i < (uint64_t)1 << 62; i++) {
        struct timespec at;
        if (i % 100000 == 0 && syscall(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &at) == 0 &&
            at.tv_sec * 1000 + at.tv_nsec / 1000000 > 1500)
            return HELD;
    }
    return 2;
}

static int spins_loading(void)
{
    return spins(false);
}

static int spins_working(void)
{
    return spins(true);
}

static void filtering(void **state)
{
    (void)state;
    assert_int_equal(run(opens_a_socket), TRAPPED);
    assert_int_equal(run(executes), TRAPPED);
    assert_int_equal(run(kills_its_parent), TRAPPED);
    assert_int_equal(run(loads), HELD);
    assert_int_equal(run(works), HELD);
    assert_int_equal(run(spins_loading), -SIGXCPU);
    assert_int_equal(run(spins_working), HELD);
}

#else

/* A sanitizer's runtime cannot be filtered, and nobody says that it is. */
static int says_so(void)
{
    unsigned bits = 77;
    rlv_error err;
    return rlv_confine_filter(NULL, &bits, &err) == RLV_OK && bits == 0 && rlv_confine_seal(&err) == RLV_OK ? HELD
                                                                                                      : BROKEN;
}

static void filtering(void **state)
{
    (void)state;
    assert_int_equal(run(says_so), HELD);
}

#endif

static void words(void **state)
{
    (void)state;
    char text[64];
    rlv_confine_call_name(SYS_socket, text, sizeof(text));
    assert_string_equal(text, "socket");
    rlv_confine_call_name(99999, text, sizeof(text));
    assert_string_equal(text, "call 99999");
    rlv_confine_call_name(SYS_socket, text, 4);
    assert_string_equal(text, "soc");
    rlv_confine_words(RLV_CONFINED_CALLS | RLV_CONFINED_FILES, text, sizeof(text));
    assert_string_equal(text, "system calls, files");
    rlv_confine_words(0, text, sizeof(text));
    assert_string_equal(text, "nothing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entering),
        cmocka_unit_test(death_with_the_parent),
        cmocka_unit_test(filtering),
        cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, make_files, remove_files);
}
