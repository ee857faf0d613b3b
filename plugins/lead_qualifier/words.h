/* SPDX-License-Identifier: Apache-2.0 */
/* What the plugin knows of language: how customers cancel, correct and refuse; its own few sentences. */
#ifndef RELEVO_LEAD_WORDS_H
#define RELEVO_LEAD_WORDS_H

#include "flows.h"

typedef enum lq_meaning {
    LQ_CANCELS,   /* "olvídalo": the flow ends */
    LQ_CORRECTS,  /* "no, mi correo es": something said before was wrong */
    LQ_LACKS,     /* "no sé", "prefiero no decirlo": no value for this slot */
    LQ_INTRODUCES, /* "me llamo": a name follows */
    LQ_AGREES      /* "sí", "perfecto", "hola": says no value */
} lq_meaning;
#define LQ_MEANINGS 5

typedef enum lq_sentence {
    LQ_SAY_RESUME,    /* before a question that is taken up again */
    LQ_SAY_CORRECTED, /* something was changed */
    LQ_SAY_ADDED,     /* or added, when nothing was asked any more */
    LQ_SAY_CANCELLED,
    LQ_SAY_MEANWHILE, /* to who waits for a person: before the first question, */
    LQ_SAY_COLLECTED, /* when all is known, */
    LQ_SAY_WAITS,     /* or nothing more is to be had */
    LQ_SAY_THANKS,    /* instead of a `done` of which nothing can be said */
    LQ_SAY_PAST,      /* before asking again: a day that was, */
    LQ_SAY_BETWEEN,   /* or a number outside its limits: "<" is the least, ">" the most */
    LQ_SAY_LEAST,
    LQ_SAY_MOST,
    LQ_SAY_MENU,      /* what opens a list */
    LQ_SAY_COMPLETE,  /* for people: why a person should take it */
    LQ_SAY_STUCK      /* the same */
} lq_sentence;
#define LQ_SENTENCES 15

/* Compiled once, immutable. */
typedef struct lq_words {
    rlt_phrases *meanings[LQ_MEANINGS];
    rlt_phrases *of_type[LQ_TYPES]; /* what customers call data of a type; NULL: no words of its own */
} lq_words;

/* False: out of memory. */
bool lq_words_make(lq_words *ret);
void lq_words_clear(lq_words *words);

/* Whether the message says so; *ret_match (may be NULL) gets where first. */
bool lq_means(const lq_words *words, lq_meaning meaning, const rlt_doc *doc, rlt_match *ret_match);

/* In the language, Spanish when it is unknown. */
relevo_str lq_sentence_in(lq_sentence sentence, rlt_language language);
/* What a value of this type looks like. */
relevo_str lq_hint_in(lq_type type, rlt_language language);

#endif
