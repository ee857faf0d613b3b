/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps a plugin's process: starts it, sees it die, starts it again, gives up on it. And hands out its slots
 * to calls.
 */
#ifndef RLV_HOST_KEEPER_H
#define RLV_HOST_KEEPER_H

#include "base/usage.h"
#include "host/runner.h"
#include "host/spawn.h"

typedef struct rlv_keeper rlv_keeper;

typedef struct rlv_keeper_settings {
    const char *entry, *room; /* for metrics, for the log */
    uint32_t slots;           /* calls at once */
    int64_t start_us;         /* until it must be ready */
    uint32_t offences;        /* so many events of blame within OFFENCE_WINDOW: quarantine */
} rlv_keeper_settings;

/* A slot of the living process, held by one call. */
typedef struct rlv_held {
    const rlv_spawned *process;
    uint32_t slot;
    uint32_t life; /* which process since the beginning */
    rlv_ring_copy *copy; /* the slot's */
} rlv_held;

/*
 * Starts a thread that starts the process, and waits until that is ready. start is copied, its `mode`,
 * `slots` and `parent` set. Errors as rlv_spawn_start.
 */
RLV_MUST_CHECK int rlv_keeper_new(const rlv_keeper_settings *settings, const rlv_start *start,
                                  rlv_keeper **ret, rlv_error *err);
/* Kills the process and ends the thread. No call may hold a slot. */
void rlv_keeper_free(rlv_keeper *keeper);

/* Gets a slot; waits while others have them all, or while the process starts. alone: waits until nobody else
   has one, and keeps others away. RLV_E_UNAVAILABLE: it is quarantined, or does not come back; err says
   which. Any thread. */
RLV_MUST_CHECK int rlv_keeper_hold(rlv_keeper *keeper, bool alone, rlv_held *ret, rlv_error *err);
void rlv_keeper_let_go(rlv_keeper *keeper, const rlv_held *held);

/* The held process has ended. Any thread, while it holds. */
bool rlv_keeper_died(const rlv_keeper *keeper, const rlv_held *held);
/* Waits for that, after rlv_keeper_kill; returns how it ended. *ret_disturbed: no call is to blame, as others ran in it then, or it was
   ended for a reason of ours. */
void rlv_keeper_await_death(rlv_keeper *keeper, const rlv_held *held, rlv_run_failure *ret, bool *ret_disturbed);
/* Kills the held process for what this call does in it: a reason ("hang") that becomes that of its death. */
void rlv_keeper_kill(rlv_keeper *keeper, const rlv_held *held, const char *reason, const char *text);
/* Kills the held process so that a fresh one comes: calls that run in it are not to blame. */
void rlv_keeper_renew(rlv_keeper *keeper, const rlv_held *held, const char *text);
/* What the held process had of the processors. False: it has ended, and *ret is untouched. */
bool rlv_keeper_usage(rlv_keeper *keeper, const rlv_held *held, rlv_usage *ret);

/* A call was answered: the process works. */
void rlv_keeper_worked(rlv_keeper *keeper);
/* An event was found that it dies of. */
void rlv_keeper_blame(rlv_keeper *keeper);
/* Ends a quarantine; false: there was none. */
bool rlv_keeper_release(rlv_keeper *keeper);

#endif
