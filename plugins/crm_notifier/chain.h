/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan under way. Each request is an effect whose context says which step it is and what was kept so far; what only the
 * handoff's own view tells (reason, evidence, ...) is remembered with the conversation until the last answer is there; where
 * amendments are told, too, it stays with what was kept, until the stretch ends. So
 * nothing is held in this process, and the next step may be taken by another one.
 */
#ifndef RELEVO_CRM_NOTIFIER_CHAIN_H
#define RELEVO_CRM_NOTIFIER_CHAIN_H

#include "crm_notifier/plan.h"
#include "relevo/plugin.h"

/* Asks for the first request about view i. event: one of plan_events. RELEVO_OK, or RELEVO_E_*. */
int32_t chain_begin(const plan *p, const char *destination, const char *event, const relevo_view *view, uint32_t i,
                    const relevo_sink *sink);
/* What was told of this conversation is amended: the requests for that, with what the first ones told and kept; when those are still under way,
   behind the last. Nothing, when nothing is remembered of any. */
int32_t chain_amend(const plan *p, const char *destination, const relevo_view *view, uint32_t i, const relevo_sink *sink);
/* An answer came: the next request, or the end. */
int32_t chain_go_on(const plan *p, const char *destination, const relevo_view *view, const relevo_result *result, uint32_t i,
                    const relevo_sink *sink);

#endif
