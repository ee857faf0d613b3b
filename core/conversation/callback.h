/* SPDX-License-Identifier: Apache-2.0 */
/* Whether words say when or where a customer may be reached. Private to this room. */
#ifndef RLV_CONVERSATION_CALLBACK_H
#define RLV_CONVERSATION_CALLBACK_H

#include "base/str.h"

enum rlv_callback {
    RLV_CALLBACK_NONE, /* they say something else */
    RLV_CALLBACK_NO,   /* "no, gracias" */
    RLV_CALLBACK_YES,  /* "sí, por favor": when and where is still open */
    RLV_CALLBACK_SAID  /* a telephone number, an e-mail address, a time */
};

/* What a message (UTF-8; Spanish, Portuguese or English) answers to "when, and at which number?". In doubt NONE: then it is a message like any other. */
enum rlv_callback rlv_callback_read(rlv_str text);

#endif
