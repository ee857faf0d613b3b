/* SPDX-License-Identifier: Apache-2.0 */
/* The views that plugins are given, built once a phase. */
#ifndef RLV_HOST_VIEW_H
#define RLV_HOST_VIEW_H

#include "host/host.h"

typedef struct rlv_views {
    relevo_view *views;            /* n */
    const relevo_view **list;      /* n: what the plugin gets */
    const relevo_result **results; /* n in RLV_PHASE_RESULT, else NULL */
} rlv_views;

/* Builds a view of each subject in arena; texts are borrowed from the subjects. False when the arena is full.
 */
RLV_MUST_CHECK bool rlv_views_build(rlv_arena *arena, enum rlv_phase phase, const rlv_subject *subjects,
                                    size_t n, rlv_views *ret);

/* Puts into a view what this plugin remembers of the conversation; before each plugin's call. */
void rlv_view_remember(relevo_view *view, const rlv_subject *subject, rlv_str entry);

#endif
