/* SPDX-License-Identifier: Apache-2.0 */
/* A message's words, in the form in which they are compared: small letters, no accents, no punctuation. Private to this room. */
#ifndef RLV_CONVERSATION_WORDS_H
#define RLV_CONVERSATION_WORDS_H

#include "base/str.h"

enum {
    RLV_WORDS_READ_MAX = 512, /* bytes that are kept */
    RLV_WORDS_MAX = 48
};

typedef struct rlv_words {
    char text[RLV_WORDS_READ_MAX];   /* folded, a NUL behind each word */
    const char *word[RLV_WORDS_MAX]; /* within text: not to be copied */
    size_t used;                     /* bytes of text */
    int n;
    bool inside; /* the last word goes on */
    bool asks;   /* there is a question mark */
} rlv_words;

/* Reads a text (UTF-8; what is none is passed over) until there is no room for more. */
void rlv_words_read(rlv_str text, rlv_words *ret);
/* Whether two texts are the same words, as far as they are read. False where one has none. */
bool rlv_words_same(rlv_str a, rlv_str b);
/* A hash of the words as they are compared, by which a question that comes again is known; 0 where there is none: a word alone ("hola", "gracias")
   is one only with a question mark. */
uint64_t rlv_words_question(rlv_str text);

#endif
