/* SPDX-License-Identifier: Apache-2.0 */
/* The request: what the model is told, and nothing else of the customer. */
#ifndef RELEVO_LLM_ASK_H
#define RELEVO_LLM_ASK_H

#include "said.h"

typedef struct llm_manner {
    const char *model, *instructions; /* instructions: of the business, may be empty */
    int64_t max_tokens;
    bool schema; /* the endpoint takes a JSON schema for its output */
} llm_manner;

/* What personal data the conversation holds so far, then the body of /chat/completions; NULL: out of memory. The caller frees it. The
   same view gives the same body and the same given->hidden. */
char *llm_ask(const llm_manner *manner, const relevo_view *view, llm_given *given);
/* Only the first half: given->hidden as llm_ask leaves it. False: out of memory. */
bool llm_ask_again(const relevo_view *view, llm_given *given);

#endif
