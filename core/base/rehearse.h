/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doing something in a copy of this process (fork), to see whether it survives it. For work that a predecessor may have died
 * of: it costs milliseconds, more the more memory the process has, so never where nothing happened. Whatever becomes of the copy, this process goes on.
 */
#ifndef RLV_BASE_REHEARSE_H
#define RLV_BASE_REHEARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum rlv_rehearsed {
    RLV_REHEARSED_WELL,
    RLV_REHEARSED_DIED,   /* by a signal, or it ended by itself */
    RLV_REHEARSED_HUNG,   /* it ran, and did not end within its budget */
    RLV_REHEARSED_STUCK,  /* it did not end either, but did not run: it waited for something, maybe for a thread that the copy has not, or for a processor */
    RLV_REHEARSED_KILLED, /* by a SIGKILL that is not ours: an operator's, or memory ran out; it may have done nothing wrong */
    RLV_REHEARSED_NOT     /* there can be no copy now: nothing was tried */
};

/*
 * Runs play(context) in a copy of this process, and waits for its end. What it writes is lost, but for shared memory. The
 * copy has the calling thread alone: play must wait for no other thread. It dies with this thread, has no
 * sockets, leaves no core file, and logs nothing.
 *
 * budget_us: wall time, in which waiting for a processor does not count; at most three times that. *ret_how is set
 * unless it went well: one line. Any thread, several at once.
 */
enum rlv_rehearsed rlv_rehearse(void (*play)(void *context), void *context, int64_t budget_us, rlv_error *ret_how);

/* It is the fault of what was tried, as far as can be seen: not if there was no copy, somebody killed it, or it waited. */
static inline bool rlv_rehearsed_deadly(enum rlv_rehearsed outcome)
{
    return outcome == RLV_REHEARSED_DIED || outcome == RLV_REHEARSED_HUNG;
}

/*
 * The same for n things, in order: play(context, i), each with its budget. The index of the first one that is deadly (as above) to a copy, which tells
 * how far it came; n: there is none. *ret_how: when there is one. Costs one copy.
 */
size_t rlv_rehearse_each(void (*play)(void *context, size_t i), void *context, size_t n, int64_t budget_us,
                         rlv_error *ret_how);

/*
 * Work in parts, tried ahead: a copy (the scout) goes on from where it is made, through one part after the other, while this process
 * waits; what it has survived is then done here, without another copy. So work that nothing dies of costs one copy, however many parts it has.
 *
 * All zero: none is out. One thread's; the same parts must come in the same order here as in the copy, which has this thread alone.
 */
typedef struct rlv_scout {
    struct rlv_scout_report *report; /* in the copy: where it tells how far it came; NULL: this is not the copy */
    bool all;       /* set by its owner: every part is worth a copy, not only those that are said to be */
    uint32_t ahead; /* parts that a copy survived and that are still to be done here; ... */
    bool deadly;    /* ... it did not come to the end of the one behind them */
    bool told;      /* that there can be no copy: said once */
    uint32_t copies; /* made so far, ... */
    int64_t took_us; /* ... and how long this process waited for them */
    enum rlv_rehearsed outcome; /* of the part that was asked about last, ... */
    rlv_error how;              /* ... in one line, unless it went well */
} rlv_scout;

/*
 * Before a part, which takes budget_us at most (as above). worth: it may be deadly, so a copy is made for its sake where none went ahead; else one that goes
 * through it anyway tells of it, too. True: do it. False: a copy did not come to its end, as
 * scout->outcome and scout->how say. scout NULL: nothing is feared, true. Where no copy can be made it is true, too, and the log says so.
 */
bool rlv_scout_part(rlv_scout *scout, int64_t budget_us, bool worth);
/* Behind the last part, and before what a copy cannot do: talk to anybody, wait for another thread. A copy ends here: everything that a scout
   goes through must come to this. NULL: nothing. */
void rlv_scout_stop(rlv_scout *scout);

#endif
