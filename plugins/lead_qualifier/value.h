/* SPDX-License-Identifier: Apache-2.0 */
/* Values of slots, taken out of one message. */
#ifndef RELEVO_LEAD_VALUE_H
#define RELEVO_LEAD_VALUE_H

#include "words.h"

#define LQ_VALUE_MAX 256u /* bytes, as the core keeps of a slot */

/* What all readings of one message share. */
typedef struct lq_message {
    const lq_words *words;
    const rlt_finder *finder;
    rlt_work *work;
    rlt_doc doc;
    const char *country; /* "MX", ...; "": unknown */
    int64_t today;       /* days since 1970-01-01 at the business */
    rlt_language language; /* that is spoken */
} lq_message;

typedef enum lq_found {
    LQ_NOTHING,
    LQ_WEAK,  /* it is what the message says when it is an answer to the question */
    LQ_STRONG /* its form or its words show what it is: also when nobody asked */
} lq_found;

/* Reads the slot's value in the message. `ret` is NUL-terminated, untouched when there is none. A value outside the
   slot's limits (`min`, `future`, ...) is none. */
lq_found lq_value_read(const lq_message *in, const lq_slot *slot, char ret[LQ_VALUE_MAX + 1]);

/* Whether the message names the slot: by its own words, or by those of its type. */
bool lq_value_named(const lq_message *in, const lq_slot *slot);

/* Whether the message is a proper name of two words or more, as its capitals show: "Rio de Janeiro". */
bool lq_is_proper_name(const lq_message *in);

#endif
