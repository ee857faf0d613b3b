/* SPDX-License-Identifier: Apache-2.0 */
/* What a reply carries besides its text, as WhatsApp's Cloud API wants it: the type and content of an OutboundMessage. */
#ifndef RLV_WIRE_CONTENT_H
#define RLV_WIRE_CONTENT_H

#include "base/buf.h"
#include "model/answer.h"

enum rlv_outbound_type { /* the symbols of OutboundType that a reply may have */
    RLV_OUTBOUND_TEXT = 0,
    RLV_OUTBOUND_INTERACTIVE = 1,
    RLV_OUTBOUND_TEMPLATE = 2,
    RLV_OUTBOUND_IMAGE = 3,
    RLV_OUTBOUND_AUDIO = 4,
    RLV_OUTBOUND_VIDEO = 5,
    RLV_OUTBOUND_DOCUMENT = 6,
    RLV_OUTBOUND_READ = 11 /* no reply: a receipt */
};

enum rlv_outbound_type rlv_content_type(const rlv_extras *extras);
/* Appends the object that WhatsApp wants under the type's name. Not for RLV_OUTBOUND_TEXT. */
void rlv_content_put(rlv_buf *out, rlv_str text, const rlv_extras *extras);

/* Appends s as a JSON string, with its quotes (json.c). */
void rlv_json_quote(rlv_buf *out, rlv_str s);

#endif
