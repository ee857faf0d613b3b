/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugins of a configuration: loaded, checked, bound to their options, and called in batches. What a
 * plugin says comes back checked and copied; what it fails to say comes back as a RLV_ANSWER_FAILURE. It
 * knows neither Kafka nor Postgres, and it must never let a plugin's answer through that the rest of the
 * house could not store.
 */
#ifndef RLV_HOST_HOST_H
#define RLV_HOST_HOST_H

#include <relevo/plugin.h>

#include "base/arena.h"
#include "base/rehearse.h"
#include "config/config.h"
#include "model/conversation.h"
#include "model/decision.h"

/* All plugin instances of one configuration. Immutable: any number of lanes call it at the same time. */
typedef struct rlv_host rlv_host;

/*
 * Ceilings of answers. They hold for each (plugin, view, phase) alone, so that what is refused never depends
 * on which other conversations happened to share the batch.
 */
enum {
    RLV_HOST_ANSWERS_MAX = 64,        /* answers about one view in one call */
    RLV_HOST_BYTES_MAX = 128 * 1024,  /* texts of all answers about one view in one call */
    RLV_HOST_REPLY_POINTS_MAX = 4096, /* code points of a reply: WhatsApp's own limit */
    RLV_HOST_CAPTION_POINTS_MAX = 1024, /* the same with buttons or media */
    RLV_HOST_BUTTON_POINTS_MAX = 20,  /* code points of a button's title */
    RLV_HOST_ROW_POINTS_MAX = 24,     /* of the title of a list's row */
    RLV_HOST_DESCRIPTION_POINTS_MAX = 72, /* of its description */
    RLV_HOST_CHOICE_ID_MAX = 200,     /* bytes of what a choice comes back as */
    RLV_HOST_BODY_MAX = 64 * 1024,    /* bytes of an effect's body */
    RLV_HOST_HOLD_MS_MAX = 60000,     /* how long one effect may hold a message */
    RLV_HOST_PATH_MAX = 2048,         /* bytes of an effect's path */
    RLV_HOST_TEXT_MAX = 4096,         /* bytes of a reason, an evidence, a card field's text */
    RLV_HOST_NAME_MAX = 128, /* bytes of a label: intent, source, team, agent, field name, destination, ... */
    RLV_HOST_SKILLS_MAX = 32,
    RLV_HOST_INTENTS_MAX = 16384,  /* intents that one instance may tell of; those behind are not looked at */
    RLV_HOST_LOG_LINES_MAX = 16 /* lines that a plugin may log in one call */
};

/* What an instance told of: an intent that it may read in a message, one that it waits for, a choice that begins something of it, a question flow, an entry
   whose results it waits for. */
enum rlv_host_knows {
    RLV_KNOWS_READ,
    RLV_KNOWS_AWAITED,
    RLV_KNOWS_CHOICE,
    RLV_KNOWS_FLOW,
    RLV_KNOWS_ENTRY
};

typedef struct rlv_host_intent {
    const char *name;
    const char *where; /* of what is awaited: "FILE:LINE" */
    enum rlv_host_knows what;
} rlv_host_intent;

/* What people and tools want to know of a plugin. Texts live as long as the host (or the arena given to
 * inspect). */
typedef struct rlv_host_plugin_info {
    const char *entry; /* name in the configuration; the plugin's own name when there is no configuration */
    const char *name, *version, *summary; /* as the plugin says */
    uint32_t kind;                        /* RELEVO_KIND_* */
    const char *path;
    char sha256[65];               /* of the file, lower-case hex */
    uint32_t abi_major, abi_minor; /* that it was built against */
    uint32_t operations;           /* bit 1u << enum rlv_phase for each operation that it has */
    bool has_tool;
    const relevo_option *const *options; /* n_options, in the plugin's order */
    size_t n_options;
    bool tells_intents;             /* it has that operation */
    const rlv_host_intent *intents; /* n_intents; of an instance */
    size_t n_intents;
    uint64_t content; /* of an instance: a hash of what the files that its options name hold */
} rlv_host_plugin_info;

/*
 * Loads, checks, binds and creates every plugin, in the order of the configuration. The configuration may be
 * freed afterwards. May read files and run plugins' create. RLV_E_CONFIG (options), RLV_E_REFUSED (a file
 * that is no plugin for this Relevo), RLV_E_NOT_FOUND, RLV_E_LIMIT: err is one line that names the entry or
 * the file, what is wrong and what to do.
 */
RLV_MUST_CHECK int rlv_host_new(const rlv_config *config, rlv_host **ret, rlv_error *err);

/* Destroys the instances, last made first. Code stays loaded for the process's life. No call may be running.
 */
void rlv_host_free(rlv_host *host);

/* True when some plugin has the operation. */
bool rlv_host_has(const rlv_host *host, enum rlv_phase phase);

size_t rlv_host_count(const rlv_host *host);
/* The i-th plugin in the order of the configuration; i < rlv_host_count(host). */
const rlv_host_plugin_info *rlv_host_info(const rlv_host *host, size_t i);

/* The hash of all that changes decisions: `hash`, the configuration's, with what the files of its n plugins hold. */
uint64_t rlv_host_hash(uint64_t hash, const rlv_host_plugin_info *const *plugins, size_t n);

/*
 * Tells, a line each, of the intents that some of n instances wait for and none reads: "FILE:LINE: ... did you mean ...". None where no
 * instance says what it reads, or one classifies without saying. And of entries whose results they wait for, and that there are not. RLV_E_LIMIT: memory is short, and not all was told.
 */
