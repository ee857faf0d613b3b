/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Plays the host for a plugin's tests: loads the real .so, binds its options, builds views, runs operations
 * and keeps the answers. It checks every answer as the host does and fails the test on a bad one. It must
 * never be linked into anything that is shipped.
 *
 * Everything made from a kit (views, texts, answers) belongs to it and lives until tk_close. Every text in a
 * view lies in a block of exactly its length, without a NUL, so that AddressSanitizer sees a plugin that
 * reads past its end. A kit belongs to one thread.
 *
 *     tk *kit = tk_open("keyword", "phrases", "[\"abogado\"]", NULL);
 *     tk_view *view = tk_message(kit, "voy a llamar a mi abogado");
 *     const relevo_answer_trigger *fired = tk_trigger(tk_run(kit, TK_TRIGGER, &view, 1), 0);
 *     assert_non_null(fired);
 *     assert_string_equal(fired->evidence.ptr, "abogado");
 *     tk_close(kit);
 */
#ifndef RELEVO_TESTKIT_H
#define RELEVO_TESTKIT_H

/* What cmocka wants before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>

#include "relevo/plugin.h"

#define TK_SLOTS_MAX 32u
#define TK_FIRED_MAX 16u
#define TK_ANSWERS_MAX 256u
#define TK_LOGS_MAX 32u
#define TK_ERROR_SIZE 512u
#define TK_SHOWN_SIZE 16384u

typedef struct tk_pool tk_pool;

typedef struct tk {
    const relevo_plugin *plugin; /* its descriptor, for what the kit does not wrap (tool) */
    void *instance;
    tk_pool *pool;
} tk;

typedef enum tk_phase {
    TK_CLASSIFY,
    TK_TRIGGER,
    TK_RESPOND,
    TK_ROUTE,
    TK_SUMMARIZE,
    TK_NOTIFY,
    TK_ON_RESULT
} tk_phase;

/* A view and what it points to; a test may set any field that has no function here (texts by tk_text). */
typedef struct tk_view {
    relevo_view view;
    relevo_message message;
    relevo_reading reading;
    relevo_digest digest;
    relevo_handoff handoff;
    const relevo_turn *turns[RELEVO_TURNS_MAX];
    const relevo_slot *slots[TK_SLOTS_MAX];
    const relevo_fired *fired[TK_FIRED_MAX];
    tk *kit;
} tk_view;

/* One answer; its texts are NUL-terminated copies. `as.head.kind` says which member holds. */
typedef struct tk_answer {
    uint32_t view;
    union {
        relevo_answer head;
        relevo_answer_reading reading;
        relevo_answer_trigger trigger;
        relevo_answer_reply reply;
        relevo_answer_abstain abstain;
        relevo_answer_slot slot;
        relevo_answer_route route;
        relevo_answer_card card;
        relevo_answer_effect effect;
        relevo_answer_memory memory;
    } as;
} tk_answer;

typedef struct tk_log {
    uint32_t level;
    const char *line;
} tk_log;

typedef struct tk_answers {
    uint32_t n, n_logs;
    tk_answer items[TK_ANSWERS_MAX];
    tk_log logs[TK_LOGS_MAX];
    uint32_t n_views;
    tk_phase phase;
    tk_pool *pool;
    uint64_t sum;               /* of everything answered, to compare runs */
    char broken[TK_ERROR_SIZE]; /* the first answer that the host would have refused; empty: none */
} tk_answers;

/* ---- instances ---- */

/*
 * Loads a plugin and makes an instance. `plugin` is a name, looked for in $RELEVO_PLUGINS and its triggers/,
 * or a path when it holds a '/'. Options follow as pairs (name, value as in YAML; JSON for LIST and JSON) up
 * to a NULL; what is not given is bound to its default as the host does. Any failure fails the test.
 */
tk *tk_open(const char *plugin, ...) __attribute__((sentinel, warn_unused_result));

/* Like tk_open, for options that the plugin must refuse: fails the test unless create returns an error with
   one line of message, which goes to `error`. */
void tk_refused(char error[TK_ERROR_SIZE], const char *plugin, ...) __attribute__((sentinel));

/* Destroys the instance and frees everything that was made from the kit; the .so stays loaded, as in the
   host. */
void tk_close(tk *kit);

/* ---- views ---- */

/* A customer's message `text` ("wamid.now") in a bot-owned conversation, without reading, turns or slots;
   text NULL: an event without a message, as a takeover to be summarized. */
tk_view *tk_message(tk *kit, const char *text);

