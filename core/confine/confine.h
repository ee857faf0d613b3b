/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process gives up what it does not need, before it loads code that it does not trust. Everything here is
 * called by that process about itself; what was taken never comes back. It must never pretend: what this
 * kernel does not enforce is missing from the bits that it returns.
 */
#ifndef RLV_CONFINE_CONFINE_H
#define RLV_CONFINE_CONFINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What is enforced. */
enum {
    RLV_CONFINED_CALLS = 1, /* seccomp: a short list of system calls, none that connects, executes or forks */
    RLV_CONFINED_FILES = 2, /* landlock: only named folders can be read, nothing can be written */
    RLV_CONFINED_USER = 4,  /* a user namespace of its own, without any capability */
    RLV_CONFINED_NETWORK = 8, /* a network namespace of its own, with nothing in it */
    RLV_CONFINED_LIMITS = 16, /* rlimits: memory, processor time of loading, files, core dumps */
    RLV_CONFINED_PARENT = 32, /* it dies with the thread that started it */
    RLV_CONFINED_ALL = 63
};

typedef struct rlv_confine_spec {
    const char *const
        *readable; /* n_readable files or folders that may be read; system libraries may always be */
    size_t n_readable;
    uint64_t memory; /* bytes of its own that it may write; 0: any */
    uint64_t load_s; /* seconds of processor time until rlv_confine_seal; 0: any */
    int32_t parent;  /* pid of the process that started it; 0: no matter whether it still lives */
} rlv_confine_spec;

/*
 * First, while the process has one thread: rlimits, namespaces, capabilities, no new privileges, landlock,
 * death with the parent. Returns what of that is enforced. RLV_E_UNAVAILABLE: the parent is dead already.
 */
RLV_MUST_CHECK int rlv_confine_enter(const rlv_confine_spec *spec, unsigned *ret_enforced, rlv_error *err);

/*
 * Second, when all threads run that there will ever be, before foreign code is loaded: files can be opened for
 * reading and mapped, and that is all. What a program does only to break out (connect, execute, fork, trace,
 * signal others) calls trapped(number of the system call) on the guilty thread and then ends the process;
 * everything else that is not on the list fails with EPERM. *ret_enforced gets RLV_CONFINED_CALLS, which a build
 * with sanitizers has not. RLV_E_UNAVAILABLE: this kernel, or whoever started us, does not let us filter.
 */
RLV_MUST_CHECK int rlv_confine_filter(void (*trapped)(int number), unsigned *ret_enforced, rlv_error *err);

/* Third, when loading is over and if calls are filtered: nothing can be opened any more, and no memory becomes
 * code. As rlv_confine_filter. */
RLV_MUST_CHECK int rlv_confine_seal(rlv_error *err);

/* Writes the name of a system call of this machine: "socket", or "call 41"; at most size bytes with the NUL.
 */
void rlv_confine_call_name(int number, char *ret_name, size_t size);

/* Writes what the bits mean, for people: "system calls, files, network"; "nothing" for 0. */
void rlv_confine_words(unsigned bits, char *ret_words, size_t size);

#endif
