/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes in: one event of one conversation. From WhatsApp by topic, from a desktop by command, from the clock by
 * timer, from the world by effect result. Plain data; texts are borrowed from the arena of the batch.
 */
#ifndef RLV_MODEL_EVENT_H
#define RLV_MODEL_EVENT_H

#include "base/id.h"
#include "base/str.h"
#include "base/trace.h"
#include "model/answer.h"

/* Stored and on the wire: numbers and words never change. */
enum rlv_event_kind {
    RLV_EVENT_MESSAGE = 0,  /* the customer wrote */
    RLV_EVENT_STATUS = 1,   /* what became of a message of ours */
    RLV_EVENT_ECHO = 2,     /* a person answered from the business's own phone */
    RLV_EVENT_HANDOVER = 3, /* Meta's handover protocol passed the thread */
    RLV_EVENT_ERROR = 4,    /* WhatsApp reports an error about this conversation */
    RLV_EVENT_UNKNOWN = 5,  /* a webhook that we do not know; kept whole */
    RLV_EVENT_COMMAND = 6,  /* a desktop did something */
    RLV_EVENT_TIMER = 7,
    RLV_EVENT_RESULT = 8,   /* an effect's result */
    RLV_EVENT_DEAD = 9,     /* a record that could not be decoded: it becomes a dead letter */
    RLV_EVENT_UNDELIVERED = 10, /* deliver says that a message of ours did not arrive, or may not have */
    RLV_EVENT_KINDS = 11
};

enum rlv_source_kind { RLV_SOURCE_TOPIC = 0, RLV_SOURCE_COMMAND = 1, RLV_SOURCE_TIMER = 2 };

/* Where an event came from: with this, nothing is decided twice. */
typedef struct rlv_source {
    enum rlv_source_kind kind;
    rlv_str topic;     /* TOPIC */
    int32_t partition; /* TOPIC */
    int64_t offset;    /* TOPIC: offset; COMMAND, TIMER: id of the row */
} rlv_source;

enum rlv_status { /* WhatsApp's delivery states; they never downgrade */
    RLV_STATUS_SENT = 0,
    RLV_STATUS_DELIVERED = 1,
    RLV_STATUS_READ = 2,
    RLV_STATUS_PLAYED = 3,
    RLV_STATUS_FAILED = 4,
    RLV_STATUS_DELETED = 5,
    RLV_STATUS_OTHER = 6
};

enum rlv_command_kind { /* what a desktop did; ownership has already changed in Postgres when the lane sees it */
    RLV_COMMAND_TAKE_OVER = 0,
    RLV_COMMAND_REPLY = 1,
    RLV_COMMAND_NOTE = 2,
    RLV_COMMAND_RETURN = 3,
    RLV_COMMAND_RESOLVE = 4,
    RLV_COMMAND_ASSIGN = 5, /* the assignment function found somebody, or an agent assigned */
    RLV_COMMAND_REQUEUE = 6, /* back to the queue: the agent went away, or passed it on */
    RLV_COMMAND_MOVED = 7,   /* no desktop's: another lane joined the conversation to its own (note: that one's id) */
    /* What the clock brought, told by the database (relevo.tell_waiting, relevo.follow_up): these made no ownership. */
    RLV_COMMAND_WAITING = 8,  /* the customer is told where they stand (note: "position 3, about 7 min") */
    RLV_COMMAND_NOBODY = 9,   /* nobody came for so long */
    /* What a person asked the bot to say now (text; extras: the template for after the 24 hours) or to begin (reply_id). */
    RLV_COMMAND_FOLLOW_UP = 10
};

enum rlv_owner { /* the values of RELEVO_OWNER_* */
    RLV_OWNER_BOT = 1,
    RLV_OWNER_QUEUED = 2,
    RLV_OWNER_HUMAN = 3,
    RLV_OWNER_CLOSED = 4
};

