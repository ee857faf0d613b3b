/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One conversation as the core keeps it: who owns it, and a digest of bounded size. Between batches it is a blob of
 * Avro; in a batch it is this struct, its texts borrowed from the batch's arena. Nothing here grows with the history.
 */
#ifndef RLV_MODEL_CONVERSATION_H
#define RLV_MODEL_CONVERSATION_H

#include "model/event.h"

enum {
    RLV_TURNS_MAX = 20,      /* shown to plugins */
    RLV_TURN_TEXT_MAX = 400, /* bytes kept of a turn; the whole text is in the history */
    RLV_SLOTS_MAX = 24,
    RLV_SLOT_VALUE_MAX = 256, /* bytes */
    RLV_TREND_MAX = 8,
    RLV_TRIED_MAX = 8,
    RLV_COOLING_MAX = 8,
    RLV_MEMORIES_MAX = 8,
    RLV_RECENT_MAX = 32 /* message ids remembered, to drop what Meta sends again */
};

typedef struct rlv_turn {
    int32_t by; /* RELEVO_BY_* */
    int64_t at_ms;
    rlv_str message_id; /* may be absent */
    rlv_str text;
} rlv_turn;

typedef struct rlv_slot {
    rlv_str name, value, message_id;
} rlv_slot;

/* A trigger that fired and now rests. */
typedef struct rlv_cooling {
    rlv_str trigger;
    int64_t until_ms;
} rlv_cooling;

/* What a plugin asked to remember. */
typedef struct rlv_memory {
    rlv_str plugin, bytes;
} rlv_memory;

typedef struct rlv_conversation {
    rlv_id id;
    int32_t lane;
    int64_t version; /* of the stored row; 0: not stored yet */
    rlv_id forward;  /* where it goes on since it was joined to another one; none: here */

    rlv_str phone_number_id, wa_id, user_id, customer_name;

    enum rlv_owner owner;
    int64_t epoch;  /* generation of ownership; begins at 1 */
    rlv_str agent_id; /* when owner is HUMAN */
    rlv_str team;     /* when owner is QUEUED or HUMAN; may be absent */
    int64_t owner_since_ms;
    /* The last ownership that was decided (and so published). A command changes owner and epoch in Postgres before the lane
       sees it; these tell what it was changed from. */
    enum rlv_owner decided_owner;
    int64_t decided_epoch;

    int64_t opened_ms;  /* start of the current case */
    int64_t last_in_ms; /* last customer message, lane time */
    int32_t cases;      /* how many were opened, this one included */
    int32_t stretch;    /* how often the bot got the conversation */

    /* the digest of the stretch */
    rlv_str language;
    int32_t messages, misses, repeats;
    bool asked; /* the last that the bot said asked something: what comes next is no repetition */
    uint64_t last_question; /* hash of the customer's last text, folded; 0: none */
    rlv_str open_question;
    rlv_str tried[RLV_TRIED_MAX];
    double trend[RLV_TREND_MAX];
    int32_t n_tried, n_trend;

    rlv_turn turns[RLV_TURNS_MAX]; /* oldest first */
    rlv_slot slots[RLV_SLOTS_MAX];
    rlv_cooling cooling[RLV_COOLING_MAX];
    rlv_memory memories[RLV_MEMORIES_MAX];
    uint64_t recent[RLV_RECENT_MAX]; /* hashes of message ids, oldest first */
    int32_t n_turns, n_slots, n_cooling, n_memories, n_recent;

    int64_t idle_timer_ms; /* when the pending "idle" timer is due; 0: none pending */
} rlv_conversation;

#endif
