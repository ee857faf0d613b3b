/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Question flows: what a business wants to know of a customer, in which order, and what it is worth. Read from YAML once
 * and then immutable; the format is in README.md.
 */
#ifndef RELEVO_LEAD_FLOWS_H
#define RELEVO_LEAD_FLOWS_H

#include "text/data.h"
#include "text/yaml.h"

#define LQ_FLOWS_MAX   16u /* of one file: a bit each in what is remembered */
#define LQ_SLOTS_MAX   16u /* of one flow: a bit each, too */
#define LQ_NAME_MAX    31u /* bytes of an id */
#define LQ_ASK_MAX     400u /* characters of each text: with a hint before it, buttons still fit below */
#define LQ_ATTEMPTS    2   /* times that a slot is asked for, unless it says otherwise */

/* A text in the languages that Relevo speaks; absent ones fall back to the first that is there. */
typedef struct lq_text {
    relevo_str in[RLT_LANGUAGES];
} lq_text;

typedef enum lq_type {
    LQ_NAME,
    LQ_EMAIL,
    LQ_PHONE,
    LQ_TAX_ID,
    LQ_DATE,
    LQ_AMOUNT,
    LQ_CHOICE,
    LQ_CITY,
    LQ_TEXT,
    LQ_ORDER_NUMBER,
    LQ_TYPES
} lq_type;

typedef struct lq_choice {
    relevo_str value; /* what is stored */
    lq_text title;    /* what the customer sees and chooses */
} lq_choice;

typedef struct lq_condition {
    relevo_str slot;
    const relevo_str *is; /* one of these; n_is 0: any value */
    size_t n_is;
    bool negated;    /* none of these: `not` */
    double min, max; /* of the number that the value begins with; -INFINITY, INFINITY: any */
    double within_days; /* of a date, from today on; INFINITY: any */
} lq_condition;

typedef struct lq_slot {
    relevo_str name;
    lq_type type;
    lq_text ask, hint; /* hint: said before asking again; absent: the type's own */
    const lq_choice *choices;
    size_t n_choices;
    rlt_phrases *phrases;      /* titles, values and words of the choices; NULL: none */
    const uint8_t *phrase_of;  /* which choice each phrase means */
    rlt_phrases *words;        /* what customers call it: "personas", "mi correo"; NULL: none */
    double min, max;           /* of an amount */
    int attempts;
    bool optional, future, from_start, from_whatsapp, keep;
    bool hand_off; /* when it cannot be had: to a person; else it is left out */
    const lq_condition *when; /* all must hold for it to be asked */
    size_t n_when;
} lq_slot;

typedef struct lq_rule {
    const lq_condition *when;
    size_t n_when;
    double fit, interest;
} lq_rule;

typedef struct lq_flow {
    relevo_str id;
    bool lead; /* else data: nothing is scored */
    lq_text title; /* what people call it; absent: the id */
    const relevo_str *intents, *choices; /* what begins it */
    size_t n_intents, n_choices;
    relevo_str where; /* "FILE:LINE" of the intents; absent: none */
    double min_confidence;
    rlt_phrases *keywords; /* NULL: none */
    lq_text intro, done, collected, cancelled, resume; /* collected: instead of done, to who waits for a person */
    const lq_slot *slots;
    size_t n_slots;
    const lq_rule *rules;
    size_t n_rules;
    bool hand_off; /* when it is complete */
} lq_flow;

typedef struct lq_flows {
    rlt_work *work; /* holds all texts and lists */
    lq_flow *flows;
    size_t n;
} lq_flows;

/* Reads a file. False: *error says file, line and what to do. */
bool lq_flows_load(const char *path, lq_flows *ret, rlt_error *error);
/* The same of a text; `path` is for messages. */
bool lq_flows_parse(const char *path, relevo_str text, lq_flows *ret, rlt_error *error);
/* Accepts one that is all zero. */
void lq_flows_clear(lq_flows *flows);

/* NULL: there is none of that id, or name. */
const lq_flow *lq_flow_find(const lq_flows *flows, relevo_str id);
const lq_slot *lq_slot_find(const lq_flow *flow, relevo_str name);
/* By its value. */
const lq_choice *lq_choice_find(const lq_slot *slot, relevo_str value);

/* The text in a language, else in the first of es, pt, en that it has; absent: none. */
relevo_str lq_say(const lq_text *text, rlt_language language);

#endif
