/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a process had of the processors: whether one that gives no answer is at fault, or the machine is. Who sleeps had what it wanted;
 * who waited for a processor had not.
 */
#ifndef RLV_BASE_USAGE_H
#define RLV_BASE_USAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Of all threads of a process together, since it began. */
typedef struct rlv_usage {
    int64_t ran_us;    /* processor time */
    int64_t waited_us; /* for a processor; a wait that lasts is not in it before it ends; 0 where the kernel does not tell */
    bool asleep;       /* now: no thread of it wants to run, or waits for a disk; false where the kernel does not tell */
} rlv_usage;

/* False: there is no such process any more, and *ret is untouched. Some files of /proc are read: not for every call. Any thread. */
bool rlv_usage_of(pid_t pid, rlv_usage *ret);

/* How much of the spent_us between two looks at it is not its fault, us: what it waited for a processor; all of it, if it hardly ran and
   wants to still. 0 to spent_us. */
int64_t rlv_usage_held_up(const rlv_usage *then, const rlv_usage *now, int64_t spent_us);

#endif
