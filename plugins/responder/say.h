/* SPDX-License-Identifier: Apache-2.0 */
/* What the responder says without an article: never a fact. Each sentence can be replaced in the configuration. */
#ifndef RELEVO_RESPONDER_SAY_H
#define RELEVO_RESPONDER_SAY_H

#include "text/text.h"
#include "text/yaml.h"

typedef enum rlr_sentence {
    RLR_SAY_WHICH,    /* above two buttons: "¿Cuál de estas cosas quieres saber?" */
    RLR_SAY_SORRY,    /* to "eso no es lo que pregunté" */
    RLR_SAY_NEED,     /* to "sí", where nothing was asked: what is wanted? */
    RLR_SAY_PARTLY,   /* behind an answer: the rest is not known */
    RLR_SAY_VOICE,    /* voice notes: please write */
    RLR_SAY_IMAGE,    /* pictures: received, what about them? */
    RLR_SAY_STICKER,
    RLR_SAY_MEDIA,    /* anything else */
    RLR_SENTENCES
} rlr_sentence;

typedef struct rlr_sayings {
    rlt_work *work; /* holds the configuration's */
    relevo_str in[RLR_SENTENCES][RLT_LANGUAGES];
} rlr_sayings;

/* `json`: {"which": {"es": "...", ...}, ...} or "{}". False: *error says what is wrong. */
bool rlr_sayings_make(relevo_str json, rlr_sayings *ret, rlt_error *error);
void rlr_sayings_clear(rlr_sayings *sayings);

/* In the language, Spanish when it is unknown. `ret_source` (may be NULL): "talk.which", ... */
relevo_str rlr_say(const rlr_sayings *sayings, rlr_sentence sentence, rlt_language language, relevo_str *ret_source);

/* "Eso no es lo que pregunté", "you did not answer": the last answer was none. */
/* NULL: out of memory. */
rlt_phrases *rlr_objections_new(void);

#endif
