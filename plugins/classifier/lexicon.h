/* SPDX-License-Identifier: Apache-2.0 */
/* The words that carry mood, and the patterns that carry a tone or ask for a person: data, by language. Folded as
 * messages are. */
#ifndef RELEVO_CLASSIFIER_LEXICON_H
#define RELEVO_CLASSIFIER_LEXICON_H

#include "text/text.h"

#define RLC_ES  (1u << RLT_ES)
#define RLC_PT  (1u << RLT_PT)
#define RLC_EN  (1u << RLT_EN)
#define RLC_ALL (RLC_ES | RLC_PT | RLC_EN)

/* Words of one strength. Their stems count too, in their language. */
typedef struct rlc_words {
    uint8_t languages; /* RLC_ES ... */
    int8_t value;      /* -4 very negative ... 4 very positive */
    uint8_t anger;     /* 0 none ... 4 insult */
    const char *words; /* separated by spaces; phrases of several words by commas */
} rlc_words;

extern const rlc_words rlc_mood_words[];
extern const size_t rlc_n_mood_words;
extern const rlc_words rlc_mood_phrases[];
extern const size_t rlc_n_mood_phrases;

/* Words that do something to others; separated by spaces. */
extern const char *const rlc_negations[RLT_LANGUAGES];  /* turn the next ones round */
extern const char *const rlc_boosters[RLT_LANGUAGES];   /* make the next one stronger */
extern const char *const rlc_turns[RLT_LANGUAGES];      /* give what follows more weight */
extern const char *const rlc_conditions[RLT_LANGUAGES]; /* begin what is only supposed */
extern const char *const rlc_matters[RLT_LANGUAGES];    /* bad, but what a shop is asked about too: "reclamo" */
extern const char *const rlc_swears[RLT_LANGUAGES];     /* insults, but beside praise its emphasis: "damn good" */
extern const char *const rlc_nevers[RLT_LANGUAGES];     /* negations that praise when a degree follows: "nunca ... tan rico" */
extern const char *const rlc_degrees[RLT_LANGUAGES];

/*
 * A pattern over the words of a message; parts separated by spaces:
 *   word        that word           a|b   one of these
 *   ?a|b        maybe one of these  <c>   a word of class c   *       up to 3 words, but none that is barred
 *   ^ and $     the message's beginning and end               ,   a mark, or its end
 */
typedef struct rlc_pattern {
    double value; /* how sure or strong it is, above 0 to 1; negative: certainly none, its words are taken away from the others of its group */
    const char *pattern;
} rlc_pattern;

typedef struct rlc_class {
    const char *name, *words; /* a|b|c */
} rlc_class;

/* What is said by the same patterns; the negative ones come first. */
typedef struct rlc_pattern_group {
    const rlc_pattern *patterns;
    size_t n;
} rlc_pattern_group;

#define RLC_GROUPS_MAX 4u

typedef struct rlc_pattern_table {
    rlc_pattern_group groups[RLC_GROUPS_MAX];
    size_t n_groups;
    const rlc_class *classes;
    size_t n_classes;
    const char *barred; /* a|b|c: words that * must not skip */
    size_t near_min;    /* bytes of a word that may be misspelt; SIZE_MAX: none may */
} rlc_pattern_table;

extern const rlc_pattern_table rlc_request_table;

/* The groups of rlc_tone_table: what words say together, whatever each says alone. */
enum {
    RLC_IRONIC,    /* praise that means the opposite */
    RLC_IMPATIENT, /* patience at its end */
    RLC_SCORN,     /* contempt, fury */
    RLC_TROUBLE,   /* something went wrong, told calmly or not */
    RLC_TONES
};

extern const rlc_pattern_table rlc_tone_table;

#endif