RLV_MUST_CHECK int rlv_host_lost_intents(const rlv_host_plugin_info *const *plugins, size_t n, void (*tell)(void *user, const char *line),
                                         void *user, rlv_error *err);
/*
 * Tells, a line each, of what the policy names and none of n instances has: a choice of `collect` that begins nothing, a question flow of `flows`. Nothing
 * where one responds that was built against an ABI (1.5) that could not say. RLV_E_LIMIT as above.
 */
RLV_MUST_CHECK int rlv_host_lost_flows(const rlv_config *config, const rlv_host_plugin_info *const *plugins, size_t n,
                                       void (*tell)(void *user, const char *line), void *user, rlv_error *err);

/* One event of one conversation in a call. */
typedef struct rlv_subject {
    /* As the step has it when the phase begins: a closed one reopened and this message counted in `messages`,
       while turns, misses, repeats and trend are still those before the event. */
    const rlv_conversation *conversation;
    const rlv_event *event;
    const rlv_event *message; /* the customer's message under decision, the event's own or a held one; NULL: none */
    bool may_hold;            /* an effect may hold it, of a plugin that did not hold it before: held->by */
    const rlv_held_message *held;     /* NULL: nobody did */
    int64_t at_ms; /* lane time */
    /* The decision that hands off in route, summarize and notify, which becomes view->handoff; the TAKEN_OVER
       decision in the summary of a take-over; NULL otherwise. Where there is one, the view's owner is the
       decision's. */
    const rlv_decision *handoff;
    bool amended; /* the message amends what was over: becomes view->amended in its notices */
    const rlv_decision *ending; /* the CLOSED of a person in its summary and notices: becomes view->ending; NULL otherwise */
    const rlv_decisions *decisions; /* so far; TRIGGERED ones become view->fired; may be NULL */
    rlv_answers *answers; /* in: those of earlier phases; out: those of this one behind them. Never NULL */
} rlv_subject;

/* What a caller knows and wants besides. All zero, or NULL in its place: nothing. */
typedef struct rlv_host_caller {
    rlv_scout *scout; /* a process may have died of these events: an inline plugin is called when a copy of this process survived that;
                         who gives it calls rlv_scout_stop at the end; NULL: nothing is feared */
    /* Out, for other threads to look at: since when an inline plugin runs in this process, us of the monotonic clock, 0: none
       does; and its entry, as long as the host lives. */
    _Atomic int64_t busy_us;
    const char *_Atomic busy_with;
} rlv_host_caller;

/*
 * Calls the phase's operation of every plugin that has it, in the order of the configuration, with n views (n may be
 * 0). In RLV_PHASE_RESULT each subject's event is a RLV_EVENT_RESULT, and only the plugin whose entry is event->plugin
 * sees it.
 *
 * Of earlier answers in the same event a view shows: the first READING, SLOTs (behind the stored ones, in place of one
 * of the same name), and each plugin's own last MEMORY.
 *
 * A plugin that fails, or whose process dies or hangs, is called again with fewer events, until the one that it fails at
 * is alone: that subject gets one RLV_ANSWER_FAILURE from it and none of its answers. With a
 * scout inline plugins are treated so, too. A caller is one thread's. While a plugin is quarantined every
 * subject gets one. Answers are copied into arena. The only error is
 * RLV_E_LIMIT, the arena is full: answers are then incomplete and the batch must be tried again, smaller. Any thread;
 * several at once, each with its own arena.
 */
RLV_MUST_CHECK int rlv_host_call(const rlv_host *host, enum rlv_phase phase, rlv_host_caller *caller, rlv_arena *arena,
                                 rlv_subject *subjects, size_t n, rlv_error *err);

/*
 * Loads and checks one file, in a confined process of its own, without making an instance: what `relevo plugin info
 * FILE.so` shows. unconfined: also where system calls cannot be filtered, since it may run so anyway. *ret_enforced (may be NULL):
 * RLV_CONFINED_* of confine/confine.h, what holds such a process here, as rlv_host_confinement. Errors as
 * rlv_host_new; RLV_E_UNAVAILABLE: no such process can be had here.
 */
RLV_MUST_CHECK int rlv_host_inspect(const char *path, bool unconfined, rlv_arena *arena, rlv_host_plugin_info *ret,
                                    unsigned *ret_enforced, rlv_error *err);

/* What a plugin's process is held by on this machine: RLV_CONFINED_*. RLV_E_UNAVAILABLE: there can be none. */
RLV_MUST_CHECK int rlv_host_confinement(unsigned *ret_enforced, rlv_error *err);

/* Ends the quarantine of a plugin. False: it is in none. *ret_known: there is such an entry. Any thread. */
bool rlv_host_release(const rlv_host *host, const char *entry, bool *ret_known);

/*
 * Runs the plugin's command-line tool; argv[0] is given to it as the plugin's own name. *ret_exit is what it
 * returned. RLV_E_NOT_FOUND: it has none; else as rlv_host_inspect.
 */
RLV_MUST_CHECK int rlv_host_tool(const char *path, int argc, char *const *argv, int *ret_exit,
                                 rlv_error *err);

/* The word of a RELEVO_KIND_*: "trigger"; of a RELEVO_OPTION_* type: "duration". "unknown" for anything else.
 */
const char *rlv_host_kind_name(uint32_t kind);
const char *rlv_host_option_type_name(uint32_t type);

#endif
