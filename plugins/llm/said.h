/* SPDX-License-Identifier: Apache-2.0 */
/* What the model said: read, and believed only as far as it can be checked. */
#ifndef RELEVO_LLM_SAID_H
#define RELEVO_LLM_SAID_H

#include "text/hide.h"
#include "text/search.h"

enum {
    LLM_ARTICLES_MAX = 6,
    LLM_TEXT_MAX = 1024,     /* characters */
    LLM_CONTENT_MAX = 16384, /* bytes of the model's output */
    LLM_SOURCE_MAX = 128     /* bytes of a reply's source: the host takes no longer one */
};

typedef enum llm_action { LLM_ANSWER = 0, LLM_ASK = 1, LLM_HANDOFF = 2, LLM_ACTIONS = 3 } llm_action;
extern const char *const llm_actions[LLM_ACTIONS];

/* What it was given to answer from. */
typedef struct llm_given {
    const rlt_article *articles[LLM_ARTICLES_MAX];
    size_t n;
    relevo_str message;    /* of the customer, as written */
    rlt_asking asking;     /* in the light of which they were found; its language is to be answered in, RLT_UNKNOWN: any */
    rlt_hidden hidden;
} llm_given;

typedef struct llm_said {
    llm_action action;
    char *text; /* to the customer, without placeholders; NULL for a handoff. The caller's to free */
    char source[LLM_SOURCE_MAX + 1]; /* ids of the articles that it names, as many as there is room for, a space between; "": none */
} llm_said;

/* Tokens that the endpoint counted; untouched where it did not. Whatever else the body is. */
void llm_said_usage(relevo_str body, int64_t *ret_in, int64_t *ret_out);

/* Bytes of the model's output, whatever it says; 0: the body holds none. */
size_t llm_said_content(relevo_str body);

/* Reads a body of /chat/completions. False: it cannot be believed, *ret_why says why in one sentence, a literal. Any bytes may come. */
bool llm_said_read(relevo_str body, const llm_given *given, llm_said *ret, const char **ret_why);

#endif
