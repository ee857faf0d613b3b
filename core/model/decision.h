/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was decided about one event: a list, in order. Everything that leaves (decisions, ownership, outbound messages,
 * effects) is derived from these. Plain data; texts are borrowed from the arena of the batch.
 */
#ifndef RLV_MODEL_DECISION_H
#define RLV_MODEL_DECISION_H

#include "model/answer.h"
#include "model/conversation.h"

/* Stored and on the wire: words never change (rlv_decision_kind_name). */
enum rlv_decision_kind {
    RLV_DECIDED_RECEIVED = 0,   /* the event itself: message, echo, handover, error, unknown */
    RLV_DECIDED_STATUS = 1,     /* a delivery state */
    RLV_DECIDED_DUPLICATE = 2,  /* Meta sent it again: nothing follows */
    RLV_DECIDED_CLASSIFIED = 3,
    RLV_DECIDED_TRIGGERED = 4,  /* a trigger scored: fired, or only observed */
    RLV_DECIDED_REPLIED = 5,    /* the bot, or the core in its name, says something */
    RLV_DECIDED_ANSWERED = 6,   /* a person says something */
    RLV_DECIDED_NOTED = 7,      /* a person wrote a private note */
    RLV_DECIDED_SLOT_FILLED = 8,
    RLV_DECIDED_HANDED_OFF = 9, /* bot to queue */
    RLV_DECIDED_ASSIGNED = 10,
    RLV_DECIDED_TAKEN_OVER = 11,
    RLV_DECIDED_REQUEUED = 12,
    RLV_DECIDED_RETURNED = 13,  /* people to bot */
    RLV_DECIDED_CLOSED = 14,
    RLV_DECIDED_REOPENED = 15,
    RLV_DECIDED_SUMMARIZED = 16,
    RLV_DECIDED_NOTIFIED = 17,  /* an effect was asked for */
    RLV_DECIDED_FAILED = 18,    /* a plugin gave no answer; what was done instead follows */
    RLV_DECIDED_IGNORED = 19,   /* late or void: a timer that no longer holds, a result of another epoch */
    RLV_DECIDED_SUPPRESSED = 20, /* a bot message that the takeover fence stopped */
    RLV_DECIDED_UNDELIVERED = 21, /* a message that failed for good, or whose outcome is unknown */
    RLV_DECIDED_JOINED = 22,    /* another conversation turned out to be the same customer's, and goes on in this one */
    RLV_DECIDED_MOVED = 23,     /* the other side: this one goes on in another */
    RLV_DECIDED_FORWARDED = 24, /* the event went on to the lane of its conversation, which decides it */
    RLV_DECIDED_HELD = 25,      /* a message waits: for what the customer writes next, or for an effect's result */
    RLV_DECISION_KINDS = 26
};

/* Why ownership changed. */
enum rlv_cause {
    RLV_CAUSE_NONE = 0,
    RLV_CAUSE_TRIGGER = 1,
    RLV_CAUSE_DESKTOP = 2,     /* somebody pressed a button */
    RLV_CAUSE_AGENT_REPLY = 3, /* an agent simply answered */
    RLV_CAUSE_ECHO = 4,        /* a person answered from the business's phone */
    RLV_CAUSE_META = 5,        /* Meta's handover protocol */
    RLV_CAUSE_TIMEOUT = 6,
    RLV_CAUSE_CUSTOMER = 7, /* the customer wrote on a closed conversation */
    RLV_CAUSE_FAILURE = 8,  /* no plugin could answer: everything fails towards people */
    RLV_CAUSE_ASSIGNMENT = 9,
    RLV_CAUSE_IDENTITY = 10 /* two conversations were one customer's */
};

typedef struct rlv_card_field {
    rlv_str name, text, message_id;
} rlv_card_field;

typedef struct rlv_decision {
    struct rlv_decision *next;
    enum rlv_decision_kind kind;
    uint32_t ordinal; /* within the event; with (at, lane, seq) it makes the id */

    /* the conversation after this decision */
    enum rlv_owner owner;
    int64_t epoch;
    int32_t stretch;
    rlv_str agent_id, team;
    bool read; /* RECEIVED: the bot takes the message up, and the customer is shown so */

    union {
        const rlv_event *event; /* RECEIVED, STATUS, DUPLICATE, SUPPRESSED, UNDELIVERED, FORWARDED */
        rlv_reading reading;    /* CLASSIFIED */
        struct { /* TRIGGERED */
            rlv_str trigger, evidence, reason;
            double score, threshold;
            bool observed; /* only reported: `observe`, cooling down, or outside its limits */
            bool chosen;   /* the cause of the handoff */
            bool tells;    /* it fired, and people are told; nothing is handed off */
        } trigger;
        struct { /* REPLIED, ANSWERED, NOTED */
            rlv_str text;
            rlv_str source; /* article; or the notice's key, "notice.handoff" */
            double confidence;
            rlv_str agent_id; /* who wrote; absent for the bot */
            rlv_str to_message; /* the message it answers */
            bool asks;          /* it asks the customer something */
            rlv_extras extras;
        } said;
        struct { rlv_str name, value, message_id; } slot; /* SLOT_FILLED */
        struct { /* HANDED_OFF ASSIGNED TAKEN_OVER REQUEUED RETURNED CLOSED REOPENED JOINED MOVED */
            enum rlv_owner from;
            enum rlv_cause cause;
            rlv_str trigger, reason, evidence;
            double score;
            rlv_str by; /* agent who acted; absent: the core */
            rlv_str other; /* JOINED, MOVED: the other conversation's id */
            rlv_route route; /* where rlv_decision_hands_off */
        } change;
        struct { const rlv_card_field *fields; size_t n_fields; } card; /* SUMMARIZED */
        struct { rlv_str plugin; rlv_effect effect; } effect;           /* NOTIFIED */
        struct { rlv_str plugin, reason; enum rlv_phase phase; } failure; /* FAILED; reason also for IGNORED, plugin and reason for HELD */
    } as;
} rlv_decision;

/* All decisions about one event. */
typedef struct rlv_decisions {
    rlv_decision *first, *last;
    uint32_t n;
} rlv_decisions;

/* The stable words, as on the wire and in Postgres: "handed_off", "trigger", ... */
const char *rlv_decision_kind_name(enum rlv_decision_kind kind);
const char *rlv_cause_name(enum rlv_cause cause);

/* True for the kinds whose `as.change` is set: those that the ownership topic carries. */
bool rlv_decision_is_change(enum rlv_decision_kind kind);
/* True when it puts the conversation into the queue, for people who do not have it yet: HANDED_OFF by the bot, or REOPENED by the customer for
   those who had it. */
bool rlv_decision_hands_off(const rlv_decision *decision);

/* One event's outcome on its way out: what the history row and the topics are made of. */
typedef struct rlv_outcome {
    int32_t lane;
    int64_t seq; /* gapless in the lane */
    uint64_t config; /* hash of the configuration it was decided under */
    const rlv_event *event;
    const rlv_event *message; /* of the customer, that was decided; not the event's own where one was held. NULL: none */
    const rlv_conversation *conversation; /* after the event; NULL when it touches none (a status) */
    rlv_decisions decisions;
    bool begins; /* the conversation begins with this event */
} rlv_outcome;

#endif
