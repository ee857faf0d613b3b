/* SPDX-License-Identifier: Apache-2.0 */
/* The names that a template may use between {{ and }}, and what they stand for in a view. */
#ifndef RELEVO_CRM_NOTIFIER_FIELDS_H
#define RELEVO_CRM_NOTIFIER_FIELDS_H

#include <jansson.h>
#include <stdbool.h>

#include "relevo/plugin.h"

/* What one body is made from. */
typedef struct subject {
    const relevo_view *view;
    const char *event;  /* one of plan_events */
    const json_t *kept; /* values by name that come before the view's: from earlier answers; NULL: none */
    int64_t at_ms;      /* of the event */
} subject;

/* The trigger that tells people about this event and hands nothing off; NULL: none does. */
const relevo_fired *fields_told(const relevo_view *view);

/* Whether the name is known: one of the table's, slots.ANYTHING, or a key of `also` (may be NULL). */
bool fields_know(relevo_str name, const json_t *also);

/* The known name that is most like this one, for an error. */
const char *fields_nearest(relevo_str name);

/* A new value: text, number, object or list; JSON null when the view has none. NULL: out of memory. The name
   is known. */
json_t *fields_get(relevo_str name, const subject *about);

#endif
