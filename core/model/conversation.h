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
    RLV_RECENT_MAX = 32, /* message ids remembered, to drop what Meta sends again */
    RLV_PAST_MAX = 5,        /* times with people that are remembered */
    RLV_PAST_TEXT_MAX = 200, /* bytes kept of each of their texts */
    RLV_SERVED_TEXT_MAX = 500, /* bytes kept of why people have it now */
    RLV_HELD_TEXT_MAX = 16384, /* bytes: the longest text of WhatsApp, and what is held at most */
    RLV_HELD_MESSAGES_MAX = 16,
    RLV_HELD_WORDLESS_MAX = 256, /* bytes of their types */
    RLV_HELD_BY_MAX = 3 /* plugins that may hold one message, one after the other */
};

typedef struct rlv_turn {
    int32_t by; /* RELEVO_BY_* */
    int64_t at_ms;
    rlv_str message_id; /* may be absent */
    rlv_str text;
} rlv_turn;

typedef struct rlv_slot {
    rlv_str name, value, message_id;
    rlv_str was; /* the value before it changed in this stretch; absent: it did not */
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

/* Why people have it: from the handoff, or the takeover, until it is closed or the bot's again. */
typedef struct rlv_served {
    int64_t at_ms;    /* lane time at which it came to people; 0: they do not have it */
    int32_t priority; /* 0 to 9 */
    double score;     /* of the trigger, 0 to 1 */
    rlv_str trigger, reason, evidence; /* of a handoff; absent: a person took it */
} rlv_served;

/* A time with people that is over. */
typedef struct rlv_bygone {
    int64_t at_ms, ended_ms; /* lane time */
    enum rlv_owner ended;    /* CLOSED, or BOT: given back */
    rlv_str trigger, reason; /* why it came to people */
    rlv_str agent, note;     /* who ended it, with which words; absent: nobody, it was time */
    int32_t score;           /* what the customer said in the survey; -1: nothing */
} rlv_bygone;

/* What the customer wrote and nobody has decided yet: it waits for what they write next, or for the result of an effect. Several
   messages are one here, their texts a line each, as people write in bursts. */
typedef struct rlv_held_message {
    int32_t messages; /* how many; 0: nothing is held */
    int64_t epoch;    /* of ownership, in which alone it may be decided */
    int64_t since_ms; /* lane time of the first */
    int64_t due_ms;   /* lane time at which it waits no longer */
    rlv_id effect;    /* whose result it waits for; none: for the customer */
    rlv_str by[RLV_HELD_BY_MAX]; /* the plugins whose effects it waited for, this one included */
    int32_t n_by;
    rlv_str message_id, type, text, reply_id, media_id; /* as one message: those of the last that has them */
    rlv_str wordless; /* types of those without words, a line each */
    int64_t sent_ms;
} rlv_held_message;

typedef struct rlv_conversation {
    rlv_id id;
    int32_t lane;
    int64_t version; /* of the stored row; 0: not stored yet */
    rlv_id forward;  /* where it goes on since it was joined to another one; none: here */

    rlv_str phone_number_id, wa_id, user_id, customer_name;
    rlv_str tags; /* with which desktops marked it, a line each; theirs alone to change, so it is no part of the state */

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
    bool asked; /* the last that the bot said asked something: the same words are no repetition then, the same question is */
    uint64_t last_question; /* hash of the customer's last words, folded; 0: none that ask */
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

    rlv_held_message held;

    rlv_served served;
    rlv_bygone past[RLV_PAST_MAX]; /* oldest first */
    int32_t n_past;

    int64_t idle_timer_ms; /* when the pending "idle" timer is due; 0: none pending */
    int64_t held_timer_ms; /* the same of "held": the earliest, where several are pending */
} rlv_conversation;

#endif
