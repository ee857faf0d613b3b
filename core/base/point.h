/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points: places where a test makes the process die, stop or sleep, so that every state between two steps is
 * one that a test has seen. Compiled in by CMake's RELEVO_TEST_POINTS only; what is shipped holds no trace of
 * them. A point must never change what the code around it does.
 *
 * RELEVO_POINT=name:action[:after][,...] arms them: at the `after`-th passing (1 if not said, counted over
 * all lanes of the process; /N: at each N-th) of point `name` the process writes "relevo: at point NAME" to stderr and then
 *     kill      kills itself with SIGKILL
 *     stop      stops itself with SIGSTOP, until somebody sends SIGCONT
 *     sleepN    the thread alone sleeps N ms, or until there is a file named by RELEVO_POINT_GO
 * and a point that is about a text knows two more, at every passing with TEXT in it:
 *     crash=TEXT  aborts
 *     loop=TEXT   goes round for ever
 * A mistake in it ends the process at once with status 2.
 *
 * The points, what was done when one is passed, and in which room:
 *
 * fetched           an event came from Kafka and is not yet decoded                       lane
 * decoding          about an event's bytes, which are about to be decoded                 lane
 * decoded           a batch is complete, decoded, with its commands and timers            lane
 * loaded            its conversations are loaded                                          lane
 * stepping          about a message's text, which is about to be decided                  lane
 * stepped           it is decided, in memory only                                         lane
 * advanced          the transaction has begun: the lane's row is moved, and locked        store
 * copying           new rows are with Postgres, the end of their stream is not            store
 * half_sent         conversations are changed and locked: the first half of a pipeline    store
 *                   that has no sync; history and COMMIT are still to come
 * sent              all of it is sent, COMMIT too; its answer was not read                store
 * ahead_stepped     the next batch is decided on top of it, in memory only, while a       lane
 *                   thread sees to its end, which may have come
 * committed         Postgres answered COMMIT; nobody else was told                        lane
 * conflicted        a commit or load found a conversation changed: before the next try    lane
 * begun             the Kafka transaction is open                                         lane
 * half_produced     its first event's records are given to the producer                   lane
 * produced          all its records and the progress are; the commit is not sent          lane
 * published         Kafka answered the commit; the stepping thread was not told           lane
 * healing           publishing failed, and Postgres's fence is still ours                 lane
 * fence_taken       Postgres's fence is taken, Kafka's not                                lane
 * producer_made     a producer is connected, init_transactions not sent (twice a lane)    broker
 * producer_fenced   init_transactions was answered (twice a lane)                         broker
 * progress_read     the progress record is read                                           lane
 * missing_produced  missing rows are in an open transaction                               lane
 * missing_published their transaction is committed                                        lane
 * kafka_taken       nothing is missing; the publishing thread does not have it yet        lane
 * bounds_checked    the offsets are inside what Kafka has                                 lane
 * feed_started      the feed reads; the lane does not say that it works                   lane
 * emboldened        what waited is decided, and the lane's row says so                    lane
 * told              revoked: all lanes are told to stop                                   lane
 * drained           revoked: what was decided is published, or was given up               lane
 * left              revoked: the lane's row says that it was left in order               lane
 * publisher_freed   the producers are gone, the feed still reads                          lane
 * fetch_stopped     the feed is stopped too                                               lane
 * let_go            revoked: the connection to Postgres is closed                         lane
 *
 * claimed           deliver: Postgres granted the attempt; no request was made             deliver
 * answered          deliver: the request ended; nobody was told                           deliver
 * settled           deliver: what became of the attempt is in Postgres                    deliver
 */
#ifndef RLV_BASE_POINT_H
#define RLV_BASE_POINT_H

#include "base/str.h"

#ifdef RELEVO_TEST_POINTS
/* Counts a passing; what is to be done now: a handle for rlv_point_act, or -1: nothing. Any thread. */
int rlv_point_pass(const char *name);
/* The same, about a text. */
int rlv_point_pass_about(rlv_str text, const char *name);
/* Does it. */
void rlv_point_act(int handle);
#define RLV_POINT_DO(handle, prepare)                                                                        \
    do {                                                                                                     \
        int handle_ = (handle);                                                                              \
        if (handle_ >= 0) {                                                                                  \
            prepare;                                                                                         \
            rlv_point_act(handle_);                                                                          \
        }                                                                                                    \
    } while (0)
#else
#define RLV_POINT_DO(handle, prepare) ((void)0)
#endif
/* A point that needs a preparation, which is made only when something is to be done. */
#define RLV_POINT_AFTER(prepare, name) RLV_POINT_DO(rlv_point_pass(name), prepare)
#define RLV_POINT_ABOUT(text, name) RLV_POINT_DO(rlv_point_pass_about(text, name), (void)0)
#define RLV_POINT(name) RLV_POINT_AFTER((void)0, name)

#endif
