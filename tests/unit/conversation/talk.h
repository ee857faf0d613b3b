/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A conversation for the tests of the pure core: one struct that holds it, its policy, an event and what
 * plugins will answer, and runs the event as the lane does. Outcomes are compared as text, so that a table
 * shows what is expected.
 */
#ifndef TALK_H
#define TALK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "conversation/step.h"

enum {
    TALK_ALL = (1 << RLV_PHASES) - 1,
    TALK_SCRIPT_MAX = 64
};

typedef struct talk {
    rlv_arena *arena;
    rlv_policy policy;
    rlv_trigger_policy triggers[16]; /* policy.triggers points here */
    rlv_conversation conv;
    rlv_event ev;
    rlv_step step;
    unsigned has;   /* phases that plugins have; TALK_ALL at first */
    unsigned asked; /* phases that the last event wanted */
    struct {
        enum rlv_phase phase;
        rlv_answer answer;
    } script[TALK_SCRIPT_MAX];
    size_t n_script;
    rlv_buf text;
} talk;

/* A conversation of the bot at epoch 7 in its third stretch, all notices, no trigger policy. */
int talk_setup(void **state);
int talk_teardown(void **state);

/* Everything that customers are told while they wait and afterwards: a queue that may be left, CSAT with a comment, the bot after closing. */
void talk_afterwards(talk *t);
/* Makes the conversation somebody's, as decided at epoch 7. */
void talk_owner(talk *t, enum rlv_owner owner);
/* The next event is a message; every call has a new message id. */
rlv_event *talk_message(talk *t, const char *text);
/* The next event is a command that made this ownership; the row is moved there too. */
rlv_event *talk_command(talk *t, enum rlv_command_kind kind, enum rlv_owner owner, int64_t epoch);

/* What plugins will answer to the next event, in their phases. */
rlv_answer *talk_answer(talk *t, enum rlv_phase phase, enum rlv_answer_kind kind, const char *plugin);
void talk_score(talk *t, const char *trigger, double score);
void talk_replies(talk *t, const char *text, const char *source, double confidence);
void talk_reads(talk *t, const char *language, double sentiment);
rlv_trigger_policy *talk_trigger(talk *t, const char *name, double threshold, double weight,
                                 int32_t priority);

/* Runs the event through the four calls with the script, and forgets the script. */
void talk_run(talk *t);
/* The decisions in brief: "received handed_off(bot>queued/8 trigger) replied(queued/8 notice.handoff)". */
const char *talk_brief(talk *t);
/* Everything: every field of every decision and of the conversation. */
void talk_render(const talk *t, rlv_buf *out);
/* A copy whose texts live in the arena. */
void talk_copy(const rlv_conversation *from, rlv_arena *arena, rlv_conversation *ret);
/* The first decision of a kind in the last outcome; fails the test when there is none. */
const rlv_decision *talk_find(const talk *t, enum rlv_decision_kind kind);
size_t talk_count(const talk *t, enum rlv_decision_kind kind);

#define assert_str(actual, expected) talk_assert_str(__FILE__, __LINE__, (actual), (expected))
void talk_assert_str(const char *file, int line, rlv_str actual, const char *expected);

#endif
