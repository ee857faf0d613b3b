/* SPDX-License-Identifier: Apache-2.0 */
/* The words that carry mood, and the patterns that ask for a person: data, by language. Folded as messages
 * are. */
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

/* Words that turn the next ones round, make them stronger, or give what follows more weight; separated by
 * spaces. */
extern const char *const rlc_negations[RLT_LANGUAGES];
extern const char *const rlc_boosters[RLT_LANGUAGES];
extern const char *const rlc_turns[RLT_LANGUAGES];

/*
 * A pattern over the words of a message, near ones too when they are long; parts separated by spaces:
 *   word        that word           a|b   one of these
 *   ?a|b        maybe one of these  <c>   a word of class c   *       up to 3 words, but no "para", "for"
 *   ^ and $     the message's beginning and end
 */
typedef struct rlc_pattern {
    double value; /* how sure a request for a person it is, 0 to 1; negative: certainly none */
    const char *pattern;
} rlc_pattern;

typedef struct rlc_class {
    const char *name, *words; /* a|b|c */
} rlc_class;

extern const rlc_pattern rlc_request_patterns[];
extern const size_t rlc_n_request_patterns;
extern const rlc_class rlc_request_classes[];
extern const size_t rlc_n_request_classes;

#endif
