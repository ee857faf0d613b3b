/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pure core: a conversation, an event and what plugins answered become decisions. No I/O, no globals, no clock, no
 * randomness: the same input gives the same output, in the lane, in a test and in a replay.
 *
 * One event goes through four calls; between them the lane asks the plugins for the phases that the call before wanted:
 *
 *     open ─ classify ─ read ─ trigger, respond ─ decide ─ route ─ summarize, notify ─ close
 *
 * A message may be held: for what the customer writes next, or for an effect's result (held.h). What another event then decides, the
 * timer's or the result's, goes through the same calls as if it had just come.
 */
#ifndef RLV_CONVERSATION_STEP_H
#define RLV_CONVERSATION_STEP_H

#include "base/arena.h"
#include "model/decision.h"
#include "model/policy.h"

#define RLV_WANTS(phase) (1u << (phase))

/* One event under decision. The caller fills the first group and zeroes the rest. */
typedef struct rlv_step {
    const rlv_policy *policy;
    rlv_arena *arena; /* of the batch: everything new is allocated here */
    rlv_conversation *conversation; /* working copy, changed in place; NULL for a status: it touches none */
    const rlv_event *event;
    const rlv_conversation *joins[RLV_ALIASES_MAX]; /* the customer's other conversations, which go on in this one from here on */
    int n_joins;
    const rlv_conversation *taken; /* out: whose ownership it has now; NULL: its own */
    unsigned has; /* RLV_WANTS bits of the phases that some plugin implements */
    int64_t seq;  /* the event's number in its lane: with its time it makes the ids of effects */
    bool at_once; /* nothing is held: for a replay, to which no result comes */

    /* The customer's message under decision: the event's own, or what was held, perhaps several as one. NULL: none. */
    const rlv_event *message;
    rlv_held_message was;   /* as it was held; since when, and by whom, also of one that was not */
    bool may_hold;  /* an effect may hold it (again) */
    bool prompted;  /* nobody wrote it: a person wants the bot to begin what its reply_id names, as if the customer had chosen that; or, without one,
                       to take up again what it had asked */
    const rlv_answer *holding;  /* the effect that holds it from here on; NULL: none */
    rlv_decisions opened;       /* what was decided before anybody looked at the message */

    rlv_answers answers;     /* appended by the lane, phase after phase */
    rlv_decisions decisions; /* the outcome */
    rlv_decision *handoff;   /* the one that hands off, or the TAKEN_OVER that wants a card; NULL: none */
    const rlv_decision *ending; /* the CLOSED of a person, which wants a last card; NULL: none */
    bool amended;            /* the message amends what was over, and may have been told */
    bool unsaid;             /* triggers are asked though no message is under decision: of a silence, or of an effect's result */
    bool done;               /* the message is decided without plugins: it answers a survey, say */
    bool comments;           /* it is a survey's comment, if it does not ask for a person */
    bool changed;            /* the conversation must be written */
} rlv_step;

/* A conversation as its first event finds it: the bot's, in its first generation and stretch. Texts are the event's. */
void rlv_conversation_begin(rlv_conversation *conv, const rlv_event *event, int32_t lane);
/* Takes over what the event says of who the customer is. */
void rlv_conversation_identify(rlv_conversation *conv, const rlv_event *event);

/* Decides that the event goes on to another lane, and nothing else about it: the step needs no conversation. */
void rlv_step_forward(rlv_step *step);
/* Decides that a command or timer is over: Relevo itself cannot decide it, and nobody else can take it out of the way. What a command did to
   the ownership stands, and is decided alone when it is to be told; what it wanted to say is not said. A message that waited for the
   timer goes to people. */
void rlv_step_give_up(rlv_step *step, rlv_str reason, bool told);
/* Takes the event in: joined, received, duplicate, reopened, what a command did. Returns the phases wanted: classify, or
   summarize for a takeover, or on_result (and classify, when a message waits for the result), or 0. */
unsigned rlv_step_open(rlv_step *step);
/* Takes the reading and the slots. Returns trigger and respond, where the bot owns the conversation; trigger alone, where an effect's result came
   back to it that no message waited for; summarize, where people do: the
   card is written anew, as the customer may have said more. */
unsigned rlv_step_read(rlv_step *step);
/* Decides: hand off, answer, or admit not to know. Returns route and summarize and notify, where it handed off; summarize and notify
   where a trigger only tells people; notify where the message amends what was over. */
unsigned rlv_step_decide(rlv_step *step);
/* Takes the route, the card and the effects; remembers the turn. The decisions are complete. */
void rlv_step_close(rlv_step *step);

#endif
