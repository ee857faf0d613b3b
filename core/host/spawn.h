/* SPDX-License-Identifier: Apache-2.0 */
/* A process for a plugin: its shared memory, its start, its end. One thread at a time, unless said otherwise.
 */
#ifndef RLV_HOST_SPAWN_H
#define RLV_HOST_SPAWN_H

#include <sys/types.h>

#include "host/start.h"

typedef struct rlv_spawned {
    uint32_t slots;
    int requests_fd, responses_fd;
    char *requests, *responses; /* mapped here */
    pid_t pid;                  /* 0: none runs */
    int pidfd;                  /* readable when it ended; -1: this kernel has none */
    uint64_t there;             /* where it mapped requests */
    unsigned enforced;          /* RLV_CONFINED_* */
} rlv_spawned;

static inline rlv_ring_request *rlv_spawned_request(const rlv_spawned *s, uint32_t slot)
{
    return (rlv_ring_request *)(void *)(s->requests + (size_t)slot * RLV_RING_REQUEST);
}

static inline rlv_ring_response *rlv_spawned_response(const rlv_spawned *s, uint32_t slot)
{
    return (rlv_ring_response *)(void *)(s->responses + (size_t)slot * RLV_RING_RESPONSE);
}

/* The shared memory of n slots, whose size nobody can change and whose requests nobody else can write. */
RLV_MUST_CHECK int rlv_spawn_open(rlv_spawned *s, uint32_t slots, rlv_error *err);
/* Gives everything back. No process may run. */
void rlv_spawn_close(rlv_spawned *s);

/*
 * Starts a process and waits until it is ready (of PROBE and DESCRIBE: until it has answered), at most
 * budget_us, or until *stop. The process dies with the calling thread. The error is the plugin's own word, or
 * what became of the process; none runs then. RLV_E_UNAVAILABLE: the program is missing, or cannot be
 * confined.
 */
RLV_MUST_CHECK int rlv_spawn_start(rlv_spawned *s, const rlv_start *start, int64_t budget_us,
                                   const atomic_bool *stop, rlv_error *err);

/* Kills it, if it runs; it is to be reaped. Any thread, as long as nobody reaps. */
void rlv_spawn_kill(const rlv_spawned *s);
/* Waits until it has ended, and says how: "was killed by signal 11 (Segmentation fault)". *ret_code: RLV_E_*.
 */
void rlv_spawn_reap(rlv_spawned *s, rlv_error *ret_how);
/* True when it has ended; it is still to be reaped. */
bool rlv_spawn_ended(const rlv_spawned *s);

#endif
