/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Relevo plugin ABI, version 1: the only header of the core that a plugin sees.
 *
 * A plugin is a shared object that exports one constant symbol, `relevo_plugin_descriptor`. The host reads that
 * descriptor before it runs any code of the plugin and refuses it, naming the field, when something does not fit.
 *
 * A plugin is pure: it gets a batch of read-only views and appends answers. It does no I/O while it answers; what
 * needs the network is an effect (RELEVO_ANSWER_EFFECT), performed by someone else, whose result comes back to
 * `on_result`.
 *
 * Rules that hold for everything here:
 * - Every struct that crosses begins with its size as the writer compiled it, and only ever grows at its end. A field
 *   lies within a struct `s` when RELEVO_HAS(s, field); a reader must not touch it otherwise.
 * - Text is UTF-8, a (pointer, length) pair, not NUL-terminated, borrowed: valid until the call returns, unless said
 *   otherwise. An absent text has len 0 (ptr may then be NULL).
 * - Times are milliseconds since the Unix epoch, lane time (Kafka's LogAppendTime, never moving back), unless said
 *   otherwise.
 * - C99, and safe to include from C++.
 */
#ifndef RELEVO_PLUGIN_H
#define RELEVO_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RELEVO_PLUGIN_MAGIC 0x524c564fu /* "RLVO" */
#define RELEVO_ABI_MAJOR 1u             /* differs: refused */
#define RELEVO_ABI_MINOR 7u             /* plugin's newer than the host's: refused; older: fine */

#define RELEVO_MEMORY_MAX 1024u  /* bytes a plugin may remember of one conversation */
#define RELEVO_CONTEXT_MAX 256u  /* bytes a plugin may attach to one effect */
#define RELEVO_HOLD_MAX 60000u   /* milliseconds that one effect may hold a message */
#define RELEVO_TURNS_MAX 20u     /* turns that a view shows at most */
#define RELEVO_TREND_MAX 8u      /* sentiment values that a digest keeps */
#define RELEVO_TRIED_MAX 8u      /* answers that a digest remembers as tried */
#define RELEVO_PAST_MAX 5u       /* earlier times with people that a view shows at most */
#define RELEVO_BUTTONS_MAX 3u    /* choices of a reply that are shown as buttons; more are rows of a list */
#define RELEVO_CHOICES_MAX 10u   /* choices of a reply */

/* True when the struct that `s` points to, as its writer compiled it, holds `field` whole. */
#define RELEVO_HAS(s, field) \
    ((s)->size >= (uint32_t)((const char *)(&(s)->field + 1) - (const char *)(s)))

#if defined(__GNUC__)
#define RELEVO_EXPORT __attribute__((visibility("default")))
#else
#define RELEVO_EXPORT
#endif

/* A borrowed piece of UTF-8 text. */
typedef struct relevo_str {
    const char *ptr;
    uint64_t len;
} relevo_str;

/* A text from a string literal. */
#define RELEVO_STR(literal) {(literal), sizeof(literal) - 1}

/* ---- options: what an operator may set under `options:` of the plugin's entry in the configuration ------------- */

enum {
    RELEVO_OPTION_STRING = 1,
    RELEVO_OPTION_INTEGER = 2,
    RELEVO_OPTION_REAL = 3,
    RELEVO_OPTION_BOOLEAN = 4,
    RELEVO_OPTION_DURATION = 5, /* written "90s", "10m", "2h"; arrives in `integer` as milliseconds */
    RELEVO_OPTION_PATH = 6,     /* relative paths are resolved against the configuration file's folder */
    RELEVO_OPTION_LIST = 7,     /* a list of texts; a single text is taken as a list of one */
    RELEVO_OPTION_JSON = 8      /* any YAML subtree, handed over as JSON text in `text` */
};

enum {
    RELEVO_OPTION_REQUIRED = 1, /* without it the configuration is refused */
    RELEVO_OPTION_SECRET = 2    /* never printed; may be given as `<name>_file` */
};

/* One option. The table drives checking, binding, `relevo plugin info` and the reference page. */
typedef struct relevo_option {
    uint32_t size;
    uint32_t type;       /* RELEVO_OPTION_STRING ... */
    uint32_t flags;      /* RELEVO_OPTION_REQUIRED ... */
    uint32_t reserved;   /* 0 */
    const char *name;    /* snake_case */
    const char *initial; /* the default, written as in YAML (JSON for JSON and LIST); NULL: none (zero, empty) */
    double min, max;     /* range of INTEGER, REAL and DURATION (in ms); both 0: any */
    const char *unit;    /* for people; NULL: none */
    const char *help;    /* one sentence */
} relevo_option;

/* The bound value of one option; `values[i]` belongs to `options[i]`. */
typedef struct relevo_value {
    uint32_t size;
    uint32_t given;         /* 1 when the configuration sets it, 0 when it is the default */
    relevo_str text;        /* STRING, PATH, JSON; NUL-terminated besides */
    int64_t integer;        /* INTEGER, BOOLEAN (0 or 1), DURATION (ms) */
    double real;            /* REAL */
    const relevo_str *list; /* LIST */
    uint64_t n_list;
} relevo_value;

/* ---- views: what a plugin sees of one event -------------------------------------------------------------------- */

enum { /* who spoke, who owns */
    RELEVO_BY_CUSTOMER = 1,
    RELEVO_BY_BOT = 2,
    RELEVO_BY_AGENT = 3, /* a person of the business */
    RELEVO_BY_SYSTEM = 4 /* notices of the core itself */
};

enum { /* state of a conversation */
    RELEVO_OWNER_BOT = 1,
    RELEVO_OWNER_QUEUED = 2, /* handed off, no person has it yet */
    RELEVO_OWNER_HUMAN = 3,
    RELEVO_OWNER_CLOSED = 4
};

/* The customer's message under decision. Of what says nothing ("reaction", "revoke", "system", "unsupported") no plugin is asked. */
typedef struct relevo_message {
    uint32_t size;
    uint32_t reserved;
    relevo_str id;    /* WhatsApp's message id (wamid) */
    relevo_str type;  /* WhatsApp's: "text", "image", "audio", "interactive", "button", "order", ... */
    relevo_str text;  /* body, caption, or the title of the button or row that was chosen */
    relevo_str reply; /* id of the button or row that was chosen */
    relevo_str media; /* WhatsApp's media id */
    int64_t sent_ms;  /* WhatsApp's own time: for windows and display only */
    /* since 1.7 */
    /* Where several messages are one here: the types, oldest first and a line each, of those that came without words ("audio", "sticker"), to which
       `text` is no caption. A message that comes alone and says nothing in words has its type here, too. Absent: all have words. */
    relevo_str wordless;
} relevo_message;

/* What the classify phase read in the message. */
typedef struct relevo_reading {
    uint32_t size;
    uint32_t reserved;
    relevo_str language;  /* "es", "pt", "en"; absent: could not tell */
    relevo_str intent;    /* best label; absent: none */
    double confidence;    /* of the intent, 0 to 1 */
    double out_of_scope;  /* 0 known ground, 1 unlike anything known */
    double sentiment;     /* -1 very negative, 0 neutral, 1 very positive */
    double anger;         /* 0 to 1 */
    double wants_person;  /* an explicit request for a person, 0 to 1 */
} relevo_reading;

/* One turn of the conversation, oldest first; the message under decision is not among them. */
typedef struct relevo_turn {
    uint32_t size;
    uint32_t by; /* RELEVO_BY_* */
    int64_t at_ms;
    relevo_str text; /* may be cut: the full text is in the history */
} relevo_turn;

/* A piece of data collected from the customer. */
typedef struct relevo_slot {
    uint32_t size;
    uint32_t reserved;
    relevo_str name;
    relevo_str value;
    relevo_str message_id; /* the message it was taken from */
    /* since 1.3 */
    relevo_str was; /* the value before the customer corrected it; absent: there was none */
} relevo_slot;

/* What the core keeps of the current stretch (since the bot last got the conversation): fixed size, whatever the
   history. */
typedef struct relevo_digest {
    uint32_t size;
    uint32_t messages; /* customer messages in this stretch, this one included */
    uint32_t misses;   /* messages in a row that no responder answered, before this one */
    uint32_t repeats;  /* times in a row that the customer asked the same again, or the bot asked them the same, before this one */
    uint32_t n_tried;
    uint32_t n_trend;
    relevo_str tried[RELEVO_TRIED_MAX]; /* sources of answers already given, newest last */
    relevo_str open_question;           /* the last question that nobody answered */
    double trend[RELEVO_TREND_MAX];     /* sentiment of the last messages, newest last, this one excluded */
    /* since 1.1 */
    uint32_t asked; /* 1: the last that the bot said asked the customer something (RELEVO_REPLY_ASKS) */
    uint32_t reserved;
} relevo_digest;

/* What a trigger answered about this event; seen from the decide phase on. */
typedef struct relevo_fired {
    uint32_t size;
    uint32_t chosen; /* 1: the trigger that the policy names as the cause of the handoff */
    relevo_str trigger;  /* name of the plugin's entry in the configuration */
    double score;        /* 0 to 1, as the trigger gave it */
    relevo_str evidence; /* the words that made it fire */
    relevo_str reason;   /* one sentence for people */
    /* since 1.3 */
    uint32_t tells; /* 1: people are told of it, and the bot goes on: the policy says `tell_only` */
    uint32_t reserved;
} relevo_fired;

/* The handoff under way; for route, summarize and notify. Later on, while people have the conversation, the one that brought it to
   them. */
typedef struct relevo_handoff {
    uint32_t size;
    uint32_t priority; /* 0 lowest, 9 highest; as the policy asks */
    relevo_str trigger;
    relevo_str reason;
    relevo_str evidence;
    double score;
    relevo_str team; /* as the policy asks; absent: the router's choice */
} relevo_handoff;

/* A time that people had this conversation, and that is over. */
typedef struct relevo_past { /* since 1.3 */
    uint32_t size;
    uint32_t ended;   /* RELEVO_OWNER_CLOSED, or RELEVO_OWNER_BOT: given back */
    int64_t at_ms;    /* when it came to people */
    int64_t ended_ms;
    relevo_str trigger; /* that handed it off; absent: none did, a person took it */
    relevo_str reason;  /* of that handoff, at most 200 bytes, as all texts here */
    relevo_str agent;   /* who ended it; absent: nobody, by time */
    relevo_str note;    /* their words about it */
    int32_t score;      /* the customer's answer to the survey; -1: none */
    uint32_t reserved;
} relevo_past;

/* The end of a time with people, by a person who closes it; for summarize and notify. */
typedef struct relevo_ending { /* since 1.3 */
    uint32_t size;
    uint32_t reserved;
    int64_t began_ms;      /* when it came to people; 0: not known */
    int64_t answered_ms;   /* their first answer; 0: none, or not among the turns any more */
    relevo_str agent;      /* who closes it */
    relevo_str agent_name; /* as customers are told */
    relevo_str note;       /* their words about it */
} relevo_ending;

/* Everything a plugin sees of one event of one conversation. Arrays are arrays of pointers, so that elements may
   grow. */
typedef struct relevo_view {
    uint32_t size;
    uint32_t owner; /* RELEVO_OWNER_*: before this event's decision in classify, trigger and respond; after it later on */
    relevo_str conversation_id; /* UUID */
    relevo_str phone_number_id; /* the business number */
    relevo_str customer_id;     /* wa_id or business-scoped user id */
    relevo_str customer_name;   /* as WhatsApp shows it */
    relevo_str language;        /* of the conversation so far; absent: unknown */
    int64_t at_ms;
    /* NULL when nothing that the customer wrote is under decision (a takeover to be summarized, a result that no message waits
       for). Several short messages may be one here, their texts a line each. */
    const relevo_message *message;
    const relevo_reading *reading;  /* NULL before the classify phase, or when no classifier is loaded */
    const relevo_digest *digest;    /* never NULL */
    const relevo_handoff *handoff;  /* NULL unless in route, summarize, notify; there NULL where no handoff led to people */
    const relevo_turn *const *turns;
    const relevo_slot *const *slots;
    const relevo_fired *const *fired;
    uint32_t n_turns, n_slots, n_fired;
    uint32_t reserved;
    relevo_str memory; /* what this plugin instance asked to remember of this conversation */
    /* since 1.2 */
    uint32_t may_hold; /* 1: an effect of this plugin may hold the message (hold_ms); 0: it would not be performed */
    uint32_t reserved2;
    /* since 1.3 */
    int64_t last_in_ms; /* the customer's last message, this one included: WhatsApp's window ends 24 hours later; 0: none yet */
    const relevo_past *const *past; /* earlier times with people, oldest first; at most RELEVO_PAST_MAX, the latest */
    const relevo_ending *ending;    /* in summarize and notify, where a person closes it; else NULL */
    const struct relevo_answer_card *const *card; /* in notify: what was written on the card about this event */
    uint32_t n_past, n_card;
    /* since 1.4 */
    const relevo_str *tags; /* with which agents marked the customer, in small letters: "vip" */
    uint32_t n_tags;
    uint32_t reserved3;
    /* since 1.6 */
    const struct relevo_result *result; /* in trigger, where that is what happened, and no message waits for it; else NULL */
    relevo_str result_of; /* the entry in the configuration of the plugin that asked for the effect */
    /* since 1.7 */
    uint32_t amended; /* 1: in notify, where the customer's message amends what was over (`amends` of a slot) and hands nothing off: the slots
                         that have its id are new. `handoff` is then the one that led to people, if they have the conversation */
    uint32_t reserved4;
} relevo_view;

/* The result of an effect that this plugin asked for. */
typedef struct relevo_result {
    uint32_t size;
    uint32_t status;     /* HTTP status; 0: no answer (time-out, refused, unreachable) */
    relevo_str effect_id;
    relevo_str context;  /* what the plugin attached to the effect */
    relevo_str body;     /* of the answer, cut at the limit of the destination */
    relevo_str error;    /* one line when status is 0 */
} relevo_result;

/* ---- answers: what a plugin says ------------------------------------------------------------------------------- */

enum {
    RELEVO_ANSWER_READING = 1, /* classify; since 1.2 on_result */
    RELEVO_ANSWER_TRIGGER = 2, /* trigger; since 1.2 on_result */
    RELEVO_ANSWER_REPLY = 3,   /* respond, on_result */
    RELEVO_ANSWER_ABSTAIN = 4, /* respond; since 1.2 on_result */
    RELEVO_ANSWER_SLOT = 5,    /* classify, respond, on_result */
    RELEVO_ANSWER_ROUTE = 6,   /* route     */
    RELEVO_ANSWER_CARD = 7,    /* summarize */
    RELEVO_ANSWER_EFFECT = 8,  /* respond, notify, on_result; since 1.2 classify, if it holds the message */
    RELEVO_ANSWER_MEMORY = 9   /* any       */
};

/* Head of every answer: the first member of each struct below. The host copies the answer before emit returns. */
typedef struct relevo_answer {
    uint32_t size; /* of the whole struct */
    uint32_t kind; /* RELEVO_ANSWER_* */
} relevo_answer;

typedef struct relevo_answer_reading {
    relevo_answer head;
    relevo_reading reading;
} relevo_answer_reading;

/* "A person should take this": a score, never an order. A trigger that has nothing to say answers nothing. */
typedef struct relevo_answer_trigger {
    relevo_answer head;
    double score;        /* 0 to 1 */
    relevo_str evidence; /* the words that made it fire */
    relevo_str reason;   /* one sentence for people */
    /* since 1.1 */
    uint32_t asked;      /* 1: the customer asked for a person in so many words: no threshold or cool-down is above that */
    uint32_t reserved;   /* 0 */
    /* since 1.7 */
    double unless_answered; /* above 0, up to 1: it has nothing to say where a reply of such a confidence answers the message, or may still come (an
                               effect that it waits for). 0: whatever is answered */
} relevo_answer_trigger;

/* Something to choose, shown as a button or a row. Chosen, it comes back as the message's `reply` (id) and `text`. */
typedef struct relevo_choice { /* since 1.1 */
    uint32_t size;
    uint32_t reserved;
    relevo_str id;          /* at most 200 bytes */
    relevo_str title;       /* at most 20 characters of a button, no two of which are alike; 24 of a row */
    relevo_str description; /* of a row, at most 72 characters; absent: none. Buttons have none */
} relevo_choice;

enum { /* flags of a reply; since 1.1 */
    /* It asks the customer something, so it is no answer: misses stay as they are, and what the customer says next is
       no repetition. */
    RELEVO_REPLY_ASKS = 1,
    /* It has nothing to do with this message, but takes up again what was asked before: sent behind another plugin's
       reply, or behind the admission that there is none; not behind a reply of its own plugin. */
    RELEVO_REPLY_RESUMES = 2,
    /* It is one answer more: sent behind this plugin's best reply, where that is the one that is sent. */
    RELEVO_REPLY_ALSO = 4
};

/* A text to the customer. Of several responders' replies the one of highest confidence is sent, of equal ones the
   first; flags say what may follow it. With an ABSTAIN of the same plugin beside it, it is sent and counts as a miss all
   the same. */
typedef struct relevo_answer_reply {
    relevo_answer head;
    double confidence; /* 0 to 1 */
    relevo_str text;   /* at most 4096 characters; 1024 with up to three choices or with media */
    relevo_str source; /* the article it comes from */
    /* since 1.1 */
    uint32_t flags; /* RELEVO_REPLY_* */
    uint32_t n_choices;                   /* 1 to RELEVO_BUTTONS_MAX: buttons; to RELEVO_CHOICES_MAX: a list */
    const relevo_choice *const *choices;
    relevo_str menu;       /* what opens the list, at most 20 characters; absent: "Menu" */
    relevo_str media_kind; /* "image", "video", "document", shown with the text; absent: no media */
    relevo_str media_url;  /* http:// or https://, at most 2048 bytes; not with a list */
} relevo_answer_reply;

/* "I know no answer": tells a miss from a message that needed none. */
typedef struct relevo_answer_abstain {
    relevo_answer head;
    double best;       /* score of the best candidate, 0 to 1 */
    relevo_str reason; /* one sentence for people */
} relevo_answer_abstain;

typedef struct relevo_answer_slot {
    relevo_answer head;
    relevo_str name;
    relevo_str value;
    /* since 1.7 */
    uint32_t amends; /* 1: it puts right, or completes, what was over and may have been told: where it changes something, notify is asked. In classify and
                        respond, about a customer's message */
    uint32_t reserved; /* 0 */
} relevo_answer_slot;

enum { RELEVO_RANK_LEAST_LOADED = 1, RELEVO_RANK_LONGEST_IDLE = 2 };

/* Whom this conversation needs, and in which order to try them. */
typedef struct relevo_answer_route {
    relevo_answer head;
    uint32_t priority; /* 0 lowest, 9 highest */
    uint32_t rank;     /* RELEVO_RANK_* */
    relevo_str team;
    relevo_str language;      /* an agent must speak it; absent: any */
    const relevo_str *skills; /* an agent must have all of them */
    uint64_t n_skills;
    relevo_str agent; /* preferred agent, tried first; absent: none */
} relevo_answer_route;

/* One field of the handover card. Several with the same name are shown as a list, in the order given. docs/desk.md says what the
   names mean that Relevo's own plugins use. */
typedef struct relevo_answer_card {
    relevo_answer head;
    relevo_str name; /* "why", "wants", "data", "tried", "open_question", "sentiment", ..., or your own */
    relevo_str text;
    relevo_str message_id; /* where it comes from; absent: nowhere in particular */
} relevo_answer_card;

/* A request to the world, as data. Performed at least once with an idempotency key; the result comes to on_result. */
typedef struct relevo_answer_effect {
    relevo_answer head;
    uint32_t timeout_ms;    /* 0: the destination's */
    uint32_t reserved;
    relevo_str destination; /* name of an allowed destination in the configuration: hosts and secrets live there */
    relevo_str method;      /* "POST", ... */
    relevo_str path;        /* appended to the destination's base URL */
    relevo_str content_type;
    relevo_str body;
    relevo_str context; /* at most RELEVO_CONTEXT_MAX bytes, handed back to on_result */
    /* since 1.2 */
    /* The customer's message waits for the result, so many milliseconds at most (RELEVO_HOLD_MAX); 0: it does not. From classify and
       respond only. When no trigger fires, nothing is decided about the message now, and of this call's answers only the effect and
       this plugin's memory count. It is decided once, with everything asked again:
       - when the result is there in time, and the ownership has not changed since: on_result is asked with the message in its view
         and may answer READING (it counts before classify's), TRIGGER, REPLY, ABSTAIN; classify, trigger and respond follow. That
         the destination is away or hangs is a result, too (status 0), and it is there in time;
       - when it is not: by classify, trigger and respond alone, this plugin counting as failed, so that where nobody answers a
         person does. A result that comes later is dropped.
       Of several that hold, the first in the order of the configuration does; the others are not performed, and may hold the message
       when it comes again. See may_hold of the view. */
    uint32_t hold_ms;
    uint32_t reserved2; /* 0 */
} relevo_answer_effect;

/* What to remember of this conversation: replaces what was remembered; len 0 forgets. Begin it with a version of
   yours. */
typedef struct relevo_answer_memory {
    relevo_answer head;
    relevo_str bytes; /* at most RELEVO_MEMORY_MAX */
} relevo_answer_memory;

enum { RELEVO_LOG_ERROR = 1, RELEVO_LOG_WARN = 2, RELEVO_LOG_INFO = 3, RELEVO_LOG_DEBUG = 4 };

enum {
    RELEVO_OK = 0,
    RELEVO_E_KIND = -1,  /* this kind of answer does not belong to this phase */
    RELEVO_E_VIEW = -2,  /* no such view in this call */
    RELEVO_E_LIMIT = -3, /* too long, or too many answers */
    RELEVO_E_SIZE = -4,  /* the struct is shorter than version 1.0 of it */
    RELEVO_E_TEXT = -5,  /* not UTF-8, or not a number */
    RELEVO_E_FAILED = -6 /* yours to return */
};

/* Where answers go. Valid during the call only, from the calling thread only. It can be added to, and asked nothing. */
typedef struct relevo_sink {
    uint32_t size;
    uint32_t reserved;
    /* Appends an answer about views[view]; returns RELEVO_OK or RELEVO_E_*. Never blocks. */
    int32_t (*emit)(const struct relevo_sink *sink, uint32_t view, const relevo_answer *answer);
    /* Appends a line to Relevo's log, marked with the plugin's name. Do not log what customers write. */
    void (*log)(const struct relevo_sink *sink, uint32_t level, relevo_str line);
} relevo_sink;

/*
 * Where an instance says which intents it knows, and since 1.6 what it begins. Texts are copied during the call.
 */
typedef struct relevo_intents {
    uint32_t size;
    uint32_t reserved;
    /* One that it may read in a message. */
    void (*reads)(const struct relevo_intents *to, relevo_str intent);
    /* One that something of it waits for. where: "FILE:LINE" that names it; empty: its entry in the configuration does. */
    void (*awaits)(const struct relevo_intents *to, relevo_str intent, relevo_str where);
    /* since 1.6 */
    /* A choice (`reply` of a message) that begins something of it, a question flow say: what policy.queue.collect and follow-ups may name. */
    void (*begins)(const struct relevo_intents *to, relevo_str choice);
    /* A question flow of it, by the name that it gives in the slots lead.flow or data.flow: what a trigger's limit `flows` may name. */
    void (*runs)(const struct relevo_intents *to, relevo_str flow);
    /* An entry of the configuration whose effects' results it waits for (a trigger: result_of of the view). */
    void (*hears)(const struct relevo_intents *to, relevo_str entry);
} relevo_intents;

/* ---- the descriptor -------------------------------------------------------------------------------------------- */

enum { /* what the plugin is mainly for: decides the words of `relevo plugin list`, grants nothing */
    RELEVO_KIND_CLASSIFIER = 1,
    RELEVO_KIND_TRIGGER = 2,
    RELEVO_KIND_RESPONDER = 3,
    RELEVO_KIND_ROUTER = 4,
    RELEVO_KIND_SUMMARIZER = 5,
    RELEVO_KIND_NOTIFIER = 6
};

/*
 * The one exported symbol: `RELEVO_EXPORT const relevo_plugin relevo_plugin_descriptor = {...};`
 *
 * All operations are optional. An operation over a batch gets n views (1 <= n) and may answer about any of them any
 * number of times, in any order. It returns RELEVO_OK, or an error: the answers of the call are dropped and the batch
 * is asked again in halves, until the event that it fails at is alone; a person gets what it would have decided about
 * that one.
 *
 * Threads: an instance is immutable after create; operations on one instance run concurrently in several threads.
 * Blocking: operations must not block, sleep or do I/O; create and tool may.
 */
typedef struct relevo_plugin {
    uint32_t magic;     /* RELEVO_PLUGIN_MAGIC */
    uint32_t abi_major; /* RELEVO_ABI_MAJOR */
    uint32_t abi_minor; /* RELEVO_ABI_MINOR */
    uint32_t size;      /* sizeof(relevo_plugin) */
    const char *name;   /* [a-z][a-z0-9_]*, at most 31 characters */
    const char *version;
    const char *summary; /* one sentence for people */
    uint32_t kind;       /* RELEVO_KIND_* */
    uint32_t n_options;
    const relevo_option *options; /* array of n_options; each `size` is that of the element as compiled (the stride) */

    /* Makes an instance from the bound options (values[i] belongs to options[i]; valid during the call). May read
       files named by options. On failure returns RELEVO_E_* and writes one NUL-terminated line into error
       (error_size bytes): what is wrong and how to mend it. */
    int32_t (*create)(const relevo_value *values, void **ret_instance, char *error, uint64_t error_size);
    /* Frees an instance; no operation on it is running or will run. */
    void (*destroy)(void *instance);

    /* Reads the message: language, intent, sentiment, slots. Customer messages only. */
    int32_t (*classify)(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink);
    /* Scores how much a person is needed. Customer messages in conversations that the bot owns; plugins of 1.4 and later are also asked when the
       customer has said nothing for a while (policy.silence): once, without a message; last_in_ms of the view tells since when. Those of 1.6 and
       later also when an effect's result came back (`result` of the view), without a message, too: after the plugin that asked for it, whose slots
       the view has. Not when the ownership has changed since it was asked for. */
    int32_t (*trigger)(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink);
    /* Answers the customer. Customer messages in conversations that the bot owns. A message of type "interactive" without text may be a
       person's wish: with `reply`, that the bot begins what it names, as if the customer had chosen it; without, since they give the
       conversation back, that what was asked before is asked again (only what RELEVO_REPLY_RESUMES is said). Where the customer waits for
       a person (owner RELEVO_OWNER_QUEUED; policy.queue.collect) such a message without id wants `reply` begun; then only the plugin that asked is heard, until
       it asks no more. */
    int32_t (*respond)(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink);
    /* Says whom a handed-off conversation needs. Only events that hand off. */
    int32_t (*route)(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink);
    /* Writes the handover card. Events that hand off, that a person took over, or in which a trigger tells people; since 1.3 also the
       customer's messages while people have the conversation (the whole card anew), and that a person closes it (view's ending). */
    int32_t (*summarize)(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink);
    /* Tells the world through effects. Only events that hand off; plugins of 1.3 and later also get those in which a trigger tells
       people (`tells` of fired), and those in which a person closes it (view's ending); those of 1.7 and later also the customer's messages
       that amend what was over (view's amended), whosever the conversation is. */
    int32_t (*notify)(void *instance, const relevo_view *const *views, uint32_t n, const relevo_sink *sink);
    /* An effect's result came back: results[i] belongs to views[i]. Where a message waits for it, the view holds that message. */
    int32_t (*on_result)(void *instance, const relevo_view *const *views, const relevo_result *const *results,
                         uint32_t n, const relevo_sink *sink);

    /* A command-line tool, `relevo <plugin> <argv...>`: argv[0] is the plugin's name. It may use stdio and files.
       Returns the exit code, of sysexits.h. */
    int32_t (*tool)(int32_t argc, const char *const *argv);

    /* Since 1.5. Says once, after create, which intents the instance reads (a classifier) and which it waits for (a trigger, a flow): people are told at
       start of one that is awaited and that nobody reads, as it would never come. Where somebody classifies without this, nothing is told. Since 1.6 also
       which choices begin something of it and which question flows it has (a responder): people are told of what the policy names and nobody has. Where
       somebody responds who was built against an earlier version, nothing is told of that. */
    void (*intents)(void *instance, const relevo_intents *to);
} relevo_plugin;

#define RELEVO_PLUGIN_SYMBOL "relevo_plugin_descriptor"

#ifdef __cplusplus
}
#endif

#endif
