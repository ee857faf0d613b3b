/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What plugins said about one event, in the order of the configuration and then of emission: so the same plugins give
 * the same decision. Plain data in the arena of the batch.
 */
#ifndef RLV_MODEL_ANSWER_H
#define RLV_MODEL_ANSWER_H

#include "base/str.h"

enum rlv_answer_kind { /* the values of RELEVO_ANSWER_*, and one of our own */
    RLV_ANSWER_READING = 1,
    RLV_ANSWER_TRIGGER = 2,
    RLV_ANSWER_REPLY = 3,
    RLV_ANSWER_ABSTAIN = 4,
    RLV_ANSWER_SLOT = 5,
    RLV_ANSWER_ROUTE = 6,
    RLV_ANSWER_CARD = 7,
    RLV_ANSWER_EFFECT = 8,
    RLV_ANSWER_MEMORY = 9,
    RLV_ANSWER_FAILURE = 100 /* the plugin gave no answer: the host says so in its place */
};

enum rlv_phase {
    RLV_PHASE_CLASSIFY = 0,
    RLV_PHASE_TRIGGER = 1,
    RLV_PHASE_RESPOND = 2,
    RLV_PHASE_ROUTE = 3,
    RLV_PHASE_SUMMARIZE = 4,
    RLV_PHASE_NOTIFY = 5,
    RLV_PHASE_RESULT = 6,
    RLV_PHASES = 7
};

typedef struct rlv_reading {
    rlv_str language, intent;
    double confidence, out_of_scope, sentiment, anger, wants_person; /* ranges as in relevo/plugin.h */
} rlv_reading;

enum { /* flags of a reply: the values of RELEVO_REPLY_* */
    RLV_REPLY_ASKS = 1,
    RLV_REPLY_RESUMES = 2,
    RLV_REPLY_ALSO = 4
};

enum { RLV_BUTTONS_MAX = 3 }; /* RELEVO_BUTTONS_MAX */

typedef struct rlv_choice {
    rlv_str id, title, description;
} rlv_choice;

/* What a text to the customer carries besides: choices (up to RLV_BUTTONS_MAX are buttons, more are a list), media. */
typedef struct rlv_extras {
    const rlv_choice *choices;
    size_t n_choices;
    rlv_str menu;                  /* what opens the list; absent: "Menu" */
    rlv_str media_kind, media_url; /* WhatsApp's word, and where it lies; both or none */
    rlv_str media_id, media_name;  /* in place of media_url, a person's file: what WhatsApp calls it, and what they do */
    rlv_str template, language;    /* an approved template, that is sent instead of all else; absent: none */
    const rlv_str *parameters;     /* of the template's body, in their order */
    size_t n_parameters;
} rlv_extras;

typedef struct rlv_route {
    int32_t priority;
    int32_t rank; /* RELEVO_RANK_*; 0: least loaded */
    rlv_str team, language, agent;
    const rlv_str *skills;
    size_t n_skills;
} rlv_route;

typedef struct rlv_effect {
    uint32_t timeout_ms; /* 0: the destination's */
    uint32_t hold_ms;    /* the message waits so long for the result; 0: not at all */
    rlv_str destination, method, path, content_type, body, context;
} rlv_effect;

typedef struct rlv_answer {
    struct rlv_answer *next;
    enum rlv_answer_kind kind;
    rlv_str plugin; /* name of the entry in the configuration */
    bool writes_card; /* it summarizes: what it remembers may be shown there */
    union {
        rlv_reading reading;
        struct { double score; rlv_str evidence, reason; bool asked; double unless_answered; } trigger; /* asked: the customer asked for a person */
        struct { double confidence; rlv_str text, source; uint32_t flags; rlv_extras extras; } reply;
        struct { double best; rlv_str reason; } abstain;
        struct { rlv_str name, value; bool amends; } slot; /* amends: what was over, and may have been told */
        rlv_route route;
        struct { rlv_str name, text, message_id; } card;
        rlv_effect effect;
        rlv_str memory;
        struct { enum rlv_phase phase; rlv_str reason; bool fatal; } failure; /* fatal: its process did not survive it */
    } as;
} rlv_answer;

/* All answers about one event; grows from phase to phase. */
typedef struct rlv_answers {
    rlv_answer *first, *last;
} rlv_answers;

static inline void rlv_answers_push(rlv_answers *answers, rlv_answer *answer)
{
    answer->next = NULL;
    if (answers->last)
        answers->last->next = answer;
    else
        answers->first = answer;
    answers->last = answer;
}

/* The stable word of a phase: "classify", ... */
const char *rlv_phase_name(enum rlv_phase phase);

#endif
