/* SPDX-License-Identifier: Apache-2.0 */
/* What a message takes back of itself: "no, el 5 no, el 6", "básico, perdón, premium", "eran 50 no 40". */
#ifndef RELEVO_LEAD_RETRACT_H
#define RELEVO_LEAD_RETRACT_H

#include "value.h"

/* Takes the message apart into what it means and what it takes back, clause by clause; both are documents in its work. *ret_any: it means something, and
   takes something else back; else both are untouched. False: out of memory. */
bool lq_retract(const lq_message *in, bool *ret_any, rlt_doc *ret_kept, rlt_doc *ret_back);

/* Whether the message puts right something that was said: it begins with words that do, or holds several in a row. *ret: where, the first of them. */
bool lq_corrects(const lq_message *in, rlt_match *ret);

/* Whether the message is one word that says no. */
bool lq_is_no(const lq_message *in);

#endif
