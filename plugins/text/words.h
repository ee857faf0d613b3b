/* SPDX-License-Identifier: Apache-2.0 */
/* The table of common words; inside this library only. */
#ifndef RELEVO_TEXT_WORDS_H
#define RELEVO_TEXT_WORDS_H

#include "text/text.h"

#define RLT_WORD_BYTES 16u /* room of a word of the table */

typedef struct rlt_word_entry {
    char word[RLT_WORD_BYTES]; /* folded, filled up with zeros: compared as two numbers */
    uint8_t evidence;          /* bit 1 << rlt_language: the word is common in it */
    uint8_t stop;              /* bit 1 << rlt_language: it is a stop word there */
} rlt_word_entry;

extern const rlt_word_entry rlt_words[];
extern const size_t rlt_n_words;

/* NULL: not in the table. */
const rlt_word_entry *rlt_word_find(relevo_str word);

#endif
