/* SPDX-License-Identifier: Apache-2.0 */
/* Personal data becomes placeholders before a text leaves, and comes back when an answer holds them. */
#ifndef RELEVO_TEXT_HIDE_H
#define RELEVO_TEXT_HIDE_H

#include <stdio.h>

#include "text/data.h"

enum { RLT_HIDDEN_MAX = 40, RLT_PLACEHOLDER_MAX = 16 };

/* What was hidden in one conversation: the same texts in the same order give the same placeholders, so that nothing has to be kept
   until the answer comes. */
typedef struct rlt_hidden {
    const rlt_finder *finder; /* borrowed */
    struct {
        char placeholder[RLT_PLACEHOLDER_MAX]; /* "[EMAIL_1]" */
        char *value;                           /* as it was first written */
        char *folded;                          /* of a name, which is hidden wherever it stands as a word, in any case; else NULL */
    } items[RLT_HIDDEN_MAX];
    int n;
} rlt_hidden;

/* A name of the customer, of several words perhaps: each of three letters or more is hidden from here on. False: out of memory. */
bool rlt_hide_name(rlt_hidden *hidden, relevo_str name);
/* Writes the text with placeholders for e-mail addresses, telephone, card and tax numbers, any other number of seven digits or more, words of
   eight characters or more with letters and four digits or more ("AAB123456", "CAF-48213"), and the names known so far. What there is no room
   for any more is left out: "[...]". False: out of memory. */
bool rlt_hide(rlt_hidden *hidden, relevo_str text, FILE *out);
/* Writes the text with what the placeholders stand for. False: it holds one that nobody gave, or out of memory. */
bool rlt_unhide(const rlt_hidden *hidden, relevo_str text, FILE *out);
void rlt_hidden_clear(rlt_hidden *hidden);

#endif
