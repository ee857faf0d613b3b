/* SPDX-License-Identifier: Apache-2.0 */
/* Labelled texts: what a model is trained on, from an intents.yaml or a CSV file. */
#ifndef RELEVO_CLASSIFIER_EXAMPLES_H
#define RELEVO_CLASSIFIER_EXAMPLES_H

#include "text/text.h"
#include "text/yaml.h"

#define RLC_LABELS_MAX 1000u
#define RLC_LABEL_MAX  200u /* bytes of a label */
#define RLC_INTENT_MAX 63u  /* of an intent, which travels */
#define RLC_OUTSIDE_MAX 16u /* labels of what is outside every intent */

typedef struct rlc_example {
    char *text; /* owned */
    uint32_t len;
    uint32_t label;
} rlc_example;

typedef struct rlc_examples {
    rlc_example *items;
    uint32_t n, room;
    char **labels; /* in the order of first appearance */
    uint32_t n_labels;
    rlc_example *outside; /* messages of no intent: they teach what is out of scope; their label means nothing */
    uint32_t n_outside, outside_room;
    uint32_t n_empty, empty_line; /* rows of a CSV file without a text or a label, which are left out; the line of the first */
    uint32_t n_broken, broken_line; /* rows whose text is no UTF-8, which are read as far as it is */
    const char *no_row; /* the first of the columns' labels of what is outside that no row has; borrowed from them. NULL: each has one */
} rlc_examples;

/* Reads an intents file (format in README.md). False: *error says file, line and what to do; *examples is
   empty then. */
bool rlc_examples_load_intents(const char *path, rlc_examples *examples, rlt_error *error);

/* What a CSV file's columns are called, and the labels of messages that are outside every intent. */
typedef struct rlc_columns {
    const char *text, *label;
    const char *const *outside;
    uint32_t n_outside; /* at most RLC_OUTSIDE_MAX */
} rlc_columns;

/* Reads a CSV file (RFC 4180, or with semicolons or tabs; the first line names the columns). Rows without a text or a label are left out
   and counted: whoever calls says so. */
bool rlc_examples_load_csv(const char *path, const rlc_columns *columns, rlc_examples *examples,
                           rlt_error *error);

/* Whether a model can be trained on them: two labels, with `least` examples each. False: *error says what is missing.
   With two, each can be held out while the other trains; who writes intents by hand should be held to that. */
bool rlc_examples_check(const rlc_examples *examples, uint32_t least, const char *path, rlt_error *error);

/* How many examples have the very text of one with another label, which teaches nothing; *ret_one and *ret_other are two such. 0: none, or
   out of memory. */
uint32_t rlc_examples_contradictions(const rlc_examples *examples, const rlc_example **ret_one, const rlc_example **ret_other);

/* Frees the contents. */
void rlc_examples_clear(rlc_examples *examples);

#endif
