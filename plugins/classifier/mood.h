/* SPDX-License-Identifier: Apache-2.0 */
/* Sentiment and anger of a message, from a lexicon of words and patterns. */
#ifndef RELEVO_CLASSIFIER_MOOD_H
#define RELEVO_CLASSIFIER_MOOD_H

#include "text/text.h"

/* The lexicon, made ready for look-ups; immutable. */
typedef struct rlc_lexicon rlc_lexicon;

/* NULL: out of memory. */
rlc_lexicon *rlc_lexicon_new(void);
/* Accepts NULL. */
void rlc_lexicon_free(rlc_lexicon *lexicon);

typedef struct rlc_mood {
    double sentiment; /* -1 to 1 */
    double anger;     /* 0 to 1 */
    bool settled;     /* the words do not mean what each says alone: "no está mal", "¿qué pasa si llega roto?", "genial, otra demora" */
    const char *name; /* "negative", "neutral" or "positive" */
} rlc_mood;

#define RLC_NEUTRAL 0.2 /* |sentiment| up to which a message is called neutral */

/* Reads the mood. `language` is the message's; RLT_UNKNOWN: words of all languages count. */
rlc_mood rlc_mood_read(const rlc_lexicon *lexicon, rlt_work *work, const rlt_doc *doc, rlt_language language);

#endif