typedef struct rlv_event {
    enum rlv_event_kind kind;
    rlv_source source;
    int64_t at_ms;   /* lane time */
    int64_t sent_ms; /* WhatsApp's own time; 0: unknown */
    rlv_trace trace; /* that it came with; none: rlv_trace_of_row gives it one */

    rlv_id conversation_id;
    rlv_str phone_number_id; /* the business number */
    rlv_str wa_id;           /* the customer's phone; may be absent */
    rlv_str user_id;         /* the customer's business-scoped id; may be absent; one of the two is there */
    rlv_str customer_name;   /* as WhatsApp shows it */
    rlv_str previous_user_id, previous_wa_id; /* UNKNOWN: what the customer was known by before; may be absent */

    /* MESSAGE, ECHO; message_id also for STATUS, ERROR */
    rlv_str message_id;
    rlv_str type;       /* WhatsApp's word: "text", "image", ... */
    rlv_str text;       /* body, caption, or title of the choice */
    rlv_str reply_id;   /* id of the button or row that was chosen */
    rlv_str media_id;
    rlv_str mime_type;
    rlv_str context_id; /* the message that this one answers or reacts to */
    rlv_str wordless;   /* of several messages that are one: see rlv_event_wordless; of one that comes alone: absent */

    /* STATUS, ERROR, UNDELIVERED (type: "failed", "suppressed" or "unknown"; agent_id: who wrote it, absent for the bot;
       epoch: of the message) */
    enum rlv_status status;
    int64_t error_code; /* 0: none */
    rlv_str error_title;
    rlv_str callback_data; /* biz_opaque_callback_data */

    rlv_str raw; /* the JSON as Meta sent it, for what has no field; may be absent */

    /* COMMAND */
    enum rlv_command_kind command;
    rlv_str agent_id;     /* who acted; absent: the assignment */
    rlv_str agent_name;   /* whom the customer is told of: who acted, or who got it */
    enum rlv_owner owner; /* the ownership that the command made, */
    rlv_str owner_agent;  /* whose it is then, */
    int64_t epoch;        /* and its generation */
    int64_t version;      /* of the conversation's row when the command was written */
    rlv_str note;         /* a note, a purpose, a reason */
    rlv_extras extras;    /* REPLY: what it is besides a text (context_id: what it quotes); FOLLOW_UP: its template */

    /* TIMER */
    rlv_str timer; /* which: "idle", "held" */

    /* RESULT */
    rlv_str effect_id;
    rlv_str plugin;    /* the entry that asked for it */
    rlv_str context;   /* what it attached */
    int32_t http_status;
    rlv_str body;
    int64_t hold_ms; /* how long a message waited for it at most; 0: none did */
} rlv_event;

/* The stable words of the enums, as on the wire and in Postgres. */
const char *rlv_event_kind_name(enum rlv_event_kind kind);
const char *rlv_status_name(enum rlv_status status);
const char *rlv_command_kind_name(enum rlv_command_kind kind);
const char *rlv_owner_name(enum rlv_owner owner);
/* The way back; false, and *ret untouched, for another word. */
bool rlv_owner_parse(rlv_str word, enum rlv_owner *ret);
bool rlv_command_kind_parse(rlv_str word, enum rlv_command_kind *ret);

/* Types of what a message brings without words, a line each; absent: it has words. */
rlv_str rlv_event_wordless(const rlv_event *message);
/* The customer's identity that names the conversation: user_id where there is one, else wa_id. */
rlv_str rlv_event_identity(const rlv_event *ev);
/* By what else the customer is known, as ids of the conversations that these identities would name: those of before, then the wa_id
   beside a user_id. Returns how many, at most RLV_ALIASES_MAX; none for an event that begins no conversation. */
enum { RLV_ALIASES_MAX = 3 };
typedef struct rlv_alias {
    rlv_id id;
    rlv_str wa_id, user_id; /* one of them: the identity */
    bool before;            /* the customer's former one: who had it is this customer. Else a number, which may have been somebody else's */
} rlv_alias;
int rlv_event_aliases(const rlv_event *ev, rlv_alias ret[RLV_ALIASES_MAX]);
/* The conversation of a customer and a business number. */
rlv_id rlv_conversation_id(rlv_str phone_number_id, rlv_str identity);

#endif
