/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions over what is known of a conversation: read from JSON, checked, and tested against a view. They must never
 * judge words: other triggers do.
 */
#ifndef RELEVO_RULE_CONDITIONS_H
#define RELEVO_RULE_CONDITIONS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "relevo/plugin.h"

typedef enum subject {
    SUBJECT_SLOT,        /* name; filled, one of words, or a number in [least, most] */
    SUBJECT_SILENCE,     /* the customer has said nothing for a while, and that is what is asked about */
    SUBJECT_RESULT,      /* an effect that a plugin asked for (words: its entry) came back, and that is what is asked about; its HTTP status in [least, most] */
    SUBJECT_TYPE,        /* of the message: words */
    SUBJECT_INTENT,      /* words, with a confidence of at least `least` */
    SUBJECT_LANGUAGE,    /* words */
    SUBJECT_CUSTOMER,    /* wa_id or user id: words */
    SUBJECT_TAG,         /* that an agent marked the customer with: words */
    SUBJECT_MISSES,      /* at least `least` */
    SUBJECT_REPEATS,     /* the same */
    SUBJECT_MESSAGES,    /* the same */
    SUBJECT_BOT_REPEATS, /* the bot has said its last words at least `least` times */
    SUBJECTS
} subject;

typedef struct condition {
    subject subject;
    relevo_str name; /* of the slot */
    const json_t *words; /* a list of texts; NULL: none asked for */
    double least, most;
    bool number; /* least and most are asked for */
} condition;

typedef struct conditions {
    json_t *json; /* what the texts are borrowed from */
    condition *items;
    size_t n;
} conditions;

/* Reads the option `key` (a JSON list, or absent: none). On failure returns false with one line in error: the option, the
   entry's number, what is wrong. *ret is to be given to conditions_free in both cases. */
bool conditions_read(const char *key, relevo_str text, conditions *ret, char *error, size_t error_size);
void conditions_free(conditions *list);

/* Tells of the intents that a list asks for, and of the plugins whose results. */
void conditions_intents(const conditions *list, const relevo_intents *to);

/* Whether one holds. Pure: any thread. */
bool condition_holds(const condition *c, const relevo_view *view);

#endif
