/* SPDX-License-Identifier: Apache-2.0 */
/* Looking over a knowledge base for whoever writes it. */
#ifndef RELEVO_RESPONDER_CHECK_H
#define RELEVO_RESPONDER_CHECK_H

#include "decide.h"

typedef struct rlr_checked {
    const rlr_settings *settings;
    uint32_t n_written;          /* articles that the business wrote: the first ones; the plugin's own small talk follows */
    const char *folder;          /* of the articles, for messages */
    const char *intents, *flows; /* files of the classifier and of lead_qualifier; NULL: not looked into */
} rlr_checked;

/* Tells on standard output of what is to be mended, a line each, and how many articles there are; on a terminal shows how far it is. `work` is
   reset. False: *error says what is refused, or that there is no output. */
bool rlr_check(const rlr_checked *checked, rlt_work *work, rlt_error *error);

#endif
