/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered to a message, and why not: one question or several, a follow-up, two articles about equally near. */
#ifndef RELEVO_RESPONDER_DECIDE_H
#define RELEVO_RESPONDER_DECIDE_H

#include "text/search.h"

#define RLR_THRESHOLD   "0.5"
#define RLR_MARGIN      "0.03"
#define RLR_ANSWERS_MAX 5u /* of one message */

typedef struct rlr_decision {
    rlt_found found;
    bool answers;  /* found.best is the answer */
    bool clarify;  /* found.best and found.second both are, about equally well */
    char why[256]; /* one sentence for people, also when it answers */
} rlr_decision;

/* Of what was found for one question. */
rlr_decision rlr_decide(const rlt_found *found, double threshold, double margin);

/* Adds the articles of small talk that come with the plugin (smalltalk.c), but for those that the business wrote itself. False: *error says
   why. */
bool rlr_kb_add_smalltalk(rlt_kb *kb, rlt_error *error);

typedef struct rlr_settings {
    const rlt_kb *kb;
    const rlt_index *index;
    double threshold, margin;
} rlr_settings;

/* What a message is answered in the light of. */
typedef struct rlr_context {
    rlt_asking asking; /* its intent is that of the message as a whole */
    relevo_str last;   /* ids of the articles that were answered last, with a space between; absent: none */
    const relevo_str *heard; /* what the customer said before */
    size_t n_heard;
} rlr_context;

/* One of the two that the customer is asked to choose from. */
typedef struct rlr_button {
    const rlt_article *article;
    relevo_str title; /* as much of its title as a button has room for */
} rlr_button;

typedef struct rlr_plan {
    rlr_decision whole; /* of the message as one question; `why` holds for the plan */
    rlr_button which[2]; /* of whole.clarify */
    const rlt_article *answers[RLR_ANSWERS_MAX];
    double scores[RLR_ANSWERS_MAX];
    size_t n_answers;
    bool partly;  /* one of its questions has no answer */
    bool refused; /* an article fits the message, which refuses what it is about: there is no answer */
    bool again;   /* the answer was given last, and the customer asks for nothing else that is in it: it did not help */
} rlr_plan;

/* `work` holds the document and must not be reset before the plan was used. False: out of memory. */
bool rlr_plan_make(const rlr_settings *settings, rlt_work *work, const rlt_doc *doc, const rlr_context *context, rlr_plan *ret);

/* Whether a list of ids with spaces between has this one. */
bool rlr_has_id(relevo_str list, relevo_str id);

/* `relevo responder ...`: see tool.c. */
int32_t rlr_tool(int32_t argc, const char *const *argv);

#endif
