/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions as a person reads them: who said what, and below it, dimmed, why. Pure: JSON in, text out. */
#ifndef RLV_CLI_TIMELINE_H
#define RLV_CLI_TIMELINE_H

#include <jansson.h>

#include "base/buf.h"

/* What the renderer remembers between decisions. Zero it, set the first two, give it back to rlv_timeline_end. */
typedef struct rlv_timeline {
    bool colour;
    int columns;           /* of the screen */
    char conversation[40]; /* that the last line was about */
    json_t *ends;          /* id of a message of ours -> what became of it, as foreseen */
    json_t *said;          /* id of a message of ours -> its beginning */
} rlv_timeline;

/*
 * Tells of a decision that will be rendered later: what became of a message is then printed below that message, and not
 * again where its status came. Optional; to be called in the order of rendering.
 */
void rlv_timeline_foresee(rlv_timeline *timeline, const json_t *decision);
void rlv_timeline_end(rlv_timeline *timeline);

/*
 * Appends the lines of one Decision record, as rlv_wire_to_json gives it. Decisions of a conversation must
 * come in order. What customers wrote never reaches the terminal as a control sequence. Times are local.
 * Unknown kinds give nothing.
 */
void rlv_timeline_render(rlv_timeline *timeline, const json_t *decision, rlv_buf *out);

#endif