/* Gives the view a reading of this intent and confidence, everything else zero; the caller sets the rest. */
relevo_reading *tk_read(tk_view *view, const char *intent, double confidence);

/* Appends a turn (RELEVO_BY_*), one minute apart, the last one a minute before the message. */
void tk_turn(tk_view *view, uint32_t by, const char *text);

/* Appends a slot; message_id may be NULL. */
void tk_slot(tk_view *view, const char *name, const char *value, const char *message_id);

/* Appends a trigger's answer, chosen as the handoff's cause or not. */
void tk_fired(tk_view *view, bool chosen, const char *trigger, double score, const char *evidence,
              const char *reason);

/* Puts the view into a handoff and makes the conversation queued. */
relevo_handoff *tk_handoff(tk_view *view, const char *trigger, double score, const char *evidence,
                           const char *reason);

/* Appends to the digest: a source already tried, the sentiment of an earlier message. */
void tk_tried(tk_view *view, const char *source);
void tk_trend(tk_view *view, double sentiment);

/* A text in a block of exactly its length; NULL gives an absent one. */
relevo_str tk_text(tk *kit, const char *text);

/* ---- running ---- */

/* Runs one operation over n views. Fails the test when the plugin has no such operation, returns an error, or
   emits an answer that the host would refuse. Not for TK_ON_RESULT. */
const tk_answers *tk_run(tk *kit, tk_phase phase, tk_view *const *views, uint32_t n);

/* Runs the operation in several threads at once, many times; fails the test unless all answers are those of
   tk_run. */
void tk_run_threads(tk *kit, tk_phase phase, tk_view *const *views, uint32_t n);

/* Runs the plugin's tool on a terminal; `shown` gets what stands there, cut at its size. Returns the tool's status, -1: it died. */
int tk_on_terminal(tk *kit, int32_t argc, const char *const *argv, char shown[TK_SHOWN_SIZE]);

/* Runs the plugin's tool between two pipes, as a program does that has something to ask: writes a line (without its newline) and waits for what
   is said to it, which `shown` gets to the end of its first line; then writes nothing more. Returns the tool's status. Fails the test when
   nothing is said in ten seconds. */
int tk_by_pipe(tk *kit, int32_t argc, const char *const *argv, const char *line, char shown[TK_SHOWN_SIZE]);

/* What the instance tells of its intents, a line each: "reads NAME", "awaits NAME at FILE:LINE"; "begins CHOICE", "runs FLOW", "hears ENTRY". */
void tk_intents(tk *kit, char told[TK_SHOWN_SIZE]);

/* Brings an effect's result back: on_result over one view. */
const tk_answers *tk_result(tk *kit, tk_view *view, uint32_t status, const char *context, const char *body);

/* ---- reading answers: the nth (from 0) of that kind about the view; NULL: there is none ---- */

const tk_answer *tk_find(const tk_answers *answers, uint32_t view, uint32_t kind, uint32_t nth);
const relevo_answer_reading *tk_reading(const tk_answers *answers, uint32_t view);
const relevo_answer_trigger *tk_trigger(const tk_answers *answers, uint32_t view);
const relevo_answer_reply *tk_reply(const tk_answers *answers, uint32_t view);
const relevo_answer_reply *tk_reply_at(const tk_answers *answers, uint32_t view, uint32_t nth);
const relevo_answer_abstain *tk_abstain(const tk_answers *answers, uint32_t view);
const relevo_answer_route *tk_route(const tk_answers *answers, uint32_t view);
const relevo_answer_effect *tk_effect(const tk_answers *answers, uint32_t view);
/* Value of a slot answered by that name. */
const char *tk_slot_value(const tk_answers *answers, uint32_t view, const char *name);
/* Text of the nth card field of that name. */
const char *tk_card(const tk_answers *answers, uint32_t view, const char *name, uint32_t nth);

/* Fails the test unless the two numbers are the same to nine digits or so. */
#define tk_assert_near(got, expected)                                                                        \
    do {                                                                                                     \
        double tk_got_ = (got), tk_expected_ = (expected);                                                   \
        if (!(tk_got_ - tk_expected_ < 1e-9 && tk_expected_ - tk_got_ < 1e-9)) {                             \
            fail_msg("%s is %.12g and not %.12g", #got, tk_got_, tk_expected_);                              \
        }                                                                                                    \
    } while (0)

/* True when the bytes are well-formed UTF-8 (no overlong forms, no surrogates). */
bool tk_utf8(const char *bytes, uint64_t n);

#endif
